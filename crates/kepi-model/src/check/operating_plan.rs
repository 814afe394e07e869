//! Operating plans: whether their versions, amounts and what is said of spending go together, and whether money is for something.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    Context,
    initiative::{amount, not_spending},
    scorecard::weight,
};
use crate::{
    calendar::{Calendar, Grain},
    codes,
    decode::{Either, Keyed, Placed},
    definitions as written,
    id::{DimensionId, InitiativeId, KpiId, ObjectiveId, OperatingPlanId, UnitId},
    initiative::{Initiative, Spent},
    operating_plan::{OperatingPlan, PlanVersion, SpendingBy, SpentBy},
    project::{Kpi, Unit, UnitTree},
    source_text::Span,
    wording::shorten,
};

/// What plans speak of.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub kpis: &'a BTreeMap<KpiId, Kpi>,
    pub initiatives: &'a BTreeMap<InitiativeId, Initiative>,
    pub units: &'a BTreeMap<UnitId, Unit>,
    pub calendar: &'a Calendar,
}

/// What all plans share.
struct Reader<'a> {
    around: Around<'a>,
    /// Objectives of which something is to be reached.
    aimed_at: BTreeSet<&'a ObjectiveId>,
    /// Whether all KPIs are in order: of what one with a mistake aims at nothing is known.
    knows_all: bool,
}

/// Reads all operating plans.
pub(super) fn read(
    all: &[Placed<written::OperatingPlan>],
    around: Around<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<OperatingPlanId, OperatingPlan> {
    let aimed_at = around.kpis.values().flat_map(Kpi::wordings).filter(|kpi| kpi.aims());
    let aimed_at = aimed_at.filter_map(|kpi| kpi.objective.as_ref()).collect();
    let knows_all = !context.findings.has_errors();
    let reader = Reader { around, aimed_at, knows_all };
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
    sums(&mut found, around.units, context);
    targets(&found, around, context);
    found
}

/// Finds the plans of units below each plan, and adds up those that are sums.
fn sums(
    plans: &mut BTreeMap<OperatingPlanId, OperatingPlan>,
    units: &BTreeMap<UnitId, Unit>,
    context: &mut Context<'_>,
) {
    let below = Below { plans, tree: UnitTree::of(units, None) };
    let found: Vec<_> = plans.values().map(|plan| (plan.id.clone(), below.parts(plan))).collect();
    for (id, (parts, without)) in &found {
        let Some(plan) = plans.get_mut(id) else { continue };
        (plan.parts, plan.without) = (parts.clone(), without.clone());
    }
    // From the bottom up: what is the sum of sums comes after them.
    let mut open: Vec<OperatingPlanId> =
        plans.values().filter(|plan| plan.is_sum).map(|plan| plan.id.clone()).collect();
    while let Some(at) = open
        .iter()
        .position(|id| plans.get(id).is_some_and(|plan| !plan.parts.iter().any(|part| open.contains(part))))
    {
        let id = open.swap_remove(at);
        let Some(plan) = plans.get(&id) else { continue };
        let parts: Vec<&OperatingPlan> = plan.parts.iter().filter_map(|part| plans.get(part)).collect();
        let at = plan.span;
        let Some(first) = parts.first() else {
            context
                .report(codes::OPERATING_PLAN, at, format!("no unit below has a plan for the days of `{id}`"))
                .fix(
                    "write a plan with the same `from` and `until` for each of the units, or `versions` here",
                );
            plans.remove(&id);
            continue;
        };
        if let Some(other) = parts.iter().find(|part| part.currency != first.currency) {
            let message =
                format!("`{}` is in {}, `{}` in {}", first.id, first.currency, other.id, other.currency);
            context
                .report(codes::OPERATING_PLAN, at, message)
                .related(other.span, "the other one")
                .fix("write all of them in one currency: they are added up");
        }
        let days: BTreeSet<_> = parts.iter().flat_map(|part| &part.versions).map(|of| of.since).collect();
        let version = |since| {
            let mut amounts = BTreeMap::new();
            let mut initiatives = BTreeMap::new();
            for of in parts.iter().filter_map(|part| part.versions_by(since).last()) {
                of.amounts.iter().for_each(|(id, amount)| *amounts.entry(id.clone()).or_default() += amount);
                let own = of.initiatives.iter();
                own.for_each(|(id, amount)| *initiatives.entry(id.clone()).or_default() += amount);
            }
            let id = format!("sum_of_{}", since.to_string().replace('-', "_")).parse().ok()?;
            Some(PlanVersion { id, since, amounts, initiatives, agree: None })
        };
        let versions = days.into_iter().filter_map(version).collect();
        let currency = first.currency.clone();
        if let Some(plan) = plans.get_mut(&id) {
            (plan.versions, plan.currency) = (versions, currency);
        }
    }
    // Units whose parents are one another's have a finding of their own, and no sum.
    plans.retain(|_, plan| !open.contains(&plan.id));
}

/// Plans by unit, from above.
struct Below<'a> {
    plans: &'a BTreeMap<OperatingPlanId, OperatingPlan>,
    tree: UnitTree<'a>,
}

