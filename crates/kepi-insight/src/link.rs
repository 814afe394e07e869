//! What moves it? Links of the strategy, each between the KPIs of its objectives, held against what was published.
//!
//! A link says that one objective works on another. Its **pairs** are the beliefs between KPIs that serve the one and KPIs that serve the other
//! (`moves`); where there is none, all of them with all, less those that are computed of each other. What is believed of KPIs whose objectives no
//! link joins is asked, too. Of a pair it is asked whether the effect is better after the cause was. Where both are known of
//! ten members of a dimension or more, only what differs between members in a period counts: what a member always is, and what all share,
//! drops out. Else the total is asked, given its own past, its trend and its season. What is found is an association.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, KpiId},
    project::{Better, CauseEffect, Kpi, Project, Sign, TargetLines},
};
use kepi_query::value::Segment;
use kepi_stats::{
    estimate::NotComputable,
    linear::Matrix,
    regression::{
        covariance::{Hc, heteroskedastic},
        least_squares::{LeastSquares, TotalSquares},
        panel::{PanelCorrection, PanelFit},
    },
};

pub use crate::association::{Association, Found, Untold};
use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    policy::{self, Family},
    season::{longest, season_of},
    sentence::Sentence,
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "link",
    version: 2,
    question: "What does the strategy say moves it, and does it?",
    cadence: Cadence::Standing,
    family: Some(Family::Link),
    answer,
};

/// Periods that a total needs, members that a panel needs, and periods that it needs.
const PERIODS: usize = 24;
pub(crate) const UNITS: usize = 10;
pub(crate) const PANEL_PERIODS: usize = 8;
/// Members that are looked at, at most, the first by name.
pub(crate) const MOST_UNITS: usize = 200;

/// Two KPIs of which the strategy says that one moves the other.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The cause.
    pub cause: &'a Kpi,
    /// The effect.
    pub effect: &'a Kpi,
    /// Which way.
    pub sign: Sign,
    /// After how long: so many of a grain.
    pub lag: Option<(u32, Grain)>,
    /// The smallest move of the effect worth having, where it is said.
    pub worth: Option<f64>,
}

/// Cause and effect by period, of a member or of the total.
pub type Both = BTreeMap<i32, (f64, f64)>;

/// All pairs of the strategy, in the order of its links.
#[must_use]
pub fn pairs(project: &Project) -> Vec<Pair<'_>> {
    let links = || project.strategy.iter().flat_map(|strategy| &strategy.links);
    let is_of_a_link = |pair: &Pair<'_>| links().any(|link| joins(link, pair.cause, pair.effect));
    let others = believed(project).filter(|pair| !is_of_a_link(pair));
    links().flat_map(|link| pairs_of(project, link)).chain(others).collect()
}

/// What KPIs are believed to move.
fn believed(project: &Project) -> impl Iterator<Item = Pair<'_>> {
    project.kpis.values().filter(|cause| sense(cause).is_some()).flat_map(move |cause| {
        cause.moves.iter().filter_map(move |of| {
            let effect = project.kpis.get(&of.kpi).filter(|effect| sense(effect).is_some())?;
            have_same_periods(cause, effect, project).then_some(())?;
            Some(Pair { cause, effect, sign: of.sign, lag: of.lag, worth: of.worth })
        })
    })
}

fn joins(link: &CauseEffect, cause: &Kpi, effect: &Kpi) -> bool {
    cause.objective.as_ref() == Some(&link.from) && effect.objective.as_ref() == Some(&link.to)
}

