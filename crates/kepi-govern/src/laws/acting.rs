//! Laws of what is acted on: it is always a living person's turn or a bounded wait, whoever has something acts on it or says why not,
//! nothing is opened twice, and what was promised is measured.

use std::collections::BTreeSet;

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use super::{
    ALREADY_OPEN, BOUND, BY_ITSELF, CHILDREN_OPEN, INCOMPLETE, LOOK_AGAIN, NO_SUCH_OUTCOME, NOBODY_THERE,
    NOT_YOUR_TURN, NOTHING_NEW, ONE_SIDED, OWED, PLAN_OWED, SILENCED, SNOOZED_TOO_LONG, WENT_ON, case,
    deciding::Violated, review,
};
use crate::{
    acting::{
        Act, Deed, ItemAssigned, ItemAttended, ItemContacted, ItemEscalated, ItemFinished, ItemObserved,
        ItemRefused, ItemSnoozed, ItemStepped, Observe,
    },
    command::{Evidence, Facts, Open},
    directory::{Directory, Line, Reached},
    event::{Event, ItemEnded, ItemMoved, ItemOpened},
    items::{
        ActionPlan, Alert, Came, ChangeNotice, Commentary, Content, Decision, Effect, Handover, Item, Kind,
        Missed, Named, Notice, Outcome, Play, PostMortem, Seen, Task, TaskOf, Timeout, Turn, Untold,
        acting::{PLANNED, UNCHANGED},
        midnight,
        pain_point::CHANGED,
        play::SKIPPED,
    },
    organisation::Organisation,
    overrides::begins,
    plain::{Name, StepName},
    principal::Principal,
};

/// Who answers for what, if that was looked at; what is out of date is said.
pub(super) fn directory<'a>(
    organisation: &Organisation,
    facts: Facts<'a>,
    violated: &mut Violated<'_>,
) -> Option<&'a Directory> {
    let Evidence::Answerable(directory) = facts.evidence else { return None };
    if directory.register != organisation.register.position() {
        violated.say(LOOK_AGAIN, "what is in force has changed just now: try again");
    }
    if !organisation.items.unaccepted().keys().eq(&directory.unaccepted) {
        violated.say(LOOK_AGAIN, "who answers for what has changed just now: try again");
    }
    Some(directory)
}

pub(super) fn moved(item: u64, kind: &Kind, step: usize) -> Option<Event> {
    let to: StepName = kind.steps.get(step)?.name.parse().ok()?;
    Some(Event::ItemMoved(ItemMoved { item, to }))
}

pub(super) fn ended(item: u64, outcome: Outcome) -> Event {
    Event::ItemEnded(ItemEnded { item, outcome })
}

/// Until when somebody has to act on what an item is about who gets it now: hours of business of alerts and cases, of all else days, which have
/// as many hours as the unit works.
fn within(directory: &Directory, (content, step): (&Content, usize), at: i64) -> i64 {
    let unit = content.unit();
    match content {
        Content::Alert(alert) => directory.due(unit, at, alert.severity.hours()),
        Content::Case(of) => directory.due(unit, at, of.hours),
        Content::Play(of) => directory.due(unit, at, of.each.get(step).map_or(of.hours, |step| step.hours)),
        Content::Review(of) => directory.due_in_days(unit, at, of.days()),
        // Once that has passed whoever has it by then gets a day.
        Content::Attestation(of) if of.cut_off > at => of.cut_off,
        Content::Attestation(_) => directory.due_in_days(unit, at, 1),
        other => {
            let mut steps = other.kind().steps.iter();
            let step = steps.find(|step| matches!(step.turn, Turn::Work)).or(other.kind().steps.first());
            directory.due_in_days(unit, at, step.map_or(1, |step| step.due))
        }
    }
}

/// Until when somebody acts who gets an item now: a day that its content says, if that is not tomorrow already, or as long as such
/// an item takes.
fn due(directory: &Directory, (content, step): (&Content, usize), at: i64) -> i64 {
    let last = match content {
        Content::Task(task) => Some(task.action.by),
        Content::ActionPlan(plan) => plan.actions.iter().map(|action| action.by).max(),
        _ => None,
    };
    match last.and_then(|day| day.tomorrow().ok()) {
        Some(end) => midnight(end).max(directory.due_in_days(content.unit(), at, 1)),
        None => within(directory, (content, step), at),
    }
}

/// How many steps of a playbook are done.
fn step_of(organisation: &Organisation, item: u64) -> usize {
    organisation.items.get(item).map_or(0, |item| item.work.stepped.len())
}

/// Whose a step of a playbook is: whoever it names, or holds her seat in the unit; else whoever answers for the KPI there.
fn of_step(directory: &Directory, play: &Play, step: usize, at: i64) -> Option<Vec<Reached>> {
    match play.each.get(step).and_then(|step| step.by) {
        Some(by) => directory.seated(by, play.unit.as_ref(), at),
        None => directory.owner(&play.kpi, play.unit.as_ref(), at, &BTreeSet::new()),
    }
}

