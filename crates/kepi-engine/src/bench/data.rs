//! Service cases for the benchmark: typical columns, in about the order in which they would be landed.

use std::{fs, path::Path, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanArray, BooleanBuilder, Int64Array, Int64Builder, RecordBatch, StringArray,
        StringBuilder, TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field, Schema, TimeUnit},
};
use kepi_model::expression::Physical;
use kepi_query::port::{PinnedColumn, PinnedFile, PinnedInputs, PinnedTable, SnapshotId, TableData, system};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use serde::{Deserialize, Serialize};

use super::BenchError;

/// Days over which cases are spread; with 100 segments some 87,000 cells.
pub const DAYS: i64 = 870;
/// 2024-01-01T00:00:00Z.
const START: i64 = 1_704_067_200_000_000;
const DAY: i64 = 86_400_000_000;
const FILES: u64 = 8;
const ROW_GROUP: usize = 500_000;
const BATCH: u64 = 65_536;
/// Changes whenever the rows do.
const VERSION: u32 = 1;

const REGIONS: [&str; 5] = ["emea", "north_america", "latin_america", "apac", "dach"];
const TIERS: [&str; 4] = ["gold", "silver", "bronze", "free"];
const CHANNELS: [&str; 5] = ["phone", "web", "chat", "email", "store"];
const PRIORITIES: [&str; 3] = ["normal", "urgent", "low"];

/// A column, its form and the bounds that the generator keeps.
type Column = (&'static str, Physical, Option<(i64, i64)>);

const COLUMNS: [Column; 19] = [
    ("id", Physical::Text, None),
    ("opened_at", Physical::Instant, Some((START, START + DAYS * DAY - 1))),
    ("account", Physical::Text, None),
    ("region", Physical::Text, None),
    ("tier", Physical::Text, None),
    ("channel", Physical::Text, None),
    ("priority", Physical::Text, None),
    ("contacts", Physical::Integer, Some((1, 6))),
    ("handle_seconds", Physical::Integer, Some((20, 7_219))),
    ("wait_seconds", Physical::Integer, Some((0, 899))),
    ("cost", Physical::Integer, Some((50, 60_049))),
    ("refund", Physical::Integer, Some((0, 19_999))),
    ("satisfaction", Physical::Integer, Some((1, 5))),
    ("recommend", Physical::Integer, Some((0, 10))),
    ("effort", Physical::Integer, Some((1, 7))),
    ("solved", Physical::Boolean, None),
    ("reopened", Physical::Boolean, None),
    ("escalated", Physical::Boolean, None),
    ("automated", Physical::Boolean, None),
];

/// SplitMix64: one number a draw, the same everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub(super) fn below(&mut self, n: u64) -> i64 {
        // The high half times n: uneven by less than 2^-32.
        (((self.next() >> 32) * n) >> 32) as i64
    }
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent as i64
    }
    /// One of a list, the first ones more often.
    fn early<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let n = list.len() as u64;
        let position = self.below(n).min(self.below(n)) as usize;
        list.get(position).copied().unwrap_or_default()
    }
}

/// What a folder holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    rows: u64,
    seed: u64,
    ordered: bool,
    files: Vec<PinnedFile>,
}

/// What is to be generated.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Rows.
    pub rows: u64,
    /// Seed.
    pub seed: u64,
    /// Whether rows come in about the order of time, as landed data do, or at random.
    pub ordered: bool,
}

