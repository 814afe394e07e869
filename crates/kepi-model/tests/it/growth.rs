//! Checking takes time in proportion to what is written, and whatever a definition can hold has a limit.
//!
//! What is compared is the time that this thread had of a processor for eight times as much input: eight times and a little
//! more if all is well, 64 times where something looks at everything for everything. What else the machine does changes
//! neither.
#![allow(clippy::print_stdout, reason = "what was measured is part of what the test says")]

use std::time::{Duration, Instant};

use kepi_model::{
    check::{Options, check},
    finding::{Finding, Severity},
    render,
    source_text::{SourceFile, SourceMap},
};

use crate::base::{files, short};

/// Time that this thread has had of a processor; where the system does not tell, the time of day.
fn spent(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok()).filter(|n| *n > 0);
    nanoseconds.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

fn map(files: &[(String, String)]) -> SourceMap {
    let file =
        |(path, text): &(String, String)| SourceFile { path: path.clone(), text: text.as_str().into() };
    SourceMap::new(files.iter().map(file).collect())
}

/// Checks and shows everything, as a command does.
fn checked(files: &[(String, String)]) -> Vec<Finding> {
    let map = map(files);
    let there = |_: &str| 1;
    let options = Options {
        known_files: Some(&there),
        today: Some(jiff::civil::date(2026, 6, 1)),
        ..Options::default()
    };
    let found = check(&map, &options).findings;
    let shown = render::text(&found, &map, true).len() + render::json(&found, &map).to_string().len();
    assert!(shown > 0);
    found
}

fn time(files: &[(String, String)]) -> Duration {
    let run = || {
        let since = Instant::now();
        let before = spent(since);
        checked(files);
        spent(since) - before
    };
    run().min(run())
}

/// Checks `of(small)` and `of(8 × small)`.
fn grows_in_proportion(what: &str, small: usize, of: impl Fn(usize) -> Vec<(String, String)>) {
    let (little, much) = (of(small), of(small * 8));
    let (short, long) = (time(&little), time(&much));
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    println!("{what}: {short:?} for {small}, {long:?} for {}: {ratio:.1} times", small * 8);
    assert!(ratio < 28.0, "{what}: {short:?} for {small}, {long:?} for eight times as many");
}

/// The base project and another file.
fn with(text: String) -> Vec<(String, String)> {
    let mut all = files();
    all.push(("more.yml".to_owned(), text));
    all
}

fn many(count: usize, of: impl Fn(usize) -> String) -> String {
    (0..count).map(of).collect()
}

/// A KPI that says nothing more than it must, and so earns hints.
fn bare(n: usize) -> String {
    format!(
        "---\nkpi: k{n}\nname: Number {n}\nbetter: higher\nmeasure: {{count: {{of: survey_response}}}}\nperiod: month\n"
    )
}

/// A KPI without findings, as long as others are.
fn full(n: usize) -> String {
    format!(
        "---\nkpi: k{n}\nname: Number {n}\ndescription: What number {n} is about.\nobjective: fast\nindicator: leading\nbetter: higher\nmeasure:\n  share: {{of: survey_response, which: score >= {}, where: \"survey = 'relationship' and region is not null\"}}\nperiod: month\nby: [region, account.tier]\ntargets:\n  - {{from: 2026-01-01, threshold: 50%, target: 70%, basis: {{history: median of 24 months}}}}\naccountable: owner\npurpose: service_improvement\n",
        n % 11
    )
}

#[test]
fn kpis_in_one_file_with_findings() {
    grows_in_proportion("bare KPIs in one file", 60, |n| with(many(n, bare)));
}

#[test]
fn kpis_in_a_file_each() {
    grows_in_proportion("KPIs in a file each", 40, |n| {
        let mut all = files();
        all.extend((0..n).map(|n| (format!("kpis/k{n}.yml"), full(n))));
        all
    });
}

#[test]
fn names_that_are_nowhere_defined() {
    let misspelt = |n: usize| full(n).replace("objective: fast", &format!("objective: k{n}_objectiv"));
    grows_in_proportion("unknown names", 40, |n| with(many(n, misspelt)));
}

