//! Random definitions over the random tables of [`arbitrary`](crate::arbitrary), as text: they take the whole road,
//! through the check, lowering, an evaluator and finishing. For the simple ones there is an [`oracle`](crate::oracle).

use kepi_model::project::{AsOf, Project};
use kepi_query::port::PinnedInputs;

use crate::{
    arbitrary::{Chance, tables},
    tables::project,
};

/// The entities of the tables.
const ENTITIES: &str = r#"
entity: owner
name: Owner
key: [id]
attributes:
  id: {type: text}
  country: {type: text}
  grade: {type: integer, scale: 1..3}
---
entity: client
name: Client
key: [id]
time: since
attributes:
  id: {type: text}
  owner: {type: reference owner}
  region: {type: text}
  size: {type: integer, scale: 1..5}
  active: {type: boolean}
  since: {type: timestamp}
---
entity: call
name: Call
key: [id]
time: at
attributes:
  id: {type: text}
  at: {type: timestamp}
  done: {type: timestamp}
  client: {type: reference client}
  score: {type: integer}
  price: {type: "number, 2 decimals"}
  weight: {type: "number, 6 decimals"}
  solved: {type: boolean}
  channel: {type: text}
---
business_hours: desk
name: Desk
time_zone: America/New_York
week: {weekdays: ["08:30-12:00", "12:45-24:00"], friday: [], sunday: ["00:00-03:30"]}
holidays: [2024-01-01, 2025-12-25]
special_days: [{on: 2024-07-04, open: ["10:00-10:20"]}]
"#;

/// A project with random KPIs, and tables for it.
#[derive(Debug)]
pub struct Case {
    /// As text.
    pub text: String,
    /// Checked.
    pub project: Project,
    /// Its tables.
    pub inputs: PinnedInputs,
    /// KPIs that an oracle can compute.
    pub simple: Vec<Simple>,
}

/// A KPI over events, simple enough for an oracle that shares nothing with the evaluators.
#[derive(Debug, Clone)]
pub struct Simple {
    /// Its name.
    pub kpi: String,
    /// What it computes.
    pub what: What,
    /// Of which rows.
    pub only: Only,
    /// Which version of the client counts for the segments by region.
    pub as_of: AsOf,
    /// Its period.
    pub period: &'static str,
}

/// What a simple KPI computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Rows.
    Count,
    /// Σ price.
    Sum,
    /// Mean score.
    Mean,
    /// Share of rows that are solved.
    Share,
    /// Different channels.
    Distinct,
    /// Net promoter score.
    Nps,
}

impl What {
    /// Whether nothing of it is zero.
    pub fn counts(self) -> bool {
        matches!(self, Self::Count | Self::Distinct)
    }
}

/// Which rows a simple KPI takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All.
    All,
    /// Solved ones.
    Solved,
    /// With a score of at least 5.
    ScoreAtLeast5,
    /// Of a channel.
    Web,
    /// Without an end.
    Open,
}

impl Only {
    fn text(self) -> Option<&'static str> {
        Some(match self {
            Self::All => return None,
            Self::Solved => "solved",
            Self::ScoreAtLeast5 => "score >= 5",
            Self::Web => "channel = 'web'",
            Self::Open => "done is null",
        })
    }
}

/// The case of a seed: the same for ever.
pub fn case(seed: u64) -> Case {
    let mut chance = Chance::new(seed ^ 0xDEF1_11E5);
    let (zone, inputs) = tables(&mut chance);
    let week = *chance.pick(&["monday", "sunday", "saturday"]);
    let year = *chance.pick(&["january", "april", "november"]);
    let mut text = format!(
        "project: random\nname: Random\nlanguage: 1\ntime_zone: {zone}\nweek_start: {week}\nfiscal_year_start: {year}\nconfidence: {}\n---{ENTITIES}",
        chance.pick(&["95%", "80%", "99%"])
    );
    // Apart from the others, so that these stay what they were.
    let mut weeks = Chance::new(seed ^ 0x0445_0454);
    if weeks.once_in(3) {
        let pattern = weeks.pick(&["4-4-5", "4-5-4", "5-4-4"]);
        let begins = weeks.pick(&["nearest", "last"]);
        text = text.replace(
            "confidence:",
            &format!("calendar: {{weeks: {pattern}, begins: {begins}}}\nconfidence:"),
        );
    }
    // Off a scale there is no answer, so nothing is too large to be added up: that is for cases without one.
    if chance.once_in(2) {
        text = text.replace(", scale: 1..3}", "}").replace(", scale: 1..5}", "}");
    }
    // Apart from the others, so that these stay what they were.
    let mut windows = Chance::new(seed ^ 0x0B5E_55ED);
    let mut weights = Chance::new(seed ^ 0x3E16_4755);
    for number in 0..8 {
        text.push_str(&kpi(&mut chance, &mut windows, &mut weights, number));
    }
    let simple: Vec<Simple> = (0..4).map(|number| simple(&mut chance, number, &mut text)).collect();
    for number in 0..3 {
        text.push_str(&formula(&mut windows, number, &simple));
    }
    text.push_str(&composite(&mut windows, &simple));
    // Apart from the others, so that these stay what they were.
    text.push_str(&lifetime(&mut Chance::new(seed ^ 0x11FE_7173)));
    text.push_str(&agreement(&mut Chance::new(seed ^ 0xA94E_E5ED)));
    let project = project(&text);
    Case { text, project, inputs, simple }
}

