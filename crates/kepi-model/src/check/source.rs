//! Sources: where rows come from, how their columns become attributes, and what must hold of them.

mod column;
mod expect;
mod fetch;
pub(super) mod hook;
mod mapping;
mod rules;
mod together;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz;
use mapping::mappings;
use rules::rules;
pub(super) use together::together;

use super::{Context, is_defined};
use crate::{
    codes,
    decode::{Either, Field, Placed},
    definitions as written,
    expression::{Expression, Node as Part, Type},
    findings::Findings,
    id::{AttributeId, EntityId, SourceId, UnitId},
    meaning,
    project::{
        Attest, Connector, Dates, Entity, FileOrder, Identical, Merges, Mode, Source, SourceZone, Unit,
        Unpivot, WhenLate,
    },
    source_text::Span,
    sql::{self, Scope, Want},
    table::{Need, Symbol},
    word::Word,
    wording::shown,
    yaml::Yaml,
};

/// Reads a source.
pub(super) fn read(
    written: &written::Source,
    (entities, defined): (&BTreeMap<EntityId, Entity>, &[Placed<written::Entity>]),
    project_zone: &str,
    context: &mut Context<'_>,
) -> Option<Source> {
    let into = written.into.get()?;
    if !is_defined(context, Symbol::Entity, into.as_str()) {
        return None;
    }
    let entity = entities.get(into)?;
    let findings = &mut *context.findings;
    if entity.rows.is_some() {
        findings
            .report(
                codes::MADE_NOT_LANDED,
                written.into.span,
                format!("the rows of {into} are made of others"),
            )
            .expected("an entity whose rows are landed");
        return None;
    }
    let zone = zone(&written.time_zone, project_zone);
    let time_zone = zone.as_ref().and_then(|z| tz::TimeZone::get(&z.name).ok()).unwrap_or(tz::TimeZone::UTC);
    let days = tz::TimeZone::get(project_zone).unwrap_or(tz::TimeZone::UTC);
    let scope = Scope {
        entities,
        base: entity,
        walk: false,
        zone: &time_zone,
        days: &days,
        units: None,
        fiscal: None,
    };

    let map = mappings(written, entity, &scope, findings);
    let mapped: BTreeSet<&str> = written.map.items().iter().map(|e| e.text.as_str()).collect();
    let key = key(written, entity, &mapped, findings);
    let version = version(written, entity, findings);
    let only = written.only.get().and_then(|node| {
        let typed = sql::expression(node, &scope, Want::Condition, findings)?;
        unmapped(&typed, node, &mapped, findings);
        if let Some(map) = &map {
            unknown::left_out(&typed, node, map, findings);
        }
        Some(typed)
    });
    let deleted = deleted(written, &scope, &mapped, findings);
    let unpivot = written.unpivot.get().and_then(|u| unpivot(u, findings));
    let of_entity = defined
        .iter()
        .map(|of| &of.value)
        .find(|of| of.entity.get().and_then(|name| name.id.as_ref()) == Some(&entity.id));
    let of_entity = of_entity.map_or(&[][..], |of| of.rules.items());
    let rules = rules(written, of_entity, entity, &scope, &mapped, findings);
    let from = written.from.get().and_then(|from| connector(from, findings));
    fetch::fits(written, from.as_ref(), findings);
    let (name, from) = (written.source.get()?, from?);
    let mut source = Source {
        id: name.id.clone()?,
        name: written.name.cloned().unwrap_or_else(|| shown(&name.text)),
        into: entity.id.clone(),
        from,
        mode: written.mode.cloned()?,
        key,
        version,
        identical: identical(written, findings)?,
        order: order(written, findings)?,
        deletes_at_most: deletes(written, findings)?,
        deleted: deleted?,
        merges: merges(written, entity, findings)?,
        keys_of: keys_of(written, findings),
        rejects_at_most: written.quarantine.get()?.at_most.get()?.0.to_f64(),
        dates: dates(written, findings)?,
        clean: written.clean.values().into_iter().collect(),
        zone: zone?,
        days: project_zone.to_owned(),
        missing: written.missing.values(),
        unpivot,
        only,
        map: map?,
        rules,
        complete_until: written.complete_until.cloned(),
        expect: expect::read(&written.expect, project_zone, findings),
        schedule: expect::schedule(&written.load, findings),
        purpose: written.purpose.cloned(),
        owner: written.owner.cloned(),
        unit: written.unit.cloned(),
        attest: attest(&written.attest),
        hash: crate::id::Hash([0; 32]),
        span: written.source.span,
    };
    source.hash = meaning::source(&source, entity.precedence.as_ref());
    Some(source)
}

