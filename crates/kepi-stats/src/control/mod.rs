//! Control charts, outliers, and how often their rules raise a false alarm.

pub mod chart;
pub mod outlier;
pub mod run_length;
pub mod run_rules;
