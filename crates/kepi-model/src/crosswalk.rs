//! Versions of a classification, and the crosswalk between two of them.
//!
//! A dimension is read *as then*, by the codes that rows had (`as_of: event`), *as now*, by those they have today (`as_of: now`), or
//! *bridged*: what is dated before the new version is read by its codes. A code that passes into one other is renamed row by
//! row. One that is split by shares is marked row by row and shared out when values are finished: no row says into which part it
//! falls.

use std::collections::BTreeMap;

use crate::{
    expression::{Comparison, Expression, Literal, Node, Path, Type},
    id::CrosswalkId,
};

/// Decimals of shares: a whole is 1 000 000.
pub const SHARE_SCALE: u8 = 6;
/// A whole.
pub(crate) const WHOLE: i64 = 1_000_000;
/// What a code begins with that is still to be shared out: no code of a crosswalk does.
const SPLIT: char = '\u{1f}';

/// Shares of new codes, in millionths, by code.
pub type Shares = BTreeMap<Box<str>, i64>;

/// A crosswalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crosswalk {
    /// Its name in definitions.
    pub id: CrosswalkId,
    /// Shown name.
    pub name: String,
    /// The instant at which the new version begins, µs UTC, in the reporting zone.
    pub since: i64,
    /// The day.
    pub day: jiff::civil::Date,
    /// By old code the new ones with their shares, which sum to a whole.
    pub map: BTreeMap<Box<str>, Shares>,
}

impl Crosswalk {
    /// The codes that are split, each with its shares.
    pub fn splits(&self) -> BTreeMap<Box<str>, Shares> {
        let split = self.map.iter().filter(|(_, into)| into.len() > 1);
        split.map(|(code, into)| (code.clone(), into.clone())).collect()
    }

    /// What says the member of a row dated by `at`: the new code, that of an old one, or that of a split one, marked.
    pub(crate) fn way(&self, code: &Expression, at: &Path) -> Expression {
        let text = |node| Expression { type_: Type::Text, node };
        let literal = |of: &str| text(Node::Literal(Literal::Text(of.to_owned())));
        let is = |of: &str| {
            let of =
                Expression { type_: code.type_.clone(), node: Node::Literal(Literal::Text(of.to_owned())) };
            boolean(Node::Compare(Comparison::Equal, Box::new(code.clone()), Box::new(of)))
        };
        let instant = |node| Expression { type_: Type::Timestamp, node };
        let since = instant(Node::Literal(Literal::Integer(self.since)));
        let at = instant(Node::Path(at.clone()));
        let before = boolean(Node::Compare(Comparison::Less, Box::new(at), Box::new(since)));
        let branches = self.map.iter().map(|(old, into)| {
            let new = match into.iter().next() {
                Some((only, _)) if into.len() == 1 => literal(only),
                _ => literal(&format!("{SPLIT}{old}")),
            };
            (boolean(Node::And(vec![before.clone(), is(old)])), new)
        });
        text(Node::Case(branches.collect(), Some(Box::new(code.clone()))))
    }
}

fn boolean(node: Node) -> Expression {
    Expression { type_: Type::Boolean, node }
}

/// The old code of a member that is still to be shared out.
pub fn split_code(member: &str) -> Option<&str> {
    member.strip_prefix(SPLIT)
}
