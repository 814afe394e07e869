//! A column of texts, in which each different text stands once.

use std::{collections::HashMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Texts by row.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Option<Box<str>>>", into = "Vec<Option<Box<str>>>")]
pub struct Texts {
    /// Different texts; some may be in no row any more.
    members: Arc<Vec<Arc<str>>>,
    /// By row, the place of its text among the members.
    codes: Vec<u32>,
    /// Places of the members, as far as they are known.
    places: HashMap<Arc<str>, u32>,
}

impl Texts {
    /// The code of a row without a text.
    pub const MISSING: u32 = u32::MAX;

    /// Without rows, with room for some.
    pub fn with_capacity(rows: usize) -> Self {
        Self { codes: Vec::with_capacity(rows), ..Self::default() }
    }
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.codes.len()
    }
    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.members.get(*self.codes.get(row)? as usize).map(AsRef::as_ref)
    }
    /// All texts, row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + Clone {
        self.codes.iter().map(|code| self.members.get(*code as usize).map(AsRef::as_ref))
    }
    /// Different texts; some may be in no row.
    pub fn members(&self) -> &[Arc<str>] {
        &self.members
    }
    /// Whether its members are those of another, at the same places.
    pub fn has_members_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.members, &other.members)
    }
    /// By row, the place among the members, or [`Self::MISSING`].
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }
    /// The code of a text, which becomes a member.
    pub fn code(&mut self, text: &str) -> u32 {
        if self.places.len() < self.members.len() {
            self.places = self.members.iter().cloned().zip(0..).collect();
        }
        if let Some(code) = self.places.get(text) {
            return *code;
        }
        let code = self.members.len() as u32;
        let text: Arc<str> = text.into();
        Arc::make_mut(&mut self.members).push(Arc::clone(&text));
        self.places.insert(text, code);
        code
    }
    /// Adds a row.
    pub fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(Self::MISSING, |text| self.code(text));
        self.codes.push(code);
    }
    /// Adds a row by the code of its text.
    pub fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }
    /// Without rows, but with the members of another, so that its codes can be added.
    pub fn like(other: &Self, rows: usize) -> Self {
        Self { members: Arc::clone(&other.members), codes: Vec::with_capacity(rows), places: HashMap::new() }
    }
    /// Some of the rows, by place.
    #[must_use]
    pub fn taken(&self, rows: &[u32]) -> Self {
        let mut taken = Self::like(self, rows.len());
        let code = |row: &u32| self.codes.get(*row as usize).copied().unwrap_or(Self::MISSING);
        taken.codes.extend(rows.iter().map(code));
        taken
    }
    /// Adds the rows of another.
    pub fn extend(&mut self, more: &Self) {
        let mut codes = vec![None; more.members.len()];
        for code in &more.codes {
            let own = match more.members.get(*code as usize) {
                None => Self::MISSING,
                Some(text) => match codes.get(*code as usize).copied().flatten() {
                    Some(own) => own,
                    None => {
                        let own = self.code(text);
                        if let Some(slot) = codes.get_mut(*code as usize) {
                            *slot = Some(own);
                        }
                        own
                    }
                },
            };
            self.codes.push(own);
        }
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Texts {}

impl<T: AsRef<str>> FromIterator<Option<T>> for Texts {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(text.as_ref().map(AsRef::as_ref)));
        all
    }
}

impl From<Vec<Option<Box<str>>>> for Texts {
    fn from(texts: Vec<Option<Box<str>>>) -> Self {
        texts.into_iter().collect()
    }
}

impl From<Texts> for Vec<Option<Box<str>>> {
    fn from(texts: Texts) -> Self {
        texts.iter().map(|text| text.map(Into::into)).collect()
    }
}
