//! Judgements hang on figures alone: not on their order, not on threads, not on what comes later.

use kepi_insight::{
    change::{Refusal, Verdict, review},
    evidence::{Shape, World, calls_out},
    frame::{Figure, Frame},
};
use kepi_model::{
    check::{Options, check},
    id::KpiId,
    project::Project,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::Segment;
use kepi_stats::{
    estimate::{Estimate, Interval, Level, Method},
    estimation::{proportion, total},
    random::Random,
};

const LEVEL: f64 = 0.07;

fn shape() -> Shape {
    Shape { kpis: 20, on_scorecard: 5, members: vec![3, 2], periods: 26 }
}

#[test]
fn bits_hang_neither_on_order_nor_on_threads() {
    let project = World::project(&shape());
    let world = World::clean(3, &shape());
    let frame = world.frame(&project);
    let found = review(&project, &frame, world.last(), LEVEL, 1);
    assert_eq!(found, review(&project, &frame, world.last(), LEVEL, 3));
    let mut figures: Vec<(KpiId, Segment, Figure)> = Vec::new();
    for (kpi, segments) in &frame.kpis {
        for (segment, series) in segments {
            figures.extend(series.iter().map(|figure| (kpi.clone(), segment.clone(), *figure)));
        }
    }
    Random::seeded(8).shuffle(&mut figures);
    let mut again = Frame::new(frame.grain);
    for (kpi, segment, figure) in &figures {
        again.push(kpi, segment, *figure);
    }
    assert_eq!(found, review(&project, &again, world.last(), LEVEL, 2));
}

#[test]
fn a_further_period_changes_nothing_that_was_said() {
    let project = World::project(&shape());
    let world = World::clean(5, &shape());
    let frame = world.frame(&project);
    let mut earlier = Frame::new(frame.grain);
    for (kpi, segments) in &frame.kpis {
        for (segment, series) in segments {
            for figure in series.iter().filter(|figure| figure.ordinal <= world.last() - 3) {
                earlier.push(kpi, segment, *figure);
            }
        }
    }
    for ordinal in [world.last() - 4, world.last() - 3] {
        assert_eq!(
            review(&project, &frame, ordinal, LEVEL, 2),
            review(&project, &earlier, ordinal, LEVEL, 2)
        );
    }
}

#[test]
fn a_kpi_that_is_added_takes_its_share_and_no_more() {
    let project = World::project(&shape());
    let (shifted, _) = World::clean(6, &shape()).shifted(2, 5.0, 4);
    let all = shifted.frame(&project);
    let with = review(&project, &all, shifted.last(), LEVEL, 2);
    // Without a quiet KPI the others keep their limits but for its share: its weight, and one of K.
    let quiet = project.kpis.keys().find(|kpi| !calls_out(&with, kpi)).unwrap();
    let mut fewer = all.clone();
    fewer.kpis.remove(quiet);
    let without = review(&project, &fewer, shifted.last(), LEVEL, 2);
    for (kpi, segments) in &without.judged {
        let (Ok(before), Ok(after)) = (segments[&Segment::total()], with.judged[kpi][&Segment::total()])
        else {
            continue;
        };
        let share = after.limit / before.limit;
        assert!((0.6..1.4).contains(&share), "{kpi}: {before:?} {after:?}");
        // Whatever is not close to its limit stays what it was.
        let close = (before.p / before.limit).ln().abs() < 0.7;
        assert!(close || before.verdict == after.verdict, "{kpi}: {before:?} {after:?}");
    }
}

/// A project of one monthly KPI of a unit, and its series.
fn one(measure: &str, values: &[Estimate]) -> (Project, Frame, i32) {
    let text = format!(
        "project: one\nname: One\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n---\nentity: answer\nname: Answer\n\
         key: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  good: {{type: boolean}}\n  minutes: {{type: \"number, 1 decimals\"}}\n---\n\
         strategy: plan\nmission: More.\nperspectives:\n  all: {{name: All}}\nobjectives:\n  all: {{name: All, perspective: all, owner: owner}}\n---\n\
         kpi: it\nname: It\nobjective: all\nindicator: leading\nbetter: higher\nmeasure: {measure}\nperiod: month\naccountable: owner\n"
    );
    let files = SourceMap::new(vec![SourceFile { path: "one.yml".to_owned(), text: text.as_str().into() }]);
    let checked = check(&files, &Options::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let kpi: KpiId = "it".parse().unwrap();
    let mut frame = Frame::new(kepi_model::calendar::Grain::Month);
    for (ordinal, value) in values.iter().enumerate() {
        frame.push(&kpi, &Segment::total(), Figure::of(ordinal as i32, value, true));
    }
    (project, frame, values.len() as i32 - 1)
}

fn share(hits: u64, of: u64) -> Estimate {
    proportion::wilson(hits, of, Level::NINETY_FIVE).unwrap()
}

const SHARE: &str = "{share: {of: answer, which: good}}";
const COUNT: &str = "{count: {of: answer}}";

fn judged(measure: &str, values: &[Estimate]) -> kepi_insight::change::Judgement {
    let (project, frame, last) = one(measure, values);
    review(&project, &frame, last, LEVEL, 1).judged[&"it".parse().unwrap()][&Segment::total()]
}

#[test]
fn a_fall_is_called_out_and_a_wobble_is_not() {
    let mut random = Random::seeded(1);
    let mut values: Vec<Estimate> =
        (0..24).map(|_| share((700.0 + 12.0 * random.normal()).round() as u64, 1_000)).collect();
    values.push(share(690, 1_000));
    let usual = judged(SHARE, &values).unwrap();
    assert_eq!(usual.verdict, Verdict::Within);
    assert!(usual.low < 0.69 && usual.high > 0.70 && (usual.expected - 0.70).abs() < 0.02, "{usual:?}");
    *values.last_mut().unwrap() = share(560, 1_000);
    let usual = judged(SHARE, &values).unwrap();
    assert_eq!((usual.verdict, usual.above, usual.look), (Verdict::Beyond, false, 1));
    assert!(usual.low > 0.56, "{usual:?}");
}

/// One answer a thousand times too large makes its month unsure of itself, and does not make it usual: found by a tester.
#[test]
fn what_one_wrong_answer_adds_does_not_widen_what_is_usual() {
    let mean = |point: f64, half: f64| Estimate {
        point,
        interval: Ok(Interval::new(point - half, point + half, Level::NINETY_FIVE)),
        n: 2_000,
        effective_n: 2_000.0,
        method: Method::StudentMean,
    };
    let mut random = Random::seeded(19);
    let mut values: Vec<Estimate> = (0..25).map(|_| mean(10.5 + 0.07 * random.normal(), 0.14)).collect();
    values.push(mean(15.88, 10.3));
    let usual = judged("{mean: {of: answer, value: minutes}}", &values).unwrap();
    assert_eq!((usual.verdict, usual.above), (Verdict::Beyond, true), "{usual:?}");
    assert!(usual.low > 10.0 && usual.high < 11.0, "{usual:?}");
}

#[test]
fn what_creeps_is_drifting() {
    let mut random = Random::seeded(3);
    // Six months in each of which a stable share loses what no single month would show.
    let lost = |month: usize| 26.0 * (month.saturating_sub(29)) as f64;
    let values: Vec<Estimate> = (0..36)
        .map(|month| share((700.0 - lost(month).min(78.0) + 14.0 * random.normal()).round() as u64, 1_000))
        .collect();
    let first =
        (30..36).map(|last| judged(SHARE, &values[..=last]).unwrap()).find(|u| u.verdict != Verdict::Within);
    let first = first.unwrap();
    assert!(!first.above, "{first:?}");
}

#[test]
fn what_cannot_be_judged_says_why() {
    let stable = |n: usize| vec![share(700, 1_000); n];
    assert_eq!(judged(SHARE, &stable(9)), Err(Refusal::TooFew { have: 8, need: 12 }));
    assert_eq!(judged(SHARE, &vec![share(2, 1_000); 20]), Err(Refusal::FewCases));
    assert_eq!(judged(COUNT, &vec![total::count(3); 20]), Err(Refusal::FewCases));
    let (project, mut frame, last) = one(SHARE, &stable(20));
    let series = frame.kpis.values_mut().next().unwrap().get_mut(&Segment::total()).unwrap();
    series.last_mut().unwrap().is_final = false;
    let found = review(&project, &frame, last, LEVEL, 1);
    assert_eq!(found.judged[&"it".parse().unwrap()][&Segment::total()], Err(Refusal::NotFinal));
}

#[test]
fn a_count_is_compared_by_the_day() {
    // 10 a day, in months of 28 to 31 days: no month is unusual, however short.
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut random = Random::seeded(9);
    let mut values: Vec<Estimate> = (0..25)
        .map(|month| {
            let mean = f64::from(10 * days[month % 12]);
            total::count((mean + mean.sqrt() * random.normal()).round() as u64)
        })
        .collect();
    // The next is February.
    values.push(total::count(280));
    let usual = judged(COUNT, &values).unwrap();
    assert_eq!(usual.verdict, Verdict::Within);
    assert!((usual.expected - 280.0).abs() < 15.0, "{usual:?}");
}

#[test]
fn all_of_few_cases_may_hit_by_chance() {
    let shape = Shape { kpis: 40, on_scorecard: 10, members: vec![4, 3], periods: 25 };
    let project = World::project(&shape);
    let world = World::clean(2, &shape);
    let member = Segment::one("d0".parse().unwrap(), "m0");
    let judged = |last: u64| {
        let mut frame = world.frame(&project);
        let series = frame.kpis.get_mut(&"k30".parse().unwrap()).unwrap().get_mut(&member).unwrap();
        let mut random = Random::seeded(11);
        for figure in series.iter_mut() {
            let hits = if figure.ordinal == world.last() {
                last
            } else {
                (0..20).filter(|_| random.uniform() < 0.64).count() as u64
            };
            let estimate = proportion::wilson(hits, 20, Level::NINETY_FIVE).unwrap();
            *figure = Figure::of(figure.ordinal, &estimate, true);
        }
        let review = review(&project, &frame, world.last(), LEVEL, 2);
        review.judged[&"k30".parse().unwrap()][&member].unwrap()
    };
    // 0.64^20 is one in 7 500, and there are some 300 members; on the scale it would lie more than five spreads off.
    let all = judged(20);
    assert_eq!((all.verdict, all.high), (Verdict::Within, 1.0));
    assert!(all.p > 1e-4, "{all:?}");
    // None of them is another matter.
    let none = judged(0);
    assert_eq!(none.verdict, Verdict::Beyond);
    assert!(!none.above && none.low > 0.0, "{none:?}");
}
