//! One item, of whatever kind: what it is about, whose turn it is, what differs by it, what was said, what became of it.

use kepi_report::{
    dual::Said as Figure,
    view::{BallotView, DocumentView, ItemView, Named, RemarkView, TouchView},
};
use maud::{Markup, html};

use super::{Said, review, work};
use crate::{
    forms,
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &ItemView, said: Option<&Said>) -> Markup {
    let row = &view.row;
    let body = html! {
        header.head {
            p.crumbs { a href="/inbox" { "Inbox" } " / " (row.kind) " " (row.number) }
            h1 { (row.title) }
            p.sub {
                "By " (row.by.join(", ")) " on " (parts::day(&row.opened)) " · "
                @match (&row.ended, &row.due) {
                    (Some(at), _) => { strong { (row.state) } " on " (parts::day(at)) }
                    (None, Some(due)) => { strong { (row.state) } " until " (parts::day(due)) }
                    (None, None) => { strong { (row.state) } }
                }
            }
        }
        (forms::refused(said))
        div.columns {
            div {
                div.panel {
                    h2 { "Why" }
                    @match &row.why { Some(why) => { p.quote { "“" (why) "”" } } None => { p.reason { "The text was erased." } } }
                    @if !view.subject.is_empty() { ul.plain { @for of in &view.subject { li { (of) } } } }
                    p.note { (view.about) }
                }
                (work::holds(view))
                @if !view.learnt.is_empty() {
                    h2 { "What was learnt before" }
                    @for of in &view.learnt { (super::acting::learnt(of)) }
                }
                (review::agenda(view, view.project.viewer.as_ref(), said))
                (changes(view))
                (by_both(view))
                (rounds(view))
                (discussion(view, said))
            }
            div {
                (turn(view, said))
                (work::with_whom(view))
                (stands(view))
                (follows(&view.scorecards, &view.follow, &view.watched_by, &view.people))
            }
        }
        (history(view))
    };
    layout::page(&Head { title: &row.title, project: Some(&view.project), path: "/inbox" }, body)
}

/// What who looks can do, or why nothing.
fn turn(view: &ItemView, said: Option<&Said>) -> Markup {
    let (row, viewer, typed) = (&view.row, view.project.viewer.as_ref(), forms::typed(said, "why"));
    if row.ended.is_some() {
        let viewer = viewer.filter(|viewer| viewer.decides && view.forms.take_back);
        return html! { @if let Some(viewer) = viewer { div.panel.turn { h2 { "Your part" } (work::forms(view, viewer, said)) } } };
    }
    let action = format!("/items/{}/vote", row.number);
    let votes = view.forms.vote || view.forms.abstain;
    html! {
        div.panel.turn {
            h2 { @if view.forms.vote || view.forms.learn || view.forms.snooze { "Your turn" } @else { "Your part" } }
            @match &row.why_me {
                Some(why) => p { (why) }
                None if view.forms.answer => p { "The customer was reached and can still say otherwise: note what you hear." }
                None if view.forms.works() => p { "It is with somebody whom you are above: you can act for her." }
                None => p { "You have no part in it." }
            }
            @if let Some(viewer) = viewer.filter(|viewer| viewer.decides) {
                (work::forms(view, viewer, said))
                @if votes {
                    form.say method="post" action=(action) {
                        (forms::hidden(viewer))
                        input type="hidden" name="content" value=(view.content);
                        label { span { "Why (needed to reject)" } textarea name="why" rows="3" maxlength="4000" { (typed) } }
                        div.buttons {
                            @if view.forms.vote {
                                button.yes type="submit" name="stance" value="yes" { "Approve" }
                                button type="submit" name="stance" value="no" { "Reject" }
                            }
                            button type="submit" name="stance" value="abstain" { "Abstain" }
                        }
                    }
                }
                @if view.forms.counter {
                    p { "Or write it anew: " @for (n, of) in view.touches.iter().filter(|of| !of.id.starts_with("person")).enumerate() {
                        @if n > 0 { ", " }
                        @let (number, from) = (view.row.number.to_string(), if of.from == "ever" { "" } else { of.from.as_str() });
                        @let query = [("id", of.id.as_str()), ("from", from), ("item", number.as_str())];
                        @let query = query.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
                        a href=(parts::href("/changes/new", &query)) { (of.name) }
                    } "." }
                }
                @if view.forms.withdraw {
                    form.say.withdraw method="post" action={ "/items/" (row.number) "/withdraw" } {
                        (forms::hidden(viewer))
                        button type="submit" { "Withdraw it" }
                    }
                }
            }
        }
    }
}

