//! Faults that were found by breaking Kepi on purpose, and by trying it as somebody new would: each of them as the truth that holds
//! instead.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    process::Stdio,
    time::{Duration, Instant, SystemTime},
};

use kepi_store::Store;
use serde_json::Value;

use crate::{
    support::{Project, kepi},
    tour::{get, wait_for},
};

const HEAD: &str = "project: desk\nname: Desk\nlanguage: 1\ntime_zone: UTC\n---\n";

/// Tickets from `data/*.csv`, with lines of the source and mappings of its own; attributes are declared before.
fn tickets(attributes: &str, source: &str, map: &str) -> String {
    let entity = if attributes.is_empty() {
        String::new()
    } else {
        format!("entity: ticket\nattributes:\n{attributes}---\n")
    };
    format!(
        "{entity}source: tickets\ninto: ticket\nfrom: {{csv: {{files: \"data/*.csv\"}}}}\n{source}map:\n  id: {{column: id, as: text, \
         required: true}}\n  opened_at: {{column: at, as: timestamp, required: true}}\n{map}"
    )
}

fn kpi(id: &str, measure: &str, period: &str, more: &str) -> String {
    format!("---\nkpi: {id}\nname: {id}\nbetter: lower\nmeasure: {{{measure}}}\nperiod: {period}\n{more}")
}

fn desk(definitions: &str, files: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    project.write("kepi.yml", &format!("{HEAD}{definitions}"));
    for (path, text) in files {
        project.write(path, text);
    }
    project
}

/// Values by period and segment, as CSV has them.
fn values(project: &Project, kpi: &str) -> BTreeMap<(String, String), String> {
    let csv = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
    let cells = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
    csv.lines().skip(1).map(cells).map(|row| ((row[1].clone(), row[2].clone()), row[3].clone())).collect()
}

/// What the whole comes to in each period.
fn totals(project: &Project, kpi: &str) -> Vec<(String, String)> {
    let all = values(project, kpi).into_iter();
    all.filter(|((_, segment), _)| segment.is_empty()).map(|((period, _), value)| (period, value)).collect()
}

fn of(period: &str, value: &str) -> (String, String) {
    (period.to_owned(), value.to_owned())
}

fn shown(project: &Project, arguments: &[&str]) -> Value {
    let all = [&["show"][..], arguments, &["--format", "json"]].concat();
    serde_json::from_str(&project.ok(&all)).unwrap()
}

#[test]
fn another_first_month_of_the_year_leaves_no_quarter_of_the_old_one() {
    let definitions =
        tickets("", "mode: append\n", "") + kpi("tickets", "count: {of: ticket}", "quarter", "").as_str();
    let project = desk(&definitions, &[("data/a.csv", "id,at\n1,2026-01-05\n2,2026-02-05\n")]);
    let by_year = format!("{HEAD}{definitions}");
    let by_april = by_year.replace("time_zone: UTC\n", "time_zone: UTC\nfiscal_year_start: april\n");
    for (text, quarter) in [(&by_year, "2026-Q1"), (&by_april, "2025/26-Q4"), (&by_year, "2026-Q1")] {
        project.write("kepi.yml", text);
        project.ok(&["run"]);
        assert_eq!(totals(&project, "tickets"), [of(quarter, "2")]);
    }
}

#[test]
fn rows_that_a_new_rule_rejects_leave_the_figures_and_are_said_beside_the_coverage() {
    let region = "  region: {column: region, as: text}\n";
    let rules = "rules:\n  - {name: no_south, require: region != 's', else: quarantine}\n";
    let of_kpi = kpi("tickets", "count: {of: ticket}", "month", "by: [region]\n");
    let definitions = |rules: &str| {
        tickets("  region: {type: text}\n", "mode: append\n", &format!("{region}{rules}")) + of_kpi.as_str()
    };
    let project = desk(&definitions(""), &[("data/a.csv", "id,at,region\n1,2026-01-05,n\n2,2026-02-05,s\n")]);
    project.ok(&["run"]);
    assert_eq!(totals(&project, "tickets"), [of("2026-01", "1"), of("2026-02", "1")]);
    project.write("kepi.yml", &format!("{HEAD}{}", definitions(rules)));
    project.fails(1, &["run"]);
    let now: Vec<_> = values(&project, "tickets").into_keys().collect();
    assert_eq!(now, [of("2026-01", ""), of("2026-01", "region=n")]);
    let told = shown(&project, &["kpi", "tickets"]);
    let gone: Vec<&str> =
        told["withdrawn"].as_array().unwrap().iter().filter_map(|g| g["segment"].as_str()).collect();
    assert_eq!(gone, ["", "region=s"], "{}", told["withdrawn"]);
    assert_eq!(told["quality"]["quarantined"], 1);
    assert!(
        project.ok(&["show", "kpi", "tickets"]).contains("rejected    1 of its sources' rows, in no figure")
    );
}

