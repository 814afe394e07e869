//! What calls for somebody to act, and how soon.

use std::collections::BTreeSet;

use crate::{
    id::{AlertId, ChannelId, KpiId},
    secret::{Secret, Setting},
    word::words,
};

words! {
    /// What is seen of a figure.
    pub enum Signal {
        /// It changed for the worse, beyond what is usual.
        Beyond = "beyond",
        /// It is red, for several periods.
        Red = "red",
        /// A guardrail that says how far it may go is broken.
        Guardrail = "guardrail",
    }

    /// How soon somebody has to act.
    #[derive(Default)]
    pub enum Severity {
        /// Within 40 business hours.
        Low = "low",
        /// Within 8 business hours.
        #[default]
        Normal = "normal",
        /// Within 4 business hours.
        High = "high",
    }
}

words! {
    /// When a line to a server of e-mail is encrypted.
    #[derive(Default)]
    pub enum Encryption {
        /// After a greeting.
        #[default]
        Starttls = "starttls",
        /// From the first byte.
        Tls = "tls",
        /// Never.
        None = "none",
    }
}

/// Where messages leave to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub id: ChannelId,
    /// Where to.
    pub to: Way,
    /// The address of the pages, without a slash at its end.
    pub link: Option<String>,
    /// When people are left in peace: minutes of the day at which that begins and ends.
    pub quiet: Option<(u16, u16)>,
    /// How many messages a day come by themselves.
    pub budget: u64,
    /// The minute of the day at which the rest comes together.
    pub digest: u16,
}

/// By which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To each person.
    Email {
        /// Name of the server.
        server: Setting,
        /// Its port.
        port: u16,
        /// When the line is encrypted.
        encryption: Encryption,
        /// Who sends, and the password.
        login: Option<(Setting, Secret)>,
        /// From which address.
        from: String,
        /// Whether the server may be within the own network.
        private: bool,
    },
    /// To a program.
    Webhook {
        /// Where it listens.
        address: Setting,
        /// What it knows the signature by.
        secret: Secret,
        /// Whether it may be within the own network.
        private: bool,
    },
    /// To a room of a chat.
    Chat {
        /// The address of its incoming webhook.
        address: Secret,
        /// Whether it may be within the own network.
        private: bool,
    },
}

impl Way {
    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::Webhook { .. } => "webhook",
            Self::Chat { .. } => "chat",
        }
    }

    /// Whether people read it, who are left in peace at night and get so many messages a day.
    pub fn is_read(&self) -> bool {
        !matches!(self, Self::Webhook { .. })
    }
}

/// When somebody is asked to act on a KPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub id: AlertId,
    /// Shown name.
    pub name: String,
    /// Signals, each of which suffices.
    pub on: BTreeSet<Signal>,
    /// KPIs; empty: those of all scorecards.
    pub kpis: BTreeSet<KpiId>,
    /// Whether units are looked at one by one, beside all rows.
    pub by_unit: bool,
    /// For so many periods in a row it has to be red.
    pub persistence: u16,
    /// After so many periods in a row without a signal it is over.
    pub clear: u16,
    /// How soon somebody has to act.
    pub severity: Severity,
}

impl Signal {
    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }

    /// What it says of a KPI: it is …
    pub fn says(self) -> &'static str {
        match self {
            Self::Beyond => "worse than usual",
            Self::Red => "red",
            Self::Guardrail => "beyond what was agreed on",
        }
    }
}

impl Severity {
    /// Its word.
    pub fn word(self) -> &'static str {
        crate::word::Word::word(self)
    }

    /// Business hours within which somebody acts, and after which it is somebody else's turn.
    pub fn hours(self) -> u16 {
        match self {
            Self::Low => 40,
            Self::Normal => 8,
            Self::High => 4,
        }
    }
}
