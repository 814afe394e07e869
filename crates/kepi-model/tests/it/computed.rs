//! Mistakes that people make in KPIs that are computed of others, and in windows: what is said of each, word for word.
//!
//! `UPDATE_GOLDENS=1 cargo test -p kepi-model` writes `tests/computed.txt` anew; read the difference.

use std::{fs, path::PathBuf};

use kepi_model::render;

use crate::base::{checked_map, files, map, short};

/// KPIs beside those of the base project: money, counts, a length of time, a rate.
const MORE: &str = r"
---
kpi: revenue
name: Revenue
objective: fast
indicator: lagging
better: higher
measure: {sum: {of: order, value: amount}}
period: month
by: [account.region]
accountable: owner
purpose: service_improvement
---
kpi: fees
name: Fees
objective: fast
indicator: lagging
better: lower
measure: {sum: {of: order, value: fee}}
period: month
by: [account.region]
accountable: owner
purpose: service_improvement
---
kpi: orders
name: Orders
objective: fast
indicator: lagging
better: higher
measure: {count: {of: order}}
period: month
by: [account.region]
accountable: owner
purpose: service_improvement
---
kpi: delivery
name: Delivery
objective: fast
indicator: lagging
better: lower
measure: {duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}}
period: month
accountable: owner
purpose: service_improvement
---
kpi: back_per_1000
name: Sent back per 1000
objective: fast
indicator: lagging
better: lower
measure: {rate: {events: {count: {of: order, where: state = 'back'}}, population: {count: {of: order}}, per: 1000}}
period: month
accountable: owner
purpose: service_improvement
---
kpi: answers
name: Answers
objective: recommended
indicator: leading
better: higher
measure: {count: {of: survey_response}}
period: quarter
by: [region]
accountable: owner
purpose: service_improvement
";

