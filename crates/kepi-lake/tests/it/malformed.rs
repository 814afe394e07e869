//! Broken files: each gives its own finding with the place and the way out, and leaves nothing behind.

use std::io::Write;

use kepi_model::{
    expression::Type,
    project::{Connector, Mode, Parse},
};
use kepi_query::landing::{Lake, LoadOutcome};

use crate::{landing::orders, support::*};

on_both![
    every_broken_file_has_its_own_finding,
    encodings_are_read_and_what_does_not_fit_is_rejected_with_its_place,
    lines_of_json_with_paths_and_exact_numbers,
    parquet_lands_as_its_text_would,
];

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    let mut bytes = if mark { vec![0xff, 0xfe] } else { vec![] };
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn csv_with(encoding: &str, header_row: u32) -> Connector {
    Connector::Csv {
        files: "x".into(),
        delimiter: ",".into(),
        encoding: encoding.into(),
        header_row,
        label_rows: 0,
    }
}

async fn every_broken_file_has_its_own_finding() {
    let good = "id,amount,at,paid\na,1,,\n";
    let many: String = (0..5000).map(|i| format!("{i},{i},,\n")).collect();
    let cut = {
        let mut bytes = packed(&format!("id,amount,at,paid\n{many}"));
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    let csv = |encoding| csv_with(encoding, 1);
    let ndjson = Connector::Ndjson { files: "x".into() };
    let json = |rows: Option<&str>| Connector::Json { files: "x".into(), rows: rows.map(Into::into) };
    let parquet = Connector::Parquet { files: "x".into() };
    let cases: Vec<(&str, Connector, Vec<u8>, &str)> = vec![
        ("nothing", csv("utf-8"), vec![], "is empty, without even a header"),
        ("an archive", csv("utf-8"), b"PK\x03\x04\x14\0a.csv,b\n1,2\n".to_vec(), "it is a zip archive"),
        ("only a mark", csv("utf-8"), vec![0xef, 0xbb, 0xbf], "is empty"),
        ("only blank lines", csv("utf-8"), b"\n\n\n".to_vec(), "is empty"),
        (
            "header twice",
            csv("utf-8"),
            b"id,amount,id,at,paid\n".to_vec(),
            "columns 1 and 3 are both named `id`, which `id` is mapped from; say which one: `id[1]`",
        ),
        ("no column", csv("utf-8"), b"id,Ammount,at,paid\n".to_vec(), "did you mean `Ammount`?"),
        ("no such column", csv("utf-8"), b"id,x,at,paid\n".to_vec(), "it has `id`, `x`, `at`, `paid`"),
        ("header too far", csv_with("utf-8", 9), good.into(), "has 2 lines, but `header_row` is 9"),
        ("unknown encoding", csv("utf-99"), good.into(), "`utf-99` is not an encoding"),
        (
            "latin header",
            csv("utf-8"),
            b"id,amo\xfcnt,at,paid\n".to_vec(),
            "field 2 of the header is not `utf-8`",
        ),
        ("UTF-16 with mark", csv("utf-8"), utf16(good, true), "byte order mark of UTF-16LE"),
        ("UTF-16 without", csv("utf-8"), utf16(good, false), "zero bytes, as text in UTF-16 does"),
        ("cut gzip", csv("utf-8"), cut, "is not a complete gzip file"),
        ("not Parquet", parquet.clone(), b"hello, world".to_vec(), "is not Parquet"),
        ("empty Parquet", parquet, vec![], "is empty"),
        ("header cut off", csv("utf-8"), b"id,\"amou".to_vec(), "inside the quoted field 2 of line 1"),
        (
            "quote in the header",
            csv("utf-8"),
            b"id,\"amount\nat\"x,paid\na,1\n".to_vec(),
            "field 2 of the header",
        ),
        (
            "last cell cut off",
            csv("utf-8"),
            b"id,amount,at,paid\na,1,,\nb,\"1".to_vec(),
            "quoted field 2 of line 3",
        ),
        (
            "endless header",
            csv("utf-8"),
            vec![b'a'; (1 << 20) + 1],
            "line 1: the header is longer than 1 MiB",
        ),
        ("too many columns", csv("utf-8"), vec![b','; 20_000], "has 20001 columns, more than the 16384"),
        ("no document", json(None), vec![], "it ends before the document does (byte 1)"),
        ("cut list", json(None), b"[{\"id\":\"a\"},{\"id\":".to_vec(), "it ends before the document does"),
        (
            "cut behind the list",
            json(Some("a")),
            b"{\"a\":[{\"id\":\"a\"}]".to_vec(),
            "it ends before the document does",
        ),
        (
            "an object",
            json(None),
            b"{\"data\":[]}".to_vec(),
            "the document is no list: say where its rows stand",
        ),
        (
            "another object",
            json(Some("rows")),
            b"{\"data\":[],\"n\":1}".to_vec(),
            "there is no `rows` of `rows`; the object has `data`, `n`",
        ),
        (
            "no object",
            json(Some("a.b")),
            b"{\"a\":[1]}".to_vec(),
            "there is no `b` of `a.b`, since no object stands there",
        ),
        ("no list", json(Some("a")), b"{\"a\":{\"b\":[]}}".to_vec(), "what stands at `a` is no list"),
        (
            "list twice",
            json(Some("a")),
            b"{\"a\":[],\"b\":1,\"a\":[]}".to_vec(),
            "the key `a` is there twice",
        ),
        ("no comma", json(None), b"[{} {}]".to_vec(), "`,` is missing between two rows"),
        ("a comma too many", json(None), b"[{\"id\":\"a\"},]".to_vec(), "a value is missing"),
        ("lines", json(None), b"[]\n[]\n".to_vec(), "something follows the document"),
        (
            "endless element",
            json(None),
            [&b"[\""[..], &vec![b'x'; (64 << 20) + 1]].concat(),
            "line 1: the record is longer than 64 MiB",
        ),
        ("endless line", ndjson, vec![b'['; (64 << 20) + 1], "line 1: the record is longer than 64 MiB"),
    ];
    let bench = Bench::new().await;
    for (name, from, bytes, want) in cases {
        let (project, mut source) = orders(Mode::Append);
        source.from = from;
        let path = bench.write("x", &bytes);
        let said = bench.land(&project, &source, &path, NOW).await.expect_err(name).to_string();
        assert!(said.contains(want), "{name}: {said}");
        assert!(bench.rows(&project, "order", &["id"]).await.is_empty(), "{name}");
    }
    assert!(bench.lake.loads(None).await.unwrap().is_empty());
    let swept = bench.lake.sweep_orphans(std::time::Duration::ZERO).await.unwrap();
    assert!(swept.is_empty(), "nothing half-done stays behind: {swept:?}");
}

async fn encodings_are_read_and_what_does_not_fit_is_rejected_with_its_place() {
    for (encoding, bytes) in [
        ("windows-1252", b"id,amount,at,paid\nM\xfcller,1,,\n".to_vec()),
        ("utf-16le", utf16("id,amount,at,paid\nM\u{fc}ller,1,,\n", true)),
        ("utf-8", packed("id,amount,at,paid\nM\u{fc}ller,1,,\n")),
    ] {
        let bench = Bench::new().await;
        let (project, mut source) = orders(Mode::Append);
        source.from = csv_with(encoding, 1);
        let path = bench.write("x", bytes);
        bench.land(&project, &source, &path, NOW).await.unwrap();
        assert_eq!(bench.rows(&project, "order", &["id"]).await, [["M\u{fc}ller"]], "{encoding}");
    }
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Append);
    let path = bench.write("x", b"id,amount,at,paid\na,1,,\nM\xfcller,1,,\nb,1,,\n");
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (2, 1));
    let row = &bench.lake.quarantine(None, 0, 1).await.unwrap().0[0];
    assert_eq!((row.rule.as_str(), row.column.as_deref(), row.row), ("encoding", Some("id"), 2));
    assert_eq!(
        row.reason,
        "line 3, field 1: byte 2 is no UTF-8; if the file is written otherwise, say so: `encoding: windows-1252`"
    );
}

