//! Laws of what is proposed and decided: nobody decides on what they wrote or what touches themselves, all decide on the same
//! content, and what takes effect is what was decided on.

use std::collections::BTreeSet;

use kepi_model::{
    governance::{Aspect, Mode},
    id::KpiId,
    project::WhenLate,
};

use super::{
    ALREADY_OPEN, ASPECTS, BY_ITSELF, CONCERNED, ENOUGH_SAID, FROZEN, LAPSED, LOOK_AGAIN, NO_DAYS,
    NO_EMERGENCY, NO_FIGURE, NO_ITEM, NO_OBJECTION, NOBODY, NOT_ASKED, NOT_ASKING, NOT_ATTESTED, NOT_BEGUN,
    NOT_ENTERED, NOT_FROZEN, NOT_OVERRIDDEN, NOT_THERE, NOT_TO_CLOSE, NOT_YOURS, NOTHING_DIFFERS,
    NOTHING_DUE, OTHER_CONTENT, OUTDATED, OVER_ALREADY, OWN, REPLACED, RESERVED, UNRATIFIED, UNSAID,
    Violation, acting, case, review,
};
use crate::{
    command::{Edit, Evidence, Facts, Open, Remark, Vote, Withdraw},
    event::{
        DefinitionAdopted, Event, FigureOverridden, ItemEdited, ItemEnded, ItemMoved, ItemOpened,
        ItemRemarked, ItemReturned, ItemVoted, OverrideEnded, PeriodFrozen, Returned, ValueEntered,
    },
    governance::Governing,
    items::{
        Change, Content, Emergency, Item, Missed, Outcome, PostMortem, Says, Stance, Tally, Task, TaskOf,
        Timeout, Turn, attestation, electorate, emergency, remark::MOST_REMARKS, tally,
    },
    organisation::{Organisation, Place},
    overrides::{self, Over, Overridden},
    periods::{ByRule, Close, Freeze, PeriodId},
    plain::StepName,
    principal::Principal,
    register::DocumentId,
};

/// So far are clocks of any zone ahead of UTC, in µs.
const FURTHEST_AHEAD: i64 = 14 * 3_600_000_000;

/// Collects what is wrong.
pub(super) struct Violated<'a>(pub(super) &'a mut Vec<Violation>);

impl Violated<'_> {
    pub(super) fn say(&mut self, code: &'static str, message: impl Into<String>) {
        self.0.push(Violation { code, message: message.into() });
    }
}

/// The events by which texts come into force, and what they say of who decides.
pub(super) fn in_force<'a>(
    organisation: &Organisation,
    adoptions: impl IntoIterator<Item = &'a DefinitionAdopted>,
    governing: &Governing,
) -> Vec<Event> {
    let mut events: Vec<Event> = adoptions.into_iter().cloned().map(Event::DefinitionAdopted).collect();
    let new = governing.joined.difference(&organisation.people);
    events.extend(new.map(|person| Event::PersonJoined(*person)));
    events.extend(governing.governance.clone().map(Event::GovernanceAdopted));
    let gone = governing.left.intersection(&organisation.people);
    events.extend(gone.map(|person| Event::PersonLeft(*person)));
    events
}

/// Something differs, and what texts say of who decides is said to the laws, which read none.
pub(super) fn typed(adoptions: &[DefinitionAdopted], governing: &Governing, violations: &mut Vec<Violation>) {
    let mut violated = Violated(violations);
    if adoptions.iter().all(|adoption| adoption.texts.is_empty() && adoption.files.is_none()) {
        violated.say(NOTHING_DIFFERS, "nothing differs from what is in force");
    }
    let of_governance =
        |id: &DocumentId| matches!(id, DocumentId::Named { kind, .. } if kind == "governance");
    let mut ids = adoptions.iter().flat_map(|adoption| adoption.texts.keys());
    if ids.any(of_governance) && governing.governance.is_none() {
        violated.say(UNSAID, "a text says how it is decided, and what is asked for does not");
    }
}

/// Whoever acts has to be there, unless the project is open. A job may propose, and decides nothing.
pub(super) fn is_there(organisation: &Organisation, by: &Principal, violated: &mut Violated<'_>) {
    let open = organisation.governance.mode == Mode::Open;
    if let Principal::Person(number) = by
        && !open
        && !organisation.people.contains(number)
    {
        violated.say(
            NOT_THERE,
            "who acts is no person of this project: name one with `--as`, as in a document `person: …` in force",
        );
    }
}

/// Nothing that is frozen is changed, neither when it is proposed nor when it takes effect.
pub(super) fn frozen(
    organisation: &Organisation,
    adoptions: &[DefinitionAdopted],
    aspects: Option<&BTreeSet<Aspect>>,
    violations: &mut Vec<Violation>,
) {
    let broken = organisation.periods.broken_by(&organisation.register, adoptions, aspects);
    for (item, freeze) in broken {
        let (from, until) = (freeze.from, freeze.until);
        Violated(violations).say(
            FROZEN,
            format!(
                "it changes what holds between {from} and {until}, which item {item} has frozen: leave the text of these days as it is and \
                 add a document with `from: {until}`, or propose to lift that: `kepi lift {item}`"
            ),
        );
    }
}

