//! What is off, what the data say about why, and what is indicated: in sentences whose every figure is in the data.

use kepi_insight::{
    advice::{Doubt, advise},
    change::Trend,
    sentence::{Distance, Sentence, bands_reached},
};
use kepi_model::{
    calendar::Grain,
    id,
    project::{Better, MissingRule, Requirement, Scorecard},
};
use kepi_query::{state::Member, value::Segment};
use kepi_score::{band::score, tree::NoScore};

use super::{
    Reporter,
    reading::{Place, Reading},
};
use crate::{format, say::Say, view::InsightView};

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
        let mut why: Vec<Sentence> = change.iter().map(Sentence::changed).collect();
        why.extend((situation.trend != Trend::None).then_some(Sentence::Trend(situation.trend)));
        let open = situation.colour.is_some_and(|(_, doubt)| doubt == Doubt::Open);
        if let (true, Some(estimate), Some(lines)) = (open, estimate, lines)
            && let Some((worst, best)) = bands_reached(estimate, lines, of.kpi.better)
            && let Some((band, probability)) = of.standing.band.zip(of.probability())
        {
            why.push(Sentence::ColourOpen { band, probability, worst, best });
        }
        let action = advise(situation);
        InsightView {
            what: say.sentence(&what),
            why: why.iter().map(|sentence| say.sentence(sentence)).collect(),
            stands_out: self.worst_segment(of, place).map(|sentence| say.sentence(&sentence)),
            action: say.sentence(&Sentence::Advised(action)),
            advice: action.code(),
        }
    }

    /// The one segment that stands out most: its interval is wholly on the bad side of the value over all rows.
    fn worst_segment(self, of: &Reading<'a>, place: &Place<'a>) -> Option<Sentence> {
        if !place.segment.as_ref()?.is_total() {
            return None;
        }
        let kpi = of.kpi;
        let all = of.observed()?.as_ref().ok()?;
        let good = |value: f64| match kpi.better {
            Better::Higher => value,
            Better::Lower => -value,
            Better::InRange => match &of.standing.target {
                Some(target) => score(value, &target.lines, kpi.better) as f64,
                None => value,
            },
        };
        let mut worst: Option<(f64, Sentence)> = None;
        for segment in self.facts.segments(&kpi.id, of.period.grain) {
            let [(dimension, member @ Member::Value(_))] = segment.0.as_slice() else { continue };
            let Some(Ok(here)) = self.facts.observed(&kpi.id, of.period, &segment) else { continue };
            let Ok(interval) = &here.interval else { continue };
            let best_of_interval = good(interval.low).max(good(interval.high));
            if best_of_interval < good(all.point) && worst.as_ref().is_none_or(|w| best_of_interval < w.0) {
                let (dimension, member) = (dimension.clone(), self::member(member));
                worst = Some((best_of_interval, Sentence::StandsOut { dimension, member, value: here }));
            }
        }
        worst.map(|(_, sentence)| sentence)
    }
}

/// What a missing part does.
pub(super) fn missing_rule(scorecard: &Scorecard) -> String {
    let minimum = format::coverage(scorecard.minimum_coverage);
    match scorecard.missing {
        MissingRule::Ignore => format!(
            "A part without a value is left out and the others count in proportion; below {minimum} of weight there is \
             no score."
        ),
        MissingRule::Block => "A part without a value leaves the whole without a score.".to_owned(),
        MissingRule::WorstCase => "A part without a value counts as 0 points.".to_owned(),
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
    }
}

/// After how long a link works.
pub(crate) fn lag((count, grain): (u32, Grain)) -> String {
    let unit = match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::HalfYear => "half-year",
        Grain::Year => "year",
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// When a value is published: `at least 100 cases`.
pub(super) fn gates(minimum_n: Option<u64>, minimum_coverage: Option<f64>) -> Vec<String> {
    let n = minimum_n.map(|n| format!("at least {} cases", format::count(n)));
    let coverage = minimum_coverage.map(|c| format!("at least {} of cases covered", format::coverage(c)));
    n.into_iter().chain(coverage).collect()
}
