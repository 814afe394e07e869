//! By a simulated clock: a plan is asked for before a review opens, what comes up since is on its agenda, and a ladder says who is told.

use std::fmt::Write;

use kepi_app::{
    acting::{Disputed, Doing, Silencing},
    deciding::{Acting, Deciding, ItemView},
    picture::Picture,
};
use kepi_govern::items::Decision;
use kepi_report::{
    Reporter,
    decided::{About, ReviewPoint},
};

use crate::{
    order::run_at,
    world::{World, at, card, company, nps, owner},
};

const PROJECT: &str = concat!(
    "project: reviews
name: Reviews
language: 1
time_zone: UTC
last_resort: ceo
---
",
    company!(),
    "---
person: coo
name: Cleo
reports_to: ceo
---
person: pat
name: Pat
reports_to: coo
---
governance: company
mode: reviewed
owners: [ceo, vp]
---
alert: attention
name: What needs somebody
on: [red]
kpis: [recommendation]
severity: high
---
ladder: in_a_hurry
name: In a hurry
severity: high
rungs: [{to: coo, hours: 2}, {hours: 4}]
---
review: monthly
name: Monthly review
scorecard: customers
period: month
after: 5
plans: 3
chair: vp
participants: [ben]
---
",
    card!(),
    "---
entity: survey_response
attributes:
  region: {type: text}
---
source: answers
into: survey_response
from: {csv: {files: \"data/*.csv\"}}
mode: upsert
map:
  id: {column: id, as: text, required: true}
  responded_at: {column: answered, as: timestamp, required: true}
  score: {column: score, as: integer}
  region: {column: region, as: text}
---
",
    nps!(),
);

/// 60 answers a month in each region from January to May, of which so many would not recommend us.
async fn world(against: [usize; 5]) -> World {
    world_of(PROJECT, against).await
}

async fn world_of(definitions: &str, against: [usize; 5]) -> World {
    let months = (1..).zip(against).map(|(month, against)| answers(month, against));
    let rows: String = months.collect();
    let rows = format!("id,answered,region,score\n{rows}over,2026-06-01 00:30,emea,9\n");
    World::of(definitions, &rows).await
}

fn answers(month: usize, against: usize) -> String {
    let of = |region: &str, n: usize| {
        let score = if n < against { 3 } else { 9 };
        format!("{region}{month}_{n},2026-0{month}-1{} 10:00,{region},{score}\n", n % 9)
    };
    (0..60).map(|n| of("emea", n) + of("apac", n).as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_period_is_closed_whoever_answers_for_what_is_red_is_asked_why_until_somebody_has_said_so() {
    let world = world([6, 8, 12, 40, 42]).await;
    assert_eq!(world.run("2026-06-01T08:00").await.asked_why, 0, "nothing is closed");
    let acting = |actor: &'static str, when: &str| Acting { actor, at: at(when), key: None };
    for (month, when) in [("2026-02", "2026-06-01T09:00"), ("2026-05", "2026-06-01T09:10")] {
        let (close, _) = world.app.close(month, acting("vp", when), "it is over").await.unwrap();
        Deciding(&world.app.store)
            .vote(close, kepi_app::deciding::Stance::Yes, None, acting("ceo", when), None)
            .await
            .unwrap();
    }
    // May is red, February is not; of both regions together, once.
    assert_eq!(world.run("2026-06-01T10:00").await.asked_why, 1);
    assert_eq!(world.run("2026-06-01T11:00").await.asked_why, 0);
    let tasks = world.of_kind("task").await;
    assert_eq!((tasks.len(), owner(&tasks[0])), (1, "vp"));
    assert!(
        tasks[0].touches[0].contains("kpi/recommendation: why it is as it is in month/2026-05-01"),
        "{:?}",
        tasks[0]
    );
    // Only a commentary answers it.
    let refused =
        world.act("vp", tasks[0].item, Doing::Finish("done", Some("so what")), "2026-06-01T12:00").await;
    assert!(refused.unwrap_err().to_string().contains("nobody has said why kpi/recommendation"), "not said");
    let said = kepi_app::commentary::Commenting {
        kpi: "recommendation",
        period: "2026-05",
        unit: None,
        what: "fell",
        why: "the move",
        done: "two more people",
        outlook: "back by August",
        unsure: "one month is no trend",
    };
    for part in ["what", "why", "done", "outlook", "unsure"] {
        let mut of = said;
        let place = match part {
            "what" => &mut of.what,
            "why" => &mut of.why,
            "done" => &mut of.done,
            "outlook" => &mut of.outlook,
            _ => &mut of.unsure,
        };
        *place = " ";
        let why = world.app.comment(of, acting("vp", "2026-06-01T12:30")).await.unwrap_err().to_string();
        assert!(why.contains(&format!("`{part}` says nothing")), "{why}");
    }
    world.app.comment(said, acting("vp", "2026-06-01T13:00")).await.unwrap();
    world.run("2026-06-01T14:00").await;
    assert_eq!(world.of_kind("task").await[0].state, "recovered");
    assert_eq!(world.run("2026-06-01T15:00").await.asked_why, 0, "said once, asked no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_asked_for_before_a_review_and_what_comes_up_since_is_on_its_agenda() {
    let world = world([6, 8, 12, 40, 42]).await;
    // The fifth day of business of June is the 5th: three days before, not earlier, whoever answers for it is asked, once.
    assert_eq!(world.run("2026-06-01T08:00").await.plans_asked, 0);
    assert_eq!(world.run("2026-06-02T08:00").await.plans_asked, 1);
    assert_eq!(world.run("2026-06-03T08:00").await.plans_asked, 0);
    let tasks = world.of_kind("task").await;
    assert_eq!((tasks.len(), owner(&tasks[0]), tasks[0].due), (1, "vp", Some(at("2026-06-05T00:00"))));
    assert!(
        tasks[0].touches[0].contains("a plan before review/monthly of month/2026-05-01"),
        "{:?}",
        tasks[0].touches
    );
    let refused =
        world.act("vp", tasks[0].item, Doing::Finish("done", Some("so what")), "2026-06-03T09:00").await;
    assert!(refused.unwrap_err().to_string().contains("G1120"), "nothing but a plan answers it");
    // Then it opens, and the plan is still owed; it got worse three times in a row as well.
    let opened = world.run("2026-06-05T08:00").await;
    assert_eq!((opened.reviews, opened.came_up), (1, 0));
    let review = world.of_kind("review").await.remove(0);
    let points = |of: &ItemView| -> Vec<ReviewPoint> { of.work.review.as_ref().unwrap().points.clone() };
    let [point] = &points(&review)[..] else { panic!("one point: {:?}", points(&review)) };
    assert!(point.why.contains(&"a plan is owed") && point.why.contains(&"worse three times in a row"));
    // Somebody says that a figure of a unit is not right: the next run puts that on the agenda, once.
    let of = Disputed { kpi: "recommendation", period: "2026-05", unit: Some("emea") };
    let acting = Acting { actor: "coo", at: at("2026-06-05T10:00"), key: None };
    world.app.dispute(of, "counted twice", acting).await.unwrap();
    assert_eq!(world.run("2026-06-05T11:00").await.came_up, 1);
    assert_eq!(world.run("2026-06-05T12:00").await.came_up, 0);
    let now = world.of_kind("review").await.remove(0);
    assert_eq!((points(&now).len(), points(&now)[1].unit.as_deref()), (2, Some("emea")));
    // Who was there stands with it.
    world.act("vp", review.item, Doing::Attend(vec!["vp", "coo"]), "2026-06-05T13:00").await.unwrap();
    let now = world.of_kind("review").await.remove(0);
    assert_eq!(now.work.review.unwrap().present, Some(vec!["coo".to_owned(), "vp".to_owned()]));
}

/// Of those who sign up fewer go on in May; orders are overdue, and many accounts cannot be read.
#[tokio::test(flavor = "multi_thread")]
async fn journeys_and_sources_are_points_of_their_own_on_an_agenda() {
    let source = |name: &str, into: &str, more: &str, map: &str| {
        format!(
            "---\nsource: {name}\ninto: {into}\nfrom: {{csv: {{files: \"data/{name}*.csv\"}}}}\nmode: append\n{more}map:\n  id: {{column: id, as: text}}\n{map}"
        )
    };
    let head = PROJECT.split("---\nalert:").next().unwrap();
    let definitions = format!(
        "{head}---\nreview: monthly\nname: Monthly review\nscorecard: service\nperiod: month\nafter: 10\nplans: 0\nchair: vp\nparticipants: [ben]\n---\nstrategy: \
         service\nmission: It works.\nperspectives:\n  customers: {{name: Customers}}\nobjectives:\n  works: {{name: It works, perspective: \
         customers}}\n---\nscorecard: service\nname: Service\nunit: company\nperiod: month\nmissing: {{rule: ignore, minimum_coverage: \
         10%}}\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      works: {{weight: 100%, kpis: {{signed: 100%}}}}\n---\nentity: \
         journey\nname: First weeks\nrows:\n  of: account\n  stages:\n    signs: {{enter: account}}\n    orders: {{enter: order, follows: \
         [signs]}}\nattributes:\n  goes_on: {{any: journey, same: account, after: entered_at, within: 5 days}}\n{}{}---\nkpi: signed\nname: Accounts signed\nobjective: works\nindicator: lagging\nbetter: higher\nmeasure: {{count: {{of: \
         account}}}}\nperiod: month\naccountable: vp\n---\nkpi: came\nname: Stages begun\nbetter: higher\nmeasure: {{count: {{of: journey}}}}\nperiod: \
         month\nby: [stage]\n---\nkpi: goes_on\nname: Go on\nbetter: higher\nmeasure: {{share: {{of: journey, which: goes_on}}}}\nperiod: \
         month\nby: [stage]\n",
        source(
            "accounts",
            "account",
            "quarantine: {at_most: 50%}\n",
            "  created_at: {column: created, as: date}\n"
        ),
        source(
            "orders",
            "order",
            "expect: {every: day, by: \"06:00\"}\n",
            "  account: {column: account, as: reference account}\n  ordered_at: {column: on, as: date}\n"
        ),
    );
    let world = World::of(&definitions, "").await;
    let (mut accounts, mut orders) = ("id,created\n".to_owned(), "id,account,on\n".to_owned());
    for month in 0..15_usize {
        let (year, of) = (2025 + (month + 2) / 12, 1 + (month + 2) % 12);
        for n in 0..200 {
            // About 140 of 200 order two days later; in May 60.
            let day = 1 + n % 25;
            accounts += &format!("a{month}_{n},{year}-{of:02}-{day:02}\n");
            if n * 7919 % 200 < if month == 14 { 60 } else { 138 + month * 5 % 7 } {
                orders += &format!("o{month}_{n},a{month}_{n},{year}-{of:02}-{:02}\n", day + 2);
            }
        }
    }
    accounts += "late,2026-06-08\n";
    orders += "late,late,2026-06-08\n";
    accounts += &(0..200).map(|n| format!("bad{n},the other day\n")).collect::<String>();
    world.project.write("data/accounts.csv", &accounts);
    world.project.write("data/orders.csv", &orders);
    world.run("2026-06-09T05:00").await;
    assert_eq!(world.run("2026-06-12T08:00").await.reviews, 1);
    let review = world.of_kind("review").await.remove(0);
    let points = review.work.review.unwrap().points;
    let why = |about: &str| {
        let point = points.iter().find(|point| point.about.to_string() == about);
        point.unwrap_or_else(|| panic!("{about}: {points:?}")).clone()
    };
    let (journey, late, aside) = (why("journey/journey"), why("source/orders"), why("source/accounts"));
    assert_eq!(
        journey.why,
        [
            "fewer go on from a stage than usual",
            "more or fewer come into a stage than usual",
            "its data are late or set aside"
        ]
    );
    assert_eq!(
        (&late.why[..], &aside.why[..]),
        (&["a delivery is overdue"][..], &["many of its rows were set aside"][..])
    );
    // What speaks for each stands beside it, in the pack and on the page.
    let picture = Picture::load(&world.app).await.unwrap();
    let shown = Reporter::new(&picture).item(&review.item.to_string()).unwrap().review.unwrap();
    let said = |number: usize| {
        let point = shown.points.iter().find(|point| point.number == number).unwrap();
        point.evidence.iter().map(|(about, said)| format!("{about}: {said}")).collect::<Vec<_>>().join(" | ")
    };
    let of = said(journey.number).replace(kepi_report::format::THIN, " ");
    assert!(
        of.contains("signs: Go on: 30.0 %, beyond its usual variation")
            && of.contains("orders: Stages begun: 60, beyond"),
        "{of}"
    );
    let of = said(late.number);
    assert!(of.contains("The next is ") && of.contains(" late, expected every day by 06:00"), "{of}");
    let of = said(aside.number).replace(kepi_report::format::THIN, " ");
    assert!(of.contains("3 201 landed, of which 200 were set aside"), "{of}");
    let pack = world.project.ok(&["review", "pack", &review.item.to_string()]);
    assert!(
        pack.contains("Journey: First weeks")
            && pack.contains("Source: Orders")
            && pack.contains("- signs: Go on"),
        "{pack}"
    );
    // A decision on each; a plan is of a KPI, so that somebody does something about these.
    let follows = Some(("ben", jiff::civil::date(2026, 6, 30)));
    let decide = async |number: usize, decision| {
        let place = u16::try_from(number).unwrap();
        let doing = Doing::Decide(place, decision, "ask who feeds it", follows);
        world.act("vp", review.item, doing, "2026-06-12T10:00").await
    };
    let refused = decide(journey.number, Decision::Plan).await.unwrap_err().to_string();
    assert!(
        refused.contains("G1110") && refused.contains("a plan says what it is to come to at a KPI"),
        "{refused}"
    );
    decide(journey.number, Decision::Task).await.unwrap();
    decide(late.number, Decision::Change).await.unwrap();
    let tasks = world.of_kind("task").await;
    assert_eq!((tasks.len(), owner(&tasks[0])), (2, "ben"));
    for task in tasks {
        world.act("ben", task.item, Doing::Finish("done", Some("asked")), "2026-06-12T11:00").await.unwrap();
    }
    // The page of the journey and that of the data are a step away.
    let (_server, address) = world.project.serve();
    let page = crate::tour::get(&address, &format!("/reviews/{}", review.item)).unwrap();
    assert!(page.contains("href=\"/journeys/journey\"") && page.contains("href=\"/data#orders\""), "{page}");
}

/// The third period of 4-4-5 from February ends on 2 May: its review opens on the fifth day of business after that, not after April.
#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_of_the_periods_of_its_scorecard() {
    let weeks = "scorecard: customers\nname: Customers\nweek_start: sunday\nfiscal_year_start: february\ncalendar: {weeks: 4-4-5}\n";
    let definitions = PROJECT.replace("scorecard: customers\nname: Customers\n", weeks);
    let world = world_of(&definitions, [6, 8, 40, 42, 12]).await;
    // An answer by which the month until 2 May is over.
    world.project.write("data/over.csv", "id,answered,region,score\nmay,2026-05-03 10:00,emea,9\n");
    world.run("2026-05-01T08:00").await;
    assert_eq!(world.run("2026-05-04T08:00").await.plans_asked, 0);
    assert_eq!(world.run("2026-05-05T08:00").await.plans_asked, 1);
    let task = world.of_kind("task").await.remove(0);
    assert!(
        task.touches[0].contains("a plan before review/monthly of month/2026-03-29"),
        "{:?}",
        task.touches
    );
    let opened = world.run("2026-05-07T08:00").await.reviews;
    assert_eq!((opened, world.run("2026-05-08T08:00").await.reviews), (0, 1));
    let review = world.of_kind("review").await.pop().unwrap();
    let [point] = &review.work.review.as_ref().unwrap().points[..] else { panic!("one point") };
    assert_eq!(point.about, About::Kpi("recommendation__4_4_5_february_sunday".to_owned()));
    assert!(point.why.contains(&"red"), "{:?}", point.why);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_owes_a_plan_for_what_is_red_no_more() {
    let world = world([6, 8, 12, 40, 42]).await;
    assert_eq!(world.run("2026-06-02T08:00").await.plans_asked, 1);
    // May was sent wrongly, and comes again.
    world.project.write("data/b.csv", &format!("id,answered,region,score\n{}", answers(5, 6)));
    world.run("2026-06-03T08:00").await;
    let tasks = world.of_kind("task").await;
    assert_eq!((tasks.len(), tasks[0].state), (1, "recovered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_of_its_severity_says_who_is_told_when_nobody_acts_in_time() {
    let world = world([6, 8, 12, 40, 42]).await;
    world.run("2026-06-01T08:00").await;
    let tick = async |when: &str| {
        Deciding(&world.app.store).tick(at(when)).await.unwrap();
        let alert = world.of_kind("alert").await.remove(0);
        (owner(&alert).to_owned(), alert.due)
    };
    // High is four hours of business from nine on; then the operating officer has two, then whoever is above her four.
    assert_eq!(tick("2026-06-01T12:59").await, ("vp".to_owned(), Some(at("2026-06-01T13:00"))));
    assert_eq!(tick("2026-06-01T13:00").await, ("coo".to_owned(), Some(at("2026-06-01T15:00"))));
    assert_eq!(tick("2026-06-01T15:00").await, ("ceo".to_owned(), Some(at("2026-06-02T11:00"))));
    // At the top it stands.
    assert_eq!(tick("2026-06-09T11:00").await.0, "ceo");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_is_ended_by_whom_it_concerns_and_every_other_attempt_is_in_the_log() {
    let world = world([6, 8, 12, 40, 42]).await;
    world.run("2026-06-01T08:00").await;
    let deciding = Deciding(&world.app.store);
    let acting = |actor: &'static str| Acting { actor, at: at("2026-06-01T10:00"), key: None };
    let of = |unit| Silencing {
        alert: Some("attention"),
        kpi: Some("recommendation"),
        unit,
        until: jiff::civil::date(2026, 6, 20),
    };
    let keep = async |unit| deciding.silence(of(unit), "we know", acting("coo")).await.unwrap();
    let numbers = [keep(None).await, keep(Some("emea")).await, keep(Some("company")).await];
    world.run("2026-06-01T11:00").await;
    // Of all rows and of EMEA: who answers there, who keeps it, and an owner of the project may; others may not.
    let refused = deciding.end_silence(numbers[0], acting("pat")).await.unwrap_err().to_string();
    assert!(refused.contains("G1104"), "{refused}");
    deciding.end_silence(numbers[1], acting("ben")).await.unwrap();
    deciding.end_silence(numbers[2], acting("ceo")).await.unwrap();
    deciding.end_silence(numbers[0], acting("coo")).await.unwrap();
    let events = world
        .app
        .store
        .events(&kepi_store::EventFilter { kind: Some("attempt.*".to_owned()), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(events.len(), 1, "the attempt is in the log");
}

/// Scenario 5: of sixty KPIs nine are red: the data of two are late, three are within their usual variation, four are real.
///
/// The seventeenth month is that of so many months after May 2026. A large one has 1115 rows in each of seven segments of the first of the real ones.
pub(crate) fn sixty(later: usize, large: bool) -> (String, String, String) {
    let source = |entity: &str, name: &str, files: &str| {
        format!(
            "---\nentity: {entity}\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: timestamp}}\n  topic: {{type: text}}\n  \
             segment: {{type: text}}\n  good: {{type: boolean}}\n---\nsource: {name}\ninto: {entity}\nfrom: {{csv: {{files: \"data/{files}\"}}}}\nmode: \
             upsert\nmap:\n  id: {{column: id, as: text, required: true}}\n  at: {{column: at, as: timestamp, required: true}}\n  topic: \
             {{column: topic, as: text}}\n  segment: {{column: segment, as: text}}\n  good: {{column: good, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}}\n"
        )
    };
    let mut text = PROJECT.split("---\nalert:").next().unwrap().to_owned();
    text += "---\nreview: monthly\nname: Monthly review\nscorecard: service\nperiod: month\nafter: 5\nplans: 3\nchair: vp\n---\nstrategy: \
             service\nmission: It works.\nperspectives:\n  customers: {name: Customers}\nobjectives:\n  works: {name: It works, \
             perspective: customers}\n";
    text += &source("visit", "visits", "visits*.csv");
    text += &source("delivery", "deliveries", "deliveries*.csv");
    let mut weights = Vec::new();
    for n in 0..60 {
        let entity = if n < 2 { "delivery" } else { "visit" };
        let by = if large && n == 5 { "by: [segment]\n" } else { "" };
        text += &format!(
            "---\nkpi: k{n:02}\nname: Share of good ones {n}\nobjective: works\nindicator: lagging\nbetter: higher\nmeasure:\n  share: {{of: \
             {entity}, which: good, where: topic = 't{n:02}'}}\nperiod: month\n{by}targets:\n  - {{from: 2020-01-01, threshold: 60%, target: \
             80%, stretch: 95%, basis: {{expectation: \"as agreed\"}}}}\naccountable: vp\n"
        );
        weights.push(format!("k{n:02}: {}%", if n < 40 { 2 } else { 1 }));
    }
    text += &format!(
        "---\nscorecard: service\nname: Service\nunit: company\nperiod: month\nmissing: {{rule: ignore, minimum_coverage: \
         10%}}\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      works: {{weight: 100%, kpis: {{{}}}}}\n",
        weights.join(", ")
    );
    let mut visits = "id,at,topic,segment,good\n".to_owned();
    let mut deliveries = visits.clone();
    for month in 0..17_usize {
        let (year, of) = (2025 + (month + later) / 12, 1 + (month + later) % 12);
        for n in 0..60_usize {
            // Around 61 of a hundred come and go by nature; the last months of the real ones do not.
            let usual = if (2..5).contains(&n) {
                [66, 55, 63, 57, 65, 56][(month + n) % 6]
            } else {
                78 + (month * 7 + n * 3) % 9
            };
            let good = match (n, month) {
                (0 | 1, 16) => 20,
                (2..5, 16) => 56,
                (5..9, 15..) => 35,
                _ => usual,
            };
            if large && n == 5 {
                // Four months of so many rows suffice: it is red twice in a row.
                if month < 13 {
                    continue;
                }
                let good = (0..7).map(|segment| match month {
                    16 if segment < 2 => 446,
                    16 => 368,
                    _ => good * SEGMENT / 100,
                });
                visits += &segments((year, of), good);
                continue;
            }
            let all = if n < 2 && month == 16 { 20 } else { 100 };
            for row in 0..all {
                let day = 1 + row % if n < 2 && month == 16 { 9 } else { 27 };
                let is = if row * 100 / all < good { "yes" } else { "no" };
                let line = format!("{n}_{month}_{row},{year}-{of:02}-{day:02} 10:00,t{n:02},,{is}\n");
                if n < 2 { deliveries += &line } else { visits += &line }
            }
        }
    }
    visits += &format!("over,2026-{:02}-01 00:30,t30,,yes\n", 6 + later);
    (text, visits, deliveries)
}

/// Rows of each segment of a large KPI in a month.
const SEGMENT: usize = 1115;

/// Rows of a large KPI in a month, of which so many are good in each segment.
pub(crate) fn segments((year, month): (usize, usize), good: impl Iterator<Item = usize>) -> String {
    let mut rows = String::new();
    for (segment, good) in good.enumerate() {
        for row in 0..SEGMENT {
            let is = if row < good { "yes" } else { "no" };
            let day = 1 + row % 27;
            writeln!(
                rows,
                "5_{year}_{month}_{segment}_{row},{year}-{month:02}-{day:02} 10:00,t05,s{segment},{is}"
            )
            .unwrap();
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nine_red_ones_among_sixty_only_four_need_a_plan() {
    let (text, visits, deliveries) = sixty(0, false);
    let world = World::of(&text, "").await;
    world.project.write("data/visits.csv", &visits);
    world.project.write("data/deliveries.csv", &deliveries);
    let ahead = world.run("2026-06-02T08:00").await;
    assert_eq!(ahead.plans_asked, 4);
    world.run("2026-06-05T08:00").await;
    let review = world.of_kind("review").await.remove(0).work.review.unwrap();
    let name = |of: &About| match of {
        About::Kpi(kpi) => kpi.clone(),
        of => of.to_string(),
    };
    let with = |why: &str| -> Vec<String> {
        let points = review.points.iter().filter(|point| point.why.contains(&why));
        points.map(|point| name(&point.about)).collect()
    };
    let names = |of: std::ops::Range<usize>| -> Vec<String> { of.map(|n| format!("k{n:02}")).collect() };
    let red: std::collections::BTreeSet<String> = with("red").into_iter().collect();
    assert_eq!(red, names(0..9).into_iter().collect(), "nine are red");
    assert_eq!(with("a plan is owed"), names(5..9));
    let unsure = with("there is no sure figure");
    assert!(unsure.is_empty() || unsure.iter().all(|kpi| kpi.as_str() < "k02"), "{unsure:?}");
}

/// What is red, is reviewed and is asked about in a year in which nobody does anything about it.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_year_of_sixty_kpis_in_which_nobody_acts_everything_ends_or_stands_with_a_living_person() {
    const DAY: i64 = 86_400_000_000;
    let (text, visits, deliveries) = sixty(0, false);
    let more = "---\nalert: attention\nname: What needs somebody\non: [red, beyond]\nseverity: high\n---\nladder: in_a_hurry\nname: In a \
                hurry\nseverity: high\nrungs: [{to: coo, hours: 2, lasts: 2}, {hours: 4}]\n";
    let world = World::of(&format!("{text}{more}"), "").await;
    world.project.write("data/visits.csv", &visits);
    world.project.write("data/deliveries.csv", &deliveries);
    let begin = at("2026-06-01T08:00");
    let mut kinds = std::collections::BTreeMap::new();
    for week in 0..52 {
        let now = begin + week * 7 * DAY;
        if week % 4 == 0 {
            run_at(&world.app, now).await.unwrap();
        }
        Deciding(&world.app.store).tick(now).await.unwrap();
        let organisation = world.app.store.organisation().await.unwrap();
        let people = ["ceo", "vp", "ben", "coo", "pat"];
        for item in organisation.items.open() {
            let step = item.step().unwrap();
            match item.owner() {
                Some(owner) => {
                    let by = kepi_govern::Principal::Person(owner.person);
                    let name = world.app.store.name_of(&by).await.unwrap();
                    assert!(people.contains(&name.as_str()), "item {} is with {name}", item.number);
                }
                // What waits for nobody waits until a day.
                None => assert!(item.due().is_some(), "item {} waits for ever in {}", item.number, step.name),
            }
            *kinds.entry(item.content.kind().name).or_insert(0_u64) += 1;
        }
    }
    let all = kepi_app::deciding::inbox(&world.app.store, None, true).await.unwrap();
    eprintln!("a year of sixty KPIs: {} items, open from week to week: {kinds:?}", all.len());
    assert!(kinds.contains_key("alert") && kinds.contains_key("review"), "{kinds:?}");
}

const GATES: &str = "---\noperating_plan: year\nname: The year\nfrom: 2026-01-01\nuntil: 2027-01-01\n\
    versions: {budget: {since: 2025-12-10, amounts: {recommended: 10 EUR}}}\ngates: {forecast: 2026-06-09, budget: 2026-07-08}\n";

/// Tuesday, 9 June: two days of business before it is Friday, 5 June; of Wednesday, 8 July, it is Monday, 6 July.
#[tokio::test(flavor = "multi_thread")]
async fn a_review_opens_by_the_clock_before_a_gate_of_planning() {
    let by_gates =
        PROJECT.replace("period: month\nafter: 5\n", "period: month\ngates: {of: [year], before: 2}\n");
    assert_ne!(by_gates, PROJECT);
    let world = world_of(&format!("{by_gates}{GATES}"), [6, 8, 12, 12, 12]).await;
    assert_eq!(world.run("2026-06-04T08:00").await.reviews, 0);
    assert_eq!(world.run("2026-06-05T08:00").await.reviews, 1);
    let review = world.of_kind("review").await.remove(0);
    assert_eq!(
        review.why.as_deref(),
        Some(
            "Monthly review: 2 days of business before forecast of The year (2026-06-09); 2026-05 is the last that is over"
        )
    );
    assert_eq!(world.run("2026-07-03T08:00").await.reviews, 0);
    assert_eq!(world.run("2026-07-06T08:00").await.reviews, 1);
}

const MERGER: &str = "---\nenterprise_event: merger\nname: Merger with Acme\ndescription: two surveys become one\non: 2026-05-20\nobjectives: [recommended]\n---\n\
    enterprise_event: later\nname: A new market\non: 2026-09-01\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_an_event_of_the_enterprise_touches_is_confirmed_anew_by_a_review_that_opened_since() {
    let world = world_of(&format!("{PROJECT}{MERGER}"), [6, 8, 12, 12, 12]).await;
    // Three months of the year before, on target like those of this year.
    let before: String = (1..)
        .zip([10, 11, 12])
        .map(|(n, month)| {
            let rows = answers(n, 6).replace(&format!("2026-0{n}-"), &format!("2025-{month}-"));
            rows.replace(&format!("emea{n}_"), &format!("emea{month}_"))
                .replace(&format!("apac{n}_"), &format!("apac{month}_"))
        })
        .collect();
    world.project.write("data/before.csv", &format!("id,answered,region,score\n{before}"));
    assert_eq!(world.run("2026-06-05T08:00").await.reviews, 1);
    let review = world.of_kind("review").await.remove(0);
    let of_definition = |of: &ItemView| -> Vec<ReviewPoint> {
        of.work.review.as_ref().unwrap().points.iter().filter(|of| of.of_definition).cloned().collect()
    };
    let points = of_definition(&review);
    assert_eq!(points.len(), 1, "that of September has not come");
    assert_eq!(points[0].why, ["an event of the enterprise touches it", "the definition is to be confirmed"]);
    let picture = Picture::load(&world.app).await.unwrap();
    let shown =
        tokio::task::block_in_place(|| Reporter::new(&picture).item(&review.item.to_string()).unwrap());
    let evidence = &shown.review.unwrap().points[points[0].number - 1].evidence;
    assert!(
        evidence.contains(&(
            "Event".to_owned(),
            "Merger with Acme of 2026-05-20: two surveys become one".to_owned()
        )),
        "{evidence:?}"
    );
    // Eight months in a row on target, October to May, and nobody has done anything about it.
    let complacent = |evidence: &[(String, String)]| -> Vec<String> {
        let said = evidence.iter().filter(|(about, _)| about == "Complacency");
        said.map(|(_, said)| said.clone()).collect()
    };
    let said = complacent(evidence);
    assert!(
        said.len() == 1
            && said[0].starts_with(
                "On target in each of the last 8 periods, since 2025-10, and nobody did anything"
            ),
        "{evidence:?}"
    );
    let place = u16::try_from(points[0].number).unwrap();
    world
        .act(
            "vp",
            review.item,
            Doing::Decide(place, Decision::Accept, "it fits both", None),
            "2026-06-05T10:00",
        )
        .await
        .unwrap();
    // Somebody has now.
    let picture = Picture::load(&world.app).await.unwrap();
    let shown =
        tokio::task::block_in_place(|| Reporter::new(&picture).item(&review.item.to_string()).unwrap());
    let evidence = &shown.review.unwrap().points[points[0].number - 1].evidence;
    assert!(complacent(evidence).is_empty() && !evidence.is_empty(), "{evidence:?}");
    // The next one does not ask again; after September it does.
    assert_eq!(world.run("2026-07-07T08:00").await.reviews, 1);
    let asked = |all: Vec<ItemView>| all.iter().map(|of| of_definition(of).len()).collect::<Vec<_>>();
    assert_eq!(asked(world.of_kind("review").await).into_iter().sum::<usize>(), 1);
    assert_eq!(world.run("2026-10-07T08:00").await.reviews, 1);
    assert_eq!(asked(world.of_kind("review").await).into_iter().sum::<usize>(), 2);
}
