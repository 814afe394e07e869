//! What alerts led to, with what would let them ask less; and how long it takes from a signal to its effect, with what was learnt.

use kepi_report::{
    decided::Learnt,
    view::{
        AlertRow, AlertsView, FeedbackView, LatencyGroup, LatencyView, PlaybookRow, PlaybooksView,
        PrioritiesView, StepTime,
    },
};
use maud::{Markup, html};

use super::{Said, changes::PROPOSE, inbox};
use crate::{
    forms,
    layout::{self, Head},
    parts,
};

/// What alerts led to.
pub(crate) fn alerts(view: &AlertsView, said: Option<&Said>) -> Markup {
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides);
    let body = html! {
        header.head {
            h1 { "Alerts" }
            p.sub { "What each led to. One that nobody acts on asks too much: what people dismissed says how it would ask less." }
            (inbox::rooms("/alerts"))
        }
        (forms::refused(said))
        @if view.rows.is_empty() { p { "No alert is in force, or you do not see all of what they look at." } } @else {
            section aria-labelledby="alerts" {
                h2 #alerts { "What they led to" }
                table.kpis role="table" aria-labelledby="alerts" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Alert" }
                        th scope="col" role="columnheader" { "On" }
                        th.num scope="col" role="columnheader" { "Acted on" }
                        th.num scope="col" role="columnheader" { "Dismissed" }
                        th.num scope="col" role="columnheader" { "Over by itself" }
                        th.num scope="col" role="columnheader" { "Open" }
                        th scope="col" role="columnheader" { "Of those over, acted on" }
                    } }
                    tbody role="rowgroup" { @for of in &view.rows { tr role="row" {
                        th scope="row" role="rowheader" { (of.name) }
                        td role="cell" data-label="On" { (of.on.join(", ")) }
                        td.num role="cell" data-label="Acted on" { (parts::count(of.acted_on)) }
                        td.num role="cell" data-label="Dismissed" { (parts::count(of.dismissed)) }
                        td.num role="cell" data-label="Over by itself" { (parts::count(of.ignored)) }
                        td.num role="cell" data-label="Open" { (parts::count(of.open)) }
                        td role="cell" data-label="Of those over, acted on" { (of.precision_text) }
                    } } }
                }
                p.note { "In brackets the range that holds the share at 95 %." }
            }
            section aria-labelledby="tune" {
                h2 #tune { "What would ask less" }
                div.pile { @for of in &view.rows { (tuned(of, viewer)) } }
            }
        }
    };
    layout::page(&Head { title: "Alerts", project: Some(&view.project), path: "/inbox" }, body)
}

fn tuned(of: &AlertRow, viewer: Option<&kepi_report::view::Viewer>) -> Markup {
    html! {
        div.panel {
            h3 { (of.name) }
            @if of.changes.is_empty() { p {
                @if of.acted_on == 0 { "Nothing that what was dismissed would tell." } @else { "Nothing that would keep all that somebody acted on." }
            } }
            ul.plain { @for (field, value, why) in &of.changes { li {
                code { (field) ": " (value) } ": " (why) "."
            } } }
            @if let Some(text) = &of.text {
                @if let Some(viewer) = viewer {
                    form.say method="post" action=(PROPOSE) {
                        (forms::hidden(viewer))
                        input type="hidden" name="id" value={ "alert/" (of.id) };
                        input type="hidden" name="text" value=(text);
                        @let why: Vec<&str> = of.changes.iter().map(|(.., why)| why.as_str()).collect();
                        label { span { "Why" } textarea name="why" rows="2" maxlength="4000" required { (why.join("; ")) } }
                        div.buttons { button.yes type="submit" name="do" value="propose" { "Propose it" } }
                    }
                } @else {
                    pre tabindex="0" { code { (text) } }
                }
            }
        }
    }
}

/// Playbooks, and whether they help.
pub(crate) fn playbooks(view: &PlaybooksView) -> Markup {
    let body = html! {
        header.head {
            h1 { "Playbooks" }
            p.sub { "What is done wherever something is so, and whether that helps, or helps to follow customers up: beside what was held out and only watched." }
            (inbox::rooms("/playbooks"))
        }
        @if view.rows.is_empty() { p { "None: a document " code { "playbook: …" } " says what is done where." } }
        div.pile { @for of in &view.rows { (playbook(of)) } }
    };
    layout::page(&Head { title: "Playbooks", project: Some(&view.project), path: "/inbox" }, body)
}

