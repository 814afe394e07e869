//! The rows behind a value, and how a row came about: who is counted, and why.

use kepi_report::{
    format,
    trace::{FoundRow, Gathered, Row, TermRows, TracedEntityRow, TracedValue, plain},
    view::{EntityRowsView, RowsView},
};
use maud::{Markup, html};

use crate::{
    layout::{self, Head},
    parts,
};

/// Up to so many rows of a list are shown; the download has more.
pub(crate) const MOST_SHOWN: usize = 200;

/// The rows behind a value.
pub(crate) fn behind(view: &RowsView) -> Markup {
    let segment = view.segment.as_ref().map(|of| ("segment", of.id.as_str()));
    let query: Vec<(&str, &str)> = [("period", view.period.as_str())].into_iter().chain(segment).collect();
    let back = parts::href(&format!("/kpis/{}", view.kpi.id), &query);
    let title = format!("{}: the rows behind it", view.kpi.name);
    let body = html! {
        header.head {
            p.crumbs { a href=(back) { (view.kpi.name) } " / rows" }
            h1 { (title) }
            p.sub { (view.period) @if let Some(of) = &view.segment { ", only " (of.name) } }
        }
        @if let Some(traced) = &view.traced {
            (value(traced))
            @for of in &traced.terms { (term(of, traced.terms.len() > 1)) }
            (parts::download(&format!("/kpis/{}/rows.csv", view.kpi.id), &query, "These rows"))
        } @else {
            section.panel aria-labelledby="inputs" {
                h2 #inputs { "Computed of other KPIs, which have the rows" }
                ul.plain {
                    @for input in &view.inputs {
                        li {
                            a href=(input_rows(&input.kpi.id, &input.period, &input.segment)) { (input.kpi.name) }
                            " · " (input.period) " · " (parts::value(&input.value))
                        }
                    }
                }
            }
        }
    };
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/kpis" }, body)
}

fn input_rows(kpi: &str, period: &str, segment: &str) -> String {
    let mut query = vec![("period", period)];
    if !segment.is_empty() {
        query.push(("segment", segment));
    }
    parts::href(&format!("/kpis/{kpi}/rows"), &query)
}

fn value(of: &TracedValue) -> Markup {
    html! {
        section.panel aria-labelledby="value" {
            h2 #value { "As run " (of.run) " published it" }
            @match (&of.shown, &of.reason) {
                (Some(value), _) => p { strong.num { (value) } ", made of " (format::count(of.counted)) " of " (format::count(of.eligible)) " rows." },
                (None, reason) => p.reason { "No value: " (reason.as_deref().unwrap_or_default()) "." },
            }
            @if let Some(rows) = of.erased {
                p.note {
                    @if rows > 0 { (format::count(rows)) " more were erased" } @else { "Rows that they walk to were erased" }
                    "; what is published stands, and `kepi reproduce` verifies it."
                }
            } @else if of.agrees {
                p.note { "The rows add up to what was published, to the last digit." }
            } @else if of.disagreements.is_empty() {
                p.note { "An earlier version published this value without the states that its rows could be held against." }
            } @else {
                p { strong { "The rows do not add up to what was published: " } (of.disagreements.join(", ")) "." }
            }
        }
    }
}

fn term(of: &TermRows, is_named: bool) -> Markup {
    let id = format!("rows-{}", of.term);
    let names: Vec<&String> = of.rows.first().map(|row| row.read.keys().collect()).unwrap_or_default();
    let has_left_out = of.rows.iter().any(|row| row.left_out.is_some());
    let has_hits = of.rows.iter().any(|row| row.hit.is_some());
    let has_moves = of.rows.iter().any(|row| row.moves.is_some());
    let has_place = of.rows.iter().any(|row| row.file.is_some());
    let listed = of.rows.len() as u64;
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) { @if is_named { (capital(&of.term)) ": rows" } @else { "Rows" } " of " (words(&of.entity)) }
            dl.pins {
                @for (name, total) in &of.totals { dt { (capital(name)) } dd.num { (total) } }
                @for (why, rows) in &of.left_out { dt { "Left out: " (why.replace('`', "")) } dd.num { (format::count(*rows)) } }
                @if of.undated > 0 { dt { "Without a date, of whatever period" } dd.num { (format::count(of.undated)) } }
            }
            @if of.rows.is_empty() { p { "None." } } @else {
                div.scroll role="region" aria-label={ "Table of the rows of " (of.term) } tabindex="0" {
                    table.figures {
                        thead { tr {
                            th scope="col" { "Row" }
                            th scope="col" { "Date" }
                            @for name in &names { th scope="col" { (words(name)) } }
                            @if has_hits { th scope="col" { "Hit" } }
                            @if has_moves { th.num scope="col" { "Moves it by" } }
                            @if has_left_out { th scope="col" { "Left out" } }
                            @if has_place { th scope="col" { "File and row" } }
                        } }
                        tbody { @for row in &of.rows { (line(row, &of.entity, &names, [has_hits, has_moves, has_left_out, has_place])) } }
                    }
                }
            }
            @if listed < of.of { p.note { "The first " (format::count(listed)) " of " (format::count(of.of)) ", those that count before those left out. The download has all up to 100 000." } }
        }
    }
}

