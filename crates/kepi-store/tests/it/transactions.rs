//! Opening, waiting, reading beside a writer.

use std::time::Duration;

use kepi_store::{EventFilter, Store, event::append_event};
use tokio::time::timeout;

use crate::support::{self, Place, event, on_both};

on_both![
    opening_twice_keeps_what_is_there,
    openers_at_once_do_not_hinder_each_other,
    a_newer_format_is_refused,
    two_openers_of_one_database_wait_for_each_other,
    a_second_writer_waits_until_the_first_ends,
    readers_wait_for_no_writer_and_see_one_moment,
];

async fn opening_twice_keeps_what_is_there(place: Place) {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    append_event(&mut tx, &event(1, "a")).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    assert_eq!(place.store().await.events(&EventFilter::default()).await.unwrap().len(), 1);
}

async fn openers_at_once_do_not_hinder_each_other(place: Place) {
    let open = || {
        let location = place.location.clone();
        tokio::spawn(async move { Store::open(&location).await })
    };
    for opened in [open(), open(), open(), open()] {
        opened.await.unwrap().unwrap();
    }
}

async fn a_newer_format_is_refused(place: Place) {
    place.store().await.close().await;
    place.meddle("UPDATE kepi_meta SET value = '99' WHERE key = 'format'").await.unwrap();
    let refused = Store::open(&place.location).await.unwrap_err().to_string();
    assert!(refused.contains("format 99"), "{refused}");
}

async fn two_openers_of_one_database_wait_for_each_other(place: Place) {
    let (store, other) = (place.store().await, place.store().await);
    let write = |s: Store, base: i64| async move {
        for i in 0..25 {
            let mut tx = s.begin().await.unwrap();
            append_event(&mut tx, &event(base + i, "x")).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    let (a, b) = tokio::join!(tokio::spawn(write(store.clone(), 0)), tokio::spawn(write(other, 100)));
    a.unwrap();
    b.unwrap();
    let seqs: Vec<i64> = store.events(&EventFilter::default()).await.unwrap().iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=50).collect::<Vec<_>>());
}

async fn a_second_writer_waits_until_the_first_ends(place: Place) {
    let (store, other) = (place.store().await, place.store().await);
    let first = store.begin().await.unwrap();
    for waiting in [&store, &other] {
        let begun = timeout(Duration::from_millis(300), waiting.begin()).await;
        assert!(begun.is_err(), "a second writer began beside the first");
    }
    let next = tokio::spawn(async move { other.begin().await.unwrap() });
    drop(first);
    let mut next = timeout(Duration::from_secs(20), next).await.unwrap().unwrap();
    append_event(&mut next, &event(1, "x")).await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(store.newest_event().await.unwrap(), 1);
}

async fn readers_wait_for_no_writer_and_see_one_moment(place: Place) {
    let (store, other) = (place.store().await, place.store().await);
    let count = async || store.events(&EventFilter::default()).await.unwrap().len();
    let mut tx = other.begin().await.unwrap();
    append_event(&mut tx, &event(1, "x")).await.unwrap();
    for _ in 0..10 {
        let seen = timeout(Duration::from_secs(10), count()).await.expect("a reader waited for a writer");
        assert_eq!(seen, 0, "a change that is not committed was seen");
    }
    // Opening a database that needs nothing is reading.
    timeout(Duration::from_secs(10), place.store()).await.expect("an opener waited for a writer");
    tx.commit().await.unwrap();
    assert_eq!(count().await, 1);
    let mut moment = store.read().await.unwrap();
    assert_eq!(kepi_store::event::size(&mut moment).await.unwrap(), 1);
    let mut tx = other.begin().await.unwrap();
    append_event(&mut tx, &event(2, "x")).await.unwrap();
    timeout(Duration::from_secs(10), tx.commit()).await.expect("a writer waited for a reader").unwrap();
    assert_eq!(kepi_store::event::size(&mut moment).await.unwrap(), 1, "a reading is of one moment");
    assert_eq!(count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_in_two_schemas_of_one_database_do_not_meet() {
    let Some(url) = kepi_testkit::postgres::fresh_database() else { return };
    let open = async |schema: &str| {
        Store::open(&url.parse::<kepi_store::Location>().unwrap().in_schema(schema).unwrap()).await.unwrap()
    };
    let (north, south) = (open("north").await, open("south").await);
    let mut held = north.begin().await.unwrap();
    append_event(&mut held, &event(1, "x")).await.unwrap();
    // Not even their locks are one.
    let mut tx = timeout(Duration::from_secs(10), south.begin()).await.unwrap().unwrap();
    append_event(&mut tx, &event(2, "x")).await.unwrap();
    append_event(&mut tx, &event(3, "x")).await.unwrap();
    tx.commit().await.unwrap();
    held.commit().await.unwrap();
    assert_eq!((north.newest_event().await.unwrap(), south.newest_event().await.unwrap()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_says_where_and_keeps_the_password() {
    let refused = Store::open(&"postgres://ana:s3cret@127.0.0.1:1/kepi".parse().unwrap()).await.unwrap_err();
    for shown in [refused.to_string(), format!("{refused:?}")] {
        assert!(shown.contains("ana@127.0.0.1:1/kepi") && !shown.contains("s3cret"), "{shown}");
    }
    let place = support::sqlite().unwrap();
    let kepi_store::Location::Sqlite(path) = &place.location else { panic!() };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "this is no database, and long enough for its header to be read").unwrap();
    let refused = Store::open(&place.location).await.unwrap_err().to_string();
    assert!(refused.contains("not a database"), "{refused}");
}
