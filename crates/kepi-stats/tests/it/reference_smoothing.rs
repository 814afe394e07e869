//! Exponential smoothing and forecasts against R 4.2.2 (forecast, stats).

use kepi_stats::estimate::{Level, NotComputable};
use kepi_stats::optimise::{Stopping, nelder_mead};
use kepi_stats::series::accuracy::{self, Loss};
use kepi_stats::series::smoothing::{
    self, ErrorKind, Fit, Intervals, Model, Search, Season, Simulation, Smoothing, State, Trend,
};

use crate::support::{CLOSED, Check, Oracle, Random};

const LEVEL: Level = Level::NINETY_FIVE;
const SIMPLE: Model =
    Model { error: ErrorKind::Additive, trend: Trend::None, season: Season::None, period: 1 };
const ACCIDENTS: Model =
    Model { error: ErrorKind::Additive, trend: Trend::None, season: Season::Additive, period: 12 };
const PASSENGERS: Model = Model {
    error: ErrorKind::Multiplicative,
    trend: Trend::Damped,
    season: Season::Multiplicative,
    period: 12,
};

pub fn values(check: &mut Check) {
    if let Some(table) = check.published("usaccdeaths.csv") {
        accidents(check, &table.numbers("y"));
    }
    if let Some(table) = check.published("airpassengers.csv") {
        passengers(check, &table.numbers("y"));
        held_out(check, &table.numbers("y"));
    }
    if let Some(table) = check.published("nile.csv") {
        nile(check, &table.numbers("nile"));
    }
    if let Some(table) = check.published("co2_r.csv") {
        carbon_dioxide(check, &table.numbers("y"));
    }
    diebold_mariano(check);
}

/// Points and ends of the intervals over the horizon of the oracle.
fn ahead(fit: &Fit, steps: usize) -> [Vec<f64>; 3] {
    let ahead = fit.forecast(steps, LEVEL, Intervals::Moments);
    let of = |end: fn(&kepi_stats::estimate::Interval) -> f64| {
        ahead.iter().map(|step| end(step.interval.as_ref().unwrap())).collect::<Vec<f64>>()
    };
    [ahead.iter().map(|step| step.point).collect(), of(|i| i.low), of(|i| i.high)]
}

/// R's forecasts of damped models with a multiplicative season leave out the damping of the first step: the level
/// ahead is l + b there, not l + φb. That is this model with b/φ for b and β/φ for β.
fn damped_as_in_r(fit: &Fit) -> Fit {
    let mut fit = fit.clone();
    fit.state.slope /= fit.smoothing.phi;
    fit.smoothing.beta /= fit.smoothing.phi;
    fit
}

fn accidents(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    let like_r = smoothing::fit(series, ACCIDENTS, Search::Simplex).unwrap();
    check.at(&oracle, "/ets_usaccdeaths/aicc", like_r.aicc, 1e-10);
    check.at(&oracle, "/ets_usaccdeaths/alpha", like_r.smoothing.alpha, CLOSED);
    let [points, mut low, mut high] = ahead(&like_r, 12);
    // R 8.x adds γ to the weights one period early when there is no trend: its variance twelve months ahead is larger
    // by σ²γ(2α + γ), which is put back here.
    let Smoothing { alpha, gamma, .. } = like_r.smoothing;
    let half = 0.5 * (high[11] - low[11]) / LEVEL.z();
    let half = LEVEL.z() * (half * half + like_r.variance * gamma * (2.0 * alpha + gamma)).sqrt();
    (low[11], high[11]) = (points[11] - half, points[11] + half);
    for (name, got) in [("fc", points), ("lo", low), ("hi", high)] {
        check.all_at(&oracle, &format!("/ets_usaccdeaths/{name}"), &got, CLOSED);
    }
    // R stopped after 2000 evaluations at −555.0723; the maximum is higher by 2.85.
    let best = smoothing::fit(series, ACCIDENTS, Search::Thorough).unwrap();
    check.within("log-likelihood where R stops", like_r.log_likelihood, -555.0723, 5e-5);
    check.within("log-likelihood of the maximum", best.log_likelihood, -552.2175, 5e-5);
    check.equal(
        "R would choose the model",
        smoothing::best(series, &smoothing::candidates(12), Search::Simplex).unwrap().model,
        ACCIDENTS,
    );
}

