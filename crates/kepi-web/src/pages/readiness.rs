//! How far each unit is with a period: whose data are attested, who is late, and what becomes of the close for that.

use kepi_report::view::{ReadinessView, UnitReadinessView};
use maud::{Markup, html};

use super::inbox::rooms;
use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &ReadinessView) -> Markup {
    let count = |state: &str| view.units.iter().filter(|unit| unit.state == state).count();
    let title = format!("Readiness of {}", view.period);
    let body = html! {
        header.head {
            p.crumbs { a href="/periods" { "Periods" } " / " (view.period) }
            h1 { (title) }
            p.sub {
                @if view.units.is_empty() { "Nobody attests data of this period: a source says who does (" code { "attest" } ")." }
                @else { (count("ready")) " ready, " (count("waiting")) " waiting, " (count("late")) " late" }
            }
            (rooms("/periods"))
        }
        @if !view.units.is_empty() {
            section aria-label="Units" {
                table.kpis role="table" aria-label="Units" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Unit" }
                        th scope="col" role="columnheader" { "State" }
                        th scope="col" role="columnheader" { "A close" }
                        th.num scope="col" role="columnheader" { "Final figures" }
                        th.num scope="col" role="columnheader" { "Provisional" }
                        th scope="col" role="columnheader" { "In time so far" }
                        th scope="col" role="columnheader" { "Data" }
                    } }
                    tbody role="rowgroup" { @for of in &view.units { (unit(of)) } }
                }
                (parts::download(&format!("/periods/{}/readiness.csv", parts::escape(&view.period)), &[], "This table"))
            }
        }
    };
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/inbox" }, body)
}

fn unit(of: &UnitReadinessView) -> Markup {
    let count = |n: Option<usize>| match n {
        Some(n) => html! { span.num { (n) } },
        None => html! { span.reason { "you do not see all" } },
    };
    let (shape, state) = match of.state {
        "ready" => ("●", "ready"),
        "late" => ("▲", "late"),
        _ => ("◆", "waiting"),
    };
    let close = match of.otherwise {
        None => "goes",
        Some("block") => "waits",
        Some("exclude") => "goes without it from the cut-off on",
        Some("carry") => "takes the figures of the period before from the cut-off on",
        Some(_) => "goes all the same",
    };
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { (of.name) }
            td role="cell" data-label="State" { span { span.shape aria-hidden="true" { (shape) " " } (state) } }
            td role="cell" data-label="A close" { (close) }
            td.num role="cell" data-label="Final figures" { (count(of.figures)) }
            td.num role="cell" data-label="Provisional" { (count(of.provisional)) }
            td role="cell" data-label="In time so far" {
                @if of.asked == 0 { span.reason { "not asked yet" } } @else { span { span.num { (of.in_time) } " of " span.num { (of.asked) } } }
            }
            td role="cell" data-label="Data" {
                span {
                    @for said in &of.statements {
                        div {
                            a href={ "/items/" (said.item) } { (said.source) } ": " (said.state.replace('_', " ")) ", " (said.by)
                            @if let Some(due) = &said.due { ", due " (parts::day(due)) }
                        }
                    }
                }
            }
        }
    }
}
