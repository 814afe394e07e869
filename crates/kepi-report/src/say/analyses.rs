//! Longer sentences of analyses: doubts about data, outlooks, links, what still predicts, and what is out of balance.

use kepi_insight::{
    ahead::{Ahead, Outlook},
    analysis::Verdict as Verdicts,
    doubt::{Delivery, Range, Suspicion},
    foretold::Kept,
    guardrail::{Held, Untold as Unheld},
    link::{self, Untold},
    sentence::{
        Charting, Gain, Guarded, Imbalance, NoChart, NoDrivers, NoGain, Role, RowsLook, Spreading, StagePart,
        Suspect,
    },
};
use kepi_model::{
    calendar::{Grain, Period},
    measure::Indicator,
    project::{BasisKind, Demand, TargetLines, ValueUnit},
};

use super::{Say, there};
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
            Verdicts::No => {
                let worth =
                    found.worth.map_or(String::new(), |worth| format!("the {} that ", self.signed(worth)));
                format!(
                    "Not supported: {with} {range}{later} ({rests}), less than {worth}would be worth having."
                )
            }
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
            "No: what goes with it in “{effect}” is less than would be worth having, and enough was looked at to say so."
        ),
        Verdicts::Unknown => {
            format!("Cannot be told of “{effect}”: what goes with it may be nothing, or enough to matter.")
        }
    }
}

/// What is out of balance.
pub(super) fn imbalance(of: &Imbalance) -> String {
    match of {
        Imbalance::Indicators { leading, lagging, least } => format!(
            "{leading} of its KPIs lead and {lagging} lag: at least {} should do either.",
            format::share(*least)
        ),
        Imbalance::Drivers { drivers, outcomes, least } => format!(
            "{drivers} of its KPIs serve what moves other objectives and {outcomes} what moves none: at least {} should be of either.",
            format::share(*least)
        ),
        Imbalance::NoGoal { goals } => format!(
            "It looks near only: none of the {} on it.",
            match goals {
                1 => "KPI that tells whether a long-term goal is reached stands".to_owned(),
                n => format!("{n} KPIs that tell whether a long-term goal is reached stands"),
            }
        ),
        Imbalance::Slow { soonest, decides } => format!(
            "It tells late: no KPI of it is known more often than once a {}, and a decision takes {}.",
            words::grain(*soonest),
            words::lag(*decides)
        ),
        Imbalance::Unmeasured { perspective } => {
            format!("No KPI of it measures the perspective “{perspective}”.")
        }
        Imbalance::Heavy { perspective, weight, most } => {
            format!(
                "“{perspective}” weighs {}: one should weigh {} at most.",
                format::weight(*weight),
                format::share(*most)
            )
        }
        Imbalance::Many { of, kpis, most } => {
            format!("{kpis} KPIs for “{of}”: more than {most} can hardly be looked after.")
        }
        Imbalance::Evidence { judged, counted, least } => format!(
            "{judged} of its KPIs {} what people judge and {counted} what is counted, timed or paid: at least {} should be of either.",
            if *judged == 1 { "is" } else { "are" },
            format::share(*least)
        ),
    }
}

/// Whether it is known early enough.
pub(super) fn role(of: &Role) -> String {
    let whole = |days: f64| match days.abs().round() as u64 {
        1 => "a day".to_owned(),
        n => format!("some {} days", format::count(n)),
    };
    let takes = format!(
        "it is known after a {}, a decision takes {}",
        words::grain(of.period),
        words::lag(of.decides)
    );
    let follows = format!("“{}” follows {} later", of.effect, words::lag(of.lag));
    let beyond = if of.beyond_cycle { " That is longer than a business cycle." } else { "" };
    match of.left >= 0.0 {
        true => format!("It can lead: {follows}, {takes}, and there is time: {}.{beyond}", whole(of.left)),
        false if of.said == Some(Indicator::Leading) => format!(
            "It is said to lead and comes too late: {follows}, {takes}, {} too long.{beyond}",
            whole(of.left)
        ),
        false => {
            format!("It cannot lead: {follows}, {takes}, {} too long.{beyond}", whole(of.left))
        }
    }
}

