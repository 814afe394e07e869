//! Rules of thumb and splits without an oracle: hand calculations, identities and simulations.

use kepi_stats::decomposition::respondents::{Respondent, respondents};
use kepi_stats::decomposition::root_cause::{Leaf, RootCauseOptions, root_causes};
use kepi_stats::distribution::student;
use kepi_stats::estimate::{Estimate, Interval, Level, Method, NotComputable};
use kepi_stats::gaming::myopia::myopia;
use kepi_stats::judgement::{Practice, maturity};
use kepi_stats::privacy::release::{ReleaseRules, Withheld, withheld};
use kepi_stats::reconciliation::concordance;
use kepi_stats::series::accuracy;
use kepi_stats::series::smoothing::{self, deviation};
use kepi_stats::survey::design::Survey;
use kepi_stats::survey::invariance::Moments;

use crate::support::{Check, Random};

const LEVEL: Level = Level::NINETY_FIVE;

pub fn values(check: &mut Check) {
    score_up(check);
    released(check);
    // Lin 1989 in closed form: x = 1…4 and y shifted by one have s² = 5/4 over n and C = 5/2 / (5/2 + 1) = 5/7. With
    // r = 1 only location is left: Var z = (2C³(1 − C)u² − C⁴u⁴/2) / ((1 − C²)²) / (n − 2), u² = 1/(5/4).
    let x = [1.0, 2.0, 3.0, 4.0];
    let shifted = concordance(&x, &x.map(|value| value + 1.0), LEVEL).unwrap();
    let (c, u2) = (5.0 / 7.0_f64, 0.8);
    let variance =
        (2.0 * c.powi(3) * (1.0 - c) * u2 - 0.5 * c.powi(4) * u2 * u2) / (1.0 - c * c).powi(2) / 2.0;
    check.close("concordance", shifted.point, c, 1e-12);
    let interval = shifted.interval.unwrap();
    check.close("its lower end", interval.low, (c.atanh() - LEVEL.z() * variance.sqrt()).tanh(), 1e-9);
    check.close("its upper end", interval.high, (c.atanh() + LEVEL.z() * variance.sqrt()).tanh(), 1e-9);
    let forecast = |point: f64, half: f64| Estimate {
        point,
        interval: Ok(Interval::around(point, half, LEVEL)),
        n: 40,
        effective_n: 40.0,
        method: Method::Forecast,
    };
    let surprise = deviation(&forecast(100.0, 10.0), 110.0).unwrap();
    check.close("deviation at the end of the interval", surprise.p, 0.05, 1e-12);
    check.close("its z", surprise.z, 1.959_963_984_540_054, 1e-12);
    check.equal("a forecast of no width", deviation(&forecast(1.0, 0.0), 2.0).is_err(), true);
    // Both directions must be shown: the weaker one decides.
    let both = myopia(&forecast(5.0, 2.0), &forecast(-3.0, 2.0)).unwrap();
    let weaker = kepi_stats::distribution::normal::above(1.5 * LEVEL.z());
    check.close("score up, outcome down", both.p, weaker, 1e-9);
    check.equal(
        "score up, outcome up",
        myopia(&forecast(5.0, 2.0), &forecast(3.0, 2.0)).unwrap().p > 0.99,
        true,
    );
    let practice = |name, level, evidence| Practice { name, level, evidence };
    let area =
        maturity(&[practice("review", 4, 2), practice("owner", 2, 1), practice("tests", 5, 3)]).unwrap();
    check.equal("level of the area", (area.level, area.holding), (2, vec!["owner"]));
    let area = maturity(&[practice("review", 4, 0), practice("owner", 2, 1)]).unwrap();
    check.equal("claims without evidence", (area.level, area.holding), (0, vec!["review"]));
    check.equal("no practice", maturity(&[]).unwrap_err(), NotComputable::NoRows);
}

fn customer(before: Option<f64>, after: Option<f64>, stays: (bool, bool)) -> Respondent {
    Respondent { before, after, customer_before: stays.0, customer_after: stays.1 }
}

