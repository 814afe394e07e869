//! A log that somebody with all rights on its database has changed: the audit says what is not as it was. Every bit of a
//! log of 10,000 entries is gone through in `kepi-proof`; here the changes are made in a database of either kind.

use kepi_govern::{Effective, Recorded};
use kepi_proof::{Checkpoint, Frontier, Key, merkle, path};
use kepi_store::{Audited, EventFilter, Proof, Store, Trusted, audit::Severity};
use sqlx::AnyConnection;

use crate::{
    door::{adopt, send},
    support::{Place, on_both},
};

on_both![
    a_log_that_nobody_touched_is_whole,
    every_change_of_an_event_is_found,
    events_swapped_deleted_added_and_cut_off_are_found,
    whoever_writes_the_tree_anew_is_held_to_what_was_signed,
    a_database_that_went_back_is_held_to_what_is_kept_outside,
    a_fork_is_found_though_it_is_signed_with_the_same_key,
    a_changed_hash_of_the_tree_is_found,
    projections_texts_and_checkpoints_are_held_against_the_log,
    proofs_of_every_event_and_every_size_hold,
];

fn key() -> Key {
    Key::from_seed("test", &[9; 32]).unwrap()
}

async fn store_of(place: &Place, events: u64) -> Store {
    let store = place.store().await;
    grow(&store, 0, events, "a").await;
    store
}

async fn grow(store: &Store, from: u64, to: u64, name: &str) {
    for n in from..to {
        send(store, &format!("{name}{n}"), 10 + n as i64, &adopt(n, name, Effective::Ever)).await.unwrap();
    }
}

/// Signs the log as it stands; returns the note.
async fn sign(store: &Store) -> String {
    let checkpoint = store.checkpoint().await.unwrap();
    let note = checkpoint.sign(&key()).unwrap();
    store.keep_checkpoint(checkpoint.size, &note).await.unwrap();
    note
}

async fn audit(store: &Store, outside: &[&String]) -> Audited {
    let outside = Some(outside.iter().map(|n| (*n).clone()).collect());
    store.audit(&Trusted { keys: vec![key().public()], outside }).await.unwrap()
}

/// Codes of all errors, each once.
fn codes(audited: &Audited) -> Vec<&'static str> {
    let mut codes: Vec<_> =
        audited.findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code).collect();
    codes.dedup();
    codes
}

