//! All KPIs.

use kepi_report::{
    svg,
    view::{KpiListRow, KpiListView},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &KpiListView) -> Markup {
    let groups = view.kpis.chunk_by(|a, b| a.perspective == b.perspective);
    let body = html! {
        header.head {
            h1 { "KPIs" }
            p.sub { (view.kpis.len()) " KPIs, each in the newest period that has data · " a href="/benchmarks" { "benchmarks" } " · " a href="/priorities" { "what to work on first" } " · " a href="/initiatives" { "initiatives" } }
        }
        @if !view.gates.is_empty() {
            p.sub { "Stage gates: " @for (n, gate) in view.gates.iter().enumerate() { @if n > 0 { ", " } a href={ "/gates/" (gate.id) } { (gate.name) } } }
        }
        table.kpis role="table" aria-label="KPIs" {
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "KPI" }
                    th scope="col" role="columnheader" { "Status" }
                    th.num scope="col" role="columnheader" { "Value" }
                    th scope="col" role="columnheader" { "Period" }
                    th scope="col" role="columnheader" { "Against target" }
                    th scope="col" role="columnheader" { "Trend" }
                    th scope="col" role="columnheader" { "Objective" }
                    th scope="col" role="columnheader" { "Accountable" }
                }
            }
            @for group in groups {
                tbody role="rowgroup" {
                    tr.perspective role="row" {
                        th scope="rowgroup" role="rowheader" colspan="8" {
                            (group.first().and_then(|r| r.perspective.as_ref()).map_or("Without a perspective", |p| p.name.as_str()))
                        }
                    }
                    @for item in group { (row(item)) }
                }
            }
        }
        (parts::download("/kpis/newest.csv", &[], "This table"))
    };
    layout::page(&Head { title: "KPIs", project: Some(&view.project), path: "/kpis" }, body)
}

fn row(item: &KpiListRow) -> Markup {
    let row = &item.row;
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { a href={ "/kpis/" (row.kpi.id) } { (row.kpi.name) } }
            td role="cell" data-label="Status" { (parts::status(row.status)) }
            td.num role="cell" data-label="Value" { (parts::value(&row.value)) }
            td role="cell" data-label="Period" { (item.period) @if !item.complete { span.verdict { "provisional" } } }
            td role="cell" data-label="Against target" { (parts::against_target(row)) }
            td role="cell" data-label="Trend" { (svg::sparkline(&row.kpi.name, &row.recent, &row.measured_in)) }
            td role="cell" data-label="Objective" {
                @match &item.objective { Some(o) => (o.name), None => span.reason { "serves no objective" } }
            }
            td role="cell" data-label="Accountable" { (parts::accountable(row.accountable.as_ref())) }
        }
    }
}
