//! The store on a real database file.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use kepi_store::{
    EventFilter, NewEvent, NewPublication, Run, RunStatus, Store, ValueFilter, ValueKey,
    event::append_event,
    publication::{finish_run, publish, start_run},
};
use serde_json::json;

fn event(at: i64, kind: &str) -> NewEvent {
    NewEvent {
        at,
        actor: "ana".into(),
        kind: kind.into(),
        subject: "source/a".into(),
        body: json!({"n": at}),
    }
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("deep/er/kepi.db")).await.unwrap();
    (folder, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_appended_in_order_and_never_changed() {
    let (_folder, store) = store().await;
    let mut tx = store.begin().await.unwrap();
    append_event(&mut tx, &event(1, "load.landed")).await.unwrap();
    append_event(&mut tx, &event(2, "run.started")).await.unwrap();
    tx.commit().await.unwrap();
    {
        let mut tx = store.begin().await.unwrap();
        append_event(&mut tx, &event(3, "run.started")).await.unwrap();
    }
    let all = store.events(&EventFilter::default()).await.unwrap();
    assert_eq!(
        all.iter().map(|e| e.event.at).collect::<Vec<_>>(),
        [1, 2],
        "a dropped transaction leaves nothing"
    );
    assert_eq!(all[0].event, event(1, "load.landed"));
    let runs = store.events(&EventFilter { kind: Some("run.*".into()), ..Default::default() }).await.unwrap();
    assert_eq!(runs.len(), 1);
    for sql in ["UPDATE kepi_event SET at = 9", "DELETE FROM kepi_event"] {
        let mut tx = store.begin().await.unwrap();
        let refused = sqlx::query(sql).execute(&mut *tx).await.unwrap_err().to_string();
        assert!(refused.contains("events are never"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_twice_keeps_what_is_there() {
    let (folder, store) = store().await;
    let mut tx = store.begin().await.unwrap();
    append_event(&mut tx, &event(1, "a")).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let again = Store::open(&folder.path().join("deep/er/kepi.db")).await.unwrap();
    assert_eq!(again.events(&EventFilter::default()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_format_is_refused() {
    let (folder, store) = store().await;
    let mut tx = store.begin().await.unwrap();
    sqlx::query("UPDATE kepi_meta SET value = '99' WHERE key = 'format'").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let refused = Store::open(&folder.path().join("deep/er/kepi.db")).await.unwrap_err().to_string();
    assert!(refused.contains("format 99"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_value_is_a_restatement_beside_the_earlier_one() {
    let (_folder, store) = store().await;
    let value = |v: i64, snapshot: i64| NewPublication {
        key: ValueKey {
            kind: "kpi".into(),
            subject: "nps".into(),
            period: "2026-01".into(),
            segment: "{}".into(),
        },
        value: json!({"point": v}),
        pins: json!({"snapshot": snapshot}),
    };
    for (run, v, snapshot, want) in [
        ("r1", 10, 1, (1, 0, 0, 0)),
        ("r2", 10, 1, (0, 0, 0, 1)),
        ("r3", 10, 2, (0, 0, 1, 0)),
        ("r4", 12, 3, (0, 1, 0, 0)),
    ] {
        let mut tx = store.begin().await.unwrap();
        let started = Run {
            run: run.into(),
            started: snapshot,
            finished: None,
            definition: "d".into(),
            snapshot,
            engine: "e".into(),
            status: RunStatus::Running,
            body: json!({}),
        };
        start_run(&mut tx, &started).await.unwrap();
        let c = publish(&mut tx, run, 100 + v, &[value(v, snapshot)]).await.unwrap();
        assert_eq!((c.first, c.restated, c.repinned, c.unchanged), want, "{run}");
        assert!(finish_run(&mut tx, run, 200, RunStatus::Succeeded, &json!({})).await.unwrap());
        tx.commit().await.unwrap();
    }
    let latest = store.latest_values(&ValueFilter::default()).await.unwrap();
    assert_eq!(latest.len(), 1);
    assert_eq!(latest[0].publication, value(12, 3));
    let history =
        store.value_history(&ValueFilter { subject: Some("nps".into()), ..Default::default() }).await;
    assert_eq!(history.unwrap().iter().map(|p| p.run.clone()).collect::<Vec<_>>(), ["r1", "r3", "r4"]);
    assert_eq!(store.runs().await.unwrap().len(), 4);
    let mut tx = store.begin().await.unwrap();
    let refused = sqlx::query("UPDATE kepi_published SET value = '1'").execute(&mut *tx).await;
    assert!(refused.unwrap_err().to_string().contains("never changed"));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(publish(&mut tx, "unknown run", 1, &[value(13, 4)]).await.is_err(), "a value needs its run");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_openers_of_one_file_wait_for_each_other() {
    let (folder, store) = store().await;
    let other = Store::open(&folder.path().join("deep/er/kepi.db")).await.unwrap();
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
