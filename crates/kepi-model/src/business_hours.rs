//! Business hours: when work is done, so that a time can be measured in them. Pure: an instant goes in, business time comes
//! out; two instants are so far apart as their business times are.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    ops::Range,
    sync::{Arc, OnceLock},
};

use jiff::{
    Timestamp,
    civil::{Date, Weekday, date},
    tz::{AmbiguousOffset, TimeZone, TimeZoneTransition},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::calendar::{Calendar, CalendarError, Grain, Period, ordinal_of_day};

/// Business time is known from the beginning of this year,
const FIRST_YEAR: i16 = 1970;
/// and until the beginning of this one.
const LAST_YEAR: i16 = 2101;
/// Minutes of a civil day.
const DAY: u16 = 24 * 60;

/// The how-manieth day of business after a day, by what is open on which day, or Monday to Friday; none: nobody ever works.
pub fn nth_open_day(n: u16, after: Date, hours: Option<&BusinessHours>) -> Option<Date> {
    let mut left = n;
    let mut day = after;
    // So many days of business lie within so many days, or nobody works at all.
    for _ in 0..u32::from(n) * 8 + 366 {
        day = day.tomorrow().ok()?;
        let works = match hours {
            Some(hours) => hours.is_open_on(day),
            None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        };
        left -= u16::from(works);
        if left == 0 {
            return Some(day);
        }
    }
    None
}

/// The how-manieth day of business before a day, as [`nth_open_day`] counts after one.
pub fn nth_open_day_before(n: u16, before: Date, hours: Option<&BusinessHours>) -> Option<Date> {
    let first = before.checked_sub(jiff::Span::new().days(i64::from(n) * 8 + 366)).ok()?;
    // So many before it are the days of which it is the next but so many.
    let mut day = before;
    let mut left = n;
    while left > 0 && day > first {
        day = day.yesterday().ok()?;
        let opens = day.yesterday().ok().and_then(|eve| nth_open_day(1, eve, hours));
        left -= u16::from(opens == Some(day));
    }
    (left == 0).then_some(day)
}

/// The newest period that is over and whose how-manieth day of business after its end has come, by what is open on which day; none: nobody
/// ever works. Whoever looks in the first days of a month only finds the month before the last: its day came, and it is not forgotten.
///
/// # Errors
/// The day lies outside the years that are known.
pub fn newest_come(
    (n, grain): (u16, Grain),
    calendar: &Calendar,
    today: Date,
    hours: Option<&BusinessHours>,
) -> Result<Option<Period>, CalendarError> {
    let running = calendar.period_of_day(grain, today);
    // As many periods as it has days, where each is a day, and some in which nobody works.
    for ago in 1..=i32::from(n) * 8 + 366 {
        let period = running.offset(-ago);
        match nth_open_day(n, calendar.last_day(period)?, hours) {
            Some(day) if day <= today => return Ok(Some(period)),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// A stretch of a civil day, in minutes since midnight: `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Opening {
    /// When it begins, 0..1440.
    pub from: u16,
    /// When it ends, 1..=1440; 1440 is the next midnight.
    pub until: u16,
}

/// When it is open: by days of the week, with days that are otherwise, in a zone.
///
/// Openings of a day are sorted and do not overlap. Equality, hash and wire form are those of these fields; the table of
/// instants made of them is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opened {
    /// IANA name of the zone whose clocks are meant.
    pub zone: String,
    /// From Monday to Sunday.
    pub week: [Vec<Opening>; 7],
    /// Days that are otherwise, by days since 1970-01-01; a holiday has no opening.
    pub days: BTreeMap<i32, Vec<Opening>>,
}

/// Business hours with their table of instants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Opened", into = "Opened")]
pub struct BusinessHours {
    opened: Arc<Opened>,
    table: Arc<OnceLock<Table>>,
}

/// Business hours as people know them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NamedHours {
    /// Shown name.
    pub name: String,
    /// The hours.
    pub hours: BusinessHours,
}

/// Instants at which it opens and closes in turn, ascending, with the business time until each; all in microseconds.
#[derive(Debug, Default)]
struct Table {
    /// First instant that is known and the first one that is not any more.
    known: Option<(i64, i64)>,
    opens: Vec<i64>,
    closes: Vec<i64>,
    /// Business time before each opening.
    before: Vec<i64>,
}

impl From<Opened> for BusinessHours {
    fn from(opened: Opened) -> Self {
        Self { opened: Arc::new(opened), table: Arc::default() }
    }
}
impl From<BusinessHours> for Opened {
    fn from(hours: BusinessHours) -> Self {
        Arc::unwrap_or_clone(hours.opened)
    }
}
impl PartialEq for BusinessHours {
    fn eq(&self, other: &Self) -> bool {
        self.opened == other.opened
    }
}
impl Eq for BusinessHours {}
impl Hash for BusinessHours {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.opened.hash(state);
    }
}

