//! Rows that belong to keys: those of each table are found by what says to whom they belong, their own columns or rows that they refer to, and with them the
//! rows that they look up.

use std::{collections::BTreeMap, collections::BTreeSet, sync::Arc};

use kepi_model::id::EntityId;

use super::{
    DerivePlan,
    size::{KEY_BYTES, MOST_PORTIONS, bytes, width_of_row},
    split::{Local, Through, Way},
};
use crate::{
    port::{
        Belonging, By, EvaluateError, Evaluator, Fut, Keys, Limits, MemoryTable, PinnedColumn, PinnedInputs,
        PinnedTable, TableData, system,
    },
    row::Cell,
    texts::Texts,
};

/// A table that is looked up is read whole if it takes no more than such a part of the memory.
const SMALL: u64 = 16;

/// Where rows are found.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    /// All rows of a table, in one or in several; the rows of the first are among those that are and those that were.
    pub tables: &'a (dyn Fn(&EntityId) -> Vec<PinnedTable> + Sync),
    /// Whether rows of a table have or had other versions.
    pub has_versions: &'a (dyn Fn(&EntityId) -> bool + Sync),
    pub reader: &'a dyn Evaluator,
    pub limits: &'a Limits,
}

/// By table which of its rows are read; none: all of them.
type Chosen<'a> = BTreeMap<&'a EntityId, Option<Belonging>>;

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
    let tables = |entity: &EntityId| inputs.tables.get(entity).cloned().into_iter().collect();
    let has_versions = |entity: &EntityId| inputs.tables.get(entity).is_some_and(PinnedTable::has_versions);
    let places = Places { tables: &tables, has_versions: &has_versions, reader, limits };
    let (chosen, mut size) = chosen((part, local, inputs), keys, places).await?;
    for (entity, names) in &part.columns {
        let Some(table) = inputs.tables.get(entity) else { continue };
        let columns = columns(names, table);
        let belonging = chosen.get(entity).and_then(Option::as_ref);
        let memory = reader.read(table, &columns, belonging, limits).await?;
        size = size.saturating_add(bytes(&memory));
        if local.whole.contains(entity) {
            // Rows that are looked up are found by what identifies them.
            size = size.saturating_add(2 * KEY_BYTES * memory.rows as u64);
        }
        let data = TableData::Memory(Arc::new(memory));
        world.tables.insert(entity.clone(), PinnedTable { columns, data, ..table.clone() });
    }
    Ok((world, size))
}

