//! Sources: what came in, what became of it.

use kepi_model::project::{Consequence, Mode, Otherwise, ValueUnit};
use kepi_report::{
    csv, format,
    trace::{FoundRow, plain},
    view::{
        CostRow, DataRuleView, DeliveryView, DiscrepanciesView, PostedView, PromiseRow, ReliabilityRow,
        RowCounts, ScreenView, ServiceRow, SourceState, SourceView, SourcesView,
    },
};
use maud::{Markup, html};

use super::rows::capital;
use crate::{
    layout::{self, Head},
    parts,
};

/// Periods shown in which a rule does not hold.
const MOST_BROKEN: usize = 6;

/// Overruled values shown of an entity.
const MOST_OVERRULED: usize = 100;

/// Promises shown; the JSON has all.
const MOST_PROMISES: usize = 60;

/// Files shown of a source; the JSON has all.
const MOST_LOADS: usize = 20;

pub(crate) fn render(view: &SourcesView) -> Markup {
    let total = &view.total;
    let body = html! {
        header.head {
            h1 { "Data" }
            p.sub {
                (view.sources.len()) (if view.sources.len() == 1 { " source" } else { " sources" })
                @if let Some(snapshot) = &view.snapshot { " · snapshot " (snapshot) }
            }
        }
        (needs_a_look(view))
        (data_rules(&view.rules))
        (screens(&view.screens))
        (discrepancies(&view.discrepancies))
        section aria-labelledby="accounts" {
            h2 #accounts { "Every row is accounted for" }
            ul.tiles.totals {
                (tile("read", total.read)) (tile("out of scope", total.out_of_scope)) (tile("accepted", total.accepted))
                (tile("superseding", total.superseding)) (tile("duplicate", total.duplicate)) (tile("quarantined", total.quarantined))
            }
            (identity(total))
        }
        section aria-labelledby="sources" {
            h2 #sources { "Sources" }
            (table(view))
            @for source in &view.sources { (one(source)) }
            (parts::download("/data/sources.csv", &[], "Sources and their rows"))
        }
        (reliability(&view.reliability))
        (costs(&view.costs))
        (service(&view.service))
        (promises(&view.promises))
    };
    layout::page(&Head { title: "Data", project: Some(&view.project), path: "/data" }, body)
}

fn tile(name: &str, n: u64) -> Markup {
    html! {
        li {
            @if name == "quarantined" && n > 0 { a href="/data/quarantine" { span.name { (name) } strong { (parts::count(n)) } } }
            @else { span.tile { span.name { (name) } strong { (parts::count(n)) } } }
        }
    }
}

/// The accounting identity with its figures, and whether it holds.
fn identity(rows: &RowCounts) -> Markup {
    let n = format::count;
    html! {
        p.note.identity {
            (n(rows.read)) " read = " (n(rows.out_of_scope)) " out of scope + " (n(rows.landed())) " landed; "
            (n(rows.landed())) " landed = " (n(rows.accepted)) " accepted + " (n(rows.superseding)) " superseding + "
            (n(rows.quarantined)) " quarantined + " (n(rows.duplicate)) " duplicate"
            @if rows.erased > 0 { " + " (n(rows.erased)) " erased before" } ": "
            @if rows.balances() { strong { "it adds up." } } @else { strong.red { "it does not add up." } }
        }
    }
}

