//! How the states of one cell are kept: bytes beside a value, from which it can be finished again.
//!
//! The form holds numbers, never what they were counted from: of a set of different values it keeps how many there
//! are and a keyed digest, which tells whether two sets are equal to whoever holds the lake's secret and nothing to
//! anybody else.
//!
//! ```text
//! cell      = 1 (version), number of terms, term…
//! term      = code of the term (byte; 128 more: summed over every period up to this one), number of states, state…
//! state     = code of the role (byte), tag (byte), what follows the tag
//! 1 count       number of rows
//! 2 sum         signed
//! 3 extreme     nothing: no row had a value
//! 4 extreme     signed
//! 5 histogram   bins, bins that are not empty, then each as (empty bins before it, rows in it)
//! 6 distinct    number of values, then 32 bytes of digest unless that is 0
//! 7 out of range  length, then the bound in decimal
//! ```
//!
//! Where there is more to say, the first byte is 2 and after the terms follow: 0, or 1 and the first day of the window and the
//! first day of the data, as signed numbers of days since 1970-01-01, where the window begins before the data; then the number of
//! inputs of a formula, and each as 0 if it has no value, or 1, its length and its cell.
//!
//! Of a weighted value the first byte is 3, all of form 2 follows, and then 1, 2 with the bound as text, or 3 (see
//! [`Weighting`]); after 1 the number of margins, each as its number of members, each of these as 0 where unknown or 1 with its
//! text, and what it is to amount to; the number of cells, each as its members' positions, 0 or 1 for whether it is inside, how many could have answered, and
//! six signed numbers (rows, Σb, Σbx, Σb², Σb²x, Σb²x²); 0, or 1 with the number of clusters, the centre, the number of products
//! and each as two positions and the product.
//!
//! Of a value that was not measured but filled in the first byte is 5; then follow 0 (taken as zero), 1 (carried forward) or 2
//! (imputed), the bits of the point as a number, the ordinal of the oldest period of which it is made as a signed one, and where it
//! comes from as text; then the cell of one of the forms before.
//!
//! Of a value that is what a model came to that was fitted to rows the first byte is 7; then follow 0 with the reason why it came to
//! nothing, or 1 with the bits of the sum over all customers, those of the standard error of its logarithm, and the number of
//! customers; then the cell of one of the forms before.
//!
//! Of a value that leaves out rows that were screened out the first byte is 6; then follow the length of its cell, the cell, and
//! that of all rows.
//!
//! Numbers are base 128, least digit first, high bit set on all bytes but the last, without leading zeros (LEB128);
//! signed ones are mapped to `0, −1, 1, −2, …` first. So equal states have equal bytes, and the hash of the bytes is
//! that of the states. What a code stands for never changes; a later version has another first byte.

mod filled;
mod fitted;
mod outside;
mod weighting;

use std::{borrow::Cow, fmt};

use kepi_model::{id::Hash, project::Disposition};

pub use filled::{Filled, Way};
pub use fitted::{Fitted, Found};
pub use outside::{Edge, Outside};

use super::weighting::Weighting;
use crate::side::{Role, Term};

const VERSION: u8 = 1;
/// With what follows the terms.
const EXTENDED: u8 = 2;
/// With what weights are made from, too.
const WEIGHTED: u8 = 3;
/// Of a period outside the data of one term, and with what follows the terms.
const OUTSIDE: u8 = 4;
/// Of a value that was filled in.
const FILLED: u8 = 5;
/// Of a value that leaves out rows that were screened out, with what all rows come to behind it.
const SCREENED: u8 = 6;
/// Of a value that a model was fitted to.
const FITTED: u8 = 7;
/// Formulas of formulas that are read; nobody writes so many, and damaged bytes must not fill the stack.
const DEEPEST: u8 = 40;
/// What is added to a term's code.
const SO_FAR: u8 = 0x80;

/// What one state comes to in one cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StateValue {
    /// Rows.
    Count(u64),
    /// An exact sum.
    Sum(i128),
    /// Least or greatest value, if there is one.
    Extreme(Option<i64>),
    /// Rows by bin.
    Histogram(Vec<u64>),
    /// Different values.
    Distinct {
        /// How many.
        count: u64,
        /// Keyed digest of the set; none if it is empty.
        digest: Option<Hash>,
    },
    /// Could not be computed exactly.
    OutOfRange {
        /// The largest magnitude that could not be ruled out, in decimal.
        bound: String,
    },
}