fn passengers(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    let like_r = smoothing::best(series, &smoothing::candidates(12), Search::Simplex).unwrap();
    check.equal("R would choose the model", like_r.model, PASSENGERS);
    let Smoothing { alpha, beta, gamma, phi } = like_r.smoothing;
    for (name, got) in [("alpha", alpha), ("beta", beta), ("gamma", gamma), ("phi", phi)] {
        check.at(&oracle, &format!("/ets_airpassengers/par/{name}"), got, CLOSED);
    }
    check.at(&oracle, "/ets_airpassengers/aicc", like_r.aicc, 1e-10);
    check.at(&oracle, "/ets_airpassengers/loglik", like_r.log_likelihood, 1e-10);
    for (name, got) in ["fc", "lo", "hi"].into_iter().zip(ahead(&damped_as_in_r(&like_r), 12)) {
        check.all_at(&oracle, &format!("/ets_airpassengers/{name}"), &got, CLOSED);
    }
    let best = smoothing::fit(series, PASSENGERS, Search::Thorough).unwrap();
    check.within("log-likelihood of the maximum", best.log_likelihood, -679.1227, 5e-5);
    // A trend that hardly moves is no trend: the larger model cannot be worse by more than what the least β costs. Its
    // maximum, with a season that takes most of every error, is far from where the usual starts lead.
    for error in [ErrorKind::Additive, ErrorKind::Multiplicative] {
        let [without, with] = [Trend::None, Trend::Additive].map(|trend| {
            let model = Model { error, trend, season: Season::Additive, period: 12 };
            smoothing::fit(series, model, Search::Thorough).unwrap().log_likelihood
        });
        check.equal("a trend does no harm", with >= without - 0.01, true);
    }
}

/// The last two of twelve years, forecast from the first ten.
fn held_out(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    let (training, test) = series.split_at(120);
    let mut fit = smoothing::best(training, &smoothing::candidates(12), Search::Simplex).unwrap();
    if fit.model.trend == Trend::Damped {
        fit = damped_as_in_r(&fit);
    }
    let ahead: Vec<f64> = fit.forecast(24, LEVEL, Intervals::Moments).iter().map(|step| step.point).collect();
    let got = accuracy::accuracy(test, &ahead, training, 12).unwrap();
    for (name, got) in [
        ("ME", got.mean_error),
        ("RMSE", got.root_mean_square),
        ("MAE", got.mean_absolute),
        ("MPE", got.mean_percent.unwrap()),
        ("MAPE", got.mean_absolute_percent.unwrap()),
        ("MASE", got.scaled.unwrap()),
        ("ACF1", got.autocorrelation.unwrap()),
        ("Theil's U", got.theil.unwrap()),
    ] {
        check.at(&oracle, &format!("/ets_acc_airp_test/{name}"), got, CLOSED);
    }
}

fn nile(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    let fit = smoothing::fit(series, SIMPLE, Search::Thorough).unwrap();
    // R minimises the mean square here and stops where it changes by less than 1.5e-8 of itself. Its interval gives
    // its variance away: ours is smaller, by less than that.
    let half = 0.5 * (oracle.number("/ses_nile/hi95/0") - oracle.number("/ses_nile/lo95/0"));
    check.close("variance", fit.variance, (half / LEVEL.z()).powi(2), 1e-6);
    check.equal("variance is not above R's", fit.variance <= (half / LEVEL.z()).powi(2), true);
    check.at(&oracle, "/ses_nile/alpha", fit.smoothing.alpha, 1e-3);
}

