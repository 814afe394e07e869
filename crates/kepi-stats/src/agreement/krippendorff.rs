//! Krippendorff's alpha: agreement of any number of coders, with gaps, on any scale.
#![expect(clippy::indexing_slicing, reason = "all tables are as large as the set of values")]

use crate::estimate::NotComputable;

/// The scale of the values, which fixes how far apart two of them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measurement {
    /// Names: different or not.
    #[default]
    Nominal,
    /// Ranks: by the number of values between.
    Ordinal,
    /// Differences: squared.
    Interval,
    /// Ratios: squared relative to the sum.
    Ratio,
}

/// Alpha `1 − D_o/D_e`; `codings[coder][unit]`, `None` where a coder skipped a unit.
///
/// Units coded once say nothing and are left out. Errors: `TooFew` when no unit has two codings, `NoVariation` when
/// only one value occurs. O(units · coders² + values²). Source: Krippendorff 2011.
pub fn alpha(codings: &[Vec<Option<f64>>], measurement: Measurement) -> Result<f64, NotComputable> {
    let units = codings.first().map_or(0, Vec::len);
    for coder in codings {
        NotComputable::unless_same_length("units", coder.len(), units)?;
        if coder.iter().flatten().any(|value| !value.is_finite()) {
            return Err(NotComputable::NotFinite { what: "a coding".to_owned() });
        }
    }
    let by_unit: Vec<Vec<f64>> = (0..units)
        .map(|unit| codings.iter().filter_map(|coder| coder[unit]).collect::<Vec<f64>>())
        .filter(|values| values.len() > 1)
        .collect();
    NotComputable::unless_enough(by_unit.iter().map(Vec::len).sum(), 2)?;
    let mut values: Vec<f64> = by_unit.iter().flatten().copied().collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let k = values.len();
    let place = |value: f64| values.partition_point(|known| *known < value);
    let mut coincidences = vec![vec![0.0; k]; k];
    for unit in &by_unit {
        let pairs = unit.len() as f64 - 1.0;
        for (first, left) in unit.iter().enumerate() {
            for (second, right) in unit.iter().enumerate() {
                if first != second {
                    coincidences[place(*left)][place(*right)] += 1.0 / pairs;
                }
            }
        }
    }
    let totals: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let n: f64 = totals.iter().sum();
    let distance = |c: usize, d: usize| -> f64 {
        match measurement {
            Measurement::Nominal => f64::from(u8::from(c != d)),
            Measurement::Ordinal => {
                let (low, high) = (c.min(d), c.max(d));
                let between: f64 = totals[low..=high].iter().sum();
                (between - 0.5 * (totals[low] + totals[high])).powi(2)
            }
            Measurement::Interval => (values[c] - values[d]).powi(2),
            Measurement::Ratio if values[c] + values[d] == 0.0 => 0.0,
            Measurement::Ratio => ((values[c] - values[d]) / (values[c] + values[d])).powi(2),
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for c in 0..k {
        for d in 0..k {
            if c != d {
                observed += coincidences[c][d] * distance(c, d);
                expected += totals[c] * totals[d] * distance(c, d);
            }
        }
    }
    NotComputable::unless_finite("the expected disagreement", &[expected])?;
    if expected <= 0.0 {
        return Err(NotComputable::NoVariation);
    }
    Ok(1.0 - (n - 1.0) * observed / expected)
}
