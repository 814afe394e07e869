//! Events.

use kepi_store::{EventFilter, NewEvent, event::append_event};
use serde_json::json;

use crate::support::{Place, event, on_both};

on_both![
    events_are_appended_in_order_and_never_changed,
    a_place_in_the_log_is_not_lost_with_a_broken_off_change,
    whatever_is_written_comes_back_as_it_was,
    filters_are_exact,
];

async fn events_are_appended_in_order_and_never_changed(place: Place) {
    let store = place.store().await;
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
    for sql in ["UPDATE kepi_event SET at = 9", "DELETE FROM kepi_event"] {
        let refused = place.meddle(sql).await.unwrap_err();
        assert!(refused.contains("events are never"), "{refused}");
    }
    let mut tx = store.begin().await.unwrap();
    let nobody = NewEvent { actor: String::new(), ..event(4, "x") };
    assert!(append_event(&mut tx, &nobody).await.is_err(), "somebody did it");
}

async fn a_place_in_the_log_is_not_lost_with_a_broken_off_change(place: Place) {
    let store = place.store().await;
    for at in 1..=3 {
        let mut tx = store.begin().await.unwrap();
        append_event(&mut tx, &event(at, "x")).await.unwrap();
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        assert_eq!(append_event(&mut tx, &event(at, "x")).await.unwrap(), at);
        tx.commit().await.unwrap();
    }
    assert_eq!(store.newest_event().await.unwrap(), 3);
}

async fn whatever_is_written_comes_back_as_it_was(place: Place) {
    let store = place.store().await;
    let texts = [
        "",
        "Zürich 東京 🜚",
        "a\u{0}b",
        "'; DROP TABLE kepi_event; --",
        "\u{feff}\u{202e}\\u0000\n\t\"",
        "$1 ?1",
    ];
    let big = "ß".repeat(3_000_000);
    let mut written = Vec::new();
    let mut tx = store.begin().await.unwrap();
    for text in texts.iter().copied().chain([&*big]) {
        let new = NewEvent {
            at: i64::MAX / 2,
            actor: "Ana Müller 🜚".into(),
            kind: "a.b".into(),
            subject: "source/ü'\"".into(),
            body: json!({"text": text, "numbers": [i64::MIN, i64::MAX, 0.1], "none": null}),
        };
        append_event(&mut tx, &new).await.unwrap();
        written.push(new);
    }
    tx.commit().await.unwrap();
    let read: Vec<NewEvent> =
        store.events(&EventFilter::default()).await.unwrap().into_iter().map(|e| e.event).collect();
    assert!(read == written, "a body came back otherwise");
}

async fn filters_are_exact(place: Place) {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    for (at, kind) in
        ["run.started", "run_started", "run.ended", "Run.started", "load.landed"].iter().enumerate()
    {
        append_event(&mut tx, &event(at as i64, kind)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let find = |filter: EventFilter| {
        let store = store.clone();
        async move {
            store.events(&filter).await.unwrap().iter().map(|e| e.event.kind.clone()).collect::<Vec<_>>()
        }
    };
    let kind = |k: &str| EventFilter { kind: Some(k.into()), ..Default::default() };
    assert_eq!(find(kind("run.*")).await, ["run.started", "run.ended"]);
    assert_eq!(find(kind("run.started")).await, ["run.started"]);
    assert_eq!(find(kind("run%")).await, [""; 0]);
    assert_eq!(
        find(EventFilter { after: Some(3), ..Default::default() }).await,
        ["Run.started", "load.landed"]
    );
    assert_eq!(
        find(EventFilter { limit: Some(2), ..Default::default() }).await,
        ["run.started", "run_started"]
    );
    assert_eq!(find(EventFilter { subject: Some("source/b".into()), ..Default::default() }).await, [""; 0]);
    assert_eq!(find(EventFilter { limit: Some(0), ..Default::default() }).await, [""; 0]);
}