#[test]
fn a_kpi_dated_by_what_no_row_has_yet_holds_up_no_other() {
    let solved = "  solved_at: {column: solved, as: date}\n";
    let dated = kpi("opened", "count: {of: ticket}", "month", "")
        + kpi("solved", "count: {of: ticket, at: solved_at}", "month", "").as_str();
    let project = desk(
        &(tickets("", "mode: append\n", solved) + dated.as_str()),
        &[("data/a.csv", "id,at,solved\n1,2026-01-05,\n2,2026-02-05,\n")],
    );
    project.ok(&["check"]);
    project.ok(&["run"]);
    assert_eq!(totals(&project, "opened"), [of("2026-01", "1"), of("2026-02", "1")]);
    let (_, stderr) = project.fails(3, &["show", "kpi", "solved"]);
    assert!(stderr.contains("no row of `ticket` counts for it"), "{stderr}");
    assert!(!stderr.contains("nothing has been computed"), "{stderr}");
}

/// Case 23: tickets in every month, a complaint only in February, never an outage.
#[test]
fn months_without_a_complaint_are_the_best_there_are_on_scorecard_and_page() {
    let targets = "objective: quiet\nindicator: lagging\naccountable: head\ntargets:\n  - {from: 2026-01-01, threshold: 3, target: 1, stretch: \
                   0, basis: {expectation: guess}}\n";
    let count = |id: &str, which: &str| kpi(id, &format!("count: {{of: ticket{which}}}"), "month", targets);
    let definitions = "person: head\nname: Head\n---\nstrategy: s\nmission: Quiet.\nperspectives: {customers: {name: Customers}}\n\
                       objectives: {quiet: {name: Quiet, perspective: customers}}\n---\n"
        .to_owned()
        + tickets(
            "  kind: {type: text}\n",
            "mode: append\ncomplete_until: 2026-04-30\n",
            "  kind: {column: kind, as: text}\n",
        ).as_str()
        + count("complaints", ", where: kind = 'complaint'").as_str()
        + count("outages", ", where: kind = 'outage'").as_str()
        + count("tickets", "").as_str()
        + "---\nscorecard: service\nname: Service\nperiod: month\nperspectives: {customers: {weight: 100%, objectives: {quiet: {weight: 100%, \
           kpis: {complaints: 50%, outages: 30%, tickets: 20%}}}}}\n";
    let rows = "id,at,kind\n1,2026-01-10,question\n2,2026-02-10,complaint\n3,2026-02-11,complaint\n4,2026-03-10,question\n5,2026-04-10,question\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    project.ok(&["run"]);
    let months = |counts: [&str; 4]| -> Vec<(String, String)> {
        counts.iter().enumerate().map(|(n, count)| of(&format!("2026-0{}", n + 1), count)).collect()
    };
    assert_eq!(totals(&project, "complaints"), months(["0", "2", "0", "0"]));
    assert_eq!(totals(&project, "outages"), months(["0", "0", "0", "0"]));
    // 0.5 · 75 + 0.3 · 120 + 0.2 · 75, and 0.5 · 120 + 0.3 · 120 + 0.2 · 100.
    for (month, score) in [("2026-02", 88.5), ("2026-03", 116.0)] {
        assert_eq!(shown(&project, &["scorecard", "--period", month])["score"], score, "{month}");
    }
    // Behind a zero there are no cases, so none of them is missing.
    let card = project.ok(&["show", "scorecard", "--period", "2026-03"]);
    let line = card.lines().find(|line| line.contains("complaints")).unwrap();
    assert!(line.contains(" – ") && !line.contains(" 0 %"), "{card}");
    let (_server, address) = project.serve();
    // Where the scorecard leads to, there is a page: in the last month, and of what never was.
    for path in ["/kpis/complaints?period=2026-04", "/kpis/outages?period=2026-01"] {
        assert!(wait_for(&address, path).starts_with("HTTP/1.1 200"), "{path}");
    }
}

#[test]
fn scales_longer_than_any_question_has_are_findings() {
    let score = "  score: {column: score, as: integer}\n";
    let file = [("data/a.csv", "id,at,score\n1,2026-01-05,5\n")];
    for scale in ["-9223372036854775808..9223372036854775807", "0..9223372036854775807", "0..1000000000"] {
        let declared =
            tickets(&format!("  score: {{type: integer, scale: {scale}}}\n"), "mode: append\n", score)
                + kpi("score", "mean: {of: ticket, value: score}", "month", "").as_str();
        let asked = |what: &str| {
            tickets("  score: {type: integer}\n", "mode: append\n", score)
                + kpi(
                    "score",
                    &format!("satisfaction: {{of: ticket, answer: score, scale: {scale}, {what}}}"),
                    "month",
                    "",
                )
                .as_str()
        };
        for definitions in [declared, asked("top: 2"), asked("summary: mean")] {
            let project = desk(&definitions, &file);
            let (stdout, stderr) = project.fails(1, &["check"]);
            assert!(stdout.contains(&format!("the scale `{scale}` is too long")), "{stdout}{stderr}");
            project.fails(3, &["run"]);
        }
    }
}

