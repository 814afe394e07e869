//! Mix against rate: how much of the difference of two overall rates is composition.

use crate::estimate::NotComputable;

/// One segment of one side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Size: customers, applicants, visits. Not negative.
    pub weight: f64,
    /// Rate of the segment, in any unit; read only where the weight is positive.
    pub rate: f64,
}

/// How the interaction of changed mix and changed rate is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interaction {
    /// Half to each, by averaging both sides (Kitagawa's two-part form). The default.
    #[default]
    Midpoint,
    /// Kept as a part of its own (three-part form, from the base side).
    Separate,
}

/// The parts of a difference, by segment, in the unit of the rate.
#[derive(Debug, Clone, PartialEq)]
pub struct MixRate {
    /// Overall rate of the second side less that of the first.
    pub total: f64,
    /// Part of changed rates, by segment.
    pub rate: Vec<f64>,
    /// Part of changed composition, by segment.
    pub mix: Vec<f64>,
    /// Interaction, by segment; all zero for [`Interaction::Midpoint`].
    pub interaction: Vec<f64>,
}

impl MixRate {
    /// Sum of the rate parts.
    #[must_use]
    pub fn rate_total(&self) -> f64 {
        self.rate.iter().sum()
    }

    /// Sum of the mix parts.
    #[must_use]
    pub fn mix_total(&self) -> f64 {
        self.mix.iter().sum()
    }
}

/// Splits the difference `after − before` of two overall rates; the parts add up exactly but for rounding. O(segments).
///
/// With shares w: rate part `½(w₀+w₁)(r₁−r₀)`, mix part `½(r₀+r₁)(w₁−w₀)`. A segment that is empty on one
/// side has no rate there; it takes the rate of the other side, so its whole effect is mix.
/// Source: Kitagawa (1955).
///
/// # Errors
/// `ZeroDenominator` when a side has no weight; `Invalid` for negative weights or other lengths; `NotFinite`.
pub fn mix_rate(
    before: &[Segment],
    after: &[Segment],
    interaction: Interaction,
) -> Result<MixRate, NotComputable> {
    NotComputable::unless_same_length("segments", before.len(), after.len())?;
    NotComputable::unless_enough(before.len(), 1)?;
    let total_of = |side: &[Segment]| -> Result<f64, NotComputable> {
        if side.iter().any(|s| s.weight < 0.0) {
            return Err(NotComputable::invalid("a segment has a negative weight"));
        }
        if side.iter().any(|s| !s.weight.is_finite() || (s.weight > 0.0 && !s.rate.is_finite())) {
            return Err(NotComputable::NotFinite { what: "a segment".to_owned() });
        }
        let total = side.iter().map(|s| s.weight).sum::<f64>();
        if total > 0.0 { Ok(total) } else { Err(NotComputable::ZeroDenominator) }
    };
    let (total_before, total_after) = (total_of(before)?, total_of(after)?);
    let mut parts = MixRate { total: 0.0, rate: Vec::new(), mix: Vec::new(), interaction: Vec::new() };
    for (old, new) in before.iter().zip(after) {
        let (w0, w1) = (old.weight / total_before, new.weight / total_after);
        let (r0, r1) = match (old.weight > 0.0, new.weight > 0.0) {
            (true, true) => (old.rate, new.rate),
            (true, false) => (old.rate, old.rate),
            (false, true) => (new.rate, new.rate),
            (false, false) => (0.0, 0.0),
        };
        parts.total += w1 * r1 - w0 * r0;
        match interaction {
            Interaction::Midpoint => {
                parts.rate.push(0.5 * (w0 + w1) * (r1 - r0));
                parts.mix.push(0.5 * (r0 + r1) * (w1 - w0));
                parts.interaction.push(0.0);
            }
            Interaction::Separate => {
                parts.rate.push(w0 * (r1 - r0));
                parts.mix.push(r0 * (w1 - w0));
                parts.interaction.push((w1 - w0) * (r1 - r0));
            }
        }
    }
    Ok(parts)
}
