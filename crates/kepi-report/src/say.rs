//! Sentences in English. Another language is another file like this one.
//!
//! Short, and no more than its typed form holds: what may be said of a figure is decided in `kepi-insight`.

mod analyses;

use analyses::{
    arbitrary, diagnosed, gain_untold, gains, imbalance, importance, nothing_turns, plain, predicts, relies,
    role, rows_look, suspected, uncharted, undriven, untold,
};
use kepi_insight::{
    advice::{Action, Certainty, Course},
    ahead::NoOutlook,
    change::{Judgement, Refusal, Usual, Verdict},
    policy::Ambition,
    sentence::{Distance, Line, Sentence, Side},
    trend::{TREND, Trend},
};
use kepi_model::{
    calendar::{Calendar, Period},
    project::{Kpi, ValueUnit},
};
use kepi_score::{band::Band, tree::Observed};

use crate::{
    format,
    view::{Number, Status},
};

/// Renders sentences about one KPI.
pub struct Say<'a> {
    unit: &'a ValueUnit,
    decimals: u8,
    calendar: &'a Calendar,
    /// The least and the greatest that a value can be.
    possible: (f64, f64),
}

/// What would not have been called out, of what a value can be: an index of 0 to 100 is no −20.
pub(crate) fn usual_of(usual: &Usual, (least, most): (f64, f64)) -> (f64, f64) {
    (usual.low.clamp(least, most), usual.high.clamp(least, most))
}

impl<'a> Say<'a> {
    /// One that writes figures with the digits of what was observed.
    pub fn of(kpi: &'a Kpi, observed: Option<&Observed>, calendar: &'a Calendar) -> Self {
        let estimate = observed.and_then(|o| o.as_ref().ok());
        let limits = estimate.and_then(|e| e.interval.as_ref().ok()).map(|i| (i.low, i.high));
        let point = estimate.map_or(0.0, |e| e.point);
        Self {
            unit: &kpi.unit,
            decimals: format::decimals(point, limits, &kpi.unit),
            calendar,
            possible: kpi.possible(),
        }
    }

    /// The smallest difference that it shows.
    pub fn step(&self) -> f64 {
        format::step(self.unit, self.decimals)
    }

