//! The log as a list, read whenever it is asked for.

use kepi_report::logged::{LogAsked, LogEvent, Logged, Signed};
use kepi_store::{EventFilter, Proof, Store};

use super::{Custody, newest};
use crate::{error::AppError, told::with_names};

/// So many events are shown at once.
const MOST: usize = 100;
/// So many are read at once.
const CHUNK: u64 = 1_000;
/// So often, where few of them are asked for.
const CHUNKS: usize = 50;

/// Some of the log, the newest event first: a hundred at once, each with who did it and what it says in words.
///
/// # Errors
/// The database or a file of the audit refuses.
pub async fn listed(store: &Store, custody: &Custody, asked: &LogAsked) -> Result<Logged, AppError> {
    let size = store.newest_event().await?;
    let mut logged = Logged { size, signed: signed(store, custody, size).await?, ..Logged::default() };
    let names = store.names().await?;
    let mut end = asked.before.unwrap_or(u64::MAX).min(size + 1);
    for _ in 0..CHUNKS {
        if end <= 1 || logged.events.len() >= MOST {
            break;
        }
        let start = end.saturating_sub(CHUNK + 1);
        let filter = EventFilter {
            subject: asked.about.clone(),
            after: Some(start),
            limit: u32::try_from(CHUNK).ok(),
            ..EventFilter::default()
        };
        let events = store.events(&filter).await?;
        let until = end;
        end = start + 1;
        for recorded in events.iter().rev().filter(|recorded| recorded.seq < until) {
            let by = with_names(&recorded.by.to_string(), &names);
            if asked.by.as_ref().is_some_and(|asked| *asked != by) {
                continue;
            }
            if logged.events.len() >= MOST {
                end = recorded.seq + 1;
                break;
            }
            logged.events.push(LogEvent {
                event: recorded.seq,
                at: recorded.at,
                by,
                kind: recorded.kind.to_string(),
                about: recorded.subject.as_str().to_owned(),
                said: recorded.event().map(|event| with_names(&event.words(), &names)).unwrap_or_default(),
            });
        }
    }
    logged.older = (end > 1).then_some(end);
    Ok(logged)
}

/// The longest checkpoint that was signed, and whether the log still begins with what it is of.
async fn signed(store: &Store, custody: &Custody, size: u64) -> Result<Option<Signed>, AppError> {
    let Some((last, _)) = newest(store, custody).await? else { return Ok(None) };
    let proof = store.consistency(last.size, size).await?;
    let holds = matches!(proof, Some(Proof::Consistency { before, .. }) if before == last.root);
    Ok(Some(Signed { size: last.size, holds }))
}
