//! Differences of two independent estimates of any kind.

/// A point and its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The estimate.
    pub point: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// `second − first` with limits of the same level as theirs: variance estimates recovered from limits.
///
/// `low = d − √((p₂ − l₂)² + (u₁ − p₁)²)`, `high = d + √((u₂ − p₂)² + (p₁ − l₁)²)`. With Wilson's limits this is
/// Newcombe's hybrid score interval, with symmetric ones the usual sum of squares. Both samples must be independent;
/// of samples that share members the interval is too wide. Units are those of the estimates; constant time.
/// Source: Newcombe 1998, method 10; Zou and Donner 2008.
pub fn recovered(first: Limits, second: Limits) -> Limits {
    let point = second.point - first.point;
    let low = point - (second.point - second.low).hypot(first.high - first.point);
    let high = point + (second.high - second.point).hypot(first.point - first.low);
    Limits { point, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_limits_add_as_squares_and_turning_around_changes_the_signs() {
        let (a, b) =
            (Limits { point: 10.0, low: 7.0, high: 13.0 }, Limits { point: 20.0, low: 16.0, high: 24.0 });
        assert_eq!(recovered(a, b), Limits { point: 10.0, low: 5.0, high: 15.0 });
        assert_eq!(recovered(b, a), Limits { point: -10.0, low: -15.0, high: -5.0 });
    }
}