/// Who is told where nobody acted in time: the next rung of its ladder, from the last one on whoever is above.
fn raised_to(item: &Item, directory: &Directory, at: i64) -> Option<Event> {
    let owner = item.owner()?;
    let (content, ladder) = (&item.content, item.content.ladder());
    let rung = ladder.get(usize::from(owner.rung));
    let named = rung.and_then(|rung| rung.to).and_then(|to| {
        let way = directory.seated(to, content.unit(), at)?;
        (way.last()?.person != owner.person).then_some(way)
    });
    let way = named.or_else(|| directory.above(owner.person, at))?;
    let due = match rung.or(ladder.last()) {
        Some(rung) => directory.due(content.unit(), at, rung.hours),
        None => within(directory, (content, item.work.stepped.len()), at),
    };
    Some(Event::ItemEscalated(ItemEscalated { item: item.number, way, due }))
}

/// Whose something is at first. What nobody is there for is said.
fn owner(
    organisation: &Organisation,
    (item, content, by): (u64, &Content, &Principal),
    directory: &Directory,
    at: i64,
    violated: &mut Violated<'_>,
) -> Vec<Reached> {
    let nobody = BTreeSet::new();
    let way = match content {
        Content::Task(task) => directory.named(task.action.owner, at),
        Content::PostMortem(of) => match &of.of {
            Missed::Plan(plan) => {
                let plan = organisation.items.get(*plan).and_then(|plan| plan.work.owner.as_ref());
                plan.and_then(|owner| directory.named(owner.person, at))
            }
            Missed::Initiative { owner, .. } => directory.named(*owner, at),
        },
        Content::ActionPlan(plan) => match by {
            Principal::Person(author) => directory.named(*author, at),
            Principal::Job(_) => directory.owner(&plan.kpi, plan.unit.as_ref(), at, &nobody),
        },
        Content::Alert(alert) => directory.owner(&alert.kpi, alert.unit.as_ref(), at, &nobody),
        Content::Case(of) => directory.owner(&of.kpi, of.unit.as_ref(), at, &nobody),
        Content::Play(of) => of_step(directory, of, step_of(organisation, item), at),
        Content::PainPoint(of) => directory.owner(&of.kpi, of.unit.as_ref(), at, &nobody),
        Content::Review(of) => directory.named(of.chair, at),
        Content::Dispute(of) => {
            let way = directory.owner(&of.kpi, of.unit.as_ref(), at, &nobody);
            // Nobody answers herself. But what is open stands with somebody who lives, whoever else has left: she can give it
            // to others, and a clock that had nobody to turn to would stand still for all.
            let is_open = organisation.items.get(item).is_some();
            match (way.as_ref().and_then(|way| way.last()), by) {
                (Some(stop), Principal::Person(by)) if stop.person == *by => {
                    directory.above(*by, at).or(way.filter(|_| is_open))
                }
                _ => way,
            }
        }
        Content::Attestation(of) => directory.keeper(of.steward, &of.source, of.unit.as_ref(), at),
        // Nobody signs or reads for somebody else, also while she is away.
        Content::Handover(Handover { to, .. })
        | Content::Notice(Notice { to, .. })
        | Content::ChangeNotice(ChangeNotice { to, .. }) => {
            let stop = Reached { person: *to, by: Line::Named, unit: None, passed: None };
            directory.people.contains_key(to).then(|| vec![stop])
        }
        _ => None,
    };
    if way.is_none() && matches!(content, Content::Dispute(_)) {
        violated.say(NOBODY_THERE, "nobody is above you who could answer it, and nobody answers herself");
    } else if way.is_none() {
        violated.say(
            NOBODY_THERE,
            "there is nobody who could have it: write a document `person: …`, and name `last_resort` in the project",
        );
    }
    way.unwrap_or_default()
}

/// That an item goes to whom it belongs to, in the step in which somebody works on it.
pub(super) fn handed(
    organisation: &Organisation,
    item: (u64, &Content, &Principal),
    directory: &Directory,
    at: i64,
    violated: &mut Violated<'_>,
) -> Event {
    let (item, content, by) = item;
    let way = owner(organisation, (item, content, by), directory, at, violated);
    let due = due(directory, (content, step_of(organisation, item)), at);
    Event::ItemAssigned(ItemAssigned { item, way, bound: false, due })
}

/// What is opened, and with whom it is from now on.
pub(super) fn opens(
    organisation: &Organisation,
    open: &Open,
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let item = organisation.items.next();
    let opened = ItemOpened { item, content: open.content.clone(), why: open.why };
    let first = handed(organisation, (item, &open.content, facts.by), directory, facts.at, violated);
    Some(vec![Event::ItemOpened(opened), first])
}

/// What is opened by itself: a signal.
pub(super) fn raised(
    organisation: &Organisation,
    open: &Open,
    alert: &Alert,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "a run raises alerts, by what the definitions say: `alert: …`");
    }
    for item in organisation.items.all() {
        let Content::Alert(other) = &item.content else { continue };
        if !alert.is_about_the_same(other) {
            continue;
        }
        let last = item.work.last_period().unwrap_or(other.period);
        if item.ended.is_none() {
            violated.say(ALREADY_OPEN, format!("item {} is about the same", item.number));
        } else if alert.period.grain == last.grain && alert.period.first <= last.first {
            violated
                .say(NOTHING_NEW, format!("item {} was about the same period, and has ended", item.number));
        }
    }
    let silence = organisation.silences.of(&alert.rule, &alert.kpi, alert.unit.as_ref(), facts.at);
    if let Some(silence) = silence {
        violated.say(SILENCED, format!("silence {silence} holds: `kepi silence list`"));
    }
    opens(organisation, open, directory, facts, violated)
}

