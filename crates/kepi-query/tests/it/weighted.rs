//! Weighted values, from KPI files: what R's `survey` says of the same answers, and what weights may never do.

use kepi_model::{
    calendar::Grain,
    id::KpiId,
    project::{Kpi, Project},
};
use kepi_query::{
    finish::{AtGrain, finished_again},
    response::Responded,
    state::{Member, wire::CellStates},
    value::{Segment, Value},
};
use kepi_stats::estimate::{Estimate, Interval, Level, NotComputable};
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const HEAD: &str = r#"
project: test
name: Test
language: 1
time_zone: UTC
---
entity: answer
name: Answer
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  account: {type: text}
  region: {type: text}
  tier: {type: text}
  wave: {type: text}
  score: {type: integer}
"#;

const REGION: &str = "region: {known: {NA: 4000, EU: 3500, APAC: 2500}}";
const TIER: &str = "tier: {known: {ent: 1500, mid: 3000, smb: 5500}}";

fn kpi(id: &str, more: &str) -> String {
    let measure = match id {
        "csat" => "share: {of: answer, which: score >= 8}",
        _ => "nps: {of: answer, answer: score}",
    };
    format!("---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure: {{{measure}}}\nperiod: month\n{more}\n")
}

fn kpis() -> String {
    let raked = format!("weight: {{rake: {{{REGION}, {TIER}}}}}");
    [
        kpi("plain", "cluster: id\nby: [region, wave]"),
        kpi("clustered", "cluster: account"),
        kpi("raked", &format!("{raked}\nby: [wave, region]\ncross: [[region, wave]]")),
        kpi("csat", &raked),
        kpi("both", &format!("{raked}\ncluster: account\nby: [wave]")),
        kpi(
            "trimmed",
            &format!("weight: {{rake: {{{REGION}, {TIER}}}, trim: {{at_least: 5, at_most: 50}}}}"),
        ),
        kpi(
            "shares",
            "weight: {rake: {region: {known: {NA: 40%, EU: 35%, APAC: 25%}}, tier: {known: {ent: 15%, mid: 30%, smb: 55%}}}}",
        ),
        kpi("finite", &format!("weight: {{rake: {{{REGION}, {TIER}}}, finite: true}}")),
        kpi("stratified", &format!("weight: {{post_stratify: {{{REGION}}}}}")),
        kpi("over_year", &format!("{raked}\nover: 12 months\ncluster: account\nby: [wave]")),
        kpi("missing", "weight: {post_stratify: {region: {known: {NA: 40%, EU: 35%, APAC: 15%, LATAM: 10%}}}}"),
        kpi("unlisted", "weight: {post_stratify: {region: {known: {NA: 40%, EU: 60%}}}}"),
    ]
    .concat()
}

/// The 600 answers of the reference script, all of January 2026.
fn answers() -> String {
    let csv = include_str!("../../../kepi-stats/tests/it/data/nps_synth.csv");
    let mut rows = String::from(
        "id:text account:text region:text tier:text wave:text score:integer at:instant _valid_to:instant\n",
    );
    for (number, line) in csv.lines().skip(1).enumerate() {
        let cells: Vec<String> = line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
        rows.push_str(&format!("{} 2026-01-{:02}+{number} -\n", cells.join(" "), 1 + number % 31));
    }
    rows
}

fn world(text: &str) -> (Project, Road) {
    let project = project(&(HEAD.to_owned() + text));
    let inputs = inputs(vec![("answer", table(&project.calendar, &answers()))]);
    let road = Road::by_reference(&project, &inputs);
    (project, road)
}

fn of<'a>(project: &'a Project, id: &str) -> &'a Kpi {
    &project.kpis[&id.parse::<KpiId>().unwrap()]
}

fn values(project: &Project, road: &Road, kpi: &str) -> Vec<Value> {
    AtGrain::new(road.context(project), Grain::Month).unwrap().values(of(project, kpi)).unwrap()
}

/// Of January, by `dimension=member`; nothing is the total.
fn value(project: &Project, road: &Road, kpi: &str, segment: &str) -> Value {
    let segment: Segment = segment.parse().unwrap();
    let january = project.calendar.parse("2026-01").unwrap();
    let mut all = values(project, road, kpi).into_iter();
    all.find(|value| value.period == january && value.segment == segment).unwrap()
}

