//! What is planted starts exactly the right runs of a playbook, none twice, whoever is stopped in between; and whether it helped is the
//! difference to what was held out.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kepi_app::{
    App, AppError,
    acting::Doing,
    deciding::{Acting, Deciding},
    picture::Picture,
};
use kepi_govern::{Content, items::Play};
use kepi_report::{Reporter, facts::Facts};
use kepi_store::StoreError;

#[path = "../../../kepi-connect/tests/it/stopped.rs"]
mod stopped;

use stopped::Stopped;

use crate::{
    order::run_at,
    support::Project,
    world::{World, answers, at, card, company, fresh, nps},
};

const PROJECT: &str = concat!(
    "project: plays
name: Plays
language: 1
time_zone: UTC
last_resort: ceo
---
",
    company!(),
    "---
playbook: low_health
name: Accounts in bad health
kpi: recommendation
when: score <= 6
eligible: may_contact
since: 2026-05-01
cool_down: 30
capacity: 100
hold_out: 25
after: 14
success: score >= 8
steps: [{do: Call, hours: 4}, {do: Agree on the next step, hours: 4}]
units: {emea: {capacity: CAPACITY, steps: [{do: Visit, hours: 40}]}}
---
",
    card!(),
    "---
",
    answers!(),
    "---
",
    nps!(),
);

const HEADER: &str = "id,answered,region,score,may_contact\n";
/// Accounts of each region that start it.
const LOW: usize = 24;

