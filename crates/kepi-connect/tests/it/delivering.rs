//! From what happened to what arrives: each message once, to whom it concerns, when she wants to hear of it, whoever is stopped
//! in between.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use kepi_app::{
    App,
    deciding::{Acting, Deciding, Stance},
    delivering::{Delivered, LEASE},
    open,
};
use kepi_govern::delivery::{Carrier, NotSent, Parcel, Sending};
use kepi_lake::FileSources;
use kepi_model::acting::Way;

use crate::{
    stopped::Stopped,
    support::{World, run},
};

const PEOPLE: &str = "---
governance: company
mode: reviewed
owners: [ann, bea]
---
person: ann
name: Ann Archer
email: ann@example.com
---
person: bea
name: Bea Brown
email: bea@example.com
---
person: carl
name: Carl Clark
---
unit: company
name: The company
---
channel: mail
email: {server: mail.example, from: kepi@example.com}
link: https://kepi.example.com/
quiet: {from: \"19:00\", until: \"07:30\"}
budget: 2
digest: \"08:00\"
";

/// A Monday, at so many minutes of the day, UTC.
fn monday(minutes: i64) -> i64 {
    const MONDAY: i64 = 1_785_110_400_000_000;
    MONDAY + minutes * 60_000_000
}

/// Keeps what it carries; answers as it was told to, at last that it left.
#[derive(Default)]
struct Keeps {
    got: Mutex<Vec<Parcel>>,
    answers: Mutex<Vec<NotSent>>,
}

impl Carrier for Keeps {
    fn send<'a>(&'a self, _: &'a Way, parcel: &'a Parcel) -> Sending<'a> {
        let answer = self.answers.lock().unwrap().pop();
        if answer.is_none() {
            self.got.lock().unwrap().push(parcel.clone());
        }
        Box::pin(async move { answer.map_or(Ok(()), Err) })
    }
}

impl Keeps {
    fn take(&self) -> Vec<(String, String)> {
        let got = std::mem::take(&mut *self.got.lock().unwrap());
        let mut got: Vec<_> =
            got.into_iter().map(|of| (of.address.clone().unwrap_or_default(), of.subject())).collect();
        got.sort();
        got
    }
}

struct Office {
    world: World,
    app: App,
    carrier: Keeps,
}

impl Office {
    async fn new() -> Self {
        let world = World::new(PEOPLE);
        run(&world.app().await, false).await.unwrap();
        let app = world.app().await;
        Self { world, app, carrier: Keeps::default() }
    }

    /// Somebody proposes something that others have to agree to: a unit that is called otherwise.
    async fn propose(&self, name: &str, at: i64) -> u64 {
        self.world.define(&PEOPLE.replace("---\nunit: company\nname: The company\n", &format!("---\nunit: company\nname: The company\n---\nunit: {name}\nname: {name}\nparent: company\nlevel: region\n")));
        let sources = FileSources::new(self.world.path());
        let (files, project) = open::load(self.world.path(), &sources, None).unwrap();
        let acting = Acting { actor: "ann", at, key: None };
        Deciding(&self.app.store)
            .propose(&files, &project, acting, "Because of Mr Smith.", None)
            .await
            .unwrap()
    }

    async fn deliver(&self, at: i64) -> Delivered {
        self.app.deliver(&self.carrier, &|| at).await.unwrap()
    }
}

fn to(who: &str, what: &str) -> (String, String) {
    (format!("{who}@example.com"), what.to_owned())
}

