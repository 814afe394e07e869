//! What is off, what the data say about why, and what is indicated: in sentences whose every figure is in the data.

use kepi_insight::{
    advice::{Doubt, advise},
    analysis::Ask,
    change::{Change, Verdict},
    guardrail,
    sentence::{Distance, Sentence, bands_reached},
    trend::Trend,
};
use kepi_model::{
    calendar::{Grain, Period},
    id,
    project::{Kpi, MissingRule, Requirement, Scorecard, SurveyGates},
};
use kepi_query::{state::Member, value::Segment};
use kepi_score::tree::NoScore;

use super::{
    Reporter,
    reading::{Place, Reading},
};
use crate::{format, say::Say, view::InsightView};

/// Of fewer earlier values it says nothing that one is the lowest.
const SOME: usize = 5;

impl<'a> Reporter<'a> {
    /// What a figure says.
    pub(super) fn insight(self, of: &Reading<'a>, place: &Place<'a>) -> InsightView {
        let (situation, change) = self.situation(of, place);
        let say = Say::of(of.kpi, of.observed(), &self.project().calendar);
        let lines = of.standing.target.as_ref().map(|t| &t.lines);
        let estimate = of.observed().and_then(|o| o.as_ref().ok());
        let what = match (estimate, lines) {
            (None, _) => Sentence::NoValue(match of.observed() {
                Some(Err(reason)) => NoScore::NotComputable(reason.clone()),
                _ => NoScore::NoValue,
            }),
            (Some(_), None) => Sentence::NoTarget,
            (Some(estimate), Some(lines)) => {
                Sentence::Distance(Distance::of(estimate.point, lines, say.step()))
            }
        };
        let located = self.whereabouts(of, place, change.as_ref());
        let changed = |c: &Change| Some(Sentence::changed(c, estimate?.point, of.period));
        let mut why: Vec<Sentence> = change.as_ref().and_then(changed).into_iter().collect();
        why.extend(change.as_ref().and_then(|change| self.extreme(of, place, change)));
        why.extend((situation.trend != Trend::None).then_some(Sentence::Trend(situation.trend)));
        let open = situation.colour.is_some_and(|(_, doubt)| doubt == Doubt::Open);
        if let (true, Some(estimate), Some(lines)) = (open, estimate, lines)
            && let Some((worst, best)) = bands_reached(estimate, lines, of.kpi.better)
            && let Some((band, probability)) = of.standing.band.zip(of.probability())
        {
            why.push(Sentence::ColourOpen { band, probability, worst, best });
        }
        // Others agreed to how far it may go only as long as that is kept, whatever its own target says.
        let broken = match place.segment.as_ref().is_some_and(Segment::is_total) {
            true => guardrail::broken(&Ask { kpi: of.kpi, period: of.period }, &self),
            false => Vec::new(),
        };
        let is_broken = !broken.is_empty();
        why.extend(broken);
        let action = advise(situation);
        let (action, advice) = match of.overridden() {
            // Of what people say nothing is known of chance; what follows from it is theirs to say.
            Some(item) => (
                format!(
                    "Said by people in place of what was computed (item {item}): no advice follows from it."
                ),
                "overridden",
            ),
            None if is_broken && matches!(action.code(), "none" | "watch" | "keep_course") => (
                "What was agreed on is broken: those who answer for it decide together what gives way."
                    .to_owned(),
                "agreed",
            ),
            None => (say.sentence(&Sentence::Advised(action)), action.code()),
        };
        InsightView {
            what: say.sentence(&what),
            why: why.iter().map(|sentence| say.sentence(sentence)).collect(),
            located: located.map(|sentence| say.sentence(&sentence)),
            action,
            advice,
        }
    }

    /// Whether a value that is not called out lies beyond all before it: what would be called out after a short history is far away.
    fn extreme(self, of: &Reading<'a>, place: &Place<'a>, change: &Change) -> Option<Sentence> {
        if change.judged.as_ref().ok()?.verdict != Verdict::Within {
            return None;
        }
        let value = of.observed()?.as_ref().ok()?.point;
        let (first, _) = self.span(of.kpi, place, of.period.grain)?;
        let segment = place.segment.as_ref()?;
        let earlier = self.facts.points(&of.kpi.id, of.period.grain, segment, first..=of.period.ordinal - 1);
        let (mut lowest, mut highest, mut before) = (true, true, 0);
        // The newest first: most values lie between two of the last few, and nothing older is looked at.
        for (ordinal, point, is_final) in earlier.into_iter().rev() {
            let Some(point) = point.filter(|_| is_final) else { continue };
            if !self.means_the_same(of.kpi, Period { ordinal, ..of.period }, of.period) {
                break;
            }
            (lowest, highest, before) = (lowest && value < point, highest && value > point, before + 1);
            if !lowest && !highest {
                return None;
            }
        }
        (before >= SOME).then_some(Sentence::Extreme { lowest, of: before + 1 })
    }

