//! Where somebody enters a figure that no source has.

use kepi_report::view::{Named, PeriodsView};
use maud::{Markup, html};

use super::Params;
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
};

/// The form, with what is known of the figure.
pub(crate) fn render(view: &PeriodsView, entered: &[Named], params: &Params) -> Markup {
    let (said, was) = (params.said.as_ref(), |name: &str| params.typed("/entries", name));
    let body = html! {
        header.head {
            h1 { "Enter a figure" }
            p.sub { "For a KPI that no source has. One other has to agree, unless the project is open; the next run takes it in, and it is traced like any row. Until then the period is awaited, or late, and never zero." }
        }
        (forms::refused(said))
        @match view.project.viewer.as_ref().filter(|viewer| viewer.decides) {
            Some(viewer) => form.say method="post" action="/entries" {
                (hidden(viewer))
                label { span { "KPI, by its name in definitions" } input type="text" name="kpi" list="entered" required value=(was("kpi")); }
                datalist id="entered" { @for of in entered { option value=(of.id) { (of.name) } } }
                label { span { "Period, such as 2026-05" } input type="text" name="period" required value=(was("period")); }
                label { span { "Of which part, such as a region; without one it is the whole" } input type="text" name="part" value=(was("part")); }
                label { span { "The figure, as definitions write amounts of it, such as 41.5%" } input type="text" name="value" required value=(was("value")); }
                label { span { "What it rests on: a document, a page, a statement" } textarea name="evidence" rows="2" required maxlength="4000" { (was("evidence")) } }
                (forms::why(said, "/entries"))
                div.buttons { button.yes type="submit" { "Ask one other to agree" } }
            },
            None => p { "Nobody is known here, so nobody enters anything." }
        }
    };
    layout::page(&Head { title: "Enter a figure", project: Some(&view.project), path: "/inbox" }, body)
}
