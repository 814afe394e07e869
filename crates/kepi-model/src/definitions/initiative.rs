//! What somebody sets out to do, what speaks for it, and what it is to come to.

use jiff::civil::Date;

use crate::{
    decode::{AmountText, List, Map, Name, Whole, table},
    id::{InitiativeId, KpiId, ObjectiveId, PersonId, UnitId},
};

table! {
    ExpectedEffect = "expected_effect", "What an initiative is to come to at a KPI, said before.";
    expect: AmountText, required, "By how much the KPI is to differ from what it was before the initiative began, in its own unit.", "3%";
    by: Date, required, "By which day: it is looked at in the last period of the KPI that is over then.", "2026-12-31";
}

table! {
    Evidence = "evidence", "KPIs whose figures speak for an initiative. Nobody types a figure in.";
    volume: KpiId, optional, "How many it is about: a KPI that counts.", "contacts_again";
    severity: KpiId, optional, "How bad it is: what the score of this KPI lacks of a full one, by its target.", "first_contact_resolution";
    revenue_at_risk: KpiId, optional, "What may be lost: a KPI in the currency of the budget.", "revenue_of_the_unhappy";
    age: Whole<1, 24>, default "4", "A figure counts if its period is one of the last so many that are over.", "2";
}

table! {
    Spending = "spending", "Money that was spent.";
    on: Date, required, "When.", "2026-02-15";
    amount: AmountText, required, "How much.", "12000 EUR";
}

table! {
    Initiative = "initiative", "What somebody sets out to do so that KPIs get better: what speaks for it, what it may cost, and what it is to come to.";
    initiative: Name<InitiativeId>, required, "The name in definitions.", "callback_desk";
    name: String, required, "The name shown to people.", "A desk that calls back";
    description: String, optional;
    owner: PersonId, required, "Who answers for it.", "service_lead";
    begins: Date, optional, "The first day; without one it waits.", "2026-01-01";
    ends: Date, optional, "The day after the last.", "2027-01-01";
    objective: ObjectiveId, optional, "The objective of the strategy that it serves.", "quick_help";
    unit: UnitId, optional, "The unit whose figures are looked at; default all rows.", "emea";
    effects: Map<KpiId, ExpectedEffect>, required, "What it is to come to.", "{first_contact_resolution: {expect: 3%, by: 2026-12-31}}";
    evidence: Evidence, optional, "What speaks for it.", "{volume: contacts_again, severity: first_contact_resolution, revenue_at_risk: revenue_of_the_unhappy}";
    budget: AmountText, required, "What it may cost, in the currency of all initiatives.", "120000 EUR";
    spent: List<Spending>, optional, "What was spent of it.", "[{on: 2026-02-15, amount: 12000 EUR}]";
    spent_by: KpiId, optional, "Instead of `spent`: a KPI that says what was spent in each of its periods.", "callback_costs";
}
