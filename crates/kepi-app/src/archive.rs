//! Definitions are kept as they were: a project's texts by the hash of their content, as events.

use kepi_model::{
    id::Hash,
    source_text::{SourceFile, SourceMap},
};
use kepi_store::{EventFilter, NewEvent, Store, Transaction, event::append_event};
use serde_json::{Value, json};

use crate::error::AppError;

const KIND: &str = "definitions.recorded";

/// The hash of all texts with their paths.
pub fn hash(files: &SourceMap) -> Hash {
    Hash::of(texts(files).to_string().as_bytes())
}

fn texts(files: &SourceMap) -> Value {
    files.iter().map(|(_, file)| json!([file.path, file.text.as_ref()])).collect()
}

fn subject(hash: &Hash) -> String {
    format!("definitions/{hash}")
}

/// Records the texts unless they are recorded already.
pub async fn record(
    store: &Store,
    tx: &mut Transaction,
    files: &SourceMap,
    actor: &str,
    at: i64,
) -> Result<Hash, AppError> {
    let hash = hash(files);
    if find(store, &hash).await?.is_none() {
        let event = NewEvent {
            at,
            actor: actor.to_owned(),
            kind: KIND.to_owned(),
            subject: subject(&hash),
            body: texts(files),
        };
        append_event(tx, &event).await?;
    }
    Ok(hash)
}

/// The texts with this hash, if they were recorded; what does not hash to it is refused.
pub async fn find(store: &Store, hash: &Hash) -> Result<Option<SourceMap>, AppError> {
    let filter = EventFilter {
        kind: Some(KIND.to_owned()),
        subject: Some(subject(hash)),
        after: None,
        limit: Some(1),
    };
    let Some(event) = store.events(&filter).await?.into_iter().next() else { return Ok(None) };
    let corrupt =
        |reason: &str| AppError::Corrupt { what: "recorded definitions", reason: reason.to_owned() };
    let pairs: Vec<(String, String)> =
        serde_json::from_value(event.event.body).map_err(|e| corrupt(&e.to_string()))?;
    let files = SourceMap::new(
        pairs.into_iter().map(|(path, text)| SourceFile { path, text: text.into() }).collect(),
    );
    if self::hash(&files) == *hash {
        Ok(Some(files))
    } else {
        Err(corrupt("the texts do not hash to their name"))
    }
}
