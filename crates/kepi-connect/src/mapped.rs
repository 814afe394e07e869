//! The columns that a source maps: one that is there no more is no value that is missing. Taken for one, it would empty every
//! row that lands again.

use std::{borrow::Cow, collections::HashSet};

use kepi_model::{
    project::{MappingFrom, Source},
    unicode::nfc,
    wording::nearest,
};
use serde::{Deserialize, Deserializer, de};

use crate::error::FetchError;

/// Columns that are mapped, and which of them have not been seen.
pub(crate) struct Mapped {
    source: String,
    /// Column and the attribute that is mapped from it.
    unseen: Vec<(String, String)>,
    seen: Vec<String>,
    /// Keys of rows, to name the one that may be meant.
    keys: Vec<String>,
}

impl Mapped {
    /// Those of a source. Columns that are made of others are left to who makes them.
    pub(crate) fn of(source: &Source) -> Self {
        let mapped = source.map.iter().filter_map(|mapping| match &mapping.from {
            MappingFrom::Column { column, .. } => {
                Some((nfc(column.trim()).into_owned(), mapping.attribute.to_string()))
            }
            _ => None,
        });
        let unseen = if source.unpivot.is_some() { Vec::new() } else { mapped.collect() };
        Self { source: source.id.to_string(), unseen, seen: Vec::new(), keys: Vec::new() }
    }

    /// Whether every one has been seen.
    pub(crate) fn all_seen(&self) -> bool {
        self.unseen.is_empty()
    }

    /// Looks at the keys of a row, which is a JSON object.
    pub(crate) fn see(&mut self, row: &str) {
        if self.all_seen() {
            return;
        }
        if let Ok(Keys(keys)) = serde_json::from_str(row) {
            self.see_keys(keys.iter().map(AsRef::as_ref));
        }
    }

    /// The same of keys.
    pub(crate) fn see_keys<'a>(&mut self, keys: impl Iterator<Item = &'a str>) {
        let keys: HashSet<String> = keys.map(|key| nfc(key.trim()).into_owned()).collect();
        // What lies within an object may well be missing from it.
        let there = |column: &str| {
            let mut outer = column.match_indices('.').filter_map(|(dot, _)| column.get(..dot));
            keys.contains(column) || outer.any(|outer| keys.contains(outer))
        };
        let (seen, unseen) = std::mem::take(&mut self.unseen).into_iter().partition(|(c, _)| there(c));
        self.unseen = unseen;
        let seen: Vec<(String, String)> = seen;
        self.seen.extend(seen.into_iter().map(|(column, _)| column));
        if self.keys.is_empty() {
            self.keys = keys.into_iter().collect();
            self.keys.sort();
        }
    }

    /// Those that have been seen, sorted.
    pub(crate) fn seen(&self) -> Vec<String> {
        let mut seen = self.seen.clone();
        seen.sort();
        seen.dedup();
        seen
    }

    /// Refuses rows that lack one for which `counts` holds.
    pub(crate) fn refuse(&self, counts: impl Fn(&str) -> bool) -> Result<(), FetchError> {
        let Some((column, attribute)) = self.unseen.iter().find(|(column, _)| counts(column)) else {
            return Ok(());
        };
        let closest = nearest(column, self.keys.iter().map(String::as_str)).map(str::to_owned);
        Err(FetchError::NoColumn {
            source_id: self.source.clone(),
            column: column.clone(),
            attribute: attribute.clone(),
            way_out: match closest {
                Some(closest) => format!("did you mean `{closest}`?"),
                None => format!("it has {}", self.keys.join(", ")),
            },
        })
    }
}

/// Whether an object in JSON has a key.
pub(crate) fn has_key(row: &str, key: &str) -> bool {
    serde_json::from_str(row).is_ok_and(|Keys(keys)| keys.iter().any(|own| own == key))
}

/// What keeps JSON from being read as one thing: an object that has a key twice, however deep it lies, or a key that is no text.
pub(crate) fn fault(json: &str) -> Option<&'static str> {
    // Of each object that is open its keys; of a list nothing.
    let mut open: Vec<Option<HashSet<Cow<'_, str>>>> = Vec::new();
    let (mut at, mut is_key) = (0, false);
    let bytes = json.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Some(HashSet::new()));
                is_key = true;
            }
            b'[' => open.push(None),
            b'}' | b']' => {
                open.pop();
            }
            b',' => is_key = matches!(open.last(), Some(Some(_))),
            b'"' => {
                let begin = at;
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
                if std::mem::take(&mut is_key)
                    && let Some(Some(keys)) = open.last_mut()
                {
                    let key = json.get(begin..=at).map(serde_json::from_str::<Key<'_>>);
                    let Some(Ok(Key(key))) = key else { return Some("a key holds half of a character") };
                    if !keys.insert(key) {
                        return Some("an object has the same key twice");
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The keys of an object.
struct Keys<'a>(Vec<Cow<'a, str>>);

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Keys<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> de::Visitor<'de> for All {
            type Value = Keys<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Keys<'de>, A::Error> {
                let mut keys = Vec::new();
                while let Some((Key(key), de::IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(All)
    }
}
