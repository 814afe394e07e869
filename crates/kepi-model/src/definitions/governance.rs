//! How it is decided what is in force.

use crate::{
    calendar::Grain,
    decode::{List, Map, Name, Whole, choices, table},
    governance::{Aspect, Mode},
    id::{BusinessHoursId, FreezeId, FunctionId, GovernanceId, PersonId, PolicyId, ScorecardId},
};

choices!(Mode, Aspect);

table! {
    Board = "board", "Who decides where a board does.";
    members: Map<Name<FunctionId>, List<PersonId>>, required, "Its members by the function that they speak for.",
        "{finance: [controller], customer: [head_of_service], data: [head_of_data]}";
    quorum: Whole<1, 50>, default "2", "How many functions have to say yes.", "2";
}

table! {
    FreezeRule = "freeze_rule", "A period that is frozen by itself some days after it is over, until it is closed or others lift it.";
    period: Grain, required, "How long its periods are. Of them the last one that is over is frozen.", "quarter";
    after: Whole<1, 250>, default "1", "On the how-manieth day of business after the period's end it begins.", "3";
    aspects: List<Aspect>, required, "In which respects nothing changes from then on.", "[target, weight]";
    scope: ScorecardId, optional, "Only this scorecard, its KPIs, and what they are computed of; default everything.", "customers";
    business_hours: BusinessHoursId, optional, "Whose days of business count; default Monday to Friday.", "support_desk";
}

table! {
    Emergency = "emergency", "Changes that cannot wait for those who have to agree.";
    among: List<PersonId>, required, "Of whom two have to say yes, others than who proposes it; two or more.", "[cfo, vp_customer, head_of_audit]";
    days: Whole<1, 90>, default "10", "Within so many days those who have to agree ratify it, or it is taken back.", "10";
}

table! {
    Governance = "governance", "How it is decided what is in force. Without one, whoever runs the project decides.";
    governance: Name<GovernanceId>, required, "The name in definitions.", "airport";
    mode: Mode, required, "`open`: a run puts in force what stands in the files. `reviewed`: somebody else has to agree. `board`: the board has to.", "reviewed";
    owners: List<PersonId>, required, "Who has to agree to changes of the governance itself, and of who may decide; two or more.", "[controller, head_of_service]";
    board: Board, optional, "Who decides where `mode` is `board`.", "{members: {finance: [controller], customer: [head_of_service], data: [head_of_data]}}";
    emergency: Emergency, optional, "Who can put a change in force at once, to be ratified later.", "{among: [cfo, vp_customer, head_of_audit], days: 10}";
    freezes: Map<Name<FreezeId>, FreezeRule>, optional, "Periods that are frozen by themselves, by the name of the rule.", "{quarter_end: {period: quarter, after: 3, aspects: [target, weight]}}";
}

table! {
    Policy = "policy", "Who may see and do what, decided on as other definitions are. With one, files `policies/*.cedar` do not hold.";
    policy: Name<PolicyId>, required, "The name in definitions.", "who_sees_what";
    cedar: String, required, "Policies in Cedar, as a file of `policies/` holds them.", "permit (principal, action, resource) when { resource in principal.owner };";
}