/// Something that gets in the way of customers, said by somebody who sees it.
pub(super) fn pained(
    organisation: &Organisation,
    open: &Open,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    super::deciding::is_there(organisation, facts.by, violated);
    if matches!(facts.by, Principal::Job(_)) {
        violated.say(BY_ITSELF, "a person says what gets in the way");
    }
    opens(organisation, open, directory, facts, violated)
}

/// Whether there is a change request of the KPI since, where somebody says that one came of a pain point, or did what a review asked for.
fn is_changed(organisation: &Organisation, item: &Item, outcome: &Name, violated: &mut Violated<'_>) {
    let of_review = match &item.content {
        Content::Task(Task { of: TaskOf::Point { review, point }, .. }) => {
            organisation.items.get(*review).and_then(|of| of.work.decided.get(point))
        }
        _ => None,
    };
    let asks_for_change = of_review.is_some_and(|of| of.decision == Decision::Change);
    if outcome.as_str() == UNCHANGED && !asks_for_change {
        violated.say(
            NO_SUCH_OUTCOME,
            "only where a review asked for a change it can be said that there is none: it is `done`, or dismissed",
        );
    }
    let says_so = match &item.content {
        Content::PainPoint(_) => outcome.as_str() == CHANGED,
        _ => asks_for_change && outcome.as_str() != UNCHANGED,
    };
    let Some((kpi, _)) = organisation.items.about(&item.content).filter(|_| says_so) else { return };
    let id = format!("kpi/{kpi}");
    let changes = |other: &Item| {
        let change = other.content.change();
        let texts =
            change.into_iter().flat_map(|of| of.adoptions.iter().flat_map(|adopted| adopted.texts.keys()));
        texts.into_iter().any(|text| text.to_string() == id)
    };
    if !organisation.items.all().any(|other| other.number > item.number && changes(other)) {
        violated.say(
            INCOMPLETE,
            match asks_for_change {
                true => format!("nobody has asked for a change of {id} since: `kepi propose`, or its page; or say that there is none, `no_change`, and why"),
                false => format!("nobody has asked for a change of {id} since: `kepi propose`, or its page, then say that it came of this"),
            },
        );
    }
}

/// A plan that is asked for before a review opens, or a post-mortem of an initiative: once, by what is published.
pub(super) fn asked_by_figures(
    organisation: &Organisation,
    open: &Open,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(
            BY_ITSELF,
            "that comes of what is published: `review: …`, `initiative: …`, a period that is closed",
        );
    }
    let is_same = |item: &&Item| match (&item.content, &open.content) {
        (
            Content::Task(Task { of: of @ (TaskOf::Before { .. } | TaskOf::Comment { .. }), .. }),
            Content::Task(task),
        ) => *of == task.of,
        (Content::PostMortem(PostMortem { of, .. }), Content::PostMortem(new)) => match (of, &new.of) {
            (Missed::Initiative { name, kpi, .. }, Missed::Initiative { name: other, kpi: at, .. }) => {
                (name, kpi) == (other, at)
            }
            _ => false,
        },
        _ => false,
    };
    if let Some(other) = organisation.items.all().find(is_same) {
        violated.say(ALREADY_OPEN, format!("item {} is, or was, about the same", other.number));
    }
    opens(organisation, open, directory, facts, violated)
}

/// What starts a run of a playbook: nothing twice while one is open, or within its cool-down.
pub(super) fn played(
    organisation: &Organisation,
    open: &Open,
    play: &Play,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "a run starts playbooks, by what the definitions say: `playbook: …`");
    }
    for item in organisation.items.all() {
        let Content::Play(other) = &item.content else { continue };
        if !play.is_about_the_same(other) {
            continue;
        }
        let cools = item.opened + i64::from(other.cool_down) * 24 * 3_600_000_000 > facts.at;
        if item.ended.is_none() || cools {
            violated
                .say(ALREADY_OPEN, format!("item {} was started by the same, and cools down", item.number));
        }
    }
    if !play.is_watched() {
        return opens(organisation, open, directory, facts, violated);
    }
    let item = organisation.items.next();
    let opened = ItemOpened { item, content: open.content.clone(), why: open.why };
    let watched = moved(item, open.content.kind(), 1)?;
    Some(vec![Event::ItemOpened(opened), watched])
}

