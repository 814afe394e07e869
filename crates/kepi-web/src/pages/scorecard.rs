//! The scorecard: what is off, why, who acts; then everything.

use kepi_model::project::ValueUnit;
use kepi_report::{
    format,
    operating_plan::{MemberResult, SpendingBy},
    svg,
    view::{Coverage, Deviation, KpiRow, Named, Outcome, PerspectiveView, ScorecardView, Status},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

/// Cards beyond this many would hide what matters; the table has the rest.
const MOST_CARDS: usize = 6;

pub(crate) fn render(view: &ScorecardView) -> Markup {
    let path = format!("/scorecards/{}", view.scorecard.id);
    let place = Place {
        unit: view.units.iter().find(|u| u.chosen && u.depth > 0).map(|u| u.id.as_str()),
        period: &view.period,
    };
    let body = html! {
        header.head {
            h1 { (view.scorecard.name) }
            p.sub {
                @if let Some(unit) = &view.unit { (unit.name) " · " }
                (view.period)
                @if let Some(zone) = &view.time_zone { " · days of " (zone) }
                @if let Some(calendar) = &view.calendar { " · " (calendar) }
                " · " (parts::freshness(&view.freshness)) " · " (view.rows().count()) @if view.rows().count() == 1 { " KPI" } @else { " KPIs" }
                @if let Some(day) = &view.in_force_from { " · weights and KPIs in force from " (day) }
            }
            @for moved in &view.moves { p.note { (moved.words()) } }
            @if view.project.scorecards.len() > 1 {
                ul.others aria-label="Scorecards" {
                    @for other in &view.project.scorecards {
                        li { a href={ "/scorecards/" (other.id) } aria-current=[(other.id == view.scorecard.id).then_some("page")] { (other.name) } }
                    }
                }
            }
            (parts::chooser(&path, &view.periods, &view.units, &[]))
        }
        (partial(view))
        @if let Some(of) = &view.official {
            p.note role="note" {
                a href={ "/periods/" (parts::escape(&of.period)) } { (of.period) } " was closed " (parts::time(&of.at)) ": " (of.words()) "."
            }
        }
        div.hero { (overall(view, &place)) (origin(view, &place)) }
        (attention(view, &place))
        (units(view))
        (plan(view))
        (table(view, &place))
    };
    layout::page(&Head { title: &view.scorecard.name, project: Some(&view.project), path: "/" }, body)
}

/// That some units are late, and what that makes of the score.
fn partial(view: &ScorecardView) -> Markup {
    html! {
        @if let Some(of) = &view.partial {
            p.note role="note" {
                span.shape aria-hidden="true" { "◆ " } strong { "Partial: " }
                @for (at, (unit, _, says)) in of.late.iter().enumerate() { @if at > 0 { "; " } (unit.name) " is late (" (says) ")" }
                ". "
                @if of.closed { "It was closed so. " }
                @match &of.without {
                    Some(without) => {
                        @match &without.score {
                            Outcome::Value(points) => {
                                "By that rule the score is " strong.num { (points.text) }
                                @if view.overall.score.value().is_some_and(|own| own.text == points.text) { ", as it is below. " }
                                @else { ", not the one below. " }
                            }
                            Outcome::Reason(reason) => { "By that rule there is no score: " (reason.text) ". " }
                        }
                    }
                    None => { "The score has what landed of them. " }
                }
                a href={ "/periods/" (parts::escape(&view.named)) "/readiness" } { "How far each unit is" }
            }
        }
    }
}

/// What links to other pages carry along.
struct Place<'a> {
    unit: Option<&'a str>,
    period: &'a str,
}

impl Place<'_> {
    fn query(&self) -> Vec<(&str, &str)> {
        let mut query = vec![("period", self.period)];
        query.extend(self.unit.map(|u| ("unit", u)));
        query
    }

    fn href(&self, path: &str) -> String {
        parts::href(path, &self.query())
    }

    /// The page of a KPI, of the segment that it judges.
    fn kpi(&self, kpi: &Named, segment: Option<&Named>) -> String {
        let mut query = self.query();
        query.extend(segment.map(|of| ("segment", of.id.as_str())));
        parts::href(&format!("/kpis/{}", kpi.id), &query)
    }
}

