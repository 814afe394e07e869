//! KPIs that come to their end, beside those that are to be used instead.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    id::KpiId,
    project::{Kpi, Measure, ValueUnit},
};
use kepi_query::{
    cells::View,
    measure::kind_of,
    state::wire::CellStates,
    value::{Segment, Value},
};
use kepi_stats::{
    estimate::{Estimate, Level, NotComputable},
    survey::splice::{AnswerSums, Linear, Parallel, linear, parallel_periods},
};

use super::Reporter;
use crate::{
    format,
    people::PeopleAsked,
    view::{BridgedRow, BridgedView, EarlierView, EndingView, Measured, Named},
};

impl<'a> Reporter<'a> {
    /// That a KPI comes to its end, or did, with what is to be used instead; none: nothing is said of that.
    pub(crate) fn ending(self, kpi: &Kpi) -> Option<EndingView> {
        let kpi = self.project().kpis.get(&kpi.id)?;
        let life = kpi.life?;
        let seen = |id: &KpiId| self.facts.sees_kpi(id, None);
        let successor =
            kpi.successor.as_ref().and_then(|id| self.project().kpis.get(id)).filter(|of| seen(&of.id));
        Some(EndingView {
            state: match life.on(self.day_shown(kpi)?) {
                "sunset" if self.project().runs_in_shadow(kpi, self.day_shown(kpi)?) => "shadow",
                state => state,
            },
            sunset: life.sunset.to_string(),
            retired: life.retired.map(|day| day.to_string()),
            successor: successor.map(|of| Named::new(&of.id, &of.name)),
            bridge: successor.map(|of| self.bridged(kpi, of)),
        })
    }

    /// KPIs that one is to be used instead of, each beside it.
    pub(crate) fn succeeds(self, kpi: &Kpi) -> Vec<(Named, BridgedView)> {
        let all = self.project().kpis.values();
        let before = all.filter(|of| of.life.is_some() && of.successor.as_ref() == Some(&kpi.id));
        let before = before.filter(|of| self.facts.sees_kpi(&of.id, None));
        let Some(whole) = self.project().kpis.get(&kpi.id) else { return Vec::new() };
        before.map(|of| (Named::new(&of.id, &of.name), self.bridged(of, whole))).collect()
    }

    /// What the course of a KPI continues: figures of one before it, on its level, of the periods right before its first.
    pub(crate) fn earlier(self, kpi: &Kpi, succeeds: &[(Named, BridgedView)]) -> Option<EarlierView> {
        let (first, _) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
        succeeds.iter().find_map(|(of, bridge)| {
            let mut points: Vec<(String, Measured)> = Vec::new();
            for row in bridge.rows.iter().filter(|row| row.ordinal < first) {
                let moved = row.moved.clone().filter(|_| row.ordinal + 1 + points.len() as i32 == first);
                let Some(moved) = moved else { break };
                points.push((row.period.clone(), moved));
            }
            points.reverse();
            (!points.is_empty()).then(|| EarlierView { of: of.clone(), points })
        })
    }

    /// Today, or where nobody knows what day it is the last day of which there are figures.
    fn day_shown(self, kpi: &Kpi) -> Option<Date> {
        let newest = || {
            let (_, ordinal) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            self.project().calendar.last_day(self.project().period(kpi, kpi.period, ordinal)).ok()
        };
        self.facts.day_asked(&PeopleAsked::default()).ok().or_else(newest)
    }

