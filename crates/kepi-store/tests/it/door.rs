//! The door: once or not at all, in order, and nothing that a command may not do.

use std::collections::BTreeMap;

use kepi_govern::{
    Adopt, Command, DocumentId, Effective, Event, Evidence, Permit, Principal, Recorded,
    event::DefinitionAdopted, laws, register::Adopted,
};
use kepi_store::{
    Asked, Effects, EventFilter, Follower, NewText, Performed, Receipt, Store, StoreError, Transaction,
};

use crate::support::{Place, on_both};

on_both![
    a_command_is_done_once_however_often_it_is_sent,
    places_are_dense_and_time_does_not_go_back,
    what_breaks_a_law_leaves_nothing,
    effects_can_call_it_off,
    a_text_can_be_erased_and_is_never_exchanged,
    a_person_has_one_number_and_may_lose_the_name,
    two_deciding_at_once_see_each_other,
    a_follower_works_on_every_event_once,
    projections_are_rebuilt_from_the_log_row_for_row,
    events_are_never_changed_and_filters_are_exact,
    whatever_is_written_comes_back_as_it_was,
];

/// Nothing but the events.
pub struct Only;

impl Effects for Only {
    type Output = ();
    type Error = StoreError;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, StoreError> {
        Ok(Evidence::None)
    }
    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), StoreError> {
        Ok(())
    }
}

pub fn kpi(name: &str) -> DocumentId {
    DocumentId::named("kpi", name).unwrap()
}

/// Adopts a new text of a KPI.
pub fn adopt(base: u64, name: &str, from: Effective) -> Command {
    let text = NewText::new(format!("kpi: {name}"));
    let adopted = Adopted { text: Some(text.commitment), meaning: None };
    let texts = BTreeMap::from([(kpi(name), adopted)]);
    let adoptions = vec![DefinitionAdopted { from, texts, files: None }];
    Command::Adopt(Adopt { aspects: None, base, adoptions, governing: Default::default() })
}

pub fn ana() -> Permit {
    Permit::open(Principal::Person(1))
}

pub async fn position(store: &Store) -> u64 {
    store.organisation().await.unwrap().register.position()
}

pub async fn send(store: &Store, key: &str, at: i64, command: &Command) -> Result<Performed<()>, StoreError> {
    let permit = ana();
    store.perform(Asked::new(&permit, key, at), command, &mut Only).await
}

async fn log(store: &Store) -> Vec<Recorded> {
    store.events(&EventFilter::default()).await.unwrap()
}

async fn a_command_is_done_once_however_often_it_is_sent(place: Place) {
    let store = place.store().await;
    let command = adopt(0, "a", Effective::Ever);
    let first = send(&store, "k1", 5, &command).await.unwrap();
    assert_eq!(first, Performed::Done(Receipt { first: 1, last: 1 }, ()));
    // The answer was lost, another process sends it again, later.
    let again = send(&place.store().await, "k1", 9, &command).await.unwrap();
    assert_eq!(again, Performed::Before(Receipt { first: 1, last: 1 }));
    let other = send(&store, "k1", 9, &adopt(1, "b", Effective::Ever)).await.unwrap_err();
    assert!(matches!(other, StoreError::KeyUsed(_)), "{other}");
    let bea = Permit::open(Principal::Person(2));
    let stolen = store.perform(Asked::new(&bea, "k1", 9), &command, &mut Only).await.unwrap_err();
    assert!(matches!(stolen, StoreError::KeyUsed(_)), "{stolen}");
    assert_eq!(log(&store).await.len(), 1);
}

