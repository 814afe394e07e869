//! Whether a value differs from an earlier one by more than it varies.
//!
//! The one input of [`crate::advice`] that knows how a change is judged: another way of judging replaces this file.

use kepi_model::{
    calendar::Period,
    project::{Better, TargetLines},
};
use kepi_stats::{
    control::chart::moving_range_limit,
    estimate::{Estimate, Level},
    estimation::{
        difference::{Limits, recovered},
        ratio,
    },
};

/// Final values before a change that its own history needs to be judged by.
pub const HISTORY: usize = 8;
/// More of them are not looked at: what happened longer ago says little of today.
const LONGEST_HISTORY: usize = 24;
/// Moves in one direction that make a trend.
pub const TREND: usize = 6;

/// Whether a change is more than a value varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// More than it varies.
    Beyond,
    /// No more than it varies.
    Within,
    /// There is nothing to judge it by.
    Unknown,
}

impl Verdict {
    /// The name used in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Beyond => "signal",
            Self::Within => "within_variation",
            Self::Unknown => "no_verdict",
        }
    }
}

/// By what a change was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judged {
    /// By the interval of the difference, recovered from those of both values.
    Sampling,
    /// Of numbers of events: by the chance with which events come that do not depend on each other.
    Counting,
    /// By its own moves from period to period over so many periods before.
    History {
        /// Periods with a final value before this one.
        periods: usize,
    },
    /// By nothing: one of the two has no interval and its history is too short.
    Nothing {
        /// Periods with a final value before this one; [`HISTORY`] are needed.
        periods: usize,
    },
}

impl Judged {
    /// The name used in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sampling => "sampling",
            Self::Counting => "counting",
            Self::History { .. } => "history",
            Self::Nothing { .. } => "nothing",
        }
    }
}

/// A change against the previous comparable period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The difference in the KPI's unit.
    pub difference: f64,
    /// The period compared with.
    pub since: Period,
    /// Whether it is more than the value varies.
    pub verdict: Verdict,
    /// By what that was judged.
    pub judged: Judged,
    /// Whether it goes the good way; none where neither way is good or nothing has changed.
    pub favourable: Option<bool>,
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'e> {
    /// The earlier value.
    pub previous: &'e Estimate,
    /// The later value.
    pub current: &'e Estimate,
    /// The period of the earlier one.
    pub since: Period,
    /// Of a number of events: how long they were counted, before and now, in any unit.
    pub counted_over: Option<(f64, f64)>,
    /// Points of final periods up to and including the earlier one, oldest first.
    pub history: &'e [f64],
    /// Which direction is good.
    pub better: Better,
    /// The target in force.
    pub lines: Option<&'e TargetLines>,
    /// Level of confidence of the judgement.
    pub level: Level,
}

impl Change {
    /// The change from the earlier to the later value.
    ///
    /// Where both have an interval, it is *beyond* if zero lies outside the interval of the difference, of the same level
    /// ([`recovered`]; both periods count as independent samples, so where the same customers answer in both, changes are
    /// surer than said). Numbers of events have none, and are judged as events that come independently of each other: the
    /// ratio of the two numbers against that of the times (conditional binomial interval, [`ratio::of_counts`]). Real
    /// events come in clusters, so where there is enough history they must also move by more than they did from period
    /// to period: by more than the upper limit of the moving ranges, 3.267 times their mean ([`moving_range_limit`]; Wheeler
    /// 1993). Sums and everything else without an interval are judged by that alone.
    pub fn between(of: &Compared<'_>) -> Self {
        let difference = of.current.point - of.previous.point;
        let (verdict, judged) = judge(of, difference);
        let favourable = goodness(of.better, of.lines).and_then(|good| {
            let gain = good(of.current.point) - good(of.previous.point);
            if gain == 0.0 { None } else { Some(gain > 0.0) }
        });
        Self { difference, since: of.since, verdict, judged, favourable }
    }
}

fn judge(of: &Compared<'_>, difference: f64) -> (Verdict, Judged) {
    let verdict = |beyond| if beyond { Verdict::Beyond } else { Verdict::Within };
    let limits = |of: &Estimate| {
        of.interval.as_ref().ok().map(|i| Limits { point: of.point, low: i.low, high: i.high })
    };
    if let Some((before, now)) = limits(of.previous).zip(limits(of.current)) {
        let change = recovered(before, now);
        return (verdict(change.low > 0.0 || change.high < 0.0), Judged::Sampling);
    }
    let counting = of.counted_over.and_then(|over| more_than_chance(of, over));
    if counting == Some(false) {
        return (Verdict::Within, Judged::Counting);
    }
    let recent = of.history.len().saturating_sub(LONGEST_HISTORY);
    let history = of.history.get(recent..).unwrap_or_default();
    match (more_than_ever(history, difference), counting) {
        (Some(beyond), _) => (verdict(beyond), Judged::History { periods: history.len() }),
        (None, Some(beyond)) => (verdict(beyond), Judged::Counting),
        (None, None) => (Verdict::Unknown, Judged::Nothing { periods: history.len() }),
    }
}

