//! From the cells of one column of a file to the values of one attribute.
//!
//! Cells that have a type already are taken as they are where the mapping wants that type; everything else is read as
//! the text that it is, or is spelt as.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use jiff::civil::Date;
use kepi_model::{
    expression::Physical,
    id::AttributeId,
    project::{Clean, EnumElse, Excess, Parse},
    unicode::{nfc, reveal},
};
use kepi_query::landing::{Bits, Cells, MissingCount};

use super::{
    length,
    number::{self, Marks},
    rows::Column,
    spell::spell,
    tidy::Tidy,
    time::{Times, When, Zones, in_seconds, since_epoch},
};

/// How a column is read.
pub(super) struct ColumnStep {
    /// Number of the column in a batch.
    pub index: usize,
    /// Its name.
    pub column: String,
    attribute: AttributeId,
    parse: Parse,
    /// Text → position in the counts.
    missing: Texts<usize>,
    counts: Vec<MissingCount>,
    /// Rows in which the file has no such value at all.
    absent: u64,
    replace: Texts<String>,
    prefix: String,
    tidy: Tidy,
    /// Whether a time of this column is a day that stays that day, not the instant at which it begins.
    is_day: bool,
    /// Personal values are quoted nowhere.
    personal: bool,
    /// Where the counts of open days begin.
    open: usize,
    /// Texts with characters that nobody can see.
    hidden: u64,
    /// Buffers.
    spelt: String,
    tidied: String,
    joined: String,
}

/// Few texts that most cells are none of: their lengths tell.
struct Texts<T> {
    by_text: HashMap<String, T>,
    lengths: u64,
}

impl<T> Texts<T> {
    fn new(by_text: HashMap<String, T>) -> Self {
        let lengths = by_text.keys().fold(0, |all, text| all | 1 << text.len().min(63));
        Self { by_text, lengths }
    }

    /// Whether it may be one of them.
    fn may_have(&self, text: &str) -> bool {
        self.lengths >> text.len().min(63) & 1 == 1
    }

    fn get(&self, text: &str) -> Option<&T> {
        if self.may_have(text) { self.by_text.get(text) } else { None }
    }
}

/// What a cell came to.
enum Typed<'a> {
    Missing,
    /// Open, by number of the source's open days.
    Open(usize),
    Text(&'a str),
    Number(i64),
}

impl From<When> for Typed<'_> {
    fn from(when: When) -> Self {
        match when {
            When::At(at) => Self::Number(at),
            When::Open(day) => Self::Open(day),
        }
    }
}

/// The counts of a column as they stand.
pub(super) struct Counted {
    texts: Vec<u64>,
    absent: u64,
    hidden: u64,
}

/// What the mapping of a column says.
pub(super) struct Wanted<'a> {
    pub attribute: &'a AttributeId,
    pub column: &'a str,
    pub parse: &'a Parse,
    /// Text → reason, of this column.
    pub missing: &'a [(String, String)],
    /// Texts that mean "no value" in every column.
    pub missing_everywhere: &'a [String],
    pub replace: &'a [(String, String)],
    pub prefix: &'a str,
    /// What texts are cleaned of.
    pub clean: &'a BTreeSet<Clean>,
    /// Days that stand for "no end yet".
    pub open: &'a [Date],
    pub is_day: bool,
    pub personal: bool,
}

