//! What was computed of a KPI in a period, over a segment: read once, shown by pages and told to programs.

use super::{FactCard, Reporter};
use crate::{
    facts::Entry,
    reason::Absence,
    view::{Measured, Outcome},
};
use jiff::civil::Date;
use kepi_insight::{
    advice::{Colour, Course, Data, Doubt, Reach, Situation},
    change::{Change, Refusal},
    trend::{TREND, Trend},
};
use kepi_model::{
    calendar::{Grain, Period},
    id::UnitId,
    project::{Kpi, Target},
    window::Over,
};
use kepi_query::value::{Finality, Segment};
use kepi_score::{
    target::{Down, in_force},
    tree::{Observed, Standing},
};

/// Where a KPI is read: through which scorecard, for which unit, over which rows.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub card: Option<FactCard<'a>>,
    /// The unit whose target holds.
    pub unit: Option<&'a UnitId>,
    /// The rows; none where the unit has none.
    pub segment: Option<Segment>,
    /// Which of the unit's rows; the total: all of them.
    pub part: Segment,
}

/// A KPI in a period over a segment.
pub(crate) struct Reading<'a> {
    pub kpi: &'a Kpi,
    pub period: Period,
    /// The published value.
    pub entry: Option<Entry>,
    /// How it stands against the target in force.
    pub standing: Standing,
}

impl Reading<'_> {
    pub(crate) fn observed(&self) -> Option<&Observed> {
        self.entry.as_ref().map(|e| &e.value.estimate)
    }
    /// What was computed, as shown.
    pub(crate) fn measured(&self) -> Outcome<Measured> {
        Measured::of(self.entry.as_ref(), self.kpi)
    }
    pub(crate) fn finality(&self) -> Option<Finality> {
        self.entry.as_ref().map(|e| e.value.finality)
    }
    /// Whether it may be compared; where nothing was computed, nothing can change any more.
    pub(crate) fn is_final(&self) -> bool {
        self.entry.as_ref().is_none_or(Entry::is_final)
    }
    /// The probability that the true value lies in the band of the status; none of what people say.
    pub(crate) fn probability(&self) -> Option<f64> {
        if self.overridden().is_some() {
            return None;
        }
        self.standing.probability(self.kpi, self.observed())
    }
    pub(crate) fn restated(&self) -> bool {
        self.entry.as_ref().is_some_and(|e| e.restated)
    }
    /// The item by which people say it in place of what was computed.
    pub(crate) fn overridden(&self) -> Option<u64> {
        let entry = self.entry.as_ref()?;
        entry.computed.as_ref().and(entry.overrides.last()).map(|of| of.item)
    }
    /// Share of the cases that should be there; none where there are none.
    pub(crate) fn coverage(&self) -> Option<f64> {
        self.entry.as_ref().and_then(|e| e.value.coverage.share())
    }
}

