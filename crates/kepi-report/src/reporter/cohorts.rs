//! A KPI by cohort and age: the triangle.
//!
//! Rows of a panel have an age, the whole periods since their first one. So the figure of a period and an age is that of the
//! cohort which began so many periods before.

use std::collections::BTreeMap;

use kepi_model::{
    derived::{Every, Rows},
    expression::Node,
    id::DimensionId,
    project::Kpi,
};
use kepi_query::{published::grain_text, state::Member, value::Segment};

use super::{Reporter, not_found};
use crate::{
    reader::{ViewError, nothing_computed},
    view::{Cell, Cohort, CohortsView, Measured, Named, Outcome, Shade},
};

/// At most so many cohorts are drawn, the newest; the download has all.
const MOST_COHORTS: usize = 36;

impl<'a> Reporter<'a> {
    /// A KPI by cohort and age.
    ///
    /// # Errors
    /// There is no such KPI, it is not by age, or nothing of it is computed.
    pub fn cohorts(self, id: &str) -> Result<CohortsView, ViewError> {
        let mut view = self.all_cohorts(id)?;
        view.older = view.cohorts.len().saturating_sub(MOST_COHORTS);
        view.cohorts.drain(..view.older);
        let longest = view.cohorts.iter().map(|cohort| cohort.cells.iter().rposition(Option::is_some));
        let longest = longest.flatten().max().map_or(0, |last| last + 1);
        view.ages.truncate(longest);
        view.cohorts.iter_mut().for_each(|cohort| cohort.cells.truncate(longest));
        shade(view.cohorts.iter_mut().flat_map(|cohort| cohort.cells.iter_mut().flatten()));
        Ok(view)
    }

    /// The same of every cohort there ever was.
    pub(crate) fn all_cohorts(self, id: &str) -> Result<CohortsView, ViewError> {
        if self.facts.is_empty() {
            return Err(nothing_computed());
        }
        let mut known = self.project().kpis.values().filter(|kpi| self.age_of(kpi).is_some());
        let Some(kpi) = known.clone().find(|kpi| kpi.id.as_str() == id) else {
            let known: Vec<_> = known.by_ref().map(|k| (k.id.as_str(), k.name.as_str())).collect();
            let what = format!("KPI `{id}` by age: `by: [age]` of a panel makes one");
            return Err(not_found(what, id, known, |id| format!("/cohorts/{id}")));
        };
        self.facts.want(&[&kpi.id])?;
        let (dimension, is_by_first) = self.age_of(kpi).ok_or_else(nothing_computed)?;
        let mut cohorts: BTreeMap<i32, BTreeMap<u32, Cell>> = BTreeMap::new();
        for (age, segment) in self.ages(kpi, dimension) {
            let Some((first, last)) = self.facts.span(&kpi.id, kpi.period, &segment) else { continue };
            for ordinal in first..=last {
                let period = self.project().period(kpi, kpi.period, ordinal);
                let Some(entry) = self.facts.entry(&kpi.id, period, &segment) else { continue };
                let since = i32::try_from(age).unwrap_or(i32::MAX);
                let began = if is_by_first { ordinal } else { ordinal.saturating_sub(since) };
                let shade = if entry.is_final() { Shade::Step(0) } else { Shade::Provisional };
                let cell = Cell { period: self.label(period), value: Measured::of(Some(&entry), kpi), shade };
                cohorts.entry(began).or_default().insert(age, cell);
            }
        }
        if cohorts.is_empty() {
            return Err(self.no_value_of(kpi));
        }
        let oldest = cohorts.values().flat_map(|cells| cells.keys().next_back()).max().copied();
        let ages: Vec<u32> = (0..=oldest.unwrap_or(0)).collect();
        let row = |(ordinal, mut cells): (i32, BTreeMap<u32, Cell>)| Cohort {
            period: self.label(self.project().period(kpi, kpi.period, ordinal)),
            n: cells.values().filter_map(|cell| Some(cell.value.value()?.n)).max(),
            cells: ages.iter().map(|age| cells.remove(age)).collect(),
        };
        Ok(CohortsView {
            project: self.project_view(),
            kpi: Named::new(&kpi.id, &kpi.name),
            description: kpi.description.clone(),
            grain: grain_text(kpi.period),
            cohorts: cohorts.into_iter().map(row).collect(),
            ages,
            older: 0,
        })
    }

    /// The dimension of a KPI that is the age of a panel's rows in periods of the KPI, and whether its figures are dated by the
    /// first of them.
    pub(crate) fn age_of(self, kpi: &'a Kpi) -> Option<(&'a DimensionId, bool)> {
        let reading = kpi.measure.kind().readings().into_iter().next()?;
        let base = &reading.rows.of;
        let Some(Rows::Panel(panel)) = &self.project().entities.get(base)?.rows else { return None };
        let fits = panel.every == Every::Period || panel.every == Every::Grain(kpi.period);
        let is_age = |node: &Node| match node {
            Node::Path(path) => path.references.is_empty() && path.attribute.as_str() == "age",
            _ => false,
        };
        let mut by = kpi.by.iter().filter(|d| d.ways.get(base).is_some_and(|way| is_age(&way.node)));
        let dimension = by.next().filter(|_| fits)?;
        Some((&dimension.id, reading.rows.at.attribute.as_str() == "first_period"))
    }

    fn ages(self, kpi: &Kpi, dimension: &DimensionId) -> BTreeMap<u32, Segment> {
        let of = self.facts.segments(&kpi.id, kpi.period).into_iter().filter_map(|segment| {
            let age = match segment.0.as_slice() {
                [(known, Member::Value(age))] if known == dimension => age.parse().ok()?,
                _ => return None,
            };
            Some((age, segment))
        });
        of.collect()
    }
}

/// Gives final figures one of five steps, from the least of them to the greatest.
pub(super) fn shade<'c>(cells: impl Iterator<Item = &'c mut Cell>) {
    let mut cells: Vec<&mut Cell> = cells.collect();
    for cell in &mut cells {
        if matches!(cell.value, Outcome::Reason(_)) {
            cell.shade = Shade::None;
        }
    }
    let is_final = |cell: &Cell| matches!(cell.shade, Shade::Step(_));
    let raw = |cell: &Cell| cell.value.value().map(|measured| measured.value.raw);
    let points: Vec<f64> = cells.iter().filter(|c| is_final(c)).filter_map(|c| raw(c)).collect();
    let (low, high) =
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(*p), h.max(*p)));
    for cell in cells {
        if let (true, Some(point)) = (is_final(cell), raw(cell)) {
            let place = if high > low { (point - low) / (high - low) } else { 0.5 };
            cell.shade = Shade::Step((place * 5.0).clamp(0.0, 4.0) as u8);
        }
    }
}
