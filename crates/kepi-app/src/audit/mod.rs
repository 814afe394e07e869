//! The audit of the log: the key that signs its checkpoints, the file outside the database in which they are kept too,
//! and bundles that others verify without Kepi.

mod bundle;
mod custody;
mod listed;

use std::collections::HashSet;

use kepi_proof::{Checkpoint, PublicKey, checkpoint::handed_over};
use kepi_report::logged::Proven;
use kepi_store::{
    Audited, Finding, Store, Trusted,
    audit::finding::{BROKE_OFF, OPEN_KEY},
};

pub use bundle::{Exported, export};
pub use custody::Custody;
pub use listed::listed;

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
    let outside: HashSet<String> = outside.into_iter().collect();
    let missing = inside.iter().filter(|n| **n != note).chain([&note]).filter(|n| !outside.contains(*n));
    custody.append(missing)?;
    Ok(Some(now))
}

/// Signs the log as it stands, and by another key from then on: a checkpoint by the key so far names the next, so that who was
/// given the one may believe the other. A rotation that broke off is gone through with: where the log hands over to a key that lies aside, that
/// key signs from now on. None: there is no event yet.
///
/// # Errors
/// The database or a file refuses, or the log is another than the one that was signed.
pub async fn rotate(store: &Store, custody: &Custody) -> Result<Option<(Checkpoint, PublicKey)>, AppError> {
    let Some(now) = sign(store, custody).await? else { return Ok(None) };
    let key = custody.key(&now.origin)?;
    let (inside, outside) = (store.checkpoints().await?, custody.outside()?.unwrap_or_default());
    let handed = handed_over(&[key.public()], inside.iter().chain(&outside));
    let begun = custody.aside()?.into_iter().find_map(|(aside, path)| {
        let next = aside?.public();
        (next != key.public() && handed.contains(&next)).then_some((next, path))
    });
    if let Some((next, path)) = begun {
        custody.take(&path)?;
        custody.sweep()?;
        return Ok(Some((now, next)));
    }
    custody.sweep()?;
    let next = custody
        .replace_key(&now.origin, async |next| {
            let note = now.hand_over(&key, &next).map_err(|e| AppError::NotSigned(e.to_string()))?;
            store.keep_checkpoint(now.size, &note).await?;
            custody.append([&note].into_iter())
        })
        .await?;
    Ok(Some((now, next)))
}

/// That an event is in the log, as it was signed if it was; none: there is none of this number.
///
/// # Errors
/// The database or a file refuses.
pub async fn proof(store: &Store, custody: &Custody, seq: u64) -> Result<Option<Proven>, AppError> {
    let covering = covering(store, custody, seq).await?;
    let size = match &covering {
        Some((checkpoint, _)) => checkpoint.size,
        None => store.newest_event().await?,
    };
    let Some(kepi_store::Proof::Inclusion { seq, event, size, root, path }) =
        store.inclusion(seq, size).await?
    else {
        return Ok(None);
    };
    Ok(Some(Proven {
        proof: "inclusion".to_owned(),
        seq,
        event,
        size,
        root: root.to_string(),
        path: path.iter().map(ToString::to_string).collect(),
        checkpoints: covering.into_iter().map(|(_, note)| note).collect(),
        keys: custody.known()?.iter().map(ToString::to_string).collect(),
    }))
}

/// Holds the log against the longest checkpoint that is known.
async fn begins_as_before(
    store: &Store,
    now: &Checkpoint,
    notes: impl Iterator<Item = &String>,
    known: &[PublicKey],
) -> Result<(), AppError> {
    let of_this_log = by_size(notes).into_iter().rev().filter(|of| of.origin == now.origin);
    let Some((last, _)) = first_signed(of_this_log, known) else { return Ok(()) };
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
    let (inside, outside) = (store.checkpoints().await?, custody.outside()?);
    let keys = handed_over(&keys, inside.iter().chain(outside.iter().flatten()));
    let mut audited = store.audit(&Trusted { keys, outside }).await?;
    if custody.is_open()? {
        add(&mut audited, [Finding::new(OPEN_KEY, "the signing key", "others than its owner may read it")]);
    }
    for (_, path) in custody.aside()? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        add(
            &mut audited,
            [Finding::new(BROKE_OFF, "the signing key", format!("another lies beside it, `{name}`"))],
        );
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

/// A note, and what it says of which log, whoever signed it or did not.
struct Said<'a> {
    origin: String,
    size: u64,
    note: &'a str,
}

/// Notes that say what checkpoints do, the shortest log first.
fn by_size<'a>(notes: impl Iterator<Item = &'a String>) -> Vec<Said<'a>> {
    let said = |note: &'a String| {
        let Checkpoint { origin, size, .. } = Checkpoint::read(note).ok()?;
        Some(Said { origin, size, note })
    };
    let mut said: Vec<Said<'a>> = notes.filter_map(said).collect();
    said.sort_by_key(|of| of.size);
    said
}

/// The first that a known key has signed, with its note. Signatures behind it are not verified: a log is signed every
/// day for years.
fn first_signed<'a>(
    mut notes: impl Iterator<Item = Said<'a>>,
    known: &[PublicKey],
) -> Option<(Checkpoint, &'a str)> {
    notes.find_map(|of| Some((Checkpoint::open(of.note, known).ok()?, of.note)))
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
    let notes = store.checkpoints().await?;
    let covering = by_size(notes.iter()).into_iter().filter(|of| of.size >= seq);
    Ok(first_signed(covering, &custody.known()?).map(owned))
}

/// The longest signed checkpoint, as it was signed.
///
/// # Errors
/// The database or a file refuses.
pub async fn newest(store: &Store, custody: &Custody) -> Result<Option<(Checkpoint, String)>, AppError> {
    let notes = store.checkpoints().await?;
    Ok(first_signed(by_size(notes.iter()).into_iter().rev(), &custody.known()?).map(owned))
}

fn owned((checkpoint, note): (Checkpoint, &str)) -> (Checkpoint, String) {
    (checkpoint, note.to_owned())
}
