//! Units say of their data that they are right; who is late is shown, left out or waited for as the rule says.

use jiff::{Timestamp, ToSpan, Zoned, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use crate::support::Project;

const PEOPLE: &str = "person: ann\nname: Ann\n---\nperson: bea\nname: Bea\nreports_to: ann\n---\nperson: carl\nname: Carl\nreports_to: ann\n\
                      ---\nunit: north\nname: North\nmember: north\nlevel: region\nparent: company\nmanager: bea\n---\nunit: south\nname: South\nmember: south\nlevel: \
                      region\nparent: company\nmanager: carl\n";

/// The last month that is over: its first day.
fn last_month() -> Date {
    let today = Zoned::now().with_time_zone(TimeZone::get("Europe/London").unwrap()).date();
    today.first_of_month().checked_sub(1.month()).unwrap()
}

/// Whether the cut-off of a day of business after the last month has passed for sure: not so in the first days of a month, which show nothing here.
fn has_passed() -> bool {
    Zoned::now().with_time_zone(TimeZone::UTC).day() > 5
}

/// The example with its answers in the last two months that are over, two regions whose mean the company is, and a rule for who is late.
fn project(otherwise: &str) -> (Project, String) {
    let project = Project::example("tiny");
    let last = last_month();
    let before = last.checked_sub(1.month()).unwrap();
    let month = |day: Date| day.to_string()[..7].to_owned();
    let data = std::fs::read_to_string(project.path().join("data/answers.csv")).unwrap();
    let moved = data.replace("2026-02-", "LAST-").replace("2026-01-", &format!("{}-", month(before)));
    project.write("data/answers.csv", &moved.replace("LAST-", &format!("{}-", month(last))));
    let edit = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(project.path().join(file)).unwrap();
        assert!(text.contains(from), "{from}");
        project.write(file, &text.replace(from, to));
    };
    edit(
        "kepi.yml",
        "missing: {rule: ignore, minimum_coverage: 50%}\n",
        "missing: {rule: ignore, minimum_coverage: 50%}\ncascade: {match: {region: region}, value: average_of_children, targets: inherit}\n",
    );
    edit(
        "kpis.yml",
        "mode: append\n",
        &format!(
            "mode: append\nowner: owner\nattest: {{every: month, within: 1, level: region, else: {otherwise}}}\n"
        ),
    );
    project.write("people.yml", PEOPLE);
    // The second one lets the clock go on.
    project.ok(&["run", "--quiet"]);
    project.ok(&["run", "--quiet"]);
    (project, month(last))
}

