//! What is proposed and decided: each way round the others is closed.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Adopt, Command, Content, DocumentId, Edit, Effective, Event, Evidence, Facts, Governance, Governing,
    Open, Organisation, Place, Principal, Remark, Situation, Stance, Vote, Withdraw, decide,
    event::DefinitionAdopted,
    governance::InEmergency,
    items::{Change, Emergency, KINDS, Outcome, Says, Timeout, Turn},
    laws,
    periods::{Close, Freeze, PeriodId},
    register::Adopted,
};
use kepi_model::{
    calendar::Grain,
    governance::{Aspect, FreezeRule, Mode},
    id::Hash,
};
use kepi_proof::{Commitment, Digest};

pub const DAY: i64 = 86_400_000_000;

/// A project of which people decide.
#[derive(Debug, Clone)]
pub struct World {
    pub organisation: Organisation,
    pub at: i64,
    pub seq: u64,
    texts: u8,
}

pub fn kpi(name: &str) -> DocumentId {
    DocumentId::named("kpi", name).unwrap()
}

pub fn person(number: u64) -> Principal {
    Principal::Person(number)
}

pub fn governance(mode: Mode) -> Governance {
    Governance {
        mode,
        owners: BTreeSet::from([1, 2]),
        board: BTreeMap::from([
            ("finance".parse().unwrap(), BTreeSet::from([1, 3])),
            ("customer".parse().unwrap(), BTreeSet::from([2, 4])),
            ("data".parse().unwrap(), BTreeSet::from([5])),
        ]),
        quorum: 2,
        freezes: BTreeMap::from([("month_end".parse().unwrap(), rule())]),
        emergency: Some(InEmergency { among: BTreeSet::from([1, 4, 5, 6]), days: 10 }),
    }
}

/// What a rule says that freezes targets.
pub fn rule() -> FreezeRule {
    FreezeRule {
        period: Grain::Month,
        after: 3,
        aspects: BTreeSet::from([Aspect::Target]),
        scope: None,
        business_hours: None,
    }
}

impl World {
    /// Six persons; 1 and 2 are owners, 1 to 5 the board.
    pub fn new(mode: Mode) -> Self {
        let mut world = Self { organisation: Organisation::default(), at: DAY, seq: 0, texts: 0 };
        let adopted = world.text();
        let governing = Governing {
            governance: Some(governance(mode)),
            joined: (1..=6).collect(),
            left: BTreeSet::new(),
        };
        let texts = BTreeMap::from([(kpi("a"), adopted), (kpi("b"), adopted)]);
        let adopt = Adopt {
            aspects: None,
            base: 0,
            adoptions: vec![DefinitionAdopted { from: Effective::Ever, texts, files: None }],
            governing,
        };
        world.must(1, &Command::Adopt(adopt));
        world
    }

    pub fn text(&mut self) -> Adopted {
        self.texts = self.texts.wrapping_add(1);
        Adopted { text: Some(Commitment([self.texts; 32])), meaning: None }
    }

    pub fn change(&mut self, name: &str, aspects: &[Aspect], concerned: &[u64]) -> Content {
        let adopted = self.text();
        let adoption = DefinitionAdopted {
            from: Effective::Ever,
            texts: BTreeMap::from([(kpi(name), adopted)]),
            files: None,
        };
        Content::Change(Change {
            base: self.organisation.register.position(),
            adoptions: vec![adoption],
            aspects: aspects.iter().copied().collect(),
            concerned: concerned.iter().copied().collect(),
            paid: BTreeSet::new(),
            governing: Governing::default(),
        })
    }

    pub fn ask(
        &mut self,
        by: u64,
        command: &Command,
        evidence: &Evidence,
    ) -> Result<Vec<Event>, Vec<&'static str>> {
        self.ask_by(&person(by), command, evidence)
    }

    /// The same of anybody.
    pub fn ask_by(
        &mut self,
        by: &Principal,
        command: &Command,
        evidence: &Evidence,
    ) -> Result<Vec<Event>, Vec<&'static str>> {
        let facts = Facts { at: self.at, by, evidence };
        let decided = decide(Situation { organisation: &self.organisation }, command, facts);
        let events = decided.map_err(|violations| violations.iter().map(|v| v.code).collect::<Vec<_>>())?;
        for event in &events {
            self.seq += 1;
            self.organisation.apply(Place { seq: self.seq, at: self.at, by }, event);
        }
        Ok(events)
    }

    pub fn must(&mut self, by: u64, command: &Command) -> Vec<Event> {
        self.ask(by, command, &Evidence::None).unwrap()
    }

    pub fn refused(&mut self, by: u64, command: &Command) -> Vec<&'static str> {
        self.ask(by, command, &Evidence::None).unwrap_err()
    }

    pub fn open(&mut self, by: u64, content: Content) -> u64 {
        let number = self.organisation.items.next();
        self.must(by, &Command::Open(Open { content, why: Commitment([0; 32]) }));
        number
    }

    pub fn vote(&self, item: u64, stance: Stance) -> Command {
        let content = self.organisation.items.get(item).map_or(Digest([0; 32]), |item| item.digest);
        Command::Vote(Vote { item, stance, content, why: None })
    }

    pub fn edit(&self, item: u64, content: Content) -> Command {
        let was = self.organisation.items.get(item).unwrap().digest;
        Command::Edit(Edit { item, was, content, why: Commitment([0; 32]) })
    }

    pub fn says(&mut self, by: u64, item: u64, stance: Stance) -> Vec<Event> {
        let vote = self.vote(item, stance);
        self.must(by, &vote)
    }

    pub fn may_not(&mut self, by: u64, item: u64, stance: Stance) -> Vec<&'static str> {
        let vote = self.vote(item, stance);
        self.refused(by, &vote)
    }

    pub fn outcome(&self, item: u64) -> Option<Outcome> {
        self.organisation.items.get(item).unwrap().ended.map(|(outcome, _)| outcome)
    }
}

