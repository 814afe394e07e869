//! What has happened: one type a kind, with what is true of it for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use kepi_model::id::{EntityId, Hash, RuleId, SourceId, UnitId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{
    access::Grant,
    acting::{
        ItemAnswered, ItemAssigned, ItemAttended, ItemContacted, ItemEscalated, ItemFinished, ItemObserved,
        ItemRefused, ItemSnoozed, ItemStepped, PointDecided,
    },
    correcting::Correcting,
    entries::Entry,
    erasing::{Erase, RowsErased},
    governance::Governance,
    items::{Content, Outcome, Says, Stance},
    judging::Judging,
    overrides::{Over, Override},
    periods::{Close, Freeze, PeriodId},
    plain::{ColumnName, Engine, Kind, Name, StepName, Uuid},
    register::{Adopted, DocumentId, Effective},
    silences::Silence,
};

/// What an event is about: `source/survey_2015`, `run/17`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// The register of definitions.
    pub fn register() -> Self {
        Self("register".to_owned())
    }
    /// A source.
    pub fn source(id: &SourceId) -> Self {
        Self(format!("source/{id}"))
    }
    /// The table of an entity.
    pub fn entity(id: &EntityId) -> Self {
        Self(format!("entity/{id}"))
    }
    /// How it is decided what is in force.
    pub fn governance() -> Self {
        Self("governance".to_owned())
    }
    /// A freeze, by the number of the item that froze.
    pub fn freeze(number: u64) -> Self {
        Self(format!("freeze/{number}"))
    }
    /// A period.
    pub fn period(period: PeriodId) -> Self {
        Self(format!("period/{period}"))
    }
    /// An override, by the number of the item that decided it.
    pub fn overriding(number: u64) -> Self {
        Self(format!("override/{number}"))
    }
    /// A figure that was entered, by the number of the item that decided it.
    pub fn entry(number: u64) -> Self {
        Self(format!("entry/{number}"))
    }
    /// An item.
    pub fn item(number: u64) -> Self {
        Self(format!("item/{number}"))
    }
    /// A silence.
    pub fn silence(number: u64) -> Self {
        Self(format!("silence/{number}"))
    }
    /// A run.
    pub fn run(number: u64) -> Self {
        Self(format!("run/{number}"))
    }
    /// Somebody who signs in.
    pub fn person(number: u64) -> Self {
        Self(format!("person/{number}"))
    }
    /// A token.
    pub fn token(number: u64) -> Self {
        Self(format!("token/{number}"))
    }
    /// As it stands in the log, which holds subjects of all times.
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What stands after `kind/`, if it is of that kind.
    pub(crate) fn of(&self, kind: &str) -> Option<&str> {
        self.0.strip_prefix(kind)?.strip_prefix('/')
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So many rows, with the Merkle root (RFC 9162) over their canonical spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// How many.
    pub rows: u64,
    /// The root; of no rows the hash of nothing.
    pub root: Digest,
}

/// What became of the rows of a file: `read = out_of_scope + accepted + superseding + quarantined + duplicate + erased`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadCounts {
    /// Rows in the file.
    pub read: u64,
    /// Left out by the source's `only`.
    pub out_of_scope: u64,
    /// New rows.
    pub accepted: u64,
    /// New versions of rows already there.
    pub superseding: u64,
    /// Rejected.
    pub quarantined: u64,
    /// The same as a row already there.
    pub duplicate: u64,
    /// Left out because they were erased.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erased: u64,
}

impl LoadCounts {
    /// Whether every row is accounted for.
    pub fn add_up(&self) -> bool {
        let rows = [
            self.out_of_scope,
            self.accepted,
            self.superseding,
            self.quarantined,
            self.duplicate,
            self.erased,
        ];
        rows.iter().try_fold(0u64, |sum, n| sum.checked_add(*n)) == Some(self.read)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What both ends of a load have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Load {
    /// Its id.
    pub load: Uuid,
    /// The source.
    pub source: SourceId,
    /// The entity it fills.
    pub entity: EntityId,
    /// BLAKE3 of the file's bytes.
    pub content: Hash,
    /// Hash of the source's definition.
    pub definition: Hash,
    /// Rows; of a load that was stopped, those read until then.
    pub counts: LoadCounts,
}

/// A file of a source is in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoadLanded {
    /// What was landed.
    pub load: Load,
    /// Versions that it ended.
    pub ended: u64,
    /// The load of the same file under an earlier definition, whose rows went out as these came in.
    pub replaces: Option<Uuid>,
    /// The snapshot of the lake that holds it.
    pub snapshot: u64,
    /// Checksums of the data files it added, in the order of their numbers.
    pub files: Sealed,
    /// The commitment to its row in the ledger, which names the file and says in words what was found.
    pub ledger: Commitment,
    /// The commitment to the root over its rejected rows, if there are any.
    pub rejected: Option<Commitment>,
}

/// A rule with `else: stop` kept a file out of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoadStopped {
    /// What was to be landed.
    pub load: Load,
    /// The rule. Why it was broken may quote the file, so the ledger says it.
    pub rule: RuleId,
    /// The commitment to its row in the ledger.
    pub ledger: Commitment,
}

