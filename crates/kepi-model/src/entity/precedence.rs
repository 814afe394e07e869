//! Which source is believed where several know the same row: their rows are kept apart as they land, and composed attribute by
//! attribute whenever they are read, so that it never matters which of them came first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    id::{AttributeId, SourceId},
    source_text::Span,
};

/// Whom an entity believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedence {
    /// All sources of the entity: the first that has a value says it.
    pub order: Vec<SourceId>,
    /// Attributes for which something else holds.
    pub of: BTreeMap<AttributeId, Believed>,
    /// Attributes that say when a source last changed its row: no two systems agree on them, and the latest holds.
    pub clocks: BTreeSet<AttributeId>,
    /// Where it is written.
    pub span: Span,
}

/// Whose value of an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Believed {
    /// The first of these sources that has one, then the others in the entity's order.
    First(Vec<SourceId>),
    /// That of the row with the latest value of an attribute; of two, in the entity's order.
    Newest(AttributeId),
}

impl Precedence {
    /// The sources in the order in which an attribute believes them.
    pub fn order_of(&self, attribute: &AttributeId) -> Vec<&SourceId> {
        let first: &[SourceId] = match self.of.get(attribute) {
            Some(Believed::First(first)) => first,
            Some(Believed::Newest(_)) | None => &[],
        };
        first.iter().chain(self.order.iter().filter(|source| !first.contains(source))).collect()
    }

    /// What decides how rows are composed.
    pub fn form(&self) -> Value {
        let of: Vec<Value> = self
            .of
            .iter()
            .map(|(attribute, of)| match of {
                Believed::First(first) => json!([attribute, "first", first]),
                Believed::Newest(at) => json!([attribute, "newest", at]),
            })
            .collect();
        json!(["precedence", self.order, of, self.clocks])
    }
}
