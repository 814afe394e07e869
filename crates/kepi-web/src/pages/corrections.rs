//! Where somebody says by hand what stands in a rejected row, and what was said of others.

use kepi_report::{
    format,
    view::{CorrectionsView, Viewer},
};
use maud::{Markup, html};

use super::{Params, Said};
use crate::{
    forms::{self, hidden},
    layout::{self, Head},
    parts,
};

const FORM: &str = "/data/corrections/say";
const TAKE_BACK: &str = "/data/corrections/take-back";

/// The form, and the corrections that hold.
pub(crate) fn render(view: &CorrectionsView, params: &Params) -> Markup {
    let said: Option<&Said> = params.said.as_ref();
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides);
    let body = html! {
        header.head {
            p.crumbs { a href="/data" { "Data" } " / " a href="/data/quarantine" { "Quarantine" } " / Corrections" }
            h1 { "Corrections by hand" }
            p.sub { "What is said here of a row lands with the next run, by the usual rules. The file stays as it came, and a newer file of the source wins as it always does." }
        }
        (forms::refused(said))
        @match viewer {
            Some(viewer) => (form(view, viewer, params)),
            None => p { "Nobody is known here, so nobody corrects anything." }
        }
        section aria-labelledby="corrections" {
            h2 #corrections { "What holds" }
            @if view.corrections.is_empty() { p { "Nothing is corrected" @if let Some(source) = &view.source { " of " (source.name) } "." } } @else {
                table.kpis.rows role="table" aria-labelledby="corrections" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Row" }
                        th scope="col" role="columnheader" { "Said" }
                        th scope="col" role="columnheader" { "Why" }
                        th scope="col" role="columnheader" { "By" }
                        th scope="col" role="columnheader" { "Stands" }
                        @if viewer.is_some() { th scope="col" role="columnheader" { "Take back" } }
                    } }
                    tbody role="rowgroup" {
                        @for (of, at) in &view.corrections {
                            tr role="row" {
                                th scope="row" role="rowheader" { (of.source) ", " (of.file) ", row " (format::count(of.row)) }
                                td role="cell" data-label="Said" {
                                    @if of.cells.is_empty() { span.reason { "erased" } }
                                    @for cell in &of.cells { div { code { (cell.words()) } } }
                                }
                                td role="cell" data-label="Why" { (of.why.as_deref().unwrap_or("erased")) }
                                td role="cell" data-label="By" { (of.by) ", " (parts::time(at)) }
                                td role="cell" data-label="Stands" { (of.state.word()) }
                                @if let Some(viewer) = viewer {
                                    td role="cell" data-label="Take back" {
                                        form method="post" action=(TAKE_BACK) {
                                            (hidden(viewer))
                                            input type="hidden" name="source" value=(of.source);
                                            input type="hidden" name="file" value=(of.file);
                                            input type="hidden" name="row" value=(of.row);
                                            label { span { "Why" } input type="text" name="why" required maxlength="4000"; }
                                            button type="submit" { "Take back" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    layout::page(&Head { title: "Corrections", project: Some(&view.project), path: "/data" }, body)
}

fn form(view: &CorrectionsView, viewer: &Viewer, params: &Params) -> Markup {
    let said = params.said.as_ref();
    let was = |name: &str| params.typed(FORM, name);
    html! {
        form.say method="post" action=(FORM) {
            (hidden(viewer))
            label { span { "Source" } input type="text" name="source" required value=(was("source")); }
            label { span { "File, as the quarantine calls it" } input type="text" name="file" required value=(was("file")); }
            label { span { "Row" } input type="number" name="row" min="1" required value=(was("row")); }
            label { span { "Column" } input type="text" name="column" list="columns" required value=(was("column")); }
            datalist id="columns" { @for column in &view.columns { option value=(column) {} } }
            label { span { "What stands there, as the file would write it" } input type="text" name="value" maxlength="4000" value=(was("value")); }
            label.check { input type="checkbox" name="nothing" value="yes" checked[was("nothing") == "yes"]; span { "Nothing stands there" } }
            (forms::why(said, FORM))
            div.buttons { button.yes type="submit" { "Correct the row" } }
        }
    }
}
