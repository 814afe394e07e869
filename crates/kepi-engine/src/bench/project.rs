//! The 40 KPIs of the benchmark, as an analyst would write them.

use std::fmt::Write as _;

use kepi_model::{
    check::{Options, check},
    project::Project,
    source_text::{SourceFile, SourceMap},
};

use super::BenchError;

/// Name, whether more is better, measure.
const KPIS: [(&str, bool, &str); 40] = [
    ("volume", true, "count: {of: service_case}"),
    ("phone_volume", false, "count: {of: service_case, where: channel = 'phone'}"),
    ("web_volume", true, "count: {of: service_case, where: channel = 'web'}"),
    ("chat_volume", true, "count: {of: service_case, where: channel = 'chat'}"),
    ("urgent_volume", false, "count: {of: service_case, where: priority = 'urgent'}"),
    ("automated_share", true, "share: {of: service_case, which: automated}"),
    ("solved_share", true, "share: {of: service_case, which: solved}"),
    ("reopened_share", false, "share: {of: service_case, where: solved, which: reopened}"),
    ("escalated_share", false, "share: {of: service_case, which: escalated}"),
    ("first_contact_share", true, "share: {of: service_case, which: solved and contacts = 1}"),
    ("contacts_per_case", false, "mean: {of: service_case, value: contacts}"),
    ("handling", false, "mean: {of: service_case, value: handle_seconds}"),
    ("phone_handling", false, "mean: {of: service_case, value: handle_seconds, where: channel = 'phone'}"),
    ("gold_handling", false, "mean: {of: service_case, value: handle_seconds, where: tier = 'gold'}"),
    ("waiting", false, "mean: {of: service_case, value: wait_seconds}"),
    ("within_60", true, "share: {of: service_case, which: wait_seconds <= 60}"),
    ("within_300", true, "share: {of: service_case, which: wait_seconds <= 300}"),
    (
        "phone_within_60",
        true,
        "share: {of: service_case, where: channel = 'phone', which: wait_seconds <= 60}",
    ),
    ("cost_total", false, "sum: {of: service_case, value: cost}"),
    ("cost_per_case", false, "mean: {of: service_case, value: cost}"),
    (
        "cost_per_solved",
        false,
        "ratio: {numerator: {sum: {of: service_case, value: cost, where: solved}}, denominator: {count: {of: service_case, where: solved}}}",
    ),
    ("refund_total", false, "sum: {of: service_case, value: refund}"),
    (
        "refund_rate",
        false,
        "rate: {events: {count: {of: service_case, where: refund > 0}}, population: {count: {of: service_case}}, per: 1000}",
    ),
    ("refund_mean", false, "mean: {of: service_case, value: refund}"),
    ("recommendation", true, "nps: {of: service_case, answer: recommend}"),
    ("gold_recommendation", true, "nps: {of: service_case, answer: recommend, where: tier = 'gold'}"),
    ("satisfied", true, "satisfaction: {of: service_case, answer: satisfaction, scale: 1..5, top: 2}"),
    (
        "phone_satisfied",
        true,
        "satisfaction: {of: service_case, answer: satisfaction, scale: 1..5, top: 2, where: channel = 'phone'}",
    ),
    (
        "satisfaction_mean",
        true,
        "satisfaction: {of: service_case, answer: satisfaction, scale: 1..5, summary: mean}",
    ),
    ("easy", true, "effort: {of: service_case, answer: effort, scale: 1..7, top: 3}"),
    ("effort_mean", true, "effort: {of: service_case, answer: effort, scale: 1..7, summary: mean}"),
    ("response_share", true, "share: {of: service_case, which: satisfaction is not null}"),
    ("detractors_escalated", false, "share: {of: service_case, where: recommend <= 6, which: escalated}"),
    ("urgent_solved", true, "share: {of: service_case, where: priority = 'urgent', which: solved}"),
    ("urgent_waiting", false, "mean: {of: service_case, value: wait_seconds, where: priority = 'urgent'}"),
    ("self_service_share", true, "share: {of: service_case, which: \"channel in ('web', 'chat')\"}"),
    ("long_share", false, "share: {of: service_case, which: handle_seconds > 1800}"),
    ("reopened_cost", false, "sum: {of: service_case, value: cost, where: reopened}"),
    ("automated_solved", true, "share: {of: service_case, where: automated, which: solved}"),
    ("gold_volume", true, "count: {of: service_case, where: tier = 'gold'}"),
];

const MODEL: &str = "\
project: bench
name: Benchmark
language: 1
time_zone: UTC
---
entity: service_case
name: Service case
key: [id]
time: opened_at
attributes:
  id: {type: text}
  opened_at: {type: timestamp}
  account: {type: text}
  region: {type: text}
  tier: {type: text}
  channel: {type: text}
  priority: {type: text}
  contacts: {type: integer}
  handle_seconds: {type: integer}
  wait_seconds: {type: integer}
  cost: {type: \"money EUR, 2 decimals\"}
  refund: {type: \"money EUR, 2 decimals\"}
  satisfaction: {type: integer, scale: 1..5}
  recommend: {type: integer, scale: 0..10}
  effort: {type: integer, scale: 1..7}
  solved: {type: boolean}
  reopened: {type: boolean}
  escalated: {type: boolean}
  automated: {type: boolean}
";

/// The project's text.
pub fn text() -> String {
    text_of(KPIS.len())
}

/// The text of a project of so many KPIs: those of the benchmark, and again of those that took so many contacts.
pub fn text_of(kpis: usize) -> String {
    let mut text = MODEL.to_owned();
    for (number, (name, higher, measure)) in KPIS.iter().cycle().take(kpis).enumerate() {
        let better = if *higher { "higher" } else { "lower" };
        let (name, measure) = match number / KPIS.len() {
            0 => ((*name).to_owned(), (*measure).to_owned()),
            again => (format!("{name}_{again}"), of_some(measure, again)),
        };
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "---\nkpi: {name}\nname: {name}\nindicator: lagging\nbetter: {better}\nmeasure:\n  {measure}\n\
             period: month\nby: [region, tier, channel]\ncross: [[region, tier, channel]]\n"
        );
    }
    text
}

/// A measure over cases that took so many contacts.
fn of_some(measure: &str, contacts: usize) -> String {
    const OF: &str = "{of: service_case";
    let mut parts = measure.split(OF);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (own, rest) = part.split_once('}').unwrap_or((part, ""));
        let own = match own.split_once("where: ") {
            Some((before, filter)) => format!("{before}where: contacts >= {contacts} and {filter}"),
            None => format!(", where: contacts >= {contacts}{own}"),
        };
        // Writing to a text cannot fail.
        let _ = write!(text, "{OF}{own}}}{rest}");
    }
    text
}

/// The checked project.
pub fn project() -> Result<Project, BenchError> {
    checked(&text())
}

/// The project of a text.
pub fn checked(text: &str) -> Result<Project, BenchError> {
    let file = SourceFile { path: "kepi.yml".into(), text: text.into() };
    let files = SourceMap::new(vec![file]);
    let checked = check(&files, &Options::default());
    let messages = || {
        let texts = checked.findings.iter().map(|finding| {
            format!(
                "{:?} line {}: {}",
                finding.severity,
                files.line_column(finding.at.span).line,
                finding.message
            )
        });
        texts.collect::<Vec<_>>().join("; ")
    };
    checked.value.ok_or_else(|| BenchError::Project(messages()))
}
