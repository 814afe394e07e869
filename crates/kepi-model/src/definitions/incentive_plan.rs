//! What of pay hangs on which KPIs.

use jiff::civil::Date;

use crate::{
    decode::{List, Map, Name, Share, table},
    id::{IncentivePlanId, KpiId, PersonId, ScorecardId, UnitId},
};

table! {
    IncentivePlan = "incentive_plan", "Which KPIs the pay of whom hangs on, and by how much. Nothing is paid by it: it says whom a change of a KPI touches in their pay, and where pay puts another weight on a KPI than the scorecard and the money do.";
    incentive_plan: Name<IncentivePlanId>, required, "The plan's name in definitions.", "sales_2026";
    name: String, required;
    description: String, optional;
    from: Date, required, "The first day for which it pays.", "2026-01-01";
    until: Date, optional, "The day after the last.", "2027-01-01";
    weights: Map<KpiId, Share>, required, "How much of what is paid hangs on each KPI; the rest hangs on something else.", "{nps: 40%, renewal_rate: 30%}";
    people: List<PersonId>, optional, "Whose pay it is.", "[sales_lead]";
    units: List<UnitId>, optional, "Units whose managers' pay it is, too.", "[emea, americas]";
    owner: PersonId, optional, "Who answers for it.", "head_of_people";
    scorecard: ScorecardId, optional, "The scorecard with which it is to go; default every one on which one of its KPIs stands.", "customer_success";
    within: Share, default "10%", "By how much of the whole the weights of a KPI may lie apart in pay, on the scorecard and of the money of operating plans.", "5%";
}
