//! Laws of silences: each is about something, has an end that somebody remembers, and is kept by a person.

use super::{INCOMPLETE, NOT_SILENT, NOTHING_NEW, SILENT_TOO_LONG, deciding::Violated};
use crate::{
    command::Facts,
    event::{AlertsSilenced, Event},
    organisation::Organisation,
    principal::Principal,
    silences::{LONGEST, Silence},
};

pub(super) fn silenced(
    organisation: &Organisation,
    of: &Silence,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    by_a_person(organisation, facts, violated);
    if of.rule.is_none() && of.kpi.is_none() {
        violated.say(INCOMPLETE, "a silence is of an alert or of a KPI, not of everything");
    }
    if of.until <= facts.at || of.until > facts.at + LONGEST {
        violated.say(SILENT_TOO_LONG, "a silence ends after now, and within three months");
    }
    let same = |kept: &Silence| (&kept.rule, &kept.kpi, &kept.unit) == (&of.rule, &of.kpi, &of.unit);
    let holds = organisation
        .silences
        .all()
        .find(|(_, kept)| kept.holds(facts.at) && same(&kept.of) && kept.of.until >= of.until);
    if let Some((number, _)) = holds {
        violated.say(NOTHING_NEW, format!("silence {number} says so already, and as long"));
    }
    vec![Event::AlertsSilenced(AlertsSilenced { silence: organisation.silences.next(), of: of.clone() })]
}

pub(super) fn ended(
    organisation: &Organisation,
    silence: u64,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    by_a_person(organisation, facts, violated);
    if !organisation.silences.get(silence).is_some_and(|kept| kept.holds(facts.at)) {
        violated.say(NOT_SILENT, format!("there is no silence {silence} that holds: `kepi silence list`"));
    }
    vec![Event::SilenceEnded(silence)]
}

fn by_a_person(organisation: &Organisation, facts: Facts<'_>, violated: &mut Violated<'_>) {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_SILENT, "a job keeps nothing silent");
    }
}