#[test]
fn a_sum_beyond_what_floating_point_holds_shows_its_true_digits_on_every_way_out() {
    let definitions = tickets("  n: {type: integer}\n", "mode: append\n", "  n: {column: n, as: integer}\n")
        + kpi("sum", "sum: {of: ticket, value: n}", "month", "").as_str();
    let project =
        desk(&definitions, &[("data/a.csv", "id,at,n\n1,2026-01-05,9007199254740993\n2,2026-01-06,0\n")]);
    project.ok(&["run"]);
    let (plain, parted) = ("9007199254740993", "9\u{202f}007\u{202f}199\u{202f}254\u{202f}740\u{202f}993");
    assert!(project.ok(&["show", "kpi", "sum"]).contains(parted));
    assert_eq!(totals(&project, "sum"), [of("2026-01", plain)]);
    let told = shown(&project, &["kpi", "sum"]);
    assert_eq!((&told["kpi"]["value"]["exact"], &told["values"][0]["exact"]), (&plain.into(), &plain.into()));
    assert_eq!(told["kpi"]["history"][0]["exact"], plain, "{}", told["kpi"]["history"]);
    let (_server, address) = project.serve();
    assert!(wait_for(&address, "/kpis/sum").contains(parted));
    assert!(get(&address, "/kpis/sum/values.csv").unwrap().contains(&format!("sum,2026-01,,{plain},")));
    assert!(get(&address, "/api/v1/kpis/sum").unwrap().contains(&format!("\"exact\":\"{plain}\"")));
}

#[test]
fn what_cannot_part_cells_or_is_no_pattern_is_a_finding() {
    let definitions =
        tickets("", "mode: append\n", "") + kpi("tickets", "count: {of: ticket}", "month", "").as_str();
    let files = "files: \"data/*.csv\"";
    for (instead, code) in [
        ("files: \"data/*.csv\", delimiter: \"\\\"\"", "K0405"),
        ("files: \"data/*.csv\", delimiter: \"\\n\"", "K0405"),
        ("files: \"data/*.csv\", delimiter: \"0\"", "K0405"),
        ("files: \"data/[\"", "K0440"),
    ] {
        let project = desk(&definitions.replace(files, instead), &[("data/a.csv", "id,at\n1,2026-01-05\n")]);
        let (stdout, _) = project.fails(1, &["check"]);
        assert!(stdout.contains(&format!("error[{code}]")), "{instead}: {stdout}");
    }
}

#[test]
fn codes_off_a_scale_are_told_by_their_text_when_they_land_and_on_the_page() {
    let score = "  score: {column: score, as: integer}\n";
    let definitions = tickets("  score: {type: integer, scale: 1..5}\n", "mode: append\n", score)
        + kpi("score", "mean: {of: ticket, value: score}", "month", "").as_str();
    let rows =
        "id,at,score\n1,2026-01-05,5\n2,2026-01-06,11\n3,2026-01-07,0\n4,2026-01-08,4\n5,2026-01-09,11\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    let said = project.kepi(&["run"]);
    let said = String::from_utf8(said.stderr).unwrap();
    for code in ["2 × `11`", "1 × `0`"] {
        assert!(
            said.contains(&format!("`score`: {code}, off the scale 1..5; not counted as an answer")),
            "{said}"
        );
    }
    assert_eq!(totals(&project, "score"), [of("2026-01", "4.5")]);
    let (_server, address) = project.serve();
    let page = wait_for(&address, "/kpis/score");
    assert!(page.contains("`11`, off the scale 1..5") && page.contains("`0`, off the scale 1..5"), "{page}");
    // A code for "no answer" that is an answer on the scale swallows answers.
    let swallows = score.replace("as: integer", "as: integer, missing: {\"1\": blank}");
    project.write("kepi.yml", &format!("{HEAD}{}", definitions.replace(score, &swallows)));
    let (found, _) = project.fails_or_not(&["check"]);
    assert!(found.contains("warning[K0431]: `1` means \"no value\" here"), "{found}");
}

#[test]
fn a_file_that_is_left_out_since_it_equals_another_is_named() {
    let definitions = tickets("", "mode: append\nidentical: skip\n", "")
        .replace("id: {column: id, as: text, required: true}", "id: {position: file and row}")
        + kpi("tickets", "count: {of: ticket}", "month", "").as_str();
    let text = "id,at\n1,2026-01-05\n";
    let project = desk(&definitions, &[("data/north.csv", text), ("data/south.csv", text)]);
    let said = String::from_utf8(project.kepi(&["run"]).stderr).unwrap();
    assert!(
        said.contains("left out: data/south.csv has the very same bytes as data/north.csv, which has landed"),
        "{said}"
    );
    // Unless the source says so, they are two files.
    project.write("kepi.yml", &format!("{HEAD}{}", definitions.replace("identical: skip\n", "")));
    project.ok(&["run"]);
    assert_eq!(totals(&project, "tickets"), [of("2026-01", "2")]);
}

