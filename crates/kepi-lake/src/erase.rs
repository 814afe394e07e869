//! Erasing rows: every version of them in every snapshot, what was rejected, what was fetched, what was said of them, and what is
//! made of all that. Data files are written anew without them; a transaction puts the new ones in the place of the old ones and writes
//! down what has to go from the disk, and only then it goes. Killed before that, nothing has changed; killed after it, the next
//! command that writes goes on.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io,
    path::Path,
    time::Duration,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    datatypes::{Int64Type, TimestampMicrosecondType},
};
use kepi_govern::{
    Command, Event, Evidence,
    erasing::{self, Reached, Resealed},
    event::Sealed,
    items::Content,
    laws,
};
use kepi_model::{
    expression::Type,
    id::{EntityId, SourceId},
    project::{Connector, MappingFrom, Project, Source},
};
use kepi_proof::{Commitment, Digest, Frontier};
use kepi_query::{
    landing::{Batch, Erased, Erasing, Erasure, Holding, Ordered, PortError, Raw},
    port::{Fut, PinnedInputs, SnapshotId, system},
};
use kepi_store::{
    Asked, Effects, EventFilter, NewText, Performed, Receipt, StoreError, Transaction,
    catalogue::{self, Exchanged, Held, HeldDeletes, MAIN, NewDeletes, NewFile, Stamp, Written},
    erase,
    merge::{self, Merges},
};
use serde_json::Value;

use crate::{
    LocalLake,
    catalogue::{DataFile, Table, table_of},
    deletes,
    door::{CalledOff, permit},
    durable::{self, blocking},
    erased::{digest, named},
    error::{LakeError, LandError, io as failed},
    folders::CACHES,
    merges::{resolved, said},
    table_file::{read_all, without},
};

/// What is written down to go even where no file does, so that the database is written anew.
const MARK: &str = "erased";

/// Where in a table rows are that go, or lose something.
#[derive(Debug, Clone, Default)]
struct Role {
    /// Columns of the key, of the entity whose rows are erased.
    key: Vec<String>,
    /// Columns that hold its key.
    references: Vec<String>,
    /// Whether rows go that refer to it.
    goes: bool,
    /// Whether any text may be such a key: of what Kepi itself lands of its log.
    any: bool,
}

/// A data file with rows that go, or lose something.
struct Touched {
    /// The stretches of snapshots that have it.
    held: Vec<Held>,
    file: DataFile,
    dropped: Vec<u32>,
    emptied: BTreeMap<String, Vec<u32>>,
    /// What says which of its rows are out, each with the stretches in which it does, and what takes its place.
    deletes: Vec<(Vec<HeldDeletes>, Option<NewDeletes>)>,
    /// What takes its place, once it is written.
    new: Option<NewFile>,
}

impl Touched {
    /// What takes its place, as files on the disk.
    fn written(&self) -> impl Iterator<Item = Written<'_>> {
        let deletes = self.deletes.iter().filter_map(|(_, new)| new.as_ref().map(NewDeletes::written));
        self.new.iter().flat_map(NewFile::written).chain(deletes)
    }
}

/// A table with such files.
struct TouchedTable {
    table: Table,
    files: Vec<Touched>,
}

/// Where rows came from that go.
type Places = BTreeSet<(String, u64)>;

/// Rows to be erased, found.
struct Found<'a> {
    lake: &'a LocalLake,
    erase: erasing::Erase,
    standing: (i64, i64, i64),
    tables: Vec<TouchedTable>,
    /// Rejected rows by their place in the table.
    rejected: Vec<i64>,
    /// Loads whose records become others, and their reports where these do.
    loads: BTreeMap<String, Option<String>>,
    texts: Vec<Commitment>,
    sources: Vec<SourceId>,
    keys: Keys,
    /// What was merged of the entity, with them and without them.
    merges: (Merges, Merges),
    holding: Holding,
}

/// The keys, as they may stand in files and texts.
#[derive(Debug, Clone)]
struct Keys {
    /// Part by part.
    all: BTreeSet<Vec<String>>,
    /// Of keys of one part: that.
    single: HashSet<String>,
}

impl Keys {
    /// Whether a text says a key as a word of its own.
    fn quoted_in(&self, text: &str) -> bool {
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
        self.all.iter().flatten().any(|part| {
            !part.is_empty()
                && text.match_indices(part.as_str()).any(|(at, _)| {
                    let before = text.get(..at).and_then(|before| before.chars().next_back());
                    let after = text.get(at + part.len()..).and_then(|after| after.chars().next());
                    !is_word(before) && !is_word(after)
                })
        })
    }
}

/// How rows of a source say a key.
struct Says {
    /// For each part of the key, or for each reference, the column that holds it with what is put before its text; none: it is made up of
    /// others, and any cell may hold it.
    key: Vec<Option<(String, String)>>,
    references: Vec<Option<(String, String)>>,
}

