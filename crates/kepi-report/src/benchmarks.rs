//! Figures of others on record, and the targets that rest on them: read from the definitions.

use jiff::civil::Date;
use kepi_model::{
    benchmark::{Benchmark, Unlike},
    project::{Attachment, Kpi, Project, Target},
};
use serde::{Deserialize, Serialize};

use crate::{csv, format, view::TargetView};

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

/// What a target rests on, in words.
pub fn evidence(target: &Target, project: &Project) -> Option<String> {
    match basis(target, project) {
        Some(benchmark) => Some(said(benchmark)),
        None => Some(target.basis.as_ref()?.text.clone()),
    }
}

/// A file that a target rests on: its path, and the beginning of its SHA-256.
pub fn attached(of: &Attachment) -> String {
    let digest = of.sha256.as_deref().and_then(|digest| digest.get(..12));
    format!("{} ({})", of.file, digest.map_or("no SHA-256".to_owned(), |digest| format!("SHA-256 {digest}…")))
}

/// A figure of others in one line: `Airports, 2025: 82% (top_share of 2 on 1..5, n 12 000, interview, North America), documented, until 2027-01-01`.
pub fn said(of: &Benchmark) -> String {
    let around = [
        Some(figure(of)),
        of.n.map(|n| format!("n {}", format::count(n))),
        of.circumstances.mode.clone(),
        of.circumstances.region.clone(),
        of.circumstances.counted.map(|counted| format!("by {}", counted.word())),
    ];
    let around: Vec<String> = around.into_iter().flatten().collect();
    format!(
        "{}: {} ({}); {}, holds until {}",
        of.name,
        of.value,
        around.join(", "),
        of.grade.word(),
        of.expires
    )
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
        expired: today.is_some_and(|today| !of.holds(today)),
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