impl ColumnStep {
    pub fn new(index: usize, wanted: &Wanted<'_>) -> Self {
        let tidy = Tidy::new(wanted.clean);
        let mut by_text = HashMap::new();
        let mut counts: Vec<MissingCount> = Vec::new();
        let everywhere = wanted
            .missing_everywhere
            .iter()
            .map(|t| (t.as_str(), if t.is_empty() { "empty" } else { t.as_str() }));
        for (text, reason) in wanted.missing.iter().map(|(t, r)| (t.as_str(), r.as_str())).chain(everywhere) {
            by_text.entry(tidy.text(text).into_owned()).or_insert_with(|| {
                counts.push(MissingCount {
                    attribute: wanted.attribute.clone(),
                    column: wanted.column.to_owned(),
                    text: text.to_owned(),
                    reason: reason.to_owned(),
                    count: 0,
                    off_scale: false,
                });
                counts.len() - 1
            });
        }
        let open = counts.len();
        if matches!(wanted.parse, Parse::Date { .. } | Parse::Timestamp { .. }) {
            counts.extend(wanted.open.iter().map(|day| MissingCount {
                attribute: wanted.attribute.clone(),
                column: wanted.column.to_owned(),
                text: day.to_string(),
                reason: "open".to_owned(),
                off_scale: false,
                count: 0,
            }));
        }
        let replace =
            wanted.replace.iter().map(|(a, b)| (tidy.text(a).into_owned(), nfc(b).into_owned())).collect();
        Self {
            index,
            column: wanted.column.to_owned(),
            attribute: wanted.attribute.clone(),
            parse: wanted.parse.clone(),
            missing: Texts::new(by_text),
            counts,
            absent: 0,
            replace: Texts::new(replace),
            prefix: nfc(wanted.prefix).into_owned(),
            tidy,
            is_day: wanted.is_day,
            personal: wanted.personal,
            open,
            hidden: 0,
            spelt: String::new(),
            tidied: String::new(),
            joined: String::new(),
        }
    }

    /// Appends the first `rows` of the column to `into`. Rows that are `skipped` have no cells; `fail` is told of cells
    /// that are not what they should be, which have no value then.
    pub fn read(
        &mut self,
        cells: &Cells,
        rows: usize,
        skipped: &Bits,
        zones: &Zones,
        into: &mut Column,
        fail: &mut dyn FnMut(u32, String),
    ) {
        let plain = self.replace.by_text.is_empty() && self.prefix.is_empty();
        if let (Parse::Text, Cells::Texts(texts), true) = (&self.parse, cells, plain && self.tidy.is_plain())
            && texts.parts().0.is_ascii()
        {
            return self.read_ascii(texts, rows, skipped, into);
        }
        let typed = plain.then(|| self.typed(cells)).flatten();
        if let Some(typed) = &typed
            && skipped.ones() == 0
            && self.take_all(typed, cells, rows, zones, into)
        {
            return;
        }
        let quick = if plain { self.quick(zones) } else { None };
        for row in 0..rows {
            if skipped.get(row) {
                into.missing();
                continue;
            }
            if let (Some(quick), Cells::Texts(texts)) = (&quick, cells)
                && let Some(text) = texts.get(row)
                && !self.missing.may_have(text)
                && let Some(n) = quick.read(text)
            {
                into.number(n);
                continue;
            }
            let value = match (&typed, zones.of(row)) {
                (_, Err(why)) if self.is_local(cells, row) => Err(why),
                (typed, times) => {
                    let times = times.unwrap_or(zones.plain());
                    match typed {
                        Some(typed) => self.take(typed, cells, row, times),
                        None => self.text_at(cells, row, times),
                    }
                }
            };
            match value {
                Ok(Typed::Missing) => into.missing(),
                Ok(Typed::Open(day)) => {
                    into.missing();
                    self.count(self.open + day);
                }
                Ok(Typed::Text(text)) => into.text(text),
                Ok(Typed::Number(n)) => into.number(n),
                Err(why) => {
                    into.missing();
                    fail(row as u32, why);
                }
            }
        }
    }

    /// The same of texts in which nothing but white space around them is to be tidied: most columns are ASCII.
    fn read_ascii(
        &mut self,
        texts: &kepi_query::landing::Texts,
        rows: usize,
        skipped: &Bits,
        into: &mut Column,
    ) {
        let space = |byte: Option<&u8>| byte.is_some_and(|byte| *byte <= b' ');
        let as_it_is = |row: usize| {
            texts.get(row).is_some_and(|text| {
                let bytes = text.as_bytes();
                !space(bytes.first()) && !space(bytes.last()) && !self.missing.may_have(text)
            })
        };
        if into.physical == Physical::Text && rows == texts.len() && (0..rows).all(as_it_is) {
            return into.texts(texts);
        }
        for row in 0..rows {
            if skipped.get(row) {
                into.missing();
                continue;
            }
            let Some(text) = texts.get(row) else {
                self.absent += 1;
                into.missing();
                continue;
            };
            let bytes = text.as_bytes();
            let text = if space(bytes.first()) || space(bytes.last()) { text.trim() } else { text };
            match self.missing.get(text).copied() {
                Some(at) => {
                    into.missing();
                    self.count(at);
                }
                None => into.text(text),
            }
        }
    }

