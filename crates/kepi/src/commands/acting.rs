//! `kepi item N …` and `kepi tick`: what somebody does about an item, and what time does.

use kepi_app::{
    acting::{Disputed, Doing, NewPlan, Silencing, WorkView, silences},
    commentary::Commenting,
    deciding::{Deciding, local_clock},
    negotiating::Saying,
};
use kepi_report::{Reporter, decided::About, format::Clock, reader::KpiQuery};

use super::deciding::{acting, nothing, opened, show};
use crate::{
    cli::{
        Cli, Comment, Dispute, Format, Item,
        acting::{Action, Deed, Silence},
    },
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output, counted},
};

/// Shows an item, or does something about it.
pub async fn item(what: &Item, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(deed) = &what.deed else {
        let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
        return show(&app, what.item, out).await;
    };
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let (deciding, by, number) = (Deciding(&app.store), acting(&actor), what.item);
    let doing = match deed {
        Deed::Acknowledge => Doing::Acknowledge,
        Deed::Assign(to) => Doing::Assign(&to.to),
        Deed::Refuse(why) => Doing::Refuse(&why.message),
        Deed::Snooze(snooze) => Doing::Snooze(snooze.hours, &snooze.message),
        Deed::Dismiss(why) => Doing::Dismiss(&why.message),
        Deed::Finish(finish) => Doing::Finish(&finish.outcome, finish.message.as_deref()),
        Deed::Contact(of) => Doing::Contact(of.by.way(), !of.not_reached, of.message.as_deref()),
        Deed::Close(of) => Doing::Close(&of.outcome, &of.cause, of.message.as_deref()),
        Deed::Confirm(of) => Doing::Answer(!of.not_settled, of.message.as_deref()),
        Deed::Plan(plan) => {
            let actions = plan.actions.iter();
            let new = NewPlan {
                alert: number,
                cause: &plan.cause,
                method: plan.method.method(),
                evidence: &plan.evidence,
                actions: actions
                    .map(|Action { owner, by, what }| (owner.as_str(), *by, what.as_str()))
                    .collect(),
                change: plan.expect,
                period: &plan.period,
            };
            let filed = deciding.plan(&new, by).await?;
            return show(&app, filed, out).await;
        }
        Deed::TakeBack(why) => {
            let item = app.take_back(number, by, &why.message).await?;
            return show(&app, item, out).await;
        }
        Deed::Comment(why) => {
            deciding.remark(number, Saying::Comment, None, by, &why.message).await?;
            return show(&app, number, out).await;
        }
        Deed::Object(why) => {
            deciding.remark(number, Saying::Objection, None, by, &why.message).await?;
            return show(&app, number, out).await;
        }
        Deed::Resolve(of) => {
            deciding.remark(number, Saying::Resolution(of.objection), None, by, &of.message).await?;
            return show(&app, number, out).await;
        }
        Deed::Learn(learn) => {
            deciding.learn(number, (&learn.findings, &learn.follows), by).await?;
            return show(&app, number, out).await;
        }
    };
    deciding.act(number, &doing, by).await?;
    show(&app, number, out).await
}

/// Files a commentary.
pub async fn comment(what: &Comment, cli: &Cli, out: Output) -> Result<(), Failure> {
    let found = match what.found {
        false => (String::new(), String::new()),
        true => {
            let board = compose::board(Site::of(cli), out).await?;
            let query = KpiQuery { period: Some(what.period.clone()), ..KpiQuery::default() };
            Reporter::new(&board).found(&what.kpi, &query)?
        }
    };
    let (happened, why) = (what.what.as_deref().unwrap_or(&found.0), what.why.as_deref().unwrap_or(&found.1));
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let of = Commenting {
        kpi: &what.kpi,
        period: &what.period,
        unit: what.unit.as_deref(),
        what: happened,
        why,
        done: &what.done,
        outlook: &what.outlook,
        unsure: &what.unsure,
    };
    show(&app, app.comment(of, acting(&actor)).await?, out).await
}

/// Says that a published figure is not right.
pub async fn dispute(what: &Dispute, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let of = Disputed { kpi: &what.kpi, period: &what.period, unit: what.unit.as_deref() };
    show(&app, app.dispute(of, &what.message, acting(&actor)).await?, out).await
}

