//! How good predicted probabilities and rankings are: discrimination, calibration, and repair by isotonic regression.

pub mod auc;
pub mod calibration;
pub mod isotonic;
