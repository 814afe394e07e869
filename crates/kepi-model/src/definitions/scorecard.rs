//! Scorecards.

use jiff::civil::Date;

use super::project::{FiscalCalendar, Month, Weekday};
use crate::{
    calendar::Grain,
    decode::{List, Map, Name, Share, Zone, table},
    id::{KpiId, LevelId, ObjectiveId, PerspectiveId, ScorecardId, UnitId},
    project::{CascadeAsOf, CascadeTargets, CascadeValue, MissingRule},
};

table! {
    ScorecardSegment = "scorecard_segment", "A segment that is judged by KPIs of its own.";
    segment: Map<String, String>, required, "A member for each of its dimensions.", "{plan: enterprise}";
    weight: Share, optional, "Weight among siblings; left out where `weigh_by` says it.", "60%";
    kpis: Map<KpiId, Share>, required, "KPIs and their weights.", "{onboarding_time: 100%}";
}

table! {
    ScorecardObjective = "scorecard_objective", "An objective on a scorecard.";
    weight: Share, required, "Weight among siblings.", "100%";
    kpis: Map<KpiId, Share>, optional, "KPIs and their weights; or `segments`.", "{nps: 100%}";
    segments: List<ScorecardSegment>, optional,
        "Segments, each judged by KPIs of its own; none of them holds a case of another.",
        "[{segment: {plan: enterprise}, weight: 60%, kpis: {…}}, …]";
    weigh_by: KpiId, optional,
        "A total, such as customers or revenue, by whose values in the period the segments are weighed, in place of weights.",
        "customers";
}

table! {
    ScorecardPerspective = "scorecard_perspective", "A perspective on a scorecard.";
    weight: Share, required, "Weight among siblings.", "60%";
    objectives: Map<ObjectiveId, ScorecardObjective>, required, "Its objectives.",
        "{easy_journey: {weight: 100%, kpis: {…}}}";
}

table! {
    Missing = "missing", "What a missing child does to its parent's score.";
    rule: MissingRule, required, "Left out, no score, or the worst score.", "ignore";
    minimum_coverage: Share, default "0%", "With less weight present there is no score.", "70%";
}

table! {
    Cascade = "cascade", "The same scorecard for every unit below whose level is matched.";
    match_ "match": Map<LevelId, String>, required, "Level of units → dimension of the KPIs.", "{region: region}";
    value: CascadeValue, default "recompute",
        "From the unit's own rows, or the mean of its children's scores.", "recompute";
    targets: CascadeTargets, default "inherit",
        "A unit without its own targets takes those above, or has none.", "inherit";
    as_of: CascadeAsOf, default "period",
        "Below which unit each stood: at the end of the period, as then, or by the newest tree that is written in all periods.", "now";
}

table! {
    Scorecard = "scorecard", "A weighted tree of perspectives, objectives and KPIs for a unit.";
    scorecard: Name<ScorecardId>, required, "The scorecard's name.", "passenger_experience";
    name: String, required;
    description: String, optional;
    unit: UnitId, optional, "The unit it is for; default the whole.", "sfo";
    from: Date, optional,
        "First day it holds. The same scorecard may stand several times, each from another day; default from ever.",
        "2026-01-01";
    period: Grain, required, "Its period.", "quarter";
    time_zone: Zone, optional,
        "The zone in which days and periods of its KPIs begin; default the project's. They are computed in each zone that is asked for.",
        "Asia/Tokyo";
    week_start: Weekday, optional, "The first day of its weeks; default the project's.", "sunday";
    fiscal_year_start: Month, optional, "The month in which its fiscal year starts; default the project's.", "february";
    calendar: FiscalCalendar, optional, "Its months, quarters and years of whole weeks; default as in the project. Its KPIs are computed by them.", "{weeks: 4-4-5}";
    missing: Missing, default "{rule: ignore, minimum_coverage: 0%}", "What a missing child does.",
        "{rule: ignore, minimum_coverage: 70%}";
    perspectives: Map<PerspectiveId, ScorecardPerspective>, required,
        "Perspectives with weights, objectives and KPIs.", "{customer: {weight: 100%, objectives: {…}}}";
    floors: Map<KpiId, Share>, optional,
        "Of which KPIs the weight in the whole never falls below a share, also in later wordings.", "{renewal_rate: 10%}";
    cascade: Cascade, optional, "The same for units below.", "{match: {region: region}}";
}
