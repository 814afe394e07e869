//! Calendars against days that are easily got wrong.

use proptest::prelude::*;

use super::*;

const GRAINS: [Grain; 6] =
    [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year];
const ZONES: [&str; 8] = [
    "UTC",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "America/St_Johns",
    "Africa/Cairo",
];

fn calendar(zone: &str) -> Calendar {
    Calendar { zone: zone.to_owned(), week_start: 0, fiscal_year_start: 1, weeks: None }
}

fn instant(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn day(calendar: &Calendar, text: &str) -> Period {
    calendar.parse(text).unwrap()
}

fn hours(range: Range<i64>) -> f64 {
    (range.end - range.start) as f64 / 3.6e9
}

#[test]
fn ordinals_of_days_run_through_1970() {
    for (text, ordinal) in [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        ("1970-01-02", 1),
        ("1968-02-29", -672),
        ("2000-03-01", 11_017),
    ] {
        let date: Date = text.parse().unwrap();
        assert_eq!(ordinal_of_day(date), ordinal, "{text}");
        assert_eq!(day_from_ordinal(i64::from(ordinal)).unwrap(), date);
    }
    let edges = calendar("UTC").edges(Grain::Day, -2, 1).unwrap();
    assert_eq!(edges, [-2, -1, 0, 1, 2].map(|d| d * 86_400_000_000i64));
}

#[test]
fn days_have_the_hours_that_clocks_give_them() {
    for (zone, text, expected) in [
        ("America/Los_Angeles", "2026-03-08", 23.0),
        ("America/Los_Angeles", "2026-11-01", 25.0),
        ("Europe/Berlin", "2026-03-29", 23.0),
        ("Europe/Berlin", "2026-10-25", 25.0),
        ("Europe/Berlin", "2026-06-01", 24.0),
        ("Asia/Kathmandu", "2026-06-01", 24.0),
        // Clocks went from 24:00 to 01:00: the day has no midnight.
        ("America/Sao_Paulo", "2018-11-04", 23.0),
        ("America/Sao_Paulo", "2018-02-17", 25.0),
        // The day was left out when Samoa crossed the date line.
        ("Pacific/Apia", "2011-12-29", 24.0),
        ("Pacific/Apia", "2011-12-30", 0.0),
        ("Pacific/Apia", "2011-12-31", 24.0),
    ] {
        let calendar = calendar(zone);
        assert_eq!(hours(calendar.bounds(day(&calendar, text)).unwrap()), expected, "{zone} {text}");
    }
}

#[test]
fn starts_of_days_are_instants_that_are_known() {
    for (zone, text, start) in [
        ("America/Los_Angeles", "2026-01-01", "2026-01-01T08:00:00Z"),
        ("Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z"),
        ("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ] {
        let calendar = calendar(zone);
        assert_eq!(calendar.bounds(day(&calendar, text)).unwrap().start, instant(start), "{zone} {text}");
    }
}

#[test]
fn a_day_that_was_left_out_breaks_no_edges() {
    let calendar = calendar("Pacific/Apia");
    let first = day(&calendar, "2011-12-28").ordinal;
    let edges = calendar.edges(Grain::Day, first, first + 4).unwrap();
    assert_eq!(edges.len(), 6);
    assert!(edges.windows(2).all(|w| w[0] <= w[1]));
    assert_eq!(edges[2], edges[3], "30 December has no instant");
    let month = calendar.bounds(day(&calendar, "2011-12")).unwrap();
    assert_eq!(hours(month), 30.0 * 24.0);
    let at = calendar.period_at(Grain::Day, edges[3]).unwrap();
    assert_eq!(calendar.label(at), "2011-12-31");
}

#[test]
fn weeks_start_where_the_calendar_says() {
    let monday = calendar("UTC");
    let sunday = Calendar { week_start: 6, ..calendar("UTC") };
    let saturday = Calendar { week_start: 5, ..calendar("UTC") };
    let date: Date = "2026-04-01".parse().unwrap();
    for (calendar, start, label) in [
        (&monday, "2026-03-30", "2026-W14"),
        (&sunday, "2026-03-29", "week of 2026-03-29"),
        (&saturday, "2026-03-28", "week of 2026-03-28"),
    ] {
        let week = calendar.period_of_day(Grain::Week, date);
        assert_eq!(calendar.first_day(week).unwrap().to_string(), start);
        assert_eq!(calendar.label(week), label);
    }
    assert_eq!(monday.label(monday.period_of_day(Grain::Week, "2027-01-01".parse().unwrap())), "2026-W53");
    assert!(monday.parse("2025-W53").is_err());
}

#[test]
fn fiscal_years_are_named_by_their_first_year() {
    let april = Calendar { fiscal_year_start: 4, ..calendar("UTC") };
    for (text, grain, label) in [
        ("2026-03-31", Grain::Year, "2025/26"),
        ("2026-04-01", Grain::Year, "2026/27"),
        ("2026-03-31", Grain::Quarter, "2025/26-Q4"),
        ("2026-04-01", Grain::Quarter, "2026/27-Q1"),
        ("2026-03-31", Grain::HalfYear, "2025/26-H2"),
        ("2026-03-31", Grain::Month, "2026-03"),
        ("1969-04-01", Grain::Year, "1969/70"),
        ("1999-04-01", Grain::Year, "1999/00"),
    ] {
        let period = april.period_of_day(grain, text.parse().unwrap());
        assert_eq!(april.label(period), label);
        assert_eq!(april.parse(label), Ok(period));
    }
    assert_eq!(april.first_day(april.parse("2026/27-Q2").unwrap()).unwrap().to_string(), "2026-07-01");
}

#[test]
fn texts_that_name_no_period_are_refused() {
    let calendar = calendar("UTC");
    for text in [
        "",
        "26",
        "+026",
        "2026-",
        "2026-Q5",
        "2026-Q",
        "2026-H0",
        "2026-13",
        "2026-W54",
        "2026-02-30",
        "2025/26",
        "week of yesterday",
        "2026-Q+1",
        "é",
        "2026-é",
        "2026/27-03",
    ] {
        assert_eq!(calendar.parse(text), Err(CalendarError::NotAPeriod(text.to_owned())), "{text}");
    }
    let unknown = Calendar { zone: "Europe/Nowhere".into(), ..calendar };
    assert!(matches!(unknown.period_at(Grain::Day, 0), Err(CalendarError::UnknownZone(_))));
}

#[test]
fn periods_beyond_the_calendar_are_errors() {
    let calendar = calendar("UTC");
    for grain in GRAINS {
        for ordinal in [i32::MAX, i32::MIN] {
            assert!(calendar.bounds(calendar.period(grain, ordinal)).is_err(), "{grain:?} {ordinal}");
            let _ = calendar.label(calendar.period(grain, ordinal));
        }
    }
}

#[test]
fn a_week_is_named_by_the_day_on_which_it_begins() {
    let sunday = Calendar { week_start: 6, ..calendar("UTC") };
    assert_eq!(
        sunday.parse("week of 2026-08-02").map(|week| sunday.label(week)).as_deref(),
        Ok("week of 2026-08-02")
    );
    for text in ["week of 2026-08-05", "week of 2026-08-03"] {
        assert!(sunday.parse(text).is_err(), "{text}");
    }
    // Where weeks begin on Mondays it names none: another week would be closed by it.
    assert!(calendar("UTC").parse("week of 2026-08-02").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_label_writes_parse_reads(ordinal in -800i32..800, grain in 0usize..6, week_start in 0u8..7, fiscal in 1u8..13) {
        let calendar = Calendar { zone: "UTC".into(), week_start, fiscal_year_start: fiscal, weeks: None };
        let grain = GRAINS[grain];
        // About as many years around 1970 for every grain.
        let ordinal = match grain { Grain::Year => ordinal / 4, Grain::HalfYear => ordinal / 2, _ => ordinal };
        let period = calendar.period(grain, ordinal);
        prop_assert_eq!(calendar.parse(&calendar.label(period)), Ok(period));
    }

    #[test]
    fn periods_tile_time(instant in -2_000_000_000_000_000i64..3_000_000_000_000_000, grain in 0usize..6, zone in 0usize..8, week_start in 0u8..7, fiscal in 1u8..13) {
        let calendar = Calendar { zone: ZONES[zone].into(), week_start, fiscal_year_start: fiscal, weeks: None };
        let period = calendar.period_at(GRAINS[grain], instant).unwrap();
        let bounds = calendar.bounds(period).unwrap();
        prop_assert!(bounds.contains(&instant), "{} {:?}", calendar.label(period), bounds);
        prop_assert_eq!(calendar.bounds(period.offset(1)).unwrap().start, bounds.end);
        let first = calendar.first_day(period).unwrap();
        prop_assert_eq!(calendar.period_of_day(GRAINS[grain], first), period);
        prop_assert_eq!(calendar.period_of_day(GRAINS[grain], first.yesterday().unwrap()), period.offset(-1));
        let edges = calendar.edges(GRAINS[grain], period.ordinal, period.ordinal).unwrap();
        prop_assert_eq!(edges, vec![bounds.start, bounds.end]);
    }

    #[test]
    fn both_sides_of_every_change_of_clocks_lie_in_their_period(zone in 1usize..8, after in 0i64..1_700_000_000, step in -2i64..3) {
        let zone_name = ZONES[zone];
        let calendar = calendar(zone_name);
        let zone = TimeZone::get(zone_name).unwrap();
        let Some(change) = zone.following(Timestamp::from_second(after).unwrap()).next() else { return Ok(()) };
        let instant = change.timestamp().as_microsecond() + step;
        let bounds = calendar.bounds(calendar.period_at(Grain::Day, instant).unwrap()).unwrap();
        prop_assert!(bounds.contains(&instant));
    }
}

fn of_weeks(week_start: u8, fiscal_year_start: u8, pattern: Pattern, begins: Begins) -> Calendar {
    let weeks = Some(FiscalWeeks { pattern, begins });
    Calendar { zone: "UTC".into(), week_start, fiscal_year_start, weeks }
}

#[test]
fn years_of_retailers_have_52_or_53_weeks() {
    // From Sunday on, the Sunday nearest to 1 February, as the National Retail Federation publishes its 4-5-4 calendar.
    let retail = of_weeks(6, 2, Pattern::FourFiveFour, Begins::Nearest);
    for (year, first, weeks) in [
        ("2012/13", "2012-01-29", 53),
        ("2016/17", "2016-01-31", 52),
        ("2017/18", "2017-01-29", 53),
        ("2018/19", "2018-02-04", 52),
        ("2023/24", "2023-01-29", 53),
        ("2024/25", "2024-02-04", 52),
        ("2025/26", "2025-02-02", 52),
    ] {
        let period = retail.parse(year).unwrap();
        let (from, until) = (retail.first_day(period).unwrap(), retail.first_day(period.offset(1)).unwrap());
        assert_eq!(from.to_string(), first, "{year}");
        assert_eq!(ordinal_of_day(until) - ordinal_of_day(from), weeks * 7, "{year}");
    }
    // Four weeks, five, four; the fifty-third belongs to the last month.
    for (text, first, last) in [
        ("2023/24-P01", "2023-01-29", "2023-02-25"),
        ("2023/24-P02", "2023-02-26", "2023-04-01"),
        ("2023/24-P03", "2023-04-02", "2023-04-29"),
        ("2023/24-P12", "2023-12-31", "2024-02-03"),
        ("2023/24-Q4", "2023-10-29", "2024-02-03"),
        ("2024/25-H2", "2024-08-04", "2025-02-01"),
    ] {
        let period = retail.parse(text).unwrap();
        let days =
            (retail.first_day(period).unwrap().to_string(), retail.last_day(period).unwrap().to_string());
        assert_eq!(days, (first.to_owned(), last.to_owned()), "{text}");
        assert_eq!(retail.label(period), text);
    }
    // Of such a year March is no month.
    assert!(retail.parse("2024-03").is_err() && calendar("UTC").parse("2024-P03").is_err());
}

#[test]
fn years_may_end_with_the_last_such_day_of_a_month() {
    // The year ends on the last Saturday of September.
    let last = of_weeks(6, 10, Pattern::FourFourFive, Begins::Last);
    for (year, first, until) in
        [("2022/23", "2022-09-25", "2023-09-30"), ("2023/24", "2023-10-01", "2024-09-28")]
    {
        let period = last.parse(year).unwrap();
        let days = (last.first_day(period).unwrap().to_string(), last.last_day(period).unwrap().to_string());
        assert_eq!(days, (first.to_owned(), until.to_owned()), "{year}");
    }
    // A year that begins in December is named by the January nearest to it.
    let january = of_weeks(0, 1, Pattern::FourFourFive, Begins::Nearest);
    let day: Date = "2025-12-30".parse().unwrap();
    assert_eq!(january.label(january.period_of_day(Grain::Month, day)), "2026-P01");
}

#[test]
fn earlier_by_months_of_weeks_is_the_same_day_of_the_month_or_its_last() {
    let retail = of_weeks(6, 2, Pattern::FourFiveFour, Begins::Nearest);
    let earlier =
        |day: &str, number, grain| retail.earlier(day.parse().unwrap(), number, grain).unwrap().to_string();
    // Twelve months that end with a month begin with one.
    assert_eq!(earlier("2024-02-04", 12, Grain::Month), "2023-01-29");
    assert_eq!(earlier("2024-02-04", 1, Grain::Year), "2023-01-29");
    assert_eq!(earlier("2024-02-04", 28, Grain::Day), "2024-01-07");
    // The fifth week of a month that has five; the month before has four.
    assert_eq!(earlier("2023-04-01", 1, Grain::Month), "2023-02-25");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn months_of_weeks_tile_time_and_each_other(
        day in -40_000i32..60_000, week_start in 0u8..7, fiscal in 1u8..13, pattern in 0usize..3, last in proptest::bool::ANY,
    ) {
        let pattern = [Pattern::FourFourFive, Pattern::FourFiveFour, Pattern::FiveFourFour][pattern];
        let begins = if last { Begins::Last } else { Begins::Nearest };
        let calendar = of_weeks(week_start, fiscal, pattern, begins);
        let of = |grain| calendar.period_of_day(grain, day_of_ordinal(day).unwrap());
        for grain in GRAINS {
            let period = of(grain);
            let first = ordinal_of_day(calendar.first_day(period).unwrap());
            let next = ordinal_of_day(calendar.first_day(period.offset(1)).unwrap());
            prop_assert!((first..next).contains(&day), "{} {first} {day} {next}", calendar.label(period));
            prop_assert_eq!(calendar.parse(&calendar.label(period)), Ok(period));
            prop_assert!(i64::from(next - first) * 86_400_000_000 <= calendar.longest(grain));
            if grain != Grain::Day {
                prop_assert_eq!((next - first) % 7, 0);
            }
        }
        prop_assert_eq!(of(Grain::Month).ordinal.div_euclid(3), of(Grain::Quarter).ordinal);
        prop_assert_eq!(of(Grain::Quarter).ordinal.div_euclid(4), of(Grain::Year).ordinal);
    }
}

#[test]
fn as_a_period_ends_the_last_longer_one_is_known_that_has_ended() {
    let calendar = calendar("UTC");
    let as_of = |period: &str, grain| {
        calendar.label(calendar.as_of_end(calendar.parse(period).unwrap(), grain).unwrap())
    };
    assert_eq!(as_of("2026-05", Grain::Quarter), "2026-Q1");
    assert_eq!(as_of("2026-06", Grain::Quarter), "2026-Q2");
    assert_eq!(as_of("2026-01", Grain::Year), "2025");
    // Week 9 ends with the first of March, week 8 before February does.
    assert_eq!(as_of("2026-W09", Grain::Month), "2026-02");
    assert_eq!(as_of("2026-W08", Grain::Month), "2026-01");
    assert_eq!(as_of("2026-05", Grain::Month), "2026-05");
    assert_eq!(as_of("2026-05", Grain::Day), "2026-05", "finer ones are made for the period itself");
}
