//! Corrections by hand: what somebody says of a rejected row, and the next run lands it. The raw file stays as it came.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_govern::{Command, correcting::Correcting};
use kepi_model::{
    id::{PersonId, SourceId},
    project::{Kpi, MappingFrom, Project, Source},
};
use kepi_query::landing::{Batch, CorrectedCell, Corrections, LoadOutcome, LoadReport, Raw};
use kepi_report::correction::{Cell, Correction, Standing};
use kepi_store::NewText;
use serde_json::Value;

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

/// The loads that stand, by what they are of: the latest of each.
fn standing(loads: &[LoadReport]) -> impl Iterator<Item = &LoadReport> {
    loads.iter().rev().filter(|load| load.outcome == LoadOutcome::Landed)
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
            let load = standing(&loads).find(|load| load.source == *of && load.content == content);
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

    /// Says what stands in columns of a rejected row, or of one that was corrected before. The next run lands it by the usual rules.
    ///
    /// # Errors
    /// There is no such row or column, the file is not there any more, a law forbids it, or the database refuses.
    pub async fn correct(
        &self,
        of: RowOf<'_>,
        cells: &[(String, Option<String>)],
        why: &str,
        acting: Acting<'_>,
    ) -> Result<(), AppError> {
        let project = self.in_force().await?;
        let source = source_of(&project, of.source)?;
        let known = columns(&project, source);
        let (load, was) = self.to_correct(source, of).await?;
        let raw = self.file_of(source, of.file).await?;
        let mut as_it_came: Option<String> = None;
        let mut said = Corrections::new();
        for (column, is) in cells {
            let column = column.trim();
            if !known.contains_key(column) {
                let all: Vec<String> = known.keys().map(|of| format!("`{of}`")).collect();
                return Err(not_found(format!(
                    "`{}` maps no column `{column}`: it maps {}",
                    source.id,
                    all.join(", ")
                )));
            }
            if is.as_ref().is_some_and(|text| text.len() > MOST_SAID) {
                return Err(not_found(format!("what is said of `{column}` has more than {MOST_SAID} bytes")));
            }
            let was = match (was(column), &mut as_it_came) {
                (Stood::Known(was), _) => was,
                (Stood::InTheFile, Some(raw)) => cell(raw, column),
                (Stood::InTheFile, none) => cell(none.insert(row_of(raw.as_ref(), of.row)?), column),
            };
            // Where it stays for as long as the log, nothing personal is copied to.
            let was = was.map(|was| if known.get(column) == Some(&true) { PERSONAL.to_owned() } else { was });
            if said.insert(column.to_owned(), CorrectedCell { was, is: is.clone() }).is_some() {
                return Err(not_found(format!("`{column}` is said twice: say it once")));
            }
        }
        if said.is_empty() {
            return Err(not_found("say what stands in at least one column".to_owned()));
        }
        let text = serde_json::to_string(&said)
            .map_err(|e| AppError::Corrupt { what: "a correction", reason: e.to_string() })?;
        let said = NewText::new(text);
        self.say_of_row(&project, source, (&load, of.row), Some(said), why, acting).await
    }

    /// Takes back what was said of a row by hand: the next run takes it as it came.
    ///
    /// # Errors
    /// Nothing was said of it, a law forbids it, or the database refuses.
    pub async fn take_back_correction(
        &self,
        of: RowOf<'_>,
        why: &str,
        acting: Acting<'_>,
    ) -> Result<(), AppError> {
        let project = self.in_force().await?;
        let source = source_of(&project, of.source)?;
        let (load, _) = self.to_correct(source, of).await?;
        self.say_of_row(&project, source, (&load, of.row), None, why, acting).await
    }

    /// The load of a row, and what stands in its columns.
    async fn to_correct(
        &self,
        source: &Source,
        of: RowOf<'_>,
    ) -> Result<(LoadReport, impl Fn(&str) -> Stood + use<>), AppError> {
        let loads = self.lake.loads(Some(&source.id)).await.map_err(AppError::Lake)?;
        let rejected = self.lake.rejected(&source.id, of.file, of.row).await.map_err(AppError::Lake)?;
        let load = match &rejected {
            Some(rejected) => loads.into_iter().find(|load| load.load == rejected.load),
            None => standing(&loads).find(|load| load.file == of.file).cloned(),
        };
        let load = load.ok_or_else(|| {
            not_found(format!(
                "`{}` has landed no file `{}`: `kepi show quarantine --source {0}`",
                source.id, of.file
            ))
        })?;
        let organisation = self.store.organisation().await?;
        let before = organisation.corrected.of(&source.id, load.content).and_then(|rows| rows.get(&of.row));
        if rejected.is_none() && before.is_none() {
            return Err(not_found(format!(
                "row {} of `{}` is not rejected, and nothing was said of it: `kepi show quarantine --source {}` lists those that are",
                of.row, of.file, source.id
            )));
        }
        // What stood there before anybody said anything is kept through one correction after the other.
        let before: Corrections = match before {
            Some(before) => match self.store.read().await?.text(&before.cells).await? {
                Some(text) => serde_json::from_str(&text)
                    .map_err(|e| AppError::Corrupt { what: "a correction", reason: e.to_string() })?,
                None => Corrections::new(),
            },
            None => Corrections::new(),
        };
        let was = move |column: &str| match (before.get(column), &rejected) {
            (Some(of), _) => Stood::Known(of.was.clone()),
            (None, Some(of)) => Stood::Known(cell(&of.raw, column)),
            (None, None) => Stood::InTheFile,
        };
        Ok((load, was))
    }

    async fn say_of_row(
        &self,
        project: &Project,
        source: &Source,
        (load, row): (&LoadReport, u64),
        said: Option<NewText>,
        why: &str,
        acting: Acting<'_>,
    ) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let own = || {
            format!(
                "you answer for targets of figures made of rows of `{}`: somebody else corrects them",
                source.into
            )
        };
        let people = answering(project, source);
        concerned::by_another(&Deciding(&self.store), &organisation, acting.actor, &people, own).await?;
        let why = words("the reason", why)?;
        let command = Command::Correct(Correcting {
            of: source.id.clone(),
            content: load.content,
            row,
            cells: said.as_ref().map(|said| said.commitment),
            why: why.commitment,
        });
        let texts = said.into_iter().chain([why]).collect();
        Deciding(&self.store).kept(&command, texts, acting).await
    }

    /// The file of a row; what is not there any more cannot be read anew.
    async fn file_of(&self, source: &Source, file: &str) -> Result<Arc<dyn Raw>, AppError> {
        let raw = match (source.from.objects(), source.from.stream()) {
            (Some(_), _) => self.inbox.copied(source).map(|of| of.raw),
            (None, None) => self.sources.offered(source).map(|of| of.raw),
            (None, Some(_)) => self.inbox.kept(source).await.map(|of| of.landed),
        };
        let mut raw = raw.unwrap_or_default().into_iter();
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

/// What stood in a column.
enum Stood {
    Known(Option<String>),
    InTheFile,
}

/// A row of a raw file as it came, as JSON.
fn row_of(raw: &dyn Raw, row: u64) -> Result<String, AppError> {
    let mut reader = raw.open().map_err(AppError::Lake)?;
    let mut batch = Batch::default();
    while reader.next(&mut batch).map_err(AppError::Lake)? {
        if row < batch.first_row + batch.rows as u64 {
            return Ok(reader.raw(u32::try_from(row.saturating_sub(batch.first_row)).unwrap_or(u32::MAX)));
        }
    }
    Err(not_found(format!("`{}` has no row {row} any more", raw.name())))
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
