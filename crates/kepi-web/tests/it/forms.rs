//! Forms that decide: who may send them, from where, and what is said where nothing comes of them.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    http::{Request, StatusCode, header},
};
use kepi_report::fixture::{self, PlantedReader};
use kepi_web::{
    deciding,
    desk::{Deed, Desk, NotDone, Stance, Wish},
    doors::{Answer, Entrance, Visitor, guarded},
    forms::{DECIDE, FORMS},
    pages::PAGES,
};

use crate::{
    doors::{Planted, TOKEN, form, get, seeing_no_decisions, send, signed_in, unasked},
    example,
};

/// Remembers what was asked for; refuses what is about item 2.
#[derive(Default)]
pub(crate) struct Remembers(Mutex<Vec<(String, Wish, String)>>);

impl Desk for Remembers {
    fn act<'a>(
        &'a self,
        visitor: &'a Visitor,
        wish: Wish,
        key: &'a str,
    ) -> Answer<'a, Result<Option<u64>, NotDone>> {
        let item = match &wish {
            Wish::Vote { item, .. } | Wish::Withdraw { item } | Wish::Lift { item, .. } => *item,
            Wish::Act { item, .. } | Wish::Plan { item, .. } | Wish::Learn { item, .. } => *item,
            _ => 7,
        };
        let actor = visitor.acts_as.clone().unwrap_or_default();
        self.0.lock().unwrap().push((actor, wish, key.to_owned()));
        Box::pin(async move {
            match item {
                2 => Err(NotDone::Refused(vec!["you wrote it yourself: <others> decide".to_owned()])),
                item => Ok(Some(item)),
            }
        })
    }
}

pub(crate) fn site(door: Planted) -> (Router, Arc<Remembers>) {
    let desk = Arc::new(Remembers::default());
    let port: Arc<dyn Desk> = Arc::clone(&desk) as Arc<dyn Desk>;
    let router = deciding(Arc::new(PlantedReader::of(fixture::airport())), &port);
    (guarded(router, Entrance { door: Arc::new(door), at: None, provider: None }), desk)
}

/// What the forms of a page carry beside what is typed.
async fn carried(router: &Router, path: &str, cookie: &str) -> String {
    let page = get(router, path, cookie).await.text;
    let of = |name: &str| {
        let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().replace('/', "%2F").replace(' ', "+")
    };
    format!("key={}&request={}", of("key"), of("request"))
}

const WHY: &str = "id=kpi%2Frecommend&text=x&do=propose&why=because&period=2014&aspect=target&aspect=weight&item=9&stance=yes&content=0123\
    &to=dan&hours=3&outcome=fixed&cause=c&by=phone&reached=yes&settled=yes&method=five_whys&evidence=e&who.1=dan&by.1=2026-05-20&what.1=call&change=3&findings=f&follows=g&present=dan&point=1&decision=task&who=dan&by=2026-05-20&source=survey_2014&file=f&row=1&column=c&kpi=recommend&value=4&what=w&done=d&outlook=o&unsure=u";

