//! Gathering by sorted rows in buckets equals gathering row by row, on random attributes over random rows: ties, missing values,
//! versions, ends before beginnings, days on which clocks change.

use kepi_model::calendar::Grain;
use kepi_query::{
    derive,
    port::{Limits, MemoryColumn, PinnedColumn, PinnedTable, TableData},
    reach::watermarks,
    reference::Reference,
};
use kepi_testkit::{
    arbitrary::Chance,
    road::number,
    tables::{inputs, instant, project, table},
};

use crate::kept::now;

const HEAD: &str = r#"
project: test
name: Test
language: 1
time_zone: Europe/Berlin
---
entity: product
attributes:
  price: {type: integer}
---
entity: subscription
attributes:
  fee: {type: integer}
  level: {type: integer, scale: 1..5}
---
entity: account
attributes:
  asked_at: {type: timestamp}
"#;

/// A random attribute of a row, gathered from subscriptions.
fn attribute(chance: &mut Chance, bounds: &[&str], own: bool) -> String {
    let how = match chance.below(9) {
        0 => "count: subscription",
        1 => "any: subscription",
        2 => "sum: subscription.fee",
        3 => "least: subscription.fee",
        4 => "greatest: subscription.ended_at",
        5 => "first: subscription.plan",
        6 => "last: subscription.level",
        7 => "distinct: subscription.plan",
        _ => "days: subscription",
    };
    let mut text = how.to_owned();
    if own {
        text.push_str(", same: account");
    }
    match chance.below(4) {
        0 => text.push_str(", where: plan = 'a'"),
        1 => text.push_str(", where: product.price > 5"),
        2 => text.push_str(", where: ended_at is null or fee > 2"),
        _ => {}
    }
    let bound = |chance: &mut Chance| {
        let bound = *chance.pick(bounds);
        match chance.below(4) {
            0 if bound != "this" => format!("{bound} - 20 days"),
            1 if bound != "this" => format!("\"coalesce({bound}, {})\"", bounds[bounds.len() - 1]),
            _ => bound.to_owned(),
        }
    };
    let dates: Vec<&str> = bounds.iter().copied().filter(|bound| *bound != "this").collect();
    let stretch = match chance.below(8) {
        0 => String::new(),
        1 => format!(", from: {}", bound(chance)),
        2 => format!(", after: {}, within: {} days", bound(chance), chance.below(60) + 1),
        3 => format!(", until: {}, within: {} hours", bound(chance), chance.below(900) + 1),
        4 => format!(", from: {}, until: {}", bound(chance), bound(chance)),
        5 => format!(", in_force: {}", chance.pick(&dates)),
        6 => format!(", in_force: {}, within: {} days", chance.pick(&dates), chance.below(60) + 1),
        _ => format!(", until: {}", bound(chance)),
    };
    if !stretch.contains("in_force") && chance.below(3) == 0 {
        text.push_str(", dated: cancelled_at");
    }
    text.push_str(&stretch);
    match chance.below(5) {
        0 => text.push_str(", as_of: now"),
        1 => text.push_str(&format!(", as_of: {}", chance.pick(&dates))),
        _ => {}
    }
    text
}

fn values<'a>(of: &'a PinnedTable, column: &str) -> Option<&'a MemoryColumn> {
    let TableData::Memory(memory) = &of.data else { return None };
    memory.columns.get(of.columns.iter().position(|own| own.name == column)?)
}

