//! The log from its first event to its last: no gap, no change, the tree beside it whole.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{Event, Recorded, event::RunPublished};
use kepi_proof::{Commitment, Digest, Frontier, path};

use super::finding::{CHANGED, Findings, HEAD, MISSING, ORDER, TREE, UNREADABLE};
use crate::{
    error::StoreError, event, projection::InForceRows, sql::common::audit as sql, store::Reading, tree,
};

/// How many events are read at once.
const CHUNK: u32 = 1000;

/// What the log came to.
#[derive(Default)]
pub(super) struct Walked {
    /// Position of the last event.
    pub size: u64,
    /// The root over the events.
    pub root: Digest,
    /// At the sizes that were asked for: the root over the events, and that over the leaves of the tree.
    pub roots: BTreeMap<u64, (Digest, Digest)>,
    /// The rows of the projection.
    pub in_force: InForceRows,
    /// Texts that events name.
    pub committed: BTreeSet<Commitment>,
    /// How many loads there were.
    pub loads: u64,
    /// Published runs with their positions.
    pub runs: Vec<(u64, RunPublished)>,
}

/// What is known after the events so far.
struct Walk<'a> {
    sizes: &'a BTreeSet<u64>,
    findings: &'a mut Findings,
    walked: Walked,
    /// Over the events.
    events: Frontier,
    /// Over the leaves that are kept.
    leaves: Frontier,
    counted: BTreeMap<String, u64>,
    at: i64,
}

pub(super) async fn walk(
    tx: &mut Reading,
    sizes: &BTreeSet<u64>,
    findings: &mut Findings,
) -> Result<Walked, StoreError> {
    let mut walk = Walk {
        sizes,
        findings,
        walked: Walked::default(),
        events: Frontier::default(),
        leaves: Frontier::default(),
        counted: BTreeMap::new(),
        at: i64::MIN,
    };
    walk.mark();
    loop {
        let (seen, events) = (walk.walked.size, event::standing(tx, walk.walked.size, CHUNK).await?);
        let Some(last) = events.last().map(|(seq, _)| *seq) else { break };
        let (first, end) = (path::kept(seen), path::kept(last));
        let limit = u32::try_from(end.saturating_sub(first)).unwrap_or(u32::MAX);
        let kept: BTreeMap<i64, Option<Digest>> = tree::from(tx, first, limit).await?.into_iter().collect();
        for (seq, recorded) in events {
            for missing in walk.walked.size + 1..seq {
                walk.findings.add(MISSING, format!("event {missing}"), "there is no such event");
                walk.step(missing, None, &kept);
            }
            walk.read(seq, recorded, &kept);
        }
    }
    let Walk { findings, mut walked, events, .. } = walk;
    walked.root = events.root();
    let head = event::size(tx).await?;
    if head != walked.size {
        findings.add(HEAD, "kepi_head", format!("it says {head} events, there are {}", walked.size));
    }
    let kept = tx.query(sql::TREE_SIZE).value::<i64>().await?.unsigned_abs();
    if kept != path::kept(walked.size) {
        let message =
            format!("it has {kept} hashes, {} events have {}", walked.size, path::kept(walked.size));
        findings.add(TREE, "kepi_tree", message);
    }
    Ok(walked)
}

impl Walk<'_> {
    /// Looks at an event.
    fn read(
        &mut self,
        seq: u64,
        recorded: Result<Recorded, StoreError>,
        kept: &BTreeMap<i64, Option<Digest>>,
    ) {
        let place = format!("event {seq}");
        let recorded = match recorded {
            Ok(recorded) => recorded,
            Err(why) => {
                self.findings.add(UNREADABLE, place, why.to_string());
                return self.step(seq, None, kept);
            }
        };
        let n = self.counted.entry(recorded.subject.to_string()).or_default();
        *n += 1;
        if recorded.n != *n {
            let message =
                format!("it is number {} about `{}`, after {}", recorded.n, recorded.subject, *n - 1);
            self.findings.add(ORDER, place.as_str(), message);
            *n = recorded.n;
        }
        if recorded.at < self.at {
            self.findings.add(ORDER, place.as_str(), "it happened before the event before it");
        }
        self.at = self.at.max(recorded.at);
        match recorded.event() {
            Ok(event) => self.take_in(&recorded, &event),
            Err(why) => self.findings.add(UNREADABLE, place.as_str(), why.to_string()),
        }
        let leaf = tree::leaf(&recorded);
        if let Err(why) = &leaf {
            self.findings.add(UNREADABLE, place, why.to_string());
        }
        self.step(seq, leaf.ok(), kept);
    }

    /// Grows both trees by an event: by its hash, if it is there, and by the leaf that is kept.
    fn step(&mut self, seq: u64, leaf: Option<Digest>, kept: &BTreeMap<i64, Option<Digest>>) {
        let mut at = path::kept(seq - 1) as i64;
        let stored = kept.get(&at).copied().flatten();
        if let (Some(leaf), Some(stored)) = (leaf, stored)
            && leaf != stored
        {
            self.findings.add(
                CHANGED,
                format!("event {seq}"),
                "it is not the event that the tree has taken in",
            );
        }
        // Where one of the two is gone, the other keeps the rest in line; its loss is a finding of its own.
        let empty = Digest::of(&[]);
        let standing = stored.or(leaf).unwrap_or(empty);
        let findings = &mut *self.findings;
        self.leaves.grow(standing, |expected| {
            match kept.get(&at).copied().flatten() {
                Some(found) if found == expected => {}
                Some(_) => findings.add(
                    TREE,
                    format!("kepi_tree at {at}"),
                    "it is not the hash over what is below it",
                ),
                None => findings.add(TREE, format!("kepi_tree at {at}"), "there is no hash"),
            }
            at += 1;
        });
        self.events.push_leaf(leaf.or(stored).unwrap_or(empty));
        self.walked.size = seq;
        self.mark();
    }

    /// Keeps the roots at a size that was asked for.
    fn mark(&mut self) {
        if self.sizes.contains(&self.walked.size) {
            let roots = (self.events.root(), self.leaves.root());
            self.walked.roots.insert(self.walked.size, roots);
        }
    }

    fn take_in(&mut self, recorded: &Recorded, event: &Event) {
        self.walked.in_force.on(recorded.seq, event);
        self.walked.committed.extend(event.texts());
        match event {
            Event::RunPublished(run) => self.walked.runs.push((recorded.seq, run.clone())),
            Event::LoadLanded(_) | Event::LoadStopped(_) => self.walked.loads += 1,
            // The rows that it sealed are held against it where they are read.
            _ => {}
        }
    }
}
