//! A scorecard of a thousand KPIs is rendered in time (SCD-3).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use kepi_report::{
    fixture::FixtureReader,
    reader::{KpiQuery, QuarantineQuery, Reader, ScorecardQuery, ViewError},
    view::{ExplainView, KpiListView, KpiView, QuarantineView, ScorecardView, SourcesView, StrategyMapView},
};
use tower::ServiceExt;

/// What SCD-3 allows, here even without optimisation.
const MOST: Duration = Duration::from_millis(200);

/// Holds a finished view, as a server does; making the invented one is not what is measured.
struct Held(ScorecardView, FixtureReader);

impl Reader for Held {
    fn ready(&self) -> Result<(), ViewError> {
        Ok(())
    }
    fn scorecard(&self, _: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        Ok(self.0.clone())
    }
    fn explain(&self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        self.1.explain(query)
    }
    fn strategy_map(&self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        self.1.strategy_map(query)
    }
    fn kpis(&self) -> Result<KpiListView, ViewError> {
        self.1.kpis()
    }
    fn kpi(&self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        self.1.kpi(id, query)
    }
    fn sources(&self) -> Result<SourcesView, ViewError> {
        self.1.sources()
    }
    fn quarantine(&self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        self.1.quarantine(query)
    }
}

#[tokio::test]
async fn a_thousand_kpis_are_rendered_in_200_ms() {
    let fixture = FixtureReader { copies: 72 };
    let view = fixture.scorecard(&ScorecardQuery::default()).unwrap();
    let n = view.rows().count();
    assert!(n >= 1000);
    let router = kepi_web::router(Arc::new(Held(view, fixture)));
    let mut best = Duration::MAX;
    let mut bytes = 0;
    let mut runs = 0;
    let begun = Instant::now();
    // The best of several: other tests and other builds run beside this one.
    while runs < 5 || (best >= MOST && begun.elapsed() < Duration::from_secs(30)) {
        let start = Instant::now();
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap().len();
        best = best.min(start.elapsed());
        runs += 1;
    }
    eprintln!("{n} KPIs: {bytes} bytes in {best:?}, best of {runs}");
    assert!(best < MOST, "{n} KPIs took {best:?}");
}
