//! Corrections by hand: what somebody says of a rejected row, and the next run lands it. The raw file stays as it came.

mod sheet;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{Command, Organisation, Violation, correcting::Correcting, laws, periods::Freeze};
use kepi_model::{
    governance::Aspect,
    id::{AttributeId, Hash, PersonId, SourceId},
    project::{Kpi, MappingFrom, Project, Source},
};
use kepi_query::landing::{CorrectedCell, Corrections, LoadOutcome, LoadReport, Raw, Tried, Trying};
use kepi_report::correction::{Cell, Correction, Standing, Taken, Then};
use kepi_store::{NewText, Violations};
use serde_json::Value;

pub use sheet::{Sheet, Sheeted, ToCorrect};

use crate::{
    concerned,
    deciding::{Acting, Deciding, MOST_SAID, words},
    error::AppError,
    open::App,
};

/// What is told of a value of a column that fills a personal attribute.
const PERSONAL: &str = "(personal)";

/// A row of a raw file.
#[derive(Debug, Clone, Copy)]
pub struct RowOf<'a> {
    /// The source.
    pub source: &'a str,
    /// The file, as the quarantine calls it.
    pub file: &'a str,
    /// Number of the row in it, from 1.
    pub row: u64,
}

/// The columns of a source that fill attributes; whether what they fill is personal.
fn columns<'a>(project: &'a Project, source: &'a Source) -> BTreeMap<&'a str, bool> {
    let entity = project.entities.get(&source.into);
    let is_personal = |of| entity.and_then(|entity| entity.attribute(of)).is_some_and(|of| of.personal);
    let mut all: BTreeMap<&str, bool> = BTreeMap::new();
    for mapping in &source.map {
        if let MappingFrom::Column { column, .. } = &mapping.from {
            *all.entry(column.trim()).or_default() |= is_personal(&mapping.attribute);
        }
    }
    all
}

