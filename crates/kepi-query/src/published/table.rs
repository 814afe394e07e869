//! Published rows in columns: what a run writes, and what readers hold of it.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use jiff::civil::Date;
use kepi_model::calendar::{Grain, ordinal_of_day};

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// 64-bit integer.
    Integer,
    /// Instant in µs UTC.
    Instant,
    /// Floating-point number.
    Number,
    /// Text.
    Text,
    /// Day.
    Day,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub type_: ColumnType,
}

/// A table of published rows: its name and its columns. The first six are those of [`Place`] in this order, whatever
/// their names.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Name of the table; also that of the kind of its subjects.
    pub name: &'static str,
    /// The columns. Later versions add at the end only.
    pub columns: &'static [ColumnSpec],
    /// Of forms whose figures can be restated, how that is told.
    pub restated: Option<Restated>,
}

/// How it is told that a figure is restated: that a final one said something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restated {
    /// Column that holds the number of the run whose final figure was another. It says nothing of the figure itself.
    pub column: usize,
    /// Column that is missing where a figure is final.
    pub open: usize,
    /// First and last of the columns that are the figure.
    pub figure: (usize, usize),
}

/// The columns that every form begins with.
pub struct Place;

impl Place {
    /// Number of the run that said it.
    pub const RUN: usize = 0;
    /// KPI or scorecard.
    pub const SUBJECT: usize = 1;
    /// Grain of the period, as YAML spells it.
    pub const GRAIN: usize = 2;
    /// First day of the period.
    pub const PERIOD: usize = 3;
    /// Segment in its canonical text, or unit; the empty text is the total.
    pub const SEGMENT: usize = 4;
    /// Why the figure is no longer computed; missing: it is.
    pub const WITHDRAWN: usize = 5;
    /// How many there are.
    pub const COUNT: usize = 6;
}

/// One value of a row.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// None.
    Missing,
    /// Of an integer or instant column.
    Integer(i64),
    /// Of a number column.
    Number(f64),
    /// Of a text column.
    Text(&'a str),
    /// Of a day column: days since 1970-01-01.
    Day(i32),
    /// Of a bytes column.
    Bytes(&'a [u8]),
}

impl Cell<'_> {
    /// Whether both are the same to the bit: a NaN is itself, and 0 is not −0.
    pub fn same(self, other: Cell<'_>) -> bool {
        match (self, other) {
            (Cell::Missing, Cell::Missing) => true,
            (Cell::Integer(a), Cell::Integer(b)) => a == b,
            (Cell::Number(a), Cell::Number(b)) => a.to_bits() == b.to_bits(),
            (Cell::Text(a), Cell::Text(b)) => a == b,
            (Cell::Day(a), Cell::Day(b)) => a == b,
            (Cell::Bytes(a), Cell::Bytes(b)) => a == b,
            _ => false,
        }
    }

    /// Appends a tag and the value, numbers little-endian, texts and bytes with their length before them.
    fn write(self, bytes: &mut Vec<u8>) {
        let mut long = |tag: u8, content: &[u8]| {
            bytes.push(tag);
            bytes.extend((content.len() as u64).to_le_bytes());
            bytes.extend(content);
        };
        match self {
            Cell::Missing => bytes.push(0),
            Cell::Integer(n) => long(1, &n.to_le_bytes()),
            Cell::Number(x) => long(2, &x.to_bits().to_le_bytes()),
            Cell::Text(text) => long(3, text.as_bytes()),
            Cell::Day(day) => long(4, &day.to_le_bytes()),
            Cell::Bytes(content) => long(5, content),
        }
    }
}

/// Values of one column; what is missing holds the type's zero and is marked in `missing`, which is empty while
/// nothing is.
#[derive(Debug, Clone, Default)]
pub struct Column {
    data: Data,
    missing: Vec<bool>,
}

