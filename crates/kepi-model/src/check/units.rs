//! Units: one tree, and what lies below what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::Context;
use crate::{
    bounds, codes,
    decode::Placed,
    definitions as written,
    edit::quoted,
    id::{DimensionId, LevelId, PersonId, UnitId},
    project::{CascadeAsOf, Unit, UnitTree},
    source_text::Span,
    table::Symbol,
    wording::shorten,
};

/// Reads all units; on every day those that are there form one tree.
pub(super) fn units(written: &[Placed<written::Unit>], context: &mut Context<'_>) -> BTreeMap<UnitId, Unit> {
    let mut wordings: BTreeMap<UnitId, Vec<Unit>> = BTreeMap::new();
    for written in written.iter().map(|w| &w.value) {
        let Some(unit) = unit(written, context) else { continue };
        wordings.entry(unit.id.clone()).or_default().push(unit);
    }
    let mut units: BTreeMap<UnitId, Unit> = BTreeMap::new();
    for (id, mut all) in wordings {
        // What is defined twice is a finding of its own; the first stands.
        all.sort_by_key(|wording| wording.from);
        all.dedup_by_key(|wording| wording.from);
        let Some(last) = all.pop() else { continue };
        all.iter().for_each(|earlier| agree(earlier, &last, context));
        units.insert(id, Unit { earlier: all, ..last });
    }
    members(&units, context);
    trees(&units, context);
    units
}

/// On every day on which something changes those that are there form one tree.
fn trees(units: &BTreeMap<UnitId, Unit>, context: &mut Context<'_>) {
    let wordings = || units.values().flat_map(Unit::wordings);
    let days = days(units);
    if let Some(last) = days.iter().nth(bounds::UNIT_DAYS)
        && let Some(one) = wordings().find(|unit| unit.from == *last)
    {
        context
            .report(codes::TOO_LARGE, one.span, format!("units change on {} days", days.len()))
            .expected(format!("units that change on at most {} days", bounds::UNIT_DAYS))
            .fix("begin what changes within a month on its first day");
        return;
    }
    let mut told = BTreeSet::new();
    for day in days {
        // Before the first day that is written there are the units from ever.
        let tree = UnitTree::of(units, Some(day.unwrap_or(Date::MIN)));
        let there: BTreeMap<&UnitId, &Unit> = tree.units().map(|unit| (&unit.id, unit)).collect();
        one_root(&there, &mut told, context);
        all_there(&there, &mut told, context);
        no_circle(&there, &mut told, context);
        no_circle_beside(tree, &there, &mut told, context);
    }
}

/// The days on which something changes; none: from ever.
fn days(units: &BTreeMap<UnitId, Unit>) -> BTreeSet<Option<Date>> {
    units.values().flat_map(Unit::wordings).map(|unit| unit.from).collect()
}

/// No unit stands below itself by another line either.
fn no_circle_beside<'a>(
    tree: UnitTree<'a>,
    units: There<'_, 'a>,
    told: &mut Told<'a>,
    context: &mut Context<'_>,
) {
    for unit in units.values().copied() {
        let first = unit.also_below.iter().find(|above| tree.upwards(above).any(|id| *id == unit.id));
        if let Some(above) = first.filter(|_| told.insert(("circle", &unit.id))) {
            context
                .report(
                    codes::UNIT_CYCLE,
                    unit.span,
                    format!("`{}` is below `{above}`, which is below `{}`", unit.id, unit.id),
                )
                .fix("leave one of them out of `also_below`");
        }
    }
}

/// What one document says of a unit.
fn unit(written: &written::Unit, context: &mut Context<'_>) -> Option<Unit> {
    let id = written.unit.get().and_then(|u| u.id.clone())?;
    let at = written.unit.span;
    let name = written.name.cloned()?;
    if written.parent.is_written() && !written.level.is_written() {
        context
            .report(codes::UNIT_LEVEL, at, format!("the unit `{id}` has no level"))
            .expected("`level`, such as `level: region`; only the root may do without");
    }
    Some(Unit {
        id,
        member: written.member.cloned().unwrap_or_else(|| name.clone()),
        name,
        level: written.level.get().and_then(|l| l.id.clone()),
        parent: written.parent.cloned(),
        also_below: written.also_below.values(),
        manager: written.manager.cloned(),
        seats: seats(written),
        business_hours: written.business_hours.cloned(),
        from: written.from.cloned(),
        earlier: Vec::new(),
        span: if written.member.is_written() { written.member.span } else { at },
    })
}