fn estimate(project: &Project, road: &Road, kpi: &str, segment: &str) -> Estimate {
    value(project, road, kpi, segment).estimate.unwrap()
}

/// The standard error that an interval was made from.
fn error(of: &Estimate, degrees: f64) -> f64 {
    let Interval { low, high, .. } = of.interval.clone().unwrap();
    let level = Level::new(0.95).unwrap();
    (high - low) / 2.0 / kepi_stats::distribution::student::critical(level, degrees)
}

fn close(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-8 * expected.abs().max(1.0), "{what}: {found}, not {expected}");
}

/// R 4.2, survey 4.1: `17_nps_weighted.R` over the same answers.
#[test]
fn weights_through_kpi_files_equal_r_survey() {
    let (project, road) = world(&kpis());
    let of = |kpi, segment| estimate(&project, &road, kpi, segment);
    let both = |kpi, degrees, point, se| {
        let found = of(kpi, "");
        close(kpi, found.point, point);
        close(&format!("error of {kpi}"), error(&found, degrees), se);
    };
    both("plain", 599.0, 3.666666666667, 3.349404773295);
    both("clustered", 148.0, 3.666666666667, 3.708854231166);
    both("raked", 599.0, -18.42743900103, 4.716158154747);
    both("both", 148.0, -18.42743900103, 4.818237850437);
    both("trimmed", 599.0, -13.857373877533, 4.30189445819);
    // Shares are the same population, whatever its size.
    both("shares", 599.0, -18.42743900103, 4.716158154747);
    both("finite", 599.0, -18.42743900103, 4.716158154747 * (1.0_f64 - 600.0 / 10_000.0).sqrt());
    close("csat", of("csat", "").point, 0.3803732406509);
    close("Kish", of("raked", "").effective_n, 256.965448523182);
    // Segments are domains of the whole sample.
    for (segment, point, se) in [
        ("region=APAC", -19.672131147541, 10.065918351422),
        ("region=EU", -13.461538461538, 5.616121353379),
        ("region=NA", 18.731117824773, 4.406541715716),
        ("wave=1", -0.6666666666667, 4.811258668955),
        ("wave=2", 8.0, 4.647627909635),
    ] {
        let found = of("plain", segment);
        close(segment, found.point, point);
        close(segment, error(&found, 599.0), se);
    }
}

/// Raked by region, a region's own share of the weight is that of the population, so the regions' values, weighted by it, are
/// the total's.
#[test]
fn the_total_is_its_regions_by_their_share_of_the_population() {
    let (project, road) = world(&kpis());
    let part = |region: &str| estimate(&project, &road, "raked", &format!("region={region}")).point;
    let sum = 0.4 * part("NA") + 0.35 * part("EU") + 0.25 * part("APAC");
    close("sum of regions", sum, estimate(&project, &road, "raked", "").point);
}

#[test]
fn what_is_kept_finishes_to_the_same_bits() {
    let (project, road) = world(&kpis());
    for kpi in project.kpis.values() {
        for value in values(&project, &road, kpi.id.as_str()) {
            let kept = CellStates::decode(&value.states).unwrap();
            assert_eq!(kept.encode(), value.states.to_vec());
            let again = finished_again(kpi, &kept, project.confidence).unwrap();
            assert_eq!(again.estimate, value.estimate, "{} {}", kpi.id, value.segment);
            assert_eq!(again.coverage, value.coverage);
        }
    }
}

/// All answers lie in one month, so what is seen over twelve is the same.
#[test]
fn a_window_is_weighted_as_a_period_of_its_rows() {
    let (project, road) = world(&kpis());
    for segment in ["", "wave=1", "wave=2"] {
        let (window, month) =
            (value(&project, &road, "over_year", segment), value(&project, &road, "both", segment));
        let kept = |value: &Value| CellStates::decode(&value.states).unwrap().weighting;
        assert_eq!(kept(&window), kept(&month), "{segment}");
        assert!(matches!(window.estimate, Err(NotComputable::BeforeData { .. })));
    }
}

