//! Series in time: decomposition, breaks, forecasts with intervals, lead and lag, stationarity.

pub mod accuracy;
pub mod autoregression;
pub mod change_point;
pub mod cross_correlation;
pub mod decomposition;
pub mod granger;
pub mod smoothing;
pub mod unit_root;
pub mod validity;
