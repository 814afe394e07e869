//! The small company that tests of acting are about: what its definitions have in common, a project that runs in one process by a clock, and what people do at
//! pages of items.

use std::{path::Path, sync::Arc};

use kepi_app::{
    App, AppError,
    acting::{Doing, Followed},
    deciding::{Acting, Deciding, ItemView},
};
use kepi_engine::DataFusionEvaluator;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::{
    order::{app, run_at},
    rooms::{
        driver::{Driver, Look, arrives, browser, follow},
        sign_in,
    },
    support::Project,
};

/// Its units and the people that each of them has.
macro_rules! company {
    () => {
        "unit: company
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
"
    };
}

/// Its strategy and its scorecard.
macro_rules! card {
    () => {
        "strategy: customers
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
"
    };
}

/// Its one KPI.
macro_rules! nps {
    () => {
        "kpi: recommendation
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
"
    };
}

/// Answers, and whether who gave them may be contacted.
macro_rules! answers {
    () => {
        "entity: survey_response
attributes:
  region: {type: text}
  may_contact: {type: boolean}
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
  may_contact: {column: may_contact, as: boolean, \"true\": [\"yes\"], \"false\": [\"no\"]}
"
    };
}
pub(crate) use {answers, card, company, nps};

/// A minute, UTC, as µs.
pub fn at(text: &str) -> i64 {
    format!("{text}:00Z").parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

/// A project, and what is open of it.
pub struct World {
    pub project: Project,
    pub app: Arc<App>,
}

/// What is open of a project by whoever starts anew.
pub async fn fresh(project: &Project) -> App {
    app(Path::new(project.path()), Arc::new(DataFusionEvaluator)).await
}

impl World {
    /// One of definitions, with a first file.
    pub async fn of(definitions: &str, rows: &str) -> Self {
        let project = Project::empty();
        project.write("kepi.yml", definitions);
        project.write("data/a.csv", rows);
        std::fs::create_dir_all(project.path().join(".kepi")).unwrap();
        let app = Arc::new(fresh(&project).await);
        Self { project, app }
    }

    /// What a run by a clock brings about.
    pub async fn run(&self, when: &str) -> Followed {
        let report = run_at(&self.app, at(when)).await.unwrap();
        assert_eq!(report.not_followed, None);
        assert!(report.not_landed.is_empty(), "{:?}", report.not_landed);
        report.followed.unwrap_or_default()
    }

    pub async fn act(&self, who: &str, item: u64, doing: Doing<'_>, when: &str) -> Result<(), AppError> {
        let acting = Acting { actor: who, at: at(when), key: None };
        Deciding(&self.app.store).act(item, &doing, acting).await
    }

    pub async fn view(&self, item: u64) -> ItemView {
        Deciding(&self.app.store).item(item).await.unwrap().0
    }

    /// All of a kind, the newest first.
    pub async fn of_kind(&self, kind: &str) -> Vec<ItemView> {
        let all = kepi_app::deciding::inbox(&self.app.store, None, true).await.unwrap();
        all.into_iter().filter(|item| item.kind == kind).collect()
    }
}

/// Whose turn it is.
pub fn owner(of: &ItemView) -> &str {
    of.work.owner.as_ref().map_or("nobody", |owner| &owner.person)
}

/// An item as `kepi item` tells it.
pub fn item(project: &Project, number: u64) -> Value {
    serde_json::from_str(&project.ok(&["item", &number.to_string(), "--format", "json"])).unwrap()
}

/// The numbers of what waits for somebody of a kind, as `kepi inbox` has them.
pub fn all_waiting(project: &Project, who: &str, kind: &str) -> Vec<u64> {
    let text = project.ok(&["inbox", "--quiet", "--as", who, "--format", "json"]);
    let items: Value = serde_json::from_str(&text).unwrap();
    let of = items.as_array().unwrap().iter().filter(|item| item["kind"] == kind);
    of.map(|item| item["item"].as_u64().unwrap()).collect()
}

/// The first of them.
pub fn waiting(project: &Project, who: &str, kind: &str) -> u64 {
    *all_waiting(project, who, kind).first().unwrap_or_else(|| panic!("no {kind} with {who}"))
}

pub async fn fill(browser: &WebDriver, form: &str, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        // Days are typed in the order of the browser's language: the value is set as it is sent.
        let script = "const field = document.querySelector(arguments[0]); field.value = arguments[1]; return field.value;";
        let css = format!("form[action$='/{form}'] [name='{name}']");
        let set = browser.execute(script, vec![css.into(), (*value).into()]).await.unwrap();
        assert_eq!(set.json(), &json!(value), "{form} {name}");
    }
}

/// Sends a form, and waits until the page is gone on which it stood: a click is not its answer.
pub async fn send(browser: &WebDriver, form: &str) {
    press(browser, &format!("form[action$='/{form}'] button[type=submit]")).await;
}

/// The same by one of its buttons.
pub async fn press(browser: &WebDriver, button: &str) {
    browser
        .execute("document.querySelectorAll('details.deed').forEach(of => of.open = true)", vec![])
        .await
        .unwrap();
    follow(browser, By::Css(button)).await;
}

/// Somebody in a browser of her own, at a page.
pub async fn at_page(driver: &Driver, site: &str, who: &str, page: &str) -> WebDriver {
    let of = browser(driver, Look::Light).await;
    sign_in(&of, site, who).await;
    of.goto(format!("{site}{page}")).await.unwrap();
    of
}

pub async fn at_item(driver: &Driver, site: &str, who: &str, number: u64) -> WebDriver {
    at_page(driver, site, who, &format!("/items/{number}")).await
}

/// Fills a form of the page of an item and sends it.
pub async fn does(browser: &WebDriver, number: u64, form: &str, fields: &[(&str, &str)]) {
    fill(browser, form, fields).await;
    send(browser, form).await;
    arrives(browser, &format!("/items/{number}")).await;
}
