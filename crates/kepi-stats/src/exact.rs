//! Integers of 512 bits for moments, and their correctly rounded conversion to `f64`.
//!
//! Moments arrive as exact scaled integers. Differences such as `nΣx² − (Σx)²` are formed here without
//! rounding; one rounding (to nearest, ties to even) happens when the quotient of two integers becomes an `f64`.

use std::cmp::Ordering;

use crate::estimate::NotComputable;

const LIMBS: usize = 8;
const BITS: u32 = 512;

/// A signed integer of 512 bits, as sign and magnitude. Sums and products say when they do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wide {
    negative: bool,
    limbs: [u64; LIMBS],
}

impl Wide {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, limbs: [0; LIMBS] };

    /// The value of a smaller integer.
    pub fn of(value: i128) -> Self {
        let magnitude = value.unsigned_abs();
        let limbs = [magnitude as u64, (magnitude >> 64) as u64, 0, 0, 0, 0, 0, 0];
        Self { negative: value < 0, limbs }
    }

    /// Whether the value is zero.
    pub fn is_zero(&self) -> bool {
        self.limbs.iter().all(|limb| *limb == 0)
    }

    /// −1, 0 or 1.
    pub fn sign(&self) -> i32 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// The value with the other sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative && !self.is_zero();
        self
    }

    /// Sum, or `OutOfRange`.
    pub fn plus(self, other: Self) -> Result<Self, NotComputable> {
        if self.negative == other.negative {
            let (limbs, carry) = add(&self.limbs, &other.limbs);
            return if carry { Err(too_wide()) } else { Ok(Self { negative: self.negative, limbs }) };
        }
        Ok(match compare(&self.limbs, &other.limbs) {
            Ordering::Equal => Self::ZERO,
            Ordering::Greater => Self { negative: self.negative, limbs: subtract(&self.limbs, &other.limbs) },
            Ordering::Less => Self { negative: other.negative, limbs: subtract(&other.limbs, &self.limbs) },
        })
    }

    /// Difference, or `OutOfRange`.
    pub fn minus(self, other: Self) -> Result<Self, NotComputable> {
        self.plus(other.negated())
    }

    /// Product, or `OutOfRange`.
    pub fn times(self, other: Self) -> Result<Self, NotComputable> {
        let mut limbs = [0_u64; LIMBS];
        for (shift, &left) in self.limbs.iter().enumerate() {
            if left == 0 {
                continue;
            }
            let mut carry = 0_u128;
            for (offset, &right) in other.limbs.iter().enumerate() {
                let Some(cell) = limbs.get_mut(shift + offset) else {
                    if right != 0 || carry != 0 {
                        return Err(too_wide());
                    }
                    continue;
                };
                let sum = u128::from(left) * u128::from(right) + u128::from(*cell) + carry;
                *cell = sum as u64;
                carry = sum >> 64;
            }
            if carry != 0 {
                return Err(too_wide());
            }
        }
        let product = Self { negative: false, limbs };
        Ok(if self.negative == other.negative { product } else { product.negated() })
    }

    /// Ten to a power, or `OutOfRange` above 10¹⁵⁴.
    pub fn ten_to(power: u32) -> Result<Self, NotComputable> {
        let mut value = Self::of(1);
        let mut left = power;
        while left > 0 {
            let step = left.min(38);
            value = value.times(Self::of(10_i128.pow(step)))?;
            left -= step;
        }
        Ok(value)
    }

    /// The value if its magnitude is at most 2⁵³.
    fn small(&self) -> Option<f64> {
        let [low, high @ ..] = &self.limbs;
        let fits = *low <= 1 << 53 && high.iter().all(|limb| *limb == 0);
        fits.then_some(if self.negative { -(*low as f64) } else { *low as f64 })
    }

    /// The nearest `f64` to `self / divisor`, ties to even; `ZeroDenominator` for a zero divisor.
    ///
    /// Binary long division of 55 bits with a sticky bit: constant time, exact rounding.
    pub fn over(self, divisor: Self) -> Result<f64, NotComputable> {
        if divisor.is_zero() {
            return Err(NotComputable::ZeroDenominator);
        }
        if self.is_zero() {
            return Ok(0.0);
        }
        if let (Some(numerator), Some(divisor)) = (self.small(), divisor.small()) {
            // Both are exact as floating point, so the division rounds once.
            return Ok(numerator / divisor);
        }
        let shift_numerator = leading_zeros(&self.limbs);
        let shift_divisor = leading_zeros(&divisor.limbs);
        let mut remainder = shifted_left(&self.limbs, shift_numerator);
        let divisor_limbs = shifted_left(&divisor.limbs, shift_divisor);
        let mut quotient = 0_u64;
        let mut carry = false;
        // Both have their top bit set, so the first quotient bit may be 0 and the second is then 1.
        for _ in 0..56 {
            quotient <<= 1;
            if carry || compare(&remainder, &divisor_limbs) != Ordering::Less {
                remainder = subtract(&remainder, &divisor_limbs);
                quotient |= 1;
            }
            carry = leading_zeros(&remainder) == 0 && !remainder.iter().all(|limb| *limb == 0);
            remainder = shifted_left(&remainder, 1);
        }
        if carry || remainder.iter().any(|limb| *limb != 0) {
            quotient |= 1;
        }
        // The quotient holds 55 or 56 significant bits with a sticky last one, so the conversion rounds once.
        let exponent = i64::from(shift_divisor) - i64::from(shift_numerator) - 55;
        let magnitude = libm::scalbn(quotient as f64, exponent as i32);
        Ok(if self.negative == divisor.negative { magnitude } else { -magnitude })
    }
}

