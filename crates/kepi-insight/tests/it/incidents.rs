//! Ninety real incidents of a live-video service whose cause is known, as a KPI has them whose dimensions are crossed by twos and threes.

use std::collections::{BTreeMap, BTreeSet};

use kepi_insight::{
    ANALYSES,
    analysis::Ask,
    change::{Review, Usual, Verdict},
    evidence::Published,
    frame::{Figure, Frame},
    sentence::Sentence,
};
use kepi_model::calendar::{FiscalCalendar, Grain, Period};
use kepi_query::{state::Member, value::Segment};
use kepi_stats::{estimate::Level, estimation::proportion};
use kepi_testkit::tables::project;

struct Incident {
    dimensions: Vec<String>,
    /// As they are said.
    causes: BTreeSet<String>,
    /// The elements of a leaf; bad and all events in the minute, and in the four before.
    leaves: Vec<(Vec<String>, [u64; 4])>,
}

fn incidents() -> Vec<Incident> {
    let text = include_str!("../../../kepi-stats/tests/it/data/robustspot.txt");
    let mut all: Vec<Incident> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("case ") {
            let [_, dimensions, causes, _] = head.split('|').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let said = |cause: &str| {
                let mut elements: Vec<String> = cause.split(',').map(|of| of.replace('=', " ")).collect();
                elements.sort();
                elements.join(", ")
            };
            all.push(Incident {
                dimensions: dimensions.split(',').map(str::to_owned).collect(),
                causes: causes.split(' ').map(said).collect(),
                leaves: Vec::new(),
            });
            continue;
        }
        let incident = all.last_mut().unwrap();
        let fields: Vec<&str> = line.split(' ').collect();
        let (elements, counts) = fields.split_at(incident.dimensions.len());
        let counts: Vec<u64> = counts.iter().map(|n| n.parse().unwrap()).collect();
        incident
            .leaves
            .push((elements.iter().map(|of| (*of).to_owned()).collect(), counts.try_into().unwrap()));
    }
    all
}

/// Every choice of some of so many dimensions, by bits.
fn choices(dimensions: usize) -> impl Iterator<Item = Vec<usize>> {
    (1..1_u32 << dimensions).map(move |bits| (0..dimensions).filter(|at| bits >> at & 1 == 1).collect())
}

/// What is said of where an incident sits.
fn located(of: &Incident) -> BTreeSet<String> {
    let attributes: Vec<String> = of.dimensions.iter().map(|d| format!("  {d}: {{type: text}}\n")).collect();
    let crosses: Vec<String> = choices(of.dimensions.len())
        .filter(|chosen| (2..=3).contains(&chosen.len()))
        .map(|chosen| {
            let names: Vec<&str> = chosen.iter().map(|at| of.dimensions[*at].as_str()).collect();
            format!("[{}]", names.join(", "))
        })
        .collect();
    let cross = if crosses.is_empty() { String::new() } else { format!("cross: [{}]\n", crosses.join(", ")) };
    let text = format!(
        "project: video\nname: Video\nlanguage: 1\ntime_zone: UTC\n---\nentity: playback\nname: Playback\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  \
         at: {{type: timestamp}}\n  bad: {{type: boolean}}\n{}---\nkpi: it\nname: It\nbetter: lower\nmeasure: {{share: {{of: playback, which: bad}}}}\nperiod: day\nby: [{}]\n{cross}",
        attributes.concat(),
        of.dimensions.join(", ")
    );
    let project = project(&text);
    let kpi = project.kpis.values().next().unwrap().id.clone();
    let mut sums: BTreeMap<Segment, [u64; 4]> = BTreeMap::new();
    for (elements, counts) in &of.leaves {
        let mut add = |segment: Segment| {
            let sum = sums.entry(segment).or_default();
            (0..4).for_each(|at| sum[at] += counts[at]);
        };
        add(Segment::total());
        for chosen in choices(of.dimensions.len()).filter(|chosen| chosen.len() <= 3) {
            let mut parts: Vec<_> = chosen
                .iter()
                .map(|at| (of.dimensions[*at].parse().unwrap(), Member::Value(elements[*at].as_str().into())))
                .collect();
            parts.sort();
            add(Segment(parts));
        }
    }
    let [bad, whole, bad_before, before] = sums[&Segment::total()];
    let share = bad_before as f64 / before.max(1) as f64;
    let mut frame = Frame::new(Grain::Day);
    for (segment, [bad, whole, bad_before, before]) in &sums {
        // What was seen of few before is drawn to the whole, as if twenty more had come.
        let expected = (*bad_before as f64 + 20.0 * share) / (*before as f64 + 20.0);
        frame.push(&kpi, segment, Figure::counted(0, expected));
        if let Ok(estimate) = proportion::wilson(*bad, *whole, Level::NINETY_FIVE) {
            frame.push(&kpi, segment, Figure::of(1, &estimate, true));
        }
    }
    // Four minutes say nothing of what is usual but what chance does.
    let spread = (share * (1.0 - share) * (1.0 / whole as f64 + 1.0 / before as f64)).sqrt();
    let point = bad as f64 / whole as f64;
    let usual = Usual {
        verdict: Verdict::Beyond,
        above: point > share,
        expected: share,
        low: share - 3.0 * spread,
        high: share + 3.0 * spread,
        spread,
        degrees: 100.0,
        p: 1e-6,
        limit: 1e-3,
        look: 1,
        periods: 4,
    };
    let period = Period::new(Grain::Day, 1, FiscalCalendar::default());
    let judged = [(kpi, [(Segment::total(), Ok(usual))].into())].into();
    let review = Some(Review { period, judged, totals: None, members: None });
    let world = Published { review, ..Published::new(project, frame) };
    let kpi = world.project.kpis.values().next().unwrap();
    let analysis = ANALYSES.iter().find(|analysis| analysis.name == "location").unwrap();
    match (analysis.answer)(&Ask { kpi, period }, &world).unwrap().says.remove(0) {
        Sentence::SitsIn { members, .. } => members.into_iter().collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn real_incidents_are_located_through_a_kpi() {
    let (mut exact, mut hits, mut wrong, mut missed) = (0, 0, 0, 0);
    for incident in incidents() {
        let told = located(&incident);
        if std::env::var("KEPI_SHOW").is_ok() {
            eprintln!("{:?} told {told:?}", incident.causes);
        }
        exact += usize::from(told == incident.causes);
        let both = told.intersection(&incident.causes).count();
        hits += both;
        wrong += told.len() - both;
        missed += incident.causes.len() - both;
    }
    let f1 = 2.0 * f64::from(hits as u32) / (2 * hits + wrong + missed) as f64;
    eprintln!(
        "insight: location, 90 incidents of RobustSpot: {exact} exactly, F1 {f1:.2}; RiskLoc on the same: 12 exactly"
    );
    assert!(exact >= 53 && f1 > 0.52, "{exact} {f1}");
}
