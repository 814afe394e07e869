//! Declared scales by hand: an answer off its scale is no answer, whoever reads it. And sums with all their digits.

use kepi_model::{id::KpiId, project::Project};
use kepi_query::{
    finish::AtGrain,
    state::Member,
    value::{Segment, Value},
};
use kepi_stats::estimate::NotComputable;
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

fn kpi(id: &str, measure: &str, more: &str) -> String {
    format!("---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure: {measure}\nperiod: year\n{more}\n")
}

fn survey(scaled: bool) -> Project {
    let scale = |scale: &str| if scaled { format!(", scale: {scale}") } else { String::new() };
    let head = format!(
        r#"
project: survey
name: Survey
language: 1
time_zone: UTC
---
entity: guest
name: Guest
key: [id]
attributes:
  id: {{type: text}}
  stars: {{type: integer{}}}
---
entity: answer
name: Answer
key: [id]
time: at
attributes:
  id: {{type: text}}
  at: {{type: timestamp}}
  recommend: {{type: integer{}}}
  ease: {{type: integer{}}}
  guest: {{type: reference guest}}
"#,
        scale("1..5"),
        scale("0..10"),
        scale("1..5"),
    );
    let kpis = [
        kpi("promoters", "{share: {of: answer, which: recommend >= 9}}", ""),
        kpi("others", "{share: {of: answer, which: \"not (recommend in (0, 3))\"}}", ""),
        kpi("ease", "{mean: {of: answer, value: ease}}", "by: [ease]"),
        kpi("recommend", "{nps: {of: answer, answer: recommend}}", "by: [recommend]"),
        kpi("easy", "{satisfaction: {of: answer, answer: ease, scale: 1..5, top: 1}}", ""),
        kpi("fans", "{count: {of: answer, where: recommend > 8}}", ""),
        kpi("silent", "{count: {of: answer, where: recommend is null}}", ""),
        kpi("sum", "{sum: {of: answer, value: ease + recommend}}", ""),
        kpi("kinds", "{distinct: {of: answer, value: recommend}}", ""),
        kpi(
            "median",
            "{quantile: {of: answer, value: ease, quantile: median, bins: {from: 0, to: 10, count: 10}}}",
            "",
        ),
        kpi("stars", "{mean: {of: answer, value: guest.stars}}", ""),
        kpi("weighted", "{mean: {of: answer, value: recommend}}", "weight: guest.stars"),
        kpi(
            "ratio",
            "{ratio: {numerator: {sum: {of: answer, value: ease}}, denominator: {sum: {of: answer, value: recommend}}}}",
            "",
        ),
    ];
    project(&(head + &kpis.concat()))
}

/// 11 is "no answer" in this questionnaire, 0 and 6 are nowhere on the scale of ease, 9 not on that of stars.
const ANSWERS: &str = "
id:text at:instant recommend:integer ease:integer guest:text _valid_to:instant
1 2026-05-01 10 5 a -
2 2026-05-01  9 4 b -
3 2026-05-01  3 3 b -
4 2026-05-01  0 0 a -
5 2026-05-01 11 6 a -
6 2026-05-01 11 5 - -
";
const GUESTS: &str = "
id:text stars:integer _valid_from:instant _valid_to:instant
a 4 - -
b 9 - -
";

fn values(project: &Project, kpi: &str) -> Vec<Value> {
    let calendar = &project.calendar;
    let tables = inputs(vec![("answer", table(calendar, ANSWERS)), ("guest", table(calendar, GUESTS))]);
    let road = Road::by_reference(project, &tables);
    let kpi = &project.kpis[&kpi.parse::<KpiId>().unwrap()];
    AtGrain::new(road.context(project), kpi.period).unwrap().values(kpi).unwrap()
}

#[test]
fn an_answer_off_its_scale_is_no_answer_whoever_reads_it() {
    let project = survey(true);
    for (kpi, point, coverage) in [
        // Two of the four who answered, not four of six.
        ("promoters", Some(0.5), (4, 6)),
        ("others", Some(0.5), (4, 6)),
        // (5 + 4 + 3 + 5) ÷ 4, not 23 ÷ 6.
        ("ease", Some(4.25), (4, 6)),
        ("recommend", Some(0.0), (4, 6)),
        ("easy", Some(0.5), (4, 6)),
        ("fans", Some(2.0), (2, 2)),
        ("silent", Some(2.0), (2, 2)),
        // 15 + 13 + 6: of the others one of the two is no answer.
        ("sum", Some(34.0), (3, 6)),
        ("kinds", Some(4.0), (4, 6)),
        // 3, 4, 5, 5 in bins as wide as an answer: half of them lie below 5.
        ("median", Some(5.0), (4, 6)),
        ("stars", Some(4.0), (3, 6)),
        // Only guest a has stars: 10 and 0, weighing the same.
        ("weighted", Some(5.0), (2, 6)),
        // 17 ÷ 22.
        ("ratio", Some(17.0 / 22.0), (8, 12)),
    ] {
        let all = values(&project, kpi);
        let total = all.iter().find(|value| value.segment.is_total()).unwrap();
        assert_eq!(total.point(), point, "{kpi}: {:?}", total.estimate);
        assert_eq!((total.coverage.counted, total.coverage.eligible), coverage, "{kpi}");
    }
}

