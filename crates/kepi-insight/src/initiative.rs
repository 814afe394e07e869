//! What speaks for an initiative: how many it is about, how bad that is, what may be lost, and how sure all of that is.
//!
//! Nobody is asked for an opinion. Each part is a measured figure; what is known of it beside its point says how sure it is: the part at the
//! end of its interval at which least is to be done, as a share of the part at its point, times what of the cases is covered. The score is
//!
//! ```text
//! size = ∛(volume / largest volume × severity × revenue / largest revenue)
//! confidence = ∛(product of how sure the three are)
//! score = 100 × size × confidence
//! ```
//!
//! A product, so that the order hangs neither on the units of the parts nor on which initiative has the largest; its cube root, so that a
//! part that is half as large costs as much whichever it is and the score stays between 0 and 100.

use kepi_model::project::{Better, TargetLines};
use kepi_score::band;
use kepi_stats::estimate::{Estimate, Method};

/// A full score, in millionths of a point.
const FULL: i64 = 100_000_000;

/// A part of what speaks for an initiative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How much it is: of a volume or of money in its own unit, of severity a share of 1.
    pub amount: f64,
    /// How sure that is, from 0 to 1.
    pub sure: f64,
}

/// Why a part is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It was not counted in full, and has no interval.
    NoInterval,
    /// It is not known what of the cases is there.
    NoCoverage,
    /// It is below zero.
    BelowZero,
}

impl Unknown {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoInterval => "it has no interval, so nobody knows how sure it is",
            Self::NoCoverage => "it is not known how many of its cases are there",
            Self::BelowZero => "it is below zero",
        }
    }
}

/// What an initiative comes to beside others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// How much it is about, from 0 to 1.
    pub size: f64,
    /// How sure that is, from 0 to 1.
    pub confidence: f64,
    /// Both together, from 0 to 100.
    pub score: f64,
}

/// Both ends of what a figure may be.
fn ends(of: &Estimate) -> Result<(f64, f64), Unknown> {
    match &of.interval {
        Ok(interval) => Ok((interval.low, interval.high)),
        Err(_) if of.method == Method::Exact => Ok((of.point, of.point)),
        Err(_) => Err(Unknown::NoInterval),
    }
}

fn part(amount: f64, least: f64, covered: Option<f64>) -> Result<Part, Unknown> {
    let covered = covered.ok_or(Unknown::NoCoverage)?.clamp(0.0, 1.0);
    let certain = if amount > 0.0 { (least / amount).clamp(0.0, 1.0) } else { 1.0 };
    Ok(Part { amount, sure: certain * covered })
}

/// How many it is about, or what may be lost.
///
/// # Errors
/// It is below zero, or nobody knows how sure it is.
pub fn amount(of: &Estimate, covered: Option<f64>) -> Result<Part, Unknown> {
    let (low, _) = ends(of)?;
    if of.point < 0.0 {
        return Err(Unknown::BelowZero);
    }
    part(of.point, low, covered)
}

/// How bad it is: what a score lacks of a full one, as a share of it.
///
/// # Errors
/// Nobody knows how sure it is.
pub fn severity(
    of: &Estimate,
    covered: Option<f64>,
    lines: &TargetLines,
    better: Better,
) -> Result<Part, Unknown> {
    let (low, high) = ends(of)?;
    let gap = |value: f64| (FULL - band::score(value, lines, better)).max(0) as f64 / FULL as f64;
    // The best that the figure may be: in a range, what lies nearest to its middle.
    let best = match *lines {
        TargetLines::InRange { target, stretch, .. } => {
            let (from, to) = stretch.unwrap_or(target);
            (from / 2.0 + to / 2.0).clamp(low, high)
        }
        TargetLines::OneSided { .. } if better == Better::Lower => low,
        TargetLines::OneSided { .. } => high,
    };
    part(gap(of.point), gap(best), covered)
}

/// The score of what has a volume, a severity and revenue at risk, beside the largest volume and revenue of all.
#[must_use]
pub fn score(volume: Part, severity: Part, revenue: Part, (most, highest): (f64, f64)) -> Score {
    let beside = |of: f64, largest: f64| if largest > 0.0 { of / largest } else { 0.0 };
    let size = libm::cbrt(beside(volume.amount, most) * severity.amount * beside(revenue.amount, highest));
    let confidence = libm::cbrt(volume.sure * severity.sure * revenue.sure);
    Score { size, confidence, score: 100.0 * size * confidence }
}

