//! What is inside of an Excel workbook: a packed folder of XML (ISO/IEC 29500), of which the list of sheets, the shared
//! texts, the formats of numbers and one sheet are read. Sizes are looked at before anything is unpacked, and nothing
//! unpacks to more than its folder says.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use flate2::read::DeflateDecoder;
use jiff::{ToSpan, civil::Date};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

/// A workbook that unpacks to more is refused.
pub(super) const MOST_UNPACKED: u64 = 1 << 29;

/// Why something in a workbook cannot be read: in words.
type Said<T> = Result<T, String>;

/// Cells that are shown as one: the first and the last, by row and column.
type Merged = ((u32, u32), (u32, u32));

/// A packed folder.
pub(super) struct Book {
    file: File,
    /// Path → how it is packed, how long, unpacked, and where.
    parts: HashMap<String, (u64, u64, u64, u64)>,
    shared: Vec<String>,
    /// Of each style of cells whether it shows days or lengths of time.
    styles: Vec<Shows>,
    from_1904: bool,
    /// Names of sheets and their paths.
    pub sheets: Vec<(String, String)>,
}

/// What a number stands for by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Number,
    Day,
    Length,
}

/// A cell that is not empty: row and column from 0, text.
pub(super) type Cell = (u32, u32, String);

fn broken(part: &str, why: impl std::fmt::Display) -> String {
    format!("`{part}` in it cannot be read: {why}")
}

impl Book {
    pub fn open(mut file: File) -> Said<Self> {
        let parts = directory(&mut file).map_err(|e| e.to_string())?;
        let parts = parts.ok_or("it is no packed folder; save it as .xlsx")?;
        let size: u64 = parts.values().map(|(_, _, unpacked, _)| *unpacked).fold(0, u64::saturating_add);
        if size > MOST_UNPACKED {
            return Err(format!("it unpacks to more than {} MiB; save its rows as CSV", MOST_UNPACKED >> 20));
        }
        let mut book = Self {
            file,
            parts,
            shared: Vec::new(),
            styles: Vec::new(),
            from_1904: false,
            sheets: Vec::new(),
        };
        book.read_sheets()?;
        book.read_shared()?;
        book.read_styles()?;
        Ok(book)
    }

    /// The text of a part; none: there is no such part.
    fn part(&mut self, path: &str) -> Said<Option<String>> {
        let Some((method, packed, unpacked, at)) = self.parts.get(path).copied() else { return Ok(None) };
        let mut read = || -> io::Result<Vec<u8>> {
            self.file.seek(SeekFrom::Start(at))?;
            let mut header = [0u8; 30];
            self.file.read_exact(&mut header)?;
            let skip = number(&header, 26, 2).unwrap_or(0) + number(&header, 28, 2).unwrap_or(0);
            self.file.seek(SeekFrom::Current(skip as i64))?;
            let bytes = (&mut self.file).take(packed);
            let mut out = Vec::new();
            match method {
                0 => bytes.take(unpacked + 1).read_to_end(&mut out)?,
                8 => DeflateDecoder::new(bytes).take(unpacked + 1).read_to_end(&mut out)?,
                _ => return Err(io::Error::other("it is packed in a way that Excel does not use")),
            };
            if out.len() as u64 != unpacked {
                return Err(io::Error::other("it is longer or shorter than its folder says"));
            }
            Ok(out)
        };
        let bytes = read().map_err(|e| broken(path, e))?;
        String::from_utf8(bytes).map(Some).map_err(|_| broken(path, "it is not UTF-8"))
    }

    fn read_sheets(&mut self) -> Said<()> {
        let part = "xl/workbook.xml";
        let text = self.part(part)?.ok_or("it holds no workbook; save it as .xlsx")?;
        let relations = self.part("xl/_rels/workbook.xml.rels")?.unwrap_or_default();
        let mut targets: HashMap<String, String> = HashMap::new();
        each(&relations, part, &mut |tag, start| {
            if tag == "Relationship"
                && let (Some(id), Some(target)) = (attribute(start, "Id"), attribute(start, "Target"))
            {
                let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
                targets.insert(id, path);
            }
        })?;
        let (mut sheets, mut from_1904) = (Vec::new(), false);
        each(&text, part, &mut |tag, start| match tag {
            "workbookPr" => {
                from_1904 = attribute(start, "date1904").is_some_and(|v| v == "1" || v == "true");
            }
            "sheet" => {
                let path = attribute(start, "id").and_then(|id| targets.get(&id).cloned());
                if let (Some(name), Some(path)) = (attribute(start, "name"), path) {
                    sheets.push((name, path));
                }
            }
            _ => {}
        })?;
        (self.sheets, self.from_1904) = (sheets, from_1904);
        Ok(())
    }