/// The pairs of a link.
#[must_use]
pub fn pairs_of<'a>(project: &'a Project, link: &'a CauseEffect) -> Vec<Pair<'a>> {
    let beliefs: Vec<Pair<'a>> =
        believed(project).filter(|pair| joins(link, pair.cause, pair.effect)).collect();
    if !beliefs.is_empty() {
        return beliefs;
    }
    let serve =
        |objective| move |kpi: &&Kpi| kpi.objective.as_ref() == Some(objective) && sense(kpi).is_some();
    let causes = project.kpis.values().filter(serve(&link.from));
    let with = |cause: &'a Kpi| {
        let effects = project.kpis.values().filter(serve(&link.to));
        let apart = effects.filter(move |effect| {
            have_same_periods(cause, effect, project) && !is_part(cause, effect) && !is_part(effect, cause)
        });
        let CauseEffect { sign, lag, .. } = *link;
        apart.map(move |effect| Pair { cause, effect, sign, lag, worth: None })
    };
    causes.flat_map(with).collect()
}

/// Whether periods of two KPIs are the same days, so that their figures can stand beside one another.
pub(crate) fn have_same_periods(a: &Kpi, b: &Kpi, project: &Project) -> bool {
    project.calendar_of(a).fiscal() == project.calendar_of(b).fiscal()
}

/// Which way is good; none where a range is.
pub(crate) fn sense(kpi: &Kpi) -> Option<f64> {
    match kpi.better {
        Better::Higher => Some(1.0),
        Better::Lower => Some(-1.0),
        Better::InRange => None,
    }
}

/// Whether a KPI is, or enters, another.
pub(crate) fn is_part(part: &Kpi, whole: &Kpi) -> bool {
    part.id == whole.id || whole.measure.kind().inputs().into_iter().any(|input| is_part(part, &input.kpi))
}

/// What moves together: each KPI with the first, by name, of all that it is computed of, that are computed of it, or of which somebody
/// believes that they move each other. Those with the same first move together.
#[must_use]
pub fn moving_together(project: &Project) -> BTreeMap<&KpiId, &KpiId> {
    let mut first: BTreeMap<&KpiId, &KpiId> = project.kpis.keys().map(|id| (id, id)).collect();
    let computed = project.kpis.values().flat_map(|kpi| {
        let inputs = kpi.measure.kind().inputs().into_iter();
        inputs.filter_map(|input| Some((&kpi.id, project.kpis.get_key_value(&input.kpi.id)?.0)))
    });
    let believed = project.kpis.values().flat_map(|kpi| {
        let moved = kpi.moves.iter();
        moved.filter_map(|of| Some((&kpi.id, project.kpis.get_key_value(&of.kpi)?.0)))
    });
    for (one, other) in computed.chain(believed) {
        let (Some(one), Some(other)) = (first.get(one).copied(), first.get(other).copied()) else { continue };
        let (to, from) = (one.min(other), one.max(other));
        first.values_mut().filter(|of| **of == from).for_each(|of| *of = to);
    }
    first
}

/// How many periods of a grain a lag is.
pub(crate) fn periods_of(lag: Option<(u32, Grain)>, grain: Grain) -> Option<u32> {
    let Some((count, of)) = lag else { return Some(0) };
    let months = |grain| match grain {
        Grain::Day | Grain::Week => None,
        Grain::Month => Some(1),
        Grain::Quarter => Some(3),
        Grain::HalfYear => Some(6),
        Grain::Year => Some(12),
    };
    if of == grain {
        return Some(count);
    }
    let (all, one) = (count.checked_mul(months(of)?)?, months(grain)?);
    all.is_multiple_of(one).then_some(all / one)
}

/// What is found of a pair in the periods up to one.
///
/// # Errors
/// Why nothing can be said.
pub fn found(pair: &Pair<'_>, upto: Period, frames: &dyn Frames) -> Result<Found, Untold> {
    among(pair, pairs(frames.project()).len(), upto, frames)
}

/// The same where it is known how many pairs the strategy has, which takes long to count for each of them.
///
/// # Errors
/// Why nothing can be said.
pub fn among(pair: &Pair<'_>, all: usize, upto: Period, frames: &dyn Frames) -> Result<Found, Untold> {
    let association = measured(pair, upto, frames)?;
    let project = frames.project();
    let worth = pair.worth.or_else(|| worth(pair.effect, upto, project));
    let (verdict, range) =
        policy::expected(&project.attention, all, &association, expected_sign(pair), worth);
    Ok(Found { verdict, association, range, worth })
}

