//! Scorecards: weights, where KPIs stand, and the cascade to units below.

mod segments;

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, is_defined, kpi::declared_dimensions, model::whole_weeks, units::Tree};
use crate::{
    calendar::{Calendar, FiscalCalendar, Grain},
    codes,
    decode::{Keyed, Share},
    definitions::{self as written, Definitions, ScorecardObjective as WrittenObjective},
    id::{KpiId, ObjectiveId, PerspectiveId, ScorecardId, UnitId},
    meaning,
    measure::Carry,
    project::{
        BasisPoints, Cascade, CascadeAsOf, CascadeTargets, CascadeValue, Kpi, Scorecard, ScorecardObjective,
        ScorecardPerspective, ScorecardSegment, Strategy, Unit, WHOLE,
    },
    source_text::Span,
    table::Symbol,
    word::Word,
    wording::some_of,
};

/// Reads a scorecard.
pub(super) fn read(
    written: &written::Scorecard,
    strategy: Option<&Strategy>,
    kpis: &BTreeMap<KpiId, Kpi>,
    (units, tree, own): (&BTreeMap<UnitId, Unit>, &Tree<'_>, &Calendar),
    context: &mut Context<'_>,
) -> Option<Scorecard> {
    let perspectives = written.perspectives.items();
    let weights = perspectives.iter().map(|p| p.value.as_ref().map(|p| (p.weight.get(), p.weight.span)));
    sums(weights, "perspectives", written.perspectives.key, context);
    let mut read = Vec::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let is_as_fine = is_as_fine_as_some(written, kpis);
    for entry in perspectives {
        let Some(perspective) = &entry.value else { continue };
        let objectives = perspective.objectives.items();
        let weights = objectives.iter().map(|o| o.value.as_ref().map(|o| (o.weight.get(), o.weight.span)));
        sums(weights, &format!("objectives of {}", entry.text), entry.span, context);
        for objective in objectives {
            stands_right(objective, &entry.text, strategy, context);
            let entries = objective.value.as_ref().map(|o| o.kpis.items()).unwrap_or_default();
            let weights = entries.iter().map(|k| Some((k.value.as_ref(), k.at)));
            sums(weights, &format!("KPIs of {}", objective.text), objective.span, context);
            let cascaded = written.cascade.get().map(|c| c.match_.items()).unwrap_or_default();
            let cascaded: Vec<&str> = cascaded.iter().filter_map(|of| of.value.as_deref()).collect();
            segments::check(objective, &cascaded, kpis, context);
            // One that judges several segments of an objective stands in one place.
            let apart =
                objective.value.iter().flat_map(|o| o.segments.items()).flat_map(|of| of.value.kpis.items());
            let mut here: BTreeSet<&str> = BTreeSet::new();
            let apart = apart.filter(|kpi| here.insert(&kpi.text));
            for kpi in entries.iter().chain(apart) {
                if let Some(first) = seen.insert(&kpi.text, kpi.span) {
                    context
                        .report(
                            codes::KPI_TWICE,
                            kpi.span,
                            format!("`{}` stands on this scorecard twice", kpi.text),
                        )
                        .related(first, "the first place")
                        .fix("keep it where it belongs");
                }
                if let Some(checked) = kpi.key.as_ref().and_then(|id| kpis.get(id)) {
                    placed(checked, objective, kpi.span, (written, is_as_fine), context);
                }
            }
        }
        if let (Some(id), Some(weight)) = (entry.key.clone(), weight(perspective.weight.get())) {
            let objectives = objectives.iter().filter_map(read_objective).collect();
            read.push(ScorecardPerspective { id, weight, objectives });
        }
    }
    let order: BTreeMap<&PerspectiveId, usize> = strategy
        .map(|s| s.perspectives.iter().enumerate().map(|(i, p)| (&p.id, i)).collect())
        .unwrap_or_default();
    read.sort_by_key(|p| order.get(&p.id).copied().unwrap_or(usize::MAX));
    let unit = written.unit.cloned();
    let cascade = written.cascade.get().and_then(|c| cascade(c, unit.as_ref(), tree, context));
    let missing = written.missing.get();
    let time_zone = written.time_zone.get().map(|zone| zone.0.clone());
    let fiscal = fiscal(written, own)?;
    let mut scorecard = Scorecard {
        id: written.scorecard.get()?.id.clone()?,
        name: written.name.cloned()?,
        unit,
        period: written.period.cloned()?,
        calendar: Calendar {
            zone: time_zone.clone().unwrap_or_else(|| own.zone.clone()),
            ..own.with(fiscal.unwrap_or_else(|| own.fiscal()))
        },
        time_zone,
        fiscal,
        missing: missing?.rule.cloned()?,
        minimum_coverage: missing?.minimum_coverage.get()?.0.to_f64(),
        perspectives: read,
        floors: written
            .floors
            .items()
            .iter()
            .filter_map(|floor| Some((floor.key.clone()?, weight(floor.value.as_ref())?)))
            .collect(),
        cascade,
        from: written.from.cloned(),
        earlier: Vec::new(),
        hash: crate::id::Hash([0; 32]),
        wording: crate::id::Hash([0; 32]),
        span: written.scorecard.span,
    };
    scorecard.wording = meaning::scorecard(&scorecard, kpis, units);
    scorecard.hash = scorecard.wording;
    Some(scorecard)
}

/// How its days make weeks, months and years; the inner none: as in the project. The outer: what it says has findings.
fn fiscal(written: &written::Scorecard, own: &Calendar) -> Option<Option<FiscalCalendar>> {
    let written::Scorecard { week_start, fiscal_year_start, calendar, .. } = written;
    if !week_start.is_written() && !fiscal_year_start.is_written() && !calendar.is_written() {
        return Some(None);
    }
    let mut fiscal = own.fiscal();
    if week_start.is_written() {
        fiscal.week_start = *week_start.get()? as u8;
    }
    if fiscal_year_start.is_written() {
        fiscal.fiscal_year_start = *fiscal_year_start.get()? as u8 + 1;
    }
    if calendar.is_written() {
        fiscal.weeks = whole_weeks(calendar.get()?)?;
    }
    Some(Some(fiscal))
}

/// Scorecards by id: those that stand several times, each from another day, as one.
pub(super) fn dated(
    all: impl Iterator<Item = Scorecard>,
    context: &mut Context<'_>,
) -> BTreeMap<ScorecardId, Scorecard> {
    let mut by_id: BTreeMap<ScorecardId, Vec<Scorecard>> = BTreeMap::new();
    for scorecard in all {
        by_id.entry(scorecard.id.clone()).or_default().push(scorecard);
    }
    let mut found = BTreeMap::new();
    for (id, mut wordings) in by_id {
        wordings.sort_by_key(|wording| wording.from);
        let Some(mut last) = wordings.pop() else { continue };
        for earlier in &wordings {
            let differs = [
                ("period", earlier.period != last.period),
                ("time zone", earlier.time_zone != last.time_zone),
                ("calendar", earlier.calendar.fiscal() != last.calendar.fiscal()),
                ("unit", earlier.unit != last.unit),
                ("cascade", earlier.cascade != last.cascade),
            ];
            for (what, _) in differs.into_iter().filter(|(_, differs)| *differs) {
                context
                    .report(
                        codes::DATED_DIFFERS,
                        earlier.span,
                        format!("the {what} of `{id}` is another than from {} on", first_day(&last)),
                    )
                    .related(last.span, "the last to come into force")
                    .fix(format!("write the same `{what}` in both, or give one of them another name"));
            }
        }
        let mut floors = BTreeMap::new();
        for wording in wordings.iter_mut().chain([&mut last]) {
            // What was promised holds until it is said otherwise.
            floors.extend(std::mem::take(&mut wording.floors));
            wording.floors = floors.clone();
            above_floors(wording, context);
        }
        last.earlier = wordings;
        if last.from.is_some() || !last.earlier.is_empty() {
            last.hash =
                meaning::dated("scorecard", last.wordings().map(|wording| (wording.from, wording.wording)));
        }
        found.insert(id, last);
    }
    found
}

/// No KPI weighs less than its floor.
fn above_floors(scorecard: &Scorecard, context: &mut Context<'_>) {
    // What goes with figures promises nothing.
    let goes = |kpi: &KpiId| {
        scorecard.objectives().any(|of| of.weigh_by.is_some() && of.kpis().any(|placed| placed == kpi))
    };
    for (kpi, floor) in &scorecard.floors {
        let weight = if goes(kpi) { 0 } else { scorecard.weight_of(kpi) };
        if weight < u64::from(*floor) * (WHOLE / 10_000) {
            let share = |of: u64| format!("{} %", of as f64 * 100.0 / WHOLE as f64);
            let floor = share(u64::from(*floor) * (WHOLE / 10_000));
            context
                .report(
                    codes::BELOW_FLOOR,
                    scorecard.span,
                    format!("`{kpi}` weighs {} of `{}`, less than its floor of {floor}", share(weight), scorecard.id),
                )
                .fix("give it more weight, or say another floor in this wording: that is seen by whoever agrees to it");
        }
    }
}

fn first_day(scorecard: &Scorecard) -> String {
    scorecard.from.map_or_else(|| "ever".to_owned(), |from| from.to_string())
}

fn read_objective(entry: &Keyed<ObjectiveId, WrittenObjective>) -> Option<ScorecardObjective> {
    let written = entry.value.as_ref()?;
    let kpis = |of: &[Keyed<KpiId, Share>]| {
        of.iter().filter_map(|k| Some((k.key.clone()?, weight(k.value.as_ref())?))).collect()
    };
    let apart = written.segments.items();
    let alike =
        |n: usize| 10_000 * (n as u32 + 1) / apart.len() as u32 - 10_000 * n as u32 / apart.len() as u32;
    let segments = apart.iter().enumerate().filter_map(|(n, of)| {
        let members = of.value.segment.items().iter();
        let members = members.filter_map(|of| Some((of.text.parse().ok()?, of.value.clone()?)));
        Some(ScorecardSegment {
            members: members.collect::<BTreeMap<_, _>>().into_iter().collect(),
            weight: if written.weigh_by.is_written() { alike(n) } else { weight(of.value.weight.get())? },
            kpis: kpis(of.value.kpis.items()),
        })
    });
    Some(ScorecardObjective {
        id: entry.key.clone()?,
        weight: weight(written.weight.get())?,
        kpis: kpis(written.kpis.items()),
        segments: segments.collect(),
        weigh_by: written.weigh_by.cloned(),
    })
}

/// A weight in parts of 10 000; finer ones are no weights.
pub(super) fn weight(share: Option<&Share>) -> Option<BasisPoints> {
    u32::try_from(share?.0.at_scale(4)?).ok()
}

/// Siblings' weights sum to 100 %.
fn sums<'a>(
    weights: impl Iterator<Item = Option<(Option<&'a Share>, Span)>>,
    what: &str,
    at: Span,
    context: &mut Context<'_>,
) {
    let mut total = 0u64;
    let mut places = Vec::new();
    for written in weights {
        let Some((Some(share), place)) = written else { return };
        let Some(part) = weight(Some(share)) else {
            context
                .report(codes::WEIGHTS, place, "this weight is too fine")
                .expected("a weight in hundredths of a per cent at most, such as `33.33%`");
            return;
        };
        total += u64::from(part);
        places.push(place);
    }
    if total == 10_000 || places.is_empty() {
        return;
    }
    let shown = |p: i64| {
        if p % 100 == 0 { format!("{}%", p / 100) } else { format!("{}.{:02}%", p / 100, p % 100) }
    };
    let difference = 10_000 - total as i64;
    let finding = context.report(
        codes::WEIGHTS,
        at,
        format!("the weights of the {what} sum to {}", shown(total as i64)),
    );
    finding.expected("100%").fix(if difference > 0 {
        format!("add {} to one of them, or share it out", shown(difference))
    } else {
        format!("take {} from one of them", shown(-difference))
    });
    for place in places.iter().take(8) {
        finding.related(*place, "");
    }
}

/// An objective stands under its own perspective.
fn stands_right(
    objective: &Keyed<ObjectiveId, WrittenObjective>,
    perspective: &str,
    strategy: Option<&Strategy>,
    context: &mut Context<'_>,
) {
    let own = strategy.and_then(|s| s.objectives.iter().find(|o| o.id.as_str() == objective.text));
    if let Some(own) = own
        && own.perspective.as_str() != perspective
        && is_defined(context, Symbol::Perspective, perspective)
        && is_defined(context, Symbol::Perspective, own.perspective.as_str())
    {
        let finding = context.findings.report(
            codes::OTHER_OBJECTIVE,
            objective.span,
            format!("the strategy puts `{}` under {}, not {perspective}", objective.text, own.perspective),
        );
        if let Some(span) = context.symbols.span(Symbol::Objective, &objective.text) {
            finding.related(span, "in the strategy");
        }
        finding.fix(format!("move it to `{}`", own.perspective));
    }
}

/// Whether one of its KPIs has a value in each of its periods.
fn is_as_fine_as_some(scorecard: &written::Scorecard, kpis: &BTreeMap<KpiId, Kpi>) -> bool {
    let objectives = scorecard.perspectives.items().iter().filter_map(|of| of.value.as_ref());
    let objectives = objectives.flat_map(|of| of.objectives.items()).filter_map(|of| of.value.as_ref());
    let all = objectives.flat_map(|of| {
        of.kpis.items().iter().chain(of.segments.items().iter().flat_map(|of| of.value.kpis.items()))
    });
    let mut own = all.filter_map(|of| kpis.get(of.key.as_ref()?));
    scorecard.period.get().is_none_or(|period| own.any(|kpi| kpi.period <= *period))
}

/// A KPI stands under its own objective, and is read as of its last period where its periods are longer than the scorecard's.
fn placed(
    kpi: &Kpi,
    objective: &Keyed<ObjectiveId, WrittenObjective>,
    at: Span,
    (scorecard, is_as_fine): (&written::Scorecard, bool),
    context: &mut Context<'_>,
) {
    if let Some(own) = &kpi.objective
        && own.as_str() != objective.text
        && is_defined(context, Symbol::Objective, &objective.text)
        && is_defined(context, Symbol::Objective, own.as_str())
    {
        context
            .report(
                codes::OTHER_OBJECTIVE,
                at,
                format!("`{}` serves {own}, but stands under {}", kpi.id, objective.text),
            )
            .related(kpi.span, "the KPI")
            .fix(format!("move it to `{own}`, or change the KPI's objective"));
    }
    let period: Option<&Grain> = scorecard.period.get();
    if let Some(period) = period.filter(|period| **period < kpi.period) {
        let word = kpi.period.word();
        if is_as_fine {
            context
                .report(
                    codes::AS_OF_LONGER,
                    at,
                    format!(
                        "`{}` has a value each {word}: in a {} it stands as of the last {word} that has ended",
                        kpi.id,
                        period.word()
                    ),
                )
                .related(kpi.span, "the KPI");
            return;
        }
        context
            .report(
                codes::PERIOD_TOO_FINE,
                scorecard.period.span,
                format!("`{}` has a value each {word}, which is longer", kpi.id),
            )
            .related(kpi.span, "the KPI")
            .fix(format!("write `period: {word}`, or make the KPI finer"));
    }
}

fn cascade(
    written: &written::Cascade,
    unit: Option<&UnitId>,
    tree: &Tree<'_>,
    context: &mut Context<'_>,
) -> Option<Cascade> {
    let mut levels = BTreeMap::new();
    for entry in written.match_.items() {
        if is_defined(context, Symbol::Level, &entry.text) {
            let below = entry.key.as_ref().is_some_and(|level| tree.has_level_below(level, unit));
            if !below && unit.is_none_or(|u| tree.contains(u)) {
                context.report(
                        codes::CASCADE_LEVEL,
                        entry.span,
                        format!("no unit of level `{}` lies below the scorecard's", entry.text),
                    )
                    .fix("give the units of that level this scorecard's unit as an ancestor, or match another level");
            }
        }
        if let (Some(level), Some(Ok(dimension))) =
            (entry.key.clone(), entry.value.as_ref().map(|d| d.parse()))
        {
            levels.insert(level, dimension);
        }
    }
    let averaged = written.value.get() == Some(&CascadeValue::AverageOfChildren);
    let as_of = written.as_of.get().copied().unwrap_or(CascadeAsOf::Period);
    if let Some(twice) = unit.filter(|_| averaged).and_then(|top| tree.reached_twice(&levels, top, as_of)) {
        context
            .report(
                codes::REACHED_TWICE,
                written.match_.key,
                format!(
                    "the cascade reaches `{}` by more than one line, and would average it twice",
                    twice.id
                ),
            )
            .related(twice.span, "by what is said of it here")
            .fix("match the levels of one line, or write `value: recompute`");
    }
    Some(Cascade {
        levels,
        value: written.value.cloned()?,
        targets: written.targets.cloned()?,
        as_of: written.as_of.cloned()?,
    })
}

/// The targets of a KPI have to say something about the periods and the units of the scorecard.
fn marks(kpi: &Kpi, at: Span, scorecard: &written::Scorecard, context: &mut Context<'_>) {
    if let (Some(period), Some(first)) =
        (scorecard.period.get(), kpi.targets.iter().find(|of| of.segment.is_empty()))
        && *period >= kpi.period
        && !kpi.targets.iter().any(|of| of.segment.is_empty() && kpi.carries(of.period, *period))
    {
        let (own, wanted) = (first.period.word(), period.word());
        context
            .report(
                codes::TARGET_NOT_CARRIED,
                at,
                format!("targets of `{}` are for a {own} and say nothing about a {wanted}", kpi.id),
            )
            .related(first.span, "the first of them")
            .fix(format!("add a target with `period: {wanted}`"));
    }
    let Some(cascade) = scorecard.cascade.get() else { return };
    let of_units: Vec<&str> = cascade.match_.items().iter().filter_map(|of| of.value.as_deref()).collect();
    for target in &kpi.targets {
        for (dimension, member) in target.segment.iter().filter(|(of, _)| of_units.contains(&of.as_str())) {
            context
                .report(
                    codes::TARGET_SEGMENT,
                    target.span,
                    format!("`{dimension}={member}` are the rows of a unit, which is held against targets that name it"),
                )
                .expected("`unit: …` for the rows of a unit")
                .related(cascade.match_.key, "what makes them those of a unit")
                .fix("name the unit instead of the member");
        }
    }
    let of_units = kpi.targets.iter().any(|target| target.unit.is_some());
    if kpi.measure.kind().over_units() != Carry::Stays
        && cascade.targets.get() == Some(&CascadeTargets::Inherit)
        && kpi.aims()
        && !of_units
    {
        context
            .report(
                codes::TARGET_OF_THE_WHOLE,
                at,
                format!(
                    "the targets of `{}` are for the whole, and no part of it can be held against them",
                    kpi.id
                ),
            )
            .related(kpi.span, "the KPI")
            .fix("add targets with `unit: …` to the KPI");
    }
}

/// What keeps small cells is not measured at a longer period beside its own.
fn one_period(kpi: &Kpi, at: Span, scorecard: &written::Scorecard, context: &mut Context<'_>) {
    let longer = scorecard.period.get().is_some_and(|period| *period > kpi.period);
    if kpi.minimum_cell.is_some() && longer {
        let message = format!(
            "`{}` withholds small cells of its periods, and longer ones would give them away",
            kpi.id
        );
        context
            .report(codes::GATE, at, message)
            .related(kpi.span, "the KPI")
            .fix("measure it at the scorecard's `period`");
    }
}

/// What scorecards and KPIs say of each other: dimensions of the cascade, KPIs on no scorecard.
pub(super) fn together(definitions: &Definitions, kpis: &BTreeMap<KpiId, Kpi>, context: &mut Context<'_>) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let written: BTreeMap<&str, &written::Kpi> = super::kpi::by_day(definitions)
        .into_iter()
        .filter_map(|kpi| Some((kpi.kpi.get()?.text.as_str(), kpi)))
        .collect();
    for scorecard in definitions.scorecards.iter().map(|s| &s.value) {
        let on_it: Vec<_> = scorecard
            .perspectives
            .items()
            .iter()
            .flat_map(|p| p.value.iter().flat_map(|p| p.objectives.items()))
            .filter_map(|o| o.value.as_ref())
            .collect();
        let apart: Vec<_> = on_it
            .iter()
            .flat_map(|o| o.segments.items())
            .map(|of| &of.value)
            .flat_map(|of| of.kpis.items().iter().map(move |entry| (of, entry)))
            .collect();
        let worth: Vec<_> = on_it.iter().filter_map(|o| o.weigh_by.get().map(KpiId::as_str)).collect();
        let on_it: Vec<_> = on_it.iter().flat_map(|o| o.kpis.items()).collect();
        for (of, entry) in &apart {
            if let Some(kpi) = entry.key.as_ref().and_then(|id| kpis.get(id)) {
                one_period(kpi, entry.span, scorecard, context);
            }
            let member = |pair: &Keyed<String, String>| {
                of.segment.items().iter().any(|own| own.text == pair.text && own.value == pair.value)
            };
            if let Some(kpi) = written.get(entry.text.as_str())
                && !kpi.targets.items().iter().any(|of| of.value.segment.items().iter().all(member))
            {
                context
                    .report(
                        codes::KPI_WITHOUT_TARGET,
                        entry.span,
                        format!("`{}` has no target for this segment and so no score", entry.text),
                    )
                    .related(kpi.kpi.span, "the KPI")
                    .fix("add a target to the KPI, for all rows or with this `segment`");
            }
        }
        for entry in &on_it {
            if let Some(kpi) = written.get(entry.text.as_str())
                && kpi.targets.items().iter().all(|of| of.value.segment.is_written())
            {
                context
                    .report(
                        codes::KPI_WITHOUT_TARGET,
                        entry.span,
                        format!("`{}` has no target and so no score", entry.text),
                    )
                    .related(kpi.kpi.span, "the KPI")
                    .fix("add `targets` to the KPI");
            }
            if let Some(kpi) = entry.key.as_ref().and_then(|id| kpis.get(id)) {
                one_period(kpi, entry.span, scorecard, context);
                marks(kpi, entry.span, scorecard, context);
            }
        }
        let on_it = on_it.into_iter().chain(apart.into_iter().map(|(_, entry)| entry));
        let mut on_it: Vec<&str> = on_it.map(|e| e.text.as_str()).collect();
        on_it.extend(worth);
        on_it.sort_unstable();
        on_it.dedup();
        used.extend(&on_it);
        let matched = scorecard.cascade.get().map(|c| c.match_.items()).unwrap_or_default();
        for entry in matched {
            let Some(dimension) = &entry.value else { continue };
            let without: Vec<(&str, &written::Kpi)> = on_it
                .iter()
                .filter_map(|k| written.get(k).map(|kpi| (*k, *kpi)))
                .filter(|(_, kpi)| declared_dimensions(kpi).is_some_and(|d| !d.contains(dimension)))
                .collect();
            if without.is_empty() {
                continue;
            }
            let list = some_of(without.iter().map(|(name, _)| *name));
            let finding = context.report(
                codes::CASCADE_DIMENSION,
                entry.at,
                format!("the dimension `{dimension}` is not in the `by` of {list}"),
            );
            for (_, kpi) in without.iter().take(8) {
                finding.related(kpi.kpi.span, "this KPI cannot be computed for a unit");
            }
            finding.fix(format!(
                "add a path that ends with `{dimension}` to the `by` of {list}, or match another dimension"
            ));
        }
    }
    // Where there is no scorecard yet, or none is wanted, no KPI was forgotten.
    let some = !definitions.scorecards.is_empty();
    for kpi in kpis.values().filter(|k| some && !used.contains(k.id.as_str())) {
        context
            .report(codes::NO_SCORECARD, kpi.span, format!("`{}` stands on no scorecard", kpi.id))
            .fix("add it under its objective on a scorecard, or remove it");
    }
}