impl Says {
    fn of(project: &Project, source: &Source, of: &EntityId) -> Self {
        let column = |attribute: &kepi_model::id::AttributeId| {
            source.map.iter().find(|m| &m.attribute == attribute).map(|m| match &m.from {
                MappingFrom::Column { column, prefix, .. } => {
                    Some((column.trim().to_owned(), prefix.clone()))
                }
                _ => None,
            })
        };
        let Some(entity) = project.entities.get(&source.into) else {
            return Self { key: Vec::new(), references: Vec::new() };
        };
        let key = match source.into == *of {
            true => entity.key.iter().filter_map(column).collect(),
            false => Vec::new(),
        };
        let refers = |a: &&kepi_model::project::Attribute| is_reference_to(&a.type_, of);
        let references = entity.attributes.iter().filter(refers).filter_map(|a| column(&a.id));
        // A row that was merged into one of them names it.
        let merges = source.merges.as_ref().filter(|_| source.into == *of).map(|merges| {
            let prefix = entity.key.first().and_then(column).flatten().map(|(_, prefix)| prefix);
            Some((merges.column().trim().to_owned(), prefix.unwrap_or_default()))
        });
        let references = references.chain(merges).collect();
        Self { key, references }
    }

    /// Whether a row as it stands in a file says one of the keys.
    fn holds(&self, keys: &Keys, raw: &str) -> bool {
        let Ok(row) = serde_json::from_str::<Value>(raw) else {
            // What cannot be told apart into cells may be anybody's.
            return keys.quoted_in(raw);
        };
        let own = !self.key.is_empty()
            && keys
                .all
                .iter()
                .any(|key| self.key.iter().zip(key).all(|(column, part)| is(&row, column, part)));
        let refers = || {
            let single = || keys.single.iter();
            self.references.iter().any(|column| single().any(|part| is(&row, column, part)))
        };
        own || refers()
    }
}

/// Whether a cell of a row is a text: that of a column, or any.
fn is(row: &Value, column: &Option<(String, String)>, wanted: &str) -> bool {
    let same = |text: &str, prefix: &str| {
        let text = text.trim();
        let (text, wanted) = (format!("{prefix}{text}").to_lowercase(), wanted.to_lowercase());
        text == wanted || matches!((text.parse::<i64>(), wanted.parse::<i64>()), (Ok(a), Ok(b)) if a == b)
    };
    let said = |cell: &Value, prefix: &str| match cell {
        Value::String(text) => same(text, prefix),
        Value::Number(number) => same(&number.to_string(), prefix),
        _ => false,
    };
    match column {
        Some((column, prefix)) => {
            let named = row.as_object().and_then(|row| row.iter().find(|(key, _)| key.trim() == column));
            let found = named
                .map(|(_, cell)| cell)
                .or_else(|| column.split('.').try_fold(row, |at, part| at.get(part)));
            found.is_some_and(|cell| said(cell, prefix))
        }
        None => any(row, &|cell| said(cell, "")),
    }
}

fn any(of: &Value, holds: &dyn Fn(&Value) -> bool) -> bool {
    match of {
        Value::Array(parts) => parts.iter().any(|part| any(part, holds)),
        Value::Object(fields) => fields.values().any(|part| any(part, holds)),
        cell => holds(cell),
    }
}

fn is_reference_to(type_: &Type, of: &EntityId) -> bool {
    matches!(type_, Type::Reference { entity } if entity == of)
}

/// Entities whose rows are of the log of Kepi itself.
fn is_of_the_log(project: &Project, entity: &EntityId) -> bool {
    let mut own = project.sources.values().filter(|source| &source.into == entity);
    own.any(|source| matches!(source.from, Connector::Items))
}

/// The attribute of what screening has found of rows of an entity that holds their keys.
fn screened(project: &Project, found: &EntityId, of: &EntityId) -> bool {
    let mut own = project.sources.values().filter(|source| &source.into == found);
    own.any(|source| matches!(&source.from, Connector::Screening(screen) if screen.entity == *of))
}

/// What a table of an entity has to do with it.
fn role(project: &Project, table: &str, erase: &erasing::Erase) -> Option<Role> {
    let id: EntityId = table.parse().ok()?;
    let entity = project.entities.get(&id)?;
    let mut role = Role { goes: erase.with.contains(&id), ..Role::default() };
    if id == erase.of {
        role.key = entity.key.iter().map(ToString::to_string).collect();
    }
    let refers = entity.attributes.iter().filter(|a| is_reference_to(&a.type_, &erase.of));
    role.references = refers.flat_map(|a| [a.id.to_string(), said(a.id.as_str())]).collect();
    if id == erase.of {
        role.references.push(system::MERGED_INTO.to_owned());
    }
    if screened(project, &id, &erase.of) {
        role.references.push(kepi_model::entity::screening::found::ID.to_owned());
        role.goes = true;
    }
    role.any = is_of_the_log(project, &id);
    (!role.key.is_empty() || !role.references.is_empty() || role.any).then_some(role)
}

