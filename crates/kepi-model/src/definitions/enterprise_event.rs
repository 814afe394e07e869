//! What happens to the enterprise, so that definitions are looked at anew.

use jiff::civil::Date;

use crate::{
    decode::{List, Name, table},
    id::{EnterpriseEventId, KpiId, ObjectiveId},
};

table! {
    EnterpriseEvent = "enterprise_event", "Something that changes what KPIs are for: a merger, another strategy, a new market. From its day on the definitions that it touches are on the agenda of each review of their scorecards until one that opened since has confirmed them.";
    enterprise_event: Name<EnterpriseEventId>, required, "Its name in definitions.", "merger_2026";
    name: String, required;
    description: String, optional;
    on: Date, required, "From which day on.", "2026-07-01";
    kpis: List<KpiId>, optional, "KPIs that it touches; without these and `objectives` all of them.", "[nps, renewal_rate]";
    objectives: List<ObjectiveId>, optional, "Objectives that it touches, with all KPIs that serve them.", "[quick_help]";
}
