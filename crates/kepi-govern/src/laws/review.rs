//! Laws of reviews and disputes: a review is held once for each period and closed with a decision on every point, and who disputes a
//! figure does not answer herself.

use std::collections::BTreeSet;

use super::{
    ALREADY_OPEN, BY_ITSELF, INCOMPLETE, NO_SUCH_OUTCOME, NOBODY_THERE, NOTHING_NEW, PLAN_OWED, UNDECIDED,
    acting::{day_after, directory, handed, opens},
    deciding::{Violated, is_there},
};
use crate::{
    acting::PointDecided,
    command::{Facts, Open},
    directory::Directory,
    event::{Event, ItemOpened},
    items::{
        Action, Content, Decision, Dispute, Follows, Item, OnAgenda, Point, Review, Task, TaskOf, midnight,
    },
    organisation::Organisation,
    principal::Principal,
};

/// Days within which a plan is filed that a review asks for: what is red for sure is not put off for years.
const PLAN_WITHIN: i64 = 92;
/// Days within which anything else is done that a review decides.
const TASK_WITHIN: i64 = 366;

/// A review whose day has come.
pub(super) fn opened(
    organisation: &Organisation,
    open: &Open,
    of: &Review,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    if matches!(facts.by, Principal::Person(_)) {
        violated.say(BY_ITSELF, "reviews open by themselves, by what the definitions say: `review: …`");
    }
    if midnight(of.period.first) > facts.at {
        violated.say(NOTHING_NEW, "the period has not begun");
    }
    let points: BTreeSet<_> =
        of.points.iter().map(|point| (&point.about, &point.unit, point.is_of_definition())).collect();
    if points.len() < of.points.len() || of.points.iter().any(|point| point.why.is_empty()) {
        violated.say(INCOMPLETE, "each point stands on the agenda once, and for a reason");
    }
    let same = |item: &&Item| matches!(&item.content, Content::Review(other) if (&other.rule, other.period) == (&of.rule, of.period));
    if let Some(other) = organisation.items.all().find(same) {
        violated.say(ALREADY_OPEN, format!("item {} is the review of that period", other.number));
    }
    opens(organisation, open, directory, facts, violated)
}

/// What came up since a review opened: points that are not on its agenda yet.
pub(super) fn extended(of: &Review, points: &[Point], violated: &mut Violated<'_>) {
    let about = |point: &Point| (point.about.clone(), point.unit.clone(), point.is_of_definition());
    let mut known: BTreeSet<_> = of.points.iter().map(about).collect();
    if points.is_empty() || !points.iter().all(|point| !point.why.is_empty() && known.insert(about(point))) {
        violated.say(NOTHING_NEW, "each point stands on the agenda once, and for a reason");
    }
}

/// A figure that somebody says is not right.
pub(super) fn disputed(
    organisation: &Organisation,
    open: &Open,
    of: &Dispute,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let directory = directory(organisation, facts, violated)?;
    is_there(organisation, facts.by, violated);
    if matches!(facts.by, Principal::Job(_)) {
        violated.say(BY_ITSELF, "a person says that a figure is not right");
    }
    let same = |item: &&Item| matches!(&item.content, Content::Dispute(other) if of.is_about_the_same(other));
    if let Some(other) = organisation.items.open().find(same) {
        violated.say(
            ALREADY_OPEN,
            format!("item {} says that it is not right, and waits for an answer", other.number),
        );
    }
    opens(organisation, open, directory, facts, violated)
}

/// A decision on a point, with the task that follows of it.
pub(super) fn decided(
    organisation: &Organisation,
    item: &Item,
    (place, decision, why, follows): (u16, Decision, kepi_proof::Commitment, Option<Follows>),
    directory: &Directory,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    let Content::Review(review) = &item.content else {
        violated.say(NO_SUCH_OUTCOME, "points are decided on by reviews");
        return Vec::new();
    };
    let Some(point) = review.points.get(usize::from(place)) else {
        violated.say(INCOMPLETE, format!("the agenda has {} points", review.points.len()));
        return Vec::new();
    };
    if item.work.decided.contains_key(&place) {
        violated.say(NOTHING_NEW, "that point was decided on already");
    }
    if decision == Decision::Accept && point.why.contains(&OnAgenda::PlanOwed) {
        violated.say(
            PLAN_OWED,
            "it is red beyond chance, and nobody has filed a plan: ask somebody for one, or put it off and say why",
        );
    }
    if decision == Decision::Plan && point.about.kpi().is_none() {
        violated.say(
            INCOMPLETE,
            "a plan says what it is to come to at a KPI, and this point is about none: ask somebody to do something",
        );
    }
    let task = organisation.items.next();
    let decided =
        |task| Event::PointDecided(PointDecided { item: item.number, point: place, decision, why, task });
    match follows {
        None if decision.is_followed() => {
            violated.say(INCOMPLETE, "say who does that, and until when");
            Vec::new()
        }
        None => vec![decided(None)],
        Some(_) if !decision.is_followed() => {
            violated.say(INCOMPLETE, "nobody does anything by that: leave out who, and until when");
            Vec::new()
        }
        Some(Follows { owner, by }) => {
            if !directory.people.contains_key(&owner) {
                violated.say(NOBODY_THERE, "who is to do it is no person of this project");
            }
            let within = if decision == Decision::Plan { PLAN_WITHIN } else { TASK_WITHIN };
            if by > day_after(facts.at, within) {
                violated.say(
                    INCOMPLETE,
                    format!("nobody waits so long: a plan is filed within {PLAN_WITHIN} days, anything else is done within {TASK_WITHIN}"),
                );
            }
            if by.tomorrow().map_or(0, midnight) <= facts.at {
                violated.say(INCOMPLETE, "the day until which it is to be done has passed");
            }
            let of = TaskOf::Point { review: item.number, point: place };
            let content = Content::Task(Task { of, action: Action { what: why, owner, by } });
            let first = handed(organisation, (task, &content, facts.by), directory, facts.at, violated);
            vec![decided(Some(task)), Event::ItemOpened(ItemOpened { item: task, content, why }), first]
        }
    }
}

/// Whether a review can be closed.
pub(super) fn is_decided(item: &Item, violated: &mut Violated<'_>) {
    let Content::Review(review) = &item.content else { return };
    let left = review.points.len().saturating_sub(item.work.decided.len());
    if left > 0 {
        violated.say(UNDECIDED, format!("{left} of {} points are not decided on", review.points.len()));
    }
}