fn period(chance: &mut Chance) -> &'static str {
    chance.pick::<&'static str>(&["day", "day", "week", "month", "month", "quarter"])
}

fn simple(chance: &mut Chance, number: usize, text: &mut String) -> Simple {
    let kpi = format!("simple_{number}");
    let what = *chance.pick(&[What::Count, What::Sum, What::Mean, What::Share, What::Distinct, What::Nps]);
    let only = *chance.pick(&[Only::All, Only::Solved, Only::ScoreAtLeast5, Only::Web, Only::Open]);
    let as_of = *chance.pick(&[AsOf::Event, AsOf::Now]);
    let filter = only.text().map_or(String::new(), |only| format!(", where: \"{only}\""));
    let measure = match what {
        What::Count => format!("count: {{of: call{filter}}}"),
        What::Sum => format!("sum: {{of: call, value: price{filter}}}"),
        What::Mean => format!("mean: {{of: call, value: score{filter}}}"),
        What::Share => format!("share: {{of: call, which: solved{filter}}}"),
        What::Distinct => format!("distinct: {{of: call, value: channel{filter}}}"),
        What::Nps => format!("nps: {{of: call, answer: score{filter}}}"),
    };
    let version = if as_of == AsOf::Event { "event" } else { "now" };
    let period = period(chance);
    text.push_str(&format!(
        "---\nkpi: {kpi}\nname: {kpi}\nbetter: higher\nmeasure:\n  {measure}\nperiod: {period}\nby: [client.region]\nas_of: {version}\n"
    ));
    Simple { kpi, what, only, as_of, period }
}

/// The longest of the periods of some KPIs, or a longer one: all of them have a value there.
fn period_of_all(chance: &mut Chance, of: &[&Simple]) -> &'static str {
    const PERIODS: [&str; 5] = ["day", "week", "month", "quarter", "year"];
    let longest = of.iter().filter_map(|kpi| PERIODS.iter().position(|period| *period == kpi.period)).max();
    let longest = longest.unwrap_or(0);
    PERIODS.get(longest + usize::from(chance.once_in(4))).copied().unwrap_or("year")
}

/// A formula of simple KPIs, of one time or of several.
fn formula(chance: &mut Chance, number: usize, simple: &[Simple]) -> String {
    let (a, b) = (chance.pick(simple), chance.pick(simple));
    let period = period_of_all(chance, &[a, b]);
    let plain = |of: &Simple| of.what != What::Nps;
    let ago = chance.pick::<&'static str>(&["1", "2", "1 year"]);
    let alike = |a: What, b: What| a == b || [a, b].iter().all(|w| w.counts());
    let (second, total) = (chance.once_in(2), chance.once_in(4));
    let mut values = vec!["a - b", "least(a, b, a / 2)", "(a + b) / 2"];
    let b = if second || !alike(a.what, b.what) {
        values.extend(plain(a).then_some("a / b - 1"));
        format!("{{kpi: {}, ago: {ago}}}", a.kpi)
    } else if total {
        format!("{{kpi: {}, total: true}}", b.kpi)
    } else {
        b.kpi.clone()
    };
    values.extend(plain(a).then_some("a * b + greatest(a, b) * 0.5"));
    values.extend(plain(a).then_some("(a - b) / (a + b + 1)"));
    let value: &str = chance.pick::<&'static str>(&values);
    let interval = if value == "a - b" && chance.once_in(3) { ", interval: independent" } else { "" };
    format!(
        "---\nkpi: formula_{number}\nname: formula_{number}\nbetter: higher\nmeasure:\n  formula: {{kpis: {{a: {}, b: {b}}}, value: \"{value}\"{interval}}}\nperiod: {period}\nby: [region]\n",
        a.kpi
    )
}