#[test]
fn kpis_on_a_scorecard() {
    grows_in_proportion("KPIs on a scorecard", 40, |n| {
        let listed = many(n, |n| format!("          k{n}: 0.01%\n"));
        with(format!(
            "{}---\nscorecard: more\nname: More\nunit: whole\nperiod: quarter\nmissing: {{rule: ignore}}\nperspectives:\n  customer:\n    weight: 100%\n    objectives:\n      fast:\n        weight: 100%\n        kpis:\n{listed}cascade: {{match: {{region: regoin}}}}\n",
            many(n, full)
        ))
    });
}

#[test]
fn documents_of_one_name() {
    grows_in_proportion("documents of one name", 200, |n| {
        with(many(n, |n| format!("---\nperson: same\nname: Person {n}\n")))
    });
    let all = with(many(10_000, |n| format!("---\nperson: same\nname: Person {n}\n")));
    assert_eq!(checked(&all).iter().filter(|f| f.code.0 == "K0116").count(), 9_999);
}

#[test]
fn more_documents_than_a_project_may_have_are_one_finding() {
    // In several files, each short enough.
    let of = |file: usize| many(10_001, |n| format!("---\nperson: p{file}_{n}\nname: P\n"));
    let mut all = files();
    all.extend((0..5).map(|file| (format!("people/{file}.yml"), of(file))));
    let found = checked(&all);
    let bound: Vec<_> = found.iter().filter(|f| f.code.0 == "K0104").collect();
    assert_eq!(bound.len(), 1, "{}", short(&found));
    assert!(bound[0].message.contains("documents"), "{}", bound[0].message);
}

#[test]
fn units_in_a_chain() {
    let chain = |n: usize| {
        with(many(n, |n| {
            let above = if n == 0 { "whole".to_owned() } else { format!("u{}", n - 1) };
            format!("---\nunit: u{n}\nname: Unit {n}\nlevel: l{n}\nparent: {above}\n")
        }))
    };
    grows_in_proportion("units in a chain", 200, chain);
    let found = checked(&chain(15_000));
    let deep: Vec<_> = found.iter().filter(|f| f.severity == Severity::Error).collect();
    assert!(matches!(deep[..], [one] if one.code.0 == "K0104"), "{}", short(&found));
}

#[test]
fn units_under_many_scorecards() {
    grows_in_proportion("units and scorecards", 20, |n| {
        let units =
            many(n * 4, |n| format!("---\nunit: u{n}\nname: Unit {n}\nlevel: place\nparent: north\n"));
        let cards = many(n, |n| {
            format!(
                "---\nscorecard: s{n}\nname: Card {n}\nunit: south\nperiod: quarter\nmissing: {{rule: ignore}}\nperspectives: {{customer: {{weight: 100%, objectives: {{fast: {{weight: 100%, kpis: {{delivered_in_time: 100%}}}}}}}}}}\ncascade: {{match: {{place: region}}}}\n"
            )
        });
        with(units + &cards)
    });
}

#[test]
fn fields_that_are_none() {
    let keys =
        |n: usize| with(format!("---\nperson: more\nname: More\n{}", many(n, |n| format!("key{n}: x\n"))));
    grows_in_proportion("unknown fields", 2_000, keys);
    let found = checked(&keys(75_000));
    assert_eq!(found.iter().filter(|f| f.code.0 == "K0106").count(), 21, "some, and how many more");
    let on_one_line = |n: usize| {
        with(format!(
            "---\nperson: more\nname: More\nrole: {{{}}}\n",
            many(n, |n| format!("k{n}: x, k{n}: y, "))
        ))
    };
    grows_in_proportion("keys that are written twice, on one line", 200, on_one_line);
}

#[test]
fn members_of_an_enum() {
    let values = |n: usize| {
        with(format!(
            "---\nentity: more\nkey: [id]\nattributes:\n  id: {{type: text}}\n  kind: {{type: enum, values: [{}]}}\n",
            many(n, |n| format!("v{n}, "))
        ))
    };
    grows_in_proportion("members of an enum", 5_000, values);
    let found = checked(&values(100_000));
    assert!(found.iter().any(|f| f.code.0 == "K0104" && f.message.contains("100000")), "{}", short(&found));
}

