//! The page of the log.

use super::Reporter;
use crate::{
    logged::LogAsked,
    reader::ViewError,
    view::{LogRow, LogView, ProofView},
};

impl Reporter<'_> {
    /// Some of the log, the newest event first.
    ///
    /// # Errors
    /// It is not for who asks, or it cannot be read.
    pub fn log(self, asked: &LogAsked) -> Result<LogView, ViewError> {
        let of = self.facts.log(asked)?;
        let events = of.events.into_iter().map(|of| LogRow {
            event: of.event,
            at: self.instant(of.at),
            by: of.by,
            kind: of.kind,
            about: of.about,
            said: of.said,
        });
        Ok(LogView {
            project: self.project_view(),
            asked: asked.clone(),
            events: events.collect(),
            size: of.size,
            older: of.older,
            signed: of.signed,
        })
    }

    /// That an event is in the log as it was signed.
    ///
    /// # Errors
    /// There is none of this number, it is not for who asks, or it cannot be read.
    pub fn proof(self, event: &str) -> Result<ProofView, ViewError> {
        let nothing = || ViewError::NotFound {
            what: format!("event `{event}`"),
            suggestions: vec![("The log".to_owned(), "/audit".to_owned())],
        };
        let number = event.parse().map_err(|_| nothing())?;
        let of = self.facts.proof(number)?.ok_or_else(nothing)?;
        Ok(ProofView { project: self.project_view(), of })
    }
}