/// What comes by itself of an adoption: something goes to somebody else, who accepts it, or goes altogether, and who uses it is told.
pub(super) fn told(
    organisation: &Organisation,
    open: &Open,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "handovers and notices come of what is adopted");
    }
    let mut others = organisation.items.all();
    let before = match &open.content {
        Content::Handover(of) => {
            if of.from == of.to || of.register != directory.register || !of.stands(directory) {
                violated.say(NOTHING_NEW, "that is nobody's to hand over by what is in force");
            }
            others.find(|item| {
                matches!(&item.content, Content::Handover(other)
                    if (other.from, other.to, other.register) == (of.from, of.to, of.register))
            })
        }
        Content::Notice(of) => {
            let is_so = match of.announced {
                true => directory.ending.get(&of.kpi) == Some(&of.from),
                false => !directory.accountable.contains_key(&of.kpi),
            };
            if of.register != directory.register || !is_so {
                violated.say(NOTHING_NEW, "that KPI does not go, or from another day on");
            }
            others.find(|item| matches!(&item.content, Content::Notice(other) if other == of))
        }
        Content::Attestation(of) => {
            let by_rule = directory.attests.get(&(of.source.clone(), of.unit.clone())).is_some_and(|rule| {
                (rule.steward, rule.every, rule.days, rule.otherwise)
                    == (of.steward, of.period.grain, of.days, of.otherwise)
            });
            let cut_off = directory.due_in_days(of.unit.as_ref(), midnight(of.until), of.days);
            if !by_rule || of.cut_off != cut_off || begins(of.until).is_some_and(|over| facts.at < over) {
                violated.say(NOTHING_NEW, "nobody attests that, or its period is not over");
            }
            others
                .find(|item| matches!(&item.content, Content::Attestation(other) if other.is_of_the_same(of)))
        }
        Content::ChangeNotice(of) => {
            if of.register != directory.register || of.before >= of.register || of.kpis.is_empty() {
                violated.say(NOTHING_NEW, "nothing of that was changed by what is in force");
            }
            others.find(|item| {
                matches!(&item.content, Content::ChangeNotice(other)
                    if (other.to, other.register) == (of.to, of.register))
            })
        }
        _ => None,
    };
    if let Some(item) = before {
        violated.say(ALREADY_OPEN, format!("item {} is about the same", item.number));
    }
    opens(organisation, open, directory, facts, violated)
}

