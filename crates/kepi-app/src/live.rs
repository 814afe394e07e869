//! A board that follows what is published: always the newest [`Picture`].

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use kepi_report::{
    reader::{KpiQuery, QuarantineQuery, Reader, ScorecardQuery, ViewError},
    view::{ExplainView, KpiListView, KpiView, QuarantineView, ScorecardView, SourcesView, StrategyMapView},
};

use crate::{error::AppError, open::App, picture::Picture};

/// How often the store is asked for news.
const INTERVAL: Duration = Duration::from_secs(2);

/// The newest board; reads never wait for a reload.
pub struct LiveBoard {
    app: App,
    board: RwLock<Arc<Picture>>,
}

impl LiveBoard {
    /// The board as it is now.
    pub async fn open(app: App) -> Result<Self, AppError> {
        let board = Picture::load(&app).await?;
        Ok(Self { app, board: RwLock::new(Arc::new(board)) })
    }

    /// Reloads whenever something new is published; runs until it is dropped.
    pub async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            match Picture::newest_event(&self.app).await {
                Ok(newest) if newest == self.now().position() => {}
                Ok(_) => match Picture::load(&self.app).await {
                    Ok(board) => {
                        *self.board.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(board)
                    }
                    Err(error) => tracing::warn!(%error, "the board could not be reloaded"),
                },
                Err(error) => tracing::warn!(%error, "the store does not answer"),
            }
        }
    }

    fn now(&self) -> Arc<Picture> {
        Arc::clone(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reader for LiveBoard {
    fn ready(&self) -> Result<(), ViewError> {
        self.now().ready()
    }
    fn scorecard(&self, query: &ScorecardQuery) -> Result<ScorecardView, ViewError> {
        self.now().scorecard(query)
    }
    fn explain(&self, query: &ScorecardQuery) -> Result<ExplainView, ViewError> {
        self.now().explain(query)
    }
    fn strategy_map(&self, query: &ScorecardQuery) -> Result<StrategyMapView, ViewError> {
        self.now().strategy_map(query)
    }
    fn kpis(&self) -> Result<KpiListView, ViewError> {
        self.now().kpis()
    }
    fn kpi(&self, id: &str, query: &KpiQuery) -> Result<KpiView, ViewError> {
        self.now().kpi(id, query)
    }
    fn sources(&self) -> Result<SourcesView, ViewError> {
        self.now().sources()
    }
    fn quarantine(&self, query: &QuarantineQuery) -> Result<QuarantineView, ViewError> {
        self.now().quarantine(query)
    }
}
