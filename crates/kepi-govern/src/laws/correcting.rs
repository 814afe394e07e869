//! Laws of correcting rows: a person does, and takes back only what was said.

use super::{NOT_CORRECTED, deciding::Violated};
use crate::{
    command::Facts, correcting::Correcting, event::Event, organisation::Organisation, principal::Principal,
};

pub(super) fn corrected(
    organisation: &Organisation,
    of: &Correcting,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_CORRECTED, "a job corrects no rows: a person does");
    }
    if of.row == 0 {
        violated.say(NOT_CORRECTED, "rows are counted from 1");
    }
    let holds =
        || organisation.corrected.of(&of.of, of.content).is_some_and(|rows| rows.contains_key(&of.row));
    if of.cells.is_none() && !holds() {
        violated.say(
            NOT_CORRECTED,
            format!("nothing is said of row {} by hand: there is nothing to take back", of.row),
        );
    }
    vec![Event::RowCorrected(of.clone())]
}