/// An earlier wording is of the same level and stands for the same rows.
fn agree(earlier: &Unit, last: &Unit, context: &mut Context<'_>) {
    let differs = [("level", earlier.level != last.level), ("member", earlier.member != last.member)];
    for (what, _) in differs.into_iter().filter(|(_, differs)| *differs) {
        let from = last.from.map_or_else(|| "ever".to_owned(), |from| from.to_string());
        let finding = context.report(
            codes::DATED_DIFFERS,
            earlier.span,
            format!("the {what} of `{}` is another than from {from} on", last.id),
        );
        finding.related(last.span, "the last to come into force");
        finding.fix(match what {
            "member" => {
                format!(
                    "write `member: {}` in all of them; a new `name` needs it",
                    quoted(&shorten(&last.member))
                )
            }
            _ => "write the same `level` in all of them, or give one of them another name".to_owned(),
        });
    }
}

/// No two units of a level stand for the same rows.
fn members(units: &BTreeMap<UnitId, Unit>, context: &mut Context<'_>) {
    let mut members: BTreeMap<(&LevelId, &str), Span> = BTreeMap::new();
    for unit in units.values().filter(|unit| unit.parent.is_some()) {
        let Some(level) = &unit.level else { continue };
        if let Some(first) = members.insert((level, &unit.member), unit.span) {
            // Whoever stands first in the files is the one.
            let (first, other) = (first.min(unit.span), first.max(unit.span));
            context
                .report(
                    codes::UNIT_MEMBER,
                    other,
                    format!("two units of level {level} stand for the member `{}`", shorten(&unit.member)),
                )
                .related(first, "the other one")
                .fix("give one of them another `member`");
        }
    }
}

/// What is found of a unit is said once, however many days it holds on.
type Told<'a> = BTreeSet<(&'static str, &'a UnitId)>;

/// The units of a day.
type There<'t, 'a> = &'t BTreeMap<&'a UnitId, &'a Unit>;

/// Who answers there for what somebody is accountable for elsewhere.
fn seats(written: &written::Unit) -> BTreeMap<PersonId, PersonId> {
    let seats = written.seats.items().iter();
    seats.filter_map(|seat| Some((seat.key.clone()?.0, seat.value.clone()?))).collect()
}

/// One unit has no parent.
fn one_root<'a>(units: There<'_, 'a>, told: &mut Told<'a>, context: &mut Context<'_>) {
    let mut roots: Vec<&Unit> = units.values().copied().filter(|u| u.parent.is_none()).collect();
    // The one without level is the likelier root.
    roots.sort_by_key(|u| u.level.is_some());
    let Some(first) = roots.first() else { return };
    for other in roots.iter().skip(1).filter(|other| told.insert(("root", &other.id))) {
        context
            .report(
                codes::UNIT_ROOT,
                other.span,
                format!("`{}` has no parent, and neither has `{}`", other.id, first.id),
            )
            .related(first.span, "the other root")
            .fix(format!("write `parent: {}`, or put a unit above both", first.id));
    }
}

/// The parent of a unit is there as long as the unit is.
fn all_there<'a>(units: There<'_, 'a>, told: &mut Told<'a>, context: &mut Context<'_>) {
    let known = |id: &UnitId| units.contains_key(id);
    for unit in units.values().copied() {
        let Some(parent) = unit.lines().find(|above| !known(above)) else { continue };
        // A parent that is nowhere at all is a finding of its own.
        if context.symbols.contains(Symbol::Unit, parent.as_str()) && told.insert(("there", &unit.id)) {
            context
                .report(
                    codes::UNIT_NOT_YET,
                    unit.span,
                    format!("`{}` stands below `{parent}` before that is there", unit.id),
                )
                .fix(format!(
                    "let `{parent}` begin no later, or say with another `from` where `{}` stands until then",
                    unit.id
                ));
        }
    }
}

/// Parents run in no circle, and lead up in not too many steps. Every unit is passed once on the way up.
fn no_circle<'a>(units: There<'_, 'a>, told: &mut Told<'a>, context: &mut Context<'_>) {
    /// How many levels a unit lies below the root; `None` while the way up from it is being walked.
    type Depths<'a> = BTreeMap<&'a UnitId, Option<usize>>;
    let mut depths = Depths::new();
    for unit in units.values().copied() {
        let mut way: Vec<&'a Unit> = Vec::new();
        let mut at = Some(unit);
        while let Some(here) = at.filter(|here| !depths.contains_key(&here.id)) {
            depths.insert(&here.id, None);
            way.push(here);
            at = here.parent.as_ref().and_then(|p| units.get(p).copied());
        }
        // The way ended at the root, at a unit that is known, or on itself.
        let begun = at.filter(|here| depths.get(&here.id) == Some(&None));
        if let Some(start) = begun.and_then(|here| way.iter().position(|w| w.id == here.id)) {
            circle(way.get(start..).unwrap_or_default(), told, context);
        }
        let mut depth = at.and_then(|here| depths.get(&here.id).copied().flatten()).unwrap_or(0);
        for here in way.into_iter().rev() {
            depth += 1;
            depths.insert(&here.id, Some(depth));
            if depth == bounds::UNIT_LEVELS + 1 && told.insert(("deep", &here.id)) {
                context
                    .report(codes::TOO_LARGE, here.span, format!("`{}` lies {depth} levels deep", here.id))
                    .expected(format!("units on at most {} levels, the root included", bounds::UNIT_LEVELS))
                    .fix("no organisation has so many levels; look at the parents");
            }
        }
    }
}

