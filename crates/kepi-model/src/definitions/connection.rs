//! Connections: ways to other systems, without their secrets.

use crate::{
    codes,
    decode::{At, Decode, Decoder, Either, Micros, Name, Whole, one_of, table},
    id::ConnectionId,
    table::Kind,
    yaml::Yaml,
};

one_of! {
    Secret = "secret", "Where something is read that does not stand in a definition.";
    Env "env": String, "The name of an environment variable.", "CRM_PASSWORD";
    File "file": String, "The path of a file that holds nothing else; a line break at its end is left out.",
        "/run/secrets/crm";
}

/// A secret; one that is written out is a finding of its own.
#[derive(Debug, Clone)]
pub(crate) struct SecretText(pub(crate) Secret);

impl Decode for SecretText {
    const KIND: Kind = Secret::KIND;
    fn decode(yaml: &Yaml, at: At<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if yaml.text().is_some() {
            let variable = at.name.to_uppercase();
            decoder
                .report(codes::SECRET_WRITTEN, at.key, format!("`{}` stands in the definition", at.name))
                .fix(format!(
                    "write `{}: {{env: {variable}}}`, and change it: it may have been seen",
                    at.name
                ));
            return None;
        }
        Secret::decode(yaml, at, decoder).map(Self)
    }
}

/// A text, or where it is read.
pub(crate) type Setting = Either<String, Secret>;

table! {
    SqliteFile = "sqlite_file", "A file of SQLite; it is only read.";
    file: Setting, required,
        "Its path below the project's folder; one from an environment variable or a file may lead anywhere.", "crm.db";
}

table! {
    PostgresServer = "postgres_server", "A database of a PostgreSQL server; it is only read.";
    host: Setting, required, "Name of the server, or the folder of its socket.", "db.example";
    port: Whole<1, 65_535>, default "5432", "Its port.", "5432";
    database: Setting, required, "Name of the database.", "crm";
    user: Setting, required, "Who reads: best somebody who may do nothing else.", "kepi_reader";
    password: SecretText, optional, "The password, if one is asked for.", "{env: CRM_PASSWORD}";
}

table! {
    Connection = "connection", "A way to another system, used by any number of sources.";
    connection: Name<ConnectionId>, required, "The name in definitions.", "crm";
    name: String, optional;
    description: String, optional;
    sqlite: SqliteFile, optional, "A file of SQLite.", "{file: crm.db}";
    postgres: PostgresServer, optional, "A database of PostgreSQL.",
        "{host: db.example, database: crm, user: kepi_reader, password: {env: CRM_PASSWORD}}";
    time_limit: Micros, default "10 minutes", "How long fetching a source once may take.", "1 hour";
}