/// What deserves a look at a source, in words; nothing where all is well.
fn doubts(source: &SourceView) -> Vec<Markup> {
    let mut doubts = Vec::new();
    let rows = &source.rows;
    if let Some(stopped) = &source.stopped {
        doubts.push(html! { "not landed: " (stopped) });
    }
    if let Some(of) = source.not_landed.first() {
        let more = source.not_landed.len() - 1;
        doubts.push(html! { "not landed: " (of.reason) @if more > 0 { ", and " (more) " more" } });
    }
    if source.loads.is_empty() && source.stopped.is_none() && source.not_landed.is_empty() {
        doubts.push(html! { "nothing landed yet" });
    }
    if source.delivery.state == SourceState::Late
        && let Some((seconds, expected)) = source.delivery.late.zip(source.delivery.expected.as_deref())
    {
        doubts.push(html! { "late by " (format::time(seconds)) ": expected " (expected) });
    }
    if rows.quarantined > 0 {
        let share = format::share(rows.quarantined as f64 / rows.landed().max(1) as f64);
        doubts.push(html! {
            a href=(parts::href("/data/quarantine", &[("source", &source.source.id)])) { (format::count(rows.quarantined)) (if rows.quarantined == 1 { " row" } else { " rows" }) " in quarantine" }
            ", " (share) " of what landed"
        });
    }
    let warned = source.rules.iter().filter(|r| r.otherwise == Otherwise::Warn && r.broken > 0);
    doubts.extend(warned.map(|r| {
        let verb = if r.broken == 1 { " row breaks the rule " } else { " rows break the rule " };
        html! { (format::count(r.broken)) (verb) code { (r.name) } }
    }));
    if !source.drift.is_empty() {
        let notes = if source.drift.len() == 1 { " note below" } else { " notes below" };
        doubts.push(html! { (source.drift.len()) (notes) });
    }
    if !rows.balances() {
        doubts.push(html! { strong.red { "its rows do not add up" } });
    }
    doubts
}

/// What needs a look, first.
fn needs_a_look(view: &SourcesView) -> Markup {
    let doubtful: Vec<_> =
        view.sources.iter().map(|s| (s, doubts(s))).filter(|(_, doubts)| !doubts.is_empty()).collect();
    let waiting: Vec<&ScreenView> = view.screens.iter().filter(|screen| screen.waiting > 0).collect();
    html! {
        section aria-labelledby="look" {
            h2 #look { "Needs a look" }
            @if doubtful.is_empty() && waiting.is_empty() && view.stranded.is_empty() { p { "Nothing: every source has landed and no row was rejected." } }
            ul.plain {
                @for of in &view.stranded { li { (of.to_string()) } }
                @for of in &waiting {
                    li {
                        a href="#screens" { (of.entity.name) } ": "
                        @if of.waiting == 1 { "1 doubtful row waits to be confirmed or dismissed" }
                        @else { (format::count(of.waiting)) " doubtful rows wait to be confirmed or dismissed" }
                    }
                }
                @for (source, doubts) in &doubtful {
                    li {
                        a href={ "#" (source.source.id) } { (source.source.name) } ": "
                        @for (i, doubt) in doubts.iter().enumerate() { @if i > 0 { "; " } (doubt) }
                    }
                }
            }
        }
    }
}

/// What follows where a rule about a data set does not hold.
fn consequence(of: Consequence) -> &'static str {
    match of {
        Consequence::Warn => "it is said here",
        Consequence::Distrust => "figures are withheld",
    }
}

