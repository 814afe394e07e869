//! Where one signs in.

use maud::{Markup, html};

use crate::layout::{self, Head};

/// What the page says beside its form.
pub(crate) struct Said<'a> {
    /// Where it leads afterwards.
    pub(crate) next: &'a str,
    /// The name that was typed.
    pub(crate) name: &'a str,
    /// Why it did not go well.
    pub(crate) wrong: Option<&'a str>,
}

/// The page.
pub(crate) fn render(said: &Said<'_>) -> Markup {
    let body = html! {
        header.head {
            h1 { "Sign in" }
            p.sub { "Figures are shown to people who are known here." }
        }
        @if let Some(wrong) = said.wrong {
            p.wrong #wrong role="alert" {
                span.shape aria-hidden="true" { "▲ " }
                "That did not work: " (wrong) "."
            }
        }
        form.entry method="post" action="/sign-in" {
            input type="hidden" name="next" value=(said.next);
            label {
                span { "Name" }
                input type="text" name="name" value=(said.name) required autocomplete="username" autocapitalize="none"
                    spellcheck="false" autofocus[said.wrong.is_none()] aria-describedby=[said.wrong.map(|_| "wrong")];
            }
            label {
                span { "Password" }
                input type="password" name="password" required autocomplete="current-password"
                    autofocus[said.wrong.is_some()] aria-describedby=[said.wrong.map(|_| "wrong")];
            }
            button type="submit" { "Sign in" }
        }
        p.note { "Whoever owns this project lets people sign in: " code { "kepi access add NAME" } "." }
    };
    layout::page(&Head { title: "Sign in", project: None, path: "/sign-in" }, body)
}
