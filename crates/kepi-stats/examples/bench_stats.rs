//! Times the fits that must stay fast as data grow: `bench_stats TASK N FILE` makes data from a seed, writes them to
//! FILE for the other side of the comparison (`bench/stats.py`) and prints seconds and results of three fits as JSON.
//!
//! FILE holds the columns one after another as little-endian doubles, so that both sides have the same bits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::io::Write as _;
use std::time::Instant;

use kepi_stats::distribution::gamma;
use kepi_stats::linear::Matrix;
use kepi_stats::linkage::comparators::{Agreement, Comparator, agreement};
use kepi_stats::linkage::fellegi_sunter::Model;
use kepi_stats::random::Random;
use kepi_stats::regression::logistic::{logistic, logistic_regression};
use kepi_stats::survival::Spell;
use kepi_stats::survival::cox::{Ties, cox};
use kepi_stats::survival::kaplan_meier::KaplanMeier;
use kepi_stats::value::History;
use kepi_stats::value::bg_nbd::{BgNbd, Variant};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, task, n, file] = arguments.as_slice() else { panic!("bench_stats TASK N FILE") };
    let n: usize = n.parse().unwrap();
    let mut random = Random::seeded(1);
    match task.as_str() {
        "bgnbd" => bgnbd(&mut random, n, file, true),
        "bgnbd_distinct" => bgnbd(&mut random, n, file, false),
        "kaplan" => {
            let data: Vec<Spell> = (0..n).map(|_| spell(&mut random, 20.0)).collect();
            write(file, &columns_of(&data));
            time(|| {
                let curve = KaplanMeier::new(&data).unwrap();
                [1.0, 10.0, 40.0].iter().map(|t| curve.step_at(*t).unwrap().survival).collect()
            });
        }
        "cox" => {
            let x: Vec<Vec<f64>> = (0..5).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
            let data: Vec<Spell> =
                (0..n).map(|i| spell(&mut random, 20.0 * (-0.5 * x[0][i] + 0.25 * x[1][i]).exp())).collect();
            write(file, &[columns_of(&data), x.clone()].concat());
            let design = Matrix::from_columns(&x).unwrap();
            time(|| cox(&data, &design, Ties::Efron).unwrap().coefficients);
        }
        "logistic" => {
            let x: Vec<Vec<f64>> = (0..20).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
            let outcome: Vec<bool> =
                (0..n).map(|i| random.uniform() < logistic(0.4 * x[0][i] - 0.3 * x[1][i] - 1.0)).collect();
            let y = outcome.iter().map(|y| f64::from(u8::from(*y))).collect();
            write(file, &[x.clone(), vec![y]].concat());
            let design = Matrix::with_intercept(&x).unwrap();
            time(|| {
                let fit = logistic_regression(&outcome, &design, &["x"; 21]).unwrap();
                [fit.coefficients.clone(), fit.standard_errors()].concat()
            });
        }
        "score" => {
            let levels = [4, 4, 3, 2, 3];
            let model = Model::start(&levels, 0.01, 0.9).unwrap();
            let patterns: Vec<[Option<u8>; 5]> =
                (0..n).map(|_| levels.map(|levels| Some(random.below(levels) as u8))).collect();
            let column = |i: usize| patterns.iter().map(|p| f64::from(p[i].unwrap())).collect();
            write(file, &(0..5).map(column).collect::<Vec<Vec<f64>>>());
            time(|| {
                let scorer = model.scorer();
                let sum: f64 = patterns.iter().map(|p| scorer.probability(scorer.bits(p).unwrap())).sum();
                vec![sum / n as f64]
            });
        }
        "linkage" => linkage(&mut random, n, file),
        other => panic!("no task {other}"),
    }
}

/// Histories in whole days, as transactions are dated; or to the fraction of a second, where no two are equal.
fn bgnbd(random: &mut Random, n: usize, file: &str, days: bool) {
    // Rates from a table of quantiles: drawing them exactly would take longer than the fit.
    let rates: Vec<f64> =
        (0..1000).map(|i| gamma::quantile((f64::from(i) + 0.5) / 1000.0, 0.5) / 28.0).collect();
    let data: Vec<History> = (0..n).map(|_| history(random, &rates, days)).collect();
    let column = |f: fn(&History) -> f64| data.iter().map(f).collect::<Vec<f64>>();
    write(file, &[column(|h| f64::from(h.repeats)), column(|h| h.last), column(|h| h.age)]);
    time(|| {
        let fit = BgNbd::fit(&data, Variant::Original).unwrap();
        let p = fit.parameters;
        vec![fit.log_likelihood / n as f64, p.r, p.alpha, p.a, p.b]
    });
}