/// What holds for a plan that is filed.
pub(super) fn of_plan(
    organisation: &Organisation,
    plan: &ActionPlan,
    (item, facts): (Option<u64>, Facts<'_>),
    violated: &mut Violated<'_>,
) {
    let mut missing = |what: &str| violated.say(INCOMPLETE, format!("the plan is not whole: {what}"));
    if plan.actions.is_empty() {
        missing("it has no actions");
    }
    if plan.actions.iter().any(|action| action.by.tomorrow().map_or(0, midnight) <= facts.at) {
        missing("an action is due on a day that has passed");
    }
    if plan.expected.change.get() == 0.0 {
        missing("it expects no change");
    }
    let (from, to) = (plan.expected.from, plan.expected.to);
    if from.grain != to.grain || to.first <= from.first || plan.expected.until <= to.first {
        missing("the effect is measured from a period to a later one of the same length");
    }
    if plan.expected.until > day_after(facts.at, EFFECT_WITHIN) {
        missing("its effect is measured within two years");
    }
    if plan.actions.iter().any(|action| action.by >= plan.expected.until) {
        missing("an action is due only after the period in which its effect is measured");
    }
    if midnight(plan.expected.until) <= facts.at {
        missing("the period in which it is measured is over: what is expected is said before");
    }
    if let Evidence::Answerable(directory) = facts.evidence {
        let gone = |person: &u64| !directory.people.contains_key(person);
        if Item::planned_for(plan).iter().any(gone) {
            missing("somebody is to do something who is no person of this project");
        }
    }
    let Some(number) = plan.alert else { return };
    let mut others =
        organisation.items.children(number).filter(|of| matches!(of.content, Content::ActionPlan(_)));
    if let Some(other) = others.find(|other| other.ended.is_none() && Some(other.number) != item) {
        violated.say(ALREADY_OPEN, format!("item {} answers the same with a plan", other.number));
    }
    match organisation.items.get(number).map(|alert| (&alert.content, alert.ended)) {
        Some((content, None)) if asks_for_plan(organisation, content) => {
            if organisation.items.about(content) != Some((&plan.kpi, plan.unit.as_ref())) {
                violated.say(INCOMPLETE, "the plan is not about the KPI and unit of what it answers");
            }
            // Whoever has the alert answers it, or whoever is above her.
            let new =
                organisation.items.get(number).filter(|alert| item.is_none() && alert.owner().is_some());
            if let (Some(alert), Evidence::Answerable(directory)) = (new, facts.evidence) {
                is_with(alert, facts, directory, violated);
            }
        }
        _ => violated.say(
            INCOMPLETE,
            format!("item {number} is no alert that is open, and no task that asks for a plan"),
        ),
    }
}

/// Days within which the effect of a plan is measured.
const EFFECT_WITHIN: i64 = 731;

/// The day so many days after an instant, UTC.
pub(super) fn day_after(at: i64, days: i64) -> Date {
    let day = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date();
    day.saturating_add(Span::new().days(days))
}

/// Whether a plan answers it: an alert, or a task by which a review asks for one.
pub(crate) fn asks_for_plan(organisation: &Organisation, content: &Content) -> bool {
    match content {
        Content::Alert(_) => true,
        Content::Task(Task { of: TaskOf::Point { review, point }, .. }) => {
            let decided = organisation.items.get(*review).and_then(|of| of.work.decided.get(point));
            decided.is_some_and(|of| of.decision == Decision::Plan)
        }
        Content::Task(Task { of: TaskOf::Before { .. }, .. }) => true,
        _ => false,
    }
}

/// Whether it is a task by which a review asks for a plan: nothing else answers it.
fn is_plan_owed(organisation: &Organisation, content: &Content) -> bool {
    matches!(content, Content::Task(_)) && asks_for_plan(organisation, content)
}

fn plan_owed(task: u64) -> String {
    format!(
        "a plan is owed, and only a plan answers it: `kepi item {task} plan …`; who cannot write one assigns it"
    )
}

/// What comes of a plan that was agreed to: its author works on it, its actions are tasks, and its alert has its answer.
pub(super) fn planned(
    organisation: &Organisation,
    item: &Item,
    plan: &ActionPlan,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    let (kind, number, by) = (item.content.kind(), item.number, facts.by);
    let working = kind.steps.iter().position(|step| step.turn == Turn::Work)?;
    let mut events = vec![
        moved(number, kind, working)?,
        handed(organisation, (number, &item.content, &item.editor), directory, facts.at, violated),
    ];
    let numbers = organisation.items.next().max(number + 1)..;
    for (next, action) in numbers.zip(&plan.actions) {
        let content = Content::Task(Task { of: TaskOf::Plan(number), action: action.clone() });
        let opened = ItemOpened { item: next, content: content.clone(), why: action.what };
        events.push(Event::ItemOpened(opened));
        events.push(handed(organisation, (next, &content, by), directory, facts.at, violated));
    }
    let alert = plan.alert.and_then(|alert| organisation.items.get(alert));
    if let Some(alert) = alert.filter(|alert| alert.step().is_some_and(|step| step.turn == Turn::Work)) {
        let outcome: Name = PLANNED.parse().ok()?;
        events.push(Event::ItemFinished(ItemFinished {
            item: alert.number,
            outcome,
            cause: None,
            why: None,
        }));
        // An alert waits for the figures; a task is done.
        let then = moved(alert.number, alert.content.kind(), alert.step + 1);
        events.push(then.unwrap_or_else(|| ended(alert.number, Outcome::Done)));
    }
    Some(events)
}

/// What holds for what was learnt.
pub(super) fn of_post_mortem(was: Option<&PostMortem>, of: &PostMortem, violated: &mut Violated<'_>) {
    if was.is_none_or(|was| was.of != of.of) {
        violated.say(BY_ITSELF, "a post-mortem comes of a plan or an initiative, and stays with it");
    }
    if of.findings.is_none() || of.follows.is_none() {
        violated.say(INCOMPLETE, "a post-mortem says why the effect did not come, and what follows");
    }
}

/// What holds for what is said of a figure.
pub(super) fn of_commentary(of: &Commentary, violated: &mut Violated<'_>) {
    if of.named.is_one_sided() {
        let Named { favourable, all_other, .. } = of.named;
        violated.say(
            ONE_SIDED,
            format!(
                "of the segments it names only such as are better than before ({favourable}), and none of those that are not ({all_other}): say what of these"
            ),
        );
    }
}

/// Whether an item is with somebody, who may act on it: she herself, or whoever is above her.
pub(super) fn is_with(
    item: &Item,
    facts: Facts<'_>,
    directory: &Directory,
    violated: &mut Violated<'_>,
) -> Option<u64> {
    // Whoever had it before is told that it went on, and attempts nothing by that.
    let had = |by: u64| {
        let of = &item.work;
        let missed = of.missed.iter().map(|(person, _)| person);
        of.refused
            .iter()
            .chain(missed)
            .chain(of.owner.as_ref().map(|owner| &owner.person))
            .any(|had| *had == by)
    };
    let went_on = matches!(facts.by, Principal::Person(by) if had(*by));
    let Some(owner) = item.owner() else {
        let law = if went_on { WENT_ON } else { NOT_YOUR_TURN };
        violated.say(law, format!("nobody works on item {} just then: `kepi item {0}`", item.number));
        return None;
    };
    if let Principal::Person(by) = facts.by
        && went_on
        && owner.person != *by
        && !is_above(*by, owner.person, directory)
    {
        violated.say(WENT_ON, format!("item {} is with somebody else by now: `kepi item {0}`", item.number));
        return None;
    }
    is_of(item, owner.person, facts, directory, violated)
}

/// Whether somebody is above a person, or the last resort of all.
fn is_above(by: u64, person: u64, directory: &Directory) -> bool {
    directory.superiors(person).contains(&by) || directory.last_resort.first() == Some(&by)
}

/// Whether somebody may act on what a person has, or had: she herself, or whoever is above her.
pub(super) fn is_of(
    item: &Item,
    person: u64,
    facts: Facts<'_>,
    directory: &Directory,
    violated: &mut Violated<'_>,
) -> Option<u64> {
    let Principal::Person(by) = facts.by else {
        violated.say(NOT_YOUR_TURN, "a job does nobody's work");
        return None;
    };
    if *by != person && !is_above(*by, person, directory) {
        violated.say(NOT_YOUR_TURN, format!("item {} is with somebody else: `kepi item {0}`", item.number));
        return None;
    }
    Some(*by)
}

pub(super) fn acted(
    organisation: &Organisation,
    act: &Act,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    let Some(item) = super::deciding::open_item(organisation, act.item, facts, violated) else {
        return Some(Vec::new());
    };
    if let Deed::Answer { settled, note } = act.deed {
        return Some(case::answered(organisation, item, (settled, note), directory, facts, violated));
    }
    let Some(by) = is_with(item, facts, directory, violated) else { return Some(Vec::new()) };
    let Some(owner) = item.owner() else { return Some(Vec::new()) };
    let (number, kind) = (item.number, item.content.kind());
    let itself = by == owner.person;
    let own = |violated: &mut Violated<'_>| {
        if !itself {
            violated.say(NOT_YOUR_TURN, "only whom it is with says that; whoever is above assigns it");
        }
    };
    Some(match &act.deed {
        Deed::Acknowledge => {
            own(violated);
            if item.work.acknowledged.is_some() {
                violated.say(NOTHING_NEW, "that was said already");
            }
            vec![Event::ItemAcknowledged(number)]
        }
        Deed::Assign { to } => {
            if !directory.people.contains_key(to) {
                violated.say(NOBODY_THERE, "to whom it is to go is no person of this project");
            }
            if *to == owner.person {
                violated.say(NOTHING_NEW, "it is with her already");
            }
            let bound = item.work.refused.contains(to);
            vec![assigned(number, directory.named(*to, facts.at)?, bound, owner.due)]
        }
        Deed::Refuse { why } => {
            own(violated);
            if owner.bound {
                violated.say(BOUND, "it cannot be refused any more: finish it, dismiss it, or assign it");
            }
            let refused = Event::ItemRefused(ItemRefused { item: number, why: *why });
            if let Content::Handover(_) = &item.content {
                // It stands with her superior already, who gives it back or proposes somebody else.
                let way = directory.above(by, facts.at);
                let events = way.map(|way| vec![refused.clone(), assigned(number, way, true, owner.due)]);
                return events.or_else(|| {
                    violated.say(BOUND, "nobody is above who could propose somebody else: accept it");
                    Some(vec![refused])
                });
            }
            let all: Vec<u64> = item.work.refused.iter().copied().chain([by]).collect();
            match directory.after_refusals(&all, facts.at) {
                Some((way, bound)) if way.last().is_some_and(|stop| stop.person != by) => {
                    vec![refused, assigned(number, way, bound, owner.due)]
                }
                _ => {
                    violated.say(BOUND, "nobody else could take it: finish it, or dismiss it");
                    vec![refused]
                }
            }
        }
        Deed::Snooze { until, why } => {
            own(violated);
            if *until <= facts.at || *until > owner.due {
                violated.say(SNOOZED_TOO_LONG, "it is seen again later than now, and before it is due");
            }
            vec![Event::ItemSnoozed(ItemSnoozed { item: number, until: *until, why: *why })]
        }
        Deed::Dismiss { why } => {
            if is_plan_owed(organisation, &item.content) {
                violated.say(PLAN_OWED, plan_owed(number));
            }
            if !kind.may_end {
                violated.say(OWED, "it is owed, and cannot be dismissed");
            }
            let outcome: Name = Outcome::Dismissed.word().parse().ok()?;
            let mut events = vec![Event::ItemFinished(ItemFinished {
                item: number,
                outcome,
                cause: None,
                why: Some(*why),
            })];
            events.push(ended(number, Outcome::Dismissed));
            // What a plan had begun ends with it, and its alert is somebody's turn again.
            let tasks = organisation.items.children(number);
            let tasks = tasks.filter(|of| of.ended.is_none() && matches!(of.content, Content::Task(_)));
            events.extend(tasks.map(|task| ended(task.number, Outcome::Dismissed)));
            let alert = item.content.parent().and_then(|parent| organisation.items.get(parent));
            if let Some(alert) = alert.filter(|alert| matches!(alert.content, Content::Alert(_))) {
                events.extend(again(organisation, alert, directory, facts, violated));
            }
            events
        }
        Deed::Contact { by, reached, note } => {
            case::may_be_contacted(item, violated);
            vec![Event::ItemContacted(ItemContacted {
                item: number,
                by: *by,
                reached: *reached,
                note: *note,
            })]
        }
        Deed::Attend { present } => {
            if !matches!(item.content, Content::Review(_)) {
                violated.say(NO_SUCH_OUTCOME, "who was there is said of reviews");
            }
            if present.is_empty() || present.iter().any(|of| !directory.people.contains_key(of)) {
                violated.say(NOBODY_THERE, "those who were there are persons of this project, one at least");
            }
            vec![Event::ItemAttended(ItemAttended { item: number, present: present.clone() })]
        }
        Deed::Decide { point, decision, why, follows } => {
            let of = (*point, *decision, *why, *follows);
            review::decided(organisation, item, of, directory, facts, violated)
        }
        // Taken above: it can be said of what nobody works on.
        Deed::Answer { .. } => Vec::new(),
        Deed::Finish { outcome, cause, step, why } => {
            case::has_cause(item, cause.as_ref(), violated);
            let at = item.play_step().map(|(place, _)| place + 1);
            if step.is_some_and(|step| at != Some(usize::from(step))) {
                violated.say(
                    NOTHING_NEW,
                    match at {
                        Some(at) => format!(
                            "step {at} is being done: of another one nothing is said any more, or not yet"
                        ),
                        None => "no step of it is being done".to_owned(),
                    },
                );
            }
            if !kind.outcomes.contains(&outcome.as_str()) {
                let all = kind.outcomes.join(", ");
                violated.say(
                    NO_SUCH_OUTCOME,
                    match all.is_empty() {
                        true => format!("{} is finished by writing it", kind.name),
                        false => format!("what comes of {} is one of: {all}", kind.name),
                    },
                );
            }
            if let Content::Handover(Handover { to, .. })
            | Content::Notice(Notice { to, .. })
            | Content::ChangeNotice(ChangeNotice { to, .. }) = &item.content
                && *to != by
            {
                violated.say(
                    NOT_YOUR_TURN,
                    "only whose it is to be accepts it: give it back to her, or propose that somebody else answers for it",
                );
            }
            if is_plan_owed(organisation, &item.content) {
                violated.say(PLAN_OWED, plan_owed(number));
            }
            if matches!(item.content, Content::Dispute(_)) && item.authors.contains(facts.by) {
                violated.say(
                    NOT_YOUR_TURN,
                    "who says that a figure is not right does not answer it: assign it to somebody else",
                );
            }
            if let Content::Task(Task { of: TaskOf::Comment { kpi, period }, .. }) = &item.content
                && !organisation.items.is_explained(kpi, None, *period)
            {
                violated.say(
                    INCOMPLETE,
                    format!("nobody has said why kpi/{kpi} is as it is in {period}: `kepi comment {kpi} …`"),
                );
            }
            review::is_decided(item, violated);
            is_changed(organisation, item, outcome, violated);
            if matches!(item.content, Content::Play(_)) && outcome.as_str() == SKIPPED && why.is_none() {
                violated.say(INCOMPLETE, "say why the step is not done");
            }
            if let Content::Play(of) = &item.content
                && item.goes_on(outcome)
            {
                // The next step is another task, of whoever does that, with a clock of its own.
                let next = item.work.stepped.len() + 1;
                let stepped = ItemStepped { item: number, outcome: outcome.clone(), why: *why };
                let way = of_step(directory, of, next, facts.at)?;
                let due = within(directory, (&item.content, next), facts.at);
                return Some(vec![Event::ItemStepped(stepped), assigned(number, way, false, due)]);
            }
            let open = organisation.items.children(number).filter(|child| child.ended.is_none()).count();
            // What a review decided is done after it.
            if open > 0 && !matches!(item.content, Content::Alert(_) | Content::Review(_)) {
                violated.say(CHILDREN_OPEN, format!("{open} of what belongs to it is not finished yet"));
            }
            let (outcome, cause, why) = (outcome.clone(), cause.clone(), *why);
            let finished = Event::ItemFinished(ItemFinished { item: number, outcome, cause, why });
            let next = moved(number, kind, item.step + 1).filter(|_| case::is_to_be_confirmed(item));
            let mut events = vec![finished, next.unwrap_or(ended(number, Outcome::Done))];
            if let Content::Handover(of) = &item.content {
                events.extend(given(organisation, of, directory, facts.at));
            }
            events
        }
    })
}

