//! Figures of others on record, and the targets that rest on them: read from the definitions.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kepi_model::{
    benchmark::{Benchmark, Unlike},
    id::BenchmarkId,
    project::{Attachment, Kpi, Project, Target},
};
use serde::{Deserialize, Serialize};

use crate::{
    csv, format,
    view::{BenchmarkView, TargetView},
};

/// A figure of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnRecord {
    /// Id.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// In plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The figure as it is written, in the unit of the KPIs that are compared with it.
    pub value: String,
    /// What it is of answers or amounts: `nps`, `mean`, `top_share`, `share`, `quantile`, `amount`.
    pub figure: String,
    /// Of how many highest answers it is the share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<u8>,
    /// Lowest and highest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<(i64, i64)>,
    /// Cases behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// How it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Who was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
    /// How people were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Where the customers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What counts once: `respondent`, `account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<String>,
    /// Where it is from.
    pub source: String,
    /// When it was published, ISO 8601.
    pub published: String,
    /// First day on which it says nothing any more, ISO 8601.
    pub expires: String,
    /// Whether that day has come.
    pub expired: bool,
    /// What may be done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// How far it can be followed: `audited`, `documented`, `reported`, `estimated`.
    pub grade: String,
    /// Targets that rest on it.
    pub targets: Vec<Resting>,
}

/// A target that rests on a figure of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// The KPI.
    pub kpi: String,
    /// Its shown name.
    pub kpi_name: String,
    /// First day the target holds, ISO 8601.
    pub from: String,
    /// The unit and the segment it is for; none: for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The target as shown.
    pub target: String,
    /// In what both were measured otherwise.
    pub otherwise: Vec<Otherwise>,
}

/// Something in which a figure of others was measured otherwise than the KPI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otherwise {
    /// In what: `mode`, `region`, `counted`.
    pub aspect: String,
    /// What it is there.
    pub theirs: String,
    /// What it is here.
    pub ours: String,
}

impl Otherwise {
    /// In words: `mode: interview there, web here`.
    pub fn words(&self) -> String {
        format!("{}: {} there, {} here", self.aspect, self.theirs, self.ours)
    }
}

impl From<Unlike> for Otherwise {
    fn from(of: Unlike) -> Self {
        Self { aspect: of.aspect.to_owned(), theirs: of.theirs, ours: of.ours }
    }
}

/// The figure that a target rests on, if it is on record.
pub fn basis<'a>(target: &Target, project: &'a Project) -> Option<&'a Benchmark> {
    let basis = target.basis.as_ref().filter(|basis| basis.kind.may_be_on_record())?;
    project.benchmarks.get(&basis.text.parse().ok()?)
}

/// What a target rests on, in words, as of a day: none where it is not known which.
pub fn evidence(target: &Target, project: &Project, today: Option<Date>) -> Option<String> {
    match basis(target, project) {
        Some(benchmark) => Some(said(benchmark, today)),
        None => Some(target.basis.as_ref()?.text.clone()),
    }
}

/// A file that a target rests on: its path, and the beginning of its SHA-256.
pub fn attached(of: &Attachment) -> String {
    let digest = of.sha256.as_deref().and_then(|digest| digest.get(..12));
    format!("{} ({})", of.file, digest.map_or("no SHA-256".to_owned(), |digest| format!("SHA-256 {digest}…")))
}

/// A figure of others in one line: `Airports, 2025: 82% (top_share of 2 on 1..5, n 12 000, interview, North America); documented, holds until
/// 2027-01-01`, or that it has expired.
pub fn said(of: &Benchmark, today: Option<Date>) -> String {
    let around = [
        Some(figure(of)),
        of.n.map(|n| format!("n {}", format::count(n))),
        of.circumstances.mode.clone(),
        of.circumstances.region.clone(),
        of.circumstances.counted.map(|counted| format!("by {}", counted.word())),
    ];
    let around: Vec<String> = around.into_iter().flatten().collect();
    let until = match has_expired(of, today) {
        true => format!("expired on {}", of.expires),
        false => format!("holds until {}", of.expires),
    };
    format!("{}: {} ({}); {}, {until}", of.name, of.value, around.join(", "), of.grade.word())
}

