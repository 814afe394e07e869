//! Whether a governance can decide anything.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::{
    codes,
    decode::Placed,
    definitions as written,
    governance::{Emergency, FreezeRule, Governance, Mode},
    id::{FunctionId, PersonId, PolicyId},
    source_text::Span,
};

/// Fewer owners cannot decide on each other's changes.
const FEWEST_OWNERS: usize = 2;

/// Reads policies; what stands in them is read where Cedar is.
pub(super) fn policies(
    all: &[Placed<written::Policy>],
    context: &mut Context<'_>,
) -> BTreeMap<PolicyId, String> {
    let mut found: BTreeMap<PolicyId, String> = BTreeMap::new();
    let mut places: BTreeMap<PolicyId, Span> = BTreeMap::new();
    for policy in all.iter().map(|policy| &policy.value) {
        let Some(id) = policy.policy.get().and_then(|name| name.id.clone()) else { continue };
        let at = policy.policy.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::DEFINED_TWICE, at, format!("the policy `{id}` is defined twice"))
                .related(first, "the other one");
        }
        if let Some(text) = policy.cedar.cloned() {
            found.insert(id, text);
        }
    }
    found
}

/// Reads the governance, if there is one.
pub(super) fn read(
    governances: &[Placed<written::Governance>],
    context: &mut Context<'_>,
) -> Option<Governance> {
    let (first, others) = governances.split_first()?;
    let written = &first.value;
    for other in others {
        context
            .report(codes::GOVERNANCE, other.value.governance.span, "there is more than one governance")
            .related(written.governance.span, "the first one")
            .fix("keep one of them");
    }
    let mut cannot = |at: Span, why: String, way_out: &str| {
        context.report(codes::GOVERNANCE, at, why).fix(way_out.to_owned());
    };
    let owners: BTreeSet<PersonId> = written.owners.values().into_iter().collect();
    if written.owners.get().is_some() && owners.len() < FEWEST_OWNERS {
        let why =
            "one owner alone could change nothing of it: nobody decides on what they propose themselves";
        cannot(written.owners.span, why.to_owned(), "name two owners or more");
    }
    let mode = written.mode.cloned()?;
    let board = written.board.get();
    let members = board.into_iter().flat_map(|board| board.members.items());
    let members = members.filter_map(|function| {
        let id = function.key.as_ref()?.id.clone()?;
        let members = function.value.as_ref()?.iter().map(|person| person.value.clone());
        Some((id, members.collect::<BTreeSet<PersonId>>()))
    });
    let members: BTreeMap<_, _> = members.filter(|(_, members)| !members.is_empty()).collect();
    let quorum = board.map_or(Some(2), |board| board.quorum.get().map(|quorum| quorum.0))?;
    match board {
        None if mode == Mode::Board => {
            let way_out = "add `board: {members: {finance: […], customer: […], data: […]}}`";
            cannot(written.mode.span, "the board is to decide, and there is none".to_owned(), way_out);
        }
        Some(board) if members.len() as i64 <= quorum => {
            let (functions, plural) = (members.len(), if members.len() == 1 { "" } else { "s" });
            let why = format!(
                "the board has {functions} function{plural}, of which {quorum} have to say yes: what one of them proposes could \
                 not be decided by the others"
            );
            cannot(board.members.span, why, "name members of more functions than `quorum` says");
        }
        _ => {}
    }
    let emergency = written.emergency.get().and_then(|of| {
        let among: BTreeSet<PersonId> = of.among.values().into_iter().collect();
        if of.among.get().is_some() && among.len() < FEWEST_OWNERS {
            let why = "two of those named have to say yes to an emergency, and it names fewer".to_owned();
            cannot(of.among.span, why, "name two or more, and more where one of them may propose it");
        }
        Some(Emergency { among, days: u16::try_from(of.days.get()?.0).ok()? })
    });
    let freezes = written.freezes.items().iter().filter_map(|rule| {
        let (id, of) = (rule.key.as_ref()?.id.clone()?, rule.value.as_ref()?);
        let rule = FreezeRule {
            period: *of.period.get()?,
            after: u16::try_from(of.after.get()?.0).ok()?,
            aspects: of.aspects.values().into_iter().collect(),
            scope: of.scope.cloned(),
            business_hours: of.business_hours.cloned(),
        };
        Some((id, rule))
    });
    let freezes = freezes.filter(|(_, rule)| !rule.aspects.is_empty()).collect();
    let mut speaks: BTreeMap<&PersonId, &FunctionId> = BTreeMap::new();
    for (function, own) in &members {
        for person in own {
            if let (Some(other), Some(board)) = (speaks.insert(person, function), board) {
                let why = format!(
                    "`{person}` is on the board for `{other}` and for `{function}`, and counts for one of them"
                );
                context.report(codes::SEVERAL_FUNCTIONS, board.members.span, why);
            }
        }
    }
    Some(Governance {
        id: written.governance.get()?.id.clone()?,
        mode,
        owners,
        board: members,
        quorum: u16::try_from(quorum).ok()?,
        freezes,
        emergency,
    })
}
