//! What somebody works on: what it holds, whose turn it is and why, what belongs to it, and forms for what she does about it.

use kepi_report::view::{ItemView, Viewer};
use maud::{Markup, html};

use super::Said;
use crate::{
    forms::{self, MOST_ACTIONS, hidden, typed_at},
    parts,
};

/// How a cause was found: word and words.
const METHODS: [(&str, &str); 4] = [
    ("driver_tree", "taken apart into what the KPI is made of"),
    ("five_whys", "asked why, five times"),
    ("design_execution_external", "whether design, execution or something outside failed"),
    ("comparison", "compared with where it does not happen"),
];

/// Kinds of which to sign or to have read says all there is to say.
const SIGNED: [&str; 3] = ["handover", "notice", "change_notice"];

/// What it holds, and what was seen of it.
pub(super) fn holds(view: &ItemView) -> Markup {
    let work = &view.work;
    html! {
        @if !work.parts.is_empty() {
            div.panel {
                h2 { "What it says" }
                dl.parts { @for (name, text) in &work.parts {
                    dt { (name) }
                    dd { @match text { Some(text) => span.quote { (text) }, None => span.reason { "The text was erased." } } }
                } }
            }
        }
        @if let Some(of) = &view.case { (super::case::holds(of)) }
        @if !work.seen.is_empty() {
            div.panel { h2 { "What was seen of it" } ul.plain { @for seen in &work.seen { li { (seen) } } } }
        }
    }
}

/// Whose turn it is and why, and what belongs together.
pub(super) fn with_whom(view: &ItemView) -> Markup {
    let work = &view.work;
    let linked = |number: u64, words: &str| html! { a href={ "/items/" (number) } { (words) " " (number) } };
    html! {
        @if work.owner.is_some() || work.parent.is_some() || !work.children.is_empty() || work.outcome.is_some() {
            div.panel {
                h2 { "Who has it" }
                @if let Some(owner) = &work.owner {
                    p { "With " strong { (owner.person) } @if owner.bound { ", who cannot refuse it" } "." }
                    ol.plain { @for stop in &owner.way { li { (stop) } } }
                    @if owner.rung > 0 { p { span.shape aria-hidden="true" { "▲ " } "Not done in time by " (owner.rung) " before." } }
                }
                @if let Some(at) = &view.acknowledged { p { "Seen on " (parts::time(at)) "." } }
                @if let Some(until) = &view.snoozed { p { "To be seen again on " (parts::time(until)) "." } }
                @if let Some(outcome) = &work.outcome { p { "Said to be " strong { (outcome) } "." } }
                @if let Some(parent) = work.parent { p { "Belongs to " (linked(parent, "item")) "." } }
                @if !work.children.is_empty() {
                    p { "Belongs to it:" }
                    ul.plain { @for (number, kind, state) in &work.children {
                        li { (linked(*number, &kind.replace('_', " "))) ", " (state) }
                    } }
                }
            }
        }
    }
}

/// What who looks can do about it.
pub(super) fn forms(view: &ItemView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    let (can, number) = (&view.forms, view.row.number);
    let to = |what: &str| format!("/items/{number}/{what}");
    html! {
        @if can.acknowledge {
            form.say method="post" action=(to("acknowledge")) {
                (hidden(viewer))
                div.buttons { button type="submit" { "I have seen it" } }
            }
        }
        @if can.take_back {
            (unfolds("take-back", said, "Take it back", reasoned(viewer, &to("take-back"), said, "take-back", "Ask to take it back", &html! {
                p.note { "One other has to agree. The figure that was entered before holds again, or none does." }
            })))
        }
        @if can.learn { (learn(view, viewer, said)) }
        (super::case::forms(view, viewer, said))
        @if !can.finish.is_empty() && view.case.is_none() {
            form.say method="post" action=(to("finish")) {
                (hidden(viewer))
                @if !SIGNED.contains(&view.row.kind.as_str()) {
                    label { span { "What came of it, in words" } textarea name="why" rows="2" required maxlength="4000" { (typed(said, "finish", "why")) } }
                }
                div.buttons { @for outcome in &can.finish {
                    button.yes type="submit" name="outcome" value=(outcome) { (finished(outcome, view.row.kind == "handover")) }
                } }
            }
        }
        @if can.plan {
            (unfolds("plan", said, "File a plan", plan(view, viewer, said)))
        }
        @if can.assign {
            (unfolds("assign", said, "Give it to somebody else", html! {
                form.say method="post" action=(to("assign")) {
                    (hidden(viewer))
                    label { span { "To whom; the clock runs on" } (persons(view, "to", typed(said, "assign", "to"))) }
                    div.buttons { button type="submit" { "Give it" } }
                }
            }))
        }
        @if can.refuse {
            (unfolds("refuse", said, "It is not mine", reasoned(viewer, &to("refuse"), said, "refuse", "Refuse it", &html! {
                p.note { "It goes along the dotted line; refused again, to the common superior, who is bound. The clock runs on." }
            })))
        }
        @if can.snooze {
            (unfolds("snooze", said, "See it again later", reasoned(viewer, &to("snooze"), said, "snooze", "Put it off", &html! {
                label { span { "In how many hours, before it is due" } input type="text" inputmode="numeric" name="hours" required value=(typed(said, "snooze", "hours")); }
            })))
        }
        @if can.dismiss {
            (unfolds("dismiss", said, "End it without doing anything", reasoned(viewer, &to("dismiss"), said, "dismiss", "Dismiss it", &html! {})))
        }
    }
}

