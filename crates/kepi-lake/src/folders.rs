//! What the folders below the lake's are called, and what files in them end with.

/// Published rows.
pub(crate) const PUBLISHED: &str = "published";
/// In it, the newest of them.
pub(crate) const NEWEST: &str = "newest";
/// What was fetched.
pub(crate) const INBOX: &str = "inbox";
/// What others posted and has not landed yet.
pub(crate) const POSTED: &str = "posted";
/// Beside it, what is counted of that, on this machine.
pub(crate) const POSTING: &str = "posting";
/// What is made anew when it is missing: it may hold anything of a row.
pub(crate) const CACHES: [&str; 3] = ["index", "states", "composed"];
/// Ending of the notes beside copies of objects: they take the place of those before, as no other file does.
pub(crate) const COPY_NOTE: &str = "object";
/// Ending of notes that have not taken their place yet.
pub(crate) const COPY_NEW: &str = "new";
