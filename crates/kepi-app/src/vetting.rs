//! What analyses say of a KPI that is new, before it is in force: whether it can disappoint at all, and which KPIs say the same already.

use std::{collections::BTreeMap, ops::RangeInclusive};

use kepi_insight::{
    ANALYSES,
    analysis::{Ask, Frames, Verdict},
    frame::Figure,
};
use kepi_model::{
    calendar::{Grain, Period},
    id::KpiId,
    project::{Kpi, Project},
};
use kepi_query::value::{Finality, Segment, Value};
use kepi_report::{dual::Vetted, say::Say};

/// What is asked of it, and the verdict that is worth a word.
const ASKED: [(&str, Verdict); 2] = [("vanity", Verdict::No), ("redundancy", Verdict::Yes)];

/// Figures over all rows, by the definitions that would be in force.
struct Planned<'a> {
    project: &'a Project,
    values: BTreeMap<(&'a KpiId, Grain), BTreeMap<i32, &'a Value>>,
}

impl Frames for Planned<'_> {
    fn project(&self) -> &Project {
        self.project
    }
    fn figure(&self, kpi: &Kpi, period: Period, segment: &Segment) -> Option<Figure> {
        let value = self.values.get(&(&kpi.id, period.grain)).filter(|_| segment.is_total())?;
        let value = value.get(&period.ordinal)?;
        let is_final = value.finality == Finality::Final;
        Some(Figure::of(period.ordinal, value.measured().ok()?, is_final).with(value.coverage))
    }
    fn segments(&self, _: &Kpi, _: Period) -> Vec<Segment> {
        vec![Segment::total()]
    }
    fn points(
        &self,
        kpi: &Kpi,
        grain: Grain,
        segment: &Segment,
        range: RangeInclusive<i32>,
    ) -> Vec<(i32, f64)> {
        let series = self.values.get(&(&kpi.id, grain)).filter(|_| segment.is_total());
        let all = series.into_iter().flat_map(|of| of.range(range.clone()));
        let sound = all.filter(|(_, value)| value.finality == Finality::Final);
        sound.filter_map(|(ordinal, value)| Some((*ordinal, value.measured().ok()?.point))).collect()
    }
}

/// What is to be said of KPIs that are new, of figures by the definitions that would be in force.
pub(crate) fn vetted<'a>(
    new: impl Iterator<Item = &'a Kpi>,
    project: &Project,
    values: impl Iterator<Item = &'a Value>,
) -> Vec<Vetted> {
    let mut frames = Planned { project, values: BTreeMap::new() };
    for value in values.filter(|value| value.segment.is_total()) {
        let series = frames.values.entry((&value.kpi, value.period.grain)).or_default();
        series.insert(value.period.ordinal, value);
    }
    let mut found = Vec::new();
    for kpi in new {
        let points = frames.points(kpi, kpi.period, &Segment::total(), i32::MIN..=i32::MAX);
        let Some((newest, _)) = points.last() else { continue };
        let ask = Ask { kpi, period: project.period(kpi, kpi.period, *newest) };
        let say = Say::of(kpi, None, &project.calendar);
        for (name, worth) in ASKED {
            let analysis = ANALYSES.iter().find(|of| of.name == name);
            let insight = analysis.and_then(|of| (of.answer)(&ask, &frames));
            let Some(insight) = insight.filter(|of| of.verdict == worth) else { continue };
            let said: Vec<String> = insight.says.iter().map(|of| say.sentence(of)).collect();
            found.push(Vetted { kpi: kpi.id.to_string(), analysis: name.to_owned(), said: said.join(" ") });
        }
    }
    found
}
