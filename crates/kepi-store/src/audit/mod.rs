//! Whether the log is what it was, and what rests on it what the log says: read whole, written nowhere.
//!
//! The events are held against the tree that grew with them, the tree against checkpoints that were signed, checkpoints
//! against those kept outside; then everything that events commit to against the events.

pub mod finding;
mod log;
mod rest;

use std::collections::BTreeMap;

use kepi_proof::{Checkpoint, Digest, PublicKey};
use serde::Serialize;

use crate::{
    checkpoint,
    error::StoreError,
    store::{Reading, Store},
};
use finding::{FOREIGN, Findings, LOST, NOT_COVERED, NOT_OUTSIDE, REWRITTEN, SHORTENED, UNSIGNED};
pub use finding::{Finding, KINDS, Kind, Severity};

/// What checkpoints are held against.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    /// Keys whose signatures count.
    pub keys: Vec<PublicKey>,
    /// The notes that are kept outside the database; none: there is no such file.
    pub outside: Option<Vec<String>>,
}

/// What an audit saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audited {
    /// The name of the log.
    pub log: String,
    /// How many events it has.
    pub events: u64,
    /// The root over them.
    pub root: Digest,
    /// Signed checkpoints that hold, in the database and outside.
    pub checkpoints: u64,
    /// Of them, those that are kept outside.
    pub outside: u64,
    /// How many events the longest of them covers.
    pub covered: u64,
    /// Texts that are what was committed to.
    pub texts: u64,
    /// Texts that were erased, which the log allows.
    pub erased: u64,
    /// Loads and runs whose rows were compared.
    pub records: u64,
    /// What is not as it should be, by code.
    pub findings: Vec<Finding>,
}

impl Audited {
    /// Whether nothing speaks for a change.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|f| f.severity != Severity::Error)
    }
}

/// A checkpoint that is signed, and where it stands.
struct Signed {
    checkpoint: Checkpoint,
    outside: bool,
}

impl Store {
    /// Holds the whole log against its tree, its checkpoints and what rests on it.
    ///
    /// # Errors
    /// The database refused. What is not as it should be is no error but a finding.
    pub async fn audit(&self, trusted: &Trusted) -> Result<Audited, StoreError> {
        let mut tx = self.read().await?;
        let mut findings = Findings::default();
        let log = checkpoint::origin(&mut tx).await?;
        let signed = signed(&mut tx, &log, trusted, &mut findings).await?;
        let sizes = signed.iter().map(|s| s.checkpoint.size).collect();
        let walked = log::walk(&mut tx, &sizes, &mut findings).await?;
        let mut covered = 0;
        let (mut held, mut outside) = (0, 0);
        for of in &signed {
            let Checkpoint { size, root, .. } = of.checkpoint;
            let place = format!("checkpoint over {size} events");
            match walked.roots.get(&size) {
                Some((events, _)) if *events == root => {
                    covered = covered.max(size);
                    held += 1;
                    outside += u64::from(of.outside);
                }
                Some((_, tree)) if *tree == root => findings.add(
                    REWRITTEN,
                    place,
                    "the tree has the root that was signed, the events have not: events were changed after they were signed for",
                ),
                Some(_) => findings.add(
                    REWRITTEN,
                    place,
                    "neither events nor tree have the root that was signed: both were written anew",
                ),
                None => findings.add(SHORTENED, place, format!("the log has {} events", walked.size)),
            }
        }
        if covered < walked.size {
            let message = match walked.size - covered {
                1 => "the last event is under no checkpoint that holds".to_owned(),
                n => format!("the last {n} events are under no checkpoint that holds"),
            };
            findings.add(NOT_COVERED, format!("events {} to {}", covered + 1, walked.size), message);
        }
        rest::projections(&mut tx, walked.in_force, &mut findings).await?;
        let (texts, erased) = rest::texts(&mut tx, &walked.committed, &mut findings).await?;
        let runs = rest::runs(&mut tx, &walked.runs, &mut findings).await?;
        drop(tx);
        match self.altered_records().await {
            Ok(altered) => {
                for one in altered {
                    let message =
                        format!("`{}` has not the rows of load {} that were committed to", one.table, one.of);
                    findings.add(finding::RECORD, format!("event {}", one.seq), message);
                }
            }
            // Events that cannot be read are findings already.
            Err(StoreError::Corrupt { .. }) if !findings.is_empty() => {}
            Err(other) => return Err(other),
        }
        Ok(Audited {
            log,
            events: walked.size,
            root: walked.root,
            checkpoints: held,
            outside,
            covered,
            texts,
            erased,
            records: walked.loads + runs,
            findings: findings.finish(),
        })
    }
}

/// The checkpoints of database and file, each once.
async fn signed(
    tx: &mut Reading,
    log: &str,
    trusted: &Trusted,
    findings: &mut Findings,
) -> Result<Vec<Signed>, StoreError> {
    let mut notes: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for note in checkpoint::all(tx).await? {
        notes.entry(note).or_default().0 = true;
    }
    for note in trusted.outside.iter().flatten() {
        notes.entry(note.clone()).or_default().1 = true;
    }
    let mut signed = Vec::new();
    let mut not_outside = 0u64;
    for (note, (inside, outside)) in notes {
        let place = if inside { "checkpoint in the database" } else { "checkpoint in the file outside" };
        let checkpoint = match Checkpoint::open(&note, &trusted.keys) {
            Ok(checkpoint) => checkpoint,
            Err(why) => {
                let first = note.lines().take(2).collect::<Vec<_>>().join(" · ");
                findings.add(
                    UNSIGNED,
                    place,
                    format!("`{}`: {why}", first.chars().take(80).collect::<String>()),
                );
                continue;
            }
        };
        if checkpoint.origin != log {
            findings.add(FOREIGN, place, format!("it is of `{}`, this log is `{log}`", checkpoint.origin));
            continue;
        }
        let place = format!("checkpoint over {} events", checkpoint.size);
        if !inside {
            findings.add(LOST, place, "it stands in the file outside and not in the database");
        }
        not_outside += u64::from(!outside);
        signed.push(Signed { checkpoint, outside });
    }
    if not_outside > 0 {
        let place = if trusted.outside.is_some() { "the file outside" } else { "no file outside" };
        findings.add(NOT_OUTSIDE, place, format!("{not_outside} checkpoints stand in the database only"));
    }
    Ok(signed)
}
