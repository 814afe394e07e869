//! Where somebody says that a published figure is not right.

use kepi_report::view::PeriodsView;
use maud::{Markup, html};

use super::{Params, Said};
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
};

/// The form, with what is known of the figure.
pub(crate) fn render(view: &PeriodsView, params: &Params) -> Markup {
    let said: Option<&Said> = params.said.as_ref();
    let was = |name: &str| match said {
        Some(said) => forms::typed(Some(said), name).to_owned(),
        None => params.get(name).unwrap_or_default(),
    };
    let body = html! {
        header.head {
            h1 { "This figure is not right" }
            p.sub { "Whoever answers for the KPI there says whether it stands, or was corrected. Until then its page shows it as disputed." }
        }
        (forms::refused(said))
        @match view.project.viewer.as_ref().filter(|viewer| viewer.decides) {
            Some(viewer) => form.say method="post" action="/disputes" {
                (hidden(viewer))
                label { span { "KPI, by its name in definitions" } input type="text" name="kpi" required value=(was("kpi")); }
                label { span { "Period, such as 2026-05" } input type="text" name="period" required value=(was("period")); }
                label { span { "Unit; without one it is of all rows" } input type="text" name="unit" value=(was("unit")); }
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
