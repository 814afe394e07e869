//! What the lake needs to send commands through the store's door.

use std::str::FromStr;

use kepi_govern::{Permit, plain::NotPlain};
use kepi_store::StoreError;

use crate::error::{LakeError, LandError};

/// Whoever can reach the project may land.
pub(crate) fn permit(actor: &str) -> Result<Permit, LakeError> {
    Ok(Permit::open(plain(actor)?))
}

/// A text that may stand in an event.
pub(crate) fn plain<T: FromStr<Err = NotPlain>>(text: &str) -> Result<T, LakeError> {
    text.parse().map_err(|e: NotPlain| LakeError::Corrupt(e.to_string()))
}

/// Why a command of the lake did not commit.
pub(crate) enum CalledOff {
    /// Others were faster: what was staged is out of date.
    Faster,
    /// Something went wrong.
    Failed(LandError),
}

impl From<StoreError> for CalledOff {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LakeError> for CalledOff {
    fn from(error: LakeError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LandError> for CalledOff {
    fn from(error: LandError) -> Self {
        Self::Failed(error)
    }
}