    /// Where a change is: the members that are beyond what is usual of themselves, among how many that were compared.
    fn whereabouts(self, of: &Reading<'a>, place: &Place<'a>, change: Option<&Change>) -> Option<Sentence> {
        if !place.segment.as_ref()?.is_total() {
            return None;
        }
        let judged = self.facts.members_judged(&of.kpi.id, of.period);
        let compared: Vec<_> =
            judged.iter().filter_map(|(segment, judged)| Some((segment, judged.ok()?))).collect();
        let out = |verdict| matches!(verdict, Verdict::Beyond | Verdict::Drifting);
        let mut called_out: Vec<_> = compared.iter().filter(|(_, usual)| out(usual.verdict)).collect();
        if compared.is_empty() || (called_out.is_empty() && !change.is_some_and(|c| out(c.verdict()))) {
            return None;
        }
        // The farthest beyond what would have called it out goes first.
        called_out.sort_by(|a, b| (a.1.p / a.1.limit).total_cmp(&(b.1.p / b.1.limit)).then(a.0.cmp(b.0)));
        let most = called_out.first().and_then(|(segment, usual)| {
            let value = self.facts.observed(&of.kpi.id, of.period, segment)?.ok()?.point;
            Some((words_of(segment), value, *usual))
        });
        Some(Sentence::Where { compared: compared.len(), called_out: called_out.len(), most })
    }
}

/// A segment with its dimensions: `language japanese`.
fn words_of(segment: &Segment) -> String {
    let one = |(dimension, of): &(id::DimensionId, Member)| {
        format!("{} {}", dimension.as_str().replace('_', " "), member(of))
    };
    segment.0.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a missing part does.
pub(super) fn missing_rule(scorecard: &Scorecard) -> String {
    let minimum = format::coverage(scorecard.minimum_coverage);
    match scorecard.missing {
        MissingRule::Ignore if scorecard.minimum_coverage > 0.0 => format!(
            "A part without a value is left out and the others count in proportion; below {minimum} of weight there is \
             no score."
        ),
        MissingRule::Ignore => {
            "A part without a value is left out and the others count in proportion.".to_owned()
        }
        MissingRule::Block => "A part without a value leaves the whole without a score.".to_owned(),
        MissingRule::WorstCase => "A part without a value counts as 0 points.".to_owned(),
    }
}

/// A name within a sentence: `Boarding area` reads as `boarding area`, `NPS group` as it is.
pub(super) fn within(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().to_string() + chars.as_str()
        }
        _ => name.to_owned(),
    }
}

/// A member of a dimension.
pub(super) fn member(member: &Member) -> String {
    match member {
        // Members of enums are names: `under_25` reads as `under 25`.
        Member::Value(text) if id::is_name(text) => text.replace('_', " "),
        Member::Value(text) => text.to_string(),
        // In brackets, since a text may say `unknown` too.
        Member::Unknown => "(no value)".to_owned(),
    }
}

/// The members of a segment.
pub(crate) fn segment(of: &Segment) -> String {
    of.0.as_slice().iter().map(|(_, of)| member(of)).collect::<Vec<_>>().join(" · ")
}

/// What a rule demands, as it is written.
pub(crate) fn requirement(of: &Requirement) -> String {
    match of {
        Requirement::Row(expression) => expression.to_string(),
        Requirement::Unique(attributes) => {
            let names: Vec<&str> = attributes.iter().map(id::AttributeId::as_str).collect();
            format!("unique {}", names.join(", "))
        }
        Requirement::RowsAtLeast(rows) => format!("rows >= {rows}"),
        Requirement::RowsAgainstHistory { share, loads } => {
            format!("rows >= {} of the median of {loads} loads", format::coverage(*share))
        }
        Requirement::MissingAtMost { attribute, share } => {
            format!("missing {attribute} <= {}", format::coverage(*share))
        }
        Requirement::LikeHistory { attribute, loads, bound } => {
            format!("{attribute} like {loads} loads within {bound}")
        }
    }
}

/// After how long a link works.
pub(crate) fn lag((count, of): (u32, Grain)) -> String {
    let unit = grain(of);
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A period of a grain: `half-year`.
pub(crate) fn grain(of: Grain) -> &'static str {
    match of {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::HalfYear => "half-year",
        Grain::Year => "year",
    }
}

/// When a value is published: `at least 100 cases`.
pub(super) fn gates(kpi: &Kpi) -> Vec<String> {
    let n = kpi.minimum_n.map(|n| format!("at least {} cases", format::count(n)));
    let coverage = kpi.minimum_coverage.map(|c| format!("at least {} of cases covered", format::coverage(c)));
    let SurveyGates { effective_n, response_rate, representative } = kpi.survey_gates;
    let effective = effective_n.map(|n| format!("at least {} effective cases", format::count(n)));
    let rate =
        response_rate.map(|r| format!("at least {} of those who were asked answered", format::coverage(r)));
    let alike = representative.map(|r| format!("a representativity of at least {}", format::coverage(r)));
    let cells = kpi.minimum_cell.map(|n| {
        format!("no segment of fewer than {} cases, nor what would give one away", format::count(n))
    });
    [n, cells, coverage, effective, rate, alike].into_iter().flatten().collect()
}
