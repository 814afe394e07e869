//! A port to object storage: named objects of bytes below one place of a bucket, each written whole or not at all. What is asked
//! blocks.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

/// An object, as a list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name below the place.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// When it was put there, in seconds since 1970.
    pub modified: i64,
}

/// A place in a bucket.
pub trait Bucket: fmt::Debug + Send + Sync {
    /// As it is written: `s3://bucket/prefix`.
    fn place(&self) -> String;

    /// Puts the bytes of a file under a name, in place of what is there.
    ///
    /// # Errors
    /// The file cannot be read, or [`Unreachable`].
    fn put(&self, name: &str, file: &Path) -> io::Result<()>;

    /// Writes an object to `into`, which begins it anew each time that it is asked for one; false: there is none.
    ///
    /// # Errors
    /// It cannot be written, or [`Unreachable`].
    fn get(&self, name: &str, into: &mut dyn FnMut() -> io::Result<Box<dyn Write>>) -> io::Result<bool>;

    /// The length of an object; none: there is none.
    ///
    /// # Errors
    /// [`Unreachable`].
    fn length(&self, name: &str) -> io::Result<Option<u64>>;

    /// Removes an object, if there is one.
    ///
    /// # Errors
    /// [`Unreachable`].
    fn remove(&self, name: &str) -> io::Result<()>;

    /// All objects whose names begin so.
    ///
    /// # Errors
    /// [`Unreachable`].
    fn list(&self, begin: &str) -> io::Result<Vec<Object>>;
}

/// Why a bucket does not do what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// The place.
    pub place: String,
    /// What it said, or that it said nothing.
    pub why: String,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}`, where the files of the lake lie, did not serve: {}; nothing of it is half done: look at the network, the keys in the \
             environment and what they may do, and try again",
            self.place, self.why
        )
    }
}

impl std::error::Error for Unreachable {}

impl From<Unreachable> for io::Error {
    fn from(error: Unreachable) -> Self {
        Self::other(error)
    }
}

/// Whether an error is of a bucket that does not serve: then no other file fares better.
pub fn is_unreachable(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unreachable>())
}