    /// The figures of both over all rows, where both have them, with how far they lie apart; and what the older ones would be on the level of
    /// the new.
    fn bridged(self, old: &Kpi, new: &Kpi) -> BridgedView {
        let nothing =
            |said: &str| BridgedView { said: said.to_owned(), by: None, varies: None, rows: Vec::new() };
        let are_scales =
            matches!((&old.unit, &new.unit), (ValueUnit::Rating { .. }, ValueUnit::Rating { .. }));
        if old.period != new.period || (old.unit != new.unit && !are_scales) {
            return nothing(
                "they are not measured by the same periods in the same unit, so nothing is put side by side",
            );
        }
        let (then, now) = (self.final_figures(old), self.final_figures(new));
        let both: Vec<(&Value, &Value)> =
            then.iter().filter_map(|(at, old)| Some((old, now.get(at)?))).collect();
        let level = Level::new(self.project().confidence).unwrap_or(Level::NINETY_FIVE);
        let estimate = |of: &Value| of.estimate.as_ref().ok().cloned();
        let (bridge, said) = if old.unit == new.unit {
            self.by_periods((old, &then), (new, &now), &both)
        } else {
            let sums = |kpi: &Kpi, of: &[&Value]| answers(kpi, of);
            let (olds, news): (Vec<&Value>, Vec<&Value>) = both.iter().copied().unzip();
            let found = sums(old, &olds)
                .and_then(|a| Ok((a, sums(new, &news)?)))
                .and_then(|(a, b)| Ok((linear(a, b, level)?, a.n, b.n)));
            match found {
                _ if both.is_empty() => (None, NO_BOTH.to_owned()),
                Err(reason) => (None, format!("one scale cannot be carried over to the other: {reason}")),
                Ok((of, a, b)) => {
                    let said = format!(
                        "in {} that both have, {} answers to {} and {} to {}: an answer as many standard deviations from the mean is the same on either scale, so that one point of the old is {} of the new; earlier figures continue the later ones",
                        periods(both.len()),
                        a,
                        old.name,
                        b,
                        new.name,
                        format::value(of.slope, &ValueUnit::Number { decimals: 2 }, 2),
                    );
                    (Some(Bridge::Scales(of)), said)
                }
            }
        };
        let (by, varies) = match &bridge {
            Some(Bridge::Periods(of)) => (Some(of.by.clone()), of.between.filter(|between| *between > 0.0)),
            _ => (None, None),
        };
        let mut all: Vec<i32> = then.keys().chain(now.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        let rows = all.into_iter().rev().map(|ordinal| {
            let (own, other) = (then.get(&ordinal).and_then(estimate), now.get(&ordinal).and_then(estimate));
            let is_alike = old.unit == new.unit;
            BridgedRow {
                period: self.label(self.project().period(old, old.period, ordinal)),
                ordinal,
                old: own.as_ref().map(|of| Measured::new(of, &old.unit).value.text),
                new: other.as_ref().map(|of| Measured::new(of, &new.unit).value.text),
                difference: own.as_ref().zip(other.as_ref()).filter(|_| is_alike).map(|(own, other)| {
                    let by = other.point - own.point;
                    format::difference(by, &old.unit, format::decimals(by, None, &old.unit))
                }),
                moved: match (own, other, &bridge) {
                    (Some(own), None, Some(bridge)) => {
                        moved(bridge.moved(&own), new.possible()).map(|of| Measured::new(&of, &new.unit))
                    }
                    _ => None,
                },
            }
        });
        let by = by.map(|by| {
            let mut shown = Measured::new(&by, &old.unit);
            shown.value.text =
                format::difference(by.point, &old.unit, format::decimals(by.point, None, &old.unit));
            shown
        });
        BridgedView { rows: rows.collect(), said, by, varies }
    }

    /// Final measured figures over all rows, by period.
    fn final_figures(self, kpi: &Kpi) -> BTreeMap<i32, Value> {
        let Some((first, last)) = self.facts.span(&kpi.id, kpi.period, &Segment::total()) else {
            return BTreeMap::new();
        };
        let of = |ordinal: i32| {
            let period = self.project().period(kpi, kpi.period, ordinal);
            let entry = self.facts.entry(&kpi.id, period, &Segment::total())?;
            let measured = entry.value.estimate.as_ref().is_ok_and(|of| of.not_measured().is_none());
            (measured && entry.is_final()).then_some((ordinal, entry.value))
        };
        (first..=last).filter_map(of).collect()
    }

    /// How far the new lies from the old where both have figures, and whether that is beyond chance. Where none has both, the last of the
    /// old beside the first of the new: by that nothing is moved.
    fn by_periods(
        self,
        (old, then): (&Kpi, &BTreeMap<i32, Value>),
        (new, now): (&Kpi, &BTreeMap<i32, Value>),
        both: &[(&Value, &Value)],
    ) -> (Option<Bridge>, String) {
        let level = Level::new(self.project().confidence).unwrap_or(Level::NINETY_FIVE);
        let unit = &old.unit;
        let found = |pairs: &[(&Value, &Value)]| {
            let pairs: Vec<(&Estimate, &Estimate)> = pairs
                .iter()
                .filter_map(|(old, new)| Some((old.estimate.as_ref().ok()?, new.estimate.as_ref().ok()?)))
                .collect();
            parallel_periods(&pairs, level).ok()
        };
        let shown = |by: &Estimate| {
            let limits = by.interval.as_ref().ok().map(|of| (of.low, of.high));
            let decimals = format::decimals(by.point, limits, unit);
            let difference = |by: f64| format::difference(by, unit, decimals);
            match limits {
                Some((low, high)) => {
                    format!("{} ({} to {})", difference(by.point), difference(low), difference(high))
                }
                None => difference(by.point),
            }
        };
        if let Some(of) = found(both) {
            let drift = match &of.by.interval {
                Ok(interval) if interval.low > 0.0 || interval.high < 0.0 => {
                    "answers drifted, beyond chance".to_owned()
                }
                Ok(_) => "a drift is not beyond chance".to_owned(),
                Err(reason) => format!("whether that is beyond chance is not known ({reason})"),
            };
            let varies = match of.between {
                None => "; one period does not show whether it is as much in others".to_owned(),
                Some(between) if between > 0.0 => {
                    let decimals = format::decimals(between, None, unit);
                    let between = format::difference(between, unit, decimals);
                    format!(
                        "; besides chance it differs from period to period by about {}",
                        between.trim_start_matches('+')
                    )
                }
                Some(_) => String::new(),
            };
            let beyond = then
                .iter()
                .filter(|(at, _)| !now.contains_key(at))
                .filter_map(|(_, old)| old.estimate.as_ref().ok())
                .any(|old| moved(of.moved(old), new.possible()).is_none());
            let but = if beyond { ", but for those that would pass what is possible" } else { "" };
            let said = format!(
                "in {} that both have, {} lies {} from {} on average: {drift}{varies}; moved by that, earlier figures continue the later ones{but}",
                periods(both.len()),
                new.name,
                shown(&of.by),
                old.name,
            );
            return (Some(Bridge::Periods(of)), said);
        }
        let last = then.iter().next_back();
        let first = now.iter().next();
        let beside = last.zip(first).filter(|((then, _), (now, _))| then < now);
        let said = beside.and_then(|((then, old_value), (now, new_value))| {
            let by = found(&[(old_value, new_value)])?.by;
            Some(format!(
                "no period has a final figure of both; from {} of {} to {} of {} it went {}, in which a drift of the question and a change of what it asks about cannot be told apart",
                self.label(self.project().period(old, old.period, *then)),
                old.name,
                self.label(self.project().period(new, new.period, *now)),
                new.name,
                shown(&by),
            ))
        });
        (None, said.unwrap_or_else(|| NO_BOTH.to_owned()))
    }
}

/// What is said where nothing can be put beside each other.
const NO_BOTH: &str = "no period has a final figure of both yet";

fn periods(n: usize) -> String {
    match n {
        1 => "the one period".to_owned(),
        n => format!("the {n} periods"),
    }
}

/// How figures of an old KPI are carried over to its successor.
enum Bridge {
    /// By how far they lie apart where both have figures.
    Periods(Parallel),
    /// From one scale to another.
    Scales(Linear),
}

impl Bridge {
    fn moved(&self, old: &Estimate) -> Estimate {
        match self {
            Self::Periods(of) => of.moved(old),
            Self::Scales(of) => of.moved(old),
        }
    }
}

/// All answers behind means of a scale.
fn answers(kpi: &Kpi, of: &[&Value]) -> Result<AnswerSums, NotComputable> {
    let decimals = match &kpi.measure {
        Measure::Mean(mean) => mean.value.type_.scale(),
        Measure::Rating(rating) => rating.answer.type_.scale(),
        _ => return Err(NotComputable::Unsupported(format!("{} is no mean of answers", kpi.name))),
    };
    if kpi.weight.is_some() || kpi.design.is_some() {
        return Err(NotComputable::Unsupported(format!("answers to {} are weighted", kpi.name)));
    }
    let mut sums = AnswerSums { decimals, ..AnswerSums::default() };
    for value in of {
        let states = CellStates::decode(&value.states)
            .map_err(|damaged| NotComputable::invalid(damaged.to_string()))?;
        let found = kind_of(&kpi.measure).moments(kpi, &View::kept(&states).own())?;
        let too_large = || NotComputable::OutOfRange { bound: i128::MAX.to_string() };
        sums.n = sums.n.saturating_add(found.n);
        sums.sum = sums.sum.checked_add(found.sum_bx).ok_or_else(too_large)?;
        sums.squares = sums.squares.checked_add(found.sum_b2x2).ok_or_else(too_large)?;
    }
    Ok(sums)
}

/// A figure on another level; none where that cannot be: a share of 150 % says only that they do not lie as much apart throughout.
fn moved(of: Estimate, (least, most): (f64, f64)) -> Option<Estimate> {
    let clipped = of.interval.clone().map(|interval| interval.clipped(least, most));
    Some(Estimate { interval: clipped, ..of }).filter(|of| (least..=most).contains(&of.point))
}

#[cfg(test)]
mod tests {
    use kepi_stats::estimate::Interval;

    use super::*;

    #[test]
    fn what_cannot_be_is_not_shown() {
        let at = |point: f64| Estimate {
            interval: Ok(Interval { low: point - 0.1, high: point + 0.1, level: 0.95 }),
            ..Estimate::exact(point, 9, "")
        };
        let shown = moved(at(0.95), (0.0, 1.0)).unwrap();
        assert_eq!((shown.point, shown.interval.unwrap().high), (0.95, 1.0));
        assert_eq!(moved(at(1.5), (0.0, 1.0)), None);
        assert_eq!(moved(at(-0.25), (0.0, 1.0)), None);
    }
}
