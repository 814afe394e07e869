//! Whether what was to be expected comes: figures of quiet months, and the month after.

use kepi_model::project::{Better, TargetLines};
use kepi_query::value::Segment;

use super::{Linked, Published, Shape, Tally, World, asked::says, world::spread};
use crate::{
    forecast,
    frame::Scale,
    policy::{Ambition, ambition},
    sentence::Sentence,
};

/// What was found over many worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlooks {
    /// Months whose value lay in the range said a month before.
    pub covered: Tally,
    /// Months whose value lay in the range said half a year before.
    pub later: Tally,
    /// Months whose value lay in the range said beside a leading indicator.
    pub led: Tally,
    /// Months in which what was said beside it was closer than what was said without.
    pub led_closer: Tally,
    /// Targets five spreads off, of which it is said that they are out of reach.
    pub infeasible: Tally,
    /// Targets half a spread off, of which that is said falsely.
    pub feasible_false: Tally,
}

/// KPIs of a world.
const KPIS: usize = 8;
/// Earlier months.
const MONTHS: usize = 36;

/// Runs so many worlds.
#[must_use]
pub fn outlooks(seeds: std::ops::Range<u64>) -> Outlooks {
    let shape = Shape { kpis: KPIS, on_scorecard: 2, members: Vec::new(), periods: MONTHS + 6 };
    let project = World::project(&shape);
    let mut found = Outlooks::default();
    for seed in seeds {
        led(seed, &mut found);
        let world = World::clean(seed, &shape);
        let truth = world.frame(&project);
        let mut frame = truth.clone();
        for series in frame.kpis.values_mut().flat_map(|of| of.values_mut()) {
            series.truncate(MONTHS);
        }
        let published = Published::new(project.clone(), frame);
        for kpi in project.kpis.values() {
            let Ok(course) = forecast::of(kpi, published.last(), &published) else { continue };
            for (step, tally) in [(0, &mut found.covered), (5, &mut found.later)] {
                let Some(ahead) = course.ahead.get(step) else { continue };
                let value = truth.figure(&kpi.id, &Segment::total(), ahead.period.ordinal);
                value
                    .into_iter()
                    .for_each(|value| tally.add((ahead.low..=ahead.high).contains(&value.point)));
            }
            let Some(next) = course.ahead.first() else { continue };
            let size = spread(&course.past, |value| Scale::Arcsine.to(*value).unwrap_or(0.0));
            for (off, tally) in [(5.0, &mut found.infeasible), (0.5, &mut found.feasible_false)] {
                let place = Scale::Arcsine.to(next.expected).unwrap_or(0.0) + off * size;
                // Nothing lies above all of them.
                if place >= std::f64::consts::FRAC_PI_2 {
                    continue;
                }
                let target = Scale::Arcsine.from(place);
                let lines = TargetLines::OneSided { floor: None, threshold: 0.0, target, stretch: None };
                let chance = course.chance(next, &lines, Better::Higher);
                tally.add(ambition(chance) == Ambition::OutOfReach);
            }
        }
    }
    found
}

/// A total that is moved by another the month before, and what was said of its last month, of which nothing was known.
fn led(seed: u64, found: &mut Outlooks) {
    let truth = Linked::new(seed, 0, 61, 0.8).0;
    let mut known = truth.clone();
    known.frame.kpis.values_mut().flat_map(|of| of.values_mut()).for_each(|series| series.truncate(60));
    let said = says("outlook", "effect", &known).map(|of| of.says).unwrap_or_default();
    let plain = said.iter().find_map(|of| if let Sentence::Outlook(of) = of { Some(of.ahead) } else { None });
    let led = said
        .iter()
        .find_map(|of| if let Sentence::WithLeader { ahead, .. } = of { Some(*ahead) } else { None });
    let (Some(plain), Some(led), Ok(effect)) = (plain, led, "effect".parse()) else { return };
    let Some(value) = truth.frame.figure(&effect, &Segment::total(), led.period.ordinal) else { return };
    found.led.add((led.low..=led.high).contains(&value.point));
    found.led_closer.add((led.expected - value.point).abs() < (plain.expected - value.point).abs());
}
