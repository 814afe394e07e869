//! What the values of a file are like, attribute by attribute: how many are missing, how they are spread, how rows share out
//! among them; and whether that is like the loads before.
//!
//! Missing values and extremes are those of all rows; the rest is of a sample that depends on nothing but the number of the
//! row. Texts stand in no profile: what they are is known by keyed hashes. Of personal attributes only missing values are
//! counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kepi_model::{expression::Physical, id::AttributeId, project::Entity};
use kepi_query::landing::{Profile, Spread, Texts};
use kepi_stats::{distribution::gamma, survey::drift::stability_index};

use crate::mapping::{Fate, Rows, Slot};

/// A sample has at most twice as many rows.
const SAMPLE: usize = 8192;
/// Texts that are told apart; more are of the kind of which each is another.
const MOST_TEXTS: usize = 256;
/// Parts of a power of two that are told apart: values of one part differ by an eighth at most.
const PARTS: u32 = 3;
/// Of fewer rows nobody can say that they are spread otherwise.
const ROWS_FOR_A_VERDICT: u64 = 100;
/// Of fewer loads before nobody knows what is usual.
const LOADS_FOR_A_VERDICT: usize = 3;
/// Rows of all earlier loads are put into so many groups of about the same size.
const GROUPS: f64 = 10.0;
/// How surely a difference is none of chance before it counts.
const SURE: f64 = 0.999;

struct Attribute {
    id: AttributeId,
    /// Numbers and times: they have an order.
    ordered: bool,
    personal: bool,
    missing: u64,
    range: Option<(i64, i64)>,
    sample: Sample,
}

/// The values of the rows of the sample.
enum Sample {
    Numbers(Vec<Option<i64>>),
    /// They are hashed when all rows are known: most that are drawn do not stay.
    Texts(Texts),
}

impl Sample {
    fn of(physical: Physical) -> Self {
        if physical == Physical::Text { Self::Texts(Texts::default()) } else { Self::Numbers(Vec::new()) }
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn push(&mut self, slot: Slot<'_>) {
        match (self, slot) {
            (Self::Texts(texts), Slot::Text(text)) => texts.push(Some(text)),
            (Self::Texts(texts), _) => texts.push(None),
            (Self::Numbers(numbers), Slot::Integer(n) | Slot::Instant(n)) => numbers.push(Some(n)),
            (Self::Numbers(numbers), Slot::Boolean(b)) => numbers.push(Some(i64::from(b))),
            (Self::Numbers(numbers), Slot::Missing | Slot::Text(_)) => numbers.push(None),
        }
    }

    /// Leaves the values of some rows.
    fn retain(&mut self, stays: &[bool]) {
        match self {
            Self::Numbers(numbers) => {
                let mut stay = stays.iter();
                numbers.retain(|_| stay.next().copied().unwrap_or(false));
            }
            Self::Texts(texts) => {
                let mut left = Texts::default();
                let stay = stays.iter().enumerate().filter(|(_, stays)| **stays);
                stay.for_each(|(row, _)| left.push(texts.get(row)));
                *texts = left;
            }
        }
    }

    /// Numbers, or hashes of texts, sorted.
    fn sorted(&self, secret: &[u8; 32]) -> Vec<i64> {
        let mut values: Vec<i64> = match self {
            Self::Numbers(numbers) => numbers.iter().copied().flatten().collect(),
            Self::Texts(texts) => {
                // Most columns have few.
                let mut known: HashMap<&str, i64> = HashMap::new();
                let of = |text| *known.entry(text).or_insert_with(|| hashed(secret, text));
                (0..texts.len()).filter_map(|row| texts.get(row)).map(of).collect()
            }
        };
        values.sort_unstable();
        values
    }
}

/// What is known of a file so far.
pub(crate) struct Profiler {
    secret: [u8; 32],
    attributes: Vec<Attribute>,
    rows: u64,
    /// What the rows of the sample have been drawn by.
    drawn: Vec<u64>,
    /// A row is drawn if these bits of its number, mixed, are zero.
    mask: u64,
}

/// The bits of a number, mixed: the finaliser of SplitMix64.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Profiler {
    pub fn new(entity: &Entity, secret: [u8; 32]) -> Self {
        let attribute = |a: &kepi_model::project::Attribute| Attribute {
            id: a.id.clone(),
            ordered: matches!(a.type_.physical(), Physical::Integer | Physical::Instant),
            personal: a.personal,
            missing: 0,
            range: None,
            sample: Sample::of(a.type_.physical()),
        };
        let attributes = entity.attributes.iter().map(attribute).collect();
        Self { secret, attributes, rows: 0, drawn: Vec::new(), mask: 0 }
    }

