//! Operating plans: whether their versions, amounts and what is said of spending go together, and whether money is for something.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context,
    initiative::{amount, not_spending},
};
use crate::{
    codes,
    decode::{Either, Keyed, Placed},
    definitions as written,
    id::{KpiId, ObjectiveId, OperatingPlanId},
    initiative::Spent,
    operating_plan::{OperatingPlan, PlanVersion},
    project::Kpi,
    source_text::Span,
};

/// What all plans share.
struct Reader<'a> {
    kpis: &'a BTreeMap<KpiId, Kpi>,
    /// Objectives of which something is to be reached.
    aimed_at: BTreeSet<&'a ObjectiveId>,
}

/// Reads all operating plans.
pub(super) fn read(
    all: &[Placed<written::OperatingPlan>],
    kpis: &BTreeMap<KpiId, Kpi>,
    context: &mut Context<'_>,
) -> BTreeMap<OperatingPlanId, OperatingPlan> {
    let aimed_at = kpis.values().flat_map(Kpi::wordings).filter(|kpi| kpi.aims());
    let aimed_at = aimed_at.filter_map(|kpi| kpi.objective.as_ref()).collect();
    let reader = Reader { kpis, aimed_at };
    let mut found: BTreeMap<OperatingPlanId, OperatingPlan> = BTreeMap::new();
    let mut places: BTreeMap<OperatingPlanId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.operating_plan.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.operating_plan.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::OPERATING_PLAN, at, format!("there is another operating plan `{id}`"))
                .related(first, "the other one")
                .fix(
                    "give one of them another name; what is planned anew is another version of the same plan",
                );
        }
        let Some(plan) = reader.one(id, written, context) else { continue };
        let meets = |of: &&OperatingPlan| {
            of.id != plan.id && of.unit == plan.unit && of.from < plan.until && plan.from < of.until
        };
        if let Some(other) = found.values().find(meets) {
            context
                .report(codes::OPERATING_PLAN, at, format!("`{}` and `{}` share days", plan.id, other.id))
                .related(other.span, "the other one")
                .fix("let one end where the other begins, or name the `unit` whose money each of them is");
        }
        found.insert(plan.id.clone(), plan);
    }
    found
}

impl Reader<'_> {
    fn one(
        &self,
        id: OperatingPlanId,
        written: &written::OperatingPlan,
        context: &mut Context<'_>,
    ) -> Option<OperatingPlan> {
        let mut currency: Option<(String, Span)> = None;
        let mut versions: Vec<(PlanVersion, Span)> = Vec::new();
        for Keyed { key, span, value, .. } in written.versions.items() {
            let named = key.as_ref().and_then(|name| name.id.clone());
            let (Some(named), Some(value)) = (named, value.as_ref()) else { continue };
            if value.amounts.get().is_some_and(|map| map.is_empty()) {
                context
                    .report(codes::OPERATING_PLAN, value.amounts.span, format!("`{named}` plans nothing"))
                    .fix("name an objective with what is to be spent, such as `quick_help: 120000 EUR`");
            }
            let mut amounts = BTreeMap::new();
            for of in value.amounts.items() {
                let Some((objective, money)) = of.key.as_ref().zip(of.value.as_ref()) else { continue };
                let Some((amount, unit)) =
                    money.text().and_then(|text| amount(codes::OPERATING_PLAN, text, of.at, context))
                else {
                    continue;
                };
                one_currency(&mut currency, unit, of.at, context);
                if amount > 0 && !self.aimed_at.contains(objective) {
                    context
                        .report(
                            codes::PLAN_WITHOUT_AIM,
                            of.span,
                            format!("money is planned for `{objective}`, of which nothing is to be reached"),
                        )
                        .fix("give a KPI with this `objective` a target, or plan the money elsewhere");
                }
                amounts.insert(objective.clone(), amount);
            }
            let agree = value.agree.get().and_then(|agree| {
                (!agree.who.items().is_empty()).then_some((agree.who.values(), agree.by.cloned()?))
            });
            let Some(since) = value.since.cloned() else { continue };
            versions.push((PlanVersion { id: named, since, amounts, agree }, *span));
        }
        // Of those that a day is given to twice the order would be chance.
        versions.sort_by_key(|(of, _)| of.since);
        for pair in versions.windows(2) {
            if let [(first, at), (second, span)] = pair
                && first.since == second.since
            {
                context
                    .report(
                        codes::OPERATING_PLAN,
                        *span,
                        format!("`{}` and `{}` begin on one day", first.id, second.id),
                    )
                    .related(*at, "the other one")
                    .fix("say with `since` which of them is the later one");
            }
        }
        let (from, until) = (written.from.cloned(), written.until.cloned());
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            context
                .report(codes::OPERATING_PLAN, written.until.span, format!("`{id}` ends before it begins"))
                .fix(format!("write a day after {from}"));
            return None;
        }
        if written.versions.get().is_some_and(|map| map.is_empty()) {
            context
                .report(codes::OPERATING_PLAN, written.versions.span, format!("`{id}` says nothing"))
                .fix("add a version, such as `budget: {since: 2025-12-10, amounts: {…}}`");
        }
        let spent = self.spent(written, &mut currency, context);
        let versions: Vec<PlanVersion> = versions.into_iter().map(|(of, _)| of).collect();
        Some(OperatingPlan {
            name: written.name.cloned()?,
            description: written.description.cloned(),
            unit: written.unit.cloned(),
            from: from?,
            until: until?,
            currency: currency?.0,
            spent,
            span: written.operating_plan.span,
            versions,
            id,
        })
    }

    fn spent(
        &self,
        written: &written::OperatingPlan,
        currency: &mut Option<(String, Span)>,
        context: &mut Context<'_>,
    ) -> BTreeMap<ObjectiveId, Spent> {
        let mut all = BTreeMap::new();
        for of in written.spent.items() {
            let Some((objective, value)) = of.key.as_ref().zip(of.value.as_ref()) else { continue };
            let spent = match value {
                Either::This(kpi) => {
                    // A KPI that is not there or broken has its own finding.
                    let Some(kpi) = self.kpis.get(kpi) else { continue };
                    if let Some((why, expected)) =
                        not_spending(kpi, currency.as_ref().map(|(of, _)| of.as_str()))
                    {
                        context
                            .report(codes::OPERATING_PLAN, of.at, format!("{} {why}", kpi.id))
                            .expected(expected);
                        continue;
                    }
                    Spent::By(kpi.id.clone())
                }
                Either::That(items) => {
                    let mut dated = Vec::new();
                    for spending in items.iter().map(|item| &item.value) {
                        let at = spending.amount.span;
                        let text = spending.amount.get().and_then(|of| of.text());
                        let read = text.and_then(|text| amount(codes::OPERATING_PLAN, text, at, context));
                        let (Some((amount, unit)), Some(on)) = (read, spending.on.cloned()) else { continue };
                        one_currency(currency, unit, at, context);
                        dated.push((on, amount));
                    }
                    Spent::Dated(dated)
                }
            };
            all.insert(objective.clone(), spent);
        }
        all
    }
}

/// All amounts of a plan are added up.
fn one_currency(known: &mut Option<(String, Span)>, currency: String, at: Span, context: &mut Context<'_>) {
    match known {
        None => *known = Some((currency, at)),
        Some((first, place)) if *first != currency => {
            context
                .report(
                    codes::OPERATING_PLAN,
                    at,
                    format!("this is in {currency}, and others are in {first}"),
                )
                .related(*place, "the first of them")
                .fix("write all of them in one currency: they are added up");
        }
        Some(_) => {}
    }
}
