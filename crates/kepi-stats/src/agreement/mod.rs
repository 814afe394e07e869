//! Whether measurements agree: reliability of scales and raters, chance-corrected agreement of codings.

pub mod kappa;
pub mod krippendorff;
pub mod reliability;