async fn run(connection: &mut AnyConnection, sql: String) -> u64 {
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.unwrap().rows_affected()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Makes the tree one over the events as they stand, as somebody would who knows how it is made.
async fn forge_tree(place: &Place, store: &Store) {
    let mut owner = place.beside().await;
    run(&mut owner, "DELETE FROM kepi_tree".to_owned()).await;
    let (mut edge, mut at) = (Frontier::default(), 0);
    for event in store.events(&EventFilter::default()).await.unwrap() {
        let mut known = Vec::new();
        edge.grow(merkle::leaf(event.line().unwrap().as_bytes()), |hash| known.push(hash));
        for hash in known {
            run(&mut owner, format!("INSERT INTO kepi_tree VALUES ({at}, '{hash}')")).await;
            at += 1;
        }
    }
    run(&mut owner, format!("UPDATE kepi_head SET size = {}", edge.size())).await;
}

async fn a_log_that_nobody_touched_is_whole(place: Place) {
    let store = store_of(&place, 4).await;
    let first = sign(&store).await;
    grow(&store, 4, 7, "a").await;
    let second = sign(&store).await;
    let audited = audit(&store, &[&first, &second]).await;
    assert_eq!(audited.findings, []);
    assert_eq!((audited.events, audited.checkpoints, audited.outside, audited.covered), (7, 2, 2, 7));
    assert_eq!(audited.root, store.checkpoint().await.unwrap().root);
    // An event later it is as whole, and says what is not covered.
    grow(&store, 7, 8, "a").await;
    let audited = audit(&store, &[&first, &second]).await;
    assert!(audited.holds());
    assert_eq!(audited.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["A0207"]);
    // Without a file outside, less is proved.
    let audited = audit(&store, &[]).await;
    assert!(audited.holds());
    assert_eq!(audited.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["A0205", "A0207"]);
    // Signing the same twice keeps one.
    sign(&store).await;
    sign(&store).await;
    assert_eq!(place.count("kepi_checkpoint").await, 3);
}

async fn every_change_of_an_event_is_found(place: Place) {
    let store = store_of(&place, 3).await;
    place.unprotect().await;
    let log: Vec<Recorded> = store.events(&EventFilter::default()).await.unwrap();
    let mut owner = place.beside().await;
    let mut changes = Vec::new();
    for event in &log {
        for (column, to) in [
            ("at", (event.at + 1).to_string()),
            ("at", (event.at - 1).to_string()),
            ("\"by\"", "'person/2'".to_owned()),
            ("\"by\"", "'nobody'".to_owned()),
            ("kind", "'run.published'".to_owned()),
            ("kind", "'definition.adopte'".to_owned()),
            ("v", "2".to_owned()),
            ("subject", "'registry'".to_owned()),
            ("n", (event.n + 1).to_string()),
            ("cause", "1".to_owned()),
            ("body", quoted(&event.body.replace(':', ": "))),
            ("body", "''".to_owned()),
        ] {
            changes.push((event, column, to));
        }
    }
    // A bit of every third byte of a body; what is no UTF-8 or has a zero byte no database holds as a text.
    let body = log[1].body.clone();
    for at in (0..body.len()).step_by(3) {
        let mut bytes = body.clone().into_bytes();
        bytes[at] ^= 1 << (at / 3 % 7);
        if bytes[at] != 0 {
            changes.push((&log[1], "body", quoted(&String::from_utf8(bytes).unwrap())));
        }
    }
    let seen = changes.len();
    for (event, column, to) in changes {
        let back = match column {
            "at" => event.at.to_string(),
            "\"by\"" => quoted(&event.by.to_string()),
            "kind" => quoted(event.kind.as_str()),
            "v" => event.v.to_string(),
            "subject" => quoted(event.subject.as_str()),
            "n" => event.n.to_string(),
            "cause" => "NULL".to_owned(),
            _ => quoted(&event.body),
        };
        let set = |to: &str| format!("UPDATE kepi_event SET {column} = {to} WHERE seq = {}", event.seq);
        assert_eq!(run(&mut owner, set(&to)).await, 1);
        let found = audit(&store, &[]).await;
        let own = format!("event {}", event.seq);
        assert!(
            !found.holds() && found.findings.iter().any(|f| f.place == own),
            "{column} = {to} of {own}: {:?}",
            found.findings
        );
        run(&mut owner, set(&back)).await;
    }
    assert!(seen > 70, "{seen}");
    assert!(audit(&store, &[]).await.holds(), "all is put back");
}

async fn events_swapped_deleted_added_and_cut_off_are_found(place: Place) {
    let store = store_of(&place, 4).await;
    let note = sign(&store).await;
    place.unprotect().await;
    let mut owner = place.beside().await;
    run(&mut owner, "CREATE TABLE kept AS SELECT * FROM kepi_event".to_owned()).await;
    let put_back = ["DELETE FROM kepi_event", "INSERT INTO kepi_event SELECT * FROM kept"];
    let mut try_it = async |what: &str, sql: &[String], expected: &[&str]| {
        for one in sql {
            run(&mut owner, one.clone()).await;
        }
        let found = audit(&store, &[&note]).await;
        let codes = codes(&found);
        assert!(expected.iter().all(|code| codes.contains(code)), "{what}: {:#?}", found.findings);
        for sql in put_back {
            run(&mut owner, sql.to_owned()).await;
        }
    };
    for a in 1..4 {
        for b in a + 1..=4 {
            let sql = [(a, 90), (b, a), (90, b)]
                .map(|(from, to)| format!("UPDATE kepi_event SET seq = {to} WHERE seq = {from}"));
            try_it(&format!("{a} and {b} swapped"), &sql, &["A0103", "A0202"]).await;
        }
    }
    for seq in 1..4 {
        let delete = format!("DELETE FROM kepi_event WHERE seq = {seq}");
        try_it(&format!("{seq} deleted"), std::slice::from_ref(&delete), &["A0101"]).await;
        let close = (seq + 1..=4).map(|s| format!("UPDATE kepi_event SET seq = {} WHERE seq = {s}", s - 1));
        let sql: Vec<String> = [delete].into_iter().chain(close).collect();
        try_it(&format!("{seq} deleted and the gap closed"), &sql, &["A0103", "A0105", "A0203"]).await;
    }
    try_it("cut off", &["DELETE FROM kepi_event WHERE seq > 2".to_owned()], &["A0105", "A0203"]).await;
    let copy = "INSERT INTO kepi_event SELECT 5, at, \"by\", kind, v, subject, 5, cause, body FROM kept WHERE seq = 4";
    try_it("added", &[copy.to_owned()], &["A0104", "A0105"]).await;
    try_it("all gone", &["DELETE FROM kepi_event".to_owned()], &["A0105", "A0203"]).await;
    assert_eq!(audit(&store, &[&note]).await.findings, [], "all is put back");
}

async fn whoever_writes_the_tree_anew_is_held_to_what_was_signed(place: Place) {
    let store = store_of(&place, 5).await;
    let (first, whole) = (sign(&store).await, audit(&store, &[]).await);
    place.unprotect().await;
    place.meddle("UPDATE kepi_event SET at = at + 1 WHERE seq = 5").await.unwrap();
    forge_tree(&place, &store).await;
    let found = audit(&store, &[&first]).await;
    assert_eq!(codes(&found), ["A0202"], "{:#?}", found.findings);
    assert!(found.findings[0].message.contains("written anew"), "{:?}", found.findings);
    assert_ne!(found.root, whole.root);
    // Only the event: then the tree still has the root that was signed, and says so.
    place.meddle("UPDATE kepi_event SET at = at - 1 WHERE seq = 5").await.unwrap();
    forge_tree(&place, &store).await;
    assert_eq!(codes(&audit(&store, &[&first]).await), <[&str; 0]>::default());
    place.meddle("UPDATE kepi_event SET at = at + 1 WHERE seq = 2").await.unwrap();
    let found = audit(&store, &[&first]).await;
    let rewritten = found.findings.iter().find(|f| f.code == "A0202").unwrap();
    assert!(rewritten.message.contains("after they were signed for"), "{rewritten:?}");
    assert_eq!(codes(&found), ["A0103", "A0202"]);
}

async fn a_database_that_went_back_is_held_to_what_is_kept_outside(place: Place) {
    let store = store_of(&place, 3).await;
    let first = sign(&store).await;
    grow(&store, 3, 6, "a").await;
    let second = sign(&store).await;
    assert_eq!(audit(&store, &[&first, &second]).await.findings, []);
    // As an older backup would stand there: whole in itself.
    place.unprotect().await;
    place.meddle("DELETE FROM kepi_event WHERE seq > 3").await.unwrap();
    place.meddle("DELETE FROM kepi_checkpoint WHERE size > 3").await.unwrap();
    place.meddle("DELETE FROM kepi_in_force").await.unwrap();
    forge_tree(&place, &store).await;
    store.close().await;
    let store = place.store().await;
    store.rebuild().await.unwrap();
    assert_eq!(codes(&audit(&store, &[&first]).await), <[&str; 0]>::default(), "by itself it is whole");
    assert_eq!(codes(&audit(&store, &[&first, &second]).await), ["A0203", "A0204"]);
}

async fn a_fork_is_found_though_it_is_signed_with_the_same_key(place: Place) {
    let store = store_of(&place, 3).await;
    let first = sign(&store).await;
    grow(&store, 3, 5, "a").await;
    let second = sign(&store).await;
    place.unprotect().await;
    for table in
        ["kepi_event WHERE seq > 3", "kepi_checkpoint WHERE size > 3", "kepi_receipt", "kepi_in_force"]
    {
        place.meddle(&format!("DELETE FROM {table}")).await.unwrap();
    }
    forge_tree(&place, &store).await;
    store.close().await;
    // It goes on otherwise, past where it was.
    let store = place.store().await;
    store.rebuild().await.unwrap();
    grow(&store, 3, 7, "b").await;
    let third = sign(&store).await;
    let found = audit(&store, &[&first, &second, &third]).await;
    assert_eq!(codes(&found), ["A0202", "A0204"], "{:#?}", found.findings);
    assert_eq!(found.findings[0].place, "checkpoint over 5 events");
    // Whoever holds the second checkpoint gets no proof that this log only grew.
    let then = Checkpoint::open(&second, &[key().public()]).unwrap();
    let Some(Proof::Consistency { path, root, size, .. }) = store.consistency(5, 7).await.unwrap() else {
        panic!()
    };
    assert!(!path::is_consistent(5, &then.root, size, &root, &path));
}

async fn a_changed_hash_of_the_tree_is_found(place: Place) {
    let store = store_of(&place, 5).await;
    let note = sign(&store).await;
    place.unprotect().await;
    let mut owner = place.beside().await;
    let kept = place.rows("kepi_tree").await;
    assert_eq!(kept.len() as u64, path::kept(5));
    for row in &kept {
        let (at, hash) = (&row[0], &row[1]);
        let other = hash.replace(&hash[..1], if hash.starts_with('0') { "1" } else { "0" });
        for to in [quoted(&other), "'no hash'".to_owned()] {
            run(&mut owner, format!("UPDATE kepi_tree SET hash = {to} WHERE at = {at}")).await;
            assert!(!audit(&store, &[&note]).await.holds(), "{at}");
        }
        run(&mut owner, format!("DELETE FROM kepi_tree WHERE at = {at}")).await;
        assert!(!audit(&store, &[&note]).await.holds(), "{at} deleted");
        run(&mut owner, format!("INSERT INTO kepi_tree VALUES ({at}, '{hash}')")).await;
        assert_eq!(audit(&store, &[&note]).await.findings, []);
    }
    for at in [-1, kept.len() as i64] {
        run(&mut owner, format!("INSERT INTO kepi_tree VALUES ({at}, '{}')", kept[0][1])).await;
        assert_eq!(codes(&audit(&store, &[&note]).await), ["A0104"]);
        run(&mut owner, format!("DELETE FROM kepi_tree WHERE at = {at}")).await;
    }
    // A tree with a hole grows no further, so that nothing is built on it.
    run(&mut owner, "DELETE FROM kepi_tree WHERE at = 7".to_owned()).await;
    let refused = send(&store, "later", 99, &adopt(5, "a", Effective::Ever)).await.unwrap_err().to_string();
    assert!(refused.contains("kepi audit verify"), "{refused}");
}

async fn projections_texts_and_checkpoints_are_held_against_the_log(place: Place) {
    let store = store_of(&place, 3).await;
    let note = sign(&store).await;
    place.unprotect().await;
    let check = async |sql: &str, expected: &str| {
        place.meddle(sql).await.unwrap();
        let found = audit(&store, &[&note]).await;
        assert_eq!(codes(&found), [expected], "{sql}: {:#?}", found.findings);
    };
    for sql in ["UPDATE kepi_in_force SET since = '2026-01-01'", "DELETE FROM kepi_in_force"] {
        check(sql, "A0301").await;
        store.rebuild().await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    tx.keep_text(&kepi_store::NewText::new("kpi: a".to_owned())).await.unwrap();
    tx.commit().await.unwrap();
    check("UPDATE kepi_text SET text = 'kpi: b'", "A0402").await;
    // Erased is not changed.
    place.meddle("DELETE FROM kepi_text").await.unwrap();
    assert!(audit(&store, &[&note]).await.holds());
    check(
        &format!("INSERT INTO kepi_checkpoint VALUES (2, {})", quoted(&note.replace("\n3\n", "\n2\n"))),
        "A0201",
    )
    .await;
    place.meddle("DELETE FROM kepi_checkpoint WHERE size = 2").await.unwrap();
    let foreign = Checkpoint { origin: "kepi/other".into(), ..store.checkpoint().await.unwrap() };
    let foreign = foreign.sign(&key()).unwrap();
    check(&format!("INSERT INTO kepi_checkpoint VALUES (2, {})", quoted(&foreign)), "A0206").await;
    place.meddle("DELETE FROM kepi_checkpoint WHERE size = 2").await.unwrap();
    // Nobody's signature counts but those of known keys.
    let untrusting = store.audit(&Trusted { keys: Vec::new(), outside: None }).await.unwrap();
    assert_eq!(codes(&untrusting), ["A0201"]);
    check("UPDATE kepi_head SET size = 9", "A0105").await;
}

async fn proofs_of_every_event_and_every_size_hold(place: Place) {
    const SIZE: u64 = 9;
    let store = store_of(&place, SIZE).await;
    let roots: Vec<_> = {
        let lines = store.events(&EventFilter::default()).await.unwrap();
        let lines: Vec<String> = lines.iter().map(|e| e.line().unwrap()).collect();
        (0..=SIZE as usize).map(|size| merkle::root(&lines[..size])).collect()
    };
    for size in 1..=SIZE {
        for seq in 1..=size {
            let Some(Proof::Inclusion { event, root, path, .. }) = store.inclusion(seq, size).await.unwrap()
            else {
                panic!("{seq} in {size}")
            };
            assert_eq!(root, roots[size as usize]);
            assert!(
                path::is_included(merkle::leaf(event.as_bytes()), seq - 1, size, &path, &root),
                "{seq} in {size}"
            );
        }
        for earlier in 0..=size {
            let Some(Proof::Consistency { before, root, path, .. }) =
                store.consistency(earlier, size).await.unwrap()
            else {
                panic!("{earlier} to {size}")
            };
            assert_eq!((before, root), (roots[earlier as usize], roots[size as usize]));
            assert!(path::is_consistent(earlier, &before, size, &root, &path), "{earlier} to {size}");
        }
    }
    assert_eq!(store.inclusion(0, SIZE).await.unwrap(), None);
    assert_eq!(store.inclusion(SIZE + 1, SIZE + 1).await.unwrap(), None);
    assert_eq!(store.consistency(1, SIZE + 1).await.unwrap(), None);
}