#[test]
fn a_margin_that_cannot_be_met_is_a_reason_that_names_it() {
    let (project, road) = world(&kpis());
    let reason = |kpi| value(&project, &road, kpi, "").estimate.unwrap_err();
    assert_eq!(reason("missing"), NotComputable::EmptyRakingCell { margin: "region=LATAM".to_owned() });
    let unlisted = reason("unlisted").to_string();
    assert!(unlisted.contains("region=APAC"), "{unlisted}");
}

/// Two promoters are no proof that all are.
#[test]
fn answers_that_are_all_alike_have_no_interval() {
    let rake = format!("weight: {{post_stratify: {{{REGION}}}}}\nby: [score]");
    let (project, road) = world(&[kpi("alike", &rake)].concat());
    let ten = estimate(&project, &road, "alike", "score=10");
    assert_eq!((ten.point, ten.interval), (100.0, Err(NotComputable::NoVariation)));
}

/// Weights keep nothing of who answered: neither accounts nor answers stand in what is kept.
#[test]
fn no_cluster_is_named_in_what_is_kept() {
    let (project, road) = world(&kpis());
    let value = value(&project, &road, "both", "");
    let kept = CellStates::decode(&value.states).unwrap();
    let text = format!("{kept:?}");
    assert!(text.contains(&format!("{:?}", Member::Value("EU".into()))) && !text.contains("134"), "{text}");
}

const ASKED: &str = r#"
project: test
name: Test
language: 1
time_zone: UTC
---
entity: invitation
name: Invitation
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  visits: {type: text}
  outcome: {type: text}
  score: {type: integer}
"#;

/// 200 customers who come often, of whom 120 answer and half more promote than detract; 800 who come seldom, of whom 75 answer
/// and 50 more say something although it was not they who were asked.
fn invitations() -> String {
    let mut rows =
        String::from("id:text visits:text outcome:text score:integer at:instant _valid_to:instant\n");
    let mut number = 0;
    for (visits, outcome, score, many) in [
        ("often", "done", "10", 90),
        ("often", "done", "2", 30),
        ("often", "-", "-", 80),
        ("seldom", "done", "9", 15),
        ("seldom", "done", "7", 15),
        ("seldom", "done", "0", 45),
        ("seldom", "begun", "-", 5),
        ("seldom", "bounced", "10", 40),
        ("seldom", "left", "0", 10),
        ("seldom", "-", "-", 670),
    ] {
        for _ in 0..many {
            number += 1;
            rows.push_str(&format!("i{number} {visits} {outcome} {score} 2026-01-05+{number} -\n"));
        }
    }
    rows
}

fn asked(gates: &str) -> Value {
    let text = format!(
        "{ASKED}---\nkpi: nps\nname: nps\nbetter: higher\nmeasure: {{nps: {{of: invitation, answer: score}}}}\nperiod: month\n\
         response: {{bounced: outcome = 'bounced', ineligible: outcome = 'left', complete: outcome = 'done', partial: outcome = 'begun'}}\n\
         weight: {{post_stratify: {{visits: asked}}}}\npublish_if: {{{gates}}}\n"
    );
    let project = project(&text);
    let inputs = inputs(vec![("invitation", table(&project.calendar, &invitations()))]);
    let road = Road::by_reference(&project, &inputs);
    value(&project, &road, "nps", "")
}

/// Whoever comes often answers often, and is content. Weighted to all who were asked, each group counts as it is among them:
/// (200 · 50 − 750 · 40) ÷ 950, and not (105 − 75) ÷ 195.
#[test]
fn over_response_of_frequent_customers_is_removed() {
    let value = asked("n: 30");
    close("score", value.estimate.as_ref().unwrap().point, (200.0 * 50.0 - 750.0 * 40.0) / 950.0);
    assert_eq!((value.coverage.counted, value.coverage.eligible), (195, 1000));
}

