//! Laws of erasing rows: a person does, of some keys that are named. No freeze keeps anybody from it: what is published of frozen and
//! closed days stands, whatever becomes of the rows behind it.

use kepi_model::governance::Mode;

use super::{NOT_AGREED, NOT_ERASED, deciding::Violated};
use crate::{
    command::{Evidence, Facts},
    erasing::{Erase, MOST, RowsErased},
    event::Event,
    organisation::Organisation,
    principal::Principal,
};

/// Asking: what can be asked for can be done, once another owner asks for the same.
pub(super) fn asked(
    organisation: &Organisation,
    erase: &Erase,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    may(organisation, erase, facts, violated);
    vec![Event::ErasureAsked(erase.clone())]
}

fn may(organisation: &Organisation, erase: &Erase, facts: Facts<'_>, violated: &mut Violated<'_>) {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_ERASED, "a job erases no rows: a person does");
    }
    let governance = &organisation.governance;
    let is_owner = |by: &Principal| matches!(by, Principal::Person(by) if governance.owners.contains(by));
    if governance.mode != Mode::Open && !governance.owners.is_empty() && !is_owner(facts.by) {
        violated.say(NOT_ERASED, "where others decide, an owner whom the governance names erases rows");
    }
    if erase.keys.is_empty() || erase.keys.len() > MOST {
        violated.say(NOT_ERASED, format!("one key is erased at least, and {MOST} at once at most"));
    }
    if erase.with.contains(&erase.of) {
        violated.say(NOT_ERASED, format!("rows of `{}` are not erased with themselves", erase.of));
    }
}

pub(super) fn erased(
    organisation: &Organisation,
    erase: &Erase,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Option<Vec<Event>> {
    let Evidence::Erased { reached, snapshot, files, loads, stand } = facts.evidence else { return None };
    may(organisation, erase, facts, violated);
    if needs_another(organisation) && !organisation.erased.asked_by_another(erase, facts.by, facts.at) {
        violated.say(
            NOT_AGREED,
            "where others decide two owners erase: the other one asks for the same, within thirty days",
        );
    }
    Some(vec![Event::RowsErased(RowsErased {
        erase: erase.clone(),
        reached: reached.clone(),
        snapshot: *snapshot,
        files: *files,
        loads: loads.clone(),
        stand: *stand,
    })])
}

/// Whether nobody erases alone: others decide, and there is another owner.
pub fn needs_another(organisation: &Organisation) -> bool {
    organisation.governance.mode != Mode::Open && organisation.governance.owners.len() > 1
}
