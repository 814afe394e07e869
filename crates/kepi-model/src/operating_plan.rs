//! What is to be spent in a time, by objective, as it was planned and as it was planned anew.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    findings::Findings,
    id::{DimensionId, InitiativeId, KpiId, ObjectiveId, OperatingPlanId, PersonId, PlanVersionId, UnitId},
    initiative::Spent,
    lexical::{self, BasisPoints},
    source_text::{FileId, Span},
    yaml,
};

/// Millionths.
pub(crate) const PLACES: u8 = 6;

/// What is to be spent in a time.
#[derive(Debug, Clone, PartialEq)]
pub struct OperatingPlan {
    /// Its name.
    pub id: OperatingPlanId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The unit whose money it is; none: the whole.
    pub unit: Option<UnitId>,
    /// Its first day.
    pub from: Date,
    /// The day after its last.
    pub until: Date,
    /// What it says from which day on, the earliest first; at least one.
    pub versions: Vec<PlanVersion>,
    /// Days by which planning comes to something, by name.
    pub gates: BTreeMap<String, Date>,
    /// ISO 4217 code of all its amounts.
    pub currency: String,
    /// What was spent, by objective; of a sum what its parts say.
    pub spent: BTreeMap<ObjectiveId, Spent>,
    /// Spending beside results, by dimension.
    pub by: BTreeMap<DimensionId, SpendingBy>,
    /// The plans of units below for the same days: of each line downwards the first.
    pub parts: Vec<OperatingPlanId>,
    /// Units directly below of which no plan for these days is known, where others have one.
    pub without: Vec<UnitId>,
    /// Whether it is the sum of its parts, with no amounts of its own.
    pub is_sum: bool,
    /// By how much the share of an objective may lie from its weight on scorecards; none: they are not compared.
    pub within: Option<BasisPoints>,
    /// Where it is defined.
    pub span: Span,
}

/// What an operating plan says from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVersion {
    /// Its name.
    pub id: PlanVersionId,
    /// From which day on it is the plan.
    pub since: Date,
    /// What is to be spent in all of the plan's time, in millionths of its currency.
    pub amounts: BTreeMap<ObjectiveId, i64>,
    /// How much of that is for which initiative.
    pub initiatives: BTreeMap<InitiativeId, i64>,
    /// Who has to have agreed to it by the end of which day.
    pub agree: Option<(Vec<PersonId>, Date)>,
}

/// What was spent by the members of a dimension, and what says what came of it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingBy {
    /// What was spent.
    pub spent: SpentBy,
    /// KPIs that have the dimension; at least one.
    pub results: Vec<KpiId>,
}

/// What was spent by member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpentBy {
    /// Amounts in millionths of the currency, each on its day, by member.
    Dated(BTreeMap<String, Vec<(Date, i64)>>),
    /// What a KPI says of each of its periods.
    Kpi(KpiId),
}

impl SpendingBy {
    /// All KPIs that it speaks of.
    pub fn kpis(&self) -> impl Iterator<Item = &KpiId> {
        let spent = match &self.spent {
            SpentBy::Kpi(kpi) => Some(kpi),
            SpentBy::Dated(_) => None,
        };
        self.results.iter().chain(spent)
    }
}

impl OperatingPlan {
    /// Whether a day is in its time.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && day < self.until
    }

    /// The versions that are known on a day; the last of them is the plan.
    pub fn versions_by(&self, day: Date) -> &[PlanVersion] {
        let known = self.versions.partition_point(|of| of.since <= day);
        self.versions.get(..known).unwrap_or_default()
    }
}

impl PlanVersion {
    /// Whether the text of a plan says the same amounts under this name: who agreed to that text has agreed to this version.
    pub fn is_said_by(&self, text: &str) -> bool {
        let documents = yaml::parse(FileId(0), text, &mut Findings::default());
        let versions = documents.iter().find_map(|document| document.root.entry("versions"));
        let version = versions.and_then(|of| of.value.entry(self.id.as_str()));
        let Some(amounts) = version.and_then(|of| of.value.entry("amounts")) else { return false };
        let said: Option<BTreeMap<&str, i64>> = amounts
            .value
            .entries()
            .iter()
            .map(|pair| {
                let (amount, _) = lexical::money(pair.value.text()?)?;
                Some((pair.key.as_str(), amount.at_scale(PLACES)?))
            })
            .collect();
        said.is_some_and(|said| said.into_iter().eq(self.amounts.iter().map(|(id, of)| (id.as_str(), *of))))
    }
}
