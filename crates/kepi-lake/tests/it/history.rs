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