/// Rules about data sets, and where they do not hold.
fn data_rules(rules: &[DataRuleView]) -> Markup {
    html! {
        @if !rules.is_empty() {
            section aria-labelledby="data-rules" {
                h2 #data-rules { "Rules about the data" }
                div.scroll role="region" aria-label="Table of rules" tabindex="0" {
                    table.figures {
                        thead {
                            tr {
                                th scope="col" { "Rule" } th scope="col" { "Measured by" } th scope="col" { "Must be" }
                                th.num scope="col" { "Newest" } th scope="col" { "Does not hold in" } th scope="col" { "Then" }
                                th scope="col" { "Answers for it" }
                            }
                        }
                        tbody {
                            @for rule in rules {
                                tr {
                                    th scope="row" { (rule.rule.name) }
                                    td { a href={ "/kpis/" (rule.kpi.id) } { (rule.kpi.name) } }
                                    td { (rule.bound) @if let Some(by) = &rule.by { ", by " (by) } }
                                    td.num { @if let Some((period, value)) = &rule.newest { (value) " (" (period) ")" } }
                                    td { (broken(rule)) }
                                    td { (consequence(rule.otherwise)) }
                                    td { @if let Some(owner) = &rule.owner { (owner.name) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Answers that look doubtful.
fn screens(screens: &[ScreenView]) -> Markup {
    html! {
        @if !screens.is_empty() {
            section aria-labelledby="screens" {
                h2 #screens { "Answers, screened" }
                @for screen in screens {
                    h3 { (screen.entity.name) ": " (format::count(screen.flagged)) " flagged" }
                    ul.plain {
                        li { "By sign: " @for (i, (rule, n)) in screen.rules.iter().enumerate() { @if i > 0 { ", " } code { (rule) } " " (format::count(*n)) } }
                        @if !screen.states.is_empty() {
                            li { "By what became of them: " @for (i, (state, n)) in screen.states.iter().enumerate() { @if i > 0 { ", " } (state) " " (format::count(*n)) } }
                        }
                        @for cut in &screen.cut_offs { li { (cut) } }
                    }
                }
                p.note { "Answers that are excluded or confirmed are in no KPI; each KPI of these answers shows its figure without screening, too. " code { "kepi screen list" } " names them." }
            }
        }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format::value(share, &ValueUnit::Share, 1))
}

/// What looking at sources costs, and would cost more often.
fn costs(all: &[CostRow]) -> Markup {
    let Some(first) = all.first() else { return html! {} };
    html! {
        section aria-labelledby="costs" {
            h2 #costs { "How long a look takes, and how often" }
            table.kpis role="table" aria-labelledby="costs" {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "Source" }
                    th scope="col" role="columnheader" { "Looked at" }
                    th.num scope="col" role="columnheader" { "Takes" }
                    @for would in &first.would { th.num scope="col" role="columnheader" { (capital(would.how_often)) } }
                } }
                tbody role="rowgroup" { @for of in all { tr role="row" {
                    th scope="row" role="rowheader" { @match &of.source { Some(source) => (source.name), None => "A run in all" } }
                    td role="cell" data-label="Looked at" { div.touch {
                        (of.schedule.as_deref().unwrap_or("by every run"))
                        @if let Some(n) = of.a_day { p.detail { (format!("{n:.1}")) " times a day" } }
                    } }
                    td.num role="cell" data-label="Takes" { (format::lasting(of.took)) }
                    @for would in &of.would {
                        td.num role="cell" data-label=(capital(would.how_often)) {
                            @if would.fits { (format::lasting(would.a_day)) } @else { "takes longer" }
                        }
                    }
                } } }
            }
            p.note { "As measured of the runs of the last thirty days: the median of how long it takes, and how long a day that comes to at each frequency. What takes longer than the time between two of them cannot be had so often." }
        }
    }
}

/// How far sources are to be relied on.
fn reliability(all: &[ReliabilityRow]) -> Markup {
    let known: Vec<&ReliabilityRow> = all.iter().filter(|of| of.score.is_some()).collect();
    let time = |seconds: Option<i64>| seconds.map_or("–".to_owned(), format::time);
    html! {
        @if !known.is_empty() {
            section aria-labelledby="reliability" {
                h2 #reliability { "How far they are to be relied on" }
                table.kpis role="table" aria-labelledby="reliability" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Source" }
                        th.num scope="col" role="columnheader" { "Of 100" }
                        th.num scope="col" role="columnheader" { "Came" }
                        th.num scope="col" role="columnheader" { "In time" }
                        th.num scope="col" role="columnheader" { "Rows taken" }
                        th.num scope="col" role="columnheader" { "Not corrected" }
                        th.num scope="col" role="columnheader" { "To landing" }
                        th.num scope="col" role="columnheader" { "To figures" }
                    } }
                    tbody role="rowgroup" { @for of in known { tr role="row" {
                        th scope="row" role="rowheader" { (of.source.name) }
                        td.num role="cell" data-label="Of 100" { @if let Some(score) = of.score { (format!("{score:.1}")) } }
                        td.num role="cell" data-label="Came" { (percent(of.complete)) }
                        td.num role="cell" data-label="In time" { (percent(of.in_time)) }
                        td.num role="cell" data-label="Rows taken" { (percent(of.accepted)) }
                        td.num role="cell" data-label="Not corrected" { (percent(of.uncorrected)) }
                        td.num role="cell" data-label="To landing" { (time(of.collected)) }
                        td.num role="cell" data-label="To figures" {
                            div.touch {
                                (time(of.processed))
                                @if let Some(most) = of.promised { p.detail {
                                    "within " (format::length(most)) @if of.too_slow > 0 { ", " span.shape aria-hidden="true" { "■ " } "not " (of.too_slow) " times" }
                                } }
                            }
                        }
                    } } }
                }
                p.note { "Of the last twelve months: 100 times the shares of deliveries that came, and in time, and of rows that were taken and corrected no other, multiplied. To landing: from the newest that a file says; to figures: until a run had published them; medians." }
            }
        }
    }
}

/// What units owed by month, and whether service levels were kept.
fn service(all: &[ServiceRow]) -> Markup {
    // Without units and levels it says what promises say.
    let says_more = all.iter().any(|of| of.unit.is_some() || of.levels > 0);
    html! {
        @if says_more {
            section aria-labelledby="service" {
                h2 #service { "Service levels" }
                table.kpis role="table" aria-labelledby="service" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Unit" }
                        th scope="col" role="columnheader" { "Month" }
                        th.num scope="col" role="columnheader" { "Kept" }
                        th.num scope="col" role="columnheader" { "Too late" }
                        th.num scope="col" role="columnheader" { "Not at all" }
                        th scope="col" role="columnheader" { "Below what was agreed" }
                    } }
                    tbody role="rowgroup" { @for of in all.iter().take(MOST_PROMISES) { tr role="row" {
                        th scope="row" role="rowheader" { @match &of.unit { Some(unit) => (unit.name), None => "no unit" } }
                        td role="cell" data-label="Month" { (of.period) @if !of.is_over { " so far" } }
                        td.num role="cell" data-label="Kept" { (of.kept) " of " (of.due) }
                        td.num role="cell" data-label="Too late" { (parts::count(of.late)) }
                        td.num role="cell" data-label="Not at all" { (parts::count(of.missed)) }
                        td role="cell" data-label="Below what was agreed" {
                            @if of.below.is_empty() {
                                @if of.levels > 0 { "none" } @else { "nothing is agreed" }
                            } @else { span.shape aria-hidden="true" { "△ " } (of.below.join("; ")) }
                        }
                    } } }
                }
                p.note { "What is due in a month is to come in time as often as " code { "kept_at_least" } " of " code { "expect" } " says. It is agreed on by whoever answers for the source and whoever manages the unit." }
                @if all.len() > MOST_PROMISES { p.note { "The newest of " (all.len()) ": " code { "kepi sources --service" } " lists all." } }
            }
        }
    }
}

/// What was promised of data, and how it was kept.
fn promises(all: &[PromiseRow]) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby="promises" {
                h2 #promises { "Promises" }
                table.kpis role="table" aria-labelledby="promises" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Source" }
                        th scope="col" role="columnheader" { "Unit" }
                        th scope="col" role="columnheader" { "Promised" }
                        th scope="col" role="columnheader" { "Period" }
                        th.num scope="col" role="columnheader" { "Kept" }
                        th.num scope="col" role="columnheader" { "Too late" }
                        th.num scope="col" role="columnheader" { "Not at all" }
                    } }
                    tbody role="rowgroup" { @for of in all.iter().take(MOST_PROMISES) { tr role="row" {
                        th scope="row" role="rowheader" { (of.source.name) }
                        td role="cell" data-label="Unit" { @match &of.unit { Some(unit) => (unit.name), None => "all rows" } }
                        td role="cell" data-label="Promised" {
                            div.touch { (of.promise) @if let (Some(level), Some(met)) = (of.level, of.met()) {
                                p.detail { "service level " (format::share(level)) @if met { ", kept" } @else { ", " span.shape aria-hidden="true" { "△ " } "not kept" } }
                            } }
                        }
                        td role="cell" data-label="Period" { (of.period) }
                        td.num role="cell" data-label="Kept" { (of.kept) " of " (of.due) }
                        td.num role="cell" data-label="Too late" {
                            div.touch { (parts::count(of.late)) @if let Some(most) = of.longest { p.detail { "by up to " (format::time(most)) } } }
                        }
                        td.num role="cell" data-label="Not at all" { (parts::count(of.missed)) }
                    } } }
                }
                @if all.len() > MOST_PROMISES { p.note { "The newest of " (all.len()) ": " code { "kepi sources --promises" } " lists all." } }
            }
        }
    }
}