/// An index of simple KPIs.
fn composite(chance: &mut Chance, simple: &[Simple]) -> String {
    let parts: Vec<String> = simple
        .iter()
        .zip(["40%", "30%", "20%", "10%"])
        .map(|(kpi, weight)| {
            let (zero, hundred) = match kpi.what {
                What::Share => ("10%", "90%"),
                What::Nps => ("-50", "70"),
                What::Count | What::Distinct => ("0", "5"),
                What::Sum | What::Mean => ("-2.5", "10"),
            };
            format!("{}: {{weight: {weight}, zero: {zero}, hundred: {hundred}}}", kpi.kpi)
        })
        .collect();
    let period = period_of_all(chance, &simple.iter().collect::<Vec<_>>());
    let missing = chance.pick(&["block", "ignore", "worst_case"]);
    format!(
        "---\nkpi: index\nname: index\nbetter: higher\nmeasure:\n  composite: {{kpis: {{{}}}, missing: {missing}}}\nperiod: {period}\nby: [region]\n",
        parts.join(", ")
    )
}

/// What clients will still bring, judged by calls: histories that no shop would have, and some that one could.
fn lifetime(chance: &mut Chance) -> String {
    let rows = rows(chance);
    let customer = chance.pick(&["client", "client", "channel"]);
    let repeats = chance.pick(&["score", "client.size", "case when solved then 2 else 0 end"]);
    let value = chance.pick(&["price", "score", "price * price"]);
    let summary = chance.pick(&["mean", "total"]);
    let measure = if chance.once_in(2) {
        let ahead = chance.pick(&["20 days", "365 days"]);
        format!(
            "lifetime_value: {{{rows}, customer: {customer}, repeats: \"{repeats}\", last: \"done - at\", age: \"done - at + 30 days\", spent: \"{value}\", ahead: {ahead}, discount: 10%, summary: {summary}}}"
        )
    } else {
        let ended = condition(chance, 1);
        format!(
            "contract_value: {{{rows}, customer: {customer}, renewals: \"{repeats}\", ended: \"{ended}\", value: \"{value}\", discount: 10%, summary: {summary}}}"
        )
    };
    let period = chance.pick(&["month", "quarter", "year"]);
    format!(
        "---\nkpi: lifetime\nname: lifetime\nbetter: higher\nmeasure:\n  {measure}\nperiod: {period}\nby: [client.region]\n"
    )
}

/// How far answers of calls agree with what is known of their clients.
fn agreement(chance: &mut Chance) -> String {
    let rows = rows(chance);
    let answers = chance.pick(&[
        "score, client.size",
        "score, client.size, \"score + client.size\"",
        "price, \"price * 1 + 1.25\"",
        "score, \"coalesce(client.size, 2) + score\"",
    ]);
    let form = chance.pick(&["absolute", "consistent", "one_way"]);
    let summary = if chance.once_in(3) { ", summary: mean" } else { "" };
    let period = chance.pick(&["month", "quarter", "year"]);
    format!(
        "---\nkpi: agreement\nname: agreement\nbetter: higher\nmeasure:\n  agreement: {{{rows}, answers: [{answers}], form: {form}{summary}}}\nperiod: {period}\nby: [client.region]\n"
    )
}

/// A window that a KPI of a period can have.
fn over(chance: &mut Chance, period: &str) -> &'static str {
    let mut windows = vec![
        "1 day",
        "9 days",
        "28 days",
        "3 weeks",
        "1 month",
        "2 months",
        "2 quarters",
        "1 year",
        "{to_date: year}",
    ];
    windows.extend((period != "quarter").then_some("{to_date: quarter}"));
    windows.extend(["day", "week"].contains(&period).then_some("{to_date: month}"));
    windows.extend((period == "day").then_some("{to_date: week}"));
    chance.pick::<&'static str>(&windows)
}

