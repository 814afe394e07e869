//! Random tables and plans over them, from a seed.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    expression::{Arithmetic, Comparison, Expression, Literal, Node, Path, Physical, Type},
    id::Hash,
    project::AsOf,
};
use kepi_query::{
    plan::{Key, ScanPlan, StateId, StateKind, StateSpec},
    port::{MemoryColumn, MemoryTable, PinnedColumn, PinnedInputs, PinnedTable, SnapshotId, TableData},
};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

const TEXTS: [&str; 7] = ["phone", "web", "", "Zürich", "a%b", "phonetic", "X"];

/// Magnitude of the integers of a case.
#[derive(Debug, Clone, Copy)]
enum Magnitude {
    Small,
    Large,
    Extreme,
}

fn integer(random: &mut Random, magnitude: Magnitude) -> i64 {
    match magnitude {
        Magnitude::Small => random.below(41) as i64 - 20,
        Magnitude::Large => (random.next() as i64) >> 24,
        Magnitude::Extreme => match random.below(6) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => i64::MAX - random.below(3) as i64,
            _ => random.next() as i64,
        },
    }
}

/// A case: a plan and its tables in memory.
pub struct Case {
    pub plan: ScanPlan,
    pub inputs: PinnedInputs,
}

fn column(name: &str, physical: Physical) -> PinnedColumn {
    PinnedColumn { name: name.into(), physical, bounds: None }
}

fn cells(
    random: &mut Random,
    rows: usize,
    physical: Physical,
    nulls: usize,
    magnitude: Magnitude,
) -> MemoryColumn {
    let there = |random: &mut Random| !random.chance(nulls);
    match physical {
        Physical::Text => {
            MemoryColumn::Text((0..rows).map(|_| there(random).then(|| random.of(&TEXTS).into())).collect())
        }
        Physical::Integer => MemoryColumn::Integer(
            (0..rows).map(|_| there(random).then(|| integer(random, magnitude))).collect(),
        ),
        Physical::Instant => MemoryColumn::Instant(
            (0..rows).map(|_| there(random).then(|| random.below(1000) as i64)).collect(),
        ),
        Physical::Boolean => {
            MemoryColumn::Boolean((0..rows).map(|_| there(random).then(|| random.chance(60))).collect())
        }
    }
}

fn bounded(columns: &mut [PinnedColumn], memory: &MemoryTable, random: &mut Random) {
    for (column, values) in columns.iter_mut().zip(&memory.columns) {
        if let MemoryColumn::Integer(values) | MemoryColumn::Instant(values) = values
            && random.chance(60)
        {
            let known = || values.iter().flatten().copied();
            column.bounds = known().min().zip(known().max());
        }
    }
}

/// Tables: tickets refer to accounts, accounts to areas; both with history.
fn inputs(random: &mut Random, rows: usize, magnitude: Magnitude) -> PinnedInputs {
    use Physical::{Boolean, Instant, Integer, Text};
    let mut tables = BTreeMap::new();
    let nulls = random.of(&[0, 0, 10, 50, 100]);
    let mut ticket = vec![
        column("id", Text),
        column("at", Instant),
        column("done", Instant),
        column("account", Text),
        column("channel", Text),
        column("n", Integer),
        column("m", Integer),
        column("yes", Boolean),
        column("_valid_to", Instant),
    ];
    let keys = 8;
    let reference = |random: &mut Random| {
        (!random.chance(10)).then(|| format!("k{}", random.below(keys + 2)).into_boxed_str())
    };
    let dated = random.of(&[0, 5, 30]);
    let superseded = random.of(&[0, 20]);
    let memory = MemoryTable {
        rows,
        columns: vec![
            MemoryColumn::Text((0..rows).map(|i| Some(format!("t{i}").into())).collect()),
            cells(random, rows, Instant, dated, magnitude),
            cells(random, rows, Instant, nulls, magnitude),
            MemoryColumn::Text((0..rows).map(|_| reference(random)).collect()),
            cells(random, rows, Text, nulls, magnitude),
            cells(random, rows, Integer, nulls, magnitude),
            cells(random, rows, Integer, 10, magnitude),
            cells(random, rows, Boolean, nulls, magnitude),
            MemoryColumn::Instant((0..rows).map(|_| random.chance(superseded).then_some(500)).collect()),
        ],
    };
    bounded(&mut ticket, &memory, random);
    let table = |columns, memory| PinnedTable {
        columns,
        key: vec!["id".parse().unwrap()],
        data: TableData::Memory(Arc::new(memory)),
    };
    if !random.chance(2) {
        tables.insert("ticket".parse().unwrap(), table(ticket, memory));
    }
    for (entity, next) in [("account", Some("area")), ("area", None)] {
        if random.chance(5) {
            continue;
        }
        let mut ids = vec![];
        let mut from = vec![];
        let mut until = vec![];
        for key in 0..keys {
            let mut limits: Vec<i64> = (0..random.below(4)).map(|_| random.below(1000) as i64).collect();
            limits.sort_unstable();
            limits.dedup();
            let ended = random.chance(20);
            for i in 0..=limits.len() {
                ids.push(Some(format!("k{key}").into_boxed_str()));
                from.push(if i == 0 { None } else { Some(limits[i - 1]) });
                until.push(match limits.get(i) {
                    Some(limit) => Some(*limit),
                    None => ended.then_some(1_000_000),
                });
            }
        }
        let rows = ids.len();
        let mut columns = vec![
            column("id", Text),
            column("tier", Text),
            column("size", Integer),
            column("active", Boolean),
            column("since", Instant),
            column("_valid_from", Instant),
            column("_valid_to", Instant),
        ];
        let mut values = vec![
            MemoryColumn::Text(ids),
            cells(random, rows, Text, 10, magnitude),
            cells(random, rows, Integer, 10, magnitude),
            cells(random, rows, Boolean, 10, magnitude),
            cells(random, rows, Instant, 10, magnitude),
            MemoryColumn::Instant(from),
            MemoryColumn::Instant(until),
        ];
        if next.is_some() {
            columns.push(column("area", Text));
            values.push(MemoryColumn::Text((0..rows).map(|_| reference(random)).collect()));
        }
        let memory = MemoryTable { rows, columns: values };
        bounded(&mut columns, &memory, random);
        tables.insert(entity.parse().unwrap(), table(columns, memory));
    }
    PinnedInputs { snapshot: SnapshotId(1), tables }
}