/// The smallest effect worth having: a tenth of the way from threshold to target; none without a target.
pub(crate) fn worth(effect: &Kpi, upto: Period, project: &Project) -> Option<f64> {
    match effect.target(None, &[], upto, &project.calendar)?.lines {
        TargetLines::OneSided { threshold, target, .. } => Some((target - threshold).abs() / 10.0),
        TargetLines::InRange { .. } => None,
    }
}

/// Which way the effect should move where the cause gets better.
pub(crate) fn expected_sign(pair: &Pair<'_>) -> f64 {
    let way = if pair.sign == Sign::Positive { 1.0 } else { -1.0 };
    way * sense(pair.effect).unwrap_or(1.0)
}

/// Cause and effect of members, where there are enough, and of the total.
pub(crate) fn material(
    pair: &Pair<'_>,
    upto: Period,
    frames: &dyn Frames,
) -> Result<(Option<Vec<Both>>, Both), Untold> {
    let Pair { cause, effect, lag, .. } = *pair;
    if cause.overlaps() || effect.overlaps() {
        return Err(Untold::Overlapping);
    }
    let lag = periods_of(lag, upto.grain).and_then(|lag| i32::try_from(lag).ok()).ok_or(Untold::Lag)?;
    let shared = |entity| effect.reads.contains(entity);
    if lag == 0 && cause.reads.iter().any(shared) {
        return Err(Untold::SameRows);
    }
    let better = sense(cause).unwrap_or(1.0);
    let span = longest(upto.grain);
    let both = |segment: &Segment| -> Both {
        let until = upto.ordinal;
        let causes: BTreeMap<i32, f64> =
            frames.points(cause, upto.grain, segment, until - span - lag..=until - lag).into_iter().collect();
        let effects = frames.points(effect, upto.grain, segment, until - span..=until);
        let pair = |(at, effect)| Some((at, (better * causes.get(&(at - lag))?, effect)));
        effects.into_iter().filter_map(pair).collect()
    };
    // The dimension with most members of which both are known.
    let mut by: BTreeMap<DimensionId, Vec<Both>> = BTreeMap::new();
    let known = frames.segments(cause, upto);
    for segment in frames.segments(effect, upto).iter().filter(|segment| known.contains(segment)) {
        let [(dimension, _)] = segment.0.as_slice() else { continue };
        let of = by.entry(dimension.clone()).or_default();
        if of.len() < MOST_UNITS {
            let series = both(segment);
            if series.len() >= PANEL_PERIODS {
                of.push(series);
            }
        }
    }
    let widest = by.into_values().rev().max_by_key(Vec::len).filter(|units| units.len() >= UNITS);
    let total = both(&Segment::total());
    Ok((widest, total))
}

/// Cause and effect of the members of which there are enough.
pub(crate) fn members(pair: &Pair<'_>, upto: Period, frames: &dyn Frames) -> Option<Vec<Both>> {
    material(pair, upto, frames).ok()?.0
}

/// What goes with what, over all that is known up to a period.
pub(crate) fn measured(pair: &Pair<'_>, upto: Period, frames: &dyn Frames) -> Result<Association, Untold> {
    let (widest, total) = material(pair, upto, frames)?;
    match widest {
        Some(units) => of_panel(&units),
        None if total.len() < PERIODS => {
            Err(Untold::TooFew { have: total.len(), periods: PERIODS, units: UNITS })
        }
        None => of_total(&total, upto.grain),
    }
    .and_then(|found| if found.error > 0.0 { Ok(found) } else { Err(Untold::NeverMoved) })
}

