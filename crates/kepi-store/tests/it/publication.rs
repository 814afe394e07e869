//! Runs, what they vouch for, and what an earlier version left.

use kepi_store::publication::{
    NewestFile, RunRow, VouchedRow, begin_run, end_run, newest_file, newest_files, newest_run, runs,
    set_newest_file, vouch, vouched,
};

use crate::support::{Place, on_both};

on_both![
    runs_are_ordered_by_their_place_in_the_log_and_say_what_they_vouch_for,
    the_file_of_newest_rows_is_one_a_table,
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
