//! `kepi weigh`: weights from judgements.

use std::collections::BTreeMap;

use kepi_stats::judgement::{self, Hierarchy};
use serde::Serialize;

use crate::{
    cli::{Format, Weigh},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// Above this, judgements contradict each other too much to be used (Saaty 1980).
const MOST_INCONSISTENT: f64 = 0.1;

/// What is printed for programs.
#[derive(Serialize)]
struct Weighed<'a> {
    weights: Vec<NamedWeight<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consistency_ratio: Option<f64>,
}

#[derive(Serialize)]
struct NamedWeight<'a> {
    name: &'a str,
    weight: f64,
}

/// Prints weights that can be copied into a scorecard.
pub fn weigh(what: &Weigh, out: Output) -> Result<(), Failure> {
    let failed = |reason: kepi_stats::estimate::NotComputable| Failure::Other(reason.to_string());
    if what.swing.is_empty() && what.pair.is_empty() {
        let why = "nothing is weighed: compare two at a time, `--pair a:b=3`, or say how much each change is worth, `--swing a=100`";
        return Err(Failure::Other(why.to_owned()));
    }
    let (names, weights, found) = if what.swing.is_empty() {
        let (names, comparisons) = pairs(&what.pair)?;
        let found = judgement::hierarchy(names.len(), &comparisons).map_err(failed)?;
        (names, found.weights.clone(), Some((found, comparisons)))
    } else {
        let names: Vec<&str> = what.swing.iter().map(|(name, _)| name.as_str()).collect();
        let again = names.iter().enumerate().find(|(n, name)| names.iter().take(*n).any(|of| of == *name));
        if let Some((_, name)) = again {
            return Err(Failure::Other(format!("`{name}` is weighed twice: say it once")));
        }
        let points =
            what.swing.iter().map(|(name, text)| number(name, text)).collect::<Result<Vec<_>, _>>()?;
        (names, judgement::swing(&points).map_err(failed)?, None)
    };
    let shares = judgement::basis_points(&weights).map_err(failed)?;
    let ratio = found.as_ref().and_then(|(found, _)| found.consistency_ratio);
    if out.format == Format::Json {
        let weights = names.iter().zip(&shares);
        let weights = weights.map(|(name, share)| NamedWeight { name, weight: f64::from(*share) / 10_000.0 });
        out.json(&Weighed { weights: weights.collect(), consistency_ratio: ratio })?;
    } else {
        let mut grid = Grid::new(&["Name", "Weight"]);
        for (name, share) in names.iter().zip(&shares) {
            let text = format!("{}.{:02}", share / 100, share % 100);
            let text = text.trim_end_matches('0').trim_end_matches('.');
            grid.push(vec![
                Field::text(*name),
                Field::figure(format!("{text}%"), Some(f64::from(*share) / 1e4)),
            ]);
        }
        out.rows(&grid)?;
    }
    let Some((found, comparisons)) = found else { return Ok(()) };
    let Some(ratio) = ratio else { return Ok(()) };
    if ratio <= MOST_INCONSISTENT {
        out.remark(&format!(
            "consistency ratio {ratio:.3}: the judgements agree well enough (up to {MOST_INCONSISTENT})"
        ));
        return Ok(());
    }
    let farthest = contradiction(&names, &comparisons, &found);
    out.remark(&format!("consistency ratio {ratio:.3}, above {MOST_INCONSISTENT}: the judgements contradict each other; {farthest}"));
    Err(Failure::Findings)
}

/// The pair that lies farthest from what all judgements together say.
fn contradiction(names: &[&str], comparisons: &[f64], found: &Hierarchy) -> String {
    let mut given = comparisons.iter();
    let mut farthest = (0.0, String::new());
    for (i, (a, of_a)) in names.iter().zip(&found.weights).enumerate() {
        for (b, of_b) in names.iter().zip(&found.weights).skip(i + 1) {
            let Some(said) = given.next() else { continue };
            let implied = of_a / of_b;
            let apart = (said / implied).ln().abs();
            if apart > farthest.0 {
                farthest = (
                    apart,
                    format!("look at {a}:{b} first, judged {said:.2} and {implied:.2} by all together"),
                );
            }
        }
    }
    farthest.1
}

/// The names in the order in which they are first said, and the comparisons above the diagonal.
fn pairs(pairs: &[(String, String)]) -> Result<(Vec<&str>, Vec<f64>), Failure> {
    let mut names: Vec<&str> = Vec::new();
    let mut said: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (pair, text) in pairs {
        let two = pair.split_once(':').filter(|(a, b)| !a.is_empty() && !b.is_empty() && a != b);
        let (a, b) =
            two.ok_or_else(|| Failure::Other(format!("`{pair}` is no pair: write `customer:financial=3`")))?;
        for name in [a, b] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let times = number(pair, text)?;
        if said.contains_key(&(a, b)) {
            return Err(Failure::Other(format!("{a} and {b} are compared twice: keep one of the two")));
        }
        said.insert((a, b), times);
        said.insert((b, a), 1.0 / times);
    }
    let mut comparisons = Vec::new();
    for (i, a) in names.iter().enumerate() {
        for b in names.iter().skip(i + 1) {
            let times = said.get(&(*a, *b)).copied();
            comparisons.push(times.ok_or_else(|| {
                Failure::Other(format!("{a} and {b} are not compared: add `--pair {a}:{b}=…`"))
            })?);
        }
    }
    Ok((names, comparisons))
}

fn number(name: &str, text: &str) -> Result<f64, Failure> {
    let of = match text.split_once('/') {
        Some((above, below)) => above.parse::<f64>().ok().zip(below.parse::<f64>().ok()).map(|(a, b)| a / b),
        None => text.parse().ok(),
    };
    of.filter(|number| number.is_finite() && *number > 0.0).ok_or_else(|| {
        Failure::Other(format!("`{text}` for {name} is no number above 0, such as `3` or `1/3`"))
    })
}
