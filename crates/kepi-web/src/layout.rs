//! What every page has: head, navigation, footer.

use kepi_report::view::{ProjectView, Viewer};
use maud::{DOCTYPE, Markup, html};

use crate::{assets, pages::PAGES};

/// What the frame needs to know of a page.
pub(crate) struct Head<'a> {
    /// Its title.
    pub(crate) title: &'a str,
    /// The project, if one is known.
    pub(crate) project: Option<&'a ProjectView>,
    /// The navigation's path that is current; empty for none.
    pub(crate) path: &'a str,
}

/// A whole page.
pub(crate) fn page(head: &Head<'_>, body: Markup) -> Markup {
    let project = head.project.map_or("Kepi", |p| p.name.as_str());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (head.title) " · " (project) }
                link rel="icon" type="image/svg+xml" href=(assets::favicon().path);
                link rel="stylesheet" href=(assets::stylesheet().path);
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    a.brand href="/" { "Kepi" }
                    nav.wide aria-label="Main" { (links(head)) }
                    span.project { (project) }
                    details.menu {
                        summary { "Menu" }
                        nav aria-label="Main" { (links(head)) }
                    }
                    @if let Some(viewer) = head.project.and_then(|project| project.viewer.as_ref()) { (who(viewer, head.project.map_or(0, |project| project.waiting))) }
                }
                @for (item, day) in head.project.iter().flat_map(|project| &project.emergencies) {
                    p.emergency role="status" {
                        strong { "⚠ Emergency: " } "figures are by a change that was not decided as others are. "
                        a href={ "/items/" (item) } { "Item " (item) } " is taken back on " (day) " unless it is ratified."
                    }
                }
                main #main { (body) }
                footer.foot {
                    p {
                        "Status by shape and colour: "
                        @for status in kepi_report::view::Status::ALL { (crate::parts::status(status)) " " }
                    }
                    @if let Some(project) = head.project {
                        p { "Intervals hold with " (project.confidence) " confidence. The same facts as JSON under " code { "/api/v1" } "." }
                    }
                }
            }
        }
    }
}

/// Who sees it, how many items wait for that person, and the way out.
fn who(viewer: &Viewer, waiting: usize) -> Markup {
    html! {
        form.viewer method="post" action="/sign-out" {
            span {
                (viewer.name)
                @if let Some(name) = viewer.acts_as.as_ref().filter(|name| **name != viewer.name) { ", as " (name) }
            }
            @if waiting > 0 { a.count href="/inbox" { (waiting) @if waiting == 1 { " waits for you" } @else { " wait for you" } } }
            @if let Some(key) = viewer.form_key.as_ref().filter(|_| viewer.signed_in) {
                input type="hidden" name="key" value=(key);
                button type="submit" { "Sign out" }
            }
        }
    }
}

/// The pages that the project has.
fn links(head: &Head<'_>) -> Markup {
    let shown = |path: &str| match (head.project, path) {
        (Some(project), "/") => !project.scorecards.is_empty(),
        (Some(project), "/map") => project.has_strategy,
        (project, "/journeys") => project.is_some_and(|project| project.has_journeys),
        _ => true,
    };
    html! {
        ul {
            @for (name, path) in PAGES.iter().filter_map(|p| Some((p.nav?, p.path))).filter(|(_, path)| shown(path)) {
                li { a href=(path) aria-current=[(path == head.path).then_some("page")] { (name) } }
            }
        }
    }
}
