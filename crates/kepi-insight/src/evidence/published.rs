//! Figures of a world, as analyses read them.

use std::ops::RangeInclusive;

use kepi_model::{
    calendar::{Grain, Period},
    project::{Kpi, Project},
};
use kepi_query::{landing::LoadReport, value::Segment};

use crate::{
    analysis::Frames,
    change::{Judgement, Refusal, Review},
    frame::{Figure, Frame},
};

/// Definitions and monthly figures.
#[derive(Debug, Clone)]
pub struct Published {
    /// The definitions.
    pub project: Project,
    /// The figures.
    pub frame: Frame,
    /// What was landed.
    pub loads: Vec<LoadReport>,
    /// What is usual of the figures of the last month, if they were judged.
    pub review: Option<Review>,
}

impl Published {
    /// Figures of a project, not judged and without deliveries.
    #[must_use]
    pub fn new(project: Project, frame: Frame) -> Self {
        Self { project, frame, loads: Vec::new(), review: None }
    }

    /// The last month of which anything is known.
    #[must_use]
    pub fn last(&self) -> Period {
        self.frame.period(self.frame.periods().last().copied().unwrap_or(0))
    }
}

impl Frames for Published {
    fn project(&self) -> &Project {
        &self.project
    }
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure> {
        self.frame.figure(&kpi.id, segment, period.ordinal).copied()
    }
    fn segments(&self, kpi: &Kpi, _: Period) -> Vec<Segment> {
        self.frame.kpis.get(&kpi.id).into_iter().flat_map(|of| of.keys().cloned()).collect()
    }
    fn judged(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Judgement {
        let review = self.review.as_ref().filter(|review| review.period == period);
        let judged = review.and_then(|review| review.judged.get(&kpi.id)?.get(segment).copied());
        judged.unwrap_or(Err(Refusal::NotLooked))
    }
    fn points(&self, kpi: &Kpi, _: Grain, segment: &Segment, range: RangeInclusive<i32>) -> Vec<(i32, f64)> {
        let series = self.frame.kpis.get(&kpi.id).and_then(|of| of.get(segment));
        let within = series.into_iter().flatten().filter(|figure| range.contains(&figure.ordinal));
        within.map(|figure| (figure.ordinal, figure.point)).collect()
    }
    fn loads(&self) -> &[LoadReport] {
        &self.loads
    }
    fn before(&self, kpi: &Kpi, period: Period) -> Option<Period> {
        let series = self.frame.kpis.get(&kpi.id)?.get(&Segment::total())?;
        let before = series.iter().rev().find(|figure| figure.ordinal < period.ordinal)?;
        Some(period.offset(before.ordinal - period.ordinal))
    }
}
