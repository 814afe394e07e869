//! What a source fetches, and what does not go with fetching.

use crate::{
    codes,
    decode::{Field, Map},
    definitions as written,
    findings::Findings,
    project::{Connector, Fetch, HttpGet, HttpJob, Identical, Mode, Pages, Relation, Since},
};

/// What is fetched of a database.
pub(super) fn database(written: &written::Database, findings: &mut Findings) -> Option<Fetch> {
    let of = match (written.table.get(), written.query.get()) {
        (Some(table), None) if !written.query.is_written() => match written.changes.get() {
            Some(slot) => Relation::Changes { table: table.clone(), slot: log(slot, written, findings)? },
            None if written.changes.is_written() => return None,
            None => Relation::Table(table.clone()),
        },
        (None, Some(_)) if written.changes.is_written() => {
            findings
                .report(
                    codes::FETCHED_WHAT,
                    written.changes.key,
                    "a log has changes of tables, not of queries",
                )
                .expected("`table` and `changes`")
                .fix("name the table in place of `query`");
            return None;
        }
        (None, Some(query)) if !written.table.is_written() => {
            Relation::Query(query.trim().trim_end_matches(';').to_owned())
        }
        (None, None) if written.table.is_written() || written.query.is_written() => return None,
        (table, _) => {
            let said = match table {
                Some(_) => "either a table is fetched or a query",
                None => "it is not said what is fetched",
            };
            findings.report(codes::FETCHED_WHAT, written.key, said);
            return None;
        }
    };
    if written.look_back.is_written() && written.cursor.is_absent() {
        findings
            .report(codes::FETCHED_WHAT, written.look_back.key, "`look_back` does nothing without a `cursor`")
            .expected("a `cursor` to look back from")
            .fix("name the column that grows with each change as `cursor`, or leave `look_back` out");
    }
    Some(Fetch {
        connection: written.connection.cloned()?,
        of,
        cursor: written.cursor.cloned(),
        look_back: written.look_back.get().map_or(0, |micros| micros.0),
    })
}

/// The slot of a log.
fn log(slot: &str, written: &written::Database, findings: &mut Findings) -> Option<String> {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if slot.is_empty() || slot.len() > 63 || !slot.chars().all(name) {
        findings
            .report(
                codes::FETCHED_WHAT,
                written.changes.span,
                format!("`{slot}` is no name of a replication slot"),
            )
            .expected("at most 63 small letters, digits and `_`");
        return None;
    }
    if written.cursor.is_written() {
        findings
            .report(
                codes::FETCHED_WHAT,
                written.cursor.key,
                "what is new is said twice, by a cursor and by a log",
            )
            .expected("`cursor` or `changes`")
            .fix("leave `cursor` out: the log has every change");
        return None;
    }
    Some(slot.to_owned())
}

/// What is fetched of a Singer tap.
pub(super) fn singer(written: &written::SingerStream) -> Option<Fetch> {
    let of = Relation::Stream(written.stream.cloned()?);
    Some(Fetch { connection: written.connection.cloned()?, of, cursor: None, look_back: 0 })
}

/// What is fetched over HTTP.
pub(super) fn http(written: &written::HttpGet, findings: &mut Findings) -> Option<Fetch> {
    let path = self::path(&written.get, findings)?;
    let job = match (written.job.get(), written.job.is_written()) {
        (Some(job), _) => Some(self::job(job, findings)?),
        (None, true) => return None,
        (None, false) => None,
    };
    let pages = match (written.pages.get(), written.pages.is_written()) {
        (Some(pages), _) => self::pages(pages)?,
        (None, true) => return None,
        (None, false) => Pages::One,
    };
    let since = match (written.since.get(), written.since.is_written()) {
        (Some(since), _) => Some(Since {
            parameter: since.parameter.cloned()?,
            field: since.field.cloned()?,
            start: since.start.cloned()?,
        }),
        (None, true) => return None,
        (None, false) => None,
    };
    if since.is_some() && matches!(pages, Pages::Token { resume: true, .. }) {
        findings
            .report(codes::FETCHED_WHAT, written.since.key, "where to go on is said twice")
            .expected("`since`, or pages by a token with `resume: true`")
            .fix("leave one of them out; what the first request needs stands under `query`");
    }
    let pairs = |map: &Field<Map<String, String>>| -> Vec<(String, String)> {
        map.items().iter().filter_map(|p| Some((p.text.clone(), p.value.clone()?))).collect()
    };
    let (query, first) = (pairs(&written.query), pairs(&written.first));
    let rows = written.rows.cloned().unwrap_or_default();
    let of = Relation::Get(HttpGet { path, query, first, rows, pages, since, job });
    Some(Fetch { connection: written.connection.cloned()?, of, cursor: None, look_back: 0 })
}