/// What stands in a column of a row, which is a key or a path of keys.
fn cell(raw: &str, column: &str) -> Option<String> {
    let raw: Value = serde_json::from_str(raw).ok()?;
    let named = raw.as_object()?.iter().find(|(key, _)| key.trim() == column).map(|(_, value)| value);
    let found = named.or_else(|| column.split('.').try_fold(&raw, |at, key| at.get(key)))?;
    match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn not_found(why: String) -> AppError {
    AppError::NotFound(why)
}

impl App {
    /// The corrections that hold, of one source or all, by source, file and row.
    ///
    /// # Errors
    /// Nothing is in force, or the store or the lake cannot be read.
    pub async fn corrections(&self, source: Option<&SourceId>) -> Result<Vec<Correction>, AppError> {
        let organisation = self.store.organisation().await?;
        let known: Vec<_> =
            organisation.corrected.all().filter(|(of, ..)| source.is_none_or(|id| id == *of)).collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let project = self.in_force().await?;
        let names = self.store.names().await?;
        let texts: Vec<_> = known.iter().flat_map(|(.., of)| [of.cells, of.why]).collect();
        let texts = self.store.read().await?.texts(&texts).await?;
        let loads = self.lake.loads(source).await.map_err(AppError::Lake)?;
        let mut all = Vec::new();
        for (of, content, row, said) in known {
            let load = loads.iter().rev().find(|load| load.source == *of && load.content == content);
            let of_source = project.sources.get(of).map(|of| columns(&project, of)).unwrap_or_default();
            let cells: Corrections = match texts.get(&said.cells) {
                Some(text) => serde_json::from_str(text)
                    .map_err(|e| AppError::Corrupt { what: "a correction", reason: e.to_string() })?,
                None => Corrections::new(),
            };
            let covered = |column: &str, text: Option<String>| match of_source.get(column) {
                // Of a column that the source does not map any more it is not known whether it was personal.
                Some(true) | None => text.map(|_| PERSONAL.to_owned()),
                Some(false) => text,
            };
            let cells = cells.into_iter().map(|(column, CorrectedCell { was, is })| Cell {
                was: covered(&column, was),
                is: covered(&column, is),
                column,
            });
            let cells = cells.collect();
            let file = load.map_or_else(|| content.to_string(), |load| load.file.clone());
            let state = match load {
                Some(LoadReport { corrections, outcome: LoadOutcome::Stopped { .. }, .. })
                    if corrections.contains(&said.seq) =>
                {
                    Standing::StoppedAgain
                }
                Some(load) if load.corrections.contains(&said.seq) => {
                    let rejected = self.lake.rejected(of, &file, row).await.map_err(AppError::Lake)?;
                    if rejected.is_some() { Standing::RejectedAgain } else { Standing::Landed }
                }
                _ => Standing::Waits,
            };
            all.push(Correction {
                source: of.to_string(),
                file,
                row,
                cells,
                by: match &said.by {
                    kepi_govern::Principal::Person(number) => {
                        names.get(number).cloned().unwrap_or_else(|| said.by.to_string())
                    }
                    job => job.to_string(),
                },
                at: said.at,
                why: texts.get(&said.why).cloned(),
                state,
                event: said.seq,
            });
        }
        all.sort_by(|a, b| (&a.source, &a.file, a.row).cmp(&(&b.source, &b.file, b.row)));
        Ok(all)
    }

    /// Says what stands in columns of a rejected row, of one that was corrected before, or of any row of a file that was stopped as a
    /// whole. The next run lands it by the usual rules.
    ///
    /// # Errors
    /// There is no such row or column, the file is not there any more, it counts on days on which data are frozen, a law forbids it, or the
    /// database refuses.
    pub async fn correct(
        &self,
        of: RowOf<'_>,
        cells: &[(String, Option<String>)],
        why: &str,
        acting: Acting<'_>,
    ) -> Result<Taken, AppError> {
        let project = self.in_force().await?;
        let desk = self.desk(&project, of.source).await?;
        let mut says: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (column, is) in cells {
            let column = desk.column(column).map_err(not_found)?;
            fits(column, is.as_deref()).map_err(not_found)?;
            if says.insert(column.to_owned(), is.clone()).is_some() {
                return Err(not_found(format!("`{column}` is said twice: say it once")));
            }
        }
        if says.is_empty() {
            return Err(not_found("say what stands in at least one column".to_owned()));
        }
        self.one(&desk, of, Some(says), why, acting).await
    }

    /// Takes back what was said of a row by hand: the next run takes it as it came.
    ///
    /// # Errors
    /// Nothing was said of it, it counts on days on which data are frozen, a law forbids it, or the database refuses.
    pub async fn take_back_correction(
        &self,
        of: RowOf<'_>,
        why: &str,
        acting: Acting<'_>,
    ) -> Result<Taken, AppError> {
        let project = self.in_force().await?;
        let desk = self.desk(&project, of.source).await?;
        self.one(&desk, of, None, why, acting).await
    }

    async fn one(
        &self,
        desk: &Desk<'_>,
        of: RowOf<'_>,
        says: Option<BTreeMap<String, Option<String>>>,
        why: &str,
        acting: Acting<'_>,
    ) -> Result<Taken, AppError> {
        let place = (of.file.to_owned(), of.row);
        let mut stands = self.rows_stand(desk, &BTreeSet::from([place.clone()])).await?;
        let stands = stands.remove(&place).unwrap_or_else(|| Err(desk.not_rejected(&place)));
        let wish = Wish::new(stands.map_err(not_found)?, says);
        let mut taken = self.say_of_rows(desk, BTreeMap::from([(place, wish)]), why, acting, false).await?;
        match taken.pop() {
            Some(taken) if taken.frozen.is_none() => Ok(taken),
            taken => Err(frozen(taken.and_then(|taken| taken.frozen).unwrap_or_default())),
        }
    }

    /// What is said of rows of a source by hand is kept, of all or of none; what becomes of each. `dry`: nothing is kept.
    async fn say_of_rows(
        &self,
        desk: &Desk<'_>,
        wishes: BTreeMap<Place, Wish>,
        why: &str,
        acting: Acting<'_>,
        dry: bool,
    ) -> Result<Vec<Taken>, AppError> {
        let source = desk.source;
        let own = || {
            format!(
                "you answer for targets of figures made of rows of `{}`: somebody else corrects them",
                source.into
            )
        };
        let people = answering(desk.project, source);
        concerned::by_another(&Deciding(&self.store), &desk.organisation, acting.actor, &people, own).await?;
        let reason = words("the reason", why)?;
        let taken = self.expected(desk, &wishes).await?;
        if dry || taken.is_empty() || taken.iter().any(|of| of.frozen.is_some()) {
            return Ok(taken);
        }
        let (mut rows, mut texts) = (Vec::new(), Vec::new());
        for ((_, row), Wish { stands, said }) in wishes {
            let said = match said {
                None => None,
                Some(said) => {
                    let text = serde_json::to_string(&said)
                        .map_err(|e| AppError::Corrupt { what: "a correction", reason: e.to_string() })?;
                    Some(NewText::new(text))
                }
            };
            rows.push(Correcting {
                of: source.id.clone(),
                content: stands.content,
                row,
                cells: said.as_ref().map(|said| said.commitment),
                why: reason.commitment,
            });
            texts.extend(said);
        }
        texts.push(reason);
        Deciding(&self.store).kept(&Command::Correct(rows), texts, acting).await?;
        Ok(taken)
    }

    /// What is to be known of a source before anything is said of its rows.
    async fn desk<'a>(&self, project: &'a Project, source: &str) -> Result<Desk<'a>, AppError> {
        let source = source_of(project, source)?;
        let organisation = self.store.organisation().await?;
        let loads = self.lake.loads(Some(&source.id)).await.map_err(AppError::Lake)?;
        let known = columns(project, source);
        Ok(Desk { project, source, known, loads, organisation })
    }

    /// How rows stand that something is to be said of; why nothing can be said of one.
    async fn rows_stand(
        &self,
        desk: &Desk<'_>,
        places: &BTreeSet<Place>,
    ) -> Result<BTreeMap<Place, Result<Stands, String>>, AppError> {
        let source = desk.source;
        let mut all = BTreeMap::new();
        let files: BTreeSet<&String> = places.iter().map(|(file, _)| file).collect();
        for file in files {
            let rows: BTreeSet<u64> = places.iter().filter(|of| of.0 == *file).map(|(_, row)| *row).collect();
            let fails = |why: &str, all: &mut BTreeMap<Place, Result<Stands, String>>| {
                all.extend(rows.iter().map(|row| ((file.clone(), *row), Err(why.to_owned()))));
            };
            if !desk.loads.iter().any(|load| load.file == **file) {
                let why = format!(
                    "`{}` has landed no file `{file}`: `kepi show quarantine --source {0}`",
                    source.id
                );
                fails(&why, &mut all);
                continue;
            }
            let raw = match self.file_of(source, file).await {
                Ok(raw) => raw,
                Err(why) => {
                    fails(&why.to_string(), &mut all);
                    continue;
                }
            };
            let content = raw.content().map_err(AppError::Lake)?;
            let Some(load) = desk.load_of(file, content) else {
                let why = format!("`{file}` is another since it was read: `kepi run` reads it as it is now");
                fails(&why, &mut all);
                continue;
            };
            let stopped = matches!(load.outcome, LoadOutcome::Stopped { .. });
            let before = self.said_before(desk, content).await?;
            let tried = self
                .lake
                .tried(desk.project, source, &raw, &BTreeMap::new(), Trying::Rows(rows.clone()))
                .await
                .map_err(AppError::Lake)?;
            let mut came: BTreeMap<u64, String> = tried.into_iter().map(|of| (of.row, of.raw)).collect();
            for row in rows {
                let place = (file.clone(), row);
                let before = before.get(&row).cloned();
                let rejected = match (stopped, &before) {
                    (false, None) => {
                        let found = self.lake.rejected(&source.id, file, row).await;
                        found.map_err(AppError::Lake)?.is_some_and(|of| of.load == load.load)
                    }
                    _ => true,
                };
                let stands = match came.remove(&row) {
                    None => Err(format!("`{file}` has no row {row}: {}", desk.not_rejected(&place))),
                    Some(_) if !rejected => Err(desk.not_rejected(&place)),
                    Some(came) => Ok(Stands { content, raw: Arc::clone(&raw), came, before }),
                };
                all.insert(place, stands);
            }
        }
        Ok(all)
    }

    /// What is said of rows of a content, by row, and by which event.
    async fn said_before(
        &self,
        desk: &Desk<'_>,
        content: Hash,
    ) -> Result<BTreeMap<u64, (u64, Corrections)>, AppError> {
        let Some(known) = desk.organisation.corrected.of(&desk.source.id, content) else {
            return Ok(BTreeMap::new());
        };
        let texts: Vec<_> = known.values().map(|of| of.cells).collect();
        let texts = self.store.read().await?.texts(&texts).await?;
        let said = known.iter().map(|(row, of)| {
            let said: Corrections = match texts.get(&of.cells) {
                Some(text) => serde_json::from_str(text)
                    .map_err(|e| AppError::Corrupt { what: "a correction", reason: e.to_string() })?,
                None => Corrections::new(),
            };
            Ok((*row, (of.seq, said)))
        });
        said.collect()
    }

    /// What becomes of rows if something is said of them, and whether they count on days on which data are frozen.
    async fn expected(
        &self,
        desk: &Desk<'_>,
        wishes: &BTreeMap<Place, Wish>,
    ) -> Result<Vec<Taken>, AppError> {
        let days = desk.frozen_days();
        let mut taken = Vec::new();
        let files: BTreeSet<&String> = wishes.keys().map(|(file, _)| file).collect();
        for file in files {
            let of: BTreeMap<u64, &Wish> =
                wishes.iter().filter(|(of, _)| of.0 == *file).map(|((_, row), wish)| (*row, wish)).collect();
            let Some(raw) = of.values().next().map(|wish| Arc::clone(&wish.stands.raw)) else { continue };
            let trying = Trying::Rows(of.keys().copied().collect());
            let will = of.iter().filter_map(|(row, wish)| Some((*row, wish.said.clone()?))).collect();
            let now =
                of.iter().filter_map(|(row, wish)| Some((*row, wish.stands.before.clone()?.1))).collect();
            let tried = |said: BTreeMap<u64, Corrections>| {
                let (raw, trying) = (Arc::clone(&raw), trying.clone());
                async move {
                    let tried = self.lake.tried(desk.project, desk.source, &raw, &said, trying).await;
                    let tried = tried.map_err(AppError::Lake)?.into_iter();
                    Ok::<_, AppError>(tried.map(|of| (of.row, of)).collect::<BTreeMap<u64, Tried>>())
                }
            };
            let after = tried(will).await?;
            // What it was read with so far may have counted on other days.
            let before = if days.is_empty() { BTreeMap::new() } else { tried(now).await? };
            for (row, wish) in of {
                let after = after.get(&row);
                let counts = after.into_iter().chain(before.get(&row)).filter(|of| of.refused.is_none());
                let frozen =
                    counts.filter(|of| !of.out_of_scope).find_map(|of| is_frozen(&days, &of.instants));
                let then = match after {
                    _ if wish.said.is_none() => Then::AsItCame,
                    Some(Tried { refused: Some((rule, reason)), .. }) => {
                        Then::RejectedAgain { rule: rule.clone(), reason: reason.clone() }
                    }
                    Some(Tried { out_of_scope: true, .. }) => Then::LeftOut,
                    _ => Then::Lands,
                };
                let cells = wish.cells(desk);
                taken.push(Taken { file: file.clone(), row, cells, then, frozen });
            }
        }
        Ok(taken)
    }

    /// The files of a source that are there.
    async fn files_of(&self, source: &Source) -> Vec<Arc<dyn Raw>> {
        let raw = match (source.from.objects(), source.from.stream()) {
            (Some(_), _) => self.inbox.copied(source).map(|of| of.raw),
            (None, None) => self.sources.offered(source).map(|of| of.raw),
            (None, Some(_)) => self.inbox.kept(source).await.map(|of| of.landed),
        };
        raw.unwrap_or_default()
    }

    /// The file of a row; what is not there any more cannot be read anew.
    async fn file_of(&self, source: &Source, file: &str) -> Result<Arc<dyn Raw>, AppError> {
        let mut raw = self.files_of(source).await.into_iter();
        raw.find(|raw| raw.name() == file).ok_or_else(|| {
            not_found(format!(
                "`{file}` is not there any more: what it held stays as it landed, and nothing of it can be read anew; put the \
                 file back"
            ))
        })
    }

    /// The corrections that rows landed with, by source, file and row, as of a position of the log.
    pub(crate) async fn corrections_landed(
        &self,
        until: i64,
    ) -> Result<BTreeMap<(String, String, u64), Correction>, AppError> {
        let all = self.corrections(None).await?.into_iter();
        let landed = all.filter(|of| {
            of.state == Standing::Landed && i64::try_from(of.event).is_ok_and(|event| event < until)
        });
        Ok(landed.map(|of| ((of.source.clone(), of.file.clone(), of.row), of)).collect())
    }
}

