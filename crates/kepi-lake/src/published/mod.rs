//! Published figures: Parquet files under the schema `published`; runs, and what they vouch for, beside the catalogue.
//!
//! A run's files are on the disk before the transaction that names them. The newest row of each key is also kept in
//! one file a table, made anew now and then, so that a reader opens a handful of files however many runs there were.

mod audit;
mod file;
mod files;
mod insights;
mod write;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use jiff::civil::Date;
use kepi_govern::{Command, Evidence, Publish, event::RunCounts, plain::Engine};
use kepi_model::{
    calendar::ordinal_of_day,
    id::{Hash, SourceId},
};
use kepi_proof::{Digest, canonical};
use kepi_query::{
    landing::{NotLanded, PortError},
    port::{EngineVersion, Fut, SnapshotId},
    published::{
        Counts, Form, NewInsights, NewRun, PublishError, Published, Run, RunPins, RunTime, SCORE, Subject,
        Table, VALUE, Values, Vouched, causes, newest, point,
    },
};
use kepi_store::{
    Asked, Effects, Performed, Reading, Receipt, Store, StoreError, Transaction,
    catalogue::Stamp,
    publication::{self as rows, NewestFile, RunRow, VouchedRow},
};
use serde_json::json;

use crate::{
    LocalLake,
    door::{CalledOff, permit, plain},
    error::{LakeError, LandError},
    folders::PUBLISHED as FOLDER,
};
use file::Wanted;
use files::{Files, all_of};
use write::{Written, paths, sealed, write};

/// How often a run tries to publish while others do.
const ATTEMPTS: usize = 5;

impl LocalLake {
    fn store(&self) -> &Store {
        &self.catalogue.store
    }

    /// Tries once. None: another run was published meanwhile, and what was written is gone again.
    async fn try_publish(&self, run: &NewRun<'_>) -> Result<Option<Published>, PublishError> {
        let failed = |e: LakeError| PublishError::Port(e.into());
        let mut reading = self.store().read().await.map_err(LakeError::from).map_err(failed)?;
        let head = rows::newest_run(&mut reading, None).await.map_err(LakeError::from).map_err(failed)?;
        let before = standing(&mut reading, head.map(|(run, _)| run)).await.map_err(failed)?;
        let calendar = rows::calendar_of(&mut reading, head.map(|(run, _)| run)).await;
        let calendar = calendar.map_err(LakeError::from).map_err(failed)?;
        let same_calendar = calendar.is_none_or(|known| known == run.pins.calendar.to_string());
        let mut files = Vec::new();
        for table in run.figures {
            files.push(Files::of(&mut reading, self, table.form()).await.map_err(failed)?);
        }
        drop(reading);
        overtaken(run.vouched, &before)?;
        let earlier: Vec<Vouched> = before.iter().map(|(_, of)| of.clone()).collect();
        let (fs, data) = (Arc::clone(&self.fs), self.catalogue.data.clone());
        let (number, now) = (run.number, run.vouched.to_vec());
        let write = move |table, files: &Files| {
            write(&fs, &data, files, table, number, causes(&now, &earlier, same_calendar))
        };
        let mut written = self.write_all(run.figures.to_vec(), files, write).await.map_err(failed)?;
        let paths = paths(&written);
        let permit = permit(run.actor).map_err(failed)?;
        let command = command(run).map_err(failed)?;
        let key = format!("run/{}", run.number);
        let asked = Asked::new(&permit, &key, run.at);
        let mut effects =
            Publishing { lake: self, run, head, before: &before, written: &mut written, paths: &paths };
        let done = self.perform(asked, &command, &mut effects, &paths).await?;
        Ok(done.map(|receipt| {
            let seq = i64::try_from(receipt.last).unwrap_or(i64::MAX);
            let counts = written.iter().map(|one| one.counts).collect();
            Published { seq, counts, changed: written.iter().map(|one| one.changed.clone()).collect() }
        }))
    }

    /// Names the files that were written and does what belongs to that. None: another was faster, and the files are gone again.
    async fn perform<E: Effects<Output = (), Error = CalledOff>>(
        &self,
        asked: Asked<'_>,
        command: &Command,
        effects: &mut E,
        paths: &[PathBuf],
    ) -> Result<Option<Receipt>, PublishError> {
        match self.store().perform(asked, command, effects).await {
            Ok(Performed::Done(receipt, ())) => Ok(Some(receipt)),
            // Its key is its own: another process did the same, or a newer run is there.
            Ok(Performed::Before(_)) | Err(CalledOff::Faster) => {
                self.remove_all(paths);
                Ok(None)
            }
            // It may have been done although it could not be acknowledged: the files stay.
            Err(CalledOff::Failed(LandError::Lake(e @ LakeError::Store(StoreError::Unacknowledged(_))))) => {
                Err(PublishError::Port(e.into()))
            }
            Err(CalledOff::Failed(error)) => {
                self.remove_all(paths);
                Err(PublishError::Port(error.into()))
            }
        }
    }
}