/// Generates the files in `folder` unless they are there, and pins them. True if they were there.
pub fn pinned(folder: &Path, wanted: Wanted, threads: usize) -> Result<(PinnedInputs, bool), BenchError> {
    let manifest_path = folder.join("bench.json");
    let known: Option<Manifest> =
        fs::read(&manifest_path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let valid = |m: &Manifest| {
        (m.version, m.rows, m.seed, m.ordered) == (VERSION, wanted.rows, wanted.seed, wanted.ordered)
            && m.files.iter().all(|f| fs::metadata(&f.path).is_ok_and(|meta| meta.len() == f.bytes))
    };
    let (files, known) = match known.filter(valid) {
        Some(manifest) => (manifest.files, true),
        None => {
            fs::create_dir_all(folder).map_err(|e| BenchError::File(folder.into(), e.to_string()))?;
            let files = generate(folder, wanted, threads)?;
            let Wanted { rows, seed, ordered } = wanted;
            let manifest = Manifest { version: VERSION, rows, seed, ordered, files: files.clone() };
            let bytes = serde_json::to_vec_pretty(&manifest)
                .map_err(|e| BenchError::File(manifest_path.clone(), e.to_string()))?;
            fs::write(&manifest_path, bytes).map_err(|e| BenchError::File(manifest_path, e.to_string()))?;
            (files, false)
        }
    };
    let column = |(name, physical, bounds): &(&str, Physical, Option<(i64, i64)>)| PinnedColumn {
        name: (*name).to_owned(),
        physical: *physical,
        bounds: *bounds,
        is_empty: false,
    };
    let mut columns: Vec<PinnedColumn> = COLUMNS.iter().map(column).collect();
    // Files of a lake end rows with it; these were written before anything was superseded.
    columns.push(PinnedColumn {
        name: system::VALID_TO.into(),
        physical: Physical::Instant,
        bounds: None,
        is_empty: false,
    });
    let entity = "service_case".parse().map_err(|_| BenchError::Project("the entity has no name".into()))?;
    let key = "id".parse().into_iter().collect();
    let table = PinnedTable { columns, key, data: TableData::Files(files), live_until: None };
    Ok((PinnedInputs { snapshot: SnapshotId(1), tables: [(entity, table)].into() }, known))
}

fn generate(folder: &Path, wanted: Wanted, threads: usize) -> Result<Vec<PinnedFile>, BenchError> {
    let mut files: Vec<Result<PinnedFile, BenchError>> = Vec::new();
    let numbers: Vec<u64> = (0..FILES).collect();
    for some in numbers.chunks(threads.max(1)) {
        std::thread::scope(|scope| {
            let running: Vec<_> =
                some.iter().map(|file| scope.spawn(move || write(folder, wanted, *file))).collect();
            files.extend(running.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(BenchError::File(folder.into(), "a thread died".into())))
            }));
        });
    }
    files.into_iter().collect()
}

/// What one day more brings: as many rows as another has, one in a hundred of them up to two weeks late. They are dated on the last day once more.
pub fn next_day(folder: &Path, wanted: Wanted) -> Result<PinnedFile, BenchError> {
    let rows = wanted.rows * DAYS as u64 / (DAYS as u64 - 1);
    write_rows(&folder.join("next_day.parquet"), Wanted { rows, ..wanted }, (wanted.rows, rows))
}

fn write(folder: &Path, wanted: Wanted, file: u64) -> Result<PinnedFile, BenchError> {
    let range = (wanted.rows * file / FILES, wanted.rows * (file + 1) / FILES);
    write_rows(&folder.join(format!("cases_{file:02}.parquet")), wanted, range)
}

fn write_rows(path: &Path, wanted: Wanted, (from, until): (u64, u64)) -> Result<PinnedFile, BenchError> {
    let failed = |e: &dyn std::fmt::Display| BenchError::File(path.to_owned(), e.to_string());
    let field = |(name, physical, _): &(&str, Physical, Option<(i64, i64)>)| {
        let type_ = match physical {
            Physical::Text => DataType::Utf8,
            Physical::Integer => DataType::Int64,
            Physical::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Physical::Boolean => DataType::Boolean,
        };
        Field::new(*name, type_, true)
    };
    let schema = Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()));
    let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let out = fs::File::create(path).map_err(|e| failed(&e))?;
    let mut writer =
        ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(|e| failed(&e))?;
    let mut row = from;
    while row < until {
        let end = until.min(row + BATCH);
        let arrays = rows(row, end, wanted);
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|e| failed(&e))?;
        writer.write(&batch).map_err(|e| failed(&e))?;
        row = end;
    }
    writer.close().map_err(|e| failed(&e))?;
    let bytes = fs::metadata(path).map_err(|e| failed(&e))?.len();
    let absolute = fs::canonicalize(path).map_err(|e| failed(&e))?;
    Ok(PinnedFile::whole(absolute.to_string_lossy().into_owned(), bytes, until - from))
}

