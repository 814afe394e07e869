//! How sources deliver: when, how much, whether the next is late, and what looking at them costs.

use kepi_model::{
    calendar::Grain,
    expectation::{Expectation, Rhythm, Schedule},
    project::{Kpi, Source},
};

use super::Reporter;
use crate::{
    facts::COSTS_OVER,
    format,
    people::is_of_screening,
    view::{CostRow, DeliveryView, Named, PostedView, SourceState, WouldCost},
};

/// Deliveries that are looked back on to say what is usual.
const LOOKED_BACK: usize = 30;
/// Fewer say nothing.
const FEWEST: usize = 3;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// How often it can be looked at: in words, and how often a day.
const FREQUENCIES: [(&str, i64); 4] =
    [("once a day", 1), ("every hour", 24), ("every 15 minutes", 96), ("every 5 minutes", 288)];

impl<'a> Reporter<'a> {
    /// The sources that a KPI is fed by, of those that are seen.
    pub(super) fn sources_of(self, kpi: &'a Kpi) -> impl Iterator<Item = &'a Source> {
        let all = self.project().sources.values();
        all.filter(|s| kpi.reads.contains(&s.into) || kpi.looked_at.contains(&s.into))
    }

    /// When the next delivery of a source is due, and whether that has passed.
    fn due(self, source: &Source) -> Option<(i64, bool)> {
        let project = self.project();
        let expect = source.expect.as_ref()?;
        let hours =
            expect.hours.as_ref().and_then(|id| project.business_hours.get(id)).map(|named| &named.hours);
        let last = self.facts.delivered(&source.id)?.deliveries.last()?.0;
        let due = expect.due(Some(last), &project.calendar, hours)?;
        Some((due, self.facts.now().is_some_and(|now| now >= due)))
    }

    pub(super) fn delivery(self, source: &Source) -> DeliveryView {
        let delivered = self.facts.delivered(&source.id);
        let all = delivered.map_or(&[][..], |d| &d.deliveries);
        let due = self.due(source);
        let late = due.filter(|(_, late)| *late);
        let before = all.iter().rev().skip(1).take(LOOKED_BACK).map(|(_, rows)| *rows);
        DeliveryView {
            state: match () {
                () if self.stopped(source).is_some() || !self.not_landed(source).is_empty() => {
                    SourceState::Stopped
                }
                () if all.is_empty() => SourceState::Nothing,
                () if late.is_some() => SourceState::Late,
                () if due.is_some() => SourceState::OnTime,
                () => SourceState::Landed,
            },
            last: all.last().map(|(at, _)| self.instant(*at)),
            rows: all.last().map(|(_, rows)| *rows),
            usual_rows: median(before.collect()),
            expected: source.expect.as_ref().map(|expect| self.expected(expect)),
            due: due.map(|(at, _)| self.instant(at)),
            late: late.zip(self.facts.now()).map(|((due, _), now)| (now - due) / SECOND),
            bookmark: delivered
                .and_then(|d| d.bookmark.clone())
                .filter(|_| !is_of_screening(self.project(), source) && source.from.webhook().is_none()),
            posted: source.from.webhook().and_then(|_| self.facts.posted(&source.id)).map(|of| PostedView {
                taken: of.taken,
                rows: of.rows,
                repeated: of.repeated,
                refused: of.refused,
                last_taken: of.last_taken.map(|at| self.instant(at)),
                last_refused: of.last_refused.map(|at| self.instant(at)),
                why: of.why,
                waiting: of.waiting,
            }),
        }
    }

    /// What looking at each source costs, and a run in all: how long runs took, as often as it were done. Of what was never measured nothing is said.
    pub(crate) fn costs(self) -> Vec<CostRow> {
        let sources = self.project().sources.values();
        let whole = self.cost(None).into_iter();
        whole.chain(sources.filter_map(|source| self.cost(Some(source)))).collect()
    }

    fn cost(self, source: Option<&Source>) -> Option<CostRow> {
        let id = source.map(|source| &source.id);
        let own = self.facts.times().iter().filter(|of| of.source.as_ref() == id);
        let mut own: Vec<(i64, i64)> = own.map(|of| (of.at, of.took)).collect();
        let newest = own.iter().map(|(at, _)| *at).max()?;
        own.retain(|(at, _)| *at > newest - COSTS_OVER);
        let oldest = own.iter().map(|(at, _)| *at).min()?;
        let took = middle(own.iter().map(|(_, took)| *took).collect())?;
        let would = FREQUENCIES.map(|(how_often, a_day)| WouldCost {
            how_often,
            a_day: took.saturating_mul(a_day),
            fits: took < DAY / a_day,
        });
        Some(CostRow {
            source: source.map(|source| Named::new(&source.id, &source.name)),
            schedule: source.and_then(|source| source.schedule.as_ref()).map(|of| self.scheduled(of)),
            times: own.len() as u64,
            a_day: (newest > oldest).then(|| (own.len() - 1) as f64 * DAY as f64 / (newest - oldest) as f64),
            took,
            would: would.into(),
        })
    }

    /// When runs look at a source, in words.
    pub(super) fn scheduled(self, of: &Schedule) -> String {
        let every = of.every.map(|micros| format!("once in {}", format::lasting(micros)));
        let window = of.window.as_ref().map(|id| {
            let named = self.project().business_hours.get(id);
            format!("while {} is open", named.map_or(id.as_str(), |named| named.name.as_str()))
        });
        every.into_iter().chain(window).collect::<Vec<_>>().join(", ")
    }

    /// What is said of a KPI whose sources are late.
    pub(crate) fn late_sources(self, kpi: &'a Kpi) -> Vec<String> {
        let late = self.sources_of(kpi).filter_map(|source| {
            let (due, _) = self.due(source).filter(|(_, late)| *late)?;
            let since = format::time((self.facts.now()? - due) / SECOND);
            Some(format!("`{}` is late: due {}, {since} ago", source.id, self.clock().readable(due)))
        });
        late.collect()
    }

    /// When something is expected, in words.
    pub(super) fn expected(self, of: &Expectation) -> String {
        let hours = of.hours.as_ref().map(|id| {
            let named =
                self.project().business_hours.get(id).map_or(id.as_str(), |named| named.name.as_str());
            match of.how {
                Rhythm::Within(_) => format!(" of {named}"),
                Rhythm::Every { .. } => format!(", of those on which {named} is open"),
            }
        });
        let hours = hours.unwrap_or_default();
        match &of.how {
            Rhythm::Within(micros) => {
                format!("within {}{hours} of the one before", format::time(micros / SECOND))
            }
            Rhythm::Every { grain, day, minute, zone } => {
                let every = match grain {
                    Grain::Day => "day",
                    Grain::Week => "week",
                    Grain::Month => "month",
                    Grain::Quarter => "quarter",
                    Grain::HalfYear => "half-year",
                    Grain::Year => "year",
                };
                let on = match (grain, day) {
                    (Grain::Day, _) | (_, None) => String::new(),
                    (_, Some(day)) => format!(" by day {day}"),
                };
                let by = match minute {
                    1440 => String::new(),
                    minute => format!(" by {:02}:{:02} ({zone})", minute / 60, minute % 60),
                };
                format!("every {every}{on}{by}{hours}")
            }
        }
    }
}

/// The one in the middle, of two the lesser.
fn middle<T: Ord + Copy>(mut of: Vec<T>) -> Option<T> {
    of.sort_unstable();
    of.get(of.len().checked_sub(1)? / 2).copied()
}

/// The same of so many that it says something.
fn median(of: Vec<u64>) -> Option<u64> {
    if of.len() < FEWEST { None } else { middle(of) }
}