    /// One sentence.
    pub fn sentence(&self, of: &Sentence) -> String {
        match of {
            Sentence::NoValue(reason) => format!("No value: {reason}."),
            Sentence::NoTarget => "No target is in force.".to_owned(),
            Sentence::Distance(distance) => self.distance(*distance),
            Sentence::Changed { value, by, since, course, judged, .. } => {
                let since = self.calendar.label(*since);
                let by = self.difference(*by);
                let way = match course {
                    Course::Worse => ": worse",
                    Course::Better => ": better",
                    Course::Moved | Course::Within | Course::Unknown => "",
                };
                match judged {
                    Err(why) => format!("{by} since {since}; no verdict: {}.", refusal(*why)),
                    Ok(usual) => {
                        let (value, range) = (self.number(*value).text, self.range(usual));
                        match usual.verdict {
                            Verdict::Drifting => format!(
                                "{by} since {since}; drifting {}, the last {} periods together beyond what is usual{way}.",
                                if usual.above { "up" } else { "down" },
                                usual.look
                            ),
                            Verdict::Beyond => {
                                let side = if usual.above { "above" } else { "below" };
                                format!("{by} since {since}; {value} is {side} the usual {range}{way}.")
                            }
                            Verdict::Within | Verdict::Unknown => {
                                format!("{by} since {since}; {value} is within the usual {range}.")
                            }
                        }
                    }
                }
            }
            Sentence::Trend(Trend::Worsening) => format!("Worse {} times in a row.", times(TREND)),
            Sentence::Trend(Trend::Improving) => format!("Better {} times in a row.", times(TREND)),
            Sentence::Trend(Trend::None) => "No trend.".to_owned(),
            Sentence::Where { compared, called_out, most } => match most {
                None if *compared == 1 => {
                    "The one segment compared is within its own usual variation.".to_owned()
                }
                None => {
                    format!("None of the {compared} segments compared is beyond its own usual variation.")
                }
                Some((name, value, usual)) => {
                    let side = if usual.above { "above" } else { "below" };
                    let value = self.number(*value).text;
                    let usual = match usual.verdict {
                        Verdict::Drifting => format!("drifting {}", if usual.above { "up" } else { "down" }),
                        _ => format!("{side} its usual {}", self.range(usual)),
                    };
                    let first = if *called_out == 1 { "it sits" } else { "most of all" };
                    match called_out {
                        1 => format!("Of {compared} segments compared, {first} in {name}: {value}, {usual}."),
                        _ => format!(
                            "{called_out} of {compared} segments compared are beyond their own usual variation, {first} {name}: {value}, {usual}."
                        ),
                    }
                }
            },
            Sentence::Usual { value, judged } => {
                let value = self.number(*value).text;
                match judged {
                    Err(why) => format!("No verdict: {}.", refusal(*why)),
                    Ok(usual) => match usual.verdict {
                        Verdict::Within | Verdict::Unknown => {
                            format!("No: {value} is within the usual {}.", self.range(usual))
                        }
                        Verdict::Beyond => {
                            let side = if usual.above { "above" } else { "below" };
                            format!("Yes: {value} is {side} the usual {}.", self.range(usual))
                        }
                        Verdict::Drifting => format!(
                            "Yes: it drifts {}, the last {} periods together beyond what is usual.",
                            if usual.above { "up" } else { "down" },
                            usual.look
                        ),
                    },
                }
            }
            Sentence::RestsOn { name, moves: None, .. } => {
                format!("Yes: without {name} there would be no value.")
            }
            Sentence::RestsOn { name, moves: Some(moves), rows, usual, verdict } => {
                let moves = format::moved(*moves, self.unit);
                let usual = usual.map(|usual| format::moved(usual.abs(), self.unit).replace('+', "± "));
                let rows = format::count(*rows);
                match (verdict, usual) {
                    (kepi_insight::analysis::Verdict::Yes, Some(usual)) => format!(
                        "On one: {name} alone moves it by {moves}, as much as it usually varies by ({usual}). Check that row first."
                    ),
                    (_, Some(usual)) => format!(
                        "On none alone: of {rows} rows {name} moves it most, by {moves}; it usually varies by {usual}."
                    ),
                    (_, None) => format!("Of {rows} rows {name} moves it most, by {moves}; what is usual of it is not known."),
                }
            }
            Sentence::FromOneFile { file, of_most, most, share } => format!(
                "{of_most} of the {most} rows that move it most stand in “{file}”, which has {} of the rows: rather an error of that file than real. Check it first.",
                format::share(*share)
            ),
            Sentence::RowsLook(look) => rows_look(look),
            Sentence::NotOfRows => {
                "Cannot be told: what it is made of does not add up row by row, so there is no value without one of them.".to_owned()
            }
            Sentence::Lasts { since, periods } => format!(
                "The same way since {}, {periods} periods in a row: one signal that lasts.",
                self.calendar.label(*since)
            ),
            Sentence::Faded { since, until, back } => {
                let (since, until) = (self.calendar.label(*since), self.calendar.label(*until));
                let when = if since == until { format!("in {since}") } else { format!("from {since} to {until}") };
                let now = if *back { "has come back" } else { "has stayed where it went, which has become usual" };
                format!("It was beyond what is usual {when}, and {now}.")
            }
            Sentence::InDoubt(doubt) => self.doubted(doubt),
            Sentence::Redefined { since } => {
                let since = self.calendar.label(*since);
                format!(
                    "In doubt: its definition is another than in {since}, so the two mean different things."
                )
            }
            Sentence::NotInDoubt { periods, deliveries } => {
                let rows = periods
                    .map(|n| format!("the rows behind it are as usual, compared with {n} earlier periods"));
                let files = match deliveries {
                    0 => None,
                    1 => Some("one delivery is like those before it".to_owned()),
                    n => Some(format!("{n} deliveries are like those before them")),
                };
                let both: Vec<String> = rows.into_iter().chain(files).collect();
                format!("Nothing found: {}.", both.join("; "))
            }
            Sentence::DoubtUntold { have, need } if have >= need => {
                "Cannot be told: it is not final yet, and so is not compared with earlier periods.".to_owned()
            }
            Sentence::DoubtUntold { have, need } => format!(
                "Cannot be told: {need} earlier periods of which the rows are known are needed, {there}; or {need} earlier deliveries.", there = there(*have)
            ),
            Sentence::SitsIn { members, compared, rest, other_way } => format!(
                "It sits in {}: without {} the rest is {}, {} ({compared} members compared).",
                listed(members),
                if members.len() == 1 { "it" } else { "them" },
                self.number(*rest).text,
                if *other_way { "beyond what is usual the other way" } else { "within what is usual" }
            ),
            Sentence::NothingStandsOut { compared } => {
                format!("Nothing stands out among {compared} members compared: it is not the work of a few.")
            }
            Sentence::NotAdditive => {
                "Not said: no dimension has members that make up the whole and are all shown.".to_owned()
            }
            Sentence::MadeOf { dimension, values, mix } => {
                let mut parts = self.parts(&[*values, *mix]).into_iter();
                let mut next = || parts.next().unwrap_or_default();
                format!("By {dimension}: {} from changed values, {} from another mix.", next(), next())
            }
            Sentence::Turns { dimension, total, held } => format!(
                "Yes: by {dimension} at a common mix it moved {}, the total {}: the mix has changed.",
                self.signed(*held),
                self.signed(*total)
            ),
            Sentence::NothingTurns { dimensions, gaps } => nothing_turns(*dimensions, *gaps),
            Sentence::GapTurns { member, dimension, crude, held } => format!(
                "Yes: {member} is {} against the rest, and at a common mix of {dimension} {}: the two are of another mix.",
                self.signed(*crude),
                self.signed(*held)
            ),
            Sentence::StandsApart { name, value, rest, times, of, others, compared } => {
                let more = if *others > 0 { format!(", and {others} more") } else { String::new() };
                format!(
                    "{name}{more} of {compared} members compared: now {} against {} of the rest, and apart from it the same way in {times} of the last {of} periods.",
                    self.number(*value).text,
                    self.number(*rest).text
                )
            }
            Sentence::Linked { cause, lag, found } => self.linked(cause, *lag, found),
            Sentence::Untold { causes, why } => untold(&listed(causes), *why),
            Sentence::Outlook(of) => self.expected(of),
            Sentence::IfItLasts { value } => format!(
                "That takes what was called out for something that does not last; if it does, it stays near {}.",
                self.number(*value).text
            ),
            Sentence::Backtest { within, of } => {
                format!(
                    "Of the last {of} values {within} lay in the range of 95\u{202f}% that their past lets expect a period before."
                )
            }
            Sentence::NoOutlook(why) => match why {
                NoOutlook::TooFew { have, need } => {
                    format!("No outlook: {need} final periods in a row are needed, {there}.", there = there(*have))
                }
                NoOutlook::StartsOver => {
                    "No outlook: it is counted from the beginning of its year, and starts over.".to_owned()
                }
                NoOutlook::NeverMoved => "No outlook: it never moved.".to_owned(),
            },
            Sentence::Ambition { ambition, chance, met, of, ever } => {
                let past = format!("{met} of the last {of} periods met it");
                let chance = format::probability(*chance);
                match ambition {
                    Ambition::ByItself => {
                        format!(
                            "It comes by itself: if nothing changes, the next period meets it with a chance of {chance}; {past}."
                        )
                    }
                    Ambition::Stretches => format!(
                        "Within reach, and more than comes by itself: if nothing changes, the next period meets it with a chance of {chance}; {past}."
                    ),
                    Ambition::OutOfReach if ever.0 > *met => format!(
                        "Out of reach as it goes now: if nothing changes, the next period meets it with a chance of {chance}; {past}, and {} of all {}.",
                        ever.0, ever.1
                    ),
                    Ambition::OutOfReach => format!(
                        "Out of reach of its own past: if nothing changes, the next period meets it with a chance of {chance}; {past}."
                    ),
                }
            }
            Sentence::Arbitrary { basis, out_of_reach, ever } => arbitrary(*basis, *out_of_reach, *ever),
            Sentence::OtherMeaning { name, of, unit } => {
                let of = of.as_ref().map_or_else(String::new, |of| format!(", for which {of} answers,"));
                let unit = if *unit { ", in another unit" } else { "" };
                format!("Yes: “{name}”{of} bears the same name and is measured otherwise{unit}.")
            }
            Sentence::OneMeaning { compared } => {
                format!("No: none of {compared} other KPIs bears its name and is measured otherwise.")
            }
            Sentence::Reliable { parts, alpha, range, component, rows, of_members, verdict } => {
                let of = if *of_members { "members" } else { "periods" };
                let found = format!(
                    "Cronbach's alpha of its {parts} KPIs is {} ({} to {}; {rows} {of}), and one component says {} of what they do",
                    plain(*alpha),
                    plain(range.0),
                    plain(range.1),
                    format::share(*component)
                );
                match verdict {
                    kepi_insight::analysis::Verdict::Yes => format!("Yes: {found}."),
                    kepi_insight::analysis::Verdict::No => format!("No: {found}: they tell different things."),
                    _ => format!("Cannot be told: {found}."),
                }
            }
            Sentence::NotReliable { moved: true, .. } => {
                "Cannot be told: one of its KPIs never moved, or all are of no variation together.".to_owned()
            }
            Sentence::NotReliable { have, members, periods, .. } => format!(
                "Cannot be told: all its KPIs are needed in {members} members or {periods} periods, {there}.", there = there(*have)
            ),
            Sentence::Suggested { value } => {
                format!("The next period betters {} by itself in one case of six.", self.number(*value).text)
            }
            Sentence::Room { capacity } => format!(
                "Whoever its alerts ask has room for {capacity} at once: hold that against how often each line would have asked."
            ),
            Sentence::SaysTheSame(of) => match of.correlation {
                None => format!("“{}” measures the same rows by the same rule.", of.name),
                Some(r) => format!(
                    "“{}” says the same: beyond what its own past lets expect it goes with this{}, correlation {}.",
                    of.name,
                    if r < 0.0 { " the other way round" } else { "" },
                    plain(r)
                ),
            },
            Sentence::NothingAlike { compared, open: 0 } => {
                format!(
                    "None of {compared} KPIs compared moves with it so closely that one of the two could go."
                )
            }
            Sentence::NothingAlike { compared, open } => {
                format!(
                    "None of {compared} KPIs compared says the same for sure; of {open} it cannot be told yet."
                )
            }
            Sentence::Guarded(of) => self.guarded(of),
            Sentence::Extreme { lowest, of } => {
                format!("The {} of {of} so far.", if *lowest { "lowest" } else { "highest" })
            }
            Sentence::Kept { guardrail } => format!("“{guardrail}” is kept."),
            Sentence::AlwaysMet { of } => {
                format!(
                    "Hardly: each of the last {of} periods met its target. A target that is always met asks nothing."
                )
            }
            Sentence::OnlyGrows { of } => {
                format!(
                    "Hardly: a total that did not once go the worse way in {of} periods grows with what it counts. A rate would say more."
                )
            }
            Sentence::ServesNothing => "It serves no objective.".to_owned(),
            Sentence::CanDisappoint { of } => format!("Yes: in the last {of} periods it did, or could have."),
            Sentence::InTension { other, serves, after, association, range } => format!(
                "In tension: where “{other}”{} gets better by a typical move, this moves {}{} ({} to {}), the worse way.",
                serves.as_ref().map_or(String::new(), |objective| format!(" of “{objective}”")),
                after.map_or(String::new(), |lag| format!("{} later ", crate::reporter::words::lag(lag))),
                self.signed(association.effect),
                self.signed(range.0),
                self.signed(range.1)
            ),
            Sentence::NoTension { compared: 0, of, .. } => {
                format!(
                    "Cannot be told of the {of} others: they rest on the same rows, or too little is known of both."
                )
            }
            Sentence::NoTension { compared, of, excluded: true } => {
                format!("No: of {compared} of the {of} others, a pull that would matter can be ruled out.")
            }
            Sentence::NoTension { compared, of, .. } => {
                format!(
                    "None was found among {compared} of the {of} others that could be compared; it cannot be ruled out."
                )
            }
            Sentence::Predicts { effect, found } => predicts(effect, found),
            Sentence::NoLonger { effect, since, periods, .. } => format!(
                "No longer: what it did went with “{effect}” before {}; in the {periods} periods since then nothing of that can be seen.",
                self.calendar.label(*since)
            ),
            Sentence::DropBelief { effects } => {
                format!("Drop what is believed of {}, or say anew what it moves.", listed(effects))
            }
            Sentence::Retire => {
                "Retire it, or find what it does move: nothing that it is believed to move follows it, and forecasts do not gain by it."
                    .to_owned()
            }
            Sentence::PredictsUntold { effects } => {
                format!(
                    "Cannot be told of {}: too little is known of both, or they rest on the same rows.",
                    listed(effects)
                )
            }
            Sentence::Style { name, raw, adjusted, own, alike, others } => {
                let (raw, adjusted) = (self.signed(*raw), self.signed(*adjusted));
                let same = format!("{alike} of their {others} other figures lie the same way");
                match own {
                    true => format!(
                        "{name}: {raw} against the rest, and {adjusted} beside their other figures: it is this figure ({same})."
                    ),
                    false => format!(
                        "{name}: {raw} against the rest, {adjusted} beside their other figures, within how these differ: they may be so in everything ({same})."
                    ),
                }
            }
            Sentence::Answering { name, raw, adjusted, agrees, stretch, own } => {
                let [raw, adjusted, agrees] = [raw, adjusted, agrees].map(|of| self.signed(*of));
                let way = format!("they agree by {agrees} to whatever is asked and spread {} times as far", plain(*stretch));
                match own {
                    true => format!("{name}: {raw} against the rest, and {adjusted} without their way of answering: they differ ({way})."),
                    false => format!("{name}: {raw} against the rest, {adjusted} without their way of answering, which is within chance ({way})."),
                }
            }
            Sentence::DrivenBy { by, since, parts } => self.driven(*by, *since, parts),
            Sentence::DriversUntold(why) => undriven(why),
            Sentence::Charted { points, low, high, signalling, without_season, spreading, one_in } => {
                self.charted((*points, *without_season), (*low, *high), signalling, spreading, *one_in)
            }
            Sentence::LevelChanged { since, before, now, changes, lately, limits_of } => {
                let since = self.calendar.label(*since);
                let last = if *changes > 1 { format!(", the last of {changes} changes") } else { String::new() };
                let (before, now) = (self.number(*before).text, self.number(*now).text);
                let lately = match (lately, limits_of) {
                    (true, None) => " It has not lasted long: it may have begun a period sooner or later.",
                    (true, Some(_)) => " It may have begun a period sooner or later.",
                    (false, _) => "",
                };
                let limits = limits_of.map_or(String::new(), |(have, of)| {
                    format!(" Limits rest on all {of} points still: the {have} since are too few.")
                });
                format!("Its level changed with {since}{last}: {before} before, {now} since.{lately}{limits}")
            }
            Sentence::Importance { shares, rest, units, periods } => {
                importance(shares, *rest, (*units, *periods))
            }
            Sentence::ImportanceUntold { drivers, have, need } => format!(
                "Cannot be told: {need} members of a dimension are needed of which it and its {drivers} drivers are known long enough, {}.",
                there(*have)
            ),
            Sentence::Suspected { suspect, verdict } => suspected(suspect, *verdict),
            Sentence::Diagnosed { stand, cleared, untold } => diagnosed(stand, *cleared, *untold),
            Sentence::FromStages { by, since, parts } => self.by_stages(*by, *since, parts),
            Sentence::Followed { alone, both } => self.followed(alone, both.as_ref()),
            Sentence::StageEmpty { stage } => {
                format!("Cannot be told: into “{stage}” nobody came in one of the two periods.")
            }
            Sentence::Peers { members, mean, real, differ: true } => format!(
                "Of what the {members} members differ by, {} is more than chance. Each is drawn to their mean of {} as far as its own cases are few.",
                format::share(*real),
                self.number(*mean).text
            ),
            Sentence::Peers { members, mean, .. } => format!(
                "That the {members} members differ at all cannot be told from chance: what is to be expected of each lies near their mean of {}.",
                self.number(*mean).text
            ),
            Sentence::ActedOn { acts } => format!(
                "In a year people did something about it {}: comments, plans, decisions, disputes, changes.",
                often(*acts)
            ),
            Sentence::Ignored { others, idle } => format!(
                "Nobody did anything about it in a year, and {} about others{}",
                often(*others),
                if *idle {
                    ". It cannot disappoint, either: ask whether anybody needs it."
                } else {
                    ": ask who decides by it."
                }
            ),
            Sentence::ActsUntold { need } => format!(
                "Cannot be told: in a year people did something about KPIs fewer than {need} times in all."
            ),
            Sentence::OneLevel { points } => format!("No change of its level is seen in {points} periods."),
            Sentence::Season { strength, most, least } => format!(
                "Of what is not trend {} is season: most in {}, least in {}.",
                format::share(*strength),
                self.calendar.label(*most),
                self.calendar.label(*least)
            ),
            Sentence::NoChart(why) => uncharted(*why),
            Sentence::WithLeader { leader, ahead, saved, of } => self.with_leader(leader, ahead, *saved, *of),
            Sentence::Role(of) => role(of),
            Sentence::NoLag { .. } => {
                "Cannot be told: it is said to lead, and nothing says which KPI it moves and after how long (`moves`, or a link of the strategy with a lag).".to_owned()
            }
            Sentence::Relies { scorecard, leading, predict, not, unlinked } => {
                relies(scorecard, *leading, *predict, not, *unlinked)
            }
            Sentence::Gains(of) => gains(of),
            Sentence::GainUntold { effects, why } => gain_untold(&listed(effects), *why),
            Sentence::Imbalance(of) => imbalance(of),
            Sentence::TooSmallToBalance { scorecard, kpis, need } => {
                let has = if *kpis == 1 { "1 KPI".to_owned() } else { format!("{kpis} KPIs") };
                format!("Not asked: “{scorecard}” has {has}, and balance is asked of {need} or more.")
            }
            Sentence::Balanced { scorecard } => {
                format!("Nothing is out of balance in “{scorecard}” by the limits that are looked at.")
            }
            Sentence::NobodyStandsApart { compared: 1 } => {
                "Nobody: there is one member to compare, and it does not.".to_owned()
            }
            Sentence::NobodyStandsApart { compared } => {
                format!("Nobody: none of {compared} members compared does.")
            }
            Sentence::ColourOpen { band, probability, worst, best } => {
                let sure = format!("{} sure of “{}”", format::probability(*probability), label(*band));
                if worst == best {
                    format!("Only {sure}.")
                } else {
                    format!(
                        "Only {sure}: the interval reaches from “{}” to “{}”.",
                        label(*worst),
                        label(*best)
                    )
                }
            }
            Sentence::Advised(action) => action_text(*action),
        }
    }

