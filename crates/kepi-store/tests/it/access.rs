//! Sign-ins, tokens, sessions and failures, on both databases.

use std::collections::BTreeSet;

use kepi_govern::{
    BindSignIn, Command, EndSignIn, Grant, IssueToken, Permit, Principal, RecordRefusal, RevokeToken,
    access::{LONGEST_TOKEN, NO_OWNER, NO_SIGN_IN, NO_TOKEN, SAME_SIGN_IN, TOKEN_LIFE, TOKEN_SCOPES},
};
use kepi_proof::Digest;
use kepi_store::{
    Asked, EventFilter, Performed, Store, StoreError,
    access::{Credential, EventsOnly, Failures, KeepCredential, Session},
};

use crate::support::{Place, on_both};

on_both![
    sign_ins_and_tokens_are_what_the_log_says,
    a_new_password_signs_out_and_new_roles_do_not,
    failures_in_a_row_are_counted_and_forgotten,
    refusals_within_the_hour_are_said_once,
];

fn roles(list: &[&str]) -> BTreeSet<Grant> {
    list.iter().map(|grant| grant.parse().unwrap()).collect()
}

fn bind(person: u64, list: &[&str], credential: u8) -> Command {
    Command::BindSignIn(BindSignIn {
        person,
        roles: roles(list),
        credential: Some(Digest::of(&[credential])),
    })
}

async fn ask(store: &Store, key: &str, at: i64, command: Command) -> Result<(), &'static str> {
    let permit = Permit::open(Principal::Person(1));
    match store.perform(Asked::new(&permit, key, at), &command, &mut EventsOnly).await {
        Ok(_) => Ok(()),
        Err(StoreError::Forbidden(violations)) => Err(violations.0[0].code),
        Err(other) => panic!("{other}"),
    }
}

async fn sign_ins_and_tokens_are_what_the_log_says(place: Place) {
    let store = place.store().await;
    assert!(store.organisation().await.unwrap().access.is_empty());
    assert_eq!(ask(&store, "a", 1, bind(1, &["viewer"], 1)).await, Err(NO_OWNER), "the first is an owner");
    assert_eq!(ask(&store, "a", 1, bind(1, &["owner:north"], 1)).await, Err(NO_OWNER), "of everything");
    ask(&store, "a", 1, bind(1, &["owner"], 1)).await.unwrap();
    assert_eq!(ask(&store, "b", 1, bind(1, &["owner"], 1)).await, Err(SAME_SIGN_IN));
    ask(&store, "b", 2, bind(2, &["viewer:north"], 2)).await.unwrap();
    assert_eq!(ask(&store, "c", 2, bind(1, &["viewer"], 1)).await, Err(NO_OWNER), "the last one stays one");
    let end = |person| Command::EndSignIn(EndSignIn { person });
    assert_eq!(ask(&store, "c", 2, end(1)).await, Err(NO_OWNER));
    assert_eq!(ask(&store, "c", 2, end(9)).await, Err(NO_SIGN_IN));

    let secret = Digest::of(b"token");
    let issue = |person, scopes: &[&str], until| {
        Command::IssueToken(IssueToken { person, secret, scopes: roles(scopes), until })
    };
    assert_eq!(ask(&store, "d", 10, issue(9, &["see"], 20)).await, Err(NO_SIGN_IN));
    assert_eq!(ask(&store, "d", 10, issue(2, &[], 20)).await, Err(TOKEN_SCOPES));
    assert_eq!(ask(&store, "d", 10, issue(2, &["see"], 10)).await, Err(TOKEN_LIFE));
    assert_eq!(ask(&store, "d", 10, issue(2, &["see"], 11 + LONGEST_TOKEN)).await, Err(TOKEN_LIFE));
    ask(&store, "d", 10, issue(2, &["see"], 20)).await.unwrap();
    // Another process sees the same.
    let access = place.store().await.organisation().await.unwrap().access.clone();
    assert_eq!(access.token(&secret, 19).map(|token| (token.token, token.person)), Some((1, 2)));
    assert_eq!(access.token(&secret, 20), None, "it is over");
    assert_eq!(access.token(&Digest::of(b"other"), 19), None);
    assert_eq!(ask(&store, "e", 11, Command::RevokeToken(RevokeToken { token: 2 })).await, Err(NO_TOKEN));
    ask(&store, "e", 11, Command::RevokeToken(RevokeToken { token: 1 })).await.unwrap();
    assert_eq!(store.organisation().await.unwrap().access.token(&secret, 19), None);
    assert_eq!(ask(&store, "f", 12, Command::RevokeToken(RevokeToken { token: 1 })).await, Err(NO_TOKEN));

    // Who leaves takes the tokens along, for good.
    let other = Digest::of(b"another");
    let again =
        Command::IssueToken(IssueToken { person: 2, secret: other, scopes: roles(&["see"]), until: 99 });
    ask(&store, "g", 13, again).await.unwrap();
    ask(&store, "h", 14, end(2)).await.unwrap();
    ask(&store, "i", 15, bind(2, &["viewer"], 2)).await.unwrap();
    assert_eq!(store.organisation().await.unwrap().access.token(&other, 16), None);
    assert_eq!(store.organisation().await.unwrap().access.tokens().len(), 2);
    // The last of all may go: then it is as before anybody signed in.
    ask(&store, "j", 16, end(2)).await.unwrap();
    ask(&store, "k", 16, end(1)).await.unwrap();
    assert!(store.organisation().await.unwrap().access.is_empty());
    assert!(store.audit(&kepi_store::Trusted::default()).await.unwrap().holds());
}

