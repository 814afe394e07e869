//! Figures that people enter because no source has them: proposed with evidence, agreed to by one other, landed by the next run.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{
    Content, Event,
    entries::Entry,
    periods::PeriodId,
    plain::{Name, Number},
};
use kepi_model::{
    id::EntityId,
    measure::{Combine, ENTERED_VALUE},
    project::{Connector, Measure, Project, ValueUnit},
};
use kepi_proof::Commitment;
use kepi_query::{
    landing::{Fetched, PortError, Rows},
    port::{PinnedInputs, system},
    published::grain_text,
    screen,
};
use kepi_store::{EventFilter, NewText, Store};
use serde_json::json;

use crate::{
    concerned,
    deciding::{Acting, Deciding, known, words},
    error::AppError,
    named,
    open::App,
    screening,
};

/// What is entered.
#[derive(Debug, Clone, Copy)]
pub struct Entering<'a> {
    /// The KPI that is measured by what is entered.
    pub kpi: &'a str,
    /// The period.
    pub period: &'a str,
    /// What it is of, such as a region; empty: the whole.
    pub part: &'a str,
    /// The value as amounts of the KPI are written in definitions.
    pub value: &'a str,
    /// What it rests on.
    pub evidence: &'a str,
}

/// Digits behind the point that an entered figure has room for.
const DECIMALS: usize = 6;

/// With so many decimals a row has room for less than this.
const GREATEST: f64 = 9e12;

impl App {
    /// Asks one other to agree to a figure that no source has.
    ///
    /// # Errors
    /// The KPI is not entered, nothing lands what is, the value is no amount of it, a law forbids it, or the database refuses.
    pub async fn enter(&self, what: Entering<'_>, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        let (project, period, first, until) = self.period_of(what.kpi, what.period).await?;
        let wrong = |reason: String| AppError::NotFound(reason);
        let kpi = named::kpi(&project, what.kpi).map_err(|_| named::no_such(what.kpi, Some(what.part)))?;
        let kpi = kpi.in_period(period, &project.calendar).unwrap_or(kpi);
        if period.grain != kpi.period {
            let grain = grain_text(kpi.period);
            let own = project.calendar.label(project.calendar_of(kpi).period_of_day(kpi.period, first));
            return Err(wrong(format!(
                "`{}` is entered by {grain}, and `{}` is no {grain}: name one, such as {own}",
                kpi.id, what.period
            )));
        }
        let Measure::Entered(measure) = &kpi.measure else {
            return Err(wrong(format!(
                "`{}` is not entered: its measure is another than `entered`; `kepi override set` says another figure in place of a computed one",
                kpi.id
            )));
        };
        let mut entries = project.sources.values().filter(|source| source.from == Connector::Entries);
        let Some(source) = entries.find(|source| source.into == measure.rows.of) else {
            return Err(wrong(format!(
                "nothing lands what is entered: a source `from: {{kepi: entries}}` `into: {}` does",
                measure.rows.of
            )));
        };
        // What the source would reject is not agreed on first.
        let dates = &source.dates;
        if first < dates.from || first >= dates.until {
            return Err(wrong(format!(
                "`{}` begins on {first}, and `{}` takes in days from {} until before {}: look at the year, or write \
                 other `dates` there",
                what.period, source.id, dates.from, dates.until
            )));
        }
        let amount = kpi.value_said(what.value).map_err(wrong)?;
        let is_length = kpi.unit == ValueUnit::Duration;
        if is_length && amount < 0.0 {
            return Err(wrong(format!("`{}` is beyond what `{}` can be", what.value, kpi.id)));
        }
        // A length of time is kept in seconds, as its rows are.
        let kept = if is_length { amount / 1e6 } else { amount };
        if kept.abs() >= GREATEST {
            return Err(wrong(format!(
                "`{}` is too large: there is room for less than 9 × 10^12",
                what.value
            )));
        }
        let value = Number::new(kept)
            .filter(|number| {
                number.as_str().rsplit_once('.').is_none_or(|(_, digits)| digits.len() <= DECIMALS)
            })
            .ok_or_else(|| wrong(format!("`{}` has more than {DECIMALS} decimals", what.value)))?;
        let figure: Name = measure.figure.parse().map_err(|_| {
            wrong(format!("`{}` is no name of a figure: letters, digits and `_`", measure.figure))
        })?;
        if let Some(place) = self.said_by_a_sheet(&project, (&measure.figure, first, what.part)).await? {
            return Err(wrong(format!(
                "`{}` of {} is said already, by {place}: entered as well, both would count; correct it there, or take it out there first",
                measure.figure, what.period
            )));
        }
        let people = concerned::of_entry(&project, &measure.figure, what.part).unwrap_or_default();
        let concerned = concerned::numbers(&self.store, &people).await?;
        let evidence = words("evidence", what.evidence)?;
        let id = PeriodId { grain: period.grain, first };
        let (part, new) = match what.part {
            "" => (None, None),
            text => match self.part_before(&figure, id, text).await? {
                Some(known) => (Some(known), None),
                None => {
                    let new = NewText::new(text.to_owned());
                    (Some(new.commitment), Some(new))
                }
            },
        };
        let content = Content::Entry(Entry {
            figure,
            period: id,
            until,
            part,
            value,
            evidence: evidence.commitment,
            concerned,
        });
        let new = new.into_iter().chain([evidence]).collect();
        Deciding(&self.store).ask_with(content, new, acting, why).await
    }