fn line(row: &Row, entity: &str, names: &[&String], has: [bool; 4]) -> Markup {
    let [has_hits, has_moves, has_left_out, has_place] = has;
    html! {
        tr {
            th scope="row" { (key(entity, &row.parts, &row.key)) }
            td { (row.date) }
            @for name in names { td { (told(row.read.get(*name).map(plain).unwrap_or_default())) } }
            @if has_hits { td { @match row.hit { Some(true) => "yes", Some(false) => "no", None => "" } } }
            @if has_moves { td.num { (row.moves_shown.as_deref().unwrap_or_default()) } }
            @if has_left_out { td { (row.left_out.as_deref().unwrap_or_default().replace('`', "")) } }
            @if has_place { td { (place(row.file.as_deref(), row.row)) @if row.corrected.is_some() { ", corrected by hand" } } }
        }
    }
}

/// A row's key, which leads to how it came about.
fn key(entity: &str, key: &[String], shown: &str) -> Markup {
    if key.is_empty() {
        return html! { (shown) };
    }
    let query: Vec<(&str, &str)> = key.iter().map(|part| ("key", part.as_str())).collect();
    html! { a href=(parts::href(&format!("/entities/{entity}/row"), &query)) { (shown) } }
}

/// How the rows of an entity came about.
pub(crate) fn entity(view: &EntityRowsView) -> Markup {
    let title = format!("{} {}", words(&view.entity), view.key.join(" "));
    let body = html! {
        header.head {
            p.crumbs { "Rows / " (words(&view.entity)) }
            h1 { (capital(&title)) }
            @if view.rows.len() > 1 { p.sub { (format::count(view.rows.len() as u64)) " rows" } }
        }
        @for (place, row) in view.rows.iter().enumerate() { (entity_row(place, row)) }
    };
    layout::page(&Head { title: &title, project: Some(&view.project), path: "" }, body)
}

fn entity_row(at: usize, row: &TracedEntityRow) -> Markup {
    let id = format!("row-{at}");
    let own = row.attributes.iter().filter(|(name, _)| !row.gathered.iter().any(|of| of.attribute == **name));
    html! {
        section.panel aria-labelledby=(id) {
            h2 id=(id) {
                @match (&row.file, row.made_of.is_empty()) {
                    (Some(_), _) => { (place(row.file.as_deref(), row.row)) },
                    (None, false) => "Made of other rows",
                    (None, true) => "As it is",
                }
            }
            @if let Some(of) = &row.corrected {
                p.note { "Corrected by hand by " (of.by) ": " (of.words()) "; why: " (of.why.as_deref().unwrap_or("erased")) ". " a href=(parts::href("/data/corrections", &[("source", &of.source)])) { "All corrections" } }
            }
            @if row.valid_from.is_some() || row.valid_to.is_some() {
                p.note {
                    "Holds "
                    @match &row.valid_from { Some(from) => { "from " (from) }, None => "from ever" }
                    @if let Some(to) = &row.valid_to { " until " (to) }
                    "."
                }
            }
            @if let Some(into) = &row.merged_into {
                p.note { "Merged into " (told(plain(into))) " at the source: what refers to it counts for that." }
            }
            @if !row.made_of.is_empty() {
                ul.plain { @for made in &row.made_of { li { (capital(&made.what)) ": " (words(&made.of)) " " (found(&made.of, &made.row)) } } }
            }
            dl.pins { @for (name, value) in own { dt { (words(name)) } dd {
                (told(plain(value)))
                @if let Some(said) = row.merged.get(name) { " (its source says " (plain(said)) ", which was merged into this)" }
            } } }
            @for of in &row.gathered { (gathered(at, of)) }
            @if !row.said.is_empty() {
                h3 { "What each source says" }
                ul.plain {
                    @for of in &row.said {
                        @for (i, by) in of.by.iter().enumerate() {
                            li {
                                (capital(&words(&of.attribute))) ": " strong { (told(plain(&by.value))) } " "
                                (place(by.file.as_deref(), by.row))
                                @if i > 0 { @if of.by.first().is_some_and(|first| first.value == by.value) { ", the same" } @else { ", not believed" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn gathered(at: usize, of: &Gathered) -> Markup {
    let id = format!("row-{at}-{}", of.attribute);
    html! {
        h3 id=(id) { (capital(&words(&of.attribute))) ": " (told(plain(&of.value))) }
        @if of.asks_nothing {
            p.note { "What it asks with is missing, so nothing was looked for." }
        } @else if of.found == 0 {
            p.note { "No row of " (words(&of.of)) " was found." }
        } @else {
            p.note { (capital(&of.how)) " of " (format::count(of.found)) @if of.found == 1 { " row" } @else { " rows" } " of " (words(&of.of)) ":" }
            ul.plain { @for row in &of.rows { li { (found(&of.of, row)) } } }
            @if (of.rows.len() as u64) < of.found { p.note { "… and " (format::count(of.found - of.rows.len() as u64)) " more." } }
        }
    }
}

fn found(entity: &str, row: &FoundRow) -> Markup {
    let value = plain(&row.value);
    html! {
        (key(entity, &row.parts, &row.key))
        @if let Some(date) = &row.date { " · " (date) }
        @if !value.is_empty() { " · " strong.num { (value) } }
        @if row.file.is_some() { " · " span.of.small { (place(row.file.as_deref(), row.row)) } }
    }
}

fn place(file: Option<&str>, row: Option<i64>) -> String {
    match (file, row) {
        (Some(file), Some(row)) => format!("{file}, row {row}"),
        _ => String::new(),
    }
}

fn told(value: String) -> Markup {
    html! { @if value.is_empty() { span.reason { "no value" } } @else { (value) } }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}
