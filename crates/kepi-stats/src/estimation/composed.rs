//! Quantities put together from others by arithmetic, with limits that follow from theirs.
//!
//! Two ways. *Whatever the dependence*: with `k` estimates each within limits at level `1 − (1 − c)/k`, all are within them
//! with at least `c` (Bonferroni), so the range of the function over that box covers at least as often. *Independent
//! estimates*: variances recovered from their limits (MOVER).

use super::difference::{Limits, recovered};
use crate::estimate::{Level, NotComputable};

/// A function of some quantities.
#[derive(Debug, Clone, PartialEq)]
pub enum Composed {
    /// One of the quantities, by its place.
    Input(usize),
    /// A number.
    Constant(f64),
    /// The other sign.
    Negate(Box<Self>),
    /// Sum.
    Add(Box<Self>, Box<Self>),
    /// Difference.
    Subtract(Box<Self>, Box<Self>),
    /// Product.
    Multiply(Box<Self>, Box<Self>),
    /// Quotient.
    Divide(Box<Self>, Box<Self>),
    /// The least of several.
    Least(Vec<Self>),
    /// The greatest of several.
    Greatest(Vec<Self>),
}

/// How often a box may be halved where the function rises and falls within it.
const DEEPEST: u32 = 12;

/// The level at which each of `k` estimates is taken, so that all lie within their limits with at least `level`.
///
/// # Errors
/// None in practice: the level lies between the given one and 1.
pub fn each_of(k: usize, level: Level) -> Result<Level, NotComputable> {
    Level::new(1.0 - level.alpha() / k.max(1) as f64)
}

type Ends = (f64, f64);

/// Values over a box, and how fast they change with each input.
struct Course {
    value: Ends,
    slopes: Vec<Ends>,
}