impl BusinessHours {
    /// When it is open.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Whether it is open at all on a day.
    pub fn is_open_on(&self, day: Date) -> bool {
        let week = &self.opened.week;
        let usual = week.get(day.weekday().to_monday_zero_offset().unsigned_abs() as usize);
        let openings = self.opened.days.get(&ordinal_of_day(day)).or(usual);
        openings.is_some_and(|of| !of.is_empty())
    }

    /// What is hashed of it.
    pub(crate) fn form(&self) -> Value {
        let openings = |of: &[Opening]| of.iter().map(|o| json!([o.from, o.until])).collect::<Value>();
        let week: Value = self.opened.week.iter().map(|day| openings(day)).collect();
        let days: Value = self.opened.days.iter().map(|(day, of)| json!([day, openings(of)])).collect();
        json!(["business hours", self.opened.zone, week, days])
    }

    /// Business time from the beginning of 1970 until an instant, both in microseconds; none before 1970 and after 2100,
    /// or if it is never open.
    pub fn elapsed(&self, instant: i64) -> Option<i64> {
        let table = self.table();
        let (first, end) = table.known?;
        if instant < first || instant >= end {
            return None;
        }
        let after = table.opens.partition_point(|opens| *opens <= instant);
        let Some(at) = after.checked_sub(1) else { return Some(0) };
        let (opens, closes, before) = (table.opens.get(at)?, table.closes.get(at)?, table.before.get(at)?);
        Some(before + (instant.min(*closes) - opens))
    }

    /// Business time from one instant until another, in microseconds; negative if that is the earlier one. None as
    /// for [`BusinessHours::elapsed`].
    pub fn between(&self, from: i64, until: i64) -> Option<i64> {
        Some(self.elapsed(until)? - self.elapsed(from)?)
    }

    /// The first instant at which so much business time (microseconds, not negative) has passed since another. None as
    /// for [`BusinessHours::elapsed`].
    pub fn add(&self, from: i64, time: i64) -> Option<i64> {
        let wanted = self.elapsed(from)?.checked_add(time.max(0))?;
        if time <= 0 {
            return Some(from);
        }
        let table = self.table();
        let at = table.before.partition_point(|before| *before < wanted).checked_sub(1)?;
        let (opens, closes, before) = (table.opens.get(at)?, table.closes.get(at)?, table.before.get(at)?);
        let end = opens.checked_add(wanted - before)?;
        (end <= *closes).then_some(end)
    }

    /// The instant after so many days of business: at the same time of the how-manieth day on which it is open, or when that opens or
    /// closes if it is closed at that time. None as for [`BusinessHours::elapsed`].
    pub fn add_days(&self, from: i64, days: u16) -> Option<i64> {
        self.elapsed(from)?;
        if days == 0 {
            return Some(from);
        }
        let zone = TimeZone::get(&self.opened.zone).ok()?;
        let start = Timestamp::from_microsecond(from).ok()?.to_zoned(zone.clone());
        let day = nth_open_day(days, start.date(), Some(self))?;
        let usual = self.opened.week.get(day.weekday().to_monday_zero_offset().unsigned_abs() as usize);
        let openings = self.opened.days.get(&ordinal_of_day(day)).or(usual)?;
        let minutes = |of: u16| i64::from(of) * 60_000_000;
        let (opens, closes) = (minutes(openings.first()?.from), minutes(openings.last()?.until));
        let midnight = start.date().to_zoned(zone.clone()).ok()?.timestamp().as_microsecond();
        // Who begins on a day off has the whole of the last day.
        let time =
            if self.is_open_on(start.date()) { (from - midnight).clamp(opens, closes) } else { closes };
        let end = day.to_zoned(zone).ok()?.timestamp().as_microsecond() + time;
        self.elapsed(end).map(|_| end)
    }

    /// The longest that so much business time can take, in microseconds of any clock: from the closing after which the
    /// longest is closed.
    pub fn longest(&self, time: i64) -> Option<i64> {
        let table = self.table();
        let mut longest = 0;
        let mut end = 0;
        for (at, closes) in table.closes.iter().enumerate() {
            let Some(wanted) = table.before.get(at + 1).map(|before| before + time) else { break };
            while table.before.get(end + 1).is_some_and(|before| *before < wanted) {
                end += 1;
            }
            let (Some(opens), Some(before), Some(last)) =
                (table.opens.get(end), table.before.get(end), table.closes.get(end))
            else {
                break;
            };
            let reached = opens + (wanted - before);
            // At the end of the table the time does not pass any more.
            if reached > *last {
                break;
            }
            longest = longest.max(reached - closes);
        }
        (!table.closes.is_empty()).then_some(longest.max(time))
    }

