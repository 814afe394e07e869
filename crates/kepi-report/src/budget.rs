//! Budgets of a planning system: lines that landed, held against what operating plans say. The plan holds what was decided; a file changes
//! nothing of it, and nothing of the file goes unsaid.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kepi_model::{
    operating_plan::{OperatingPlan, PlanVersion},
    project::Project,
};
use serde::{Deserialize, Serialize};

/// So many places of lines are named in a sentence; all of them stand beside it.
const MOST_PLACES: usize = 5;
/// Millionths.
const MICRO: i64 = 1_000_000;

/// A line of a budget as it landed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BudgetLine {
    /// The operating plan that it names.
    pub plan: Option<String>,
    /// The version that it names.
    pub version: Option<String>,
    /// The objective that it names.
    pub objective: Option<String>,
    /// The unit that it names.
    pub unit: Option<String>,
    /// The day that it is of.
    pub period: Option<Date>,
    /// In millionths of its currency.
    pub amount: Option<i64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Where it stands: `budget.csv row 12`.
    pub place: String,
}

/// What landed of an operating plan, held against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reconciled {
    /// The plan's id, as lines name it; empty: they name none.
    pub plan: String,
    /// Its shown name; left out: there is no such plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version that is the plan today; left out: none is yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The currency of all amounts of versions, ISO 4217.
    pub currency: String,
    /// What landed, by version.
    pub versions: Vec<LandedVersion>,
    /// Where lines and plan do not go together.
    pub findings: Vec<BudgetFinding>,
}

/// A version of a plan as it landed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedVersion {
    /// Its name.
    pub version: String,
    /// Whether the plan has a version of this name.
    pub taken: bool,
    /// How many lines name it.
    pub lines: usize,
    /// What its lines come to that fit the plan.
    pub landed: f64,
    /// What the plan says of it in all; left out: it has no such version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<f64>,
    /// The same by objective.
    pub objectives: Vec<LandedAmount>,
}

/// The amount of an objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedAmount {
    /// The objective's id.
    pub objective: String,
    /// What landed; left out: no line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<f64>,
    /// What the plan says; left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<f64>,
}

/// Where lines and plan do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFinding {
    /// `not_taken`: a version landed that the plan has not; `not_landed`: none of the version that is the plan; `differs`: of an objective; `not_in_plan`,
    /// `not_in_file`: an objective that only one of both has; `total`: of a version in all; of lines that do not fit, and count in no sum: `no_plan`, `is_sum`,
    /// `no_version`, `no_objective`, `no_amount`, `other_currency`, `other_days`, `other_unit`.
    pub kind: String,
    /// The version.
    pub version: String,
    /// The objective; left out: it is of several or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// In words.
    pub text: String,
    /// Where the lines stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
}

impl BudgetFinding {
    /// Whether lines do not fit the plan, so that no sum has them.
    pub fn is_unfit(&self) -> bool {
        !["not_taken", "not_landed", "differs", "not_in_plan", "not_in_file", "total"]
            .contains(&self.kind.as_str())
    }
}

/// An amount with all its digits, as definitions write it.
pub fn exact(micro: i64, currency: &str) -> String {
    let (sign, size) = (if micro < 0 { "-" } else { "" }, micro.unsigned_abs());
    let (whole, rest) = (size / MICRO.unsigned_abs(), size % MICRO.unsigned_abs());
    let rest = format!("{rest:06}");
    let rest = rest.trim_end_matches('0');
    // Cents are read in pairs.
    let point = match rest.len() {
        0 => String::new(),
        1 => format!(".{rest}0"),
        _ => format!(".{rest}"),
    };
    format!("{sign}{whole}{point} {currency}")
}

/// Why a line is of no sum of its plan.
fn unfit(plan: &OperatingPlan, line: &BudgetLine, project: &Project) -> Option<(&'static str, String)> {
    let objective = line.objective.as_deref();
    let mut known = project.strategy.iter().flat_map(|of| &of.objectives);
    let unit = |of: Option<&str>| of.map_or("the whole".to_owned(), |unit| format!("`{unit}`"));
    let own = plan.unit.as_ref().map(|unit| unit.as_str());
    Some(match line {
        BudgetLine { version: None, .. } => ("no_version", "without a version".to_owned()),
        BudgetLine { amount: None, .. } => ("no_amount", "without an amount".to_owned()),
        BudgetLine { currency, .. } if currency.as_deref() != Some(&plan.currency) => (
            "other_currency",
            match currency {
                Some(other) => format!("in {other}, and the plan is in {}", plan.currency),
                None => format!("without a currency, and the plan is in {}", plan.currency),
            },
        ),
        BudgetLine { period, .. } if period.is_none_or(|day| !plan.covers(day)) => {
            ("other_days", format!("of no day of the plan, which is from {} until {}", plan.from, plan.until))
        }
        BudgetLine { unit: Some(other), .. } if own != Some(other) => {
            ("other_unit", format!("of the unit `{other}`, and the plan is that of {}", unit(own)))
        }
        _ if known.all(|of| Some(of.id.as_str()) != objective) => (
            "no_objective",
            match objective {
                Some(other) => format!("for `{other}`, which is no objective of the strategy"),
                None => "without an objective".to_owned(),
            },
        ),
        _ => return None,
    })
}

