//! Lowering: from a KPI to the states it needs.

use kepi_model::{
    id::DimensionId,
    project::{Kpi, Project},
};

use crate::{
    guard::guard,
    measure::kind_of,
    side::{LowerError, Lowering, Side, Term},
};

/// What a KPI needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// One side, or two for a ratio.
    pub sides: Vec<Side>,
    /// Segments asked for: the total, each dimension on its own, each combination; different, in this order.
    /// Dimensions within a set are sorted.
    pub key_sets: Vec<Vec<DimensionId>>,
}

impl Lowered {
    /// The side of a term.
    pub fn side(&self, term: Term) -> Option<&Side> {
        self.sides.iter().find(|side| side.term == term)
    }
}

/// Lowers one KPI.
pub fn lower(kpi: &Kpi, project: &Project) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering::new(kpi);
    kind_of(&kpi.measure).lower(kpi, &mut lowering)?;
    let mut key_sets: Vec<Vec<DimensionId>> = vec![Vec::new()];
    let singles = kpi.by.iter().map(|dimension| vec![dimension.id.clone()]);
    for mut key_set in singles.chain(kpi.cross.iter().cloned()) {
        key_set.sort();
        key_set.dedup();
        if !key_sets.contains(&key_set) {
            key_sets.push(key_set);
        }
    }
    let mut sides = lowering.into_sides();
    // Answers off their scale are taken as no answers.
    sides.iter_mut().for_each(|side| guard(side, project));
    Ok(Lowered { sides, key_sets })
}