/// A path of a server.
fn path(written: &Field<String>, findings: &mut Findings) -> Option<String> {
    let path = written.get()?;
    if path.contains("://") || !path.starts_with('/') {
        findings
            .report(codes::FETCHED_WHAT, written.span, format!("`{path}` is no path"))
            .expected("a path below the connection's address, such as `/v1/tickets`")
            .fix("begin it with `/`; the host belongs into the connection");
        return None;
    }
    Some(path.clone())
}

/// A job that makes what is fetched.
fn job(written: &written::HttpJob, findings: &mut Findings) -> Option<HttpJob> {
    let body = written.body.cloned().unwrap_or_else(|| "{}".to_owned());
    if !serde_json::from_str::<serde_json::Value>(&body).is_ok_and(|body| body.is_object()) {
        findings
            .report(codes::FETCHED_WHAT, written.body.span, "that is no object of JSON")
            .expected("an object in quotes, such as `'{\"format\": \"json\"}'`");
        return None;
    }
    Some(HttpJob {
        start: path(&written.start, findings)?,
        body,
        poll: path(&written.poll, findings)?,
        state: written.state.cloned()?,
        done: written.done.cloned()?,
        failed: written.failed.values(),
    })
}

fn pages(written: &written::HttpPages) -> Option<Pages> {
    Some(match written {
        written::HttpPages::Link(path) => Pages::Link(path.clone()),
        written::HttpPages::LinkHeader(rel) => Pages::LinkHeader(rel.clone()),
        written::HttpPages::Token(token) => Pages::Token {
            token: token.token.cloned()?,
            parameter: token.parameter.cloned()?,
            last: token.last.cloned(),
            resume: token.resume.cloned()?,
        },
        written::HttpPages::Number(number) => Pages::Number {
            parameter: number.parameter.cloned()?,
            first: number.first.get()?.0.unsigned_abs(),
        },
        written::HttpPages::Offset(offset) => Pages::Offset { parameter: offset.parameter.cloned()? },
        written::HttpPages::After(after) => Pages::After {
            parameter: after.parameter.cloned()?,
            field: after.field.cloned()?,
            more: after.more.cloned(),
        },
    })
}

/// Whether the rest of a source makes sense where its rows are fetched.
pub(super) fn fits(written: &written::Source, from: Option<&Connector>, findings: &mut Findings) {
    let fetch = from.and_then(Connector::fetched);
    let posted = matches!(from, Some(Connector::Webhook(_)));
    if fetch.is_none() && !posted {
        return;
    }
    if let Some(hook) = from.and_then(Connector::webhook) {
        super::hook::delivery(written, hook, findings);
    }
    let log = fetch.is_some_and(|fetch| matches!(fetch.of, Relation::Changes { .. }));
    if log && !written.deletes.get().is_some_and(|deletes| deletes.filter.is_written()) {
        findings
            .report(codes::FETCH_MODE, written.mode.span, "the log tells what was deleted, and nobody listens")
            .expected("`deletes: {where: …}` that is true where the column `_gone` is")
            .fix("map `_gone` to an attribute, such as `gone: {column: _gone, as: boolean, \"true\": [\"true\"], \"false\": [\"false\"]}`, and write `deletes: {where: gone}`");
    }
    if log && written.version.is_written() {
        findings
            .report(
                codes::FETCH_MODE,
                written.version.key,
                "the log has changes in their order; `version` would undo some",
            )
            .fix("leave `version` out");
    }
    let of_fetch =
        |fetch: &Fetch| fetch.cursor.is_some() || matches!(&fetch.of, Relation::Get(get) if !get.is_whole());
    let piecemeal = log || posted || fetch.is_some_and(of_fetch);
    if piecemeal && matches!(written.mode.cloned(), Some(Mode::Snapshot | Mode::Keys)) {
        findings
            .report(
                codes::FETCH_MODE,
                written.mode.span,
                match posted {
                    true => "what is posted is what is new, and `snapshot` would end all other rows",
                    false => "only what changed is fetched, and `snapshot` would end all other rows",
                },
            )
            .fix(match posted {
                true => "write `mode: upsert`, or `mode: append` where rows are final",
                false => "write `mode: upsert`, or leave out what asks for changes only: then everything is fetched every time",
            });
    }
    if written.order.is_written() {
        findings
            .report(
                codes::FETCH_MODE,
                written.order.key,
                "what is fetched later is newer; `order` does nothing",
            )
            .fix("leave `order` out");
    }
    if written.identical.cloned() == Some(Identical::Skip) {
        findings
            .report(codes::FETCH_MODE, written.identical.key, "what is fetched twice is known by its keys")
            .fix("leave `identical` out");
    }
    for mapping in written.map.items() {
        if let Some(position) = mapping.value.as_ref().map(|m| &m.position).filter(|p| p.is_written()) {
            findings
                .report(
                    codes::FETCH_MODE,
                    position.span,
                    "a row is fetched again at another place: `position` does not identify it",
                )
                .fix("map the column that identifies the row");
        }
    }
}
