//! Definitions that stand several times, each from another day: every period is computed and scored by what was in force on
//! its last day.

use serde_json::Value;

use crate::{support::Project, tour::get};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn shown(project: &Project, period: &str) -> Value {
    json(&project.ok(&["show", "scorecard", "--period", period, "--format", "json"]))
}

/// Scores of the two KPIs, as shown.
fn scores(shown: &Value) -> Vec<f64> {
    let kpis = shown["perspectives"][0]["objectives"][0]["kpis"].as_array().unwrap();
    kpis.iter().map(|kpi| kpi["score"].as_f64().unwrap()).collect()
}

#[test]
fn each_period_is_scored_by_the_weights_that_were_in_force() {
    let project = Project::example("tiny");
    project.ok(&["run", "--quiet"]);
    let (january, february) = (shown(&project, "2026-01"), shown(&project, "2026-02"));
    assert_eq!(january["in_force_from"], Value::Null);
    let file = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let (_, card) = file.split_once("---\nscorecard: customers\n").unwrap();
    let card = card.split_once("---\n").unwrap().0;
    // From the last day of February on: that is the month's.
    let later = card
        .replace("period: month", "from: 2026-02-28\nperiod: month")
        .replace("80%", "50%")
        .replace("20%", "50%");
    project.write("later.yml", &format!("scorecard: customers\n{later}"));
    project.ok(&["check"]);
    let run = json(&project.ok(&["run", "--quiet", "--format", "json"]));
    let (then, now) = (shown(&project, "2026-01"), shown(&project, "2026-02"));
    assert_eq!(then["score"], january["score"], "history keeps its weights");
    assert_eq!(
        (&then["in_force_from"], &now["in_force_from"]),
        (&Value::from("ever"), &Value::from("2026-02-28"))
    );
    let of = scores(&now);
    let mean = (of[0] + of[1]) / 2.0;
    assert!((now["score"].as_f64().unwrap() - mean).abs() < 1e-6, "{} and {mean}", now["score"]);
    assert_ne!(now["score"], february["score"]);
    assert_eq!(
        run["restated"].as_u64().unwrap() + run["updated"].as_u64().unwrap(),
        1,
        "only February's score: {run}"
    );
    // What moved it names the weights.
    let steps = now["bridge"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["effect"] == "weights"), "{steps:?}");
    let table = project.ok(&["show", "scorecard", "--period", "2026-02"]);
    assert!(table.contains("weights and KPIs in force from 2026-02-28"), "{table}");
    let (_server, address) = project.serve();
    let page = get(&address, "/scorecards/customers?period=2026-01").unwrap();
    assert!(page.contains("weights and KPIs in force from ever"), "{page}");
    // The log says from when on, and everything reproduces.
    let log = json(&project.ok(&["audit", "log", "--kind", "definition.adopted", "--format", "json"]));
    let days: Vec<&str> =
        log.as_array().unwrap().iter().map(|e| e["body"]["from"].as_str().unwrap()).collect();
    assert_eq!(days, ["ever", "ever", "2026-02-28"], "the place of the file, then the wording");
    let again = json(&project.ok(&["reproduce", "--format", "json"]));
    assert_eq!(again["compared"], again["identical"]);
    project.ok(&["audit", "verify"]);
    assert_eq!(
        json(&project.ok(&["run", "--quiet", "--format", "json"]))["unchanged"],
        run["values"].as_u64().unwrap() + run["scores"].as_u64().unwrap()
    );
}

#[test]
fn one_day_has_one_wording_and_before_the_first_day_there_is_none() {
    let project = Project::example("tiny");
    let file = std::fs::read_to_string(project.path().join("kepi.yml")).unwrap();
    let dated =
        file.replace("unit: company\nperiod: month", "unit: company\nfrom: 2026-02-01\nperiod: month");
    assert_ne!(dated, file);
    project.write("kepi.yml", &dated);
    project.ok(&["run", "--quiet"]);
    assert_eq!(shown(&project, "2026-02")["periods"], serde_json::json!(["2026-02"]));
    project.fails(3, &["show", "scorecard", "--period", "2026-01"]);
    let card = dated.split_once("---\nscorecard").unwrap().1.split_once("---\n").unwrap().0;
    project.write("again.yml", &format!("scorecard{card}"));
    let (said, _) = project.fails(1, &["check"]);
    assert!(said.contains("K0116") && said.contains("another first day"), "{said}");
}

