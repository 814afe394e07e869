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
        let project = Project::empty();
        project.write("kepi.yml", PROJECT);
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
