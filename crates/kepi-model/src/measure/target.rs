//! Targets and what they rest on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Carry, Kpi};
use crate::{
    calendar::{Calendar, Grain, Period},
    id::{DimensionId, OperatingPlanId, PlanVersionId, UnitId},
    operating_plan::{OperatingPlan, PlanVersion},
    source_text::Span,
};

/// A target, effective from a date until the next of the same unit, segment and length of period.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// First day it holds.
    pub from: Date,
    /// The unit it is for; none: for all.
    pub unit: Option<UnitId>,
    /// The segment it is for: members by dimension, sorted; empty: all rows.
    pub segment: Vec<(DimensionId, String)>,
    /// The length of the periods it is for.
    pub period: Grain,
    /// The lines.
    pub lines: TargetLines,
    /// What it rests on.
    pub basis: Option<Basis>,
    /// The file in which that is to be read.
    pub evidence: Option<Attachment>,
    /// The version of an operating plan that it was planned with.
    pub plan: Option<PlannedWith>,
    /// Where it is written.
    pub span: Span,
}

/// The lines of a target in the KPI's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetLines {
    /// For `higher` and `lower`: floor, threshold, target and stretch, each better than the one before.
    OneSided {
        /// Score 0.
        floor: Option<f64>,
        /// Score 50.
        threshold: f64,
        /// Score 100.
        target: f64,
        /// Score 120.
        stretch: Option<f64>,
    },
    /// For `in_range`: the same on both sides, `(low, high)`; nested outwards from stretch to floor.
    InRange {
        /// Score 0.
        floor: Option<(f64, f64)>,
        /// Score 50.
        threshold: (f64, f64),
        /// Score 100.
        target: (f64, f64),
        /// Score 120.
        stretch: Option<(f64, f64)>,
    },
}

impl Target {
    /// Whom it is for: `emea, tier=enterprise`; none: for all.
    pub fn scope(&self) -> Option<String> {
        let members = self.segment.iter().map(|(dimension, member)| format!("{dimension}={member}"));
        let all: Vec<String> = self.unit.iter().map(ToString::to_string).chain(members).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// The version of a plan that came after that with which it was planned, and from when on it holds on although the plan says something else,
    /// or is over: it is out of date then. It holds `until` a day. None where it was planned with another plan, or with none.
    fn left_behind<'a>(&self, plan: &'a OperatingPlan, until: Option<Date>) -> Option<OutOfDate<'a>> {
        let with = self.plan.as_ref().filter(|with| with.plan == plan.id)?;
        let own = plan.versions.iter().position(|of| of.id == with.version)?;
        let next = plan.versions.get(own + 1).filter(|of| of.since < plan.until);
        // What was planned with an old version is not renewed by beginning later.
        let day = next.map_or(plan.until, |of| of.since).max(self.from);
        until.is_none_or(|until| day < until).then_some(OutOfDate { day, by: next })
    }
}

impl Kpi {
    /// From when on a target of it is out of date by the plan that it was planned with, while it holds.
    pub fn out_of_date<'a>(&self, target: &Target, plan: &'a OperatingPlan) -> Option<OutOfDate<'a>> {
        let mut wordings = self.wordings();
        let own = wordings.find(|wording| wording.targets.iter().any(|of| of.span == target.span));
        let next = wordings.next().and_then(|wording| wording.from);
        let whose = |of: &'_ Target| (of.unit.clone(), of.segment.clone(), of.period);
        let others = own.into_iter().flat_map(|wording| &wording.targets);
        let others = others.filter(|of| of.from > target.from && whose(of) == whose(target));
        target.left_behind(plan, others.map(|of| of.from).chain(next).min())
    }
}

/// From when on a target is out of date, and what the plan says instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfDate<'a> {
    /// From which day on.
    pub day: Date,
    /// The version that came after that which it was planned with; none: the plan is over.
    pub by: Option<&'a PlanVersion>,
}

impl OutOfDate<'_> {
    /// As part of a sentence: `out of date from 2026-07-01 on: forecast is the plan`.
    pub fn words(&self) -> String {
        let why = self.by.map_or("the plan is over".to_owned(), |of| format!("{} is the plan", of.id));
        format!("out of date from {} on: {why}", self.day)
    }
}

/// The version of an operating plan that a target was planned with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWith {
    /// The plan.
    pub plan: OperatingPlanId,
    /// Its version.
    pub version: PlanVersionId,
    /// Where it is written.
    pub span: Span,
}

/// A file that a target rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its path in the project's folder.
    pub file: String,
    /// SHA-256 of what was attached, as 64 hexadecimal digits; none: it was not written down.
    pub sha256: Option<String>,
}

