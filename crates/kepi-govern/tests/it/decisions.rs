//! Decisions: pure, total, and refused with every law they would break.

use std::collections::BTreeMap;

use kepi_govern::{
    Adopt, Command, DocumentId, Effective, Event, Evidence, Facts, Governing, Land, Organisation, Place,
    Principal, Publish, PublishInsights, Shape, Situation, decide,
    event::{DefinitionAdopted, Load, LoadCounts, RunCounts, Sealed},
    laws,
    register::Adopted,
};
use kepi_model::id::Hash;
use kepi_proof::{Commitment, Digest};
use proptest::prelude::*;

use crate::arbitrary::{command, event, evidence};

const ANN: Principal = Principal::Person(1);

fn place(seq: u64) -> Place<'static> {
    Place { seq, at: 1, by: &ANN }
}

fn codes(organisation: &Organisation, command: &Command, evidence: &Evidence) -> Vec<&'static str> {
    match decide(Situation { organisation }, command, Facts { at: 1, by: &ANN, evidence }) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().map(|v| v.code).collect(),
    }
}

fn kpi(name: &str) -> DocumentId {
    DocumentId::named("kpi", name).unwrap()
}

fn text(n: u8) -> Adopted {
    Adopted { text: Some(Commitment([n; 32])), meaning: None }
}

fn adopt(base: u64, texts: Vec<(DocumentId, Adopted)>) -> Command {
    Command::Adopt(Adopt {
        aspects: None,
        base,
        adoptions: vec![DefinitionAdopted {
            from: Effective::Ever,
            texts: texts.into_iter().collect::<BTreeMap<_, _>>(),
            files: None,
        }],
        governing: Governing::default(),
    })
}

fn with(texts: Vec<(DocumentId, Adopted)>) -> Organisation {
    let mut organisation = Organisation::default();
    let situation = Organisation::default();
    let events = decide(
        Situation { organisation: &situation },
        &adopt(0, texts),
        Facts { at: 1, by: &ANN, evidence: &Evidence::None },
    )
    .unwrap();
    events.iter().for_each(|e| organisation.apply(place(1), e));
    organisation
}

const NOTHING: Sealed = Sealed { rows: 0, root: Digest([0; 32]) };

fn land(counts: LoadCounts, stopped: bool) -> Command {
    Command::Land(Land {
        load: Load {
            load: "0198c5f0-0000-7000-8000-000000000001".parse().unwrap(),
            source: "orders".parse().unwrap(),
            entity: "order".parse().unwrap(),
            content: Hash::of(b"content"),
            definition: Hash::of(b"definition"),
            counts,
        },
        ended: 0,
        replaces: None,
        stopped: stopped.then(|| "enough".parse().unwrap()),
    })
}

fn found(snapshot: Option<u64>, rejected: bool) -> Evidence {
    Evidence::Landed {
        snapshot,
        files: NOTHING,
        ledger: Commitment([1; 32]),
        rejected: rejected.then_some(Commitment([2; 32])),
    }
}

#[test]
fn a_patch_rests_on_the_register_it_was_compared_with() {
    let organisation = with(vec![(kpi("a"), text(1))]);
    let none = Evidence::None;
    assert_eq!(codes(&organisation, &adopt(1, vec![(kpi("b"), text(2))]), &none), [""; 0]);
    assert_eq!(codes(&organisation, &adopt(0, vec![(kpi("b"), text(2))]), &none), [laws::OUTDATED]);
    assert_eq!(codes(&organisation, &adopt(1, vec![]), &none), [laws::NOTHING_DIFFERS]);
    let gone = Adopted { text: None, meaning: None };
    assert_eq!(codes(&organisation, &adopt(1, vec![(kpi("a"), gone)]), &none), [""; 0]);
    // All that is wrong is said at once.
    assert_eq!(
        codes(&organisation, &adopt(3, vec![(kpi("b"), gone)]), &none),
        [laws::OUTDATED, laws::NOT_IN_FORCE]
    );
}

#[test]
fn a_load_accounts_for_every_row() {
    let organisation = Organisation::default();
    let good = LoadCounts { read: 3, accepted: 2, quarantined: 1, ..LoadCounts::default() };
    assert_eq!(codes(&organisation, &land(good, false), &found(Some(1), true)), [""; 0]);
    assert_eq!(codes(&organisation, &land(good, true), &found(None, false)), [""; 0]);
    let lost = LoadCounts { read: 4, ..good };
    assert_eq!(codes(&organisation, &land(lost, false), &found(Some(1), true)), [laws::ROWS_UNACCOUNTED]);
    assert_eq!(
        codes(&organisation, &land(lost, true), &found(None, false)),
        [""; 0],
        "it was not read to its end"
    );
    assert_eq!(codes(&organisation, &land(good, false), &found(None, true)), [laws::SNAPSHOT]);
    assert_eq!(codes(&organisation, &land(good, true), &found(Some(1), false)), [laws::SNAPSHOT]);
    assert_eq!(codes(&organisation, &land(good, false), &found(Some(1), false)), [laws::REJECTED]);
    assert_eq!(codes(&organisation, &land(good, false), &Evidence::None), [laws::EVIDENCE]);
}

