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

INSERT INTO kepi_head SELECT coalesce(max(seq), 0), coalesce(max(at), 0) FROM kepi_event
    HAVING NOT EXISTS (SELECT 1 FROM kepi_head);

CREATE TABLE IF NOT EXISTS kepi_run (
    run TEXT PRIMARY KEY,
    started INTEGER NOT NULL,
    finished INTEGER,
    definition TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    engine TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE TABLE IF NOT EXISTS kepi_published (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    period TEXT NOT NULL,
    segment TEXT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    pins TEXT NOT NULL CHECK (json_valid(pins)),
    run TEXT NOT NULL REFERENCES kepi_run (run),
    published_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS kepi_published_by_key ON kepi_published (kind, subject, period, segment, seq);
CREATE TRIGGER IF NOT EXISTS kepi_published_no_update BEFORE UPDATE ON kepi_published
    BEGIN SELECT RAISE(ABORT, 'published values are never changed'); END;
CREATE TRIGGER IF NOT EXISTS kepi_published_no_delete BEFORE DELETE ON kepi_published
    BEGIN SELECT RAISE(ABORT, 'published values are never deleted'); END;

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

-- Projection: which text of each definition is in force from which day on; the empty day is from ever.
CREATE TABLE IF NOT EXISTS kepi_in_force (
    id TEXT NOT NULL,
    since TEXT NOT NULL,
    text TEXT,
    meaning TEXT,
    seq INTEGER NOT NULL,
    PRIMARY KEY (id, since)
) STRICT;
