//! A stock with what came and went.

use kepi_report::{
    svg,
    view::{FlowView, Outcome},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &FlowView) -> Markup {
    let back = format!("/kpis/{}", view.kpi.id);
    let known = || view.flows.iter().filter_map(|flow| flow.amounts.value());
    let most = known().flat_map(|of| [of.came.0, of.went.0]).fold(0.0, f64::max);
    let part = |amount: f64| if most > 0.0 { amount / most } else { 0.0 };
    let body = html! {
        header.head {
            p.crumbs { a href=(back) { (view.kpi.name) } " / stock and flow" }
            h1 { (view.kpi.name) ": what came and went" }
            @if let Some(text) = &view.description { p.sub { (text) } }
        }
        section.panel aria-labelledby="flow" {
            h2 #flow { "Start + came − went = end" }
            div.scroll role="region" aria-label="Table of what came and went" tabindex="0" {
                table.flow {
                    thead {
                        tr {
                            th scope="col" { "Period" }
                            th.num scope="col" { "At the start" }
                            th.num scope="col" { "Came" }
                            th.picture scope="col" { span.sr { "Picture of what came" } }
                            th.num scope="col" { "Went" }
                            th.picture scope="col" { span.sr { "Picture of what went" } }
                            th.num scope="col" { "At the end" }
                        }
                    }
                    tbody {
                        @for flow in view.flows.iter().rev() {
                            tr {
                                th scope="row" { (flow.period) @if !flow.complete { span.verdict { "provisional" } } }
                                @match &flow.amounts {
                                    Outcome::Value(of) => {
                                        td.num { (of.opening.1) }
                                        td.num { "+ " (of.came.1) }
                                        td.picture { (svg::bar(&format!("came: {}", of.came.1), part(of.came.0), "came", flow.complete)) }
                                        td.num { "− " (of.went.1) }
                                        td.picture { (svg::bar(&format!("went: {}", of.went.1), part(of.went.0), "went", flow.complete)) }
                                        td.num { strong { (of.closing.1) } }
                                    }
                                    Outcome::Reason(reason) => td colspan="6" { span.reason { (reason.text) } },
                                }
                            }
                        }
                    }
                }
            }
            @if view.older > 0 { p.note { (view.older) " older periods are not drawn; the download has all." } }
            p.note { "The end of a period is the start of the next. Hatched: provisional." }
            (parts::download(&format!("/flows/{}/figures.csv", view.kpi.id), &[], "All periods"))
        }
    };
    let title = format!("{}: what came and went", view.kpi.name);
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/kpis" }, body)
}
