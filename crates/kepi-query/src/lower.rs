//! Lowering: from a KPI to the states it needs.

use kepi_model::{
    calendar::Grain,
    derived::{Rows, at_grain, inlined},
    expression::Expression,
    id::{DimensionId, EntityId},
    project::{Design, Disposition, Kpi, Project},
    screening::uncounted,
};

use crate::{
    guard::guard,
    measure::kind_of,
    plan::StateKind,
    side::{LowerError, Lowering, Role, Side, Term},
};

/// What a KPI needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// One side, or two for a ratio.
    pub sides: Vec<Side>,
    /// Segments asked for: the total, each dimension on its own, each combination; different, in this order.
    /// Dimensions within a set are sorted.
    pub key_sets: Vec<Vec<DimensionId>>,
    /// What else the rows have to be told apart by, so that they can be weighted.
    pub hidden: Vec<Vec<DimensionId>>,
}

impl Lowered {
    /// The side of a term.
    pub fn side(&self, term: Term) -> Option<&Side> {
        self.sides.iter().find(|side| side.term == term)
    }
}

/// Lowers one KPI at its own grain.
///
/// # Errors
/// The definition does not fit the project.
pub fn lower(kpi: &Kpi, project: &Project) -> Result<Lowered, LowerError> {
    lower_at(kpi, project, kpi.period)
}

/// Lowers one KPI at a grain: panels have other rows for each length of period, in a table of their own.
///
/// # Errors
/// The definition does not fit the project.
pub fn lower_at(kpi: &Kpi, project: &Project, grain: Grain) -> Result<Lowered, LowerError> {
    let mut lowering = Lowering::new(kpi);
    kind_of(&kpi.measure).lower(kpi, &mut lowering)?;
    let mut sides = lowering.into_sides();
    if let (Some(response), Some(side)) = (&kpi.response, sides.first_mut()) {
        // Whoever was not asked answers for nobody.
        side.narrow(&response.asked(), |role| role != Role::Eligible);
        for of in Disposition::ALL {
            if let Some(condition) = response.condition(of) {
                side.state(Role::Disposition(of), StateKind::Count, &[&condition]);
            }
        }
    }
    if !kpi.made.is_empty() {
        sides.iter_mut().for_each(|side| written_out(side, project));
    }
    // Answers off their scale are taken as no answers.
    sides.iter_mut().for_each(|side| guard(side, project));
    for side in &mut sides {
        let rows = project.entities.get(&side.entity).and_then(|entity| entity.rows.as_ref());
        if rows.is_some_and(Rows::by_period)
            && let Some(table) = at_grain(&side.entity, grain)
        {
            side.entity = table;
            side.identify();
        }
    }
    let key_sets = key_sets_of(kpi);
    let hidden = kpi.design.iter().flat_map(|design| hidden_key_sets(design, &key_sets)).collect();
    Ok(Lowered { sides, key_sets, hidden })
}

/// The same of all rows, also those that were screened out; none where no rows of a KPI are screened.
///
/// # Errors
/// As [`lower_at`].
pub(crate) fn lower_unscreened(
    kpi: &Kpi,
    project: &Project,
    grain: Grain,
) -> Result<Option<Lowered>, LowerError> {
    let screen = |side: &Side| project.entities.get(&side.entity)?.screen.as_ref();
    let is_screened = |of: &&EntityId| project.entities.get(*of).is_some_and(|of| of.screen.is_some());
    if !kpi.measure.bases().iter().any(is_screened) {
        return Ok(None);
    }
    let mut lowered = lower_at(kpi, project, grain)?;
    for side in &mut lowered.sides {
        let Some(screen) = screen(side) else { continue };
        let whole = |filter: &Option<Expression>| filter.as_ref().and_then(|of| uncounted(screen, of));
        side.filter = whole(&side.filter);
        for (_, state) in &mut side.states {
            state.filter = whole(&state.filter);
        }
        side.identify();
    }
    Ok(Some(lowered))
}

/// The segments that a KPI asks for, by dimensions: the total, each dimension on its own, each combination.
pub(crate) fn key_sets_of(kpi: &Kpi) -> Vec<Vec<DimensionId>> {
    let mut key_sets: Vec<Vec<DimensionId>> = vec![Vec::new()];
    let singles = kpi.by.iter().map(|dimension| vec![dimension.id.clone()]);
    for mut key_set in singles.chain(kpi.cross.iter().cloned()) {
        key_set.sort();
        key_set.dedup();
        if !key_sets.contains(&key_set) {
            key_sets.push(key_set);
        }
    }
    key_sets
}

/// Each segment's rows by what they are weighted by, and by their clusters.
fn hidden_key_sets(design: &Design, key_sets: &[Vec<DimensionId>]) -> Vec<Vec<DimensionId>> {
    let mut hidden: Vec<Vec<DimensionId>> = Vec::new();
    for key_set in key_sets {
        for with_clusters in [false, true] {
            let finer = finer(design, key_set, with_clusters);
            if !key_sets.contains(&finer) && !hidden.contains(&finer) {
                hidden.push(finer);
            }
        }
    }
    hidden
}

/// A segment's dimensions, those of the margins, and with `with_clusters` the cluster's; sorted.
pub(crate) fn finer(design: &Design, key_set: &[DimensionId], with_clusters: bool) -> Vec<DimensionId> {
    let cluster = design.cluster.iter().filter(|_| with_clusters).map(|cluster| cluster.id.clone());
    let mut finer: Vec<DimensionId> =
        key_set.iter().cloned().chain(design.margin_dimensions()).chain(cluster).collect();
    finer.sort();
    finer.dedup();
    finer
}

/// Computed attributes stand for their expressions.
fn written_out(side: &mut Side, project: &Project) {
    let entity = side.entity.clone();
    let out = |of: &Expression| inlined(of, &entity, &project.entities);
    side.filter = side.filter.as_ref().map(out);
    side.keys.iter_mut().for_each(|key| key.of = out(&key.of));
    for (_, state) in &mut side.states {
        state.filter = state.filter.as_ref().map(out);
        state.kind = state.kind.map(out);
    }
    side.identify();
}