/// The table of an entity was made, or follows the model and got new columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableShaped {
    /// The entity.
    pub entity: EntityId,
    /// The snapshot from which they are there.
    pub snapshot: u64,
    /// The new columns in their order.
    pub columns: Vec<ColumnName>,
}

/// Texts of definitions are in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionAdopted {
    /// From when on.
    pub from: Effective,
    /// Only what differs from what was in force.
    pub texts: BTreeMap<DocumentId, Adopted>,
    /// The text that says which definitions stand in which files, if it differs.
    pub files: Option<Commitment>,
}

impl DefinitionAdopted {
    /// The texts that it names: definitions, names of persons, which definitions stand in which files.
    pub fn named(&self) -> impl Iterator<Item = Commitment> {
        let persons = self.texts.keys().filter_map(|id| match id {
            DocumentId::Person(name) => Some(*name),
            DocumentId::Named { .. } => None,
        });
        self.texts.values().filter_map(|adopted| adopted.text).chain(persons).chain(self.files)
    }
}

/// How many figures a run computed, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunCounts {
    /// Values computed.
    pub values: u64,
    /// Of them, without a publishable figure: a reason stands in its place.
    pub reasons: u64,
    /// Scores computed.
    pub scores: u64,
    /// Published for the first time.
    pub first: u64,
    /// Other than what was published before.
    pub restated: u64,
    /// No longer computed.
    pub withdrawn: u64,
    /// The same as published before.
    pub unchanged: u64,
}

/// A run has published what it computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunPublished {
    /// The number of the run.
    pub run: u64,
    /// Position of the last adoption in the register it computed by.
    pub register: u64,
    /// The pin of its definitions: a hash over their ids and texts, persons left out.
    pub definitions: Hash,
    /// The lake.
    pub lake: Uuid,
    /// Its snapshot.
    pub snapshot: u64,
    /// What computed.
    pub engine: Engine,
    /// What became of the figures.
    pub counts: RunCounts,
    /// The rows of values it wrote.
    pub values: Sealed,
    /// The rows of scores it wrote.
    pub scores: Sealed,
    /// What it vouches for: a row a KPI and grain.
    pub vouched: Sealed,
    /// Hash of the canonical spelling of how far the data of each entity reached.
    pub watermarks: Digest,
}

/// What analyses say of the figures of a run is published.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InsightsPublished {
    /// The number of the run.
    pub run: u64,
    /// Version of the analyses.
    pub version: u32,
    /// The rows it wrote of what is usual of each series.
    pub usual: Sealed,
    /// The rows of insights it wrote.
    pub insights: Sealed,
}

/// Something waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemOpened {
    /// Its number.
    pub item: u64,
    /// What it proposes.
    pub content: Content,
    /// Why, in the words of who opened it.
    pub why: Commitment,
}

/// What an item proposes is something else now; ballots are void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemEdited {
    /// Its number.
    pub item: u64,
    /// What it proposes.
    pub content: Content,
    /// Why.
    pub why: Commitment,
}

/// What an item proposes was put together with what is in force by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRebased {
    /// Its number.
    pub item: u64,
    /// What it proposes.
    pub content: Content,
    /// Whether it says what it said, so that ballots count on.
    pub kept: bool,
}

/// An item is in another step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemMoved {
    /// Its number.
    pub item: u64,
    /// The step it is in.
    pub to: StepName,
}

/// Somebody said something of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemVoted {
    /// Its number.
    pub item: u64,
    /// What was said.
    pub stance: Stance,
    /// Of which content: its hash.
    pub content: Digest,
    /// Why, if that was said.
    pub why: Option<Commitment>,
}

