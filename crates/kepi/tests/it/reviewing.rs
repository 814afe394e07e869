//! By a simulated clock: a plan is asked for before a review opens, what comes up since is on its agenda, and a ladder says who is told.

use std::{path::Path, sync::Arc};

use kepi_app::{
    App,
    acting::{Disputed, Doing, Followed, Silencing},
    deciding::{Acting, Deciding, ItemView},
};
use kepi_engine::DataFusionEvaluator;
use kepi_report::decided::ReviewPoint;

use crate::{
    order::{app, run_at},
    support::Project,
};

const PROJECT: &str = "project: reviews
name: Reviews
language: 1
time_zone: UTC
last_resort: ceo
---
unit: company
name: The company
manager: vp
---
unit: emea
name: EMEA
level: region
parent: company
member: emea
seats: {vp: ben}
---
person: ceo
name: Ada
---
person: vp
name: Vera
reports_to: ceo
---
person: ben
name: Ben
reports_to: vp
---
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
strategy: customers
mission: They recommend us.
perspectives:
  customers: {name: Customers}
objectives:
  recommended: {name: Recommended, perspective: customers}
---
scorecard: customers
name: Customers
unit: company
period: month
missing: {rule: ignore, minimum_coverage: 50%}
cascade: {match: {region: region}, value: recompute, targets: inherit}
perspectives:
  customers:
    weight: 100%
    objectives:
      recommended: {weight: 100%, kpis: {recommendation: 100%}}
---
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
kpi: recommendation
name: Net promoter score
objective: recommended
indicator: lagging
better: higher
measure:
  nps: {of: survey_response, answer: score}