/// Lets nobody be asked about something, ends that, or lists it.
pub async fn silence(what: &Silence, cli: &Cli, out: Output) -> Result<(), Failure> {
    let actor = compose::actor(cli);
    match what {
        Silence::Set(set) => {
            let app = opened(Site::of(cli)).await?;
            let of = Silencing {
                alert: set.alert.as_deref(),
                kpi: set.kpi.as_deref(),
                unit: set.unit.as_deref(),
                until: set.until,
            };
            let number = Deciding(&app.store).silence(of, &set.message, acting(&actor)).await?;
            out.remark(&format!("silence {number} holds until {}: `kepi silence end {number}`", set.until));
            Ok(())
        }
        Silence::End(end) => {
            let app = opened(Site::of(cli)).await?;
            Deciding(&app.store).end_silence(end.silence, acting(&actor)).await?;
            out.remark(&format!("silence {} has ended", end.silence));
            Ok(())
        }
        Silence::List => {
            let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
            let all = silences(&app.store, compose::now(), true).await?;
            let clock = local_clock(&app.store).await?;
            if out.format == Format::Json {
                return Ok(out.json(&all)?);
            }
            let mut grid =
                Grid::new(&["Silence", "Alert", "KPI", "Unit", "Since", "Until", "Holds", "By", "Why"]);
            for of in all {
                let or_all = |of: Option<String>| Field::text(of.unwrap_or_else(|| "all".to_owned()));
                let number = of.silence.to_string();
                grid.push(vec![
                    Field::digits(number.clone(), number),
                    or_all(of.alert),
                    or_all(of.kpi),
                    or_all(of.unit),
                    Field::text(clock.instant(of.since)),
                    Field::text(clock.instant(of.until)),
                    Field::text(if of.holds { "yes" } else { "no" }),
                    Field::text(of.by),
                    Field::text(of.why.unwrap_or_else(|| "erased".to_owned())),
                ]);
            }
            Ok(out.rows(&grid)?)
        }
    }
}

/// Ends what nobody decided in time, and hands on what nobody did.
pub async fn tick(cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let before = app.store.newest_event().await.map_err(kepi_app::AppError::from)?;
    Deciding(&app.store).tick(compose::now()).await?;
    app.open_reviews(compose::now()).await?;
    let after = app.store.newest_event().await.map_err(kepi_app::AppError::from)?;
    match after - before {
        0 => out.remark("nothing was due"),
        n => {
            let events = counted(n, "event");
            out.remark(&format!("{events}: `kepi audit log --after {before}`"));
        }
    }
    Ok(())
}

/// Whose turn it is and what became of it, a line each.
pub(super) fn in_words(work: &WorkView, clock: &Clock) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(work.parent.map(|parent| format!("  belongs to item {parent}")));
    for (name, text) in &work.parts {
        lines.push(format!("  {name}: {}", text.as_deref().unwrap_or("the text was erased")));
    }
    if let Some(owner) = &work.owner {
        let bound = if owner.bound { ", who cannot refuse it" } else { "" };
        lines.push(format!("  is with {}{bound}", owner.person));
        lines.extend(owner.way.iter().map(|stop| format!("    by {stop}")));
        if owner.rung > 0 {
            lines.push(format!("    not done in time by {} before", owner.rung));
        }
        let outcomes = work.outcomes.join(", ");
        if !outcomes.is_empty() {
            lines.push(format!("  can be finished as {outcomes}"));
        }
    }
    lines.extend(work.acknowledged.map(|at| format!("  seen on {}", clock.instant(at))));
    lines.extend(work.snoozed.map(|until| format!("  snoozed until {}", clock.instant(until))));
    lines.extend(work.outcome.iter().map(|outcome| format!("  said to be {outcome}")));
    lines.extend(work.seen.iter().map(|seen| format!("  {seen}")));
    if let Some(of) = &work.case {
        lines.push(format!("  row of {}: {}", of.of, of.row.join(" ")));
        lines.push(format!("  {}", of.permission));
        if of.may_contact {
            lines.push(format!("  asked once more as {}", of.token));
        }
        let quoted = |note: &Option<String>| note.as_ref().map_or(String::new(), |note| format!(": {note}"));
        for contact in &of.contacts {
            let reached = if contact.reached { "reached" } else { "not reached" };
            lines.push(format!(
                "  {} {}, {reached}{}",
                clock.instant(contact.at),
                contact.by,
                quoted(&contact.note)
            ));
        }
        if let (true, None) = (work.owner.is_some(), &of.cause) {
            lines.push(format!("  root causes: {}", of.causes.join(", ")));
        }
        lines.extend(of.cause.iter().map(|cause| format!("  root cause: {cause}")));
        for answer in &of.answers {
            let settled = if answer.settled { "settled" } else { "not settled" };
            lines.push(format!(
                "  {} the customer: {settled}{}",
                clock.instant(answer.at),
                quoted(&answer.note)
            ));
        }
        if of.closed_without_contact {
            lines.push("  CLOSED WITHOUT CONTACT".to_owned());
        }
    }
    if let Some(of) = &work.review {
        lines.push(format!("  led by {}", of.chair));
        for point in &of.points {
            let number = point.number;
            let unit = point.unit.as_ref().map_or(String::new(), |unit| format!(" of {unit}"));
            let decided = match &point.decided {
                None => "not decided on".to_owned(),
                Some(of) => {
                    format!("{}: {}", of.decision, of.why.as_deref().unwrap_or("the text was erased"))
                }
            };
            let about = match &point.about {
                About::Kpi(kpi) => kpi.clone(),
                of => of.to_string(),
            };
            lines.push(format!("  {number}. {about}{unit}: {}; {decided}", point.why.join(", ")));
        }
    }
    for (number, kind, state) in &work.children {
        lines.push(format!("  item {number} belongs to it: {kind}, {state}"));
    }
    lines
}
