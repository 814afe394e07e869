//! Rules about data sets: what is planted is found, what is made of it is withheld, and comes back when it is corrected.

use crate::support::Project;

const DEFINITIONS: &str = r#"
project: shop
name: Shop
language: 1
time_zone: UTC
---
entity: shop
name: Shop
key: [id]
time: opened
attributes:
  id: {type: text}
  opened: {type: date}
---
entity: sale
name: Sale
key: [id]
time: sold
attributes:
  id: {type: text}
  sold: {type: date}
  shop: {type: reference shop}
  amount: {type: "number, 2 decimals"}
---
source: shops
into: shop
from: {csv: {files: shops.csv}}
mode: snapshot
map:
  id: {column: id, as: text}
  opened: {column: opened, as: date}
---
source: sales
into: sale
from: {csv: {files: sales.csv}}
mode: snapshot
map:
  id: {column: id, as: text}
  sold: {column: sold, as: date}
  shop: {column: shop, as: reference shop}
  amount: {column: amount, as: "number, 2 decimals"}
---
kpi: known_shop
name: Sales of shops that are known
better: higher
measure: {share: {of: sale, which: shop.id is not null}}
period: month
---
kpi: turnover
name: Turnover
better: higher
measure: {sum: {of: sale, value: amount}}
period: month
---
kpi: shops
name: Shops
better: higher
measure: {count: {of: shop}}
period: month
---
rule: shops_are_known
kpi: known_shop
at_least: 90%
else: distrust
"#;

/// Twenty sales a month from January to April; in March three of them are of a shop that nobody knows.
fn sales(unknown: usize) -> String {
    let mut text = "id,sold,shop,amount\n".to_owned();
    for month in 1..=4 {
        for n in 0..20 {
            let shop = if month == 3 && n < unknown { "ghost" } else { "north" };
            text.push_str(&format!("{month}-{n},2026-0{month}-{:02},{shop},1.50\n", n + 1));
        }
    }
    text
}

fn turnover(project: &Project) -> Vec<(String, String)> {
    let shown = project.ok(&["show", "kpi", "turnover", "--format", "csv"]);
    let mut lines = shown.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (period, value) = (at("period"), at("value"));
    lines.map(|line| (line[period].clone(), line[value].clone())).collect()
}

fn months(of: [&str; 4]) -> Vec<(String, String)> {
    of.iter().enumerate().map(|(n, value)| (format!("2026-0{}", n + 1), (*value).to_owned())).collect()
}

#[test]
fn what_breaks_a_rule_is_withheld_until_it_is_corrected() {
    let project = Project::empty();
    project.write("kepi.yml", DEFINITIONS);
    project.write("shops.csv", "id,opened\nnorth,2026-01-01\n");
    project.write("sales.csv", &sales(3));
    project.ok(&["run"]);
    // Three of twenty: 85 %.
    assert_eq!(turnover(&project), months(["30", "30", "", "30"]));
    let shown = project.ok(&["show", "kpi", "turnover", "--period", "2026-03"]);
    assert!(shown.contains("does not hold in 2026-03"), "{shown}");
    // What contains it is not trusted either, and what is not made of it stands.
    let quarter = project.ok(&["show", "kpi", "turnover", "--period", "2026-Q1"]);
    assert!(quarter.contains("does not hold in 2026-03"), "{quarter}");
    let shops = project.ok(&["show", "kpi", "shops", "--period", "2026-01"]);
    assert!(!shops.contains("not trusted"), "{shops}");
    let said = project.ok(&["sources"]);
    assert!(said.contains("rule shops_are_known: known_shop at least 90"), "{said}");
    assert!(said.contains("does not hold in 2026-03 (85"), "{said}");
    let told: serde_json::Value =
        serde_json::from_str(&project.ok(&["sources", "--format", "json"])).unwrap();
    assert_eq!(told["data_rules"][0]["broken_in"], serde_json::json!(["2026-03"]));
    // The same is withheld when it is computed once more, all of it or the figure alone.
    project.ok(&["reproduce"]);
    project.ok(&["reproduce", "turnover", "--period", "2026-03"]);

    // Two of twenty are ninety of a hundred: the bound is met.
    project.write("sales.csv", &sales(2));
    project.ok(&["run"]);
    assert_eq!(turnover(&project), months(["30", "30", "30", "30"]));
    assert!(project.ok(&["sources"]).contains("holds in all of 4 periods"));
    project.ok(&["reproduce"]);

    // Judged by channel: one that breaks it takes the others down no more, but all of them together.
    let by = |text: &str, kpi: &str, line: &str| {
        let at = text.find(&format!("kpi: {kpi}\n")).unwrap();
        let at = at + text[at..].find("\nperiod: month\n").unwrap() + 1;
        format!("{}{line}{}", &text[..at], &text[at..])
    };
    let definitions = DEFINITIONS
        .replace(
            "  shop: {type: reference shop}\n",
            "  shop: {type: reference shop}\n  channel: {type: text}\n",
        )
        .replace("  shop: {column: shop,", "  channel: {column: channel, as: text}\n  shop: {column: shop,")
        .replace("at_least: 90%\n", "at_least: 90%\nby: channel\nbounds: {shop: {at_least: 60%}}\nn: 5\n");
    let definitions = by(&by(&definitions, "known_shop", "by: [channel]\n"), "turnover", "by: [channel]\n");
    project.write("kepi.yml", &definitions);
    // In March: three of ten in the web, none of ten in the shop.
    let channel = |line: &str, n: usize| {
        format!(
            "{line},{}",
            if n == 0 {
                "channel"
            } else if n % 2 == 1 {
                "web"
            } else {
                "shop"
            }
        )
    };
    let text: Vec<String> = sales(0).lines().enumerate().map(|(n, line)| channel(line, n)).collect();
    let mut left = 3;
    let text: Vec<String> = text
        .into_iter()
        .map(|line| match line.starts_with("3-") && line.ends_with("web") && left > 0 {
            true => {
                left -= 1;
                line.replace(",north,", ",ghost,")
            }
            false => line,
        })
        .collect();
    project.write("sales.csv", &(text.join("\n") + "\n"));
    project.ok(&["run"]);
    let figures = || {
        let shown = project.ok(&["show", "kpi", "turnover", "--period", "2026-03", "--format", "json"]);
        serde_json::from_str::<serde_json::Value>(&shown).unwrap()
    };
    let said = figures().to_string();
    assert!(said.contains("does not hold in 2026-03 (web)"), "{said}");
    let table = project.ok(&["show", "kpi", "turnover", "--period", "2026-03", "--format", "csv"]);
    let of = |member: &str| {
        table.lines().find(|line| line.contains(member)).unwrap_or_else(|| panic!("{table}")).to_owned()
    };
    assert!(of("shop").contains("15") && of("web").contains("not_trusted"), "{table}");
    let said = project.ok(&["sources"]);
    assert!(
        said.contains("rule shops_are_known: known_shop by channel at least 90")
            && said.contains("(shop: at least 60")
            && said.contains("does not hold in 2026-03 (web) (70"),
        "{said}"
    );
    assert!(said.contains("of 8 segments of periods"), "{said}");
    project.ok(&["reproduce"]);
    project.ok(&["reproduce", "turnover", "--period", "2026-03"]);
}
