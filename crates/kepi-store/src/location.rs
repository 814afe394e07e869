//! Where a database is: a file of SQLite, or a schema of a PostgreSQL server.

use std::{fmt, path::PathBuf, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{error::StoreError, way};

/// Where the database of a project is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A schema of a PostgreSQL database.
    Postgres(Server),
}

/// A PostgreSQL database and one schema in it. It is shown without its password, whatever shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// As given, password included, without `schema`.
    url: String,
    /// What of it may be seen.
    shown: String,
    schema: Option<String>,
    /// Where it is, if it may be spoken to openly and is not this machine.
    open_at: Option<(String, u16)>,
}

/// What can be done where a connection to the project's database cannot be encrypted.
pub(crate) const WAY_OUT: &str = "let the server have a certificate for its name, and name by `&sslrootcert=FILE` of the \
    address who certified it, if that is nobody public; within a network of your own `&sslmode=require` or \
    `&sslmode=disable` does without";

impl Server {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The schema that holds the project's tables; `kepi` where none was named.
    pub fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or("kepi")
    }
}

impl Location {
    /// Whether nobody can read along who should not.
    pub(crate) async fn is_safe(&self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(Server { open_at: Some((host, port)), shown, .. }) => {
                way::open(shown, host, *port).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}?schema={}", self.shown, self.schema())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(server) => server.fmt(f),
        }
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }
}

impl Location {
    /// Whether nothing is left to be said: a file, or a server with a schema that was named.
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Postgres(server) if server.schema.is_none())
    }

    /// The same place; where it is a server and no schema was named, that schema of it. So two projects that are
    /// given one database do not meet.
    ///
    /// # Errors
    /// That is not a name of a schema.
    pub fn in_schema(self, schema: &str) -> Result<Self, StoreError> {
        match self {
            Self::Postgres(server) if server.schema.is_none() => {
                Ok(Self::Postgres(Server { schema: Some(schema_name(schema)?), ..server }))
            }
            other => Ok(other),
        }
    }
}

/// No reason given here repeats what was read: it may hold a password.
fn misread(why: &str) -> StoreError {
    StoreError::Location(format!(
        "{why}; write `postgres://user:password@host:port/database?schema=name`, with `@`, `/`, `?`, `#` and `%` of a \
         password as %40, %2F, %3F, %23 and %25, or the path of a SQLite file"
    ))
}

fn schema_name(name: &str) -> Result<String, StoreError> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good = name.len() <= 63
        && name.chars().all(word)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.starts_with("pg_");
    if good {
        Ok(name.to_owned())
    } else {
        Err(misread(
            "a schema is named by at most 63 lower-case letters, digits and `_`, beginning with a letter",
        ))
    }
}

impl FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            None if text.is_empty() => Err(misread("nothing is given")),
            None => Ok(Self::Sqlite(text.into())),
            Some("sqlite") => Ok(Self::Sqlite(text.trim_start_matches("sqlite://").into())),
            Some("postgres" | "postgresql") => server(text).map(Self::Postgres),
            Some(_) => Err(misread("only SQLite and PostgreSQL are known")),
        }
    }
}

fn server(text: &str) -> Result<Server, StoreError> {
    // A password with such a character in it would be read as host, path or query, and shown as such.
    if text.matches('@').count() > 1 || text.contains('#') {
        return Err(misread("the address cannot be told from a password"));
    }
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    if query.contains('@') || base.rsplit_once('@').is_some_and(|(user, _)| user.matches('/').count() > 2) {
        return Err(misread("the address cannot be told from a password"));
    }
    let mut schema = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        match pair.strip_prefix("schema=") {
            Some(name) => schema = Some(schema_name(name)?),
            None => rest.push(pair),
        }
    }
    let read = |rest: &[&str]| {
        let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        let options: PgConnectOptions = url.parse().map_err(|_| misread("the address cannot be read"))?;
        Ok((url, options))
    };
    let (mut url, mut options) = read(&rest)?;
    let here = options.get_socket().is_some() || way::is_here(options.get_host());
    let said = rest.iter().any(|pair| pair.starts_with("sslmode=") || pair.starts_with("ssl-mode="));
    if !said && std::env::var_os("PGSSLMODE").is_none() {
        rest.push(if here { "sslmode=disable" } else { "sslmode=verify-full" });
        (url, options) = read(&rest)?;
    }
    let open = matches!(options.get_ssl_mode(), PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer);
    let open_at = (open && !here).then(|| (options.get_host().to_owned(), options.get_port()));
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(options.get_username());
    let shown = format!("postgres://{}@{host}:{}/{database}", options.get_username(), options.get_port());
    Ok(Server { url, shown, schema, open_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://ana:s3cret@db.example:5433/kepi",
            "postgresql://ana:s3cret@db.example:5433/kepi?schema=north&application_name=kepi",
            "postgres://db.example:5433/kepi?user=ana&password=s3cret",
        ] {
            let location: Location = url.parse().unwrap();
            for shown in [location.to_string(), format!("{location:?}")] {
                assert!(!shown.contains("s3cret"), "{shown}");
                assert!(shown.contains("ana@db.example:5433/kepi"), "{shown}");
            }
        }
        for bad in [
            "postgres://ana:s3/cret@db.example/kepi",
            "postgres://ana:12/cret@db.example/kepi",
            "postgres://ana:12#cret@db.example/kepi",
            "postgres://ana:12?cret@db.example/kepi",
            "postgres://ana:s3@cret@db.example/kepi",
            "postgres://ana:s3cret@db.example:port/kepi",
            "postgres://ana:s3cret@db.example/kepi?schema=No",
            "mysql://ana:s3cret@db.example/kepi",
        ] {
            let refused = bad.parse::<Location>().unwrap_err();
            for shown in [refused.to_string(), format!("{refused:?}")] {
                assert!(!shown.contains("cret"), "{bad}: {shown}");
            }
        }
    }

    #[test]
    fn a_schema_is_the_one_of_the_address_or_else_the_one_given() {
        let schema = |url: &str| match url.parse::<Location>().unwrap().in_schema("north").unwrap() {
            Location::Postgres(server) => server.schema().to_owned(),
            Location::Sqlite(path) => panic!("{}", path.display()),
        };
        assert_eq!(schema("postgres://h/d"), "north");
        assert_eq!(schema("postgres://h/d?schema=south"), "south");
        assert!("postgres://h/d".parse::<Location>().unwrap().in_schema("a\"b").is_err());
        assert!("postgres://h/d".parse::<Location>().unwrap().in_schema("pg_x").is_err());
    }

    #[test]
    fn what_is_no_address_is_a_file() {
        for (text, path) in [("a/kepi.db", "a/kepi.db"), ("sqlite:///var/kepi.db", "/var/kepi.db")] {
            assert_eq!(text.parse::<Location>().unwrap(), Location::Sqlite(path.into()));
        }
    }
}
