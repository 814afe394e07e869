//! Catalogue, ledger and quarantine: what the lake keeps in the store.

use kepi_model::id::Hash;
use kepi_proof::Salt;
use kepi_store::{
    StoreError, Transaction,
    catalogue::{self, ColumnType, FileStats, MAIN, NewColumn, NewFile, Replacement, Stamp},
    ledger,
    quarantine::{self, RejectedRow},
    records::LedgerRow,
};

use crate::support::{Place, on_both};

on_both![
    files_come_and_go_and_every_snapshot_stays,
    tables_stand_in_schemas_and_only_grow,
    bounds_are_given_only_where_every_file_knows_them,
    a_commit_that_does_not_fit_changes_nothing,
    a_moved_lake_says_where_it_is,
    a_load_is_found_by_content_or_by_name,
    rejected_rows_come_back_page_by_page,
];

const NOW: i64 = 1_767_225_600_000_000;
const STAMP: Stamp<'static> = Stamp { at: NOW, actor: "ana", message: "why" };

fn column(name: &str, type_: ColumnType) -> NewColumn {
    NewColumn { name: name.into(), type_, declared: None }
}

fn file(name: &str, rows: u64, stats: Vec<FileStats>) -> NewFile {
    NewFile {
        path: format!("/nowhere/{name}").into(),
        name: name.into(),
        rows,
        bytes: rows * 10,
        checksum: Some(Hash::of(name.as_bytes())),
        footer: 7,
        stats,
        deletes: None,
    }
}

async fn ready(place: &Place) -> kepi_store::Store {
    let store = place.store().await;
    let mut tx = store.begin().await.unwrap();
    catalogue::make_ready(&mut tx, "/data/", "kepi test", NOW).await.unwrap();
    tx.commit().await.unwrap();
    store
}

async fn add(tx: &mut Transaction, table: i64, files: Vec<NewFile>, end: Vec<i64>) -> (i64, Vec<i64>) {
    catalogue::commit(tx, table, &Replacement { add: files, end, ..Replacement::default() }, STAMP)
        .await
        .unwrap()
}

async fn files_come_and_go_and_every_snapshot_stays(place: Place) {
    let store = ready(&place).await;
    let mut tx = store.begin().await.unwrap();
    let order =
        catalogue::widen(&mut tx, MAIN, "order", &[column("id", ColumnType::Text)], STAMP).await.unwrap();
    assert_eq!((order.created, order.snapshot), (true, Some(1)));
    let table = order.table.id;
    let (first, ids) =
        add(&mut tx, table, vec![file("a.parquet", 3, vec![]), file("b.parquet", 4, vec![])], vec![]).await;
    assert_eq!((first, ids.len()), (2, 2));
    let (second, new) = add(&mut tx, table, vec![file("c.parquet", 9, vec![])], vec![ids[0]]).await;
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    let mut paths = Vec::new();
    for snapshot in [1, first, second] {
        let files = catalogue::table_files(&mut tx, table, snapshot).await.unwrap();
        paths.push(files.into_iter().map(|f| f.path).collect::<Vec<_>>());
    }
    let path = |name: &str| format!("main/order/{name}.parquet");
    assert_eq!(paths, [vec![], vec![path("a"), path("b")], vec![path("b"), path("c")]]);
    let live = catalogue::live_files(&mut tx, table).await.unwrap();
    assert_eq!(
        live.iter().map(|f| (f.id, f.rows, f.bytes)).collect::<Vec<_>>(),
        [(ids[1], 4, 40), (new[0], 9, 90)]
    );
    assert_eq!(catalogue::files(&mut tx).await.unwrap().len(), 3);
    let sums = catalogue::checksummed(&mut tx, Some(first)).await.unwrap();
    assert_eq!(
        sums.iter().map(|(f, sum)| (f.id, sum.unwrap())).collect::<Vec<_>>(),
        [(ids[0], Hash::of(b"a.parquet")), (ids[1], Hash::of(b"b.parquet"))]
    );
    let mut versions = Vec::new();
    for at in [Some(1), Some(first), Some(second), None] {
        versions.push(catalogue::version(&mut tx, table, at).await.unwrap());
    }
    assert_eq!(versions, [0, first, second, second]);
    assert_eq!(catalogue::snapshot(&mut tx).await.unwrap(), second);
}

