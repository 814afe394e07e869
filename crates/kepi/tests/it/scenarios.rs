//! Scenarios 4 and 5 from end to end: several people in browsers, and a clock that is set.

use std::sync::Arc;

use kepi_app::acting::Doing;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::{
    playbooks::{effort, plays},
    reviewing::{segments, sixty},
    rooms::{
        driver::{Driver, arrives},
        let_in, text,
    },
    support::Project,
    world::{World, all_waiting, at_item, at_page, does, fill, fresh, item, press, send, waiting},
};

/// What a run brought about.
fn run(project: &Project) -> Value {
    let (out, said) = project.fails_or_not(&["run", "--quiet", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {said}"));
    assert_eq!(report["not_followed"], Value::Null, "{said}");
    report["followed"].clone()
}

/// Those who sign in: the first owns the project.
fn let_all_in(project: &Project, names: &[&str]) {
    for (n, name) in names.iter().enumerate() {
        let_in(project, name, if n == 0 { &["owner"] } else { &["viewer", "decider"] });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effort_starts_what_a_team_can_do_and_whether_that_helps_is_seen_beside_what_was_held_out_in_browsers()
 {
    let Some(driver) = Driver::start() else { return };
    let (definitions, rows) = effort();
    let project = &Project::empty();
    project.write("kepi.yml", &definitions);
    project.write("data/a.csv", &rows);
    project.set_clock("2026-06-01T08:00:00Z");
    let first = run(project);
    let held = first["held_out"].as_u64().unwrap();
    let waits = 340 - 25 - 3 - 60 - held;
    assert_eq!((&first["started"], &first["without_room"]), (&json!(60), &json!(waits)), "{first}");
    let_all_in(project, &["ceo", "vp", "ben"]);
    let (_server, address) = project.serve();
    let site = format!("http://{address}");
    let mine = all_waiting(project, "vp", "play");
    assert_eq!(mine.len(), 60);

    // What the team does and what is only watched, to whoever looks.
    let adas = at_page(&driver, &site, "ceo", "/playbooks").await;
    let said = text(&adas, "main").await;
    assert!(
        said.contains("somebody works on\n60\n")
            && said.contains(&format!("only watched\n{held} (10 of a hundred)")),
        "{said}"
    );
    // Whom is held out is nobody's to know, neither here nor there.
    let watched = {
        let all = plays(&fresh(project).await).await;
        all.iter().find(|(.., of)| of.held_out).unwrap().1
    };
    adas.goto(format!("{site}/items/{watched}")).await.unwrap();
    let said = text(&adas, "main").await;
    assert!(
        !said.contains("Accounts in bad health") && !said.contains("Call"),
        "nothing is said of it: {said}"
    );
    let (_, said) = project.fails(3, &["item", &watched.to_string()]);
    assert!(said.contains("only watched"), "{said}");

    // Vera does the first step of one and hears of another that it is not wanted; it is none of Ben's.
    let bens = at_item(&driver, &site, "ben", mine[0]).await;
    assert!(bens.find(By::Css("form[action$='/finish']")).await.is_err(), "it is not his");
    bens.quit().await.unwrap();
    let veras = at_item(&driver, &site, "vp", mine[0]).await;
    does(&veras, mine[0], "finish", &[("why", "she has time on Tuesday")]).await;
    assert!(text(&veras, "main").await.contains("Call (done by vp on 2026-06-01: she has time on Tuesday)"));
    veras.goto(format!("{site}/items/{}", mine[1])).await.unwrap();
    fill(&veras, "finish", &[("why", "no, thank you")]).await;
    press(&veras, "form[action$='/finish'] button[value=not_wanted]").await;
    arrives(&veras, &format!("/items/{}", mine[1])).await;

    // There is room for one; run again, nobody is started twice, and nobody more while the team is full.
    let again = run(project);
    assert_eq!(
        (again["started"].as_u64(), all_waiting(project, "vp", "play").len()),
        (Some(1), 60),
        "{again}"
    );
    project.set_clock("2026-06-08T08:00:00Z");
    let more = run(project);
    assert_eq!(more["started"].as_u64().unwrap_or(0), 0, "the room is taken: {more}");
    let all = plays(&fresh(project).await).await;
    let once: std::collections::BTreeSet<&str> = all.iter().map(|(whom, ..)| whom.as_str()).collect();
    assert_eq!(once.len(), all.len(), "none twice");

    // Two weeks after they began, three of four whom somebody called are well, of the others one in three.
    let [mut n, mut saved, mut alone] = [[0_usize; 2], [0; 2], [0; 2]];
    let mut rows = "id,answered,region,score,ticket,dispute,revenue\n".to_owned();
    for (whom, _, of) in &all {
        let which = usize::from(of.held_out);
        n[which] += 1;
        let is_well = if of.held_out { n[which] % 3 == 0 } else { n[which] % 4 != 0 };
        saved[which] += usize::from(is_well);
        alone[which] += 1;
        rows += &format!("{whom},2026-06-05 10:00,apac,{},no,no,1\n", if is_well { 9 } else { 5 });
    }
    project.write("data/b.csv", &rows);
    project.set_clock("2026-06-15T08:30:00Z");
    let seen = run(project);
    assert_eq!(seen["looked_at"].as_u64(), Some(all.len() as u64), "{seen}");
    adas.quit().await.unwrap();
    let adas = at_page(&driver, &site, "ceo", "/playbooks").await;
    let said = text(&adas, "main").await;
    let beside = format!("{} of {} with it, {} of {} without", saved[0], alone[0], saved[1], alone[1]);
    assert!(said.contains(&beside) && said.contains("difference\n"), "{beside}: {said}");
    let table: Value =
        serde_json::from_str(&project.ok(&["playbooks", "--quiet", "--format", "json"])).unwrap();
    let effect = saved[0] as f64 / alone[0] as f64 - saved[1] as f64 / alone[1] as f64;
    let found = table[0]["effect"].as_f64().unwrap();
    assert!((found - effect).abs() < 1e-9, "{effect}: {table}");
    assert!(table[0]["low"].as_f64() < Some(effect) && table[0]["high"].as_f64() > Some(effect));
    adas.quit().await.unwrap();
    veras.quit().await.unwrap();
    project.ok(&["audit", "verify", "--quiet"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_nine_red_ones_four_need_a_plan_and_what_one_came_to_is_said_a_quarter_later_in_browsers() {
    let Some(driver) = Driver::start() else { return };
    let (text_of, visits, deliveries) = sixty(1, true);
    let definitions = text_of
        .replace("review: monthly\nname: Monthly review", "review: quarterly\nname: Quarterly review")
        .replace("period: month\nafter: 5", "period: quarter\nafter: 5")
        .replace("into: delivery\n", "into: delivery\nexpect: {every: day, by: \"06:00\"}\n");
    let alert = "---\nalert: attention\nname: What needs somebody\non: [red]\nkpis: [k05, k06]\n";
    let project = Project::empty();
    project.write("kepi.yml", &format!("{definitions}{alert}"));
    project.write("data/visits.csv", &visits);
    project.write("data/deliveries.csv", &deliveries);
    project.set_clock("2026-07-02T08:00:00Z");
    let ahead = run(&project);
    assert_eq!(ahead["plans_asked"], 4, "{ahead}");
    let_all_in(&project, &["ceo", "vp", "ben", "coo"]);
    let (_server, address) = project.serve();
    let site = format!("http://{address}");

    // Causes add up: by segment, and changed values with another mix.
    let mix: Value = serde_json::from_str(&project.ok(&[
        "analyse",
        "k05",
        "--analysis",
        "mix",
        "--period",
        "2026-06",
        "--quiet",
        "--format",
        "json",
    ]))
    .unwrap();
    let mix = mix.to_string();
    assert!(mix.contains("\"holds\":true"), "{mix}");

    // What Vera says of it may not name two segments that got better, of seven, and none of the others.
    let veras = at_page(&driver, &site, "vp", "/commentary/new?kpi=k05&period=2026-06").await;
    let said = [
        ("what", "it stayed"),
        ("why", "s0 and s1 got better"),
        ("done", "rosters"),
        ("outlook", "better"),
        ("unsure", "one month"),
    ];
    fill(&veras, "commentary", &said).await;
    send(&veras, "commentary").await;
    let refused = text(&veras, "[role=alert]").await;
    assert!(
        refused.contains("only such as are better than before (2), and none of those that are not (5)"),
        "{refused}"
    );
    fill(&veras, "commentary", &[("why", "s0 and s1 got better, s2 to s6 lost as much")]).await;
    send(&veras, "commentary").await;
    let filed = waiting(&project, "ceo", "commentary");
    arrives(&veras, &format!("/items/{filed}")).await;
    project.ok(&["approve", &filed.to_string(), "--as", "ceo"]);

    // Vera files one of the four plans before the review, Ada agrees, Ben does it.
    let task = {
        let all = all_waiting(&project, "vp", "task");
        assert_eq!(all.len(), 4);
        all.into_iter()
            .find(|task| item(&project, *task)["touches"][0].as_str().unwrap().contains("kpi/k05"))
            .unwrap()
    };
    veras.goto(format!("{site}/items/{task}")).await.unwrap();
    let plan = [
        ("cause", "calls are handed on"),
        ("method", "five_whys"),
        ("evidence", "a week of calls"),
        ("who.1", "ben"),
        ("by.1", "2026-07-31"),
        ("what.1", "answer at once"),
        ("change", "3"),
        ("period", "2026-09"),
    ];
    fill(&veras, "plan", &plan).await;
    send(&veras, "plan").await;
    let plan = waiting(&project, "ceo", "action_plan");
    let adas = at_item(&driver, &site, "ceo", plan).await;
    press(&adas, "form[action$='/vote'] button[value=yes]").await;
    let action = waiting(&project, "ben", "task");
    let bens = at_item(&driver, &site, "ben", action).await;
    does(&bens, action, "finish", &[("why", "as planned")]).await;
    bens.quit().await.unwrap();
    veras.goto(format!("{site}/items/{plan}")).await.unwrap();
    does(&veras, plan, "finish", &[("why", "all of it")]).await;

    // The review opens: nine are red, of three a plan is owed still, and the source that is late is a point of its own.
    project.set_clock("2026-07-07T08:00:00Z");
    assert_eq!(run(&project)["reviews"], 1);
    let world = World { app: Arc::new(fresh(&project).await), project };
    let project = &world.project;
    let review = world.of_kind("review").await.remove(0);
    let points = review.work.review.unwrap().points;
    let with = |why: &str| points.iter().filter(|point| point.why.contains(&why)).count();
    assert_eq!((with("red"), with("a plan is owed")), (9, 3), "{points:?}");
    let late = points.iter().find(|point| point.about.to_string() == "source/deliveries").unwrap();
    assert_eq!(late.why, ["a delivery is overdue"]);
    let owed = points.iter().find(|point| point.plan_owed).unwrap();
    // Who was here days ago signs in anew.
    veras.quit().await.unwrap();
    adas.quit().await.unwrap();
    let veras = at_item(&driver, &site, "vp", review.item).await;
    let said = text(&veras, "main").await;
    assert!(said.contains("Source: Deliveries") && said.contains("The next is "), "{said}");
    let options = |place: usize| {
        let css = format!("form:has(input[name=point][value='{place}']) option");
        let veras = veras.clone();
        async move {
            let mut all = Vec::new();
            for of in veras.find_all(By::Css(css)).await.unwrap() {
                all.push(of.attr("value").await.unwrap().unwrap_or_default());
            }
            all
        }
    };
    assert!(!options(owed.number).await.contains(&"accept".to_owned()), "what is owed is not accepted");
    assert!(!options(late.number).await.contains(&"plan".to_owned()), "a plan is of a KPI");
    // Cleo sees to the source by a day.
    let decide = |place: usize| format!("form:has(input[name=point][value='{place}'])");
    let script = "const form = document.querySelector(arguments[0]); for (const [name, value] of Object.entries(arguments[1])) form.elements[name].value = value;";
    let fields =
        json!({"decision": "task", "why": "who feeds it is asked", "who": "coo", "by": "2026-07-20"});
    veras.execute(script, vec![decide(late.number).into(), fields]).await.unwrap();
    press(&veras, &format!("{} button[type=submit]", decide(late.number))).await;
    arrives(&veras, &format!("/items/{}", review.item)).await;
    assert!(text(&veras, "main").await.contains("who feeds it is asked"));
    assert_eq!(all_waiting(project, "coo", "task").len(), 1);
    let follows = Some(("ben", jiff::civil::date(2026, 8, 31)));
    for point in points.iter().filter(|point| point.number != late.number) {
        let place = u16::try_from(point.number).unwrap();
        let (decision, follows) = match point.plan_owed {
            true => (kepi_govern::items::Decision::Plan, follows),
            false => (kepi_govern::items::Decision::Accept, None),
        };
        world
            .act(
                "vp",
                review.item,
                Doing::Decide(place, decision, "gone through", follows),
                "2026-07-07T12:00",
            )
            .await
            .unwrap();
    }
    veras.goto(format!("{site}/items/{}", review.item)).await.unwrap();
    does(&veras, review.item, "finish", &[("why", "all of it")]).await;
    let pack = project.ok(&["review", "pack", &review.item.to_string()]);
    assert!(
        pack.contains("Source: Deliveries")
            && pack.contains("why: s0 and s1 got better, s2 to s6 lost as much"),
        "{pack}"
    );

    // A quarter later: 2818 of 7805 after 2732 is +1.1, and 3.0 was expected.
    let good = (0..7).map(|segment| if segment < 4 { 403 } else { 402 });
    let rows = segments((2026, 9), good);
    project.write(
        "data/visits-2026-09.csv",
        &format!("id,at,topic,segment,good\n{rows}later,2026-10-01 00:30,t30,,yes\n"),
    );
    project.set_clock("2026-10-01T08:00:00Z");
    let seen = run(project);
    assert_eq!(seen["measured"], 1, "{seen}");
    let of = item(project, plan);
    let seen = of["work"]["seen"][0].as_str().unwrap().replace(kepi_report::format::THIN, " ");
    assert!(seen.contains("not shown, +1.1 pt (between −0.4 pt and +2.6 pt)"), "{seen}");
    let asked = waiting(project, "vp", "post_mortem");
    veras.quit().await.unwrap();
    let adas = at_item(&driver, &site, "ceo", plan).await;
    assert!(text(&adas, "main").await.contains("not shown"), "said on the page of the plan");
    let veras = at_item(&driver, &site, "vp", asked).await;
    fill(
        &veras,
        "learn",
        &[("findings", "the calls were handed on later"), ("follows", "look at the second call")],
    )
    .await;
    send(&veras, "learn").await;

    // How long decisions take counts the alert that is still open.
    veras.goto(format!("{site}/latency")).await.unwrap();
    let latency: Value =
        serde_json::from_str(&project.ok(&["latency", "--quiet", "--format", "json"])).unwrap();
    let signals = latency["rows"].as_array().unwrap().iter().find(|row| row["by"] == "signal").unwrap();
    let open = signals["steps"].as_array().unwrap().iter().map(|step| step["open"].as_u64().unwrap()).max();
    assert!(open >= Some(1), "{signals}");
    assert!(text(&veras, "main").await.contains(" open"));
    adas.quit().await.unwrap();
    veras.quit().await.unwrap();
    project.ok(&["audit", "verify", "--quiet"]);
}
