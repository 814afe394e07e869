//! What waits, what is in force and which periods are frozen or closed, as facts: read from the log whenever it is asked for,
//! whatever the picture of the figures is of.

use std::collections::{BTreeMap, BTreeSet};

use kepi_govern::{
    Content, DocumentId, Evidence, Item, Organisation, Principal,
    directory::Duty,
    items::{Decision, Emergency, Outcome, Task, TaskOf, Turn, change_request::Change, turn},
    periods::{self, PeriodId},
};
use kepi_insight::analysis::Acts;
use kepi_model::{
    calendar::Period,
    governance::Mode,
    id::{KpiId, ScorecardId, UnitId},
    project::Project,
    wording::with_causes,
};
use kepi_query::{
    published::{SCORE, VALUE},
    value::Segment,
};
use kepi_report::{
    decided::{
        Answer, Attested, Ballot, Case, Closed, Commentary, Contact, Frozen, Happened, Held, Item as Shown,
        ItemInFull, Missing, Official, Owner, Periods, Played, RegisterAsked, Remark, Rows, Silence, Step,
        Touch, Work,
    },
    facts::{OfficialFigure, OfficialScore},
    reader::ViewError,
};
use kepi_store::{EventFilter, Store};

use crate::{
    App, AppError,
    acting::{self, WorkView, above, learning, period_of_kpi},
    deciding::{self, Deciding},
    overrides::Overriding,
    periods::{days, scores_of},
    publishing::values_in,
    register::{self, Asked},
    told::Told,
};

/// An error as pages say it.
pub(super) fn unread(error: AppError) -> ViewError {
    match error {
        AppError::NotFound(reason) => ViewError::Unclear { reason },
        AppError::Calendar(error) => ViewError::Unclear { reason: error.to_string() },
        other => ViewError::Unavailable { reason: with_causes(&other) },
    }
}

/// Items, the newest first.
pub(super) async fn items(store: &Store, project: &Project, all: bool) -> Result<Vec<Shown>, AppError> {
    let organisation = store.organisation().await?;
    let listed = organisation.items.all().rev().filter(|item| all || item.ended.is_none());
    let listed = listed.filter(|item| !acting::is_only_watched(item));
    listed_as(store, &organisation, project, listed).await
}

/// Of each person the number of items that wait for her: without a text or a name, as the frame of every page needs it.
pub(super) fn waiting(organisation: &Organisation) -> BTreeMap<u64, usize> {
    let mut waiting = BTreeMap::new();
    for person in organisation.items.open().flat_map(|item| turn(organisation, item)) {
        *waiting.entry(person).or_default() += 1;
    }
    waiting
}

/// What is open about the figures of a KPI, the newest first: what is wrong with them, and what is done about that.
pub(super) async fn open_about(
    store: &Store,
    project: &Project,
    kpi: &KpiId,
) -> Result<Vec<Shown>, AppError> {
    let organisation = store.organisation().await?;
    let is_of = |item: &&Item| {
        let shown = matches!(
            item.content,
            Content::Alert(_) | Content::ActionPlan(_) | Content::PostMortem(_) | Content::Dispute(_)
        );
        shown && organisation.items.about(&item.content).is_some_and(|(of, _)| of == kpi)
    };
    let mut of: Vec<&Item> = organisation.items.open().filter(is_of).collect();
    of.reverse();
    listed_as(store, &organisation, project, of).await
}

