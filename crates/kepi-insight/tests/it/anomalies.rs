//! Series of the Numenta Anomaly Benchmark as KPIs of one project: their hours are its days. What is called out is held against the windows that were
//! labelled, and scored as the benchmark does.

use kepi_insight::{
    change::{Verdict, reviewed},
    frame::{Figure, Frame},
};
use kepi_model::calendar::Grain;
use kepi_query::value::Segment;
use kepi_testkit::tables::project;

struct Series {
    name: String,
    windows: Vec<(usize, usize)>,
    values: Vec<Option<f64>>,
}

fn series() -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for line in include_str!("data/nab.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, windows)) = line.strip_prefix("series ").and_then(|head| head.split_once('|')) {
            let window = |of: &str| {
                let (first, last) = of.split_once('-').unwrap();
                (first.parse().unwrap(), last.parse().unwrap())
            };
            let windows = windows.split_whitespace().map(window).collect();
            all.push(Series { name: name.to_owned(), windows, values: Vec::new() });
            continue;
        }
        let values = line.split(' ').map(|value| (value != "-").then(|| value.parse().unwrap()));
        all.last_mut().unwrap().values.extend(values);
    }
    all
}

/// Periods in which each series is called out; what is called out the same way again the period after is the same signal.
fn called_out(all: &[Series]) -> Vec<Vec<usize>> {
    let mut text = "project: nab\nname: NAB\nlanguage: 1\ntime_zone: UTC\n---\nentity: reading\nname: Reading\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  \
        at: {type: timestamp}\n  value: {type: \"number, 4 decimals\"}\n"
        .to_owned();
    for at in 0..all.len() {
        text.push_str(&format!(
            "---\nkpi: k{at}\nname: K{at}\nbetter: in_range\nperiod: day\nmeasure: {{sum: {{of: reading, value: value, where: id = 'k{at}'}}}}\n"
        ));
    }
    let project = project(&text);
    let mut frame = Frame::new(Grain::Day);
    for (at, of) in all.iter().enumerate() {
        let kpi = format!("k{at}").parse().unwrap();
        for (day, value) in of.values.iter().enumerate() {
            if let Some(value) = value {
                frame.push(&kpi, &Segment::total(), Figure::counted(day as i32, *value));
            }
        }
    }
    let mut found = vec![Vec::new(); all.len()];
    let mut before = vec![None; all.len()];
    for day in frame.periods() {
        let review = reviewed(&project, &frame, day, 1, 2);
        for at in 0..all.len() {
            let judged = review.judged.get(&format!("k{at}").parse().unwrap());
            let usual = judged.and_then(|of| of.get(&Segment::total())).and_then(|judged| judged.ok());
            let above = usual
                .filter(|of| matches!(of.verdict, Verdict::Beyond | Verdict::Drifting))
                .map(|of| of.above);
            if above.is_some() && before[at] != above {
                found[at].push(day as usize);
            }
            before[at] = above;
        }
    }
    found
}

/// The score of the benchmark with its standard profile: of each window the first signal counts the more the earlier it comes, a signal outside costs
/// 0.11 and less soon after a window, a window without one costs 1; 0 is who says nothing, 100 who is perfect. (Lavin and Ahmad 2015.)
fn scored(all: &[Series], found: &[Vec<usize>]) -> f64 {
    let sigmoid = |y: f64| 2.0 / (1.0 + libm::exp(5.0 * y)) - 1.0;
    let (mut raw, mut windows) = (0.0, 0.0);
    for (of, signals) in all.iter().zip(found) {
        // The first 15 % are for learning and are not scored.
        let learning = (of.values.len() as f64 * 0.15).floor().min(750.0) as usize;
        for (first, last) in &of.windows {
            windows += 1.0;
            let inside = signals.iter().find(|at| (first..=last).contains(at));
            raw += inside.map_or(-1.0, |at| {
                let length = (last - first + 1) as f64;
                sigmoid(-((last - at + 1) as f64) / length) / sigmoid(-1.0)
            });
        }
        for at in signals.iter().filter(|at| **at >= learning) {
            if of.windows.iter().any(|(first, last)| (first..=last).contains(&at)) {
                continue;
            }
            let last = of.windows.iter().filter(|(_, last)| last < at).max_by_key(|(_, last)| *last);
            raw += 0.11
                * last.map_or(-1.0, |(first, last)| sigmoid((at - last) as f64 / (last - first + 1) as f64));
        }
    }
    100.0 * (raw + windows) / (2.0 * windows)
}

#[test]
fn series_of_nab_are_called_out_in_their_windows() {
    let all = series();
    let found = called_out(&all);
    let (mut windows, mut hit, mut outside, mut quiet, mut hours) = (0, 0, 0, 0, 0);
    for (of, signals) in all.iter().zip(&found) {
        let is_in = |at: &usize| of.windows.iter().any(|(first, last)| (first..=last).contains(&at));
        let hits =
            of.windows.iter().filter(|(first, last)| signals.iter().any(|at| (first..=last).contains(&at)));
        windows += of.windows.len();
        hit += hits.count();
        outside += signals.iter().filter(|at| !is_in(at)).count();
        quiet += if of.windows.is_empty() { signals.len() } else { 0 };
        hours += of.values.len();
        if std::env::var("KEPI_SHOW").is_ok() {
            eprintln!("{} windows {:?} signals {signals:?}", of.name, of.windows);
        }
    }
    let score = scored(&all, &found);
    eprintln!(
        "insight: change, {} series of NAB by the hour: {hit} of {windows} windows, {outside} signals outside in {hours} hours, {quiet} of them in series with nothing to find; \
         score {score:.1} (published of all 58 by five minutes: Numenta HTM 70.5, windowed Gaussian 39.6, random 11.0, nothing 0)",
        all.len()
    );
    assert!(hit >= 20 && outside <= 34 && quiet <= 1 && score > 34.0, "{hit} {outside} {quiet} {score}");
}
