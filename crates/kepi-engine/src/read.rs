//! Reading columns of a pinned table into memory, for what is made of them row by row.

use std::collections::BTreeSet;

use arrow::{
    array::{Array as _, BooleanArray, RecordBatch, StringArray},
    compute::filter_record_batch,
};
use datafusion_execution::SendableRecordBatchStream;
use futures::StreamExt;
use kepi_model::expression::Physical;
use kepi_query::port::{
    Belonging, By, EvaluateError, Limits, MemoryColumn, MemoryTable, PinnedColumn, PinnedTable,
};
use kepi_query::texts::Texts;
use tokio::sync::mpsc;

use crate::{
    deleted::all_read,
    scan::{self, Partitions, Scan},
    vector::Vector,
};

/// The columns of all rows or of those that belong to somebody, in the order in which they stand in the files.
pub async fn columns(
    table: &PinnedTable,
    columns: &[PinnedColumn],
    only: Option<&Belonging>,
    limits: &Limits,
) -> Result<MemoryTable, EvaluateError> {
    let wanted: Vec<&PinnedColumn> = columns.iter().collect();
    let reader = || Reader::new(columns, only);
    match scan::prepare(table, &wanted, false, None, Partitions::InOrder, limits)? {
        Scan::Memory(batches) => {
            let mut reader = reader();
            batches.into_iter().try_for_each(|batch| reader.add(batch))?;
            Ok(reader.read)
        }
        Scan::Files(plan, context, rows) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            let mut parts = Vec::new();
            for partition in 0..plan.output_partitioning().partition_count() {
                let mut stream = plan.execute(partition, context.clone()).map_err(scan::engine)?;
                let mut reader = reader();
                parts.push(tokio::spawn(async move {
                    while let Some(batch) = stream.next().await {
                        reader.add(batch.map_err(scan::engine)?)?;
                    }
                    Ok::<_, EvaluateError>((reader.read, reader.seen))
                }));
            }
            let mut seen = 0;
            let mut all: Option<MemoryTable> = None;
            for part in parts {
                let (part, more) = part.await.map_err(scan::engine)??;
                seen += more;
                match &mut all {
                    Some(all) => all.extend(&part),
                    None => all = Some(part),
                }
            }
            all_read(seen, rows)?;
            Ok(all.unwrap_or_else(|| reader().read))
        }
    }
}

/// Rows of a piece, at least, where there are as many.
const PIECE: usize = 1 << 16;

/// The same in pieces, in order; it ends where nobody takes them any more.
pub async fn pieces(
    table: &PinnedTable,
    columns: &[PinnedColumn],
    only: Option<&Belonging>,
    limits: &Limits,
    to: mpsc::Sender<MemoryTable>,
) -> Result<(), EvaluateError> {
    let wanted: Vec<&PinnedColumn> = columns.iter().collect();
    match scan::prepare(table, &wanted, false, None, Partitions::InOrder, limits)? {
        Scan::Memory(batches) => {
            let mut reader = Reader::new(columns, only);
            batches.into_iter().try_for_each(|batch| reader.add(batch))?;
            let _ = to.send(reader.read).await;
        }
        Scan::Files(plan, context, rows) => {
            use datafusion_physical_plan::ExecutionPlanProperties as _;
            // Each partition is read as far ahead as a piece.
            let (mut parts, mut seen) = (Vec::new(), 0);
            for partition in 0..plan.output_partitioning().partition_count() {
                let stream = plan.execute(partition, context.clone()).map_err(scan::engine)?;
                let (send, receive) = mpsc::channel(1);
                parts.push(receive);
                tokio::spawn(part_in_pieces(stream, Reader::new(columns, only), send));
            }
            for mut part in parts {
                while let Some(piece) = part.recv().await {
                    let (piece, more) = piece?;
                    seen += more;
                    if to.send(piece).await.is_err() {
                        return Ok(());
                    }
                }
            }
            all_read(seen, rows)?;
        }
    }
    Ok(())
}

async fn part_in_pieces(
    mut stream: SendableRecordBatchStream,
    mut reader: Reader,
    to: mpsc::Sender<Result<(MemoryTable, u64), EvaluateError>>,
) {
    while let Some(batch) = stream.next().await {
        if let Err(why) = batch.map_err(scan::engine).and_then(|batch| reader.add(batch)) {
            let _ = to.send(Err(why)).await;
            return;
        }
        if reader.read.rows >= PIECE {
            let piece = (reader.taken(), std::mem::take(&mut reader.seen));
            if to.send(Ok(piece)).await.is_err() {
                return;
            }
        }
    }
    let _ = to.send(Ok((reader.read, reader.seen))).await;
}

/// Takes batches.
struct Reader {
    read: MemoryTable,
    /// Rows that came, also of nobody's.
    seen: u64,
    columns: Vec<PinnedColumn>,
    only: Option<Belonging>,
    /// By column, the dictionary of the last batch with what is known of its members.
    known: Vec<Option<Known>>,
    /// The same of the columns of text that hold keys, by tie.
    asked: Vec<Asked>,
    /// Reads what else tells whether rows belong to keys.
    other: Option<Box<Reader>>,
}

/// The codes of a dictionary's members, as far as they occurred.
struct Known {
    members: StringArray,
    codes: Vec<u32>,
}

/// Which of a dictionary's members are keys, as far as they occurred.
struct Asked {
    members: StringArray,
    is_key: Vec<Option<bool>>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { members: StringArray::from(Vec::<&str>::new()), is_key: Vec::new() }
    }
}