    /// How texts of the kind that most are can be read at once.
    fn quick(&self, zones: &Zones) -> Option<Quick> {
        match &self.parse {
            Parse::Number { scale, decimal_mark, percent_sign: None, .. } => {
                Some(Quick::Number { scale: *scale, mark: *decimal_mark })
            }
            Parse::Timestamp { format: None } => {
                let times = zones.of_all()?;
                let (of_utc, local) = (times.as_they_are(false)?, times.as_they_are(true));
                Some(Quick::Time { of_utc, local: local.unwrap_or_default() })
            }
            _ => None,
        }
    }

    /// Takes all cells of a column over that have the wanted type already, if nothing is to be looked at one by one.
    fn take_all(
        &mut self,
        typed: &AsIs,
        cells: &Cells,
        rows: usize,
        zones: &Zones,
        into: &mut Column,
    ) -> bool {
        let is_plain = match &typed.sentinels {
            Sentinels::None => true,
            Sentinels::Integers(integers) => integers.is_empty(),
            Sentinels::Spelt => false,
        };
        let (values, there, inside) = match (cells, &typed.how) {
            (Cells::Integers(values, _, there), Take::Number { from, to, .. }) if from == to => {
                (values, there, i64::MIN..i64::MAX)
            }
            (Cells::Instants(values, there), Take::Instant) | (Cells::Locals(values, there), Take::Local) => {
                let is_local = matches!(typed.how, Take::Local);
                let Some(inside) = zones.of_all().and_then(|times| times.as_they_are(is_local)) else {
                    return false;
                };
                (values, there, inside)
            }
            _ => return false,
        };
        let all = || values.iter().enumerate().all(|(row, n)| inside.contains(n) || !there.get(row));
        if !is_plain || into.len() > 0 || values.len() != rows || !all() {
            return false;
        }
        self.absent += (rows - there.ones()) as u64;
        into.take_numbers(values, there);
        true
    }

    /// Whether a cell may be local to a zone.
    fn is_local(&self, cells: &Cells, row: usize) -> bool {
        let is_time = matches!(self.parse, Parse::Timestamp { .. } | Parse::Date { .. }) && !self.is_day;
        let is_there = match cells {
            Cells::Texts(texts) => texts.get(row).is_some_and(|text| self.missing.get(text).is_none()),
            Cells::Instants(..) => false,
            _ => true,
        };
        is_time && is_there
    }

    /// How cells of this type are taken as they are; none: they are read as texts.
    fn typed(&self, cells: &Cells) -> Option<AsIs> {
        let how = match (cells, &self.parse) {
            (Cells::Integers(_, from, _), Parse::Number { scale, excess, .. }) => {
                Take::Number { from: *from, to: *scale, excess: *excess }
            }
            (Cells::Integers(_, from, _), Parse::Duration { unit_micros, clock: None, .. }) => {
                Take::Duration { from: *from, unit_micros: *unit_micros }
            }
            (Cells::Instants(..), Parse::Timestamp { format: None }) => Take::Instant,
            (Cells::Locals(..), Parse::Timestamp { format: None }) => Take::Local,
            (Cells::Days(..), Parse::Date { format: None }) => Take::Day,
            (Cells::Booleans(..), Parse::Boolean { yes, no }) if yes.is_empty() && no.is_empty() => {
                Take::Boolean
            }
            _ => return None,
        };
        // Texts that stand for "no value" may stand for a number or time too, spelt as it is.
        let sentinels = match how {
            Take::Number { from, .. } | Take::Duration { from, .. } => {
                let mut spelt = String::new();
                let mut integers = HashMap::new();
                for (text, at) in &self.missing.by_text {
                    if let Ok(n) = number::parse_number(text, from, Marks::PLAIN, Excess::Quarantine) {
                        let one = Cells::Integers(vec![n], from, [true].into_iter().collect());
                        if spell(&one, 0, &mut spelt) && spelt == *text {
                            integers.insert(n, *at);
                        }
                    }
                }
                Sentinels::Integers(integers)
            }
            _ if self.missing.by_text.keys().all(String::is_empty) => Sentinels::None,
            _ => Sentinels::Spelt,
        };
        Some(AsIs { how, sentinels })
    }