/// What waits and belongs to what was handed over goes with it; the clock runs on.
fn given(organisation: &Organisation, of: &Handover, directory: &Directory, at: i64) -> Vec<Event> {
    let open = of.items.iter().filter_map(|number| organisation.items.get(*number));
    let theirs =
        open.filter_map(|item| item.owner().filter(|owner| owner.person != of.to).map(|o| (item, o)));
    theirs
        .filter_map(|(item, owner)| {
            Some(assigned(item.number, directory.named(of.to, at)?, owner.bound, owner.due))
        })
        .collect()
}

fn assigned(item: u64, way: Vec<Reached>, bound: bool, due: i64) -> Event {
    Event::ItemAssigned(ItemAssigned { item, way, bound, due })
}

/// An item that waits for data is somebody's turn again.
pub(super) fn again(
    organisation: &Organisation,
    item: &Item,
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    let waits = item.step().is_some_and(|step| step.turn == Turn::Wait);
    let (number, kind) = (item.number, item.content.kind());
    let Some(back) = moved(number, kind, 0).filter(|_| waits) else { return Vec::new() };
    vec![back, handed(organisation, (number, &item.content, &item.editor), directory, facts.at, violated)]
}

pub(super) fn observed(
    organisation: &Organisation,
    of: &Observe,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "what is seen of figures comes of a run");
    }
    let Some(item) = super::deciding::open_item(organisation, of.item, facts, violated) else {
        return Some(Vec::new());
    };
    let number = item.number;
    let mut events = vec![Event::ItemObserved(ItemObserved { item: number, seen: of.seen.clone() })];
    match (&item.content, &of.seen) {
        (Content::Review(review), Seen::Agenda(points)) => {
            review::extended(review, points, violated);
        }
        // The figure for which a plan was asked is red no more, or somebody has said why it is as it is: nobody owes anything.
        (
            Content::Task(Task { of: TaskOf::Before { .. } | TaskOf::Comment { .. }, .. }),
            Seen::Clear { .. },
        ) => {
            events.push(ended(number, Outcome::Recovered));
        }
        (Content::Alert(alert), Seen::Signal { period, .. } | Seen::Clear { period, .. }) => {
            let last = item.work.last_period().unwrap_or(alert.period);
            let is_signal = matches!(of.seen, Seen::Signal { .. });
            // Data that were overdue may come on the day on which that was said.
            let came = alert.sign.is_of_days() && !is_signal && period.first == last.first;
            if period.grain != last.grain || period.first <= last.first && !came {
                violated.say(NOTHING_NEW, "a later period was seen already");
            }
            let clear = item.work.clear() + usize::from(!is_signal);
            if !is_signal && clear >= usize::from(alert.clear) {
                events.push(ended(number, Outcome::Recovered));
            }
            // What was said to be fixed is not: a period that began after that says so.
            let fixed = item.work.finished.as_ref().filter(|(outcome, _)| outcome.as_str() == "fixed");
            if is_signal && fixed.is_some_and(|(_, at)| midnight(period.first) > *at) {
                events.extend(again(organisation, item, directory, facts, violated));
            } else if is_signal
                && let Some(owner) = item.owner()
                && let Some(lasts) =
                    item.content.ladder().get(usize::from(owner.rung)).and_then(|rung| rung.lasts)
                && item.work.lasted() + 1 >= usize::from(lasts)
            {
                // What lasts so long is not left to whoever has it, whatever the clock says.
                events.extend(raised_to(item, directory, facts.at));
            }
        }
        (Content::ActionPlan(_), Seen::Effect(effect)) => {
            if item.step().is_none_or(|step| step.turn != Turn::Wait) {
                violated.say(NOTHING_NEW, "the plan is not carried out yet, or measured already");
            }
            events.extend(measured(organisation, item, effect, directory, facts, violated));
        }
        (Content::Play(_), Seen::Helped { .. }) => {
            if item.helped().is_some() {
                violated.say(NOTHING_NEW, "it was seen already whether that helped");
            }
            // What somebody still works on goes on.
            events.extend(
                item.step().filter(|step| step.turn == Turn::Wait).map(|_| ended(number, Outcome::Done)),
            );
        }
        _ => violated.say(NOTHING_NEW, "that is nothing that is seen of an item of this kind"),
    }
    Some(events)
}

