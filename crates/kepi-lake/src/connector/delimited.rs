//! Cells that are separated by several characters, as cells that are separated by one: what reads delimited text knows
//! bytes. The unit separator of ASCII stands in for the delimiter; where a file holds that character itself, it becomes
//! a byte that is in no UTF-8, so that the row is rejected and not cut in two.

use std::io::{self, BufRead, Read};

/// What stands in for the delimiter.
pub(super) const UNIT_SEPARATOR: u8 = 0x1f;

pub(super) struct Single {
    inner: Box<dyn BufRead + Send>,
    delimiter: Vec<u8>,
    /// Read, but not yet looked at: what may be the beginning of a delimiter waits here.
    waiting: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    in_quotes: bool,
    cell_begins: bool,
    done: bool,
}

impl Single {
    /// UTF-8 text whose cells are separated by `delimiter`.
    pub fn new(inner: Box<dyn BufRead + Send>, delimiter: &str) -> Self {
        Self {
            inner,
            delimiter: delimiter.as_bytes().to_vec(),
            waiting: Vec::new(),
            ready: Vec::new(),
            at: 0,
            in_quotes: false,
            cell_begins: true,
            done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        while self.ready.is_empty() && !self.done {
            let input = self.inner.fill_buf()?;
            let n = input.len();
            self.waiting.extend_from_slice(input);
            self.inner.consume(n);
            self.done = n == 0;
            self.look();
        }
        Ok(())
    }

    fn look(&mut self) {
        let mut rest = self.waiting.as_slice();
        while let [first, behind @ ..] = rest {
            let (first, mut next) = (*first, behind);
            if self.in_quotes && first == b'"' {
                match next {
                    // What follows decides whether the quote stands for itself.
                    [] if !self.done => break,
                    [b'"', after @ ..] => {
                        self.ready.push(first);
                        next = after;
                    }
                    _ => self.in_quotes = false,
                }
                self.ready.push(first);
            } else if self.in_quotes {
                self.ready.push(first);
            } else if rest.starts_with(&self.delimiter) {
                next = rest.get(self.delimiter.len()..).unwrap_or_default();
                self.ready.push(UNIT_SEPARATOR);
                self.cell_begins = true;
            } else if !self.done && self.delimiter.starts_with(rest) {
                break;
            } else {
                self.in_quotes = first == b'"' && self.cell_begins;
                self.cell_begins = first == b'\n';
                self.ready.push(if first == UNIT_SEPARATOR { 0xff } else { first });
            }
            rest = next;
        }
        let left = rest.len();
        self.waiting.drain(..self.waiting.len() - left);
    }
}

impl Read for Single {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let n = ready.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Single {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.ready.len() {
            self.refill()?;
        }
        Ok(self.ready.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    fn single(text: &str, delimiter: &str, at_once: usize) -> Vec<u8> {
        let inner = BufReader::with_capacity(at_once, Cursor::new(text.as_bytes().to_vec()));
        let mut out = Vec::new();
        Single::new(Box::new(inner), delimiter).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn only_what_separates_cells_is_replaced_however_the_bytes_come() {
        for at_once in 1..8 {
            let read = |text, delimiter| String::from_utf8(single(text, delimiter, at_once)).unwrap();
            assert_eq!(read("a||b|c||\n||d", "||"), "a\u{1f}b|c\u{1f}\n\u{1f}d");
            assert_eq!(read("\"a||b\"||c\n\"x\"\"||y\"||z", "||"), "\"a||b\"\u{1f}c\n\"x\"\"||y\"\u{1f}z");
            assert_eq!(read("a¦b ¦ c", "¦"), "a\u{1f}b \u{1f} c");
            assert_eq!(read("5\" screen||6\" screen", "||"), "5\" screen\u{1f}6\" screen");
            assert_eq!(read("a|", "||"), "a|");
        }
        assert_eq!(single("a\u{1f}b||c", "||", 3), b"a\xffb\x1fc");
    }
}
