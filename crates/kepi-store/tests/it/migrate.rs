//! A database of the format before is opened as one of today.

use kepi_govern::{Event, event::Legacy};
use kepi_store::{EventFilter, Store};

use crate::support::{Place, on_both};

on_both![events_of_format_1_are_sealed_as_they_stood, a_log_of_format_2_gets_its_tree];

async fn a_log_of_format_2_gets_its_tree(place: Place) {
    // More than are read at once would take long here; a few hundred make a tree with every shape of edge.
    let store = place.store().await;
    for n in 0..70 {
        let command = crate::door::adopt(n, "a", kepi_govern::Effective::Ever);
        crate::door::send(&store, &format!("k{n}"), 1, &command).await.unwrap();
    }
    let (whole, rows) = (store.checkpoint().await.unwrap(), place.rows("kepi_tree").await);
    store.close().await;
    for sql in [
        "DROP TABLE kepi_tree",
        "DROP TABLE kepi_checkpoint",
        "DELETE FROM kepi_meta WHERE key IN ('log', 'schema')",
        "UPDATE kepi_meta SET value = '2' WHERE key = 'format'",
    ] {
        place.meddle(sql).await.unwrap();
    }
    assert!(matches!(Store::open_to_read(&place.location).await, Err(kepi_store::StoreError::Earlier)));
    let store = place.store().await;
    assert_eq!(place.rows("kepi_tree").await, rows);
    let now = store.checkpoint().await.unwrap();
    assert_eq!((now.size, now.root), (70, whole.root));
    assert_ne!(now.origin, whole.origin, "its name is new: nobody can have signed for it");
    let audited = store.audit(&kepi_store::Trusted::default()).await.unwrap();
    assert!(audited.holds(), "{:?}", audited.findings);
    // It grows on, and is opened as it is.
    let command = crate::door::adopt(70, "a", kepi_govern::Effective::Ever);
    crate::door::send(&store, "k70", 1, &command).await.unwrap();
    assert_eq!(place.store().await.checkpoint().await.unwrap().size, 71);
}

async fn events_of_format_1_are_sealed_as_they_stood(place: Place) {
    // As format 1 made them, so far as it matters.
    place.store().await.close().await;
    for sql in [
        "DROP TABLE kepi_quarantine",
        "DROP TABLE kepi_load",
        "DROP TABLE kepi_event",
        "CREATE TABLE kepi_event (seq BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, actor TEXT NOT NULL,
             kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX kepi_event_by_subject ON kepi_event (subject, seq)",
        "INSERT INTO kepi_event VALUES
             (1, '0198c5f0-0000-7000-8000-000000000001', 10, 'Ana', 'table.created', 'entity/order', '{\"columns\":[\"id\"]}'),
             (2, '0198c5f0-0000-7000-8000-000000000002', 12, 'Eva', 'load.landed', 'source/shop', '{\"file\":\"Anna Smith.csv\"}'),
             (4, '0198c5f0-0000-7000-8000-000000000003', 11, 'Ana', 'load.landed_anew', 'source/shop', '{ \"n\" : 0.5 }')",
        "UPDATE kepi_meta SET value = '1' WHERE key = 'format'",
        "DELETE FROM kepi_person",
    ] {
        place.meddle(sql).await.unwrap();
    }
    for _ in 0..2 {
        let store = place.store().await;
        let log = store.events(&EventFilter::default()).await.unwrap();
        assert_eq!(
            log.iter().map(|e| (e.seq, e.n, e.at, e.v, e.subject.as_str())).collect::<Vec<_>>(),
            [(1, 1, 10, 0, "entity/order"), (2, 1, 12, 0, "source/shop"), (3, 2, 12, 0, "source/shop")]
        );
        assert_eq!(store.newest_event().await.unwrap(), 3);
        let mut said = Vec::new();
        for recorded in &log {
            let Event::Legacy(Legacy { was, body, .. }) = recorded.event().unwrap() else {
                panic!("{recorded:?}")
            };
            let text = store.read().await.unwrap().text(&body).await.unwrap().unwrap();
            said.push((store.name_of(&recorded.by).await.unwrap(), was.to_string(), text));
            assert!(!recorded.line().unwrap().contains("Anna"), "what it quotes can be erased");
        }
        let expected = [
            ("Ana", "table.created", r#"{"columns":["id"]}"#),
            ("Eva", "load.landed", r#"{"file":"Anna Smith.csv"}"#),
            ("Ana", "load.landed_anew", r#"{ "n" : 0.5 }"#),
        ];
        assert_eq!(said, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        let audited = store.audit(&kepi_store::Trusted::default()).await.unwrap();
        assert!(audited.holds(), "{:?}", audited.findings);
        store.close().await;
    }
    // The log goes on from there.
    let store: Store = place.store().await;
    crate::door::send(&store, "k", 5, &crate::door::adopt(0, "a", kepi_govern::Effective::Ever))
        .await
        .unwrap();
    let newest = store.events(&EventFilter { after: Some(3), ..Default::default() }).await.unwrap();
    assert_eq!((newest[0].seq, newest[0].at), (4, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_of_format_1_know_how_many_rows_they_rejected() {
    let place = crate::support::sqlite().unwrap();
    place.store().await.close().await;
    for sql in [
        "DROP TABLE kepi_quarantine",
        "DROP TABLE kepi_load",
        "DROP TABLE kepi_event",
        "CREATE TABLE kepi_event (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, actor TEXT NOT NULL,
             kind TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL)",
        "CREATE TABLE kepi_load (
             seq INTEGER PRIMARY KEY AUTOINCREMENT, load TEXT NOT NULL UNIQUE, source TEXT NOT NULL, entity TEXT NOT NULL,
             file TEXT NOT NULL, content TEXT NOT NULL, definition TEXT NOT NULL, stopped INTEGER NOT NULL,
             effective INTEGER NOT NULL, at INTEGER NOT NULL, snapshot INTEGER, rows INTEGER NOT NULL,
             columns TEXT NOT NULL CHECK (json_valid(columns)), report TEXT NOT NULL CHECK (json_valid(report)),
             replaced_by TEXT) STRICT",
        "INSERT INTO kepi_load VALUES
             (1, 'l1', 's', 'e', 'f', 'c', 'd', 0, 1, 1, 1, 9, '[]', '{\"counts\":{\"quarantined\":4}}', NULL),
             (2, 'l2', 's', 'e', 'g', 'c', 'd', 1, 1, 1, 1, 9, '[]', '{\"counts\":{\"quarantined\":8}}', NULL)",
        "UPDATE kepi_meta SET value = '1' WHERE key = 'format'",
    ] {
        place.meddle(sql).await.unwrap();
    }
    let store = place.store().await;
    let mut tx = store.read().await.unwrap();
    assert_eq!(kepi_store::quarantine::page(&mut tx, None, 0, 9).await.unwrap().1, 4);
}
