//! How long a season of a grain is, and how far one looks back.

use kepi_model::calendar::Grain;

/// Periods after which a season comes round, by grain.
pub(crate) fn season_of(grain: Grain) -> Option<usize> {
    match grain {
        Grain::Day => Some(7),
        Grain::Week => Some(52),
        Grain::Month => Some(12),
        Grain::Quarter => Some(4),
        Grain::HalfYear => Some(2),
        Grain::Year => None,
    }
}

/// Earlier periods that are looked at, at most: what happened longer ago says little of today.
pub(crate) fn longest(grain: Grain) -> i32 {
    match grain {
        Grain::Day => 91,
        Grain::Week => 157,
        _ => 60,
    }
}
