//! What is made of landed rows: attributes that are gathered or computed, and entities whose rows are panels, stages, unions
//! or versions.
//!
//! A gathered attribute asks one question of the rows of another entity that belong to a row: how many there are, which sum
//! they have, the first, the last. What it means row by row is written out in `kepi_query::derive::reference`.

mod back;
mod form;
mod inline;
mod order;
mod reach;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Calendar, Grain},
    entity::{Attribute, Entity},
    expression::{Expression, Length, Type},
    id::{AttributeId, EntityId},
    word::{Word, words},
};

pub(crate) use back::Back;
pub(crate) use form::forms;
pub use inline::inlined;
pub(crate) use inline::size;
pub use order::{Cycle, Made, order};
pub(crate) use order::{gathered_from, read_by, roots};
pub(crate) use reach::{Dating, latest, of_rows};

words! {
    /// What is made of the rows that are found.
    pub enum How {
        /// How many there are.
        Count = "count",
        /// Whether there is one.
        Any = "any",
        /// The sum of a value.
        Sum = "sum",
        /// The least value.
        Least = "least",
        /// The greatest value.
        Greatest = "greatest",
        /// The value of the first in order.
        First = "first",
        /// The value of the last in order.
        Last = "last",
        /// How many different values.
        Distinct = "distinct",
        /// On how many calendar days.
        Days = "days",
    }
}

impl How {
    /// Whether it is made of a value of each row, not of the rows alone.
    pub fn takes_value(self) -> bool {
        !matches!(self, Self::Count | Self::Any | Self::Days)
    }
}

/// An attribute that is made.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Name, type and so on.
    pub attribute: Attribute,
    /// How it is made.
    pub from: Derivation,
}

/// How an attribute is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derivation {
    /// With the rows of its entity.
    Given,
    /// Computed from others of the row: it stands for this wherever it is read.
    Expression(Expression),
    /// Gathered from rows of another entity.
    Gathered(Box<Gathered>),
}

/// What is gathered: of the rows of an entity that belong to a row, dated within a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// What is made of the rows that are found.
    pub how: How,
    /// Whose rows.
    pub of: EntityId,
    /// Of each of them, over their row. Rows without it are not found.
    pub value: Option<Expression>,
    /// Which of them, over their row.
    pub filter: Option<Expression>,
    /// What ties them to this row: an expression over this row, and the one over theirs that equals it.
    pub same: Vec<(Expression, Expression)>,
    /// What dates them, over their row.
    pub dated: Expression,
    /// Which of them by time.
    pub stretch: Stretch,
    /// Which versions of rows that they refer to count.
    pub as_of: Option<GatheredAsOf>,
    /// Panels: so many periods earlier.
    pub ago: u32,
}

impl Gathered {
    /// What is read of the row that gathers.
    pub fn of_own(&self) -> impl Iterator<Item = &Expression> {
        let ends = match &self.stretch {
            Stretch::Dated { from, until, .. } => [from, until].map(|bound| bound.as_ref()?.at()),
            Stretch::InForce { at, .. } => [Some(at), None],
        };
        let as_of = self.as_of.iter().filter_map(|as_of| match as_of {
            GatheredAsOf::At(at) => Some(at),
            GatheredAsOf::Now => None,
        });
        self.same.iter().map(|(own, _)| own).chain(ends.into_iter().flatten()).chain(as_of)
    }

    /// What is read of the rows that are looked at.
    pub fn of_theirs(&self) -> impl Iterator<Item = &Expression> {
        let in_force = match &self.stretch {
            Stretch::InForce { begins, ends, .. } => [Some(begins), ends.as_ref()],
            Stretch::Dated { .. } => [None, None],
        };
        let same = self.same.iter().map(|(_, theirs)| theirs);
        let read = self.value.iter().chain(&self.filter).chain([&self.dated]);
        read.chain(same).chain(in_force.into_iter().flatten())
    }
}

/// Which of the rows by time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stretch {
    /// Those dated within a stretch.
    Dated {
        /// From here on.
        from: Option<Bound>,
        /// Whether the beginning itself is out.
        after: bool,
        /// Until before this.
        until: Option<Bound>,
        /// A length, its far end included: from `from` forwards, else from `until` backwards.
        within: Option<Length>,
    },
    /// Those in force as an instant comes, or at any instant from then on for so long.
    InForce {
        /// The instant.
        at: Expression,
        /// So long.
        within: Option<Length>,
        /// When theirs begin, over their row.
        begins: Expression,
        /// When they end, over their row.
        ends: Option<Expression>,
    },
}

/// An end of a stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The row's own place among the rows of its entity: its date and, of one date, its key.
    This,
    /// A date over this row.
    At(Expression),
}

impl Bound {
    /// The date, if it is one.
    fn at(&self) -> Option<&Expression> {
        match self {
            Self::This => None,
            Self::At(at) => Some(at),
        }
    }
}

/// Which versions of rows count that the rows found refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatheredAsOf {
    /// Those that hold now.
    Now,
    /// Those that hold as a date over this row comes.
    At(Expression),
}

/// From when until when a row is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasts {
    /// From then on.
    pub from: AttributeId,
    /// Until before this; without a value there is no end yet.
    pub until: Option<AttributeId>,
}

/// How the rows of an entity are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// One for each row of another entity and each period of its life.
    Panel(Panel),
    /// Stages that rows of another entity go through, at most one at an instant.
    Stages(Stages),
    /// Rows of several entities as those of one.
    Union(Vec<Part>),
    /// Every version of the rows of another entity.
    Versions(EntityId),
}

