//! Laws of silences: each is about something, has an end that somebody remembers, and is kept by a person.

use kepi_model::governance::Mode;

use super::{INCOMPLETE, NOT_SILENT, NOT_YOUR_TURN, NOTHING_NEW, SILENT_TOO_LONG, deciding::Violated};
use crate::{
    command::{Evidence, Facts},
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
    let Some(kept) = organisation.silences.get(silence).filter(|kept| kept.holds(facts.at)) else {
        violated.say(NOT_SILENT, format!("there is no silence {silence} that holds: `kepi silence list`"));
        return Vec::new();
    };
    let governance = &organisation.governance;
    let answers = |by: &u64| match facts.evidence {
        Evidence::Answering { people, .. } => people.as_ref().is_some_and(|people| people.contains(by)),
        _ => false,
    };
    let may = match facts.by {
        Principal::Person(by) => {
            let decides =
                || governance.owners.iter().chain(governance.board.values().flatten()).any(|of| of == by);
            kept.by == *facts.by || answers(by) || decides()
        }
        Principal::Job(_) => false,
    };
    // Where a project is open whoever runs it decides.
    if !may && governance.mode != Mode::Open {
        violated.say(
            NOT_YOUR_TURN,
            format!("who keeps silence {silence} ends it, whoever answers for the figures that it is about, or the board"),
        );
    }
    vec![Event::SilenceEnded(silence)]
}

fn by_a_person(organisation: &Organisation, facts: Facts<'_>, violated: &mut Violated<'_>) {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_SILENT, "a job keeps nothing silent");
    }
}