fn asked(project: &Project, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json", "--quiet"]).collect();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

fn readiness(project: &Project, month: &str) -> Vec<(String, String)> {
    let units = asked(project, &["periods", month, "--readiness"]);
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    units.as_array().unwrap().iter().map(|of| (text(&of["unit"]), text(&of["state"]))).collect()
}

fn attest(project: &Project, unit: &str, outcome: &str) {
    // Who did not do it in time has it no longer: whoever acts next lets it go up, at most to the top.
    for _ in 0..4 {
        let items = asked(project, &["inbox", "--all"]);
        let of_unit = |of: &&Value| {
            of["kind"] == "attestation"
                && of["touches"][0].as_str().unwrap().contains(&format!("unit/{unit}"))
        };
        let of = items.as_array().unwrap().iter().find(of_unit).unwrap();
        let (item, by) = (of["item"].to_string(), of["work"]["owner"]["person"].as_str().unwrap());
        let said = ["item", &item, "finish", "--outcome", outcome, "-m", "counted twice", "--as", by];
        if project.kepi(&said).status.success() {
            return;
        }
    }
    panic!("nobody can attest the data of {unit}");
}

/// Of two regions one was late: all rows without its own are those of the other.
#[test]
fn a_score_of_all_rows_is_official_without_those_of_a_late_unit() {
    if !has_passed() {
        return;
    }
    let (project, month) = project("exclude");
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    // Between the whole and the regions there is an area, whose rows are those of both.
    let text = text.replace("value: average_of_children", "value: recompute");
    project
        .write("kepi.yml", &text.replace("match: {region: region}", "match: {area: area, region: region}"));
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let kpis = kpis.replacen("  region: {type: text}\n", "  region: {type: text}\n  area: {expression: \"case when region = 'none' then 'west' else 'east' end\"}\n", 1);
    project.write("kpis.yml", &kpis.replace("by: [region]", "by: [region, area]"));
    let area = "---\nunit: east\nname: East\nmember: east\nlevel: area\nparent: company\nmanager: ann\n";
    project.write(
        "people.yml",
        &format!("{}{area}", PEOPLE.replace("region\nparent: company", "region\nparent: east")),
    );
    project.ok(&["run", "--quiet"]);
    attest(&project, "north", "attested");
    // Before it is closed it is said what closing would make of it, of the whole and of the area between.
    let partial = |unit: &str| {
        asked(&project, &["show", "scorecard", "--unit", unit, "--period", &month])["partial"].clone()
    };
    let of_north =
        asked(&project, &["show", "scorecard", "--unit", "north", "--period", &month])["score"].clone();
    for unit in ["company", "east"] {
        let of = partial(unit);
        assert_eq!((&of["closed"], &of["without"]), (&json!(false), &of_north), "{unit}: {of}");
    }
    assert_eq!(partial("north"), Value::Null, "it was in time, and has nothing of others");
    project.ok(&["close", &month, "-m", "it is over", "--as", "ann"]);
    let score = |unit: &str| {
        let card = asked(&project, &["show", "scorecard", "--unit", unit, "--period", &month]);
        card["score"].as_f64().unwrap()
    };
    assert!((score("company") - score("north")).abs() > 0.01, "what is published has all rows");
    let official = asked(&project, &["periods", &month]);
    for unit in ["company", "east"] {
        let is = |of: &&Value| of["kpi"] == "customers" && of["segment"] == unit;
        let of = official.as_array().unwrap().iter().find(is).unwrap();
        assert_eq!(of["official_value"].as_f64(), Some(score("north")), "{of}");
        assert_eq!(of["late"], "by the rule about units that were late");
    }
    let shown = project.ok(&["show", "scorecard", "--period", &month]);
    assert!(shown.contains("by the rule about units that were late; published was and is"), "{shown}");
    // A unit that was in time has nothing of others.
    let is = |of: &&Value| of["kpi"] == "customers" && of["segment"] == "north";
    assert_eq!(official.as_array().unwrap().iter().find(is).unwrap()["late"], Value::Null);
}

#[test]
fn a_missing_attestation_shows_and_blocks_the_close_until_it_is_given() {
    if !has_passed() {
        return;
    }
    let (project, month) = project("block");
    let late = [("north".to_owned(), "late".to_owned()), ("south".to_owned(), "late".to_owned())];
    assert_eq!(readiness(&project, &month), late, "nobody has said anything, and the cut-off has passed");
    let (_, said) = project.fails(3, &["close", &month, "-m", "it is over", "--as", "ann"]);
    assert!(
        said.contains(
            "nobody has attested the data of `answers` for north yet, and the close waits for that"
        ),
        "{said}"
    );
    attest(&project, "north", "attested");
    attest(&project, "south", "with_reservation");
    // Both were asked once, after the cut-off: that is not in time.
    let units = asked(&project, &["periods", &month, "--readiness"]);
    assert_eq!((&units[0]["asked"], &units[0]["in_time"]), (&json!(1), &json!(0)));
    // What is to be closed next is the running month, a day of business after it, and so on.
    let coming = asked(&project, &["periods", "--coming"]);
    let next = last_month().checked_add(1.month()).unwrap();
    assert_eq!(coming[0]["period"], next.to_string()[..7], "{coming}");
    assert_eq!((&coming[0]["statements"], &coming[0]["sources"]), (&json!(2), &json!(["answers"])));
    let until = next.checked_add(1.month()).unwrap();
    assert_eq!(coming[0]["until"], until.to_string());
    let cut_off = coming[0]["last"].as_i64().unwrap();
    let days =
        Timestamp::from_microsecond(cut_off).unwrap().to_zoned(TimeZone::UTC).date().since(until).unwrap();
    assert!((0..=4).contains(&days.get_days()), "a day of business, perhaps after a weekend: {days}");
    assert_eq!(coming.as_array().unwrap().len(), 4);
    let units = asked(&project, &["periods", &month, "--readiness"]);
    assert_eq!((&units[0]["state"], &units[1]["state"]), (&json!("ready"), &json!("ready")));
    assert_eq!(units[1]["statements"][0]["state"], "with_reservation");
    let said = units[1]["statements"][0]["by"].as_str().unwrap();
    assert!(["ann", "carl"].contains(&said), "who said it, not who was to: {said}");
    project.ok(&["close", &month, "-m", "it is over", "--as", "ann"]);
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn a_late_unit_is_shown_as_late_and_left_out_or_carried_by_the_rule() {
    if !has_passed() {
        return;
    }
    for (otherwise, says) in [("exclude", "left out"), ("carry", "stands as in the period before")] {
        let (project, month) = project(otherwise);

        attest(&project, "north", "attested");
        let states = readiness(&project, &month);
        assert_eq!(
            states,
            [("north".to_owned(), "ready".to_owned()), ("south".to_owned(), "late".to_owned())]
        );
        let score = |unit: &str, period: &str| {
            let card = asked(&project, &["show", "scorecard", "--unit", unit, "--period", period]);
            card["score"].as_f64().unwrap()
        };
        let card = asked(&project, &["show", "scorecard", "--period", &month]);
        assert_eq!(card["partial"]["late"], json!([{"id": "south", "name": "South", "how": otherwise}]));
        assert_eq!(card["partial"]["closed"], json!(false));
        let before = last_month().checked_sub(1.month()).unwrap().to_string()[..7].to_owned();
        let expected = match otherwise {
            "exclude" => score("north", &month),
            _ => f64::midpoint(score("north", &month), score("south", &before)),
        };
        let without = card["partial"]["without"].as_f64().unwrap();
        assert!((without - expected).abs() < 1e-5, "{without} is {expected}");
        let whole = f64::midpoint(score("north", &month), score("south", &month));
        assert!((card["score"].as_f64().unwrap() - whole).abs() < 1e-5, "what is published is whole");
        assert!(
            project
                .ok(&["show", "scorecard", "--period", &month])
                .contains(&format!("South is late: {says}"))
        );
        // It is closed so, and stays so whoever attests later.
        project.ok(&["close", &month, "-m", "it is over", "--as", "ann"]);
        attest(&project, "south", "attested");
        let card = asked(&project, &["show", "scorecard", "--period", &month]);
        assert_eq!(
            (&card["partial"]["closed"], &card["partial"]["late"][0]["id"]),
            (&json!(true), &json!("south"))
        );
        // What is official is what the close made of it: of the unit nothing, or what it had in the period before.
        let shown = asked(&project, &["show", "kpi", "recommendation"]);
        let published = |period: &str, segment: &str| {
            let of = |row: &&Value| row["period"] == period && row["segment"] == segment;
            shown["values"].as_array().unwrap().iter().find(of).map(|row| row["value"].clone()).unwrap()
        };
        let official = asked(&project, &["periods", &month]);
        let of = |segment: &str| {
            let is = |of: &&Value| of["kpi"] == "recommendation" && of["segment"] == segment;
            let of = official.as_array().unwrap().iter().find(is).unwrap();
            (of["official_value"].clone(), of["late"].clone())
        };
        let (south, says) = match otherwise {
            "exclude" => (Value::Null, json!("left out: South was late")),
            _ => (published(&before, "region=south"), json!(format!("that of {before}: South was late"))),
        };
        assert_eq!(of("region=south"), (south, says));
        assert_eq!(of("region=north"), (published(&month, "region=north"), Value::Null));
        assert_eq!(of(""), (published(&month, ""), json!("with rows of South, which nobody attested")));
        // The official score of the whole is by the rule, too; of a unit that was in time it is its own.
        let score_of = |unit: &str| {
            let is = |of: &&Value| of["kpi"] == "customers" && of["segment"] == unit;
            let of = official.as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("{official}"));
            (of["official_value"].as_f64(), of["late"].clone())
        };
        let (whole, how) = score_of("company");
        assert!((whole.unwrap() - expected).abs() < 1e-5, "{whole:?} is {expected}");
        assert_eq!(how, json!("by the rule about units that were late"));
        let souths = if otherwise == "exclude" { None } else { Some(score("south", &before)) };
        assert_eq!(score_of("south").0, souths);
        assert_eq!(score_of("north").0, Some(score("north", &month)));
        // Its own card says what the rule makes of it, and that of another says nothing.
        let own = asked(&project, &["show", "scorecard", "--unit", "south", "--period", &month]);
        let by_rule = if otherwise == "exclude" { Value::Null } else { json!(score("south", &before)) };
        assert_eq!(own["partial"]["without"], by_rule);
        let other = asked(&project, &["show", "scorecard", "--unit", "north", "--period", &month]);
        assert_eq!(other["partial"], Value::Null);
        project.ok(&["audit", "rebuild", "--quiet"]);
        project.ok(&["audit", "verify", "--quiet"]);
    }
}
