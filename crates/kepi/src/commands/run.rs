//! `kepi run`: land, compute, score, publish.

use std::{collections::BTreeMap, sync::Arc};

use kepi_app::{
    deciding::{Waiting, local_clock},
    open,
    run::{Rejected, Request, RunReport},
};
use kepi_cluster::ClusterEvaluator;
use kepi_model::{
    finding::Severity,
    governance::Mode,
    project::{Consequence, Project},
};
use kepi_query::{
    finish::MOST_MEMBERS,
    landing::{LoadOutcome, LoadReport, RowCounts},
};
use kepi_report::format::Clock;

use super::show::{ROW_COUNTS, count_fields};
use crate::{
    cli::{Cli, Format, Run},
    compose,
    failure::Failure,
    output::{Field, Grid, Output, counted},
    progress::Terminal,
};

/// So many KPIs that share a reason are named.
const MOST_NAMED: usize = 8;

/// KPIs and periods that are named of which figures changed.
const MOST_CHANGED: usize = 6;

/// Runs the project that the command line names.
pub async fn run(what: &Run, cli: &Cli, out: Output) -> Result<(), Failure> {
    let report = land_and_publish(what, cli, compose::Site::of(cli), out).await?;
    concluded(&report, out)
}

/// Says on stdout what a run did; a failure where it is not whole.
pub fn concluded(report: &RunReport, out: Output) -> Result<(), Failure> {
    match out.format {
        Format::Json => out.json(report)?,
        Format::Csv => out.rows(&loads(report))?,
        Format::Table => {}
    }
    let stopped = report.loads.iter().any(|l| matches!(l.outcome, LoadOutcome::Stopped { .. }));
    if report.values == 0 && !report.not_renewed.is_empty() {
        return Err(Failure::NothingRenewed);
    }
    let unproposed = report.waiting.as_ref().is_some_and(|waiting| waiting.item.is_none());
    let incomplete = unproposed || stopped || !report.not_landed.is_empty() || !report.rejected.is_empty();
    if incomplete || !report.not_renewed.is_empty() {
        return Err(Failure::Findings);
    }
    Ok(())
}

/// What is in force by a decision at a site; none where whoever runs the project decides.
pub async fn decided(site: compose::Site<'_>) -> Result<Option<Project>, Failure> {
    match compose::audited(site).await? {
        Some(store) if kepi_app::deciding::mode(&store).await? != Mode::Open => {
            Ok(Some(kepi_app::archive::project_in_force(&store).await?))
        }
        _ => Ok(None),
    }
}

/// What of the folder waits for a decision.
fn said_of(waiting: &Waiting) -> String {
    if waiting.broken {
        return "WAITING: the definitions in the folder have errors (`kepi check`); figures are by what is in force".to_owned();
    }
    let n = waiting.documents.len();
    let more = n.saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named =
        waiting.documents.iter().take(MOST_NAMED).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let what = match n {
        0 => "which definitions stand in which files differs".to_owned(),
        1 => format!("{named} differs"),
        _ => format!("{n} definitions differ: {named}{more}"),
    };
    match waiting.item {
        Some(item) => format!("waiting: {what}; item {item} proposes it, figures are by what is in force"),
        None => format!(
            "WAITING: {what}, and nobody has proposed it; figures are by what is in force\n  `kepi plan` says what would come of it, \
             `kepi propose` asks those who have to agree"
        ),
    }
}

