//! Whom the surveys of a KPI ask next, and what caps on contacts leave.

use kepi_report::{
    format,
    view::{SampleView, SamplesView, StratumView},
};
use maud::{Markup, html};

use crate::layout::{self, Head};

pub(crate) fn render(view: &SamplesView) -> Markup {
    let body = html! {
        header.head {
            p.crumbs { a href={ "/kpis/" (view.kpi.id) } { (view.kpi.name) } " / Sample" }
            h1 { "Whom its surveys ask next" }
            p.sub { "Planned for " (view.day) ", from people and invitations of the last run. Who is drawn is written by " code { "kepi sample --list" } " alone." }
        }
        @if view.samples.is_empty() { p { "No sample is planned for it: " code { "sampling:" } " of the definitions says for which margin a survey asks whom." } }
        @for of in &view.samples { (sample(of)) }
    };
    let title = format!("Sample: {}", view.kpi.name);
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/kpis" }, body)
}

fn sample(of: &SampleView) -> Markup {
    let id = &of.sampling.id;
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { (of.sampling.name) }
            p { (of.margin) " at " (of.confidence) " in each stratum; " (of.response) " are expected to answer. " @if !of.from.is_empty() { "How much answers differ is from " (of.from) "." } }
            @match &of.strata {
                Err(why) => p.reason { "Nothing can be planned: " (why) "." }
                Ok(strata) => {
                    (table(strata))
                    @if let Some(together) = &of.together { p { "All together: " (together) "." } }
                    (caps(of))
                    (costs(strata))
                }
            }
        }
    }
}

fn table(strata: &[StratumView]) -> Markup {
    html! {
        div.scroll role="region" aria-label="Table of strata" tabindex="0" {
            table.figures {
                thead { tr {
                    th scope="col" { "Stratum" } th.num scope="col" { "People" } th.num scope="col" { "Held back" } th.num scope="col" { "May be asked" }
                    th.num scope="col" { "Answers needed" } th.num scope="col" { "To ask for them" } th.num scope="col" { "Ask" } th.num scope="col" { "Expected" } th.num scope="col" { "Off by" }
                } }
                tbody {
                    @for of in strata {
                        tr {
                            th scope="row" { (of.name) }
                            @for n in [of.people, of.held_back, of.may_be_asked, of.needed, of.to_ask, of.ask, of.expected] { td.num { (format::count(n)) } }
                            td.num { (of.off.as_deref().unwrap_or("too few answers")) }
                        }
                    }
                }
            }
        }
    }
}

fn caps(of: &SampleView) -> Markup {
    let (invitations, people, of_others) = of.invitations;
    html! {
        ul {
            @for (cap, held) in &of.caps { li { (format::count(*held)) " held back by " (cap) } }
            @for (days, may) in &of.later { li { "In " (days) " days " (format::count(*may)) " may be asked if nobody is until then" } }
        }
        p.note {
            (format::count(invitations)) " invitations to " (format::count(people)) " people counted, of whatever survey; " (format::count(of_others)) " of them to people who are not among these, and "
            (format::count(of.of_nobody)) " that say nobody whom they asked."
        }
    }
}

fn costs(strata: &[StratumView]) -> Markup {
    html! {
        details {
            summary { "What a margin costs" }
            div.scroll role="region" aria-label="Table of margins" tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { "Stratum" } th.num scope="col" { "Off by" } th.num scope="col" { "Answers" } th.num scope="col" { "To ask" } th scope="col" { "May be asked" } } }
                    tbody {
                        @for of in strata {
                            @for (off, answers, to_ask, within) in &of.costs {
                                tr {
                                    th scope="row" { (of.name) }
                                    td.num { (off) } td.num { (format::count(*answers)) } td.num { (format::count(*to_ask)) }
                                    td { @if *within { "yes" } @else { "not so many" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
