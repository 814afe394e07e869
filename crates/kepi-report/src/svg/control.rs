//! A control chart: values, what is to be expected of them, limits by period, which periods signal, and what is said of periods.

use kepi_model::project::ValueUnit;
use maud::{Markup, html};

use super::{
    px,
    scale::Scale,
    trend::{Frame, Size, labelled, tick_text},
};
use crate::view::ControlView;

/// The letter of a note, as the list below the picture has it.
fn letter(at: usize) -> String {
    let before = at.checked_div(26).and_then(|round| round.checked_sub(1)).map_or(String::new(), letter);
    format!("{before}{}", char::from(b'a' + (at % 26) as u8))
}

/// The whole chart. Solid steps: the level; dashed ones: limits, where there are any. A period that signals is a square in a ring, others are
/// dots. Letters above stand for the notes in their order.
pub fn control(name: &str, of: &ControlView, unit: &ValueUnit, size: Size) -> Markup {
    let points = &of.points;
    let shown = points.iter().flat_map(|p| {
        let limits = p.limits.into_iter().flat_map(|(low, high)| [low, high]);
        [p.value, p.level].into_iter().chain(limits)
    });
    let scale = Scale::around(shown, unit, 0.0, 1.0);
    let ticks = scale.ticks(if size == Size::Wide { 5 } else { 4 });
    let ticks: Vec<(f64, String)> = ticks.into_iter().map(|t| (t, tick_text(t, unit))).collect();
    let longest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
    let frame = Frame::of(size, 14.0 + 7.0 * longest as f64, 0.0);
    let top = frame.top + if of.notes.is_empty() { 0.0 } else { 16.0 };
    let y = Scale { from: frame.bottom, to: top, ..scale };
    let step = (frame.right - frame.left) / points.len().max(1) as f64;
    let x = |i: usize| frame.left + step * (i as f64 + 0.5);
    let edge = |i: usize| frame.left + step * i as f64;
    let line: Vec<String> =
        points.iter().enumerate().map(|(i, p)| format!("{},{}", px(x(i)), px(y.at(p.value)))).collect();
    let radius = if points.len() > 30 { 2.4 } else { 3.4 };
    let class = if size == Size::Wide { "trend wide" } else { "trend narrow" };
    let last = points.iter().rev().find_map(|p| Some((p.level, p.limits?)));
    let ends =
        last.map(|(level, (low, high))| [(high, "upper limit"), (level, "level"), (low, "lower limit")]);
    html! {
        svg class=(class) role="img" viewBox={ "0 0 " (px(frame.width)) " " (px(frame.height)) } {
            title { (title(name, of)) }
            @for (value, text) in &ticks {
                line class="grid" x1=(px(frame.left)) y1=(px(y.at(*value))) x2=(px(frame.right)) y2=(px(y.at(*value))) {}
                text class="tick" x=(px(frame.left - 8.0)) y=(px(y.at(*value) + 4.0)) text-anchor="end" { (text) }
            }
            @for (i, point) in points.iter().enumerate() {
                line class="level" x1=(px(edge(i))) y1=(px(y.at(point.level))) x2=(px(edge(i + 1))) y2=(px(y.at(point.level))) {}
                @for limit in point.limits.iter().flat_map(|(low, high)| [*low, *high]) {
                    line class="limit" x1=(px(edge(i))) y1=(px(y.at(limit))) x2=(px(edge(i + 1))) y2=(px(y.at(limit))) {}
                }
            }
            @for (at, note) in of.notes.iter().enumerate() {
                line class="noted" x1=(px(x(note.at))) y1=(px(top - 2.0)) x2=(px(x(note.at))) y2=(px(frame.bottom)) {}
                text class="label" x=(px(x(note.at))) y=(px(frame.top + 4.0)) text-anchor="middle" { (letter(at)) }
            }
            polyline class="line" fill="none" points=(line.join(" ")) {}
            @for (i, point) in points.iter().enumerate() {
                @let (at, height) = (x(i), y.at(point.value));
                @if point.signals {
                    circle class="ring" cx=(px(at)) cy=(px(height)) r=(px(radius + 4.0)) {}
                    rect class="signal" x=(px(at - radius)) y=(px(height - radius)) width=(px(2.0 * radius)) height=(px(2.0 * radius)) {}
                } @else {
                    circle class="point" cx=(px(at)) cy=(px(height)) r=(px(radius)) {}
                }
            }
            line class="axis" x1=(px(frame.left)) y1=(px(frame.bottom)) x2=(px(frame.right)) y2=(px(frame.bottom)) {}
            @for i in labelled(points.iter().map(|p| p.period.as_str()), step) {
                text class="tick" x=(px(x(i))) y=(px(frame.bottom + 20.0)) text-anchor="middle" {
                    (points.get(i).map_or("", |p| p.period.as_str()))
                }
            }
            @for (place, text) in apart(ends.iter().flatten().map(|(value, text)| (y.at(*value), *text))) {
                text class="label" x=(px(frame.right + 8.0)) y=(px(place + 4.0)) { (text) }
            }
        }
    }
}

/// Labels from above, a line of text apart.
fn apart<'a>(labels: impl Iterator<Item = (f64, &'a str)>) -> Vec<(f64, &'a str)> {
    let mut last = f64::NEG_INFINITY;
    let place = |(at, text): (f64, &'a str)| {
        last = at.max(last + 15.0);
        (last, text)
    };
    labels.map(place).collect()
}

fn title(name: &str, of: &ControlView) -> String {
    let signals: Vec<&str> = of.points.iter().filter(|p| p.signals).map(|p| p.period.as_str()).collect();
    let signals = if signals.is_empty() { "none signals".to_owned() } else { signals.join(", ") + " signal" };
    match (of.points.first(), of.points.last()) {
        (Some(first), Some(last)) => format!(
            "Control chart of {name} from {} to {}: {signals}. The figures stand in the table of the analysis.",
            first.period, last.period
        ),
        _ => format!("Control chart of {name}: no period has a value"),
    }
}
