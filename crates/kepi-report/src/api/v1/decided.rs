//! What programs are told of what waits, is in force, frozen and closed.

use super::{
    ByBoth, CaseAnswer, CaseContact, Demanded, Differs, FrozenDays, Gate, HeldDefinition, Inbox, Item,
    ItemBallot, ItemCase, ItemChild, ItemDecided, ItemEvent, ItemEvidence, ItemPart, ItemPoint, ItemRemark,
    ItemReview, ItemRound, ItemStep, ItemWork, Named, OfficialFigure, OfficialFigures, OfficialScore,
    PeriodClose, PeriodComing, PeriodState, PeriodsDecided, Register, Silent, Touched, Waiting, from_named,
    measured_in,
};
use crate::{
    decided::{RegisterAsked, Work},
    facts::Facts,
    reader::ViewError,
    reporter::Reporter,
    view::{self, AboutView, CaseView, ItemRow, PointView, RemarkView, ReviewView, ReviewsView, RoundView},
};

fn words(all: &[&'static str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

fn waiting(row: ItemRow, place: &str) -> Waiting {
    let code = |words: String| words.replace(' ', "_");
    Waiting {
        item: row.number,
        place: place.to_owned(),
        kind: code(row.kind),
        state: code(row.state),
        title: row.title,
        authors: row.by,
        why: row.why,
        why_me: row.why_me,
        waits_for: row.waits,
        opened: row.opened,
        due: row.due,
        ended: row.ended,
        aspects: row.aspects,
    }
}

/// What waits; with `all` what has ended, too.
///
/// # Errors
/// It cannot be read.
pub fn inbox(facts: &dyn Facts, all: bool) -> Result<Inbox, ViewError> {
    let view = Reporter::new(facts).inbox(all)?;
    let of = |rows: Vec<ItemRow>, place: &'static str| rows.into_iter().map(move |row| waiting(row, place));
    let items = of(view.turn, "mine").chain(of(view.part, "part"));
    let items = items.chain(of(view.others, "others")).chain(of(view.ended, "ended"));
    let silences = view.silences.into_iter().map(|silence| Silent {
        silence: silence.of.number,
        alert: silence.of.alert,
        kpi: silence.of.kpi,
        unit: silence.of.unit,
        until: silence.until,
        by: silence.of.by,
        why: silence.of.why,
    });
    Ok(Inbox { person: view.me, items: items.collect(), silences: silences.collect() })
}

/// Whether a stage gate is open, and why it is not.
///
/// # Errors
/// There is none of this name, or it names what is not seen.
pub fn gate(facts: &dyn Facts, id: &str) -> Result<Gate, ViewError> {
    let view = Reporter::new(facts).gate(id)?;
    Ok(Gate {
        gate: from_named(view.gate),
        open: view.open,
        unit: view.unit.map(from_named),
        demands: view
            .demands
            .into_iter()
            .map(|of| Demanded {
                kpi: from_named(of.kpi),
                asked: of.asked,
                period: of.period,
                figure: of.value,
                holds: of.holds,
                reason: of.why,
            })
            .collect(),
    })
}

/// Reviews: those that are open, and those that were held.
pub fn reviews(of: ReviewsView) -> Vec<Waiting> {
    let open = of.open.into_iter().map(|row| waiting(row, "open"));
    open.chain(of.held.into_iter().map(|row| waiting(row, "ended"))).collect()
}

/// An item.
///
/// # Errors
/// There is none of this number, or it cannot be read.
pub fn item(facts: &dyn Facts, number: &str) -> Result<Item, ViewError> {
    let view = Reporter::new(facts).item(number)?;
    let place = match (&view.row.ended, view.row.why_me.is_some()) {
        (Some(_), _) => "ended",
        (None, _) if view.forms.vote => "mine",
        (None, true) => "part",
        (None, false) => "others",
    };
    Ok(Item {
        of: waiting(view.row, place),
        content: view.content,
        steps: view
            .steps
            .into_iter()
            .map(|of| ItemStep { step: of.name.to_owned(), turn: of.turn.to_owned(), now: of.now })
            .collect(),
        subject: view.subject,
        touches: view.touches.into_iter().map(|of| Touched { id: of.id, from: of.from }).collect(),
        contradicts: view.contradicts,
        differences: view
            .documents
            .into_iter()
            .map(|of| Differs {
                id: of.touch.id,
                how: of.how.to_owned(),
                aspects: of.difference.aspects.iter().map(|aspect| aspect.word().to_owned()).collect(),
                said: of.difference.said,
            })
            .collect(),
        scorecards: view.scorecards.into_iter().map(from_named).collect(),
        watched_by: view.watched_by,
        follow: view.follow.into_iter().map(from_named).collect(),
        figures: view.dual.map(|of| ByBoth {
            at: of.at,
            figures: of.run.figures,
            scores: of.run.scores,
            vetted: of.run.vetted,
            not_run: of.run.not_run,
        }),
        concerned: view.concerned,
        paid: view.paid,
        ballots: view
            .ballots
            .into_iter()
            .map(|of| ItemBallot { by: of.by, stance: of.stance.to_owned(), at: of.at, why: of.why })
            .collect(),
        remarks: view
            .remarks
            .into_iter()
            .map(|RemarkView { of, at }| ItemRemark {
                number: of.number,
                by: of.by,
                says: of.says.to_owned(),
                to: of.to,
                stands: (of.says == "objection").then_some(of.stands),
                at,
                text: of.text,
            })
            .collect(),
        rounds: view
            .rounds
            .into_iter()
            .map(|RoundView { of, at, .. }| ItemRound {
                event: of.event,
                at,
                by: of.by,
                why: of.why,
                content: of.content,
                said: of.said,
            })
            .collect(),
        events: view
            .history
            .into_iter()
            .map(|of| ItemEvent { event: of.event, at: of.at, by: of.by, kind: of.kind, text: of.said })
            .collect(),
        work: work(view.work, (view.case, view.review), view.acknowledged, view.snoozed),
    })
}

fn case(of: CaseView) -> ItemCase {
    ItemCase {
        closed_loop: Named { id: of.rule.0, name: of.rule.1 },
        entity: of.of.0,
        key: of.row,
        since: of.since,
        permission: of.permission.to_owned(),
        cause: of.cause,
        contacts: of
            .contacts
            .into_iter()
            .map(|(at, by, reached, note)| CaseContact { at, by: by.to_owned(), reached, note })
            .collect(),
        answers: of.answers.into_iter().map(|(at, settled, note)| CaseAnswer { at, settled, note }).collect(),
        closed_without_contact: of.closed_without_contact,
    }
}

fn review(of: ReviewView) -> ItemReview {
    let about = |of: AboutView| match of {
        AboutView::Kpi(of) => [Some(from_named(of)), None, None],
        AboutView::Journey(of) => [None, Some(from_named(of)), None],
        AboutView::Source(of) => [None, None, Some(from_named(of))],
    };
    let point = |of: PointView| {
        let [kpi, journey, source] = about(of.about);
        ItemPoint {
            point: of.number,
            kpi,
            journey,
            source,
            unit: of.unit.map(from_named),
            why: of.why.into_iter().map(str::to_owned).collect(),
            plan_owed: of.plan_owed,
            of_definition: of.of_definition,
            evidence: of.evidence.into_iter().map(|(about, said)| ItemEvidence { about, said }).collect(),
            items: of.items.into_iter().map(|(item, ..)| item).collect(),
            decided: of.decided.map(|of| ItemDecided {
                decision: of.decision.to_owned(),
                why: of.why,
                by: of.by,
                task: of.task,
            }),
        }
    };
    ItemReview {
        name: of.name,
        scorecard: from_named(of.scorecard),
        unit: of.unit.map(from_named),
        period: of.period,
        chair: of.chair,
        participants: of.participants,
        present: of.present,
        run: of.run,
        points: of.points.into_iter().map(point).collect(),
    }
}

fn work(
    of: Work,
    (of_case, of_review): (Option<CaseView>, Option<ReviewView>),
    acknowledged: Option<String>,
    snoozed: Option<String>,
) -> Option<ItemWork> {
    let worked_on = of.owner.is_some()
        || !of.parts.is_empty()
        || !of.seen.is_empty()
        || of.parent.is_some()
        || of_case.is_some();
    let owner = of.owner.unwrap_or_default();
    worked_on.then(|| ItemWork {
        owner: Some(owner.person).filter(|name| !name.is_empty()),
        way: owner.way,
        bound: owner.bound,
        rung: owner.rung,
        acknowledged,
        snoozed,
        outcome: of.outcome,
        parts: of.parts.into_iter().map(|(part, text)| ItemPart { part: part.to_owned(), text }).collect(),
        seen: of.seen,
        case: of_case.map(case),
        review: of_review.map(review),
        parent: of.parent,
        children: of
            .children
            .into_iter()
            .map(|(item, kind, state)| ItemChild { item, kind: kind.to_owned(), state: state.to_owned() })
            .collect(),
    })
}

/// What is, was or will be in force.
///
/// # Errors
/// It is asked for a day or position that there is not, or it cannot be read.
pub fn register(facts: &dyn Facts, asked: &RegisterAsked) -> Result<Register, ViewError> {
    let held = Reporter::new(facts).register(asked)?.held.into_iter().map(|of| HeldDefinition {
        id: of.touch.id,
        from: of.touch.from,
        event: of.event,
        adopted_at: of.at,
        by: of.by,
        text: of.text,
    });
    Ok(Register { definitions: held.collect() })
}

/// Periods: open, frozen, closed, restated.
///
/// # Errors
/// It cannot be read.
pub fn periods(facts: &dyn Facts) -> Result<PeriodsDecided, ViewError> {
    let view = Reporter::new(facts).periods()?;
    let close = |of: view::ClosedView| PeriodClose {
        version: of.version,
        at: of.at,
        event: of.event,
        figures: of.figures.map(|(figures, _)| figures),
        restated: of.figures.map(|(_, restated)| restated),
    };
    let periods = view.periods.into_iter().map(|of| PeriodState {
        period: of.period,
        from: of.from,
        until: of.until,
        closed: of.closed.into_iter().map(close).collect(),
        frozen_by: of.frozen.iter().map(|(item, _)| *item).collect(),
    });
    let frozen = view.frozen.into_iter().map(|of| FrozenDays {
        item: of.item,
        from: of.from,
        until: of.until,
        aspects: words(&of.aspects),
    });
    let coming = view.coming.into_iter().map(|of| PeriodComing {
        period: of.period,
        until: of.until,
        first: of.first,
        last: of.last,
        sources: of.sources,
        statements: of.statements,
    });
    Ok(PeriodsDecided { periods: periods.collect(), frozen: frozen.collect(), coming: coming.collect() })
}

/// The official figures of a period.
///
/// # Errors
/// It was never closed, or it cannot be read.
pub fn official(facts: &dyn Facts, period: &str) -> Result<OfficialFigures, ViewError> {
    let view = Reporter::new(facts).official(period)?;
    let (scores, figures): (Vec<_>, Vec<_>) = view.figures.into_iter().partition(|of| of.is_score);
    let scores = scores.into_iter().map(|of| OfficialScore {
        scorecard: from_named(of.kpi),
        unit: of.segment,
        official: of.official,
        restated: of.restated.is_some(),
        now: of.restated.flatten(),
        official_value: of.official_value,
        now_value: of.restated_value,
        late: of.late,
    });
    let figures = figures.into_iter().map(|of| OfficialFigure {
        kpi: from_named(of.kpi),
        segment: of.segment,
        official: of.official,
        restated: of.restated.is_some(),
        now: of.restated.flatten(),
        official_value: of.official_value,
        now_value: of.restated_value,
        overridden: of.overridden,
        late: of.late,
        measured_in: of.measured_in.as_ref().map(measured_in),
    });
    Ok(OfficialFigures { period: view.period, figures: figures.collect(), scores: scores.collect() })
}
