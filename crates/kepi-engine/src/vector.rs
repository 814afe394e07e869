//! Columns of one batch, and the bitmaps that say where a condition holds.
//!
//! Text is always dictionary-encoded, so that a condition on text is decided once a member and not once a row.
//! Truth is three-valued: a boolean vector says where it is true and where it is false; elsewhere it is unknown.
#![expect(clippy::indexing_slicing, reason = "kernels over buffers whose lengths were just made equal")]

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray},
    buffer::{BooleanBuffer, NullBuffer, ScalarBuffer},
    compute::cast,
    datatypes::{DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType},
};
use kepi_model::expression::{Literal, Physical};
use kepi_query::row::Cell;

/// Bits, 64 a word; those behind the end are zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// All bits equal.
    pub fn filled(len: usize, value: bool) -> Self {
        let mut new = Self { words: vec![if value { u64::MAX } else { 0 }; len.div_ceil(64)], len };
        new.trim();
        new
    }
    /// One bit an element.
    pub fn of<T: Copy>(values: &[T], holds: impl Fn(T) -> bool) -> Self {
        let mut words = Vec::with_capacity(values.len().div_ceil(64));
        let mut bytes = [0; 64];
        for chunk in values.chunks(64) {
            // Bytes first: that loop is made of vector instructions, one that shifts bits is not.
            for (byte, value) in bytes.iter_mut().zip(chunk) {
                *byte = u8::from(holds(*value));
            }
            words.push(packed(&bytes));
        }
        let mut new = Self { words, len: values.len() };
        new.trim();
        new
    }
    /// One bit a pair of elements; both slices are equally long.
    pub fn of_pairs<T: Copy>(left: &[T], right: &[T], holds: impl Fn(T, T) -> bool) -> Self {
        let mut words = Vec::with_capacity(left.len().div_ceil(64));
        let mut bytes = [0; 64];
        for (left, right) in left.chunks(64).zip(right.chunks(64)) {
            for (byte, (a, b)) in bytes.iter_mut().zip(left.iter().zip(right)) {
                *byte = u8::from(holds(*a, *b));
            }
            words.push(packed(&bytes));
        }
        let mut new = Self { words, len: left.len() };
        new.trim();
        new
    }
    fn of_buffer(buffer: &BooleanBuffer) -> Self {
        let mut words: Vec<u64> = buffer.bit_chunks().iter_padded().collect();
        words.truncate(buffer.len().div_ceil(64));
        let mut new = Self { words, len: buffer.len() };
        new.trim();
        new
    }
    fn trim(&mut self) {
        let rest = self.len % 64;
        if rest != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << rest) - 1;
        }
    }
    /// Number of bits.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Number of ones.
    pub fn ones(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }
    /// One bit; false behind the end.
    pub fn get(&self, i: usize) -> bool {
        self.words.get(i / 64).is_some_and(|w| w >> (i % 64) & 1 == 1)
    }
    /// Makes one bit one.
    pub fn set(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }
    /// Intersection.
    pub fn and(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }
    /// Union.
    pub fn or(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }
    /// What is in this and not in the other.
    pub fn without(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }
    fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        debug_assert_eq!(self.len, other.len);
        Self { words: self.words.iter().zip(&other.words).map(|(a, b)| f(*a, *b)).collect(), len: self.len }
    }
    /// Complement.
    pub fn not(&self) -> Self {
        let mut new = Self { words: self.words.iter().map(|w| !w).collect(), len: self.len };
        new.trim();
        new
    }
    /// Calls `f` with the position of every one, ascending.
    #[inline]
    pub fn for_each(&self, mut f: impl FnMut(usize)) {
        for (i, word) in self.words.iter().enumerate() {
            let mut word = *word;
            if word == u64::MAX {
                for bit in 0..64 {
                    f(i * 64 + bit);
                }
                continue;
            }
            while word != 0 {
                f(i * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
    }
}

/// The bits of 64 bytes that are 0 or 1.
fn packed(bytes: &[u8; 64]) -> u64 {
    // Σ bᵢ·2^(8i) times Σ 2^(56−7j) has bᵢ at 2^(56+i), and no two products meet below.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = bytes.as_chunks::<8>();
    let word =
        |(i, eight): (usize, &[u8; 8])| (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * i);
    eights.iter().enumerate().map(word).fold(0, |all, some| all | some)
}

/// Where there is a value; none: everywhere.
pub type Valid = Option<Arc<Bitmap>>;

/// Where both have a value.
pub fn both(left: &Valid, right: &Valid) -> Valid {
    match (left, right) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(Arc::clone(one)),
        (Some(left), Some(right)) if Arc::ptr_eq(left, right) => Some(Arc::clone(left)),
        (Some(left), Some(right)) => Some(Arc::new(left.and(right))),
    }
}

/// Dictionary-encoded text.
#[derive(Debug, Clone)]
pub struct Texts {
    /// Position in `members`, anything where there is no value.
    pub codes: ScalarBuffer<i32>,
    /// Where there is a value.
    pub valid: Valid,
    /// Texts; may repeat and hold ones that do not occur.
    pub members: StringArray,
}

impl Texts {
    /// The place of the text of one row among the members.
    pub fn code(&self, row: usize) -> Option<usize> {
        if self.valid.as_ref().is_some_and(|valid| !valid.get(row)) {
            return None;
        }
        let code = usize::try_from(*self.codes.get(row)?).ok()?;
        (code < self.members.len()).then_some(code)
    }
    /// The text of one row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.code(row).map(|code| self.members.value(code))
    }
}