/// What a column holds, by its type.
#[derive(Debug, Clone)]
pub enum Data {
    /// Integers and instants.
    Integers(Vec<i64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Days since 1970-01-01.
    Days(Vec<i32>),
    /// Texts: most repeat.
    Texts {
        /// Of each row the place of its text.
        codes: Vec<u32>,
        /// The texts, each once.
        texts: Vec<Arc<str>>,
    },
    /// Bytes.
    Bytes {
        /// Of each row where its bytes end.
        ends: Vec<usize>,
        /// All bytes.
        data: Vec<u8>,
    },
}

impl Data {
    /// No values of a type.
    pub fn of(type_: ColumnType) -> Self {
        match type_ {
            ColumnType::Integer | ColumnType::Instant => Self::Integers(Vec::new()),
            ColumnType::Number => Self::Numbers(Vec::new()),
            ColumnType::Day => Self::Days(Vec::new()),
            ColumnType::Text => Self::Texts { codes: Vec::new(), texts: Vec::new() },
            ColumnType::Bytes => Self::Bytes { ends: Vec::new(), data: Vec::new() },
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

impl Column {
    fn new(type_: ColumnType) -> Self {
        Self { data: Data::of(type_), missing: Vec::new() }
    }

    /// A column that was read. `missing` says of each row whether it is; empty: none is.
    pub fn from_parts(data: Data, missing: Vec<bool>) -> Self {
        Self { data, missing }
    }
    /// What it holds; the type's zero where a row is missing.
    pub fn data(&self) -> &Data {
        &self.data
    }
    /// Of each row whether it is missing; empty: none is.
    pub fn missing(&self) -> &[bool] {
        &self.missing
    }

    /// The value of a row; what is not there is missing.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        if self.missing.get(row).copied().unwrap_or(false) {
            return Cell::Missing;
        }
        let found = match &self.data {
            Data::Integers(values) => values.get(row).map(|n| Cell::Integer(*n)),
            Data::Numbers(values) => values.get(row).map(|x| Cell::Number(*x)),
            Data::Days(values) => values.get(row).map(|day| Cell::Day(*day)),
            Data::Texts { codes, texts } => {
                codes.get(row).and_then(|code| texts.get(*code as usize)).map(|text| Cell::Text(text))
            }
            Data::Bytes { ends, data } => {
                let start = row.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied());
                start.zip(ends.get(row)).and_then(|(start, end)| data.get(start..*end)).map(Cell::Bytes)
            }
        };
        found.unwrap_or(Cell::Missing)
    }

    fn text(&self, row: usize) -> &str {
        match self.cell(row) {
            Cell::Text(text) => text,
            _ => "",
        }
    }

    /// For sorting: of each row how its text stands among all texts of the column, or its number.
    fn ranks(&self, rows: usize) -> Vec<i64> {
        match &self.data {
            Data::Texts { codes, texts } => {
                let mut order: Vec<u32> = (0..texts.len() as u32).collect();
                let text = |code: u32| texts.get(code as usize);
                order.sort_unstable_by(|a, b| text(*a).cmp(&text(*b)));
                let mut ranks = vec![0i64; texts.len()];
                for (rank, code) in order.into_iter().enumerate() {
                    if let Some(slot) = ranks.get_mut(code as usize) {
                        *slot = rank as i64;
                    }
                }
                codes.iter().map(|code| ranks.get(*code as usize).copied().unwrap_or(0)).collect()
            }
            Data::Days(values) => values.iter().map(|day| i64::from(*day)).collect(),
            Data::Integers(values) => values.clone(),
            Data::Numbers(_) | Data::Bytes { .. } => vec![0; rows],
        }
    }

    /// The rows named, in this order.
    fn take(&self, rows: &[u32]) -> Self {
        fn of<T: Copy + Default>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values.get(*row as usize).copied().unwrap_or_default()).collect()
        }
        let data = match &self.data {
            Data::Integers(values) => Data::Integers(of(values, rows)),
            Data::Numbers(values) => Data::Numbers(of(values, rows)),
            Data::Days(values) => Data::Days(of(values, rows)),
            Data::Texts { codes, texts } => Data::Texts { codes: of(codes, rows), texts: texts.clone() },
            Data::Bytes { .. } => {
                let (mut ends, mut data) = (Vec::with_capacity(rows.len()), Vec::new());
                for row in rows {
                    if let Cell::Bytes(content) = self.cell(*row as usize) {
                        data.extend(content);
                    }
                    ends.push(data.len());
                }
                Data::Bytes { ends, data }
            }
        };
        let missing = if self.missing.is_empty() { Vec::new() } else { of(&self.missing, rows) };
        Self { data, missing }
    }
}

