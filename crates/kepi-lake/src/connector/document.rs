//! One JSON document, of which the rows are the elements of a list: the document itself, or what stands at a dotted path.
//!
//! It is read from its beginning to its end, one element in memory at a time, however long the list is. What stands beside the
//! list is passed over, but has to be there: a document that is cut off is none.

use std::io::BufRead;

use super::{LONGEST_HEADER, LONGEST_RECORD, bytes};
use crate::error::LandError;

/// Keys that are named where the one that is asked for is not there.
const MOST_NAMED: usize = 8;
/// How deep lists are looked for.
const DEEPEST: usize = 6;

pub(crate) struct Document {
    name: String,
    text: Box<dyn BufRead + Send>,
    /// Bytes that were read.
    at: u64,
    /// Elements that were read.
    rows: u64,
    /// Keys on the way to the list; each of them is there once.
    way: Vec<String>,
    done: bool,
}

impl Document {
    /// Reads on to the list.
    pub(crate) fn open(
        text: Box<dyn BufRead + Send>,
        name: &str,
        rows: Option<&str>,
    ) -> Result<Self, LandError> {
        let mut document = Self::new(text, name);
        let mut rest = rows.map(str::trim).unwrap_or_default();
        while !rest.is_empty() {
            rest = document.descend(rest, rows.unwrap_or_default())?;
        }
        match document.sign()? {
            Some(b'[') => document.pass(),
            found => {
                let what = rows.map_or_else(
                    || "the document is no list: say where its rows stand, such as `rows: data`".to_owned(),
                    |rows| format!("what stands at `{rows}` is no list"),
                );
                return Err(document.wrong(found, &what));
            }
        }
        Ok(document)
    }

    fn new(text: Box<dyn BufRead + Send>, name: &str) -> Self {
        Self { name: name.to_owned(), text, at: 0, rows: 0, way: Vec::new(), done: false }
    }

    fn error(&self, what: &str) -> LandError {
        LandError::Format {
            path: self.name.clone(),
            format: "a JSON document as declared",
            reason: format!("{what} (byte {})", self.at + 1),
        }
    }

    /// The end of the text is wrong wherever something is expected.
    fn wrong(&self, found: Option<u8>, what: &str) -> LandError {
        self.error(if found.is_some() { what } else { "it ends before the document does" })
    }

    fn peek(&mut self) -> Result<Option<u8>, LandError> {
        let Self { text, name, .. } = self;
        Ok(text.fill_buf().map_err(|e| bytes::read_error(name, e))?.first().copied())
    }

    fn pass(&mut self) {
        self.text.consume(1);
        self.at += 1;
    }

