//! Signing in by a provider that says what a test wants it to say, and is believed only if all of it is right.
//!
//! Needs Node and what `web/package.json` names; without them the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    cell::RefCell,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::SystemTime,
};

use kepi_connect::ask_provider;
use kepi_oidc::{Ask, Back, Begun, By, OidcError, Provider, Question, Settings, Unreached};
use serde_json::{Value, json};

const KEY: [u8; 32] = [7; 32];
const SECRET: &str = "of this server and the provider";

/// The provider, stopped when dropped.
struct Altered {
    child: Child,
    told: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    issuer: String,
}

impl Altered {
    fn start() -> Option<Self> {
        let web = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web");
        if !web.join("node_modules/oauth2-mock-server").is_dir() {
            eprintln!("SKIPPED: the provider needs `npm ci` in web/");
            return None;
        }
        let mut command = Command::new("node");
        command.arg(web.join("providers/altered.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("SKIPPED: the provider needs `node` on the path: {error}");
                return None;
            }
        };
        let (stdin, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let issuer = line.trim().strip_prefix("ready ").expect("it says where it is").to_owned();
        Some(Self { child, told: RefCell::new((stdin, lines)), issuer })
    }

    /// What it says from now on.
    fn says(&self, what: &Value) {
        let (stdin, lines) = &mut *self.told.borrow_mut();
        writeln!(stdin, "{what}").unwrap();
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "told");
    }

    fn provider(&self, by: By) -> Provider {
        Provider::new(settings(&self.issuer, by), own_network()).unwrap()
    }

    /// The whole way of a browser: what comes of it.
    fn comes(&self, provider: &Provider) -> Result<String, OidcError> {
        let at = now();
        let begun = provider.begin(&KEY, at)?;
        provider.finish(&KEY, Some(&begun.kept), &sent_back(&begun), at)
    }
}

impl Drop for Altered {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(issuer: &str, by: By) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        client: "kepi".to_owned(),
        secret: Some(SECRET.to_owned()),
        back: "https://kpi.example.com/sign-in/back".to_owned(),
        left: "https://kpi.example.com/sign-in".to_owned(),
        by,
    }
}

fn asking(private: bool) -> Ask {
    Arc::new(move |of: &Question| {
        let (authorization, form) = (of.authorization.as_deref(), of.form.as_deref());
        ask_provider(&of.address, authorization, form, private).map_err(Unreached)
    })
}

fn own_network() -> Ask {
    asking(true)
}

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64
}

/// Goes where a browser is sent, and with what it is sent back.
fn sent_back(begun: &Begun) -> Back {
    let asked = ["--silent", "--max-time", "30", "--output", "/dev/null", "--write-out", "%{redirect_url}"];
    let answer = Command::new("curl").args(asked).arg(&begun.address).output().expect("curl is there");
    let to = String::from_utf8(answer.stdout).unwrap();
    let value = |name: &str| {
        let query = to.split_once('?').unwrap().1;
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        pair.map(str::to_owned)
    };
    assert!(to.starts_with("https://kpi.example.com/sign-in/back?"), "{to}");
    Back { code: value("code"), state: value("state"), issuer: value("iss"), error: value("error") }
}

#[test]
fn who_signs_in_is_known_by_a_verified_address_or_by_what_the_provider_calls_her() {
    let Some(id) = Altered::start() else { return };
    let (by_email, by_subject) = (id.provider(By::Email), id.provider(By::Subject));
    assert_eq!(id.comes(&by_subject).unwrap(), "johndoe", "as the provider calls everybody");

    // The address stands in what is signed, or is asked for.
    id.says(&json!({ "token": { "email": "ana@example.com", "email_verified": true } }));
    assert_eq!(id.comes(&by_email).unwrap(), "ana@example.com");
    id.says(&json!({ "info": { "email": "bea@example.com", "email_verified": true } }));
    assert_eq!(id.comes(&by_email).unwrap(), "bea@example.com");

    // An address that anybody could have written, none, and that of somebody else.
    for (said, expected) in [
        (
            json!({ "info": { "email": "bea@example.com" } }),
            "does not say that `bea@example.com` is verified",
        ),
        (
            json!({ "token": { "email": "bea@example.com", "email_verified": false } }),
            "does not say that `bea@example.com` is verified",
        ),
        (json!({}), "says no address of e-mail"),
        (
            json!({ "info": { "sub": "carl", "email": "carl@example.com", "email_verified": true } }),
            "somebody else",
        ),
    ] {
        id.says(&said);
        let error = id.comes(&by_email).unwrap_err().to_string();
        assert!(error.contains(expected), "{said}: {error}");
    }
    assert!(
        by_email.sign_out(now()).unwrap().unwrap().contains("post_logout_redirect_uri=https%3A%2F%2Fkpi")
    );
}

