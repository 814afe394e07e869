//! What an event says, in words for a list of events. The log itself holds none.

use std::collections::BTreeSet;

use kepi_model::governance::Aspect;

use crate::{
    directory::{Duty, Reached},
    entries::Entry,
    event::{DefinitionAdopted, Event, LoadCounts, Returned, RunCounts, Subject},
    items::{Content, Expected, Missed, Seen, TaskOf},
    judging::Verdict,
    overrides::Override,
    periods::Freeze,
};

/// So many definitions are named.
const MOST_NAMED: usize = 4;
/// So many digits of a hash tell one from another.
const SHORT: usize = 12;

impl Event {
    /// What it says, in one line.
    pub fn words(&self) -> String {
        match self {
            Self::DefinitionAdopted(adoption) => adopted(adoption),
            Self::LoadLanded(e) => {
                let ended = if e.ended > 0 { format!(", {} ended", e.ended) } else { String::new() };
                format!("{}{ended}", counted(&e.load.counts))
            }
            Self::LoadStopped(e) => format!("rule {} kept it out; {}", e.rule, counted(&e.load.counts)),
            Self::TableShaped(e) => {
                let columns: Vec<String> = e.columns.iter().map(ToString::to_string).collect();
                format!("new columns {}", some(&columns))
            }
            Self::RunPublished(e) => published(&e.counts),
            Self::InsightsPublished(e) => {
                format!("{} series judged, {} insights", e.usual.rows, e.insights.rows)
            }
            Self::SignInBound(e) => {
                let roles: Vec<String> = e.roles.iter().map(ToString::to_string).collect();
                let how = if e.credential.is_some() { "with a password" } else { "without a password" };
                format!("signs in {how} as {}", some(&roles))
            }
            Self::SignInEnded(_) => "signs in no longer".to_owned(),
            Self::TokenIssued(e) => {
                let scopes: Vec<String> = e.scopes.iter().map(ToString::to_string).collect();
                format!("acts for person/{} for {}", e.person, some(&scopes))
            }
            Self::TokenRevoked(_) => "is revoked".to_owned(),
            Self::AttemptRefused(e) => {
                let unit = e.unit.as_ref().map_or(String::new(), |unit| format!(" for {unit}"));
                let token = e.token.map_or(String::new(), |token| format!(" by token {token}"));
                format!("{} was refused{unit}{token}", e.action)
            }
            Self::AttemptForbidden(e) => {
                let laws: Vec<String> = e.laws.iter().map(|law| format!("G{law:04}")).collect();
                let action = match e.action.as_str() {
                    said @ ("yes" | "no" | "abstain") => format!("say {said}"),
                    other => other.replace('_', " "),
                };
                format!("refused to {action}: {}", some(&laws))
            }
            Self::GovernanceAdopted(e) => {
                let functions: Vec<String> = e.board.keys().map(ToString::to_string).collect();
                let board = match functions.is_empty() {
                    true => String::new(),
                    false => format!(", board of {}, {} of them have to say yes", some(&functions), e.quorum),
                };
                let rules: Vec<String> = e.freezes.keys().map(ToString::to_string).collect();
                let rules = match rules.is_empty() {
                    true => String::new(),
                    false => format!(", freezes by {}", some(&rules)),
                };
                let emergency = e
                    .emergency
                    .as_ref()
                    .map_or(String::new(), |of| format!(", two of {} in an emergency", of.among.len()));
                format!("mode {}, {} owners{board}{rules}{emergency}", e.mode.word(), e.owners.len())
            }
            Self::PersonJoined(_) => "is there to decide".to_owned(),
            Self::PersonLeft(_) => "decides no longer".to_owned(),
            Self::PeriodFrozen(e) => frozen(&e.freeze),
            Self::PeriodLifted(_) => "lifted".to_owned(),
            Self::PeriodClosed(e) => format!("official as published up to event {}", e.published),
            Self::FigureOverridden(e) => overridden(&e.of),
            Self::ValueEntered(e) => entered(&e.of),
            Self::ValueTakenBack(item) => format!("what item {item} entered holds no longer"),
            Self::OverrideEnded(e) => format!("{}: what is computed holds again", e.why.word()),
            Self::ItemOpened(e) => proposed(&e.content),
            Self::ItemEdited(e) => format!("written anew, ballots are void: {}", proposed(&e.content)),
            Self::ItemRebased(e) => {
                let ballots = if e.kept { "ballots count on" } else { "ballots are void" };
                format!("put together with what is in force by now, {ballots}: {}", proposed(&e.content))
            }
            Self::ItemMoved(e) => format!("now in step {}", e.to),
            Self::ItemVoted(e) => {
                format!(
                    "{} to content {}",
                    e.stance.word(),
                    e.content.to_string().chars().take(SHORT).collect::<String>()
                )
            }
            Self::ItemRemarked(e) => {
                let to = e.to.map_or(String::new(), |to| format!(" of remark {to}"));
                let content: String = e.content.to_string().chars().take(SHORT).collect();
                format!("{}{to}, with content {content}", e.says.word())
            }
            Self::ItemReturned(e) => match e.why {
                Returned::Outdated => "back to its author: adopted otherwise meanwhile".to_owned(),
                Returned::Unsound => {
                    "back to its author: does not go with what is in force by now".to_owned()
                }
            },
            Self::ItemEnded(e) => e.outcome.word().to_owned(),
            Self::ItemAssigned(e) => with(&e.way, if e.bound { "now bound to" } else { "now with" }),
            Self::ItemRefused(_) => "refused".to_owned(),
            Self::ItemEscalated(e) => with(&e.way, "not done in time, now with"),
            Self::ItemAcknowledged(_) => "acknowledged".to_owned(),
            Self::ItemSnoozed(_) => "to be seen again later".to_owned(),
            Self::ItemFinished(e) => {
                let cause = e.cause.as_ref().map_or(String::new(), |cause| format!(", because of {cause}"));
                format!("said to be {}{cause}", e.outcome)
            }
            Self::ItemContacted(e) => {
                format!("contacted {}, {}", e.by.words(), if e.reached { "reached" } else { "not reached" })
            }
            Self::ItemAnswered(e) => {
                if e.settled { "the customer: settled" } else { "the customer: not settled" }.to_owned()
            }
            Self::ItemStepped(e) => {
                format!("a step is {}, the next one comes", e.outcome.as_str().replace('_', " "))
            }
            Self::ItemAttended(e) => format!("{} were there", e.present.len()),
            Self::PointDecided(e) => format!("on point {}: {}", e.point + 1, e.decision.word()),
            Self::ItemObserved(e) => seen(&e.seen),
            Self::AlertsSilenced(e) => {
                let alert =
                    e.of.rule.as_ref().map_or("all alerts".to_owned(), |rule| format!("alert {rule}"));
                let kpi = e.of.kpi.as_ref().map_or(String::new(), |kpi| format!(" of kpi/{kpi}"));
                let unit = e.of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
                format!("silent: {alert}{kpi}{unit}")
            }
            Self::SilenceEnded(_) => "silent no longer".to_owned(),
            Self::RowsJudged(e) => {
                let said = match e.verdict {
                    Verdict::Confirm => "what it looks like",
                    Verdict::Dismiss => "in order",
                };
                let rows =
                    if e.rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", e.rows.len()) };
                format!("{rows} of {}: {said}", e.of)
            }
            Self::RowCorrected(e) => match e.cells {
                Some(_) => format!("row {} of {} is corrected by hand", e.row, e.of),
                None => format!("the correction of row {} of {} is taken back", e.row, e.of),
            },
            Self::ErasureAsked(e) => match e.keys.len() {
                1 => "asks another owner to erase 1 key".to_owned(),
                n => format!("asks another owner to erase {n} keys"),
            },
            Self::RowsErased(e) => {
                let all = |of: &std::collections::BTreeMap<kepi_model::id::EntityId, u64>| {
                    of.iter().map(|(entity, n)| format!("{n} of {entity}")).collect::<Vec<_>>()
                };
                let keys = match e.erase.keys.len() {
                    1 => "1 key".to_owned(),
                    n => format!("{n} keys"),
                };
                let emptied = match some(&all(&e.reached.emptied)) {
                    of if of.is_empty() => of,
                    of => format!("; without their reference {of}"),
                };
                let rows = some(&all(&e.reached.rows));
                let figures = e.reached.figures;
                format!("{keys}: rows erased: {rows}{emptied}; {figures} published figures stand")
            }
            Self::Legacy(e) => format!("{}, from before events had versions", e.was),
        }
    }
}