impl Below<'_> {
    /// The plans of units below for the same days, of each line downwards the first; and the units directly below that know of none.
    fn parts(&self, of: &OperatingPlan) -> (Vec<OperatingPlanId>, Vec<UnitId>) {
        let top = match &of.unit {
            Some(unit) => Some(unit),
            None => self.tree.root().map(|root| &root.id),
        };
        let Some(top) = top else { return (Vec::new(), Vec::new()) };
        let (mut parts, mut without) = (Vec::new(), Vec::new());
        // The plan of the topmost unit is that of the whole by another name.
        let own = self.of_unit(top, of).filter(|_| of.unit.is_none());
        if let Some(own) = own {
            return (vec![own.id.clone()], Vec::new());
        }
        for child in self.children(top) {
            let before = parts.len();
            let (mut open, mut seen) = (vec![child], BTreeSet::new());
            while let Some(unit) = open.pop() {
                if !seen.insert(unit) {
                    continue;
                }
                match self.of_unit(unit, of) {
                    Some(plan) => parts.push(plan.id.clone()),
                    None => open.extend(self.children(unit)),
                }
            }
            if parts.len() == before {
                without.push(child.clone());
            }
        }
        parts.sort();
        if parts.is_empty() { (parts, Vec::new()) } else { (parts, without) }
    }

    fn of_unit(&self, unit: &UnitId, of: &OperatingPlan) -> Option<&OperatingPlan> {
        let same = |other: &&OperatingPlan| (other.from, other.until) == (of.from, of.until);
        self.plans.values().find(|other| other.unit.as_ref() == Some(unit) && same(other))
    }

    /// Money hangs on one line: what stands below several is counted once.
    fn children(&self, above: &UnitId) -> impl Iterator<Item = &UnitId> {
        let is_below = move |unit: &&Unit| unit.parent.as_ref() == Some(above);
        self.tree.units().filter(is_below).map(|unit| &unit.id)
    }
}

