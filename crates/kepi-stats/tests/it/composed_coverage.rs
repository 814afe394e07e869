//! How often intervals of formulas cover: by simulation, under dependence from one end to the other.

use kepi_stats::{
    distribution::normal,
    estimate::Level,
    estimation::{
        composed::{Composed, each_of},
        difference::Limits,
    },
};

/// Uniform numbers between 0 and 1, always the same ones (Weyl sequence mixed as in SplitMix64, Steele and others 2014).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f64 {
        normal::quantile(self.next().clamp(1e-12, 1.0 - 1e-12))
    }
}

fn input(place: usize) -> Box<Composed> {
    Box::new(Composed::Input(place))
}

/// Growth, a product, a difference, the least of two: names and formulas.
fn formulas() -> [(&'static str, Composed); 4] {
    let growth = Composed::Divide(Box::new(Composed::Subtract(input(0), input(1))), input(1));
    [
        ("growth", growth),
        ("product", Composed::Multiply(input(0), input(1))),
        ("difference", Composed::Subtract(input(0), input(1))),
        ("least", Composed::Least(vec![Composed::Input(0), Composed::Input(1)])),
    ]
}

/// True values and standard errors of two estimates that are normal, as those of large samples are.
const TRUTH: [(f64, f64); 2] = [(11.0, 1.0), (10.0, 0.8)];
const TRIES: usize = 4000;

#[test]
fn the_box_covers_whatever_the_dependence() {
    let level = Level::NINETY_FIVE;
    let z = each_of(2, level).unwrap().z();
    let mut least: f64 = 1.0;
    for (name, of) in formulas() {
        let truth = of.at(&TRUTH.map(|(value, _)| value)).unwrap();
        for correlation in [-1.0, -0.7, 0.0, 0.7, 1.0] {
            let mut numbers = Numbers(7);
            let covered = (0..TRIES).filter(|_| {
                let (x, y) = (numbers.normal(), numbers.normal());
                let other = correlation * x + f64::sqrt(1.0 - correlation * correlation) * y;
                let ends: Vec<(f64, f64)> = TRUTH
                    .iter()
                    .zip([x, other])
                    .map(|((value, error), by)| {
                        let point = value + error * by;
                        (point - z * error, point + z * error)
                    })
                    .collect();
                of.range(&ends).is_some_and(|(low, high)| low <= truth && truth <= high)
            });
            let share = covered.count() as f64 / TRIES as f64;
            least = least.min(share);
            // Three standard errors of a share of 95 % in so many tries.
            assert!(
                share > 0.95 - 3.0 * (0.95 * 0.05 / TRIES as f64).sqrt(),
                "{name} {correlation}: {share}"
            );
        }
    }
    // Under the worst dependence it is not much wider than needed.
    assert!(least < 0.975, "{least}");
}

#[test]
fn recovered_variances_cover_what_is_independent_and_are_narrower() {
    let z = Level::NINETY_FIVE.z();
    let wide = each_of(2, Level::NINETY_FIVE).unwrap().z();
    for (name, of) in formulas().into_iter().filter(|(name, _)| ["product", "difference"].contains(name)) {
        let truth = of.at(&TRUTH.map(|(value, _)| value)).unwrap();
        let mut numbers = Numbers(11);
        let (mut covered, mut narrow, mut broad) = (0, 0.0, 0.0);
        for _ in 0..TRIES {
            let limits: Vec<Limits> = TRUTH
                .iter()
                .map(|(value, error)| {
                    let point = value + error * numbers.normal();
                    Limits { point, low: point - z * error, high: point + z * error }
                })
                .collect();
            let found = of.of_independent(&limits).unwrap();
            covered += usize::from(found.low <= truth && truth <= found.high);
            narrow += found.high - found.low;
            let by = wide / z;
            let ends: Vec<(f64, f64)> = limits
                .iter()
                .map(|l| (l.point - by * (l.point - l.low), l.point + by * (l.high - l.point)))
                .collect();
            let (low, high) = of.range(&ends).unwrap();
            broad += high - low;
        }
        let share = covered as f64 / TRIES as f64;
        assert!((share - 0.95).abs() < 0.015, "{name}: {share}");
        assert!(narrow < 0.75 * broad, "{name}: {narrow} {broad}");
    }
}
