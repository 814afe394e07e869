//! The budget of false call-outs: how sure one must be before anything is called out. **The only place that compares a p-value
//! with a level.**
//!
//! What is promised: where nothing is going on, at most one month in ten shows anything; otherwise at most one in ten call-outs
//! is false. The tenth is the project's `attention`. Of the whole budget each family of tests has a share; a calendar month has
//! one budget, which the grains of a project share; and within a batch, all series of a grain that end in one period, it is
//! held by two levels of tests: KPIs first, then the members of those that are chosen.

use kepi_model::{
    calendar::{Grain, Period},
    project::{Attention, Kpi, Project},
};
use kepi_stats::{
    distribution::{normal, student},
    estimate::{Level, NotComputable},
    multiplicity::{Adjustment, limits, rejected, simes},
};

use crate::{association::Association, verdict::Verdict};

/// Tests that share a part of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Whether values changed.
    Change,
    /// Whether data are in doubt.
    Doubt,
    /// Whether one KPI goes with another.
    Link,
    /// Whether KPIs pull against each other.
    Tension,
    /// Whether members stand out for long.
    Standing,
}

impl Family {
    /// The share of the budget, given the families that analyses claim: change has what no other claims. Faults of data are gross and need
    /// little of it.
    #[must_use]
    pub fn share(self, claimed: &[Self]) -> f64 {
        match self {
            Self::Change => {
                1.0 - claimed
                    .iter()
                    .filter(|of| **of != Self::Change)
                    .map(|of| of.share(claimed))
                    .sum::<f64>()
            }
            Self::Doubt => 0.05,
            Self::Link | Self::Tension | Self::Standing => 0.1,
        }
    }
}

/// The families that analyses of this version claim; a test holds it against the list of them.
pub const CLAIMED: &[Family] = &[Family::Doubt, Family::Change, Family::Standing, Family::Link];

/// Of what is promised, what is spent: the tests are approximations, and clean worlds show that they spend somewhat more than
/// their level says (`kepi evidence insight`).
pub const NOMINAL: f64 = 0.7;

/// Share of a KPI's level that is spent on its total; the rest is spent on its members.
const TOTAL: f64 = 0.8;

/// The level of a batch of change tests: what the month of its end has, divided among the grains of the project; a day gets a
/// thirtieth of it, a week seven thirtieths. No sequential spending: what was published does not hang on what came before it.
#[must_use]
pub fn level(attention: &Attention, grain: Grain, grains: usize, claimed: &[Family]) -> f64 {
    let budget = NOMINAL * attention.false_call_outs * Family::Change.share(claimed);
    budget * of_month(grain) / grains.max(1) as f64
}

/// The part of a month that a period is, at most the whole of it.
fn of_month(grain: Grain) -> f64 {
    match grain {
        Grain::Day => 1.0 / 30.0,
        Grain::Week => 7.0 / 30.0,
        Grain::Month | Grain::Quarter | Grain::HalfYear | Grain::Year => 1.0,
    }
}

/// A p-value from which on nothing is called out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit(f64);

impl Limit {
    /// Whether a p-value is called out.
    pub(crate) fn calls_out(self, p: f64) -> bool {
        p <= self.0
    }

    /// So many deviations, either way, have this p-value by Student's distribution.
    pub(crate) fn deviations(self, degrees: f64) -> f64 {
        -student::quantile((self.0 / 2.0).clamp(1e-300, 0.5), degrees)
    }
}

/// The limit of one of so many questions about data that a period raises: their share of the budget, half for figures and half for deliveries,
/// divided among the grains of the project and among the questions (Bonferroni).
pub(crate) fn doubting(project: &Project, grain: Grain, asked: usize) -> Limit {
    let grains: std::collections::BTreeSet<Grain> =
        project.kpis.values().flat_map(|kpi| kpi.also.iter().copied().chain([kpi.period])).collect();
    let budget = NOMINAL * project.attention.false_call_outs * Family::Doubt.share(CLAIMED) / 2.0;
    Limit(budget * of_month(grain) / (grains.len().max(1) * asked.max(1)) as f64)
}

