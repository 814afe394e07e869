//! How it is decided what is in force.

use crate::{
    decode::{List, Map, Name, Whole, choices, table},
    governance::Mode,
    id::{FunctionId, GovernanceId, PersonId},
};

choices!(Mode);

table! {
    Board = "board", "Who decides where a board does.";
    members: Map<Name<FunctionId>, List<PersonId>>, required, "Its members by the function that they speak for.",
        "{finance: [controller], customer: [head_of_service], data: [head_of_data]}";
    quorum: Whole<1, 50>, default "2", "How many functions have to say yes.", "2";
}

table! {
    Governance = "governance", "How it is decided what is in force. Without one, whoever runs the project decides.";
    governance: Name<GovernanceId>, required, "The name in definitions.", "airport";
    mode: Mode, required, "`open`: a run puts in force what stands in the files. `reviewed`: somebody else has to agree. `board`: the board has to.", "reviewed";
    owners: List<PersonId>, required, "Who has to agree to changes of the governance itself, and of who may decide; two or more.", "[controller, head_of_service]";
    board: Board, optional, "Who decides where `mode` is `board`.", "{members: {finance: [controller], customer: [head_of_service], data: [head_of_data]}}";
}
