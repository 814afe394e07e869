//! Steps from one total to another: contributions to a score, or the bridge from one period to the next.

use maud::{Markup, html};

use super::{px, scale::Scale};
use crate::view::{BridgePart, Points};

const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 20.0;

/// The scale that all steps share: it holds every total on the way and starts at 0 for contributions to a score.
pub fn step_scale(start: &Points, parts: &[BridgePart]) -> Scale {
    let mut at = start.as_f64();
    let (mut low, mut high) = (at, at);
    for part in parts {
        at += part.points.as_f64();
        low = low.min(at);
        high = high.max(at);
    }
    let air = ((high - low) * 0.06).max(0.5);
    let low = if start.micro == 0 && low >= 0.0 { 0.0 } else { low - air };
    Scale { low, high: high + air, from: 1.0, to: WIDTH - 1.0 }
}

/// One bar a part, each from where the one before ended.
pub fn steps(start: &Points, parts: &[BridgePart], scale: &Scale) -> Vec<Markup> {
    let mut at = start.as_f64();
    parts
        .iter()
        .map(|part| {
            let before = at;
            at += part.points.as_f64();
            let (left, right) = (scale.at(before.min(at)), scale.at(before.max(at)));
            let class = match part.points.micro {
                m if m < 0 => "step down",
                0 => "step none",
                _ => "step up",
            };
            html! {
                svg class="steps" role="img" viewBox={ "0 0 " (px(WIDTH)) " " (px(HEIGHT)) } {
                    title { (part.name) ", " (part.effect) ": " (part.points.text) " points" }
                    line class="axis" x1=(px(scale.at(before))) y1="0" x2=(px(scale.at(before))) y2=(px(HEIGHT)) {}
                    rect class=(class) x=(px(left)) y="4" width=(px((right - left).max(1.5))) height=(px(HEIGHT - 8.0)) {}
                }
            }
        })
        .collect()
}