    /// What [`BusinessHours::elapsed`] is at most, in microseconds.
    pub fn total(&self) -> i64 {
        let table = self.table();
        let last = (table.opens.last(), table.closes.last(), table.before.last());
        let (Some(opens), Some(closes), Some(before)) = last else { return 0 };
        before + (closes - opens)
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::new(&self.opened).unwrap_or_default())
    }
}

impl Table {
    /// None if the zone is unknown.
    fn new(opened: &Opened) -> Option<Self> {
        let zone = TimeZone::get(&opened.zone).ok()?;
        let mut clock = Clock { zone: &zone, offset: 0, steady: 0..0 };
        let days = ordinal_of_day(date(FIRST_YEAR, 1, 1))..ordinal_of_day(date(LAST_YEAR, 1, 1));
        let known = (clock.instant(days.start, 0)?, clock.instant(days.end, 0)?);
        let mut table = Self::default();
        let mut total = 0;
        for day in days {
            // The first day of 1970 was a Thursday.
            let weekday = opened.week.get((day + 3).rem_euclid(7).unsigned_abs() as usize);
            for opening in opened.days.get(&day).or(weekday).into_iter().flatten() {
                let (opens, closes) = (clock.instant(day, opening.from)?, clock.instant(day, opening.until)?);
                // What a clock change leaves nothing of is no opening.
                if closes <= opens {
                    continue;
                }
                // An opening through midnight is one.
                if table.closes.last() == Some(&opens) {
                    table.closes.pop();
                    table.closes.push(closes);
                } else {
                    table.opens.push(opens);
                    table.closes.push(closes);
                    table.before.push(total);
                }
                total += closes - opens;
            }
        }
        table.known = (!table.opens.is_empty()).then_some(known);
        Some(table)
    }
}

/// The clocks of a zone, with the stretch of time in which they were last seen not to change.
struct Clock<'a> {
    zone: &'a TimeZone,
    /// How far they are ahead of UTC there, in microseconds.
    offset: i64,
    /// Instants at least two days from every change.
    steady: Range<i64>,
}

impl Clock<'_> {
    /// The instant at which they show so many minutes of a day since 1970-01-01.
    fn instant(&mut self, day: i32, minutes: u16) -> Option<i64> {
        const MINUTE: i64 = 60_000_000;
        const TWO_DAYS: i64 = 2 * DAY as i64 * MINUTE;
        let shown = (i64::from(day) * i64::from(DAY) + i64::from(minutes)) * MINUTE;
        if self.steady.contains(&(shown - self.offset)) {
            return Some(shown - self.offset);
        }
        let found = instant(self.zone, shown)?;
        let at = Timestamp::from_microsecond(found).ok()?;
        let change = |transition: TimeZoneTransition<'_>| transition.timestamp().as_microsecond();
        self.offset = i64::from(self.zone.to_offset(at).seconds()) * 1_000_000;
        self.steady = Range {
            start: self.zone.preceding(at).next().map_or(i64::MIN, |before| change(before) + TWO_DAYS),
            end: self.zone.following(at).next().map_or(i64::MAX, |after| change(after) - TWO_DAYS),
        };
        Some(found)
    }
}

