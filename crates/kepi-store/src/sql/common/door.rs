//! The door: appending, receipts, texts, persons, followers.

/// The place of the next event about a subject.
pub(crate) const NEXT_OF_SUBJECT: &str = "SELECT coalesce(max(n), 0) + 1 FROM kepi_event WHERE subject = $1";

/// Appends an event.
pub(crate) const APPEND: &str = "INSERT INTO kepi_event (seq, at, \"by\", kind, v, subject, n, cause, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Says how many events there are, and when the newest happened.
pub(crate) const SET_HEAD: &str = "UPDATE kepi_head SET size = $1, at = $2";

/// The receipt of a key.
pub(crate) const RECEIPT: &str = "SELECT \"by\", command, first, last FROM kepi_receipt WHERE key = $1";

/// Keeps a receipt.
pub(crate) const KEEP_RECEIPT: &str =
    "INSERT INTO kepi_receipt (key, \"by\", command, first, last) VALUES ($1, $2, $3, $4, $5)";

/// Keeps a text.
pub(crate) const KEEP_TEXT: &str = "INSERT INTO kepi_text (commitment, salt, text) VALUES ($1, $2, $3)";

/// The number of a person.
pub(crate) const PERSON: &str = "SELECT person FROM kepi_person WHERE name = $1";

/// The number of the next person.
pub(crate) const NEXT_PERSON: &str = "SELECT coalesce(max(person), 0) + 1 FROM kepi_person";

/// A new person.
pub(crate) const ADD_PERSON: &str = "INSERT INTO kepi_person (person, name) VALUES ($1, $2)";

/// The name of a person.
pub(crate) const NAME: &str = "SELECT name FROM kepi_person WHERE person = $1";

/// The names of all persons that are still known.
pub(crate) const NAMES: &str = "SELECT person, name FROM kepi_person WHERE name IS NOT NULL";

/// How far a follower has come.
pub(crate) const CURSOR: &str = "SELECT seen FROM kepi_follower WHERE name = $1";

/// A follower has come so far.
pub(crate) const SET_CURSOR: &str = "INSERT INTO kepi_follower (name, seen) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET seen = excluded.seen";
