//! Files that nobody would deliver: each lands with every row accounted for, or not at all with a reason. `KEPI_COUNT` says how
//! many of each format, `KEPI_SEED` which first; `make evidence AREA=fuzz` takes many.

use std::{cell::RefCell, sync::Arc};

use arrow::{
    array::{ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray},
    datatypes::DataType,
};
use kepi_lake::connector::FileSources;
use kepi_model::project::{Connector, Mode};
use kepi_query::landing::{Batch, BatchReader, Cells};
use kepi_testkit::{
    arbitrary::Chance,
    fuzz::{self, Effort},
};
use parquet::arrow::ArrowWriter;

use crate::{landing::orders, support::*};

/// After so many files a new lake is begun, so that the first does not grow for ever.
const FILES_OF_A_LAKE: u64 = 200;

#[expect(clippy::await_holding_refcell_ref, reason = "one file lands after the other")]
fn lands(what: &str, count: u64, from: impl Fn(&mut Chance) -> Connector, seeds: &[Vec<u8>]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let bench = RefCell::new(None);
    let (mut files, mut landed) = (0u64, 0u64);
    let mut ways = Chance::new(7);
    let make = |chance: &mut Chance| {
        let seed = chance.pick(seeds).clone();
        fuzz::mutated(chance, &seed, seeds)
    };
    let line = fuzz::run(what, Effort::or(count), make, |input| {
        runtime.block_on(async {
            if files % FILES_OF_A_LAKE == 0 {
                bench.replace(Some(Bench::new().await));
            }
            files += 1;
            let held = bench.borrow();
            let bench: &Bench = held.as_ref().unwrap();
            let mode = if files % 3 == 0 { Mode::Snapshot } else { Mode::Append };
            let (project, mut source) = orders(mode);
            source.from = from(&mut ways);
            let path = bench.write(&format!("data/{files}"), input);
            match bench.land(&project, &source, &path, NOW + files as i64).await {
                Ok(report) => {
                    landed += 1;
                    let c = report.counts;
                    let kept = c.out_of_scope + c.accepted + c.superseding + c.quarantined + c.duplicate;
                    assert_eq!(c.read, kept, "every row is accounted for: {c:?}");
                }
                Err(error) => {
                    let said = error.to_string();
                    assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
                    assert!(said.len() < 10_000, "{} bytes are said", said.len());
                }
            }
        });
    });
    println!("{line}; {landed} of them landed");
}

const TEXT: &str = "id,amount,at,paid\na,1.50,2025-07-01 12:00:00,yes\nb,\"1234.5\",2025-07-01T12:00:00Z,0\n\
    \"c\"\"d\",0.01,2025-03-30 02:30:00,no\nd,,,\n\u{e9}\u{1f642},99999999999999.99,9999-12-31,true\na,1.50,2025-07-01 12:00:00,yes\n";

fn text_in(encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-16le" => {
            [0xff, 0xfe].into_iter().chain(TEXT.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        }
        _ => TEXT.into(),
    }
}

#[test]
fn delimited_text_lands_whole_or_not_at_all() {
    let seeds = [
        text_in("utf-8"),
        text_in("utf-16le"),
        TEXT.replace('\n', "\r\n").into(),
        TEXT.replace(',', ";").into(),
    ];
    let csv = |chance: &mut Chance| Connector::Csv {
        files: "x".into(),
        delimiter: (*chance.pick(&[",", ",", ",", ";", "\t"])).to_owned(),
        encoding: (*chance.pick(&["utf-8", "utf-8", "utf-8", "utf-16le", "windows-1252"])).to_owned(),
        header_row: *chance.pick(&[1, 1, 1, 2]),
        label_rows: 0,
    };
    lands("delimited text", 60, csv, &seeds);
}

#[test]
fn lines_of_json_land_whole_or_not_at_all() {
    let seeds = [
        "{\"id\":\"a\",\"amount\":1.5,\"at\":\"2025-07-01T12:00:00Z\",\"paid\":true}\n{\"id\":7,\"amount\":\"2.25\",\"paid\":null}\n\n[1]\n",
        "{\"id\":\"\\u00e9\\ud83d\\ude42\",\"amount\":1e3,\"at\":\"2025-07-01\",\"nested\":{\"deep\":[{\"x\":1}]},\"paid\":\"yes\"}\n",
    ]
    .map(|text| text.as_bytes().to_vec());
    lands("lines of JSON", 60, |_| Connector::Ndjson { files: "x".into() }, &seeds);
}

#[test]
fn json_documents_land_whole_or_not_at_all() {
    let seeds = [
        "[{\"id\":\"a\",\"amount\":1.5,\"paid\":true},{\"id\":7,\"amount\":\"2.25\",\"paid\":null}, [1]]",
        "{\"page\":{\"n\":1},\"rows\":[{\"id\":\"\\u00e9\\\"]\",\"at\":\"2025-07-01\",\"nested\":{\"deep\":[{\"x\":1}]}}],\"more\":false}",
    ]
    .map(|text| text.as_bytes().to_vec());
    let json = |chance: &mut Chance| Connector::Json {
        files: "x".into(),
        rows: chance.pick(&[None, Some("rows"), Some("page.rows")]).map(Into::into),
    };
    lands("JSON documents", 60, json, &seeds);
}

