//! What can go wrong in the lake; every message says where and what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use kepi_model::id::{AttributeId, EntityId, Hash, RuleId};
use kepi_query::{bucket::is_unreachable, landing::PortError};
use kepi_store::StoreError;

/// Why the lake itself cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The database could not be read or written.
    #[error("{0}{room}", room = room_in_database(.0))]
    Store(#[from] StoreError),
    /// A file or folder of the lake could not be read or written.
    #[error("`{path}` of the lake could not be {doing}: {source}{room}", room = room(source), path = path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was tried, such as `written`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A Parquet file of the lake could not be read or written.
    #[error("`{path}` of the lake could not be {doing}: {reason}", path = path.display())]
    Parquet {
        /// File.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why.
        reason: String,
    },
    /// Files the catalogue names are not as they were written; reading on would give other figures.
    #[error("the lake is damaged: {}; {WAY_OUT}", damaged(.0))]
    Damaged(Vec<DamagedFile>),
    /// The catalogue holds something unreadable.
    #[error("the catalogue of the lake holds something unreadable: {0}")]
    Corrupt(String),
    /// A part of the key index is not as it was written. It is made anew.
    #[error("`{path}` of the key index is not as it was written", path = .0.display())]
    Index(PathBuf),
    /// The files lie in a bucket that was not named.
    #[error("the files of the lake lie in `{0}`: name it by `--lake` or KEPI_LAKE")]
    Elsewhere(String),
    /// Another place was named, to which not all files can be brought.
    #[error(
        "the lake is not moved from `{from}` to `{to}`, for of its files {}, and it is not there either: copy there what lies in the \
         other place, or name that by `--lake` or KEPI_LAKE",
        damaged(.missing)
    )]
    Unmoved {
        /// Where it lies.
        from: String,
        /// Where it was to lie.
        to: String,
        /// Files that are neither here nor there.
        missing: Vec<DamagedFile>,
    },
    /// A place in a bucket that others use.
    #[error(
        "in `{0}` lies the lake of another project or database: name a place of its own by `--lake` or KEPI_LAKE, such as another \
             prefix; if nobody needs that lake any more, remove all that lies there"
    )]
    OfAnother(String),
    /// A worker thread broke off.
    #[error("a worker of the lake broke off: {0}")]
    Worker(String),
    /// A snapshot that does not exist.
    #[error("the lake has no snapshot {0}; the latest is {1}")]
    NoSnapshot(i64, i64),
}

/// What to do when there is no room: a load that breaks off leaves nothing behind, so it can simply be run again.
const MAKE_ROOM: &str = "; make room and run it again, nothing of the file has landed";

pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn room(error: &io::Error) -> &'static str {
    if is_full(error) { MAKE_ROOM } else { "" }
}

fn room_in_database(error: &StoreError) -> &'static str {
    if error.no_room() { MAKE_ROOM } else { "" }
}

/// What to do about a damaged file.
pub const WAY_OUT: &str = "restore it from a backup; without one, move `.kepi` away (and drop the schema, if it is in \
                           PostgreSQL) and run `kepi run`: the sources land anew, what was published before is lost";

/// A file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedFile {
    /// Where it should be.
    pub path: PathBuf,
    /// How it differs.
    pub damage: Damage,
}