/// A scaled integer as the nearest `f64`: `value / 10^scale`, correctly rounded.
pub fn scaled(value: i128, scale: u32) -> f64 {
    if scale == 0 && value.unsigned_abs() <= 1 << 53 {
        return value as f64;
    }
    if value.unsigned_abs() <= 1 << 53 && scale <= 22 {
        // Both operands are exact, so the division rounds once.
        return value as f64 / 10_f64.powi(scale as i32);
    }
    match Wide::ten_to(scale).and_then(|divisor| Wide::of(value).over(divisor)) {
        Ok(number) => number,
        // 10^155 and beyond: the quotient of any 128-bit integer is below 10^-116; rounded in two steps.
        Err(_) => value as f64 * libm::pow(10.0, -f64::from(scale)),
    }
}

/// The nearest `f64` to a quotient of two integers.
pub fn quotient(numerator: i128, denominator: i128) -> Result<f64, NotComputable> {
    Wide::of(numerator).over(Wide::of(denominator))
}

fn too_wide() -> NotComputable {
    NotComputable::OutOfRange { bound: format!("2^{BITS}") }
}

fn compare(left: &[u64; LIMBS], right: &[u64; LIMBS]) -> Ordering {
    left.iter().rev().cmp(right.iter().rev())
}

fn add(left: &[u64; LIMBS], right: &[u64; LIMBS]) -> ([u64; LIMBS], bool) {
    let mut out = [0; LIMBS];
    let mut carry = false;
    for ((cell, &a), &b) in out.iter_mut().zip(left).zip(right) {
        let (sum, first) = a.overflowing_add(b);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        *cell = sum;
        carry = first || second;
    }
    (out, carry)
}

/// The difference modulo 2⁵¹²; callers make sure that the true difference is not negative.
fn subtract(left: &[u64; LIMBS], right: &[u64; LIMBS]) -> [u64; LIMBS] {
    let mut out = [0; LIMBS];
    let mut borrow = false;
    for ((cell, &a), &b) in out.iter_mut().zip(left).zip(right) {
        let (difference, first) = a.overflowing_sub(b);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        *cell = difference;
        borrow = first || second;
    }
    out
}

fn leading_zeros(limbs: &[u64; LIMBS]) -> u32 {
    let mut zeros = 0;
    for limb in limbs.iter().rev() {
        if *limb != 0 {
            return zeros + limb.leading_zeros();
        }
        zeros += 64;
    }
    zeros
}

fn shifted_left(limbs: &[u64; LIMBS], bits: u32) -> [u64; LIMBS] {
    let whole = (bits / 64) as usize;
    let part = bits % 64;
    let mut out = [0; LIMBS];
    for (position, cell) in out.iter_mut().enumerate().skip(whole) {
        let high = limbs.get(position - whole).copied().unwrap_or(0);
        let low = if position > whole { limbs.get(position - whole - 1).copied().unwrap_or(0) } else { 0 };
        *cell = if part == 0 { high } else { (high << part) | (low >> (64 - part)) };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn variance_keeps_every_digit() {
        // {4, 7, 13, 16} + 10^9: variance 30, lost in double precision sums of squares.
        let values = [4_i128, 7, 13, 16].map(|value| value + 1_000_000_000);
        let n = Wide::of(4);
        let sum = Wide::of(values.iter().sum());
        let squares = Wide::of(values.iter().map(|value| value * value).sum());
        let spread = n.times(squares).unwrap().minus(sum.times(sum).unwrap()).unwrap();
        assert_eq!(spread.over(Wide::of(12)).unwrap(), 30.0);
    }

    #[test]
    fn overflow_is_said() {
        let big = Wide::ten_to(154).unwrap();
        assert!(big.times(big).is_err());
        assert!(Wide::ten_to(155).is_err());
        let mut top = Wide::of(1);
        for _ in 0..4 {
            top = top.times(Wide::of(i128::MAX)).unwrap();
        }
        assert!(top.times(Wide::of(32)).is_err());
    }

    #[test]
    fn scaled_is_what_a_decimal_literal_says() {
        assert_eq!(scaled(1, 1), 0.1);
        assert_eq!(scaled(123_456_789_012_345_678_901_234_567, 6), 123_456_789_012_345_678_901.234_567);
        assert_eq!(scaled(-5, 3), -0.005);
        assert_eq!(scaled(7, 0), 7.0);
    }

    proptest! {
        #[test]
        fn quotients_round_like_the_decimal_parser(value in any::<i128>(), scale in 0_u32..38) {
            let text = format!("{value}e-{scale}");
            prop_assert_eq!(scaled(value, scale), text.parse::<f64>().unwrap());
        }

        #[test]
        fn small_arithmetic_agrees_with_i128(a in any::<i64>(), b in any::<i64>()) {
            let (a, b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(Wide::of(a).plus(Wide::of(b)).unwrap(), Wide::of(a + b));
            prop_assert_eq!(Wide::of(a).minus(Wide::of(b)).unwrap(), Wide::of(a - b));
            prop_assert_eq!(Wide::of(a).times(Wide::of(b)).unwrap(), Wide::of(a * b));
        }

        #[test]
        fn products_divide_back(a in any::<i64>(), b in any::<i128>(), c in any::<i128>()) {
            prop_assume!(b != 0 && c != 0);
            let product = Wide::of(i128::from(a)).times(Wide::of(b)).unwrap().times(Wide::of(c)).unwrap();
            let divisor = Wide::of(b).times(Wide::of(c)).unwrap();
            prop_assert_eq!(product.over(divisor).unwrap(), a as f64);
        }
    }
}
