//! Periods: which are open, frozen, closed, restated; and the official figures of one.

use kepi_report::view::{ComingView, OfficialFigure, OfficialView, PeriodView, PeriodsView, Viewer};
use maud::{Markup, html};

use super::{Said, inbox::rooms};
use crate::{
    forms,
    layout::{self, Head},
    parts,
};

/// In which respects days can be frozen, as they are ticked at first.
const ASPECTS: [(&str, bool); 5] =
    [("definition", true), ("data", true), ("weight", true), ("target", true), ("owner", false)];

pub(crate) fn render(view: &PeriodsView, said: Option<&Said>) -> Markup {
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides);
    let body = html! {
        header.head {
            h1 { "Periods" }
            p.sub { "Frozen: nothing may change what holds on its days. Closed: what was published by then is official, and later figures stand beside it." }
            (rooms("/periods"))
        }
        (forms::refused(said))
        section aria-labelledby="periods" {
            h2 #periods { "Periods" }
            @if view.periods.is_empty() { p { "Nothing is computed yet." } } @else {
                table.kpis role="table" aria-labelledby="periods" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Period" }
                        th scope="col" role="columnheader" { "State" }
                        th scope="col" role="columnheader" { "Official" }
                        th scope="col" role="columnheader" { "Frozen" }
                    } }
                    tbody role="rowgroup" { @for of in &view.periods { (period(of)) } }
                }
            }
            (parts::download("/periods/periods.csv", &[], "This table"))
        }
        @if !view.coming.is_empty() {
            section aria-labelledby="coming" {
                h2 #coming { "To be closed" }
                table.kpis role="table" aria-labelledby="coming" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Period" }
                        th scope="col" role="columnheader" { "Over on" }
                        th scope="col" role="columnheader" { "Cut-off" }
                        th scope="col" role="columnheader" { "To be attested" }
                    } }
                    tbody role="rowgroup" { @for of in &view.coming { (coming(of)) } }
                }
            }
        }
        section aria-labelledby="frozen" {
            h2 #frozen { "Frozen" }
            @if view.frozen.is_empty() { p { "Nothing is frozen." } }
            @for of in &view.frozen {
                div.panel.frozen {
                    p { strong { (of.from) " until " (of.until) } ": " (of.aspects.join(", ")) " · " a href={ "/items/" (of.item) } { "item " (of.item) } }
                    @if let Some(viewer) = viewer {
                        details {
                            summary { "Lift it" }
                            form.say method="post" action="/periods/lift" {
                                (forms::hidden(viewer))
                                input type="hidden" name="item" value=(of.item);
                                (forms::why(said, "/periods/lift"))
                                div.buttons { button type="submit" { "Ask to lift it" } }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(viewer) = viewer { (ask(viewer, said)) }
    };
    layout::page(&Head { title: "Periods", project: Some(&view.project), path: "/inbox" }, body)
}

fn period(of: &PeriodView) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" {
                @if of.closed.is_empty() { (of.period) } @else { a href={ "/periods/" (parts::escape(&of.period)) } { (of.period) } }
                " " span.detail { (of.grain.replace('_', " ")) }
            }
            td role="cell" data-label="State" {
                @match (of.closed.first(), of.frozen.is_empty()) {
                    (Some(close), _) => span { span.shape aria-hidden="true" { "■ " } "closed " (parts::day(&close.at))
                        @if close.version > 1 { span.verdict { "version " (close.version) } } },
                    (None, true) => span { span.shape aria-hidden="true" { "○ " } "open" },
                    (None, false) => span { span.shape aria-hidden="true" { "◐ " } "open, frozen" }
                }
            }
            td role="cell" data-label="Official" {
                @match of.closed.first().map(|close| close.figures) {
                    Some(Some((figures, 0))) => span { (figures) " figures, none restated" },
                    Some(Some((figures, restated))) => span { (figures) " figures, " strong { (restated) " restated since" } },
                    Some(None) => span.reason { "not all of it is shown to you" },
                    None => span.reason { "nothing yet" }
                }
            }
            td role="cell" data-label="Frozen" {
                @if of.frozen.is_empty() { span.reason { "no" } } @else {
                    span { @for (n, (item, aspects)) in of.frozen.iter().enumerate() {
                        @if n > 0 { "; " } a href={ "/items/" (item) } { (aspects.join(", ")) }
                    } }
                }
            }
        }
    }
}

