//! Longer sentences of analyses: doubts about data, outlooks, links, what still predicts, and what is out of balance.

use kepi_insight::{
    ahead::Outlook,
    analysis::Verdict as Verdicts,
    doubt::{Delivery, Range, Suspicion},
    guardrail::{Held, Untold as Unheld},
    link::{self, Untold},
    sentence::{Guarded, Imbalance},
};
use kepi_model::{
    calendar::Grain,
    project::{Demand, TargetLines, ValueUnit},
};

use super::Say;
use crate::{format, reporter::words};

impl Say<'_> {
    /// What puts data in doubt.
    pub(super) fn doubted(&self, of: &Suspicion) -> String {
        let counts = |range: &Range| {
            let [have, low, high] =
                [range.have, range.low, range.high].map(|n| format::count(n.max(0.0).round() as u64));
            (have, format!("the usual {low} to {high}"))
        };
        let shares = |range: &Range| {
            let [have, low, high] = [range.have, range.low, range.high].map(format::share);
            (have, format!("the usual {low} to {high}"))
        };
        let side = |range: &Range| if range.have < range.low { "fewer than" } else { "more than" };
        let by = |of: &Delivery| format!("“{}” of {}", of.file, self.day(of.at));
        match of {
            Suspicion::Rows(range) => {
                let (have, usual) = counts(range);
                format!(
                    "In doubt: {have} rows are behind it, {} {usual}. Check that all of them arrived, once.",
                    side(range)
                )
            }
            Suspicion::Covered(range) => {
                let (have, usual) = shares(range);
                let side = if range.have < range.low { "less than" } else { "more than" };
                format!("In doubt: {have} of its rows entered it, {side} {usual}.")
            }
            Suspicion::Delivered(of, range) => {
                let (have, usual) = counts(range);
                format!(
                    "In doubt: {} landed {have} rows from {}, {} {usual}.",
                    of.source,
                    by(of),
                    side(range)
                )
            }
            Suspicion::Rejected(of, range) => {
                let (have, usual) = shares(range);
                format!("In doubt: {have} of the rows of {} were rejected, more than {usual}.", by(of))
            }
            Suspicion::Missing(of, column, range) => {
                let (have, usual) = shares(range);
                format!("In doubt: in {} {have} of “{column}” have no value, more than {usual}.", by(of))
            }
            Suspicion::Stopped(of, reason) => {
                let reason = reason.trim_end_matches('.');
                format!("In doubt: nothing of {} has landed: {reason}.", by(of))
            }
        }
    }

    /// What is known of a demand of a guardrail.
    pub(super) fn guarded(&self, of: &Guarded) -> String {
        let Guarded { guardrail, kpi, unit, demand, held } = of;
        let demanded = match demand {
            Demand::Within(bound) => format!("agreed is {}", format::bound(*bound, unit)),
            Demand::NotWorse => "it was not to get worse".to_owned(),
        };
        match held {
            Held::Yes => format!("“{guardrail}” holds of {kpi}."),
            Held::No(value) => {
                format!("“{guardrail}” is broken: {kpi} is {}, {demanded}.", format::line(*value, unit))
            }
            // Nobody is told of which KPI, for it may be one that the reader may not see.
            Held::Unknown(Unheld::NoValue) => {
                format!("Whether “{guardrail}” is kept is open: one of its KPIs has no value here.")
            }
            Held::Unknown(why) => {
                let why = match why {
                    Unheld::NoValue => "has no value here",
                    Unheld::NotFinal => "is provisional",
                    Unheld::TooClose => "is too close to call",
                    Unheld::NotJudged => "cannot be held against what is usual of it",
                };
                format!("Whether “{guardrail}” is kept is open: {kpi} {why}; {demanded}.")
            }
        }
    }

    /// What is expected of a period, and whether that meets its target.
    pub(super) fn expected(&self, of: &Outlook) -> String {
        let [expected, low, high] =
            [of.ahead.expected, of.ahead.low, of.ahead.high].map(|value| self.number(value).text);
        let period = self.calendar.label(of.ahead.period);
        let range = format!("{period}: {expected} if nothing changes, {low} to {high} at 95\u{202f}%");
        let Some((lines, chance)) = of.target else { return format!("{range}.") };
        let target = match lines {
            TargetLines::OneSided { target, .. } => {
                format!("the target of {}", format::line(target, self.unit))
            }
            TargetLines::InRange { target: (low, high), .. } => {
                format!("the target of {} to {}", format::line(low, self.unit), format::line(high, self.unit))
            }
        };
        match of.is_sure() {
            Some(true) => format!("{range}; {target} is as good as met."),
            Some(false) => format!("{range}; {target} is as good as missed."),
            None => format!("{range}; it meets {target} with {}.", format::probability(chance)),
        }
    }

    /// The day of an instant, in the project's zone.
    pub(super) fn day(&self, at: i64) -> String {
        self.calendar
            .period_at(Grain::Day, at)
            .map_or_else(|_| "an unknown day".to_owned(), |day| self.calendar.label(day))
    }

    /// What goes with a cause. An association: nothing here says that it is an effect.
    pub(super) fn linked(&self, cause: &str, lag: Option<(u32, Grain)>, found: &link::Found) -> String {
        let of = &found.association;
        let later = lag.map_or_else(String::new, |lag| format!(" {} later", words::lag(lag)));
        let (low, high) = (self.signed(found.range.0), self.signed(found.range.1));
        let range = format!("{low} to {high}");
        let rests = match of.units {
            Some(units) => format!("{units} members, {} periods", of.periods),
            None => format!("{} periods", of.periods),
        };
        let with = format!("a typical improvement of “{cause}” goes with");
        let effect = self.signed(of.effect);
        match found.verdict {
            Verdicts::Yes => format!(
                "Supported: {with} {effect}{later} ({range}; {rests}). It helps to predict; that it is the cause is not shown."
            ),
            Verdicts::Contrary => format!(
                "Contradicted: {with} {effect}{later} ({range}; {rests}), the other way than expected."
            ),
            Verdicts::No => format!(
                "Not supported: {with} {range}{later} ({rests}), less than a tenth of the way from threshold to target."
            ),
            Verdicts::Unknown => {
                format!("Cannot be told: {with} anything from {range}{later} ({rests}).")
            }
        }
    }
}

