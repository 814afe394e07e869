//! Leases: one process at a time has one, and whoever comes after it has more of the fence.

use kepi_store::Store;

async fn is_held_by_one_at_a_time(store: &Store) {
    let first = store.lease("run", 10, 20).await.unwrap().unwrap();
    assert_eq!(store.lease("run", 19, 30).await.unwrap(), None);
    assert!(store.lease("other", 19, 30).await.unwrap().is_some(), "of another name");
    assert!(store.keep_lease(&first, 40).await.unwrap());
    assert_eq!(store.lease("run", 39, 60).await.unwrap(), None);
    let second = store.lease("run", 40, 60).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    assert!(!store.keep_lease(&first, 90).await.unwrap(), "somebody else has it");
    assert_eq!(store.lease("run", 59, 90).await.unwrap(), None);
    assert!(store.keep_lease(&second, 0).await.unwrap(), "given back");
    assert!(store.lease("run", 41, 90).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_is_held_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    is_held_by_one_at_a_time(&Store::open(&folder.path().join("kepi.db").into()).await.unwrap()).await;
}

#[tokio::test]
async fn a_lease_on_postgresql_is_the_same() {
    let Some(at) = kepi_testkit::postgres::fresh_database() else { return };
    let location: kepi_store::Location = at.parse().unwrap();
    is_held_by_one_at_a_time(&Store::open(&location.in_schema("kepi_lease").unwrap()).await.unwrap()).await;
}
