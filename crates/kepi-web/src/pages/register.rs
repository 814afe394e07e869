//! What is, was or will be in force, on any day, as it was known at any position of the log.

use kepi_report::view::{HeldView, RegisterView};
use maud::{Markup, html};

use super::inbox::rooms;
use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &RegisterView) -> Markup {
    let asked = &view.asked;
    let (of, day) = (asked.of.as_deref().unwrap_or(""), asked.day.as_deref().unwrap_or(""));
    let position = asked.position.map(|n| n.to_string()).unwrap_or_default();
    let query = [("id", of), ("day", day), ("at", position.as_str())];
    let query: Vec<(&str, &str)> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let body = html! {
        header.head {
            h1 { "Register" }
            p.sub {
                @if of.is_empty() { (view.held.len()) " definitions" } @else { code { (of) } }
                @match (day, position.as_str()) {
                    ("", "") => { ", in every wording that is known now" }
                    ("", at) => { ", as known at event " (at) }
                    (day, "") => { " in force on " (day) ", as known now" }
                    (day, at) => { " in force on " (day) ", as known at event " (at) }
                }
            }
            (rooms("/register"))
            form.chooser method="get" action="/register" {
                @if !of.is_empty() { input type="hidden" name="id" value=(of); }
                label { span { "In force on" } input type="date" name="day" value=(day); }
                label { span { "As known at event" } input type="number" name="at" min="1" value=(position); }
                button type="submit" { "Show" }
                @if !query.is_empty() { a.step href="/register" { "All definitions" } }
            }
        }
        @if of.is_empty() { (list(view, day, &position)) } @else { @for held in &view.held { (one(held)) } }
        (parts::download("/register/definitions.csv", &query, "This list"))
    };
    layout::page(&Head { title: "Register", project: Some(&view.project), path: "/inbox" }, body)
}

fn list(view: &RegisterView, day: &str, position: &str) -> Markup {
    let kind = |held: &HeldView| held.touch.id.split('/').next().unwrap_or_default().to_owned();
    html! {
        section aria-label="Definitions" {
            @if view.held.is_empty() { p { "Nothing was in force then." } } @else {
                table.kpis role="table" aria-label="Definitions in force" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Definition" }
                        th scope="col" role="columnheader" { "In force from" }
                        th scope="col" role="columnheader" { "Adopted" }
                        th scope="col" role="columnheader" { "By" }
                        th.num scope="col" role="columnheader" { "Event" }
                    } }
                    @for group in view.held.chunk_by(|a, b| kind(a) == kind(b)) {
                        tbody role="rowgroup" {
                            tr.perspective role="row" {
                                th scope="rowgroup" role="rowheader" colspan="5" { (group.first().map(kind).unwrap_or_default().replace('_', " ")) }
                            }
                            @for held in group {
                                @let query = [("id", held.touch.id.as_str()), ("day", day), ("at", position)];
                                @let query = query.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
                                tr role="row" {
                                    th scope="row" role="rowheader" { a href=(parts::href("/register", &query)) { (held.touch.name) } }
                                    td role="cell" data-label="In force from" { (held.touch.from) }
                                    td role="cell" data-label="Adopted" { (parts::day(&held.at)) }
                                    td role="cell" data-label="By" { (held.by) }
                                    td.num role="cell" data-label="Event" { span.num { (held.event) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The way to changing a wording.
fn change(held: &HeldView) -> Markup {
    let from = Some(held.touch.from.as_str()).filter(|from| *from != "ever");
    let query: Vec<(&str, &str)> =
        [("id", held.touch.id.as_str())].into_iter().chain(from.map(|from| ("from", from))).collect();
    html! { a href=(parts::href("/changes/new", &query)) { "Propose a change" } }
}

/// A wording with its text.
fn one(held: &HeldView) -> Markup {
    let heading = format!("from-{}-{}", held.touch.from, held.event);
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { "From " (held.touch.from) }
            p.sub {
                "Adopted " (parts::time(&held.at)) " by " (held.by) ", event " (held.event) "."
                @if let Some(path) = &held.touch.path { " " a href=(path) { (held.touch.name) } }
                @if held.text.is_some() { " " (change(held)) }
            }
            @match &held.text {
                Some(text) => pre tabindex="0" { code { (text.trim().trim_start_matches("---").trim()) } },
                None => p.reason { "The text is not shown: it was erased, or it is a person’s." }
            }
        }
    }
}