#[test]
fn the_file_that_was_written_last_is_the_newer_one_where_a_source_says_so() {
    let state = "  status: {column: status, as: text}\n";
    let definitions = tickets("", "mode: upsert\norder: modification time\n", state)
        + kpi("solved", "count: {of: ticket, where: status = 'solved'}", "month", "").as_str();
    let project = desk(
        &definitions,
        &[
            ("data/z.csv", "id,at,status\n1,2026-01-05,open\n"),
            ("data/a.csv", "id,at,status\n1,2026-01-05,solved\n"),
        ],
    );
    for (name, days) in [("z", 10), ("a", 20)] {
        let file =
            File::options().append(true).open(project.path().join(format!("data/{name}.csv"))).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)).unwrap();
    }
    let said = String::from_utf8(project.kepi(&["run"]).stderr).unwrap();
    assert!(said.contains("in order of modification time; `data/a.csv` counts as the newest"), "{said}");
    assert_eq!(totals(&project, "solved"), [of("2026-01", "1")]);
}

#[test]
fn a_rule_lets_pass_what_it_cannot_judge() {
    let score = "  score: {column: score, as: integer}\nrules:\n  - {name: on_the_scale, require: score between 0 and 10, else: quarantine}\n";
    let definitions =
        tickets("  score: {type: integer}\n", "mode: append\nquarantine: {at_most: 50%}\n", score)
            + kpi("tickets", "count: {of: ticket}", "month", "").as_str();
    let project = desk(
        &definitions,
        &[("data/a.csv", "id,at,score\n1,2026-01-05,5\n2,2026-01-06,\n3,2026-01-07,11\n")],
    );
    project.ok(&["run"]);
    assert_eq!(totals(&project, "tickets"), [of("2026-01", "2")]);
}

#[test]
fn seconds_since_1970_and_their_parts_are_read_as_declared() {
    for (unit, text) in [
        ("seconds", "1772355600"),
        ("milliseconds", "1772355600123"),
        ("microseconds", "1772355600123456"),
        ("nanoseconds", "1772355600123456000"),
    ] {
        let at = format!("as: timestamp, format: epoch {unit}");
        let within = "opened_at >= '2026-03-01T09:00:00Z' and opened_at < '2026-03-01T09:00:01Z'";
        let definitions = tickets("", "mode: append\n", "").replace("as: timestamp", &at)
            + kpi("tickets", &format!("count: {{of: ticket, where: \"{within}\"}}"), "month", "").as_str();
        let project = desk(&definitions, &[("data/a.csv", &format!("id,at\n1,{text}\n"))]);
        project.ok(&["run"]);
        assert_eq!(totals(&project, "tickets"), [of("2026-03", "1")], "{unit}");
    }
}

#[test]
fn columns_are_taken_apart_and_several_answers_asked_at_once() {
    let attributes = "  full: {type: text}\n  born: {type: date}\n  c1: {type: integer}\n  c2: {type: integer}\n  seen: {type: boolean}\n  \
                      last: {type: text}\n";
    let map = "  full: {column: full, as: text}\n  born: {column: born, as: date}\n  c1: {column: c1, as: integer}\n  c2: {column: c2, as: \
               integer}\n  seen: {expression: \"any of [c1, c2] = 11\"}\n  last: {expression: \"upper(split_part(replace(full, '_', ' '), ' ', \
               2))\"}\n";
    let by = "by: {last: last, first: \"lower(substring(full, 1, 3))\", day: \"weekday(opened_at)\", hour: \"hour(opened_at)\", age: \
              \"bands(years_between(born, opened_at), 25, 45)\"}\n";
    let definitions = tickets(attributes, "mode: append\n", map)
        + kpi("tickets", "count: {of: ticket}", "month", by).as_str()
        + kpi("seen", "share: {of: ticket, which: seen}", "month", "").as_str();
    // 2 March 2026 was a Monday; who was born on 3 March 2001 was still 24, and on 8 March 1981 is 45 on that day.
    let rows = "id,at,full,born,c1,c2\n1,2026-03-02T09:30:00,Ann_Lee,2001-03-03,1,11\n2,2026-03-08T23:59:00,Bob_May,1981-03-08,2,\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    project.ok(&["run"]);
    let found = values(&project, "tickets");
    for segment in [
        "last=LEE",
        "last=MAY",
        "first=ann",
        "first=bob",
        "day=monday",
        "day=sunday",
        "hour=9",
        "hour=23",
        "age=24 or less",
        "age=45 or more",
    ] {
        assert_eq!(found.get(&of("2026-03", segment)).map(String::as_str), Some("1"), "{segment}: {found:?}");
    }
    assert_eq!(totals(&project, "seen"), [of("2026-03", "0.5")]);
}

