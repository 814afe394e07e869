//! `kepi audit`: the log, and whether it is what it was.

use jiff::Timestamp;
use kepi_app::audit::{self, Custody};
use kepi_govern::{Content, Event, event::ItemOpened, wire::KINDS};
use kepi_model::{project::Project, wording::nearest};
use kepi_report::format;
use kepi_store::{Audited, EventFilter, Proof, Store, audit::Severity};
use serde_json::{Value, json};

use crate::{
    cli::{Audit, AuditExport, AuditLog, AuditProof, AuditVerify, Cli, Format, Outside},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Does what is asked of the log.
pub async fn audit(what: &Audit, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = Site::of(cli);
    let custody = |outside: &Outside| compose::custody(site, outside);
    match what {
        Audit::Verify(which) => verify(which, site, &custody(&which.outside)?, out).await,
        Audit::Log(which) => log(which, (&to_read(site).await?, site), out).await,
        Audit::Proof(which) => proof(which, &to_read(site).await?, &custody(&Outside::default())?, out).await,
        Audit::Export(which) => {
            export(which, &to_read(site).await?, &custody(&Outside::default())?, out).await
        }
        Audit::Checkpoint(outside) => checkpoint(&to_write(site).await?, &custody(outside)?, out).await,
        Audit::Rotate(outside) => rotate(&to_write(site).await?, &custody(outside)?, out).await,
        Audit::Rebuild => rebuild(&to_write(site).await?, out).await,
    }
}

async fn to_read(site: Site<'_>) -> Result<Store, Failure> {
    compose::audited(site).await?.ok_or_else(nothing)
}

async fn to_write(site: Site<'_>) -> Result<Store, Failure> {
    compose::audited_to_write(site).await?.ok_or_else(nothing)
}

fn nothing() -> Failure {
    Failure::Other("there is no log yet: `kepi run` lands the data, computes and publishes".to_owned())
}

async fn verify(which: &AuditVerify, site: Site<'_>, custody: &Custody, out: Output) -> Result<(), Failure> {
    let store = to_read(site).await?;
    let keys = which.key.iter().map(|key| audit::read_key(key)).collect::<Result<Vec<_>, _>>()?;
    let mut audited = audit::verify(&store, custody, &keys).await?;
    if !which.no_figures {
        let figures = compose::audited_figures(site, store).await?;
        audit::add(&mut audited, figures);
    }
    match out.format {
        Format::Json => out.json(&audited)?,
        Format::Csv => out.rows(&findings(&audited))?,
        Format::Table => print(&audited, which.no_figures, out)?,
    }
    if audited.holds() { Ok(()) } else { Err(Failure::Findings) }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn findings(audited: &Audited) -> Grid {
    let mut grid = Grid::new(&["Severity", "Code", "Place", "Message", "Expected", "Fix"]);
    for finding in &audited.findings {
        let cells = [finding.code, &finding.place, &finding.message, finding.expected, finding.fix];
        grid.push([word(finding.severity)].into_iter().chain(cells).map(Field::text).collect());
    }
    grid
}

fn print(audited: &Audited, no_figures: bool, out: Output) -> Result<(), Failure> {
    let mut before = "";
    for finding in &audited.findings {
        out.line(&format!(
            "{} {} {}: {}",
            word(finding.severity),
            finding.code,
            finding.place,
            finding.message
        ))?;
        // What is said of the first of a kind is true of all.
        if finding.code != before {
            out.line(&format!("  expected: {}\n  what to do: {}", finding.expected, finding.fix))?;
        }
        before = finding.code;
    }
    let errors = audited.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let Audited { events, checkpoints, outside, covered, texts, erased, records, .. } = audited;
    out.line(&format!(
        "{}, {covered} of them under a signed checkpoint that holds",
        counted(*events, "event")
    ))?;
    let holds = if *checkpoints == 1 { "holds" } else { "hold" };
    out.line(&format!(
        "{} {holds}, {outside} of them kept outside the database, too",
        counted(*checkpoints, "checkpoint")
    ))?;
    let figures = if no_figures { "" } else { " and their figures" };
    out.line(&format!(
        "{records} loads and runs{figures}, {texts} texts ({erased} erased) and all projections compared"
    ))?;
    out.line(&match errors {
        0 => format!("nothing was changed: {}", audited.log),
        1 => "1 error: this is not what it was".to_owned(),
        n => format!("{n} errors: this is not what it was"),
    })?;
    Ok(())
}

/// What happened, with a difference that is expected as people read it, where it is known what the KPI is measured in.
fn words(event: &Event, project: Option<&Project>) -> String {
    let words = event.words();
    let plan = match event {
        Event::ItemOpened(ItemOpened { content: Content::ActionPlan(plan), .. }) => plan,
        _ => return words,
    };
    let Some(kpi) = project.and_then(|project| project.kpis.get(&plan.kpi)) else { return words };
    let (kept, change) = (&plan.expected.change, plan.expected.change.get());
    let read = format::difference(change, &kpi.unit, format::decimals(change, None, &kpi.unit));
    words.replace(&format!(", {kept} expected by"), &format!(", {read} expected by"))
}

/// Refuses what no event is of, or about: an empty table would say that nothing happened.
async fn are_known(which: &AuditLog, store: &Store) -> Result<(), Failure> {
    if let Some(kind) = &which.kind {
        let kinds = || KINDS.iter().map(|(kind, _)| *kind);
        let is = |known: &str| match kind.strip_suffix('*') {
            Some(begins) => known.starts_with(begins),
            None => known == kind,
        };
        if !kinds().any(is) {
            let near =
                nearest(kind, kinds()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let all: Vec<&str> = kinds().collect();
            return Err(Failure::Other(format!(
                "there is no kind of event `{kind}`: {near}there are {}",
                all.join(", ")
            )));
        }
    }
    let Some(about) = &which.about else { return Ok(()) };
    let any = EventFilter { subject: Some(about.clone()), limit: Some(1), ..EventFilter::default() };
    match store.events(&any).await.map_err(kepi_app::AppError::from)?.is_empty() {
        false => Ok(()),
        true => Err(Failure::Other(format!(
            "no event is about `{about}`; `kepi audit log` shows what each is about, such as `kpi/nps` or `item/12`"
        ))),
    }
}

async fn log(which: &AuditLog, (store, site): (&Store, Site<'_>), out: Output) -> Result<(), Failure> {
    let filter = EventFilter {
        kind: which.kind.clone(),
        subject: which.about.clone(),
        after: which.after,
        limit: Some(which.limit),
    };
    let events = store.events(&filter).await.map_err(kepi_app::AppError::from)?;
    if events.is_empty() {
        are_known(which, store).await?;
    }
    let project = match compose::reading(site).await? {
        Some(app) => app.in_force().await.ok(),
        None => None,
    };
    let mut grid = Grid::new(&["Seq", "At", "By", "Event", "About", "Cause", "What"]);
    let mut list = Vec::new();
    for event in &events {
        let who = store.name_of(&event.by).await.map_err(kepi_app::AppError::from)?;
        let at = Timestamp::from_microsecond(event.at).map(|t| t.to_string()).unwrap_or_default();
        let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
        // What a newer Kepi has written is kept and shown as it is.
        let what = event.event().map_or_else(|_| String::new(), |event| words(&event, project.as_ref()));
        let cause = event.cause.map(|c| c.to_string()).unwrap_or_default();
        grid.push(vec![
            Field::digits(event.seq.to_string(), event.seq.to_string()),
            Field::text(at.as_str()),
            Field::text(who.as_str()),
            Field::text(event.kind.as_str()),
            Field::text(event.subject.as_str()),
            Field::digits(cause.clone(), cause),
            Field::text(what.as_str()),
        ]);
        list.push(json!({
            "seq": event.seq, "at": at, "by": event.by.to_string(), "name": who, "kind": event.kind.as_str(),
            "v": event.v, "subject": event.subject.as_str(), "n": event.n, "cause": event.cause, "body": body, "what": what,
        }));
    }
    match out.format {
        Format::Json => out.json(&list)?,
        Format::Csv | Format::Table => out.rows(&grid)?,
    }
    let head = store.newest_event().await.map_err(kepi_app::AppError::from)?;
    if events.len() as u64 == u64::from(which.limit) && events.last().is_some_and(|e| e.seq < head) {
        let last = events.last().map_or(0, |e| e.seq);
        out.remark(&format!("more: `--after {last}`; the log has {head} events"));
    }
    Ok(())
}

async fn proof(which: &AuditProof, store: &Store, custody: &Custody, out: Output) -> Result<(), Failure> {
    let failed = kepi_app::AppError::from;
    let head = store.newest_event().await.map_err(failed)?;
    let (proof, notes) = match (which.seq, which.since) {
        (Some(seq), _) => {
            let covering = audit::covering(store, custody, seq).await?;
            let size = covering.as_ref().map_or(head, |(checkpoint, _)| checkpoint.size);
            let note = covering.into_iter().map(|(_, note)| note);
            (store.inclusion(seq, size).await.map_err(failed)?, note.collect::<Vec<_>>())
        }
        (None, since) => {
            let since = since.unwrap_or(0);
            let newest = audit::newest(store, custody).await?;
            let size = newest.as_ref().map_or(head, |(checkpoint, _)| checkpoint.size);
            let covering = audit::covering(store, custody, since).await?;
            if since > 0 && covering.as_ref().is_none_or(|(checkpoint, _)| checkpoint.size != since) {
                let other = covering.as_ref().map_or_else(String::new, |(checkpoint, _)| {
                    format!("; the next one is of {0}: `--since {0}`", checkpoint.size)
                });
                out.remark(&format!(
                    "no checkpoint was signed at {}: whoever verifies this has no root of then to hold it against{other}",
                    counted(since, "event")
                ));
            }
            let of_then = covering.filter(|(c, _)| c.size == since);
            let notes = of_then.into_iter().chain(newest).map(|(_, note)| note);
            (store.consistency(since, size).await.map_err(failed)?, notes.collect())
        }
    };
    let Some(proof) = proof else {
        return Err(Failure::Other(format!("the log has {head} events; name one of 1 to {head}")));
    };
    if notes.is_empty() {
        out.remark("nobody has signed this yet: `kepi audit checkpoint` signs the log as it stands");
    }
    match out.format {
        Format::Json => {
            let mut value = serde_json::to_value(&proof).map_err(std::io::Error::other)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("checkpoints".to_owned(), json!(notes));
                let keys: Vec<String> = custody.known()?.iter().map(ToString::to_string).collect();
                object.insert("keys".to_owned(), json!(keys));
            }
            out.json(&value)?;
        }
        Format::Csv | Format::Table => {
            let path = match &proof {
                Proof::Inclusion { seq, event, size, root, path } => {
                    out.line(&format!("event {seq} is in the log of {size} events with root {root}"))?;
                    out.line(event)?;
                    path
                }
                Proof::Consistency { earlier, before, size, root, path } => {
                    out.line(&format!("the log of {size} events with root {root}"))?;
                    out.line(&format!("begins as that of {earlier} events with root {before}"))?;
                    path
                }
            };
            out.line("by these hashes:")?;
            for hash in path {
                out.line(&format!("  {hash}"))?;
            }
            for note in &notes {
                out.line(&format!("signed:\n{note}"))?;
            }
        }
    }
    Ok(())
}

async fn export(which: &AuditExport, store: &Store, custody: &Custody, out: Output) -> Result<(), Failure> {
    let exported = audit::export(store, custody, &which.folder, which.texts).await?;
    if out.format == Format::Json {
        out.json(&exported)?;
    } else {
        let texts = exported.texts.map(|n| format!(", {n} texts")).unwrap_or_default();
        out.line(&format!(
            "{}: {} events, {} checkpoints{texts}",
            exported.folder.display(),
            exported.events,
            exported.checkpoints
        ))?;
    }
    if exported.covered < exported.events {
        let n = exported.events - exported.covered;
        out.remark(&format!(
            "{n} events at the end are under no checkpoint: `kepi audit checkpoint` signs them"
        ));
    }
    out.remark(&format!("to verify it anywhere: python3 verify.py {}", exported.folder.display()));
    Ok(())
}

async fn checkpoint(store: &Store, custody: &Custody, out: Output) -> Result<(), Failure> {
    let Some(signed) = audit::sign(store, custody).await? else { return Err(nothing()) };
    let file = custody.outside_path().display().to_string();
    if out.format == Format::Json {
        let root = signed.root.to_string();
        out.json(&json!({"log": signed.origin, "events": signed.size, "root": root, "file": file}))?;
    } else {
        out.line(&format!("{} events signed, root {}", signed.size, signed.root))?;
        out.line(&format!("kept in the database and in {file}"))?;
    }
    Ok(())
}

async fn rotate(store: &Store, custody: &Custody, out: Output) -> Result<(), Failure> {
    let Some((signed, next)) = audit::rotate(store, custody).await? else { return Err(nothing()) };
    if out.format == Format::Json {
        return Ok(out.json(&json!({"log": signed.origin, "events": signed.size, "key": next.to_string()}))?);
    }
    out.line(&format!(
        "after {} the log is signed by another key, to which the one before handed over:",
        counted(signed.size, "event")
    ))?;
    out.line(&next.to_string())?;
    out.remark("give it to those who verify the log; who has the one before can find this one by it");
    Ok(())
}

async fn rebuild(store: &Store, out: Output) -> Result<(), Failure> {
    let events = store.rebuild().await.map_err(kepi_app::AppError::from)?;
    let tables: Vec<&str> = kepi_store::TABLES
        .iter()
        .filter(|table| table.class == kepi_store::Class::Projection)
        .map(|table| table.name)
        .collect();
    if out.format == Format::Json {
        out.json(&json!({"events": events, "tables": tables}))?;
    } else {
        out.line(&format!("{events} events folded anew into {}", tables.join(", ")))?;
    }
    Ok(())
}
