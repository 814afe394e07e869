//! Dual runs of changes that wait, kept beside the data: whoever decides sees figures by both definitions without computing them, and
//! whoever is told afterwards sees what was and what is. They are a view: nothing is published, and a run makes them anew.

use std::{fs, path::PathBuf};

use kepi_govern::{Content, Item, Organisation, items::Outcome};
use kepi_model::wording::with_causes;
use kepi_report::dual::DualRun;
use serde::{Deserialize, Serialize};

use crate::{
    deciding::Deciding,
    error::AppError,
    open::{App, STATE_FOLDER},
    run::RunProgress,
};

/// Where they lie, beneath what Kepi keeps.
const FOLDER: [&str; 2] = ["data", "dual"];

/// One as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Hash of the content that it is of.
    content: String,
    run: DualRun,
}

impl App {
    fn dual_path(&self, item: u64) -> PathBuf {
        let folder = FOLDER.iter().fold(self.root.join(STATE_FOLDER), |path, part| path.join(part));
        folder.join(format!("{item}.json"))
    }

    fn kept_dual(&self, item: &Item) -> Option<DualRun> {
        let text = fs::read(self.dual_path(item.number)).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.content == item.digest.to_string()).then_some(kept.run)
    }

    /// Makes the dual runs of changes that wait: of those that have none of what they propose by now, or, where rows have landed since,
    /// of all.
    ///
    /// # Errors
    /// The database refuses, or what is in force cannot be read.
    pub async fn dual_runs(&self, at: i64, all: bool, progress: &dyn RunProgress) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        for item in organisation.items.open() {
            // What is in force already was held against what was in force before.
            let waits = item.content.change().is_some() && !item.is_unratified();
            if !waits || (!all && self.kept_dual(item).is_some()) {
                continue;
            }
            let Some((before, after)) = Deciding(&self.store).by_both(&organisation, item).await? else {
                continue;
            };
            let planned = self.planned_from((&before.0, &before.1), (&after.0, &after.1), at, progress).await;
            let run = match planned {
                Ok(planned) => planned.into_dual_run(at),
                Err(why) => DualRun { at, not_run: Some(with_causes(&why)), ..DualRun::default() },
            };
            self.keep_dual(item, run);
        }
        Ok(())
    }

    /// Beside the file that is read meanwhile, and then in its place. Without a place to keep it nobody decides otherwise.
    fn keep_dual(&self, item: &Item, run: DualRun) {
        let path = self.dual_path(item.number);
        let kept = Kept { content: item.digest.to_string(), run };
        let written = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder)?;
            let beside = path.with_extension("new");
            fs::write(&beside, serde_json::to_vec(&kept)?)?;
            fs::rename(beside, &path)
        };
        if let Err(why) = written() {
            tracing::warn!("the dual run of item {} was not kept: {why}", item.number);
        }
    }

    /// Figures by both definitions: of a change by what is in force and by what it proposes, of a notice by what was and by what is
    /// since, of the KPIs of which somebody is told. None: it changes none, or they were not computed.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn dual_run(&self, number: u64) -> Result<Option<DualRun>, AppError> {
        let organisation = self.store.organisation().await?;
        match organisation.items.get(number) {
            Some(item) => self.dual_run_of(&organisation, item).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn dual_run_of(
        &self,
        organisation: &Organisation,
        item: &Item,
    ) -> Result<Option<DualRun>, AppError> {
        let Content::ChangeNotice(of) = &item.content else {
            return Ok(item.content.change().and_then(|_| self.kept_dual(item)));
        };
        let took_effect =
            |item: &&Item| item.content.change().is_some() && matches!(item.ended, Some((Outcome::Done, _)));
        for change in organisation.items.all().rev().filter(took_effect) {
            let Some(mut run) = self.kept_dual(change) else { continue };
            let between = Deciding(&self.store).took_effect(change.number).await?;
            if !between.is_some_and(|(decided, until)| of.before < until && of.register > decided) {
                continue;
            }
            run.figures.retain(|both| of.kpis.iter().any(|kpi| kpi.as_str() == both.id));
            run.vetted.retain(|said| of.kpis.iter().any(|kpi| kpi.as_str() == said.kpi));
            run.scores.clear();
            return Ok(Some(run));
        }
        Ok(None)
    }
}