/// Somebody said something of an item beside a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemRemarked {
    /// Its number.
    pub item: u64,
    /// In which way.
    pub says: Says,
    /// Of a resolution: the number of the objection.
    pub to: Option<u16>,
    /// What it proposed then: its hash.
    pub content: Digest,
    /// In which words.
    pub text: Commitment,
}

/// Why an item went back to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    /// Something that it says was adopted otherwise meanwhile.
    Outdated,
    /// What is in force meanwhile does not go with it.
    Unsound,
}

/// An item is agreed to and cannot take effect as it stands: it is its author's turn again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemReturned {
    /// Its number.
    pub item: u64,
    /// Why.
    pub why: Returned,
}

/// An item waits for nobody any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemEnded {
    /// Its number.
    pub item: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// Days on which nothing may change in some respects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodFrozen {
    /// The item that froze them.
    pub item: u64,
    /// Which, and in which respects.
    pub freeze: Freeze,
}

/// A figure stands in place of the one that is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureOverridden {
    /// The item that decided it.
    pub item: u64,
    /// Which figure, and what is said.
    pub of: Override,
}

/// A figure was entered, and others agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueEntered {
    /// The item that decided it.
    pub item: u64,
    /// Which figure, and what it is.
    pub of: Entry,
}

/// Until a day nobody is asked about something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsSilenced {
    /// Its number.
    pub silence: u64,
    /// About what, until when, and why.
    pub of: Silence,
}

/// An override is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OverrideEnded {
    /// The item that decided it.
    pub item: u64,
    /// Why.
    pub why: Over,
}

/// An event of the log as it was before events had versions: sealed as it stood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Legacy {
    /// What it was called.
    pub was: Kind,
    /// Its id.
    pub id: Uuid,
    /// The commitment to its body, which may hold anything.
    pub body: Commitment,
    /// What it was about.
    pub subject: Subject,
}

/// A person signs in from now on, or in another way than before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignInBound {
    /// The person's number.
    pub person: u64,
    /// The roles held from now on.
    pub roles: BTreeSet<Grant>,
    /// Of what is kept to recognise a password; none: there is none.
    pub credential: Option<Digest>,
}

/// A person signs in no longer, and the person's tokens are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignInEnded {
    /// The person's number.
    pub person: u64,
}

/// A token was issued.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenIssued {
    /// Its number.
    pub token: u64,
    /// For whom it acts.
    pub person: u64,
    /// Hash of the token, which is 256 random bits.
    pub secret: Digest,
    /// What it may be used for.
    pub scopes: BTreeSet<Grant>,
    /// Until when, µs UTC.
    pub until: i64,
}

/// A token was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenRevoked {
    /// Its number.
    pub token: u64,
}

/// Somebody was refused something. What is refused again within the hour is said once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttemptRefused {
    /// What was attempted.
    pub action: Name,
    /// On what.
    pub on: Subject,
    /// For which unit, if for one.
    pub unit: Option<UnitId>,
    /// By which token, if by one.
    pub token: Option<u64>,
}

