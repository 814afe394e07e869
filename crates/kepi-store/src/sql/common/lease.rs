//! What one process does at a time.

/// Takes it, unless another has it.
pub(crate) const TAKE: &str = "INSERT INTO kepi_lease (name, fence, until) VALUES ($1, 1, $3)
     ON CONFLICT (name) DO UPDATE SET fence = kepi_lease.fence + 1, until = $3 WHERE kepi_lease.until <= $2";

/// Under which fence it was taken last.
pub(crate) const FENCE: &str = "SELECT fence FROM kepi_lease WHERE name = $1";

/// Who has it has it until another instant.
pub(crate) const UNTIL: &str = "UPDATE kepi_lease SET until = $3 WHERE name = $1 AND fence = $2";
