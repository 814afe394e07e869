//! From a published value to the rows behind it, and from a row to how it came about: both as they were for the run that
//! vouches for it. Personal values are never told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use kepi_model::{
    calendar::{Calendar, Grain, Period},
    derived::{Rows, panel},
    expression::Type,
    id::EntityId,
    project::{Entity, Kpi, Measure, Project},
};
use kepi_query::{
    derive::trace::{self, Entered, Place, Reading, RowTrace, Traceable, TracedRow, TracedTerm},
    port::PinnedInputs,
    published::{Run, Subject, VALUE, Vouched, figure, states_of},
    row::Cell,
    side::{Role, Term},
    state::wire::{CellStates, StateValue},
    value::{Exact, Segment},
};
use kepi_report::format;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    archive,
    error::AppError,
    open::App,
    picture::{period_of, project_of},
    publishing::day_of_label,
};

/// Which value.
#[derive(Debug, Clone, Default)]
pub struct OfValue {
    /// KPI.
    pub kpi: String,
    /// Period; none: the newest that has a value.
    pub period: Option<String>,
    /// Segment as `dimension=member;…`; empty: the total.
    pub segment: String,
    /// Most rows of each term that are listed.
    pub most: usize,
}

/// A published value and the rows behind it.
#[derive(Debug, Clone, Serialize)]
pub struct TracedValue {
    /// KPI.
    pub kpi: String,
    /// Period.
    pub period: String,
    /// Segment; empty for the total.
    pub segment: String,
    /// The run that vouches for it.
    pub run: i64,
    /// As published, in the KPI's unit; none: it is a reason.
    pub value: Option<f64>,
    /// The same as people read it.
    pub shown: Option<String>,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Rows that entered it, as published.
    pub counted: u64,
    /// Rows that could have, as published.
    pub eligible: u64,
    /// Whether the rows add up to the states that were published, to the bit.
    pub agrees: bool,
    /// What does not: term and state.
    pub disagreements: Vec<String>,
    /// Its terms: one, or two of a ratio or stock.
    pub terms: Vec<TermRows>,
}

/// The rows of one term.
#[derive(Debug, Clone, Serialize)]
pub struct TermRows {
    /// `value`, or which part it is.
    pub term: &'static str,
    /// Whose rows.
    pub entity: String,
    /// Whether its rows are made, so that they stand in no file.
    pub made: bool,
    /// What they come to: rows that entered, of the population, hits, sums and so on, exactly.
    pub totals: BTreeMap<String, String>,
    /// Rows of the period and segment that did not enter, by why.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Rows without a date, of all periods.
    pub undated: u64,
    /// How many rows there are to list.
    pub of: u64,
    /// The rows: those that entered first.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What identifies it.
    pub key: String,
    /// What dates it, in the reporting zone.
    pub date: String,
    /// Why it did not enter; none: it did.
    pub left_out: Option<&'static str>,
    /// What was read of it, by name; a personal value is not told.
    pub read: BTreeMap<String, Value>,
    /// Its source.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file, from 1, header not counted.
    pub row: Option<i64>,
}

/// A row of an entity and how it came about.
#[derive(Debug, Clone, Serialize)]
pub struct TracedEntityRow {
    /// Where it stood.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file.
    pub row: Option<i64>,
    /// From when this version holds; none: from ever.
    pub valid_from: Option<String>,
    /// Until when it held; none: it holds now.
    pub valid_to: Option<String>,
    /// The rows that it was made of, if it was.
    pub made_of: Vec<MadeOf>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Those that were gathered, and from what.
    pub gathered: Vec<Gathered>,
}

/// A row that another was made of.
#[derive(Debug, Clone, Serialize)]
pub struct MadeOf {
    /// What it is to it: `subject`, `row`, `version`, `enters NAME`, `leaves NAME`.
    pub what: String,
    /// Whose row.
    pub of: String,
    /// The row.
    #[serde(flatten)]
    pub row: FoundRow,
}

