//! Texts that look alike: one normal form in which they are compared, and characters that nobody can see.
//!
//! Everything that is compared, cells and definitions alike, is in form NFC of Unicode Standard Annex 15, so that an `ü`
//! is one `ü` whether it was written as one character or as two. Nothing else is changed unless a source asks for it.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A text in form NFC.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfc().collect())
}

/// Whether a character takes no room of its own: controls other than white space, and characters of format (general
/// category Cf, and fillers that show nothing), by their blocks.
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !c.is_ascii_whitespace();
    }
    matches!(
        c,
        '\u{80}'..='\u{84}'
            | '\u{86}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A text for a message: what cannot be seen, or looks like a space and is none, is spelt `‹U+200B›`.
pub fn reveal(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_invisible(c) || c.is_whitespace() && c != ' ';
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            shown.push_str(&format!("‹U+{:04X}›", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_is_one_letter_however_it_is_composed() {
        assert_eq!(nfc("Zu\u{308}rich"), "Zürich");
        assert!(matches!(nfc("Zürich"), Cow::Borrowed(_)));
        // Annex 15, figure 5: the ring and the dot come in their canonical order.
        assert_eq!(nfc("\u{1e9b}\u{323}"), "\u{1e9b}\u{323}");
        assert_eq!(nfc("\u{212b}"), "Å");
        // Compatibility is not equivalence: a ligature stays.
        assert_eq!(nfc("\u{fb01}"), "\u{fb01}");
    }

    #[test]
    fn what_nobody_sees_is_spelt_in_messages() {
        assert_eq!(reveal("\u{200b}7"), "‹U+200B›7");
        assert_eq!(reveal("1\u{a0}234"), "1‹U+00A0›234");
        assert_eq!(reveal("a\tb"), "a‹U+0009›b");
        assert!(matches!(reveal("Zürich West"), Cow::Borrowed(_)));
        assert!(!is_invisible('\n') && !is_invisible('é') && is_invisible('\u{feff}') && is_invisible('\0'));
    }
}