    fn read_shared(&mut self) -> Said<()> {
        let part = "xl/sharedStrings.xml";
        let Some(text) = self.part(part)? else { return Ok(()) };
        let mut reader = Reader::from_str(&text);
        let (mut one, mut in_text, mut spoken) = (String::new(), false, false);
        loop {
            match reader.read_event().map_err(|e| broken(part, e))? {
                Event::Start(start) => match start.local_name().as_ref() {
                    "si" => one.clear(),
                    // How it is pronounced is no part of it.
                    "rPh" => spoken = true,
                    "t" => in_text = !spoken,
                    _ => {}
                },
                Event::Empty(start) if start.local_name().as_ref() == "si" => self.shared.push(String::new()),
                Event::End(end) => match end.local_name().as_ref() {
                    "si" => self.shared.push(std::mem::take(&mut one)),
                    "rPh" => spoken = false,
                    "t" => in_text = false,
                    _ => {}
                },
                Event::Eof => return Ok(()),
                event if in_text => add(&event, &mut one),
                _ => {}
            }
        }
    }

    fn read_styles(&mut self) -> Said<()> {
        let part = "xl/styles.xml";
        let Some(text) = self.part(part)? else { return Ok(()) };
        let (mut formats, mut within, mut styles) = (HashMap::new(), false, Vec::new());
        let mut reader = Reader::from_str(&text);
        loop {
            let event = reader.read_event().map_err(|e| broken(part, e))?;
            match &event {
                Event::Start(start) | Event::Empty(start) => match start.local_name().as_ref() {
                    "numFmt" => {
                        if let (Some(id), Some(code)) =
                            (attribute(start, "numFmtId"), attribute(start, "formatCode"))
                        {
                            formats.insert(id, custom(&code));
                        }
                    }
                    "cellXfs" => within = true,
                    "xf" if within => {
                        let id = attribute(start, "numFmtId").unwrap_or_default();
                        let built_in = || id.parse().map_or(Shows::Number, built_in);
                        styles.push(formats.get(&id).copied().unwrap_or_else(built_in));
                    }
                    _ => {}
                },
                Event::End(end) if end.local_name().as_ref() == "cellXfs" => within = false,
                Event::Eof => break,
                _ => {}
            }
        }
        self.styles = styles;
        Ok(())
    }

    /// The cells of a sheet, in the order in which they stand, and the merged areas: first and last row and column.
    pub fn cells(&mut self, path: &str, most: usize, see: &mut dyn FnMut(Cell)) -> Said<Vec<Merged>> {
        let text = self.part(path)?.ok_or_else(|| format!("`{path}` is not in it"))?;
        let mut reader = Reader::from_str(&text);
        let (mut row, mut column, mut read) = (0u32, 0u32, 0usize);
        let (mut kind, mut style) = (String::new(), 0usize);
        let (mut value, mut in_value, mut in_cell) = (String::new(), false, false);
        let mut merged = Vec::new();
        loop {
            let event = reader.read_event().map_err(|e| broken(path, e))?;
            match &event {
                Event::Start(start) | Event::Empty(start) => {
                    let empty = matches!(event, Event::Empty(_));
                    match start.local_name().as_ref() {
                        "row" => {
                            // Rows and cells need not say where they stand: then behind the last.
                            let at = attribute(start, "r").and_then(|r| r.parse::<u32>().ok());
                            row = at.map_or(row + 1, |at| at);
                            column = 0;
                        }
                        "c" => {
                            let at = attribute(start, "r").and_then(|r| place(&r));
                            column = at.map_or(column + 1, |(_, c)| c + 1);
                            kind = attribute(start, "t").unwrap_or_default();
                            style = attribute(start, "s").and_then(|s| s.parse().ok()).unwrap_or(0);
                            value.clear();
                            in_cell = !empty;
                        }
                        "v" | "t" => in_value = in_cell && !empty,
                        "rPh" | "f" => in_value = false,
                        "mergeCell" => {
                            let area = attribute(start, "ref").unwrap_or_default();
                            let (first, last) = area.split_once(':').unwrap_or((&area, &area));
                            merged.extend(place(first).zip(place(last)));
                        }
                        _ => {}
                    }
                }
                Event::End(end) => match end.local_name().as_ref() {
                    "v" | "t" => in_value = false,
                    "c" if in_cell => {
                        in_cell = false;
                        read += 1;
                        if read > most {
                            return Err(format!("it has more than {most} cells; save it as CSV"));
                        }
                        if let Some(text) = self.text(&kind, style, &value) {
                            see((row.saturating_sub(1), column.saturating_sub(1), text));
                        }
                    }
                    _ => {}
                },
                Event::Eof => return Ok(merged),
                event if in_value => add(event, &mut value),
                _ => {}
            }
        }
    }