fn attest(written: &Field<written::Attest>) -> Option<Attest> {
    let written = written.get()?;
    let stewards = written.stewards.items().iter();
    Some(Attest {
        every: written.every.cloned()?,
        within: written.within.get().and_then(|n| u16::try_from(n.0).ok())?,
        level: written.level.cloned(),
        stewards: stewards.filter_map(|entry| Some((entry.key.clone()?, entry.value.clone()?))).collect(),
        otherwise: written.else_.cloned()?,
    })
}

/// That somebody can say it of each, and that what can be left out can be told apart.
pub(super) fn attested(
    documents: &[Placed<written::Source>],
    sources: &BTreeMap<SourceId, Source>,
    units: &BTreeMap<UnitId, Unit>,
    findings: &mut Findings,
) {
    for written in documents.iter().map(|document| &document.value) {
        let own = written.source.get().and_then(|name| sources.get(name.id.as_ref()?));
        let Some((source, attest)) = own.and_then(|source| Some((source, source.attest.as_ref()?))) else {
            continue;
        };
        let at = written.attest.key;
        let all = source.attesting(units);
        if let Some(level) = attest.level.as_ref().filter(|_| all.is_empty()) {
            findings.report(codes::ATTEST, at, format!("there is no unit of the level `{level}`"));
        }
        for (unit, _) in all.iter().filter(|(_, steward)| steward.is_none()) {
            let what = unit.map_or_else(|| "all rows".to_owned(), |unit| format!("`{unit}`"));
            findings
                .report(
                    codes::ATTEST,
                    at,
                    format!("nobody can say of {what} that the rows of `{}` are right", source.id),
                )
                .fix("name `owner` of the source, `manager` of the unit, or somebody under `stewards`");
        }
        if attest.level.is_none() && matches!(attest.otherwise, WhenLate::Exclude | WhenLate::Carry) {
            findings
                .report(codes::ATTEST, at, "it is said of all rows at once, so no unit can be left out or carried over")
                .fix("name the `level` whose units say it each for itself, or let the close wait: `else: block`");
        }
    }
}

fn connector(written: &written::Connector, findings: &mut Findings) -> Option<Connector> {
    Some(match written {
        written::Connector::Csv(csv) => Connector::Csv {
            files: csv.files.get()?.0.clone(),
            delimiter: csv.delimiter.get()?.0.clone(),
            encoding: csv.encoding.get()?.0.clone(),
            header_row: u32::try_from(csv.header_row.get()?.0).ok()?,
            label_rows: u32::try_from(csv.label_rows.get()?.0).ok()?,
        },
        written::Connector::Excel(excel) => Connector::Excel {
            files: excel.files.get()?.0.clone(),
            sheet: excel.sheet.cloned(),
            header_row: u32::try_from(excel.header_row.get()?.0).ok()?,
            label_rows: u32::try_from(excel.label_rows.get()?.0).ok()?,
        },
        written::Connector::FixedWidth(fixed) => Connector::FixedWidth {
            files: fixed.files.get()?.0.clone(),
            columns: fixed
                .columns
                .items()
                .iter()
                .filter_map(|c| c.value.as_ref().map(|places| (c.text.clone(), places.0, places.1)))
                .collect(),
            encoding: fixed.encoding.get()?.0.clone(),
            skip_lines: u32::try_from(fixed.skip_lines.get()?.0).ok()?,
        },
        written::Connector::Ndjson(plain) => Connector::Ndjson { files: plain.files.get()?.0.clone() },
        written::Connector::Json(of) => {
            Connector::Json { files: of.files.get()?.0.clone(), rows: of.rows.cloned() }
        }
        written::Connector::Parquet(plain) => Connector::Parquet { files: plain.files.get()?.0.clone() },
        written::Connector::Database(database) => Connector::Fetch(fetch::database(database, findings)?),
        written::Connector::Singer(singer) => Connector::Fetch(fetch::singer(singer)?),
        written::Connector::Kepi(written::Own::Entries) => Connector::Entries,
        written::Connector::Kepi(written::Own::Items) => Connector::Items,
        written::Connector::Kepi(written::Own::Loads) => Connector::Loads,
        written::Connector::Http(http) => Connector::Fetch(fetch::http(http, findings)?),
        written::Connector::Webhook(of) => Connector::Webhook(hook::webhook(of, findings)?),
    })
}

