//! Figures of others on record, and the targets that rest on them.

use kepi_report::{
    benchmarks::{OnRecord, Resting},
    format,
    view::BenchmarksView,
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn all(view: &BenchmarksView) -> Markup {
    let body = html! {
        header.head {
            p.crumbs { a href="/kpis" { "KPIs" } " / benchmarks" }
            h1 { "Benchmarks" }
            p.sub { "Figures of others, as evidence for targets: where they are from, how they were measured, until when they say something." }
        }
        @if view.benchmarks.is_empty() {
            section.panel { p.note { "None is on record. A document " code { "benchmark: …" } " puts one there; a target rests on it by its name." } }
        }
        @for of in &view.benchmarks { (one(of)) }
        @if !view.benchmarks.is_empty() { (parts::download("/benchmarks.csv", &[], "All benchmarks")) }
    };
    layout::page(&Head { title: "Benchmarks", project: Some(&view.project), path: "/kpis" }, body)
}

fn one(of: &OnRecord) -> Markup {
    let fact = |name: &str, text: Option<String>| {
        html! { @if let Some(text) = text { div { dt { (name) } dd { (text) } } } }
    };
    let scale = of.scale.map(|(low, high)| format!(" on {low} to {high}"));
    let figure = match (of.figure.as_str(), of.top) {
        ("nps", _) => "net promoter score".to_owned(),
        ("top_share", Some(top)) => format!("share of the {top} highest answers"),
        ("top_share", None) => "share of the highest answers".to_owned(),
        (other, _) => other.to_owned(),
    };
    html! {
        section.panel aria-labelledby=(of.id) {
            h2 id=(of.id) { (of.name) ": " (of.value) }
            @if of.expired { p.reason { "It expired on " (of.expires) ": it says nothing any more about where others stand." } }
            @if let Some(text) = &of.description { p { (text) } }
            dl.facts {
                (fact("What it is", Some(figure + &scale.unwrap_or_default())))
                (fact("Who was measured", of.population.clone()))
                (fact("Where", of.region.clone()))
                (fact("How", of.method.clone()))
                (fact("Asked by", of.mode.clone()))
                (fact("Counts once", of.counted.clone()))
                (fact("Cases", of.n.map(format::count)))
                (fact("Source", Some(of.source.clone())))
                (fact("Published", Some(of.published.clone())))
                (fact("Holds until", (!of.expired).then(|| of.expires.clone())))
                (fact("Evidence", Some(of.grade.clone())))
                (fact("Licence", of.licence.clone()))
            }
            @if of.targets.is_empty() {
                p.note { "No target rests on it." }
            } @else { (targets(&of.targets)) }
        }
    }
}

fn targets(targets: &[Resting]) -> Markup {
    html! {
        div.scroll role="region" aria-label="Targets that rest on it" tabindex="0" {
            table.figures {
                thead { tr {
                    th scope="col" { "KPI" } th scope="col" { "From" } th scope="col" { "For" } th.num scope="col" { "Target" }
                    th scope="col" { "Measured otherwise" }
                } }
                tbody {
                    @for target in targets {
                        tr {
                            th scope="row" { a href={ "/kpis/" (target.kpi) } { (target.kpi_name) } }
                            td.date { (target.from) }
                            td { (target.unit.as_deref().unwrap_or("all")) }
                            td.num { (target.target) }
                            td {
                                @for (at, unlike) in target.otherwise.iter().enumerate() {
                                    @if at > 0 { "; " }
                                    (unlike.words())
                                }
                                @if target.otherwise.is_empty() { "–" }
                            }
                        }
                    }
                }
            }
        }
    }
}
