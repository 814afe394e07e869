//! Signing in by a provider: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), state and nonce.
//!
//! This crate says who somebody is to a provider, and nothing about what that person may do here. It asks over a port, so
//! which addresses may be connected to is decided elsewhere, and it has no clock: times come in as arguments, in µs UTC.
//! Nothing is remembered between the two halves of signing in but a text that the browser keeps: state, nonce and verifier
//! are made of that text and a key of the server, so that they fit this browser, this server and this quarter of an hour.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod kept;
mod provider;

pub use provider::{Ask, Back, Begun, By, OidcError, Provider, Question, Settings, Unreached};
