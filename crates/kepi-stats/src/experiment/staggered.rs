//! Rollouts in phases: group-time effects after Callaway and Sant'Anna, with never-treated units to compare.
//!
//! Two-way fixed effects would compare late units with early ones that are already treated; this does not.
#![expect(
    clippy::indexing_slicing,
    reason = "the panel is a rectangle of units and periods, checked at entry"
)]

use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// A balanced panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Period numbers in rising order, for example years.
    pub periods: Vec<i32>,
    /// Period in which each unit was first treated; `None` for never.
    pub first_treated: Vec<Option<i32>>,
    /// Outcome of each unit in each period, `outcomes[unit][period]`.
    pub outcomes: Vec<Vec<f64>>,
}

/// The effect on one cohort in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupTime {
    /// Period in which the cohort was first treated.
    pub group: i32,
    /// Period.
    pub time: i32,
    /// Effect, with a normal interval.
    pub effect: Estimate,
    /// Standard error by the influence function.
    pub standard_error: f64,
}

/// All effects of a phased rollout, with aggregates.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// Effects by cohort and period; those before treatment test for parallel trends.
    pub group_time: Vec<GroupTime>,
    /// Mean over cohorts and periods after treatment, weighted by cohort size.
    pub simple: Estimate,
    /// Mean by periods since treatment, weighted by cohort size.
    pub by_exposure: Vec<(i32, Estimate)>,
    /// Mean over periods by cohort.
    pub by_group: Vec<(i32, Estimate)>,
    /// Mean of the cohort means, weighted by cohort size.
    pub overall: Estimate,
}

/// A weighted mean of group-time effects whose weights may depend on cohort sizes.
struct Aggregate {
    /// Index of the effect, its cohort, and its fixed factor.
    parts: Vec<(usize, i32, f64)>,
    by_size: bool,
}

