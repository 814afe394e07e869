//! What the ledger knows of the past of a source, and entering a load in it.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
};

use kepi_model::{
    id::{AttributeId, EntityId, Hash, SourceId},
    project::{Identical, Mode, Requirement, Source},
};
use kepi_query::landing::{Delivered, LoadOutcome, LoadReport, Order, Profile, natural};
use kepi_store::{
    Reading, inbox,
    ledger::{self, Load},
    records::LedgerRow,
};
use serde::Deserialize;

use crate::{
    catalogue::Catalogue,
    error::{LakeError, LandError},
};

/// A load of the same file before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Earlier {
    pub load: String,
    pub definition: String,
    pub effective: i64,
    pub report: LoadReport,
}

/// What the ledger knows before a file is landed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    /// The same file, if it is in the lake.
    pub earlier: Option<Earlier>,
    /// Rows in scope of the source's other loads, latest first.
    pub rows: Vec<u64>,
    /// What the values of the source's other loads were like, latest first, where a rule asks for it.
    pub profiles: Vec<Profile>,
    /// Columns of the source's load before.
    pub columns: Option<Vec<String>>,
    /// What that load's file said of its columns.
    pub labels: Vec<(String, String)>,
    /// Latest instant from which rows of the entity's loads hold.
    pub last_effective: Option<i64>,
    /// Of the files in the lake that are newer than this one, the one whose rows hold first: its name and since when.
    pub newer: Option<(String, i64)>,
    /// Since when the rows hold of the newest file that is older.
    pub older: Option<i64>,
}

impl Past {
    /// Since when the rows of a file hold that lands at an instant: since then, in its old place if it was there, or, if
    /// it is late, between those it stands between.
    pub fn effective(&self, at: i64, order: &Order) -> i64 {
        if let Some(earlier) = self.in_its_place(order) {
            return earlier.effective;
        }
        match (&self.newer, self.older) {
            (Some((_, newer)), None) => newer - BETWEEN,
            (Some((_, newer)), Some(older)) => older + (newer - older).max(0) / 2,
            (None, _) => self.last_effective.filter(|last| *last >= at).map_or(at, |last| last + BETWEEN),
        }
    }

    /// The load of the same file, unless files are ordered otherwise than when it landed.
    fn in_its_place(&self, order: &Order) -> Option<&Earlier> {
        self.earlier.as_ref().filter(|e| e.report.order.as_ref().is_none_or(|o| o.by == order.by))
    }

    /// The file that has landed and is newer, if this one is late.
    pub fn late_for(&self, order: &Order) -> Option<&str> {
        self.in_its_place(order).map_or(self.newer.as_ref().map(|(file, _)| file.as_str()), |_| None)
    }
}

/// µs between the rows of two files that land at once, so that others find room between them later.
const BETWEEN: i64 = 1000;

/// Rows of the ledger that are read at once where more than the last is to be known.
const AT_ONCE: u32 = 64;

/// What of a report says where its file stands.
#[derive(Deserialize)]
struct Placed {
    order: Option<Order>,
    file: String,
}

fn report(text: &str) -> Result<LoadReport, LakeError> {
    serde_json::from_str(text).map_err(|e| LakeError::Corrupt(format!("a load: {e}")))
}

/// The load that makes a file landed already.
///
/// Append: the one of this name and content; else one of this content whose file is not there any more, which got
/// another name; else any of this content, if the source skips files that are identical. Upsert and snapshot: the
/// latest of this name, if its content is this; a file that goes back to what it once was is landed again.
pub(crate) async fn find_earlier(
    tx: &mut Reading,
    source: &Source,
    file: &str,
    content: Hash,
    renamed: &(dyn Fn(&Earlier) -> bool + Sync),
) -> Result<Option<Earlier>, LakeError> {
    let content = content.to_string();
    let earlier = |load: Load| {
        Ok::<_, LakeError>(Earlier {
            report: report(&load.report)?,
            load: load.load,
            definition: load.definition,
            effective: load.effective,
        })
    };
    if source.mode != Mode::Append {
        let found = ledger::newest_of_file(tx, source.id.as_str(), file).await?;
        return found.filter(|load| load.content == content).map(earlier).transpose();
    }
    let alike = ledger::of_content(tx, source.id.as_str(), &content).await?;
    let mut alike = alike.into_iter().map(earlier).collect::<Result<Vec<_>, _>>()?;
    let own = alike.iter().position(|e| e.report.file == file);
    let other = || alike.iter().position(renamed);
    let any = || (source.identical == Identical::Skip && !alike.is_empty()).then_some(0);
    Ok(own.or_else(other).or_else(any).map(|at| alike.swap_remove(at)))
}

