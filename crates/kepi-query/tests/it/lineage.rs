//! Whatever lies outside the lineage of a KPI cannot move it: the values of all columns outside are exchanged among
//! their rows, and it comes out the same; those of the columns inside, and nearly every KPI comes out otherwise.

use std::{collections::BTreeSet, sync::Arc};

use kepi_model::{
    lineage::{Lineage, Thing},
    project::Project,
};
use kepi_query::{
    port::{MemoryColumn, PinnedInputs, TableData},
    value::Value,
};
use kepi_testkit::{
    definitions::case,
    road::{Road, made, number},
};

use crate::worked;

/// The inputs with the values of some columns exchanged among the rows of their tables.
fn exchanged(inputs: &PinnedInputs, which: impl Fn(&Thing) -> bool) -> PinnedInputs {
    // Each column by another number of rows: turned alike, the rows would be the same ones in another order.
    fn turn<T>(values: &mut [T], by: usize) {
        if !values.is_empty() {
            values.rotate_right(by % values.len());
        }
    }
    let mut inputs = inputs.clone();
    for (entity, table) in &mut inputs.tables {
        let TableData::Memory(memory) = &mut table.data else { panic!("tables of tests lie in memory") };
        let columns = table.columns.iter().zip(&mut Arc::make_mut(memory).columns);
        for (by, (column, values)) in columns.enumerate() {
            // Those of the system say which version of a row holds: they belong to every row that is read.
            let Ok(attribute) = column.name.parse() else { continue };
            if column.name.starts_with('_') || !which(&Thing::Attribute(entity.clone(), attribute)) {
                continue;
            }
            match values {
                MemoryColumn::Text(values) => {
                    let mut texts: Vec<Option<Box<str>>> = values.clone().into();
                    turn(&mut texts, by);
                    *values = texts.into();
                }
                MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => turn(values, by),
                MemoryColumn::Boolean(values) => turn(values, by),
            }
        }
    }
    inputs
}

/// Exchanges for each KPI all that is not in its lineage, and then all that is; says how many have a value and move.
fn holds(
    project: &Project,
    values: impl Fn(&Project, &PinnedInputs) -> Vec<Value>,
    inputs: &PinnedInputs,
) -> (usize, usize) {
    let lineage = Lineage::of(project);
    let (mut moved, mut with_value) = (0, 0);
    for (id, kpi) in &project.kpis {
        let alone = Project { kpis: [(id.clone(), kpi.clone())].into(), ..project.clone() };
        let steps = lineage.made_of(&Thing::Kpi(id.clone()));
        let inside: BTreeSet<&Thing> = steps.iter().map(|passed| &passed.step.from).collect();
        let before = values(&alone, inputs);
        let after = values(&alone, &exchanged(inputs, |thing| !inside.contains(thing)));
        assert!(before == after, "{id} moves with what is not in its lineage: {inside:?}");
        if before.iter().any(|value| value.estimate.is_ok()) {
            with_value += 1;
            moved +=
                usize::from(before != values(&alone, &exchanged(inputs, |thing| inside.contains(thing))));
        }
    }
    (moved, with_value)
}

#[test]
fn what_is_outside_the_lineage_moves_nothing_of_a_business() {
    let (project, landed, at, _) = worked::traceable();
    let values = |project: &Project, inputs: &PinnedInputs| {
        Road::by_reference(project, &made(project, inputs, at)).values(project)
    };
    let (moved, with_value) = holds(&project, values, &landed);
    assert!(with_value > 50 && moved * 10 >= with_value * 9, "{moved} of {with_value} move");
}

#[test]
fn what_is_outside_the_lineage_moves_nothing_of_random_projects() {
    let (first, count) = (number("KEPI_SEED", 0), number("KEPI_COUNT", 60).div_ceil(4));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let mut all = (0, 0);
    for seed in first..first + count {
        let case = case(seed);
        let values =
            |project: &Project, inputs: &PinnedInputs| Road::by_reference(project, inputs).values(project);
        eprintln!("seed {seed}\n{}", case.text);
        let (moved, with_value) = holds(&case.project, values, &case.inputs);
        all = (all.0 + moved, all.1 + with_value);
    }
    assert!(all.0 * 2 > all.1 && all.0 > 0, "{all:?} move");
}
