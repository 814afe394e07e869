//! Pictures as snapshots, and what must hold for all of them.

use std::sync::LazyLock;

use kepi_model::project::{Better, ValueUnit};
use maud::Markup;

use super::*;
use crate::{
    Reporter,
    fixture::{self, Planted},
    reader::{KpiQuery, ScorecardQuery},
    view::{EarlierView, KpiRow, KpiView, Named, Outcome, Recent, SeriesPoint},
};

fn airport() -> &'static Planted {
    static AIRPORT: LazyLock<Planted> = LazyLock::new(fixture::airport);
    &AIRPORT
}

fn kpi(id: &str) -> KpiView {
    Reporter::new(airport()).kpi(id, &KpiQuery::default()).unwrap()
}

fn row(id: &str) -> KpiRow {
    kpi(id).current
}

/// One element a line, so that a changed picture shows what changed.
fn lines(markup: &Markup) -> String {
    markup.0.replace("><", ">\n<")
}

#[test]
fn sparkline_of_a_falling_kpi() {
    let row = row("restroom_cleanliness");
    insta::assert_snapshot!(lines(&sparkline(&row.kpi.name, &row.recent, &row.measured_in)));
}

#[test]
fn sparkline_with_gaps_and_a_provisional_value() {
    let mut recent = row("restroom_cleanliness").recent;
    recent.points[2].0 = None;
    recent.points[5].1 = false;
    insta::assert_snapshot!(lines(&sparkline(
        "Cleanliness",
        &recent,
        &ValueUnit::Rating { low: 1, high: 5 }
    )));
}

#[test]
fn bullet_of_a_kpi_where_less_is_better() {
    let row = row("problem_rate");
    let (value, target) = (row.value.value().unwrap(), row.target.as_ref().unwrap());
    insta::assert_snapshot!(lines(&bullet(&row.kpi.name, value, row.status, target, &row.measured_in)));
}

#[test]
fn segments_on_a_common_scale() {
    let view = kpi("restroom_cleanliness");
    let members = &view.dimensions[0].members;
    let scale = dot_scale(members, &view.current.measured_in);
    insta::assert_snapshot!(lines(&dots(&members[4], &scale)));
}

#[test]
fn trend_with_a_gap_and_a_provisional_value() {
    let view = kpi("recommend");
    let mut series = view.trend;
    series[5].complete = false;
    let picture =
        trend("Net promoter score", &series, &[], &view.current.measured_in, Better::Higher, Size::Narrow);
    insta::assert_snapshot!(lines(&picture));
}

#[test]
fn what_is_usual_is_framed_where_it_is_known() {
    let view = kpi("recommend");
    let mut series = view.trend;
    let draw = |series: &[crate::view::SeriesPoint]| {
        trend("It", series, &[], &view.current.measured_in, Better::Higher, Size::Wide).0
    };
    series.iter_mut().for_each(|point| point.usual = None);
    assert!(!draw(&series).contains("class=\"usual\""));
    series[3].usual = Some((10.0, 30.0));
    assert_eq!(draw(&series).matches("class=\"usual\"").count(), 1);
}

#[test]
fn steps_of_a_bridge() {
    let view = Reporter::new(airport()).scorecard(&ScorecardQuery::default()).unwrap();
    let bridge = view.bridge.unwrap();
    let sum: i64 = bridge.parts.iter().map(|p| p.points.micro).sum();
    assert_eq!(bridge.from.micro + sum, bridge.to.micro);
    let scale = step_scale(&bridge.from, &bridge.parts);
    let all: Vec<String> = steps(&bridge.from, &bridge.parts, &scale).iter().map(lines).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn strategy_map_of_the_airport() {
    let view = Reporter::new(airport()).strategy_map(&ScorecardQuery::default()).unwrap();
    insta::assert_snapshot!(lines(&strategy_map(&view, &|_| None)));
}

#[test]
fn every_picture_has_a_title_and_only_finite_numbers() {
    for row in Reporter::new(airport()).kpis().unwrap().kpis {
        let view = kpi(&row.row.kpi.id);
        let now = &view.current;
        let mut pictures = vec![
            sparkline(&now.kpi.name, &now.recent, &now.measured_in),
            trend(&now.kpi.name, &view.trend, &[], &now.measured_in, now.better, Size::Wide),
            trend(&now.kpi.name, &[], &[], &now.measured_in, now.better, Size::Wide),
            sparkline(&now.kpi.name, &Recent::default(), &now.measured_in),
        ];
        if let (Some(value), Some(target)) = (now.value.value(), &now.target) {
            pictures.push(bullet(&now.kpi.name, value, now.status, target, &now.measured_in));
        }
        for picture in pictures {
            assert!(picture.0.contains("role=\"img\"") && picture.0.contains("<title>"), "{}", picture.0);
            for bad in ["NaN", "inf", "style="] {
                assert!(!picture.0.contains(bad), "{bad} in {}", picture.0);
            }
        }
    }
}

#[test]
fn one_wide_interval_does_not_make_a_line_of_all_others() {
    let unit = ValueUnit::Share;
    let mut series = kpi("shop_visits").trend;
    let picture =
        |series: &[SeriesPoint]| trend("x", series, &[], &unit, Better::Higher, Size::Wide).into_string();
    // How far the least and the greatest value stand apart, of how many units the picture is high.
    let apart = |text: &str| {
        let places = text
            .split("class=\"line\"")
            .skip(1)
            .filter_map(|rest| rest.split_once("y1=\"")?.1.split_once('"')?.0.parse::<f64>().ok());
        places.fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)))
    };
    assert!(!is_cut(&series, &[], &unit));
    let before = apart(&picture(&series));
    // The first period had next to no cases.
    let Some(Outcome::Value(first)) = series.first_mut().map(|point| &mut point.value) else { panic!() };
    let Outcome::Value(interval) = &mut first.interval else { panic!() };
    (interval.low.raw, interval.high.raw) = (0.0, 1.0);
    assert!(is_cut(&series, &[], &unit));
    let after = apart(&picture(&series));
    assert!(after.1 - after.0 > 0.2 * (before.1 - before.0), "{before:?} {after:?}");
}