/// What a KPI counts among others: what is on a scorecard in force on the last day of the period most, then what has a target.
#[must_use]
pub fn weight(project: &Project, kpi: &Kpi, period: Period) -> f64 {
    let day = project.calendar.last_day(period);
    let in_force = project.scorecards.values().filter_map(|scorecard| match &day {
        Ok(day) => scorecard.in_force(*day),
        Err(_) => Some(scorecard),
    });
    let objectives = in_force.flat_map(|scorecard| &scorecard.perspectives).flat_map(|p| &p.objectives);
    let on_scorecard = objectives.flat_map(|o| o.kpis()).any(|id| *id == kpi.id);
    if on_scorecard {
        project.attention.scorecards
    } else if day.is_ok_and(|day| kpi.targets.iter().any(|target| target.from <= day)) {
        project.attention.targets
    } else {
        1.0
    }
}

/// The p-values of a KPI in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Tests {
    /// What the KPI counts among others.
    pub weight: f64,
    /// Of the total; none where it has no verdict.
    pub total: Option<f64>,
    /// Of members, by dimension or combination.
    pub members: Vec<Vec<f64>>,
}

/// A p-value held against its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// At most this calls it out, everything else being as it is.
    pub limit: f64,
    /// Whether it is called out.
    pub called_out: bool,
}

/// What becomes of the tests of a KPI.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Of the total.
    pub total: Option<Held>,
    /// Of members, as given.
    pub members: Vec<Vec<Held>>,
}

impl Tests {
    /// One p-value for "nothing changed in this KPI": of the total, and of dimensions by Simes's inequality of those of members.
    fn combined(&self) -> f64 {
        let dimensions: Vec<f64> = self.members.iter().filter_map(|p| simes(p)).collect();
        let members = simes(&dimensions);
        let (of_total, of_members) = self.parts();
        let total = self.total.map(|p| p / of_total);
        [total, members.map(|p| p / of_members)].into_iter().flatten().fold(1.0, f64::min)
    }

    /// The shares of total and members; all of it where only one of them is tested.
    fn parts(&self) -> (f64, f64) {
        let tests_members = self.members.iter().any(|p| !p.is_empty());
        match (self.total.is_some(), tests_members) {
            (true, true) => (TOTAL, 1.0 - TOTAL),
            _ => (1.0, 1.0),
        }
    }
}

/// Decides a batch at a level of false call-outs.
///
/// KPIs by Benjamini and Hochberg with weights; within a chosen one the total is called out if it alone would have chosen the KPI,
/// and members by Benjamini and Hochberg at `level · R ⁄ K` with R of K chosen, which holds the mean share of false members over the
/// KPIs that are shown. Source: Benjamini and Bogomolov 2014, *Selective inference on multiple families of hypotheses*.
///
/// # Errors
/// `Invalid` for a p-value outside [0, 1] or a weight that is not positive.
pub fn decide(tests: &[Tests], level: f64) -> Result<Vec<Decided>, NotComputable> {
    let combined: Vec<f64> = tests.iter().map(Tests::combined).collect();
    let weights: Vec<f64> = tests.iter().map(|of| of.weight).collect();
    let of_kpis = limits(&combined, &weights, level)?;
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    let mut decided = Vec::new();
    for ((of, combined), limit) in tests.iter().zip(combined).zip(of_kpis) {
        let chosen = combined <= limit;
        let (of_total, of_members) = of.parts();
        // Weights never let through what alone would not pass.
        let held = |p: f64, limit: f64, may: bool| {
            let limit = limit.min(level);
            Held { limit, called_out: may && p <= limit }
        };
        let within = (limit * mean / of.weight).min(1.0);
        let all: Vec<f64> = of.members.iter().flatten().copied().collect();
        let mut of_member =
            if all.is_empty() { Vec::new() } else { limits(&all, &vec![1.0; all.len()], within)? }
                .into_iter();
        let dimensions = of.members.iter().filter(|p| !p.is_empty()).count().max(1) as f64;
        let members = of.members.iter().map(|p_values| {
            // Alone it would have to choose the KPI first.
            let alone = limit * of_members / (dimensions * p_values.len() as f64);
            let of_dimension = p_values.iter().zip(of_member.by_ref());
            of_dimension
                .map(|(p, own)| held(*p, if chosen { own } else { own.min(alone) }, chosen))
                .collect::<Vec<_>>()
        });
        decided.push(Decided {
            members: members.collect(),
            total: of.total.map(|p| held(p, limit * of_total, chosen)),
        });
    }
    Ok(decided)
}

