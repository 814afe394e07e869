//! A project with its store, lake and evaluator.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::civil::Date;
use kepi_model::{
    check::{self, Options},
    finding::{Checked, Severity},
    project::Project,
    source_text::SourceMap,
};
use kepi_query::{
    kept::{MakesPortions, Shelf},
    landing::{Fetcher, Inbox, Lake, Sources},
    port::{Evaluator, Limits},
    published::Values,
};
use kepi_store::Store;

use crate::{error::AppError, project_files};

/// Folder beneath the project's that holds what Kepi keeps: database and data files.
pub const STATE_FOLDER: &str = ".kepi";

/// A project with everything it runs on.
pub struct App {
    /// The project's folder.
    pub root: PathBuf,
    /// Its database.
    pub store: Store,
    /// What its sources have to land.
    pub sources: Arc<dyn Sources>,
    /// What brings rows from elsewhere.
    pub fetcher: Arc<dyn Fetcher>,
    /// What was fetched.
    pub inbox: Arc<dyn Inbox>,
    /// Its lake.
    pub lake: Arc<dyn Lake>,
    /// What is published.
    pub values: Arc<dyn Values>,
    /// What computes states.
    pub evaluator: Arc<dyn Evaluator>,
    /// Makes what is made by key, where that is not done in this process.
    pub elsewhere: Option<Arc<dyn MakesPortions>>,
    /// Where states are kept between runs.
    pub shelf: Arc<dyn Shelf>,
    /// What a scan may use.
    pub limits: Limits,
}

/// Reads and checks the project in `root`. `today` is needed for findings about dates.
pub fn check_folder(
    root: &Path,
    sources: &dyn Sources,
    today: Option<Date>,
) -> Result<(SourceMap, Checked<Project>), AppError> {
    let files = project_files::read(root)?;
    let known = |pattern: &str| sources.matching(pattern);
    let digest = |path: &str| project_files::sha256(root, path);
    let options = Options { known_files: Some(&known), digest: Some(&digest), today, ..Options::default() };
    let checked = check::check(&files, &options);
    Ok((files, checked))
}

/// The project in `root`, or how many errors keep it from being one.
pub fn load(
    root: &Path,
    sources: &dyn Sources,
    today: Option<Date>,
) -> Result<(SourceMap, Project), AppError> {
    let (files, checked) = check_folder(root, sources, today)?;
    let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
    match checked.value {
        Some(project) if errors == 0 => Ok((files, project)),
        _ => Err(AppError::Definitions { errors }),
    }
}