/// Effects by cohort and period, unconditional, against never-treated units.
///
/// `ATT(g, t) = E[Y_t − Y_base | G = g] − E[Y_t − Y_base | never]`; the base is g − 1 after treatment and t − 1
/// before it (varying base). Errors come from influence functions, and the sampling of cohort sizes is part of the
/// aggregates' errors. Errors: `TooFew` without two never-treated units or two units in a cohort, `Invalid` for an
/// unbalanced panel or a cohort treated from the first period. Source: Callaway and Sant'Anna 2021. O(units · cohorts · periods).
pub fn group_time_effects(panel: &Panel, level: Level) -> Result<Rollout, NotComputable> {
    check(panel)?;
    let units = panel.outcomes.len();
    let mut groups: Vec<i32> = panel.first_treated.iter().flatten().copied().collect();
    groups.sort_unstable();
    groups.dedup();
    // Cohorts treated only after the last period are, within the panel, never treated.
    let last = panel.periods.last().copied().unwrap_or(i32::MAX);
    groups.retain(|group| *group <= last);
    let cohort = |unit: usize| panel.first_treated[unit].filter(|group| *group <= last);
    let never: Vec<usize> = (0..units).filter(|unit| cohort(*unit).is_none()).collect();
    NotComputable::unless_enough(never.len().max(1), 2)?;
    let share = |members: usize| members as f64 / units as f64;
    let mut effects: Vec<(i32, i32, f64)> = Vec::new();
    let mut influences: Vec<Vec<f64>> = Vec::new();
    for group in &groups {
        let members: Vec<usize> = (0..units).filter(|unit| cohort(*unit) == Some(*group)).collect();
        NotComputable::unless_enough(members.len(), 2)?;
        let Some(before) = panel.periods.iter().rposition(|period| period < group) else {
            return Err(NotComputable::invalid(format!("cohort {group} has no period before its treatment")));
        };
        for time in 1..panel.periods.len() {
            let base = if panel.periods[time] >= *group { before } else { time - 1 };
            let change = |unit: usize| panel.outcomes[unit][time] - panel.outcomes[unit][base];
            let mean = |set: &[usize]| set.iter().map(|unit| change(*unit)).sum::<f64>() / set.len() as f64;
            let (treated, control) = (mean(&members), mean(&never));
            let mut influence = vec![0.0; units];
            for unit in &members {
                influence[*unit] = (change(*unit) - treated) / share(members.len());
            }
            for unit in &never {
                influence[*unit] = -(change(*unit) - control) / share(never.len());
            }
            effects.push((*group, panel.periods[time], treated - control));
            influences.push(influence);
        }
    }
    let sizes: Vec<(i32, f64)> = groups
        .iter()
        .map(|group| (*group, share((0..units).filter(|u| cohort(*u) == Some(*group)).count())))
        .collect();
    let size_of = |group: i32| sizes.iter().find(|(known, _)| *known == group).map_or(0.0, |(_, size)| *size);
    let estimate = |point: f64, influence: &[f64]| {
        let error = (influence.iter().map(|x| x * x).sum::<f64>() / (units as f64 * units as f64)).sqrt();
        let interval = Ok(Interval::around(point, level.z() * error, level));
        let n = units as u64;
        (
            Estimate {
                point,
                interval,
                n,
                effective_n: units as f64,
                method: Method::DifferenceInDifferences,
            },
            error,
        )
    };
    let aggregate = |aggregate: &Aggregate| {
        let weight =
            |part: &(usize, i32, f64)| part.2 * if aggregate.by_size { size_of(part.1) } else { 1.0 };
        let total: f64 = aggregate.parts.iter().map(weight).sum();
        let point = aggregate.parts.iter().map(|part| weight(part) * effects[part.0].2).sum::<f64>() / total;
        let mut influence = vec![0.0; units];
        for part in &aggregate.parts {
            let share = weight(part) / total;
            for (sum, value) in influence.iter_mut().zip(&influences[part.0]) {
                *sum += share * value;
            }
            if aggregate.by_size {
                // Cohort sizes are themselves estimated: d(point)/d(size) times each unit's deviation.
                let slope = part.2 * (effects[part.0].2 - point) / total;
                for (unit, sum) in influence.iter_mut().enumerate() {
                    *sum += slope * (f64::from(u8::from(cohort(unit) == Some(part.1))) - size_of(part.1));
                }
            }
        }
        estimate(point, &influence).0
    };
    let after: Vec<(usize, i32, f64)> =
        effects.iter().enumerate().filter(|(_, e)| e.1 >= e.0).map(|(index, e)| (index, e.0, 1.0)).collect();
    let mut exposures: Vec<i32> = effects.iter().map(|effect| effect.1 - effect.0).collect();
    exposures.sort_unstable();
    exposures.dedup();
    let by_exposure = exposures
        .into_iter()
        .map(|exposure| {
            let parts = effects.iter().enumerate().filter(|(_, e)| e.1 - e.0 == exposure);
            let parts = parts.map(|(index, e)| (index, e.0, 1.0)).collect();
            (exposure, aggregate(&Aggregate { parts, by_size: true }))
        })
        .collect();
    let periods_after = |group: i32| after.iter().filter(|part| part.1 == group).count() as f64;
    let by_group = groups
        .iter()
        .map(|group| {
            let parts = after.iter().filter(|part| part.1 == *group).copied().collect();
            (*group, aggregate(&Aggregate { parts, by_size: false }))
        })
        .collect();
    let spread = after.iter().map(|part| (part.0, part.1, 1.0 / periods_after(part.1))).collect();
    let group_time = effects
        .iter()
        .zip(&influences)
        .map(|((group, time, point), influence)| {
            let (effect, standard_error) = estimate(*point, influence);
            GroupTime { group: *group, time: *time, effect, standard_error }
        })
        .collect();
    Ok(Rollout {
        group_time,
        simple: aggregate(&Aggregate { parts: after.clone(), by_size: true }),
        by_exposure,
        by_group,
        overall: aggregate(&Aggregate { parts: spread, by_size: true }),
    })
}

fn check(panel: &Panel) -> Result<(), NotComputable> {
    NotComputable::unless_enough(panel.outcomes.len(), 4)?;
    NotComputable::unless_enough(panel.periods.len(), 2)?;
    NotComputable::unless_same_length("units and cohorts", panel.outcomes.len(), panel.first_treated.len())?;
    if panel.periods.iter().zip(panel.periods.iter().skip(1)).any(|(a, b)| a >= b) {
        return Err(NotComputable::invalid("periods rise"));
    }
    for row in &panel.outcomes {
        NotComputable::unless_same_length("periods of a unit", row.len(), panel.periods.len())?;
        NotComputable::unless_finite("the outcomes", row)?;
    }
    Ok(())
}
