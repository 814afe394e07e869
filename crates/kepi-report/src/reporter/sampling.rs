//! Whom the surveys of a KPI ask next, planned for a day.

use kepi_model::{project::Kpi, sampling::Sampling};
use kepi_query::sampling::{Plan, Spread, plan};
use kepi_stats::estimate::Level;

use super::Reporter;
use crate::{
    format,
    people::PeopleAsked,
    reader::{KpiQuery, ViewError},
    sampling::{Behind, deviation, end_of, off},
    view::{Named, SampleView, SamplesView, StratumView},
};

/// A day in µs.
const DAY: i64 = 86_400_000_000;

impl<'a> Reporter<'a> {
    /// Plans of samples for a KPI whose people and invitations are seen, too.
    pub(crate) fn samplings(self, kpi: &Kpi) -> impl Iterator<Item = &'a Sampling> + use<'a> {
        let (facts, id) = (self.facts, kpi.id.clone());
        let all = self.project().samplings.values();
        all.filter(move |of| {
            of.kpi == id
                && [&of.kpi, &of.people, &of.invitations].into_iter().all(|kpi| facts.sees_kpi(kpi, None))
        })
    }

    pub(super) fn samples_view(self, id: &str, day: Option<String>) -> Result<SamplesView, ViewError> {
        let asked = self.kpi_asked(id, &KpiQuery::default())?;
        let kpi = asked.kpi;
        let day = self.facts.day_asked(&PeopleAsked { day })?;
        let unclear = |reason: String| ViewError::Unclear { reason };
        let at = end_of(day, &self.project().calendar).map_err(|why| unclear(why.to_string()))?;
        let samples =
            self.samplings(kpi).map(|of| self.sample(of, kpi, at)).collect::<Result<Vec<_>, _>>()?;
        Ok(SamplesView {
            project: self.project_view(),
            kpi: Named::new(&kpi.id, &kpi.name),
            day: day.to_string(),
            samples,
        })
    }

    fn sample(self, of: &Sampling, kpi: &Kpi, at: i64) -> Result<SampleView, ViewError> {
        let behind = self.facts.sampled(&of.id)?;
        let level = Level::new(self.project().confidence).unwrap_or(Level::NINETY_FIVE);
        let (planned, from) = match deviation(self.facts, kpi) {
            Err(why) => (Err(why), String::new()),
            Ok((deviation, from)) => {
                let spread = Spread { deviation, level };
                // Nobody is drawn here, so the seed decides nothing that is shown.
                let planned = plan(of, &behind.people, &behind.asked, spread, (at, 0));
                (planned.map_err(|why| why.to_string()), from)
            }
        };
        Ok(told(of, kpi, (level, from), &behind, planned))
    }
}

fn told(
    of: &Sampling,
    kpi: &Kpi,
    (level, from): (Level, String),
    behind: &Behind,
    planned: Result<Plan, String>,
) -> SampleView {
    let off = |margin: f64| off(margin, of.margin, &kpi.unit);
    let strata = planned.as_ref().map(|plan| &plan.strata[..]).unwrap_or_default();
    let caps = of.caps.iter().enumerate().map(|(place, cap)| {
        let held: u64 = strata.iter().filter_map(|of| of.held_back.get(place)).sum();
        (format!("at most {} within {} days", cap.at_most, cap.within / DAY), held)
    });
    let later = (0..strata.first().map_or(0, |of| of.later.len())).map(|place| {
        let of = strata.iter().filter_map(|of| of.later.get(place));
        of.fold((0, 0), |(_, sum), (days, may)| (*days, sum + may))
    });
    let invitations: usize = behind.asked.values().map(Vec::len).sum();
    SampleView {
        sampling: Named::new(&of.id, &of.name),
        margin: off(of.margin),
        confidence: format::coverage(level.get()),
        response: format::coverage(of.response),
        from,
        together: planned.as_ref().ok().and_then(|plan| plan.reached).filter(|_| strata.len() > 1).map(off),
        caps: caps.collect(),
        invitations: (
            invitations as u64,
            behind.asked.len() as u64,
            planned.as_ref().map_or(0, |plan| plan.of_others),
        ),
        of_nobody: behind.of_nobody,
        later: later.collect(),
        strata: planned.as_ref().map_err(Clone::clone).map(|plan| {
            let strata = plan.strata.iter().map(|stratum| StratumView {
                name: stratum.member.clone().unwrap_or_else(|| "all".to_owned()),
                people: stratum.people,
                held_back: stratum.held_back.iter().sum(),
                may_be_asked: stratum.may_be_asked,
                needed: stratum.answers_needed,
                to_ask: stratum.to_ask,
                ask: stratum.asked,
                expected: stratum.answers_expected as u64,
                off: stratum.reached.map(off),
                costs: stratum
                    .costs
                    .iter()
                    .map(|cost| (off(cost.margin), cost.answers, cost.to_ask, cost.within_caps))
                    .collect(),
            });
            strata.collect()
        }),
    }
}
