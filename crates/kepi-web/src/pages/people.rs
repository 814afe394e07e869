//! Who is there, who answers for what, and what is missing in that.

use kepi_report::view::{DirectoryView, DutyRow, GapRow, Named, OwnershipView, PersonRow, UnitRow};
use maud::{Markup, html};

use super::inbox::rooms;
use crate::{
    layout::{self, Head},
    parts,
};

/// Whoever is accountable does the work where nobody else is said to: that is worth knowing, and nothing to mend.
const LEFT: &str = "no_responsible";

/// The day that both pages are of.
fn chooser(path: &str, day: &str, asked: bool) -> Markup {
    html! {
        form.chooser method="get" action=(path) {
            label { span { "As it stood on" } input type="date" name="day" value=(day); }
            button type="submit" { "Show" }
            @if asked { a.step href=(path) { "Today" } }
        }
    }
}

fn names(all: &[Named]) -> Markup {
    html! { @for (n, of) in all.iter().enumerate() { @if n > 0 { ", " } (linked(of)) } }
}

/// A person, with the way to where she stands in the list.
fn linked(of: &Named) -> Markup {
    html! { a href={ "/people#person-" (of.id) } { (of.name) } }
}

fn nobody() -> Markup {
    html! { span.reason { span.shape aria-hidden="true" { "▲ " } "nobody" } }
}

pub(crate) fn people(view: &DirectoryView) -> Markup {
    let day = if view.asked { view.day.as_str() } else { "" };
    let body = html! {
        header.head {
            h1 { "People" }
            p.sub {
                (view.persons.len()) @if view.persons.len() == 1 { " person" } @else { " people" } " on " (view.day) ". "
                @match view.gaps {
                    0 => "Everything has somebody who answers for it.",
                    1 => a href="/ownership#gaps" { "One thing is missing." },
                    n => a href="/ownership#gaps" { (n) " things are missing." }
                }
            }
            (rooms("/people"))
            (chooser("/people", &view.day, view.asked))
        }
        section aria-labelledby="persons" {
            h2 #persons { "Persons" }
            @if view.persons.is_empty() { p { "Nobody is named. A document " code { "person: …" } " does that." } } @else {
                table.kpis role="table" aria-labelledby="persons" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Person" }
                        th scope="col" role="columnheader" { "Reports to" }
                        th scope="col" role="columnheader" { "There" }
                        th scope="col" role="columnheader" { "Manages, seats" }
                        th scope="col" role="columnheader" { "Accountable for" }
                        th.num scope="col" role="columnheader" { "Waiting" }
                    } }
                    tbody role="rowgroup" { @for of in &view.persons { (person(of)) } }
                }
            }
            (parts::download("/people/persons.csv", &[("day", day)], "This table"))
        }
        @if !view.units.is_empty() {
            section aria-labelledby="units" {
                h2 #units { "Units and seats" }
                p.note { "A seat: who holds a role in a unit, and below it, or answers there for what somebody is accountable for elsewhere." }
                table.kpis role="table" aria-labelledby="units" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Unit" }
                        th scope="col" role="columnheader" { "Below" }
                        th scope="col" role="columnheader" { "Managed by" }
                        th scope="col" role="columnheader" { "Seats" }
                    } }
                    tbody role="rowgroup" { @for of in &view.units { (unit(of)) } }
                }
            }
        }
        @if !view.roles.is_empty() {
            section aria-labelledby="roles" {
                h2 #roles { "Roles" }
                p.note { "KPIs name a role; who has its seat in a unit answers there and below. Who signs in holds the role in policies, too." }
                ul.plain { @for of in &view.roles {
                    li id={ "person-" (of.role.id) } { (of.role.name) ": "
                        @if of.held.is_empty() { (nobody()) }
                        @for (n, (unit, by)) in of.held.iter().enumerate() {
                            @if n > 0 { ", " } (linked(by)) " " span.detail { "in " a href={ "#unit-" (unit.id) } { (unit.name) } }
                        } }
                } }
            }
        }
        @if !view.left.is_empty() {
            section aria-labelledby="left" {
                h2 #left { "Left" }
                ul.plain { @for (id, at) in &view.left { li { (id) " " span.detail { "since " (parts::day(at)) } } } }
            }
        }
    };
    layout::page(&Head { title: "People", project: Some(&view.project), path: "/inbox" }, body)
}