fn carbon_dioxide(check: &mut Check, series: &[f64]) {
    let oracle = Oracle::open("11_regression_ts");
    let wanted = |name: &str| oracle.number(&format!("/hw_co2/{name}"));
    let squares = |fit: &Fit| fit.residuals.iter().map(|e| e * e).sum::<f64>();
    let fit = smoothing::holt_winters(series, 12, Season::Additive).unwrap();
    let (alpha, beta, gamma) = (wanted("alpha"), wanted("beta"), wanted("gamma"));
    let theirs = Smoothing { alpha, beta: alpha * beta, gamma: (1.0 - alpha) * gamma, phi: 1.0 };
    let theirs = smoothing::apply(&series[12..], fit.model, theirs, fit.start.clone()).unwrap();
    check.at(&oracle, "/hw_co2/sse", squares(&theirs), 1e-10);
    // R stops where the slope of the squares is still seen: ours are fewer, by one in ten million.
    check.at(&oracle, "/hw_co2/sse", squares(&fit), 2e-7);
    check.equal("squares are not above R's", squares(&fit) <= wanted("sse"), true);
}

/// Residuals of ETS(A,Ad,N) against those of ARIMA(1,1,1) on minutes of users of a server, as in R's `dm.test`.
fn diebold_mariano(check: &mut Check) {
    let oracle = Oracle::open("11_regression_ts");
    // Makridakis, Wheelwright and Hyndman 1998; `WWWusage` in R.
    let users: Vec<f64> = "88 84 85 85 84 85 83 85 88 89 91 99 104 112 126 138 146 151 150 148 147 149 143 132 131 139 \
         147 150 148 145 140 134 131 131 129 126 126 132 137 140 142 150 159 167 170 171 172 172 174 175 172 172 174 \
         174 169 165 156 142 131 121 112 104 102 99 99 95 88 84 84 87 89 88 85 86 89 91 91 94 101 110 121 135 145 149 \
         156 165 171 175 177 182 193 204 208 210 215 222 228 226 222 220"
        .split_whitespace()
        .map(|cell| cell.parse().unwrap())
        .collect();
    let smooth = smoothing::best(&users, &smoothing::candidates(1), Search::Simplex).unwrap();
    let changes: Vec<f64> = users.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let errors = |at: &[f64]| mixed_errors(&changes, at[0], at[1]);
    let likelihood = |at: &[f64]| {
        let (errors, scales) = errors(at);
        let squares: f64 = errors.iter().map(|e| e * e).sum();
        let n = changes.len() as f64;
        0.5 * (n * (squares / n).ln() + scales.iter().map(|s| s.ln()).sum::<f64>())
    };
    let found = nelder_mead(likelihood, &[0.5, 0.5], &[0.1, 0.1], Stopping::default()).unwrap();
    // The fit R documents: 0.6504, 0.5256.
    check.within("ar of the users", found.at[0], 0.6504, 5e-5);
    check.within("ma of the users", found.at[1], 0.5256, 5e-5);
    // R takes the level before a differenced series to vary with 10⁶ times the innovations.
    let mut other = vec![users[0] / 1e3];
    other.extend(errors(&found.at).0);
    let test = accuracy::compare(&smooth.residuals, &other, 1, Loss::Squared).unwrap();
    // R's likelihood search for the ARIMA model stops at a relative 1e-8, its parameters at five digits.
    check.at(&oracle, "/dm/stat", test.statistic, 2e-5);
    check.at(&oracle, "/dm/p", test.p, 1e-4);
    // By hand, two periods ahead: differences 1 1 0 0 1 1 1 1, mean 3/4, autocovariances 3/16 and 7/128.
    let first = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let test = accuracy::compare(&first, &[0.0; 8], 2, Loss::Squared).unwrap();
    check.close("two periods ahead", test.statistic, 0.75 * (336.0_f64 / 19.0).sqrt(), 1e-12);
    let even = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0];
    check.equal(
        "a variance that is none",
        accuracy::compare(&even, &[0.0; 6], 2, Loss::Absolute).is_err(),
        true,
    );
}

