//! What customers write in their own words, and the themes by which it is counted.

use jiff::civil::Date;

use crate::{
    derived::Made,
    expression::Expression,
    id::{EntityId, FeedbackId, FeedbackThemeId, KpiId},
};

/// Texts of rows behind a KPI that can be searched, and what they are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Its name.
    pub id: FeedbackId,
    /// Shown name.
    pub name: String,
    /// The KPI whose rows they are.
    pub kpi: KpiId,
    /// The entity whose rows they are.
    pub of: EntityId,
    /// The text of a row.
    pub text: Expression,
    /// Only rows of this day or later.
    pub since: Option<Date>,
    /// What they may be about, in declared order.
    pub themes: Vec<FeedbackTheme>,
    /// What has to be made of landed rows for the text, each after what it needs.
    pub made: Vec<Made>,
}

/// What a text may be about, by the words that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackTheme {
    /// Its name.
    pub id: FeedbackThemeId,
    /// What says it, any of them.
    pub words: Vec<Phrase>,
}

/// Words that follow one another, such as `waited * hour*`: in small letters; one that ends with `*` stands for all that begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase(Vec<(String, bool)>);

impl Phrase {
    /// Reads one; none: it has no letter and no digit, or a `*` stands elsewhere than at the end of a word.
    pub fn read(text: &str) -> Option<Self> {
        let mut all = Vec::new();
        for part in text.split_whitespace() {
            let (part, open) = part.strip_suffix('*').map_or((part, false), |part| (part, true));
            if part.contains('*') {
                return None;
            }
            let mut words: Vec<(String, bool)> = words(part).map(|word| (word, false)).collect();
            if let Some(last) = words.last_mut() {
                last.1 = open;
            } else {
                return None;
            }
            all.extend(words);
        }
        (!all.is_empty()).then_some(Self(all))
    }

    /// Whether it stands among words that follow one another.
    pub fn is_in(&self, words: &[String]) -> bool {
        words.windows(self.0.len()).any(|here| here.iter().zip(&self.0).all(|(word, part)| fits(word, part)))
    }
}

fn fits(word: &str, (part, open): &(String, bool)) -> bool {
    if *open { word.starts_with(part.as_str()) } else { word == part }
}

/// The words of a text, in small letters.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

impl FeedbackTheme {
    /// Whether a text is about it, by its words.
    pub fn is_in(&self, words: &[String]) -> bool {
        self.words.iter().any(|phrase| phrase.is_in(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_words_that_follow_one_another() {
        let is_in =
            |phrase: &str, text: &str| Phrase::read(phrase).unwrap().is_in(&words(text).collect::<Vec<_>>());
        assert!(is_in("queue", "An hour in the QUEUE!"));
        assert!(!is_in("queue", "many queues"), "a word is a word");
        assert!(is_in("queue*", "many queues"));
        assert!(is_in("called back", "nobody called back, ever") && !is_in("called back", "back I called"));
        assert!(is_in("wait* hour*", "I waited hours") && !is_in("wait* hour*", "I waited two hours"));
        assert!(is_in("wi-fi", "no Wi-Fi at the gate"), "read as texts are");
        assert!(is_in("Wartezeit*", "die WARTEZEITEN") && is_in("größe", "falsche Größe"));
        for none in ["", "*", "- -", "q*e", "queue *"] {
            assert_eq!(Phrase::read(none), None, "{none}");
        }
    }
}
