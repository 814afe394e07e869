//! What people set out to do: what speaks for it, what came of it, what it costs, and which money lies where less speaks for it.

use kepi_model::project::ValueUnit;
use kepi_report::{
    format,
    initiatives::{BudgetOf, Effect, Initiative, Initiatives, LiesWithLess, Part, QuickWin},
    view::InitiativesView,
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn all(view: &InitiativesView) -> Markup {
    let of = &view.of;
    let missed: Vec<(&Initiative, &Effect)> = of
        .initiatives
        .iter()
        .flat_map(|one| one.effects.iter().filter(|effect| effect.verdict == "missed").map(move |e| (one, e)))
        .collect();
    let body = html! {
        header.head {
            p.crumbs { a href="/kpis" { "KPIs" } " / initiatives" }
            h1 { "Initiatives" }
            p.sub { "What people set out to do, by what measured figures say for it, and what came of it; as of " (of.day) ". " a href="/priorities" { "What to work on first" } }
        }
        @if of.initiatives.is_empty() {
            section.panel { p.note { "None: a document " code { "initiative: …" } " says what is set out to be done, or you do not see all of what they look at." } }
        } @else {
            @if !missed.is_empty() {
                section aria-labelledby="missed" {
                    h2 #missed { "What did not come" }
                    ul.plain { @for (one, effect) in &missed { li {
                        span.shape aria-hidden="true" { "■ " }
                        a href={ "#" (one.id) } { (one.name) } ": " (effect.expected_text) " of "
                        a href={ "/kpis/" (effect.kpi) } { (effect.kpi_name) } " was expected by " (effect.by) "; " (effect.text) "."
                    } } }
                }
            }
            (ranked(of))
            (quick(of))
            (money(of))
            section aria-labelledby="each" {
                h2 #each { "One by one" }
                div.pile { @for one in &of.initiatives { (single(one, of)) } }
            }
            (parts::download("/initiatives.csv", &[], "All initiatives"))
        }
    };
    layout::page(&Head { title: "Initiatives", project: Some(&view.project), path: "/kpis" }, body)
}

/// Money as it is shown.
fn amount(of: f64, all: &Initiatives) -> String {
    let unit = ValueUnit::Money { currency: all.currency.clone().unwrap_or_default() };
    format::value(of, &unit, format::decimals(of, None, &unit))
}

fn points(of: Option<f64>) -> String {
    of.map_or("–".to_owned(), |of| format!("{of:.1}"))
}

fn share(of: Option<f64>) -> String {
    of.map_or("–".to_owned(), |of| format!("{:.0} %", of * 100.0))
}

fn verdict(of: &Effect) -> Markup {
    html! {
        @match of.verdict.as_str() {
            "kept" => { span.shape aria-hidden="true" { "✓ " } "kept" }
            "missed" => { span.shape aria-hidden="true" { "■ " } "missed" }
            "unknown" => { "not known" }
            _ => { "open" }
        }
    }
}

fn state(of: &Initiative) -> String {
    match (of.state.as_str(), &of.begins, &of.ends) {
        ("waits", Some(begins), _) => format!("begins on {begins}"),
        ("waits", None, _) => "waits".to_owned(),
        ("over", _, Some(ends)) => format!("over since {ends}"),
        (_, Some(begins), _) => format!("runs since {begins}"),
        (other, ..) => other.to_owned(),
    }
}

fn ranked(all: &Initiatives) -> Markup {
    html! {
        section aria-labelledby="ranked" {
            h2 #ranked { "What most speaks for" }
            table.kpis role="table" aria-labelledby="ranked" {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "Initiative" }
                    th.num scope="col" role="columnheader" { "Evidence" }
                    th.num scope="col" role="columnheader" { "Size" }
                    th.num scope="col" role="columnheader" { "Confidence" }
                    th scope="col" role="columnheader" { "State" }
                    th.num scope="col" role="columnheader" { "Budget" }
                    th scope="col" role="columnheader" { "Effects" }
                } }
                tbody role="rowgroup" { @for of in &all.initiatives { tr role="row" {
                    th scope="row" role="rowheader" { a href={ "#" (of.id) } { (of.name) } }
                    td.num role="cell" data-label="Evidence" { @match &of.reason { Some(_) => "not known", None => strong { (points(of.score)) } } }
                    td.num role="cell" data-label="Size" { (share(of.size)) }
                    td.num role="cell" data-label="Confidence" { (share(of.confidence)) }
                    td role="cell" data-label="State" { (state(of)) }
                    td.num role="cell" data-label="Budget" { (amount(of.budget, all)) }
                    td role="cell" data-label="Effects" { (counted(of.with("kept"), of.with("missed"), of.with("open"), of.with("unknown"))) }
                } } }
            }
            p.note {
                "Size: the cube root of volume and revenue at risk, each beside the largest, and of what the severity lacks of a full score. Confidence: the cube root of how sure each of them is: "
                "the end of its interval at which least is to be done, beside its point, times what of its cases is there. Evidence: both multiplied, of 100."
            }
        }
    }
}

