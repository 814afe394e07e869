//! A planted driver that matters most and lacks as much as others ranks first.

use kepi_insight::{
    evidence::Published,
    frame::{Figure, Frame},
    priority::{Quadrant, priorities},
};
use kepi_model::{
    calendar::Grain,
    check::{Options, check},
    id::KpiId,
    source_text::{SourceFile, SourceMap},
};
use kepi_query::value::Segment;
use kepi_stats::random::Random;

/// January 2023.
const FIRST: i32 = (2023 - 1970) * 12;
/// By how much the outcome moves a month after each driver moved.
const STRENGTHS: [(&str, f64); 4] = [("calls", 0.1), ("price", 0.0), ("queue", 0.9), ("words", 0.2)];

#[test]
fn a_planted_driver_of_high_impact_ranks_first() {
    let mut text =
        "project: world\nname: World\nlanguage: 1\ntime_zone: UTC\n---\nperson: owner\nname: Owner\n"
            .to_owned();
    for (kpi, _) in STRENGTHS.iter().chain(&[("outcome", 0.0)]) {
        let moves = match *kpi {
            "outcome" => "",
            _ => "moves: {outcome: {sign: positive, lag: 1 month}}\n",
        };
        text += &format!(
            "---\nentity: {kpi}_row\nname: Rows\nkey: [id]\ntime: at\nattributes:\n  id: {{type: text}}\n  at: {{type: date}}\n  good: {{type: \
             boolean}}\n---\nkpi: {kpi}\nname: {kpi}\nbetter: higher\nmeasure: {{share: {{of: {kpi}_row, which: good}}}}\nperiod: \
             month\naccountable: owner\n{moves}"
        );
    }
    let files = SourceMap::new(vec![SourceFile { path: "world.yml".to_owned(), text: text.into() }]);
    let checked = check(&files, &Options::default());
    let project = checked.value.unwrap_or_else(|| panic!("{:?}", checked.findings));
    let mut random = Random::seeded(5);
    let mut frame = Frame::new(Grain::Month);
    let mut push = |kpi: &str, month: i32, value: f64| {
        let kpi: KpiId = kpi.parse().unwrap();
        frame.push(&kpi, &Segment::total(), Figure::counted(FIRST + month, value));
    };
    let mut before = [0.0; 4];
    for month in 0..48 {
        let pulled: f64 = STRENGTHS.iter().zip(before).map(|((_, strength), was)| strength * was).sum();
        push("outcome", month, 0.5 + 0.03 * (pulled + 0.5 * random.normal()));
        for ((kpi, _), now) in STRENGTHS.iter().zip(&mut before) {
            *now = random.normal();
            push(kpi, month, 0.5 + 0.03 * *now);
        }
    }
    let world = Published::new(project, frame);
    let outcome = &world.project.kpis[&"outcome".parse().unwrap()];
    // All are as far from a full score, but for one that has it.
    let score = |kpi: &kepi_model::project::Kpi| Some(if kpi.id.as_str() == "words" { 100.0 } else { 60.0 });
    let found = priorities(outcome, world.last(), &world, score);
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!((found[0].driver.id.as_str(), found[0].priority), ("queue", Some(1.0)), "{found:?}");
    assert_eq!(found[0].quadrant, Some(Quadrant::ActFirst));
    // A typical move of it, a spread of 0.03, goes with 0.9 of it.
    assert!((found[0].importance.unwrap() - 0.027).abs() < 0.006, "{:?}", found[0].importance);
    let words = found.iter().find(|of| of.driver.id.as_str() == "words").unwrap();
    assert_eq!((words.gap, words.priority), (Some(0.0), Some(0.0)), "what lacks nothing comes last");
}