fn overall(view: &ScorecardView, place: &Place<'_>) -> Markup {
    let counts = Status::ALL.map(|s| (s, view.rows().filter(|r| r.status == s).count()));
    html! {
        section.overall aria-labelledby="overall" {
            h2.quiet #overall { "Overall score" }
            @match &view.overall.score {
                Outcome::Value(points) => {
                    p.big { span.num { (points.text) } " " span.of { "on target at 100" } }
                    p { (parts::status(view.overall.status)) " · " (view.overall.coverage.text) " of the weight has a value" }
                    @if let Some(units) = view.mean_of {
                        p.note { "The mean of its " (units) @if units == 1 { " unit" } @else { " units" } "; what follows is of all its rows together, and comes to another score." }
                    }
                }
                Outcome::Reason(reason) => {
                    p.big.none { "No score" }
                    p { (reason.text) }
                }
            }
            ul.counts aria-label="KPIs by status" {
                @for (status, n) in counts { @if n > 0 { li { span.num { (n) } " " (parts::status(status)) } } }
            }
            p { a href=(place.href(&format!("/explain/{}", view.scorecard.id))) { "How this score came about" } " · " a href=(place.href(&format!("/what-if/{}", view.scorecard.id))) { "What if" } }
        }
    }
}

/// Where the score comes from: since the previous period, else by perspective.
fn origin(view: &ScorecardView, place: &Place<'_>) -> Markup {
    let Some(bridge) = &view.bridge else {
        return html! { (contributions(view)) };
    };
    html! {
        section.origin aria-labelledby="origin" {
            h2.quiet #origin { "What moved it since " (bridge.from_label) }
            (parts::bridge(bridge))
            p { a href=(place.href(&format!("/explain/{}", view.scorecard.id)) + "#moved") { "By KPI" } }
        }
    }
}

