//! How far the periods and dates of a plan reach, apart from the rest of it: a day that passes makes no other plan of it.
//!
//! A row of a panel is made of its own period and of what is before it, never of how many periods follow. So where periods begin, the rows of all
//! others stay as they are and those of the new ones come to them, unless what they are made of is itself gathered of a panel's rows ([`split::by_period`]).
//! What else is gathered of a panel's rows is made anew of those that are there then. Stages are made
//! of what is dated before the run, so those may change which an instant moves that the run has passed. All else does not know of the date of the run.

use std::{collections::BTreeMap, sync::Arc};

use kepi_model::{
    derived::How,
    expression::{Node, Path},
    id::{AttributeId, EntityId},
};
use serde::{Deserialize, Serialize};

use crate::{
    derive::{
        DerivePlan,
        plan::{MomentStep, Periods, StagesStep, Step},
        split,
    },
    port::PinnedInputs,
};

/// How far the periods and dates of a plan reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    /// The periods of panels.
    panels: BTreeMap<EntityId, Periods>,
    /// Before which instants stages are made of what is dated.
    untils: BTreeMap<EntityId, i64>,
    /// Edges of days.
    days: Arc<[i64]>,
}

/// What else is to be made where another reach was than there is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Further {
    /// Of panels, the place of the first period that was not there.
    pub since: BTreeMap<EntityId, usize>,
    /// Rows that move subjects, by table and what dates them, from one instant until another.
    pub passed: Vec<(EntityId, AttributeId, i64, i64)>,
}

impl Reach {
    pub fn of(part: &DerivePlan, inputs: &PinnedInputs) -> Self {
        let mut reach = Self { days: Arc::clone(&part.days), ..Self::default() };
        for step in &part.steps {
            match step {
                Step::Panel(of) => drop(reach.panels.insert(of.table.clone(), of.periods.clone())),
                Step::Stages(of) => {
                    let until = if nothing_after(of, inputs) { i64::MAX } else { of.until };
                    reach.untils.insert(of.table.clone(), until);
                }
                _ => {}
            }
        }
        reach
    }

    /// Whether a table is a panel.
    pub fn is_panel(&self, table: &EntityId) -> bool {
        self.panels.contains_key(table)
    }

    /// A plan that reaches so far. One that reaches nowhere says how rows are made.
    pub fn put(&self, part: &DerivePlan) -> DerivePlan {
        let mut plan = DerivePlan { days: Arc::clone(&self.days), ..part.clone() };
        let periods = |table: &EntityId| self.panels.get(table).cloned().unwrap_or_default();
        for step in &mut plan.steps {
            match step {
                Step::Panel(of) => of.periods = periods(&of.table),
                Step::Gather(of) if of.periods.is_some() => of.periods = Some(periods(&of.table)),
                Step::Stages(of) => of.until = self.untils.get(&of.table).copied().unwrap_or_default(),
                _ => {}
            }
        }
        plan
    }

    /// The same without periods that are new.
    pub fn before(&self, further: &Further) -> Self {
        let mut before = self.clone();
        for (table, periods) in &mut before.panels {
            if let Some(since) = further.since.get(table) {
                periods.end(*since);
            }
        }
        before
    }

    /// What else is to be made than was with another reach; none: anything.
    pub fn further(&self, then: &Self, part: &DerivePlan, inputs: &PinnedInputs) -> Option<Further> {
        let mut further = Further::default();
        for (table, now) in &self.panels {
            let then = then.panels.get(table)?;
            if now == then {
                continue;
            }
            split::by_period(part)?;
            let since = after(then, now)?;
            if first(then)? != first(now)?
                && !begins_later(part, table, first(then)?.max(first(now)?), inputs)
            {
                return None;
            }
            if since < now.starts.len() {
                further.since.insert(table.clone(), since);
            }
        }
        for (table, now) in &self.untils {
            let then = *then.untils.get(table)?;
            if then == *now {
                continue;
            }
            let stages = part.steps.iter().find_map(|step| match step {
                Step::Stages(of) if of.table == *table => Some(of),
                _ => None,
            });
            for MomentStep { of, at, .. } in moments(stages?) {
                if !split::is_landed(part, of, at.as_str()) {
                    return None;
                }
                further.passed.push((of.clone(), at.clone(), then.min(*now), then.max(*now)));
            }
        }
        (self.days == then.days || counts_the_same_days(&self.days, &then.days, part, inputs))
            .then_some(further)
    }
}

