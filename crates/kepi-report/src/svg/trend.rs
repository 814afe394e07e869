//! The course of a KPI with intervals, target lines and running periods.

use kepi_model::project::{Better, TargetLines, ValueUnit};
use kepi_score::band::{Band, ranges};
use maud::{Markup, html};

use super::{
    labels::{LINE, place, wrap},
    px,
    scale::{Scale, line_values, target_values, value_and_limits},
    shape,
};
use crate::{
    format,
    view::{BenchmarkView, EarlierView, Measured, SeriesPoint, Status},
};

/// Where a chart goes: text keeps its size, so a phone gets its own drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A column of a page, 720 units wide.
    Wide,
    /// A phone, 340 units wide.
    Narrow,
}

pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// With room for the axis at the left and for the labels of lines at the right.
    pub(super) fn of(size: Size, axis: f64, labels: f64) -> Self {
        match size {
            Size::Wide => {
                let right = 720.0 - labels.max(116.0);
                Self { width: 720.0, height: 300.0, left: axis, right, top: 14.0, bottom: 266.0 }
            }
            Size::Narrow => {
                let right = 340.0 - labels.max(88.0);
                Self { width: 340.0, height: 240.0, left: axis, right, top: 12.0, bottom: 208.0 }
            }
        }
    }
}

/// What the picture has room for: values, lines, what is usual, and of intervals what lies within as much again on both sides. A
/// first month of twelve cases would else make everything after it one line; and so would figures of others that are far off.
fn shown(series: &[SeriesPoint], benchmarks: &[BenchmarkView]) -> Vec<f64> {
    let mut values: Vec<f64> = series
        .iter()
        .flat_map(|p| {
            let value = p.value.value().map(|measured| measured.value.raw);
            let usual = p.usual.into_iter().flat_map(|(low, high)| [low, high]);
            value.into_iter().chain(p.lines.as_ref().map_or_else(Vec::new, line_values)).chain(usual)
        })
        .filter(|value| value.is_finite())
        .collect();
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let limits = series.iter().filter_map(|p| p.value.value()).flat_map(value_and_limits);
    let room = high - low;
    match room > 0.0 {
        true => values.extend(limits.map(|limit| limit.clamp(low - room, high + room))),
        false => values.extend(limits),
    }
    let others = benchmarks.iter().filter_map(|of| of.drawn());
    match values.is_empty() {
        true => values.extend(others),
        false => values.extend(others.filter(|at| (low - 2.0 * room..=high + 2.0 * room).contains(at))),
    }
    values
}

/// Figures of others that could be drawn and lie beyond the picture.
pub fn benchmarks_beyond<'a>(
    series: &[SeriesPoint],
    benchmarks: &'a [BenchmarkView],
    unit: &ValueUnit,
) -> Vec<&'a BenchmarkView> {
    let scale = Scale::around(shown(series, benchmarks), unit, 0.0, 1.0);
    let beyond = |of: &&BenchmarkView| of.drawn().is_some_and(|at| at < scale.low || at > scale.high);
    benchmarks.iter().filter(beyond).collect()
}

/// Whether an interval reaches beyond the picture.
pub fn is_cut(series: &[SeriesPoint], benchmarks: &[BenchmarkView], unit: &ValueUnit) -> bool {
    let scale = Scale::around(shown(series, benchmarks), unit, 0.0, 1.0);
    let limits = series.iter().filter_map(|p| p.value.value()).flat_map(value_and_limits);
    limits.into_iter().any(|limit| limit < scale.low || limit > scale.high)
}

/// The whole series. Shaded: the interval. Framed: what is usual. Lines per period: threshold, target, stretch; the zone beyond the
/// threshold is tinted. Long dashes across: figures of others that can be compared, by name and date. Hatched: a provisional value, or one that
/// was not measured. A period without a value is a gap with a hollow mark on the axis.
pub fn trend(
    name: &str,
    series: &[SeriesPoint],
    benchmarks: &[BenchmarkView],
    unit: &ValueUnit,
    better: Better,
    size: Size,
) -> Markup {
    continued(None, name, series, benchmarks, (unit, better), size)
}

