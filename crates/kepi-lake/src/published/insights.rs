//! Publishing what analyses say of a run: the same files and the same door as its figures, in a transaction of its own, so that
//! no analysis holds up publishing.

use std::{path::PathBuf, sync::Arc};

use kepi_govern::{Command, Evidence, PublishInsights};
use kepi_query::published::{INSIGHT, NewInsights, PublishError, USUAL, Withdrawn};
use kepi_store::{
    Asked, Effects, Receipt, Transaction,
    catalogue::Stamp,
    follow,
    publication::{self as rows, NewestFile},
};

use super::{Files, Written, paths, sealed, write};
use crate::{
    LocalLake,
    door::{CalledOff, permit},
    error::LakeError,
};

/// Under which name it is kept how far insights have come.
pub(super) const FOLLOWER: &str = "insights";

impl LocalLake {
    /// Publishes insights of the newest run; false: there is a newer one, and nothing was done.
    pub(super) async fn publish_insights(&self, of: NewInsights<'_>) -> Result<bool, PublishError> {
        let failed = |e: LakeError| PublishError::Port(e.into());
        let mut reading = self.store().read().await.map_err(LakeError::from).map_err(failed)?;
        let mut files = Vec::new();
        for table in of.tables {
            files.push(Files::of(&mut reading, self, table.form()).await.map_err(failed)?);
        }
        drop(reading);
        let (fs, data) = (Arc::clone(&self.fs), self.catalogue.data.clone());
        let number = of.run.number;
        let write = move |table, files: &Files| {
            write(&fs, &data, files, table, number, |_, _| Some(Withdrawn::RowsGone))
        };
        let mut written = self.write_all(of.tables.to_vec(), files, write).await.map_err(failed)?;
        let paths = paths(&written);
        let permit = permit(of.actor).map_err(failed)?;
        let run = u64::try_from(number).map_err(|e| failed(LakeError::Corrupt(e.to_string())))?;
        let command = Command::PublishInsights(PublishInsights { run, version: of.version });
        let key = format!("insights/{number}");
        let mut effects = Publishing { lake: self, of: &of, written: &mut written, paths: &paths };
        let asked = Asked::new(&permit, &key, of.at);
        Ok(self.perform(asked, &command, &mut effects, &paths).await?.is_some())
    }
}

/// What insights leave in the database beside their event.
struct Publishing<'a> {
    lake: &'a LocalLake,
    of: &'a NewInsights<'a>,
    written: &'a mut [Written],
    paths: &'a [PathBuf],
}

impl Effects for Publishing<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        let newest = rows::newest_run(tx, None).await?.map(|(run, _)| run);
        if newest != Some(self.of.run.number) {
            return Err(CalledOff::Faster);
        }
        self.lake.all_there(self.written).await?;
        for one in self.written.iter_mut() {
            let message = format!("insights of run {}", self.of.run.number);
            let stamp = Stamp { at: self.of.at, actor: self.of.actor, message: &message };
            one.commit(self.lake, tx, stamp).await?;
        }
        let of = |form| {
            let one = self.written.iter().find(|one| std::ptr::eq(one.form, form));
            one.map_or(sealed([]), |one| one.sealed)
        };
        let newest = newest.and_then(|run| u64::try_from(run).ok());
        Ok(Evidence::Insights { newest, usual: of(&USUAL), insights: of(&INSIGHT) })
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        let seq = self.of.run.seq;
        for one in self.written.iter() {
            if let Some((_, file)) = &one.newest {
                rows::set_newest_file(tx, one.form.name, &NewestFile { seq, ..file.clone() }).await?;
            }
        }
        let reached = u64::try_from(seq).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        follow::advance(tx, FOLLOWER, reached).await?;
        self.lake.fs.committing(self.paths);
        Ok(())
    }
}