#[tokio::test]
async fn whoever_is_asked_gets_one_message_with_nobodys_name_and_words_in_it() {
    let office = Office::new().await;
    let item = office.propose("north", monday(600)).await;
    assert_eq!(item, 1);
    // What would leave can be seen before, and nothing comes of looking.
    for _ in 0..2 {
        let preview = office.app.outbox(Some(monday(601))).await.unwrap();
        let bea = preview.iter().find(|of| of.to.as_deref() == Some("bea")).unwrap();
        assert_eq!((bea.state.as_str(), bea.due), ("waiting", monday(601)));
    }
    assert!(office.app.outbox(None).await.unwrap().is_empty());
    let done = office.deliver(monday(601)).await;
    // Carl is asked as well, and has no address: that is seen, and mended.
    assert_eq!((done.sent, done.dead), (1, 1), "{done:?}");
    let got = office.carrier.got.lock().unwrap().clone();
    let text = got[0].text();
    assert!(text.contains("unit/north") && text.contains("https://kepi.example.com/items/1"), "{text}");
    assert!(text.contains("Whose turn: asked to agree, until 2026-"), "{text}");
    for secret in ["Smith", "Ann", "ann", "Bea", "bea"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(office.carrier.take().len(), 1);
    let dead = office.app.outbox(None).await.unwrap().into_iter().find(|of| of.state == "dead").unwrap();
    assert!(dead.why.unwrap().contains("`carl` has no `email`"));
    // Nothing happened since: nothing leaves, however often it is looked.
    for minutes in [602, 700] {
        assert_eq!(office.deliver(monday(minutes)).await, Delivered::default());
    }
    assert_eq!(office.app.send_again(None, monday(700)).await.unwrap(), 1);
    assert_eq!(office.deliver(monday(701)).await.dead, 1);
    // What was decided before it could leave does not.
    office.carrier.answers.lock().unwrap().push(NotSent::Now("busy".to_owned()));
    office.propose("south", monday(800)).await;
    assert_eq!(office.deliver(monday(801)).await.later, 1);
    Deciding(&office.app.store)
        .vote(2, Stance::No, None, Acting { actor: "bea", at: monday(802), key: None }, Some("no"))
        .await
        .unwrap();
    let done = office.deliver(monday(900)).await;
    assert_eq!((done.over, done.sent), (1, 0), "{done:?}");
}

#[tokio::test]
async fn at_night_people_are_left_in_peace_and_what_is_too_much_comes_together() {
    let office = Office::new().await;
    office.propose("a", monday(20 * 60)).await;
    assert_eq!(office.deliver(monday(20 * 60 + 1)).await.sent, 0);
    assert_eq!(office.deliver(monday(31 * 60)).await.sent, 0, "07:00 of the next day");
    assert_eq!(office.deliver(monday(31 * 60 + 30)).await.sent, 1);
    assert_eq!(office.carrier.take(), [to("bea", "change request 1: unit/a from ever")]);
    // Two a day come by themselves; the first was one of Tuesday's.
    for (n, name) in ["b", "c", "d"].into_iter().enumerate() {
        office.propose(name, monday(33 * 60 + n as i64)).await;
        office.deliver(monday(33 * 60 + n as i64)).await;
    }
    assert_eq!(office.carrier.take(), [to("bea", "change request 2: unit/b from ever")]);
    let waits = office.app.outbox(None).await.unwrap();
    let due: Vec<i64> = waits
        .iter()
        .filter(|of| of.state == "waiting" && of.to.as_deref() == Some("bea"))
        .map(|of| of.due)
        .collect();
    assert_eq!(due, [monday(56 * 60); 2], "08:00 on Wednesday");
    office.deliver(monday(56 * 60)).await;
    assert_eq!(office.carrier.take(), [to("bea", "2 things wait")]);
}

#[tokio::test]
async fn what_does_not_leave_is_tried_again_later_and_later_and_then_given_up_in_sight() {
    let office = Office::new().await;
    office.propose("a", monday(600)).await;
    let fails = |n: usize| {
        let mut answers = office.carrier.answers.lock().unwrap();
        answers.extend((0..n).map(|_| NotSent::Now("it answered 503".to_owned())));
    };
    fails(8);
    let mut at = monday(601);
    let mut waits = Vec::new();
    for _ in 0..7 {
        assert_eq!(office.deliver(at).await.later, 1);
        let of = office.app.outbox(None).await.unwrap().into_iter().find(|of| of.state == "waiting").unwrap();
        assert_eq!(of.why.as_deref(), Some("it answered 503"));
        waits.push(of.due - at);
        assert_eq!(office.deliver(of.due - 1).await, Delivered::default());
        at = of.due;
    }
    assert!(waits.windows(2).all(|two| two[1] > two[0]), "{waits:?}");
    assert_eq!(office.deliver(at).await.dead, 1);
    let dead = office.app.outbox(None).await.unwrap();
    let dead = dead.iter().find(|of| of.state == "dead" && of.to.as_deref() == Some("bea")).unwrap();
    assert!(dead.why.as_ref().unwrap().contains("it was tried 8 times"), "{dead:?}");
    assert_eq!(office.app.send_again(Some(&dead.batch), at).await.unwrap(), 1);
    office.deliver(at).await;
    assert_eq!(office.carrier.take().len(), 1);
}

/// Carries as the other does, after something else has happened meanwhile.
struct Stops<'a> {
    office: &'a Office,
    clock: &'a AtomicI64,
}

