//! Random tables and plans, decided by a seed alone: what evaluators are compared on.
//!
//! The model is three entities deep: `call` refers to `client`, which refers to `owner`; the latter two have
//! histories of versions with gaps, ends and keys that nothing refers to. Every so many seeds a case is of a special
//! kind: no rows, one row, everything missing, values at the ends of the integers, days on which the clock changes,
//! a table that is not there.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    calendar::{Calendar, Grain},
    expression::{Arithmetic, Comparison, Expression, Function, Literal, Node, Path, Physical, Type},
    id::{AttributeId, EntityId, Hash},
    project::AsOf,
};
use kepi_query::{
    plan::{Key, ScanPlan, StateKind, StateSpec},
    port::{
        MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, SnapshotId, TableData, system,
    },
    side::state_id,
};

const HOUR: i64 = 3_600_000_000;

/// A small generator of chance: SplitMix64 (Steele, Lea, Flood 2014). The same seed gives the same case for ever.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound.max(1) as u64) as usize
    }
    /// True once in `n`.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    /// A number of `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = (i128::from(high) - i128::from(low) + 1).max(1);
        (i128::from(low) + i128::from(self.bits()) % width) as i64
    }
    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// What is special about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    Ordinary,
    NoRows,
    OneRow,
    AllMissing,
    Extreme,
    NoClients,
    NoEvents,
    Many,
}

/// A random case: tables in memory and a plan over them.
pub fn case(seed: u64) -> (PinnedInputs, ScanPlan) {
    let mut chance = Chance::new(seed);
    let special = special(&mut chance);
    let (_, edges) = edges(&mut chance);
    let mut inputs = inputs(&mut chance, special, &edges);
    unbound(&mut chance, &mut inputs);
    let mut plan = plan(&mut chance, &edges);
    if chance.once_in(25) {
        plan.edges = Arc::new([]);
    }
    (inputs, plan)
}

/// Tables alone, and the zone around whose change of the clock their days lie.
pub fn tables(chance: &mut Chance) -> (&'static str, PinnedInputs) {
    let special = special(chance);
    let (zone, edges) = edges(chance);
    (zone, inputs(chance, special, &edges))
}

fn special(chance: &mut Chance) -> Special {
    match chance.below(12) {
        0 => Special::NoRows,
        1 => Special::OneRow,
        2 => Special::AllMissing,
        // Twice as likely as the others: weights, which once made most of what is too large, are refused for many kinds.
        3 | 7 => Special::Extreme,
        4 => Special::NoClients,
        5 if chance.once_in(3) => Special::NoEvents,
        6 => Special::Many,
        _ => Special::Ordinary,
    }
}

/// Files do not always know between which values a column lies.
fn unbound(chance: &mut Chance, inputs: &mut PinnedInputs) {
    for column in inputs.tables.values_mut().flat_map(|table| &mut table.columns) {
        if chance.once_in(4) {
            column.bounds = None;
        }
    }
}

/// The same inputs with the rows of `call` dealt out to `parts` tables; the others stay whole.
pub fn split(inputs: &PinnedInputs, parts: usize, seed: u64) -> Vec<PinnedInputs> {
    let mut chance = Chance::new(seed);
    let base = id("call");
    let Some(table) = inputs.tables.get(&base) else { return vec![inputs.clone(); parts.min(1)] };
    let TableData::Memory(memory) = &table.data else { return vec![inputs.clone()] };
    let part_of: Vec<usize> = (0..memory.rows).map(|_| chance.below(parts)).collect();
    (0..parts)
        .map(|part| {
            let rows: Vec<u32> =
                (0..memory.rows as u32).filter(|row| part_of[*row as usize] == part).collect();
            let mut inputs = inputs.clone();
            let data = TableData::Memory(Arc::new(memory.taken(&rows)));
            inputs.tables.insert(base.clone(), PinnedTable { data, ..table.clone() });
            inputs
        })
        .collect()
}

