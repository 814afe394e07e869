//! The decision: every law that applies is asked, all violations are collected, and only then events are made.

use std::collections::BTreeSet;

use crate::{
    access,
    command::{Adopt, Command, Evidence, Facts, Land, Publish, PublishInsights, Shape},
    event::{
        DefinitionAdopted, Event, InsightsPublished, LoadLanded, LoadStopped, RunPublished, TableShaped,
    },
    organisation::Organisation,
};

/// What a decision looks at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The state as of the head of the log.
    pub organisation: &'a Organisation,
}

/// A law that a command would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Violation {
    /// Its code: `G` and four digits, the first two for the command.
    pub code: &'static str,
    /// What is wrong, and a way out.
    pub message: String,
}

/// The evidence is not that of the command: a mistake of the caller.
pub const EVIDENCE: &str = "G0001";
/// The register has moved on since the texts were compared with it.
pub const OUTDATED: &str = "G0101";
/// Nothing differs from what is in force.
pub const NOTHING_DIFFERS: &str = "G0102";
/// A definition is to be gone that is not in force.
pub const NOT_IN_FORCE: &str = "G0103";
/// Rows of a file are not accounted for.
pub const ROWS_UNACCOUNTED: &str = "G0201";
/// A load has a snapshot although it was stopped, or none although it was not.
pub const SNAPSHOT: &str = "G0202";
/// Rejected rows without a seal, or a seal without rejected rows.
pub const REJECTED: &str = "G0203";
/// A load replaces itself.
pub const REPLACES_ITSELF: &str = "G0204";
/// A table gets no column, or one twice.
pub const COLUMNS: &str = "G0301";
/// A run computed by definitions that were never in force.
pub const UNKNOWN_REGISTER: &str = "G0401";
/// Another run has published newer data for a KPI of this one.
pub const OUTRUN: &str = "G0402";
/// Insights of a run that is not the newest.
pub const NOT_OF_THE_NEWEST: &str = "G0501";

/// What a command comes to, or every law it would break.
///
/// # Errors
/// All violations; never an empty list.
pub fn decide(
    situation: Situation<'_>,
    command: &Command,
    facts: Facts<'_>,
) -> Result<Vec<Event>, Vec<Violation>> {
    let mut violations = Vec::new();
    let who = &situation.organisation.access;
    let events = match command {
        Command::Adopt(adopt) => adopted(situation, adopt, &mut violations),
        Command::Land(land) => landed(land, facts.evidence, &mut violations),
        Command::Shape(shape) => shaped(shape, facts.evidence, &mut violations),
        Command::Publish(publish) => published(situation, publish, facts.evidence, &mut violations),
        Command::PublishInsights(publish) => insights(publish, facts.evidence, &mut violations),
        Command::BindSignIn(bind) => Some(access::bound(who, bind, &mut violations)),
        Command::EndSignIn(end) => Some(access::ended(who, end, &mut violations)),
        Command::IssueToken(issue) => Some(access::issued(who, issue, facts.at, &mut violations)),
        Command::RevokeToken(revoke) => Some(access::revoked(who, revoke, &mut violations)),
        Command::RecordRefusal(refusal) => Some(access::refused(refusal)),
    };
    match events {
        Some(events) if violations.is_empty() => Ok(events),
        Some(_) => Err(violations),
        None => {
            violations.push(Violation {
                code: EVIDENCE,
                message: "what was looked at is not what this command needs".to_owned(),
            });
            Err(violations)
        }
    }
}

fn adopted(situation: Situation<'_>, adopt: &Adopt, violations: &mut Vec<Violation>) -> Option<Vec<Event>> {
    let mut violated = |code, message| violations.push(Violation { code, message });
    let register = &situation.organisation.register;
    if adopt.base != register.position() {
        violated(
            OUTDATED,
            format!(
                "the definitions were compared with the register at {}, which is now at {}; compare again",
                adopt.base,
                register.position()
            ),
        );
    }
    if adopt.texts.is_empty() && adopt.files.is_none() {
        violated(NOTHING_DIFFERS, "nothing differs from what is in force".to_owned());
    }
    let day = match adopt.from {
        crate::register::Effective::Ever => None,
        crate::register::Effective::From(day) => Some(day),
    };
    for (id, new) in &adopt.texts {
        if new.text.is_none() && register.in_force(id, day).is_none() {
            violated(NOT_IN_FORCE, format!("`{id}` is not in force and cannot go"));
        }
    }
    Some(vec![Event::DefinitionAdopted(DefinitionAdopted {
        from: adopt.from,
        texts: adopt.texts.clone(),
        files: adopt.files,
    })])
}

