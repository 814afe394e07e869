//! Rows that belong to keys: those of each table are found by what says to whom they belong, their own columns or rows that they refer to.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use kepi_model::id::EntityId;

use super::{
    DerivePlan,
    size::{KEY_BYTES, bytes},
    split::{Local, Subject, Through, computed},
};
use crate::{
    port::{
        Belonging, EvaluateError, Evaluator, Keys, Limits, MemoryColumn, MemoryTable, PinnedColumn,
        PinnedInputs, PinnedTable, TableData, system,
    },
    row::Cell,
};

/// The rows that belong to keys, of all tables that are read for a plan, and bytes of what they took.
///
/// # Errors
/// A table could not be read.
pub(crate) async fn rows_of(
    (part, local, inputs): (&DerivePlan, &Local, &PinnedInputs),
    keys: &Arc<Keys>,
    (reader, limits): (&dyn Evaluator, &Limits),
) -> Result<(PinnedInputs, u64), EvaluateError> {
    let mut world = PinnedInputs { snapshot: inputs.snapshot, tables: BTreeMap::new() };
    let mut size = 0_u64;
    let mut through: Vec<(&Through, Arc<Keys>)> = Vec::new();
    let tables = |entity: &EntityId| inputs.tables.get(entity).cloned().into_iter().collect();
    for of in &local.through {
        let has_versions = inputs.tables.get(&of.of).is_some_and(PinnedTable::has_versions);
        if local.is_needed(of, has_versions) {
            let ids = found_through(of, &tables, keys, (reader, limits)).await?;
            let but = ids.but.as_ref().map_or(0, |but| but.len());
            size = size.saturating_add((but + ids.known.len()) as u64 * KEY_BYTES);
            through.push((of, Arc::new(ids)));
        }
    }
    for (entity, names) in &part.columns {
        let Some(table) = inputs.tables.get(entity) else { continue };
        let columns = columns(names, table);
        let belonging = local.belonging(entity, keys, &through);
        let memory = reader.read(table, &columns, belonging.as_ref(), limits).await?;
        size = size.saturating_add(bytes(&memory));
        let data = TableData::Memory(Arc::new(memory));
        world.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
    }
    Ok((world, size))
}

/// What identifies the rows through which those of a table are found that belong to keys. `tables`: all rows of a table, in one or in several; the rows of the
/// first are among those that are and those that were.
pub(crate) async fn found_through(
    through: &Through,
    tables: &(dyn Fn(&EntityId) -> Vec<PinnedTable> + Sync),
    keys: &Arc<Keys>,
    reading: (&dyn Evaluator, &Limits),
) -> Result<Keys, EvaluateError> {
    // From whom rows belong to, to what refers to them.
    let mut chain = vec![through];
    while let Some(Subject::Through(next)) = chain.last().map(|of| &of.subject) {
        chain.push(next);
    }
    let mut keys = Arc::clone(keys);
    for of in chain.into_iter().rev() {
        let mut ids = Keys::default();
        for table in tables(&of.of) {
            identified(&table, of, &keys, reading, &mut ids).await?;
        }
        if of.or_nobody && keys.missing {
            let (mut sure, mut all) = (Keys::default(), Keys::default());
            for (number, table) in tables(&of.of).into_iter().enumerate() {
                if number == 0 {
                    held_always(&table, of, reading, &mut sure).await?;
                }
                let every = Belonging::by([&of.key], &Arc::new(Keys::portion(0, 1)));
                each_text(&table, &[of.key.clone()].into(), &every, &of.key, reading, |id| _ = all.add(id))
                    .await?;
            }
            // Where a row is not always there, what refers to it may find nothing.
            ids.known.extend(all.known.into_iter().filter(|id| !sure.known.contains(id)));
            if !of.is_of_versions() {
                (ids.missing, ids.but) = (true, Some(Arc::new(sure.known)));
            }
        }
        keys = Arc::new(ids);
    }
    Ok(Arc::unwrap_or_clone(keys))
}

/// Takes in what identifies the rows of a table that belong to keys.
async fn identified(
    table: &PinnedTable,
    through: &Through,
    keys: &Arc<Keys>,
    reading: (&dyn Evaluator, &Limits),
    ids: &mut Keys,
) -> Result<(), EvaluateError> {
    let mut read = through.subject.columns();
    let tie = match &through.subject {
        Subject::Column(column) => column,
        Subject::Through(next) => &next.column,
        Subject::Computed(of) => {
            read.insert(through.key.clone());
            let columns = columns(&read, table);
            let at = columns.iter().position(|column| column.name == through.key);
            let mut see = |piece: &MemoryTable| {
                let subjects = computed(of, &columns, piece);
                let Some(own) = at.and_then(|at| piece.columns.get(at)) else { return };
                for (row, subject) in subjects.iter().enumerate() {
                    if keys.has(subject.as_deref()) {
                        ids.add(text(own, row));
                    }
                }
            };
            return reading.0.pieces(table, &columns, None, reading.1, &mut see).await;
        }
    };
    read.insert(through.key.clone());
    let belonging = Belonging::by([tie], keys);
    each_text(table, &read, &belonging, &through.key, reading, |id| _ = ids.add(id)).await
}

