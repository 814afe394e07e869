//! Where figures come from, column by column: all KPIs, and the ways to and from one thing.

use kepi_report::{
    lineage::{Branch, ThingView},
    view::{LineageView, LineagesView},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

/// Branches are open above this depth; further ones unfold.
const OPEN: usize = 3;

pub(crate) fn all(view: &LineagesView) -> Markup {
    let body = html! {
        header.head {
            p.crumbs { a href="/data" { "Data" } " / lineage" }
            h1 { "Where figures come from" }
            p.sub { "What can move each KPI, down to the columns of the sources: read from the definitions." }
        }
        section.panel aria-labelledby="kpis" {
            h2 #kpis { "KPIs and their sources" }
            div.scroll role="region" aria-label="Table of KPIs and their sources" tabindex="0" {
                table.figures {
                    thead { tr {
                        th scope="col" { "KPI" }
                        th scope="col" { "Sources" }
                        th.num scope="col" { "Columns" }
                        th scope="col" { "Personal data" }
                        th scope="col" { "Scorecards" }
                    } }
                    tbody {
                        @for of in &view.kpis {
                            tr {
                                th scope="row" { (link(&of.kpi)) }
                                td { (links(&of.sources)) }
                                td.num { (of.columns) }
                                td { @if of.personal { "yes" } @else { "no" } }
                                td { (links(&of.scorecards)) }
                            }
                        }
                    }
                }
            }
            p.note { "Columns: those whose content enters the figure or decides which rows do. The download has every single step." }
            (parts::download("/lineage/steps.csv", &[], "All steps"))
        }
    };
    layout::page(&Head { title: "Lineage", project: Some(&view.project), path: "/data" }, body)
}

pub(crate) fn one(view: &LineageView) -> Markup {
    let of = &view.traced.of;
    let title = format!("{}: lineage", of.name);
    let body = html! {
        header.head {
            p.crumbs { a href="/data" { "Data" } " / " a href="/lineage" { "lineage" } " / " (of.kind) }
            h1 { (of.name) }
            p.sub {
                code { (of.id) }
                @if let Some(id) = of.id.strip_prefix("kpi/") { " · " a href={ "/kpis/" (id) } { "its figures" } }
                @if view.traced.personal { " · personal data enter it" }
            }
        }
        section.panel aria-labelledby="made-of" {
            h2 #made-of { "Made of" }
            @if view.traced.made_of.is_empty() {
                p.note { @match of.kind.as_str() {
                    "column" | "source" => "It is where data begin.",
                    _ => "No source fills it.",
                } }
            } @else { (tree(&view.traced.made_of, "made of", 1)) }
        }
        section.panel aria-labelledby="goes-into" {
            h2 #goes-into { "Goes into" }
            @if view.traced.goes_into.is_empty() {
                p.note { @match of.kind.as_str() {
                    "scorecard" => "It is where data end.",
                    _ => "Nothing is made of it.",
                } }
            } @else { (tree(&view.traced.goes_into, "goes into", 1)) }
        }
    };
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/data" }, body)
}

fn tree(branches: &[Branch], word: &str, depth: usize) -> Markup {
    html! {
        ul.lineage {
            @for branch in branches {
                li {
                    (line(branch))
                    @if let Some(only) = alone(branch) { " " span.how { (if word == "made of" { "←" } else { "→" }) } " " (line(only)) }
                    @else if !branch.branches.is_empty() {
                        details open[depth < OPEN] {
                            summary { span.sr { (branch.thing.name) ", " } (word) " " (branch.branches.len()) }
                            (tree(&branch.branches, word, depth + 1))
                        }
                    }
                }
            }
        }
    }
}

/// What a branch ends in at once, if it is one thing: it stands beside it.
fn alone(branch: &Branch) -> Option<&Branch> {
    branch.branches.first().filter(|only| branch.branches.len() == 1 && only.branches.is_empty())
}

fn line(branch: &Branch) -> Markup {
    let kind = match branch.thing.kind.as_str() {
        "column" => {
            branch.thing.id.strip_prefix("source/").and_then(|id| id.split('/').next()).unwrap_or("column")
        }
        "attribute" => branch.thing.id.split('.').next().unwrap_or("attribute"),
        other => other,
    };
    html! {
        (link(&branch.thing)) " " span.of-kind { (kind) } " " span.how { (branch.how.join(", ")) }
        @if branch.again { " " span.how { "(as above)" } }
    }
}

fn link(of: &ThingView) -> Markup {
    html! { a href=(parts::href("/lineage/thing", &[("of", &of.id)])) { (of.name) } }
}

fn links(of: &[ThingView]) -> Markup {
    html! { @for (at, of) in of.iter().enumerate() { @if at > 0 { ", " } (link(of)) } @if of.is_empty() { "–" } }
}
