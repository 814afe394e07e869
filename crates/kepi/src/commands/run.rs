//! `kepi run`: land, compute, score, publish.

use std::collections::BTreeMap;

use kepi_app::{
    open,
    run::{Rejected, Request, RunReport},
};
use kepi_model::finding::Severity;
use kepi_query::{
    finish::MOST_MEMBERS,
    landing::{LoadOutcome, LoadReport, RowCounts},
};

use super::show::{ROW_COUNTS, count_fields};
use crate::{
    cli::{Cli, Format, Run},
    compose,
    failure::Failure,
    output::{Field, Grid, Output},
    progress::Terminal,
};

/// So many KPIs that share a reason are named.
const MOST_NAMED: usize = 8;

/// Runs the project that the command line names.
pub async fn run(what: &Run, cli: &Cli, out: Output) -> Result<(), Failure> {
    let report = land_and_publish(what, cli, compose::Site::of(cli), out).await?;
    match out.format {
        Format::Json => out.json(&report)?,
        Format::Csv => out.rows(&loads(&report))?,
        Format::Table => {}
    }
    let stopped = report.loads.iter().any(|l| matches!(l.outcome, LoadOutcome::Stopped { .. }));
    if report.values == 0 && !report.not_renewed.is_empty() {
        return Err(Failure::NothingRenewed);
    }
    let incomplete = stopped || !report.not_landed.is_empty() || !report.rejected.is_empty();
    if incomplete || !report.not_renewed.is_empty() {
        return Err(Failure::Findings);
    }
    Ok(())
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
    let project = match checked.value {
        Some(project) if errors == 0 => project,
        _ => return Err(kepi_app::AppError::Definitions { errors }.into()),
    };
    let app = compose::app(site, what.threads).await?;
    let request = Request {
        actor: compose::actor(cli),
        at: compose::now(),
        land: !what.no_land,
        fetch: !what.no_fetch,
    };
    let progress = Terminal::new(out.quiet);
    let report = app.run(&files, &project, &request, &progress).await;
    progress.done();
    let signed = kepi_app::audit::sign(&app.store, &compose::custody(site, &what.outside)?).await;
    let report = report?;
    tell(&report, out);
    // Everything was done and is published; only the proof of it lacks its signature.
    if let Err(why) = signed {
        let why = Failure::from(why).in_words();
        out.remark(&format!("the log could not be signed: {why}; `kepi audit checkpoint` tries again"));
    }
    Ok(report)
}

fn tell(report: &RunReport, out: Output) {
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
    let plural = if landed == 1 { "" } else { "s" };
    out.remark(&format!("landed {landed} file{plural}, {known} known already"));
    if landed > 0 {
        let total: RowCounts = total.into_iter().sum();
        out.remark(&format!(
            "  read {} = out of scope {} + landed {}\n  landed {} = accepted {} + superseding {} + quarantined {} + \
             duplicate {}",
            total.read,
            total.out_of_scope,
            total.landed(),
            total.landed(),
            total.accepted,
            total.superseding,
            total.quarantined,
            total.duplicate,
        ));
    }
    out.remark(&format!(
        "computed {} values ({} with a reason in place of a figure) and {} scores from snapshot {} by {}\n\
         published {} first, {} restated, {} updated, {} unchanged; {} withdrawn",
        report.values,
        report.reasons,
        report.scores,
        report.snapshot,
        report.engine,
        report.first,
        report.restated,
        report.updated,
        report.unchanged,
        report.withdrawn,
    ));
    if let Some(judged) = &report.judged {
        out.remark(&format!(
            "judged {} figures against what is usual of them: {} called out; {} have no verdict yet",
            judged.judged, judged.called_out, judged.no_verdict
        ));
    }
    if let Some(why) = &report.not_judged {
        out.remark(&format!("not judged, the next run makes up for it: {why}"));
    }
    report.rejected.iter().for_each(|rejected| out.remark(&aloud(rejected)));
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
    format!("{n} row{}", if n == 1 { "" } else { "s" })
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
