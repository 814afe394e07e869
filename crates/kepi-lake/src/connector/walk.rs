//! The files below a folder that a pattern matches. Links are followed, but a folder or file that several paths lead to is
//! found once, by the path without a link if there is one; what cannot be read is said and keeps nothing else from being
//! found.

use std::{
    collections::{HashSet, VecDeque},
    io,
    path::{Path, PathBuf},
};

use glob::Pattern;

use crate::{durable, error::LandError};

/// Where Kepi keeps what is its own: never anybody's data.
const STATE_FOLDER: &str = ".kepi";

/// One part of a pattern, between slashes.
enum Part {
    /// This name.
    Name(String),
    /// Every name that matches.
    Like(Pattern),
    /// The folder itself and all below it.
    Below,
}

/// What a pattern came to.
#[derive(Default)]
pub(super) struct Walked {
    /// Files.
    pub files: Vec<PathBuf>,
    /// What the pattern leads to but cannot be read, by what it is called within the folder.
    pub unreadable: Vec<(String, LandError)>,
}

/// Finds the files below `root` that a pattern matches.
///
/// # Errors
/// It is not a pattern: why.
pub(super) fn walk(root: &Path, pattern: &str) -> Result<Walked, String> {
    // Of the whole, so that the place of a mistake is right.
    Pattern::new(pattern).map_err(|e| e.to_string())?;
    let mut parts = Vec::new();
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        parts.push(match part {
            "**" => Part::Below,
            name if name.contains(['*', '?', '[']) => {
                Part::Like(Pattern::new(name).map_err(|e| e.to_string())?)
            }
            name => Part::Name(name.to_owned()),
        });
    }
    let mut walk =
        Walk { root, parts, walked: Walked::default(), been: HashSet::new(), links: VecDeque::new() };
    walk.folder(root, 0);
    while let Some((path, part)) = walk.links.pop_front() {
        walk.found(&path, part, true);
    }
    Ok(walk.walked)
}

struct Walk<'a> {
    root: &'a Path,
    parts: Vec<Part>,
    walked: Walked,
    /// Folders looked at with the rest of the pattern from a part on, and files found: each under its real path.
    been: HashSet<(PathBuf, usize)>,
    /// Links, which are followed when all else has been looked at, and the part of the pattern for what they lead to.
    links: VecDeque<(PathBuf, usize)>,
}

impl Walk<'_> {
    /// Looks in a folder for what the pattern says from a part on.
    fn folder(&mut self, folder: &Path, part: usize) {
        match durable::real_path(folder) {
            Ok(real) => {
                if !self.been.insert((real, part)) {
                    return;
                }
            }
            Err(error) => return self.unreadable(folder, error),
        }
        match self.parts.get(part) {
            None => {}
            Some(Part::Name(name)) => {
                let path = folder.join(name);
                self.found(&path, part + 1, false);
            }
            Some(Part::Like(pattern)) => {
                let pattern = pattern.clone();
                for path in self.names(folder, |name| pattern.matches(name)) {
                    self.found(&path, part + 1, false);
                }
            }
            Some(Part::Below) => {
                let last = part + 1 == self.parts.len();
                if !last {
                    self.folder(folder, part + 1);
                }
                for path in self.names(folder, |_| true) {
                    if durable::metadata(&path).is_ok_and(|m| m.is_dir()) {
                        self.found(&path, part, false);
                    } else if last {
                        self.found(&path, part + 1, false);
                    }
                }
            }
        }
    }

    /// Paths of what stands in a folder under the names that are asked for, sorted.
    fn names(&mut self, folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let names = match durable::names(folder) {
            Ok(names) => names,
            Err(error) => {
                self.unreadable(folder, error);
                return Vec::new();
            }
        };
        let mut paths = Vec::new();
        for name in names {
            let path = folder.join(&name);
            match name.to_str() {
                Some(STATE_FOLDER) if folder == self.root => {}
                Some(name) if wanted(name) => paths.push(path),
                Some(_) => {}
                // Two such names could look the same, and no ledger could tell the files apart.
                None if wanted(&name.to_string_lossy()) => {
                    self.no_file(&path, "has a name that is not UTF-8; rename it");
                }
                None => {}
            }
        }
        paths
    }

    /// Goes on at a path that the pattern matches up to a part.
    fn found(&mut self, path: &Path, part: usize, follow: bool) {
        if !follow && durable::is_link(path) {
            self.links.push_back((path.to_owned(), part));
            return;
        }
        let last = part == self.parts.len();
        match durable::metadata(path) {
            Ok(found) if found.is_dir() && !last => {
                if !follow || !leads_in_a_circle(path) {
                    self.folder(path, part);
                }
            }
            Ok(found) if found.is_dir() || !last => {}
            Ok(found) if found.is_file() => match durable::real_path(path) {
                Ok(real) => {
                    if self.been.insert((real, part)) {
                        self.walked.files.push(path.to_owned());
                    }
                }
                Err(error) => self.unreadable(path, error),
            },
            Ok(_) => self.no_file(path, "is no file; take it away"),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !follow => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.no_file(path, "is a link to nothing; put there what it leads to, or take it away");
            }
            Err(error) => self.unreadable(path, error),
        }
    }

    fn unreadable(&mut self, path: &Path, error: io::Error) {
        // What is not there matches nothing.
        if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            let name = self.called(path);
            self.walked.unreadable.push((name.clone(), LandError::Read { path: name, source: error }));
        }
    }

    fn no_file(&mut self, path: &Path, why: &'static str) {
        let name = self.called(path);
        self.walked.unreadable.push((name.clone(), LandError::NotAFile { path: name, why }));
    }

    /// What messages and the ledger call a path.
    fn called(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

/// Whether a link leads to a folder that it stands in itself.
fn leads_in_a_circle(link: &Path) -> bool {
    let own = link.parent().map(durable::real_path);
    matches!((own, durable::real_path(link)), (Some(Ok(own)), Ok(to)) if own.starts_with(&to))
}
