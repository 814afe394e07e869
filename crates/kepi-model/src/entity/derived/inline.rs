//! Attributes that are computed stand for their expression wherever they are read.

use super::{Derivation, Entities};
use crate::{
    expression::{Expression, Node, Path},
    id::EntityId,
};

/// The expression with computed attributes written out, those of rows that are referred to also.
pub fn inlined(of: &Expression, base: &EntityId, entities: &Entities) -> Expression {
    of.map_paths(&mut |path, type_| match computed(path, base, entities) {
        None => Expression { type_: type_.clone(), node: Node::Path(path.clone()) },
        Some((inner, at)) => inlined(inner, at, entities).map_paths(&mut |inner, type_| {
            let references = path.references.iter().chain(&inner.references).cloned().collect();
            let path = Path { references, attribute: inner.attribute.clone() };
            Expression { type_: type_.clone(), node: Node::Path(path) }
        }),
    })
}

/// What a path stands for if it leads to a computed attribute, and of which entity that is.
fn computed<'a>(
    path: &'a Path,
    base: &'a EntityId,
    entities: &'a Entities,
) -> Option<(&'a Expression, &'a EntityId)> {
    let last = path.references.last().map_or(base, |(_, next)| next);
    match entities.get(last)?.derivation(&path.attribute)? {
        Derivation::Expression(inner) => Some((inner, last)),
        Derivation::Given | Derivation::Gathered(_) => None,
    }
}

/// How many parts an expression has with computed attributes written out.
pub(crate) fn size(of: &Expression, base: &EntityId, entities: &Entities) -> usize {
    let mut parts = 0usize;
    of.visit(&mut |part| {
        parts = parts.saturating_add(match &part.node {
            Node::Path(path) => {
                computed(path, base, entities).map_or(1, |(inner, at)| size(inner, at, entities))
            }
            _ => 1,
        });
    });
    parts
}