/// What holds for whatever is proposed.
fn of_content(
    organisation: &Organisation,
    (content, was): (&Content, Option<&Item>),
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) {
    let at = facts.at;
    match content {
        Content::Alert(_)
        | Content::Task(_)
        | Content::Case(_)
        | Content::Handover(_)
        | Content::Notice(_)
        | Content::ChangeNotice(_)
        | Content::Attestation(_)
        | Content::Review(_)
        | Content::Dispute(_)
        | Content::Play(_)
        | Content::PainPoint(_) => {
            violated.say(
                BY_ITSELF,
                "alerts, cases and runs of playbooks come of a run, tasks of a plan, handovers and notices of an adoption, reviews of their day, and nobody \
                 writes a dispute or a pain point anew",
            );
        }
        Content::ActionPlan(plan) => {
            acting::of_plan(organisation, plan, (was.map(|item| item.number), facts), violated);
        }
        Content::PostMortem(of) => {
            let was = was.and_then(|item| match &item.content {
                Content::PostMortem(was) => Some(was),
                _ => None,
            });
            acting::of_post_mortem(was, of, violated);
        }
        Content::Commentary(of) => acting::of_commentary(of, violated),
        Content::Change(change) => {
            of_change(organisation, change, violated);
            frozen(organisation, &change.adoptions, Some(&change.aspects), violated.0);
        }
        Content::Emergency(of) => of_emergency(organisation, of, violated),
        Content::Freeze(freeze) => {
            if freeze.from >= freeze.until || freeze.aspects.is_empty() {
                violated
                    .say(NO_DAYS, "a freeze has days, the first before that on which it ends, and respects");
            }
            if let Some(by) = &freeze.rule {
                by_rule(organisation, freeze, by, facts, violated);
            }
        }
        Content::Lift(item) => {
            if !organisation.periods.frozen.contains_key(item) {
                violated.say(
                    NOT_FROZEN,
                    format!("item {item} has frozen nothing, or it was lifted: `kepi periods`"),
                );
            }
        }
        Content::Override(of) => {
            let period = of.figure.period;
            let over = of.expires.and_then(overrides::begins).is_some_and(|over| over <= at);
            if over || period.first >= of.until {
                violated.say(OVER_ALREADY, "an override is of a period with days, and ends after today");
            }
            figure_frozen(organisation, (period, of.until), Some(&of.figure.kpi), violated);
            of_figure(organisation, (content, was), facts, violated);
        }
        Content::Entry(of) => {
            of_figure(organisation, (content, was), facts, violated);
            if of.period.first >= of.until {
                violated.say(OVER_ALREADY, "a figure is of a period with days");
            }
            // It begins first where clocks are furthest ahead of UTC.
            if overrides::begins(of.period.first).is_some_and(|begins| at < begins - FURTHEST_AHEAD) {
                violated.say(
                    NOT_BEGUN,
                    format!("the period has not begun: its first day is {}", of.period.first),
                );
            }
            figure_frozen(organisation, (of.period, of.until), None, violated);
        }
        Content::TakeBack(item) => taken_back_entry(organisation, *item, was, violated),
        Content::Restore(item) => match organisation.overrides.get(*item) {
            Some(Overridden { over: None, figure, until, .. }) => {
                figure_frozen(organisation, (figure.period, *until), Some(&figure.kpi), violated);
            }
            _ => violated.say(
                NOT_OVERRIDDEN,
                format!("item {item} has overridden nothing, or that is over: `kepi override list`"),
            ),
        },
        Content::Close(close) => {
            let last = organisation.periods.closes(close.period, close.until).next_back();
            if overrides::begins(close.until).is_some_and(|over| at < over) {
                violated.say(
                    NOT_TO_CLOSE,
                    format!("the period is not over: its last day is before {}", close.until),
                );
            }
            if close.published == 0 {
                violated.say(
                    NOT_TO_CLOSE,
                    "nothing is published of it: `kepi run` publishes figures, `kepi periods` lists periods",
                );
            }
            if last.is_some_and(|last| last.published >= close.published) {
                violated.say(NOT_TO_CLOSE, "nothing was published since it was closed");
            }
            attested(organisation, close, at, violated);
        }
    }
}