#[tokio::test]
async fn every_form_has_an_action_of_the_policies_and_takes_nothing_from_strangers() {
    let (router, desk) = site(Planted::default());
    let (viewer, of_the_viewer) = site(seeing_no_decisions());
    let (cookie, other) = (signed_in(&router).await, signed_in(&viewer).await);
    let own = carried(&router, "/items/4", &cookie).await;
    let page = get(&viewer, "/periods", &other).await.text;
    assert!(!page.contains("action=\"/periods"), "no forms for who may not decide: {page}");
    // The key of the form by which one signs out is that of the session.
    let key = page.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let others = format!("key={key}&request=1");
    for route in FORMS {
        assert!(PAGES.iter().any(|page| page.path == route.page), "{}", route.path);
        let path = example(route.path);
        // A stranger, a token, another page, another session's key, no key.
        let got = send(&router, form(&path), &format!("{own}&{WHY}")).await;
        assert_eq!((got.status, got.location()), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        let bearer = form(&path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        assert_eq!(
            send(&router, bearer, &format!("{own}&{WHY}")).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let bare = |origin: &str| {
            Request::post(&path)
                .header(header::HOST, "localhost:7878")
                .header(header::COOKIE, &cookie)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(header::ORIGIN, origin)
        };
        for origin in ["http://evil.example", "null"] {
            let got = send(&router, bare(origin), &format!("{own}&{WHY}")).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
        }
        for key in ["", "key=", "key=0000&request=1"] {
            let got =
                send(&router, form(&path).header(header::COOKIE, &cookie), &format!("{key}&{WHY}")).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(get(&router, &path, &cookie).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        // Who may not decide is told so, and the log.
        let got = send(&viewer, form(&path).header(header::COOKIE, &other), &format!("{others}&{WHY}")).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{path}");
        assert!(got.text.contains(&format!("o policy grants `{DECIDE}` to you")), "{}", got.text);
        assert!(got.text.contains("ana can change that"), "{}", got.text);
        assert!(desk.0.lock().unwrap().is_empty() && of_the_viewer.0.lock().unwrap().is_empty(), "{path}");
        // And who may, is asked for nothing more.
        let got = send(&router, form(&path).header(header::COOKIE, &cookie), &format!("{own}&{WHY}")).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{path}");
        assert!(got.location().starts_with("/items/"), "{path}: {}", got.location());
        let (actor, _, key) = desk.0.lock().unwrap().pop().unwrap();
        assert_eq!((actor.as_str(), key.as_str()), ("Ana Smith", "request/1"));
    }
}

#[tokio::test]
async fn what_another_system_says_comes_by_a_token_with_an_id_and_by_nothing_else() {
    let (router, desk) = site(Planted::default());
    let cookie = signed_in(&router).await;
    let body = "{\"outcome\":\"done\",\"message\":\"they stay\"}";
    let to = |item: &str| {
        Request::post(format!("/api/v1/items/{item}/outcome"))
            .header(header::HOST, "localhost:7878")
            .header(header::CONTENT_TYPE, "application/json")
    };
    let by = |item: &str, token: &str| {
        to(item).header(header::AUTHORIZATION, format!("Bearer {token}")).header("webhook-id", "msg_1")
    };
    let got = send(&router, by("4", TOKEN), body).await;
    assert_eq!((got.status, got.text.as_str()), (StatusCode::OK, "{\"item\":4}"));
    let asked = desk.0.lock().unwrap().pop().unwrap();
    let deed = Deed::Finish("done".to_owned(), Some("they stay".to_owned()));
    assert_eq!(
        asked,
        ("Ana Smith".to_owned(), Wish::Act { item: 4, deed }, "webhook/4/Ana Smith/msg_1".to_owned())
    );
    // It names the step of a playbook that it is said of.
    let of_step = "{\"outcome\":\"done\",\"step\":2,\"message\":\"they stay\"}";
    assert_eq!(send(&router, by("4", TOKEN), of_step).await.status, StatusCode::OK);
    let deed = Deed::FinishStep(2, "done".to_owned(), Some("they stay".to_owned()));
    assert_eq!(desk.0.lock().unwrap().pop().unwrap().1, Wish::Act { item: 4, deed });
    // A stranger, a session, another token, no id, an item that is not there, something else.
    let stranger = to("4").header("webhook-id", "msg_1");
    assert_eq!(send(&router, stranger, body).await.status, StatusCode::UNAUTHORIZED);
    let session = to("4").header(header::COOKIE, &cookie).header("webhook-id", "msg_1");
    assert_eq!(send(&router, session, body).await.status, StatusCode::FORBIDDEN);
    assert_eq!(send(&router, by("4", "kepi_other"), body).await.status, StatusCode::UNAUTHORIZED);
    let without = to("4").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let got = send(&router, without, body).await;
    assert!(got.status == StatusCode::BAD_REQUEST && got.text.contains("no_webhook_id"), "{}", got.text);
    assert_eq!(send(&router, by("99", TOKEN), body).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&router, by("4", TOKEN), "outcome=done").await.status, StatusCode::BAD_REQUEST);
    assert!(desk.0.lock().unwrap().is_empty());
    let got = send(&router, by("2", TOKEN), body).await;
    assert!(
        got.status == StatusCode::UNPROCESSABLE_ENTITY && got.text.contains("wrote it yourself"),
        "{}",
        got.text
    );
    // No other address takes anything by a token, and who may not decide says nothing by one either.
    let other = Request::post("/items/4/finish").header(header::HOST, "localhost:7878");
    let other = other.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    assert_eq!(send(&router, other, "outcome=done").await.status, StatusCode::FORBIDDEN);
    let (viewer, asked) = site(seeing_no_decisions());
    assert_eq!(send(&viewer, by("4", TOKEN), body).await.status, StatusCode::FORBIDDEN);
    assert!(asked.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_refused_is_said_on_the_page_that_it_came_from() {
    let (router, desk) = site(Planted::default());
    let cookie = signed_in(&router).await;
    let own = carried(&router, "/items/4", &cookie).await;
    let post = async |path: &str, rest: &str| {
        send(&router, form(path).header(header::COOKIE, &cookie), &format!("{own}&{rest}")).await
    };
    // What the laws say, escaped, with what was typed.
    let got = post("/items/2/vote", "stance=no&content=0123&why=too+%3Clow%3E").await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(got.text.contains("You wrote it yourself: &lt;others&gt; decide."), "{}", got.text);
    assert!(got.text.contains("role=\"alert\""), "{}", got.text);
    assert_eq!(got.headers[header::CACHE_CONTROL], "no-store");
    // What is wrong with the form itself is said before anybody is asked.
    desk.0.lock().unwrap().clear();
    let wrong = [
        ("/items/4/vote", "stance=no&content=01&why=+", "Say why you reject it"),
        ("/items/4/vote", "stance=perhaps&content=01", "Say whether you approve"),
        ("/items/4/vote", "stance=yes", "Open the page of the item again"),
        ("/periods/freeze", "period=2014&why=x", "Tick in which respects"),
        ("/periods/freeze", "aspect=target&why=x", "Name a period"),
        ("/periods/close", "period=2014", "Say why"),
        ("/periods/lift", "item=all&why=x", "`all` is no item"),
        ("/changes", "id=kpi/recommend&text=a&do=propose", "Say why"),
        ("/items/5/refuse", "why=+", "Say why"),
        ("/items/5/dismiss", "", "Say why"),
        ("/items/5/snooze", "hours=soon&why=x", "Say in how many hours"),
        ("/items/5/snooze", "hours=0&why=x", "Say in how many hours"),
        ("/items/5/assign", "to=", "Say to whom it is to go"),
        ("/items/5/finish", "why=x", "Say what came of it"),
        (
            "/items/5/plan",
            "cause=c&method=m&evidence=e&change=3&period=p&who.1=dan",
            "Say at least one thing",
        ),
        (
            "/items/5/plan",
            "cause=c&method=m&evidence=e&change=3&period=p&who.2=dan&what.2=call",
            "Say of action 2",
        ),
        ("/items/5/plan", "who.1=dan&by.1=2026-05-20&what.1=call", "Say why it happened"),
        ("/items/7/learn", "findings=f", "Say what follows from it"),
    ];
    for (path, rest, said) in wrong {
        let got = post(path, rest).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {rest}");
        assert!(got.text.contains(said), "{path} {rest}: {}", got.text);
    }
    let long = format!("period=2014&why={}", "x".repeat(5000));
    assert!(post("/periods/close", &long).await.text.contains("Say it in fewer words"));
    assert!(desk.0.lock().unwrap().is_empty());
    // What is typed reaches the desk as it is.
    let got = post("/items/4/vote", "stance=abstain&content=0123&why=+mine+").await;
    assert_eq!(got.location(), "/items/4");
    let said = desk.0.lock().unwrap().pop().unwrap().1;
    let why = Some("mine".to_owned());
    assert_eq!(said, Wish::Vote { item: 4, stance: Stance::Abstain, content: "0123".to_owned(), why });
}

#[tokio::test]
async fn a_page_has_the_forms_of_whose_turn_it_is() {
    let (router, _) = site(Planted::default());
    let cookie = signed_in(&router).await;
    let mine = get(&router, "/items/4", &cookie).await.text;
    assert!(mine.contains("Approve") && mine.contains("Reject") && !mine.contains("Withdraw"), "{mine}");
    assert!(mine.contains("3 wait for you"), "{mine}");
    let own = get(&router, "/items/2", &cookie).await.text;
    assert!(own.contains("Withdraw") && !own.contains("Approve"), "{own}");
    let others = get(&router, "/items/3", &cookie).await.text;
    assert!(!others.contains("Withdraw it") && !others.contains("Approve"), "{others}");
    let inbox = get(&router, "/inbox", &cookie).await.text;
    let (turn, rest) = inbox.split_once("Waits for others").unwrap();
    assert!(turn.contains("/items/4") && turn.contains("/items/2") && rest.contains("/items/3"), "{inbox}");
    assert!(turn.contains("You are on the board: 1 of 2 functions"), "{turn}");
    // Whoever stands in nobody's way is shown no forms.
    let bare = kepi_web::router(Arc::new(PlantedReader::of(fixture::airport())));
    assert!(!get(&bare, "/items/4", "").await.text.contains("<form method=\"post\""));
    // The person at this machine decides, too.
    let (local, desk) = site(unasked("local owner"));
    let page = get(&local, "/periods", "").await.text;
    assert!(page.contains("local owner, as dan") && page.contains("Ask to close it"), "{page}");
    let own = carried(&local, "/periods", "").await;
    let got = send(&local, form("/periods/close"), &format!("{own}&{WHY}")).await;
    assert_eq!(got.location(), "/items/7");
    assert_eq!(desk.0.lock().unwrap()[0].0, "dan");
    let got = send(&local, form("/periods/close"), WHY).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN, "not without the key of this process");
}

#[tokio::test]
async fn what_somebody_works_on_says_whose_it_is_and_has_the_forms_of_whoever_may() {
    let (router, desk) = site(Planted::default());
    let cookie = signed_in(&router).await;
    // Ana has it, as the substitute of somebody who is away.
    let own = get(&router, "/items/5", &cookie).await.text;
    for said in [
        "It is your turn: substitute.",
        "ben: accountable, is away",
        "Not done in time by 1 before.",
        "I have seen it",
        "It is fixed",
        "File a plan",
        "It is not mine",
        "See it again later",
        "Dismiss it",
    ] {
        assert!(own.contains(said), "{said}: {own}");
    }
    // What dan has is nothing to her: she reads it, with what was erased said to be so.
    let others = get(&router, "/items/6", &cookie).await.text;
    assert!(others.contains("Two of five lanes") && others.contains("The text was erased."), "{others}");
    assert!(others.contains("href=\"/items/8\"") && !others.contains("It is done"), "{others}");
    // Dan is above her: he gives it to somebody, ends it, or answers it; what she alone can say he cannot.
    let (dans, _) = site(unasked("local owner"));
    let above = get(&dans, "/items/5", "").await.text;
    assert!(above.contains("you are above") && above.contains("File a plan"), "{above}");
    assert!(!above.contains("I have seen it") && !above.contains("It is not mine"), "{above}");
    let owed = get(&dans, "/items/7", "").await.text;
    assert!(owed.contains("Why the effect did not come") && !owed.contains("Dismiss it"), "{owed}");
    assert!(!owed.contains("It is not mine"), "who is bound cannot refuse: {owed}");
    let inbox = get(&dans, "/inbox", "").await.text;
    assert!(inbox.contains("It is your turn: named. You wanted to see it again on "), "{inbox}");
    // What is typed reaches the desk as it is.
    let carries = carried(&router, "/items/5", &cookie).await;
    let fields = "cause=+late+&method=five_whys&evidence=CRM&who.1=ben&by.1=2026-05-20&what.1=call&who.2=dan&change=3&period=2026-Q3";
    let got =
        send(&router, form("/items/5/plan").header(header::COOKIE, &cookie), &format!("{carries}&{fields}"))
            .await;
    assert_eq!(got.location(), "/items/5");
    let Wish::Plan { plan, .. } = desk.0.lock().unwrap().pop().unwrap().1 else { panic!("a plan") };
    assert_eq!((plan.cause.as_str(), plan.actions.len()), ("late", 1));
    // What was refused stands in the form again, unfolded.
    let wrong = format!("{carries}&cause=late&method=comparison&evidence=CRM&who.1=ben&what.1=call&change=3");
    let got = send(&router, form("/items/5/plan").header(header::COOKIE, &cookie), &wrong).await;
    assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        got.text.contains("<details class=\"deed\" open>") && got.text.contains("value=\"call\""),
        "{}",
        got.text
    );
}
