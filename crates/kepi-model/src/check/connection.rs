//! Connections: where they lead to.

use std::collections::BTreeMap;

use super::{Context, is_defined};
use crate::{
    codes,
    decode::{Either, Field, Files, Placed},
    definitions as written,
    findings::Findings,
    id::ConnectionId,
    lexical,
    project::{Auth, Connection, Database, S3, S3Keys, Secret, Setting, Sftp, SftpLogin, Tls, To},
    table::Symbol,
    wording::{quoted, shown},
};

/// The kinds of connections.
const KINDS: [&str; 7] = ["sqlite", "postgres", "mysql", "singer", "http", "s3", "sftp"];
/// Where servers of PostgreSQL and MySQL listen.
const POSTGRES: u16 = 5432;
const MYSQL: u16 = 3306;

/// Reads all connections.
pub(super) fn read(
    written: &[Placed<written::Connection>],
    context: &mut Context<'_>,
) -> BTreeMap<ConnectionId, Connection> {
    let read = written.iter().filter_map(|c| connection(&c.value, context.findings));
    read.map(|connection| (connection.id.clone(), connection)).collect()
}

fn connection(written: &written::Connection, findings: &mut Findings) -> Option<Connection> {
    let kinds: Vec<_> = written.written().filter(|(name, ..)| KINDS.contains(name)).collect();
    if kinds.len() != 1 {
        let at = kinds.get(1).map_or(written.connection.span, |(_, key, _)| *key);
        let said = if kinds.is_empty() {
            "it is not said what the connection leads to".to_owned()
        } else {
            format!("a connection leads to one system, not {}", kinds.len())
        };
        let finding = findings.report(codes::CONNECTION, at, said);
        finding.expected(format!("exactly one of {}", quoted(KINDS)));
        if kinds.is_empty() {
            finding.fix("add where it leads to, such as `sqlite: {file: crm.db}`");
        }
        return None;
    }
    let to = match (written.sqlite.get(), written.postgres.get(), written.singer.get(), written.http.get()) {
        _ if written.s3.is_written() => bucket(written.s3.get()?, findings)?,
        _ if written.sftp.is_written() => To::Sftp(files_over_ssh(written.sftp.get()?, findings)?),
        _ if written.mysql.is_written() => To::MySql(database(written.mysql.get()?, MYSQL, findings)?),
        (Some(sqlite), ..) => {
            below(&sqlite.file, findings)?;
            To::Sqlite { file: setting(&sqlite.file)? }
        }
        (_, Some(postgres), ..) => To::Postgres(database(postgres, POSTGRES, findings)?),
        (_, _, Some(singer), _) => {
            let tap = singer.tap.cloned()?;
            if tap.contains(['/', '\\']) || tap.starts_with('.') {
                findings
                    .report(codes::CONNECTION, singer.tap.span, format!("`{tap}` is no name of a program"))
                    .expected("the name of a program in the folder that `KEPI_TAPS` names, such as `tap-csv`")
                    .fix("put the program, or a link to it, into that folder and write its name");
                return None;
            }
            To::Singer { tap, config: optional(&singer.config)?, environment: singer.environment.values() }
        }
        (.., Some(http)) => server(http, findings)?,
        _ => return None,
    };
    let name = written.connection.get()?;
    Some(Connection {
        id: name.id.clone()?,
        name: written.name.cloned().unwrap_or_else(|| shown(&name.text)),
        to,
        time_limit: written.time_limit.get()?.0,
        span: written.connection.span,
    })
}

/// A database of a server that listens at `port` unless another is written.
fn database(of: &written::DatabaseServer, port: u16, findings: &mut Findings) -> Option<Database> {
    let (tls, authority) = (whether(&of.tls)?, whether(&of.authority)?);
    if authority.is_some() && tls.is_some_and(|tls| tls != Tls::Verify) {
        findings
            .report(codes::CONNECTION, of.authority.key, "nothing is held against this certificate")
            .expected("`authority` where the server's certificate is verified")
            .fix("leave `tls` out, or `authority`");
        return None;
    }
    Some(Database {
        host: setting(&of.host)?,
        port: match whether(&of.port)? {
            Some(port) => u16::try_from(port.0).ok()?,
            None => port,
        },
        database: setting(&of.database)?,
        user: setting(&of.user)?,
        password: optional(&of.password)?,
        tls,
        authority: authority.map(|file| file.0),
    })
}

