//! From the cells of a raw file to typed rows of an entity, column by column.
//!
//! | room | holds |
//! |---|---|
//! | [`bind`] | a source's mapping, bound to the columns of a file |
//! | [`column`] | one column: sentinels, codes, types |
//! | [`number`], [`length`], [`time`] | how texts are read |
//! | [`tidy`] | texts as they are compared |
//! | [`spell`] | typed cells as texts |
//! | [`rows`] | typed rows, and what expressions see of them |
//! | [`hash`] | rows by hash |
//! | [`suggest`] | what a column that is not there may have meant |

mod bind;
mod column;
mod hash;
pub mod length;
pub mod number;
mod off_scale;
mod rows;
mod spell;
mod suggest;
mod tidy;
pub mod time;

pub(crate) use bind::{BoundMapping, Counts, Fate, attributes_read, entities_asked, evaluate};
pub(crate) use hash::{Key, Keys, RowHasher, Tag};
pub(crate) use rows::{Column, KnownKeys, Rows, Slot, range};
pub(crate) use spell::spell;
pub(crate) use spell::spelt;

/// A cell that cannot be read as its type.
pub(crate) const TYPE: &str = "type";
/// A required attribute without a value.
pub(crate) const REQUIRED: &str = "required";

/// A row that another source fills and knows more of.
pub(crate) const OTHER_SOURCE: &str = "other source";

/// Why a row is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Declared or built-in rule.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// Column, where one is to blame.
    pub column: Option<String>,
}