fn counted(kept: u64, missed: u64, open: u64, unknown: u64) -> Markup {
    let some: Vec<String> = [(kept, "kept"), (missed, "missed"), (open, "open"), (unknown, "not known")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", format::count(n)))
        .collect();
    html! { (if some.is_empty() { "–".to_owned() } else { some.join(", ") }) }
}

fn quick(all: &Initiatives) -> Markup {
    let wins = &all.quick_wins;
    let most = wins.budget.map_or("a budget that was kept to".to_owned(), |most| {
        format!("a budget of at most {} that was kept to", amount(most, all))
    });
    let win = |of: &QuickWin| {
        html! { li {
            span.shape aria-hidden="true" { "✓ " }
            a href={ "#" (of.initiative) } { (of.name) } ", " (of.owner) ": " (of.came.join("; ")) " within "
            (of.days) " days, for " (amount(of.spent, all)) " "
            span.detail { "seen up to " (of.day) }
        } }
    };
    html! {
        section aria-labelledby="quick" {
            h2 #quick { "Quick wins" }
            p.note { "All that was expected had come within " (wins.within) " days, with " (most) "; the newest first." }
            @if wins.wins.is_empty() { p { "None so far." } }
            ul.plain { @for of in &wins.wins { (win(of)) } }
        }
    }
}

fn money(all: &Initiatives) -> Markup {
    html! {
        section aria-labelledby="money" {
            h2 #money { "Budgets" }
            table.kpis role="table" aria-labelledby="money" {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "Objective" }
                    th.num scope="col" role="columnheader" { "Initiatives" }
                    th.num scope="col" role="columnheader" { "Budget" }
                    th.num scope="col" role="columnheader" { "Spent" }
                    th scope="col" role="columnheader" { "Effects" }
                } }
                tbody role="rowgroup" { @for of in &all.budgets { tr role="row" {
                    th scope="row" role="rowheader" { (of.objective.as_deref().unwrap_or("No objective")) }
                    td.num role="cell" data-label="Initiatives" { (of.initiatives.len()) }
                    td.num role="cell" data-label="Budget" { (amount(of.budget, all)) }
                    td.num role="cell" data-label="Spent" { (spent(of, all)) }
                    td role="cell" data-label="Effects" { (counted(of.kept, of.missed, of.open, of.unknown)) }
                } } }
            }
        }
        section aria-labelledby="less" {
            h2 #less { "Money where less speaks for it than for what waits" }
            @if all.reallocation.is_empty() { p { "None: nothing waits for which more speaks than for what runs." } }
            ul.plain { @for of in &all.reallocation { (lies(of, all)) } }
        }
    }
}

fn spent(of: &BudgetOf, all: &Initiatives) -> String {
    match (of.spent_unknown, of.initiatives.len() as u64) {
        (0, _) => amount(of.spent, all),
        (unknown, all) if unknown == all => "not known".to_owned(),
        (unknown, _) => format!("{}, of {unknown} not known", amount(of.spent, all)),
    }
}

