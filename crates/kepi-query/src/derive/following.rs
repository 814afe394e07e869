//! Rows behind a KPI that meet a condition, one by one: those that somebody follows up.
//!
//! As in a trace, tables are read and made as a run reads and makes them, and each row is asked by itself, as the reference
//! evaluator would.

use jiff::civil::Date;
use kepi_model::{
    acting::{AskedAgain, ClosedLoop},
    calendar::{Grain, ordinal_of_day},
    derived::Made,
    expression::Expression,
    feedback::Feedback,
    id::{DimensionId, EntityId},
    project::{AsOf, Kpi},
};

use super::{
    plan::Planner,
    table::RowOf,
    trace::{TraceError, Traceable, world},
};
use crate::{
    guard::on_scales,
    lower::{Lowered, lower_at},
    reference::member_of,
    row::{Cell, Row, evaluate, evaluate_wide, holds},
    state::Member,
};

/// A row that is followed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// What identifies it.
    pub key: Vec<Cell>,
    /// What dates it, µs UTC.
    pub at: i64,
    /// The segments that it lies in, by the dimensions of the KPI.
    pub members: Vec<(DimensionId, Member)>,
    /// What else was asked of it, such as whether the customer may be contacted; none: nobody asks.
    pub permitted: Option<bool>,
    /// What was read of it, as [`Asked::answers_to`] says.
    pub answers_to: Option<Cell>,
    /// What it is worth, as [`Asked::worth`] says; none: that is not asked, or not known.
    pub worth: Option<i128>,
}

/// Which rows behind a KPI are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The entity whose rows they are.
    pub of: &'a EntityId,
    /// Which of them; none: all.
    pub when: Option<&'a Expression>,
    /// What else is asked of each.
    pub also: Option<&'a Expression>,
    /// What is read of each, where it has a value: what it answers to, or its text.
    pub answers_to: Option<&'a Expression>,
    /// What each is worth, a quantity.
    pub worth: Option<&'a Expression>,
    /// Instead of rows that the KPI looks at those that answer to something: a KPI of first answers may well leave them out.
    pub only_answers: bool,
    /// Whether it is asked of rows that were found before what has become of them: whatever the KPI looks at by now, as they and what they refer
    /// to are now.
    pub later: bool,
    /// Only rows of this day or later.
    pub since: Date,
    /// What has to be made of landed rows for these, each after what it needs.
    pub made: &'a [Made],
}

impl<'a> Asked<'a> {
    /// Those that a closed loop follows up.
    pub fn of(rule: &'a ClosedLoop) -> Self {
        Self {
            of: &rule.of,
            when: Some(&rule.when),
            also: rule.permission.as_ref(),
            answers_to: rule.again.as_ref().map(|again| &again.case),
            worth: None,
            only_answers: false,
            later: false,
            since: rule.since,
            made: &rule.made,
        }
    }

    /// What has become of rows that were found before.
    pub fn later(self, success: &'a Expression) -> Self {
        Self { when: None, also: Some(success), answers_to: None, later: true, ..self }
    }

    /// What customers wrote, each row with its text.
    pub fn written(of: &'a Feedback) -> Self {
        Self {
            of: &of.of,
            when: None,
            also: None,
            answers_to: Some(&of.text),
            worth: None,
            only_answers: false,
            later: false,
            // No row is older.
            since: of.since.unwrap_or(Date::constant(1900, 1, 1)),
            made: &of.made,
        }
    }

    /// Answers that customers of a closed loop gave when they were asked once more.
    pub fn again(rule: &'a ClosedLoop, of: &'a AskedAgain) -> Self {
        Self { when: None, also: Some(&of.settled), only_answers: true, ..Self::of(rule) }
    }
}

/// The rows that a closed loop follows up, as they are now: of those that its KPI looks at the ones for which its condition is true,
/// from its first day on; the newest first, of one instant by key.
///
/// A condition that leaves the range of integers is not true, nor is one that is unknown.
///
/// # Errors
/// Tables cannot be read or made, or a definition does not fit the project.
pub async fn following(of: Traceable<'_>, kpi: &Kpi, rule: &Asked<'_>) -> Result<Vec<Followed>, TraceError> {
    let project = of.project;
    let Lowered { sides, .. } = lower_at(kpi, project, kpi.period)?;
    let Some(side) = sides.into_iter().next() else { return Ok(Vec::new()) };
    let mut planner = Planner::new(project, of.inputs, of.at, of.watermarks);
    for made in kpi.made.iter().chain(rule.made) {
        planner.make(made, kpi.period)?;
    }
    planner.key(&side.entity);
    planner.side(&side);
    let out = |condition: &Expression| planner.written_out(condition, rule.of);
    let population = side.filter.as_ref().filter(|_| !rule.only_answers && !rule.later).map(out);
    let (when, permission) = (rule.when.map(out), rule.also.map(out));
    let (answers_to, worth) = (rule.answers_to.map(out), rule.worth.map(out));
    for condition in population.iter().chain(&when).chain(&permission).chain(&answers_to).chain(&worth) {
        planner.expression(condition, &side.entity);
    }
    let since = project.calendar.period(Grain::Day, ordinal_of_day(rule.since));
    let since = project.calendar.bounds(since)?.start;
    let (world, _) = world(of, planner.finish()?).await?;
    if let Some(why) = world.unmade.get(&side.entity) {
        return Err(why.clone().into());
    }
    let mut found = Vec::new();
    for (table, row) in world
        .tables
        .get(&side.entity)
        .into_iter()
        .flat_map(|table| table.current().map(move |row| (table, row)))
    {
        let now = RowOf { world: &world, table, row, as_of: None, moved: &[] };
        let Cell::Instant(at) = now.attribute(&side.time) else { continue };
        let view = RowOf { as_of: (side.as_of == AsOf::Event && !rule.later).then_some(at), ..now };
        let meets = |condition: &Expression| holds(condition, &view).unwrap_or(false);
        let read = answers_to.as_ref().map(|of| evaluate(of, &view).unwrap_or(Cell::Missing));
        let known = |of: &Expression| matches!(evaluate(of, &view), Ok(Cell::Boolean(_)));
        let is_missing = read.as_ref().is_none_or(|read| *read == Cell::Missing);
        if rule.only_answers && (is_missing || !permission.as_ref().is_none_or(known)) {
            continue;
        }
        if at < since || !population.as_ref().is_none_or(meets) || !when.as_ref().is_none_or(meets) {
            continue;
        }
        let member = |key: &crate::plan::Key| {
            let of = on_scales(&key.of, rule.of, &project.entities);
            (key.dimension.clone(), evaluate(&of, &view).map_or(Member::Unknown, member_of))
        };
        found.push(Followed {
            key: table.key(row),
            at,
            members: side.keys.iter().map(member).collect(),
            permitted: permission.as_ref().map(meets),
            answers_to: read,
            worth: worth.as_ref().and_then(|of| evaluate_wide(of, &view).unwrap_or_default()),
        });
    }
    found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.key.cmp(&b.key)));
    Ok(found)
}
