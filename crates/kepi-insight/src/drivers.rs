//! What drove it? Of a KPI that is computed of others: how much of its change each of them made, by Shapley's values over all that are not computed
//! themselves. They add up to the change.

use kepi_model::{
    calendar::Period,
    measure::{Composite, Measure},
    project::Kpi,
    window::Ago,
};
use kepi_query::{measure::formula::composed, value::Segment};
use kepi_stats::{
    decomposition::shapley::{MOST_PLAYERS, driver_tree},
    estimation::composed::Composed,
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    sentence::{NoDrivers, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "drivers",
    version: 1,
    question: "Which of the KPIs that it is computed of changed it?",
    cadence: Cadence::Standing,
    // It only adds up.
    family: None,
    answer,
};

/// What a value is computed of.
enum Tree<'a> {
    /// A KPI that is measured, by its place in the list of them.
    Measured(usize),
    /// A formula of others.
    Formula(Composed, Vec<Tree<'a>>),
    /// An index of others.
    Index(&'a Composite, Vec<Tree<'a>>),
}

/// A KPI that is measured, and how much earlier than the one that is computed of it.
type Leaf<'a> = (&'a Kpi, Vec<Ago>);

fn grow<'a>(kpi: &'a Kpi, ago: &[Ago], leaves: &mut Vec<Leaf<'a>>) -> Tree<'a> {
    let inputs = kpi.measure.kind().inputs();
    if inputs.is_empty() {
        let known = leaves.iter().position(|(of, earlier)| of.id == kpi.id && earlier == ago);
        return Tree::Measured(known.unwrap_or_else(|| {
            leaves.push((kpi, ago.to_vec()));
            leaves.len() - 1
        }));
    }
    let mut branches = Vec::new();
    for input in inputs {
        let earlier: Vec<Ago> = ago.iter().copied().chain(input.ago).collect();
        branches.push(grow(&input.kpi, &earlier, leaves));
    }
    match &kpi.measure {
        Measure::Formula(formula) => Tree::Formula(composed(&formula.value), branches),
        Measure::Composite(index) => Tree::Index(index, branches),
        // Nothing else is computed of others.
        _ => Tree::Measured(0),
    }
}

impl Tree<'_> {
    /// Its value with these of what is measured; no number where it has none.
    fn at(&self, values: &[f64]) -> f64 {
        match self {
            Self::Measured(place) => values.get(*place).copied().unwrap_or(f64::NAN),
            Self::Formula(of, branches) => {
                let inputs: Vec<f64> = branches.iter().map(|branch| branch.at(values)).collect();
                of.at(&inputs).unwrap_or(f64::NAN)
            }
            Self::Index(index, branches) => {
                let all: f64 = index.parts.iter().map(|part| f64::from(part.weight)).sum();
                let add = |(part, branch): (&kepi_model::measure::CompositePart, &Self)| {
                    f64::from(part.weight) * part.points(branch.at(values))
                };
                index.parts.iter().zip(branches).map(add).sum::<f64>() / all
            }
        }
    }
}

fn name((kpi, ago): &Leaf<'_>) -> String {
    ago.iter().fold(kpi.name.clone(), |name, ago| format!("{name}, {}", ago.words()))
}

/// The published value of a leaf in a period of what is computed of it.
fn value(leaf: &Leaf<'_>, period: Period, of: &Kpi, frames: &dyn Frames) -> Option<f64> {
    let ((kpi, ago), project) = (leaf, frames.project());
    let (kpi, calendar) = (project.input_of(of, kpi), project.calendar_of(of));
    let earlier = ago.iter().try_fold(period, |at, ago| ago.before(at, calendar).ok().flatten())?;
    Some(frames.figure(kpi, earlier, &Segment::total())?.point)
}

/// How far a value may be from what its inputs come to: both were rounded once, an index to millionths of a point.
fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6_f64.max(1e-9 * a.abs().max(b.abs()))
}

fn drivers(
    ask: &Ask<'_>,
    since: Period,
    frames: &dyn Frames,
) -> Result<(f64, Vec<(String, f64)>), NoDrivers> {
    let (project, total) = (frames.project(), Segment::total());
    let wording = |period| ask.kpi.in_period(period, &project.calendar).map(|kpi| kpi.wording);
    if wording(since) != wording(ask.period) {
        return Err(NoDrivers::Redefined);
    }
    let kpi = ask.kpi.in_period(ask.period, &project.calendar).unwrap_or(ask.kpi);
    let mut leaves = Vec::new();
    let tree = grow(kpi, &[], &mut leaves);
    if leaves.len() > MOST_PLAYERS {
        return Err(NoDrivers::TooMany { have: leaves.len(), most: MOST_PLAYERS });
    }
    let side = |period: Period| -> Result<(f64, Vec<f64>), NoDrivers> {
        let none = |leaf| NoDrivers::NoValue { of: name(leaf) };
        let values = leaves.iter().map(|leaf| value(leaf, period, ask.kpi, frames).ok_or_else(|| none(leaf)));
        let values = values.collect::<Result<Vec<f64>, _>>()?;
        let shown = frames.figure(ask.kpi, period, &total).map_or(f64::NAN, |figure| figure.point);
        // What entered it is kept beside it, and may have been restated since.
        if is_close(tree.at(&values), shown) { Ok((shown, values)) } else { Err(NoDrivers::Restated) }
    };
    let ((was, before), (is, now)) = (side(since)?, side(ask.period)?);
    let parts = driver_tree(&before, &now, |values| tree.at(values)).map_err(|_| NoDrivers::Undefined)?;
    let mut parts: Vec<(String, f64)> = leaves.iter().map(name).zip(parts).collect();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
    Ok((is - was, parts))
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    if ask.kpi.measure.kind().inputs().is_empty() {
        return None;
    }
    frames.figure(ask.kpi, ask.period, &Segment::total())?;
    let since = frames.before(ask.kpi, ask.period)?;
    // A part of an index without a value changes the weights of the others, which is no change of a value.
    let checks = |holds| vec![Check { name: "all it is computed of have a value in both periods", holds }];
    let (by, parts) = match drivers(ask, since, frames) {
        Ok(found) => found,
        Err(why) => {
            let checks = checks(!matches!(why, NoDrivers::NoValue { .. }));
            let says = vec![Sentence::DriversUntold(why)];
            return Some(Insight { verdict: Verdict::Unknown, says, exhibit: None, checks, looked_at: 0 });
        }
    };
    let moved: f64 = parts.iter().map(|(_, part)| part.abs()).sum();
    let most = parts.first().map_or(0.0, |(_, part)| part.abs());
    let verdict = if moved > 0.0 && most > moved / 2.0 { Verdict::Yes } else { Verdict::No };
    let rows = parts.iter().map(|(name, part)| (name.clone(), vec![Shown::Part(*part)])).collect();
    let exhibit = Exhibit { columns: vec!["moved it by"], rows };
    let looked_at = parts.len();
    let says = vec![Sentence::DrivenBy { by, since, parts }];
    Some(Insight { verdict, says, exhibit: Some(exhibit), checks: checks(true), looked_at })
}