    /// How a part was named when this figure was proposed before: who says the same means the same.
    async fn part_before(
        &self,
        figure: &Name,
        period: PeriodId,
        part: &str,
    ) -> Result<Option<Commitment>, AppError> {
        let organisation = self.store.organisation().await?;
        let named = organisation.items.all().filter_map(|item| match &item.content {
            Content::Entry(of) if of.figure == *figure && of.period == period => of.part,
            _ => None,
        });
        let texts = self.store.read().await?.texts(&named.collect::<Vec<_>>()).await?;
        Ok(texts.into_iter().find(|(_, text)| text == part).map(|(name, _)| name))
    }
}

impl App {
    /// Takes an entered figure back: what nobody has agreed to yet is withdrawn, of what was agreed to one other is asked. The item
    /// that says so.
    ///
    /// # Errors
    /// Nothing was entered by it, a law forbids it, or the database refuses.
    pub async fn take_back(&self, number: u64, acting: Acting<'_>, why: &str) -> Result<u64, AppError> {
        let organisation = self.store.organisation().await?;
        let item = known(&organisation, number)?;
        let deciding = Deciding(&self.store);
        match (&item.content, item.ended) {
            (Content::Entry(_), None) => deciding.withdraw(number, acting).await.map(|()| number),
            _ => deciding.ask_for(Content::TakeBack(number), acting, why).await,
        }
    }
}

impl App {
    /// Figures that several rows say for one period and part, a form and a sheet or two sheets: all of them count, which is said.
    ///
    /// # Errors
    /// Rows cannot be read.
    pub(crate) async fn entered_twice(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
    ) -> Result<Vec<String>, AppError> {
        let measured: BTreeMap<&str, Combine> = project
            .kpis
            .values()
            .filter_map(|kpi| match &kpi.measure {
                Measure::Entered(of) => Some((of.figure.as_str(), of.combine)),
                _ => None,
            })
            .collect();
        if measured.is_empty() {
            return Ok(Vec::new());
        }
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let by = self.entered_rows(project, inputs).await?;
        let day = |at: Option<i64>| {
            let at = Timestamp::from_microsecond(at?).ok()?;
            Some(at.to_zoned(zone.clone()).date().to_string())
        };
        let several = by.into_iter().filter(|(_, places)| places.len() > 1);
        let said = several.filter_map(|((figure, period, part), places)| {
            let places: Vec<String> = places.into_iter().map(|(place, _)| place).collect();
            let how = match measured.get(figure.as_str())? {
                Combine::Sum => "added up",
                Combine::Mean => "averaged",
            };
            let of = if part.is_empty() { String::new() } else { format!(" of {part}") };
            let day = day(period).unwrap_or_default();
            Some(format!(
                "{figure}{of} on {day} is said {} times and {how}: {}",
                places.len(),
                places.join(", ")
            ))
        });
        Ok(said.collect())
    }
}

/// A figure, its period and its part.
type Said = (String, Option<i64>, String);

impl App {
    /// The rows in force of what is entered: where each stands, and whether a form put it there.
    async fn entered_rows(
        &self,
        project: &Project,
        inputs: &PinnedInputs,
    ) -> Result<BTreeMap<Said, Vec<(String, bool)>>, AppError> {
        let mut by: BTreeMap<Said, Vec<(String, bool)>> = BTreeMap::new();
        let Ok(of) = ENTERED_VALUE.parse::<EntityId>() else { return Ok(by) };
        if !project.sources.values().any(|source| source.into == of) {
            return Ok(by);
        }
        let names = ["figure", "period", "part", "item", system::VALID_TO, system::FILE, system::ROW];
        let names = names.map(str::to_owned).into();
        let (columns, table) = screening::read(self, inputs, &of, &names).await.map_err(AppError::Lake)?;
        let rows = screen::Rows { columns: &columns, table: &table };
        for row in rows.current() {
            let Some(figure) = rows.text("figure", row) else { continue };
            let item = rows.text("item", row);
            let place = match &item {
                Some(item) => format!("item {item}"),
                None => format!(
                    "{} row {}",
                    rows.text(system::FILE, row).unwrap_or_default(),
                    rows.text(system::ROW, row).unwrap_or_default()
                ),
            };
            let part = rows.text("part", row).unwrap_or_default();
            by.entry((figure, rows.instant("period", row), part)).or_default().push((place, item.is_some()));
        }
        Ok(by)
    }