/// Whether two numbers of events differ by more than chance, given how long each was counted.
fn more_than_chance(of: &Compared<'_>, (before, now): (f64, f64)) -> Option<bool> {
    let number = |of: &Estimate| (of.point >= 0.0).then_some(of.point.round() as u64);
    let (first, second) = (number(of.previous)?, number(of.current)?);
    // The interval needs events below the line.
    let (above, below, expected) = match (first, second) {
        (0, 0) => return Some(false),
        (0, _) => (first, second, before / now),
        _ => (second, first, now / before),
    };
    let interval = ratio::of_counts(above, below, of.level).ok()?.interval.ok()?;
    Some(expected < interval.low || expected > interval.high)
}

/// Whether a move is larger than those of a history, if that is long enough.
fn more_than_ever(history: &[f64], difference: f64) -> Option<bool> {
    if history.len() < HISTORY {
        return None;
    }
    let moves = history.windows(2).filter_map(|pair| Some((pair.last()? - pair.first()?).abs()));
    let mean = moves.sum::<f64>() / (history.len() - 1) as f64;
    Some(difference.abs() > moving_range_limit(mean))
}

/// The direction of a run of moves that all go the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trend {
    /// The last [`TREND`] moves were all for the worse.
    Worsening,
    /// They were all for the better.
    Improving,
    /// Neither, or too few values.
    None,
}

impl Trend {
    /// The trend of a series, oldest first. In a series without any trend and without ties one of 5 040 ends in such a run of
    /// one direction: the 7 values would have to stand in order.
    pub fn of(points: &[f64], better: Better, lines: Option<&TargetLines>) -> Self {
        let Some(good) = goodness(better, lines) else { return Self::None };
        let Some(last) = points.len().checked_sub(TREND + 1).and_then(|from| points.get(from..)) else {
            return Self::None;
        };
        let all = |of: fn(f64, f64) -> bool| {
            last.windows(2).all(|pair| matches!(pair, [before, now] if of(good(*now), good(*before))))
        };
        if all(|now, before| now < before) {
            Self::Worsening
        } else if all(|now, before| now > before) {
            Self::Improving
        } else {
            Self::None
        }
    }
}

/// How good a value is, as far as order goes; nothing where a range is good and none is known. Within the range all are alike.
fn goodness(better: Better, lines: Option<&TargetLines>) -> Option<impl Fn(f64) -> f64 + use<>> {
    let range = match (better, lines) {
        (Better::InRange, Some(TargetLines::InRange { target, .. })) => Some(*target),
        (Better::InRange, _) => return None,
        _ => None,
    };
    Some(move |value: f64| match (better, range) {
        (_, Some((low, high))) => -(low - value).max(value - high).max(0.0),
        (Better::Lower, None) => -value,
        _ => value,
    })
}

#[cfg(test)]
mod tests {
    use kepi_model::calendar::Grain;
    use kepi_stats::estimate::{Interval, Method};

    use super::*;

    const SINCE: Period = Period { grain: Grain::Year, ordinal: 2014 };

    fn judged(
        previous: &Estimate,
        current: &Estimate,
        counted_over: Option<(f64, f64)>,
        history: &[f64],
    ) -> Change {
        Change::between(&Compared {
            previous,
            current,
            since: SINCE,
            counted_over,
            history,
            better: Better::Higher,
            lines: None,
            level: Level::NINETY_FIVE,
        })
    }

    fn sampled(before: (f64, f64, f64), now: (f64, f64, f64)) -> Change {
        let estimate = |(point, low, high)| Estimate {
            point,
            interval: Ok(Interval::new(low, high, Level::NINETY_FIVE)),
            n: 1_000,
            effective_n: 1_000.0,
            method: Method::Wilson,
        };
        judged(&estimate(before), &estimate(now), None, &[])
    }

    fn count(n: f64) -> Estimate {
        Estimate::exact(n, n as u64, "a full count has no sampling error")
    }

