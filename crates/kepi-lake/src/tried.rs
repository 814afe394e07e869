//! Rows of a raw file read with what is said of them by hand, before anybody says it: nothing lands, nothing is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kepi_model::{
    id::{AttributeId, RuleId},
    project::{Entity, Otherwise, Project, Requirement, Source},
};
use kepi_query::{
    landing::{Batch, Corrections, Raw, Tried, Trying},
    row::Cell,
};
use kepi_store::{
    catalogue::{self, MAIN},
    merge,
};

use crate::{
    LocalLake,
    catalogue::{live_files, table_of},
    connector::kept,
    corrected::Said,
    durable::blocking,
    error::LandError,
    index::KeySet,
    land::asked_for,
    mapping::{BoundMapping, Fate, KnownKeys, Rows, Slot, attributes_read, evaluate},
    quarantine::impersonal,
    stage::personal_columns,
    table_index::current_keys,
};

/// What is tried of which file.
struct Trial {
    source: Source,
    entity: Entity,
    raw: Arc<dyn Raw>,
    known: KnownKeys,
    trying: Trying,
}

impl LocalLake {
    /// As [`kepi_query::landing::Lake::tried`].
    pub(crate) async fn try_rows(
        &self,
        project: &Project,
        source: &Source,
        raw: &Arc<dyn Raw>,
        said: &BTreeMap<u64, Corrections>,
        trying: Trying,
    ) -> Result<Vec<Tried>, LandError> {
        let entity = project.entities.get(&source.into).ok_or_else(|| {
            LandError::Definition(source.id.to_string(), format!("there is no entity `{}`", source.into))
        })?;
        let mut known = KnownKeys::new();
        for id in asked_for(source) {
            let Some(entity) = project.entities.get(&id).cloned() else { continue };
            let found = catalogue::table(&mut self.catalogue.store.read().await?, MAIN, id.as_str()).await?;
            let Some(table) = found else {
                known.insert(id, Arc::new(KeySet::default()));
                continue;
            };
            let table = table_of(table, &entity)?;
            let (files, _) = live_files(&self.catalogue, table.id).await?;
            let merges = merge::of_entity(&mut self.catalogue.store.read().await?, id.as_str()).await?;
            known.insert(id, blocking(move || current_keys(&entity, &table, &files, &merges)).await??);
        }
        let trial = Trial {
            source: source.clone(),
            entity: entity.clone(),
            raw: Said::of(said).over(raw),
            known,
            trying,
        };
        blocking(move || trial.read()).await?
    }
}

impl Trial {
    fn read(self) -> Result<Vec<Tried>, LandError> {
        let Self { source, entity, raw, known, trying } = self;
        let last = match &trying {
            Trying::Rows(rows) => rows.last().copied().unwrap_or(0),
            Trying::Refused(_) => u64::MAX,
        };
        let personal: Vec<bool> = entity.attributes.iter().map(|of| of.personal).collect();
        let covered = personal_columns(&source, &entity);
        let mut reader = raw.open().map_err(LandError::from_port)?;
        let mut mapping = BoundMapping::bind(&source, &entity, &personal, reader.as_mut(), raw.name())?;
        let mut rows = Rows::new(&entity, personal, known);
        let (mut batch, mut tried) = (Batch::default(), Vec::new());
        let mut behind = 1;
        while behind <= last && reader.next(&mut batch).map_err(LandError::from_port)? {
            behind = batch.first_row + batch.rows as u64;
            let wanted: Option<BTreeSet<u64>> = match &trying {
                Trying::Rows(all) => Some(all.range(batch.first_row..behind).copied().collect()),
                Trying::Refused(_) => None,
            };
            if wanted.as_ref().is_some_and(BTreeSet::is_empty) {
                continue;
            }
            let fates = mapping.read(&batch, &mut rows)?;
            for rule in &source.rules {
                if let Requirement::Row(expression) = &rule.require {
                    rows.look_up(expression)?;
                }
            }
            for (at, fate) in fates.into_iter().enumerate() {
                let row = batch.first_row + at as u64;
                if wanted.as_ref().is_some_and(|wanted| !wanted.contains(&row)) {
                    continue;
                }
                let out_of_scope = matches!(fate, Fate::OutOfScope { .. });
                let refused = match fate {
                    Fate::OutOfScope { .. } => None,
                    Fate::Bad(why) | Fate::Rejected(why) => Some((why.rule, why.reason)),
                    Fate::Typed => {
                        broken(&source, &rows, at).or_else(|| without(&source, &rows, at, &trying))
                    }
                };
                if wanted.is_none() && refused.is_none() {
                    continue;
                }
                let instants =
                    entity.attributes.iter().enumerate().filter_map(|(slot, of)| match rows.slot(slot, at) {
                        Slot::Instant(instant) => Some((of.id.clone(), instant)),
                        _ => None,
                    });
                tried.push(Tried {
                    row,
                    refused,
                    out_of_scope,
                    instants: instants.collect::<BTreeMap<AttributeId, i64>>(),
                    raw: impersonal(kept(reader.raw(at as u32)), &covered),
                });
            }
        }
        Ok(tried)
    }
}

/// The first rule about rows that a row breaks, unless it only warns.
fn broken(source: &Source, rows: &Rows, row: usize) -> Option<(String, String)> {
    let no_key = source
        .key
        .iter()
        .find(|of| rows.position(of).is_none_or(|slot| rows.slot(slot, row) == Slot::Missing));
    if let Some(key) = no_key {
        return Some(("key".to_owned(), format!("the key has no value: `{key}`")));
    }
    source.rules.iter().filter(|rule| rule.otherwise != Otherwise::Warn).find_map(|rule| {
        let Requirement::Row(expression) = &rule.require else { return None };
        let why = match evaluate(expression, &rows.row(row)) {
            Ok(Cell::Boolean(false)) => {
                let read = attributes_read(expression).into_iter().filter_map(|of| {
                    let slot = rows.position(&of)?;
                    Some(format!("`{of}` is {}", rows.shown(slot, row, &source.days)))
                });
                read.collect::<Vec<_>>().join(", ")
            }
            Ok(_) => return None,
            Err(why) => why,
        };
        Some((rule.id.to_string(), why))
    })
}

/// Of a file that a rule stopped because too many rows have no value: whether this is one of them.
fn without(source: &Source, rows: &Rows, row: usize, trying: &Trying) -> Option<(String, String)> {
    let Trying::Refused(Some(stopped)) = trying else { return None };
    let is_it = |id: &RuleId| id == stopped;
    let rule = source.rules.iter().find(|rule| is_it(&rule.id))?;
    let Requirement::MissingAtMost { attribute, .. } = &rule.require else { return None };
    let slot = rows.position(attribute)?;
    (rows.slot(slot, row) == Slot::Missing)
        .then(|| (rule.id.to_string(), format!("`{attribute}` has no value")))
}
