//! What landing does with rows.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kepi_govern::Event;
use kepi_lake::{FileSources, LandError, LocalLake};
use kepi_model::{
    expression::Type,
    id::Hash,
    project::{Mode, Otherwise, Parse, Project, Requirement, Source},
};
use kepi_query::landing::{BatchReader, Lake, LoadOutcome, Order, PortError, Raw, RawState, Sources, Stand};
use kepi_store::EventFilter;

use crate::support::*;

on_both![
    a_file_lands_once_with_rows_ledger_quarantine_and_event,
    stop_rules_leave_nothing_but_a_word,
    a_delivery_is_what_came_and_not_what_landed_anew,
    a_file_that_stands_as_it_did_is_not_read_again,
    the_last_page_of_a_large_quarantine_is_found_without_sorting_or_counting_it,
];

/// A raw file that counts how often it is read for its hash.
struct Counting {
    raw: Arc<dyn Raw>,
    hashed: AtomicU64,
}

impl Raw for Counting {
    fn name(&self) -> &str {
        self.raw.name()
    }
    fn order(&self) -> Order {
        self.raw.order()
    }
    fn state(&self) -> Option<RawState> {
        self.raw.state()
    }
    fn stand(&self) -> Option<Stand> {
        self.raw.stand()
    }
    fn content(&self) -> Result<Hash, PortError> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        self.raw.content()
    }
    fn is_there(&self, name: &str) -> bool {
        self.raw.is_there(name)
    }
    fn open(&self) -> Result<Box<dyn BatchReader>, PortError> {
        self.raw.open()
    }
}

async fn a_file_that_stands_as_it_did_is_not_read_again() {
    let mut bench = Bench::new().await;
    let (project, source) = orders(Mode::Upsert);
    let path = bench.write("data/a.csv", "id,amount,at,paid\na,1,,\n");
    let counting =
        Arc::new(Counting { raw: raw(bench.folder.path(), &source, &path), hashed: AtomicU64::new(0) });
    let files: [Arc<dyn Raw>; 1] = [counting.clone()];
    // Lands it, and says what became of it and whether it was read.
    let land = async |lake: &LocalLake| {
        let before = counting.hashed.load(Ordering::Relaxed);
        let mut landed = lake.land(&project, &source, &files, "person/1", NOW, &Silent).await.unwrap();
        let landed = landed.pop().unwrap().unwrap().outcome == LoadOutcome::Landed;
        (landed, counting.hashed.load(Ordering::Relaxed) > before)
    };
    let opened = async |folder: &Path| open(folder).await.1.settled_after(Duration::ZERO);
    let folder = bench.folder.path().to_owned();
    // It was written a moment ago, and could be again without that it shows.
    assert_eq!((land(&bench.lake).await, land(&bench.lake).await), ((true, true), (false, true)));
    bench.lake = opened(&folder).await;
    assert_eq!((land(&bench.lake).await, land(&bench.lake).await), ((false, true), (false, false)));
    // So for the next process, unless it is told otherwise or the record is gone.
    assert_eq!(land(&opened(&folder).await).await, (false, false));
    assert_eq!(land(&opened(&folder).await.reading_all()).await, (false, true));
    std::fs::remove_file(folder.join(".kepi/data/landed")).unwrap();
    assert_eq!(land(&opened(&folder).await).await, (false, true));
    assert_eq!(land(&opened(&folder).await).await, (false, false));
    // Other bytes, as many, and written when the others were.
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, "id,amount,at,paid\na,2,,\n").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    assert_eq!(land(&opened(&folder).await).await, (true, true));
    let rows = bench.rows(&project, "order", &["amount", "_valid_to"]).await;
    assert_eq!(rows.iter().filter(|row| row[1] == "-").map(|row| &row[0]).collect::<Vec<_>>(), ["200"]);
    // Another definition lands it anew, of what it holds.
    let other = Source { hash: Hash::of(b"another"), ..source.clone() };
    let lake = opened(&folder).await;
    let mut landed = lake.land(&project, &other, &files, "person/1", NOW + 1, &Silent).await.unwrap();
    assert_eq!(landed.pop().unwrap().unwrap().outcome, LoadOutcome::Landed);
    // A record of another form is nothing to go by.
    let record = folder.join(".kepi/data/landed");
    std::fs::write(&record, std::fs::read_to_string(&record).unwrap().replace("\"form\":1", "\"form\":2"))
        .unwrap();
    assert!(land(&opened(&folder).await).await.1);
}