fn has_expired(of: &Benchmark, today: Option<Date>) -> bool {
    today.is_some_and(|today| !of.holds(today))
}

/// Figures of others that targets of a KPI rest on, whether they hold today or not: those that hold first, then by name.
pub fn beside(kpi: &Kpi, project: &Project, today: Option<Date>) -> Vec<BenchmarkView> {
    let mut found: BTreeMap<&BenchmarkId, &Benchmark> = BTreeMap::new();
    found.extend(kpi.targets.iter().filter_map(|of| basis(of, project)).map(|of| (&of.id, of)));
    let one = |of: &Benchmark| BenchmarkView {
        id: of.id.to_string(),
        name: of.name.clone(),
        raw: kpi.unit.amount(&of.value),
        value: kpi.unit.amount(&of.value).map_or_else(|| of.value.clone(), |at| format::line(at, &kpi.unit)),
        published: of.published.to_string(),
        said: said(of, today),
        expired: has_expired(of, today),
        unlike: of
            .of_another_kind(kpi)
            .into_iter()
            .chain(of.otherwise_measured(kpi))
            .map(Otherwise::from)
            .collect(),
    };
    let mut all: Vec<BenchmarkView> = found.into_values().map(one).collect();
    all.sort_by(|a, b| (a.expired, &a.name, &a.id).cmp(&(b.expired, &b.name, &b.id)));
    all
}

fn figure(of: &Benchmark) -> String {
    let mut text = match of.figure.word() {
        "nps" => "NPS".to_owned(),
        "top_share" => "share of the highest answers".to_owned(),
        other => other.to_owned(),
    };
    if let Some(top) = of.top {
        text = format!("share of the {top} highest answers");
    }
    if let Some((low, high)) = of.scale {
        text.push_str(&format!(" on {low}..{high}"));
    }
    text
}

/// Figures of others with the targets that rest on them, of KPIs that are seen; `today` says what has expired.
pub fn on_record(project: &Project, today: Option<Date>, seen: impl Fn(&Kpi) -> bool) -> Vec<OnRecord> {
    let one = |of: &Benchmark| OnRecord {
        id: of.id.to_string(),
        name: of.name.clone(),
        description: of.description.clone(),
        value: of.value.clone(),
        figure: of.figure.word().to_owned(),
        top: of.top,
        scale: of.scale,
        n: of.n,
        method: of.method.clone(),
        population: of.population.clone(),
        mode: of.circumstances.mode.clone(),
        region: of.circumstances.region.clone(),
        counted: of.circumstances.counted.map(|counted| counted.word().to_owned()),
        source: of.source.clone(),
        published: of.published.to_string(),
        expires: of.expires.to_string(),
        expired: has_expired(of, today),
        licence: of.licence.clone(),
        grade: of.grade.word().to_owned(),
        targets: project
            .kpis
            .values()
            .filter(|kpi| seen(kpi))
            .flat_map(|kpi| resting(of, kpi, project))
            .collect(),
    };
    project.benchmarks.values().map(one).collect()
}

fn resting<'a>(of: &'a Benchmark, kpi: &'a Kpi, project: &'a Project) -> impl Iterator<Item = Resting> + 'a {
    let rests = |target: &&Target| basis(target, project).is_some_and(|basis| basis.id == of.id);
    kpi.targets.iter().filter(rests).map(|target| Resting {
        kpi: kpi.id.to_string(),
        kpi_name: kpi.name.clone(),
        from: target.from.to_string(),
        unit: target.scope(),
        target: TargetView::new("", target.lines, kpi.better, &kpi.unit).target,
        otherwise: of.otherwise_measured(kpi).into_iter().map(Otherwise::from).collect(),
    })
}

