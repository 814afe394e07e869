//! Rows that several sources know: by hand, in any order, against the plainest composition there is, with planted contradictions.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    entity::precedence::{Believed, Precedence},
    expression::Physical,
    id::AttributeId,
    source_text::{FileId, Span},
};
use kepi_query::{
    compose::{Composer, Statements},
    port::{MemoryColumn, MemoryTable, PinnedColumn, system},
    row::Cell,
};

/// One row of a source: key, source, since, until, and its values.
#[derive(Debug, Clone)]
struct Row {
    key: &'static str,
    source: &'static str,
    since: Option<i64>,
    until: Option<i64>,
    tier: Option<&'static str>,
    status: Option<&'static str>,
    seats: Option<i64>,
    updated: Option<i64>,
    line: i64,
}

fn id(name: &str) -> AttributeId {
    name.parse().unwrap()
}

fn precedence() -> Precedence {
    Precedence {
        order: vec!["crm".parse().unwrap(), "billing".parse().unwrap(), "desk".parse().unwrap()],
        of: BTreeMap::from([
            (id("status"), Believed::First(vec!["billing".parse().unwrap()])),
            (id("seats"), Believed::Newest(id("updated_at"))),
        ]),
        clocks: BTreeSet::from([id("updated_at")]),
        span: Span { file: FileId(0), start: 0, end: 0 },
    }
}

fn columns() -> Vec<PinnedColumn> {
    let all = [
        ("id", Physical::Text),
        ("tier", Physical::Text),
        ("status", Physical::Text),
        ("seats", Physical::Integer),
        ("updated_at", Physical::Instant),
        (system::VALID_FROM, Physical::Instant),
        (system::VALID_TO, Physical::Instant),
        (system::SOURCE, Physical::Text),
        (system::FILE, Physical::Text),
        (system::ROW, Physical::Integer),
    ];
    let column = |(name, physical): (&str, _)| PinnedColumn {
        name: name.to_owned(),
        physical,
        bounds: None,
        is_empty: false,
    };
    all.map(column).to_vec()
}

fn table(rows: &[Row]) -> MemoryTable {
    fn text<'a>(rows: &'a [Row], of: impl Fn(&'a Row) -> Option<&'a str>) -> MemoryColumn {
        MemoryColumn::Text(rows.iter().map(of).collect())
    }
    let integers = |of: fn(&Row) -> Option<i64>| rows.iter().map(of).collect::<Vec<_>>();
    MemoryTable {
        rows: rows.len(),
        columns: vec![
            text(rows, |row| Some(row.key)),
            text(rows, |row| row.tier),
            text(rows, |row| row.status),
            MemoryColumn::Integer(integers(|row| row.seats)),
            MemoryColumn::Instant(integers(|row| row.updated)),
            MemoryColumn::Instant(integers(|row| row.since)),
            MemoryColumn::Instant(integers(|row| row.until)),
            text(rows, |row| Some(row.source)),
            text(rows, |row| Some(row.source)),
            MemoryColumn::Integer(integers(|row| Some(row.line))),
        ],
    }
}

