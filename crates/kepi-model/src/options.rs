//! What the checker may know of the world; it looks at nothing itself.

use jiff::civil::Date;

use crate::library::Library;

/// SHA-256 of a file of the project, by its path.
pub type DigestOf<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Facts from outside; what is not given is not asked for.
#[derive(Default, Clone, Copy)]
pub struct Options<'a> {
    /// How many files a path or glob of a source matches; without it files are not asked for.
    pub known_files: Option<&'a dyn Fn(&str) -> usize>,
    /// SHA-256 of a file in the project's folder, as hexadecimal digits; none where it cannot be read. Without this, evidence is
    /// not held to what was attached.
    pub digest: Option<&'a DigestOf<'a>>,
    /// Whether a label of an encoding is known; without it a list of the usual ones is used.
    pub known_encodings: Option<&'a dyn Fn(&str) -> bool>,
    /// Today in the reporting zone, for findings about targets that do not hold yet.
    pub today: Option<Date>,
    /// The library that KPIs extend; without it Kepi's own.
    pub library: Option<&'a Library>,
}

impl Options<'_> {
    pub(crate) fn knows_encoding(&self, label: &str) -> bool {
        let label = label.trim().to_ascii_lowercase();
        self.known_encodings.map_or_else(|| ENCODINGS.contains(&label.as_str()), |known| known(&label))
    }
}

/// The usual labels of the WHATWG encoding standard.
pub(crate) const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf8",
    "utf-16le",
    "utf-16be",
    "utf-16",
    "us-ascii",
    "ascii",
    "latin1",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-9",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1257",
    "ibm866",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "x-mac-cyrillic",
    "gbk",
    "gb2312",
    "gb18030",
    "big5",
    "euc-jp",
    "iso-2022-jp",
    "shift_jis",
    "sjis",
    "euc-kr",
];
