//! Regression: least squares with the covariance the data deserve, robust and
//! logistic fits, panels, random intercepts, and how redundant predictors are.

pub mod covariance;
pub mod huber;
pub mod least_squares;
pub mod logistic;
pub mod panel;
pub mod random_intercept;
pub mod redundancy;
