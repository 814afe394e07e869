//! KPIs that come to their end, beside those that are to be used instead.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{id::KpiId, project::Kpi};
use kepi_query::value::Segment;

use super::Reporter;
use crate::{
    format,
    people::PeopleAsked,
    view::{BridgedView, EndingView, Named},
};

/// So many periods are put side by side, the newest.
const MOST_BRIDGED: usize = 12;

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

    /// Today, or where nobody knows what day it is the last day of which there are figures.
    fn day_shown(self, kpi: &Kpi) -> Option<Date> {
        let newest = || {
            let (_, ordinal) = self.facts.span(&kpi.id, kpi.period, &Segment::total())?;
            self.project().calendar.last_day(self.project().period(kpi, kpi.period, ordinal)).ok()
        };
        self.facts.day_asked(&PeopleAsked::default()).ok().or_else(newest)
    }

    /// The figures of both over all rows, where both have them; and what the older ones would be if they lay as much apart throughout.
    fn bridged(self, old: &Kpi, new: &Kpi) -> BridgedView {
        if old.period != new.period || old.unit != new.unit {
            let why =
                "they are not measured by the same periods in the same unit, so nothing is put side by side";
            return BridgedView { said: why.to_owned(), rows: Vec::new() };
        }
        let of = |kpi: &Kpi| -> BTreeMap<i32, f64> {
            let Some((first, last)) = self.facts.span(&kpi.id, kpi.period, &Segment::total()) else {
                return BTreeMap::new();
            };
            let all = self.facts.points(&kpi.id, kpi.period, &Segment::total(), first..=last).into_iter();
            all.filter_map(|(ordinal, point, is_final)| Some((ordinal, point.filter(|_| is_final)?)))
                .collect()
        };
        let (then, now) = (of(old), of(new));
        let both: Vec<f64> = then.iter().filter_map(|(at, old)| Some(now.get(at)? - old)).collect();
        let apart = match both.len() {
            0 => None,
            n => Some(both.iter().sum::<f64>() / n as f64),
        };
        let moved = |old: f64, by: f64| moved(old, by, new.possible());
        let beyond =
            |by: f64| then.iter().any(|(at, old)| !now.contains_key(at) && moved(*old, by).is_none());
        let decimals = then.values().chain(now.values()).next_back();
        let decimals = decimals.map_or(1, |point| format::decimals(*point, None, &old.unit));
        let value = |point: f64| format::value(point, &old.unit, decimals);
        let difference = |by: f64| format::difference(by, &old.unit, decimals);
        let said = match apart {
            None => "no period has a final figure of both yet".to_owned(),
            Some(by) => {
                let (least, most) =
                    both.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), of| {
                        (low.min(*of), high.max(*of))
                    });
                let but = if beyond(by) { ", but for those that would pass what is possible" } else { "" };
                format!(
                    "in {} that both have, {} lies {} from {} on average ({} to {}); moved by that, earlier figures continue the later ones{but}",
                    match both.len() {
                        1 => "the one period".to_owned(),
                        n => format!("the {n} periods"),
                    },
                    new.name,
                    difference(by),
                    old.name,
                    difference(least),
                    difference(most),
                )
            }
        };
        let mut periods: Vec<i32> = then.keys().chain(now.keys()).copied().collect();
        periods.sort_unstable();
        periods.dedup();
        let rows = periods.into_iter().rev().take(MOST_BRIDGED).map(|ordinal| {
            let (old_point, new_point) = (then.get(&ordinal).copied(), now.get(&ordinal).copied());
            (
                self.label(self.project().period(old, old.period, ordinal)),
                old_point.map(value),
                new_point.map(value),
                match (old_point, new_point, apart) {
                    (Some(old), Some(new), _) => Some(difference(new - old)),
                    _ => None,
                },
                match (old_point, new_point, apart) {
                    (Some(old), None, Some(by)) => moved(old, by).map(value),
                    _ => None,
                },
            )
        });
        BridgedView { rows: rows.collect(), said }
    }
}

/// A figure as much higher as another lies on average; none where that cannot be: a share of 150 % says only that they do not lie as
/// much apart throughout.
fn moved(old: f64, by: f64, (least, most): (f64, f64)) -> Option<f64> {
    Some(old + by).filter(|point| (least..=most).contains(point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_not_shown() {
        assert_eq!(moved(0.25, 0.5, (0.0, 1.0)), Some(0.75));
        assert_eq!(moved(1.0, 0.5, (0.0, 1.0)), None);
        assert_eq!(moved(0.25, -0.5, (0.0, 1.0)), None);
    }
}