#[test]
fn invitations_are_counted_by_what_became_of_them() {
    let value = asked("n: 30");
    let text = format!(
        "{ASKED}---\nkpi: nps\nname: nps\nbetter: higher\nmeasure: {{nps: {{of: invitation, answer: score}}}}\nperiod: month\n\
         response: {{bounced: outcome = 'bounced', ineligible: outcome = 'left', complete: outcome = 'done', partial: outcome = 'begun'}}\n"
    );
    let project = project(&text);
    let responded = Responded::of_value(of(&project, "nps"), &value.states).unwrap();
    let expected = Responded { invited: 1000, bounced: 40, ineligible: 10, complete: 195, partial: 5 };
    assert_eq!((responded, responded.asked()), (expected, 950));
    close("rate", responded.rate().unwrap(), 195.0 / 950.0);
    // What the others say counts neither without weights: 105 promoters and 75 detractors.
    let road =
        Road::by_reference(&project, &inputs(vec![("invitation", table(&project.calendar, &invitations()))]));
    let value = self::value(&project, &road, "nps", "");
    close("score", value.estimate.as_ref().unwrap().point, (105.0 - 75.0) / 195.0 * 100.0);
    assert_eq!((value.coverage.counted, value.coverage.eligible), (195, 1000));
}

#[test]
fn too_low_a_response_or_too_different_a_one_is_held_back() {
    let reason = |gates| asked(gates).estimate.unwrap_err();
    assert_eq!(
        reason("response_rate: 21%"),
        NotComputable::LowResponse { have_percent: 20, need_percent: 21 }
    );
    assert!(asked("response_rate: 20%, representative: 59%").estimate.is_ok());
    // Propensities 0.6 of 200 and 0.1 of 750: S = 0.2040, R = 0.5921.
    assert_eq!(
        reason("representative: 60%"),
        NotComputable::NotRepresentative { have_percent: 59, need_percent: 60 }
    );
    // Kish: (200 + 750)² ÷ (120 · (200/120)² + 75 · 10²) = 115.2
    assert!(asked("effective_n: 115").estimate.is_ok());
    assert_eq!(reason("effective_n: 116"), NotComputable::TooFew { n: 115, need: 116 });
}

/// Shares of a population beside those who were asked are shares of as many as were asked: the same as both in numbers.
#[test]
fn shares_stand_beside_those_who_were_asked() {
    let csv = include_str!("../../../kepi-stats/tests/it/data/nps_synth.csv");
    let mut tiers = std::collections::BTreeMap::<&str, u32>::new();
    for line in csv.lines().skip(1) {
        *tiers.entry(line.split(',').nth(3).unwrap().trim_matches('"')).or_default() += 1;
    }
    assert_eq!(tiers.values().sum::<u32>(), 600);
    let known: Vec<String> = tiers.iter().map(|(tier, n)| format!("{tier}: {n}")).collect();
    let shares = "region: {known: {NA: 40%, EU: 35%, APAC: 25%}}";
    let numbers = "region: {known: {NA: 240, EU: 210, APAC: 150}}";
    let (project, road) = world(&format!(
        "{}{}",
        kpi("asked", &format!("weight: {{rake: {{{shares}, tier: asked}}}}")),
        kpi(
            "numbers",
            &format!("weight: {{rake: {{{numbers}, tier: {{known: {{{}}}}}}}}}", known.join(", "))
        ),
    ));
    let of = |kpi: &str| value(&project, &road, kpi, "").estimate.unwrap();
    let (asked, numbers) = (of("asked"), of("numbers"));
    close("score", asked.point, numbers.point);
    close("effective n", asked.effective_n, numbers.effective_n);
}