#[test]
fn buckets_of_sorted_rows_equal_row_by_row() {
    let mut compared = 0;
    for seed in 0..number("KEPI_COUNT", 12) {
        let mut chance = Chance::new(number("KEPI_SEED", 0) + seed);
        let mut model = HEAD.to_owned();
        let mut reads = Vec::new();
        for n in 0..4 {
            model.push_str(&format!(
                "  g{n}: {{{}}}\n",
                attribute(&mut chance, &["created_at", "asked_at"], false)
            ));
            reads.push(format!("account, which: g{n} is not null"));
        }
        model.push_str("---\nentity: customer\nrows: {every: month, of: account}\nattributes:\n");
        for n in 0..4 {
            let ago = if chance.below(3) == 0 { ", ago: 2" } else { "" };
            let bounds = ["period_start", "period_end"];
            model.push_str(&format!("  g{n}: {{{}{ago}}}\n", attribute(&mut chance, &bounds, false)));
            reads.push(format!("customer, which: g{n} is not null"));
        }
        for (n, of) in reads.iter().enumerate() {
            model.push_str(&format!(
                "---\nkpi: k{n}\nname: K{n}\nbetter: higher\nperiod: month\nfinal_after: 1 year\nmeasure: {{share: {{of: {of}}}}}\n"
            ));
        }
        let own = ["this", "started_at", "cancelled_at"];
        model = model.replace(
            "  level: {type: integer, scale: 1..5}\n",
            &format!(
                "  level: {{type: integer, scale: 1..5}}\n  s0: {{{}}}\n",
                attribute(&mut chance, &own, true)
            ),
        );
        model.push_str(
            "---\nkpi: s\nname: S\nbetter: higher\nperiod: month\nfinal_after: 1 year\nmeasure: {share: {of: subscription, which: s0 is not null}}\n",
        );
        let project = project(&model);
        let at = |chance: &mut Chance| match chance.below(8) {
            0 => "-".to_owned(),
            // Days on which clocks change, and a midnight that many share.
            1 => format!("2026-03-29+{}", chance.below(300)),
            2 => "2026-04-01".to_owned(),
            _ => format!("2026-01-01+{}", chance.below(300) * 1440 + chance.below(3) * 60),
        };
        let mut accounts = String::from("id:text created_at:instant closed_at:instant asked_at:instant\n");
        let mut subscriptions = String::from(
            "id:text account:text product:text plan:text fee:integer level:integer started_at:instant ended_at:instant cancelled_at:instant _valid_from:instant _valid_to:instant\n",
        );
        for n in 0..6 {
            accounts.push_str(&format!("a{n} {} {} {}\n", at(&mut chance), at(&mut chance), at(&mut chance)));
        }
        for n in 0..40 {
            let mut row = |from: &str, to: &str, chance: &mut Chance| {
                let account =
                    if chance.below(9) == 0 { "-".to_owned() } else { format!("a{}", chance.below(6)) };
                let plan = chance.pick(&["a", "b", "-"]);
                let level = chance.pick(&["1", "5", "9", "-"]);
                subscriptions.push_str(&format!(
                    "s{n:02} {account} p{} {plan} {} {level} {} {} {} {from} {to}\n",
                    chance.below(2),
                    chance.below(5),
                    at(chance),
                    at(chance),
                    at(chance)
                ));
            };
            match chance.below(4) {
                0 => {
                    row("-", "2026-05-01", &mut chance);
                    row("2026-05-01", "-", &mut chance);
                }
                // One that is gone.
                1 if n % 5 == 0 => row("-", "2026-05-01", &mut chance),
                _ => row("-", "-", &mut chance),
            }
        }
        let products = "id:text price:integer _valid_from:instant _valid_to:instant\n p0 1 - 2026-03-01\n p0 9 2026-03-01 -\n p1 7 - -\n";
        let read = |text: &str| table(&project.calendar, text);
        let landed = inputs(vec![
            ("account", read(&accounts)),
            ("subscription", read(&subscriptions)),
            ("product", read(products)),
        ]);
        let work: Vec<_> = project.kpis.values().map(|kpi| (kpi, Grain::Month)).collect();
        let run = instant(&project.calendar, "2026-12-01");
        let plan =
            derive::plan(&work, &project, &landed, run, &watermarks(&project, &landed)).unwrap().unwrap();
        let expected = derive::by_reference(&plan, &landed).unwrap();
        let mut all: Vec<(String, derive::Derived)> = [None, Some(1), Some(2), Some(7)]
            .into_iter()
            .map(|buckets| (format!("{buckets:?}"), derive::in_buckets(&plan, &landed, buckets).unwrap()))
            .collect();
        // Tables that are made apart share what was found out of those that both read.
        let apart = now(derive::derived(&plan, &landed, &Reference, &Limits::default())).unwrap();
        all.push(("apart".to_owned(), apart));
        for (how, found) in all {
            assert_eq!(found.out_of_range, expected.out_of_range, "seed {seed}\n{model}");
            for (name, table) in &expected.tables {
                let other = &found.tables[name];
                // Where only what is needed is read, landed columns may be missing.
                let all = other.columns.len() == table.columns.len();
                assert!(all || how == "apart", "seed {seed}, {name}, {how}\n{model}");
                for PinnedColumn { name: column, .. } in &other.columns {
                    let values = |of| format!("{:?}", values(of, column).unwrap());
                    assert_eq!(values(other), values(table), "seed {seed}, {name}.{column}, {how}\n{model}");
                }
                compared += 1;
            }
        }
    }
    assert!(compared >= 36, "{compared}");
}
