//! A column of texts, in which each different text stands once.

use std::{fmt, hash::BuildHasher, sync::Arc};

use hashbrown::DefaultHashBuilder;
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

/// Finds the places of texts, by open addressing in a table of which at most half is taken.
#[derive(Clone, Default)]
pub(crate) struct Places {
    hasher: DefaultHashBuilder,
    /// Half of the hash beside the place, so that growing reads no text. As many as a power of two, or none.
    slots: Vec<(u32, u32)>,
    len: usize,
}

/// A slot that nothing is in.
const FREE: (u32, u32) = (0, u32::MAX);

/// How many texts are looked up together.
const TOGETHER: usize = 32;

impl Places {
    pub(crate) fn of(members: &Members) -> Self {
        let mut places = Self::default();
        places.grow(members.len());
        for (text, place) in members.iter().zip(0..) {
            places.add(places.half(text), place);
        }
        places
    }
    /// The places of some texts; none of those that are no members.
    ///
    /// In a large table each step to a text waits for memory: to the slot, to where the text is, to the text. Each is taken for several texts, so that they
    /// wait together.
    pub(crate) fn find_all(&self, members: &Members, texts: &[&str]) -> Vec<Option<u32>> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut found = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TOGETHER) {
            let mut first = [(0, FREE, ""); TOGETHER];
            for ((half, ..), text) in first.iter_mut().zip(texts) {
                *half = self.half(text);
            }
            for (half, slot, _) in first.iter_mut().take(texts.len()) {
                *slot = self.slots.get(*half as usize & mask).copied().unwrap_or(FREE);
            }
            for (_, (_, place), own) in &mut first {
                *own = members.get(*place as usize).unwrap_or_default();
            }
            found.extend(first.iter().zip(texts).map(|((half, slot, own), text)| {
                if *slot != FREE && own == text { Some(slot.1) } else { self.found(members, text, *half) }
            }));
        }
        found
    }
    fn found(&self, members: &Members, text: &str, half: u32) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = half as usize & mask;
        loop {
            match self.slots.get(at)? {
                (_, u32::MAX) => return None,
                (own, place) if *own == half && members.get(*place as usize) == Some(text) => {
                    return Some(*place);
                }
                _ => at = (at + 1) & mask,
            }
        }
    }
    fn add(&mut self, half: u32, place: u32) {
        self.grow(self.len + 1);
        self.len += 1;
        self.put((half, place));
    }
    fn put(&mut self, slot: (u32, u32)) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = slot.0 as usize & mask;
        while let Some(there) = self.slots.get_mut(at) {
            if *there == FREE {
                *there = slot;
                return;
            }
            at = (at + 1) & mask;
        }
    }
    /// Makes room for so many.
    fn grow(&mut self, len: usize) {
        if len * 2 > self.slots.len() {
            let larger = vec![FREE; (len * 2).next_power_of_two().max(16)];
            let slots = std::mem::replace(&mut self.slots, larger);
            slots.into_iter().filter(|slot| *slot != FREE).for_each(|slot| self.put(slot));
        }
    }
    fn half(&self, text: &str) -> u32 {
        self.hasher.hash_one(text) as u32
    }
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
    /// The codes of some texts, which become members.
    pub fn codes_of(&mut self, texts: &[&str]) -> Vec<u32> {
        self.know_places();
        let found = self.places.find_all(&self.members, texts);
        found.into_iter().zip(texts).map(|(found, text)| found.unwrap_or_else(|| self.code(text))).collect()
    }
    fn know_places(&mut self) {
        if self.places.len < self.members.len() {
            self.places = Places::of(&self.members);
        }
    }
    /// The code of a text, which becomes a member.
    pub fn code(&mut self, text: &str) -> u32 {
        self.know_places();
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
        let mut known = vec![Self::MISSING; more.members.len()];
        let text = |place| more.members.get(place);
        self.extend_known(more.codes.iter().copied(), &mut known, text);
    }
    /// Adds rows by the places of their texts among others. `known` holds the codes of these others here, [`Self::MISSING`] until they occur; `text` says
    /// which text is at a place.
    pub fn extend_known<'a>(
        &mut self,
        places: impl Iterator<Item = u32> + Clone,
        known: &mut [u32],
        text: impl Fn(usize) -> Option<&'a str>,
    ) {
        // Of what is looked up; no code is as large.
        const ASKED: u32 = Texts::MISSING - 1;
        let (mut new, mut texts) = (Vec::new(), Vec::new());
        for place in places.clone().map(|place| place as usize) {
            if let (Some(code @ &mut Self::MISSING), Some(text)) = (known.get_mut(place), text(place)) {
                *code = ASKED;
                new.push(place);
                texts.push(text);
            }
        }
        for (place, code) in new.into_iter().zip(self.codes_of(&texts)) {
            if let Some(known) = known.get_mut(place) {
                *known = code;
            }
        }
        self.codes.extend(places.map(|place| known.get(place as usize).copied().unwrap_or(Self::MISSING)));
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// More than a table's first sizes hold, so that slots are shared and places move.
    const MANY: u32 = 5_000;

    #[test]
    fn each_different_text_has_one_code_however_it_comes() {
        let text = |n: u32| if n == 0 { String::new() } else { format!("account {}", n % (MANY / 2)) };
        let all: Vec<String> = (0..MANY).map(|n| text(n.wrapping_mul(2_654_435_761) % MANY)).collect();
        let mut expected: HashMap<&str, u32> = HashMap::new();
        for text in &all {
            let next = expected.len() as u32;
            expected.entry(text).or_insert(next);
        }
        let one_by_one: Texts = all.iter().map(Some).collect();
        let mut together = Texts::default();
        let texts: Vec<&str> = all.iter().map(String::as_str).collect();
        for texts in texts.chunks(777) {
            for (code, text) in together.codes_of(texts).into_iter().zip(texts) {
                together.push_code(code);
                assert_eq!(code, expected[text]);
            }
        }
        let mut extended = Texts::default();
        extended.push(Some("nobody's"));
        extended.push(None);
        extended.extend(&one_by_one);
        assert_eq!(one_by_one, together);
        assert_eq!(one_by_one.members().len(), expected.len());
        assert!(extended.iter().skip(2).eq(one_by_one.iter()) && extended.get(1).is_none());
        assert_eq!(extended.members().len(), expected.len() + 1);
        let places = Places::of(one_by_one.members());
        let asked = ["account 7", "", "none of them", "account 7"];
        let found = places.find_all(one_by_one.members(), &asked);
        assert_eq!(found, asked.map(|text| expected.get(text).copied()));
        assert!(Places::default().find_all(&Members::default(), &asked).iter().all(Option::is_none));
    }
}
