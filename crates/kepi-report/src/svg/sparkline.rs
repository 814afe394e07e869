//! A series at the size of a word.

use kepi_model::project::ValueUnit;
use maud::{Markup, html};

use super::{px, scale::Scale, shape};
use crate::view::{Recent, Status};

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 28.0;

/// The recent course of a KPI, with its last value marked by shape. Gaps are gaps; the way to a provisional value is a
/// broken line.
pub fn sparkline(name: &str, recent: &Recent, unit: &ValueUnit) -> Markup {
    let points = &recent.points;
    let known: Vec<(usize, f64)> =
        points.iter().enumerate().filter_map(|(i, (point, _))| Some((i, (*point)?))).collect();
    let y = Scale::around(known.iter().map(|(_, v)| *v), unit, HEIGHT - 6.0, 6.0);
    let step = (WIDTH - 14.0) / points.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| 4.0 + step * i as f64;
    let (mut whole, mut provisional) = (String::new(), String::new());
    for pair in known.windows(2) {
        if let [(i, a), (j, b)] = pair
            && j - i == 1
        {
            let is_final = points.get(*j).is_none_or(|(_, is_final)| *is_final);
            let path = if is_final { &mut whole } else { &mut provisional };
            let end = format!(" {} {}", px(x(*i)), px(y.at(*a)));
            if !path.ends_with(&end) {
                path.push_str(" M");
                path.push_str(&end);
            }
            path.push_str(&format!(" L {} {}", px(x(*j)), px(y.at(*b))));
        }
    }
    let status = recent.ends.as_ref().map_or(Status::Grey, |[_, last]| last.status);
    html! {
        svg class="spark" role="img" viewBox={ "0 0 " (px(WIDTH)) " " (px(HEIGHT)) } width=(px(WIDTH)) height=(px(HEIGHT)) {
            title { (title(name, recent, known.len())) }
            @if !whole.is_empty() { path class="line" d=(whole.trim()) {} }
            @if !provisional.is_empty() { path class="line running" d=(provisional.trim()) {} }
            @if let Some((i, value)) = known.last() { (shape(status, x(*i), y.at(*value), 3.2)) }
        }
    }
}

fn title(name: &str, recent: &Recent, known: usize) -> String {
    match &recent.ends {
        Some([first, last]) if known > 1 => {
            format!("{name}: from {} in {} to {} in {}", first.text, first.period, last.text, last.period)
        }
        Some([only, _]) => format!("{name}: only {} has a value", only.period),
        None => format!("{name}: no period has a value"),
    }
}
