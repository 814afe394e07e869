//! A project's files: found, read and checked.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kepi_model::source_text::{SourceFile, SourceMap};

/// A definition file may be at most so long; a longer one is not a definition.
const MOST_BYTES: u64 = 4 << 20;
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
    /// A file is too long.
    #[error(
        "`{path}` has {bytes} bytes; a definition file has at most {MOST_BYTES}; data belong under `data/`"
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
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
    let bytes = fs::metadata(&path).map_err(io)?.len();
    if bytes > MOST_BYTES {
        return Err(ReadError::TooLong { path, bytes });
    }
    let bytes = fs::read(&path).map_err(io)?;
    let text = String::from_utf8(bytes)
        .map_err(|e| ReadError::NotUtf8 { path: path.clone(), at: e.utf8_error().valid_up_to() })?;
    let relative = path.strip_prefix(root).unwrap_or(&path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    // A byte order mark is the editor's, not the author's.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(SourceFile { path: parts.join("/"), text: text.into() })
}

/// Files that match a pattern relative to the project's folder, in the order of their paths; none if the pattern is
/// not one.
pub fn matching(root: &Path, pattern: &str) -> Option<Vec<PathBuf>> {
    let whole = Path::new(&glob::Pattern::escape(&root.to_string_lossy())).join(pattern);
    let mut found: Vec<PathBuf> =
        glob::glob(&whole.to_string_lossy()).ok()?.filter_map(Result::ok).filter(|p| p.is_file()).collect();
    found.sort();
    Some(found)
}
