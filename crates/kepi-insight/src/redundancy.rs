//! Which KPIs say the same? By definition, where the same is measured; by values, where what each does that its own past does not let expect moves
//! together. Levels would not do: two trends go together without meaning the same.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Period,
    project::{Kpi, Project},
};
use kepi_query::value::Segment;
use kepi_stats::control::usual::{Point, Season, Series, Usual};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    frame::{Figure, Scaling, Segments},
    link::is_part,
    policy,
    season::{longest, season_of},
    sentence::{Alike, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "redundancy",
    version: 1,
    question: "Which KPIs say the same?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Periods that both need.
const NEED: usize = 24;
/// Two say the same if their correlation is at least this for certain, and do not if it is at most that.
const SAME: f64 = 0.8;
const APART: f64 = 0.95;

/// What of each final value its own past did not let expect, in its spread.
fn innovations(
    kpi: &Kpi,
    upto: Period,
    frames: &dyn Frames,
    project: &Project,
) -> Option<BTreeMap<i32, f64>> {
    let from = upto.ordinal.saturating_sub(longest(upto.grain));
    let points = frames.points(kpi, upto.grain, &Segment::total(), from..=upto.ordinal);
    let (first, last) = (points.first()?.0, points.last()?.0);
    let figures: Vec<Figure> = points.iter().map(|(at, value)| Figure::counted(*at, *value)).collect();
    let segments = Segments::from([(Segment::total(), figures.clone())]);
    let scaling = Scaling::of(kpi, upto.grain, &project.calendar, &segments, upto.ordinal);
    let mut series: Series = vec![None; usize::try_from(last - first).ok()? + 1];
    for figure in &figures {
        let place = series.get_mut(usize::try_from(figure.ordinal - first).ok()?)?;
        *place = scaling.point(figure).map(|point| Point { variance: 0.0, ..point });
    }
    if let Some(season) = season_of(upto.grain).and_then(|n| Season::find(&series, n, i64::from(first))) {
        let places = series.iter_mut().zip(&season.course);
        places.for_each(|(point, course)| point.iter_mut().for_each(|p| p.value -= course));
    }
    let filtered = Usual::fit(std::slice::from_ref(&series)).ok()?.filter(&series);
    let known = filtered.innovations.into_iter().zip(first..);
    Some(known.filter_map(|(innovation, at)| Some((at, innovation?))).collect())
}

/// The correlation of what two have in common, and in how many periods.
fn correlation(a: &BTreeMap<i32, f64>, b: &BTreeMap<i32, f64>) -> Option<(f64, usize)> {
    let both: Vec<(f64, f64)> = a.iter().filter_map(|(at, x)| Some((*x, *b.get(at)?))).collect();
    let n = both.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>();
    let squares = sum(&|pair| (pair.0 - x) * (pair.0 - x)) * sum(&|pair| (pair.1 - y) * (pair.1 - y));
    let r = sum(&|pair| (pair.0 - x) * (pair.1 - y)) / squares.sqrt();
    r.is_finite().then_some((r.clamp(-1.0, 1.0), both.len()))
}

fn measures_the_same(a: &Kpi, b: &Kpi) -> bool {
    let measured = |kpi: &Kpi| format!("{:?} {:?} {:?}", kpi.measure, kpi.weight, kpi.over);
    a.period == b.period && measured(a) == measured(b)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let own = innovations(ask.kpi, ask.period, frames, project);
    let others = project.kpis.values().filter(|other| {
        other.id != ask.kpi.id
            && other.period == ask.kpi.period
            && !is_part(other, ask.kpi)
            && !is_part(ask.kpi, other)
    });
    let others: Vec<&Kpi> = others.collect();
    let z = policy::deviations(others.len());
    let (mut alike, mut compared, mut open) = (Vec::new(), 0, 0);
    for other in others {
        if measures_the_same(ask.kpi, other) {
            alike.push((Alike { name: other.name.clone(), correlation: None }, 0));
            continue;
        }
        let found = own.as_ref().and_then(|own| {
            let (r, n) = correlation(own, &innovations(other, ask.period, frames, project)?)?;
            (n >= NEED).then_some((r, n))
        });
        let Some((r, n)) = found else { continue };
        compared += 1;
        // Fisher 1921: the inverse hyperbolic tangent of a correlation has variance 1/(n − 3).
        let half = z / (n as f64 - 3.0).sqrt();
        let end = |side: f64| libm::tanh(libm::atanh(r.abs().min(1.0 - 1e-12)) + side * half);
        if end(-1.0) >= SAME {
            alike.push((Alike { name: other.name.clone(), correlation: Some(r) }, n));
        } else if end(1.0) > APART {
            open += 1;
        }
    }
    if compared == 0 && alike.is_empty() {
        return None;
    }
    let verdict = match (alike.is_empty(), open) {
        (false, _) => Verdict::Yes,
        (true, 0) => Verdict::No,
        (true, _) => Verdict::Unknown,
    };
    let exhibit = (!alike.is_empty()).then(|| Exhibit {
        columns: vec!["correlation", "periods"],
        rows: alike
            .iter()
            .filter_map(|(of, n)| {
                Some((of.name.clone(), vec![Shown::Number(of.correlation?), Shown::Count(*n as f64)]))
            })
            .collect(),
    });
    let says = match alike.is_empty() {
        true => vec![Sentence::NothingAlike { compared, open }],
        false => alike.into_iter().map(|(of, _)| Sentence::SaysTheSame(of)).collect(),
    };
    let checks = vec![Check { name: "enough periods", holds: compared > 0 }];
    Some(Insight {
        verdict,
        says,
        exhibit: exhibit.filter(|of| !of.rows.is_empty()),
        checks,
        looked_at: compared,
    })
}
