//! What looks like a slip: a series that begins once, and then has nothing for a thousand periods; a unit that stands for no row.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    id::{DimensionId, KpiId, UnitId},
    project::{Project, Unit},
};
use kepi_query::{state::Member, value::Value};
use serde::Serialize;

/// Between a series' first rows and the next lie more periods than anybody would wait for.
const FAR: i32 = 1000;

/// A series that begins long before it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lonely {
    /// The KPI.
    pub kpi: KpiId,
    /// The first period with rows.
    pub first: String,
    /// The next one.
    pub next: String,
    /// Periods without any row between them.
    pub between: u64,
}

/// Series whose first rows are far from all others.
pub fn lonely(project: &Project, values: &[Value]) -> Vec<Lonely> {
    let mut with_rows: BTreeMap<(&KpiId, Grain), BTreeSet<Period>> = BTreeMap::new();
    for of in values.iter().filter(|of| of.segment.is_total() && of.coverage.counted > 0) {
        with_rows.entry((&of.kpi, of.period.grain)).or_default().insert(of.period);
    }
    let far = |((kpi, _), periods): ((&KpiId, Grain), BTreeSet<Period>)| {
        let mut earliest = periods.into_iter();
        let (first, next) = (earliest.next()?, earliest.next()?);
        let between =
            next.ordinal.checked_sub(first.ordinal)?.checked_sub(1).filter(|between| *between > FAR)?;
        Some(Lonely {
            kpi: kpi.clone(),
            first: project.calendar.label(first),
            next: project.calendar.label(next),
            between: u64::try_from(between).ok()?,
        })
    };
    with_rows.into_iter().filter_map(far).collect()
}

/// A unit that stands for no row of any KPI of a scorecard whose cascade it is part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rowless {
    /// The unit.
    pub unit: UnitId,
    /// The dimension that says which rows are a unit's.
    pub dimension: DimensionId,
    /// Its member there.
    pub member: String,
    /// Members that rows have and no unit stands for.
    pub instead: Vec<String>,
}

/// So many members that might be meant are named.
const NAMED: usize = 5;

/// Units of cascades that stand for no row while there are rows for which no unit stands: their member may be written otherwise in the data.
pub fn rowless(project: &Project, values: &[Value]) -> Vec<Rowless> {
    let mut members: BTreeMap<&DimensionId, BTreeSet<&str>> = BTreeMap::new();
    for of in values.iter().filter(|of| of.coverage.eligible > 0) {
        if let [(dimension, Member::Value(member))] = of.segment.0.as_slice() {
            members.entry(dimension).or_default().insert(member);
        }
    }
    let mut found: BTreeMap<&UnitId, Rowless> = BTreeMap::new();
    for cascade in project.scorecards.values().filter_map(|card| card.cascade.as_ref()) {
        for (level, dimension) in &cascade.levels {
            let Some(known) = members.get(dimension) else { continue };
            let units = || project.units.values().filter(|unit| unit.level.as_ref() == Some(level));
            let stands = |member: &str| units().flat_map(Unit::wordings).any(|unit| *unit.member == *member);
            for unit in units().filter(|of| !of.wordings().any(|of| known.contains(&*of.member))) {
                let instead = known.iter().filter(|member| !stands(member)).take(NAMED);
                found.entry(&unit.id).or_insert_with(|| Rowless {
                    unit: unit.id.clone(),
                    dimension: dimension.clone(),
                    member: unit.member.to_string(),
                    instead: instead.map(|member| (*member).to_owned()).collect(),
                });
            }
        }
    }
    found.into_values().filter(|of| !of.instead.is_empty()).collect()
}