#[test]
fn parquet_lands_whole_or_not_at_all() {
    let file = |batch: &RecordBatch| {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        bytes
    };
    let ids: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None, Some("d")]));
    let paid: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]));
    let exact = Decimal128Array::from(vec![Some(150), Some(225), None, Some(-1)])
        .with_precision_and_scale(12, 2)
        .unwrap();
    let times = TimestampMicrosecondArray::from(vec![Some(NOW), None, Some(0), Some(i64::MAX)]);
    let typed = [
        ("id", ids.clone()),
        ("amount", Arc::new(exact) as ArrayRef),
        ("at", Arc::new(times)),
        ("paid", paid.clone()),
    ];
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.50", "2.25", "", "x"]));
    let plain = [
        ("id", ids),
        ("amount", texts.clone()),
        ("at", texts),
        ("paid", arrow::compute::cast(&paid, &DataType::Utf8).unwrap()),
    ];
    let seeds = [
        file(
            &RecordBatch::try_from_iter_with_nullable(typed.map(|(name, array)| (name, array, true)))
                .unwrap(),
        ),
        file(
            &RecordBatch::try_from_iter_with_nullable(plain.map(|(name, array)| (name, array, true)))
                .unwrap(),
        ),
    ];
    lands("Parquet", 60, |_| Connector::Parquet { files: "x".into() }, &seeds);
}

/// Reads a file to its end: each batch, and some of its rows as they stand; or why it is refused.
fn read(reader: &mut dyn BatchReader) -> (Vec<(Batch, Vec<String>)>, Option<String>) {
    let columns: Vec<String> = ["id", "amount", "at", "paid"].map(str::to_owned).into();
    for column in &columns {
        let _ = reader.bind(column);
    }
    let mut all = Vec::new();
    let mut batch = Batch::default();
    loop {
        match reader.next(&mut batch) {
            Ok(true) => {
                let ends = [0, batch.rows.saturating_sub(1)];
                let raw = ends.map(|row| reader.raw(row as u32)).into();
                all.push((batch.clone(), raw));
            }
            Ok(false) => return (all, None),
            Err(error) => return (all, Some(error.to_string())),
        }
    }
}

#[test]
fn readers_hand_over_whole_batches_and_the_same_ones_twice() {
    let seeds = [
        text_in("utf-8"),
        TEXT.replace('\n', "\r\n").into(),
        TEXT.replace(',', "||").into(),
        b"{\"id\":\"a\",\"amount\":1.5,\"at\":{\"x\":[1]}}\n{\"amount\":2,\"id\":7}\n{\"id\":8,\"amount\":2}\n".to_vec(),
        b"a0001.50yes\nb0022.5 no \n\xc3\xa9 99999x\n".to_vec(),
    ];
    let fixed = [("id", 1, 2), ("amount", 3, 8), ("paid", 9, 11)].map(|(name, a, b)| (name.to_owned(), a, b));
    let connectors = |chance: &mut Chance| match chance.below(4) {
        0 => Connector::Ndjson { files: "x".into() },
        1 => Connector::FixedWidth {
            files: "x".into(),
            columns: fixed.to_vec(),
            encoding: "utf-8".to_owned(),
            skip_lines: 0,
        },
        _ => Connector::Csv {
            files: "x".into(),
            delimiter: (*chance.pick(&[",", ",", "||", ";"])).to_owned(),
            encoding: (*chance.pick(&["utf-8", "utf-8", "windows-1252"])).to_owned(),
            header_row: 1,
            label_rows: 0,
        },
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let files = FileSources::new(folder.path());
    let (_, mut source) = orders(Mode::Append);
    let mut ways = Chance::new(11);
    let (mut rows, mut refused) = (0u64, 0u64);
    let make = |chance: &mut Chance| {
        let seed = chance.pick(&seeds).clone();
        fuzz::mutated(chance, &seed, &seeds)
    };
    let line = fuzz::run("readers", Effort::or(2_000), make, |input| {
        source.from = connectors(&mut ways);
        std::fs::write(&path, input).unwrap();
        let raw = files.file(&source, &path);
        let Ok(mut reader) = raw.open() else {
            refused += 1;
            return;
        };
        let (batches, error) = read(reader.as_mut());
        let mut next = 1;
        for (batch, _) in &batches {
            assert_eq!(batch.first_row, next, "rows are numbered without a gap");
            assert!(batch.rows > 0 && batch.bad.iter().all(|(row, _)| (*row as usize) < batch.rows));
            assert!(batch.bad.is_sorted_by_key(|(row, _)| *row));
            let whole = |cells: &Cells| !matches!(cells, Cells::Texts(texts) if texts.len() != batch.rows);
            assert!(batch.cells.iter().all(whole), "a cell a row");
            next += batch.rows as u64;
        }
        rows += next - 1;
        refused += u64::from(error.is_some());
        // Rejected rows are read a second time: it must be the same file that is read.
        let again = read(raw.open().unwrap().as_mut());
        assert_eq!((batches, error), again);
    });
    println!("{line}; {rows} rows, {refused} refused");
}