/// As [`trend`], behind the figures of the KPI whose place it takes, on its level: dashed and hollow, up to a line where that one ends.
pub fn continued(
    earlier: Option<&EarlierView>,
    name: &str,
    series: &[SeriesPoint],
    benchmarks: &[BenchmarkView],
    (unit, better): (&ValueUnit, Better),
    size: Size,
) -> Markup {
    let before: &[(String, Measured)] = earlier.map_or(&[], |of| &of.points);
    let mut room = shown(series, benchmarks);
    room.extend(before.iter().map(|(_, of)| of.value.raw));
    let scale = Scale::around(room, unit, 0.0, 1.0);
    let ticks: Vec<(f64, String)> = scale
        .ticks(if size == Size::Wide { 5 } else { 4 })
        .into_iter()
        .map(|t| (t, tick_text(t, unit)))
        .collect();
    let longest = ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
    let others: Vec<(f64, &BenchmarkView)> = benchmarks
        .iter()
        .filter_map(|of| Some((of.drawn().filter(|at| (scale.low..=scale.high).contains(at))?, of)))
        .collect();
    let ends = ends(series.iter().rev().find_map(|p| p.lines.as_ref()), &others, unit, size);
    let all = series.iter().filter_map(|p| p.lines.as_ref()).flat_map(|lines| labels(lines, unit));
    let texts = all.map(|(_, text)| text).chain(ends.iter().flat_map(|(_, lines)| lines.iter().cloned()));
    let widest = texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let frame = Frame::of(size, 14.0 + 7.0 * longest as f64, 10.0 + 6.5 * widest as f64);
    let y = Scale { from: frame.bottom, to: frame.top, ..scale };
    let step = (frame.right - frame.left) / (before.len() + series.len()).max(1) as f64;
    let begin = frame.left + step * before.len() as f64;
    let x = |i: usize| begin + step * (i as f64 + 0.5);
    let edge = |i: usize| begin + step * i as f64;
    let of_before = |i: usize| frame.left + step * (i as f64 + 0.5);
    let spans = spans(series);
    let hatch = if size == Size::Wide { "hatch-wide" } else { "hatch-narrow" };
    let class = if size == Size::Wide { "trend wide" } else { "trend narrow" };
    html! {
        svg class=(class) role="img" viewBox={ "0 0 " (px(frame.width)) " " (px(frame.height)) } {
            title {
                (title(name, series))
                @if let Some(earlier) = earlier { " Before it, dashed: " (earlier.of.name) " on its level." }
            }
            defs {
                pattern id=(hatch) width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line class="hatch" x1="0" y1="0" x2="0" y2="6" {}
                }
            }
            @for (first, last, lines) in &spans {
                @for (band, from, to) in ranges(lines, better) {
                    @if band == Band::Red {
                        @let (a, b) = (y.at(to), y.at(from));
                        rect class="zone red" x=(px(edge(*first))) y=(px(a)) width=(px(edge(*last + 1) - edge(*first))) height=(px((b - a).max(0.0))) {}
                    }
                }
            }
            @for (value, text) in &ticks {
                line class="grid" x1=(px(frame.left)) y1=(px(y.at(*value))) x2=(px(frame.right)) y2=(px(y.at(*value))) {}
                text class="tick" x=(px(frame.left - 8.0)) y=(px(y.at(*value) + 4.0)) text-anchor="end" { (text) }
            }
            @for (first, last, lines) in &spans {
                @for (kind, value) in kinds(lines) {
                    line class=(kind) x1=(px(edge(*first))) y1=(px(y.at(value))) x2=(px(edge(*last + 1))) y2=(px(y.at(value))) {}
                }
            }
            @for (value, _) in &others {
                line class="others" x1=(px(frame.left)) y1=(px(y.at(*value))) x2=(px(frame.right)) y2=(px(y.at(*value))) {}
            }
            @for (i, point) in series.iter().enumerate() {
                @if !point.complete || !point.is_measured() {
                    rect class="running" fill={ "url(#" (hatch) ")" } x=(px(edge(i))) y=(px(frame.top)) width=(px(step)) height=(px(frame.bottom - frame.top)) {}
                }
            }
            @for (i, (low, high)) in series.iter().enumerate().filter_map(|(i, p)| Some((i, p.usual?))) {
                rect class="usual" x=(px(edge(i))) y=(px(y.at(high))) width=(px(step)) height=(px((y.at(low) - y.at(high)).max(0.0))) {}
            }
            @if !before.is_empty() {
                (bridged(before, &of_before, &y))
                @if let (Some((_, last)), Some(Some(first))) = (before.last(), series.first().map(|p| p.value.value())) {
                    line class="line bridged" x1=(px(of_before(before.len() - 1))) y1=(px(y.at(last.value.raw))) x2=(px(x(0))) y2=(px(y.at(first.value.raw))) {}
                }
                line class="break" x1=(px(begin)) y1=(px(frame.top)) x2=(px(begin)) y2=(px(frame.bottom)) {}
            }
            @for run in runs(series) {
                @if run.len() > 1 {
                    polygon class="interval" points=(band_points(series, &run, &x, &y)) {}
                    @for pair in run.windows(2) {
                        @if let [i, j] = pair {
                            @let running = series.get(*j).is_some_and(|p| !p.complete);
                            line class=(if running { "line running" } else { "line" })
                                x1=(px(x(*i))) y1=(px(y.at(raw(series, *i)))) x2=(px(x(*j))) y2=(px(y.at(raw(series, *j)))) {}
                        }
                    }
                }
            }
            @for (i, point) in series.iter().enumerate() {
                @match point.value.value() {
                    Some(measured) => {
                        @if let Some((low, high)) = measured.limits() {
                            line class="whisker" x1=(px(x(i))) y1=(px(y.at(low))) x2=(px(x(i))) y2=(px(y.at(high))) {}
                        }
                        (shape(point.status, x(i), y.at(measured.value.raw), if series.len() > 30 { 2.6 } else { 4.2 }))
                    }
                    None => { (shape(Status::Grey, x(i), frame.bottom, 3.0)) }
                }
            }
            line class="axis" x1=(px(frame.left)) y1=(px(frame.bottom)) x2=(px(frame.right)) y2=(px(frame.bottom)) {}
            @let periods: Vec<&str> = before.iter().map(|(period, _)| period.as_str()).chain(series.iter().map(|p| p.period.as_str())).collect();
            @for i in labelled(periods.iter().copied(), step) {
                text class="tick" x=(px(of_before(i))) y=(px(frame.bottom + 20.0)) text-anchor="middle" {
                    (periods.get(i).copied().unwrap_or_default())
                }
            }
            (beside(&ends, &frame, &y))
        }
    }
}

