//! The strategy map: lanes of objectives, read bottom to top, with links that cross no box.

use kepi_model::project::Sign;
use maud::{Markup, html};

use super::{
    px,
    route::{BOX_HEIGHT, Placed, Wire, route},
    shape,
};
use crate::view::{MapObjective, Status, StrategyMapView};

/// Width of the picture, unless a lane holds so many objectives that it must be wider.
const LEAST_WIDTH: f64 = 1120.0;
/// Least room for an objective with the gap beside it.
const LEAST_SLOT: f64 = 160.0;

/// The map as a picture. Its facts stand as text beside it, in the page's list of objectives and links.
pub fn strategy_map(view: &StrategyMapView, href: &dyn Fn(&MapObjective) -> Option<String>) -> Markup {
    let mut boxes: Vec<Placed> = Vec::new();
    let mut objectives: Vec<&MapObjective> = Vec::new();
    let most = view.lanes.iter().map(|l| l.objectives.len()).max().unwrap_or(0);
    let full = LEAST_WIDTH.max(LEAST_SLOT * most as f64);
    for (lane, content) in view.lanes.iter().enumerate() {
        let slot = full / content.objectives.len().max(1) as f64;
        let width = (slot - 44.0).min(250.0);
        for (i, objective) in content.objectives.iter().enumerate() {
            boxes.push(Placed { lane, left: slot * (i as f64 + 0.5) - width / 2.0, width });
            objectives.push(objective);
        }
    }
    let find = |id: &str| objectives.iter().position(|o| o.objective.id == id);
    let links: Vec<(usize, Wire)> = view
        .links
        .iter()
        .enumerate()
        .filter_map(|(i, l)| Some((i, Wire { from: find(&l.from.id)?, to: find(&l.to.id)? })))
        .filter(|(_, w)| w.from != w.to)
        .collect();
    let wires: Vec<Wire> = links.iter().map(|(_, w)| *w).collect();
    let plan = route(&boxes, view.lanes.len(), &wires);
    html! {
        svg class="map" role="group" aria-label={ "Strategy map with " (objectives.len()) " objectives and " (links.len()) " links" }
            viewBox={ "0 0 " (px(full)) " " (px(plan.height)) } {
            @for (lane, content) in view.lanes.iter().enumerate() {
                @let top = plan.tops.get(lane).copied().unwrap_or(0.0);
                rect class="lane" x="0" y=(px(top - 20.0)) width=(px(full)) height=(px(BOX_HEIGHT + 40.0)) rx="8" {}
                text class="lane-name" x="12" y=(px(top - 5.0)) { (content.perspective.name) }
            }
            @for ((index, _), path) in links.iter().zip(&plan.paths) {
                @if let Some(link) = view.links.get(*index) {
                    @let sign = if link.sign == Sign::Positive { "positive" } else { "negative" };
                    g class={ "link " (link.evidence.code()) " " (sign) } role="img" {
                        title {
                            (link.from.name) " is expected to "
                            (if link.sign == Sign::Positive { "raise " } else { "lower " })
                            (link.to.name)
                            @if let Some(lag) = &link.lag { " after " (lag) }
                            "; " (link.evidence.label())
                        }
                        path class="wire" d=(rounded(path)) {}
                        @if let Some(arrow) = arrow(path) { polygon class="arrow" points=(arrow) {} }
                        @if let Some((x, y)) = label_place(path) {
                            text class="link-label" x=(px(x)) y=(px(y)) text-anchor="middle" {
                                (if link.sign == Sign::Positive { "+" } else { "−" })
                                @if let Some(lag) = &link.lag { " " (lag) }
                            }
                        }
                    }
                }
            }
            @for (placed, objective) in boxes.iter().zip(&objectives) {
                @let top = plan.tops.get(placed.lane).copied().unwrap_or(0.0);
                @match href(objective) {
                    Some(path) => { a href=(path) { (objective_box(objective, placed, top)) } }
                    None => { (objective_box(objective, placed, top)) }
                }
            }
        }
    }
}

fn objective_box(objective: &MapObjective, placed: &Placed, top: f64) -> Markup {
    let status = objective.score.as_ref().map_or(Status::Grey, |s| s.status);
    let score = objective.score.as_ref().and_then(|s| s.score.value()).map(|p| p.text.as_str());
    let lines = wrap(&objective.objective.name, ((placed.width - 24.0) / 7.4) as usize);
    let two = lines.len() > 1;
    html! {
        rect class={ "objective " (status.code()) } x=(px(placed.left)) y=(px(top)) width=(px(placed.width)) height=(px(BOX_HEIGHT)) rx="8" {}
        @for (i, line) in lines.iter().enumerate() {
            text class="objective-name" x=(px(placed.left + 12.0)) y=(px(top + if two { 19.0 } else { 25.0 } + 15.0 * i as f64)) { (line) }
        }
        (shape(status, placed.left + 17.0, top + if two { 50.0 } else { 45.0 }, 4.4))
        text class={ "objective-status " (status.code()) } x=(px(placed.left + 28.0)) y=(px(top + if two { 54.0 } else { 49.0 })) {
            (match (&objective.score, score) {
                (None, _) => "not scored".to_owned(),
                (Some(_), None) => status.label().to_owned(),
                (Some(_), Some(text)) => format!("{} · {text}", status.label()),
            })
        }
    }
}

/// At most two lines; what does not fit ends in an ellipsis.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|l| !l.is_empty() && l.chars().count() + 1 + word.chars().count() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let over = lines.len() > 2;
    lines.truncate(2);
    for (i, line) in lines.iter_mut().enumerate() {
        if line.chars().count() > width || (over && i == 1) {
            *line = line.chars().take(width.saturating_sub(1)).collect::<String>() + "…";
        }
    }
    lines
}

/// A path with rounded bends.
fn rounded(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| points.get(j));
        match (before, points.get(i + 1)) {
            (None, _) => path.push_str(&format!("M{} {}", px(x), px(y))),
            (_, None) => path.push_str(&format!("L{} {}", px(x), px(y))),
            (Some(&a), Some(&b)) => {
                let (from, to) = (towards((x, y), a), towards((x, y), b));
                path.push_str(&format!(
                    "L{} {}Q{} {} {} {}",
                    px(from.0),
                    px(from.1),
                    px(x),
                    px(y),
                    px(to.0),
                    px(to.1)
                ));
            }
        }
    }
    path
}

/// The point up to 7 units from `at` towards `to`, at most half way.
fn towards(at: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (to.0 - at.0, to.1 - at.1);
    let length = dx.abs() + dy.abs();
    let share = if length > 0.0 { (7.0 / length).min(0.5) } else { 0.0 };
    (at.0 + dx * share, at.1 + dy * share)
}

fn arrow(points: &[(f64, f64)]) -> Option<String> {
    let (tip, before) = (points.last()?, points.get(points.len().checked_sub(2)?)?);
    let back = if before.1 > tip.1 { 8.0 } else { -8.0 };
    let corner = |dx: f64| format!("{},{}", px(tip.0 + dx), px(tip.1 + back));
    Some(format!("{},{} {} {}", px(tip.0), px(tip.1), corner(-5.0), corner(5.0)))
}

/// The label stands on the longest level piece.
fn label_place(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    points
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if (a.1 - b.1).abs() < 0.5 => Some(((a.0 - b.0).abs(), (a.0 + b.0) / 2.0, a.1 + 4.0)),
            _ => None,
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, x, y)| (x, y))
}