/// What a cell is, as keys are compared.
fn with_text<T>(array: &ArrayRef, row: usize, then: impl FnOnce(&str) -> T) -> Option<T> {
    if array.is_null(row) {
        return None;
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return Some(then(texts.value(row)));
    }
    if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
        return Some(then(&numbers.value(row).to_string()));
    }
    if let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        return Some(then(&times.value(row).to_string()));
    }
    array.as_boolean_opt().map(|bits| then(&bits.value(row).to_string()))
}

/// What was found in a file.
#[derive(Default)]
struct Hits {
    dropped: Vec<u32>,
    emptied: BTreeMap<String, Vec<u32>>,
    places: Places,
    files: BTreeSet<(String, String)>,
}

/// Looks for the rows in a file, those that are out by position among them: they were in before.
fn look(file: &DataFile, table: &Table, role: &Role, keys: &Keys) -> Result<Hits, LakeError> {
    let texts =
        table.columns.iter().filter(|c| role.any && c.physical == kepi_model::expression::Physical::Text);
    let any: Vec<&str> = texts.map(|c| c.name.as_str()).filter(|name| !name.starts_with('_')).collect();
    let references: Vec<&str> = role.references.iter().map(String::as_str).chain(any).collect();
    let mut wanted: Vec<&str> = vec![system::SOURCE, system::FILE, system::ROW, system::LOAD];
    wanted.extend(role.key.iter().map(String::as_str).chain(references.iter().copied()));
    let mut hits = Hits::default();
    let mut before = 0u32;
    read_all(file, table, Some(&wanted), |batch| {
        let column = |name: &str| batch.column_by_name(name);
        let key: Option<Vec<&ArrayRef>> = role.key.iter().map(|name| column(name)).collect();
        let key = key.filter(|key| !key.is_empty());
        for row in 0..batch.num_rows() {
            let at = before + row as u32;
            let own = match key.as_deref() {
                None => false,
                Some([single]) => with_text(single, row, |text| keys.single.contains(text)).unwrap_or(false),
                Some(parts) => {
                    let parts: Option<Vec<String>> =
                        parts.iter().map(|part| with_text(part, row, str::to_owned)).collect();
                    parts.is_some_and(|parts| keys.all.contains(&parts))
                }
            };
            let refers: Vec<&str> = references
                .iter()
                .copied()
                .filter(|name| {
                    let array = column(name);
                    array.and_then(|a| with_text(a, row, |text| keys.single.contains(text))).unwrap_or(false)
                })
                .collect();
            if own || role.goes && !refers.is_empty() {
                hits.dropped.push(at);
                note(&batch, row, &mut hits);
            } else {
                for name in refers {
                    hits.emptied.entry(name.to_owned()).or_default().push(at);
                    note(&batch, row, &mut hits);
                }
            }
        }
        before += batch.num_rows() as u32;
        Ok(())
    })?;
    Ok(hits)
}

/// Notes where a row came from.
fn note(batch: &RecordBatch, row: usize, hits: &mut Hits) {
    let text = |name: &str| {
        let array = batch.column_by_name(name)?;
        with_text(array, row, str::to_owned)
    };
    if let (Some(load), Some(number)) = (text(system::LOAD), text(system::ROW).and_then(|n| n.parse().ok())) {
        hits.places.insert((load, number));
    }
    if let (Some(source), Some(file)) = (text(system::SOURCE), text(system::FILE)) {
        hits.files.insert((source, file));
    }
}

/// What a load's report says, without texts that quote a key; none: it quotes none.
fn without_quotes(report: &str, keys: &Keys) -> Option<String> {
    fn walk(of: &mut Value, keys: &Keys) -> bool {
        match of {
            Value::String(text) if keys.quoted_in(text) => {
                *text = erase::ERASED.to_owned();
                true
            }
            Value::Array(parts) => parts.iter_mut().fold(false, |any, part| walk(part, keys) | any),
            Value::Object(fields) => fields.iter_mut().fold(false, |any, (name, part)| {
                let fixed = ["load", "source", "entity", "file", "content", "definition", "rule"];
                (!fixed.contains(&name.as_str()) && walk(part, keys)) | any
            }),
            _ => false,
        }
    }
    let mut report: Value = serde_json::from_str(report).ok()?;
    walk(&mut report, keys).then(|| report.to_string())
}