async fn keep(store: &Store, key: &str, command: Command, credential: Credential) {
    let permit = Permit::open(Principal::Person(1));
    let mut effects = KeepCredential { person: 1, credential };
    let done = store.perform(Asked::new(&permit, key, 5), &command, &mut effects).await.unwrap();
    assert!(matches!(done, Performed::Done(..)));
}

async fn a_new_password_signs_out_and_new_roles_do_not(place: Place) {
    let store = place.store().await;
    keep(&store, "a", bind(1, &["owner"], 1), Credential::Password("first".to_owned())).await;
    assert_eq!(store.password(1).await.unwrap().as_deref(), Some("first"));
    store.begin_session("s1", 1, 100, 0, 0).await.unwrap();
    assert_eq!(store.session("s1").await.unwrap(), Some(Session { person: 1, began: 100, seen: 100 }));
    keep(&store, "b", bind(1, &["owner", "viewer"], 1), Credential::AsItWas).await;
    store.use_session("s1", 200).await.unwrap();
    assert_eq!(store.session("s1").await.unwrap(), Some(Session { person: 1, began: 100, seen: 200 }));
    keep(&store, "c", bind(1, &["owner"], 2), Credential::Password("second".to_owned())).await;
    assert_eq!(store.session("s1").await.unwrap(), None);
    assert_eq!(store.password(1).await.unwrap().as_deref(), Some("second"));
    // What is over goes as others begin.
    store.begin_session("old", 1, 100, 0, 0).await.unwrap();
    store.begin_session("idle", 1, 300, 0, 0).await.unwrap();
    store.begin_session("new", 1, 500, 200, 400).await.unwrap();
    assert_eq!(store.session("old").await.unwrap(), None);
    assert_eq!(store.session("idle").await.unwrap(), None);
    store.end_session("new").await.unwrap();
    assert_eq!(store.session("new").await.unwrap(), None);
    keep(&store, "d", Command::EndSignIn(EndSignIn { person: 1 }), Credential::None).await;
    assert_eq!(store.password(1).await.unwrap(), None);
}

async fn failures_in_a_row_are_counted_and_forgotten(place: Place) {
    let store = place.store().await;
    let of = ["name".to_owned(), "address".to_owned()];
    assert_eq!(store.failures(&of).await.unwrap(), [Failures::default(); 2]);
    for at in [10, 20, 30] {
        store.failed(&of, at, 0).await.unwrap();
    }
    assert_eq!(store.failures(&of).await.unwrap(), [Failures { count: 3, at: 30 }; 2]);
    store.went_well("name").await.unwrap();
    assert_eq!(store.failures(&of).await.unwrap(), [Failures::default(), Failures { count: 3, at: 30 }]);
    // Long after, it begins anew.
    store.failed(&of, 100, 50).await.unwrap();
    assert_eq!(store.failures(&of).await.unwrap(), [Failures { count: 1, at: 100 }; 2]);
}

async fn refusals_within_the_hour_are_said_once(place: Place) {
    let store = place.store().await;
    let refusal = RecordRefusal {
        action: "see_value".parse().unwrap(),
        on: ("kpi".parse().unwrap(), "pay".parse().unwrap()),
        unit: None,
        token: None,
    };
    for (hour, times) in [(1, 50), (2, 3)] {
        for _ in 0..times {
            let key = format!("refused/person/1/see_value/kpi/pay/{hour}");
            ask(&store, &key, hour, Command::RecordRefusal(refusal.clone())).await.unwrap();
        }
    }
    let log = store.events(&EventFilter::default()).await.unwrap();
    assert_eq!(
        log.iter().map(|e| (e.kind.as_str(), e.n)).collect::<Vec<_>>(),
        [("attempt.refused", 1), ("attempt.refused", 2)]
    );
}
