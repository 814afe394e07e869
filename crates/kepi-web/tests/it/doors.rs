//! The way in, and ways that must not lead in.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
};
use kepi_model::id::{KpiId, ScorecardId, SourceId, UnitId};
use kepi_report::{
    fixture::{self, PlantedReader},
    seen::Sight,
};
use kepi_web::{
    doors::{Answer, Attempt, Credentials, Door, Entrance, NoEntry, Visitor, guarded},
    pages::PAGES,
    router,
};
use tower::ServiceExt;

use crate::example;

pub(crate) const TOKEN: &str = "kepi_Zm9yIHRlc3RzLCBub3QgcmFuZG9tIGF0IGFsbCBoZXJl";

/// Knows Ana, by a password and a token; remembers sessions.
#[derive(Default)]
pub(crate) struct Planted {
    unasked: Option<&'static str>,
    sessions: Mutex<BTreeMap<String, &'static str>>,
    begun: AtomicU32,
    tried_from: Mutex<Vec<Option<IpAddr>>>,
    sight: Option<Arc<dyn Sight>>,
    told: Mutex<Vec<Attempt>>,
}

impl Planted {
    fn known(&self, with: Credentials<'_>) -> Option<Visitor> {
        let sight = || self.sight.clone();
        let visitor = |name: &str, unasked| Visitor {
            name: name.to_owned(),
            unasked,
            sight: if unasked { None } else { sight() },
            known: (!unasked).then_some((1, None)),
            acts_as: Some(if unasked { "dan" } else { name }.to_owned()),
            form_key: unasked.then(|| "of this process".to_owned()),
            request_key: "request/1".to_owned(),
        };
        match with {
            Credentials::None => self.unasked.map(|name| visitor(name, true)),
            Credentials::Session(key) => {
                self.sessions.lock().unwrap().get(key).map(|name| visitor(name, false))
            }
            Credentials::Token(token) => (token == TOKEN).then(|| visitor("Ana Smith", false)),
        }
    }
}

impl Door for Planted {
    fn who<'a>(&'a self, with: Credentials<'a>) -> Answer<'a, Result<Visitor, NoEntry>> {
        Box::pin(async move { self.known(with).ok_or(NoEntry::Stranger) })
    }
    fn sign_in<'a>(
        &'a self,
        name: &'a str,
        password: &'a str,
        from: Option<IpAddr>,
    ) -> Answer<'a, Result<String, NoEntry>> {
        Box::pin(async move {
            self.tried_from.lock().unwrap().push(from);
            if (name, password) != ("ana", "quiet river") {
                return Err(NoEntry::Refused("name and password do not belong together".to_owned()));
            }
            let key = format!("key{}", self.begun.fetch_add(1, Ordering::Relaxed));
            self.sessions.lock().unwrap().insert(key.clone(), "Ana Smith");
            Ok(key)
        })
    }
    fn refused<'a>(&'a self, _: &'a Visitor, attempt: Attempt) -> Answer<'a, ()> {
        self.told.lock().unwrap().push(attempt);
        Box::pin(async {})
    }
    fn sign_out<'a>(&'a self, key: &'a str) -> Answer<'a, Result<(), NoEntry>> {
        Box::pin(async move {
            self.sessions.lock().unwrap().remove(key);
            Ok(())
        })
    }
}

fn site(door: Arc<Planted>, at: Option<&str>) -> Router {
    let at = at.map(|at| at.parse().unwrap());
    guarded(router(Arc::new(PlantedReader::of(fixture::airport()))), Entrance { door, at, provider: None })
}

fn kept() -> Router {
    site(Arc::default(), None)
}

pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |at| at.to_str().unwrap())
    }
    /// The cookie that was set: name and key.
    fn cookie(&self) -> Option<String> {
        let cookie = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

pub(crate) async fn send(router: &Router, request: Builder, body: &str) -> Got {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Got { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
}

pub(crate) async fn get(router: &Router, path: &str, cookie: &str) -> Got {
    let request = Request::get(path).header(header::HOST, "localhost:7878");
    let request = if cookie.is_empty() { request } else { request.header(header::COOKIE, cookie) };
    send(router, request, "").await
}

/// A form as a page of this server sends it.
pub(crate) fn form(path: &str) -> Builder {
    Request::post(path)
        .header(header::HOST, "localhost:7878")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
}

pub(crate) async fn signed_in(router: &Router) -> String {
    let got = send(router, form("/sign-in"), "name=ana&password=quiet+river").await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    got.cookie().unwrap()
}

/// Every address that a request can have: pages, their data and downloads.
fn addresses() -> Vec<String> {
    let of = |page: &kepi_web::pages::Page| {
        let csv = page.csv.map(|csv| csv.path);
        [Some(page.path), page.json, csv].into_iter().flatten().map(example).collect::<Vec<_>>()
    };
    PAGES.iter().flat_map(of).collect()
}

#[tokio::test]
async fn a_stranger_gets_no_address_and_who_is_known_gets_all() {
    let router = kept();
    let cookie = signed_in(&router).await;
    for path in addresses() {
        let got = get(&router, &path, "").await;
        if path.starts_with("/api/") {
            assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(got.headers[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(got.headers[header::WWW_AUTHENTICATE], "Bearer");
            let problem: serde_json::Value = serde_json::from_str(&got.text).unwrap();
            assert_eq!(
                (&problem["status"], &problem["error"]["code"]),
                (&401.into(), &"not_signed_in".into())
            );
        } else {
            assert_eq!(got.status, StatusCode::SEE_OTHER, "{path}");
            assert!(got.location().starts_with("/sign-in"), "{path}: {}", got.location());
            assert_eq!(got.text, "");
        }
        assert_eq!(get(&router, &path, &cookie).await.status, StatusCode::OK, "{path}");
        let by_token = Request::get(&path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        assert_eq!(send(&router, by_token, "").await.status, StatusCode::OK, "{path}");
    }
    // Not even which addresses there are.
    for path in
        ["/nowhere", "/kpis/restrooms", "/api/v1/kpis/restrooms", "/api/v2", "/sign-in/", "/assets/kepi.css"]
    {
        let got = get(&router, path, "").await;
        assert!(
            [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED].contains(&got.status),
            "{path}: {}",
            got.status
        );
    }
    for path in ["/livez", "/readyz", "/favicon.ico", "/sign-in"] {
        assert!(!get(&router, path, "").await.status.is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn signing_in_leads_to_what_was_asked_for_and_signing_out_ends_it() {
    let router = kept();
    let got = get(&router, "/kpis/recommend?unit=area_a&period=2014", "").await;
    assert_eq!(got.location(), "/sign-in?next=/kpis/recommend%3Funit%3Darea_a%26period%3D2014");
    let page = get(&router, got.location(), "").await;
    assert!(page.text.contains("value=\"/kpis/recommend?unit=area_a&amp;period=2014\""), "{}", page.text);
    let form_text = "name=ana&password=quiet+river&next=%2Fkpis%2Frecommend%3Funit%3Darea_a%26period%3D2014";
    let got = send(&router, form("/sign-in"), form_text).await;
    assert_eq!(got.location(), "/kpis/recommend?unit=area_a&period=2014");
    let set = got.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = got.cookie().unwrap();
    let page = get(&router, got.location(), &cookie).await;
    assert!(page.text.contains("Ana Smith") && page.text.contains("Sign out"), "{}", page.text);
    // Who is in needs no page to come in by.
    assert_eq!(get(&router, "/sign-in?next=/map", &cookie).await.location(), "/map");
    let key = page.text.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let out = send(&router, form("/sign-out").header(header::COOKIE, &cookie), &format!("key={key}")).await;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(get(&router, "/kpis", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_wrong_password_is_told_on_the_page_and_nothing_else_of_it() {
    let router = kept();
    let got = send(&router, form("/sign-in"), "name=%3Cb%3Eana&password=guessed+secret&next=/map").await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(
        got.text.contains("do not belong together") && got.text.contains("value=\"/map\""),
        "{}",
        got.text
    );
    assert!(got.text.contains("&lt;b&gt;ana") && !got.text.contains("guessed"), "{}", got.text);
    assert!(got.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(got.headers[header::CACHE_CONTROL], "no-store");
    assert!(!got.text.contains("<script"));
}

/// Attack: a session that somebody else chose.
#[tokio::test]
async fn a_session_is_never_one_that_was_brought_along() {
    let router = kept();
    for brought in ["kepi_session=chosen", "kepi_session=", "kepi_session=key0"] {
        let got =
            send(&router, form("/sign-in").header(header::COOKIE, brought), "name=ana&password=quiet+river")
                .await;
        let cookie = got.cookie().unwrap();
        assert_ne!(cookie, brought);
        assert_eq!(get(&router, "/kpis", "kepi_session=chosen").await.status, StatusCode::SEE_OTHER);
        assert_eq!(get(&router, "/kpis", &cookie).await.status, StatusCode::OK);
    }
    // Signing in anew ends what was there: the key before is worth nothing.
    let before = signed_in(&router).await;
    let again =
        send(&router, form("/sign-in").header(header::COOKIE, &before), "name=ana&password=quiet+river")
            .await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(get(&router, "/kpis", &before).await.status, StatusCode::SEE_OTHER);
    // Of two cookies none is believed.
    let cookie = signed_in(&router).await;
    assert_eq!(
        get(&router, "/kpis", &format!("kepi_session=x; {cookie}")).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(get(&router, "/kpis", &format!("{cookie}; {cookie}")).await.status, StatusCode::SEE_OTHER);
}

/// Attack: a page of somebody else sends a form in a visitor's browser.
#[tokio::test]
async fn forms_of_other_pages_are_not_taken() {
    let router = kept();
    let cookie = signed_in(&router).await;
    let key = {
        let page = get(&router, "/kpis", &cookie).await.text;
        page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let bare = |path: &str| {
        Request::post(path)
            .header(header::HOST, "localhost:7878")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    };
    let foreign: [fn(Builder) -> Builder; 7] = [
        |r| r,
        |r| r.header("sec-fetch-site", "cross-site"),
        |r| r.header("sec-fetch-site", "same-site"),
        |r| r.header("sec-fetch-site", "cross-site").header(header::ORIGIN, "http://localhost:7878"),
        |r| r.header(header::ORIGIN, "http://evil.example"),
        |r| r.header(header::ORIGIN, "null"),
        |r| r.header("sec-fetch-site", "same-origin").header("sec-fetch-site", "cross-site"),
    ];
    for add in foreign {
        for (path, body) in
            [("/sign-out", format!("key={key}")), ("/sign-in", "name=ana&password=quiet+river".to_owned())]
        {
            let got = send(&router, add(bare(path)), &body).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
            assert!(got.headers.get(header::SET_COOKIE).is_none());
        }
    }
    // From the right page, but with no key or that of another session.
    let other = kept();
    let theirs = signed_in(&other).await;
    assert_eq!(theirs.split('=').next(), cookie.split('=').next());
    for body in ["", "key=", "key=0000", "key=key0"] {
        let got = send(&router, form("/sign-out").header(header::COOKIE, &cookie), body).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{body}");
    }
    assert_eq!(get(&router, "/kpis", &cookie).await.status, StatusCode::OK, "still signed in");
    // An older browser says where it comes from.
    let own = bare("/sign-out").header(header::ORIGIN, "http://localhost:7878");
    assert_eq!(send(&router, own, &format!("key={key}")).await.status, StatusCode::SEE_OTHER);
}

/// Attack: signing in leads to somebody else's page.
#[tokio::test]
async fn after_signing_in_nobody_is_led_elsewhere() {
    let router = kept();
    for next in [
        "//evil.example/kpis",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\n//evil.example",
        "/a b",
        "/sign-out",
        "/sign-in?next=/sign-in",
        "",
    ] {
        let body: String = next.bytes().map(|b| format!("%{b:02X}")).collect();
        let got =
            send(&router, form("/sign-in"), &format!("name=ana&password=quiet+river&next={body}")).await;
        let expected = if next == "/%09/evil.example" { next } else { "/" };
        assert_eq!(got.location(), expected, "{next:?}");
        let page = get(&router, &format!("/sign-in?next={body}"), "").await;
        assert!(!page.text.contains("evil.example\"") || expected == next, "{next:?}");
    }
}

/// Attack: a secret in an address, where histories and logs keep it.
#[tokio::test]
async fn a_secret_in_an_address_is_refused() {
    let router = kept();
    let cookie = signed_in(&router).await;
    for query in [
        format!("token={TOKEN}"),
        format!("access_token={TOKEN}"),
        format!("unit=area_a&ACCESS_TOKEN={TOKEN}"),
        format!("x={TOKEN}"),
        "password=quiet".to_owned(),
    ] {
        for (path, cookie) in [("/api/v1/kpis", ""), ("/kpis", cookie.as_str()), ("/sign-in", "")] {
            let got = get(&router, &format!("{path}?{query}"), cookie).await;
            assert_eq!(got.status, StatusCode::BAD_REQUEST, "{path}?{query}");
            assert!(got.text.contains("Authorization: Bearer") && !got.text.contains(TOKEN), "{}", got.text);
        }
    }
}

/// Attack: headers that say who somebody is.
#[tokio::test]
async fn nobody_is_believed_to_be_who_a_header_says() {
    let router = kept();
    let names =
        ["x-remote-user", "x-forwarded-user", "remote-user", "x-auth-request-user", "from", "x-kepi-person"];
    for name in names {
        let got = send(&router, Request::get("/api/v1/kpis").header(name, "ana"), "").await;
        assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{name}");
    }
    for value in
        ["Basic YW5hOnF1aWV0IHJpdmVy", "Bearer", "Bearer ", "Bearer x", "Negotiate abc", TOKEN, "bearer\t"]
    {
        let got = send(&router, Request::get("/api/v1/kpis").header(header::AUTHORIZATION, value), "").await;
        assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{value}");
    }
    // A wrong token is not made good by a cookie, nor one of two by the other.
    let cookie = signed_in(&router).await;
    let both =
        Request::get("/kpis").header(header::COOKIE, &cookie).header(header::AUTHORIZATION, "Bearer x");
    assert_eq!(send(&router, both, "").await.status, StatusCode::UNAUTHORIZED);
    let two = Request::get("/kpis")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::AUTHORIZATION, "Bearer x");
    assert_eq!(send(&router, two, "").await.status, StatusCode::UNAUTHORIZED);
}

/// Attack: spellings of a path that are read differently by the door and behind it.
#[tokio::test]
async fn no_spelling_of_a_path_leads_past_the_door() {
    let router = kept();
    for path in [
        "//kpis",
        "/./kpis",
        "/livez/../kpis",
        "/livez/..%2Fkpis",
        "/%6bpis",
        "/kpis/",
        "/KPIS",
        "/api//v1/kpis",
        "/API/v1/kpis",
        "/sign-in/../api/v1/kpis",
        "/assets/../kpis",
        "/kpis;a=b",
        "/livez%00/kpis",
        "/api/v1/kpis?next=/sign-in",
        "/kpis#/sign-in",
    ] {
        let Ok(request) = Request::get(path).body(Body::empty()) else { continue };
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!([StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED].contains(&status), "{path}: {status}");
        assert!(!String::from_utf8_lossy(&body).contains("Recommend"), "{path}");
    }
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::POST, Method::TRACE] {
        let got = send(&router, Request::builder().method(method.clone()).uri("/kpis"), "").await;
        assert!(
            [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED].contains(&got.status),
            "{method}: {}",
            got.status
        );
        assert!(!got.location().contains("next") || method == Method::HEAD, "a form is not sent twice");
    }
}

#[tokio::test]
async fn where_nobody_signs_in_the_owner_is_not_asked_and_a_proxy_gets_nothing() {
    let router = site(Arc::new(Planted { unasked: Some("local owner"), ..Planted::default() }), None);
    let got = get(&router, "/kpis", "").await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.text.contains("local owner") && !got.text.contains("Sign out"), "{}", got.text);
    for name in ["forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host"] {
        let got = send(&router, Request::get("/kpis").header(name, "192.0.2.1"), "").await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{name}");
        assert!(got.text.contains("kepi access add"), "{}", got.text);
    }
}

#[tokio::test]
async fn behind_https_cookies_are_bound_to_it() {
    let door = Arc::new(Planted::default());
    let router = site(Arc::clone(&door), Some("https://kpi.example.com"));
    let send_from = |origin: &'static str| {
        Request::post("/sign-in")
            .header(header::HOST, "kpi.example.com")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin)
    };
    for foreign in ["http://kpi.example.com", "https://kpi.example.com:8443", "https://evil.example"] {
        let got = send(&router, send_from(foreign), "name=ana&password=quiet+river").await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{foreign}");
    }
    let got = send(&router, send_from("https://kpi.example.com"), "name=ana&password=quiet+river").await;
    let set = got.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-kepi=") && set.contains("Secure") && !set.contains("Domain"), "{set}");
    // The cookie of the other kind is not one here.
    let key = got.cookie().unwrap().split_once('=').unwrap().1.to_owned();
    assert_eq!(get(&router, "/kpis", &format!("kepi_session={key}")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(get(&router, "/kpis", &format!("__Host-kepi={key}")).await.status, StatusCode::OK);
    assert_eq!(*door.tried_from.lock().unwrap(), [None], "the proxy's address is nobody's");
}

#[test]
fn an_address_says_how_it_is_spoken_to() {
    use kepi_web::doors::Origin;
    let origin = |text: &str| text.parse::<Origin>().map(|origin| (origin.secret, origin.host));
    assert_eq!(origin("https://KPI.example.com/"), Ok((true, "kpi.example.com".to_owned())));
    assert_eq!(origin("http://[::1]:80"), Ok((false, "[::1]:80".to_owned())));
    for wrong in ["kpi.example.com", "ftp://x", "https://", "https://a/b", "https://a b", "https://u@a"] {
        assert!(origin(wrong).is_err(), "{wrong}");
    }
}

/// Everything but one KPI and what is made with it, the raw rows of one source, and figures of the whole where `part` says so.
struct Partly {
    part: Option<&'static str>,
}

impl Sight for Partly {
    fn kpi(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        (self.part.is_some() || kpi.as_str() != "recommend")
            && self.part.is_none_or(|part| unit.is_some_and(|unit| unit.as_str() == part))
    }
    fn explained(&self, kpi: &KpiId, unit: Option<&UnitId>) -> bool {
        self.kpi(kpi, unit)
    }
    fn scorecard(&self, _: &ScorecardId, unit: Option<&UnitId>) -> bool {
        self.part.is_some_and(|part| unit.is_some_and(|unit| unit.as_str() == part))
    }
    fn data(&self, source: &SourceId) -> bool {
        source.as_str() != "survey_2014"
    }
    fn rows(&self, _: &SourceId) -> bool {
        false
    }
    fn why_not(&self, _: &SourceId, _: bool) -> String {
        "no policy grants it".to_owned()
    }
    fn decisions(&self) -> bool {
        true
    }
    fn decides(&self) -> bool {
        false
    }
    fn why_no_decisions(&self, part: bool) -> String {
        format!("no policy grants `{}` to you", if part { "decide" } else { "see_decisions" })
    }
    fn whom(&self) -> String {
        "you are here as viewer, and ana can change that".to_owned()
    }
}

/// Nobody signs in, and whoever is here is called this.
pub(crate) fn unasked(name: &'static str) -> Planted {
    Planted { unasked: Some(name), ..Planted::default() }
}

/// Who sees figures and decisions, and may not decide.
pub(crate) fn seeing_no_decisions() -> Planted {
    Planted { sight: Some(Arc::new(Partly { part: None })), ..Planted::default() }
}

fn seeing(part: Option<&'static str>) -> (Router, Arc<Planted>) {
    let door = Arc::new(Planted { sight: Some(Arc::new(Partly { part })), ..Planted::default() });
    (site(Arc::clone(&door), None), door)
}

/// Nothing gets lost on the way to who sees everything: pages are those that nobody guards, but for who sees them.
#[tokio::test]
async fn who_sees_everything_sees_what_there_is() {
    let (bare, kept) = (router(Arc::new(PlantedReader::of(fixture::airport()))), kept());
    let cookie = signed_in(&kept).await;
    let without = |text: &str| {
        let (before, rest) = text.split_once("<form class=\"viewer\"").unwrap_or((text, ""));
        let whole = format!("{before}{}", rest.split_once("</form>").map_or(rest, |(_, after)| after));
        // And what they may do.
        let change = whole
            .split_once("<p class=\"propose\"><a href=\"/changes/new")
            .map(|(before, rest)| (before.to_owned(), rest));
        match change {
            Some((before, rest)) => before + rest.split_once("</p>").map_or(rest, |(_, after)| after),
            None => whole.clone(),
        }
    };
    // What waits says what it has to do with who looks.
    let personal = |path: &String| {
        [
            "/inbox",
            "/items",
            "/reviews",
            "/alerts",
            "/feedback",
            "/commentary",
            "/disputes",
            "/entries",
            "/changes",
            "/data/corrections",
            "/api/v1/items",
            "/periods",
        ]
        .iter()
        .any(|of| path.starts_with(of))
    };
    for path in addresses().into_iter().filter(|path| !personal(path)) {
        let (whole, seen) = (get(&bare, &path, "").await, get(&kept, &path, &cookie).await);
        assert_eq!(whole.text, without(&seen.text), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_seen_is_on_no_page_and_is_told_like_what_is_not_there() {
    let (router, door) = seeing(None);
    let cookie = signed_in(&router).await;
    for path in addresses() {
        let got = get(&router, &path, &cookie).await;
        let hidden = path.contains("recommend") || path.contains("passenger_experience");
        if !hidden && got.status == StatusCode::OK {
            for secret in ["/kpis/recommend", "\"recommend\"", "enough_recommend", "survey_2014"] {
                assert!(!got.text.contains(secret), "{path} has {secret}");
            }
        }
    }
    let list = get(&router, "/api/v1/kpis", &cookie).await.text;
    assert!(list.contains("restroom_cleanliness") && !list.contains("recommend"), "{list}");
    door.told.lock().unwrap().clear();
    // The same words for what is hidden and for what is not there; only the log knows.
    let words = |text: &str, name: &str| text.replace(name, "NAME");
    for path in ["/kpis/NAME", "/api/v1/kpis/NAME", "/kpis/NAME/values.csv", "/scorecards/NAME"] {
        let name = if path.contains("scorecards") { "passenger_experience" } else { "recommend" };
        let hidden = get(&router, &path.replace("NAME", name), &cookie).await;
        let nowhere = get(&router, &path.replace("NAME", "zzzzzzzzzzzz"), &cookie).await;
        assert_eq!((hidden.status, nowhere.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{path}");
        assert_eq!(words(&hidden.text, name), words(&nowhere.text, "zzzzzzzzzzzz"), "{path}");
        assert!(hidden.text.contains("ana can change that"), "{}", hidden.text);
    }
    let told: Vec<(&str, String)> =
        door.told.lock().unwrap().iter().map(|a| (a.action, a.on.1.clone())).collect();
    let of = |name: &str| ("see_value", name.to_owned());
    assert_eq!(told, [of("recommend"), of("recommend"), of("recommend"), of("passenger_experience")]);
}

#[tokio::test]
async fn rejected_rows_are_refused_with_the_reason() {
    let (router, door) = seeing(None);
    let cookie = signed_in(&router).await;
    for path in ["/data/quarantine", "/data/quarantine.csv", "/api/v1/quarantine?source=survey_2015"] {
        let got = get(&router, path, &cookie).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            got.text.contains("no policy grants it") && got.text.contains("ana can change"),
            "{}",
            got.text
        );
    }
    let told = door.told.lock().unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(told[2], Attempt { action: "see_rows", on: ("source", "survey_2015".to_owned()), unit: None });
}

#[tokio::test]
async fn who_sees_one_unit_starts_there_and_finds_no_other() {
    let (router, _) = seeing(Some("area_a"));
    let cookie = signed_in(&router).await;
    let page = get(&router, "/kpis/restroom_cleanliness", &cookie).await;
    assert_eq!(page.status, StatusCode::OK);
    for other in ["area_b", "area_f", "Boarding Area F"] {
        assert!(!page.text.contains(other), "{other}: {}", page.text);
    }
    let whole = get(&kept(), "/api/v1/kpis/restroom_cleanliness", "").await;
    assert_eq!(whole.status, StatusCode::UNAUTHORIZED);
    for path in
        ["/kpis/restroom_cleanliness?unit=area_f", "/kpis/restroom_cleanliness?segment=boarding_area%3DF"]
    {
        assert_eq!(get(&router, path, &cookie).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let rows = get(&router, "/kpis/restroom_cleanliness/values.csv", &cookie).await.text;
    assert!(
        rows.lines().skip(1).all(|line| line.contains("boarding_area=A")) && rows.lines().count() > 1,
        "{rows}"
    );
    let list = get(&router, "/kpis/newest.csv", &cookie).await.text;
    assert!(list.lines().skip(1).all(|line| line.contains("boarding_area=A")), "{list}");
    let card = get(&router, "/scorecards/passenger_experience", &cookie).await;
    assert_eq!(card.status, StatusCode::OK);
    assert!(card.text.contains("Boarding Area A") && !card.text.contains("Boarding Area F"), "{}", card.text);
    // The log names whatever there is.
    for path in ["/audit", "/audit/events.csv", "/api/v1/audit"] {
        assert_eq!(get(&router, path, &cookie).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

/// No page, endpoint or download without an action that policies decide.
#[test]
fn every_page_has_an_action_of_the_policies() {
    for page in PAGES {
        assert!(
            ["see_value", "see_data", "see_rows", "see_decisions"].contains(&page.action.word()),
            "{}",
            page.path
        );
        let data = ["/data", "/entities", "/kpis/{id}/rows"].iter().any(|path| page.path.starts_with(path));
        let rooms = [
            "/inbox",
            "/items",
            "/reviews",
            "/alerts",
            "/playbooks",
            "/feedback",
            "/latency",
            "/commentary",
            "/disputes",
            "/entries",
            "/changes",
            "/periods",
            "/register",
            "/disclosure",
            "/people",
            "/ownership",
            "/audit",
        ]
        .iter()
        .any(|path| page.path.starts_with(path));
        assert_eq!(rooms, page.action.word() == "see_decisions", "{}", page.path);
        assert_eq!(data || rooms, page.action.word() != "see_value", "{}", page.path);
    }
}
