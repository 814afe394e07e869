//! What programs are told of the log.

use super::{Log, LogCheckpoint, Logged};
use crate::{facts::Facts, logged::LogAsked, reader::ViewError, reporter::Reporter};

/// Some of the log, the newest event first.
///
/// # Errors
/// It is not for who asks, or it cannot be read.
pub fn log(facts: &dyn Facts, asked: &LogAsked) -> Result<Log, ViewError> {
    let of = Reporter::new(facts).log(asked)?;
    let events = of.events.into_iter().map(|of| Logged {
        event: of.event,
        at: of.at,
        by: of.by,
        kind: of.kind,
        about: of.about,
        text: of.said,
    });
    Ok(Log {
        events: events.collect(),
        size: of.size,
        older: of.older,
        signed: of.signed.map(|of| LogCheckpoint { events: of.size, holds: of.holds }),
    })
}