fn playbook(of: &PlaybookRow) -> Markup {
    let share = |(good, all): (u64, u64)| html! { @if all == 0 { "none looked at yet" } @else { (good) " of " (all) } };
    html! {
        section.panel aria-labelledby={ "playbook-" (of.playbook.id) } {
            h2 id={ "playbook-" (of.playbook.id) } { (of.playbook.name) }
            p {
                a href={ "/kpis/" (of.kpi.id) } { (of.kpi.name) } ": " (of.starts)
                @if of.of_loop { " are followed up by cases, each once, up to " (of.capacity) " by one run" } @else {
                    " start it, the same once in " (of.cool_down) " days, up to " (of.capacity) " at once in each unit"
                }
                @if !of.variants.is_empty() { "; otherwise in " (of.variants.join(", ")) }
                "."
            }
            @if !of.steps.is_empty() { ol { @for step in &of.steps { li {
                @if let Some(unit) = &step.unit { "In " (unit) ": " }
                (step.text) " " span.detail {
                    "within " (step.hours) " business hours" @if let Some(by) = &step.by { ", by " (by) }
                    @if step.at_it + step.done + step.skipped > 0 {
                        ": " (step.done) " done" @if step.skipped > 0 { ", " (step.skipped) " left out" }
                        @if step.at_it > 0 { ", " (step.at_it) " at it" }
                    }
                }
            } } } }
            dl.parts {
                @if of.of_loop {
                    dt { "followed up" } dd { (parts::count(of.done)) }
                } @else {
                    dt { "somebody works on" } dd { (parts::count(of.open)) }
                    dt { "done" } dd { (parts::count(of.done)) }
                }
                dt { "only watched" } dd {
                    @if of.hold_out == 0 && of.held_out == 0 { "nothing is held out" }
                    @else { (parts::count(of.held_out)) " (" (of.hold_out) " of a hundred)" }
                }
                dt { "as it should be " (of.after) " days later" } dd { (share(of.with)) " with it, " (share(of.without)) " without" }
                dt { "difference" } dd { (of.effect_text) }
            }
            @if !of.runs.is_empty() {
                details {
                    summary { "Newest runs" }
                    ul.plain { @for run in &of.runs { li {
                        // What is only watched has no page: those who treat some are not told whom they hold out.
                        @if run.held_out { "Run " (run.item) } @else { a href={ "/items/" (run.item) } { "Run " (run.item) } }
                        " of " (parts::day(&run.opened))
                        @if let Some(unit) = &run.unit { " in " (unit) }
                        ": " @if run.held_out { "only watched" } @else { (run.state) }
                        @match run.helped {
                            Some(true) => { ", " span.shape aria-hidden="true" { "✓ " } "as it should be" }
                            Some(false) => { ", " span.shape aria-hidden="true" { "■ " } "not as it should be" }
                            None => {}
                        }
                    } } }
                }
            }
        }
    }
}

/// How much was found, in a line.
fn found(view: &FeedbackView) -> String {
    let texts = |n: usize| if n == 1 { "1 text".to_owned() } else { format!("{n} texts") };
    match (view.found, view.all) {
        (_, 0) => "Nothing was said yet".to_owned(),
        (found, all) if found == all => texts(all),
        (0, all) => format!("None of {}", texts(all)),
        (found, all) => format!("{found} of {}", texts(all)),
    }
}