/// The states of one cell by term and role: what a value is finished from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellStates {
    /// Terms in the order of the measure.
    pub terms: Vec<TermStates>,
    /// The same, summed over every period up to this one; empty unless the measure looks back.
    pub so_far: Vec<TermStates>,
    /// Where the window begins before the data: the first days of both, counted from 1970-01-01.
    pub before_data: Option<(i32, i32)>,
    /// Of a period before the data of a term begin or after they end.
    pub outside: Option<Outside>,
    /// Of a formula the states of its inputs, in their order; none of one that has no value.
    pub inputs: Vec<Option<CellStates>>,
    /// Of a value whose rows are weighted what the weights are made from.
    pub weighting: Option<Weighting>,
    /// What stands in place of what was not measured; none of a value that was.
    pub filled: Option<Filled>,
    /// What a model came to that was fitted to the rows; none of a value without one.
    pub fitted: Option<Fitted>,
    /// The same of all rows, also those that were screened out; none where no rows are screened.
    pub unscreened: Option<Box<CellStates>>,
}

/// The states of one term by role.
pub type TermStates = (Term, Vec<(Role, StateValue)>);

/// Why bytes are not the states of a cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// They are of a version that this program does not know.
    #[error("states are kept in form {0}; this version of Kepi reads forms 1 to 7")]
    Version(u8),
    /// They end before they are complete.
    #[error("states break off after {0} bytes")]
    Short(usize),
    /// They go on after they are complete, or hold something that no state is.
    #[error("states are damaged at byte {0}")]
    Damaged(usize),
}

/// What a lake knows and its files do not: the key of digests that stand in files which others may read. It never
/// leaves the lake's database, and two lakes have different ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Key of the digests of sets of values.
#[derive(Clone, Copy)]
pub struct DigestKey([u8; 32]);

impl DigestKey {
    /// The key that belongs to a lake.
    pub fn of(secret: &Secret) -> Self {
        Self(blake3::derive_key("kepi 2026 digest of a set of different values", &secret.0))
    }

    /// Digest of a set of values, given sorted and each once, as they stand in the lake; none of an empty one.
    pub fn digest<'a>(&self, values: impl Iterator<Item = &'a str>) -> (u64, Option<Hash>) {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        let mut count = 0;
        for value in values {
            hasher.update(&(value.len() as u64).to_le_bytes());
            hasher.update(value.as_bytes());
            count += 1;
        }
        (count, (count > 0).then(|| Hash(*hasher.finalize().as_bytes())))
    }
}

pub(crate) fn get(terms: &[TermStates], term: Term, role: Role) -> Option<&StateValue> {
    let (_, states) = terms.iter().find(|(found, _)| *found == term)?;
    states.iter().find(|(found, _)| *found == role).map(|(_, state)| state)
}

