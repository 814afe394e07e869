//! Versions of rows: upsert, snapshot, late files, changed definitions.

use kepi_model::{
    id::Hash,
    project::{Mode, Parse},
};
use kepi_query::landing::{Lake, LoadOutcome};

use crate::{landing::orders, support::*};

on_both![
    upsert_without_a_version_goes_by_the_time_of_landing,
    versions_fall_into_place_whatever_the_order_of_files,
    a_snapshot_ends_what_it_does_not_have,
    a_changed_definition_lands_files_anew_and_replays_the_quarantine,
    the_model_may_grow_but_a_type_may_not_change,
    rows_that_say_that_they_are_gone_end_their_key_whatever_comes_first,
    a_list_of_keys_ends_what_it_lacks_and_a_short_one_stops,
];

const DAY: i64 = 86_400_000_000;
const INTERVALS: [&str; 4] = ["id", "amount", "_valid_from", "_valid_to"];

fn day(n: i64) -> String {
    (NOW + n * DAY).to_string()
}

async fn upsert_without_a_version_goes_by_the_time_of_landing() {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Upsert);
    let a = bench.write("a.csv", "id,amount,at,paid\na,1,,\nb,1,,\n");
    let b = bench.write("b.csv", "id,amount,at,paid\na,2,,\nb,1,,\nc,1,,\na,3,,\n");
    bench.land(&project, &source, &a, NOW).await.unwrap();
    let before = bench.lake.latest().await.unwrap();
    let c = bench.land(&project, &source, &b, NOW + DAY).await.unwrap().counts;
    assert_eq!((c.accepted, c.superseding, c.duplicate), (1, 2, 1));
    let one = day(1);
    let want = [
        ["a", "100", "-", &one],
        ["a", "200", &one, &one],
        ["a", "300", &one, "-"],
        ["b", "100", "-", "-"],
        ["c", "100", "-", "-"],
    ];
    assert_eq!(bench.rows(&project, "order", &INTERVALS).await, want);
    let earlier = bench.pin(&project, Some(before.0)).await;
    assert_eq!(rows(&earlier, "order", &INTERVALS), [["a", "100", "-", "-"], ["b", "100", "-", "-"]]);
    assert!(bench.lake.pin(&project, Some(kepi_query::port::SnapshotId(99))).await.is_err());
    // The same once more from a fresh index.
    let (_store, lake) = open(bench.folder.path()).await;
    assert_eq!(rows(&lake.pin(&project, None).await.unwrap(), "order", &INTERVALS), want);
}

async fn versions_fall_into_place_whatever_the_order_of_files() {
    let content = ["a,1,2026-01-01T00:00Z,", "a,2,2026-01-02T00:00Z,", "a,3,2026-01-03T00:00Z,"];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let bench = Bench::new().await;
        let (project, mut source) = orders(Mode::Upsert);
        source.version = Some(id("at"));
        for (n, at) in order.into_iter().enumerate() {
            let path = bench.write(&format!("{at}.csv"), format!("id,amount,at,paid\n{}\n", content[at]));
            // A fresh process each time.
            let (_store, lake) = open(bench.folder.path()).await;
            let landing = kepi_lake::Landing { actor: "person/1", at: NOW + n as i64, progress: &Silent };
            lake.land_raw(&project, &source, &raw(bench.folder.path(), &source, &path), landing)
                .await
                .unwrap();
        }
        let want = [["a", "100", "-", &day(1)], ["a", "200", &day(1), &day(2)], ["a", "300", &day(2), "-"]];
        assert_eq!(bench.rows(&project, "order", &INTERVALS).await, want, "{order:?}");
        let none = bench.write("none.csv", "id,amount,at,paid\na,4,,\n");
        let report = bench.land(&project, &source, &none, NOW + 9).await.unwrap();
        assert_eq!(report.rules[0].rule, "version");
    }
}

