//! The small change of messages: what a misspelt word was meant to be, lists of words, long texts cut short.

use std::{borrow::Cow, error::Error};

use crate::id::is_name;

/// What led to an error, nearest first; nothing that was said already, for some errors say their cause themselves.
pub fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = cause.source();
    }
    said.split_off(1)
}

/// An error with what led to it, in one line.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut said = vec![error.to_string()];
    said.extend(causes(error));
    said.join(": ")
}

/// The known name nearest to `wrong`, if it is near enough to be meant: at most one slip, and one more for every four
/// characters. A slip is a character too many, too few, replaced or swapped with its neighbour; case is none, nor is what
/// stands between words.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = folded(wrong);
    let near = known.into_iter().filter_map(|name| Some((slips(&wrong, &folded(name))?, name)));
    near.min().map(|(_, name)| name)
}

/// At most so many known names that may have been meant, best first: near ones, then those that begin alike.
pub fn resembling<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wrong = folded(wrong);
    let alike = |name: &str| {
        let name = folded(name);
        let same = wrong.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
        let begins = same >= 3 && same * 2 >= wrong.chars().count();
        slips(&wrong, &name).map(|slips| (false, slips)).or(begins.then(|| (true, usize::MAX - same)))
    };
    let mut found: Vec<_> =
        known.into_iter().filter_map(|name| alike(name).map(|rank| (rank, name))).collect();
    found.sort_unstable();
    found.into_iter().take(most).map(|(_, name)| name).collect()
}

/// Names longer than this, in bytes, are compared with nothing: nobody mistypes a text.
const LONGEST: usize = 200;

/// How many slips lie between two folded names, if few enough.
fn slips(wrong: &str, name: &str) -> Option<usize> {
    if wrong.len() > LONGEST || name.len() > LONGEST {
        return None;
    }
    let (a, b) = (wrong.chars().count(), name.chars().count());
    let most = 1 + a.max(b) / 4;
    // Every character more is a slip.
    if a.abs_diff(b) > most {
        return None;
    }
    let slips = strsim::damerau_levenshtein(wrong, name);
    (slips <= most).then_some(slips)
}

/// Without case and what stands between words.
fn folded(name: &str) -> String {
    name.chars()
        .take(LONGEST + 1)
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Some of a list of words, in backticks, and how many more there are.
pub fn some_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    some(words, "")
}

/// The same of texts, which stand in single quotes, too.
pub(crate) fn some_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    some(texts, "'")
}

fn some<'a>(words: impl IntoIterator<Item = &'a str>, quote: &str) -> String {
    let mut words = words.into_iter();
    let first = words.by_ref().take(12);
    let mut shown: Vec<String> = first.map(|word| format!("`{quote}{}{quote}`", shorten(word))).collect();
    // How many are left is known, not counted: a list may be long, and the messages about it many.
    match words.size_hint().0 {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    shown.join(", ")
}

/// A list of words in backticks.
pub(crate) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// At most sixty characters of a text, for a message.
pub(crate) fn shorten(text: &str) -> String {
    let start = text.chars().take(61);
    let one_line: String = start.map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= 60 {
        one_line
    } else {
        format!("{}…", one_line.chars().take(59).collect::<String>())
    }
}

/// A noun with its indefinite article.
pub(crate) fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']) || matches!(noun, "nps" | "NPS");
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// The name that comes nearest to a text that is none: `Ada Berg` → `ada_berg`.
pub(crate) fn as_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.trim().chars().map(plain).take(63).collect();
    if is_name(&name) { name } else { format!("x_{name}").chars().take(63).collect() }
}

/// A sentence as a part of another: no capital, no full stop.
pub(crate) fn sentence_part(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_lowercase().chain(chars).collect())
}

/// A name as it is shown if nothing else is said: `base_weight` → `Base weight`.
pub(crate) fn shown(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut chars = spaced.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().collect::<String>() + chars.as_str())
}

/// The text with everything that a terminal would obey made visible: control characters as their pictures, marks that turn
/// the direction of writing as `�`. Line ends and tabs stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| (c.is_control() && c != '\n' && c != '\t') || turns(c);
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let seen = |c: char| match c {
        c if !obeyed(c) => c,
        '\u{7f}' => '\u{2421}',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    };
    Cow::Owned(text.chars().map(seen).collect())
}

/// Whether a character turns the direction of what follows it.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_may_have_been_meant() {
        let known = ["Customer No", "customer_name", "closed_at", "by"];
        for (wrong, meant) in [
            ("customer_no", Some("Customer No")),
            ("CUSTOMERNO.", Some("Customer No")),
            ("custmoer_name", Some("customer_name")),
            ("close-at", Some("closed_at")),
            ("yb", Some("by")),
            ("price", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, known), meant, "{wrong}");
        }
    }

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["restroom_cleanliness", "terminal_cleanliness", "recommend", "responses"];
        assert_eq!(nearest("recomend", known), Some("recommend"));
        assert_eq!(nearest("Terminal Cleanliness", known), Some("terminal_cleanliness"));
        assert_eq!(nearest("restrooms", known), None);
        assert_eq!(nearest("churn", known), None);
    }

    #[test]
    fn names_that_begin_alike_come_after_near_ones() {
        let known = ["response_time", "responses_open", "responses", "churn"];
        assert_eq!(resembling("respones", known, 3), ["responses", "response_time", "responses_open"]);
        assert_eq!(resembling("restrooms", ["restroom_cleanliness"], 3), ["restroom_cleanliness"]);
        assert_eq!(resembling("responses", known, 1), ["responses"]);
        assert!(resembling("x", known, 3).is_empty());
    }
}