async fn places_are_dense_and_time_does_not_go_back(place: Place) {
    let store = place.store().await;
    for (n, at) in [10, 30, 20, 40].into_iter().enumerate() {
        send(&store, &format!("k{n}"), at, &adopt(n as u64, "a", Effective::Ever)).await.unwrap();
    }
    let log = log(&store).await;
    assert_eq!(log.iter().map(|e| (e.seq, e.n)).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3), (4, 4)]);
    assert_eq!(log.iter().map(|e| e.at).collect::<Vec<_>>(), [10, 30, 30, 40], "a clock was set back");
    for recorded in &log {
        assert_eq!(recorded.by, Principal::Person(1));
        assert_eq!((recorded.kind.as_str(), recorded.v, recorded.cause), ("definition.adopted", 1, None));
        assert_eq!(Recorded::read_line(&recorded.line().unwrap()).unwrap(), *recorded);
    }
    let permit = ana();
    let caused = Asked { cause: Some(2), ..Asked::new(&permit, "k9", 50) };
    store.perform(caused, &adopt(4, "b", Effective::Ever), &mut Only).await.unwrap();
    let filter = EventFilter { after: Some(4), ..EventFilter::default() };
    assert_eq!(store.events(&filter).await.unwrap()[0].cause, Some(2));
}

async fn what_breaks_a_law_leaves_nothing(place: Place) {
    let store = place.store().await;
    send(&store, "k1", 1, &adopt(0, "a", Effective::Ever)).await.unwrap();
    let refused = send(&store, "k2", 2, &adopt(0, "b", Effective::Ever)).await.unwrap_err();
    let StoreError::Forbidden(violations) = &refused else { panic!("{refused}") };
    assert_eq!(violations.0.iter().map(|v| v.code).collect::<Vec<_>>(), [laws::OUTDATED]);
    assert_eq!((log(&store).await.len(), position(&store).await), (1, 1));
    // A refusal is no receipt: the same key may be sent again, put right.
    assert!(matches!(
        send(&store, "k2", 2, &adopt(1, "b", Effective::Ever)).await.unwrap(),
        Performed::Done(Receipt { first: 2, last: 2 }, ())
    ));
}

/// Keeps a text and then calls everything off, before or after the events are appended.
struct CalledOff {
    text: NewText,
    late: bool,
}