/// Everything about the past that a landing needs.
pub(crate) async fn past(
    catalogue: &Catalogue,
    source: &Source,
    (file, content, order): (&str, Hash, &Order),
    renamed: &(dyn Fn(&Earlier) -> bool + Sync),
) -> Result<Past, LandError> {
    let mut tx = catalogue.store.read().await?;
    let mut past = Past {
        earlier: find_earlier(&mut tx, source, file, content, renamed).await?,
        last_effective: ledger::holds_last(&mut tx, source.into.as_str()).await?,
        ..Past::default()
    };
    past.remember(&mut tx, source, content).await?;
    if ordered(source) {
        past.place(&mut tx, source, order).await?;
    }
    Ok(past)
}

/// What the values of a load were like.
fn profiled(report: &str) -> Result<Vec<Profile>, LakeError> {
    #[derive(Deserialize)]
    struct Profiled {
        #[serde(default)]
        profiles: Vec<Profile>,
    }
    let profiled = serde_json::from_str::<Profiled>(report);
    Ok(profiled.map_err(|e| LakeError::Corrupt(format!("a load: {e}")))?.profiles)
}

/// What the file of a load said of its columns. Most say nothing, and their reports are not read for it.
fn labelled(report: &str) -> Result<Vec<(String, String)>, LakeError> {
    #[derive(Deserialize)]
    struct Labelled {
        #[serde(default)]
        labels: Vec<(String, String)>,
    }
    if !report.contains("\"labels\"") {
        return Ok(Vec::new());
    }
    let labelled = serde_json::from_str::<Labelled>(report);
    Ok(labelled.map_err(|e| LakeError::Corrupt(format!("a load: {e}")))?.labels)
}

/// Whether it matters which of a source's files is newer.
pub(crate) fn ordered(source: &Source) -> bool {
    match source.mode {
        Mode::Append => false,
        Mode::Upsert => source.version.is_none(),
        Mode::Snapshot | Mode::Keys => true,
    }
}

impl Past {
    /// What the loads of a source before were like: no more of them than its rules ask for.
    async fn remember(&mut self, tx: &mut Reading, source: &Source, content: Hash) -> Result<(), LakeError> {
        let content = content.to_string();
        let mut rows = 0;
        let mut profiles: BTreeMap<&AttributeId, usize> = BTreeMap::new();
        for rule in &source.rules {
            match &rule.require {
                Requirement::RowsAgainstHistory { loads, .. } => rows = rows.max(*loads as usize),
                Requirement::LikeHistory { attribute, loads, .. } if *loads > 0 => {
                    let wanted = profiles.entry(attribute).or_default();
                    *wanted = (*wanted).max(*loads as usize);
                }
                _ => {}
            }
        }
        let mut last: Option<Load> = None;
        loop {
            let asked = if rows > 0 || !profiles.is_empty() { AT_ONCE } else { 1 };
            let found = ledger::latest(tx, source.id.as_str(), last.as_ref(), asked).await?;
            let all = found.len() < asked as usize;
            for load in found {
                if self.columns.is_none() {
                    self.labels = labelled(&load.report)?;
                    self.columns = Some(load.columns.clone());
                }
                if !load.replaced && load.content != content {
                    if rows > 0 {
                        self.rows.push(load.rows);
                        rows -= 1;
                    }
                    if !profiles.is_empty() {
                        for profile in profiled(&load.report)? {
                            let Some(wanted) = profiles.get_mut(&profile.attribute) else { continue };
                            *wanted -= 1;
                            if *wanted == 0 {
                                profiles.remove(&profile.attribute);
                            }
                            self.profiles.push(profile);
                        }
                    }
                }
                last = Some(load);
            }
            if all || rows == 0 && profiles.is_empty() {
                return Ok(());
            }
        }
    }