/// How often people did something about a KPI, and about others, between two instants. An alert counts once somebody answered it, a review for each
/// point that was decided on; what the software does by itself, and what tells somebody something, does not count, nor a case of a customer.
pub(super) fn acts(organisation: &Organisation, kpi: &KpiId, within: &std::ops::Range<i64>) -> Acts {
    let mut acts = Acts::default();
    let mut add = |of: &KpiId| match of == kpi {
        true => acts.about += 1,
        false => acts.others += 1,
    };
    for item in organisation.items.all() {
        let ended = item.ended.filter(|(_, at)| within.contains(at)).map(|(outcome, _)| outcome);
        let opened = within.contains(&item.opened);
        let own = organisation.items.about(&item.content).map(|(of, _)| of);
        match &item.content {
            Content::Change(change) | Content::Emergency(Emergency { change, .. }) if opened => {
                let touched = touches(change).into_iter();
                let kpis = touched.filter_map(|touch| touch.id.strip_prefix("kpi/")?.parse().ok());
                kpis.collect::<BTreeSet<KpiId>>().iter().for_each(&mut add);
            }
            Content::Override(of) if opened => add(&of.figure.kpi),
            // One that was answered counts when it ended, or while it is open when it was opened.
            Content::Alert(alert)
                if (item.work.finished.is_some() || ended == Some(Outcome::Dismissed))
                    && (ended.is_some() || (item.ended.is_none() && opened)) =>
            {
                add(&alert.kpi);
            }
            Content::Review(review) if opened => {
                let points = review.points.iter().zip(0_u16..);
                let decided = points.filter(|(_, at)| item.work.decided.contains_key(at));
                decided.filter_map(|(point, _)| point.about.kpi()).for_each(&mut add);
            }
            Content::ActionPlan(_)
            | Content::PostMortem(_)
            | Content::Task(_)
            | Content::Commentary(_)
            | Content::Dispute(_)
            | Content::PainPoint(_)
                if opened =>
            {
                own.into_iter().for_each(&mut add);
            }
            _ => {}
        }
    }
    acts
}

/// Runs of playbooks, the newest first.
pub(super) fn played(organisation: &Organisation) -> Vec<Played> {
    let all = organisation.items.all().rev();
    let of = all.filter_map(|item| match &item.content {
        Content::Play(of) => Some((item, of)),
        _ => None,
    });
    of.map(|(item, of)| Played {
        item: item.number,
        playbook: of.playbook.to_string(),
        of_loop: of.is_of_loop(),
        step: item.play_step().filter(|_| item.owner().is_some()).map(|(place, _)| place),
        stepped: item.work.stepped.iter().map(|of| of.outcome.to_string()).collect(),
        kpi: of.kpi.to_string(),
        unit: of.unit.as_ref().map(ToString::to_string),
        held_out: of.held_out,
        opened: item.opened,
        state: match (item.ended, item.step()) {
            (Some((outcome, _)), _) => outcome.word(),
            (None, step) => step.map_or("open", |step| step.name),
        },
        outcome: item.work.finished.as_ref().map(|(outcome, _)| outcome.to_string()),
        helped: item.helped(),
    })
    .collect()
}

/// What units promised to say of their data, and whether they did.
pub(super) fn attested(organisation: &Organisation) -> Vec<Attested> {
    let of = organisation.items.all().filter_map(|item| match &item.content {
        Content::Attestation(of) => Some(Attested {
            source: of.source.clone(),
            unit: of.unit.clone(),
            period: of.period.to_string(),
            days: of.days,
            due: of.cut_off,
            at: item.work.finished.as_ref().map(|(_, at)| *at),
        }),
        _ => None,
    });
    of.collect()
}

/// What alerts ask nobody about at an instant.
pub(super) async fn silences(store: &Store, at: i64) -> Result<Vec<Silence>, AppError> {
    let held = acting::silences(store, at, false).await?.into_iter().map(|of| Silence {
        number: of.silence,
        alert: of.alert,
        kpi: of.kpi,
        unit: of.unit,
        until: of.until,
        by: of.by,
        why: of.why,
    });
    Ok(held.collect())
}

/// Emergencies that are not ratified.
pub(super) async fn unratified(store: &Store, project: &Project) -> Result<Vec<Shown>, AppError> {
    let organisation = store.organisation().await?;
    let of: Vec<&Item> = organisation.items.open().filter(|item| item.is_unratified()).collect();
    if of.is_empty() {
        return Ok(Vec::new());
    }
    listed_as(store, &organisation, project, of).await
}

async fn listed_as(
    store: &Store,
    organisation: &Organisation,
    project: &Project,
    items: impl IntoIterator<Item = &Item>,
) -> Result<Vec<Shown>, AppError> {
    let items: Vec<&Item> = items.into_iter().collect();
    let told = Told::of(store, organisation, items.iter().copied()).await?.measured_by(project);
    Ok(items.into_iter().map(|item| with_work(&told, (project, organisation), item).0).collect())
}

