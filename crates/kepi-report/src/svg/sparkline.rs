//! A series at the size of a word.

use kepi_model::project::ValueUnit;
use maud::{Markup, html};

use super::{px, scale::Scale, shape};
use crate::view::{SeriesPoint, Status};

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 28.0;

/// The recent course of a KPI, with its last value marked by shape. Gaps are gaps; the way to a running period is
/// a broken line.
pub fn sparkline(name: &str, series: &[SeriesPoint], unit: &ValueUnit) -> Markup {
    let known: Vec<(usize, f64)> =
        series.iter().enumerate().filter_map(|(i, p)| p.value.value().map(|m| (i, m.value.raw))).collect();
    let y = Scale::around(known.iter().map(|(_, v)| *v), unit, HEIGHT - 6.0, 6.0);
    let step = (WIDTH - 14.0) / series.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| 4.0 + step * i as f64;
    let (mut whole, mut running) = (String::new(), String::new());
    for pair in known.windows(2) {
        if let [(i, a), (j, b)] = pair
            && j - i == 1
        {
            let path = if series.get(*j).is_some_and(|p| !p.complete) { &mut running } else { &mut whole };
            let end = format!(" {} {}", px(x(*i)), px(y.at(*a)));
            if !path.ends_with(&end) {
                path.push_str(" M");
                path.push_str(&end);
            }
            path.push_str(&format!(" L {} {}", px(x(*j)), px(y.at(*b))));
        }
    }
    html! {
        svg class="spark" role="img" viewBox={ "0 0 " (px(WIDTH)) " " (px(HEIGHT)) } width=(px(WIDTH)) height=(px(HEIGHT)) {
            title { (title(name, series)) }
            @if !whole.is_empty() { path class="line" d=(whole.trim()) {} }
            @if !running.is_empty() { path class="line running" d=(running.trim()) {} }
            @if let Some((i, value)) = known.last() {
                (shape(series.get(*i).map_or(Status::Grey, |p| p.status), x(*i), y.at(*value), 3.2))
            }
        }
    }
}

fn title(name: &str, series: &[SeriesPoint]) -> String {
    let known: Vec<&SeriesPoint> = series.iter().filter(|p| p.value.value().is_some()).collect();
    let text = |p: &SeriesPoint| p.value.value().map_or(String::new(), |m| m.value.text.clone());
    match (known.first(), known.last()) {
        (Some(first), Some(last)) if known.len() > 1 => {
            format!("{name}: from {} in {} to {} in {}", text(first), first.period, text(last), last.period)
        }
        (Some(only), _) => format!("{name}: only {} has a value", only.period),
        _ => format!("{name}: no period has a value"),
    }
}
