//! Runs and published values.

use kepi_store::{
    NewPublication, Run, RunStatus, ValueFilter, ValueKey,
    publication::{finish_run, publish, start_run},
};
use serde_json::json;

use crate::support::{Place, on_both};

on_both![a_later_value_is_a_restatement_beside_the_earlier_one];

async fn a_later_value_is_a_restatement_beside_the_earlier_one(place: Place) {
    let store = place.store().await;
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
    let refused = place.meddle("UPDATE kepi_published SET value = '1'").await.unwrap_err();
    assert!(refused.contains("never changed"), "{refused}");
    let mut tx = store.begin().await.unwrap();
    assert!(publish(&mut tx, "unknown run", 1, &[value(13, 4)]).await.is_err(), "a value needs its run");
}
