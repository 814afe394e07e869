//! Bodies of version 1, apart from the inner types: these never change. What the subject says is not said again.

use kepi_model::id::{EntityId, Hash, RuleId};
use kepi_proof::{Commitment, Digest};
use serde::{Deserialize, Serialize};

use crate::{
    event::{self, Event, LoadCounts, RunCounts, Sealed, Subject},
    plain::{ColumnName, Engine, Kind, Uuid},
    register::{Adopted, DocumentId},
};

/// How a text that is gone is spelled.
const GONE: &str = "gone";

fn about<T: std::str::FromStr>(subject: &Subject, kind: &str) -> Result<T, String> {
    let name = subject.of(kind).and_then(|name| name.parse().ok());
    name.ok_or_else(|| format!("it is about `{subject}`, which is no {kind}"))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adoption {
    from: String,
    texts: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    files: Option<Commitment>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    id: DocumentId,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    meaning: Option<Hash>,
}

impl From<&event::DefinitionAdopted> for Adoption {
    fn from(e: &event::DefinitionAdopted) -> Self {
        let texts = e.texts.iter().map(|(id, adopted)| Text {
            id: id.clone(),
            text: adopted.text.map_or_else(|| GONE.to_owned(), String::from),
            meaning: adopted.meaning,
        });
        let mut texts: Vec<Text> = texts.collect();
        texts.sort_by_cached_key(|text| text.id.to_string());
        Self { from: e.from.to_string(), texts, files: e.files }
    }
}

impl Adoption {
    pub(super) fn read_event(self, subject: &Subject) -> Result<Event, String> {
        if *subject != Subject::register() {
            return Err(format!("it is about `{subject}` and not the register"));
        }
        self.read().map(Event::DefinitionAdopted)
    }

    pub(super) fn read(self) -> Result<event::DefinitionAdopted, String> {
        let mut texts = std::collections::BTreeMap::new();
        for Text { id, text, meaning } in self.texts {
            let text = match text.as_str() {
                GONE => None,
                text => Some(text.parse().map_err(|e: kepi_proof::NotADigest| e.to_string())?),
            };
            if texts.insert(id.clone(), Adopted { text, meaning }).is_some() {
                return Err(format!("`{id}` stands twice"));
            }
        }
        let from = self.from.parse().map_err(|e: crate::plain::NotPlain| e.to_string())?;
        Ok(event::DefinitionAdopted { from, texts, files: self.files })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadLanded {
    load: Uuid,
    entity: EntityId,
    content: Hash,
    definition: Hash,
    counts: LoadCounts,
    ended: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    replaces: Option<Uuid>,
    snapshot: u64,
    files: Sealed,
    ledger: Commitment,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rejected: Option<Commitment>,
}

impl From<&event::LoadLanded> for LoadLanded {
    fn from(e: &event::LoadLanded) -> Self {
        Self {
            load: e.load.load.clone(),
            entity: e.load.entity.clone(),
            content: e.load.content,
            definition: e.load.definition,
            counts: e.load.counts,
            ended: e.ended,
            replaces: e.replaces.clone(),
            snapshot: e.snapshot,
            files: e.files,
            ledger: e.ledger,
            rejected: e.rejected,
        }
    }
}

impl LoadLanded {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::LoadLanded(event::LoadLanded {
            load: event::Load {
                load: self.load,
                source: about(subject, "source")?,
                entity: self.entity,
                content: self.content,
                definition: self.definition,
                counts: self.counts,
            },
            ended: self.ended,
            replaces: self.replaces,
            snapshot: self.snapshot,
            files: self.files,
            ledger: self.ledger,
            rejected: self.rejected,
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadStopped {
    load: Uuid,
    entity: EntityId,
    content: Hash,
    definition: Hash,
    counts: LoadCounts,
    rule: RuleId,
    ledger: Commitment,
}

impl From<&event::LoadStopped> for LoadStopped {
    fn from(e: &event::LoadStopped) -> Self {
        Self {
            load: e.load.load.clone(),
            entity: e.load.entity.clone(),
            content: e.load.content,
            definition: e.load.definition,
            counts: e.load.counts,
            rule: e.rule.clone(),
            ledger: e.ledger,
        }
    }
}

impl LoadStopped {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::LoadStopped(event::LoadStopped {
            load: event::Load {
                load: self.load,
                source: about(subject, "source")?,
                entity: self.entity,
                content: self.content,
                definition: self.definition,
                counts: self.counts,
            },
            rule: self.rule,
            ledger: self.ledger,
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableShaped {
    snapshot: u64,
    columns: Vec<ColumnName>,
}

impl From<&event::TableShaped> for TableShaped {
    fn from(e: &event::TableShaped) -> Self {
        Self { snapshot: e.snapshot, columns: e.columns.clone() }
    }
}

impl TableShaped {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let entity = about(subject, "entity")?;
        Ok(Event::TableShaped(event::TableShaped { entity, snapshot: self.snapshot, columns: self.columns }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunPublished {
    register: u64,
    definitions: Hash,
    lake: Uuid,
    snapshot: u64,
    engine: Engine,
    counts: RunCounts,
    values: Sealed,
    scores: Sealed,
    vouched: Sealed,
    watermarks: Digest,
}

impl From<&event::RunPublished> for RunPublished {
    fn from(e: &event::RunPublished) -> Self {
        Self {
            register: e.register,
            definitions: e.definitions,
            lake: e.lake.clone(),
            snapshot: e.snapshot,
            engine: e.engine.clone(),
            counts: e.counts,
            values: e.values,
            scores: e.scores,
            vouched: e.vouched,
            watermarks: e.watermarks,
        }
    }
}

impl RunPublished {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let run: u64 = about(subject, "run")?;
        if *subject != Subject::run(run) {
            return Err(format!("`{subject}` is another spelling of run {run}"));
        }
        Ok(Event::RunPublished(event::RunPublished {
            run,
            register: self.register,
            definitions: self.definitions,
            lake: self.lake,
            snapshot: self.snapshot,
            engine: self.engine,
            counts: self.counts,
            values: self.values,
            scores: self.scores,
            vouched: self.vouched,
            watermarks: self.watermarks,
        }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InsightsPublished {
    version: u32,
    usual: Sealed,
    insights: Sealed,
}

impl From<&event::InsightsPublished> for InsightsPublished {
    fn from(e: &event::InsightsPublished) -> Self {
        Self { version: e.version, usual: e.usual, insights: e.insights }
    }
}

impl InsightsPublished {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        let run: u64 = about(subject, "run")?;
        if *subject != Subject::run(run) {
            return Err(format!("`{subject}` is another spelling of run {run}"));
        }
        let Self { version, usual, insights } = self;
        Ok(Event::InsightsPublished(event::InsightsPublished { run, version, usual, insights }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Legacy {
    was: Kind,
    id: Uuid,
    body: Commitment,
}

impl From<&event::Legacy> for Legacy {
    fn from(e: &event::Legacy) -> Self {
        Self { was: e.was.clone(), id: e.id.clone(), body: e.body }
    }
}

impl Legacy {
    pub(super) fn read(self, subject: &Subject) -> Result<Event, String> {
        Ok(Event::Legacy(event::Legacy {
            was: self.was,
            id: self.id,
            body: self.body,
            subject: subject.clone(),
        }))
    }
}
