//! What rules about data sets withhold: worked out by hand.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{id::KpiId, project::Project};
use kepi_query::{
    finish,
    state::Member,
    trust::{Judged, unjudged, withhold},
    value::{Coverage, Finality, Segment, Value},
};
use kepi_stats::estimate::{Estimate, NotComputable};
use kepi_testkit::tables::project;

const HEAD: &str = r#"
project: shop
name: Shop
language: 1
time_zone: UTC
---
entity: shop
name: Shop
key: [id]
time: opened
attributes:
  id: {type: text}
  opened: {type: date}
---
entity: sale
name: Sale
key: [id]
time: on
attributes:
  id: {type: text}
  "on": {type: date}
  shop: {type: reference shop}
  amount: {type: "number, 2 decimals"}
  soon: {count: sale, same: shop, after: this, within: 10 days}
  before: {count: sale, same: shop, until: this, within: 40 days}
  so_far: {count: sale, same: shop, until: this}
---
kpi: more_soon
name: Sales that another follows soon
better: higher
measure: {share: {of: sale, which: soon > 0}}
period: month
---
kpi: more_before
name: Sales that another preceded
better: higher
measure: {share: {of: sale, which: before > 0}}
period: month
---
kpi: sold_so_far
name: Sales so far
better: higher
measure: {mean: {of: sale, value: so_far}}
period: month
---
kpi: known_shop
name: Sales of shops that are known
better: higher
measure: {share: {of: sale, which: shop.id is not null}}
period: month
---
kpi: sales
name: Sales
better: higher
measure: {sum: {of: sale, value: amount}}
period: month
---
kpi: sales_of_a_quarter
name: Sales of three months
better: higher
measure: {sum: {of: sale, value: amount}}
over: 3 months
period: month
---
kpi: growth
name: Growth
better: higher
measure: {formula: {kpis: {now: sales, before: {kpi: sales, ago: 1 month}}, value: now / before}}
period: month
---
kpi: shops
name: Shops
better: higher
measure: {count: {of: shop}}
period: month
---
"#;

fn rule(otherwise: &str) -> Project {
    project(&format!(
        "{HEAD}rule: shops_are_known\nname: Known shops\nkpi: known_shop\nat_least: 90%\nelse: {otherwise}\n"
    ))
}

/// Every KPI has a value in every month of the year, and nine tenths of the sales are of known shops but in one month.
fn values(project: &Project, broken: &str, share: f64) -> Vec<Value> {
    let months = (1..=12).map(|month| format!("2026-{month:02}"));
    let one = |kpi: &KpiId, month: &str| Value {
        kpi: kpi.clone(),
        period: project.calendar.parse(month).unwrap(),
        segment: Segment::total(),
        estimate: Ok(Estimate::exact(
            match (kpi.as_str(), month == broken) {
                ("known_shop", true) => share,
                ("known_shop", false) => 0.9,
                _ => 7.0,
            },
            10,
            "counted",
        )),
        coverage: Coverage { counted: 10, eligible: 10, cases: 10 },
        finality: Finality::Final,
        states: Box::from(&b"kept"[..]),
    };
    months
        .flat_map(|month| project.kpis.keys().map(move |kpi| (kpi, month.clone())))
        .map(|(k, m)| one(k, &m))
        .collect()
}

/// The months in which each KPI is withheld.
fn withheld(project: &Project, values: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for value in values {
        if let Err(why) = &value.estimate {
            let (rule, periods) = ("Known shops".to_owned(), "2026-04".to_owned());
            assert_eq!(*why, NotComputable::NotTrusted { rule, periods });
            assert_eq!(why.to_string(), "not trusted: the rule “Known shops” does not hold in 2026-04");
            assert_eq!(&*value.states, b"kept");
            found.entry(value.kpi.to_string()).or_default().insert(project.calendar.label(value.period));
        }
    }
    found
}

fn months(of: &[u32]) -> BTreeSet<String> {
    of.iter().map(|month| format!("2026-{month:02}")).collect()
}

