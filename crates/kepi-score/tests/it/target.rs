//! Which target is in force when: hand-made timelines of a KPI, whole and by unit.

use CascadeTargets::{Inherit, Own};
use jiff::civil::{Date, date};
use kepi_model::{
    calendar::{Grain, Period},
    check::{Options, check},
    project::{CascadeAsOf, CascadeTargets, Project, Target, TargetLines},
    source_text::{SourceFile, SourceMap},
};
use kepi_query::{state::Member, value::Segment};
use kepi_score::target::{Down, in_force};

/// A KPI of units `top` over `mid` over `leaf`, and `other` under `top`. The threshold of a target is its name.
fn project(targets: &str) -> Project {
    let text = format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\n\
         unit: top\nname: Top\n---\nunit: mid\nname: Mid\nlevel: area\nparent: top\n---\n\
         unit: leaf\nname: Leaf\nlevel: team\nparent: mid\n---\n\
         unit: other\nname: Other\nlevel: area\nparent: top\n---\n\
         kpi: k\nname: K\nbetter: higher\nmeasure: {{mean: {{of: ticket, value: contacts}}}}\nperiod: month\ntargets:\n{targets}"
    );
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    checked.value.unwrap_or_else(|| panic!("{}", kepi_model::render::text(&checked.findings, &files, false)))
}

fn target(from: &str, unit: &str, name: u32) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!("unit: {unit}, ") };
    format!("  - {{from: {from}, {unit}threshold: {name}, target: 1000, basis: {{capability: example}}}}\n")
}

/// The name of the target in force; none: no target.
fn on(project: &Project, unit: Option<&str>, targets: CascadeTargets, day: Date) -> Option<u32> {
    within(project, unit, targets, project.calendar.period_of_day(Grain::Day, day))
}

fn within(project: &Project, unit: Option<&str>, targets: CascadeTargets, period: Period) -> Option<u32> {
    let (unit, top) = (unit.map(|u| u.parse().unwrap()), "top".parse().unwrap());
    let kpi = project.kpis.values().next().unwrap();
    in_force(
        kpi,
        project,
        unit.as_ref(),
        Some(&top),
        &Segment::total(),
        Down { targets, ..Down::default() },
        period,
    )
    .map(|t| name(&t))
}

fn name(target: &Target) -> u32 {
    match target.lines {
        TargetLines::OneSided { threshold, .. } => threshold as u32,
        TargetLines::InRange { .. } => panic!("one-sided"),
    }
}

#[test]
fn a_target_holds_from_its_first_day_until_the_day_before_the_next() {
    // Written out of order: dates decide, not lines.
    let project =
        project(&(target("2026-07-01", "", 3) + &target("2026-01-01", "", 1) + &target("2026-03-15", "", 2)));
    for (day, want) in [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), Some(1)),
        (date(2026, 3, 14), Some(1)),
        (date(2026, 3, 15), Some(2)),
        (date(2026, 6, 30), Some(2)),
        (date(2026, 7, 1), Some(3)),
        (date(2030, 1, 1), Some(3)),
    ] {
        assert_eq!(on(&project, None, Inherit, day), want, "{day}");
    }
}

#[test]
fn a_period_is_held_against_the_target_of_its_last_day() {
    // One target ends and another starts on 15 March: February is of the old one, March of the new one, whole.
    let project = project(&(target("2026-01-01", "", 1) + &target("2026-03-15", "", 2)));
    let month = |label| within(&project, None, Inherit, project.calendar.parse(label).unwrap());
    assert_eq!([month("2026-02"), month("2026-03"), month("2026-04")], [Some(1), Some(2), Some(2)]);
}

#[test]
fn a_unit_inherits_from_the_nearest_above_that_has_a_target_by_then() {
    let project = project(
        &(target("2026-01-01", "", 1) + &target("2026-04-01", "mid", 2) + &target("2026-07-01", "leaf", 3)),
    );
    // Until it has its own, a unit is held against what is above it; the sibling stays with the whole's.
    for (day, mid, leaf) in [
        (date(2026, 3, 31), 1, 1),
        (date(2026, 4, 1), 2, 2),
        (date(2026, 6, 30), 2, 2),
        (date(2026, 7, 1), 2, 3),
    ] {
        assert_eq!(on(&project, Some("mid"), Inherit, day), Some(mid), "{day}");
        assert_eq!(on(&project, Some("leaf"), Inherit, day), Some(leaf), "{day}");
        assert_eq!(on(&project, Some("other"), Inherit, day), Some(1), "{day}");
        assert_eq!(on(&project, Some("top"), Inherit, day), Some(1), "{day}");
    }
    assert_eq!(on(&project, Some("leaf"), Inherit, date(2025, 12, 31)), None);
}

#[test]
fn a_newer_target_of_the_whole_does_not_end_one_of_a_unit() {
    let project = project(
        &(target("2026-01-01", "", 1) + &target("2026-01-01", "mid", 2) + &target("2026-06-01", "", 3)),
    );
    assert_eq!(on(&project, Some("mid"), Inherit, date(2026, 12, 31)), Some(2));
    assert_eq!(on(&project, Some("leaf"), Inherit, date(2026, 12, 31)), Some(2));
    assert_eq!(on(&project, Some("other"), Inherit, date(2026, 12, 31)), Some(3));
}