    /// A cell that has the wanted type already.
    fn take(
        &mut self,
        typed: &AsIs,
        cells: &Cells,
        row: usize,
        times: &Times,
    ) -> Result<Typed<'static>, String> {
        let value = match cells {
            Cells::Integers(values, _, there)
            | Cells::Instants(values, there)
            | Cells::Locals(values, there) => values.get(row).copied().filter(|_| there.get(row)),
            Cells::Days(values, there) => values.get(row).map(|n| i64::from(*n)).filter(|_| there.get(row)),
            Cells::Booleans(values, there) => there.get(row).then(|| i64::from(values.get(row))),
            Cells::Texts(_) => None,
        };
        let Some(value) = value else {
            self.absent += 1;
            return Ok(Typed::Missing);
        };
        let sentinel = match &typed.sentinels {
            Sentinels::None => None,
            Sentinels::Integers(integers) => integers.get(&value).copied(),
            Sentinels::Spelt => {
                spell(cells, row, &mut self.spelt);
                self.missing.get(&self.spelt).copied()
            }
        };
        if let Some(at) = sentinel {
            self.count(at);
            return Ok(Typed::Missing);
        }
        let result = match typed.how {
            Take::Number { from, to, excess } => {
                number::rescale_number(value, from, to, excess).map(Typed::Number).map_err(|e| e.to_string())
            }
            Take::Duration { from, unit_micros } => number::rescale_duration(value, from, unit_micros)
                .map(Typed::Number)
                .map_err(|e| e.to_string()),
            Take::Boolean => Ok(Typed::Number(value)),
            Take::Instant => times.judge(value, false).map(Typed::from).map_err(|e| e.to_string()),
            Take::Local => times.shown(value).map(Typed::from).map_err(|e| e.to_string()),
            Take::Day => times.day(value, self.is_day).map(Typed::from).map_err(|e| e.to_string()),
        };
        result.map_err(|why| {
            spell(cells, row, &mut self.spelt);
            said(self.personal, &self.spelt, &why)
        })
    }

    fn count(&mut self, at: usize) {
        if let Some(count) = self.counts.get_mut(at) {
            count.count += 1;
        }
    }

    /// A cell by its text.
    fn text_at<'a>(&'a mut self, cells: &'a Cells, row: usize, times: &Times) -> Result<Typed<'a>, String> {
        let cell = match cells {
            Cells::Texts(texts) => texts.get(row),
            _ if spell(cells, row, &mut self.spelt) => Some(self.spelt.as_str()),
            _ => None,
        };
        let Some(cell) = cell else {
            self.absent += 1;
            return Ok(Typed::Missing);
        };
        let tidy = match self.tidy.text(cell) {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => {
                self.tidied = text;
                &self.tidied
            }
        };
        if let Some(at) = self.missing.get(tidy) {
            if let Some(count) = self.counts.get_mut(*at) {
                count.count += 1;
            }
            return Ok(Typed::Missing);
        }
        let text = self.replace.get(tidy).map_or(tidy, String::as_str);
        let text = if self.prefix.is_empty() {
            text
        } else {
            self.joined.clear();
            self.joined.push_str(&self.prefix);
            self.joined.push_str(text);
            &self.joined
        };
        if self.parse == Parse::Text {
            if self.tidy.hides(text) {
                self.hidden += 1;
            }
            return Ok(Typed::Text(text));
        }
        read(&self.parse, text, times, self.is_day).map_err(|why| said(self.personal, text, &why))
    }

    /// How many texts hold characters that nobody can see.
    pub fn hidden(&self) -> u64 {
        self.hidden
    }

    /// How often values were missing, by text and reason.
    pub fn missing(&self) -> impl Iterator<Item = MissingCount> + '_ {
        let absent = (self.absent > 0).then(|| MissingCount {
            attribute: self.attribute.clone(),
            column: self.column.clone(),
            text: String::new(),
            reason: "absent".to_owned(),
            count: self.absent,
            off_scale: false,
        });
        self.counts.iter().filter(|c| c.count > 0).cloned().chain(absent)
    }

    /// The counts as they stand, to go back to.
    pub fn counted(&self) -> Counted {
        let texts = self.counts.iter().map(|c| c.count).collect();
        Counted { texts, absent: self.absent, hidden: self.hidden }
    }

    /// Goes back to counts as they stood.
    pub fn uncount(&mut self, before: &Counted) {
        for (count, before) in self.counts.iter_mut().zip(&before.texts) {
            count.count = *before;
        }
        self.absent = before.absent;
        self.hidden = before.hidden;
    }
}