impl Composed {
    /// The value at a point.
    ///
    /// # Errors
    /// A denominator is zero, or the value is beyond floating-point numbers.
    pub fn at(&self, inputs: &[f64]) -> Result<f64, NotComputable> {
        let value = self.value(inputs)?;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(NotComputable::NotFinite { what: "the formula".to_owned() })
        }
    }

    fn value(&self, x: &[f64]) -> Result<f64, NotComputable> {
        let fold = |all: &[Self], choose: fn(f64, f64) -> f64| -> Result<f64, NotComputable> {
            let mut values = all.iter().map(|one| one.value(x));
            let first = values.next().unwrap_or(Err(NotComputable::NoRows))?;
            values.try_fold(first, |so_far, next| Ok(choose(so_far, next?)))
        };
        Ok(match self {
            Self::Input(place) => *x.get(*place).ok_or(NotComputable::NoRows)?,
            Self::Constant(number) => *number,
            Self::Negate(of) => -of.value(x)?,
            Self::Add(a, b) => a.value(x)? + b.value(x)?,
            Self::Subtract(a, b) => a.value(x)? - b.value(x)?,
            Self::Multiply(a, b) => a.value(x)? * b.value(x)?,
            Self::Divide(a, b) => {
                let below = b.value(x)?;
                if below == 0.0 {
                    return Err(NotComputable::ZeroDenominator);
                }
                a.value(x)? / below
            }
            Self::Least(all) => fold(all, f64::min)?,
            Self::Greatest(all) => fold(all, f64::max)?,
        })
    }

    /// The least and the greatest value while each input lies between its ends: the range of the function over the box, or
    /// a little more where it rises and falls within it. None if a denominator may be zero there.
    ///
    /// Where a partial derivative has one sign over the box the extremes lie at an end of that input; other inputs are halved
    /// until it has, at most [`DEEPEST`] times, and what is left is bounded by interval arithmetic (Moore 1966).
    pub fn range(&self, over: &[Ends]) -> Option<Ends> {
        let low = self.bound(over, false, DEEPEST)?;
        let high = self.bound(over, true, DEEPEST)?;
        (low.is_finite() && high.is_finite()).then_some((low, high))
    }

    fn bound(&self, over: &[Ends], greatest: bool, deepest: u32) -> Option<f64> {
        let course = self.course(over)?;
        let mut ends = over.to_vec();
        let mut open: Option<(usize, f64)> = None;
        for (place, ((low, high), slope)) in over.iter().zip(&course.slopes).enumerate() {
            let chosen = if slope.0 >= 0.0 {
                Some(if greatest { *high } else { *low })
            } else if slope.1 <= 0.0 {
                Some(if greatest { *low } else { *high })
            } else if low >= high {
                Some(*low)
            } else {
                None
            };
            match (chosen, ends.get_mut(place)) {
                (Some(at), Some(end)) => *end = (at, at),
                _ => {
                    let width = high - low;
                    if open.is_none_or(|(_, widest)| width > widest) {
                        open = Some((place, width));
                    }
                }
            }
        }
        let Some((place, _)) = open else {
            let corner: Vec<f64> = ends.iter().map(|(at, _)| *at).collect();
            return self.at(&corner).ok();
        };
        let whole = if greatest { course.value.1 } else { course.value.0 };
        if deepest == 0 {
            return Some(whole);
        }
        let (low, high) = *ends.get(place)?;
        let middle = low + (high - low) / 2.0;
        let half = |of: Ends| {
            let mut ends = ends.clone();
            *ends.get_mut(place)? = of;
            self.bound(&ends, greatest, deepest - 1)
        };
        let (left, right) = (half((low, middle))?, half((middle, high))?);
        Some(if greatest { left.max(right) } else { left.min(right) })
    }

    fn course(&self, over: &[Ends]) -> Option<Course> {
        let none = || vec![(0.0, 0.0); over.len()];
        Some(match self {
            Self::Input(place) => {
                let mut slopes = none();
                *slopes.get_mut(*place)? = (1.0, 1.0);
                Course { value: *over.get(*place)?, slopes }
            }
            Self::Constant(number) => Course { value: (*number, *number), slopes: none() },
            Self::Negate(of) => {
                let of = of.course(over)?;
                Course { value: negate(of.value), slopes: of.slopes.into_iter().map(negate).collect() }
            }
            Self::Add(a, b) => {
                let (a, b) = (a.course(over)?, b.course(over)?);
                Course { value: add(a.value, b.value), slopes: both(&a, &b, add) }
            }
            Self::Subtract(a, b) => {
                let (a, b) = (a.course(over)?, b.course(over)?);
                Course {
                    value: add(a.value, negate(b.value)),
                    slopes: both(&a, &b, |a, b| add(a, negate(b))),
                }
            }
            Self::Multiply(a, b) => {
                let (a, b) = (a.course(over)?, b.course(over)?);
                let slopes = both(&a, &b, |da, db| add(times(da, b.value), times(a.value, db)));
                Course { value: times(a.value, b.value), slopes }
            }
            Self::Divide(a, b) => {
                let (a, b) = (a.course(over)?, b.course(over)?);
                if b.value.0 <= 0.0 && b.value.1 >= 0.0 {
                    return None;
                }
                let inverse = (1.0 / b.value.1, 1.0 / b.value.0);
                let value = times(a.value, inverse);
                // (a / b)′ = (a′ − (a / b) b′) / b
                let slopes = both(&a, &b, |da, db| times(add(da, negate(times(value, db))), inverse));
                Course { value, slopes }
            }
            Self::Least(all) => chosen(all, over, |one, other| one.1 < other.0, f64::min)?,
            Self::Greatest(all) => chosen(all, over, |one, other| one.0 > other.1, f64::max)?,
        })
    }

    /// Limits of the function of independent estimates, from their limits of one level; none where MOVER says nothing: a
    /// denominator whose limits hold zero, a product of quantities that may be negative, the least or greatest of several.
    ///
    /// Sums and differences: Zou and Donner 2008. Quotients: Donner and Zou 2012, the values `R` for which the limits of
    /// `a − R b` hold zero. A product is a quotient by the inverse. Every input occurs once: parts with inputs in common are
    /// not independent.
    pub fn of_independent(&self, inputs: &[Limits]) -> Option<Limits> {
        let limits = match self {
            Self::Input(place) => *inputs.get(*place)?,
            Self::Constant(number) => Limits { point: *number, low: *number, high: *number },
            Self::Negate(of) => turned(of.of_independent(inputs)?),
            Self::Add(a, b) => recovered(turned(b.of_independent(inputs)?), a.of_independent(inputs)?),
            Self::Subtract(a, b) => recovered(b.of_independent(inputs)?, a.of_independent(inputs)?),
            Self::Divide(a, b) => quotient(a.of_independent(inputs)?, b.of_independent(inputs)?)?,
            Self::Multiply(a, b) => {
                let (a, b) = (a.of_independent(inputs)?, b.of_independent(inputs)?);
                match (inverse(a), inverse(b)) {
                    _ if a.low >= a.high => scaled(b, a.point),
                    _ if b.low >= b.high => scaled(a, b.point),
                    (_, Some(b)) => quotient(a, b)?,
                    (Some(a), None) => quotient(b, a)?,
                    (None, None) => return None,
                }
            }
            Self::Least(_) | Self::Greatest(_) => return None,
        };
        (limits.low.is_finite() && limits.high.is_finite()).then_some(limits)
    }
}