/// A cell that is one thing also where the table is a list, on a phone.
fn cell(label: &str, of: Markup) -> Markup {
    html! { td role="cell" data-label=(label) { div.touch { (of) } } }
}

fn person(of: &PersonRow) -> Markup {
    html! {
        tr role="row" id={ "person-" (of.person.id) } {
            th scope="row" role="rowheader" {
                (of.person.name)
                @if let Some(role) = &of.role { " " span.detail { (role) } }
            }
            (cell("Reports to", html! {
                @match &of.reports_to { Some(to) => (linked(to)), None => "–" }
                @if let Some(to) = &of.dotted_to { p.detail { "dotted: " (linked(to)) } }
            }))
            (cell("There", html! {
                @match &of.away_until {
                    Some(until) => { "away until " (until)
                        @match &of.substitute { Some(by) => { ", " (linked(by)) " acts" }, None => ", nobody is named to act" } },
                    None => { "there"
                        @if let Some(by) = &of.substitute { p.detail { "substitute: " (linked(by)) } } }
                }
                @for (from, until) in &of.away_next { p.detail { "away from " (from) " until " (until) } }
            }))
            (cell("Manages, seats", html! {
                @if of.manages.is_empty() && of.seats.is_empty() { "–" }
                @for unit in &of.manages { p { a href={ "#unit-" (unit.id) } { (unit.name) } } }
                @for (unit, who) in &of.seats { p.detail { "for " (linked(who)) " in " a href={ "#unit-" (unit.id) } { (unit.name) } } }
            }))
            (cell("Accountable for", html! {
                @match of.accountable.len() {
                    0 => "–",
                    n if n <= 3 => { @for (n, kpi) in of.accountable.iter().enumerate() { @if n > 0 { ", " } a href={ "/kpis/" (kpi.id) } { (kpi.name) } } },
                    n => details { summary { (n) " KPIs" }
                        ul.plain { @for kpi in &of.accountable { li { a href={ "/kpis/" (kpi.id) } { (kpi.name) } } } } }
                }
                @if of.responsible > 0 { p.detail { "does the work on " (of.responsible) } }
                @if of.sources > 0 { p.detail { "owns " (of.sources) @if of.sources == 1 { " source" } @else { " sources" } } }
            }))
            td.num role="cell" data-label="Waiting" {
                @match of.items {
                    Some((open, overdue)) => { span.num { (open) } @if overdue > 0 { p.detail { (overdue) " overdue" } } },
                    None => span { "–" }
                }
            }
        }
    }
}

fn unit(of: &UnitRow) -> Markup {
    html! {
        tr role="row" id={ "unit-" (of.unit.id) } {
            th scope="row" role="rowheader" { (of.unit.name) }
            (cell("Below", html! { @match &of.parent { Some(of) => (of.name), None => "–" } }))
            (cell("Managed by", html! { @match &of.manager { Some(by) => (linked(by)), None => "–" } }))
            (cell("Seats", html! {
                @if of.seats.is_empty() { "–" }
                @for (who, by) in &of.seats { p { (linked(by)) " " span.detail { "for " (linked(who)) } } }
            }))
        }
    }
}