/// What is to be known of a source before anything is said of its rows.
struct Desk<'a> {
    project: &'a Project,
    source: &'a Source,
    /// Its columns; whether what they fill is personal.
    known: BTreeMap<&'a str, bool>,
    loads: Vec<LoadReport>,
    organisation: Arc<Organisation>,
}

impl Desk<'_> {
    /// The name of a column that is mapped.
    fn column<'c>(&self, column: &'c str) -> Result<&'c str, String> {
        let column = column.trim();
        if self.known.contains_key(column) {
            return Ok(column);
        }
        let all: Vec<String> = self.known.keys().map(|of| format!("`{of}`")).collect();
        Err(format!("`{}` maps no column `{column}`: it maps {}", self.source.id, all.join(", ")))
    }

    fn is_personal(&self, column: &str) -> bool {
        self.known.get(column) != Some(&false)
    }

    /// The latest load of a file with a content.
    fn load_of(&self, file: &str, content: Hash) -> Option<&LoadReport> {
        self.loads.iter().rev().find(|load| load.file == file && load.content == content)
    }

    fn not_rejected(&self, (file, row): &Place) -> String {
        format!(
            "row {row} of `{file}` is not rejected, and nothing was said of it: `kepi show quarantine --source {}` lists those that are",
            self.source.id
        )
    }

    /// Days on which data are frozen, with the item that froze them, and where a row says that it counts on them: by the attribute that
    /// decides the period of a KPI, in its zone. What a row says of a customer or a product has no day of its own.
    fn frozen_days(&self) -> Vec<FrozenDays<'_>> {
        let frozen = self.organisation.periods.frozen.iter();
        let frozen: Vec<_> = frozen.filter(|(_, of)| of.aspects.contains(&Aspect::Data)).collect();
        let mut days = Vec::new();
        for kpi in self.project.kpis.values().filter(|_| !frozen.is_empty()) {
            let zone = TimeZone::get(&self.project.calendar_of(kpi).zone).unwrap_or(TimeZone::UTC);
            let id = laws::written(&self.organisation, &kpi.id);
            for at in kpi.wordings().flat_map(|wording| wording.measure.times_of(&self.source.into)) {
                for (item, freeze) in &frozen {
                    if id.as_ref().is_none_or(|id| freeze.is_of(id)) {
                        days.push((**item, *freeze, at, zone.clone()));
                    }
                }
            }
        }
        days
    }
}