/// Two answered twice (6→8, 8→8), 2 left, 4 fell silent, 10 came, 6 spoke up again.
fn score_up(check: &mut Check) {
    let customers = [
        customer(Some(6.0), Some(8.0), (true, true)),
        customer(Some(8.0), Some(8.0), (true, true)),
        customer(Some(2.0), None, (true, false)),
        customer(Some(4.0), None, (true, true)),
        customer(None, Some(10.0), (false, true)),
        customer(None, Some(6.0), (true, true)),
        customer(None, None, (true, false)),
    ];
    let parts = respondents(&customers, LEVEL).unwrap();
    check.close("change of the mean", parts.total, 3.0, 1e-12);
    check.close("within", parts.within.point, 1.0, 1e-12);
    check.close("composition", parts.composition.point, 0.5 + 1.25, 1e-12);
    check.close("answering", parts.answering.point, -0.5 + 0.75, 1e-12);
    let half = student::critical(LEVEL, 1.0) * 1.0;
    check.close("within is the paired interval", parts.within.interval.unwrap().high, 1.0 + half, 1e-12);
    check.equal(
        "one of a kind shows no spread",
        parts.composition.interval.unwrap_err(),
        NotComputable::TooFew { n: 1, need: 2 },
    );
    let wrong = [customer(Some(1.0), Some(1.0), (false, true))];
    check.equal("an answer from nobody", respondents(&wrong, LEVEL).is_err(), true);
    check.equal("nobody twice", respondents(&customers[2..], LEVEL).unwrap_err(), NotComputable::NoRows);
}

fn released(check: &mut Check) {
    let rules = ReleaseRules::default();
    check.equal("five equal contributors", withheld(&[1.0; 5], 100, rules).unwrap(), vec![]);
    let small = vec![Withheld::TooFew { contributors: 4 }];
    check.equal("a quarter is allowed", withheld(&[1.0, 1.0, 1.0, 1.0, 0.0], 100, rules).unwrap(), small);
    let broken = withheld(&[3.0, 2.0, 2.0, 1.5, 1.5], 10, rules).unwrap();
    let expected = vec![Withheld::Dominated { share: 0.3 }, Withheld::TooRecent { age_days: 10 }];
    check.equal("dominated and recent", broken, expected);
    check.equal("nothing", withheld(&[], 100, rules).unwrap(), vec![Withheld::TooFew { contributors: 0 }]);
    check.equal("a negative weight", withheld(&[-1.0; 6], 100, rules).is_err(), true);
}

#[test]
fn parts_of_a_changed_score_add_up_and_cover() {
    let mut random = Random::seeded(41);
    let (mut held, rounds) = ([0; 3], 400);
    for _ in 0..rounds {
        // 60 stay and answer, 30 unhappy leave, 25 happy come, 20 fall silent, 20 speak up.
        let kinds = [
            (60, 7.0, 7.5, true, true),
            (30, 4.0, 0.0, true, false),
            (25, 0.0, 8.0, false, true),
            (20, 5.0, 0.0, true, true),
            (20, 0.0, 7.0, true, true),
        ];
        let mut customers = Vec::new();
        for (count, before, after, was, is) in kinds {
            for _ in 0..count {
                let own = random.normal();
                let mut answer = |mean: f64| (mean > 0.0).then(|| mean + own + 0.5 * random.normal());
                let (before, after) = (answer(before), answer(after));
                customers.push(customer(before, after, (was, is)));
            }
        }
        let parts = respondents(&customers, LEVEL).unwrap();
        let sum = parts.within.point + parts.composition.point + parts.answering.point;
        assert!((sum - parts.total).abs() < 1e-12);
        // Shares: 30/110 and 20/110 of the first wave, 25/105 and 20/105 of the second.
        let truth = [0.5, 25.0 / 105.0 * 0.5 + 30.0 / 110.0 * 3.0, 20.0 / 105.0 * -0.5 + 20.0 / 110.0 * 2.0];
        for (held, (part, truth)) in
            held.iter_mut().zip([parts.within, parts.composition, parts.answering].iter().zip(truth))
        {
            let interval = part.interval.as_ref().unwrap();
            *held += u32::from(interval.low <= truth && truth <= interval.high);
        }
    }
    for held in held {
        let rate = f64::from(held) / f64::from(rounds);
        assert!((0.92..0.98).contains(&rate), "{rate}");
    }
}

#[test]
fn myopia_is_rarely_seen_where_there_is_none() {
    let mut random = Random::seeded(43);
    let (mut seen, mut found, rounds) = (0, 0, 2000);
    for _ in 0..rounds {
        let mut change = |truth: f64| {
            let point = truth + random.normal();
            Estimate {
                point,
                interval: Ok(Interval::around(point, LEVEL.z(), LEVEL)),
                n: 100,
                effective_n: 100.0,
                method: Method::NormalMean,
            }
        };
        // The score did rise, the outcome stood still: the worst case.
        seen += u32::from(myopia(&change(6.0), &change(0.0)).unwrap().p < 0.05);
        found += u32::from(myopia(&change(6.0), &change(-6.0)).unwrap().p < 0.05);
    }
    assert!((0.035..0.065).contains(&(f64::from(seen) / f64::from(rounds))), "{seen}");
    assert_eq!(found, rounds);
}