/// What a run leaves in the database beside its event.
struct Publishing<'a> {
    lake: &'a LocalLake,
    run: &'a NewRun<'a>,
    /// The newest run when this one was compared with it, and its position.
    head: Option<(i64, i64)>,
    before: &'a [(i64, Vouched)],
    written: &'a mut [Written],
    paths: &'a [PathBuf],
}

impl Effects for Publishing<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        if rows::newest_run(tx, None).await? != self.head {
            return Err(CalledOff::Faster);
        }
        self.lake.all_there(self.written).await?;
        let run = self.run;
        for one in self.written.iter_mut() {
            let message = format!("run {}", run.number);
            let stamp = Stamp { at: run.at, actor: run.actor, message: &message };
            one.commit(self.lake, tx, stamp).await?;
        }
        let of = |form: &Form| {
            let one = self.written.iter().find(|one| std::ptr::eq(one.form, form));
            one.map_or((Counts::default(), sealed([])), |one| (one.counts, one.sealed))
        };
        let ((values, of_values), (scores, of_scores)) = (of(&VALUE), of(&SCORE));
        let all = self.written.iter().map(|one| one.counts).fold(Counts::default(), |a, b| a + b);
        let computed = run.figures.iter().filter(|table| std::ptr::eq(table.form(), &VALUE));
        let reasons =
            computed.map(|table| (0..table.rows()).filter(|row| point(table, *row).is_none()).count());
        let vouched = run.vouched.iter().map(|of| spelt(&vouched_row(run.number, of, self.before)));
        Ok(Evidence::Published {
            outrun_by: None,
            counts: RunCounts {
                values: values.computed(),
                reasons: reasons.sum::<usize>() as u64,
                scores: scores.computed(),
                first: all.first,
                restated: all.restated,
                withdrawn: all.withdrawn,
                unchanged: all.unchanged,
            },
            values: of_values,
            scores: of_scores,
            vouched: sealed(vouched),
        })
    }

    async fn write(&mut self, tx: &mut Transaction, receipt: Receipt) -> Result<(), CalledOff> {
        let run = self.run;
        let seq = i64::try_from(receipt.last).map_err(|e| LakeError::Corrupt(e.to_string()))?;
        rows::end_run(tx, &run_row(run, seq)?).await?;
        let vouched: Vec<VouchedRow> =
            run.vouched.iter().map(|of| vouched_row(run.number, of, self.before)).collect();
        rows::vouch(tx, run.number, &vouched).await?;
        for one in self.written.iter() {
            if let Some((_, file)) = &one.newest {
                rows::set_newest_file(tx, one.form.name, &NewestFile { seq, ..file.clone() }).await?;
            }
        }
        self.lake.fs.committing(self.paths);
        Ok(())
    }
}

fn command(run: &NewRun<'_>) -> Result<Command, LakeError> {
    let unsigned = |n: i64| u64::try_from(n).map_err(|_| corrupt(n));
    let watermarks = serde_json::to_value(&run.pins.watermarks).map_err(corrupt)?;
    Ok(Command::Publish(Publish {
        run: unsigned(run.number)?,
        register: run.pins.register,
        definitions: run.pins.definition,
        lake: plain(&run.pins.lake)?,
        snapshot: unsigned(run.pins.snapshot.0)?,
        engine: Engine::named(&run.pins.engine.0).map_err(corrupt)?,
        watermarks: Digest::of(canonical(&watermarks).map_err(corrupt)?.as_bytes()),
    }))
}

/// What a run says of a subject, as it is sealed.
fn spelt(of: &VouchedRow) -> Vec<u8> {
    let VouchedRow { subject, grain, by, definition, mapping, span, changed, not_renewed } = of;
    json!([subject, grain, by, definition, mapping, span, changed, not_renewed]).to_string().into_bytes()
}

/// What stands after a run: of each subject and grain who vouches for it, and what it said.
async fn standing(reading: &mut Reading, run: Option<i64>) -> Result<Vec<(i64, Vouched)>, LakeError> {
    let Some(run) = run else { return Ok(Vec::new()) };
    rows::vouched(reading, run).await?.into_iter().map(read_vouched).collect()
}