fn words_of(aspects: &BTreeSet<Aspect>) -> String {
    aspects.iter().map(|aspect| aspect.word()).collect::<Vec<_>>().join(", ")
}

fn frozen(freeze: &Freeze) -> String {
    let Freeze { from, until, aspects, scope, rule } = freeze;
    let ids: Vec<String> = scope.iter().map(ToString::to_string).collect();
    let scope = if ids.is_empty() { String::new() } else { format!(" of {}", some(&ids)) };
    let rule = rule.as_ref().map_or(String::new(), |by| format!(", by the rule {}", by.rule));
    format!("frozen from {from} until {until}: {}{scope}{rule}", words_of(aspects))
}

fn entered(of: &Entry) -> String {
    let part = if of.part.is_some() { ", of a part" } else { "" };
    format!("{} in {}{part} is {}", of.figure, of.period, of.value)
}

fn overridden(of: &Override) -> String {
    let part = if of.figure.segment.is_some() { ", of a part of its rows" } else { "" };
    let expires = of.expires.map_or(String::new(), |day| format!(", until {day}"));
    format!("kpi/{} in {}{part} is {}{expires}", of.figure.kpi, of.figure.period, of.value)
}

fn proposed(content: &Content) -> String {
    let kind = content.kind().name;
    match content {
        Content::Change(change) => {
            let what = change.adoptions.iter().map(adopted).collect::<Vec<_>>().join("; ");
            format!("{kind} ({}): {what}", words_of(&change.aspects))
        }
        Content::Emergency(of) => {
            let what = of.change.adoptions.iter().map(adopted).collect::<Vec<_>>().join("; ");
            format!(
                "{kind} ({}), to be ratified within {} days: {what}",
                words_of(&of.change.aspects),
                of.days
            )
        }
        Content::Freeze(freeze) => format!("{kind}: {}", frozen(freeze)),
        Content::Lift(item) => format!("{kind}: freeze/{item}"),
        Content::Override(of) => format!("{kind}: {}", overridden(of)),
        Content::Entry(of) => format!("{kind}: {}", entered(of)),
        Content::Restore(item) => format!("{kind}: override/{item}"),
        Content::TakeBack(item) => format!("{kind}: entry/{item}"),
        Content::Close(close) => {
            format!("{kind}: {} as published up to event {}", Subject::period(close.period), close.published)
        }
        Content::Alert(alert) => {
            let unit = alert.unit.as_ref().map_or(String::new(), |unit| format!(" of {unit}"));
            format!("{kind}: kpi/{}{unit} is {} in {}", alert.kpi, alert.sign.says(), alert.period)
        }
        Content::Task(task) => match &task.of {
            TaskOf::Before { review, period, kpi, .. } => {
                format!("{kind}: a plan for kpi/{kpi} before {review} of {period}, by {}", task.action.by)
            }
            TaskOf::Comment { kpi, period } => {
                format!("{kind}: why kpi/{kpi} is as it is in {period}, by {}", task.action.by)
            }
            of => format!("{kind}: of item {} by {}", of.item().unwrap_or_default(), task.action.by),
        },
        Content::ActionPlan(plan) => {
            let Expected { change, to, .. } = &plan.expected;
            format!(
                "{kind}: {} for kpi/{}, {change} expected by {to}",
                match plan.actions.len() {
                    1 => "1 action".to_owned(),
                    n => format!("{n} actions"),
                },
                plan.kpi
            )
        }
        Content::PostMortem(of) => match &of.of {
            Missed::Plan(plan) => format!("{kind}: of item {plan}"),
            Missed::Initiative { name, kpi, .. } => format!("{kind}: of initiative {name} at kpi/{kpi}"),
        },
        Content::Case(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
            format!("{kind}: a row of {} behind kpi/{}{unit}, by {}", of.of, of.kpi, of.rule)
        }
        Content::Commentary(of) => format!("{kind}: on kpi/{} in {}", of.kpi, of.period),
        Content::Handover(of) => {
            let duties = of.duties.iter().map(|duty| match duty {
                Duty::Kpi(kpi) => format!("kpi/{kpi}"),
                Duty::Seat { unit, .. } => format!("a seat in unit/{unit}"),
                Duty::Unit(unit) => format!("unit/{unit}"),
            });
            let duties = duties.collect::<Vec<_>>().join(", ");
            format!("{kind}: {duties}, with {} items", of.items.len())
        }
        Content::Notice(of) => format!("{kind}: kpi/{} goes on {}", of.kpi, of.from),
        Content::Attestation(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of {unit}"));
            format!("{kind}: source/{}{unit} in {}", of.source, of.period)
        }
        Content::ChangeNotice(of) => {
            let kpis = of.kpis.iter().map(|kpi| format!("kpi/{kpi}")).collect::<Vec<_>>().join(", ");
            format!("{kind}: {kpis} from {} to {}", of.before, of.register)
        }
        Content::Review(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
            format!("{kind}: {} of {}{unit}, {} points", of.rule, of.period, of.points.len())
        }
        Content::Play(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
            let watched = if of.is_watched() { ", only watched" } else { "" };
            format!("{kind}: {} behind kpi/{}{unit}{watched}", of.playbook, of.kpi)
        }
        Content::PainPoint(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
            format!("{kind}: about kpi/{}{unit}", of.kpi)
        }
        Content::Dispute(of) => {
            let unit = of.unit.as_ref().map_or(String::new(), |unit| format!(" of {unit}"));
            format!("{kind}: kpi/{}{unit} in {}", of.kpi, of.period)
        }
    }
}