/// Data of the period are attested, or it is closed without those that are late, as their rules say; no others.
fn attested(organisation: &Organisation, close: &Close, at: i64, violated: &mut Violated<'_>) {
    let items = &organisation.items;
    for (item, of) in attestation::missing(items, close.period.first, close.until) {
        let whose = of.unit.as_ref().map_or_else(|| "all rows".to_owned(), ToString::to_string);
        let waits = match of.otherwise {
            WhenLate::Block => Some("the close waits for that"),
            WhenLate::Exclude | WhenLate::Carry if !attestation::is_late(item, at) => {
                Some("the cut-off has not passed")
            }
            WhenLate::Exclude | WhenLate::Carry | WhenLate::Warn => None,
        };
        if let Some(waits) = waits {
            let (source, number) = (&of.source, item.number);
            violated.say(
                NOT_ATTESTED,
                format!(
                    "nobody has attested the data of `{source}` for {whose} yet, and {waits}: item {number}"
                ),
            );
        }
    }
    if attestation::late(items, close.period.first, close.until, at) != close.late {
        violated.say(NOT_ATTESTED, "which units are late is otherwise by now: ask for the close again");
    }
}

/// What is taken back was entered, and is not taken back already; nor is it a figure of days that are frozen.
fn taken_back_entry(
    organisation: &Organisation,
    number: u64,
    was: Option<&Item>,
    violated: &mut Violated<'_>,
) {
    let entered = organisation.items.get(number).map(|item| (&item.content, item.ended));
    let Some((Content::Entry(of), Some((Outcome::Done, _)))) = entered else {
        return violated
            .say(NOT_ENTERED, format!("item {number} has entered nothing; what waits is withdrawn"));
    };
    figure_frozen(organisation, (of.period, of.until), None, violated);
    let same = |item: &&Item| {
        item.content == Content::TakeBack(number)
            && matches!(item.ended, None | Some((Outcome::Done, _)))
            && was.is_none_or(|was| was.number != item.number)
    };
    if let Some(other) = organisation.items.all().find(same) {
        violated.say(ALREADY_OPEN, format!("item {} takes it back", other.number));
    }
}

/// A freeze that comes by itself is what a rule of the governance says, once a period.
fn by_rule(
    organisation: &Organisation,
    freeze: &Freeze,
    by: &ByRule,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) {
    if !matches!(facts.by, Principal::Job(_)) {
        violated.say(BY_ITSELF, "a freeze by rule comes by itself; ask for one: `kepi freeze`");
    }
    let Some(rule) = organisation.governance.freezes.get(&by.rule) else {
        return violated.say(BY_ITSELF, format!("the governance has no rule `{}`", by.rule));
    };
    let is_so = rule.aspects == freeze.aspects
        && rule.period == by.period.grain
        && by.period.first == freeze.from
        && rule.scope.is_none() == freeze.scope.is_empty();
    if !is_so || overrides::begins(freeze.until).is_some_and(|over| facts.at < over) {
        violated.say(BY_ITSELF, format!("that is not what the rule `{}` says", by.rule));
    }
    let before = |item: &Item| matches!(&item.content, Content::Freeze(was) if was.rule.as_ref() == Some(by));
    if organisation.items.all().any(before)
        || organisation.periods.closes(by.period, freeze.until).next().is_some()
    {
        violated.say(ALREADY_OPEN, "that period was frozen by this rule before, or is closed");
    }
}

/// A figure of days on which data are frozen is not said otherwise either.
fn figure_frozen(
    organisation: &Organisation,
    (period, until): (PeriodId, jiff::civil::Date),
    kpi: Option<&KpiId>,
    violated: &mut Violated<'_>,
) {
    let kpi =
        kpi.and_then(|kpi| written(organisation, kpi).or_else(|| DocumentId::named("kpi", kpi.as_str())));
    for (item, freeze) in &organisation.periods.frozen {
        // Where it is not known which KPI a figure goes into, it may be any.
        let is_of = kpi.as_ref().is_none_or(|kpi| freeze.is_of(kpi));
        if is_of
            && freeze.aspects.contains(&Aspect::Data)
            && freeze.from < until
            && period.first < freeze.until
        {
            violated.say(
                FROZEN,
                format!(
                    "it changes a figure of days on which item {item} has frozen data: propose to lift that, `kepi lift {item}`"
                ),
            );
        }
    }
}

/// The definition in force by which a KPI is computed. As a scorecard of another calendar or zone reads it, a KPI is called `nps__asia_tokyo`, and is
/// written under what stands before that.
pub fn written(organisation: &Organisation, kpi: &KpiId) -> Option<DocumentId> {
    let name = kpi.as_str();
    let before = name.rmatch_indices("__").filter_map(|(at, _)| name.get(..at));
    let mut ids = std::iter::once(name).chain(before).filter_map(|name| DocumentId::named("kpi", name));
    ids.find(|id| organisation.register.in_force(id, None).is_some())
}

/// What holds for a change of definitions.
fn of_change(organisation: &Organisation, change: &Change, violated: &mut Violated<'_>) {
    let position = organisation.register.position();
    if change.base != position {
        violated.say(
            OUTDATED,
            format!(
                "the definitions were compared with the register at {}, which is now at {position}; compare again",
                change.base
            ),
        );
    }
    typed(&change.adoptions, &change.governing, violated.0);
    reserved(organisation, change, violated);
    let missing: Vec<&str> = change
        .at_least(&organisation.register)
        .difference(&change.aspects)
        .map(|aspect| aspect.word())
        .collect();
    if !missing.is_empty() {
        violated.say(ASPECTS, format!("it differs in a respect that is not said: {}", missing.join(", ")));
    }
}