fn with_work(
    told: &Told,
    (project, organisation): (&Project, &Organisation),
    item: &Item,
) -> (Shown, WorkView) {
    let of = deciding::view_of(told, organisation, item);
    let now = item.step();
    let kind = item.content.kind();
    let turn = told.people(&turn(organisation, item));
    let (touches, subject, secret) = match &item.content {
        Content::Change(change) | Content::Emergency(Emergency { change, .. }) => {
            (touches(change), Vec::new(), false)
        }
        Content::Override(_) | Content::Restore(_) => {
            let figure = overridden(told, organisation, &item.content);
            (figure.iter().cloned().collect(), of.touches, figure.is_none())
        }
        Content::Close(close) => (Vec::new(), vec![close.period.to_string()], false),
        Content::Freeze(_) | Content::Lift(_) => (Vec::new(), of.touches, false),
        // Whoever may see the KPI that it is about in the end; where that is not known, nobody.
        Content::Alert(_)
        | Content::Task(_)
        | Content::ActionPlan(_)
        | Content::PostMortem(_)
        | Content::Commentary(_)
        | Content::Case(_) => {
            let about = about(organisation, item);
            (about.iter().cloned().collect(), of.touches, about.is_none())
        }
        Content::Handover(handed) => {
            let kpis = handed.duties.iter().filter_map(|duty| match duty {
                Duty::Kpi(kpi) => Some(Touch::new(format!("kpi/{kpi}"), "ever")),
                Duty::Seat { .. } | Duty::Unit(_) => None,
            });
            (kpis.collect(), of.touches, false)
        }
        Content::Notice(_) => (about(organisation, item).into_iter().collect(), of.touches, false),
        Content::Attestation(attested) => {
            (vec![Touch::new(format!("source/{}", attested.source), "ever")], of.touches, false)
        }
        Content::ChangeNotice(changed) => {
            let kpis = changed.kpis.iter().map(|kpi| Touch::new(format!("kpi/{kpi}"), "ever"));
            (kpis.collect(), of.touches, false)
        }
        Content::Review(review) => {
            let points = review
                .points
                .iter()
                .map(|point| Touch::new(point.about.to_string(), "ever").of(Rows::Unit(point.unit.clone())));
            (points.collect(), of.touches, false)
        }
        Content::Dispute(_) | Content::Play(_) | Content::PainPoint(_) => {
            (about(organisation, item).into_iter().collect(), of.touches, false)
        }
        // What a kind touches that is not known here may be anything.
        _ => (Vec::new(), of.touches, true),
    };
    // The last stop of the way, without the name: that is whose turn it is.
    let last = of.work.owner.as_ref().and_then(|owner| owner.way.last());
    let by_way_of = last.and_then(|stop| stop.split_once(": ")).map(|(_, way)| way.to_owned());
    let shown = Shown {
        by_way_of,
        snoozed: of.work.snoozed,
        number: of.item,
        kind: of.kind,
        about: kind.about,
        state: of.state,
        steps: kind
            .steps
            .iter()
            .map(|step| Step {
                name: step.name,
                turn: match step.turn {
                    Turn::Write => "write",
                    Turn::Ask => "ask",
                    Turn::Work => "work",
                    Turn::Wait => "wait",
                },
                now: now == Some(step),
            })
            .collect(),
        ended: item.ended.map(|(_, at)| at),
        opened: of.opened,
        due: of.due,
        turn,
        authors: of.authors,
        why: of.why,
        content: of.content,
        aspects: of.aspects,
        touches,
        subject,
        secret,
        disputes: match &item.content {
            Content::Dispute(of) => Some(period_of_kpi(project, &of.kpi, of.period)),
            _ => None,
        },
        part: match &item.content {
            Content::Review(of) => told.people(&of.part()),
            _ => Vec::new(),
        },
        concerned: of.concerned,
        paid: of.paid,
        ballots: of
            .ballots
            .into_iter()
            .map(|of| Ballot { by: of.by, stance: of.stance, at: of.at, why: of.why })
            .collect(),
        remarks: of
            .remarks
            .into_iter()
            .map(|of| Remark {
                number: of.number,
                by: of.by,
                says: of.says,
                to: of.to,
                stands: of.stands,
                at: of.at,
                text: of.text,
            })
            .collect(),
        missing: of
            .missing
            .into_iter()
            .map(|of| Missing { what: of.what, of: of.of, functions: of.functions })
            .collect(),
    };
    (shown, of.work)
}

