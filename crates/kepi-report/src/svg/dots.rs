//! Segments side by side: one row each on a common scale, so that the names stay text of the page.

use kepi_model::project::ValueUnit;
use kepi_score::band::ranges;
use maud::{Markup, html};

use super::{
    px,
    scale::{Scale, target_values, value_and_limits},
    shape,
};
use crate::view::{SegmentPoint, Status};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 28.0;

/// The scale that all rows of one dimension share.
pub fn dot_scale(members: &[SegmentPoint], unit: &ValueUnit) -> Scale {
    let targets = members.iter().filter_map(|m| m.target.as_ref());
    let values = members
        .iter()
        .filter_map(|m| m.value.value())
        .flat_map(value_and_limits)
        .chain(targets.flat_map(|t| target_values(&t.lines)));
    Scale::around(values, unit, 6.0, WIDTH - 6.0)
}

/// One segment: its value by shape, its interval as a whisker, the target that holds for it as a line.
pub fn dots(member: &SegmentPoint, scale: &Scale) -> Markup {
    let middle = HEIGHT / 2.0;
    html! {
        svg class="dots" role="img" viewBox={ "0 0 " (px(WIDTH)) " " (px(HEIGHT)) } {
            title {
                (member.name) ": "
                @match member.value.value() {
                    Some(measured) => { (measured.value.text) ", " (member.status.label()) }
                    None => { "no value" }
                }
            }
            @if let Some(target) = &member.target {
                @for (band, from, to) in ranges(&target.lines, target.better) {
                    @let (left, right) = (scale.at(from), scale.at(to));
                    @if right > left {
                        rect class={ "zone " (Status::from(Some(band)).code()) } x=(px(left)) y="0" width=(px(right - left)) height=(px(HEIGHT)) {}
                    }
                }
                @for value in target_values(&target.lines) {
                    line class="target" x1=(px(scale.at(value))) y1="0" x2=(px(scale.at(value))) y2=(px(HEIGHT)) {}
                }
            }
            @if let Some(measured) = member.value.value() {
                @if let Some((low, high)) = measured.limits() {
                    line class={ "whisker " (member.status.code()) }
                        x1=(px(scale.at(low))) y1=(px(middle)) x2=(px(scale.at(high))) y2=(px(middle)) {}
                }
                (shape(member.status, scale.at(measured.value.raw), middle, 4.6))
            }
        }
    }
}