    /// Looks at the rows of a batch that could be read, column by column.
    pub fn see(&mut self, first_row: u64, fates: &[Fate], rows: &Rows) {
        let is_typed = |row: &usize| matches!(fates.get(*row), Some(Fate::Typed));
        let typed = (0..fates.len()).filter(is_typed).count();
        let all = typed == fates.len();
        // Rows that are drawn, and by what.
        let draws: Vec<(usize, u64)> = (0..fates.len())
            .filter(is_typed)
            .map(|row| (row, mixed(first_row + row as u64)))
            .filter(|(_, draw)| draw & self.mask == 0)
            .collect();
        self.rows += typed as u64;
        for (attribute, column) in self.attributes.iter_mut().zip(&rows.columns) {
            let typed = || (0..fates.len()).filter(|row| all || is_typed(row)).map(|row| column.slot(row));
            attribute.missing += match all {
                true => column.count_missing(),
                false => typed().filter(|slot| *slot == Slot::Missing).count(),
            } as u64;
            if attribute.personal {
                continue;
            }
            if attribute.ordered {
                let widen = |of: Option<(i64, i64)>, (low, high): (i64, i64)| {
                    Some(of.map_or((low, high), |of| (of.0.min(low), of.1.max(high))))
                };
                let range = match all {
                    true => column.range(),
                    false => typed().fold(None, |range, slot| match slot {
                        Slot::Integer(n) | Slot::Instant(n) => widen(range, (n, n)),
                        _ => range,
                    }),
                };
                attribute.range = range.map_or(attribute.range, |range| widen(attribute.range, range));
            }
            draws.iter().for_each(|(row, _)| attribute.sample.push(column.slot(*row)));
        }
        self.drawn.extend(draws.into_iter().map(|(_, draw)| draw));
        self.thin();
    }

    /// Leaves about half of the sample.
    fn thin(&mut self) {
        while self.drawn.len() >= 2 * SAMPLE {
            self.mask = self.mask << 1 | 1;
            let stays: Vec<bool> = self.drawn.iter().map(|draw| draw & self.mask == 0).collect();
            for attribute in self.attributes.iter_mut().filter(|a| !a.personal) {
                attribute.sample.retain(&stays);
            }
            let mask = self.mask;
            self.drawn.retain(|draw| draw & mask == 0);
        }
    }

    /// What share of the rows has no value.
    pub fn missing(&self, attribute: &AttributeId) -> Option<(u64, u64)> {
        let found = self.attributes.iter().find(|a| &a.id == attribute)?;
        (self.rows > 0).then_some((found.missing, self.rows))
    }

    /// What a file came to, of the attributes that its source fills.
    pub fn profiles(&self, filled: &BTreeSet<&AttributeId>) -> Vec<Profile> {
        self.attributes.iter().filter(|a| filled.contains(&a.id)).map(|a| self.profile(a)).collect()
    }

    /// What one attribute came to.
    pub fn profile_of(&self, attribute: &AttributeId) -> Option<Profile> {
        self.attributes.iter().find(|a| &a.id == attribute).map(|a| self.profile(a))
    }

    fn profile(&self, attribute: &Attribute) -> Profile {
        let values = attribute.sample.sorted(&self.secret);
        let mut distinct = values.clone();
        distinct.dedup();
        let rank = |share: f64| values.get(((values.len() - 1) as f64 * share).round() as usize).copied();
        let spread = attribute.range.filter(|_| !values.is_empty()).and_then(|(least, greatest)| {
            Some(Spread { least, lower: rank(0.25)?, median: rank(0.5)?, upper: rank(0.75)?, greatest })
        });
        let mut shares: BTreeMap<i64, u64> = BTreeMap::new();
        if attribute.ordered || distinct.len() <= MOST_TEXTS {
            for value in &values {
                let bucket = if attribute.ordered { bucket(*value) } else { *value };
                *shares.entry(bucket).or_default() += 1;
            }
        }
        Profile {
            attribute: attribute.id.clone(),
            rows: self.rows,
            missing: attribute.missing,
            looked_at: attribute.sample.len() as u64,
            distinct: distinct.len() as u64,
            spread,
            shares: shares.into_iter().collect(),
        }
    }
}