/// What is tried, and the code that is said.
fn cases() -> Vec<(&'static str, &'static str, String)> {
    let kpi = |measure: &str, more: &str| {
        format!(
            "---\nkpi: index\nname: Index\nobjective: fast\nindicator: lagging\nbetter: higher\nmeasure:\n  {measure}\nperiod: month\n{more}accountable: owner\npurpose: service_improvement\n"
        )
    };
    let formula =
        |kpis: &str, value: &str| kpi(&format!("formula: {{kpis: {{{kpis}}}, value: {value}}}"), "");
    let over = |measure: &str, more: &str| kpi(measure, more);
    vec![
        ("two currencies", "K0508", formula("a: revenue, b: fees", "a - b")),
        ("money and a number", "K0633", formula("a: revenue", "a - 100")),
        ("a share made into per cent", "K0633", formula("a: easy_help", "a * 100")),
        ("growth of an NPS", "K0633", formula("a: nps, b: {kpi: nps, ago: 1}", "(a - b) / b")),
        ("a rate times a count", "K0633", formula("a: back_per_1000, b: orders", "a * b")),
        ("money by time", "K0633", formula("a: revenue, b: delivery", "a / b")),
        ("a count and a share", "K0633", formula("a: orders, b: easy_help", "a + b")),
        ("a ratio of sums", "K0635", formula("a: revenue, b: orders", "a / b")),
        ("a KPI that is not there", "K0201", formula("a: revenues", "a * 2")),
        ("a name that is none", "K0633", formula("latest: revenue", "latset * 2")),
        ("a KPI by its id", "K0633", formula("a: revenue", "revenue / a")),
        ("a name that is not used", "K0633", formula("a: revenue, b: orders", "a * 2")),
        ("an aggregate", "K0633", formula("a: revenue, b: orders", "\"avg(a, b)\"")),
        ("commas without quotes", "K0633", formula("a: orders, b: {kpi: orders, ago: 1}", "least(a, b)")),
        ("the larger of two", "K0633", formula("a: orders, b: {kpi: orders, ago: 1}", "\"max(a, b)\"")),
        ("a condition", "K0633", formula("a: easy_help", "a > 0.5")),
        ("a bracket that stays open", "K0633", formula("a: orders", "(a + 1")),
        ("itself", "K0634", formula("a: index, b: orders", "a + b")),
        (
            "a circle",
            "K0634",
            formula("a: other", "a * 2")
                + &formula("a: index", "a / 2").replace("index\nname: Index", "other\nname: Other"),
        ),
        ("a longer period", "K0633", formula("a: answers", "a / 3")),
        ("weeks before a month", "K0633", formula("a: orders, b: {kpi: orders, ago: 4 weeks}", "a / b - 1")),
        ("ago in words", "K0113", formula("a: orders, b: {kpi: orders, ago: last year}", "a / b - 1")),
        (
            "a segment that one has not",
            "K0622",
            kpi("formula: {kpis: {a: orders, b: delivery}, value: a * 2 + b / b}", "by: [region]\n"),
        ),
        (
            "independent of itself",
            "K0633",
            kpi("formula: {kpis: {a: easy_help}, value: a * (1 - a), interval: independent}", ""),
        ),
        (
            "money in per cent",
            "K0633",
            kpi("formula: {kpis: {a: revenue}, value: a / 2, measured_in: share}", ""),
        ),
        (
            "a window of a formula",
            "K0632",
            kpi("formula: {kpis: {a: revenue}, value: a / 2}", "over: 12 months\n"),
        ),
        (
            "versions of a formula",
            "K0633",
            kpi("formula: {kpis: {a: revenue}, value: a / 2}", "as_of: now\n"),
        ),
        (
            "weights that do not sum",
            "K0701",
            kpi(
                "composite: {kpis: {nps: {weight: 60%, zero: 0, hundred: 60}, easy_help: {weight: 30%, zero: 50%, hundred: 90%}}}",
                "",
            ),
        ),
        (
            "an amount in another unit",
            "K0636",
            kpi("composite: {kpis: {easy_help: {weight: 100%, zero: 50, hundred: 90}}}", ""),
        ),
        (
            "the wrong way round",
            "K0636",
            kpi("composite: {kpis: {easy_help: {weight: 100%, zero: 90%, hundred: 50%}}}", ""),
        ),
        ("from and to", "K0106", kpi("composite: {kpis: {nps: {weight: 100%, from: 0, to: 60}}}", "")),
        ("a number of orders taken as zero", "K0639", over("count: {of: order}", "without_data: zero\n")),
        (
            "a mean answer of 0 where 1 is the lowest",
            "K0639",
            over(
                "satisfaction: {of: survey_response, answer: ease, scale: 1..7, summary: mean}",
                "without_data: zero\n",
            ),
        ),
        (
            "a formula that is carried forward",
            "K0639",
            kpi(
                "formula: {kpis: {a: revenue}, value: a / 2}",
                "without_data: {carry: {at_most: 1 quarter}}\n",
            ),
        ),
        (
            "an entered figure taken as zero",
            "K0639",
            over("entered: {figure: market_share, type: share, due: 10 days}", "without_data: zero\n"),
        ),
        (
            "a season of years",
            "K0639",
            over(
                "duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}",
                "without_data: {impute: {season: {years: 2, at_most: 1 year}}}\n",
            )
            .replace("period: month", "period: year"),
        ),
        (
            "a mean of one",
            "K0111",
            over(
                "duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}",
                "without_data: {impute: {mean: {last: 1, at_most: 1 year}}}\n",
            ),
        ),
        (
            "carried forward without an end",
            "K0108",
            over(
                "duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}",
                "without_data: {carry: 3 months}\n",
            ),
        ),
        (
            "the last one, in a word",
            "K0110",
            over(
                "duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}",
                "without_data: last\n",
            ),
        ),
        ("a window in a word", "K0113", over("count: {of: order}", "over: ytd\n")),
        ("a window without a unit", "K0113", over("count: {of: order}", "over: 12\n")),
        ("a rolling window", "K0113", over("count: {of: order}", "over: rolling 12 months\n")),
        ("the month to date by month", "K0632", over("count: {of: order}", "over: {to_date: month}\n")),
        ("a window to date as text", "K0113", over("count: {of: order}", "over: year to date\n")),
        (
            "a window of a stock",
            "K0632",
            over(
                "stock: {came: {count: {of: order}}, went: {count: {of: order, at: delivered_at}}}",
                "over: 12 months\n",
            ),
        ),
    ]
}

#[test]
fn mistakes_in_what_is_computed_of_other_kpis_are_said_as_the_golden_says() {
    let mut all = String::new();
    let mut wrong = String::new();
    for (what, code, text) in cases() {
        let mut files = files();
        files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap().1.push_str(&format!("{MORE}{text}"));
        let map = map(&files);
        let mut findings = checked_map(&map).findings;
        if !findings.iter().any(|f| f.code.0 == code) {
            wrong.push_str(&format!("{what}: {code} is not found, but\n{}\n", short(&findings)));
        }
        // That none of these is on a scorecard has a code of its own.
        findings.retain(|f| f.code.0 != "K0605");
        assert!(findings.iter().all(|f| f.expected.is_some() && f.fix.is_some()), "{what}: {findings:?}");
        all.push_str(&format!("=== {what}\n{}\n", render::text(&findings, &map, false)));
    }
    assert!(wrong.is_empty(), "{wrong}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/computed.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &all).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), all);
}
