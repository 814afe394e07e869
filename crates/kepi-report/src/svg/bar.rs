//! A bar at the size of a table cell.

use maud::{Markup, html};

use super::px;

/// A bar of `share` (0 to 1) of the width. What may still change is hatched by the stylesheet's class `provisional`.
pub fn bar(title: &str, share: f64, class: &str, is_final: bool) -> Markup {
    let width = 100.0 * share.clamp(0.0, 1.0);
    let class = format!("bar {class}{}", if is_final { "" } else { " provisional" });
    html! {
        svg class=(class) role="img" viewBox="0 0 100 12" preserveAspectRatio="none" {
            title { (title) }
            rect x="0" y="0" width=(px(width)) height="12" {}
        }
    }
}
