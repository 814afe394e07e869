//! A definition written anew: its text with what is wrong in it beside it, or its targets, weights and owner in a small form; what
//! would differ, in words; and proposing it.

use kepi_report::view::{DraftView, EditorView, Viewer};
use maud::{Markup, html};

use super::{
    Said,
    item::{document, follows},
};
use crate::{
    forms,
    layout::{self, Head},
};

/// Where the forms lead.
pub(crate) const PROPOSE: &str = "/changes";

pub(crate) fn render(view: &EditorView, said: Option<&Said>, draft: Option<&DraftView>) -> Markup {
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides);
    let body = html! {
        header.head {
            p.crumbs { a href="/register" { "Register" } " / " code { (view.touch.id) } }
            h1 { "Change " (view.touch.name) }
            @if let Some(item) = view.item {
                p.sub { "As " a href={ "/items/" (item) } { "item " (item) } " proposes it. What you write takes its place, you sign it by that, and what was said of it is void." }
            } @else { p.sub {
                "The wording in force from " (view.touch.from)
                ". A first day of another wording (" code { "from: 2027-01-01" } ") leaves this one in force until then. Nothing changes until those have agreed who have to."
            } }
        }
        (forms::refused(said))
        @match viewer {
            None => { pre tabindex="0" { code { (view.text) } } p.note { "You may read it here, and not propose a change." } }
            Some(viewer) => {
                div.columns {
                    div { (editor(view, viewer, said, draft)) }
                    div {
                        @if let Some(draft) = draft { (outcome(draft)) }
                        @if !view.fields.is_empty() { (small(view, viewer, said)) }
                    }
                }
            }
        }
    };
    layout::page(
        &Head { title: &format!("Change {}", view.touch.name), project: Some(&view.project), path: "/inbox" },
        body,
    )
}

fn carried(view: &EditorView, viewer: &Viewer) -> Markup {
    html! {
        (forms::hidden(viewer))
        input type="hidden" name="id" value=(view.touch.id);
        @if view.touch.from != "ever" { input type="hidden" name="from" value=(view.touch.from); }
        @if let Some(item) = view.item { input type="hidden" name="item" value=(item); }
    }
}

fn editor(view: &EditorView, viewer: &Viewer, said: Option<&Said>, draft: Option<&DraftView>) -> Markup {
    let typed = Some(forms::typed(said, "text")).filter(|typed| !typed.is_empty());
    let text = draft.map(|draft| draft.text.as_str()).or(typed).unwrap_or(view.text.as_str());
    let wrong = draft.is_some_and(|draft| !draft.findings.is_empty());
    html! {
        form.say.panel method="post" action=(PROPOSE) {
            (carried(view, viewer))
            label {
                span { "Definition" }
                textarea.code name="text" rows=(text.lines().count().clamp(12, 40)) spellcheck="false" required
                    aria-describedby=[wrong.then_some("findings")] { "\n" (text) }
            }
            label { span { "Why (needed to propose)" } textarea name="why" rows="2" maxlength="4000" { (forms::typed(said, "why")) } }
            div.buttons {
                button type="submit" name="do" value="look" { "Look at what differs" }
                button.yes type="submit" name="do" value="propose" { "Propose it" }
            }
        }
    }
}

/// What is wrong, and what would differ.
fn outcome(draft: &DraftView) -> Markup {
    html! {
        @if !draft.findings.is_empty() {
            div.panel #findings role="group" aria-label="What is wrong" tabindex="-1" {
                h2 { (draft.findings.len()) @if draft.findings.len() == 1 { " remark" } @else { " remarks" } }
                ul.plain.found {
                    @for of in &draft.findings {
                        li class=(of.severity) {
                            p {
                                span.shape aria-hidden="true" { @match of.severity { "error" => "▲ ", "warning" => "◆ ", _ => "○ " } }
                                strong { (of.severity) } @if !of.place.is_empty() { ", " (of.place) }
                                @if !of.code.is_empty() { " " span.detail { (of.code) } }
                            }
                            p { (super::error::sentence(&of.message)) }
                            @if let Some(expected) = &of.expected { p.note { "Expected: " (expected) } }
                            @if let Some(fix) = &of.fix { p.note { "What to do: " (fix) } }
                        }
                    }
                }
            }
        }
        @if !draft.documents.is_empty() {
            div.panel {
                h2 { "What it would change" }
                @for of in &draft.documents { (document(of)) }
            }
            (follows(&draft.scorecards, &draft.follow, &[], &[]))
        }
    }
}

/// Targets, weights and the owner.
fn small(view: &EditorView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    html! {
        form.say.panel.small method="post" action=(PROPOSE) {
            (carried(view, viewer))
            h2 { "Only values" }
            @for field in &view.fields {
                label { span { (field.label) } input type="text" name={ "value." (field.path) } value=(value(said, &field.path, &field.value)); }
            }
            label { span { "Why (needed to propose)" } textarea name="why" rows="2" maxlength="4000" {} }
            div.buttons {
                button type="submit" name="do" value="look" { "Look at what differs" }
                button.yes type="submit" name="do" value="propose" { "Propose it" }
            }
        }
    }
}

/// What was typed for a value, else what it is.
fn value<'a>(said: Option<&'a Said>, path: &str, is: &'a str) -> &'a str {
    let typed = forms::typed(said, &format!("value.{path}"));
    if typed.is_empty() { is } else { typed }
}

/// Definitions to choose from.
pub(crate) fn choose(view: &kepi_report::view::RegisterView) -> Markup {
    let body = html! {
        header.head {
            h1 { "Propose a change" }
            p.sub { "Of which definition? Each is changed as it is in force." }
        }
        ul.plain.choose {
            @for held in view.held.iter().filter(|held| !held.touch.id.starts_with("person/")) {
                @let from = if held.touch.from == "ever" { "" } else { held.touch.from.as_str() };
                @let query = [("id", held.touch.id.as_str()), ("from", from)];
                @let query = query.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
                li { a href=(crate::parts::href("/changes/new", &query)) { (held.touch.name) } " " span.detail { code { (held.touch.id) } @if !from.is_empty() { " from " (from) } } }
            }
        }
    };
    layout::page(&Head { title: "Propose a change", project: Some(&view.project), path: "/inbox" }, body)
}