#[test]
fn attributes_that_need_the_one_before() {
    grows_in_proportion("derived attributes", 60, |n| {
        let declared = many(n, |n| format!("  a{n}: {{type: integer}}\n"));
        let derived = many(n - 1, |n| format!("  a{}: {{expression: a{n} + 1}}\n", n + 1));
        with(format!(
            "---\nentity: more\nkey: [a0]\nattributes:\n{declared}---\nsource: more\ninto: more\nfrom: {{csv: {{files: data/more.csv}}}}\nmode: snapshot\nmap:\n  a0: {{column: a, as: integer}}\n{derived}"
        ))
    });
}

#[test]
fn targets_objectives_and_links() {
    grows_in_proportion("targets", 60, |n| {
        let start = jiff::civil::date(2000, 1, 1);
        let targets = many(n, |n| {
            let from = start.checked_add(jiff::Span::new().months(n as i64)).unwrap();
            format!("  - {{from: {from}, threshold: 50, target: 70}}\n")
        });
        with(bare(0) + "targets:\n" + &targets)
    });
    grows_in_proportion("objectives", 40, |n| {
        let mut all = files();
        all.retain(|(path, _)| path != "strategy.yml" && path != "scorecard.yml");
        let objectives = many(n, |n| format!("  o{n}: {{name: Aim {n}, perspective: customer}}\n"));
        let links = many(n - 1, |n| format!("  - {{from: o{n}, to: o{}, sign: positive}}\n", n + 1));
        let kpis = many(n, |n| bare(n) + &format!("objective: o{n}\n"));
        all.push((
            "strategy.yml".to_owned(),
            format!("strategy: s\nmission: More.\nperspectives: {{customer: {{name: Customer}}}}\nobjectives:\n{objectives}links:\n{links}{kpis}"),
        ));
        all
    });
}

#[test]
fn texts_that_are_far_too_long() {
    let long = |n: usize| "Europa".repeat(n / 6);
    for (file, from, to) in [
        ("kepi.yml", "time_zone: Europe/Berlin", "time_zone: "),
        ("kepi.yml", "name: The shop", "name: "),
        ("sources.yml", "encoding: windows-1252", "encoding: "),
        ("kpis.yml", "objective: fast", "objective: "),
        ("kpis.yml", "period: week", "period: "),
        ("kpis.yml", "answer: ease", "answer: "),
        ("kepi.yml", "time: visited_at", "time: "),
        ("sources.yml", "delimiter: \";\"", "delimiter: "),
    ] {
        let edited = |n: usize| {
            let mut all = files();
            let (_, text) = all.iter_mut().find(|(path, _)| path == file).unwrap();
            assert!(text.contains(from), "{from}");
            let flow = text.contains(&format!("{from},")) || text.contains(&format!("{from}}}"));
            let quoted = if flow { format!("\"{}\"", long(n)) } else { long(n) };
            *text = text.replacen(from, &(to.to_owned() + &quoted), 1);
            all
        };
        grows_in_proportion(to, 50_000, edited);
        let found = checked(&edited(900_000));
        assert!(found.iter().any(|f| f.severity == Severity::Error), "{to} of 900 kB is accepted");
        let longest = found.iter().map(|f| f.message.len()).max().unwrap();
        assert!(longest < 400, "a message of {longest} bytes");
    }
}

/// In a release build ten thousand KPIs take less than two seconds of a processor, which is asserted there alone; a build
/// for development, in which a thousand take about one second, checks those.
#[test]
fn ten_thousand_kpis() {
    let hundreds = if cfg!(debug_assertions) { 10 } else { 100 };
    let mut all = files();
    all.extend((0..hundreds).map(|f| (format!("kpis/{f}.yml"), many(100, |n| full(f * 100 + n)))));
    let map = map(&all);
    let since = Instant::now();
    let before = spent(since);
    let found = check(&map, &Options::default());
    let took = spent(since) - before;
    println!("check: {hundreds}00 KPIs are checked in {took:?}");
    let kpis = found.value.map(|project| project.kpis.len());
    assert_eq!(kpis, Some(hundreds * 100 + 3), "{}", short(&found.findings));
    if !cfg!(debug_assertions) {
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