/// The chosen one of several: it changes as those do that may be it. `never`: whether the first is never chosen beside the other.
fn chosen(
    all: &[Composed],
    over: &[Ends],
    certain: impl Fn(Ends, Ends) -> bool,
    choose: fn(f64, f64) -> f64,
) -> Option<Course> {
    let mut all = all.iter().map(|one| one.course(over));
    let first = all.next()??;
    all.try_fold(first, |so_far, next| {
        let next = next?;
        let value = (choose(so_far.value.0, next.value.0), choose(so_far.value.1, next.value.1));
        let slopes = if certain(so_far.value, next.value) {
            so_far.slopes
        } else if certain(next.value, so_far.value) {
            next.slopes
        } else {
            both(&so_far, &next, |a, b| (a.0.min(b.0), a.1.max(b.1)))
        };
        Some(Course { value, slopes })
    })
}

fn both(a: &Course, b: &Course, put: impl Fn(Ends, Ends) -> Ends) -> Vec<Ends> {
    a.slopes.iter().zip(&b.slopes).map(|(a, b)| put(*a, *b)).collect()
}

fn negate((low, high): Ends) -> Ends {
    (-high, -low)
}

fn add(a: Ends, b: Ends) -> Ends {
    (a.0 + b.0, a.1 + b.1)
}

fn times(a: Ends, b: Ends) -> Ends {
    let products = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
    products.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p), high.max(p)))
}

fn turned(of: Limits) -> Limits {
    Limits { point: -of.point, low: -of.high, high: -of.low }
}

fn scaled(of: Limits, by: f64) -> Limits {
    let of = if by < 0.0 { turned(of) } else { of };
    let by = by.abs();
    Limits { point: of.point * by, low: of.low * by, high: of.high * by }
}

/// One by a quantity whose limits do not hold zero.
fn inverse(of: Limits) -> Option<Limits> {
    let apart = of.low > 0.0 || of.high < 0.0;
    apart.then(|| Limits { point: 1.0 / of.point, low: 1.0 / of.high, high: 1.0 / of.low })
}