/// A gathered attribute of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Gathered {
    /// The attribute.
    pub attribute: String,
    /// Its value.
    pub value: Value,
    /// `count`, `sum` and so on.
    pub how: String,
    /// Whose rows.
    pub of: String,
    /// Whether what it asks with is missing, so that nothing was looked for.
    pub asks_nothing: bool,
    /// How many rows were found.
    pub found: u64,
    /// The rows, in order.
    pub rows: Vec<FoundRow>,
}

/// A row that was found.
#[derive(Debug, Clone, Serialize)]
pub struct FoundRow {
    /// What identifies it.
    pub key: String,
    /// What dates it, or when it begins to be in force, where that matters.
    pub date: Option<String>,
    /// What is made of it.
    pub value: Value,
    /// Its source.
    pub source: Option<String>,
    /// The file it stood in; none: it was made.
    pub file: Option<String>,
    /// Number of the row in the file.
    pub row: Option<i64>,
}

impl App {
    /// Lists the rows behind a published value.
    ///
    /// # Errors
    /// There is no such value, it is not measured of rows, or its tables cannot be read.
    pub async fn trace_value(&self, asked: &OfValue) -> Result<TracedValue, AppError> {
        let subject: Subject = format!("kpi/{}", asked.kpi)
            .parse()
            .map_err(|_| AppError::NotFound(format!("`{}` is no KPI", asked.kpi)))?;
        let segment: Segment = asked
            .segment
            .parse()
            .map_err(|why: kepi_query::value::NotASegment| AppError::NotFound(why.to_string()))?;
        let standing = self.values.vouched(None).await.map_err(AppError::Lake)?;
        let standing: Vec<(i64, Vouched)> =
            standing.into_iter().filter(|(_, of)| of.subject == subject).collect();
        let nothing = || AppError::NotFound(format!("nothing is published of `{}`", asked.kpi));
        let (newest_run, _) = standing.iter().max_by_key(|(run, _)| *run).ok_or_else(nothing)?;
        let (_, project) = self.as_for(*newest_run).await?;
        let published = self
            .values
            .newest(&VALUE, Some(std::slice::from_ref(&asked.kpi)))
            .await
            .map_err(AppError::Lake)?;
        let wanted = asked.period.as_deref().map(|label| {
            day_of_label(&project, label).ok_or_else(|| AppError::NotFound(format!("`{label}` is no period")))
        });
        let wanted = wanted.transpose()?;
        let own = project.kpis.values().find(|kpi| kpi.id.as_str() == asked.kpi).map(|kpi| kpi.period);
        let text = segment.to_string();
        let is_asked = |row: usize| {
            let grain = Vouched::read_grain(published.grain(row));
            let at = match wanted {
                Some((wanted, day)) => grain == Some(wanted) && published.period(row) == day,
                None => grain == own,
            };
            at && published.segment(row) == text && published.withdrawn(row).is_empty()
        };
        let row = (0..published.rows()).filter(|row| is_asked(*row)).max_by_key(|row| published.period(*row));
        let (Some(row), true) = (row, own.is_some()) else {
            let what =
                if text.is_empty() { "that period".to_owned() } else { format!("`{text}` in that period") };
            return Err(AppError::NotFound(format!(
                "nothing is published of `{}` for {what}; `kepi show kpi {} --format csv` lists what is",
                asked.kpi, asked.kpi
            )));
        };
        let grain = Vouched::read_grain(published.grain(row)).ok_or_else(nothing)?;
        let (number, _) = standing.iter().find(|(_, of)| of.grain == grain).ok_or_else(nothing)?;
        // The definitions in force for the run that vouches for this grain.
        let (run, project) = self.as_for(*number).await?;
        let kpi = project.kpis.values().find(|kpi| kpi.id.as_str() == asked.kpi).ok_or_else(nothing)?;
        let period = period_of(&published, row, grain, &project.calendar);
        // What was in force in the period, of a KPI that changed with time.
        let kpi = kpi.in_period(period, &project.calendar).ok_or_else(nothing)?;
        let inputs = kpi.measure.kind().inputs();
        if !inputs.is_empty() {
            let names: Vec<String> =
                inputs.iter().map(|input| format!("`kepi trace {}`", input.kpi.id)).collect();
            return Err(AppError::NotFound(format!(
                "`{}` is computed of other KPIs, which have the rows: {}",
                kpi.id,
                names.join(", ")
            )));
        }
        let figure = figure(&published, row)
            .map_err(|why| AppError::Corrupt { what: "a published value", reason: why.to_string() })?;
        let states = CellStates::decode(states_of(&published, row)).ok();
        let pinned = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let found =
            trace::value(self.traceable(&project, &pinned, &run), kpi, period, &segment, &self.lake.secret())
                .await?;
        let disagreements: Vec<String> = match &states {
            // Of figures that earlier versions left only a hash is known, and nothing can be held against it.
            None => Vec::new(),
            Some(states) => found
                .disagreements(states)
                .into_iter()
                .map(|(term, role)| format!("{} of {}", role_word(role), term_word(kpi, term)))
                .collect(),
        };
        let shown = Shown::new(&project.calendar)?;
        Ok(TracedValue {
            kpi: kpi.id.to_string(),
            period: project.calendar.label(period),
            segment: text,
            run: run.number,
            value: figure.estimate.as_ref().ok().map(|estimate| estimate.point),
            shown: figure.estimate.as_ref().ok().map(|estimate| {
                let unit = kpi.measure.kind().unit(&project.entities);
                let point = estimate.point;
                format::value(point, &unit, format::decimals(point, None, &unit)).replace(format::THIN, " ")
            }),
            reason: figure.estimate.as_ref().err().map(ToString::to_string),
            counted: figure.coverage.counted,
            eligible: figure.coverage.eligible,
            agrees: disagreements.is_empty() && states.is_some(),
            disagreements,
            terms: found
                .terms
                .into_iter()
                .map(|term| shown.term(&project, kpi, period, term, asked.most))
                .collect(),
        })
    }

