//! One KPI: its course, its segments, what it is, where it comes from, who answers for it.

use kepi_report::{
    format,
    svg::{self, Size},
    view::{
        BridgedView, CommentaryView, Coverage, DimensionView, ExhibitView, InputView, KpiView, MOST_BRIDGED,
        Measured, Named, Outcome, Person, PinsView, TargetView,
    },
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn render(view: &KpiView) -> Markup {
    let row = &view.current;
    let path = format!("/kpis/{}", row.kpi.id);
    let keep: Vec<(&str, &str)> = view.segment.iter().map(|s| ("segment", s.id.as_str())).collect();
    let body = html! {
        header.head {
            p.crumbs {
                @if let Some(p) = &view.perspective { (p.name) " / " }
                @match &view.objective { Some(o) => (o.name), None => span.reason { "serves no objective" } }
            }
            h1 { (row.kpi.name) }
            @if let Some(text) = &view.description { p.sub { (text) } }
            (parts::chooser(&path, &view.periods, &view.units, &keep))
            @if let Some(segment) = &view.segment { (only(segment, view, &path)) }
        }
        (ending(view))
        (figure(view))
        div.columns {
            div.main {
                (course(view))
                (control(view))
                (changed(view))
                (beside(view))
                (inputs(view))
                (bridges(view))
                @for (place, dimension) in view.dimensions.iter().enumerate() { (by_dimension(dimension, view, &path, place == 0)) }
                (targets(&view.targets))
                (standing(view))
                (open(view))
                (commentary(view))
                (official(view))
                (overrides(view))
                (restatements(view))
            }
            div.side {
                (definition(view))
                (people(view))
                (weighs(view))
                (data(view))
                (pins(&view.pins))
            }
        }
    };
    layout::page(&Head { title: &row.kpi.name, project: Some(&view.project), path: "/kpis" }, body)
}

/// That only some of the rows are shown, and the way back.
fn only(segment: &Named, view: &KpiView, path: &str) -> Markup {
    html! {
        p.note {
            "Only " strong { (segment.name) } ". Back to "
            a href=(parts::href(path, &[("period", &view.period)])) { "all" }
            @for wider in &view.wider {
                " · " a href=(parts::href(path, &[("segment", &wider.id), ("period", &view.period)])) { (wider.name) }
            }
        }
    }
}

fn figure(view: &KpiView) -> Markup {
    let row = &view.current;
    html! {
        section.figure-line aria-label="Value" {
            div {
                @match &row.value {
                    Outcome::Value(measured) => {
                        p.big {
                            span class={ "num " (row.status.code()) } { (measured.value.text) }
                            @match &measured.interval {
                                Outcome::Value(interval) => { " " span.of { (interval.text) } }
                                Outcome::Reason(reason) => { " " span.of.small { (reason.text) } }
                            }
                        }
                        p {
                            @if let Some(mark) = &measured.mark { span.finality { (mark) } " · " }
                            (parts::status(row.status))
                            @if let Some(p) = row.status_probability { ", " (format::probability(p)) " sure" }
                            " · n " (format::count(measured.n))
                            @if let Some(n) = measured.effective_n { ", effective " (format::count(n.max(0.0).round() as u64)) }
                            @if let Some(coverage) = &row.coverage { " · coverage " (coverage.text) }
                        }
                    }
                    Outcome::Reason(reason) => {
                        p.big.none { "No value" }
                        p { (parts::status(row.status)) " · " (reason.text) }
                    }
                }
            }
            div.said {
                @if let Some(item) = view.disputed.first() {
                    p.disputed { span.shape aria-hidden="true" { "▲ " } strong { "Disputed" } ": somebody says that this figure is not right, and " a href={ "/items/" (item) } { "item " (item) } " has no answer yet." }
                }
                @if row.value.value().is_some() { p { (view.insight.what) } }
                @for why in view.insight.why.iter().chain(&view.insight.located) { p { (why) } }
                p.action { (view.insight.action) }
                @let held = held_against(view);
                @if !held.is_empty() { p.note { (held) } }
                p.note { (view.period) " · " (parts::freshness(&row.freshness)) }
            }
        }
    }
}

/// What the value is held against, and why no change is shown.
fn held_against(view: &KpiView) -> String {
    let row = &view.current;
    let target = row.target.as_ref().map(|t| format!("Target {}, threshold {}. ", t.target, t.threshold));
    // What is known of a change is said above.
    let no_change = row.change.reason().map(|reason| format!("No change shown: {}.", reason.text));
    target.unwrap_or_default() + &no_change.unwrap_or_default()
}

fn course(view: &KpiView) -> Markup {
    let row = &view.current;
    html! {
        section.panel aria-labelledby="course" {
            h2 #course { "Course" }
            @for size in [Size::Wide, Size::Narrow] {
                (svg::continued(view.earlier.as_ref(), &row.kpi.name, &view.trend, &view.benchmarks, (&row.measured_in, row.better), size))
            }
            @if view.has_cohorts { p { a href={ "/cohorts/" (row.kpi.id) } { "Cohort by cohort, as they grow older" } } }
            @if view.has_sample { p { a href={ "/kpis/" (row.kpi.id) "/sample" } { "Whom its surveys ask next" } } }
            @if view.has_flow { p { a href={ "/flows/" (row.kpi.id) } { "What came and what went, period by period" } } }
            @if let Some(earlier) = &view.earlier {
                p.note { "Dashed and hollow, before the line: " a href={ "/kpis/" (earlier.of.id) } { (earlier.of.name) } " on the level of " (row.kpi.name) ", which takes its place; nobody measured it so. " a href="#succeeds-0" { "How it is moved" } }
            }
            p.note { @if view.trend.iter().filter_map(|point| point.value.value()).any(|value| value.interval.value().is_some()) { "Shaded band: " (view.project.confidence) " interval. " } @if view.trend.iter().any(|point| point.usual.is_some()) { "Dotted frames: usual, what would not have been called out. " } @if view.trend.iter().any(|point| point.lines.is_some()) { "Tinted zone: beyond the threshold. " } @if svg::is_cut(&view.trend, &view.benchmarks, &row.measured_in) { "Some intervals reach beyond the picture: the table has them. " } @if view.trend.iter().any(|point| !point.is_measured()) { "Hatched: provisional, or not measured: the table says where the value comes from. " } @else if view.trend.iter().any(|point| !point.complete) { "Hatched: provisional, more data may change it. " } @if view.trend.iter().any(|point| point.value.value().is_none()) { "○ on the axis: no value." } }
            (others(view))
            @if let Some(window) = &view.definition.window {
                p.note { "Each value is made from the rows of its window (" (window) "), so neighbouring ones share rows and are not independent." }
            }
            @for of in &view.breaks {
                p.note {
                    "From " strong { (of.period) } " on values are computed otherwise than before (definition in force from " (of.from) "), so they are not compared with those before. Before: " (of.before) ". Since: " (of.after) "."
                }
            }
            details {
                summary { @if view.further == 0 { "All values" } @else { "Values" } }
                (download(view))
                @if view.further > 0 { p.note { (format::count(view.further as u64)) " further periods are in the download only." } }
                table.figures {
                    thead { tr { th scope="col" { "Period" } th scope="col" { "Status" } th.num scope="col" { "Value" } th.num scope="col" { "n" } } }
                    tbody {
                        @for point in view.trend.iter().rev() {
                            tr {
                                th scope="row" { (point.period) @if !point.complete { " (provisional)" } }
                                td { (parts::status(point.status)) }
                                td.num { (parts::value(&point.value)) }
                                td.num { @match point.value.value() { Some(m) => (parts::count(m.n)), None => "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Figures of others that its targets rest on: what the long dashes are, and why some have none.
fn others(view: &KpiView) -> Markup {
    let beyond = svg::benchmarks_beyond(&view.trend, &view.benchmarks, &view.current.measured_in);
    html! {
        @if !view.benchmarks.is_empty() {
            p.note {
                @if view.benchmarks.iter().any(|of| of.drawn().is_some()) { "Long dashes: figures of others that can be compared. " }
                a href="/benchmarks" { "Benchmarks on record" }
                ":"
            }
            ul.plain.others {
                @for of in &view.benchmarks {
                    li {
                        @if of.expired { span.shape aria-hidden="true" { "△ " } }
                        a href={ "/benchmarks#" (of.id) } { (of.words()) }
                        ", published " (of.published)
                        @if of.expired { "; it says nothing any more about where others stand" }
                        @else if of.drawn().is_none() { "; not drawn" }
                        @else if beyond.iter().any(|other| other.id == of.id) { "; beyond the picture" }
                    }
                }
            }
        }
    }
}

/// Its control chart, with what is said of its periods.
fn control(view: &KpiView) -> Markup {
    let row = &view.current;
    html! {
        @if let Some(of) = &view.control {
            section.panel aria-labelledby="control" {
                h2 #control { "Control chart" }
                (svg::control(&row.kpi.name, of, &row.measured_in, Size::Wide))
                (svg::control(&row.kpi.name, of, &row.measured_in, Size::Narrow))
                @if !of.notes.is_empty() {
                    ol.lettered {
                        @for note in &of.notes {
                            li {
                                (note.period) ": " (note.text)
                                @if let Some(item) = note.item { " (" a href={ "/items/" (item) } { "item " (item) } ")" }
                            }
                        }
                    }
                }
                p.note {
                    "A " (of.kind) ". Dashed: limits, drawn over the periods that they rest on. Solid: the level. Ringed squares: periods that signal."
                    @if of.points.iter().any(|point| point.centre.is_some()) { " Dotted: the middle that the limits lie around and by which signals are judged, where it is not the level." }
                    @if of.has_season { " Level and limits move with the season." }
                }
            }
        }
    }
}

/// That it comes to its end.
fn ending(view: &KpiView) -> Markup {
    html! {
        @if let Some(of) = &view.ending {
            p.note role="note" {
                span.shape aria-hidden="true" { "◆ " } strong { (of.words()) } "."
                @if let Some(successor) = &of.successor { " Instead: " a href={ "/kpis/" (successor.id) } { (successor.name) } "." }
            }
        }
    }
}

/// Its figures beside those of what succeeds it, or what it succeeds.
fn bridges(view: &KpiView) -> Markup {
    let own = &view.current.kpi.name;
    html! {
        @if let Some((successor, bridge)) = view.ending.as_ref().and_then(|of| of.successor.as_ref().zip(of.bridge.as_ref())) {
            (bridged(own, &successor.name, "successor", bridge))
        }
        @for (at, (before, bridge)) in view.succeeds.iter().enumerate() {
            (bridged(&before.name, own, &format!("succeeds-{at}"), bridge))
        }
    }
}

fn bridged(old: &str, new: &str, id: &str, bridge: &BridgedView) -> Markup {
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { "From " (old) " to " (new) }
            @if !bridge.rows.is_empty() {
                div.scroll role="region" aria-label="Table of both" tabindex="0" {
                    table.figures {
                        thead { tr { th scope="col" { "Period" } th.num scope="col" { (old) } th.num scope="col" { (new) } th.num scope="col" { "Difference" } th.num scope="col" { "On the new level" } } }
                        tbody {
                            @for row in bridge.rows.iter().take(MOST_BRIDGED) {
                                tr {
                                    th scope="row" { (row.period) }
                                    @for cell in [&row.old, &row.new, &row.difference] { td.num { (cell.as_deref().unwrap_or("–")) } }
                                    td.num { @match &row.moved {
                                        Some(moved) => {
                                            (moved.value.text)
                                            @if let Some(interval) = moved.interval.value() { " " span.of.small { (interval.text) } }
                                        }
                                        None => { "–" }
                                    } }
                                }
                            }
                        }
                    }
                }
            }
            p.note { "Over all rows: " (bridge.said) "." }
        }
    }
}

/// What a KPI is computed of.
fn inputs(view: &KpiView) -> Markup {
    let is_index = view.inputs.iter().any(|input| input.part.is_some());
    html! {
        @if !view.inputs.is_empty() {
            section.panel aria-labelledby="inputs" {
                h2 #inputs { "Computed of" }
                div.scroll role="region" aria-label="Table of the KPIs it is computed of" tabindex="0" {
                    table.figures {
                        thead { tr {
                            th scope="col" { "KPI" } th scope="col" { "Period" } th.num scope="col" { "Value" } th.num scope="col" { "n" }
                            @if is_index { th.num scope="col" { "0 at" } th.num scope="col" { "100 at" } th.num scope="col" { "Points" } th.num scope="col" { "Weight" } th.num scope="col" { "Adds" } }
                        } }
                        tbody { @for input in &view.inputs { (input_row(input)) } }
                    }
                }
                @if is_index { p.note { "What the KPIs add sums to the index." } }
            }
        }
    }
}

/// What is to be read beside the value, itself first: the same otherwise weighted, and whom it leaves out.
fn beside(view: &KpiView) -> Markup {
    let own = &view.current;
    html! {
        @if !view.beside.is_empty() {
            section.panel aria-labelledby="beside" {
                h2 #beside { "Side by side" }
                div.scroll role="region" aria-label="Table of this KPI and those beside it" tabindex="0" {
                    table.figures {
                        thead { tr {
                            th scope="col" { "KPI" } th.num scope="col" { "Value" }
                            th.num scope="col" { "n" } th.num scope="col" { "Coverage" }
                        } }
                        tbody {
                            tr {
                                th scope="row" { (own.kpi.name) " " span.of.small { "this KPI" } }
                                (beside_cells(&own.value, own.coverage.as_ref()))
                            }
                            @for other in &view.beside {
                                @let segment = (!other.segment.is_empty()).then_some(("segment", other.segment.as_str()));
                                @let query: Vec<(&str, &str)> = [("period", view.period.as_str())].into_iter().chain(segment).collect();
                                tr {
                                    th scope="row" { a href=(parts::href(&format!("/kpis/{}", other.kpi.id), &query)) { (other.kpi.name) } }
                                    (beside_cells(&other.value, other.coverage.as_ref()))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn beside_cells(value: &Outcome<Measured>, coverage: Option<&Coverage>) -> Markup {
    html! {
        td.num { (parts::value(value)) }
        td.num { @match value.value() { Some(m) => (parts::count(m.n)), None => "–" } }
        td.num { @match coverage { Some(of) => (of.text), None => "–" } }
    }
}

fn input_row(input: &InputView) -> Markup {
    let mut query: Vec<(&str, &str)> = vec![("period", &input.period)];
    if !input.segment.is_empty() {
        query.push(("segment", &input.segment));
    }
    html! {
        tr {
            th scope="row" {
                a href=(parts::href(&format!("/kpis/{}", input.kpi.id), &query)) { (input.kpi.name) }
                @if input.name != input.kpi.id { " " span.of.small { (input.name) } }
            }
            td { (input.period) }
            td.num { (parts::value(&input.value)) }
            td.num { @match input.value.value() { Some(m) => (parts::count(m.n)), None => "–" } }
            @if let Some(part) = &input.part {
                td.num { (part.zero) }
                td.num { (part.hundred) }
                td.num { @match &part.points { Outcome::Value(points) => (points.text), Outcome::Reason(_) => "–" } }
                td.num { (part.weight.text) }
                td.num { @match &part.adds { Some(adds) => (adds.text), None => "–" } }
            }
        }
    }
}

/// What changed and why, as far as analyses say.
fn changed(view: &KpiView) -> Markup {
    html! {
        @if !view.analyses.is_empty() {
            section.panel aria-labelledby="changed" {
                h2 #changed { "What changed and why" }
                dl.asked {
                    @for analysis in &view.analyses {
                        dt { (analysis.question) }
                        dd {
                            @let (first, behind) = analysis.says.split_at(analysis.says.len() - analysis.behind);
                            @for sentence in first { p { (sentence) } }
                            @if !behind.is_empty() {
                                details {
                                    summary { "The test of each" }
                                    ul.plain { @for sentence in behind { li { (sentence) } } }
                                }
                            }
                            @if let Some(exhibit) = &analysis.exhibit { (exhibited(exhibit)) }
                        }
                    }
                }
                p.note { "Said of all rows, from published figures. Where nothing is going on, at most " (view.project.attention) " of periods show anything; otherwise at most " (view.project.attention) " of what is called out is false." }
            }
        }
    }
}

pub(super) fn exhibited(exhibit: &ExhibitView) -> Markup {
    html! {
        details {
            summary { "The figures" }
            div.scroll role="region" aria-label="Figures of the sentence" tabindex="0" {
                table.figures {
                    thead { tr { th scope="col" { span.sr { "Of" } } @for column in &exhibit.columns { th.num scope="col" { (column) } } } }
                    tbody {
                        @for (name, figures) in &exhibit.rows {
                            tr { th scope="row" { (name) } @for (text, _) in figures { td.num { (text) } } @for _ in figures.len()..exhibit.columns.len() { td.num { "–" } } }
                        }
                    }
                }
            }
        }
    }
}

fn by_dimension(dimension: &DimensionView, view: &KpiView, path: &str, first: bool) -> Markup {
    let id = format!("by-{}", dimension.dimension.id);
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { "By " (dimension.dimension.name) }
            // Combinations are many and wanted seldom.
            @if dimension.combines > 1 {
                details { summary { (dimension.members.len()) " combinations" } (members(dimension, view, path)) }
            } @else {
                (members(dimension, view, path))
            }
            // What holds for all of them is said once.
            @if first { (read_as(view)) (download(view)) }
        }
    }
}

/// How pictures of segments are read.
fn read_as(view: &KpiView) -> Markup {
    let members = || view.dimensions.iter().flat_map(|dimension| &dimension.members);
    let own = members().any(|member| member.has_own);
    html! {
        p.note {
            @if members().any(|member| member.target.is_some()) { "Line: " @if own { "the target that holds there" } @else { "target" } ". Tinted: beyond the threshold. " }
            "Where intervals overlap, the order may be chance."
        }
    }
}

fn members(dimension: &DimensionView, view: &KpiView, path: &str) -> Markup {
    let scale = svg::dot_scale(&dimension.members, &view.current.measured_in);
    let has_own = dimension.members.iter().any(|member| member.has_own);
    let has_response = dimension.members.iter().any(|member| member.response.is_some());
    html! {
        table.segments {
            thead.sr { tr { th scope="col" { (dimension.dimension.name) } th scope="col" { "Picture" } th scope="col" { "Value" } th scope="col" { "n" } @if has_response { th scope="col" { "Response" } } @if has_own { th scope="col" { "Target" } } } }
            tbody {
                @for member in &dimension.members {
                    tr {
                        th scope="row" { a href=(parts::href(path, &[("segment", &member.id), ("period", &view.period)])) { (member.name) } }
                        td.picture { (svg::dots(member, &scale)) }
                        td.num { (parts::value(&member.value)) }
                        td.num.n { @if let Some(m) = member.value.value() { "n " (format::count(m.n)) } }
                        @if has_response { td.num.n { @if let Some(response) = &member.response { (response.short()) } } }
                        @if has_own { td.num.n { @if let Some(target) = &member.target { "target " (target.target) } } }
                    }
                }
            }
        }
        @if let Some(note) = &dimension.note { p.note { (note) } }
    }
}

/// All values of what is shown: of all rows every segment and combination, in every period.
fn download(view: &KpiView) -> Markup {
    let mut query: Vec<(&str, &str)> = Vec::new();
    query.extend(view.segment.iter().map(|s| ("segment", s.id.as_str())));
    let below = view.units.iter().find(|u| u.chosen && u.depth > 0);
    query.extend(below.map(|u| ("unit", u.id.as_str())));
    let what = if query.is_empty() { "All periods and segments" } else { "All periods" };
    parts::download(&format!("/kpis/{}/values.csv", view.current.kpi.id), &query, what)
}

fn targets(targets: &[TargetView]) -> Markup {
    html! {
        @if !targets.is_empty() {
            section.panel aria-labelledby="targets" {
                h2 #targets { "Targets" }
                div.scroll role="region" aria-label="Table of targets" tabindex="0" {
                    table.figures {
                        thead { tr { th scope="col" { "From" } th scope="col" { "For" } th scope="col" { "Period" } th.num scope="col" { "Threshold" } th.num scope="col" { "Target" } th.num scope="col" { "Stretch" } th scope="col" { "Rests on" } } }
                        tbody {
                            @for t in targets {
                                tr {
                                    th.date scope="row" { (t.from) }
                                    td { (t.whom.as_deref().unwrap_or("all")) }
                                    td { (t.period.as_deref().unwrap_or("–")) }
                                    td.num { (t.threshold) }
                                    td.num { (t.target) }
                                    td.num { (t.stretch.as_deref().unwrap_or("–")) }
                                    td { @match (t.basis, &t.evidence) {
                                        (Some(kepi_model::project::BasisKind::Benchmark), Some(text)) => { a href="/benchmarks" { "benchmark" } ": " (text) }
                                        (Some(basis), Some(text)) => { (basis_word(basis)) ": " (text) }
                                        (Some(basis), None) => (basis_word(basis)),
                                        _ => span.reason { "no basis is given" },
                                    } @if let Some(file) = &t.attached { ", to be read in " code { (file) } }
                                    @if let Some(plan) = &t.plan { ", planned with " (plan) }
                                    @if let Some(late) = &t.out_of_date { " " span.detail { span.shape aria-hidden="true" { "△ " } (late) } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn basis_word(basis: kepi_model::project::BasisKind) -> &'static str {
    use kepi_model::project::BasisKind;
    match basis {
        BasisKind::History => "history",
        BasisKind::Benchmark => "benchmark",
        BasisKind::Expectation => "customers' expectation",
        BasisKind::Capability => "capability",
        BasisKind::Negotiated => "negotiated",
    }
}

/// What was said of it: of the newest period unfolded, of those before behind a line each.
fn commentary(view: &KpiView) -> Markup {
    let parts = |of: &CommentaryView| {
        html! {
            dl.parts { @for (name, text) in &of.parts {
                dt { (name) }
                dd { @match text { Some(text) => span.quote { (text) }, None => span.reason { "The text was erased." } } }
            } }
            p.note {
                (of.by.join(", ")) " on " (parts::day(&of.at)) @if !of.read { ", not read by others yet" } " · "
                a href={ "/items/" (of.item) } { "item " (of.item) }
            }
        }
    };
    let head = |of: &CommentaryView| html! { (of.period) @if let Some(unit) = &of.unit { ", " (unit) } };
    html! {
        @if let Some((first, rest)) = view.commentary.split_first() {
            section.panel aria-labelledby="commentary" {
                h2 #commentary { "Commentary on " (head(first)) }
                (parts(first))
                @for of in rest { details.deed { summary { (head(of)) } (parts(of)) } }
            }
        }
    }
}

fn official(view: &KpiView) -> Markup {
    html! {
        @if let Some(of) = &view.official {
            section.panel aria-labelledby="official" {
                h2 #official { "Official" }
                p { a href={ "/periods/" (parts::escape(&of.period)) } { (of.period) } " was closed " (parts::time(&of.at)) ": " (of.words()) "." }
            }
        }
    }
}

fn overrides(view: &KpiView) -> Markup {
    html! {
        @if !view.overrides.is_empty() {
            section.panel aria-labelledby="overridden" {
                h2 #overridden { "Overridden" }
                ul.plain { @for of in &view.overrides { li { (of.words()) } } }
            }
        }
    }
}

fn restatements(view: &KpiView) -> Markup {
    html! {
        @if !view.restatements.is_empty() {
            section.panel aria-labelledby="restated" {
                h2 #restated { "Restated" }
                ul.plain {
                    @for r in &view.restatements {
                        li { (r.period) @if !r.name.is_empty() { ", " (r.name) } ": published " strong.num { (r.published) } ", now " strong.num { (r.now) } " – " (r.reason) " (" (parts::time(&r.noticed_at)) ")" }
                    }
                }
            }
        }
    }
}

fn standing(view: &KpiView) -> Markup {
    let of = &view.standing;
    html! {
        @if of.not_renewed.is_some() || !of.moved_on.is_empty() || !of.late.is_empty() {
            section.panel aria-labelledby="moved-on" {
                h2 #moved-on { "Since these values were published" }
                ul.plain {
                    @if let Some(why) = &of.not_renewed { li { "The newest run could not renew them: " (why) } }
                    @for said in &of.moved_on { li { (said) } }
                    @for said in &of.late { li { "A source " (said) } }
                }
            }
        }
        @if !of.withdrawn.is_empty() {
            section.panel aria-labelledby="withdrawn" {
                h2 #withdrawn { "Withdrawn" }
                ul.plain {
                    @for gone in &of.withdrawn {
                        li {
                            (gone.period)
                            @if !gone.segment.is_empty() { ", " (gone.segment) }
                            @if let Some(was) = &gone.was { ": published " strong.num { (was) } }
                            " – " (gone.reason) " (" (parts::time(&gone.withdrawn_at)) ")"
                        }
                    }
                }
            }
        }
    }
}

/// The way to writing the definition anew.
fn change(view: &KpiView) -> String {
    let id = format!("kpi/{}", view.definition.defined_as);
    let from = view.definition.in_force_from.as_deref().filter(|from| *from != "ever");
    let query: Vec<(&str, &str)> =
        [("id", id.as_str())].into_iter().chain(from.map(|from| ("from", from))).collect();
    parts::href("/changes/new", &query)
}

/// The way to saying something of the figure shown: that it is not right, or why it is as it is.
fn about_it(view: &KpiView, page: &str) -> String {
    let unit = view.unit.as_ref().map(|unit| ("unit", unit.id.as_str()));
    let query = [("kpi", view.current.kpi.id.as_str()), ("period", view.period.as_str())];
    parts::href(page, &query.into_iter().chain(unit).collect::<Vec<_>>())
}

/// What is open about its figures.
fn open(view: &KpiView) -> Markup {
    html! {
        @if !view.open.is_empty() {
            section.panel aria-labelledby="open" {
                h2 #open { "What is done about it" }
                ul.plain { @for row in &view.open { li {
                    a href={ "/items/" (row.number) } { (row.title) }
                    span.detail { " " (row.state) @if !row.waits.is_empty() { ", with " (row.waits.join(", ")) } @if let Some(due) = &row.due { " until " (parts::day(due)) } }
                } } }
            }
        }
    }
}

fn definition(view: &KpiView) -> Markup {
    let d = &view.definition;
    html! {
        section.panel aria-labelledby="definition" {
            h2 #definition { "Definition" }
            p { (d.words) }
            p.formula { (d.formula) }
            @if let Some(day) = &d.in_force_from { p.note { "In force from " (day) "." } }
            p.note { a href={ "/register?id=kpi/" (view.current.kpi.id) } { "Versions of this definition" } }
            @if !d.gates.is_empty() { p.note { "Published with " (d.gates.join(" and ")) "." } }
            @if let Some(said) = &d.without_data { p.note { "Periods without data: " (said) "." } }
            @if let Some(said) = d.publication { p.note { "Published: " (said) "." } }
            details {
                summary { "As written, " (d.place) }
                pre { code { (d.code) } }
            }
            @if view.project.viewer.as_ref().is_some_and(|viewer| viewer.decides) {
                p.propose { a href=(change(view)) { "Propose a change" } " · " a href=(about_it(view, "/commentary/new")) { "Say why it is as it is" } " · " a href=(about_it(view, "/disputes/new")) { "This figure is not right" }
                    @if view.is_entered { " · " a href=(parts::href("/entries/new", &[("kpi", &view.current.kpi.id), ("period", &view.period)])) { "Enter a figure" } }
                }
            }
            @if let Some(purpose) = &d.purpose { p.note { "Purpose: " (purpose) } }
            @if !view.assumptions.is_empty() {
                h3 { "Taken for granted" }
                ul { @for text in &view.assumptions { li { (text) } } }
            }
            p.note { a href=(parts::href("/disclosure/methodology", &[("id", &format!("kpi/{}", view.current.kpi.id))])) { "Its methodology, as it stood on any day" } }
            p.note { "Meaning " code.hash { (d.hash.get(..12).unwrap_or(&d.hash)) } }
        }
    }
}

/// What it weighs, side by side.
fn weighs(view: &KpiView) -> Markup {
    html! {
        @if !view.weights.is_empty() {
            section.panel aria-labelledby="weights" {
                h2 #weights { "What it weighs" }
                @for of in &view.weights {
                    dl {
                        dt { a href={ "/scorecards/" (of.card.id) } { (of.card.name) } } dd.num { (of.weight) }
                        @for (plan, share) in &of.pay { dt { "Pay: " (plan.name) } dd.num { (share) } }
                        @for (plan, share) in &of.money { dt { "Money: " (plan.name) } dd.num { (share) } }
                    }
                    @for plan in &of.apart { p.note { span.shape aria-hidden="true" { "△ " } "Farther apart than “" (plan) "” says they may be." } }
                }
                @if view.weights.iter().any(|of| !of.money.is_empty()) {
                    p.note { "Of the money: the share of its objective, by its weight among the KPIs of that." }
                }
            }
        }
    }
}

fn people(view: &KpiView) -> Markup {
    let several = |title: &str, all: &[Person]| {
        html! {
            @if !all.is_empty() {
                dt { (title) }
                dd { @for who in all { div { (parts::person(who)) } } }
            }
        }
    };
    html! {
        section.panel aria-labelledby="people" {
            h2 #people { "People" }
            dl {
                dt { "Accountable" } dd { (parts::accountable(view.people.accountable.as_ref())) }
                (several("Responsible", &view.people.responsible))
                (several("Consulted", &view.people.consulted))
                (several("Informed", &view.people.informed))
                @if !view.scorecards.is_empty() {
                    dt { "Used in" }
                    dd { @for s in &view.scorecards { div { a href={ "/scorecards/" (s.id) } { (s.name) } } } }
                }
            }
        }
    }
}

fn data(view: &KpiView) -> Markup {
    let q = &view.quality;
    html! {
        section.panel aria-labelledby="quality" {
            h2 #quality { "Data behind it" }
            dl {
                dt { "Entered" } dd { (parts::count(q.n)) }
                @if let Some(all) = &q.unscreened { dt { "Without screening" } dd { (all.words()) } }
                @if let Some(n) = q.effective_n { dt { "Effective n" } dd { (parts::count(n.max(0.0).round() as u64)) } }
                @if let Some(r) = &q.response { dt { "Response" } dd { (r.words()) } }
                @if let Some(r) = &q.representativity { dt { "Representativity" } dd { (r.text) } }
                dt { "Left out" }
                dd {
                    @if q.left_out.is_empty() { "nothing" }
                    @for r in &q.left_out { div { (parts::count(r.count)) " " (r.reason) } }
                }
                dt { "Quarantined, of all rows" } dd { @if q.quarantined > 0 { a href="/data/quarantine" { (parts::count(q.quarantined)) } } @else { "0" } }
                dt { "Coverage" } dd { (Coverage::shown(view.current.coverage.as_ref())) }
                dt { "Rows" } dd { a href=(parts::href(&format!("/kpis/{}/rows", view.current.kpi.id), &asked(view))) { "The rows behind this value" } }
                dt { "Sources" } dd { @for s in &q.sources { div { a href={ "/data#" (s.id) } { (s.name) } } } }
                dt { "Columns" } dd { a href=(parts::href("/lineage/thing", &[("of", &format!("kpi/{}", view.current.kpi.id))])) { "What it is made of, column by column" } }
            }
        }
    }
}

/// The period, segment and unit shown, as a query.
fn asked(view: &KpiView) -> Vec<(&str, &str)> {
    let mut query = vec![("period", view.period.as_str())];
    query.extend(view.segment.as_ref().map(|of| ("segment", of.id.as_str())));
    query.extend(view.unit.as_ref().map(|of| ("unit", of.id.as_str())));
    query
}

fn pins(pins: &Outcome<PinsView>) -> Markup {
    html! {
        section.panel aria-labelledby="pins" {
            h2 #pins { "Reproduce" }
            @match pins {
                Outcome::Value(pins) => {
                    pre { code { (pins.reproduce) } }
                    dl.pins {
                        dt { "Definition" } dd { code.hash { (short(&pins.definition)) } }
                        dt { "Data" } dd { "snapshot " (pins.snapshot) }
                        dt { "Engine" } dd { (pins.engine) }
                        dt { "States" } dd { code.hash { (short(&pins.states)) } }
                        dt { "Computed" } dd { (parts::time(&pins.computed_at)) }
                    }
                }
                Outcome::Reason(reason) => p.reason { (reason.text) },
            }
        }
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
