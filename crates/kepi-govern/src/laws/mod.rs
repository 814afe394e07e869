//! The decision: every law that applies is asked, all violations are collected, and only then events are made.

mod acting;
mod case;
mod correcting;
mod deciding;
mod erasing;
pub use deciding::written;
pub use erasing::needs_another;
mod judging;
mod rebasing;
mod review;
mod silences;

use std::collections::BTreeSet;

use kepi_model::governance::Mode;

use crate::{
    access,
    command::{Adopt, Command, Evidence, Facts, Land, Publish, PublishInsights, Shape},
    event::{AttemptForbidden, Event, InsightsPublished, LoadLanded, LoadStopped, RunPublished, TableShaped},
    items::change_request::at_least,
    organisation::Organisation,
    register::Effective,
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
/// Definitions come into force by a decision, not by a run.
pub const DECIDED: &str = "G0104";
/// A text says how it is decided, and the adoption does not.
pub const UNSAID: &str = "G0105";
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
/// Somebody acts who is not among the people of the project.
pub const NOT_THERE: &str = "G0701";
/// There is no such item, or it has ended.
pub const NO_ITEM: &str = "G0702";
/// An item is written anew that was written anew meanwhile, or voted on another content.
pub const OTHER_CONTENT: &str = "G0703";
/// More differs than is said.
pub const ASPECTS: &str = "G0704";
/// It is not one's own to write.
pub const NOT_YOURS: &str = "G0705";
/// Nobody could decide on it.
pub const NOBODY: &str = "G0706";
/// One votes on what one wrote oneself.
pub const OWN: &str = "G0801";
/// One votes on what touches oneself.
pub const CONCERNED: &str = "G0802";
/// One is not asked.
pub const NOT_ASKED: &str = "G0803";
/// It is not the others' turn.
pub const NOT_ASKING: &str = "G0804";
/// There is no such objection, or it is resolved.
pub const NO_OBJECTION: &str = "G0809";
/// So much is said of it already.
pub const ENOUGH_SAID: &str = "G0810";
/// What is in force has changed since it was looked at.
pub const LOOK_AGAIN: &str = "G0805";
/// It changes what is frozen.
pub const FROZEN: &str = "G0901";
/// No days, or no respects, are to be frozen.
pub const NO_DAYS: &str = "G0902";
/// What is to be lifted is not frozen.
pub const NOT_FROZEN: &str = "G0903";
/// A period that is not over, of which nothing is published, or nothing since it was closed.
pub const NOT_TO_CLOSE: &str = "G0904";
/// What is to be restored is not overridden.
pub const NOT_OVERRIDDEN: &str = "G1001";
/// A figure of a period without days, or an override that is over before it begins.
pub const OVER_ALREADY: &str = "G1002";
/// A figure of a period that has not begun.
pub const NOT_BEGUN: &str = "G1003";
/// A newer one says another figure of the same.
pub const REPLACED: &str = "G1004";
/// There is no such figure any more.
pub const NO_FIGURE: &str = "G1005";
/// What is to be taken back was not entered.
pub const NOT_ENTERED: &str = "G1006";
/// Nothing was due.
pub const NOTHING_DUE: &str = "G0807";
/// It is no emergency that could be taken back, or nobody is named for emergencies.
pub const NO_EMERGENCY: &str = "G0707";
/// An emergency changed it that is not ratified.
pub const UNRATIFIED: &str = "G0808";
/// It was due, and lapses.
pub const LAPSED: &str = "G0806";

/// There is one about the same.
pub const ALREADY_OPEN: &str = "G1101";
/// Nothing is new by that.
pub const NOTHING_NEW: &str = "G1102";
/// It comes by itself, and nobody opens it.
pub const BY_ITSELF: &str = "G1103";
/// It is with somebody else.
pub const NOT_YOUR_TURN: &str = "G1104";
/// It cannot be refused.
pub const BOUND: &str = "G1105";
/// It would be seen again too late.
pub const SNOOZED_TOO_LONG: &str = "G1106";
/// That is nothing that comes of an item of this kind.
pub const NO_SUCH_OUTCOME: &str = "G1107";
/// What belongs to it is not finished.
pub const CHILDREN_OPEN: &str = "G1108";
/// Nobody is there.
pub const NOBODY_THERE: &str = "G1109";
/// A part is missing.
pub const INCOMPLETE: &str = "G1110";
/// It is owed.
pub const OWED: &str = "G1111";
/// It names only what speaks for it.
pub const ONE_SIDED: &str = "G1112";

/// The customer may not be contacted.
pub const NOT_PERMITTED: &str = "G1113";
/// Nobody was reached who could say anything of it.
pub const NOT_REACHED: &str = "G1114";

/// A silence would have no end that anybody remembers.
pub const SILENT_TOO_LONG: &str = "G1115";
/// Nothing is silent by that number, or nobody keeps it.
pub const NOT_SILENT: &str = "G1116";
/// Somebody keeps it silent.
pub const SILENCED: &str = "G1117";

/// Nobody judges these rows, or none are named.
pub const NOT_JUDGED: &str = "G1118";
/// Points of a review are not decided on.
pub const UNDECIDED: &str = "G1119";
/// It is red beyond chance, and nobody has filed a plan.
pub const PLAN_OWED: &str = "G1120";

/// The name belongs to a KPI that went.
pub const RESERVED: &str = "G1125";
/// Nobody has attested the data of the period.
pub const NOT_ATTESTED: &str = "G1126";
/// It was with whoever acts and went on.
pub const WENT_ON: &str = "G1127";
/// Nobody corrects this row, or nothing is said of it.
pub const NOT_CORRECTED: &str = "G1128";
/// Nobody erases these rows, or none are named.
pub const NOT_ERASED: &str = "G1129";
/// Another owner has not asked for the same.
pub const NOT_AGREED: &str = "G1130";

/// Laws that say that something has moved on, is no more or differs in nothing: to meet with one is no attempt at anything.
pub const MOVED_ON: &[&str] = &[
    OUTDATED,
    NOTHING_DIFFERS,
    NO_ITEM,
    OTHER_CONTENT,
    LOOK_AGAIN,
    LAPSED,
    NOTHING_DUE,
    NOTHING_NEW,
    WENT_ON,
];

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
        Command::RecordForbidden(of) => Some(vec![Event::AttemptForbidden(AttemptForbidden {
            item: of.item,
            action: of.action.clone(),
            laws: of.laws.clone(),
        })]),
        Command::Open(open) => deciding::opened(situation.organisation, open, facts, &mut violations),
        Command::Edit(edit) => deciding::edited(situation.organisation, edit, facts, &mut violations),
        Command::Rebase(of) => rebasing::rebased(situation.organisation, of, facts, &mut violations),
        Command::Vote(vote) => deciding::voted(situation.organisation, vote, facts, &mut violations),
        Command::Remark(of) => deciding::remarked(situation.organisation, of, facts, &mut violations),
        Command::Withdraw(of) => deciding::withdrawn(situation.organisation, of, facts, &mut violations),
        Command::Act(act) => {
            acting::acted(situation.organisation, act, facts, &mut deciding::Violated(&mut violations))
        }
        Command::Observe(of) => {
            acting::observed(situation.organisation, of, facts, &mut deciding::Violated(&mut violations))
        }
        Command::Silence(of) => Some(silences::silenced(
            situation.organisation,
            of,
            facts,
            &mut deciding::Violated(&mut violations),
        )),
        Command::EndSilence(silence) => Some(silences::ended(
            situation.organisation,
            *silence,
            facts,
            &mut deciding::Violated(&mut violations),
        )),
        Command::Judge(of) => {
            Some(judging::judged(situation.organisation, of, facts, &mut deciding::Violated(&mut violations)))
        }
        Command::Correct(of) => Some(correcting::corrected(
            situation.organisation,
            of,
            facts,
            &mut deciding::Violated(&mut violations),
        )),
        Command::AskErase(of) => {
            Some(erasing::asked(situation.organisation, of, facts, &mut deciding::Violated(&mut violations)))
        }
        Command::Erase(of) => {
            erasing::erased(situation.organisation, of, facts, &mut deciding::Violated(&mut violations))
        }
        Command::Tick => deciding::ticked(situation.organisation, facts, &mut violations),
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
    let mode = situation.organisation.governance.mode;
    if mode != Mode::Open {
        violated(
            DECIDED,
            format!("definitions come into force by a decision (mode {}): `kepi propose`", mode.word()),
        );
    }
    deciding::typed(&adopt.adoptions, &adopt.governing, violations);
    // What is said to differ, and what does whatever is said.
    let aspects = adopt.aspects.as_ref().map(|aspects| {
        let least = at_least(&adopt.adoptions, &adopt.governing, register);
        aspects.union(&least).copied().collect()
    });
    deciding::frozen(situation.organisation, &adopt.adoptions, aspects.as_ref(), violations);
    let mut violated = |code, message| violations.push(Violation { code, message });
    let mut then = register.clone();
    for adoption in &adopt.adoptions {
        let day = match adoption.from {
            Effective::Ever => None,
            Effective::From(day) => Some(day),
        };
        for (id, new) in &adoption.texts {
            if new.text.is_none() && then.in_force(id, day).is_none() {
                violated(NOT_IN_FORCE, format!("`{id}` is not in force and cannot go"));
            }
        }
        then.apply(adopt.base, adoption);
    }
    Some(deciding::in_force(situation.organisation, &adopt.adoptions, &adopt.governing))
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
