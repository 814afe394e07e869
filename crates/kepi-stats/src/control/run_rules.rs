//! Run rules on control charts, and their exact average run length: how long until a false alarm.

use std::collections::BTreeMap;

use crate::distribution::normal;
use crate::estimate::NotComputable;

/// A rule that makes a chart signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RunRule {
    /// One point beyond this many standard deviations on either side.
    Beyond {
        /// Standard deviations.
        sigma: f64,
    },
    /// `hits` of the last `of` points beyond `sigma` on one side.
    Several {
        /// Points that must lie beyond.
        hits: u32,
        /// Points looked at.
        of: u32,
        /// Standard deviations.
        sigma: f64,
    },
    /// So many points in a row on one side of the centre.
    OneSide {
        /// Points in a row.
        length: u32,
    },
}

/// The four rules of Western Electric 1956: 1 beyond 3σ; 2 of 3 beyond 2σ; 4 of 5 beyond 1σ; 8 on one side.
pub const WESTERN_ELECTRIC: [RunRule; 4] = [
    RunRule::Beyond { sigma: 3.0 },
    RunRule::Several { hits: 2, of: 3, sigma: 2.0 },
    RunRule::Several { hits: 4, of: 5, sigma: 1.0 },
    RunRule::OneSide { length: 8 },
];

/// What the rules remember: per rule a pair of bit histories, and the signed run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Memory {
    histories: Vec<(u32, u32)>,
    run: i64,
}

impl Memory {
    fn start(rules: &[RunRule]) -> Self {
        Self { histories: vec![(0, 0); rules.len()], run: 0 }
    }

    /// Takes a standardised point; returns which rules signal.
    fn take(&mut self, rules: &[RunRule], z: f64) -> Vec<bool> {
        let longest =
            rules.iter().map(|rule| if let RunRule::OneSide { length } = rule { *length } else { 0 }).max();
        self.run = match z {
            z if z > 0.0 => self.run.max(0) + 1,
            z if z < 0.0 => self.run.min(0) - 1,
            _ => 0,
        };
        let side = self.run.unsigned_abs();
        let signals = rules
            .iter()
            .zip(&mut self.histories)
            .map(|(rule, history)| match rule {
                RunRule::Beyond { sigma } => z.abs() > *sigma,
                RunRule::OneSide { length } => side >= u64::from(*length),
                RunRule::Several { hits, of, sigma } => {
                    let window = (1_u64 << of) - 1;
                    let push =
                        |bits: u32, hit: bool| (((u64::from(bits) << 1) | u64::from(hit)) & window) as u32;
                    let (up, down) = (push(history.0, z > *sigma), push(history.1, z < -*sigma));
                    // Only the last `of − 1` points matter to the next one.
                    let keep = (window >> 1) as u32;
                    *history = (up & keep, down & keep);
                    up.count_ones() >= *hits || down.count_ones() >= *hits
                }
            })
            .collect();
        // Without a rule on runs, or beyond what it asks, the run is not remembered.
        let cap = i64::from(longest.unwrap_or(0));
        self.run = self.run.clamp(-cap, cap);
        signals
    }
}

/// Which rules each point triggers, by position in `rules`; history is kept across signals.
///
/// Errors: `Invalid` for a rule that cannot be, or sigma not positive; `NotFinite`.
pub fn signals(
    values: &[f64],
    centre: f64,
    sigma: f64,
    rules: &[RunRule],
) -> Result<Vec<Vec<usize>>, NotComputable> {
    NotComputable::unless_finite("the values", values)?;
    check(rules)?;
    if sigma.is_nan() || sigma <= 0.0 || !centre.is_finite() {
        return Err(NotComputable::invalid("run rules need a positive standard deviation"));
    }
    let mut memory = Memory::start(rules);
    Ok(values
        .iter()
        .map(|value| {
            let hits = memory.take(rules, (value - centre) / sigma);
            hits.iter().enumerate().filter(|(_, hit)| **hit).map(|(index, _)| index).collect()
        })
        .collect())
}

