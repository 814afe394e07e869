//! Enumerations whose members are words of the language. Member and word are declared together; files, JSON Schema,
//! reference, hashes and JSON all know the member by that word, so that renaming it in Rust changes none of them.

/// An enumeration made by [`words!`].
pub(crate) trait Word: Copy + 'static {
    /// All members.
    const MEMBERS: &'static [Self];
    /// Their words, in the same order.
    const WORDS: &'static [&'static str];

    /// The member's word.
    fn word(self) -> &'static str;

    /// The member of a word.
    fn from_word(text: &str) -> Option<Self> {
        let at = Self::WORDS.iter().position(|w| *w == text)?;
        Self::MEMBERS.get(at).copied()
    }
}

/// Declares enumerations: each member with its word.
macro_rules! words {
    ($($(#[$about:meta])* $visibility:vis enum $name:ident {
        $($(#[$means:meta])* $member:ident = $word:literal,)*
    })*) => {$(
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        $visibility enum $name {
            $($(#[$means])* #[serde(rename = $word)] $member,)*
        }
        impl $crate::word::Word for $name {
            const MEMBERS: &'static [Self] = &[$(Self::$member),*];
            const WORDS: &'static [&'static str] = &[$($word),*];
            fn word(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)*
                }
            }
        }
    )*};
}
pub(crate) use words;