    /// Tells how the rows of an entity came about whose key begins with these parts, as of the newest run; at most so many.
    ///
    /// # Errors
    /// There is no such entity or row, or its tables cannot be read.
    pub async fn trace_rows(
        &self,
        entity: &str,
        key: &[String],
        most: usize,
    ) -> Result<Vec<TracedEntityRow>, AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let newest = runs.iter().max_by_key(|run| run.seq);
        let newest = newest.ok_or_else(|| AppError::NotFound("nothing is published yet".to_owned()))?;
        let (run, project) = self.as_for(newest.number).await?;
        let of = project.entities.values().find(|of| of.id.as_str() == entity);
        let of = of.ok_or_else(|| AppError::NotFound(format!("there is no entity `{entity}`")))?;
        let (grain, cells) = key_of(of, key, &project)?;
        let pinned = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let found = trace::rows(self.traceable(&project, &pinned, &run), of, grain, &cells, most).await?;
        if found.is_empty() {
            return Err(AppError::NotFound(format!(
                "there is no row of `{entity}` with key {}",
                key.join(" ")
            )));
        }
        let shown = Shown::new(&project.calendar)?;
        Ok(found.into_iter().map(|row| shown.row(row, &project, of, grain, most)).collect())
    }

    fn traceable<'a>(
        &'a self,
        project: &'a Project,
        inputs: &'a PinnedInputs,
        run: &'a Run,
    ) -> Traceable<'a> {
        Traceable {
            project,
            inputs,
            at: run.at,
            watermarks: &run.pins.watermarks,
            reader: self.evaluator.as_ref(),
            limits: &self.limits,
        }
    }

    /// A run and the definitions that were in force for it.
    async fn as_for(&self, number: i64) -> Result<(Run, Project), AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let run = runs.into_iter().find(|run| run.number == number);
        let run = run.ok_or_else(|| AppError::Corrupt {
            what: "a run",
            reason: format!("run {number} is not there"),
        })?;
        let files = archive::find(&self.store, run.pins.register, &run.pins.definition).await?;
        let project = project_of(&files)?;
        Ok((run, project))
    }
}

