//! Teams that move: each row counts for the region that its team stood below on the row's own day, as then, or stands below now.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{support::Project, tour::get};

/// Teams alpha and beta in the north, gamma in the south; `moves` says what more is known of units.
fn desk(moves: &str) -> Project {
    let project = Project::empty();
    let unit = |id: &str, name: &str, level: &str, above: &str| {
        format!("---\nunit: {id}\nname: {name}\nlevel: {level}\nparent: {above}\n")
    };
    let units = [
        unit("north", "North", "region", "house"),
        unit("south", "South", "region", "house"),
        unit("alpha", "Alpha", "team", "north"),
        unit("beta", "Beta", "team", "north"),
        unit("gamma", "Gamma", "team", "south"),
    ];
    project.write(
        "kepi.yml",
        &format!(
            "project: desk\nname: Desk\nlanguage: 1\ntime_zone: Europe/Berlin\n---\nunit: house\nname: House\n{}{moves}---\n\
             entity: ticket\nattributes:\n  team: {{type: text}}\n---\nsource: tickets\ninto: ticket\nfrom: {{csv: {{files: t.csv}}}}\n\
             mode: append\nmap:\n  id: {{column: id, as: text, required: true}}\n  opened_at: {{column: opened, as: date, required: \
             true}}\n  solved_at: {{column: solved, as: date}}\n  team: {{column: team, as: text}}\n---\nstrategy: plan\nmission: To \
             solve.\nperspectives:\n  customer: {{name: Customer}}\nobjectives:\n  solved: {{name: Solved, perspective: customer}}\n---\n\
             kpi: solved\nname: Tickets solved\nobjective: solved\nbetter: higher\nmeasure: {{share: {{of: ticket, which: solved_at is \
             not null}}}}\nperiod: quarter\nby: {{team: team, region: \"unit_above(team, 'team', 'region', opened_at)\", region_now: \
             \"unit_above(team, 'team', 'region')\", solver: \"unit_above(team, 'team', 'region', solved_at)\"}}\ntargets:\n  - {{from: 2025-01-01, threshold: 20%, target: 60%, stretch: 100%, \
             basis: {{negotiated: plan}}}}\n---\nscorecard: card\nname: Card\nunit: house\nperiod: quarter\nmissing: {{rule: \
             ignore}}\nperspectives:\n  customer:\n    weight: 100%\n    objectives:\n      solved: {{weight: 100%, kpis: {{solved: \
             100%}}}}\ncascade:\n  match: {{region: region, team: team}}\n",
            units.concat()
        ),
    );
    // Team, month, day, tickets, how many of them were solved.
    let months = [
        ("Alpha", "01-10", 10, 9),
        ("Alpha", "02-14", 4, 2),
        ("Alpha", "02-15", 6, 3),
        ("Alpha", "03-10", 10, 8),
        ("Beta", "01-10", 20, 10),
        ("Beta", "03-05", 10, 2),
        ("Gamma", "01-10", 10, 2),
        ("Gamma", "03-03", 10, 4),
    ];
    let mut rows = "id,opened,solved,team\n".to_owned();
    for (team, day, tickets, solved) in months {
        for at in 0..tickets {
            let end = if at < solved { "2026-03-28" } else { "" };
            rows.push_str(&format!("{team}-{day}-{at},2026-{day},{end},{team}\n"));
        }
    }
    project.write("t.csv", &rows);
    project.ok(&["run", "--quiet"]);
    project
}

const MOVE: &str = "---\nunit: alpha\nfrom: 2026-02-15\nname: Alpha\nlevel: team\nparent: south\n";

/// Solved of how many, by segment; the whole under an empty name.
fn cases(project: &Project) -> BTreeMap<String, (f64, u64)> {
    let table = project.ok(&["show", "kpi", "solved", "--format", "csv"]);
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (segment, value, n) = (at("segment"), at("value"), at("n"));
    lines
        .map(|line| {
            let n: u64 = line[n].parse().unwrap();
            let share: f64 = line[value].parse().unwrap();
            (line[segment].to_owned(), ((share * n as f64).round(), n))
        })
        .collect()
}

/// By hand: until 14 February alpha has 14 tickets of which 11 were solved, from then on 16 of which 11; beta 30 and 12, gamma 20 and 6.
#[test]
fn rows_count_for_the_region_of_their_day_and_the_whole_does_not_move() {
    let (stayed, moved) = (desk(""), desk(MOVE));
    let (before, after) = (cases(&stayed), cases(&moved));
    let of = |cases: &BTreeMap<String, (f64, u64)>, segment: &str| cases[segment];
    assert_eq!(of(&before, "region=North"), (34.0, 60));
    assert_eq!(of(&before, "region=South"), (6.0, 20));
    assert_eq!(of(&after, "region=North"), (23.0, 44), "as then");
    assert_eq!(of(&after, "region=South"), (17.0, 36));
    assert_eq!(of(&after, "region_now=North"), (12.0, 30), "as now");
    assert_eq!(of(&after, "region_now=South"), (28.0, 50));
    // Eight of alpha's were not solved on any day, so it is not known where alpha stood then; who never moved stood where it stands.
    assert_eq!(of(&after, "solver=South"), (28.0, 42), "by a day that not every row has");
    assert_eq!(of(&after, "solver=North"), (12.0, 30));
    assert_eq!((of(&before, ""), of(&after, "")), ((40.0, 80), (40.0, 80)));
    let score = |project: &Project| -> Value {
        let shown = project.ok(&["show", "scorecard", "--format", "json"]);
        serde_json::from_str::<Value>(&shown).unwrap()["score"].clone()
    };
    assert_eq!(score(&stayed), score(&moved), "a team that moves moves the score of the whole by nothing");
    assert_eq!(score(&moved).as_f64(), Some(87.5));
    let (_server, address) = moved.serve();
    let page = get(&address, "/scorecards/card?unit=south").unwrap();
    assert!(
        page.contains("Alpha stands below South since 15 February 2026, before that below North"),
        "{page}"
    );
}

#[test]
fn a_unit_is_there_from_its_first_day_on() {
    let began = |day: &str| {
        desk(&format!("---\nunit: delta\nfrom: {day}\nname: Delta\nlevel: team\nparent: south\n"))
            .ok(&["show", "scorecard", "--format", "json"])
            .contains("\"delta\"")
    };
    assert!(began("2026-03-31"), "the last day of the quarter says what is there");
    assert!(!began("2026-04-01"));
}