/// The values of a KPI by period, over all rows.
fn points(project: &Project, kpi: &str) -> Vec<(String, f64)> {
    let shown = json(&project.ok(&["show", "kpi", kpi, "--format", "json"]));
    let history = shown["kpi"]["history"].as_array().unwrap().iter();
    let of = |of: &Value| (of["period"].as_str().unwrap().to_owned(), of["point"].as_f64().unwrap());
    history.map(of).collect()
}

#[test]
fn each_period_is_computed_by_the_definition_that_was_in_force() {
    let project = Project::example("tiny");
    let mut rows = String::from("id,answered,region,score\n");
    for (month, scores) in [(1, "10 9 2 10"), (2, "10 10 1 8 9"), (3, "9 9 9 3 4 10")] {
        for (at, score) in scores.split(' ').enumerate() {
            let region = if at % 2 == 0 { "north" } else { "south" };
            rows.push_str(&format!("{month}-{at},2026-0{month}-1{at} 10:00,{region},{score}\n"));
        }
    }
    project.write("data/answers.csv", &rows);
    // Twice as many answers as were counted: what it is computed of changes.
    project.write(
        "double.yml",
        "kpi: double\nname: Twice the answers\nbetter: higher\nperiod: month\n\
         measure:\n  formula: {kpis: {answers: answers}, value: answers + answers}\n",
    );
    project.ok(&["run", "--quiet"]);
    let was: Vec<f64> = points(&project, "answers").into_iter().map(|(_, point)| point).collect();
    assert_eq!(was, [4.0, 5.0, 6.0]);
    // From February on only those count who would recommend.
    let kpis = std::fs::read_to_string(project.path().join("kpis.yml")).unwrap();
    let (_, answers) = kpis.split_once("---\nkpi: answers\n").unwrap();
    let later = answers
        .replace("name: Answers", "name: Promoters\nfrom: 2026-02-01")
        .replace("of: survey_response", "of: survey_response, where: score >= 9")
        .replace("threshold: 5, target: 6, stretch: 10", "threshold: 2, target: 3, stretch: 5");
    project.write("later.yml", &format!("kpi: answers\n{later}"));
    project.ok(&["check"]);
    // What would come of it, before it does: from February on, in what is computed of it, in scores, and for whom.
    let plan = json(&project.ok(&["plan", "--quiet", "--format", "json"]));
    let of = &plan["documents"];
    assert_eq!(of.as_array().unwrap().len(), 1, "{of}");
    assert_eq!(
        (&of[0]["id"], &of[0]["from"], &of[0]["how"]),
        (&"kpi/answers".into(), &"2026-02-01".into(), &"new".into())
    );
    assert_eq!(plan["follow"], serde_json::json!(["double"]));
    assert_eq!(plan["scorecards"], serde_json::json!(["customers"]));
    assert_eq!(plan["people"][0]["of"], serde_json::json!(["accountable for answers"]));
    let both = &plan["figures"][0];
    assert_eq!(both["id"], "answers");
    let newest: Vec<_> = both["newest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| {
            (
                of["period"].as_str().unwrap(),
                of["before"]["text"].as_str().unwrap(),
                of["after"]["text"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(newest, [("2026-01", "4", "4"), ("2026-02", "5", "3"), ("2026-03", "6", "4")]);
    assert_eq!((&both["counts"]["gone"], &both["counts"]["new"]), (&0.into(), &0.into()));
    assert!(plan["scores"][0]["counts"]["differ"].as_u64() > Some(0), "{plan}");
    let run = json(&project.ok(&["run", "--quiet", "--format", "json"]));
    let now = points(&project, "answers");
    let expected = [("2026-01", 4.0), ("2026-02", 3.0), ("2026-03", 4.0)];
    assert_eq!(now, expected.map(|(period, point)| (period.to_owned(), point)));
    let doubled: Vec<f64> = points(&project, "double").into_iter().map(|(_, point)| point).collect();
    assert_eq!(doubled, [8.0, 6.0, 8.0], "what is computed of it changes with it");
    assert!(run["withdrawn"].as_u64() == Some(0), "{run}");

    let plan = project.ok(&["plan", "--quiet"]);
    assert!(plan.contains("nothing differs"), "{plan}");

    // Each period says by which wording it is computed, against its target, and what is not compared.
    let of = |period| json(&project.ok(&["show", "kpi", "answers", "--period", period, "--format", "json"]));
    let (january, february, march) = (of("2026-01"), of("2026-02"), of("2026-03"));
    assert_eq!(january["kpi"]["name"], "Answers");
    assert_eq!(february["kpi"]["name"], "Promoters");
    assert_eq!(january["definition"]["in_force_from"], "ever");
    assert_eq!(february["definition"]["in_force_from"], "2026-02-01");
    assert_ne!(january["definition"]["hash"], february["definition"]["hash"]);
    assert_eq!(january["kpi"]["target"]["target"], 6.0);
    assert_eq!(february["kpi"]["target"]["target"], 3.0);
    let status = |of: &Value, at: usize| of["kpi"]["history"][at]["status"].clone();
    assert_eq!((status(&january, 0), status(&february, 1)), ("red".into(), "green".into()));
    assert_eq!(
        (status(&february, 0), status(&january, 1)),
        ("red".into(), "green".into()),
        "each by its own"
    );
    assert_eq!(february["kpi"]["no_change"]["code"], "other_definition");
    assert_eq!(march["kpi"]["no_change"]["code"], "provisional");
    assert_eq!(march["definition"]["breaks"][0]["period"], "2026-02");
    let table = project.ok(&["show", "kpi", "answers", "--period", "2026-02"]);
    assert!(
        table.contains("in force    from 2026-02-01") && table.contains("break       from 2026-02 on"),
        "{table}"
    );
    // The score's bridge says that the definition is another.
    let steps = shown(&project, "2026-02");
    let steps = steps["bridge"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["effect"] == "definition"), "{steps:?}");
    let (_server, address) = project.serve();
    let page = get(&address, "/kpis/answers?period=2026-02").unwrap();
    assert!(page.contains("on values are computed otherwise than before"), "{page}");
    drop(_server);

    // The register says what was in force on any day, as known at any event, and who put it in force.
    let register = |arguments: &[&str]| -> Vec<Value> {
        let all = [&["register", "--actor", "ann", "--format", "json"], arguments].concat();
        json(&project.ok(&all)).as_array().unwrap().clone()
    };
    let worded = |held: &Value| held["text"].as_str().unwrap().contains("name: Promoters");
    let both = register(&["kpi/answers"]);
    let days: Vec<_> = both.iter().map(|held| held["from"].as_str().unwrap()).collect();
    assert_eq!(days, ["ever", "2026-02-01"]);
    let second = both[1]["event"].as_u64().unwrap();
    let (on, before) = ("2026-02-15", (second - 1).to_string());
    assert_eq!(register(&["kpi/answers", "--day", on]).iter().map(worded).collect::<Vec<_>>(), [true]);
    assert_eq!(
        register(&["kpi/answers", "--day", "2026-01-31"]).iter().map(worded).collect::<Vec<_>>(),
        [false]
    );
    let then = register(&["kpi/answers", "--day", on, "--at", &before]);
    assert_eq!(then.iter().map(worded).collect::<Vec<_>>(), [false], "as it was known before");
    assert_eq!(register(&["--day", on]).len(), register(&["--day", on, "--at", &before]).len());
    let (_, said) = project.fails(3, &["register", "kpi/nobody"]);
    assert!(said.contains("nothing was in force of `kpi/nobody`"), "{said}");
    let list = project.ok(&["audit", "log", "--kind", "definition.adopted"]);
    assert!(list.contains("kpi/answers in force from 2026-02-01"), "{list}");

    // The log says from when on, and everything reproduces; nothing is adopted twice.
    let log = json(&project.ok(&["audit", "log", "--kind", "definition.adopted", "--format", "json"]));
    let last = log.as_array().unwrap().last().unwrap();
    assert_eq!(last["body"]["from"], "2026-02-01");
    let again = json(&project.ok(&["reproduce", "--format", "json"]));
    assert_eq!(again["compared"], again["identical"]);
    project.ok(&["audit", "verify"]);
    let same = json(&project.ok(&["run", "--quiet", "--format", "json"]));
    assert_eq!((&same["first"], &same["restated"], &same["updated"]), (&0.into(), &0.into(), &0.into()));
    let unchanged = json(&project.ok(&["audit", "log", "--kind", "definition.adopted", "--format", "json"]));
    assert_eq!(unchanged.as_array().unwrap().len(), log.as_array().unwrap().len());
}
