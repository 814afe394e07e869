//! What became of those who were asked: dispositions of invitations, and the rate of response that follows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    decode::{ExpressionText, table},
    expression::{Expression, Node, Type},
    form,
};

table! {
    WrittenResponse = "response",
        "What became of the rows of the measure, which are invitations: the first of these that holds.";
    bounced: ExpressionText, optional, "It did not arrive.", "outcome = 'bounced'";
    ineligible: ExpressionText, optional, "Whoever was asked should not have been.", "outcome = 'left'";
    complete: ExpressionText, required, "It was answered in full.", "answer is not null";
    partial: ExpressionText, optional, "It was answered in part.", "outcome = 'partial'";
}

/// What became of invitations: the first of these conditions that holds; none of them is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Response {
    /// It did not arrive.
    pub bounced: Option<Expression>,
    /// Whoever was asked should not have been.
    pub ineligible: Option<Expression>,
    /// It was answered in full.
    pub complete: Expression,
    /// It was answered in part.
    pub partial: Option<Expression>,
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// It did not arrive.
    Bounced,
    /// Whoever was asked should not have been.
    Ineligible,
    /// It was answered in full.
    Complete,
    /// It was answered in part.
    Partial,
}

impl Disposition {
    /// All, in the order in which they are looked at.
    pub const ALL: [Self; 4] = [Self::Bounced, Self::Ineligible, Self::Complete, Self::Partial];
}

impl Response {
    /// The conditions as they are written.
    pub fn conditions(&self) -> impl Iterator<Item = &Expression> {
        Disposition::ALL.into_iter().filter_map(|of| self.written(of))
    }

    fn written(&self, of: Disposition) -> Option<&Expression> {
        match of {
            Disposition::Bounced => self.bounced.as_ref(),
            Disposition::Ineligible => self.ineligible.as_ref(),
            Disposition::Complete => Some(&self.complete),
            Disposition::Partial => self.partial.as_ref(),
        }
    }

    /// Rows of a disposition: its condition holds, and none that comes before it does. None where it is not told apart.
    pub fn condition(&self, of: Disposition) -> Option<Expression> {
        let own = self.written(of)?.clone();
        let before = Disposition::ALL.into_iter().take_while(|other| *other != of);
        let mut all = vec![own];
        all.extend(before.filter_map(|other| self.written(other)).map(does_not_hold));
        match all.len() {
            1 => all.pop(),
            _ => Some(boolean(Node::And(all))),
        }
    }

    /// What holds of those who could have answered, each a condition: they were reached, and meant. None where all were.
    pub fn asked(&self) -> Vec<Expression> {
        self.bounced.iter().chain(&self.ineligible).map(does_not_hold).collect()
    }

    pub(crate) fn form(&self) -> Value {
        let of = |of: &Option<Expression>| form::option(of.as_ref(), form::expression);
        json!([
            "response",
            of(&self.bounced),
            of(&self.ineligible),
            form::expression(&self.complete),
            of(&self.partial)
        ])
    }
}

/// What is unknown does not hold.
fn does_not_hold(condition: &Expression) -> Expression {
    let no = boolean(Node::Literal(crate::expression::Literal::Boolean(false)));
    let holds = boolean(Node::Coalesce(vec![condition.clone(), no]));
    boolean(Node::Not(Box::new(holds)))
}

fn boolean(node: Node) -> Expression {
    Expression { type_: Type::Boolean, node }
}