/// Rows of a form.
#[derive(Debug, Clone)]
pub struct Table {
    form: &'static Form,
    rows: usize,
    columns: Vec<Column>,
}

impl Table {
    /// No rows.
    pub fn empty(form: &'static Form) -> Self {
        Self { form, rows: 0, columns: form.columns.iter().map(|c| Column::new(c.type_)).collect() }
    }
    /// Rows that were read: columns of `rows` values each. Columns that the form has and `columns` has not are missing
    /// throughout.
    pub fn from_columns(form: &'static Form, rows: usize, columns: Vec<Option<Column>>) -> Self {
        let mut columns = columns.into_iter();
        let empty = |type_| {
            let mut column = Column::new(type_);
            (0..rows).for_each(|_| column.data.push_default());
            column.missing = vec![true; rows];
            column
        };
        let columns =
            form.columns.iter().map(|spec| columns.next().flatten().unwrap_or_else(|| empty(spec.type_)));
        Self { form, rows, columns: columns.collect() }
    }
    /// Its form.
    pub fn form(&self) -> &'static Form {
        self.form
    }
    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
    /// The columns, in the order of the form.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
    /// A value.
    pub fn cell(&self, column: usize, row: usize) -> Cell<'_> {
        self.columns.get(column).map_or(Cell::Missing, |c| c.cell(row))
    }
    /// An integer or instant, if there is one.
    pub fn integer(&self, column: usize, row: usize) -> Option<i64> {
        match self.cell(column, row) {
            Cell::Integer(n) => Some(n),
            _ => None,
        }
    }
    /// A text, empty if there is none.
    pub fn text(&self, column: usize, row: usize) -> &str {
        self.columns.get(column).map_or("", |c| c.text(row))
    }
    /// Number of the run that said it.
    pub fn run(&self, row: usize) -> i64 {
        self.integer(Place::RUN, row).unwrap_or(0)
    }
    /// KPI or scorecard.
    pub fn subject(&self, row: usize) -> &str {
        self.text(Place::SUBJECT, row)
    }
    /// Grain in the spelling of YAML.
    pub fn grain(&self, row: usize) -> &str {
        self.text(Place::GRAIN, row)
    }
    /// First day of the period, in days since 1970-01-01.
    pub fn period(&self, row: usize) -> i32 {
        match self.cell(Place::PERIOD, row) {
            Cell::Day(day) => day,
            _ => 0,
        }
    }
    /// Segment or unit.
    pub fn segment(&self, row: usize) -> &str {
        self.text(Place::SEGMENT, row)
    }
    /// Why it is withdrawn; empty if it is not.
    pub fn withdrawn(&self, row: usize) -> &str {
        self.text(Place::WITHDRAWN, row)
    }
    /// What a figure is of: subject, grain, segment, period. Tables are sorted by it.
    pub fn key(&self, row: usize) -> (&str, &str, &str, i32) {
        (self.subject(row), self.grain(row), self.segment(row), self.period(row))
    }

    /// Whether a row says the same as one of another table of the form, runs apart.
    pub fn says_the_same(&self, row: usize, other: &Table, its: usize) -> bool {
        let aside = self.form.restated.map_or(usize::MAX, |of| of.column);
        let pairs = self.columns.iter().zip(&other.columns).enumerate().skip(Place::WITHDRAWN);
        pairs.into_iter().all(|(at, (a, b))| at == aside || a.cell(row).same(b.cell(its)))
    }

    /// The run whose final figure a row restates, if `other` has what was said before at row `its`: that of this row,
    /// or the one that it restates itself.
    pub fn restates(&self, row: usize, other: &Table, its: usize) -> Option<i64> {
        let of = self.form.restated?;
        let is_final = matches!(other.cell(of.open, its), Cell::Missing) && other.withdrawn(its).is_empty();
        let other_figure =
            (of.figure.0..=of.figure.1).any(|at| !self.cell(at, row).same(other.cell(at, its)));
        if is_final && other_figure { Some(other.run(its)) } else { other.integer(of.column, its) }
    }

    /// The rows named, in this order.
    #[must_use]
    pub fn take(&self, rows: &[u32]) -> Self {
        Self {
            form: self.form,
            rows: rows.len(),
            columns: self.columns.iter().map(|column| column.take(rows)).collect(),
        }
    }

    /// Rows of which `keep` is true.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<u32> = (0..self.rows).filter(|row| keep(*row)).map(|row| row as u32).collect();
        if rows.len() == self.rows { self.clone() } else { self.take(&rows) }
    }

    /// Sorted by key, rows of one key by `rank` of their run.
    #[must_use]
    pub fn sorted(self, rank: impl Fn(i64) -> i64) -> Self {
        let ranks = |column: usize| {
            self.columns.get(column).map(|c| c.ranks(self.rows)).unwrap_or_else(|| vec![0; self.rows])
        };
        let columns = [Place::SUBJECT, Place::GRAIN, Place::SEGMENT, Place::PERIOD].map(ranks);
        let keys = (0..self.rows).map(|row| {
            let at = |ranks: &Vec<i64>| ranks.get(row).copied().unwrap_or(0);
            let [subject, grain, segment, period] = &columns;
            ((at(subject), at(grain), at(segment), at(period), rank(self.run(row))), row as u32)
        });
        let mut keys: Vec<_> = keys.collect();
        if keys.is_sorted() {
            return self;
        }
        keys.sort_unstable();
        let order: Vec<u32> = keys.into_iter().map(|(_, row)| row).collect();
        self.take(&order)
    }

    /// Writes the canonical bytes of a row, by which it is sealed, over `bytes`.
    pub fn row_bytes(&self, row: usize, bytes: &mut Vec<u8>) {
        bytes.clear();
        self.columns.iter().for_each(|column| column.cell(row).write(bytes));
    }
}

