//! From a source's pattern to files.

use std::path::{Path, PathBuf};

use kepi_model::project::Connector;

use crate::{connector, error::LandError};

/// The files that a source's path or glob matches below the project's folder `root`, sorted by path.
///
/// # Errors
/// The pattern is none, or nothing matches: [`LandError::NoMatch`] for a glob, [`LandError::NoFile`] for a plain path.
pub fn resolve_files(root: &Path, from: &Connector) -> Result<Vec<PathBuf>, LandError> {
    let pattern = connector::pattern(from);
    if !pattern.contains(['*', '?', '[']) {
        let path = root.join(pattern);
        return if path.is_file() {
            Ok(vec![path])
        } else {
            Err(LandError::NoFile { path: pattern.to_owned() })
        };
    }
    let bad = |reason: String| LandError::Pattern { pattern: pattern.to_owned(), reason };
    let below = glob::Pattern::escape(&root.to_string_lossy());
    let whole = Path::new(&below).join(pattern);
    let mut files = Vec::new();
    for found in glob::glob(&whole.to_string_lossy()).map_err(|e| bad(e.to_string()))? {
        let path =
            found.map_err(|e| LandError::Read { path: e.path().display().to_string(), source: e.into() })?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(LandError::NoMatch { pattern: pattern.to_owned(), root: root.display().to_string() });
    }
    files.sort();
    Ok(files)
}
