//! Whether somebody has to act on a series: pure over what is published of it, so that it needs no memory of its own.
//!
//! What is provisional, in doubt, or too close to call says nothing, neither for an alarm nor against one.

use kepi_model::{
    acting::{Alert, Signal},
    project::{Better, Bound, TargetLines},
};
use kepi_score::band::{Band, band, probability};
use kepi_stats::estimate::Estimate;

use crate::{
    advice::Doubt,
    change::{Judgement, Refusal, Verdict},
};

/// What is known of a figure, as far as somebody would have to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// The period.
    pub ordinal: i32,
    /// Whether it changed for the worse, beyond what is usual; none: nothing is known of that.
    pub beyond: Option<bool>,
    /// Whether it is red for sure, or surely is not; none: neither.
    pub red: Option<bool>,
    /// Whether a guardrail that says how far it may go is broken; none: that is not known, or there is none.
    pub guardrail: Option<bool>,
    /// Whether it is beyond the bound of an alert for sure, or surely is not; none: neither, or there is none.
    pub bound: Option<bool>,
    /// Whether it is worse than its own course let expect; none: that is not known, or nobody asked.
    pub forecast: Option<bool>,
    /// Whether data are overdue; none: nobody asked.
    pub stale: Option<bool>,
    /// Whether data of a month came less often in time than was agreed; none: that was not agreed, or nobody asked.
    pub unkept: Option<bool>,
    /// Whether people are to enter it and have not; none: nobody asked.
    pub owed: Option<bool>,
    /// Whether what it is believed to move does not follow it, or no longer; none: that cannot be told, or nobody asked.
    pub validity: Option<bool>,
}

impl Looked {
    /// Nothing is known.
    pub fn nothing(ordinal: i32) -> Self {
        Self {
            ordinal,
            beyond: None,
            red: None,
            guardrail: None,
            bound: None,
            forecast: None,
            stale: None,
            unkept: None,
            owed: None,
            validity: None,
        }
    }

    /// Looks at a figure.
    pub fn at(
        ordinal: i32,
        (estimate, is_final): (&Estimate, bool),
        (lines, better): (Option<&TargetLines>, Better),
        judged: &Judgement,
    ) -> Self {
        let nothing = Self::nothing(ordinal);
        if !is_final || matches!(judged, Err(Refusal::InDoubt | Refusal::NotFinal)) {
            return nothing;
        }
        let red = lines.and_then(|lines| {
            let is_red = band(estimate.point, lines, better) == Band::Red;
            let p = probability(estimate, lines, better, Band::Red).ok();
            match Doubt::of(estimate, p.map(|p| if is_red { p } else { 1.0 - p })) {
                Doubt::Sure => Some(is_red),
                Doubt::Open | Doubt::Unknown => None,
            }
        });
        let beyond = judged.as_ref().ok().and_then(|usual| match usual.verdict {
            Verdict::Within => Some(false),
            Verdict::Unknown => None,
            Verdict::Beyond | Verdict::Drifting => match better {
                Better::Higher => Some(!usual.above),
                Better::Lower => Some(usual.above),
                // Neither way is good in itself: it is bad where it leads out of the range.
                Better::InRange => lines.map(|lines| band(estimate.point, lines, better) < Band::Green),
            },
        });
        Self { beyond, red, ..nothing }
    }

    /// The same with what is known of the bound of an alert; of a figure that says nothing that stays so.
    pub fn with_bound(self, bound: &Bound, estimate: &Estimate, is_sound: bool) -> Self {
        let sure = match &estimate.interval {
            Ok(interval) => bound.parts(interval.low, interval.high),
            Err(_) => true,
        };
        Self { bound: (is_sound && sure).then(|| !bound.holds(estimate.point)), ..self }
    }

    /// The signal of a day that it is about, and whether it is there; none: it is about a figure.
    pub fn of_days(&self) -> Option<(Signal, bool)> {
        let stale = self.stale.map(|is| (Signal::Stale, is));
        let unkept = self.unkept.map(|is| (Signal::Unkept, is));
        stale.or(unkept).or_else(|| self.owed.map(|is| (Signal::Owed, is)))
    }