#[test]
fn with_own_targets_only_the_top_takes_those_without_a_unit() {
    let project = project(&(target("2026-01-01", "", 1) + &target("2026-04-01", "mid", 2)));
    let day = date(2026, 5, 31);
    assert_eq!(on(&project, Some("top"), Own, day), Some(1));
    assert_eq!(on(&project, Some("mid"), Own, day), Some(2));
    assert_eq!(on(&project, Some("mid"), Own, date(2026, 3, 31)), None, "its own is yet to start");
    assert_eq!(on(&project, Some("leaf"), Own, day), None);
    assert_eq!(on(&project, None, Own, day), Some(1));
}

/// Tickets by tier and by channel, held against targets for some of them.
fn by_segment(targets: &str, measure: &str) -> Project {
    let text = format!(
        "project: example\nname: Example\nlanguage: 1\ntime_zone: UTC\n---\n\
         unit: top\nname: Top\n---\nunit: mid\nname: Mid\nlevel: area\nparent: top\n---\n\
         kpi: k\nname: K\nbetter: higher\nmeasure: {measure}\nperiod: month\n\
         by: {{tier: account.tier, channel: channel}}\ncross: [[tier, channel]]\ntargets:\n{targets}"
    );
    let files = SourceMap::new(vec![SourceFile { path: "kepi.yml".into(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    checked.value.unwrap_or_else(|| panic!("{}", kepi_model::render::text(&checked.findings, &files, false)))
}

#[test]
fn the_closest_segment_with_a_target_decides_and_a_total_has_only_its_own() {
    let of = |segment: &str, unit: &str, name: u32| {
        format!(
            "  - {{from: 2026-01-01, segment: {segment}, {unit}threshold: {name}, target: 1000, basis: {{capability: example}}}}\n"
        )
    };
    let targets = [
        target("2026-01-01", "", 1),
        target("2026-01-01", "mid", 2),
        of("{channel: phone}", "", 3),
        of("{tier: large}", "", 4),
        of("{tier: large, channel: chat}", "", 5),
        of("{tier: large}", "unit: mid, ", 6),
    ]
    .concat();
    let found = |project: &Project, unit: Option<&str>, members: &[(&str, &str)]| {
        let part = members.iter().map(|(of, member)| (of.parse().unwrap(), Member::Value((*member).into())));
        let (unit, top) = (unit.map(|u| u.parse().unwrap()), "top".parse().unwrap());
        let kpi = project.kpis.values().next().unwrap();
        let period = project.calendar.parse("2026-03").unwrap();
        let part = Segment::new(part.collect());
        in_force(kpi, project, unit.as_ref(), Some(&top), &part, Down::default(), period).map(|of| name(&of))
    };
    let level = by_segment(&targets, "{mean: {of: ticket, value: contacts}}");
    for (unit, members, want) in [
        (None, &[][..], 1),
        (None, &[("tier", "small")], 1),
        (None, &[("tier", "large")], 4),
        (None, &[("channel", "phone")], 3),
        (None, &[("tier", "small"), ("channel", "phone")], 3),
        (None, &[("tier", "large"), ("channel", "chat")], 5),
        // Both have one: that of the dimension which is named first.
        (None, &[("tier", "large"), ("channel", "phone")], 4),
        (Some("mid"), &[], 2),
        (Some("mid"), &[("tier", "small")], 2),
        (Some("mid"), &[("tier", "large")], 6),
        (Some("mid"), &[("tier", "large"), ("channel", "chat")], 5),
        (Some("mid"), &[("channel", "phone")], 3),
    ] {
        assert_eq!(found(&level, unit, members), Some(want), "{unit:?} {members:?}");
    }
    let total = by_segment(&targets, "{count: {of: ticket}}");
    assert_eq!(found(&total, None, &[("tier", "large")]), Some(4));
    assert_eq!(found(&total, None, &[("tier", "small")]), None, "nobody knows which share is theirs");
    assert_eq!(found(&total, None, &[("tier", "large"), ("channel", "phone")]), None);
    assert_eq!(found(&total, Some("mid"), &[("tier", "large")]), Some(6));
    assert_eq!(found(&total, Some("mid"), &[("channel", "phone")]), None, "that of the whole");
}

/// `leaf` moves from `mid` to `other` within June.
#[test]
fn targets_come_down_from_the_unit_above_at_the_end_of_the_period() {
    let moved = "---\nunit: leaf\nfrom: 2026-06-15\nname: Leaf\nlevel: team\nparent: other\n";
    let targets = [target("2026-01-01", "mid", 11), target("2026-01-01", "other", 22)].concat();
    let project = project(&(targets + moved));
    let month = |month: i8| project.calendar.period_of_day(Grain::Month, date(2026, month, 1));
    let month_of = month;
    let found = |month: i8, as_of| {
        let (unit, top) = ("leaf".parse().unwrap(), "top".parse().unwrap());
        let down = Down { targets: Inherit, as_of };
        let kpi = project.kpis.values().next().unwrap();
        in_force(kpi, &project, Some(&unit), Some(&top), &Segment::total(), down, month_of(month))
            .map(|of| name(&of))
    };
    assert_eq!(within(&project, Some("leaf"), Inherit, month(5)), Some(11));
    assert_eq!(within(&project, Some("leaf"), Inherit, month(6)), Some(22), "by the last day of the period");
    assert_eq!(found(5, CascadeAsOf::Now), Some(22), "as now");
}