#[test]
fn an_answer_off_its_scale_is_no_member_of_a_dimension() {
    let of = |kpi: &str, segment: &str| {
        let segment: Segment = segment.parse().unwrap();
        values(&survey(true), kpi).into_iter().find(|value| value.segment == segment)
    };
    for known in ["0", "3", "9", "10"] {
        assert_eq!(of("recommend", &format!("recommend={known}")).unwrap().coverage.counted, 1);
    }
    assert!(of("recommend", "recommend=11").is_none());
    let unknown = of("recommend", "recommend").unwrap();
    assert_eq!((unknown.estimate, unknown.coverage.eligible), (Err(NotComputable::NoValues), 2));
    // Two codes, 0 and 6, are one unknown answer.
    assert_eq!(of("ease", "ease").unwrap().coverage.eligible, 2);
    assert_eq!(values(&survey(true), "ease").len(), 1 + 4, "the total, three answers and the unknown");
}

#[test]
fn a_scale_is_part_of_what_a_kpi_means() {
    let (with, without) = (survey(true), survey(false));
    let changed = |kpi: &str| {
        let id = kpi.parse::<KpiId>().unwrap();
        with.kpis[&id].hash != without.kpis[&id].hash
    };
    for kpi in
        ["promoters", "ease", "sum", "kinds", "median", "stars", "weighted", "ratio", "recommend", "fans"]
    {
        assert!(changed(kpi), "{kpi}");
    }
    // Who says the scale himself reads no other.
    assert!(!changed("easy"));
}

#[test]
fn sums_beyond_what_floating_point_holds_keep_all_their_digits() {
    let project = project(
        "
project: big
name: Big
language: 1
time_zone: UTC
---
entity: row
name: Row
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  whole: {type: integer}
  parts: {type: \"number, 3 decimals\"}
  gone: {type: integer}
---
kpi: whole
name: Whole
better: higher
measure: {sum: {of: row, value: whole}}
period: month
---
kpi: parts
name: Parts
better: higher
measure: {sum: {of: row, value: parts}}
period: month
---
kpi: there
name: There
better: higher
measure: {stock: {came: {sum: {of: row, value: whole}}, went: {sum: {of: row, value: gone}}}}
period: month
---
kpi: mean
name: Mean
better: higher
measure: {mean: {of: row, value: whole}}
period: month
",
    );
    let rows = "
id:text at:instant whole:integer parts:integer gone:integer _valid_to:instant
1 2026-01-01 9007199254740993 -9223372036854775807 -9007199254740993 -
2 2026-01-02 0                -9223372036854775807 -1                -
3 2026-02-01 7                1                    1                 -
";
    let road = Road::by_reference(&project, &inputs(vec![("row", table(&project.calendar, rows))]));
    let exact = |kpi: &str, month: usize| {
        let kpi = &project.kpis[&kpi.parse::<KpiId>().unwrap()];
        let values = AtGrain::new(road.context(&project), kpi.period).unwrap().values(kpi).unwrap();
        values[month].exact(kpi).map(|exact| exact.to_string())
    };
    assert_eq!(exact("whole", 0).as_deref(), Some("9007199254740993"));
    assert_eq!(exact("parts", 0).as_deref(), Some("-18446744073709551.614"));
    // 2 · 9007199254740993 + 1
    assert_eq!(exact("there", 0).as_deref(), Some("18014398509481987"));
    assert_eq!(exact("whole", 1), None, "seven is seven");
    assert_eq!(exact("mean", 0), None, "what was divided was rounded");
}

#[test]
fn members_stand_in_the_order_of_people() {
    let member = |text: &str| Member::Value(text.into());
    let mut members: Vec<Member> =
        ["Category 13", "category 2", "b", "10", "9", "Category 2", "-3", "a", "Category 02", "unknown"]
            .map(member)
            .to_vec();
    members.push(Member::Unknown);
    members.sort_by(Member::natural);
    let shown: Vec<&str> = members
        .iter()
        .map(|member| match member {
            Member::Value(text) => text.as_ref(),
            Member::Unknown => "?",
        })
        .collect();
    let expected =
        ["-3", "9", "10", "a", "b", "Category 02", "Category 2", "category 2", "Category 13", "unknown", "?"];
    assert_eq!(shown, expected);
}

/// Bands of minutes are texts, and their words do not sort as what they say does.
#[test]
fn members_of_a_closed_list_stand_as_it_declares_them() {
    let project = project(
        "project: p\nname: P\nlanguage: 1\ntime_zone: UTC\n---\nentity: row\nname: Row\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: timestamp}\n  waited: {type: duration}\n  \
         region: {type: text}\n---\nkpi: waits\nname: Waits\nbetter: lower\nperiod: month\nmeasure: {count: {of: row}}\n\
         by: {wait: \"bands(waited, 90 minutes, 1 day, 2 days)\", region: region}\n",
    );
    let kpi = &project.kpis[&"waits".parse::<KpiId>().unwrap()];
    let kepi_model::expression::Type::Enum { values } = &kpi.by[0].ways.values().next().unwrap().type_ else {
        panic!("bands are a closed list")
    };
    let wait = |text: &str| Segment::one("wait".parse().unwrap(), text);
    let region = |text: &str| Segment::one("region".parse().unwrap(), text);
    let mut expected: Vec<Segment> = [Segment::total(), region("2"), region("10")].into();
    expected.extend(values.iter().map(|text| wait(text)));
    expected.extend([wait("2 days"), Segment::new(vec![("wait".parse().unwrap(), Member::Unknown)])]);
    let mut sorted = expected.clone();
    sorted.sort();
    assert_ne!(sorted, expected);
    Segment::sort(&mut sorted, kpi);
    assert_eq!(sorted, expected);
}