/// The name of a KPI that went belongs to it for ever: figures of two would else stand under one name.
fn reserved(organisation: &Organisation, change: &Change, violated: &mut Violated<'_>) {
    for (id, new) in change.adoptions.iter().flat_map(|adoption| &adoption.texts) {
        let Some(was) = organisation.register.gone(id) else { continue };
        if new.text.is_some() && new.meaning != Some(was) {
            violated.say(
                RESERVED,
                format!("`{id}` is the name of a KPI that went, and whose figures stay: give the new one another name"),
            );
        }
    }
}

/// What holds for a change that cannot wait. It passes what is frozen, and changes only what can be taken back.
fn of_emergency(organisation: &Organisation, of: &Emergency, violated: &mut Violated<'_>) {
    of_change(organisation, &of.change, violated);
    let Some(rule) = &organisation.governance.emergency else {
        return violated
            .say(NO_EMERGENCY, "the governance names nobody for emergencies: `emergency: {among: […]}`");
    };
    if rule.days != of.days {
        violated.say(NO_EMERGENCY, format!("the governance says {} days until it is ratified", rule.days));
    }
    if !of.change.governing.is_empty() || of.change.aspects.contains(&Aspect::Governance) {
        violated.say(NO_EMERGENCY, "who decides, and how, is changed by no emergency");
    }
    if of.change.back(&organisation.register).is_none_or(|back| back != of.back) {
        violated.say(
            NO_EMERGENCY,
            "an emergency changes definitions that are in force from the same day on, so that they can be taken back: none is new and \
             none goes",
        );
    }
}

/// What an emergency changed is changed by nothing else until that is ratified or taken back.
fn unratified(organisation: &Organisation, item: &Item, change: &Change, violated: &mut Violated<'_>) {
    let names =
        |of: &Change, id: &DocumentId| of.adoptions.iter().any(|adoption| adoption.texts.contains_key(id));
    for other in
        organisation.items.open().filter(|other| other.number != item.number && other.is_unratified())
    {
        let mut ids = change.adoptions.iter().flat_map(|adoption| adoption.texts.keys());
        if other.content.change().is_some_and(|of| ids.any(|id| names(of, id))) {
            violated.say(
                UNRATIFIED,
                format!(
                    "item {} changed it in an emergency: that is ratified or taken back first",
                    other.number
                ),
            );
        }
    }
}

/// What comes of an emergency that was not ratified.
fn taken_back(organisation: &Organisation, item: &Item, outcome: Outcome) -> Vec<Event> {
    let Content::Emergency(of) = &item.content else { return Vec::new() };
    let back = of.taken_back(&organisation.register);
    let mut events = in_force(organisation, &back, &Governing::default());
    events.push(Event::ItemEnded(ItemEnded { item: item.number, outcome }));
    events
}

/// What is proposed, once it is in the step in which others are asked: at once in force, or waiting for somebody who is there.
fn asked(
    organisation: &Organisation,
    item: &Item,
    mut events: Vec<Event>,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    match tally(organisation, item) {
        Tally::Passed => events.extend(takes_effect(organisation, item, facts, violated)?),
        Tally::Failed => violated.say(NOBODY, "it could never pass"),
        Tally::Pending(missing) => {
            if missing.iter().any(|missing| missing.is_hopeless(&organisation.governance)) {
                violated.say(
                    NOBODY,
                    "nobody could decide on it: everybody who might wrote it, is touched by it, or is paid by it; let somebody else \
                     propose it, or add people to the project or the board first",
                );
            }
        }
    }
    Some(events)
}

