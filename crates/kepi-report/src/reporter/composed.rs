//! What a KPI is computed of: the values of other KPIs as they entered, read from what is kept beside its own.

use kepi_model::{calendar::Period, measure::Measure};
use kepi_query::{
    finish,
    measure::{Finished, composite},
    state::wire::CellStates,
    value::Segment,
};

use super::{Reporter, reading::Reading};
use crate::{
    format,
    view::{InputView, Measured, Named, Outcome, PartView, Points, Weight},
};

impl<'a> Reporter<'a> {
    /// The KPIs that a value is computed of, as they entered it.
    pub(crate) fn inputs(self, of: &Reading<'a>, segment: Option<&Segment>) -> Vec<InputView> {
        let inputs = of.kpi.measure.kind().inputs();
        let Some(entry) = of.entry.as_ref().filter(|_| !inputs.is_empty()) else { return Vec::new() };
        let found = CellStates::decode(&entry.value.states)
            .ok()
            .and_then(|states| finish::inputs_of(of.kpi, &states, self.project().confidence).ok())
            .unwrap_or_default();
        let parts = self.parts(of, &found);
        let views = inputs.into_iter().enumerate().map(|(place, input)| {
            let earlier = input
                .ago
                .and_then(|ago| ago.before(of.period, self.project().calendar_of(of.kpi)).ok().flatten());
            let period: Period = earlier.unwrap_or(of.period);
            let kpi = self.project().input_of(of.kpi, &input.kpi);
            let observed = found.get(place).and_then(Option::as_ref).map(|found| &found.estimate);
            InputView {
                name: input.name.clone(),
                kpi: Named::new(&kpi.id, &kpi.name),
                period: self.label(period),
                segment: segment.filter(|_| !input.total).map(ToString::to_string).unwrap_or_default(),
                value: Measured::outcome(observed, &input.kpi.unit),
                part: parts.get(place).cloned(),
            }
        });
        views.collect()
    }

    /// The parts of an index.
    fn parts(self, of: &Reading<'a>, found: &[Option<Finished>]) -> Vec<PartView> {
        let Measure::Composite(index) = &of.kpi.measure else { return Vec::new() };
        let added = composite::parts(index, found).map(|(added, _)| added);
        let parts = index.parts.iter().enumerate().map(|(place, part)| {
            let unit = &part.input.kpi.unit;
            let own = added.as_ref().ok().and_then(|added| added.get(place));
            let points = match (own, found.get(place).and_then(Option::as_ref)) {
                (Some(own), _) => own.points.clone(),
                (None, Some(found)) => {
                    found.estimate.clone().map(|estimate| (part.points(estimate.point) * 1e6).round() as i64)
                }
                (None, None) => Err(kepi_stats::estimate::NotComputable::NoRows),
            };
            PartView {
                zero: format::line(part.zero, unit),
                hundred: format::line(part.hundred, unit),
                weight: Weight::new(part.weight),
                points: match points {
                    Ok(micro) => Outcome::Value(Points::exact(micro)),
                    Err(reason) => Outcome::none(&reason),
                },
                adds: own.map(|own| Points::exact(own.adds)),
            }
        });
        parts.collect()
    }
}