/// Lands, computes and publishes the project at a site, and says on stderr what was done.
pub async fn land_and_publish(
    what: &Run,
    cli: &Cli,
    site: compose::Site<'_>,
    out: Output,
) -> Result<RunReport, Failure> {
    let folder = site.folder;
    let (files, checked) = open::check_folder(folder, &compose::sources(folder), Some(compose::today()))?;
    let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let project = checked.value.filter(|_| errors == 0);
    // Where figures are computed by what was decided, a mistake in the folder is no reason to have none.
    let decided = decided(site).await?;
    let Some(holds) = decided.as_ref().or(project.as_ref()) else {
        return Err(kepi_app::AppError::Definitions { errors }.into());
    };
    // Before anything is landed: what cannot be computed should not be begun.
    let cluster = match what.elsewhere.cluster(holds.engine.as_ref(), folder) {
        Some(options) => {
            let connected = ClusterEvaluator::connect(options).await;
            let by_project = what.elsewhere.engine.is_none();
            if by_project && connected.is_err() {
                out.remark("the project says `engine`; `--engine embedded` computes in this process, to the same figures");
            }
            Some(Arc::new(connected?))
        }
        None => {
            if let Some(shared) = &what.elsewhere.shared_files {
                out.remark(&format!("nothing is put to {shared}: scans are computed in this process, not on a cluster (`--engine`)"));
            }
            None
        }
    };
    let Run { threads, memory, read_all, .. } = *what;
    let mut app = compose::app(site, compose::Means { threads, memory, read_all }).await?;
    if let Some(cluster) = &cluster {
        app.evaluator = cluster.clone();
        app.elsewhere = Some(cluster.clone());
    }
    let request = Request {
        actor: compose::actor(cli),
        at: compose::now(),
        land: !what.no_land,
        fetch: !what.no_fetch,
        any_time: what.any_time,
    };
    let progress = Terminal::new(out.quiet);
    let report = app.run_in(project.as_ref().map(|project| (&files, project)), &request, &progress).await;
    progress.done();
    let signed = kepi_app::audit::sign(&app.store, &compose::custody(site, &what.outside)?).await;
    let report = report?;
    tell(&report, &local_clock(&app.store).await?, out);
    // What is published stands, whatever becomes of this.
    match Arc::new(app).ask_after_initiatives(request.at).await {
        Ok(0) => {}
        Ok(n) => out.remark(&format!(
            "{} opened: what was expected of initiatives did not come: `kepi inbox --open`",
            counted(n, "post-mortem")
        )),
        Err(error) => out.remark(&format!("nobody was asked after initiatives: {error}")),
    }
    cluster.iter().flat_map(|cluster| cluster.remarks()).for_each(|remark| out.remark(&remark));
    // Everything was done and is published; only the proof of it lacks its signature.
    if let Err(why) = signed {
        let why = Failure::from(why).in_words();
        out.remark(&format!("the log could not be signed: {why}; `kepi audit checkpoint` tries again"));
    }
    Ok(report)
}

/// What there is of each, without what there is nothing of.
fn parts<N: Into<u64> + Copy>(between: &str, of: &[(N, &str)]) -> String {
    let there = of.iter().map(|(n, what)| ((*n).into(), what)).filter(|(n, _): &(u64, _)| *n > 0);
    there.map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(between)
}

/// What came of the files of a run: all rows that were read are on the right.
fn said_of_files(landed: u64, known: u64, rows: RowCounts) -> String {
    let known = match (landed, known) {
        (0, 0) => return "landed no file".to_owned(),
        (0, n) => return format!("landed no file: {n} known already"),
        (_, 0) => String::new(),
        (_, n) => format!(" ({n} known already)"),
    };
    let became = parts(
        " + ",
        &[
            (rows.out_of_scope, "out of scope"),
            (rows.accepted, "accepted"),
            (rows.superseding, "superseding"),
            (rows.quarantined, "quarantined"),
            (rows.duplicate, "duplicate"),
            (rows.erased, "erased before"),
        ],
    );
    let became = if became.is_empty() { became } else { format!(" = {became}") };
    format!("landed {}{known}: {} read{became}", counted(landed, "file"), counted(rows.read, "row"))
}