impl Rows {
    /// The entity of which they are made, and the attribute that refers to it.
    pub fn subject(&self) -> Option<(&EntityId, &AttributeId)> {
        match self {
            Self::Panel(Panel { of, subject, .. }) | Self::Stages(Stages { of, subject, .. }) => {
                Some((of, subject))
            }
            Self::Union(_) | Self::Versions(_) => None,
        }
    }
    /// The panel, if it is one.
    pub fn panel(&self) -> Option<&Panel> {
        match self {
            Self::Panel(panel) => Some(panel),
            Self::Stages(_) | Self::Union(_) | Self::Versions(_) => None,
        }
    }
    /// Whether there are other rows at each length of period.
    pub fn by_period(&self) -> bool {
        matches!(self, Self::Panel(Panel { every: Every::Period, .. }))
    }
}

/// A row for each subject and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// How long a period is.
    pub every: Every,
    /// The subjects.
    pub of: EntityId,
    /// The attribute that refers to the subject.
    pub subject: AttributeId,
    /// When a subject's rows begin: an attribute of it.
    pub from: AttributeId,
    /// When they end; none: not before the data do.
    pub until: Option<AttributeId>,
    /// Which subjects.
    pub filter: Option<Expression>,
    /// Which finished rows.
    pub keep: Option<Expression>,
    /// How far each row's stretch reaches back from the end of its period; none: the period.
    pub over: Option<(u32, Grain)>,
    /// The most that a period lasts, in µs; 0 where there are periods of every length.
    pub longest: i64,
}

/// Says of panels how long their periods last in a calendar.
pub(crate) fn last_by(calendar: &Calendar, entities: &mut BTreeMap<EntityId, Entity>) {
    for entity in entities.values_mut() {
        if let Some(Rows::Panel(panel)) = &mut entity.rows
            && let Every::Grain(grain) = panel.every
        {
            panel.longest = calendar.longest(grain);
        }
    }
}

/// Stages that subjects go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    /// The subjects.
    pub of: EntityId,
    /// The attribute that refers to the subject.
    pub subject: AttributeId,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What leads into it.
    pub enter: Vec<Moment>,
    /// What leads out of it, to no stage.
    pub exit: Vec<Moment>,
    /// From which stages an entry counts, by place; none: from no stage.
    pub follows: Vec<Option<usize>>,
}

/// Rows that move a subject from stage to stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Whose rows.
    pub of: EntityId,
    /// When: a date of theirs.
    pub at: AttributeId,
    /// Which of them.
    pub filter: Option<Expression>,
    /// Whom: over their row.
    pub who: Expression,
}

/// Rows of one entity among those of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Whose rows.
    pub of: EntityId,
    /// What dates them.
    pub at: AttributeId,
    /// Which of them.
    pub filter: Option<Expression>,
    /// The declared attributes, each over their row; none: they have none.
    pub set: Vec<(AttributeId, Option<Expression>)>,
}

/// How long the periods of a panel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// As long as those of the KPI that reads it: other rows at each length.
    Period,
    /// Always so long.
    Grain(Grain),
}

/// The name of the table of a panel whose rows differ by the length of periods; none where it would be too long.
pub fn at_grain(panel: &EntityId, grain: Grain) -> Option<EntityId> {
    format!("{panel}__{}", grain.word()).parse().ok()
}

/// Attributes that every row of a panel has, beside its subject.
pub mod panel {
    /// The first day of the period; it dates the row.
    pub const PERIOD: &str = "period";
    /// Where the row's stretch begins.
    pub const PERIOD_START: &str = "period_start";
    /// Where it ends.
    pub const PERIOD_END: &str = "period_end";
    /// Whole periods since the subject's first.
    pub const AGE: &str = "age";
    /// Label of the subject's first period.
    pub const COHORT: &str = "cohort";
    /// First day of the subject's first period.
    pub const FIRST_PERIOD: &str = "first_period";
    /// Days in the row's stretch.
    pub const DAYS: &str = "days_in_period";
}

/// Attributes that every row of stages has, beside its subject.
pub mod stage {
    /// The stage.
    pub const STAGE: &str = "stage";
    /// When it was entered; it dates the row.
    pub const ENTERED_AT: &str = "entered_at";
    /// When it was left.
    pub const LEFT_AT: &str = "left_at";
    /// The stage that it followed at once.
    pub const PREVIOUS: &str = "previous";
    /// The stage that followed it at once.
    pub const NEXT: &str = "next";
}

/// What identifies a row of a union.
pub const UNION_ID: &str = "id";
/// The entity that a row of a union is of.
pub const UNION_KIND: &str = "kind";
/// What dates a row of a union.
pub const UNION_AT: &str = "at";
/// Since when a version held.
pub const HELD_FROM: &str = "held_from";
/// Until when it held.
pub const HELD_UNTIL: &str = "held_until";

/// The attributes that a panel gives its rows: name, type, shown name and what it is.
pub(crate) const PANEL: [(&str, Type, &str, &str); 7] = [
    (panel::PERIOD, Type::Date, "Period", "First day of the period; it dates the row."),
    (panel::PERIOD_START, Type::Date, "Period start", "Where the row's stretch of time begins."),
    (panel::PERIOD_END, Type::Date, "Period end", "Where it ends: the first day after it."),
    (panel::AGE, Type::Integer, "Age", "Whole periods since the first."),
    (panel::COHORT, Type::Text, "Cohort", "Name of the first period."),
    (panel::FIRST_PERIOD, Type::Date, "First period", "First day of the first period."),
    (panel::DAYS, Type::Integer, "Days in period", "Days in the row's stretch of time."),
];

/// Entities by id.
pub(crate) type Entities = BTreeMap<EntityId, crate::entity::Entity>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_of_a_panel_is_a_name() {
        for (name, ..) in PANEL {
            assert!(name.parse::<AttributeId>().is_ok());
        }
    }
}
