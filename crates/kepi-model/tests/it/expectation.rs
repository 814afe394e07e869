//! When deliveries are due: worked out by hand on calendars with weekends, holidays and changes of clocks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kepi_model::{
    business_hours::{BusinessHours, Opened, Opening},
    calendar::{Calendar, Grain},
    expectation::{Expectation, Rhythm, Schedule},
};

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn calendar() -> Calendar {
    Calendar { zone: "UTC".to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None }
}

/// Monday to Friday from 9 until 17 o'clock UTC; the 25th of December is a holiday.
fn desk() -> BusinessHours {
    let open = vec![Opening { from: 9 * 60, until: 17 * 60 }];
    let week = std::array::from_fn(|day| if day < 5 { open.clone() } else { Vec::new() });
    let christmas = kepi_model::calendar::ordinal_of_day("2026-12-25".parse().unwrap());
    Opened { zone: "UTC".to_owned(), week, days: BTreeMap::from([(christmas, Vec::new())]) }.into()
}

fn due(how: Rhythm, hours: Option<&BusinessHours>, last: &str) -> String {
    let due = Expectation { how, hours: None, published: None, kept_at_least: None }
        .due(Some(at(last)), &calendar(), hours)
        .unwrap();
    Timestamp::from_microsecond(due).unwrap().to_string()
}

fn every(grain: Grain, day: Option<u32>, minute: u16, zone: &str) -> Rhythm {
    Rhythm::Every { grain, day, minute, zone: zone.to_owned() }
}

#[test]
fn a_day_is_due_by_its_time_or_its_end() {
    let by_six = || every(Grain::Day, Some(1), 6 * 60, "UTC");
    // Whatever the hour at which it came, the next is that of the next day.
    assert_eq!(due(by_six(), None, "2026-03-03T05:00:00Z"), "2026-03-04T06:00:00Z");
    assert_eq!(due(by_six(), None, "2026-03-03T23:59:00Z"), "2026-03-04T06:00:00Z");
    assert_eq!(
        due(every(Grain::Day, None, 1440, "UTC"), None, "2026-03-03T05:00:00Z"),
        "2026-03-05T00:00:00Z"
    );
}