#[test]
fn a_table_gets_new_columns_only_once() {
    let organisation = Organisation::default();
    let shape = |names: &[&str]| {
        Command::Shape(Shape {
            entity: "order".parse().unwrap(),
            columns: names.iter().map(|n| n.parse().unwrap()).collect(),
        })
    };
    let evidence = Evidence::Shaped { snapshot: 1 };
    assert_eq!(codes(&organisation, &shape(&["id", "_file"]), &evidence), [""; 0]);
    assert_eq!(codes(&organisation, &shape(&[]), &evidence), [laws::COLUMNS]);
    assert_eq!(codes(&organisation, &shape(&["id", "id"]), &evidence), [laws::COLUMNS]);
}

#[test]
fn a_run_computes_by_what_was_adopted_and_is_not_outrun() {
    let organisation = with(vec![(kpi("a"), text(1))]);
    let publish = |register| {
        Command::Publish(Publish {
            run: 1,
            register,
            definitions: Hash::of(b"texts"),
            lake: "0198c5f0-0000-4000-8000-000000000001".parse().unwrap(),
            snapshot: 1,
            engine: "reference/0.1.0".parse().unwrap(),
            watermarks: Digest([0; 32]),
        })
    };
    let evidence = |outrun_by| Evidence::Published {
        outrun_by,
        counts: RunCounts::default(),
        values: NOTHING,
        scores: NOTHING,
        vouched: NOTHING,
    };
    assert_eq!(codes(&organisation, &publish(1), &evidence(None)), [""; 0]);
    assert_eq!(codes(&organisation, &publish(2), &evidence(None)), [laws::UNKNOWN_REGISTER]);
    assert_eq!(codes(&organisation, &publish(0), &evidence(Some(4))), [laws::UNKNOWN_REGISTER, laws::OUTRUN]);
}

#[test]
fn insights_are_of_the_newest_run() {
    let organisation = Organisation::default();
    let publish = |run| Command::PublishInsights(PublishInsights { run, version: 1 });
    let evidence = |newest| Evidence::Insights { newest, usual: NOTHING, insights: NOTHING };
    assert_eq!(codes(&organisation, &publish(7), &evidence(Some(7))), [""; 0]);
    assert_eq!(codes(&organisation, &publish(7), &evidence(Some(8))), [laws::NOT_OF_THE_NEWEST]);
    assert_eq!(codes(&organisation, &publish(7), &evidence(None)), [laws::NOT_OF_THE_NEWEST]);
}

proptest! {
    #[test]
    fn deciding_and_folding_never_panic(
        events in proptest::collection::vec(event(), 0..8),
        commands in proptest::collection::vec((command(), evidence()), 1..8),
    ) {
        let mut organisation = Organisation::default();
        for (n, event) in events.iter().enumerate() {
            organisation.apply(place(n as u64), event);
        }
        let mut seq = events.len() as u64;
        for (command, evidence) in &commands {
            let situation = Situation { organisation: &organisation };
            let decided = decide(situation, command, Facts { at: 0, by: &ANN, evidence });
            prop_assert_eq!(&decided, &decide(situation, command, Facts { at: 0, by: &ANN, evidence }), "it is a function");
            match decided {
                Ok(events) => {
                    prop_assert!(!events.is_empty(), "what is decided has happened");
                    for event in &events {
                        seq += 1;
                        organisation.apply(place(seq), event);
                        prop_assert!(kepi_govern::wire::write(event).is_ok());
                    }
                }
                Err(violations) => prop_assert!(!violations.is_empty()),
            }
        }
    }

    #[test]
    fn only_the_kinds_that_say_so_change_the_state(event in event()) {
        let mut organisation = Organisation::default();
        organisation.apply(place(1), &event);
        let kind = kepi_govern::wire::write(&event).unwrap().kind;
        prop_assert!(organisation == Organisation::default() || Organisation::KINDS.contains(&kind));
    }
}

#[test]
fn an_adoption_of_an_event_changes_what_is_in_force() {
    let organisation = with(vec![(kpi("a"), text(1))]);
    assert_eq!(organisation.register.in_force(&kpi("a"), None), Some(&text(1)));
    assert!(matches!(
        decide(
            Situation { organisation: &organisation },
            &adopt(1, vec![(kpi("a"), text(2))]),
            Facts { at: 0, by: &ANN, evidence: &Evidence::None }
        )
        .unwrap()
        .as_slice(),
        [Event::DefinitionAdopted(_)]
    ));
}