async fn a_snapshot_ends_what_it_does_not_have() {
    let bench = Bench::new().await;
    let (project, source) = orders(Mode::Snapshot);
    let file = |n: i64, keys: &str| {
        let rows: String = keys.chars().map(|k| format!("{k},1,,\n")).collect();
        bench.write(&format!("{n}.csv"), format!("id,amount,at,paid\n{rows}"))
    };
    for (n, keys) in [(0, "abc"), (1, "ac"), (2, "abc")] {
        bench.land(&project, &source, &file(n, keys), NOW + n * DAY).await.unwrap();
    }
    let want = [
        ["a", "100", "-", "-"],
        ["b", "100", "-", &day(1)],
        ["b", "100", &day(2), "-"],
        ["c", "100", "-", "-"],
    ];
    assert_eq!(bench.rows(&project, "order", &INTERVALS).await, want);
    // A file that goes back to what it was is news.
    let c = bench.land(&project, &source, &file(2, "ac"), NOW + 3 * DAY).await.unwrap();
    assert_eq!(c.outcome, LoadOutcome::Landed);
    let c = bench.land(&project, &source, &file(2, "abc"), NOW + 4 * DAY).await.unwrap();
    assert_eq!((c.outcome, c.counts.accepted), (LoadOutcome::Landed, 1));
    assert_eq!(bench.rows(&project, "order", &["_valid_to"]).await.iter().filter(|r| r[0] == "-").count(), 3);
}

async fn a_changed_definition_lands_files_anew_and_replays_the_quarantine() {
    for mode in [Mode::Append, Mode::Upsert, Mode::Snapshot] {
        let bench = Bench::new().await;
        let (project, mut source) = orders(mode);
        // The second file has none of the keys of the first.
        source.deletes_at_most = Some(1.0);
        let a = bench.write("a.csv", "id,amount,at,paid\na,1,,\nb,\"2,5\",,\n");
        let b = bench.write("b.csv", "id,amount,at,paid\nc,1,,\n");
        for (n, path) in [&a, &b].into_iter().enumerate() {
            bench.land(&project, &source, path, NOW + n as i64 * DAY).await.unwrap();
        }
        assert_eq!(bench.lake.quarantine(None, 0, 9).await.unwrap().1, 1, "{mode:?}");
        let old = bench.lake.latest().await.unwrap();
        source.map[1].from = column(
            "amount",
            source.map[1].type_.clone(),
            "amount",
            Parse::Number {
                scale: 2,
                decimal_mark: ',',
                grouping_mark: None,
                percent_sign: None,
                excess: kepi_model::project::Excess::Quarantine,
            },
        )
        .from;
        source.hash = Hash::of(b"other");
        for (n, path) in [&a, &b].into_iter().enumerate() {
            let report = bench.land(&project, &source, path, NOW + (n as i64 + 5) * DAY).await.unwrap();
            assert_eq!(report.outcome, LoadOutcome::Landed);
            assert_eq!(report.counts.quarantined, 0);
        }
        assert_eq!(bench.lake.quarantine(None, 0, 9).await.unwrap().1, 0);
        assert_eq!(bench.lake.loads(None).await.unwrap().len(), 2);
        let (end, none) = (day(1), "-".to_owned());
        let ended = if mode == Mode::Snapshot { &end } else { &none };
        let want = [["a", "100", "-", ended], ["b", "250", "-", ended], ["c", "100", "-", "-"]];
        assert_eq!(bench.rows(&project, "order", &INTERVALS).await, want, "{mode:?}");
        let was = bench.pin(&project, Some(old.0)).await;
        assert_eq!(rows(&was, "order", &["id"]), [["a"], ["c"]], "what was is still there");
        let again = bench.land(&project, &source, &a, NOW + 9 * DAY).await.unwrap();
        assert_eq!(again.outcome, LoadOutcome::AlreadyLanded);
    }
}