/// Its steps, for whom it waits, and what was said of it.
fn stands(view: &ItemView) -> Markup {
    html! {
        div.panel {
            h2 { "Where it stands" }
            ol.steps-of {
                @for step in &view.steps {
                    li aria-current=[step.now.then_some("step")] {
                        (step.name.replace('_', " "))
                        span.detail { " · " (whose(step.turn)) }
                    }
                }
                @if view.row.ended.is_some() { li aria-current="step" { (view.row.state) } }
            }
            @for waits in &view.row.waits { p { "Waits for " (waits) "." } }
            @if !view.concerned.is_empty() {
                p.note { "It touches " (view.concerned.join(", ")) ", " (concerned(view)) "." }
            }
            @if !view.paid.is_empty() {
                p.note {
                    "Pay of " (view.paid.join(", ")) " hangs on it: " (if view.paid.len() == 1 { "that is" } else { "those are" })
                    " no vote of the others."
                }
            }
            @if !view.ballots.is_empty() {
                ul.plain.ballots { @for of in &view.ballots { li { (ballot(of)) } } }
            }
        }
    }
}

/// What those have to do with it whom it touches: of targets and of who answers for something they sign, the rest is for others.
fn concerned(view: &ItemView) -> &'static str {
    let signs = view.row.aspects.iter().any(|of| matches!(of.as_str(), "target" | "owner"));
    match (signs, view.concerned.len()) {
        (true, 1) => "who has to sign it",
        (true, _) => "who have to sign it",
        (false, 1) => "who does not decide on it",
        (false, _) => "who do not decide on it",
    }
}

fn whose(turn: &str) -> &str {
    match turn {
        "write" => "its author’s turn",
        "ask" => "others are asked",
        "work" => "its owner’s turn",
        "wait" => "nobody’s turn",
        other => other,
    }
}

fn ballot(of: &BallotView) -> Markup {
    let shape = match of.stance {
        "yes" => "✓",
        "no" => "✕",
        _ => "–",
    };
    html! {
        p { span.shape aria-hidden="true" { (shape) " " } strong { (of.by) } " " (of.said) " " span.detail { (parts::day(&of.at)) } }
        @if let Some(why) = &of.why { p.quote { "“" (why) "”" } }
    }
}

