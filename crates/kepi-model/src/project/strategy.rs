//! The strategy: objectives and how they work on each other.

use crate::{
    calendar::Grain,
    id::{GoalId, KpiId, ObjectiveId, PersonId, PerspectiveId, PillarId, StrategyId, ThemeId},
    measure::Sign,
    word::words,
};

/// The strategy.
#[derive(Debug, Clone)]
pub struct Strategy {
    /// Id.
    pub id: StrategyId,
    /// Mission.
    pub mission: String,
    /// Pillars in declared order.
    pub pillars: Vec<Pillar>,
    /// Themes in declared order.
    pub themes: Vec<Theme>,
    /// Long-term goals in declared order.
    pub goals: Vec<Goal>,
    /// Perspectives, top first.
    pub perspectives: Vec<Perspective>,
    /// Objectives in declared order.
    pub objectives: Vec<Objective>,
    /// Cause-and-effect links.
    pub links: Vec<CauseEffect>,
}

/// A pillar.
#[derive(Debug, Clone)]
pub struct Pillar {
    /// Id.
    pub id: PillarId,
    /// Shown name.
    pub name: String,
    /// Its themes.
    pub themes: Vec<ThemeId>,
}

/// A theme.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Id.
    pub id: ThemeId,
    /// Shown name.
    pub name: String,
}

/// A long-term goal.
#[derive(Debug, Clone)]
pub struct Goal {
    /// Id.
    pub id: GoalId,
    /// Shown name.
    pub name: String,
    /// The KPI that tells whether it is reached.
    pub measured_by: Option<KpiId>,
}

/// A perspective.
#[derive(Debug, Clone)]
pub struct Perspective {
    /// Id.
    pub id: PerspectiveId,
    /// Shown name.
    pub name: String,
}

/// An objective.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Id.
    pub id: ObjectiveId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The perspective it belongs to.
    pub perspective: PerspectiveId,
    /// Pillar it serves.
    pub pillar: Option<PillarId>,
    /// Theme it serves.
    pub theme: Option<ThemeId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
}

/// An expected effect of one objective on another.
#[derive(Debug, Clone)]
pub struct CauseEffect {
    /// Cause.
    pub from: ObjectiveId,
    /// Effect.
    pub to: ObjectiveId,
    /// Direction.
    pub sign: Sign,
    /// After how long: so many of a grain.
    pub lag: Option<(u32, Grain)>,
    /// Expected strength.
    pub strength: Option<Strength>,
    /// Why it is believed.
    pub why: Option<String>,
}

words! {
    /// Expected strength of an effect.
    pub enum Strength {
        /// Hardly to be seen.
        Weak = "weak",
        /// Plain.
        Moderate = "moderate",
        /// Dominant.
        Strong = "strong",
    }
}