/// Whether an address that is written is one, and encrypted unless it is within the own network.
fn address(written: &Field<written::Setting>, private: bool, findings: &mut Findings) -> Option<()> {
    let Either::This(address) = written.get()? else { return Some(()) };
    let plain = address.starts_with("http://");
    if !(address.starts_with("https://") || plain) || address.contains(['?', '#', '@']) {
        findings
            .report(codes::CONNECTION, written.span, format!("`{address}` is no address"))
            .expected("a scheme and a host, such as `https://acme.example/api`, without secrets in it");
        return None;
    }
    if plain && !private {
        findings
            .report(codes::CONNECTION, written.span, "what is asked and answered could be read on the way")
            .expected("an address that begins with `https://`")
            .fix("write `https://`; within the own network add `private_addresses: true`");
        return None;
    }
    Some(())
}

/// A bucket of an object store.
fn bucket(s3: &written::S3Bucket, findings: &mut Findings) -> Option<To> {
    let private = s3.private_addresses.cloned()?;
    if s3.endpoint.is_written() {
        address(&s3.endpoint, private, findings)?;
    }
    let (key, secret_key, token) =
        (s3.access_key.is_written(), optional(&s3.secret_key)?, optional(&s3.session_token)?);
    let keys = match secret_key {
        Some(secret) if key => Some(S3Keys { id: setting(&s3.access_key)?, secret, token }),
        None if !key && token.is_none() => None,
        secret => {
            let (at, missing) = match (secret, key) {
                (Some(_), _) => (s3.secret_key.key, "access_key"),
                (None, true) => (s3.access_key.key, "secret_key"),
                (None, false) => (s3.session_token.key, "access_key` and `secret_key"),
            };
            findings
                .report(codes::CONNECTION, at, format!("half a key lets nobody in: `{missing}` is missing"))
                .expected("`access_key` and `secret_key`, or neither of a bucket that anybody may read")
                .fix("add what is missing, such as `secret_key: {env: AWS_SECRET_ACCESS_KEY}`");
            return None;
        }
    };
    let region = s3.region.cloned()?;
    if !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        findings
            .report(codes::CONNECTION, s3.region.span, format!("`{region}` is no region"))
            .expected("letters, digits and `-`, such as `eu-central-1`");
        return None;
    }
    let endpoint = if s3.endpoint.is_written() {
        setting(&s3.endpoint)?
    } else {
        Setting::Text(format!("https://s3.{region}.amazonaws.com"))
    };
    let rate = u32::try_from(s3.rate.get()?.0).ok()?;
    Some(To::S3(S3 { bucket: setting(&s3.bucket)?, region, endpoint, keys, rate, private }))
}

/// Letters and digits of a fingerprint: a hash of 32 bytes in Base64, without what fills it up.
const FINGERPRINT: usize = 43;