fn coming(of: &ComingView) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { a href={ "/periods/" (parts::escape(&of.period)) "/readiness" } { (of.period) } }
            td role="cell" data-label="Over on" { (of.until) }
            td role="cell" data-label="Cut-off" {
                span { (parts::day(&of.first)) @if parts::day(&of.first).0 != parts::day(&of.last).0 { " to " (parts::day(&of.last)) ", by unit" } }
            }
            td role="cell" data-label="To be attested" {
                span { (of.statements) @if of.statements == 1 { " statement" } @else { " statements" } @if !of.sources.is_empty() { " on " (of.sources.join(", ")) } }
            }
        }
    }
}

/// Forms to freeze and to close.
fn ask(viewer: &Viewer, said: Option<&Said>) -> Markup {
    html! {
        section.columns.even aria-label="Ask for it" {
            div.panel {
                h2 { "Freeze" }
                form.say method="post" action="/periods/freeze" {
                    (forms::hidden(viewer))
                    label { span { "Period, such as 2026-H1" } input type="text" name="period" required value=(forms::typed_at(said, "/periods/freeze", "period")); }
                    fieldset { legend { "In respect of" }
                        @for (aspect, ticked) in ASPECTS {
                            label.tick { input type="checkbox" name="aspect" value=(aspect) checked[ticked]; (aspect) }
                        }
                    }
                    (forms::why(said, "/periods/freeze"))
                    div.buttons { button type="submit" { "Ask to freeze it" } }
                }
            }
            div.panel {
                h2 { "Close" }
                form.say method="post" action="/periods/close" {
                    (forms::hidden(viewer))
                    label { span { "Period, such as 2026-Q1" } input type="text" name="period" required value=(forms::typed_at(said, "/periods/close", "period")); }
                    (forms::why(said, "/periods/close"))
                    div.buttons { button type="submit" { "Ask to close it" } }
                }
            }
        }
    }
}

pub(crate) fn official(view: &OfficialView) -> Markup {
    let (scores, figures): (Vec<&OfficialFigure>, Vec<_>) = view.figures.iter().partition(|of| of.is_score);
    let restated = figures.iter().filter(|of| of.restated.is_some()).count();
    let body = html! {
        header.head {
            p.crumbs { a href="/periods" { "Periods" } " / " (view.period) }
            h1 { "Official figures of " (view.period) }
            p.sub { (figures.len()) " figures as of the last close, " (restated) " otherwise since" }
        }
        @if !scores.is_empty() {
            section aria-labelledby="scores" {
                h2 #scores { "Scores" }
                (both(&scores, "Official scores", ("Scorecard", "Unit"), "/scorecards/"))
            }
        }
        section aria-labelledby="figures" {
            h2 #figures { "Figures" }
            @if figures.is_empty() { p { "None." } } @else {
                (both(&figures, "Official figures", ("KPI", "Segment"), "/kpis/"))
            }
        }
        (parts::download(&format!("/periods/{}/figures.csv", parts::escape(&view.period)), &[], "These figures"))
    };
    layout::page(
        &Head {
            title: &format!("Official figures of {}", view.period),
            project: Some(&view.project),
            path: "/inbox",
        },
        body,
    )
}

/// What is official, each beside what it is since.
fn both(all: &[&OfficialFigure], label: &str, (name, part): (&str, &str), path: &str) -> Markup {
    html! {
        table.kpis role="table" aria-label=(label) {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { (name) }
                th scope="col" role="columnheader" { (part) }
                th.num scope="col" role="columnheader" { "Official" }
                th.num scope="col" role="columnheader" { "Since" }
            } }
            tbody role="rowgroup" {
                @for of in all {
                    tr role="row" {
                        th scope="row" role="rowheader" { a href={ (path) (of.kpi.id) } { (of.kpi.name) } }
                        td role="cell" data-label=(part) { (of.segment_name) }
                        td.num role="cell" data-label="Official" {
                            span {
                                @match (&of.official, &of.late) {
                                    (Some(text), None) => strong { (text) },
                                    (Some(text), Some(late)) => { strong { (text) } " " span.reason { "(" (late) ")" } }
                                    (None, Some(late)) => span.reason { (late) },
                                    (None, None) => span.reason { "nothing then" },
                                }
                            }
                        }
                        td.num role="cell" data-label="Since" {
                            @match &of.restated {
                                None => span.reason { "the same" },
                                Some(Some(text)) => span { (text) },
                                Some(None) => span.reason { "no longer computed" }
                            }
                        }
                    }
                }
            }
        }
    }
}
