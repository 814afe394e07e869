//! Secrets: read when they are needed, from the environment or a file, and kept in no other place.

use std::path::{Path, PathBuf};

use kepi_model::project::{Secret, Setting};

use crate::error::FetchError;

/// Longest secret: a file that is longer was named by mistake.
const LONGEST: usize = 64 << 10;

/// Where secrets are read.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    root: PathBuf,
}

impl Secrets {
    /// Files are below `root` unless their path leads elsewhere.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a file is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Reads a secret.
    pub fn read(&self, at: &Secret) -> Result<String, FetchError> {
        let failed = |why: String| FetchError::Secret { at: at.clone(), why };
        let text = match at {
            Secret::Env(name) => std::env::var(name).map_err(|e| match e {
                std::env::VarError::NotPresent => failed("is not set".to_owned()),
                std::env::VarError::NotUnicode(_) => failed("is no text".to_owned()),
            })?,
            Secret::File(path) => {
                let text = std::fs::read_to_string(self.path(path));
                let text = text.map_err(|e| failed(format!("cannot be read: {e}")))?;
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
        };
        match text.len() {
            0 => Err(failed("is empty".to_owned())),
            n if n > LONGEST => Err(failed("is too long".to_owned())),
            _ => Ok(text),
        }
    }

    /// A text as written, or read where it is kept.
    pub fn setting(&self, setting: &Setting) -> Result<String, FetchError> {
        match setting {
            Setting::Text(text) => Ok(text.clone()),
            Setting::From(at) => self.read(at),
        }
    }
}