fn kpi(chance: &mut Chance, windows: &mut Chance, weights: &mut Chance, number: usize) -> String {
    let (measure, of_both) = measure(chance);
    let period = period(chance);
    let mut text = format!(
        "---\nkpi: kpi_{number}\nname: kpi_{number}\nbetter: higher\nmeasure:\n  {measure}\nperiod: {period}\n"
    );
    if !measure.starts_with("stock") && windows.once_in(3) {
        text.push_str(&format!("over: {}\n", over(windows, period)));
    }
    let mut by: Vec<(&str, String)> = Vec::new();
    if of_both {
        for (name, event, client) in [
            ("region", "client.region", "region"),
            ("active", "client.active", "active"),
            ("country", "client.owner.country", "owner.country"),
        ] {
            if chance.once_in(2) {
                by.push((name, format!("{{call: {event}, client: {client}}}")));
            }
        }
    } else {
        for (name, path) in [
            ("region", "client.region"),
            ("active", "client.active"),
            ("country", "client.owner.country"),
            ("channel", "channel"),
            ("solved", "solved"),
            ("score", "score"),
            ("customer", "client"),
        ] {
            if chance.once_in(3) {
                by.push((name, path.to_owned()));
            }
        }
    }
    if !by.is_empty() {
        let all: Vec<String> = by.iter().map(|(name, path)| format!("{name}: {path}")).collect();
        text.push_str(&format!("by: {{{}}}\n", all.join(", ")));
    }
    if by.len() > 1 && chance.once_in(2) {
        let names: Vec<&str> =
            by.iter().map(|(name, _)| *name).skip(chance.below(by.len() - 1)).take(3).collect();
        text.push_str(&format!("cross: [[{}]]\n", names.join(", ")));
    }
    let weighs =
        !["distinct", "quantile", "ratio", "rate", "stock"].iter().any(|kind| measure.starts_with(kind));
    let mut weight = None;
    if !of_both && weighs && chance.once_in(4) {
        weight = Some(*chance.pick(&["weight", "weight * 2", "client.size"]));
    }
    let is_mean = weighs && !["count", "sum"].iter().any(|kind| measure.starts_with(kind));
    if is_mean && !of_both && weights.once_in(3) {
        text.push_str(&design(weights, weight));
    } else if let Some(weight) = weight {
        text.push_str(&format!("weight: {weight}\n"));
    }
    if chance.once_in(3) {
        text.push_str("as_of: now\n");
    }
    if chance.once_in(5) {
        text.push_str(&format!("publish_if: {{n: {}}}\n", 1 + chance.below(4)));
    }
    if chance.once_in(5) {
        text.push_str(&format!("coverage_at_least: {}%\n", 10 * chance.below(11)));
    }
    text
}

/// Margins, clusters, or both.
fn design(chance: &mut Chance, base: Option<&str>) -> String {
    let mut text = String::new();
    let margins = chance.below(3);
    if margins > 0 || base.is_some() {
        let base = base.map(|base| format!("base: {base}"));
        let all = ["client.region: asked", "channel: asked"];
        let margins = match margins {
            0 => None,
            1 => Some(format!("post_stratify: {{{}}}", chance.pick(&all))),
            _ => Some(format!("rake: {{{}}}", all.join(", "))),
        };
        let trim = (base.is_none() && chance.once_in(2)).then(|| "trim: {times_median: 2}".to_owned());
        let parts: Vec<String> = [base, margins, trim].into_iter().flatten().collect();
        text.push_str(&format!("weight: {{{}}}\n", parts.join(", ")));
    }
    if margins == 0 || chance.once_in(2) {
        text.push_str("cluster: client\n");
    }
    text
}