/// The same inputs with the rows of every table in another order.
pub fn shuffled(inputs: &PinnedInputs, seed: u64) -> PinnedInputs {
    let mut chance = Chance::new(seed);
    let mut inputs = inputs.clone();
    for table in inputs.tables.values_mut() {
        if let TableData::Memory(memory) = &table.data {
            let mut rows: Vec<u32> = (0..memory.rows as u32).collect();
            for last in (1..rows.len()).rev() {
                rows.swap(last, chance.below(last + 1));
            }
            table.data = TableData::Memory(Arc::new(memory.taken(&rows)));
        }
    }
    inputs
}

/// Parses a name that is known to be one.
#[expect(clippy::expect_used, reason = "callers pass literals")]
fn id<T: std::str::FromStr>(name: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    name.parse().expect("a name")
}

fn path(references: &[(&str, &str)], attribute: &str) -> Path {
    Path {
        references: references.iter().map(|(attribute, entity)| (id(attribute), id(entity))).collect(),
        attribute: id(attribute),
    }
}

/// Days of a few weeks around a change of the clock.
#[expect(clippy::expect_used, reason = "the zones are in the bundled database and the days within range")]
fn edges(chance: &mut Chance) -> (&'static str, Vec<i64>) {
    let zone = *chance.pick(&[
        "Europe/Berlin",
        "America/Los_Angeles",
        "Australia/Lord_Howe",
        "UTC",
        "Asia/Kathmandu",
    ]);
    let calendar = Calendar { zone: zone.to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None };
    // 2024-03-31, 2024-10-27, 2024-03-10 and 1969-12-25, as days since 1970-01-01.
    let around = *chance.pick(&[19_813, 20_023, 19_792, -7]);
    let first = around - chance.between(0, 5) as i32;
    let days = chance.between(0, 12) as i32;
    (zone, calendar.edges(Grain::Day, first, first + days).expect("edges"))
}

/// Columns under construction.
struct Table {
    columns: Vec<(PinnedColumn, MemoryColumn)>,
    rows: usize,
}

impl Table {
    fn text(&mut self, name: &str, values: Vec<Option<Box<str>>>) {
        self.push(name, Physical::Text, None, MemoryColumn::Text(values.into()));
    }
    fn integer(&mut self, name: &str, values: Vec<Option<i64>>) {
        self.push(name, Physical::Integer, bounds(&values), MemoryColumn::Integer(values));
    }
    fn instant(&mut self, name: &str, values: Vec<Option<i64>>) {
        self.push(name, Physical::Instant, bounds(&values), MemoryColumn::Instant(values));
    }
    fn boolean(&mut self, name: &str, values: Vec<Option<bool>>) {
        self.push(name, Physical::Boolean, None, MemoryColumn::Boolean(values));
    }
    fn push(&mut self, name: &str, physical: Physical, bounds: Option<(i64, i64)>, column: MemoryColumn) {
        let is_empty = (0..self.rows).all(|row| column.cell(row).is_missing());
        self.columns.push((PinnedColumn { name: name.to_owned(), physical, bounds, is_empty }, column));
    }
    fn finish(self) -> PinnedTable {
        let (columns, values) = self.columns.into_iter().unzip();
        PinnedTable {
            columns,
            key: vec![id::<AttributeId>("id")],
            data: TableData::Memory(Arc::new(MemoryTable { rows: self.rows, columns: values })),
            live_until: None,
        }
    }
}

fn bounds(values: &[Option<i64>]) -> Option<(i64, i64)> {
    let known = || values.iter().copied().flatten();
    known().min().zip(known().max())
}

fn inputs(chance: &mut Chance, special: Special, edges: &[i64]) -> PinnedInputs {
    let mut tables: BTreeMap<EntityId, PinnedTable> = BTreeMap::new();
    let owners = chance.between(1, 4) as usize;
    let clients = chance.between(1, 8) as usize;
    tables.insert(id("owner"), owner_table(chance, owners, edges));
    if special != Special::NoClients {
        tables.insert(id("client"), client_table(chance, clients, owners, edges));
    }
    if special != Special::NoEvents {
        tables.insert(id("call"), event_table(chance, special, clients, edges));
    }
    PinnedInputs { snapshot: SnapshotId(1), tables }
}