/// What comes of an item that all have agreed to who had to.
fn takes_effect(
    organisation: &Organisation,
    item: &Item,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let number = item.number;
    let mut events = match &item.content {
        Content::ActionPlan(plan) => return acting::planned(organisation, item, plan, facts, violated),
        Content::Alert(_)
        | Content::Task(_)
        | Content::PostMortem(_)
        | Content::Commentary(_)
        | Content::Case(_)
        | Content::Handover(_)
        | Content::Notice(_)
        | Content::ChangeNotice(_)
        | Content::Attestation(_)
        | Content::Review(_)
        | Content::Dispute(_)
        | Content::Play(_)
        | Content::PainPoint(_) => Vec::new(),
        Content::Change(change) => {
            unratified(organisation, item, change, violated);
            in_force(organisation, &change.adoptions, &change.governing)
        }
        Content::Emergency(_) if item.is_unratified() => Vec::new(),
        Content::Emergency(Emergency { change, .. }) => {
            unratified(organisation, item, change, violated);
            let mut events = in_force(organisation, &change.adoptions, &change.governing);
            let to = emergency::RATIFICATION.parse().ok()?;
            events.push(Event::ItemMoved(ItemMoved { item: number, to }));
            let then = after(organisation, &events, facts);
            // Where nobody has to agree, there is nothing to ratify.
            if tally(&then, then.items.get(number)?) != Tally::Passed {
                return Some(events);
            }
            events
        }
        Content::Freeze(freeze) => {
            vec![Event::PeriodFrozen(PeriodFrozen { item: number, freeze: freeze.clone() })]
        }
        Content::Lift(freeze) => vec![Event::PeriodLifted(*freeze)],
        Content::Close(close) => {
            // What a rule froze until the close ends with it.
            let frozen = organisation.periods.frozen.iter();
            let over = frozen
                .filter(|(_, freeze)| freeze.rule.as_ref().is_some_and(|by| by.period == close.period))
                .map(|(item, _)| Event::PeriodLifted(*item));
            [Event::PeriodClosed(close.clone())].into_iter().chain(over).collect()
        }
        Content::Override(of) => {
            let over = |item| Event::OverrideEnded(OverrideEnded { item, why: Over::Replaced });
            let before = organisation.overrides.of(&of.figure).map(over);
            before
                .chain([Event::FigureOverridden(FigureOverridden { item: number, of: of.clone() })])
                .collect()
        }
        Content::Entry(of) => {
            vec![Event::ValueEntered(ValueEntered { item: number, of: of.clone() })]
        }
        Content::TakeBack(item) => vec![Event::ValueTakenBack(*item)],
        Content::Restore(item) => {
            vec![Event::OverrideEnded(OverrideEnded { item: *item, why: Over::Restored })]
        }
    };
    events.push(Event::ItemEnded(ItemEnded { item: number, outcome: Outcome::Done }));
    Some(events)
}

/// The step in which others are asked.
fn to_ask(content: &Content) -> Option<StepName> {
    content.kind().asking().and_then(|step| step.name.parse().ok())
}

/// The organisation after further events, as if they had happened now.
pub(super) fn after(organisation: &Organisation, events: &[Event], facts: Facts<'_>) -> Organisation {
    let mut after = organisation.clone();
    let place = Place { seq: organisation.register.position(), at: facts.at, by: facts.by };
    events.iter().for_each(|event| after.items.apply(place, event));
    after
}

pub(super) fn opened(
    organisation: &Organisation,
    open: &Open,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    if let Content::Alert(alert) = &open.content {
        return acting::raised(organisation, open, alert, facts, &mut violated);
    }
    if let Content::Case(of) = &open.content {
        return case::opened(organisation, open, of, facts, &mut violated);
    }
    if let Content::PainPoint(_) = &open.content {
        return acting::pained(organisation, open, facts, &mut violated);
    }
    if let Content::Play(of) = &open.content {
        return acting::played(organisation, open, of, facts, &mut violated);
    }
    if let Content::Handover(_) | Content::Notice(_) | Content::ChangeNotice(_) | Content::Attestation(_) =
        &open.content
    {
        return acting::told(organisation, open, facts, &mut violated);
    }
    if let Content::Task(Task { of: TaskOf::Before { .. } | TaskOf::Comment { .. }, .. })
    | Content::PostMortem(PostMortem { of: Missed::Initiative { .. }, .. }) = &open.content
    {
        return acting::asked_by_figures(organisation, open, facts, &mut violated);
    }
    if let Content::Review(of) = &open.content {
        return review::opened(organisation, open, of, facts, &mut violated);
    }
    if let Content::Dispute(of) = &open.content {
        return review::disputed(organisation, open, of, facts, &mut violated);
    }
    is_there(organisation, facts.by, &mut violated);
    of_content(organisation, (&open.content, None), facts, &mut violated);
    let number = organisation.items.next();
    let opened = ItemOpened { item: number, content: open.content.clone(), why: open.why };
    let Some(to) = to_ask(&open.content) else { return Some(Vec::new()) };
    let moved = ItemMoved { item: number, to };
    let events = vec![Event::ItemOpened(opened), Event::ItemMoved(moved)];
    let then = after(organisation, &events, facts);
    let item = then.items.get(number)?;
    asked(organisation, item, events, facts, &mut violated)
}