async fn tables_stand_in_schemas_and_only_grow(place: Place) {
    let store = ready(&place).await;
    let mut tx = store.begin().await.unwrap();
    let all = [
        ("a", ColumnType::Text),
        ("b", ColumnType::Bytes),
        ("c", ColumnType::Int64),
        ("d", ColumnType::Int32),
        ("e", ColumnType::Float64),
        ("f", ColumnType::Boolean),
        ("g", ColumnType::Instant),
        ("h", ColumnType::Date),
    ]
    .map(|(name, type_)| column(name, type_));
    let value = catalogue::widen(&mut tx, "published", "value", &all, STAMP).await.unwrap();
    let other = catalogue::widen(&mut tx, MAIN, "value", &all[..1], STAMP).await.unwrap();
    assert_ne!(value.table.id, other.table.id, "one name in two schemas");
    let again = catalogue::widen(&mut tx, "published", "value", &all[2..5], STAMP).await.unwrap();
    assert_eq!((again.snapshot, again.created, &again.table), (None, false, &value.table));
    let wider = NewColumn { declared: Some("money EUR".into()), ..column("money", ColumnType::Int64) };
    let changed = NewColumn { declared: Some("other".into()), ..all[0].clone() };
    let wide = catalogue::widen(&mut tx, MAIN, "value", &[changed, wider.clone()], STAMP).await.unwrap();
    assert_eq!(
        wide.table.columns.iter().map(|c| (c.id, &c.column)).collect::<Vec<_>>(),
        [(1, &all[0]), (2, &wider)]
    );
    let (snapshot, _) = add(&mut tx, value.table.id, vec![file("v.parquet", 1, vec![])], vec![]).await;
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(catalogue::table(&mut tx, "published", "value").await.unwrap().unwrap(), value.table);
    assert_eq!(catalogue::table(&mut tx, MAIN, "value").await.unwrap().unwrap(), wide.table);
    assert_eq!(catalogue::table(&mut tx, "state", "value").await.unwrap(), None);
    assert_eq!(catalogue::files(&mut tx).await.unwrap()[0].path, "published/value/v.parquet");
    let at = |schema: &'static str, snapshot| {
        let store = store.clone();
        async move {
            let tables = catalogue::tables(&mut store.read().await.unwrap(), schema, snapshot).await.unwrap();
            tables.iter().map(|t| t.columns.len()).collect::<Vec<_>>()
        }
    };
    assert_eq!((at("published", 1).await, at(MAIN, 1).await), (vec![8], vec![]));
    assert_eq!((at(MAIN, other.snapshot.unwrap()).await, at(MAIN, snapshot).await), (vec![1], vec![2]));
}

async fn bounds_are_given_only_where_every_file_knows_them(place: Place) {
    let store = ready(&place).await;
    let mut tx = store.begin().await.unwrap();
    let columns: Vec<NewColumn> = (0..60)
        .map(|n| column(&format!("c{n}"), ColumnType::Int64))
        .chain([column("at", ColumnType::Instant)])
        .collect();
    let table = catalogue::widen(&mut tx, MAIN, "t", &columns, STAMP).await.unwrap().table;
    let stats = |low: i64, high: i64| -> Vec<FileStats> {
        let of = |c: &catalogue::Column| FileStats {
            column: c.id,
            values: 2,
            missing: 0,
            bounds: c.column.type_.spell(low, high),
        };
        table.columns.iter().map(of).collect()
    };
    add(&mut tx, table.id, vec![file("a", 2, stats(-5, 7)), file("b", 2, stats(1, NOW))], vec![]).await;
    let last = &table.columns[59];
    let at = &table.columns[60];
    for column in [last, at] {
        assert_eq!(
            catalogue::bounds(&mut tx, table.id, column, i64::MAX).await.unwrap(),
            Some(Some((-5, NOW)))
        );
    }
    // A column that came later: the files before have nothing in it.
    let late = catalogue::widen(&mut tx, MAIN, "t", &[column("late", ColumnType::Int64)], STAMP)
        .await
        .unwrap()
        .table
        .columns[61]
        .clone();
    assert_eq!(catalogue::bounds(&mut tx, table.id, &late, i64::MAX).await.unwrap(), Some(None));
    let known = FileStats { column: late.id, values: 1, missing: 0, bounds: late.column.type_.spell(3, 4) };
    let (knows, _) = add(&mut tx, table.id, vec![file("c", 1, vec![known])], vec![]).await;
    assert_eq!(catalogue::bounds(&mut tx, table.id, &late, knows).await.unwrap(), Some(Some((3, 4))));
    let secret = FileStats { column: late.id, values: 1, missing: 0, bounds: None };
    add(&mut tx, table.id, vec![file("d", 1, vec![secret])], vec![]).await;
    assert_eq!(catalogue::bounds(&mut tx, table.id, &late, i64::MAX).await.unwrap(), None);
    assert_eq!(catalogue::bounds(&mut tx, table.id, &late, knows).await.unwrap(), Some(Some((3, 4))));
}

