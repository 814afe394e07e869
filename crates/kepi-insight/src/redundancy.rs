//! Which KPIs say the same? By definition, where the same is measured; by values, where what each does that its own past does not let expect moves
//! together. Levels would not do: two trends go together without meaning the same.

use std::collections::BTreeMap;

use kepi_model::{
    calendar::Period,
    id::KpiId,
    project::{Kpi, Project},
};
use kepi_query::value::Segment;
use kepi_stats::control::usual::{Point, Season, Series, Usual};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    frame::{Figure, Scaling, Segments},
    link::{have_same_periods, is_part},
    policy,
    season::{longest, season_of},
    sentence::{Alike, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "redundancy",
    version: 3,
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

/// Final values of a KPI on the scale of its kind, a place a period, and the season they have.
struct Course {
    first: i32,
    values: Vec<Option<f64>>,
    season: Option<Vec<f64>>,
}

fn course(kpi: &Kpi, upto: Period, frames: &dyn Frames, project: &Project) -> Option<Course> {
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
    let season = season_of(upto.grain).and_then(|n| Season::find(&series, n, i64::from(first)));
    let values = series.into_iter().map(|point| point.map(|point| point.value)).collect();
    Some(Course { first, values, season: season.map(|season| season.course) })
}

impl Course {
    /// The values from one period to another, in the root of their mean squared step.
    fn between(&self, from: i32, to: i32, in_season: bool) -> Option<Series> {
        let at = |ordinal: i32| {
            let place = usize::try_from(ordinal - self.first).ok()?;
            let season = self.season.as_ref().filter(|_| in_season);
            let course = season.and_then(|season| season.get(place).copied()).unwrap_or(0.0);
            Some(self.values.get(place).copied()?? - course)
        };
        let values: Vec<Option<f64>> = (from..to).map(at).collect();
        let steps: Vec<f64> = values
            .windows(2)
            .filter_map(|pair| Some(pair.last()?.as_ref()? - pair.first()?.as_ref()?))
            .collect();
        let step = (steps.iter().map(|step| step * step).sum::<f64>() / steps.len() as f64).sqrt();
        let point = |value: f64| Point { value: value / step, variance: 0.0 };
        (step > 0.0).then(|| values.into_iter().map(|value| value.map(point)).collect())
    }
}

/// The correlation of what of each value of two its own past did not let expect, and in how many periods. One filter for both: were each
/// given its own, or the season taken off one alone, what is one and the same would come out as two.
fn innovations(a: &Course, b: &Course) -> Option<(f64, usize)> {
    let from = a.first.max(b.first);
    let end = |of: &Course| of.first.saturating_add(i32::try_from(of.values.len()).unwrap_or(i32::MAX));
    let to = end(a).min(end(b));
    let in_season = a.season.is_some() && b.season.is_some();
    let both = [a.between(from, to, in_season)?, b.between(from, to, in_season)?];
    let usual = Usual::fit(&both).ok()?;
    let of = |series: &Series| {
        let known = usual.filter(series).innovations.into_iter().zip(from..);
        known.filter_map(|(innovation, at)| Some((at, innovation?))).collect()
    };
    let [x, y] = &both;
    correlation(&of(x), &of(y))
}

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

/// A KPI as it is defined, whatever zone its days begin in.
fn by_definition(kpi: &Kpi) -> &KpiId {
    kpi.elsewhere.as_ref().map_or(&kpi.id, |of| &of.of)
}

pub(crate) fn measures_the_same(a: &Kpi, b: &Kpi) -> bool {
    let measured = |kpi: &Kpi| format!("{:?} {:?} {:?}", kpi.measure, kpi.weight, kpi.over);
    a.period == b.period && measured(a) == measured(b)
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let project = frames.project();
    let own = course(ask.kpi, ask.period, frames, project);
    let others = project.kpis.values().filter(|other| {
        // In another calendar it is the same KPI.
        by_definition(other) != by_definition(ask.kpi)
            && other.period == ask.kpi.period
            && have_same_periods(other, ask.kpi, project)
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
            let (r, n) = innovations(own, &course(other, ask.period, frames, project)?)?;
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