/// An instant within the edges, on one, just before one, or a little outside.
fn instant(chance: &mut Chance, edges: &[i64]) -> i64 {
    let (first, last) = (edges[0], edges[edges.len() - 1]);
    match chance.below(8) {
        0 => *chance.pick(edges),
        1 => *chance.pick(edges) - 1,
        2 => chance.between(first - 30 * HOUR, last + 30 * HOUR),
        _ => chance.between(first, last),
    }
}

/// Versions of each key, as `(key, valid from, valid to)`: adjoining, at times with a gap or an end.
fn versions(
    chance: &mut Chance,
    keys: usize,
    prefix: &str,
    edges: &[i64],
) -> Vec<(String, Option<i64>, Option<i64>)> {
    let mut versions = Vec::new();
    for key in 0..keys {
        let mut cuts: Vec<i64> = (0..chance.below(4)).map(|_| instant(chance, edges)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut from = None;
        for cut in cuts {
            versions.push((format!("{prefix}{key}"), from, Some(cut)));
            from = Some(if chance.once_in(6) { cut + 5 * HOUR } else { cut });
            if versions.last().is_some_and(|last| last.1.is_some_and(|from| from >= cut)) {
                versions.pop();
            }
        }
        if !chance.once_in(8) {
            versions.push((format!("{prefix}{key}"), from, None));
        }
    }
    versions
}

fn owner_table(chance: &mut Chance, owners: usize, edges: &[i64]) -> PinnedTable {
    let versions = versions(chance, owners, "o", edges);
    let rows = versions.len();
    let mut table = Table { columns: Vec::new(), rows };
    table.text("id", versions.iter().map(|(key, ..)| Some(key.as_str().into())).collect());
    let countries = ["NO", "DE", "Österreich", ""];
    table.text("country", (0..rows).map(|_| text(chance, &countries)).collect());
    table.integer("grade", (0..rows).map(|_| integer(chance, -3, 9)).collect());
    finish_versions(table, &versions, edges)
}

fn client_table(chance: &mut Chance, clients: usize, owners: usize, edges: &[i64]) -> PinnedTable {
    let versions = versions(chance, clients, "a", edges);
    let rows = versions.len();
    let mut table = Table { columns: Vec::new(), rows };
    table.text("id", versions.iter().map(|(key, ..)| Some(key.as_str().into())).collect());
    table.text("owner", (0..rows).map(|_| key(chance, "o", owners)).collect());
    table.text("region", (0..rows).map(|_| text(chance, &["north", "south", "west"])).collect());
    table.integer("size", (0..rows).map(|_| integer(chance, 0, 50)).collect());
    table.boolean("active", (0..rows).map(|_| boolean(chance)).collect());
    table.instant("since", (0..rows).map(|_| maybe_instant(chance, edges)).collect());
    finish_versions(table, &versions, edges)
}

fn finish_versions(
    mut table: Table,
    versions: &[(String, Option<i64>, Option<i64>)],
    edges: &[i64],
) -> PinnedTable {
    table.instant(system::VALID_FROM, versions.iter().map(|(_, from, _)| *from).collect());
    table.instant(system::VALID_TO, versions.iter().map(|(_, _, to)| *to).collect());
    finish_system(table, edges)
}

fn finish_system(mut table: Table, edges: &[i64]) -> PinnedTable {
    let rows = table.rows;
    table.instant(system::RECORDED_AT, vec![edges.last().copied(); rows]);
    table.text(system::SOURCE, vec![Some("random".into()); rows]);
    table.text(system::FILE, vec![Some("random.csv".into()); rows]);
    table.integer(system::ROW, (1..=rows as i64).map(Some).collect());
    table.text(system::LOAD, vec![Some("1".into()); rows]);
    table.finish()
}

fn event_table(chance: &mut Chance, special: Special, clients: usize, edges: &[i64]) -> PinnedTable {
    let rows = match special {
        Special::NoRows => 0,
        Special::OneRow => 1,
        Special::Many => chance.between(200, 700) as usize,
        _ => chance.between(2, 60) as usize,
    };
    let missing = special == Special::AllMissing;
    let extreme = special == Special::Extreme;
    let amount = |chance: &mut Chance, low: i64, high: i64| {
        if missing {
            None
        } else if extreme && chance.once_in(3) {
            Some(*chance.pick(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 62, 3_037_000_500]))
        } else {
            integer(chance, low, high)
        }
    };
    let mut table = Table { columns: Vec::new(), rows };
    table.text("id", (0..rows).map(|row| Some(format!("e{row}").into())).collect());
    // In every case one column at least has values: the time, unless everything is missing half the time.
    let undated = missing && chance.once_in(2);
    let at = |chance: &mut Chance| {
        if undated || chance.once_in(12) { None } else { Some(instant(chance, edges)) }
    };
    table.instant("at", (0..rows).map(|_| at(chance)).collect());
    table.instant(
        "done",
        (0..rows).map(|_| if missing { None } else { maybe_instant(chance, edges) }).collect(),
    );
    table.text("client", (0..rows).map(|_| if missing { None } else { key(chance, "a", clients) }).collect());
    table.integer("score", (0..rows).map(|_| amount(chance, -2, 12)).collect());
    table.integer("price", (0..rows).map(|_| amount(chance, -100_000, 100_000)).collect());
    table.integer("weight", (0..rows).map(|_| amount(chance, -1, 3_000_000)).collect());
    table.boolean("solved", (0..rows).map(|_| if missing { None } else { boolean(chance) }).collect());
    let channels = ["web", "phone", "e-mail", "Ümlaut", "100%", "a_b", ""];
    table.text("channel", (0..rows).map(|_| if missing { None } else { text(chance, &channels) }).collect());
    table.instant(system::VALID_FROM, (0..rows).map(|_| None).collect());
    let ended = |chance: &mut Chance| chance.once_in(10).then(|| instant(chance, edges));
    table.instant(system::VALID_TO, (0..rows).map(|_| ended(chance)).collect());
    finish_system(table, edges)
}

