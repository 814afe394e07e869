//! Findings as text for a terminal and as JSON for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    codes,
    finding::{Finding, Label, Severity},
    source_text::{SourceMap, Span},
};

struct Paint(bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// All findings as text, each with its code, place, excerpt, what was expected and what to do; a last line counts them.
/// Colour is decoration: nothing is said by colour alone.
pub fn text(findings: &[Finding], files: &SourceMap, colour: bool) -> String {
    let mut out = String::new();
    for finding in findings {
        out.push_str(&one(finding, files, colour));
        out.push('\n');
    }
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    if !findings.is_empty() {
        let _ = writeln!(
            out,
            "{}, {}",
            plural(count(Severity::Error), "error"),
            plural(count(Severity::Warning), "warning")
        );
    }
    out
}

/// One finding as text.
pub fn one(finding: &Finding, files: &SourceMap, colour: bool) -> String {
    let paint = Paint(colour);
    let (word, tone) = match finding.severity {
        Severity::Error => ("error", "1;31"),
        Severity::Warning => ("warning", "1;33"),
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {}",
        paint.with(tone, &format!("{word}[{}]", finding.code.0)),
        paint.with("1", &finding.message)
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
        let _ = writeln!(out, "{gutter} = {}: {expected}", paint.with("1", "expected"));
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "{gutter} = {}: {}", paint.with("1", "fix"), fix.text);
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
    let _ = writeln!(out, "{gutter}{} {}:{}:{}", paint.with("1;34", arrow), file.path, at.line, at.column);
    let start = label.span.start as usize;
    let before = file.text.get(..start).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let rest = file.text.get(line_start..).unwrap_or("");
    let line = rest.lines().next().unwrap_or("");
    let column = (at.column as usize).saturating_sub(1);
    // A long line is shown from a little before the place.
    let skip = if column > LINE - 30 { column - 30 } else { 0 };
    let shown: String =
        line.chars().skip(skip).take(LINE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marked = files.slice(label.span).lines().next().unwrap_or("").trim_end().chars().count();
    let room = (LINE + skip).saturating_sub(column).max(1);
    let underline: String = std::iter::repeat_n(mark, marked.clamp(1, room)).collect();
    let indent = " ".repeat(column - skip);
    let note = if label.text.is_empty() { String::new() } else { format!(" {}", label.text) };
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
    let severity = match info.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    Some(format!("{} ({severity}): {}\n\n{}\n", info.code.0, info.title, info.explanation))
}
