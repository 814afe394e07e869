//! The audit of the log: the key that signs its checkpoints, the file outside the database in which they are kept too,
//! and bundles that others verify without Kepi.

mod bundle;
mod custody;

use kepi_proof::{Checkpoint, PublicKey};
use kepi_store::{Audited, Finding, Store, Trusted, audit::finding::OPEN_KEY};

pub use bundle::{Exported, export};
pub use custody::Custody;

use crate::error::AppError;

/// Signs the log as it stands, unless that was done before, and keeps the checkpoint in the database and outside; none:
/// there is no event yet. A log that does not begin as the one that was signed last is not signed.
///
/// # Errors
/// The database or a file refuses, or the log is another.
pub async fn sign(store: &Store, custody: &Custody) -> Result<Option<Checkpoint>, AppError> {
    let now = store.checkpoint().await?;
    if now.size == 0 {
        return Ok(None);
    }
    let key = custody.key(&now.origin)?;
    let inside = store.checkpoints().await?;
    let outside = custody.outside()?.unwrap_or_default();
    let known = custody.known()?;
    begins_as_before(store, &now, inside.iter().chain(&outside), &known).await?;
    let not_signed = |e: kepi_proof::NoteError| AppError::NotSigned(e.to_string());
    let note = now.sign(&key).map_err(not_signed)?;
    if !inside.contains(&note) {
        store.keep_checkpoint(now.size, &note).await?;
    }
    // What a process that was killed between the two did not write comes first.
    let missing: Vec<&String> = inside.iter().filter(|n| **n != note).chain([&note]).collect();
    custody.append(missing.into_iter().filter(|n| !outside.contains(n)))?;
    Ok(Some(now))
}

/// Holds the log against the longest checkpoint that is known.
async fn begins_as_before(
    store: &Store,
    now: &Checkpoint,
    notes: impl Iterator<Item = &String>,
    known: &[PublicKey],
) -> Result<(), AppError> {
    let signed = notes.filter_map(|note| Checkpoint::open(note, known).ok());
    let Some(last) = signed.filter(|c| c.origin == now.origin).max_by_key(|c| c.size) else { return Ok(()) };
    let Some(kepi_store::Proof::Consistency { before, .. }) = store.consistency(last.size, now.size).await?
    else {
        let why = format!("it has {} events, and {} were signed for", now.size, last.size);
        return Err(AppError::NotSigned(why));
    };
    match before == last.root {
        true => Ok(()),
        false => Err(AppError::NotSigned(format!("its first {} events are others", last.size))),
    }
}

/// Holds the log against its tree, its checkpoints and what rests on it. Keys that are named count beside those of the
/// project.
///
/// # Errors
/// The database or a file refuses.
pub async fn verify(store: &Store, custody: &Custody, named: &[PublicKey]) -> Result<Audited, AppError> {
    let mut keys = custody.known()?;
    keys.extend_from_slice(named);
    let mut audited = store.audit(&Trusted { keys, outside: custody.outside()? }).await?;
    if custody.is_open()? {
        add(&mut audited, [Finding::new(OPEN_KEY, "the signing key", "others than its owner may read it")]);
    }
    Ok(audited)
}

/// Adds findings of another part, in the order of their codes.
pub fn add(audited: &mut Audited, findings: impl IntoIterator<Item = Finding>) {
    audited.findings.extend(findings);
    audited.findings.sort_by_key(|f| f.code);
}

/// Reads a key that was named.
///
/// # Errors
/// It is none.
pub fn read_key(text: &str) -> Result<PublicKey, AppError> {
    text.parse().map_err(|reason| AppError::Key { path: text.into(), reason })
}

/// Signed checkpoints of the database with their notes, as far as a key of the project has signed them.
async fn signed(store: &Store, custody: &Custody) -> Result<Vec<(Checkpoint, String)>, AppError> {
    let known = custody.known()?;
    let notes = store.checkpoints().await?;
    Ok(notes.into_iter().filter_map(|note| Some((Checkpoint::open(&note, &known).ok()?, note))).collect())
}

/// The shortest signed checkpoint that covers an event, as it was signed.
///
/// # Errors
/// The database or a file refuses.
pub async fn covering(
    store: &Store,
    custody: &Custody,
    seq: u64,
) -> Result<Option<(Checkpoint, String)>, AppError> {
    let signed = signed(store, custody).await?;
    Ok(signed.into_iter().filter(|(c, _)| c.size >= seq).min_by_key(|(c, _)| c.size))
}

/// The longest signed checkpoint, as it was signed.
///
/// # Errors
/// The database or a file refuses.
pub async fn newest(store: &Store, custody: &Custody) -> Result<Option<(Checkpoint, String)>, AppError> {
    Ok(signed(store, custody).await?.into_iter().max_by_key(|(c, _)| c.size))
}
