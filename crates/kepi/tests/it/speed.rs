//! A scorecard of a thousand KPIs is served in time, from request to last byte: board, score, view, page. The values are
//! computed before; what is measured is what a reader waits for.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{support::Project, tour::wait_for};

/// What is promised is of an optimised build, which took 50 ms of one core; tests are built without optimisation and
/// share the machine with others.
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 200 });
const OBJECTIVES: usize = 10;
const KPIS: usize = 100;

/// The tiny project with ten objectives of a hundred KPIs each, over a year of answers.
fn thousand() -> Project {
    let project = Project::example("tiny");
    let mut answers = "id,answered,region,score\n".to_owned();
    for n in 0..1200 {
        let (month, day) = (n % 12 + 1, n % 28 + 1);
        let region = ["north", "south", "east", "west"][n % 4];
        writeln!(answers, "{n},2025-{month:02}-{day:02} 09:30,{region},{}", n % 11).unwrap();
    }
    project.write("data/answers.csv", &answers);
    let own = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let mut kpis = own.split_once("kpi: ").unwrap().0.to_owned();
    let mut strategy =
        "strategy: my_strategy\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n".to_owned();
    let mut scorecard = "scorecard: all\nname: All\nunit: company\nperiod: month\nperspectives:\n  all:\n    weight: 100%\n    objectives:\n".to_owned();
    for objective in 0..OBJECTIVES {
        writeln!(strategy, "  o{objective}: {{name: Objective {objective}, perspective: all}}").unwrap();
        writeln!(scorecard, "      o{objective}:\n        weight: 10%\n        kpis:").unwrap();
        for n in 0..KPIS {
            let (id, least) = (format!("k{objective}_{n}"), n % 11);
            writeln!(scorecard, "          {id}: 1%").unwrap();
            write!(
                kpis,
                "kpi: {id}\nname: KPI {objective}.{n}\nobjective: o{objective}\nindicator: leading\nbetter: higher\n\
                 measure: {{share: {{of: survey_response, which: score >= {least}}}}}\nperiod: month\n\
                 targets:\n  - {{from: 2025-01-01, threshold: 20%, target: 60%, stretch: 90%, basis: {{capability: example}}}}\n\
                 accountable: owner\n---\n"
            )
            .unwrap();
        }
    }
    let company = "project: my_company\nname: My company\nlanguage: 1\ntime_zone: Europe/London\n---\nunit: company\nname: The company\n---\nperson: owner\nname: Owner\n---\n";
    project.write("kepi.yml", &format!("{company}{strategy}---\n{scorecard}"));
    project.write("kpis.yml", kpis.trim_end_matches("---\n"));
    project
}

#[test]
fn a_scorecard_of_a_thousand_kpis_is_served_in_time() {
    let project = thousand();
    project.ok(&["run"]);
    let (_server, address) = project.serve();
    let page = wait_for(&address, "/");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for id in ["k0_0", "k9_99"] {
        assert!(page.contains(id), "{id} is on the page");
    }
    let (mut best, mut runs) = (Duration::MAX, 0);
    let begun = Instant::now();
    // The best of several: other tests and other builds run beside this one, some with browsers for minutes.
    while runs < 5 || (best >= MOST && begun.elapsed() < Duration::from_secs(240)) {
        let start = Instant::now();
        assert_eq!(wait_for(&address, "/").len(), page.len());
        best = best.min(start.elapsed());
        runs += 1;
    }
    println!("{} KPIs: {} bytes in {best:?}, best of {runs}", OBJECTIVES * KPIS, page.len());
    assert!(best < MOST, "{} KPIs took {best:?}", OBJECTIVES * KPIS);
}
