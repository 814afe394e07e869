//! Definitions come into force by a decision: proposed, agreed to by others, and only then computed by.

use serde_json::{Value, json};

use crate::support::Project;

const PEOPLE: &str = "---\nperson: ann\nname: Ann\n---\nperson: bea\nname: Bea\n---\nperson: carl\nname: Carl\n---\nperson: dan\nname: Dan\n";
const REVIEWED: &str = "---\ngovernance: company\nmode: reviewed\nowners: [ann, bea]\n";
const BOARD: &str = "---\ngovernance: company\nmode: board\nowners: [ann, bea]\nboard:\n  members: {finance: [bea], \
                     customer: [carl], data: [dan]}\n  quorum: 2\n";
const NPS: &str = "nps: {of: survey_response, answer: score}";
const NORTH: &str = "nps: {of: survey_response, answer: score, where: region = 'north'}";

/// A project in force, in which it is decided by a governance.
fn governed(governance: &str) -> Project {
    in_force(Project::example("tiny"), governance)
}

fn in_force(project: Project, governance: &str) -> Project {
    project.write("governance.yml", &format!("{PEOPLE}{governance}").replacen("---\n", "", 1));
    project.ok(&["run", "--quiet"]);
    project
}

fn edit(project: &Project, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    project.write(file, &text.replace(from, to));
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn item(project: &Project, number: &str) -> Value {
    json_of(&project.ok(&["item", number, "--format", "json"]))
}

/// The hash of what the published figures of the NPS mean.
fn meaning(project: &Project) -> String {
    let shown = json_of(&project.ok(&["show", "kpi", "recommendation", "--quiet", "--format", "json"]));
    shown["kpi"]["history"].to_string()
}

/// What events there are of a kind.
fn events(project: &Project, kind: &str) -> usize {
    let log = project.ok(&["audit", "log", "--kind", kind, "--limit", "1000", "--format", "json"]);
    json_of(&log).as_array().unwrap().len()
}

#[test]
fn where_it_is_reviewed_a_run_computes_by_what_is_in_force_until_another_agrees() {
    computes_by_what_is_in_force(&governed(REVIEWED));
}

fn computes_by_what_is_in_force(project: &Project) {
    let before = meaning(project);
    let adopted = events(project, "definition.adopted");
    edit(project, "kpis.yml", NPS, NORTH);
    // Nobody has proposed it: the run does its work, and says so.
    let (_, said) = project.fails(1, &["run"]);
    assert!(said.contains("WAITING: `kpi/recommendation` differs, and nobody has proposed it"), "{said}");
    assert_eq!((meaning(project), events(project, "definition.adopted")), (before.clone(), adopted));
    // Who is no person of the project proposes nothing.
    let (_, said) = project.fails(3, &["propose", "-m", "only the north"]);
    assert!(said.contains("G0701: who acts is no person of this project"), "{said}");
    let said = project.ok(&["propose", "-m", "only the north", "--as", "carl"]);
    assert!(said.contains("item 1: change_request (definition), review"), "{said}");
    assert!(said.contains("what is measured: "), "{said}");
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(said.contains("waiting: `kpi/recommendation` differs; item 1 proposes it"), "{said}");
    project.ok(&["run", "--quiet"]);
    assert_eq!(meaning(project), before);
    // It waits for everybody but him.
    let waiting = |person: &str| project.ok(&["inbox", "--quiet", "--as", person, "--format", "json"]);
    assert_eq!(json_of(&waiting("carl")), json!([]));
    assert_eq!(json_of(&waiting("dan"))[0]["why"], "only the north");
    let (_, said) = project.fails(3, &["approve", "1", "--as", "carl"]);
    assert!(said.contains("G0801: nobody decides on what they wrote themselves"), "{said}");
    let (_, said) = project.fails(3, &["approve", "1", "--as", "dan", "--content", "01234567"]);
    assert!(said.contains("not 01234567"), "{said}");
    let content = item(project, "1")["content"].as_str().unwrap()[..12].to_owned();
    project.ok(&["approve", "1", "--as", "dan", "-m", "agreed", "--content", &content]);
    let done = item(project, "1");
    assert_eq!((&done["state"], &done["ballots"][0]["why"]), (&json!("done"), &json!("agreed")));
    // In force, and not computed yet: that is the next run's.
    assert_eq!(events(project, "definition.adopted"), adopted + 1);
    assert_eq!(meaning(project), before);
    project.ok(&["run", "--quiet"]);
    assert_ne!(meaning(project), before);
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(!said.to_lowercase().contains("waiting"), "{said}");
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
    project.ok(&["reproduce", "--quiet"]);
    let log = project.ok(&["audit", "log", "--about", "item/1"]);
    assert!(log.contains("yes to content") && !log.contains("agreed"), "{log}");
}

#[test]
fn figures_by_both_definitions_stand_with_what_is_proposed_and_with_what_whoever_uses_it_is_told() {
    let project = Project::example("tiny");
    edit(&project, "kpis.yml", "kpi: recommendation\n", "kpi: recommendation\ninformed: [dan]\n");
    let project = in_force(project, REVIEWED);
    let points = |project: &Project| -> Vec<(String, f64)> {
        let shown = json_of(&project.ok(&["show", "kpi", "recommendation", "--quiet", "--format", "json"]));
        let history = shown["kpi"]["history"].as_array().unwrap().clone();
        history
            .iter()
            .map(|of| (of["period"].as_str().unwrap().to_owned(), of["point"].as_f64().unwrap()))
            .collect()
    };
    let before = meaning(&project);
    let was = points(&project);
    edit(&project, "kpis.yml", NPS, NORTH);
    let said = project.ok(&["propose", "-m", "only the north", "--as", "ann"]);
    assert!(said.contains("recommendation by both: ") && said.contains(" → "), "{said}");
    let figures = item(&project, "1")["figures"]["figures"].clone();
    assert_eq!((figures.as_array().unwrap().len(), &figures[0]["id"]), (1, &json!("recommendation")));
    let newest = figures[0]["newest"].as_array().unwrap().clone();
    assert!(newest.iter().all(|of| of["after"]["interval"].is_string()), "with their intervals: {newest:?}");
    // Where they differ: of the south nothing is left, of the north all.
    let parts: Vec<&str> =
        figures[0]["parts"].as_array().unwrap().iter().map(|of| of["part"].as_str().unwrap()).collect();
    assert!(parts.contains(&"region=south") && !parts.contains(&"region=north"), "{parts:?}");
    assert_eq!(meaning(&project), before, "nothing of it is published");
    // A run computes them anew of what has landed by then.
    project.fails_or_not(&["run", "--quiet"]);
    assert_eq!(item(&project, "1")["figures"]["figures"][0]["newest"], figures[0]["newest"]);
    project.ok(&["approve", "1", "--as", "bea"]);
    project.ok(&["run", "--quiet"]);
    // What was shown is what came.
    let now = points(&project);
    for of in &newest {
        for (which, all) in [("before", &was), ("after", &now)] {
            let text = of[which]["text"].as_str().unwrap().replace('−', "-");
            let (_, point) =
                all.iter().find(|(period, _)| *period == of["period"].as_str().unwrap()).unwrap();
            assert!((text.parse::<f64>().unwrap() - point).abs() <= 0.5, "{which}: {text} and {point}");
        }
    }
    // Whoever uses it is told with the same figures.
    let all = json_of(&project.ok(&["inbox", "--all", "--quiet", "--format", "json"]));
    let all = all.as_array().unwrap();
    let notice = all.iter().find(|of| of["kind"] == "change_notice").unwrap_or_else(|| panic!("{all:?}"));
    let told = item(&project, &notice["item"].to_string());
    assert_eq!(told["figures"]["figures"], figures);
    let words = project.ok(&["item", &notice["item"].to_string()]);
    assert!(words.contains("recommendation by both: "), "{words}");
}

#[test]
fn a_broken_folder_holds_no_figures_up_where_it_is_decided() {
    let project = governed(REVIEWED);
    edit(&project, "kpis.yml", NPS, "nps: {of: nothing}");
    let (_, said) = project.fails(1, &["run"]);
    assert!(said.contains("WAITING: the definitions in the folder have errors"), "{said}");
    project.fails(3, &["propose", "-m", "broken", "--as", "ann"]);
}

#[test]
fn nobody_lowers_the_mode_by_editing_a_file() {
    let project = governed(REVIEWED);
    edit(&project, "governance.yml", "mode: reviewed", "mode: open");
    edit(&project, "kpis.yml", NPS, NORTH);
    project.fails(1, &["run", "--quiet"]);
    project.ok(&["propose", "-m", "simpler", "--as", "ann"]);
    let of = item(&project, "1");
    assert_eq!(of["aspects"], json!(["governance", "definition"]));
    let (_, said) = project.fails(3, &["approve", "1", "--as", "ann"]);
    assert!(said.contains("G0801"), "{said}");
    // One other agrees to the definition; the mode waits for an owner.
    project.ok(&["approve", "1", "--as", "dan"]);
    assert_eq!(item(&project, "1")["missing"], json!([{"what": "owner", "of": ["bea"]}]));
    project.ok(&["approve", "1", "--as", "bea"]);
    assert_eq!(item(&project, "1")["state"], "done");
    // From then on a run puts in force what stands in the files.
    edit(&project, "kpis.yml", NORTH, NPS);
    project.ok(&["run", "--quiet"]);
    assert_eq!(events(&project, "governance.adopted"), 2);
}

#[test]
fn a_board_decides_and_whose_target_it_is_abstains() {
    let project = governed(BOARD);
    // The target of a KPI for which nobody of the board answers; then one for which carl does.
    edit(&project, "kpis.yml", "accountable: owner\n---", "accountable: carl\n---");
    project.ok(&["propose", "-m", "carl takes it over", "--as", "ann"]);
    let missing = item(&project, "1")["missing"].clone();
    assert_eq!(missing[0], json!({"what": "all", "of": ["carl", "owner"]}));
    assert_eq!(missing[1], json!({"what": "board", "of": ["bea", "dan"], "functions": [0, 2]}));
    for person in ["carl", "owner", "bea", "dan"] {
        assert_eq!(item(&project, "1")["state"], "review", "{person}");
        project.ok(&["approve", "1", "--as", person]);
    }
    assert_eq!(item(&project, "1")["state"], "done");
    // Item 2 hands the KPI over to carl.
    edit(&project, "kpis.yml", "target: 40", "target: 20");
    project.ok(&["propose", "-m", "too high", "--as", "ann"]);
    project.ok(&["approve", "3", "--as", "carl", "-m", "mine, I sign"]);
    project.ok(&["approve", "3", "--as", "bea"]);
    assert_eq!(item(&project, "3")["state"], "review", "his own function does not count");
    // A counter-offer voids what was said, and its writer does not decide on it.
    edit(&project, "kpis.yml", "target: 20", "target: 30");
    project.ok(&["propose", "--item", "3", "-m", "half way", "--as", "carl"]);
    let of = item(&project, "3");
    assert_eq!((&of["ballots"], &of["authors"]), (&json!([]), &json!(["ann", "carl"])));
    for person in ["ann", "bea", "dan"] {
        project.ok(&["approve", "3", "--as", person]);
    }
    assert_eq!(item(&project, "3")["state"], "done");
    let register = project.ok(&["register", "kpi/recommendation"]);
    assert!(register.contains("target: 30"), "{register}");
}

/// What looks like words and is none: who is away, which rows are a unit's; and targets that another KPI has by extending one.
#[test]
fn what_moves_somebodys_figures_or_work_is_agreed_to_and_whoever_it_concerns_is_asked() {
    let project = Project::example("tiny");
    let own = "targets:\n  - {from: 2015-01-01, threshold: 0, target: 20, basis: {negotiated: by hand}}\n";
    project.write(
        "more.yml",
        &format!(
            "kpi: asked\nname: Asked\nbetter: higher\nmeasure:\n  {NPS}\nperiod: month\naccountable: carl\n{own}---\nkpi: asked_again\n\
             extends: asked\nname: Asked again\naccountable: dan\n---\nunit: north\nparent: company\nlevel: region\nname: north\n"
        ),
    );
    let project = in_force(project, REVIEWED);
    edit(&project, "more.yml", "target: 20", "target: 12");
    let said = project.ok(&["propose", "-m", "lower", "--as", "carl"]);
    assert!(said.contains("change_request (target), review"), "{said}");
    let shown = item(&project, "1");
    assert_eq!(shown["concerned"], json!(["carl", "dan"]), "{shown}");
    // Dan has it as well: he signs it, and nobody agrees to it in his place.
    let (_, said) = project.fails(3, &["approve", "1", "--as", "bea"]);
    assert!(said.contains("G0803"), "{said}");
    project.ok(&["approve", "1", "--as", "dan"]);
    assert_eq!(item(&project, "1")["state"], "done");
    // Whoever is away has her work done by another: somebody else has to agree that she is.
    edit(
        &project,
        "governance.yml",
        "name: Bea",
        "name: Bea\naway: [{from: 2026-11-01, until: 2027-11-01}]\nsubstitute: carl",
    );
    let said = project.ok(&["propose", "-m", "she is away", "--as", "carl"]);
    assert!(said.contains("item 2: change_request (owner, absence), review"), "{said}");
    project.ok(&["withdraw", "2", "--as", "carl"]);
    edit(&project, "governance.yml", "\naway: [{from: 2026-11-01, until: 2027-11-01}]\nsubstitute: carl", "");
    edit(&project, "more.yml", "level: region\nname: north", "level: region\nname: south");
    let said = project.ok(&["propose", "-m", "names only", "--as", "carl"]);
    assert!(said.contains("item 3: change_request (definition), review"), "{said}");
    project.ok(&["withdraw", "3", "--as", "carl"]);
    // Whose pay hangs on what a KPI means does not decide what it means.
    let more = std::fs::read_to_string(project.path().join("more.yml")).unwrap();
    let pay =
        "---\nincentive_plan: desk\nname: Desk\nfrom: 2026-01-01\nweights: {asked: 60%}\npeople: [bea]\n";
    project.write(
        "more.yml",
        &more.replace(NPS, NORTH).replace("level: region\nname: south", "level: region\nname: north"),
    );
    project.write("pay.yml", pay);
    project.ok(&["propose", "-m", "only the north", "--as", "carl"]);
    assert_eq!(item(&project, "4")["paid"], json!(["bea"]));
    let (_, said) = project.fails(3, &["approve", "4", "--as", "bea"]);
    assert!(said.contains("G0802"), "{said}");
    project.ok(&["withdraw", "4", "--as", "carl"]);
    // Of its target he decides nothing, either: who answers for it signs, and somebody who is not paid by it.
    project.write("more.yml", &more.replace("level: region\nname: south", "level: region\nname: north"));
    project.ok(&["propose", "-m", "what is paid", "--as", "carl"]);
    project.ok(&["approve", "5", "--as", "ann"]);
    edit(&project, "more.yml", "target: 12", "target: 10");
    project.ok(&["propose", "-m", "lower", "--as", "dan"]);
    let shown = item(&project, "6");
    assert_eq!((&shown["concerned"], &shown["paid"]), (&json!(["carl", "dan"]), &json!(["bea"])), "{shown}");
    let (_, said) = project.fails(3, &["approve", "6", "--as", "bea"]);
    assert!(said.contains("G0802"), "{said}");
    let said = project.ok(&["item", "6"]);
    assert!(said.contains("pay of bea hangs on it: they decide on nothing of it"), "{said}");
    project.ok(&["approve", "6", "--as", "carl"]);
    assert_eq!(item(&project, "6")["state"], "done");
}

#[test]
fn what_was_adopted_otherwise_meanwhile_goes_back_and_is_written_anew() {
    let project = governed(REVIEWED);
    edit(&project, "kpis.yml", NPS, NORTH);
    project.ok(&["propose", "-m", "north", "--as", "ann"]);
    edit(&project, "kpis.yml", NORTH, "nps: {of: survey_response, answer: score, where: region = 'south'}");
    project.ok(&["propose", "-m", "south", "--as", "bea"]);
    project.ok(&["approve", "1", "--as", "carl"]);
    // Both touch the same line: it is its author's again, with what contradicts.
    let (_, said) = project.fails(3, &["approve", "2", "--as", "carl"]);
    assert!(said.contains("G0804"), "{said}");
    let returned = item(&project, "2");
    assert_eq!(returned["state"], "draft");
    assert!(returned["contradicts"][0].as_str().unwrap().contains("'north'}` in force since"), "{returned}");
    let mine = json_of(&project.ok(&["inbox", "--quiet", "--as", "bea", "--format", "json"]));
    assert_eq!(mine[0]["item"], 2);
    // The folder says what it said, and undoes nothing by oversight.
    let (_, said) = project.fails(3, &["propose", "--item", "2", "-m", "south after all", "--as", "bea"]);
    assert!(said.contains("kepi pull --settled"), "{said}");
    let (told, _) = project.fails(1, &["pull"]);
    assert!(told.contains("CONTRADICTS kpi/recommendation (kpis.yml)"), "{told}");
    project.ok(&["pull", "--settled"]);
    project.ok(&["propose", "--item", "2", "-m", "south after all", "--as", "bea"]);
    project.ok(&["reject", "2", "--as", "carl", "-m", "no"]);
    assert_eq!(item(&project, "2")["state"], "rejected");
    // A new KPI is more than words; words are nobody's business.
    edit(&project, "kpis.yml", "where: region = 'south'", "where: region = 'north'");
    edit(&project, "kpis.yml", "name: Answers", "name: Answers that came");
    // By then whoever answers for it has a notice of what came into force, 3.
    project.ok(&["propose", "-m", "clearer", "--as", "carl"]);
    assert_eq!(
        (&item(&project, "3")["kind"], &item(&project, "4")["state"]),
        (&json!("change_notice"), &json!("done"))
    );
    project.ok(&["run", "--quiet"]);
}

#[test]
fn a_closed_period_keeps_its_official_figures_and_what_comes_later_stands_beside_them() {
    let project = governed(REVIEWED);
    let agreed = |by: &str, number: &str, arguments: &[&str]| {
        project.ok(&[arguments, &["-m", "as reported", "--as", by]].concat());
        assert_eq!(
            item(&project, number)["state"],
            if arguments[0] == "close" { "sign_off" } else { "check" }
        );
        project.ok(&["approve", number, "--as", if by == "ann" { "bea" } else { "ann" }]);
        assert_eq!(item(&project, number)["state"], "done");
    };
    let (_, said) = project.fails(3, &["periods", "2026-01"]);
    assert!(said.contains("2026-01 is not closed"), "{said}");
    let (_, said) = project.fails(3, &["close", "1999", "-m", "long ago", "--as", "ann"]);
    assert!(said.contains("G0904: nothing is published of it"), "{said}");
    agreed("ann", "1", &["close", "2026-01"]);
    let official = |restated: bool| {
        let figures = json_of(&project.ok(&["periods", "2026-01", "--format", "json"]));
        let of = |of: &&Value| of["kpi"] == "recommendation" && of["segment"] == "";
        let of = figures.as_array().unwrap().iter().find(of).unwrap().clone();
        assert_eq!(of["restated"].is_string(), restated, "{of}");
        of
    };
    let first = official(false);
    // The page of the KPI says the same, of this period and of no other.
    let shown = |period: &str| project.ok(&["show", "kpi", "recommendation", "--period", period, "--quiet"]);
    let says = |figure: &Value, what: &str| {
        let page = shown("2026-01");
        let (figure, what) = (figure.as_str().unwrap(), format!(" is official{what}"));
        assert!(page.contains("2026-01 was closed") && page.contains(&format!("{figure}{what}")), "{page}");
    };
    says(&first["official"], ", and nothing was computed otherwise since");
    assert!(!shown("2026-02").contains("is official"));
    assert_eq!(json_of(&project.ok(&["periods", "--format", "json"]))["closed"][0]["restated"], 0);
    // Another definition from ever computes the closed period otherwise: both stand.
    edit(&project, "kpis.yml", NPS, NORTH);
    project.ok(&["propose", "-m", "north", "--as", "ann"]);
    project.ok(&["approve", "2", "--as", "carl"]);
    project.ok(&["run", "--quiet"]);
    let second = official(true);
    assert_eq!(second["official"], first["official"]);
    // So does the score that people saw when it was closed.
    let scores = json_of(&project.ok(&["periods", "2026-01", "--format", "json"]));
    let score = scores.as_array().unwrap().iter().find(|of| of["is_score"] == true).unwrap();
    let (then, id) = (score["official"].as_str().unwrap(), score["kpi"].as_str().unwrap());
    let page = project.ok(&["show", "scorecard", id, "--period", "2026-01", "--quiet"]);
    assert!(page.contains("2026-01 was closed") && page.contains(&format!("{then} is official")), "{page}");
    let page = project.ok(&["show", "scorecard", id, "--period", "2026-02", "--quiet"]);
    assert!(!page.contains("is official"), "{page}");
    assert_ne!(second["restated"], first["official"]);
    says(
        &first["official"],
        &format!("; it is {} since, and both stand", second["restated"].as_str().unwrap()),
    );
    // Only others take it over, as the next version; and the first stays known.
    agreed("bea", "4", &["close", "2026-01"]);
    assert_eq!(official(false)["official"], second["restated"]);
    says(&second["restated"], " (version 2), and nothing was computed otherwise since");
    let closed = json_of(&project.ok(&["periods", "--format", "json"]))["closed"].clone();
    assert_eq!((&closed[0]["version"], &closed[1]["version"]), (&json!(1), &json!(2)));
    assert!(closed[0]["restated"].as_u64() > Some(0) && closed[1]["restated"] == 0, "{closed}");
    // Frozen days: nothing that changes what holds on them, until others lift it.
    agreed("ann", "5", &["freeze", "2026-H1"]);
    edit(&project, "kpis.yml", NORTH, NPS);
    let (_, said) = project.fails(3, &["propose", "-m", "back", "--as", "carl"]);
    assert!(said.contains("G0901: it changes what holds between 2026-01-01 and 2026-07-01"), "{said}");
    let (_, said) = project.fails(1, &["run"]);
    assert!(said.contains("WAITING"), "{said}");
    agreed("bea", "6", &["lift", "5"]);
    project.ok(&["propose", "-m", "back", "--as", "carl"]);
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn in_an_open_project_a_freeze_holds_a_run_back_too() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let before = meaning(&project);
    project.ok(&["freeze", "2026-Q1", "-m", "while it is judged"]);
    edit(&project, "kpis.yml", NPS, NORTH);
    let (_, said) = project.fails(1, &["run"]);
    assert!(said.contains("WAITING: `kpi/recommendation` differs"), "{said}");
    assert_eq!(meaning(&project), before);
    project.ok(&["lift", "1", "-m", "judged"]);
    project.ok(&["run", "--quiet"]);
    assert_ne!(meaning(&project), before);
}

#[test]
fn an_overridden_figure_is_said_with_what_was_computed_until_that_is_restored() {
    is_overridden_and_restored(&governed(REVIEWED));
}

fn is_overridden_and_restored(project: &Project) {
    let shown = || {
        json_of(&project.ok(&[
            "show",
            "kpi",
            "recommendation",
            "--period",
            "2026-01",
            "--quiet",
            "--format",
            "json",
        ]))
    };
    let before = shown();
    let computed = before["kpi"]["value"]["point"].clone();
    let set = |value: &str, by: &str, more: &[&str]| {
        let fixed =
            ["override", "set", "recommendation", "2026-01", value, "-m", "one wave twice", "--as", by];
        [&fixed, more].concat().iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    let run = |arguments: &[String]| project.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let refused =
        |arguments: &[String]| project.fails(3, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).1;
    let said = refused(&set("400", "ann", &["--evidence", "T-1"]));
    assert!(said.contains("`400` is beyond what `recommendation` can be"), "{said}");
    let said = refused(&set("12.5", "ann", &["--evidence", "T-1", "--segment", "region=nowhere"]));
    assert!(said.contains("nothing is published"), "{said}");
    let said = refused(&set("12.5", "ann", &["--evidence", "T-1", "--until", "2000-01-01"]));
    assert!(said.contains("G1002"), "{said}");
    run(&set("-12.5", "ann", &["--evidence", "T-1"]));
    // Until one other agrees nothing is otherwise; who wrote it or answers for it does not agree.
    assert_eq!(shown(), before);
    let (_, said) = project.fails(3, &["approve", "1", "--as", "ann"]);
    assert!(said.contains("G0801"), "{said}");
    let (_, said) = project.fails(3, &["approve", "1", "--as", "owner"]);
    assert!(said.contains("G0802"), "{said}");
    project.ok(&["approve", "1", "--as", "bea"]);
    let now = shown();
    assert_eq!((&now["kpi"]["value"]["point"], &now["kpi"]["overridden"]), (&json!(-12.5), &json!(1)));
    let mark = now["kpi"]["value"]["mark"].as_str().unwrap();
    assert!(mark.starts_with("overridden, computed "), "{mark}");
    assert_ne!(now["kpi"]["status"], before["kpi"]["status"], "its score is that of what is said");
    let of = &now["overrides"][0];
    assert_eq!(
        (&of["by"], &of["agreed"], &of["why"], &of["evidence"]),
        (&json!(["ann"]), &json!(["bea"]), &json!("one wave twice"), &json!("T-1"))
    );
    let row = |now: &Value| {
        let of = |row: &&Value| row["period"] == "2026-01" && row["segment"] == "" && row["grain"] == "month";
        now["values"].as_array().unwrap().iter().find(of).unwrap().clone()
    };
    assert_eq!((&row(&now)["value"], &row(&now)["computed"]), (&json!(-12.5), &computed));
    let text = project.ok(&["show", "kpi", "recommendation", "--period", "2026-01"]);
    assert!(text.contains("overridden, computed") && text.contains("evidence: T-1 (item 1)"), "{text}");
    let text = project.ok(&["show", "scorecard", "--period", "2026-01"]);
    assert!(text.contains("overridden, computed"), "{text}");
    // Runs go on computing beneath it, and what they published is reproduced.
    project.ok(&["run", "--quiet"]);
    project.ok(&["reproduce", "--quiet"]);
    assert_eq!(row(&shown()), row(&now));
    // What is closed with it is official with it, also when it is restored later; and its mark stays.
    project.ok(&["close", "2026-01", "-m", "as reported", "--as", "ann"]);
    project.ok(&["approve", "2", "--as", "bea"]);
    project.ok(&["override", "restore", "1", "-m", "mended", "--as", "ann"]);
    assert_eq!(shown()["kpi"]["value"]["point"], -12.5);
    project.ok(&["approve", "3", "--as", "carl"]);
    let after = shown();
    assert_eq!(
        (&after["kpi"]["value"]["point"], &after["kpi"]["value"]["mark"]),
        (&computed, &json!("was overridden"))
    );
    assert_eq!(
        (&after["overrides"][0]["over"], &after["kpi"]["overridden"]),
        (&json!("restored"), &Value::Null)
    );
    let figures = json_of(&project.ok(&["periods", "2026-01", "--format", "json"]));
    let of = |of: &&Value| of["kpi"] == "recommendation" && of["segment"] == "";
    let of = figures.as_array().unwrap().iter().find(of).unwrap().clone();
    assert!(of["official"].as_str().unwrap().contains("12.5") && of["restated"].is_string(), "{of}");
    let (_, said) = project.fails(3, &["override", "restore", "1", "-m", "again", "--as", "ann"]);
    assert!(said.contains("G1001"), "{said}");
    // Days on which data are frozen keep their figures.
    project.ok(&["freeze", "2026-01", "-m", "bonuses", "--as", "ann"]);
    project.ok(&["approve", "4", "--as", "bea"]);
    let said = refused(&set("10", "ann", &["--evidence", "T-2"]));
    assert!(said.contains("G0901"), "{said}");
    let list = json_of(&project.ok(&["override", "list", "--format", "json"]));
    assert_eq!((&list[0]["item"], &list[0]["over"]), (&json!(1), &json!("restored")));
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
    let log = project.ok(&["audit", "log", "--about", "override/1"]);
    assert!(log.contains("figure.overridden") && !log.contains("twice"), "{log}");
}

const ENTERED: &str = "\
source: entries
into: entered_value
from: {kepi: entries}
mode: upsert
map:
  id: {column: id, as: text, required: true}
  figure: {column: figure, as: text, required: true}
  period: {column: period, as: date, required: true}
  value: {column: value, as: \"number, 6 decimals\", required: true}
  part: {column: part, as: text}
  item: {column: item, as: integer}
---
source: panel
into: entered_value
from: {csv: {files: \"data/panel*.csv\"}}
mode: upsert
map:
  id: {column: id, as: text, required: true}
  figure: {column: figure, as: text, required: true}
  period: {column: period, as: date, required: true}
  value: {column: value, as: \"number, 6 decimals\", required: true}
---
kpi: market_share
name: Market share
objective: customers_recommend_us
indicator: lagging
better: higher
measure:
  entered: {figure: market_share, type: share, due: 10 days}
period: month
accountable: owner
";

#[test]
fn an_entered_figure_lands_when_one_other_agrees_and_one_that_is_missing_is_late_and_never_zero() {
    is_entered_or_late(&Project::example("tiny"));
}

#[test]
fn an_entered_kpi_has_a_page_before_anybody_entered_anything_and_hides_no_other_scorecard() {
    let project = Project::example("tiny");
    let (entries, rest) = ENTERED.split_once("---\nsource: panel").unwrap();
    let (_, kpi) = rest.split_once("---\n").unwrap();
    let card = "scorecard: a_first\nname: First\nperiod: month\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      \
                customers_recommend_us:\n        weight: 100%\n        kpis: {market_share: 100%}\n";
    project.write("entered.yml", &format!("{entries}---\n{kpi}---\n{card}"));
    project.ok(&["run", "--quiet"]);
    let shown = json_of(&project.ok(&["show", "kpi", "market_share", "--quiet", "--format", "json"]));
    assert_eq!(shown["kpi"]["value"]["point"], Value::Null, "{shown}");
    let first = json_of(&project.ok(&["show", "scorecard", "--quiet", "--format", "json"]));
    assert!(first["score"].is_number() && first["scorecard"]["id"] != "a_first", "{first}");
    let page = project.ok(&["show", "kpi", "market_share", "--quiet"]);
    assert!(page.contains("Market share"), "{page}");
    // Owed from a day on, it is late before the first row of all, on its page and on the scorecard; what is computed again is the same.
    edit(&project, "entered.yml", "due: 10 days", "due_day: 5, since: 2026-01-01");
    project.ok(&["run", "--quiet"]);
    let shown = json_of(&project.ok(&["show", "kpi", "market_share", "--quiet", "--format", "json"]));
    let values = shown["values"].as_array().unwrap();
    let codes = |period: &str| {
        let of = values.iter().find(|row| row["period"] == period && row["segment"] == "");
        of.map(|row| (row["value"].clone(), row["reason_code"].clone()))
    };
    assert_eq!(codes("2026-01"), Some((Value::Null, json!("late"))), "{values:?}");
    assert_eq!(codes("2026-02"), Some((Value::Null, json!("late"))));
    assert_eq!(codes("2025-12"), None);
    project.ok(&["reproduce", "--quiet"]);
    project.ok(&["explain", "market_share", "--period", "2026-01", "--quiet"]);
}

/// Forty days after its end no last month is over long enough to be late.
#[test]
fn whoever_answers_for_a_figure_is_reminded_of_it_before_it_is_due() {
    let project = Project::example("tiny");
    let owed = ENTERED.replace("due: 10 days", "due: 40 days, since: 2026-01-01");
    let alert = "---\nalert: to_enter\nname: To be entered\non: [owed]\nkpis: [market_share]\n";
    let (entries, rest) = owed.split_once("---\nsource: panel").unwrap();
    let (_, kpi) = rest.split_once("---\n").unwrap();
    project.write("entered.yml", &format!("{entries}---\n{kpi}{alert}"));
    project.ok(&["run", "--quiet"]);
    let open = || json_of(&project.ok(&["inbox", "--open", "--quiet", "--format", "json"]));
    let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    let last = today.first_of_month().yesterday().unwrap().strftime("%Y-%m").to_string();
    let items = open();
    let why = items[0]["why"].as_str().unwrap();
    assert!(why.contains(&format!("Market share of {last} is to be entered by ")), "{items}");
    project.ok(&["run", "--quiet"]);
    assert_eq!(open().as_array().unwrap().len(), 1, "nobody is asked twice");
    project.ok(&[
        "enter",
        "market_share",
        &last,
        "41.5%",
        "--evidence",
        "p. 3",
        "-m",
        "the panel",
        "--as",
        "owner",
    ]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(open(), json!([]), "it was entered");
}

#[test]
fn deciding_on_postgresql_is_the_same() {
    let at = || kepi_testkit::postgres::fresh_database().map(|at| Project::example("tiny").stored_at(&at));
    let (Some(first), Some(second), Some(third)) = (at(), at(), at()) else { return };
    computes_by_what_is_in_force(&in_force(first, REVIEWED));
    is_overridden_and_restored(&in_force(second, REVIEWED));
    is_entered_or_late(&third);
}

fn is_entered_or_late(project: &Project) {
    project.write("governance.yml", &format!("{PEOPLE}{REVIEWED}").replacen("---\n", "", 1));
    let stores = "kpi: stores\nname: Stores\nbetter: higher\nmeasure: {entered: {figure: stores, type: count}}\nperiod: month\n";
    project.write("entered.yml", &format!("{ENTERED}---\n{stores}"));
    // What a spreadsheet says needs nobody.
    // What a form would not take, a sheet does not land: 31 is no share, and two stores and a half are none.
    project.write(
        "data/panel.csv",
        "id,figure,period,value\nx,market_share,2026-01-01,0.31\ny,market_share,2026-01-01,31\nz,stores,2026-01-01,2.5\n\
         v,stores,2026-01-01,12\nw,stores,2026-02-01,0\n",
    );
    project.fails_or_not(&["run", "--quiet"]);
    let row = |period: &str| {
        let shown = json_of(&project.ok(&["show", "kpi", "market_share", "--quiet", "--format", "json"]));
        let of = |row: &&Value| row["period"] == period && row["segment"] == "";
        shown["values"].as_array().unwrap().iter().find(of).cloned().unwrap_or_default()
    };
    assert_eq!(row("2026-01")["value"], 0.31);
    let rejected = project.ok(&["show", "quarantine", "--source", "panel"]);
    assert!(rejected.contains("bounds_of_market_share"), "{rejected}");
    assert!(rejected.contains("bounds_of_stores") && rejected.contains("2.500000"), "{rejected}");
    let shown = project.ok(&["show", "kpi", "stores", "--quiet", "--format", "csv"]);
    assert!(shown.contains("stores,2026-01,,12,") && shown.contains("stores,2026-02,,0,"), "{shown}");
    let february = row("2026-02");
    assert_eq!((&february["value"], &february["reason_code"]), (&Value::Null, &json!("late")));
    let enter = |value: &str, by: &str| {
        project.ok(&[
            "enter",
            "market_share",
            "2026-02",
            value,
            "--evidence",
            "p. 3",
            "-m",
            "panel",
            "--as",
            by,
        ])
    };
    let (_, said) = project.fails(
        3,
        &["enter", "market_share", "2026-02", "131%", "--evidence", "p. 3", "-m", "panel", "--as", "ann"],
    );
    assert!(said.contains("beyond what `market_share` can be"), "{said}");
    let (_, said) = project.fails(
        3,
        &["enter", "recommendation", "2026-02", "3", "--evidence", "p. 3", "-m", "panel", "--as", "ann"],
    );
    assert!(said.contains("`recommendation` is not entered"), "{said}");
    let entered = |period: &str| {
        let fixed =
            ["enter", "market_share", period, "5%", "--evidence", "p. 3", "-m", "panel", "--as", "ann"];
        project.fails(3, &fixed).1
    };
    let said = entered("2026-01");
    assert!(said.contains("`market_share` of 2026-01 is said already, by data/panel.csv row 1"), "{said}");
    let said = entered("2026-Q1");
    assert!(
        said.contains("is entered by month, and `2026-Q1` is no month: name one, such as 2026-01"),
        "{said}"
    );
    let said = entered("2062-10");
    assert!(said.contains("G1003: the period has not begun"), "{said}");
    let said = entered("1800-01");
    assert!(said.contains("`entries` takes in days from 1900-01-01 until before 2100-01-01"), "{said}");
    enter("32.5%", "ann");
    project.ok(&["run", "--quiet"]);
    assert_eq!(row("2026-02")["reason_code"], "late", "nobody has agreed yet");
    project.ok(&["approve", "1", "--as", "bea"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!((&row("2026-02")["value"], &row("2026-02")["restated"]), (&json!(0.325), &json!(true)));
    // Entered again it is the next version of the row, not another one.
    enter("33%", "bea");
    project.ok(&["approve", "2", "--as", "carl"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(row("2026-02")["value"], 0.33);
    assert_eq!(row("2026-03")["reason_code"], "late");
    let traced = project.ok(&["trace", "market_share", "--period", "2026-02"]);
    assert!(traced.contains("33") && traced.contains("entries"), "{traced}");
    project.ok(&["run", "--no-fetch", "--quiet"]);
    project.ok(&["reproduce", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
    let log = project.ok(&["audit", "log", "--kind", "value.entered"]);
    assert!(log.contains("market_share in month/2026-02-01 is 0.325"), "{log}");
    // Taken back with another's consent, the figure before holds again, and then none does. What waits is withdrawn.
    let take_back = |item: &str, by: &str| {
        project.ok(&["item", item, "take-back", "-m", "the panel was wrong", "--as", by, "--quiet"])
    };
    let said = take_back("2", "ann");
    assert!(said.contains("item 3: take_back, check") && said.contains("what item 2 entered"), "{said}");
    project.ok(&["run", "--quiet"]);
    assert_eq!(row("2026-02")["value"], 0.33, "nobody has agreed yet");
    project.ok(&["approve", "3", "--as", "carl"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(row("2026-02")["value"], 0.325);
    let (_, said) = project.fails(3, &["item", "2", "take-back", "-m", "again", "--as", "ann"]);
    assert!(said.contains("G1101: item 3 takes it back"), "{said}");
    take_back("1", "bea");
    project.ok(&["approve", "4", "--as", "carl"]);
    project.ok(&["run", "--quiet"]);
    assert_eq!(row("2026-02")["reason_code"], "late");
    enter("34%", "ann");
    assert!(take_back("5", "ann").contains("withdrawn"));
    // Said twice, by whatever way, both count, and that is said.
    project.write(
        "data/panel2.csv",
        "id,figure,period,value\np,market_share,2026-04-01,0.3\nq,market_share,2026-04-01,0.4\n",
    );
    let report = json_of(&project.ok(&["run", "--quiet", "--format", "json"]));
    assert_eq!(
        report["twice"],
        json!([
            "market_share on 2026-04-01 is said 2 times and averaged: data/panel2.csv row 1, data/panel2.csv row 2"
        ])
    );
    project.ok(&["audit", "verify", "--quiet"]);
}

#[test]
fn the_methodology_of_a_past_date_is_what_was_in_force_then_with_figures_and_approvals() {
    let project = governed(REVIEWED);
    let events = |project: &Project| {
        let log = project.ok(&["audit", "log", "--limit", "1000", "--format", "json"]);
        json_of(&log).as_array().unwrap().iter().filter_map(|e| e["seq"].as_u64()).max().unwrap().to_string()
    };
    let then = events(&project);
    let document =
        |of: &str, at: &str| project.ok(&["register", of, "--document", "--day", "2026-03-31", "--at", at]);
    let (kpi, card) = (document("kpi/recommendation", &then), document("scorecard/customers", &then));
    assert!(kpi.contains("# Net promoter score: methodology") && kpi.contains(NPS), "{kpi}");
    assert!(kpi.contains("score_on_the_scale") && kpi.contains("A first guess"), "{kpi}");
    assert!(card.contains("kpi/recommendation: 80 %") && card.contains("2026-01"), "{card}");
    edit(&project, "kpis.yml", NPS, NORTH);
    project.ok(&["propose", "-m", "only the north", "--as", "ann"]);
    project.ok(&["approve", "1", "--as", "bea"]);
    project.ok(&["run", "--quiet"]);
    // What was known then is said as it was then, word for word.
    assert_eq!(document("kpi/recommendation", &then), kpi);
    assert_eq!(document("scorecard/customers", &then), card);
    let now = document("kpi/recommendation", &events(&project));
    assert!(now.contains(NORTH), "{now}");
    assert!(now.contains("item 1: proposed by ann: only the north; bea yes"), "{now}");
    // Every version with its author and reason, and how it was written before.
    let versions = project.ok(&["register", "kpi/recommendation", "--versions"]);
    assert!(versions.contains("item 1: proposed by ann: only the north; bea yes"), "{versions}");
    assert!(versions.matches("- from ever: adopted").count() == 2, "{versions}");
    assert!(versions.contains("adopted, replaced since") && versions.contains(NPS), "{versions}");
    let (_, said) = project.fails(3, &["register", "kpi/nothing", "--document"]);
    assert!(said.contains("nothing was in force of `kpi/nothing`"), "{said}");
}

#[test]
fn what_a_legal_duty_withholds_is_left_out_of_the_methodology_with_the_decision() {
    let project = governed(REVIEWED);
    let document = |of: &str, day: &str| project.ok(&["register", of, "--document", "--day", day]);
    let open = document("kpi/recommendation", "2026-03-31");
    assert!(
        open.contains("Nothing: no conflict") && open.contains("2026-01: ") && open.contains("accountable: "),
        "{open}"
    );
    let text = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let withheld = "---\nwithholding: few_answers\nname: Few answers\nkpis: [recommendation]\nwithheld: [figures, people]\nduty: Works agreement 12\nwhy: \
                    Groups are small\nowner: ann\nsince: 2026-02-01\nuntil: 9000-01-01\n";
    project.write("kepi.yml", &(text.clone() + withheld));
    project.ok(&["propose", "-m", "the works council asks for it", "--as", "ann"]);
    assert!(
        document("kpi/recommendation", "2026-03-31").contains("- 2026-01: "),
        "nothing is withheld before it is decided"
    );
    project.ok(&["approve", "1", "--as", "bea", "-m", "it is the law"]);
    let closed = document("kpi/recommendation", "2026-03-31");
    for said in [
        "- withheld: `withholding/few_answers`, see below: Works agreement 12",
        "  - left out: figures, people",
        "  - why it weighs more: Groups are small",
        "  - answered for by: Ann",
        "  - holds: from 2026-02-01 until 9000-01-01",
        "proposed by ann: the works council asks for it; bea yes",
    ] {
        assert!(closed.contains(said), "{said} in {closed}");
    }
    for gone in ["- 2026-01: ", "- accountable: ", "accountable: owner", "````yaml"] {
        assert!(!closed.contains(gone), "{gone} in {closed}");
    }
    assert!(closed.contains("from 2026-01-01"), "its targets are disclosed: {closed}");
    // Whoever picks another day, or an event before it was decided, reads no more of it; and it is of nothing else.
    let whole = |of: &str, more: &[&str]| {
        let told = project.ok(&[&["register", of, "--document"], more].concat());
        let all = ["- accountable: ", "- 2026-01: "].map(|part| told.contains(part));
        assert_eq!(all[0], all[1], "{told}");
        assert_eq!(all[0], told.contains("Nothing: no conflict"), "{told}");
        all[0]
    };
    let before = open.split(" --at ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    for more in
        [&["--day", "2026-01-31"][..], &["--day", "9000-01-01"], &["--day", "2026-03-31", "--at", &before]]
    {
        assert!(!whole("kpi/recommendation", more), "{more:?}");
    }
    assert!(whole("kpi/answers", &["--day", "2026-03-31"]));
    // It is disclosed once the duty is over.
    project.write("kepi.yml", &(text + &*withheld.replace("until: 9000-01-01", "until: 2026-06-01")));
    project.ok(&["propose", "-m", "the duty is over", "--as", "ann"]);
    project.ok(&["approve", "2", "--as", "bea", "-m", "it is"]);
    assert!(whole("kpi/recommendation", &["--day", "2026-03-31"]));
}