#[test]
fn one_weight_that_outweighs_all_others_leaves_a_wide_interval() {
    let map = "  good: {column: good, as: boolean}\n  weight: {column: weight, as: integer}\n";
    let definitions = tickets("  good: {type: boolean}\n  weight: {type: integer}\n", "mode: append\n", map)
        + kpi("good", "share: {of: ticket, which: good}", "month", "weight: weight\n").as_str();
    let rows = "id,at,good,weight\n1,2026-01-05,true,1000\n2,2026-01-05,false,1\n3,2026-01-05,false,1\n4,2026-01-05,true,1\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    project.ok(&["run"]);
    // It is as good as one case: 1003² ÷ (1000² + 3).
    let told = shown(&project, &["kpi", "good"]);
    let value = &told["kpi"]["value"];
    let number = |name: &str| value[name].as_f64().unwrap();
    assert!((number("point") - 1001.0 / 1003.0).abs() < 1e-12, "{value}");
    assert!(number("high") - number("low") > 0.7, "{value}");
}

/// Somebody's text `unknown` is a member; rows without a value are another; and numbers in names count.
#[test]
fn a_text_that_says_unknown_is_not_a_missing_value_and_names_stand_by_their_numbers() {
    let definitions =
        tickets("  kind: {type: text}\n", "mode: append\n", "  kind: {column: kind, as: text}\n")
            + kpi("tickets", "count: {of: ticket}", "month", "by: [kind]\n").as_str();
    let rows = "id,at,kind\n1,2026-01-05,Category 13\n2,2026-01-05,Category 2\n3,2026-01-05,unknown\n4,2026-01-05,\n5,2026-01-05,\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    project.ok(&["run"]);
    let csv = project.ok(&["show", "kpi", "tickets", "--format", "csv"]);
    let segments: Vec<(&str, &str)> = csv
        .lines()
        .skip(2)
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|row| (row[2], row[3]))
        .collect();
    assert_eq!(
        segments,
        [("kind=Category 2", "1"), ("kind=Category 13", "1"), ("kind=unknown", "1"), ("kind", "2")]
    );
    let table = project.ok(&["show", "kpi", "tickets"]);
    assert!(table.contains("(no value)") && table.contains("unknown"), "{table}");
    let (_server, address) = project.serve();
    for segment in ["kind", "kind%3Dunknown"] {
        let path = format!("/kpis/tickets?segment={segment}&period=2026-01");
        assert!(wait_for(&address, &path).starts_with("HTTP/1.1 200"), "{path}");
    }
}

/// An issue tracker writes a column for every comment, all of one name; none of them is mapped.
#[test]
fn columns_of_one_name_that_nobody_maps_are_in_nobodys_way() {
    let time = "as: timestamp, format: \"%d/%b/%y %I:%M %p\"";
    let definitions = tickets("", "mode: append\n", &format!("  solved_at: {{column: solved, {time}}}\n"))
        .replace("column: at, as: timestamp", &format!("column: at, {time}"))
        + kpi(
            "quick",
            "duration: {of: ticket, from: opened_at, until: solved_at, within: 48 hours}",
            "month",
            "",
        )
        .as_str();
    // 24 hours, 72 hours, 48 hours to the minute, and one that is not solved; 12:05 AM is five past midnight.
    let rows = "id,at,Comment,Comment,solved,Comment\n1,01/Mar/26 12:05 AM,a,b,02/Mar/26 12:05 AM,\n2,01/Mar/26 09:00 AM,,,04/Mar/26 09:00 AM,c\n\
                3,01/Mar/26 01:00 PM,,,03/Mar/26 01:00 PM,\n4,05/Mar/26 01:00 PM,,,,\n5,31/Mar/26 11:00 PM,,,31/Mar/26 11:30 PM,\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    project.ok(&["run"]);
    assert_eq!(totals(&project, "quick"), [of("2026-03", "0.6")]);
}