fn unpivot(written: &written::Unpivot, findings: &mut Findings) -> Option<Unpivot> {
    let columns = written.columns.values();
    let (name, value) = (written.name.cloned().unwrap_or_else(|| "name".to_owned()), written.value.cloned()?);
    if written.columns.is_written() && columns.is_empty() {
        findings
            .report(codes::BAD_UNPIVOT, written.columns.span, "no column becomes rows")
            .expected("headers of columns, such as `[Q7_1, Q7_2]` or `[\"Q7_*\"]`");
        return None;
    }
    if name.trim() == value.trim() {
        findings
            .report(codes::BAD_UNPIVOT, written.value.span, format!("`name` and `value` are both `{name}`"))
            .expected("two names: `name: question, value: answer`");
        return None;
    }
    Some(Unpivot { columns, name, value })
}

/// A zone; where only its name is written, local times are dealt with as the fields of `source_zone` say by default.
fn zone(written: &Field<written::TimeZone>, project_zone: &str) -> Option<SourceZone> {
    fn default<T: Word>(field: &str) -> Option<T> {
        match written::SourceZone::TABLE.field(field)?.need {
            Need::Default(word) => T::from_word(word),
            _ => None,
        }
    }
    let (name, rules) = match written.get() {
        Some(Either::This(name)) => (name.0.clone(), None),
        Some(Either::That(zone)) => (zone.name.get()?.0.clone(), Some(zone)),
        None if written.is_written() => return None,
        None => (project_zone.to_owned(), None),
    };
    Some(SourceZone {
        name,
        column: rules.and_then(|zone| zone.column.cloned()),
        ambiguous: rules.map_or_else(|| default("ambiguous"), |zone| zone.ambiguous.cloned())?,
        missing: rules.map_or_else(|| default("missing"), |zone| zone.missing.cloned())?,
    })
}

fn identical(written: &written::Source, findings: &mut Findings) -> Option<Identical> {
    let identical = written.identical.cloned()?;
    if identical == Identical::Skip && written.mode.cloned().is_some_and(|mode| mode != Mode::Append) {
        let said =
            "`identical: skip` does nothing here: only in `append` may a file be left out for its bytes";
        findings
            .report(codes::MAPPING_OPTION, written.identical.span, said.to_owned())
            .fix("leave it out".to_owned());
    }
    Some(identical)
}

/// What says which file is newer. Where rows are final it would decide nothing.
fn order(written: &written::Source, findings: &mut Findings) -> Option<FileOrder> {
    if written.order.is_written() {
        nothing_in_mode(written, &[Mode::Append], "order", written.order.key, findings);
    }
    Some(match written.order.get()? {
        Either::This(written::FileOrder::Name) => FileOrder::Name,
        Either::This(written::FileOrder::Modified) => FileOrder::Modified,
        Either::That(column) => FileOrder::Column(column.column.cloned()?),
    })
}

/// The share of keys that may be absent; none: what holds by default.
#[expect(clippy::option_option, reason = "outside: unreadable; inside: the default")]
fn deletes(written: &written::Source, findings: &mut Findings) -> Option<Option<f64>> {
    if !written.deletes.is_written() {
        return Some(None);
    }
    let deletes = written.deletes.get()?;
    if deletes.at_most.is_absent() && deletes.filter.is_absent() {
        findings
            .report(codes::GONE, written.deletes.span, "it is not said which keys are gone")
            .fix("add `where`, which rows say so, or `at_most`, how many keys may be absent");
        return None;
    }
    if deletes.at_most.is_absent() {
        return Some(None);
    }
    let (modes, at) = ([Mode::Append, Mode::Upsert], deletes.at_most.key);
    nothing_in_mode(written, &modes, "at_most", at, findings);
    Some(Some(deletes.at_most.get()?.0.to_f64()))
}

