//! What programs are told, endpoint by endpoint: golden answers, so that no change of a page changes one unseen.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kepi_report::{
    api::v1,
    fixture::{PlantedReader, airport, many},
    initiatives::Initiatives,
    logged::Proven,
    matrix::Matrix,
    trace::TracedEntityRow,
};
use kepi_web::{pages::PAGES, router};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::ServiceExt;

async fn text(router: &axum::Router, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// An answer as its golden holds it: one field a line; hashes of definitions are not the interface's to fix.
fn golden(answer: &str) -> String {
    fn blank(value: &mut Value) {
        match value {
            Value::String(text) if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                *text = "<hash>".to_owned();
            }
            Value::Array(all) => all.iter_mut().for_each(blank),
            Value::Object(all) => all.values_mut().for_each(blank),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(answer).unwrap();
    blank(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

/// The typed answer says all that the text says.
fn is_whole<T: Serialize + DeserializeOwned>(answer: &str) {
    let typed: T = serde_json::from_str(answer).unwrap();
    let same = serde_json::to_value(&typed).unwrap() == serde_json::from_str::<Value>(answer).unwrap();
    assert!(same, "the type leaves something out");
}

/// Endpoint, the name of its golden, and its type.
type Endpoint = (&'static str, &'static str, fn(&str));

const ENDPOINTS: &[Endpoint] = &[
    ("/api/v1/scorecard?unit=area_f&period=2014&history=2", "scorecard", is_whole::<v1::Scorecard>),
    ("/api/v1/explain/passenger_experience", "explain", is_whole::<v1::Explanation>),
    (
        "/api/v1/what-if/passenger_experience?weight.customer=50%25&value.restroom_cleanliness=4.2",
        "what_if",
        is_whole::<v1::WhatIf>,
    ),
    ("/api/v1/kpis", "kpis", is_whole::<v1::KpiList>),
    ("/api/v1/kpis/restroom_cleanliness", "kpi", is_whole::<v1::KpiInFull>),
    ("/api/v1/kpis/restroom_cleanliness/rows", "rows", is_whole::<v1::RowsBehind>),
    ("/api/v1/entities/member_year/row?key=m-17&key=2015", "row", is_whole::<Vec<TracedEntityRow>>),
    ("/api/v1/benchmarks", "benchmarks", is_whole::<v1::Benchmarks>),
    ("/api/v1/initiatives", "initiatives", is_whole::<Initiatives>),
    ("/api/v1/matrix", "matrix", is_whole::<Matrix>),
    ("/api/v1/lineage", "lineage", is_whole::<v1::LineageOverview>),
    ("/api/v1/lineage/thing?of=member_year.visits", "lineage_thing", is_whole::<v1::Lineage>),
    ("/api/v1/map", "map", is_whole::<v1::StrategyMap>),
    ("/api/v1/sources", "sources", is_whole::<v1::Sources>),
    ("/api/v1/quarantine?source=survey_2014", "quarantine", is_whole::<v1::Quarantine>),
    ("/api/v1/cohorts/members_return", "cohorts", is_whole::<v1::Cohorts>),
    ("/api/v1/flows/open_claims", "flow", is_whole::<v1::StockFlow>),
    ("/api/v1/journeys/membership", "journey", is_whole::<v1::Journey>),
    ("/api/v1/items?all=yes", "items", is_whole::<v1::Inbox>),
    ("/api/v1/items/4", "item", is_whole::<v1::Item>),
    ("/api/v1/items/6", "item_worked_on", is_whole::<v1::Item>),
    ("/api/v1/gates/expansion", "gate", is_whole::<v1::Gate>),
    ("/api/v1/items/12", "item_review", is_whole::<v1::Item>),
    ("/api/v1/periods", "periods", is_whole::<v1::PeriodsDecided>),
    ("/api/v1/periods/2014", "official", is_whole::<v1::OfficialFigures>),
    ("/api/v1/register?id=kpi/recommend", "register", is_whole::<v1::Register>),
    ("/api/v1/people", "people", is_whole::<v1::Directory>),
    ("/api/v1/periods/2014/readiness", "readiness", is_whole::<v1::Readiness>),
    ("/api/v1/disclosure", "disclosure", is_whole::<v1::Disclosure>),
    ("/api/v1/disclosure/methodology?id=kpi/recommend", "methodology", is_whole::<v1::Methodology>),
    ("/api/v1/ownership", "ownership", is_whole::<v1::Ownership>),
    ("/api/v1/audit", "audit", is_whole::<v1::Log>),
    ("/api/v1/audit/57", "proof", is_whole::<Proven>),
];

#[tokio::test]
async fn endpoints_say_what_they_said() {
    let router = router(Arc::new(PlantedReader::of(airport())));
    for (path, name, whole) in ENDPOINTS {
        let answer = text(&router, path).await;
        whole(&answer);
        insta::assert_snapshot!(*name, golden(&answer));
    }
    // One scorecard has two addresses.
    let by_id = text(&router, "/api/v1/scorecards/passenger_experience").await;
    assert_eq!(by_id, text(&router, "/api/v1/scorecard").await);
}

#[test]
fn every_endpoint_has_a_golden() {
    let golden: BTreeSet<&str> = ENDPOINTS.iter().map(|(path, ..)| path.split('?').next().unwrap()).collect();
    for page in PAGES.iter().filter_map(|page| page.json) {
        let example = crate::example(page);
        let same = golden.contains(example.split('?').next().unwrap()) || page == "/api/v1/scorecards/{id}";
        assert!(same, "`{page}` has no golden");
    }
}

/// Every field of every answer is described, by its name in code.
#[tokio::test]
async fn every_field_is_described() {
    fn fields(of: &Value, found: &mut BTreeSet<String>) {
        match of {
            Value::Array(all) => all.iter().for_each(|value| fields(value, found)),
            Value::Object(all) => all.iter().for_each(|(name, value)| {
                // What stands below these is named by the project.
                if ["read", "attributes", "totals"].contains(&name.as_str())
                    || name == "left_out" && value.is_object()
                {
                    found.insert(name.clone());
                    return;
                }
                // What stands below `dimensions` is, too.
                if name != "boarding_area" {
                    found.insert(name.clone());
                }
                fields(value, found);
            }),
            _ => {}
        }
    }
    let router = router(Arc::new(PlantedReader::of(airport())));
    let mut found = BTreeSet::new();
    for (path, ..) in ENDPOINTS {
        fields(&serde_json::from_str(&text(&router, path).await).unwrap(), &mut found);
    }
    let described = include_str!("../../../../docs/reference/api.md");
    let missing: Vec<_> = found.iter().filter(|name| !described.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/reference/api.md does not describe {missing:?}");
    for page in PAGES.iter().filter_map(|page| page.json) {
        assert!(described.contains(page), "docs/reference/api.md does not list {page}");
    }
}

#[tokio::test]
async fn a_scorecard_of_400_kpis_is_told_in_few_bytes() {
    let router = router(Arc::new(PlantedReader::of(many(400, 51))));
    let bare = text(&router, "/api/v1/scorecard").await;
    let answer: v1::Scorecard = serde_json::from_str(&bare).unwrap();
    assert_eq!(answer.units.len(), 52);
    assert!(answer.units.iter().all(|unit| unit.score.score.is_some()));
    let kpis = || answer.perspectives.iter().flat_map(|p| &p.objectives).flat_map(|o| &o.kpis);
    assert_eq!(kpis().count(), 400);
    // All that a client needs of a KPI is there.
    for kpi in kpis() {
        let value = kpi.value.as_ref().unwrap();
        assert!(value.low.is_some() && value.high.is_some() && value.n > 0);
        assert!(kpi.score.is_some() && kpi.probability.is_some() && kpi.target.is_some());
        assert!(kpi.weight.is_some() && kpi.coverage.is_some() && kpi.finality.is_some());
        assert!(kpi.history.is_none(), "history is for who asks");
    }
    eprintln!("a scorecard of 400 KPIs: {} bytes", bare.len());
    assert!(bare.len() < 500_000, "{} bytes", bare.len());
    let full = text(&router, "/api/v1/scorecard?history=24").await;
    let answer: v1::Scorecard = serde_json::from_str(&full).unwrap();
    let first = &answer.perspectives[0].objectives[0].kpis[0];
    let history = first.history.as_ref().unwrap();
    assert_eq!((history.len(), history[23].period.as_str()), (24, answer.period.as_str()));
    assert_eq!(history[23].point, first.value.as_ref().map(|v| v.point));
}
