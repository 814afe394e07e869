//! What the rows of a batch are, and the hashes by which they are placed: worked out ahead of their placing.

use kepi_model::project::{Mode, Requirement};
use kepi_query::landing::{Batch, BatchReader};

use crate::{
    ahead::{Ahead, Maker},
    erased::Meeting,
    error::LandError,
    mapping::{BoundMapping, Counts, Fate, Key, RowHasher, Rows, Tag},
    staging::Staging,
};

/// A batch whose rows are typed.
pub(crate) struct TypedBatch {
    pub batch: Batch,
    pub rows: Rows,
    pub fates: Vec<Fate>,
    /// Rows that meet what was erased.
    pub meeting: Meeting,
    /// The key of each row, as far as it can be read.
    pub keys: Vec<Option<Key>>,
    /// By rule of uniqueness: the value of each row that is typed.
    pub unique: Vec<Vec<Option<Key>>>,
    /// The hash of all values of each row; 0 of rows that do not land.
    pub contents: Vec<u64>,
    /// What the mapping had counted before it.
    before: Counts,
}

/// Types the batches of a file.
pub(crate) struct Typing<'scope, 'a> {
    staging: &'a Staging,
    batches: Ahead<'scope, Box<dyn BatchReader>>,
    mapping: BoundMapping,
    personal: Vec<bool>,
    tags: Vec<Tag>,
    hasher: RowHasher,
}

impl<'scope, 'a> Typing<'scope, 'a> {
    pub fn new(
        staging: &'a Staging,
        batches: Ahead<'scope, Box<dyn BatchReader>>,
        mapping: BoundMapping,
        personal: Vec<bool>,
    ) -> Self {
        let mut hasher = RowHasher::secret(staging.secret);
        let tags = hasher.tags(&staging.entity);
        Self { staging, batches, mapping, personal, tags, hasher }
    }

    /// The reader of the file and its mapping, which has counted as if the file ended behind the first `rows` of a batch.
    pub fn stopped_behind(
        mut self,
        rows: usize,
        typed: &mut TypedBatch,
    ) -> Result<(Box<dyn BatchReader>, BoundMapping), LandError> {
        self.mapping.count_again(&typed.before, &typed.batch, rows, &mut typed.rows)?;
        self.ended()
    }

    /// The reader of the file and its mapping.
    pub fn ended(self) -> Result<(Box<dyn BatchReader>, BoundMapping), LandError> {
        Ok((self.batches.ended()?, self.mapping))
    }
}

/// Works out the hashes of a batch.
fn hash(staging: &Staging, hasher: &mut RowHasher, tags: &[Tag], typed: &mut TypedBatch) {
    let TypedBatch { rows, fates, keys, unique, contents, .. } = typed;
    let whose = staging.whose();
    let is_typed = |fate: &Fate| matches!(fate, Fate::Typed);
    keys.clear();
    keys.extend(fates.iter().enumerate().map(|(row, fate)| match fate {
        Fate::Typed | Fate::Rejected(_) => hasher.key_of(whose, &rows.columns, &staging.shape.key, row),
        Fate::OutOfScope { .. } | Fate::Bad(_) => None,
    }));
    unique.resize_with(staging.shape.unique.len(), Vec::new);
    for (values, attributes) in unique.iter_mut().zip(&staging.shape.unique) {
        values.clear();
        values.extend(fates.iter().enumerate().map(|(row, fate)| {
            is_typed(fate).then(|| hasher.key_of(whose, &rows.columns, attributes, row))?
        }));
    }
    // Of a key in a list of keys nothing else is said.
    if staging.source.mode == Mode::Keys {
        contents.clear();
        return contents.resize(fates.len(), 0);
    }
    hasher.contents(&rows.columns, tags, fates.len(), contents);
    for (row, (content, fate)) in contents.iter_mut().zip(fates).enumerate() {
        if !is_typed(fate) {
            *content = 0;
        } else if let Some(into) = staging.merged_into(row, rows) {
            *content = hasher.merged(*content, &into);
        }
    }
}

impl TypedBatch {
    /// Rows that stand in no file: made of what others say. Each was merged into a row with the key beside it.
    pub fn made(staging: &Staging, rows: Rows, into: &[&str], before: Counts) -> Self {
        let mut hasher = RowHasher::secret(staging.secret);
        let tags = hasher.tags(&staging.entity);
        let mut made = Self {
            batch: Batch::default(),
            rows,
            fates: vec![Fate::Typed; into.len()],
            meeting: Meeting::default(),
            keys: Vec::new(),
            unique: Vec::new(),
            contents: Vec::new(),
            before,
        };
        hash(staging, &mut hasher, &tags, &mut made);
        for (content, into) in made.contents.iter_mut().zip(into) {
            *content = hasher.merged(*content, into);
        }
        made
    }
}

impl Maker for Typing<'_, '_> {
    type Item = TypedBatch;

    fn empty(&self) -> TypedBatch {
        TypedBatch {
            batch: Batch::default(),
            rows: Rows::new(&self.staging.entity, self.personal.clone(), self.staging.known.clone()),
            fates: Vec::new(),
            meeting: Meeting::default(),
            keys: Vec::new(),
            unique: Vec::new(),
            contents: Vec::new(),
            before: self.mapping.counts(),
        }
    }

    fn next(&mut self, into: &mut TypedBatch) -> Result<bool, LandError> {
        if !self.batches.next(&mut into.batch)? {
            return Ok(false);
        }
        into.before = self.mapping.counts();
        into.fates = self.mapping.read(&into.batch, &mut into.rows)?;
        let erased = &self.staging.erased;
        into.meeting = match erased.is_nothing() {
            true => Meeting::default(),
            false => {
                let fates = into.fates.iter();
                let readable = fates.map(|fate| matches!(fate, Fate::Typed | Fate::Rejected(_))).collect();
                erased.meet(&mut into.rows, into.fates.len(), &readable)
            }
        };
        if !erased.is_nothing() {
            let rows = &into.rows;
            let named =
                |row: &usize| self.staging.keys_of_merges(*row, rows).iter().any(|key| erased.is_erased(key));
            into.meeting.emptied.extend((0..into.fates.len()).filter(named));
        }
        for rule in &self.staging.source.rules {
            if let Requirement::Row(expression) = &rule.require {
                into.rows.look_up(expression)?;
            }
        }
        hash(self.staging, &mut self.hasher, &self.tags, into);
        Ok(true)
    }
}