/// What it said in each round, where there was more than one, or it has ended.
fn rounds(view: &ItemView) -> Markup {
    let shown = view.rounds.len() > 1 || (view.row.ended.is_some() && !view.rounds.is_empty());
    html! {
        @if shown {
            div.panel {
                h2 { "How it came about" }
                ol.plain {
                    @for (n, of) in view.rounds.iter().enumerate() {
                        li {
                            p {
                                strong { "Round " (n + 1) ", by " (of.of.by) } " " span.detail { (parts::day(&of.at)) }
                                @if of.now { " " span.detail { @if view.row.ended.is_some() { "· what was decided on" } @else { "· what it says now" } } }
                            }
                            @if let Some(why) = &of.of.why { p.quote { "“" (why) "”" } }
                            ul { @for said in &of.of.said { li { (said) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What was said of it beside, and the form to say more.
fn discussion(view: &ItemView, said: Option<&Said>) -> Markup {
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides && view.forms.remark);
    let action = format!("/items/{}/remark", view.row.number);
    let own = said.filter(|said| said.form == "/items/{id}/remark");
    let resolving = forms::typed(own, "to");
    html! {
        @if !view.remarks.is_empty() || viewer.is_some() {
            div.panel {
                h2 #discussion { "Discussion" }
                @if view.remarks.is_empty() { p.note { @if view.ballots.is_empty() { "Nothing was said of it yet." } @else { "Nothing was said of it beside ballots." } } }
                @else { ol.plain.remarks {
                    @for of in &view.remarks {
                        li {
                            (remark(of))
                            @if let Some(viewer) = viewer.filter(|_| view.forms.resolve.contains(&of.of.number)) {
                                @let number = of.of.number.to_string();
                                details open[resolving == number] {
                                    summary { "Say how it is resolved" }
                                    form.say method="post" action=(action) {
                                        (forms::hidden(viewer))
                                        input type="hidden" name="content" value=(view.content);
                                        input type="hidden" name="says" value="resolution";
                                        input type="hidden" name="to" value=(number);
                                        label { span { "How it is resolved" } textarea name="why" rows="2" required maxlength="4000" { @if resolving == number { (forms::typed(own, "why")) } } }
                                        div.buttons { button type="submit" { "It is resolved" } }
                                    }
                                }
                            }
                        }
                    }
                } }
                @if let Some(viewer) = viewer {
                    form.say method="post" action=(action) {
                        (forms::hidden(viewer))
                        input type="hidden" name="content" value=(view.content);
                        label { span { "Say something of it" } textarea name="why" rows="2" required maxlength="4000" { @if resolving.is_empty() { (forms::typed(own, "why")) } } }
                        div.buttons {
                            button type="submit" name="says" value="comment" { "Comment" }
                            @if view.forms.object { button type="submit" name="says" value="objection" { "Object" } }
                        }
                        @if view.forms.object { p.note { "Over an objection it does not take effect: it waits until you agree, or somebody says how it is resolved." } }
                    }
                }
            }
        }
    }
}

fn remark(of: &RemarkView) -> Markup {
    let remark = &of.of;
    let (shape, says) = match (remark.says, remark.to) {
        ("objection", _) if remark.stands => ("▲ ", format!("objects ({})", remark.number)),
        ("objection", _) => ("○ ", format!("objected ({}), which is resolved", remark.number)),
        ("resolution", Some(to)) => ("✓ ", format!("says how {to} is resolved")),
        _ => ("", "says".to_owned()),
    };
    html! {
        p { span.shape aria-hidden="true" { (shape) } strong { (remark.by) } " " (says) " " span.detail { (parts::day(&of.at)) } }
        @match &remark.text { Some(text) => p.quote { "“" (text) "”" }, None => p.reason { "The text was erased." } }
    }
}

/// How definitions differ, in words.
fn changes(view: &ItemView) -> Markup {
    html! {
        @if !view.contradicts.is_empty() {
            div.panel {
                h2 { "What contradicts it" }
                p.note { "Something else came into force on the same lines since it was written. Its author writes it anew, and then it is asked about again." }
                ul.plain { @for said in &view.contradicts { li { (said) } } }
            }
        }
        @if !view.documents.is_empty() {
            div.panel {
                h2 { "What it changes" }
                @for of in &view.documents { (document(of)) }
            }
        } @else if !view.touches.is_empty() {
            div.panel {
                h2 { "What it is about" }
                ul.plain { @for of in &view.touches { li { (touched(of)) } } }
            }
        }
    }
}

/// Figures by both definitions, and what figures say of what is new.
fn by_both(view: &ItemView) -> Markup {
    let Some(dual) = &view.dual else { return html! {} };
    let (before, after) = if dual.since { ("Before", "Since") } else { ("Is", "Would be") };
    let figure = |of: &Option<Figure>| {
        html! {
            @match of {
                Some(of) => { (of.text) @if let Some(interval) = &of.interval { " " span.detail { (interval) } } }
                None => span.detail { "nothing" },
            }
        }
    };
    html! {
        @if !dual.vetted.is_empty() {
            div.panel {
                h2 { "What figures say of what is new" }
                ul { @for (kpi, of) in &dual.vetted { li { strong { (kpi.name) } " (" (of.analysis) "): " (of.said) } } }
            }
        }
        @if !dual.both.is_empty() || dual.not_run.is_some() {
            div.panel {
                h2 { "Figures by both" }
                p.note { "Computed on " (parts::day(&dual.at)) " from what had landed; nothing of it is published." }
                @if let Some(why) = &dual.not_run { p.reason { "They could not be computed: " (why) } }
                @for of in &dual.both {
                    h3 { @match &of.of.1 { Some(path) => a href=(path) { (of.of.0.name) }, None => (of.of.0.name) } @if let Some(counts) = &of.counts { " " span.detail { (counts) } } }
                    @if !of.rows.is_empty() {
                        div.scroll tabindex="0" role="group" aria-label={ "Figures of " (of.of.0.name) " by both" } {
                            table.figures.differs role="table" {
                                thead role="rowgroup" { tr role="row" { th scope="col" role="columnheader" { "Period" } th scope="col" role="columnheader" { (before) } th scope="col" role="columnheader" { (after) } } }
                                tbody role="rowgroup" { @for (period, part, then, now) in &of.rows {
                                    tr role="row" {
                                        th scope="row" role="rowheader" { (period) @if let Some(part) = part { " · " (part) } }
                                        td role="cell" data-label=(before) { span { (figure(then)) } }
                                        td role="cell" data-label=(after) { @if then == now { span { (figure(now)) } } @else { strong { (figure(now)) } } }
                                    }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn document(of: &DocumentView) -> Markup {
    let aspects: Vec<&str> = of.difference.aspects.iter().map(|aspect| aspect.word()).collect();
    html! {
        h3 { (touched(&of.touch)) " " span.detail { (of.how) ": " (aspects.join(", ")) } }
        @let (both, only): (Vec<_>, Vec<_>) = of.said.iter().partition(|said| said.change.is_some());
        @if !both.is_empty() {
            div.scroll tabindex="0" role="group" aria-label={ "What differs in " (of.touch.name) } {
                table.figures.differs role="table" {
                    thead role="rowgroup" { tr role="row" { th scope="col" role="columnheader" { "What" } th scope="col" role="columnheader" { "Is" } th scope="col" role="columnheader" { "Would be" } } }
                    tbody role="rowgroup" { @for said in both { @if let Some((then, now)) = &said.change {
                        tr role="row" { th scope="row" role="rowheader" { (said.what) } td role="cell" data-label="Is" { (then) } td role="cell" data-label="Would be" { strong { (now) } } }
                    } } }
                }
            }
        }
        @if !only.is_empty() { ul { @for said in only { li { (said.what) } } } }
    }
}

fn touched(of: &TouchView) -> Markup {
    html! {
        @match &of.path { Some(path) => a href=(path) { (of.name) }, None => (of.name) }
        @if of.from != "ever" { " from " (of.from) }
    }
}

/// What and whom it touches beside that.
pub(super) fn follows(
    scorecards: &[Named],
    follow: &[Named],
    watched_by: &[String],
    people: &[(String, Vec<String>)],
) -> Markup {
    let named = |all: &[Named], path: &str| {
        html! { @for (n, of) in all.iter().enumerate() { @if n > 0 { ", " } a href={ (path) (of.id) } { (of.name) } } }
    };
    html! {
        @if !(scorecards.is_empty() && follow.is_empty() && watched_by.is_empty() && people.is_empty()) {
            div.panel {
                h2 { "What and whom it touches" }
                dl {
                    @if !scorecards.is_empty() { dt { "Scorecards" } dd { (named(scorecards, "/scorecards/")) } }
                    @if !follow.is_empty() { dt { "KPIs that follow" } dd { (named(follow, "/kpis/")) } }
                    @if !watched_by.is_empty() { dt { "Alerts, playbooks and pay" } dd { (watched_by.join(", ")) } }
                    @if !people.is_empty() {
                        dt { "People" }
                        dd { @for (name, of) in people { p { (name) span.role { (of.join(", ")) } } } }
                    }
                }
            }
        }
    }
}

fn history(view: &ItemView) -> Markup {
    html! {
        section aria-labelledby="history" {
            h2 #history { "What became of it" }
            @if view.history.is_empty() { p { "Nothing is known of it." } } @else {
                table.kpis role="table" aria-labelledby="history" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "When" }
                        th scope="col" role="columnheader" { "Who" }
                        th scope="col" role="columnheader" { "What" }
                        th.num scope="col" role="columnheader" { "Event" }
                    } }
                    tbody role="rowgroup" {
                        @for of in &view.history {
                            tr role="row" {
                                td role="cell" data-label="When" { (parts::time(&of.at)) }
                                td role="cell" data-label="Who" { (of.by) }
                                td role="cell" data-label="What" { span { (of.kind.replace(['.', '_'], " ")) @if !of.said.is_empty() { ": " (of.said) } } }
                                td.num role="cell" data-label="Event" { span.num { (of.event) } }
                            }
                        }
                    }
                }
            }
            p.note { "Content " code.hash { (view.content.chars().take(12).collect::<String>()) } ": what is said of it is said of exactly this." }
        }
    }
}
