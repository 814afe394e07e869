//! What moved a score, in words.

use kepi_model::calendar::Period;
use kepi_score::bridge::{self, Effect, Step};

use super::Reporter;
use crate::{
    format,
    view::{Bridge, BridgeKpi, BridgePart, Named, Points, signed_parts},
};

/// Names in a sentence; the others are counted.
const MOST_NAMES: usize = 3;

/// The steps of each part and effect, in the order of effects and parts.
pub(crate) fn by_part(of: &bridge::Bridge) -> Vec<&[Step]> {
    of.steps.chunk_by(|a, b| a.effect == b.effect && a.part == b.part).collect()
}

/// What the steps of a part bring together.
pub(crate) fn sum(steps: &[Step]) -> i64 {
    steps.iter().map(|step| step.points).sum()
}

impl Reporter<'_> {
    pub(super) fn bridge_view(self, of: &bridge::Bridge, period: Period) -> Bridge {
        let parts = by_part(of);
        let points = signed_parts(&parts.iter().map(|steps| sum(steps)).collect::<Vec<_>>());
        let parts = parts.into_iter().zip(points).filter_map(|(steps, points)| {
            let first = steps.first()?;
            Some(BridgePart {
                name: first.part_name.clone(),
                effect: first.effect.code(),
                points,
                said: said(first.effect, steps),
                kpis: steps.iter().map(kpi).collect(),
            })
        });
        Bridge {
            from_label: self.label(period.offset(-1)),
            from: Points::new(of.from),
            parts: parts.collect(),
            to_label: self.label(period),
            to: Points::new(of.to),
        }
    }
}

fn kpi(step: &Step) -> BridgeKpi {
    let score = |of: Option<i64>| of.map_or("no score".to_owned(), |micro| format::points(micro, 1));
    let (before, after) = (score(step.before), score(step.after));
    BridgeKpi {
        kpi: Named::new(&step.kpi, &step.kpi_name),
        points: Points { micro: step.points, text: format::signed_points(step.points, 6) },
        score: if before == after { before } else { format!("{before} → {after}") },
    }
}

fn said(effect: Effect, steps: &[Step]) -> String {
    let of = |text: &dyn Fn(&Step) -> String| {
        let mut all: Vec<String> = steps.iter().take(MOST_NAMES).map(text).collect();
        let more = steps.len().saturating_sub(MOST_NAMES);
        if more > 0 {
            all.push(format!("{more} more"));
        }
        all.join(", ")
    };
    let name = |step: &Step| step.kpi_name.clone();
    match effect {
        // The bar says it.
        Effect::Performance => String::new(),
        Effect::Definition => format!("defined otherwise: {}", of(&name)),
        Effect::Targets => format!("other targets: {}", of(&name)),
        Effect::Weights => format!("other weights: {}", of(&name)),
        Effect::Coverage => of(&|step| match (step.before, step.after) {
            (None, Some(after)) => format!("{} came in at {}", step.kpi_name, format::points(after, 1)),
            (Some(before), None) => format!("{} left, last at {}", step.kpi_name, format::points(before, 1)),
            _ => format!("{} counts otherwise", step.kpi_name),
        }),
    }
}