#[test]
fn figures_of_rows_in_doubt_are_withheld_where_they_are_made_of_them() {
    let project = rule("distrust");
    let mut all = values(&project, "2026-04", 0.89);
    let Judged { broken, withheld: said } = withhold(&project, &mut all).unwrap();
    assert_eq!(broken.len(), 1);
    assert_eq!((project.calendar.label(broken[0].period).as_str(), broken[0].value), ("2026-04", 0.89));
    let expected = [
        ("sales", months(&[4])),
        // April is in the three months that end with April, May and June.
        ("sales_of_a_quarter", months(&[4, 5, 6])),
        // What reads the value of a month before is made of April in May, too.
        ("growth", months(&[4, 5])),
        // Sales within ten days of April may have been counted at the end of March, and within forty days before until June.
        ("more_soon", months(&[3, 4])),
        ("more_before", months(&[4, 5, 6])),
        // What a shop has sold at all by then may be of any time.
        ("sold_so_far", months(&[4, 5, 6, 7, 8, 9, 10, 11, 12])),
    ];
    let expected: BTreeMap<String, BTreeSet<String>> =
        expected.into_iter().map(|(kpi, of)| (kpi.to_owned(), of)).collect();
    assert_eq!(withheld(&project, &all), expected);
    for of in said {
        assert_eq!(of.rule.as_str(), "shops_are_known");
        assert!(of.because.iter().map(|(period, _)| project.calendar.label(*period)).eq(["2026-04"]));
        assert_eq!(of.periods.len(), expected[of.kpi.as_str()].len());
    }
}

/// As [`HEAD`] with sales by region and the rule judged in each.
fn by_region(more: &str) -> Project {
    let mut head = HEAD.replace(
        "  shop: {type: reference shop}\n",
        "  shop: {type: reference shop}\n  region: {type: text}\n  channel: {type: text}\n",
    );
    for kpi in ["known_shop", "sales", "growth", "more_before"] {
        let at = head.find(&format!("kpi: {kpi}\n")).unwrap();
        let end = at + head[at..].find("period: month\n").unwrap();
        head.insert_str(end, "by: [region]\n");
    }
    // The same name, but said by something else.
    let at = head.find("kpi: sales_of_a_quarter\n").unwrap();
    let end = at + head[at..].find("period: month\n").unwrap();
    head.insert_str(end, "by: {region: channel}\n");
    project(&format!(
        "{head}rule: shops_are_known\nname: Known shops\nkpi: known_shop\nat_least: 90%\nby: region\n{more}else: distrust\n"
    ))
}

/// The values of April in all regions together and in each, with so many cases each; what is known in which share of the sales of each.
fn of_regions(project: &Project, known: &[(&str, f64, u64)]) -> Vec<Value> {
    let regions = known.iter().map(|(region, ..)| *region);
    let mut all = Vec::new();
    for segment in std::iter::once(None).chain(regions.map(Some)) {
        for mut value in values(project, "2026-05", 1.0) {
            if project.calendar.label(value.period) != "2026-04" {
                continue;
            }
            if let Some(region) = segment {
                let (_, share, cases) = known.iter().find(|(own, ..)| *own == region).unwrap();
                value.segment = Segment(vec![("region".parse().unwrap(), Member::Value(region.into()))]);
                value.coverage.cases = *cases;
                if value.kpi.as_str() == "known_shop" {
                    value.estimate = Ok(Estimate::exact(*share, *cases, "counted"));
                }
            }
            all.push(value);
        }
    }
    all
}

/// Which segments of KPIs are withheld, and what is said.
fn withheld_in(all: &[Value]) -> BTreeSet<(String, String)> {
    let of = |value: &Value| match value.segment.0.as_slice() {
        [(_, Member::Value(region))] => region.to_string(),
        _ => "all".to_owned(),
    };
    let held = all.iter().filter(|value| value.estimate.is_err());
    held.map(|value| (value.kpi.to_string(), of(value))).collect()
}

