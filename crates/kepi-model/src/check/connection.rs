//! Connections: where they lead to.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    codes,
    decode::{Either, Field, Placed},
    definitions as written,
    findings::Findings,
    id::ConnectionId,
    project::{Connection, Secret, Setting, To},
    wording::{quoted, shown},
};

/// The kinds of connections.
const KINDS: [&str; 2] = ["sqlite", "postgres"];

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
    let to = match (written.sqlite.get(), written.postgres.get()) {
        (Some(sqlite), _) => {
            below(&sqlite.file, findings)?;
            To::Sqlite { file: setting(&sqlite.file)? }
        }
        (_, Some(postgres)) => To::Postgres {
            host: setting(&postgres.host)?,
            port: u16::try_from(postgres.port.get()?.0).ok()?,
            database: setting(&postgres.database)?,
            user: setting(&postgres.user)?,
            password: match (postgres.password.get(), postgres.password.is_written()) {
                (Some(password), _) => Some(secret(&password.0)),
                (None, true) => return None,
                (None, false) => None,
            },
        },
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

fn setting(written: &Field<written::Setting>) -> Option<Setting> {
    Some(match written.get()? {
        Either::This(text) => Setting::Text(text.clone()),
        Either::That(from) => Setting::From(secret(from)),
    })
}

fn secret(written: &written::Secret) -> Secret {
    match written {
        written::Secret::Env(name) => Secret::Env(name.clone()),
        written::Secret::File(path) => Secret::File(path.clone()),
    }
}
