//! Every table of the database, and what would be lost with it.

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The log: what everything else rests on.
    Log,
    /// Folded from the log; [`Store::rebuild`](crate::Store::rebuild) makes it anew.
    Projection,
    /// What the log does not hold itself: an event has its digest, or it has the key of an event.
    Record,
    /// May be lost: it is found or made again.
    Working,
}

/// A table and its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub class: Class,
}

const fn table(name: &'static str, class: Class) -> Table {
    Table { name, class }
}

/// Every table. A test holds it against the database.
pub const TABLES: &[Table] = &[
    table("kepi_head", Class::Log),
    table("kepi_event", Class::Log),
    table("kepi_tree", Class::Log),
    table("kepi_checkpoint", Class::Log),
    table("kepi_in_force", Class::Projection),
    table("kepi_text", Class::Record),
    table("kepi_person", Class::Record),
    table("kepi_receipt", Class::Record),
    table("kepi_password", Class::Record),
    table("kepi_run", Class::Record),
    table("kepi_run_kpi", Class::Record),
    table("kepi_run_time", Class::Record),
    table("kepi_run_not_landed", Class::Record),
    table("kepi_load", Class::Record),
    table("kepi_merge", Class::Record),
    table("kepi_quarantine", Class::Record),
    table("kepi_inbox", Class::Record),
    table("kepi_message", Class::Record),
    table("kepi_file_checksum", Class::Record),
    table("kepi_column_type", Class::Record),
    table("ducklake_metadata", Class::Record),
    table("ducklake_snapshot", Class::Record),
    table("ducklake_snapshot_changes", Class::Record),
    table("ducklake_schema", Class::Record),
    table("ducklake_table", Class::Record),
    table("ducklake_view", Class::Record),
    table("ducklake_tag", Class::Record),
    table("ducklake_column_tag", Class::Record),
    table("ducklake_data_file", Class::Record),
    table("ducklake_file_column_stats", Class::Record),
    table("ducklake_file_variant_stats", Class::Record),
    table("ducklake_delete_file", Class::Record),
    table("ducklake_column", Class::Record),
    table("ducklake_table_stats", Class::Record),
    table("ducklake_table_column_stats", Class::Record),
    table("ducklake_partition_info", Class::Record),
    table("ducklake_partition_column", Class::Record),
    table("ducklake_file_partition_value", Class::Record),
    table("ducklake_files_scheduled_for_deletion", Class::Record),
    table("ducklake_inlined_data_tables", Class::Record),
    table("ducklake_column_mapping", Class::Record),
    table("ducklake_name_mapping", Class::Record),
    table("ducklake_schema_versions", Class::Record),
    table("ducklake_macro", Class::Record),
    table("ducklake_macro_impl", Class::Record),
    table("ducklake_macro_parameters", Class::Record),
    table("ducklake_sort_info", Class::Record),
    table("ducklake_sort_expression", Class::Record),
    table("kepi_meta", Class::Record),
    table("kepi_newest", Class::Working),
    table("kepi_follower", Class::Working),
    table("kepi_session", Class::Working),
    table("kepi_attempt", Class::Working),
    table("kepi_lease", Class::Working),
];
