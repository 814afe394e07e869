//! What programs are told: one module a version.
//!
//! The types of a version stand apart from what pages show, so that a page may change and a program goes on. Within a
//! version fields may be added; none goes, none changes its meaning. A golden answer of each endpoint watches over that
//! (`kepi-web/tests/it/api.rs`), and `docs/reference/api.md` describes them.

pub mod v1;
