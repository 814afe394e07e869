//! What an audit can find: each kind with its code, what was expected and what to do.

use serde::Serialize;

/// A kind of finding. Codes are never used again for something else.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// `A` and four digits; the first two say of what: 01 the log, 02 checkpoints, 03 projections, 04 records.
    pub code: &'static str,
    /// Whether it speaks for a change, or only weakens the proof that there was none.
    pub severity: Severity,
    /// What was expected.
    pub expected: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something is not what it was.
    Error,
    /// Nothing was changed, as far as can be seen, but less is proved than could be.
    Warning,
}

/// Something that an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where: an event, a table, a file.
    pub place: String,
    /// What is so.
    pub message: String,
    /// What was expected.
    pub expected: &'static str,
    /// What to do.
    pub fix: &'static str,
}

const RESTORE: &str = "keep this database as evidence, restore a backup that `kepi audit verify` finds whole, and ask who could write \
                       to the database";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $code:literal, $severity:ident, $expected:expr, $fix:expr;)*) => {
        $($(#[$doc])* pub const $name: &Kind =
            &Kind { code: $code, severity: Severity::$severity, expected: $expected, fix: $fix };)*
        /// All kinds, in the order of their codes.
        pub const KINDS: &[&Kind] = &[$($name),*];
    };
}

kinds! {
    /// A position without an event.
    MISSING, "A0101", Error, "positions 1, 2, 3 … without gaps up to the head of the log", RESTORE;
    /// An event that cannot be read.
    UNREADABLE, "A0102", Error, "an event of a known kind whose body is canonical JSON", RESTORE;
    /// An event that is not what its leaf says.
    CHANGED, "A0103", Error, "the event that was appended: its hash is the leaf of the tree", RESTORE;
    /// A hash of the tree that is not that over what is below it.
    TREE, "A0104", Error, "every hash of the tree, each over the two below it, and no other", RESTORE;
    /// The head says another size.
    HEAD, "A0105", Error, "the head of the log at its last event", RESTORE;
    /// An event out of order.
    ORDER, "A0106", Error, "events about one subject counted without gaps, and times that do not go back", RESTORE;
    /// A checkpoint that nobody known has signed.
    UNSIGNED, "A0201", Error, "a signed note of C2SP by a known key over an unchanged text",
        "if it was signed with an earlier key, name that with `--key`; else somebody wrote it who could not sign";
    /// A checkpoint with another root than the log has.
    REWRITTEN, "A0202", Error, "at the size of every checkpoint the root that was signed",
        "history was written anew, or the log was forked from a copy: compare with the bundles and checkpoints that others hold";
    /// A log that is shorter than a checkpoint says.
    SHORTENED, "A0203", Error, "at least as many events as were signed for",
        "the end of the log was cut off, or an old backup was restored: restore the newest, and keep this one as evidence";
    /// A checkpoint that stands outside only.
    LOST, "A0204", Error, "every checkpoint of the file in the database, too",
        "checkpoints were taken out of the database, or an old backup was restored: restore the newest";
    /// A checkpoint that does not stand outside.
    NOT_OUTSIDE, "A0205", Warning, "every checkpoint of the database in the file outside, too",
        "if the file was moved, move what stood in it along; else the next `kepi run` or `kepi audit checkpoint` writes it again";
    /// A checkpoint of another log.
    FOREIGN, "A0206", Error, "checkpoints that begin with the name of this log",
        "the database is not the one that was signed for, or the file is another project's: look at `--store` and `--checkpoints`";
    /// Events that no checkpoint covers.
    NOT_COVERED, "A0207", Warning, "a checkpoint after the last event",
        "`kepi audit checkpoint` signs the log as it stands; until then these events are held by the tree alone";
    /// The signing key can be read by others.
    OPEN_KEY, "A0208", Warning, "a key that only its owner may read", "`chmod 600` on the file; who has read it can sign";
    /// A key lies beside the one that signs.
    BROKE_OFF, "A0209", Warning, "one key",
        "a change of keys broke off: `kepi audit rotate` goes through with it, or begins anew where nobody was handed over to";
    /// A row of a projection that the log does not say.
    PROJECTION, "A0301", Error, "the rows that folding the log gives", "`kepi audit rebuild` makes them anew from the log";
    /// A record that is not what its event committed to.
    RECORD, "A0401", Error, "the row that the event committed to", RESTORE;
    /// A text that is not the one committed to.
    TEXT, "A0402", Error, "the text whose commitment it stands under", RESTORE;
    /// A run that is not what its event says.
    RUN, "A0403", Error, "the pins and the vouching that `run.published` sealed", RESTORE;
    /// Published rows that are not those that were sealed.
    FIGURES, "A0404", Error, "the rows whose root `run.published` sealed",
        "keep the files as evidence, restore those of a backup, and see `kepi check --data` for which file it is";
}

/// How many findings of a kind are listed; the rest is counted.
const MOST: u64 = 20;

/// Findings as they come, not too many of a kind.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<(&'static Kind, Finding)>,
    more: Vec<(&'static Kind, u64)>,
}

impl Findings {
    pub(crate) fn add(&mut self, kind: &'static Kind, place: impl Into<String>, message: impl Into<String>) {
        let of_kind = self.listed.iter().filter(|(k, _)| *k == kind).count() as u64;
        if of_kind < MOST {
            return self.listed.push((kind, Finding::new(kind, place, message)));
        }
        match self.more.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => *n += 1,
            None => self.more.push((kind, 1)),
        }
    }

    /// Whether there is none of a kind yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// All, by code.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        for (kind, n) in std::mem::take(&mut self.more) {
            self.listed
                .push((kind, Finding::new(kind, "further places", format!("{n} more like those above"))));
        }
        self.listed.sort_by_key(|(kind, _)| kind.code);
        self.listed.into_iter().map(|(_, finding)| finding).collect()
    }
}

impl Finding {
    /// A finding of a kind.
    pub fn new(kind: &'static Kind, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: kind.code,
            severity: kind.severity,
            place: place.into(),
            message: message.into(),
            expected: kind.expected,
            fix: kind.fix,
        }
    }
}
