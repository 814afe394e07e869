//! The Kaplan–Meier estimate, its quantiles and its restricted mean.

use super::{Spell, check};
use crate::estimate::{Estimate, Interval, Level, Method, NotComputable};

/// The scale on which the interval of a survival probability is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// `ln(−ln S)`: stays in (0, 1) and covers well in small samples. The default.
    #[default]
    LogLog,
    /// `ln S`, the default of R `survfit`; cut at 1.
    Log,
    /// S itself, cut to [0, 1].
    Plain,
}

/// The state of the curve from one distinct time on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// Cases watched until at least this time.
    pub at_risk: u64,
    /// Events at this time.
    pub events: u64,
    /// Cases last seen open at this time.
    pub censored: u64,
    /// Probability of getting past this time.
    pub survival: f64,
    /// Greenwood's sum `Σ d ⁄ (n (n − d))`: the relative variance of the survival; infinite at survival 0.
    pub relative_variance: f64,
}

/// A Kaplan–Meier curve.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    steps: Vec<Step>,
    n: u64,
}

impl KaplanMeier {
    /// Estimates `S(t) = Π (1 − dᵢ ⁄ nᵢ)` over event times up to t, O(n log n).
    ///
    /// A case last seen at the time of an event counts as at risk there. Source: Kaplan and Meier (1958);
    /// variance by Greenwood (1926).
    ///
    /// # Errors
    /// `NoRows`, `NotFinite`, `Invalid` for negative times.
    pub fn new(spells: &[Spell]) -> Result<Self, NotComputable> {
        check(spells)?;
        // Times that are not negative are ordered as their bits are, which leaves the lowest for the event: integers
        // sort several times faster than floats with their company. Adding zero makes −0 to 0.
        let mut sorted: Vec<u64> =
            spells.iter().map(|s| (s.time + 0.0).to_bits() << 1 | u64::from(s.event)).collect();
        sorted.sort_unstable();
        let mut steps = Vec::new();
        let mut at_risk = sorted.len() as u64;
        let (mut survival, mut relative_variance) = (1.0, 0.0);
        for tied in sorted.chunk_by(|a, b| a >> 1 == b >> 1) {
            let events = tied.iter().map(|s| s & 1).sum::<u64>();
            let gone = tied.len() as u64;
            if events > 0 {
                let (d, n) = (events as f64, at_risk as f64);
                survival *= (n - d) / n;
                relative_variance += d / (n * (n - d));
            }
            let time = tied.first().map_or(0.0, |s| f64::from_bits(s >> 1));
            steps.push(Step { time, at_risk, events, censored: gone - events, survival, relative_variance });
            at_risk -= gone;
        }
        Ok(Self { steps, n: spells.len() as u64 })
    }

    /// The curve, one step per distinct time.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The last step at or before `time`; `None` before the first.
    #[must_use]
    pub fn step_at(&self, time: f64) -> Option<&Step> {
        self.steps.partition_point(|s| s.time <= time).checked_sub(1).and_then(|i| self.steps.get(i))
    }

    /// The probability of getting past `time`.
    ///
    /// `n` is the number of cases, `effective_n` the number still at risk at `time`.
    ///
    /// # Errors
    /// `TooFew` when fewer than `least_at_risk` cases were watched until `time`: the tail of a
    /// curve that rests on a handful is not shown.
    pub fn survival(
        &self,
        time: f64,
        scale: Scale,
        least_at_risk: u64,
        level: Level,
    ) -> Result<Estimate, NotComputable> {
        if !time.is_finite() || time < 0.0 {
            return Err(NotComputable::invalid("a time is negative or not a number"));
        }
        let at_risk = self.steps.get(self.steps.partition_point(|s| s.time < time)).map_or(0, |s| s.at_risk);
        if at_risk < least_at_risk {
            return Err(NotComputable::TooFew { n: at_risk, need: least_at_risk });
        }
        let (point, variance) = self.step_at(time).map_or((1.0, 0.0), |s| (s.survival, s.relative_variance));
        Ok(Estimate {
            point,
            interval: interval(point, variance, scale, level),
            n: self.n,
            effective_n: at_risk as f64,
            method: Method::KaplanMeier,
        })
    }