    /// Between which files of the lake the file stands. The newer a file, the later its rows hold, so that none is
    /// older than the first older one that is found from behind.
    async fn place(&mut self, tx: &mut Reading, source: &Source, order: &Order) -> Result<(), LakeError> {
        let mut last: Option<Load> = None;
        // Most files are newer than all that have landed.
        let mut asked = 1;
        loop {
            let found = ledger::holding_last(tx, source.id.as_str(), last.as_ref(), asked).await?;
            let all = found.len() < asked as usize;
            for load in found {
                // Files that share an instant stand in no order.
                if self.older.is_some_and(|older| load.effective < older) {
                    return Ok(());
                }
                let placed: Placed = serde_json::from_str(&load.report)
                    .map_err(|e| LakeError::Corrupt(format!("a load: {e}")))?;
                if let Some(other) = placed.order.filter(|o| o.by == order.by) {
                    match natural(&other.value, &order.value) {
                        Ordering::Greater => self.newer = Some((placed.file, load.effective)),
                        Ordering::Less => self.older = self.older.max(Some(load.effective)),
                        Ordering::Equal => {}
                    }
                }
                last = Some(load);
            }
            if all {
                return Ok(());
            }
            asked = AT_ONCE;
        }
    }
}

/// A row of the ledger.
pub(crate) struct Entry<'a> {
    pub report: &'a LoadReport,
    pub effective: i64,
    pub columns: &'a [String],
}

impl Entry<'_> {
    /// As it is kept.
    pub fn row(&self) -> Result<LedgerRow, LakeError> {
        let text = |e: serde_json::Error| LakeError::Corrupt(e.to_string());
        let r = self.report;
        Ok(LedgerRow {
            load: r.load.clone(),
            source: r.source.to_string(),
            entity: r.entity.to_string(),
            file: r.file.clone(),
            content: r.content.to_string(),
            definition: r.definition.to_string(),
            stopped: matches!(r.outcome, LoadOutcome::Stopped { .. }),
            effective: self.effective,
            at: r.at,
            snapshot: r.snapshot.map(|s| s.0),
            rows: r.counts.landed() as i64,
            columns: serde_json::to_string(self.columns).map_err(text)?,
            report: serde_json::to_string(r).map_err(text)?,
        })
    }
}

impl Catalogue {
    /// Since when the rows of each load of an entity hold, µs UTC.
    pub(crate) async fn hold(&self, entity: &EntityId) -> Result<HashMap<String, i64>, LakeError> {
        Ok(ledger::hold(&mut self.store.read().await?, entity.as_str()).await?)
    }

    /// Loads that were not replaced, in order, of one source or all.
    pub async fn loads(&self, source: Option<&SourceId>) -> Result<Vec<LoadReport>, LandError> {
        let reports = ledger::reports(&mut self.store.read().await?, source.map(SourceId::as_str)).await?;
        Ok(reports.iter().map(|text| report(text)).collect::<Result<_, _>>()?)
    }

    /// What each source has delivered.
    pub async fn delivered(&self) -> Result<BTreeMap<SourceId, Delivered>, LandError> {
        let mut tx = self.store.read().await?;
        let mut all: BTreeMap<SourceId, Delivered> = BTreeMap::new();
        for (source, at, rows) in ledger::deliveries(&mut tx).await? {
            if let Ok(source) = source.parse() {
                all.entry(source).or_default().deliveries.push((at, rows));
            }
        }
        for (source, bookmark) in inbox::bookmarks(&mut tx).await? {
            if let Ok(source) = source.parse() {
                all.entry(source).or_default().bookmark = Some(bookmark);
            }
        }
        Ok(all)
    }
}