/// Whether what targets were planned with is a plan of theirs, and still says the same.
fn targets(plans: &BTreeMap<OperatingPlanId, OperatingPlan>, around: Around<'_>, context: &mut Context<'_>) {
    let tree = UnitTree::of(around.units, None);
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for kpi in around.kpis.values() {
        for target in kpi.wordings().flat_map(|wording| &wording.targets) {
            // What extends a KPI says what that says.
            let Some(with) = target.plan.as_ref().filter(|with| told.insert(with.span)) else { continue };
            let Some(plan) = plans.get(&with.plan) else {
                if !context.findings.any(&[codes::OPERATING_PLAN]) {
                    let message = format!("there is no operating plan `{}`", with.plan);
                    let known = plans.keys().map(OperatingPlanId::as_str);
                    context.report(codes::TARGET_PLAN, with.span, message).expected(match plans.len() {
                        0 => "a project with an `operating_plan:`".to_owned(),
                        _ => format!(
                            "one of {}",
                            known.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
                        ),
                    });
                }
                continue;
            };
            if !plan.versions.iter().any(|of| of.id == with.version) {
                let message = format!("`{}` has no version `{}`", plan.id, with.version);
                let known = plan.versions.iter().map(|of| of.id.as_str());
                let known: Vec<&str> = known.collect();
                context.findings.unknown(
                    codes::TARGET_PLAN,
                    with.span,
                    message,
                    with.version.as_str(),
                    known.iter().copied(),
                );
                continue;
            }
            if !plan.covers(target.from) {
                let message = format!(
                    "the target begins on {}, and `{}` is a plan of {} until {}",
                    target.from, plan.id, plan.from, plan.until
                );
                context
                    .report(codes::TARGET_PLAN, target.span, message)
                    .related(plan.span, "the plan")
                    .fix("let it begin while the plan lasts, or name the plan of its time");
                continue;
            }
            // The topmost unit is the whole.
            let root = tree.root().map(|root| &root.id);
            let is_above = |unit: &UnitId| match target.unit.as_ref() {
                None => Some(unit) == root,
                Some(own) => around
                    .units
                    .get_key_value(own)
                    .is_some_and(|(own, _)| tree.upwards(own).any(|above| above == unit)),
            };
            if let Some(unit) = plan.unit.as_ref().filter(|unit| !is_above(unit)) {
                let whose = target.unit.as_ref().map_or("all".to_owned(), |own| format!("`{own}`"));
                let message = format!("the target is for {whose}, and the plan that of `{unit}`");
                context
                    .report(codes::TARGET_PLAN, with.span, message)
                    .related(plan.span, "the plan")
                    .fix("name a plan of the whole, of the target's unit or of one above it");
                continue;
            }
            let Some(late) = kpi.out_of_date(target, plan) else { continue };
            // That a plan will be over one day is no news.
            if late.by.is_some() || context.options.today.is_some_and(|today| late.day <= today) {
                let message = format!("this target of {} is {}", kpi.id, late.words());
                context.report(codes::TARGET_OUT_OF_DATE, with.span, message);
            }
        }
    }
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
                if amount > 0 && self.knows_all && !self.aimed_at.contains(objective) {
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
            let initiatives = self.initiatives((written, value), &amounts, &mut currency, context);
            let agree = value.agree.get().and_then(|agree| {
                (!agree.who.items().is_empty()).then_some((agree.who.values(), agree.by.cloned()?))
            });
            let Some(since) = value.since.cloned() else { continue };
            versions.push((PlanVersion { id: named, since, amounts, initiatives, agree }, *span));
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
        let is_sum = written.of_units.cloned().unwrap_or_default();
        let says = [
            ("versions", written.versions.is_written(), written.versions.span),
            ("spent", written.spent.is_written(), written.spent.span),
        ];
        for (what, _, at) in says.into_iter().filter(|(_, says, _)| *says && is_sum) {
            context
                .report(codes::OPERATING_PLAN, at, format!("`{id}` is the sum of the plans of units, and has `{what}` of its own"))
                .fix(format!("leave out `{what}`, or `of_units`: a plan with amounts of its own is held against the sum"));
        }
        if !is_sum && written.versions.items().is_empty() {
            let at = if written.versions.is_written() {
                written.versions.span
            } else {
                written.operating_plan.span
            };
            context
                .report(codes::OPERATING_PLAN, at, format!("`{id}` says nothing"))
                .fix("add a version, such as `budget: {since: 2025-12-10, amounts: {…}}`, or `of_units: true` if it is what units plan");
        }
        for day in [from, until].into_iter().flatten() {
            let calendar = self.around.calendar;
            let month = calendar.period_of_day(Grain::Month, day);
            if calendar.first_day(month).is_ok_and(|first| first != day) {
                let at = if Some(day) == from { written.from.span } else { written.until.span };
                context.report(
                    codes::PLAN_OFF_CALENDAR,
                    at,
                    format!("{day} is within a month of the calendar"),
                );
            }
        }
        if let Some(until) = until {
            for (of, at) in versions.iter().filter(|(of, _)| of.since >= until) {
                let message = format!("`{}` holds from {} on, and `{id}` is over by then", of.id, of.since);
                context
                    .report(codes::OPERATING_PLAN, *at, message)
                    .related(written.until.span, "the day after its last")
                    .fix("let it begin while the plan lasts, or write another plan for the time after it");
            }
        }
        let days = from.zip(until);
        let spent = self.spent(written, days, &mut currency, context);
        let by = self.by(written, days, &mut currency, context);
        let versions: Vec<PlanVersion> = versions.into_iter().map(|(of, _)| of).collect();
        Some(OperatingPlan {
            name: written.name.cloned()?,
            description: written.description.cloned(),
            unit: written.unit.cloned(),
            from: from?,
            until: until?,
            gates: written.gates.items().iter().filter_map(|of| Some((of.text.clone(), of.value?))).collect(),
            // That of a sum is that of its parts.
            currency: if is_sum { String::new() } else { currency?.0 },
            spent,
            by,
            parts: Vec::new(),
            without: Vec::new(),
            is_sum,
            within: weight(written.within.get()),
            span: written.operating_plan.span,
            versions,
            id,
        })
    }

    fn spent(
        &self,
        written: &written::OperatingPlan,
        days: Option<(Date, Date)>,
        currency: &mut Option<(String, Span)>,
        context: &mut Context<'_>,
    ) -> BTreeMap<ObjectiveId, Spent> {
        let mut all = BTreeMap::new();
        for of in written.spent.items() {
            let Some((objective, value)) = of.key.as_ref().zip(of.value.as_ref()) else { continue };
            let spent = match value {
                Either::This(kpi) => {
                    // A KPI that is not there or broken has its own finding.
                    let Some(kpi) = self.around.kpis.get(kpi) else { continue };
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
                Either::That(items) => Spent::Dated(dated(items, days, currency, context)),
            };
            all.insert(objective.clone(), spent);
        }
        all
    }

    /// What of a version's amounts is for initiatives.
    fn initiatives(
        &self,
        (plan, version): (&written::OperatingPlan, &written::PlanVersion),
        amounts: &BTreeMap<ObjectiveId, i64>,
        currency: &mut Option<(String, Span)>,
        context: &mut Context<'_>,
    ) -> BTreeMap<InitiativeId, i64> {
        let mut all = BTreeMap::new();
        let mut of_objective: BTreeMap<&ObjectiveId, i64> = BTreeMap::new();
        for of in version.initiatives.items() {
            let Some(money) = of.value.as_ref() else { continue };
            let read = money.text().and_then(|text| amount(codes::OPERATING_PLAN, text, of.at, context));
            let Some((amount, unit)) = read else { continue };
            one_currency(currency, unit, of.at, context);
            let named = of.text.parse().ok().and_then(|id: InitiativeId| self.around.initiatives.get(&id));
            let Some(initiative) = named else {
                // One that is broken has its own finding.
                if !context.findings.any(&[codes::INITIATIVE]) {
                    let known: Vec<&str> = self.around.initiatives.keys().map(InitiativeId::as_str).collect();
                    let message = format!("there is no initiative `{}`", shorten(&of.text));
                    context.findings.unknown(
                        codes::OPERATING_PLAN,
                        of.span,
                        message,
                        &of.text,
                        known.iter().copied(),
                    );
                }
                continue;
            };
            let id = &initiative.id;
            let planned = initiative
                .objective
                .as_ref()
                .and_then(|objective| Some((objective, *amounts.get(objective)?)));
            let Some((objective, planned)) = planned else {
                let message = match &initiative.objective {
                    Some(objective) => {
                        format!("`{id}` serves `{objective}`, for which this version plans nothing")
                    }
                    None => format!("`{id}` names no `objective`, and money is planned by objective"),
                };
                context
                    .report(codes::OPERATING_PLAN, of.span, message)
                    .related(initiative.span, "the initiative")
                    .fix("plan an amount for its objective; this is a part of that");
                continue;
            };
            if initiative.unit.as_ref().is_some_and(|unit| plan.unit.get().is_some_and(|own| own != unit)) {
                context
                    .report(
                        codes::OPERATING_PLAN,
                        of.span,
                        format!("`{id}` is an initiative of another unit"),
                    )
                    .related(initiative.span, "the initiative")
                    .fix("plan it where its unit's money is planned");
            }
            let sum = of_objective.entry(objective).or_default();
            *sum = sum.saturating_add(amount);
            if *sum > planned {
                context
                    .report(
                        codes::OPERATING_PLAN,
                        of.at,
                        format!("initiatives for `{objective}` take more than is planned for it"),
                    )
                    .fix("raise what is planned for the objective, or lower what its initiatives get of it");
            }
            all.insert(id.clone(), amount);
        }
        all
    }

    /// Spending beside results, by dimension.
    fn by(
        &self,
        written: &written::OperatingPlan,
        days: Option<(Date, Date)>,
        currency: &mut Option<(String, Span)>,
        context: &mut Context<'_>,
    ) -> BTreeMap<DimensionId, SpendingBy> {
        let mut all = BTreeMap::new();
        for of in written.by.items() {
            let (Ok(dimension), Some(value)) = (of.text.parse::<DimensionId>(), of.value.as_ref()) else {
                context.report(
                    codes::OPERATING_PLAN,
                    of.span,
                    format!("`{}` is no name of a dimension", shorten(&of.text)),
                );
                continue;
            };
            let has = |kpi: &Kpi| kpi.by.iter().any(|known| known.id == dimension);
            let lacks = |kpi: &Kpi, at, context: &mut Context<'_>| {
                context
                    .report(codes::OPERATING_PLAN, at, format!("{} has no figures by `{dimension}`", kpi.id))
                    .fix(format!("add `{dimension}` to its `by`, or name a KPI that has it"));
            };
            let mut results = Vec::new();
            for item in value.results.items() {
                let Some(kpi) = self.around.kpis.get(&item.value) else { continue };
                match has(kpi) {
                    true => results.push(kpi.id.clone()),
                    false => lacks(kpi, item.span, context),
                }
            }
            if value.results.get().is_some_and(|of| of.is_empty()) {
                context
                    .report(codes::OPERATING_PLAN, value.results.span, "no KPI says what came of the money")
                    .fix(format!("name one that has `{dimension}` in its `by`"));
            }
            let spent = match value.spent.get() {
                Some(Either::This(kpi)) => {
                    let Some(kpi) = self.around.kpis.get(kpi) else { continue };
                    let known = currency.as_ref().map(|(of, _)| of.as_str());
                    if let Some((why, expected)) = not_spending(kpi, known) {
                        let message = format!("{} {why}", kpi.id);
                        context.report(codes::OPERATING_PLAN, value.spent.span, message).expected(expected);
                    } else if !has(kpi) {
                        lacks(kpi, value.spent.span, context);
                    }
                    SpentBy::Kpi(kpi.id.clone())
                }
                Some(Either::That(members)) => {
                    let mut by = BTreeMap::new();
                    for of in members.iter() {
                        let Some(items) = of.value.as_ref() else { continue };
                        by.insert(of.text.clone(), dated(items, days, currency, context));
                    }
                    SpentBy::Dated(by)
                }
                None => continue,
            };
            if !results.is_empty() {
                all.insert(dimension, SpendingBy { spent, results });
            }
        }
        all
    }
}

