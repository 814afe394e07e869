//! Hashes change with the meaning and with nothing else.

use kepi_model::{id::Hash, meaning, project::Project};

use crate::base::{checked, files, short};

fn project(edits: &[(&str, &str, &str)]) -> Project {
    let mut files = files();
    for (path, from, to) in edits {
        let (_, text) = files.iter_mut().find(|(p, _)| p == path).unwrap();
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
    }
    let checked = checked(&files);
    checked.value.unwrap_or_else(|| panic!("{}", short(&checked.findings)))
}

fn hashes(project: &Project) -> (Hash, Hash, Hash) {
    let kpi = &project.kpis[&"nps".parse().unwrap()];
    let source = &project.sources[&"survey".parse().unwrap()];
    let scorecard = &project.scorecards[&"shop_2026".parse().unwrap()];
    (kpi.hash, source.hash, scorecard.hash)
}

#[test]
fn spelling_changes_no_hash() {
    let base = hashes(&project(&[]));
    for edit in [
        ("kpis.yml", "kpi: nps\n", "# a comment\nkpi: nps # another\n"),
        ("kpis.yml", "name: Net promoter score", "name: NPS"),
        ("kpis.yml", "name: Net promoter score", "name: NPS\ndescription: Would they?"),
        ("kpis.yml", "responsible: [owner]", "consulted: [owner]"),
        ("kpis.yml", "of: survey_response, answer: score,", "answer: score, of: survey_response,"),
        ("kpis.yml", "where: survey = 'relationship'", "where: (survey)   =   'relationship'"),
        (
            "kpis.yml",
            "period: month\nby: [region, account.tier]",
            "by: [account.tier, region]\nperiod: month",
        ),
        ("sources.yml", "  region:       {column: Region, as: text}\n  weight:", "  weight:"),
        (
            "sources.yml",
            "delimiter: \";\", encoding: windows-1252",
            "encoding: windows-1252, delimiter: \";\"",
        ),
        ("sources.yml", "data/survey_*.csv", "data/surveys/*.csv"),
        ("scorecard.yml", "name: The shop in 2026", "name: Shop"),
        ("scorecard.yml", "kpis: {nps: 70%, easy_help: 30%}", "kpis: {easy_help: 30.0%, nps: 70%}"),
        ("kepi.yml", "name: A small shop", "name: A shop"),
        (
            "kepi.yml",
            "name: A small shop",
            "name: A small shop\nengine: {scheduler: ballista://10.0.0.5, shared_files: s3://kpis}",
        ),
    ] {
        // A line that is taken away is put back elsewhere.
        let moved = (
            "sources.yml",
            "  score:        {",
            "  region:       {column: Region, as: text}\n  score:        {",
        );
        let edits = if edit.2 == "  weight:" { vec![edit, moved] } else { vec![edit] };
        assert_eq!(hashes(&project(&edits)), base, "{edit:?}");
    }
}

#[test]
fn meaning_changes_the_hash_it_belongs_to() {
    let base = hashes(&project(&[]));
    let kpi_edits = [
        ("kpis.yml", "where: survey = 'relationship'", "where: survey = 'relation'"),
        ("kpis.yml", "period: month", "period: quarter"),
        ("kpis.yml", "publish_if: {n: 30}", "publish_if: {n: 31}"),
        ("kpis.yml", "weight: weight\n", ""),
        ("kpis.yml", "cross: [[region, tier]]\n", ""),
        ("kpis.yml", "accountable: owner\nresponsible", "as_of: now\naccountable: owner\nresponsible"),
        ("kepi.yml", "time_zone: Europe/Berlin", "time_zone: Europe/Paris"),
        ("kepi.yml", "time_zone: Europe/Berlin", "time_zone: Europe/Berlin\nweek_start: sunday"),
    ];
    for edit in kpi_edits {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.0, base.0, "{edit:?}");
        assert_eq!(now.1, base.1, "{edit:?}");
        assert_ne!(now.2, base.2, "the scorecard rests on the KPI: {edit:?}");
    }
    for edit in [
        ("sources.yml", "mode: append", "mode: snapshot"),
        ("sources.yml", "delimiter: \";\"", "delimiter: \"|\""),
        ("sources.yml", "score between 0 and 10", "score between 0 and 9"),
        ("sources.yml", "{\"99\": refused}", "{\"98\": refused}"),
        ("sources.yml", "excess_digits: round", "excess_digits: quarantine"),
        ("sources.yml", "prefix: \"s-\"", "prefix: \"t-\""),
    ] {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.1, base.1, "{edit:?}");
        assert_eq!((now.0, now.2), (base.0, base.2), "{edit:?}");
    }
    for edit in [
        ("kpis.yml", "stretch: 55", "stretch: 56"),
        ("scorecard.yml", "{nps: 70%, easy_help: 30%}", "{nps: 60%, easy_help: 40%}"),
        ("scorecard.yml", "minimum_coverage: 70%", "minimum_coverage: 60%"),
        ("scorecard.yml", "targets: inherit", "targets: own"),
    ] {
        let now = hashes(&project(&[edit]));
        assert_ne!(now.2, base.2, "{edit:?}");
        assert_eq!((now.0, now.1), (base.0, base.1), "{edit:?}");
    }
}

