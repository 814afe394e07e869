//! The log in words: who did what, and whether it is still what was signed.

use kepi_report::view::{LogRow, LogView, ProofView};
use maud::{Markup, html};

use super::inbox::rooms;
use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &LogView) -> Markup {
    let asked = &view.asked;
    let (about, by) = (asked.about.as_deref().unwrap_or(""), asked.by.as_deref().unwrap_or(""));
    let query: Vec<(&str, &str)> =
        [("about", about), ("by", by)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let before = asked.before.map(|n| n.to_string());
    let here: Vec<(&str, &str)> =
        query.iter().copied().chain(before.as_deref().map(|before| ("before", before))).collect();
    let body = html! {
        header.head {
            h1 { "Log" }
            p.sub {
                "What happened, newest first"
                @if !about.is_empty() { ", about " code { (about) } }
                @if !by.is_empty() { ", by " (by) }
                "; the log has " (view.size) @if view.size == 1 { " event." } @else { " events." }
            }
            (rooms("/audit"))
            form.chooser method="get" action="/audit" {
                label { span { "About" } input type="text" name="about" value=(about) placeholder="item/7"; }
                label { span { "By" } input type="text" name="by" value=(by); }
                button type="submit" { "Show" }
                @if !here.is_empty() { a.step href="/audit" { "All, newest first" } }
            }
        }
        (signed(view))
        section aria-label="Events" {
            @if view.events.is_empty() { p { "Nothing of that is in the log." } } @else { (list(view)) }
            @if let Some(older) = view.older {
                @let older = older.to_string();
                @let query: Vec<(&str, &str)> = query.iter().copied().chain([("before", older.as_str())]).collect();
                p { a.step href=(parts::href("/audit", &query)) { "Older events" } }
            }
        }
        (parts::download("/audit/events.csv", &here, "This list"))
    };
    layout::page(&Head { title: "Log", project: Some(&view.project), path: "/inbox" }, body)
}

/// Whether it is what was signed.
fn signed(view: &LogView) -> Markup {
    html! {
        section aria-label="Whether it is what was signed" { div.panel {
            h2 { "Is it what it was?" }
            @match view.signed {
                None => p { "No checkpoint has been signed yet: " code { "kepi audit checkpoint" } "." },
                Some(of) if of.holds => p {
                    span.shape aria-hidden="true" { "✓ " }
                    "It begins with the " (of.size) " events that were signed last"
                    @if of.size < view.size { "; " (view.size - of.size) " came since" }
                    "."
                },
                Some(of) => p {
                    span.shape aria-hidden="true" { "✕ " }
                    strong { "It does not begin with the " (of.size) " events that were signed." }
                    " " code { "kepi audit verify" } " says what is wrong."
                },
            }
            p.note {
                "Every event, figure and file is held against it by " code { "kepi audit verify" } "; "
                code { "kepi audit export" } " writes a bundle that others verify without Kepi."
            }
        } }
    }
}

/// That an event is in the log as it was signed.
pub(crate) fn proof(view: &ProofView) -> Markup {
    let of = &view.of;
    let data = format!("/api/v1/audit/{}", of.seq);
    let body = html! {
        header.head {
            p.crumbs { a href="/audit" { "Log" } " / event " (of.seq) }
            h1 { "Event " (of.seq) }
            p.sub { "That it stands in the log of " (of.size) " events, for whoever believes no server." }
        }
        section aria-label="What is proved" { div.panel {
            @match of.checkpoints.is_empty() {
                true => p { span.shape aria-hidden="true" { "○ " } "Nobody has signed for it yet: " code { "kepi audit checkpoint" } " signs the log as it stands." },
                false => p { span.shape aria-hidden="true" { "✓ " } "Its hash leads by those beside it to the root, which is signed." },
            }
            h2 { "The event, byte for byte" }
            pre tabindex="0" { code { (of.event) } }
            h2 { "The hashes beside the way to the root" }
            ol { @for hash in &of.path { li { code.hash { (hash) } } } }
            p { "Root: " code.hash { (of.root) } }
            @for note in &of.checkpoints { h2 { "Signed" } pre tabindex="0" { code { (note) } } }
            @if !of.keys.is_empty() { h2 { "Keys that signed for the log" } ul { @for key in &of.keys { li { code { (key) } } } } }
            p { a.step href=(data) download={ "event-" (of.seq) ".json" } { "The proof as a file" } }
            p.note {
                "One file of Python checks it, without Kepi: " code { "verify.py event-" (of.seq) ".json" } ". " code { "kepi audit export FOLDER" }
                " writes it beside a bundle of the whole log."
            }
        } }
    };
    layout::page(
        &Head { title: &format!("Event {}", of.seq), project: Some(&view.project), path: "/inbox" },
        body,
    )
}

fn list(view: &LogView) -> Markup {
    html! {
        table.kpis role="table" aria-label="Events" {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { "Event" }
                th scope="col" role="columnheader" { "When" }
                th scope="col" role="columnheader" { "By" }
                th scope="col" role="columnheader" { "About" }
                th scope="col" role="columnheader" { "What" }
            } }
            tbody role="rowgroup" { @for of in &view.events { (row(of)) } }
        }
    }
}

fn row(of: &LogRow) -> Markup {
    let by = [("by", of.by.as_str())];
    let about = [("about", of.about.as_str())];
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { a.num href={ "/audit/" (of.event) } { (of.event) } }
            td role="cell" data-label="When" { span { (parts::day(&of.at)) " " span.detail { (of.at.get(11..16).unwrap_or_default()) } } }
            td role="cell" data-label="By" { a href=(parts::href("/audit", &by)) { (of.by) } }
            td role="cell" data-label="About" { a href=(parts::href("/audit", &about)) { (of.about) } }
            td role="cell" data-label="What" { span { code { (of.kind) } " " (of.said) } }
        }
    }
}
