//! What people set out to do: what speaks for it, what came of it, what it costs, and which money lies where less speaks for it.

use serde::{Deserialize, Serialize};

use crate::csv;

/// All initiatives, as of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Initiatives {
    /// The day, ISO 8601.
    pub day: String,
    /// The currency of all budgets, ISO 4217; left out: there is no initiative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What most speaks for first; of which that is not known last.
    pub initiatives: Vec<Initiative>,
    /// Budgets by the objective that they serve.
    pub budgets: Vec<BudgetOf>,
    /// Money that is not spent yet where less speaks for it than for something that waits, the least first.
    pub reallocation: Vec<LiesWithLess>,
    /// What came quickly and for little money.
    pub quick_wins: QuickWins,
}

/// What somebody set out to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Initiative {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// In plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who answers for it, by name.
    pub owner: String,
    /// The first day, ISO 8601; left out: it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// The day after the last, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// `waits`, `runs` or `over`.
    pub state: String,
    /// The objective that it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// The unit whose figures are looked at; left out: all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What speaks for it, from 0 to 100; left out: one of its parts is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How much it is about, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
    /// How sure that is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Why there is no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Volume, severity and revenue at risk, as far as it names them.
    pub parts: Vec<Part>,
    /// What it may cost.
    pub budget: f64,
    /// What was spent so far; left out: that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<f64>,
    /// Why it is not known what was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_reason: Option<String>,
    /// The day since which it is said when it begins and what it is to come to, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// What it is to come to, and what it came to.
    pub effects: Vec<Effect>,
}

/// A part of what speaks for an initiative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// `volume`, `severity` or `revenue_at_risk`.
    pub part: String,
    /// The KPI.
    pub kpi: String,
    /// Its shown name.
    pub kpi_name: String,
    /// The period of the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The figure as it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// The part in its own unit, of severity a share of 1; left out: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<f64>,
    /// The part beside the largest, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<f64>,
    /// How sure it is, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<f64>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an initiative is to come to at a KPI, and what it came to: before and after, with nothing to compare it with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The KPI.
    pub kpi: String,
    /// Its shown name.
    pub kpi_name: String,
    /// By how much it is to differ, in its own unit; durations in microseconds.
    pub expected: f64,
    /// The same as it is shown.
    pub expected_text: String,
    /// By which day, ISO 8601.
    pub by: String,
    /// The period before the initiative began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The period in which it is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// `kept`: the KPI moved as expected, beyond chance, and all of what was expected may have come; `missed`: it did not; `open`: that
    /// cannot be said yet; `unknown`: a figure that it takes is not there, or it was said when what came was over.
    pub verdict: String,
    /// By how much it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// Lower end of its interval; left out: counted in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// What came, in words.
    pub text: String,
}

/// The budgets of all initiatives that serve an objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetOf {
    /// The objective by its shown name; left out: of those that serve none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// Its initiatives.
    pub initiatives: Vec<String>,
    /// What they may cost.
    pub budget: f64,
    /// What was spent, of those of which it is known.
    pub spent: f64,
    /// Those of which it is not known.
    pub spent_unknown: u64,
    /// Effects that were kept.
    pub kept: u64,
    /// Effects that were missed.
    pub missed: u64,
    /// Effects that are still to come.
    pub open: u64,
    /// Effects of which nobody can say.
    pub unknown: u64,
}

/// Money that lies where less speaks for it than for something that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiesWithLess {
    /// The initiative that runs.
    pub initiative: String,
    /// Its shown name.
    pub name: String,
    /// What speaks for it.
    pub score: f64,
    /// What of its budget is not spent; left out: it is not known what was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unspent: Option<f64>,
    /// Effects that it missed.
    pub missed: u64,
    /// Those that wait although more speaks for them, the most first.
    pub waiting: Vec<Waiting>,
}

/// An initiative that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The initiative.
    pub initiative: String,
    /// Its shown name.
    pub name: String,
    /// What speaks for it.
    pub score: f64,
    /// What it may cost.
    pub budget: f64,
}

/// What came quickly and for little money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuickWins {
    /// Within so many days of the beginning.
    pub within: u16,
    /// The largest budget; left out: any that was kept to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// The newest first.
    pub wins: Vec<QuickWin>,
}

/// An initiative that came to what was expected of it quickly and for little money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuickWin {
    /// The initiative.
    pub initiative: String,
    /// Its shown name.
    pub name: String,
    /// Who answers for it, by name.
    pub owner: String,
    /// The last day of the period in which all of it was there, ISO 8601.
    pub day: String,
    /// So many days after the beginning.
    pub days: i32,
    /// What was spent.
    pub spent: f64,
    /// What came, an effect each.
    pub came: Vec<String>,
}

impl Initiative {
    /// How many of its effects have a verdict.
    pub fn with(&self, verdict: &str) -> u64 {
        self.effects.iter().filter(|of| of.verdict == verdict).count() as u64
    }

    /// What of its budget is not spent; none: it is not known what was, or nothing is left.
    pub fn unspent(&self) -> Option<f64> {
        Some(self.budget - self.spent?)
    }
}

/// One line an initiative and effect.
pub fn table(of: &Initiatives) -> String {
    let header = [
        "initiative",
        "name",
        "owner",
        "begins",
        "ends",
        "state",
        "objective",
        "unit",
        "score",
        "size",
        "confidence",
        "reason",
        "volume",
        "volume_sure",
        "severity",
        "severity_sure",
        "revenue_at_risk",
        "revenue_at_risk_sure",
        "currency",
        "budget",
        "spent",
        "quick_win",
        "kpi",
        "expected",
        "by",
        "verdict",
        "change",
        "low",
        "high",
    ];
    let currency = of.currency.clone().unwrap_or_default();
    let rows = of.initiatives.iter().flat_map(|one| {
        let number = |of: Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
        let text = |of: &Option<String>| of.clone().unwrap_or_default();
        let part = |name: &str| one.parts.iter().find(|part| part.part == name);
        let parts = ["volume", "severity", "revenue_at_risk"].into_iter().flat_map(move |name| {
            [number(part(name).and_then(|of| of.amount)), number(part(name).and_then(|of| of.sure))]
        });
        let own = vec![
            one.id.clone(),
            one.name.clone(),
            one.owner.clone(),
            text(&one.begins),
            text(&one.ends),
            one.state.clone(),
            text(&one.objective),
            text(&one.unit),
            number(one.score),
            number(one.size),
            number(one.confidence),
            text(&one.reason),
        ];
        let quick = of.quick_wins.wins.iter().any(|win| win.initiative == one.id);
        let money = [currency.clone(), one.budget.to_string(), number(one.spent), quick.to_string()];
        let own: Vec<String> = own.into_iter().chain(parts).chain(money).collect();
        one.effects.iter().map(move |effect| {
            let seen = [
                effect.kpi.clone(),
                effect.expected.to_string(),
                effect.by.clone(),
                effect.verdict.clone(),
                number(effect.change),
                number(effect.low),
                number(effect.high),
            ];
            own.iter().cloned().chain(seen).collect()
        })
    });
    csv::table(&header, rows)
}
