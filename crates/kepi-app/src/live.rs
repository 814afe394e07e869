//! A board that follows what is published: always the newest [`Picture`].

use std::{
    path::PathBuf,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use kepi_query::landing::Sources;
use kepi_report::{
    facts::Facts,
    reader::{Reader, ViewError},
};

use crate::{error::AppError, open::App, picture::Picture};

/// How often the store is asked for news.
const INTERVAL: Duration = Duration::from_secs(2);

/// Opens the project to read it; none: nothing is stored yet.
pub type Open = Box<dyn Fn() -> Opening + Send + Sync>;

/// What [`Open`] waits for; an error in words.
pub type Opening = Pin<Box<dyn Future<Output = Result<Option<App>, String>> + Send>>;

/// What is shown now.
struct Shown {
    /// What it is read from; none before anything is stored.
    app: Option<Arc<App>>,
    board: Arc<Picture>,
    /// Why it is not to be relied on.
    doubt: Option<String>,
}

/// The newest board; reads never wait for a reload.
pub struct LiveBoard {
    open: Open,
    shown: RwLock<Shown>,
}

impl LiveBoard {
    /// The board as it is now. `open` is asked again whenever the state is another than the one that was opened.
    ///
    /// # Errors
    /// The project or what is stored of it cannot be read.
    pub async fn open(open: Open, root: PathBuf, sources: &dyn Sources) -> Result<Self, AppError> {
        let app = open().await.map_err(AppError::Reopen)?.map(Arc::new);
        let board = match &app {
            Some(app) => Picture::load(app).await?,
            None => Picture::before_the_first_run(&root, sources)?,
        };
        Ok(Self { open, shown: RwLock::new(Shown { app, board: Arc::new(board), doubt: None }) })
    }

    /// Reloads whenever something new is published; runs until it is dropped.
    pub async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let app = self.read(|shown| shown.app.clone());
            let replaced = app.as_ref().is_some_and(|app| app.store.is_replaced());
            match app {
                Some(app) if !replaced => self.catch_up(&app).await,
                _ => self.begin_anew(replaced).await,
            }
        }
    }

    async fn catch_up(&self, app: &Arc<App>) {
        let board = self.read(|shown| Arc::clone(&shown.board));
        match Picture::newest_event(app).await {
            Ok(newest) if newest == board.position() => {}
            Ok(_) => match board.follow(app).await {
                Ok(board) => self.show(Some(Arc::clone(app)), board),
                Err(error) => tracing::warn!(%error, "the board could not be reloaded"),
            },
            Err(error) => tracing::warn!(%error, "the store does not answer"),
        }
    }

    /// The state was made or replaced since: what stands there now is shown once something is published in it.
    async fn begin_anew(&self, replaced: bool) {
        let board = match (self.open)().await {
            Ok(Some(app)) => {
                let app = Arc::new(app);
                match Picture::load(&app).await {
                    Ok(board) if !board.is_empty() => return self.show(Some(app), board),
                    Ok(_) => "nothing is published in the new one yet: `kepi run` does it".to_owned(),
                    Err(error) => error.to_string(),
                }
            }
            Ok(None) => "there is no new one yet: `kepi run` makes it".to_owned(),
            Err(error) => error,
        };
        if replaced {
            let doubt =
                format!("the state of the project was moved away or replaced while this serves: {board}");
            tracing::warn!("{doubt}");
            self.shown.write().unwrap_or_else(PoisonError::into_inner).doubt = Some(doubt);
        }
    }

    fn show(&self, app: Option<Arc<App>>, board: Picture) {
        let shown = Shown { app, board: Arc::new(board), doubt: None };
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    fn read<T>(&self, of: impl FnOnce(&Shown) -> T) -> T {
        of(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reader for LiveBoard {
    fn now(&self) -> Result<Arc<dyn Facts>, ViewError> {
        self.read(|shown| match &shown.doubt {
            // Figures of a state that is gone are nobody's; what was not read yet could not be read any more.
            Some(doubt) => Err(ViewError::Unavailable { reason: doubt.clone() }),
            None => Ok(Arc::clone(&shown.board) as Arc<dyn Facts>),
        })
    }
}
