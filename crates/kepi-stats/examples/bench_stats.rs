//! Times the fits that must stay fast as data grow: `bench_stats TASK N FILE` makes data from a seed, writes them to
//! FILE as CSV for the other side of the comparison (`bench/stats.py`) and prints the seconds of the fit alone.
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
use kepi_stats::linkage::fellegi_sunter::Model;
use kepi_stats::random::Random;
use kepi_stats::regression::logistic::{logistic, logistic_regression};
use kepi_stats::survival::Spell;
use kepi_stats::survival::kaplan_meier::KaplanMeier;
use kepi_stats::value::History;
use kepi_stats::value::bg_nbd::{BgNbd, Variant};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, task, n, file] = arguments.as_slice() else { panic!("bench_stats TASK N FILE") };
    let n: usize = n.parse().unwrap();
    let mut random = Random::seeded(1);
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    match task.as_str() {
        "bgnbd" => {
            // Rates and chances from a table of quantiles: drawing them exactly would take longer than the fit.
            let rates: Vec<f64> =
                (0..1000).map(|i| gamma::quantile((f64::from(i) + 0.5) / 1000.0, 0.5) / 4.0).collect();
            let data: Vec<History> = (0..n).map(|_| history(&mut random, &rates)).collect();
            writeln!(out, "frequency,recency,T").unwrap();
            for h in &data {
                writeln!(out, "{},{},{}", h.repeats, h.last, h.age).unwrap();
            }
            let start = Instant::now();
            let fit = BgNbd::fit(&data, Variant::Original).unwrap();
            report(start, fit.parameters.r);
        }
        "kaplan" => {
            let data: Vec<Spell> = (0..n)
                .map(|_| {
                    let (t, c) = (-20.0 * random.uniform().ln(), 50.0 * random.uniform());
                    if t < c { Spell::ended(t) } else { Spell::open(c) }
                })
                .collect();
            writeln!(out, "time,event").unwrap();
            for s in &data {
                writeln!(out, "{},{}", s.time, u8::from(s.event)).unwrap();
            }
            let start = Instant::now();
            let curve = KaplanMeier::new(&data).unwrap();
            report(start, curve.step_at(10.0).unwrap().survival);
        }
        "logistic" => {
            let columns: Vec<Vec<f64>> = (0..20).map(|_| (0..n).map(|_| random.normal()).collect()).collect();
            let outcome: Vec<bool> = (0..n)
                .map(|i| random.uniform() < logistic(0.4 * columns[0][i] - 0.3 * columns[1][i] - 1.0))
                .collect();
            for i in 0..n {
                for column in &columns {
                    write!(out, "{},", column[i]).unwrap();
                }
                writeln!(out, "{}", u8::from(outcome[i])).unwrap();
            }
            let names = ["x"; 21];
            let start = Instant::now();
            let fit =
                logistic_regression(&outcome, &Matrix::with_intercept(&columns).unwrap(), &names).unwrap();
            report(start, fit.coefficients[1]);
        }
        "linkage" => {
            let model = Model::start(&[4, 4, 3, 2, 3], 0.01, 0.9).unwrap();
            let patterns: Vec<[Option<u8>; 5]> =
                (0..n).map(|_| [4, 4, 3, 2, 3].map(|levels| Some(random.below(levels) as u8))).collect();
            for p in &patterns {
                let row: Vec<String> = p.iter().map(|l| l.map_or(String::new(), |l| l.to_string())).collect();
                writeln!(out, "{}", row.join(",")).unwrap();
            }
            let start = Instant::now();
            let sum: f64 = patterns.iter().map(|p| model.probability(model.bits(p).unwrap())).sum();
            report(start, sum / n as f64);
        }
        other => panic!("no task {other}"),
    }
}

fn history(random: &mut Random, rates: &[f64]) -> History {
    let rate = rates[random.below(rates.len())];
    let leave = random.uniform() * random.uniform();
    let age = 30.0 + (random.uniform() * 12.0).floor();
    let (mut repeats, mut last, mut now) = (0, 0.0, 0.0);
    loop {
        now -= random.uniform().ln() / rate;
        if now > age {
            return History { repeats, last, age };
        }
        repeats += 1;
        last = now;
        if random.uniform() < leave {
            return History { repeats, last, age };
        }
    }
}

fn report(start: Instant, value: f64) {
    println!("{:.6} {value:.9}", start.elapsed().as_secs_f64());
}
