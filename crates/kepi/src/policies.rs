//! Policies of a project: `policies/*.cedar`, read and checked.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use kepi_access::policy::{Policies, PolicyFile, check};
use kepi_model::{
    finding::{Finding, Severity},
    project::Project,
    render,
    source_text::SourceMap,
};

use crate::failure::Failure;

/// The folder of policies in a project.
const FOLDER: &str = "policies";
/// More files than these, or larger ones, nobody writes.
const MOST_FILES: usize = 100;
const LONGEST: u64 = 256 * 1024;

/// What tells whether files have changed: path, length and time of each.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The files there are, in order, with what tells whether they have changed.
pub fn stamp(root: &Path) -> io::Result<Stamp> {
    let entries = match fs::read_dir(root.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "cedar") {
            let found = fs::metadata(&path)?;
            all.push((path, found.len(), found.modified().ok()));
        }
    }
    all.sort();
    Ok(all)
}

/// What stands in the files of a project.
pub fn files(root: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let failed = |path: &Path| Failure::io(format!("the policies `{}` could not be read", path.display()));
    let stamp = stamp(root).map_err(failed(&root.join(FOLDER)))?;
    if stamp.len() > MOST_FILES || stamp.iter().any(|(_, length, _)| *length > LONGEST) {
        let why =
            format!("`{FOLDER}` holds more than {MOST_FILES} files, or one of more than {LONGEST} bytes");
        return Err(Failure::Other(why));
    }
    let read = |(path, ..): &(PathBuf, _, _)| {
        let text = fs::read_to_string(path).map_err(failed(path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(PolicyFile { path: format!("{FOLDER}/{name}"), text })
    };
    stamp.iter().map(read).collect()
}

/// What is wrong with the policies of a project.
pub fn findings(root: &Path, project: Option<&Project>) -> Result<(SourceMap, Vec<Finding>), Failure> {
    Ok(check(&files(root)?, project))
}

/// The policies of a project, if nothing is wrong with them; else what is.
pub fn right(root: &Path, project: &Project) -> Result<Policies, Failure> {
    let files = files(root)?;
    let (map, mut findings) = check(&files, Some(project));
    findings.retain(|finding| finding.severity == Severity::Error);
    match Policies::of(&files).filter(|_| findings.is_empty()) {
        Some(policies) => Ok(policies),
        None => Err(Failure::Other(format!(
            "policies have errors, so nobody can be told what they may see; `kepi check` says more\n{}",
            render::body(&findings, &map, false).trim_end()
        ))),
    }
}
