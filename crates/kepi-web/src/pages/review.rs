//! Reviews: the agenda with the evidence of each point, to be printed or decided on; and which there are.

use kepi_report::view::{AboutView, ItemView, PointView, ReviewView, ReviewsView, Viewer};
use maud::{Markup, html};

use super::{Said, error::sentence, inbox};
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
    parts,
};

/// What can be decided: word, and words.
const DECISIONS: [(&str, &str); 5] = [
    ("plan", "somebody files a plan"),
    ("task", "somebody does something"),
    ("change", "somebody proposes another definition, target or owner"),
    ("accept", "it stays as it is"),
    ("defer", "it is put off to the next review"),
];
/// Where a decision is sent to.
const DECIDE: &str = "/items/{id}/decide";

/// All reviews.
pub(crate) fn all(view: &ReviewsView) -> Markup {
    let list = |id: &str, title: &str, rows: &[kepi_report::view::ItemRow]| {
        html! {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                @if rows.is_empty() { p { "None." } } @else {
                    ul.plain { @for row in rows { li {
                        a href={ "/reviews/" (row.number) } { (row.title) }
                        @match (&row.ended, &row.due) {
                            (Some(at), _) => { ", held on " (parts::day(at)) }
                            (None, Some(due)) => { ", with " (row.waits.join(", ")) " until " (parts::day(due)) }
                            (None, None) => {}
                        }
                    } } }
                }
            }
        }
    };
    let body = html! {
        header.head {
            h1 { "Reviews" }
            p.sub { "Each opens by itself once its period is over, as a document " code { "review: …" } " says." }
            (inbox::rooms("/reviews"))
        }
        (list("open", "To be held", &view.open))
        (list("held", "Held", &view.held))
    };
    layout::page(&Head { title: "Reviews", project: Some(&view.project), path: "/inbox" }, body)
}

/// A review as it is printed: everything that a decision rests on, and what was decided.
pub(crate) fn pack(view: &ItemView) -> Markup {
    let row = &view.row;
    let body = html! {
        header.head {
            p.crumbs { a href="/reviews" { "Reviews" } " / " (row.number) }
            h1 { (row.title) }
            p.sub {
                @match (&row.ended, &row.due) {
                    (Some(at), _) => { "Held on " (parts::day(at)) }
                    (None, Some(due)) => { "To be held until " (parts::day(due)) }
                    (None, None) => { (row.state) }
                }
            }
        }
        @match &view.review {
            Some(review) => {
                div.pile {
                    (head(review))
                    (led(review))
                    @for point in &review.points { (shown(point, true)) }
                }
                p.say { a href={ "/items/" (row.number) } { "Decide on it" } }
            }
            None => p { "This is no review: " a href={ "/items/" (row.number) } { "its page" } "." }
        }
    };
    layout::page(&Head { title: &row.title, project: Some(&view.project), path: "/inbox" }, body)
}

/// What stands on the page of the item.
pub(super) fn agenda(view: &ItemView, viewer: Option<&Viewer>, said: Option<&Said>) -> Markup {
    let Some(review) = &view.review else { return html! {} };
    let may = viewer.filter(|viewer| viewer.decides && view.forms.decide && view.row.ended.is_none());
    html! {
        (head(review))
        @if let Some(viewer) = may { (attendance(view, review, viewer)) }
        p.say { a href={ "/reviews/" (view.row.number) } { "To be printed, with all evidence" } }
        (led(review))
        @for point in &review.points {
            (shown(point, false))
            @if let (Some(viewer), None) = (may, &point.decided) { (form(view, point, viewer, said)) }
        }
    }
}

fn head(review: &ReviewView) -> Markup {
    let decided = review.points.iter().filter(|point| point.decided.is_some()).count();
    html! {
        div.panel {
            h2 { "Who, and on what" }
            p {
                "Led by " strong { (review.chair) }
                @if !review.participants.is_empty() { ", with " (review.participants.join(", ")) }
                ". " a href={ "/?scorecard=" (review.scorecard.id) } { (review.scorecard.name) }
                @if let Some(unit) = &review.unit { " of " (unit.name) }
                " in " (review.period) "."
            }
            p { @match &review.present {
                Some(present) => { "There: " (present.join(", ")) "." }
                None => "Nobody has said who was there.",
            } }
            p {
                @match review.points.len() {
                    0 => "Nothing deviates and nothing waits: there is nothing to decide on.",
                    all => { (decided) " of " (all) " points are decided on." }
                }
                @if let Some(run) = review.run { " The agenda was made of run " (run) "; figures are those of now." }
            }
        }
    }
}

/// What lags beside what is believed to lead it: whether what is to come was announced.
fn led(review: &ReviewView) -> Markup {
    let figure = |row: &kepi_report::view::KpiRow, period: &str| {
        html! { (parts::status(row.status)) " " (parts::value(&row.value)) " in " (period) @if let Some(target) = &row.target { ", target " (target.target) } }
    };
    html! {
        @if !review.led.is_empty() {
            div.panel {
                h2 { "What lags, beside what is to lead it" }
                @for of in &review.led {
                    p {
                        a href={ "/kpis/" (of.kpi.id) } { strong { (of.kpi.name) } } " lags"
                        @if let Some(perspective) = &of.perspective { " (" (perspective.name) ")" }
                        ": " (figure(&of.row, &of.period)) "."
                        @if !of.ahead.is_empty() { " Ahead: " (of.ahead.join(" ")) }
                    }
                    ul.plain { @for leading in &of.leading { li {
                        a href={ "/kpis/" (leading.kpi.id) } { (leading.kpi.name) } " leads: " (figure(&leading.row, &leading.period))
                        "; that it leads is " (leading.evidence.label()) "."
                    } } }
                }
            }
        }
    }
}

