-- The tables of the store. The script can be run any number of times.
CREATE TABLE IF NOT EXISTS kepi_meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- How many events there are, and when the newest happened. A change takes this row first; every event takes its place from it.
CREATE TABLE IF NOT EXISTS kepi_head (
    size INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS kepi_event (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    "by" TEXT NOT NULL CHECK ("by" <> ''),
    kind TEXT NOT NULL CHECK (kind <> ''),
    v INTEGER NOT NULL,
    subject TEXT NOT NULL CHECK (subject <> ''),
    n INTEGER NOT NULL,
    cause INTEGER,
    body TEXT NOT NULL CHECK (json_valid(body)),
    UNIQUE (subject, n)
) STRICT;
CREATE INDEX IF NOT EXISTS kepi_event_by_kind ON kepi_event (kind, seq);
CREATE TRIGGER IF NOT EXISTS kepi_event_no_update BEFORE UPDATE ON kepi_event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER IF NOT EXISTS kepi_event_no_delete BEFORE DELETE ON kepi_event
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- The tree of hashes over the log (RFC 9162): every full subtree, in the order in which they became whole.
CREATE TABLE IF NOT EXISTS kepi_tree (
    at INTEGER PRIMARY KEY,
    hash TEXT NOT NULL
) STRICT;

-- Signed checkpoints of the log. They are also kept outside, so that a database that went back shows.
CREATE TABLE IF NOT EXISTS kepi_checkpoint (
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (size, note)
) STRICT;
CREATE TRIGGER IF NOT EXISTS kepi_tree_no_update BEFORE UPDATE ON kepi_tree
    BEGIN SELECT RAISE(ABORT, 'hashes of the log are never changed'); END;
CREATE TRIGGER IF NOT EXISTS kepi_tree_no_delete BEFORE DELETE ON kepi_tree
    BEGIN SELECT RAISE(ABORT, 'hashes of the log are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS kepi_checkpoint_no_update BEFORE UPDATE ON kepi_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER IF NOT EXISTS kepi_checkpoint_no_delete BEFORE DELETE ON kepi_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;

INSERT INTO kepi_head SELECT coalesce(max(seq), 0), coalesce(max(at), 0) FROM kepi_event
    HAVING NOT EXISTS (SELECT 1 FROM kepi_head);

-- A run has its number when it begins; the rest when it is published. `seq` is the position of its `run.published`.
CREATE TABLE IF NOT EXISTS kepi_run (
    run INTEGER PRIMARY KEY,
    began INTEGER NOT NULL,
    seq INTEGER UNIQUE,
    at INTEGER,
    register INTEGER,
    definition TEXT,
    lake TEXT,
    snapshot INTEGER,
    engine TEXT,
    calendar TEXT,
    zones TEXT,
    watermarks TEXT
) STRICT;

-- What a run says of each KPI or scorecard at each grain. `by_run` vouches for it: the run itself, or an earlier one
-- where it could not renew it.
CREATE TABLE IF NOT EXISTS kepi_run_kpi (
    run INTEGER NOT NULL REFERENCES kepi_run (run),
    subject TEXT NOT NULL,
    grain TEXT NOT NULL,
    by_run INTEGER NOT NULL,
    definition TEXT NOT NULL,
    mapping TEXT NOT NULL,
    first TEXT,
    last TEXT,
    changed INTEGER NOT NULL,
    not_renewed TEXT,
    PRIMARY KEY (run, subject, grain)
) STRICT, WITHOUT ROWID;

-- How long a published run took until it was, and looking at each source in it, µs; of the run itself the source is empty.
CREATE TABLE IF NOT EXISTS kepi_run_time (
    run INTEGER NOT NULL REFERENCES kepi_run (run),
    source TEXT NOT NULL,
    took INTEGER NOT NULL,
    PRIMARY KEY (run, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kepi_run_time_by_source ON kepi_run_time (source, run);

-- What a published run could not land of a source, and why; a trouble of the source as a whole has an empty file.
CREATE TABLE IF NOT EXISTS kepi_run_not_landed (
    run INTEGER NOT NULL REFERENCES kepi_run (run),
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    entity TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, source, file)
) STRICT, WITHOUT ROWID;

-- Files of the newest row of each key: read first, made anew now and then, and no loss.
CREATE TABLE IF NOT EXISTS kepi_newest (
    published TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rows INTEGER NOT NULL
) STRICT;

-- What was answered to a request, so that it is done once however often it is sent.
CREATE TABLE IF NOT EXISTS kepi_receipt (
    key TEXT PRIMARY KEY,
    "by" TEXT NOT NULL,
    command TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT;

-- Texts that events name by commitment. A row can be erased.
CREATE TABLE IF NOT EXISTS kepi_text (
    commitment TEXT PRIMARY KEY,
    salt TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- Who `person/<number>` of an event is. A name can be erased.
CREATE TABLE IF NOT EXISTS kepi_person (
    person INTEGER PRIMARY KEY,
    name TEXT UNIQUE
) STRICT;

-- How far each follower of the log has come.
CREATE TABLE IF NOT EXISTS kepi_follower (
    name TEXT PRIMARY KEY,
    seen INTEGER NOT NULL
) STRICT;

-- What a password is recognised by, of who signs in with one; the log has a digest of it.
CREATE TABLE IF NOT EXISTS kepi_password (
    person INTEGER PRIMARY KEY,
    hash TEXT NOT NULL
) STRICT;

-- Browsers that are signed in, by the hash of what they send.
CREATE TABLE IF NOT EXISTS kepi_session (
    id TEXT PRIMARY KEY,
    person INTEGER NOT NULL,
    began INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;

-- What one process does at a time, of all that share the database; the fence counts who had it.
CREATE TABLE IF NOT EXISTS kepi_lease (
    name TEXT PRIMARY KEY,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

-- How often in a row signing in failed, by a hash of the name or the address.
CREATE TABLE IF NOT EXISTS kepi_attempt (
    who TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- Projection: which text of each definition is in force from which day on; the empty day is from ever.
CREATE TABLE IF NOT EXISTS kepi_in_force (
    id TEXT NOT NULL,
    since TEXT NOT NULL,
    text TEXT,
    meaning TEXT,
    seq INTEGER NOT NULL,
    PRIMARY KEY (id, since)
) STRICT;
-- The tables of a DuckLake 1.0 catalogue (public specification), spelt as DuckDB itself makes them in SQLite.
CREATE TABLE IF NOT EXISTS ducklake_metadata (
    "key" VARCHAR NOT NULL,
    "value" VARCHAR NOT NULL,
    "scope" VARCHAR,
    scope_id BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_snapshot (
    snapshot_id BIGINT PRIMARY KEY,
    snapshot_time VARCHAR,
    schema_version BIGINT,
    next_catalog_id BIGINT,
    next_file_id BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_snapshot_changes (
    snapshot_id BIGINT PRIMARY KEY,
    changes_made VARCHAR,
    author VARCHAR,
    commit_message VARCHAR,
    commit_extra_info VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_schema (
    schema_id BIGINT PRIMARY KEY,
    schema_uuid VARCHAR,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    schema_name VARCHAR,
    path VARCHAR,
    path_is_relative BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_table (
    table_id BIGINT,
    table_uuid VARCHAR,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    schema_id BIGINT,
    table_name VARCHAR,
    path VARCHAR,
    path_is_relative BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_view (
    view_id BIGINT,
    view_uuid VARCHAR,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    schema_id BIGINT,
    view_name VARCHAR,
    dialect VARCHAR,
    "sql" VARCHAR,
    column_aliases VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_tag (
    object_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    "key" VARCHAR,
    "value" VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_column_tag (
    table_id BIGINT,
    column_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    "key" VARCHAR,
    "value" VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_data_file (
    data_file_id BIGINT PRIMARY KEY,
    table_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    file_order BIGINT,
    path VARCHAR,
    path_is_relative BIGINT,
    file_format VARCHAR,
    record_count BIGINT,
    file_size_bytes BIGINT,
    footer_size BIGINT,
    row_id_start BIGINT,
    partition_id BIGINT,
    encryption_key VARCHAR,
    mapping_id BIGINT,
    partial_max BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_file_column_stats (
    data_file_id BIGINT,
    table_id BIGINT,
    column_id BIGINT,
    column_size_bytes BIGINT,
    value_count BIGINT,
    null_count BIGINT,
    min_value VARCHAR,
    max_value VARCHAR,
    contains_nan BIGINT,
    extra_stats VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_file_variant_stats (
    data_file_id BIGINT,
    table_id BIGINT,
    column_id BIGINT,
    variant_path VARCHAR,
    shredded_type VARCHAR,
    column_size_bytes BIGINT,
    value_count BIGINT,
    null_count BIGINT,
    min_value VARCHAR,
    max_value VARCHAR,
    contains_nan BIGINT,
    extra_stats VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_delete_file (
    delete_file_id BIGINT PRIMARY KEY,
    table_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    data_file_id BIGINT,
    path VARCHAR,
    path_is_relative BIGINT,
    format VARCHAR,
    delete_count BIGINT,
    file_size_bytes BIGINT,
    footer_size BIGINT,
    encryption_key VARCHAR,
    partial_max BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_column (
    column_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    table_id BIGINT,
    column_order BIGINT,
    column_name VARCHAR,
    column_type VARCHAR,
    initial_default VARCHAR,
    default_value VARCHAR,
    nulls_allowed BIGINT,
    parent_column BIGINT,
    default_value_type VARCHAR,
    default_value_dialect VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_table_stats (
    table_id BIGINT,
    record_count BIGINT,
    next_row_id BIGINT,
    file_size_bytes BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_table_column_stats (
    table_id BIGINT,
    column_id BIGINT,
    contains_null BIGINT,
    contains_nan BIGINT,
    min_value VARCHAR,
    max_value VARCHAR,
    extra_stats VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_partition_info (
    partition_id BIGINT,
    table_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_partition_column (
    partition_id BIGINT,
    table_id BIGINT,
    partition_key_index BIGINT,
    column_id BIGINT,
    "transform" VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_file_partition_value (
    data_file_id BIGINT,
    table_id BIGINT,
    partition_key_index BIGINT,
    partition_value VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_files_scheduled_for_deletion (
    data_file_id BIGINT,
    path VARCHAR,
    path_is_relative BIGINT,
    schedule_start VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_inlined_data_tables (
    table_id BIGINT,
    table_name VARCHAR,
    schema_version BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_column_mapping (
    mapping_id BIGINT,
    table_id BIGINT,
    "type" VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_name_mapping (
    mapping_id BIGINT,
    column_id BIGINT,
    source_name VARCHAR,
    target_field_id BIGINT,
    parent_column BIGINT,
    is_partition BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_schema_versions (
    begin_snapshot BIGINT,
    schema_version BIGINT,
    table_id BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_macro (
    schema_id BIGINT,
    macro_id BIGINT,
    macro_name VARCHAR,
    begin_snapshot BIGINT,
    end_snapshot BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_macro_impl (
    macro_id BIGINT,
    impl_id BIGINT,
    dialect VARCHAR,
    "sql" VARCHAR,
    "type" VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_macro_parameters (
    macro_id BIGINT,
    impl_id BIGINT,
    column_id BIGINT,
    parameter_name VARCHAR,
    parameter_type VARCHAR,
    default_value VARCHAR,
    default_value_type VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_sort_info (
    sort_id BIGINT,
    table_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_sort_expression (
    sort_id BIGINT,
    table_id BIGINT,
    sort_key_index BIGINT,
    expression VARCHAR,
    dialect VARCHAR,
    sort_direction VARCHAR,
    null_order VARCHAR
);

CREATE INDEX IF NOT EXISTS kepi_file_by_table ON ducklake_data_file (table_id);
CREATE INDEX IF NOT EXISTS kepi_stats_by_table ON ducklake_file_column_stats (table_id, data_file_id);

-- What an attribute was declared as when its column was made. No column tag: DuckDB knows only comments there.
CREATE TABLE IF NOT EXISTS kepi_column_type (
    table_id INTEGER NOT NULL,
    column_id INTEGER NOT NULL,
    declared TEXT NOT NULL,
    PRIMARY KEY (table_id, column_id)
) STRICT;

-- BLAKE3 of a data file as it was written. Files of other writers have none: DuckLake keeps no checksums.
CREATE TABLE IF NOT EXISTS kepi_file_checksum (
    data_file_id INTEGER PRIMARY KEY,
    blake3 TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS kepi_load (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    load TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    entity TEXT NOT NULL,
    file TEXT NOT NULL,
    content TEXT NOT NULL,
    definition TEXT NOT NULL,
    stopped INTEGER NOT NULL,
    effective INTEGER NOT NULL,
    at INTEGER NOT NULL,
    snapshot INTEGER,
    rows INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    columns TEXT NOT NULL CHECK (json_valid(columns)),
    report TEXT NOT NULL CHECK (json_valid(report)),
    salt TEXT NOT NULL,
    replaced_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS kepi_load_by_source ON kepi_load (source, seq);
CREATE INDEX IF NOT EXISTS kepi_load_by_file ON kepi_load (source, file, effective);
CREATE INDEX IF NOT EXISTS kepi_load_by_content ON kepi_load (source, content);
CREATE INDEX IF NOT EXISTS kepi_load_by_effective ON kepi_load (source, effective);
CREATE INDEX IF NOT EXISTS kepi_load_of_entity ON kepi_load (entity, effective);
-- What the last one replaces.
DROP INDEX IF EXISTS kepi_load_by_entity;

-- What was fetched of a source and has landed, one raw file a row. The newest says how far fetching has come: the row enters in
-- the transaction that holds the file's rows.
CREATE TABLE IF NOT EXISTS kepi_inbox (
    source TEXT NOT NULL,
    seq INTEGER NOT NULL,
    stream TEXT NOT NULL,
    load TEXT NOT NULL,
    file TEXT NOT NULL,
    content TEXT NOT NULL,
    bookmark TEXT NOT NULL,
    rows INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    PRIMARY KEY (source, seq)
) STRICT;

-- Rows that the source has merged into others, as far as that holds now: by entity and key of the row that was merged the key of the
-- one it was merged into, as its row says. Found in the files of the entity's table; entered in the transaction that changes them.
CREATE TABLE IF NOT EXISTS kepi_merge (
    entity TEXT NOT NULL,
    merged TEXT NOT NULL,
    into_key TEXT NOT NULL,
    load TEXT NOT NULL,
    PRIMARY KEY (entity, merged)
) STRICT;

CREATE TABLE IF NOT EXISTS kepi_quarantine (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    load TEXT NOT NULL REFERENCES kepi_load (load),
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    row INTEGER NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    "column" TEXT,
    raw TEXT NOT NULL CHECK (json_valid(raw))
) STRICT;
CREATE INDEX IF NOT EXISTS kepi_quarantine_by_source ON kepi_quarantine (source, seq);
CREATE INDEX IF NOT EXISTS kepi_quarantine_by_load ON kepi_quarantine (load);

-- Messages that are to leave, entered in the transaction that moves the cursor of what makes them of events. Kept, so that none is
-- made twice; each is held by one worker at a time, and the one with the highest fence says what became of it.
CREATE TABLE IF NOT EXISTS kepi_message (
    key TEXT PRIMARY KEY,
    batch TEXT NOT NULL,
    channel TEXT NOT NULL,
    person INTEGER NOT NULL,
    item INTEGER NOT NULL,
    caused_at INTEGER NOT NULL,
    day TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    said TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL,
    held_until INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    made INTEGER NOT NULL,
    settled INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS kepi_message_by_state ON kepi_message (state, due);
CREATE INDEX IF NOT EXISTS kepi_message_by_batch ON kepi_message (batch);