/// What stands for a text: equal for equal texts of one lake, and no way back.
fn hashed(secret: &[u8; 32], text: &str) -> i64 {
    let hash = blake3::keyed_hash(secret, text.as_bytes());
    let mut eight = [0; 8];
    eight.iter_mut().zip(hash.as_bytes()).for_each(|(own, byte)| *own = *byte);
    // JSON of programs holds no more.
    i64::from_le_bytes(eight) >> 11
}

/// The stretch of numbers in which one lies: small ones by themselves, others with those that share their power of two and
/// its eighth. They are the same for ever, so that loads can be compared.
fn bucket(n: i64) -> i64 {
    let size = n.unsigned_abs();
    let power = 63 - (size | 1).leading_zeros();
    let place = match power.checked_sub(PARTS) {
        None | Some(0) => size as i64,
        Some(shift) => i64::from(shift) * (1 << PARTS) + (size >> shift) as i64,
    };
    if n < 0 { -place } else { place }
}

/// Why rows of a load are spread otherwise than those of the loads before; nothing if they are not, or if nobody can say.
///
/// All earlier rows are put into about ten groups of neighbours of about the same size, rare texts and missing values into one
/// of their own; the
/// stability index of the new shares must be beyond `bound`, and beyond what chance would give (n m / (n + m) · index is
/// about chi-square with one degree fewer than groups). A group that is empty on one side counts half a row there.
pub(crate) fn unlike(now: &Profile, before: &[&Profile], bound: f64) -> Option<f64> {
    // Of many texts nobody counts the rows of each.
    let countless = |p: &Profile| p.shares.is_empty() && p.distinct > 0;
    let enough = |p: &Profile| p.looked_at >= ROWS_FOR_A_VERDICT && !countless(p);
    // What a handful of rows was like is not how loads are.
    let before: Vec<&Profile> = before.iter().copied().filter(|p| enough(p)).collect();
    if !enough(now) || before.len() < LOADS_FOR_A_VERDICT {
        return None;
    }
    let (n, m) = (now.looked_at, before.iter().map(|p| p.looked_at).sum::<u64>());
    // Each load counts the same, however long it is.
    let mut usual: BTreeMap<i64, f64> = BTreeMap::new();
    let (mut gone, loads) = (0.0, before.len() as f64);
    for load in &before {
        let all = load.looked_at as f64 * loads;
        let there: u64 = load.shares.iter().map(|(_, rows)| rows).sum();
        load.shares.iter().for_each(|(at, rows)| *usual.entry(*at).or_default() += *rows as f64 / all);
        gone += (load.looked_at - there) as f64 / all;
    }
    let own: BTreeMap<i64, u64> = now.shares.iter().copied().collect();
    let there: u64 = own.values().sum();
    let (mut expected, mut actual) = (vec![gone * m as f64], vec![(n - there) as f64]);
    let places: BTreeSet<i64> = usual.keys().chain(own.keys()).copied().collect();
    let (mut share, mut rows) = (0.0, 0u64);
    let ordered = now.spread.is_some();
    // Texts have no neighbours: common ones stand by themselves, rare and new ones together.
    let rare = |at: &i64| usual.get(at).is_none_or(|share| *share < 1.0 / GROUPS / 2.0);
    let mut places: Vec<i64> = places.into_iter().collect();
    if !ordered {
        places.sort_by_key(|at| (rare(at), *at));
    }
    for (left, at) in places.iter().enumerate().map(|(i, at)| (places.len() - 1 - i, at)) {
        share += usual.get(at).copied().unwrap_or(0.0);
        rows += own.get(at).copied().unwrap_or(0);
        let full = if ordered { share >= 1.0 / GROUPS } else { !rare(at) };
        if full || left == 0 {
            expected.push(share * m as f64);
            actual.push(rows as f64);
            (share, rows) = (0.0, 0);
        }
    }
    let groups: Vec<(f64, f64)> =
        expected.into_iter().zip(actual).filter(|(e, a)| *e > 0.0 || *a > 0.0).collect();
    let (expected, actual): (Vec<f64>, Vec<f64>) =
        groups.iter().map(|(e, a)| (e.max(0.5), a.max(0.5))).unzip();
    let index = stability_index(&expected, &actual).ok()?;
    let (n, m) = (n as f64, m as f64);
    let chance = gamma::chi_square_quantile(SURE, (groups.len().max(2) - 1) as f64);
    (index > bound && index * n * m / (n + m) > chance).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_keep_the_order_and_are_an_eighth_wide_at_most() {
        let numbers: Vec<i64> = (0..100_000).chain([i64::MAX - 1, i64::MAX]).collect();
        for pair in numbers.windows(2) {
            let (a, b) = (bucket(pair[0]), bucket(pair[1]));
            assert!(a <= b, "{pair:?}");
            assert!(pair[0] >= 16 || a < b, "small numbers stand by themselves: {pair:?}");
            assert_eq!(bucket(-pair[1]), -b);
        }
        assert_eq!([bucket(16), bucket(17), bucket(18), bucket(1024), bucket(1151)], [16, 16, 17, 64, 64]);
        assert_eq!([bucket(1152), bucket(i64::MIN)], [65, -488]);
    }

    fn profile(shares: &[(i64, u64)], missing: u64) -> Profile {
        let rows = missing + shares.iter().map(|(_, n)| n).sum::<u64>();
        Profile {
            attribute: "score".parse().unwrap(),
            rows,
            missing,
            looked_at: rows,
            distinct: shares.len() as u64,
            spread: Some(Spread { least: 1, lower: 1, median: 1, upper: 2, greatest: 2 }),
            shares: shares.to_vec(),
        }
    }

    #[test]
    fn the_index_is_the_one_worked_out_by_hand() {
        // Shares .5 .5 become .8 .2: (.8 − .5) ln(.8/.5) + (.2 − .5) ln(.2/.5) = .3 ln 4 = .41589.
        let (before, now) = (profile(&[(1, 500), (2, 500)], 0), profile(&[(1, 800), (2, 200)], 0));
        let index = unlike(&now, &[&before, &before, &before], 0.25).unwrap();
        assert!((index - 0.3 * 4f64.ln()).abs() < 1e-12, "{index}");
        assert_eq!(unlike(&now, &[&before; 3], 0.42), None, "within the bound");
        assert_eq!(unlike(&before, &[&before; 3], 0.01), None);
        // Half of the values are missing where none was.
        assert!(unlike(&profile(&[(1, 250), (2, 250)], 500), &[&before; 3], 0.25).is_some());
    }

    #[test]
    fn what_chance_may_give_is_no_difference() {
        let (before, now) = (profile(&[(1, 50), (2, 50)], 0), profile(&[(1, 66), (2, 34)], 0));
        // 100 · 300 / 400 · .106 = 8.0, below 10.83, the 99.9 % point of chi-square with one degree.
        assert_eq!(unlike(&now, &[&before; 3], 0.1), None);
        let (before, now) = (profile(&[(1, 500), (2, 500)], 0), profile(&[(1, 660), (2, 340)], 0));
        assert!(unlike(&now, &[&before; 3], 0.1).is_some());
        assert_eq!(unlike(&now, &[&before; 2], 0.1), None, "of two loads nobody knows what is usual");
    }

    #[test]
    fn a_text_that_was_never_there_is_none_of_its_neighbours() {
        let texts = |shares: &[(i64, u64)]| Profile { spread: None, ..profile(shares, 0) };
        let before = texts(&[(-5, 200), (7, 100)]);
        // By another name, of which the hash may be anywhere.
        for other in [-9, 0, 6, 8] {
            assert!(unlike(&texts(&[(-5, 200), (other, 100)]), &[&before; 3], 0.25).is_some(), "{other}");
        }
        assert_eq!(unlike(&texts(&[(-5, 201), (7, 98), (8, 1)]), &[&before; 3], 0.1), None);
    }
}
