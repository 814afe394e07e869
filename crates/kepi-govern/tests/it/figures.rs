//! Figures that people say, and who can agree to them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_govern::{
    Command, Content, Event, Evidence, Governance, Open, Place, Stance, entries::Entry, items::Outcome, laws,
    periods::PeriodId, plain::Number,
};
use kepi_model::{
    calendar::Grain,
    governance::{Aspect, Mode},
};
use kepi_proof::Commitment;

use crate::deciding::{DAY, World};

fn open(content: Content) -> Command {
    Command::Open(Open { content, why: Commitment([0; 32]) })
}

fn entry(first: Date, until: Date, value: f64) -> Content {
    Content::Entry(Entry {
        figure: "market_share".parse().unwrap(),
        period: PeriodId { grain: Grain::Month, first },
        until,
        part: None,
        value: Number::new(value).unwrap(),
        evidence: Commitment([1; 32]),
        concerned: BTreeSet::from([3]),
    })
}

#[test]
fn nothing_is_entered_for_a_period_that_has_not_begun_anywhere() {
    let mut world = World::new(Mode::Reviewed);
    let (first, until) = (Date::constant(1970, 2, 1), Date::constant(1970, 3, 1));
    let of = open(entry(first, until, 0.45));
    // The day before its first at ten in UTC is its first day where clocks are 14 hours ahead.
    world.at = 31 * DAY - 14 * DAY / 24 - 1;
    assert_eq!(world.refused(1, &of), [laws::NOT_BEGUN]);
    world.at += 1;
    world.must(1, &of);
}

#[test]
fn who_is_on_the_board_for_two_functions_counts_for_one_of_them() {
    let mut world = World::new(Mode::Board);
    let board = |of: &[(&str, &[u64])]| Governance {
        board: of
            .iter()
            .map(|(function, members)| (function.parse().unwrap(), members.iter().copied().collect()))
            .collect::<BTreeMap<_, BTreeSet<u64>>>(),
        ..crate::deciding::governance(Mode::Board)
    };
    world.organisation.governance = board(&[("customer", &[1]), ("data", &[2, 4]), ("finance", &[1])]);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(6, content);
    world.says(1, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "one person is no quorum of two");
    world.says(4, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    // Whoever comes first for a function leaves it to another if that is how more functions have a voice.
    let of = board(&[("customer", &[1, 2]), ("data", &[1]), ("finance", &[2, 3])]);
    let speak = |of: &Governance, all: &[u64]| of.functions(&all.iter().copied().collect());
    assert_eq!(speak(&of, &[1, 2]), 2);
    assert_eq!(speak(&of, &[1, 2, 3]), 3);
    assert_eq!(speak(&of, &[1]), 1);
    assert_eq!(speak(&of, &[3, 9]), 1);
}

fn answering(world: &World, people: Option<&[u64]>) -> Evidence {
    let people = people.map(|people| people.iter().copied().collect());
    Evidence::Answering { register: world.organisation.register.position(), people }
}

fn january(value: f64) -> Content {
    entry(Date::constant(1970, 1, 1), Date::constant(1970, 2, 1), value)
}

#[test]
fn who_answers_for_a_figure_by_now_does_not_decide_on_it() {
    let mut world = World::new(Mode::Reviewed);
    let item = world.open(1, january(0.45));
    let vote = world.vote(item, Stance::Yes);
    // 3 answered for it when it was proposed, 4 does by now.
    for person in [3, 4] {
        let seen = answering(&world, Some(&[4]));
        assert_eq!(world.ask(person, &vote, &seen), Err(vec![laws::CONCERNED]), "{person}");
    }
    assert_eq!(world.refused(5, &vote), [laws::LOOK_AGAIN], "nobody looked who answers for it");
    let gone = answering(&world, None);
    assert_eq!(world.ask(5, &vote, &gone), Err(vec![laws::NO_FIGURE]));
    let seen = answering(&world, Some(&[4]));
    world.ask(5, &vote, &seen).unwrap();
    assert_eq!(world.outcome(item), Some(Outcome::Done));
}

#[test]
fn of_a_figure_one_waits_at_a_time_and_an_older_one_replaces_no_newer() {
    let mut world = World::new(Mode::Reviewed);
    let older = world.open(1, january(0.45));
    assert_eq!(world.refused(2, &open(january(0.46))), [laws::ALREADY_OPEN]);
    world.must(2, &open(entry(Date::constant(1970, 1, 2), Date::constant(1970, 2, 2), 0.46)));
    // A log may hold two that wait: the newer was agreed to.
    let newer = 7;
    let by = crate::deciding::person(2);
    let opened =
        kepi_govern::event::ItemOpened { item: newer, content: january(0.5), why: Commitment([0; 32]) };
    let ended = kepi_govern::event::ItemEnded { item: newer, outcome: Outcome::Done };
    for event in [Event::ItemOpened(opened), Event::ItemEnded(ended)] {
        world.organisation.apply(Place { seq: 99, at: world.at, by: &by }, &event);
    }
    let (vote, seen) = (world.vote(older, Stance::Yes), answering(&world, Some(&[])));
    assert_eq!(world.ask(5, &vote, &seen), Err(vec![laws::REPLACED]));
    let (vote, seen) = (world.vote(older, Stance::No), answering(&world, Some(&[])));
    world.ask(5, &vote, &seen).unwrap();
}