/// Whether the leading indicators of a scorecard predict.
pub(super) fn relies(
    scorecard: &str,
    leading: usize,
    predict: usize,
    not: &[String],
    unlinked: usize,
) -> String {
    let mut parts = vec![format!(
        "{predict} of {leading} leading KPIs of “{scorecard}” predict what they are believed to move"
    )];
    if !not.is_empty() {
        parts.push(match not {
            [] => String::new(),
            [one] => format!("“{one}” does not"),
            [first, rest @ ..] => format!("“{first}” and {} more do not", rest.len()),
        });
    }
    if unlinked > 0 {
        parts.push(format!("of {unlinked} nothing says what they move"));
    }
    let open = leading.saturating_sub(predict + not.len() + unlinked);
    if open > 0 {
        parts.push(format!("of {open} it cannot be told yet"));
    }
    format!("{}.", parts.join("; "))
}

/// By how much forecasts miss less.
pub(super) fn gains(of: &Gain) -> String {
    let Gain { effect, share, range: (low, high), periods, members, verdict } = of;
    let change = |of: f64| {
        format!(
            "{}{}",
            if of < 0.0 { format::MINUS.to_string() } else { String::new() },
            format::share(of.abs())
        )
    };
    let rests = match members {
        Some(n) => format!("{n} members, {periods} periods forecast"),
        None => format!("{periods} periods forecast"),
    };
    let by =
        format!("{} of their squared error ({} to {}; {rests})", change(*share), change(*low), change(*high));
    match verdict {
        Verdicts::Yes => format!("Yes: forecasts of “{effect}” save {by} with it."),
        Verdicts::No | Verdicts::Contrary => {
            format!("No: forecasts of “{effect}” save {by} with it: less than is worth having.")
        }
        Verdicts::Unknown => format!("Cannot be told: forecasts of “{effect}” save {by} with it."),
    }
}

/// Why it cannot be said whether forecasts gain.
pub(super) fn gain_untold(effects: &str, why: NoGain) -> String {
    match why {
        NoGain::Untold(why) => untold(effects, why),
        NoGain::NotAhead => {
            format!(
                "Not asked of {effects}: it is believed to move in the same period, which is no forecast."
            )
        }
        NoGain::TooFew { have, need } => {
            format!(
                "Too little data to tell of {effects}: {need} periods are needed, {there}.",
                there = there(have)
            )
        }
    }
}

/// What the basis of a target says, and its own past does not bear out.
pub(super) fn arbitrary(basis: BasisKind, out_of_reach: bool, ever: (usize, usize)) -> String {
    let past = match (out_of_reach, ever) {
        (true, (0, _)) => "and its own past never comes to it".to_owned(),
        (true, (met, of)) => format!("and came to in {met} of {of} periods, not as it goes now"),
        (false, _) => "and its own past comes to it by itself".to_owned(),
    };
    match basis {
        BasisKind::History => format!("Said to rest on history, {past}: look at the basis."),
        _ => format!("Nothing but agreed on, {past}: it may be arbitrary."),
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
            "Too little data to tell of {causes}: {periods} periods are needed, {there}; or {units} members that have both.",
            there = there(have)
        ),
        Untold::SameRows => format!(
            "Cannot be told of {causes}: the same rows make both, so chance moves them together. With a lag it could be told."
        ),
        Untold::Overlapping => format!("Cannot be told of {causes}: neighbouring periods share rows."),
        Untold::Lag => format!("Cannot be told of {causes}: the lag is no whole number of these periods."),
        Untold::NeverMoved => format!("Cannot be told of {causes}: one of the two never moved."),
    }
}

/// That nothing says the opposite of what it is made of.
pub(super) fn nothing_turns(dimensions: usize, gaps: usize) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let changes =
        (dimensions > 0).then(|| format!("not in its change by {}", count(dimensions, "dimension")));
    let gaps = (gaps > 0).then(|| format!("not in {} between a member and the rest", count(gaps, "gap")));
    let both: Vec<String> = changes.into_iter().chain(gaps).collect();
    format!("No: {}.", both.join(", "))
}