impl Reader {
    fn new(columns: &[PinnedColumn], only: Option<&Belonging>) -> Self {
        let empty = columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect();
        let others =
            only.into_iter().flat_map(|only| &only.ties).filter(|(by, _)| text(by, columns).is_none());
        let others: BTreeSet<String> = others.flat_map(|(by, _)| by.columns()).collect();
        let others: Vec<PinnedColumn> =
            columns.iter().filter(|column| others.contains(&column.name)).cloned().collect();
        Self {
            read: MemoryTable { rows: 0, columns: empty },
            seen: 0,
            columns: columns.to_vec(),
            only: only.cloned(),
            known: columns.iter().map(|_| None).collect(),
            asked: Vec::new(),
            other: (!others.is_empty()).then(|| Box::new(Self::new(&others, None))),
        }
    }

    /// What was read so far.
    fn taken(&mut self) -> MemoryTable {
        // Codes of texts are those of what is taken.
        self.known.iter_mut().for_each(|known| *known = None);
        let empty = self.columns.iter().map(|column| MemoryColumn::empty(column.physical)).collect();
        std::mem::replace(&mut self.read, MemoryTable { rows: 0, columns: empty })
    }
}

/// The column of text that is asked; none: something else is.
fn text<'a>(by: &'a By, columns: &[PinnedColumn]) -> Option<&'a str> {
    let By::Column(name) = by else { return None };
    let is_text = |column: &PinnedColumn| column.physical == Physical::Text;
    columns.iter().find(|column| column.name == *name).is_none_or(is_text).then_some(name)
}

/// The rows of which a column holds a key, or that are asked for otherwise. Each text of a dictionary that occurs is looked up once, though batches share it.
fn belonging(
    (only, columns): (&Belonging, &[PinnedColumn]),
    asked: &mut Vec<Asked>,
    other: Option<&mut Reader>,
    batch: RecordBatch,
) -> Result<RecordBatch, EvaluateError> {
    let mut of = vec![false; batch.num_rows()];
    asked.resize_with(only.ties.len(), Asked::default);
    for ((by, keys), asked) in only.ties.iter().zip(asked) {
        let Some(array) = text(by, columns).and_then(|name| batch.column_by_name(name)) else { continue };
        let Vector::Text(texts) = Vector::of_array(array, Physical::Text).map_err(EvaluateError::Engine)?
        else {
            continue;
        };
        if !is_same(&asked.members, &texts.members) {
            *asked = Asked { members: texts.members.clone(), is_key: vec![None; texts.members.len()] };
        }
        for (row, of) in of.iter_mut().enumerate() {
            let is_key = texts.code(row).and_then(|code| {
                let known = asked.is_key.get_mut(code)?;
                Some(*known.get_or_insert_with(|| keys.has(Some(texts.members.value(code)))))
            });
            *of |= is_key.unwrap_or(keys.missing);
        }
    }
    if let Some(other) = other {
        other.add(batch.clone())?;
        let rows = other.taken();
        only.mark(&other.columns, &rows, |by| text(by, columns).is_none(), &mut of);
    }
    filter_record_batch(&batch, &BooleanArray::from(of)).map_err(scan::engine)
}

impl Reader {
    fn add(&mut self, batch: RecordBatch) -> Result<(), EvaluateError> {
        self.seen += batch.num_rows() as u64;
        let batch = match &self.only {
            Some(only) => {
                belonging((only, &self.columns), &mut self.asked, self.other.as_deref_mut(), batch)?
            }
            None => batch,
        };
        let rows = batch.num_rows();
        self.read.rows += rows;
        for ((to, column), known) in self.read.columns.iter_mut().zip(&self.columns).zip(&mut self.known) {
            let vector = match batch.column_by_name(&column.name) {
                Some(array) => Vector::of_array(array, column.physical).map_err(EvaluateError::Engine)?,
                None => Vector::Constant(kepi_model::expression::Literal::Missing),
            };
            match (to, vector) {
                (MemoryColumn::Text(values), Vector::Text(texts)) => {
                    // Each different text of a dictionary that occurs is looked up once, though batches share it.
                    let is_new = known.as_ref().is_none_or(|known| !is_same(&known.members, &texts.members));
                    if is_new {
                        let codes = vec![Texts::MISSING; texts.members.len()];
                        *known = Some(Known { members: texts.members.clone(), codes });
                    }
                    let Some(Known { codes, .. }) = known else { continue };
                    let places =
                        (0..rows).map(|row| texts.code(row).map_or(Texts::MISSING, |code| code as u32));
                    let member = |place| (place < texts.members.len()).then(|| texts.members.value(place));
                    values.extend_known(places, codes, member);
                }
                (
                    MemoryColumn::Integer(values) | MemoryColumn::Instant(values),
                    Vector::Integer(of, valid),
                ) => {
                    let known = |row: usize| valid.as_ref().is_none_or(|valid| valid.get(row));
                    values.extend((0..rows).map(|row| of.get(row).copied().filter(|_| known(row))));
                }
                (MemoryColumn::Boolean(values), Vector::Boolean(truth)) => {
                    let no = |row| truth.no.as_ref().is_none_or(|no| no.get(row));
                    values.extend(
                        (0..rows).map(
                            |row| if truth.yes.get(row) { Some(true) } else { no(row).then_some(false) },
                        ),
                    );
                }
                (MemoryColumn::Text(values), _) => (0..rows).for_each(|_| values.push(None)),
                (MemoryColumn::Integer(values) | MemoryColumn::Instant(values), _) => {
                    values.extend((0..rows).map(|_| None));
                }
                (MemoryColumn::Boolean(values), _) => values.extend((0..rows).map(|_| None)),
            }
        }
        Ok(())
    }
}

/// Whether two dictionaries are one and the same.
fn is_same(one: &StringArray, other: &StringArray) -> bool {
    one.len() == other.len() && one.values().ptr_eq(other.values()) && one.offsets().ptr_eq(other.offsets())
}