/// The parts of a key as it is asked for, and the length of periods that it names.
fn key_of(entity: &Entity, key: &[String], project: &Project) -> Result<(Grain, Vec<Cell>), AppError> {
    let calendar = &project.calendar;
    if key.len() > entity.key.len() {
        let names: Vec<&str> = entity.key.iter().map(|name| name.as_str()).collect();
        return Err(AppError::NotFound(format!("the key of `{}` is {}", entity.id, names.join(", "))));
    }
    let by_period = entity.rows.as_ref().is_some_and(Rows::by_period);
    let (mut grain, mut cells) = (None, Vec::new());
    for (name, text) in entity.key.iter().zip(key) {
        let type_ = entity.attribute(name).map(|attribute| &attribute.type_);
        let wrong = || AppError::NotFound(format!("`{text}` is no {name} of `{}`", entity.id));
        let cell = match type_ {
            Some(Type::Date | Type::Timestamp) => match text.parse::<Timestamp>() {
                Ok(at) => Cell::Instant(at.as_microsecond()),
                Err(_) => {
                    let period = calendar.parse(text).map_err(|_| wrong())?;
                    grain = Some(period.grain);
                    Cell::Instant(calendar.bounds(period).map_err(|_| wrong())?.start)
                }
            },
            Some(Type::Integer) => Cell::Integer(text.parse().map_err(|_| wrong())?),
            _ => Cell::Text(text.as_str().into()),
        };
        cells.push(cell);
    }
    if by_period && grain.is_none() {
        return Err(AppError::NotFound(format!(
            "`{}` has rows for every length of period: name one, such as `kepi trace {} {} 2026-03`",
            entity.id,
            entity.id,
            key.first().map_or("KEY", String::as_str)
        )));
    }
    Ok((grain.unwrap_or(Grain::Day), cells))
}

fn term_word(kpi: &Kpi, term: Term) -> &'static str {
    match (&kpi.measure, term) {
        (Measure::Ratio(_), Term::First) => "numerator",
        (Measure::Ratio(_), Term::Second) => "denominator",
        (Measure::Stock(_), Term::First) => "came",
        (Measure::Stock(_), Term::Second) => "went",
        _ => "value",
    }
}

fn role_word(role: Role) -> String {
    match role {
        Role::Eligible => "eligible".to_owned(),
        Role::Counted => "counted".to_owned(),
        Role::Total => "total".to_owned(),
        Role::Hits => "hits".to_owned(),
        Role::Histogram => "histogram".to_owned(),
        Role::Group(0) => "promoters".to_owned(),
        Role::Group(1) => "passives".to_owned(),
        Role::Group(_) => "detractors".to_owned(),
        Role::Weight => "weight".to_owned(),
        Role::Weighted => "weighted".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn left_out_word(entered: Entered) -> Option<&'static str> {
    match entered {
        Entered::Counted => None,
        Entered::WithoutValue => Some("no value"),
        Entered::NotCounted => Some("off its scale or without weight"),
        Entered::Outside => Some("`where` does not hold"),
    }
}

/// How cells are shown.
struct Shown<'a> {
    calendar: &'a Calendar,
    zone: TimeZone,
}

impl<'a> Shown<'a> {
    fn new(calendar: &'a Calendar) -> Result<Self, AppError> {
        let zone = TimeZone::get(&calendar.zone).map_err(|_| AppError::Corrupt {
            what: "a calendar",
            reason: format!("there is no zone `{}`", calendar.zone),
        })?;
        Ok(Self { calendar, zone })
    }