impl Say<'_> {
    /// What of a change each made: the first three, and what is left of the others.
    pub(super) fn driven(&self, by: f64, since: Period, parts: &[(String, f64)]) -> String {
        let since = self.label(since);
        let (first, rest) = parts.split_at(parts.len().min(3));
        let mut figures: Vec<f64> = first.iter().map(|(_, part)| *part).collect();
        if !rest.is_empty() {
            figures.push(rest.iter().map(|(_, part)| part).sum());
        }
        let texts = self.parts(&figures);
        let mut named: Vec<String> =
            first.iter().zip(&texts).map(|((name, _), text)| format!("{text} by “{name}”")).collect();
        if let Some(text) = texts.get(first.len()) {
            named.push(format!("{text} by {} more", rest.len()));
        }
        format!("{} since {since}: {}.", self.signed(by), named.join(", "))
    }

    /// What of a change each part of a journey made: the first three, and what is left of the others.
    pub(super) fn by_stages(&self, by: f64, since: Period, parts: &[(StagePart, f64)]) -> String {
        let (first, rest) = parts.split_at(parts.len().min(3));
        let mut figures: Vec<f64> = first.iter().map(|(_, part)| *part).collect();
        if !rest.is_empty() {
            figures.push(rest.iter().map(|(_, part)| part).sum());
        }
        let texts = self.parts(&figures);
        let made = |(part, text): (&(StagePart, f64), &String)| match &part.0 {
            StagePart::Entries(stage) => format!("{text} by who came into “{stage}”"),
            StagePart::Step(from, to) => format!("{text} by the step from “{from}” to “{to}”"),
            StagePart::Values(stage) => format!("{text} by “{stage}”"),
            StagePart::Mix => format!("{text} by another mix of stages"),
        };
        let mut named: Vec<String> = first.iter().zip(&texts).map(made).collect();
        if let Some(text) = texts.get(first.len()) {
            named.push(format!("{text} by the rest"));
        }
        format!("{} since {}: {}.", self.signed(by), self.label(since), named.join(", "))
    }

    /// What its control chart shows.
    pub(super) fn charted(
        &self,
        (points, without_season): (usize, bool),
        limits: (f64, f64),
        signalling: &[Period],
        spreading: &Spreading,
        one_in: f64,
    ) -> String {
        let (least, most) = self.possible;
        let [low, high] = [limits.0, limits.1].map(|limit| self.number(limit.clamp(least, most)).text);
        let season = if without_season { ", its season taken off," } else { "" };
        let more = if spreading.beyond && !spreading.widened { "more than " } else { "" };
        let chance = format!("by chance {more}one point in {} signals", one_in.round());
        let of = format!("the last {points} points{season}");
        let times = format!("{:.1} times as much as counts do by chance", spreading.factor);
        let prime = if spreading.widened { "′" } else { "" };
        let kind = match (spreading.of, spreading.beyond) {
            (Charting::Individuals, _) => String::new(),
            (of, beyond) => {
                let letter = if of == Charting::Shares { "p" } else { "u" };
                let vary = if beyond { format!(": they vary {times}") } else { String::new() };
                format!(" ({letter}{prime} chart{vary})")
            }
        };
        let rest = format!("limits now {low} to {high}{kind}; {chance}.");
        match signalling {
            [] => format!("None of {of} signals; {rest}"),
            [one] => format!("{} signals among {}; {rest}", self.label(*one), of.trim_end_matches(',')),
            [.., last] => {
                format!("{} of {of} signal, {} the last; {rest}", signalling.len(), self.label(*last))
            }
        }
    }

    /// What is expected beside a leading indicator.
    pub(super) fn with_leader(&self, leader: &str, of: &Ahead, saved: f64, periods: usize) -> String {
        let [expected, low, high] = [of.expected, of.low, of.high].map(|value| self.number(value).text);
        let share = format::share(saved.abs());
        let saved = if saved > 0.0 {
            format!("saved {share} of the squared error")
        } else {
            format!("added {share} to the squared error")
        };
        format!(
            "{} beside “{leader}”: {expected}, {low} to {high} at 95\u{202f}%; in the last {periods} periods that {saved}.",
            self.label(of.period)
        )
    }

    /// How outlooks came out as they were published.
    pub(super) fn followed(&self, alone: &Kept, both: Option<&[Kept; 2]>) -> String {
        let missed = |of: &Kept| format::moved(of.missed, self.unit).trim_start_matches('+').to_owned();
        let first = match alone.of {
            1 => format!(
                "Of the one outlook published before its period the range {} what came; it missed it by {}",
                if alone.within == 1 { "held" } else { "did not hold" },
                missed(alone)
            ),
            of => format!(
                "Of {of} outlooks published before their period {} held what came; they missed it by {}",
                alone.within,
                missed(alone)
            ),
        };
        let beside = both.map(|[without, with]| {
            format!(
                "; in {} with a leading indicator {} of them did, missing by {} instead of {}",
                with.of,
                with.within,
                missed(with),
                missed(without)
            )
        });
        format!("{first}{}.", beside.unwrap_or_default())
    }

    /// Differences rounded so that, as shown, they add up to their sum.
    pub(crate) fn parts(&self, parts: &[f64]) -> Vec<String> {
        let step = self.step();
        let steps: Vec<f64> = parts.iter().map(|part| part / step).collect();
        let whole = steps.iter().sum::<f64>().round();
        let short = whole - steps.iter().map(|of| of.floor()).sum::<f64>();
        let mut order: Vec<usize> = (0..steps.len()).collect();
        let rest = |place: &usize| steps.get(*place).map_or(0.0, |of| of - of.floor());
        order.sort_by(|a, b| rest(b).total_cmp(&rest(a)));
        let up: Vec<usize> = order.into_iter().take(short.max(0.0) as usize).collect();
        let shown = |(place, of): (usize, &f64)| {
            self.signed((of.floor() + if up.contains(&place) { 1.0 } else { 0.0 }) * step)
        };
        steps.iter().enumerate().map(shown).collect()
    }
}