async fn the_model_may_grow_but_a_type_may_not_change() {
    let bench = Bench::new().await;
    let (mut project, source) = orders(Mode::Append);
    let a = bench.write("a.csv", "id,amount,at,paid\na,1,,\n");
    bench.land(&project, &source, &a, NOW).await.unwrap();
    let entity = project.entities.values_mut().next().unwrap();
    entity.attributes.push(attribute("note", kepi_model::expression::Type::Text));
    let mut wider = source.clone();
    wider.map.push(column("note", kepi_model::expression::Type::Text, "note", Parse::Text));
    let b = bench.write("b.csv", "id,amount,at,paid,note\na,1,,,\nb,1,,,hello\n");
    let report = bench.land(&project, &wider, &b, NOW + 1).await.unwrap();
    assert_eq!(report.drift, ["column `note` is new"]);
    assert_eq!(report.counts.duplicate, 1, "a new attribute without a value changes no row");
    assert_eq!(bench.rows(&project, "order", &["id", "note"]).await, [["a", "-"], ["b", "hello"]]);
    project.entities.values_mut().next().unwrap().attributes[1].type_ =
        kepi_model::expression::Type::Money { currency: "EUR".into(), scale: 3 };
    let c = bench.write("c.csv", "id,amount,at,paid,note\nc,1,,,\n");
    let refused = bench.land(&project, &wider, &c, NOW + 2).await.unwrap_err().to_string();
    assert!(refused.contains("stored as money EUR, 2 decimals"), "{refused}");
}

/// Rows without a quantity say that they are gone.
fn with_deletions(mode: Mode) -> (kepi_model::project::Project, kepi_model::project::Source) {
    let (project, mut source) = orders(mode);
    let node = kepi_model::expression::Node::IsMissing(Box::new(path(
        "amount",
        kepi_model::expression::Type::Money { currency: "EUR".into(), scale: 2 },
    )));
    source.deleted =
        Some(kepi_model::expression::Expression { type_: kepi_model::expression::Type::Boolean, node });
    (project, source)
}

async fn rows_that_say_that_they_are_gone_end_their_key_whatever_comes_first() {
    // Of each key what is newest holds: an amount, or nothing.
    let rows = [
        ("a", 1, "1"),
        ("a", 4, ""),
        ("b", 2, "2"),
        ("b", 3, ""),
        ("b", 6, "7"),
        ("c", 5, ""),
        ("d", 1, "4"),
    ];
    let orders_of_arrival =
        [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 1, 5, 4, 0, 6, 2], [4, 3, 2, 5, 1, 0, 6]];
    for order in orders_of_arrival {
        let bench = Bench::new().await;
        let (project, mut source) = with_deletions(Mode::Upsert);
        source.version = Some(id("at"));
        let (mut gone, mut never) = (0, 0);
        for (n, row) in order.into_iter().enumerate() {
            let (key, day, amount) = rows[row];
            let file = bench.write(
                &format!("{n}.csv"),
                format!("id,amount,at,paid\n{key},{amount},2026-01-0{day}T00:00Z,\n"),
            );
            // A fresh process each time; every other time the index is made anew of the files.
            let (_store, lake) = open(bench.folder.path()).await;
            if n % 2 == 1 {
                std::fs::remove_dir_all(bench.folder.path().join(".kepi/data/index")).unwrap();
            }
            let landing = kepi_lake::Landing { actor: "person/1", at: NOW + n as i64, progress: &Silent };
            let report = lake
                .land_raw(&project, &source, &raw(bench.folder.path(), &source, &file), landing)
                .await
                .unwrap();
            assert_eq!(report.counts.quarantined, 0);
            gone += report.notes.iter().filter(|note| note.contains("1 key that it is gone")).count();
            never += report.notes.iter().filter(|note| note.contains("1 of which never came")).count();
        }
        let now = bench.rows(&project, "order", &["id", "amount", "_valid_to"]).await;
        let now: Vec<_> = now.iter().filter(|row| row[2] == "-").map(|row| (&*row[0], &*row[1])).collect();
        assert_eq!(now, [("b", "700"), ("d", "400")], "{order:?}");
        assert!(gone >= 2 && never >= 1, "{order:?}: {gone} {never}");
        // Landed anew by another definition, it is the same.
        source.hash = Hash::of(b"other");
        for n in 0..rows.len() {
            let file = bench.folder.path().join(format!("{n}.csv"));
            bench.land(&project, &source, &file, NOW + 100 + n as i64).await.unwrap();
        }
        let again = bench.rows(&project, "order", &["id", "amount", "_valid_to"]).await;
        assert_eq!(again.iter().filter(|row| row[2] == "-").count(), 2, "{again:?}");
    }
    // Rows that are final go in the order in which they come, and the key may come again.
    let bench = Bench::new().await;
    let (project, source) = with_deletions(Mode::Append);
    let mut counts = Vec::new();
    for (n, amount) in ["1", "", "", "3"].into_iter().enumerate() {
        let file = bench.write(&format!("{n}.csv"), format!("id,amount,at,paid\na,{amount},,\n"));
        let c = bench.land(&project, &source, &file, NOW + n as i64 * DAY).await.unwrap().counts;
        counts.push((c.accepted, c.superseding, c.duplicate, c.quarantined));
    }
    assert_eq!(counts, [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 0, 0)]);
    let rows = bench.rows(&project, "order", &INTERVALS).await;
    assert!(rows.contains(&vec!["a".into(), "100".into(), "-".into(), day(1)]), "{rows:?}");
    assert!(rows.contains(&vec!["a".into(), "300".into(), day(3), "-".into()]), "{rows:?}");
}

