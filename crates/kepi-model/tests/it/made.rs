//! What an analyst gets wrong with attributes that are gathered and entities whose rows are made, and what is said of it, word
//! for word: `tests/made.txt`.
//!
//! `UPDATE_GOLDENS=1 cargo test -p kepi-model made` writes the transcript anew; read the difference.

use std::{fs, path::PathBuf};

use kepi_model::{
    calendar::Grain,
    render,
    source_text::{SourceFile, SourceMap},
};

use crate::base::checked_map;

const PROJECT: &str = "\
project: studio
name: Studio
language: 1
time_zone: Europe/Berlin
purposes: {service: Serve, selling: Sell}
---
entity: account
attributes:
  referred_by: {type: reference account}
  first_order_at: {first: order.ordered_at}
---
entity: subscription
attributes:
  fee: {type: \"money EUR, 2 decimals\"}
  head: {expression: \"coalesce(account.parent, account)\"}
---
entity: order
attributes:
  amount: {type: \"money EUR, 2 decimals\"}
  earlier: {count: order, same: account, until: this}
---
entity: spend
name: Spend
key: [id]
time: spent_on
attributes: {id: {type: text}, spent_on: {type: date}, amount: {type: integer}, product: {type: reference product}}
---
entity: customer
rows: {every: period, of: account}
attributes:
  opening: {sum: subscription.fee, in_force: period_start}
  closing: {sum: subscription.fee, in_force: period_end}
  orders: {count: order}
---
entity: lifecycle
rows:
  of: account
  stages:
    looks: {enter: session}
    buys: {enter: order}
---
entity: touch
rows: {union: [session, order]}
attributes: {account: {type: reference account}}
---
entity: ticket_version
rows: {versions: ticket}
---
kpi: churn
name: Churn
better: lower
period: month
measure: {share: {of: customer, where: opening > 0, which: closing = 0}}
";

const OPENING: &str = "  opening: {sum: subscription.fee, in_force: period_start}\n";
const EARLIER: &str = "  earlier: {count: order, same: account, until: this}\n";
const MEASURE: &str = "share: {of: customer, where: opening > 0, which: closing = 0}";

/// What is done, what stood there, and what stands there instead; an empty text appends.
fn mistakes() -> Vec<(&'static str, &'static str, String)> {
    let opening = |text: &str| format!("  opening: {{{text}}}\n");
    let earlier = |text: &str| format!("  earlier: {{{text}}}\n");
    let source = |map: &str| {
        format!(
            "---\nsource: orders\ninto: order\nfrom: {{csv: {{files: data/orders.csv}}}}\nmode: append\nmap:\n  id: {{column: id, as: text}}\n{map}"
        )
    };
    vec![
        ("all is well", "", String::new()),
        ("an entity is misspelt", OPENING, opening("sum: subscriptions.fee, in_force: period_start")),
        ("an attribute of theirs is misspelt", OPENING, opening("sum: subscription.fees, in_force: period_start")),
        ("a sum of a text", OPENING, opening("sum: subscription.plan, in_force: period_start")),
        ("a count of a value", OPENING, opening("count: subscription.fee, in_force: period_start")),
        ("a value twice", OPENING, opening("sum: subscription.fee, value: fee, in_force: period_start")),
        ("an average", OPENING, opening("average: subscription.fee, in_force: period_start")),
        ("a condition over this row instead of theirs", OPENING, opening("sum: subscription.fee, where: period_start > started_at, in_force: period_start")),
        ("in force and a stretch", OPENING, opening("sum: subscription.fee, in_force: period_start, until: period_end")),
        ("in force of what does not last", OPENING, opening("count: order, in_force: period_start")),
        ("in force at something that is no date", OPENING, opening("sum: subscription.fee, in_force: age")),
        ("a date that this row does not have", OPENING, opening("sum: subscription.fee, in_force: month_start")),
        ("a length without a unit", OPENING, opening("sum: order.amount, until: period_end, within: 365")),
        ("a length without a bound", OPENING, opening("sum: order.amount, within: 365 days")),
        ("a month as a length", OPENING, opening("sum: order.amount, until: period_end, within: 12 months")),
        ("two references to the customer", OPENING, opening("count: account, until: period_end")),
        ("nothing refers to the customer", OPENING, opening("sum: spend.amount")),
        ("things that are never the same", EARLIER, earlier("count: spend, same: {account: product}, until: ordered_at")),
        ("their attribute is on the wrong side", OPENING, opening("any: account, same: {referred_by: account}")),
        ("this of another entity", EARLIER, earlier("count: ticket, same: account, until: this")),
        ("from and after", EARLIER, earlier("count: order, same: account, from: ordered_at, after: ordered_at")),
        ("periods ago without a period", EARLIER, earlier("count: order, same: account, until: this, ago: 1")),
        ("a computed attribute with a stretch", EARLIER, earlier("expression: amount * 2, until: this")),
        ("a landed attribute with a stretch", EARLIER, earlier("type: integer, until: this")),
        ("an attribute that says nothing", EARLIER, earlier("where: amount > 0")),
        ("a division", EARLIER, earlier("expression: amount / 2")),
        ("a case without its end", EARLIER, earlier("expression: case when amount > 5 then amount else 0")),
        ("made of itself", EARLIER, earlier("count: order, same: account, until: this, where: earlier = 0")),
        ("a landed name again", EARLIER, "  status: {count: order, same: account, until: this}\n".to_owned()),
        ("a walk through something computed", OPENING, opening("sum: subscription.fee, where: head.region = 'north', in_force: period_start")),
        ("a source fills what is made", "", source("  earlier: {column: n, as: integer}\n")),
        ("a source fills a panel", "", "---\nsource: customers\ninto: customer\nfrom: {csv: {files: data/customers.csv}}\nmode: append\nmap:\n  id: {column: id, as: text}\n".to_owned()),
        ("a key for a panel", "rows: {every: period, of: account}", "rows: {every: period, of: account}\nkey: [account]".to_owned()),
        ("a grain that is none", "rows: {every: period, of: account}", "rows: {every: monthly, of: account}".to_owned()),
        ("a panel of what has no life", "rows: {every: period, of: account}", "rows: {every: period, of: order}".to_owned()),
        ("a panel of a panel", "rows: {versions: ticket}", "rows: {every: month, of: customer}".to_owned()),
        ("a panel and stages at once", "rows: {every: period, of: account}", "rows: {every: period, of: account, stages: {a: {enter: order}}}".to_owned()),
        ("a field of another way", "rows: {versions: ticket}", "rows: {versions: ticket, until: now}".to_owned()),
        ("rows that say nothing", "rows: {versions: ticket}", "rows: {where: status = 'open'}".to_owned()),
        ("no way at all", "rows: {versions: ticket}", "rows: {of: ticket}".to_owned()),
        ("landed attributes in a panel", "  orders: {count: order}\n", "  orders: {type: integer}\n".to_owned()),
        ("gathered from a panel of every period", EARLIER, earlier("count: customer, same: account, until: ordered_at")),
        ("a stage after one that is not there", "buys: {enter: order}", "buys: {enter: order, follows: [look]}".to_owned()),
        ("a stage that nobody enters", "buys: {enter: order}", "buys: {exit: order}".to_owned()),
        ("a stage of what names nobody", "buys: {enter: order}", "buys: {enter: spend}".to_owned()),
        ("a union with rows of nobody", "rows: {union: [session, order]}", "rows: {union: [session, {of: account, at: created_at}]}".to_owned()),
        ("a union of one entity twice", "rows: {union: [session, order]}", "rows: {union: [order, order]}".to_owned()),
        ("a union with something else of that name", "{account: {type: reference account}}", "{account: {type: reference account}, status: {type: integer}}".to_owned()),
        ("a union sets what it does not declare", "rows: {union: [session, order]}", "rows: {union: [session, {of: order, set: {channel: \"'shop'\"}}]}".to_owned()),
        ("whoever orders again, ever", MEASURE, "share: {of: account, which: first_order_at is not null}".to_owned()),
        ("segments that are known afterwards", MEASURE, "count: {of: order}\nby: {has_ordered: \"account.first_order_at is not null\"}".to_owned()),
        ("a cohort that shrinks", MEASURE, "share: {of: customer, which: orders > 0}\nby: [age]".to_owned()),
        ("dated by something computed", "  head: {expression: \"coalesce(account.parent, account)\"}\n", "  due_at: {expression: started_at + 30 days}\n---\nkpi: due\nname: Due\nbetter: lower\nperiod: month\nmeasure: {count: {of: subscription, at: due_at}}\n---\nentity: campaign\nattributes:\n  cost: {type: integer}\n".to_owned()),
    ]
}

#[test]
fn what_is_made_wrongly_is_said_word_for_word() {
    let mut transcript = String::new();
    for (what, from, to) in mistakes() {
        let text = if from.is_empty() {
            format!("{PROJECT}{to}")
        } else {
            assert_eq!(PROJECT.matches(from).count(), 1, "`{from}` for {what}");
            PROJECT.replacen(from, &to, 1)
        };
        let map =
            SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.as_str().into() }]);
        let mut findings = checked_map(&map).findings;
        // What is said of every project without sources, scorecards and people.
        let always = ["K0601", "K0605", "K0607", "K0625", "K0626"];
        findings.retain(|finding| !always.contains(&finding.code.0));
        assert_eq!(
            findings.is_empty(),
            what == "all is well",
            "{what}:\n{}",
            render::text(&findings, &map, false)
        );
        transcript.push_str(&format!("### {what}\n\n{}\n", render::text(&findings, &map, false)));
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/made.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &transcript).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), transcript);
}

/// Who leaves within a quarter are not those who leave within its months; rows of one length add up like any others.
#[test]
fn a_target_for_months_says_nothing_of_quarters_where_these_have_other_rows() {
    let carried = |every: &str| {
        let text = PROJECT.replace("every: period", every);
        let map = SourceMap::new(vec![SourceFile { path: "kepi.yml".to_owned(), text: text.into() }]);
        let project = checked_map(&map).value.unwrap();
        let churn = &project.kpis[&"churn".parse().unwrap()];
        [Grain::Month, Grain::Quarter].map(|to| churn.carries(Grain::Month, to))
    };
    assert_eq!(carried("every: period"), [true, false]);
    assert_eq!(carried("every: month"), [true, true]);
}