pub fn orders(mode: Mode) -> (Project, Source) {
    let entity = entity(
        "order",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("amount", Type::Money { currency: "EUR".into(), scale: 2 }),
            attribute("at", Type::Timestamp),
            attribute("paid", Type::Boolean),
        ],
    );
    let map = vec![
        column("id", Type::Text, "id", Parse::Text),
        column("amount", Type::Money { currency: "EUR".into(), scale: 2 }, "amount", number(2)),
        column("at", Type::Timestamp, "at", Parse::Timestamp { format: None }),
        column("paid", Type::Boolean, "paid", Parse::Boolean { yes: vec![], no: vec![] }),
    ];
    let source = source("shop", &entity, csv("data/*.csv"), mode, map);
    (project(vec![entity]), source)
}

async fn a_file_lands_once_with_rows_ledger_quarantine_and_event() {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Append);
    bench.write(
        "data/a.csv",
        "\u{feff}id, amount ,at,paid\na,1.50,2025-07-01 12:00:00,yes\nb,\"1 234.5\",2025-07-01T12:00:00Z,0\n\
         c,x,2025-07-01,no\nd,1\n,5,2025-07-01,no\na,1.50,2025-07-01 12:00:00,yes\na,2,,\n",
    );
    let files = FileSources::new(bench.folder.path()).offered(&source).unwrap().raw;
    let land = async |at| {
        let landed = bench.lake.land(&project, &source, &files, "person/1", at, &Silent).await.unwrap();
        landed.into_iter().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let reports = land(NOW).await;
    let c = reports[0].counts;
    assert_eq!((c.read, c.accepted, c.duplicate, c.quarantined, c.out_of_scope), (7, 2, 1, 4, 0));
    assert_eq!(reports[0].file, "data/a.csv");
    assert_eq!(
        bench
            .rows(
                &project,
                "order",
                &["id", "amount", "at", "paid", "_valid_from", "_valid_to", "_row", "_file"]
            )
            .await,
        [
            ["a", "150", "1751364000000000", "true", "-", "-", "1", "data/a.csv"],
            ["b", "123450", "1751371200000000", "false", "-", "-", "2", "data/a.csv"],
        ]
    );
    let (rows, n) = bench.lake.quarantine(Some(&source.id), 0, 10).await.unwrap();
    assert_eq!(n, 4);
    let said: Vec<_> = rows.iter().map(|r| (r.row, r.rule.as_str(), r.column.as_deref())).collect();
    assert_eq!(
        said,
        [(3, "type", Some("amount")), (4, "ragged row", None), (5, "key", None), (7, "duplicate key", None)]
    );
    assert_eq!(rows[0].reason, "`amount`: `x` is not a number");
    assert!(rows[0].raw.contains("\"id\":\"c\""), "{}", rows[0].raw);
    let again = land(NOW + 1).await;
    assert_eq!(again[0].outcome, LoadOutcome::AlreadyLanded);
    assert_eq!(bench.lake.loads(None).await.unwrap(), reports);
    let events = bench.store.events(&EventFilter::default()).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["table.shaped", "load.landed"]);
    let Event::LoadLanded(landed) = events[1].event().unwrap() else { panic!("{:?}", events[1]) };
    assert_eq!(events[1].subject.as_str(), format!("source/{}", source.id));
    assert_eq!(landed.load.content, reports[0].content);
    assert_eq!(landed.snapshot as i64, reports[0].snapshot.unwrap().0);
    assert_eq!((landed.load.counts.read, landed.load.counts.quarantined), (reports[0].counts.read, 4));
    for words in [reports[0].file.as_str(), "not a number", "amount"] {
        assert!(
            !events[1].body.contains(words),
            "what people call things stands in the ledger: {}",
            events[1].body
        );
    }
    let pinned = bench.pin(&project, None).await;
    let table = pinned.tables.values().next().unwrap();
    assert_eq!(table.columns[1].bounds, Some((150, 123450)));
    assert_eq!(table.columns[2].bounds, Some((1751364000000000, 1751371200000000)));
    assert_eq!(table.columns[0].bounds, None);
}

