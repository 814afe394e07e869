//! Signing in, sessions and tokens, over a real database.

use std::{collections::BTreeSet, net::IpAddr};

use kepi_access::{Access, AccessError, Denied};
use kepi_govern::{Grant, Permit, Principal};
use kepi_store::{Location, Store};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const NOW: i64 = 1_767_225_600 * SECOND;
const PASSWORD: &str = "quiet river, nine stones";

struct Place {
    access: Access,
    store: Store,
    _folder: tempfile::TempDir,
}

fn grants(list: &[&str]) -> BTreeSet<Grant> {
    list.iter().map(|grant| grant.parse().unwrap()).collect()
}

fn owner() -> Permit {
    Permit::open(Principal::Person(1))
}

/// A database in which Ana and Bea sign in.
async fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Sqlite(folder.path().join("kepi.db"))).await.unwrap();
    let access = Access::new(store.clone());
    access.bind(&owner(), "Ana Smith", grants(&["owner"]), Some(PASSWORD), NOW).await.unwrap();
    access.bind(&owner(), "bea", grants(&["viewer:north"]), Some("another long one"), NOW).await.unwrap();
    Place { access, store, _folder: folder }
}

async fn denied(place: &Place, name: &str, password: &str, from: Option<IpAddr>, at: i64) -> Denied {
    match place.access.sign_in(name, password, from, at).await {
        Err(AccessError::Denied(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn name_and_password_open_a_session_that_ends() {
    let place = place().await;
    let key = place.access.sign_in(" Ana Smith ", PASSWORD, None, NOW).await.unwrap();
    let visitor = place.access.by_session(&key, NOW).await.unwrap().unwrap();
    assert_eq!(
        (visitor.name.as_str(), visitor.roles, visitor.token),
        ("Ana Smith", grants(&["owner"]), None)
    );
    // Another key every time; one that was not given is none, and the hash that is kept is none either.
    let other = place.access.sign_in("Ana Smith", PASSWORD, None, NOW).await.unwrap();
    assert_ne!(key, other);
    assert_eq!(place.access.by_session("fixed", NOW).await.unwrap(), None);
    let kept = kepi_proof::Digest::of(key.as_bytes()).to_string();
    assert!(place.store.session(&kept).await.unwrap().is_some());
    assert_eq!(place.access.by_session(&kept, NOW).await.unwrap(), None);
    // Used every few hours it lives for a week and no longer; unused for half a day.
    let mut at = NOW;
    while at + 6 * HOUR < NOW + 7 * 24 * HOUR {
        at += 6 * HOUR;
        assert!(place.access.by_session(&key, at).await.unwrap().is_some(), "{}", (at - NOW) / HOUR);
    }
    assert_eq!(place.access.by_session(&key, NOW + 7 * 24 * HOUR).await.unwrap(), None);
    assert_eq!(place.access.by_session(&key, NOW).await.unwrap(), None, "it does not come back");
    assert_eq!(place.access.by_session(&other, NOW + 12 * HOUR).await.unwrap(), None);
    // Signed out, and signed out everywhere with the sign-in.
    let key = place.access.sign_in("Ana Smith", PASSWORD, None, NOW).await.unwrap();
    place.access.sign_out(&key).await.unwrap();
    assert_eq!(place.access.by_session(&key, NOW).await.unwrap(), None);
    let bea = place.access.sign_in("bea", "another long one", None, NOW).await.unwrap();
    place.access.end(&owner(), "bea", NOW).await.unwrap();
    assert_eq!(place.access.by_session(&bea, NOW).await.unwrap(), None);
    assert_eq!(denied(&place, "bea", "another long one", None, NOW).await, Denied::Unknown);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_are_told_the_same_after_the_same_work() {
    let place = place().await;
    let wrong = denied(&place, "Ana Smith", "not this one at all", None, NOW).await;
    let unknown = denied(&place, "nobody", "not this one at all", None, NOW).await;
    assert_eq!((wrong, unknown), (Denied::Unknown, Denied::Unknown));
    // Who has no password is nobody here, whatever is tried; so is one who was only named in the log.
    place.access.bind(&owner(), "carl", grants(&["viewer"]), None, NOW).await.unwrap();
    for password in ["", "nobody", "a long password"] {
        assert_eq!(denied(&place, "carl", password, None, NOW).await, Denied::Unknown);
    }
}

#[tokio::test]
async fn failures_in_a_row_cost_time_by_name_and_by_address() {
    let place = place().await;
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    for _ in 0..5 {
        assert_eq!(denied(&place, "bea", "wrong wrong wrong", None, NOW).await, Denied::Unknown);
    }
    // Now even the right one waits; a name that nobody has waits the same.
    assert_eq!(denied(&place, "bea", "another long one", None, NOW).await, Denied::TooOften { seconds: 1 });
    for _ in 0..5 {
        denied(&place, "nobody", "wrong wrong wrong", None, NOW).await;
    }
    assert_eq!(denied(&place, "nobody", "wrong", None, NOW).await, Denied::TooOften { seconds: 1 });
    // Others are not kept waiting by it, and after the wait it may be tried again.
    place.access.sign_in("Ana Smith", PASSWORD, None, NOW).await.unwrap();
    assert_eq!(denied(&place, "bea", "wrong", None, NOW + SECOND).await, Denied::Unknown);
    assert_eq!(denied(&place, "bea", "wrong", None, NOW + SECOND).await, Denied::TooOften { seconds: 2 });
    place.access.sign_in("bea", "another long one", None, NOW + 4 * SECOND).await.unwrap();
    assert_eq!(denied(&place, "bea", "wrong", None, NOW + 4 * SECOND).await, Denied::Unknown, "counted anew");
    // Many names from one address.
    for n in 0..20 {
        denied(&place, &format!("guess{n}"), "wrong", Some(from), NOW).await;
    }
    let last = denied(&place, "Ana Smith", PASSWORD, Some(from), NOW).await;
    assert_eq!(last, Denied::TooOften { seconds: 1 });
    assert!(
        place.access.sign_in("Ana Smith", PASSWORD, Some("192.0.2.8".parse().unwrap()), NOW).await.is_ok()
    );
}

#[tokio::test]
async fn attempts_at_once_do_not_slip_past_the_limit() {
    let place = place().await;
    let attempts: Vec<_> = (0..12)
        .map(|_| {
            let access = place.access.clone();
            tokio::spawn(async move { access.sign_in("bea", "wrong wrong wrong", None, NOW).await })
        })
        .collect();
    let (mut unknown, mut too_often) = (0, 0);
    for attempt in attempts {
        match attempt.await.unwrap() {
            Err(AccessError::Denied(Denied::Unknown)) => unknown += 1,
            Err(AccessError::Denied(Denied::TooOften { .. } | Denied::Busy)) => too_often += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(unknown <= 5 && unknown + too_often == 12, "{unknown} were tried");
}

#[tokio::test]
async fn a_credential_that_the_log_does_not_know_opens_nothing() {
    let place = place().await;
    // Somebody who can write the table gives Bea Ana's password.
    let known = place.store.password(1).await.unwrap();
    let ana = place.store.person_named("Ana Smith").await.unwrap().unwrap();
    let known = known.filter(|_| ana == 1).unwrap();
    let path = place._folder.path().join("kepi.db");
    let done = std::process::Command::new("sqlite3")
        .arg(&path)
        .arg(format!("UPDATE kepi_password SET hash = '{known}' WHERE person = 2"))
        .status();
    let Ok(done) = done else {
        eprintln!("SKIPPED: `sqlite3` is not installed");
        return;
    };
    assert!(done.success());
    assert_eq!(denied(&place, "bea", PASSWORD, None, NOW).await, Denied::Unknown);
}

#[tokio::test]
async fn passwords_are_long_enough_and_not_endless() {
    let place = place().await;
    for password in ["short", "", &"x".repeat(2000)] {
        let bound = place.access.bind(&owner(), "eve", grants(&["viewer"]), Some(password), NOW).await;
        assert!(matches!(bound, Err(AccessError::Password)), "{bound:?}");
        assert_eq!(denied(&place, "Ana Smith", password, None, NOW).await, Denied::Unknown);
    }
}

#[tokio::test]
async fn a_token_acts_for_its_person_until_it_ends() {
    let place = place().await;
    let scopes = grants(&["see", "see_rows:north"]);
    let token = place.access.issue(&owner(), "bea", scopes.clone(), NOW + HOUR, NOW).await.unwrap();
    assert!(token.starts_with("kepi_") && token.len() == 48, "{token}");
    let visitor = place.access.by_token(&token, NOW).await.unwrap().unwrap();
    assert_eq!((visitor.name.as_str(), visitor.roles), ("bea", grants(&["viewer:north"])));
    assert_eq!(visitor.token, Some((1, scopes)));
    assert_eq!(place.access.by_token(&token, NOW + HOUR).await.unwrap(), None);
    assert_eq!(place.access.by_token(&token[..47], NOW).await.unwrap(), None);
    assert_eq!(place.access.by_session(&token, NOW).await.unwrap(), None, "a token is no session");
    let session = place.access.sign_in("bea", "another long one", None, NOW).await.unwrap();
    assert_eq!(place.access.by_token(&session, NOW).await.unwrap(), None, "a session is no token");
    // Neither the database nor the log has it.
    let bytes = std::fs::read(place._folder.path().join("kepi.db")).unwrap();
    let ahead = std::fs::read(place._folder.path().join("kepi.db-wal")).unwrap_or_default();
    for secret in [token.as_bytes(), session.as_bytes(), PASSWORD.as_bytes()] {
        for file in [&bytes, &ahead] {
            assert!(!file.windows(secret.len()).any(|window| window == secret));
        }
    }
    place.access.revoke(&owner(), 1, NOW).await.unwrap();
    assert_eq!(place.access.by_token(&token, NOW).await.unwrap(), None);
    assert!(place.access.revoke(&owner(), 1, NOW).await.is_err());
    assert!(place.access.issue(&owner(), "nobody", grants(&["see"]), NOW + HOUR, NOW).await.is_err());
}
