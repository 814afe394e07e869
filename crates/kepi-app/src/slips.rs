//! Dates that look like slips: a series that begins once, and then has nothing for a thousand periods.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    calendar::{Grain, Period},
    id::KpiId,
    project::Project,
};
use kepi_query::value::Value;
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
    let mut with_rows: BTreeMap<(&KpiId, Grain), BTreeSet<i32>> = BTreeMap::new();
    for of in values.iter().filter(|of| of.segment.is_total() && of.coverage.counted > 0) {
        with_rows.entry((&of.kpi, of.period.grain)).or_default().insert(of.period.ordinal);
    }
    let label = |grain, ordinal| project.calendar.label(Period { grain, ordinal });
    let far = |((kpi, grain), periods): ((&KpiId, Grain), BTreeSet<i32>)| {
        let mut earliest = periods.into_iter();
        let (first, next) = (earliest.next()?, earliest.next()?);
        let between = next.checked_sub(first)?.checked_sub(1).filter(|between| *between > FAR)?;
        Some(Lonely {
            kpi: kpi.clone(),
            first: label(grain, first),
            next: label(grain, next),
            between: u64::try_from(between).ok()?,
        })
    };
    with_rows.into_iter().filter_map(far).collect()
}
