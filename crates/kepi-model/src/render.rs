//! Findings as text for a terminal and as JSON for machines.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use crate::{
    codes,
    finding::{Finding, Label, Severity},
    source_text::{SourceMap, Span},
    wording::printable,
};

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// All findings as text and, in a last line, how many there are.
/// Colour is decoration: nothing is said by colour alone.
pub fn text(findings: &[Finding], files: &SourceMap, colour: bool) -> String {
    let mut out = body(findings, files, colour);
    if !findings.is_empty() {
        let _ = writeln!(out, "{}", tally(findings, files));
    }
    out
}

/// All findings as text: errors, then warnings, each with its code, place, excerpt, what was expected and what to do; then
/// hints, those of one code together, so that they bury nothing.
pub fn body(findings: &[Finding], files: &SourceMap, colour: bool) -> String {
    let mut out = String::new();
    for severity in [Severity::Error, Severity::Warning] {
        for finding in findings.iter().filter(|f| f.severity == severity) {
            out.push_str(&one(finding, files, colour));
            out.push('\n');
        }
    }
    let mut hints: BTreeMap<&str, (&Finding, usize)> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.severity == Severity::Hint) {
        hints.entry(finding.code.0).and_modify(|(_, others)| *others += 1).or_insert((finding, 0));
    }
    for (first, others) in hints.values() {
        out.push_str(&hint(first, *others, files, &Paint(colour)));
        out.push('\n');
    }
    out
}

/// How many findings of each severity there are, and where to begin.
pub fn tally(findings: &[Finding], files: &SourceMap) -> String {
    let counted = |severity: Severity| {
        let n = findings.iter().filter(|f| f.severity == severity).count();
        format!("{n} {}{}", severity.word(), if n == 1 { "" } else { "s" })
    };
    let mut text = [Severity::Error, Severity::Warning, Severity::Hint].map(counted).join(", ");
    if let [_, _, ..] = findings
        && let Some(first) = findings.iter().find(|f| f.severity == Severity::Error)
    {
        let at = files.line_column(first.at.span);
        let path = files.file(first.at.span.file).map_or("", |file| &file.path);
        let _ = write!(text, "; begin with {path}:{}:{}", at.line, at.column);
    }
    text
}

/// A hint, in short, for itself and for others of its code.
fn hint(first: &Finding, others: usize, files: &SourceMap, paint: &Paint) -> String {
    let at = files.line_column(first.at.span);
    let path = files.file(first.at.span.file).map_or("", |file| &file.path);
    let more = match others {
        0 => String::new(),
        1 => ", and 1 other place".to_owned(),
        n => format!(", and {n} other places"),
    };
    let label = paint.with("1;36", &format!("hint[{}]", first.code.0));
    let fix = first.fix.as_ref().map_or("", |fix| &fix.text);
    format!(
        "{label}: {}\n {} {path}:{}:{}{more}\n  = {}: {fix}\n",
        first.message,
        paint.with("1;34", "-->"),
        at.line,
        at.column,
        paint.with("1", "fix")
    )
}

/// One finding as text.
pub fn one(finding: &Finding, files: &SourceMap, colour: bool) -> String {
    let paint = Paint(colour);
    let word = finding.severity.word();
    let tone = match finding.severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Hint => "1;36",
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {}",
        paint.with(tone, &format!("{word}[{}]", finding.code.0)),
        paint.with("1", &printable(&finding.message))
    );
    let width = [&finding.at]
        .into_iter()
        .chain(&finding.related)
        .map(|l| (files.line_column(l.span).line + 1).to_string().len())
        .max()
        .unwrap_or(1);
    excerpt(&mut out, "-->", &finding.at, '^', width, files, &paint, tone);
    for label in &finding.related {
        excerpt(&mut out, ":::", label, '-', width, files, &paint, "1;34");
    }
    let gutter = " ".repeat(width);
    if let Some(expected) = &finding.expected {
        let _ = writeln!(
            out,
            "{gutter} = {}: {expected}",
            paint.with("1", "expected"),
            expected = printable(expected)
        );
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "{gutter} = {}: {}", paint.with("1", "fix"), printable(&fix.text));
    }
    out
}

