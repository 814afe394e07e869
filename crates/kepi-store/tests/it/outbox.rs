//! The outbox: each message entered once, held by one worker at a time, and what a worker says counts only while it holds it.

use kepi_store::{
    Store,
    outbox::{self, Became, NewMessage},
};

const MINUTE: i64 = 60_000_000;

fn new(key: &str, batch: &str, due: i64) -> NewMessage {
    NewMessage {
        key: key.to_owned(),
        batch: batch.to_owned(),
        channel: "mail".to_owned(),
        person: 7,
        item: 1,
        caused_at: 1,
        day: "2026-05-04".to_owned(),
        body: "{}".to_owned(),
        due,
    }
}

async fn entered(store: &Store, of: &NewMessage) -> bool {
    let mut tx = store.begin().await.unwrap();
    let news = outbox::enter(&mut tx, of, 0).await.unwrap();
    tx.commit().await.unwrap();
    news
}

async fn states(store: &Store) -> Vec<(String, String)> {
    let all = outbox::all(&mut store.read().await.unwrap()).await.unwrap();
    let mut all: Vec<_> = all.into_iter().map(|of| (of.key, of.state)).collect();
    all.sort();
    all
}

async fn is_an_outbox(store: &Store) {
    assert!(entered(store, &new("1", "1", 10)).await);
    assert!(!entered(store, &new("1", "1", 99)).await, "entered once, as it was first");
    assert_eq!(store.hold(9, 9 + MINUTE).await.unwrap(), None, "not before it is due");
    // One worker has it, and another gets nothing until the lease is over.
    let first = store.hold(10, 10 + MINUTE).await.unwrap().unwrap();
    assert_eq!((first.messages.len(), first.attempts), (1, 1));
    assert_eq!(store.hold(11, 11 + MINUTE).await.unwrap(), None);
    assert!(store.holds(&first, 11).await.unwrap());
    // The first was stopped: the second takes it, and what the first says counts no more.
    assert!(!store.holds(&first, 11 + MINUTE).await.unwrap());
    let second = store.hold(11 + MINUTE, 11 + 2 * MINUTE).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    assert!(!store.settle(&first, &Became::Dead("late".to_owned()), 12 + MINUTE).await.unwrap());
    assert!(
        store.settle(&second, &Became::Later("busy".to_owned(), 20 * MINUTE), 12 + MINUTE).await.unwrap()
    );
    assert_eq!(store.hold(19 * MINUTE, 30 * MINUTE).await.unwrap(), None);
    let third = store.hold(20 * MINUTE, 30 * MINUTE).await.unwrap().unwrap();
    assert_eq!(third.attempts, 3);
    assert!(store.settle(&third, &Became::Sent, 21 * MINUTE).await.unwrap());
    assert_eq!(store.hold(99 * MINUTE, 100 * MINUTE).await.unwrap(), None, "what left does not leave again");
    assert!(!store.settle(&third, &Became::Dead("late".to_owned()), 99 * MINUTE).await.unwrap());
    // What leaves together is held together; what is not true any more is left out of it.
    for key in ["2", "3"] {
        entered(store, &new(key, "digest", 10)).await;
    }
    let both = store.hold(10, MINUTE).await.unwrap().unwrap();
    assert_eq!(both.messages.len(), 2);
    store.are_over(&both, &["2".to_owned()], 11).await.unwrap();
    assert!(store.settle(&both, &Became::Dead("gone".to_owned()), 12).await.unwrap());
    let of = |key: &str, state: &str| (key.to_owned(), state.to_owned());
    assert_eq!(states(store).await, [of("1", "sent"), of("2", "over"), of("3", "dead")]);
    // What was given up waits again if somebody says so, with all its tries.
    assert_eq!(store.send_again("1", 13).await.unwrap(), 0);
    assert_eq!(store.send_again("digest", 13).await.unwrap(), 1);
    let again = store.hold(13, MINUTE).await.unwrap().unwrap();
    assert_eq!((again.attempts, again.messages[0].key.as_str()), (1, "3"));
    // A budget counts what leaves by itself.
    let mut tx = store.begin().await.unwrap();
    assert_eq!(outbox::of_day(&mut tx, "mail", 7, "2026-05-04").await.unwrap(), 1);
    assert_eq!(outbox::of_day(&mut tx, "mail", 8, "2026-05-04").await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_is_entered_once_held_by_one_and_settled_by_whoever_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    is_an_outbox(&Store::open(&folder.path().join("kepi.db").into()).await.unwrap()).await;
}

#[tokio::test]
async fn the_outbox_on_postgresql_is_the_same() {
    let Some(at) = kepi_testkit::postgres::fresh_database() else { return };
    let location: kepi_store::Location = at.parse().unwrap();
    is_an_outbox(&Store::open(&location.in_schema("kepi_outbox").unwrap()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_once_send_each_message_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kepi.db").into()).await.unwrap();
    for n in 0..40 {
        entered(&store, &new(&n.to_string(), &n.to_string(), 0)).await;
    }
    let worker = |store: Store| {
        tokio::spawn(async move {
            let mut sent = Vec::new();
            while let Some(held) = store.hold(1, MINUTE).await.unwrap() {
                sent.push(held.batch.clone());
                assert!(store.settle(&held, &Became::Sent, 2).await.unwrap());
            }
            sent
        })
    };
    let workers: Vec<_> = (0..4).map(|_| worker(store.clone())).collect();
    let mut sent = Vec::new();
    for worker in workers {
        sent.extend(worker.await.unwrap());
    }
    sent.sort();
    let once: std::collections::BTreeSet<_> = sent.iter().cloned().collect();
    assert_eq!((sent.len(), once.len()), (40, 40), "{sent:?}");
}