fn integer(chance: &mut Chance, low: i64, high: i64) -> Option<i64> {
    if chance.once_in(7) { None } else { Some(chance.between(low, high)) }
}

fn boolean(chance: &mut Chance) -> Option<bool> {
    [Some(true), Some(false), None][chance.below(3)]
}

fn text(chance: &mut Chance, list: &[&str]) -> Option<Box<str>> {
    if chance.once_in(7) { None } else { Some((*chance.pick(list)).into()) }
}

fn maybe_instant(chance: &mut Chance, edges: &[i64]) -> Option<i64> {
    if chance.once_in(4) { None } else { Some(instant(chance, edges)) }
}

/// Mostly a key that may be there, at times one that is not.
fn key(chance: &mut Chance, prefix: &str, keys: usize) -> Option<Box<str>> {
    match chance.below(10) {
        0 => None,
        1 => Some(format!("{prefix}-unknown").into()),
        _ => Some(format!("{prefix}{}", chance.below(keys)).into()),
    }
}

const CLIENT: (&str, &str) = ("client", "client");
const OWNER: (&str, &str) = ("owner", "owner");

fn plan(chance: &mut Chance, edges: &[i64]) -> ScanPlan {
    let entity: EntityId = id("call");
    let time = if chance.once_in(6) { path(&[CLIENT], "since") } else { path(&[], "at") };
    let as_of = *chance.pick(&[AsOf::Event, AsOf::Event, AsOf::Now]);
    let candidates = [
        ("channel", path(&[], "channel"), Type::Text),
        ("solved", path(&[], "solved"), Type::Boolean),
        ("score", path(&[], "score"), Type::Integer),
        ("region", path(&[CLIENT], "region"), Type::Text),
        ("active", path(&[CLIENT], "active"), Type::Boolean),
        ("country", path(&[CLIENT, OWNER], "country"), Type::Text),
        ("client", path(&[], "client"), Type::Reference { entity: id("client") }),
    ];
    let mut keys: Vec<Key> = candidates
        .into_iter()
        .filter(|_| chance.once_in(3))
        .map(|(dimension, path, type_)| Key {
            dimension: id(dimension),
            of: expression(type_, Node::Path(path)),
        })
        .collect();
    if chance.once_in(4) {
        keys.push(Key { dimension: id("part"), of: date_part(chance, edges) });
    }
    if chance.once_in(4) {
        keys.push(Key { dimension: id("word"), of: call_of_words(chance) });
    }
    if chance.once_in(4) {
        keys.push(Key { dimension: id("band"), of: band(chance, edges) });
    }
    let mut key_sets: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..chance.below(4) {
        let key_set: Vec<usize> = (0..keys.len()).filter(|_| chance.once_in(2)).collect();
        if !key_sets.contains(&key_set) {
            key_sets.push(key_set);
        }
    }
    let mut states: Vec<StateSpec> = Vec::new();
    for _ in 0..=chance.below(6) {
        let kind = state_kind(chance, edges);
        let filter = (!chance.once_in(3)).then(|| condition(chance, 3, edges));
        let id = state_id(&entity, &time, as_of, &kind, filter.as_ref());
        if !states.iter().any(|known| known.id == id) {
            states.push(StateSpec { id, kind, filter });
        }
    }
    ScanPlan { entity, time, edges: edges.into(), calendar: Hash([0; 32]), as_of, keys, key_sets, states }
}

