//! What a command ends with when it does not succeed. Only here do typed errors become text and exit codes.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use kepi_model::wording::{causes, printable, with_causes};
use kepi_report::reader::ViewError;

use crate::cli::exit;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The work was done and what is wrong has been printed.
    #[error("")]
    Findings,
    /// A run renewed nothing.
    #[error(
        "no KPI could be renewed, for the reasons above; what was published stays. `kepi run --no-land` computes from what \
         has landed before"
    )]
    NothingRenewed,
    /// Something asked for is not there, or nothing can be shown yet.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A use case failed.
    #[error(transparent)]
    App(#[from] kepi_app::AppError),
    /// Signing in, a token, or what is kept of them.
    #[error(transparent)]
    Access(#[from] kepi_access::AccessError),
    /// Writing to a file, the terminal or the network failed.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
    /// An error from behind a port.
    #[error(transparent)]
    Port(#[from] Box<dyn Error + Send + Sync>),
}

impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        Self::Io { what: "the result could not be written".to_owned(), source }
    }
}

impl Failure {
    /// A failure of `what`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// With its causes, in one line.
    pub fn in_words(&self) -> String {
        with_causes(self)
    }

    /// The exit code, after telling why on stderr.
    pub fn report(&self) -> ExitCode {
        // The exit code tells it too, to whoever has closed stderr.
        let tell = |text: std::fmt::Arguments<'_>| {
            let _ = writeln!(io::stderr().lock(), "{}", printable(&text.to_string()));
        };
        match self {
            Self::Findings => ExitCode::from(exit::FINDINGS),
            _ => {
                tell(format_args!("error: {self}"));
                for cause in causes(self) {
                    tell(format_args!("  because: {cause}"));
                }
                if let Self::View(ViewError::NotFound { suggestions, .. }) = self {
                    // A list of all is a page, and no name that one might have meant.
                    let is_list = |path: &str| {
                        path.starts_with('/') && path.matches('/').count() < 2 && !path.contains('?')
                    };
                    let named =
                        suggestions.iter().filter(|(_, path)| !is_list(path.trim_end_matches("?all=yes")));
                    for (text, path) in named {
                        // What is typed is an id; what it is called says whether it is meant.
                        let id = path.split('?').next().and_then(|path| path.rsplit('/').next());
                        match id.filter(|id| !id.is_empty() && !text.ends_with(id)) {
                            Some(id) => tell(format_args!("  perhaps: {id} ({text})")),
                            None => tell(format_args!("  perhaps: {text}")),
                        }
                    }
                }
                ExitCode::from(exit::FAILURE)
            }
        }
    }
}
