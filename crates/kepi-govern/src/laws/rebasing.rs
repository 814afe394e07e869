//! Putting what is proposed together with what was adopted since: ballots count on for what says the same, and for nothing else.

use std::collections::BTreeMap;

use kepi_proof::Commitment;

use super::{
    ASPECTS, BY_ITSELF, NOT_ASKING, NOTHING_DIFFERS, OTHER_CONTENT, OUTDATED, Violation,
    deciding::{Violated, after, open_item, typed},
};
use crate::{
    command::{Facts, Rebase},
    event::{Event, ItemRebased, ItemReturned, Returned},
    items::{Change, Content, Tally, Turn, tally},
    organisation::Organisation,
    principal::Principal,
    register::{DocumentId, Effective, Register},
};

pub(super) fn rebased(
    organisation: &Organisation,
    of: &Rebase,
    facts: Facts<'_>,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let mut violated = Violated(violations);
    if !matches!(facts.by, Principal::Job(_)) {
        violated.say(
            BY_ITSELF,
            "what was adopted since is taken in by itself; people write anew: `kepi propose --item`",
        );
    }
    let Some(item) = open_item(organisation, of.item, facts, &mut violated) else { return Some(Vec::new()) };
    if item.step().is_none_or(|step| step.turn != Turn::Ask) {
        violated.say(NOT_ASKING, "it is its author's turn, who writes it anew");
    }
    if item.digest != of.was {
        violated.say(OTHER_CONTENT, "it was written anew meanwhile");
    }
    let register = &organisation.register;
    let Content::Change(was) = &item.content else {
        violated.say(OTHER_CONTENT, "it is no change of definitions");
        return Some(Vec::new());
    };
    if !was.is_outdated(register) {
        violated.say(NOTHING_DIFFERS, "nothing of what it changes was adopted otherwise since");
    }
    let (number, returned) = (of.item, Returned::Outdated);
    let Some(content) = &of.content else {
        return Some(vec![Event::ItemReturned(ItemReturned { item: number, why: returned })]);
    };
    let Content::Change(now) = content else {
        violated.say(OTHER_CONTENT, "it is of another kind");
        return Some(Vec::new());
    };
    if now.base != register.position() {
        violated.say(OUTDATED, "what is in force has changed just now");
    }
    typed(&now.adoptions, &now.governing, violated.0);
    if !now.at_least(register).is_subset(&now.aspects) {
        violated.say(ASPECTS, "it differs in a respect that is not said");
    }
    let kept = says_the_same(was, now, register);
    let events = vec![Event::ItemRebased(ItemRebased { item: number, content: content.clone(), kept })];
    let then = after(organisation, &events, facts);
    // What is left of it may need nobody, or nobody who could say yes: its author says what becomes of it.
    Some(match then.items.get(number).map(|item| tally(&then, item)) {
        Some(Tally::Pending(_)) => events,
        _ => vec![Event::ItemReturned(ItemReturned { item: number, why: returned })],
    })
}

/// The texts that a change puts in force, from when on; none: it goes.
fn texts(change: &Change) -> BTreeMap<(Effective, &DocumentId), Option<Commitment>> {
    let of = change
        .adoptions
        .iter()
        .flat_map(|adoption| adoption.texts.iter().map(|(id, adopted)| ((adoption.from, id), adopted.text)));
    of.collect()
}

/// Whether nothing comes into force but what was agreed to, and all of that: what else an adoption names is in force already, and
/// only means something else by what was adopted since.
fn says_the_same(was: &Change, now: &Change, register: &Register) -> bool {
    let (before, then) = (texts(was), texts(now));
    let held = |(from, id): &(Effective, &DocumentId), text: &Option<Commitment>| {
        register.adoptions(id).any(|(begins, _, adopted)| begins == *from && adopted.text == *text)
    };
    let since = |id: &DocumentId| register.adoptions(id).any(|(_, seq, _)| seq > was.base);
    then.iter().all(|(at, text)| before.get(at) == Some(text) || held(at, text))
        && before.iter().all(|(at, text)| then.get(at) == Some(text) || held(at, text) || since(at.1))
        && now.aspects == was.aspects
        && now.concerned == was.concerned
        && now.paid == was.paid
        && now.governing.joined.is_subset(&was.governing.joined)
        && now.governing.left.is_subset(&was.governing.left)
        && (now.governing.governance.is_none() || now.governing.governance == was.governing.governance)
}