async fn lines_of_json_with_paths_and_exact_numbers() {
    let bench = Bench::new().await;
    let event = entity(
        "event",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("plan", Type::Text),
            attribute("big", Type::Number { scale: 2 }),
            attribute("on", Type::Boolean),
        ],
    );
    let mut source = source(
        "segment",
        &event,
        Connector::Ndjson { files: "x".into() },
        Mode::Append,
        vec![
            column("id", Type::Text, "messageId", Parse::Text),
            column("plan", Type::Text, "context.traits.plan", Parse::Text),
            column("big", Type::Number { scale: 2 }, "big", number(2)),
            column("on", Type::Boolean, "on", Parse::Boolean { yes: vec![], no: vec![] }),
        ],
    );
    source.missing = vec![];
    let project = project(vec![event]);
    let path = bench.write(
        "x",
        "{\"messageId\":\"a\",\"context\":{\"traits\":{\"plan\":\"pro \\u00e9\"}},\"big\":12345678901234567.89,\"on\":true}\n\n\
         {\"messageId\":7,\"context.traits.plan\":\"flat\",\"big\":1.5e3,\"on\":null}\n[1]\n{\"messageId\":\nnot json\n",
    );
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (2, 3));
    assert_eq!(
        bench.rows(&project, "event", &["id", "plan", "big", "on"]).await,
        [["7", "flat", "150000", "-"], ["a", "pro \u{e9}", "1234567890123456789", "true"]]
    );
    assert_eq!(report.outcome, LoadOutcome::Landed);
    let rows = bench.lake.quarantine(None, 0, 9).await.unwrap().0;
    assert!(rows.iter().all(|r| r.rule == "not an object"), "{rows:?}");
    assert!(rows[0].reason.starts_with("line 4"), "{}", rows[0].reason);
}