pub(super) fn edited(
    organisation: &Organisation,
    edit: &Edit,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    is_there(organisation, facts.by, &mut violated);
    let Some(item) = open_item(organisation, edit.item, facts, &mut violated) else {
        return Some(Vec::new());
    };
    of_content(organisation, (&edit.content, Some(item)), facts, &mut violated);
    if item.digest != edit.was {
        violated.say(OTHER_CONTENT, "it was written anew meanwhile: `kepi item` shows how");
    }
    let is_party =
        matches!(facts.by, Principal::Person(by) if electorate(organisation, item).parties.contains(by));
    let step = item.step().map(|step| step.turn);
    if !matches!(step, Some(Turn::Write | Turn::Ask)) || item.is_unratified() {
        violated.say(NOT_YOURS, "it is what was agreed to, and is not written anew");
    }
    let is_owner =
        matches!((facts.by, item.owner()), (Principal::Person(by), Some(owner)) if owner.person == *by);
    if !item.authors.contains(facts.by) && !is_party && !is_owner {
        violated
            .say(NOT_YOURS, "only its authors and those whom it concerns write it anew; propose your own");
    }
    if edit.content.kind() != item.content.kind() {
        violated.say(OTHER_CONTENT, "it is of another kind");
    }
    if edit.content.digest() == item.digest {
        violated.say(NOTHING_DIFFERS, "nothing differs from what it proposes already");
    }
    let item = edit.item;
    let mut events =
        vec![Event::ItemEdited(ItemEdited { item, content: edit.content.clone(), why: edit.why })];
    let Some(to) = to_ask(&edit.content) else { return Some(Vec::new()) };
    events.push(Event::ItemMoved(ItemMoved { item, to }));
    let then = after(organisation, &events, facts);
    asked(organisation, then.items.get(item)?, events, facts, &mut violated)
}

pub(super) fn voted(
    organisation: &Organisation,
    vote: &Vote,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    is_there(organisation, facts.by, &mut violated);
    let Some(item) = open_item(organisation, vote.item, facts, &mut violated) else {
        return Some(Vec::new());
    };
    if item.step().is_none_or(|step| step.turn != Turn::Ask) {
        violated.say(NOT_ASKING, "it is its author's turn: nothing can be said of it yet");
    }
    if vote.content != item.digest {
        violated.say(OTHER_CONTENT, "it proposes something else by now: `kepi item` shows what");
    }
    let answering = answering(organisation, item, facts, &mut violated);
    may_vote(organisation, &by_now(item, answering), facts.by, vote.stance, &mut violated);
    let ballot = ItemVoted { item: vote.item, stance: vote.stance, content: vote.content, why: vote.why };
    let mut events = vec![Event::ItemVoted(ballot)];
    let then = after(organisation, &events, facts);
    let item = then.items.get(vote.item)?;
    let ended = |outcome| Event::ItemEnded(ItemEnded { item: vote.item, outcome });
    match tally(&then, &by_now(item, answering)) {
        Tally::Pending(_) => {}
        Tally::Failed if item.is_unratified() => {
            events.extend(taken_back(organisation, item, Outcome::Rejected));
        }
        Tally::Failed => events.push(ended(Outcome::Rejected)),
        Tally::Passed => events.extend(passed(organisation, item, facts, &mut violated)?),
    }
    Some(events)
}

/// What comes of an item that all have agreed to who had to, if it still goes with what is in force.
fn passed(
    organisation: &Organisation,
    item: &Item,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    match fits(organisation, item, facts, violated) {
        Fit::Yes => takes_effect(organisation, item, facts, violated),
        Fit::No(why) => Some(vec![Event::ItemReturned(ItemReturned { item: item.number, why })]),
        Fit::LookAgain => {
            violated.say(LOOK_AGAIN, "what is in force has changed just now: try again");
            Some(Vec::new())
        }
    }
}

/// Something is said of an item. Whoever is asked, or is concerned, may object: then it takes effect once that is resolved, by who objected
/// or by another who decides on it.
pub(super) fn remarked(
    organisation: &Organisation,
    of: &Remark,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    is_there(organisation, facts.by, &mut violated);
    let Some(item) = open_item(organisation, of.item, facts, &mut violated) else {
        return Some(Vec::new());
    };
    let Principal::Person(person) = facts.by else {
        violated.say(NOT_ASKED, "a job says nothing");
        return Some(Vec::new());
    };
    if item.remarks.len() >= MOST_REMARKS {
        violated.say(ENOUGH_SAID, format!("{MOST_REMARKS} remarks stand with it already: decide on it"));
    }
    if of.content != item.digest {
        violated.say(OTHER_CONTENT, "it proposes something else by now: `kepi item` shows what");
    }
    let asks = item.step().is_some_and(|step| step.turn == Turn::Ask);
    match of.says {
        Says::Comment => {}
        Says::Objection => {
            let concerned = item.content.concerned().contains(person) || item.content.paid().contains(person);
            if !asks {
                violated.say(NOT_ASKING, "others are not asked about it: say it as a comment");
            } else if item.editor == *facts.by {
                violated
                    .say(OWN, "nobody objects to what they wrote themselves: write it anew, or withdraw it");
            } else if !concerned && !is_asked(organisation, item, facts.by) {
                violated.say(NOT_ASKED, "you are not asked: say it as a comment");
            }
        }
        Says::Resolution => {
            let stands = item.objections().find(|(number, _)| of.to == Some(*number));
            match stands {
                None => violated.say(NO_OBJECTION, "no objection of that number stands: `kepi item` lists them"),
                Some((_, objection)) if objection.by == *facts.by => {}
                Some(_) if item.authors.contains(facts.by) => violated.say(
                    OWN,
                    "who wrote it does not say that an objection is resolved: who objected does, or another who decides on it",
                ),
                Some(_) if !is_asked(organisation, item, facts.by) => {
                    violated.say(NOT_ASKED, "who objected resolves it, or another who decides on it");
                }
                Some(_) => {}
            }
        }
    }
    let Remark { item: number, says, to, content, text } = of.clone();
    let remarked =
        ItemRemarked { item: number, says, to: to.filter(|_| says == Says::Resolution), content, text };
    let mut events = vec![Event::ItemRemarked(remarked)];
    if says != Says::Resolution || !asks || !violated.0.is_empty() {
        return Some(events);
    }
    // It may be the last that was missing.
    let answering = answering(organisation, item, facts, &mut violated);
    let then = after(organisation, &events, facts);
    let item = then.items.get(number)?;
    if tally(&then, &by_now(item, answering)) == Tally::Passed {
        events.extend(passed(organisation, item, facts, &mut violated)?);
    }
    Some(events)
}