async fn a_commit_that_does_not_fit_changes_nothing(place: Place) {
    let store = ready(&place).await;
    let mut tx = store.begin().await.unwrap();
    let table =
        catalogue::widen(&mut tx, MAIN, "t", &[column("a", ColumnType::Text)], STAMP).await.unwrap().table.id;
    let (_, ids) = add(&mut tx, table, vec![file("a", 1, vec![])], vec![]).await;
    add(&mut tx, table, vec![], ids.clone()).await;
    tx.commit().await.unwrap();
    let before = catalogue::snapshot(&mut store.read().await.unwrap()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let again = Replacement { add: vec![file("b", 1, vec![])], end: ids, ..Replacement::default() };
    let refused = catalogue::commit(&mut tx, table, &again, STAMP).await.unwrap_err().to_string();
    assert!(refused.contains("not live"), "{refused}");
    drop(tx);
    let mut tx = store.read().await.unwrap();
    assert_eq!(catalogue::snapshot(&mut tx).await.unwrap(), before);
    assert!(catalogue::live_files(&mut tx, table).await.unwrap().is_empty());
}

async fn a_moved_lake_says_where_it_is(place: Place) {
    let store = ready(&place).await;
    let id = catalogue::id(&mut store.read().await.unwrap()).await.unwrap();
    assert!(catalogue::is_ready(&mut store.read().await.unwrap(), "/data/").await.unwrap());
    assert!(!catalogue::is_ready(&mut store.read().await.unwrap(), "/elsewhere/").await.unwrap());
    let mut tx = store.begin().await.unwrap();
    catalogue::make_ready(&mut tx, "/elsewhere/", "kepi test", NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert!(catalogue::is_ready(&mut store.read().await.unwrap(), "/elsewhere/").await.unwrap());
    assert_eq!(catalogue::id(&mut store.read().await.unwrap()).await.unwrap(), id, "it is the same lake");
    place.meddle("UPDATE ducklake_metadata SET value = '2.0' WHERE \"key\" = 'version'").await.unwrap();
    let refused =
        catalogue::is_ready(&mut store.read().await.unwrap(), "/data/").await.unwrap_err().to_string();
    assert!(refused.contains("2.0"), "{refused}");
}

fn load(id: &str, file: &str, content: &str, effective: i64, columns: &[String]) -> LedgerRow {
    LedgerRow {
        load: id.into(),
        source: "orders".into(),
        entity: "order".into(),
        file: file.into(),
        content: content.into(),
        definition: "d".into(),
        stopped: false,
        effective,
        at: NOW,
        snapshot: Some(1),
        rows: 10,
        columns: serde_json::to_string(columns).unwrap(),
        report: "{}".into(),
    }
}

async fn enter(
    tx: &mut Transaction,
    row: LedgerRow,
    quarantined: u64,
    replaces: Option<&str>,
) -> Result<(), StoreError> {
    ledger::enter(tx, &row, quarantined, &"00".repeat(32).parse::<Salt>().unwrap(), replaces).await
}

async fn a_load_is_found_by_content_or_by_name(place: Place) {
    let store = place.store().await;
    let columns = ["Nº".to_owned(), "größe \"m²\"".to_owned()];
    let mut tx = store.begin().await.unwrap();
    for (new, replaces) in [
        (load("l1", "a.csv", "x", 5, &columns), None),
        (load("l2", "a.csv", "y", 7, &columns), None),
        (load("l3", "a.csv", "z", 6, &columns), None),
        (LedgerRow { stopped: true, snapshot: None, ..load("l4", "a.csv", "s", 9, &columns) }, None),
        (load("l5", "b.csv", "x", 8, &columns), Some("l1")),
        (LedgerRow { source: "returns".into(), ..load("l6", "a.csv", "x", 99, &columns) }, None),
    ] {
        enter(&mut tx, new, 3, replaces).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let by_name = ledger::newest_of_file(&mut tx, "orders", "a.csv").await.unwrap().unwrap();
    assert_eq!(
        (&*by_name.load, &by_name.columns[..], by_name.rows, by_name.effective),
        ("l2", &columns[..], 10, 7)
    );
    let by_content = |content: &'static str| {
        let store = store.clone();
        async move {
            let mut tx = store.read().await.unwrap();
            ledger::of_content(&mut tx, "orders", content).await.unwrap().into_iter().next().map(|l| l.load)
        }
    };
    assert_eq!(by_content("x").await.as_deref(), Some("l5"));
    assert_eq!(by_content("s").await, None, "a stopped load did not land");
    fn named(found: &[ledger::Load]) -> Vec<(&str, bool)> {
        found.iter().map(|load| (&*load.load, load.replaced)).collect()
    }
    let latest = ledger::latest(&mut tx, "orders", None, 3).await.unwrap();
    assert_eq!(named(&latest), [("l5", false), ("l3", false), ("l2", false)]);
    let before = ledger::latest(&mut tx, "orders", latest.last(), 3).await.unwrap();
    assert_eq!(named(&before), [("l1", true)], "one that was replaced has landed, too");
    let last = ledger::holding_last(&mut tx, "orders", None, 2).await.unwrap();
    assert_eq!(named(&last), [("l5", false), ("l2", false)]);
    let before = ledger::holding_last(&mut tx, "orders", last.last(), 2).await.unwrap();
    assert_eq!(named(&before), [("l3", false)], "one that was replaced holds no longer");
    assert_eq!(ledger::holds_last(&mut tx, "order").await.unwrap(), Some(99), "of whatever source");
    assert_eq!(ledger::holds_last(&mut tx, "return").await.unwrap(), None);
    let hold = ledger::hold(&mut tx, "order").await.unwrap();
    assert_eq!((hold.len(), hold["l1"], hold["l3"], hold["l6"]), (5, 5, 6, 99));
    assert_eq!(ledger::reports(&mut tx, Some("orders")).await.unwrap().len(), 4);
    assert_eq!(ledger::reports(&mut tx, None).await.unwrap().len(), 5);
    // By another definition all of them would be read otherwise; by this one none.
    let before = ledger::read_before(&mut tx, "orders", "e").await.unwrap();
    assert_eq!(before, [("a.csv".to_owned(), 20), ("b.csv".to_owned(), 10)]);
    assert!(ledger::read_before(&mut tx, "orders", "d").await.unwrap().is_empty());
    let mut tx = store.begin().await.unwrap();
    assert!(
        enter(&mut tx, load("l1", "c.csv", "c", 1, &columns), 0, None).await.is_err(),
        "an id is used once"
    );
}

async fn rejected_rows_come_back_page_by_page(place: Place) {
    let store = place.store().await;
    let row = |n: u64| {
        let column = n.is_multiple_of(2).then_some("größe");
        let raw = serde_json::json!([n, "a\u{0}b"]).to_string();
        RejectedRow::new(n, "required", &format!("`{n}` is no\u{0}thing; 東京"), column, &raw)
    };
    assert_eq!(row(1).reason, "`1` is no\u{2400}thing; 東京");
    let mut tx = store.begin().await.unwrap();
    for (id, rows) in [("l1", 1..=120u64), ("l2", 1..=3), ("l3", 1..=2)] {
        let rows: Vec<RejectedRow> = rows.map(row).collect();
        let replaces = (id == "l3").then_some("l2");
        enter(&mut tx, load(id, "a.csv", id, 1, &[]), rows.len() as u64, replaces).await.unwrap();
        quarantine::keep(&mut tx, id, "orders", "a.csv", &rows).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let mut seen = Vec::new();
    for offset in (0..200).step_by(50) {
        let (page, all) = quarantine::page(&mut tx, Some("orders"), offset, 50).await.unwrap();
        assert_eq!(all, 122, "replaced loads are not counted");
        seen.extend(page.into_iter().map(|q| (q.load, q.rejected)));
    }
    let wanted: Vec<(String, RejectedRow)> =
        (1..=2).map(|n| ("l3".into(), row(n))).chain((1..=120).map(|n| ("l1".into(), row(n)))).collect();
    assert!(seen == wanted, "latest load first, rows in order");
    assert_eq!(quarantine::page(&mut tx, Some("returns"), 0, 50).await.unwrap(), (vec![], 0));
    let mut tx = store.begin().await.unwrap();
    assert!(
        quarantine::keep(&mut tx, "nobody", "orders", "a.csv", &[row(1)]).await.is_err(),
        "a load must be in the ledger"
    );
}
