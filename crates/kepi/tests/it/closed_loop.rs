//! A customer who would not recommend us is followed up once, by whoever answers for her unit, and how long that took is a figure.

use kepi_app::{
    acting::{By, Doing, WorkView},
    deciding::Acting,
    picture::Picture,
};
use kepi_model::calendar::Grain;
use kepi_query::{
    port::{MemoryColumn, PinnedColumn},
    value::Segment,
};
use kepi_report::{Reporter, facts::Facts};
use serde_json::{Value, json};

use crate::{
    order::run_at,
    rooms::{Somebody, hidden, let_in},
    world::{World, answers, at, card, company, fresh, nps},
};

const PROJECT: &str = concat!(
    "project: loops
name: Loops
language: 1
time_zone: UTC
last_resort: ceo
---
",
    company!(),
    "---
governance: company
mode: reviewed
owners: [ceo, vp]
---
closed_loop: detractors
name: Everybody who would not recommend us
kpi: recommendation
when: score <= 6
since: 2026-05-01
permission: may_contact
hours: 8
confirm: 7
at_most: 3
causes: {waiting: Waited too long, price: The price, other: Something else}
---
",
    card!(),
    "---
",
    answers!(),
    "---
source: items
into: item
from: {kepi: items}
mode: upsert
map:
  id: {column: id, as: text, required: true}
  kind: {column: kind, as: text, required: true}
  rule: {column: rule, as: text}
  kpi: {column: kpi, as: text}
  unit: {column: unit, as: text}
  about_at: {column: about_at, as: timestamp}
  opened_at: {column: opened_at, as: timestamp, required: true}
  seen_at: {column: seen_at, as: timestamp}
  decided_at: {column: decided_at, as: timestamp}
  done_at: {column: done_at, as: timestamp}
  effect_at: {column: effect_at, as: timestamp}
  ended_at: {column: ended_at, as: timestamp}
  due_at: {column: due_at, as: timestamp}
  state: {column: state, as: text}
  outcome: {column: outcome, as: text}
  cause: {column: cause, as: text}
  permitted: {column: permitted, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}
  contacts: {column: contacts, as: integer}
  reached: {column: reached, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}
  settled: {column: settled, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}
  raised: {column: raised, as: integer}
  updated_at: {column: updated_at, as: timestamp}
---
",
    nps!(),
    "---
business_hours: office
name: Office
week: {weekdays: [\"09:00-17:00\"]}
---
kpi: closed_in_time
name: Cases closed within a business day
better: higher
measure:
  duration: {of: item, from: opened_at, until: done_at, within: 8 hours, in: office, where: kind = 'case'}
period: month
by: [unit]
---
kpi: time_to_see
name: Time until a case is seen
better: lower
measure:
  duration: {of: item, from: opened_at, until: seen_at, summary: mean, where: kind = 'case'}
period: month
---
kpi: closed_cases
name: Cases that are closed
better: higher
measure:
  share: {of: item, which: done_at is not null, where: kind = 'case'}
period: month
---
kpi: closed_without_contact
name: Closed without contact
better: lower
measure:
  share: {of: item, which: reached = false, where: kind = 'case' and done_at is not null and permitted}
period: month
",
);

/// Monday 1 June 2026.
const DAY: &str = "2026-06-01";

async fn world(rows: &str) -> World {
    World::of(PROJECT, &format!("id,answered,region,score,may_contact\n{rows}")).await
}

impl World {
    /// What a run by a clock says of cases: opened, and rows that wait.
    async fn cases(&self, when: &str) -> (u64, u64) {
        let of = self.run(when).await;
        (of.opened, of.rows_waiting)
    }

    async fn item(&self, item: u64) -> (&'static str, WorkView) {
        let view = self.view(item).await;
        (view.state, view.work)
    }

    /// The case about a row.
    async fn case_of(&self, row: &str) -> u64 {
        let organisation = self.app.store.organisation().await.unwrap();
        for item in organisation.items.all() {
            let (_, work) = self.item(item.number).await;
            if work.case.is_some_and(|case| case.row == [row]) {
                return item.number;
            }
        }
        panic!("no case about {row}")
    }

    /// Instants of the rows of items, by item: as the lake holds them.
    async fn landed(&self, item: u64, columns: &[&str]) -> Vec<Option<String>> {
        let files = kepi_app::open::load(&self.app.root, self.app.sources.as_ref(), None).unwrap();
        let pinned = self.app.lake.pin(&files.1, None).await.unwrap();
        let table = &pinned.tables[&"item".parse().unwrap()];
        let wanted: Vec<PinnedColumn> = table
            .columns
            .iter()
            .filter(|column| {
                columns.contains(&column.name.as_str()) || ["id", "_valid_to"].contains(&column.name.as_str())
            })
            .cloned()
            .collect();
        let memory = self.app.evaluator.read(table, &wanted, None, &self.app.limits).await.unwrap();
        let column = |name: &str| &memory.columns[wanted.iter().position(|of| of.name == name).unwrap()];
        let MemoryColumn::Text(ids) = column("id") else { panic!("a text") };
        let MemoryColumn::Instant(ends) = column("_valid_to") else { panic!("an instant") };
        let row = (0..memory.rows)
            .find(|row| ids.get(*row) == Some(item.to_string().as_str()) && ends[*row].is_none())
            .unwrap();
        let text = |name: &&str| match column(name) {
            MemoryColumn::Text(all) => all.get(row).map(str::to_owned),
            MemoryColumn::Integer(all) => all[row].map(|n| n.to_string()),
            MemoryColumn::Boolean(all) => all[row].map(|n| n.to_string()),
            MemoryColumn::Instant(all) => all[row].map(|at| {
                let at = jiff::Timestamp::from_microsecond(at).unwrap().to_string();
                at.replace("2026-", "").replace(":00Z", "")
            }),
        };
        columns.iter().map(text).collect()
    }

    /// The value of a KPI in June.
    async fn value(&self, kpi: &str, segment: Segment) -> Option<f64> {
        let picture = Picture::load(&self.app).await.unwrap();
        let calendar = &Facts::project(&picture).calendar;
        let june = calendar.parse("2026-06").unwrap().ordinal;
        let points = picture.points(&kpi.parse().unwrap(), Grain::Month, &segment, june..=june);
        points.first().and_then(|(_, point, _)| *point)
    }
}

fn close<'a>(outcome: &'a str, cause: &'a str) -> Doing<'a> {
    Doing::Close(outcome, cause, Some("as agreed"))
}

const ROWS: &str = "a,2026-05-29 10:00,emea,3,yes
b,2026-05-29 09:00,emea,6,yes
c,2026-05-29 08:00,apac,0,yes
d,2026-05-28 10:00,apac,5,no
e,2026-05-28 09:00,emea,9,yes
f,2026-05-28 09:00,emea,7,yes
long_over,2026-04-30 23:59,emea,1,yes
";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_followed_up_once_and_how_long_that_took_is_a_figure() {
    let world = world(ROWS).await;
    // The newest three first, the other by the run that follows; then nobody, whoever starts anew.
    assert_eq!(world.cases(&format!("{DAY}T08:00")).await, (3, 1));
    assert_eq!(world.cases(&format!("{DAY}T09:00")).await, (1, 0));
    assert_eq!(world.cases(&format!("{DAY}T09:10")).await, (0, 0));
    // A row that is said otherwise is the same row; one that is new is not.
    world
        .project
        .write("data/b.csv", "id,answered,region,score,may_contact\na,2026-05-29 10:00,emea,2,yes\n");
    let anew = fresh(&world.project).await;
    let report = run_at(&anew, at(&format!("{DAY}T09:20"))).await.unwrap();
    assert_eq!(report.followed.map_or(0, |of| of.opened), 0);
    let [a, b, c, d] = [
        world.case_of("a").await,
        world.case_of("b").await,
        world.case_of("c").await,
        world.case_of("d").await,
    ];
    // By unit, over seats; the clock runs in business hours.
    let (_, work) = world.item(a).await;
    assert_eq!(work.owner.unwrap().way, ["ben: seat in emea"]);
    let (_, work) = world.item(c).await;
    assert_eq!(work.owner.unwrap().way, ["vp: accountable"]);
    // A scripted day.
    let ben = |doing, when: &'static str| world.act("ben", a, doing, when);
    ben(Doing::Acknowledge, "2026-06-01T10:00").await.unwrap();
    ben(Doing::Contact(By::Phone, true, Some("an hour in the queue")), "2026-06-01T11:00").await.unwrap();
    let refused =
        ben(Doing::Finish("solved", Some("done")), "2026-06-01T11:30").await.unwrap_err().to_string();
    assert!(refused.contains("G1110") && refused.contains("other, price, waiting"), "{refused}");
    ben(close("solved", "waiting"), "2026-06-01T12:00").await.unwrap();
    world.act("ben", b, Doing::Contact(By::Email, false, None), "2026-06-01T13:00").await.unwrap();
    let refused =
        world.act("vp", d, Doing::Contact(By::Phone, true, None), "2026-06-01T14:00").await.unwrap_err();
    assert!(refused.to_string().contains("G1113"), "{refused}");
    world.act("vp", d, close("not_wanted", "price"), "2026-06-01T16:00").await.unwrap();
    ben(Doing::Answer(true, Some("thank you")), "2026-06-02T09:00").await.unwrap();
    // Not done in time, it went up; whoever it was with before closes it no more.
    assert!(world.act("ben", b, close("not_reached", "price"), "2026-06-03T13:00").await.is_err());
    let above = world.item(b).await.1.owner.unwrap().person;
    world.act(&above, b, close("not_reached", "price"), "2026-06-03T13:00").await.unwrap();
    let (state, work) = world.item(b).await;
    let case = work.case.unwrap();
    assert_eq!((state, case.closed_without_contact, case.cause.as_deref()), ("done", true, Some("price")));
    let (state, work) = world.item(d).await;
    assert_eq!((state, work.case.unwrap().closed_without_contact), ("done", false), "nobody may contact her");
    let (state, work) = world.item(a).await;
    let case = work.case.unwrap();
    assert_eq!((state, case.contacts.len(), case.answers.len()), ("done", 1, 1));
    assert_eq!(case.contacts[0].note.as_deref(), Some("an hour in the queue"));

    // What the lake says of it is the script, to the minute.
    world.cases("2026-06-04T12:00").await;
    let columns =
        ["opened_at", "seen_at", "decided_at", "done_at", "effect_at", "ended_at", "raised", "unit", "cause"];
    let some = |of: &[&str]| {
        of.iter().map(|text| Some((*text).to_owned()).filter(|text| !text.is_empty())).collect::<Vec<_>>()
    };
    assert_eq!(
        world.landed(a, &columns).await,
        some(&[
            "06-01T08:00",
            "06-01T10:00",
            "06-01T12:00",
            "06-01T12:00",
            "",
            "06-02T09:00",
            "0",
            "emea",
            "waiting"
        ])
    );
    // Eight hours of the first day and eight of the second: it went up twice.
    assert_eq!(
        world.landed(b, &columns).await,
        some(&[
            "06-01T08:00",
            "06-01T13:00",
            "06-03T13:00",
            "06-03T13:00",
            "",
            "06-03T13:00",
            "2",
            "emea",
            "price"
        ])
    );
    // One that waits is there without an end.
    assert_eq!(world.landed(c, &columns).await[1..6], some(&["", "", "", "", ""]));
    assert_eq!(
        world.landed(d, &columns).await,
        some(&[
            "06-01T09:00",
            "06-01T16:00",
            "06-01T16:00",
            "06-01T16:00",
            "",
            "06-01T16:00",
            "0",
            "",
            "price"
        ])
    );
    // Of four cases two were closed within eight business hours: of a three of nine to twelve, of d seven; b was late, and so is c,
    // which is open.
    assert_eq!(world.value("closed_in_time", Segment::total()).await, Some(0.5));
    let emea = Segment::one("unit".parse().unwrap(), "emea");
    assert_eq!(world.value("closed_in_time", emea).await, Some(0.5), "a, and not b");
    assert_eq!(world.value("closed_cases", Segment::total()).await, Some(0.75));
    assert_eq!(world.value("closed_without_contact", Segment::total()).await, Some(0.5), "b of a and b");
    // a two hours, b five, d seven; c is not seen yet.
    let hours = world.value("time_to_see", Segment::total()).await.unwrap() / 3_600_000_000.0;
    assert!((hours - 14.0 / 3.0).abs() < 1e-9, "{hours}");
    // Medians of the same script: seen after two, five and seven hours, one not in the three days since: two of four by the fifth.
    let picture = Picture::load(&world.app).await.unwrap();
    let latency = Reporter::new(&picture).latency().unwrap();
    let signals = latency.groups.iter().find(|group| group.by == "signal").unwrap();
    let seen = &signals.rows[0].steps[0];
    assert_eq!((signals.rows[0].items, seen.of, seen.open), (4, 4, 1));
    assert!((seen.median.as_ref().unwrap().0 - 5.0 * 3600.0).abs() < 1e-9);
    // What was said is found by its words, and what gets in the way with what becomes of it.
    let acting = |at_: &str| Acting { actor: "ben", at: at(at_), key: None };
    let pain = "The form asks twice for the address";
    let about = ("recommendation", Some("emea"));
    let point = world.app.pain_point(about, pain, acting("2026-06-04T13:00")).await.unwrap();
    assert_eq!(world.item(point).await.1.owner.unwrap().person, "ben", "whoever answers for it there");
    let changed = Doing::Finish("change_requested", Some("asked for"));
    let refused = world.act("ben", point, changed, "2026-06-04T14:00").await.unwrap_err().to_string();
    assert!(refused.contains("nobody has asked for a change of kpi/recommendation since"), "{refused}");
    let picture = Picture::load(&world.app).await.unwrap();
    let found = |words: &str| -> Vec<(u64, String)> {
        let view = Reporter::new(&picture).feedback(words, None).unwrap();
        view.rows.into_iter().map(|row| (row.item.unwrap(), row.text)).collect()
    };
    assert_eq!(found("QUEUE hour"), [(a, "an hour in the queue".to_owned())]);
    assert_eq!(found("address twice"), [(point, pain.to_owned())]);
    assert_eq!(found("waiting").len(), 2, "by the root cause as well: what was said of it, and thanks");
    assert!(found("nobody said this").is_empty());
    // No word of a customer or of whoever followed her up stands in the log.
    let log = world.project.ok(&["audit", "log", "--limit", "500"]);
    assert!(
        log.contains("because of waiting") && !log.contains("queue") && !log.contains("thank you"),
        "{log}"
    );
    world.project.ok(&["audit", "rebuild", "--quiet"]);
    world.project.ok(&["audit", "verify", "--quiet"]);
}

const FEEDBACK: &str = "---
feedback: comments
name: What customers write
kpi: recommendation
text: said
since: 2026-05-01
themes: {waiting: [queue*, called back, waited], price: [expensive]}
";

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_write_is_found_by_its_words_and_counted_by_themes() {
    let definitions = PROJECT
        .replace("  may_contact: {type: boolean}\n", "  may_contact: {type: boolean}\n  said: {type: text}\n")
        .replace(
            "  region: {column: region, as: text}\n",
            "  region: {column: region, as: text}\n  said: {column: said, as: text}\n",
        );
    let answers = "id,answered,region,score,may_contact,said
a,2026-05-29 10:00,emea,3,yes,\"Stood in QUEUES for an hour, and it is expensive\"
b,2026-05-29 09:00,emea,9,yes,Nobody called back
c,2026-05-28 08:00,apac,9,yes,The seat was dirty
d,2026-05-28 07:00,apac,9,yes,
e,2026-05-28 06:00,apac,9,yes,called and then came back
old,2026-04-30 23:59,emea,9,yes,queue
";
    let world = World::of(&format!("{definitions}{FEEDBACK}"), answers).await;
    world.cases(&format!("{DAY}T08:00")).await;
    let a = world.case_of("a").await;
    let note = "she had waited since nine";
    world.act("ben", a, Doing::Contact(By::Phone, true, Some(note)), "2026-06-01T11:00").await.unwrap();
    let picture = Picture::load(&world.app).await.unwrap();
    let of = |words: &str, theme: Option<&str>| {
        let view = Reporter::new(&picture).feedback(words, theme).unwrap();
        assert!(view.unread.is_empty(), "{:?}", view.unread);
        let rows = view.rows.iter().map(|row| {
            row.row.as_ref().map_or_else(|| format!("item {}", row.item.unwrap()), |(_, key)| key.join(" "))
        });
        (rows.collect::<Vec<_>>(), view)
    };
    // The newest first, with what was said at the contact; none that is older, and none that says nothing.
    let (all, view) = of("", None);
    assert_eq!(all, [&format!("item {a}"), "a", "b", "c", "e"]);
    // By hand: waiting in the note, in a and in b; price in a; c and e are about neither. Counts are those of texts that are found.
    assert_eq!(view.themes, [("waiting".to_owned(), 3), ("price".to_owned(), 1)]);
    assert_eq!((view.found, view.about_none), (5, 2));
    let emea = view.rows.iter().find(|row| row.text == "Nobody called back").unwrap();
    assert_eq!((emea.unit.as_deref(), emea.what), (Some("EMEA"), "in an answer"));
    for (words, theme, found) in [
        ("", Some("price"), vec!["a"]),
        ("called", Some("waiting"), vec!["b"]),
        ("price hour", None, vec!["a"]),
        ("DIRTY", None, vec!["c"]),
        ("dirty", Some("waiting"), vec![]),
    ] {
        assert_eq!(of(words, theme).0, found, "{words} {theme:?}");
    }
    // On the command line, and on the page of whoever sees rows; who sees figures sees no customer's words.
    let found = world.project.ok(&["feedback", "search", "--theme", "price", "--format", "json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found.pointer("/said/0/row/0"), Some(&json!("survey_response")), "{found}");
    let_in(&world.project, "admin", &["owner"]);
    let_in(&world.project, "ben", &["viewer", "decider"]);
    let_in(&world.project, "vp", &["viewer", "decider", "analyst"]);
    let (_server, address) = world.project.serve();
    let shown = |who: &str, page: &str| Somebody::signed_in(&address, who).page(page);
    let page = shown("vp", "/feedback?theme=waiting");
    for text in
        ["Nobody called back", "/entities/survey_response/row?key=b", "About <strong>waiting</strong>"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("dirty"), "{page}");
    let page = shown("ben", "/feedback");
    assert!(!page.contains("dirty") && page.contains("Nothing was said yet"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_worked_on_on_its_page_and_on_the_command_line() {
    let world = world(ROWS).await;
    let project = &world.project;
    let (_, said) = project.fails_or_not(&["run"]);
    assert!(
        said.contains("3 cases opened: `kepi inbox --open`; 1 row wait for the runs that come"),
        "{said}"
    );
    let (a, b) = (world.case_of("a").await, world.case_of("b").await);
    let page = format!("/items/{a}");
    let_in(project, "admin", &["owner"]);
    for name in ["ben", "vp"] {
        let_in(project, name, &["viewer", "decider"]);
    }
    let (_server, address) = project.serve();
    let ben = Somebody::signed_in(&address, "ben");
    let post = |what: &str, request: &str, fields: &[(&str, &str)]| {
        let key = hidden(&ben.page("/periods"), "key");
        let all = [&[("key", key.as_str()), ("request", request)], fields].concat();
        ben.post(&format!("{page}/{what}"), &all, &ben.site)
    };
    let shown = ben.page(&page);
    for text in
        ["may be contacted", "Close the case", "Waited too long", "/entities/survey_response/row?key=a\""]
    {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let contact = [("by", "phone"), ("reached", "yes"), ("why", "an hour in the queue")];
    for _ in 0..2 {
        assert_eq!(post("contact", "contact", &contact).0, "303");
    }
    let (status, _, body) = post("close", "close", &[("outcome", "solved")]);
    assert!(status == "422" && body.contains("ame the root cause"), "{status} {body}");
    let whole = [("outcome", "solved"), ("cause", "waiting"), ("why", "a voucher")];
    assert_eq!(post("close", "close again", &whole).0, "303");
    let shown = ben.page(&page);
    assert!(shown.contains("an hour in the queue") && shown.contains("It is not settled"), "{shown}");
    assert_eq!(post("answer", "answer", &[("settled", "no"), ("why", "no voucher came")]).0, "303");
    let of: Value = serde_json::from_str(&project.ok(&["item", &a.to_string(), "--format", "json"])).unwrap();
    assert_eq!(
        (&of["state"], of["work"]["case"]["contacts"].as_array().unwrap().len()),
        (&json!("solving"), 1)
    );
    // The same on the command line.
    let item = b.to_string();
    project.ok(&["item", &item, "contact", "--by", "phone", "--not-reached", "-m", "twice", "--as", "ben"]);
    let (_, said) = project.fails(2, &["item", &item, "close", "--outcome", "not_reached", "--as", "ben"]);
    assert!(said.contains("--cause"), "{said}");
    project.ok(&["item", &item, "close", "--outcome", "not_reached", "--cause", "other", "--as", "ben"]);
    let text = project.ok(&["item", &item]);
    assert!(text.contains("CLOSED WITHOUT CONTACT") && text.contains("root cause: other"), "{text}");
}

/// The KPI counts all answers, also those of customers who were asked once more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_answers_to_her_case_opens_no_other() {
    let definitions = PROJECT
        .replace(
            "confirm: 7\n",
            "confirm: 7\nagain: {link: \"https://survey.example.com/again?case={case}\", case: of_case, settled: score >= 7}\n",
        )
        .replace("  may_contact: {type: boolean}\n", "  may_contact: {type: boolean}\n  of_case: {type: text}\n")
        .replace("  score: {column: score,", "  of_case: {column: of_case, as: text}\n  score: {column: score,");
    let header = "id,answered,region,score,may_contact,of_case\n";
    let world = World::of(&definitions, &format!("{header}a,2026-05-29 10:00,emea,3,yes,\n")).await;
    assert_eq!(world.cases("2026-06-01T08:00").await, (1, 0));
    let a = world.case_of("a").await;
    world.act("ben", a, Doing::Contact(By::Phone, true, None), "2026-06-01T10:00").await.unwrap();
    world.act("ben", a, close("solved", "waiting"), "2026-06-01T11:00").await.unwrap();
    let token = world.item(a).await.1.case.unwrap().token;
    // What names a case of nobody is a customer like others.
    let answers =
        format!("{header}a2,2026-06-02 10:00,emea,2,yes,{token}\nn,2026-06-02 11:00,emea,2,yes,0123456789\n");
    world.project.write("data/b.csv", &answers);
    let report = run_at(&world.app, at("2026-06-03T08:00")).await.unwrap().followed.unwrap();
    assert_eq!((report.answered, report.opened), (1, 1));
    assert_eq!(world.item(a).await.0, "solving");
    let report = run_at(&world.app, at("2026-06-04T08:00")).await.unwrap();
    assert_eq!((report.followed.map_or(0, |of| of.opened), report.not_followed), (0, None), "nor later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_asked_once_more_says_by_herself_whether_it_is_settled() {
    let definitions = PROJECT
        .replace(
            "confirm: 7\n",
            "confirm: 7\nagain: {link: \"https://survey.example.com/again?case={case}\", case: of_case, settled: score >= 7}\n",
        )
        .replace("  may_contact: {type: boolean}\n", "  may_contact: {type: boolean}\n  of_case: {type: text}\n")
        .replace("  score: {column: score,", "  of_case: {column: of_case, as: text}\n  score: {column: score,")
        .replace("answer: score}", "answer: score, where: of_case is null}");
    let header = "id,answered,region,score,may_contact,of_case\n";
    let rows =
        "a,2026-05-29 10:00,emea,3,yes,\nb,2026-05-29 09:00,emea,6,yes,\nc,2026-05-29 08:00,emea,0,yes,\n";
    let world = World::of(&definitions, &format!("{header}{rows}")).await;
    assert_eq!(world.cases("2026-06-01T08:00").await, (3, 0));
    let (a, b, c) = (world.case_of("a").await, world.case_of("b").await, world.case_of("c").await);
    for item in [a, b, c] {
        world.act("ben", item, Doing::Contact(By::Phone, true, None), "2026-06-01T10:00").await.unwrap();
        world.act("ben", item, close("solved", "waiting"), "2026-06-01T11:00").await.unwrap();
    }
    let mut tokens = Vec::new();
    for item in [a, b, c] {
        let (state, work) = world.item(item).await;
        assert_eq!(state, "confirming");
        tokens.push(work.case.unwrap().token);
    }
    let picture = Picture::load(&world.app).await.unwrap();
    let shown = Reporter::new(&picture).item(&a.to_string()).unwrap();
    let link = shown.case.unwrap().again;
    assert_eq!(link, Some(format!("https://survey.example.com/again?case={}", tokens[0])));
    // Settled; not settled; an answer from before it was closed, one without a score, and one to nothing.
    let answers = format!(
        "{header}a2,2026-06-02 10:00,emea,8,yes,{}\nb2,2026-06-02 10:00,emea,2,yes,{}\nc0,2026-06-01 10:30,emea,9,yes,{}\n\
         c1,2026-06-02 11:00,emea,,yes,{}\nn,2026-06-02 11:00,emea,9,yes,0123456789\n",
        tokens[0], tokens[1], tokens[2], tokens[2]
    );
    world.project.write("data/b.csv", &answers);
    let report = run_at(&world.app, at("2026-06-03T08:00")).await.unwrap();
    assert_eq!(report.not_followed, None);
    let report = report.followed.unwrap();
    assert_eq!((report.answered, report.opened), (2, 0), "answers to a case are no cases");
    let (state, work) = world.item(a).await;
    assert_eq!((state, work.case.unwrap().answers[0].settled), ("done", true));
    let (state, work) = world.item(b).await;
    assert_eq!((state, work.owner.unwrap().person.as_str()), ("solving", "ben"), "it is her turn again");
    assert!(!work.case.unwrap().answers[0].settled);
    assert_eq!(world.item(c).await.0, "confirming");
    // The same answers say nothing twice, also once it was closed again; a new one does.
    world.act("ben", b, close("solved", "price"), "2026-06-03T12:00").await.unwrap();
    let report = run_at(&world.app, at("2026-06-03T13:00")).await.unwrap();
    assert_eq!((report.followed.map_or(0, |of| of.answered), report.not_followed), (0, None));
    world.project.write("data/c.csv", &format!("{header}b3,2026-06-04 10:00,emea,9,yes,{}\n", tokens[1]));
    let report = run_at(&world.app, at("2026-06-05T08:00")).await.unwrap().followed.unwrap();
    assert_eq!((report.answered, world.item(b).await.0), (1, "done"));
    // The figure is of first answers.
    assert_eq!(world.value("recommendation", Segment::total()).await, None);
}

/// Rows of which some are held out, by what becomes of their accounts.
fn held_out_project() -> String {
    let loops = "at_most: 100\nhold_out: 30\nafter: 30\nsuccess: account.status = 'active'";
    let accounts = "---
source: accounts
into: account
from: {csv: {files: \"data/accounts*.csv\"}}
mode: upsert
map:
  id: {column: id, as: text, required: true}
  created_at: {column: created, as: timestamp, required: true}
  status: {column: status, as: text}
";
    let answers =
        "  score: {column: score, as: integer}\n  account: {column: account, as: reference account}\n";
    PROJECT
        .replace("mode: reviewed", "mode: open")
        .replace("at_most: 3", loops)
        .replace("data/*.csv", "data/answers*.csv")
        .replace("  score: {column: score, as: integer}\n", answers)
        + accounts
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_held_out_is_nobodys_case_and_what_following_up_does_is_the_difference() {
    const ALL: usize = 40;
    let world = World::of(&held_out_project(), "").await;
    let project = &world.project;
    let answer = |n: usize| format!("r{n},2026-05-2{} 10:00,emea,{},yes,a{n}\n", n % 9, n % 7);
    let answers: String = (0..ALL).map(answer).collect();
    project.write("data/answers.csv", &format!("id,answered,region,score,may_contact,account\n{answers}"));
    let accounts = |status: &dyn Fn(usize) -> &'static str| -> String {
        let rows = (0..ALL).map(|n| format!("a{n},2025-01-01 10:00,{}\n", status(n)));
        "id,created,status\n".to_owned() + rows.collect::<String>().as_str()
    };
    project.write("data/accounts_1.csv", &accounts(&|_| "active"));
    let run = async |when: &str| world.run(when).await;
    let first = run("2026-06-01T08:00").await;
    let (opened, held) = (first.opened as usize, first.unfollowed as usize);
    assert_eq!(opened + held, ALL);
    assert!((3..=24).contains(&held), "{held} of {ALL} are held out by 30 of a hundred");
    // Once for ever, whoever starts anew.
    let again = run("2026-06-01T09:00").await;
    assert_eq!((again.opened, again.unfollowed, again.rows_waiting), (0, 0, 0));
    // Nobody is asked about those held out, and those who follow up do not see who they are.
    let followed: Vec<String> = {
        let mut found = Vec::new();
        for item in kepi_app::deciding::inbox(&world.app.store, None, true).await.unwrap() {
            assert_eq!(item.kind, "case", "only cases wait for anybody");
            found.extend(item.work.case.unwrap().row);
        }
        found
    };
    assert_eq!(followed.len(), opened);
    let picture = Picture::load(&world.app).await.unwrap();
    assert!(picture.items(true).unwrap().iter().all(|item| item.kind == "case"));
    // A month later those whom somebody followed up are still there, and the others are not: by what the account is then, not as it was
    // when she answered, and whatever has become of the case.
    let stays = |n: usize| if followed.contains(&format!("r{n}")) { "active" } else { "closed" };
    world.project.write("data/accounts_2.csv", &accounts(&stays));
    assert_eq!(run("2026-06-30T08:00").await.looked_at, 0, "a day too early");
    let looked = run("2026-07-01T09:30").await;
    assert_eq!((looked.looked_at, looked.opened), (ALL as u64, 0));
    let picture = Picture::load(&world.app).await.unwrap();
    let shown = Reporter::new(&picture).playbooks().unwrap();
    let row = &shown.rows[0];
    let (n, m) = (opened as u64, held as u64);
    assert!(row.of_loop && row.playbook.id == "detractors");
    assert_eq!((row.with, row.without, row.done, row.held_out), ((n, n), (0, m), n, m));
    let (point, low, high) = row.effect.unwrap();
    assert!(point > 0.999 && low > 0.3 && high <= 1.0, "{low} {high}");
    // What was held out stays so, also once nothing is held out any more.
    world.project.write("kepi.yml", &held_out_project().replace("hold_out: 30", "hold_out: 0"));
    assert_eq!(run("2026-07-02T09:00").await.opened, 0);
}
