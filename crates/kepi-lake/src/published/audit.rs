//! Published rows, held against what `run.published` and `insights.published` sealed: every figure, everything a run vouched for, and
//! what analyses said of it.

use std::{collections::BTreeMap, path::PathBuf};

use kepi_govern::{
    Event,
    event::{RunPublished, Sealed},
};
use kepi_proof::Frontier;
use kepi_query::published::{Form, INSIGHT, SCORE, USUAL, VALUE, Vouched};
use kepi_store::{
    EventFilter, Finding, StoreError,
    audit::finding::{FIGURES, RUN},
    publication::{self as rows, VouchedRow},
};

use super::{FOLDER, Wanted, file, sealed, spelt};
use crate::{LocalLake, durable::blocking, error::LakeError, shared};

impl LocalLake {
    /// What of the published rows is not what the log says; reads every file of them.
    ///
    /// # Errors
    /// The database refuses. Files that cannot be read are findings.
    pub async fn audit_published(&self) -> Result<Vec<Finding>, LakeError> {
        let mut runs: Vec<(u64, RunPublished)> = Vec::new();
        let [mut usual, mut insights] = [Vec::new(), Vec::new()];
        for kind in ["run.published", "insights.published"] {
            let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
            let events = match self.store().events(&filter).await {
                // The audit of the log says which event cannot be read.
                Err(StoreError::Corrupt { .. }) => return Ok(Vec::new()),
                other => other?,
            };
            for recorded in &events {
                match recorded.event() {
                    Ok(Event::RunPublished(run)) => runs.push((recorded.seq, run)),
                    Ok(Event::InsightsPublished(of)) => {
                        usual.push((recorded.seq, of.run, of.usual));
                        insights.push((recorded.seq, of.run, of.insights));
                    }
                    _ => {}
                }
            }
        }
        let of_runs = |sealed: fn(&RunPublished) -> Sealed| -> Vec<(u64, u64, Sealed)> {
            runs.iter().map(|(seq, run)| (*seq, run.run, sealed(run))).collect()
        };
        let mut findings = Vec::new();
        self.figures(&VALUE, &of_runs(|run| run.values), &mut findings).await?;
        self.figures(&SCORE, &of_runs(|run| run.scores), &mut findings).await?;
        self.figures(&USUAL, &usual, &mut findings).await?;
        self.figures(&INSIGHT, &insights, &mut findings).await?;
        let mut reading = self.store().read().await?;
        for (seq, run) in &runs {
            let number = i64::try_from(run.run).unwrap_or(i64::MAX);
            let mut said = rows::vouched(&mut reading, number).await?;
            said.sort_by_cached_key(order);
            if sealed(said.iter().map(spelt)) != run.vouched {
                let message = format!("what run {} vouches for is not what it vouched for", run.run);
                findings.push(Finding::new(RUN, format!("event {seq}"), message));
            }
        }
        Ok(findings)
    }

    async fn figures(
        &self,
        form: &'static Form,
        runs: &[(u64, u64, Sealed)],
        findings: &mut Vec<Finding>,
    ) -> Result<(), LakeError> {
        let mut reading = self.store().read().await?;
        let files = match rows::published_table(&mut reading, form.name).await? {
            Some(table) => rows::published_files(&mut reading, table).await?,
            None => Vec::new(),
        };
        drop(reading);
        let folder = self.catalogue.data.join(FOLDER).join(form.name);
        let paths: Vec<PathBuf> = files.into_iter().map(|file| folder.join(file.name)).collect();
        let wanted = |path: &PathBuf| shared::Wanted { path: path.clone(), bytes: None, checksum: None };
        self.catalogue.bring(paths.iter().map(wanted).collect()).await?;
        let (roots, unread) = blocking(move || roots(form, &paths)).await?;
        for (path, why) in unread {
            let place = path.strip_prefix(&self.catalogue.data).unwrap_or(&path).display().to_string();
            findings.push(Finding::new(FIGURES, place, format!("the file cannot be read: {why}")));
        }
        for (seq, run, expected) in runs {
            let number = i64::try_from(*run).unwrap_or(i64::MAX);
            let found = roots.get(&number).cloned().unwrap_or_default();
            let found = Sealed { rows: found.size(), root: found.root() };
            if found != *expected {
                let message = format!(
                    "the {} rows of {} of run {} are not the {} that it sealed",
                    found.rows, form.name, run, expected.rows
                );
                findings.push(Finding::new(FIGURES, format!("event {seq}"), message));
            }
        }
        let strangers = roots.keys().filter(|run| !runs.iter().any(|(_, of, _)| *of as i64 == **run));
        for run in strangers {
            let message =
                format!("there are rows of {} of run {run}, which the log does not know", form.name);
            findings.push(Finding::new(FIGURES, form.name, message));
        }
        Ok(())
    }
}

/// The rows of each run in the order in which they were written, as a tree; and files that cannot be read.
fn roots(form: &'static Form, paths: &[PathBuf]) -> (BTreeMap<i64, Frontier>, Vec<(PathBuf, String)>) {
    let (mut roots, mut unread) = (BTreeMap::<i64, Frontier>::new(), Vec::new());
    let mut bytes = Vec::new();
    for path in paths {
        match file::read(path, form, Wanted::default()) {
            Ok(table) => {
                for row in 0..table.rows() {
                    table.row_bytes(row, &mut bytes);
                    roots.entry(table.run(row)).or_default().push(&bytes);
                }
            }
            Err(why) => unread.push((path.clone(), why.to_string())),
        }
    }
    (roots, unread)
}

/// The order in which a run vouches: KPIs before scorecards, by id, the shorter grain first.
fn order(row: &VouchedRow) -> (bool, String, Option<kepi_model::calendar::Grain>) {
    (row.subject.starts_with("score/"), row.subject.clone(), Vouched::read_grain(&row.grain))
}
