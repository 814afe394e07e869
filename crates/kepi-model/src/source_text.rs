//! The texts of a project and places in them.

use std::sync::Arc;

/// A file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// First byte after the end.
    pub end: u32,
}

/// A file's path, relative to the project, and text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the project's folder, with `/`.
    pub path: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// Line and column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Bytes between two places whose column is known.
const STRIDE: usize = 1 << 10;

/// Where the lines of a text begin, and how many characters stand before every so many bytes, so that a place is found in
/// logarithmic time however long the text or one line of it is.
#[derive(Debug, Clone, Default)]
struct Places {
    lines: Vec<u32>,
    characters: Vec<u32>,
}

impl Places {
    fn of(text: &str) -> Self {
        let mut places = Self { lines: vec![0], characters: Vec::with_capacity(text.len() / STRIDE + 1) };
        let mut characters = 0;
        for (at, byte) in text.bytes().enumerate() {
            if at % STRIDE == 0 {
                places.characters.push(characters);
            }
            // Every byte but those that go on with a character begins one.
            characters += u32::from(byte & 0xC0 != 0x80);
            if byte == b'\n' {
                places.lines.push(at as u32 + 1);
            }
        }
        places
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, text: &str, at: usize) -> u32 {
        let at = at.min(text.len());
        let known = at / STRIDE;
        let Some(count) = self.characters.get(known) else {
            return text.bytes().filter(|byte| byte & 0xC0 != 0x80).count() as u32;
        };
        let rest = text.as_bytes().get(known * STRIDE..at).unwrap_or_default();
        count + rest.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
    }

    fn line_column(&self, text: &str, at: u32) -> LineColumn {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column =
            self.characters_before(text, at as usize) - self.characters_before(text, start as usize) + 1;
        LineColumn { line: line as u32, column }
    }
}

/// Why the text of a file is not all there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is not UTF-8; what could not be read is replaced.
    NotUtf8 {
        /// The first byte of the text that was replaced.
        at: u32,
    },
    /// It could not be read at all.
    Unreadable {
        /// What the system says.
        why: String,
    },
}

/// All files of a project, in the order of their paths.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    places: Vec<Places>,
    unread: Vec<(FileId, Unread)>,
}

impl SourceMap {
    /// A map of files, sorted by path so that the order of reading does not matter.
    pub fn new(files: Vec<SourceFile>) -> Self {
        Self::with_unread(files.into_iter().map(|file| (file, None)).collect())
    }
    /// The same, with what kept some of the texts from being read.
    pub fn with_unread(mut files: Vec<(SourceFile, Option<Unread>)>) -> Self {
        files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let mut map = Self::default();
        for (at, (file, unread)) in files.into_iter().enumerate() {
            map.places.push(Places::of(&file.text));
            map.files.push(file);
            map.unread.extend(unread.map(|unread| (FileId(at as u32), unread)));
        }
        map
    }
    /// Adds the files of another map behind its own; gives how far their ids move.
    pub fn append(&mut self, other: Self) -> u32 {
        let moved = self.files.len() as u32;
        self.unread.extend(other.unread.into_iter().map(|(id, unread)| (FileId(id.0 + moved), unread)));
        self.files.extend(other.files);
        self.places.extend(other.places);
        moved
    }
    /// The files whose text is not all there.
    pub fn unread(&self) -> &[(FileId, Unread)] {
        &self.unread
    }
    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }
    /// One file.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }
    /// The text of a span, empty if it is out of bounds.
    pub fn slice(&self, span: Span) -> &str {
        self.file(span.file).and_then(|f| f.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }
    /// Where a span starts.
    pub fn line_column(&self, span: Span) -> LineColumn {
        match (self.file(span.file), self.places.get(span.file.0 as usize)) {
            (Some(file), Some(places)) => places.line_column(&file.text, span.start),
            _ => LineColumn { line: 1, column: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_counting_from_the_beginning_says() {
        let text: String =
            (0..3000).map(|n| ["é", "x", "\n", "…", "\r\n", "long line "][n * n % 6]).collect();
        let map = SourceMap::new(vec![SourceFile { path: "a.yml".into(), text: text.as_str().into() }]);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = &text[..at];
            let counted = LineColumn {
                line: before.matches('\n').count() as u32 + 1,
                column: before.rsplit('\n').next().unwrap().chars().count() as u32 + 1,
            };
            let span = Span { file: FileId(0), start: at as u32, end: at as u32 };
            assert_eq!(map.line_column(span), counted, "{at}");
        }
        let nowhere = Span { file: FileId(7), start: 5, end: 5 };
        assert_eq!(map.line_column(nowhere), LineColumn { line: 1, column: 1 });
    }
}
