//! Properties: numbers are exact, rows add up, whatever comes.

use kepi_lake::mapping::number::{Marks, NumberError, parse_number, parse_percent};
use kepi_model::project::{Excess, Mode, PercentSign};
use proptest::prelude::*;

use crate::{landing::orders, support::*};

/// `value` × 10^-`scale` in decimal, with a mark.
fn decimal(value: i128, scale: usize, mark: char) -> String {
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}{mark}{fraction}") }
}

fn grouped(text: &str, mark: char, separator: char) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |r| ("-", r));
    let (whole, fraction) = rest.split_once(mark).map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(separator);
        }
        out.push(c);
    }
    format!("{sign}{out}{}", fraction.map(|f| format!("{mark}{f}")).unwrap_or_default())
}

proptest! {
    #[test]
    fn every_integer_at_every_scale_is_read_exactly(value: i64, scale in 0u8..=9, comma: bool, separator in 0usize..4) {
        let (mark, other) = if comma { (',', '.') } else { ('.', ',') };
        let text = decimal(i128::from(value), usize::from(scale), mark);
        let plain = Marks { decimal: mark, grouping: None };
        prop_assert_eq!(parse_number(&text, scale, plain, Excess::Quarantine), Ok(value));
        let with_groups = grouped(&text, mark, [other, ' ', '\'', '\u{202f}'][separator]);
        let marks = Marks { decimal: mark, grouping: Some(other) };
        prop_assert_eq!(parse_number(&with_groups, scale, marks, Excess::Quarantine), Ok(value), "{}", with_groups);
        // A mark that may mean decimals groups nothing unless that is said.
        let is_grouped = with_groups.contains(other);
        prop_assert_eq!(parse_number(&with_groups, scale, plain, Excess::Quarantine).is_ok(), !is_grouped, "{}", with_groups);
        let zeros = format!("{text}{}", if scale == 0 { format!("{mark}000") } else { "000".into() });
        prop_assert_eq!(parse_number(&zeros, scale, plain, Excess::Quarantine), Ok(value));
    }

    #[test]
    fn excess_digits_round_half_to_even_or_are_refused(value in -10i64.pow(15)..10i64.pow(15), more in 1usize..5, scale in 0u8..4) {
        let text = decimal(i128::from(value), usize::from(scale) + more, '.');
        let unit = 10i64.pow(more as u32);
        let (quotient, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
        let nearest = match (rest * 2).cmp(&unit) {
            std::cmp::Ordering::Less => quotient,
            std::cmp::Ordering::Greater => quotient + 1,
            std::cmp::Ordering::Equal => quotient + (quotient & 1),
        };
        prop_assert_eq!(parse_number(&text, scale, Marks::PLAIN, Excess::Round), Ok(nearest));
        let strict = parse_number(&text, scale, Marks::PLAIN, Excess::Quarantine);
        prop_assert_eq!(strict, if rest == 0 { Ok(quotient) } else { Err(NumberError::Excess(scale)) });
    }

    #[test]
    fn no_text_breaks_the_reader_of_numbers(text: String, scale in 0u8..=9) {
        let _ = parse_number(&text, scale, Marks::PLAIN, Excess::Round);
        let _ = kepi_lake::mapping::number::parse_duration(&text, 60_000_000, Marks { decimal: ',', grouping: Some('.') });
    }
}

#[test]
fn numbers_that_are_none() {
    for text in
        ["", "-", ".", "1.2.3", "1 234'567", "0 750", "01'000", "0x10", "NaN", "1e", "--1", "1-", "(1)"]
    {
        assert_eq!(
            parse_number(text, 2, Marks::PLAIN, Excess::Round),
            Err(NumberError::NotANumber),
            "{text}"
        );
    }
    // Either mark before decimals may have been meant; who groups thousands says so, and never by a group that starts with 0.
    let marked = NumberError::Marked { decimal: '.', mark: ',' };
    for text in ["1,23", "12,34,567", "1,2345", "0,750", "0,125", "00,500", "12,5", "1,234", "-1,234.5"] {
        assert_eq!(parse_number(text, 2, Marks::PLAIN, Excess::Round), Err(marked), "{text}");
    }
    let grouping = Marks { decimal: '.', grouping: Some(',') };
    for text in ["0,750", "00,500", "12,34,567", "1,2345", "1234,567"] {
        let error = parse_number(text, 3, grouping, Excess::Round);
        assert_eq!(error, Err(NumberError::Grouped { mark: ',' }), "{text}");
    }
    assert_eq!(parse_number("-1,234,567.50", 2, grouping, Excess::Quarantine), Ok(-123_456_750));
    for text in ["92233720368547758.08", "1e30", "999999999999999999999999999999999999999999"] {
        assert_eq!(
            parse_number(text, 2, Marks::PLAIN, Excess::Round),
            Err(NumberError::TooLarge(2)),
            "{text}"
        );
    }
    assert_eq!(parse_number("-92233720368547758.08", 2, Marks::PLAIN, Excess::Round), Ok(i64::MIN));
    assert_eq!(parse_number("1e-50", 2, Marks::PLAIN, Excess::Round), Err(NumberError::TooLarge(2)));
    assert_eq!(parse_number(" \u{2212}1.5E2 ", 0, Marks::PLAIN, Excess::Quarantine), Ok(-150));
}

#[test]
fn a_percent_sign_is_read_as_declared() {
    let read = |text: &str, scale, sign| parse_percent(text, scale, Marks::PLAIN, sign, Excess::Quarantine);
    let (hundredths, dropped) = (Some(PercentSign::Hundredths), Some(PercentSign::Dropped));
    for (text, value) in
        [("85%", 8_500), (" 85.25 % ", 8_525), ("-3%", -300), ("100\u{ff05}", 10_000), ("1e1%", 1_000)]
    {
        assert_eq!(read(text, 4, hundredths), Ok(value), "{text}");
    }
    assert_eq!(read("85%", 0, hundredths), Err(NumberError::Excess(0)));
    assert_eq!(read("85", 4, hundredths), Err(NumberError::NoPercent));
    assert_eq!((read("85%", 0, dropped), read("85", 0, dropped)), (Ok(85), Ok(85)));
    assert_eq!((read("85%", 0, None), read("85", 0, None)), (Err(NumberError::Percent), Ok(85)));
    for sign in [None, hundredths, dropped] {
        for text in ["%", "8%5", "85%%", "%85", "n/a"] {
            assert_eq!(read(text, 2, sign), Err(NumberError::NotANumber), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn a_share_in_hundredths_is_the_number_a_hundredth_as_large(value in -10i64.pow(15)..10i64.pow(15), scale in 0u8..6) {
        let text = format!("{}%", decimal(i128::from(value), usize::from(scale), '.'));
        let hundredths = Some(PercentSign::Hundredths);
        prop_assert_eq!(parse_percent(&text, scale + 2, Marks::PLAIN, hundredths, Excess::Quarantine), Ok(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rows_add_up(
        files in proptest::collection::vec(
            proptest::collection::vec((0u8..6, "[0-9]{0,2}|x|1[.]255", "|2026-0[1-9]-0[1-9]|never", "|yes|no|maybe", 0u8..12), 0..30),
            1..4,
        ),
        mode in 0usize..3,
        postgres: bool,
    ) {
        let on_postgres = postgres && kepi_testkit::postgres::is_installed();
        let database = if on_postgres { Database::Postgres } else { Database::Sqlite };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(DATABASE.scope(database, async {
            let bench = Bench::new().await;
            let (project, source) = orders([Mode::Append, Mode::Upsert, Mode::Snapshot][mode]);
            let mut stored = 0;
            for (n, rows) in files.iter().enumerate() {
                let mut text = "id,amount,at,paid\n".to_owned();
                for (key, amount, at, paid, shape) in rows {
                    let key = if *key == 0 { String::new() } else { key.to_string() };
                    match shape {
                        0 => text.push_str(&format!("{key},{amount}\n")),
                        1 => text.push_str(&format!("{key},{amount},{at},{paid},more\n")),
                        _ => text.push_str(&format!("{key},{amount},{at},{paid}\n")),
                    }
                }
                let path = bench.write(&format!("{n}.csv"), text);
                let report = bench.land(&project, &source, &path, NOW + n as i64).await.unwrap();
                assert_eq!(report.counts.read, rows.len() as u64);
                if report.outcome == kepi_query::landing::LoadOutcome::Landed {
                    stored += report.counts.accepted + report.counts.superseding;
                }
            }
            let all = bench.rows(&project, "order", &["id", "_valid_from", "_valid_to"]).await;
            assert_eq!(all.len() as u64, stored, "every row that was said to be in is in");
            for key in 1..6 {
                let current = all.iter().filter(|r| r[0] == key.to_string() && r[2] == "-").count();
                assert!(current <= 1, "key {key} is in force {current} times");
            }
        }));
    }
}

#[test]
fn names_are_ordered_by_the_numbers_in_them() {
    let mut names = [
        "week_10",
        "week_9",
        "week_09b",
        "2026-2-1",
        "2026-10-1",
        "a",
        "",
        "week_100000000000000000000",
        "Z",
    ];
    names.sort_by(|a, b| kepi_query::landing::natural(a, b));
    let want = [
        "",
        "2026-2-1",
        "2026-10-1",
        "Z",
        "a",
        "week_9",
        "week_09b",
        "week_10",
        "week_100000000000000000000",
    ];
    assert_eq!(names, want);
}
