//! The register: which text of each definition is in force on which day, because an adoption said so.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::civil::Date;
use kepi_model::id::{Hash, is_name};
use kepi_proof::Commitment;
use serde::{Deserialize, Serialize};

use crate::{event::DefinitionAdopted, plain::NotPlain};

/// The kind of document whose name is a person's.
const PERSON: &str = "person";
/// The kind of document whose name is never given to another.
const KPI: &str = "kpi";

/// A definition by kind and name, such as `kpi/nps`. The name of a person is itself a text that may have to be
/// forgotten: it is a commitment, made at the first adoption and kept from then on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DocumentId {
    /// Any kind but a person.
    Named {
        /// The kind: the document's first key.
        kind: String,
        /// The name.
        name: String,
    },
    /// A person, by the commitment to the name.
    Person(Commitment),
}

impl DocumentId {
    /// Of a document whose name may be known for ever; none for a person, or if either part is no name.
    pub fn named(kind: &str, name: &str) -> Option<Self> {
        let fits = kind != PERSON && is_name(kind) && is_name(name);
        fits.then(|| Self::Named { kind: kind.to_owned(), name: name.to_owned() })
    }

    /// Whether documents of this kind have their names committed to.
    pub fn is_private(kind: &str) -> bool {
        kind == PERSON
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { kind, name } => write!(f, "{kind}/{name}"),
            Self::Person(name) => write!(f, "{PERSON}/{name}"),
        }
    }
}

impl FromStr for DocumentId {
    type Err = NotPlain;

    fn from_str(text: &str) -> Result<Self, NotPlain> {
        let found = match text.split_once('/') {
            Some((PERSON, name)) => name.parse().ok().map(Self::Person),
            Some((kind, name)) => Self::named(kind, name),
            None => None,
        };
        found.ok_or_else(|| NotPlain::new(text, "a definition such as `kpi/nps`"))
    }
}

impl TryFrom<String> for DocumentId {
    type Error = NotPlain;
    fn try_from(text: String) -> Result<Self, NotPlain> {
        text.parse()
    }
}

impl From<DocumentId> for String {
    fn from(id: DocumentId) -> String {
        id.to_string()
    }
}

/// From when on something holds. Earlier ones are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effective {
    /// On every day.
    Ever,
    /// From the beginning of a day.
    From(Date),
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ever => f.write_str("ever"),
            Self::From(day) => write!(f, "{day}"),
        }
    }
}

impl FromStr for Effective {
    type Err = NotPlain;

    fn from_str(text: &str) -> Result<Self, NotPlain> {
        if text == "ever" {
            return Ok(Self::Ever);
        }
        let day = text.parse::<Date>().ok().map(Self::From);
        day.filter(|d| d.to_string() == text).ok_or_else(|| NotPlain::new(text, "`ever` or a day"))
    }
}

/// What an adoption says of one definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Adopted {
    /// Its text; none: it is gone.
    pub text: Option<Commitment>,
    /// The hash of what it means, for kinds that have one.
    pub meaning: Option<Hash>,
}

/// Something that holds from a day on, as the adoption at `seq` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dated<T> {
    from: Effective,
    seq: u64,
    what: T,
}

/// Adds an adoption. Those that begin no earlier can never again be the last one on any day.
fn add<T>(held: &mut Vec<Dated<T>>, new: Dated<T>) {
    held.retain(|old| old.from < new.from);
    held.push(new);
}

/// What holds on a day, or whatever holds last.
fn on<T>(held: &[Dated<T>], day: Option<Date>) -> Option<&Dated<T>> {
    held.iter().rev().find(|d| day.is_none_or(|day| d.from <= Effective::From(day)))
}

/// Which text of each definition is in force, on any day, as known at one position of the log.
///
/// In force on a day is the text of the last adoption whose `from` is not later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    documents: BTreeMap<DocumentId, Vec<Dated<Adopted>>>,
    files: Vec<Dated<Commitment>>,
    /// What KPIs meant that went and are not back.
    gone: BTreeMap<DocumentId, Hash>,
    position: u64,
}

impl Register {
    /// Position of the last adoption, 0 before the first: two registers at one position are equal.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What is in force of one definition on a day; without a day, what the adoption with the latest `from` says.
    pub fn in_force(&self, id: &DocumentId, day: Option<Date>) -> Option<&Adopted> {
        let held = self.documents.get(id)?;
        on(held, day).map(|d| &d.what).filter(|a| a.text.is_some())
    }

    /// Every definition that an adoption ever named, in force or not.
    pub fn documents(&self) -> impl Iterator<Item = &DocumentId> {
        self.documents.keys()
    }

    /// What is in force of one definition from which day on, oldest first; those before the first text are left out.
    pub fn wordings(&self, id: &DocumentId) -> impl Iterator<Item = (Effective, &Adopted)> {
        let held = self.documents.get(id).into_iter().flatten().map(|dated| (dated.from, &dated.what));
        held.skip_while(|(_, adopted)| adopted.text.is_none())
    }

    /// The same with the position of the adoption that says so; a text that is gone stands among them.
    pub fn adoptions(&self, id: &DocumentId) -> impl Iterator<Item = (Effective, u64, &Adopted)> {
        let held = self.documents.get(id).into_iter().flatten();
        held.map(|dated| (dated.from, dated.seq, &dated.what))
    }

    /// Every definition in force on a day, as [`Self::in_force`].
    pub fn all_in_force(&self, day: Option<Date>) -> impl Iterator<Item = (&DocumentId, &Adopted)> {
        self.documents.keys().filter_map(move |id| Some((id, self.in_force(id, day)?)))
    }

    /// The text that says which definitions stand in which files, as [`Self::in_force`].
    pub fn files(&self, day: Option<Date>) -> Option<&Commitment> {
        on(&self.files, day).map(|d| &d.what)
    }

    /// Whether anything else was said of which definitions stand in which files since a position.
    pub fn files_since(&self, position: u64) -> bool {
        self.files.iter().any(|dated| dated.seq > position)
    }

    /// What a KPI meant last that went and is not back.
    pub fn gone(&self, id: &DocumentId) -> Option<Hash> {
        self.gone.get(id).copied()
    }

    /// Takes in the adoption at `seq`.
    pub fn apply(&mut self, seq: u64, adoption: &DefinitionAdopted) {
        let from = adoption.from;
        for (id, adopted) in &adoption.texts {
            let meant = || self.in_force(id, None).and_then(|last| last.meaning);
            match (adopted.text, id) {
                (None, DocumentId::Named { kind, .. }) if kind == KPI => {
                    if let Some(meant) = meant() {
                        self.gone.insert(id.clone(), meant);
                    }
                }
                _ => {
                    self.gone.remove(id);
                }
            }
            add(self.documents.entry(id.clone()).or_default(), Dated { from, seq, what: *adopted });
        }
        if let Some(files) = adoption.files {
            add(&mut self.files, Dated { from, seq, what: files });
        }
        self.position = self.position.max(seq);
    }
}
