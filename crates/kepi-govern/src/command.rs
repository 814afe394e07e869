//! What can be asked for, and what is looked at before it is decided.

use std::collections::BTreeMap;

use kepi_model::id::{EntityId, Hash, RuleId};
use kepi_proof::{Commitment, Digest};
use serde::{Serialize, ser::SerializeSeq};

use crate::{
    access::{BindSignIn, EndSignIn, IssueToken, RecordRefusal, RevokeToken},
    event::{Load, RunCounts, Sealed},
    plain::{ColumnName, Engine, Uuid},
    register::{Adopted, DocumentId, Effective},
};

/// Puts texts of definitions in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adopt {
    /// Position of the register the texts were compared with.
    pub base: u64,
    /// From when on they are in force.
    #[serde(serialize_with = "as_text")]
    pub from: Effective,
    /// Only what differs.
    #[serde(serialize_with = "patch")]
    pub texts: BTreeMap<DocumentId, Adopted>,
    /// The text that says which definitions stand in which files, if it differs.
    pub files: Option<Commitment>,
}

/// Lands a file, or keeps a record that it was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Land {
    /// What came of reading it.
    pub load: Load,
    /// Versions that it ends.
    pub ended: u64,
    /// The load it replaces.
    pub replaces: Option<Uuid>,
    /// The rule that stops it.
    pub stopped: Option<RuleId>,
}

/// Makes or widens the table of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// The entity.
    pub entity: EntityId,
    /// New columns.
    pub columns: Vec<ColumnName>,
}

/// Publishes what a run computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publish {
    /// The number of the run.
    pub run: u64,
    /// Position of the last adoption in the register it computed by.
    pub register: u64,
    /// The pin of its definitions.
    pub definitions: Hash,
    /// The lake.
    pub lake: Uuid,
    /// Its snapshot.
    pub snapshot: u64,
    /// What computed.
    pub engine: Engine,
    /// Hash of the canonical spelling of how far the data of each entity reached.
    pub watermarks: Digest,
}

/// Publishes what analyses say of the figures of the newest run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishInsights {
    /// The number of the run.
    pub run: u64,
    /// Version of the analyses.
    pub version: u32,
}

/// Something that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Puts texts of definitions in force.
    Adopt(Adopt),
    /// Lands a file, or keeps a record that it was stopped.
    Land(Land),
    /// Makes or widens the table of an entity.
    Shape(Shape),
    /// Publishes what a run computed.
    Publish(Publish),
    /// Publishes what analyses say of it.
    PublishInsights(PublishInsights),
    /// Lets a person sign in, or changes how.
    BindSignIn(BindSignIn),
    /// Lets a person sign in no longer.
    EndSignIn(EndSignIn),
    /// Issues a token.
    IssueToken(IssueToken),
    /// Revokes a token.
    RevokeToken(RevokeToken),
    /// Keeps a record that somebody was refused something.
    RecordRefusal(RecordRefusal),
}

/// What was found under the lock, before the decision. It is bound, not trusted: it names what it was taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing had to be looked at.
    #[default]
    None,
    /// Of [`Command::Land`].
    Landed {
        /// The snapshot that holds it; none: it was stopped.
        snapshot: Option<u64>,
        /// Checksums of the data files it added, in the order of their numbers.
        files: Sealed,
        /// The commitment to its row in the ledger.
        ledger: Commitment,
        /// The commitment to the root over its rejected rows, if there are any.
        rejected: Option<Commitment>,
    },
    /// Of [`Command::Shape`].
    Shaped {
        /// The snapshot from which the columns are there.
        snapshot: u64,
    },
    /// Of [`Command::Publish`].
    Published {
        /// A run that vouches for a KPI of this one and computed from newer data.
        outrun_by: Option<u64>,
        /// What became of the figures.
        counts: RunCounts,
        /// The rows of values it wrote.
        values: Sealed,
        /// The rows of scores it wrote.
        scores: Sealed,
        /// What it vouches for.
        vouched: Sealed,
    },
    /// Of [`Command::PublishInsights`].
    Insights {
        /// The newest run, if anything is published.
        newest: Option<u64>,
        /// The rows it wrote of what is usual of each series.
        usual: Sealed,
        /// The rows of insights it wrote.
        insights: Sealed,
    },
}

/// What a decision is told beside the command.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Now, in µs UTC.
    pub at: i64,
    /// What was looked at.
    pub evidence: &'a Evidence,
}

fn as_text<S: serde::Serializer>(what: &impl std::fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(what)
}

fn patch<S: serde::Serializer>(texts: &BTreeMap<DocumentId, Adopted>, to: S) -> Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(texts.len()))?;
    for (id, Adopted { text, meaning }) in texts {
        let entry: (&DocumentId, &Option<Commitment>, &Option<Hash>) = (id, text, meaning);
        list.serialize_element(&entry)?;
    }
    list.end()
}