/// Whether a difference with this variance is beyond sampling error alone, at 95 %.
#[must_use]
pub(crate) fn beyond_sampling(difference: f64, variance: f64) -> bool {
    variance > 0.0 && difference.abs() > Level::NINETY_FIVE.z() * variance.sqrt()
}

/// The same of one of so many differences that are asked as one question (Bonferroni).
#[must_use]
pub(crate) fn beyond_sampling_of(difference: f64, variance: f64, asked: usize) -> bool {
    variance > 0.0 && difference.abs() > deviations(asked) * variance.sqrt()
}

/// Which of several members stand apart from the rest in a period, each by its deviation: Holm over all of them, at the share of the budget
/// that standing has.
#[must_use]
pub(crate) fn apart(attention: &Attention, deviations: &[f64]) -> Vec<bool> {
    let level = NOMINAL * attention.false_call_outs * Family::Standing.share(CLAIMED);
    let p: Vec<f64> = deviations.iter().map(|z| normal::two_sided(*z)).collect();
    rejected(&p, Adjustment::Holm, level).unwrap_or_else(|_| vec![false; deviations.len()])
}

/// Whether what is that probable is as good as sure: so, or not so, at 95 % with both sides counted.
pub(crate) fn sure(chance: f64) -> Option<bool> {
    match chance {
        chance if chance >= 0.975 => Some(true),
        chance if chance <= 0.025 => Some(false),
        _ => None,
    }
}

/// What a target asks, by how probable it is that it is met if nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ambition {
    /// It comes by itself, four times in five or more often.
    ByItself,
    /// It does not, and may be reached.
    Stretches,
    /// The own past reaches it once in fifty times, or more seldom.
    OutOfReach,
}

pub(crate) fn ambition(chance: f64) -> Ambition {
    match chance {
        chance if chance >= 0.8 => Ambition::ByItself,
        chance if chance >= 0.02 => Ambition::Stretches,
        _ => Ambition::OutOfReach,
    }
}

/// What is to be thought of an expected association, one of so many: its share of the budget is divided among them (Bonferroni). Supported
/// if its interval lies on the expected side of nothing, contradicted if on the other; *no* needs power: the interval leaves out the
/// smallest effect worth having. Else it cannot be told. With the ends of the interval.
#[must_use]
pub fn expected(
    attention: &Attention,
    asked: usize,
    of: &Association,
    sign: f64,
    worth: Option<f64>,
) -> (Verdict, (f64, f64)) {
    let level = NOMINAL * attention.false_call_outs * Family::Link.share(CLAIMED) / asked.max(1) as f64;
    at(level, of, sign, worth)
}

/// The level of what is asked for and called out to nobody.
const ASKED: f64 = 0.05;

/// The same of what somebody asks for, one of so many.
pub(crate) fn together(
    of: &Association,
    sign: f64,
    worth: Option<f64>,
    asked: usize,
) -> (Verdict, (f64, f64)) {
    at(ASKED / asked.max(1) as f64, of, sign, worth)
}

