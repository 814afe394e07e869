//! Records, held against their events.

/// A row of the ledger with its salt.
pub(crate) const LEDGER_ROW: &str =
    "SELECT load, source, entity, file, content, definition, stopped, effective, at,
     snapshot, rows, columns, report, salt FROM kepi_load WHERE load = $1";

/// The rejected rows of a load in the order in which they were written.
pub(crate) const REJECTED_ROWS: &str =
    "SELECT row, rule, reason, \"column\", raw FROM kepi_quarantine WHERE load = $1 ORDER BY seq";
