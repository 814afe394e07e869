//! A score as it would be: a form without scripts; what is supposed stands in the address, and nothing is kept.

use kepi_report::view::{Outcome, PlaceView, Points, WhatIfView};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

/// What the names of fields for weights and values begin with.
pub(crate) const WEIGHT: &str = "weight.";
pub(crate) const VALUE: &str = "value.";

pub(crate) fn render(view: &WhatIfView) -> Markup {
    let path = format!("/what-if/{}", view.scorecard.id);
    let unit = view.units.iter().find(|u| u.chosen && u.depth > 0).map(|u| u.id.as_str());
    let mut back = vec![("period", view.period.as_str())];
    back.extend(unit.map(|u| ("unit", u)));
    let units = view.places.iter().any(|place| place.same_order.is_some());
    let body = html! {
        header.head {
            p.crumbs { a href=(parts::href(&format!("/scorecards/{}", view.scorecard.id), &back)) { (view.scorecard.name) } " / What if" }
            h1 { "What if" }
            p.sub { @if let Some(unit) = &view.unit { (unit.name) " · " } (view.period) " · nothing of this is kept" }
            (parts::chooser(&path, &view.periods, &view.units, &[]))
        }
        section.overall aria-labelledby="would" {
            h2.quiet #would { "The score as it would be" }
            @if let Some(problem) = &view.problem { p role="alert" { (problem) } }
            p.big { span.num { (score(&view.before)) } " → " span.num { (score(&view.after)) } }
            @if let Some(gained) = &view.gained { p { (gained.text) " points" } }
        }
        @if let Some(bridge) = view.bridge.as_ref().filter(|bridge| !bridge.parts.is_empty()) {
            section aria-labelledby="moved" { h2 #moved { "What moves it" } (parts::bridge(bridge)) }
        }
        form method="get" action=(path) {
            @for (name, value) in &back { input type="hidden" name=(name) value=(value); }
            div.scroll role="region" aria-label="Weights and values" tabindex="0" {
                table.figures {
                    thead { tr {
                        th scope="col" { "What" } th.num scope="col" { "Weight" } th scope="col" { "Suppose" }
                        th.num scope="col" { "Value" } th scope="col" { "Suppose" }
                        th.num scope="col" { "5 points of weight less" } th.num scope="col" { "5 more" }
                        @if units { th.num scope="col" { "Same order of units" } }
                    } }
                    tbody { @for place in &view.places { (row(place, units)) } }
                }
            }
            p.chooser { button type="submit" { "Suppose" } " " a href=(parts::href(&path, &back)) { "As it is" } }
        }
        p.note {
            "Weights are shares such as 40%; what stands beside a weight shares out the rest as it does now. Values are written as targets are: \
             40, 85%, 4 hours."
        }
    };
    layout::page(&Head { title: "What if", project: Some(&view.project), path: "/" }, body)
}

fn score(of: &Outcome<Points>) -> &str {
    match of {
        Outcome::Value(points) => &points.text,
        Outcome::Reason(_) => "no score",
    }
}

/// The page of a KPI, of the segment that it judges: `effort[plan=consumer]`.
fn kpi_href(id: &str) -> String {
    match id.strip_suffix(']').and_then(|of| of.split_once('[')) {
        Some((kpi, segment)) => parts::href(&format!("/kpis/{kpi}"), &[("segment", segment)]),
        None => format!("/kpis/{id}"),
    }
}

fn row(place: &PlaceView, units: bool) -> Markup {
    let name = &place.of.name;
    html! {
        tr {
            th scope="row" {
                @match place.kind {
                    "kpi" => { a href=(kpi_href(&place.of.id)) { (name) } }
                    "objective" | "segment" => { (name) }
                    _ => { strong { (name) } }
                }
            }
            td.num { (place.weight.text) @if let Some(other) = &place.supposed_weight { " → " (other.text) } }
            td { input type="text" size="6" name={ (WEIGHT) (place.kind) "/" (place.of.id) } value=(place.asked_weight.as_deref().unwrap_or("")) aria-label={ "Weight of " (name) }; }
            td.num { (place.value.as_deref().unwrap_or("")) }
            td {
                @if place.kind == "kpi" {
                    input type="text" size="8" name={ (VALUE) (place.of.id) } value=(place.supposed_value.as_deref().unwrap_or("")) aria-label={ "Value of " (name) };
                }
            }
            td.num { (place.less.as_ref().map_or("", |p| p.text.as_str())) }
            td.num { (place.more.as_ref().map_or("", |p| p.text.as_str())) }
            @if units {
                td.num { @if let Some((low, high)) = &place.same_order { (low.text) " to " (high.text) } }
            }
        }
    }
}