    /// The next byte that is not white space; it is not passed.
    fn sign(&mut self) -> Result<Option<u8>, LandError> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.pass(),
                found => return Ok(found),
            }
        }
    }

    fn expect(&mut self, sign: u8) -> Result<(), LandError> {
        match self.sign()? {
            Some(found) if found == sign => {
                self.pass();
                Ok(())
            }
            found => Err(self.wrong(found, &format!("`{}` is missing", char::from(sign)))),
        }
    }

    /// Passes one value, or what is left of one that was entered so deep, and appends it to `into`.
    fn value(&mut self, mut depth: usize, mut into: Option<&mut Vec<u8>>) -> Result<(), LandError> {
        if depth == 0 && matches!(self.sign()?, None | Some(b',' | b':' | b']' | b'}')) {
            let found = self.peek()?;
            return Err(self.wrong(found, "a value is missing"));
        }
        let (mut quoted, mut escaped, mut plain) = (false, false, false);
        let mut length = 0;
        loop {
            let Self { text, name, .. } = &mut *self;
            let chunk = text.fill_buf().map_err(|e| bytes::read_error(name, e))?;
            // A number or word ends where something else begins, if only the end of the text.
            if chunk.is_empty() {
                return if plain { Ok(()) } else { Err(self.wrong(None, "")) };
            }
            let mut end = None;
            for (at, byte) in chunk.iter().enumerate() {
                if quoted {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            quoted = false;
                            if depth == 0 {
                                end = Some(at + 1);
                                break;
                            }
                        }
                        _ => {}
                    }
                    continue;
                }
                match byte {
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if plain => {
                        end = Some(at);
                        break;
                    }
                    _ if plain => {}
                    b'"' => quoted = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            end = Some(at + 1);
                            break;
                        }
                    }
                    _ if depth == 0 => plain = true,
                    _ => {}
                }
            }
            let taken = end.unwrap_or(chunk.len());
            if let Some(into) = &mut into {
                into.extend_from_slice(chunk.get(..taken).unwrap_or_default());
                length += taken;
            }
            self.text.consume(taken);
            self.at += taken as u64;
            if length > LONGEST_RECORD {
                return Err(LandError::TooLong {
                    path: self.name.clone(),
                    line: self.rows + 1,
                    what: "record",
                    mebibytes: LONGEST_RECORD >> 20,
                });
            }
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Passes a key and its colon.
    fn key(&mut self) -> Result<String, LandError> {
        let mut raw = Vec::new();
        match self.sign()? {
            Some(b'"') => self.value(0, Some(&mut raw))?,
            found => return Err(self.wrong(found, "a key in quotes is missing")),
        }
        if raw.len() > LONGEST_HEADER {
            return Err(self.error("a key is longer than 1 MiB"));
        }
        let key = serde_json::from_slice(&raw).map_err(|_| self.error("a key is no text"))?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Enters the object that comes next and passes all before the key with which `rest` begins; what is left of it. The whole
    /// of it may also be one key.
    fn descend<'a>(&mut self, rest: &'a str, rows: &str) -> Result<&'a str, LandError> {
        match self.sign()? {
            Some(b'{') => self.pass(),
            found => {
                return Err(self.wrong(
                    found,
                    &format!("there is no `{rest}` of `{rows}`, since no object stands there"),
                ));
            }
        }
        let mut seen: Vec<String> = Vec::new();
        loop {
            match self.sign()? {
                Some(b'}') => {
                    let has = if seen.is_empty() { "no keys".to_owned() } else { seen.join(", ") };
                    return Err(
                        self.error(&format!("there is no `{rest}` of `{rows}`; the object has {has}"))
                    );
                }
                Some(b',') if !seen.is_empty() => self.pass(),
                _ => {}
            }
            let key = self.key()?;
            let within = rest.strip_prefix(key.as_str()).and_then(|more| more.strip_prefix('.'));
            let left = if rest == key { Some("") } else { within };
            if let Some(left) = left {
                self.way.push(key);
                return Ok(left);
            }
            self.value(0, None)?;
            if seen.len() < MOST_NAMED {
                seen.push(format!("`{key}`"));
            }
        }
    }

    /// Appends the next element; false: there is none, and the document is whole.
    pub(crate) fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, LandError> {
        if self.done {
            return Ok(false);
        }
        match self.sign()? {
            Some(b']') => {
                self.pass();
                self.finish()?;
                return Ok(false);
            }
            Some(b',') if self.rows > 0 => self.pass(),
            found if self.rows > 0 => return Err(self.wrong(found, "`,` is missing between two rows")),
            _ => {}
        }
        self.value(0, Some(into))?;
        self.rows += 1;
        Ok(true)
    }

    /// Passes what stands behind the list.
    fn finish(&mut self) -> Result<(), LandError> {
        while let Some(taken) = self.way.pop() {
            while self.sign()? == Some(b',') {
                self.pass();
                if self.key()? == taken {
                    return Err(self.error(&format!("the key `{taken}` is there twice")));
                }
                self.value(0, None)?;
            }
            self.expect(b'}')?;
        }
        if self.sign()?.is_some() {
            return Err(
                self.error("something follows the document: of one object a line the format is `ndjson`")
            );
        }
        self.done = true;
        Ok(())
    }

    /// Where lists of objects stand in a document, with their length in bytes; an empty path is the document itself. Lists within
    /// lists are none.
    pub(crate) fn lists(text: Box<dyn BufRead + Send>, name: &str) -> Result<Vec<(String, u64)>, LandError> {
        let mut document = Self::new(text, name);
        let (mut found, mut way) = (Vec::new(), Vec::new());
        document.look(&mut way, &mut found)?;
        // Each level that is open: its first value was looked at.
        while !way.is_empty() {
            match document.sign()? {
                Some(b'}') => {
                    document.pass();
                    way.pop();
                    continue;
                }
                Some(b',') => document.pass(),
                _ => {}
            }
            let key = document.key()?;
            if let Some(last) = way.last_mut() {
                *last = key;
            }
            document.look(&mut way, &mut found)?;
        }
        Ok(found)
    }

    /// Looks at the value that comes next: a list is passed, an object entered.
    fn look(&mut self, way: &mut Vec<String>, found: &mut Vec<(String, u64)>) -> Result<(), LandError> {
        match self.sign()? {
            Some(b'{') if way.len() < DEEPEST => {
                self.pass();
                way.push(String::new());
            }
            Some(b'[') => {
                let begin = self.at;
                self.pass();
                let of_objects = self.sign()? == Some(b'{');
                self.value(1, None)?;
                if of_objects {
                    found.push((way.join("."), self.at - begin));
                }
            }
            _ => self.value(0, None)?,
        }
        Ok(())
    }
}
