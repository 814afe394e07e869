//! Freezing days, lifting that again, and closing a period: who has to agree.

use kepi_model::governance::Mode;

use super::{
    kind::{Kind, Step, Timeout, Turn},
    tally::Ask,
};

const DRAFT: Step = Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse };

/// Freezes days.
pub const FREEZE: &Kind = &Kind {
    name: "freeze",
    about: "Days on which nothing may change in some respects.",
    steps: &[DRAFT, Step { name: "check", turn: Turn::Ask, due: 30, timeout: Timeout::Lapse }],
    outcomes: &[],
    may_end: false,
};

/// Lifts a freeze.
pub const LIFT: &Kind = &Kind {
    name: "lift",
    about: "A freeze that is to be lifted.",
    steps: &[DRAFT, Step { name: "check", turn: Turn::Ask, due: 30, timeout: Timeout::Lapse }],
    outcomes: &[],
    may_end: false,
};

/// Closes a period.
pub const CLOSE: &Kind = &Kind {
    name: "close",
    about: "A period whose figures are to be official as they stand.",
    steps: &[DRAFT, Step { name: "sign_off", turn: Turn::Ask, due: 30, timeout: Timeout::Lapse }],
    outcomes: &[],
    may_end: false,
};

/// Who has to agree to a freeze, or to lifting one: as to a change of the governance.
pub(super) fn of_freeze(mode: Mode) -> Ask {
    Ask { owner: mode != Mode::Open, board: mode == Mode::Board, ..Ask::default() }
}

/// Who has to agree to a close.
pub(super) fn of_close(mode: Mode) -> Ask {
    Ask { one_other: mode == Mode::Reviewed, board: mode == Mode::Board, ..Ask::default() }
}
