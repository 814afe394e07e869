//! Whom a survey asks next.

use crate::{
    decode::{AmountText, List, Micros, Name, Share, Whole, table},
    id::{AttributeId, KpiId, SamplingId},
};

table! {
    ContactCap = "contact_cap", "How often one person is asked at most, over all surveys.";
    at_most: Whole<1, 1_000>, required, "So many invitations.", "1";
    within: Micros, required, "Within so long.", "90 days";
}

table! {
    Sampling = "sampling", "Whom a survey asks next: how many it takes for a margin of error, and how many the caps on contacts leave.";
    sampling: Name<SamplingId>, required, "The name in definitions.", "relationship";
    name: String, required, "The name shown to people.", "Relationship survey";
    kpi: KpiId, required, "What is to be measured: its last final figure says how much answers differ.", "relationship_nps";
    margin: AmountText, required, "How far the figure of a stratum may be off at the project's confidence, in the unit of the KPI.", "5";
    people: KpiId, required, "The KPI whose rows are the people who may be asked.", "contacts_known";
    by: String, optional, "A dimension of `people`: each of its members is a stratum with a sample of its own. Default: all are one.", "region";
    invitations: KpiId, required, "The KPI whose rows are invitations, those of all surveys.", "invitations_sent";
    person: AttributeId, required, "The attribute of an invitation that says whom it asked.", "contact";
    caps: List<ContactCap>, required, "How often one person is asked at most. All of them hold.", "[{at_most: 1, within: 90 days}, {at_most: 3, within: 365 days}]";
    response: Share, required, "The share of those who are asked that is expected to answer.", "20%";
}