/// Why it cannot be told what drove a KPI.
pub(super) fn undriven(why: &NoDrivers) -> String {
    match why {
        NoDrivers::NoValue { of } => {
            format!("Cannot be told: “{of}” has no value in one of the two periods.")
        }
        NoDrivers::Redefined => "Cannot be told: it was computed in another way in the period before.".to_owned(),
        NoDrivers::Restated => {
            "Cannot be told: those that it was computed of have other values by now; the next run computes it anew.".to_owned()
        }
        NoDrivers::TooMany { have, most } => {
            format!("Cannot be told: it is computed of {have} KPIs, and at most {most} can be told apart.")
        }
        NoDrivers::Undefined => {
            "Cannot be told: with some of them as before and the others as now it would have no value.".to_owned()
        }
    }
}

/// Why there is no control chart.
pub(super) fn uncharted(why: NoChart) -> String {
    match why {
        NoChart::TooFew { have, need } => {
            format!(
                "No control chart: {need} final periods in a row are needed, {there}.",
                there = there(have)
            )
        }
        NoChart::Overlapping => "No control chart: neighbouring periods share rows.".to_owned(),
        NoChart::NeverMoved => "No control chart: it never moved.".to_owned(),
    }
}

/// How much goes with each driver.
pub(super) fn importance(
    shares: &[(String, f64, (f64, f64))],
    rest: f64,
    (units, periods): (usize, usize),
) -> String {
    let with =
        |(name, share, _): &(String, f64, (f64, f64))| format!("{} with “{name}”", format::share(*share));
    let mut all: Vec<String> = shares.iter().take(2).map(with).collect();
    // Of the first it is said what it does.
    all.first_mut().into_iter().for_each(|first| *first = first.replacen(" with ", " goes with ", 1));
    if let Some(others) = shares.get(2..).filter(|others| !others.is_empty()) {
        let sum = others.iter().map(|(_, share, _)| share).sum::<f64>();
        all.push(format!("{} with {} more", format::share(sum), others.len()));
    }
    format!(
        "Of what {units} members do each for itself in {periods} periods, {}; {} with none of these.",
        all.join(", "),
        format::share(rest)
    )
}

