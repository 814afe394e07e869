//! Planning a survey: sample sizes, allocation, engagement weights, whom to invite.

use crate::estimate::{Level, NotComputable};

/// Completed answers needed for a proportion within `± margin`: `n₀ = z²p(1 − p)/e²`, and with a finite population
/// `n₀/(1 + (n₀ − 1)/N)`. Not rounded. Source: Cochran 1977, § 4.4.
///
/// `proportion` 0.5 is the cautious choice. Errors: `Invalid` outside (0, 1) or for an empty population.
pub fn size_for_proportion(
    proportion: f64,
    margin: f64,
    population: Option<u64>,
    level: Level,
) -> Result<f64, NotComputable> {
    if !(proportion > 0.0 && proportion < 1.0 && margin > 0.0 && margin < 1.0) {
        return Err(NotComputable::invalid("a proportion and its margin lie between 0 and 1"));
    }
    let z = level.z();
    finite(z * z * proportion * (1.0 - proportion) / (margin * margin), population)
}

/// Answers needed for a mean within `± margin`: `z²s²/e²`, with the finite correction as above.
pub fn size_for_mean(
    deviation: f64,
    margin: f64,
    population: Option<u64>,
    level: Level,
) -> Result<f64, NotComputable> {
    if !(deviation > 0.0 && margin > 0.0 && deviation.is_finite()) {
        return Err(NotComputable::invalid("a standard deviation and a margin are positive"));
    }
    let z = level.z();
    finite(z * z * deviation * deviation / (margin * margin), population)
}

fn finite(unlimited: f64, population: Option<u64>) -> Result<f64, NotComputable> {
    match population {
        None => Ok(unlimited),
        Some(0) => Err(NotComputable::NoRows),
        Some(people) => Ok(unlimited / (1.0 + (unlimited - 1.0) / people as f64)),
    }
}

/// Half the width of the interval of a mean of `n` answers: `z·s·√((N − n)/(n(N − 1)))`, what [`size_for_mean`] inverts; without a
/// population `z·s/√n`. Nothing is uncertain where everybody answered. Source: Cochran 1977, § 4.4.
///
/// Errors: `NoRows` without an answer; `Invalid` for more answers than people, or a deviation that is none.
pub fn margin_of_mean(
    deviation: f64,
    n: f64,
    population: Option<u64>,
    level: Level,
) -> Result<f64, NotComputable> {
    if !(deviation > 0.0 && deviation.is_finite()) {
        return Err(NotComputable::invalid("a standard deviation is positive"));
    }
    if n <= 0.0 {
        return Err(NotComputable::NoRows);
    }
    let unlimited = level.z() * deviation / n.sqrt();
    match population {
        None => Ok(unlimited),
        Some(people) if n > people as f64 => {
            Err(NotComputable::invalid("there are more answers than people"))
        }
        Some(people) if people < 2 => Ok(0.0),
        Some(people) => Ok(unlimited * ((people as f64 - n) / (people as f64 - 1.0)).sqrt()),
    }
}

/// Neyman's allocation of `n` answers to strata: `n_h ∝ N_h S_h`, never more than the stratum holds.
///
/// What a full stratum cannot take goes to the others. Not rounded. Source: Neyman 1934.
pub fn neyman(sizes: &[f64], deviations: &[f64], n: f64) -> Result<Vec<f64>, NotComputable> {
    NotComputable::unless_same_length("sizes and deviations", sizes.len(), deviations.len())?;
    NotComputable::unless_enough(sizes.len(), 1)?;
    NotComputable::unless_finite("the strata", sizes)?;
    NotComputable::unless_finite("the deviations", deviations)?;
    if sizes.iter().chain(deviations).any(|value| *value < 0.0) || n > sizes.iter().sum::<f64>() {
        return Err(NotComputable::invalid("strata are not negative and hold at least the sample"));
    }
    let mut full = vec![false; sizes.len()];
    loop {
        let taken: f64 = sizes.iter().zip(&full).filter(|(_, full)| **full).map(|(size, _)| size).sum();
        let need: f64 = sizes
            .iter()
            .zip(deviations)
            .zip(&full)
            .filter(|(_, full)| !**full)
            .map(|((n, s), _)| n * s)
            .sum();
        if need == 0.0 {
            return Err(NotComputable::NoVariation);
        }
        let shares: Vec<f64> = sizes
            .iter()
            .zip(deviations)
            .zip(&full)
            .map(
                |((size, deviation), full)| if *full { *size } else { (n - taken) * size * deviation / need },
            )
            .collect();
        let before = full.iter().filter(|full| **full).count();
        for ((share, size), full) in shares.iter().zip(sizes).zip(&mut full) {
            *full = *full || share > size;
        }
        if full.iter().filter(|full| **full).count() == before {
            return Ok(shares);
        }
    }
}

/// Weight of someone invited with a chance `rate` at each of `touches` contacts: `1/π`, `π = 1 − (1 − rate)^touches`.
///
/// People who show up often are asked more often; this undoes it. Rake and trim afterwards.
pub fn engagement_weight(rate: f64, touches: u32) -> Result<f64, NotComputable> {
    if !(rate > 0.0 && rate <= 1.0) || touches == 0 {
        return Err(NotComputable::invalid("an invitation needs a rate in (0, 1] and a touch"));
    }
    if rate == 1.0 {
        return Ok(1.0);
    }
    Ok(-1.0 / libm::expm1(f64::from(touches) * libm::log1p(-rate)))
}

/// Whether a customer is invited: the same answer on every machine for a seed, independent between seeds.
pub fn invited(seed: u64, id: &str, rate: f64) -> bool {
    lot(seed, id) < rate
}

/// The lot of a customer, a number in [0, 1): the same on every machine for a seed, independent between seeds. Those with the lowest
/// are a simple random sample.
///
/// The id is hashed with the seed (FNV-1a, then SplitMix64).
pub fn lot(seed: u64, id: &str) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    crate::random::Random::seeded(hash).uniform()
}

/// Whether a customer is in quarantine: asked less than `days` ago. Times are microseconds.
pub fn quarantined(last_asked: Option<i64>, now: i64, days: u32) -> bool {
    const DAY: i64 = 86_400_000_000;
    last_asked.is_some_and(|asked| now.saturating_sub(asked) < i64::from(days) * DAY)
}