/// The newest row of each key over tables of one form, sorted by key; `rank` orders runs.
pub fn newest(form: &'static Form, tables: &[Table], rank: impl Fn(i64) -> i64) -> Table {
    let all = match tables {
        [one] => one.clone().sorted(rank),
        many => {
            let mut builder = TableBuilder::new(form);
            many.iter().for_each(|table| builder.append(table));
            builder.finish().sorted(rank)
        }
    };
    let last = |row: usize| row + 1 >= all.rows() || all.key(row).cmp(&all.key(row + 1)) != Ordering::Equal;
    all.filter(last)
}

/// Builds a table row by row.
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
    /// Codes of the texts of each column.
    known: Vec<HashMap<Arc<str>, u32>>,
}

impl TableBuilder {
    /// Begins one.
    pub fn new(form: &'static Form) -> Self {
        Self { table: Table::empty(form), known: form.columns.iter().map(|_| HashMap::new()).collect() }
    }

    /// Appends a row; columns beyond the end of `cells` are missing, and so is what is not of its column's type.
    pub fn push<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        let mut cells = cells.into_iter();
        let row = self.table.rows;
        for (column, known) in self.table.columns.iter_mut().zip(&mut self.known) {
            column.push(row, cells.next().unwrap_or(Cell::Missing), known);
        }
        self.table.rows += 1;
    }

    /// Appends all rows of a table of the same form.
    pub fn append(&mut self, other: &Table) {
        let before = self.table.rows;
        for ((column, known), from) in self.table.columns.iter_mut().zip(&mut self.known).zip(&other.columns)
        {
            column.append(before, from, other.rows, known);
        }
        self.table.rows += other.rows;
    }

    /// The table.
    pub fn finish(self) -> Table {
        self.table
    }
}

