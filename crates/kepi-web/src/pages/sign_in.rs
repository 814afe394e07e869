//! Where one signs in.

use maud::{Markup, html};

use crate::layout::{self, Head};

/// What the page says beside its form.
#[derive(Default)]
pub(crate) struct Said<'a> {
    /// Where it leads afterwards.
    pub(crate) next: &'a str,
    /// The name that was typed.
    pub(crate) name: &'a str,
    /// Why it did not go well.
    pub(crate) wrong: Option<&'a str>,
    /// What the provider is called by which people sign in, too.
    pub(crate) provider: Option<&'a str>,
    /// Whether somebody has just signed out here, and perhaps not there.
    pub(crate) left: bool,
}

impl Said<'_> {
    /// Whether one begins to type at once.
    fn types(&self) -> bool {
        self.provider.is_none() || !self.name.is_empty()
    }

    fn at_provider(&self) -> String {
        match self.next {
            "" | "/" => "/sign-in/provider".to_owned(),
            next => format!("/sign-in/provider?next={}", crate::doors::encoded(next)),
        }
    }
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
        @if let Some(provider) = said.provider {
            @if said.left {
                p.note role="status" {
                    "You are signed out here. At " (provider) " you still may be signed in: "
                    a href="/sign-in/leave" { "sign out there, too" } "."
                }
            }
            p.way { a href=(said.at_provider()) { "Sign in with " (provider) } }
            p.note { "Or with a password of this server, if you have one:" }
        }
        form.entry method="post" action="/sign-in" {
            input type="hidden" name="next" value=(said.next);
            label {
                span { "Name" }
                input type="text" name="name" value=(said.name) required autocomplete="username" autocapitalize="none"
                    spellcheck="false" autofocus[said.types() && said.wrong.is_none()] aria-describedby=[said.wrong.map(|_| "wrong")];
            }
            label {
                span { "Password" }
                input type="password" name="password" required autocomplete="current-password"
                    autofocus[said.types() && said.wrong.is_some()] aria-describedby=[said.wrong.map(|_| "wrong")];
            }
            button type="submit" { "Sign in" }
        }
        p.note { "Whoever owns this project lets people sign in: " code { "kepi access add NAME" } "." }
    };
    layout::page(&Head { title: "Sign in", project: None, path: "/sign-in" }, body)
}