/// What was started, by the account, in the order of the log.
pub(crate) async fn plays(app: &App) -> Vec<(String, u64, Play)> {
    let organisation = app.store.organisation().await.unwrap();
    let mut found = Vec::new();
    for item in organisation.items.all() {
        let Content::Play(of) = &item.content else { continue };
        let view = Deciding(&app.store).item(item.number).await.unwrap().0;
        let about = view.work.parts.iter().find(|(name, _)| *name == "about").unwrap();
        found.push((about.1.clone().unwrap(), item.number, of.clone()));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_triggers_start_exactly_the_right_runs_none_twice_and_their_effect_is_that_beside_the_held_out()
 {
    let project = Project::empty();
    project.write("kepi.yml", &PROJECT.replace("CAPACITY", "100"));
    let mut rows = HEADER.to_owned();
    let mut planted = std::collections::BTreeSet::new();
    for region in ["emea", "apac"] {
        for n in 0..LOW {
            rows += &format!("{region}{n},2026-05-2{} 10:00,{region},{},yes\n", n % 9, n % 7);
            planted.insert(format!("{region}{n}"));
        }
        // Well, not to be contacted, and long over.
        rows += &format!("well_{region},2026-05-20 10:00,{region},9,yes\n");
        rows += &format!("shy_{region},2026-05-20 10:00,{region},2,no\n");
        rows += &format!("old_{region},2026-04-30 23:00,{region},2,yes\n");
    }
    project.write("data/a.csv", &rows);
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    // Stopped in the midst of it: some were started, the others were not.
    let first = Arc::new(fresh(&project).await);
    let running = tokio::spawn({
        let first = Arc::clone(&first);
        async move { run_at(&first, at("2026-06-01T08:00")).await.map(|_| ()) }
    });
    while plays(&first).await.len() < 5 && !running.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.abort();
    let _ = running.await;
    drop(first);
    let app = Arc::new(fresh(&project).await);
    run_at(&app, at("2026-06-01T09:00")).await.unwrap();
    let started = plays(&app).await;
    let accounts: Vec<&str> = started.iter().map(|(account, ..)| account.as_str()).collect();
    let once: std::collections::BTreeSet<String> = accounts.iter().map(|of| (*of).to_owned()).collect();
    assert_eq!((once.len(), accounts.len()), (2 * LOW, 2 * LOW), "{accounts:?}");
    assert_eq!(once, planted);
    // Running again, or anew, starts nothing; what is held out is so for ever, about a quarter of them.
    run_at(&fresh(&project).await, at("2026-06-01T10:00")).await.unwrap();
    assert_eq!(plays(&app).await, started);
    let held: Vec<&str> =
        started.iter().filter(|(.., of)| of.held_out).map(|(account, ..)| account.as_str()).collect();
    assert!((2..=26).contains(&held.len()), "{held:?}");
    // Local steps, and whose they are: over the seat of the unit, within the hours of the steps.
    let of = |region: &str, held_out: bool| {
        let is =
            |(account, _, of): &&(String, u64, Play)| account.starts_with(region) && of.held_out == held_out;
        started.iter().find(is).unwrap().clone()
    };
    let (emea, apac, out) = (of("emea", false), of("apac", false), of("", true));
    let view = |number: u64| {
        let app = Arc::clone(&app);
        async move { Deciding(&app.store).item(number).await.unwrap().0 }
    };
    let (there, here, watched) = (view(emea.1).await, view(apac.1).await, view(out.1).await);
    // What is held out is nobody's to look up either.
    let picture = Picture::load(&app).await.unwrap();
    assert!(picture.item(out.1).unwrap().is_none() && picture.item(emea.1).unwrap().is_some());
    assert_eq!(
        (there.work.owner.unwrap().person.as_str(), there.work.parts[1].1.as_deref()),
        ("ben", Some("Visit"))
    );
    assert_eq!((here.work.owner.unwrap().person.as_str(), here.work.parts.len()), ("vp", 3));
    assert!(watched.work.owner.is_none() && watched.state == "watching");
    // What somebody does is said, and nothing else.
    let acting = |at: i64| Acting { actor: "ben", at, key: None };
    let doing = Doing::Finish("done", Some("they stay"));
    Deciding(&app.store).act(emea.1, &doing, acting(at("2026-06-01T12:00"))).await.unwrap();
    assert_eq!(view(emea.1).await.state, "watching");
    // Two weeks later all that somebody saw to are well, and what was held out is as it was. Within the cool-down nothing starts again.
    let mut rows = HEADER.to_owned();
    for (account, _, of) in &started {
        let region = account.trim_end_matches(char::is_numeric);
        let score = if of.held_out { 3 } else { 9 };
        rows += &format!("{account},2026-05-28 11:00,{region},{score},yes\n");
    }
    project.write("data/b.csv", &rows);
    let report = run_at(&app, at("2026-06-14T09:00")).await.unwrap();
    assert_eq!(report.followed.map_or(0, |of| of.looked_at), 0, "a day too early");
    let report = run_at(&app, at("2026-06-15T09:30")).await.unwrap();
    let followed = report.followed.unwrap();
    assert_eq!((followed.looked_at, followed.started, followed.held_out), (2 * LOW as u64, 0, 0));
    let picture = Picture::load(&app).await.unwrap();
    let shown = Reporter::new(&picture).playbooks().unwrap();
    let row = &shown.rows[0];
    let (n, without) = ((2 * LOW - held.len()) as u64, held.len() as u64);
    assert_eq!((row.with, row.without, row.held_out), ((n, n), (0, without), without));
    let (point, low, high) = row.effect.unwrap();
    assert!(point > 0.999 && low > 0.3 && high <= 1.0, "{low} {high}");
    // Once it has cooled down, those that are still low start it again, with the same draw.
    run_at(&app, at("2026-07-02T09:00")).await.unwrap();
    let again: BTreeMap<String, bool> = plays(&app)
        .await
        .into_iter()
        .skip(started.len())
        .map(|(account, _, of)| (account, of.held_out))
        .collect();
    assert!(
        again.keys().map(String::as_str).eq(held.iter().copied().collect::<std::collections::BTreeSet<_>>())
    );
    assert!(again.values().all(|held_out| *held_out));
}

#[tokio::test(flavor = "multi_thread")]
async fn for_each_customer_it_is_started_once_however_many_rows_ask_for_it() {
    let project = Project::empty();
    let text = PROJECT
        .replace("CAPACITY", "9")
        .replace("hold_out: 25", "hold_out: 0\neach: household")
        .replace(
            "  may_contact: {type: boolean}\n",
            "  may_contact: {type: boolean}\n  household: {type: text}\n",
        )
        .replace(
            "  score: {column: score",
            "  household: {column: household, as: text}\n  score: {column: score",
        );
    project.write("kepi.yml", &text);
    let header = "id,answered,region,score,may_contact,household\n";
    // Ann twice, her newest in APAC; Bea once, beside an answer that asks for nothing; one of whom nobody knows whose it is.
    let rows = "1,2026-05-20 10:00,emea,3,yes,ann\n2,2026-05-25 10:00,apac,5,yes,ann\n3,2026-05-24 10:00,emea,2,yes,bea\n\
                4,2026-05-26 10:00,emea,9,yes,bea\n5,2026-05-26 10:00,emea,1,yes,\n";
    project.write("data/a.csv", &format!("{header}{rows}"));
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    let app = Arc::new(fresh(&project).await);
    let report = run_at(&app, at("2026-06-01T08:00")).await.unwrap().followed.unwrap();
    assert_eq!((report.started, report.without_room), (2, 0));
    let started = plays(&app).await;
    let of: Vec<(&str, Option<String>)> = started
        .iter()
        .map(|(whom, _, of)| (whom.as_str(), of.unit.as_ref().map(ToString::to_string)))
        .collect();
    assert_eq!(of, [("ann", None), ("bea", Some("emea".to_owned()))], "the newest first");
    // Another bad answer of Ann starts nothing while hers is open or cools down.
    project.write("data/b.csv", &format!("{header}6,2026-06-01 12:00,emea,0,yes,ann\n"));
    let report = run_at(&app, at("2026-06-02T08:00")).await.unwrap();
    assert_eq!(report.not_followed, None, "{:?}", report.not_landed);
    assert_eq!(report.followed.map_or(0, |of| of.started), 0);
    // Whether it helped is said by the newest row of each.
    project.write(
        "data/c.csv",
        &format!("{header}7,2026-06-10 12:00,emea,10,yes,ann\n8,2026-06-09 12:00,emea,4,yes,bea\n"),
    );
    let report = run_at(&app, at("2026-06-16T08:00")).await.unwrap();
    assert_eq!(report.not_followed, None, "{:?}", report.not_landed);
    assert_eq!(report.followed.map_or(0, |of| of.looked_at), 2);
    let organisation = app.store.organisation().await.unwrap();
    let helped: Vec<Option<bool>> =
        started.iter().map(|(_, item, _)| organisation.items.get(*item).unwrap().helped()).collect();
    assert_eq!(helped, [Some(true), Some(false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_room_runs_wait_and_come_when_there_is() {
    let rows: String = (0..5)
        .map(|n| format!("emea{n},2026-05-2{n} 10:00,emea,3,yes\napac{n},2026-05-2{n} 10:00,apac,3,yes\n"))
        .collect();
    let World { project: _project, app } = World::of(
        &PROJECT.replace("CAPACITY", "2").replace("hold_out: 25", "hold_out: 0"),
        &format!("{HEADER}{rows}"),
    )
    .await;
    let report = run_at(&app, at("2026-06-01T08:00")).await.unwrap().followed.unwrap();
    assert_eq!((report.started, report.without_room), (7, 3));
    let started = plays(&app).await;
    let own = started.iter().filter(|(account, ..)| account.starts_with("emea"));
    let own: Vec<(&str, u64)> = own.map(|(account, item, _)| (account.as_str(), *item)).collect();
    assert_eq!(own.iter().map(|(account, _)| *account).collect::<Vec<_>>(), ["emea4", "emea3"], "the newest");
    let acting = Acting { actor: "ben", at: at("2026-06-01T09:00"), key: None };
    Deciding(&app.store)
        .act(own[0].1, &Doing::Finish("not_reached", Some("no answer")), acting)
        .await
        .unwrap();
    let report = run_at(&app, at("2026-06-01T10:00")).await.unwrap().followed.unwrap();
    assert_eq!((report.started, report.without_room), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_playbook_is_a_task_of_its_own_until_the_last() {
    let steps =
        "steps: [{do: Call, hours: 4}, {do: Offer a price, hours: 8, by: ceo}, {do: Visit, hours: 16}]";
    let text = PROJECT
        .replace("CAPACITY", "9")
        .replace("hold_out: 25", "hold_out: 0")
        .replace("steps: [{do: Call, hours: 4}, {do: Agree on the next step, hours: 4}]", steps)
        .replace(", steps: [{do: Visit, hours: 40}]", "");
    let World { project: _project, app } =
        World::of(&text, &format!("{HEADER}emea1,2026-05-29 10:00,emea,3,yes\n")).await;
    run_at(&app, at("2026-06-01T08:00")).await.unwrap();
    let item = plays(&app).await[0].1;
    let view = || async { Deciding(&app.store).item(item).await.unwrap().0 };
    let says = |actor: &'static str, outcome: &'static str, when: &'static str| {
        let app = Arc::clone(&app);
        async move {
            let acting = Acting { actor, at: at(when), key: None };
            Deciding(&app.store).act(item, &Doing::Finish(outcome, Some("as agreed")), acting).await
        }
    };
    let owner = |of: &kepi_app::deciding::ItemView| of.work.owner.as_ref().map(|of| of.person.clone());
    let now = view().await;
    // Monday from nine to five: four hours of business end at one.
    assert_eq!((owner(&now).as_deref(), now.due), (Some("ben"), Some(at("2026-06-01T13:00"))));
    says("ben", "done", "2026-06-01T10:00").await.unwrap();
    let now = view().await;
    assert_eq!((owner(&now).as_deref(), now.due), (Some("ceo"), Some(at("2026-06-02T10:00"))));
    assert!(says("ben", "done", "2026-06-01T11:00").await.is_err(), "it is hers by now");
    // What comes late of the first step ends nothing of the second.
    let late = Acting { actor: "ceo", at: at("2026-06-01T11:30"), key: None };
    let late = Deciding(&app.store).act(item, &Doing::FinishStep(1, "done", Some("late")), late).await;
    let late = late.unwrap_err().to_string();
    assert!(late.contains("G1102") && late.contains("step 2 is being done"), "{late}");
    says("ceo", "skipped", "2026-06-01T12:00").await.unwrap();
    let now = view().await;
    assert_eq!(owner(&now).as_deref(), Some("ben"));
    let said: Vec<String> = now.work.parts.iter().filter_map(|(_, text)| text.clone()).collect();
    assert_eq!(said[1], "Call (done by ben on 2026-06-01: as agreed)");
    assert!(said[2].starts_with("Offer a price (skipped by ceo") && said[3] == "Visit", "{said:?}");
    let picture = Picture::load(&app).await.unwrap();
    let steps = |picture: &Picture| -> Vec<(u64, u64, u64)> {
        let shown = Reporter::new(picture).playbooks().unwrap();
        shown.rows[0].steps.iter().map(|of| (of.at_it, of.done, of.skipped)).collect()
    };
    assert_eq!(steps(&picture), [(0, 1, 0), (0, 0, 1), (1, 0, 0)]);
    says("ben", "done", "2026-06-02T12:00").await.unwrap();
    assert_eq!(view().await.state, "watching");
    let picture = Picture::load(&app).await.unwrap();
    assert_eq!(steps(&picture), [(0, 1, 0), (0, 0, 1), (0, 1, 0)]);
}

/// What each would be worth: each another, in no order of number or day.
fn revenue(n: usize) -> usize {
    n * 7919 % 9973
}

/// Scenario 4: effort of three or less would start 340; 25 have an open ticket and 3 a dispute; 60 a week can be done, and 10 of a hundred are
/// held out of those whose turn it is. Definitions and rows.
pub(crate) fn effort() -> (String, String) {
    let text = PROJECT
        .replace("CAPACITY", "1000")
        .replace("capacity: 100\n", "capacity: 60\n")
        .replace("hold_out: 25", "hold_out: 10")
        .replace("cool_down: 30", "cool_down: 90")
        .replace("when: score <= 6", "when: score <= 3\nbenefit: revenue")
        .replace("eligible: may_contact", "eligible: not (open_ticket or in_dispute)")
        .replace("  may_contact: {type: boolean}", "  open_ticket: {type: boolean}\n  in_dispute: {type: boolean}\n  revenue: {type: integer}")
        .replace(
            "  may_contact: {column: may_contact, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}",
            "  revenue: {column: revenue, as: integer}\n  open_ticket: {column: ticket, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}\n  in_dispute: {column: dispute, as: \
             boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}",
        );
    let yes = |is: bool| if is { "yes" } else { "no" };
    let row = |n: usize| {
        let (ticket, dispute) = (yes(n < 25), yes((25..28).contains(&n)));
        format!("c{n:03},2026-05-{:02} 10:00,apac,{},{ticket},{dispute},{}\n", 1 + n % 28, n % 4, revenue(n))
    };
    let well: String = (0..60).map(|n| format!("well{n},2026-05-20 10:00,apac,7,no,no,9999\n")).collect();
    let rows: String = (0..340).map(row).collect();
    (text, format!("id,answered,region,score,ticket,dispute,revenue\n{rows}{well}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn effort_starts_as_many_as_a_team_can_do_and_the_others_wait_their_turn() {
    let (text, rows) = effort();
    let World { project, app } = World::of(&text, &rows).await;
    let first = run_at(&app, at("2026-06-01T08:00")).await.unwrap().followed.unwrap();
    let started = plays(&app).await;
    assert_eq!((first.started, started.len() as u64), (60, 60 + first.held_out));
    assert!((1..=20).contains(&first.held_out), "{}", first.held_out);
    assert_eq!(first.without_room, 340 - 25 - 3 - 60 - first.held_out, "the rest waits");
    let excluded = |account: &str| account[1..].parse::<usize>().unwrap() < 28;
    assert!(started.iter().all(|(account, ..)| !excluded(account)));
    // Those of whom it is worth most: the top of all that are eligible, whoever is held out among them.
    let mut by_worth: Vec<usize> = (28..340).collect();
    by_worth.sort_by_key(|n| std::cmp::Reverse(revenue(*n)));
    let top: std::collections::BTreeSet<String> =
        by_worth.iter().take(started.len()).map(|n| format!("c{n:03}")).collect();
    assert_eq!(
        started.iter().map(|(account, ..)| account.clone()).collect::<std::collections::BTreeSet<_>>(),
        top
    );
    // Run again, nobody is started twice, and nobody more, while the team is full.
    let again = run_at(&fresh(&project).await, at("2026-06-01T09:00")).await.unwrap().followed.unwrap();
    assert_eq!((again.started, plays(&app).await.len()), (0, started.len()));
    // As many as were done make room for others.
    for (_, item, _) in started.iter().filter(|(.., of)| !of.held_out).take(20) {
        let view = Deciding(&app.store).item(*item).await.unwrap().0;
        let owner = view.work.owner.unwrap().person;
        let acting = Acting { actor: &owner, at: at("2026-06-01T10:00"), key: None };
        Deciding(&app.store).act(*item, &Doing::Finish("not_wanted", Some("no")), acting).await.unwrap();
    }
    let next = run_at(&app, at("2026-06-08T08:00")).await.unwrap().followed.unwrap();
    assert_eq!(next.started, 20);
    // Until all had their turn: 312, of whom about 31 are held out (20 to 43 with 95 of a hundred draws).
    for week in 1..=5 {
        let now = at("2026-06-08T10:00") + week * 7 * 86_400_000_000;
        Deciding(&app.store).tick(now).await.unwrap();
        let open: Vec<u64> = {
            let organisation = app.store.organisation().await.unwrap();
            organisation.items.open().filter(|item| item.owner().is_some()).map(|item| item.number).collect()
        };
        for item in open {
            let owner = Deciding(&app.store).item(item).await.unwrap().0.work.owner.unwrap().person;
            let acting = Acting { actor: &owner, at: now, key: None };
            Deciding(&app.store).act(item, &Doing::Finish("not_wanted", Some("no")), acting).await.unwrap();
        }
        run_at(&app, now + 1).await.unwrap();
    }
    let all = plays(&app).await;
    let held = all.iter().filter(|(.., of)| of.held_out).count();
    assert_eq!(all.len(), 312);
    assert!((20..=43).contains(&held), "{held}");
    let once: std::collections::BTreeSet<&str> = all.iter().map(|(account, ..)| account.as_str()).collect();
    assert_eq!(once.len(), all.len(), "none twice");
}

/// Room for one at a time. Killed at each point at which it waits for anything, while it starts a run and while another system says what came of it:
/// what is asked again is done once, and each row starts one run.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_killed_each_row_starts_one_run_and_what_came_of_it_is_said_once() {
    let text = PROJECT
        .replace("CAPACITY", "1")
        .replace("hold_out: 25", "hold_out: 0")
        .replace("steps: [{do: Visit, hours: 40}]", "steps: [{do: Visit, hours: 400}]");
    let rows: String = (0..200).map(|n| format!("emea{n:03},2026-05-20 10:00,emea,3,yes\n")).collect();
    let World { project, mut app } = World::of(&text, &format!("{HEADER}{rows}")).await;
    let mut now = at("2026-06-01T08:00");
    run_at(&app, now).await.unwrap();
    let (mut points, mut stopped_in_between) = (0, 0);
    loop {
        now += 60_000_000;
        let own = plays(&app).await;
        let open = {
            let organisation = app.store.organisation().await.unwrap();
            own.iter()
                .find(|(_, item, _)| organisation.items.get(*item).unwrap().owner().is_some())
                .unwrap()
                .1
        };
        // Another system says what came of it, once more after it was cut off: by the same key that is one word.
        let key = format!("webhook/{open}/ben/msg_{points}");
        let says = |app: Arc<App>, key: String| async move {
            let acting = Acting { actor: "ben", at: now, key: Some(&key) };
            Deciding(&app.store).act(open, &Doing::Finish("not_wanted", Some("no")), acting).await
        };
        let heard = Stopped::after(points, says(Arc::clone(&app), key.clone())).await;
        app = Arc::new(fresh(&project).await);
        match says(Arc::clone(&app), key).await {
            // It was taken in before the end: the desk answers as it would have then.
            Ok(()) | Err(AppError::Store(StoreError::KeyUsed(_))) => {}
            Err(other) => panic!("stopped after {points} waits: {other}"),
        }
        // Its room is another's.
        let followed = Stopped::after(points, app.follow(now)).await;
        app = Arc::new(fresh(&project).await);
        app.follow(now).await.unwrap();
        app.follow(now).await.unwrap();
        let after = plays(&app).await;
        assert_eq!(after.len(), own.len() + 1, "stopped after {points} waits");
        stopped_in_between += u32::from(followed.is_none());
        points += 1;
        if heard.is_some() && followed.is_some() {
            break;
        }
        assert!(points < 180, "it waits for ever");
    }
    let all = plays(&app).await;
    let once: std::collections::BTreeSet<&str> = all.iter().map(|(account, ..)| account.as_str()).collect();
    assert_eq!(once.len(), all.len(), "none twice");
    assert!(stopped_in_between > 5, "{stopped_in_between}");
    let finished =
        project.ok(&["audit", "log", "--kind", "item.finished", "--format", "json", "--limit", "500"]);
    let finished: serde_json::Value = serde_json::from_str(&finished).unwrap();
    assert_eq!(finished.as_array().unwrap().len(), points as usize, "each is finished once");
    project.ok(&["audit", "rebuild", "--quiet"]);
    project.ok(&["audit", "verify", "--quiet"]);
}
