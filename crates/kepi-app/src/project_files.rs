//! A project's files: found, read and checked.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use kepi_model::{
    bounds,
    source_text::{SourceFile, SourceMap, Unread},
};
use kepi_proof::Digest;

/// A project has at most so many definition files.
const MOST_FILES: usize = 10_000;

/// Why a project's files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The folder is not there.
    #[error("there is no folder `{0}`; name the project with -C, or start one with `kepi init`")]
    NoFolder(PathBuf),
    /// There is no definition in it.
    #[error("`{0}` holds no `*.yml` file; name the project with -C, or start one with `kepi init`")]
    NoDefinitions(PathBuf),
    /// Too many files.
    #[error(
        "`{0}` holds more than {MOST_FILES} definition files; is it the project's folder? Name another with -C"
    )]
    TooMany(PathBuf),
    /// The project's folder could not be read.
    #[error("`{path}` could not be read")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads every `*.yml` and `*.yaml` below `root`; hidden folders and `data/` are left out. Links are followed, and what is
/// reached by several ways is read once. A file or folder that cannot be read is a finding of the checker.
pub fn read(root: &Path) -> Result<SourceMap, ReadError> {
    if !root.is_dir() {
        return Err(ReadError::NoFolder(root.to_owned()));
    }
    let mut found = Found::default();
    // What stands in the project itself comes before what links lead to, so that it keeps its own path.
    let mut links =
        found.look_into(root).map_err(|source| ReadError::Io { path: root.to_owned(), source })?;
    while let Some(link) = links.pop() {
        links.extend(found.follow(&link));
    }
    if found.files.is_empty() && found.unread.is_empty() {
        return Err(ReadError::NoDefinitions(root.to_owned()));
    }
    if found.files.len() + found.unread.len() > MOST_FILES {
        return Err(ReadError::TooMany(root.to_owned()));
    }
    let mut files = Vec::new();
    for path in &found.files {
        let (text, unread) = match read_file(path) {
            Ok(read) => read,
            Err(e) => (String::new(), Some(Unread::Unreadable { why: e.to_string() })),
        };
        files.push((SourceFile { path: below(root, path), text: text.into() }, unread));
    }
    for (path, why) in &found.unread {
        let unread = Unread::Unreadable { why: why.clone() };
        files.push((SourceFile { path: below(root, path), text: "".into() }, Some(unread)));
    }
    Ok(SourceMap::with_unread(files))
}

/// SHA-256 of a file in a project's folder, as hexadecimal digits; none where it is not there, leads out of the folder, or cannot be read.
pub fn sha256(root: &Path, path: &str) -> Option<String> {
    let (root, path) = (root.canonicalize().ok()?, root.join(path).canonicalize().ok()?);
    let is_file = path.starts_with(root) && path.is_file();
    is_file.then(|| fs::read(path).ok())?.map(|bytes| Digest::of(&bytes).to_string())
}

fn is_definition(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yml" || e == "yaml")
}

/// A path relative to the project, with `/`.
fn below(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// What has been found below a folder.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// What could not be looked into, and why.
    unread: Vec<(PathBuf, String)>,
    /// Where files and folders really are, so that links in a circle end.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    /// Looks into a folder and those in it; returns the links that are met.
    fn look_into(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut links = Vec::new();
        if !self.seen.insert(folder.canonicalize()?) || self.files.len() > MOST_FILES {
            return Ok(links);
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (name, path) = (entry.file_name(), entry.path());
            if name.to_string_lossy().starts_with('.') || name == "data" {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                links.push(path);
            } else if kind.is_dir() {
                match self.look_into(&path) {
                    Ok(inside) => links.extend(inside),
                    Err(e) => self.unread.push((path, e.to_string())),
                }
            } else if is_definition(&path) {
                self.add(path);
            }
        }
        Ok(links)
    }

    /// Where a link leads; returns the links that are met there.
    fn follow(&mut self, link: &Path) -> Vec<PathBuf> {
        match fs::metadata(link) {
            Ok(target) if target.is_dir() => self.look_into(link).unwrap_or_else(|e| {
                self.unread.push((link.to_owned(), e.to_string()));
                Vec::new()
            }),
            Ok(_) if is_definition(link) => {
                self.add(link.to_owned());
                Vec::new()
            }
            // A link that leads nowhere matters if a definition was meant.
            Err(e) if is_definition(link) => {
                self.unread.push((link.to_owned(), format!("it is a link, and {e}")));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn add(&mut self, path: PathBuf) {
        match path.canonicalize() {
            Ok(real) if !real.is_file() => self.unread.push((path, "it is no file".to_owned())),
            Ok(real) => {
                if self.seen.insert(real) {
                    self.files.push(path);
                }
            }
            Err(e) => self.unread.push((path, e.to_string())),
        }
    }
}

fn read_file(path: &Path) -> io::Result<(String, Option<Unread>)> {
    let mut bytes = Vec::new();
    // A file that is too long is a finding of the checker, for which its beginning is enough.
    let most = bounds::FILE as u64 + 4;
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    // A byte order mark is the editor's, not the author's.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(e) => {
            let at = e.valid_up_to();
            let unread = (at <= bounds::FILE).then_some(Unread::NotUtf8 { at: at as u32 });
            (String::from_utf8_lossy(bytes).into_owned(), unread)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_left_to_the_checker() {
        let folder = tempfile::tempdir().unwrap();
        // Three bytes a character, so that the text is cut within one.
        fs::write(folder.path().join("kepi.yml"), "€".repeat(bounds::FILE)).unwrap();
        let files = read(folder.path()).unwrap();
        let (_, file) = files.iter().next().unwrap();
        assert!(file.text.len() > bounds::FILE && file.text.len() < bounds::FILE + 8);
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kepi.yml"), b"name: \xff and more").unwrap();
        fs::write(folder.path().join("other.yaml"), "name: fine").unwrap();
        let files = read(folder.path()).unwrap();
        assert!(matches!(files.unread(), [(_, Unread::NotUtf8 { at: 6 })]));
        let texts: Vec<_> = files.iter().map(|(_, f)| (f.path.as_str(), &*f.text)).collect();
        assert_eq!(texts, [("kepi.yml", "name: \u{fffd} and more"), ("other.yaml", "name: fine")]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_those_that_lead_nowhere_are_named() {
        use std::os::unix::fs::symlink;
        let (folder, shared) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("kpis")).unwrap();
        for (path, text) in [("kepi.yml", "a"), ("kpis/own.yml", "b")] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        for (path, text) in [("one.yml", "c"), ("notes.txt", "no"), ("two.yml", "d")] {
            fs::write(shared.path().join(path), text).unwrap();
        }
        let link = |to: &Path, path: &str| symlink(to, folder.path().join(path)).unwrap();
        link(&shared.path().join("one.yml"), "linked.yml");
        link(shared.path(), "shared");
        // In a circle, twice to one place, and nowhere.
        link(folder.path(), "kpis/loop");
        link(folder.path(), "kpis/again");
        link(&shared.path().join("gone.yml"), "gone.yml");
        let files = read(folder.path()).unwrap();
        let mut texts: Vec<&str> = files.iter().map(|(_, f)| &*f.text).collect();
        texts.sort_unstable();
        assert_eq!(texts, ["", "a", "b", "c", "d"]);
        let [(gone, Unread::Unreadable { why })] = files.unread() else { panic!("{:?}", files.unread()) };
        assert_eq!(files.file(*gone).unwrap().path, "gone.yml");
        assert!(why.contains("link"), "{why}");
    }
}
