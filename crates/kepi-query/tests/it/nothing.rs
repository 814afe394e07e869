//! Zero and unknown by hand: a count of nothing is 0 wherever the data are, a sum of nothing known is no value, and a gate
//! counts what is divided by.

use kepi_model::{calendar::Grain, id::KpiId, project::Project};
use kepi_query::{
    finish::{AtGrain, finished_again},
    state::wire::CellStates,
    value::{Finality, Segment, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const DESK: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
person: head
name: Head
---
unit: company
name: Company
---
unit: north
name: North
parent: company
level: region
member: n
---
unit: south
name: South
parent: company
level: region
member: s
---
unit: nowhere
name: Nowhere
parent: company
level: region
member: w
---
strategy: s
mission: Quiet.
perspectives: {customers: {name: Customers}}
objectives: {quiet: {name: Quiet, perspective: customers}}
---
entity: job
name: Job
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  due: {type: timestamp}
  region: {type: text}
  kind: {type: text}
  buyer: {type: text}
  cost: {type: "number, 2 decimals"}
  weight: {type: "number, 1 decimals"}
---
source: jobs
into: job
from: {csv: {files: jobs.csv}}
mode: append
complete_until: 2026-05-31
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: timestamp, required: true}
---
scorecard: card
name: Card
unit: company
period: month
perspectives: {customers: {weight: 100%, objectives: {quiet: {weight: 100%, kpis: {complaints: 100%}}}}}
cascade: {match: {region: region}}
---
kpi: complaints
name: Complaints
objective: quiet
better: lower
measure: {count: {of: job, where: "kind = 'complaint'"}}
period: month
by: [region, kind]
---
kpi: outages
name: Outages
better: lower
measure: {count: {of: job, where: "kind = 'outage'"}}
period: month
---
kpi: weighed
name: Weighed
better: lower
measure: {count: {of: job, where: "kind = 'complaint'"}}
weight: weight
period: month
---
kpi: complainers
name: Complainers
better: lower
measure: {distinct: {of: job, where: "kind = 'complaint'", value: buyer}}
period: month
---
kpi: cost
name: Cost
better: lower
measure: {sum: {of: job, value: cost}}
period: month
---
kpi: cost_of_complaints
name: Cost of complaints
better: lower
measure: {sum: {of: job, value: cost, where: "kind = 'complaint'"}}
period: month
---
kpi: cost_a_job
name: Cost a job
better: lower
measure: {ratio: {numerator: {sum: {of: job, value: cost}}, denominator: {count: {of: job}}}}
period: month
by: [region]
---
kpi: cost_of_complaints_a_job
name: Cost of complaints a job
better: lower
measure:
  ratio:
    numerator: {sum: {of: job, value: cost, where: "kind = 'complaint'"}}
    denominator: {count: {of: job}}
period: month
---
kpi: owed
name: Owed
better: lower
measure: {stock: {came: {sum: {of: job, value: cost}}, went: {sum: {of: job, at: due, value: cost}}}}
period: month
---
kpi: open
name: Open
better: lower
measure: {stock: {came: {count: {of: job}}, went: {count: {of: job, at: due}}}}
period: month
---
kpi: cost_a_buyer
name: Cost a buyer
better: lower
measure: {ratio: {numerator: {sum: {of: job, value: cost}}, denominator: {distinct: {of: job, value: buyer}}}}
period: month
publish_if: {n: 3}
---
kpi: jobs_a_buyer
name: Jobs a buyer
better: lower
measure: {ratio: {numerator: {count: {of: job}}, denominator: {distinct: {of: job, value: buyer}}}}
period: month
publish_if: {n: 2}
---
kpi: complaints_a_cost
name: Complaints a cost
better: lower
measure: {ratio: {numerator: {count: {of: job}}, denominator: {sum: {of: job, value: cost}}}}
period: month
"#;

/// Four jobs in January by two buyers; in February nobody knows what they cost; one in March.
const JOBS: &str = "
id:text at:instant due:instant region:text kind:text buyer:text cost:integer weight:integer _valid_to:instant
1 2026-01-02 2027-12-31 n question  a 1000  5 -
2 2026-01-03 -          n question  a 2000  5 -
3 2026-01-04 -          s question  a 3000  5 -
4 2026-01-05 -          s question  b 4000  5 -
5 2026-02-10 -          n complaint a    - 15 -
6 2026-02-11 -          n complaint c    - 10 -
7 2026-03-10 -          s question  b  500  5 -
";

const MONTHS: [&str; 5] = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];

