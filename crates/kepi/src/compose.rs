//! The composition root: which store, lake and evaluator a project runs on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, Zoned, civil::Date};
use kepi_app::{App, open::STATE_FOLDER, picture::Picture};
use kepi_engine::DataFusionEvaluator;
use kepi_lake::{FileSources, LocalLake, Verified};
use kepi_query::port::Limits;
use kepi_store::Store;

use crate::{cli::Cli, failure::Failure, output::Output};

/// The database in the folder of state.
const DATABASE: &str = "kepi.db";

/// The project in `folder` on SQLite, local files and DataFusion in this process.
pub async fn app(folder: &Path, threads: Option<usize>) -> Result<App, Failure> {
    let root = root(folder)?;
    let state = root.join(STATE_FOLDER);
    let store = Store::open(&state.join(DATABASE).into()).await.map_err(kepi_app::AppError::from)?;
    let lake = LocalLake::open(store.clone(), &state.join("data"), now())
        .await
        .map_err(|e| Failure::Port(Box::new(e)))?;
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let limits = Limits { threads: threads.unwrap_or(available).max(1), ..Limits::default() };
    Ok(App {
        sources: Arc::new(FileSources::new(&root)),
        root,
        store,
        lake: Arc::new(lake),
        evaluator: Arc::new(DataFusionEvaluator),
        limits,
    })
}

/// What the sources of the project in `folder` have to land.
pub fn sources(folder: &Path) -> FileSources {
    FileSources::new(folder)
}

/// The data files of the project in `folder`, held against what was recorded when they were written; none: nothing has
/// landed yet.
pub async fn verify(folder: &Path) -> Result<Option<Verified>, Failure> {
    let root = root(folder)?;
    let state = root.join(STATE_FOLDER);
    if !state.join(DATABASE).exists() {
        return Ok(None);
    }
    let store = Store::open(&state.join(DATABASE).into()).await.map_err(kepi_app::AppError::from)?;
    let verified = LocalLake::verify(store, &state.join("data"), now()).await;
    verified.map(Some).map_err(|e| Failure::Port(Box::new(e)))
}

fn root(folder: &Path) -> Result<PathBuf, Failure> {
    folder.canonicalize().map_err(Failure::io(format!(
        "there is no folder `{}`; name the project with -C, or start one with `kepi init`",
        folder.display()
    )))
}

/// What is published of the project in `folder`.
pub async fn board(folder: &Path, out: Output) -> Result<Picture, Failure> {
    let app = app(folder, None).await?;
    let picture = Picture::load(&app).await?;
    if picture.is_empty() {
        out.remark("nothing has been computed yet: `kepi run` lands the data, computes and publishes");
    }
    Ok(picture)
}

/// Now, in µs UTC: read here and passed on.
pub fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Today where this runs.
pub fn today() -> Date {
    Zoned::now().date()
}

/// Who acts: as named, else the user this runs as.
pub fn actor(cli: &Cli) -> String {
    let user = || std::env::var("USER").ok().filter(|u| !u.is_empty());
    cli.actor.clone().or_else(user).unwrap_or_else(|| "unknown".to_owned())
}