/// Lines of one sort: how many, what they come to in each currency, and where they stand.
#[derive(Default)]
struct Lines<'a>(Vec<&'a BudgetLine>);

impl Lines<'_> {
    fn sum(&self) -> i64 {
        self.0.iter().filter_map(|line| line.amount).sum()
    }

    fn words(&self) -> String {
        let mut by: BTreeMap<&str, i64> = BTreeMap::new();
        for line in &self.0 {
            *by.entry(line.currency.as_deref().unwrap_or("of no currency")).or_default() +=
                line.amount.unwrap_or(0);
        }
        let sums: Vec<String> = by.into_iter().map(|(unit, sum)| exact(sum, unit)).collect();
        let lines = if self.0.len() == 1 { "1 line".to_owned() } else { format!("{} lines", self.0.len()) };
        format!("{lines}, {}", sums.join(" and "))
    }

    fn places(&self) -> Vec<String> {
        self.0.iter().map(|line| line.place.clone()).collect()
    }

    fn at(&self) -> String {
        let shown: Vec<&str> = self.0.iter().take(MOST_PLACES).map(|line| line.place.as_str()).collect();
        match self.0.len().saturating_sub(MOST_PLACES) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }
}

/// Holds lines against the plans of a project as of a day, by plan; of plans of which no line landed nothing is said.
pub fn reconcile(project: &Project, lines: &[BudgetLine], today: Date) -> Vec<Reconciled> {
    let mut by_plan: BTreeMap<&str, Vec<&BudgetLine>> = BTreeMap::new();
    for line in lines {
        by_plan.entry(line.plan.as_deref().unwrap_or_default()).or_default().push(line);
    }
    let of = |(id, lines): (&str, Vec<&BudgetLine>)| {
        let plan = id.parse().ok().and_then(|id| project.operating_plans.get(&id));
        match plan {
            Some(plan) if !plan.is_sum => of_plan(project, plan, &lines, today),
            other => of_none(id, other, lines),
        }
    };
    by_plan.into_iter().map(of).collect()
}

/// Lines of a plan that there is not, or that has no amounts of its own.
fn of_none(id: &str, plan: Option<&OperatingPlan>, lines: Vec<&BudgetLine>) -> Reconciled {
    let lines = Lines(lines);
    let (kind, why) = match (plan, id) {
        (Some(_), _) => ("is_sum", format!("`{id}` is the sum of what units plan: name the plan of a unit")),
        (None, "") => ("no_plan", "they name no operating plan".to_owned()),
        (None, _) => ("no_plan", format!("there is no operating plan `{id}`")),
    };
    Reconciled {
        plan: id.to_owned(),
        name: plan.map(|plan| plan.name.clone()),
        held: None,
        currency: plan.map_or(String::new(), |plan| plan.currency.clone()),
        versions: Vec::new(),
        findings: vec![BudgetFinding {
            kind: kind.to_owned(),
            version: String::new(),
            objective: None,
            text: format!("{}: {why} ({})", lines.words(), lines.at()),
            places: lines.places(),
        }],
    }
}

