//! `kepi run --on-schedule`: a run whenever it is the time of a source, by one process at a time.

use std::{pin::pin, time::Duration};

use kepi_app::{App, AppError, open};
use kepi_model::project::Project;
use kepi_report::format::Clock;
use kepi_store::Lease;

use super::{
    run::{concluded, decided, land_and_publish},
    serve::shutdown,
};
use crate::{
    cli::{Cli, Run},
    compose::{self, Site},
    failure::Failure,
    output::Output,
};

/// What processes that run a project share the lease of.
const LEASE: &str = "run";

/// How long a lease holds that nobody puts off, µs; it is put off three times as often.
const HOLDS: i64 = 90_000_000;

/// How long it takes at most until definitions, or what another process did, are noticed.
const LOOK: Duration = Duration::from_secs(20);

/// After failures it is tried again ever later, at most after an hour.
const MOST_DOUBLINGS: u32 = 8;

/// Runs whenever it is the time of a source, until interrupted; a run that has begun is finished.
pub async fn keep_running(what: &Run, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = Site::of(cli);
    let project = project(site).await?;
    if project.sources.values().all(|source| source.schedule.is_none()) {
        return Err(Failure::Other(
            "no source says when it is looked at: give one `load: {every: 1 hour}`, or `load: {window: nights}`".to_owned(),
        ));
    }
    out.remark("running whenever it is the time of a source  (stop with Ctrl-C)");
    let mut end = pin!(shutdown());
    let (mut failures, mut said) = (0, None);
    loop {
        let pause = match turn(what, cli, site, (&mut said, out)).await {
            Ok(pause) => {
                failures = 0;
                pause
            }
            Err(failure) => {
                failures = MOST_DOUBLINGS.min(failures + 1);
                out.remark(&format!("{}; tried again in {}", failure.in_words(), minutes(failures)));
                LOOK * 2_u32.pow(failures)
            }
        };
        tokio::select! {
            () = &mut end => return Ok(()),
            () = tokio::time::sleep(compose::pause(pause)) => {}
        }
    }
}

/// The definitions that a run goes by.
async fn project(site: Site<'_>) -> Result<Project, Failure> {
    if let Some(decided) = decided(site).await? {
        return Ok(decided);
    }
    let (_, checked) =
        open::check_folder(site.folder, &compose::sources(site.folder), Some(compose::today()))?;
    let errors =
        checked.findings.iter().filter(|of| of.severity == kepi_model::finding::Severity::Error).count();
    checked.value.filter(|_| errors == 0).ok_or_else(|| AppError::Definitions { errors }.into())
}

/// Runs if it is time to and nobody else does; how long it can wait then.
async fn turn(
    what: &Run,
    cli: &Cli,
    site: Site<'_>,
    (said, out): (&mut Option<i64>, Output),
) -> Result<Duration, Failure> {
    let project = project(site).await?;
    let app = compose::app(site, compose::Means::default()).await?;
    let now = compose::now();
    match app.next_look(&project, now).await? {
        None => return Ok(LOOK),
        Some(next) if next > now => {
            if said.replace(next) != Some(next) {
                out.remark(&format!("next: {}", Clock::new(&project.calendar).instant(next)));
            }
            let until = Duration::from_micros(next.abs_diff(now));
            return Ok(until.clamp(Duration::from_secs(1), LOOK));
        }
        Some(_) => {}
    }
    let Some(lease) = app.store.lease(LEASE, now, now + HOLDS).await.map_err(AppError::from)? else {
        return Ok(LOOK);
    };
    // Who had it may have done what there was to do.
    let ran = if is_due(&app, &project).await? {
        tokio::select! {
            report = land_and_publish(what, cli, site, out) => report.and_then(|report| concluded(&report, out)),
            never = put_off(&app, &lease) => match never {},
        }
    } else {
        Ok(())
    };
    app.store.keep_lease(&lease, 0).await.map_err(AppError::from)?;
    match ran {
        // What was not whole was said; nothing is gained by doing it again before it is time.
        Err(_) if !is_due(&app, &project).await? => Ok(LOOK),
        Err(failure) => Err(failure),
        Ok(()) => Ok(Duration::from_secs(1)),
    }
}

/// Whether it is the time of a source now.
async fn is_due(app: &App, project: &Project) -> Result<bool, Failure> {
    let now = compose::now();
    Ok(app.next_look(project, now).await?.is_some_and(|next| next <= now))
}

/// Puts the end of a lease off for as long as somebody waits for this.
async fn put_off(app: &App, lease: &Lease) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(Duration::from_micros(HOLDS.unsigned_abs()) / 3).await;
        match app.store.keep_lease(lease, compose::now() + HOLDS).await {
            Ok(true) => {}
            // What both do is published once.
            Ok(false) => tracing::warn!("another process took over: this one stood still for too long"),
            Err(why) => tracing::warn!(%why, "the lease could not be put off"),
        }
    }
}

fn minutes(failures: u32) -> String {
    let seconds = LOOK.as_secs() << failures;
    if seconds < 120 { format!("{seconds} seconds") } else { format!("{} minutes", seconds / 60) }
}