    /// The time by which a share `p` has had the event, with the interval of Brookmeyer and Crowley (1982).
    ///
    /// The first time with survival at most `1 − p` (within 1e-12). An end of the interval that the data do not
    /// reach is infinite.
    ///
    /// # Errors
    /// `TooFew` when the curve does not come down that far (the events so far, against those needed);
    /// `Invalid` unless 0 < p < 1.
    pub fn quantile(&self, p: f64, scale: Scale, level: Level) -> Result<Estimate, NotComputable> {
        if p.is_nan() || p <= 0.0 || p >= 1.0 {
            return Err(NotComputable::Invalid(format!("a quantile lies between 0 and 1, not at `{p}`")));
        }
        let target = 1.0 - p;
        let reaches = |f: &dyn Fn(&Step) -> f64| {
            self.steps.iter().find(|s| s.events > 0 && f(s) <= target + 1e-12).map(|s| s.time)
        };
        let Some(point) = reaches(&|s| s.survival) else {
            let events = self.steps.iter().map(|s| s.events).sum();
            let need = libm::ceil(p * self.n as f64) as u64;
            return Err(NotComputable::TooFew { n: events, need: need.max(events + 1) });
        };
        let bound = |s: &Step, upper: bool| match interval(s.survival, s.relative_variance, scale, level) {
            Ok(i) if upper => i.high,
            Ok(i) => i.low,
            Err(_) => s.survival,
        };
        let low = reaches(&|s| bound(s, false)).unwrap_or(point);
        let high = reaches(&|s| bound(s, true)).unwrap_or(f64::INFINITY);
        Ok(Estimate {
            point,
            interval: Ok(Interval::new(low, high, level)),
            n: self.n,
            effective_n: self.steps.iter().map(|s| s.events).sum::<u64>() as f64,
            method: Method::KaplanMeier,
        })
    }

    /// The mean time up to `horizon`: the area under the curve, in units of time.
    ///
    /// Variance `Σ (∫_tᵢ^h S)² dᵢ ⁄ (nᵢ (nᵢ − dᵢ))`. O(steps). Source: Klein and Moeschberger (2003), section 4.5.
    ///
    /// # Errors
    /// `TooFew` when nobody was watched up to the horizon while the curve is above zero; `Invalid`.
    pub fn restricted_mean(&self, horizon: f64, level: Level) -> Result<Estimate, NotComputable> {
        if !horizon.is_finite() || horizon <= 0.0 {
            return Err(NotComputable::Invalid(format!("a horizon is positive, not `{horizon}`")));
        }
        let last = self.steps.last().ok_or(NotComputable::NoRows)?;
        if last.time < horizon && last.survival > 0.0 {
            return Err(NotComputable::TooFew { n: 0, need: 1 });
        }
        // From the right: the area beyond each event time.
        let (mut area, mut variance, mut until) = (0.0, 0.0, horizon);
        let within = self.steps.partition_point(|s| s.time <= horizon);
        for step in self.steps.iter().take(within).rev() {
            area += step.survival * (until - step.time);
            until = step.time;
            let (d, n) = (step.events as f64, step.at_risk as f64);
            if step.events > 0 && step.events < step.at_risk {
                variance += area * area * d / (n * (n - d));
            }
        }
        area += until;
        Ok(Estimate {
            point: area,
            interval: Ok(Interval::around(area, level.z() * variance.sqrt(), level).clipped(0.0, horizon)),
            n: self.n,
            effective_n: self.n as f64,
            method: Method::RestrictedMean,
        })
    }
}

fn interval(s: f64, relative_variance: f64, scale: Scale, level: Level) -> Result<Interval, NotComputable> {
    if s <= 0.0 || s >= 1.0 {
        return Err(NotComputable::NoVariation);
    }
    let z = level.z() * relative_variance.sqrt();
    Ok(match scale {
        Scale::LogLog => {
            let log = libm::log(s);
            let half = z / log.abs();
            Interval::new(libm::exp(log * libm::exp(half)), libm::exp(log * libm::exp(-half)), level)
        }
        Scale::Log => Interval::new(s * libm::exp(-z), (s * libm::exp(z)).min(1.0), level),
        Scale::Plain => Interval::around(s, z * s, level).clipped(0.0, 1.0),
    })
}
