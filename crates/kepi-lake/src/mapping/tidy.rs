//! Texts as they are compared: trimmed, in one normal form, and without what a source wants out of them.

use std::{borrow::Cow, collections::BTreeSet};

use kepi_model::{
    project::Clean,
    unicode::{is_invisible, nfc},
};

/// How the texts of a source are tidied.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tidy {
    invisible: bool,
    spaces: bool,
}

impl Tidy {
    pub fn new(clean: &BTreeSet<Clean>) -> Self {
        Self { invisible: clean.contains(&Clean::Invisible), spaces: clean.contains(&Clean::Spaces) }
    }

    /// Whether nothing is taken out of texts.
    pub fn is_plain(&self) -> bool {
        !self.invisible && !self.spaces
    }

    /// A text without white space around it, in form NFC, and cleaned.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = text.trim();
        if self.is_plain() || text.is_ascii() && !text.bytes().any(|b| b.is_ascii_control() || b == b' ') {
            return nfc(text);
        }
        let mut clean = String::with_capacity(text.len());
        for c in text.chars().filter(|c| !self.invisible || !is_invisible(*c)) {
            if !self.spaces || !c.is_whitespace() {
                clean.push(c);
            } else if !clean.ends_with(' ') {
                clean.push(' ');
            }
        }
        // What was trimmed before may have stood inside of what could not be seen.
        Cow::Owned(nfc(clean.trim()).into_owned())
    }

    /// Whether a tidy text still holds characters that nobody can see.
    pub fn hides(&self, tidy: &str) -> bool {
        !self.invisible && !tidy.is_ascii() && tidy.chars().any(is_invisible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_are_one_where_a_source_asks_for_it() {
        let plain = Tidy::default();
        let clean = Tidy::new(&BTreeSet::from([Clean::Invisible, Clean::Spaces]));
        for (written, as_it_is, cleaned) in [
            ("  north\u{a0}", "north", "north"),
            ("Zu\u{308}rich", "Zürich", "Zürich"),
            ("Zürich\u{200b}", "Zürich\u{200b}", "Zürich"),
            ("\u{feff} New  York ", "\u{feff} New  York", "New York"),
            ("Bad\u{a0}Tölz", "Bad\u{a0}Tölz", "Bad Tölz"),
            ("", "", ""),
        ] {
            assert_eq!(plain.text(written), as_it_is);
            assert_eq!(clean.text(written), cleaned);
            assert!(!clean.hides(&clean.text(written)));
        }
        assert!(plain.hides("Zürich\u{200b}") && !plain.hides("Zürich"));
    }
}