fn path(random: &mut Random, physical: Physical) -> Path {
    let step = |name: &str| (name.parse().unwrap(), name.parse().unwrap());
    let references = match random.below(6) {
        0 => vec![step("account")],
        1 => vec![step("account"), step("area")],
        _ => vec![],
    };
    let attribute = match (physical, references.is_empty()) {
        (Physical::Text, true) => random.of(&["channel", "account", "id"]),
        (Physical::Text, false) => random.of(&["tier", "id"]),
        (Physical::Integer, true) => random.of(&["n", "m"]),
        (Physical::Integer, false) => "size",
        (Physical::Instant, true) => random.of(&["at", "done"]),
        (Physical::Instant, false) => "since",
        (Physical::Boolean, true) => "yes",
        (Physical::Boolean, false) => "active",
    };
    Path { references, attribute: attribute.parse().unwrap() }
}

fn type_of(physical: Physical) -> Type {
    match physical {
        Physical::Text => Type::Text,
        Physical::Integer => Type::Integer,
        Physical::Instant => Type::Timestamp,
        Physical::Boolean => Type::Boolean,
    }
}

fn literal(random: &mut Random, physical: Physical, magnitude: Magnitude) -> Literal {
    if random.chance(8) {
        return Literal::Missing;
    }
    match physical {
        Physical::Text => Literal::Text(random.of(&TEXTS).into()),
        Physical::Integer => Literal::Integer(integer(random, magnitude)),
        Physical::Instant => Literal::Integer(random.below(1000) as i64),
        Physical::Boolean => Literal::Boolean(random.chance(50)),
    }
}