    /// Whether there is a signal that an alert asks for; none: nothing is known.
    pub fn is_signal(&self, alert: &Alert) -> Option<bool> {
        let known = alert.on.iter().filter_map(|on| match on {
            Signal::Beyond => self.beyond,
            Signal::Red => self.red,
            Signal::Guardrail => self.guardrail,
            Signal::Bound => self.bound,
            Signal::Forecast => self.forecast,
            Signal::Stale => self.stale,
            Signal::Unkept => self.unkept,
            Signal::Owed => self.owed,
            Signal::Validity => self.validity,
        });
        known.reduce(|one, other| one || other)
    }
}

/// The newest period of a series, oldest first, in which an alert is to be raised, if it is that of its newest known figure: one
/// signal beyond what is usual suffices, red has to have been for as many periods in a row as the alert asks for.
pub fn raised(series: &[Looked], alert: &Alert) -> Option<(i32, Signal)> {
    let last = series.iter().rposition(|of| of.is_signal(alert).is_some())?;
    let (earlier, newest) = (series.get(..last)?, series.get(last)?);
    // Nothing is known of what came after: it is no news any more.
    if series.len() > last + 1 + usize::from(alert.persistence) {
        return None;
    }
    if alert.on.contains(&Signal::Beyond) && newest.beyond == Some(true) {
        return Some((newest.ordinal, Signal::Beyond));
    }
    let at_once = [
        (Signal::Guardrail, newest.guardrail),
        (Signal::Forecast, newest.forecast),
        (Signal::Stale, newest.stale),
        (Signal::Unkept, newest.unkept),
        (Signal::Owed, newest.owed),
        (Signal::Validity, newest.validity),
    ];
    if let Some((sign, _)) = at_once.iter().find(|(on, of)| alert.on.contains(on) && *of == Some(true)) {
        return Some((newest.ordinal, *sign));
    }
    let lasting = usize::from(alert.persistence).saturating_sub(1);
    let lasts = |known: fn(&Looked) -> Option<bool>| {
        let before = earlier.iter().rev().take(lasting);
        let mut row = before.clone().zip(1..);
        known(newest) == Some(true)
            && before.count() == lasting
            && row.all(|(of, ago)| known(of) == Some(true) && of.ordinal == newest.ordinal - ago)
    };
    let is_red = alert.on.contains(&Signal::Red) && lasts(|of| of.red);
    let is_beyond_bound = alert.on.contains(&Signal::Bound) && lasts(|of| of.bound);
    match (is_red, is_beyond_bound) {
        (true, _) => Some((newest.ordinal, Signal::Red)),
        (_, true) => Some((newest.ordinal, Signal::Bound)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kepi_model::{acting::Severity, id::AlertId};
    use kepi_stats::estimate::{Interval, Level, Method};

    use super::*;
    use crate::change::Usual;

    fn alert(on: &[Signal], persistence: u16) -> Alert {
        Alert {
            id: "attention".parse::<AlertId>().unwrap(),
            name: "Attention".to_owned(),
            on: on.iter().copied().collect(),
            kpis: BTreeSet::new(),
            by_unit: false,
            bounds: Default::default(),
            capacity: None,
            worth: Default::default(),
            persistence,
            clear: 2,
            severity: Severity::Normal,
            ladder: None,
        }
    }

    fn estimate(point: f64, half: f64) -> Estimate {
        Estimate {
            point,
            interval: Ok(Interval::new(point - half, point + half, Level::new(0.95).unwrap())),
            n: 100,
            effective_n: 100.0,
            method: Method::StudentMean,
        }
    }

    const LINES: TargetLines =
        TargetLines::OneSided { floor: None, threshold: 50.0, target: 60.0, stretch: None };

    fn usual(verdict: Verdict, above: bool) -> Judgement {
        Ok(Usual {
            verdict,
            above,
            expected: 55.0,
            low: 50.0,
            high: 60.0,
            spread: 2.0,
            degrees: 20.0,
            p: 0.001,
            limit: 0.01,
            look: 1,
            periods: 20,
        })
    }

    #[test]
    fn what_is_provisional_in_doubt_or_too_close_says_nothing() {
        let at = |point: f64, half: f64, is_final, judged: &Judgement| {
            Looked::at(3, (&estimate(point, half), is_final), (Some(&LINES), Better::Higher), judged)
        };
        let within = usual(Verdict::Within, false);
        assert_eq!(
            at(40.0, 2.0, true, &within),
            Looked { beyond: Some(false), red: Some(true), ..Looked::nothing(3) }
        );
        assert_eq!(at(40.0, 2.0, false, &within).red, None);
        assert_eq!(at(40.0, 2.0, true, &Err(Refusal::InDoubt)), Looked::nothing(3));
        // Too few periods to judge: that it is red is known nevertheless.
        assert_eq!(at(40.0, 2.0, true, &Err(Refusal::TooFew { have: 2, need: 12 })).red, Some(true));
        assert_eq!((at(49.5, 4.0, true, &within).red, at(50.5, 4.0, true, &within).red), (None, None));
        assert_eq!(at(58.0, 2.0, true, &within).red, Some(false));
        let worse = usual(Verdict::Beyond, false);
        assert_eq!(at(58.0, 2.0, true, &worse).beyond, Some(true));
        assert_eq!(
            at(58.0, 2.0, true, &usual(Verdict::Drifting, true)).beyond,
            Some(false),
            "for the better"
        );
        let lower = Looked::at(1, (&estimate(58.0, 1.0), true), (None, Better::Lower), &worse);
        assert_eq!(lower, Looked { beyond: Some(false), ..Looked::nothing(1) });
    }

    #[test]
    fn red_has_to_last_and_a_change_has_not() {
        let red = |ordinal, red| Looked { beyond: Some(false), red, ..Looked::nothing(ordinal) };
        let both = alert(&[Signal::Beyond, Signal::Red], 2);
        assert_eq!(raised(&[red(1, Some(false)), red(2, Some(true))], &both), None);
        let lasting = [red(1, Some(true)), red(2, Some(true))];
        assert_eq!(raised(&lasting, &both), Some((2, Signal::Red)));
        assert_eq!(raised(&lasting, &alert(&[Signal::Beyond], 2)), None);
        assert_eq!(raised(&[red(1, Some(true)), red(3, Some(true))], &both), None, "a gap");
        assert_eq!(raised(&[red(1, Some(true)), red(2, None), red(3, Some(true))], &both), None);
        assert_eq!(raised(&lasting[1..], &alert(&[Signal::Red], 1)), Some((2, Signal::Red)));
        let beyond = [Looked { beyond: Some(true), ..Looked::nothing(4) }];
        assert_eq!(raised(&beyond, &both), Some((4, Signal::Beyond)));
        assert_eq!(raised(&[], &both), None);
        let broken = [red(1, Some(false)), Looked { guardrail: Some(true), ..Looked::nothing(2) }];
        assert_eq!(raised(&broken, &alert(&[Signal::Guardrail], 2)), Some((2, Signal::Guardrail)));
        let believed = [red(1, Some(false)), Looked { validity: Some(true), ..Looked::nothing(2) }];
        assert_eq!(raised(&believed, &alert(&[Signal::Validity], 2)), Some((2, Signal::Validity)));
        assert_eq!(raised(&believed, &alert(&[Signal::Guardrail], 2)), None);
        assert_eq!(raised(&broken, &both), None, "an alert that does not ask for it");
        // A bound has to be broken for as long as red has to last, a figure too close to it says nothing.
        let bound = Bound { at_least: Some(50.0), at_most: None };
        let of =
            |ordinal, point, half| Looked::nothing(ordinal).with_bound(&bound, &estimate(point, half), true);
        let on_bound = alert(&[Signal::Bound], 2);
        assert_eq!(raised(&[of(1, 40.0, 2.0), of(2, 41.0, 2.0)], &on_bound), Some((2, Signal::Bound)));
        assert_eq!(raised(&[of(1, 49.5, 2.0), of(2, 41.0, 2.0)], &on_bound), None);
        assert_eq!(of(1, 60.0, 2.0).bound, Some(false));
        assert_eq!(Looked::nothing(1).with_bound(&bound, &estimate(40.0, 2.0), false).bound, None);
        let missed = [Looked { forecast: Some(true), ..Looked::nothing(2) }];
        assert_eq!(raised(&missed, &alert(&[Signal::Forecast], 3)), Some((2, Signal::Forecast)));
        assert_eq!(raised(&missed, &both), None);
        // Of nothing known since long ago nobody is told.
        let old: Vec<Looked> = lasting.into_iter().chain((3..6).map(Looked::nothing)).collect();
        assert_eq!(raised(&old, &both), None);
    }
}
