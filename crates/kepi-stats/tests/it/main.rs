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

mod composed_coverage;
mod doors;
mod estimation_edges;
mod integrity_edges;
mod linkage_edges;
mod properties;
mod reference_control;
mod reference_decomposition;
mod reference_estimation;
mod reference_experiment;
mod reference_fairness;
mod reference_governance;
mod reference_integrity;
mod reference_invariance;
mod reference_linkage;
mod reference_prediction;
mod reference_ranking;
mod reference_regression;
mod reference_scan;
mod reference_series;
mod reference_smoothing;
mod reference_survey;
mod reference_survival;
mod reference_value;

use support::Check;

/// A test of the same name for every room with published values: it asserts all of them and prints how many there were.
macro_rules! rooms {
    ($($room:ident: $values:path,)*) => {
        mod reference_values {
            $(#[test]
            fn $room() {
                super::hold(stringify!($room), $values);
            })*
        }
    };
}

rooms! {
    control: crate::reference_control::values,
    decomposition: crate::reference_decomposition::values,
    estimation: crate::reference_estimation::values,
    experiment: crate::reference_experiment::values,
    fairness: crate::reference_fairness::values,
    governance: crate::reference_governance::values,
    integrity: crate::reference_integrity::values,
    invariance: crate::reference_invariance::values,
    linkage: crate::reference_linkage::values,
    prediction: crate::reference_prediction::values,
    ranking: crate::reference_ranking::values,
    regression: crate::reference_regression::values,
    series: crate::reference_series::values,
    smoothing: crate::reference_smoothing::values,
    survey: crate::reference_survey::values,
    survival: crate::reference_survival::values,
    value: crate::reference_value::values,
}

fn hold(room: &'static str, values: fn(&mut Check)) {
    let mut check = Check::new(room);
    values(&mut check);
    let (asserted, failures) = (check.asserted, check.failures);
    eprintln!("{room}: asserted {asserted} reference values, skipped {} data sets", check.skipped);
    assert!(failures.is_empty(), "{} of {asserted} differ:\n{}", failures.len(), failures.join("\n"));
}
