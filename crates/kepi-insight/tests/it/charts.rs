//! Control charts of textbooks, through KPI files: rows, measured and finished as a run does it, and charted.

use kepi_insight::{
    analysis::Ask,
    chart::{self, Chart},
    evidence::Published,
    frame::{Figure, Frame},
    sentence::Charting,
};
use kepi_model::calendar::{FiscalCalendar, Grain, Period};
use kepi_query::value::Segment;
use kepi_stats::random::Random;
use kepi_testkit::{
    road::Road,
    tables::{inputs, project, table},
};

const HEAD: &str = "project: test\nname: Test\nlanguage: 1\ntime_zone: UTC\n---\n\
    entity: wafer\nname: Wafer\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: timestamp}\n  hit: {type: boolean}\n---\n\
    entity: flaw\nname: Flaw\nkey: [id]\ntime: at\nattributes:\n  id: {type: text}\n  at: {type: timestamp}\n---\n\
    kpi: it\nname: It\nbetter: lower\nperiod: week\nmeasure: ";

/// Rows of weeks: of so many wafers so many are hit, and there are so many flaws.
fn charted(measure: &str, weeks: &[(usize, usize, usize)]) -> Chart {
    let project = project(&format!("{HEAD}{measure}\n"));
    let mut wafers = String::from("id:text hit:boolean at:instant _valid_to:instant\n");
    let mut flaws = String::from("id:text at:instant _valid_to:instant\n");
    let first = "2024-01-01".parse::<jiff::civil::Date>().unwrap();
    for (week, (hits, of, further)) in weeks.iter().enumerate() {
        let day = first + jiff::Span::new().weeks(week as i64);
        for row in 0..*of {
            wafers.push_str(&format!("w{week}-{row} {} {day} -\n", row < *hits));
        }
        for row in 0..*further {
            flaws.push_str(&format!("f{week}-{row} {day} -\n"));
        }
    }
    let calendar = &project.calendar;
    let inputs = inputs(vec![("wafer", table(calendar, &wafers)), ("flaw", table(calendar, &flaws))]);
    let mut frame = Frame::new(Grain::Week);
    for value in Road::by_reference(&project, &inputs).values(&project) {
        if let (Grain::Week, Ok(estimate)) = (value.period.grain, &value.estimate) {
            let figure = Figure::of(value.period.ordinal, estimate, true).with(value.coverage);
            frame.push(&value.kpi, &value.segment, figure);
        }
    }
    let world = Published::new(project, frame);
    let kpi = world.project.kpis.values().next().unwrap();
    let ordinal = *world.frame.periods().last().unwrap();
    let period = Period::new(Grain::Week, ordinal, FiscalCalendar::default());
    chart::of(&Ask { kpi, period }, &world).unwrap().unwrap()
}

/// Places that signal, from one.
fn signalling(chart: &Chart) -> Vec<usize> {
    let of = |place: &usize| chart.limits(place - 1).is_some_and(|of| of.signals);
    (1..=chart.values.len()).filter(of).collect()
}

fn close(is: f64, should_be: f64, by: f64) {
    assert!((is - should_be).abs() < by, "{is} is not {should_be}");
}

/// NIST/SEMATECH, e-Handbook of Statistical Methods, 6.3.3.2: fractions of 50 chips, thirty wafers.
#[test]
fn proportions_are_charted_as_published() {
    let of = [
        12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13,
        9, 6,
    ];
    let weeks = of.map(|hits| (hits, 50, 0));
    let chart = charted("{share: {of: wafer, which: hit}}", &weeks);
    assert_eq!((chart.spreading.of, chart.spreading.widened, chart.from), (Charting::Shares, false, 0));
    for of in &chart.limits {
        close(of.centre, 0.231_333_333, 1e-9);
        close(of.high, 0.410_239_119, 1e-9);
        close(of.low, 0.052_427_548, 1e-9);
    }
    assert_eq!(signalling(&chart), [15, 23]);
    // It varies more than chance, and is said to.
    assert!(chart.spreading.beyond);
    close(chart.spreading.factor, 1.660_866_72, 1e-8);
}