#[cfg(test)]
mod tests {
    use kepi_stats::estimate::{Interval, Level};

    use super::*;

    fn counted(point: f64) -> Estimate {
        Estimate::exact(point, 100, "counted in full")
    }

    fn measured(point: f64, low: f64, high: f64) -> Estimate {
        let interval = Ok(Interval::new(low, high, Level::NINETY_FIVE));
        Estimate { interval, method: Method::Wilson, ..counted(point) }
    }

    /// Score 0 at 0, 50 at 50 %, 100 at 100 %: the gap is what the share lacks of one.
    const LINES: TargetLines =
        TargetLines::OneSided { floor: Some(0.0), threshold: 0.5, target: 1.0, stretch: None };

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-7, "{found}, not {expected}");
    }

    /// Worked out by hand. The first: 800 of at most 800, a share of 48.8 % lacks 0.512, 64 000 of at most 64 000:
    /// size ∛0.512 = 0.8. The share may be as much as 62.6752 %, which lacks 0.373248 = 0.729 × 0.512: confidence ∛0.729 = 0.9;
    /// 100 × 0.8 × 0.9 = 72. The second: 100 of 800, nothing of the share, 8000 of 64 000: ∛(1⁄8 × 1 × 1⁄8) = 1⁄4; of its revenue
    /// 51.2 % is covered: ∛0.512 = 0.8; 100 × 0.25 × 0.8 = 20.
    #[test]
    fn the_score_is_that_worked_out_by_hand() {
        let first = (
            amount(&counted(800.0), Some(1.0)).unwrap(),
            severity(&measured(0.488, 0.35, 0.626_752), Some(1.0), &LINES, Better::Higher).unwrap(),
            amount(&counted(64_000.0), Some(1.0)).unwrap(),
        );
        let second = (
            amount(&counted(100.0), Some(1.0)).unwrap(),
            severity(&counted(0.0), Some(1.0), &LINES, Better::Higher).unwrap(),
            amount(&counted(8000.0), Some(0.512)).unwrap(),
        );
        let of = |(volume, severity, revenue): (Part, Part, Part)| {
            score(volume, severity, revenue, (800.0, 64_000.0))
        };
        let (first, second) = (of(first), of(second));
        near(first.size, 0.8);
        near(first.confidence, 0.9);
        near(first.score, 72.0);
        near(second.size, 0.25);
        near(second.confidence, 0.8);
        near(second.score, 20.0);
    }

    #[test]
    fn what_is_not_known_is_no_zero_and_a_zero_is_one() {
        let unknown = Estimate { method: Method::StudentMean, ..counted(10.0) };
        assert_eq!(amount(&unknown, Some(1.0)), Err(Unknown::NoInterval));
        assert_eq!(amount(&counted(10.0), None), Err(Unknown::NoCoverage));
        assert_eq!(amount(&counted(-1.0), Some(1.0)), Err(Unknown::BelowZero));
        let nothing = amount(&counted(0.0), Some(1.0)).unwrap();
        assert_eq!(nothing, Part { amount: 0.0, sure: 1.0 });
        assert_eq!(score(nothing, nothing, nothing, (0.0, 0.0)).score, 0.0);
        // An interval that reaches zero says that it may be nothing.
        assert_eq!(amount(&measured(5.0, -1.0, 11.0), Some(1.0)).unwrap().sure, 0.0);
    }

    #[test]
    fn in_a_range_the_best_that_a_figure_may_be_lies_nearest_to_its_middle() {
        let lines =
            TargetLines::InRange { floor: None, threshold: (2.0, 8.0), target: (4.0, 6.0), stretch: None };
        // 3 scores 75; it may be as much as 9, so also 5, which lacks nothing.
        let of = severity(&measured(3.0, 1.0, 9.0), Some(1.0), &lines, Better::InRange).unwrap();
        near(of.amount, 0.25);
        near(of.sure, 0.0);
        // At most 3.5, which scores 87.5: half of what 3 lacks.
        near(severity(&measured(3.0, 2.5, 3.5), Some(1.0), &lines, Better::InRange).unwrap().sure, 0.5);
        // Less is better: the lower end is the best.
        let lines = TargetLines::OneSided { floor: None, threshold: 20.0, target: 10.0, stretch: None };
        near(severity(&measured(14.0, 12.0, 16.0), Some(1.0), &lines, Better::Lower).unwrap().sure, 0.5);
    }
}
