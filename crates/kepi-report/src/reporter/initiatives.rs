//! What people set out to do: evidence, effects, budgets and quick wins, from what is published.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use kepi_insight::{
    analysis::Frames,
    effect::{Came, Untold, effect, past_of},
    frame::Figure,
    initiative::{Part, amount, score, severity},
};
use kepi_model::{
    calendar::Period,
    id::{KpiId, UnitId},
    initiative::{self as model, ExpectedEffect, Spent, compared},
    project::Kpi,
};
use kepi_query::{published::grain_text, value::Segment};

use super::Reporter;
use crate::{
    facts::Entry,
    format,
    initiatives::{
        BudgetOf, Effect, Initiative, Initiatives, LiesWithLess, Part as PartOf, QuickWin, QuickWins, Waiting,
    },
    people::PeopleAsked,
    reader::ViewError,
    reason::Reason,
    say,
    view::InitiativesView,
};

/// Millionths.
const MICRO: f64 = 1e6;

/// Why nothing is known of a KPI in a unit.
const NO_ROWS: &str = "the unit has no figures of it";

/// Where a definition says what is to come, and against what it is held.
const SAYS_WHAT_COMES: [&str; 3] = ["begins", "effects", "unit"];

/// The parts of what speaks for an initiative.
const PARTS: [&str; 3] = ["volume", "severity", "revenue_at_risk"];

/// An initiative, and what is known of it.
type Shown<'a> = (&'a model::Initiative, Initiative);

/// A part as far as it is known; none: it is not named.
type Known = Option<Result<Part, String>>;

impl<'a> Reporter<'a> {
    /// Initiatives of which all is seen: what speaks for them, what came of them, and their money. With an id only that one.
    ///
    /// # Errors
    /// There is none of this name, nobody knows what day it is, or figures cannot be read.
    pub fn initiatives(self, only: Option<&str>) -> Result<InitiativesView, ViewError> {
        let project = self.project();
        let all: Vec<&model::Initiative> =
            project.initiatives.values().filter(|of| self.sees_initiative(of)).collect();
        if let Some(id) = only
            && !all.iter().any(|of| of.id.as_str() == id)
        {
            return Err(ViewError::NotFound {
                what: format!("initiative `{id}`"),
                suggestions: vec![("All initiatives".to_owned(), "/initiatives".to_owned())],
            });
        }
        let wanted: BTreeSet<&KpiId> = all.iter().flat_map(|of| of.kpis()).collect();
        self.facts.want(&Vec::from_iter(wanted))?;
        let today = self.facts.day_asked(&PeopleAsked::default())?;
        let said = self.facts.said_since("initiative", &SAYS_WHAT_COMES)?;
        let said = |of: &model::Initiative| self.day_of(*said.get(&format!("initiative/{}", of.id))?);
        let mut shown: Vec<Shown<'a>> =
            all.iter().map(|of| (*of, self.initiative(of, said(of), today))).collect();
        self.rank(&mut shown, today);
        let quick_wins = self.quick_wins(&shown, today);
        let reallocation = reallocation(&shown);
        let budgets = budgets(&shown);
        let currency = all.first().map(|of| of.currency.clone());
        let mut initiatives: Vec<Initiative> = shown.into_iter().map(|(_, shown)| shown).collect();
        initiatives.retain(|of| only.is_none_or(|id| of.id == id));
        let day = today.to_string();
        let of = Initiatives { day, currency, initiatives, budgets, reallocation, quick_wins };
        Ok(InitiativesView { project: self.project_view(), of })
    }

    /// Whether all figures that an initiative speaks of are seen: what is not seen is not there.
    pub(super) fn sees_initiative(self, of: &model::Initiative) -> bool {
        of.kpis()
            .all(|kpi| self.project().kpis.contains_key(kpi) && self.facts.sees_kpi(kpi, of.unit.as_ref()))
    }

    /// The day of an instant in the reporting zone.
    pub(super) fn day_of(self, micros: i64) -> Option<Date> {
        let zone = TimeZone::get(&self.project().calendar.zone).unwrap_or(TimeZone::UTC);
        Some(Timestamp::from_microsecond(micros).ok()?.to_zoned(zone).date())
    }

