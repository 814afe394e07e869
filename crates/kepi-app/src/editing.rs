//! A definition written anew on a page: its text, or values of it, held against what is in force as a file of the folder would be.

use kepi_model::{
    check::{self, Options},
    documents::{DocumentText, documents},
    edit,
    finding::{Finding, Severity},
    project::Project,
    source_text::{SourceFile, SourceMap, Span},
};
use kepi_report::{
    decided::{Draft, DraftFinding},
    difference::between,
};

use crate::{archive, deciding::Deciding, error::AppError, picture::project_of};

/// How a definition is written anew.
#[derive(Debug, Clone, Copy)]
pub enum Edit<'a> {
    /// As a whole.
    Text(&'a str),
    /// At places.
    Values(&'a [(edit::Path, String)]),
}

/// What would come of it.
pub struct Drafted {
    /// As it is shown.
    pub draft: Draft,
    /// All definitions as they would be, if they can be used.
    pub whole: Option<(SourceMap, Project)>,
}

impl Deciding<'_> {
    /// What would come of writing a definition anew: `kpi/nps`, the wording that begins on `from`; none: the one from ever.
    /// Of an open item, what is written anew is what it proposes.
    ///
    /// # Errors
    /// It is not in force, nothing differs, or what is in force cannot be read.
    pub async fn drafted(
        &self,
        id: &str,
        from: Option<&str>,
        edit: Edit<'_>,
        item: Option<u64>,
    ) -> Result<Drafted, AppError> {
        let nothing = || AppError::NotFound(format!("`{id}` is not in force in this wording"));
        let Some((before, _)) = archive::in_force(self.0).await? else { return Err(nothing()) };
        let proposed = match item {
            Some(item) => {
                let organisation = self.0.organisation().await?;
                self.as_proposed(&organisation, item).await?
            }
            None => before.clone(),
        };
        let all = documents(&proposed);
        let is = |d: &DocumentText| format!("{}/{}", d.kind, d.name) == id && d.from.as_deref() == from;
        let place = all.iter().position(is).ok_or_else(nothing)?;
        let base = all.get(place).ok_or_else(nothing)?;
        let (text, problem) = match edit {
            Edit::Text(written) => (written.replace("\r\n", "\n"), None),
            Edit::Values(values) => match edit::set(&base.text, values) {
                Ok(text) => (body(&text).to_owned(), None),
                Err(problem) => (body(&base.text).to_owned(), Some(problem.to_string())),
            },
        };
        let text = body(&text).to_owned();
        let mut draft = Draft { text: text.clone(), ..Draft::default() };
        if let Some(problem) = problem.or_else(|| not_that(&text, base)) {
            draft.findings.push(said(problem));
            return Ok(Drafted { draft, whole: None });
        }
        if text == body(&base.text) {
            let what = if item.is_some() { "it proposes already" } else { "is in force" };
            return Err(AppError::NotFound(format!("nothing differs from what {what}")));
        }
        let (files, within) = put(&proposed, &all, place, &text);
        let checked = check::check(&files, &Options::default());
        let known = check::check(&before, &Options::default()).findings;
        let known: Vec<(&str, &str)> = known.iter().map(|f| (f.code.0, f.message.as_str())).collect();
        let inside = |finding: &Finding| {
            finding.at.span.file == within.file
                && (within.start..within.end.max(within.start + 1)).contains(&finding.at.span.start)
        };
        for finding in &checked.findings {
            let new = !known.contains(&(finding.code.0, finding.message.as_str()));
            if finding.severity == Severity::Error
                || inside(finding) && finding.severity == Severity::Warning
                || new
            {
                draft.findings.push(found(finding, &files, inside(finding).then_some(within)));
            }
        }
        let errors = checked.findings.iter().any(|finding| finding.severity == Severity::Error);
        let Some(project) = checked.value.filter(|_| !errors) else {
            return Ok(Drafted { draft, whole: None });
        };
        let differences = between((&before, &project_of(&before)?), (&files, &project));
        draft.documents = differences.documents;
        draft.scorecards = differences.scorecards.into_iter().collect();
        draft.follow = differences.follow.iter().map(ToString::to_string).collect();
        Ok(Drafted { draft, whole: Some((files, project)) })
    }
}

/// A definition's text without the line that separates it from the one before.
pub(crate) fn body(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("---").map_or(text, |rest| rest.trim_start_matches([' ', '\r', '\n']))
}

/// Why a text is not a definition of the same kind and name.
fn not_that(text: &str, base: &DocumentText) -> Option<String> {
    let files = SourceMap::new(vec![SourceFile { path: base.path.clone(), text: text.into() }]);
    let found = documents(&files);
    let same = |d: &DocumentText| d.kind == base.kind && d.name == base.name;
    match &found[..] {
        [one] if same(one) => None,
        _ => Some(format!(
            "the text has to be one definition that begins with `{}: {}`; a name stays what it is",
            base.kind, base.name
        )),
    }
}

/// All definitions with this text in the place of one, or after it where it begins on another day; and where the text stands.
pub(crate) fn put(before: &SourceMap, all: &[DocumentText], place: usize, text: &str) -> (SourceMap, Span) {
    let files = SourceMap::new(vec![SourceFile { path: String::new(), text: text.into() }]);
    let from = documents(&files).into_iter().next().and_then(|document| document.from);
    let mut within = Span { file: kepi_model::source_text::FileId(0), start: 0, end: 0 };
    let mut written = Vec::new();
    for (file, source) in before.iter() {
        let own = all.iter().enumerate().filter(|(_, document)| document.path == source.path);
        let mut whole = String::new();
        let mut any = false;
        for (n, document) in own {
            any = true;
            if n != place {
                whole.push_str(&document.text);
                continue;
            }
            let begins = document.text.starts_with("---");
            if document.from != from {
                // Another wording of the same: it is added, and what holds before stays.
                whole.push_str(document.text.trim_end());
                whole.push('\n');
            }
            if begins || document.from != from {
                whole.push_str("---\n");
            }
            let start = whole.len();
            whole.push_str(text);
            within = Span { file, start: start as u32, end: whole.len() as u32 };
            whole.push('\n');
        }
        let text = if any { whole.into() } else { source.text.clone() };
        written.push(SourceFile { path: source.path.clone(), text });
    }
    (SourceMap::new(written), within)
}

/// A problem of the whole text.
fn said(message: String) -> DraftFinding {
    DraftFinding { severity: "error", place: String::new(), message, ..DraftFinding::default() }
}

fn found(finding: &Finding, files: &SourceMap, within: Option<Span>) -> DraftFinding {
    let at = files.line_column(finding.at.span);
    let place = match within {
        Some(within) => format!("line {}", at.line + 1 - files.line_column(within).line),
        None => {
            let path = files.file(finding.at.span.file).map_or("", |file| file.path.as_str());
            format!("{path}:{}", at.line)
        }
    };
    DraftFinding {
        severity: finding.severity.word(),
        place,
        code: finding.code.0.to_owned(),
        message: finding.message.clone(),
        expected: finding.expected.clone(),
        fix: finding.fix.as_ref().map(|fix| fix.text.clone()),
    }
}
