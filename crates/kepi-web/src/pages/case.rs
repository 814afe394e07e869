//! A customer who is followed up: which row, whether she may be contacted, what was tried and said, and forms for it.

use kepi_report::view::{CaseView, ItemView, Viewer};
use maud::{Markup, html};

use super::{Said, work::typed};
use crate::{forms::hidden, parts};

/// By which way somebody is contacted: word and words.
const WAYS: [(&str, &str); 5] = [
    ("phone", "by phone"),
    ("email", "by e-mail"),
    ("letter", "by letter"),
    ("chat", "by chat"),
    ("in_person", "in person"),
];

/// What came of a case: word and words.
const OUTCOMES: [(&str, &str); 5] = [
    ("solved", "It is solved"),
    ("explained", "It was explained; nothing else is to be done"),
    ("not_solved", "It cannot be solved"),
    ("not_reached", "The customer was not reached"),
    ("not_wanted", "The customer does not want to be contacted"),
];

/// What is known of it.
pub(super) fn holds(of: &CaseView) -> Markup {
    let (entity, shown) = &of.of;
    let page = parts::href(
        &format!("/entities/{entity}/row"),
        &of.row.iter().map(|part| ("key", part.as_str())).collect::<Vec<_>>(),
    );
    html! {
        div.panel {
            h2 { "The customer" }
            dl.parts {
                dt { "Row" }
                dd { @match of.row.is_empty() {
                    true => { (shown) }
                    false => { (shown) " " a href=(page) { (of.row.join(" ")) } }
                } " of " (parts::day(&of.since)) }
                dt { "Contact" }
                dd { (of.permission) }
                @if let Some(link) = &of.again { dt { "To ask her once more" } dd { code { (link) } } }
                @if let Some(cause) = &of.cause { dt { "Root cause" } dd { strong { (cause) } } }
            }
            @if of.closed_without_contact {
                p { span.shape aria-hidden="true" { "▲ " } strong { "Closed without contact" } ": the customer may be contacted, and nobody reached her." }
            }
            @if !of.contacts.is_empty() {
                h3 { "Contacts" }
                ul.plain { @for (at, by, reached, note) in &of.contacts { li {
                    p { (parts::time(at)) " " (by) ", " @if *reached { strong { "reached" } } @else { "not reached" } }
                    @if let Some(note) = note { p.quote { "“" (note) "”" } }
                } } }
            }
            @if !of.answers.is_empty() {
                h3 { "What the customer says" }
                ul.plain { @for (at, settled, note) in &of.answers { li {
                    p { (parts::time(at)) " " strong { @if *settled { "settled" } @else { "not settled" } } }
                    @if let Some(note) = note { p.quote { "“" (note) "”" } }
                } } }
            }
        }
    }
}

/// What who looks can do about it.
pub(super) fn forms(view: &ItemView, viewer: &Viewer, said: Option<&Said>) -> Markup {
    let (can, number) = (&view.forms, view.row.number);
    let to = |what: &str| format!("/items/{number}/{what}");
    let words = |form: &str, label: &str| {
        html! { label { span { (label) } textarea name="why" rows="2" maxlength="4000" { (typed(said, form, "why")) } } }
    };
    html! {
        @if can.contact {
            form.say method="post" action=(to("contact")) {
                (hidden(viewer))
                label { span { "How you tried to reach the customer" }
                    select name="by" { @for (word, shown) in WAYS {
                        option value=(word) selected[typed(said, "contact", "by") == word] { (shown) }
                    } }
                }
                (words("contact", "What was said"))
                div.buttons {
                    button.yes type="submit" name="reached" value="yes" { "Reached" }
                    button type="submit" name="reached" value="no" { "Not reached" }
                }
            }
        }
        @if !can.close.is_empty() {
            form.say method="post" action=(to("close")) {
                (hidden(viewer))
                label { span { "Root cause" }
                    select name="cause" required {
                        option value="" { "Choose one" }
                        @for (id, shown) in &can.close {
                            option value=(id) selected[typed(said, "close", "cause") == id] { (shown) }
                        }
                    }
                }
                label { span { "What came of it" }
                    select name="outcome" { @for (word, shown) in OUTCOMES {
                        option value=(word) selected[typed(said, "close", "outcome") == word] { (shown) }
                    } }
                }
                (words("close", "In words"))
                div.buttons { button.yes type="submit" { "Close the case" } }
            }
        }
        @if can.answer {
            form.say method="post" action=(to("answer")) {
                (hidden(viewer))
                (words("answer", "What the customer says of it"))
                div.buttons {
                    button.yes type="submit" name="settled" value="yes" { "It is settled" }
                    button type="submit" name="settled" value="no" { "It is not settled" }
                }
            }
        }
    }
}
