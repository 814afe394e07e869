//! How far the data of each term reach, where two entities meet in one figure: a count is 0 only from the first row of its
//! entity to its watermark. Beyond, nobody knows whether there was nothing, and a ratio of the two is no number.

use kepi_model::{
    calendar::{Grain, day_of_ordinal},
    project::{Kpi, Measure, Ratio},
};
use kepi_stats::estimate::NotComputable;

use super::{AtGrain, FinishError, day_text};
use crate::{
    lower::Lowered,
    side::Term,
    state::wire::{Edge, Outside},
};

/// Where the data of one term lie.
struct Reach {
    term: Term,
    /// Ordinals of the first and the last period with data, and their first and last day; none: there are no data.
    ends: Option<((i32, i32), (i32, i32))>,
}

/// How far the data of the terms of a KPI reach; empty where all of them are of one entity.
pub(super) struct Edges {
    terms: Vec<Reach>,
    first: i32,
}

impl Edges {
    /// The term that has no data in the period of a bucket.
    pub(super) fn outside(&self, bucket: u32) -> Option<Outside> {
        let period = self.first.saturating_add_unsigned(bucket);
        // What begins last says from when on there are values.
        let later = |reach: &&Reach| reach.ends.map_or(i32::MAX, |(_, (first, _))| first);
        let before =
            self.terms.iter().filter(|reach| reach.ends.is_none_or(|((first, _), _)| period < first));
        let begin = before.max_by_key(later).map(|reach| Outside {
            term: reach.term,
            edge: Edge::Begin(reach.ends.map(|(_, (first, _))| first)),
        });
        begin.or_else(|| self.ended(bucket))
    }

    /// The term whose data end before the period of a bucket, or that has none at all.
    pub(super) fn ended(&self, bucket: u32) -> Option<Outside> {
        if let Some(reach) = self.terms.iter().find(|reach| reach.ends.is_none()) {
            return Some(Outside { term: reach.term, edge: Edge::Begin(None) });
        }
        let period = self.first.saturating_add_unsigned(bucket);
        let ended = |reach: &Reach| {
            let (_, (_, last)) = reach.ends.filter(|((_, end), _)| period > *end)?;
            Some(Outside { term: reach.term, edge: Edge::End(last) })
        };
        let last = |outside: &Outside| if let Edge::End(day) = outside.edge { day } else { i32::MAX };
        self.terms.iter().filter_map(ended).min_by_key(last)
    }
}

impl AtGrain<'_> {
    /// How far the data of its terms reach.
    pub(super) fn edges(&self, kpi: &Kpi, lowered: &Lowered) -> Result<Edges, FinishError> {
        let mut edges = Edges { terms: Vec::new(), first: self.first };
        let Measure::Ratio(Ratio { numerator, denominator, .. }) = &kpi.measure else { return Ok(edges) };
        if numerator.rows.of == denominator.rows.of {
            return Ok(edges);
        }
        let calendar = &self.context.project.calendar;
        let period_of = |day| -> Result<i32, FinishError> {
            Ok(calendar.period_of_day(self.grain, day_of_ordinal(day)?).ordinal)
        };
        for (side, days) in lowered.sides.iter().zip(self.days(kpi, lowered, &[])?) {
            let of = if side.term == Term::First { &numerator.rows.of } else { &denominator.rows.of };
            let mut ends = None;
            if let Some((first, mut last)) = days.ends() {
                if let Some(until) = self.context.watermarks.get(of) {
                    last = last.max(calendar.period_at(Grain::Day, until.saturating_sub(1))?.ordinal);
                }
                ends = Some(((period_of(first)?, period_of(last)?), (first, last)));
            }
            edges.terms.push(Reach { term: side.term, ends });
        }
        Ok(edges)
    }
}

/// Why a value of a period that the data of a term do not reach is no number.
pub(super) fn reason(kpi: &Kpi, outside: Outside) -> NotComputable {
    let readings = kpi.measure.kind().readings();
    let of = match outside.term {
        Term::First => readings.first(),
        Term::Second => readings.get(1),
    };
    let of = of.map_or_else(String::new, |reading| reading.rows.of.to_string());
    match outside.edge {
        Edge::Begin(day) => NotComputable::NotBegun { of, on: day.map(day_text) },
        Edge::End(day) => NotComputable::NotReached { of, until: day_text(day) },
    }
}