#[test]
fn a_region_that_breaks_a_rule_withholds_its_own_figures_and_what_takes_all_together() {
    let project = by_region("");
    let mut all = of_regions(&project, &[("north", 0.95, 20), ("south", 0.85, 20)]);
    let Judged { broken, withheld } = withhold(&project, &mut all).unwrap();
    let south = Member::Value("south".into());
    assert_eq!(
        broken.iter().map(|of| (of.member.clone(), of.value)).collect::<Vec<_>>(),
        [(Some(south), 0.85)]
    );
    let of = |kpi: &str, regions: &[&str]| -> Vec<(String, String)> {
        regions.iter().map(|region| (kpi.to_owned(), (*region).to_owned())).collect()
    };
    let expected: BTreeSet<(String, String)> = [
        of("sales", &["all", "south"]),
        of("growth", &["all", "south"]),
        // Its regions are told apart by something else, and those of what looks at other sales have seen sales of other regions.
        of("sales_of_a_quarter", &["all", "north", "south"]),
        of("more_before", &["all", "north", "south"]),
        // What has no regions takes all of them together, whatever its segments are called.
        of("more_soon", &["all", "north", "south"]),
        of("sold_so_far", &["all", "north", "south"]),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert_eq!(withheld_in(&all), expected);
    let why = all.iter().find_map(|value| value.estimate.as_ref().err()).unwrap();
    assert_eq!(why.to_string(), "not trusted: the rule “Known shops” does not hold in 2026-04 (south)");
    assert!(withheld.iter().all(|of| of.because.len() == 1 && of.periods.len() == 1));
}

#[test]
fn regions_have_bounds_of_their_own_and_few_rows_say_nothing() {
    let regions = [("north", 0.89, 20), ("south", 0.85, 20), ("west", 0.2, 9)];
    for (more, expected) in [
        // North is below what is said for all; of nine sales nothing is said.
        ("n: 10\nbounds: {south: {at_least: 80%}}\n", vec!["north"]),
        ("n: 9\nbounds: {south: {at_least: 80%}, north: {at_least: 88%}}\n", vec!["west"]),
        ("n: 10\nbounds: {south: {at_most: 80%}, north: {at_least: 10%}}\n", vec!["south"]),
    ] {
        let project = by_region(more);
        let mut all = of_regions(&project, &regions);
        let broken = withhold(&project, &mut all).unwrap().broken;
        let members: Vec<Member> = broken.into_iter().filter_map(|of| of.member).collect();
        assert_eq!(
            members,
            expected.iter().map(|of| Member::Value((*of).into())).collect::<Vec<_>>(),
            "{more}"
        );
    }
    // Where it is said of some alone, nothing is demanded of the others.
    let rule = by_region("bounds: {south: {at_least: 80%}}\n").rules.into_values().next().unwrap();
    assert_eq!(rule.bound_in(Some("south")).unwrap().at_least, Some(0.8));
    assert_eq!(rule.bound_in(Some("north")).unwrap().at_least, Some(0.9));
}

#[test]
fn a_bound_that_is_met_exactly_and_a_warning_withhold_nothing() {
    let project = rule("distrust");
    let mut all = values(&project, "2026-04", 0.9);
    assert_eq!(withhold(&project, &mut all).unwrap(), Judged::default());
    assert_eq!(withheld(&project, &all), BTreeMap::new());
    let project = rule("warn");
    let mut all = values(&project, "2026-04", 0.1);
    assert_eq!(withhold(&project, &mut all).unwrap().broken.len(), 1);
    assert_eq!(withheld(&project, &all), BTreeMap::new());
}

#[test]
fn a_rule_without_a_value_says_nothing() {
    let project = rule("distrust");
    let mut all = values(&project, "2026-04", 0.1);
    for value in all.iter_mut().filter(|value| value.kpi.as_str() == "known_shop") {
        value.estimate = Err(NotComputable::NoRows);
    }
    assert_eq!(withhold(&project, &mut all).unwrap(), Judged::default());
    assert!(all.iter().filter(|value| value.kpi.as_str() == "sales").all(|value| value.estimate.is_ok()));
}

#[test]
fn what_a_rule_cannot_judge_is_not_renewed() {
    let project = rule("distrust");
    let mut not_renewed = BTreeMap::from([("known_shop".parse().unwrap(), "its source is away".to_owned())]);
    unjudged(&project, &mut not_renewed);
    let named: BTreeSet<&str> = not_renewed.keys().map(KpiId::as_str).collect();
    assert_eq!(
        named,
        BTreeSet::from([
            "known_shop",
            "sales",
            "sales_of_a_quarter",
            "growth",
            "more_soon",
            "more_before",
            "sold_so_far"
        ])
    );
    assert_eq!(
        not_renewed[&"sales".parse().unwrap()],
        "the rule `shops_are_known` cannot judge its data: its source is away"
    );
}

#[test]
fn only_a_rule_that_withholds_is_part_of_what_a_figure_rests_on() {
    let plain = project(HEAD.trim_end().trim_end_matches("---"));
    let (warns, withholds) = (rule("warn"), rule("distrust"));
    let basis =
        |project: &Project, kpi: &str| finish::basis(&project.kpis[&kpi.parse().unwrap()], project).mapping;
    assert_eq!(basis(&plain, "sales"), basis(&warns, "sales"));
    assert_ne!(basis(&plain, "sales"), basis(&withholds, "sales"));
    assert_eq!(basis(&plain, "shops"), basis(&withholds, "shops"));
}