/// Texts as most files write them, which need not be tidied.
enum Quick {
    Number {
        scale: u8,
        mark: char,
    },
    /// Within these instants nothing else is to be known.
    Time {
        of_utc: Range<i64>,
        local: Range<i64>,
    },
}

impl Quick {
    /// The value; none: it is read at length.
    fn read(&self, text: &str) -> Option<i64> {
        match self {
            Self::Number { scale, mark } => number::plainly(text, *scale, *mark),
            Self::Time { of_utc, local } => {
                let (at, is_utc) = in_seconds(text.as_bytes())?;
                let inside = if is_utc { of_utc } else { local };
                inside.contains(&at).then_some(at)
            }
        }
    }
}

/// How typed cells are taken.
struct AsIs {
    how: Take,
    sentinels: Sentinels,
}

enum Take {
    Number { from: u8, to: u8, excess: Excess },
    Duration { from: u8, unit_micros: i64 },
    Instant,
    Local,
    Day,
    Boolean,
}

/// Which values stand for "no value".
enum Sentinels {
    None,
    /// These, with their positions in the counts.
    Integers(HashMap<i64, usize>),
    /// Those that are spelt so.
    Spelt,
}

/// Reads a text as what it should be.
fn read<'a>(parse: &'a Parse, text: &'a str, times: &Times, is_day: bool) -> Result<Typed<'a>, String> {
    Ok(match parse {
        Parse::Text => Typed::Text(text),
        Parse::Number { scale, decimal_mark, grouping_mark, percent_sign, excess } => {
            let marks = Marks { decimal: *decimal_mark, grouping: *grouping_mark };
            Typed::Number(
                number::parse_percent(text, *scale, marks, *percent_sign, *excess)
                    .map_err(|e| e.to_string())?,
            )
        }
        Parse::Duration { unit_micros, decimal_mark, grouping_mark, clock } => {
            let marks = Marks { decimal: *decimal_mark, grouping: *grouping_mark };
            let read = length::parse_length(text, *unit_micros, marks, *clock);
            Typed::Number(read.map_err(|e| e.to_string())?)
        }
        Parse::Epoch(epoch) => {
            let at = since_epoch(text, *epoch).map_err(|e| e.to_string())?;
            times.judge(at, is_day).map_err(|e| e.to_string())?.into()
        }
        Parse::Boolean { yes, no } => {
            let listed = |list: &[String], default: &[&str]| {
                if list.is_empty() {
                    default.iter().any(|t| t.eq_ignore_ascii_case(text))
                } else {
                    list.iter().any(|t| t.trim().eq_ignore_ascii_case(text))
                }
            };
            if listed(yes, &["true", "yes", "1"]) {
                Typed::Number(1)
            } else if listed(no, &["false", "no", "0"]) {
                Typed::Number(0)
            } else {
                return Err("is neither true nor false".to_owned());
            }
        }
        Parse::Date { format } => {
            times.date(text, format.as_deref(), is_day).map_err(|e| e.to_string())?.into()
        }
        Parse::Timestamp { format } => {
            times.timestamp(text, format.as_deref()).map_err(|e| e.to_string())?.into()
        }
        Parse::Enum { values: members, other } => {
            match (members.iter().find(|(from, _)| from.trim() == text), other) {
                (Some((_, member)), _) => Typed::Text(member),
                (None, EnumElse::Quarantine) => {
                    return Err("is not one of the listed values".to_owned());
                }
                (None, EnumElse::Missing) => Typed::Missing,
                (None, EnumElse::Value(member)) => Typed::Text(member),
            }
        }
    })
}

/// Why a cell cannot be read, with what stands there unless that is personal.
fn said(personal: bool, text: &str, why: &str) -> String {
    if personal { format!("its value {why}") } else { format!("`{}` {why}", shorten(text)) }
}

/// A text short enough for a message, with what nobody can see.
fn shorten(text: &str) -> String {
    let text = reveal(text);
    if text.chars().count() <= 60 {
        return text.into_owned();
    }
    text.chars().take(59).chain(['…']).collect()
}