fn tell(report: &RunReport, clock: &Clock, out: Output) {
    let mut total = Vec::new();
    let (mut landed, mut known) = (0, 0);
    for load in &report.loads {
        match &load.outcome {
            LoadOutcome::Landed => {
                landed += 1;
                total.push(load.counts);
            }
            LoadOutcome::AlreadyLanded => {
                known += 1;
                if let Some(other) = &load.same_as {
                    let file = &load.file;
                    out.remark(&format!(
                        "left out: {file} has the very same bytes as {other}, which has landed"
                    ));
                    // What became of its rows was said of the other.
                    continue;
                }
            }
            LoadOutcome::Stopped { rule, reason } => {
                out.remark(&format!(
                    "stopped: {} by rule `{rule}`: {reason}; nothing of it landed",
                    load.file
                ));
            }
        }
        for drift in &load.drift {
            out.remark(&format!("drift: {}: {drift}", load.file));
        }
        for off in load.missing.iter().filter(|m| m.off_scale) {
            out.remark(&format!(
                "off scale: {}: `{}`: {} × {}; not counted as an answer",
                load.file, off.attribute, off.count, off.reason
            ));
        }
        for rule in load.rules.iter().filter(|r| r.broken > 0) {
            let how = format!("{:?}", rule.otherwise).to_lowercase();
            out.remark(&format!(
                "{how}: {}: rule `{}` broken by {}",
                load.file,
                rule.rule,
                rows(rule.broken)
            ));
        }
        for note in &load.notes {
            out.remark(&format!("note: {}: {note}", load.file));
        }
        if load.unknown > 0 && load.outcome == LoadOutcome::Landed {
            let is = if load.unknown == 1 { "is" } else { "are" };
            out.remark(&format!(
                "note: {} of `{}` {is} left out because `only` is unknown where a value is missing; to keep such rows add \
                 `or … is null`",
                rows(load.unknown),
                load.file
            ));
        }
    }
    for loads in report.loads.chunk_by(|a, b| a.source == b.source) {
        let ordered = |load: &&LoadReport| load.outcome == LoadOutcome::Landed && load.order.is_some();
        let ordered: Vec<&LoadReport> = loads.iter().filter(ordered).collect();
        if let [_, .., newest] = ordered.as_slice()
            && let Some(order) = &newest.order
        {
            out.remark(&format!(
                "note: {}: {} files landed in order of {}; `{}` counts as the newest",
                newest.source,
                ordered.len(),
                order.by,
                newest.file
            ));
        }
    }
    for of in &report.not_landed {
        out.remark(&format!("not landed: source `{}`: {}", of.source, of.reason));
    }
    for of in &report.read_before {
        let more = match of.files - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        out.remark(&format!(
            "read before: source `{}`: {} of `{}`{more} stand as they were read before the source or its time zone was changed; what is not \
             there any more cannot be read anew: put it back to have all read alike",
            of.source,
            counted(of.rows, "row"),
            of.file
        ));
    }
    for of in &report.stranded {
        out.remark(&format!("WAITING: {of}"));
    }
    for of in &report.left_alone {
        let until = of.until.map_or("its window never opens again".to_owned(), |until| {
            format!("it is looked at from {} on", clock.instant(until))
        });
        out.remark(&format!(
            "left alone: source `{}`: {until} (`load: …`); `--any-time` looks at it",
            of.source
        ));
    }
    for of in &report.twice {
        out.remark(&format!("twice: {of}; take one of them back, or name the `part` that each is of"));
    }
    out.remark(&said_of_files(landed, known, total.into_iter().sum()));
    let reasons = match report.reasons {
        0 => String::new(),
        n => format!(", {n} of them a reason in place of a figure,"),
    };
    let scores = match report.scores {
        0 => String::new(),
        n => format!(" and {}", counted(n, "score")),
    };
    let (values, snapshot, engine) = (counted(report.values, "value"), report.snapshot, &report.engine);
    out.remark(&format!("computed {values}{reasons}{scores} from snapshot {snapshot} by {engine}"));
    let published = parts(
        ", ",
        &[
            (report.first, "for the first time"),
            (report.restated, "restated"),
            (report.updated, "updated"),
            (report.unchanged, "unchanged"),
            (report.withdrawn, "withdrawn"),
        ],
    );
    if !published.is_empty() {
        out.remark(&format!("published {published}"));
    }
    for (kpi, periods) in report.changed.iter().take(MOST_CHANGED) {
        let more = periods.len().saturating_sub(MOST_CHANGED);
        let named: Vec<&str> = periods.iter().take(MOST_CHANGED).map(String::as_str).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.remark(&format!("  changed: {kpi} {}{more}", named.join(", ")));
    }
    if let Some(more) = report.changed.len().checked_sub(MOST_CHANGED).filter(|more| *more > 0) {
        out.remark(&format!("  and {}: `kepi run --format json` names all", counted(more as u64, "KPI")));
    }
    if let Some(judged) = &report.judged {
        let parts = parts(
            ", ",
            &[
                (judged.judged, "judged against what is usual of them"),
                (judged.called_out, "called out"),
                (judged.no_verdict, "without a verdict yet"),
            ],
        );
        if !parts.is_empty() {
            out.remark(&format!("figures: {parts}"));
        }
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.opened + of.rows_waiting > 0) {
        let waiting = match of.rows_waiting {
            0 => String::new(),
            n => format!("; {} wait for the runs that come (`at_most`)", rows(n)),
        };
        out.remark(&format!("{} opened: `kepi inbox --open`{waiting}", counted(of.opened, "case")));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.unfollowed > 0) {
        let held = counted(of.unfollowed, "row");
        out.remark(&format!("{held} held out of what is followed up, and only watched: `kepi playbooks`"));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.came_up > 0) {
        out.remark(&format!(
            "{} came up for reviews that are open: `kepi review list`",
            counted(of.came_up, "point")
        ));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.plans_asked > 0) {
        out.remark(&format!(
            "{} asked for before a review opens: `kepi inbox --open`",
            counted(of.plans_asked, "plan")
        ));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.asked_why > 0) {
        out.remark(&format!(
            "{} asked about after a period was closed: `kepi inbox --open`",
            counted(of.asked_why, "figure")
        ));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.answered > 0) {
        out.remark(&format!("{} answered whether they are settled", counted(of.answered, "closed case")));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.started + of.held_out + of.without_room > 0) {
        let waiting = match of.without_room {
            0 => String::new(),
            n => format!("; {n} wait for room"),
        };
        out.remark(&format!(
            "{} of playbooks started, {} held out: `kepi playbooks`{waiting}",
            counted(of.started, "run"),
            of.held_out
        ));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.of_nobody > 0) {
        out.remark(&format!("{} start no playbook: they say nobody by its `each`", rows(of.of_nobody)));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.reviews > 0) {
        out.remark(&format!("{} opened: `kepi review list`", counted(of.reviews, "review")));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| of.raised + of.seen + of.measured > 0) {
        out.remark(&format!(
            "{} raised, {} looked at again, {} over; {} measured: `kepi inbox --open`",
            counted(of.raised, "alert"),
            of.seen,
            of.recovered,
            counted(of.measured, "plan")
        ));
    }
    if let Some(of) = report.followed.as_ref().filter(|of| !of.not_asked.is_empty()) {
        let why: Vec<String> = of.not_asked.iter().map(|(why, n)| format!("{n} because {why}")).collect();
        out.remark(&format!("nobody was asked about: {}", why.join(", ")));
    }
    if let Some(why) = &report.not_followed {
        out.remark(&format!("nobody was asked to act, the next run makes up for it: {why}"));
    }
    if let Some(why) = &report.not_judged {
        out.remark(&format!("not judged, the next run makes up for it: {why}"));
    }
    report.waiting.iter().for_each(|waiting| out.remark(&said_of(waiting)));
    report.rejected.iter().for_each(|rejected| out.remark(&aloud(rejected)));
    let mut by_rule: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for of in &report.broken {
        by_rule.entry((&of.rule, &of.kpi, of.otherwise)).or_default().push(&of.period);
    }
    for ((rule, kpi, otherwise), periods) in &by_rule {
        let more = periods.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = periods.iter().rev().take(MOST_NAMED).copied().collect();
        let then = match otherwise {
            Consequence::Warn => "",
            Consequence::Distrust => ": figures made of these rows are not trusted",
        };
        out.remark(&format!(
            "the rule `{rule}` does not hold in {}{more}{then}; `kepi show kpi {kpi}`",
            named.join(", ")
        ));
    }
    for of in &report.withheld {
        let more = of.because.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = of.because.iter().rev().take(MOST_NAMED).map(String::as_str).collect();
        out.remark(&format!(
            "withheld: {} of `{}` because of {}{more} (rule `{}`)",
            counted(of.periods as u64, "period"),
            of.kpi,
            named.join(", "),
            of.rule
        ));
    }
    for of in &report.lonely {
        out.remark(&format!(
            "far apart: `{}` has rows in {}, then none before {}, {} periods later: if that date is a slip, correct it or keep it out by \
             `dates: {{from: …}}` of the source; `kepi trace {} --period {}` names the rows",
            of.kpi,
            of.first,
            of.next,
            of.between + 1,
            of.kpi,
            of.first
        ));
    }
    for of in &report.rowless {
        let instead: Vec<String> = of.instead.iter().map(|member| format!("`{member}`")).collect();
        out.remark(&format!(
            "no rows: no row has `{}` as its `{}`, which the unit `{}` stands for; no unit stands for {}: write the unit's `member:` as it is in the data",
            of.member,
            of.dimension,
            of.unit,
            instead.join(", ")
        ));
    }
    for (kpi, without) in &report.without {
        let without: Vec<String> = without.iter().map(|dimensions| format!("`{dimensions}`")).collect();
        out.remark(&format!(
            "left out: `{kpi}` is computed without {}: more than {} members, or more segments than a scan \
             may have; leave them out of `by` and `cross`, or name groups of them",
            without.join(", "),
            kepi_report::format::count(MOST_MEMBERS as u64),
        ));
    }
    for (entity, strays) in &report.strays {
        for (stage, entries) in strays {
            out.remark(&format!(
                "stray: {entries} {} stage `{stage}` of `{entity}` came from a stage that it does not follow, and moved nobody; \
                 `follows` says from which stages an entry counts",
                if *entries == 1 { "entry into" } else { "entries into" },
            ));
        }
    }
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (kpi, why) in &report.not_renewed {
        by_reason.entry(why).or_default().push(format!("`{kpi}`"));
    }
    for (why, kpis) in &by_reason {
        let more = kpis.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = kpis.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        out.remark(&format!("not renewed, what was published stays: {named}{more}: {why}"));
    }
}