async fn parquet_lands_as_its_text_would() {
    use std::sync::Arc;

    use arrow::{
        array::{
            ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMillisecondArray,
        },
        datatypes::DataType,
    };
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.from = Connector::Parquet { files: "x".into() };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(StringArray::from(vec!["a", "b"]))),
        (
            "amount",
            Arc::new(
                Decimal128Array::from(vec![Some(1050), None]).with_data_type(DataType::Decimal128(10, 3)),
            ),
        ),
        (
            "at",
            Arc::new(
                TimestampMillisecondArray::from(vec![1_751_364_000_000, 0]).with_timezone("Europe/Berlin"),
            ),
        ),
        ("paid", Arc::new(BooleanArray::from(vec![Some(true), None]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let path = bench.write("x.parquet", bytes);
    bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!(
        bench.rows(&project, "order", &["id", "amount", "at", "paid"]).await,
        [["a", "105", "1751364000000000", "true"], ["b", "-", "0", "-"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_columns_that_are_no_texts_are_said_and_not_lost() {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, ListArray, RecordBatch, StringArray};
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.from = Connector::Parquet { files: "x".into() };
    source.map.truncate(1);
    let write = |name: &str, ids: ArrayRef| {
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bench.write(name, bytes)
    };
    let cities: [&[u8]; 3] = [b"Bern", b"Z\xfcrich", b"Genf"];
    let path = write("bytes.parquet", Arc::new(BinaryArray::from_iter_values(cities)));
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (2, 1));
    let row = &bench.lake.quarantine(None, 0, 1).await.unwrap().0[0];
    assert_eq!((row.rule.as_str(), row.column.as_deref(), row.row), ("encoding", Some("id"), 2));
    assert_eq!(
        (row.reason.as_str(), row.raw.as_str()),
        ("`id`: byte 2 is not UTF-8", "{\"id\":\"Z\u{fffd}rich\"}")
    );
    let fixed = FixedSizeBinaryArray::try_from_iter([b"EMEA", b"APAC"].into_iter()).unwrap();
    let report =
        bench.land(&project, &source, &write("fixed.parquet", Arc::new(fixed)), NOW + 1).await.unwrap();
    assert_eq!(report.counts.accepted, 2);
    let text = arrow::datatypes::Field::new("item", arrow::datatypes::DataType::Utf8, true);
    let lists = ListArray::new(
        Arc::new(text),
        arrow::buffer::OffsetBuffer::from_lengths([2]),
        Arc::new(StringArray::from(vec!["a", "b"])),
        None,
    );
    let path = write("lists.parquet", Arc::new(lists));
    let said = bench.land(&project, &source, &path, NOW + 2).await.unwrap_err().to_string();
    assert!(said.contains("the column `id` is a list, which has no text"), "{said}");
    assert_eq!(bench.rows(&project, "order", &["id"]).await, [["APAC"], ["Bern"], ["EMEA"], ["Genf"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_of_a_file_is_what_it_is_whatever_mark_texts_have() {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Decimal128Array, RecordBatch, StringArray},
        datatypes::DataType,
    };
    use kepi_model::project::{Excess, MappingFrom};
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.from = Connector::Parquet { files: "x".into() };
    source.map.truncate(2);
    if let MappingFrom::Column { parse, .. } = &mut source.map[1].from {
        *parse = Parse::Number {
            scale: 2,
            decimal_mark: ',',
            grouping_mark: None,
            percent_sign: None,
            excess: Excess::Quarantine,
        };
    }
    let amounts = Decimal128Array::from(vec![10_500, 1_001]).with_data_type(DataType::Decimal128(10, 3));
    let columns: [(&str, ArrayRef); 2] =
        [("id", Arc::new(StringArray::from(vec!["a", "b"]))), ("amount", Arc::new(amounts))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bench.land(&project, &source, &bench.write("x", bytes), NOW).await.unwrap();
    assert_eq!(bench.rows(&project, "order", &["id", "amount"]).await, [["a", "1050"]]);
    let row = &bench.lake.quarantine(None, 0, 1).await.unwrap().0[0];
    assert!(row.reason.starts_with("`amount`: `1.001` has more decimals than the 2"), "{}", row.reason);
}