#[test]
fn concordance_intervals_cover() {
    let mut random = Random::seeded(47);
    // Correlation 0.9, equal spread, a shift of 0.3: 2·0.9 / (2 + 0.09).
    let (truth, mut held, rounds) = (1.8 / 2.09, 0, 1000);
    for _ in 0..rounds {
        let pairs: Vec<(f64, f64)> = (0..60)
            .map(|_| {
                let common = 0.9_f64.sqrt() * random.normal();
                let mut one = || common + 0.1_f64.sqrt() * random.normal();
                (one(), 0.3 + one())
            })
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let interval = concordance(&x, &y, LEVEL).unwrap().interval.unwrap();
        held += u32::from(interval.low <= truth && truth <= interval.high);
    }
    assert!((0.93..0.97).contains(&(f64::from(held) / f64::from(rounds))), "{held}");
}

/// What goes in at the newest doors, and how it comes out as text.
type Door = (&'static str, fn(&[f64]) -> Result<String, NotComputable>);

#[test]
fn what_is_not_a_number_neither_enters_nor_leaves() {
    fn told<T: std::fmt::Debug>(result: Result<T, NotComputable>) -> Result<String, NotComputable> {
        result.map(|value| format!("{value:?}"))
    }
    fn other(n: usize) -> Vec<f64> {
        (0..n).map(|i| (i * 17 % 23) as f64 + 1.0).collect()
    }
    fn smooth(x: &[f64], search: smoothing::Search) -> Result<String, NotComputable> {
        let (trend, season) = (smoothing::Trend::Damped, smoothing::Season::Multiplicative);
        let model =
            smoothing::Model { error: smoothing::ErrorKind::Multiplicative, trend, season, period: 4 };
        told(
            smoothing::fit(x, model, search).map(|fit| fit.forecast(9, LEVEL, smoothing::Intervals::Moments)),
        )
    }
    let doors: [Door; 10] = [
        ("smoothing", |x| smooth(x, smoothing::Search::Thorough)),
        ("smoothing as R", |x| smooth(x, smoothing::Search::Simplex)),
        ("best", |x| told(smoothing::best(x, &smoothing::candidates(1), smoothing::Search::Thorough))),
        ("holt-winters", |x| told(smoothing::holt_winters(x, 4, smoothing::Season::Additive))),
        ("accuracy", |x| told(accuracy::accuracy(x, &other(x.len()), &other(x.len()), 4))),
        ("accuracy of it", |x| told(accuracy::accuracy(&other(x.len()), x, x, 1))),
        ("two methods", |x| told(accuracy::compare(x, &other(x.len()), 1, accuracy::Loss::Absolute))),
        ("moments", |x| told(Moments::of(&[x.to_vec(), other(x.len())]))),
        ("domain", |x| {
            let inside: Vec<bool> = (0..x.len()).map(|i| i % 3 == 0).collect();
            told(Survey::new(&vec![1.0; x.len()]).and_then(|survey| survey.domain_mean(x, &inside, LEVEL)))
        }),
        ("root causes", |x| {
            let leaf =
                |(i, x): (usize, &f64)| Leaf { elements: vec![i as u32 % 5], forecast: 1.0, actual: *x };
            told(root_causes(
                &x.iter().enumerate().map(leaf).collect::<Vec<_>>(),
                RootCauseOptions::default(),
            ))
        }),
    ];
    let sample: Vec<f64> = (0..40).map(|i| 1.0 + f64::from(i * 29 % 41) / 41.0).collect();
    for (name, door) in doors {
        assert!(door(&[]).is_err(), "{name} answers nothing");
        for hole in [f64::NAN, f64::INFINITY] {
            let mut holed = sample.clone();
            holed[7] = hole;
            assert!(door(&holed).is_err(), "{name} takes {hole}");
        }
        let answer = door(&sample).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        assert!(!answer.contains("NaN"), "{name}: {answer}");
        for degenerate in [vec![1.0; 40], vec![0.0; 40], (1..=40).map(f64::from).collect()] {
            let answer = door(&degenerate).unwrap_or_default();
            assert!(!answer.contains("NaN"), "{name}: {answer}");
        }
    }
}
