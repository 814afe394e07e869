//! What a source fetches, and what does not go with fetching.

use crate::{
    codes, definitions as written,
    findings::Findings,
    project::{Connector, Fetch, Identical, Mode, Relation},
};

/// What is fetched of a database.
pub(super) fn database(written: &written::Database, findings: &mut Findings) -> Option<Fetch> {
    let of = match (written.table.get(), written.query.get()) {
        (Some(table), None) if !written.query.is_written() => Relation::Table(table.clone()),
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

/// Whether the rest of a source makes sense where its rows are fetched.
pub(super) fn fits(written: &written::Source, from: Option<&Connector>, findings: &mut Findings) {
    let Some(fetch) = from.and_then(Connector::fetched) else { return };
    if fetch.cursor.is_some() && written.mode.cloned() == Some(Mode::Snapshot) {
        findings
            .report(
                codes::FETCH_MODE,
                written.mode.span,
                "with a `cursor` only what changed is fetched, and `snapshot` would end all other rows",
            )
            .fix("write `mode: upsert`, or leave `cursor` out: then everything is fetched every time");
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