/// The item that froze days, which, the attribute by which a row counts on them, and the zone of its days.
type FrozenDays<'a> = (u64, &'a Freeze, &'a AttributeId, TimeZone);

/// A file and the number of a row in it.
type Place = (String, u64);

/// The item that has frozen data on a day on which a row counts.
fn is_frozen(days: &[FrozenDays<'_>], instants: &BTreeMap<AttributeId, i64>) -> Option<u64> {
    let holds = |(_, freeze, at, zone): &&FrozenDays<'_>| {
        let Some(instant) = instants.get(*at).and_then(|at| Timestamp::from_microsecond(*at).ok()) else {
            return false;
        };
        let day = instant.to_zoned(zone.clone()).date();
        freeze.from <= day && day < freeze.until
    };
    days.iter().find(holds).map(|(item, ..)| *item)
}

/// How a row stands of which something is to be said.
struct Stands {
    content: Hash,
    raw: Arc<dyn Raw>,
    /// As it came, as JSON, without what is personal.
    came: String,
    /// What is said of it so far, and by which event.
    before: Option<(u64, Corrections)>,
}

impl Stands {
    /// What stood in a column as the row came.
    fn was(&self, column: &str) -> Option<String> {
        cell(&self.came, column)
    }

    /// What stands in a column by now.
    fn is(&self, column: &str) -> Option<String> {
        let said = self.before.as_ref().and_then(|(_, said)| said.get(column));
        said.map_or_else(|| self.was(column), |of| of.is.clone())
    }
}