#[test]
fn what_the_first_rows_of_all_sources_would_get_wrong_is_told_at_once() {
    let other = "---\nsource: other\ninto: order\nfrom: {csv: {files: \"more/*.csv\"}}\nmode: append\nmap:\n  id: {column: nr, as: text}\n  \
                 ordered_at: {column: at, as: date}\n";
    let definitions = tickets("  n: {type: integer}\n", "mode: append\n", "  n: {column: n, as: integer}\n")
        + other
        + kpi("tickets", "count: {of: ticket}", "month", "").as_str();
    let project = desk(
        &definitions,
        &[("data/a.csv", "id,at,n\n1,05.01.2026,x\n"), ("more/b.csv", "id,at\n1,2026-01-01\n")],
    );
    let (stdout, _) = project.fails(1, &["check", "--data", "--format", "json"]);
    let found: Value = serde_json::from_str(&stdout).unwrap();
    let at: Vec<(&str, &str)> = found["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["file"].as_str().unwrap(), one["column"].as_str().unwrap()))
        .collect();
    assert_eq!(at, [("more/b.csv", "nr"), ("data/a.csv", "at"), ("data/a.csv", "n")], "{found}");
    assert!(found["sources"][1]["fix"].as_str().unwrap().contains("format: "), "{found}");
    assert!(!project.path().join(".kepi").exists(), "looking lands nothing");
}

#[test]
fn a_project_made_of_json_is_checked_and_computes() {
    let lines = "{\"id\":\"1\",\"at\":\"2026-01-05T10:00:00Z\",\"score\":9}\n{\"id\":\"2\",\"at\":\"2026-01-05T11:00:00Z\",\"score\":3}\n";
    let list = lines.trim_end().replace('\n', ",");
    // A list within an object on one line, beside a shorter one.
    let document = format!("{{\"meta\":{{\"pages\":[{{\"n\":1}}]}},\"data\":{{\"answers\":[{list}]}}}}\n");
    for (name, bytes, from) in [
        ("answers.ndjson", lines, "{ndjson: {files: "),
        ("answers.json", &document, "rows: \"data.answers\"}}"),
    ] {
        let (elsewhere, made) = (Project::empty(), Project::empty());
        elsewhere.write(name, bytes);
        let file = elsewhere.path().join(name);
        let said = made.kepi(&["init", made.path().to_str().unwrap(), "--from", file.to_str().unwrap()]);
        assert!(said.status.success(), "{said:?}");
        for arguments in [&["check", "--data"][..], &["run"]] {
            made.ok(arguments);
        }
        assert_eq!(totals(&made, "answers_count"), [of("2026-01-05", "2")]);
        let text: String = ["kepi", "model", "sources", "kpis"]
            .map(|name| fs::read_to_string(made.path().join(format!("{name}.yml"))).unwrap())
            .concat();
        assert!(text.contains("# doubt: ") && text.contains(from), "{text}");
        assert_eq!(text.contains("there are also `meta.pages`"), name.ends_with(".json"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_a_writer_on_postgresql() {
    let Some(address) = kepi_testkit::postgres::fresh_database() else { return };
    let project = Project::example("tiny").stored_at(&address);
    project.ok(&["run"]);
    let store = Store::open(&project.location()).await.unwrap();
    // Somebody holds the write lock all the time.
    let writing = store.begin().await.unwrap();
    let began = Instant::now();
    for arguments in [
        &["show", "scorecard"][..],
        &["show", "kpi", "answers"],
        &["show", "sources"],
        &["explain"],
        &["check", "--data"],
        &["reproduce"],
    ] {
        project.ok(arguments);
    }
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
    drop(writing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_took_long_is_told_to_who_asks_only() {
    let Some(address) = kepi_testkit::postgres::fresh_database() else { return };
    let project = Project::example("tiny").stored_at(&address);
    project.ok(&["run"]);
    let store = Store::open(&project.location()).await.unwrap();
    for (level, told) in [(None, false), (Some("warn"), true)] {
        // Somebody holds the write lock for longer than a statement should take.
        let writing = store.begin().await.unwrap();
        let mut command = kepi();
        command
            .arg("-C")
            .arg(project.path())
            .args(["run", "--no-land", "--store", &address])
            .stderr(Stdio::piped())
            .stdout(Stdio::null());
        command.envs(level.map(|level| ("KEPI_LOG", level)));
        let waiting = command.spawn().unwrap();
        // Long enough for a process to begin on a busy machine.
        tokio::time::sleep(Duration::from_secs(if told { 6 } else { 2 })).await;
        drop(writing);
        let output = waiting.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("slow"), told, "KEPI_LOG {level:?}: {said}");
    }
}

#[test]
fn bands_and_weekdays_land_as_the_texts_they_are() {
    let map = "  age: {column: age, as: integer}\n  band: {bands: {value: age, edges: [25, 45, 65]}}\n  day: {expression: \
               \"weekday(opened_at)\"}\n";
    let attributes = "  age: {type: integer}\n  band: {type: text}\n  day: {type: text}\n";
    let definitions = tickets(attributes, "mode: append\n", map)
        + kpi("tickets", "count: {of: ticket}", "month", "by: [band, day]\n").as_str();
    let project = desk(&definitions, &[("data/a.csv", "id,at,age\n1,2026-03-02,25\n2,2026-03-02,70\n")]);
    project.ok(&["run"]);
    let found = values(&project, "tickets");
    for (segment, n) in [("band=25 to 44", "1"), ("band=65 or more", "1"), ("day=monday", "2")] {
        assert_eq!(found.get(&of("2026-03", segment)).map(String::as_str), Some(n), "{segment}: {found:?}");
    }
}

/// What lies between is zero and true; a page of it is not what anybody wants, nor that nobody says it.
#[test]
fn a_date_far_from_all_others_is_said_and_the_page_stays_one() {
    let definitions =
        tickets("", "mode: append\n", "") + kpi("tickets", "count: {of: ticket}", "day", "").as_str();
    let rows = "id,at\n1,1970-01-01\n2,2026-03-02\n3,2026-03-04\n";
    let project = desk(&definitions, &[("data/a.csv", rows)]);
    let said = String::from_utf8(project.kepi(&["run"]).stderr).unwrap();
    assert!(
        said.contains("`tickets` has rows in 1970-01-01, then none before 2026-03-02, 20514 periods later"),
        "{said}"
    );
    let (_server, address) = project.serve();
    let page = wait_for(&address, "/kpis/tickets");
    assert!(
        page.contains("20,117 further periods are in the download only")
            || page.contains("20\u{202f}117 further periods"),
        "{page}"
    );
    assert!(page.len() < 600_000, "{}", page.len());
    // What is asked for is shown however long ago it was.
    assert!(wait_for(&address, "/kpis/tickets?period=1970-01-01").contains("1970-01-02"));
}

/// Whether the whole is final in each month.
fn finality(project: &Project, kpi: &str) -> BTreeMap<String, bool> {
    let csv = project.ok(&["show", "kpi", kpi, "--format", "csv"]);
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let (period, segment, is_final) = (at("period"), at("segment"), at("final"));
    let total = lines.filter(|row| row[segment].is_empty());
    total.map(|row| (row[period].to_owned(), row[is_final] == "true")).collect()
}

#[test]
fn a_row_that_is_dated_after_the_run_makes_nothing_final() {
    let definitions =
        tickets("", "mode: append\n", "") + kpi("tickets", "count: {of: ticket}", "month", "").as_str();
    let project = desk(
        &definitions,
        &[("data/a.csv", "id,at\n1,2025-12-30\n2,2026-01-05\n"), ("data/ahead.csv", "id,at\n3,2026-03-01\n")],
    );
    // What is booked for March says nothing of January.
    project.set_clock("2026-01-20T12:00:00Z");
    project.ok(&["run"]);
    let known = |month: &str| finality(&project, "tickets")[month];
    assert_eq!(["2025-12", "2026-01", "2026-03"].map(known), [true, false, false]);
    project.set_clock("2026-02-03T12:00:00Z");
    project.ok(&["run"]);
    assert!(!known("2026-01"), "nothing came of February");
    project.write("data/b.csv", "id,at\n4,2026-02-02\n");
    project.ok(&["run"]);
    assert!(known("2026-01") && !known("2026-02"));
}

#[test]
fn nobody_knows_yet_that_days_to_come_are_complete() {
    let panel = "---\nentity: desk_day\nrows: {every: month, of: account, from: created_at}\n---\nsource: accounts\ninto: account\n\
                 from: {csv: {files: data/accounts.csv}}\nmode: append\n\
                 complete_until: 2026-12-31\nmap: {id: {column: id, as: text}, created_at: {column: at, as: date}}\n---\n\
                 kpi: customers\nname: Customers\nbetter: higher\nmeasure: {count: {of: desk_day}}\nperiod: month\n";
    let definitions = tickets("", "mode: append\ncomplete_until: 2026-12-31\n", "")
        + kpi("tickets", "count: {of: ticket}", "month", "").as_str()
        + panel;
    let files = [("data/a.csv", "id,at\n1,2026-01-05\n"), ("data/accounts.csv", "id,at\na,2026-01-02\n")];
    let project = desk(&definitions, &files);
    project.set_clock("2026-03-10T12:00:00Z");
    project.ok(&["run"]);
    // February is known by what is said of it, March is not over, and of April there is nothing to say.
    let expected = [("2026-01", true), ("2026-02", true), ("2026-03", false)];
    let expected = expected.map(|(month, is_final)| (month.to_owned(), is_final));
    for kpi in ["tickets", "customers"] {
        assert_eq!(finality(&project, kpi).into_iter().collect::<Vec<_>>(), expected, "{kpi}");
    }
}

#[test]
fn the_slowest_of_sources_that_are_expected_says_how_far_data_reach() {
    let south = "---\nsource: south\nextends: tickets\nfrom: {csv: {files: \"data/south_*.csv\"}}\n---\nentity: touch\n\
                 rows: {union: [ticket]}\n";
    let definitions = tickets("", "mode: append\nexpect: {every: week, by: \"06:00\"}\n", "")
        .replace("data/*.csv", "data/north_*.csv")
        + south
        + kpi("tickets", "count: {of: ticket}", "month", "").as_str()
        + kpi("touches", "count: {of: touch}", "month", "").as_str();
    let files = [
        ("data/north_1.csv", "id,at\nn1,2026-01-05\nn2,2026-01-28\nn3,2026-02-03\n"),
        ("data/south_1.csv", "id,at\ns1,2026-01-06\ns2,2026-01-10\n"),
    ];
    let project = desk(&definitions, &files);
    project.set_clock("2026-02-05T12:00:00Z");
    project.ok(&["run"]);
    // Of February there is a figure of what came, also where rows are made of it.
    for kpi in ["tickets", "touches"] {
        let known = finality(&project, kpi);
        assert_eq!(
            (known["2026-01"], known["2026-02"]),
            (false, false),
            "{kpi}: south has delivered to 10 January"
        );
    }
    project.write("data/south_2.csv", "id,at\ns3,2026-01-30\ns4,2026-02-02\n");
    project.set_clock("2026-02-06T12:00:00Z");
    project.ok(&["run"]);
    for kpi in ["tickets", "touches"] {
        let known = finality(&project, kpi);
        assert_eq!((known["2026-01"], known["2026-02"]), (true, false), "{kpi}");
    }
    project.ok(&["reproduce", "tickets", "--period", "2026-01"]);
}

/// What newer files or lists say is gone stays gone when an older file lands anew, by another mapping or a correction by hand.
#[test]
fn what_is_gone_stays_gone_when_older_rows_land_anew() {
    let counted = kpi("tickets", "count: {of: ticket}", "year", "");
    // The list sorts before its rows, and the older of two lists lacks what came since.
    let list = "---\nsource: a_keys\ninto: ticket\nmode: keys\nkeys_of: tickets\nfrom: {csv: {files: \"data/keys_*.csv\"}}\n\
                map:\n  id: {column: id, as: text, required: true}\n";
    let rows = tickets("  due: {type: text}\n", "mode: upsert\nquarantine: {at_most: 99%}\n", "")
        .replace("data/*.csv", "data/rows_*.csv");
    let mapped = |due: &str| {
        let rows = rows.replace("required: true}\n  opened_at", "required: true}\nDUE  opened_at");
        rows.replace("DUE", due) + list + counted.as_str()
    };
    let files = [
        ("data/rows_1.csv", "id,at\n1,2026-01-05\n2,2026-01-06\n3,2026-01-07\n"),
        ("data/rows_2.csv", "id,at\n4,2026-01-08\n9,nonsense\n"),
        ("data/keys_1.csv", "id\n1\n2\n"),
        ("data/keys_2.csv", "id\n1\n2\n4\n"),
    ];
    let project = desk(&mapped(""), &files);
    let of = |project: &Project| totals(project, "tickets");
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "3")], "1, 2 and 4");
    project.write("kepi.yml", &format!("{HEAD}{}", mapped("  due: {constant: soon}\n")));
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "3")]);
    // Nor by another mapping of the lists, of which the older lacks what came with the newer.
    let text = format!("{HEAD}{}", mapped("  due: {constant: soon}\n"));
    project.write(
        "kepi.yml",
        &text.replace("mode: keys\n", "mode: keys\ndates: {from: 1990-01-01, until: 2100-01-01}\n"),
    );
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "3")]);
    // A row that could not be read, and is none of the list.
    project.ok(&[
        "correct",
        "row",
        "tickets",
        "data/rows_2.csv",
        "2",
        "--set",
        "at=2026-01-09",
        "-m",
        "a slip",
    ]);
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "3")]);

    let snapshots = tickets("", "mode: snapshot\ndeletes: {at_most: 100%}\nquarantine: {at_most: 99%}\n", "")
        + counted.as_str();
    let files = [
        ("data/1.csv", "id,at\n1,2026-01-05\n2,2026-01-06\n3,2026-01-07\n5,nonsense\n"),
        ("data/2.csv", "id,at\n1,2026-01-05\n2,2026-01-06\n"),
    ];
    let project = desk(&snapshots, &files);
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "2")]);
    // The newest file has neither 3 nor the row that is corrected now.
    project.ok(&["correct", "row", "tickets", "data/1.csv", "4", "--set", "at=2026-01-09", "-m", "a slip"]);
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "2")]);
    // Nor when it is not there any more to say so again.
    fs::remove_file(project.path().join("data/2.csv")).unwrap();
    project.write(
        "kepi.yml",
        &format!(
            "{HEAD}{}",
            snapshots
                .replace("mode: snapshot", "dates: {from: 1990-01-01, until: 2100-01-01}\nmode: snapshot")
        ),
    );
    project.ok(&["run"]);
    assert_eq!(of(&project), [self::of("2026", "2")]);
}