/// What is said of a source of which more rows were rejected than it allows.
fn aloud(rejected: &Rejected) -> String {
    let Rejected { source, file, rows: n, of, at_most, first } = rejected;
    let percent = |share: f64| format!("{}%", (share * 1000.0).round() / 10.0);
    let whose = file.as_ref().map_or(format!("source `{source}`"), |file| format!("`{file}`"));
    let how_many = if n == of {
        format!("all {} of {whose} were rejected", rows(*of))
    } else {
        let share = percent(*n as f64 / *of as f64);
        format!("{n} of {} of {whose} were rejected, {share}, more than {}", rows(*of), percent(*at_most))
    };
    let first = first
        .as_ref()
        .map_or(String::new(), |(file, row, why)| format!("\n  first: {file} row {row}: {why}"));
    format!(
        "REJECTED: {how_many}; figures lack them{first}\n  `kepi show quarantine --source {source}` lists them; `quarantine: \
         {{at_most: …}}` of the source says how many may be"
    )
}

fn rows(n: u64) -> String {
    counted(n, "row")
}

fn loads(report: &RunReport) -> Grid {
    let mut grid = Grid::new(&[&["Source", "File", "Outcome"], ROW_COUNTS.as_slice()].concat());
    for load in &report.loads {
        let outcome = match &load.outcome {
            LoadOutcome::Landed => "landed",
            LoadOutcome::AlreadyLanded => "already landed",
            LoadOutcome::Stopped { .. } => "stopped",
        };
        let mut row =
            vec![Field::text(load.source.to_string()), Field::text(&load.file), Field::text(outcome)];
        row.extend(count_fields(load.counts));
        grid.push(row);
    }
    for of in &report.not_landed {
        let mut row = vec![
            Field::text(of.source.to_string()),
            Field::text(of.file.clone().unwrap_or_default()),
            Field::text("not landed"),
        ];
        row.extend(count_fields(RowCounts::default()));
        grid.push(row);
    }
    grid
}