/// Writes the form. States are put in the order of the measure, each within its term.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a cell of so many terms; what `bytes` held is dropped.
    pub fn new(bytes: &'a mut Vec<u8>, terms: usize) -> Self {
        Self::begin(bytes, VERSION, terms)
    }

    fn begin(bytes: &'a mut Vec<u8>, version: u8, terms: usize) -> Self {
        bytes.clear();
        bytes.push(version);
        let mut writer = Self { bytes };
        writer.number(terms as u128);
        writer
    }

    /// Begins a term of so many states.
    pub fn term(&mut self, term: Term, states: usize) {
        self.bytes.push(term_code(term));
        self.number(states as u128);
    }

    /// States that stand in memory, as a further term; `so_far`: summed over every period up to this one.
    pub fn states(&mut self, (term, states): &TermStates, so_far: bool) {
        self.bytes.push(term_code(*term) | if so_far { SO_FAR } else { 0 });
        self.number(states.len() as u128);
        for (role, state) in states {
            match state {
                StateValue::Count(rows) => self.count(*role, *rows),
                StateValue::Sum(sum) => self.sum(*role, *sum),
                StateValue::Extreme(value) => self.extreme(*role, *value),
                StateValue::Histogram(counts) => self.histogram(*role, counts.len(), counts),
                StateValue::Distinct { count, digest } => self.distinct(*role, *count, *digest),
                StateValue::OutOfRange { bound } => self.out_of_range(*role, bound),
            }
        }
    }

    /// A number of rows.
    pub fn count(&mut self, role: Role, rows: u64) {
        self.head(role, 1);
        self.number(rows.into());
    }

    /// A sum.
    pub fn sum(&mut self, role: Role, sum: i128) {
        self.head(role, 2);
        self.signed(sum);
    }

    /// A least or greatest value.
    pub fn extreme(&mut self, role: Role, value: Option<i64>) {
        match value {
            None => self.head(role, 3),
            Some(value) => {
                self.head(role, 4);
                self.signed(value.into());
            }
        }
    }

    /// Rows by bin, of `bins` bins; those beyond the end of `counts` are empty.
    pub fn histogram(&mut self, role: Role, bins: usize, counts: &[u64]) {
        self.head(role, 5);
        self.number(bins as u128);
        let filled = || counts.iter().enumerate().take(bins).filter(|(_, count)| **count > 0);
        self.number(filled().count() as u128);
        let mut next = 0;
        for (bin, count) in filled() {
            self.number((bin - next) as u128);
            self.number((*count).into());
            next = bin + 1;
        }
    }

    /// Different values.
    pub fn distinct(&mut self, role: Role, count: u64, digest: Option<Hash>) {
        self.head(role, 6);
        self.number(count.into());
        self.bytes.extend(digest.iter().flat_map(|digest| digest.0));
    }

    /// A state that could not be computed exactly.
    pub fn out_of_range(&mut self, role: Role, bound: &str) {
        self.head(role, 7);
        self.text(bound);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u128);
        self.bytes.extend(text.as_bytes());
    }

    fn head(&mut self, role: Role, tag: u8) {
        self.bytes.extend([role_code(role), tag]);
    }

    fn number(&mut self, mut number: u128) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn signed(&mut self, number: i128) {
        self.number(((number << 1) ^ (number >> 127)) as u128);
    }
}

impl CellStates {
    /// The state of a term and role.
    pub fn get(&self, term: Term, role: Role) -> Option<&StateValue> {
        get(&self.terms, term, role)
    }

    /// The states of a longer period from those of its parts, oldest first: a value finished from them has the interval of
    /// all their rows. None where something does not add up: a number of different values does not tell which they are.
    pub fn sum(parts: &[Self]) -> Option<Self> {
        // What was filled in adds nothing: the longer period is made of what was measured.
        if parts.iter().any(|part| part.filled.is_some()) {
            let parts = parts.iter().map(|part| Self { filled: None, ..part.clone() });
            return Self::sum(&parts.collect::<Vec<_>>());
        }
        if let [only] = parts {
            return Some(only.clone());
        }
        if parts.iter().any(|part| part.unscreened.is_some()) {
            let all: Option<Vec<Self>> =
                parts.iter().map(|part| part.unscreened.as_deref().cloned()).collect();
            let own: Vec<Self> = parts.iter().map(|part| Self { unscreened: None, ..part.clone() }).collect();
            let unscreened = all.and_then(|all| Self::sum(&all)).map(Box::new);
            return Some(Self { unscreened, ..Self::sum(&own)? });
        }
        // What was fitted to the rows of a part says nothing of another.
        let whole =
            |part: &Self| Self { outside: None, ..part.clone() }.is_extended() || part.fitted.is_some();
        if parts.iter().any(whole) {
            return None;
        }
        let (first, rest) = parts.split_first()?;
        let mut sum = first.clone();
        // Where the data reach a part of it, they reach the longer period.
        if parts.iter().any(|part| part.outside.is_none()) {
            sum.outside = None;
        }
        for part in rest {
            for (term, states) in &mut sum.terms {
                for (role, state) in states {
                    let more = get(&part.terms, *term, *role)?;
                    match (&*state, more) {
                        (_, StateValue::Distinct { count: 0, .. }) => {}
                        (StateValue::Distinct { count: 0, .. }, more) => *state = more.clone(),
                        (StateValue::Distinct { .. }, _) => return None,
                        (state_of, more) if is_alike(state_of, more) => state.add(&more.seen()),
                        _ => return None,
                    }
                }
            }
        }
        // What looks back looks back from the last.
        sum.so_far = parts.last()?.so_far.clone();
        Some(sum)
    }

