//! Screening: which rows of an entity are doubtful answers, and what becomes of them in KPIs.
//!
//! What is found of the rows stands in a table of its own, a row for each row, flagged or in order, so that shares of it are shares of all. Whether a row counts is
//! looked up there when rows are scanned, so that what somebody decides of it holds for all figures alike.

use crate::{
    entity::{Attribute, Entity},
    expression::{Expression, Literal, Node, Path, Type},
    id::{AttributeId, EntityId, RuleId},
    word::words,
};

words! {
    /// What becomes of a row that is flagged.
    pub enum Then {
        /// It counts until somebody confirms that it is what it looks like.
        Review = "review",
        /// It does not count until somebody says that it is in order.
        Exclude = "exclude",
        /// It counts, and nobody is asked.
        Count = "count",
    }
}

/// How the rows of an entity are screened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The entity.
    pub entity: EntityId,
    /// The attribute that identifies its rows.
    pub key: AttributeId,
    /// The attribute that dates them.
    pub time: AttributeId,
    /// The attribute that says which version of the questionnaire was answered.
    pub instrument: Option<AttributeId>,
    /// What is looked for, in the order in which it is declared.
    pub rules: Vec<ScreenRule>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenRule {
    /// Its name: also the attribute of what is found that says whether it was.
    pub id: RuleId,
    /// What of.
    pub fault: Fault,
    /// What becomes of such a row.
    pub then: Then,
}

/// What makes an answer doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The same answer to so many questions in a row.
    StraightLining {
        /// The questions in the order in which they are asked.
        items: Vec<AttributeId>,
        /// How many in a row.
        run: usize,
    },
    /// Faster than anybody reads.
    Speeding {
        /// How long answering took.
        took: Expression,
        /// Millionths of the median of the instrument; faster is flagged.
        below: i64,
        /// Of so many first answers the median is taken, once.
        after: usize,
        /// µs; faster is flagged, whatever the median is.
        at_least: Option<i64>,
    },
    /// Not the first answer of one person to one thing.
    Duplicate {
        /// What they have in common.
        same: Vec<AttributeId>,
        /// µs after the one before; none: however long.
        within: Option<i64>,
    },
    /// A sign of the row itself.
    Row(Expression),
}

/// Names of the attributes of what is found, beside those of the rules.
pub mod found {
    /// The key of the row.
    pub const ID: &str = "id";
    /// What dates the row.
    pub const ANSWERED_AT: &str = "answered_at";
    /// The version of the questionnaire.
    pub const INSTRUMENT: &str = "instrument";
    /// What became of it.
    pub const STATE: &str = "state";
    /// Whether KPIs leave it out.
    pub const EXCLUDED: &str = "excluded";
    /// Counts what was said of a row: the last holds, and for all time.
    pub const REVISION: &str = "revision";
    /// All of them.
    pub const ALL: [&str; 6] = [ID, ANSWERED_AT, INSTRUMENT, STATE, EXCLUDED, REVISION];
}

/// The entity of what is found of the rows of another.
pub fn table_of(entity: &str) -> String {
    format!("{entity}_screening")
}

impl Screen {
    /// The entity of what is found.
    pub fn table(&self) -> Option<EntityId> {
        table_of(self.entity.as_str()).parse().ok()
    }

    /// The attributes of the screened entity that it reads.
    pub fn reads(&self) -> Vec<&AttributeId> {
        let mut reads = vec![&self.key, &self.time];
        reads.extend(&self.instrument);
        for rule in &self.rules {
            match &rule.fault {
                Fault::StraightLining { items, .. } => reads.extend(items),
                Fault::Duplicate { same, .. } => reads.extend(same),
                Fault::Speeding { took: of, .. } | Fault::Row(of) => of.visit(&mut |part| {
                    if let Node::Path(path) = &part.node {
                        reads.push(&path.attribute);
                    }
                }),
            }
        }
        reads.sort();
        reads.dedup();
        reads
    }

    /// What is found of its rows, as an entity.
    pub(crate) fn found(&self, screened: &Entity) -> Option<Entity> {
        let attribute = |name: &str, shown: &str, type_: Type, personal| {
            Some(Attribute {
                id: name.parse().ok()?,
                name: shown.to_owned(),
                description: None,
                type_,
                scale: None,
                personal,
            })
        };
        let personal = |id: &AttributeId| screened.attribute(id).is_some_and(|of| of.personal);
        let whose = Type::Reference { entity: self.entity.clone() };
        let mut attributes = vec![
            attribute(found::ID, &screened.name, whose, personal(&self.key))?,
            attribute(found::ANSWERED_AT, "Answered at", Type::Timestamp, false)?,
            attribute(found::INSTRUMENT, "Instrument", Type::Text, false)?,
            attribute(found::STATE, "State", Type::Text, false)?,
            attribute(found::EXCLUDED, "Excluded", Type::Boolean, false)?,
            attribute(found::REVISION, "Revision", Type::Timestamp, false)?,
        ];
        for rule in &self.rules {
            let shown = crate::wording::shown(rule.id.as_str());
            attributes.push(attribute(rule.id.as_str(), &shown, Type::Boolean, false)?);
        }
        Some(Entity {
            id: self.table()?,
            name: format!("Screened {}", screened.name.to_lowercase()),
            description: format!("What is doubtful about rows of {}, and what became of them.", self.entity),
            key: vec![found::ID.parse().ok()?],
            time: found::ANSWERED_AT.parse().ok(),
            attributes,
            derived: Vec::new(),
            lasts: None,
            rows: None,
            screen: None,
            precedence: None,
        })
    }

    /// That a row of the screened entity counts.
    fn counts(&self) -> Option<Expression> {
        let boolean = |node| Expression { type_: Type::Boolean, node };
        let path = Path {
            references: vec![(self.key.clone(), self.table()?)],
            attribute: found::EXCLUDED.parse().ok()?,
        };
        let or_not = boolean(Node::Literal(Literal::Boolean(false)));
        let excluded = boolean(Node::Coalesce(vec![boolean(Node::Path(path)), or_not]));
        Some(boolean(Node::Not(Box::new(excluded))))
    }
}

/// A condition on the rows of an entity, and that they count, if they are screened.
pub(crate) fn counting(entity: &Entity, condition: Option<Expression>) -> Option<Expression> {
    let counts = entity.screen.as_ref().and_then(Screen::counts);
    match (condition, counts) {
        (Some(condition), Some(counts)) => {
            Some(Expression { type_: Type::Boolean, node: Node::And(vec![condition, counts]) })
        }
        (condition, counts) => condition.or(counts),
    }
}

/// A condition without what says that rows count; none: it holds of all rows.
pub fn uncounted(screen: &Screen, condition: &Expression) -> Option<Expression> {
    fn without(counts: &Expression, condition: &Expression) -> Option<Expression> {
        let of = |node| Some(Expression { type_: Type::Boolean, node });
        match &condition.node {
            Node::And(parts) => {
                let mut rest: Vec<_> = parts.iter().filter_map(|part| without(counts, part)).collect();
                if rest.len() > 1 { of(Node::And(rest)) } else { rest.pop() }
            }
            Node::Or(parts) => {
                let rest: Option<Vec<_>> = parts.iter().map(|part| without(counts, part)).collect();
                of(Node::Or(rest?))
            }
            _ => Some(condition).filter(|of| *of != counts).cloned(),
        }
    }
    match screen.counts() {
        Some(counts) => without(&counts, condition),
        None => Some(condition.clone()),
    }
}
