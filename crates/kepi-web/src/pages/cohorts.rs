//! A KPI by cohort and age: the triangle.

use kepi_report::{
    format,
    view::{Cell, CohortsView, Outcome, Shade},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &CohortsView) -> Markup {
    let back = format!("/kpis/{}", view.kpi.id);
    let body = html! {
        header.head {
            p.crumbs { a href=(back) { (view.kpi.name) } " / cohorts" }
            h1 { (view.kpi.name) ": cohorts" }
            @if let Some(text) = &view.description { p.sub { (text) } }
        }
        section.panel aria-labelledby="triangle" {
            h2 #triangle { "By " (view.grain) " of beginning, so many " (view.grain) "s later" }
            div.scroll role="region" aria-label="Table by cohort and age" tabindex="0" {
                table.heat {
                    thead {
                        tr {
                            th scope="col" { "Began in" }
                            th.num scope="col" { "n" }
                            @for age in &view.ages { th.num scope="col" { span.sr { (view.grain) "s later: " } (age) } }
                        }
                    }
                    tbody {
                        @for cohort in &view.cohorts {
                            tr {
                                th scope="row" { (cohort.period) }
                                td.num.n { @match cohort.n { Some(n) => (format::count(n)), None => "–" } }
                                @for cell in &cohort.cells { (shaded(cell.as_ref())) }
                            }
                        }
                    }
                }
            }
            (legend())
            @if view.older > 0 { p.note { (view.older) " older cohorts are not drawn; the download has all." } }
            p.note { "Read along a row: the same customers as they grow older. Read down a column: different customers at one age." }
            (parts::download(&format!("/cohorts/{}/figures.csv", view.kpi.id), &[], "All cohorts"))
        }
    };
    layout::page(
        &Head { title: &format!("{}: cohorts", view.kpi.name), project: Some(&view.project), path: "/kpis" },
        body,
    )
}

/// A figure, tinted by its size where it is final, hatched where it is not.
pub(crate) fn shaded(cell: Option<&Cell>) -> Markup {
    let Some(cell) = cell else { return html! { td {} } };
    let class = match cell.shade {
        Shade::Step(step) => format!("num h{step}"),
        Shade::Provisional => "num provisional".to_owned(),
        Shade::None => "num".to_owned(),
    };
    html! {
        td class=(class) {
            @match &cell.value {
                Outcome::Value(measured) => (measured.value.text),
                Outcome::Reason(reason) => { span aria-hidden="true" { "–" } span.sr { (reason.text) } }
            }
            @if cell.shade == Shade::Provisional { span.sr { " provisional" } }
        }
    }
}

/// What tints and hatching mean.
pub(crate) fn legend() -> Markup {
    html! {
        p.note.heat-legend {
            span.swatches aria-hidden="true" { @for step in 0..5 { span class={ "swatch h" (step) } {} } }
            " least to greatest of the final figures. "
            span.swatch.provisional aria-hidden="true" {}
            " provisional: more rows may change it, so it has no tint. Empty: still to come, or nobody."
        }
    }
}