/// What somebody works on, with who may act for her.
async fn work(
    store: &Store,
    organisation: &Organisation,
    item: &Item,
    (of, now): (WorkView, i64),
) -> Result<Work, AppError> {
    // Who had a case hears the customer while nobody has it.
    let had = item.work.owner.as_ref().map(|owner| Principal::Person(owner.person));
    let had_by = match &had {
        Some(person) => Some(store.name_of(person).await?),
        None => None,
    };
    let above = match item.work.owner.as_ref().filter(|_| item.ended.is_none()) {
        None => Vec::new(),
        Some(_) => match Deciding(store).answerable(organisation, now).await? {
            Evidence::Answerable(directory) => above(store, &directory, item).await?,
            _ => Vec::new(),
        },
    };
    Ok(Work {
        owner: of.owner.map(|of| Owner { person: of.person, way: of.way, bound: of.bound, rung: of.rung }),
        above,
        parts: of.parts,
        acknowledged: of.acknowledged,
        snoozed: of.snoozed,
        outcome: of.outcome,
        outcomes: of.outcomes,
        may_end: item.content.kind().may_end && !is_plan_owed(organisation, item),
        seen: of.seen,
        case: of.case.map(|of| Case {
            rule: of.rule,
            of: of.of,
            row: of.row,
            since: of.since,
            permission: of.permission,
            may_contact: of.may_contact,
            token: of.token,
            is_confirming: item.step().is_some_and(|step| step.turn == Turn::Wait),
            had_by: had_by.clone(),
            causes: of.causes,
            cause: of.cause,
            contacts: of
                .contacts
                .into_iter()
                .map(|of| Contact { at: of.at, by: of.by, reached: of.reached, note: of.note })
                .collect(),
            answers: of
                .answers
                .into_iter()
                .map(|of| Answer { at: of.at, settled: of.settled, note: of.note })
                .collect(),
            closed_without_contact: of.closed_without_contact,
        }),
        review: of.review,
        asks_for_plan: asks_for_plan(organisation, item),
        parent: of.parent,
        children: of.children,
    })
}

/// Whether a plan can answer it: an alert, or a task by which a review asks for one.
pub(crate) fn asks_for_plan(organisation: &Organisation, item: &Item) -> bool {
    match &item.content {
        Content::Alert(_) => true,
        Content::Task(Task { of: TaskOf::Point { review, point }, .. }) => {
            let decided = organisation.items.get(*review).and_then(|of| of.work.decided.get(point));
            decided.is_some_and(|of| of.decision == Decision::Plan)
        }
        Content::Task(Task { of: TaskOf::Before { .. }, .. }) => true,
        _ => false,
    }
}

/// Whether it is a task that only a plan answers.
pub(crate) fn is_plan_owed(organisation: &Organisation, item: &Item) -> bool {
    matches!(item.content, Content::Task(_)) && asks_for_plan(organisation, item)
}

/// The KPI that something is about on which somebody works: its own, or that of what it belongs to.
fn about(organisation: &Organisation, item: &Item) -> Option<Touch> {
    let (kpi, unit) = organisation.items.about(&item.content)?;
    Some(Touch::new(format!("kpi/{kpi}"), "ever").of(Rows::Unit(unit.cloned())))
}

/// The KPI whose figure is overridden, or is to be no longer.
fn overridden(told: &Told, organisation: &Organisation, content: &Content) -> Option<Touch> {
    let figure = match content {
        Content::Override(of) => &of.figure,
        Content::Restore(item) => &organisation.overrides.get(*item)?.figure,
        _ => return None,
    };
    let segment = match figure.segment {
        None => Segment::total(),
        // Of which rows it was is not known any more: then it is nobody's to see.
        Some(text) => told.text(&text)?.parse().ok()?,
    };
    Some(Touch::new(format!("kpi/{}", figure.kpi), "ever").of(Rows::Segment(segment)))
}

/// The definitions that a change touches. Persons are not named: their names may be erased.
fn touches(change: &Change) -> Vec<Touch> {
    let of = change.adoptions.iter().flat_map(|adoption| {
        adoption.texts.keys().map(|id| {
            let id = match id {
                DocumentId::Person(_) => "person".to_owned(),
                DocumentId::Named { .. } => id.to_string(),
            };
            Touch::new(id, adoption.from.to_string())
        })
    });
    of.collect()
}