/// What stands: key, tier, status, seats, updated, since, until.
type Stands = (String, Option<String>, Option<String>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

fn composed(rows: &[Row]) -> Vec<Stands> {
    let (columns, rows) = (columns(), table(rows));
    let made = Composer::new(&columns, &rows, &[id("id")], &precedence()).rows();
    let text = |at: usize, row: usize| match &made.columns[at] {
        MemoryColumn::Text(values) => values.get(row).map(str::to_owned),
        _ => panic!("a text"),
    };
    let number = |at: usize, row: usize| match &made.columns[at] {
        MemoryColumn::Integer(values) | MemoryColumn::Instant(values) => values[row],
        _ => panic!("a number"),
    };
    (0..made.rows)
        .map(|row| {
            let key = text(0, row).unwrap();
            (key, text(1, row), text(2, row), number(3, row), number(4, row), number(5, row), number(6, row))
        })
        .collect()
}

fn found(rows: &[Row]) -> Vec<Statements> {
    let (columns, rows) = (columns(), table(rows));
    Composer::new(&columns, &rows, &[id("id")], &precedence()).discrepancies(&precedence())
}

const NOTHING: Row = Row {
    key: "",
    source: "",
    since: None,
    until: None,
    tier: None,
    status: None,
    seats: None,
    updated: None,
    line: 1,
};

/// The customers of a shop in three systems. `a1` is gold in the one and silver in the other; the bill says that it left on day 40,
/// and its seats changed last in billing, on day 30. `a2` is known to the desk alone until day 20, when sales enters it.
fn shop() -> Vec<Row> {
    let of = |key, source, line| Row { key, source, line, ..NOTHING };
    vec![
        Row {
            tier: Some("silver"),
            seats: Some(5),
            updated: Some(10),
            until: Some(20),
            ..of("a1", "crm", 1)
        },
        Row { tier: Some("gold"), seats: Some(8), updated: Some(20), since: Some(20), ..of("a1", "crm", 2) },
        Row {
            tier: Some("silver"),
            status: Some("active"),
            seats: Some(6),
            updated: Some(15),
            until: Some(30),
            ..of("a1", "billing", 1)
        },
        Row {
            tier: Some("silver"),
            status: Some("active"),
            seats: Some(9),
            updated: Some(30),
            since: Some(30),
            until: Some(40),
            ..of("a1", "billing", 2)
        },
        Row {
            tier: Some("silver"),
            status: Some("left"),
            seats: Some(9),
            updated: Some(40),
            since: Some(40),
            ..of("a1", "billing", 3)
        },
        Row { status: Some("trial"), ..of("a2", "desk", 1) },
        Row {
            status: Some("active"),
            tier: Some("gold"),
            updated: Some(20),
            since: Some(20),
            ..of("a2", "crm", 3)
        },
    ]
}

fn stands(
    key: &str,
    tier: Option<&str>,
    status: Option<&str>,
    seats: Option<i64>,
    updated: Option<i64>,
    (since, until): (Option<i64>, Option<i64>),
) -> Stands {
    let owned = |of: Option<&str>| of.map(str::to_owned);
    (key.to_owned(), owned(tier), owned(status), seats, updated, since, until)
}

#[test]
fn of_each_attribute_the_source_that_is_believed_says_it_then_and_now() {
    // Until day 20 the newest seats are those of billing, of day 15; then sales', of day 20; from day 30 billing's again.
    let silver = Some("silver");
    let want = [
        stands("a1", silver, Some("active"), Some(6), Some(15), (None, Some(20))),
        stands("a1", Some("gold"), Some("active"), Some(8), Some(20), (Some(20), Some(30))),
        stands("a1", Some("gold"), Some("active"), Some(9), Some(30), (Some(30), Some(40))),
        stands("a1", Some("gold"), Some("left"), Some(9), Some(40), (Some(40), None)),
        stands("a2", None, Some("trial"), None, None, (None, Some(20))),
        stands("a2", Some("gold"), Some("active"), None, Some(20), (Some(20), None)),
    ];
    assert_eq!(composed(&shop()), want);
}

#[test]
fn each_contradiction_is_listed_with_who_is_believed() {
    /// Key, attribute, and who says what.
    type Told = (String, String, Vec<(String, Cell)>);
    let told: Vec<Told> = found(&shop())
        .into_iter()
        .map(|of| {
            let Some(Cell::Text(key)) = of.key.first() else { panic!("a key") };
            let by = of.by.iter().map(|by| (by.source.clone(), by.value.clone()));
            (key.to_string(), of.attribute.to_string(), by.collect())
        })
        .collect();
    let by = |source: &str, value: &str| (source.to_owned(), Cell::Text(value.into()));
    let number = |source: &str, value| (source.to_owned(), Cell::Integer(value));
    let want = vec![
        ("a1".to_owned(), "tier".to_owned(), vec![by("crm", "gold"), by("billing", "silver")]),
        ("a1".to_owned(), "seats".to_owned(), vec![number("billing", 9), number("crm", 8)]),
        // Sales and the desk: billing, which is asked first, does not know it.
        ("a2".to_owned(), "status".to_owned(), vec![by("crm", "active"), by("desk", "trial")]),
    ];
    assert_eq!(told, want);
}

/// Draws numbers, always the same.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        // Steele, Lea and Flood 2014: SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
    fn shuffle<T>(&mut self, of: &mut [T]) {
        for at in (1..of.len()).rev() {
            of.swap(at, self.below(at as u64 + 1) as usize);
        }
    }
}

const SOURCES: [&str; 3] = ["crm", "billing", "desk"];
const KEYS: [&str; 6] = ["a1", "a2", "a3", "b1", "b2", "ä"];
const UNTIL: u64 = 30;

/// Histories of keys in sources: each a chain of versions, that may end.
fn histories(draws: &mut Draws) -> Vec<Row> {
    let mut rows = Vec::new();
    for key in KEYS {
        for source in SOURCES {
            if draws.below(4) == 0 {
                continue;
            }
            let mut edges: Vec<i64> = (0..draws.below(4)).map(|_| draws.below(UNTIL) as i64).collect();
            edges.sort_unstable();
            let last = if draws.below(4) == 0 { edges.pop() } else { None };
            let mut since = None;
            for until in edges.into_iter().map(Some).chain([last]) {
                let line = rows.len() as i64;
                let text = |draws: &mut Draws, of: [&'static str; 3]| {
                    Some(draws.one(&of)).filter(|of| !of.is_empty())
                };
                rows.push(Row {
                    key,
                    source,
                    since,
                    until,
                    tier: text(draws, ["gold", "silver", ""]),
                    status: text(draws, ["active", "left", ""]),
                    seats: Some(draws.below(4) as i64).filter(|seats| *seats > 0),
                    updated: Some(draws.below(5) as i64).filter(|at| *at > 0),
                    line,
                });
                since = until;
            }
        }
    }
    rows
}