    /// A verdict with what it rests on.
    pub fn judged(&self, judged: &Judgement) -> String {
        match judged {
            Err(why) => format!("no verdict: {}", refusal(*why)),
            Ok(usual) => match usual.verdict {
                Verdict::Beyond => format!("beyond its usual variation, {}", self.range(usual)),
                Verdict::Drifting => {
                    format!("drifting: the last {} periods together are beyond what is usual", usual.look)
                }
                Verdict::Within | Verdict::Unknown => {
                    format!("within its usual variation, {}", self.range(usual))
                }
            },
        }
    }

    /// A difference with its sign.
    pub(crate) fn signed(&self, raw: f64) -> String {
        format::difference(raw, self.unit, self.decimals)
    }

    /// What would not have been called out, of what a value can be.
    pub(crate) fn usual(&self, usual: &Usual) -> (f64, f64) {
        usual_of(usual, self.possible)
    }

    /// Values that would not have been called out.
    fn range(&self, usual: &Usual) -> String {
        let (low, high) = self.usual(usual);
        format!("{} to {}", self.number(low).text, self.number(high).text)
    }

    /// A value with the digits of what was observed.
    pub(crate) fn number(&self, raw: f64) -> Number {
        Number::new(raw, self.unit, self.decimals)
    }
    /// What the KPI's values are.
    pub(crate) fn unit(&self) -> &ValueUnit {
        self.unit
    }
    /// A period as shown.
    pub(crate) fn label(&self, period: Period) -> String {
        self.calendar.label(period)
    }