/// One column or intermediate result of a batch.
#[derive(Debug, Clone)]
pub enum Vector {
    /// The same in every row.
    Constant(Literal),
    /// Integers and instants.
    Integer(ScalarBuffer<i64>, Valid),
    /// Integers that may exceed 64 bits.
    Wide(Arc<[i128]>, Valid),
    /// Truth.
    Boolean(Truth),
    /// Text.
    Text(Texts),
}

/// Three-valued truth of every row.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Where it is true.
    pub yes: Arc<Bitmap>,
    /// Where it is false; none: wherever it is not true.
    pub no: Option<Arc<Bitmap>>,
}

impl Truth {
    /// The same everywhere.
    pub fn constant(value: Option<bool>, len: usize) -> Self {
        let yes = Arc::new(Bitmap::filled(len, value == Some(true)));
        let no = value.is_none().then(|| Arc::new(Bitmap::filled(len, false)));
        Self { yes, no }
    }
    /// `holds`, known where `valid`.
    pub fn known(holds: Bitmap, valid: &Valid) -> Self {
        match valid {
            None => Self { yes: Arc::new(holds), no: None },
            Some(valid) => {
                Self { no: Some(Arc::new(valid.without(&holds))), yes: Arc::new(valid.and(&holds)) }
            }
        }
    }
    /// Where it is false.
    pub fn no(&self) -> Arc<Bitmap> {
        self.no.as_ref().map_or_else(|| Arc::new(self.yes.not()), Arc::clone)
    }
    /// Where it is known.
    pub fn valid(&self) -> Valid {
        self.no.as_ref().map(|no| Arc::new(self.yes.or(no)))
    }
}