/// Figures on the level of another KPI: what is left of an interval reaches as far as the picture.
fn bridged(before: &[(String, Measured)], x: &dyn Fn(usize) -> f64, y: &Scale) -> Markup {
    let (low, high) = (y.low, y.high);
    html! {
        @for (i, (_, of)) in before.iter().enumerate() {
            @if let Some((from, to)) = of.limits() {
                line class="whisker bridged" x1=(px(x(i))) y1=(px(y.at(from.clamp(low, high)))) x2=(px(x(i))) y2=(px(y.at(to.clamp(low, high)))) {}
            }
        }
        @for (i, pair) in before.windows(2).enumerate() {
            @if let [(_, from), (_, to)] = pair {
                line class="line bridged" x1=(px(x(i))) y1=(px(y.at(from.value.raw))) x2=(px(x(i + 1))) y2=(px(y.at(to.value.raw))) {}
            }
        }
        @for (i, (period, of)) in before.iter().enumerate() {
            circle class="bridged" cx=(px(x(i))) cy=(px(y.at(of.value.raw))) r="3.6" { title { (period) ": " (of.value.text) } }
        }
    }
}

/// Labels at the right: where each belongs, and its lines of text.
type Ends = Vec<(f64, Vec<String>)>;

fn ends(lines: Option<&TargetLines>, others: &[(f64, &BenchmarkView)], unit: &ValueUnit, size: Size) -> Ends {
    let width = if size == Size::Wide { 20 } else { 15 };
    let own = lines.into_iter().flat_map(|lines| labels(lines, unit)).map(|(at, text)| (at, vec![text]));
    let others = others.iter().map(|(at, of)| {
        let mut text = wrap(&of.name, width, 2);
        text.push(format!("{}, {}", of.value, of.dated()));
        (*at, text)
    });
    own.chain(others).collect()
}

/// What stands apart from its neighbours: a label of several lines of text would else run into them.
fn gap(lines: &[String]) -> f64 {
    if lines.len() > 1 { 6.0 } else { 0.0 }
}

/// Labels of lines at the right of a picture, each by its line as far as others leave room.
pub(super) fn beside(ends: &Ends, frame: &Frame, y: &Scale) -> Markup {
    let wanted: Vec<(f64, f64)> =
        ends.iter().map(|(at, lines)| (y.at(*at), LINE * lines.len() as f64 + gap(lines))).collect();
    let placed = place(&wanted, frame.top - 6.0, frame.bottom + 8.0);
    html! {
        @for ((_, lines), middle) in ends.iter().zip(placed) {
            @let first = middle - LINE * (lines.len() as f64 - 1.0) / 2.0;
            @let class = if lines.len() > 1 { "label whose" } else { "label" };
            @for (at, text) in lines.iter().enumerate() {
                text class=(class) x=(px(frame.right + 8.0)) y=(px(first + LINE * at as f64 + 4.0)) { (text) }
            }
        }
    }
}