async fn stop_rules_leave_nothing_but_a_word() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    source.rules = vec![rule("enough", Requirement::RowsAtLeast(3), Otherwise::Stop)];
    let path = bench.write("data/a.csv", "id,amount,at,paid\na,1,,\n");
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert!(matches!(report.outcome, LoadOutcome::Stopped { .. }), "{:?}", report.outcome);
    assert!(bench.rows(&project, "order", &["id"]).await.is_empty());
    source.rules = vec![rule(
        "positive",
        Requirement::Row(at_least("amount", Type::Money { currency: "EUR".into(), scale: 2 }, 200)),
        Otherwise::Quarantine,
    )];
    let report = bench.land(&project, &source, &path, NOW).await.unwrap();
    assert_eq!((report.outcome, report.counts.quarantined), (LoadOutcome::Landed, 1));
    assert!(matches!(
        bench.land(&project, &source, &bench.folder.path().join("data/no.csv"), NOW).await,
        Err(LandError::NoFile { .. })
    ));
}

async fn the_last_page_of_a_large_quarantine_is_found_without_sorting_or_counting_it() {
    const ROWS: u64 = 60_000;
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Append);
    for n in 0..3 {
        let mut text = "id,amount,at,paid\n".to_owned();
        (0..ROWS / 3).for_each(|row| text.push_str(&format!("{n}-{row},none,,\n")));
        let path = bench.write(&format!("data/{n}.csv"), text);
        bench.land(&project, &source, &path, NOW + n).await.unwrap();
    }
    let mut seen = Vec::new();
    for page in 0..ROWS / 1000 {
        let (rows, all) = bench.lake.quarantine(Some(&source.id), page * 1000, 1000).await.unwrap();
        assert_eq!((rows.len(), all), (1000, ROWS));
        seen.extend(rows.into_iter().map(|r| (r.file, r.row)));
    }
    let want: Vec<(String, u64)> =
        (0..3).rev().flat_map(|n| (1..=ROWS / 3).map(move |row| (format!("data/{n}.csv"), row))).collect();
    assert_eq!(seen, want, "newest load first, then by place; every row on one page");
    let begun = std::time::Instant::now();
    let (last, _) = bench.lake.quarantine(None, ROWS - 50, 50).await.unwrap();
    println!("the last 50 of {ROWS} rejected rows in {:?}", begun.elapsed());
    assert_eq!(last.len(), 50);
    let (beyond, all) = bench.lake.quarantine(None, ROWS, 50).await.unwrap();
    assert_eq!((beyond.len(), all), (0, ROWS));
}

/// Another mapping lands everything once more; what came, and when, is the same.
async fn a_delivery_is_what_came_and_not_what_landed_anew() {
    let bench = Bench::new().await;
    let (project, mut source) = orders(Mode::Append);
    assert_eq!(bench.lake.delivered().await.unwrap().len(), 0);
    let first = bench.write("data/a.csv", "id,amount,at,paid\na,1,2025-07-01,yes\nb,2,2025-07-01,no\n");
    bench.land(&project, &source, &first, NOW).await.unwrap();
    let second = bench.write("data/b.csv", "id,amount,at,paid\nc,1,2025-07-02,yes\n");
    bench.land(&project, &source, &second, NOW + 10).await.unwrap();
    source.hash = kepi_model::id::Hash::of(b"another mapping");
    let again = bench.land(&project, &source, &first, NOW + 20).await.unwrap();
    assert_eq!(again.outcome, LoadOutcome::Landed);
    let delivered = bench.lake.delivered().await.unwrap();
    assert_eq!(delivered[&source.id].deliveries, [(NOW, 2), (NOW + 10, 1)]);
    assert_eq!(delivered[&source.id].bookmark, None);
}
