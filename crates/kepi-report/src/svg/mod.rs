//! The product's own marks as SVG, the same in page, mail and print.
//!
//! Every mark is `role="img"` with a `<title>` that says in words what it shows. Colours come from classes, so
//! that the stylesheet decides light, dark and print; the shape of a mark says its status without colour. Output
//! is a function of the input alone: same facts, same bytes.

mod bar;
mod bullet;
mod contribution;
mod control;
mod dots;
mod labels;
mod route;
mod scale;
mod sparkline;
mod strategy_map;
#[cfg(test)]
mod tests;
mod trend;

pub use bar::bar;
pub use bullet::bullet;
pub use contribution::{step_scale, steps};
pub use control::control;
pub use dots::{dot_scale, dots};
pub use scale::Scale;
pub use sparkline::sparkline;
pub use strategy_map::strategy_map;
pub use trend::{Size, benchmarks_beyond, continued, is_cut, trend};

use maud::{Markup, html};

use crate::view::Status;

/// A coordinate with at most two decimals and no trailing zeros.
pub(crate) fn px(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The shape of a status around a centre: ■ ◆ ● ▲ ○ as drawn marks, each of about the same area.
pub(crate) fn shape(status: Status, x: f64, y: f64, radius: f64) -> Markup {
    let class = format!("mark {}", status.code());
    let polygon = |points: &[(f64, f64)]| {
        let text: Vec<String> = points
            .iter()
            .map(|(dx, dy)| format!("{},{}", px(x + dx * radius), px(y + dy * radius)))
            .collect();
        html! { polygon class=(class) points=(text.join(" ")) {} }
    };
    match status {
        Status::Red => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Status::Amber => polygon(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
        Status::Blue => polygon(&[(0.0, -1.2), (1.2, 0.95), (-1.2, 0.95)]),
        Status::Green | Status::NoTarget | Status::Grey => {
            html! { circle class=(class) cx=(px(x)) cy=(px(y)) r=(px(radius)) {} }
        }
    }
}