    /// What a cell says; none: nothing.
    fn text(&self, kind: &str, style: usize, value: &str) -> Option<String> {
        Some(match kind {
            "s" => self.shared.get(value.trim().parse::<usize>().ok()?)?.clone(),
            "b" => if value.trim() == "1" { "true" } else { "false" }.to_owned(),
            "str" | "inlineStr" | "e" | "d" => value.to_owned(),
            _ if value.trim().is_empty() => return None,
            _ => {
                match (value.trim().parse::<f64>(), self.styles.get(style).copied().unwrap_or(Shows::Number))
                {
                    (Ok(n), Shows::Number) => decimal(n),
                    (Ok(n), shows) => instant(n, shows, self.from_1904),
                    (Err(_), _) => value.to_owned(),
                }
            }
        })
        .filter(|text| !text.is_empty())
    }
}

/// Calls `see` with every tag that opens, and its local name.
fn each(text: &str, part: &str, see: &mut dyn FnMut(&str, &BytesStart<'_>)) -> Said<()> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|e| broken(part, e))? {
            Event::Start(start) | Event::Empty(start) => see(start.local_name().as_ref(), &start),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .attributes()
        .flatten()
        .find(|a| a.key.local_name().as_ref() == name)
        .and_then(|a| a.normalized_value(XmlVersion::Implicit1_0).ok().map(|v| v.into_owned()))
}

/// Adds the text of an event.
fn add(event: &Event<'_>, to: &mut String) {
    match event {
        Event::Text(text) => to.push_str(text),
        Event::CData(text) => to.push_str(text),
        Event::GeneralRef(name) => match name.resolve_char_ref() {
            Ok(Some(c)) => to.push(c),
            _ => match &**name {
                "lt" => to.push('<'),
                "gt" => to.push('>'),
                "amp" => to.push('&'),
                "quot" => to.push('"'),
                "apos" => to.push('\''),
                _ => {}
            },
        },
        _ => {}
    }
}

/// `B3` as row and column from 0.
fn place(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = (text.get(..digits)?, text.get(digits..)?);
    let column = letters.bytes().try_fold(0u32, |sum, b| {
        let letter = b.is_ascii_alphabetic().then(|| u32::from(b.to_ascii_uppercase() - b'A') + 1)?;
        sum.checked_mul(26)?.checked_add(letter)
    })?;
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

/// What the formats show that every workbook has.
fn built_in(id: u32) -> Shows {
    match id {
        14..=22 | 27..=36 | 50..=58 => Shows::Day,
        45..=47 => Shows::Length,
        _ => Shows::Number,
    }
}

/// What a format shows that a workbook declares.
fn custom(code: &str) -> Shows {
    let first = code.split(';').next().unwrap_or(code).to_lowercase();
    if ["[h]", "[hh]", "[m]", "[mm]", "[s]", "[ss]"].iter().any(|part| first.contains(part)) {
        return Shows::Length;
    }
    let (mut quoted, mut bracket, mut skip) = (false, false, false);
    let shown = first.chars().filter(|c| {
        if std::mem::take(&mut skip) {
            return false;
        }
        match c {
            '"' => quoted = !quoted,
            '[' => bracket = true,
            ']' => bracket = false,
            '\\' | '_' | '*' => skip = true,
            _ => return !quoted && !bracket,
        }
        false
    });
    let shown: String = shown.collect();
    let dated = shown.contains(['d', 'm', 'y', 'h', 's']) && !shown.contains("general");
    if dated { Shows::Day } else { Shows::Number }
}

/// A number with 15 significant digits, as Excel shows it, without an exponent.
fn decimal(n: f64) -> String {
    if !n.is_normal() {
        return if n == 0.0 { "0".to_owned() } else { n.to_string() };
    }
    format!("{}", format!("{n:.14e}").parse().unwrap_or(n))
}

/// A day, a time, a time of day, or a length of time. Days count from 1900, in which Excel has a 29 February, or 1904.
fn instant(serial: f64, shows: Shows, from_1904: bool) -> String {
    let millis = (serial * 86_400_000.0).round();
    if !(-1e15..1e15).contains(&millis) {
        return decimal(serial);
    }
    let millis = millis as i64;
    let mut out = String::new();
    let clock = |out: &mut String, millis: i64| {
        let (seconds, rest) = (millis / 1000, millis % 1000);
        let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if rest > 0 {
            let _ = write!(out, ".{rest:03}");
        }
    };
    if shows == Shows::Length || (0..86_400_000).contains(&millis) {
        if millis < 0 {
            out.push('-');
        }
        clock(&mut out, millis.abs());
        return out;
    }
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let start = match (from_1904, days) {
        (true, _) => Date::constant(1904, 1, 1),
        (false, ..60) => Date::constant(1899, 12, 31),
        (false, _) => Date::constant(1899, 12, 30),
    };
    let Some(day) = i32::try_from(days).ok().and_then(|days| start.checked_add(days.days()).ok()) else {
        return decimal(serial);
    };
    let _ = write!(out, "{day}");
    if rest > 0 {
        out.push('T');
        clock(&mut out, rest);
    }
    out
}

fn number(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    Some(bytes.get(at..at + n)?.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// The parts of a packed folder; none: it is none, or one that is beyond 32 bits.
#[expect(clippy::type_complexity, reason = "how each part is packed, how long, unpacked, and where")]
fn directory(file: &mut File) -> io::Result<Option<HashMap<String, (u64, u64, u64, u64)>>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(66_000)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let Some(end) = tail.windows(4).rposition(|w| w == b"PK\x05\x06") else { return Ok(None) };
    let (Some(size), Some(start)) = (number(&tail, end + 12, 4), number(&tail, end + 16, 4)) else {
        return Ok(None);
    };
    if start.saturating_add(size) > length {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    let (mut at, mut parts) = (0, HashMap::new());
    while bytes.get(at..at + 4) == Some(b"PK\x01\x02") {
        let part = |offset, n| number(&bytes, at + offset, n).unwrap_or(0);
        let name = part(28, 2) as usize;
        if let Some(path) = bytes.get(at + 46..at + 46 + name) {
            let path = String::from_utf8_lossy(path).into_owned();
            parts.insert(path, (part(10, 2), part(20, 4), part(24, 4), part(42, 4)));
        }
        at += 46 + name + (part(30, 2) + part(32, 2)) as usize;
    }
    Ok(Some(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_excel_shows() {
        for (n, shown) in [
            (0.1 + 0.2, "0.3"),
            (1.1 * 3.0, "3.3"),
            (12_345.0, "12345"),
            (-2.5, "-2.5"),
            (1e-7, "0.0000001"),
            (1e15, "1000000000000000"),
        ] {
            assert_eq!(decimal(n), shown);
        }
    }

    #[test]
    fn days_times_and_lengths_of_time() {
        // Serial numbers as Excel's manual gives them: 2008-01-01 is 39448, and 1900 has a 29 February that never was.
        for (serial, shown) in
            [(39_448.0, "2008-01-01"), (1.0, "1900-01-01"), (59.0, "1900-02-28"), (61.0, "1900-03-01")]
        {
            assert_eq!(instant(serial, Shows::Day, false), shown);
        }
        assert_eq!(instant(45_943.5, Shows::Day, false), "2025-10-13T12:00:00");
        assert_eq!(instant(37_986.0, Shows::Day, true), "2008-01-01");
        assert_eq!(instant(0.25, Shows::Day, false), "06:00:00");
        assert_eq!(instant(93_660.0 / 86_400.0, Shows::Length, false), "26:01:00");
        assert_eq!(instant(-0.5, Shows::Length, false), "-12:00:00");
    }

    #[test]
    fn formats_tell_days_from_numbers() {
        for (code, shows) in [
            ("0.00", Shows::Number),
            ("#,##0 \"days\"", Shows::Number),
            ("[Red]0.0", Shows::Number),
            ("General", Shows::Number),
            ("dd.mm.yyyy", Shows::Day),
            ("[$-407]d. mmmm yyyy", Shows::Day),
            ("yyyy\\-mm\\-dd hh:mm", Shows::Day),
            ("[h]:mm:ss", Shows::Length),
        ] {
            assert_eq!(custom(code), shows, "{code}");
        }
    }

    #[test]
    fn places_of_cells() {
        assert_eq!((place("A1"), place("XFD12"), place("$B$3")), (Some((0, 0)), Some((11, 16_383)), None));
    }
}
