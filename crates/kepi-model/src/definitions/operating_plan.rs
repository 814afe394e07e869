//! What is to be spent in a time, by objective.

use jiff::civil::Date;

use super::initiative::Spending;
use crate::{
    decode::{AmountText, Either, List, Map, Name, Share, table},
    id::{KpiId, ObjectiveId, OperatingPlanId, PersonId, PlanVersionId, UnitId},
};

table! {
    Agree = "agree", "Who has to have agreed to a version of an operating plan, and by when.";
    who: List<PersonId>, required, "Who.", "[finance_lead]";
    by: Date, required, "By the end of which day.", "2025-12-15";
}

table! {
    PlanVersion = "plan_version", "What an operating plan says from a day on.";
    since: Date, required, "From which day on it is the plan, until a later version is.", "2025-12-10";
    amounts: Map<ObjectiveId, AmountText>, required, "What is to be spent in all of the plan's time, by the objective of the strategy that it is for.", "{quick_help: 120000 EUR}";
    initiatives: Map<String, AmountText>, optional, "How much of that is for which initiative, out of the amount of the objective that it serves.", "{callback_desk: 30000 EUR}";
    agree: Agree, optional, "Who has to have agreed to it, and by when.", "{who: [finance_lead], by: 2025-12-15}";
}

/// Amounts, or a KPI that says them.
pub(crate) type SpentFor = Either<KpiId, List<Spending>>;

/// A KPI that says what was spent by member, or amounts by member.
pub(crate) type SpentByMember = Either<KpiId, Map<String, List<Spending>>>;

table! {
    SpendingBy = "spending_by", "What was spent by the members of a dimension, such as the stages of a journey or channels, and the KPIs that say what came of it there.";
    spent: SpentByMember, required, "Amounts by day for each member, or a KPI that has the dimension and says what was spent in each of its periods.", "{partner: [{on: 2026-02-15, amount: 12000 EUR}]}";
    results: List<KpiId>, required, "KPIs that have the dimension.", "[set_up_rate]";
}

table! {
    OperatingPlan = "operating_plan", "What is to be spent in a time, by objective: as it was planned, and as it was planned anew. What was spent stands beside what it came to on the scorecard.";
    operating_plan: Name<OperatingPlanId>, required, "The plan's name in definitions.", "year_2026";
    name: String, required;
    description: String, optional;
    unit: UnitId, optional, "The unit whose money it is; default the whole.", "emea";
    from: Date, required, "Its first day.", "2026-01-01";
    until: Date, required, "The day after its last.", "2027-01-01";
    of_units: bool, default "false", "Whether it is the sum of the plans of the units below for the same days, in place of `versions` and `spent`.", "true";
    versions: Map<Name<PlanVersionId>, PlanVersion>, optional, "What it says from which day on: the budget, and forecasts after it. Every plan has them that is not the sum of others.", "{budget: {since: 2025-12-10, amounts: {quick_help: 120000 EUR}}}";
    gates: Map<String, Date>, optional, "Days by which planning comes to something, such as the approval of the budget or a forecast. A `review:` names the plan with `gates`, and opens around each of them.", "{approval: 2025-12-15, forecast: 2026-06-30}";
    within: Share, optional, "By how much of the whole the share of an objective in the money may lie from its weight on the scorecards of the same unit; default: they are not compared.", "15%";
    spent: Map<ObjectiveId, SpentFor>, optional, "What was spent, by objective: amounts by day, or a KPI that says what was spent in each of its periods.", "{quick_help: [{on: 2026-02-15, amount: 12000 EUR}], used_daily: training_costs}";
    by: Map<String, SpendingBy>, optional, "Spending beside results, by dimension: where the money lies, and where KPIs say what. It need not add up to what is spent by objective.", "{channel: {spent: {partner: [{on: 2026-02-15, amount: 12000 EUR}]}, results: [set_up_rate]}}";
}