impl LocalLake {
    /// Looks for rows that are to be erased.
    pub(crate) async fn look_for<'a>(
        &'a self,
        project: &'a Project,
        erasing: Erasing<'a>,
    ) -> Result<Box<dyn Erasure + 'a>, LandError> {
        let misfit = |why: String| LandError::Erase(why);
        let of = erasing.entity;
        let entity = project.entities.get(of).ok_or_else(|| misfit(format!("there is no entity `{of}`")))?;
        let types: Option<Vec<&Type>> =
            entity.key.iter().map(|id| entity.attribute(id).map(|a| &a.type_)).collect();
        let types = types.unwrap_or_default();
        let mut all = BTreeSet::new();
        for key in erasing.keys {
            if key.len() != types.len() || types.is_empty() {
                let parts: Vec<String> = entity.key.iter().map(|part| format!("`{part}`")).collect();
                let found = match project.sources.values().any(|source| &source.into == of) {
                    true => format!("a key of `{of}` is {}: name all of it", parts.join(", ")),
                    false => format!("nothing lands in `{of}`: name an entity that a source fills"),
                };
                return Err(misfit(found));
            }
            let parts = key.iter().zip(&types).map(|(part, type_)| named(part, type_).map_err(misfit));
            all.insert(parts.collect::<Result<Vec<_>, _>>()?);
        }
        for with in erasing.with {
            let refers = project
                .entities
                .get(with)
                .is_some_and(|entity| entity.attributes.iter().any(|a| is_reference_to(&a.type_, of)));
            if !refers {
                let known = project.entities.values();
                let known = known.filter(|e| e.attributes.iter().any(|a| is_reference_to(&a.type_, of)));
                let known: Vec<String> = known.map(|e| format!("`{}`", e.id)).collect();
                let known = if known.is_empty() { "none does".to_owned() } else { known.join(", ") };
                return Err(misfit(format!(
                    "rows of `{with}` do not refer to `{of}`; of those that do: {known}"
                )));
            }
        }
        let known = merge::of_entity(&mut self.catalogue.store.read().await?, of.as_str()).await?;
        for key in all.iter().filter_map(|key| key.first()) {
            let into = resolved(&known, key);
            if into != key {
                return Err(misfit(format!(
                    "`{key}` was merged into `{into}`: erase that, and all that was merged into it goes with it"
                )));
            }
        }
        let goes = |key: &str| all.contains(&vec![key.to_owned()]);
        let merged: BTreeSet<String> =
            known.keys().filter(|key| goes(resolved(&known, key))).cloned().collect();
        let mut rest = known.clone();
        rest.retain(|key, _| !merged.contains(key));
        all.extend(merged.iter().map(|key| vec![key.clone()]));
        let secret = self.catalogue.store.secret();
        let erase = erasing::Erase {
            of: of.clone(),
            keys: all.iter().map(|key| digest(&secret, of, key)).collect::<BTreeSet<Digest>>(),
            with: erasing.with.clone(),
            why: Commitment([0; 32]),
        };
        let single = all.iter().filter(|key| key.len() == 1).flatten().cloned().collect();
        let keys = Keys { all, single };
        let mut found = Found {
            lake: self,
            erase,
            standing: erase::standing(&mut self.catalogue.store.read().await?).await?,
            tables: Vec::new(),
            rejected: Vec::new(),
            loads: BTreeMap::new(),
            texts: Vec::new(),
            sources: Vec::new(),
            keys,
            merges: (known, rest),
            holding: Holding { merged, ..Holding::default() },
        };
        let mut places = found.in_tables(project).await?;
        found.in_raw_files(project).await?;
        places.extend(found.in_rejected(project).await?);
        found.in_texts(&places).await?;
        Ok(Box::new(found))
    }

    /// Goes on with what was erased and is not gone from the disk yet; whether it is now.
    ///
    /// # Errors
    /// A file cannot be removed, or the database refuses.
    pub(crate) async fn clear_away(&self) -> Result<bool, LakeError> {
        let store = &self.catalogue.store;
        let paths = erase::scheduled(&mut store.read().await?).await?;
        if paths.is_empty() {
            return Ok(true);
        }
        let data = self.catalogue.data.clone();
        let fs = std::sync::Arc::clone(&self.fs);
        let going = paths.clone();
        blocking(move || {
            let mut folders = BTreeSet::new();
            let mut gone = |path: &Path| match fs.remove(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(path, "removed", e)),
                _ => {
                    folders.extend(path.parent().map(Path::to_owned));
                    Ok(())
                }
            };
            for path in going.iter().filter(|path| *path != MARK) {
                gone(&data.join(path))?;
            }
            for cache in CACHES {
                let mut files = Vec::new();
                match durable::list(&data.join(cache), &mut files) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => {
                        return Err(failed(&data.join(cache), "listed", e));
                    }
                    _ => files.iter().try_for_each(|file| gone(file))?,
                }
            }
            for folder in folders.into_iter().filter(|folder| durable::metadata(folder).is_ok()) {
                fs.sync_folder(&folder).map_err(|e| failed(&folder, "written", e))?;
            }
            Ok(())
        })
        .await??;
        // What a landing left that was killed may hold any row.
        self.sweep_orphans(Duration::ZERO).await?;
        if !store.compact().await? {
            return Ok(false);
        }
        let mut tx = store.begin().await?;
        erase::unschedule(&mut tx, &paths).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Found<'_> {
    /// Every version of the rows in every snapshot; where they came from.
    async fn in_tables(&mut self, project: &Project) -> Result<Places, LandError> {
        let mut places = Places::new();
        let mut tx = self.lake.catalogue.store.read().await?;
        for stored in catalogue::tables(&mut tx, MAIN, i64::MAX).await? {
            let Some(role) = role(project, &stored.name, &self.erase) else { continue };
            let Some(entity) = stored.name.parse::<EntityId>().ok().and_then(|id| project.entities.get(&id))
            else {
                continue;
            };
            let held = catalogue::held(&mut tx, stored.id).await?;
            let mut held_deletes = catalogue::held_deletes(&mut tx, stored.id).await?;
            let table = table_of(stored, entity)?;
            // A file may stand in several stretches of snapshots.
            let mut by_path: BTreeMap<String, Vec<Held>> = BTreeMap::new();
            for held in held {
                by_path.entry(held.file.path.clone()).or_default().push(held);
            }
            self.lake.sound_table(&table.name).await?;
            let mut touched = Vec::new();
            for held in by_path.into_values() {
                let Some(file) = held.first().map(|held| self.lake.catalogue.place(held.file.clone())) else {
                    continue;
                };
                let (looked, table, role, keys) =
                    (file.clone(), table.clone(), role.clone(), self.keys.clone());
                self.lake.catalogue.bring(vec![file.wanted()]).await?;
                let hits = blocking(move || look(&looked, &table, &role, &keys)).await??;
                if hits.dropped.is_empty() && hits.emptied.is_empty() {
                    continue;
                }
                let of_file;
                (of_file, held_deletes) =
                    held_deletes.into_iter().partition(|of| held.iter().any(|held| held.file.id == of.of));
                let mut deletes: BTreeMap<String, Vec<HeldDeletes>> = BTreeMap::new();
                let mut out = Vec::new();
                for of in of_file {
                    let placed = self.lake.catalogue.place_deletes(of.file.clone());
                    let file = DataFile { deletes: Some(placed), ..file.clone() };
                    self.lake.catalogue.bring(file.all_wanted().collect()).await?;
                    if of.is_live {
                        out = blocking(move || deletes::positions(&file)).await??;
                    }
                    deletes.entry(of.file.path.clone()).or_default().push(of);
                }
                // A version that stands in files of several snapshots is counted in each: so often it is written. One that is out stands
                // again elsewhere.
                let is_live = held.iter().any(|held| held.end.is_none());
                let is_in = |row: &&u32| out.binary_search(row).is_err();
                let emptied =
                    hits.emptied.values().flatten().filter(is_in).collect::<BTreeSet<_>>().len() as u64;
                let dropped_of_it = hits.dropped.iter().filter(is_in).count() as u64;
                let count = |of: &mut BTreeMap<EntityId, u64>, n: u64| {
                    if n > 0 {
                        *of.entry(entity.id.clone()).or_default() += if is_live { n } else { 0 };
                    }
                };
                count(&mut self.holding.rows, dropped_of_it);
                count(&mut self.holding.emptied, emptied);
                self.holding.files += 1;
                for (source, file) in hits.files {
                    let Ok(source) = source.parse::<SourceId>() else { continue };
                    if !file.starts_with(&format!("{}/", crate::inbox::INBOX)) {
                        self.holding.elsewhere.entry(source).or_default().insert(file);
                    }
                }
                places.extend(hits.places);
                let (dropped, emptied) = (hits.dropped, hits.emptied);
                let deletes = deletes.into_values().map(|held| (held, None)).collect();
                touched.push(Touched { held, file, dropped, emptied, deletes, new: None });
            }
            if !touched.is_empty() {
                self.tables.push(TouchedTable { table, files: touched });
            }
        }
        Ok(places)
    }

    /// Sources whose rows may say such a key, and how.
    fn saying<'p>(&self, project: &'p Project) -> Vec<(&'p Source, Says)> {
        let says = project.sources.values().filter_map(|source| {
            let mut says = Says::of(project, source, &self.erase.of);
            if screened(project, &source.into, &self.erase.of) || is_of_the_log(project, &source.into) {
                says.references.push(None);
            }
            (!says.key.is_empty() || !says.references.is_empty()).then_some((source, says))
        });
        says.collect()
    }

    /// Raw files of Kepi's own that hold one.
    async fn in_raw_files(&mut self, project: &Project) -> Result<(), LandError> {
        use kepi_query::landing::Inbox;
        for (source, says) in self.saying(project) {
            self.sources.push(source.id.clone());
            let mut files: Vec<crate::copies::WithFiles> = Vec::new();
            if source.from.objects().is_some() {
                files = self.lake.copies_with_files(source)?;
            } else if source.from.stream().is_some() {
                let kept = self.lake.kept(source).await.map_err(LandError::from_port)?;
                if let Some(bookmark) = &kept.bookmark
                    && self.keys.quoted_in(&bookmark.to_string())
                {
                    self.holding.bookmarks.insert(source.id.clone());
                }
                files = kept
                    .landed
                    .into_iter()
                    .chain(kept.waiting)
                    .map(|raw| {
                        let name = raw.name().to_owned();
                        let note = name.replace(".ndjson.gz", ".json");
                        (raw, vec![name, note])
                    })
                    .collect();
            }
            let (keys, says) = (self.keys.clone(), std::sync::Arc::new(says));
            for (raw, paths) in files {
                let name = raw.name().to_owned();
                let (keys, says) = (keys.clone(), std::sync::Arc::clone(&says));
                let holds = blocking(move || holds_any(raw.as_ref(), &says, &keys)).await??;
                if !holds {
                    continue;
                }
                if source.from.objects().is_some() {
                    self.holding.elsewhere.entry(source.id.clone()).or_default().insert(name);
                }
                self.holding.raw.extend(paths);
            }
        }
        Ok(())
    }

    /// Rejected rows that hold one, and reports that quote one.
    async fn in_rejected(&mut self, project: &Project) -> Result<Places, LandError> {
        let mut places = Places::new();
        let mut tx = self.lake.catalogue.store.read().await?;
        for (source, says) in self.saying(project) {
            let mut seen = 0;
            loop {
                let some = erase::rejected_after(&mut tx, source.id.as_str(), seen).await?;
                let Some((last, _)) = some.last() else { break };
                seen = *last;
                for (place, row) in some {
                    let rejected = &row.rejected;
                    if !says.holds(&self.keys, &rejected.raw) && !self.keys.quoted_in(&rejected.reason) {
                        continue;
                    }
                    self.rejected.push(place);
                    self.holding.rejected += 1;
                    if !row.file.starts_with(&format!("{}/", crate::inbox::INBOX)) {
                        self.holding.elsewhere.entry(source.id.clone()).or_default().insert(row.file.clone());
                    }
                    places.insert((row.load.clone(), rejected.row));
                    self.loads.entry(row.load).or_default();
                }
            }
            for (load, report) in erase::reports(&mut tx, source.id.as_str()).await? {
                if let Some(report) = without_quotes(&report, &self.keys) {
                    self.loads.insert(load, Some(report));
                    self.holding.reports += 1;
                }
            }
        }
        Ok(places)
    }

    /// What was said by hand of such rows, and keys of cases.
    async fn in_texts(&mut self, places: &Places) -> Result<(), LandError> {
        let store = &self.lake.catalogue.store;
        let contents: BTreeMap<String, _> = {
            let loads = self.lake.catalogue.loads(None).await?;
            loads.into_iter().map(|load| (load.load.clone(), (load.source, load.content))).collect()
        };
        let said: HashSet<_> = places
            .iter()
            .filter_map(|(load, row)| contents.get(load).map(|(source, content)| (source, *content, *row)))
            .collect();
        let of_kind = |kind: &str| EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
        let mut texts = BTreeSet::new();
        for recorded in store.events(&of_kind("row.corrected")).await? {
            if let Ok(Event::RowCorrected(of)) = recorded.event()
                && said.contains(&(&of.of, of.content, of.row))
            {
                texts.extend(of.cells.into_iter().chain([of.why]));
            }
        }
        let mut cases = Vec::new();
        for recorded in store.events(&of_kind("item.opened")).await? {
            if let Ok(Event::ItemOpened(of)) = recorded.event()
                && let Content::Case(case) = of.content
            {
                cases.push(case.key);
            }
        }
        let mut tx = store.read().await?;
        let keys: BTreeSet<String> = self.keys.all.iter().map(|key| key.join("\n")).collect();
        let known = tx.texts(&cases).await?;
        texts.extend(known.into_iter().filter(|(_, text)| keys.contains(text)).map(|(key, _)| key));
        let there = tx.texts(&texts.into_iter().collect::<Vec<_>>()).await?;
        self.texts = there.into_keys().collect();
        self.holding.texts = self.texts.len() as u64;
        Ok(())
    }

    /// Writes data files anew.
    async fn write(&mut self) -> Result<(), LandError> {
        for of in &mut self.tables {
            let folder = self.lake.catalogue.data.join(MAIN).join(&of.table.name);
            for touched in of.files.iter_mut().filter(|touched| touched.new.is_none()) {
                let (fs, folder, table) =
                    (std::sync::Arc::clone(&self.lake.fs), folder.clone(), of.table.clone());
                let (file, dropped, emptied) =
                    (touched.file.clone(), touched.dropped.clone(), touched.emptied.clone());
                let (writes_to, to) = (std::sync::Arc::clone(&fs), folder.clone());
                let new = blocking(move || without(&fs, &folder, &table, &file, &dropped, &emptied));
                let new = new.await??;
                for (held, deletes) in &mut touched.deletes {
                    let Some(of) = held.first().map(|of| self.lake.catalogue.place_deletes(of.file.clone()))
                    else {
                        continue;
                    };
                    let (fs, folder, rows) =
                        (std::sync::Arc::clone(&writes_to), to.clone(), touched.file.rows);
                    let (dropped, path) = (touched.dropped.clone(), new.path.clone());
                    let written = blocking(move || {
                        let out = deletes::read(&of, rows)?;
                        let out: Vec<u32> =
                            out.into_iter().filter_map(|row| deletes::without(row, &dropped)).collect();
                        deletes::write(&fs, &folder, &path, &out)
                    });
                    *deletes = Some(written.await??);
                }
                // Only whole: what is left of one that failed is swept.
                touched.new = Some(new);
            }
        }
        Ok(())
    }

    /// Puts the new files in the place of the old ones; returns the newest snapshot.
    async fn exchange(&self, tx: &mut Transaction, stamp: Stamp<'_>) -> Result<i64, StoreError> {
        for of in &self.tables {
            let files = of.files.iter().filter_map(|of| Some((of, of.new.as_ref()?)));
            let files = files.flat_map(|(of, new)| {
                of.held.iter().map(|held| {
                    let all = of.deletes.iter().flat_map(|(held, new)| held.iter().zip(new.iter().cycle()));
                    let own = all.filter(|(deletes, _)| deletes.of == held.file.id);
                    let deletes = own.map(|(old, new)| (old.clone(), new.clone())).collect();
                    Exchanged { old: held.clone(), new: new.clone(), deletes }
                })
            });
            catalogue::exchange(tx, of.table.id, &files.collect::<Vec<_>>(), stamp).await?;
        }
        catalogue::snapshot(tx).await
    }

    async fn pins(&mut self, at: &[(&Project, SnapshotId)]) -> Result<Vec<PinnedInputs>, LandError> {
        self.write().await?;
        // Before others are kept waiting.
        for (_, snapshot) in at {
            let mut reading = self.lake.catalogue.store.read().await?;
            let files = catalogue::checksummed(&mut reading, Some(snapshot.0)).await?;
            drop(reading);
            let landed = files.into_iter().filter(|(file, _)| file.path.starts_with(MAIN));
            let wanted = landed.map(|(file, _)| self.lake.catalogue.place(file).wanted());
            self.lake.catalogue.bring(wanted.collect()).await?;
        }
        let stamp = Stamp { at: 0, actor: "kepi", message: "look" };
        let mut tx = self.lake.catalogue.store.begin().await?;
        self.exchange(&mut tx, stamp).await?;
        let mut all = Vec::with_capacity(at.len());
        for (project, snapshot) in at {
            all.push(self.lake.catalogue.pin_in(&mut tx, project, Some(*snapshot)).await?);
        }
        // It is only looked at: nothing of it is kept.
        drop(tx);
        for (inputs, (project, _)) in all.iter_mut().zip(at) {
            self.lake.compose(project, inputs).await?;
        }
        Ok(all)
    }

    async fn ask_another(&mut self, order: Ordered<'_>) -> Result<Option<u64>, LandError> {
        let permit = permit(order.actor)?;
        let store = self.lake.catalogue.store.clone();
        let organisation = store.organisation().await?;
        let asked = || organisation.erased.asked_by_another(&self.erase, permit.by(), order.at);
        if !laws::needs_another(&organisation) || asked() {
            return Ok(None);
        }
        let mut asking = Asking { why: NewText::new(order.why.to_owned()) };
        self.erase.why = asking.why.commitment;
        let command = Command::AskErase(self.erase.clone());
        let key = format!("{}/ask", order.key);
        match store.perform(Asked::new(&permit, &key, order.at), &command, &mut asking).await {
            Ok(Performed::Done(receipt, ()) | Performed::Before(receipt)) => Ok(Some(receipt.first)),
            Err(CalledOff::Faster) => {
                Err(LandError::Conflict { path: self.erase.of.to_string(), attempts: 1 })
            }
            Err(CalledOff::Failed(error)) => Err(error),
        }
    }

    async fn erase_all(&mut self, order: Ordered<'_>) -> Result<Option<Erased>, LandError> {
        self.write().await?;
        let (why, stand) = (NewText::new(order.why.to_owned()), NewText::new(order.stand.to_owned()));
        self.erase.why = why.commitment;
        let permit = permit(order.actor)?;
        let command = Command::Erase(self.erase.clone());
        let store = self.lake.catalogue.store.clone();
        // Nobody lands meanwhile in this process; others are kept apart by the checks at commit.
        let mut indexes = self.lake.indexes.lock().await;
        let mut effects = Carrying { found: self, order, texts: [why, stand] };
        let done = store.perform(Asked::new(&permit, order.key, order.at), &command, &mut effects).await;
        let receipt = match done {
            Ok(Performed::Done(receipt, ())) => receipt,
            Ok(Performed::Before(receipt)) => receipt,
            Err(CalledOff::Faster) => return Ok(None),
            Err(CalledOff::Failed(error)) => return Err(error),
        };
        // From here on new files are named.
        for of in self.tables.iter_mut().flat_map(|of| &mut of.files) {
            of.new = None;
            of.deletes.clear();
        }
        *indexes = crate::land::Indexes::default();
        drop(indexes);
        let gone = self.lake.clear_away().await?;
        Ok(Some(Erased { event: receipt.first, gone }))
    }
}

