//! `kepi init --from`: what is guessed of a file is a project that is checked, computes, and says what it was not sure of.

use crate::support::{Project, root};

/// Five answers: German days, a semicolon, a decimal comma, a code for "no answer".
const ANSWERS: &str = "Antwort-ID;Beantwortet am;nps_score;Kanal;Preis EUR\n\
    a1;05.01.2026;10;Web;12,50\na2;17.01.2026;9;Telefon;7,25\na3;20.01.2026;3;Web;0,75\n\
    a4;02.02.2026;10;Telefon;20,00\na5;28.02.2026;NA;Web;100,00\n";

#[test]
fn a_project_made_from_a_file_is_checked_and_computes() {
    let (elsewhere, made) = (Project::empty(), Project::empty());
    elsewhere.write("answers.csv", ANSWERS);
    let file = elsewhere.path().join("answers.csv");
    let said = made.kepi(&["init", made.path().to_str().unwrap(), "--from", file.to_str().unwrap()]);
    assert!(said.status.success(), "{said:?}");
    let checked = made.kepi(&["check"]);
    assert!(checked.status.success(), "{checked:?}");
    assert!(!String::from_utf8_lossy(&checked.stderr).contains("warning["), "{checked:?}");
    made.ok(&["check", "--data"]);
    made.ok(&["run", "--quiet"]);
    // January: 10, 9, 3 are two promoters and a detractor of three; February: one promoter, one without an answer.
    let kpis = std::fs::read_to_string(made.path().join("kpis.yml")).unwrap();
    let nps = kpis.lines().filter_map(|l| l.strip_prefix("kpi: ")).find(|id| id.contains("nps")).unwrap();
    let table = made.ok(&["show", "kpi", nps, "--format", "csv"]);
    let value = |period: &str| {
        let row = table.lines().map(|l| l.split(',').collect::<Vec<_>>()).find(|r| r[1] == period).unwrap();
        assert_eq!(row[2], "", "the total stands first");
        row[3].parse::<f64>().unwrap()
    };
    assert!((value("2026-01") - 100.0 / 3.0).abs() < 1e-9, "{table}");
    assert!((value("2026-02") - 100.0).abs() < 1e-9, "{table}");
}

#[test]
fn shares_with_a_percent_sign_are_drafted_and_land_as_shares() {
    let (elsewhere, made) = (Project::empty(), Project::empty());
    elsewhere.write(
        "calls.csv",
        "call_id,called_on,quality\nc1,2026-03-01,85%\nc2,2026-03-02,90.5 %\nc3,2026-03-05,100%\n",
    );
    let file = elsewhere.path().join("calls.csv");
    let said = made.kepi(&["init", made.path().to_str().unwrap(), "--from", file.to_str().unwrap()]);
    assert!(said.status.success(), "{said:?}");
    made.write("more.yml", "kpi: quality\nname: Quality\nbetter: higher\nmeasure: {mean: {of: calls, value: quality}}\nperiod: year\n");
    made.ok(&["run", "--quiet"]);
    let table = made.ok(&["show", "kpi", "quality", "--format", "csv"]);
    let mean = table.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse::<f64>().unwrap();
    assert!((mean - (0.85 + 0.905 + 1.0) / 3.0).abs() < 1e-12, "{table}");
}

/// Three tickets as two libraries that many use write them: a serial number in a declared format and in a format of the
/// library's own, texts beside the cells and in a table, a second sheet. `tests/workbooks` holds what they wrote.
#[test]
fn workbooks_that_other_programs_wrote_are_read_as_they_are_shown() {
    for writer in ["openpyxl", "xlsxwriter"] {
        let made = Project::empty();
        let file = root().join(format!("crates/kepi/tests/workbooks/{writer}.xlsx"));
        let said = made.kepi(&["init", made.path().to_str().unwrap(), "--from", file.to_str().unwrap()]);
        assert!(said.status.success(), "{said:?}");
        let entity = writer;
        made.write(
            "more.yml",
            &format!(
                "kpi: price\nname: Price\nbetter: higher\nmeasure: {{mean: {{of: {entity}, value: price}}}}\nperiod: year\n---\n\
                 kpi: handled\nname: Handled\nbetter: lower\nmeasure: {{mean: {{of: {entity}, value: handled}}}}\nperiod: year\n---\n\
                 kpi: late\nname: Late\nbetter: lower\nmeasure: {{count: {{of: {entity}, where: \"hour(opened) = 23 and ok is null\"}}}}\nperiod: year\n"
            ),
        );
        made.ok(&["run", "--quiet"]);
        let value = |kpi: &str| {
            let table = made.ok(&["show", "kpi", kpi, "--format", "csv"]);
            table.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse::<f64>().unwrap()
        };
        // (12.50 + 0.75 + 7) ÷ 3; (4:30 + 26:01:00) ÷ 2 in seconds; one opened at 23:59 without an answer.
        assert_eq!((value("price"), value("handled"), value("late")), (6.75, 46_965.0, 1.0), "{writer}");
    }
}
