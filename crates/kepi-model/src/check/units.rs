//! Units: one tree, and what lies below what.

use std::collections::BTreeMap;

use super::Context;
use crate::{
    bounds, codes,
    decode::Placed,
    definitions as written,
    id::{LevelId, PersonId, UnitId},
    project::Unit,
    source_text::Span,
    wording::shorten,
};

/// Reads all units; they must form one tree.
pub(super) fn units(written: &[Placed<written::Unit>], context: &mut Context<'_>) -> BTreeMap<UnitId, Unit> {
    let mut units: BTreeMap<UnitId, Unit> = BTreeMap::new();
    let mut places: BTreeMap<UnitId, Span> = BTreeMap::new();
    let mut members: BTreeMap<(String, String), Span> = BTreeMap::new();
    for written in written.iter().map(|w| &w.value) {
        let at = written.unit.span;
        let Some(id) = written.unit.get().and_then(|u| u.id.clone()) else { continue };
        places.entry(id.clone()).or_insert(at);
        let Some(name) = written.name.cloned() else { continue };
        let unit = Unit {
            id: id.clone(),
            member: written.member.cloned().unwrap_or_else(|| name.clone()),
            name,
            level: written.level.get().and_then(|l| l.id.clone()),
            parent: written.parent.cloned(),
            manager: written.manager.cloned(),
            seats: seats(written),
            business_hours: written.business_hours.cloned(),
        };
        if written.parent.is_written() && !written.level.is_written() {
            context
                .report(codes::UNIT_LEVEL, at, format!("the unit `{id}` has no level"))
                .expected("`level`, such as `level: region`; only the root may do without");
        }
        if let Some(level) = &unit.level
            && unit.parent.is_some()
        {
            let at = if written.member.is_written() { written.member.span } else { at };
            if let Some(first) = members.insert((level.to_string(), unit.member.clone()), at) {
                context
                    .report(
                        codes::UNIT_MEMBER,
                        at,
                        format!(
                            "two units of level {level} stand for the member `{}`",
                            shorten(&unit.member)
                        ),
                    )
                    .related(first, "the other one")
                    .fix("give one of them another `member`");
            }
        }
        units.entry(id).or_insert(unit);
    }
    one_root(&units, &places, context);
    no_circle(&units, &places, context);
    units
}

/// Who answers there for what somebody is accountable for elsewhere.
fn seats(written: &written::Unit) -> BTreeMap<PersonId, PersonId> {
    let seats = written.seats.items().iter();
    seats.filter_map(|seat| Some((seat.key.clone()?, seat.value.clone()?))).collect()
}

/// One unit has no parent.
fn one_root(units: &BTreeMap<UnitId, Unit>, places: &BTreeMap<UnitId, Span>, context: &mut Context<'_>) {
    let mut roots: Vec<&Unit> = units.values().filter(|u| u.parent.is_none()).collect();
    // The one without level is the likelier root.
    roots.sort_by_key(|u| u.level.is_some());
    for other in roots.iter().skip(1) {
        let (Some(at), Some(first)) = (places.get(&other.id), roots.first()) else { continue };
        let finding = context.report(
            codes::UNIT_ROOT,
            *at,
            format!("`{}` has no parent, and neither has `{}`", other.id, first.id),
        );
        if let Some(first_at) = places.get(&first.id) {
            finding.related(*first_at, "the other root");
        }
        finding.fix(format!("write `parent: {}`, or put a unit above both", first.id));
    }
}

