//! Where somebody says why a published figure is as it is.

use kepi_report::view::PeriodsView;
use maud::{Markup, html};

use super::Params;
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
};

/// The parts of a commentary, none of which may be missing: field, and what is asked.
const PARTS: [(&str, &str); 5] = [
    ("what", "What happened"),
    ("why", "Why, as far as it is known; of segments not only those that are better than before"),
    ("done", "What is done about it, and who does it"),
    ("outlook", "What is to be expected"),
    ("unsure", "What is not sure of that, or speaks against it"),
];

/// The form, with what is known of the figure.
pub(crate) fn render(view: &PeriodsView, params: &Params) -> Markup {
    let (said, was) = (params.said.as_ref(), |name: &str| params.typed("/commentary", name));
    let body = html! {
        header.head {
            h1 { "Why this figure is as it is" }
            p.sub { "It stands on the page of the KPI and in the packs of reviews, once another has read it." }
        }
        (forms::refused(said))
        @match view.project.viewer.as_ref().filter(|viewer| viewer.decides) {
            Some(viewer) => form.say method="post" action="/commentary" {
                (hidden(viewer))
                (forms::figure(was))
                @for (name, asked) in PARTS {
                    label { span { (asked) } textarea name=(name) rows="2" required maxlength="4000" { (was(name)) } }
                }
                div.buttons { button.yes type="submit" { "File it" } }
            },
            None => p { "Nobody is known here, so nobody says anything." }
        }
    };
    layout::page(
        &Head { title: "Why this figure is as it is", project: Some(&view.project), path: "/inbox" },
        body,
    )
}