fn state_kind(chance: &mut Chance, edges: &[i64]) -> StateKind {
    let scale = *chance.pick(&[0, 0, 2, 6, 12]);
    match chance.below(8) {
        0 => StateKind::Count,
        1 => StateKind::Minimum(number(chance, scale, 2, edges)),
        2 if chance.once_in(2) => StateKind::Maximum(moment(chance, 1, edges)),
        2 => StateKind::Maximum(number(chance, scale, 2, edges)),
        3 => {
            let mut edges_of_bins: Vec<i64> =
                (0..=chance.below(5)).map(|_| chance.between(-50, 50)).collect();
            edges_of_bins.sort_unstable();
            edges_of_bins.dedup();
            StateKind::Histogram { of: number(chance, scale, 1, edges), edges: edges_of_bins.into() }
        }
        4 => {
            let several = if chance.once_in(3) { 2 + chance.below(3) } else { 1 };
            let value = |chance: &mut Chance| match chance.below(3) {
                0 => number(chance, 0, 1, edges),
                1 => condition(chance, 1, edges),
                _ => words(chance, 1),
            };
            StateKind::Distinct((0..several).map(|_| value(chance)).collect())
        }
        5 => {
            let x = number(chance, scale, 1, edges);
            let square = Node::Arithmetic(Arithmetic::Multiply, Box::new(x.clone()), Box::new(x));
            StateKind::Sum(expression(numeric(scale * 2), square))
        }
        _ => StateKind::Sum(number(chance, scale, 3, edges)),
    }
}

fn expression(type_: Type, node: Node) -> Expression {
    Expression { type_, node }
}

fn numeric(scale: u8) -> Type {
    if scale == 0 { Type::Integer } else { Type::Number { scale } }
}

/// A number at a scale; operands agree as the checker makes them agree.
pub fn number(chance: &mut Chance, scale: u8, depth: usize, edges: &[i64]) -> Expression {
    let type_ = numeric(scale);
    if depth == 0 || chance.once_in(4) {
        return number_leaf(chance, scale);
    }
    let deeper = |chance: &mut Chance| Box::new(number(chance, scale, depth - 1, edges));
    if scale == 0 && chance.once_in(6) {
        return match chance.below(5) {
            0 | 1 => date_part(chance, edges),
            2 => days(chance, edges),
            _ => expression(Type::Integer, Node::Call(Function::Length, vec![words(chance, 1)])),
        };
    }
    let node = match chance.below(7) {
        0 => Node::Arithmetic(Arithmetic::Add, deeper(chance), deeper(chance)),
        1 => Node::Arithmetic(Arithmetic::Subtract, deeper(chance), deeper(chance)),
        2 => {
            let left = number(chance, 0, depth - 1, edges);
            Node::Arithmetic(Arithmetic::Multiply, Box::new(left), deeper(chance))
        }
        3 => Node::Negate(deeper(chance)),
        4 => Node::Coalesce(vec![*deeper(chance), *deeper(chance)]),
        5 => {
            let branches = (0..=chance.below(2))
                .map(|_| (condition(chance, depth - 1, edges), *deeper(chance)))
                .collect();
            Node::Case(branches, chance.once_in(2).then(|| deeper(chance)))
        }
        _ if scale == 0 => {
            let (left, right) = (moment(chance, 1, edges), moment(chance, 1, edges));
            let node = Node::Arithmetic(Arithmetic::Subtract, Box::new(left), Box::new(right));
            return expression(Type::Duration, node);
        }
        _ => return number_leaf(chance, scale),
    };
    expression(type_, node)
}