/// Each attribute of a row as it stands.
type Attributes = (Option<String>, Option<String>, Option<i64>, Option<i64>);

/// What stands of a key at an instant, asked of one attribute after the other.
fn plainly(rows: &[Row], key: &str, at: i64) -> Option<Attributes> {
    let holding = |source: &str| {
        rows.iter().find(|row| {
            row.key == key
                && row.source == source
                && row.since.is_none_or(|since| since <= at)
                && row.until.is_none_or(|until| at < until)
        })
    };
    let all: Vec<&Row> = SOURCES.iter().filter_map(|source| holding(source)).collect();
    if all.is_empty() {
        return None;
    }
    let tier = all.iter().find_map(|row| row.tier).map(str::to_owned);
    let status =
        holding("billing").and_then(|row| row.status).or_else(|| all.iter().find_map(|row| row.status));
    let newest = all.iter().filter(|row| row.seats.is_some()).map(|row| row.updated).max();
    let seats =
        all.iter().find(|row| row.seats.is_some() && Some(row.updated) == newest).and_then(|row| row.seats);
    let updated = all.iter().filter_map(|row| row.updated).max();
    Some((tier, status.map(str::to_owned), seats, updated))
}

#[test]
fn whatever_comes_in_which_order_the_same_rows_stand_at_every_instant() {
    let mut stretches = 0;
    for seed in 0..400 {
        let mut draws = Draws(seed);
        let mut rows = histories(&mut draws);
        let made = composed(&rows);
        for _ in 0..4 {
            draws.shuffle(&mut rows);
            assert_eq!(composed(&rows), made, "seed {seed}");
        }
        for key in KEYS {
            for at in -1..=UNTIL as i64 {
                let standing: Vec<&Stands> = made
                    .iter()
                    .filter(|of| {
                        of.0 == key
                            && of.5.is_none_or(|since| since <= at)
                            && of.6.is_none_or(|until| at < until)
                    })
                    .collect();
                assert!(standing.len() <= 1, "seed {seed}: {standing:?}");
                let stands = standing.first().map(|of| (of.1.clone(), of.2.clone(), of.3, of.4));
                assert_eq!(stands, plainly(&rows, key, at), "seed {seed}, {key} at {at}");
            }
        }
        // Neighbours that say the same are one row.
        for pair in made.windows(2) {
            let same = (&pair[0].0, &pair[0].1, &pair[0].2, pair[0].3, pair[0].4)
                == (&pair[1].0, &pair[1].1, &pair[1].2, pair[1].3, pair[1].4);
            assert!(!same || pair[0].6 != pair[1].5, "seed {seed}: {pair:?}");
        }
        stretches += made.len();
    }
    assert!(stretches > 4000, "{stretches} rows");
}

#[test]
fn planted_contradictions_are_found_and_no_others() {
    for seed in 0..200 {
        let mut draws = Draws(seed);
        let mut rows = Vec::new();
        let mut planted = BTreeSet::new();
        for (line, key) in KEYS.iter().enumerate() {
            for source in SOURCES {
                let row =
                    Row { key, source, line: line as i64, tier: Some("gold"), seats: Some(3), ..NOTHING };
                // What was said before, and no source says any more, contradicts nobody.
                rows.push(Row { tier: Some("none"), until: Some(5), ..row.clone() });
                rows.push(Row {
                    since: Some(5),
                    status: Some("active").filter(|_| draws.below(2) == 0),
                    ..row
                });
            }
            if draws.below(2) == 0 {
                let source = draws.one(&SOURCES);
                let own = rows.iter_mut().rev().find(|row| row.source == source && row.key == *key).unwrap();
                own.tier = Some("silver");
                planted.insert((*key, "tier", source));
            }
        }
        draws.shuffle(&mut rows);
        let found = found(&rows);
        let told: BTreeSet<(String, String)> =
            found.iter().map(|of| (format!("{:?}", of.key), of.attribute.to_string())).collect();
        let want: BTreeSet<(String, String)> = planted
            .iter()
            .map(|(key, attribute, _)| {
                (format!("{:?}", [Cell::Text((*key).into())]), (*attribute).to_owned())
            })
            .collect();
        assert_eq!(told, want, "seed {seed}");
        for of in &found {
            // Sales is believed: either it is the odd one, and two say otherwise, or one does.
            let odd = planted.iter().find(|(key, ..)| of.key == [Cell::Text((*key).into())]).unwrap().2;
            let others: Vec<&str> = of.others().map(|by| by.source.as_str()).collect();
            let want: Vec<&str> = if odd == "crm" { vec!["billing", "desk"] } else { vec![odd] };
            assert_eq!(others, want, "seed {seed}");
        }
    }
}
