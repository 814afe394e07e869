//! Messages that leave, and the port through which they do.

use std::{future::Future, pin::Pin};

use kepi_model::acting::Way;
use serde::{Deserialize, Serialize};

/// That it is somebody's turn: what, where, by how much, since when, and until when. It names no person, and holds nothing that
/// somebody wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The kind of the item: `alert`.
    pub kind: String,
    /// Its number.
    pub item: u64,
    /// What it is about, in words.
    pub about: String,
    /// Why it is somebody's turn: `seat in emea`.
    pub turn: String,
    /// Whether it came up because nobody acted in time.
    pub went_up: bool,
    /// The step of a playbook that it is about, the first is 1; none: it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<u16>,
    /// By how much, in words: the figure, and what it was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// Until when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Message {
    /// What it is, in a line.
    pub fn subject(&self) -> String {
        let up = if self.went_up { "Not done in time: " } else { "" };
        format!("{up}{} {}: {}", self.kind.replace('_', " "), self.item, self.about)
    }

    /// All of it, a line each.
    pub fn text(&self) -> String {
        let mut lines = vec![self.subject()];
        lines.extend(self.figure.clone());
        let until = self.until.as_ref().map_or(String::new(), |until| format!(", until {}", readable(until)));
        lines.push(format!("Whose turn: {}{until}", self.turn));
        lines.push(format!("Since {}", readable(&self.since)));
        lines.extend(self.link.clone());
        lines.join("\n")
    }
}

/// A time without what nobody reads of it.
fn readable(time: &str) -> String {
    match (time.get(..16), time.get(19..)) {
        (Some(until_minutes), Some(offset)) => {
            format!("{} ({})", until_minutes.replace('T', " "), offset.replace('Z', "UTC"))
        }
        _ => time.to_owned(),
    }
}

/// What leaves at once: one message, or several that waited for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The same however often it is sent: whoever receives it twice knows it by that.
    pub id: String,
    /// When it is sent, µs UTC.
    pub at: i64,
    /// To which address of e-mail; none: the channel has its own.
    pub address: Option<String>,
    /// What is in it.
    pub messages: Vec<Message>,
}

impl Parcel {
    /// What is in it, in a line.
    pub fn subject(&self) -> String {
        match &self.messages[..] {
            [one] => one.subject(),
            [first, rest @ ..] if self.messages.iter().all(|of| of.kind == "alert" && !of.went_up) => {
                format!("{} alerts: {}, and {} more", rest.len() + 1, first.about, rest.len())
            }
            all => format!("{} things wait", all.len()),
        }
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.messages.iter().map(Message::text).collect::<Vec<_>>().join("\n\n")
    }
}

/// Why something did not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// It may leave if that is tried again.
    Now(String),
    /// It will not, before somebody changes something.
    Ever(String),
}

/// What a carrier answers.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), NotSent>> + Send + 'a>>;

/// Carries messages away.
pub trait Carrier: Send + Sync {
    /// Carries a parcel through a channel.
    fn send<'a>(&'a self, to: &'a Way, parcel: &'a Parcel) -> Sending<'a>;
}