/// What was said of customers and of what gets in their way.
pub(crate) fn feedback(view: &FeedbackView, said: Option<&Said>) -> Markup {
    let viewer = view.project.viewer.as_ref().filter(|viewer| viewer.decides);
    let body = html! {
        header.head {
            h1 { "Feedback" }
            p.sub { "What customers wrote, what they said when they were followed up, and what gets in their way by those who see it." }
            (inbox::rooms("/feedback"))
        }
        (forms::refused(said))
        form.say method="get" action="/feedback" role="search" {
            label { span { "Words, all of which are in it" } input type="text" name="q" value=(view.words); }
            @if let Some(theme) = &view.theme { input type="hidden" name="theme" value=(theme); }
            div.buttons { button type="submit" { "Search" } }
        }
        section aria-labelledby="found" {
            h2 #found { (found(view)) }
            @if view.all == 0 { p {
                "What customers write in answers is searched once a document " code { "feedback: …" } " names the column; what they said when they were followed up, "
                "and what gets in their way, stands here as soon as somebody has said it."
            } }
            @if let Some(theme) = &view.theme {
                p { "About " strong { (theme.replace('_', " ")) } ": " a href=(parts::href("/feedback", &[("q", view.words.as_str())])) { "whatever it is about" } "." }
            }
            @if !view.themes.is_empty() {
                p { "Themes: " @for (n, (theme, often)) in view.themes.iter().enumerate() {
                    @if n > 0 { ", " } a href=(parts::href("/feedback", &[("q", view.words.as_str()), ("theme", theme.as_str())])) { (theme.replace('_', " ")) } " (" (often) ")"
                } @if view.about_none > 0 { "; about none of them (" (view.about_none) ")" } "." }
            }
            @if !view.causes.is_empty() {
                p { "Root causes: " @for (n, (cause, often)) in view.causes.iter().enumerate() {
                    @if n > 0 { ", " } a href=(parts::href("/feedback", &[("q", cause.replace('_', " ").as_str())])) { (cause.replace('_', " ")) } " (" (often) ")"
                } "." }
            }
            @for why in &view.unread { p { span.shape aria-hidden="true" { "▲ " } "Not searched: " (why) } }
            @if view.found > view.rows.len() { p.note { "The newest " (view.rows.len()) " of them:" } }
            ul.plain.found { @for of in &view.rows { li {
                p { span.quote { (of.text) } }
                p.detail {
                    (parts::day(&of.at)) " " (of.what) ", about " a href={ "/kpis/" (of.kpi.id) } { (of.kpi.name) }
                    @if let Some(unit) = &of.unit { " in " (unit) }
                    @if let Some(item) = of.item { ": " a href={ "/items/" (item) } { "item " (item) } }
                    @if let Some((entity, key)) = &of.row && !key.is_empty() {
                        ": " a href=(parts::href(&format!("/entities/{entity}/row"), &key.iter().map(|part| ("key", part.as_str())).collect::<Vec<_>>())) { "its row" }
                    }
                    @if !of.themes.is_empty() { "; " (of.themes.join(", ")) }
                    @if !of.became.is_empty() { ", " (of.became.join(", ")) }
                }
            } } }
        }
        @if let Some(viewer) = viewer {
            section aria-labelledby="say" {
                h2 #say { "Something gets in the way" }
                form.say.panel method="post" action="/pain-points" {
                    (forms::hidden(viewer))
                    label { span { "The KPI that suffers" } select name="kpi" required {
                        option value="" { "choose" }
                        @for of in &view.kpis { option value=(of.id) selected[forms::typed(said, "kpi") == of.id] { (of.name) } }
                    } }
                    label { span { "Unit; without one it is everywhere" } input type="text" name="unit" value=(forms::typed(said, "unit")); }
                    label { span { "What it is" } textarea name="why" rows="3" maxlength="4000" required { (forms::typed(said, "why")) } }
                    div.buttons { button.yes type="submit" { "Tell who answers for it" } }
                }
            }
        }
    };
    layout::page(&Head { title: "Feedback", project: Some(&view.project), path: "/inbox" }, body)
}

/// What to work on first.
pub(crate) fn priorities(view: &PrioritiesView) -> Markup {
    let body = html! {
        header.head {
            h1 { "What to work on first" }
            p.sub {
                @match &view.outcome {
                    Some(of) => { "For " a href={ "/kpis/" (of.id) } { (of.name) } ", by what was found up to " (view.period) "." }
                    None => { "Nothing is believed to move anything: " code { "moves:" } " of a KPI, or links of the strategy, say what is." }
                }
            }
            @if view.outcomes.len() > 1 {
                nav aria-label="Outcomes" { ul.others { @for of in &view.outcomes { li {
                    a href={ "/priorities?kpi=" (of.id) } aria-current=[(view.outcome.as_ref() == Some(of)).then_some("page")] { (of.name) }
                } } } }
            }
        }
        @if !view.drivers.is_empty() {
            section aria-labelledby="drivers" {
                h2 #drivers { "What matters by what it lacks" }
                table.kpis role="table" aria-labelledby="drivers" {
                    thead role="rowgroup" { tr role="row" {
                        th scope="col" role="columnheader" { "Driver" }
                        th.num scope="col" role="columnheader" { "Goes with" }
                        th.num scope="col" role="columnheader" { "Short of a full score" }
                        th.num scope="col" role="columnheader" { "Both" }
                        th scope="col" role="columnheader" { "Stands" }
                    } }
                    tbody role="rowgroup" { @for of in &view.drivers { tr role="row" {
                        th scope="row" role="rowheader" { a href={ "/kpis/" (of.kpi.id) } { (of.kpi.name) } }
                        td.num role="cell" data-label="Goes with" { (of.importance_text) }
                        td.num role="cell" data-label="Short of a full score" { @match of.gap { Some(gap) => (points(gap)), None => "no score" } }
                        td.num role="cell" data-label="Both" { @match of.priority { Some(of) => (format!("{:.0} %", of * 100.0)), None => "–" } }
                        td role="cell" data-label="Stands" { @match of.stands { Some(words) => strong { (words) }, None => "–" } }
                    } } }
                }
                p.note {
                    "What goes with a typical move of the driver to the better, in the unit of the outcome; what it is short of a full score, in points; and both multiplied, beside the largest. "
                    "Above the middle in both: act first. What goes together need not cause each other."
                }
            }
        }
    };
    layout::page(&Head { title: "What to work on first", project: Some(&view.project), path: "/kpis" }, body)
}

