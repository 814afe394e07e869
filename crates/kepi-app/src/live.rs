//! A board that follows what is published: always the newest [`Picture`].

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use kepi_report::{
    facts::Facts,
    reader::{Reader, ViewError},
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
                Ok(newest) if newest == self.newest().position() => {}
                Ok(_) => match self.newest().follow(&self.app).await {
                    Ok(board) => {
                        *self.board.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(board)
                    }
                    Err(error) => tracing::warn!(%error, "the board could not be reloaded"),
                },
                Err(error) => tracing::warn!(%error, "the store does not answer"),
            }
        }
    }

    fn newest(&self) -> Arc<Picture> {
        Arc::clone(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reader for LiveBoard {
    fn now(&self) -> Result<Arc<dyn Facts>, ViewError> {
        Ok(self.newest())
    }
}