#[test]
fn clocks_are_those_of_the_zone() {
    // Berlin: UTC+1 until 29 March 2026, 02:00, then UTC+2; half past two does not exist on that day.
    let by = |minute| every(Grain::Day, Some(1), minute, "Europe/Berlin");
    assert_eq!(due(by(360), None, "2026-03-27T12:00:00Z"), "2026-03-28T05:00:00Z");
    assert_eq!(due(by(360), None, "2026-03-28T12:00:00Z"), "2026-03-29T04:00:00Z");
    assert_eq!(due(by(150), None, "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
    // 23:30 UTC is the next day there.
    assert_eq!(due(by(360), None, "2026-03-03T23:30:00Z"), "2026-03-05T05:00:00Z");
}

#[test]
fn days_that_are_closed_are_no_days() {
    let desk = desk();
    let by_six = || every(Grain::Day, Some(1), 6 * 60, "UTC");
    // 2026-03-06 is a Friday.
    assert_eq!(due(by_six(), Some(&desk), "2026-03-06T05:00:00Z"), "2026-03-09T06:00:00Z");
    // Christmas Day 2026 is a Friday, too.
    assert_eq!(due(by_six(), Some(&desk), "2026-12-24T05:00:00Z"), "2026-12-28T06:00:00Z");
}

#[test]
fn weeks_and_months_have_a_day_by_which() {
    assert_eq!(
        due(every(Grain::Week, Some(1), 480, "UTC"), None, "2026-03-04T10:00:00Z"),
        "2026-03-09T08:00:00Z"
    );
    assert_eq!(
        due(every(Grain::Month, Some(3), 480, "UTC"), None, "2026-01-10T10:00:00Z"),
        "2026-02-03T08:00:00Z"
    );
    // Without a day its end; the 31st of February is its last.
    assert_eq!(
        due(every(Grain::Month, None, 1440, "UTC"), None, "2026-01-10T10:00:00Z"),
        "2026-03-01T00:00:00Z"
    );
    assert_eq!(
        due(every(Grain::Month, Some(31), 480, "UTC"), None, "2026-01-10T10:00:00Z"),
        "2026-02-28T08:00:00Z"
    );
    // The third working day of February 2026, which begins with a Sunday.
    assert_eq!(
        due(every(Grain::Month, Some(3), 480, "UTC"), Some(&desk()), "2026-01-10T10:00:00Z"),
        "2026-02-04T08:00:00Z"
    );
}

#[test]
fn within_passes_in_hours_that_are_open() {
    let two_hours = || Rhythm::Within(2 * 3_600_000_000);
    assert_eq!(due(two_hours(), None, "2026-03-06T16:00:00Z"), "2026-03-06T18:00:00Z");
    assert_eq!(due(two_hours(), Some(&desk()), "2026-03-06T16:00:00Z"), "2026-03-09T10:00:00Z");
}

#[test]
fn before_anything_came_nothing_is_late() {
    let daily = Expectation {
        how: every(Grain::Day, None, 1440, "UTC"),
        hours: None,
        published: None,
        kept_at_least: None,
    };
    assert_eq!(daily.due(None, &calendar(), None), None);
}

/// Monday 2 March to Friday 6 March 2026, each day by six: two come in time on Tuesday, Wednesday's comes at eight, Thursday's never, and
/// Friday's before six; Saturday's is not due yet.
#[test]
fn what_was_to_come_is_kept_late_or_missed_exactly_as_it_was() {
    let daily = Expectation {
        how: every(Grain::Day, Some(1), 360, "UTC"),
        hours: None,
        published: None,
        kept_at_least: None,
    };
    let came = [
        "2026-03-02T05:00:00Z",
        "2026-03-03T04:00:00Z",
        "2026-03-03T05:00:00Z",
        "2026-03-04T08:00:00Z",
        "2026-03-06T05:59:59Z",
    ];
    let came = came.map(at);
    let told = |now: &str| -> Vec<(String, Option<bool>)> {
        let all = daily.promised(&came, at(now), &calendar(), None);
        all.iter()
            .map(|of| {
                let due = Timestamp::from_microsecond(of.due).unwrap().to_string();
                (due.replace("2026-03-", "").replace(":00:00Z", ""), of.came.map(|_| of.is_kept()))
            })
            .collect()
    };
    let known = |of: &[(&str, Option<bool>)]| -> Vec<(String, Option<bool>)> {
        of.iter().map(|(due, kept)| ((*due).to_owned(), *kept)).collect()
    };
    let week = [("03T06", Some(true)), ("04T06", Some(false)), ("05T06", None), ("06T06", Some(true))];
    assert_eq!(told("2026-03-07T05:59:59Z"), known(&week));
    // In the minute in which it is due it is missed, and so is each day after.
    assert_eq!(
        told("2026-03-08T06:00:00Z"),
        known(&[&week[..], &[("07T06", None), ("08T06", None)]].concat())
    );
    // Within a time of the one before, a silence is one breach, however long.
    let within = Expectation {
        how: Rhythm::Within(24 * 3_600_000_000),
        hours: None,
        published: None,
        kept_at_least: None,
    };
    let kept: Vec<Option<bool>> = within
        .promised(&came, at("2026-03-20T00:00:00Z"), &calendar(), None)
        .iter()
        .map(|of| of.came.map(|_| of.is_kept()))
        .collect();
    assert_eq!(kept, [Some(true), Some(true), Some(false), Some(false), None]);
}

#[test]
fn the_end_of_a_day_is_not_the_beginning_of_the_next_promise() {
    let daily = Expectation {
        how: every(Grain::Day, None, 1440, "UTC"),
        hours: None,
        published: None,
        kept_at_least: None,
    };
    let missed = daily.promised(&[at("2026-03-02T05:00:00Z")], at("2026-03-06T00:00:00Z"), &calendar(), None);
    let due: Vec<String> =
        missed.iter().map(|of| Timestamp::from_microsecond(of.due).unwrap().to_string()).collect();
    assert_eq!(due, ["2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z"]);
}

#[test]
fn a_source_is_looked_at_once_in_so_long_while_its_window_is_open() {
    const HOUR: i64 = 3_600_000_000;
    let next = |every: Option<i64>, last: Option<&str>, now: &str, hours: Option<&BusinessHours>| {
        Schedule { every, window: None }.next(last.map(at), at(now), hours)
    };
    let noon = "2026-12-23T12:00:00Z";
    assert_eq!(next(None, Some(noon), noon, None), Some(at(noon)), "by every run");
    assert_eq!(next(Some(HOUR), None, noon, None), Some(at(noon)), "never before");
    // An hour less six minutes, since timers are not exact.
    assert_eq!(next(Some(HOUR), Some("2026-12-23T11:30:00Z"), noon, None), Some(at("2026-12-23T12:24:00Z")));
    assert_eq!(next(Some(HOUR), Some("2026-12-23T11:06:00Z"), noon, None), Some(at(noon)));
    // A window of a Thursday evening before a holiday opens on Monday at nine; at nine it is open, at five it is not.
    let desk = desk();
    assert_eq!(next(None, None, noon, Some(&desk)), Some(at(noon)));
    assert_eq!(next(None, None, "2026-12-24T18:00:00Z", Some(&desk)), Some(at("2026-12-28T09:00:00Z")));
    assert_eq!(next(None, None, "2026-12-28T09:00:00Z", Some(&desk)), Some(at("2026-12-28T09:00:00Z")));
    assert_eq!(next(None, None, "2026-12-24T17:00:00Z", Some(&desk)), Some(at("2026-12-28T09:00:00Z")));
    // Both: once in eight hours from half past eleven is half past six in the evening, when it is closed.
    let both = next(Some(8 * HOUR), Some("2026-12-23T11:30:00Z"), noon, Some(&desk));
    assert_eq!(both, Some(at("2026-12-24T09:00:00Z")));
    // What never opens is never looked at.
    let never = BusinessHours::from(Opened {
        zone: "UTC".to_owned(),
        week: Default::default(),
        days: BTreeMap::new(),
    });
    assert_eq!(next(None, None, noon, Some(&never)), None);
}
