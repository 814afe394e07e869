//! How a score came about, to the last digit.

use kepi_report::view::{ExplainNode, ExplainView, NodeKind};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &ExplainView) -> Markup {
    let path = format!("/explain/{}", view.scorecard.id);
    let unit = view.units.iter().find(|u| u.chosen && u.depth > 0).map(|u| u.id.as_str());
    let mut back = vec![("period", view.period.as_str())];
    back.extend(unit.map(|u| ("unit", u)));
    let body = html! {
        header.head {
            p.crumbs { a href=(parts::href(&format!("/scorecards/{}", view.scorecard.id), &back)) { (view.scorecard.name) } " / Explanation" }
            h1 { "How the score came about" }
            p.sub { @if let Some(unit) = &view.unit { (unit.name) " · " } (view.period) " · " (view.missing_rule) }
            (parts::chooser(&path, &view.periods, &view.units, &[]))
        }
        ul.tree { (node(&view.root, true)) }
        p.note { "A score is 0 at the floor, 50 at the threshold, 100 at the target and 120 at the stretch target, linear between. What children add is exactly their parent's score." }
    };
    layout::page(&Head { title: "How the score came about", project: Some(&view.project), path: "/" }, body)
}

fn node(this: &ExplainNode, open: bool) -> Markup {
    html! {
        li class=(match this.kind { NodeKind::Kpi => "leaf", _ => "branch" }) {
            @if this.children.is_empty() {
                div.row { (line(this)) }
                @for step in &this.steps { p.step { (step) } }
            } @else {
                details open[open || this.kind == NodeKind::Perspective] {
                    summary { (line(this)) }
                    @for step in &this.steps { p.step { (step) } }
                    ul { @for child in &this.children { (node(child, false)) } }
                }
            }
        }
    }
}

fn line(this: &ExplainNode) -> Markup {
    html! {
        span.what {
            span class={ "status " (this.status.code()) } { span.shape aria-hidden="true" { (this.status.shape()) } span.sr { (this.status.label()) } }
            " "
            @if this.kind == NodeKind::Kpi { a href={ "/kpis/" (this.of.id) } { (this.of.name) } } @else { (this.of.name) }
        }
        span.sums {
            (parts::score(&this.score))
            @if let Some(weight) = &this.weight {
                span.detail { " × " (this.effective_weight.as_deref().unwrap_or(&weight.text)) }
            }
            @if let Some(points) = &this.contribution { span.detail { " = " span.num { (points.text) } } }
            @if this.coverage.share < 1.0 { span.detail { " · coverage " (this.coverage.text) } }
        }
    }
}
