//! What a legal duty keeps out of what is disclosed.

use jiff::civil::Date;

use crate::{
    decode::{List, Name, choices, table},
    id::{KpiId, PersonId, ScorecardId, WithholdingId},
    project::Section,
};

choices!(Section);

table! {
    Withholding = "withholding", "A conflict between a legal duty and transparency, and how it was decided: what is left out of the methodology of KPIs and scorecards, by which duty, and why.";
    withholding: Name<WithholdingId>, required, "Its name in definitions.", "wages_of_few";
    name: String, optional;
    kpis: List<KpiId>, optional, "Of which KPIs.", "[wage_gap]";
    scorecards: List<ScorecardId>, optional, "Of which scorecards.", "[employer]";
    withheld: List<Section>, required, "What is left out.", "[figures, people]";
    duty: String, required, "The law, contract or order that asks for it.", "Works agreement 12, section 4: no figures of groups below ten";
    why: String, required, "Why it weighs more here than that others can see it, and what stands in its place.", "Groups are small enough to tell who it is";
    owner: PersonId, required, "Who answers for it.", "data_protection_officer";
    since: Date, required, "First day on which it is left out.", "2026-01-01";
    until: Date, optional, "First day on which it is disclosed again, or decided anew.", "2028-01-01";
}