/// What goes with what in members: cause and effect by period, of each.
///
/// Effects of member and period, errors that hang together within a member (Arellano 1987), Student with members less one.
///
/// # Errors
/// A side does not move.
pub fn of_panel(units: &[Both]) -> Result<Association, Untold> {
    let rows =
        || units.iter().enumerate().flat_map(|(unit, of)| of.iter().map(move |(at, pair)| (unit, *at, pair)));
    let first = rows().map(|(_, at, _)| at).min().unwrap_or(0);
    let cause: Vec<f64> = rows().map(|(.., pair)| pair.0).collect();
    let effect: Vec<f64> = rows().map(|(.., pair)| pair.1).collect();
    let unit: Vec<usize> = rows().map(|(unit, ..)| unit).collect();
    let period: Vec<usize> = rows().map(|(_, at, _)| usize::try_from(at - first).unwrap_or(0)).collect();
    let fit = || -> Result<(f64, f64, f64), NotComputable> {
        let fit = PanelFit::two_way(&effect, &[cause], &unit, &period)?;
        let covariance = fit.arellano(&unit, PanelCorrection::Clusters)?;
        coefficient(&fit.within, &covariance, 0)
    };
    let (slope, error, move_of) = fit().map_err(|_| Untold::NeverMoved)?;
    let periods = period.iter().collect::<std::collections::BTreeSet<_>>().len();
    let degrees = units.len().saturating_sub(1) as f64;
    let (effect, error) = (slope * move_of, error * move_of);
    Ok(Association { effect, error, degrees, moves: move_of, units: Some(units.len()), periods })
}

/// What goes with what in a total: cause and effect by period. Given the effect's own past, a trend and the season of the grain; errors
/// that need not be equal (HC3).
///
/// # Errors
/// A side does not move, or too little is known beside its own past.
pub fn of_total(series: &Both, grain: Grain) -> Result<Association, Untold> {
    // Period, cause, the effect before, the effect.
    type Row = (i32, f64, f64, f64);
    let rows: Vec<Row> = series
        .iter()
        .filter_map(|(at, (cause, effect))| Some((*at, *cause, series.get(&(at - 1))?.1, *effect)))
        .collect();
    let column = |of: &dyn Fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let mut columns = vec![column(&|row| row.1), column(&|row| row.2), column(&|row| f64::from(row.0))];
    if let Some(season) = season_of(grain).filter(|season| rows.len() >= 2 * season) {
        let phase = |row: &Row| 2.0 * std::f64::consts::PI * f64::from(row.0) / season as f64;
        for wave in (1..=2).map(f64::from).filter(|wave| 2.0 * wave <= season as f64) {
            columns.push(column(&|row| libm::cos(wave * phase(row))));
            // At half a season's length there is no sine.
            if 2.0 * wave < season as f64 {
                columns.push(column(&|row| libm::sin(wave * phase(row))));
            }
        }
    }
    let fit = || -> Result<(f64, f64, f64, f64), NotComputable> {
        let effects = column(&|row| row.3);
        let fit = LeastSquares::fit(&effects, Matrix::with_intercept(&columns)?, TotalSquares::Centred)?;
        let (slope, error, move_of) = coefficient(&fit, &heteroskedastic(&fit, Hc::Hc3)?, 1)?;
        Ok((slope, error, move_of, fit.degrees_of_freedom))
    };
    let (slope, error, move_of, degrees) = fit().map_err(|_| Untold::NeverMoved)?;
    let (effect, error) = (slope * move_of, error * move_of);
    Ok(Association { effect, error, degrees, moves: move_of, units: None, periods: rows.len() })
}

