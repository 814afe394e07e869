//! A project's files: found, read and checked.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use kepi_model::source_text::{MAXIMUM_BYTES, SourceFile, SourceMap};

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
    #[error("`{0}` holds more than {MOST_FILES} definition files")]
    TooMany(PathBuf),
    /// A file is not UTF-8.
    #[error("`{path}` is not UTF-8 (byte {at}); save it as UTF-8")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Where the text stops being valid.
        at: usize,
    },
    /// A file or folder could not be read.
    #[error("`{path}` could not be read")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads every `*.yml` and `*.yaml` below `root`; hidden folders and `data/` are left out.
pub fn read(root: &Path) -> Result<SourceMap, ReadError> {
    if !root.is_dir() {
        return Err(ReadError::NoFolder(root.to_owned()));
    }
    let mut paths = Vec::new();
    find(root, &mut paths)?;
    if paths.is_empty() {
        return Err(ReadError::NoDefinitions(root.to_owned()));
    }
    if paths.len() > MOST_FILES {
        return Err(ReadError::TooMany(root.to_owned()));
    }
    let files = paths.into_iter().map(|path| read_file(root, path)).collect::<Result<_, _>>()?;
    Ok(SourceMap::new(files))
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let at = |source| ReadError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // The kind of the entry itself: a link is not followed, so a cycle cannot be walked.
        let kind = entry.file_type().map_err(at)?;
        if kind.is_dir() && name != "data" {
            find(&entry.path(), found)?;
        } else if kind.is_file() && (name.ends_with(".yml") || name.ends_with(".yaml")) {
            found.push(entry.path());
        }
        if found.len() > MOST_FILES {
            return Ok(());
        }
    }
    Ok(())
}

fn read_file(root: &Path, path: PathBuf) -> Result<SourceFile, ReadError> {
    let io = |source| ReadError::Io { path: path.clone(), source };
    let mut bytes = Vec::new();
    // A file that is too long is a finding of the checker, for which its beginning is enough.
    let most = MAXIMUM_BYTES as u64 + 4;
    fs::File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(io)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if e.utf8_error().valid_up_to() > MAXIMUM_BYTES => {
            String::from_utf8_lossy(e.as_bytes()).into_owned()
        }
        Err(e) => return Err(ReadError::NotUtf8 { path, at: e.utf8_error().valid_up_to() }),
    };
    let relative = path.strip_prefix(root).unwrap_or(&path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    // A byte order mark is the editor's, not the author's.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(SourceFile { path: parts.join("/"), text: text.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_left_to_the_checker() {
        let folder = tempfile::tempdir().unwrap();
        // Three bytes a character, so that the text is cut within one.
        fs::write(folder.path().join("kepi.yml"), "€".repeat(MAXIMUM_BYTES)).unwrap();
        let files = read(folder.path()).unwrap();
        let (_, file) = files.iter().next().unwrap();
        assert!(file.text.len() > MAXIMUM_BYTES && file.text.len() < MAXIMUM_BYTES + 8);
        fs::write(folder.path().join("kepi.yml"), b"name: \xff").unwrap();
        assert!(matches!(read(folder.path()), Err(ReadError::NotUtf8 { at: 6, .. })));
    }
}
