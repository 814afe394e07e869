//! Experiments and what stands in for them: comparisons, power, sequential tests, differences in differences,
//! interrupted series, synthetic controls.

pub mod compare;
pub mod cuped;
pub mod difference_in_differences;
pub mod interrupted;
pub mod power;
pub mod sample_ratio;
pub mod staggered;
pub mod synthetic;