/// Amounts by day, in millionths. Those of other days than the plan's count nowhere, and are said.
fn dated(
    items: &[Placed<written::Spending>],
    days: Option<(Date, Date)>,
    currency: &mut Option<(String, Span)>,
    context: &mut Context<'_>,
) -> Vec<(Date, i64)> {
    let mut all = Vec::new();
    let mut outside: Option<(Span, usize, i64)> = None;
    for spending in items.iter().map(|item| &item.value) {
        let at = spending.amount.span;
        let text = spending.amount.get().and_then(|of| of.text());
        let read = text.and_then(|text| amount(codes::OPERATING_PLAN, text, at, context));
        let (Some((amount, unit)), Some(on)) = (read, spending.on.cloned()) else { continue };
        if days.is_some_and(|(from, until)| on < from || until <= on) {
            let (_, n, sum) = outside.get_or_insert((spending.on.span, 0, 0));
            *n += 1;
            *sum = sum.saturating_add(amount);
        }
        one_currency(currency, unit, at, context);
        all.push((on, amount));
    }
    if let (Some((at, n, sum)), Some((from, until))) = (outside, days) {
        let unit = currency.as_ref().map_or("", |(unit, _)| unit.as_str());
        let sum = format!("{} {unit}", sum as f64 / 1e6);
        let message = match n {
            1 => format!("{sum} are of a day that the plan has not"),
            n => format!("{n} amounts, {sum} in all, are of days that the plan has not"),
        };
        context
            .report(codes::PLAN_OTHER_DAYS, at, message)
            .expected(format!("days from {from} until the day before {until}"));
    }
    all
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