/// Refuses a run whose data are older than what is published of one of its subjects.
fn overtaken(now: &[Vouched], before: &[(i64, Vouched)]) -> Result<(), PublishError> {
    for of in now.iter().filter(|of| of.not_renewed.is_none()) {
        let known = before.iter().find(|(_, b)| b.subject == of.subject && b.grain == of.grain);
        if let Some((_, theirs)) = known.filter(|(_, theirs)| theirs.changed > of.changed) {
            let subject = of.subject.clone();
            return Err(PublishError::Overtaken { subject, ours: of.changed, theirs: theirs.changed });
        }
    }
    Ok(())
}

fn corrupt(what: impl std::fmt::Display) -> LakeError {
    LakeError::Corrupt(format!("a run: {what}"))
}

fn run_row(run: &NewRun<'_>, seq: i64) -> Result<RunRow, LakeError> {
    let RunPins { register, definition, lake, snapshot, engine, calendar, zones, watermarks } = run.pins;
    Ok(RunRow {
        run: run.number,
        seq,
        at: run.at,
        register: i64::try_from(*register).map_err(corrupt)?,
        definition: definition.to_string(),
        lake: lake.clone(),
        snapshot: snapshot.0,
        engine: engine.0.clone(),
        calendar: calendar.to_string(),
        zones: zones.clone(),
        watermarks: serde_json::to_string(watermarks).map_err(corrupt)?,
    })
}

fn read_run(row: RunRow) -> Result<Run, LakeError> {
    Ok(Run {
        number: row.run,
        seq: row.seq,
        at: row.at,
        pins: RunPins {
            register: u64::try_from(row.register).map_err(corrupt)?,
            definition: Hash::try_from(row.definition).map_err(corrupt)?,
            lake: row.lake,
            snapshot: SnapshotId(row.snapshot),
            engine: EngineVersion(row.engine),
            calendar: Hash::try_from(row.calendar).map_err(corrupt)?,
            zones: row.zones,
            watermarks: serde_json::from_str(&row.watermarks).map_err(corrupt)?,
        },
    })
}

/// What a run could not renew is said by whoever vouched for it before, in whose words.
fn vouched_row(run: i64, of: &Vouched, before: &[(i64, Vouched)]) -> VouchedRow {
    let known = before.iter().find(|(_, b)| b.subject == of.subject && b.grain == of.grain);
    let (by, said) = match (&of.not_renewed, known) {
        (Some(_), Some((by, said))) => (*by, said),
        _ => (run, of),
    };
    VouchedRow {
        subject: of.subject.to_string(),
        grain: of.grain_text().to_owned(),
        by,
        definition: said.definition.to_string(),
        mapping: said.mapping.to_string(),
        span: said.span.map(|(first, last)| (first.to_string(), last.to_string())),
        changed: said.changed.0,
        not_renewed: of.not_renewed.clone(),
    }
}

fn read_vouched(row: VouchedRow) -> Result<(i64, Vouched), LakeError> {
    let day = |text: &str| text.parse::<Date>().map_err(corrupt);
    let subject: Subject = row.subject.parse().map_err(corrupt)?;
    Ok((
        row.by,
        Vouched {
            subject,
            grain: Vouched::read_grain(&row.grain).ok_or_else(|| corrupt(&row.grain))?,
            definition: Hash::try_from(row.definition).map_err(corrupt)?,
            mapping: Hash::try_from(row.mapping).map_err(corrupt)?,
            span: row.span.map(|(a, b)| Ok::<_, LakeError>((day(&a)?, day(&b)?))).transpose()?,
            changed: SnapshotId(row.changed),
            not_renewed: row.not_renewed,
        },
    ))
}

