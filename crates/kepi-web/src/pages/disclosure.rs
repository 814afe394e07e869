//! What is disclosed: the methodology of any KPI or scorecard as it stood on any day, and the register of what is withheld.

use kepi_report::view::{DisclosureView, MethodologyView, Named, WithheldView};
use maud::{Markup, html};

use super::inbox::rooms;
use crate::{
    layout::{self, Head},
    parts,
};

pub(crate) fn list(view: &DisclosureView) -> Markup {
    let body = html! {
        header.head {
            h1 { "Disclosure" }
            p.sub { "What a figure means, where it comes from and who decided that, for whoever has to be told: in one document each, as it stood on any day." }
            (rooms("/disclosure"))
        }
        div.columns {
            div.main {
                section.panel aria-labelledby="withheld" {
                    h2 #withheld { "What is withheld" }
                    @if view.withheld.is_empty() { p { "Nothing: no conflict between a legal duty and transparency has been decided." } }
                    @for of in &view.withheld { (withheld(of)) }
                    @if !view.withheld.is_empty() { (parts::download("/disclosure/withheld.csv", &[], "This register")) }
                }
            }
            div.side {
                (documents("Scorecards", "scorecard", &view.scorecards))
                (documents("KPIs", "kpi", &view.kpis))
            }
        }
    };
    layout::page(&Head { title: "Disclosure", project: Some(&view.project), path: "/inbox" }, body)
}

fn path(of: &str) -> String {
    parts::href("/disclosure/methodology", &[("id", of)])
}

fn documents(title: &str, kind: &str, all: &[Named]) -> Markup {
    html! {
        @if !all.is_empty() {
            section.panel aria-labelledby=(kind) {
                h2 id=(kind) { (title) }
                ul.plain { @for of in all { li { a href=(path(&format!("{kind}/{}", of.id))) { (of.name) } } } }
            }
        }
    }
}

fn withheld(of: &WithheldView) -> Markup {
    html! {
        h3 { (of.of.name) @if of.holds == Some(false) { " (does not hold today)" } }
        dl {
            dt { "Of" } dd { @for from in &of.from { div { a href=(path(&from.id)) { (from.name) } } } }
            dt { "Left out" } dd { (of.withheld.join(", ")) }
            dt { "The duty" } dd { (of.duty) }
            dt { "Why it weighs more" } dd { (of.why) }
            dt { "Answered for by" } dd { (parts::accountable(of.owner.as_ref())) }
            dt { "Holds" } dd { "from " (of.since) @match &of.until { Some(day) => { " until " (day) }, None => " until it is decided anew" } }
            dt { "Decided" } dd { a href=(parts::href("/register", &[("id", &format!("withholding/{}", of.of.id))])) { "in the register" } }
        }
    }
}

pub(crate) fn methodology(view: &MethodologyView) -> Markup {
    let position = view.position.to_string();
    let query = [("id", view.of.as_str()), ("day", view.day.as_str()), ("at", position.as_str())];
    let title = format!("{}: methodology", view.of);
    let body = html! {
        header.head {
            p.crumbs { a href="/disclosure" { "Disclosure" } " / " code { (view.of) } }
            form.chooser method="get" action="/disclosure/methodology" {
                input type="hidden" name="id" value=(view.of);
                label { span { "In force on" } input type="date" name="day" value=(view.day); }
                label { span { "As known at event" } input type="number" name="at" min="1" value=(view.position); }
                button type="submit" { "Show" }
            }
        }
        article.document { (read(&view.markdown)) }
        p.download { a href=(parts::href("/disclosure/methodology.md", &query)) download { "This document as Markdown" } }
    };
    layout::page(&Head { title: &title, project: Some(&view.project), path: "/inbox" }, body)
}

/// What the lines of a document are.
enum Block<'a> {
    Title(&'a str),
    Heading(&'a str),
    /// Points, each with those beneath it.
    Points(Vec<(&'a str, Vec<&'a str>)>),
    Code(String),
    Line(&'a str),
}

/// The Markdown that methodologies are written in, and no other: headings, points, points beneath them, code between fences.
fn blocks(markdown: &str) -> Vec<Block<'_>> {
    const FENCE: &str = "````";
    let mut all = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(FENCE) {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
            all.push(Block::Code(code.join("\n")));
        } else if let Some(title) = line.strip_prefix("# ") {
            all.push(Block::Title(title));
        } else if let Some(heading) = line.strip_prefix("## ") {
            all.push(Block::Heading(heading));
        } else if let Some(point) = line.strip_prefix("- ") {
            match all.last_mut() {
                Some(Block::Points(points)) => points.push((point, Vec::new())),
                _ => all.push(Block::Points(vec![(point, Vec::new())])),
            }
        } else if let (Some(point), Some(Block::Points(points))) =
            (line.trim_start().strip_prefix("- "), all.last_mut())
        {
            if let Some((_, beneath)) = points.last_mut() {
                beneath.push(point);
            }
        } else if !line.trim().is_empty() {
            all.push(Block::Line(line));
        }
    }
    all
}

fn read(markdown: &str) -> Markup {
    html! {
        @for block in blocks(markdown) {
            @match block {
                Block::Title(text) => h1 { (inline(text)) },
                Block::Heading(text) => h2 { (inline(text)) },
                Block::Line(text) => p { (inline(text)) },
                Block::Code(text) => pre tabindex="0" { code { (text) } },
                Block::Points(points) => ul {
                    @for (point, beneath) in points {
                        li {
                            (inline(point))
                            @if !beneath.is_empty() { ul { @for of in beneath { li { (inline(of)) } } } }
                        }
                    }
                },
            }
        }
    }
}

/// A line in which pieces between backticks are code. What is written as Markdown has it is text here.
fn inline(text: &str) -> Markup {
    let text = text.replace("&lt;", "<");
    let pieces: Vec<&str> = text.split('`').collect();
    // Without a second one a backtick is a backtick.
    let whole = pieces.len() % 2 == 1;
    html! {
        @if whole {
            @for (at, piece) in pieces.iter().enumerate() {
                @if at % 2 == 1 { code { (piece) } } @else { (piece) }
            }
        } @else { (text) }
    }
}
