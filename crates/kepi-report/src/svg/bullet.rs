//! A value against its target at the size of a table cell.

use kepi_model::project::ValueUnit;
use kepi_score::band::ranges;
use maud::{Markup, html};

use super::{
    px,
    scale::{Scale, line_values, target_values, value_and_limits},
    shape,
};
use crate::view::{Measured, Status, TargetView};

const WIDTH: f64 = 160.0;
const HEIGHT: f64 = 28.0;

/// Bands as a track, the target as a tick, the stretch target as a dotted one, the value as its status' shape with
/// a whisker for the interval.
///
/// The value is a place on the scale, not the length of a bar, because the scale shows the neighbourhood of the
/// target and need not start at zero.
pub fn bullet(
    name: &str,
    measured: &Measured,
    status: Status,
    target: &TargetView,
    unit: &ValueUnit,
) -> Markup {
    let mut values = line_values(&target.lines);
    values.extend(value_and_limits(measured));
    let x = Scale::around(values, unit, 2.0, WIDTH - 2.0);
    let (top, bottom) = (9.0, HEIGHT - 9.0);
    let middle = HEIGHT / 2.0;
    let stretch = match target.lines {
        kepi_model::project::TargetLines::OneSided { stretch, .. } => stretch.into_iter().collect(),
        kepi_model::project::TargetLines::InRange { stretch, .. } => {
            stretch.map_or_else(Vec::new, |(low, high)| vec![low, high])
        }
    };
    html! {
        svg class="bullet" role="img" viewBox={ "0 0 " (px(WIDTH)) " " (px(HEIGHT)) } width=(px(WIDTH)) height=(px(HEIGHT)) {
            title { (name) ": " (measured.value.text) ", " (status.label()) ", target " (target.target) }
            @for (band, from, to) in ranges(&target.lines, target.better) {
                @let (left, right) = (x.at(from), x.at(to));
                @if right > left {
                    rect class={ "band " (Status::from(Some(band)).code()) } x=(px(left)) y=(px(top)) width=(px(right - left)) height=(px(bottom - top)) {}
                }
            }
            @for value in stretch {
                line class="stretch" x1=(px(x.at(value))) y1=(px(top - 3.0)) x2=(px(x.at(value))) y2=(px(bottom + 3.0)) {}
            }
            @for value in target_values(&target.lines) {
                line class="target" x1=(px(x.at(value))) y1=(px(top - 5.0)) x2=(px(x.at(value))) y2=(px(bottom + 5.0)) {}
            }
            @if let Some((low, high)) = measured.limits() {
                line class={ "whisker " (status.code()) } x1=(px(x.at(low))) y1=(px(middle)) x2=(px(x.at(high))) y2=(px(middle)) {}
            }
            (shape(status, x.at(measured.value.raw), middle, 4.6))
        }
    }
}