/// Average number of points until the first signal, for independent normal points shifted by `shift` σ.
///
/// Exact: the rules' memory is a finite Markov chain (Champ and Woodall 1987), whose survival probabilities are
/// summed; the tail is geometric once its rate has settled to 10⁻¹⁵. With `shift` 0 this is the time to a false
/// alarm. Cost: states (a few hundred for the usual rules) × run length.
/// Errors: `Invalid` for impossible rules; `OutOfRange` beyond 200,000 states.
pub fn average_run_length(rules: &[RunRule], shift: f64) -> Result<f64, NotComputable> {
    check(rules)?;
    if !shift.is_finite() {
        return Err(NotComputable::NotFinite { what: "the shift".to_owned() });
    }
    let mut edges: Vec<f64> = rules
        .iter()
        .filter_map(|rule| match rule {
            RunRule::Beyond { sigma } | RunRule::Several { sigma, .. } => Some(*sigma),
            RunRule::OneSide { .. } => None,
        })
        .flat_map(|sigma| [-sigma, sigma])
        .collect();
    edges.push(0.0);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let mut zones = Vec::with_capacity(edges.len() + 1);
    let mut low = f64::NEG_INFINITY;
    for high in edges.into_iter().chain([f64::INFINITY]) {
        let inside = match (low.is_finite(), high.is_finite()) {
            (true, true) => 0.5 * (low + high),
            (false, _) => high - 1.0,
            (_, false) => low + 1.0,
        };
        // The probability from the nearer tail, so that far zones keep their digits.
        let probability = if low - shift > 0.0 {
            normal::above(low - shift) - normal::above(high - shift)
        } else {
            normal::below(high - shift) - normal::below(low - shift)
        };
        zones.push((inside, probability));
        low = high;
    }
    let mut numbers: BTreeMap<Memory, usize> = BTreeMap::new();
    let mut states = vec![Memory::start(rules)];
    numbers.insert(Memory::start(rules), 0);
    let mut transitions: Vec<(usize, usize, f64)> = Vec::new();
    let mut next = 0;
    while let Some(state) = states.get(next).cloned() {
        for (point, probability) in &zones {
            let mut after = state.clone();
            if after.take(rules, *point).contains(&true) {
                continue;
            }
            let number = *numbers.entry(after.clone()).or_insert_with(|| {
                states.push(after);
                states.len() - 1
            });
            transitions.push((next, number, *probability));
        }
        if states.len() > 200_000 {
            return Err(NotComputable::OutOfRange { bound: "200000 states".to_owned() });
        }
        next += 1;
    }
    let mut mass = vec![0.0; states.len()];
    if let Some(first) = mass.first_mut() {
        *first = 1.0;
    }
    let (mut length, mut alive, mut rate, mut settled) = (0.0, 1.0_f64, 0.0, 0);
    for _ in 0..2_000_000 {
        length += alive;
        let mut after = vec![0.0; mass.len()];
        for (from, to, probability) in &transitions {
            if let (Some(source), Some(target)) = (mass.get(*from), after.get_mut(*to)) {
                *target += source * probability;
            }
        }
        let left: f64 = after.iter().sum();
        let now = left / alive;
        settled = if (now - rate).abs() <= 1e-15 { settled + 1 } else { 0 };
        (mass, rate, alive) = (after, now, left);
        if alive < 1e-300 {
            return Ok(length);
        }
        if settled >= 20 {
            return Ok(length + alive / (1.0 - rate));
        }
    }
    Err(NotComputable::NoConvergence { margin: "the run length".to_owned() })
}

/// False alarms to expect in a year: `charts · points per year / ARL₀`.
pub fn false_alarms_per_year(charts: u32, points_per_year: f64, run_length: f64) -> f64 {
    f64::from(charts) * points_per_year / run_length
}

fn check(rules: &[RunRule]) -> Result<(), NotComputable> {
    NotComputable::unless_enough(rules.len(), 1)?;
    let possible = rules.iter().all(|rule| match rule {
        RunRule::Beyond { sigma } => *sigma > 0.0 && sigma.is_finite(),
        RunRule::Several { hits, of, sigma } => {
            *hits >= 1 && hits <= of && *of <= 31 && *sigma > 0.0 && sigma.is_finite()
        }
        RunRule::OneSide { length } => *length >= 1,
    });
    if possible { Ok(()) } else { Err(NotComputable::invalid("a run rule asks for what cannot be")) }
}
