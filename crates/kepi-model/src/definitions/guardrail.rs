//! How far KPIs may go, and as long as what.

use crate::{
    decode::{AmountText, Either, Map, Name, choices, table},
    id::{GuardrailId, KpiId, LevelId, PersonId},
    project::Still,
};

choices!(Still);

table! {
    Bound = "bound", "What a KPI may be.";
    at_least: AmountText, optional, "The least that it may be, in the KPI's unit.", "75%";
    at_most: AmountText, optional, "The most that it may be, in the KPI's unit.", "9 minutes";
}

/// A bound, or that it does not get worse.
pub(crate) type Condition = Either<Still, Bound>;

table! {
    Guardrail = "guardrail", "A trade-off that was agreed on: how far some KPIs may go as long as others hold. It is held against the figures of every period.";
    guardrail: Name<GuardrailId>, required, "The guardrail's name in definitions.", "careful_calls";
    name: String, optional;
    description: String, optional;
    kpis: Map<KpiId, Bound>, required, "How far these may go.", "{handle_time: {at_most: 9 minutes}}";
    while_ "while": Map<KpiId, Condition>, required, "As long as this holds: a bound, or `not worse` than usual.", "{first_contact_resolution: {at_least: 75%}, effort: not worse}";
    level: LevelId, optional, "Within each unit of this level it holds, too, as a scorecard cascades there: none trades one off against the other.", "region";
    owner: PersonId, optional, "Who answers for it.", "service_lead";
}
