//! The strategy.

use crate::{
    decode::{Lag, List, Map, Name, table},
    id::{GoalId, KpiId, ObjectiveId, PersonId, PerspectiveId, PillarId, StrategyId, ThemeId},
    project::{Sign, Strength},
};

table! {
    Named = "named", "Something with a name.";
    name: String, required;
    description: String, optional;
}

table! {
    Pillar = "pillar", "A strategic pillar.";
    name: String, required;
    description: String, optional;
    themes: List<ThemeId>, optional, "Its themes.", "[wayfinding]";
}

table! {
    Goal = "goal", "A long-term goal.";
    name: String, required;
    description: String, optional;
    measured_by: KpiId, optional, "The KPI that tells whether it is reached.", "relationship_nps";
}

table! {
    Objective = "objective", "A strategic objective.";
    name: String, required;
    description: String, optional;
    perspective: PerspectiveId, required, "The perspective it belongs to.", "customer";
    pillar: PillarId, optional, "Pillar it serves.", "effortless";
    theme: ThemeId, optional, "Theme it serves.", "wayfinding";
    owner: PersonId, optional, "Who answers for it.", "terminal_lead";
}

table! {
    Link = "link", "An expected effect of one objective on another.";
    from: ObjectiveId, required, "The cause.", "easy_journey";
    to: ObjectiveId, required, "The effect.", "passengers_delighted";
    sign: Sign, required, "Whether more leads to more or to less.", "positive";
    lag: Lag, optional, "After how long.", "1 quarter";
    strength: Strength, optional, "Expected strength.", "strong";
    why: String, optional, "Why it is believed.", "Complaints name it first";
}

table! {
    Strategy = "strategy",
    "Mission, pillars, themes, perspectives, objectives and how they work on each other. At most one.";
    strategy: Name<StrategyId>, required, "The strategy's name.", "customer_strategy";
    mission: String, required, "The mission.", "Every passenger leaves at ease.";
    pillars: Map<Name<PillarId>, Pillar>, optional, "Pillars.", "{effortless: {name: …}}";
    themes: Map<Name<ThemeId>, Named>, optional, "Themes.", "{wayfinding: {name: …}}";
    goals: Map<Name<GoalId>, Goal>, optional, "Long-term goals.", "{loyalty: {name: …}}";
    perspectives: Map<Name<PerspectiveId>, Named>, required, "Perspectives, top first.", "{customer: {name: …}}";
    objectives: Map<Name<ObjectiveId>, Objective>, required, "Objectives.", "{easy: {name: …, perspective: …}}";
    links: List<Link>, optional, "Cause-and-effect links.", "[{from: a, to: b, sign: positive}]";
}