fn raw(series: &[SeriesPoint], i: usize) -> f64 {
    series.get(i).and_then(|p| p.value.value()).map_or(0.0, |m| m.value.raw)
}

/// Neighbouring periods with the same lines: first, last, lines.
fn spans(series: &[SeriesPoint]) -> Vec<(usize, usize, &TargetLines)> {
    let mut spans: Vec<(usize, usize, &TargetLines)> = Vec::new();
    for (i, lines) in series.iter().enumerate().filter_map(|(i, p)| Some((i, p.lines.as_ref()?))) {
        match spans.last_mut() {
            Some((_, last, same)) if *last + 1 == i && *same == lines => *last = i,
            _ => spans.push((i, i, lines)),
        }
    }
    spans
}

/// Lines of a target with their classes.
fn kinds(lines: &TargetLines) -> Vec<(&'static str, f64)> {
    let (thresholds, stretches) = match *lines {
        TargetLines::OneSided { threshold, stretch, .. } => (vec![threshold], stretch.into_iter().collect()),
        TargetLines::InRange { threshold, stretch, .. } => {
            (vec![threshold.0, threshold.1], stretch.map_or_else(Vec::new, |(low, high)| vec![low, high]))
        }
    };
    let mark = |class: &'static str, values: Vec<f64>| values.into_iter().map(move |v| (class, v));
    mark("threshold", thresholds)
        .chain(mark("stretch", stretches))
        .chain(mark("target", target_values(lines)))
        .collect()
}

/// Stretches of neighbouring periods that have values.
fn runs(series: &[SeriesPoint]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (i, _) in series.iter().enumerate().filter(|(_, p)| p.value.value().is_some()) {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + 1 == i) => run.push(i),
            _ => runs.push(vec![i]),
        }
    }
    runs
}

fn band_points(series: &[SeriesPoint], run: &[usize], x: &dyn Fn(usize) -> f64, y: &Scale) -> String {
    let limits = |i: usize| {
        let measured = series.get(i).and_then(|p| p.value.value());
        let point = measured.map_or(0.0, |m| m.value.raw);
        measured.and_then(crate::view::Measured::limits).unwrap_or((point, point))
    };
    let upper = run.iter().map(|&i| (x(i), y.at(limits(i).1)));
    let lower = run.iter().rev().map(|&i| (x(i), y.at(limits(i).0)));
    let all: Vec<String> = upper.chain(lower).map(|(x, y)| format!("{},{}", px(x), px(y))).collect();
    all.join(" ")
}

/// Which periods get a label, so that none overlap; the last always has one.
pub(super) fn labelled<'a>(periods: impl ExactSizeIterator<Item = &'a str>, step: f64) -> Vec<usize> {
    let all = periods.len();
    let longest = periods.map(|p| p.chars().count()).max().unwrap_or(1) as f64;
    let every = ((longest * 6.6 + 10.0) / step.max(0.1)).ceil().max(1.0) as usize;
    let mut all: Vec<usize> = (0..all).rev().step_by(every).collect();
    all.reverse();
    all
}

/// What each line is called at the right.
fn labels<'a>(lines: &TargetLines, unit: &'a ValueUnit) -> impl Iterator<Item = (f64, String)> + use<'a> {
    kinds(lines).into_iter().map(|(kind, value)| (value, format!("{kind} {}", format::line(value, unit))))
}

pub(super) fn tick_text(value: f64, unit: &ValueUnit) -> String {
    match unit {
        ValueUnit::Rate { .. } => format::line(value, &ValueUnit::Number { decimals: 2 }),
        _ => format::line(value, unit),
    }
}

fn title(name: &str, series: &[SeriesPoint]) -> String {
    let last = series.iter().rev().find_map(|p| p.value.value().map(|m| (p, m)));
    match (series.first(), last) {
        (Some(first), Some((point, measured))) => format!(
            "{name} from {} to {}: last {}, {}. All values stand in the table below.",
            first.period,
            point.period,
            measured.value.text,
            point.status.label()
        ),
        _ => format!("{name}: no period has a value"),
    }
}