fn of_plan(project: &Project, plan: &OperatingPlan, lines: &[&BudgetLine], today: Date) -> Reconciled {
    let held = plan.versions_by(today).last();
    let mut findings = Vec::new();
    let mut versions = Vec::new();
    let names: BTreeSet<&str> = lines.iter().filter_map(|line| line.version.as_deref()).collect();
    let mut unfits: BTreeMap<(&str, &'static str, String), Lines<'_>> = BTreeMap::new();
    for line in lines {
        if let Some((kind, why)) = unfit(plan, line, project) {
            let version = line.version.as_deref().unwrap_or_default();
            unfits.entry((version, kind, why)).or_default().0.push(line);
        }
    }
    for ((version, kind, why), of) in &unfits {
        let named = if version.is_empty() { String::new() } else { format!("{version}: ") };
        findings.push(BudgetFinding {
            kind: (*kind).to_owned(),
            version: (*version).to_owned(),
            objective: None,
            text: format!("{named}{} {why}; no sum has them ({})", of.words(), of.at()),
            places: of.places(),
        });
    }
    for name in names {
        let own = lines.iter().filter(|line| line.version.as_deref() == Some(name));
        let all = own.clone().count();
        let mut by: BTreeMap<&str, Lines<'_>> = BTreeMap::new();
        for line in own.filter(|line| unfit(plan, line, project).is_none()) {
            by.entry(line.objective.as_deref().unwrap_or_default()).or_default().0.push(line);
        }
        let version = plan.versions.iter().find(|of| of.id.as_str() == name);
        let (of, said) = of_version(plan, (name, version), &by, held);
        versions.push(LandedVersion { lines: all, ..of });
        findings.extend(said);
    }
    if let Some(held) = held.filter(|held| versions.iter().all(|of| of.version != held.id.as_str())) {
        findings.push(BudgetFinding {
            kind: "not_landed".to_owned(),
            version: held.id.to_string(),
            objective: None,
            text: format!(
                "{}: no line of it landed, and it is the plan ({})",
                held.id,
                exact(total(held), &plan.currency)
            ),
            places: Vec::new(),
        });
    }
    Reconciled {
        plan: plan.id.to_string(),
        name: Some(plan.name.clone()),
        held: held.map(|of| of.id.to_string()),
        currency: plan.currency.clone(),
        versions,
        findings,
    }
}

fn total(of: &PlanVersion) -> i64 {
    of.amounts.values().sum()
}

/// A version as it landed, and where it is not what the plan says of it.
fn of_version(
    plan: &OperatingPlan,
    (name, version): (&str, Option<&PlanVersion>),
    by: &BTreeMap<&str, Lines<'_>>,
    held: Option<&PlanVersion>,
) -> (LandedVersion, Vec<BudgetFinding>) {
    let money = |micro: i64| exact(micro, &plan.currency);
    let landed: i64 = by.values().map(Lines::sum).sum();
    let mut findings = Vec::new();
    let mut say = |kind: &str, objective: Option<&str>, text: String, places: Vec<String>| {
        findings.push(BudgetFinding {
            kind: kind.to_owned(),
            version: name.to_owned(),
            objective: objective.map(str::to_owned),
            text: format!("{name}: {text}"),
            places,
        });
    };
    let amounts = version.map(|of| &of.amounts);
    let planned = |id: &str| amounts?.iter().find(|(known, _)| known.as_str() == id).map(|(_, of)| *of);
    let planned_ids = amounts.into_iter().flatten().map(|(id, _)| id.as_str());
    let ids: BTreeSet<&str> = by.keys().copied().chain(planned_ids).collect();
    let mut objectives = Vec::new();
    for id in ids {
        let (own, of_plan) = (by.get(id), planned(id));
        let sum = own.map(Lines::sum);
        objectives.push(LandedAmount {
            objective: id.to_owned(),
            landed: sum.map(|of| of as f64 / MICRO as f64),
            planned: of_plan.map(|of| of as f64 / MICRO as f64),
        });
        if version.is_none() {
            continue;
        }
        match (own, of_plan) {
            (Some(own), Some(said)) if own.sum() != said => say(
                "differs",
                Some(id),
                format!("`{id}`: {} landed, the plan says {} ({})", money(own.sum()), money(said), own.at()),
                own.places(),
            ),
            (Some(own), None) => say(
                "not_in_plan",
                Some(id),
                format!("`{id}`: {} landed, the plan says nothing of it ({})", money(own.sum()), own.at()),
                own.places(),
            ),
            (None, Some(said)) => say(
                "not_in_file",
                Some(id),
                format!("`{id}`: the plan says {}, and no line landed", money(said)),
                Vec::new(),
            ),
            _ => {}
        }
    }
    match version {
        Some(of) if total(of) != landed => say(
            "total",
            None,
            format!("{} landed in all, the plan says {}", money(landed), money(total(of))),
            Vec::new(),
        ),
        Some(_) => {}
        None => {
            let holds = match held {
                Some(held) => format!("the plan holds {} ({})", held.id, money(total(held))),
                None => "the plan holds none yet".to_owned(),
            };
            say(
                "not_taken",
                None,
                format!(
                    "{} landed; {holds} until a decision takes it: `kepi budget take {} {name} --since DATE`",
                    money(landed),
                    plan.id
                ),
                Vec::new(),
            );
        }
    }
    let of = LandedVersion {
        version: name.to_owned(),
        taken: version.is_some(),
        lines: 0,
        landed: landed as f64 / MICRO as f64,
        planned: version.map(|of| total(of) as f64 / MICRO as f64),
        objectives,
    };
    (of, findings)
}

/// What a version says in a definition, of the lines that landed; none: no line names it.
///
/// # Errors
/// Lines of it do not fit the plan: what they say would be lost.
pub fn version_text(
    project: &Project,
    plan: &OperatingPlan,
    lines: &[BudgetLine],
    (name, since): (&str, Date),
) -> Result<Option<String>, Vec<String>> {
    let own = |line: &&BudgetLine| {
        line.plan.as_deref() == Some(plan.id.as_str()) && line.version.as_deref() == Some(name)
    };
    let own: Vec<&BudgetLine> = lines.iter().filter(own).collect();
    let wrong = own.iter().filter_map(|line| {
        let (_, why) = unfit(plan, line, project)?;
        Some(format!("{} {why} ({})", Lines(vec![line]).words(), line.place))
    });
    let wrong: Vec<String> = wrong.collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut amounts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in own {
        let sum = amounts.entry(line.objective.as_deref().unwrap_or_default()).or_default();
        *sum = sum.saturating_add(line.amount.unwrap_or(0));
    }
    if amounts.is_empty() {
        return Ok(None);
    }
    let amounts: Vec<String> =
        amounts.into_iter().map(|(id, sum)| format!("{id}: {}", exact(sum, &plan.currency))).collect();
    Ok(Some(format!("{{since: {since}, amounts: {{{}}}}}", amounts.join(", "))))
}