fn points(of: f64) -> String {
    format!("{of:.1}")
}

/// How long it takes from a signal to its effect.
pub(crate) fn latency(view: &LatencyView) -> Markup {
    let body = html! {
        header.head {
            h1 { "From signal to effect" }
            p.sub { "Times within which half of it happened, each from the step before. What is open counts for as long as it has waited." }
            (inbox::rooms("/latency"))
        }
        @if view.groups.is_empty() { p { "Nothing has waited for anybody yet." } }
        @for group in &view.groups { (timed(group)) }
        @if !view.groups.is_empty() {
            p.note { "In brackets the range that holds the median at 95 % (Kaplan and Meier; Brookmeyer and Crowley)." }
            (parts::download("/latency/steps.csv", &[], "All steps"))
        }
        @if !view.learnt.is_empty() {
            section aria-labelledby="learnt" {
                h2 #learnt { "What was learnt" }
                p.note { "From effects that did not come. It is shown again where something like it waits." }
                div.pile { @for of in &view.learnt { (learnt(of)) } }
            }
        }
    };
    layout::page(&Head { title: "From signal to effect", project: Some(&view.project), path: "/inbox" }, body)
}

fn timed(group: &LatencyGroup) -> Markup {
    let steps: Vec<&str> =
        group.rows.first().map(|row| row.steps.iter().map(|step| step.step).collect()).unwrap_or_default();
    html! {
        section aria-labelledby=(group.by) {
            h2 id=(group.by) { (group.title) }
            table.kpis role="table" aria-labelledby=(group.by) {
                thead role="rowgroup" { tr role="row" {
                    th scope="col" role="columnheader" { "What" }
                    th.num scope="col" role="columnheader" { "Items" }
                    @for step in &steps { th scope="col" role="columnheader" { (heading(step)) } }
                } }
                tbody role="rowgroup" { @for row in &group.rows { tr role="row" {
                    th scope="row" role="rowheader" {
                        @match &row.path { Some(path) => a href=(path) { (row.name) }, None => (row.name) }
                    }
                    td.num role="cell" data-label="Items" { (parts::count(row.items)) }
                    @for step in &row.steps { (cell(step)) }
                } } }
            }
        }
    }
}

fn heading(step: &str) -> String {
    let mut text = step.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn cell(step: &StepTime) -> Markup {
    html! {
        td role="cell" data-label=(heading(step.step)) { div.touch {
            @if step.of > 0 && step.open == step.of { span.reason { "not yet" } p.detail { "of " (step.of) } } @else {
                (step.text)
                @if step.of > 0 { p.detail { "of " (step.of) @if step.open > 0 { ", " (step.open) " open" } } }
            }
        } }
    }
}

/// What was learnt from an effect that did not come.
pub(super) fn learnt(of: &Learnt) -> Markup {
    let said = |text: &Option<String>| {
        html! {
            @match text { Some(text) => span.quote { (text) }, None => span.reason { "The text was erased." } }
        }
    };
    html! {
        div.panel {
            h3 {
                a href={ "/items/" (of.item) } { "Post-mortem " (of.item) } " of "
                @match (of.plan, &of.initiative) {
                    (Some(plan), _) => a href={ "/items/" (plan) } { "plan " (plan) },
                    (None, Some(name)) => a href="/initiatives" { "initiative " (name) },
                    (None, None) => "what was expected",
                }
            }
            @if !of.because.is_empty() { p.detail { "Shown because of " (of.because.join(", ")) "." } }
            dl.parts {
                dt { "about" } dd { a href={ "/kpis/" (of.kpi) } { (of.kpi) } @if let Some(unit) = &of.unit { " in " (unit) } }
                @if of.plan.is_some() { dt { "cause" } dd { (said(&of.cause)) } }
                dt { "why the effect did not come" } dd { (said(&of.findings)) }
                dt { "what follows" } dd { (said(&of.follows)) }
                @if !of.changes.is_empty() {
                    dt { "changes of the KPI since" }
                    dd { @for (n, item) in of.changes.iter().enumerate() { @if n > 0 { ", " } a href={ "/items/" (item) } { "item " (item) } } }
                }
            }
        }
    }
}
