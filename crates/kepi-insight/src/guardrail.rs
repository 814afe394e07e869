//! Is what was agreed on kept? How far KPIs may go as long as others hold, held against the figures of a period.

use std::collections::BTreeSet;

use kepi_model::{
    id::{DimensionId, KpiId},
    project::{Better, Demand, Guardrail, Kpi, Project},
    unit::Unit,
};
use kepi_query::{state::Member, value::Segment};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Frames, Insight, Verdict},
    change::{self, Judgement},
    frame::Figure,
    sentence::{Guarded, Sentence},
};

pub use crate::sentence::{Held, Untold};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "guardrail",
    version: 1,
    question: "Is what was agreed on kept?",
    cadence: Cadence::Standing,
    family: None,
    answer,
};

/// Whether a demand holds of a figure and what is usual of it.
#[must_use]
pub fn held(demand: Demand, better: Better, figure: Option<&Figure>, judged: &Judgement) -> Held {
    let Some(figure) = figure else { return Held::Unknown(Untold::NoValue) };
    if !figure.is_final {
        return Held::Unknown(Untold::NotFinal);
    }
    let holds = match demand {
        Demand::Within(bound) => match figure.interval {
            Some((low, high, _)) if !bound.parts(low, high) => return Held::Unknown(Untold::TooClose),
            _ => bound.holds(figure.point),
        },
        Demand::NotWorse => match judged {
            Err(_) => return Held::Unknown(Untold::NotJudged),
            Ok(usual) => match usual.verdict {
                change::Verdict::Within => true,
                change::Verdict::Unknown => return Held::Unknown(Untold::NotJudged),
                change::Verdict::Beyond | change::Verdict::Drifting => match better {
                    Better::Higher => usual.above,
                    Better::Lower => !usual.above,
                    // Neither way is good in itself.
                    Better::InRange => return Held::Unknown(Untold::NotJudged),
                },
            },
        },
    };
    if holds { Held::Yes } else { Held::No(figure.point) }
}

/// What is known of every demand of a guardrail, in their order; none: it names a KPI that is not seen, and of the others alone it cannot be
/// said that it is kept.
pub fn all_of<'a>(
    guardrail: &'a Guardrail,
    project: &'a Project,
    look: impl Fn(&Kpi) -> (Option<Figure>, Judgement),
) -> Option<Vec<(&'a Kpi, Demand, Held)>> {
    let known = |(id, demand): (&KpiId, Demand)| {
        let kpi = project.kpis.get(id)?;
        let (figure, judged) = look(kpi);
        Some((kpi, demand, held(demand, kpi.better, figure.as_ref(), &judged)))
    };
    guardrail.demands().map(known).collect()
}

/// Where a guardrail holds: over all rows, and within each unit of its level, by the dimension on which a scorecard cascades there.
#[must_use]
pub fn places<'a>(guardrail: &Guardrail, project: &'a Project) -> Vec<(Option<&'a Unit>, Segment)> {
    let mut all = vec![(None, Segment::total())];
    let Some(level) = &guardrail.level else { return all };
    let cascades = project.scorecards.values().filter_map(|card| card.cascade.as_ref());
    let dimensions: BTreeSet<&DimensionId> = cascades
        .flat_map(|of| &of.levels)
        .filter(|(of, _)| *of == level)
        .map(|(_, dimension)| dimension)
        .collect();
    for unit in project.units.values().filter(|unit| unit.level.as_ref() == Some(level)) {
        let member = || Member::Value(unit.member.as_str().into());
        let segment = |dimension: &&DimensionId| Segment::new(vec![((**dimension).clone(), member())]);
        all.extend(dimensions.iter().map(|dimension| (Some(unit), segment(dimension))));
    }
    all
}

/// Whether a guardrail is kept: not where one demand surely does not hold, and only where all surely do; none: it is not known.
#[must_use]
pub fn is_kept(demands: &[(&Kpi, Demand, Held)]) -> Option<bool> {
    if demands.iter().any(|(.., held)| matches!(held, Held::No(_))) {
        return Some(false);
    }
    demands.iter().all(|(.., held)| *held == Held::Yes).then_some(true)
}