fn number_leaf(chance: &mut Chance, scale: u8) -> Expression {
    let paths = [
        (path(&[], "score"), 0),
        (path(&[CLIENT], "size"), 0),
        (path(&[CLIENT, OWNER], "grade"), 0),
        (path(&[], "price"), 2),
        (path(&[], "weight"), 6),
    ];
    if chance.once_in(4) {
        let literal =
            if chance.once_in(10) { Literal::Missing } else { Literal::Integer(chance.between(-20, 20)) };
        return expression(numeric(scale), Node::Literal(literal));
    }
    let fitting: Vec<_> = paths.into_iter().filter(|(_, own)| *own <= scale).collect();
    let (path, own) = chance.pick(&fitting).clone();
    let leaf = expression(numeric(own), Node::Path(path));
    if own == scale { leaf } else { expression(numeric(scale), Node::Rescale(Box::new(leaf), scale - own)) }
}

/// An instant.
fn moment(chance: &mut Chance, depth: usize, edges: &[i64]) -> Expression {
    let leaf = |chance: &mut Chance| {
        let node = match chance.below(4) {
            0 => Node::Literal(Literal::Integer(instant(chance, edges))),
            1 => Node::Path(path(&[CLIENT], "since")),
            2 => Node::Path(path(&[], "at")),
            _ => Node::Path(path(&[], "done")),
        };
        expression(Type::Timestamp, node)
    };
    if depth == 0 || chance.once_in(2) {
        return leaf(chance);
    }
    let node = match chance.below(2) {
        0 => {
            let hours = Literal::Integer(chance.between(-9, 9) * HOUR);
            let span = expression(Type::Duration, Node::Literal(hours));
            Node::Arithmetic(Arithmetic::Add, Box::new(leaf(chance)), Box::new(span))
        }
        _ => Node::Coalesce(vec![leaf(chance), leaf(chance)]),
    };
    expression(Type::Timestamp, node)
}

/// A text.
fn words(chance: &mut Chance, depth: usize) -> Expression {
    let leaf = |chance: &mut Chance| {
        let node = match chance.below(5) {
            0 => Node::Literal(Literal::Text((*chance.pick(&["web", "", "north", "Ümlaut"])).to_owned())),
            1 => Node::Path(path(&[CLIENT], "region")),
            2 => Node::Path(path(&[CLIENT, OWNER], "country")),
            3 => Node::Path(path(&[], "client")),
            _ => Node::Path(path(&[], "channel")),
        };
        expression(Type::Text, node)
    };
    if depth == 0 || chance.once_in(2) {
        return leaf(chance);
    }
    if chance.once_in(2) {
        return call_of_words(chance);
    }
    expression(Type::Text, Node::Coalesce(vec![leaf(chance), leaf(chance)]))
}