/// One-step errors of `x_t = φ x_{t−1} + ε_t + θ ε_{t−1}` by the innovations recursion, divided by their scale.
fn mixed_errors(series: &[f64], ar: f64, ma: f64) -> (Vec<f64>, Vec<f64>) {
    let mut r = (1.0 + 2.0 * ar * ma + ma * ma) / (1.0 - ar * ar);
    let mut ahead = 0.0;
    let (mut errors, mut scales) = (Vec::new(), Vec::new());
    for value in series {
        let error = value - ahead;
        errors.push(error / r.sqrt());
        scales.push(r);
        ahead = ar * value + ma * error / r;
        r = 1.0 + ma * ma - ma * ma / r;
    }
    (errors, scales)
}

#[test]
fn forecast_intervals_are_calibrated() {
    // Series from the model itself; one step and six steps ahead.
    let mut random = Random::seeded(9);
    let (mut near, mut far, rounds) = (0, 0, 400);
    for _ in 0..rounds {
        let mut level = 100.0;
        let series: Vec<f64> = (0..106)
            .map(|_| {
                let innovation = 2.0 * random.normal();
                let value = level + innovation;
                level += 0.3 * innovation;
                value
            })
            .collect();
        let fit = smoothing::fit(&series[..100], SIMPLE, Search::Thorough).unwrap();
        let forecast = fit.forecast(6, LEVEL, Intervals::Moments);
        let inside = |step: usize| {
            let interval = forecast[step].interval.as_ref().unwrap();
            usize::from(interval.low <= series[100 + step] && series[100 + step] <= interval.high)
        };
        near += inside(0);
        far += inside(5);
    }
    for held in [near, far] {
        let rate = held as f64 / f64::from(rounds);
        assert!((0.915..0.98).contains(&rate), "{rate}");
    }
}

#[test]
fn additive_smoothing_moves_and_stretches_with_its_series() {
    let mut random = Random::seeded(3);
    let series: Vec<f64> =
        (0..60).map(|t| 50.0 + [5.0, -2.0, -3.0, 0.0][t % 4] + 0.2 * t as f64 + random.normal()).collect();
    let model =
        Model { error: ErrorKind::Additive, trend: Trend::Additive, season: Season::Additive, period: 4 };
    let plain = smoothing::fit(&series, model, Search::Thorough).unwrap();
    let moved: Vec<f64> = series.iter().map(|value| 7.0 + 3.0 * value).collect();
    let moved = smoothing::fit(&moved, model, Search::Thorough).unwrap();
    let one = plain.forecast(4, LEVEL, Intervals::Moments);
    let other = moved.forecast(4, LEVEL, Intervals::Moments);
    for (a, b) in one.iter().zip(&other) {
        assert!((7.0 + 3.0 * a.point - b.point).abs() < 1e-2 * b.point.abs());
    }
}

#[test]
fn a_series_that_cannot_be_smoothed_has_a_reason() {
    let flat = [3.0; 40];
    let fit = |series: &[f64], model: Model| smoothing::fit(series, model, Search::Thorough);
    assert_eq!(fit(&flat, SIMPLE).unwrap_err(), NotComputable::NoVariation);
    assert!(matches!(fit(&[1.0, 2.0], SIMPLE), Err(NotComputable::TooFew { .. })));
    let signed: Vec<f64> = (0..30).map(|t| f64::from(t) - 10.0).collect();
    let multiplicative = Model { error: ErrorKind::Multiplicative, ..SIMPLE };
    assert!(matches!(fit(&signed, multiplicative), Err(NotComputable::Invalid(_))));
    assert!(matches!(fit(&signed, Model { period: 4, ..SIMPLE }), Err(NotComputable::Invalid(_))));
    assert!(smoothing::holt_winters(&flat, 12, Season::Additive).is_err());
    assert!(smoothing::holt_winters(&signed, 4, Season::None).is_err());
    assert_eq!(smoothing::candidates(12).len(), 15);
    let empty = State { level: 1.0, slope: 0.0, season: vec![] };
    let smoothing = Smoothing { alpha: 0.5, beta: 0.0, gamma: 0.1, phi: 1.0 };
    assert!(smoothing::apply(&signed, ACCIDENTS, smoothing, empty).is_err());
}