/// A server of files over SSH.
fn files_over_ssh(sftp: &written::SftpServer, findings: &mut Findings) -> Option<Sftp> {
    let (password, key, passphrase) =
        (optional(&sftp.password)?, optional(&sftp.private_key)?, optional(&sftp.passphrase)?);
    let login = match (password, key, passphrase) {
        (Some(password), None, None) => SftpLogin::Password(password),
        (None, Some(key), passphrase) => SftpLogin::Key { key, passphrase },
        (password, key, _) => {
            let (at, said) = match (password, key) {
                (Some(_), Some(_)) => (sftp.private_key.key, "one thing lets in, a password or a key"),
                (Some(_), None) => (sftp.passphrase.key, "there is no key that the passphrase would be of"),
                _ => (sftp.user.key, "nothing is said that lets in"),
            };
            findings
                .report(codes::CONNECTION, at, said)
                .expected("either `password`, or `private_key` and perhaps the `passphrase` that it is encrypted with")
                .fix("write one, such as `password: {env: SFTP_PASSWORD}`");
            return None;
        }
    };
    let host_key = sftp.host_key.cloned()?;
    let digits = host_key.strip_prefix("SHA256:").unwrap_or_default();
    let is_one = digits.len() == FINGERPRINT
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    if !is_one {
        findings
            .report(codes::CONNECTION, sftp.host_key.span, format!("`{host_key}` is no fingerprint of a key"))
            .expected(format!("`SHA256:` and {FINGERPRINT} letters, digits, `+` and `/`"))
            .fix("ask who runs the server for it, or look with `ssh-keyscan HOST | ssh-keygen -lf -`");
        return None;
    }
    Some(Sftp {
        host: setting(&sftp.host)?,
        port: u16::try_from(sftp.port.get()?.0).ok()?,
        user: setting(&sftp.user)?,
        login,
        host_key,
        folder: if sftp.folder.is_written() { Some(sftp.folder.cloned()?) } else { None },
        private: sftp.private_addresses.cloned()?,
    })
}

/// A server that is asked over HTTP.
fn server(http: &written::HttpServer, findings: &mut Findings) -> Option<To> {
    let private = http.private_addresses.cloned()?;
    address(&http.address, private, findings)?;
    let auth = match (http.auth.get(), http.auth.is_written()) {
        (Some(written::HttpAuth::Bearer(token)), _) => Some(Auth::Bearer(secret(&token.0))),
        (Some(written::HttpAuth::Basic(basic)), _) => {
            Some(Auth::Basic { user: setting(&basic.user)?, password: secret(&basic.password.get()?.0) })
        }
        (Some(written::HttpAuth::OAuth(grant)), _) => {
            address(&grant.token, private, findings)?;
            Some(Auth::OAuth {
                token: setting(&grant.token)?,
                client: setting(&grant.client)?,
                secret: secret(&grant.secret.get()?.0),
                refresh: optional(&grant.refresh)?,
                scope: grant.scope.cloned(),
            })
        }
        (Some(written::HttpAuth::Header(header)), _) => {
            Some(Auth::Header { name: header.name.cloned()?, value: secret(&header.value.get()?.0) })
        }
        (None, true) => return None,
        (None, false) => None,
    };
    let rate = u32::try_from(http.rate.get()?.0).ok()?;
    Some(To::Http { address: setting(&http.address)?, auth, rate, private })
}

/// What need not be there.
#[expect(clippy::option_option, reason = "outside: unreadable; inside: not written")]
fn whether<T: Clone>(written: &Field<T>) -> Option<Option<T>> {
    match (written.get(), written.is_written()) {
        (Some(value), _) => Some(Some(value.clone())),
        (None, true) => None,
        (None, false) => Some(None),
    }
}

/// A secret that need not be there.
#[expect(clippy::option_option, reason = "outside: unreadable; inside: not written")]
fn optional(written: &Field<written::SecretText>) -> Option<Option<Secret>> {
    Some(whether(written)?.map(|at| secret(&at.0)))
}

/// Whether sources fetch through connections that lead to what they ask for.
pub(super) fn together(
    sources: &[Placed<written::Source>],
    connections: &BTreeMap<ConnectionId, Connection>,
    context: &mut Context<'_>,
) {
    for source in sources {
        let Some(from) = source.value.from.get() else { continue };
        if let Some(files) = files(from) {
            objects(files, connections, context);
            continue;
        }
        let findings = &mut *context.findings;
        let (field, needs) = match from {
            written::Connector::Database(of) if of.changes.is_written() => (&of.connection, "PostgreSQL"),
            written::Connector::Database(of) => (&of.connection, "a database"),
            written::Connector::Singer(of) => (&of.connection, "a Singer tap"),
            written::Connector::Http(of) => (&of.connection, "a server over HTTP"),
            _ => continue,
        };
        let Some(connection) = field.get().and_then(|id| connections.get(id)) else { continue };
        let fits = match &connection.to {
            To::Postgres(_) if needs == "PostgreSQL" => true,
            To::Sqlite { .. } | To::Postgres(_) | To::MySql(_) => needs == "a database",
            To::Singer { .. } => needs == "a Singer tap",
            To::Http { .. } => needs == "a server over HTTP",
            To::S3(_) | To::Sftp(_) => false,
        };
        if !fits {
            findings
                .report(
                    codes::FETCHED_WHAT,
                    field.span,
                    format!("`{}` leads to {}", connection.id, connection.to),
                )
                .related(connection.span, "the connection")
                .expected(format!("a connection to {needs}"))
                .fix("name another connection, or fetch what this one has: `database`, `http`, `singer`, or of a bucket or a server of files `csv: {files: \"CONNECTION:PATH\"}`");
        }
    }
}

