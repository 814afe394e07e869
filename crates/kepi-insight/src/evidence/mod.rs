//! Evidence for what is promised: worlds in which the truth is known, and what is called out in them.
//!
//! A world is made from a seed. Its **clean twin** has the same seasons, drifts, noise and unequal sizes, and nothing happens in
//! it; whatever is called out there is false. `kepi evidence insight` runs many and prints how often; `make test` runs few.

mod asked;
mod doubts;
mod links;
mod outlooks;
mod places;
mod published;
mod report;
mod world;

pub use asked::{Asked, alike, answered, asked, driven, pulling, styled};
pub use doubts::{Doubts, Fault, doubts, landed};
use kepi_model::{id::KpiId, project::Project};
use kepi_query::value::Segment;
use kepi_stats::{
    estimate::{Interval, Level, NotComputable},
    estimation::proportion,
};
pub use links::{Linked, Links, links};
pub use outlooks::{Outlooks, outlooks};
pub use places::{Fall, Places, fallen, places, turned};
pub use published::Published;
pub use report::{Floor, Line};
pub use world::{Shape, World};

use crate::change::{Review, Verdict, reviewed};

/// So many of so many, with the interval of the share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    /// The share with its interval (Wilson).
    ///
    /// # Errors
    /// Of nothing there is no share.
    pub fn share(self) -> Result<(f64, Interval), NotComputable> {
        let estimate = proportion::wilson(self.hits, self.of, Level::NINETY_FIVE)?;
        Ok((estimate.point, estimate.interval?))
    }
}

/// Whether a review calls anything out of a KPI: its total, or a member.
#[must_use]
pub fn calls_out(review: &Review, kpi: &KpiId) -> bool {
    let of = review.judged.get(kpi).into_iter().flatten();
    of.filter_map(|(_, judged)| judged.ok()).any(|u| matches!(u.verdict, Verdict::Beyond | Verdict::Drifting))
}

/// Whether it calls the total out.
#[must_use]
pub fn calls_total_out(review: &Review, kpi: &KpiId) -> bool {
    let judged = review.judged.get(kpi).and_then(|of| of.get(&Segment::total()));
    judged.is_some_and(|j| j.is_ok_and(|u| matches!(u.verdict, Verdict::Beyond | Verdict::Drifting)))
}

/// What was found over many worlds of a shape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Clean months in which anything was called out.
    pub false_months: Tally,
    /// KPIs called out in clean months.
    pub false_kpis: u64,
    /// Shifts by size in spreads, on a scorecard and elsewhere: found in their first month.
    pub power: Vec<(u32, Tally, Tally)>,
    /// Among what was called out beside true shifts, what was false.
    pub false_share: Tally,
}

/// Sizes of planted shifts, in the spread of the KPI's own total.
pub const SIZES: [u32; 3] = [3, 4, 5];
/// KPIs in which a shift is planted, on a scorecard and elsewhere.
const PLANTED: usize = 10;

/// Runs so many clean worlds of a shape, and plants shifts in every `plant_every`-th of them.
#[must_use]
pub fn run(shape: &Shape, seeds: std::ops::Range<u64>, plant_every: u64, threads: usize) -> Found {
    let project = World::project(shape);
    let mut found = Found {
        power: SIZES.map(|size| (size, Tally::default(), Tally::default())).into(),
        ..Found::default()
    };
    for seed in seeds {
        let world = World::clean(seed, shape);
        let review = reviewed(&project, &world.frame(&project), world.last(), 1, threads);
        let called_out = project.kpis.keys().filter(|kpi| calls_out(&review, kpi)).count();
        found.false_months.add(called_out > 0);
        found.false_kpis += called_out as u64;
        if !seed.is_multiple_of(plant_every) {
            continue;
        }
        for (size, on_scorecard, elsewhere) in &mut found.power {
            plant(
                &project,
                &world,
                (*size, seed),
                [on_scorecard, elsewhere],
                &mut found.false_share,
                threads,
            );
        }
    }
    found
}

fn plant(
    project: &Project,
    world: &World,
    (size, seed): (u32, u64),
    [on_scorecard, elsewhere]: [&mut Tally; 2],
    false_share: &mut Tally,
    threads: usize,
) {
    let (shifted, planted) = world.shifted(seed, f64::from(size), PLANTED);
    let review = reviewed(project, &shifted.frame(project), shifted.last(), 1, threads);
    for kpi in project.kpis.keys().filter(|kpi| calls_out(&review, kpi)) {
        false_share.add(!planted.iter().any(|(known, _)| known == kpi));
    }
    for (kpi, is_on_scorecard) in &planted {
        let tally = if *is_on_scorecard { &mut *on_scorecard } else { &mut *elsewhere };
        tally.add(calls_out(&review, kpi));
    }
}