    /// Where a sheet says a figure that somebody is about to enter: entered as well, both would count.
    async fn said_by_a_sheet(
        &self,
        project: &Project,
        (figure, first, part): (&str, jiff::civil::Date, &str),
    ) -> Result<Option<String>, AppError> {
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        let day =
            |at: Option<i64>| Some(Timestamp::from_microsecond(at?).ok()?.to_zoned(zone.clone()).date());
        let rows = self.entered_rows(project, &inputs).await?.into_iter();
        let mut own =
            rows.filter(|((of, at, whose), _)| of == figure && whose == part && day(*at) == Some(first));
        Ok(own
            .find_map(|(_, places)| places.into_iter().find(|(_, is_form)| !is_form))
            .map(|(place, _)| place))
    }
}

/// What stands as the figure of a row once nothing does: no KPI can be measured by it, for it is no name.
const TAKEN_BACK: &str = "taken back";

/// Of a figure, in a period, of a part.
type Key = (Name, PeriodId, Option<Commitment>);

/// What was entered and taken back, in order, up to a position.
#[derive(Default)]
struct Entries(BTreeMap<u64, Entry>, BTreeMap<Key, Vec<u64>>);

impl Entries {
    /// Takes in an event; of which row it changes something.
    fn on(&mut self, event: Event) -> Option<Key> {
        match event {
            Event::ValueEntered(entered) => {
                let Entry { figure, period, part, .. } = entered.of.clone();
                let key = (figure, period, part);
                self.0.insert(entered.item, entered.of);
                self.1.entry(key.clone()).or_default().push(entered.item);
                Some(key)
            }
            Event::ValueTakenBack(item) => {
                let Entry { figure, period, part, .. } = self.0.get(&item)?.clone();
                let key = (figure, period, part);
                self.1.entry(key.clone()).or_default().retain(|entered| *entered != item);
                Some(key)
            }
            _ => None,
        }
    }

    /// What stands of a row by now: the last that was not taken back.
    fn stands(&self, key: &Key) -> Option<(u64, &Entry)> {
        let item = *self.1.get(key)?.last()?;
        Some((item, self.0.get(&item)?))
    }
}

/// Writes the figures that were entered, agreed to or taken back behind a bookmark, which is a position of the log. The same figure
/// entered again has the same key, so that it is the next version of its row; one that is taken back is followed by a version with the figure
/// that was entered before, or of no figure at all.
pub(crate) async fn after(
    store: &Store,
    from: Option<&serde_json::Value>,
    into: &mut dyn Rows,
) -> Result<Fetched, PortError> {
    let seen = from.and_then(serde_json::Value::as_u64).unwrap_or(0);
    let kind = Some("value.*".to_owned());
    let new = EventFilter { after: Some(seen), kind: kind.clone(), limit: Some(1), ..EventFilter::default() };
    if store.events(&new).await?.is_empty() {
        return Ok(Fetched { bookmark: json!(seen), whole: false, more: false });
    }
    let (mut last, mut entries) = (seen, Entries::default());
    for recorded in store.events(&EventFilter { kind, ..EventFilter::default() }).await? {
        let key = entries.on(recorded.event()?);
        let Some((figure, period, part)) = key.filter(|_| recorded.seq > seen) else { continue };
        last = recorded.seq;
        let text = match part {
            None => None,
            Some(text) => match store.read().await?.text(&text).await? {
                Some(text) => Some(text),
                // What it was of was erased.
                None => continue,
            },
        };
        let id = [figure.as_str(), &period.to_string(), text.as_deref().unwrap_or_default()].join("|");
        let stands = entries.stands(&(figure.clone(), period, part));
        let row = json!({
            "id": id,
            "figure": if stands.is_some() { figure.as_str() } else { TAKEN_BACK },
            "period": period.first.to_string(),
            "value": stands.map_or("0", |(_, of)| of.value.as_str()),
            "part": text,
            "item": stands.map(|(item, _)| item),
        });
        into.row(&row.to_string())?;
    }
    Ok(Fetched { bookmark: json!(last), whole: false, more: false })
}