period: month
by: [region]
targets:
  - {from: 2020-01-01, threshold: 10, target: 40, stretch: 60, basis: {expectation: \"as agreed\"}}
accountable: vp
";

fn at(text: &str) -> i64 {
    format!("{text}:00Z").parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

struct World {
    project: Project,
    app: Arc<App>,
}

impl World {
    /// 60 answers a month in each region from January to May, of which so many would not recommend us.
    async fn new(against: [usize; 5]) -> Self {
        Self::of(PROJECT, against).await
    }

    async fn of(definitions: &str, against: [usize; 5]) -> Self {
        let project = Project::empty();
        project.write("kepi.yml", definitions);
        let mut rows = "id,answered,region,score\n".to_owned();
        for (month, against) in against.into_iter().enumerate() {
            rows += &answers(month + 1, against);
        }
        project.write("data/a.csv", &(rows + "over,2026-06-01 00:30,emea,9\n"));
        std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
        let app = Arc::new(app(Path::new(project.path()), Arc::new(DataFusionEvaluator)).await);
        Self { project, app }
    }

    async fn run(&self, when: &str) -> Followed {
        let report = run_at(&self.app, at(when)).await.unwrap();
        assert_eq!(report.not_followed, None);
        report.followed.unwrap()
    }

    async fn of_kind(&self, kind: &str) -> Vec<ItemView> {
        let all = kepi_app::deciding::inbox(&self.app.store, None, true).await.unwrap();
        all.into_iter().filter(|item| item.kind == kind).collect()
    }

    async fn act(&self, who: &str, item: u64, doing: Doing<'_>, when: &str) -> Result<(), String> {
        let acting = Acting { actor: who, at: at(when), key: None };
        Deciding(&self.app.store).act(item, &doing, acting).await.map_err(|error| error.to_string())
    }
}

fn answers(month: usize, against: usize) -> String {
    let of = |region: &str, n: usize| {
        let score = if n < against { 3 } else { 9 };
        format!("{region}{month}_{n},2026-0{month}-1{} 10:00,{region},{score}\n", n % 9)
    };
    (0..60).map(|n| of("emea", n) + of("apac", n).as_str()).collect()
}

fn owner(of: &ItemView) -> &str {
    of.work.owner.as_ref().map_or("nobody", |owner| &owner.person)
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_period_is_closed_whoever_answers_for_what_is_red_is_asked_why_until_somebody_has_said_so() {
    let world = World::new([6, 8, 12, 40, 42]).await;
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
    assert!(refused.unwrap_err().contains("nobody has said why kpi/recommendation"), "not said");
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
    let world = World::new([6, 8, 12, 40, 42]).await;
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
    assert!(refused.unwrap_err().contains("G1120"), "nothing but a plan answers it");
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

/// The third period of 4-4-5 from February ends on 2 May: its review opens on the fifth day of business after that, not after April.
#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_of_the_periods_of_its_scorecard() {
    let weeks = "scorecard: customers\nname: Customers\nweek_start: sunday\nfiscal_year_start: february\ncalendar: {weeks: 4-4-5}\n";
    let definitions = PROJECT.replace("scorecard: customers\nname: Customers\n", weeks);
    let world = World::of(&definitions, [6, 8, 40, 42, 12]).await;
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
    assert_eq!(point.kpi, "recommendation__4_4_5_february_sunday");
    assert!(point.why.contains(&"red"), "{:?}", point.why);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_owes_a_plan_for_what_is_red_no_more() {
    let world = World::new([6, 8, 12, 40, 42]).await;
    assert_eq!(world.run("2026-06-02T08:00").await.plans_asked, 1);
    // May was sent wrongly, and comes again.
    world.project.write("data/b.csv", &format!("id,answered,region,score\n{}", answers(5, 6)));
    world.run("2026-06-03T08:00").await;
    let tasks = world.of_kind("task").await;
    assert_eq!((tasks.len(), tasks[0].state), (1, "recovered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_of_its_severity_says_who_is_told_when_nobody_acts_in_time() {
    let world = World::new([6, 8, 12, 40, 42]).await;
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
    let world = World::new([6, 8, 12, 40, 42]).await;
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
fn sixty() -> (String, String, String) {
    let source = |entity: &str, name: &str, files: &str| {
        format!(
            "---\nentity: {entity}\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: timestamp}}\n  topic: {{type: text}}\n  \
             good: {{type: boolean}}\n---\nsource: {name}\ninto: {entity}\nfrom: {{csv: {{files: \"data/{files}\"}}}}\nmode: \
             upsert\nmap:\n  id: {{column: id, as: text, required: true}}\n  at: {{column: at, as: timestamp, required: true}}\n  topic: \
             {{column: topic, as: text}}\n  good: {{column: good, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}}\n"
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
        text += &format!(
            "---\nkpi: k{n:02}\nname: Share of good ones {n}\nobjective: works\nindicator: lagging\nbetter: higher\nmeasure:\n  share: {{of: \
             {entity}, which: good, where: topic = 't{n:02}'}}\nperiod: month\ntargets:\n  - {{from: 2020-01-01, threshold: 60%, target: \
             80%, stretch: 95%, basis: {{expectation: \"as agreed\"}}}}\naccountable: vp\n"
        );
        weights.push(format!("k{n:02}: {}%", if n < 40 { 2 } else { 1 }));
    }
    text += &format!(
        "---\nscorecard: service\nname: Service\nunit: company\nperiod: month\nmissing: {{rule: ignore, minimum_coverage: \
         10%}}\nperspectives:\n  customers:\n    weight: 100%\n    objectives:\n      works: {{weight: 100%, kpis: {{{}}}}}\n",
        weights.join(", ")
    );
    let mut visits = "id,at,topic,good\n".to_owned();
    let mut deliveries = visits.clone();
    for month in 0..17_usize {
        let (year, of) = (2025 + month / 12, 1 + month % 12);
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
            let all = if n < 2 && month == 16 { 20 } else { 100 };
            for row in 0..all {
                let day = 1 + row % if n < 2 && month == 16 { 9 } else { 27 };
                let is = if row * 100 / all < good { "yes" } else { "no" };
                let line = format!("{n}_{month}_{row},{year}-{of:02}-{day:02} 10:00,t{n:02},{is}\n");
                if n < 2 { deliveries += &line } else { visits += &line }
            }
        }
    }
    visits += "over,2026-06-01 00:30,t30,yes\n";
    (text, visits, deliveries)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nine_red_ones_among_sixty_only_four_need_a_plan() {
    let project = Project::empty();
    let (text, visits, deliveries) = sixty();
    project.write("kepi.yml", &text);
    project.write("data/visits.csv", &visits);
    project.write("data/deliveries.csv", &deliveries);
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    let app = Arc::new(app(Path::new(project.path()), Arc::new(DataFusionEvaluator)).await);
    let world = World { project, app };
    let ahead = world.run("2026-06-02T08:00").await;
    assert_eq!(ahead.plans_asked, 4);
    world.run("2026-06-05T08:00").await;
    let review = world.of_kind("review").await.remove(0).work.review.unwrap();
    let with = |why: &str| -> Vec<String> {
        let points = review.points.iter().filter(|point| point.why.contains(&why));
        points.map(|point| point.kpi.clone()).collect()
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
    let project = Project::empty();
    let (text, visits, deliveries) = sixty();
    let more = "---\nalert: attention\nname: What needs somebody\non: [red, beyond]\nseverity: high\n---\nladder: in_a_hurry\nname: In a \
                hurry\nseverity: high\nrungs: [{to: coo, hours: 2, lasts: 2}, {hours: 4}]\n";
    project.write("kepi.yml", &format!("{text}{more}"));
    project.write("data/visits.csv", &visits);
    project.write("data/deliveries.csv", &deliveries);
    std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
    let app = Arc::new(app(Path::new(project.path()), Arc::new(DataFusionEvaluator)).await);
    let world = World { project, app };
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
