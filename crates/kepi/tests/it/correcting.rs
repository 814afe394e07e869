//! Rows that were rejected, corrected by hand and landed: through the binary and the page, with the accounts closed all the while.

use std::fs;

use serde_json::Value;

use crate::{
    rooms::{Somebody, hidden, let_in},
    support::Project,
};

const SHOP: &str = "project: shop
name: Shop
language: 1
time_zone: UTC
---
person: ines
name: Ines
---
person: carl
name: Carl
---
person: olga
name: Olga
---
governance: shop
mode: reviewed
owners: [ines, olga]
---
entity: invoice
attributes:
  amount: {type: \"money EUR, 2 decimals\", name: Amount}
  payer: {type: text, personal: true}
---
source: invoices
into: invoice
from: {csv: {files: \"data/*.csv\"}}
mode: upsert
key: [id]
quarantine: {at_most: 100%}
map:
  id: {column: no, as: text}
  issued_at: {column: day, as: timestamp}
  amount: {column: amount, as: \"money EUR, 2 decimals\"}
  payer: {column: payer, as: text}
rules:
  - {name: not_negative, require: amount >= 0, else: quarantine}
---
kpi: revenue
name: Revenue
better: higher
accountable: carl
measure: {sum: {of: invoice, value: amount}}
period: month
targets:
  - {from: 2020-01-01, threshold: 10.00 EUR, target: 40.00 EUR, basis: {expectation: \"as agreed\"}}
";

const FIRST: &str = "no,day,amount,payer
i1,2026-03-02,10,Ann Ek
i2,2026-03-02,1x,Bo Lund
i3,2026-03-02,-5,Cy Moe
i4,2026-03-03,20,Di Oja
,2026-03-03,30,Ed Poe
";

/// The revenue of March, and read, accepted, superseding, quarantined and duplicate of all loads that stand.
fn stands(project: &Project) -> (f64, [u64; 5]) {
    project.fails_or_not(&["run", "--quiet", "--as", "ines"]);
    let shown: Value =
        serde_json::from_str(&project.ok(&["show", "kpi", "revenue", "--format", "json"])).unwrap();
    let sources: Value = serde_json::from_str(&project.ok(&["sources", "--format", "json"])).unwrap();
    let rows = &sources["total"];
    let n = |name: &str| rows[name].as_u64().unwrap_or_else(|| panic!("{sources}"));
    let counts = ["read", "accepted", "superseding", "quarantined", "duplicate"].map(n);
    assert_eq!(counts[0], counts[1..].iter().sum::<u64>() + n("out_of_scope"), "every row is accounted for");
    let value = shown["kpi"]["value"]["point"].as_f64();
    (value.unwrap_or_else(|| panic!("{shown}")), counts)
}

fn corrections(project: &Project) -> Vec<(u64, String, String)> {
    let all: Value = serde_json::from_str(&project.ok(&["correct", "list", "--format", "json"])).unwrap();
    let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let rows = all.as_array().unwrap().iter();
    rows.map(|of| (of["row"].as_u64().unwrap(), text(&of["cells"][0]["is"]), text(&of["state"]))).collect()
}

#[test]
fn rejected_rows_are_corrected_land_and_are_accounted_for() {
    let project = Project::empty();
    project.write("kepi.yml", SHOP);
    project.write("data/invoices_1.csv", FIRST);
    assert_eq!(stands(&project), (30.0, [5, 2, 0, 3, 0]));
    let correct = |row: &'static str, set: &'static str, why: &'static str, who: &'static str| {
        ["correct", "row", "invoices", "data/invoices_1.csv", row, "--set", set, "-m", why, "--as", who]
    };
    // Whoever answers for a target corrects nothing that it is measured by, nor does who is not there.
    let (_, refused) = project.fails(3, &correct("2", "amount=12", "so", "carl"));
    assert!(refused.contains("G0802"), "{refused}");
    for (row, set, said) in [
        ("1", "amount=12", "row 1 of `data/invoices_1.csv` is not rejected"),
        ("2", "total=12", "maps no column `total`: it maps `amount`, `day`, `no`, `payer`"),
        ("9", "amount=12", "row 9 of `data/invoices_1.csv` is not rejected"),
    ] {
        let (_, refused) = project.fails(3, &correct(row, set, "so", "ines"));
        assert!(refused.contains(said), "{refused}");
    }
    project.ok(&correct("2", "amount=12", "a slip of the key", "ines"));
    project.ok(&correct("3", "amount=-7", "as on the paper", "ines"));
    project.ok(&correct("5", "no=i5", "from the copy", "ines"));
    let of = |row, is: &str, state: &str| (row, is.to_owned(), state.to_owned());
    let waits = [of(2, "12", "waits"), of(3, "-7", "waits"), of(5, "i5", "waits")];
    assert_eq!(corrections(&project), waits);
    // 10 + 12 + 20 + 30; what is still negative is rejected again.
    assert_eq!(stands(&project), (72.0, [5, 4, 0, 1, 0]));
    let landed = [of(2, "12", "landed"), of(3, "-7", "rejected_again"), of(5, "i5", "landed")];
    assert_eq!(corrections(&project), landed);
    assert_eq!(stands(&project), (72.0, [5, 4, 0, 1, 0]), "another run lands nothing");
    assert_eq!(fs::read_to_string(project.path().join("data/invoices_1.csv")).unwrap(), FIRST);
    // The row says who said what, and the log has who and when, and no word of a person and no value.
    let traced = project.ok(&["trace", "invoice", "i2"]);
    assert!(
        traced.contains("corrected by hand by ines (event")
            && traced.contains("amount: 1x → 12; why: a slip of the key"),
        "{traced}"
    );
    let rows = project.ok(&["trace", "revenue", "--period", "2026-03"]);
    assert_eq!(rows.matches("(corrected by hand)").count(), 2, "{rows}");
    let log = project.ok(&["audit", "log", "--format", "csv"]);
    let said: Vec<&str> = log.lines().filter(|line| line.contains("row.corrected")).collect();
    assert!(said.len() == 3 && said.iter().all(|line| line.contains("ines")), "{log}");
    assert!(said.iter().all(|line| !line.contains("slip") && !line.contains("1x")), "{log}");
    assert!(project.ok(&["reproduce"]).contains("identical to the bit"));
    project.ok(&["audit", "verify", "--quiet"]);

    // A newer delivery of the row wins, whatever is said of the old one after.
    project.write("data/invoices_2.csv", "no,day,amount,payer\ni2,2026-03-02,13,Bo Lund\n");
    assert_eq!(stands(&project), (73.0, [6, 4, 1, 1, 0]));
    project.ok(&correct("2", "amount=14", "read it again", "ines"));
    // In its old place it is a version of a row that is known by now.
    assert_eq!(stands(&project), (73.0, [6, 3, 2, 1, 0]));
    let listed = project.ok(&["correct", "list", "--format", "csv"]);
    assert!(listed.contains("amount: 1x → 14"), "what stood there first is kept: {listed}");

    // A personal value is told to nobody; what is taken back is rejected as it came.
    project.ok(&correct("5", "payer=Eve Poe", "so says she", "ines"));
    let listed = project.ok(&["correct", "list", "--format", "json"]);
    assert!(
        listed.contains("(personal)")
            && !listed.contains("null")
            && !listed.contains("Eve")
            && !listed.contains("Ed Poe"),
        "{listed}"
    );
    assert_eq!(stands(&project), (43.0, [6, 2, 2, 2, 0]), "what is said last is all that is said of a row");
    project.ok(&[
        "correct",
        "take-back",
        "invoices",
        "data/invoices_1.csv",
        "5",
        "-m",
        "the wrong row",
        "--as",
        "ines",
    ]);
    assert_eq!(stands(&project), (43.0, [6, 2, 2, 2, 0]));
    assert_eq!(corrections(&project).len(), 2);
    let (_, refused) = project.fails(
        3,
        &["correct", "take-back", "invoices", "data/invoices_1.csv", "5", "-m", "again", "--as", "ines"],
    );
    assert!(refused.contains("G1128"), "{refused}");

    // Of a line that is no row, what is said of it is all there is.
    project.write("data/invoices_3.csv", "no,day,amount,payer\ni7,2026-03-04\n");
    assert_eq!(stands(&project), (43.0, [7, 2, 2, 3, 0]));
    project.ok(&[
        "correct",
        "row",
        "invoices",
        "data/invoices_3.csv",
        "1",
        "--set",
        "no=i7",
        "--set",
        "day=2026-03-04",
        "--set",
        "amount=1",
        "-m",
        "torn",
        "--as",
        "ines",
    ]);
    assert_eq!(stands(&project), (44.0, [7, 3, 2, 2, 0]));

    // A file that is gone cannot be read anew.
    fs::remove_file(project.path().join("data/invoices_1.csv")).unwrap();
    let (_, refused) = project.fails(3, &correct("5", "no=i5", "from the copy", "ines"));
    assert!(refused.contains("is not there any more"), "{refused}");
}

#[test]
fn a_page_corrects_rows_and_takes_that_back() {
    let project = Project::empty();
    project.write("kepi.yml", SHOP);
    project.write("data/invoices_1.csv", FIRST);
    project.fails_or_not(&["run", "--quiet", "--as", "ines"]);
    let_in(&project, "ines", &["owner"]);
    let (_server, address) = project.serve();
    let ines = Somebody::signed_in(&address, "ines");
    let quarantine = ines.page("/data/quarantine");
    let link = "/data/corrections?source=invoices&amp;file=data%2Finvoices_1.csv&amp;row=2&amp;column=amount";
    assert!(quarantine.contains(link), "{quarantine}");
    let page = ines.page(&link.replace("&amp;", "&"));
    assert!(
        page.contains("value=\"data/invoices_1.csv\"") && page.contains("<option value=\"day\">"),
        "{page}"
    );
    let row = [("source", "invoices"), ("file", "data/invoices_1.csv"), ("row", "2")];
    let send = |path: &str, more: &[(&str, &str)]| {
        let page = ines.page("/data/corrections");
        let (key, request) = (hidden(&page, "key"), hidden(&page, "request"));
        let own = [("key", key.as_str()), ("request", request.as_str())];
        ines.post(path, &[&own[..], &row, more].concat(), &ines.site)
    };
    let (status, _, body) = send("/data/corrections/say", &[("column", "amount"), ("why", "a slip")]);
    assert!(
        status == "422" && body.contains("Say what stands there, or that nothing does"),
        "{status} {body}"
    );
    let (status, head, body) =
        send("/data/corrections/say", &[("column", "amount"), ("value", "12"), ("why", "a slip")]);
    assert!(status == "303" && head.contains("location: /data/corrections"), "{status} {head} {body}");
    let page = ines.page("/data/corrections");
    assert!(page.contains("amount: 1x → 12") && page.contains("from the next run on"), "{page}");
    let (status, ..) = send("/data/corrections/take-back", &[("why", "the wrong row")]);
    assert_eq!(status, "303");
    assert!(ines.page("/data/corrections").contains("Nothing is corrected"));
}

const ORDERS: &str = "
---
entity: order
attributes:
  amount: {type: \"number, 2 decimals\"}
  region: {type: text}
---
source: orders
into: order
from: {csv: {files: \"orders/*.csv\"}}
mode: append
key: [id]
map:
  id: {column: no, as: text}
  ordered_at: {column: day, as: timestamp}
  amount: {column: amount, as: \"number, 2 decimals\"}
  region: {column: region, as: text}
rules:
  - {name: not_negative, require: amount >= 0, else: stop}
  - {name: known_region, require: missing region <= 10%, else: stop}
---
kpi: ordered
name: Ordered
better: higher
measure: {sum: {of: order, value: amount}}
period: month
";

/// The sum of orders of March, if there is any.
fn ordered(project: &Project) -> Option<f64> {
    project.fails_or_not(&["run", "--quiet", "--as", "ines"]);
    let (shown, _) = project.fails_or_not(&["show", "kpi", "ordered", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown).ok()?;
    shown["kpi"]["value"]["point"].as_f64()
}

#[test]
fn a_table_corrects_many_rows_at_once_or_none_of_them() {
    let project = Project::empty();
    project.write("kepi.yml", SHOP);
    project.write("data/invoices_1.csv", FIRST);
    assert_eq!(stands(&project), (30.0, [5, 2, 0, 3, 0]));
    let table = project.ok(&["correct", "export", "invoices"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "_file,_row,_rule,_reason,_said,amount,day,no,payer");
    assert!(
        lines.len() == 4
            && lines[1].starts_with("data/invoices_1.csv,2,type,")
            && lines[1].ends_with(",,1x,2026-03-02,i2,(personal)")
            && lines[2].ends_with(",,-5,2026-03-02,i3,(personal)")
            && lines[3].ends_with(",,30,2026-03-03,,(personal)"),
        "{table}"
    );
    fn of(arguments: &[String]) -> Vec<&str> {
        arguments.iter().map(String::as_str).collect()
    }
    let path = project.path().join("table.csv").display().to_string();
    let rows = |why: &'static str, more: &[&'static str]| -> Vec<String> {
        let fixed = ["correct", "rows", "invoices", &path, "-m", why, "--as", "ines"];
        fixed.iter().chain(more).map(|of| (*of).to_owned()).collect()
    };
    // As it comes back from a spreadsheet of another country: a mark of the order of bytes, semicolons, other columns in another order,
    // days and numbers as it spells them, a column of one's own.
    let sheet = |amounts: [&str; 3], third: &str| {
        let text = format!(
            "\u{feff}_row;no;_file;_checked;day;amount\n2;i2;data/invoices_1.csv;yes;02.03.2026;{}\n3;i3;data/invoices_1.csv;;02.03.2026;{}\n\
             5;{third};data/invoices_1.csv;yes;03.03.2026;{}\n;;;;;\n",
            amounts[0], amounts[1], amounts[2]
        );
        project.write("table.csv", &text);
    };
    let corrected = |project: &Project| corrections(project).len();
    // All of them or none: what cannot be taken is said line by line.
    sheet(["12", "7", "30"], "i5");
    let text = fs::read_to_string(project.path().join("table.csv")).unwrap();
    project.write(
        "table.csv",
        &format!(
            "{text}1;i1;data/invoices_1.csv;;;11\n9;i9;data/invoices_1.csv;;;1\nx;;data/invoices_1.csv;;;1\n"
        ),
    );
    let (_, refused) = project.fails(3, &of(&rows("so", &[])));
    for said in [
        "3 rows of the sheet cannot be taken, so none is",
        "row 6: row 1 of `data/invoices_1.csv` is not rejected",
        "row 7: `data/invoices_1.csv` has no row 9",
        "row 8: `x` in `_row` is no number of a row",
    ] {
        assert!(refused.contains(said), "{refused}");
    }
    project.write("table.csv", "_row,amount\n2,12\n");
    let (_, refused) = project.fails(3, &of(&rows("so", &[])));
    assert!(refused.contains("no column `_file`"), "{refused}");
    project.write("table.csv", "_file,_row,amuont\ndata/invoices_1.csv,2,12\n");
    let (_, refused) = project.fails(3, &of(&rows("so", &[])));
    assert!(refused.contains("maps no column `amuont`: it maps `amount`"), "{refused}");
    let workbook = crate::support::root().join("crates/kepi/tests/workbooks/openpyxl.xlsx");
    let of_excel = ["correct", "rows", "invoices", workbook.to_str().unwrap(), "-m", "so", "--as", "ines"];
    let (_, refused) = project.fails(3, &of_excel);
    assert!(refused.contains("maps no column"), "{refused}");
    assert_eq!(corrected(&project), 0);
    // What it would do is said first; what only a spreadsheet spells otherwise is no correction, and what is rejected again is told.
    sheet(["12", "-7", "30,00"], "i5");
    let (told, remarks) = project.fails_or_not(&of(&rows("so", &["--dry-run"])));
    assert!(
        told.contains("amount: 1x → 12")
            && told.contains("no: nothing → i5")
            && told.contains("is rejected again by `not_negative`: `amount` is -7.00 EUR")
            && !told.contains("day:")
            && remarks.contains("`amount` is `30`, spelt `30,00`: nothing is said of it")
            && remarks.contains("nothing is kept"),
        "{told}{remarks}"
    );
    assert_eq!(corrected(&project), 0);
    let carl = ["correct", "rows", "invoices", path.as_str(), "-m", "so", "--as", "carl"];
    assert!(project.fails(3, &carl).1.contains("G0802"));
    project.ok(&of(&rows("as on the paper", &[])));
    assert_eq!(stands(&project), (72.0, [5, 4, 0, 1, 0]));
    let log = project.ok(&["audit", "log", "--format", "csv"]);
    assert_eq!(log.matches("row.corrected").count(), 3, "an entry for each row: {log}");
    assert!(project.ok(&["trace", "invoice", "i2"]).contains("why: as on the paper"));
    // The same again says nothing; what an older table says of a row that somebody corrected since is not taken.
    let (_, remarks) = project.fails_or_not(&of(&rows("again", &[])));
    assert!(remarks.contains("says nothing that does not stand there by now"), "{remarks}");
    project.write("table.csv", &table.replace(",,-5,", ",,-6,"));
    let (_, refused) = project.fails(3, &of(&rows("old", &[])));
    assert!(refused.contains("row 3: something was said of it since the sheet was made"), "{refused}");
    // What is written as it came is taken back.
    sheet(["12", "-5", "30"], "i5");
    let (told, _) = project.fails_or_not(&of(&rows("as it was", &[])));
    assert!(told.contains("is taken as it came"), "{told}");
    assert_eq!(corrected(&project), 2);

    // Days on which data are frozen: no row that counts on them is corrected, nor is that taken back.
    project.ok(&["freeze", "2026-03", "-m", "while it is judged", "--as", "ines"]);
    project.ok(&["approve", "1", "--as", "olga"]);
    sheet(["12", "5", "30"], "i5");
    let (_, refused) = project.fails(3, &of(&rows("late", &[])));
    assert!(refused.contains("row 3: it counts on a day on which item 1 has frozen data"), "{refused}");
    let back = ["correct", "take-back", "invoices", "data/invoices_1.csv", "5", "-m", "no", "--as", "ines"];
    assert!(project.fails(3, &back).1.contains("G0901"));
    // Another day is free, and so is what counts nowhere.
    sheet(["12", "-8", "30"], "i5");
    project.ok(&of(&rows("still negative", &[])));
    project.ok(&[
        "correct",
        "row",
        "invoices",
        "data/invoices_1.csv",
        "3",
        "--set",
        "amount=5",
        "--set",
        "day=2026-04-01",
        "-m",
        "so",
        "--as",
        "ines",
    ]);
}

#[test]
fn rows_of_a_file_that_was_stopped_are_corrected_until_it_passes() {
    let project = Project::empty();
    project.write("kepi.yml", &(SHOP.to_owned() + ORDERS));
    let mut text = "no,day,amount,region\n".to_owned();
    for n in 1..=10 {
        let (amount, region) = match n {
            3 => ("-3", "north"),
            5 | 7 => ("5", ""),
            _ => ("10", "south"),
        };
        text.push_str(&format!("o{n},2026-03-02,{amount},{region}\n"));
    }
    project.write("orders/1.csv", &text);
    assert_eq!(ordered(&project), None);
    // The rule that stopped it is about one row; what else is to blame shows once that is said.
    let table = project.ok(&["correct", "export", "orders"]);
    assert!(
        table.lines().count() == 2 && table.contains("orders/1.csv,3,not_negative,`amount` is -3.00"),
        "{table}"
    );
    project.write("table.csv", &table.replace(",-3,", ",3,"));
    let path = project.path().join("table.csv").display().to_string();
    let rows = ["correct", "rows", "orders", &path, "-m", "as on the paper", "--as", "ines"];
    project.ok(&rows);
    assert_eq!(ordered(&project), None);
    assert_eq!(corrections(&project), [(3, "3".to_owned(), "stopped_again".to_owned())]);
    let table = project.ok(&["correct", "export", "orders"]);
    assert!(
        table.lines().count() == 3
            && table.contains("orders/1.csv,5,known_region,`region` has no value")
            && table.contains("orders/1.csv,7,known_region,"),
        "{table}"
    );
    project.ok(&[
        "correct",
        "row",
        "orders",
        "orders/1.csv",
        "5",
        "--set",
        "region=north",
        "-m",
        "so",
        "--as",
        "ines",
    ]);
    // Seven of ten, a row of three, two of five; one of ten may be without a region.
    assert_eq!(ordered(&project), Some(83.0));
    assert!(corrections(&project).iter().all(|of| of.2 == "landed"));
    // It has landed: what is right is corrected no more.
    let late =
        ["correct", "row", "orders", "orders/1.csv", "1", "--set", "amount=1", "-m", "so", "--as", "ines"];
    assert!(project.fails(3, &late).1.contains("row 1 of `orders/1.csv` is not rejected"));
    assert_eq!(fs::read_to_string(project.path().join("orders/1.csv")).unwrap(), text);
    project.ok(&["audit", "verify", "--quiet"]);
}