/// A slope, its error, and what its regressor typically moves by, all others held: √(squares left of it ⁄ rows).
fn coefficient(
    fit: &LeastSquares,
    covariance: &Matrix,
    place: usize,
) -> Result<(f64, f64, f64), NotComputable> {
    let of = |diagonal: Vec<f64>| diagonal.get(place).copied().filter(|v| *v > 0.0 && v.is_finite());
    let none = || NotComputable::invalid("a slope without a variance");
    let slope = fit.coefficients.get(place).copied().ok_or_else(none)?;
    let variance = of(covariance.diagonal()).ok_or_else(none)?;
    let left = of(fit.inverse_gram.diagonal()).ok_or_else(none)?;
    Ok((slope, variance.sqrt(), (1.0 / (left * fit.n() as f64)).sqrt()))
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let all = pairs(frames.project());
    let asked: Vec<&Pair<'_>> = all.iter().filter(|pair| pair.effect.id == ask.kpi.id).collect();
    if asked.is_empty() {
        return None;
    }
    let mut told: Vec<(&Pair<'_>, Found)> = Vec::new();
    // Those of which nothing can be said, by why: of too few periods the most that any has.
    let mut untold: BTreeMap<&str, (Untold, Vec<String>)> = BTreeMap::new();
    for pair in &asked {
        match among(pair, all.len(), ask.period, frames) {
            Ok(found) => told.push((pair, found)),
            Err(why) => {
                let (most, names) = untold.entry(why.code()).or_insert_with(|| (why, Vec::new()));
                *most = why.max(*most);
                names.push(pair.cause.name.clone());
            }
        }
    }
    let rank = |of: &Found| match of.verdict {
        Verdict::Contrary => 0,
        Verdict::Yes => 1,
        Verdict::No => 2,
        Verdict::Unknown => 3,
    };
    told.sort_by_key(|(_, found)| rank(found));
    let verdict = together(
        told.iter().map(|(_, found)| found.verdict).chain(untold.values().map(|_| Verdict::Unknown)),
    );
    let said = told.iter().map(|(pair, found)| Sentence::Linked {
        cause: pair.cause.name.clone(),
        lag: pair.lag,
        found: *found,
    });
    let unsaid = untold.into_values().map(|(why, causes)| Sentence::Untold { causes, why });
    let says = said.chain(unsaid).collect();
    let row = |(pair, found): &(&Pair<'_>, Found)| {
        let of = &found.association;
        let figures = [of.effect, found.range.0, found.range.1].map(Shown::Difference);
        let counts = [of.units.unwrap_or(1), of.periods].map(|n| Shown::Count(n as f64));
        (pair.cause.name.clone(), [&figures[..], &counts[..]].concat())
    };
    let exhibit = (!told.is_empty()).then(|| Exhibit {
        columns: vec!["goes with", "from", "to", "series", "periods"],
        rows: told.iter().map(row).collect(),
    });
    let checks = vec![Check { name: "enough periods or members", holds: !told.is_empty() }];
    Some(Insight { verdict, says, exhibit, checks, looked_at: asked.len() })
}

/// The verdict of several pairs: what contradicts goes first, and *no* is said only where it is said of all.
pub fn together(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let all: Vec<Verdict> = verdicts.collect();
    let has = |verdict| all.contains(&verdict);
    match () {
        () if has(Verdict::Contrary) => Verdict::Contrary,
        () if has(Verdict::Yes) => Verdict::Yes,
        () if has(Verdict::No) && !has(Verdict::Unknown) => Verdict::No,
        () => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_so_many_periods_or_none() {
        assert_eq!(periods_of(None, Grain::Year), Some(0));
        assert_eq!(periods_of(Some((1, Grain::Quarter)), Grain::Month), Some(3));
        assert_eq!(periods_of(Some((2, Grain::Week)), Grain::Week), Some(2));
        assert_eq!(periods_of(Some((1, Grain::Month)), Grain::Quarter), None);
        assert_eq!(periods_of(Some((1, Grain::Month)), Grain::Week), None);
    }

    #[test]
    fn no_is_said_only_where_it_is_said_of_all() {
        use Verdict::{Contrary, No, Unknown, Yes};
        let of = |all: &[Verdict]| together(all.iter().copied());
        assert_eq!(of(&[Yes, No, Contrary]), Contrary);
        assert_eq!(of(&[No, Unknown, Yes]), Yes);
        assert_eq!((of(&[No, No]), of(&[No, Unknown]), of(&[])), (No, Unknown, Unknown));
    }
}