#[test]
fn a_file_that_is_gone_is_named_when_its_source_reads_otherwise() {
    let definitions = tickets("  due: {type: date}\n", "mode: append\n", "  due: {column: due, as: date}\n")
        + kpi("due", "count: {of: ticket, at: due}", "month", "").as_str();
    let files = [
        ("data/1.csv", "id,at,due\n1,2026-01-05,2026-02-01\n2,2026-01-06,2026-02-01\n"),
        ("data/2.csv", "id,at,due\n3,2026-01-07,2026-02-01\n"),
    ];
    let project = desk(&definitions, &files);
    let run = || shown_of(&project, &["run", "--format", "json"])["read_before"].clone();
    assert_eq!(run(), Value::Null);
    fs::remove_file(project.path().join("data/1.csv")).unwrap();
    assert_eq!(run(), Value::Null, "it is read alike");
    project.write("kepi.yml", &format!("{HEAD}{definitions}").replace("UTC", "America/New_York"));
    let of = serde_json::json!([{"source": "tickets", "file": "data/1.csv", "files": 1, "rows": 2}]);
    assert_eq!(run(), of);
    let (out, said) = project.fails_or_not(&["run"]);
    let said = format!("{out}{said}");
    assert!(
        said.contains("read before: source `tickets`: 2 rows of `data/1.csv` stand as they were read before"),
        "{said}"
    );
    project.write(files[0].0, files[0].1);
    assert_eq!(run(), Value::Null);
    assert_eq!(totals(&project, "due"), [self::of("2026-02", "3")]);
}

fn shown_of(project: &Project, arguments: &[&str]) -> Value {
    serde_json::from_str(&project.ok(arguments)).unwrap()
}
