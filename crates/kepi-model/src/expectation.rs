//! When a source is expected to deliver, and when runs look at it. Pure: what came and what time it is go in, when the next is due comes out.

use jiff::{civil, tz::TimeZone};

use crate::{
    business_hours::BusinessHours,
    calendar::{Calendar, Grain, Period, day_of_ordinal, ordinal_of_day},
    id::BusinessHoursId,
};

/// Periods in a row in which nothing is expected because nothing is open. More would be a project that is closed for good.
const CLOSED_IN_A_ROW: i32 = 400;

/// When a source is expected to deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// How often.
    pub how: Rhythm,
    /// In which days or times are counted; none: all.
    pub hours: Option<BusinessHoursId>,
    /// How long after something landed its figures are published at the latest, µs; none: nobody said.
    pub published: Option<i64>,
    /// The service level: which share of what is due in a month comes in time, from 0 to 1; none: nobody said.
    pub kept_at_least: Option<f64>,
}

/// Something that was to come, and when it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promised {
    /// By when, µs UTC.
    pub due: i64,
    /// When it came; none: it did not, and either the next is due by now or it still does not.
    pub came: Option<i64>,
    /// Whether it has not come and the next is not due yet: it may be late, or not come at all.
    pub is_overdue: bool,
}

impl Promised {
    /// Whether it came in time.
    pub fn is_kept(self) -> bool {
        self.came.is_some_and(|came| came < self.due)
    }
}

/// When runs look at a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// At most once in so many µs; none: at every run.
    pub every: Option<i64>,
    /// Only while this is open; none: at any time.
    pub window: Option<BusinessHoursId>,
}

/// Timers are not exact: what comes this part of the time too early comes in time.
const TOO_EARLY: i64 = 10;

impl Schedule {
    /// From when on a run looks at it, µs UTC: not later than now if one does now. None: the window never opens again.
    pub fn next(&self, last: Option<i64>, now: i64, window: Option<&BusinessHours>) -> Option<i64> {
        let every = self.every.unwrap_or(0);
        let rested = last.map_or(now, |last| now.max(last.saturating_add(every - every / TOO_EARLY)));
        match window {
            // The first instant after which the least time of it has passed lies that time after it began.
            Some(hours) => Some(hours.add(rested, 1)? - 1),
            None => Some(rested),
        }
    }
}

/// So many missed deliveries are counted of one silence; a source that stood still for longer is no source.
const MOST_MISSED: usize = 4_000;

/// How often something is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rhythm {
    /// Once in every period of the calendar.
    Every {
        /// How long periods are.
        grain: Grain,
        /// By which of its days, from 1; none: its last one, unless a time of the day is said, then its first.
        day: Option<u32>,
        /// By which minute of that day; 1440 is its end.
        minute: u16,
        /// Whose clocks are meant.
        zone: String,
    },
    /// Not longer after the delivery before than so many µs.
    Within(i64),
}

impl Expectation {
    /// What was to come since the first delivery, in order, and whether it came: each delivery keeps the promise of its period, once, and one that
    /// comes after its time, but before the next is due, is late. `deliveries` are sorted.
    pub fn promised(
        &self,
        deliveries: &[i64],
        now: i64,
        calendar: &Calendar,
        hours: Option<&BusinessHours>,
    ) -> Vec<Promised> {
        let due = |last: i64| self.due(Some(last), calendar, hours);
        // Of periods the next is that after the one in which something was due; its end is not the next one's beginning.
        let after = |passed: i64| match self.how {
            Rhythm::Every { .. } => due(passed - 1),
            Rhythm::Within(_) => None,
        };
        let mut all = Vec::new();
        for (n, last) in deliveries.iter().enumerate() {
            let next = deliveries.get(n + 1).copied();
            let Some(mut by) = due(*last) else { return all };
            for _ in 0..MOST_MISSED {
                match next {
                    // What comes twice in one period keeps nothing more.
                    Some(next) if next < by => {
                        if due(next).is_none_or(|following| following > by) {
                            all.push(Promised { due: by, came: Some(next), is_overdue: false });
                        }
                        break;
                    }
                    None if now < by => break,
                    _ => {}
                }
                let following = after(by);
                // One of the next period keeps the promise of that, and none before.
                let late = next.filter(|next| following.is_none() || due(*next) == following);
                let is_overdue = next.is_none() && following.is_none_or(|following| now < following);
                all.push(Promised { due: by, came: late, is_overdue });
                match following {
                    Some(following) if late.is_none() && following > by => by = following,
                    _ => break,
                }
            }
        }
        all
    }

    /// When the delivery that follows the last one is due, in µs UTC: in the past, and it is late. None: nothing came yet, or
    /// nothing is ever open.
    pub fn due(&self, last: Option<i64>, calendar: &Calendar, hours: Option<&BusinessHours>) -> Option<i64> {
        let last = last?;
        match &self.how {
            Rhythm::Within(time) => match hours {
                Some(hours) => hours.add(last, *time),
                None => last.checked_add(*time),
            },
            Rhythm::Every { grain, day, minute, zone } => {
                let calendar = Calendar { zone: zone.clone(), ..calendar.clone() };
                let tz = TimeZone::get(zone).ok()?;
                let of = calendar.period_at(*grain, last).ok()?;
                (1..=CLOSED_IN_A_ROW)
                    .find_map(|after| deadline(&calendar, of.offset(after), *day, hours))
                    .and_then(|date| moment(&tz, date, *minute))
            }
        }
    }
}

/// The day of a period by which something is due; none: nothing is open on any of its days.
fn deadline(calendar: &Calendar, of: Period, day: Option<u32>, hours: Option<&BusinessHours>) -> Option<i32> {
    let first = ordinal_of_day(calendar.first_day(of).ok()?);
    let last = ordinal_of_day(calendar.last_day(of).ok()?);
    let mut days = (first..=last).filter(|day| hours.is_none_or(|hours| is_open(hours, *day)));
    match day {
        // One that is not there, such as the 31st of some months, is the last one.
        Some(n) => {
            let n = usize::try_from(n).ok()?;
            days.by_ref().take(n).last()
        }
        None => days.next_back(),
    }
}

/// Whether anything is open on a day, by days since 1970.
fn is_open(hours: &BusinessHours, day: i32) -> bool {
    let opened = hours.opened();
    // 1970-01-01 was a Thursday.
    let weekday = usize::try_from((i64::from(day) + 3).rem_euclid(7)).unwrap_or(0);
    let openings = opened.days.get(&day).or_else(|| opened.week.get(weekday));
    openings.is_some_and(|openings| !openings.is_empty())
}

/// A minute of a day as an instant. One that clocks skip is the moment at which they go on.
fn moment(zone: &TimeZone, day: i32, minute: u16) -> Option<i64> {
    let (day, minute) = if minute < 1440 { (day, minute) } else { (day.checked_add(1)?, 0) };
    let time = civil::time((minute / 60) as i8, (minute % 60) as i8, 0, 0);
    let at = day_of_ordinal(day).ok()?.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(at.timestamp().as_microsecond())
}
