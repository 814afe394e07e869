//! `kepi check`: every finding with its place, what was expected and the way out.

use std::path::Path;

use kepi_app::open::check_folder;
use kepi_lake::Damage;
use kepi_model::{
    codes,
    finding::{Finding, Fix, Label, Severity},
    project::Project,
    render,
    source_text::{FileId, Span},
};
use kepi_query::landing::Stranded;
use kepi_report::{Against, Reporter};
use serde_json::json;

use crate::{
    cli::{Check, Format},
    compose,
    failure::Failure,
    output::{Field, Grid, Output, counted},
    policies,
};

/// Checks the project in `folder`; findings of severity error end with exit code 1.
pub fn check(what: &Check, folder: &Path, out: Output) -> Result<(), Failure> {
    if let Some(code) = &what.explain {
        return explain(code, out);
    }
    let (mut files, mut checked) = check_folder(folder, &compose::sources(folder), Some(compose::today()))?;
    let (policies, said) = policies::findings(folder, checked.value.as_ref())?;
    let moved = files.append(policies);
    checked.findings.extend(said.into_iter().map(|mut finding| {
        finding.at.span.file.0 += moved;
        finding
    }));
    checked.findings.extend(checked.value.iter().flat_map(|project| waiting(folder, project)));
    match out.format {
        Format::Json => out.json(&render::json(&checked.findings, &files))?,
        Format::Csv => {
            let mut grid =
                Grid::new(&["Severity", "Code", "File", "Line", "Column", "Message", "Expected", "Fix"]);
            for finding in &checked.findings {
                let at = files.line_column(finding.at.span);
                let path = files.file(finding.at.span.file).map(|f| f.path.clone()).unwrap_or_default();
                grid.push(vec![
                    Field::text(finding.severity.word()),
                    Field::text(finding.code.0),
                    Field::text(path),
                    Field::figure(at.line.to_string(), Some(f64::from(at.line))),
                    Field::figure(at.column.to_string(), Some(f64::from(at.column))),
                    Field::text(&finding.message),
                    Field::text(finding.expected.clone().unwrap_or_default()),
                    Field::text(finding.fix.as_ref().map(|f| f.text.clone()).unwrap_or_default()),
                ]);
            }
            out.rows(&grid)?;
        }
        Format::Table if checked.findings.is_empty() => {}
        Format::Table => out.styled(render::body(&checked.findings, &files, out.colour).trim_end())?,
    }
    let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match &checked.value {
        Some(project) if errors == 0 => {
            out.remark(&format!(
                "{}: {}, {}, {}, {} in order{}",
                project.name,
                plural(project.sources.len(), "source"),
                plural(project.kpis.len(), "KPI"),
                plural(project.scorecards.len(), "scorecard"),
                plural(project.units.len(), "unit"),
                if checked.findings.is_empty() {
                    String::new()
                } else {
                    format!("; {}", render::tally(&checked.findings, &files))
                },
            ));
            Ok(())
        }
        _ => {
            out.remark(&render::tally(&checked.findings, &files));
            Err(Failure::Findings)
        }
    }
}

/// What published figures say against the definitions, as findings at the places where those stand. Where nothing can be read nothing is said.
async fn against(site: compose::Site<'_>, out: Output) -> Vec<Finding> {
    let Ok(board) = compose::board(site, out).await else { return Vec::new() };
    let found = Reporter::new(&board).against().unwrap_or_default().into_iter();
    let mut all: Vec<Finding> = found.filter_map(|(of, says)| finding(of, &says)).collect();
    all.sort_by_key(|finding| (finding.at.span, finding.code));
    all
}

/// What was posted under names to which nothing is posted, where the project was or is. That it cannot be looked at is said by runs.
fn waiting(folder: &Path, project: &Project) -> Vec<Finding> {
    let Ok(root) = compose::root(folder) else { return Vec::new() };
    let all = kepi_lake::stranded(&compose::data_of(&root), project).unwrap_or_default();
    let of = |of: Stranded| {
        let span = project.sources.get(&of.source).map_or(START, |source| source.span);
        let rows = if of.rows == 1 { "1 row waits".to_owned() } else { format!("{} rows wait", of.rows) };
        let message =
            format!("{rows} that {} posted to `{}`", if of.rows == 1 { "was" } else { "were" }, of.source);
        let info = codes::info(codes::POSTS_WAIT)?;
        Some(Finding {
            code: info.code,
            severity: info.severity,
            message,
            at: Label { span, text: String::new() },
            related: Vec::new(),
            expected: Some(info.expected.to_owned()),
            fix: Some(Fix {
                text: format!(
                    "write `earlier_names: [{}]` into the webhook that is to land them; if nobody wants them, remove `{}`",
                    of.source, of.folder
                ),
                replace: None,
            }),
        })
    };
    all.into_iter().filter_map(of).collect()
}

/// The beginning of the definitions, for what stands nowhere in them.
const START: Span = Span { file: FileId(0), start: 0, end: 0 };

