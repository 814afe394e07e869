//! The few texts that may stand in an event. None of them is a person's own words: what people and their data say is
//! named by a commitment, so that it can be forgotten.

use std::{fmt, str::FromStr};

use kepi_model::id::is_name;
use serde::{Deserialize, Serialize};

/// Why a text may not stand in an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}")]
pub struct NotPlain {
    /// The text, cut to what a message can hold.
    pub text: String,
    /// What was expected.
    pub what: &'static str,
}

impl NotPlain {
    pub(crate) fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), what }
    }
}

/// Whether a text can stand in an event: at most 160 of `a`–`z`, `0`–`9` and `_./+~:-`. It is the widest of the shapes
/// that the types of this crate allow, and keeps out whatever a person might type.
pub fn is_plain(text: &str) -> bool {
    (1..=160).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_./+~:-".contains(&b))
}

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $test:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// As written.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl FromStr for $name {
            type Err = NotPlain;
            fn from_str(text: &str) -> Result<Self, NotPlain> {
                let fits: fn(&str) -> bool = $test;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(NotPlain::new(text, $what)) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotPlain;
            fn try_from(text: String) -> Result<Self, NotPlain> { text.parse() }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String { value.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", self.0) }
        }
    )*};
}

/// Whether it is a UUID in lower-case hexadecimal with dashes.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
        })
}

/// Whether it is the shortest decimal spelling of a finite number.
fn is_number(text: &str) -> bool {
    let spelled = |number: f64| number.is_finite() && number.to_string() == text && text != "-0";
    text.len() <= 40 && text.parse::<f64>().is_ok_and(spelled)
}

plain! {
    /// A UUID: of a load, of a lake.
    Uuid, "a UUID in lower case", is_uuid;
    /// A column of a table: an attribute, or a system column, which begins with `_`.
    ColumnName, "the name of a column", |t| is_name(t.strip_prefix('_').unwrap_or(t));
    /// An evaluator with its versions, such as `datafusion/55.2.0+kepi/0.1.0`.
    Engine, "an engine with its version", |t| is_plain(t) && t.len() <= 128;
    /// A name, such as that of a role.
    Name, "a name of `a`–`z`, `0`–`9` and `_`", is_name;
    /// A finite number in plain decimal, in one spelling: the shortest that is that number.
    Number, "a finite number in its shortest spelling", is_number;
    /// A step of an item, such as `review`.
    StepName, "the name of a step", is_name;
    /// The kind of an event, such as `load.landed`.
    Kind, "the kind of an event", |t| {
        t.len() <= 64 && t.split('.').count() <= 3 && t.split('.').all(is_name)
    };
}

impl Number {
    /// From a number; none if it is not finite, or too long.
    pub fn new(number: f64) -> Option<Self> {
        (number + 0.0).to_string().parse().ok()
    }

    /// The number.
    pub fn get(&self) -> f64 {
        // It was one when it was made.
        self.0.parse().unwrap_or_default()
    }
}

impl Engine {
    /// From the text by which an engine names itself, such as `datafusion 55.2.0 / kepi 0.1.0`.
    ///
    /// # Errors
    /// The text holds what no engine calls itself.
    pub fn named(text: &str) -> Result<Self, NotPlain> {
        text.to_ascii_lowercase().replace(" / ", "+").replace(' ', "/").parse()
    }
}