struct Desk {
    project: Project,
    road: Road,
}

impl Desk {
    fn new(text: &str) -> Self {
        let project = project(text);
        let road = Road::by_reference(&project, &inputs(vec![("job", table(&project.calendar, JOBS))]));
        Self { project, road }
    }
    fn all(&self, kpi: &str) -> Vec<Value> {
        let kpi = &self.project.kpis[&kpi.parse::<KpiId>().unwrap()];
        AtGrain::new(self.road.context(&self.project), kpi.period).unwrap().values(kpi).unwrap()
    }
    fn value(&self, kpi: &str, period: &str, segment: &str) -> Option<Value> {
        let period = self.project.calendar.parse(period).unwrap();
        let segment: Segment = segment.parse().unwrap();
        self.all(kpi).into_iter().find(|value| value.period == period && value.segment == segment)
    }
    fn months(&self, kpi: &str, segment: &str) -> [Option<f64>; 5] {
        MONTHS.map(|month| self.value(kpi, month, segment).and_then(|value| value.point()))
    }
    fn reason(&self, kpi: &str, period: &str, segment: &str) -> NotComputable {
        self.value(kpi, period, segment).unwrap().estimate.unwrap_err()
    }
}

#[test]
fn a_count_is_zero_from_the_first_row_to_as_far_as_the_data_reach() {
    let desk = Desk::new(DESK);
    assert_eq!(desk.months("complaints", ""), [0.0, 2.0, 0.0, 0.0, 0.0].map(Some));
    assert_eq!(desk.months("outages", ""), [Some(0.0); 5], "also where there never was one");
    assert_eq!(desk.months("complainers", ""), [0.0, 2.0, 0.0, 0.0, 0.0].map(Some));
    assert_eq!(desk.months("weighed", ""), [0.0, 2.5, 0.0, 0.0, 0.0].map(Some));
    assert!(
        desk.value("complaints", "2026-06", "").is_none()
            && desk.value("complaints", "2025-12", "").is_none()
    );
    let may = desk.value("complaints", "2026-05", "").unwrap();
    assert_eq!((may.finality, may.coverage.eligible), (Finality::Final, 0));
}

/// Calls are known from March to the end of May, staff from January on, and the two meet in rates.
const CALLS: &str = r#"
project: desk
name: Desk
language: 1
time_zone: UTC
---
entity: call
name: Call
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  place: {type: text}
---
entity: shift
name: Shift
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  place: {type: text}
  hours: {type: integer}
---
entity: complaint
name: Complaint
key: [id]
time: at
attributes: {id: {type: text}, at: {type: timestamp}}
---
source: calls
into: call
from: {csv: {files: calls.csv}}
mode: append
complete_until: 2026-05-31
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: timestamp, required: true}
---
kpi: calls_a_shift
name: Calls per 100 shifts
better: lower
measure: {rate: {events: {count: {of: call}}, population: {count: {of: shift}}, per: 100}}
period: [month, quarter]
by: [place]
---
kpi: calls_a_shift_of_3_months
name: Calls per shift of three months
better: lower
measure: {ratio: {numerator: {count: {of: call}}, denominator: {count: {of: shift}}}}
over: 3 months
period: month
---
kpi: complaints_a_shift
name: Complaints per shift
better: lower
measure: {ratio: {numerator: {count: {of: complaint}}, denominator: {count: {of: shift}}}}
period: month
---
kpi: burden
name: Burden
better: lower
measure: {formula: {kpis: {calls: calls_a_shift}, value: calls + 1}}
period: month
---
kpi: calls_left
name: Calls less shifts
better: lower
measure: {formula: {kpis: {calls: calls, shifts: shifts}, value: calls - shifts}}
period: month
---
kpi: calls
name: Calls
better: lower
measure: {count: {of: call}}
period: month
---
kpi: shifts
name: Shifts
better: lower
measure: {count: {of: shift}}
period: month
"#;

