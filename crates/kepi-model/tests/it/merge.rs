//! Two ways of writing definitions anew, put together.

use kepi_model::{
    merge::{Merged, merged},
    source_text::{SourceFile, SourceMap},
};

const ANSWERS: &str = "\
kpi: nps
name: Net promoter score
# from the survey
better: higher
measure:
  nps: {of: answer, answer: score}
targets:
  - from: 2025-01-01
    target: 40
    floor: 10
accountable: ann
";
const SHARE: &str = "\
---
kpi: share
name: Market share
better: higher
accountable: bea
";

fn map(files: &[(&str, &str)]) -> SourceMap {
    let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).into() };
    SourceMap::new(files.iter().map(file).collect())
}

fn both() -> String {
    [ANSWERS, SHARE].concat()
}

fn with(edits: &[(&str, &str)]) -> SourceMap {
    let text = edits.iter().fold(both(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    map(&[("kpis.yml", &text)])
}

fn text(of: &Merged) -> String {
    of.files.iter().map(|(_, file)| format!("{}\n{}", file.path, file.text)).collect()
}

fn put(ours: &SourceMap, theirs: &SourceMap) -> Merged {
    merged(&with(&[]), ours, theirs)
}

/// Both ways round it is the same, and it is what both edits come to.
#[track_caller]
fn go_together(ours: &[(&str, &str)], theirs: &[(&str, &str)]) {
    let expected = with(&[ours, theirs].concat());
    for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
        let of = put(&with(ours), &with(theirs));
        assert!(of.contradictions.is_empty(), "{:?}", of.contradictions);
        assert_eq!(text(&of), text(&Merged { files: expected.clone(), contradictions: Vec::new() }));
    }
}

#[track_caller]
fn contradict(ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> Vec<String> {
    let of = put(&with(ours), &with(theirs));
    let expected = Merged { files: with(ours), contradictions: Vec::new() };
    assert_eq!(text(&of), text(&expected), "ours stays as it is");
    assert!(!put(&with(theirs), &with(ours)).contradictions.is_empty(), "either way round");
    of.contradictions.iter().map(ToString::to_string).collect()
}

#[test]
fn what_touches_other_lines_goes_together() {
    go_together(&[("target: 40", "target: 30")], &[("name: Market share", "name: Share\nperiod: quarter")]);
    go_together(&[("target: 40", "target: 30")], &[("floor: 10", "floor: 5")]);
    go_together(
        &[("better: higher\nmeasure", "better: higher\nperiod: month\nmeasure")],
        &[("accountable: ann", "accountable: eve")],
    );
    go_together(&[("# from the survey\n", "")], &[("better: higher\nacc", "better: lower\nacc")]);
    // The same change on both sides is one.
    go_together(
        &[("target: 40", "target: 30"), ("floor: 10", "floor: 9")],
        &[("name: Market", "name: The market")],
    );
    let same = with(&[("target: 40", "target: 30")]);
    assert_eq!(text(&put(&same, &same)), text(&Merged { files: same.clone(), contradictions: Vec::new() }));
}

#[test]
fn what_touches_the_same_is_said_and_not_guessed() {
    let said = contradict(&[("target: 40", "target: 30")], &[("target: 40", "target: 35")]);
    assert_eq!(said, ["kpi/nps (kpis.yml): `target: 30` here, `target: 35` in force since"]);
    contradict(&[("target: 40", "target: 30")], &[("    target: 40\n", "")]);
    contradict(
        &[("accountable: ann\n", "accountable: ann\nperiod: month\n")],
        &[("accountable: ann\n", "accountable: ann\nunit: all\n")],
    );
    // The same key at two places, which no line shows.
    let said = contradict(
        &[("name: Net", "period: month\nname: Net")],
        &[("accountable: ann", "period: year\naccountable: ann")],
    );
    assert_eq!(said, ["kpi/nps (kpis.yml): `period: month` here, `period: year` in force since"]);
    // A value over several lines is one.
    let long = ("name: Net promoter score", "name: Net\n  promoter\n  score");
    let base = with(&[long]);
    let of = merged(&base, &with(&[long, ("Net\n", "Our\n")]), &with(&[long, ("  score", "  figure")]));
    assert_eq!(of.contradictions.len(), 1, "{:?}", of.contradictions);
}

#[test]
fn definitions_that_come_and_go_stand_where_they_belong() {
    let (one, other) = ("---\nkpi: one\nname: One\n", "---\nkpi: other\nname: Other\n");
    let ours = map(&[("kpis.yml", &[&both(), one].concat())]);
    let theirs = map(&[("kpis.yml", &[&both(), other].concat()), ("new.yml", "kpi: third\nname: Third\n")]);
    let of = put(&ours, &theirs);
    assert!(of.contradictions.is_empty(), "{:?}", of.contradictions);
    let expected =
        map(&[("kpis.yml", &[&both(), one, other].concat()), ("new.yml", "kpi: third\nname: Third\n")]);
    assert_eq!(text(&of), text(&Merged { files: expected, contradictions: Vec::new() }));
    // Gone here, and untouched there; the one that comes first then still begins with its line.
    let gone = map(&[("kpis.yml", SHARE)]);
    assert_eq!(
        text(&put(&gone, &theirs)),
        text(&Merged {
            files: map(&[("kpis.yml", &[SHARE, other].concat()), ("new.yml", "kpi: third\nname: Third\n")]),
            contradictions: Vec::new(),
        })
    );
    // Gone here, changed there, and the other way round.
    let changed = with(&[("target: 40", "target: 30")]);
    assert_eq!(put(&gone, &changed).contradictions.len(), 1);
    assert_eq!(put(&changed, &gone).contradictions.len(), 1);
    // Moved to another file here, changed there: both.
    let moved = map(&[("kpis.yml", ANSWERS), ("share.yml", SHARE.trim_start_matches("---\n"))]);
    let of = put(&moved, &with(&[("Market", "The market")]));
    assert!(of.contradictions.is_empty(), "{:?}", of.contradictions);
    assert!(
        text(&of)
            .ends_with("share.yml\nkpi: share\nname: The market share\nbetter: higher\naccountable: bea\n"),
        "{}",
        text(&of)
    );
}

/// Random lines are written anew on both sides: where they are others, what comes out has both; where any is the same, it is said.
#[test]
fn any_lines_of_two_sides_are_all_there_or_contradict() {
    let mut state = 7_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let base: Vec<String> = (0..30).map(|n| format!("k{n}: v\n")).collect();
    let head = "kpi: nps\n";
    let (mut met, mut free) = (0, 0);
    for _ in 0..300 {
        let mut side = |mark: &str| {
            (0..1 + below(4))
                .map(|_| (below(30) as usize, mark.to_owned()))
                .collect::<std::collections::BTreeMap<_, _>>()
        };
        let (ours, theirs) = (side("a"), side("b"));
        let write = |of: &[&std::collections::BTreeMap<usize, String>]| {
            let line = |(n, line): (usize, &String)| match of.iter().find_map(|of| of.get(&n)) {
                Some(mark) => format!("k{n}: {mark}\n"),
                None => line.clone(),
            };
            map(&[("a.yml", &[head.to_owned(), base.iter().enumerate().map(line).collect()].concat())])
        };
        let of = merged(&write(&[]), &write(&[&ours]), &write(&[&theirs]));
        if ours.keys().any(|n| theirs.contains_key(n)) {
            met += 1;
            assert!(!of.contradictions.is_empty());
        } else if of.contradictions.is_empty() {
            free += 1;
            let expected = Merged { files: write(&[&ours, &theirs]), contradictions: Vec::new() };
            assert_eq!(text(&of), text(&expected));
        } else {
            panic!("{:?} and {:?} do not touch each other: {:?}", ours, theirs, of.contradictions);
        }
    }
    assert!(met > 30 && free > 30, "{met} {free}");
}
