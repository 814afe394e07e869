//! Connections: ways to other systems, without their secrets.

use crate::{
    codes,
    decode::{At, Decode, Decoder, Either, List, Micros, Name, PemFile, Whole, choices, one_of, table},
    id::ConnectionId,
    project::Tls,
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
                // Of a list it is one of several.
                .fix(match at.key == yaml.span {
                    true => format!(
                        "write `{{env: {variable}}}` in its place, and change it: it may have been seen"
                    ),
                    false => format!(
                        "write `{}: {{env: {variable}}}`, and change it: it may have been seen",
                        at.name
                    ),
                });
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

choices!(Tls);

table! {
    DatabaseServer = "database_server", "A database of a server; it is only read.";
    host: Setting, required,
        "Name of the server; or of PostgreSQL the folder of its socket, of MySQL the socket.", "db.example";
    port: Whole<1, 65_535>, optional, "Its port; default 5432 of PostgreSQL, 3306 of MySQL.", "5433";
    database: Setting, required, "Name of the database.", "crm";
    user: Setting, required, "Who reads: best somebody who may do nothing else.", "kepi_reader";
    password: SecretText, optional, "The password, if one is asked for.", "{env: CRM_PASSWORD}";
    tls: Tls, optional,
        "How the way there is encrypted: `verify` with a certificate that holds for the server's name, `require` with any, `off` not at all, which is for the own network only. Default `verify`, and `off` on the same machine.",
        "off";
    authority: PemFile, optional,
        "A file in PEM with the certificate of who certifies the server, where that is nobody public. A path that does not begin with `/` begins in the project's folder.",
        "/etc/kepi/databases.pem";
}

table! {
    SingerTap = "singer_tap", "A Singer tap: a program that writes rows and how far it has come to its output.";
    tap: String, required, "Name of a program in the folder that the environment variable `KEPI_TAPS` names.", "tap-csv";
    config: SecretText, optional, "The tap's configuration, as JSON.", "{file: /run/secrets/tap.json}";
    environment: List<String>, optional,
        "Variables of the environment that the tap gets beside `PATH`, `HOME` and `LANG`.", "[AWS_PROFILE]";
}

table! {
    BasicAuth = "basic_auth", "A name and a password.";
    user: Setting, required, "The name.", "{env: DESK_USER}";
    password: SecretText, required, "The password.", "{env: DESK_TOKEN}";
}

table! {
    HeaderAuth = "header_auth", "A header that holds a secret.";
    name: String, required, "Its name.", "X-Api-Key";
    value: SecretText, required, "Its value.", "{env: DESK_KEY}";
}

table! {
    OAuthGrant = "oauth_grant", "A token that is asked for whenever something is fetched (OAuth 2.0).";
    token: Setting, required, "The address that grants tokens.", "https://login.acme.example/oauth2/token";
    client: Setting, required, "Id of the client, as the server knows it.", "{env: DESK_CLIENT}";
    secret: SecretText, required, "Its secret.", "{env: DESK_SECRET}";
    refresh: SecretText, optional,
        "A token by which others are granted (`refresh_token`); default the client is let in as itself (`client_credentials`).",
        "{file: /run/secrets/desk_refresh}";
    scope: String, optional, "What is asked for, parted by spaces.", "read:tickets";
}

one_of! {
    HttpAuth = "http_auth", "How requests are let in.";
    Bearer "bearer": SecretText, "A token.", "{env: DESK_TOKEN}";
    Basic "basic": BasicAuth, "A name and a password.", "{user: {env: DESK_USER}, password: {env: DESK_TOKEN}}";
    OAuth "oauth": OAuthGrant, "A token that a server grants for a while.",
        "{token: \"https://login.acme.example/oauth2/token\", client: {env: DESK_CLIENT}, secret: {env: DESK_SECRET}}";
    Header "header": HeaderAuth, "A header of its own.", "{name: X-Api-Key, value: {env: DESK_KEY}}";
}

table! {
    HttpServer = "http_server", "A server that is asked over HTTP.";
    address: Setting, required, "Scheme and host, and what all paths begin with.", "https://acme.example/api";
    auth: HttpAuth, optional, "How requests are let in.", "{bearer: {env: DESK_TOKEN}}";
    rate: Whole<1, 100_000>, default "600", "How many requests a minute it may get.", "60";
    private_addresses: bool, default "false",
        "Whether the server may be within the own network, and be asked without encryption.", "true";
}

table! {
    S3Bucket = "s3_bucket", "A bucket of an object store that speaks the protocol of Amazon S3; it is only read.";
    bucket: Setting, required, "Name of the bucket.", "acme-exports";
    region: String, default "us-east-1", "Its region; stores that have none take any.", "eu-central-1";
    endpoint: Setting, optional, "Scheme and host of the store; default Amazon's in the region.", "https://minio.example:9000";
    access_key: Setting, optional, "Id of the key that lets in; without one the bucket is read as anybody can.", "{env: AWS_ACCESS_KEY_ID}";
    secret_key: SecretText, optional, "The key.", "{env: AWS_SECRET_ACCESS_KEY}";
    session_token: SecretText, optional, "What keys for a time need beside them.", "{env: AWS_SESSION_TOKEN}";
    rate: Whole<1, 100_000>, default "6000", "How many requests a minute it may get.", "600";
    private_addresses: bool, default "false",
        "Whether the store may be within the own network, and be asked without encryption.", "true";
}

table! {
    SftpServer = "sftp_server", "A server of files over SSH (SFTP); it is only read.";
    host: Setting, required, "Name of the server.", "sftp.example";
    port: Whole<1, 65_535>, default "22", "Its port.", "22";
    user: Setting, required, "Who reads: best somebody who may do nothing else.", "kepi_reader";
    password: SecretText, optional, "The password, unless a key lets in.", "{env: SFTP_PASSWORD}";
    private_key: SecretText, optional, "The private key, as OpenSSH or PEM writes it, unless a password lets in.",
        "{file: /run/secrets/sftp_key}";
    passphrase: SecretText, optional, "What the private key is encrypted with, if it is.", "{env: SFTP_PASSPHRASE}";
    host_key: String, required,
        "Fingerprint of the server's key, by which it is known to be the right one, as `ssh-keygen -l` shows it.",
        "SHA256:UXcEGy5mW1ObfGBFWxMFxZl5vZjhvhqvJwlLOAh3Wgk";
    folder: String, optional, "The folder in which paths begin; default where the user arrives.", "/outgoing";
    private_addresses: bool, default "false", "Whether the server may be within the own network.", "true";
}

table! {
    Connection = "connection", "A way to another system, used by any number of sources.";
    connection: Name<ConnectionId>, required, "The name in definitions.", "crm";
    name: String, optional;
    description: String, optional;
    sqlite: SqliteFile, optional, "A file of SQLite.", "{file: crm.db}";
    postgres: DatabaseServer, optional, "A database of PostgreSQL.",
        "{host: db.example, database: crm, user: kepi_reader, password: {env: CRM_PASSWORD}}";
    mysql: DatabaseServer, optional, "A database of MySQL or MariaDB.",
        "{host: db.example, database: shop, user: kepi_reader, password: {env: SHOP_PASSWORD}}";
    singer: SingerTap, optional, "A Singer tap.", "{tap: tap-csv, config: {file: /run/secrets/tap.json}}";
    http: HttpServer, optional, "A server that is asked over HTTP.",
        "{address: \"https://acme.example\", auth: {bearer: {env: DESK_TOKEN}}}";
    s3: S3Bucket, optional, "A bucket of an object store.",
        "{bucket: acme-exports, access_key: {env: AWS_ACCESS_KEY_ID}, secret_key: {env: AWS_SECRET_ACCESS_KEY}}";
    sftp: SftpServer, optional, "A server of files over SSH.",
        "{host: sftp.example, user: kepi_reader, password: {env: SFTP_PASSWORD}, host_key: \"SHA256:UXcEGy5mW1ObfGBFWxMFxZl5vZjhvhqvJwlLOAh3Wgk\"}";
    time_limit: Micros, default "10 minutes", "How long fetching a source once may take.", "1 hour";
}