#[test]
fn moments_agree_with_simulated_paths() {
    let mut random = Random::seeded(21);
    let series: Vec<f64> = (0..48)
        .map(|t| (100.0 + 0.8 * t as f64) * [1.2, 0.9, 0.8, 1.1][t % 4] * (1.0 + 0.03 * random.normal()))
        .collect();
    for (trend, season) in [
        (Trend::None, Season::Multiplicative),
        (Trend::Damped, Season::Multiplicative),
        (Trend::Additive, Season::Additive),
        (Trend::Additive, Season::None),
    ] {
        let period = if season == Season::None { 1 } else { 4 };
        let model = Model { error: ErrorKind::Multiplicative, trend, season, period };
        let fit = smoothing::fit(&series, model, Search::Simplex).unwrap();
        let exact = fit.forecast(6, LEVEL, Intervals::Moments);
        let drawn = fit.forecast(6, LEVEL, Intervals::Simulated(Simulation { paths: 40_000, seed: 4 }));
        for (exact, drawn) in exact.iter().zip(&drawn) {
            let (exact, drawn) = (exact.interval.as_ref().unwrap(), drawn.interval.as_ref().unwrap());
            let width = exact.high - exact.low;
            // Quantiles of 40,000 draws are good to about one percent of the width; the rest is skewness.
            assert!(((drawn.high - drawn.low) / width - 1.0).abs() < 0.03, "{model:?}");
            assert!((drawn.low - exact.low).abs() < 0.04 * width, "{model:?} {exact:?} {drawn:?}");
        }
    }
}

#[test]
fn the_thorough_search_is_never_below_the_simplex() {
    let mut random = Random::seeded(8);
    for round in 0..6 {
        let series: Vec<f64> = (0..40)
            .map(|t| 60.0 + 0.4 * t as f64 + [6.0, -3.0, -5.0, 2.0][t % 4] + 3.0 * random.normal())
            .collect();
        for model in smoothing::candidates(4).into_iter().skip(round % 3).step_by(3) {
            let found = |search| smoothing::fit(&series, model, search).unwrap().log_likelihood;
            let (best, short) = (found(Search::Thorough), found(Search::Simplex));
            assert!(best >= short - 1e-6, "{model:?}: {best} {short}");
        }
    }
}

#[test]
fn seasonal_intervals_are_calibrated() {
    // Series with errors in proportion and a seasonal factor, from the model itself; a year ahead.
    let model = Model {
        error: ErrorKind::Multiplicative,
        trend: Trend::None,
        season: Season::Multiplicative,
        period: 4,
    };
    let mut random = Random::seeded(61);
    let (mut exact, mut drawn, rounds, years) = (0, 0, 200, 24);
    for round in 0..rounds {
        let mut level = 100.0;
        let mut season = [1.3, 0.9, 0.7, 1.1];
        let series: Vec<f64> = (0..4 * years + 4)
            .map(|t| {
                let innovation = 0.05 * random.normal();
                let value = level * season[t % 4] * (1.0 + innovation);
                level *= 1.0 + 0.2 * innovation;
                season[t % 4] *= 1.0 + 0.1 * innovation;
                value
            })
            .collect();
        let fit = smoothing::fit(&series[..4 * years], model, Search::Simplex).unwrap();
        let held = |intervals| {
            let ahead = fit.forecast(4, LEVEL, intervals);
            let inside = |(step, value): (&kepi_stats::estimate::Estimate, &f64)| {
                let interval = step.interval.as_ref().unwrap();
                usize::from(interval.low <= *value && *value <= interval.high)
            };
            ahead.iter().zip(&series[4 * years..]).map(inside).sum::<usize>()
        };
        exact += held(Intervals::Moments);
        drawn += held(Intervals::Simulated(Simulation { paths: 1000, seed: round }));
    }
    for held in [exact, drawn] {
        let rate = held as f64 / (4.0 * rounds as f64);
        // Parameters are taken as known, so a little under the level.
        assert!((0.90..0.975).contains(&rate), "{rate}");
    }
}