#[test]
fn a_rate_of_two_entities_is_no_number_where_one_of_them_has_not_begun_or_is_not_reached() {
    let months: String = (1..=7)
        .flat_map(|month| [("n", month), ("s", month)])
        .map(|(place, month)| format!("{place}{month} 2026-{month:02}-10 {place} 8\n"))
        .collect();
    let shifts = format!("id:text at:instant place:text hours:integer\n{months}");
    let calls = "id:text at:instant place:text\n1 2026-03-05 n\n2 2026-03-06 n\n3 2026-05-20 s\n";
    let project = project(CALLS);
    let calendar = &project.calendar;
    let no = "id:text at:instant\n";
    let inputs = inputs(vec![
        ("call", table(calendar, calls)),
        ("shift", table(calendar, &shifts)),
        ("complaint", table(calendar, no)),
    ]);
    let road = Road::by_reference(&project, &inputs);
    let desk = Desk { road, project };
    let of = |kpi: &str, segment: &str| -> Vec<String> {
        let all = (1..=7).map(|month| desk.value(kpi, &format!("2026-{month:02}"), segment));
        all.map(|value| match value.map(|value| value.estimate) {
            None => String::new(),
            Some(Ok(estimate)) => estimate.point.to_string(),
            Some(Err(reason)) => reason.to_string(),
        })
        .collect()
    };
    let begin = "the data of `call` begin on 2026-03-05";
    let end = "the data of `call` reach no further than 2026-05-31";
    assert_eq!(of("calls_a_shift", ""), [begin, begin, "100", "0", "50", end, end]);
    assert_eq!(of("calls_a_shift", "place=n"), [begin, begin, "200", "0", "0", end, end]);
    let none = "there are no data of `complaint`";
    assert_eq!(of("complaints_a_shift", ""), [none; 7]);
    let burden = of("burden", "");
    assert_eq!((burden[0].as_str(), burden[3].as_str()), (&*format!("`calls_a_shift`: {begin}"), "1"));
    let left = of("calls_left", "");
    assert_eq!((left[0].as_str(), left[2].as_str()), ("`calls`: no value for this period and segment", "0"));
    let windows = of("calls_a_shift_of_3_months", "");
    assert!(windows[0].starts_with("the window begins on 2025-11-01") && windows[5] == end, "{windows:?}");
    assert_eq!(windows[4], "0.5");
    // What is kept says the same again, and a quarter that the data reach in part has its value.
    let kpi = &desk.project.kpis[&"calls_a_shift".parse::<KpiId>().unwrap()];
    let kept: Vec<CellStates> = ["2026-01", "2026-02", "2026-03", "2026-06"]
        .map(|month| CellStates::decode(&desk.value("calls_a_shift", month, "").unwrap().states).unwrap())
        .into();
    for states in &kept {
        assert_eq!(CellStates::decode(&states.encode()).unwrap(), *states);
    }
    let said = |states: &CellStates| finished_again(kpi, states, 0.95).unwrap().estimate;
    assert_eq!(said(&kept[0]).unwrap_err().to_string(), begin);
    assert_eq!(said(&kept[3]).unwrap_err().to_string(), end);
    assert_eq!(said(&CellStates::sum(&kept[..2]).unwrap()).unwrap_err().to_string(), begin);
    let quarter = said(&CellStates::sum(&kept[..3]).unwrap()).unwrap().point;
    let grain = AtGrain::new(desk.road.context(&desk.project), Grain::Quarter).unwrap();
    let first = grain.values(kpi).unwrap().into_iter().find(|value| value.segment.is_total()).unwrap();
    assert_eq!((quarter, first.point()), (2.0 / 6.0 * 100.0, Some(quarter)));
}

#[test]
fn a_unit_that_has_rows_has_its_zeros_and_other_segments_where_rows_are() {
    let desk = Desk::new(DESK);
    assert_eq!(desk.months("complaints", "region=n"), [0.0, 2.0, 0.0, 0.0, 0.0].map(Some));
    assert_eq!(desk.months("complaints", "region=s"), [Some(0.0); 5]);
    assert_eq!(desk.months("complaints", "region=w"), [None; 5], "no row says that the name is right");
    assert_eq!(desk.months("complaints", "kind=question"), [Some(0.0), None, Some(0.0), None, None]);
    assert_eq!(desk.months("complaints", "kind=complaint"), [None, Some(2.0), None, None, None]);
}

