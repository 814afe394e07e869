//! Do forecasts gain by it? Of what it is believed to move: forecasts one period ahead from rolling origins, each from nothing but what was known by then,
//! with it and without, and by how much less they miss with it. What goes together need not foretell.

use std::collections::BTreeMap;

use kepi_model::calendar::Period;
use kepi_stats::{
    control::usual::{Point, Season, Series},
    estimate::{Level, NotComputable},
    series::validity::{PanelRow, ValidityOptions, Verdict as Found, panel_validity},
};

use crate::{
    analysis::{Analysis, Ask, Cadence, Check, Exhibit, Frames, Insight, Shown, Verdict},
    link::{self, Both, Pair},
    season::season_of,
    sentence::{Gain, NoGain, Sentence},
};

/// The row of the list.
pub const ANALYSIS: Analysis = Analysis {
    name: "gain",
    version: 1,
    question: "Do forecasts of what it is believed to move gain by it?",
    cadence: Cadence::OnRequest,
    family: None,
    answer,
};

/// Periods before the first that is forecast, and periods that have to be forecast.
const BEFORE: usize = 12;
const FORECAST: usize = 10;

/// By how much forecasts of the effect of a pair gain by its cause.
pub(crate) fn of(pair: &Pair<'_>, upto: Period, frames: &dyn Frames) -> Result<Gain, NoGain> {
    if link::periods_of(pair.lag, upto.grain) == Some(0) {
        return Err(NoGain::NotAhead);
    }
    let (members, total) = link::material(pair, upto, frames).map_err(NoGain::Untold)?;
    let (rows, count) = match members {
        Some(units) => {
            (units.iter().enumerate().flat_map(|(unit, of)| rows(unit, of)).collect(), Some(units.len()))
        }
        None => (rows(0, &without_season(&total, upto)), None),
    };
    let rows: Vec<PanelRow> = rows;
    let periods: std::collections::BTreeSet<i32> = rows.iter().map(|row| row.period).collect();
    let options = ValidityOptions { first_origin: BEFORE, ..ValidityOptions::default() };
    let too_few = NoGain::TooFew { have: periods.len(), need: BEFORE + FORECAST };
    if periods.len() < BEFORE + FORECAST {
        return Err(too_few);
    }
    let found = panel_validity(&rows, options, Level::NINETY_FIVE).map_err(|why| match why {
        NotComputable::NoVariation => NoGain::Untold(link::Untold::NeverMoved),
        _ => too_few,
    })?;
    let range = found.gain.interval.as_ref().map_or((f64::NEG_INFINITY, 1.0), |of| (of.low, of.high));
    let verdict = match found.verdict {
        Found::Predicts => Verdict::Yes,
        Found::DoesNotPredict => Verdict::No,
        Found::InsufficientPower => Verdict::Unknown,
    };
    let effect = pair.effect.name.clone();
    Ok(Gain { effect, share: found.gain.point, range, periods: found.gain.n, members: count, verdict })
}

/// Rows of which the effect is known in the period before, too.
fn rows(unit: usize, of: &Both) -> Vec<PanelRow> {
    let row = |(period, (leader, outcome)): (&i32, &(f64, f64))| {
        let (_, before) = of.get(&(period - 1))?;
        Some(PanelRow { unit, period: *period, outcome: *outcome, before: *before, leader: *leader })
    };
    of.iter().filter_map(row).collect()
}

/// A total with the season of either side taken off, where it has one: two that share a season foretell each other by it, and so does the calendar.
/// Members need none of that: what all share in a period is taken off.
fn without_season(of: &Both, upto: Period) -> Both {
    let (Some(length), Some((first, _)), Some((last, _))) =
        (season_of(upto.grain), of.first_key_value(), of.last_key_value())
    else {
        return of.clone();
    };
    let course = |side: fn(&(f64, f64)) -> f64| -> BTreeMap<i32, f64> {
        let places: Series = (*first..=*last)
            .map(|at| of.get(&at).map(|pair| Point { value: side(pair), variance: 0.0 }))
            .collect();
        let found = Season::find(&places, length, i64::from(*first));
        (*first..).zip(found.map(|of| of.course).unwrap_or_default()).collect()
    };
    let (causes, effects) = (course(|pair| pair.0), course(|pair| pair.1));
    let off = |season: &BTreeMap<i32, f64>, at: &i32| season.get(at).copied().unwrap_or(0.0);
    of.iter()
        .map(|(at, (cause, effect))| (*at, (cause - off(&causes, at), effect - off(&effects, at))))
        .collect()
}

fn answer(ask: &Ask<'_>, frames: &dyn Frames) -> Option<Insight> {
    let all = link::pairs(frames.project());
    let asked: Vec<&Pair<'_>> = all.iter().filter(|pair| pair.cause.id == ask.kpi.id).collect();
    if asked.is_empty() {
        return None;
    }
    let (mut gains, mut untold): (Vec<Gain>, BTreeMap<NoGain, Vec<String>>) = Default::default();
    for pair in &asked {
        match of(pair, ask.period, frames) {
            Ok(gain) => gains.push(gain),
            Err(why) => untold.entry(why).or_default().push(pair.effect.name.clone()),
        }
    }
    gains.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.effect.cmp(&b.effect)));
    let verdict =
        link::together(gains.iter().map(|of| of.verdict).chain(untold.keys().map(|_| Verdict::Unknown)));
    let rows = gains.iter().map(|of| {
        let figures = [of.share, of.range.0, of.range.1].map(Shown::Share);
        let counts = [of.periods as f64, of.members.unwrap_or(1) as f64].map(Shown::Count);
        (of.effect.clone(), [&figures[..], &counts[..]].concat())
    });
    let exhibit = (!gains.is_empty()).then(|| Exhibit {
        columns: vec!["errors saved", "from", "to", "periods forecast", "series"],
        rows: rows.collect(),
    });
    let checks = vec![Check { name: "enough periods to hold back", holds: !gains.is_empty() }];
    let told = gains.into_iter().map(Sentence::Gains);
    let says =
        told.chain(untold.into_iter().map(|(why, effects)| Sentence::GainUntold { effects, why })).collect();
    Some(Insight { verdict, says, exhibit, checks, looked_at: asked.len() })
}
