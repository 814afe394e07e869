//! Where somebody says that a published figure is not right.

use kepi_report::view::PeriodsView;
use maud::{Markup, html};

use super::Params;
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
};

/// The form, with what is known of the figure.
pub(crate) fn render(view: &PeriodsView, params: &Params) -> Markup {
    let (said, was) = (params.said.as_ref(), |name: &str| params.typed("/disputes", name));
    let body = html! {
        header.head {
            h1 { "This figure is not right" }
            p.sub { "Whoever answers for the KPI there says whether it stands, or was corrected. Until then its page shows it as disputed." }
        }
        (forms::refused(said))
        @match view.project.viewer.as_ref().filter(|viewer| viewer.decides) {
            Some(viewer) => form.say method="post" action="/disputes" {
                (hidden(viewer))
                (forms::figure(was))
                (forms::why(said, "/disputes"))
                div.buttons { button.yes type="submit" { "Ask who answers for it" } }
            },
            None => p { "Nobody is known here, so nobody is asked." }
        }
    };
    layout::page(
        &Head { title: "This figure is not right", project: Some(&view.project), path: "/inbox" },
        body,
    )
}