impl<'a> Reporter<'a> {
    /// Where a KPI is read for a unit of a scorecard.
    pub(crate) fn place(self, card: FactCard<'a>, unit: Option<&'a UnitId>) -> Place<'a> {
        self.part_place(card, unit, Segment::total())
    }

    /// Where a KPI is read for some of a unit's rows: a segment that it judges on the scorecard.
    pub(crate) fn part_place(self, card: FactCard<'a>, unit: Option<&'a UnitId>, part: Segment) -> Place<'a> {
        Place { card: Some(card), unit, segment: card.part_of(unit, &part), part }
    }

    /// Where a KPI is read over all rows, through the first scorecard that uses it.
    pub(crate) fn whole(self, card: Option<FactCard<'a>>) -> Place<'a> {
        let unit = card.and_then(|c| c.scorecard.unit.as_ref());
        Place { card, unit, segment: Some(Segment::total()), part: Segment::total() }
    }

    /// Where a KPI is read over a segment: of the unit whose rows these are, or among whose rows they are, else of the whole.
    pub(crate) fn segment_place(self, card: Option<FactCard<'a>>, segment: Segment) -> Place<'a> {
        let (unit, part) = card.map_or((None, segment.clone()), |card| card.within(&segment));
        Place { card, unit, segment: Some(segment), part }
    }

    /// The target of a KPI that holds there.
    pub(crate) fn target(self, kpi: &Kpi, place: &Place<'a>, period: Period) -> Option<Target> {
        match &place.card {
            Some(card) => card.target_of(kpi, place.unit, &place.part, period),
            None => in_force(kpi, self.project(), None, None, &place.part, Down::default(), period),
        }
    }

    pub(crate) fn read(self, kpi: &'a Kpi, place: &Place<'a>, period: Period) -> Reading<'a> {
        let entry = place.segment.as_ref().and_then(|s| self.facts.entry(&kpi.id, period, s));
        // By the wording in force: it says how the states of the value are to be read, and against what it is held.
        let kpi = self.in_force(kpi, period).unwrap_or(kpi);
        let target = self.target(kpi, place, period);
        let standing = Standing::of(kpi, entry.as_ref().map(|e| &e.value.estimate), target);
        Reading { kpi, period, entry, standing }
    }

    /// What a KPI says of a period: the wording in force on its last day; none before the first.
    pub(crate) fn in_force(self, kpi: &Kpi, period: Period) -> Option<&'a Kpi> {
        self.project().kpis.get(&kpi.id)?.in_period(period, &self.project().calendar)
    }

    /// Whether the values of a KPI in two periods mean the same.
    pub(super) fn means_the_same(self, kpi: &Kpi, a: Period, b: Period) -> bool {
        let meaning = |period| self.in_force(kpi, period).map(|kpi| kpi.wording);
        meaning(a) == meaning(b)
    }

    /// The last `most` periods up to one, oldest first; gaps between the first value and it are read as such. Nothing where
    /// none of them has a value.
    pub(crate) fn recent(
        self,
        kpi: &'a Kpi,
        place: &Place<'a>,
        upto: Period,
        most: usize,
    ) -> Vec<Reading<'a>> {
        let Some(from) = self.recent_from(kpi, place, upto, most) else { return Vec::new() };
        let periods = (from..=upto.ordinal).map(|ordinal| Period { ordinal, ..upto });
        periods.map(|period| self.read(kpi, place, period)).collect()
    }

    /// The first of the last `most` periods up to one; none where none of them has a value.
    pub(crate) fn recent_from(self, kpi: &Kpi, place: &Place<'a>, upto: Period, most: usize) -> Option<i32> {
        let (first, last) = self.span(kpi, place, upto.grain)?;
        let most = i32::try_from(most).unwrap_or(i32::MAX).max(1);
        let from = first.max(upto.ordinal.saturating_sub(most - 1));
        (from <= last && from <= upto.ordinal).then_some(from)
    }

    /// All periods of a KPI, oldest first; gaps between the first and the last are read as such.
    pub(crate) fn course(self, kpi: &'a Kpi, place: &Place<'a>, grain: Grain) -> Vec<Reading<'a>> {
        let Some((first, last)) = self.span(kpi, place, grain) else { return Vec::new() };
        (first..=last)
            .map(|ordinal| self.read(kpi, place, self.project().period(kpi, grain, ordinal)))
            .collect()
    }

    pub(crate) fn span(self, kpi: &Kpi, place: &Place<'_>, grain: Grain) -> Option<(i32, i32)> {
        self.facts.span(&kpi.id, grain, place.segment.as_ref()?)
    }

    /// The change of a value since the last final one before it, and how it lies to what is usual.
    pub(crate) fn change(self, of: &Reading<'a>, place: &Place<'a>) -> Result<Change, Absence> {
        let Some(Ok(current)) = of.observed() else { return Err(Absence::NothingToCompare) };
        if current.not_measured().is_some() {
            return Err(Absence::NotMeasured);
        }
        // What is usual is usual of what is computed.
        if of.overridden().is_some() {
            return Err(Absence::Overridden);
        }
        if !of.is_final() {
            return Err(Absence::Provisional);
        }
        if matches!(of.kpi.window(), Some(Over::ToDate(_))) {
            return Err(Absence::ToDate);
        }
        let segment = place.segment.as_ref().ok_or(Absence::NothingToCompare)?;
        let (first, _) = self.span(of.kpi, place, of.period.grain).ok_or(Absence::NoEarlier)?;
        if first >= of.period.ordinal {
            return Err(Absence::NoEarlier);
        }
        let earlier = self.facts.points(&of.kpi.id, of.period.grain, segment, first..=of.period.ordinal - 1);
        let mut others = earlier.into_iter().rev().filter_map(|(ordinal, point, is_final)| {
            Some((point.filter(|_| is_final)?, Period { ordinal, ..of.period }))
        });
        let mut absence = Absence::NoEarlier;
        let apart = others.find(|(_, period)| {
            absence = Absence::Overlapping;
            self.are_apart(of.kpi, *period, of.period)
        });
        let last = apart.ok_or(absence)?;
        if !self.means_the_same(of.kpi, last.1, of.period) {
            return Err(Absence::OtherDefinition);
        }
        Ok(Change::new(
            last,
            current.point,
            self.facts.judged(&of.kpi.id, of.period, segment),
            of.kpi.better,
            of.standing.target.as_ref().map(|t| &t.lines),
        ))
    }

    /// Whether the values of two periods are made from different rows.
    fn are_apart(self, kpi: &Kpi, earlier: Period, later: Period) -> bool {
        let Some(over) = kpi.window() else { return true };
        let calendar = self.project().calendar_of(kpi);
        let begins = over.first_day(later, calendar);
        let ends = calendar.last_day(earlier);
        begins.is_ok_and(|begins| ends.is_ok_and(|ends| ends < begins))
    }

    /// Whether the last periods up to one all went the same way.
    fn trend(self, of: &Reading<'a>, place: &Place<'a>) -> Trend {
        // Windows that share rows go the same way for long without anything new.
        let Some(segment) = place.segment.as_ref().filter(|_| !of.kpi.overlaps()) else { return Trend::None };
        let longest = i32::try_from(TREND).unwrap_or(i32::MAX);
        let within = of.period.ordinal.saturating_sub(longest)..=of.period.ordinal;
        let points = self.facts.points(&of.kpi.id, of.period.grain, segment, within);
        let points: Option<Vec<f64>> = points
            .into_iter()
            .map(|(ordinal, point, is_final)| {
                let same = self.means_the_same(of.kpi, Period { ordinal, ..of.period }, of.period);
                point.filter(|_| is_final && same)
            })
            .collect();
        Trend::of(&points.unwrap_or_default(), of.kpi.better, of.standing.target.as_ref().map(|t| &t.lines))
    }

    /// What is known of a KPI for advice, and what has changed.
    pub(crate) fn situation(self, of: &Reading<'a>, place: &Place<'a>) -> (Situation, Option<Change>) {
        let change = self.change(of, place).ok();
        let lines = of.standing.target.as_ref().map(|t| &t.lines);
        let estimate = of.observed().and_then(|o| o.as_ref().ok()).filter(|of| of.not_measured().is_none());
        let situation = Situation {
            data: match estimate {
                None => Data::Missing,
                Some(_) if self.facts.not_renewed(&of.kpi.id, of.period.grain) => Data::NotRenewed,
                Some(_) if !of.is_final() => Data::Provisional,
                Some(_) if change.as_ref().is_some_and(|c| c.judged == Err(Refusal::InDoubt)) => {
                    Data::InDoubt
                }
                Some(_) => Data::Final,
            },
            course: change.as_ref().map_or(Course::Unknown, Course::of),
            reach: estimate.map_or(Reach::NoTarget, |e| Reach::of(e, lines, of.kpi.better)),
            colour: estimate
                .zip(of.standing.band)
                .map(|(estimate, band)| (Colour::from(band), Doubt::of(estimate, of.probability()))),
            trend: self.trend(of, place),
        };
        (situation, change)
    }

    /// The last day to which the data of all entities that a KPI reads reach: those that landed, also where it is of made rows.
    pub(crate) fn data_of(self, kpi: &Kpi) -> Option<Date> {
        kpi.reads.iter().filter_map(|entity| self.data_until(entity)).min()
    }
}
