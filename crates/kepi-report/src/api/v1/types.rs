//! The answers of version 1.
//!
//! Numbers are plain: shares of 1, points of 0 to 120, values in the unit that `measured_in` names. Where something is
//! missing, its field is left out and a field beside it says why. Codes are the words that `docs/reference/api.md` lists.

mod acting;
mod benchmarks;
mod customers;
mod data;
mod decided;
mod disclosure;
mod explanation;
mod kpi;
mod lineage;
mod people;
mod rows;
mod scorecard;
mod shared;
mod strategy;

pub use acting::*;
pub use benchmarks::*;
pub use customers::*;
pub use data::*;
pub use decided::*;
pub use disclosure::*;
pub use explanation::*;
pub use kpi::*;
pub use lineage::*;
pub use people::*;
pub use rows::*;
pub use scorecard::*;
pub use shared::*;
pub use strategy::*;
