//! What waits: one's own turn first, each with what it is, why it waits for one, and until when.

use kepi_report::view::{InboxView, ItemRow};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

/// The pages of deciding, which lead to each other.
const ROOMS: [(&str, &str); 12] = [
    ("Inbox", "/inbox"),
    ("Reviews", "/reviews"),
    ("Alerts", "/alerts"),
    ("Playbooks", "/playbooks"),
    ("Feedback", "/feedback"),
    ("How long it takes", "/latency"),
    ("Periods", "/periods"),
    ("Register", "/register"),
    ("People", "/people"),
    ("Ownership", "/ownership"),
    ("Disclosure", "/disclosure"),
    ("Log", "/audit"),
];

/// The way between the pages of deciding.
pub(crate) fn rooms(here: &str) -> Markup {
    html! {
        nav aria-label="Decisions" {
            ul.others {
                @for (name, path) in ROOMS {
                    li { a href=(path) aria-current=[(path == here).then_some("page")] { (name) } }
                }
            }
        }
    }
}

pub(crate) fn render(view: &InboxView) -> Markup {
    let all = if view.all { "yes" } else { "" };
    let body = html! {
        header.head {
            h1 { "Inbox" }
            p.sub {
                @match (&view.me, view.turn.len()) {
                    (None, _) => { "Nobody decides here: what waits for whom is shown, and nothing can be said." }
                    (Some(_), 0) => { "Nothing waits for you." }
                    (Some(_), 1) => { "One waits for you." }
                    (Some(_), n) => { (n) " wait for you." }
                }
            }
            (rooms("/inbox"))
        }
        @if !view.turn.is_empty() {
            section aria-labelledby="mine" {
                h2 #mine { "Your turn" }
                ul.waiting { @for row in &view.turn { li { (mine(row)) } } }
            }
        }
        @if !view.part.is_empty() {
            section aria-labelledby="part" {
                h2 #part { "You take part, others are to act" }
                (table(&view.part, "part"))
            }
        }
        @if !view.others.is_empty() {
            section aria-labelledby="others" {
                h2 #others { "Waits for others" }
                (table(&view.others, "others"))
            }
        }
        @if !view.silences.is_empty() {
            section aria-labelledby="silent" {
                h2 #silent { "Alerts ask nobody about" }
                ul.plain { @for of in &view.silences { li {
                    p { strong { (of.what) } " until " (parts::day(&of.until)) ", says " (of.of.by) @if let Some(why) = &of.of.why { ": “" (why) "”" } }
                } } }
            }
        }
        @if view.all {
            section aria-labelledby="ended" {
                h2 #ended { "Ended" }
                @if view.ended.is_empty() { p { "Nothing yet." } } @else { (table(&view.ended, "ended")) }
            }
        } @else {
            p.note { a href="/inbox?all=yes" { "What has ended, too" } }
        }
        (parts::download("/inbox/items.csv", &[("all", all)], "This list"))
    };
    layout::page(&Head { title: "Inbox", project: Some(&view.project), path: "/inbox" }, body)
}

/// Three seconds: what, who wants it and why, why it waits for me, until when.
fn mine(row: &ItemRow) -> Markup {
    html! {
        article.wait {
            div {
                h3 { a href={ "/items/" (row.number) } { (row.title) } }
                (parts::asks(row))
                @if let Some(why) = &row.why_me { p.why { (why) } }
            }
            p.until {
                @if let Some(due) = &row.due { span { "until " } (parts::day(due)) }
            }
        }
    }
}

fn table(rows: &[ItemRow], heading: &str) -> Markup {
    html! {
        table.kpis role="table" aria-labelledby=(heading) {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { "What" }
                th scope="col" role="columnheader" { "Who wants it" }
                th scope="col" role="columnheader" { @if heading == "ended" { "How it ended" } @else { "Waits for" } }
                th scope="col" role="columnheader" { @if heading == "ended" { "When" } @else { "Until" } }
            } }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        th scope="row" role="rowheader" { a href={ "/items/" (row.number) } { (row.title) } }
                        td role="cell" data-label="Who wants it" {
                            (row.by.join(", "))
                            @if let Some(why) = &row.why { span.verdict { "“" (why) "”" } }
                        }
                        @match &row.ended {
                            Some(at) => {
                                td role="cell" data-label="How it ended" { (row.state) }
                                td role="cell" data-label="When" { (parts::day(at)) }
                            }
                            None => {
                                td role="cell" data-label="Waits for" { (row.waits.join("; ")) }
                                td role="cell" data-label="Until" {
                                    @match &row.due { Some(due) => (parts::day(due)), None => "no day" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