/// Who was there when it was held.
fn attendance(view: &ItemView, review: &ReviewView, viewer: &Viewer) -> Markup {
    let expected = || review.participants.iter().chain([&review.chair]);
    let is_there = |name: &String| match &review.present {
        Some(present) => present.contains(name),
        None => expected().any(|of| of == name),
    };
    html! {
        details.deed {
            summary { "Say who was there" }
            form.say method="post" action={ "/items/" (view.row.number) "/attend" } {
                (hidden(viewer))
                fieldset {
                    legend { "Who was there" }
                    @for person in &view.persons {
                        label.tick {
                            input type="checkbox" name="present" value=(person.id) checked[is_there(&person.name) || is_there(&person.id)];
                            (person.name)
                        }
                    }
                }
                div.buttons { button.yes type="submit" { "These were there" } }
            }
        }
    }
}

fn shown(point: &PointView, whole: bool) -> Markup {
    let (what, path) = match &point.about {
        AboutView::Kpi(of) if point.of_definition => ("", format!("/kpis/{}#definition", of.id)),
        AboutView::Kpi(of) => ("", format!("/kpis/{}", of.id)),
        AboutView::Journey(of) => ("Journey: ", format!("/journeys/{}", of.id)),
        AboutView::Source(of) => ("Source: ", format!("/data#{}", of.id)),
    };
    html! {
        div.panel.point {
            h2 {
                (point.number) ". " (what) a href=(path) { (point.about.named().name) }
                @if let Some(unit) = &point.unit { " of " (unit.name) }
                @if point.of_definition { ": the definition" }
            }
            p { (sentence(&point.why.join("; "))) }
            @if !point.of_definition {
                @if let Some(row) = &point.row {
                    p { (parts::status(row.status)) " " (parts::value(&row.value)) " in " (point.period) " " (parts::against_target(row)) }
                }
                @if let Some(insight) = &point.insight {
                    p { (insight.what) @for why in &insight.why { " " (why) } @if let Some(located) = &insight.located { " " (located) } }
                    @if !point.ahead.is_empty() { p { "Ahead: " (point.ahead.join(" ")) } }
                    p { strong { (insight.action) } }
                }
            }
            @if !point.evidence.is_empty() {
                dl { @for (about, said) in &point.evidence { dt { (about) } dd { (said) } } }
            }
            @if let Some(said) = &point.commentary {
                @if whole {
                    dl.parts { @for (name, text) in &said.parts {
                        dt { (name) }
                        dd { @match text { Some(text) => span.quote { (text) }, None => span.reason { "The text was erased." } } }
                    } }
                } @else {
                    p { "Said by " (said.by.join(", ")) ": " a href={ "/items/" (said.item) } { "commentary" } "." }
                }
            }
            @if !point.items.is_empty() {
                p { @for (n, (item, kind, state)) in point.items.iter().enumerate() {
                    @if n > 0 { ", " }
                    a href={ "/items/" (item) } { (kind) " " (item) } " (" (state) ")"
                } }
            }
            @if let Some(of) = &point.decided {
                p {
                    "Decided by " (of.by) ": " strong { (of.decision) }
                    @match &of.why { Some(why) => { ", “" (why) "”" } None => { ", the text was erased" } }
                    @if let Some(task) = of.task { " — " a href={ "/items/" (task) } { "task " (task) } }
                }
            }
        }
    }
}

/// Whether it can be decided on a point: what is owed is not accepted, and a plan is of a KPI.
fn is_open_to(point: &PointView, decision: &str) -> bool {
    match decision {
        "accept" => !point.plan_owed,
        "plan" => point.about.is_kpi(),
        _ => true,
    }
}

/// What is decided on a point, and who does what follows.
fn form(view: &ItemView, point: &PointView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    let own = said.filter(|of| forms::typed_at(Some(of), DECIDE, "point") == point.number.to_string());
    let was = |name: &str| forms::typed_at(own, DECIDE, name);
    html! {
        details.deed open[own.is_some()] {
            summary { "Decide on point " (point.number) }
            form.say method="post" action={ "/items/" (view.row.number) "/decide" } {
                (hidden(viewer))
                input type="hidden" name="point" value=(point.number);
                label { span { "What" }
                    select name="decision" {
                        @for (word, words) in DECISIONS.iter().filter(|(word, _)| is_open_to(point, word)) {
                            option value=(word) selected[was("decision") == *word] { (words) }
                        }
                    }
                }
                label { span { "Why, or what is to be done" } textarea name="why" rows="2" required maxlength="4000" { (was("why")) } }
                fieldset.action {
                    legend { "Where somebody has something to do" }
                    label { span { "Who" }
                        select name="who" {
                            option value="" { "—" }
                            @for person in &view.persons { option value=(person.id) selected[was("who") == person.id] { (person.name) } }
                        }
                    }
                    label { span { "Until" } input type="date" name="by" value=(was("by")); }
                }
                div.buttons { button.yes type="submit" { "Decide" } }
            }
        }
    }
}