    /// What is known of an initiative by itself.
    fn initiative(self, of: &'a model::Initiative, said: Option<Date>, today: Date) -> Initiative {
        let project = self.project();
        let state = match (of.begins, of.ends) {
            (_, Some(ends)) if ends <= today => "over",
            (Some(begins), _) if begins <= today => "runs",
            _ => "waits",
        };
        let objective = project.strategy.as_ref().and_then(|strategy| {
            strategy.objectives.iter().find(|objective| Some(&objective.id) == of.objective.as_ref())
        });
        let owner = self.somebody(Some(&of.owner)).map_or(of.owner.as_str(), |owner| owner.name.as_str());
        let (spent, spent_reason) = match self.spent(of, today) {
            Ok(spent) => (Some(spent), None),
            Err(why) => (None, Some(why)),
        };
        let effects = of.effects.iter().filter_map(|(kpi, expected)| {
            let kpi = project.kpis.get(kpi)?;
            Some(self.effect(of, kpi, *expected, said))
        });
        Initiative {
            id: of.id.to_string(),
            name: of.name.clone(),
            description: of.description.clone(),
            owner: owner.to_owned(),
            begins: of.begins.map(|day| day.to_string()),
            ends: of.ends.map(|day| day.to_string()),
            state: state.to_owned(),
            objective: objective.map(|objective| objective.name.clone()),
            unit: of.unit.as_ref().map(|unit| self.unit_name(unit).to_owned()),
            score: None,
            size: None,
            confidence: None,
            reason: None,
            parts: Vec::new(),
            budget: of.budget as f64 / MICRO,
            spent,
            spent_reason,
            said: said.map(|day| day.to_string()),
            effects: effects.collect(),
        }
    }

    /// The rows of the unit that an initiative looks at.
    fn rows_of_initiative(self, of: &model::Initiative, kpi: &Kpi) -> Result<Segment, String> {
        self.rows_of(kpi, of.unit.as_ref()).ok_or_else(|| NO_ROWS.to_owned())
    }

