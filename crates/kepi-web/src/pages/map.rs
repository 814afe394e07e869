//! The strategy map: the picture, and the same in words.

use kepi_model::project::{Sign, Strength};
use kepi_report::{
    svg,
    view::{Lane, MapLink, StrategyMapView},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &StrategyMapView) -> Markup {
    let body = html! {
        header.head {
            h1 { "Strategy map" }
            p.sub { (view.mission) }
            (parts::chooser("/map", &view.periods, &view.units, &[]))
        }
        p.note {
            "Read from bottom to top. Links are hypotheses of the people who wrote the strategy. “Supported” means that what was expected is seen in published figures: an association, not proof of a cause. "
            a href="/matrix" { "Objectives, KPIs and units" } " says where each is measured, and what is missing."
        }
        div.map-picture {
            (svg::strategy_map(view, &|o| Some(format!("#objective-{}", o.objective.id))))
        }
        p.legend aria-hidden="true" {
            "—— supported" span { "– – not supported" } span { "– · – contradicted" } span { "· · · cannot be told, or untested" }
            span { "+ raises" } span { "− lowers" }
        }
        (strategy(view))
        section aria-labelledby="objectives" {
            h2 #objectives { "Objectives" }
            @for lane in &view.lanes { (in_words(lane, &view.links)) }
        }
    };
    layout::page(&Head { title: "Strategy map", project: Some(&view.project), path: "/map" }, body)
}

fn strategy(view: &StrategyMapView) -> Markup {
    html! {
        @if !view.pillars.is_empty() || !view.goals.is_empty() {
            section.columns.even aria-label="Pillars and goals" {
                @if !view.pillars.is_empty() {
                    div.panel {
                        h2 { "Pillars and themes" }
                        ul.plain {
                            @for p in &view.pillars {
                                li { strong { (p.pillar.name) }
                                    @if !p.themes.is_empty() { ": " (p.themes.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ")) }
                                }
                            }
                        }
                    }
                }
                @if !view.goals.is_empty() {
                    div.panel {
                        h2 { "Long-term goals" }
                        ul.plain {
                            @for (goal, kpi) in &view.goals {
                                li { (goal.name)
                                    @match kpi {
                                        Some(kpi) => { ", measured by " a href={ "/kpis/" (kpi.id) } { (kpi.name) } }
                                        None => { ", " span.reason { "measured by nothing yet" } }
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

fn in_words(lane: &Lane, links: &[MapLink]) -> Markup {
    html! {
        h3.lane { (lane.perspective.name) }
        @if lane.objectives.is_empty() { p.note { "No objective." } }
        div.cards {
            @for objective in &lane.objectives {
                @let status = objective.score.as_ref().map_or(kepi_report::view::Status::Grey, |s| s.status);
                article class={ "card " (status.code()) } id={ "objective-" (objective.objective.id) } {
                    h4 { (objective.objective.name) }
                    p {
                        @match &objective.score {
                            Some(score) => { (parts::status(status)) " · " (parts::score(&score.score)) }
                            None => span.reason { "in no scorecard" },
                        }
                    }
                    @if let Some(text) = &objective.description { p { (text) } }
                    @if objective.kpis.is_empty() { p.reason { "no KPI serves it" } }
                    ul.plain { @for kpi in &objective.kpis { li { a href={ "/kpis/" (kpi.id) } { (kpi.name) } } } }
                    @for link in links.iter().filter(|l| l.from.id == objective.objective.id) { (sentence(link)) }
                    @if let Some(owner) = &objective.owner { p.who { (parts::person(owner)) } }
                }
            }
        }
    }
}

fn sentence(link: &MapLink) -> Markup {
    let strength = link.strength.map(|s| match s {
        Strength::Weak => "weakly",
        Strength::Moderate => "moderately",
        Strength::Strong => "strongly",
    });
    html! {
        p.why {
            "Expected to " (if link.sign == Sign::Positive { "raise" } else { "lower" })
            " “" (link.to.name) "”"
            @if let Some(strength) = strength { " " (strength) }
            @if let Some(lag) = &link.lag { " after " (lag) }
            @if let Some(why) = &link.why { ": " (why) }
            " (" (link.evidence.label()) ")."
        }
    }
}
