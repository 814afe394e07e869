//! What is wrong with policies: findings with code, place, expectation and a way out, as of every definition.

use std::{collections::BTreeSet, str::FromStr};

use cedar_policy::{EntityUid, Policy, PolicySet, ValidationMode, Validator};
use kepi_model::{
    codes,
    finding::{Code, Finding, Fix, Label},
    project::Project,
    source_text::{FileId, SourceFile, SourceMap, Span},
    wording::nearest,
};
use miette::Diagnostic;

use super::{Action, EVERYWHERE, PolicyFile, schema};

/// Checks files of policies against the schema and, if it is known, the project. The files are those of the map, whose
/// places the findings name.
pub fn check(files: &[PolicyFile], project: Option<&Project>) -> (SourceMap, Vec<Finding>) {
    let map = SourceMap::new(
        files.iter().map(|f| SourceFile { path: f.path.clone(), text: f.text.as_str().into() }).collect(),
    );
    let mut findings = Vec::new();
    let mut granted: BTreeSet<&str> = BTreeSet::new();
    for (file, written) in map.iter() {
        let of = Of { file, text: &written.text, project };
        of.check(&mut findings, &mut granted);
    }
    let unread = findings.iter().any(|finding| finding.code == codes::POLICY_UNREADABLE);
    if let Some((file, _)) = map.iter().next().filter(|_| !unread) {
        for action in Action::ALL.iter().filter(|action| !granted.contains(action.word())) {
            let message = format!("no policy grants `{}` to anybody", action.word());
            findings.push(finding(codes::POLICY_IDLE, message, Span { file, start: 0, end: 0 }, None, None));
        }
    }
    (map, findings)
}

fn finding(
    code: Code,
    message: String,
    span: Span,
    expected: Option<String>,
    fix: Option<String>,
) -> Finding {
    let info = codes::info(code);
    Finding {
        code,
        severity: info.map_or(kepi_model::finding::Severity::Error, |info| info.severity),
        message,
        at: Label { span, text: String::new() },
        related: Vec::new(),
        expected: expected.or_else(|| info.map(|info| info.expected.to_owned())),
        fix: fix.or_else(|| info.map(|info| info.fix.to_owned())).map(|text| Fix { text, replace: None }),
    }
}

/// That a file of policies stands beside what is decided.
pub fn beside(file: FileId, why: &str) -> Finding {
    finding(codes::POLICY_ASIDE, why.to_owned(), Span { file, start: 0, end: 0 }, None, None)
}

/// A file that is checked.
struct Of<'a> {
    file: FileId,
    text: &'a str,
    project: Option<&'a Project>,
}

impl Of<'_> {
    fn check(&self, findings: &mut Vec<Finding>, granted: &mut BTreeSet<&'static str>) {
        let set = match PolicySet::from_str(self.text) {
            Ok(set) => set,
            Err(errors) => {
                for error in errors.iter() {
                    let (message, span) = self.said(error, "the text is no policy");
                    findings.push(finding(codes::POLICY_UNREADABLE, message, span, expected(error), None));
                }
                return;
            }
        };
        if let Some(schema) = schema() {
            let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
            for error in result.validation_errors() {
                let (message, span) = self.said(error, "it speaks of what there is not");
                let fix = error.help().map(|help| plain(&help.to_string()));
                findings.push(finding(codes::POLICY_WRONG, message, span, None, fix));
            }
        }
        for policy in set.policies() {
            self.names(policy, findings);
            if policy.effect() == cedar_policy::Effect::Permit {
                granted.extend(
                    Action::ALL.iter().map(|action| action.word()).filter(|word| grants(policy, word)),
                );
            }
        }
    }

    /// Names that the project does not have.
    fn names(&self, policy: &Policy, findings: &mut Vec<Finding>) {
        let Some(project) = self.project else { return };
        let mut said = BTreeSet::new();
        for literal in policy.entity_literals() {
            let (kind, id) = (literal.type_name().to_string(), literal.id().unescaped().to_owned());
            let known: Vec<&str> = match kind.as_str() {
                "Kpi" => project.kpis.keys().map(|id| id.as_str()).collect(),
                "Scorecard" => project.scorecards.keys().map(|id| id.as_str()).collect(),
                "Source" => project.sources.keys().map(|id| id.as_str()).collect(),
                "Unit" => project.units.keys().map(|id| id.as_str()).chain([EVERYWHERE]).collect(),
                _ => continue,
            };
            if known.contains(&id.as_str()) || !said.insert(literal.clone()) {
                continue;
            }
            let message = format!("the project has no {} `{id}`", kind_in_words(&kind));
            let near = nearest(&id, known.iter().copied());
            let fix = near.map(|near| format!("did you mean `{near}`?"));
            findings.push(finding(codes::POLICY_NAME, message, self.place_of(&literal), None, fix));
        }
    }

    /// Where a name stands first.
    fn place_of(&self, literal: &EntityUid) -> Span {
        let written = literal.to_string();
        let start = self.text.find(&written).unwrap_or(0);
        self.span(start, written.len())
    }

    fn span(&self, start: usize, length: usize) -> Span {
        let fits = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Span { file: self.file, start: fits(start), end: fits(start + length) }
    }

    /// What Cedar says, in our form, and where.
    fn said(&self, error: &(impl Diagnostic + ?Sized), otherwise: &str) -> (String, Span) {
        let text = plain(&error.to_string());
        let at = error.labels().and_then(|mut labels| labels.next());
        let span = at.map_or_else(|| self.span(0, 0), |at| self.span(at.offset(), at.len()));
        (if text.is_empty() { otherwise.to_owned() } else { text }, span)
    }
}

/// What was expected, where Cedar says it at the place.
fn expected(error: &(impl Diagnostic + ?Sized)) -> Option<String> {
    let label = error.labels()?.next()?;
    label.label().map(plain).and_then(|text| text.strip_prefix("expected ").map(str::to_owned))
}

/// Without what only this machine calls it: ``for policy `policy0`, ``.
fn plain(text: &str) -> String {
    let text = match text.split_once("`, ") {
        Some((before, rest)) if before.starts_with("for policy `") => rest,
        _ => text,
    };
    text.trim_end_matches('.').to_owned()
}

fn kind_in_words(kind: &str) -> &str {
    match kind {
        "Kpi" => "KPI",
        "Scorecard" => "scorecard",
        "Source" => "source",
        _ => "unit",
    }
}

/// Whether a policy is about an action: its own, the group, or all.
fn grants(policy: &Policy, action: &str) -> bool {
    use cedar_policy::ActionConstraint;
    let is = |uid: &EntityUid| [action, Action::SEE].contains(&uid.id().unescaped());
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::In(all) => all.iter().any(is),
        ActionConstraint::Eq(one) => is(&one),
    }
}