/// One line a figure and target, and one for each figure on which none rests.
pub fn table(of: &[OnRecord]) -> String {
    let header = [
        "benchmark",
        "name",
        "value",
        "figure",
        "scale",
        "n",
        "method",
        "population",
        "mode",
        "region",
        "counted",
        "source",
        "published",
        "expires",
        "expired",
        "licence",
        "grade",
        "kpi",
        "target_from",
        "unit",
        "target",
        "measured_otherwise",
    ];
    let rows = of.iter().flat_map(|of| {
        let own = |target: Option<&Resting>| {
            let text = |of: &Option<String>| of.clone().unwrap_or_default();
            let otherwise = |target: &Resting| {
                let each =
                    target.otherwise.iter().map(|o| format!("{}: {}, here {}", o.aspect, o.theirs, o.ours));
                each.collect::<Vec<_>>().join("; ")
            };
            vec![
                of.id.clone(),
                of.name.clone(),
                of.value.clone(),
                of.figure.clone(),
                of.scale.map(|(low, high)| format!("{low}..{high}")).unwrap_or_default(),
                of.n.map(|n| n.to_string()).unwrap_or_default(),
                text(&of.method),
                text(&of.population),
                text(&of.mode),
                text(&of.region),
                text(&of.counted),
                of.source.clone(),
                of.published.clone(),
                of.expires.clone(),
                of.expired.to_string(),
                text(&of.licence),
                of.grade.clone(),
                target.map(|t| t.kpi.clone()).unwrap_or_default(),
                target.map(|t| t.from.clone()).unwrap_or_default(),
                target.and_then(|t| t.unit.clone()).unwrap_or_default(),
                target.map(|t| t.target.clone()).unwrap_or_default(),
                target.map(otherwise).unwrap_or_default(),
            ]
        };
        match of.targets.is_empty() {
            true => vec![own(None)],
            false => of.targets.iter().map(|target| own(Some(target))).collect::<Vec<_>>(),
        }
    });
    csv::table(&header, rows)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use kepi_model::{
        check::{Options, check},
        source_text::{SourceFile, SourceMap},
    };

    use super::*;

    const PROJECT: &str = "
project: shop
name: Shop
language: 1
time_zone: UTC
---
benchmark: others
name: Others
value: 66%
figure: share
n: 40
source: A report
published: 2025-09-01
expires: 2026-04-15
grade: documented
---
entity: visit
key: [id]
time: at
attributes: {id: {type: text}, at: {type: timestamp}, good: {type: boolean}}
---
kpi: a
name: A
better: higher
measure: {share: {of: visit, which: good}}
period: month
targets:
  - {from: 2026-01-01, threshold: 50%, target: 60%, basis: {benchmark: others}}
  - {from: 2026-02-01, threshold: 50%, target: 61%, basis: {benchmark: others}}
  - {from: 2026-03-01, threshold: 50%, target: 62%, basis: {negotiated: among all}}
";

    #[test]
    fn what_has_expired_is_said_so_from_its_day_on() {
        let file = SourceFile { path: "kepi.yml".to_owned(), text: PROJECT.trim_start().into() };
        let project = check(&SourceMap::new(vec![file]), &Options::default()).value.unwrap();
        let kpi = &project.kpis[&"a".parse().unwrap()];
        let of = |today| beside(kpi, &project, today);
        let [before, after] = [date(2026, 4, 14), date(2026, 4, 15)].map(|day| of(Some(day)));
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_eq!(before[0].said, "Others: 66% (share, n 40); documented, holds until 2026-04-15");
        assert_eq!(after[0].said, "Others: 66% (share, n 40); documented, expired on 2026-04-15");
        assert_eq!((before[0].drawn(), after[0].drawn()), (Some(0.66), None));
        let newest = &kpi.targets[0];
        assert_eq!(evidence(newest, &project, Some(date(2027, 1, 1))), Some(after[0].said.clone()));
    }
}
