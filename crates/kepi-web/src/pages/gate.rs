//! A stage gate: open or shut, and why.

use kepi_report::view::GateView;
use maud::{Markup, html};

use crate::layout::{self, Head};

pub(crate) fn render(view: &GateView) -> Markup {
    let body = html! {
        header.head {
            h1 { (view.gate.name) ": " @if view.open { "open" } @else { "shut" } }
            @if let Some(text) = &view.description { p.sub { (text) } }
            @if let Some(unit) = &view.unit { p.sub { "Figures of " (unit.name) "." } }
        }
        div.pile { div.panel {
            h2 { "What it asks for" }
            ul.plain { @for of in &view.demands { li {
                @match of.holds {
                    Some(true) => { span.shape aria-hidden="true" { "✓ " } "holds: " }
                    Some(false) => { span.shape aria-hidden="true" { "■ " } "does not hold: " }
                    None => { span.shape aria-hidden="true" { "○ " } "not known: " }
                }
                a href={ "/kpis/" (of.kpi.id) } { (of.kpi.name) } " " (of.asked)
                @if let (Some(value), Some(period)) = (&of.value, &of.period) { "; " strong.num { (value) } " in " (period) }
                @if let Some(why) = &of.why { "; " (why) }
                "."
            } } }
            p.note { "It is open while all of it surely holds. Other systems ask at " code { "/api/v1/gates/" (view.gate.id) } "." }
        } }
    };
    layout::page(&Head { title: &view.gate.name, project: Some(&view.project), path: "/kpis" }, body)
}