/// What was typed into a form of this page.
pub(super) fn typed<'a>(said: Option<&'a Said>, form: &str, name: &str) -> &'a str {
    typed_at(said, &format!("/items/{{id}}/{form}"), name)
}

/// A form behind a line; open where something in it was refused.
fn unfolds(form: &str, said: Option<&Said>, name: &str, of: Markup) -> Markup {
    let open = said.is_some_and(|said| said.form.ends_with(&format!("/{form}")));
    html! { details.deed open[open] { summary { (name) } (of) } }
}

fn reasoned(viewer: &Viewer, to: &str, said: Option<&Said>, form: &str, does: &str, more: &Markup) -> Markup {
    html! {
        form.say method="post" action=(to) {
            (hidden(viewer))
            (more)
            (forms::why(said, &format!("/items/{{id}}/{form}")))
            div.buttons { button type="submit" { (does) } }
        }
    }
}

fn finished(outcome: &str, is_handover: bool) -> &str {
    match outcome {
        "fixed" => "It is fixed",
        "accepted" if is_handover => "I accept it",
        "accepted" => "It is accepted",
        "read" => "I have read it",
        "attested" => "The data are whole and right",
        "with_reservation" => "They are, with this reservation",
        "done" => "It is done",
        "held" => "The review was held",
        "skipped" => "This step is left out, and it goes on",
        "not_reached" => "Nobody was reached",
        "not_wanted" => "It is not wanted",
        "no_change" => "There is nothing to change",
        "change_requested" => "A change was asked for",
        "solved" => "It is solved",
        "known" => "It is known",
        "not_ours" => "It is not ours to solve",
        "stands" => "The figure stands",
        "corrected" => "It was corrected",
        other => other,
    }
}

fn persons(view: &ItemView, name: &str, chosen: &str) -> Markup {
    html! {
        select name=(name) { @for person in &view.persons {
            option value=(person.id) selected[person.id == chosen] { (person.name) }
        } }
    }
}

fn learn(view: &ItemView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    html! {
        form.say method="post" action={ "/items/" (view.row.number) "/learn" } {
            (hidden(viewer))
            label { span { "Why the effect did not come" } textarea name="findings" rows="3" required maxlength="4000" { (typed(said, "learn", "findings")) } }
            label { span { "What follows" } textarea name="follows" rows="3" required maxlength="4000" { (typed(said, "learn", "follows")) } }
            div.buttons { button.yes type="submit" { "Hand it to others to read" } }
        }
    }
}

fn plan(view: &ItemView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    let was = |name: &str| typed(said, "plan", name);
    html! {
        form.say method="post" action={ "/items/" (view.row.number) "/plan" } {
            (hidden(viewer))
            label { span { "Why it happened" } textarea name="cause" rows="2" required maxlength="4000" { (was("cause")) } }
            label { span { "How that was found" }
                select name="method" { @for (word, words) in METHODS {
                    option value=(word) selected[was("method") == word] { (words) }
                } }
            }
            label { span { "What shows it" } textarea name="evidence" rows="2" required maxlength="4000" { (was("evidence")) } }
            @for n in 1..=MOST_ACTIONS {
                @let of = |name: &str| format!("{name}.{n}");
                fieldset.action {
                    legend { "Action " (n) @if n > 1 { ", if there is one" } }
                    label { span { "Who" } (persons(view, &of("who"), was(&of("who")))) }
                    label { span { "Until" } input type="date" name=(of("by")) required[n == 1] value=(was(&of("by"))); }
                    label.wide { span { "Does what" } input type="text" name=(of("what")) required[n == 1] maxlength="4000" value=(was(&of("what"))); }
                }
            }
            label { span { "By how much the KPI is to differ, as it is shown: 3, −12" } input type="text" name="change" required value=(was("change")); }
            label { span { "In which period, such as 2026-Q3" } input type="text" name="period" required value=(was("period")); }
            p.note { "It is said before, and the run that finds the period final says what came of it: beside units like it that had no plan, where there are such, else before and after." }
            div.buttons { button.yes type="submit" { "File the plan" } }
        }
    }
}
