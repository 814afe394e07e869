//! Version 1: how long it takes to act, and what alerts led to.

use super::types::{
    AlertLedTo, AlertTuned, FeedbackFound, FeedbackSaid, Latency, LatencyOf, LatencyStep, PlaybookLedTo,
    PlaybookRun, PlaybookStepLedTo, Priorities, PriorityOf,
};
use crate::view::{AlertsView, FeedbackView, LatencyView, PlaybooksView, PrioritiesView};

/// How long it takes from a signal to its effect.
pub fn latency(of: LatencyView) -> Latency {
    let mut rows = Vec::new();
    for group in of.groups {
        for row in group.rows {
            let steps = row.steps.into_iter().map(|step| {
                let (median, reason) = match step.median {
                    Ok(median) => (Some(median), None),
                    Err(why) => (None, Some(why)),
                };
                LatencyStep {
                    step: step.step.to_owned(),
                    of: step.of,
                    open: step.open,
                    median: median.map(|(median, ..)| median),
                    low: median.map(|(_, low, _)| low),
                    high: median.and_then(|(.., high)| high),
                    reason,
                }
            });
            rows.push(LatencyOf {
                by: group.by.to_owned(),
                id: row.id,
                name: row.name,
                items: row.items,
                steps: steps.collect(),
            });
        }
    }
    Latency { rows, learnt: of.learnt }
}

/// What alerts led to.
pub fn alerts(of: AlertsView) -> Vec<AlertLedTo> {
    let row = |row: crate::view::AlertRow| AlertLedTo {
        alert: row.id,
        acted_on: row.acted_on,
        dismissed: row.dismissed,
        ignored: row.ignored,
        open: row.open,
        precision: row.precision.map(|(point, ..)| point),
        low: row.precision.map(|(_, low, _)| low),
        high: row.precision.map(|(.., high)| high),
        changes: row
            .changes
            .into_iter()
            .map(|(field, value, why)| AlertTuned { field: field.to_owned(), value, why })
            .collect(),
    };
    of.rows.into_iter().map(row).collect()
}

/// Playbooks, and whether they help.
pub fn playbooks(of: PlaybooksView) -> Vec<PlaybookLedTo> {
    let row = |row: crate::view::PlaybookRow| PlaybookLedTo {
        playbook: row.playbook.id,
        closed_loop: row.of_loop,
        kpi: row.kpi.id,
        steps: row
            .steps
            .into_iter()
            .map(|of| PlaybookStepLedTo {
                unit: of.unit,
                step: of.text,
                hours: of.hours,
                by: of.by,
                at_it: of.at_it,
                done: of.done,
                skipped: of.skipped,
            })
            .collect(),
        open: row.open,
        done: row.done,
        held_out: row.held_out,
        with: row.with,
        without: row.without,
        effect: row.effect.map(|(point, ..)| point),
        low: row.effect.map(|(_, low, _)| low),
        high: row.effect.map(|(.., high)| high),
        runs: row
            .runs
            .into_iter()
            .map(|run| PlaybookRun {
                item: run.item,
                unit: run.unit,
                opened: run.opened,
                state: run.state,
                held_out: run.held_out,
                helped: run.helped,
            })
            .collect(),
    };
    of.rows.into_iter().map(row).collect()
}

/// What to work on first for an outcome.
pub fn priorities(of: PrioritiesView) -> Priorities {
    let row = |row: crate::view::DriverRow| PriorityOf {
        kpi: row.kpi.id,
        importance: row.importance,
        gap: row.gap,
        priority: row.priority,
        stands: row.stands.map(str::to_owned),
        verdict: row.verdict.to_owned(),
        reason: row.importance.is_none().then_some(row.importance_text),
    };
    Priorities {
        outcome: of.outcome.map(|of| of.id),
        period: of.period,
        drivers: of.drivers.into_iter().map(row).collect(),
    }
}

/// What was said of customers and of what gets in their way.
pub fn feedback(of: FeedbackView) -> FeedbackFound {
    let said = |row: crate::view::FeedbackRow| FeedbackSaid {
        item: row.item,
        row: row.row,
        place: row.what.to_owned(),
        kpi: row.kpi.id,
        unit: row.unit,
        at: row.at,
        became: row.became,
        themes: row.themes,
        text: row.text,
    };
    FeedbackFound {
        all: of.all,
        found: of.found,
        causes: of.causes,
        themes: of.themes,
        about_none: of.about_none,
        unread: of.unread,
        said: of.rows.into_iter().map(said).collect(),
    }
}