    fn distance(&self, of: Distance) -> String {
        let line = |line: Line| match line {
            Line::Target(at) => format!("the target of {}", format::line(at, self.unit)),
            Line::LowerEnd(at) => format!("the lower end of the target, {}", format::line(at, self.unit)),
            Line::UpperEnd(at) => format!("the upper end of the target, {}", format::line(at, self.unit)),
        };
        let side = |side| match side {
            Side::Below => "below",
            Side::Above => "above",
        };
        match of {
            Distance::By { amount, side: on, line: at } => {
                format!("{} {} {}.", self.amount(amount), side(on), line(at))
            }
            Distance::ByLessThan { step, side: on, line: at } => {
                format!("Less than {} {} {}.", self.amount(step), side(on), line(at))
            }
            Distance::None { line: at } => format!("Exactly {}.", line(at)),
            Distance::Within { range: (low, high) } => format!(
                "Within the target of {} to {}.",
                format::line(low, self.unit),
                format::line(high, self.unit)
            ),
        }
    }

    /// A difference without its sign.
    fn amount(&self, raw: f64) -> String {
        let text = format::difference(raw, self.unit, self.decimals);
        text.trim_start_matches(['+', format::MINUS, '±']).to_owned()
    }

    /// A difference with its sign; one that does not show is said to be smaller than what shows.
    fn difference(&self, raw: f64) -> String {
        if raw == 0.0 {
            "Unchanged".to_owned()
        } else if raw.abs() < 0.51 * self.step() {
            format!("Less than {} {}", self.amount(self.step()), if raw < 0.0 { "down" } else { "up" })
        } else {
            format::difference(raw, self.unit, self.decimals)
        }
    }
}

/// At most three names, and how many more.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

fn label(band: Band) -> &'static str {
    Status::from(Some(band)).label()
}