/// How a file differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is shorter or longer.
    #[error("has {found} bytes instead of {expected}")]
    Length {
        /// Bytes written.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// It has other bytes.
    #[error("has other content than was written (BLAKE3 {} instead of {})", found.short(), expected.short())]
    Content {
        /// Checksum of what was written.
        expected: Hash,
        /// Checksum of what is there.
        found: Hash,
    },
    /// The disk does not give it back.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

fn damaged(files: &[DamagedFile]) -> String {
    let shown: Vec<String> =
        files.iter().take(3).map(|f| format!("`{}` {}", f.path.display(), f.damage)).collect();
    let more = files.len().saturating_sub(shown.len());
    format!("{}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}

/// Why a file was not landed. Nothing of it is in the lake.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// What is to be erased is not there, or not named whole.
    #[error("{0}")]
    Erase(String),
    /// No such file.
    #[error("`{path}` is not there; check `files` of the source")]
    NoFile {
        /// The file.
        path: String,
    },
    /// A pattern that nothing matches.
    #[error("no file matches `{pattern}` below `{root}`; check `files` of the source")]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// Where it was looked for.
        root: String,
    },
    /// A pattern that no copied object matches.
    #[error(
        "no object of `{connection}` matches `{pattern}`; check `files` of the source, and run without `--no-fetch`"
    )]
    NoObject {
        /// The pattern.
        pattern: String,
        /// The connection.
        connection: String,
    },
    /// What a pattern matches is neither a file nor a folder.
    #[error("`{path}` {why}")]
    NotAFile {
        /// Where it is.
        path: String,
        /// What it is and what to do.
        why: &'static str,
    },
    /// A pattern that is not one.
    #[error("`{pattern}` is not a path or glob: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// It could not be read.
    #[error("`{path}` could not be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing in it.
    #[error(
        "`{path}` is empty, without even a header; write its header if there are no rows, or take it away"
    )]
    Empty {
        /// The file.
        path: String,
    },
    /// It ends before the header.
    #[error("`{path}` has {lines} lines, but `header_row` is {header_row}")]
    NoHeader {
        /// The file.
        path: String,
        /// What the source says.
        header_row: u32,
        /// What is there.
        lines: u32,
    },
    /// An encoding nobody knows.
    #[error(
        "`{label}` is not an encoding; use a label of the WHATWG Encoding Standard such as `utf-8` or `windows-1252`"
    )]
    UnknownEncoding {
        /// The label.
        label: String,
    },
    /// It is not in the declared encoding.
    #[error("`{path}` line {line}: {reason}; set `encoding` of the source")]
    Encoding {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What was seen.
        reason: String,
    },
    /// The header opens a quote and does not close it in its line.
    #[error(
        "`{path}` line {line}: the quote that opens in field {field} of the header does not close where the field ends; \
         close it, or double it if it is part of the name"
    )]
    OpenQuote {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// Position of the field, from 1.
        field: usize,
    },
    /// It ends within quotes.
    #[error(
        "`{path}` ends inside the quoted field {field} of line {line}: it is cut off, or has one quote too many; land it \
         again when it is complete"
    )]
    CutOff {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// Position of the field, from 1.
        field: usize,
    },
    /// A record or header beyond what is read.
    #[error(
        "`{path}` line {line}: the {what} is longer than {mebibytes} MiB; check that the file is whole, and that the \
         source names its format and delimiter"
    )]
    TooLong {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// `record` or `header`.
        what: &'static str,
        /// How long it may be.
        mebibytes: usize,
    },
    /// More columns than are read.
    #[error(
        "`{path}` has {columns} columns, more than the {most} that are read; check the delimiter of the source"
    )]
    TooManyColumns {
        /// The file.
        path: String,
        /// How many.
        columns: usize,
        /// How many there may be.
        most: usize,
    },
    /// A mapped column of which there are several.
    #[error(
        "`{path}`: columns {first} and {second} are both named `{column}`, which `{attribute}` is mapped from; say which \
         one: `{column}[1]` is the first of them, `{column}[2]` the second"
    )]
    RepeatedColumn {
        /// The file.
        path: String,
        /// What is mapped from it.
        attribute: AttributeId,
        /// The name.
        column: String,
        /// Position of the first, from 1.
        first: usize,
        /// Position of the second, from 1.
        second: usize,
    },
    /// A mapped column that the file does not have.
    #[error("`{path}` has no column `{column}`, which `{attribute}` is mapped from; {}", way_out(.closest.as_deref(), .available))]
    NoColumn {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What is mapped from it.
        attribute: AttributeId,
        /// A column that is spelt alike.
        closest: Option<String>,
        /// All columns.
        available: Vec<String>,
    },
    /// A sheet of a workbook that cannot be read as rows below a header.
    #[error("`{path}`: {reason}")]
    Sheet {
        /// The file.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Columns to become rows that the file does not have.
    #[error("`{path}` has no column `{pattern}` to make rows of; {}", way_out(None, .available))]
    NoUnpivot {
        /// The file.
        path: String,
        /// What the source says.
        pattern: String,
        /// All columns.
        available: Vec<String>,
    },
    /// A mapped column whose values are not single ones.
    #[error(
        "`{path}`: the column `{column}` is {kind}, which has no text; take it apart before it lands, or map another"
    )]
    NoText {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What it is, such as `a list`.
        kind: String,
    },
    /// Not a file of its format.
    #[error("`{path}` is not {format}: {reason}")]
    Format {
        /// The file.
        path: String,
        /// The format, such as `Parquet`.
        format: &'static str,
        /// Why.
        reason: String,
    },
    /// A rule with `else: stop` was broken.
    #[error("`{path}` was not landed: rule `{rule}` stops it: {reason}")]
    Stopped {
        /// The file.
        path: String,
        /// The rule.
        rule: RuleId,
        /// How it was broken.
        reason: String,
    },
    /// The file was written to while it was read.
    #[error("`{path}` changed while it was read; land it again when it is complete")]
    Changed {
        /// The file.
        path: String,
    },
    /// Another run has fetched and landed what comes at this place.
    #[error(
        "`{path}` was not landed: another run has fetched the source meanwhile, and what it brought has landed"
    )]
    Overtaken {
        /// The file.
        path: String,
    },
    /// The source or its entity is not in the project, or they do not agree.
    #[error("source `{0}` does not fit the project: {1}")]
    Definition(String, String),
    /// An attribute was declared otherwise when its column was made.
    #[error(
        "`{entity}.{attribute}` is stored as {stored}, but now declared as {declared}; give the attribute another name, or begin a new lake"
    )]
    TypeChanged {
        /// Entity.
        entity: EntityId,
        /// Attribute.
        attribute: String,
        /// Type in the lake.
        stored: String,
        /// Type in the project.
        declared: String,
    },
    /// Others kept changing the same table.
    #[error("`{path}` could not be landed: others changed the table {attempts} times meanwhile; try again")]
    Conflict {
        /// The file.
        path: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The counts of a load do not add up: a defect of kepi, so nothing was landed.
    #[error(
        "`{path}` was not landed: its rows do not add up ({detail}); this is a defect of kepi, please report it"
    )]
    Accounting {
        /// The file.
        path: String,
        /// The counts.
        detail: String,
    },
    /// A reader that is not the lake's could not go on.
    #[error("{0}")]
    Reader(PortError),
    /// The lake could not be used.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl LandError {
    /// Whether no other file would fare better: the database or the bucket refuses, or the disk is full.
    pub fn stops_all(&self) -> bool {
        match self {
            Self::Lake(LakeError::Store(_)) => true,
            Self::Lake(LakeError::Io { source, .. }) | Self::Read { source, .. } => {
                is_full(source) || is_unreachable(source)
            }
            _ => false,
        }
    }

    /// What came back through a port, where it was boxed.
    pub(crate) fn from_port(error: PortError) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(other) => Self::Reader(other),
        }
    }
}

fn way_out(closest: Option<&str>, available: &[String]) -> String {
    match closest {
        Some(c) => format!("did you mean `{c}`?"),
        None => {
            let shown: Vec<String> = available.iter().take(12).map(|c| format!("`{c}`")).collect();
            let more = if available.len() > shown.len() { " …" } else { "" };
            format!("it has {}{more}", shown.join(", "))
        }
    }
}

impl From<StoreError> for LandError {
    fn from(e: StoreError) -> Self {
        Self::Lake(e.into())
    }
}

/// What the file system said of a file.
pub(crate) fn io(path: &Path, doing: &'static str, source: std::io::Error) -> LakeError {
    LakeError::Io { path: path.to_owned(), doing, source }
}

/// What became of a Parquet file that was being written.
pub(crate) fn written(path: &Path, error: parquet::errors::ParquetError) -> LakeError {
    let error = match error {
        // What the disk said, not only in words: a full one has a way out.
        parquet::errors::ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => return io(path, "written", *source),
            Err(other) => parquet::errors::ParquetError::External(other),
        },
        other => other,
    };
    LakeError::Parquet { path: path.to_owned(), doing: "written", reason: error.to_string() }
}
