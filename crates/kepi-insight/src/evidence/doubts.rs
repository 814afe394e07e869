//! A source that delivers a file a day, and a KPI over what it brings, with faults planted in the newest file or period and without.

use kepi_model::{calendar::Grain, id::Hash, project::Project};
use kepi_query::{
    landing::{LoadOutcome, LoadReport, MissingCount, RowCounts},
    value::{Coverage, Segment},
};
use kepi_stats::random::Random;

use super::{
    Published, Tally,
    world::{binomial, defined},
};
use crate::{
    doubt,
    frame::{Figure, Frame},
};

const DEFINITIONS: &str = "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\n\
entity: answer\nname: Answer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: date}\n  good: {type: boolean}\n---\n\
source: feed\nname: Feed\ninto: answer\nfrom: {csv: {files: feed/*.csv}}\nmode: append\nmap:\n  id: {column: id, as: text}\n  at: {column: at, as: date}\n  good: {column: good, as: boolean}\n---\n\
strategy: plan\nmission: More.\nperspectives:\n  all: {name: All}\nobjectives:\n  all: {name: All, perspective: all, owner: owner}\n---\n\
kpi: it\nname: It\nobjective: all\nindicator: leading\nbetter: higher\nmeasure: {share: {of: answer, which: good}}\nperiod: month\naccountable: owner\n";

/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;
/// Months, and daily files in the last of them and before it.
const MONTHS: i32 = 30;
const FILES: i64 = 60;
const DAY: i64 = 86_400_000_000;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The last file has half its rows.
    Halved,
    /// A tenth of its rows is rejected.
    Code,
    /// A column has no value in a fifth of its rows.
    Column,
    /// Half the rows of the last month are not there.
    Rows,
    /// A tenth of them says nothing that can be counted.
    Covered,
}

/// What was landed and published: a file a day of some 2 000 rows that vary by a tenth from day to day, one per cent rejected and two per cent
/// without a value; months of rows that vary by a tenth, grow or fall slowly, and have a season.
#[must_use]
pub fn landed(seed: u64, fault: Fault) -> Published {
    let project = defined(DEFINITIONS);
    let mut random = Random::seeded(seed.wrapping_mul(0x9e37_79b9).wrapping_add(41));
    let mut frame = Frame::new(Grain::Month);
    let (growth, swing) = (0.01 * random.normal(), 0.3 * random.uniform());
    for month in 0..MONTHS {
        let is_last = month + 1 == MONTHS;
        let season = swing * libm::cos(2.0 * std::f64::consts::PI * f64::from(month) / 12.0);
        let mut rows = libm::exp(8.0 + growth * f64::from(month) + season + 0.1 * random.normal());
        if is_last && fault == Fault::Rows {
            rows /= 2.0;
        }
        let eligible = rows.round().max(1.0) as u64;
        let lost = if is_last && fault == Fault::Covered { 0.12 } else { 0.02 };
        let counted = eligible - binomial(&mut random, eligible, lost);
        let figure = Figure {
            ordinal: FIRST + month,
            point: 0.6 + 0.02 * random.normal(),
            interval: None,
            degrees: None,
            effective_n: counted as f64,
            exact: false,
            is_final: true,
            coverage: Coverage { counted, eligible, cases: counted },
        };
        if let Ok(kpi) = "it".parse() {
            frame.push(&kpi, &Segment::total(), figure);
        }
    }
    let mut loads = Vec::new();
    let end = project.calendar.bounds(project.calendar.period(Grain::Month, FIRST + MONTHS - 1));
    let end = end.map_or(0, |bounds| bounds.end);
    for day in 0..FILES {
        let is_last = day + 1 == FILES;
        let of = |wanted| is_last && fault == wanted;
        let mean = if of(Fault::Halved) { 1_000.0 } else { 2_000.0 };
        let read = (mean * libm::exp(0.1 * random.normal())).round() as u64;
        let quarantined = binomial(&mut random, read, if of(Fault::Code) { 0.1 } else { 0.01 });
        let missing = binomial(&mut random, read, if of(Fault::Column) { 0.2 } else { 0.02 });
        loads.extend(load(&project, day, end - (FILES - day) * DAY, read, quarantined, missing));
    }
    Published { loads, ..Published::new(project, frame) }
}

fn in_doubt(of: &Published) -> (bool, bool) {
    let Some(kpi) = of.project.kpis.values().next() else { return (false, false) };
    let series = of.frame.kpis.get(&kpi.id).and_then(|of| of.get(&Segment::total()));
    let series = series.map(Vec::as_slice).unwrap_or_default();
    let figure = doubt::of_figure(&of.project, kpi, of.last(), series);
    let (deliveries, _) = doubt::of_deliveries(&of.project, kpi, of.last(), &of.loads);
    (figure.is_ok_and(|doubts| !doubts.is_empty()), !deliveries.is_empty())
}

fn load(
    project: &Project,
    day: i64,
    at: i64,
    read: u64,
    quarantined: u64,
    missing: u64,
) -> Option<LoadReport> {
    let source = project.sources.values().next()?;
    Some(LoadReport {
        load: format!("load {day}"),
        source: source.id.clone(),
        entity: source.into.clone(),
        file: format!("feed/{day:03}.csv"),
        content: Hash::of(&day.to_le_bytes()),
        definition: source.hash,
        outcome: LoadOutcome::Landed,
        counts: RowCounts { read, accepted: read - quarantined, quarantined, ..RowCounts::default() },
        missing: vec![MissingCount {
            attribute: "good".parse().ok()?,
            column: "good".to_owned(),
            text: String::new(),
            reason: "empty".to_owned(),
            count: missing,
            off_scale: false,
        }],
        rules: Vec::new(),
        same_as: None,
        overtaken: false,
        unknown: 0,
        notes: Vec::new(),
        order: None,
        corrections: Vec::new(),
        followed: std::collections::BTreeMap::new(),
        labels: Vec::new(),
        profiles: Vec::new(),
        drift: Vec::new(),
        snapshot: None,
        at,
    })
}

/// What was found over many such worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Halved files that were doubted.
    pub halved: Tally,
    /// Files with a code that nobody knows.
    pub code: Tally,
    /// Files with a column that broke.
    pub column: Tally,
    /// Months with half their rows.
    pub rows: Tally,
    /// Months of whose rows fewer enter.
    pub covered: Tally,
    /// Clean months whose deliveries were doubted.
    pub deliveries_false: Tally,
    /// Clean months whose figures were.
    pub figures_false: Tally,
}

/// Runs so many worlds of each.
#[must_use]
pub fn doubts(seeds: std::ops::Range<u64>) -> Doubts {
    let mut found = Doubts::default();
    for seed in seeds {
        let of = |fault| in_doubt(&landed(seed, fault));
        found.halved.add(of(Fault::Halved).1);
        found.code.add(of(Fault::Code).1);
        found.column.add(of(Fault::Column).1);
        found.rows.add(of(Fault::Rows).0);
        found.covered.add(of(Fault::Covered).0);
        let (figures, deliveries) = of(Fault::None);
        found.deliveries_false.add(deliveries);
        found.figures_false.add(figures);
    }
    found
}
