//! Laws of correcting rows: a person does, and takes back only what was said.

use std::collections::BTreeSet;

use super::{NOT_CORRECTED, deciding::Violated};
use crate::{
    command::Facts, correcting::Correcting, event::Event, organisation::Organisation, principal::Principal,
};

pub(super) fn corrected(
    organisation: &Organisation,
    rows: &[Correcting],
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_CORRECTED, "a job corrects no rows: a person does");
    }
    if rows.is_empty() {
        violated.say(NOT_CORRECTED, "of no row anything is said");
    }
    let mut seen = BTreeSet::new();
    for of in rows {
        if of.row == 0 {
            violated.say(NOT_CORRECTED, "rows are counted from 1");
        }
        if !seen.insert((&of.of, of.content, of.row)) {
            violated.say(NOT_CORRECTED, format!("row {} is said twice: say it once", of.row));
        }
        let holds =
            || organisation.corrected.of(&of.of, of.content).is_some_and(|rows| rows.contains_key(&of.row));
        if of.cells.is_none() && !holds() {
            violated.say(
                NOT_CORRECTED,
                format!("nothing is said of row {} by hand: there is nothing to take back", of.row),
            );
        }
    }
    rows.iter().cloned().map(Event::RowCorrected).collect()
}