#[test]
fn in_an_open_project_everything_is_in_force_at_once() {
    let mut world = World::new(Mode::Open);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let events = world.must(99, &Command::Open(Open { content, why: Commitment([0; 32]) }));
    assert!(matches!(
        events.as_slice(),
        [Event::ItemOpened(_), Event::ItemMoved(_), Event::DefinitionAdopted(_), Event::ItemEnded(_)]
    ));
}

#[test]
fn where_it_is_decided_a_run_adopts_nothing() {
    for mode in [Mode::Reviewed, Mode::Board] {
        let mut world = World::new(mode);
        let adopted = world.text();
        let adopt = Command::Adopt(Adopt {
            aspects: None,
            base: world.organisation.register.position(),
            adoptions: vec![DefinitionAdopted {
                from: Effective::Ever,
                texts: BTreeMap::from([(kpi("a"), adopted)]),
                files: None,
            }],
            governing: Governing::default(),
        });
        assert_eq!(world.refused(1, &adopt), [laws::DECIDED]);
    }
}

#[test]
fn nobody_approves_their_own_and_one_other_suffices_in_review() {
    let mut world = World::new(Mode::Reviewed);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(3, content);
    assert_eq!(world.may_not(3, item, Stance::Yes), [laws::OWN]);
    assert_eq!(world.may_not(77, item, Stance::Yes), [laws::NOT_THERE, laws::NOT_ASKED]);
    let events = world.says(6, item, Stance::Yes);
    assert!(matches!(
        events.as_slice(),
        [Event::ItemVoted(_), Event::DefinitionAdopted(_), Event::ItemEnded(_)]
    ));
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    assert_eq!(world.may_not(2, item, Stance::No), [laws::NO_ITEM], "what has ended has ended");
}

#[test]
fn words_are_in_force_at_once_in_review_and_need_one_other_under_a_board() {
    let mut world = World::new(Mode::Reviewed);
    let content = world.change("a", &[Aspect::Words], &[]);
    let item = world.open(3, content);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Words], &[]);
    let item = world.open(3, content);
    assert_eq!(world.outcome(item), None);
    world.says(6, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
}