/// The instant at which clocks show a time, in microseconds since 1970-01-01T00:00 by these clocks: of two the first; of
/// none, because clocks went forward, the moment at which they did.
fn instant(zone: &TimeZone, shown: i64) -> Option<i64> {
    let shown = Timestamp::from_microsecond(shown).ok()?;
    let shown = TimeZone::UTC.to_datetime(shown);
    let found = zone.to_ambiguous_timestamp(shown);
    let at = match found.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(shown).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(shown).ok()?,
        AmbiguousOffset::Gap { after, .. } => {
            let before = after.to_timestamp(shown).ok()?;
            zone.following(before).next().map_or(before, |transition| transition.timestamp())
        }
    };
    Some(at.as_microsecond())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Zoned>().unwrap().timestamp().as_microsecond()
    }

    /// Monday to Friday from nine to five with an hour's lunch on Fridays; closed on 25 and 26 December 2025, and open
    /// until noon on the day before.
    fn office(zone: &str) -> BusinessHours {
        let nine_to_five = vec![Opening { from: 540, until: 1020 }];
        let friday = vec![Opening { from: 540, until: 720 }, Opening { from: 780, until: 1020 }];
        let day = |day| ordinal_of_day(date(2025, 12, day));
        let days = [(day(24), vec![Opening { from: 540, until: 720 }]), (day(25), vec![]), (day(26), vec![])];
        let week = std::array::from_fn(|weekday| match weekday {
            0..4 => nine_to_five.clone(),
            4 => friday.clone(),
            _ => vec![],
        });
        Opened { zone: zone.to_owned(), week, days: days.into() }.into()
    }

    /// Their tables are made once for all random cases.
    static OFFICES: LazyLock<[BusinessHours; 3]> =
        LazyLock::new(|| ["Europe/Berlin", "America/New_York", "Asia/Kolkata"].map(office));

    #[test]
    fn nights_weekends_lunches_and_holidays_do_not_count() {
        let office = office("Europe/Berlin");
        let hours = |from: &str, until: &str| {
            office.between(at(from), at(until)).map(|time| time as f64 / HOUR as f64).unwrap()
        };
        // Thursday 16:00 to Friday 14:00: one hour, three before lunch, one after.
        assert_eq!(hours("2026-01-08T16:00[Europe/Berlin]", "2026-01-09T14:00[Europe/Berlin]"), 5.0);
        // Within the lunch, over the weekend.
        assert_eq!(hours("2026-01-09T12:30[Europe/Berlin]", "2026-01-12T09:30[Europe/Berlin]"), 4.5);
        assert_eq!(hours("2026-01-10T03:00[Europe/Berlin]", "2026-01-11T22:00[Europe/Berlin]"), 0.0);
        // Christmas: Tuesday 23 at 16:00 to Monday 29 at 10:00 is 1 + 3 + 0 + 0 + 1.
        assert_eq!(hours("2025-12-23T16:00[Europe/Berlin]", "2025-12-29T10:00[Europe/Berlin]"), 5.0);
        // Backwards it is negative.
        assert_eq!(hours("2025-12-29T10:00[Europe/Berlin]", "2025-12-23T16:00[Europe/Berlin]"), -5.0);
        assert_eq!(office.elapsed(at("1969-12-31T12:00[UTC]")), None);
        assert_eq!(office.elapsed(at("2101-01-02T12:00[UTC]")), None);
    }

    #[test]
    fn days_of_business_are_as_long_as_they_are() {
        let office = office("Europe/Berlin");
        let day = |from: &str, days| office.add_days(at(from), days).unwrap();
        // Ten days from Tuesday 16 December at ten: the 24th is a short one, 25 and 26 are none.
        assert_eq!(day("2025-12-16T10:00[Europe/Berlin]", 10), at("2026-01-01T10:00[Europe/Berlin]"));
        // The 24th closes at noon: who begins at three has until then.
        assert_eq!(day("2025-12-23T15:00[Europe/Berlin]", 1), at("2025-12-24T12:00[Europe/Berlin]"));
        // Before it opens, and on a day off: whole days.
        assert_eq!(day("2026-01-08T03:00[Europe/Berlin]", 1), at("2026-01-09T09:00[Europe/Berlin]"));
        assert_eq!(day("2026-01-10T12:00[Europe/Berlin]", 1), at("2026-01-12T17:00[Europe/Berlin]"));
        // Over a change of clocks it is the same time of day.
        assert_eq!(day("2026-03-27T10:00[Europe/Berlin]", 1), at("2026-03-30T10:00[Europe/Berlin]"));
        assert_eq!(office.add_days(at("2101-01-02T12:00[UTC]"), 1), None);
    }

    #[test]
    fn a_period_whose_day_has_come_is_not_forgotten_when_the_next_is_over() {
        let calendar = Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None };
        let month = |today, n| {
            newest_come((n, Grain::Month), &calendar, today, None).unwrap().map(|of| calendar.label(of))
        };
        // The fifth day of business after October is 6 November: until then September's is the newest that came.
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(month(date(2026, 11, 3), 5), of("2026-09"));
        assert_eq!(month(date(2026, 11, 6), 5), of("2026-10"));
        assert_eq!(month(date(2026, 12, 3), 5), of("2026-10"));
        assert_eq!(month(date(2027, 1, 4), 5), of("2026-11"));
        // Thirty days of business are longer than a month.
        assert_eq!(month(date(2026, 12, 3), 30), of("2026-09"));
        let never = BusinessHours::from(Opened {
            zone: "UTC".to_owned(),
            week: Default::default(),
            days: BTreeMap::new(),
        });
        let none = newest_come((1, Grain::Month), &calendar, date(2026, 12, 3), Some(&never)).unwrap();
        assert_eq!(none, None);
    }

    #[test]
    fn an_hour_that_clocks_skip_is_none_and_one_they_repeat_is_two() {
        let opened = |zone: &str| Opened {
            zone: zone.to_owned(),
            week: std::array::from_fn(|_| vec![Opening { from: 0, until: DAY }]),
            days: BTreeMap::new(),
        };
        let hours = BusinessHours::from(opened("Europe/Berlin"));
        let day = |from: &str, until: &str| hours.between(at(from), at(until)).unwrap() / HOUR;
        assert_eq!(day("2026-03-29T00:00[Europe/Berlin]", "2026-03-30T00:00[Europe/Berlin]"), 23);
        assert_eq!(day("2026-10-25T00:00[Europe/Berlin]", "2026-10-26T00:00[Europe/Berlin]"), 25);
        // Samoa had no 30 December 2011.
        let samoa = BusinessHours::from(opened("Pacific/Apia"));
        let days = samoa.between(at("2011-12-29T00:00[Pacific/Apia]"), at("2011-12-31T00:00[Pacific/Apia]"));
        assert_eq!(days.unwrap() / HOUR, 24);
        // Open from half past two: the clock goes from two to three.
        let mut night = opened("Europe/Berlin");
        night.week = std::array::from_fn(|_| vec![Opening { from: 150, until: 240 }]);
        let night = BusinessHours::from(night);
        let of = |day: &str| {
            let from = at(&format!("{day}T00:00[Europe/Berlin]"));
            night.between(from, from + 20 * HOUR).unwrap() / 60_000_000
        };
        assert_eq!((of("2026-03-28"), of("2026-03-29"), of("2026-10-25")), (90, 60, 150));
    }

    #[test]
    fn the_longest_wait_begins_when_it_closes_for_long() {
        let office = office("Europe/Berlin");
        // Four hours from Tuesday 23 December at five: three on Christmas Eve, one on Monday 29.
        let from = at("2025-12-23T17:00[Europe/Berlin]");
        let until = at("2025-12-29T10:00[Europe/Berlin]");
        assert_eq!(office.add(from, 4 * HOUR), Some(until));
        assert_eq!(office.longest(4 * HOUR), Some(until - from));
    }

    #[test]
    fn every_edge_is_what_clocks_show() {
        for zone in ["Europe/Berlin", "Asia/Tehran", "Pacific/Apia", "Africa/Casablanca"] {
            let office = office(zone);
            let found = TimeZone::get(zone).unwrap();
            let table = office.table();
            for edge in table.opens.iter().chain(&table.closes).step_by(7) {
                let shown = found.to_datetime(Timestamp::from_microsecond(*edge).unwrap()).time();
                assert!([9, 12, 13, 17].contains(&shown.hour()) && shown.minute() == 0, "{zone}: {shown}");
            }
            assert_eq!(table.opens.len(), table.closes.len());
        }
    }

    #[test]
    fn what_is_never_open_has_no_time() {
        let opened = Opened { zone: "UTC".into(), week: Default::default(), days: BTreeMap::new() };
        let never = BusinessHours::from(opened);
        assert_eq!((never.elapsed(0), never.add(0, 1), never.longest(1)), (None, None, None));
    }

    proptest! {
        #[test]
        fn adding_and_measuring_agree(from in 0_i64..40_000 * 24, seconds in 1_i64..400 * 3600, zone in 0..3_usize) {
            let office = &OFFICES[zone];
            let (from, time) = (from * HOUR + 17, seconds * 1_000_000);
            let until = office.add(from, time).unwrap();
            prop_assert_eq!(office.between(from, until), Some(time));
            // It is the first such instant.
            prop_assert_eq!(office.between(from, until - 1), Some(time - 1));
            prop_assert!(until - from <= office.longest(time).unwrap());
        }

        // From some weeks after the first instant that is known in every zone.
        #[test]
        fn time_never_runs_backwards_and_adds_up(a in 1_000_i64..1_000_000, b in 1_000_i64..1_000_000, c in 1_000_i64..1_000_000) {
            let office = &OFFICES[1];
            let mut times = [a, b, c].map(|minutes| minutes * 60_000_000 * 40);
            times.sort_unstable();
            let [a, b, c] = times;
            let (ab, bc, ac) = (office.between(a, b), office.between(b, c), office.between(a, c));
            prop_assert!(ab >= Some(0) && ab <= Some(b - a));
            prop_assert_eq!(Some(ab.unwrap() + bc.unwrap()), ac);
        }
    }
}