    /// The states without what some rows of a term add to them. None where that cannot be told: different values are known by their number alone, and
    /// of rows that are weighted to margins, or enter a formula, each changes what all others count.
    #[must_use]
    pub fn without(mut self, term: Term, adds: &[(Role, StateValue)]) -> Option<Self> {
        if !self.inputs.is_empty()
            || self.weighting.is_some()
            || self.filled.is_some()
            || self.fitted.is_some()
        {
            return None;
        }
        let terms = if self.so_far.is_empty() { &mut self.terms } else { &mut self.so_far };
        let (_, states) = terms.iter_mut().find(|(known, _)| *known == term)?;
        for (role, state) in states {
            let Some((_, less)) = adds.iter().find(|(known, _)| known == role) else { continue };
            *state = match (&*state, less) {
                (StateValue::Count(all), StateValue::Count(less)) => {
                    StateValue::Count(all.checked_sub(*less)?)
                }
                (StateValue::Sum(all), StateValue::Sum(less)) => StateValue::Sum(all.checked_sub(*less)?),
                (StateValue::Histogram(all), StateValue::Histogram(less)) if all.len() == less.len() => {
                    let rest = all.iter().zip(less).map(|(all, less)| all.checked_sub(*less));
                    StateValue::Histogram(rest.collect::<Option<_>>()?)
                }
                (all, StateValue::Distinct { count: 0, .. }) => all.clone(),
                // No value is made of these.
                (StateValue::Extreme(value), StateValue::Extreme(_)) => StateValue::Extreme(*value),
                _ => return None,
            };
        }
        Some(self)
    }