#[derive(Debug, thiserror::Error)]
enum Veto {
    #[error("others were faster")]
    Faster,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Effects for CalledOff {
    type Output = ();
    type Error = Veto;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, Veto> {
        tx.keep_text(&self.text).await?;
        if self.late { Ok(Evidence::None) } else { Err(Veto::Faster) }
    }
    async fn write(&mut self, _: &mut Transaction, receipt: Receipt) -> Result<(), Veto> {
        assert_eq!(receipt, Receipt { first: 1, last: 1 });
        Err(Veto::Faster)
    }
}

async fn effects_can_call_it_off(place: Place) {
    let store = place.store().await;
    for late in [false, true] {
        let mut effects = CalledOff { text: NewText::new("secret".to_owned()), late };
        let permit = ana();
        let asked = Asked::new(&permit, "k1", 1);
        let refused = store.perform(asked, &adopt(0, "a", Effective::Ever), &mut effects).await.unwrap_err();
        assert!(matches!(refused, Veto::Faster));
        let mut reading = store.read().await.unwrap();
        assert_eq!(reading.text(&effects.text.commitment).await.unwrap(), None, "its rows are gone");
        assert_eq!((log(&store).await.len(), position(&store).await), (0, 0));
    }
    send(&store, "k1", 1, &adopt(0, "a", Effective::Ever)).await.unwrap();
}

async fn a_text_can_be_erased_and_is_never_exchanged(place: Place) {
    let store = place.store().await;
    let (one, other) = (NewText::new("Anna Smith".to_owned()), NewText::new("Anna Smith".to_owned()));
    assert_ne!(one.commitment, other.commitment, "the same words twice are not seen to be the same");
    let mut tx = store.begin().await.unwrap();
    tx.keep_text(&one).await.unwrap();
    tx.keep_text(&other).await.unwrap();
    tx.commit().await.unwrap();
    let text = async |of: &NewText| store.read().await.unwrap().text(&of.commitment).await;
    assert_eq!(text(&one).await.unwrap().as_deref(), Some("Anna Smith"));
    place.meddle(&format!("DELETE FROM kepi_text WHERE commitment = '{}'", one.commitment)).await.unwrap();
    assert_eq!(text(&one).await.unwrap(), None);
    assert_eq!(text(&other).await.unwrap().as_deref(), Some("Anna Smith"));
    place.meddle("UPDATE kepi_text SET text = 'Eva Smith'").await.unwrap();
    assert!(matches!(text(&other).await.unwrap_err(), StoreError::Corrupt { .. }));
}

async fn a_person_has_one_number_and_may_lose_the_name(place: Place) {
    let (store, other) = (place.store().await, place.store().await);
    let anna = store.person("Anna").await.unwrap();
    assert_eq!(other.person("Anna").await.unwrap(), anna);
    let eva = other.person("Eva").await.unwrap();
    assert_ne!(anna, eva);
    assert_eq!(store.name_of(&eva).await.unwrap(), "Eva");
    place.meddle("UPDATE kepi_person SET name = NULL WHERE name = 'Anna'").await.unwrap();
    assert_eq!(store.name_of(&anna).await.unwrap(), "person/1");
    assert_eq!(store.person("Anna").await.unwrap(), Principal::Person(3), "a number is never given twice");
    assert_eq!(store.name_of(&"job/run".parse().unwrap()).await.unwrap(), "job/run");
}

async fn two_deciding_at_once_see_each_other(place: Place) {
    let write = |store: Store, name: &'static str| async move {
        for n in 0..15 {
            loop {
                let base = position(&store).await;
                let key = format!("{name}/{n}");
                match send(&store, &key, n, &adopt(base, name, Effective::Ever)).await {
                    Ok(done) => break assert!(matches!(done, Performed::Done(..))),
                    // The other one was faster: it is decided again, on what is the case now.
                    Err(StoreError::Forbidden(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        }
    };
    let (a, b) = (place.store().await, place.store().await);
    let (a, b) = tokio::join!(tokio::spawn(write(a, "a")), tokio::spawn(write(b, "b")));
    a.unwrap();
    b.unwrap();
    let store = place.store().await;
    let log = log(&store).await;
    assert_eq!(log.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert_eq!(log.iter().map(|e| e.n).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    // Folding from the beginning gives what following gave.
    assert_eq!(store.organisation_at(30).await.unwrap(), *store.organisation().await.unwrap());
    assert_eq!(store.organisation_at(7).await.unwrap().register.position(), 7);
}

/// Counts what it sees, in the database, and stops where it is told to.
struct Counter {
    stop: u64,
    seen: Vec<u64>,
}

impl Follower for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }
    async fn on(&mut self, tx: &mut Transaction, event: &Recorded) -> Result<(), StoreError> {
        if event.seq == self.stop {
            return Err(StoreError::KeyUsed("stop".to_owned()));
        }
        self.seen.push(event.seq);
        tx.keep_text(&NewText::new(event.seq.to_string())).await
    }
}

async fn a_follower_works_on_every_event_once(place: Place) {
    let store = place.store().await;
    for n in 0..250 {
        send(&store, &format!("k{n}"), 1, &adopt(n, "a", Effective::Ever)).await.unwrap();
    }
    // It fails in its second transaction: what that one did is gone with it.
    let mut counter = Counter { stop: 150, seen: Vec::new() };
    assert!(store.follow(&mut counter).await.is_err());
    assert_eq!(store.cursor("counter").await.unwrap(), 100);
    let mut counter = Counter { stop: 0, seen: Vec::new() };
    let other = place.store().await;
    assert_eq!(other.follow(&mut counter).await.unwrap(), 150);
    assert_eq!(counter.seen, (101..=250).collect::<Vec<_>>());
    assert_eq!(place.count("kepi_text").await, 250, "what it did committed with its cursor");
    assert_eq!(store.follow(&mut counter).await.unwrap(), 0);
    // A cursor that is lost starts anew.
    place.meddle("DELETE FROM kepi_follower").await.unwrap();
    assert_eq!(store.follow(&mut counter).await.unwrap(), 250);
}

async fn projections_are_rebuilt_from_the_log_row_for_row(place: Place) {
    let store = place.store().await;
    let day = |d: i8| Effective::From(jiff::civil::date(2026, 1, d));
    let steps = [
        ("a", Effective::Ever),
        ("b", day(10)),
        ("a", day(20)),
        ("a", day(15)),
        ("b", Effective::Ever),
        ("c", day(31)),
    ];
    for (n, (name, from)) in steps.into_iter().enumerate() {
        send(&store, &format!("k{n}"), 1, &adopt(n as u64, name, from)).await.unwrap();
    }
    let gone = Adopted { text: None, meaning: None };
    let files = NewText::new("[]".to_owned()).commitment;
    let command = Command::Adopt(Adopt {
        aspects: None,
        base: 6,
        adoptions: vec![DefinitionAdopted {
            from: Effective::Ever,
            texts: BTreeMap::from([(kpi("a"), gone)]),
            files: Some(files),
        }],
        governing: Default::default(),
    });
    send(&store, "gone", 1, &command).await.unwrap();
    for table in kepi_store::TABLES.iter().filter(|t| t.class == kepi_store::Class::Projection) {
        let before = place.rows(table.name).await;
        assert!(!before.is_empty(), "`{}` is projected from nothing", table.name);
        place.meddle(&format!("DELETE FROM {}", table.name)).await.unwrap();
        assert_eq!(store.rebuild().await.unwrap(), 7);
        assert_eq!(place.rows(table.name).await, before, "`{}`", table.name);
        // A row too much goes, too.
        place.meddle(&format!("UPDATE {} SET seq = seq + 1", table.name)).await.unwrap();
        store.rebuild().await.unwrap();
        assert_eq!(place.rows(table.name).await, before, "`{}`", table.name);
    }
    // What the table says is what the fold says.
    let register = store.organisation().await.unwrap();
    let in_force = register.register.all_in_force(None).count();
    let newest = place
        .query(
            "SELECT count(*) FROM kepi_in_force f WHERE id <> 'files' AND text IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM kepi_in_force l WHERE l.id = f.id AND l.since > f.since)",
        )
        .await;
    assert_eq!(newest, in_force as i64);
}

async fn events_are_never_changed_and_filters_are_exact(place: Place) {
    let store = place.store().await;
    for n in 0..3 {
        send(&store, &format!("k{n}"), 1, &adopt(n, "a", Effective::Ever)).await.unwrap();
    }
    for sql in ["UPDATE kepi_event SET at = 9", "DELETE FROM kepi_event"] {
        let refused = place.meddle(sql).await.unwrap_err();
        assert!(refused.contains("events are never"), "{refused}");
    }
    let count = async |filter: EventFilter| store.events(&filter).await.unwrap().len();
    let kind = |kind: &str| EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
    assert_eq!(count(kind("definition.adopted")).await, 3);
    assert_eq!(count(kind("definition.*")).await, 3);
    assert_eq!(count(kind("definition%")).await, 0);
    assert_eq!(count(kind("definition.adopte")).await, 0);
    let about = |s: &str| EventFilter { subject: Some(s.to_owned()), ..EventFilter::default() };
    assert_eq!(count(about("register")).await, 3);
    assert_eq!(count(about("regist")).await, 0);
    assert_eq!(count(EventFilter { after: Some(1), limit: Some(1), ..EventFilter::default() }).await, 1);
    let event = store.events(&kind("definition.adopted")).await.unwrap()[2].event().unwrap();
    assert!(matches!(event, Event::DefinitionAdopted(_)));
}

async fn whatever_is_written_comes_back_as_it_was(place: Place) {
    let store = place.store().await;
    let big = "ß".repeat(3_000_000);
    let texts =
        ["", "Zürich 東京 🜚", "'; DROP TABLE kepi_text; --", "\u{feff}\u{202e}\\u0000\n\t\"", "$1 ?1", &big];
    let texts = texts.map(|text| (NewText::new(text.to_owned()), text));
    let mut tx = store.begin().await.unwrap();
    for (new, _) in &texts {
        tx.keep_text(new).await.unwrap();
    }
    tx.commit().await.unwrap();
    let all: Vec<_> = texts.iter().map(|(new, _)| new.commitment).collect();
    let found = store.read().await.unwrap().texts(&all).await.unwrap();
    for (new, text) in &texts {
        assert!(found[&new.commitment] == *text, "a text came back otherwise");
    }
}