/// Reports a circle at the least of its units.
fn circle<'a>(way: &[&'a Unit], told: &mut Told<'a>, context: &mut Context<'_>) {
    let Some(least) = (0..way.len()).min_by_key(|at| way.get(*at).map(|unit| &unit.id)) else { return };
    let Some(first) = way.get(least).filter(|first| told.insert(("circle", &first.id))) else { return };
    let mut shown: Vec<&str> =
        way.iter().cycle().skip(least).take(way.len()).map(|unit| unit.id.as_str()).collect();
    if shown.len() > 8 {
        shown.truncate(8);
        shown.push("…");
    }
    shown.push(first.id.as_str());
    context
        .report(codes::UNIT_CYCLE, first.span, format!("parents run in a circle: {}", shown.join(" → ")))
        .fix("give one of them its true parent, or none if it is the root");
}

/// Which units lie below which: numbered from the root down, all units below one lie together.
pub(super) struct Tree<'a> {
    /// Of each unit its own number and that of the last unit below it.
    ranges: BTreeMap<&'a UnitId, (usize, usize)>,
    /// The numbers of the units of each level, rising.
    levels: BTreeMap<&'a LevelId, Vec<usize>>,
    /// Those that stand below several, of a matrix, or did.
    beside: Vec<&'a Unit>,
    /// As they stand in the end.
    newest: UnitTree<'a>,
    /// As they stand from each day on which something changes.
    days: Vec<UnitTree<'a>>,
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
        let several = |unit: &&Unit| unit.wordings().any(|wording| !wording.also_below.is_empty());
        let beside = units.values().filter(several).collect();
        // That there are too many is a finding of its own.
        let days = days(units).into_iter().take(bounds::UNIT_DAYS);
        let days = days.map(|day| UnitTree::of(units, Some(day.unwrap_or(Date::MIN)))).collect();
        Self { ranges, levels, beside, newest: UnitTree::of(units, None), days }
    }

    /// A unit that a cascade over these levels reaches by two lines from a unit down, in the wording by which it does: on any day where
    /// the cascade reads the tree of each period, else in the newest tree.
    pub(super) fn reached_twice(
        &self,
        levels: &BTreeMap<LevelId, DimensionId>,
        top: &UnitId,
        as_of: CascadeAsOf,
    ) -> Option<&'a Unit> {
        let matched = |id: &UnitId, unit: Option<&Unit>| {
            let level = unit.and_then(|unit| unit.level.as_ref());
            id == top || level.is_some_and(|level| levels.contains_key(level))
        };
        let twice = |tree: UnitTree<'a>| {
            let reaches = |line: &&'a UnitId| {
                matched(line, tree.unit(line)) && tree.upwards(line).any(|above| above == top)
            };
            let there = self.beside.iter().filter_map(|unit| tree.unit(&unit.id));
            let mut there = there.filter(|unit| matched(&unit.id, Some(unit)));
            there.find(|unit| unit.lines().filter(reaches).count() > 1)
        };
        twice(self.newest).or_else(|| {
            let days = self.days.iter().rev().filter(|_| as_of == CascadeAsOf::Period);
            days.copied().find_map(twice)
        })
    }

    /// Whether the unit is known.
    pub(super) fn contains(&self, unit: &UnitId) -> bool {
        self.ranges.contains_key(unit)
    }

    /// Whether a unit of a level lies below another, or anywhere; or did, on some day.
    pub(super) fn has_level_below(&self, level: &LevelId, top: Option<&UnitId>) -> bool {
        let Some(numbers) = self.levels.get(level) else { return false };
        let Some(top) = top else { return !numbers.is_empty() };
        let below = |tree: &UnitTree<'a>| {
            let mut of_level = tree.units().filter(|unit| unit.level.as_ref() == Some(level));
            of_level.any(|unit| tree.upwards(&unit.id).skip(1).any(|above| above == top))
        };
        self.has_now(level, numbers, top) || self.days.iter().any(below)
    }

    /// Whether a unit of a level, of these numbers, lies below another in the newest tree.
    fn has_now(&self, level: &LevelId, numbers: &[usize], top: &UnitId) -> bool {
        let of_level = |unit: &&&Unit| unit.level.as_ref() == Some(level);
        if self
            .beside
            .iter()
            .filter(of_level)
            .any(|unit| self.newest.upwards(&unit.id).skip(1).any(|above| above == top))
        {
            return true;
        }
        let Some((own, last)) = self.ranges.get(top) else { return false };
        let next = numbers.partition_point(|number| number <= own);
        numbers.get(next).is_some_and(|number| number <= last)
    }
}