fn finding(of: Against, says: &str) -> Option<Finding> {
    let (code, span, message) = match of {
        Against::Target(id, span) => {
            (codes::TARGET_AGAINST_PAST, span, format!("the past of `{id}` does not bear its target out"))
        }
        Against::Segment(id, span) => {
            (codes::TARGET_OF_NOTHING, span, format!("a target of `{id}` holds for nothing"))
        }
        Against::Bound(id, span) => {
            (codes::BOUND_OF_NOTHING, span, format!("a bound of `{id}` holds for nothing"))
        }
        Against::Leading(id, span) => (
            codes::LEADS_NOWHERE,
            span,
            format!("`{id}` is said to lead, and not all that it is believed to move follows it"),
        ),
        Against::Scorecard(id, span) => {
            (codes::LEANS_ON_NOTHING, span, format!("`{id}` leans on what does not predict"))
        }
    };
    let info = codes::info(code)?;
    Some(Finding {
        code,
        severity: info.severity,
        message: format!("{message}: {}", says.trim_end_matches('.')),
        at: Label { span, text: String::new() },
        related: Vec::new(),
        expected: Some(info.expected.to_owned()),
        fix: Some(Fix { text: info.fix.to_owned(), replace: None }),
    })
}

/// Checks the data files of the project at a site; a damaged one ends with exit code 1.
pub async fn data(site: compose::Site<'_>, out: Output) -> Result<(), Failure> {
    let files = compose::sources(site.folder);
    let (definitions, checked) = check_folder(site.folder, &files, Some(compose::today()))?;
    let heads = checked.value.as_ref().map(|project| kepi_lake::heads::heads(project, &files));
    let troubles = heads.as_ref().map_or(&[][..], |heads| &heads.troubles);
    let verified = compose::verify(site).await?;
    let damaged = verified.as_ref().is_some_and(|v| !v.damaged.is_empty());
    match &heads {
        None => out.remark(
            "the definitions have errors, so the sources were not looked at: `kepi check` says which",
        ),
        Some(heads) => {
            if out.format != Format::Json && (out.format == Format::Csv || !troubles.is_empty()) {
                let mut grid = Grid::new(&["Source", "File", "Column", "Problem", "What to do"]);
                for trouble in troubles {
                    grid.push(vec![
                        Field::text(trouble.source.as_str()),
                        Field::text(trouble.file.clone().unwrap_or_default()),
                        Field::text(trouble.column.clone().unwrap_or_default()),
                        Field::text(&trouble.message),
                        Field::text(trouble.fix.clone().unwrap_or_default()),
                    ]);
                }
                out.rows(&grid)?;
            }
            out.remark(&format!(
                "{} in the first {} of {}",
                counted(troubles.len() as u64, "problem"),
                counted(heads.rows as u64, "row"),
                counted(heads.files as u64, "source file")
            ));
        }
    }
    let against = match (&verified, &checked.value) {
        (Some(_), Some(_)) => against(site, out).await,
        _ => Vec::new(),
    };
    if out.format == Format::Table && !against.is_empty() {
        out.styled(render::body(&against, &definitions, out.colour).trim_end())?;
    }
    let ends =
        if damaged || !troubles.is_empty() || heads.is_none() { Err(Failure::Findings) } else { Ok(()) };
    let Some(verified) = verified else {
        if out.format == Format::Json {
            out.json(
                &json!({"sources": troubles, "findings": [], "files": 0, "bytes": 0, "without_checksum": 0, "damaged": []}),
            )?;
        }
        out.remark("nothing has landed yet: `kepi run` lands the data");
        return ends;
    };
    if out.format == Format::Json {
        let damaged: Vec<_> = verified
            .damaged
            .iter()
            .map(|f| {
                json!({
                    "file": f.path,
                    "kind": match f.damage {
                        Damage::Missing => "missing",
                        Damage::Length { .. } => "length",
                        Damage::Content { .. } => "content",
                        Damage::Unreadable(_) => "unreadable",
                    },
                    "message": f.damage.to_string(),
                    "fix": kepi_lake::WAY_OUT,
                })
            })
            .collect();
        out.json(&json!({
            "sources": troubles,
            "findings": render::json(&against, &definitions),
            "files": verified.files,
            "bytes": verified.bytes,
            "without_checksum": verified.without_checksum,
            "damaged": damaged,
        }))?;
    } else if damaged || out.format == Format::Csv && troubles.is_empty() {
        let mut grid = Grid::new(&["File", "Damage"]);
        for file in &verified.damaged {
            let path = file.path.display().to_string();
            grid.push(vec![Field::text(path), Field::text(file.damage.to_string())]);
        }
        out.rows(&grid)?;
    }
    out.remark(&format!(
        "{} of {} data files are damaged; {} bytes read, {} files without a checksum",
        verified.damaged.len(),
        verified.files + verified.without_checksum,
        verified.bytes,
        verified.without_checksum,
    ));
    if damaged {
        out.remark(kepi_lake::WAY_OUT);
    }
    ends
}

fn explain(code: &str, out: Output) -> Result<(), Failure> {
    let Some(info) = codes::find(code) else {
        let text =
            format!("there is no code `{code}`; codes look like `K0101` and stand before every finding");
        return Err(Failure::Other(text));
    };
    let severity = if info.severity == Severity::Error { "error" } else { "warning" };
    match out.format {
        Format::Table => out.line(render::explain(code).unwrap_or_default().trim_end())?,
        Format::Json => out.json(&json!({
            "code": info.code.0, "severity": severity, "title": info.title, "explanation": info.explanation,
        }))?,
        Format::Csv => {
            let mut grid = Grid::new(&["Code", "Severity", "Title", "Explanation"]);
            grid.push([info.code.0, severity, info.title, info.explanation].map(Field::text).to_vec());
            out.rows(&grid)?;
        }
    }
    Ok(())
}
