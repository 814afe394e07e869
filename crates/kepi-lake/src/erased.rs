//! Keys that were erased, as landing meets them: their rows are left out, and references to them are no longer taken.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kepi_govern::erasing::Erased;
use kepi_model::{
    expression::{Physical, Type},
    id::EntityId,
    project::Entity,
};
use kepi_proof::Digest;
use kepi_query::landing::Bits;
use serde_json::json;

use crate::mapping::{Rows, Slot};

/// What stands for a key once its row is erased: the same for ever, and nothing to whoever lacks the secret of the log.
pub(crate) fn digest(secret: &[u8; 32], entity: &EntityId, key: &[String]) -> Digest {
    let text = json!(["erased", entity, key]).to_string();
    // Twice, so that nothing can be put behind what is hashed.
    let inner = Digest::of(&[&secret[..], text.as_bytes()].concat());
    Digest::of(&[&secret[..], &inner.0[..]].concat())
}

/// A part of a key as it is hashed and compared.
pub(crate) fn spelt(slot: Slot<'_>) -> Option<String> {
    Some(match slot {
        Slot::Missing => return None,
        Slot::Text(text) => text.to_owned(),
        Slot::Integer(n) | Slot::Instant(n) => n.to_string(),
        Slot::Boolean(b) => b.to_string(),
    })
}

/// The key of a row, if it has one.
fn key_of(rows: &Rows, positions: &[usize], row: usize) -> Option<Vec<String>> {
    positions.iter().map(|at| spelt(rows.slot(*at, row))).collect()
}

/// What was erased, as far as rows of an entity can meet it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Met {
    /// How often anything was erased when it was looked.
    pub times: u64,
    secret: [u8; 32],
    of: Option<EntityId>,
    /// Positions of the attributes of the entity's key, and the keys of it that were erased.
    own: Option<(Vec<usize>, HashSet<Digest>)>,
    /// Positions of attributes that refer to an entity of which keys were erased; of each key whether the row goes with it.
    references: Vec<(usize, EntityId, BTreeMap<Digest, bool>)>,
}

/// What becomes of rows of a batch because of what was erased.
#[derive(Debug, Default)]
pub(crate) struct Meeting {
    /// Rows that are left out.
    pub gone: HashSet<usize>,
    /// Rows that lose a reference.
    pub emptied: HashSet<usize>,
}

impl Met {
    /// What rows of an entity can meet.
    pub fn of(entity: &Entity, erased: &Erased, secret: [u8; 32]) -> Self {
        let mut met = Self { times: erased.times(), secret, of: Some(entity.id.clone()), ..Self::default() };
        let position = |id| entity.attributes.iter().position(|a| &a.id == id);
        if let (Some(keys), Some(positions)) =
            (erased.of(&entity.id), entity.key.iter().map(position).collect::<Option<Vec<_>>>())
        {
            met.own = Some((positions, keys.keys().copied().collect()));
        }
        for (at, attribute) in entity.attributes.iter().enumerate() {
            let Type::Reference { entity: to } = &attribute.type_ else { continue };
            let Some(keys) = erased.of(to) else { continue };
            let goes = |with: &BTreeSet<EntityId>| with.contains(&entity.id);
            met.references.push((
                at,
                to.clone(),
                keys.iter().map(|(key, with)| (*key, goes(with))).collect(),
            ));
        }
        met
    }

    /// Whether no row can meet anything.
    pub fn is_nothing(&self) -> bool {
        self.own.is_none() && self.references.is_empty()
    }

    /// Whether a key of the entity of the rows was erased.
    pub fn is_erased(&self, key: &str) -> bool {
        let (Some((_, keys)), Some(of)) = (&self.own, &self.of) else { return false };
        keys.contains(&digest(&self.secret, of, &[key.to_owned()]))
    }

    /// Finds the rows of a batch that meet something, and takes references to it out of them. `typed` says which rows have values.
    pub fn meet(&self, rows: &mut Rows, count: usize, typed: &Bits) -> Meeting {
        let mut meeting = Meeting::default();
        if let (Some((positions, keys)), Some(of)) = (&self.own, &self.of) {
            for row in (0..count).filter(|row| typed.get(*row)) {
                let key = key_of(rows, positions, row);
                if key.is_some_and(|key| keys.contains(&digest(&self.secret, of, &key))) {
                    meeting.gone.insert(row);
                }
            }
        }
        for (at, to, keys) in &self.references {
            let mut emptied = HashSet::new();
            for row in (0..count).filter(|row| typed.get(*row)) {
                let Some(key) = spelt(rows.slot(*at, row)) else { continue };
                match keys.get(&digest(&self.secret, to, &[key])) {
                    Some(true) => drop(meeting.gone.insert(row)),
                    Some(false) => drop(emptied.insert(row)),
                    None => {}
                }
            }
            if !emptied.is_empty() {
                rows.empty(*at, &emptied);
                meeting.emptied.extend(emptied);
            }
        }
        meeting
    }
}

/// A part of a key that somebody names, as it is hashed and compared.
pub(crate) fn named(text: &str, type_: &Type) -> Result<String, String> {
    match type_.physical() {
        Physical::Text => Ok(text.to_owned()),
        Physical::Integer => {
            text.parse::<i64>().map(|n| n.to_string()).map_err(|_| format!("`{text}` is no whole number"))
        }
        Physical::Instant => text
            .parse::<jiff::Timestamp>()
            .map(|at| at.as_microsecond().to_string())
            .map_err(|_| format!("`{text}` is no instant, such as 2026-03-01T00:00:00Z")),
        Physical::Boolean => text
            .parse::<bool>()
            .map(|b| b.to_string())
            .map_err(|_| format!("`{text}` is neither true nor false")),
    }
}
