//! Publishing what analyses say of a run: the same files and the same door as its figures, in a transaction of its own, so that
//! no analysis holds up publishing.

use std::{path::PathBuf, sync::Arc};

use kepi_govern::{Command, Evidence, PublishInsights};
use kepi_query::published::{INSIGHT, NewInsights, PublishError, USUAL, Withdrawn};
use kepi_store::{
    Asked, Effects, Performed, Receipt, StoreError, Transaction,
    catalogue::Stamp,
    follow,
    publication::{self as rows, NewestFile},
};

use super::{Files, Written, paths, sealed, write};
use crate::{
    LocalLake,
    door::{CalledOff, permit},
    durable::blocking,
    error::{LakeError, LandError},
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
        let (tables, number) = (of.tables.to_vec(), of.run.number);
        let written = blocking(move || {
            let mut written = Vec::new();
            for (table, files) in tables.into_iter().zip(&files) {
                match write(&fs, &data, files, table, number, |_, _| Some(Withdrawn::RowsGone)) {
                    Ok(one) => written.push(one),
                    Err(error) => return Err((error, written)),
                }
            }
            Ok(written)
        });
        let mut written = match written.await.map_err(failed)? {
            Ok(written) => written,
            Err((error, written)) => {
                self.remove_all(&paths(&written));
                return Err(failed(error));
            }
        };
        let paths = paths(&written);
        let permit = permit(of.actor).map_err(failed)?;
        let run = u64::try_from(number).map_err(|e| failed(LakeError::Corrupt(e.to_string())))?;
        let command = Command::PublishInsights(PublishInsights { run, version: of.version });
        let key = format!("insights/{number}");
        let mut effects = Publishing { lake: self, of: &of, written: &mut written, paths: &paths };
        match self.store().perform(Asked::new(&permit, &key, of.at), &command, &mut effects).await {
            Ok(Performed::Done(..)) => Ok(true),
            // Another process was as fast, or a newer run is there.
            Ok(Performed::Before(_)) | Err(CalledOff::Faster) => {
                self.remove_all(&paths);
                Ok(false)
            }
            // It may have been done although it could not be acknowledged: the files stay.
            Err(CalledOff::Failed(LandError::Lake(e @ LakeError::Store(StoreError::Unacknowledged(_))))) => {
                Err(failed(e))
            }
            Err(CalledOff::Failed(error)) => {
                self.remove_all(&paths);
                Err(PublishError::Port(error.into()))
            }
        }
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
