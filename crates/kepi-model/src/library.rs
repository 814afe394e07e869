//! Kepi's own library of KPIs, as it is built in: what a KPI of a project may extend without a copy of the file. A wording is named
//! by the digest of its text, and one that was ever there stays, so that a newer Kepi changes no definition by itself.

#[rustfmt::skip]
mod files;

use crate::id::Hash;

/// A library: the wordings of today, and those of before.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// By name what is said today.
    pub now: &'static [(&'static str, &'static str)],
    /// By name what was said before.
    pub earlier: &'static [(&'static str, &'static str)],
}

/// The library of this Kepi.
pub static LIBRARY: Library = Library { now: files::NOW, earlier: files::EARLIER };

impl Library {
    /// The text of a KPI as it is today.
    pub fn today(&self, name: &str) -> Option<&'static str> {
        self.now.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The text of a wording.
    pub fn wording(&self, name: &str, version: &str) -> Option<&'static str> {
        let all = self.now.iter().chain(self.earlier).filter(|(known, _)| *known == name);
        all.map(|(_, text)| *text).find(|text| self::version(text) == version)
    }

    /// The names of all KPIs.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.now.iter().map(|(name, _)| *name)
    }
}

/// What a wording is called: the first eight digits of the BLAKE3 digest of its text, in hexadecimal. How lines end is of no account.
pub fn version(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    Hash::of(text.as_bytes()).to_string().chars().take(8).collect()
}
