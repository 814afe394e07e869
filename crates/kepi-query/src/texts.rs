//! A column of texts, in which each different text stands once.

use std::{fmt, hash::BuildHasher, sync::Arc};

use hashbrown::{DefaultHashBuilder, HashTable};
use serde::{Deserialize, Serialize};

/// Texts by row.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Option<Box<str>>>", into = "Vec<Option<Box<str>>>")]
pub struct Texts {
    /// Different texts; some may be in no row any more.
    members: Arc<Members>,
    /// By row, the place of its text among the members.
    codes: Vec<u32>,
    /// Places of the members, as far as they are known.
    places: Places,
}

/// Different texts by place, one behind the other.
#[derive(Clone, Default)]
pub struct Members {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
    /// The text of a place.
    pub fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let begin = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(begin..end)
    }
    /// All, by place.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|place| self.get(place).unwrap_or_default())
    }
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

/// Finds the place of a text.
#[derive(Clone, Default)]
pub(crate) struct Places {
    hasher: DefaultHashBuilder,
    /// Half of the hash beside the place, so that growing reads no text.
    table: HashTable<(u32, u32)>,
}

impl Places {
    pub(crate) fn of(members: &Members) -> Self {
        let mut places = Self { table: HashTable::with_capacity(members.len()), ..Self::default() };
        for (text, place) in members.iter().zip(0..) {
            places.add(places.half(text), place);
        }
        places
    }
    pub(crate) fn find(&self, members: &Members, text: &str) -> Option<u32> {
        self.found(members, text, self.half(text))
    }
    fn found(&self, members: &Members, text: &str, half: u32) -> Option<u32> {
        let is = |(own, place): &(u32, u32)| *own == half && members.get(*place as usize) == Some(text);
        self.table.find(whole(half), is).map(|(_, place)| *place)
    }
    fn add(&mut self, half: u32, place: u32) {
        self.table.insert_unique(whole(half), (half, place), |(half, _)| whole(*half));
    }
    fn half(&self, text: &str) -> u32 {
        self.hasher.hash_one(text) as u32
    }
}

/// A hash of which half is known: the table looks at both ends of it.
fn whole(half: u32) -> u64 {
    u64::from(half) << 32 | u64::from(half)
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
        self.members.get(*self.codes.get(row)? as usize)
    }
    /// All texts, row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + Clone {
        self.codes.iter().map(|code| self.members.get(*code as usize))
    }
    /// Different texts; some may be in no row.
    pub fn members(&self) -> &Members {
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
        if self.places.table.len() < self.members.len() {
            self.places = Places::of(&self.members);
        }
        let half = self.places.half(text);
        if let Some(place) = self.places.found(&self.members, text, half) {
            return place;
        }
        let place = self.members.len() as u32;
        Arc::make_mut(&mut self.members).push(text);
        self.places.add(half, place);
        place
    }
    /// Adds a row.
    pub fn push(&mut self, text: Option<&str>) {
        let code = text.map_or(Self::MISSING, |text| self.code(text));
        self.codes.push(code);
    }
    /// The code of a row's text, if it has one.
    pub fn code_of(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied().filter(|code| *code != Self::MISSING)
    }
    /// Adds so many rows by the code of their text.
    pub fn push_codes(&mut self, code: u32, rows: usize) {
        self.codes.resize(self.codes.len() + rows, code);
    }
    /// Adds a row by the code of its text.
    pub fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }
    /// Without rows, but with the members of another, so that its codes can be added.
    pub fn like(other: &Self, rows: usize) -> Self {
        Self {
            members: Arc::clone(&other.members),
            codes: Vec::with_capacity(rows),
            places: Places::default(),
        }
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
