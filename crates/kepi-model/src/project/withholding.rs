//! What a legal duty keeps out of what is disclosed.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::{
    id::{KpiId, PersonId, ScorecardId, WithholdingId},
    source_text::Span,
    word::{Word, words},
};

words! {
    /// A part of the methodology of a KPI or scorecard.
    pub enum Section {
        /// Its figures or scores.
        Figures = "figures",
        /// Who answers for it.
        People = "people",
        /// Its targets.
        Targets = "targets",
        /// Where its rows come from, and how they are read.
        Sources = "sources",
        /// Its definitions as written, now and before.
        Texts = "texts",
    }
}

/// A conflict between a legal duty and transparency, as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withholding {
    /// Its name.
    pub id: WithholdingId,
    /// Shown name.
    pub name: String,
    /// Of which KPIs.
    pub kpis: BTreeSet<KpiId>,
    /// Of which scorecards.
    pub scorecards: BTreeSet<ScorecardId>,
    /// What is left out.
    pub withheld: BTreeSet<Section>,
    /// The law, contract or order that asks for it.
    pub duty: String,
    /// Why it weighs more.
    pub why: String,
    /// Who answers for it.
    pub owner: PersonId,
    /// First day on which it is left out.
    pub since: Date,
    /// First day on which it is disclosed again.
    pub until: Option<Date>,
    /// Where it is defined.
    pub span: Span,
}

impl Section {
    /// As definitions write it.
    pub fn as_str(self) -> &'static str {
        Word::word(self)
    }
}

impl Withholding {
    /// Whether it is of a KPI or scorecard, `kpi/…` or `scorecard/…`.
    pub fn is_of(&self, id: &str) -> bool {
        match id.split_once('/') {
            Some(("kpi", name)) => self.kpis.iter().any(|kpi| kpi.as_str() == name),
            Some(("scorecard", name)) => self.scorecards.iter().any(|card| card.as_str() == name),
            _ => false,
        }
    }

    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.since <= day && self.until.is_none_or(|until| day < until)
    }

    /// Whether it leaves out a section. Texts say who answers, against which target and from where, too.
    pub fn leaves_out(&self, section: Section) -> bool {
        let says_the_same = [Section::People, Section::Targets, Section::Sources];
        self.withheld.contains(&section)
            || section == Section::Texts && says_the_same.iter().any(|of| self.withheld.contains(of))
    }
}
