//! What somebody sets out to do, what speaks for it, and what it is to come to.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    calendar::{Calendar, Grain, Period},
    id::{InitiativeId, KpiId, ObjectiveId, PersonId, UnitId},
    source_text::Span,
};

/// What somebody sets out to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Initiative {
    /// Its name.
    pub id: InitiativeId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// Who answers for it.
    pub owner: PersonId,
    /// The first day; none: it waits.
    pub begins: Option<Date>,
    /// The day after the last.
    pub ends: Option<Date>,
    /// The objective that it serves.
    pub objective: Option<ObjectiveId>,
    /// The unit whose figures are looked at; none: all rows.
    pub unit: Option<UnitId>,
    /// What it is to come to.
    pub effects: BTreeMap<KpiId, ExpectedEffect>,
    /// What speaks for it.
    pub evidence: Evidence,
    /// What it may cost, in millionths of its currency.
    pub budget: i64,
    /// ISO 4217 code; all initiatives have one.
    pub currency: String,
    /// What was spent.
    pub spent: Spent,
    /// Where it is defined.
    pub span: Span,
}

/// What an initiative is to come to at a KPI.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedEffect {
    /// By how much the KPI is to differ, in its own unit; durations in microseconds. Never zero.
    pub change: f64,
    /// By which day.
    pub by: Date,
}

/// KPIs whose figures speak for an initiative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How many it is about.
    pub volume: Option<KpiId>,
    /// How bad it is, by its target.
    pub severity: Option<KpiId>,
    /// What may be lost.
    pub revenue_at_risk: Option<KpiId>,
    /// A figure counts if its period is one of the last so many that are over.
    pub age: u8,
}

/// What was spent of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spent {
    /// Nothing says it.
    NotSaid,
    /// Amounts in millionths of the currency, each on its day.
    Dated(Vec<(Date, i64)>),
    /// What a KPI says of each of its periods.
    By(KpiId),
}

/// Which initiatives are quick wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuickWins {
    /// So many days after its start all that was expected of it has come.
    pub within: u16,
    /// The largest budget, in millionths of its currency; none: any.
    pub budget: Option<(i64, String)>,
}

impl Default for QuickWins {
    fn default() -> Self {
        Self { within: 90, budget: None }
    }
}

impl Initiative {
    /// All KPIs that it speaks of.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiId> {
        let evidence = &self.evidence;
        let spent = match &self.spent {
            Spent::By(kpi) => Some(kpi),
            Spent::NotSaid | Spent::Dated(_) => None,
        };
        let named = [&evidence.volume, &evidence.severity, &evidence.revenue_at_risk];
        self.effects.keys().chain(named.into_iter().flatten()).chain(spent)
    }
}

/// The period before something began and the last one that is over by a day and lies wholly after the beginning; none: no period does.
pub fn compared(begins: Date, by: Date, grain: Grain, calendar: &Calendar) -> Option<(Period, Period)> {
    let begun = calendar.period_of_day(grain, begins);
    let before = begun.offset(-1);
    let first = if calendar.first_day(begun).ok()? < begins { begun.offset(1) } else { begun };
    let last = calendar.period_of_day(grain, by);
    let last = if calendar.last_day(last).ok()? > by { last.offset(-1) } else { last };
    (last.ordinal >= first.ordinal).then_some((before, last))
}