impl TargetLines {
    /// The lines of two periods together. A line that one of them lacks is lacking.
    fn plus(self, other: Self) -> Option<Self> {
        let both = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
        let pair = |a: (f64, f64), b: (f64, f64)| (a.0 + b.0, a.1 + b.1);
        let pairs = |a: Option<(f64, f64)>, b: Option<(f64, f64)>| Some(pair(a?, b?));
        match (self, other) {
            (
                Self::OneSided { floor, threshold, target, stretch },
                Self::OneSided { floor: f, threshold: h, target: t, stretch: s },
            ) => Some(Self::OneSided {
                floor: both(floor, f),
                threshold: threshold + h,
                target: target + t,
                stretch: both(stretch, s),
            }),
            (
                Self::InRange { floor, threshold, target, stretch },
                Self::InRange { floor: f, threshold: h, target: t, stretch: s },
            ) => Some(Self::InRange {
                floor: pairs(floor, f),
                threshold: pair(threshold, h),
                target: pair(target, t),
                stretch: pairs(stretch, s),
            }),
            _ => None,
        }
    }
}

impl Kpi {
    /// Whether it has a target for all rows of the whole or of a unit: one that a score can be of.
    pub fn aims(&self) -> bool {
        self.targets.iter().any(|target| target.segment.is_empty())
    }

    /// Whether a target for periods of one length says something about periods of another: itself, a level always, what
    /// adds up if the longer ones are made of the shorter ones.
    pub fn carries(&self, from: Grain, to: Grain) -> bool {
        from == to
            || match self.over_time() {
                Carry::Stays => true,
                Carry::AddsUp => from.divides(to),
                Carry::Neither => false,
            }
    }

    /// The target that holds for a period, of those for one unit, or for all, and one segment, or all rows.
    ///
    /// Of the targets for periods of this length the latest that starts by the period's last day; if there is none, of
    /// those for the next shorter, then the next longer length that [carry over](Self::carries): a level as it stands, what
    /// adds up as the sum over the periods contained, each with the target that holds for it.
    ///
    /// The calendar is the project's, or that of the KPI.
    pub fn target(
        &self,
        unit: Option<&UnitId>,
        segment: &[(DimensionId, String)],
        period: Period,
        calendar: &Calendar,
    ) -> Option<Target> {
        let calendar = self.elsewhere.as_ref().map_or(calendar, |of| &of.calendar);
        let is_for = |target: &&Target| target.unit.as_ref() == unit && target.segment == segment;
        let of_scope: Vec<&Target> = self.targets.iter().filter(is_for).collect();
        let mut lengths: Vec<Grain> = of_scope.iter().map(|target| target.period).collect();
        let longer = |grain: Grain| grain > period.grain;
        // Itself, shorter ones from the longest, longer ones from the shortest.
        lengths.sort_by_key(|grain| {
            let order = *grain as i8;
            (longer(*grain), if longer(*grain) { order } else { -order })
        });
        lengths.dedup();
        let carried = lengths.into_iter().filter(|grain| self.carries(*grain, period.grain));
        carried.filter_map(|grain| self.target_of(grain, &of_scope, period, calendar)).next()
    }

    fn target_of(
        &self,
        grain: Grain,
        of_scope: &[&Target],
        period: Period,
        calendar: &Calendar,
    ) -> Option<Target> {
        let latest = |part: Period| {
            let day = calendar.last_day(part).ok()?;
            let started = of_scope.iter().filter(|target| target.period == grain && target.from <= day);
            started.copied().max_by_key(|target| target.from)
        };
        if grain == period.grain || self.over_time() != Carry::AddsUp {
            return latest(period).cloned();
        }
        let end = calendar.last_day(period).ok()?;
        let mut part = calendar.period_of_day(grain, calendar.first_day(period).ok()?);
        let mut sum: Option<Target> = None;
        while calendar.first_day(part).ok()? <= end {
            let own = latest(part)?;
            let lines = match &sum {
                None => own.lines,
                Some(sum) => sum.lines.plus(own.lines)?,
            };
            sum = Some(Target { lines, ..own.clone() });
            part = part.offset(1);
        }
        sum
    }
}

/// What a target rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Kind of evidence.
    pub kind: BasisKind,
    /// The evidence; of a benchmark on record its name.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// Kind of evidence for a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasisKind {
    /// Own past.
    History,
    /// Others' figures.
    Benchmark,
    /// Research into what customers expect.
    Expectation,
    /// What the process can do.
    Capability,
    /// Agreement.
    Negotiated,
}

impl BasisKind {
    /// Whether its text may name a figure on record: what others reached, or what research says that customers expect.
    pub fn may_be_on_record(self) -> bool {
        matches!(self, Self::Benchmark | Self::Expectation)
    }
}