/// What sources of one entity say against each other.
fn discrepancies(all: &[DiscrepanciesView]) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby="discrepancies" {
                h2 #discrepancies { "Sources that know the same rows" }
                @for of in all {
                    h3 { (of.entity.name) ": " (format::count(of.overruled)) " overruled" }
                    p {
                        @match of.shared { 1 => { "1 row is" } n => { (format::count(n)) " rows are" } }
                        " known to more than one source."
                        @if !of.order.is_empty() {
                            " Believed first: "
                            @for (i, source) in of.order.iter().enumerate() { @if i > 0 { ", then " } a href={ "#" (source.id) } { (source.name) } } "."
                        }
                    }
                    @if !of.counts.is_empty() {
                        div.scroll role="region" aria-label={ "Overruled values of " (of.entity.name) } tabindex="0" {
                            table.figures {
                                thead { tr { th scope="col" { "Attribute" } th scope="col" { "Believed" } th scope="col" { "Overruled" } th.num scope="col" { "Values" } } }
                                tbody {
                                    @for count in &of.counts {
                                        tr {
                                            th scope="row" { (count.attribute.name) }
                                            td { (count.believed.name) }
                                            td { (count.overruled.name) }
                                            td.num { (parts::count(count.values)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    @if !of.all.is_empty() {
                        details {
                            summary { "Which values they are" }
                            div.scroll role="region" aria-label={ "Each overruled value of " (of.entity.name) } tabindex="0" {
                                table.figures {
                                    thead { tr { th scope="col" { "Row" } th scope="col" { "Attribute" } th scope="col" { "Believed" } th scope="col" { "Overruled" } } }
                                    tbody {
                                        @for one in of.all.iter().take(MOST_OVERRULED) {
                                            tr {
                                                th scope="row" { (one.key) }
                                                td { (one.attribute.name) }
                                                td { (stated(&one.believed)) }
                                                td { (stated(&one.overruled)) }
                                            }
                                        }
                                    }
                                }
                            }
                            @if of.all.len() > MOST_OVERRULED {
                                p.note { "The first " (MOST_OVERRULED) " of " (format::count(of.overruled)) "; " code { "kepi sources --discrepancies" } " lists all." }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a source says, and where.
fn stated(row: &FoundRow) -> Markup {
    html! {
        span {
            strong { (plain(&row.value)) }
            @if let (Some(file), Some(number)) = (&row.file, row.row) { " " span.note { (file) " row " (number) } }
        }
    }
}

/// Periods in which a rule does not hold.
fn broken(rule: &DataRuleView) -> Markup {
    let more = rule.broken.len().saturating_sub(MOST_BROKEN);
    html! {
        @if rule.judged == 0 { "nothing to judge yet" }
        @else if rule.broken.is_empty() { "none of " (rule.judged) }
        @for (i, (period, value)) in rule.broken.iter().take(MOST_BROKEN).enumerate() {
            @if i > 0 { ", " } strong.red { (period) } " (" (value) ")"
        }
        @if more > 0 { " and " (more) " more" }
    }
}

/// How sources stand, one a row.
fn table(view: &SourcesView) -> Markup {
    html! {
        div.scroll role="region" aria-label="How sources stand" tabindex="0" {
            table.figures {
                thead {
                    tr {
                        th scope="col" { "Source" } th scope="col" { "State" } th scope="col" { "Last delivery" }
                        th.num scope="col" { "Its rows" } th.num scope="col" { "Usual" } th.num scope="col" { "Landed" }
                        th.num scope="col" { "Quarantined" } th.num scope="col" { "Share" } th scope="col" { "Late by" }
                        th scope="col" { "Next due" }
                    }
                }
                tbody {
                    @for source in &view.sources {
                        @let of = &source.delivery;
                        tr {
                            th scope="row" { a href={ "#" (source.source.id) } { (source.source.name) } }
                            td { (state(of)) }
                            td { @if let Some(at) = &of.last { (parts::time(at)) } }
                            td.num { @if let Some(n) = of.rows { (parts::count(n)) } }
                            td.num { @if let Some(n) = of.usual_rows { (parts::count(n)) } }
                            td.num { (parts::count(source.rows.landed())) }
                            td.num { (parts::count(source.rows.quarantined)) }
                            td.num { (rejected(&source.rows)) }
                            td { @if let Some(seconds) = of.late { (format::time(seconds)) } }
                            td { @if let Some(at) = &of.due { (parts::time(at)) } }
                        }
                    }
                }
            }
        }
    }
}

/// The word for how a source stands; what needs somebody stands out.
fn state(of: &DeliveryView) -> Markup {
    match of.state {
        SourceState::Late | SourceState::Stopped => html! { strong.red { (of.state.word()) } },
        _ => html! { (of.state.word()) },
    }
}

/// The share of landed rows that were rejected.
fn rejected(rows: &RowCounts) -> String {
    match rows.landed() {
        0 => String::new(),
        landed => format::share(rows.quarantined as f64 / landed as f64),
    }
}

/// A source: folded unless something about it needs a look.
fn one(source: &SourceView) -> Markup {
    let title = format!("source-{}", source.source.id);
    html! {
        section.panel.source id=(source.source.id) aria-labelledby=(title) {
            h3 id=(title) { (source.source.name) }
            p.sub {
                (source.from) " → " (source.into.name) " · "
                (match source.mode { Mode::Append => "append", Mode::Upsert => "upsert", Mode::Snapshot => "snapshot", Mode::Keys => "keys" })
                @match &source.watermark {
                    Some(w) => { " · data to " (w) },
                    None if source.rows.read > 0 => { " · none of its rows has a date" },
                    None => { " · nothing landed yet" },
                }
            }
            details open[!doubts(source).is_empty()] {
                summary { (format::count(source.rows.read)) " rows read, " (format::count(source.rows.accepted)) " accepted" }
                (inside(source))
            }
        }
    }
}

/// What was posted, and what of it was refused.
fn posted(of: &PostedView) -> Markup {
    html! {
        p.note {
            "Posts taken: " (format::count(of.taken)) ", with " (format::count(of.rows)) (if of.rows == 1 { " row" } else { " rows" })
            @if let Some(at) = &of.last_taken { ", the last " (parts::time(at)) }
            @if of.repeated > 0 { "; " (format::count(of.repeated)) " repeated" }
            @if of.waiting > 0 { "; " (format::count(of.waiting)) " bytes wait for the next run" }
            "."
        }
        @if of.refused > 0 {
            p.note {
                "Posts refused: " (format::count(of.refused))
                @if let Some(at) = &of.last_refused { ", the last " (parts::time(at)) }
                @if let Some(why) = &of.why { ": " (why) }
                "."
            }
        }
    }
}

fn inside(source: &SourceView) -> Markup {
    html! {
            @if let Some(at) = &source.last_landed { p.note { "Last landed " (parts::time(at)) "." } }
            @if let Some(expected) = &source.delivery.expected { p.note { "Expected " (expected) "." } }
            @if let Some(bookmark) = &source.delivery.bookmark { p.note { "Fetched up to " code { (bookmark) } "." } }
            @if let Some(of) = &source.delivery.posted { (posted(of)) }
            (identity(&source.rows))
            @if source.rows.quarantined > 0 {
                p { a href=(parts::href("/data/quarantine", &[("source", &source.source.id)])) { (format::count(source.rows.quarantined)) (if source.rows.quarantined == 1 { " row" } else { " rows" }) " in quarantine" } }
            }
            @if !source.not_landed.is_empty() {
                h4 { "Did not land" }
                ul {
                    @for of in source.not_landed.iter().take(MOST_LOADS) {
                        li {
                            @if let Some(file) = &of.file { code { (file) } ": " }
                            (of.reason) " (" (parts::time(&of.looked_at)) ")"
                        }
                    }
                    @if source.not_landed.len() > MOST_LOADS { li { "and " (source.not_landed.len() - MOST_LOADS) " more" } }
                }
            }
            @if !source.drift.is_empty() {
                h4 { "Worth a look" }
                ul { @for text in &source.drift { li { (text) } } }
            }
            div.columns.even {
                @if !source.rules.is_empty() { (rules(source)) }
                @if !source.missing.is_empty() { (missing(source)) }
            }
            @if !source.profiles.is_empty() { (values(source)) }
            @if !source.labels.is_empty() {
                details {
                    summary { "What its columns mean: " (source.labels.len()) }
                    dl { @for (name, text) in &source.labels { dt { code { (name) } } dd { (text) } } }
                }
            }
            @if !source.loads.is_empty() { (loads(source)) }
            p.note {
                @if let Some(owner) = &source.owner { "Answers for it: " (owner.name) ". " } @else { "Nobody answers for it. " }
                @if let Some(purpose) = &source.purpose { "Purpose: " (purpose) "." }
            }
    }
}

/// What the values of the newest file are like.
fn values(source: &SourceView) -> Markup {
    let share = |share: f64| format::coverage(share);
    html! {
        details {
            summary { "Values of the newest file: " (source.profiles.len()) " attributes" }
            div.scroll role="region" aria-label={ "Values of " (source.source.name) } tabindex="0" {
                table.figures {
                    thead { tr {
                        th scope="col" { "Attribute" } th.num scope="col" { "Missing" } th.num scope="col" { "Usually" }
                        th.num scope="col" { "Different" } th.num scope="col" { "Least" } th.num scope="col" { "A quarter below" }
                        th.num scope="col" { "Half below" } th.num scope="col" { "Three quarters" } th.num scope="col" { "Greatest" }
                    } }
                    tbody {
                        @for of in &source.profiles {
                            tr {
                                th scope="row" { (of.attribute.name) }
                                td.num { (share(of.missing)) }
                                td.num { @if let Some(usual) = of.usual_missing { (share(usual)) } }
                                td.num { (parts::count(of.distinct)) }
                                @match &of.spread {
                                    Some(spread) => { @for value in spread { td.num { (value) } } }
                                    None => { @for _ in 0..5 { td {} } }
                                }
                            }
                        }
                    }
                }
            }
            @if source.profiles.iter().any(|of| of.looked_at < of.rows) {
                p.note { "Missing values, least and greatest are those of all rows, the rest of a sample of them." }
            }
        }
    }
}

fn rules(source: &SourceView) -> Markup {
    html! {
        div {
            h4 { "Rules" }
            div.scroll role="region" aria-label={ "Rules of " (source.source.name) } tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { "Rule" } th scope="col" { "Demands" } th scope="col" { "Else" } th.num scope="col" { "Broken" } } }
                    tbody {
                        @for rule in &source.rules {
                            tr {
                                th scope="row" { (rule.name) }
                                td { code { (rule.require) } }
                                td { (match rule.otherwise { Otherwise::Warn => "warn", Otherwise::Quarantine => "quarantine", Otherwise::Stop => "stop" }) }
                                td.num { (parts::count(rule.broken)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn missing(source: &SourceView) -> Markup {
    html! {
        div {
            h4 { "Missing values" }
            div.scroll role="region" aria-label={ "Missing values of " (source.source.name) } tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { "Attribute" } th scope="col" { "Reason" } th.num scope="col" { "Rows" } } }
                    tbody {
                        @for m in &source.missing {
                            tr { th scope="row" { (m.attribute.name) } td { (m.reason) } td.num { (parts::count(m.count)) } }
                        }
                    }
                }
            }
        }
    }
}

fn loads(source: &SourceView) -> Markup {
    let more = source.loads.len().saturating_sub(MOST_LOADS);
    let erased = source.loads.iter().any(|load| load.rows.erased > 0);
    html! {
        details {
            summary { "Files landed: " (format::count(source.loads.len() as u64)) }
            div.scroll role="region" aria-label={ "Files of " (source.source.name) } tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { "File" } th scope="col" { "Content" } th scope="col" { "Landed" } th.num scope="col" { "Read" } th.num scope="col" { "Accepted" } th.num scope="col" { "Superseding" } th.num scope="col" { "Quarantined" } th.num scope="col" { "Duplicate" } @if erased { th.num scope="col" { "Erased before" } } } }
                    tbody {
                        @for load in source.loads.iter().take(MOST_LOADS) {
                            tr {
                                th scope="row" { (load.file) }
                                td { code.hash { (load.content) } }
                                td { (parts::time(&load.landed_at)) }
                                td.num { (parts::count(load.rows.read)) }
                                td.num { (parts::count(load.rows.accepted)) }
                                td.num { (parts::count(load.rows.superseding)) }
                                td.num { (parts::count(load.rows.quarantined)) }
                                td.num { (parts::count(load.rows.duplicate)) }
                                @if erased { td.num { (parts::count(load.rows.erased)) } }
                            }
                        }
                    }
                }
            }
            @if more > 0 { p.note { "And " (more) " older ones." } }
        }
    }
}

/// Sources and what became of their rows.
pub(crate) fn csv(view: &SourcesView) -> String {
    let header = [
        "source",
        "into",
        "files",
        "read",
        "out_of_scope",
        "landed",
        "accepted",
        "superseding",
        "quarantined",
        "duplicate",
        "erased",
        "data_until",
        "state",
        "last_delivery",
        "last_rows",
        "usual_rows",
        "late_seconds",
        "next_due",
        "bookmark",
    ];
    let rows = view.sources.iter().map(|s| {
        let of = &s.rows;
        let counts = [
            s.loads.len() as u64,
            of.read,
            of.out_of_scope,
            of.landed(),
            of.accepted,
            of.superseding,
            of.quarantined,
            of.duplicate,
            of.erased,
        ];
        let mut row = vec![s.source.id.clone(), s.into.id.clone()];
        row.extend(counts.map(|n| n.to_string()));
        row.push(s.watermark.clone().unwrap_or_default());
        let of = &s.delivery;
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        row.push(of.state.word().to_owned());
        row.push(of.last.clone().unwrap_or_default());
        row.extend([number(of.rows), number(of.usual_rows)]);
        row.push(of.late.map(|n| n.to_string()).unwrap_or_default());
        row.extend([of.due.clone().unwrap_or_default(), of.bookmark.clone().unwrap_or_default()]);
        row
    });
    csv::table(&header, rows)
}