fn intern(texts: &mut Vec<Arc<str>>, known: &mut HashMap<Arc<str>, u32>, text: &Arc<str>) -> u32 {
    if let Some(code) = known.get(text) {
        return *code;
    }
    let code = texts.len() as u32;
    texts.push(Arc::clone(text));
    known.insert(Arc::clone(text), code);
    code
}

impl Column {
    fn push(&mut self, row: usize, cell: Cell<'_>, known: &mut HashMap<Arc<str>, u32>) {
        let fits = match (&mut self.data, cell) {
            (Data::Integers(values), Cell::Integer(n)) => {
                values.push(n);
                true
            }
            (Data::Numbers(values), Cell::Number(x)) => {
                values.push(x);
                true
            }
            (Data::Days(values), Cell::Day(day)) => {
                values.push(day);
                true
            }
            (Data::Texts { codes, texts }, Cell::Text(text)) => {
                // Rows come sorted: most texts are the one before.
                let last = codes.last().copied();
                let same = last.filter(|code| texts.get(*code as usize).is_some_and(|t| t.as_ref() == text));
                let code = match same.or_else(|| known.get(text).copied()) {
                    Some(code) => code,
                    None => intern(texts, known, &Arc::from(text)),
                };
                codes.push(code);
                true
            }
            (Data::Bytes { ends, data }, Cell::Bytes(content)) => {
                data.extend(content);
                ends.push(data.len());
                true
            }
            (data, _) => {
                data.push_default();
                false
            }
        };
        if !fits {
            self.missing.resize(row, false);
            self.missing.push(true);
        } else if !self.missing.is_empty() {
            self.missing.push(false);
        }
    }

    fn append(&mut self, before: usize, from: &Column, rows: usize, known: &mut HashMap<Arc<str>, u32>) {
        match (&mut self.data, &from.data) {
            (Data::Integers(to), Data::Integers(values)) => to.extend(values),
            (Data::Numbers(to), Data::Numbers(values)) => to.extend(values),
            (Data::Days(to), Data::Days(values)) => to.extend(values),
            (Data::Texts { codes, texts }, Data::Texts { codes: more, texts: theirs }) => {
                let map: Vec<u32> = theirs.iter().map(|text| intern(texts, known, text)).collect();
                codes.extend(more.iter().map(|code| map.get(*code as usize).copied().unwrap_or(0)));
            }
            (Data::Bytes { ends, data }, Data::Bytes { ends: theirs, data: more }) => {
                let start = data.len();
                data.extend(more);
                ends.extend(theirs.iter().map(|end| start + end));
            }
            // Columns of one form have one type each.
            _ => (0..rows).for_each(|_| self.data.push_default()),
        }
        if !self.missing.is_empty() || !from.missing.is_empty() {
            self.missing.resize(before, false);
            self.missing.extend(&from.missing);
            self.missing.resize(before + rows, false);
        }
    }
}

impl Data {
    fn push_default(&mut self) {
        match self {
            Self::Integers(values) => values.push(0),
            Self::Numbers(values) => values.push(0.0),
            Self::Days(values) => values.push(0),
            // No code: whoever asks is told before that it is missing.
            Self::Texts { codes, .. } => codes.push(u32::MAX),
            Self::Bytes { ends, data } => ends.push(data.len()),
        }
    }
}

/// A published row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a published row cannot be read: {0}")]
pub struct Corrupt(pub String);

/// A day in days since 1970-01-01.
pub(super) fn days(day: Date) -> i32 {
    ordinal_of_day(day)
}

/// All grains, shortest first.
pub const GRAINS: [Grain; 6] =
    [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::HalfYear, Grain::Year];

/// A grain in the spelling of YAML.
pub fn grain_text(grain: Grain) -> &'static str {
    match grain {
        Grain::Day => "day",
        Grain::Week => "week",
        Grain::Month => "month",
        Grain::Quarter => "quarter",
        Grain::HalfYear => "half_year",
        Grain::Year => "year",
    }
}
