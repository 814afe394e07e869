//! What calls for somebody to act, and how soon.

use std::collections::BTreeSet;

use crate::{
    id::{AlertId, KpiId},
    word::words,
};

words! {
    /// What is seen of a figure.
    pub enum Signal {
        /// It changed for the worse, beyond what is usual.
        Beyond = "beyond",
        /// It is red, for several periods.
        Red = "red",
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
