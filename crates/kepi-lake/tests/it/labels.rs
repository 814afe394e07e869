//! Rows below a header that say what columns mean: kept as descriptions, no data, and news when they change.

use kepi_lake::FileSources;
use kepi_model::{
    expression::Type,
    project::{Connector, Mode, Parse},
};
use kepi_query::landing::Sources;

use crate::support::*;

/// An export of a survey as such tools write it: ids, questions, and ids of the tool.
const EXPORT: &str = "ResponseId,Q1,Q2_1\nResponse ID,\"How likely are you\nto recommend us?\",Ease\n\
                      \"{\"\"ImportId\"\":\"\"_recordId\"\"}\",,\"{\"\"ImportId\"\":\"\"QID2\"\"}\"\nr1,9,4\nr2,3,5\n";

fn csv_labelled(label_rows: u32) -> Connector {
    Connector::Csv {
        files: "data/*.csv".into(),
        delimiter: ",".into(),
        encoding: "utf-8".into(),
        header_row: 1,
        label_rows,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_labels_are_descriptions_and_no_data() {
    let bench = Bench::new().await;
    let entity =
        entity("answer", &["id"], vec![attribute("id", Type::Text), attribute("score", Type::Integer)]);
    let map = vec![
        column("id", Type::Text, "ResponseId", Parse::Text),
        column("score", Type::Integer, "Q1", number(0)),
    ];
    let project = project(vec![entity.clone()]);
    let of = |rows| source("survey", &entity, csv_labelled(rows), Mode::Append, map.clone());
    let first = bench.write("data/1.csv", EXPORT);
    let report = bench.land(&project, &of(2), &first, NOW).await.unwrap();
    assert_eq!((report.counts.read, report.counts.accepted, report.counts.quarantined), (2, 2, 0));
    let said = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        report.labels,
        [
            said("ResponseId", "Response ID · {\"ImportId\":\"_recordId\"}"),
            said("Q1", "How likely are you\nto recommend us?"),
            said("Q2_1", "Ease · {\"ImportId\":\"QID2\"}"),
        ]
    );
    assert_eq!(report.drift, [] as [&str; 0]);
    assert_eq!(
        bench.rows(&project, "answer", &["id", "score", "_row"]).await,
        [["r1", "9", "1"], ["r2", "3", "2"]]
    );

    // Another wording is another question: it lands, and it is said.
    let second = EXPORT
        .replace("to recommend us", "to recommend our new shop")
        .replace("r1", "r3")
        .replace("r2", "r4");
    let second = bench.write("data/2.csv", second);
    let report = bench.land(&project, &of(2), &second, NOW + 1).await.unwrap();
    assert_eq!(report.counts.accepted, 2);
    assert_eq!(
        report.drift,
        ["column `Q1` is described otherwise than before: How likely are you\nto recommend our new shop?"]
    );
    // Without them they would be rows that are none.
    let offered = FileSources::new(bench.folder.path()).offered(&of(0)).unwrap().raw;
    let mut reader = offered[0].open().unwrap();
    assert_eq!(reader.labels(), []);
    let mut batch = kepi_query::landing::Batch::default();
    reader.next(&mut batch).unwrap();
    assert_eq!(batch.rows, 4);
}

/// A file that ends within its labels has no rows, and one that is cut off in a quote is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_end_within_its_labels() {
    let bench = Bench::new().await;
    let entity = entity("answer", &["id"], vec![attribute("id", Type::Text)]);
    let map = vec![column("id", Type::Text, "ResponseId", Parse::Text)];
    let project = project(vec![entity.clone()]);
    let source = source("survey", &entity, csv_labelled(3), Mode::Append, map);
    let short = bench.write("data/1.csv", "ResponseId,Q1\nThe id,A question\n");
    let report = bench.land(&project, &source, &short, NOW).await.unwrap();
    assert_eq!(report.counts.read, 0);
    assert_eq!(report.labels.len(), 2);
    let cut = bench.write("data/2.csv", "ResponseId,Q1\nThe id,\"A quest");
    let said = bench.land(&project, &source, &cut, NOW + 1).await.unwrap_err().to_string();
    assert!(said.contains("line 2"), "{said}");
}