impl Vector {
    /// A column of Arrow as the physical form says; other types are cast. Errors are Arrow's own texts.
    pub fn of_array(array: &ArrayRef, physical: Physical) -> Result<Self, String> {
        let wanted = arrow_type(physical);
        let array = if *array.data_type() == wanted {
            Arc::clone(array)
        } else {
            cast(array, &wanted).map_err(|e| e.to_string())?
        };
        let valid = valid_of(array.nulls());
        Ok(match physical {
            Physical::Integer => Self::Integer(array.as_primitive::<Int64Type>().values().clone(), valid),
            Physical::Instant => {
                Self::Integer(array.as_primitive::<TimestampMicrosecondType>().values().clone(), valid)
            }
            Physical::Boolean => {
                Self::Boolean(Truth::known(Bitmap::of_buffer(array.as_boolean().values()), &valid))
            }
            Physical::Text => {
                let array = array.as_dictionary::<Int32Type>();
                let codes = array.keys().values().clone();
                let members = array.values().as_string::<i32>().clone();
                let valid = match members.nulls() {
                    Some(nulls) if nulls.null_count() > 0 => {
                        let there = |code: i32| {
                            usize::try_from(code).is_ok_and(|code| code < nulls.len() && nulls.is_valid(code))
                        };
                        both(&valid, &Some(Arc::new(Bitmap::of(&codes, there))))
                    }
                    _ => valid,
                };
                Self::Text(Texts { codes, valid, members })
            }
        })
    }
    /// Where there is a value.
    pub fn valid(&self, len: usize) -> Valid {
        match self {
            Self::Constant(Literal::Missing) => Some(Arc::new(Bitmap::filled(len, false))),
            Self::Constant(_) => None,
            Self::Integer(_, valid) | Self::Wide(_, valid) => valid.clone(),
            Self::Boolean(truth) => truth.valid(),
            Self::Text(texts) => texts.valid.clone(),
        }
    }
    /// Truth of a boolean; unknown everywhere of anything else.
    pub fn truth(&self, len: usize) -> Truth {
        match self {
            Self::Boolean(truth) => truth.clone(),
            Self::Constant(Literal::Boolean(value)) => Truth::constant(Some(*value), len),
            _ => Truth::constant(None, len),
        }
    }
    /// Values of a vector of 64-bit integers; none of anything else.
    pub fn integers(&self, len: usize) -> Option<ScalarBuffer<i64>> {
        match self {
            Self::Integer(values, _) => Some(values.clone()),
            Self::Constant(Literal::Integer(value)) => Some(vec![*value; len].into()),
            Self::Constant(Literal::Missing) => Some(vec![0; len].into()),
            _ => None,
        }
    }
    /// Values of a vector of integers, widened; none of anything else.
    pub fn wide(&self, len: usize) -> Option<Arc<[i128]>> {
        match self {
            Self::Wide(values, _) => Some(Arc::clone(values)),
            Self::Integer(values, _) => Some(values.iter().map(|v| i128::from(*v)).collect()),
            Self::Constant(Literal::Integer(value)) => Some(vec![i128::from(*value); len].into()),
            Self::Constant(Literal::Missing) => Some(vec![0; len].into()),
            _ => None,
        }
    }
    /// The value of one row as the reference evaluator wants it. Only for columns, which are never wide.
    pub fn cell(&self, row: usize, physical: Physical) -> Cell {
        let number = |value| {
            if physical == Physical::Instant { Cell::Instant(value) } else { Cell::Integer(value) }
        };
        match self {
            Self::Constant(Literal::Integer(value)) => number(*value),
            Self::Constant(Literal::Text(text)) => Cell::Text(text.as_str().into()),
            Self::Constant(Literal::Boolean(value)) => Cell::Boolean(*value),
            Self::Constant(Literal::Missing) | Self::Wide(..) => Cell::Missing,
            Self::Integer(values, valid) if valid.as_ref().is_none_or(|valid| valid.get(row)) => {
                number(values[row])
            }
            Self::Integer(..) => Cell::Missing,
            Self::Boolean(truth) if truth.yes.get(row) => Cell::Boolean(true),
            Self::Boolean(truth) if truth.no.as_ref().is_none_or(|no| no.get(row)) => Cell::Boolean(false),
            Self::Boolean(_) => Cell::Missing,
            Self::Text(texts) => texts.get(row).map_or(Cell::Missing, |text| Cell::Text(text.into())),
        }
    }
}

/// Where an Arrow array has values.
fn valid_of(nulls: Option<&NullBuffer>) -> Valid {
    nulls.filter(|n| n.null_count() > 0).map(|nulls| Arc::new(Bitmap::of_buffer(nulls.inner())))
}

/// The Arrow type in which a physical form is read.
pub fn arrow_type(physical: Physical) -> DataType {
    match physical {
        Physical::Text => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Physical::Integer => DataType::Int64,
        Physical::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Physical::Boolean => DataType::Boolean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_do_set_algebra_and_keep_their_tail_clean() {
        let even = Bitmap::of(&(0..130).collect::<Vec<i32>>(), |v| v % 2 == 0);
        let third = Bitmap::of(&(0..130).collect::<Vec<i32>>(), |v| v % 3 == 0);
        assert_eq!(even.ones(), 65);
        assert_eq!(even.and(&third).ones(), 22);
        assert_eq!(even.or(&third).ones(), 65 + 44 - 22);
        assert_eq!(even.without(&third).ones(), 65 - 22);
        assert_eq!(even.not().ones(), 65);
        assert_eq!(Bitmap::filled(130, true), Bitmap::filled(130, false).not());
        let mut positions = vec![];
        third.for_each(|i| positions.push(i));
        assert_eq!(positions, (0..130).step_by(3).collect::<Vec<_>>());
    }

    #[test]
    fn slices_of_arrow_arrays_keep_their_offsets() {
        let array: ArrayRef = Arc::new(arrow::array::BooleanArray::from(
            (0..200).map(|i| (i % 7 != 0).then_some(i % 2 == 0)).collect::<Vec<_>>(),
        ));
        let sliced = array.slice(67, 100);
        let vector = Vector::of_array(&sliced, Physical::Boolean).unwrap();
        for i in 0..100 {
            let row = i + 67;
            let expected = if row % 7 == 0 { Cell::Missing } else { Cell::Boolean(row % 2 == 0) };
            assert_eq!(vector.cell(i, Physical::Boolean), expected, "row {row}");
        }
    }
}
