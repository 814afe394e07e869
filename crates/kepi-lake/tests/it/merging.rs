//! Rows that the source has merged into others: whatever lands first, what refers to them ends where it would have ended had all been
//! known from the start. `KEPI_COUNT` sets how many worlds, `KEPI_SEED` the first.

use std::collections::{BTreeMap, BTreeSet};

use kepi_model::{
    expression::Type,
    id::{EntityId, Hash},
    project::{Merges, Mode, Otherwise, Parse, Project, Requirement, Source},
};
use kepi_query::landing::{Erasing, Lake, LoadReport};
use kepi_testkit::arbitrary::Chance;

use crate::support::*;

on_both![
    a_row_may_list_what_was_merged_into_it,
    what_closes_a_circle_is_rejected_and_a_merge_can_be_taken_back,
    whom_others_were_merged_into_is_erased_with_them,
];

const ROWS_OF_A_WORLD: usize = 18;
const ROWS: [&str; 4] = ["id", "account", "_said_account", "_row"];

/// Accounts that may have a parent, and tickets that refer to one.
fn shop(mode: Mode) -> (Project, Source, Source) {
    let to = |entity: &str| Type::Reference { entity: id(entity) };
    let accounts = entity(
        "account",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("parent", to("account")),
            attribute("at", Type::Timestamp),
        ],
    );
    let tickets = entity(
        "ticket",
        &["id"],
        vec![
            attribute("id", Type::Text),
            attribute("account", to("account")),
            attribute("at", Type::Timestamp),
        ],
    );
    let at = || column("at", Type::Timestamp, "at", Parse::Timestamp { format: None });
    let mut of_accounts = source(
        "crm",
        &accounts,
        csv("a/*.csv"),
        mode,
        vec![
            column("id", Type::Text, "id", Parse::Text),
            column("parent", to("account"), "parent", Parse::Text),
            at(),
        ],
    );
    of_accounts.merges = Some(Merges::Into { column: "master".into() });
    of_accounts.deletes_at_most = Some(1.0);
    let mut of_tickets = source(
        "desk",
        &tickets,
        csv("t/*.csv"),
        Mode::Upsert,
        vec![
            column("id", Type::Text, "id", Parse::Text),
            column("account", to("account"), "account", Parse::Text),
            at(),
        ],
    );
    of_tickets.version = Some(id("at"));
    if mode == Mode::Upsert {
        of_accounts.version = Some(id("at"));
    }
    let known = rule("known", Requirement::Row(exists("account", "account")), Otherwise::Warn);
    of_tickets.rules = vec![known];
    let mut project = project(vec![accounts, tickets]);
    for source in [&of_accounts, &of_tickets] {
        project.sources.insert(source.id.clone(), source.clone());
    }
    (project, of_accounts, of_tickets)
}

fn instant(n: usize) -> String {
    jiff::Timestamp::from_microsecond(NOW + n as i64 * 1_000_000).unwrap().to_string()
}

