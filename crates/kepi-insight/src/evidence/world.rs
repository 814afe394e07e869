//! A project of monthly shares with segments, in which nothing new happens unless it is planted.

use std::fmt::Write as _;

use kepi_model::{
    calendar::Grain,
    check::{Options, check},
    id::KpiId,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::{Coverage, Segment};
use kepi_stats::{estimate::Level, estimation::proportion, random::Random};

use crate::frame::{Figure, Frame};

/// How large a world is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// KPIs.
    pub kpis: usize,
    /// Of them, those on the scorecard: a divisor of 100.
    pub on_scorecard: usize,
    /// Members of each dimension; each is a partition of the rows.
    pub members: Vec<usize>,
    /// Months.
    pub periods: usize,
}

/// Hits and rows of every series in every month.
#[derive(Debug, Clone)]
pub struct World {
    shape: Shape,
    /// By KPI, series (the total first) and month.
    cells: Vec<Vec<Vec<(u64, u64)>>>,
}

/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;

/// The definitions of a world.
fn definitions(shape: &Shape) -> Project {
    let mut text = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\n\
        entity: answer\nname: Answer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n"
        .to_owned();
    for dimension in 0..shape.members.len() {
        let _ = writeln!(text, "  d{dimension}: {{type: text}}");
    }
    text.push_str("---\nstrategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  all: {name: All, perspective: all, owner: owner}\n");
    text.push_str("---\nscorecard: card\nname: Card\nperiod: month\nperspectives:\n  all:\n    weight: 100%\n    objectives:\n      all:\n        weight: 100%\n        kpis:\n");
    for kpi in 0..shape.on_scorecard {
        let _ = writeln!(text, "          k{kpi}: {}%", 100 / shape.on_scorecard.max(1));
    }
    let by: Vec<String> = (0..shape.members.len()).map(|dimension| format!("d{dimension}")).collect();
    for kpi in 0..shape.kpis {
        let _ = write!(
            text,
            "---\nkpi: k{kpi}\nname: K{kpi}\nobjective: all\nindicator: leading\nbetter: higher\nmeasure: {{share: {{of: answer, which: good}}}}\n\
             period: month\nby: [{}]\naccountable: owner\n",
            by.join(", ")
        );
    }
    defined(&text)
}