#[test]
fn an_edit_voids_what_was_said_and_makes_its_writer_an_author() {
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(6, content);
    world.says(1, item, Stance::Yes);
    let was = world.vote(item, Stance::Yes);
    let other = world.change("a", &[Aspect::Definition], &[]);
    assert_eq!(world.refused(2, &world.edit(item, other.clone())), [laws::NOT_YOURS]);
    world.must(6, &world.edit(item, other));
    assert!(world.organisation.items.get(item).unwrap().ballots.is_empty());
    // What was read before is not what is voted on now.
    assert_eq!(world.refused(2, &was), [laws::OTHER_CONTENT]);
    world.says(2, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "one function of two");
    world.says(1, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
}

#[test]
fn a_board_needs_functions_and_more_members_for_it_than_against() {
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(6, content);
    world.says(1, item, Stance::Yes);
    world.says(3, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "two of one function");
    world.says(5, item, Stance::No);
    world.says(2, item, Stance::No);
    assert_eq!(world.outcome(item), None, "the fourth may still say yes");
    world.says(4, item, Stance::No);
    assert_eq!(world.outcome(item), Some(Outcome::Rejected));
    // Whoever is no member is not asked.
    let content = world.change("b", &[Aspect::Weight], &[]);
    let item = world.open(1, content);
    assert_eq!(world.may_not(6, item, Stance::Yes), [laws::NOT_ASKED]);
    world.says(2, item, Stance::Yes);
    world.says(5, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
}

#[test]
fn whose_target_it_is_signs_and_does_not_decide() {
    // In review all parties sign the same content: who proposes has signed by writing it.
    let mut world = World::new(Mode::Reviewed);
    let content = world.change("a", &[Aspect::Target], &[4]);
    let item = world.open(3, content);
    assert_eq!(world.may_not(6, item, Stance::Yes), [laws::NOT_ASKED]);
    // A counter-offer: now it is the other's turn.
    let counter = world.change("a", &[Aspect::Target], &[4]);
    world.must(4, &world.edit(item, counter));
    assert_eq!(world.may_not(4, item, Stance::Yes), [laws::OWN]);
    world.says(3, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    // One's own target alone needs another.
    let content = world.change("a", &[Aspect::Target], &[4]);
    let item = world.open(4, content);
    assert_eq!(world.may_not(4, item, Stance::Yes), [laws::OWN]);
    world.says(6, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    // Under a board the party signs, and the board decides without it.
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Target], &[4]);
    let item = world.open(6, content);
    world.says(1, item, Stance::Yes);
    world.says(4, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "4 speaks for customers, and not here");
    world.says(2, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    // Whose pay hangs on it signs as a party, and is no other; where all parties are paid by it, one has to agree who is not.
    let paid = |world: &mut World, aspect: Aspect, concerned: &[u64], paid: &[u64]| {
        let mut content = world.change("a", &[aspect], concerned);
        let Content::Change(change) = &mut content else { panic!("a change") };
        change.paid = paid.iter().copied().collect();
        content
    };
    let content = paid(&mut world, Aspect::Target, &[4], &[2, 4]);
    let item = world.open(6, content);
    assert_eq!(world.may_not(2, item, Stance::Yes), [laws::CONCERNED]);
    world.says(2, item, Stance::Abstain);
    world.says(4, item, Stance::Yes);
    world.says(1, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "2 speaks for a function of the board, and is paid by it");
    world.says(5, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    let mut world = World::new(Mode::Reviewed);
    let content = paid(&mut world, Aspect::Target, &[4], &[3, 4]);
    let item = world.open(3, content);
    world.says(4, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "it is the pay of both who sign");
    world.says(6, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    let content = paid(&mut world, Aspect::Target, &[4], &[4]);
    let item = world.open(3, content);
    world.says(4, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done), "3 signs it, too, and is not paid by it");
    // If it is everybody's pay nobody could decide: that is said when it is proposed.
    let content = paid(&mut world, Aspect::Target, &[4], &[1, 2, 3, 4, 5, 6]);
    let asked = world.ask(3, &Command::Open(Open { content, why: Commitment([0; 32]) }), &Evidence::None);
    assert_eq!(asked, Err(vec![laws::NOBODY]));
    // Where what else differs is decided by one other, it is not those whom it touches.
    let mut world = World::new(Mode::Reviewed);
    let content = world.change("a", &[Aspect::Definition], &[4]);
    let item = world.open(3, content);
    assert_eq!(world.may_not(4, item, Stance::Yes), [laws::CONCERNED]);
    world.says(4, item, Stance::Abstain);
    assert_eq!(world.outcome(item), None);
}

#[test]
fn governance_is_changed_by_what_it_asks_for_and_never_by_one() {
    for mode in [Mode::Reviewed, Mode::Board] {
        let mut world = World::new(mode);
        let mut content = world.change("a", &[Aspect::Governance], &[]);
        let Content::Change(change) = &mut content else { panic!("a change") };
        change.governing.governance = Some(Governance::default());
        let item = world.open(1, content.clone());
        assert_eq!(world.may_not(1, item, Stance::Yes), [laws::OWN]);
        if mode == Mode::Reviewed {
            assert_eq!(world.may_not(6, item, Stance::Yes), [laws::NOT_ASKED], "no owner");
            world.says(2, item, Stance::Yes);
        } else {
            world.says(4, item, Stance::Yes);
            world.says(5, item, Stance::Yes);
            assert_eq!(world.outcome(item), None, "a board without an owner");
            world.says(2, item, Stance::Yes);
        }
        assert_eq!(world.outcome(item), Some(Outcome::Done));
        assert_eq!(world.organisation.governance.mode, Mode::Open);
    }
    // To say less of it than is so is refused, and so is a text whose meaning is not told.
    let mut world = World::new(Mode::Reviewed);
    let mut content = world.change("a", &[Aspect::Words], &[]);
    let Content::Change(change) = &mut content else { panic!("a change") };
    change.governing.joined = BTreeSet::from([9]);
    let open = |content| Command::Open(Open { content, why: Commitment([0; 32]) });
    assert_eq!(world.refused(1, &open(content)), [laws::ASPECTS]);
    let mut content = world.change("a", &[Aspect::Governance, Aspect::Definition], &[]);
    let Content::Change(change) = &mut content else { panic!("a change") };
    let adopted = world.text();
    change.adoptions[0].texts.insert(DocumentId::named("governance", "g").unwrap(), adopted);
    assert_eq!(world.refused(1, &open(content)), [laws::UNSAID]);
    let content = world.change("new", &[Aspect::Words], &[]);
    assert_eq!(world.refused(1, &open(content)), [laws::ASPECTS], "a new KPI is more than words");
}

#[test]
fn what_was_adopted_otherwise_meanwhile_goes_back_to_its_author() {
    let mut world = World::new(Mode::Reviewed);
    let (first, second) =
        (world.change("a", &[Aspect::Definition], &[]), world.change("a", &[Aspect::Data], &[]));
    let other = world.change("b", &[Aspect::Definition], &[]);
    let (first, second, other) = (world.open(3, first), world.open(4, second), world.open(4, other));
    world.says(6, first, Stance::Yes);
    let events = world.says(6, second, Stance::Yes);
    assert!(matches!(events.as_slice(), [Event::ItemVoted(_), Event::ItemReturned(_)]));
    assert_eq!(world.may_not(6, second, Stance::Yes), [laws::NOT_ASKING]);
    let anew = world.change("a", &[Aspect::Data], &[]);
    world.must(4, &world.edit(second, anew));
    world.says(6, second, Stance::Yes);
    assert_eq!(world.outcome(second), Some(Outcome::Done));
    // What touches something else takes effect if both are sound together, looked at as of now.
    assert_eq!(world.may_not(6, other, Stance::Yes), [laws::LOOK_AGAIN]);
    let vote = world.vote(other, Stance::Yes);
    let position = world.organisation.register.position();
    let old = Evidence::Merged { register: position - 1, sound: true };
    assert_eq!(world.ask(6, &vote, &old).unwrap_err(), [laws::LOOK_AGAIN]);
    let unsound = Evidence::Merged { register: position, sound: false };
    let events = world.clone().ask(6, &vote, &unsound).unwrap();
    assert!(matches!(events.as_slice(), [Event::ItemVoted(_), Event::ItemReturned(_)]));
    world.ask(6, &vote, &Evidence::Merged { register: position, sound: true }).unwrap();
    assert_eq!(world.outcome(other), Some(Outcome::Done));
}

#[test]
fn silence_is_no_and_leavers_do_not_count() {
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(6, content);
    world.says(1, item, Stance::Yes);
    let by = person(1);
    world.organisation.apply(Place { seq: 99, at: world.at, by: &by }, &Event::PersonLeft(1));
    world.says(2, item, Stance::Yes);
    assert_eq!(world.outcome(item), None, "who has left speaks for no function");
    assert_eq!(world.may_not(1, item, Stance::Yes), [laws::NOT_THERE, laws::NOT_ASKED]);
    world.at += 31 * DAY;
    assert_eq!(world.may_not(3, item, Stance::Yes), [laws::LAPSED]);
    world.must(6, &Command::Tick);
    assert_eq!(world.outcome(item), Some(Outcome::Lapsed));
    assert_eq!(world.refused(6, &Command::Tick), [laws::NOTHING_DUE]);
}

#[test]
fn what_is_frozen_is_changed_by_nothing_until_that_is_lifted_by_others() {
    let day = |month: i8| jiff::civil::Date::constant(2026, month, 1);
    for mode in [Mode::Open, Mode::Reviewed, Mode::Board] {
        let mut world = World::new(mode);
        let aspects = BTreeSet::from([Aspect::Definition, Aspect::Target]);
        let freeze = Freeze { from: day(1), until: day(7), aspects, ..nothing_frozen() };
        // What was proposed before is held to it when it is to take effect.
        let content = world.change("b", &[Aspect::Definition], &[]);
        let early = (mode != Mode::Open).then(|| world.open(6, content));
        let item = world.open(1, Content::Freeze(freeze));
        let agree = |world: &mut World, item| match mode {
            Mode::Open => {}
            Mode::Reviewed => {
                assert_eq!(world.may_not(6, item, Stance::Yes), [laws::NOT_ASKED], "no owner");
                world.says(2, item, Stance::Yes);
            }
            Mode::Board => [2, 5].into_iter().for_each(|person| {
                world.says(person, item, Stance::Yes);
            }),
        };
        agree(&mut world, item);
        assert_eq!(world.outcome(item), Some(Outcome::Done));
        let change = |world: &mut World, aspect, from| {
            let mut content = world.change("a", &[aspect], &[]);
            let Content::Change(change) = &mut content else { panic!("a change") };
            change.adoptions[0].from = from;
            world.ask(6, &Command::Open(Open { content, why: Commitment([0; 32]) }), &Evidence::None)
        };
        let frozen = Err(vec![laws::FROZEN]);
        assert_eq!(change(&mut world, Aspect::Definition, Effective::Ever), frozen);
        assert_eq!(change(&mut world, Aspect::Target, Effective::From(day(3))), frozen);
        assert_eq!(change(&mut world, Aspect::Definition, Effective::From(day(6))), frozen);
        assert!(change(&mut world, Aspect::Definition, Effective::From(day(7))).is_ok(), "after it");
        assert!(change(&mut world, Aspect::Weight, Effective::Ever).is_ok(), "another respect");
        if let Some(early) = early {
            if mode == Mode::Board {
                world.says(4, early, Stance::Yes);
            }
            let vote = world.vote(early, Stance::Yes);
            let refused = world.refused(3, &vote);
            assert!(refused.contains(&laws::FROZEN), "{refused:?}");
            assert_eq!(world.outcome(early), None);
        }
        // A run of an open project adopts nothing that is frozen either.
        if mode == Mode::Open {
            let adopted = world.text();
            let adopt = Command::Adopt(Adopt {
                aspects: None,
                base: world.organisation.register.position(),
                adoptions: vec![DefinitionAdopted {
                    from: Effective::Ever,
                    texts: BTreeMap::from([(kpi("a"), adopted)]),
                    files: None,
                }],
                governing: Governing::default(),
            });
            assert_eq!(world.refused(1, &adopt), [laws::FROZEN]);
            // What is not frozen is adopted, if it is said what differs.
            let Command::Adopt(of) = adopt else { panic!("an adoption") };
            world.must(1, &Command::Adopt(Adopt { aspects: Some(BTreeSet::from([Aspect::Weight])), ..of }));
        }
        let open = |content| Command::Open(Open { content, why: Commitment([0; 32]) });
        assert_eq!(world.refused(1, &open(Content::Lift(77))), [laws::NOT_FROZEN]);
        let lift = world.open(1, Content::Lift(item));
        agree(&mut world, lift);
        assert!(change(&mut world, Aspect::Definition, Effective::Ever).is_ok());
        let nothing = nothing_frozen();
        assert_eq!(world.refused(1, &open(Content::Freeze(nothing))), [laws::NO_DAYS]);
    }
}

#[test]
fn a_negotiation_ends_with_what_all_parties_signed_and_nothing_over_an_objection() {
    let mut world = World::new(Mode::Reviewed);
    let remark = |world: &World, item, says, to| {
        let content = world.organisation.items.get(item).unwrap().digest;
        Command::Remark(Remark { item, says, to, content, text: Commitment([3; 32]) })
    };
    // 3 offers, 4 answers for it, objects, offers otherwise; 3 objects to that in turn.
    let offer = world.change("a", &[Aspect::Target], &[4]);
    let item = world.open(3, offer);
    let own = remark(&world, item, Says::Objection, None);
    assert_eq!(world.refused(3, &own), [laws::OWN]);
    assert_eq!(world.refused(6, &own), [laws::NOT_ASKED], "nobody asks 6");
    world.must(6, &remark(&world, item, Says::Comment, None));
    world.must(4, &remark(&world, item, Says::Objection, None));
    assert_eq!(
        kepi_govern::items::turn(&world.organisation, world.organisation.items.get(item).unwrap()),
        BTreeSet::from([3, 4])
    );
    let counter = world.change("a", &[Aspect::Target], &[4]);
    let was = remark(&world, item, Says::Comment, None);
    world.must(4, &world.edit(item, counter));
    assert_eq!(world.refused(3, &was), [laws::OTHER_CONTENT], "said of what it said before");
    let to = |world: &World, n| remark(world, item, Says::Resolution, Some(n));
    assert_eq!(world.refused(4, &to(&world, 2)), [laws::NO_OBJECTION], "4 wrote it anew: that is settled");
    world.must(3, &remark(&world, item, Says::Objection, None));
    assert_eq!(world.refused(4, &to(&world, 3)), [laws::OWN], "nobody overrules who objects to their own");
    assert_eq!(world.refused(3, &to(&world, 1)), [laws::NO_OBJECTION], "a comment is none");
    // Whoever agrees objects no longer.
    let signed = world.says(3, item, Stance::Yes);
    assert!(matches!(
        signed.as_slice(),
        [Event::ItemVoted(_), Event::DefinitionAdopted(_), Event::ItemEnded(_)]
    ));
    let known = world.organisation.items.get(item).unwrap();
    assert_eq!(
        known.remarks.iter().map(|of| of.says).collect::<Vec<_>>(),
        [Says::Comment, Says::Objection, Says::Objection]
    );
    assert_eq!(known.authors, BTreeSet::from([person(3), person(4)]));

    // A board decides over an objection once another has resolved it, and that is what it waited for.
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Definition], &[4]);
    let item = world.open(6, content);
    world.must(4, &remark(&world, item, Says::Objection, None));
    for person in [1, 2] {
        world.says(person, item, Stance::Yes);
    }
    assert_eq!(world.outcome(item), None, "4 is concerned: decides nothing, and is heard");
    assert_eq!(world.refused(6, &remark(&world, item, Says::Resolution, Some(1))), [laws::OWN]);
    let resolved = world.must(5, &remark(&world, item, Says::Resolution, Some(1)));
    assert!(matches!(
        resolved.as_slice(),
        [Event::ItemRemarked(_), Event::DefinitionAdopted(_), Event::ItemEnded(_)]
    ));
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    let ended = remark(&world, item, Says::Comment, None);
    assert_eq!(world.refused(5, &ended), [laws::NO_ITEM]);
}

/// Whatever changes anything, in every respect, of every scope, is refused where that is frozen, and nowhere else.
#[test]
fn every_consequence_is_refused_in_every_respect_and_scope_that_is_frozen() {
    use kepi_govern::{
        entries::Entry,
        overrides::{Figure, Override},
        plain::Number,
    };
    let first = jiff::civil::Date::constant(1970, 1, 1);
    let until = jiff::civil::Date::constant(1970, 2, 1);
    let period = PeriodId { grain: Grain::Month, first };
    let respects = [Aspect::Definition, Aspect::Data, Aspect::Weight, Aspect::Target, Aspect::Owner];
    let scopes: [&[&str]; 4] = [&[], &["a"], &["b"], &["a", "b"]];
    let said = || Override {
        figure: Figure { kpi: "a".parse().unwrap(), period, segment: None },
        until,
        value: Number::new(4.5).unwrap(),
        expires: None,
        evidence: Commitment([1; 32]),
        concerned: BTreeSet::new(),
    };
    let entry = || Entry {
        figure: "share".parse().unwrap(),
        period,
        until,
        part: None,
        value: Number::new(4.5).unwrap(),
        evidence: Commitment([1; 32]),
        concerned: BTreeSet::new(),
    };
    let no_evidence = |world: &World| Evidence::Answering {
        register: world.organisation.register.position(),
        people: Some(BTreeSet::new()),
    };
    let (erase, erased) = crate::acting::erasing(&[1], &[]);
    let Command::Erase(of) = erase.clone() else { panic!("erasing") };
    let ask_erase = Command::AskErase(of);
    let mut asked = 0;
    for mode in [Mode::Open, Mode::Reviewed, Mode::Board] {
        for frozen in respects {
            for scope in scopes {
                // What was overridden and entered before the freeze can be taken back by nobody during it.
                let mut world = World::new(mode);
                world.at = 60 * DAY;
                let decided = |world: &mut World, content: Content| {
                    let item = world.organisation.items.next();
                    let evidence = no_evidence(world);
                    world
                        .ask(1, &Command::Open(Open { content, why: Commitment([0; 32]) }), &evidence)
                        .unwrap();
                    if mode != Mode::Open {
                        let vote = world.vote(item, Stance::Yes);
                        world.ask(2, &vote, &evidence).unwrap();
                    }
                    assert_eq!(world.outcome(item), Some(Outcome::Done));
                    item
                };
                let overridden = decided(&mut world, Content::Override(said()));
                let entered = decided(&mut world, Content::Entry(entry()));
                // Asked for before the freeze, decided under it.
                let mut other = said();
                other.figure.period.first = jiff::civil::Date::constant(1970, 1, 2);
                let early = (mode != Mode::Open).then(|| world.open(1, Content::Override(other)));
                let freeze = Freeze {
                    from: first,
                    until,
                    aspects: BTreeSet::from([frozen]),
                    scope: scope.iter().map(|name| kpi(name)).collect(),
                    rule: None,
                };
                let by = person(1);
                let event = Event::PeriodFrozen(kepi_govern::event::PeriodFrozen { item: 99, freeze });
                world.organisation.apply(Place { seq: world.seq + 1, at: world.at, by: &by }, &event);
                let of_a = scope.is_empty() || scope.contains(&"a");
                let mut is = |world: &World, command: &Command, refused: bool, what: &str| {
                    asked += 1;
                    let evidence = no_evidence(world);
                    let mut then = world.clone();
                    let got = then.ask(3, command, &evidence);
                    assert_eq!(
                        got == Err(vec![laws::FROZEN]),
                        refused,
                        "{what}: {got:?} with {frozen:?} of {scope:?} frozen, {mode:?}"
                    );
                };
                let open = |content| Command::Open(Open { content, why: Commitment([0; 32]) });
                for aspect in respects {
                    let content = world.change("a", &[aspect], &[]);
                    is(&world, &open(content.clone()), aspect == frozen && of_a, "change");
                    let Content::Change(change) = content else { panic!("a change") };
                    if mode == Mode::Open {
                        let Change { base, adoptions, aspects, governing, .. } = change;
                        let adopt = Adopt { base, adoptions, aspects: Some(aspects), governing };
                        is(&world, &Command::Adopt(adopt), aspect == frozen && of_a, "adoption");
                    }
                }
                let data = frozen == Aspect::Data;
                let mut newer = said();
                newer.value = Number::new(9.0).unwrap();
                is(&world, &open(Content::Override(newer)), data && of_a, "override");
                is(&world, &open(Content::Restore(overridden)), data && of_a, "restoring");
                // Which KPIs a figure that is entered goes into is not known here: it may be any.
                let mut newer = entry();
                newer.value = Number::new(9.0).unwrap();
                is(&world, &open(Content::Entry(newer)), data, "entry");
                is(&world, &open(Content::TakeBack(entered)), data, "taking back");
                // Whatever is frozen: what is published of it stands, so rows are erased when the law asks for it.
                let mut then = world.clone();
                then.ask(2, &ask_erase, &Evidence::None).unwrap();
                then.ask(1, &erase, &erased).unwrap();
                assert_eq!(then.organisation.periods, world.organisation.periods);
                assert_eq!(then.organisation.overrides, world.organisation.overrides);
                if let Some(early) = early {
                    is(&world, &world.vote(early, Stance::Yes), data && of_a, "a vote on an override");
                }
            }
        }
    }
    assert!(asked > 600, "{asked}");
}

#[test]
fn every_respect_and_every_day_of_a_freeze_is_held() {
    let day = |n: i8| jiff::civil::Date::constant(2026, 1, n);
    let respects =
        [Aspect::Definition, Aspect::Data, Aspect::Weight, Aspect::Target, Aspect::Owner, Aspect::Words];
    for aspect in respects {
        for frozen in respects {
            for from in std::iter::once(Effective::Ever).chain((1..20).map(|n| Effective::From(day(n)))) {
                let mut world = World::new(Mode::Reviewed);
                let aspects = BTreeSet::from([frozen]);
                let freeze = Freeze { from: day(5), until: day(10), aspects, ..nothing_frozen() };
                let item = world.open(1, Content::Freeze(freeze));
                world.says(2, item, Stance::Yes);
                let mut content = world.change("a", &[aspect], &[]);
                let Content::Change(change) = &mut content else { panic!("a change") };
                change.adoptions[0].from = from;
                let open = Command::Open(Open { content, why: Commitment([0; 32]) });
                let meets = aspect == frozen && from < Effective::From(day(10));
                let refused = world.ask(3, &open, &Evidence::None) == Err(vec![laws::FROZEN]);
                assert_eq!(refused, meets, "{aspect:?} from {from} while {frozen:?} is frozen");
            }
        }
    }
}

#[test]
fn a_period_is_closed_by_others_and_again_only_if_something_came_since() {
    let first = jiff::civil::Date::constant(1970, 1, 1);
    let of = |published| {
        let until = jiff::civil::Date::constant(1970, 2, 1);
        Content::Close(Close {
            period: PeriodId { grain: Grain::Month, first },
            until,
            published,
            late: BTreeMap::new(),
        })
    };
    let open = |published| Command::Open(Open { content: of(published), why: Commitment([0; 32]) });
    let mut world = World::new(Mode::Board);
    assert_eq!(world.refused(1, &open(9)), [laws::NOT_TO_CLOSE], "it is not over");
    world.at = 40 * DAY;
    assert_eq!(world.refused(1, &open(0)), [laws::NOT_TO_CLOSE]);
    let item = world.open(1, of(9));
    let second = world.open(6, of(9));
    world.says(2, item, Stance::Yes);
    world.says(5, item, Stance::Yes);
    assert_eq!(world.outcome(item), Some(Outcome::Done));
    // The same again closes nothing anew, whoever agrees.
    world.says(2, second, Stance::Yes);
    assert_eq!(world.may_not(5, second, Stance::Yes), [laws::NOT_TO_CLOSE]);
    assert_eq!(world.refused(1, &open(9)), [laws::NOT_TO_CLOSE]);
    let item = world.open(1, of(12));
    world.says(2, item, Stance::Yes);
    world.says(5, item, Stance::Yes);
    let period = PeriodId { grain: Grain::Month, first };
    let closes: Vec<u64> = world.organisation.periods.closed[&period].iter().map(|of| of.published).collect();
    assert_eq!(closes, [9, 12]);
}

#[test]
fn every_kind_of_item_walks_to_an_end() {
    let mut names = BTreeSet::new();
    for kind in KINDS {
        assert!(names.insert(kind.name), "{} is there twice", kind.name);
        assert!(kind.about.ends_with('.'));
        let steps: BTreeSet<&str> = kind.steps.iter().map(|step| step.name).collect();
        assert_eq!(steps.len(), kind.steps.len(), "{}", kind.name);
        for (at, step) in kind.steps.iter().enumerate() {
            assert!(step.due > 0 && step.name.parse::<kepi_govern::plain::StepName>().is_ok());
            // Every step has an end, or leads upwards: whoever is to do something is named, what nobody does waits for a day.
            let fits = match step.turn {
                Turn::Write => matches!(step.timeout, Timeout::Lapse | Timeout::Up),
                // What is in force before it is ratified is taken back in silence.
                Turn::Ask if at > 1 => step.timeout == Timeout::Revert,
                Turn::Ask => matches!(step.timeout, Timeout::Lapse | Timeout::GoOn),
                // What is only to be read holds nobody up.
                Turn::Work if kind.outcomes == ["read"] => step.timeout == Timeout::GoOn,
                Turn::Work => step.timeout == Timeout::Up && (kind.may_end || !kind.outcomes.is_empty()),
                Turn::Wait => at > 0 && matches!(step.timeout, Timeout::Back | Timeout::GoOn),
            };
            assert!(fits, "{} {}", kind.name, step.name);
        }
        // What is agreed to takes effect, or somebody works on it then; nobody is asked about work.
        let asked = kind.steps.iter().position(|step| step.turn == Turn::Ask);
        let ratified = kind.steps.iter().any(|step| step.timeout == Timeout::Revert);
        assert!(kind.steps.iter().filter(|step| step.turn == Turn::Ask).count() <= 1 + usize::from(ratified));
        if let Some(asked) = asked {
            assert_eq!(kind.steps[0].turn, Turn::Write);
            let then = kind.steps[asked + 1..].first();
            assert!(then.is_none_or(|step| step.turn == Turn::Work || step.timeout == Timeout::Revert));
        }
        let works = kind.steps.iter().any(|step| step.turn == Turn::Work);
        assert_eq!(works, !kind.outcomes.is_empty(), "{}", kind.name);
        for outcome in kind.outcomes {
            assert!(outcome.parse::<kepi_govern::plain::Name>().is_ok());
        }
    }
}

#[test]
fn the_name_of_a_kpi_that_went_is_given_to_no_other() {
    let mut world = World::new(Mode::Reviewed);
    let with = |world: &mut World, text: bool, meaning: Option<u8>| {
        let mut content = world.change("a", &[Aspect::Definition], &[]);
        if let Content::Change(change) = &mut content {
            let adopted = change.adoptions[0].texts.values_mut().next().unwrap();
            adopted.text = adopted.text.filter(|_| text);
            adopted.meaning = meaning.map(|byte| Hash([byte; 32]));
        }
        content
    };
    let agreed = |world: &mut World, content: Content| {
        let item = world.open(3, content);
        world.says(4, item, Stance::Yes);
        assert_eq!(world.outcome(item), Some(Outcome::Done));
    };
    let content = with(&mut world, true, Some(1));
    agreed(&mut world, content);
    let content = with(&mut world, false, None);
    agreed(&mut world, content);
    assert_eq!(world.organisation.register.gone(&kpi("a")), Some(Hash([1; 32])));
    let other = Command::Open(Open { content: with(&mut world, true, Some(2)), why: Commitment([0; 32]) });
    assert_eq!(world.refused(3, &other), [laws::RESERVED]);
    // What means the same may come back, and may mean something else from then on.
    let content = with(&mut world, true, Some(1));
    agreed(&mut world, content);
    let content = with(&mut world, true, Some(2));
    agreed(&mut world, content);
}

#[test]
fn only_an_author_withdraws_and_nobody_could_decide_is_said_at_once() {
    let mut world = World::new(Mode::Reviewed);
    let content = world.change("a", &[Aspect::Definition], &[]);
    let item = world.open(3, content);
    let withdraw = Command::Withdraw(Withdraw { item });
    assert_eq!(world.refused(4, &withdraw), [laws::NOT_YOURS]);
    world.must(3, &withdraw);
    assert_eq!(world.outcome(item), Some(Outcome::Withdrawn));
    assert_eq!(world.refused(3, &withdraw), [laws::NO_ITEM]);
    for number in 2..=6 {
        let by = person(1);
        world.organisation.apply(Place { seq: 99, at: world.at, by: &by }, &Event::PersonLeft(number));
    }
    let content = world.change("a", &[Aspect::Definition], &[]);
    let open = Command::Open(Open { content, why: Commitment([0; 32]) });
    assert_eq!(world.refused(1, &open), [laws::NOBODY]);
    let mut world = World::new(Mode::Board);
    let content = world.change("a", &[Aspect::Definition], &[2, 4, 5]);
    let open = Command::Open(Open { content, why: Commitment([0; 32]) });
    assert_eq!(world.refused(6, &open), [laws::NOBODY], "one function is left of two");
}

fn nothing_frozen() -> Freeze {
    let (from, until) = (jiff::civil::Date::constant(1970, 1, 7), jiff::civil::Date::constant(1970, 1, 7));
    Freeze { from, until, aspects: BTreeSet::new(), scope: BTreeSet::new(), rule: None }
}

/// A change of `a` that cannot wait.
fn emergency(world: &mut World, aspects: &[Aspect]) -> Content {
    let Content::Change(change) = world.change("a", aspects, &[]) else { unreachable!() };
    let back = change.back(&world.organisation.register).unwrap();
    Content::Emergency(Emergency { change, back, days: 10 })
}

#[test]
fn an_emergency_is_in_force_at_once_and_ratified_or_taken_back() {
    let why = Commitment([0; 32]);
    for (days, ratified) in [(1, true), (11, false)] {
        let mut world = World::new(Mode::Board);
        let before = world.organisation.register.clone();
        let content = emergency(&mut world, &[Aspect::Definition]);
        let digest = content.digest();
        world.must(4, &Command::Open(Open { content, why }));
        let vote = |item, content, stance| Command::Vote(Vote { item, stance, content, why: None });
        // Neither who proposes it nor who is not named lets it be, and one alone does not.
        assert_eq!(world.refused(4, &vote(1, digest, Stance::Yes)), [laws::OWN]);
        assert_eq!(world.refused(3, &vote(1, digest, Stance::Yes)), [laws::NOT_ASKED]);
        world.must(1, &vote(1, digest, Stance::Yes));
        assert_eq!(world.organisation.register, before);
        world.must(5, &vote(1, digest, Stance::Yes));
        assert!(world.organisation.items.get(1).unwrap().is_unratified());
        assert_ne!(world.organisation.register.in_force(&kpi("a"), None), before.in_force(&kpi("a"), None));
        // It is neither written anew nor given up, and nothing else changes what it changed.
        assert_eq!(world.refused(4, &Command::Withdraw(Withdraw { item: 1 })), [laws::NOT_YOURS]);
        let other = world.change("a", &[Aspect::Definition], &[]);
        let others = other.digest();
        world.must(6, &Command::Open(Open { content: other, why }));
        world.must(1, &vote(2, others, Stance::Yes));
        assert_eq!(world.refused(2, &vote(2, others, Stance::Yes)), [laws::UNRATIFIED]);
        // The board says so by its quorum, in time.
        world.must(1, &vote(1, digest, Stance::Yes));
        world.at += days * DAY;
        if ratified {
            world.must(2, &vote(1, digest, Stance::Yes));
        } else {
            assert_eq!(world.refused(2, &vote(1, digest, Stance::Yes)), [laws::LAPSED]);
            world.must(1, &Command::Tick);
        }
        let item = world.organisation.items.get(1).unwrap();
        let outcome = if ratified { Outcome::Done } else { Outcome::Lapsed };
        assert_eq!(item.ended.unwrap().0, outcome);
        let same = world.organisation.register.in_force(&kpi("a"), None) == before.in_force(&kpi("a"), None);
        assert_eq!(same, !ratified);
    }
}

#[test]
fn an_emergency_passes_a_freeze_and_changes_neither_who_decides_nor_what_is_there() {
    let why = Commitment([0; 32]);
    let mut world = World::new(Mode::Board);
    let freeze = Freeze {
        from: jiff::civil::Date::constant(1970, 1, 1),
        until: jiff::civil::Date::constant(1970, 2, 1),
        aspects: BTreeSet::from([Aspect::Definition]),
        ..nothing_frozen()
    };
    let frozen = Event::PeriodFrozen(kepi_govern::event::PeriodFrozen { item: 9, freeze });
    let by = person(1);
    world.organisation.apply(Place { seq: 90, at: DAY, by: &by }, &frozen);
    let plain = world.change("a", &[Aspect::Definition], &[]);
    assert_eq!(world.refused(4, &Command::Open(Open { content: plain, why })), [laws::FROZEN]);
    let content = emergency(&mut world, &[Aspect::Definition]);
    let Content::Emergency(of) = content.clone() else { unreachable!() };
    world.must(4, &Command::Open(Open { content, why }));
    let mut lie = |change: &dyn Fn(&mut Emergency)| {
        let mut of = of.clone();
        change(&mut of);
        world.refused(4, &Command::Open(Open { content: Content::Emergency(of), why }))
    };
    assert_eq!(lie(&|of| of.days = 90), [laws::NO_EMERGENCY]);
    assert_eq!(lie(&|of| of.back.clear()), [laws::NO_EMERGENCY]);
    assert_eq!(
        lie(&|of| of.change.aspects = BTreeSet::from([Aspect::Governance, Aspect::Definition])),
        [laws::NO_EMERGENCY]
    );
    let new = world.change("new", &[Aspect::Definition], &[]);
    let Content::Change(new) = new else { unreachable!() };
    assert_eq!(new.back(&world.organisation.register), None, "what is new cannot be taken back");
}
