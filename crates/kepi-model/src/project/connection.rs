//! Connections: ways to other systems.

use std::fmt;

use crate::{
    id::ConnectionId,
    secret::{Secret, Setting},
    source_text::Span,
    word::words,
};

/// A way to another system.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Id.
    pub id: ConnectionId,
    /// Shown name.
    pub name: String,
    /// Where to.
    pub to: To,
    /// µs that fetching a source once may take.
    pub time_limit: i64,
    /// Where it is defined.
    pub span: Span,
}

/// What a connection leads to.
#[derive(Debug, Clone)]
pub enum To {
    /// A file of SQLite.
    Sqlite {
        /// Its path.
        file: Setting,
    },
    /// A database of PostgreSQL.
    Postgres(Database),
    /// A database of MySQL or MariaDB.
    MySql(Database),
    /// A Singer tap.
    Singer {
        /// Name of the program.
        tap: String,
        /// Its configuration as JSON.
        config: Option<Secret>,
        /// Variables of the environment that it gets.
        environment: Vec<String>,
    },
    /// A server that is asked over HTTP.
    Http {
        /// Scheme and host, and what all paths begin with.
        address: Setting,
        /// How requests are let in.
        auth: Option<Auth>,
        /// How many requests a minute it may get.
        rate: u32,
        /// Whether it may be within the own network, and without encryption.
        private: bool,
    },
    /// A bucket of an object store.
    S3(S3),
    /// A server of files over SSH.
    Sftp(Sftp),
}

/// A database of a server.
#[derive(Debug, Clone)]
pub struct Database {
    /// Server, or where its socket is.
    pub host: Setting,
    /// Its port.
    pub port: u16,
    /// Database.
    pub database: Setting,
    /// Who reads.
    pub user: Setting,
    /// The password, if one is asked for.
    pub password: Option<Secret>,
    /// How the way there is encrypted; none: as its kind of place wants it.
    pub tls: Option<Tls>,
    /// A file with the certificate of who certifies the server, beside the public ones.
    pub authority: Option<String>,
}

words! {
    /// How the way to a database is encrypted.
    pub enum Tls {
        /// With a certificate that is held against who certifies and the server's name.
        Verify = "verify",
        /// With any certificate: nobody listens, but nobody knows who answers.
        Require = "require",
        /// Not at all.
        Off = "off",
    }
}

/// A server of files over SSH.
#[derive(Debug, Clone)]
pub struct Sftp {
    /// Its name.
    pub host: Setting,
    /// Its port.
    pub port: u16,
    /// Who reads.
    pub user: Setting,
    /// What lets in.
    pub login: SftpLogin,
    /// Fingerprint of the server's key: `SHA256:` and 43 letters, digits, `+` and `/`.
    pub host_key: String,
    /// The folder that paths begin in; none: where the user arrives.
    pub folder: Option<String>,
    /// Whether it may be within the own network.
    pub private: bool,
}

/// What lets in at a server of files.
#[derive(Debug, Clone)]
pub enum SftpLogin {
    /// A password.
    Password(Secret),
    /// A private key.
    Key {
        /// The key, as OpenSSH or PEM writes it.
        key: Secret,
        /// What it is encrypted with, if it is.
        passphrase: Option<Secret>,
    },
}

/// A bucket of an object store that speaks the protocol of Amazon S3.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Its name.
    pub bucket: Setting,
    /// Its region.
    pub region: String,
    /// Scheme and host.
    pub endpoint: Setting,
    /// What lets in; none: anybody may read it.
    pub keys: Option<S3Keys>,
    /// How many requests a minute it may get.
    pub rate: u32,
    /// Whether it may be within the own network, and without encryption.
    pub private: bool,
}

/// A key of an object store.
#[derive(Debug, Clone)]
pub struct S3Keys {
    /// Its id.
    pub id: Setting,
    /// The key.
    pub secret: Secret,
    /// What keys for a time need beside them.
    pub token: Option<Secret>,
}

/// How requests over HTTP are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// By a token.
    Bearer(Secret),
    /// By a name and a password.
    Basic {
        /// The name.
        user: Setting,
        /// The password.
        password: Secret,
    },
    /// By a token that is asked for first.
    OAuth {
        /// Address that grants tokens.
        token: Setting,
        /// Id of the client.
        client: Setting,
        /// Its secret.
        secret: Secret,
        /// By which others are granted; none: the client is let in as itself.
        refresh: Option<Secret>,
        /// What is asked for.
        scope: Option<String>,
    },
    /// By a header of its own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
            Self::MySql(_) => "MySQL",
            Self::Singer { .. } => "a Singer tap",
            Self::Http { .. } => "a server over HTTP",
            Self::S3(_) => "a bucket",
            Self::Sftp(_) => "a server of files",
        })
    }
}