    /// The same without a row in it: what a period is kept as in which there was nothing.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        for (_, states) in self.terms.iter_mut().chain(&mut self.so_far) {
            for (_, state) in states {
                *state = match &*state {
                    StateValue::Count(_) => StateValue::Count(0),
                    StateValue::Sum(_) => StateValue::Sum(0),
                    StateValue::Extreme(_) => StateValue::Extreme(None),
                    StateValue::Histogram(bins) => StateValue::Histogram(vec![0; bins.len()]),
                    StateValue::Distinct { .. } => StateValue::Distinct { count: 0, digest: None },
                    StateValue::OutOfRange { bound } => StateValue::OutOfRange { bound: bound.clone() },
                };
            }
        }
        Self { terms: self.terms, so_far: self.so_far, ..Self::default() }
    }

    /// Ordinal of the oldest period of which it is made, where it or one of its inputs was filled in.
    pub fn filled_since(&self) -> Option<i32> {
        let of_inputs = self.inputs.iter().flatten().filter_map(Self::filled_since);
        self.filled.iter().map(|filled| filled.since).chain(of_inputs).min()
    }

    /// Whether there is more to keep than terms.
    fn is_extended(&self) -> bool {
        self.before_data.is_some()
            || self.outside.is_some()
            || !self.inputs.is_empty()
            || self.weighting.is_some()
    }

    /// The bytes that are kept.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(all) = &self.unscreened {
            return screened(&Self { unscreened: None, ..self.clone() }.encode(), &all.encode());
        }
        if let Some(filled) = &self.filled {
            bytes.push(FILLED);
            Writer { bytes: &mut bytes }.filled(filled);
            bytes.extend(Self { filled: None, ..self.clone() }.encode());
            return bytes;
        }
        if let Some(of) = &self.fitted {
            return fitted(of, &Self { fitted: None, ..self.clone() }.encode());
        }
        let version = match (&self.weighting, self.outside, self.is_extended()) {
            // What is weighted has one term, and no other to reach further.
            (Some(_), ..) => WEIGHTED,
            (None, Some(_), _) => OUTSIDE,
            (None, None, true) => EXTENDED,
            (None, None, false) => VERSION,
        };
        let mut writer = Writer::begin(&mut bytes, version, self.terms.len() + self.so_far.len());
        self.terms.iter().for_each(|term| writer.states(term, false));
        self.so_far.iter().for_each(|term| writer.states(term, true));
        if version != VERSION {
            match self.before_data {
                None => writer.bytes.push(0),
                Some((window, data)) => {
                    writer.bytes.push(1);
                    writer.signed(window.into());
                    writer.signed(data.into());
                }
            }
            writer.number(self.inputs.len() as u128);
            for input in &self.inputs {
                let Some(input) = input else {
                    writer.bytes.push(0);
                    continue;
                };
                let cell = input.encode();
                writer.bytes.push(1);
                writer.number(cell.len() as u128);
                writer.bytes.extend(cell);
            }
        }
        match (&self.weighting, &self.outside) {
            (Some(weighting), _) => writer.weighting(weighting),
            (None, Some(outside)) => writer.outside(outside),
            (None, None) => {}
        }
        bytes
    }

    /// Reads what was kept; only bytes that [`Self::encode`] writes are read.
    ///
    /// # Errors
    /// The bytes are of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        Self::decode_within(bytes, DEEPEST)
    }

    fn decode_within(bytes: &[u8], deepest: u8) -> Result<Self, WireError> {
        let mut reader = Reader { bytes, at: 0 };
        let version = reader.byte()?;
        if version == SCREENED {
            let length = reader.length()?;
            let own = reader.take(length)?.to_vec();
            let all = bytes.get(reader.at..).unwrap_or_default();
            // Nothing is screened twice.
            if [own.first(), all.first()].contains(&Some(&SCREENED)) {
                return Err(WireError::Damaged(reader.at));
            }
            let unscreened = Some(Box::new(Self::decode_within(all, deepest)?));
            return Ok(Self { unscreened, ..Self::decode_within(&own, deepest)? });
        }
        if version == FILLED {
            let filled = reader.filled()?;
            let rest = bytes.get(reader.at..).unwrap_or_default();
            // Nothing is filled in twice, and damaged bytes must not fill the stack.
            return match rest.first() {
                Some(&FILLED) => Err(WireError::Damaged(reader.at)),
                _ => Ok(Self { filled: Some(filled), ..Self::decode_within(rest, deepest)? }),
            };
        }
        if version == FITTED {
            let fitted = reader.fitted()?;
            let rest = bytes.get(reader.at..).unwrap_or_default();
            return match rest.first() {
                Some(&(FITTED | FILLED | SCREENED)) => Err(WireError::Damaged(reader.at)),
                _ => Ok(Self { fitted: Some(fitted), ..Self::decode_within(rest, deepest)? }),
            };
        }
        if !(VERSION..=OUTSIDE).contains(&version) {
            return Err(WireError::Version(version));
        }
        let mut states = Self::default();
        for _ in 0..reader.length()? {
            let code = reader.byte()?;
            let so_far = code & SO_FAR > 0;
            let term = term_of(code & !SO_FAR).ok_or(WireError::Damaged(reader.at))?;
            let mut of_term = Vec::new();
            for _ in 0..reader.length()? {
                let role = role_of(reader.byte()?).ok_or(WireError::Damaged(reader.at))?;
                of_term.push((role, reader.state()?));
            }
            match so_far {
                true => states.so_far.push((term, of_term)),
                // Those of the cell itself come first.
                false if states.so_far.is_empty() => states.terms.push((term, of_term)),
                false => return Err(WireError::Damaged(reader.at)),
            }
        }
        if version != VERSION {
            let deeper = deepest.checked_sub(1).ok_or(WireError::Damaged(reader.at))?;
            if reader.flag()? {
                states.before_data = Some((reader.day()?, reader.day()?));
            }
            for _ in 0..reader.length()? {
                let input = match reader.flag()? {
                    false => None,
                    true => {
                        let length = reader.length()?;
                        Some(Self::decode_within(reader.take(length)?, deeper)?)
                    }
                };
                states.inputs.push(input);
            }
            if version == WEIGHTED {
                states.weighting = Some(reader.weighting()?);
            } else if version == OUTSIDE {
                states.outside = Some(reader.outside()?);
            } else if !states.is_extended() {
                return Err(WireError::Damaged(reader.at));
            }
        }
        if reader.at == bytes.len() { Ok(states) } else { Err(WireError::Damaged(reader.at)) }
    }
}

/// The bytes that are kept of a value that a model was fitted to: what it came to, before the cell.
pub(crate) fn fitted(of: &Fitted, cell: &[u8]) -> Vec<u8> {
    let mut bytes = vec![FITTED];
    Writer { bytes: &mut bytes }.fitted(of);
    bytes.extend(cell);
    bytes
}

