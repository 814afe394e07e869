//! What is acted on: who has it, by which way, and that it is always a living person's turn or a bounded wait.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_govern::{
    Act, Command, Content, Deed, Directory, Event, Evidence, Facts, Observe, Open, Organisation, Place,
    Principal, Situation, Stance,
    correcting::Correcting,
    decide,
    directory::{self, Attests, Duty, Line, Standing},
    erasing::{Erase, MOST, Reached},
    event::Sealed,
    items::{
        Action, ActionPlan, Alert, Attestation, Beside, By, Came, Case, ChangeNotice, Commentary, Decision,
        Effect, Expected, Follows, Handover, Item, Method, Missed, Named, Notice, OnAgenda, Outcome,
        PainPoint, Permission, Play, PlayStep, PostMortem, Rung, Seen, Turn, attestation, midnight,
        times::Times,
    },
    judging::{Judging, Verdict},
    laws,
    periods::{Close, PeriodId},
    plain::Number,
    principal::JobName,
    silences::Silence,
};
use kepi_model::{
    acting::{Severity, Signal},
    business_hours::{BusinessHours, Opened, Opening},
    calendar::Grain,
    governance::Mode,
    id::{EntityId, Hash, KpiId, SourceId, UnitId},
    project::WhenLate,
};
use kepi_proof::{Commitment, Digest, Salt};

use crate::deciding::{DAY, World, person};

pub const WHY: Commitment = Commitment([7; 32]);
const HOUR: i64 = DAY / 24;

pub fn at(text: &str) -> i64 {
    text.parse::<jiff::Zoned>().unwrap().timestamp().as_microsecond()
}

/// Monday to Friday from nine to five in Berlin; 1 May 2026 is a holiday.
pub fn office() -> BusinessHours {
    let day = |weekday| if weekday < 5 { vec![Opening { from: 540, until: 1020 }] } else { vec![] };
    let holiday = kepi_model::calendar::ordinal_of_day(Date::constant(2026, 5, 1));
    Opened {
        zone: "Europe/Berlin".to_owned(),
        week: std::array::from_fn(day),
        days: [(holiday, vec![])].into(),
    }
    .into()
}

/// 1 is at the top, 2 below; 3 answers for customers, below 2; 4 for the product, below 2, on the dotted line of 3; 5 manages emea and
/// has the seat of 3 there, reports to 3 and, dotted, to 4; 6 is a substitute of 5.
pub fn directory(register: u64) -> Directory {
    let of = |superior: Option<u64>, dotted: Option<u64>, substitute: Option<u64>| Standing {
        superior,
        dotted,
        substitute,
        away: Vec::new(),
    };
    let people = [
        (1, of(None, None, None)),
        (2, of(Some(1), None, None)),
        (3, of(Some(2), Some(4), None)),
        (4, of(Some(2), None, None)),
        (5, of(Some(3), Some(4), Some(6))),
        (6, of(Some(3), None, None)),
    ];
    let unit = |parent: Option<&str>, manager, seats: &[(u64, u64)]| directory::Place {
        parent: parent.map(|of| of.parse().unwrap()),
        manager,
        seats: seats.iter().copied().collect(),
        hours: None,
    };
    Directory {
        register,
        people: people.into(),
        units: BTreeMap::from([
            ("company".parse().unwrap(), unit(None, Some(2), &[])),
            ("emea".parse().unwrap(), unit(Some("company"), Some(5), &[(3, 5)])),
            ("berlin".parse().unwrap(), unit(Some("emea"), None, &[])),
            ("apac".parse().unwrap(), unit(Some("company"), None, &[])),
        ]),
        accountable: BTreeMap::from([("renewals".parse().unwrap(), 3)]),
        ending: BTreeMap::new(),
        attests: BTreeMap::new(),
        last_resort: vec![1],
        hours: office(),
        roles: BTreeSet::new(),
        unaccepted: BTreeSet::new(),
    }
}

pub fn month(number: i8) -> PeriodId {
    PeriodId { grain: Grain::Month, first: Date::constant(2026, number, 1) }
}

pub fn alert(unit: Option<&str>, period: PeriodId) -> Alert {
    Alert {
        rule: "attention".parse().unwrap(),
        kpi: "renewals".parse().unwrap(),
        unit: unit.map(|of| of.parse().unwrap()),
        period,
        sign: Signal::Red,
        severity: Severity::Normal,
        clear: 2,
        run: 1,
        ladder: Vec::new(),
    }
}

/// A customer of a unit who is followed up within eight business hours, and has a week to say otherwise.
fn case(unit: Option<&str>, row: u64) -> Case {
    let name = |of: &str| of.parse().unwrap();
    Case {
        rule: name("detractors"),
        kpi: "renewals".parse().unwrap(),
        unit: unit.map(|of| of.parse().unwrap()),
        of: "survey_response".parse().unwrap(),
        row: kepi_proof::Digest::of(&row.to_be_bytes()),
        key: WHY,
        since: 0,
        permission: Permission::Given,
        hours: 8,
        confirm: 7,
        causes: vec![name("price"), name("waiting")],
        ladder: Vec::new(),
    }
}

pub fn plan(alert: Option<u64>, owner: u64) -> ActionPlan {
    let action = |day| Action { what: WHY, owner, by: Date::constant(2026, 5, day) };
    ActionPlan {
        alert,
        kpi: "renewals".parse().unwrap(),
        unit: Some("emea".parse().unwrap()),
        cause: WHY,
        method: Method::FiveWhys,
        evidence: WHY,
        actions: vec![action(11), action(20), action(29)],
        expected: Expected {
            change: "3".parse().unwrap(),
            from: month(4),
            to: month(9),
            until: Date::constant(2026, 10, 1),
        },
    }
}

pub struct Acting {
    pub world: World,
    pub directory: Directory,
    /// In which way the laws are lied to; none: what they are told is so.
    lie: Option<Lie>,
    /// What is not as it should be, the first first.
    found: Option<String>,
}

/// What the laws may be told that is not so.
#[derive(Debug, Clone, Copy)]
enum Lie {
    /// That everybody who has left is there.
    Returned,
    /// That whoever asks is above everybody.
    Above,
    /// That nobody is above anybody but who is at the top, which is somebody else.
    OtherTop,
    /// That it is later than it is.
    Later,
}

const LIES: [Lie; 4] = [Lie::Returned, Lie::Above, Lie::OtherTop, Lie::Later];

impl Acting {
    pub fn new(mode: Mode) -> Self {
        let mut world = World::new(mode);
        world.at = at("2026-04-30T15:00[Europe/Berlin]");
        let directory = directory(world.organisation.register.position());
        Self { world, directory, lie: None, found: None }
    }

    pub fn ask(&mut self, by: Principal, command: &Command) -> Result<Vec<Event>, Vec<&'static str>> {
        let (told, at) = self.told(&by);
        let evidence = Evidence::Answerable(Box::new(told));
        let facts = Facts { at, by: &by, evidence: &evidence };
        let decided = decide(Situation { organisation: &self.world.organisation }, command, facts);
        let events = decided.map_err(|violations| violations.iter().map(|v| v.code).collect::<Vec<_>>())?;
        if let (None, Err(why)) = (&self.found, self.is_as_it_should_be(&by, command, &events)) {
            assert!(self.lie.is_some(), "{why}: {command:?}");
            self.found = Some(why);
        }
        for event in &events {
            self.world.seq += 1;
            let place = Place { seq: self.world.seq, at: self.world.at, by: &by };
            self.world.organisation.apply(place, event);
        }
        Ok(events)
    }

    /// What the laws are told: who answers for what, and when it is.
    fn told(&self, by: &Principal) -> (Directory, i64) {
        let (mut told, at) = (self.directory.clone(), self.world.at);
        match (self.lie, by) {
            (Some(Lie::Returned), _) => {
                for (person, standing) in directory(told.register).people {
                    told.people.entry(person).or_insert(standing);
                }
            }
            (Some(Lie::Above), Principal::Person(by)) => {
                for (person, standing) in &mut told.people {
                    standing.superior = (person != by).then_some(*by);
                }
            }
            (Some(Lie::OtherTop), _) => {
                told.people.values_mut().for_each(|standing| standing.superior = None);
                told.last_resort = vec![6, 1];
            }
            (Some(Lie::Later), _) => return (told, at + 40 * DAY),
            _ => {}
        }
        (told, at)
    }

    /// Whether events are as the guide says, asked of what is so, without the laws.
    fn is_as_it_should_be(&self, by: &Principal, command: &Command, events: &[Event]) -> Result<(), String> {
        let (at, so) = (self.world.at, &self.directory);
        let is_above =
            |who: u64, of: u64| so.superiors(of).contains(&who) || so.last_resort.first() == Some(&who);
        let owner = |item: u64| self.world.organisation.items.get(item)?.owner();
        for event in events {
            let way = match event {
                Event::ItemAssigned(e) => &e.way,
                Event::ItemEscalated(e) => &e.way,
                _ => continue,
            };
            let to = way.last().map_or(0, |stop| stop.person);
            if !so.people.contains_key(&to) {
                return Err("with somebody who is not there".to_owned());
            }
            if let (Event::ItemEscalated(e), Some(owner)) = (event, event.item().and_then(owner)) {
                let ladder = self.world.organisation.items.get(e.item).map(|of| of.content.ladder().to_vec());
                let rung = ladder.and_then(|ladder| ladder.get(usize::from(owner.rung)).copied());
                let lasts =
                    rung.is_some_and(|rung| rung.lasts.is_some()) && matches!(command, Command::Observe(_));
                if lasts || rung.is_some_and(|rung| rung.to.is_some()) {
                    continue;
                }
                if owner.due > at {
                    return Err(format!("item {} went up before its time", e.item));
                }
                if so.people.contains_key(&owner.person) && !is_above(to, owner.person) {
                    return Err(format!("item {} went up to somebody who is not above", e.item));
                }
            }
        }
        if let (Command::Act(act), Principal::Person(by)) = (command, by) {
            // What a customer says is heard by whom the case was with.
            let had = self.world.organisation.items.get(act.item).and_then(|item| item.work.owner.as_ref());
            let heard = matches!(act.deed, Deed::Answer { .. });
            let Some(owner) = owner(act.item).or(had.filter(|_| heard)) else {
                return Err("nobody has it".to_owned());
            };
            if let Some(Content::Case(of)) =
                self.world.organisation.items.get(act.item).map(|item| &item.content)
            {
                if matches!(act.deed, Deed::Contact { .. }) && of.permission == Permission::Withheld {
                    return Err("contacted without permission".to_owned());
                }
                if matches!(&act.deed, Deed::Finish { cause, .. } if cause.as_ref().is_none_or(|of_| !of.causes.contains(of_)))
                {
                    return Err("closed without a root cause".to_owned());
                }
            }
            let own = matches!(act.deed, Deed::Acknowledge | Deed::Refuse { .. } | Deed::Snooze { .. });
            if *by != owner.person && (own || !is_above(*by, owner.person)) {
                return Err("done by somebody whose it is not".to_owned());
            }
            if let Deed::Snooze { until, .. } = act.deed
                && (until <= at || until > owner.due)
            {
                return Err("seen again too late".to_owned());
            }
        }
        Ok(())
    }

    pub fn job(&mut self, command: &Command) -> Result<Vec<Event>, Vec<&'static str>> {
        self.ask(Principal::Job(JobName::new("alerts").unwrap()), command)
    }

    pub fn raise(&mut self, alert: Alert) -> Result<u64, Vec<&'static str>> {
        let number = self.world.organisation.items.next();
        self.job(&Command::Open(Open { content: Content::Alert(alert), why: WHY })).map(|_| number)
    }

    pub fn act(&mut self, by: u64, item: u64, deed: Deed) -> Result<Vec<Event>, Vec<&'static str>> {
        self.ask(person(by), &Command::Act(Act { item, deed }))
    }

    pub fn finish(&mut self, by: u64, item: u64, outcome: &str) -> Result<Vec<Event>, Vec<&'static str>> {
        self.act(
            by,
            item,
            Deed::Finish { outcome: outcome.parse().unwrap(), cause: None, step: None, why: None },
        )
    }

    pub fn item(&self, number: u64) -> &Item {
        self.world.organisation.items.get(number).unwrap()
    }

    pub fn owner(&self, number: u64) -> u64 {
        self.item(number).owner().unwrap().person
    }

    pub fn lines(&self, number: u64) -> Vec<(u64, Line)> {
        self.item(number).owner().unwrap().way.iter().map(|stop| (stop.person, stop.by)).collect()
    }

    pub fn step(&self, number: u64) -> &'static str {
        self.item(number).step().map_or("ended", |step| step.name)
    }

    pub fn open_plan(&mut self, by: u64, plan: ActionPlan) -> Result<u64, Vec<&'static str>> {
        let number = self.world.organisation.items.next();
        let open = Open { content: Content::ActionPlan(plan), why: WHY };
        self.ask(person(by), &Command::Open(open)).map(|_| number)
    }

    pub fn approve(&mut self, by: u64, item: u64) -> Result<Vec<Event>, Vec<&'static str>> {
        let vote = self.world.vote(item, Stance::Yes);
        self.ask(person(by), &vote)
    }
}