#[test]
fn a_word_that_is_not_for_here_and_now_by_the_provider_itself_is_not_believed() {
    let Some(id) = Altered::start() else { return };
    let provider = id.provider(By::Subject);
    let seconds = now() / 1_000_000;
    for (said, expected) in [
        (json!({ "token": { "nonce": "of another time" } }), "another time of signing in"),
        (json!({ "token": { "nonce": null } }), "another time of signing in"),
        (json!({ "token": { "aud": "another" } }), "for another server"),
        (json!({ "token": { "aud": ["kepi", "another"] } }), "for another server"),
        (json!({ "token": { "azp": "another" } }), "for another server"),
        (json!({ "token": { "iss": "https://id.example.org" } }), "another provider gives it"),
        (json!({ "token": { "exp": seconds - 1 } }), "it is over"),
        (json!({ "token": { "iat": seconds - 3600 } }), "not of now"),
        (json!({ "token": { "iat": seconds + 3600 } }), "not of now"),
        (json!({ "sign": "foreign" }), "signature"),
        (json!({ "sign": "shared" }), "signature"),
        (json!({ "sign": "none" }), "signature"),
    ] {
        id.says(&said);
        match id.comes(&provider) {
            Err(OidcError::Unbelieved(why)) => assert!(why.contains(expected), "{said}: {why}"),
            other => panic!("{said}: {other:?}"),
        }
        id.says(&json!({}));
        assert_eq!(id.comes(&provider).unwrap(), "johndoe", "after {said}");
    }
}

#[test]
fn a_new_key_of_the_provider_is_asked_for_and_its_old_one_forgotten() {
    let Some(id) = Altered::start() else { return };
    let provider = id.provider(By::Subject);
    assert_eq!(id.comes(&provider).unwrap(), "johndoe");
    for _ in 0..2 {
        id.says(&json!({ "rotate": true }));
        assert_eq!(id.comes(&provider).unwrap(), "johndoe");
    }
}

#[test]
fn who_comes_back_otherwise_than_she_was_sent_is_not_signed_in() {
    let Some(id) = Altered::start() else { return };
    let provider = id.provider(By::Subject);
    let at = now();
    let (begun, other) = (provider.begin(&KEY, at).unwrap(), provider.begin(&KEY, at).unwrap());
    assert_ne!(begun.kept, other.kept);
    let back = sent_back(&begun);
    let finish = |kept: Option<&str>, back: &Back, at| provider.finish(&KEY, kept, back, at);

    assert_eq!(finish(None, &back, at), Err(OidcError::Foreign), "in another browser");
    assert_eq!(finish(Some(&other.kept), &back, at), Err(OidcError::Foreign), "begun another time");
    assert_eq!(finish(Some(&begun.kept), &Back { state: None, ..back.clone() }, at), Err(OidcError::Foreign));
    let forged = Back { state: sent_back(&other).state, ..back.clone() };
    assert_eq!(finish(Some(&begun.kept), &forged, at), Err(OidcError::Foreign), "with the state of another");
    assert_eq!(
        provider.finish(&[8; 32], Some(&begun.kept), &back, at),
        Err(OidcError::Foreign),
        "at another server"
    );
    let later = format!("{}.{}", at + 1, begun.kept.split_once('.').unwrap().1);
    assert_eq!(finish(Some(&later), &back, at), Err(OidcError::Foreign), "with a time that it makes up");
    assert_eq!(finish(Some(&begun.kept), &back, at + 16 * 60_000_000), Err(OidcError::TooLate));
    assert_eq!(finish(Some(&begun.kept), &back, at - 1), Err(OidcError::TooLate));
    let elsewhere = Back { issuer: Some("https://id.example.org".to_owned()), ..back.clone() };
    assert_eq!(finish(Some(&begun.kept), &elsewhere, at), Err(OidcError::OtherProvider));
    let declined = Back { code: None, error: Some("access_denied".to_owned()), ..back.clone() };
    assert_eq!(
        finish(Some(&begun.kept), &declined, at),
        Err(OidcError::Declined("access_denied".to_owned()))
    );
    let made_up = Back { code: None, error: Some("<b>call 555</b>".to_owned()), ..back.clone() };
    let said = finish(Some(&begun.kept), &made_up, at).unwrap_err().to_string();
    assert!(!said.contains("555") && said.contains("not known here"), "{said}");

    // All of that spent nothing; the code itself is good once.
    assert_eq!(finish(Some(&begun.kept), &back, at).unwrap(), "johndoe");
    assert!(finish(Some(&begun.kept), &back, at).is_err(), "a second time");
}

#[test]
fn a_provider_is_where_it_says_and_nowhere_that_may_not_be_connected_to() {
    let Some(id) = Altered::start() else { return };
    let unreached = |issuer: &str, private: bool| {
        let provider = Provider::new(settings(issuer, By::Email), asking(private)).unwrap();
        match provider.begin(&KEY, now()) {
            Err(OidcError::Unreached(why)) => why,
            other => panic!("{issuer}: {other:?}"),
        }
    };
    let why = unreached(&id.issuer, false);
    assert!(why.contains("does not begin with `https://`"), "{why}");
    let why = unreached("https://127.0.0.1:1", false);
    assert!(why.contains("may not be connected to") && why.contains("own network"), "{why}");
    let why = unreached("http://169.254.169.254", true);
    assert!(why.contains("may not be connected to"), "{why}");
    let why = unreached(&format!("{}/", id.issuer), true);
    assert!(why.contains("calls itself otherwise"), "{why}");
    let why = unreached(&format!("{}/nothing", id.issuer), true);
    assert!(why.contains("404"), "{why}");
    assert!(matches!(
        Provider::new(settings("id.example.com", By::Email), own_network()),
        Err(OidcError::Settings { .. })
    ));
}