/// Parents run in no circle, and lead up in not too many steps. Every unit is passed once on the way up.
fn no_circle(units: &BTreeMap<UnitId, Unit>, places: &BTreeMap<UnitId, Span>, context: &mut Context<'_>) {
    /// How many levels a unit lies below the root; `None` while the way up from it is being walked.
    type Depths<'a> = BTreeMap<&'a UnitId, Option<usize>>;
    let mut depths = Depths::new();
    for unit in units.values() {
        let mut way: Vec<&Unit> = Vec::new();
        let mut at = Some(unit);
        while let Some(here) = at.filter(|here| !depths.contains_key(&here.id)) {
            depths.insert(&here.id, None);
            way.push(here);
            at = here.parent.as_ref().and_then(|p| units.get(p));
        }
        // The way ended at the root, at a unit that is known, or on itself.
        let begun = at.filter(|here| depths.get(&here.id) == Some(&None));
        if let Some(start) = begun.and_then(|here| way.iter().position(|w| w.id == here.id)) {
            circle(way.get(start..).unwrap_or_default(), places, context);
        }
        let mut depth = at.and_then(|here| depths.get(&here.id).copied().flatten()).unwrap_or(0);
        for here in way.into_iter().rev() {
            depth += 1;
            depths.insert(&here.id, Some(depth));
            if depth == bounds::UNIT_LEVELS + 1
                && let Some(span) = places.get(&here.id)
            {
                context
                    .report(codes::TOO_LARGE, *span, format!("`{}` lies {depth} levels deep", here.id))
                    .expected(format!("units on at most {} levels, the root included", bounds::UNIT_LEVELS))
                    .fix("no organisation has so many levels; look at the parents");
            }
        }
    }
}

/// Reports a circle at the least of its units.
fn circle(way: &[&Unit], places: &BTreeMap<UnitId, Span>, context: &mut Context<'_>) {
    let Some(least) = (0..way.len()).min_by_key(|at| way.get(*at).map(|unit| &unit.id)) else { return };
    let mut shown: Vec<&str> =
        way.iter().cycle().skip(least).take(way.len()).map(|unit| unit.id.as_str()).collect();
    let Some(first) = shown.first().copied() else { return };
    let Some(span) = way.get(least).and_then(|unit| places.get(&unit.id)) else { return };
    if shown.len() > 8 {
        shown.truncate(8);
        shown.push("…");
    }
    shown.push(first);
    context
        .report(codes::UNIT_CYCLE, *span, format!("parents run in a circle: {}", shown.join(" → ")))
        .fix("give one of them its true parent, or none if it is the root");
}

/// Which units lie below which: numbered from the root down, all units below one lie together.
pub(super) struct Tree<'a> {
    /// Of each unit its own number and that of the last unit below it.
    ranges: BTreeMap<&'a UnitId, (usize, usize)>,
    /// The numbers of the units of each level, rising.
    levels: BTreeMap<&'a LevelId, Vec<usize>>,
}

impl<'a> Tree<'a> {
    /// The tree of units; those on a circle are left out.
    pub(super) fn of(units: &'a BTreeMap<UnitId, Unit>) -> Self {
        let mut below: BTreeMap<&UnitId, Vec<&Unit>> = BTreeMap::new();
        for unit in units.values() {
            below.entry(unit.parent.as_ref().unwrap_or(&unit.id)).or_default().push(unit);
        }
        let (mut ranges, mut levels) =
            (BTreeMap::<_, (usize, usize)>::new(), BTreeMap::<_, Vec<usize>>::new());
        let mut number = 0;
        let roots = units.values().filter(|unit| unit.parent.as_ref().is_none_or(|p| !units.contains_key(p)));
        // Each unit twice: when it is reached, and when all below it have been.
        let mut open: Vec<(&Unit, bool)> = roots.map(|unit| (unit, false)).collect();
        while let Some((unit, done)) = open.pop() {
            if done {
                if let Some(range) = ranges.get_mut(&unit.id) {
                    *range = (range.0, number);
                }
                continue;
            }
            number += 1;
            ranges.insert(&unit.id, (number, number));
            if let Some(level) = &unit.level {
                levels.entry(level).or_default().push(number);
            }
            open.push((unit, true));
            let children = below.get(&unit.id).into_iter().flatten().filter(|child| child.id != unit.id);
            open.extend(children.map(|child| (*child, false)));
        }
        Self { ranges, levels }
    }

    /// Whether the unit is known.
    pub(super) fn contains(&self, unit: &UnitId) -> bool {
        self.ranges.contains_key(unit)
    }

    /// Whether a unit of a level lies below another, or anywhere.
    pub(super) fn has_level_below(&self, level: &LevelId, top: Option<&UnitId>) -> bool {
        let Some(numbers) = self.levels.get(level) else { return false };
        let Some(top) = top else { return !numbers.is_empty() };
        let Some((own, last)) = self.ranges.get(top) else { return false };
        let next = numbers.partition_point(|number| number <= own);
        numbers.get(next).is_some_and(|number| number <= last)
    }
}
