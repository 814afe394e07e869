//! Rows, conditions and values of a measure in plain English.

use std::collections::BTreeMap;

use super::Population;
use crate::{
    entity::{Entity, screening::uncounted},
    expression::{Comparison, Expression, Literal, Node, Path, Type, scaled},
    expression_text::{duration_text, literal_text},
    id::EntityId,
};

pub(super) fn quantile_text(millionths: u32) -> String {
    if millionths == 500_000 {
        return "median".to_owned();
    }
    let percent = scaled(i64::from(millionths), 4);
    format!("{} % quantile", percent.trim_end_matches('0').trim_end_matches('.'))
}

/// `Survey response` → `survey responses`; a word in capitals keeps them.
pub(super) fn plural(name: &str) -> String {
    let name = lower(name);
    match name.as_bytes() {
        // `Answers` are several already; a class, a status and an analysis are not.
        [.., before, b's'] if !matches!(before, b's' | b'u' | b'i') => name,
        [.., b's' | b'x' | b'z'] => format!("{name}es"),
        [.., b'c' | b's', b'h'] => format!("{name}es"),
        [.., before, b'y'] if !matches!(before, b'a' | b'e' | b'i' | b'o' | b'u') => {
            format!("{}ies", name.get(..name.len() - 1).unwrap_or(&name))
        }
        _ => format!("{name}s"),
    }
}

fn lower(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => name.to_owned(),
    }
}

/// Names of entities and attributes as people know them.
pub struct Words<'a> {
    pub(crate) entities: &'a BTreeMap<EntityId, Entity>,
}

impl Words<'_> {
    pub(super) fn rows(&self, rows: &Population) -> String {
        self.entities.get(&rows.of).map_or_else(|| rows.of.to_string(), |e| plural(&e.name))
    }

    pub(super) fn filter(&self, rows: &Population) -> String {
        let screen = self.entities.get(&rows.of).and_then(|entity| entity.screen.as_ref());
        let own = match (screen, &rows.filter) {
            (Some(screen), Some(filter)) => uncounted(screen, filter),
            (_, filter) => filter.clone(),
        };
        let own = own.map_or(String::new(), |of| format!(" where {}", self.condition(&of, &rows.of)));
        let screened = if screen.is_some() { " not screened out" } else { "" };
        format!("{screened}{own}")
    }

    pub(super) fn dated(&self, rows: &Population) -> String {
        format!("; dated by {}", self.path(&rows.at, &rows.of))
    }

    /// `account.region` → `region of account`.
    pub(super) fn path(&self, path: &Path, base: &EntityId) -> String {
        let name = |entity: &EntityId, attribute| {
            self.entities
                .get(entity)
                .and_then(|e| e.attribute(attribute))
                .map_or_else(|| attribute.to_string(), |a| lower(&a.name))
        };
        let last = path.references.last().map_or(base, |(_, e)| e);
        let mut text = name(last, &path.attribute);
        let mut befores = vec![base.clone()];
        befores.extend(path.references.iter().map(|(_, e)| e.clone()));
        for ((reference, _), entity) in path.references.iter().zip(&befores).rev() {
            text.push_str(&format!(" of {}", name(entity, reference)));
        }
        text
    }

    pub(crate) fn value(&self, e: &Expression, base: &EntityId) -> String {
        match &e.node {
            Node::Path(path) => self.path(path, base),
            Node::Rescale(inner, _) => self.value(inner, base),
            Node::Literal(literal) => self.literal(literal, &e.type_),
            _ => e.to_string(),
        }
    }

    fn literal(&self, literal: &Literal, type_: &Type) -> String {
        match (literal, type_) {
            (Literal::Text(text), _) => format!("“{text}”"),
            (Literal::Integer(n), Type::Duration) => duration_text(*n),
            (Literal::Integer(n), Type::Money { currency, scale }) => {
                format!("{} {currency}", scaled(*n, *scale))
            }
            (Literal::Missing, _) => "unknown".to_owned(),
            _ => literal_text(literal, type_),
        }
    }

    pub(super) fn condition(&self, e: &Expression, base: &EntityId) -> String {
        match &e.node {
            Node::Path(path) => format!("{} is true", self.path(path, base)),
            Node::Compare(how, a, b) => {
                let how = match how {
                    Comparison::Equal => "is",
                    Comparison::NotEqual => "is not",
                    Comparison::Less => "is less than",
                    Comparison::LessOrEqual => "is at most",
                    Comparison::Greater => "is more than",
                    Comparison::GreaterOrEqual => "is at least",
                };
                format!("{} {how} {}", self.value(a, base), self.value(b, base))
            }
            Node::In(a, list) => {
                let list: Vec<String> = list.iter().map(|l| self.literal(l, &a.type_)).collect();
                format!("{} is {}", self.value(a, base), listed(&list, "or"))
            }
            Node::Like(a, pattern) => format!("{} is like “{pattern}”", self.value(a, base)),
            Node::IsMissing(a) => format!("{} is unknown", self.value(a, base)),
            Node::Not(inner) => match &inner.node {
                Node::IsMissing(a) => format!("{} is known", self.value(a, base)),
                Node::Path(path) => format!("{} is false", self.path(path, base)),
                Node::In(a, list) => {
                    let list: Vec<String> = list.iter().map(|l| self.literal(l, &a.type_)).collect();
                    format!("{} is none of {}", self.value(a, base), listed(&list, "and"))
                }
                Node::Like(a, pattern) => format!("{} is not like “{pattern}”", self.value(a, base)),
                _ => format!("it does not hold that {}", self.condition(inner, base)),
            },
            Node::And(list) => self.all(list, "and", base),
            Node::Or(list) => self.all(list, "or", base),
            _ => e.to_string(),
        }
    }

    fn all(&self, list: &[Expression], word: &str, base: &EntityId) -> String {
        let list: Vec<String> = list
            .iter()
            .map(|e| {
                let text = self.condition(e, base);
                // A mixture of `and` and `or` is told apart by brackets.
                if matches!(e.node, Node::And(_) | Node::Or(_)) { format!("({text})") } else { text }
            })
            .collect();
        list.join(&format!(" {word} "))
    }
}

pub(super) fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