/// An item with everything that is known of it.
pub(super) async fn item(
    app: &App,
    project: &Project,
    number: u64,
    now: i64,
) -> Result<Option<ItemInFull>, AppError> {
    let store = &app.store;
    let organisation = store.organisation().await?;
    // What is only watched is to be like what is not watched at all: nobody gets at it by its number either.
    let Some(item) = organisation.items.get(number).filter(|item| !acting::is_only_watched(item)) else {
        return Ok(None);
    };
    let told = Told::of(store, &organisation, [item]).await?.measured_by(project);
    let (shown, worked) = with_work(&told, (project, &organisation), item);
    let mut full = ItemInFull {
        item: shown,
        work: work(store, &organisation, item, (worked, now)).await?,
        contradicts: Deciding(store).contradictions(&organisation, item).await.unwrap_or_default(),
        open: organisation.governance.mode == Mode::Open,
        learnt: if item.ended.is_none() {
            learning::like(store, &organisation, project, item).await?
        } else {
            Vec::new()
        },
        ..ItemInFull::default()
    };
    full.dual = app.dual_run_of(&organisation, item).await?;
    full.rounds = Deciding(store).rounds(&organisation, item).await?;
    full.texts = Deciding(store).proposed_texts(item).await?;
    full.item.subject.extend(app.beside(number).await?);
    if let Content::Handover(of) = &item.content {
        full.item.subject.extend(Deciding(store).pack(&organisation, of).await?);
    }
    full.item.subject.extend(Deciding(store).receipts(&organisation, item).await?);
    if let Some(all) = Deciding(store).differences_by(&organisation, item).await? {
        full.documents = all.documents;
        full.scorecards = all.scorecards.into_iter().collect();
        full.follow = all.follow.iter().map(ToString::to_string).collect();
        full.watched_by = all.watched_by.into_iter().collect();
        full.people = all.people.into_iter().map(|of| (of.name, of.of)).collect();
    }
    let subject = Some(format!("item/{number}"));
    for recorded in store.events(&EventFilter { subject, ..EventFilter::default() }).await? {
        let said = recorded.event().map(|event| told.with_names(&event.words())).unwrap_or_default();
        full.history.push(Happened {
            event: recorded.seq,
            at: recorded.at,
            by: store.name_of(&recorded.by).await?,
            kind: recorded.kind.to_string(),
            said,
        });
    }
    Ok(Some(full))
}

/// What was said of a KPI and was not taken back, the newest period first; of each period and unit the newest.
pub(super) async fn commentary(
    store: &Store,
    project: &Project,
    kpi: &KpiId,
) -> Result<Vec<Commentary>, AppError> {
    let organisation = store.organisation().await?;
    let mut newest = BTreeMap::new();
    for item in organisation.items.all() {
        let stands = matches!(item.ended, None | Some((Outcome::Done, _)));
        if let Content::Commentary(of) = &item.content
            && of.kpi == *kpi
            && stands
        {
            newest.insert((std::cmp::Reverse(of.period), of.unit.clone()), item);
        }
    }
    let told = Told::of(store, &organisation, newest.values().copied()).await?;
    let mut all = Vec::new();
    for ((std::cmp::Reverse(period), unit), item) in newest {
        let of = deciding::view_of(&told, &organisation, item);
        all.push(Commentary {
            item: item.number,
            period: project.calendar.label(period_of_kpi(project, kpi, period)),
            unit: unit.map(|unit| unit.to_string()),
            by: of.authors,
            at: of.opened,
            parts: of.work.parts,
            read: item.ended.is_some(),
        });
    }
    Ok(all)
}

/// What is, was or will be in force.
pub(super) async fn register(store: &Store, asked: &RegisterAsked) -> Result<Vec<Held>, AppError> {
    let day = match &asked.day {
        None => None,
        Some(day) => Some(
            day.parse()
                .map_err(|_| AppError::NotFound(format!("`{day}` is no day; write it as 2026-07-01")))?,
        ),
    };
    let held = match register::register(store, &Asked { of: asked.of.clone(), day, position: asked.position })
        .await
    {
        // Of one definition that there was not: the page says so, and leads to all.
        Err(AppError::NotFound(_)) if asked.of.is_some() => Vec::new(),
        held => held?,
    };
    let held = held.into_iter().map(|of| Held {
        // What is said of a person is for those who may read the files.
        text: of.text.filter(|_| !of.id.starts_with("person/")),
        id: of.id,
        from: of.from,
        event: of.event,
        at: of.at,
        by: of.by,
    });
    Ok(held.collect())
}