#[test]
fn a_sum_over_rows_of_which_none_has_a_value_is_no_value() {
    let desk = Desk::new(DESK);
    assert_eq!(desk.months("cost", ""), [Some(100.0), None, Some(5.0), None, None]);
    assert_eq!(desk.reason("cost", "2026-02", ""), NotComputable::NoValues);
    assert_eq!(desk.months("cost_a_job", ""), [Some(25.0), None, Some(5.0), None, None]);
    assert_eq!(desk.reason("cost_a_job", "2026-02", ""), NotComputable::NoValues);
    assert_eq!(desk.reason("cost_a_job", "2026-02", "region=n"), NotComputable::NoValues);
    let february = desk.value("cost_a_job", "2026-02", "").unwrap();
    assert_eq!((february.coverage.counted, february.coverage.eligible), (2, 4));
    // No complaint costs nothing; complaints of which nobody knows the cost do not.
    assert_eq!(desk.months("cost_of_complaints_a_job", ""), [Some(0.0), None, Some(0.0), None, None]);
    assert_eq!(desk.reason("cost_of_complaints", "2026-02", ""), NotComputable::NoValues);
    // Nor is there anything to divide by.
    assert_eq!(desk.reason("complaints_a_cost", "2026-02", ""), NotComputable::ZeroDenominator);
}

#[test]
fn a_stock_stands_as_far_as_the_data_reach() {
    let desk = Desk::new(DESK);
    assert_eq!(desk.months("open", ""), [4.0, 6.0, 7.0, 7.0, 7.0].map(Some));
    assert_eq!(desk.months("owed", ""), [100.0, 100.0, 105.0, 105.0, 105.0].map(Some));
    // Where the first that came are of unknown worth, so is the stock.
    let late = JOBS.lines().filter(|line| !line.contains("2026-01")).collect::<Vec<_>>().join("\n");
    let project = project(DESK);
    let road = Road::by_reference(&project, &inputs(vec![("job", table(&project.calendar, &late))]));
    let desk = Desk { project, road };
    assert_eq!(desk.reason("owed", "2026-02", ""), NotComputable::NoValues);
    assert_eq!(desk.months("owed", ""), [None, None, Some(5.0), Some(5.0), Some(5.0)]);
}

#[test]
fn a_gate_counts_what_is_divided_by() {
    let desk = Desk::new(DESK);
    // Four jobs of two buyers.
    assert_eq!(desk.reason("cost_a_buyer", "2026-01", ""), NotComputable::TooFew { n: 2, need: 3 });
    let january = desk.value("jobs_a_buyer", "2026-01", "").unwrap();
    let estimate = january.estimate.unwrap();
    assert_eq!((estimate.point, estimate.n, estimate.effective_n, january.coverage.cases), (2.0, 2, 2.0, 2));
    assert_eq!(desk.reason("jobs_a_buyer", "2026-03", ""), NotComputable::TooFew { n: 1, need: 2 });
    // Below the line rows with a value are counted, above it all.
    let estimate = desk.value("complaints_a_cost", "2026-03", "").unwrap().estimate.unwrap();
    assert_eq!(estimate.n, 1);
    let estimate = desk.value("cost_of_complaints_a_job", "2026-01", "").unwrap().estimate.unwrap();
    assert_eq!(estimate.n, 4);
}

#[test]
fn finality_is_a_matter_of_what_a_kpi_reads_and_of_nothing_else() {
    let without_end = DESK.replace("complete_until: 2026-05-31\n", "");
    let desk = Desk::new(&without_end);
    // The data end on 10 March, whatever is due in 2027 and whoever else reads it.
    let of = |desk: &Desk, month| {
        desk.value("complaints", month, "").map(|value| value.finality == Finality::Final)
    };
    assert_eq!(MONTHS.map(|month| of(&desk, month)), [Some(true), Some(true), Some(false), None, None]);
    let (kept, stocks) = without_end.split_once("---\nkpi: owed").unwrap();
    assert!(stocks.contains("due"));
    let alone = Desk::new(kept);
    assert_eq!(MONTHS.map(|month| of(&alone, month)), MONTHS.map(|month| of(&desk, month)));
}