/// The same handbook, 6.3.3.1: defects on 25 wafers. A count of equal weeks is a c chart.
#[test]
fn counts_are_charted_as_published() {
    let of =
        [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13];
    let chart = charted("{count: {of: flaw}}", &of.map(|flaws| (0, 1, flaws)));
    assert_eq!((chart.spreading.of, chart.spreading.widened, chart.from), (Charting::Events, false, 0));
    for of in &chart.limits {
        close(of.centre, 16.0, 1e-9);
        close(of.high, 28.0, 1e-9);
        close(of.low, 4.0, 1e-9);
    }
    assert_eq!(signalling(&chart), [24]);
}

/// Flaws per wafer, of unequal numbers of wafers, by hand: ū = Σ flaws ⁄ Σ wafers, limits ū ± 3·√(ū ⁄ wafers).
#[test]
fn limits_of_a_rate_hang_on_how_many_there_are() {
    let of =
        [(40, 24), (55, 25), (38, 22), (61, 29), (47, 22), (52, 30), (44, 17), (58, 31), (49, 29), (36, 15)];
    let weeks: Vec<(usize, usize, usize)> =
        of.iter().chain(&of[..4]).map(|(wafers, flaws)| (0, *wafers, *flaws)).collect();
    let measure = "{rate: {events: {count: {of: flaw}}, population: {count: {of: wafer}}, per: 100}}";
    let chart = charted(measure, &weeks);
    // 344 of 674 together.
    let (flaws, wafers) = (344.0, 674.0);
    assert_eq!(weeks.iter().map(|w| (w.1, w.2)).fold((0, 0), |a, w| (a.0 + w.0, a.1 + w.1)), (674, 344));
    let rate = flaws / wafers;
    for (of, (_, wafers, _)) in chart.limits.iter().zip(&weeks) {
        let half = 3.0 * (rate / *wafers as f64).sqrt();
        close(of.centre, 100.0 * rate, 1e-9);
        close(of.high, 100.0 * (rate + half), 1e-9);
        close(of.low, 100.0 * (rate - half), 1e-9);
    }
    assert!(signalling(&chart).is_empty() && !chart.spreading.beyond);
}

/// The ten counts on which Laney's p′ chart is held against R in `kepi-stats`, twice in a row: of thousands of cases every month would be beyond
/// limits of chance.
#[test]
fn shares_of_many_that_vary_more_than_chance_have_wider_limits() {
    let of = [
        (52, 1000),
        (75, 1200),
        (38, 900),
        (70, 1100),
        (44, 1050),
        (66, 980),
        (80, 1300),
        (40, 1010),
        (62, 995),
        (49, 1075),
    ];
    let weeks: Vec<(usize, usize, usize)> =
        of.iter().chain(&of).map(|(hits, rows)| (*hits, *rows, 0)).collect();
    let chart = charted("{share: {of: wafer, which: hit}}", &weeks);
    assert!(chart.spreading.beyond && chart.spreading.widened);
    let centre: f64 = 576.0 / 10_610.0;
    // MR̄ ⁄ 1.128 of the twenty deviates.
    let deviates: Vec<f64> = weeks
        .iter()
        .map(|(hits, rows, _)| {
            let n = *rows as f64;
            (*hits as f64 / n - centre) / (centre * (1.0 - centre) / n).sqrt()
        })
        .collect();
    let factor = deviates.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / 19.0 / 1.128;
    close(chart.spreading.factor, factor, 1e-9);
    for (of, (_, rows, _)) in chart.limits.iter().zip(&weeks) {
        let half = 3.0 * factor * (centre * (1.0 - centre) / *rows as f64).sqrt();
        close(of.high, centre + half, 1e-9);
        close(of.low, (centre - half).max(0.0), 1e-9);
    }
    assert!(signalling(&chart).is_empty());
}