/// Takes in to whom rows of a table belong that are identified so, or what they say of it.
pub(crate) async fn owners(
    table: &PinnedTable,
    through: &Through,
    ids: &Arc<Keys>,
    reading: (&dyn Evaluator, &Limits),
    keys: &mut Keys,
) -> Result<(), EvaluateError> {
    let belonging = Belonging::by([&through.key], ids);
    let mut read = through.subject.columns();
    let column = match &through.subject {
        Subject::Column(column) => column,
        Subject::Through(next) => &next.column,
        Subject::Computed(of) => {
            // What rows are chosen by is read with them.
            read.insert(through.key.clone());
            let columns = columns(&read, table);
            let mut see = |piece: &MemoryTable| {
                computed(of, &columns, piece).iter().for_each(|key| _ = keys.add(key.as_deref()));
            };
            return reading.0.pieces(table, &columns, Some(&belonging), reading.1, &mut see).await;
        }
    };
    read.insert(through.key.clone());
    each_text(table, &read, &belonging, column, reading, |key| _ = keys.add(key)).await
}

/// From and until when a version holds, and whether it says to whom it belongs.
type Version = (Option<i64>, Option<i64>, bool);

/// Takes in what identifies rows that are there at any time, and that say to whom they belong.
async fn held_always(
    table: &PinnedTable,
    through: &Through,
    (reader, limits): (&dyn Evaluator, &Limits),
    ids: &mut Keys,
) -> Result<(), EvaluateError> {
    let Subject::Column(subject) = &through.subject else { return Ok(()) };
    let edges = [system::VALID_FROM, system::VALID_TO];
    let names = [&through.key, subject].into_iter().cloned().chain(edges.map(str::to_owned));
    let columns = columns(&names.collect(), table);
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let mut versions: BTreeMap<Box<str>, Vec<Version>> = BTreeMap::new();
    let mut see = |piece: &MemoryTable| {
        let of = |name: &str| place(name).and_then(|at| piece.columns.get(at));
        let Some(own) = of(&through.key) else { return };
        for row in 0..piece.rows {
            let Some(id) = text(own, row) else { continue };
            let [from, until] = edges.map(|name| match of(name).map(|column| column.cell(row)) {
                Some(Cell::Instant(at)) => Some(at),
                _ => None,
            });
            let is_known = of(subject).is_some_and(|of| text(of, row).is_some());
            if (from, until, is_known) == (None, None, true) {
                ids.add(Some(id));
            } else {
                versions.entry(id.into()).or_default().push((from, until, is_known));
            }
        }
    };
    reader.pieces(table, &columns, None, limits, &mut see).await?;
    for (id, mut versions) in versions {
        versions.sort_unstable();
        let follow = versions
            .iter()
            .zip(versions.iter().skip(1))
            .all(|(one, next)| one.1.is_some() && one.1 == next.0);
        let whole = versions.first().is_some_and(|of| of.0.is_none())
            && versions.last().is_some_and(|of| of.1.is_none());
        if follow && whole && versions.iter().all(|of| of.2) {
            ids.known.insert(id);
        }
    }
    Ok(())
}

/// Sees what a column holds in the rows that belong to keys, each value of a piece once.
pub(crate) async fn each_text(
    table: &PinnedTable,
    read: &BTreeSet<String>,
    belonging: &Belonging,
    column: &str,
    (reader, limits): (&dyn Evaluator, &Limits),
    mut see: impl FnMut(Option<&str>) + Send,
) -> Result<(), EvaluateError> {
    let columns = columns(read, table);
    let at = columns.iter().position(|own| own.name == column);
    let mut texts = |piece: &MemoryTable| {
        if let Some(column) = at.and_then(|at| piece.columns.get(at)) {
            texts(column).into_iter().for_each(&mut see);
        }
    };
    reader.pieces(table, &columns, Some(belonging), limits, &mut texts).await
}

/// The columns of a table that are read.
pub(crate) fn columns(columns: &BTreeSet<String>, table: &PinnedTable) -> Vec<PinnedColumn> {
    table.columns.iter().filter(|column| columns.contains(&column.name)).cloned().collect()
}

/// The text of a row; none also where the column has none.
pub(crate) fn text(column: &MemoryColumn, row: usize) -> Option<&str> {
    match column {
        MemoryColumn::Text(values) => values.get(row),
        _ => None,
    }
}

/// The different texts of a column; none among them where a row has none.
pub(crate) fn texts(column: &MemoryColumn) -> Vec<Option<&str>> {
    let MemoryColumn::Text(values) = column else { return vec![None] };
    let mut seen = vec![false; values.members().len()];
    let (mut all, mut missing) = (Vec::new(), false);
    for row in 0..values.len() {
        let seen = match values.code_of(row) {
            Some(code) => seen.get_mut(code as usize),
            None => Some(&mut missing),
        };
        if seen.is_some_and(|seen| !std::mem::replace(seen, true)) {
            all.push(values.get(row));
        }
    }
    all
}
