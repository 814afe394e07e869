-- The tables of the store. The script can be run any number of times. Texts that are compared or ordered are so by
-- their bytes, as in SQLite, whatever the collation of the database.
CREATE TABLE IF NOT EXISTS kepi_meta (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

-- How many events there are, and when the newest happened. A change takes this row first: it is the lock of all writers.
-- Every event takes its place from it.
CREATE TABLE IF NOT EXISTS kepi_head (
    size BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- Refuses what is done to a table, with the trigger's argument as the reason.
CREATE OR REPLACE FUNCTION kepi_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END
$$;

CREATE TABLE IF NOT EXISTS kepi_event (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    "by" TEXT COLLATE "C" NOT NULL CHECK ("by" <> ''),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
    v BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL CHECK (subject <> ''),
    n BIGINT NOT NULL,
    cause BIGINT,
    body TEXT NOT NULL CHECK (body::json IS NOT NULL),
    UNIQUE (subject, n)
);
CREATE INDEX IF NOT EXISTS kepi_event_by_kind ON kepi_event (kind, seq);
CREATE OR REPLACE TRIGGER kepi_event_no_update BEFORE UPDATE ON kepi_event
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('events are never changed');
CREATE OR REPLACE TRIGGER kepi_event_no_delete BEFORE DELETE OR TRUNCATE ON kepi_event
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('events are never deleted');

-- The tree of hashes over the log (RFC 9162): every full subtree, in the order in which they became whole.
CREATE TABLE IF NOT EXISTS kepi_tree (
    at BIGINT PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL
);

-- Signed checkpoints of the log. They are also kept outside, so that a database that went back shows.
CREATE TABLE IF NOT EXISTS kepi_checkpoint (
    size BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (size, note)
);
CREATE OR REPLACE TRIGGER kepi_tree_no_update BEFORE UPDATE ON kepi_tree
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('hashes of the log are never changed');
CREATE OR REPLACE TRIGGER kepi_tree_no_delete BEFORE DELETE OR TRUNCATE ON kepi_tree
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('hashes of the log are never deleted');
CREATE OR REPLACE TRIGGER kepi_checkpoint_no_update BEFORE UPDATE ON kepi_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('checkpoints are never changed');
CREATE OR REPLACE TRIGGER kepi_checkpoint_no_delete BEFORE DELETE OR TRUNCATE ON kepi_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('checkpoints are never deleted');

INSERT INTO kepi_head SELECT coalesce(max(seq), 0), coalesce(max(at), 0) FROM kepi_event
    HAVING NOT EXISTS (SELECT 1 FROM kepi_head);

-- A run has its number when it begins; the rest when it is published. `seq` is the position of its `run.published`.
CREATE TABLE IF NOT EXISTS kepi_run (
    run BIGINT PRIMARY KEY,
    began BIGINT NOT NULL,
    seq BIGINT UNIQUE,
    at BIGINT,
    register BIGINT,
    definition TEXT COLLATE "C",
    lake TEXT COLLATE "C",
    snapshot BIGINT,
    engine TEXT COLLATE "C",
    calendar TEXT COLLATE "C",
    zones TEXT COLLATE "C",
    watermarks TEXT COLLATE "C"
);

-- What a run says of each KPI or scorecard at each grain. `by_run` vouches for it: the run itself, or an earlier one
-- where it could not renew it.
CREATE TABLE IF NOT EXISTS kepi_run_kpi (
    run BIGINT NOT NULL REFERENCES kepi_run (run),
    subject TEXT COLLATE "C" NOT NULL,
    grain TEXT COLLATE "C" NOT NULL,
    by_run BIGINT NOT NULL,
    definition TEXT COLLATE "C" NOT NULL,
    mapping TEXT COLLATE "C" NOT NULL,
    first TEXT COLLATE "C",
    last TEXT COLLATE "C",
    changed BIGINT NOT NULL,
    not_renewed TEXT COLLATE "C",
    PRIMARY KEY (run, subject, grain)
);

-- How long a published run took until it was, and looking at each source in it, µs; of the run itself the source is empty.
CREATE TABLE IF NOT EXISTS kepi_run_time (
    run BIGINT NOT NULL REFERENCES kepi_run (run),
    source TEXT COLLATE "C" NOT NULL,
    took BIGINT NOT NULL,
    PRIMARY KEY (run, source)
);
CREATE INDEX IF NOT EXISTS kepi_run_time_by_source ON kepi_run_time (source, run);

-- What a published run could not land of a source, and why; a trouble of the source as a whole has an empty file.
CREATE TABLE IF NOT EXISTS kepi_run_not_landed (
    run BIGINT NOT NULL REFERENCES kepi_run (run),
    source TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run, source, file)
);

-- Files of the newest row of each key: read first, made anew now and then, and no loss.
CREATE TABLE IF NOT EXISTS kepi_newest (
    published TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    rows BIGINT NOT NULL
);

-- What was answered to a request, so that it is done once however often it is sent.
CREATE TABLE IF NOT EXISTS kepi_receipt (
    key TEXT COLLATE "C" PRIMARY KEY,
    "by" TEXT COLLATE "C" NOT NULL,
    command TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL
);

-- Texts that events name by commitment. A row can be erased.
CREATE TABLE IF NOT EXISTS kepi_text (
    commitment TEXT COLLATE "C" PRIMARY KEY,
    salt TEXT NOT NULL,
    text TEXT NOT NULL
);

-- Who `person/<number>` of an event is. A name can be erased.
CREATE TABLE IF NOT EXISTS kepi_person (
    person BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" UNIQUE
);

-- How far each follower of the log has come.
CREATE TABLE IF NOT EXISTS kepi_follower (
    name TEXT COLLATE "C" PRIMARY KEY,
    seen BIGINT NOT NULL
);

-- What a password is recognised by, of who signs in with one; the log has a digest of it.
CREATE TABLE IF NOT EXISTS kepi_password (
    person BIGINT PRIMARY KEY,
    hash TEXT NOT NULL
);

-- Browsers that are signed in, by the hash of what they send.
CREATE TABLE IF NOT EXISTS kepi_session (
    id TEXT COLLATE "C" PRIMARY KEY,
    person BIGINT NOT NULL,
    began BIGINT NOT NULL,
    seen BIGINT NOT NULL
);

-- What one process does at a time, of all that share the database; the fence counts who had it.
CREATE TABLE IF NOT EXISTS kepi_lease (
    name TEXT COLLATE "C" PRIMARY KEY,
    fence BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- How often in a row signing in failed, by a hash of the name or the address.
CREATE TABLE IF NOT EXISTS kepi_attempt (
    who TEXT COLLATE "C" PRIMARY KEY,
    failures BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- Projection: which text of each definition is in force from which day on; the empty day is from ever.
CREATE TABLE IF NOT EXISTS kepi_in_force (
    id TEXT COLLATE "C" NOT NULL,
    since TEXT COLLATE "C" NOT NULL,
    text TEXT,
    meaning TEXT,
    seq BIGINT NOT NULL,
    PRIMARY KEY (id, since)
);
-- The tables of a DuckLake 1.0 catalogue (public specification), spelt as DuckDB itself makes them in PostgreSQL.
CREATE TABLE IF NOT EXISTS ducklake_metadata (
    "key" VARCHAR NOT NULL,
    "value" VARCHAR NOT NULL,
    "scope" VARCHAR,
    scope_id BIGINT
);

CREATE TABLE IF NOT EXISTS ducklake_snapshot (
    snapshot_id BIGINT PRIMARY KEY,
    snapshot_time TIMESTAMPTZ,
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
    schema_uuid UUID,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    schema_name VARCHAR,
    path VARCHAR,
    path_is_relative BOOLEAN
);

CREATE TABLE IF NOT EXISTS ducklake_table (
    table_id BIGINT,
    table_uuid UUID,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    schema_id BIGINT,
    table_name VARCHAR,
    path VARCHAR,
    path_is_relative BOOLEAN
);

CREATE TABLE IF NOT EXISTS ducklake_view (
    view_id BIGINT,
    view_uuid UUID,
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
    path_is_relative BOOLEAN,
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
    contains_nan BOOLEAN,
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
    contains_nan BOOLEAN,
    extra_stats VARCHAR
);

CREATE TABLE IF NOT EXISTS ducklake_delete_file (
    delete_file_id BIGINT PRIMARY KEY,
    table_id BIGINT,
    begin_snapshot BIGINT,
    end_snapshot BIGINT,
    data_file_id BIGINT,
    path VARCHAR,
    path_is_relative BOOLEAN,
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
    nulls_allowed BOOLEAN,
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
    contains_null BOOLEAN,
    contains_nan BOOLEAN,
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
    path_is_relative BOOLEAN,
    schedule_start TIMESTAMPTZ
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
    is_partition BOOLEAN
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
    table_id BIGINT NOT NULL,
    column_id BIGINT NOT NULL,
    declared TEXT NOT NULL,
    PRIMARY KEY (table_id, column_id)
);

-- BLAKE3 of a data file as it was written. Files of other writers have none: DuckLake keeps no checksums.
CREATE TABLE IF NOT EXISTS kepi_file_checksum (
    data_file_id BIGINT PRIMARY KEY,
    blake3 TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS kepi_load (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load TEXT COLLATE "C" NOT NULL UNIQUE,
    source TEXT COLLATE "C" NOT NULL,
    entity TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    definition TEXT NOT NULL,
    stopped BIGINT NOT NULL,
    effective BIGINT NOT NULL,
    at BIGINT NOT NULL,
    snapshot BIGINT,
    rows BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    columns TEXT NOT NULL CHECK (columns::json IS NOT NULL),
    report TEXT NOT NULL CHECK (report::json IS NOT NULL),
    salt TEXT NOT NULL,
    replaced_by TEXT
);
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
    source TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    load TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    bookmark TEXT NOT NULL,
    rows BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (source, seq)
);

-- Rows that the source has merged into others, as far as that holds now: by entity and key of the row that was merged the key of the
-- one it was merged into, as its row says. Found in the files of the entity's table; entered in the transaction that changes them.
CREATE TABLE IF NOT EXISTS kepi_merge (
    entity TEXT COLLATE "C" NOT NULL,
    merged TEXT COLLATE "C" NOT NULL,
    into_key TEXT COLLATE "C" NOT NULL,
    load TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (entity, merged)
);

CREATE TABLE IF NOT EXISTS kepi_quarantine (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load TEXT COLLATE "C" NOT NULL REFERENCES kepi_load (load),
    source TEXT COLLATE "C" NOT NULL,
    file TEXT COLLATE "C" NOT NULL,
    row BIGINT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    "column" TEXT,
    raw TEXT NOT NULL CHECK (raw::json IS NOT NULL)
);
CREATE INDEX IF NOT EXISTS kepi_quarantine_by_source ON kepi_quarantine (source, seq);
CREATE INDEX IF NOT EXISTS kepi_quarantine_by_load ON kepi_quarantine (load);

-- Messages that are to leave, entered in the transaction that moves the cursor of what makes them of events. Kept, so that none is
-- made twice; each is held by one worker at a time, and the one with the highest fence says what became of it.
CREATE TABLE IF NOT EXISTS kepi_message (
    key TEXT COLLATE "C" PRIMARY KEY,
    batch TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    person BIGINT NOT NULL,
    item BIGINT NOT NULL,
    caused_at BIGINT NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    said TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    due BIGINT NOT NULL,
    held_until BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    made BIGINT NOT NULL,
    settled BIGINT
);
CREATE INDEX IF NOT EXISTS kepi_message_by_state ON kepi_message (state, due);
CREATE INDEX IF NOT EXISTS kepi_message_by_batch ON kepi_message (batch);