pub(crate) fn ownership(view: &OwnershipView) -> Markup {
    let day = if view.asked { view.day.as_str() } else { "" };
    let body = html! {
        header.head {
            h1 { "Ownership" }
            p.sub { "Who answers for what on " (view.day) ", who does the work, who is asked and told, and who acts in units." }
            (rooms("/ownership"))
            (chooser("/ownership", &view.day, view.asked))
        }
        section aria-labelledby="gaps" {
            h2 #gaps { "What is missing" }
            @if view.gaps.iter().all(|gap| gap.code == LEFT) { p { "Nothing: everything has somebody who answers for it, and who acts." } }
            (gaps(&view.gaps))
        }
        section aria-labelledby="duties" {
            h2 #duties { "Who answers for what" }
            table.kpis role="table" aria-labelledby="duties" {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "What" }
                    th scope="col" role="columnheader" { "Accountable" }
                    th scope="col" role="columnheader" { "Responsible" }
                    th scope="col" role="columnheader" { "Consulted" }
                    th scope="col" role="columnheader" { "Informed" }
                    th scope="col" role="columnheader" { "In units" }
                } }
                @for group in view.duties.chunk_by(|a, b| kind(a) == kind(b)) {
                    tbody role="rowgroup" {
                        tr.perspective role="row" {
                            th scope="rowgroup" role="rowheader" colspan="6" { (if group.first().is_some_and(|of| kind(of) == "kpi") { "KPIs" } else { "Sources" }) }
                        }
                        @for of in group { (duty(of)) }
                    }
                }
            }
            (parts::download("/ownership/duties.csv", &[("day", day)], "This table"))
        }
    };
    layout::page(&Head { title: "Ownership", project: Some(&view.project), path: "/inbox" }, body)
}

fn kind(of: &DutyRow) -> &str {
    of.of.split('/').next().unwrap_or_default()
}

fn gaps(all: &[GapRow]) -> Markup {
    html! {
        @for group in all.chunk_by(|a, b| a.code == b.code) {
            @let head = group.first();
            // What is to be done is said once where it is the same of all.
            @let same = head.filter(|head| group.len() > 1 && group.iter().all(|gap| gap.fix == head.fix));
            @let list = html! {
                @if let Some(head) = same { p.detail { "To do: " (head.fix) "." } }
                ul.plain {
                    @for gap in group {
                        li {
                            @match &gap.path { Some(path) => a href=(path) { (gap.said) }, None => (gap.said) }
                            @if same.is_none() { " " span.detail { "To do: " (gap.fix) "." } }
                        }
                    }
                }
            };
            div.panel {
                @if head.is_some_and(|of| of.code == LEFT) {
                    details { summary { "Left to who is accountable " span.detail { (group.len()) } } (list) }
                } @else {
                    h3 { span.shape aria-hidden="true" { "▲ " } (head.map_or("", |of| heading(of.code))) " " span.detail { (group.len()) } }
                    (list)
                }
            }
        }
    }
}

fn heading(code: &str) -> &str {
    match code {
        "no_accountable" => "Nobody answers for it",
        "vacant" => "A role that nobody holds",
        "not_accepted" => "Not accepted yet",
        "nobody_acts" => "Away, and nobody acts",
        "idle" => "Lets things lie",
        "overload" => "Answers for too much",
        "no_manager" => "Not managed",
        other => other,
    }
}

fn duty(of: &DutyRow) -> Markup {
    let list = |all: &[Named]| html! { @if all.is_empty() { "–" } @else { (names(all)) } };
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { @match &of.path { Some(path) => a href=(path) { (of.name) }, None => (of.name) } }
            (cell("Accountable", html! {
                @match &of.accountable { Some(who) => (linked(who)), None => (nobody()) }
                @if let Some(role) = &of.role { p.detail { "as " (role.name) } }
                @if let Some(acts) = &of.acts { p.detail { "away: " (linked(acts)) " acts" } }
                @if let Some(item) = of.handover { p.detail { a href={ "/items/" (item) } { "not accepted yet" } } }
            }))
            (cell("Responsible", list(&of.responsible)))
            (cell("Consulted", list(&of.consulted)))
            (cell("Informed", list(&of.informed)))
            (cell("In units", html! {
                @if of.units.is_empty() { "–" }
                @for (unit, by) in &of.units { p { (unit.name) ": " (linked(by)) } }
            }))
        }
    }
}
