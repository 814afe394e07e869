//! What can be asked for, and what is looked at before it is decided.

use std::collections::BTreeSet;

use kepi_model::{
    governance::Aspect,
    id::{EntityId, Hash, RuleId},
};
use kepi_proof::{Commitment, Digest};
use serde::{Serialize, ser::SerializeSeq};

use crate::{
    access::{BindSignIn, EndSignIn, IssueToken, RecordRefusal, RevokeToken},
    acting::{Act, Observe},
    correcting::Correcting,
    directory::Directory,
    erasing::{Erase, Reached, Resealed},
    event::{DefinitionAdopted, Load, RunCounts, Sealed},
    governance::Governing,
    items::{Content, Says, Stance},
    judging::Judging,
    plain::{ColumnName, Engine, Name, Uuid},
    principal::Principal,
    register::{Adopted, DocumentId},
    silences::Silence,
};

/// Puts texts of definitions in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adopt {
    /// Position of the register the texts were compared with.
    pub base: u64,
    /// What is in force from which day on; only what differs.
    #[serde(serialize_with = "adoptions")]
    pub adoptions: Vec<DefinitionAdopted>,
    /// In which respects definitions differ by them; none: that is not known, and it may be any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspects: Option<BTreeSet<Aspect>>,
    /// What the texts say of who decides, and how.
    #[serde(skip_serializing_if = "Governing::is_empty")]
    pub governing: Governing,
}

/// Asks those who have to agree for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    /// What is proposed.
    pub content: Content,
    /// Why.
    pub why: Commitment,
}

/// Writes anew what an item proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The item.
    pub item: u64,
    /// What it proposed when that was read.
    pub was: Digest,
    /// What is proposed.
    pub content: Content,
    /// Why.
    pub why: Commitment,
}

/// Puts what a change request proposes together with what is in force by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebase {
    /// The item.
    pub item: u64,
    /// What it proposed when that was read.
    pub was: Digest,
    /// What comes of both; none: they contradict each other.
    pub content: Option<Content>,
}

/// Says something of what an item proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vote {
    /// The item.
    pub item: u64,
    /// What is said.
    pub stance: Stance,
    /// Of which content.
    pub content: Digest,
    /// Why.
    pub why: Option<Commitment>,
}

/// Says something of an item beside a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The item.
    pub item: u64,
    /// In which way.
    pub says: Says,
    /// Of a resolution: the number of the objection.
    pub to: Option<u16>,
    /// What it proposed when that was read.
    pub content: Digest,
    /// In which words.
    pub text: Commitment,
}

/// Keeps a record that laws refused somebody something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordForbidden {
    /// The item that it was about; none: something was to be proposed.
    pub item: Option<u64>,
    /// What was attempted.
    pub action: Name,
    /// The numbers of the laws that said no.
    pub laws: BTreeSet<u16>,
}

/// Gives up what one proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withdraw {
    /// The item.
    pub item: u64,
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
    /// Keeps a record that laws refused somebody something.
    RecordForbidden(RecordForbidden),
    /// Asks those who have to agree for something.
    Open(Open),
    /// Writes anew what an item proposes.
    Edit(Edit),
    /// Puts what an item proposes together with what is in force by now.
    Rebase(Rebase),
    /// Says something of what an item proposes.
    Vote(Vote),
    /// Says something of an item beside a ballot.
    Remark(Remark),
    /// Gives up what one proposed.
    Withdraw(Withdraw),
    /// Does something about an item that is with oneself.
    Act(Act),
    /// Says what was seen of an item.
    Observe(Observe),
    /// Lets nobody be asked about something until a day.
    Silence(Silence),
    /// Ends a silence before its time, by number.
    EndSilence(u64),
    /// Says of rows that look doubtful what they are.
    Judge(Judging),
    /// Says by hand what stands in rows of raw files, or takes that back: of all of them, or of none.
    Correct(Vec<Correcting>),
    /// Asks another owner to erase rows.
    AskErase(Erase),
    /// Takes rows out of everything that is kept.
    Erase(Erase),
    /// Ends what nobody decided in time, and hands on what nobody did.
    Tick,
}

impl Command {
    /// What somebody attempts by it that laws of deciding may refuse, and of which item.
    pub fn attempts(&self) -> Option<(&'static str, Option<u64>)> {
        match self {
            Self::Open(_) => Some(("propose", None)),
            Self::Edit(of) => Some(("write_anew", Some(of.item))),
            Self::Vote(of) => Some((of.stance.word(), Some(of.item))),
            Self::Remark(of) => Some((of.says.word(), Some(of.item))),
            Self::Withdraw(of) => Some(("withdraw", Some(of.item))),
            Self::Act(of) => Some(("act", Some(of.item))),
            Self::Silence(_) | Self::EndSilence(_) => Some(("silence", None)),
            Self::Judge(_) => Some(("judge_rows", None)),
            Self::Correct(_) => Some(("correct_row", None)),
            Self::AskErase(_) | Self::Erase(_) => Some(("erase_rows", None)),
            _ => None,
        }
    }
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
    /// Of [`Command::Vote`]: whether what is proposed and what is in force go together.
    Merged {
        /// Position of the register that was looked at.
        register: u64,
        /// Whether both together are without errors.
        sound: bool,
    },
    /// Of [`Command::Vote`] on a figure that people say, and of [`Command::EndSilence`]: who answers for it by now.
    Answering {
        /// Position of the register that was looked at.
        register: u64,
        /// Persons by number; none: there is no such figure any more.
        people: Option<BTreeSet<u64>>,
    },
    /// Of whatever somebody is to work on: who answers for what.
    Answerable(Box<Directory>),
    /// Of [`Command::Erase`].
    Erased {
        /// What was reached.
        reached: Reached,
        /// The newest snapshot of the lake after it.
        snapshot: u64,
        /// Checksums of the data files that were written anew.
        files: Sealed,
        /// Loads whose records are others now.
        loads: Vec<Resealed>,
        /// What published figures that rest on the rows are held against.
        stand: Commitment,
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
    /// Who asks.
    pub by: &'a Principal,
    /// What was looked at.
    pub evidence: &'a Evidence,
}

fn adoptions<S: serde::Serializer>(adoptions: &[DefinitionAdopted], to: S) -> Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(adoptions.len()))?;
    for adoption in adoptions {
        let of = |(id, adopted): (&DocumentId, &Adopted)| (id.clone(), adopted.text, adopted.meaning);
        let texts: Vec<(DocumentId, Option<Commitment>, Option<Hash>)> =
            adoption.texts.iter().map(of).collect();
        list.serialize_element(&(adoption.from.to_string(), texts, adoption.files))?;
    }
    list.end()
}
