//! Runs, what they vouch for, and what an earlier version left.

use kepi_store::publication::{
    NewestFile, RunRow, VouchedRow, begin_run, end_run, last_looks, newest_file, newest_files, newest_run,
    runs, set_newest_file, took, vouch, vouched,
};

use sqlx::Row as _;

use crate::support::{Place, on_both};

on_both![
    runs_are_ordered_by_their_place_in_the_log_and_say_what_they_vouch_for,
    the_file_of_newest_rows_is_one_a_table,
    when_sources_were_last_looked_at_is_found_without_reading_all_runs,
];

fn row(run: i64, seq: i64) -> RunRow {
    RunRow {
        run,
        seq,
        at: 100 + seq,
        register: 3,
        definition: "d".into(),
        lake: "lake".into(),
        snapshot: 7,
        engine: "e".into(),
        calendar: "c".into(),
        zones: "2026f".into(),
        watermarks: "{}".into(),
    }
}

async fn runs_are_ordered_by_their_place_in_the_log_and_say_what_they_vouch_for(place: Place) {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(newest_run(&mut tx, None).await.unwrap(), None);
    let numbers = [begin_run(&mut tx, 1).await.unwrap(), begin_run(&mut tx, 2).await.unwrap()];
    assert_eq!(numbers, [1, 2]);
    // The second is done first; the first one follows.
    end_run(&mut tx, &row(2, 10)).await.unwrap();
    end_run(&mut tx, &row(1, 20)).await.unwrap();
    assert!(end_run(&mut tx, &row(1, 30)).await.is_err(), "published once");
    assert!(end_run(&mut tx, &row(9, 30)).await.is_err(), "never begun");
    assert_eq!(begin_run(&mut tx, 3).await.unwrap(), 3, "begun and not published");
    let of = |subject: &str, span: Option<(&str, &str)>, why: Option<&str>| VouchedRow {
        subject: subject.into(),
        grain: "month".into(),
        by: 1,
        definition: "d".into(),
        mapping: "m".into(),
        span: span.map(|(a, b)| (a.into(), b.into())),
        changed: 5,
        not_renewed: why.map(Into::into),
    };
    let all = [of("kpi/a", Some(("2026-01-01", "2026-02-01")), None), of("score/a", None, Some("no column"))];
    vouch(&mut tx, 1, &all).await.unwrap();
    tx.commit().await.unwrap();
    let mut reading = store.read().await.unwrap();
    assert_eq!(runs(&mut reading, None).await.unwrap(), [row(2, 10), row(1, 20)]);
    assert_eq!(runs(&mut reading, Some(19)).await.unwrap(), [row(2, 10)]);
    assert_eq!(newest_run(&mut reading, None).await.unwrap(), Some((1, 20)));
    assert_eq!(newest_run(&mut reading, Some(19)).await.unwrap(), Some((2, 10)));
    assert_eq!(vouched(&mut reading, 1).await.unwrap(), all);
    assert_eq!(vouched(&mut reading, 2).await.unwrap(), []);
    drop(reading);
    let mut tx = store.begin().await.unwrap();
    assert!(vouch(&mut tx, 1, &all).await.is_err(), "said once");
}

async fn the_file_of_newest_rows_is_one_a_table(place: Place) {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    let file = |name: &str, seq| NewestFile { name: name.into(), seq, rows: 3 };
    assert_eq!(newest_file(&mut tx, "value").await.unwrap(), None);
    for (table, name, seq) in [("value", "a", 1), ("value", "b", 2), ("score", "c", 3)] {
        set_newest_file(&mut tx, table, &file(name, seq)).await.unwrap();
    }
    assert_eq!(newest_file(&mut tx, "value").await.unwrap(), Some(file("b", 2)));
    assert_eq!(newest_files(&mut tx).await.unwrap(), ["b", "c"]);
}

async fn when_sources_were_last_looked_at_is_found_without_reading_all_runs(place: Place) {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(last_looks(&mut tx).await.unwrap(), []);
    // Every third run looks at `a`, all at `b`, one at `c`; the last two are published the other way round, one more is not.
    let looked = |run: i64| {
        let sources = [("", true), ("a", run % 3 == 0), ("b", true), ("c", run == 4)];
        sources.into_iter().filter(|of| of.1).map(|of| (of.0.to_owned(), run)).collect::<Vec<_>>()
    };
    for run in 1..=30 {
        assert_eq!(begin_run(&mut tx, run).await.unwrap(), run);
        took(&mut tx, run, &looked(run)).await.unwrap();
    }
    for run in (1..=27).chain([29, 28]) {
        let seq = if run == 28 { 60 } else { run * 2 };
        end_run(&mut tx, &row(run, seq)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut reading = store.read().await.unwrap();
    let found = last_looks(&mut reading).await.unwrap();
    let expected =
        [("a", 100 + 54), ("b", 100 + 60), ("c", 100 + 8)].map(|(source, at)| (source.to_owned(), at));
    assert_eq!(found, expected);
    if matches!(place.location, kepi_store::Location::Sqlite(_)) {
        let of =
            include_str!("../../src/sql/common/publication.rs").split_once("LAST_LOOKS: &str =").unwrap().1;
        let sql = of.split('"').nth(1).unwrap();
        let plan = format!("EXPLAIN QUERY PLAN {sql}");
        let steps =
            sqlx::query(sqlx::AssertSqlSafe(plan)).fetch_all(&mut place.beside().await).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get::<String, _>(3)).collect();
        assert!(steps.iter().any(|step| step.contains("kepi_run_time_by_source")), "{steps:?}");
        // All that is gone through are the sources, and the newest few runs of each.
        let all = steps.iter().filter(|step| step.starts_with("SCAN"));
        let all: Vec<&String> = all.filter(|s| !["known", "looked", "newest"].contains(&&s[5..])).collect();
        assert!(all.is_empty(), "{all:?} of {steps:?}");
    }
}
