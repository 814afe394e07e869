//! What of pay hangs on which KPIs, and the weights of a KPI side by side: on a scorecard, in pay, of the money.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    id::{IncentivePlanId, KpiId, OperatingPlanId, PersonId, ScorecardId, UnitId},
    lexical::BasisPoints,
    operating_plan::{OperatingPlan, PlanVersion},
    source_text::Span,
};

use super::{Project, Scorecard, Unit, WHOLE};

/// Which KPIs the pay of whom hangs on.
#[derive(Debug, Clone, PartialEq)]
pub struct IncentivePlan {
    /// Its name.
    pub id: IncentivePlanId,
    /// Shown name.
    pub name: String,
    /// In plain words.
    pub description: Option<String>,
    /// The first day for which it pays.
    pub from: Date,
    /// The day after the last; none: it has no end yet.
    pub until: Option<Date>,
    /// How much of what is paid hangs on each KPI.
    pub weights: BTreeMap<KpiId, BasisPoints>,
    /// Whose pay it is.
    pub people: BTreeSet<PersonId>,
    /// Units whose managers' pay it is, too.
    pub units: BTreeSet<UnitId>,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// The scorecard with which it is to go; none: every one on which one of its KPIs stands.
    pub scorecard: Option<ScorecardId>,
    /// By how much weights may lie apart.
    pub within: BasisPoints,
    /// Where it is defined.
    pub span: Span,
}

/// Days: the first, and the one after the last, if there is one.
pub type Days = (Date, Option<Date>);

fn meet((from, until): Days, (other, its): Days) -> bool {
    until.is_none_or(|until| other < until) && its.is_none_or(|until| from < until)
}

impl IncentivePlan {
    /// The days for which it pays.
    pub fn days(&self) -> Days {
        (self.from, self.until)
    }

    /// Everybody whose pay it is, by the wordings of their units; each once.
    pub fn paid<'a>(&'a self, project: &'a Project) -> BTreeSet<&'a PersonId> {
        let units = self.units.iter().filter_map(|unit| project.units.get(unit)).flat_map(Unit::wordings);
        self.people.iter().chain(units.filter_map(|unit| unit.manager.as_ref())).collect()
    }

    /// What a scorecard says while it pays: on its last day, or in its newest wording; none if the plan goes with another scorecard.
    pub fn goes_with<'a>(&self, card: &'a Scorecard) -> Option<&'a Scorecard> {
        let its = self
            .scorecard
            .as_ref()
            .map_or_else(|| card.kpis().any(|kpi| self.weights.contains_key(kpi)), |own| *own == card.id);
        let last = self.until.and_then(|until| until.yesterday().ok());
        its.then(|| last.map_or(Some(card), |last| card.in_force(last)))?
    }
}

/// The weights of a KPI side by side, each in [`WHOLE`]ths.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed<'a> {
    /// On the scorecard.
    pub on_card: u64,
    /// In pay.
    pub pay: Vec<(&'a IncentivePlan, u64)>,
    /// Of the money of an operating plan: the share that its objective has, by its weight among the KPIs of that.
    pub money: Vec<(&'a OperatingPlan, &'a PlanVersion, u64)>,
}

impl Weighed<'_> {
    /// Plans of pay by which they lie too far apart.
    pub fn apart(&self) -> impl Iterator<Item = &IncentivePlan> {
        let beside = || self.money.iter().map(|(.., of)| *of).chain([self.on_card]);
        self.pay
            .iter()
            .filter(move |(plan, own)| {
                let (least, most) =
                    beside().fold((*own, *own), |(low, high), of| (low.min(of), high.max(of)));
                most - least > u64::from(plan.within) * (WHOLE / 10_000)
            })
            .map(|(plan, _)| *plan)
    }
}

/// The weights of a KPI on a scorecard as it is worded, in the pay of plans that go with it, and of the money for the same unit in the same days.
pub fn weighed<'a>(
    kpi: &KpiId,
    card: &Scorecard,
    plans: impl Iterator<Item = &'a IncentivePlan>,
    money: &'a BTreeMap<OperatingPlanId, OperatingPlan>,
    days: Days,
) -> Weighed<'a> {
    let own =
        |plan: &IncentivePlan| u64::from(plan.weights.get(kpi).copied().unwrap_or(0)) * (WHOLE / 10_000);
    let goes = |plan: &&IncentivePlan| {
        plan.weights.contains_key(kpi) && meet(plan.days(), days) && plan.goes_with(card).is_some()
    };
    let objectives = || card.perspectives.iter().flat_map(|of| &of.objectives);
    let placed = objectives().find_map(|of| {
        let weights = of.placed().filter(|of| of.kpi == kpi).map(|of| of.weight);
        let weight = weights.fold(None, |all: Option<u64>, one| Some(all.unwrap_or(0) + one))?;
        Some((&of.id, weight))
    });
    let of_money = |plan: &'a OperatingPlan| {
        let (objective, weight) = placed?;
        let same = plan.unit.is_none() || plan.unit == card.unit;
        if !same || !meet((plan.from, Some(plan.until)), days) {
            return None;
        }
        let version = plan.versions.last()?;
        let all: i128 = version.amounts.values().map(|amount| i128::from(*amount)).sum();
        let part = i128::from(version.amounts.get(objective).copied().unwrap_or(0));
        let share = (part * i128::from(weight) * i128::from(WHOLE / 100_000_000)).checked_div(all)?;
        Some((plan, version, u64::try_from(share).ok()?))
    };
    Weighed {
        on_card: card.weight_of(kpi),
        pay: plans.filter(goes).map(|plan| (plan, own(plan))).collect(),
        money: money.values().filter_map(of_money).collect(),
    }
}

/// A weight in words: `12.5 %`.
pub fn weight_said(weight: u64) -> String {
    // To a tenth of a per cent; nobody weighs finer, and what money comes to has no end.
    let tenths = (weight + WHOLE / 2000) / (WHOLE / 1000);
    match tenths % 10 {
        0 => format!("{} %", tenths / 10),
        rest => format!("{}.{rest} %", tenths / 10),
    }
}
