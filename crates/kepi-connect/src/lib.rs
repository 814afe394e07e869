//! All that goes out: fetching rows of other systems, the bucket of a lake, messages, what a provider is asked by which people sign in; with their secrets read where they are kept and nowhere written down.
//!
//! What is fetched becomes a raw file of the inbox before it lands, so a fetcher knows no lake, no transaction and no
//! mapping: it gives rows as JSON and says how far it has come. Asked again from the same bookmark, it may give the same
//! rows again; landing knows them by their keys.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod asking;
mod bucket;
mod cursor;
mod database;
mod deliver;
mod error;
mod grant;
mod hook;
mod http;
mod mapped;
mod objects;
mod page;
mod proof;
mod provider;
mod secret;
mod sftp;
mod sign;
mod singer;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use kepi_model::project::{Mode, Project, Relation, Source, To};
use kepi_query::{
    landing::{Copies, Fetched, Fetcher, PortError, Rows},
    port::Fut,
};

pub use bucket::LakeBucket;
pub use error::FetchError;
pub use hook::{PostedRows, Refusal};
pub use proof::Post;
pub use provider::ask_provider;
use secret::Secrets;

/// The connections of a project.
#[derive(Debug)]
pub struct Connections {
    secrets: Secrets,
    root: PathBuf,
    piece: usize,
    patience: Duration,
    taps: Option<PathBuf>,
}

/// The first wait before a server is asked again; it doubles.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes of rows after which a piece ends, so that a long beginning is not lost by one break.
const PIECE: usize = 64 << 20;

impl Connections {
    /// Those of the project in the folder `root`; secrets are read from this process's environment.
    pub fn new(root: &Path) -> Self {
        Self {
            secrets: Secrets::new(root),
            root: root.to_owned(),
            piece: PIECE,
            patience: PATIENCE,
            taps: None,
        }
    }

    /// The same with another length of pieces.
    #[must_use]
    pub fn in_pieces_of(self, bytes: usize) -> Self {
        Self { piece: bytes, ..self }
    }

    /// The same with another first wait before a server is asked again.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same with another folder of taps than the environment says.
    #[must_use]
    pub fn with_taps(self, taps: &Path) -> Self {
        Self { taps: Some(taps.to_owned()), ..self }
    }

    async fn from(
        &self,
        project: &Project,
        source: &Source,
        from: Option<&serde_json::Value>,
        into: &mut dyn Rows,
    ) -> Result<Fetched, FetchError> {
        let missing = |what: &str| FetchError::Definition(source.id.to_string(), what.to_owned());
        let fetch = source.from.fetched().ok_or_else(|| missing("nothing of it is fetched"))?;
        let connection = project
            .connections
            .get(&fetch.connection)
            .ok_or_else(|| missing("its connection is not defined"))?;
        let limit = Duration::from_micros(connection.time_limit.unsigned_abs());
        let fetching = async {
            match (&connection.to, &fetch.of) {
                (To::Singer { tap, config, environment }, Relation::Stream(stream)) => {
                    let whole = source.mode == Mode::Snapshot;
                    let config = config.as_ref();
                    let tap = singer::Tap { tap, config, environment, stream, whole, source };
                    tap.fetch((&self.secrets, &self.root, self.taps.clone()), from, into).await
                }
                (To::Http { .. }, Relation::Get(get)) => {
                    let mut server = http::Server::new(&connection.to, &self.secrets, self.patience)?;
                    server.fetch((source, get), from, into).await
                }
                (To::Postgres(of), Relation::Changes { table, slot }) => {
                    let server = database::server(of, &self.secrets, &self.root)?;
                    database::changes((&server, source), (table, slot), (limit, self.piece), from, into).await
                }
                (
                    To::Sqlite { .. } | To::Postgres(_) | To::MySql(_),
                    Relation::Table(_) | Relation::Query(_),
                ) => {
                    let place = database::place(&connection.to, &self.secrets, &self.root)?;
                    let ask = database::Asking { place: &place, source, fetch, limit, piece: self.piece };
                    ask.fetch(from, into).await
                }
                _ => Err(missing("its connection has nothing of that kind")),
            }
        };
        match tokio::time::timeout(limit, fetching).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::TooLong { connection: connection.id.to_string(), limit }),
        }
    }
}

impl Connections {
    async fn objects(
        &self,
        project: &Project,
        source: &Source,
        into: &mut dyn Copies,
    ) -> Result<(), FetchError> {
        let missing = |what: &str| FetchError::Definition(source.id.to_string(), what.to_owned());
        let (id, keys) = source.from.objects().ok_or_else(|| missing("nothing of it is copied"))?;
        let connection =
            project.connections.get(&id).ok_or_else(|| missing("its connection is not defined"))?;
        let limit = Duration::from_micros(connection.time_limit.unsigned_abs());
        let copying = async {
            match &connection.to {
                To::S3(s3) => {
                    objects::Bucket::new(s3, &self.secrets, self.patience, limit)?.copy(keys, into).await
                }
                To::Sftp(of) => sftp::copy(of, &self.secrets, self.patience, keys, into).await,
                _ => Err(missing("its connection has no files")),
            }
        };
        match tokio::time::timeout(limit, copying).await {
            Ok(copied) => copied,
            Err(_) => Err(FetchError::TooLong { connection: id.to_string(), limit }),
        }
    }
}

impl Fetcher for Connections {
    fn fetch<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        from: Option<&'a serde_json::Value>,
        into: &'a mut dyn Rows,
    ) -> Fut<'a, Result<Fetched, PortError>> {
        Box::pin(async move { Ok(self.from(project, source, from, into).await?) })
    }

    fn copy<'a>(
        &'a self,
        project: &'a Project,
        source: &'a Source,
        into: &'a mut dyn Copies,
    ) -> Fut<'a, Result<(), PortError>> {
        Box::pin(async move { Ok(self.objects(project, source, into).await?) })
    }
}
