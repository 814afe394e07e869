//! The small change of messages: what a misspelt word was meant to be, lists of words, long texts cut short.

/// The known name nearest to `wrong`, if it is near enough to be meant: at most one slip, and one more for every four
/// characters. A slip is a character too many, too few, replaced or swapped with its neighbour; case, spaces, points,
/// hyphens and underscores are none.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |text: &str| text.to_lowercase().replace([' ', '_', '-', '.'], "");
    let asked = folded(wrong);
    known
        .into_iter()
        .map(|k| (k, folded(k)))
        .map(|(k, folded)| (strsim::damerau_levenshtein(&asked, &folded), k, folded.chars().count()))
        .filter(|(distance, _, length)| *distance <= 1 + (*length).max(asked.chars().count()) / 4)
        .min_by_key(|(distance, k, _)| (*distance, *k))
        .map(|(_, k, _)| k)
}

/// A list of words in backticks.
pub(crate) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

/// At most sixty characters of a text, for a message.
pub(crate) fn shorten(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= 60 {
        one_line
    } else {
        format!("{}…", one_line.chars().take(59).collect::<String>())
    }
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
}
