//! A control chart: values, what is to be expected of them, limits by period, which periods signal, and what is said of periods.

use kepi_model::project::ValueUnit;
use maud::{Markup, html};

use super::{
    labels::place,
    px,
    scale::Scale,
    trend::{Frame, Size, beside, labelled, tick_text},
};
use crate::view::ControlView;

/// The letter of a note, as the list below the picture has it.
fn letter(at: usize) -> String {
    let before = at.checked_div(26).and_then(|round| round.checked_sub(1)).map_or(String::new(), letter);
    format!("{before}{}", char::from(b'a' + (at % 26) as u8))
}

/// Room that a letter takes.
const LETTER: f64 = 11.0;

/// The whole chart. Solid steps: the level; dashed ones: limits, where there are any; dotted: their middle, where that is not the level. A period that signals is a square in a ring, others are
/// dots. Letters above stand for the notes in their order.
pub fn control(name: &str, of: &ControlView, unit: &ValueUnit, size: Size) -> Markup {
    let points = &of.points;
    let shown = points.iter().flat_map(|p| {
        let limits = p.limits.into_iter().flat_map(|(low, high)| [low, high]);
        [p.value, p.level].into_iter().chain(limits).chain(p.centre)
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
    let last = points.iter().rev().find_map(|p| Some((p, p.limits?)));
    let text = |text: &str| vec![text.to_owned()];
    let ends: Vec<(f64, Vec<String>)> = last.map_or_else(Vec::new, |(point, (low, high))| {
        let centre = point.centre.map(|centre| (centre, text("middle of limits")));
        let own = [(high, text("upper limit")), (point.level, text("level")), (low, text("lower limit"))];
        own.into_iter().chain(centre).collect()
    });
    // Of one period several things may be said: its letters stand side by side, and those of neighbours move apart.
    let wanted: Vec<(f64, f64)> = of
        .notes
        .iter()
        .enumerate()
        .map(|(at, note)| (x(note.at), LETTER * letter(at).len() as f64))
        .collect();
    let letters = place(&wanted, frame.left, frame.right);
    html! {
        svg class=(class) role="img" viewBox={ "0 0 " (px(frame.width)) " " (px(frame.height)) } {
            title { (title(name, of)) }
            @for (value, text) in &ticks {
                line class="grid" x1=(px(frame.left)) y1=(px(y.at(*value))) x2=(px(frame.right)) y2=(px(y.at(*value))) {}
                text class="tick" x=(px(frame.left - 8.0)) y=(px(y.at(*value) + 4.0)) text-anchor="end" { (text) }
            }
            @for (i, point) in points.iter().enumerate() {
                line class="level" x1=(px(edge(i))) y1=(px(y.at(point.level))) x2=(px(edge(i + 1))) y2=(px(y.at(point.level))) {}
                @if let Some(centre) = point.centre {
                    line class="centre" x1=(px(edge(i))) y1=(px(y.at(centre))) x2=(px(edge(i + 1))) y2=(px(y.at(centre))) {}
                }
                @for limit in point.limits.iter().flat_map(|(low, high)| [*low, *high]) {
                    line class="limit" x1=(px(edge(i))) y1=(px(y.at(limit))) x2=(px(edge(i + 1))) y2=(px(y.at(limit))) {}
                }
            }
            @for (at, (note, place)) in of.notes.iter().zip(letters).enumerate() {
                line class="noted" x1=(px(place)) y1=(px(top - 6.0)) x2=(px(x(note.at))) y2=(px(frame.bottom)) {}
                text class="label" x=(px(place)) y=(px(frame.top + 4.0)) text-anchor="middle" { (letter(at)) }
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
            (beside(&ends, &frame, &y))
        }
    }
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
