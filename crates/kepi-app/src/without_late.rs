//! The rows of all units but those that were late: what a close makes of a score that is computed from the rows of all of them, of a scorecard or of
//! a unit between the whole and one that was late.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::Period,
    id::{DimensionId, UnitId},
    measure::Carry,
    project::{Kpi, Project, Scorecard, Unit, WhenLate},
};
use kepi_query::{
    finish,
    measure::Finished,
    state::wire::CellStates,
    value::{Segment, Value},
};
use kepi_score::card::Card;

use crate::publishing::Known;

/// The values over the rows of a unit of a scorecard's KPIs in a period without the rows of units that are left out, and with those of the period before of units
/// that are carried: added up from what is kept of each part. None: no unit is, or it cannot be said of one of the KPIs, because its parts do not add up
/// to all of it.
pub(crate) fn without_late(
    project: &Project,
    (scorecard, unit): (&Scorecard, Option<&UnitId>),
    period: Period,
    values: &[Value],
    late: &BTreeMap<UnitId, WhenLate>,
) -> Option<Vec<Value>> {
    let last = project.calendar.last_day(period).ok()?;
    let said = scorecard.in_force(last)?;
    let levels = &said.cascade.as_ref()?.levels;
    let tree = project.tree(Some(last));
    let unit = unit.filter(|unit| scorecard.unit.as_ref() != Some(*unit));
    let is_below = |of: &Unit| {
        unit.is_none_or(|unit| {
            project.units.get(&of.id).is_some_and(|of| tree.upwards(&of.id).any(|of| of == unit))
        })
    };
    // Of segments that are judged by KPIs of their own the parts by unit would be crosses.
    if said.objectives().any(|of| !of.segments.is_empty()) {
        return None;
    }
    let out = late.iter().filter(|(_, how)| matches!(how, WhenLate::Exclude | WhenLate::Carry));
    let out = out.filter(|(unit, _)| project.units.get(*unit).is_some_and(is_below));
    let mut dimension: Option<&DimensionId> = None;
    let mut members: BTreeMap<Segment, WhenLate> = BTreeMap::new();
    for (unit, how) in out {
        let unit = project.units.get(unit)?;
        let own = levels.get(unit.level.as_ref()?)?;
        // Parts of one dimension alone are all rows.
        if *dimension.get_or_insert(own) != own {
            return None;
        }
        members.insert(Segment::one(own.clone(), &unit.member), *how);
    }
    let dimension = dimension?;
    let leaves_out = members.values().any(|how| *how == WhenLate::Exclude);
    let known = Known::of(&[]);
    let card = Card { project, scorecard, values: &known };
    let own_rows = card.segment(unit)?;
    // Of the whole the parts are all members, also what belongs to no unit; of a unit those that stand for units below it.
    let below: Option<BTreeSet<Segment>> = unit.map(|_| {
        let of_level = |of: &&Unit| of.level.as_ref().and_then(|level| levels.get(level)) == Some(dimension);
        let units = tree.units().filter(of_level).filter(|of| is_below(of));
        units.map(|of| Segment::one(dimension.clone(), &of.member)).collect()
    });
    let mut found = Vec::new();
    for kpi in said.kpis().filter_map(|id| project.kpis.get(id)) {
        let own = card.period_of(kpi, period);
        let kpi = kpi.in_period(own, &project.calendar).unwrap_or(kpi);
        // A total of a part is not held against the target of the whole.
        if leaves_out && kpi.measure.kind().over_units() != Carry::Stays {
            continue;
        }
        let is = |value: &&Value, of: Period| value.kpi == kpi.id && value.period == of;
        let Some(total) = values.iter().find(|of| is(of, own) && of.segment == own_rows) else { continue };
        let below = below.as_ref();
        let parts = |of: Period| {
            values.iter().filter(move |value| {
                is(value, of)
                    && matches!(&value.segment.0[..], [(by, _)] if by == dimension)
                    && below.is_none_or(|below| below.contains(&value.segment))
            })
        };
        let here: Vec<&Value> = parts(own).collect();
        if added(&here)?.encode()[..] != total.states[..] {
            return None;
        }
        let stays = here.into_iter().filter(|of| !members.contains_key(&of.segment));
        let carried = parts(own.offset(-1)).filter(|of| members.get(&of.segment) == Some(&WhenLate::Carry));
        let rest: Vec<&Value> = stays.chain(carried).collect();
        if rest.is_empty() {
            continue;
        }
        found.push(finished(kpi, &added(&rest)?, total, project.confidence)?);
    }
    Some(found)
}

fn added(parts: &[&Value]) -> Option<CellStates> {
    let states: Result<Vec<CellStates>, _> = parts.iter().map(|of| CellStates::decode(&of.states)).collect();
    CellStates::sum(&states.ok()?)
}

fn finished(kpi: &Kpi, states: &CellStates, total: &Value, confidence: f64) -> Option<Value> {
    let Finished { estimate, coverage } = finish::finished_again(kpi, states, confidence).ok()?;
    Some(Value { estimate, coverage, states: states.encode().into(), ..total.clone() })
}
