//! What was traced, as people and programs are told it.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use kepi_insight::influence::{self, Bulk};
use kepi_model::{
    calendar::{Calendar, Grain, Period},
    derived::{Rows, panel},
    expression::Type,
    id::EntityId,
    project::{Entity, Kpi, Measure, Project, ValueUnit},
    screening::found,
};
use kepi_query::{
    derive::{
        influence::Influence,
        trace::{self, Entered, Place, Reading, RowTrace, TracedRow, TracedTerm, ValueTrace},
    },
    row::Cell,
    side::{Role, Term},
    state::wire::StateValue,
    value::Exact,
};
use kepi_report::{
    format,
    trace::{FoundRow, Gathered, MadeOf, Moving, Row, TermRows, TracedEntityRow, plain},
};
use serde_json::{Value, json};

use crate::error::AppError;

pub(super) fn term_word(kpi: &Kpi, term: Term) -> &'static str {
    match (&kpi.measure, term) {
        (Measure::Ratio(_), Term::First) => "numerator",
        (Measure::Ratio(_), Term::Second) => "denominator",
        (Measure::Stock(_), Term::First) => "came",
        (Measure::Stock(_), Term::Second) => "went",
        _ => "value",
    }
}

pub(super) fn role_word(role: Role) -> String {
    match role {
        Role::Eligible => "eligible".to_owned(),
        Role::Counted => "counted".to_owned(),
        Role::Total => "total".to_owned(),
        Role::Hits => "hits".to_owned(),
        Role::Histogram => "histogram".to_owned(),
        Role::Group(0) => "promoters".to_owned(),
        Role::Group(1) => "passives".to_owned(),
        Role::Group(_) => "detractors".to_owned(),
        Role::Disposition(of) => format!("{of:?}").to_lowercase(),
        Role::Weight => "weight".to_owned(),
        Role::Weighted => "weighted".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Rows that are named as those that move a value most.
const MOST: usize = 10;

/// What a reading says of the ledger of screening.
fn is_screening(reading: &Reading) -> bool {
    reading.name.ends_with(&format!(".{}", found::EXCLUDED))
}

fn left_out_word(row: &TracedRow) -> Option<&'static str> {
    let screened_out = |of: &Reading| is_screening(of) && of.value == Some(Cell::Boolean(true));
    match row.entered {
        Entered::Outside if row.read.iter().any(screened_out) => Some("screened out"),
        Entered::Counted => None,
        Entered::WithoutValue => Some("no value"),
        Entered::NotCounted => Some("off its scale, without weight or without a value that can be used"),
        Entered::NotAsked => Some("not asked: it did not arrive, or was not meant"),
        Entered::Outside => Some("`where` does not hold"),
    }
}

/// How cells are shown.
pub(crate) struct Shown<'a> {
    calendar: &'a Calendar,
    zone: TimeZone,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(calendar: &'a Calendar) -> Result<Self, AppError> {
        let zone = TimeZone::get(&calendar.zone).map_err(|_| AppError::Corrupt {
            what: "a calendar",
            reason: format!("there is no zone `{}`", calendar.zone),
        })?;
        Ok(Self { calendar, zone })
    }

    pub(super) fn term(
        &self,
        project: &Project,
        kpi: &Kpi,
        period: Period,
        (term, moves): (TracedTerm, &[Option<f64>]),
        most: usize,
    ) -> TermRows {
        let made = project.entities.get(&term.entity).and_then(|entity| entity.rows.as_ref());
        let scale = kpi.measure.kind().readings().into_iter().nth(usize::from(term.term == Term::Second));
        let scale = scale.and_then(|of| of.values.first().map(|of| of.type_.scale())).unwrap_or(0);
        let total = |(role, value): &(Role, StateValue)| {
            let said = match (role, value) {
                // Sums of squares and the like say nothing to people.
                (Role::Total, StateValue::Sum(sum)) if kpi.weight.is_none() => {
                    Exact { units: *sum, scale }.to_string()
                }
                (
                    Role::Eligible | Role::Counted | Role::Hits | Role::Group(_) | Role::Disposition(_),
                    StateValue::Count(rows),
                ) => rows.to_string(),
                (Role::Total, StateValue::Distinct { count, .. }) => count.to_string(),
                _ => return None,
            };
            Some((role_word(*role), said))
        };
        let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
        for why in term.rows.iter().filter_map(left_out_word) {
            *left_out.entry(why.to_owned()).or_default() += 1;
        }
        TermRows {
            term: term_word(kpi, term.term).to_owned(),
            entity: term.entity.to_string(),
            made: made.is_some(),
            totals: term.states.iter().filter_map(total).collect(),
            left_out,
            undated: term.undated,
            of: term.rows.len() as u64,
            rows: term
                .rows
                .into_iter()
                .zip(moves.iter().copied().chain(std::iter::repeat(None)))
                .take(most)
                .map(|(row, moves)| self.traced((project, kpi), &term.entity, period.grain, (row, moves)))
                .collect(),
        }
    }

    /// The rows and the files that move a value most.
    pub(super) fn moving(
        &self,
        project: &Project,
        kpi: &Kpi,
        period: Period,
        of: &ValueTrace,
        influence: &Influence,
    ) -> (Vec<Moving>, Vec<Moving>) {
        let size = |moves: Option<f64>| moves.map_or(f64::INFINITY, f64::abs);
        let terms = of.terms.iter().zip(&influence.rows).zip(&influence.again);
        // A row above and below the line is one row.
        let rows = terms.flat_map(|((term, moves), again)| {
            let once = term.rows.iter().zip(moves).zip(again).filter(|(_, again)| !**again);
            once.map(move |((row, moves), _)| (term, row, *moves))
        });
        // Those that did not enter move nothing.
        let mut rows: Vec<(&TracedTerm, &TracedRow, Option<f64>)> =
            rows.filter(|(_, row, _)| row.entered == Entered::Counted).collect();
        let all = rows.len() as u64;
        // Where no row has such a difference, none is to be told.
        if rows.iter().all(|(.., moves)| moves.is_none()) {
            return (Vec::new(), Vec::new());
        }
        rows.sort_by(|a, b| size(b.2).total_cmp(&size(a.2)));
        let of_durations = matches!(kpi.unit, ValueUnit::Duration);
        let bulk = Bulk::new(&rows.iter().map(|(_, row, _)| seen_of(row)).collect::<Vec<_>>(), of_durations);
        let row = |(term, row, moves): &(&TracedTerm, &TracedRow, Option<f64>)| {
            let (_, file, number) = placed(row.place.clone());
            let key = self.key(project, &term.entity, period.grain, &row.key).join(" ");
            let term = Some(term_word(kpi, term.term).to_owned());
            let seen = Some(bulk.seen(seen_of(row)));
            Moving { key, term, file, row: number, rows: all, moves: *moves, seen }
        };
        let mut files: Vec<Moving> = influence
            .files
            .iter()
            .map(|of| Moving {
                key: of.file.clone(),
                term: None,
                file: None,
                row: None,
                rows: of.rows,
                moves: of.moves,
                seen: None,
            })
            .collect();
        files.sort_by(|a, b| size(b.moves).total_cmp(&size(a.moves)));
        (rows.iter().take(MOST).map(row).collect(), files)
    }

    fn traced(
        &self,
        (project, kpi): (&Project, &Kpi),
        entity: &EntityId,
        grain: Grain,
        (row, moves): (TracedRow, Option<f64>),
    ) -> Row {
        let left_out = left_out_word(&row).map(str::to_owned);
        let (source, file, number) = placed(row.place);
        let key = self.key(project, entity, grain, &row.key);
        Row {
            key: key.join(" "),
            parts: told(key, &row.key),
            date: self.instant(row.at),
            left_out,
            hit: row.hit,
            moves,
            moves_shown: moves.map(|moves| format::moved(moves, &kpi.unit)),
            read: row
                .read
                .iter()
                .filter(|of| !is_screening(of))
                .map(|reading| (reading.name.clone(), self.reading(reading)))
                .collect(),
            source,
            file,
            row: number,
            corrected: None,
        }
    }

    pub(super) fn row(
        &self,
        row: RowTrace,
        project: &Project,
        entity: &Entity,
        grain: Grain,
        most: usize,
    ) -> TracedEntityRow {
        let mut attributes: BTreeMap<String, Value> =
            row.attributes.iter().map(|reading| (reading.name.clone(), self.reading(reading))).collect();
        if entity.rows.as_ref().is_some_and(|rows| rows.panel().is_some())
            && let Some(Reading { value: Some(Cell::Instant(at)), .. }) =
                row.attributes.iter().find(|reading| reading.name == panel::PERIOD)
        {
            attributes.insert(panel::PERIOD.to_owned(), json!(self.period(project, &entity.id, grain, *at)));
        }
        let gathered = row.gathered.into_iter().map(|of| {
            let found = of.found.as_deref().unwrap_or_default();
            let list = |found| self.found(project, &of.of, grain, found, of.type_.as_ref());
            Gathered {
                attribute: of.attribute.to_string(),
                value: attributes.get(of.attribute.as_str()).cloned().unwrap_or(Value::Null),
                how: plain(&json!(of.how)),
                of: of.of.to_string(),
                asks_nothing: of.found.is_none(),
                found: found.len() as u64,
                rows: found.iter().take(most).map(list).collect(),
            }
        });
        let gathered = gathered.collect();
        let made_of = row.made_of.iter().map(|made| MadeOf {
            what: made.what.clone(),
            of: made.of.to_string(),
            row: self.found(project, &made.of, grain, &made.row, None),
        });
        let made_of = made_of.collect();
        let (source, file, number) = placed(row.place);
        TracedEntityRow {
            source,
            file,
            row: number,
            valid_from: row.holds.0.map(|at| self.instant(at)),
            valid_to: row.holds.1.map(|at| self.instant(at)),
            made_of,
            merged_into: row.merged_into.as_ref().map(|of| self.reading(of)),
            merged: row.merged.iter().map(|of| (of.name.clone(), self.reading(of))).collect(),
            attributes,
            gathered,
            said: Vec::new(),
            corrected: None,
        }
    }

    fn found(
        &self,
        project: &Project,
        of: &EntityId,
        grain: Grain,
        found: &trace::FoundRow,
        type_: Option<&Type>,
    ) -> FoundRow {
        let (source, file, row) = placed(found.place.clone());
        let value = match (&found.value, type_) {
            (Some(value), Some(type_)) => self.cell(value, type_),
            (None, Some(_)) => json!("(personal)"),
            (_, None) => Value::Null,
        };
        let date = found.at.map(|at| self.instant(at));
        let key = self.key(project, of, grain, &found.key);
        FoundRow { key: key.join(" "), parts: told(key, &found.key), date, value, source, file, row }
    }

    /// What identifies a row, as it is asked for on the command line: of a panel its period by its label.
    fn key(&self, project: &Project, entity: &EntityId, grain: Grain, key: &[Reading]) -> Vec<String> {
        let of = project.entities.get(entity);
        let is_panel = of.and_then(|of| of.rows.as_ref()).is_some_and(|rows| rows.panel().is_some());
        let part = |reading: &Reading| match &reading.value {
            Some(Cell::Instant(at)) if is_panel => self.period(project, entity, grain, *at),
            Some(Cell::Instant(at)) => {
                Timestamp::from_microsecond(*at).map_or_else(|_| at.to_string(), |at| at.to_string())
            }
            _ => plain(&self.reading(reading)),
        };
        key.iter().map(part).collect()
    }

    fn period(&self, project: &Project, panel: &EntityId, grain: Grain, at: i64) -> String {
        let of = project.entities.get(panel).and_then(|of| of.rows.as_ref()).and_then(Rows::panel);
        let grain = match of.map(|of| of.every) {
            Some(kepi_model::derived::Every::Grain(grain)) => grain,
            Some(kepi_model::derived::Every::Period) | None => grain,
        };
        let period = self.calendar.period_at(grain, at);
        period.map_or_else(|_| self.instant(at), |of| project.name_in(of, self.calendar))
    }

    fn reading(&self, of: &Reading) -> Value {
        of.value.as_ref().map_or_else(|| json!("(personal)"), |value| self.cell(value, &of.type_))
    }

    /// A value for programs and people: decimals exactly, as text.
    pub(crate) fn cell(&self, cell: &Cell, type_: &Type) -> Value {
        match (cell, type_) {
            (Cell::Missing, _) => Value::Null,
            (Cell::Text(text), _) => json!(text),
            (Cell::Boolean(truth), _) => json!(truth),
            (Cell::Integer(micros), Type::Duration) => {
                json!(SignedDuration::from_micros(*micros).to_string())
            }
            (Cell::Integer(value), _) if type_.scale() > 0 => {
                json!(Exact { units: i128::from(*value), scale: type_.scale() }.to_string())
            }
            (Cell::Integer(value), _) => json!(value),
            (Cell::Instant(at), _) => json!(self.instant(*at)),
        }
    }

    /// A day if it is the beginning of one, else day and time, in the reporting zone.
    pub(crate) fn instant(&self, at: i64) -> String {
        let Ok(instant) = Timestamp::from_microsecond(at) else { return at.to_string() };
        let local = instant.to_zoned(self.zone.clone()).datetime();
        if local.time() == jiff::civil::Time::midnight() {
            local.date().to_string()
        } else {
            local.to_string().replace('T', " ")
        }
    }
}

/// What is measured of a row, and a sign of all that was read of it and of its date; none: some of it is personal.
fn seen_of(row: &TracedRow) -> influence::Row {
    let value = row.adds.iter().find_map(|(role, value)| match (role, value) {
        (Role::Total, StateValue::Sum(sum)) => Some(*sum as f64),
        _ => None,
    });
    let read: Option<Vec<&Cell>> = row.read.iter().map(|of| of.value.as_ref()).collect();
    let same = read.filter(|of| !of.is_empty()).map(|read| {
        let mut hasher = DefaultHasher::new();
        (row.at, format!("{read:?}")).hash(&mut hasher);
        hasher.finish()
    });
    (value, same)
}

/// The parts of a key by which its row can be asked for: none if one of them is personal.
fn told(key: Vec<String>, of: &[Reading]) -> Vec<String> {
    if of.iter().any(|reading| reading.value.is_none()) { Vec::new() } else { key }
}

fn placed(place: Option<Place>) -> (Option<String>, Option<String>, Option<i64>) {
    place.map_or((None, None, None), |Place { source, file, row }| (Some(source), Some(file), Some(row)))
}