/// What is frozen, closed and to be closed.
pub(super) async fn periods(app: &App, at: i64) -> Result<Periods, AppError> {
    let of = app.periods().await?;
    Ok(Periods {
        coming: app.coming(at).await?,
        frozen: of
            .frozen
            .into_iter()
            .map(|of| Frozen { item: of.item, from: of.from, until: of.until, aspects: of.aspects })
            .collect(),
        closed: of
            .closed
            .into_iter()
            .map(|of| Closed {
                period: of.period,
                version: of.version,
                at: of.at,
                event: of.event,
                figures: Some((of.figures, of.restated)),
            })
            .collect(),
    })
}

/// The last close of a period, and which version that is.
fn last_close<'a>(
    organisation: &'a Organisation,
    project: &Project,
    period: Period,
) -> Result<Option<(usize, &'a periods::Closed)>, AppError> {
    let (first, until) = days(project, period)?;
    let closes: Vec<_> =
        organisation.periods.closes(PeriodId { grain: period.grain, first }, until).collect();
    Ok(closes.last().map(|last| (closes.len(), *last)))
}

/// What is official of a figure; none: its period was never closed. Of what is published only that KPI is read.
pub(super) async fn official_figure(
    app: &App,
    project: &Project,
    overrides: &Overriding,
    (kpi, period, segment): (&KpiId, Period, &Segment),
) -> Result<Option<OfficialFigure>, AppError> {
    let organisation = app.store.organisation().await?;
    if organisation.periods.closed.is_empty() {
        return Ok(None);
    }
    let Some((version, close)) = last_close(&organisation, project, period)? else { return Ok(None) };
    let own = [kpi.to_string()];
    let position = i64::try_from(close.published).unwrap_or(i64::MAX);
    let then = app.values.as_of(&VALUE, position, Some(&own)).await.map_err(AppError::Lake)?;
    let mut then = values_in(&then, project)?.into_iter();
    let figure = then.find(|value| value.period == period && value.segment == *segment).map(|value| {
        let said = overrides.at(close.published, kpi, period, segment, &value.estimate);
        said.unwrap_or(value.estimate)
    });
    Ok(Some(OfficialFigure { version, at: close.at, event: close.seq, figure }))
}

/// What is official of a score; none: its period was never closed.
pub(super) async fn official_score(
    app: &App,
    project: &Project,
    (scorecard, unit, period): (&ScorecardId, Option<&UnitId>, Period),
) -> Result<Option<OfficialScore>, AppError> {
    let organisation = app.store.organisation().await?;
    let Some((version, close)) = last_close(&organisation, project, period)? else { return Ok(None) };
    let own = [scorecard.to_string()];
    let position = i64::try_from(close.published).unwrap_or(i64::MAX);
    let then = app.values.as_of(&SCORE, position, Some(&own)).await.map_err(AppError::Lake)?;
    let unit = unit.map_or("", |unit| unit.as_str());
    let published = scores_of(&then, project, period)?;
    let mut by_rule = app.scores_by_rule(Some(scorecard), period, close).await?;
    let published = published.into_iter().find(|(_, own, _)| own == unit).map(|(.., score)| score);
    let score = by_rule.remove(&(scorecard.to_string(), unit.to_owned())).or(published);
    Ok(Some(OfficialScore { version, at: close.at, score, published }))
}

/// The official figures of a period; none: it was never closed.
pub(super) async fn official(app: &App, period: &str) -> Result<Option<Vec<Official>>, AppError> {
    match app.official(period).await {
        Ok(all) => Ok(Some(
            all.into_iter()
                .map(|of| Official {
                    kpi: of.kpi,
                    segment: of.segment,
                    is_score: of.is_score,
                    official: of.official,
                    restated: of.restated,
                    official_value: of.official_value,
                    restated_value: of.restated_value,
                    overridden: of.overridden,
                    late: of.late,
                })
                .collect(),
        )),
        Err(AppError::NotFound(_)) => Ok(None),
        Err(other) => Err(other),
    }
}