/// What is to be said of a row; none: nothing any more.
struct Wish {
    stands: Stands,
    said: Option<Corrections>,
}

impl Wish {
    fn new(stands: Stands, says: Option<BTreeMap<String, Option<String>>>) -> Self {
        let said = says.map(|says| {
            let cells = says.into_iter().map(|(column, is)| {
                // Where it stays for as long as the log, nothing personal is copied to: it is covered as it is read.
                let was = stands.was(&column);
                (column, CorrectedCell { was, is })
            });
            cells.collect()
        });
        Self { stands, said }
    }

    /// What is said otherwise than so far.
    fn cells(&self, desk: &Desk<'_>) -> Vec<Cell> {
        let said = |column: &str| match self.said.as_ref().and_then(|said| said.get(column)) {
            Some(of) => of.is.clone(),
            None => self.stands.was(column),
        };
        let before = self.stands.before.iter().flat_map(|(_, said)| said.keys());
        let columns: BTreeSet<&String> =
            self.said.iter().flat_map(|said| said.keys()).chain(before).collect();
        let shown = |column: &str, text: Option<String>| match desk.is_personal(column) {
            true => text.map(|_| PERSONAL.to_owned()),
            false => text,
        };
        let cells = columns.into_iter().filter(|column| said(column) != self.stands.is(column));
        cells
            .map(|column| Cell {
                column: column.clone(),
                was: shown(column, self.stands.is(column)),
                is: shown(column, said(column)),
            })
            .collect()
    }
}

