//! Control charts, outliers, what is usual of a value, and how often rules raise a false alarm.

pub mod chart;
pub mod moderation;
pub mod outlier;
pub mod run_length;
pub mod run_rules;
pub mod usual;
