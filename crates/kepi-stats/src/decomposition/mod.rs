//! Why a number changed, and what drives it: exact splits of a difference, shares of explained variance,
//! segments that stand out, and comparisons freed of composition.

pub mod importance;
pub mod lmdi;
pub mod mix_rate;
pub mod respondents;
pub mod root_cause;
pub mod scan;
pub mod segments;
pub mod shapley;
pub mod stratified;