/// What a row says: of an account its parent and the one it was merged into, of a ticket its account.
#[derive(Debug, Clone)]
struct Says {
    is_account: bool,
    key: usize,
    refers: usize,
    master: Option<usize>,
    at: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_lands_first_rows_end_where_they_would_have_from_the_start() {
    let count: u64 = std::env::var("KEPI_COUNT").map_or(2, |text| text.parse().unwrap());
    let first: u64 = std::env::var("KEPI_SEED").map_or(1, |text| text.parse().unwrap());
    let mut followed = 0;
    for seed in first..first + count {
        let of = world(seed);
        followed += if seed % 2 == 0 { of.await } else { BY_POSITION.scope((1, 60), of).await };
    }
    assert!(followed > 0, "no ticket refers to an account that was merged");
}

/// How many rows refer to another in the end.
async fn world(seed: u64) -> usize {
    let mut chance = Chance::new(seed);
    let bench = Bench::new().await;
    let (mut project, mut accounts, tickets) = shop(Mode::Upsert);
    // What is true in the end: of each key the row with the latest time. Merges lead to greater keys, so there is no circle.
    let mut rows: Vec<Says> = (0..ROWS_OF_A_WORLD)
        .map(|at| {
            let is_account = chance.below(2) == 0;
            let key = chance.below(7);
            let master =
                (is_account && key < 6 && chance.below(2) == 0).then(|| key + 1 + chance.below(7 - key));
            Says { is_account, key, refers: chance.below(8), master, at }
        })
        .collect();
    let newest = |is_account: bool| {
        let own = rows.iter().filter(move |row| row.is_account == is_account);
        own.map(|row| (row.key, row.clone())).collect::<BTreeMap<usize, Says>>()
    };
    let (last, last_tickets) = (newest(true), newest(false));
    let counts_for = |mut key: usize| {
        while let Some(master) = last.get(&key).and_then(|row| row.master) {
            key = master;
        }
        key
    };
    let refers = |key: usize, says: &Says| {
        let now = counts_for(says.refers);
        let said = if now == says.refers { "-".to_owned() } else { format!("A{}", says.refers) };
        vec![format!("{key}"), format!("A{now}"), said]
    };
    let live = last.iter().filter(|(_, row)| row.master.is_none());
    let want_accounts: Vec<Vec<String>> = live.map(|(key, row)| refers(*key, row)).collect();
    let want_tickets: Vec<Vec<String>> = last_tickets.iter().map(|(key, row)| refers(*key, row)).collect();
    // They land in any order, in files of some rows.
    for at in (1..rows.len()).rev() {
        rows.swap(at, chance.below(at + 1));
    }
    let mut files: Vec<(bool, String, String)> = Vec::new();
    while !rows.is_empty() {
        let some: Vec<Says> = rows.drain(..(1 + chance.below(5)).min(rows.len())).collect();
        for is_account in [true, false] {
            let own: String = some
                .iter()
                .filter(|row| row.is_account == is_account)
                .map(|row| {
                    let master = row.master.map(|key| format!("A{key}")).unwrap_or_default();
                    let key = if is_account { format!("A{}", row.key) } else { row.key.to_string() };
                    format!("{key},A{},{master},{}\n", row.refers, instant(row.at))
                })
                .collect();
            if !own.is_empty() {
                let name = format!("{}/{}.csv", if is_account { "a" } else { "t" }, files.len());
                let reference = if is_account { "parent" } else { "account" };
                files.push((is_account, name, format!("id,{reference},master,at\n{own}")));
            }
        }
    }
    let mut lake = None;
    let mut read = 0;
    let mut figures: Vec<(i64, Vec<Vec<String>>)> = Vec::new();
    for round in 0..2 {
        for (n, (is_account, name, text)) in files.iter().enumerate() {
            let path = bench.write(name, text);
            // Another process now and then.
            if chance.below(3) == 0 || lake.is_none() {
                lake = Some(open(bench.folder.path()).await.1);
            }
            let source = if *is_account { &accounts } else { &tickets };
            let at = NOW + (round * 1000 + n as i64) * 1_000_000;
            let landing = kepi_lake::Landing { actor: "person/1", at, progress: &Silent };
            let raw = raw(bench.folder.path(), source, &path);
            let report = lake.as_ref().unwrap().land_raw(&project, source, &raw, landing).await.unwrap();
            assert!(report.counts.balances(), "{:?}", report.counts);
            assert_eq!(report.counts.quarantined, 0, "seed {seed}, {name}: {:?}", report.rules);
            read += if round == 0 { report.counts.read } else { 0 };
            if let Some(snapshot) = report.snapshot {
                let pinned = lake.as_ref().unwrap().pin(&project, Some(snapshot)).await.unwrap();
                figures.push((snapshot.0, rows_of(&pinned, "ticket")));
            }
        }
        let pinned = bench.pin(&project, None).await;
        let all = |entity: &str, attribute: &str| -> Vec<Vec<String>> {
            let said = format!("_said_{attribute}");
            let all = rows_with(&pinned, entity, &["id", attribute, &said, "_valid_to"]);
            let all = all.into_iter().filter(|row| row[3] == "-");
            all.map(|row| vec![row[0].trim_start_matches('A').to_owned(), row[1].clone(), row[2].clone()])
                .collect()
        };
        assert_eq!(all("account", "parent"), want_accounts, "seed {seed}, round {round}");
        assert_eq!(all("ticket", "account"), want_tickets, "seed {seed}, round {round}");
        // The same rows under another name are known: keys and contents are those of what the source said.
        let again = bench.write(&format!("t/again{round}.csv"), {
            let all = files.iter().filter(|(is_account, ..)| !is_account);
            let rows: String = all.map(|(.., text)| text.split_once('\n').unwrap().1).collect();
            format!("id,account,master,at\n{rows}")
        });
        let report =
            bench.land(&project, &tickets, &again, NOW + (round * 1000 + 900) * 1_000_000).await.unwrap();
        assert_eq!(report.counts.read, report.counts.duplicate, "seed {seed}");
        // Under another definition all of it lands anew, in its old place.
        accounts.hash = Hash::of(b"other");
        project.sources.insert(accounts.id.clone(), accounts.clone());
        lake = None;
    }
    assert_eq!(read, ROWS_OF_A_WORLD as u64);
    // Nothing that was is another.
    for (snapshot, then) in figures {
        assert_eq!(rows_of(&bench.pin(&project, Some(snapshot)).await, "ticket"), then, "seed {seed}");
    }
    want_tickets.iter().filter(|row| row[2] != "-").count()
}

fn rows_of(pinned: &kepi_query::port::PinnedInputs, entity: &str) -> Vec<Vec<String>> {
    rows_with(pinned, entity, &ROWS)
}

fn rows_with(pinned: &kepi_query::port::PinnedInputs, entity: &str, columns: &[&str]) -> Vec<Vec<String>> {
    rows(pinned, entity, columns)
}

async fn a_row_may_list_what_was_merged_into_it() {
    let bench = Bench::new().await;
    let (mut project, mut accounts, tickets) = shop(Mode::Snapshot);
    accounts.merges = Some(Merges::Lists { column: "merged".into(), separator: ";".into() });
    for mapping in &mut accounts.map {
        if let kepi_model::project::MappingFrom::Column { prefix, .. } = &mut mapping.from
            && mapping.attribute.as_str() == "id"
        {
            *prefix = "A".into();
        }
    }
    project.sources.insert(accounts.id.clone(), accounts.clone());
    let file =
        |n: usize, rows: &str| bench.write(&format!("a/{n}.csv"), format!("id,parent,at,merged\n{rows}"));
    let at = |n: i64| NOW + n * 1_000_000;
    let t = bench.write("t/1.csv", format!("id,account,at\n1,A7,{0}\n2,A3,{0}\n3,A8,{0}\n", instant(1)));
    bench.land(&project, &tickets, &t, at(0)).await.unwrap();
    bench.land(&project, &accounts, &file(1, "3,,,\n7,A8,,\n8,,,\n"), at(1)).await.unwrap();
    // Its export no longer has what was merged; the winner lists it.
    let report = bench.land(&project, &accounts, &file(2, "3,A7,,7; 8\n"), at(2)).await.unwrap();
    assert_eq!((report.counts.read, report.counts.superseding), (1, 1));
    assert_eq!(
        report.followed,
        BTreeMap::from([(id("account"), 2), (id("ticket"), 2)]),
        "{:?}",
        report.notes
    );
    let want = [["1", "A3", "A7", "1"], ["2", "A3", "-", "2"], ["3", "A3", "A8", "3"]];
    assert_eq!(bench.rows(&project, "ticket", &ROWS).await, want);
    let columns = ["id", "parent", "_said_parent", "_merged_into", "_valid_to"];
    let all = bench.rows(&project, "account", &columns).await;
    let held: Vec<_> = all.iter().filter(|row| row[4] == "-").collect();
    assert_eq!(held, [&["A3", "A3", "A7", "-", "-"]]);
    assert_eq!(all.iter().filter(|row| row[3] == "A3").count(), 2, "{all:?}");
    // It says so each time, and that is nothing new; a key that was unknown, is.
    let report = bench.land(&project, &accounts, &file(3, "3,A7,,7;8\n"), at(3)).await.unwrap();
    assert_eq!((report.counts.duplicate, report.followed.len()), (1, 0));
    let late = bench.write("t/2.csv", format!("id,account,at\n4,A9,{0}\n5,A7,{0}\n", instant(2)));
    bench.land(&project, &tickets, &late, at(4)).await.unwrap();
    bench.land(&project, &accounts, &file(4, "3,,,7;8;9\n"), at(5)).await.unwrap();
    let all = bench.rows(&project, "ticket", &ROWS).await;
    assert_eq!(all[3..], [["4", "A3", "A9", "1"], ["5", "A3", "A7", "2"]]);
    // What it lists may be all that is new, and the rows of what it lists may still come, before it or behind it.
    let late = bench.write("t/3.csv", format!("id,account,at\n6,A1,{}\n", instant(3)));
    bench.land(&project, &tickets, &late, at(6)).await.unwrap();
    let report = bench.land(&project, &accounts, &file(5, "3,,,7;8;9;1\n"), at(7)).await.unwrap();
    assert_eq!((report.counts.duplicate, report.followed), (1, BTreeMap::from([(id("ticket"), 1)])));
    for (n, rows) in [(6, "3,,,7;8;9;1\n7,,,\n1,,,\n"), (7, "7,,,\n1,,,\n3,,,7;8;9;1\n")] {
        let report = bench.land(&project, &accounts, &file(n, rows), at(n as i64 + 2)).await.unwrap();
        assert_eq!(report.followed.len(), 0, "{n}: {:?}", report.notes);
        let all = bench.rows(&project, "ticket", &["account"]).await;
        assert_eq!(all, vec![["A3"]; 6], "{n}");
        let held = bench.rows(&project, "account", &["id", "_valid_to"]).await;
        let held: Vec<_> = held.iter().filter(|row| row[1] == "-").map(|row| &row[0]).collect();
        assert_eq!(held, ["A3"], "{n}");
    }
}

async fn what_closes_a_circle_is_rejected_and_a_merge_can_be_taken_back() {
    let bench = Bench::new().await;
    let (project, accounts, tickets) = shop(Mode::Upsert);
    let mut n = 0;
    let mut file = |rows: &str| {
        n += 1;
        let rows: String = rows.lines().map(|row| format!("{row},{}\n", instant(n))).collect();
        bench.write(&format!("a/{n}.csv"), format!("id,parent,master,at\n{rows}"))
    };
    let t = bench.write("t/1.csv", format!("id,account,at\n1,A1,{0}\n2,A2,{0}\n3,A3,{0}\n", instant(1)));
    bench.land(&project, &tickets, &t, NOW).await.unwrap();
    let at = |n: i64| NOW + n * 1_000_000;
    bench.land(&project, &accounts, &file("A1,,A2\nA2,,A3\n"), at(1)).await.unwrap();
    let of = async || bench.rows(&project, "ticket", &["account", "_said_account"]).await;
    assert_eq!(of().await, [["A3", "-"], ["A3", "A1"], ["A3", "A2"]]);
    // One that would close a circle, and one into itself.
    let report: LoadReport =
        bench.land(&project, &accounts, &file("A3,,A1\nA4,,A4\nA5,,\n"), at(2)).await.unwrap();
    assert_eq!((report.counts.quarantined, report.counts.accepted), (2, 1));
    assert_eq!(report.rules[0].rule, "merged");
    assert_eq!(of().await, [["A3", "-"], ["A3", "A1"], ["A3", "A2"]]);
    // A merge is taken back by a later row of the key, and what its source said is there again.
    let report = bench.land(&project, &accounts, &file("A2,,\n"), at(3)).await.unwrap();
    assert_eq!(report.followed, BTreeMap::from([(id("ticket"), 2)]));
    assert!(report.notes.iter().any(|note| note.starts_with("1 key no longer merged")), "{:?}", report.notes);
    assert_eq!(of().await, [["A2", "-"], ["A2", "A1"], ["A3", "-"]]);
    let other = bench.write("a/other.csv", "id,parent,masters,at\n");
    let why = bench.land(&project, &accounts, &other, at(3)).await.err().unwrap().to_string();
    assert!(why.contains("by which `merges` says what was merged; did you mean `masters`?"), "{why}");
    // Then the other way round is no circle. A key is known to rules by what it counts for.
    bench.land(&project, &accounts, &file("A3,,A1\n"), at(4)).await.unwrap();
    assert_eq!(of().await, [["A2", "-"], ["A2", "A1"], ["A2", "A3"]]);
    let late = bench.write("t/2.csv", format!("id,account,at\n4,A3,{0}\n5,A9,{0}\n", instant(9)));
    let report = bench.land(&project, &tickets, &late, at(5)).await.unwrap();
    assert_eq!(report.rules.iter().map(|of| of.broken).sum::<u64>(), 1, "A9 alone is unknown");
}

async fn whom_others_were_merged_into_is_erased_with_them() {
    let bench = Bench::new().await;
    let (project, accounts, tickets) = shop(Mode::Upsert);
    let at = instant(1);
    let a = bench
        .write("a/1.csv", format!("id,parent,master,at\nA1,,A2,{at}\nA2,,A3,{at}\nA3,,,{at}\nA4,A1,,{at}\n"));
    let t = bench.write("t/1.csv", format!("id,account,at\n1,A1,{at}\n2,A4,{at}\n"));
    bench.land(&project, &accounts, &a, NOW).await.unwrap();
    bench.land(&project, &tickets, &t, NOW + 1).await.unwrap();
    let (entity, with) = (id::<EntityId>("account"), BTreeSet::new());
    let key = |key: &str| vec![vec![key.to_owned()]];
    let loser = key("A1");
    let refused = bench.lake.to_erase(&project, Erasing { entity: &entity, keys: &loser, with: &with }).await;
    assert!(refused.err().unwrap().to_string().contains("was merged into `A3`"));
    let keys = key("A3");
    let erasing = Erasing { entity: &entity, keys: &keys, with: &with };
    let mut erasure = bench.lake.to_erase(&project, erasing).await.unwrap();
    let holding = erasure.holding().clone();
    assert_eq!(holding.merged, BTreeSet::from(["A1".to_owned(), "A2".to_owned()]));
    assert_eq!(holding.rows, BTreeMap::from([(entity.clone(), 3)]));
    let order = kepi_query::landing::Ordered {
        actor: "person/1",
        key: "erase/1",
        at: NOW + 2,
        why: "asked for",
        stand: "{}",
        figures: 0,
    };
    erasure.carry_out(order).await.unwrap().unwrap();
    drop(erasure);
    assert_eq!(bench.rows(&project, "ticket", &ROWS).await, [["1", "-", "-", "1"], ["2", "A4", "-", "2"]]);
    let columns = ["id", "parent", "_said_parent", "_merged_into"];
    assert_eq!(bench.rows(&project, "account", &columns).await, [["A4", "-", "-", "-"]]);
    // Nothing of it comes back, and one more that is merged into it is gone.
    let more = bench.write("a/2.csv", format!("id,parent,master,at\nA1,,A2,{0}\nA4,,A3,{0}\n", instant(2)));
    let report = bench.land(&project, &accounts, &more, NOW + 3).await.unwrap();
    assert_eq!((report.counts.erased, report.counts.superseding), (1, 1));
    let late = bench.write("t/2.csv", format!("id,account,at\n3,A1,{0}\n4,A4,{0}\n", instant(2)));
    bench.land(&project, &tickets, &late, NOW + 4).await.unwrap();
    let all = bench.rows(&project, "ticket", &ROWS).await;
    assert_eq!(all[2..], [["3", "-", "-", "1"], ["4", "A4", "-", "2"]]);
    let all = bench.rows(&project, "account", &["id", "_merged_into", "_valid_to"]).await;
    assert!(all.iter().all(|row| row[1] == "-" && row[2] != "-"), "{all:?}");
}