impl Carrier for Stops<'_> {
    fn send<'a>(&'a self, to: &'a Way, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            // It left, and the worker stood still until its lease was over: another took it.
            self.office.carrier.send(to, parcel).await?;
            self.clock.fetch_add(LEASE, Ordering::SeqCst);
            let now = self.clock.load(Ordering::SeqCst);
            let done = self.office.app.deliver(&self.office.carrier, &|| now).await.unwrap();
            assert_eq!(done.sent, 1, "the other sends it: it cannot know that it left");
            Err(NotSent::Ever("what it says counts no more".to_owned()))
        })
    }
}

#[tokio::test]
async fn a_worker_that_stood_still_says_nothing_any_more_and_what_left_twice_is_known_by_its_id() {
    let office = Office::new().await;
    office.propose("a", monday(600)).await;
    let clock = AtomicI64::new(monday(601));
    let done = office
        .app
        .deliver(&Stops { office: &office, clock: &clock }, &|| clock.load(Ordering::SeqCst))
        .await
        .unwrap();
    assert_eq!((done.sent, done.dead), (0, 0), "{done:?}");
    let got = office.carrier.got.lock().unwrap().clone();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].id, got[1].id);
    let sent = office.app.outbox(None).await.unwrap().into_iter().filter(|of| of.state == "sent").count();
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn two_workers_at_once_send_each_message_once() {
    let office = Office::new().await;
    for name in ["a", "b"] {
        office.propose(name, monday(600)).await;
    }
    let other = office.world.app().await;
    let now = || monday(601);
    let (one, two) =
        tokio::join!(office.app.deliver(&office.carrier, &now), other.deliver(&office.carrier, &now));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.sent + two.sent, one.made + two.made), (2, 4), "{one:?} {two:?}");
    assert_eq!(office.carrier.take().len(), 2);
}

/// Carries as the other does, and never says that it did: whoever waits for it stands between what has left and what is known of it.
struct Hangs<'a>(&'a Keeps);

impl Carrier for Hangs<'_> {
    fn send<'a>(&'a self, to: &'a Way, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            self.0.send(to, parcel).await?;
            std::future::pending().await
        })
    }
}

/// Killed at each point at which it waits for anything, and started anew: everything arrives, nothing is made twice, and what left twice, because it left
/// just before the end, is known by its id.
#[tokio::test]
async fn wherever_a_worker_is_killed_everything_arrives_and_nothing_is_made_twice() {
    let office = Office::new().await;
    let mut at = monday(600);
    // How often it waits is a matter of luck: a thread of the database may have answered before it is asked. So the points are walked until
    // three times in a row nothing was left to stop, and the one point that matters most is met on purpose, at first.
    let (mut points, mut whole, mut stops) = (0, 0, 0);
    loop {
        // A day of its own: what is too much for one is another test.
        at += 24 * 60 * 60_000_000;
        let item = office.propose(&format!("unit_{points}"), at).await;
        let left = points == 0;
        let stopped = if left {
            let hangs = Hangs(&office.carrier);
            let now = || at;
            let worker = office.app.deliver(&hangs, &now);
            let has_left = async {
                while office.carrier.got.lock().unwrap().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! { biased; done = worker => Some(done), () = has_left => None }
        } else {
            Stopped::after(points, office.app.deliver(&office.carrier, &|| at)).await
        };
        // Another begins after the lease of what the first held.
        let other = office.world.app().await;
        other.deliver(&office.carrier, &|| at + LEASE).await.unwrap();
        other.deliver(&office.carrier, &|| at + 3 * LEASE).await.unwrap();
        let got = std::mem::take(&mut *office.carrier.got.lock().unwrap());
        let ids: std::collections::BTreeSet<&str> = got.iter().map(|of| of.id.as_str()).collect();
        let of_item = |of: &&Parcel| of.messages.iter().any(|message| message.item == item);
        assert!(got.iter().any(|of| of_item(&of)), "stopped after {points} waits, {item} never came");
        assert_eq!(ids.len(), 1, "stopped after {points} waits: {got:?}");
        assert!(!left || got.len() == 2, "it left, and nobody knew: {got:?}");
        let waits: Vec<String> =
            office.app.outbox(None).await.unwrap().into_iter().map(|of| of.state).collect();
        assert!(!waits.iter().any(|state| state == "waiting"), "stopped after {points} waits: {waits:?}");
        points += 1;
        stops += u32::from(stopped.is_none());
        whole = if stopped.is_some() { whole + 1 } else { 0 };
        if whole == 3 {
            break;
        }
        assert!(points < 500, "it waits for ever");
    }
    assert!(stops > 10, "it was really stopped in between: {stops}");
}
