//! From bytes to cells: nothing that stands in a file is lost without a word, and no file is too large or too broken to
//! be told about.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, BinaryArray, Date32Array, DictionaryArray, Int32Array, MapBuilder, RecordBatch,
        StringArray, StringBuilder, StructArray,
    },
    datatypes::{DataType, Field},
};
use kepi_lake::FileSources;
use kepi_model::{
    expression::Type,
    project::{Connector, Entity, Identical, Mapping, MappingFrom, Mode, Parse, Project, Source},
};
use kepi_query::landing::{Batch, Lake, LoadOutcome, LoadReport, PortError, RowCounts, Sources};

use crate::support::*;

/// Visits: an id, a text and a count, all as texts but the count.
fn visits(from: Connector, id_from: MappingFrom, mode: Mode) -> (Project, Source) {
    let entity = visit();
    let id = Mapping { attribute: id("id"), type_: Type::Text, from: id_from, required: false };
    let map = vec![
        id,
        column("note", Type::Text, "note", Parse::Text),
        column("n", Type::Number { scale: 0 }, "n", number(0)),
    ];
    let source = source("visits", &entity, from, mode, map);
    (project(vec![entity]), source)
}

fn visit() -> Entity {
    let attributes = vec![
        attribute("id", Type::Text),
        attribute("note", Type::Text),
        attribute("n", Type::Number { scale: 0 }),
    ];
    entity("visit", &["id"], attributes)
}

fn from_column(name: &str) -> MappingFrom {
    column("id", Type::Text, name, Parse::Text).from
}

fn keyed(from: Connector) -> (Project, Source) {
    visits(from, from_column("id"), Mode::Append)
}

fn ndjson() -> Connector {
    Connector::Ndjson { files: "x".into() }
}

fn parquet() -> Connector {
    Connector::Parquet { files: "x".into() }
}

/// Lands one file; returns what became of its rows, the ids that are in, and line and rule of those that are not.
async fn land(from: Connector, bytes: impl AsRef<[u8]>) -> (RowCounts, Vec<String>, Vec<(String, String)>) {
    let bench = Bench::new().await;
    let (project, source) = keyed(from);
    let path = bench.write("x", bytes);
    let counts = bench.land(&project, &source, &path, NOW).await.unwrap().counts;
    let ids = bench.rows(&project, "visit", &["id"]).await.concat();
    let rejected = bench.lake.quarantine(None, 0, 99).await.unwrap().0;
    (counts, ids, rejected.into_iter().map(|r| (r.rule, r.reason)).collect())
}