/// Where the files of a source are, if it reads files.
fn files(from: &written::Connector) -> Option<&Field<Files>> {
    Some(match from {
        written::Connector::Csv(of) => &of.files,
        written::Connector::FixedWidth(of) => &of.files,
        written::Connector::Excel(of) => &of.files,
        written::Connector::Json(of) => &of.files,
        written::Connector::Ndjson(of) | written::Connector::Parquet(of) => &of.files,
        _ => return None,
    })
}

/// Whether what stands before the colon is a connection to a bucket or a server of files.
fn objects(
    files: &Field<Files>,
    connections: &BTreeMap<ConnectionId, Connection>,
    context: &mut Context<'_>,
) {
    let Some((name, keys)) = files.get().and_then(|files| lexical::objects(&files.0)) else { return };
    match connections.iter().find(|(id, _)| id.as_str() == name) {
        Some((_, connection)) if matches!(connection.to, To::S3(_) | To::Sftp(_)) => {}
        Some((_, connection)) => {
            context
                .findings
                .report(codes::FETCHED_WHAT, files.span, format!("`{name}` leads to {}", connection.to))
                .related(connection.span, "the connection")
                .expected(
                    "a connection to a bucket or a server of files, `s3: {bucket: …}` or `sftp: {host: …}`",
                )
                .fix("name another connection, or fetch what this one has: `database`, `http` or `singer`");
        }
        None if is_defined(context, Symbol::Connection, name) => {}
        None => {
            let known: Vec<&str> = connections.keys().map(ConnectionId::as_str).collect();
            let near = context.findings.nearest(name, known.iter().copied()).map(str::to_owned);
            let finding = context.findings.report(
                codes::FETCHED_WHAT,
                files.span,
                format!("there is no connection `{name}`"),
            );
            finding.expected(
                "a path below the project's folder, or `CONNECTION:PATH` with a connection to a bucket or a server of files",
            );
            match near {
                Some(near) => finding.fix(format!("did you mean `{near}:{keys}`?")),
                None => finding.fix(format!(
                    "define it: `connection: {name}` with `s3: {{bucket: …}}` or `sftp: {{host: …}}`"
                )),
            };
        }
    }
}

/// A path that is written leads nowhere else; where it comes from the environment, whoever runs Kepi has said so.
fn below(file: &Field<written::Setting>, findings: &mut Findings) -> Option<()> {
    let Either::This(path) = file.get()? else { return Some(()) };
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..") {
        findings
            .report(codes::OUTSIDE_PROJECT, file.span, format!("`{path}` leads out of the project's folder"))
            .expected("a path below the project's folder, or `{env: …}`")
            .fix("write `file: {env: CRM_FILE}` and set that variable where Kepi runs");
        return None;
    }
    Some(())
}

pub(super) fn setting(written: &Field<written::Setting>) -> Option<Setting> {
    Some(match written.get()? {
        Either::This(text) => Setting::Text(text.clone()),
        Either::That(from) => Setting::From(secret(from)),
    })
}

pub(super) fn secret(written: &written::Secret) -> Secret {
    match written {
        written::Secret::Env(name) => Secret::Env(name.clone()),
        written::Secret::File(path) => Secret::File(path.clone()),
    }
}