/// Who answers by now for the figure that an item says, if it says one.
fn answering<'a>(
    organisation: &Organisation,
    item: &Item,
    facts: Facts<'a>,
    violated: &mut Violated<'_>,
) -> Option<&'a BTreeSet<u64>> {
    if !matches!(item.content, Content::Override(_) | Content::Entry(_)) {
        return None;
    }
    match facts.evidence {
        Evidence::Answering { register, people } if *register == organisation.register.position() => {
            people.as_ref()
        }
        _ => {
            violated.say(LOOK_AGAIN, "what is in force has changed just now: try again");
            None
        }
    }
}

/// An item as those may decide on it who do not answer for its figure, neither when it was proposed nor by now.
fn by_now(item: &Item, answering: Option<&BTreeSet<u64>>) -> Item {
    let mut item = item.clone();
    match &mut item.content {
        Content::Override(of) => of.concerned.extend(answering.into_iter().flatten()),
        Content::Entry(of) => of.concerned.extend(answering.into_iter().flatten()),
        _ => {}
    }
    item
}

/// Nobody says a figure of which another waits, nor in place of one that was said later; and nothing of a figure that is no more.
fn of_figure(
    organisation: &Organisation,
    (content, was): (&Content, Option<&Item>),
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) {
    let same = |other: &&Item| {
        was.is_none_or(|was| was.number != other.number) && is_of_same(content, &other.content)
    };
    for other in organisation.items.all().filter(same) {
        let waits = other.ended.is_none() && was.is_none();
        let newer = matches!(other.ended, Some((Outcome::Done, _)))
            && was.is_some_and(|was| was.number < other.number);
        if waits {
            violated.say(
                ALREADY_OPEN,
                format!("item {} says a figure of the same, and waits: decide on that first", other.number),
            );
        }
        if newer {
            violated.say(
                REPLACED,
                format!(
                    "item {} says another figure of the same, and was proposed later: propose yours again",
                    other.number
                ),
            );
        }
    }
    let gone = match content {
        Content::Override(of) => written(organisation, &of.figure.kpi).is_none(),
        _ => false,
    };
    if gone || matches!(facts.evidence, Evidence::Answering { people: None, .. }) {
        violated.say(NO_FIGURE, "there is no such figure any more: what it is of is not in force");
    }
}

/// Whether two say a figure of the same.
fn is_of_same(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::Override(one), Content::Override(other)) => one.figure == other.figure,
        (Content::Entry(one), Content::Entry(other)) => {
            (&one.figure, one.period, one.part) == (&other.figure, other.period, other.part)
        }
        _ => false,
    }
}

/// Whether somebody may say something of an item: not of what they wrote, nor of what touches them, unless all whom it
/// concerns sign it. To abstain is always open to those who are asked.
fn may_vote(
    organisation: &Organisation,
    item: &Item,
    by: &Principal,
    stance: Stance,
    violated: &mut Violated<'_>,
) {
    if organisation.governance.mode == Mode::Open {
        return;
    }
    let Principal::Person(person) = by else {
        return violated.say(NOT_ASKED, "a job decides nothing");
    };
    if is_asked(organisation, item, by) {
        return;
    }
    if item.authors.contains(by) {
        violated.say(OWN, "nobody decides on what they wrote themselves");
    } else if item.content.concerned().contains(person) || item.content.paid().contains(person) {
        if stance != Stance::Abstain {
            violated.say(
                CONCERNED,
                "it touches your own target, your pay or what you answer for: others decide, and you abstain",
            );
        }
    } else {
        violated.say(NOT_ASKED, "you are not asked: others have to agree to a change of this sort");
    }
}

/// Whether somebody is among those who have to agree.
fn is_asked(organisation: &Organisation, item: &Item, by: &Principal) -> bool {
    let Principal::Person(person) = by else { return false };
    let of = electorate(organisation, item);
    let ask = item.ask(organisation.governance.mode);
    let signs = of.parties.contains(person) && item.editor != *by;
    signs
        || (ask.one_other || of.alone) && of.others.contains(person)
        || ask.owner && of.owners.contains(person)
        || ask.named && of.named.contains(person)
        || ask.board && of.board.contains(person)
}

