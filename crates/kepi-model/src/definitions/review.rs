//! When people meet over figures, and what other systems ask before they go on.

use jiff::civil::Date;

use crate::{
    calendar::Grain,
    decode::{List, Map, Name, Whole, table},
    definitions::guardrail::Condition,
    id::{BusinessHoursId, KpiId, LadderId, PersonId, ReviewId, ScorecardId, StageGateId, UnitId},
};

table! {
    ReviewGates = "review_gates", "Gates of planning around which a review opens.";
    of: List<String>, required, "Operating plans whose gates they are.", "[year_2026]";
    only: List<String>, optional, "Only gates of these names; default all.", "[forecast]";
    before: Whole<1, 60>, optional, "So many days of business before a gate it opens; default on the day of the gate.", "5";
    after: Whole<1, 60>, optional, "So many days of business after a gate it opens.", "2";
}

table! {
    Review = "review", "When people meet over the figures of a scorecard, and who. Without one, nobody is asked to.";
    review: Name<ReviewId>, required, "The name in definitions.", "quarterly_service";
    name: String, required, "The name shown to people.", "Quarterly service review";
    scorecard: ScorecardId, required, "The scorecard whose KPIs are gone through.", "service";
    unit: UnitId, optional, "The unit whose figures they are; default that of the scorecard.", "emea";
    period: Grain, required, "Each period of this length has its review, once it is over.", "quarter";
    after: Whole<1, 250>, default "5", "On the how-manieth day of business after the period's end it opens.", "3";
    on: List<Date>, optional, "Days on which it opens instead, each for the last period that is over by then.", "[2026-05-12, 2026-11-10]";
    gates: ReviewGates, optional, "Gates of planning around which it opens instead, each for the last period that is over by then: who moves a gate moves the review.", "{of: [year_2026], before: 5}";
    business_hours: BusinessHoursId, optional, "Whose days of business count; default Monday to Friday.", "support_desk";
    chair: PersonId, required, "Who leads it, and closes it. In a unit whoever holds her seat there.", "vp_service";
    participants: List<PersonId>, optional, "Who takes part beside. In a unit whoever holds their seats there.", "[controller, head_of_data]";
    plans: Whole<0, 60>, default "3", "So many days of business before it opens a plan is asked for of whoever answers for a KPI that is red beyond chance and has none; 0: only the review asks.", "5";
    ladder: LadderId, optional, "Whose turn it is if it is not closed in time, rung by rung; default whoever is above.", "service";
    days: Whole<1, 60>, default "10", "In so many days of business it is closed, with a decision on every point; then it is the turn of whoever is above.", "5";
    rotation: Whole<1, 24>, optional, "Within so many reviews the definition of every KPI is confirmed once, in turn.", "4";
}

table! {
    StageGate = "stage_gate", "What other systems ask before they go on: open while all of it surely holds.";
    stage_gate: Name<StageGateId>, required, "The name in definitions.", "launch";
    name: String, required, "The name shown to people.", "Launch in a new market";
    description: String, optional;
    when: Map<KpiId, Condition>, required, "What has to hold: a bound, or `not worse` than usual.", "{first_contact_resolution: {at_least: 75%}, effort: not worse}";
    unit: UnitId, optional, "The unit whose figures they are; default all rows.", "emea";
    age: Whole<1, 24>, default "2", "A figure counts if its period is one of the last so many that are over; what is older holds nothing open.", "1";
}
