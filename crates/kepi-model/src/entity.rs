//! Entities and attributes.

use std::collections::BTreeMap;

use crate::{
    expression::{Path, Type},
    id::{AttributeId, EntityId},
};

/// A kind of thing in the customer model.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Id.
    pub id: EntityId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: String,
    /// The attributes that identify a row.
    pub key: Vec<AttributeId>,
    /// The attribute that dates a row unless a measure says otherwise.
    pub time: Option<AttributeId>,
    /// Attributes in declared order.
    pub attributes: Vec<Attribute>,
}

impl Entity {
    /// One attribute.
    pub fn attribute(&self, id: &AttributeId) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &a.id == id)
    }
}

/// The scale that is declared for what a path leads to from an entity. An answer off it is no answer, whoever reads it.
pub fn scale_of(path: &Path, base: &EntityId, entities: &BTreeMap<EntityId, Entity>) -> Option<(i64, i64)> {
    let last = path.references.last().map_or(base, |(_, next)| next);
    entities.get(last)?.attribute(&path.attribute)?.scale
}

/// An attribute of an entity.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Id.
    pub id: AttributeId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// What it holds.
    pub type_: Type,
    /// Of answers: lowest and highest; others count as no answer.
    pub scale: Option<(i64, i64)>,
    /// Whether it is personal data.
    pub personal: bool,
}