#[test]
fn a_control_chart_marks_what_signals_and_letters_what_is_said() {
    let point = |(at, value): (usize, f64)| crate::view::ControlPoint {
        period: format!("2025-{:02}", at + 1),
        value,
        level: if at < 3 { 0.4 } else { 0.2 },
        limits: (at >= 3).then_some((0.1, 0.3)),
        centre: (at >= 4).then_some(0.22),
        signals: at == 5,
    };
    let values = [0.41, 0.39, 0.4, 0.21, 0.19, 0.35];
    let notes = (0..28).map(|_| crate::view::ChartNote {
        at: 3,
        period: "2025-04".to_owned(),
        text: "a new level".to_owned(),
        item: None,
    });
    let view = crate::view::ControlView {
        kind: "p chart",
        points: values.into_iter().enumerate().map(point).collect(),
        has_season: false,
        notes: notes.collect(),
    };
    let picture = crate::svg::control("x", &view, &ValueUnit::Share, Size::Wide).into_string();
    assert!(picture.contains("2025-06 signal.") && !picture.contains("NaN"), "{picture}");
    let count = |class: &str| picture.matches(&format!("class=\"{class}\"")).count();
    assert_eq!(
        [count("signal"), count("ring"), count("point"), count("limit"), count("level"), count("centre")],
        [1, 1, 5, 6, 6, 2]
    );
    // Letters of one period stand side by side.
    let places: std::collections::BTreeSet<&str> = picture
        .split("class=\"noted\" x1=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect();
    assert_eq!(places.len(), 28, "{picture}");
    assert!(
        picture.contains(">z</text>") && picture.contains(">aa</text>") && picture.contains(">ab</text>")
    );
    // Nothing is drawn of nothing.
    let none = crate::view::ControlView { points: Vec::new(), notes: Vec::new(), ..view };
    let picture = crate::svg::control("x", &none, &ValueUnit::Share, Size::Narrow).into_string();
    assert!(picture.contains("no period has a value"), "{picture}");
}

#[test]
fn figures_of_others_are_drawn_where_they_can_be_compared_and_have_not_expired() {
    let other = |raw: Option<f64>| crate::view::BenchmarkView {
        id: "others".to_owned(),
        name: "Airports of a comparable size".to_owned(),
        raw,
        value: "30".to_owned(),
        published: "2025-09-01".to_owned(),
        said: String::new(),
        expired: false,
        unlike: Vec::new(),
    };
    let view = kpi("recommend");
    let unit = &view.current.measured_in;
    let draw = |others: &[crate::view::BenchmarkView]| {
        trend("It", &view.trend, others, unit, Better::Higher, Size::Wide).0
    };
    let drawn = draw(&[other(Some(30.0))]);
    assert_eq!(drawn.matches("class=\"others\"").count(), 1);
    assert!(drawn.contains(">Airports of a<") && drawn.contains(">comparable size<"), "{drawn}");
    assert!(drawn.contains(">30, 2025-09<"), "{drawn}");
    let unlike = crate::benchmarks::Otherwise { aspect: "mode".into(), theirs: "a".into(), ours: "b".into() };
    let not = [
        other(None),
        crate::view::BenchmarkView { expired: true, ..other(Some(30.0)) },
        crate::view::BenchmarkView { unlike: vec![unlike], ..other(Some(30.0)) },
    ];
    assert_eq!(draw(&not), draw(&[]));
    assert!(benchmarks_beyond(&view.trend, &not, unit).is_empty());
    // What is far off does not make a line of all values; the page says so.
    let far = [other(Some(-100.0))];
    assert_eq!(draw(&far), draw(&[]));
    assert_eq!(benchmarks_beyond(&view.trend, &far, unit).len(), 1);
}

#[test]
fn what_a_course_continues_is_dashed_up_to_the_line_where_it_begins() {
    let view = kpi("restroom_cleanliness");
    let now = &view.current;
    let measured = view.trend[0].value.value().unwrap().clone();
    let of = Named::new("old", "Old wording");
    let earlier = EarlierView {
        of,
        points: vec![("1998".to_owned(), measured.clone()), ("1999".to_owned(), measured)],
    };
    let drawn = |earlier: Option<&EarlierView>| {
        let of = (&now.measured_in, now.better);
        continued(earlier, &now.kpi.name, &view.trend, &[], of, Size::Wide).into_string()
    };
    let (with, without) = (drawn(Some(&earlier)), drawn(None));
    // Two figures, the line between them and the one up to the first figure of its own.
    assert_eq!(
        (with.matches("circle class=\"bridged\"").count(), with.matches("\"line bridged\"").count()),
        (2, 2)
    );
    assert_eq!(with.matches("class=\"break\"").count(), 1);
    assert!(with.contains("Before it, dashed: Old wording on its level."), "{with}");
    assert!(!without.contains("bridged") && !without.contains("break"), "{without}");
}