/// Which rows say that their key is gone.
#[expect(clippy::option_option, reason = "outside: unreadable; inside: none do")]
fn deleted(
    written: &written::Source,
    scope: &Scope<'_>,
    mapped: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Option<Option<Expression>> {
    let Some(deletes) = written.deletes.get().filter(|deletes| !deletes.filter.is_absent()) else {
        return Some(None);
    };
    let node = deletes.filter.get()?;
    nothing_in_mode(written, &[Mode::Keys], "where", deletes.filter.key, findings);
    let typed = sql::expression(node, scope, Want::Condition, findings)?;
    unmapped(&typed, node, mapped, findings);
    Some(Some(typed))
}

/// The column that says that rows were merged.
#[expect(clippy::option_option, reason = "outside: unreadable; inside: none does")]
fn merges(written: &written::Source, entity: &Entity, findings: &mut Findings) -> Option<Option<Merges>> {
    if !written.merges.is_written() {
        return Some(None);
    }
    let at = written.merges.key;
    nothing_in_mode(written, &[Mode::Keys], "merges", at, findings);
    let merges = written.merges.get()?;
    let merged = match (merges.into.cloned(), merges.lists.cloned()) {
        (Some(column), None) => Merges::Into { column },
        (None, Some(column)) => Merges::Lists { column, separator: merges.separator.cloned()? },
        // What was written there and cannot be read has its finding.
        (None, None) if !(merges.into.is_absent() && merges.lists.is_absent()) => return None,
        _ => {
            findings
                .report(codes::MERGES, written.merges.span, "one column says which rows were merged")
                .fix("name under `into` the column of a row that was merged, or under `lists` the one of the row that others were merged into");
            return None;
        }
    };
    if merges.into.is_written() && merges.separator.is_written() {
        let said = "`separator` does nothing beside `into`, which names one key";
        findings.report(codes::MERGES, merges.separator.span, said).fix("leave it out");
    } else if merges.separator.get().is_some_and(|text| text.trim().is_empty()) {
        findings.report(codes::MERGES, merges.separator.span, "keys that nothing separates are one key");
        return None;
    }
    let [key] = entity.key.as_slice() else {
        findings
            .report(
                codes::MERGES,
                at,
                format!("rows of {} have a key of several parts, and a merge names one", entity.id),
            )
            .fix("leave `merges` out: nothing refers to such rows by their key");
        return None;
    };
    if entity.precedence.is_some() {
        findings
            .report(
                codes::MERGES,
                at,
                format!(
                    "rows of {} are kept apart by source, and a merge in one is none in the others",
                    entity.id
                ),
            )
            .fix("leave out `precedence` of the entity, or `merges`");
        return None;
    }
    let is_text =
        entity.attribute(key).is_some_and(|of| matches!(of.type_, Type::Text | Type::Reference { .. }));
    let entry = written.map.items().iter().find(|entry| entry.text == key.as_str());
    let of_column = entry.is_none_or(|entry| entry.value.as_ref().is_none_or(|of| of.column.is_written()));
    let own = written.key_.is_written() && written.key_.values() != entity.key;
    if !is_text || !of_column || own {
        findings
            .report(codes::MERGES, at, format!("`{key}`, the key of {}, is no text of a column", entity.id))
            .expected("a key that is a text of one column: the column of `merges` is read as that is");
        return None;
    }
    Some(Some(merged))
}

/// The source whose keys are listed.
fn keys_of(written: &written::Source, findings: &mut Findings) -> Option<SourceId> {
    match written.mode.get() {
        Some(Mode::Keys) if written.keys_of.is_absent() => {
            findings.report(codes::GONE, written.mode.span, "it is not said whose keys these are");
        }
        Some(mode) if *mode != Mode::Keys && written.keys_of.is_written() => {
            let key = written.keys_of.key;
            nothing_in_mode(written, &[Mode::Append, Mode::Upsert, Mode::Snapshot], "keys_of", key, findings);
        }
        _ => {}
    }
    written.keys_of.cloned()
}

fn nothing_in_mode(
    written: &written::Source,
    modes: &[Mode],
    field: &str,
    key: Span,
    findings: &mut Findings,
) {
    if let Some(mode) = written.mode.get().filter(|mode| modes.contains(mode)) {
        findings
            .report(codes::NOTHING_IN_MODE, key, format!("`{field}` does nothing in mode `{}`", mode.word()))
            .fix(format!("remove `{field}`, or correct `mode`"));
    }
}

/// Days that can be meant at most: a scan forms no more of them into periods, so that a wider range would let one row
/// stop the KPIs that are dated by it.
const MOST_DAYS: i32 = 98_615;

fn dates(written: &written::Source, findings: &mut Findings) -> Option<Dates> {
    let dates = written.dates.get()?;
    let (from, until) = (dates.from.cloned()?, dates.until.cloned()?);
    if from >= until {
        findings
            .report(codes::DATES, dates.until.span, format!("no date lies from {from} until before {until}"))
            .expected("`until` after `from`");
    } else if from.until(until).is_ok_and(|span| span.get_days() > MOST_DAYS) {
        findings
            .report(codes::DATES, dates.until.span, format!("{from} until {until} is longer than 270 years"))
            .expected("a range of which every day could be a period of a KPI")
            .fix("list days that stand for \"no end yet\" under `open`, and let the others be rejected");
    }
    Some(Dates { from, until, open: dates.open.values() })
}

fn key(
    written: &written::Source,
    entity: &Entity,
    mapped: &BTreeSet<&str>,
    findings: &mut Findings,
) -> Vec<AttributeId> {
    let field = &written.key_;
    for item in field.items() {
        has_attribute(&item.value, item.span, entity, findings);
    }
    let key = if field.is_written() { field.values() } else { entity.key.clone() };
    for part in &key {
        if entity.attribute(part).is_some() && written.map.is_written() && !mapped.contains(part.as_str()) {
            let at = if field.is_written() { field.span } else { written.into.span };
            findings
                .report(codes::KEY_NOT_MAPPED, at, format!("the key attribute `{part}` is not mapped"))
                .fix(format!("add `{part}: {{column: …, as: …}}` under `map`"));
        }
    }
    key
}

/// Whether the entity has an attribute; if not, that is a finding.
fn has_attribute(name: &AttributeId, at: Span, entity: &Entity, findings: &mut Findings) -> bool {
    let found = entity.attributes.iter().any(|a| &a.id == name);
    if !found && !findings.is_broken(entity.id.as_str(), name.as_str()) {
        let message = format!("{} has no attribute `{name}`", entity.id);
        let known = entity.attributes.iter().map(|a| a.id.as_str());
        findings.unknown(codes::SOURCE_KEY, at, message, name.as_str(), known);
    }
    found
}

fn version(written: &written::Source, entity: &Entity, findings: &mut Findings) -> Option<AttributeId> {
    let version = &written.version;
    match written.mode.get() {
        // What Kepi hands over itself comes in the order in which it was said.
        Some(Mode::Upsert) if matches!(written.from.get(), Some(written::Connector::Kepi(_))) => {
            version.cloned().filter(|name| has_attribute(name, version.span, entity, findings))
        }
        Some(Mode::Upsert) if !version.is_written() => {
            findings
                .report(
                    codes::UPSERT_WITHOUT_VERSION,
                    written.mode.span,
                    "which of two rows is newer is not said",
                )
                .fix("add `version: updated_at`, or whatever attribute grows with each change");
            None
        }
        Some(Mode::Append | Mode::Snapshot | Mode::Keys) if version.is_written() => {
            findings
                .report(codes::VERSION_WITHOUT_UPSERT, version.span, "`version` does nothing in this mode")
                .fix("write `mode: upsert`, or remove `version`");
            None
        }
        _ => version.cloned().filter(|name| has_attribute(name, version.span, entity, findings)),
    }
}

/// The attributes of the row that an expression uses.
fn used(expression: &Expression) -> BTreeSet<AttributeId> {
    let mut names = BTreeSet::new();
    expression.visit(&mut |e| match &e.node {
        Part::Path(path) => {
            names.insert(path.references.first().map_or_else(|| path.attribute.clone(), |(a, _)| a.clone()));
        }
        Part::Exists(attribute, _) => {
            names.insert(attribute.clone());
        }
        _ => {}
    });
    names
}

/// An attribute that the source does not map is always missing in its rows.
fn unmapped(expression: &Expression, at: &Yaml, mapped: &BTreeSet<&str>, findings: &mut Findings) {
    for name in used(expression).iter().filter(|n| !mapped.contains(n.as_str())) {
        let start = at.text().and_then(|t| t.find(name.as_str())).unwrap_or(0);
        findings
            .report(
                codes::NOT_MAPPED,
                at.place_within(start, start + name.as_str().len()),
                format!("`{name}` is not mapped by this source, so it is always missing"),
            )
            .fix(format!("map `{name}`, or leave it out"));
    }
}