fn history(random: &mut Random, rates: &[f64], days: bool) -> History {
    let rate = rates[random.below(rates.len())];
    let leave = random.uniform() * random.uniform();
    let age = 210.0 + random.below(84) as f64;
    let (mut repeats, mut last, mut now) = (0, 0.0, 0.0);
    loop {
        now -= random.uniform().ln() / rate;
        // At most one purchase a day, as the usual summary of transactions counts them.
        let at = if days { now.ceil().max(last + 1.0) } else { now };
        if at > age {
            return History { repeats, last, age };
        }
        repeats += 1;
        last = at;
        if random.uniform() < leave {
            return History { repeats, last, age };
        }
    }
}

fn spell(random: &mut Random, mean: f64) -> Spell {
    let (t, c) = (-mean * random.uniform().ln(), 50.0 * random.uniform());
    if t < c { Spell::ended(t) } else { Spell::open(c) }
}

fn columns_of(spells: &[Spell]) -> Vec<Vec<f64>> {
    let event = |s: &Spell| f64::from(u8::from(s.event));
    vec![spells.iter().map(|s| s.time).collect(), spells.iter().map(event).collect()]
}

/// Pairs of records, a tenth of them the same person with a slip of the pen; FILE is CSV, the left record first.
fn linkage(random: &mut Random, n: usize, file: &str) {
    let record = |random: &mut Random| -> [String; 5] {
        let (first, last) = (name(random, 5), name(random, 7));
        let day =
            format!("19{:02}-{:02}-{:02}", random.below(90) + 10, random.below(12) + 1, random.below(28) + 1);
        let email = format!("{first}.{last}@{}.example", name(random, 4));
        [first, last, day, format!("city{}", random.below(50)), email]
    };
    let pairs: Vec<[[String; 5]; 2]> = (0..n)
        .map(|_| {
            let left = record(random);
            let right = if random.below(10) > 0 {
                record(random)
            } else {
                let mut same = left.clone();
                let field = random.below(5);
                same[field].pop();
                same[field].push('x');
                same
            };
            [left, right]
        })
        .collect();
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    for [left, right] in &pairs {
        writeln!(out, "{},{}", left.join(","), right.join(",")).unwrap();
    }
    out.flush().unwrap();
    let jaro = |t: f64| Agreement::AtLeast(Comparator::JaroWinkler, t);
    let edits = |n: usize| Agreement::Within(Comparator::Levenshtein, n);
    let levels: [&[Agreement]; 5] = [
        &[Agreement::Exact, jaro(0.9), jaro(0.7)],
        &[Agreement::Exact, jaro(0.9), jaro(0.7)],
        &[Agreement::Exact, edits(1), edits(2)],
        &[Agreement::Exact],
        &[Agreement::Exact, edits(2)],
    ];
    let model = Model::start(&levels.map(|l| l.len() + 1), 0.01, 0.9).unwrap();
    time(|| {
        let scorer = model.scorer();
        let (mut sum, mut links) = (0.0, 0.0);
        for [left, right] in &pairs {
            let pattern: [Option<u8>; 5] =
                std::array::from_fn(|i| agreement(levels[i], Some(&left[i]), Some(&right[i])));
            let probability = scorer.probability(scorer.bits(&pattern).unwrap());
            sum += probability;
            links += f64::from(u8::from(probability >= 0.5));
        }
        vec![sum / n as f64, links]
    });
}

fn name(random: &mut Random, length: usize) -> String {
    (0..length + random.below(4)).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

fn write(file: &str, columns: &[Vec<f64>]) {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    for value in columns.iter().flatten() {
        out.write_all(&value.to_le_bytes()).unwrap();
    }
    out.flush().unwrap();
}

fn time(fit: impl Fn() -> Vec<f64>) {
    let mut seconds = Vec::new();
    let mut values = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        values = fit();
        seconds.push(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({ "seconds": seconds, "values": values }));
}
