//! Opening, waiting, reading beside a writer.

use std::time::Duration;

use kepi_govern::Effective;
use kepi_store::{EventFilter, NewText, Reading, Store, StoreError, Transaction};
use tokio::time::timeout;

use crate::{
    door::{adopt, position, send},
    support::{self, Place, on_both},
};

/// One more event, whatever others decide meanwhile.
async fn append(store: &Store, key: &str) {
    loop {
        let command = adopt(position(store).await, "a", Effective::Ever);
        match send(store, key, 1, &command).await {
            Err(StoreError::Forbidden(_)) => {}
            done => break assert!(done.is_ok(), "{done:?}"),
        }
    }
}

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
    append(&store, "k").await;
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
    let write = |s: Store, who: &'static str| async move {
        for n in 0..25 {
            append(&s, &format!("{who}/{n}")).await;
        }
    };
    let (a, b) = tokio::join!(tokio::spawn(write(store.clone(), "a")), tokio::spawn(write(other, "b")));
    a.unwrap();
    b.unwrap();
    let seqs: Vec<u64> = store.events(&EventFilter::default()).await.unwrap().iter().map(|e| e.seq).collect();
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
    keep(&mut next).await;
    next.commit().await.unwrap();
    assert_eq!(place.count("kepi_text").await, 1);
}

/// One more row.
async fn keep(tx: &mut Transaction) {
    tx.keep_text(&NewText::new("x".to_owned())).await.unwrap();
}

async fn readers_wait_for_no_writer_and_see_one_moment(place: Place) {
    let (store, other) = (place.store().await, place.store().await);
    let texts = [NewText::new("x".to_owned()), NewText::new("y".to_owned())];
    let seen = async |reading: &mut Reading| {
        let mut seen = 0;
        for text in &texts {
            seen += usize::from(reading.text(&text.commitment).await.unwrap().is_some());
        }
        seen
    };
    let count = async || seen(&mut store.read().await.unwrap()).await;
    let mut tx = other.begin().await.unwrap();
    tx.keep_text(&texts[0]).await.unwrap();
    for _ in 0..10 {
        let seen = timeout(Duration::from_secs(10), count()).await.expect("a reader waited for a writer");
        assert_eq!(seen, 0, "a change that is not committed was seen");
    }
    // Opening a database that needs nothing is reading.
    timeout(Duration::from_secs(10), place.store()).await.expect("an opener waited for a writer");
    tx.commit().await.unwrap();
    assert_eq!(count().await, 1);
    let mut moment = store.read().await.unwrap();
    assert_eq!(seen(&mut moment).await, 1);
    let mut tx = other.begin().await.unwrap();
    tx.keep_text(&texts[1]).await.unwrap();
    timeout(Duration::from_secs(10), tx.commit()).await.expect("a writer waited for a reader").unwrap();
    assert_eq!(seen(&mut moment).await, 1, "a reading is of one moment");
    assert_eq!(count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_in_two_schemas_of_one_database_do_not_meet() {
    let Some(url) = kepi_testkit::postgres::fresh_database() else { return };
    let open = async |schema: &str| {
        Store::open(&url.parse::<kepi_store::Location>().unwrap().in_schema(schema).unwrap()).await.unwrap()
    };
    let (north, south) = (open("north").await, open("south").await);
    let held = north.begin().await.unwrap();
    // Not even their locks are one.
    timeout(Duration::from_secs(10), append(&south, "1")).await.unwrap();
    append(&south, "2").await;
    drop(held);
    append(&north, "1").await;
    assert_eq!((north.newest_event().await.unwrap(), south.newest_event().await.unwrap()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_to_be_spoken_to_in_secret_is_not_spoken_to_openly() {
    let Some(url) = kepi_testkit::postgres::fresh_database() else { return };
    let refused =
        Store::open(&format!("{url}&sslmode=require").parse().unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("TLS"), "{refused}");
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