fn times(n: usize) -> String {
    match n {
        6 => "six".to_owned(),
        n => n.to_string(),
    }
}

/// How often.
fn often(n: usize) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", format::count(n as u64)) }
}

/// A verdict beside a change.
pub fn verdict(of: Verdict) -> &'static str {
    match of {
        Verdict::Beyond => "beyond its usual variation",
        Verdict::Drifting => "drifting",
        Verdict::Within => "within its usual variation",
        Verdict::Unknown => "no verdict",
    }
}

/// How many there are, after what is needed.
pub(super) fn there(have: usize) -> String {
    match have {
        0 => "there is none".to_owned(),
        1 => "there is 1".to_owned(),
        n => format!("there are {n}"),
    }
}

/// Why there is no verdict, and what would lift that.
pub fn refusal(why: Refusal) -> String {
    match why {
        Refusal::TooFew { have, need } => {
            format!("{need} earlier periods are needed, {}", there(have as usize))
        }
        Refusal::NotFinal => "more data may still change it".to_owned(),
        Refusal::FewCases => "too few cases or events to judge by".to_owned(),
        Refusal::NeverMoved => "it never moved before".to_owned(),
        Refusal::Overlapping => "neighbouring periods share rows".to_owned(),
        Refusal::InDoubt => "its data are in doubt".to_owned(),
        Refusal::NotLooked => "no run has judged it".to_owned(),
    }
}