impl Values for LocalLake {
    fn begin<'a>(&'a self, at: i64) -> Fut<'a, Result<i64, PortError>> {
        Box::pin(async move {
            let mut tx = self.store().begin().await?;
            let run = rows::begin_run(&mut tx, at).await?;
            tx.commit().await?;
            Ok(run)
        })
    }

    fn publish<'a>(&'a self, run: NewRun<'a>) -> Fut<'a, Result<Published, PublishError>> {
        Box::pin(async move {
            for _ in 0..ATTEMPTS {
                if let Some(published) = self.try_publish(&run).await? {
                    return Ok(published);
                }
            }
            Err(PublishError::Busy)
        })
    }

    fn publish_insights<'a>(&'a self, insights: NewInsights<'a>) -> Fut<'a, Result<bool, PublishError>> {
        Box::pin(self.publish_insights(insights))
    }

    fn insights_reach(&self) -> Fut<'_, Result<i64, PortError>> {
        Box::pin(async move { Ok(i64::try_from(self.store().cursor(insights::FOLLOWER).await?)?) })
    }

    fn record_looks<'a>(
        &'a self,
        run: i64,
        took: &'a [(Option<SourceId>, i64)],
        not_landed: &'a [NotLanded],
    ) -> Fut<'a, Result<(), PortError>> {
        let name = |of: &Option<SourceId>| of.as_ref().map_or(String::new(), ToString::to_string);
        let took: Vec<(String, i64)> = took.iter().map(|(source, took)| (name(source), *took)).collect();
        let not_landed = not_landed.iter().map(|of| rows::NotLandedRow {
            run,
            at: 0,
            source: of.source.to_string(),
            file: of.file.clone().unwrap_or_default(),
            entity: of.entity.to_string(),
            reason: of.reason.clone(),
        });
        let not_landed: Vec<rows::NotLandedRow> = not_landed.collect();
        Box::pin(async move {
            let mut tx = self.store().begin().await?;
            rows::took(&mut tx, run, &took).await?;
            rows::not_landed(&mut tx, run, &not_landed).await?;
            Ok(tx.commit().await?)
        })
    }

    fn not_landed(&self) -> Fut<'_, Result<Vec<(i64, NotLanded)>, PortError>> {
        Box::pin(async move {
            let all = rows::still_not_landed(&mut self.store().read().await?).await?;
            let read = |of: rows::NotLandedRow| {
                let (source, entity) = (of.source.parse().ok()?, of.entity.parse().ok()?);
                let file = Some(of.file).filter(|file| !file.is_empty());
                Some((of.at, NotLanded { source, entity, file, reason: of.reason }))
            };
            Ok(all.into_iter().filter_map(read).collect())
        })
    }

    fn times(&self, looks_after: i64) -> Fut<'_, Result<Vec<RunTime>, PortError>> {
        Box::pin(async move {
            let all = rows::times(&mut self.store().read().await?, looks_after).await?;
            let read = |of: rows::TimeRow| RunTime {
                run: of.run,
                at: of.at,
                source: of.source.parse().ok(),
                took: of.took,
            };
            Ok(all.into_iter().map(read).collect())
        })
    }

    fn last_looks(&self) -> Fut<'_, Result<BTreeMap<SourceId, i64>, PortError>> {
        Box::pin(async move {
            let all = rows::last_looks(&mut self.store().read().await?).await?;
            Ok(all.into_iter().filter_map(|(source, at)| Some((source.parse().ok()?, at))).collect())
        })
    }

    fn runs(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<Run>, PortError>> {
        Box::pin(async move {
            let runs = rows::runs(&mut self.store().read().await?, up_to).await?;
            Ok(runs.into_iter().map(read_run).collect::<Result<_, _>>()?)
        })
    }

    fn vouched(&self, up_to: Option<i64>) -> Fut<'_, Result<Vec<(i64, Vouched)>, PortError>> {
        Box::pin(async move {
            let mut reading = self.store().read().await?;
            let newest = rows::newest_run(&mut reading, up_to).await?;
            Ok(standing(&mut reading, newest.map(|(run, _)| run)).await?)
        })
    }

    fn newest<'a>(
        &'a self,
        form: &'static Form,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let subjects = subjects.map(<[String]>::to_vec);
        Box::pin(self.read_published(form, move |files| {
            files.current(form, Wanted { subjects: subjects.as_deref(), period: None })
        }))
    }

    fn after(&self, form: &'static Form, position: i64) -> Fut<'_, Result<Table, PortError>> {
        Box::pin(self.read_published(form, move |files| {
            let tables = files.read(files.after(position), form, Wanted::default())?;
            let rows = all_of(form, &tables);
            let rows = rows.filter(|row| files.rank(rows.run(row)) > position);
            Ok(rows.sorted(|run| files.rank(run)))
        }))
    }

    fn as_of<'a>(
        &'a self,
        form: &'static Form,
        position: i64,
        subjects: Option<&'a [String]>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let subjects = subjects.map(<[String]>::to_vec);
        Box::pin(self.read_published(form, move |files| {
            let wanted = Wanted { subjects: subjects.as_deref(), period: None };
            let mut tables = files.read(files.files.iter().collect(), form, wanted)?;
            for table in &mut tables {
                *table = table.filter(|row| files.rank(table.run(row)) <= position);
            }
            Ok(newest(form, &tables, |run| files.rank(run)))
        }))
    }

    fn history<'a>(
        &'a self,
        form: &'static Form,
        subject: &'a str,
        period: Option<Date>,
    ) -> Fut<'a, Result<Table, PortError>> {
        let (subjects, period) = ([subject.to_owned()], period.map(ordinal_of_day));
        Box::pin(self.read_published(form, move |files| {
            let wanted = Wanted { subjects: Some(&subjects), period };
            let tables = files.read(files.files.iter().collect(), form, wanted)?;
            Ok(all_of(form, &tables).sorted(|run| files.rank(run)))
        }))
    }
}