fn rows(from: u64, until: u64, wanted: Wanted) -> Vec<ArrayRef> {
    let n = (until - from) as usize;
    let mut opened = Vec::with_capacity(n);
    let mut texts: [StringBuilder; 6] = Default::default();
    let mut numbers: [Int64Builder; 8] = Default::default();
    let mut flags: [BooleanBuilder; 4] = Default::default();
    for row in from..until {
        let random = &mut Random(wanted.seed ^ row.wrapping_mul(0xD134_2543_DE82_EF95));
        let span = DAYS * DAY;
        let at = if wanted.ordered {
            // A file a day, so to speak: within it any order, and one in a hundred comes up to two weeks late.
            let landed = (u128::from(row) * span as u128 / u128::from(wanted.rows.max(1))) as i64;
            let late = if random.chance(1) { random.below(14) * DAY } else { 0 };
            landed - late - random.below(DAY as u64 >> 8) * 256
        } else {
            random.below(1 << 31) * (span >> 31)
        };
        opened.push(START + at.clamp(0, span - 1));
        let [id, account, region, tier, channel, priority] = &mut texts;
        id.append_value(format!("case-{row:010}"));
        account.append_value(format!("account-{:06}", random.below(400_000)));
        region.append_value(random.early(&REGIONS));
        let of_tier = random.early(&TIERS);
        tier.append_value(of_tier);
        let of_channel = random.early(&CHANNELS);
        channel.append_value(of_channel);
        priority.append_value(random.early(&PRIORITIES));
        let [contacts, handle, wait, cost, refund, satisfaction, recommend, effort] = &mut numbers;
        let number_of_contacts = 1 + random.below(6).min(random.below(6)).min(random.below(6));
        contacts.append_value(number_of_contacts);
        let worked = 20 + random.below(3_600) * if of_channel == "phone" { 2 } else { 1 };
        handle.append_value(worked);
        wait.append_option((of_channel != "email").then(|| random.below(900).min(random.below(900))));
        cost.append_value(50 + worked * 5 + random.below(24_000));
        refund.append_option(random.chance(8).then(|| random.below(20_000)));
        let mood = random.below(11);
        satisfaction.append_option(random.chance(40).then(|| 1 + (mood + random.below(5)).min(14) / 3));
        recommend.append_option(random.chance(20).then_some(mood));
        effort.append_option(random.chance(30).then(|| 1 + random.below(7)));
        let [solved, reopened, escalated, automated] = &mut flags;
        solved.append_value(random.chance(78));
        reopened.append_value(random.chance(9));
        escalated.append_value(random.chance(if of_tier == "gold" { 12 } else { 6 }));
        automated.append_value(random.chance(if of_channel == "chat" { 60 } else { 10 }));
    }
    let opened = TimestampMicrosecondArray::from(opened).with_timezone("UTC");
    let mut texts = texts.map(|mut b| Arc::new(b.finish()) as Arc<StringArray>).into_iter();
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(COLUMNS.len());
    arrays.extend(texts.next().map(|array| array as ArrayRef));
    arrays.push(Arc::new(opened));
    arrays.extend(texts.map(|array| array as ArrayRef));
    arrays.extend(numbers.map(|mut b| Arc::new(b.finish()) as Arc<Int64Array> as ArrayRef));
    arrays.extend(flags.map(|mut b| Arc::new(b.finish()) as Arc<BooleanArray> as ArrayRef));
    arrays
}
