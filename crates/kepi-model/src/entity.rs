//! Entities and attributes.

pub mod derived;
pub mod precedence;
pub mod screening;

use std::collections::BTreeMap;

use derived::{Derivation, Derived, Lasts, Rows};
use precedence::Precedence;
use screening::Screen;

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
    /// Attributes that are landed, in declared order; none of an entity whose rows are made.
    pub attributes: Vec<Attribute>,
    /// Attributes that are made, in an order in which each comes after those of this entity that it needs.
    pub derived: Vec<Derived>,
    /// From when until when a row is in force, if it lasts.
    pub lasts: Option<Lasts>,
    /// How its rows are made; none: they are landed.
    pub rows: Option<Rows>,
    /// Which of its rows are doubtful answers.
    pub screen: Option<Screen>,
    /// Whom it believes where several sources know the same row; none: a row supersedes another whole.
    pub precedence: Option<Precedence>,
}

impl Entity {
    /// One attribute, landed or made.
    pub fn attribute(&self, id: &AttributeId) -> Option<&Attribute> {
        self.all_attributes().find(|a| &a.id == id)
    }
    /// All attributes, those that are landed first.
    pub fn all_attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute> + Clone {
        self.attributes.iter().chain(self.derived.iter().map(|d| &d.attribute))
    }
    /// How an attribute is made; none: it is landed, or there is none.
    pub fn derivation(&self, id: &AttributeId) -> Option<&Derivation> {
        self.derived.iter().find(|d| &d.attribute.id == id).map(|d| &d.from)
    }
    /// The attribute that identifies a row alone, if one does: others may refer to it.
    pub fn single_key(&self) -> Option<&AttributeId> {
        match self.key.as_slice() {
            [key] => Some(key),
            _ => None,
        }
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
