//! Passwords, browsers that are signed in, failures in a row.

/// Keeps what a password is recognised by.
pub(crate) const KEEP_PASSWORD: &str = "INSERT INTO kepi_password (person, hash) VALUES ($1, $2)
     ON CONFLICT (person) DO UPDATE SET hash = excluded.hash";

/// Forgets it.
pub(crate) const FORGET_PASSWORD: &str = "DELETE FROM kepi_password WHERE person = $1";

/// What a password is recognised by.
pub(crate) const PASSWORD: &str = "SELECT hash FROM kepi_password WHERE person = $1";

/// A browser is signed in.
pub(crate) const BEGIN_SESSION: &str =
    "INSERT INTO kepi_session (id, person, began, seen) VALUES ($1, $2, $3, $3)";

/// A session.
pub(crate) const SESSION: &str = "SELECT person, began, seen FROM kepi_session WHERE id = $1";

/// A session was used.
pub(crate) const SEEN: &str = "UPDATE kepi_session SET seen = $2 WHERE id = $1";

/// A browser is signed out.
pub(crate) const END_SESSION: &str = "DELETE FROM kepi_session WHERE id = $1";

/// Somebody is signed out everywhere.
pub(crate) const END_SESSIONS_OF: &str = "DELETE FROM kepi_session WHERE person = $1";

/// Sessions that are over.
pub(crate) const SWEEP_SESSIONS: &str = "DELETE FROM kepi_session WHERE began < $1 OR seen < $2";

/// Failures in a row.
pub(crate) const FAILURES: &str = "SELECT failures, at FROM kepi_attempt WHERE who = $1";

/// One more failure; what is long ago does not count any more.
pub(crate) const FAILED: &str = "INSERT INTO kepi_attempt (who, failures, at) VALUES ($1, 1, $2)
     ON CONFLICT (who) DO UPDATE SET
         failures = CASE WHEN kepi_attempt.at < $3 THEN 1 ELSE kepi_attempt.failures + 1 END, at = excluded.at";

/// It went well: nothing is counted any more.
pub(crate) const WENT_WELL: &str = "DELETE FROM kepi_attempt WHERE who = $1";

/// Failures that do not count any more.
pub(crate) const SWEEP_FAILURES: &str = "DELETE FROM kepi_attempt WHERE at < $1";
