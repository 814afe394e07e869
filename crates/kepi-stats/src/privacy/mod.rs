//! What may be shown: suppression of small and dominated cells, the audit of what can be worked out again,
//! anonymity of rows, and noise under differential privacy with its budget.

pub mod anonymity;
pub mod budget;
pub mod dominance;
pub mod noise;
pub mod release;
pub mod suppression;