/// What can be kept of a cell.
fn fits(column: &str, is: Option<&str>) -> Result<(), String> {
    match is {
        Some(text) if text.len() > MOST_SAID => {
            Err(format!("what is said of `{column}` has more than {MOST_SAID} bytes"))
        }
        Some(text) if text.contains('\0') => Err(format!(
            "what is said of `{column}` holds a zero byte, which is no character of any text: take it out"
        )),
        _ => Ok(()),
    }
}

fn frozen(item: u64) -> AppError {
    let message = format!(
        "it changes figures of days on which item {item} has frozen data: propose to lift that, `kepi lift {item}`"
    );
    AppError::Forbidden(Violations(vec![Violation { code: laws::FROZEN, message }]))
}

/// Who answers for targets of figures that are made of rows of a source.
fn answering<'a>(project: &'a Project, source: &Source) -> BTreeSet<&'a PersonId> {
    let reads = |kpi: &&Kpi| {
        let of = |wording: &Kpi| wording.measure.entities().contains(&source.into);
        kpi.wordings().any(of) && kpi.wordings().any(|wording| !wording.targets.is_empty())
    };
    project.kpis.values().filter(reads).flat_map(|kpi| concerned::of_any(project, kpi)).collect()
}

fn source_of<'a>(project: &'a Project, name: &str) -> Result<&'a Source, AppError> {
    let found = project.sources.values().find(|source| source.id.as_str() == name);
    found.ok_or_else(|| not_found(format!("there is no source `{name}`: `kepi sources` lists them")))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_stands_in_a_column_is_found_by_name_or_path() {
        let raw = r#"{" amount ":"1x","of":{"tier":"gold","n":3},"none":null}"#;
        let read = |column| cell(raw, column);
        assert_eq!(read("amount").as_deref(), Some("1x"));
        assert_eq!((read("of.tier").as_deref(), read("of.n").as_deref()), (Some("gold"), Some("3")));
        assert_eq!((read("none"), read("nowhere"), cell("torn", "amount")), (None, None, None));
    }
}