/// The level at which what is left of an association that fell is told apart from nothing: of those that stopped, one in two hundred passes for one
/// that did not.
const LEFT: f64 = 0.01;

/// Whether anything is left for certain of an association that fell.
pub(crate) fn is_left(of: &Association, sign: f64) -> bool {
    at(LEFT, of, sign, None).0 == Verdict::Yes
}

/// So many deviations of the normal distribution hold each of so many figures at 95 % together (Bonferroni).
pub(crate) fn deviations(asked: usize) -> f64 {
    -normal::quantile(ASKED / (2 * asked.max(1)) as f64)
}

/// Whether a share is another than before, by so many of its errors: at 99 %.
pub(crate) fn another_share(deviations: f64) -> bool {
    normal::two_sided(deviations) <= 0.01
}

/// Whether a p-value of what somebody asked for is small.
pub(crate) fn beyond_usual(p: f64) -> bool {
    p <= ASKED
}

/// Whether so many rows of one file, one of so many, are beyond chance at 99 %.
pub(crate) fn gathered(p: f64, files: usize) -> bool {
    files > 1 && p * files as f64 <= LEFT
}

/// Whether the greatest of the differences between what comes before and after each period of the middle half is beyond chance: its square has 7.93
/// as its 95 % quantile (Andrews 1993, *Tests for parameter instability*, Table I for one parameter and a quarter trimmed).
pub(crate) fn breaks(t: f64) -> bool {
    t > 0.0 && t * t > 7.93
}

fn at(level: f64, of: &Association, sign: f64, worth: Option<f64>) -> (Verdict, (f64, f64)) {
    let half = -student::quantile(level / 2.0, of.degrees.max(1.0)) * of.error;
    let (low, high) = (of.effect - half, of.effect + half);
    let (least, most) = if sign < 0.0 { (-high, -low) } else { (low, high) };
    let verdict = if least > 0.0 {
        Verdict::Yes
    } else if most < 0.0 {
        Verdict::Contrary
    } else if worth.is_some_and(|worth| most < worth) {
        Verdict::No
    } else {
        Verdict::Unknown
    };
    (verdict, (low, high))
}

#[cfg(test)]
mod tests {
    use kepi_stats::random::Random;
    use proptest::prelude::*;

    use super::*;

    fn attention() -> Attention {
        Attention { false_call_outs: 0.1, scorecards: 20.0, targets: 5.0 }
    }