/// What is broken of what was agreed on about a KPI, over all rows or within a unit.
#[must_use]
pub fn broken(ask: &Ask<'_>, frames: &dyn Frames) -> Vec<Sentence> {
    let says = answer(ask, frames).map_or_else(Vec::new, |insight| insight.says);
    let is_broken = |of: &Sentence| matches!(of, Sentence::Guarded(Guarded { held: Held::No(_), .. }));
    says.into_iter().filter(is_broken).collect()
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let names = |of: &&Guardrail| of.kpis.contains_key(&ask.kpi.id) || of.meanwhile.contains_key(&ask.kpi.id);
    let guardrails: Vec<&Guardrail> = project.guardrails.values().filter(names).collect();
    if guardrails.is_empty() || ask.period.grain != ask.kpi.period {
        return None;
    }
    let mut says = Vec::new();
    let mut kept = Vec::new();
    let mut looked_at = 0;
    let places = |of: &'_ Guardrail| places(of, project);
    let held_at = guardrails.into_iter().flat_map(|of| places(of).into_iter().map(move |place| (of, place)));
    for (guardrail, (unit, segment)) in held_at {
        let look =
            |kpi: &Kpi| (frames.figure(kpi, ask.period, &segment), frames.judged(kpi, ask.period, &segment));
        // A unit of which nothing was measured, or is seen, trades nothing off.
        if unit.is_some() && frames.figure(ask.kpi, ask.period, &segment).is_none() {
            continue;
        }
        let name = match unit {
            Some(unit) => format!("{}, {}", guardrail.name, unit.name),
            None => guardrail.name.clone(),
        };
        // As with stage gates: what is not seen whole is not there.
        let Some(demands) = all_of(guardrail, project, look) else { continue };
        looked_at += demands.len();
        let state = is_kept(&demands);
        kept.push(state);
        let before = says.len();
        for (kpi, demand, held) in demands {
            let told = match held {
                Held::No(value) => state == Some(false) && value.is_finite(),
                Held::Unknown(_) => state.is_none(),
                Held::Yes => false,
            };
            if told {
                let (kpi, unit) = (kpi.name.clone(), kpi.unit.clone());
                says.push(Sentence::Guarded(Guarded { guardrail: name.clone(), kpi, unit, demand, held }));
            }
        }
        if says.len() == before {
            says.push(Sentence::Kept { guardrail: name });
        }
    }
    if kept.is_empty() {
        return None;
    }
    let verdict = match () {
        () if kept.contains(&Some(false)) => Verdict::No,
        () if kept.contains(&None) => Verdict::Unknown,
        () => Verdict::Yes,
    };
    let checks =
        vec![Check { name: "all figures are final and clear of their bounds", holds: !kept.contains(&None) }];
    Some(Insight { verdict, says, exhibit: None, checks, looked_at })
}

#[cfg(test)]
mod tests {
    use kepi_model::project::Bound;
    use kepi_query::value::Coverage;

    use super::*;
    use crate::change::{Refusal, Usual};

    fn figure(point: f64, half: Option<f64>, is_final: bool) -> Figure {
        Figure {
            ordinal: 0,
            point,
            interval: half.map(|half| (point - half, point + half, 0.95)),
            degrees: None,
            effective_n: 100.0,
            exact: half.is_none(),
            is_final,
            coverage: Coverage::default(),
        }
    }

    fn usual(verdict: change::Verdict, above: bool) -> Judgement {
        Ok(Usual {
            verdict,
            above,
            expected: 5.0,
            low: 4.0,
            high: 6.0,
            spread: 0.5,
            degrees: 20.0,
            p: 0.001,
            limit: 0.01,
            look: 1,
            periods: 20,
        })
    }

    #[test]
    fn a_bound_is_broken_only_where_that_is_sure() {
        let most = Demand::Within(Bound { at_least: None, at_most: Some(9.0) });
        let judged = Err(Refusal::NotLooked);
        let at =
            |point, half, is_final| held(most, Better::Lower, Some(&figure(point, half, is_final)), &judged);
        assert_eq!(at(9.0, None, true), Held::Yes, "what stands on a bound is within it");
        assert_eq!(at(9.5, None, true), Held::No(9.5));
        assert_eq!(at(9.5, Some(0.4), true), Held::No(9.5));
        assert_eq!(at(9.5, Some(0.6), true), Held::Unknown(Untold::TooClose));
        assert_eq!(at(8.5, Some(0.6), true), Held::Unknown(Untold::TooClose));
        assert_eq!(at(9.5, None, false), Held::Unknown(Untold::NotFinal));
        assert_eq!(held(most, Better::Lower, None, &judged), Held::Unknown(Untold::NoValue));
        let both = Demand::Within(Bound { at_least: Some(1.0), at_most: Some(9.0) });
        assert_eq!(held(both, Better::Lower, Some(&figure(0.5, None, true)), &judged), Held::No(0.5));
    }

    #[test]
    fn not_worse_is_what_changes_say() {
        use change::Verdict::{Beyond, Drifting, Unknown, Within};
        let at = |better, judged: &Judgement| {
            held(Demand::NotWorse, better, Some(&figure(7.0, None, true)), judged)
        };
        assert_eq!(at(Better::Lower, &usual(Within, true)), Held::Yes);
        assert_eq!(at(Better::Lower, &usual(Beyond, true)), Held::No(7.0));
        assert_eq!(at(Better::Higher, &usual(Drifting, true)), Held::Yes, "for the better");
        assert_eq!(at(Better::Higher, &usual(Drifting, false)), Held::No(7.0));
        let open = [
            at(Better::Lower, &usual(Unknown, true)),
            at(Better::InRange, &usual(Beyond, true)),
            at(Better::Lower, &Err(Refusal::InDoubt)),
        ];
        assert_eq!(open, [Held::Unknown(Untold::NotJudged); 3]);
    }
}