impl Periods {
    /// Leaves out those from a place on.
    fn end(&mut self, at: usize) {
        fn some<T: Clone>(of: &Arc<[T]>, at: usize) -> Arc<[T]> {
            of.iter().take(at).cloned().collect()
        }
        self.edges = some(&self.edges, at + 1);
        self.starts = some(&self.starts, at);
        self.days = some(&self.days, at);
        self.labels = some(&self.labels, at);
    }
}

/// What moves subjects from one stage to another.
fn moments(step: &StagesStep) -> impl Iterator<Item = &MomentStep> {
    step.stages.iter().flat_map(|stage| stage.enter.iter().chain(&stage.exit))
}

/// Whether no date that moves subjects is after the run: then another date of the run makes no difference.
fn nothing_after(step: &StagesStep, inputs: &PinnedInputs) -> bool {
    moments(step).all(|moment| {
        let Some(table) = inputs.tables.get(&moment.of) else { return true };
        let column = table.columns.iter().find(|column| column.name == moment.at.as_str());
        column
            .is_some_and(|column| column.is_empty || column.bounds.is_some_and(|(_, last)| last < step.until))
    })
}

/// When the first period with rows begins.
fn first(periods: &Periods) -> Option<i64> {
    periods.edges.get(periods.first).copied()
}

/// The stretch that two lists of edges have in common, as where it begins in each, and how many; none: other edges lie in it.
fn common(then: &[i64], now: &[i64]) -> Option<(usize, usize, usize)> {
    let low = *then.first()?.max(now.first()?);
    let (a, b) = (then.binary_search(&low).ok()?, now.binary_search(&low).ok()?);
    let number = (then.len() - a).min(now.len() - b);
    (then.get(a..a + number) == now.get(b..b + number)).then_some((a, b, number))
}

/// The place of the first period that was not there; none: others are not as they were, or are there no more.
fn after(then: &Periods, now: &Periods) -> Option<usize> {
    fn same<T: PartialEq>(then: &[T], now: &[T], (a, b): (usize, usize), number: usize) -> bool {
        then.get(a..a + number) == now.get(b..b + number)
    }
    let (a, b, edges) = common(&then.edges, &now.edges)?;
    let number = edges.checked_sub(1)?;
    let is_same = same(&then.starts, &now.starts, (a, b), number)
        && same(&then.days, &now.days, (a, b), number)
        && same(&then.labels, &now.labels, (a, b), number);
    (is_same && a + edges == then.edges.len()).then_some(b + number)
}

/// Whether no subject of a panel begins before an instant: then it is nothing to its rows which periods were before it.
fn begins_later(part: &DerivePlan, panel: &EntityId, at: i64, inputs: &PinnedInputs) -> bool {
    part.steps.iter().all(|step| match step {
        Step::Panel(of) if of.table == *panel => {
            split::is_landed(part, &of.of, of.from.as_str())
                && lies_within(&of.of, of.from.as_str(), (at, i64::MAX), inputs)
        }
        _ => true,
    })
}

/// Whether a landed column has no value before an instant, and none from another one on.
fn lies_within(table: &EntityId, column: &str, (from, until): (i64, i64), inputs: &PinnedInputs) -> bool {
    let column = inputs.tables.get(table).and_then(|table| table.columns.iter().find(|of| of.name == column));
    column.is_none_or(|column| {
        column.is_empty || column.bounds.is_some_and(|(low, high)| low >= from && high < until)
    })
}

/// Whether days are the same wherever they are counted.
fn counts_the_same_days(now: &[i64], then: &[i64], part: &DerivePlan, inputs: &PinnedInputs) -> bool {
    let Some((a, _, number)) = common(then, now) else { return false };
    let Some((from, until)) = then.get(a).zip(then.get(a + number - 1)) else { return false };
    part.steps.iter().all(|step| match step {
        Step::Gather(of) if of.gathered.how == How::Days => match &of.gathered.dated.node {
            Node::Path(Path { references, attribute }) => {
                references.is_empty()
                    && split::is_landed(part, &of.gathered.of, attribute.as_str())
                    && lies_within(&of.gathered.of, attribute.as_str(), (*from, *until), inputs)
            }
            _ => false,
        },
        _ => true,
    })
}