/// `a / b`, from `(a b ∓ √((a b)² − (a² − A²)(b² − B²))) / (b² − B²)`, A and B the distances from the points to those limits
/// that count on that side; the lower limit as `(a² − A²) / (a b + √…)`, which is the same and never divides by zero.
fn quotient(a: Limits, b: Limits) -> Option<Limits> {
    if b.high < 0.0 {
        return quotient(turned(a), turned(b));
    }
    if b.low <= 0.0 {
        return None;
    }
    if a.point < 0.0 {
        return quotient(turned(a), b).map(turned);
    }
    let product = a.point * b.point;
    let square = |to: f64, from: f64| to * (2.0 * from - to);
    let root = |above: f64, below: f64| (product * product - above * below).max(0.0).sqrt();
    // Below zero the farther end of what is divided by is the lower one.
    let (above, below) = (square(a.low, a.point), square(if a.low >= 0.0 { b.high } else { b.low }, b.point));
    let bottom = product + root(above, below);
    let low = if bottom > 0.0 { above / bottom } else { return None };
    let (above, below) = (square(a.high, a.point), square(b.low, b.point));
    let high = (product + root(above, below)) / below;
    Some(Limits { point: a.point / b.point, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(place: usize) -> Box<Composed> {
        Box::new(Composed::Input(place))
    }

    /// `(x − y) / y`
    fn growth() -> Composed {
        Composed::Divide(Box::new(Composed::Subtract(input(0), input(1))), input(1))
    }

    #[test]
    fn the_range_of_growth_lies_at_two_corners() {
        let (low, high) = growth().range(&[(95.0, 115.0), (90.0, 110.0)]).unwrap();
        assert!((low - (95.0 / 110.0 - 1.0)).abs() < 1e-15 && (high - (115.0 / 90.0 - 1.0)).abs() < 1e-15);
        // So wide that the sign of the slope is not seen at once.
        let (low, high) = growth().range(&[(1.0, 1000.0), (10.0, 1000.0)]).unwrap();
        assert!((low - (1.0 / 1000.0 - 1.0)).abs() < 1e-12 && (high - 99.0).abs() < 1e-12, "{low} {high}");
        assert_eq!(growth().range(&[(95.0, 115.0), (-1.0, 110.0)]), None);
        assert_eq!(growth().at(&[1.0, 0.0]), Err(NotComputable::ZeroDenominator));
    }

    #[test]
    fn what_rises_and_falls_within_the_box_has_its_extremes_there() {
        // x (1 − x) over [0, 1]: from 0 to ¼.
        let one = Box::new(Composed::Constant(1.0));
        let arch = Composed::Multiply(input(0), Box::new(Composed::Subtract(one, input(0))));
        let (low, high) = arch.range(&[(0.0, 1.0)]).unwrap();
        assert!(low == 0.0 && (0.25..0.2502).contains(&high), "{low} {high}");
        let least = Composed::Least(vec![Composed::Input(0), Composed::Input(1)]);
        assert_eq!(least.range(&[(0.0, 5.0), (3.0, 9.0)]), Some((0.0, 5.0)));
        assert_eq!(least.at(&[4.0, 3.0]), Ok(3.0));
        let greatest = Composed::Greatest(vec![Composed::Input(0), Composed::Constant(3.0)]);
        assert_eq!(greatest.range(&[(0.0, 5.0)]), Some((3.0, 5.0)));
    }

    /// The definition, solved by bisection: `R` is within the limits of `a / b` if those of `a − R b` hold zero.
    fn solved(a: Limits, b: Limits, upper: bool) -> f64 {
        let holds = |r: f64| {
            let times = scaled(b, r);
            let of = recovered(times, a);
            of.low <= 0.0 && 0.0 <= of.high
        };
        let (mut inside, mut outside) = (a.point / b.point, if upper { 1e6 } else { -1e6 });
        for _ in 0..200 {
            let middle = (inside + outside) / 2.0;
            if holds(middle) { inside = middle } else { outside = middle }
        }
        inside
    }

    #[test]
    fn the_limits_of_a_quotient_solve_their_definition() {
        let all = [
            Limits { point: 10.0, low: 8.0, high: 13.0 },
            Limits { point: 4.0, low: -1.0, high: 6.0 },
            Limits { point: 2.0, low: 0.5, high: 9.0 },
            Limits { point: -3.0, low: -5.0, high: -2.5 },
            Limits { point: -1.0, low: -2.0, high: 1.5 },
        ];
        let mut compared = 0;
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b))) {
            let Some(found) = quotient(a, b) else {
                assert!(b.low <= 0.0 && b.high >= 0.0);
                continue;
            };
            let (low, high) = (solved(a, b, false), solved(a, b, true));
            assert!((found.low - low).abs() < 1e-9 * low.abs().max(1.0), "{a:?} {b:?} {found:?} {low}");
            assert!((found.high - high).abs() < 1e-9 * high.abs().max(1.0), "{a:?} {b:?} {found:?} {high}");
            compared += 1;
        }
        assert_eq!(compared, 15);
    }

    #[test]
    fn independent_parts_are_put_together_and_others_are_not() {
        let limits = |point: f64, by: f64| Limits { point, low: point - by, high: point + by };
        let sum = Composed::Add(input(0), Box::new(Composed::Negate(input(1))));
        assert_eq!(sum.of_independent(&[limits(10.0, 3.0), limits(4.0, 4.0)]), Some(limits(6.0, 5.0)));
        let scaled = Composed::Multiply(Box::new(Composed::Constant(-2.0)), input(0));
        assert_eq!(scaled.of_independent(&[limits(10.0, 3.0)]), Some(limits(-20.0, 6.0)));
        // x · y is x / (1 / y), also where x may be zero.
        let product = Composed::Multiply(input(0), input(1));
        let of = [limits(1.0, 2.0), limits(10.0, 1.0)];
        let found = product.of_independent(&of).unwrap();
        assert!(
            found.point == 10.0 && found.low < -10.0 && found.high > 29.0 && found.high < 33.0,
            "{found:?}"
        );
        assert_eq!(product.of_independent(&[limits(0.0, 1.0), limits(0.0, 1.0)]), None);
        assert_eq!(Composed::Least(vec![]).of_independent(&[]), None);
    }

    #[test]
    fn levels_share_out_what_is_outside() {
        let level = each_of(3, Level::NINETY_FIVE).unwrap();
        assert!((level.alpha() - 0.05 / 3.0).abs() < 1e-15);
        assert_eq!(each_of(0, Level::NINETY_FIVE).unwrap().get(), Level::NINETY_FIVE.get());
    }
}