    /// Says what speaks for each, and puts what most speaks for first.
    fn rank(self, all: &mut [Shown<'a>], today: Date) {
        let known: Vec<[Known; 3]> = all
            .iter_mut()
            .map(|(of, shown)| {
                let named = [&of.evidence.volume, &of.evidence.severity, &of.evidence.revenue_at_risk];
                let mut of_all = [None, None, None];
                for ((name, kpi), place) in PARTS.into_iter().zip(named).zip(&mut of_all) {
                    let Some(kpi) = kpi.as_ref().and_then(|kpi| self.project().kpis.get(kpi)) else {
                        continue;
                    };
                    let (part, told) = self.part(of, name, kpi, today);
                    shown.parts.push(told);
                    *place = Some(part);
                }
                of_all
            })
            .collect();
        let largest = |place: usize| {
            let parts = known.iter().filter_map(|parts| parts.get(place)?.as_ref()?.as_ref().ok());
            parts.map(|part| part.amount).fold(0.0, f64::max)
        };
        let (most, highest) = (largest(0), largest(2));
        for ((_, shown), parts) in all.iter_mut().zip(&known) {
            for part in &mut shown.parts {
                let beside =
                    |largest: f64| part.amount.map(|of| if largest > 0.0 { of / largest } else { 0.0 });
                part.beside = match part.part.as_str() {
                    "volume" => beside(most),
                    "severity" => part.amount,
                    _ => beside(highest),
                };
            }
            match parts {
                [Some(Ok(volume)), Some(Ok(severity)), Some(Ok(revenue))] => {
                    let of = score(*volume, *severity, *revenue, (most, highest));
                    (shown.score, shown.size, shown.confidence) =
                        (Some(of.score), Some(of.size), Some(of.confidence));
                }
                [None, None, None] => shown.reason = Some("no KPI is named that speaks for it".to_owned()),
                _ => {
                    let why = PARTS.iter().zip(parts).filter_map(|(name, part)| {
                        let name = name.replace('_', " ");
                        match part {
                            None => Some(format!("no KPI says the {name}")),
                            Some(Err(why)) => Some(format!("{name}: {why}")),
                            Some(Ok(_)) => None,
                        }
                    });
                    shown.reason = Some(why.collect::<Vec<_>>().join("; "));
                }
            }
        }
        all.sort_by(|(_, a), (_, b)| {
            let key = |of: &Initiative| of.score.unwrap_or(-1.0);
            key(b).total_cmp(&key(a)).then_with(|| a.id.cmp(&b.id))
        });
    }

    /// A part of what speaks for an initiative: the newest final figure that is not too old.
    fn part(
        self,
        of: &model::Initiative,
        name: &'static str,
        kpi: &Kpi,
        today: Date,
    ) -> (Result<Part, String>, PartOf) {
        let mut told = PartOf {
            part: name.to_owned(),
            kpi: kpi.id.to_string(),
            kpi_name: kpi.name.clone(),
            period: None,
            figure: None,
            amount: None,
            beside: None,
            sure: None,
            reason: None,
        };
        let found = self.rows_of_initiative(of, kpi).and_then(|segment| {
            let running = self.project().calendar_of(kpi).period_of_day(kpi.period, today);
            let over = (1..=i32::from(of.evidence.age)).map(|ago| running.offset(-ago));
            let entries =
                over.filter_map(|period| Some((period, self.facts.entry(&kpi.id, period, &segment)?)));
            let none = || {
                let (n, word) = (of.evidence.age, grain_text(kpi.period));
                format!("none of the last {n} {word}s that are over has a final figure")
            };
            entries.into_iter().find(|(_, entry)| entry.is_final()).ok_or_else(none)
        });
        let part = found.and_then(|(period, entry)| {
            told.period = Some(self.label(period));
            let estimate = entry.value.measured().map_err(|why| Reason::from(why).text)?;
            let decimals = format::decimals(estimate.point, None, &kpi.unit);
            told.figure = Some(format::value(estimate.point, &kpi.unit, decimals));
            let covered = entry.value.coverage.share();
            let part = match name {
                "severity" => {
                    let calendar = &self.project().calendar;
                    let own = kpi.target(of.unit.as_ref(), &[], period, calendar);
                    let target = own.or_else(|| kpi.target(None, &[], period, calendar));
                    let target =
                        target.ok_or_else(|| format!("it has no target in {}", self.label(period)))?;
                    severity(estimate, covered, &target.lines, kpi.better)
                }
                _ => amount(estimate, covered),
            };
            part.map_err(|why| why.words().to_owned())
        });
        match &part {
            Ok(part) => (told.amount, told.sure) = (Some(part.amount), Some(part.sure)),
            Err(why) => told.reason = Some(why.clone()),
        }
        (part, told)
    }

    /// What an initiative came to at a KPI, by the day by which it is expected.
    fn effect(
        self,
        of: &model::Initiative,
        kpi: &Kpi,
        expected: ExpectedEffect,
        said: Option<Date>,
    ) -> Effect {
        let mut told = Effect {
            kpi: kpi.id.to_string(),
            kpi_name: kpi.name.clone(),
            expected: expected.change,
            expected_text: format::moved(expected.change, &kpi.unit),
            by: expected.by.to_string(),
            before: None,
            after: None,
            verdict: "open".to_owned(),
            change: None,
            low: None,
            high: None,
            text: String::new(),
        };
        let Some((before, after)) = of
            .begins
            .and_then(|begins| compared(begins, expected.by, kpi.period, self.project().calendar_of(kpi)))
        else {
            told.text = "it has not begun".to_owned();
            return told;
        };
        (told.before, told.after) = (Some(self.label(before)), Some(self.label(after)));
        // Whoever says what comes when it has come expects nothing.
        let over = self.project().calendar.last_day(after);
        let seen = match self.rows_of_initiative(of, kpi) {
            Err(why) => Seen::Unknown(why),
            Ok(segment) => match said.filter(|said| over.is_ok_and(|over| *said > over)) {
                None => self.seen(kpi, &segment, (before, after), expected.change),
                Some(said) => {
                    let after = self.label(after);
                    Seen::Unknown(format!("it was said on {said}, when {after} was over: nobody expected it"))
                }
            },
        };
        match seen {
            Seen::Open => told.text = format!("{} is not final yet", self.label(after)),
            Seen::Unknown(why) => (told.verdict, told.text) = ("unknown".to_owned(), why),
            Seen::Came { kept, came, change, interval } => {
                let said = |of: f64| format::moved(of, &kpi.unit);
                let between = interval.map_or(String::new(), |(low, high)| {
                    format!(" (between {} and {})", said(low), said(high))
                });
                let came = match came {
                    Came::Shown if kept => "shown",
                    Came::Shown => "shown, and less than expected",
                    Came::Contrary => "contrary",
                    Came::NotShown | Came::NotComputable(_) => "not shown",
                };
                told.text = format!("{came}: {}{between}", said(change));
                told.verdict = if kept { "kept" } else { "missed" }.to_owned();
                told.change = Some(change);
                (told.low, told.high) = (interval.map(|ends| ends.0), interval.map(|ends| ends.1));
            }
        }
        told
    }

    /// What came between two periods: before and after, as of plans.
    fn seen(self, kpi: &Kpi, segment: &Segment, (before, after): (Period, Period), expected: f64) -> Seen {
        let of = |period: Period| self.facts.entry(&kpi.id, period, segment);
        let Some(second) = of(after).filter(Entry::is_final) else { return Seen::Open };
        let Some(first) = of(before) else {
            return Seen::Unknown(format!("there is no figure of {}", self.label(before)));
        };
        match (first.value.measured(), second.value.measured()) {
            (Ok(first), Ok(second)) => {
                let past: Vec<Figure> = past_of(before)
                    .filter_map(|ordinal| self.figure(kpi, Period { ordinal, ..before }, segment))
                    .collect();
                let calendar = &self.project().calendar;
                let found = effect(kpi, calendar, (before, first), (after, second), &past, expected);
                match found.came {
                    Came::NotComputable(Untold::NoInterval) => Seen::Unknown(
                        "a figure has no interval, so chance cannot be told from change".to_owned(),
                    ),
                    Came::NotComputable(Untold::Usual(why)) => Seen::Unknown(format!(
                        "it is counted in full, so chance is what it usually varies by, and that is not known: {}",
                        say::refusal(why)
                    )),
                    came => Seen::Came {
                        kept: came == Came::Shown && found.enough,
                        came,
                        change: found.change,
                        interval: found.interval,
                    },
                }
            }
            (Err(why), _) | (_, Err(why)) => Seen::Unknown(Reason::from(why).text),
        }
    }

    /// What an initiative has spent by a day, or why nobody knows.
    fn spent(self, of: &model::Initiative, today: Date) -> Result<f64, String> {
        self.spent_within(of, (Date::MIN, today), today)
    }

    /// What was spent of an initiative from a day to another, by a day, or why nobody knows.
    pub(super) fn spent_within(
        self,
        of: &model::Initiative,
        (first, last): (Date, Date),
        today: Date,
    ) -> Result<f64, String> {
        match &of.spent {
            Spent::NotSaid => Err("nothing says what was spent".to_owned()),
            Spent::Dated(all) => {
                let within = all.iter().filter(|(on, _)| first <= *on && *on <= last.min(today));
                Ok(within.map(|(_, amount)| amount).sum::<i64>() as f64 / MICRO)
            }
            Spent::By(kpi) => {
                let Some(begins) = of.begins.filter(|begins| *begins <= last) else { return Ok(0.0) };
                let end = of.ends.and_then(|ends| ends.yesterday().ok()).unwrap_or(today).min(last);
                if end < first {
                    return Ok(0.0);
                }
                self.spent_by(kpi, of.unit.as_ref(), (begins.max(first), end), today)
            }
        }
    }

    /// What a KPI says was spent from a day to another, by a day, or why nobody knows.
    pub(super) fn spent_by(
        self,
        kpi: &KpiId,
        unit: Option<&UnitId>,
        days: (Date, Date),
        today: Date,
    ) -> Result<f64, String> {
        let kpi = self.project().kpis.get(kpi).ok_or("its KPI is not there")?;
        let segment = self.rows_of(kpi, unit).ok_or(NO_ROWS)?;
        self.spent_in(kpi, &segment, days, today, false)
    }

    /// What a KPI says was spent over a segment; where that `may_lack` rows, nothing was spent in a period of which nothing is said.
    pub(super) fn spent_in(
        self,
        kpi: &Kpi,
        segment: &Segment,
        (first, last): (Date, Date),
        today: Date,
        may_lack: bool,
    ) -> Result<f64, String> {
        let calendar = self.project().calendar_of(kpi);
        let (first, last) =
            (calendar.period_of_day(kpi.period, first), calendar.period_of_day(kpi.period, last));
        let mut spent = 0.0;
        for ordinal in first.ordinal..=last.ordinal {
            let period = Period { ordinal, ..first };
            let entry = self.facts.entry(&kpi.id, period, segment);
            match entry.as_ref().and_then(|entry| entry.value.point()) {
                Some(point) => spent += point,
                None if may_lack && entry.is_none() => {}
                // The period that is not over may have none yet.
                None if calendar.last_day(period).is_ok_and(|last| last >= today) => {}
                None => return Err(format!("{} has no figure of {}", kpi.name, self.label(period))),
            }
        }
        Ok((spent * MICRO).round() / MICRO)
    }

    /// What came to all that was expected in time and for little money, the newest first.
    fn quick_wins(self, all: &[Shown<'a>], today: Date) -> QuickWins {
        let quick = &self.project().quick_wins;
        let most = quick.budget.as_ref().map(|(budget, _)| *budget);
        let small = all.iter().filter(|(of, shown)| {
            most.is_none_or(|most| of.budget <= most) && shown.unspent().is_some_and(|left| left >= 0.0)
        });
        let mut wins: Vec<(Date, QuickWin)> =
            small.filter_map(|(of, shown)| self.quick_win(of, shown, today)).collect();
        wins.sort_by(|(a, first), (b, second)| {
            b.cmp(a).then_with(|| first.initiative.cmp(&second.initiative))
        });
        QuickWins {
            within: quick.within,
            budget: most.map(|most| most as f64 / MICRO),
            wins: wins.into_iter().map(|(_, win)| win).collect(),
        }
    }

    /// Whether all that was expected was there in the last period that is over in time. That is one look: whoever looks at every period
    /// finds one in which it seems to be there. What was missed by the day by which it was expected did not last.
    fn quick_win(self, of: &model::Initiative, shown: &Initiative, today: Date) -> Option<(Date, QuickWin)> {
        let begins = of.begins?;
        let latest = begins.checked_add(i64::from(self.project().quick_wins.within).days()).ok()?;
        if shown.effects.iter().any(|effect| effect.verdict == "missed") {
            return None;
        }
        let mut came = Vec::new();
        let mut reached = begins;
        for (kpi, expected) in &of.effects {
            let kpi = self.project().kpis.get(kpi)?;
            let by = ExpectedEffect { by: expected.by.min(latest).min(today), ..*expected };
            let (_, after) = compared(begins, by.by, kpi.period, self.project().calendar_of(kpi))?;
            let seen = self.effect(of, kpi, by, shown.said.as_ref().and_then(|day| day.parse().ok()));
            if seen.verdict != "kept" {
                return None;
            }
            reached = reached.max(self.project().calendar.last_day(after).ok()?);
            came.push(format!("{}: {}", seen.kpi_name, format::moved(seen.change?, &kpi.unit)));
        }
        let win = QuickWin {
            initiative: shown.id.clone(),
            name: shown.name.clone(),
            owner: shown.owner.clone(),
            day: reached.to_string(),
            days: (reached - begins).get_days(),
            spent: shown.spent?,
            came,
        };
        Some((reached, win))
    }
}

/// What was seen of an expected effect.
enum Seen {
    /// The later figure is not final.
    Open,
    /// A figure is not there, or says too little.
    Unknown(String),
    /// Both figures are there.
    Came {
        /// Whether all of what was expected came.
        kept: bool,
        /// Which way it went.
        came: Came,
        /// By how much.
        change: f64,
        /// Both ends of that.
        interval: Option<(f64, f64)>,
    },
}

/// Budgets by objective, those that serve none last.
fn budgets(all: &[Shown<'_>]) -> Vec<BudgetOf> {
    let mut by: BTreeMap<(bool, Option<&str>), Vec<&Shown<'_>>> = BTreeMap::new();
    for shown in all {
        let objective = shown.1.objective.as_deref();
        by.entry((objective.is_none(), objective)).or_default().push(shown);
    }
    let mut found = Vec::new();
    for ((_, objective), own) in by {
        let count = |verdict: &str| own.iter().map(|(_, of)| of.with(verdict)).sum::<u64>();
        let micro = |of: f64| (of * MICRO).round() as i64;
        found.push(BudgetOf {
            objective: objective.map(str::to_owned),
            initiatives: own.iter().map(|(_, of)| of.id.clone()).collect(),
            budget: own.iter().map(|(of, _)| of.budget).sum::<i64>() as f64 / MICRO,
            spent: own.iter().filter_map(|(_, of)| of.spent.map(micro)).sum::<i64>() as f64 / MICRO,
            spent_unknown: own.iter().filter(|(_, of)| of.spent.is_none()).count() as u64,
            kept: count("kept"),
            missed: count("missed"),
            open: count("open"),
            unknown: count("unknown"),
        });
    }
    found
}

/// Money that is not spent where less speaks for it than for something that waits, the least first.
fn reallocation(all: &[Shown<'_>]) -> Vec<LiesWithLess> {
    let of = |state: &'static str| all.iter().map(|(_, of)| of).filter(move |of| of.state == state);
    let scored = of("runs").filter_map(|running| Some((running, running.score?)));
    let found = scored.filter_map(|(running, score)| {
        let unspent = running.unspent();
        // What may be left where nobody knows what was spent is said to be unknown, and nothing where nothing is left.
        if unspent.is_some_and(|left| left <= 0.0) {
            return None;
        }
        let waiting = of("waits").filter_map(|of| {
            let own = of.score.filter(|own| *own > score)?;
            let (initiative, name) = (of.id.clone(), of.name.clone());
            Some(Waiting { initiative, name, score: own, budget: of.budget })
        });
        let waiting: Vec<Waiting> = waiting.collect();
        (!waiting.is_empty()).then(|| LiesWithLess {
            initiative: running.id.clone(),
            name: running.name.clone(),
            score,
            unspent,
            missed: running.with("missed"),
            waiting,
        })
    });
    // They come with the most first.
    let mut found: Vec<LiesWithLess> = found.collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use kepi_score::tree::Observed;
    use kepi_stats::estimate::{Estimate, Interval, Level, Method, NotComputable};

    use super::*;
    use crate::fixture::Planted;

    const PROJECT: &str = "project: world
name: World
language: 1
time_zone: UTC
---
person: ann
name: Ann
---
entity: answer
name: Answer
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: date}
  good: {type: boolean}
  paid: {type: \"money EUR, 2 decimals\"}
---
source: answers
into: answer
from: {csv: {files: \"*.csv\"}}
mode: append
map:
  id: {column: id, as: text, required: true}
  at: {column: at, as: date, required: true}
---
strategy: help
mission: We help.
perspectives:
  customers: {name: Customers}
objectives:
  quick: {name: Quick help, perspective: customers}
---
initiative: desk
name: A desk
owner: ann
begins: 2025-10-01
objective: quick
effects: {solved_b: {expect: 10%, by: 2026-01-31}}
evidence: {volume: contacts_b, severity: solved_b, revenue_at_risk: risk_b}
budget: 50000 EUR
spent: [{on: 2025-11-03, amount: 12000.10 EUR}, {on: 2026-03-02, amount: 0.40 EUR}, {on: 2026-04-01, amount: 1000 EUR}]
---
initiative: calls
name: Calls
owner: ann
objective: quick
effects: {solved_a: {expect: 5%, by: 2026-12-31}}
evidence: {volume: contacts_a, severity: solved_a, revenue_at_risk: risk_a}
budget: 30000 EUR
---
initiative: forms
name: Shorter forms
owner: ann
begins: 2025-10-15
ends: 2026-12-01
effects: {contacts_a: {expect: -400, by: 2026-02-15}, contacts_b: {expect: -1, by: 2026-12-31}}
evidence: {volume: contacts_a, severity: contacts_a}
budget: 5000 EUR
spent_by: costs
";

    fn counted(point: f64, n: u64) -> Observed {
        Ok(Estimate::exact(point, n, "counted in full"))
    }

    /// The figures that `the_score_is_that_worked_out_by_hand` works out, and those that effects are measured by. It is 2 March 2026.
    fn world(costs: &[(&str, f64)]) -> Planted {
        of("{}", costs)
    }

    fn of(quick: &str, costs: &[(&str, f64)]) -> Planted {
        let mut text = PROJECT.replace("time_zone: UTC\n", &format!("time_zone: UTC\nquick_wins: {quick}\n"));
        for x in ["a", "b"] {
            text += &format!(
                "---\nkpi: contacts_{x}\nname: Contacts {x}\nbetter: lower\nmeasure: {{count: {{of: answer}}}}\nperiod: month\n\
                 targets: [{{from: 2020-01-01, threshold: 900, target: 100}}]\n---\nkpi: solved_{x}\nname: Solved {x}\n\
                 better: higher\nmeasure: {{share: {{of: answer, which: good}}}}\nperiod: month\n\
                 targets: [{{from: 2020-01-01, floor: 0%, threshold: 50%, target: 100%}}]\n---\nkpi: risk_{x}\nname: At risk {x}\n\
                 better: lower\nmeasure: {{sum: {{of: answer, value: paid}}}}\nperiod: month\n"
            );
        }
        text += "---\nkpi: costs\nname: Costs\nbetter: lower\nmeasure: {sum: {of: answer, value: paid}}\nperiod: month\n";
        let mut world = Planted::new(&[("world.yml", text)]);
        world.plant_deliveries("answers", &[], 1_772_439_300_000_000);
        let interval = Ok(Interval::new(0.35, 0.626_752, Level::NINETY_FIVE));
        let share = Estimate { interval, method: Method::Wilson, ..Estimate::exact(0.488, 100, "") };
        let all = Segment::total();
        for (kpi, period, value, covered) in [
            ("contacts_a", "2026-02", counted(800.0, 100), 1.0),
            ("solved_a", "2026-02", Ok(share), 1.0),
            ("risk_a", "2026-02", counted(64_000.0, 100), 1.0),
            ("contacts_b", "2026-02", counted(100.0, 100), 1.0),
            ("solved_b", "2026-02", counted(0.0, 100), 1.0),
            ("risk_b", "2026-02", counted(8000.0, 64), 0.512),
            ("solved_b", "2025-09", counted(0.2, 100), 1.0),
            ("solved_b", "2025-11", counted(0.32, 100), 1.0),
            ("solved_b", "2026-01", counted(0.35, 100), 1.0),
            ("contacts_a", "2025-09", counted(800.0, 100), 1.0),
            ("contacts_a", "2026-01", counted(600.0, 100), 1.0),
        ] {
            world.plant(kpi, period, &all, value, covered);
        }
        // What they vary by while nothing happens.
        for month in 0..11 {
            let (year, of) = if month < 3 { (2024, month + 10) } else { (2025, month - 2) };
            let (period, side) = (format!("{year}-{of:02}"), if month % 2 == 0 { 1.0 } else { -1.0 });
            world.plant("solved_b", &period, &all, counted(0.2 + 0.01 * side, 100), 1.0);
            world.plant("contacts_a", &period, &all, counted(800.0 + 10.0 * side, 100), 1.0);
        }
        for (period, cost) in costs {
            world.plant("costs", period, &all, counted(*cost, 10), 1.0);
        }
        world
    }

    const COSTS: [(&str, f64); 5] =
        [("2025-10", 500.1), ("2025-11", 500.1), ("2025-12", 500.1), ("2026-01", 500.1), ("2026-02", 500.1)];

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-6), "{found:?}, not {expected}");
    }

    /// Scores as worked out there: 72 and 20; of forms nobody says what is at risk. The desk has spent 12 000.10 + 0.40 of 50 000, April is
    /// not here yet: 37 999.50 lie at 20 while 72 waits. Forms cost 500.10 in each of five months. All of the desk's ten points were there
    /// in November, the last month that is over 90 days after 1 October.
    #[test]
    fn scores_budgets_and_quick_wins_are_those_worked_out_by_hand() {
        let world = world(&COSTS);
        let of = Reporter::new(&world).initiatives(None).unwrap().of;
        assert_eq!((of.day.as_str(), of.currency.as_deref()), ("2026-03-02", Some("EUR")));
        let order: Vec<(&str, &str)> =
            of.initiatives.iter().map(|of| (of.id.as_str(), of.state.as_str())).collect();
        assert_eq!(order, [("calls", "waits"), ("desk", "runs"), ("forms", "runs")]);
        let [calls, desk, forms] = &of.initiatives[..] else { panic!("{order:?}") };
        near(calls.score, 72.0);
        near(calls.confidence, 0.9);
        near(desk.score, 20.0);
        near(desk.size, 0.25);
        let parts: Vec<(&str, Option<f64>, Option<f64>)> =
            desk.parts.iter().map(|part| (part.part.as_str(), part.beside, part.sure)).collect();
        assert_eq!(
            parts,
            [
                ("volume", Some(0.125), Some(1.0)),
                ("severity", Some(1.0), Some(1.0)),
                ("revenue_at_risk", Some(0.125), Some(0.512))
            ]
        );
        assert_eq!((forms.score, forms.reason.as_deref()), (None, Some("no KPI says the revenue at risk")));

        let spent: Vec<Option<f64>> = of.initiatives.iter().map(|of| of.spent).collect();
        assert_eq!(spent, [None, Some(12_000.5), Some(2500.5)]);
        let budgets: Vec<_> = of
            .budgets
            .iter()
            .map(|of| {
                (of.objective.as_deref(), of.budget, of.spent, of.spent_unknown, of.kept, of.missed, of.open)
            })
            .collect();
        assert_eq!(
            budgets,
            [(Some("Quick help"), 80_000.0, 12_000.5, 1, 1, 0, 1), (None, 5000.0, 2500.5, 0, 0, 1, 1)]
        );
        let [lies] = &of.reallocation[..] else { panic!("{:?}", of.reallocation) };
        assert_eq!((lies.initiative.as_str(), lies.unspent, lies.missed), ("desk", Some(37_999.5), 0));
        let waiting: Vec<(&str, f64)> =
            lies.waiting.iter().map(|of| (of.initiative.as_str(), of.budget)).collect();
        assert_eq!(waiting, [("calls", 30_000.0)]);

        let wins: Vec<(&str, &str, i32)> =
            of.quick_wins.wins.iter().map(|of| (of.initiative.as_str(), of.day.as_str(), of.days)).collect();
        assert_eq!(wins, [("desk", "2025-11-30", 60)]);
    }

    /// Two hundred fewer where four hundred were expected: it moved that way, and all of what was expected cannot have come. From the middle of October on
    /// the first whole month is November; of the 15th of February January is the last that is over.
    #[test]
    fn a_missed_effect_is_said_and_what_cannot_be_known_is_none() {
        let world = world(&COSTS[..4]);
        let of = Reporter::new(&world).initiatives(Some("forms")).unwrap().of;
        let [forms] = &of.initiatives[..] else { panic!("one is asked for") };
        let [missed, open] = &forms.effects[..] else { panic!("two are expected") };
        assert_eq!((missed.before.as_deref(), missed.after.as_deref()), (Some("2025-09"), Some("2026-01")));
        assert_eq!((missed.verdict.as_str(), missed.change), ("missed", Some(-200.0)));
        assert!(missed.text.starts_with("shown, and less than expected: "), "{}", missed.text);
        assert_eq!((open.verdict.as_str(), open.text.as_str()), ("open", "2026-12 is not final yet"));
        // February is over, and no figure says what it cost.
        assert_eq!(forms.spent, None);
        assert_eq!(forms.spent_reason.as_deref(), Some("Costs has no figure of 2026-02"));
        assert!(matches!(Reporter::new(&world).initiatives(Some("form")), Err(ViewError::NotFound { .. })));
        let lines = crate::initiatives::table(&of);
        assert_eq!(lines.lines().count(), 3, "{lines}");
    }

    /// What is counted in full has no sampling error. Where nobody knows what it varies by, nobody knows whether it came, and neither is it open.
    #[test]
    fn of_a_count_without_a_past_nothing_is_kept_or_missed() {
        let mut world = world(&COSTS);
        world.plant("contacts_a", "2025-03", &Segment::total(), Err(NotComputable::NoRows), 1.0);
        let of = Reporter::new(&world).initiatives(None).unwrap().of;
        let forms = of.initiatives.iter().find(|of| of.id == "forms").unwrap();
        assert_eq!(forms.effects[0].verdict, "unknown");
        let why = "12 earlier periods are needed, there are 11";
        assert!(forms.effects[0].text.ends_with(why), "{}", forms.effects[0].text);
        let budget = of.budgets.iter().find(|of| of.objective.is_none()).unwrap();
        assert_eq!((budget.missed, budget.open, budget.unknown), (0, 1, 1));
    }

    /// What is there in time and gone by the day by which it was expected did not last, and what nobody knows the cost of is not cheap.
    #[test]
    fn a_quick_win_lasts_and_is_cheap() {
        let wins = |world: &Planted| Reporter::new(world).initiatives(None).unwrap().of.quick_wins.wins.len();
        let mut lost = world(&COSTS);
        assert_eq!(wins(&lost), 1);
        lost.plant("solved_b", "2026-01", &Segment::total(), counted(0.2, 100), 1.0);
        assert_eq!(wins(&lost), 0);
        // No figure of October is there; and a smaller budget is asked for than it has.
        for quick in ["{within: 45}", "{budget: 49999.99 EUR}"] {
            assert_eq!(wins(&of(quick, &COSTS)), 0, "{quick}");
        }
        assert_eq!(wins(&of("{budget: 50000 EUR}", &COSTS)), 1);
    }
}