/// What is there month after month is no case of its own: neighbours differ less than chance would let them.
#[test]
fn what_hardly_varies_has_a_chart_of_its_values() {
    let of = [100, 101, 100, 102, 101, 103, 102, 101, 100, 102, 103, 101, 102, 100];
    let chart = charted("{count: {of: flaw}}", &of.map(|flaws| (0, 1, flaws)));
    assert_eq!(chart.spreading.of, Charting::Individuals);
    assert!(chart.limits.iter().all(|of| of.high < 110.0));
}

/// Where nothing happens about as many points signal as is said, with a season taken off or without: found by a tester, to whom one point in 22 of
/// quiet counts did.
#[test]
fn of_quiet_series_as_few_points_signal_as_is_said_whether_or_not_they_have_a_season() {
    let project = project(&format!("{}{{count: {{of: flaw}}}}\n", HEAD.replace("week", "month")));
    let kpi = project.kpis.values().next().unwrap().clone();
    let mut random = Random::seeded(7);
    for swing in [0.0, 0.4] {
        let (mut points, mut signals, mut seasons) = (0, 0, 0);
        for _ in 0..300 {
            let mut frame = Frame::new(Grain::Month);
            // 2020-01 on, for three years and a half.
            let months = 600..642;
            for ordinal in months.clone() {
                let mean = 240.0 * (1.0 + swing * (f64::from(ordinal) * std::f64::consts::TAU / 12.0).cos());
                let count = (mean + mean.sqrt() * random.normal()).round().max(0.0);
                frame.push(&kpi.id, &Segment::total(), Figure::counted(ordinal, count));
            }
            let world = Published::new(project.clone(), frame);
            let period = Period::new(Grain::Month, months.end - 1, FiscalCalendar::default());
            let chart = chart::of(&Ask { kpi: &kpi, period }, &world).unwrap().unwrap();
            points += chart.limits.len();
            signals += chart.limits.iter().filter(|of| of.signals).count();
            seasons += usize::from(chart.season.is_some());
        }
        eprintln!("{swing}: {signals} of {points}, {seasons} seasons");
        assert!(seasons == if swing > 0.0 { 300 } else { seasons });
        assert!(150 * signals < 2 * points, "{signals} of {points}");
    }
}

/// One month twice as high as it should be signals, and bends the season of none of its namesakes.
#[test]
fn what_lies_off_for_certain_does_not_bend_the_season_of_its_namesakes() {
    let project = project(&format!("{}{{count: {{of: flaw}}}}\n", HEAD.replace("week", "month")));
    let kpi = project.kpis.values().next().unwrap().clone();
    let mut random = Random::seeded(3);
    let (mut found, mut bent) = (0, 0);
    for _ in 0..40 {
        let mut frame = Frame::new(Grain::Month);
        for ordinal in 600..648 {
            let mean = 240.0 * (1.0 + 0.4 * (f64::from(ordinal) * std::f64::consts::TAU / 12.0).cos());
            let count = (mean + mean.sqrt() * random.normal()) * if ordinal == 630 { 2.0 } else { 1.0 };
            frame.push(&kpi.id, &Segment::total(), Figure::counted(ordinal, count.round().max(0.0)));
        }
        let world = Published::new(project.clone(), frame);
        let period = Period::new(Grain::Month, 647, FiscalCalendar::default());
        let chart = chart::of(&Ask { kpi: &kpi, period }, &world).unwrap().unwrap();
        let signals = |place: usize| chart.limits(place).is_some_and(|of| of.signals);
        found += usize::from(signals(30));
        bent += [6, 18, 42].into_iter().filter(|place| signals(*place)).count();
    }
    assert!(found == 40 && bent <= 4, "{found} found, {bent} of 120 namesakes");
}