/// With whom something is, and by which line.
fn with(way: &[Reached], what: &str) -> String {
    let Some(last) = way.last() else { return what.to_owned() };
    let unit = last.unit.as_ref().map_or(String::new(), |unit| format!(" in {unit}"));
    format!("{what} person/{} ({}{unit})", last.person, last.by.words())
}

fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Signal { period, .. } => format!("still so in {period}"),
        Seen::Clear { period, .. } => format!("not so in {period}"),
        Seen::Effect(effect) => format!("the effect that was expected: {}", effect.came.words()),
        Seen::Helped { helped: true, .. } => "it is as it should be".to_owned(),
        Seen::Helped { helped: false, .. } => "it is not as it should be".to_owned(),
        Seen::Agenda(points) => format!("{} more points on the agenda", points.len()),
    }
}

/// Some of a list, and how many more.
fn some(all: &[String]) -> String {
    let named = all.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn adopted(adoption: &DefinitionAdopted) -> String {
    let ids = |there: bool| -> Vec<String> {
        let of = adoption.texts.iter().filter(|(_, adopted)| adopted.text.is_some() == there);
        // The name of a person is a commitment, which says nothing to anybody.
        of.map(|(id, _)| match id.to_string().split_once('/') {
            Some(("person", _)) => "a person".to_owned(),
            _ => id.to_string(),
        })
        .collect()
    };
    let (there, gone) = (ids(true), ids(false));
    let mut said = Vec::new();
    if !there.is_empty() {
        said.push(format!("{} in force from {}", some(&there), adoption.from));
    }
    if !gone.is_empty() {
        said.push(format!("{} gone from {}", some(&gone), adoption.from));
    }
    if said.is_empty() {
        said.push("which definitions stand in which files".to_owned());
    }
    said.join("; ")
}

fn counted(counts: &LoadCounts) -> String {
    let LoadCounts { read, out_of_scope, accepted, superseding, quarantined, duplicate, erased } = *counts;
    let all = [
        (out_of_scope, "out of scope"),
        (accepted, "accepted"),
        (superseding, "superseding"),
        (quarantined, "quarantined"),
        (duplicate, "duplicate"),
        (erased, "erased before"),
    ];
    let all: Vec<String> =
        all.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if all.is_empty() { format!("{read} rows read") } else { format!("{read} rows read: {}", all.join(", ")) }
}

fn published(counts: &RunCounts) -> String {
    let RunCounts { values, scores, first, restated, withdrawn, unchanged, .. } = *counts;
    let all = [(first, "first"), (restated, "restated"), (withdrawn, "withdrawn"), (unchanged, "unchanged")];
    let all: Vec<String> =
        all.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{values} values and {scores} scores: {}", all.join(", "))
}
