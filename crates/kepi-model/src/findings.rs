//! Collecting findings: one list, one way to add to it.

use std::collections::BTreeSet;

use crate::{
    codes,
    finding::{Code, Finding, Fix, Label, Severity},
    source_text::Span,
    wording::{nearest, some_of},
};

/// The findings made so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    broken: BTreeSet<(String, String)>,
    /// How many names have been compared with misspelt ones.
    compared: usize,
}

/// So many names are compared with misspelt ones in one check; after that messages list names, but suggest none. Else a
/// thousand unknown names among as many known ones would take minutes.
const MOST_COMPARED: usize = 300_000;

impl Findings {
    /// Notes an attribute whose own declaration has a finding: that it is unknown is not to be said again.
    pub(crate) fn attribute_is_broken(&mut self, entity: &str, attribute: &str) {
        self.broken.insert((entity.to_owned(), attribute.to_owned()));
    }

    /// Whether an attribute's own declaration has a finding.
    pub(crate) fn is_broken(&self, entity: &str, attribute: &str) -> bool {
        self.broken.contains(&(entity.to_owned(), attribute.to_owned()))
    }

    /// The known name nearest to a wrong one, as long as not too many have been asked for.
    pub(crate) fn nearest<'a>(
        &mut self,
        wrong: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let left = MOST_COMPARED.saturating_sub(self.compared);
        let mut looked_at = 0;
        let near = nearest(wrong, known.into_iter().take(left).inspect(|_| looked_at += 1));
        self.compared += looked_at;
        near
    }

    /// Adds a finding about a name that is not known, and offers the nearest known one, or lists some.
    pub(crate) fn unknown<'a>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        wrong: &str,
        known: impl IntoIterator<Item = &'a str, IntoIter: Clone>,
    ) -> &mut Finding {
        let known = known.into_iter();
        let near = self.nearest(wrong, known.clone());
        let finding = self.report(code, span, message);
        match near {
            Some(near) => finding.replace(format!("did you mean `{near}`?"), span, near),
            None => match some_of(known) {
                names if names.is_empty() => finding,
                names => finding.expected(format!("one of {names}")),
            },
        }
    }

    /// Adds a finding; the severity is the code's.
    pub(crate) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Finding {
        let severity = codes::info(code).map_or(Severity::Error, |info| info.severity);
        self.list.push(Finding {
            code,
            severity,
            message: message.into(),
            at: Label { span, text: String::new() },
            related: Vec::new(),
            expected: None,
            fix: None,
        });
        let last = self.list.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "an element was pushed just before")]
        &mut self.list[last]
    }

    /// Adds the errors of another reading of the same that this one has not.
    pub(crate) fn add_errors(&mut self, other: Self) {
        for finding in other.list.into_iter().filter(|of| of.severity == Severity::Error) {
            let is_known = |of: &Finding| (of.code, of.at.span) == (finding.code, finding.at.span);
            if !self.list.iter().any(is_known) {
                self.list.push(finding);
            }
        }
    }

    /// Takes back replacements at places where what is wrong is not written, but where it was taken over from.
    pub(crate) fn replace_nothing_at(&mut self, places: &[Span]) {
        let here = |(at, _): &(Span, String)| places.contains(at);
        for fix in self
            .list
            .iter_mut()
            .filter(|of| of.code != codes::LIBRARY && of.code != codes::LIBRARY_MOVED)
            .filter_map(|of| of.fix.as_mut())
        {
            fix.replace = fix.replace.take_if(|replace| !here(replace));
        }
    }

    /// Whether there is a finding with one of the codes.
    pub(crate) fn any(&self, codes: &[Code]) -> bool {
        self.list.iter().any(|f| codes.contains(&f.code))
    }

    /// Takes back findings that others make doubtful.
    pub(crate) fn remove(&mut self, codes: &[Code]) {
        self.list.retain(|f| !codes.contains(&f.code));
    }

    /// Takes back what was found at a place, where another finding says what is to be done there.
    pub(crate) fn remove_at(&mut self, code: Code, span: Span) {
        self.list.retain(|f| f.code != code || f.at.span != span);
    }

    /// The finding made last.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Finding> {
        self.list.last_mut()
    }

    /// Whether something was found at a place or within it.
    pub(crate) fn any_within(&self, span: Span) -> bool {
        let within = |at: Span| at.file == span.file && at.start >= span.start && at.end <= span.end;
        self.list.iter().any(|f| within(f.at.span))
    }

    /// How many there are; compare before and after to see whether something was found.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether any finding forbids using the project.
    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|f| f.severity == Severity::Error)
    }

    /// All findings by place, each once. What none of them says of its own its code says.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        for finding in &mut self.list {
            let Some(info) = codes::info(finding.code) else { continue };
            finding.expected.get_or_insert_with(|| info.expected.to_owned());
            finding.fix.get_or_insert_with(|| Fix { text: info.fix.to_owned(), replace: None });
        }
        self.list.sort_by(|a, b| (a.at.span, a.code, &a.message).cmp(&(b.at.span, b.code, &b.message)));
        self.list.dedup();
        self.list
    }
}

impl Finding {
    /// Says something of the main place.
    pub(crate) fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.at.text = text.into();
        self
    }
    /// Says what was expected.
    pub(crate) fn expected(&mut self, text: impl Into<String>) -> &mut Self {
        self.expected = Some(text.into());
        self
    }
    /// Says what to do.
    pub(crate) fn fix(&mut self, text: impl Into<String>) -> &mut Self {
        self.fix = Some(Fix { text: text.into(), replace: None });
        self
    }
    /// Says what to do and offers the text.
    pub(crate) fn replace(
        &mut self,
        text: impl Into<String>,
        span: Span,
        by: impl Into<String>,
    ) -> &mut Self {
        self.fix = Some(Fix { text: text.into(), replace: Some((span, by.into())) });
        self
    }
    /// Points at another place.
    pub(crate) fn related(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.related.push(Label { span, text: text.into() });
        self
    }
}