/// A function that comes to a text.
fn call_of_words(chance: &mut Chance) -> Expression {
    let literal = |text: &str| expression(Type::Text, Node::Literal(Literal::Text(text.to_owned())));
    let integer = |n: i64| expression(Type::Integer, Node::Literal(Literal::Integer(n)));
    let of = words(chance, 0);
    let (function, values) = match chance.below(7) {
        0 => (Function::Upper, vec![of]),
        1 => (Function::Lower, vec![of]),
        2 => (Function::Trim, vec![of]),
        3 => (Function::Replace, vec![of, literal(chance.pick::<&str>(&["e", "", "_"])), words(chance, 0)]),
        4 => {
            let mut values = vec![of, integer(chance.between(1, 4))];
            if chance.once_in(2) {
                values.push(integer(chance.between(0, 3)));
            }
            (Function::Substring, values)
        }
        5 => {
            let part = *chance.pick(&[1, 2, -1, -2]);
            (Function::SplitPart, vec![of, literal(chance.pick::<&str>(&["-", "e", "ü"])), integer(part)])
        }
        _ => (Function::Concat, vec![of, number_leaf(chance, 0), words(chance, 0)]),
    };
    expression(Type::Text, Node::Call(function, values))
}

fn zone(chance: &mut Chance) -> Expression {
    let zone = *chance.pick(&["Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "UTC"]);
    expression(Type::Text, Node::Literal(Literal::Text(zone.to_owned())))
}

/// From some days after a day until another.
fn days(chance: &mut Chance, edges: &[i64]) -> Expression {
    let (zone, at) = (zone(chance), moment(chance, 1, edges));
    let by = Node::Literal(Literal::Integer(chance.between(-40, 40) * 86_400_000_000));
    let later = Node::Call(Function::DaysLater, vec![at, expression(Type::Duration, by), zone.clone()]);
    let until = moment(chance, 0, edges);
    expression(
        Type::Integer,
        Node::Call(Function::DaysBetween, vec![until, expression(Type::Date, later), zone]),
    )
}

/// A part of a time.
fn date_part(chance: &mut Chance, edges: &[i64]) -> Expression {
    let zone = zone(chance);
    let at = moment(chance, 1, edges);
    match chance.below(7) {
        0 => expression(Type::Integer, Node::Call(Function::Year, vec![at, zone])),
        1 => expression(Type::Integer, Node::Call(Function::Month, vec![at, zone])),
        2 => expression(Type::Integer, Node::Call(Function::Day, vec![at, zone])),
        3 => expression(Type::Integer, Node::Call(Function::Hour, vec![at, zone])),
        4 => {
            let until = moment(chance, 0, edges);
            expression(Type::Integer, Node::Call(Function::YearsBetween, vec![at, until, zone.clone(), zone]))
        }
        5 => {
            let literal = |text: &str| expression(Type::Text, Node::Literal(Literal::Text(text.to_owned())));
            let grain = literal(chance.pick::<&str>(&["day", "week", "month", "quarter", "year"]));
            let fiscal = literal(chance.pick::<&str>(&["0/1", "6/2", "6/2/4-4-5/nearest", "0/7/5-4-4/last"]));
            expression(Type::Text, Node::Call(Function::Period, vec![at, grain, zone, fiscal]))
        }
        _ => {
            let week = ["mo", "tu", "we", "th", "fr", "sa", "su"].map(str::to_owned).to_vec();
            expression(Type::Enum { values: week.into() }, Node::Call(Function::Weekday, vec![at, zone]))
        }
    }
}

/// A band.
fn band(chance: &mut Chance, edges: &[i64]) -> Expression {
    let value = if chance.once_in(3) { number(chance, 0, 1, edges) } else { number_leaf(chance, 0) };
    let mut of = vec![value];
    let mut begin = chance.between(-5, 5);
    for _ in 0..=chance.below(3) {
        of.push(expression(Type::Integer, Node::Literal(Literal::Integer(begin))));
        begin += chance.between(1, 9);
    }
    let values = (0..of.len()).map(|n| format!("band {n}")).collect();
    expression(Type::Enum { values }, Node::Call(Function::Bands, of))
}

/// A condition.
pub fn condition(chance: &mut Chance, depth: usize, edges: &[i64]) -> Expression {
    const COMPARISONS: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];
    let simple = depth == 0;
    let deeper = |chance: &mut Chance| condition(chance, depth.saturating_sub(1), edges);
    let operands = |chance: &mut Chance| {
        let mut operands = vec![deeper_leaf(chance)];
        for _ in 0..=chance.below(2) {
            operands.push(deeper(chance));
        }
        operands
    };
    if !simple && chance.once_in(9) {
        // What `any of […]` comes to.
        let members: Vec<Expression> = (0..=chance.below(3)).map(|_| number_leaf(chance, 0)).collect();
        let code = expression(Type::Integer, Node::Literal(Literal::Integer(chance.between(-2, 12))));
        let there = |e: &Expression| {
            let missing = expression(Type::Boolean, Node::IsMissing(Box::new(e.clone())));
            expression(Type::Boolean, Node::Not(Box::new(missing)))
        };
        let holds = |e: &Expression| {
            let node = Node::Compare(Comparison::Equal, Box::new(e.clone()), Box::new(code.clone()));
            expression(Type::Boolean, node)
        };
        let all = |of: &dyn Fn(&Expression) -> Expression| {
            expression(Type::Boolean, Node::Or(members.iter().map(of).collect()))
        };
        let constant = |b| expression(Type::Boolean, Node::Literal(Literal::Boolean(b)));
        let branches = vec![(all(&holds), constant(true)), (all(&there), constant(false))];
        return expression(Type::Boolean, Node::Case(branches, None));
    }
    let node = match chance.below(if simple { 7 } else { 11 }) {
        0 => Node::Path(path(&[], "solved")),
        1 => Node::Path(path(&[CLIENT], "active")),
        2 => {
            let scale = *chance.pick(&[0, 2]);
            let (left, right) =
                (number(chance, scale, depth.min(1), edges), number(chance, scale, depth.min(1), edges));
            Node::Compare(*chance.pick(&COMPARISONS), Box::new(left), Box::new(right))
        }
        3 => {
            let (left, right) = (words(chance, 1), words(chance, 0));
            Node::Compare(*chance.pick(&COMPARISONS), Box::new(left), Box::new(right))
        }
        4 => {
            let (left, right) = (moment(chance, 1, edges), moment(chance, 1, edges));
            Node::Compare(*chance.pick(&COMPARISONS), Box::new(left), Box::new(right))
        }
        5 => {
            let literals = 1 + chance.below(4);
            match chance.below(3) {
                0 => {
                    let texts = ["web", "north", "Ümlaut", ""];
                    let literal = |chance: &mut Chance| match chance.below(8) {
                        0 => Literal::Missing,
                        _ => Literal::Text((*chance.pick(&texts)).to_owned()),
                    };
                    let list = (0..literals).map(|_| literal(chance)).collect();
                    Node::In(Box::new(words(chance, depth.min(1))), list)
                }
                1 => {
                    let list = (0..literals).map(|_| Literal::Integer(instant(chance, edges))).collect();
                    Node::In(Box::new(moment(chance, 0, edges)), list)
                }
                _ => {
                    let list = (0..literals).map(|_| Literal::Integer(chance.between(-2, 12))).collect();
                    Node::In(Box::new(number_leaf(chance, 0)), list)
                }
            }
        }
        6 => {
            let patterns = ["%", "w%", "%o%", "_eb", "a_b", "100\\%", "%ml%t", "", "Ü_laut"];
            Node::Like(Box::new(words(chance, 0)), (*chance.pick(&patterns)).to_owned())
        }
        7 => Node::And(operands(chance)),
        8 => Node::Or(operands(chance)),
        9 => Node::Not(Box::new(deeper(chance))),
        _ => {
            let operand = match chance.below(3) {
                0 => words(chance, 1),
                1 => moment(chance, 0, edges),
                _ => number(chance, 0, depth.min(1), edges),
            };
            Node::IsMissing(Box::new(operand))
        }
    };
    expression(Type::Boolean, node)
}

fn deeper_leaf(chance: &mut Chance) -> Expression {
    let literal = [Literal::Boolean(true), Literal::Boolean(false), Literal::Missing];
    let node = if chance.once_in(4) {
        Node::Literal(chance.pick(&literal).clone())
    } else {
        Node::Path(path(&[], "solved"))
    };
    expression(Type::Boolean, node)
}