fn landed(land: &Land, evidence: &Evidence, violations: &mut Vec<Violation>) -> Option<Vec<Event>> {
    let Evidence::Landed { snapshot, files, ledger, rejected } = evidence else { return None };
    let mut violated = |code, message: &str| violations.push(Violation { code, message: message.to_owned() });
    let load = &land.load;
    // What is stopped is not read to its end.
    if land.stopped.is_none() && !load.counts.add_up() {
        violated(ROWS_UNACCOUNTED, "the rows of the file are not all accounted for");
    }
    if snapshot.is_some() == land.stopped.is_some() {
        violated(SNAPSHOT, "a load is in a snapshot, or a rule stopped it");
    }
    if land.replaces.as_ref() == Some(&load.load) {
        violated(REPLACES_ITSELF, "a load cannot replace itself");
    }
    let sealed = land.stopped.is_none() && load.counts.quarantined > 0;
    if rejected.is_some() != sealed {
        violated(REJECTED, "rejected rows are kept and sealed, and nothing else is");
    }
    let event = match (&land.stopped, snapshot) {
        (Some(rule), _) => {
            Event::LoadStopped(LoadStopped { load: load.clone(), rule: rule.clone(), ledger: *ledger })
        }
        (None, Some(snapshot)) => Event::LoadLanded(LoadLanded {
            load: load.clone(),
            ended: land.ended,
            replaces: land.replaces.clone(),
            snapshot: *snapshot,
            files: *files,
            ledger: *ledger,
            rejected: *rejected,
        }),
        (None, None) => return Some(Vec::new()),
    };
    Some(vec![event])
}

fn shaped(shape: &Shape, evidence: &Evidence, violations: &mut Vec<Violation>) -> Option<Vec<Event>> {
    let Evidence::Shaped { snapshot } = evidence else { return None };
    let different: BTreeSet<_> = shape.columns.iter().collect();
    if shape.columns.is_empty() || different.len() != shape.columns.len() {
        violations.push(Violation {
            code: COLUMNS,
            message: format!("the table of `{}` gets no column, or one twice", shape.entity),
        });
    }
    Some(vec![Event::TableShaped(TableShaped {
        entity: shape.entity.clone(),
        snapshot: *snapshot,
        columns: shape.columns.clone(),
    })])
}

fn published(
    situation: Situation<'_>,
    publish: &Publish,
    evidence: &Evidence,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let Evidence::Published { outrun_by, counts, values, scores, vouched } = evidence else { return None };
    let head = situation.organisation.register.position();
    if publish.register == 0 || publish.register > head {
        violations.push(Violation {
            code: UNKNOWN_REGISTER,
            message: format!(
                "no definitions were adopted at {}; the last ones were at {head}",
                publish.register
            ),
        });
    }
    if let Some(other) = outrun_by {
        violations.push(Violation {
            code: OUTRUN,
            message: format!("run {other} has published newer data meanwhile; run again"),
        });
    }
    Some(vec![Event::RunPublished(RunPublished {
        run: publish.run,
        register: publish.register,
        definitions: publish.definitions,
        lake: publish.lake.clone(),
        snapshot: publish.snapshot,
        engine: publish.engine.clone(),
        counts: *counts,
        values: *values,
        scores: *scores,
        vouched: *vouched,
        watermarks: publish.watermarks,
    })])
}

fn insights(
    publish: &PublishInsights,
    evidence: &Evidence,
    violations: &mut Vec<Violation>,
) -> Option<Vec<Event>> {
    let Evidence::Insights { newest, usual, insights } = evidence else { return None };
    if *newest != Some(publish.run) {
        let newest = newest.map_or("none is".to_owned(), |run| format!("the newest is {run}"));
        violations.push(Violation {
            code: NOT_OF_THE_NEWEST,
            message: format!("insights are of the newest published run; {} is not, {newest}", publish.run),
        });
    }
    Some(vec![Event::InsightsPublished(InsightsPublished {
        run: publish.run,
        version: publish.version,
        usual: *usual,
        insights: *insights,
    })])
}
