//! Surveys: weighting, calibrated errors, planning, representativity, careless answers, reliability, late answers.

pub mod calibration;
pub mod careless;
pub mod cells;
pub mod chain_ladder;
pub mod design;
pub mod drift;
pub mod invariance;
pub mod planning;
pub mod representativity;
pub mod splice;