impl Drop for Found<'_> {
    fn drop(&mut self) {
        for new in self.tables.iter().flat_map(|of| &of.files).flat_map(Touched::written) {
            // Best effort: what stays behind is swept later.
            let _ = self.lake.fs.remove(new.path);
        }
    }
}

/// Whether a raw file holds a row that says one of the keys.
fn holds_any(raw: &dyn Raw, says: &Says, keys: &Keys) -> Result<bool, LandError> {
    let mut reader = raw.open().map_err(LandError::from_port)?;
    let mut batch = Batch::default();
    while reader.next(&mut batch).map_err(LandError::from_port)? {
        if (0..batch.rows).any(|row| says.holds(keys, &reader.raw(row as u32))) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Erasure for Found<'_> {
    fn holding(&self) -> &Holding {
        &self.holding
    }

    fn without<'a>(
        &'a mut self,
        at: &'a [(&'a Project, SnapshotId)],
    ) -> Fut<'a, Result<Vec<PinnedInputs>, PortError>> {
        Box::pin(async move { Ok(self.pins(at).await?) })
    }

    fn ask<'a>(&'a mut self, order: Ordered<'a>) -> Fut<'a, Result<Option<u64>, PortError>> {
        Box::pin(async move { Ok(self.ask_another(order).await?) })
    }

    fn carry_out<'a>(&'a mut self, order: Ordered<'a>) -> Fut<'a, Result<Option<Erased>, PortError>> {
        Box::pin(async move { Ok(self.erase_all(order).await?) })
    }
}