/// What is indicated.
fn action_text(of: Action) -> String {
    let how = |how: Certainty, what: &str| match how {
        Certainty::Certain => format!("{what} for certain"),
        Certainty::Likely => format!("{what}, most likely"),
        Certainty::Unsaid => format!("{what}, how surely cannot be said"),
    };
    let moving =
        |still| if still { "not moving beyond its usual variation" } else { "no verdict on its change" };
    let row = times(TREND);
    let keep = "keep the course and watch the next period";
    let there = |missed: Option<Certainty>| match missed {
        Some(certainty) => how(certainty, ", and not there yet"),
        None => "; whether it is there yet is too close to call".to_owned(),
    };
    match of {
        Action::LookAtData => {
            "Nothing was measured: look at its data before anything is made of it.".to_owned()
        }
        Action::RenewFirst => {
            "The newest run could not renew this figure: look at its data first.".to_owned()
        }
        Action::CheckData => {
            "What it is made of is not as usual: check the data before anything is made of the figure."
                .to_owned()
        }
        Action::AwaitEnd => {
            "More data may still change it: no action indicated before it is final.".to_owned()
        }
        Action::FindCause { met: None } => {
            "Getting worse, beyond its usual variation: find the cause.".to_owned()
        }
        Action::FindCause { met: Some(certainty) } => {
            format!(
                "{}, and getting worse, beyond its usual variation: find the cause.",
                how(certainty, "Still on target")
            )
        }
        Action::FindCauseOfTrend => format!("Worse {row} times in a row: find the cause."),
        Action::FindOut => "It has moved, beyond its usual variation: find out what moved it.".to_owned(),
        Action::KeepCourse { missed } => {
            format!("Getting better, beyond its usual variation{}: {keep}.", there(missed))
        }
        Action::KeepCourseOfTrend { missed } => {
            format!("Better {row} times in a row{}: {keep}.", there(missed))
        }
        Action::Plan { how: certainty, still } => {
            format!("Off target ({}), {}: a plan is needed.", how(certainty, "short of it"), moving(still))
        }
        Action::WatchColour { how: certainty, still } => format!(
            "{}, {}; only the colour is too close to call: watch the next period.",
            how(certainty, "Short of the target"),
            moving(still)
        ),
        Action::Watch { how: certainty, still } => format!(
            "{}, {}: {}.",
            how(certainty, "Short of the target"),
            moving(still),
            if still { "no action indicated before the next period" } else { "watch the next period" }
        ),
        Action::TooClose => {
            "Too close to call whether the target is met: no action indicated on this figure alone."
                .to_owned()
        }
        Action::NothingRising { met: Some(certainty) } => format!(
            "{}, and getting better, beyond its usual variation: no action indicated.",
            how(certainty, "On target")
        ),
        Action::NothingRising { met: None } => {
            "Getting better, beyond its usual variation: no action indicated.".to_owned()
        }
        Action::NothingOnTarget { how: certainty } => {
            format!("{}: no action indicated.", how(certainty, "On target"))
        }
        Action::NothingWithin => "Within its usual variation: no action indicated.".to_owned(),
        Action::NothingKnown => {
            "Neither a target nor a verdict on its change: nothing is indicated by this figure.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use kepi_insight::{
        advice::{Colour, Data, Doubt, Reach, Situation, advise},
        ahead::{Ahead, Outlook},
        analysis::Verdict as Verdicts,
        doubt::{Delivery, Range, Suspicion},
        foretold::Kept,
        guardrail::{Held, Untold as Unheld},
        link,
        sentence::{
            Alike, Charting, Gain, Guarded, Imbalance, NoChart, NoDrivers, NoGain, Role, RowsLook, Spreading,
            StagePart, Suspect,
        },
    };
    use kepi_model::{
        calendar::{FiscalCalendar, Grain},
        measure::Indicator,
        project::{BasisKind, Bound, Demand, TargetLines},
    };
    use proptest::prelude::*;

    use super::*;

    fn month() -> Period {
        Period::new(Grain::Month, 640, FiscalCalendar::default())
    }

    /// What is said in every situation of a final figure without a trend, one line each.
    #[test]
    fn what_is_indicated_in_every_situation() {
        let mut lines = Vec::new();
        let courses = [Course::Worse, Course::Better, Course::Moved, Course::Within, Course::Unknown];
        let mut standings = vec![(Reach::NoTarget, None), (Reach::Open, Some((Colour::Amber, Doubt::Open)))];
        for how in [Certainty::Certain, Certainty::Likely, Certainty::Unsaid] {
            standings.push((Reach::Met(how), Some((Colour::Met, Doubt::Sure))));
            for colour in [Colour::Red, Colour::Amber] {
                standings.extend([Doubt::Sure, Doubt::Open].map(|d| (Reach::Missed(how), Some((colour, d)))));
            }
        }
        for course in courses {
            for (reach, colour) in &standings {
                let situation = Situation {
                    data: Data::Final,
                    course,
                    reach: *reach,
                    colour: *colour,
                    trend: Trend::None,
                };
                let said = action_text(advise(situation));
                let words = said.split_whitespace().count();
                assert!(words <= 34 && said.ends_with('.'), "{said}");
                lines.push(format!("{course:?} {reach:?} {colour:?}: {said}"));
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    /// Every form that analyses speak in: short, ended, and never claiming a cause.
    #[test]
    fn what_analyses_say_is_short_and_claims_no_cause() {
        let usual = |verdict, above| Usual {
            verdict,
            above,
            expected: 0.5,
            low: 0.45,
            high: 0.55,
            spread: 0.01,
            degrees: 12.0,
            p: 0.001,
            limit: 0.002,
            look: 3,
            periods: 24,
        };
        let verdicts = [Verdict::Within, Verdict::Beyond, Verdict::Drifting];
        let judged = verdicts.into_iter().flat_map(|v| [Ok(usual(v, true)), Ok(usual(v, false))]);
        let refusals = [
            Refusal::TooFew { have: 3, need: 12 },
            Refusal::NotFinal,
            Refusal::FewCases,
            Refusal::NeverMoved,
            Refusal::Overlapping,
            Refusal::InDoubt,
            Refusal::NotLooked,
        ];
        let mut claiming: Vec<Sentence> = Vec::new();
        let judged: Vec<Judgement> = judged.chain(refusals.map(Err)).collect();
        let name = || "boarding area International Terminal G".to_owned();
        let mut all: Vec<Sentence> =
            judged.iter().map(|judged| Sentence::Usual { value: 0.41, judged: *judged }).collect();
        for judged in &judged {
            for course in [Course::Worse, Course::Better, Course::Moved, Course::Within, Course::Unknown] {
                let since = month();
                let period = since.offset(1);
                all.push(Sentence::Changed {
                    value: 0.41,
                    by: -0.032,
                    since,
                    course,
                    judged: *judged,
                    period,
                });
            }
        }
        for called_out in 0..4 {
            let most = (called_out > 0).then(|| (name(), 0.41, usual(Verdict::Beyond, false)));
            all.push(Sentence::Where { compared: 25, called_out, most });
        }
        for count in 1..5 {
            all.push(Sentence::SitsIn {
                members: vec![name(); count],
                compared: 25,
                rest: 0.44,
                other_way: false,
            });
        }
        let period = month();
        all.push(Sentence::Lasts { since: period, periods: 3 });
        for (moves, usual, verdict) in [
            (Some(0.02), Some(0.01), kepi_insight::analysis::Verdict::Yes),
            (Some(-0.000_2), Some(0.01), kepi_insight::analysis::Verdict::No),
            (Some(0.000_2), None, kepi_insight::analysis::Verdict::Unknown),
            (None, None, kepi_insight::analysis::Verdict::Yes),
        ] {
            let name = "row 2015-0007 (data/survey-2015.csv row 7)".to_owned();
            all.push(Sentence::RestsOn { name, moves, rows: 2_831, usual, verdict });
        }
        all.push(Sentence::NotOfRows);
        let file = "data/survey-2015.csv".to_owned();
        all.push(Sentence::FromOneFile { file, of_most: 8, most: 10, share: 0.031 });
        for (until, back) in [(period, true), (period.offset(2), false)] {
            all.push(Sentence::Faded { since: period, until, back });
        }
        let delivery = || Delivery {
            source: "Tickets of the service desk".to_owned(),
            file: "data/tickets_2026-05-03.csv".to_owned(),
            at: 1_777_800_000_000_000,
        };
        for range in [0.2, 0.5].map(|have| Range { have, expected: 0.35, low: 0.3, high: 0.4 }) {
            let rows = Range { have: range.have * 1e5, expected: 3.5e4, low: 3e4, high: 4e4 };
            all.extend(
                [
                    Suspicion::Rows(rows),
                    Suspicion::Covered(range),
                    Suspicion::Delivered(delivery(), rows),
                    Suspicion::Rejected(delivery(), range),
                    Suspicion::Missing(delivery(), "closed at".to_owned(), range),
                    Suspicion::Stopped(delivery(), "12 % of rows break `closed`, more than 5 %.".to_owned()),
                ]
                .map(Sentence::InDoubt),
            );
        }
        for (periods, deliveries) in [(Some(24), 0), (None, 1), (Some(24), 3)] {
            all.push(Sentence::NotInDoubt { periods, deliveries });
        }
        let period = month();
        let ahead =
            Ahead { period, expected: 0.5, low: 0.45, high: 0.55, place: 0.78, spread: 0.03, degrees: 20.0 };
        let range =
            TargetLines::InRange { floor: None, threshold: (0.2, 0.8), target: (0.4, 0.6), stretch: None };
        let one = TargetLines::OneSided { floor: None, threshold: 0.4, target: 0.5, stretch: None };
        let targets = [range, one]
            .into_iter()
            .flat_map(|lines| [0.001, 0.4, 0.999].map(|chance| Some((lines, chance))));
        all.extend(targets.chain([None]).map(|target| Sentence::Outlook(Outlook { ahead, target })));
        all.push(Sentence::IfItLasts { value: 0.7 });
        for why in [NoOutlook::TooFew { have: 3, need: 24 }, NoOutlook::StartsOver, NoOutlook::NeverMoved] {
            all.push(Sentence::NoOutlook(why));
        }
        for ambition in [Ambition::ByItself, Ambition::Stretches, Ambition::OutOfReach] {
            for ever in [(4, 34), (10, 34)] {
                all.push(Sentence::Ambition { ambition, chance: 0.4, met: 4, of: 12, ever });
            }
        }
        let found = |verdict| link::Found {
            verdict,
            association: link::Association {
                effect: -0.02,
                error: 0.01,
                degrees: 29.0,
                moves: 0.1,
                units: Some(30),
                periods: 24,
            },
            range: (-0.04, -0.001),
            worth: Some(0.02),
        };
        for verdict in [Verdicts::Yes, Verdicts::No, Verdicts::Contrary, Verdicts::Unknown] {
            let effect = name();
            claiming.push(Sentence::Predicts { effect, found: found(verdict) });
        }
        for correlation in [None, Some(0.93), Some(-0.93)] {
            all.push(Sentence::SaysTheSame(Alike { name: name(), correlation }));
        }
        for (compared, excluded) in [(0, false), (3, true), (3, false)] {
            all.push(Sentence::NoTension { compared, of: 4, excluded });
            all.push(Sentence::NothingAlike { compared: 12, open: compared });
        }
        let demands =
            [Demand::NotWorse, Demand::Within(Bound { at_least: Some(0.75), at_most: None })].into_iter();
        let untold =
            [Unheld::NoValue, Unheld::NotFinal, Unheld::TooClose, Unheld::NotJudged].map(Held::Unknown);
        for demand in demands {
            for held in [Held::Yes, Held::No(0.7)].into_iter().chain(untold) {
                let (guardrail, kpi, unit) = (name(), name(), ValueUnit::Share);
                all.push(Sentence::Guarded(Guarded { guardrail, kpi, unit, demand, held }));
            }
        }
        all.push(Sentence::Kept { guardrail: name() });
        all.extend([true, false].map(|lowest| Sentence::Extreme { lowest, of: 14 }));
        for own in [true, false] {
            all.push(Sentence::Style {
                name: name(),
                raw: -0.08,
                adjusted: -0.01,
                own,
                alike: 12,
                others: 13,
            });
        }
        all.extend(
            [
                Imbalance::Indicators { leading: 1, lagging: 12, least: 0.2 },
                Imbalance::Drivers { drivers: 9, outcomes: 1, least: 0.2 },
                Imbalance::NoGoal { goals: 1 },
                Imbalance::NoGoal { goals: 3 },
                Imbalance::Slow { soonest: Grain::Year, decides: (1, Grain::Month) },
                Imbalance::Unmeasured { perspective: name() },
                Imbalance::Heavy { perspective: name(), weight: 7_000, most: 0.45 },
                Imbalance::Many { of: name(), kpis: 12, most: 5 },
                Imbalance::Evidence { judged: 14, counted: 0, least: 0.1 },
                Imbalance::Evidence { judged: 1, counted: 14, least: 0.1 },
            ]
            .map(Sentence::Imbalance),
        );
        all.extend([
            Sentence::AlwaysMet { of: 12 },
            Sentence::OnlyGrows { of: 12 },
            Sentence::CanDisappoint { of: 12 },
            Sentence::ServesNothing,
            Sentence::Room { capacity: 3 },
            Sentence::StageEmpty { stage: name() },
            Sentence::Answering {
                name: name(),
                raw: 0.4,
                adjusted: 0.02,
                agrees: 0.38,
                stretch: 1.3,
                own: false,
            },
            Sentence::Answering {
                name: name(),
                raw: -0.4,
                adjusted: -0.42,
                agrees: 0.01,
                stretch: 0.98,
                own: true,
            },
            Sentence::InTension {
                other: name(),
                serves: None,
                after: None,
                association: found(Verdicts::No).association,
                range: (-0.04, -0.001),
            },
            Sentence::InTension {
                other: name(),
                serves: Some("Fast answers".to_owned()),
                after: Some((2, Grain::Month)),
                association: found(Verdicts::No).association,
                range: (-0.04, -0.001),
            },
            Sentence::Importance {
                shares: vec![
                    (name(), 0.25, (0.18, 0.32)),
                    (name(), 0.09, (0.02, 0.16)),
                    (name(), 0.01, (0.0, 0.02)),
                ],
                rest: 0.65,
                units: 50,
                periods: 36,
            },
            Sentence::ImportanceUntold { drivers: 3, have: 4, need: 10 },
            Sentence::Peers { members: 18, mean: 0.26, real: 0.3, differ: true },
            Sentence::Peers { members: 18, mean: 0.26, real: 0.0, differ: false },
            Sentence::ActedOn { acts: 1 },
            Sentence::ActedOn { acts: 3 },
            Sentence::Ignored { others: 40, idle: true },
            Sentence::Ignored { others: 12, idle: false },
            Sentence::ActsUntold { need: 12 },
            Sentence::NoLonger { effect: name(), since: period, before: 0.02, after: 0.0, periods: 20 },
            Sentence::PredictsUntold { effects: vec![name(), name()] },
            Sentence::DropBelief { effects: vec![name()] },
            Sentence::Retire,
            Sentence::Balanced { scorecard: name() },
            Sentence::TooSmallToBalance { scorecard: name(), kpis: 1, need: 4 },
            Sentence::TooSmallToBalance { scorecard: name(), kpis: 3, need: 4 },
            Sentence::Backtest { within: 11, of: 12 },
            Sentence::Suggested { value: 0.5 },
            Sentence::Redefined { since: month() },
            Sentence::DoubtUntold { have: 3, need: 8 },
            Sentence::NothingStandsOut { compared: 25 },
            Sentence::NotAdditive,
            Sentence::MadeOf { dimension: "boarding area".to_owned(), values: -0.03, mix: 0.002 },
            Sentence::Turns { dimension: "boarding area".to_owned(), total: -0.03, held: 0.02 },
            Sentence::NothingTurns { dimensions: 3, gaps: 8 },
            Sentence::NothingTurns { dimensions: 1, gaps: 0 },
            Sentence::GapTurns { member: name(), dimension: "language".to_owned(), crude: 0.1, held: -0.02 },
            Sentence::StandsApart {
                name: name(),
                value: 0.41,
                rest: 0.53,
                times: 3,
                of: 4,
                others: 2,
                compared: 25,
            },
            Sentence::NobodyStandsApart { compared: 25 },
            Sentence::NoLag { said: Some(Indicator::Leading) },
        ]);
        for (left, beyond_cycle, said) in
            [(30.4, true, None), (-30.4, false, Some(Indicator::Leading)), (-3.0, false, None)]
        {
            let (lag, period, decides) = ((2, Grain::Quarter), Grain::Month, (2, Grain::Week));
            all.push(Sentence::Role(Role { effect: name(), lag, period, decides, left, beyond_cycle, said }));
        }
        for count in 1..6 {
            let parts = (0..count).map(|at| (name(), 0.013 - 0.004 * f64::from(at))).collect();
            all.push(Sentence::DrivenBy { by: 0.02, since: period, parts });
        }
        let step = StagePart::Step("evaluation".to_owned(), "purchase".to_owned());
        let stages = [
            (StagePart::Entries("evaluation".to_owned()), -0.03),
            (step, 0.012),
            (StagePart::Values("onboarding".to_owned()), 0.004),
            (StagePart::Mix, 0.002),
        ];
        for count in 1..=stages.len() {
            let parts = stages.iter().take(count).cloned().collect();
            all.push(Sentence::FromStages { by: -0.012, since: period, parts });
        }
        let inputs = Suspect::Inputs(vec![name()]);
        for stand in [vec![], vec![Suspect::Mix], vec![Suspect::Data, inputs, Suspect::Believed(name())]] {
            for untold in [0, 2] {
                all.push(Sentence::Diagnosed { stand: stand.clone(), cleared: 3, untold });
            }
        }
        let kept = |of, within, missed| Kept { of, within, missed };
        for (alone, both) in [
            (kept(1, 1, 0.013), None),
            (kept(8, 7, 0.013), None),
            (kept(8, 8, 0.013), Some([kept(5, 5, 0.012), kept(5, 4, 0.01)])),
            (kept(8, 8, 0.013), Some([kept(5, 5, 0.012), kept(5, 5, 0.02)])),
        ] {
            all.push(Sentence::Followed { alone, both });
        }
        let look = RowsLook { of: 10, measured: true, ..RowsLook::default() };
        let slipped = RowsLook { slipped: 3, times: Some(100), high: true, ..look };
        for look in [
            look,
            RowsLook { measured: false, ..look },
            RowsLook { doubled: 1, ..look },
            slipped,
            RowsLook { slipped: 1, ..slipped },
            RowsLook { doubled: 2, high: false, ..slipped },
            RowsLook { times: None, ..slipped },
        ] {
            all.push(Sentence::RowsLook(look));
        }
        let (of, redefined) = (name(), NoDrivers::Redefined);
        let too_many = NoDrivers::TooMany { have: 40, most: 20 };
        for why in [NoDrivers::NoValue { of }, redefined, NoDrivers::Restated, too_many, NoDrivers::Undefined]
        {
            all.push(Sentence::DriversUntold(why));
        }
        for why in [NoChart::TooFew { have: 3, need: 12 }, NoChart::Overlapping, NoChart::NeverMoved] {
            all.push(Sentence::NoChart(why));
        }
        for signalling in [vec![], vec![period], vec![period; 4]] {
            let kinds = [Charting::Individuals, Charting::Shares, Charting::Events];
            let spreads = [(1.1, false, false), (1.7, true, false), (2.3, true, true)];
            for (of, (factor, beyond, widened)) in kinds.into_iter().zip(spreads) {
                let without_season = signalling.len() > 1 && of == Charting::Individuals;
                let (points, low, high, one_in) = (36, 0.4, 0.5, 152.7);
                let spreading = Spreading { of, factor, beyond, widened };
                let signalling = signalling.clone();
                all.push(Sentence::Charted {
                    points,
                    low,
                    high,
                    signalling,
                    without_season,
                    spreading,
                    one_in,
                });
            }
        }
        for verdict in [Verdicts::Yes, Verdicts::No, Verdicts::Unknown] {
            let suspects = [
                Suspect::Data,
                Suspect::Mix,
                Suspect::Members,
                Suspect::Left,
                Suspect::Answered,
                Suspect::Inputs(vec![name(); 2]),
                Suspect::Believed(name()),
            ];
            all.extend(suspects.map(|suspect| Sentence::Suspected { suspect, verdict }));
        }
        all.push(Sentence::OneLevel { points: 36 });
        for changes in 1..3 {
            for lately in [false, true] {
                let limits_of = lately.then_some((3, 30));
                let (before, now) = (0.4, 0.5);
                all.push(Sentence::LevelChanged { since: period, before, now, changes, lately, limits_of });
            }
        }
        all.push(Sentence::Season { strength: 0.62, most: period, least: period });
        for saved in [0.14, -0.03] {
            all.push(Sentence::WithLeader { leader: name(), ahead, saved, of: 12 });
        }
        for basis in [BasisKind::History, BasisKind::Negotiated] {
            for (out_of_reach, ever) in [(true, (0, 34)), (true, (10, 34)), (false, (34, 34))] {
                all.push(Sentence::Arbitrary { basis, out_of_reach, ever });
            }
        }
        for of in [None, Some("Maria Ortiz".to_owned())] {
            all.push(Sentence::OtherMeaning { name: name(), unit: of.is_some(), of });
        }
        all.push(Sentence::OneMeaning { compared: 40 });
        for verdict in [Verdicts::Yes, Verdicts::No, Verdicts::Unknown] {
            let (alpha, range, component, rows) = (0.82, (0.74, 0.88), 0.61, 40);
            let of_members = verdict == Verdicts::Yes;
            all.push(Sentence::Reliable { parts: 4, alpha, range, component, rows, of_members, verdict });
        }
        for moved in [true, false] {
            all.push(Sentence::NotReliable { have: 3, members: 10, periods: 12, moved });
        }
        for not in [vec![], vec![name()], vec![name(); 4]] {
            let unlinked = not.len() / 2;
            all.push(Sentence::Relies {
                scorecard: "Customers".to_owned(),
                leading: 9,
                predict: 2,
                not,
                unlinked,
            });
        }
        for (verdict, members) in [(Verdicts::Yes, None), (Verdicts::No, Some(30)), (Verdicts::Unknown, None)]
        {
            let (share, range) = (0.12, (-0.01, 0.19));
            all.push(Sentence::Gains(Gain { effect: name(), share, range, periods: 18, members, verdict }));
        }
        for why in
            [NoGain::Untold(link::Untold::SameRows), NoGain::NotAhead, NoGain::TooFew { have: 12, need: 22 }]
        {
            all.push(Sentence::GainUntold { effects: vec![name()], why });
        }
        let calendar = Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None };
        let say = Say { unit: &ValueUnit::Share, decimals: 1, calendar: &calendar, possible: (0.0, 1.0) };
        for sentence in all.iter().chain(&claiming) {
            let said = say.sentence(sentence);
            let words = said.split_whitespace().count();
            assert!(words <= 40 && said.ends_with('.') && !said.contains(".."), "{words}: {said}");
            // What says that a cause is not shown names it.
            let said = said.replace("That it is the cause is not shown.", "");
            for claim in ["cause", "because", "due to", "led to", "effect"] {
                assert!(!said.contains(claim), "{said}");
            }
        }
    }

    fn any_unit() -> impl Strategy<Value = ValueUnit> {
        prop::sample::select(vec![
            ValueUnit::Count,
            ValueUnit::Number { decimals: 2 },
            ValueUnit::Share,
            ValueUnit::NetPromoter,
            ValueUnit::Rating { low: 1, high: 5 },
            ValueUnit::Money { currency: "EUR".to_owned() },
            ValueUnit::Duration,
            ValueUnit::Rate { per: 1000 },
        ])
    }

    proptest! {
        #[test]
        fn nothing_is_off_by_nothing(
            unit in any_unit(), value in -5.0..5.0f64, target in -5.0..5.0f64, size in -6..7i32, decimals in 0..3u8, near in any::<bool>(),
        ) {
            let scale = 10f64.powi(size);
            let value = if near { target + value * 1e-4 } else { value };
            let (value, target) = (value * scale, target * scale);
            let calendar = Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None };
            let say = Say { unit: &unit, decimals, calendar: &calendar, possible: (f64::NEG_INFINITY, f64::INFINITY) };
            let lines = TargetLines::OneSided { floor: None, threshold: target - scale, target, stretch: None };
            let said = say.sentence(&Sentence::Distance(Distance::of(value, &lines, say.step())));
            prop_assert!(!said.contains('±'), "{}", said);
            let amount = said.split(" below ").next().and_then(|s| s.split(" above ").next()).unwrap();
            let exact = said.starts_with("Exactly");
            prop_assert!(exact || amount.bytes().any(|b| (b'1'..=b'9').contains(&b)), "{}", said);
            prop_assert!(!say.difference(value - target).contains('±'));
        }
    }
}
