//! Laws of judging rows: a person does, of some rows that are named.

use super::{NOT_JUDGED, deciding::Violated};
use crate::{
    command::Facts,
    event::Event,
    judging::{Judging, MOST},
    organisation::Organisation,
    principal::Principal,
};

pub(super) fn judged(
    organisation: &Organisation,
    of: &Judging,
    facts: Facts<'_>,
    violated: &mut Violated<'_>,
) -> Vec<Event> {
    super::deciding::is_there(organisation, facts.by, violated);
    if !matches!(facts.by, Principal::Person(_)) {
        violated.say(NOT_JUDGED, "a job judges no rows: a person does");
    }
    if of.rows.is_empty() || of.rows.len() > MOST {
        violated.say(NOT_JUDGED, format!("one row is judged at least, and {MOST} at once at most"));
    }
    vec![Event::RowsJudged(of.clone())]
}