/// The bytes that are kept of a value that leaves out what was screened out: its own, and those of all rows.
pub(crate) fn screened(own: &[u8], all: &[u8]) -> Vec<u8> {
    let mut bytes = vec![SCREENED];
    Writer { bytes: &mut bytes }.number(own.len() as u128);
    bytes.extend(own);
    bytes.extend(all);
    bytes
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Bins of the widest histogram that a measure may ask for, those at both ends included, with room to spare: a
/// damaged number must not fill the memory.
const MOST_BINS: u64 = 1 << 20;

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<&[u8], WireError> {
        let end = self.at.checked_add(length).ok_or(WireError::Damaged(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(WireError::Short(self.bytes.len()))?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn number(&mut self) -> Result<u128, WireError> {
        let mut number = 0_u128;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            let digit = u128::from(byte & 0x7f);
            if shift > 126 || digit << shift >> shift != digit || byte == 0 && shift > 0 {
                break;
            }
            number |= digit << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(WireError::Damaged(self.at))
    }

    fn unsigned(&mut self) -> Result<u64, WireError> {
        u64::try_from(self.number()?).map_err(|_| WireError::Damaged(self.at))
    }

    /// A number of things, each of which takes a byte at least.
    fn length(&mut self) -> Result<usize, WireError> {
        let length = usize::try_from(self.number()?).map_err(|_| WireError::Damaged(self.at))?;
        if length > self.bytes.len() { Err(WireError::Damaged(self.at)) } else { Ok(length) }
    }

    fn signed(&mut self) -> Result<i128, WireError> {
        let number = self.number()?;
        Ok((number >> 1) as i128 ^ -((number & 1) as i128))
    }

    fn text(&mut self) -> Result<String, WireError> {
        let length = self.length()?;
        let at = self.at;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| WireError::Damaged(at))?;
        Ok(text.to_owned())
    }

    fn flag(&mut self) -> Result<bool, WireError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Damaged(self.at)),
        }
    }

    fn day(&mut self) -> Result<i32, WireError> {
        i32::try_from(self.signed()?).map_err(|_| WireError::Damaged(self.at))
    }

    fn state(&mut self) -> Result<StateValue, WireError> {
        Ok(match self.byte()? {
            1 => StateValue::Count(self.unsigned()?),
            2 => StateValue::Sum(self.signed()?),
            3 => StateValue::Extreme(None),
            4 => {
                let value = i64::try_from(self.signed()?).map_err(|_| WireError::Damaged(self.at))?;
                StateValue::Extreme(Some(value))
            }
            5 => StateValue::Histogram(self.histogram()?),
            6 => {
                let count = self.unsigned()?;
                let digest = match count {
                    0 => None,
                    _ => {
                        let mut digest = [0; 32];
                        digest.copy_from_slice(self.take(32)?);
                        Some(Hash(digest))
                    }
                };
                StateValue::Distinct { count, digest }
            }
            7 => StateValue::OutOfRange { bound: self.text()? },
            _ => return Err(WireError::Damaged(self.at)),
        })
    }

    fn histogram(&mut self) -> Result<Vec<u64>, WireError> {
        let bins = self.unsigned()?;
        if bins > MOST_BINS {
            return Err(WireError::Damaged(self.at));
        }
        let mut counts = vec![0; bins as usize];
        let mut bin = 0_usize;
        for _ in 0..self.length()? {
            let gap = self.unsigned()?;
            let count = self.unsigned()?;
            bin = usize::try_from(gap)
                .ok()
                .and_then(|gap| bin.checked_add(gap))
                .ok_or(WireError::Damaged(self.at))?;
            match counts.get_mut(bin) {
                Some(slot) if count > 0 => *slot = count,
                _ => return Err(WireError::Damaged(self.at)),
            }
            bin += 1;
        }
        Ok(counts)
    }
}

fn term_code(term: Term) -> u8 {
    match term {
        Term::First => 1,
        Term::Second => 2,
    }
}

fn term_of(code: u8) -> Option<Term> {
    [Term::First, Term::Second].into_iter().find(|term| term_code(*term) == code)
}

/// Roles that stand alone.
const ROLES: [Role; 15] = [
    Role::Eligible,
    Role::Counted,
    Role::Total,
    Role::Squares,
    Role::Hits,
    Role::Weight,
    Role::WeightSquares,
    Role::Weighted,
    Role::WeightSquaresTotal,
    Role::WeightSquaresSquares,
    Role::HitWeight,
    Role::HitWeightSquares,
    Role::Histogram,
    Role::Joint,
    Role::Products,
];