/// The longest part of a line that is shown.
const LINE: usize = 120;

#[expect(clippy::too_many_arguments, reason = "one private function with one caller")]
fn excerpt(
    out: &mut String,
    arrow: &str,
    label: &Label,
    mark: char,
    width: usize,
    files: &SourceMap,
    paint: &Paint,
    tone: &str,
) {
    let Some(file) = files.file(label.span.file) else { return };
    let at = files.line_column(label.span);
    let gutter = " ".repeat(width);
    let path = printable(&file.path);
    let _ = writeln!(out, "{gutter}{} {path}:{}:{}", paint.with("1;34", arrow), at.line, at.column);
    let start = label.span.start as usize;
    let column = (at.column as usize).saturating_sub(1);
    // A long line is shown from a little before the place; no more of it is looked at than is shown.
    let skip = if column > LINE - 30 { column - 30 } else { 0 };
    let before = file.text.get(..start).unwrap_or("");
    let from = match before.char_indices().rev().take(column - skip).last() {
        Some((from, _)) => from,
        None => start,
    };
    let rest = file.text.get(from..).unwrap_or("");
    let shown: String = rest
        .chars()
        .take_while(|c| !matches!(c, '\n' | '\r'))
        .take(LINE)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let room = (LINE + skip).saturating_sub(column).max(1);
    let marked: String =
        files.slice(label.span).chars().take_while(|c| !matches!(c, '\n' | '\r')).take(room).collect();
    let marked = marked.trim_end().chars().count();
    let underline: String = std::iter::repeat_n(mark, marked.clamp(1, room)).collect();
    let indent = " ".repeat(column - skip);
    let note = if label.text.is_empty() { String::new() } else { format!(" {}", printable(&label.text)) };
    let bar = paint.with("1;34", "|");
    let _ = writeln!(out, "{gutter} {bar}");
    let number = paint.with("1;34", &format!("{:>width$}", at.line));
    let _ = writeln!(out, "{}", format!("{number} {bar} {shown}").trim_end());
    let _ = writeln!(out, "{gutter} {bar} {indent}{}", paint.with(tone, &format!("{underline}{note}")));
}

/// All findings as JSON: an array of objects with `code`, `severity`, `title`, `message`, `at`, `related`, `expected`
/// and `fix`. A place has `path`, `line`, `column`, `end_line`, `end_column` (from 1, in characters), `start` and
/// `end` (bytes).
pub fn json(findings: &[Finding], files: &SourceMap) -> Value {
    let place = |span: Span| {
        let end = files.line_column(Span { start: span.end, ..span });
        let start = files.line_column(span);
        json!({
            "path": files.file(span.file).map(|f| f.path.as_str()),
            "line": start.line,
            "column": start.column,
            "end_line": end.line,
            "end_column": end.column,
            "start": span.start,
            "end": span.end,
        })
    };
    let label = |label: &Label| {
        let mut value = place(label.span);
        if let Some(object) = value.as_object_mut()
            && !label.text.is_empty()
        {
            object.insert("text".to_owned(), json!(label.text));
        }
        value
    };
    findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code,
                "severity": finding.severity,
                "title": codes::info(finding.code).map(|i| i.title),
                "message": finding.message,
                "at": label(&finding.at),
                "related": finding.related.iter().map(label).collect::<Vec<_>>(),
                "expected": finding.expected,
                "fix": finding.fix.as_ref().map(|fix| json!({
                    "text": fix.text,
                    "replace": fix.replace.as_ref().map(|(span, by)| json!({"at": place(*span), "by": by})),
                })),
            })
        })
        .collect()
}

/// What a code means, as `kepi check --explain` prints it; `None` for a code that does not exist.
pub fn explain(code: &str) -> Option<String> {
    let info = codes::find(code)?;
    Some(format!(
        "{} ({}): {}\n\n{}\n\nexpected: {}\nfix: {}\n",
        info.code.0,
        info.severity.word(),
        info.title,
        info.explanation,
        info.expected,
        info.fix
    ))
}
