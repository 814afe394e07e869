//! What is usual of figures, as the newest run was judged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use kepi_insight::{
    change::{Judgement, Refusal},
    stored::judged_of,
};
use kepi_model::{calendar::Period, id::KpiId};
use kepi_query::{
    landing::PortError,
    published::{USUAL, Vouched, usual_row},
    value::Segment,
};

use super::{KPIS_READ_AT_ONCE, Picture, period_of};

/// The series of a KPI by period.
type OfKpi = BTreeMap<Period, BTreeMap<Segment, Judgement>>;

/// What was read of each KPI.
pub(super) type Kept = Mutex<BTreeMap<KpiId, Arc<OfKpi>>>;

impl Picture {
    /// Reads what is usual of these KPIs, of those of which it is not here yet.
    pub(super) fn read_judged(&self, kpis: &[&KpiId]) -> Result<(), PortError> {
        let Some(app) = self.app.as_ref().filter(|_| self.is_judged) else { return Ok(()) };
        let kept = || self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asks may name a KPI more than once: it is read once, and stands.
        let missing: BTreeSet<&KpiId> = {
            let known = kept();
            kpis.iter().copied().filter(|kpi| !known.contains_key(*kpi)).collect()
        };
        let missing = Vec::from_iter(missing);
        for some in missing.chunks(KPIS_READ_AT_ONCE) {
            let subjects: Vec<String> = some.iter().map(ToString::to_string).collect();
            let rows = self.wait(app.values.newest(&USUAL, Some(&subjects)))?;
            let mut all: BTreeMap<&str, OfKpi> = BTreeMap::new();
            for row in (0..rows.rows()).filter(|row| rows.withdrawn(*row).is_empty()) {
                let read = || {
                    let grain = Vouched::read_grain(rows.grain(row))?;
                    let judged = judged_of(&usual_row(&rows, row).ok()?, grain)?;
                    let segment: Segment = rows.segment(row).parse().ok()?;
                    Some((
                        period_of(&rows, row, grain, self.project.calendar_of_kpi(rows.subject(row))),
                        segment,
                        judged,
                    ))
                };
                let Some((period, segment, judged)) = read() else {
                    tracing::warn!(kpi = rows.subject(row), "what is usual of a figure cannot be read");
                    continue;
                };
                let of = all.entry(rows.subject(row)).or_default();
                of.entry(period).or_default().insert(segment, judged);
            }
            let mut known = kept();
            for kpi in some {
                known.insert((*kpi).clone(), Arc::new(all.remove(kpi.as_str()).unwrap_or_default()));
            }
        }
        Ok(())
    }

    fn judged_of(&self, kpi: &KpiId) -> Option<Arc<OfKpi>> {
        if let Err(error) = self.read_judged(&[kpi]) {
            tracing::warn!(%kpi, %error, "what is usual of figures cannot be read");
        }
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).get(kpi).cloned()
    }

    /// What is usual of a figure.
    pub(super) fn judgement(&self, kpi: &KpiId, period: Period, segment: &Segment) -> Judgement {
        let of = self.judged_of(kpi);
        let judged = of.as_ref().and_then(|of| of.get(&period)?.get(segment)).copied();
        judged.unwrap_or(Err(Refusal::NotLooked))
    }

    /// The same of all segments of a KPI in a period.
    pub(super) fn judgements(&self, kpi: &KpiId, period: Period) -> Vec<(Segment, Judgement)> {
        let Some(of) = self.judged_of(kpi) else { return Vec::new() };
        let of = of.get(&period).into_iter().flatten();
        of.filter(|(segment, _)| !segment.is_total()).map(|(s, judged)| (s.clone(), *judged)).collect()
    }
}