/// Codes never change: they stand in files. A new role takes the next free one.
fn role_code(role: Role) -> u8 {
    match role {
        Role::Eligible => 1,
        Role::Counted => 2,
        Role::Total => 3,
        Role::Squares => 4,
        Role::Hits => 5,
        Role::Weight => 6,
        Role::WeightSquares => 7,
        Role::Weighted => 8,
        Role::WeightSquaresTotal => 9,
        Role::WeightSquaresSquares => 10,
        Role::HitWeight => 11,
        Role::HitWeightSquares => 12,
        Role::Histogram => 13,
        Role::Joint => 14,
        Role::Products => 15,
        Role::Disposition(of) => {
            0x70 | Disposition::ALL.iter().position(|known| *known == of).unwrap_or(0) as u8
        }
        Role::Answer(place) => 0x20 | place & 0xf,
        Role::Group(group) => 0x40 | group & 0xf,
        Role::GroupWeight(group) => 0x50 | group & 0xf,
        Role::GroupWeightSquares(group) => 0x60 | group & 0xf,
    }
}

fn role_of(code: u8) -> Option<Role> {
    let group = code & 0xf;
    match code & 0xf0 {
        0x20 => Some(Role::Answer(group)),
        0x40 => Some(Role::Group(group)),
        0x50 => Some(Role::GroupWeight(group)),
        0x60 => Some(Role::GroupWeightSquares(group)),
        0x70 => Disposition::ALL.get(usize::from(group)).copied().map(Role::Disposition),
        _ => ROLES.into_iter().find(|role| role_code(*role) == code),
    }
}

/// A state as a measure kind sees it, wherever it stands.
#[derive(Debug, Clone)]
pub(crate) enum Seen<'a> {
    Count(u64),
    Sum(i128),
    Histogram(Cow<'a, [u64]>),
    Distinct(u64),
    OutOfRange(&'a str),
    /// A least or greatest value: no kind asks for one so far.
    Extreme,
}

/// Whether two states are of one kind, as far as they are known.
fn is_alike(a: &StateValue, b: &StateValue) -> bool {
    use std::mem::discriminant;
    let unknown = |state: &StateValue| matches!(state, StateValue::OutOfRange { .. });
    discriminant(a) == discriminant(b) || unknown(a) || unknown(b)
}

impl StateValue {
    pub(crate) fn seen(&self) -> Seen<'_> {
        match self {
            Self::Count(rows) => Seen::Count(*rows),
            Self::Sum(sum) => Seen::Sum(*sum),
            Self::Extreme(_) => Seen::Extreme,
            Self::Histogram(counts) => Seen::Histogram(Cow::Borrowed(counts)),
            Self::Distinct { count, .. } => Seen::Distinct(*count),
            Self::OutOfRange { bound } => Seen::OutOfRange(bound),
        }
    }

    /// Adds what a further period has. Only what adds up can be added: rows, sums and bins.
    /// Adds what another comes to.
    pub(crate) fn add_value(&mut self, more: &Self) {
        match (&mut *self, more) {
            (Self::Distinct { count, digest }, Self::Distinct { count: more, .. }) if *more > 0 => {
                // Which they are together is not known; that there are some is.
                (*count, *digest) = (count.saturating_add(*more), None);
            }
            _ => self.add(&more.seen()),
        }
    }

    pub(crate) fn add(&mut self, more: &Seen<'_>) {
        let too_large = |bound: &dyn fmt::Display| Self::OutOfRange { bound: bound.to_string() };
        *self = match (&*self, more) {
            (Self::Count(rows), Seen::Count(more)) => {
                rows.checked_add(*more).map_or_else(|| too_large(&u64::MAX), Self::Count)
            }
            (Self::Sum(sum), Seen::Sum(more)) => {
                sum.checked_add(*more).map_or_else(|| too_large(&i128::MAX), Self::Sum)
            }
            (Self::Histogram(counts), Seen::Histogram(more)) => {
                let sums = counts.iter().zip(more.iter()).map(|(a, b)| a.checked_add(*b));
                sums.collect::<Option<_>>().map_or_else(|| too_large(&u64::MAX), Self::Histogram)
            }
            (_, Seen::OutOfRange(bound)) => too_large(bound),
            _ => return,
        };
    }

    /// The state that a sum over periods begins with, if it is one that adds up.
    pub(crate) fn first(of: &Seen<'_>) -> Option<Self> {
        match of {
            Seen::Count(rows) => Some(Self::Count(*rows)),
            Seen::Sum(sum) => Some(Self::Sum(*sum)),
            Seen::Histogram(counts) => Some(Self::Histogram(counts.to_vec())),
            Seen::OutOfRange(bound) => Some(Self::OutOfRange { bound: (*bound).to_owned() }),
            Seen::Distinct(_) | Seen::Extreme => None,
        }
    }
}
