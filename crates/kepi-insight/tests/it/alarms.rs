//! Alerts against thresholds on replayed history: how many messages fewer, and whether every planted incident reaches somebody.

use std::{collections::BTreeMap, fmt::Write};

use kepi_insight::{
    alarm::{Looked, raised},
    change::{Refusal, reviewed},
    frame::{Figure, Frame},
};
use kepi_model::{
    acting::{Alert, Severity, Signal},
    calendar::{FiscalCalendar, Grain, Period},
    check::{Options, check},
    id::KpiId,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::{Coverage, Segment};
use kepi_stats::{
    estimate::{Estimate, Level},
    estimation::proportion,
    random::Random,
};

const KPIS: usize = 60;
const MONTHS: usize = 42;
/// Months before anybody is asked.
const QUIET: usize = 18;
/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;
/// Months within which somebody has to know.
const SOON: usize = 3;

struct History {
    project: Project,
    /// By KPI and month.
    figures: BTreeMap<KpiId, Vec<Estimate>>,
    /// Incidents: KPI, first month, months.
    incidents: Vec<(KpiId, usize, usize)>,
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Sixty shares with noise of their own, their thresholds where that noise now and then carries them; eight of them fall for some months.
fn history(seed: u64) -> History {
    let mut random = Random::seeded(seed.wrapping_mul(7919).wrapping_add(3));
    let mut text = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\nentity: answer\nname: \
                    Answer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n"
        .to_owned();
    let mut figures = BTreeMap::new();
    let mut incidents = Vec::new();
    for kpi in 0..KPIS {
        let id: KpiId = format!("k{kpi}").parse().unwrap();
        let level = -0.5 + 2.0 * random.uniform();
        let noise = 0.05 + 0.1 * random.uniform();
        let rows = 500 + random.below(4000) as u64;
        let incident =
            (kpi % 8 == 3).then(|| (QUIET + 2 + random.below(MONTHS - QUIET - 10), 4 + random.below(4)));
        let of_month = |month: usize, random: &mut Random| {
            let falls = incident.is_some_and(|(from, length)| (from..from + length).contains(&month));
            let rate = logistic(level + noise * random.normal() - if falls { 6.0 * noise } else { 0.0 });
            let n = rows as f64;
            let hits = (n * rate + (n * rate * (1.0 - rate)).sqrt() * random.normal()).round().clamp(0.0, n);
            proportion::wilson(hits as u64, rows, Level::NINETY_FIVE).unwrap()
        };
        let series: Vec<Estimate> = (0..MONTHS).map(|month| of_month(month, &mut random)).collect();
        let (threshold, target) = (logistic(level - 1.2 * noise), logistic(level + 0.5 * noise));
        write!(
            text,
            "---\nkpi: {id}\nname: K{kpi}\nindicator: leading\nbetter: higher\nmeasure: {{share: {{of: answer, which: good}}}}\nperiod: \
             month\naccountable: owner\ntargets:\n  - {{from: 2020-01-01, threshold: {:.2}%, target: {:.2}%}}\n",
            threshold * 100.0,
            target * 100.0
        )
        .unwrap();
        incidents.extend(incident.map(|(from, length)| (id.clone(), from, length)));
        figures.insert(id, series);
    }
    let files = SourceMap::new(vec![SourceFile { path: "world.yml".to_owned(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    History { project, figures, incidents }
}

fn alert() -> Alert {
    Alert {
        id: "attention".parse().unwrap(),
        name: "Attention".to_owned(),
        on: [Signal::Beyond, Signal::Red].into(),
        kpis: Default::default(),
        by_unit: false,
        bounds: Default::default(),
        capacity: None,
        worth: Default::default(),
        persistence: 2,
        clear: 2,
        severity: Severity::Normal,
        ladder: None,
    }
}

/// Messages of thresholds, alerts that were opened, incidents, and those of which somebody knew soon.
fn replay(history: &History) -> (u64, u64, u64, u64) {
    let mut frame = Frame::new(Grain::Month);
    for (id, series) in &history.figures {
        for (month, estimate) in series.iter().enumerate() {
            let rows = estimate.n;
            let figure = Figure::of(FIRST + month as i32, estimate, true);
            frame.push(
                id,
                &Segment::total(),
                figure.with(Coverage { counted: rows, eligible: rows, cases: rows }),
            );
        }
    }
    let alert = alert();
    let (mut messages, mut opened) = (0, 0);
    let mut known: BTreeMap<&KpiId, Vec<Looked>> = BTreeMap::new();
    // Since when somebody has it, and for how many months it has been clear.
    let mut open: BTreeMap<&KpiId, usize> = BTreeMap::new();
    let mut had: Vec<(usize, &KpiId)> = Vec::new();
    for month in QUIET..MONTHS {
        let ordinal = FIRST + month as i32;
        let review = reviewed(&history.project, &frame, ordinal, 1, 2);
        for (id, series) in &history.figures {
            let kpi = &history.project.kpis[id];
            let period = Period::new(Grain::Month, ordinal, FiscalCalendar::default());
            let target = kpi.target(None, &[], period, &history.project.calendar).unwrap();
            let estimate = &series[month];
            messages += u64::from(
                kepi_score::band::band(estimate.point, &target.lines, kpi.better)
                    == kepi_score::band::Band::Red,
            );
            let judged = review.judged.get(id).and_then(|of| of.get(&Segment::total())).copied();
            let judged = judged.unwrap_or(Err(Refusal::NotLooked));
            let looked = Looked::at(ordinal, (estimate, true), (Some(&target.lines), kpi.better), &judged);
            let own = known.entry(id).or_default();
            own.push(looked);
            match open.get_mut(id) {
                Some(clear) => {
                    match looked.is_signal(&alert) {
                        Some(true) => *clear = 0,
                        Some(false) => *clear += 1,
                        None => {}
                    }
                    if *clear >= usize::from(alert.clear) {
                        open.remove(id);
                    }
                }
                None if raised(own, &alert).is_some_and(|(raised, _)| raised == ordinal) => {
                    opened += 1;
                    open.insert(id, 0);
                }
                None => {}
            }
            had.extend(open.contains_key(id).then_some((month, id)));
        }
    }
    let reached = |(id, from, _): &&(KpiId, usize, usize)| {
        had.iter().any(|(month, kpi)| *kpi == id && (*from..from + SOON).contains(month))
    };
    let reached = history.incidents.iter().filter(reached).count();
    (messages, opened, history.incidents.len() as u64, reached as u64)
}

#[test]
fn alerts_are_few_and_every_planted_incident_reaches_somebody() {
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count) = (number("KEPI_SEED", 0u64), number("KEPI_COUNT", 3u64));
    eprintln!("KEPI_SEED={first} KEPI_COUNT={count}");
    let (mut messages, mut opened, mut incidents, mut reached) = (0, 0, 0, 0);
    for seed in first..first + count {
        let found = replay(&history(seed));
        messages += found.0;
        opened += found.1;
        incidents += found.2;
        reached += found.3;
    }
    let fewer = 1.0 - opened as f64 / messages as f64;
    eprintln!(
        "acting: {count} histories: {messages} messages of thresholds, {opened} alerts ({:.1} % fewer), {reached} of {incidents} incidents",
        fewer * 100.0
    );
    assert!(fewer >= 0.8, "{opened} of {messages}");
    assert_eq!(reached, incidents);
}