/// Whether the rows that move a value most look like errors.
pub(super) fn rows_look(of: &RowsLook) -> String {
    let RowsLook { of, doubled, slipped, times, high, measured } = *of;
    if doubled == 0 && slipped == 0 {
        let far = if measured { " and none lies a slip of units off all others" } else { "" };
        return format!(
            "Of the {of} rows that move it most none is another row once more{far}: rather real than errors."
        );
    }
    let mut looks = Vec::new();
    if doubled > 0 {
        let are = if doubled == 1 { "is" } else { "are" };
        looks.push(format!("{doubled} {are} another row once more but for the key"));
    }
    if slipped > 0 {
        let lie = if slipped == 1 { "lies" } else { "lie" };
        let how = match times {
            Some(times) if high => format!("{times} times too high"),
            Some(times) => format!("{times} times too low"),
            None => "a slip of units off".to_owned(),
        };
        looks.push(format!("{slipped} {lie} as if written {how}"));
    }
    format!(
        "Of the {of} rows that move it most {}: rather errors than real. Check them first.",
        looks.join(", ")
    )
}

/// Which of the suspects could have made a change.
pub(super) fn diagnosed(stand: &[Suspect], cleared: usize, untold: usize) -> String {
    let named = |of: &Suspect| match of {
        Suspect::Data => "the data".to_owned(),
        Suspect::Mix => "another mix of rows".to_owned(),
        Suspect::Members => "few members".to_owned(),
        Suspect::Left => "who left or came".to_owned(),
        Suspect::Answered => "who enters it at all".to_owned(),
        Suspect::Inputs(_) => "what it is computed of".to_owned(),
        Suspect::Believed(name) => format!("“{name}”"),
    };
    let of = stand.len() + cleared + untold;
    let open = if untold > 0 { format!("; of {untold} it cannot be told") } else { String::new() };
    if stand.is_empty() {
        return format!("Of {of} suspects none stands: tests speak against {cleared}{open}.");
    }
    let all: Vec<String> = stand.iter().map(named).collect();
    format!(
        "It could have been {}: of {of} suspects tests speak for {} and against {cleared}{open}. No proof.",
        all.join(", or "),
        stand.len()
    )
}

/// What speaks for what could have made a change.
pub(super) fn suspected(suspect: &Suspect, verdict: Verdicts) -> String {
    let (what, yes, no) = match suspect {
        Suspect::Data => (
            "The data".to_owned(),
            "not as before, or defined in another way: look there first",
            "they and the definition are as before",
        ),
        Suspect::Mix => (
            "Another mix of rows".to_owned(),
            "at the mix of the period before it would not be called out that way",
            "at the mix of the period before it would be beyond what is usual all the same",
        ),
        Suspect::Members => (
            "Few members".to_owned(),
            "without some of them the rest is within what is usual (`location`)",
            "there are no few without which the rest is within what is usual",
        ),
        Suspect::Left => (
            "Who left or came".to_owned(),
            "among those who are there in both periods it would not be called out that way",
            "nobody did, or among those who are there in both periods it is beyond what is usual all the same",
        ),
        Suspect::Answered => (
            "Who enters it at all".to_owned(),
            "another share of those who could did than in the period before",
            "as many of those who could did as in the period before",
        ),
        Suspect::Inputs(names) => (
            "What it is computed of".to_owned(),
            if names.len() == 1 {
                "one of that is beyond what is usual, too"
            } else {
                "some of that is beyond what is usual, too"
            },
            "nothing of that is beyond what is usual",
        ),
        Suspect::Believed(name) => (
            format!("“{name}”, believed to move it"),
            "it was beyond what is usual, the way that would show here",
            "it was not beyond what is usual in a way that would show here",
        ),
    };
    let which = match (suspect, verdict) {
        (Suspect::Inputs(names), Verdicts::Yes) => {
            format!(": “{}”", names.iter().take(3).cloned().collect::<Vec<_>>().join("”, “"))
        }
        _ => String::new(),
    };
    match verdict {
        Verdicts::Yes | Verdicts::Contrary => format!("{what}: {yes}{which}."),
        Verdicts::No => format!("{what}: {no}."),
        Verdicts::Unknown => format!("{what}: that cannot be told."),
    }
}