/// Kidney stones (Charig et al. 1986, as retold by Julious and Mullee 1994): open surgery cured 81 of 87 small and 192 of 263 large
/// ones, keyhole surgery 234 of 270 and 55 of 80. Taken together keyhole looks better, 83 against 78 %; with everybody's mix of 357
/// small and 343 large stones open surgery does, 83.3 against 77.9 %.
#[test]
fn a_rate_standardised_to_a_reference_mix_is_the_published_one() {
    let head = "project: test\nname: Test\nlanguage: 1\ntime_zone: UTC\n---\nentity: operation\nname: Operation\nkey: [id]\ntime: at\n\
                attributes:\n  id: {type: text}\n  at: {type: timestamp}\n  how: {type: text}\n  stone: {type: text}\n  cured: {type: boolean}\n";
    let kpi = |id: &str, how: &str, weight: &str| {
        format!(
            "---\nkpi: {id}\nname: {id}\nbetter: higher\nmeasure: {{share: {{of: operation, which: cured, where: how = '{how}'}}}}\nperiod: month\n{weight}\n"
        )
    };
    let mix = "weight: {post_stratify: {stone: {known: {small: 357, large: 343}}}}";
    let text = [
        head.to_owned(),
        kpi("crude_open", "open", ""),
        kpi("crude_keyhole", "keyhole", ""),
        kpi("open", "open", mix),
        kpi("keyhole", "keyhole", mix),
    ];
    let project = project(&text.concat());
    let mut rows = String::from("id:text how:text stone:text cured:boolean at:instant _valid_to:instant\n");
    let mut number = 0;
    for (how, stone, cured, all) in [
        ("open", "small", 81, 87),
        ("open", "large", 192, 263),
        ("keyhole", "small", 234, 270),
        ("keyhole", "large", 55, 80),
    ] {
        for at in 0..all {
            number += 1;
            rows.push_str(&format!("o{number} {how} {stone} {} 2026-01-05 -\n", at < cured));
        }
    }
    let inputs = inputs(vec![("operation", table(&project.calendar, &rows))]);
    let road = Road::by_reference(&project, &inputs);
    let point = |kpi| estimate(&project, &road, kpi, "").point;
    close("open, as it was", point("crude_open"), 273.0 / 350.0);
    close("keyhole, as it was", point("crude_keyhole"), 289.0 / 350.0);
    close("open", point("open"), (357.0 * 81.0 / 87.0 + 343.0 * 192.0 / 263.0) / 700.0);
    close("keyhole", point("keyhole"), (357.0 * 234.0 / 270.0 + 343.0 * 55.0 / 80.0) / 700.0);
    assert!((point("open") - 0.8325).abs() < 5e-5 && (point("keyhole") - 0.7789).abs() < 5e-5);
}

/// Visits of clients by the quarter in which each began. The fiscal year begins in February, so 31 January is of the quarter before, 1 February of the
/// first of a year. Shares by hand: 2 of 3 good, 1 of 1, and one of a client without a day, who is of no cohort.
#[test]
fn a_cohort_is_a_dimension_over_references() {
    let text = "project: test\nname: Test\nlanguage: 1\ntime_zone: UTC\nfiscal_year_start: february\n---\nentity: client\nname: Client\nkey: [id]\n\
                attributes:\n  id: {type: text}\n  since: {type: timestamp}\n---\nentity: visit\nname: Visit\nkey: [id]\ntime: at\n\
                attributes:\n  id: {type: text}\n  at: {type: timestamp}\n  client: {type: reference client}\n  good: {type: boolean}\n\
                ---\nkpi: good\nname: Good\nbetter: higher\nmeasure: {share: {of: visit, which: good}}\nperiod: month\n\
                by: {cohort: \"period(client.since, 'quarter')\"}\n";
    let project = project(text);
    let clients = "id:text since:instant _valid_from:instant _valid_to:instant\na 2024-11-03 - -\nb 2025-01-31 - -\nc 2025-02-01 - -\nd - - -\n";
    let visits = "id:text client:text good:boolean at:instant _valid_to:instant\n1 a true 2026-01-05 -\n2 b false 2026-01-06 -\n3 b true 2026-01-07 -\n\
                  4 c true 2026-01-08 -\n5 d false 2026-01-08 -\n";
    let of = |text: &str| table(&project.calendar, text);
    let road = Road::by_reference(&project, &inputs(vec![("client", of(clients)), ("visit", of(visits))]));
    let of = |cohort: &str| estimate(&project, &road, "good", cohort);
    let (before, since) = (of("cohort=2024/25-Q4"), of("cohort=2025/26-Q1"));
    assert_eq!((before.n, since.n), (3, 1));
    close("two of three", before.point, 2.0 / 3.0);
    close("one of one", since.point, 1.0);
    close("of all", estimate(&project, &road, "good", "").point, 3.0 / 5.0);
}