    #[test]
    fn a_month_has_one_budget() {
        let level = |grain, grains| level(&attention(), grain, grains, &[Family::Change]);
        assert!((level(Grain::Month, 1) - 0.07).abs() < 1e-15);
        assert!((level(Grain::Month, 2) + 30.0 * level(Grain::Day, 2) - 0.07).abs() < 1e-15);
        let claimed = [Family::Change, Family::Doubt, Family::Standing];
        let shares = claimed.map(|family| family.share(&claimed));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn no_needs_power() {
        let of = |effect, error, sign, worth| {
            let association =
                Association { effect, error, degrees: 49.0, moves: 1.0, units: Some(50), periods: 36 };
            expected(&attention(), 1, &association, sign, worth).0
        };
        assert_eq!(of(1.0, 0.2, 1.0, None), Verdict::Yes);
        assert_eq!(of(1.0, 0.2, -1.0, None), Verdict::Contrary);
        assert_eq!(of(-1.0, 0.2, -1.0, None), Verdict::Yes);
        assert_eq!(of(0.1, 0.2, 1.0, Some(0.9)), Verdict::No);
        assert_eq!(of(0.1, 0.2, 1.0, Some(0.5)), Verdict::Unknown);
        assert_eq!(of(0.1, 0.2, 1.0, None), Verdict::Unknown);
        // The more links are believed in, the more it takes.
        let association =
            Association { effect: 1.0, error: 0.3, degrees: 49.0, moves: 1.0, units: Some(50), periods: 36 };
        assert_eq!(expected(&attention(), 1, &association, 1.0, None).0, Verdict::Yes);
        assert_eq!(expected(&attention(), 50, &association, 1.0, None).0, Verdict::Unknown);
    }

    #[test]
    fn a_total_is_called_out_at_its_limit() {
        let tests = |p: f64| {
            let quiet = Tests { weight: 1.0, total: Some(0.6), members: vec![vec![0.5, 0.9]] };
            vec![Tests { weight: 20.0, total: Some(p), members: vec![vec![0.4, 0.6]] }, quiet]
        };
        // Of two with weights 20 and 1, mean 10.5: 0.07 · ½ · (20 ⁄ 10.5) · 0.8.
        let limit = 0.07 / 2.0 * 20.0 / 10.5 * 0.8;
        for (p, called_out) in [(limit * 0.999, true), (limit * 1.001, false)] {
            let decided = decide(&tests(p), 0.07).unwrap();
            let total = decided[0].total.unwrap();
            assert!((total.limit - limit).abs() < 1e-15);
            assert_eq!(total.called_out, called_out);
            assert!(!decided[1].total.unwrap().called_out);
            assert!(decided.iter().flat_map(|of| &of.members).flatten().all(|held| !held.called_out));
        }
    }

    #[test]
    fn members_are_called_out_only_within_a_chosen_kpi() {
        let quiet = Tests { weight: 1.0, total: Some(0.6), members: vec![vec![0.5, 0.9]] };
        let by_member = Tests { weight: 1.0, total: Some(0.2), members: vec![vec![1e-6, 0.5], vec![0.3]] };
        let decided = decide(&[by_member, quiet], 0.07).unwrap();
        assert!(decided[0].members[0][0].called_out && !decided[0].members[0][1].called_out);
        assert!(!decided[0].total.unwrap().called_out);
        assert!(decided[1].members[0].iter().all(|held| !held.called_out));
    }

    proptest! {
        #[test]
        fn a_member_that_is_not_called_out_would_be_at_its_limit(seed in 0..400u64) {
            let mut random = Random::seeded(seed);
            let mut tests: Vec<Tests> = (0..6).map(|_| Tests {
                weight: 1.0 + random.below(20) as f64,
                total: Some(random.uniform()),
                members: vec![(0..4).map(|_| random.uniform()).collect(), (0..2).map(|_| random.uniform()).collect()],
            }).collect();
            let before = decide(&tests, 0.1).unwrap();
            let held = before[0].members[0][0];
            if !held.called_out {
                tests[0].members[0][0] = held.limit * (1.0 - 1e-9);
                prop_assert!(decide(&tests, 0.1).unwrap()[0].members[0][0].called_out);
            }
            // Whatever else is in the project, order changes nothing.
            tests.reverse();
            let mut turned = decide(&tests, 0.1).unwrap();
            tests.reverse();
            turned.reverse();
            prop_assert_eq!(turned, decide(&tests, 0.1).unwrap());
        }
    }

    #[test]
    fn clean_batches_show_something_as_seldom_as_the_level_says() {
        let mut random = Random::seeded(17);
        let mut clean = || Tests {
            weight: 1.0,
            total: Some(random.uniform()),
            members: (0..3).map(|_| (0..5).map(|_| random.uniform()).collect()).collect(),
        };
        let shown = (0..2_000).filter(|_| {
            let batch: Vec<Tests> = (0..40).map(|_| clean()).collect();
            let decided = decide(&batch, 0.07).unwrap();
            decided.iter().any(|of| {
                of.total.is_some_and(|h| h.called_out) || of.members.iter().flatten().any(|h| h.called_out)
            })
        });
        // 140 of 2 000 are expected; three standard deviations are 34.
        let shown = shown.count();
        assert!(shown < 175, "{shown}");
    }
}
