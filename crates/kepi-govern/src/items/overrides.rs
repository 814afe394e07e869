//! Entering a figure, saying one in place of what was computed, and going back to that: who has to agree.

use kepi_model::governance::Mode;

use super::{
    kind::{Kind, Step, Timeout, Turn},
    tally::Ask,
};

const DRAFT: Step = Step { name: "draft", turn: Turn::Write, due: 30, timeout: Timeout::Lapse };
const CHECK: Step = Step { name: "check", turn: Turn::Ask, due: 30, timeout: Timeout::Lapse };

/// Says a figure.
pub const OVERRIDE: &Kind = &Kind {
    name: "override",
    about: "A figure that is to stand in place of the one that is computed.",
    steps: &[DRAFT, CHECK],
    outcomes: &[],
    may_end: false,
};

/// Ends an override.
pub const RESTORE: &Kind = &Kind {
    name: "restore",
    about: "A figure that is to be again what is computed.",
    steps: &[DRAFT, CHECK],
    outcomes: &[],
    may_end: false,
};

/// Enters a figure.
pub const MANUAL_ENTRY: &Kind = &Kind {
    name: "manual_entry",
    about: "A figure that no source has.",
    steps: &[DRAFT, CHECK],
    outcomes: &[],
    may_end: false,
};

/// Takes an entered figure back.
pub const TAKE_BACK: &Kind = &Kind {
    name: "take_back",
    about: "A figure that was entered is to hold no longer: the one entered before holds again, if there is one.",
    steps: &[DRAFT, CHECK],
    outcomes: &[],
    may_end: false,
};

/// Who has to agree: one other, whatever the mode, unless the project is open.
pub(super) fn of_override(mode: Mode) -> Ask {
    Ask { one_other: mode != Mode::Open, ..Ask::default() }
}