/// Which rows of each table are read that is read for a plan: those that belong to keys, those through which they are found, and those that they look up;
/// and bytes of what they are chosen by.
///
/// # Errors
/// A table could not be read.
pub(crate) async fn chosen<'a>(
    (part, local, inputs): (&'a DerivePlan, &'a Local, &PinnedInputs),
    keys: &Arc<Keys>,
    places: Places<'_>,
) -> Result<(Chosen<'a>, u64), EvaluateError> {
    let (mut chosen, mut size): (Chosen<'a>, u64) = (BTreeMap::new(), 0);
    let is_small = |entity: &EntityId| {
        let rows: u64 = (places.tables)(entity).iter().map(PinnedTable::rows).sum();
        rows.saturating_mul(width_of_row(part, inputs, entity)) <= places.limits.memory_bytes / SMALL
    };
    for entity in part.columns.keys() {
        let is_whole = if local.whole.contains(entity) {
            local.blind.contains(entity) || is_small(entity)
        } else {
            !local.ties.contains_key(entity)
        };
        let ties = local.ties.get(entity).into_iter().flatten();
        chosen.insert(entity, (!is_whole).then(|| Belonging::by(ties, keys)));
    }
    let size_of = |ids: &Keys| ids.known.len() as u64 * KEY_BYTES;
    let mut found: Vec<(&Through, Arc<Keys>)> = Vec::new();
    for of in &local.through {
        let Some(Some(belonging)) = chosen.get_mut(&of.table) else { continue };
        if !local.is_needed(of, (places.has_versions)(&of.of)) {
            continue;
        }
        let is_same = |other: &&(&Through, Arc<Keys>)| {
            let is_plain = !keys.missing || !(of.or_nobody || other.0.or_nobody);
            is_plain && (&of.of, &of.key, &of.ways) == (&other.0.of, &other.0.key, &other.0.ways)
        };
        let ids = match found.iter().find(is_same) {
            Some((_, ids)) => Arc::clone(ids),
            None => {
                let ids = Arc::new(found_through(of, keys, places).await?);
                size = size.saturating_add(size_of(&ids));
                found.push((of, Arc::clone(&ids)));
                ids
            }
        };
        belonging.ties.push((of.by.clone(), ids));
    }
    // Whom these look up, and whom those look up, as far as references follow each other.
    let mut from = chosen.clone();
    for _ in 0..local.depth {
        let mut next: Chosen<'a> = BTreeMap::new();
        for lookup in &local.lookups {
            let (Some(rows), Some(Some(of))) = (from.get(&lookup.table), chosen.get_mut(&lookup.of)) else {
                continue;
            };
            let key = By::Column(lookup.key.clone());
            let mut ids = Keys::default();
            let mut see = |id: Option<&str>| {
                let is_known = |(by, keys): &(By, Arc<Keys>)| *by == key && keys.has(id);
                if id.is_some() && !of.ties.iter().any(is_known) {
                    ids.add(id);
                }
            };
            for table in (places.tables)(&lookup.table) {
                each(&table, &By::Column(lookup.column.clone()), rows.as_ref(), places, &mut see).await?;
            }
            if !ids.known.is_empty() {
                size = size.saturating_add(size_of(&ids));
                let tie = (key, Arc::new(ids));
                of.ties.push(tie.clone());
                let more = next.entry(&lookup.of).or_insert_with(|| Some(Belonging::default()));
                more.iter_mut().for_each(|more| more.ties.push(tie.clone()));
            }
        }
        from = next;
    }
    Ok((chosen, size))
}

/// What identifies the rows through which those of a table are found that belong to keys.
fn found_through<'a>(
    through: &'a Through,
    keys: &'a Arc<Keys>,
    places: Places<'a>,
) -> Fut<'a, Result<Keys, EvaluateError>> {
    Box::pin(async move {
        let mut belonging = Belonging::default();
        for way in &through.ways {
            let keys = match way {
                Way::By(_) => Arc::clone(keys),
                Way::Through(next) => Arc::new(found_through(next, keys, places).await?),
            };
            belonging.ties.push((way.by().clone(), keys));
        }
        let (key, mut ids) = (By::Column(through.key.clone()), Keys::default());
        for table in (places.tables)(&through.of) {
            each(&table, &key, Some(&belonging), places, |id| _ = ids.add(id)).await?;
        }
        if through.or_nobody && keys.missing {
            leads_to_nothing(through, places, &mut ids).await?;
        }
        Ok(ids)
    })
}

/// Takes in what leads to nothing, or may at some time, of what rows are found by; so much of it at a time as memory allows.
async fn leads_to_nothing(
    through: &Through,
    places: Places<'_>,
    ids: &mut Keys,
) -> Result<(), EvaluateError> {
    let rows: u64 = (places.tables)(&through.of).iter().map(PinnedTable::rows).sum();
    let most = (places.limits.memory_bytes / 4).max(1);
    let of = rows.saturating_mul(KEY_BYTES).div_ceil(most).clamp(1, MOST_PORTIONS);
    for number in 0..of {
        let some = Arc::new(Keys { missing: false, ..Keys::portion(number, of) });
        let sure = sure(through, &some, places).await?;
        let belonging = Belonging::by([&through.by], &some);
        for table in (places.tables)(&through.table) {
            let mut see = |id: Option<&str>| {
                if id.is_some_and(|id| some.has(Some(id)) && !sure.known.contains(id)) {
                    ids.add(id);
                }
            };
            each(&table, &through.by, Some(&belonging), places, &mut see).await?;
        }
    }
    // What is not said leads to nothing, too.
    ids.missing |= !through.is_of_versions();
    Ok(())
}

/// From and until when a version holds, and whether it says to whom it belongs.
type Version = (Option<i64>, Option<i64>, bool);