async fn a_list_of_keys_ends_what_it_lacks_and_a_short_one_stops() {
    for mode in [Mode::Append, Mode::Upsert] {
        let bench = Bench::new().await;
        let (mut project, mut source) = orders(mode);
        if mode == Mode::Upsert {
            source.version = Some(id("at"));
        }
        project.sources.insert(source.id.clone(), source.clone());
        let mut keys = source.clone();
        (keys.id, keys.mode, keys.version) = (id("keys"), Mode::Keys, None);
        keys.keys_of = Some(source.id.clone());
        keys.map.truncate(1);
        keys.hash = Hash::of(b"keys");
        let all: String = (0..20).map(|n| format!("k{n:02},1,2026-01-01T00:00Z,\n")).collect();
        let file = bench.write("rows.csv", format!("id,amount,at,paid\n{all}"));
        bench.land(&project, &source, &file, NOW).await.unwrap();
        let list = |name: &str, of: &[usize]| {
            let rows: String = of.iter().map(|n| format!("k{n:02}\n")).collect();
            bench.write(name, format!("id\n{rows}"))
        };
        let in_force = async || {
            let rows = bench.rows(&project, "order", &["id", "_valid_to"]).await;
            rows.into_iter().filter(|row| row[1] == "-").map(|row| row[0].clone()).collect::<Vec<_>>()
        };
        // Half of them: cut short, so nothing is ended.
        let half: Vec<usize> = (0..10).collect();
        let stopped = bench.land(&project, &keys, &list("1.csv", &half), NOW + DAY).await.unwrap();
        assert!(matches!(stopped.outcome, LoadOutcome::Stopped { .. }), "{stopped:?}");
        assert_eq!(in_force().await.len(), 20, "{mode:?}");
        // Two are gone, and one has not come.
        let most: Vec<usize> = (2..21).collect();
        let landed = bench.land(&project, &keys, &list("2.csv", &most), NOW + 2 * DAY).await.unwrap();
        let c = landed.counts;
        assert_eq!((c.read, c.duplicate, c.out_of_scope, c.accepted), (19, 18, 1, 0));
        assert_eq!(landed.notes.len(), 2, "{:?}", landed.notes);
        assert!(landed.notes[0].contains("2 keys in force not in it"), "{:?}", landed.notes);
        assert_eq!(in_force().await.len(), 18, "{mode:?}");
        assert!(!in_force().await.contains(&"k01".to_owned()));
        // Described otherwise, the list lands anew in its place: the same keys are gone.
        keys.hash = Hash::of(b"keys, described otherwise");
        let file = bench.folder.path().join("2.csv");
        bench.land(&project, &keys, &file, NOW + 3 * DAY).await.unwrap();
        assert_eq!(in_force().await.len(), 18, "{mode:?}");
        // Whoever comes back counts from then on.
        let back = bench.write("back.csv", "id,amount,at,paid\nk01,5,2026-03-01T00:00Z,\n");
        bench.land(&project, &source, &back, NOW + 90 * DAY).await.unwrap();
        assert_eq!(in_force().await.len(), 19, "{mode:?}");
    }
}
