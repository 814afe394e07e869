//! What the figures say: sentences as typed values, and what is indicated. No text of any language: `kepi-report::say` renders.
//!
//! Pure. [`frame`] holds what is read: series of published values. [`change`] judges whether a value is beyond what is usual of it,
//! [`policy`] how sure one must be to say so; [`advice`] says what follows from that together with everything else that is known, by a
//! truth table; [`sentence`] holds the forms in which both are said.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::float_cmp
    )
)]

mod acted_on;
pub mod advice;
pub mod ahead;
pub mod alarm;
pub mod analysis;
mod answering;
mod association;
pub mod balance;
pub mod beside;
pub mod change;
mod changed;
pub mod chart;
mod data_doubt;
mod diagnosis;
pub mod doubt;
mod drivers;
pub mod effect;
pub mod evidence;
pub mod forecast;
pub mod foretold;
pub mod frame;
mod gain;
pub mod guardrail;
mod importance;
pub mod influence;
pub mod initiative;
mod leading;
pub mod link;
mod location;
mod mix;
mod outlook;
mod paradox;
mod peers;
pub mod policy;
pub mod priority;
mod redundancy;
mod reliability;
mod reliance;
mod role;
mod season;
pub mod sentence;
pub mod stages;
mod standing;
pub mod stored;
mod style;
mod target;
mod tension;
mod terms;
pub mod trend;
pub mod validity;
mod vanity;
mod verdict;

use analysis::Analysis;

/// All analyses, in the order in which they are told. A further one is a file and a row.
pub static ANALYSES: &[Analysis] = &[
    data_doubt::ANALYSIS,
    changed::ANALYSIS,
    location::ANALYSIS,
    drivers::ANALYSIS,
    mix::ANALYSIS,
    stages::ANALYSIS,
    diagnosis::ANALYSIS,
    paradox::ANALYSIS,
    standing::ANALYSIS,
    chart::ANALYSIS,
    link::ANALYSIS,
    importance::ANALYSIS,
    outlook::ANALYSIS,
    guardrail::ANALYSIS,
    target::ANALYSIS,
    vanity::ANALYSIS,
    acted_on::ANALYSIS,
    validity::ANALYSIS,
    gain::ANALYSIS,
    role::ANALYSIS,
    redundancy::ANALYSIS,
    terms::ANALYSIS,
    reliability::ANALYSIS,
    tension::ANALYSIS,
    style::ANALYSIS,
    answering::ANALYSIS,
    peers::ANALYSIS,
    balance::ANALYSIS,
    reliance::ANALYSIS,
    influence::ANALYSIS,
];

/// Version of the analyses: counted up when any of them says something else of the same figures.
pub const VERSION: u32 = 10;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn analyses_are_told_apart_and_claim_what_the_budget_gives_them() {
        let names: BTreeSet<&str> = ANALYSES.iter().map(|analysis| analysis.name).collect();
        assert_eq!(names.len(), ANALYSES.len());
        for analysis in ANALYSES {
            assert!(kepi_model::id::is_name(analysis.name) && analysis.version > 0);
            assert!(analysis.question.ends_with('?'), "{}", analysis.question);
        }
        let claimed: Vec<policy::Family> = ANALYSES.iter().filter_map(|analysis| analysis.family).collect();
        assert_eq!(claimed, policy::CLAIMED);
    }
}
