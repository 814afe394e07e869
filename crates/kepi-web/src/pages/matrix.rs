//! Which objective is measured by which KPI in which unit, and what is missing.

use kepi_report::{
    matrix::{Matrix, MatrixCell, MatrixKpi, MatrixUnit},
    view::MatrixView,
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn all(view: &MatrixView) -> Markup {
    let of = &view.of;
    let body = html! {
        header.head {
            p.crumbs { a href="/map" { "Strategy map" } " / matrix" }
            h1 { "Objectives, KPIs and units" }
            p.sub {
                "Where each objective is measured, whose target holds there and who answers, as of " (of.day)
                ". ● a target of the unit’s own, ○ one from above or of the KPI, △ none."
            }
        }
        @if of.objectives.is_empty() || of.units.is_empty() {
            section.panel { p.note { "There is nothing to set against each other: it needs a " code { "strategy: …" } " with objectives and " code { "unit: …" } " documents, and KPIs that you see." } }
        } @else {
            section aria-labelledby="gaps" {
                h2 #gaps { "What is missing" }
                @if of.gaps.is_empty() { p.note { "Nothing: every objective is measured in every unit of its scorecards, against a target, and somebody answers." } }
                @else { ul.plain { @for gap in &of.gaps { li { span.shape aria-hidden="true" { "△ " }
                    @match &gap.kpi { Some(kpi) => a href={ "/kpis/" (kpi) } { (gap.text) }, None => (gap.text) }
                } } } }
            }
            (matrix(of))
            (parts::download("/matrix.csv", &[], "The matrix"))
        }
    };
    layout::page(
        &Head { title: "Objectives, KPIs and units", project: Some(&view.project), path: "/map" },
        body,
    )
}

fn matrix(of: &Matrix) -> Markup {
    let shown: Vec<&MatrixUnit> = of
        .units
        .iter()
        .filter(|unit| of.objectives.iter().flat_map(|o| &o.kpis).any(|kpi| cell_of(kpi, unit).is_some()))
        .collect();
    html! {
        section aria-labelledby="matrix" {
            h2 #matrix { "Where it is measured" }
            @for objective in &of.objectives {
                h3 { (objective.name) }
                @if objective.kpis.is_empty() { p.reason { "No KPI measures it." } } @else {
                    div.scroll tabindex="0" role="group" aria-label=(objective.name) {
                        table.figures role="table" {
                            thead role="rowgroup" { tr role="row" {
                                th scope="col" role="columnheader" { "KPI" }
                                th scope="col" role="columnheader" { "Origin" }
                                @for unit in &shown { th scope="col" role="columnheader" { (unit.name) } }
                            } }
                            tbody role="rowgroup" { @for kpi in &objective.kpis { tr role="row" {
                                th scope="row" role="rowheader" { a href={ "/kpis/" (kpi.id) } { (kpi.name) } }
                                td role="cell" data-label="Origin" { (origin(kpi, of)) }
                                @for unit in &shown {
                                    td role="cell" data-label=(unit.name) {
                                        @match cell_of(kpi, unit) { Some(cell) => (single(cell)), None => span.reason { "–" } }
                                    }
                                }
                            } } }
                        }
                    }
                }
            }
        }
    }
}

fn cell_of<'a>(kpi: &'a MatrixKpi, unit: &MatrixUnit) -> Option<&'a MatrixCell> {
    kpi.cells.iter().find(|cell| cell.unit == unit.id)
}

fn origin(kpi: &MatrixKpi, of: &Matrix) -> String {
    match &kpi.proposed_by {
        None => "corporate".to_owned(),
        Some(id) => {
            let unit = of.units.iter().find(|unit| unit.id == *id);
            format!("proposed by {}", unit.map_or(id.as_str(), |unit| unit.name.as_str()))
        }
    }
}

fn single(cell: &MatrixCell) -> Markup {
    let shape = match cell.target_of.as_deref() {
        Some("own") => "● ",
        Some(_) => "○ ",
        None => "△ ",
    };
    html! {
        div {
            span.shape aria-hidden="true" { (shape) }
            (cell.target.as_deref().unwrap_or("no target"))
            @if let Some(basis) = &cell.basis { " " span.detail { (basis) } }
            @if let Some(late) = &cell.out_of_date { " " span.detail { (late) } }
            span.role { (cell.answers.as_deref().unwrap_or("nobody answers")) }
        }
    }
}