fn contributions(view: &ScorecardView) -> Markup {
    html! {
        section.origin aria-labelledby="origin" {
            h2.quiet #origin { "What it is made of" }
            table.bridge {
                thead { tr { th scope="col" { "Perspective" } th.num scope="col" { "Weight" } th.num scope="col" { "Score" } th.num scope="col" { "Adds" } } }
                tbody {
                    @for p in &view.perspectives {
                        tr {
                            th scope="row" { (p.perspective.name) }
                            td.num { (p.weight.text) }
                            td.num { (parts::score(&p.score.score)) }
                            td.num { @if let Some(points) = &p.contribution { (points.text) } @else { "–" } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether anything has a value.
fn measured(view: &ScorecardView) -> bool {
    let objectives = view.perspectives.iter().flat_map(|perspective| &perspective.objectives);
    objectives.flat_map(|objective| &objective.kpis).any(|kpi| kpi.value.value().is_some())
}

fn attention(view: &ScorecardView, place: &Place<'_>) -> Markup {
    let more = view.deviations.len().saturating_sub(MOST_CARDS);
    html! {
        section aria-labelledby="attention" {
            h2 #attention { "Needs attention" }
            @if view.deviations.is_empty() {
                @if measured(view) {
                    p { "Nothing is off target. No action indicated." }
                } @else {
                    p { "Nothing was measured here, so nothing can be said: look at its data." }
                }
            }
            div.cards {
                @for deviation in view.deviations.iter().take(MOST_CARDS) { (card(deviation, place)) }
            }
            @if more > 0 { p.note { "And " (more) " more in the table below." } }
        }
    }
}

fn card(deviation: &Deviation, place: &Place<'_>) -> Markup {
    html! {
        article class={ "card " (deviation.status.code()) } {
            h3 { a href=(place.kpi(&deviation.kpi, deviation.segment.as_ref())) { (deviation.kpi.name) } }
            p.figure {
                span class={ "status " (deviation.status.code()) } {
                    span.shape aria-hidden="true" { (deviation.status.shape()) } span.sr { (deviation.status.label()) }
                }
                " "
                @match &deviation.value {
                    Outcome::Value(measured) => {
                        strong class={ "num " (deviation.status.code()) } { (measured.value.text) }
                        @if let Some(interval) = measured.interval.value() { " " span.plusminus { (interval.text) } }
                        (parts::mark(measured))
                    }
                    Outcome::Reason(_) => strong.grey { "no value" },
                }
                @if let Some(target) = &deviation.target { " " span.plusminus { "· target " (target) } }
            }
            p.what { (deviation.what) }
            @for why in &deviation.why { p.why { (why) } }
            @if let Some(cause) = &deviation.cause {
                p.why {
                    @if cause.confirmed { "Cause, confirmed: " } @else { "Cause, proposed: " }
                    span.quote { (cause.text) } " " a href={ "/items/" (cause.item) } { (cause.by.join(", ")) }
                }
            }
            div.who {
                p.action { (deviation.action) }
                p { @match &deviation.accountable { Some(p) => { (p.name) @if let Some(role) = &p.role { " · " (role) } }, None => "nobody is accountable" } }
            }
        }
    }
}

fn units(view: &ScorecardView) -> Markup {
    let below: Vec<_> = view.units.iter().filter(|u| u.depth > 0).collect();
    html! {
        @if !below.is_empty() {
            section aria-labelledby="units" {
                h2 #units { "By unit" }
                ul.tiles {
                    @for unit in below {
                        li {
                            a href=(parts::href(&format!("/scorecards/{}", view.scorecard.id), &[("period", &view.period), ("unit", &unit.id)]))
                                aria-current=[unit.chosen.then_some("true")] {
                                span.name { (unit.name) }
                                span class={ "status " (unit.status.code()) } {
                                    span.shape aria-hidden="true" { (unit.status.shape()) } span.sr { (unit.status.label()) } " "
                                    (parts::score(&unit.score))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What was planned and spent for its objectives, beside what it came to.
fn plan(view: &ScorecardView) -> Markup {
    let Some(plan) = &view.plan else { return html! {} };
    let unit = ValueUnit::Money { currency: plan.currency.clone() };
    let money = |of: f64| format::value(of, &unit, format::decimals(of, None, &unit));
    let points = |of: Option<f64>| of.map_or("–".to_owned(), |of| format!("{of:.1}"));
    let has_units = plan.lines.iter().any(|line| line.of_units.is_some());
    html! {
        section aria-labelledby="plan" {
            h2 #plan { "Money and what it came to" }
            p.note {
                (plan.name) ", " (plan.from) " until " (plan.until) ", as of " (plan.day)
                @if plan.versions.is_empty() { ": it says nothing yet." } @else { "." }
            }
            @if !plan.misaligned.is_empty() {
                ul.plain aria-label="Misaligned" { @for of in &plan.misaligned { li { span.shape aria-hidden="true" { "△ " } (of.text) } } }
            }
            div.scroll tabindex="0" role="group" aria-labelledby="plan" {
                table.figures role="table" aria-labelledby="plan" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Objective" }
                        th.num scope="col" role="columnheader" { "Weight" }
                        @for version in &plan.versions { th.num scope="col" role="columnheader" { "Planned: " (version.id) " of " (version.since) } }
                        @if has_units { th.num scope="col" role="columnheader" { "Planned by units" } }
                        th.num scope="col" role="columnheader" { "Spent" }
                        th.num scope="col" role="columnheader" { "Score" }
                        th.num scope="col" role="columnheader" { "Before the plan" }
                    } }
                    tbody role="rowgroup" { @for line in &plan.lines { tr role="row" {
                        th scope="row" role="rowheader" { (line.name) }
                        td.num role="cell" data-label="Weight" { (line.weight.map_or("–".to_owned(), format::share)) }
                        @for (version, planned) in plan.versions.iter().zip(&line.planned) {
                            td.num role="cell" data-label={ "Planned: " (version.id) } { (money(*planned)) }
                        }
                        @if has_units { td.num role="cell" data-label="Planned by units" { (line.of_units.map_or("–".to_owned(), money)) } }
                        td.num role="cell" data-label="Spent" {
                            @match (line.spent, &line.spent_reason) {
                                (Some(spent), _) => (money(spent)),
                                (None, why) => span.reason { (why.as_deref().unwrap_or("not known")) },
                            }
                        }
                        td.num role="cell" data-label="Score" { (points(line.score)) }
                        td.num role="cell" data-label="Before the plan" { (points(line.before)) }
                    } } }
                }
            }
            @if let Some(text) = plan.of_units(&money) { p.note { (text) } }
            @for version in plan.versions.iter().filter(|of| !of.agree.is_empty()) {
                p.note { (version.agreement()) }
            }
            @if plan.lines.iter().any(|line| !line.initiatives.is_empty()) {
                h3 { "Of it for " a href="/initiatives" { "initiatives" } }
                ul.plain { @for line in &plan.lines { @for of in &line.initiatives { li {
                    (of.name) " (" (line.name) "): " (money(of.planned)) " planned, "
                    @match of.spent { Some(spent) => { (money(spent)) " spent" } None => "nobody knows what was spent" }
                    ", of a budget of " (money(of.budget))
                } } } }
            }
            @for by in &plan.by { (spending_by(by, &money, &points)) }
        }
    }
}

/// What was spent by the members of a dimension, beside what came of it there.
fn spending_by(
    by: &SpendingBy,
    money: &dyn Fn(f64) -> String,
    points: &dyn Fn(Option<f64>) -> String,
) -> Markup {
    let id = format!("by-{}", by.dimension);
    html! {
        h3 id=(id) { "Spending and what came of it, by: " (by.name) }
        ul.plain { @for text in &by.reallocation { li { (text) } } }
        p.note { "Where money lies and where targets are short. What it would come to elsewhere is not said." }
        div.scroll tabindex="0" role="group" aria-labelledby=(id) {
            table.figures role="table" aria-labelledby=(id) {
                thead role="rowgroup" { tr role="row" {
                    @for (head, is_figure) in [(by.name.as_str(), false), ("Spent", true), ("Share", true), ("KPI", false), ("Value", true), ("Score", true), ("Before the plan", true)] {
                        th class=[is_figure.then_some("num")] scope="col" role="columnheader" { (head) }
                    }
                } }
                tbody role="rowgroup" { @for member in &by.members {
                    @let none = MemberResult { kpi: String::new(), name: "–".to_owned(), value: None, score: None, before: None };
                    @let results = if member.results.is_empty() { std::slice::from_ref(&none) } else { &member.results };
                    @for of in results { tr role="row" {
                        th scope="row" role="rowheader" { (member.name) }
                        td.num role="cell" data-label="Spent" {
                            @match (member.spent, &member.spent_reason) {
                                (Some(spent), _) => (money(spent)),
                                (None, why) => span.reason { (why.as_deref().unwrap_or("not known")) },
                            }
                        }
                        td.num role="cell" data-label="Share" { (member.share.map_or("–".to_owned(), format::share)) }
                        td role="cell" data-label="KPI" { @if of.kpi.is_empty() { (of.name) } @else { a href={ "/kpis/" (of.kpi) } { (of.name) } } }
                        td.num role="cell" data-label="Value" { (of.value.as_deref().unwrap_or("–")) }
                        td.num role="cell" data-label="Score" { (points(of.score)) }
                        td.num role="cell" data-label="Before the plan" { (points(of.before)) }
                    } }
                } }
            }
        }
    }
}

fn table(view: &ScorecardView, place: &Place<'_>) -> Markup {
    html! {
        section aria-labelledby="all" {
            h2 #all { "All KPIs" }
            table.kpis role="table" aria-labelledby="all" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "KPI" }
                        th scope="col" role="columnheader" { "Status" }
                        th.num scope="col" role="columnheader" { "Value" }
                        th scope="col" role="columnheader" { "Against target" }
                        th scope="col" role="columnheader" { "Trend" }
                        th.num scope="col" role="columnheader" { "Change" }
                        th.num scope="col" role="columnheader" { "Coverage" }
                        th scope="col" role="columnheader" { "Accountable" }
                    }
                }
                @for perspective in &view.perspectives { (group(perspective, view, place)) }
            }
            (parts::download(&format!("/scorecards/{}/values.csv", view.scorecard.id), &place.query(), "This table"))
            @for floor in &view.floors { p.note { (floor) "." } }
            p.note { "Missing values: " (view.missing_rule) " A value is " em { "beyond its usual variation" } " if it lies farther off what its own past lets expect than all KPIs together may \
             leave to chance: where nothing is going on, at most " (view.project.attention) " of periods show anything; otherwise at most " (view.project.attention) " of what is called out is false." }
        }
    }
}

fn group(perspective: &PerspectiveView, view: &ScorecardView, place: &Place<'_>) -> Markup {
    html! {
        tbody role="rowgroup" {
            tr.perspective role="row" {
                th scope="rowgroup" role="rowheader" colspan="8" {
                    (perspective.perspective.name) " "
                    span.detail { "weight " (perspective.weight.text) " · " (node(perspective.score.status, &perspective.score.score)) }
                }
            }
            @for objective in &perspective.objectives {
                tr.objective role="row" {
                    th scope="rowgroup" role="rowheader" colspan="8" {
                        (objective.objective.name) " "
                        span.detail { (objective.weight.text) " · " (node(objective.score.status, &objective.score.score)) }
                    }
                }
                @if !objective.segments.is_empty() {
                    tr role="row" {
                        td colspan="8" role="cell" {
                            @for of in &objective.segments {
                                p.detail {
                                    (of.segment.name)
                                    @if let Some(weight) = &of.weight { " weighs " (weight.text) }
                                    " · " (node(of.score.status, &of.score.score))
                                    @if let Some(points) = &of.contribution { " = " span.num { (points.text) } }
                                }
                            }
                            @if let Some(text) = &objective.not_judged { p.reason { (text) } }
                        }
                    }
                }
                @for row in &objective.kpis { (kpi_row(row, view, place)) }
            }
        }
    }
}

fn node(status: Status, score: &Outcome<kepi_report::view::Points>) -> Markup {
    html! {
        span class={ "status " (status.code()) } { span.shape aria-hidden="true" { (status.shape()) } span.sr { (status.label()) } }
        " " (parts::score(score))
    }
}

fn kpi_row(row: &KpiRow, view: &ScorecardView, place: &Place<'_>) -> Markup {
    html! {
        tr role="row" {
            th scope="row" role="rowheader" { a href=(place.kpi(&row.kpi, row.segment.as_ref())) { (row.kpi.name) } @if let Some(period) = &row.as_of { " " span.finality { "as of " (period) } } }
            td role="cell" data-label="Status" { (parts::status(row.status)) }
            td.num role="cell" data-label="Value" { (parts::value(&row.value)) }
            td role="cell" data-label="Against target" { (parts::against_target(row)) }
            td role="cell" data-label="Trend" { (svg::sparkline(&row.kpi.name, &row.recent, &row.measured_in)) }
            td.num role="cell" data-label="Change" { (parts::change(&row.change)) }
            td.num role="cell" data-label="Coverage" {
                (Coverage::shown(row.coverage.as_ref()))
                @if row.freshness != view.freshness { span.verdict { (parts::freshness(&row.freshness)) } }
            }
            td role="cell" data-label="Accountable" { (parts::accountable(row.accountable.as_ref())) }
        }
    }
}
