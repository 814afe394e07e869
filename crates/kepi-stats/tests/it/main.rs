//! Reference values, properties and simulations of the statistics crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::excessive_precision,
    clippy::unreadable_literal
)]

mod support;

mod reference_control;
mod reference_decomposition;
mod reference_estimation;
mod reference_experiment;
mod reference_fairness;
mod reference_integrity;
mod reference_linkage;
mod reference_prediction;
mod reference_ranking;
mod reference_regression;
mod reference_series;
mod reference_smoothing;
mod reference_survey;
mod reference_survival;
mod reference_value;

use support::Check;

type Room = (&'static str, fn(&mut Check));

/// Every room with published values. A room is a function that asserts all of its values.
#[rustfmt::skip]
const ROOMS: &[Room] = &[
    ("control charts and multiplicity", reference_control::values),
    ("decomposition", reference_decomposition::values),
    ("estimation", reference_estimation::values),
    ("experiments", reference_experiment::values),
    ("fairness", reference_fairness::values),
    ("gaming and privacy", reference_integrity::values),
    ("linkage", reference_linkage::values),
    ("prediction", reference_prediction::values),
    ("ranking and indices", reference_ranking::values),
    ("regression", reference_regression::values),
    ("series", reference_series::values),
    ("smoothing and forecasts", reference_smoothing::values),
    ("surveys and agreement", reference_survey::values),
    ("survival", reference_survival::values),
    ("value", reference_value::values),
];

/// Asserts every published value and prints how many there were.
#[test]
fn reference_values_hold() {
    let mut asserted = 0;
    let mut skipped = 0;
    let mut failures = Vec::new();
    for (room, values) in ROOMS {
        let mut check = Check::new(room);
        values(&mut check);
        eprintln!(
            "{room}: asserted {} reference values, skipped {} data sets",
            check.asserted, check.skipped
        );
        asserted += check.asserted;
        skipped += check.skipped;
        failures.append(&mut check.failures);
    }
    eprintln!("asserted {asserted} reference values, skipped {skipped} data sets");
    assert!(failures.is_empty(), "{} of {asserted} differ:\n{}", failures.len(), failures.join("\n"));
}
