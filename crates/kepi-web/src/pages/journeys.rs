//! Stages that customers go through: the funnel, KPIs by stage, stages by channel.

use kepi_report::{
    svg,
    view::{Cell, Funnel, JourneyView, Outcome, Shade, StageMap},
};
use maud::{Markup, html};

use super::{
    cohorts::{legend, shaded},
    kpi::exhibited,
};
use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &JourneyView) -> Markup {
    let path = format!("/journeys/{}", view.journey.id);
    let body = html! {
        header.head {
            p.crumbs {
                "Journeys"
                @if view.journeys.len() > 1 {
                    @for other in &view.journeys { " · " a href={ "/journeys/" (other.id) } aria-current=[other.chosen.then_some("true")] { (other.name) } }
                }
            }
            h1 { (view.journey.name) }
            @if let Some(text) = &view.description { p.sub { (text) } }
            (parts::chooser(&path, &view.periods, &[], &[]))
        }
        @if let Some(of) = &view.funnel { (funnel(of, view)) }
        @if !view.kpis.is_empty() { (by_stage(view)) }
        @for map in &view.maps { (stage_map(map, view)) }
        @if !view.changes.is_empty() { (changes(view)) }
        (parts::download(&format!("{path}/figures.csv"), &[("period", &view.period)], "These figures"))
    };
    layout::page(&Head { title: &view.journey.name, project: Some(&view.project), path: "/journeys" }, body)
}

fn funnel(of: &Funnel, view: &JourneyView) -> Markup {
    html! {
        section.panel aria-labelledby="funnel" {
            h2 #funnel { "Who came into each stage in " (view.period) }
            table.funnel {
                thead {
                    tr {
                        th scope="col" { "Stage" }
                        th.picture scope="col" { span.sr { "Picture" } }
                        th.num scope="col" { (kpi(&of.entries, view)) }
                        @if let Some(on) = &of.on {
                            th.num scope="col" { (kpi(on, view)) }
                            th.num scope="col" { "Do not" }
                        }
                    }
                }
                tbody {
                    @for (step, stage) in of.steps.iter().zip(&view.stages) {
                        tr {
                            th scope="row" { (stage.name) }
                            td.picture { (svg::bar(&format!("{}: {}", stage.name, text(&step.entries)), step.share, "", step.entries.shade != Shade::Provisional)) }
                            td.num { (text(&step.entries)) }
                            @if of.on.is_some() {
                                td.num {
                                    @match &step.on {
                                        Some(on) => {
                                            (parts::value(&on.value))
                                            @if on.shade == Shade::Provisional { span.verdict { "provisional" } }
                                        }
                                        None => "–",
                                    }
                                }
                                td.num.lost { (step.lost.as_deref().unwrap_or("–")) }
                            }
                        }
                    }
                }
            }
            p.note { "Stages are counted apart: who comes into one need not come from the row above. Hatched: provisional." }
        }
    }
}

/// From which stages changes come.
fn changes(view: &JourneyView) -> Markup {
    html! {
        section.panel aria-labelledby="changes" {
            h2 #changes { "Which stage a change comes from" }
            dl.asked {
                @for (of, said) in &view.changes {
                    dt { (kpi(of, view)) }
                    dd {
                        @for sentence in &said.says { p { (sentence) } }
                        @if let Some(exhibit) = &said.exhibit { (exhibited(exhibit)) }
                    }
                }
            }
            p.note { "The parts add up to the change. A step is how many came into a stage by one that came into the stage before it." }
        }
    }
}

fn text(cell: &Cell) -> String {
    match &cell.value {
        Outcome::Value(measured) => measured.value.text.clone(),
        Outcome::Reason(_) => "–".to_owned(),
    }
}

fn kpi(of: &kepi_report::view::Named, view: &JourneyView) -> Markup {
    html! { a href=(parts::href(&format!("/kpis/{}", of.id), &[("period", &view.period)])) { (of.name) } }
}

fn by_stage(view: &JourneyView) -> Markup {
    html! {
        section.panel aria-labelledby="by-stage" {
            h2 #by-stage { "By stage" }
            div.scroll role="region" aria-label="Table of KPIs by stage" tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { "Stage" } @for row in &view.kpis { th.num scope="col" { (kpi(&row.kpi, view)) } } } }
                    tbody {
                        @for (place, stage) in view.stages.iter().enumerate() {
                            tr {
                                th scope="row" { (stage.name) }
                                @for row in &view.kpis {
                                    td.num {
                                        @match row.cells.get(place).and_then(Option::as_ref) {
                                            Some(cell) => {
                                                (parts::value(&cell.value))
                                                @if cell.shade == Shade::Provisional { span.verdict { "provisional" } }
                                            }
                                            None => "–",
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn stage_map(map: &StageMap, view: &JourneyView) -> Markup {
    let id = format!("map-{}-{}", map.kpi.id, map.dimension.id);
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { (kpi(&map.kpi, view)) " by stage and " (map.dimension.name) }
            div.scroll role="region" aria-label={ "Table of " (map.kpi.name) " by stage and " (map.dimension.name) } tabindex="0" {
                table.heat {
                    thead { tr { th scope="col" { "Stage" } @for member in &map.members { th.num scope="col" { (member.name) } } } }
                    tbody {
                        // Nobody without a stage is no finding; a stage without anybody is.
                        @for (row, stage) in map.rows.iter().zip(&view.stages).filter(|(row, stage)| !stage.id.is_empty() || row.iter().any(Option::is_some)) {
                            tr {
                                th scope="row" { (stage.name) }
                                @for cell in row { (shaded(cell.as_ref())) }
                            }
                        }
                    }
                }
            }
            (legend())
            @if map.not_drawn > 0 { p.note { (map.not_drawn) " further members are not drawn; the download has all." } }
        }
    }
}