    #[test]
    fn a_change_is_beyond_when_the_interval_of_the_difference_leaves_out_zero() {
        // The intervals overlap and yet 3.2 points are more than √(1.9² + 1.9²).
        let fell = sampled((0.442, 0.423, 0.461), (0.410, 0.391, 0.429));
        assert_eq!((fell.verdict, fell.favourable), (Verdict::Beyond, Some(false)));
        let little = sampled((0.434, 0.415, 0.453), (0.410, 0.391, 0.429));
        assert_eq!(little.verdict, Verdict::Within);
        let rose = sampled((0.033, 0.027, 0.040), (0.045, 0.038, 0.053));
        assert_eq!((rose.verdict, rose.favourable), (Verdict::Beyond, Some(true)));
    }

    #[test]
    fn counts_are_judged_by_chance() {
        // 40 of 100 events in the second half: p = 0.057 by the binomial test, 39 of 100: p = 0.035 (R 4.3, `binom.test`).
        let over = Some((1.0, 1.0));
        let change = |before: f64, now: f64, over| judged(&count(before), &count(now), over, &[]);
        assert_eq!(change(60.0, 40.0, over).verdict, Verdict::Within);
        let beyond = change(61.0, 39.0, over);
        assert_eq!((beyond.verdict, beyond.judged), (Verdict::Beyond, Judged::Counting));
        // In February there are fewer days to count in: 280 and 310 are ten a day.
        assert_eq!(change(310.0, 280.0, Some((31.0, 28.0))).verdict, Verdict::Within);
        assert_eq!(change(3_100.0, 2_600.0, Some((31.0, 28.0))).verdict, Verdict::Beyond);
        // From nothing to 5 is chance (p = 0.0625), to 6 is not (p = 0.03125).
        for (before, now) in [(0.0, 5.0), (5.0, 0.0), (0.0, 0.0)] {
            assert_eq!(change(before, now, over).verdict, Verdict::Within);
        }
        for (before, now) in [(0.0, 6.0), (6.0, 0.0)] {
            assert_eq!(change(before, now, over).verdict, Verdict::Beyond);
        }
    }

    #[test]
    fn what_has_no_interval_is_judged_by_its_own_history() {
        // Moves of 10 throughout: 32.67 is the limit.
        let history = [100.0, 110.0, 100.0, 110.0, 100.0, 110.0, 100.0, 110.0];
        let to = |now: f64, over, history: &[f64]| judged(&count(110.0), &count(now), over, history);
        let within = to(142.0, None, &history);
        assert_eq!((within.verdict, within.judged), (Verdict::Within, Judged::History { periods: 8 }));
        assert_eq!(to(143.0, None, &history).verdict, Verdict::Beyond);
        // Too short a history is no model at all, and says so.
        let unknown = to(400.0, None, &history[1..]);
        assert_eq!((unknown.verdict, unknown.judged), (Verdict::Unknown, Judged::Nothing { periods: 7 }));
        // Events that come in clusters are beyond chance (110 to 180: p < 0.001) only where beyond their history too.
        let clustered: Vec<f64> = (0..8).map(|i| if i % 2 == 0 { 50.0 } else { 110.0 }).collect();
        let over = Some((1.0, 1.0));
        assert_eq!(to(180.0, over, &[]).verdict, Verdict::Beyond);
        assert_eq!(to(180.0, over, &clustered).verdict, Verdict::Within);
        // And a calm history does not make chance a cause.
        assert_eq!(to(111.0, over, &[110.0; 8]).judged, Judged::Counting);
    }

    #[test]
    fn six_moves_one_way_are_a_trend() {
        let up: Vec<f64> = (0..7).map(f64::from).collect();
        assert_eq!(Trend::of(&up, Better::Higher, None), Trend::Improving);
        assert_eq!(Trend::of(&up, Better::Lower, None), Trend::Worsening);
        assert_eq!(Trend::of(&up[1..], Better::Higher, None), Trend::None);
        let mut flat = up.clone();
        flat[3] = flat[2];
        assert_eq!(Trend::of(&flat, Better::Higher, None), Trend::None);
        // Towards a range from below is for the better, away from it above for the worse; nothing is said without one.
        let lines = |low: f64, high: f64| TargetLines::InRange {
            floor: None,
            threshold: (low - 1.0, high + 1.0),
            target: (low, high),
            stretch: None,
        };
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(6.0, 8.0))), Trend::Improving);
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(-2.0, 0.0))), Trend::Worsening);
        assert_eq!(Trend::of(&up, Better::InRange, Some(&lines(-2.0, 10.0))), Trend::None);
        assert_eq!(Trend::of(&up, Better::InRange, None), Trend::None);
    }
}