/// What identifies rows, of some, that are there at any time and always say to whom they belong.
fn sure<'a>(
    through: &'a Through,
    some: &'a Arc<Keys>,
    places: Places<'a>,
) -> Fut<'a, Result<Keys, EvaluateError>> {
    Box::pin(async move {
        let mut ids = Keys::default();
        let Some(table) = (places.tables)(&through.of).into_iter().next() else { return Ok(ids) };
        let key = By::Column(through.key.clone());
        let belonging = Belonging::by([&key], some);
        let mut ways: Vec<(&By, Option<Keys>)> = Vec::new();
        for way in &through.ways {
            ways.push((
                way.by(),
                match way {
                    Way::By(_) => None,
                    Way::Through(next) => {
                        let mut asked = Keys::default();
                        each(&table, &next.by, Some(&belonging), places, |id| _ = asked.add(id)).await?;
                        Some(sure(next, &Arc::new(Keys { missing: false, ..asked }), places).await?)
                    }
                },
            ));
        }
        let edges = [system::VALID_FROM, system::VALID_TO];
        let mut read: BTreeSet<String> = ways.iter().flat_map(|(by, _)| by.columns()).collect();
        read.extend(edges.map(str::to_owned).into_iter().chain([through.key.clone()]));
        let columns = columns(&read, &table);
        let mut versions: BTreeMap<Box<str>, Vec<Version>> = BTreeMap::new();
        let mut see = |piece: &MemoryTable| {
            let Some(own) = key.texts(&columns, piece) else { return };
            let says: Vec<_> = ways.iter().map(|(by, sure)| (by.texts(&columns, piece), sure)).collect();
            let edges = edges.map(|name| columns.iter().position(|column| column.name == name));
            for row in 0..piece.rows {
                let Some(id) = own.get(row) else { continue };
                let at = |at: Option<usize>| match piece.columns.get(at?)?.cell(row) {
                    Cell::Instant(at) => Some(at),
                    _ => None,
                };
                let [from, until] = edges.map(at);
                let is_known = says.iter().all(|(texts, sure)| {
                    let text = texts.as_ref().and_then(|texts| texts.get(row));
                    text.is_some_and(|text| sure.as_ref().is_none_or(|sure| sure.known.contains(text)))
                });
                if (from, until, is_known) == (None, None, true) {
                    ids.add(Some(id));
                } else {
                    versions.entry(id.into()).or_default().push((from, until, is_known));
                }
            }
        };
        places.reader.pieces(&table, &columns, Some(&belonging), places.limits, &mut see).await?;
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
        Ok(ids)
    })
}

/// Takes in to whom rows of a table belong that are identified so.
pub(crate) fn owners<'a>(
    through: &'a Through,
    ids: &'a Arc<Keys>,
    places: Places<'a>,
    keys: &'a mut Keys,
) -> Fut<'a, Result<(), EvaluateError>> {
    Box::pin(async move {
        let belonging = Belonging::by([&By::Column(through.key.clone())], ids);
        for way in &through.ways {
            let mut says = Keys::default();
            for table in (places.tables)(&through.of) {
                each(&table, way.by(), Some(&belonging), places, |key| _ = says.add(key)).await?;
            }
            match way {
                Way::By(_) => {
                    keys.missing |= says.missing;
                    keys.known.extend(says.known);
                }
                Way::Through(next) => owners(next, &Arc::new(says), places, keys).await?,
            }
        }
        Ok(())
    })
}

/// Sees what is asked of the rows that belong to keys, or of all, each value of a piece once.
pub(crate) async fn each(
    table: &PinnedTable,
    by: &By,
    only: Option<&Belonging>,
    places: Places<'_>,
    mut see: impl FnMut(Option<&str>) + Send,
) -> Result<(), EvaluateError> {
    let ties = only.into_iter().flat_map(|only| &only.ties).flat_map(|(by, _)| by.columns());
    let columns = columns(&ties.chain(by.columns()).collect(), table);
    let mut texts = |piece: &MemoryTable| {
        if let Some(of) = by.texts(&columns, piece) {
            texts(&of).into_iter().for_each(&mut see);
        }
    };
    places.reader.pieces(table, &columns, only, places.limits, &mut texts).await
}

/// The columns of a table that are read.
pub(crate) fn columns(columns: &BTreeSet<String>, table: &PinnedTable) -> Vec<PinnedColumn> {
    table.columns.iter().filter(|column| columns.contains(&column.name)).cloned().collect()
}

/// The different texts of a column; none among them where a row has none.
pub(crate) fn texts(values: &Texts) -> Vec<Option<&str>> {
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