/// A plan ends with what it has come to; if that is not what was expected, it is asked why.
fn measured(
    organisation: &Organisation,
    item: &Item,
    effect: &Effect,
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    let mut events = vec![ended(item.number, Outcome::Done)];
    if effect.came != Came::Shown || !effect.enough {
        let next = organisation.items.next();
        let of = Missed::Plan(item.number);
        let content = Content::PostMortem(PostMortem { of, findings: None, follows: None });
        let opened = ItemOpened { item: next, content: content.clone(), why: item.why };
        events.push(Event::ItemOpened(opened));
        events.push(handed(organisation, (next, &content, facts.by), directory, facts.at, violated));
    }
    events
}

/// What time alone brings about for one item; none: nothing is due, or it stands where it is.
pub(super) fn in_time(
    organisation: &Organisation,
    item: &Item,
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    let (number, at) = (item.number, facts.at);
    let Some(step) = item.step().filter(|_| !directory.people.is_empty()) else { return Vec::new() };
    match &item.content {
        // Somebody else is to have it by now: another item says so.
        Content::Handover(of) if !of.stands(directory) => return vec![ended(number, Outcome::Recovered)],
        Content::Notice(Notice { to, .. }) | Content::ChangeNotice(ChangeNotice { to, .. })
            if !directory.people.contains_key(to) =>
        {
            return vec![ended(number, Outcome::Recovered)];
        }
        _ => {}
    }
    if let Some(owner) = item.owner()
        && !directory.people.contains_key(&owner.person)
    {
        let mut event = handed(organisation, (number, &item.content, &item.editor), directory, at, violated);
        // Whom it was given to at first may be gone: then it is the last resort's. The clock runs on.
        if let Event::ItemAssigned(e) = &mut event {
            e.due = owner.due;
        }
        return vec![event];
    }
    if item.due().is_none_or(|due| due > at) {
        return Vec::new();
    }
    match (step.timeout, item.owner()) {
        (Timeout::Up, Some(_)) => raised_to(item, directory, at).into_iter().collect(),
        (Timeout::Back, _) => again(organisation, item, directory, facts, violated),
        (Timeout::GoOn, _) if matches!(item.content, Content::ActionPlan(_)) && step.turn == Turn::Wait => {
            let effect = Effect {
                came: Came::NotComputable,
                change: None,
                enough: false,
                run: None,
                beside: None,
                untold: Some(Untold::NotInTime),
            };
            let seen = ItemObserved { item: number, seen: Seen::Effect(effect.clone()) };
            let then = measured(organisation, item, &effect, directory, facts, violated);
            [Event::ItemObserved(seen)].into_iter().chain(then).collect()
        }
        (Timeout::GoOn, _) => vec![ended(number, Outcome::Done)],
        (Timeout::Lapse | Timeout::Revert | Timeout::Up, _) => Vec::new(),
    }
}