/// Whether what was agreed to can take effect.
enum Fit {
    Yes,
    No(Returned),
    LookAgain,
}

fn fits(organisation: &Organisation, item: &Item, facts: Facts<'_>, violated: &mut Violated<'_>) -> Fit {
    if item.is_unratified() {
        return Fit::Yes;
    }
    let Some(change) = item.content.change() else {
        // What it rests on may be otherwise by now.
        match &item.content {
            // That was asked when it was written; nobody writes it but its owner.
            Content::PostMortem(_) | Content::Commentary(_) => {}
            content => of_content(organisation, (content, Some(item)), facts, violated),
        }
        return Fit::Yes;
    };
    // A freeze may have been put up meanwhile.
    if !matches!(item.content, Content::Emergency(_)) {
        frozen(organisation, &change.adoptions, Some(&change.aspects), violated.0);
    }
    let position = organisation.register.position();
    if change.base == position {
        return Fit::Yes;
    }
    if let Content::Emergency(of) = &item.content
        && change.back(&organisation.register).is_none_or(|back| back != of.back)
    {
        return Fit::No(Returned::Outdated);
    }
    if change.is_outdated(&organisation.register) {
        return Fit::No(Returned::Outdated);
    }
    match facts.evidence {
        Evidence::Merged { register, sound: true } if *register == position => Fit::Yes,
        Evidence::Merged { register, sound: false } if *register == position => Fit::No(Returned::Unsound),
        _ => Fit::LookAgain,
    }
}

pub(super) fn withdrawn(
    organisation: &Organisation,
    of: &Withdraw,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    is_there(organisation, facts.by, &mut violated);
    if let Some(item) = open_item(organisation, of.item, facts, &mut violated) {
        if !item.authors.contains(facts.by) {
            violated.say(NOT_YOURS, "only its authors give it up; others reject it");
        }
        if item.step().is_some_and(|step| matches!(step.turn, Turn::Work | Turn::Wait)) {
            violated.say(NOT_YOURS, "somebody works on it, who may dismiss it");
        }
        if item.is_unratified() {
            violated.say(NOT_YOURS, "it is in force: others ratify it, or it is taken back");
        }
    }
    Some(vec![Event::ItemEnded(ItemEnded { item: of.item, outcome: Outcome::Withdrawn })])
}

/// An item that is open, and has not lapsed.
pub(super) fn open_item<'a>(
    organisation: &'a Organisation,
    number: u64,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<&'a Item> {
    match organisation.items.get(number) {
        Some(Item { ended: Some((outcome, _)), .. }) => {
            violated.say(NO_ITEM, format!("item {number} has ended: {}", outcome.word()));
            None
        }
        Some(item) => {
            let lapses =
                item.step().is_some_and(|step| matches!(step.timeout, Timeout::Lapse | Timeout::Revert));
            if lapses && item.due().is_some_and(|due| due <= facts.at) {
                violated.say(LAPSED, format!("item {number} was not decided in time; propose it again"));
            }
            Some(item)
        }
        None => {
            violated.say(NO_ITEM, format!("there is no item {number}: `kepi inbox --all` lists them"));
            None
        }
    }
}

/// What ends because nobody decided in time or its time is over, and what goes on or up because nobody did what was to be done.
pub(super) fn ticked(
    organisation: &Organisation,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    let directory = acting::directory(organisation, facts, &mut violated);
    let mut events = Vec::new();
    // What one item brings about changes the numbers of the next.
    let mut then = organisation.clone();
    for number in organisation.items.open().map(|item| item.number) {
        let Some(item) = then.items.get(number) else { continue };
        let is_due = item.due().is_some_and(|due| due <= facts.at);
        let new = match item.step().map(|step| step.timeout) {
            Some(Timeout::Lapse) if is_due => {
                vec![Event::ItemEnded(ItemEnded { item: number, outcome: Outcome::Lapsed })]
            }
            Some(Timeout::Revert) if is_due => taken_back(organisation, item, Outcome::Lapsed),
            Some(Timeout::Lapse | Timeout::Revert) | None => continue,
            Some(_) => match directory {
                Some(directory) => acting::in_time(&then, item, directory, facts, &mut violated),
                None if is_due => return None,
                None => continue,
            },
        };
        if !new.is_empty() {
            then = after(&then, &new, facts);
            events.extend(new);
        }
    }
    let over = organisation.overrides.all().filter(|(_, of)| of.is_due(facts.at));
    events.extend(over.map(|(item, _)| Event::OverrideEnded(OverrideEnded { item, why: Over::Expired })));
    if events.is_empty() && violated.0.is_empty() {
        violated.say(NOTHING_DUE, "nothing is due");
    }
    Some(events)
}
