//! What laws refused stands in the log: who attempted what, and which laws said no.

use std::collections::BTreeSet;

use kepi_govern::{Command, Permit, RecordForbidden, laws};
use kepi_store::{Asked, StoreError};

use crate::{archive::NewTexts, deciding::Deciding, error::AppError};

/// An hour in µs: the same attempt stands once in each.
const HOUR: i64 = 3_600_000_000;

impl Deciding<'_> {
    /// The error of a command, after it was kept that laws refused it.
    pub(crate) async fn refused(
        &self,
        error: StoreError,
        by: &Permit,
        command: &Command,
        at: i64,
    ) -> AppError {
        let (StoreError::Forbidden(violations), Some((action, item))) = (&error, command.attempts()) else {
            return error.into();
        };
        let said = violations.0.iter().map(|violation| violation.code);
        let said = said.filter(|code| !laws::MOVED_ON.contains(code));
        let laws: BTreeSet<u16> = said.filter_map(|code| code.strip_prefix('G')?.parse().ok()).collect();
        if let (false, Ok(action)) = (laws.is_empty(), action.parse()) {
            let key = format!("forbidden/{}/{action}/{item:?}/{laws:?}/{}", by.by(), at.div_euclid(HOUR));
            let record = Command::RecordForbidden(RecordForbidden { item, action, laws });
            // It is refused whether that can be kept or not.
            if let Err(unkept) =
                self.0.perform(Asked::new(by, &key, at), &record, &mut NewTexts(Vec::new())).await
            {
                tracing::warn!(%unkept, "an attempt that was refused is not in the log");
            }
        }
        error.into()
    }
}