/// Measures that together use every kind, option and operation.
const MEASURES: &[&str] = &[
    "count: {of: order, where: \"state = 'sent' and (channel <> 'web' or channel is null)\"}",
    "count: {of: order, where: \"not (channel like 'C%') and status in ('a', 'b')\"}",
    "count: {of: order, where: \"-(amount * 2 - amount + amount) < '2.50 EUR'\"}",
    "count: {of: order, where: \"case when channel = 'web' then 1 when channel is not null then 2.5 else 0 end > 1\"}",
    "count: {of: order, where: \"coalesce(channel, 'unknown') >= 'web' and account.parent.region <= 'x'\"}",
    "count: {of: order, at: account.created_at, where: \"ordered_at between '2026-01-01' and '2026-12-31T23:59:59Z'\"}",
    "count: {of: ticket, where: reopened = true}",
    "sum: {of: order, value: amount}",
    "distinct: {of: order, value: account}",
    "mean: {of: order, value: amount}",
    "share: {of: order, which: delivered_at is not null}",
    "quantile: {of: survey_response, value: minutes, quantile: 97.5%, bins: {from: 0 minutes, to: 1 hour, count: 3}}",
    "quantile: {of: survey_response, value: minutes, quantile: median, bins: {from: 1 minute, to: 100 minutes, count: 2, spacing: logarithmic}}",
    "nps: {of: survey_response, answer: score}",
    "satisfaction: {of: survey_response, answer: ease, scale: 1..7, top: 2}",
    "effort: {of: survey_response, answer: ease, scale: 1..7, summary: mean}",
    "duration: {of: order, from: ordered_at, until: delivered_at, within: 36 hours}",
    "duration: {of: order, from: ordered_at, until: delivered_at, summary: mean}",
    "ratio: {numerator: {sum: {of: order, value: amount}}, denominator: {distinct: {of: order, value: account}}, unmatched: drop}",
    "rate: {events: {count: {of: order}}, population: {count: {of: order}}, per: 1000}",
];

/// A published value names the hash of its definition, so a hash that changes without a change of meaning makes every
/// figure a new one. This file changes only together with the version of the form and a line in CHANGELOG.md.
#[test]
fn hashes_are_what_they_were() {
    let mut now = String::new();
    let whole = project(&[]);
    for kpi in whole.kpis.values() {
        now.push_str(&format!("kpi {} {}\n", kpi.id, kpi.hash));
    }
    for source in whole.sources.values() {
        now.push_str(&format!("source {} {}\n", source.id, source.hash));
    }
    for scorecard in whole.scorecards.values() {
        now.push_str(&format!("scorecard {} {}\n", scorecard.id, scorecard.hash));
    }
    now.push_str(&format!("calendar {}\n", meaning::calendar(&whole.calendar)));
    let in_range = [
        ("kpis.yml", "better: higher\nmeasure:\n  duration", "better: in_range\nmeasure:\n  duration"),
        (
            "kpis.yml",
            "threshold: 80%, target: 90%, stretch: 95%",
            "threshold: [80%, 95%], target: [85%, 90%]",
        ),
    ];
    let (_, _, scorecard) = hashes(&project(&in_range));
    now.push_str(&format!("scorecard in_range {scorecard}\n"));
    let derived = [(
        "sources.yml",
        "  updated_at:   {column",
        "  channel:      {position: file and row}\n  status:       {expression: channel}\n  shipped_at:   {column: s, as: date}\n  updated_at:   {column",
    )];
    let derived = project(&derived).sources[&"orders".parse().unwrap()].hash;
    now.push_str(&format!("source derived {derived}\n"));
    for measure in MEASURES {
        let edits = [
            ("kpis.yml", "effort: {of: survey_response, answer: ease, scale: 1..7, top: 3}", *measure),
            ("kpis.yml", "by: [region]\n", ""),
        ];
        let mut files = files();
        files.retain(|(path, _)| path != "scorecard.yml");
        let (_, text) = files.iter_mut().find(|(path, _)| path == "kpis.yml").unwrap();
        for (_, from, to) in &edits {
            *text = text.replacen(from, to, 1);
        }
        let targets = text.find("targets:\n  - {from: 2026-01-01, threshold: 50%").unwrap();
        let end = targets + text[targets..].find("accountable").unwrap();
        text.replace_range(targets..end, "");
        let checked = checked(&files);
        let found = checked.value.unwrap_or_else(|| panic!("{measure}\n{}", short(&checked.findings)));
        let hash = found.kpis[&"easy_help".parse().unwrap()].hash;
        now.push_str(&format!("{hash} {measure}\n"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hashes.txt");
    let then = std::fs::read_to_string(path).unwrap_or_default();
    assert!(now == then, "hashes have changed:\n{now}");
}
