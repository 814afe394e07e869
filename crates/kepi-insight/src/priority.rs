//! What to work on first: of all that is believed to move an outcome, how much it moves it, by how far it is short of its own target.
//!
//! How much a driver matters is not asked of anybody: it is what goes with a typical move of it to the better (`link`), as far as that is
//! the way in which it is believed. How far it is short is what its score lacks of a full one. Both together say what would gain most
//! where most is to be gained; neither is a proof that it causes it.

use kepi_model::{calendar::Period, project::Kpi};

use crate::{
    analysis::Frames,
    link::{self, Found, Pair, Untold, expected_sign, pairs},
};

/// A full score.
const FULL: f64 = 100.0;

/// Where a driver stands, by what it matters and what it lacks, each against the middle of all drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quadrant {
    /// It matters and lacks.
    ActFirst,
    /// It matters and lacks little: what it has is kept.
    Keep,
    /// It lacks and matters little.
    Later,
    /// It neither matters nor lacks much.
    Watch,
}

impl Quadrant {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ActFirst => "act first",
            Self::Keep => "keep",
            Self::Later => "later",
            Self::Watch => "watch",
        }
    }
}

/// A driver of an outcome.
#[derive(Debug, Clone)]
pub struct Priority<'a> {
    /// The driver.
    pub driver: &'a Kpi,
    /// What goes with a typical move of it to the better, or why nothing is known of that.
    pub found: Result<Found, Untold>,
    /// By how much the outcome gets better with that, in its unit, never below zero; none: not known.
    pub importance: Option<f64>,
    /// What its score lacks of a full one, in points; none: it has no score.
    pub gap: Option<f64>,
    /// Both multiplied, as a share of the largest; none: one is not known.
    pub priority: Option<f64>,
    /// Where it stands; none: one is not known.
    pub quadrant: Option<Quadrant>,
}

/// Drivers of an outcome in the periods up to one, what gains most first; what nothing is known of comes last.
pub fn priorities<'a>(
    outcome: &Kpi,
    upto: Period,
    frames: &'a dyn Frames,
    score: impl Fn(&Kpi) -> Option<f64>,
) -> Vec<Priority<'a>> {
    let project = frames.project();
    let all = pairs(project).into_iter().filter(|pair| pair.effect.id == outcome.id);
    let drivers: Vec<Priority<'a>> = all
        .map(|pair| {
            let found = link::found(&pair, upto, frames);
            let importance = found.as_ref().ok().map(|found| gained(&pair, found));
            // Scores are whole millionths of a point, and so is what they lack.
            let gap = score(pair.cause).map(|score| (((FULL - score) * 1e6).round() / 1e6).max(0.0));
            Priority { driver: pair.cause, found, importance, gap, priority: None, quadrant: None }
        })
        .collect();
    ranked(drivers)
}

/// By how much an outcome gets better with a typical move of its driver, in the way in which that is believed; what goes the other way gains
/// nothing.
fn gained(pair: &Pair<'_>, found: &Found) -> f64 {
    (found.association.effect * expected_sign(pair)).max(0.0)
}

/// So many drivers have to be known before it is said where one stands among them.
const ENOUGH: usize = 4;

/// The middle of some numbers.
fn middle(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    let at = |n: usize| all.get(n).copied();
    match all.len() {
        0 => None,
        n if n % 2 == 1 => at(n / 2),
        n => Some((at(n / 2 - 1)? + at(n / 2)?) / 2.0),
    }
}

fn ranked(mut all: Vec<Priority<'_>>) -> Vec<Priority<'_>> {
    let importance = middle(all.iter().filter_map(|of| of.importance).collect());
    let gap = middle(all.iter().filter_map(|of| of.gap).collect());
    let product = |of: &Priority<'_>| Some(of.importance? * of.gap?);
    let largest = all.iter().filter_map(product).fold(0.0, f64::max);
    // Of few there is always one on either side of the middle, however alike they are.
    let enough = all.iter().filter_map(product).count() >= ENOUGH;
    for of in &mut all {
        of.priority = product(of).map(|own| if largest > 0.0 { own / largest } else { 0.0 });
        let is_much = |of: Option<f64>, middle: Option<f64>| Some(of? > 0.0 && of? >= middle?);
        let both = is_much(of.importance, importance).zip(is_much(of.gap, gap));
        of.quadrant = both.filter(|_| enough).map(|(matters, lacks)| match (matters, lacks) {
            (true, true) => Quadrant::ActFirst,
            (true, false) => Quadrant::Keep,
            (false, true) => Quadrant::Later,
            (false, false) => Quadrant::Watch,
        });
    }
    // Those that are not known last; of equals by name.
    let key = |of: &Priority<'_>| of.priority.unwrap_or(-1.0);
    all.sort_by(|a, b| key(b).total_cmp(&key(a)).then_with(|| a.driver.id.cmp(&b.driver.id)));
    all
}

#[cfg(test)]
mod tests {
    use kepi_model::{
        check::{Options, check},
        source_text::{SourceFile, SourceMap},
    };

    use super::*;

    /// Four drivers, worked out by hand: importances 4, 3, 1, 2 points of the outcome; gaps 50, 0, 60, 10 points.
    /// Products 200, 0, 60, 20, as shares of the largest 1, 0, 0.3, 0.1. Middles: importance (2 + 3) / 2 = 2.5, gap (10 + 50) / 2 = 30.
    #[test]
    fn the_matrix_is_that_worked_out_by_hand() {
        let mut text = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nentity: answer\nname: Answer\nkey: [id]\ntime: \
                        at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n"
            .to_owned();
        for kpi in ["a", "b", "c", "d", "e"] {
            text += &format!(
                "---\nkpi: {kpi}\nname: {kpi}\nbetter: higher\nmeasure: {{share: {{of: answer, which: good}}}}\nperiod: month\n"
            );
        }
        let files = SourceMap::new(vec![SourceFile { path: "world.yml".to_owned(), text: text.into() }]);
        let checked = check(&files, &Options::default());
        let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
        let of = |kpi: &str, importance, gap| Priority {
            driver: &project.kpis[&kpi.parse().unwrap()],
            found: Err(Untold::NeverMoved),
            importance,
            gap,
            priority: None,
            quadrant: None,
        };
        let all = vec![
            of("c", Some(1.0), Some(60.0)),
            of("e", None, Some(99.0)),
            of("b", Some(3.0), Some(0.0)),
            of("a", Some(4.0), Some(50.0)),
            of("d", Some(2.0), Some(10.0)),
        ];
        // The gap of what nothing is known of counts among gaps: middle of 0, 10, 50, 60, 99 is 50.
        let found: Vec<(&str, Option<f64>, Option<Quadrant>)> =
            ranked(all).into_iter().map(|of| (of.driver.id.as_str(), of.priority, of.quadrant)).collect();
        assert_eq!(
            found,
            [
                ("a", Some(1.0), Some(Quadrant::ActFirst)),
                ("c", Some(0.3), Some(Quadrant::Later)),
                ("d", Some(0.1), Some(Quadrant::Watch)),
                ("b", Some(0.0), Some(Quadrant::Keep)),
                ("e", None, None),
            ]
        );
    }
}