/// Laws refused somebody something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptForbidden {
    /// The item that it was about; none: something was to be proposed.
    pub item: Option<u64>,
    /// What was attempted: `vote`, `propose`.
    pub action: Name,
    /// The numbers of the laws that said no: 801 is `G0801`.
    pub laws: BTreeSet<u16>,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `definition.adopted`
    DefinitionAdopted(DefinitionAdopted),
    /// `load.landed`
    LoadLanded(LoadLanded),
    /// `load.stopped`
    LoadStopped(LoadStopped),
    /// `table.shaped`
    TableShaped(TableShaped),
    /// `run.published`
    RunPublished(RunPublished),
    /// `insights.published`
    InsightsPublished(InsightsPublished),
    /// `sign_in.bound`
    SignInBound(SignInBound),
    /// `sign_in.ended`
    SignInEnded(SignInEnded),
    /// `token.issued`
    TokenIssued(TokenIssued),
    /// `token.revoked`
    TokenRevoked(TokenRevoked),
    /// `attempt.refused`
    AttemptRefused(AttemptRefused),
    /// `attempt.forbidden`
    AttemptForbidden(AttemptForbidden),
    /// `governance.adopted`
    GovernanceAdopted(Governance),
    /// `person.joined`, by number
    PersonJoined(u64),
    /// `person.left`, by number
    PersonLeft(u64),
    /// `item.opened`
    ItemOpened(ItemOpened),
    /// `item.edited`
    ItemEdited(ItemEdited),
    /// `item.rebased`
    ItemRebased(ItemRebased),
    /// `item.moved`
    ItemMoved(ItemMoved),
    /// `item.voted`
    ItemVoted(ItemVoted),
    /// `item.remarked`
    ItemRemarked(ItemRemarked),
    /// `item.returned`
    ItemReturned(ItemReturned),
    /// `item.ended`
    ItemEnded(ItemEnded),
    /// `item.assigned`
    ItemAssigned(ItemAssigned),
    /// `item.refused`
    ItemRefused(ItemRefused),
    /// `item.escalated`
    ItemEscalated(ItemEscalated),
    /// `item.acknowledged`, by number
    ItemAcknowledged(u64),
    /// `item.snoozed`
    ItemSnoozed(ItemSnoozed),
    /// `item.finished`
    ItemFinished(ItemFinished),
    /// `item.observed`
    ItemObserved(ItemObserved),
    /// `item.contacted`
    ItemContacted(ItemContacted),
    /// `item.answered`
    ItemAnswered(ItemAnswered),
    /// `item.stepped`
    ItemStepped(ItemStepped),
    /// `item.attended`
    ItemAttended(ItemAttended),
    /// `item.decided`
    PointDecided(PointDecided),
    /// `period.frozen`
    PeriodFrozen(PeriodFrozen),
    /// `period.lifted`, by the number of the item that froze
    PeriodLifted(u64),
    /// `period.closed`
    PeriodClosed(Close),
    /// `figure.overridden`
    FigureOverridden(FigureOverridden),
    /// `value.entered`
    ValueEntered(ValueEntered),
    /// `value.taken_back`, by the number of the item that entered it
    ValueTakenBack(u64),
    /// `override.ended`
    OverrideEnded(OverrideEnded),
    /// `alerts.silenced`
    AlertsSilenced(AlertsSilenced),
    /// `silence.ended`, by number
    SilenceEnded(u64),
    /// `rows.judged`
    RowsJudged(Judging),
    /// `row.corrected`
    RowCorrected(Correcting),
    /// `rows.asked_to_erase`
    ErasureAsked(Erase),
    /// `rows.erased`
    RowsErased(RowsErased),
    /// `legacy`
    Legacy(Legacy),
}