fn lies(of: &LiesWithLess, all: &Initiatives) -> Markup {
    html! { li {
        @match of.unspent {
            Some(left) => { (amount(left, all)) " not yet spent lie at " }
            None => { "What is not yet spent, which is not known, lies at " }
        }
        a href={ "#" (of.initiative) } { (of.name) } " (evidence " (points(Some(of.score)))
        @match of.missed { 0 => {}, 1 => { ", an effect missed" }, n => { ", " (n) " effects missed" } }
        "), while "
        @for (n, waiting) in of.waiting.iter().enumerate() {
            @if n > 0 { ", " }
            a href={ "#" (waiting.initiative) } { (waiting.name) } " (" (points(Some(waiting.score))) ", asks for " (amount(waiting.budget, all)) ")"
        }
        @if of.waiting.len() == 1 { " waits." } @else { " wait." }
    } }
}

fn single(of: &Initiative, all: &Initiatives) -> Markup {
    html! {
        section.panel aria-labelledby=(of.id) {
            h2 id=(of.id) { (of.name) }
            @if let Some(text) = &of.description { p { (text) } }
            dl.parts {
                dt { "answers for it" } dd { (of.owner) }
                dt { "state" } dd { (state(of)) @if of.state != "over" { @if let Some(ends) = &of.ends { ", ends before " (ends) } } }
                @if let Some(said) = &of.said { dt { "expected since" } dd { (said) } }
                @if let Some(objective) = &of.objective { dt { "objective" } dd { (objective) } }
                @if let Some(unit) = &of.unit { dt { "figures of" } dd { (unit) } }
                dt { "evidence" } dd { @match &of.reason { Some(why) => { "not known: " (why) }, None => (points(of.score)) } }
                dt { "budget" } dd { (amount(of.budget, all)) }
                dt { "spent" } dd { @match (of.spent, &of.spent_reason) {
                    (Some(spent), _) => { (amount(spent, all)) @if spent > of.budget { ", more than its budget" } }
                    (None, why) => { "not known: " (why.as_deref().unwrap_or_default()) }
                } }
            }
            @if !of.parts.is_empty() { (evidence(of)) }
            (effects(of))
        }
    }
}

fn evidence(of: &Initiative) -> Markup {
    let row = |part: &Part| {
        html! { tr role="row" {
            th scope="row" role="rowheader" { (part.part.replace('_', " ")) }
            td role="cell" data-label="KPI" { a href={ "/kpis/" (part.kpi) } { (part.kpi_name) } }
            td.num role="cell" data-label="Figure" { @match (&part.figure, &part.period) {
                (Some(figure), Some(period)) => { (figure) " in " (period) }
                _ => "–"
            } }
            td.num role="cell" data-label="Size" { @match &part.reason { Some(why) => (why), None => (share(part.beside)) } }
            td.num role="cell" data-label="Sure" { (share(part.sure)) }
        } }
    };
    html! {
        table.kpis role="table" aria-label="What speaks for it" {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { "Evidence" }
                th scope="col" role="columnheader" { "KPI" }
                th.num scope="col" role="columnheader" { "Figure" }
                th.num scope="col" role="columnheader" { "Size" }
                th.num scope="col" role="columnheader" { "Sure" }
            } }
            tbody role="rowgroup" { @for part in &of.parts { (row(part)) } }
        }
    }
}

fn effects(of: &Initiative) -> Markup {
    html! {
        table.kpis role="table" aria-label="What it is to come to" {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { "Effect on" }
                th.num scope="col" role="columnheader" { "Expected" }
                th scope="col" role="columnheader" { "Compared" }
                th scope="col" role="columnheader" { "Came" }
                th scope="col" role="columnheader" { "Verdict" }
            } }
            tbody role="rowgroup" { @for effect in &of.effects { tr role="row" {
                th scope="row" role="rowheader" { a href={ "/kpis/" (effect.kpi) } { (effect.kpi_name) } }
                td.num role="cell" data-label="Expected" { (effect.expected_text) " by " (effect.by) }
                td role="cell" data-label="Compared" { @match (&effect.before, &effect.after) {
                    (Some(before), Some(after)) => { (before) " and " (after) }
                    _ => "–"
                } }
                td role="cell" data-label="Came" { (effect.text) }
                td role="cell" data-label="Verdict" { (verdict(effect)) }
            } } }
        }
        p.note { "Before and after, with nothing to compare it with: what changed, not what caused it." }
    }
}
