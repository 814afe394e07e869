//! Crosswalks: how the codes of one version of a classification pass into those of the next.

use jiff::civil::Date;

use crate::{
    decode::{Either, List, Map, Name, Share, table},
    id::CrosswalkId,
};

/// The code that an old one passes into as a whole, or several with their shares.
pub(crate) type Into = Either<String, Map<String, Share>>;

table! {
    Crosswalk = "crosswalk",
    "How the codes of one version of a classification pass into those of the next: KPIs read what is dated before by the new ones.";
    crosswalk: Name<CrosswalkId>, required, "The name in definitions.", "tiers_2026";
    name: String, optional;
    description: String, optional;
    since: Date, required, "First day of the new version: what is dated before it has the old codes.", "2026-04-01";
    from: List<String>, required, "All codes of the old version.", "[gold, silver]";
    to: List<String>, required, "All codes of the new version.", "[enterprise, mid]";
    map: Map<String, Into>, required,
        "By old code the new one, or several with their shares, which sum to 100 %.", "{gold: {enterprise: 60%, mid: 40%}, silver: mid}";
}