impl Event {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::DefinitionAdopted(_) => Subject::register(),
            Self::LoadLanded(e) => Subject::source(&e.load.source),
            Self::LoadStopped(e) => Subject::source(&e.load.source),
            Self::TableShaped(e) => Subject::entity(&e.entity),
            Self::RunPublished(e) => Subject::run(e.run),
            Self::InsightsPublished(e) => Subject::run(e.run),
            Self::SignInBound(e) => Subject::person(e.person),
            Self::SignInEnded(e) => Subject::person(e.person),
            Self::TokenIssued(e) => Subject::token(e.token),
            Self::TokenRevoked(e) => Subject::token(e.token),
            Self::AttemptRefused(e) => e.on.clone(),
            Self::AttemptForbidden(e) => e.item.map_or_else(Subject::register, Subject::item),
            Self::GovernanceAdopted(_) => Subject::governance(),
            Self::PersonJoined(number) | Self::PersonLeft(number) => Subject::person(*number),
            Self::PeriodFrozen(PeriodFrozen { item, .. }) | Self::PeriodLifted(item) => {
                Subject::freeze(*item)
            }
            Self::PeriodClosed(e) => Subject::period(e.period),
            Self::ValueEntered(e) => Subject::entry(e.item),
            Self::AlertsSilenced(AlertsSilenced { silence, .. }) | Self::SilenceEnded(silence) => {
                Subject::silence(*silence)
            }
            Self::ValueTakenBack(item) => Subject::entry(*item),
            Self::FigureOverridden(FigureOverridden { item, .. })
            | Self::OverrideEnded(OverrideEnded { item, .. }) => Subject::overriding(*item),
            Self::ItemOpened(ItemOpened { item, .. })
            | Self::ItemEdited(ItemEdited { item, .. })
            | Self::ItemRebased(ItemRebased { item, .. })
            | Self::ItemMoved(ItemMoved { item, .. })
            | Self::ItemVoted(ItemVoted { item, .. })
            | Self::ItemRemarked(ItemRemarked { item, .. })
            | Self::ItemReturned(ItemReturned { item, .. })
            | Self::ItemEnded(ItemEnded { item, .. })
            | Self::ItemAssigned(ItemAssigned { item, .. })
            | Self::ItemRefused(ItemRefused { item, .. })
            | Self::ItemEscalated(ItemEscalated { item, .. })
            | Self::ItemAcknowledged(item)
            | Self::ItemSnoozed(ItemSnoozed { item, .. })
            | Self::ItemFinished(ItemFinished { item, .. })
            | Self::ItemObserved(ItemObserved { item, .. })
            | Self::ItemContacted(ItemContacted { item, .. })
            | Self::ItemStepped(ItemStepped { item, .. })
            | Self::ItemAttended(ItemAttended { item, .. })
            | Self::PointDecided(PointDecided { item, .. })
            | Self::ItemAnswered(ItemAnswered { item, .. }) => Subject::item(*item),
            Self::RowsJudged(e) => Subject::entity(&e.of),
            Self::RowCorrected(e) => Subject::source(&e.of),
            Self::ErasureAsked(e) => Subject::entity(&e.of),
            Self::RowsErased(e) => Subject::entity(&e.erase.of),
            Self::Legacy(e) => e.subject.clone(),
        }
    }

    /// The number of the item it is about.
    pub fn item(&self) -> Option<u64> {
        self.subject().of("item").and_then(|number| number.parse().ok())
    }

    /// The texts that it names: each can be erased, and the log is as whole as before.
    pub fn texts(&self) -> Vec<Commitment> {
        let of_content = |content: &Content| match content {
            Content::Change(change) => change.adoptions.iter().flat_map(DefinitionAdopted::named).collect(),
            Content::Emergency(of) => {
                of.change.adoptions.iter().chain(&of.back).flat_map(DefinitionAdopted::named).collect()
            }
            other => other.texts(),
        };
        match self {
            Self::DefinitionAdopted(adoption) => adoption.named().collect(),
            Self::ItemOpened(e) => [of_content(&e.content), vec![e.why]].concat(),
            Self::ItemEdited(e) => [of_content(&e.content), vec![e.why]].concat(),
            Self::ItemRebased(e) => of_content(&e.content),
            Self::ItemVoted(e) => e.why.into_iter().collect(),
            Self::ItemRemarked(e) => vec![e.text],
            Self::FigureOverridden(e) => e.of.named().collect(),
            Self::ItemRefused(e) => vec![e.why],
            Self::ItemSnoozed(e) => vec![e.why],
            Self::ItemFinished(e) => e.why.into_iter().collect(),
            Self::ItemContacted(e) => e.note.into_iter().collect(),
            Self::ItemAnswered(e) => e.note.into_iter().collect(),
            Self::ItemStepped(e) => e.why.into_iter().collect(),
            Self::PointDecided(e) => vec![e.why],
            Self::ValueEntered(e) => e.of.named().collect(),
            Self::AlertsSilenced(e) => vec![e.of.why],
            Self::RowsJudged(e) => vec![e.why],
            Self::RowCorrected(e) => e.cells.into_iter().chain([e.why]).collect(),
            Self::ErasureAsked(e) => vec![e.why],
            Self::RowsErased(e) => vec![e.erase.why, e.stand],
            Self::Legacy(e) => vec![e.body],
            // What loads and runs commit to are rows, which are held against them where they are read.
            Self::LoadLanded(_)
            | Self::LoadStopped(_)
            | Self::TableShaped(_)
            | Self::RunPublished(_)
            | Self::InsightsPublished(_)
            | Self::GovernanceAdopted(_)
            | Self::PersonJoined(_)
            | Self::PersonLeft(_)
            | Self::PeriodFrozen(_)
            | Self::PeriodLifted(_)
            | Self::PeriodClosed(_)
            | Self::OverrideEnded(_)
            | Self::SilenceEnded(_)
            | Self::ValueTakenBack(_)
            | Self::ItemMoved(_)
            | Self::ItemReturned(_)
            | Self::ItemEnded(_)
            | Self::ItemAssigned(_)
            | Self::ItemEscalated(_)
            | Self::ItemAcknowledged(_)
            | Self::ItemObserved(_)
            | Self::ItemAttended(_)
            | Self::SignInBound(_)
            | Self::SignInEnded(_)
            | Self::TokenIssued(_)
            | Self::TokenRevoked(_)
            | Self::AttemptRefused(_)
            | Self::AttemptForbidden(_) => Vec::new(),
        }
    }
}