/// What a KPI says of what it is believed to move.
pub(super) fn predicts(effect: &str, found: &link::Found) -> String {
    match found.verdict {
        Verdicts::Yes => format!(
            "Yes: what it does still goes with “{effect}”, the way that is expected. That it is the cause is not shown."
        ),
        Verdicts::Contrary => {
            format!("No: what it does goes with “{effect}” the other way than is expected.")
        }
        Verdicts::No => format!(
            "No: what goes with it in “{effect}” is less than a tenth of the way from threshold to target, and enough was looked at to say so."
        ),
        Verdicts::Unknown => {
            format!("Cannot be told of “{effect}”: what goes with it may be nothing, or enough to matter.")
        }
    }
}

/// What is out of balance.
pub(super) fn imbalance(of: &Imbalance) -> String {
    match of {
        Imbalance::Indicators { leading, lagging } => {
            format!("{leading} of its KPIs lead and {lagging} lag: at least a fifth should do either.")
        }
        Imbalance::Unmeasured { perspective } => {
            format!("No KPI of it measures the perspective “{perspective}”.")
        }
        Imbalance::Heavy { perspective, weight } => {
            format!(
                "“{perspective}” weighs {}, more than all else together by half.",
                format::weight(*weight)
            )
        }
        Imbalance::Many { of, kpis, most } => {
            format!("{kpis} KPIs for “{of}”: more than {most} can hardly be looked after.")
        }
        Imbalance::OnlyAnswers { kpis } => {
            format!(
                "All {kpis} KPIs are what people answer: nothing is measured that they do or that is done."
            )
        }
    }
}

/// A number without a unit.
pub(super) fn plain(raw: f64) -> String {
    format::value(raw, &ValueUnit::Number { decimals: 2 }, 2)
}

/// Why nothing can be said of what is believed to move a KPI.
pub(super) fn untold(causes: &str, why: Untold) -> String {
    match why {
        Untold::TooFew { have, periods, units } => format!(
            "Too little data to tell of {causes}: {periods} periods are needed, there are {have}; or {units} members that have both."
        ),
        Untold::SameRows => format!(
            "Cannot be told of {causes}: the same rows make both, so chance moves them together. A link with a lag can be told."
        ),
        Untold::Overlapping => format!("Cannot be told of {causes}: neighbouring periods share rows."),
        Untold::Lag => format!("Cannot be told of {causes}: the lag is no whole number of these periods."),
        Untold::NeverMoved => format!("Cannot be told of {causes}: one of the two never moved."),
    }
}