fn expression(random: &mut Random, physical: Physical, depth: usize, magnitude: Magnitude) -> Expression {
    let type_ = type_of(physical);
    let sub = |random: &mut Random, physical| expression(random, physical, depth - 1, magnitude);
    let boxed = |random: &mut Random, physical| Box::new(expression(random, physical, depth - 1, magnitude));
    let node = if depth == 0 || random.chance(20) {
        if random.chance(75) {
            Node::Path(path(random, physical))
        } else {
            Node::Literal(literal(random, physical, magnitude))
        }
    } else if random.chance(20) {
        if random.chance(50) {
            Node::Coalesce((0..1 + random.below(3)).map(|_| sub(random, physical)).collect())
        } else {
            let branches = 1 + random.below(2);
            let branches =
                (0..branches).map(|_| (sub(random, Physical::Boolean), sub(random, physical))).collect();
            Node::Case(branches, random.chance(50).then(|| boxed(random, physical)))
        }
    } else {
        match physical {
            Physical::Text => Node::Path(path(random, physical)),
            Physical::Instant => Node::Arithmetic(
                random.of(&[Arithmetic::Add, Arithmetic::Subtract]),
                boxed(random, Physical::Instant),
                boxed(random, Physical::Integer),
            ),
            Physical::Integer => match random.below(6) {
                0 => Node::Negate(boxed(random, Physical::Integer)),
                1 => Node::Rescale(boxed(random, Physical::Integer), random.of(&[0, 1, 2, 9, 18])),
                2 => Node::Arithmetic(
                    Arithmetic::Subtract,
                    boxed(random, Physical::Instant),
                    boxed(random, Physical::Instant),
                ),
                _ => Node::Arithmetic(
                    random.of(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply]),
                    boxed(random, Physical::Integer),
                    boxed(random, Physical::Integer),
                ),
            },
            Physical::Boolean => match random.below(8) {
                0 => Node::And((0..1 + random.below(3)).map(|_| sub(random, Physical::Boolean)).collect()),
                1 => Node::Or((0..1 + random.below(3)).map(|_| sub(random, Physical::Boolean)).collect()),
                2 => Node::Not(boxed(random, Physical::Boolean)),
                3 => {
                    let of =
                        random.of(&[Physical::Text, Physical::Integer, Physical::Instant, Physical::Boolean]);
                    Node::IsMissing(boxed(random, of))
                }
                4 => {
                    let of =
                        random.of(&[Physical::Text, Physical::Integer, Physical::Instant, Physical::Boolean]);
                    let list = (0..random.below(4)).map(|_| literal(random, of, magnitude)).collect();
                    Node::In(boxed(random, of), list)
                }
                5 => {
                    let pattern = random.of(&["%", "pho%", "_", "%e%", "", "Z_rich", "a%b"]);
                    Node::Like(boxed(random, Physical::Text), pattern.into())
                }
                _ => {
                    let of =
                        random.of(&[Physical::Text, Physical::Integer, Physical::Instant, Physical::Boolean]);
                    let how = random.of(&[
                        Comparison::Equal,
                        Comparison::NotEqual,
                        Comparison::Less,
                        Comparison::LessOrEqual,
                        Comparison::Greater,
                        Comparison::GreaterOrEqual,
                    ]);
                    Node::Compare(how, boxed(random, of), boxed(random, of))
                }
            },
        }
    };
    Expression { type_, node }
}

/// The case of a seed.
pub fn case(seed: u64) -> Case {
    let mut random = Random(seed);
    let random = &mut random;
    let magnitude = random.of(&[Magnitude::Small, Magnitude::Small, Magnitude::Large, Magnitude::Extreme]);
    let rows = random.of(&[0, 1, 2, 7, 100, 100, 300, 700]);
    let inputs = inputs(random, rows, magnitude);
    let mut edges: Vec<i64> = (0..random.below(8)).map(|_| random.below(1100) as i64 - 50).collect();
    edges.sort_unstable();
    edges.dedup();
    let keys: Vec<Key> = (0..random.below(4))
        .map(|i| {
            let physical = random.of(&[Physical::Text, Physical::Text, Physical::Boolean, Physical::Integer]);
            Key {
                dimension: format!("d{i}").parse().unwrap(),
                path: path(random, physical),
                type_: type_of(physical),
            }
        })
        .collect();
    let mut key_sets = vec![];
    for _ in 0..1 + random.below(4) {
        let set: Vec<usize> = (0..keys.len()).filter(|_| random.chance(50)).collect();
        if !key_sets.contains(&set) {
            key_sets.push(set);
        }
    }
    let states = (0..random.below(8))
        .map(|i| {
            let number = random.of(&[Physical::Integer, Physical::Integer, Physical::Instant]);
            let kind = match random.below(7) {
                0 => StateKind::Count,
                1 => StateKind::Minimum(expression(random, number, 3, magnitude)),
                2 => StateKind::Maximum(expression(random, number, 3, magnitude)),
                3 => {
                    let mut edges: Vec<i64> =
                        (0..1 + random.below(5)).map(|_| integer(random, magnitude)).collect();
                    edges.sort_unstable();
                    edges.dedup();
                    StateKind::Histogram {
                        of: expression(random, Physical::Integer, 2, magnitude),
                        edges: edges.into(),
                    }
                }
                4 => {
                    let of = random.of(&[Physical::Text, Physical::Integer, Physical::Boolean]);
                    StateKind::Distinct(expression(random, of, 2, magnitude))
                }
                _ => StateKind::Sum(expression(random, Physical::Integer, 3, magnitude)),
            };
            let filter = random.chance(60).then(|| expression(random, Physical::Boolean, 3, magnitude));
            StateSpec { id: StateId(Hash::of(&[i as u8])), kind, filter }
        })
        .collect();
    let plan = ScanPlan {
        entity: "ticket".parse().unwrap(),
        time: path(random, Physical::Instant),
        edges: edges.into(),
        as_of: random.of(&[AsOf::Event, AsOf::Now]),
        keys,
        key_sets,
        states,
    };
    Case { plan, inputs }
}