/// The project of a world's definitions.
pub(super) fn defined(text: &str) -> Project {
    let files = SourceMap::new(vec![SourceFile { path: "world.yml".to_owned(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    // A test checks that these are definitions.
    #[expect(clippy::panic, reason = "a world that is not one must be seen")]
    checked.value.unwrap_or_else(|| panic!("a world: {:?}", checked.findings))
}

fn kpi_id(kpi: usize) -> Option<KpiId> {
    format!("k{kpi}").parse().ok()
}

impl World {
    /// The definitions of worlds of a shape.
    ///
    /// # Panics
    /// They are none: the shape asks for what cannot be defined.
    #[must_use]
    pub fn project(shape: &Shape) -> Project {
        definitions(shape)
    }

    /// A world in which nothing new happens: rates from 10 % to 83 %, 200 to 20 000 rows a month, each KPI with a noise of its own
    /// that may hang together from month to month, a third with a season, a fifth with a slow drift; members with noise of their
    /// own beside that of their KPI.
    #[must_use]
    pub fn clean(seed: u64, shape: &Shape) -> Self {
        let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(17));
        let cells = (0..shape.kpis).map(|_| kpi(&mut random, shape)).collect();
        Self { shape: shape.clone(), cells }
    }

    /// The ordinal of the last month.
    #[must_use]
    pub fn last(&self) -> i32 {
        FIRST + self.shape.periods as i32 - 1
    }

    /// What would be published of it.
    #[must_use]
    pub fn frame(&self, project: &Project) -> Frame {
        let mut frame = Frame::new(Grain::Month);
        let segments = segments(&self.shape);
        for (kpi, series) in self.cells.iter().enumerate() {
            let Some(id) = kpi_id(kpi).filter(|id| project.kpis.contains_key(id)) else { continue };
            for (segment, months) in segments.iter().zip(series) {
                for (month, (hits, rows)) in months.iter().enumerate() {
                    let Ok(estimate) = proportion::wilson(*hits, *rows, Level::NINETY_FIVE) else { continue };
                    let coverage = Coverage { counted: *rows, eligible: *rows, cases: *rows };
                    let figure = Figure::of(FIRST + month as i32, &estimate, true);
                    frame.push(&id, segment, figure.with(coverage));
                }
            }
        }
        frame
    }

    /// The same with a lasting shift in the last month: in `each` KPIs on the scorecard and in as many elsewhere, in all their
    /// rows, of so many spreads of their total from month to month. Says in which, and which are on the scorecard.
    #[must_use]
    pub fn shifted(&self, seed: u64, spreads: f64, each: usize) -> (Self, Vec<(KpiId, bool)>) {
        let mut random = Random::seeded(seed.wrapping_add(0x5151));
        let mut shifted = self.clone();
        let on_scorecard = self.shape.on_scorecard;
        let each = each.min(on_scorecard).min(self.shape.kpis - on_scorecard);
        let mut places: Vec<usize> = (0..self.shape.kpis).collect();
        let (first, rest) = places.split_at_mut(on_scorecard);
        random.shuffle(first);
        random.shuffle(rest);
        let chosen: Vec<usize> = first.iter().take(each).chain(rest.iter().take(each)).copied().collect();
        let mut planted = Vec::new();
        for kpi in chosen {
            let Some(series) = shifted.cells.get_mut(kpi) else { continue };
            let place =
                |(hits, rows): &(u64, u64)| libm::asin(((*hits as f64 + 0.4) / (*rows as f64 + 0.8)).sqrt());
            // The last month is the one that shifts.
            let before =
                series.first().and_then(|months| months.split_last()).map_or(&[][..], |(_, before)| before);
            let size = spreads * spread(before, place);
            let step = if random.uniform() < 0.5 { -size } else { size };
            for months in series.iter_mut() {
                let Some((hits, rows)) = months.last_mut() else { continue };
                let rate = (*hits as f64 + 0.5) / (*rows as f64 + 1.0);
                let moved = (libm::asin(rate.sqrt()) + step).clamp(0.0, std::f64::consts::FRAC_PI_2);
                let sine = libm::sin(moved);
                *hits = binomial(&mut random, *rows, sine * sine);
            }
            planted.extend(kpi_id(kpi).map(|id| (id, kpi < on_scorecard)));
        }
        (shifted, planted)
    }
}

/// The total, then all members of all dimensions.
fn segments(shape: &Shape) -> Vec<Segment> {
    let members = shape.members.iter().enumerate().flat_map(|(dimension, members)| {
        let id = format!("d{dimension}").parse();
        (0..*members).filter_map(move |member| Some(Segment::one(id.clone().ok()?, &format!("m{member}"))))
    });
    std::iter::once(Segment::total()).chain(members).collect()
}

/// The spread of a series from month to month by the median of its steps, on the scale of shares.
pub(super) fn spread<T>(months: &[T], place: impl Fn(&T) -> f64) -> f64 {
    let places: Vec<f64> = months.iter().map(place).collect();
    let mut steps: Vec<f64> =
        places.windows(2).map(|pair| pair.iter().fold(0.0, |a, b| b - a).abs()).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).map_or(0.0, |median| 1.4826 * median / 2_f64.sqrt())
}

fn kpi(random: &mut Random, shape: &Shape) -> Vec<Vec<(u64, u64)>> {
    let between = |random: &mut Random, low: f64, high: f64| low + (high - low) * random.uniform();
    let rows = libm::exp(between(random, libm::log(200.0), libm::log(20_000.0)));
    let level = between(random, -2.2, 1.6);
    let noise = libm::exp(libm::log(0.06) + 0.5 * random.normal());
    let inertia = [0.0, 0.0, 0.3, 0.6].get(random.below(4)).copied().unwrap_or(0.0);
    let swing = if random.uniform() < 0.3 { between(random, 0.05, 0.25) } else { 0.0 };
    let drift = if random.uniform() < 0.2 { 0.006 * random.normal() } else { 0.0 };
    let phase = random.below(12) as f64;
    let mut state = random.normal();
    let common: Vec<f64> = (0..shape.periods)
        .map(|month| {
            if month > 0 {
                state = inertia * state + (1.0 - inertia * inertia).sqrt() * random.normal();
            }
            let season = libm::cos(2.0 * std::f64::consts::PI * (month as f64 + phase) / 12.0);
            level + noise * state + swing * season + drift * month as f64
        })
        .collect();
    let months: Vec<f64> = (0..shape.periods).map(|_| libm::exp(0.1 * random.normal())).collect();
    let mut series = Vec::new();
    let mut total: Vec<(u64, u64)> = Vec::new();
    for members in &shape.members {
        // Unequal shares: exponentials, divided by their sum.
        let sizes: Vec<f64> =
            (0..*members).map(|_| -libm::log(random.uniform() * random.uniform())).collect();
        let all: f64 = sizes.iter().sum();
        let mut sums = vec![(0, 0); shape.periods];
        for size in sizes {
            let offset = 0.25 * random.normal();
            let mut own = Vec::new();
            for ((common, month), sum) in common.iter().zip(&months).zip(&mut sums) {
                let logit = common + offset + 0.8 * noise * random.normal();
                let n = poisson(random, rows * size / all * month);
                let hits = binomial(random, n, 1.0 / (1.0 + libm::exp(-logit)));
                own.push((hits, n));
                *sum = (sum.0 + hits, sum.1 + n);
            }
            series.push(own);
        }
        // The total is that of the last dimension: others would differ by what members were drawn apart.
        total = sums;
    }
    if total.is_empty() {
        total = common
            .iter()
            .map(|logit| {
                let n = poisson(random, rows);
                (binomial(random, n, 1.0 / (1.0 + libm::exp(-logit))), n)
            })
            .collect();
    }
    series.insert(0, total);
    series
}

/// Above this variance a count is drawn from the normal distribution.
const MANY: f64 = 100.0;

fn rounded(random: &mut Random, mean: f64, variance: f64, most: f64) -> u64 {
    (mean + variance.sqrt() * random.normal()).round().clamp(0.0, most) as u64
}

fn poisson(random: &mut Random, mean: f64) -> u64 {
    if mean > MANY {
        return rounded(random, mean, mean, f64::MAX);
    }
    let (mut n, mut left, mut mass) = (0_u32, random.uniform(), libm::exp(-mean));
    while left > mass && n < 10_000 {
        left -= mass;
        n += 1;
        mass *= mean / f64::from(n);
    }
    u64::from(n)
}

pub(super) fn binomial(random: &mut Random, n: u64, p: f64) -> u64 {
    let (rows, q) = (n as f64, 1.0 - p);
    if rows * p * q > MANY {
        return rounded(random, rows * p, rows * p * q, rows);
    }
    if p > 0.5 {
        return n - binomial(random, n, q);
    }
    let (mut hits, mut left) = (0, random.uniform());
    let mut mass = libm::exp(rows * libm::log1p(-p));
    while left > mass && hits < n {
        left -= mass;
        hits += 1;
        mass *= (rows - hits as f64 + 1.0) / hits as f64 * p / q;
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_drawn_with_their_mean_and_variance() {
        let mut random = Random::seeded(2);
        let draws = 20_000;
        let mut of = |draw: &mut dyn FnMut(&mut Random) -> u64| {
            let all: Vec<f64> = (0..draws).map(|_| draw(&mut random) as f64).collect();
            let mean = all.iter().sum::<f64>() / f64::from(draws);
            (mean, all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(draws))
        };
        for (n, p) in [(40, 0.1), (40, 0.9), (5_000, 0.3)] {
            let (mean, variance) = of(&mut |random| binomial(random, n, p));
            let rows = n as f64;
            assert!(
                (mean / (rows * p) - 1.0).abs() < 0.02
                    && (variance / (rows * p * (1.0 - p)) - 1.0).abs() < 0.05
            );
        }
        for wanted in [3.0, 900.0] {
            let (mean, variance) = of(&mut |random| poisson(random, wanted));
            assert!((mean / wanted - 1.0).abs() < 0.02 && (variance / wanted - 1.0).abs() < 0.05);
        }
    }

    #[test]
    fn a_world_is_the_same_from_the_same_seed() {
        let shape = Shape { kpis: 6, on_scorecard: 2, members: vec![3, 2], periods: 14 };
        let project = World::project(&shape);
        assert_eq!(project.kpis.len(), 6);
        let (one, other) = (World::clean(4, &shape), World::clean(4, &shape));
        assert_eq!(one.cells, other.cells);
        assert_ne!(one.cells, World::clean(5, &shape).cells);
        assert_eq!(one.frame(&project).kpis.values().map(|of| of.len()).sum::<usize>(), 6 * 6);
        let (shifted, planted) = one.shifted(1, 4.0, 2);
        assert_eq!(planted.iter().filter(|(_, on_scorecard)| *on_scorecard).count(), 2);
        assert_eq!(planted.len(), 4);
        assert_ne!(shifted.cells, one.cells);
    }
}
