//! Rows that did not land, each with its rule, reason and place.

use kepi_report::{csv, format, view::QuarantineView};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &QuarantineView) -> Markup {
    let source = view.source.as_ref().map(|s| s.id.as_str());
    let body = html! {
        header.head {
            p.crumbs { a href="/data" { "Data" } " / Quarantine" }
            h1 { "Quarantine" }
            p.sub {
                (format::count(view.total)) " rows"
                @if let Some(s) = &view.source { " of " (s.name) }
                " did not land. Nothing was dropped: each keeps its place and the rule it broke."
            }
            form.chooser method="get" action="/data/quarantine" {
                label { span { "Source" }
                    select name="source" {
                        option value="" { "All sources" }
                        @for s in &view.sources { option value=(s.id) selected[source == Some(s.id.as_str())] { (s.name) } }
                    }
                }
                button type="submit" { "Show" }
            }
        }
        @if !view.rules.is_empty() {
            section aria-labelledby="rules" {
                h2 #rules { "By rule" }
                p.sub { "A row that breaks two rules counts for both." }
                table.figures {
                    thead { tr { th scope="col" { "Rule" } th scope="col" { "Source" } th.num scope="col" { "Rows" } } }
                    tbody { @for r in &view.rules { tr { th scope="row" { (r.rule) } td { (r.source.name) } td.num { (parts::count(r.count)) } } } }
                }
            }
        }
        section aria-labelledby="rows" {
            h2 #rows { "Rows" }
            p.sub { a href="/data/corrections" { "What was corrected by hand" } }
            @if view.rows.is_empty() { p { "None." } } @else {
                table.kpis.rows role="table" aria-labelledby="rows" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Place" }
                        th scope="col" role="columnheader" { "Column" }
                        th scope="col" role="columnheader" { "Text" }
                        th scope="col" role="columnheader" { "Rule" }
                        th scope="col" role="columnheader" { "Reason" }
                        th scope="col" role="columnheader" { "Set aside" }
                    } }
                    tbody role="rowgroup" {
                        @for row in &view.rows {
                            tr role="row" {
                                th scope="row" role="rowheader" { (row.row.file) ", row " (format::count(row.row.row)) " " a href=(correct(&row.source.id, &row.row.file, row.row.row, row.row.column.as_deref())) { "Correct" } }
                                td role="cell" data-label="Column" { @match &row.row.column { Some(c) => code { (c) }, None => "–" } }
                                td role="cell" data-label="Text" { @match &row.text { Some(t) => code { (t) }, None => span.reason { "not shown" } } }
                                td role="cell" data-label="Rule" { (row.row.rule) }
                                td role="cell" data-label="Reason" { (row.row.reason) }
                                td role="cell" data-label="Set aside" { (parts::time(&row.recorded_at)) }
                            }
                        }
                    }
                }
            }
            @if view.pages > 1 {
                nav.pager aria-label="Pages" {
                    @if view.page > 1 { a rel="prev" href=(page(source, view.page - 1)) { "← Newer" } }
                    span { "Page " (view.page) " of " (view.pages) }
                    @if view.page < view.pages { a rel="next" href=(page(source, view.page + 1)) { "Older →" } }
                }
            }
        }
        (parts::download("/data/quarantine.csv", &[("source", source.unwrap_or_default()), ("page", &view.page.to_string())], "This page"))
    };
    layout::page(&Head { title: "Quarantine", project: Some(&view.project), path: "/data" }, body)
}

/// Where a row is corrected.
fn correct(source: &str, file: &str, row: u64, column: Option<&str>) -> String {
    let row = row.to_string();
    let mut query = vec![("source", source), ("file", file), ("row", row.as_str())];
    query.extend(column.map(|column| ("column", column)));
    parts::href("/data/corrections", &query)
}

fn page(source: Option<&str>, page: u64) -> String {
    let page = page.to_string();
    let mut query = vec![("page", page.as_str())];
    query.extend(source.map(|s| ("source", s)));
    parts::href("/data/quarantine", &query)
}

/// The rows of the page shown: where they stand and why they were set aside, not what they hold.
pub(crate) fn csv(view: &QuarantineView) -> String {
    let rows = view.rows.iter().map(|of| {
        let row = &of.row;
        let column = row.column.clone().unwrap_or_default();
        vec![
            of.source.id.clone(),
            row.rule.clone(),
            row.reason.clone(),
            row.file.clone(),
            row.row.to_string(),
            column,
        ]
    });
    csv::table(&["source", "rule", "reason", "file", "row", "column"], rows)
}