#[test]
fn a_case_is_closed_with_a_cause_and_over_when_the_customer_says_so() {
    let mut acting = Acting::new(Mode::Reviewed);
    let open = |acting: &mut Acting, case: Case| {
        let number = acting.world.organisation.items.next();
        acting.job(&Command::Open(Open { content: Content::Case(case), why: WHY })).map(|_| number)
    };
    let contact = |reached| Deed::Contact { by: By::Phone, reached, note: Some(WHY) };
    let close = |outcome: &str, cause: Option<&str>| Deed::Finish {
        outcome: outcome.parse().unwrap(),
        cause: cause.map(|of| of.parse().unwrap()),
        step: None,
        why: Some(WHY),
    };
    let says = |settled| Deed::Answer { settled, note: None };
    let item = open(&mut acting, case(Some("emea"), 1)).unwrap();
    // Thursday 15:00 in Berlin, eight business hours, 1 May is a holiday.
    let due = at("2026-05-04T15:00[Europe/Berlin]");
    assert_eq!((acting.lines(item), acting.item(item).due()), (vec![(5, Line::Seat)], Some(due)));
    // The same row opens no second one, of whatever unit by now; that of another rule does.
    assert_eq!(open(&mut acting, case(Some("apac"), 1)).unwrap_err(), [laws::ALREADY_OPEN]);
    let other = Case { rule: "silent".parse().unwrap(), ..case(None, 1) };
    open(&mut acting, other).unwrap();
    // Nobody opens one by hand, and only whom it is with acts.
    let by_hand = Command::Open(Open { content: Content::Case(case(None, 2)), why: WHY });
    assert_eq!(acting.ask(person(1), &by_hand).unwrap_err(), [laws::BY_ITSELF]);
    assert_eq!(acting.act(4, item, contact(true)).unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.act(5, item, contact(false)).unwrap();
    assert_eq!(acting.act(5, item, says(true)).unwrap_err(), [laws::NOT_REACHED]);
    for (cause, outcome, code) in [
        (None, "solved", laws::INCOMPLETE),
        (Some("weather"), "solved", laws::INCOMPLETE),
        (Some("price"), "done", laws::NO_SUCH_OUTCOME),
    ] {
        assert_eq!(acting.act(5, item, close(outcome, cause)).unwrap_err(), [code]);
    }
    acting.act(5, item, contact(true)).unwrap();
    acting.act(5, item, close("solved", Some("waiting"))).unwrap();
    assert_eq!(acting.step(item), "confirming");
    assert_eq!(acting.item(item).due(), Some(acting.world.at + 7 * DAY));
    // It is not settled for her: whose it is by now has it again, with a new clock, and nothing is said of it yet.
    assert_eq!(acting.act(4, item, says(false)).unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.act(5, item, says(false)).unwrap();
    let work = &acting.item(item).work;
    assert_eq!((acting.step(item), acting.owner(item)), ("solving", 5));
    assert_eq!((work.cause.as_ref(), work.finished.as_ref(), work.contacts.len()), (None, None, 2));
    acting.act(5, item, close("explained", Some("price"))).unwrap();
    // Her superior may hear her as well; then it is over.
    acting.act(3, item, says(true)).unwrap();
    let of = acting.item(item);
    assert_eq!(of.ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    assert_eq!(of.work.cause.as_ref().map(|of| of.as_str()), Some("price"));
    assert_eq!(of.work.answers.iter().map(|of| of.settled).collect::<Vec<_>>(), [false, true]);
    // Silence is consent: after so many days it is over.
    let silent = open(&mut acting, case(None, 3)).unwrap();
    acting.act(3, silent, contact(true)).unwrap();
    acting.act(3, silent, close("solved", Some("price"))).unwrap();
    acting.world.at += 7 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!(acting.item(silent).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    assert_eq!(
        open(&mut acting, case(None, 3)).unwrap_err(),
        [laws::ALREADY_OPEN],
        "not even once it is over"
    );
    // Who may not be contacted is not, and nobody waits for her.
    let withheld = Case { permission: Permission::Withheld, ..case(None, 4) };
    let withheld = open(&mut acting, withheld).unwrap();
    assert_eq!(acting.act(3, withheld, contact(true)).unwrap_err(), [laws::NOT_PERMITTED]);
    acting.act(3, withheld, close("not_wanted", Some("price"))).unwrap();
    assert_eq!(acting.step(withheld), "ended");
    // What nobody does goes up.
    let late = open(&mut acting, case(Some("emea"), 5)).unwrap();
    acting.world.at += 4 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!((acting.owner(late), acting.item(late).owner().unwrap().rung), (3, 1));
    // No root cause is named of anything else.
    let alert = acting.raise(alert(None, month(4))).unwrap();
    assert_eq!(acting.act(3, alert, close("fixed", Some("price"))).unwrap_err(), [laws::INCOMPLETE]);
}

#[test]
fn nobody_is_asked_about_what_is_silent_until_it_ends() {
    let mut acting = Acting::new(Mode::Reviewed);
    let now = acting.world.at;
    let of = |kpi: Option<&str>, unit: Option<&str>, until| Silence {
        rule: kpi.is_none().then(|| "attention".parse().unwrap()),
        kpi: kpi.map(|of| of.parse().unwrap()),
        unit: unit.map(|of| of.parse().unwrap()),
        until,
        why: WHY,
    };
    let keep =
        |acting: &mut Acting, by: Principal, of: Silence| acting.ask(by, &Command::Silence(of)).map(|_| ());
    for until in [now, now + 93 * DAY] {
        assert_eq!(
            keep(&mut acting, person(4), of(Some("renewals"), None, until)),
            Err(vec![laws::SILENT_TOO_LONG])
        );
    }
    let everything = Silence { rule: None, ..of(None, None, now + DAY) };
    assert_eq!(keep(&mut acting, person(4), everything), Err(vec![laws::INCOMPLETE]));
    assert_eq!(keep(&mut acting, person(9), of(None, None, now + DAY)), Err(vec![laws::NOT_THERE]));
    let job = Principal::Job(JobName::new("alerts").unwrap());
    assert_eq!(keep(&mut acting, job, of(None, None, now + DAY)), Err(vec![laws::NOT_SILENT]));
    // Of one unit, for a day: the others are asked, and so is that one from then on.
    keep(&mut acting, person(4), of(Some("renewals"), Some("emea"), now + DAY)).unwrap();
    let again = keep(&mut acting, person(2), of(Some("renewals"), Some("emea"), now + DAY));
    assert_eq!(again, Err(vec![laws::NOTHING_NEW]));
    assert_eq!(acting.raise(alert(Some("emea"), month(4))).unwrap_err(), [laws::SILENCED]);
    acting.raise(alert(Some("apac"), month(4))).unwrap();
    acting.world.at = now + DAY;
    acting.raise(alert(Some("emea"), month(4))).unwrap();
    // Of an alert: whatever it would ask about, until somebody ends it.
    keep(&mut acting, person(4), of(None, None, now + 9 * DAY)).unwrap();
    assert_eq!(acting.raise(alert(None, month(4))).unwrap_err(), [laws::SILENCED]);
    let other = Alert { rule: "urgent".parse().unwrap(), ..alert(None, month(4)) };
    acting.raise(other).unwrap();
    assert_eq!(acting.ask(person(4), &Command::EndSilence(1)).unwrap_err(), [laws::NOT_SILENT], "it is over");
    // Not anybody: who keeps it, or whoever answers for what it is about, which is looked up for her.
    acting.world.organisation.governance.board.clear();
    acting.world.organisation.governance.owners = [1].into();
    assert_eq!(acting.ask(person(5), &Command::EndSilence(2)).unwrap_err(), [laws::NOT_YOUR_TURN]);
    let register = acting.world.organisation.register.position();
    let end = |acting: &Acting, people: &[u64]| {
        let people = Some(people.iter().copied().collect());
        let evidence = Evidence::Answering { register, people };
        let facts = Facts { at: acting.world.at, by: &person(5), evidence: &evidence };
        decide(Situation { organisation: &acting.world.organisation }, &Command::EndSilence(2), facts).is_ok()
    };
    assert!(end(&acting, &[3, 5]) && !end(&acting, &[3]));
    acting.ask(person(4), &Command::EndSilence(2)).unwrap();
    acting.raise(alert(None, month(4))).unwrap();
}

#[test]
fn what_is_said_last_of_a_row_holds_and_only_people_say_it() {
    let mut acting = Acting::new(Mode::Reviewed);
    let row = |text: &str| Digest::of(text.as_bytes());
    let of = |rows: &[&str], verdict| {
        let rows = rows.iter().map(|text| row(text)).collect();
        Command::Judge(Judging { of: "survey_response".parse().unwrap(), rows, verdict, why: WHY })
    };
    let answers: EntityId = "survey_response".parse().unwrap();
    let orders: EntityId = "order".parse().unwrap();
    acting.ask(person(4), &of(&["a", "b"], Verdict::Confirm)).unwrap();
    acting.ask(person(5), &of(&["b"], Verdict::Dismiss)).unwrap();
    let judged = &acting.world.organisation.judged;
    assert_eq!(judged.of(&answers, row("a")), Some(Verdict::Confirm));
    assert_eq!(judged.of(&answers, row("b")), Some(Verdict::Dismiss));
    assert_eq!((judged.of(&answers, row("c")), judged.of(&orders, row("a"))), (None, None));
    assert!(judged.position(&answers) > 0 && judged.position(&orders) == 0);
    let job = Principal::Job(JobName::new("alerts").unwrap());
    for (by, rows, law) in [
        (job, vec!["a"], laws::NOT_JUDGED),
        (person(9), vec!["a"], laws::NOT_THERE),
        (person(4), vec![], laws::NOT_JUDGED),
    ] {
        assert_eq!(acting.ask(by, &of(&rows, Verdict::Dismiss)).unwrap_err(), [law]);
    }
}

/// Erasing accounts by what stands for their keys, and what was reached.
pub fn erasing(keys: &[u8], with: &[&EntityId]) -> (Command, Evidence) {
    let account: EntityId = "account".parse().unwrap();
    let reached = Reached {
        rows: [(account.clone(), 2)].into(),
        emptied: BTreeMap::new(),
        rejected: 0,
        raw: 0,
        texts: 0,
        figures: 0,
    };
    let files = Sealed { rows: 0, root: Digest([9; 32]) };
    let erase = Erase {
        of: account,
        keys: keys.iter().map(|n| Digest([*n; 32])).collect(),
        with: with.iter().map(|of| (*of).clone()).collect(),
        why: WHY,
    };
    let evidence = Evidence::Erased { reached, snapshot: 1, files, loads: Vec::new(), stand: WHY };
    (Command::Erase(erase), evidence)
}

#[test]
fn a_person_erases_keys_that_are_named_and_they_stay_erased() {
    let mut acting = Acting::new(Mode::Reviewed);
    let (account, ticket): (EntityId, EntityId) = ("account".parse().unwrap(), "ticket".parse().unwrap());
    let key = |n: u8| Digest([n; 32]);
    let of = |keys: &[u8], with: &[&EntityId]| erasing(keys, with).0;
    let evidence = erasing(&[], &[]).1;
    let many: BTreeSet<_> =
        (0..=u32::try_from(MOST).unwrap()).map(|n| Digest::of(&n.to_le_bytes())).collect();
    let many = Command::Erase(Erase { of: account.clone(), keys: many, with: BTreeSet::new(), why: WHY });
    for (by, command, law) in [
        (person(4), of(&[1], &[]), laws::NOT_ERASED),
        (person(1), of(&[], &[]), laws::NOT_ERASED),
        (person(1), of(&[1], &[&account]), laws::NOT_ERASED),
        (person(1), many, laws::NOT_ERASED),
    ] {
        assert!(acting.world.ask_by(&by, &command, &evidence).unwrap_err().contains(&law), "{law}");
    }
    let job = Principal::Job(JobName::new("run").unwrap());
    for (by, law) in [(job, laws::NOT_ERASED), (person(9), laws::NOT_THERE)] {
        assert!(acting.world.ask_by(&by, &of(&[1], &[]), &evidence).unwrap_err().contains(&law));
    }
    let by = person(1);
    assert_eq!(
        acting.world.ask_by(&by, &of(&[1], &[]), &Evidence::None).unwrap_err(),
        [laws::EVIDENCE],
        "what was reached is said, or nothing is erased"
    );
    // Nobody erases alone: another owner has asked for the very same, and not too long ago.
    let ask = |keys: &[u8], with: &[&EntityId]| {
        let Command::Erase(of) = of(keys, with) else { panic!("erasing") };
        Command::AskErase(of)
    };
    let alone = |acting: &mut Acting, by: u64, keys: &[u8], with: &[&EntityId]| {
        acting.world.ask_by(&person(by), &of(keys, with), &evidence).unwrap_err()
    };
    assert_eq!(alone(&mut acting, 1, &[1], &[&ticket]), [laws::NOT_AGREED]);
    acting.world.ask_by(&person(1), &ask(&[1], &[&ticket]), &Evidence::None).unwrap();
    assert_eq!(
        acting.world.ask_by(&person(4), &ask(&[1], &[]), &Evidence::None).unwrap_err(),
        [laws::NOT_ERASED]
    );
    assert_eq!(alone(&mut acting, 1, &[1], &[&ticket]), [laws::NOT_AGREED], "one's own asking is none");
    assert_eq!(alone(&mut acting, 2, &[1], &[]), [laws::NOT_AGREED], "for other rows");
    assert_eq!(alone(&mut acting, 2, &[1, 2], &[&ticket]), [laws::NOT_AGREED], "for more keys");
    acting.world.at += 30 * DAY;
    assert_eq!(alone(&mut acting, 2, &[1], &[&ticket]), [laws::NOT_AGREED], "too long ago");
    acting.world.ask_by(&person(1), &ask(&[1], &[&ticket]), &Evidence::None).unwrap();
    acting.world.ask_by(&person(2), &of(&[1], &[&ticket]), &evidence).unwrap();
    assert_eq!(alone(&mut acting, 2, &[1], &[&ticket]), [laws::NOT_AGREED], "it was done");
    acting.world.ask_by(&person(2), &ask(&[1, 2], &[]), &Evidence::None).unwrap();
    acting.world.ask_by(&by, &of(&[1, 2], &[]), &evidence).unwrap();
    let erased = &acting.world.organisation.erased;
    let known = erased.of(&account).unwrap();
    assert_eq!((erased.times(), known.len(), erased.of(&ticket)), (2, 2, None));
    assert!(known[&key(1)].contains(&ticket) && known[&key(2)].is_empty(), "what goes with a key stays gone");
}

#[test]
fn what_is_said_last_of_a_row_by_hand_holds_until_it_is_taken_back() {
    let mut acting = Acting::new(Mode::Reviewed);
    let source: SourceId = "invoices".parse().unwrap();
    let content = Hash([7; 32]);
    let cells = |n: u8| Commitment::to(&Salt([n; 32]), "{}");
    let of =
        |row, cells| Command::Correct(vec![Correcting { of: source.clone(), content, row, cells, why: WHY }]);
    acting.ask(person(4), &of(3, Some(cells(1)))).unwrap();
    acting.ask(person(5), &of(3, Some(cells(2)))).unwrap();
    acting.ask(person(4), &of(9, Some(cells(3)))).unwrap();
    let said = |acting: &Acting| -> Vec<(u64, Principal, Commitment)> {
        let rows = acting.world.organisation.corrected.of(&source, content).cloned().unwrap_or_default();
        rows.into_iter().map(|(row, of)| (row, of.by, of.cells)).collect()
    };
    assert_eq!(said(&acting), [(3, person(5), cells(2)), (9, person(4), cells(3))]);
    assert_eq!(
        acting.world.organisation.corrected.of(&source, Hash([8; 32])),
        None,
        "of a content, not of a name"
    );
    let job = Principal::Job(JobName::new("run").unwrap());
    for (by, row, cells, law) in [
        (job, 3, Some(cells(4)), laws::NOT_CORRECTED),
        (person(9), 3, Some(cells(4)), laws::NOT_THERE),
        (person(4), 0, Some(cells(4)), laws::NOT_CORRECTED),
        (person(4), 4, None, laws::NOT_CORRECTED),
    ] {
        assert_eq!(acting.ask(by, &of(row, cells)).unwrap_err(), [law]);
    }
    // Of many rows at once: all of them, or none.
    let many = |rows: &[(u64, Option<Commitment>)]| {
        let of = |(row, cells): &(u64, Option<Commitment>)| Correcting {
            of: source.clone(),
            content,
            row: *row,
            cells: *cells,
            why: WHY,
        };
        Command::Correct(rows.iter().map(of).collect())
    };
    for rows in [&[][..], &[(5, Some(cells(5))), (5, None)], &[(5, Some(cells(5))), (6, None)]] {
        assert!(acting.ask(person(4), &many(rows)).unwrap_err().contains(&laws::NOT_CORRECTED));
    }
    assert_eq!(said(&acting).len(), 2);
    acting.ask(person(4), &many(&[(5, Some(cells(5))), (9, None)])).unwrap();
    assert_eq!(said(&acting), [(3, person(5), cells(2)), (5, person(4), cells(5))]);
    acting.ask(person(4), &many(&[(3, None), (5, None)])).unwrap();
    assert!(said(&acting).is_empty() && acting.world.organisation.corrected.all().next().is_none());
}

#[test]
fn times_are_those_of_the_script() {
    let mut acting = Acting::new(Mode::Reviewed);
    let begin = acting.world.at;
    let mut log: Vec<(i64, Principal, Event)> = Vec::new();
    let mut note = |acting: &Acting, by: Principal, events: Vec<Event>| {
        log.extend(events.into_iter().map(|event| (acting.world.at, by.clone(), event)));
    };
    let job = || Principal::Job(JobName::new("alerts").unwrap());
    let open = Command::Open(Open { content: Content::Alert(alert(Some("emea"), month(4))), why: WHY });
    let raised = acting.job(&open).unwrap();
    let item = raised[0].item().unwrap();
    note(&acting, job(), raised);
    let hours = |of: i64| of * HOUR;
    // Seen after two hours, answered by a plan after four, which another agrees to after five.
    acting.world.at = begin + hours(2);
    let seen = acting.act(5, item, Deed::Acknowledge).unwrap();
    note(&acting, person(5), seen);
    acting.world.at = begin + hours(4);
    let number = acting.world.organisation.items.next();
    let filed = plan(Some(item), 5);
    let filed = Command::Open(Open { content: Content::ActionPlan(filed), why: WHY });
    let filed = acting.ask(person(5), &filed).unwrap();
    note(&acting, person(5), filed);
    acting.world.at = begin + hours(5);
    let agreed = acting.approve(3, number).unwrap();
    note(&acting, person(3), agreed);
    // Its tasks, then the plan, then the effect after months; the alert is over after two clear periods.
    acting.world.at = begin + 9 * DAY;
    let tasks: Vec<u64> = acting.world.organisation.items.children(number).map(|task| task.number).collect();
    for task in tasks {
        let done = acting.finish(5, task, "done").unwrap();
        note(&acting, person(5), done);
    }
    acting.world.at = begin + 10 * DAY;
    let done = acting.finish(5, number, "done").unwrap();
    note(&acting, person(5), done);
    acting.world.at = begin + 60 * DAY;
    for clear in [5, 6] {
        let seen = Seen::Clear { period: month(clear), run: 2 };
        let seen = acting.job(&Command::Observe(Observe { item, seen })).unwrap();
        note(&acting, job(), seen);
    }
    let effect =
        Effect { came: Came::Shown, change: None, enough: true, run: Some(2), beside: None, untold: None };
    let measured =
        acting.job(&Command::Observe(Observe { item: number, seen: Seen::Effect(effect) })).unwrap();
    note(&acting, job(), measured);
    let times = |item: u64| {
        let own = log.iter().filter(|(_, _, event)| event.item() == Some(item));
        Times::of(own.map(|(at, by, event)| (*at, by, event))).unwrap()
    };
    let of = times(item);
    let after = |at: Option<i64>| at.map(|at| (at - begin) / HOUR);
    assert_eq!(
        [after(of.seen), after(of.decided), after(of.done), after(of.effect), after(of.ended)],
        [Some(2), Some(5), None, Some(60 * 24), Some(60 * 24)],
        "what is answered by a plan is done when the plan is"
    );
    let of = times(number);
    assert_eq!(
        [after(Some(of.opened)), after(of.seen), after(of.decided), after(of.done), after(of.effect)],
        [Some(4), Some(5), Some(5), Some(10 * 24), Some(60 * 24)]
    );
    // What comes back is not decided any more; what went up is counted.
    let mut acting = Acting::new(Mode::Reviewed);
    let mut log: Vec<(i64, Principal, Event)> = Vec::new();
    let item = 1;
    let raised = acting.job(&open).unwrap();
    log.extend(raised.into_iter().map(|event| (acting.world.at, job(), event)));
    acting.world.at += 5 * DAY;
    let went_up = acting.job(&Command::Tick).unwrap();
    log.extend(went_up.into_iter().map(|event| (acting.world.at, job(), event)));
    let fixed = acting.finish(3, item, "fixed").unwrap();
    log.extend(fixed.into_iter().map(|event| (acting.world.at, person(3), event)));
    let times = |log: &[(i64, Principal, Event)]| {
        Times::of(log.iter().map(|(at, by, event)| (*at, by, event))).unwrap()
    };
    let of = times(&log);
    assert!(of.raised == 1 && of.decided == of.done && of.done == Some(acting.world.at), "{of:?}");
    acting.world.at += 60 * DAY;
    let again = Seen::Signal { period: month(6), run: 3 };
    let again = acting.job(&Command::Observe(Observe { item, seen: again })).unwrap();
    log.extend(again.into_iter().map(|event| (acting.world.at, job(), event)));
    let of = times(&log);
    assert_eq!((of.decided, of.done, of.ended), (None, None, None));
    // What is dismissed was decided, and nothing was done.
    let dismissed = acting.act(3, item, Deed::Dismiss { why: WHY }).unwrap();
    log.extend(dismissed.into_iter().map(|event| (acting.world.at, person(3), event)));
    let of = times(&log);
    let now = Some(acting.world.at);
    assert_eq!((of.decided, of.done, of.ended), (now, None, now));
}

#[test]
fn a_role_is_whoever_holds_its_seat_and_a_vacant_one_is_passed_over_aloud() {
    // 7 is a role: in EMEA 5 has it, for the whole nobody.
    let mut directory = directory(1);
    directory.roles = BTreeSet::from([7]);
    let kpi: KpiId = "renewals".parse().unwrap();
    directory.accountable.insert(kpi.clone(), 7);
    directory.units.get_mut(&"emea".parse::<UnitId>().unwrap()).unwrap().seats.insert(7, 5);
    let way = |directory: &Directory, unit: &str| {
        let way = directory.owner(&kpi, Some(&unit.parse().unwrap()), 0, &BTreeSet::new()).unwrap();
        way.iter().map(|stop| (stop.person, stop.by, stop.passed)).collect::<Vec<_>>()
    };
    use directory::{Duty, Line, Passed};
    assert_eq!(way(&directory, "berlin"), [(5, Line::Seat, None)]);
    // Nobody is silent about it: the role itself is the first stop, and whoever manages the company gets it.
    let vacant = (7, Line::Accountable, Some(Passed::Vacant));
    assert_eq!(way(&directory, "company"), [vacant, (2, Line::Manager, None)]);
    assert_eq!(Duty::Kpi(kpi.clone()).holder(&directory), None);
    let top = "company".parse::<UnitId>().unwrap();
    directory.units.get_mut(&top).unwrap().seats.insert(7, 3);
    assert_eq!(way(&directory, "apac"), [(3, Line::Seat, None)]);
    assert_eq!(Duty::Kpi(kpi.clone()).holder(&directory), Some(3));
    // What was handed over and not accepted stands with her superior.
    directory.unaccepted.insert(Duty::Kpi(kpi.clone()));
    let waits = (3, Line::Seat, Some(Passed::Unaccepted));
    assert_eq!(way(&directory, "company"), [waits, (2, Line::Superior, None)]);
    assert_eq!(way(&directory, "berlin"), [(5, Line::Seat, None)]);
}

#[test]
fn the_owner_is_found_by_seat_substitute_manager_and_last_resort() {
    let mut directory = directory(1);
    let now = at("2026-04-30T15:00[Europe/Berlin]");
    let find = |directory: &Directory, unit: &str| {
        let (kpi, unit, nobody) = ("renewals".parse().unwrap(), unit.parse().unwrap(), BTreeSet::new());
        let way = directory.owner(&kpi, Some(&unit), now, &nobody).unwrap();
        way.iter().map(|stop| (stop.person, stop.by)).collect::<Vec<_>>()
    };
    assert_eq!(find(&directory, "emea"), [(5, Line::Seat)]);
    assert_eq!(find(&directory, "berlin"), [(5, Line::Seat)], "the nearest unit above that has the seat");
    assert_eq!(find(&directory, "apac"), [(3, Line::Accountable)]);
    assert_eq!(find(&directory, "company"), [(3, Line::Accountable)]);
    // Away, only while she is.
    directory.people.get_mut(&5).unwrap().away = vec![(now - HOUR, now + HOUR)];
    assert_eq!(find(&directory, "emea"), [(5, Line::Seat), (6, Line::Substitute)]);
    directory.people.get_mut(&5).unwrap().away = vec![(now - HOUR, now)];
    assert_eq!(find(&directory, "emea"), [(5, Line::Seat)]);
    // Substitutes in a circle end nowhere; the manager of the unit is she herself, then of the one above.
    directory.people.get_mut(&5).unwrap().away = vec![(now, now + 1)];
    directory.people.get_mut(&6).unwrap().away = vec![(now, now + 1)];
    directory.people.get_mut(&6).unwrap().substitute = Some(5);
    assert_eq!(find(&directory, "emea"), [(5, Line::Seat), (6, Line::Substitute), (2, Line::Manager)]);
    directory.people.remove(&2);
    directory.people.remove(&5);
    // Who has left has no substitute. Nobody manages, and her superior is gone: the last resort.
    let ways = find(&directory, "emea");
    assert_eq!(ways.last(), Some(&(1, Line::LastResort)), "{ways:?}");
    // Whoever is left, though everybody is away.
    directory.people.retain(|person, _| *person == 6);
    assert_eq!(find(&directory, "emea").last(), Some(&(6, Line::LastResort)));
    directory.people.clear();
    let kpi = "renewals".parse().unwrap();
    assert_eq!(directory.owner(&kpi, None, now, &BTreeSet::new()), None);
}

/// What was 3's goes to 5: the directory says so from now on.
fn handed_over(acting: &mut Acting, items: &[u64]) -> Result<u64, Vec<&'static str>> {
    let number = acting.world.organisation.items.next();
    acting.directory.accountable.insert("renewals".parse().unwrap(), 5);
    let content = Content::Handover(Handover {
        from: 3,
        to: 5,
        duties: BTreeSet::from([Duty::Kpi("renewals".parse().unwrap())]),
        items: items.iter().copied().collect(),
        register: acting.directory.register,
    });
    acting.job(&Command::Open(Open { content, why: WHY }))?;
    acting.directory.unaccepted = acting.world.organisation.items.unaccepted().into_keys().collect();
    Ok(number)
}

#[test]
fn what_is_handed_over_stands_with_the_superior_until_the_successor_accepts_it() {
    let mut acting = Acting::new(Mode::Reviewed);
    acting.directory.units.get_mut(&"emea".parse().unwrap()).unwrap().seats.clear();
    let before = acting.raise(alert(Some("apac"), month(4))).unwrap();
    assert_eq!(acting.owner(before), 3);
    let item = handed_over(&mut acting, &[before]).unwrap();
    assert_eq!((acting.owner(item), acting.step(item)), (5, "acceptance"));
    assert_eq!(handed_over(&mut acting, &[]).unwrap_err(), [laws::ALREADY_OPEN]);
    // A person opens none, and what is not hers by what is in force is not handed over to her.
    let own = acting.item(item).content.clone();
    let by_hand = Command::Open(Open { content: own.clone(), why: WHY });
    assert!(acting.ask(person(1), &by_hand).unwrap_err().contains(&laws::BY_ITSELF));
    let Content::Handover(of) = own else { panic!("a handover") };
    let content = Content::Handover(Handover { to: 6, ..of });
    assert_eq!(acting.job(&Command::Open(Open { content, why: WHY })).unwrap_err(), [laws::NOTHING_NEW]);
    // What comes up meanwhile is her superior's.
    let meanwhile = acting.raise(alert(None, month(4))).unwrap();
    assert_eq!(acting.lines(meanwhile), [(5, Line::Accountable), (3, Line::Superior)]);
    // Evidence that does not know of it is none.
    let known = std::mem::take(&mut acting.directory.unaccepted);
    assert_eq!(acting.raise(alert(Some("berlin"), month(4))).unwrap_err(), [laws::LOOK_AGAIN]);
    acting.directory.unaccepted = known;
    // Nobody accepts it for her, and it is owed.
    assert_eq!(acting.finish(3, item, "accepted").unwrap_err(), [laws::NOT_YOUR_TURN]);
    assert_eq!(acting.act(5, item, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::OWED]);
    // She refuses: it is her superior's, who gives it back, and then it is bound.
    acting.act(5, item, Deed::Refuse { why: WHY }).unwrap();
    assert_eq!(acting.owner(item), 3);
    assert_eq!(acting.finish(3, item, "accepted").unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.act(3, item, Deed::Assign { to: 5 }).unwrap();
    assert_eq!(acting.act(5, item, Deed::Refuse { why: WHY }).unwrap_err(), [laws::BOUND]);
    acting.finish(5, item, "accepted").unwrap();
    acting.directory.unaccepted.clear();
    assert_eq!((acting.step(item), acting.owner(before)), ("ended", 5));
    let later = acting.raise(alert(Some("berlin"), month(4))).unwrap();
    assert_eq!(acting.lines(later), [(5, Line::Accountable)]);
}

#[test]
fn a_handover_is_over_when_somebody_else_is_to_have_it_and_a_notice_when_it_was_read_or_long_out() {
    let mut acting = Acting::new(Mode::Reviewed);
    let item = handed_over(&mut acting, &[]).unwrap();
    // Away, it waits for her all the same, and goes up in time.
    acting.directory.people.get_mut(&5).unwrap().away = vec![(0, i64::MAX)];
    acting.world.at += 20 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!((acting.owner(item), acting.item(item).work.missed.len()), (3, 1));
    acting.directory.accountable.insert("renewals".parse().unwrap(), 4);
    acting.job(&Command::Tick).unwrap();
    acting.directory.unaccepted.clear();
    assert_eq!(acting.item(item).ended.map(|(outcome, _)| outcome), Some(Outcome::Recovered));

    let notice = |to| {
        let (kpi, from) = ("gone".parse().unwrap(), Date::constant(2026, 7, 1));
        Command::Open(Open {
            content: Content::Notice(Notice { kpi, from, to, register: 1, announced: false }),
            why: WHY,
        })
    };
    let number = acting.world.organisation.items.next();
    acting.directory.register = acting.world.organisation.register.position();
    let told = |to, acting: &Acting| match notice(to) {
        Command::Open(Open { content: Content::Notice(of), why }) => {
            let register = acting.directory.register;
            Command::Open(Open { content: Content::Notice(Notice { register, ..of }), why })
        }
        other => other,
    };
    let (four, six) = (told(4, &acting), told(6, &acting));
    acting.job(&four).unwrap();
    acting.job(&six).unwrap();
    assert_eq!(acting.job(&six).unwrap_err(), [laws::ALREADY_OPEN]);
    // Of one that is still there it is said only if that is announced, for that day.
    let announced = |kpi: &str, acting: &Acting| {
        let (kpi, from, register) =
            (kpi.parse().unwrap(), Date::constant(2027, 1, 1), acting.directory.register);
        Command::Open(Open {
            content: Content::Notice(Notice { kpi, from, to: 6, register, announced: true }),
            why: WHY,
        })
    };
    let one = announced("renewals", &acting);
    assert_eq!(acting.job(&one).unwrap_err(), [laws::NOTHING_NEW]);
    acting.directory.ending.insert("renewals".parse().unwrap(), Date::constant(2027, 1, 1));
    acting.job(&one).unwrap();
    acting.finish(4, number, "read").unwrap();
    assert_eq!(acting.item(number).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    acting.world.at += 40 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!(acting.item(number + 1).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
}

#[test]
fn a_close_waits_for_what_nobody_attested_or_goes_without_it_as_the_rule_says() {
    let mut acting = Acting::new(Mode::Open);
    acting.world.at = at("2026-07-01T00:00[UTC]");
    acting.directory.register = acting.world.organisation.register.position();
    let rule = |steward, otherwise| Attests { steward, every: Grain::Month, days: 5, otherwise };
    let attests = [("emea", 5, WhenLate::Exclude), ("apac", 4, WhenLate::Block)];
    acting.directory.attests = attests
        .map(|(unit, by, how)| (("survey".parse().unwrap(), Some(unit.parse().unwrap())), rule(by, how)))
        .into();
    let known = acting.directory.clone();
    let of = |unit: &str, steward, otherwise, first: Date, until: Date| {
        let (source, unit) = ("survey".parse().unwrap(), Some(unit.parse().unwrap()));
        let cut_off = known.due_in_days(unit.as_ref(), midnight(until), 5);
        let period = PeriodId { grain: Grain::Month, first };
        let content = Content::Attestation(Attestation {
            source,
            unit,
            period,
            until,
            steward,
            days: 5,
            cut_off,
            otherwise,
        });
        Command::Open(Open { content, why: WHY })
    };
    let (june, july) = (Date::constant(2026, 6, 1), Date::constant(2026, 7, 1));
    let emea = of("emea", 5, WhenLate::Exclude, june, july);
    let apac = of("apac", 4, WhenLate::Block, june, july);
    assert!(acting.ask(person(5), &emea).unwrap_err().contains(&laws::BY_ITSELF));
    // Of no period that is not over, by nobody and with nothing that the rule does not say.
    let running = of("emea", 5, WhenLate::Exclude, july, Date::constant(2026, 8, 1));
    for other in
        [running, of("emea", 6, WhenLate::Exclude, june, july), of("emea", 5, WhenLate::Warn, june, july)]
    {
        assert_eq!(acting.job(&other).unwrap_err(), [laws::NOTHING_NEW]);
    }
    let first = acting.world.organisation.items.next();
    acting.job(&emea).unwrap();
    assert_eq!(acting.job(&emea).unwrap_err(), [laws::ALREADY_OPEN]);
    acting.job(&apac).unwrap();
    let close = |late: &[(&str, WhenLate)]| {
        let late = late.iter().map(|(unit, how)| (unit.parse().unwrap(), *how)).collect();
        let period = PeriodId { grain: Grain::Quarter, first: Date::constant(2026, 4, 1) };
        Command::Open(Open {
            content: Content::Close(Close { period, until: july, published: 9, late }),
            why: WHY,
        })
    };
    // Both are missing: one before its cut-off, the other blocks.
    assert_eq!(acting.ask(person(1), &close(&[])).unwrap_err(), [laws::NOT_ATTESTED, laws::NOT_ATTESTED]);
    let in_time = |acting: &Acting, unit: &str| {
        attestation::in_time(&acting.world.organisation.items, unit.parse().ok().as_ref(), acting.world.at)
    };
    assert_eq!(in_time(&acting, "emea"), (0, 0), "nothing is due yet");
    acting.world.at += 20 * DAY;
    acting.job(&Command::Tick).unwrap();
    // It goes up once, and whoever has it by then gets a day.
    assert_eq!(acting.job(&Command::Tick).unwrap_err(), [laws::NOTHING_DUE]);
    let excluded = [("emea", WhenLate::Exclude)];
    assert_eq!(
        acting.ask(person(1), &close(&excluded)).unwrap_err(),
        [laws::NOT_ATTESTED],
        "apac blocks, late or not"
    );
    let by = acting.item(first + 1).owner().unwrap().person;
    acting.finish(by, first + 1, "with_reservation").unwrap();
    for wrong in
        [&[][..], &[("emea", WhenLate::Carry)], &[("emea", WhenLate::Exclude), ("apac", WhenLate::Exclude)]]
    {
        assert_eq!(acting.ask(person(1), &close(wrong)).unwrap_err(), [laws::NOT_ATTESTED], "{wrong:?}");
    }
    acting.ask(person(1), &close(&excluded)).unwrap();
    let closed = acting.world.organisation.periods.closed.values().next().unwrap();
    assert_eq!(closed[0].late, [("emea".parse().unwrap(), WhenLate::Exclude)].into());
    // Said too late is not in time; the next month it is.
    assert_eq!((in_time(&acting, "emea"), in_time(&acting, "apac")), ((1, 0), (1, 0)));
    let august = Date::constant(2026, 8, 1);
    acting.world.at = midnight(august);
    let next = acting.world.organisation.items.next();
    acting.job(&of("apac", 4, WhenLate::Block, july, august)).unwrap();
    let by = acting.item(next).owner().unwrap().person;
    acting.finish(by, next, "attested").unwrap();
    assert_eq!((in_time(&acting, "emea"), in_time(&acting, "apac")), ((1, 0), (2, 1)));
}

#[test]
fn whose_definitions_changed_is_told_once_and_reads_it_herself() {
    let mut acting = Acting::new(Mode::Reviewed);
    let changed = |to, before, kpis: &[&str], acting: &Acting| {
        let kpis = kpis.iter().map(|kpi| kpi.parse().unwrap()).collect();
        let content =
            Content::ChangeNotice(ChangeNotice { to, kpis, before, register: acting.directory.register });
        Command::Open(Open { content, why: WHY })
    };
    acting.directory.register = acting.world.organisation.register.position();
    let number = acting.world.organisation.items.next();
    let one = changed(5, 0, &["renewals"], &acting);
    assert_eq!(acting.ask(person(1), &one).unwrap_err(), [laws::BY_ITSELF]);
    acting.job(&one).unwrap();
    // The same adoption tells nobody twice, whatever it is said to be of.
    assert_eq!(acting.job(&changed(5, 0, &["other"], &acting)).unwrap_err(), [laws::ALREADY_OPEN]);
    let (nothing, never) =
        (changed(6, 0, &[], &acting), changed(6, acting.directory.register, &["renewals"], &acting));
    assert_eq!(acting.job(&nothing).unwrap_err(), [laws::NOTHING_NEW]);
    assert_eq!(acting.job(&never).unwrap_err(), [laws::NOTHING_NEW]);
    let gone = changed(9, 0, &["renewals"], &acting);
    assert_eq!(acting.job(&gone).unwrap_err(), [laws::NOBODY_THERE]);
    // Her superior does not read it for her.
    assert_eq!(acting.finish(3, number, "read").unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.finish(5, number, "read").unwrap();
    assert_eq!(acting.item(number).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
}

/// Scenario 1: Thursday 30 April 15:00 in Berlin, eight business hours, 1 May is a holiday.
#[test]
fn two_refusals_end_at_the_common_superior_with_the_clock_running() {
    let mut acting = Acting::new(Mode::Reviewed);
    let item = acting.raise(alert(Some("emea"), month(4))).unwrap();
    let due = at("2026-05-04T15:00[Europe/Berlin]");
    assert_eq!((acting.lines(item), acting.item(item).due()), (vec![(5, Line::Seat)], Some(due)));
    // A second signal opens no second item.
    assert_eq!(acting.raise(alert(Some("emea"), month(5))).unwrap_err(), [laws::ALREADY_OPEN]);
    assert_eq!(acting.act(6, item, Deed::Refuse { why: WHY }).unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.act(5, item, Deed::Refuse { why: WHY }).unwrap();
    assert_eq!(acting.lines(item), [(4, Line::Dotted)]);
    // Who says it twice meets what has moved on, and is no trespasser.
    assert_eq!(acting.act(5, item, Deed::Refuse { why: WHY }).unwrap_err(), [laws::WENT_ON]);
    assert!(laws::MOVED_ON.contains(&laws::WENT_ON) && !laws::MOVED_ON.contains(&laws::NOT_YOUR_TURN));
    acting.world.at += HOUR;
    acting.act(4, item, Deed::Refuse { why: WHY }).unwrap();
    // The superiors of 5 are 3, 2, 1, those of 4 are 2, 1.
    assert_eq!(acting.lines(item), [(2, Line::Common)]);
    assert_eq!(acting.item(item).due(), Some(due), "the clock runs on");
    assert_eq!(acting.act(2, item, Deed::Refuse { why: WHY }).unwrap_err(), [laws::BOUND]);
    // Snoozing does not outlast the clock.
    let late = Deed::Snooze { until: due + 1, why: WHY };
    assert_eq!(acting.act(2, item, late).unwrap_err(), [laws::SNOOZED_TOO_LONG]);
    acting.world.at = due - 1;
    assert_eq!(acting.job(&Command::Tick).unwrap_err(), [laws::NOTHING_DUE]);
    acting.world.at = due;
    assert_eq!(acting.job(&Command::Tick).unwrap().len(), 1);
    assert_eq!(
        (acting.lines(item), acting.item(item).work.owner.as_ref().unwrap().rung),
        (vec![(1, Line::Superior)], 1)
    );
    assert_eq!(acting.job(&Command::Tick).unwrap_err(), [laws::NOTHING_DUE], "one event a rung");
    // At the top it stands, for however long; and may be acted on.
    acting.world.at += 300 * DAY;
    assert_eq!(acting.job(&Command::Tick).unwrap_err(), [laws::NOTHING_DUE]);
    assert_eq!(acting.finish(1, item, "anything").unwrap_err(), [laws::NO_SUCH_OUTCOME]);
    acting.finish(1, item, "fixed").unwrap();
    assert_eq!(acting.step(item), "recovering");
}

#[test]
fn an_alert_ends_when_it_is_clear_for_long_enough_and_what_was_fixed_and_is_not_comes_back() {
    let mut acting = Acting::new(Mode::Open);
    let item = acting.raise(alert(None, month(3))).unwrap();
    acting.act(3, item, Deed::Acknowledge).unwrap();
    assert_eq!(acting.act(3, item, Deed::Acknowledge).unwrap_err(), [laws::NOTHING_NEW]);
    acting.finish(3, item, "fixed").unwrap();
    assert_eq!(acting.finish(3, item, "fixed").unwrap_err(), [laws::WENT_ON]);
    assert_eq!(acting.finish(6, item, "fixed").unwrap_err(), [laws::NOT_YOUR_TURN]);
    let seen = |number, is_signal| {
        let (period, run) = (month(number), 1);
        let seen = if is_signal { Seen::Signal { period, run } } else { Seen::Clear { period, run } };
        Command::Observe(Observe { item, seen })
    };
    assert_eq!(acting.ask(person(3), &seen(4, false)).unwrap_err(), [laws::BY_ITSELF]);
    assert_eq!(acting.job(&seen(3, false)).unwrap_err(), [laws::NOTHING_NEW]);
    // April was over when that was said: no word against it.
    acting.job(&seen(4, true)).unwrap();
    assert_eq!(acting.step(item), "recovering");
    acting.job(&seen(5, false)).unwrap();
    acting.job(&seen(6, true)).unwrap();
    assert_eq!((acting.step(item), acting.owner(item)), ("open", 3));
    acting.job(&seen(7, false)).unwrap();
    assert_eq!(acting.step(item), "open", "clear once");
    acting.job(&seen(8, false)).unwrap();
    assert_eq!(acting.item(item).ended.map(|(outcome, _)| outcome), Some(Outcome::Recovered));
    assert_eq!(acting.raise(alert(None, month(8))).unwrap_err(), [laws::NOTHING_NEW]);
    acting.raise(alert(None, month(9))).unwrap();
    let by_hand = Command::Open(Open { content: Content::Alert(alert(Some("apac"), month(1))), why: WHY });
    assert_eq!(acting.ask(person(3), &by_hand), Err(vec![laws::BY_ITSELF]));
}

/// Story B from the alert to what was learnt.
#[test]
fn a_plan_is_agreed_to_carried_out_measured_and_asked_after() {
    let mut acting = Acting::new(Mode::Reviewed);
    let item = acting.raise(alert(Some("emea"), month(4))).unwrap();
    let bad = ActionPlan { actions: Vec::new(), ..plan(Some(item), 6) };
    assert_eq!(acting.open_plan(5, bad).unwrap_err(), [laws::INCOMPLETE]);
    let late = Expected { until: Date::constant(2026, 4, 1), ..plan(None, 6).expected };
    let late = ActionPlan { expected: late, ..plan(Some(item), 6) };
    assert_eq!(acting.open_plan(5, late).unwrap_err(), [laws::INCOMPLETE; 3]);
    // What is to be done is done before it is measured, and that is not put off for decades.
    for to in [2026, 2099] {
        let (to, until) =
            (PeriodId { first: Date::constant(to, 5, 1), ..month(5) }, Date::constant(to, 6, 1));
        let expected = Expected { to, until, ..plan(None, 6).expected };
        let mut of = ActionPlan { expected, ..plan(Some(item), 6) };
        if until.year() == 2026 {
            of.actions[0].by = Date::constant(2026, 6, 1);
        }
        assert_eq!(acting.open_plan(5, of).unwrap_err(), [laws::INCOMPLETE], "{until}");
    }
    assert_eq!(acting.open_plan(4, plan(Some(item), 6)).unwrap_err(), [laws::NOT_YOUR_TURN]);
    let number = acting.open_plan(5, plan(Some(item), 6)).unwrap();
    assert_eq!(
        (acting.step(number), acting.step(item)),
        ("approval", "open"),
        "the clock of the alert runs on"
    );
    assert_eq!(acting.open_plan(5, plan(Some(item), 4)).unwrap_err(), [laws::ALREADY_OPEN]);
    assert_eq!(acting.approve(5, number).unwrap_err(), [laws::OWN]);
    acting.approve(3, number).unwrap();
    assert_eq!((acting.step(number), acting.owner(number), acting.step(item)), ("doing", 5, "recovering"));
    let tasks: Vec<u64> = acting.world.organisation.items.children(number).map(|task| task.number).collect();
    assert_eq!(tasks.len(), 3);
    assert_eq!(acting.finish(5, number, "done").unwrap_err(), [laws::CHILDREN_OPEN]);
    for task in tasks {
        assert_eq!(acting.lines(task), [(6, Line::Named)]);
        acting.finish(6, task, "done").unwrap();
    }
    acting.finish(5, number, "done").unwrap();
    assert_eq!(acting.step(number), "measuring");
    let number_of = |text: &str| -> Number { text.parse().unwrap() };
    let effect = Effect {
        came: Came::NotShown,
        change: Some((number_of("1.1"), Some((number_of("-0.4"), number_of("2.6"))))),
        enough: false,
        run: Some(7),
        beside: Some(Ok(Beside { units: 5, alone: number_of("0.9") })),
        untold: None,
    };
    let observe = Command::Observe(Observe { item: number, seen: Seen::Effect(effect) });
    assert_eq!(acting.ask(person(5), &observe).unwrap_err(), [laws::BY_ITSELF]);
    acting.job(&observe).unwrap();
    assert_eq!(acting.job(&observe).unwrap_err(), [laws::NO_ITEM]);
    assert_eq!(acting.item(number).work.effect().map(|effect| effect.came), Some(Came::NotShown));
    let learnt = acting.world.organisation.items.all().last().unwrap().number;
    assert_eq!((acting.step(learnt), acting.owner(learnt)), ("writing", 5));
    // It is owed: neither dropped nor half written.
    assert_eq!(acting.act(5, learnt, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::OWED]);
    let write = |acting: &mut Acting, by, follows| {
        let was = acting.item(learnt).digest;
        let of = Missed::Plan(number);
        let content = Content::PostMortem(PostMortem { of, findings: Some(WHY), follows });
        acting.ask(person(by), &Command::Edit(kepi_govern::Edit { item: learnt, was, content, why: WHY }))
    };
    assert_eq!(write(&mut acting, 5, None).unwrap_err(), [laws::INCOMPLETE]);
    assert_eq!(write(&mut acting, 6, Some(WHY)).unwrap_err(), [laws::NOT_YOURS]);
    write(&mut acting, 5, Some(WHY)).unwrap();
    assert_eq!(acting.step(learnt), "reading");
    acting.approve(3, learnt).unwrap();
    assert_eq!(acting.item(learnt).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
}

#[test]
fn a_commentary_names_what_speaks_against_it_too_and_is_read_by_another() {
    let mut acting = Acting::new(Mode::Reviewed);
    let commentary = |favourable, other, all_other| {
        let named = Named { favourable, other, all_other, run: 1 };
        let (kpi, period) = ("renewals".parse().unwrap(), month(4));
        let of = Commentary {
            kpi,
            unit: None,
            period,
            what: WHY,
            why: WHY,
            done: WHY,
            outlook: WHY,
            unsure: Some(WHY),
            named,
        };
        Command::Open(Open { content: Content::Commentary(of), why: WHY })
    };
    // Two of seven, both better than before, although five are not.
    assert_eq!(acting.ask(person(3), &commentary(2, 0, 5)).unwrap_err(), [laws::ONE_SIDED]);
    // Naming none, one of each, or only those that speak against it is no choice of what suits.
    for (n, of) in [commentary(0, 0, 5), commentary(2, 1, 5), commentary(0, 1, 5), commentary(2, 0, 0)]
        .iter()
        .enumerate()
    {
        acting.ask(person(3), of).unwrap();
        assert_eq!(acting.step(n as u64 + 1), "reading");
    }
    assert_eq!(acting.approve(3, 1).unwrap_err(), [laws::OWN]);
    acting.approve(5, 1).unwrap();
    assert_eq!(acting.item(1).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    // Nobody has to read it for ever.
    acting.world.at += 15 * DAY;
    acting.job(&Command::Tick).unwrap();
    assert_eq!(acting.item(2).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    let mut open = Acting::new(Mode::Open);
    open.ask(person(3), &commentary(0, 0, 0)).unwrap();
    assert_eq!(open.item(1).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
}

#[test]
fn whoever_leaves_has_nothing_any_more_and_a_plan_given_up_brings_its_alert_back() {
    let mut acting = Acting::new(Mode::Open);
    let item = acting.raise(alert(Some("emea"), month(4))).unwrap();
    let number = acting.open_plan(5, plan(Some(item), 6)).unwrap();
    assert_eq!((acting.step(number), acting.step(item)), ("doing", "recovering"), "nobody has to agree");
    acting.directory.people.remove(&6);
    let events = acting.job(&Command::Tick).unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    let task = acting.world.organisation.items.children(number).next().unwrap().number;
    assert_eq!(acting.lines(task), [(6, Line::Named), (1, Line::LastResort)]);
    // Whoever is above gives it to somebody else; whom it is not with does not.
    assert_eq!(acting.act(4, task, Deed::Assign { to: 4 }).unwrap_err(), [laws::NOT_YOUR_TURN]);
    acting.act(1, task, Deed::Assign { to: 3 }).unwrap();
    assert_eq!(acting.owner(task), 3);
    acting.act(5, number, Deed::Dismiss { why: WHY }).unwrap();
    assert!(acting.item(task).ended.is_some() && acting.item(number).ended.is_some());
    assert_eq!((acting.step(item), acting.owner(item)), ("open", 5));
}

/// A simulated year: alerts come, people are away, leave, refuse, snooze, forget; the clock ticks. Whatever happens, each item ends, or
/// it is with somebody who is there, or it waits until a day.
#[test]
fn in_a_year_every_item_ends_or_stands_with_a_living_person() {
    let seeds = std::env::var("KEPI_COUNT").ok().and_then(|text| text.parse().ok()).unwrap_or(12u64);
    let first = std::env::var("KEPI_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0u64);
    eprintln!("KEPI_SEED={first} KEPI_COUNT={seeds}");
    let (mut items, mut events, mut kinds) = (0, 0, BTreeMap::<&str, u64>::new());
    for seed in first..first + seeds {
        let (organisation, log) = year(seed, None).unwrap();
        items += organisation.items.all().count();
        events += log.len();
        for event in &log {
            *kinds.entry(kepi_govern::wire::write(event).unwrap().kind).or_default() += 1;
        }
    }
    eprintln!("acting: {seeds} years, {items} items, {events} events: {kinds:?}");
    for kind in Organisation::KINDS.iter().filter(|kind| kind.starts_with("item.")) {
        let others = ["item.returned", "item.rebased", "item.remarked"];
        assert!(others.contains(kind) || kinds.contains_key(kind), "`{kind}` never happened");
    }
}

fn play(unit: Option<&str>, row: u64, held_out: bool) -> Play {
    Play {
        playbook: "low_health".parse().unwrap(),
        kpi: "renewals".parse().unwrap(),
        unit: unit.map(|unit| unit.parse().unwrap()),
        row: kepi_proof::Digest::of(&row.to_be_bytes()),
        key: WHY,
        since: 0,
        held_out,
        steps: vec![WHY, WHY],
        each: Vec::new(),
        hours: 8,
        cool_down: 30,
        after: 14,
        ladder: Vec::new(),
    }
}

#[test]
fn what_is_seen_at_the_front_line_is_somebodys_and_a_change_came_of_it_only_if_there_is_one() {
    let mut acting = Acting::new(Mode::Reviewed);
    let of = PainPoint { kpi: "renewals".parse().unwrap(), unit: Some("emea".parse().unwrap()) };
    let open = Command::Open(Open { content: Content::PainPoint(of), why: WHY });
    assert_eq!(acting.job(&open).unwrap_err(), [laws::BY_ITSELF]);
    acting.ask(person(5), &open).unwrap();
    let owner = acting.world.organisation.items.get(1).unwrap().owner().unwrap().person;
    let finish = |outcome: &str| Deed::Finish {
        outcome: outcome.parse().unwrap(),
        cause: None,
        step: None,
        why: Some(WHY),
    };
    assert_eq!(acting.act(owner, 1, finish("change_requested")).unwrap_err(), [laws::INCOMPLETE]);
    assert_eq!(acting.act(owner, 1, finish("fixed")).unwrap_err(), [laws::NO_SUCH_OUTCOME]);
    acting.act(owner, 1, finish("known")).unwrap();
    assert!(acting.world.organisation.items.get(1).unwrap().ended.is_some());
}

#[test]
fn nothing_is_started_twice_while_it_is_open_or_cools_down_and_what_is_held_out_is_nobodys() {
    let mut acting = Acting::new(Mode::Reviewed);
    let open = |of: Play| Command::Open(Open { content: Content::Play(of), why: WHY });
    let begin = acting.world.at;
    acting.job(&open(play(Some("emea"), 1, false))).unwrap();
    let refused = |acting: &mut Acting, of: Play| acting.job(&open(of)).unwrap_err();
    assert_eq!(refused(&mut acting, play(Some("emea"), 1, false)), [laws::ALREADY_OPEN]);
    // A person starts nothing.
    assert_eq!(acting.ask(person(2), &open(play(None, 2, false))).unwrap_err(), [laws::BY_ITSELF]);
    // What is held out is with nobody, from the first day on.
    acting.job(&open(play(Some("emea"), 2, true))).unwrap();
    let item = |acting: &Acting, number: u64| acting.world.organisation.items.get(number).unwrap().clone();
    assert!(item(&acting, 1).owner().is_some() && item(&acting, 2).owner().is_none());
    assert_eq!(item(&acting, 2).step().unwrap().name, "watching");
    // It is looked at both, whatever somebody still does; what is done then ends at once.
    acting.world.at = begin + 14 * DAY;
    let look = |item, helped| Command::Observe(Observe { item, seen: Seen::Helped { helped, run: 2 } });
    acting.job(&look(2, false)).unwrap();
    assert_eq!(item(&acting, 2).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    acting.job(&look(1, true)).unwrap();
    assert!(item(&acting, 1).ended.is_none());
    assert_eq!(acting.job(&look(1, false)).unwrap_err(), [laws::NOTHING_NEW]);
    assert_eq!((item(&acting, 1).helped(), item(&acting, 2).helped()), (Some(true), Some(false)));
    let owner = item(&acting, 1).owner().unwrap().person;
    let act = |deed| Command::Act(Act { item: 1, deed });
    // Who could dismiss what looks hopeless would make it seem to help.
    assert_eq!(acting.ask(person(owner), &act(Deed::Dismiss { why: WHY })).unwrap_err(), [laws::OWED]);
    let done = Deed::Finish { outcome: "done".parse().unwrap(), cause: None, step: None, why: Some(WHY) };
    acting.ask(person(owner), &act(done)).unwrap();
    assert_eq!(item(&acting, 1).ended.map(|(outcome, _)| outcome), Some(Outcome::Done));
    // The same starts again once it has cooled down.
    assert_eq!(refused(&mut acting, play(Some("emea"), 1, false)), [laws::ALREADY_OPEN]);
    acting.world.at = begin + 30 * DAY;
    acting.job(&open(play(Some("emea"), 1, false))).unwrap();
    assert_eq!(item(&acting, 3).step().unwrap().name, "doing");
    // What a closed loop follows up is watched beside its case, held out or not, and is another matter than a playbook of that name.
    for held_out in [false, true] {
        let number = acting.world.organisation.items.next();
        let of = Play { steps: Vec::new(), ..play(None, u64::from(held_out), held_out) };
        acting.job(&open(of.clone())).unwrap();
        assert_eq!((acting.step(number), acting.item(number).owner()), ("watching", None));
        assert_eq!(refused(&mut acting, of), [laws::ALREADY_OPEN]);
    }
    acting.job(&open(play(None, 0, false))).unwrap();
}

/// 4 holds no seat in emea, 3 does: 5 has it there.
#[test]
fn steps_of_a_playbook_are_tasks_one_after_the_other_with_an_owner_and_a_clock_each() {
    let mut acting = Acting::new(Mode::Reviewed);
    let each = vec![
        PlayStep { hours: 4, by: None },
        PlayStep { hours: 8, by: Some(4) },
        PlayStep { hours: 16, by: Some(3) },
    ];
    let of = Play { steps: vec![WHY; 3], each, hours: 28, ..play(Some("emea"), 1, false) };
    acting.job(&Command::Open(Open { content: Content::Play(of), why: WHY })).unwrap();
    let at_step = |acting: &Acting| (acting.owner(1), acting.item(1).play_step().unwrap().0);
    let due = |acting: &Acting| acting.item(1).due().unwrap();
    // Thursday 15:00, 1 May is a holiday: four business hours end on Monday at eleven.
    assert_eq!((at_step(&acting), due(&acting)), ((5, 0), at("2026-05-04T11:00[Europe/Berlin]")));
    acting.world.at = at("2026-05-04T10:00[Europe/Berlin]");
    acting.act(5, 1, Deed::Acknowledge).unwrap();
    acting.finish(5, 1, "done").unwrap();
    // The next is somebody else's, from then on, and it is as new to her.
    assert_eq!((at_step(&acting), due(&acting)), ((4, 1), at("2026-05-05T10:00[Europe/Berlin]")));
    assert_eq!((acting.step(1), acting.item(1).work.acknowledged), ("doing", None));
    assert_eq!(acting.finish(5, 1, "done").unwrap_err(), [laws::NOT_YOUR_TURN]);
    // Not in time it goes up, with the hours of this step; a step that is left out has a reason.
    acting.world.at = at("2026-05-05T11:00[Europe/Berlin]");
    acting.job(&Command::Tick).unwrap();
    assert_eq!((at_step(&acting), due(&acting)), ((2, 1), at("2026-05-06T11:00[Europe/Berlin]")));
    assert_eq!(acting.finish(2, 1, "skipped").unwrap_err(), [laws::INCOMPLETE]);
    let skipped =
        Deed::Finish { outcome: "skipped".parse().unwrap(), cause: None, step: None, why: Some(WHY) };
    acting.act(2, 1, skipped).unwrap();
    assert_eq!((at_step(&acting), due(&acting)), ((5, 2), at("2026-05-07T11:00[Europe/Berlin]")));
    acting.directory.people.remove(&5);
    acting.job(&Command::Tick).unwrap();
    assert_eq!(at_step(&acting), (3, 2), "whose step it is stays, whoever has left");
    acting.finish(3, 1, "done").unwrap();
    assert_eq!(acting.step(1), "watching");
    let said: Vec<(&str, Principal)> =
        acting.item(1).work.stepped.iter().map(|of| (of.outcome.as_str(), of.by.clone())).collect();
    assert_eq!(said, [("done", person(5)), ("skipped", person(2))]);
    assert_eq!(acting.item(1).work.finished.as_ref().map(|(outcome, _)| outcome.as_str()), Some("done"));
    // Who does not want it any more is asked nothing more.
    let each = vec![PlayStep { hours: 4, by: None }, PlayStep { hours: 4, by: None }];
    let of = Play { each, ..play(Some("emea"), 2, false) };
    acting.job(&Command::Open(Open { content: Content::Play(of), why: WHY })).unwrap();
    let owner = acting.owner(2);
    acting.finish(owner, 2, "not_wanted").unwrap();
    assert_eq!(acting.step(2), "watching");
}

#[test]
fn a_ladder_says_who_is_told_after_which_time_and_what_lasts_is_not_left_to_the_clock() {
    let mut acting = Acting::new(Mode::Reviewed);
    let rung = |to, hours, lasts| Rung { to, hours, lasts };
    let ladder = vec![rung(Some(4), 2, None), rung(None, 4, Some(3)), rung(Some(3), 1, None)];
    let item = acting.raise(Alert { ladder, ..alert(Some("emea"), month(3)) }).unwrap();
    let next = |acting: &mut Acting| {
        acting.world.at = acting.item(item).due().unwrap();
        // At the top there is nobody whose it could become.
        acting.job(&Command::Tick).unwrap_or_default();
        (acting.owner(item), acting.item(item).due().unwrap())
    };
    assert_eq!(
        (acting.owner(item), acting.item(item).due()),
        (5, Some(at("2026-05-04T15:00[Europe/Berlin]")))
    );
    // Who is named, then whoever is above her, each as long as the rung says; 3 has a seat in emea, which is 5's.
    assert_eq!(next(&mut acting), (4, at("2026-05-04T17:00[Europe/Berlin]")));
    assert_eq!(next(&mut acting), (2, at("2026-05-05T13:00[Europe/Berlin]")));
    assert_eq!(next(&mut acting), (5, at("2026-05-05T14:00[Europe/Berlin]")));
    // Past the last rung whoever is above, up to the top, with whom it stands.
    assert_eq!(next(&mut acting).0, 3);
    assert_eq!(next(&mut acting).0, 2);
    assert_eq!(next(&mut acting), (1, at("2026-05-05T17:00[Europe/Berlin]")));
    assert_eq!(next(&mut acting).0, 1);
    // What lasts goes up before its time: red in the period when it was raised and in two more.
    let ladder = vec![rung(Some(2), 8, Some(3))];
    acting.world.at = at("2026-06-01T09:00[Europe/Berlin]");
    let other = acting.raise(Alert { ladder, ..alert(None, month(3)) }).unwrap();
    let see = |period| Command::Observe(Observe { item: other, seen: Seen::Signal { period, run: 2 } });
    acting.job(&see(month(4))).unwrap();
    assert_eq!(acting.owner(other), 3);
    acting.job(&see(month(5))).unwrap();
    assert_eq!((acting.owner(other), acting.item(other).owner().unwrap().rung), (2, 1));
    acting.job(&see(month(6))).unwrap();
    assert_eq!(acting.owner(other), 2);
}

#[test]
fn a_post_mortem_of_an_initiative_is_owed_once_by_whoever_answers_for_it() {
    let mut acting = Acting::new(Mode::Open);
    let of = Missed::Initiative {
        name: "callback_desk".parse().unwrap(),
        kpi: "renewals".parse().unwrap(),
        unit: None,
        owner: 4,
    };
    let content = Content::PostMortem(PostMortem { of, findings: None, follows: None });
    let open = Command::Open(Open { content, why: WHY });
    assert_eq!(acting.ask(person(4), &open).unwrap_err(), [laws::BY_ITSELF]);
    acting.job(&open).unwrap();
    assert_eq!((acting.owner(1), acting.step(1)), (4, "writing"));
    assert_eq!(acting.act(4, 1, Deed::Dismiss { why: WHY }).unwrap_err(), [laws::OWED]);
    assert_eq!(acting.job(&open).unwrap_err(), [laws::ALREADY_OPEN]);
}

#[test]
fn every_lie_about_who_and_when_is_found() {
    for lie in LIES {
        let found = (0..40).find_map(|seed| year(seed, Some(lie)).err());
        assert!(found.is_some(), "{lie:?} was not found");
        eprintln!("{lie:?}: {}", found.unwrap_or_default());
    }
}

/// Up to three rungs.
fn ladder(dice: &mut impl FnMut(u64) -> u64) -> Vec<Rung> {
    let mut rung = || {
        let (to, lasts) = (dice(7), dice(5) as u16);
        let hours = 1 + dice(16) as u16;
        Rung { to: (to > 0).then_some(to), hours, lasts: (lasts > 1).then_some(lasts) }
    };
    (0..rung().hours % 4).map(|_| rung()).collect()
}

/// A year of random people; with a lie what is not as it should be, if that is found.
fn year(seed: u64, lie: Option<Lie>) -> Result<(Organisation, Vec<Event>), String> {
    let mut state = seed;
    let mut dice = move |below: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    };
    let mut acting = Acting::new(if dice(2) == 0 { Mode::Open } else { Mode::Reviewed });
    acting.lie = lie;
    let mut log = Vec::new();
    let begin = acting.world.at;
    let units = [None, Some("emea"), Some("berlin"), Some("apac")];
    for step in 0..600 {
        acting.world.at = begin + step * 365 * DAY / 600;
        let now = acting.world.at;
        if dice(40) == 0 {
            let who = 2 + dice(5);
            if let Some(of) = acting.directory.people.get_mut(&who) {
                of.away = vec![(now, now + DAY * (1 + dice(30) as i64))];
            }
        }
        if dice(150) == 0 {
            let who = 2 + dice(5);
            acting.directory.people.remove(&who);
            acting.world.organisation.people.remove(&who);
        }
        let by = 1 + dice(6);
        let open: Vec<u64> = acting.world.organisation.items.open().map(|item| item.number).collect();
        let item = if open.is_empty() { 1 } else { open[dice(open.len() as u64) as usize] };
        let with =
            acting.world.organisation.items.get(item).and_then(Item::owner).map_or(by, |owner| owner.person);
        let mut who = if dice(4) > 0 { with } else { by };
        let period = PeriodId {
            grain: Grain::Day,
            first: Date::constant(2026, 1, 1).checked_add(jiff::Span::new().days(step)).unwrap(),
        };
        let job = dice(10) < 5;
        let command = match dice(12) {
            0 if dice(2) == 0 => {
                let permission = [Permission::Given, Permission::Withheld, Permission::NotAsked];
                let of = Case {
                    permission: permission[dice(3) as usize],
                    ladder: ladder(&mut dice),
                    ..case(units[dice(4) as usize], dice(4))
                };
                Command::Open(Open { content: Content::Case(of), why: WHY })
            }
            0 if dice(2) == 0 => {
                let mut of = crate::reviews::review(period, 1 + dice(6));
                of.points.truncate(dice(4) as usize);
                of.ladder = ladder(&mut dice);
                Command::Open(Open { content: Content::Review(of), why: WHY })
            }
            1 if dice(4) == 0 => {
                let mut of = play(units[dice(4) as usize], dice(4), dice(3) == 0);
                let by = |n| (n > 0).then_some(n);
                of.each = (0..dice(4)).map(|_| PlayStep { hours: 4, by: by(dice(6)) }).collect();
                of.ladder = ladder(&mut dice);
                Command::Open(Open { content: Content::Play(of), why: WHY })
            }
            1 if dice(3) == 0 => {
                let of = crate::reviews::dispute(units[dice(4) as usize], period);
                Command::Open(Open { content: Content::Dispute(of), why: WHY })
            }
            0 | 1 => {
                let mut alert = alert(units[dice(4) as usize], period);
                alert.clear = 1 + dice(2) as u16;
                alert.ladder = ladder(&mut dice);
                Command::Open(Open { content: Content::Alert(alert), why: WHY })
            }
            2 | 3 if job => {
                let seen = match dice(5) {
                    4 => Seen::Agenda(vec![crate::reviews::point(
                        "renewals",
                        units[dice(4) as usize],
                        &[OnAgenda::Trend],
                    )]),
                    0 => Seen::Signal { period, run: 1 },
                    1 => Seen::Clear { period, run: 1 },
                    2 => Seen::Helped { helped: dice(2) == 0, run: 1 },
                    _ => {
                        let came = [Came::Shown, Came::NotShown, Came::Contrary][dice(3) as usize];
                        Seen::Effect(Effect {
                            came,
                            change: None,
                            enough: dice(2) == 0,
                            run: Some(1),
                            beside: None,
                            untold: None,
                        })
                    }
                };
                Command::Observe(Observe { item, seen })
            }
            4 => {
                let of = acting.world.organisation.items.get(item).map(|item| item.content.clone());
                let day = |days: i64| {
                    let date = jiff::Timestamp::from_microsecond(now + days * DAY).unwrap();
                    date.to_zoned(jiff::tz::TimeZone::UTC).date()
                };
                let mut new = plan(None, 1 + dice(6));
                if let Some(Content::Alert(alert)) = of {
                    (new.alert, new.unit) = (Some(item), alert.unit);
                }
                new.actions.iter_mut().for_each(|action| action.by = day(3 + dice(20) as i64));
                new.expected.from = PeriodId { grain: Grain::Day, first: day(-1) };
                new.expected.to = PeriodId { grain: Grain::Day, first: day(30) };
                new.expected.until = day(31);
                Command::Open(Open { content: Content::ActionPlan(new), why: WHY })
            }
            5 => acting.world.vote(item, if dice(5) == 0 { Stance::No } else { Stance::Yes }),
            6 => {
                // What is asked after seldom comes: it is looked for, and whose turn it is may write it.
                let mut open = acting.world.organisation.items.open();
                let owed = open.find(|item| matches!(item.content, Content::PostMortem(_)));
                let was = owed.map(|item| (item.number, item.digest, item.content.clone(), item.owner()));
                let Some((number, was, Content::PostMortem(of), owner)) = was else { continue };
                who = owner.map_or(who, |owner| if dice(4) > 0 { owner.person } else { who });
                let item = number;
                let content =
                    Content::PostMortem(PostMortem { findings: Some(WHY), follows: Some(WHY), ..of });
                Command::Edit(kepi_govern::Edit { item, was, content, why: WHY })
            }
            _ => {
                let deed = match dice(9) {
                    0 => Deed::Acknowledge,
                    1 => Deed::Assign { to: 1 + dice(6) },
                    2 | 3 => Deed::Refuse { why: WHY },
                    4 => Deed::Snooze { until: now + HOUR * (1 + dice(20) as i64), why: WHY },
                    5 => Deed::Dismiss { why: WHY },
                    6 => match dice(4) {
                        3 => Deed::Attend { present: [1 + dice(6)].into() },
                        0 => Deed::Answer { settled: dice(2) == 0, note: None },
                        _ => Deed::Contact { by: By::Phone, reached: dice(3) == 0, note: None },
                    },
                    _ => {
                        let outcome = ["fixed", "accepted", "done", "solved", "stands"][dice(5) as usize]
                            .parse()
                            .unwrap();
                        let cause = (dice(2) == 0).then(|| "waiting".parse().unwrap());
                        Deed::Finish { outcome, cause, step: None, why: None }
                    }
                };
                Command::Act(Act { item, deed })
            }
        };
        let raised = matches!(
            &command,
            Command::Open(Open {
                content: Content::Alert(_) | Content::Case(_) | Content::Review(_) | Content::Play(_),
                ..
            })
        );
        let is_job = raised || matches!(command, Command::Observe(_));
        let done = if is_job { acting.job(&command) } else { acting.ask(person(who), &command) };
        log.extend(done.unwrap_or_default());
        // Whoever has a case goes on with it now and then.
        let cases =
            acting.world.organisation.items.open().filter(|item| matches!(item.content, Content::Case(_)));
        let last =
            cases.last().and_then(|item| Some((item.number, item.step()?, item.work.owner.clone()?.person)));
        if let Some((item, step, owner)) = last.filter(|_| dice(4) == 0) {
            let deed = match (step.turn, dice(2)) {
                (Turn::Wait, settled) => Deed::Answer { settled: settled == 0, note: None },
                (_, 0) => Deed::Contact { by: By::Phone, reached: true, note: None },
                _ => Deed::Finish {
                    outcome: "solved".parse().unwrap(),
                    cause: Some("price".parse().unwrap()),
                    step: None,
                    why: None,
                },
            };
            log.extend(acting.act(owner, item, deed).unwrap_or_default());
        }
        // Whoever leads a review goes on with it, too.
        let review = acting.world.organisation.items.open().find_map(|item| match &item.content {
            Content::Review(of) => {
                Some((item.number, item.owner()?.person, of.clone(), item.work.decided.clone()))
            }
            _ => None,
        });
        if let Some((item, owner, of, decided)) = review.filter(|_| dice(2) == 0) {
            let place = (0..of.points.len()).find(|place| !decided.contains_key(&(*place as u16)));
            let done = match place {
                None if dice(2) == 0 => acting.act(owner, item, Deed::Attend { present: [owner].into() }),
                None => acting.finish(owner, item, "held"),
                Some(place) => {
                    let decision = Decision::ALL[dice(5) as usize];
                    let by = jiff::Timestamp::from_microsecond(now + 9 * DAY).unwrap();
                    let by = by.to_zoned(jiff::tz::TimeZone::UTC).date();
                    let follows = decision.is_followed().then_some(Follows { owner: 1 + dice(6), by });
                    acting.act(owner, item, Deed::Decide { point: place as u16, decision, why: WHY, follows })
                }
            };
            log.extend(done.unwrap_or_default());
        }
        // So do some with their plans.
        let planned = |item: &&Item| {
            matches!(item.content, Content::ActionPlan(_) | Content::Task(_) | Content::Play(_))
        };
        let next = acting.world.organisation.items.open().filter(planned).last();
        let next =
            next.and_then(|item| Some((item.number, item.step()?.turn, item.owner().map(|of| of.person))));
        if let Some((item, turn, owner)) = next.filter(|_| dice(4) == 0) {
            let missed = Seen::Effect(Effect {
                came: Came::NotShown,
                change: None,
                enough: false,
                run: Some(1),
                beside: None,
                untold: None,
            });
            let went_on = match (turn, owner) {
                (Turn::Work, Some(owner)) => acting.finish(owner, item, "done"),
                (Turn::Ask, _) => acting.approve(1 + dice(6), item),
                (Turn::Wait, _) => acting.job(&Command::Observe(Observe { item, seen: missed })),
                _ => Ok(Vec::new()),
            };
            log.extend(went_on.unwrap_or_default());
        }
        let owed = acting.world.organisation.items.open().find(|item| {
            matches!(item.content, Content::PostMortem(_))
                && item.step().is_some_and(|step| step.turn == Turn::Write)
        });
        let owed = owed
            .and_then(|item| Some((item.number, item.digest, item.content.clone(), item.owner()?.person)));
        if let Some((item, was, Content::PostMortem(of), owner)) = owed.filter(|_| dice(3) == 0) {
            let content = Content::PostMortem(PostMortem { findings: Some(WHY), follows: Some(WHY), ..of });
            let edit = Command::Edit(kepi_govern::Edit { item, was, content, why: WHY });
            log.extend(acting.ask(person(owner), &edit).unwrap_or_default());
        }
        log.extend(acting.job(&Command::Tick).unwrap_or_default());
        if lie.is_none() {
            stands(&acting);
        } else if let Some(found) = acting.found {
            return Err(found);
        }
    }
    if lie.is_some() {
        return Ok((acting.world.organisation, log));
    }
    // Nobody does anything any more, for years.
    for _ in 0..60 {
        acting.world.at += 20 * DAY;
        log.extend(acting.job(&Command::Tick).unwrap_or_default());
        stands(&acting);
    }
    let top = 1;
    for item in acting.world.organisation.items.open() {
        assert_eq!(
            item.owner().map(|owner| owner.person),
            Some(top),
            "item {} stands at the top: {item:?}",
            item.number
        );
    }
    let quiet = acting.job(&Command::Tick);
    assert_eq!(quiet, Err(vec![laws::NOTHING_DUE]), "an idle clock makes no events");
    Ok((acting.world.organisation, log))
}

/// Whether each item is with somebody who is there, waits for those who have to agree, or waits until a day.
fn stands(acting: &Acting) {
    let (mut subjects, mut rows) = (BTreeSet::new(), BTreeSet::new());
    for item in acting.world.organisation.items.open() {
        let step = item.step().unwrap();
        match step.turn {
            Turn::Work => {
                let owner = item.owner().unwrap();
                assert!(acting.directory.people.contains_key(&owner.person), "{item:?}");
                assert!(owner.way.last().unwrap().passed.is_none());
            }
            Turn::Write => {
                let lives =
                    item.owner().is_none_or(|owner| acting.directory.people.contains_key(&owner.person));
                assert!(lives, "{item:?}");
            }
            Turn::Ask | Turn::Wait => {
                let due = item.due().unwrap();
                assert!(due > acting.world.at && due < acting.world.at + 400 * DAY, "{item:?}");
            }
        }
        if let Content::Alert(alert) = &item.content {
            let about = (alert.rule.clone(), alert.kpi.clone(), alert.unit.clone());
            assert!(subjects.insert(about), "two about the same");
        }
        if let Content::Case(of) = &item.content {
            assert!(rows.insert(of.row), "two about the same row");
        }
        if let Content::ActionPlan(plan) = &item.content {
            let until = midnight(plan.expected.until);
            assert!(item.due().unwrap() <= until.max(item.since) + 400 * DAY);
        }
    }
    for item in acting.world.organisation.items.all().filter(|item| item.ended.is_some()) {
        let open =
            acting.world.organisation.items.children(item.number).filter(|child| child.ended.is_none());
        let tasks = open.filter(|child| matches!(child.content, Content::Task(_))).count();
        // What a review decided is done after it.
        let is_review = matches!(item.content, Content::Review(_));
        assert!(tasks == 0 || is_review, "a plan has ended, and its tasks go on");
    }
}
