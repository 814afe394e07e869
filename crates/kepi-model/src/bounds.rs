//! How much a definition may hold. Whatever is passed is a finding with its place, so that a damaged or hostile file neither
//! ends the program nor makes it slow; all of it is far beyond what a person writes.

/// Longest file of definitions, in bytes. Of a longer one the beginning is enough to say so.
pub const FILE: usize = 1 << 20;
/// Deepest nesting of lists and maps.
pub(crate) const DEPTH: usize = 24;
/// Most documents of a project.
pub(crate) const DOCUMENTS: usize = 50_000;
/// Longest name that is shown to people, in bytes.
pub(crate) const SHOWN_NAME: usize = 300;
/// Longest text of any other kind, in bytes.
pub(crate) const TEXT: usize = 8_000;
/// Most fields of one map that are reported as unknown, one by one.
pub(crate) const UNKNOWN_FIELDS: usize = 20;
/// Most days on which units change.
pub(crate) const UNIT_DAYS: usize = 400;
/// Most levels of units, the root included.
pub(crate) const UNIT_LEVELS: usize = 50;
/// Most parts of a computed attribute once those that it reads are written out.
pub(crate) const COMPUTED_PARTS: usize = 2_000;
/// Most steps from what is made to what it is made of, and on.
pub(crate) const MADE_DEPTH: usize = 200;
/// Most bins of a histogram, and most answers of a scale, which is counted in one.
pub const BINS: i64 = 10_000;
/// Longest window by the calendar, in days: a hundred years.
pub const STRETCH_DAYS: u64 = 36_525;
/// The lowest and the highest answer of a scale lie within so many of zero.
pub const ANSWER: i64 = 1_000_000;

/// Most items of the list that a field holds.
pub(crate) fn items(field: &str) -> usize {
    match field {
        "by" | "cross" | "key" => 100,
        "values" | "targets" | "links" | "rules" => 1_000,
        _ => 10_000,
    }
}

/// Most entries of the map that a field holds.
pub(crate) fn entries(field: &str) -> usize {
    match field {
        "by" | "match" => 100,
        "objectives" | "pillars" | "themes" | "goals" | "perspectives" | "purposes" => 1_000,
        "attributes" | "map" => 5_000,
        _ => 10_000,
    }
}
