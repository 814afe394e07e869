//! KPIs that stand several times, each from another day.

use jiff::civil::date;
use kepi_model::project::{Kpi, Project};

use crate::base::{checked, files, short};

fn project(more: &str) -> Project {
    let mut files = files();
    files.push(("more.yml".to_owned(), more.to_owned()));
    let checked = checked(&files);
    let said = short(&checked.findings);
    checked.value.unwrap_or_else(|| panic!("{said}"))
}

fn counted(id: &str, from: &str, filter: &str) -> String {
    format!(
        "---\nkpi: {id}\nname: {id}\n{from}better: higher\nmeasure: {{count: {{of: survey_response{filter}}}}}\nperiod: month\npurpose: service_improvement\n"
    )
}

fn days(kpi: &Kpi) -> Vec<Option<String>> {
    kpi.wordings().map(|wording| wording.from.map(|day| day.to_string())).collect()
}

fn some(day: &str) -> Option<String> {
    Some(day.to_owned())
}

#[test]
fn what_is_computed_of_a_kpi_changes_when_it_does_and_begins_when_it_does() {
    let formula = "---\nkpi: sum\nname: Sum\nbetter: higher\nperiod: month\npurpose: service_improvement\nmeasure:\n  formula: {kpis: {a: a, b: b}, value: a + b}\n";
    let texts = [
        formula.to_owned(),
        "---\nkpi: twice\nname: Twice\nbetter: higher\nperiod: month\npurpose: service_improvement\nmeasure:\n  formula: {kpis: {sum: sum}, value: sum + sum}\n".to_owned(),
        counted("a", "from: 2026-03-01\n", ", where: ease > 3"),
        counted("a", "", ""),
        counted("b", "from: 2026-05-01\n", ", where: ease > 5"),
        counted("b", "from: 2026-02-01\n", ""),
    ];
    let of = project(&texts.concat());
    let kpi = |id: &str| &of.kpis[&id.parse().unwrap()];
    assert_eq!(days(kpi("a")), [None, some("2026-03-01")]);
    assert_eq!(days(kpi("b")), [some("2026-02-01"), some("2026-05-01")]);
    let cuts = [some("2026-02-01"), some("2026-03-01"), some("2026-05-01")];
    assert_eq!(days(kpi("sum")), cuts, "there is nothing to add before February");
    assert_eq!(days(kpi("twice")), cuts, "through several, too");
    assert!(kpi("sum").in_force(date(2026, 1, 31)).is_none());
    // It reads the wording of its time: the same as if that were the only one.
    let alone =
        project(&[formula.to_owned(), counted("a", "", ", where: ease > 3"), counted("b", "", "")].concat());
    let march = kpi("sum").in_force(date(2026, 3, 31)).unwrap();
    assert_eq!(march.wording, alone.kpis[&"sum".parse().unwrap()].wording);
    assert_ne!(march.wording, kpi("sum").in_force(date(2026, 5, 1)).unwrap().wording);
}

#[test]
fn a_hash_says_which_day_and_an_undated_one_is_as_it_was() {
    let hash = |texts: &str| project(texts).kpis[&"a".parse().unwrap()].hash;
    let (then, now) = (counted("a", "", ""), counted("a", "from: 2026-03-01\n", ", where: ease > 3"));
    let undated = project(&then);
    let undated = &undated.kpis[&"a".parse().unwrap()];
    assert_eq!((undated.hash, undated.is_dated()), (undated.wording, false));
    let dated = hash(&[then.clone(), now.clone()].concat());
    assert_ne!(dated, undated.hash);
    // In which order they stand does not count, from which day they hold does.
    assert_eq!(hash(&[now.clone(), then.clone()].concat()), dated);
    assert_ne!(hash(&[then, now.replace("03-01", "04-01")].concat()), dated);
}