    fn term(&self, project: &Project, kpi: &Kpi, period: Period, term: TracedTerm, most: usize) -> TermRows {
        let made = project.entities.get(&term.entity).and_then(|entity| entity.rows.as_ref());
        let scale = kpi.measure.kind().readings().into_iter().nth(usize::from(term.term == Term::Second));
        let scale = scale.and_then(|of| of.values.first().map(|of| of.type_.scale())).unwrap_or(0);
        let total = |(role, value): &(Role, StateValue)| {
            let said = match (role, value) {
                // Sums of squares and the like say nothing to people.
                (Role::Total, StateValue::Sum(sum)) if kpi.weight.is_none() => {
                    Exact { units: *sum, scale }.to_string()
                }
                (Role::Eligible | Role::Counted | Role::Hits | Role::Group(_), StateValue::Count(rows)) => {
                    rows.to_string()
                }
                (Role::Total, StateValue::Distinct { count, .. }) => count.to_string(),
                _ => return None,
            };
            Some((role_word(*role), said))
        };
        let mut left_out: BTreeMap<&'static str, u64> = BTreeMap::new();
        for why in term.rows.iter().filter_map(|row| left_out_word(row.entered)) {
            *left_out.entry(why).or_default() += 1;
        }
        TermRows {
            term: term_word(kpi, term.term),
            entity: term.entity.to_string(),
            made: made.is_some(),
            totals: term.states.iter().filter_map(total).collect(),
            left_out,
            undated: term.undated,
            of: term.rows.len() as u64,
            rows: term
                .rows
                .into_iter()
                .take(most)
                .map(|row| self.traced(project, &term.entity, period.grain, row))
                .collect(),
        }
    }

    fn traced(&self, project: &Project, entity: &EntityId, grain: Grain, row: TracedRow) -> Row {
        let (source, file, number) = placed(row.place);
        Row {
            key: self.key(project, entity, grain, &row.key),
            date: self.instant(row.at),
            left_out: left_out_word(row.entered),
            read: row.read.iter().map(|reading| (reading.name.clone(), self.reading(reading))).collect(),
            source,
            file,
            row: number,
        }
    }

    fn row(
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
            attributes,
            gathered,
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
        FoundRow { key: self.key(project, of, grain, &found.key), date, value, source, file, row }
    }

    /// What identifies a row, as it is asked for on the command line: of a panel its period by its label.
    fn key(&self, project: &Project, entity: &EntityId, grain: Grain, key: &[Reading]) -> String {
        let of = project.entities.get(entity);
        let is_panel = of.and_then(|of| of.rows.as_ref()).is_some_and(|rows| rows.panel().is_some());
        let part = |reading: &Reading| match &reading.value {
            Some(Cell::Instant(at)) if is_panel => self.period(project, entity, grain, *at),
            Some(Cell::Instant(at)) => {
                Timestamp::from_microsecond(*at).map_or_else(|_| at.to_string(), |at| at.to_string())
            }
            _ => plain(&self.reading(reading)),
        };
        key.iter().map(part).collect::<Vec<_>>().join(" ")
    }

    fn period(&self, project: &Project, panel: &EntityId, grain: Grain, at: i64) -> String {
        let of = project.entities.get(panel).and_then(|of| of.rows.as_ref()).and_then(Rows::panel);
        let grain = match of.map(|of| of.every) {
            Some(kepi_model::derived::Every::Grain(grain)) => grain,
            Some(kepi_model::derived::Every::Period) | None => grain,
        };
        self.calendar.period_at(grain, at).map_or_else(|_| self.instant(at), |of| self.calendar.label(of))
    }

    fn reading(&self, of: &Reading) -> Value {
        of.value.as_ref().map_or_else(|| json!("(personal)"), |value| self.cell(value, &of.type_))
    }

    /// A value for programs and people: decimals exactly, as text.
    fn cell(&self, cell: &Cell, type_: &Type) -> Value {
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
    fn instant(&self, at: i64) -> String {
        let Ok(instant) = Timestamp::from_microsecond(at) else { return at.to_string() };
        let local = instant.to_zoned(self.zone.clone()).datetime();
        if local.time() == jiff::civil::Time::midnight() {
            local.date().to_string()
        } else {
            local.to_string().replace('T', " ")
        }
    }
}

/// As a cell of a table: texts without quotes, nothing for what is missing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn placed(place: Option<Place>) -> (Option<String>, Option<String>, Option<i64>) {
    place.map_or((None, None, None), |Place { source, file, row }| (Some(source), Some(file), Some(row)))
}
