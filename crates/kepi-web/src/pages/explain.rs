//! How a score came about, to the last digit.

use kepi_report::{
    csv,
    view::{Bridge, ExplainNode, ExplainView, NodeKind, Points},
};
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
        @if let Some(bridge) = &view.bridge { (moved(bridge)) }
        @if let Some(linked) = &view.linked {
            p { "Linked index " span.num { (linked.text) } ": where the score had come to since the first period by performance alone, without other weights, targets, definitions or parts." }
        }
        ul.tree { (node(&view.root, true)) }
        (parts::download(&format!("/explain/{}/steps.csv", view.scorecard.id), &back, "These steps"))
        p.note { "A score is 0 at the floor, 50 at the threshold, 100 at the target and 120 at the stretch target, linear between. What children add is exactly their parent's score." }
    };
    layout::page(&Head { title: "How the score came about", project: Some(&view.project), path: "/" }, body)
}

/// What moved the score, by KPI and to the last digit.
fn moved(bridge: &Bridge) -> Markup {
    html! {
        section aria-labelledby="moved" {
            h2 #moved { "What moved it since " (bridge.from_label) }
            (parts::bridge(bridge))
            details {
                summary { "By KPI, with all digits" }
                div.scroll role="region" aria-label="What moved the score, by KPI" tabindex="0" {
                    table.figures {
                        thead { tr { th scope="col" { "Effect" } th scope="col" { "Part" } th scope="col" { "KPI" } th.num scope="col" { "Its score" } th.num scope="col" { "Points" } } }
                        tbody {
                            @for part in &bridge.parts {
                                @for kpi in &part.kpis {
                                    tr {
                                        td { (part.effect) }
                                        td { (part.name) }
                                        th scope="row" { a href={ "/kpis/" (kpi.kpi.id) } { (kpi.kpi.name) } }
                                        td.num { (kpi.score) }
                                        td.num { (kpi.points.text) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            p.note {
                "Performance: KPIs that had a score in both periods, at today's weights and against today's targets. Coverage: a KPI without a \
                 score is left out and the others stand for it; when it comes in or goes, the score moves without anybody doing better or worse."
            }
        }
    }
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

fn kpi_href(this: &ExplainNode) -> String {
    let segment: Vec<_> = this.segment.iter().map(|of| ("segment", of.as_str())).collect();
    parts::href(&format!("/kpis/{}", this.of.id), &segment)
}

fn line(this: &ExplainNode) -> Markup {
    html! {
        span.what {
            span class={ "status " (this.status.code()) } { span.shape aria-hidden="true" { (this.status.shape()) } span.sr { (this.status.label()) } }
            " "
            @if this.kind == NodeKind::Kpi { a href=(kpi_href(this)) { (this.of.name) } } @else { (this.of.name) }
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

/// Every node and what it adds to its parent, then what moved the whole.
pub(crate) fn csv(view: &ExplainView) -> String {
    fn walk(node: &ExplainNode, path: &str, rows: &mut Vec<Vec<String>>) {
        let path = if path.is_empty() { node.of.id.clone() } else { format!("{path}/{}", node.of.id) };
        let points = |points: Option<&Points>| points.map(|p| p.as_f64().to_string()).unwrap_or_default();
        rows.push(vec![
            "score".to_owned(),
            path.clone(),
            node.status.code().to_owned(),
            points(node.score.value()),
            node.weight.as_ref().map(|w| (f64::from(w.basis_points) / 1e4).to_string()).unwrap_or_default(),
            points(node.contribution.as_ref()),
        ]);
        node.children.iter().for_each(|child| walk(child, &path, rows));
    }
    let mut rows = Vec::new();
    walk(&view.root, "", &mut rows);
    for part in view.bridge.iter().flat_map(|b| &b.parts) {
        for kpi in &part.kpis {
            let (none, points) = (String::new(), kpi.points.as_f64().to_string());
            let path = format!("{}/{}", part.name, kpi.kpi.id);
            rows.push(vec![part.effect.to_owned(), path, none.clone(), none.clone(), none, points]);
        }
    }
    csv::table(&["effect", "node", "status", "score", "weight", "points"], rows)
}