async fn refused(from: Connector, bytes: impl AsRef<[u8]>) -> String {
    let bench = Bench::new().await;
    let (project, source) = keyed(from);
    let path = bench.write("x", bytes);
    let error = bench.land(&project, &source, &path, NOW).await.unwrap_err();
    assert!(bench.rows(&project, "visit", &["id"]).await.is_empty());
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_never_closes_costs_its_line_and_no_other() {
    let mut text = "id,n,note\na,1,x\nb,2,\"good\n".to_owned();
    (0..2000).for_each(|n| text.push_str(&format!("k{n},3,plain\n")));
    let (counts, ids, rejected) = land(csv("x"), &text).await;
    assert_eq!((counts.read, counts.accepted, counts.quarantined, ids.len()), (2002, 2001, 1, 2001));
    let (rule, reason) = &rejected[0];
    assert_eq!(rule, "open quote");
    assert!(
        reason.starts_with("line 3, field 3: the quote that opens here swallows the lines behind it"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stray_quotes_swallow_nothing_between_them() {
    for text in [
        // The second is one of a field that is quoted as it should be.
        "id,n,note\na,1,\"x\nb,2,y\nc,3,\"z, z\"\n",
        // The lines between them are rows: as many cells, numbers where the first line has them.
        "id,n,note\na,1,\"x\nb,2,y\nc,3,z\"\n",
    ] {
        let (counts, ids, rejected) = land(csv("x"), text).await;
        assert_eq!((counts.read, counts.quarantined), (3, 1), "{text}: {rejected:?}");
        assert_eq!(
            (ids, rejected[0].0.as_str()),
            (vec!["b".to_owned(), "c".to_owned()], "open quote"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_several_lines_stay_whole() {
    let text = "note,n,id\r\n\"well, yes, no\r\nand, then, \"\"nothing\"\"\",1,a\r\n\"1, one\n2, two\",2,b\r\n\"x\r\n\r\ny\",3,c\r\n";
    let (counts, ids, rejected) = land(csv("x"), text).await;
    assert_eq!((counts.accepted, ids.concat().as_str()), (3, "abc"), "{rejected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_numbered_as_an_editor_does() {
    for (text, line) in [
        ("id,n,note\r\na\r\n", 2),
        ("id,n,note\r\n\r\n\r\na\r\n", 4),
        ("\nid,n,note\n\n\na\n", 5),
        ("id,n,note\ra,1,\"x\ry\"\ra\r", 4),
        ("id,n,note\r\nb,1,\"x\r\ny\"\r\na", 4),
    ] {
        let (_, _, rejected) = land(csv("x"), text).await;
        assert_eq!(rejected[0].1, format!("line {line} has 1 fields, the header has 3"), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_are_what_they_are() {
    let rows = |text: &str| land(csv("x"), text.to_owned());
    assert_eq!(rows("id,n,note\ra,1,x\rb,2,y\r").await.0.accepted, 2, "CR alone ends lines");
    let (counts, ..) = rows("\u{feff}id,n,note\r\na,1,x\r\n\r\n,,,\r\n").await;
    assert_eq!(
        (counts.read, counts.accepted, counts.quarantined),
        (2, 1, 1),
        "a line of delimiters is a row"
    );
    assert_eq!(rows("id,n,note\n").await.0, RowCounts::default(), "a header and no rows");
    assert_eq!(land(ndjson(), "").await.0, RowCounts::default(), "no lines and no rows");
    assert_eq!(land(ndjson(), "\n\n").await.0, RowCounts::default());
}

/// A list in a document lands as the same objects do line by line, wherever the list stands and however long it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_in_a_document_lands_as_its_objects_do_line_by_line() {
    let objects: Vec<String> = (0..20_000)
        .map(|n| match n % 1000 {
            7 => format!("{{\"id\":\"{n}\",\"n\":\"many\",\"note\":\"no number\"}}"),
            8 => "[1, 2]".to_owned(),
            9 => format!("{{\"id\":\"{n}\",\"n\":1,\"n\":2}}"),
            10 => format!(
                "{{\"id\":\"{n}\",\"n\":{n},\"note\":\"}}]\\\\\\\"{{[,\",\"more\":[{{\"a\":[]}},\"]\"]}}"
            ),
            _ => format!("{{\"id\":\"{n}\",\"n\":{n}}}"),
        })
        .collect();
    let lines = land(ndjson(), objects.join("\n")).await;
    let json = |rows: Option<&str>| Connector::Json { files: "x".into(), rows: rows.map(Into::into) };
    let list = format!("[\r\n  {} ]", objects.join(" ,\n\t"));
    for (rows, text) in [
        (None, format!("\u{feff}{list}\n")),
        (
            Some("data.orders"),
            format!("{{\"a\":[{{}}],\"data\":{{\"n\":1,\"orders\":{list},\"z\":null}},\"b\":-1.5e3}}"),
        ),
        (Some("data.orders"), format!("{{\"x\":\"\\u0022\",\"data.orders\":{list}}}")),
    ] {
        let (counts, ids, rejected) = land(json(rows), text).await;
        assert_eq!((counts, ids.len()), (lines.0, lines.1.len()), "{rows:?}");
        let as_lines = |of: &(String, String)| (of.0.clone(), of.1.replacen("row", "line", 1));
        assert_eq!(rejected.iter().map(as_lines).collect::<Vec<_>>(), lines.2, "{rows:?}");
    }
    assert_eq!(lines.0.quarantined, 60);
    assert_eq!(land(json(Some("rows")), "{\"rows\": [ ]}").await.0, RowCounts::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_one_name_matter_only_where_they_are_mapped() {
    let text = "id,comment,n,comment,note,comment\na,x,1,y,z,\n";
    assert_eq!(land(csv("x"), text).await.0.accepted, 1);
    let bench = Bench::new().await;
    let (project, mut source) = keyed(csv("x"));
    source.map[1] = column("note", Type::Text, "comment[2]", Parse::Text);
    bench.land(&project, &source, &bench.write("x", text), NOW).await.unwrap();
    assert_eq!(bench.rows(&project, "visit", &["id", "note"]).await, [["a", "y"]]);
    source.map[1] = column("note", Type::Text, "comment", Parse::Text);
    let said =
        bench.land(&project, &source, &bench.write("y", "id,comment,n,comment\n"), NOW).await.unwrap_err();
    let want = "`y`: columns 2 and 4 are both named `comment`, which `note` is mapped from; say which one";
    assert!(said.to_string().starts_with(want), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_json_object_has_is_never_absent() {
    let text = "{\"id\":\"a\",\"n\":1,\"note\":\"cut \\ud83d\"}\n{\"id\":\"b\",\"n\":2,\"n\":3}\n\
                {\"id\":\"c\",\"n\":4,\"other\":1,\"other\":\"\\ud83d\"}\n{\"id\":\"d\",\"n\":5,\"note\":\"\\ud83d\\ude00\"}\n";
    let (counts, ids, rejected) = land(ndjson(), text).await;
    assert_eq!((counts.accepted, ids.concat().as_str()), (2, "cd"), "only what is mapped matters");
    assert_eq!(
        rejected,
        [
            ("encoding", "line 1: `note` holds half of a character (a lone `\\u` surrogate)"),
            ("repeated key", "line 2: the key `n` is there twice"),
        ]
        .map(|(rule, reason)| (rule.to_owned(), reason.to_owned()))
    );
    let bench = Bench::new().await;
    let (project, mut source) = keyed(ndjson());
    source.map[1] = column("note", Type::Text, "more.note", Parse::Text);
    let text = "{\"id\":\"a\",\"more\":{\"note\":1,\"note\":2}}\n{\"id\":\"b\",\"more\":{}}\n{\"id\":\"c\",\"more\":{\"note\":\"x\"}}\n";
    let report = bench.land(&project, &source, &bench.write("x", text), NOW).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (2, 1));
}

fn written(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn ids(n: usize) -> (&'static str, ArrayRef) {
    ("id", Arc::new(StringArray::from_iter_values((0..n).map(|n| n.to_string()))))
}

fn counts(n: usize) -> (&'static str, ArrayRef) {
    ("n", Arc::new(Int32Array::from_iter_values(0..n as i32)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_parquet_file_has_is_never_absent() {
    // A dictionary of bytes, one of which is no text.
    let bytes = BinaryArray::from_iter_values([&b"ok"[..], b"Z\xfcrich"]);
    let keys = Int32Array::from(vec![Some(0), Some(1), None]);
    let dictionary = DictionaryArray::new(keys, Arc::new(bytes));
    let file = written(vec![ids(3), counts(3), ("note", Arc::new(dictionary))]);
    let (counts_, ids_, rejected) = land(parquet(), file).await;
    assert_eq!((counts_.accepted, ids_.concat().as_str()), (2, "02"), "{rejected:?}");
    assert_eq!(rejected[0].1, "`note`: byte 2 is not UTF-8");
    // Days that no calendar has.
    let days = Date32Array::from(vec![Some(1), Some(i32::MAX), None]);
    let file = written(vec![ids(3), counts(3), ("note", Arc::new(days))]);
    let (counts_, _, rejected) = land(parquet(), file).await;
    assert_eq!((counts_.accepted, counts_.quarantined), (2, 1));
    assert_eq!(rejected[0].1, "`note`: a value of the type Date32 that cannot be written as text");
    // Values that are several ones.
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let structure = StructArray::from(vec![(Arc::new(Field::new("x", DataType::Utf8, true)), texts.clone())]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).unwrap();
    for (array, kind) in [(Arc::new(structure) as ArrayRef, "a structure"), (Arc::new(map.finish()), "a map")]
    {
        let said = refused(parquet(), written(vec![ids(1), counts(1), ("note", array)])).await;
        assert!(said.contains(&format!("the column `note` is {kind}, which has no text")), "{said}");
    }
    let twice = || vec![ids(1), counts(1), ("note", texts.clone()), ("note", texts.clone())];
    let said = refused(parquet(), written(twice())).await;
    assert!(said.contains("columns 3 and 4 are both named `note`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_with_a_flipped_bit_is_read_or_a_finding() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["some text"; 20]));
    let whole = written(vec![ids(20), counts(20), ("note", texts)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let (_, source) = keyed(parquet());
    let read = || -> Result<(), PortError> {
        let mut reader = raw(folder.path(), &source, &path).open()?;
        for column in ["id", "note", "n"] {
            let _ = reader.bind(column);
        }
        let mut batch = Batch::default();
        while reader.next(&mut batch)? {
            (0..batch.rows as u32).for_each(|row| drop(reader.raw(row)));
        }
        Ok(())
    };
    let (mut well, mut refused) = (0, 0);
    // One bit of each byte.
    for bit in (0..whole.len()).map(|byte| byte * 8 + byte % 8) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, bytes).unwrap();
        match read() {
            Ok(()) => well += 1,
            Err(error) => {
                let said = error.to_string();
                assert!(said.starts_with("`x` ") && !said.contains("panicked"), "bit {bit}: {said}");
                refused += 1;
            }
        }
    }
    println!("{well} read, {refused} refused");
    assert!(well > 0 && refused > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_bound() {
    // A cell without end, with and without quotes, packed as small as an attacker would.
    let endless = |quote: &str| format!("id,n,note\na,1,{quote}{}", "x".repeat(65 << 20));
    for quote in ["", "\""] {
        let said = refused(csv("x"), endless(quote)).await;
        assert!(said.contains("line 2: the record is longer than 64 MiB"), "{said}");
    }
    // Beyond any row, but its line ends: only the line is lost.
    let line = format!("b,2,{}\n", "y".repeat(1 << 16));
    let many = format!("id,n,note\na,1,\"x\n{}", line.repeat((65 << 20) >> 16));
    let bench = Bench::new().await;
    let (project, source) = keyed(csv("x"));
    let report = bench.land(&project, &source, &bench.write("x", many), NOW).await.unwrap();
    assert_eq!((report.counts.accepted, report.counts.quarantined), (1, 1));
    // Longer than any attribute: the row, not the file; of what is kept only the beginning.
    let long = "x".repeat((1 << 20) + 1);
    let (counts_, ids_, rejected) = land(csv("x"), format!("id,n,note\na,1,{long}\nb,2,y\n")).await;
    assert_eq!((counts_.quarantined, ids_.concat().as_str()), (1, "b"));
    assert_eq!(rejected[0], ("too long".to_owned(), "line 2, field 3: longer than 1 MiB".to_owned()));
    let (_, _, rejected) = land(ndjson(), format!("{{\"id\":\"a\",\"note\":\"{long}\"}}\n")).await;
    assert_eq!(rejected[0], ("too long".to_owned(), "line 1: `note` is longer than 1 MiB".to_owned()));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![long.as_str()]));
    let (_, _, rejected) = land(parquet(), written(vec![ids(1), counts(1), ("note", texts)])).await;
    assert_eq!(rejected[0], ("too long".to_owned(), "`note`: longer than 1 MiB".to_owned()));
    let bench = Bench::new().await;
    bench
        .land(&project, &source, &bench.write("x", format!("id,n,note\n{}\n", ",".repeat(1 << 20))), NOW)
        .await
        .unwrap();
    let row = &bench.lake.quarantine(None, 0, 1).await.unwrap().0[0];
    assert_eq!(row.reason, format!("line 2 has {} fields, the header has 3", (1 << 20) + 1));
    assert!(row.raw.len() < 70_000 && row.raw.ends_with("… (1048576 bytes)\""), "{}", row.raw.len());
}

/// Lands all files of a source; returns the loads, and what is said of the others.
async fn land_all(
    bench: &Bench,
    project: &Project,
    source: &Source,
    at: i64,
) -> (Vec<LoadReport>, Vec<String>) {
    let offer = FileSources::new(bench.folder.path()).offered(source).unwrap();
    assert!(offer.unreadable.is_empty());
    let all = bench.lake.land(project, source, &offer.raw, "person/1", at, &Silent).await.unwrap();
    let (mut loads, mut said) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Ok(load) => loads.push(load),
            Err(why) => said.push(why.to_string()),
        }
    }
    (loads, said)
}

fn outcomes(loads: &[LoadReport]) -> Vec<(&str, bool, Option<&str>)> {
    loads.iter().map(|l| (l.file.as_str(), l.outcome == LoadOutcome::Landed, l.same_as.as_deref())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_alike_are_two_files() {
    let text = "n,note\n12,x\n";
    let bench = Bench::new().await;
    let (project, mut source) = visits(csv("data/*.csv"), MappingFrom::Position, Mode::Append);
    bench.write("data/north.csv", text);
    bench.write("data/south.csv", text);
    let all = land_all(&bench, &project, &source, NOW).await;
    assert_eq!(outcomes(&all.0), [("data/north.csv", true, None), ("data/south.csv", true, None)]);
    assert_eq!(bench.rows(&project, "visit", &["id"]).await.concat(), ["north.csv:1", "south.csv:1"]);
    let again = land_all(&bench, &project, &source, NOW + 1).await;
    assert_eq!(outcomes(&again.0), [("data/north.csv", false, None), ("data/south.csv", false, None)]);
    // One that got another name is no new file, and it is said.
    std::fs::rename(bench.folder.path().join("data/north.csv"), bench.folder.path().join("data/nord.csv"))
        .unwrap();
    let renamed = land_all(&bench, &project, &source, NOW + 2).await;
    assert_eq!(
        outcomes(&renamed.0),
        [("data/nord.csv", false, Some("data/north.csv")), ("data/south.csv", false, None)]
    );
    // It stands for one new name, not for two.
    bench.write("data/other.csv", text);
    let other = land_all(&bench, &project, &source, NOW + 3).await;
    assert_eq!(outcomes(&other.0)[1], ("data/other.csv", true, None));
    assert_eq!(bench.rows(&project, "visit", &["id"]).await.len(), 3);
    // The source may say otherwise.
    source.identical = Identical::Skip;
    bench.write("data/west.csv", text);
    let skipped = land_all(&bench, &project, &source, NOW + 4).await;
    let (file, landed, same) = outcomes(&skipped.0)[3];
    assert_eq!((file, landed), ("data/west.csv", false));
    assert!(same.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_has_the_folders_in_which_files_of_a_source_differ() {
    let bench = Bench::new().await;
    let (project, source) = visits(csv("data/*/*.csv"), MappingFrom::Position, Mode::Append);
    bench.write("data/a/part.csv", "n,note\n1,x\n");
    bench.write("data/b/part.csv", "n,note\n2,x\n");
    let all = land_all(&bench, &project, &source, NOW).await;
    assert_eq!(all.0.iter().map(|l| l.counts.accepted).sum::<u64>(), 2);
    assert_eq!(bench.rows(&project, "visit", &["id"]).await.concat(), ["a/part.csv:1", "b/part.csv:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_file_keeps_no_other_from_landing() {
    let bench = Bench::new().await;
    let (project, source) = keyed(csv("data/*.csv"));
    for (name, text) in [
        ("a", "id,n,note\na,1,x\n"),
        ("b", ""),
        ("c", "id,note\nc,x\n"),
        ("d", "id,n,note\nd,4,\"cut"),
        ("e", "id,n,note\ne,5,x\n"),
    ] {
        bench.write(&format!("data/{name}.csv"), text);
    }
    let (loads, said) = land_all(&bench, &project, &source, NOW).await;
    assert_eq!(outcomes(&loads), [("data/a.csv", true, None), ("data/e.csv", true, None)]);
    let want = [
        "`data/b.csv` is empty",
        "`data/c.csv` has no column `n`",
        "`data/d.csv` ends inside the quoted field 3",
    ];
    assert_eq!(said.len(), want.len());
    assert!(said.iter().zip(want).all(|(said, want)| said.starts_with(want)), "{said:?}");
    assert_eq!(bench.rows(&project, "visit", &["id"]).await.concat(), ["a", "e"]);
}

#[cfg(unix)]
mod links {
    use std::os::unix::{ffi::OsStrExt, fs::symlink};

    use super::*;

    fn found(bench: &Bench, pattern: &str) -> (Vec<String>, Vec<String>) {
        let (_, source) = keyed(csv(pattern));
        let offer = FileSources::new(bench.folder.path()).offered(&source).unwrap();
        let names = offer.raw.iter().map(|raw| raw.name().to_owned()).collect();
        (names, offer.unreadable.into_iter().map(|(_, why)| why.to_string()).collect())
    }

    async fn bench(files: &[&str], links: &[(&str, &str)]) -> Bench {
        let bench = Bench::new().await;
        files.iter().for_each(|file| drop(bench.write(file, "id,n,note\n")));
        for (link, to) in links {
            symlink(to, bench.folder.path().join(link)).unwrap();
        }
        bench
    }

    #[tokio::test]
    async fn links_neither_multiply_files_nor_hang() {
        let files = ["data/a/x.csv", "data/b/y.csv", "away/z.csv"];
        let links = [
            ("data/1", "."),
            ("data/2", ".."),
            ("data/a/back", ".."),
            ("data/0", "b"),
            ("data/a/w.csv", "x.csv"),
            ("data/c", "../away"),
        ];
        let bench = bench(&files, &links).await;
        for pattern in ["data/**/*.csv", "data/**", "data/*/*.csv", "data/*/**/*.csv"] {
            let (names, unreadable) = found(&bench, pattern);
            assert_eq!(names, ["data/a/x.csv", "data/b/y.csv", "data/c/z.csv"], "{pattern}");
            assert!(unreadable.is_empty(), "{unreadable:?}");
        }
        assert_eq!(found(&bench, "data/0/y.csv").0, ["data/0/y.csv"], "a link that is named is followed");
    }

    #[tokio::test]
    async fn what_is_there_and_cannot_be_read_is_said() {
        let bench = bench(&["data/a.csv", "data/sub/d.csv"], &[("data/b.csv", "nowhere")]).await;
        let folder = bench.folder.path().join("data");
        std::fs::write(folder.join(std::ffi::OsStr::from_bytes(b"\xff.csv")), "").unwrap();
        let (names, unreadable) = found(&bench, "data/*.csv");
        assert_eq!(names, ["data/a.csv"]);
        assert_eq!(
            unreadable,
            [
                "`data/\u{fffd}.csv` has a name that is not UTF-8; rename it",
                "`data/b.csv` is a link to nothing; put there what it leads to, or take it away",
            ]
        );
        let closed = folder.join("sub");
        std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
        // Whoever may do everything can read it all the same.
        if std::fs::read_dir(&closed).is_err() {
            let (names, unreadable) = found(&bench, "data/**/a.csv");
            assert_eq!(names, ["data/a.csv"]);
            assert!(unreadable[0].starts_with("`data/sub` could not be read"), "{unreadable:?}");
        }
        std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_pattern_matches_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let sources = FileSources::new(folder.path());
    for name in ["data/a.csv", "data/b.csv.gz", "data/2025/c.csv", "data/2025/01/d.csv", ".kepi/data/e.csv"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    for (pattern, want) in [
        ("data/a.csv", 1),
        ("./data//a.csv", 1),
        ("data/*.csv", 1),
        ("data/*", 2),
        ("data/*.csv*", 2),
        ("data/?.csv", 1),
        ("data/[!b].csv", 1),
        ("data/20*/*.csv", 1),
        ("data/**/*.csv", 3),
        ("**/*.csv", 3),
        ("data/**", 4),
        ("data", 0),
        ("data/no/*.csv", 0),
        ("data/a.csv/*.csv", 0),
        ("data/[", 0),
    ] {
        assert_eq!(sources.matching(pattern), want, "{pattern}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_time_is_read_where_its_row_says_that_it_is() {
    let attributes = vec![attribute("id", Type::Text), attribute("at", Type::Timestamp)];
    let entity = entity("visit", &["id"], attributes);
    let at = column("at", Type::Timestamp, "at", Parse::Timestamp { format: None });
    let map = vec![column("id", Type::Text, "id", Parse::Text), at];
    let mut source = source("visits", &entity, ndjson(), Mode::Append, map);
    source.zone.column = Some("tz".to_owned());
    let project = project(vec![entity]);
    let lines = [
        // The same clocks in three zones and in the source's own, which is Berlin.
        r#"{"id": "tokyo", "at": "2026-07-01T12:00:00", "tz": "Asia/Tokyo"}"#,
        r#"{"id": "york", "at": "2026-07-01T12:00:00", "tz": " America/New_York "}"#,
        r#"{"id": "none", "at": "2026-07-01T12:00:00"}"#,
        r#"{"id": "empty", "at": "2026-07-01T12:00:00", "tz": ""}"#,
        // An offset says it all.
        r#"{"id": "offset", "at": "2026-07-01T12:00:00Z", "tz": "Asia/Tokyo"}"#,
        // An hour that clocks in New York showed twice, and one that they never showed in Apia.
        r#"{"id": "twice", "at": "2026-11-01T01:30:00", "tz": "America/New_York"}"#,
        r#"{"id": "never", "at": "2011-12-30T12:00:00", "tz": "Pacific/Apia"}"#,
        // No zone, and no time that would have one.
        r#"{"id": "wrong", "at": "2026-07-01T12:00:00", "tz": "Europe/Atlantis"}"#,
        r#"{"id": "timeless", "tz": "Europe/Atlantis"}"#,
    ];
    let bench = Bench::new().await;
    let path = bench.write("x", lines.join("\n"));
    let counts = bench.land(&project, &source, &path, NOW).await.unwrap().counts;
    assert_eq!((counts.accepted, counts.quarantined), (8, 1));
    let rejected = bench.lake.quarantine(None, 0, 99).await.unwrap().0;
    assert!(rejected[0].reason.contains("`Europe/Atlantis`"), "{}", rejected[0].reason);
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond().to_string();
    let expected = [
        ("empty", instant("2026-07-01T10:00:00Z")),
        // Shifted forward by the day that was left out.
        ("never", instant("2011-12-30T22:00:00Z")),
        ("none", instant("2026-07-01T10:00:00Z")),
        ("offset", instant("2026-07-01T12:00:00Z")),
        ("timeless", "-".to_owned()),
        ("tokyo", instant("2026-07-01T03:00:00Z")),
        ("twice", instant("2026-11-01T05:30:00Z")),
        ("york", instant("2026-07-01T16:00:00Z")),
    ];
    let found = bench.rows(&project, "visit", &["id", "at"]).await;
    assert_eq!(found, expected.map(|(id, at)| vec![id.to_owned(), at]));
}
