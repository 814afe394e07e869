//! Laws of cases: one for each row for ever, nobody is contacted who may not be, and none is closed without a root cause.

use super::{
    ALREADY_OPEN, BY_ITSELF, INCOMPLETE, NO_SUCH_OUTCOME, NOT_PERMITTED, NOT_REACHED,
    acting::{again, directory, ended, is_of, opens},
    deciding::Violated,
};
use crate::{
    acting::ItemAnswered,
    command::{Facts, Open},
    directory::Directory,
    event::Event,
    items::{Case, Content, Item, Outcome, Permission, Turn},
    organisation::Organisation,
    plain::Name,
    principal::Principal,
};

/// A row that somebody follows up.
pub(super) fn opened(
    organisation: &Organisation,
    open: &Open,
    case: &Case,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "a run opens cases, by what the definitions say: `closed_loop: …`");
    }
    if case.causes.is_empty() {
        violated.say(INCOMPLETE, "a case has root causes of which one is named");
    }
    let same = |item: &&Item| matches!(&item.content, Content::Case(other) if case.is_about_the_same(other));
    if let Some(other) = organisation.items.all().find(same) {
        violated.say(ALREADY_OPEN, format!("item {} is, or was, about the same row", other.number));
    }
    opens(organisation, open, directory, facts, violated)
}

/// Whether the customer may be contacted.
pub(super) fn may_be_contacted(item: &Item, violated: &mut Violated<'_>) {
    match &item.content {
        Content::Case(Case { permission: Permission::Withheld, .. }) => violated.say(
            NOT_PERMITTED,
            "the customer did not permit to be contacted: close it without, by what is known",
        ),
        Content::Case(_) => {}
        _ => violated.say(NO_SUCH_OUTCOME, "customers are contacted about cases"),
    }
}

/// Whether the root cause is one of those that can be named, where one has to be.
pub(super) fn has_cause(item: &Item, cause: Option<&Name>, violated: &mut Violated<'_>) {
    let all: &[Name] = match &item.content {
        Content::Case(of) => &of.causes,
        _ => &[],
    };
    match cause {
        None if all.is_empty() => {}
        Some(cause) if all.contains(cause) => {}
        _ if all.is_empty() => violated.say(INCOMPLETE, "a root cause is named of cases only"),
        _ => {
            let all: Vec<&str> = all.iter().map(Name::as_str).collect();
            violated.say(INCOMPLETE, format!("it has a root cause, which is one of: {}", all.join(", ")));
        }
    }
}

/// Whether what was said to have come of it waits for anybody: of a case for the customer, if she was reached; of a run of a playbook for
/// the day on which it is looked whether it helped.
pub(super) fn is_to_be_confirmed(item: &Item) -> bool {
    match item.content {
        Content::Case(_) => item.work.is_reached(),
        // It was seen before its steps were done whether they helped.
        Content::Play(_) => item.helped().is_none(),
        _ => true,
    }
}

/// What the customer says of how a case was closed: it is over, or somebody's turn again.
pub(super) fn answered(
    organisation: &Organisation,
    item: &Item,
    (settled, note): (bool, Option<kepi_proof::Commitment>),
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    let waits = item.step().is_some_and(|step| step.turn == Turn::Wait);
    if !waits || !matches!(item.content, Content::Case(_)) {
        violated.say(NOT_REACHED, "a customer who was reached says it once the case is closed");
        return Vec::new();
    }
    // She is heard by whom the case was with, or by whoever is above; her own answer, by a run that landed it.
    if let (Some(owner), Principal::Person(_)) = (&item.work.owner, facts.by) {
        is_of(item, owner.person, facts, directory, violated);
    }
    let number = item.number;
    let mut events = vec![Event::ItemAnswered(ItemAnswered { item: number, settled, note })];
    match settled {
        true => events.push(ended(number, Outcome::Done)),
        false => events.extend(again(organisation, item, directory, facts, violated)),
    }
    events
}