/// What asking leaves in the database beside its event.
struct Asking {
    why: NewText,
}

impl Effects for Asking {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, _: &mut Transaction) -> Result<Evidence, CalledOff> {
        Ok(Evidence::None)
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        Ok(tx.keep_text(&self.why).await?)
    }
}

/// What erasing leaves in the database beside its event.
struct Carrying<'b, 'a, 'o> {
    found: &'b Found<'a>,
    order: Ordered<'o>,
    texts: [NewText; 2],
}

impl Effects for Carrying<'_, '_, '_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        let Self { found, order, texts: [_, stand] } = self;
        if erase::standing(tx).await? != found.standing {
            return Err(CalledOff::Faster);
        }
        let stamp = Stamp { at: order.at, actor: order.actor, message: "erase rows" };
        let snapshot = found.exchange(tx, stamp).await?;
        let mut files = Frontier::default();
        for of in found.tables.iter().flat_map(|of| &of.files) {
            if of.new.is_none() {
                continue;
            }
            for new in of.written() {
                // A sweeper of another process may have taken it for an orphan.
                found.lake.still_there(new.path, new.bytes).await?;
                if let Some(checksum) = new.checksum {
                    files.push(checksum.to_string().as_bytes());
                }
            }
            let deletes = of.deletes.iter().filter_map(|(held, _)| held.first()).map(|of| &of.file.path);
            for old in of.held.first().map(|held| &held.file.path).into_iter().chain(deletes) {
                erase::schedule(tx, old, order.at).await?;
            }
        }
        for path in found.holding.raw.iter().map(String::as_str).chain([MARK]) {
            erase::schedule(tx, path, order.at).await?;
        }
        for place in &found.rejected {
            erase::blank(tx, *place).await?;
        }
        let mut loads: Vec<Resealed> = Vec::with_capacity(found.loads.len());
        for (load, report) in &found.loads {
            loads.push(kepi_store::records::reseal(tx, load, report.clone()).await?);
        }
        for source in &found.sources {
            erase::blank_not_landed(tx, source.as_str(), &|text| found.keys.quoted_in(text)).await?;
        }
        let texts = erase::texts(tx, &found.texts).await?;
        let Holding { rows, emptied, rejected, raw, .. } = &found.holding;
        Ok(Evidence::Erased {
            reached: Reached {
                rows: rows.clone(),
                emptied: emptied.clone(),
                rejected: *rejected,
                raw: raw.len() as u64,
                texts,
                figures: order.figures,
            },
            snapshot: snapshot.unsigned_abs(),
            files: Sealed { rows: files.size(), root: files.root() },
            loads,
            stand: stand.commitment,
        })
    }

    async fn write(&mut self, tx: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        for text in &self.texts {
            tx.keep_text(text).await?;
        }
        let (before, rest) = &self.found.merges;
        merge::change(tx, self.found.erase.of.as_str(), before, rest).await?;
        let files = self.found.tables.iter().flat_map(|of| &of.files);
        let new: Vec<_> = files.flat_map(Touched::written).map(|new| new.path.clone()).collect();
        self.found.lake.fs.committing(&new);
        Ok(())
    }
}