#[test]
fn targets_of_an_earlier_wording_count_in_the_hash_of_a_scorecard() {
    let with = |target: &str| {
        let mut all = files();
        let kpis = all.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
        let (_, of) = kpis.1.split_once("kpi: nps\n").unwrap();
        let of = of.split("---\n").next().unwrap();
        let later = format!("---\nkpi: nps\nfrom: 2026-03-01\n{of}");
        kpis.1 = kpis.1.replacen("target: 40", target, 1);
        kpis.1.push_str(&later);
        let checked = checked(&all);
        let said = short(&checked.findings);
        let project = checked.value.unwrap_or_else(|| panic!("{said}"));
        let card = project.scorecards.values().next().unwrap();
        (card.hash, project.kpis[&"nps".parse().unwrap()].hash)
    };
    let (scores, values) = with("target: 40");
    let (other_scores, same_values) = with("target: 41");
    assert_eq!(values, same_values, "targets decide no value");
    assert_ne!(scores, other_scores, "they decide scores, those of then too");
}

#[test]
fn a_floor_holds_for_later_wordings_until_one_says_another() {
    let card = |from: &str, floors: &str, weight: u32| {
        format!(
            "---\nscorecard: long\nname: Long\n{from}unit: whole\nperiod: quarter\n{floors}perspectives:\n  customer:\n    weight: 100%\n    \
             objectives:\n      recommended:\n        weight: 100%\n        kpis: {{nps: {weight}%, more: {}%}}\n",
            100 - weight
        )
    };
    let more = "---\nkpi: more\nname: More\nobjective: recommended\nbetter: higher\nmeasure: {count: {of: survey_response}}\nperiod: month\npurpose: service_improvement\n";
    let found = |cards: [String; 2]| {
        let mut files = files();
        files.push(("more.yml".to_owned(), format!("{more}{}", cards.concat())));
        let findings = checked(&files).findings;
        findings.iter().filter(|f| f.code.0 == "K0713").count()
    };
    let later = "from: 2027-01-01\n";
    assert_eq!(found([card("", "floors: {nps: 50%}\n", 50), card(later, "", 50)]), 0);
    assert_eq!(
        found([card("", "floors: {nps: 50%}\n", 50), card(later, "", 49)]),
        1,
        "what was promised holds on"
    );
    assert_eq!(found([card("", "floors: {nps: 50%}\n", 50), card(later, "floors: {nps: 40%}\n", 49)]), 0);
    assert_eq!(
        found([card("", "", 10), card(later, "floors: {nps: 50%}\n", 50)]),
        0,
        "and not before it was"
    );
}

#[test]
fn what_a_unit_stood_below_until_it_moved_counts_in_the_periods_before() {
    let stall = |from: &str, rest: &str| {
        format!("---\nunit: stall\nname: Stall\nlevel: stand\n{from}parent: north\n{rest}")
    };
    let both = [stall("", "also_below: [south]\n"), stall("from: 2026-04-01\n", "")].concat();
    let found = |as_of: &str, units: &str| {
        let mut files = files();
        let (_, card) = files.iter_mut().find(|(path, _)| path == "scorecard.yml").unwrap();
        let plain = "match: {region: region}\n  value: recompute";
        assert!(card.contains(plain));
        *card = card.replace(
            plain,
            &format!(
                "match: {{region: region, stand: region}}\n  value: average_of_children\n  as_of: {as_of}"
            ),
        );
        files.push(("units.yml".to_owned(), units.to_owned()));
        short(&checked(&files).findings)
    };
    let twice = "K0712 the cascade reaches `stall` by more than one line";
    assert!(found("period", &both).contains(twice), "until March it is averaged twice");
    assert!(!found("now", &both).contains(twice), "by the newest tree it never was");
    assert!(!found("period", &stall("", "")).contains(twice));
    // A unit that left is one that lay below in the periods before.
    let other = "---\nunit: alone\nname: Alone\nlevel: region\nparent: whole\n";
    let moved = [other.to_owned(), stall("", "").replace("north", "whole"), stall("from: 2026-04-01\n", "")];
    let said = found("period", &moved.concat());
    assert!(!said.contains("no unit of level `stand` lies below"), "{said}");
}