/// A measure, and whether it reads both events and clients.
fn measure(chance: &mut Chance) -> (String, bool) {
    let rows = rows(chance);
    let text = match chance.below(13) {
        0 => format!("count: {{{rows}}}"),
        1 => format!("sum: {{{rows}, value: \"{}\"}}", number(chance)),
        2 => format!("distinct: {{{rows}, value: \"{}\"}}", anything(chance)),
        3 => format!("mean: {{{rows}, value: \"{}\"}}", number(chance)),
        4 => format!("share: {{{rows}, which: \"{}\"}}", condition(chance, 2)),
        5 => {
            let (value, bins) = *chance.pick(&[
                ("score", "from: -5, to: 15, count: 20"),
                ("score", "from: 1, to: 10, count: 4, spacing: logarithmic"),
                ("price", "from: -1000, to: 1000, count: 37"),
                ("done - at", "from: 0 minutes, to: 200 hours, count: 50"),
                ("case when solved then client.size else score end", "from: 0, to: 50, count: 10"),
            ]);
            let quantile = chance.pick(&["median", "90%", "12.5%"]);
            format!("quantile: {{{rows}, value: \"{value}\", quantile: {quantile}, bins: {{{bins}}}}}")
        }
        6 => format!("nps: {{{rows}, answer: score}}"),
        7 | 8 => {
            let kind = chance.pick(&["satisfaction", "effort"]);
            let answer = chance.pick(&["score", "client.size", "coalesce(score, 3)"]);
            let summary = chance.pick(&["top: 1", "top: 2", "summary: mean"]);
            format!("{kind}: {{{rows}, answer: \"{answer}\", scale: 1..5, {summary}}}")
        }
        9 => {
            let (from, until) = *chance.pick(&[("at", "done"), ("client.since", "at"), ("done", "at")]);
            let summary = chance.pick(&["summary: mean", "within: 30 hours", "within: 90 minutes"]);
            let hours = chance.pick(&["", ", in: desk"]);
            format!("duration: {{{rows}, from: {from}, until: {until}, {summary}{hours}}}")
        }
        12 => {
            let only = condition(chance, 1);
            let went = format!("count: {{of: call, at: done, where: \"{only}\"}}");
            match chance.once_in(2) {
                true => format!("stock: {{came: {{count: {{{rows}}}}}, went: {{{went}}}}}"),
                false => "stock: {came: {sum: {of: call, value: price}}, went: {sum: {of: call, at: done, value: price}}}".to_owned(),
            }
        }
        what => {
            let both = chance.once_in(3);
            let (above, below) = (total(chance, false), total(chance, both));
            let unmatched = chance.pick(&["", ", unmatched: drop"]);
            let text = if what == 10 {
                format!("ratio: {{numerator: {{{above}}}, denominator: {{{below}}}{unmatched}}}")
            } else {
                format!("rate: {{events: {{{above}}}, population: {{{below}}}, per: 1000{unmatched}}}")
            };
            return (text, both);
        }
    };
    (text, false)
}

/// What may be above or below a line.
fn total(chance: &mut Chance, of_clients: bool) -> String {
    if of_clients {
        let what = chance.pick(&["count: {", "sum: {value: size, ", "distinct: {value: owner, "]);
        return format!("{what}of: client}}");
    }
    let rows = rows(chance);
    match chance.below(4) {
        0 | 1 => format!("count: {{{rows}}}"),
        2 => format!("sum: {{{rows}, value: \"{}\"}}", number(chance)),
        _ => format!("distinct: {{{rows}, value: \"{}\"}}", anything(chance)),
    }
}

fn rows(chance: &mut Chance) -> String {
    let mut text = "of: call".to_owned();
    if chance.once_in(5) {
        text.push_str(&format!(", at: {}", chance.pick(&["done", "client.since"])));
    }
    if chance.once_in(2) {
        text.push_str(&format!(", where: \"{}\"", condition(chance, 2)));
    }
    text
}

/// A number without a unit.
fn number(chance: &mut Chance) -> &'static str {
    chance.pick::<&'static str>(&[
        "score",
        "price",
        "price",
        "weight",
        "client.size",
        "client.owner.grade",
        "price * score",
        "-price",
        "score - client.size",
        "coalesce(score, client.owner.grade, 0)",
        "case when solved then price when channel = 'web' then 2.5 end",
        "price * 1.25 + weight",
    ])
}

fn anything(chance: &mut Chance) -> &'static str {
    chance.pick::<&'static str>(&[
        "channel",
        "client",
        "score",
        "solved",
        "client.region",
        "client.owner.country",
        "coalesce(channel, client.region)",
        "score + client.size",
    ])
}

fn condition(chance: &mut Chance, depth: usize) -> String {
    if depth > 0 && chance.once_in(3) {
        let (left, right) = (condition(chance, depth - 1), condition(chance, depth - 1));
        return match chance.below(3) {
            0 => format!("({left}) and ({right})"),
            1 => format!("({left}) or ({right})"),
            _ => format!("not ({left})"),
        };
    }
    (*chance.pick(&[
        "solved",
        "client.active",
        "score >= 5",
        "price > 2.5",
        "price * 2 <= weight",
        "score in (1, 5, 9, 10)",
        "channel = 'web'",
        "channel like '%e%'",
        "channel not in ('web', 'Ümlaut')",
        "done is null",
        "client.owner.country is not null",
        "client.region = 'north'",
        "done - at < interval '4 hours'",
        "coalesce(client.region, channel) != 'south'",
        "client.since <= at",
        "case when solved then score > 3 else client.active end",
    ]))
    .to_owned()
}
