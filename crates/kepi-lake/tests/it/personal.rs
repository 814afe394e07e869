//! Personal values, and texts that may be: what stands in rows stands nowhere beside them.

use std::{fs, path::Path};

use kepi_model::{
    expression::Type,
    project::{Connector, Mode, Otherwise, Parse, Requirement},
};
use kepi_query::landing::{Lake, LoadOutcome};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader};

use crate::support::*;

/// Marks that a personal attribute, a key and a number hold.
const MARKS: [&str; 3] = ["AANICKMARK", "keymark@example.org", "7234567891"];

fn holds(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|w| w == mark.as_bytes())
}

/// A footer: its bytes, and for each column by name whether it says the least value.
type Footer = (Vec<u8>, Vec<(String, bool)>);

/// The footers of all files of a lake.
fn footers(folder: &Path) -> Vec<Footer> {
    let files = fs::read_dir(folder.join(".kepi/data/main/member")).unwrap().map(|e| e.unwrap().path());
    files
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            let tail = bytes.len() - 8;
            let length = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
            let metadata =
                ParquetMetaDataReader::new().parse_and_finish(&fs::File::open(&path).unwrap()).unwrap();
            let group = metadata.row_group(0);
            let columns = group.columns().iter();
            let least = |c: &ColumnChunkMetaData| c.statistics().is_some_and(|s| s.min_bytes_opt().is_some());
            let known = columns.map(|c| (c.column_descr().name().to_owned(), least(c))).collect();
            (bytes[tail - length..tail].to_vec(), known)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_values_and_keys_are_in_no_footer_catalogue_reason_or_event() {
    let bench = Bench::new().await;
    let text = |name: &str| column(name, Type::Text, name, Parse::Text);
    let personal = |name: &str, type_: Type| {
        let mut attribute = attribute(name, type_);
        attribute.personal = true;
        attribute
    };
    let whole = entity(
        "member",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("tier", Type::Text),
            attribute("score", Type::Integer),
            personal("nick", Type::Text),
            personal("number", Type::Integer),
        ],
    );
    let all = [text("id"), text("nick"), column("number", Type::Integer, "number", number(0))];
    let a = source("a", &whole, csv("a.csv"), Mode::Upsert, all.to_vec());
    let with = project(vec![whole.clone()]);
    let path =
        bench.write("a.csv", format!("id,nick,number\n{},{},{}\nk2,x,1\n", MARKS[1], MARKS[0], MARKS[2]));
    bench.land(&with, &a, &path, NOW).await.unwrap();
    // The attributes leave the model, and another file makes the first one be written anew.
    let less = entity("member", &["id"], whole.attributes[..3].to_vec());
    let b = source("b", &less, csv("b.csv"), Mode::Upsert, vec![text("id"), text("tier")]);
    let path = bench.write("b.csv", "id,tier\nk2,silver\n");
    bench.land(&project(vec![less]), &b, &path, NOW + 1).await.unwrap();
    // Reasons of all kinds about personal values: of a cell, of a rule that stops, of a key.
    let mut rules = a.clone();
    rules.rules = vec![rule(
        "small",
        Requirement::Row(at_least("number", Type::Integer, 8_000_000_000)),
        Otherwise::Stop,
    )];
    let path = bench.write("c.csv", format!("id,nick,number\nk3,{},{}\n", MARKS[0], MARKS[2]));
    let report = bench.land(&with, &rules, &path, NOW + 2).await.unwrap();
    let LoadOutcome::Stopped { reason, .. } = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!(reason, "row 1: `number` is a personal value");
    let mut quarantined = rules.clone();
    quarantined.rules[0].otherwise = Otherwise::Quarantine;
    let path = bench.write("d.csv", "id,nick,number\nk4,n,1\nk5,n,12x\n");
    bench.land(&with, &quarantined, &path, NOW + 3).await.unwrap();
    let (rows, _) = bench.lake.quarantine(None, 0, 9).await.unwrap();
    let reasons: Vec<&str> = rows.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons, ["`number` is a personal value", "`number`: its value is not a number"]);
    let raws: Vec<&str> = rows.iter().map(|r| r.raw.as_str()).collect();
    let covered = |id: &str| format!("{{\"id\":\"{id}\",\"nick\":\"(personal)\",\"number\":\"(personal)\"}}");
    assert_eq!(raws, [covered("k4"), covered("k5")]);
    // What cannot be told apart into columns is not kept; within an object of an object it is found.
    let path = bench.write("e.csv", format!("id,nick,number\nk6,{},{},more\n", MARKS[0], MARKS[2]));
    bench.land(&with, &quarantined, &path, NOW + 4).await.unwrap();
    let mut nested = quarantined.clone();
    nested.from = Connector::Ndjson { files: "f.ndjson".to_owned() };
    nested.map = vec![text("id"), column("nick", Type::Text, "of.nick", Parse::Text)];
    nested.map.push(column("number", Type::Integer, "number", number(0)));
    let line = format!(
        "{{\"id\": \"k7\", \"of\": {{\"nick\": \"{}\", \"x\": 1.10}}, \"number\": \"12x\"}}\n",
        MARKS[0]
    );
    let path = bench.write("f.ndjson", line);
    bench.land(&with, &nested, &path, NOW + 5).await.unwrap();
    let (rows, _) = bench.lake.quarantine(None, 0, 9).await.unwrap();
    assert_eq!(
        rows[0].raw,
        "{\"id\":\"k7\",\"number\":\"(personal)\",\"of\":{\"nick\":\"(personal)\",\"x\":1.10}}"
    );
    assert_eq!(rows[1].raw, "\"(personal)\"");

    let footers = footers(bench.folder.path());
    assert!(footers.len() >= 3, "the first file, anew, and the second");
    for (bytes, columns) in footers {
        for mark in MARKS {
            assert!(!holds(&bytes, mark), "{mark} in a footer");
        }
        for (name, known) in columns {
            let times = ["_recorded_at", "_row", "_valid_from", "_valid_to"];
            assert!(!known || times.contains(&name.as_str()), "a least value of `{name}`");
        }
    }
    for file in ["kepi.db", "kepi.db-wal"] {
        let bytes = fs::read(bench.folder.path().join(".kepi").join(file)).unwrap_or_default();
        for mark in MARKS {
            assert!(!holds(&bytes, mark), "{mark} in {file}");
        }
    }
}
