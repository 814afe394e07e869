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

INSERT INTO kepi_head SELECT coalesce(max(seq), 0), coalesce(max(at), 0) FROM kepi_event
    HAVING NOT EXISTS (SELECT 1 FROM kepi_head);

CREATE TABLE IF NOT EXISTS kepi_run (
    run TEXT COLLATE "C" PRIMARY KEY,
    started BIGINT NOT NULL,
    finished BIGINT,
    definition TEXT NOT NULL,
    snapshot BIGINT NOT NULL,
    engine TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
    body TEXT NOT NULL CHECK (body::json IS NOT NULL)
);

CREATE TABLE IF NOT EXISTS kepi_published (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    segment TEXT COLLATE "C" NOT NULL,
    value TEXT NOT NULL CHECK (value::json IS NOT NULL),
    pins TEXT NOT NULL CHECK (pins::json IS NOT NULL),
    run TEXT COLLATE "C" NOT NULL REFERENCES kepi_run (run),
    published_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS kepi_published_by_key ON kepi_published (kind, subject, period, segment, seq);
CREATE OR REPLACE TRIGGER kepi_published_no_update BEFORE UPDATE ON kepi_published
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('published values are never changed');
CREATE OR REPLACE TRIGGER kepi_published_no_delete BEFORE DELETE OR TRUNCATE ON kepi_published
    FOR EACH STATEMENT EXECUTE FUNCTION kepi_refuse('published values are never deleted');

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

-- Projection: which text of each definition is in force from which day on; the empty day is from ever.
CREATE TABLE IF NOT EXISTS kepi_in_force (
    id TEXT COLLATE "C" NOT NULL,
    since TEXT COLLATE "C" NOT NULL,
    text TEXT,
    meaning TEXT,
    seq BIGINT NOT NULL,
    PRIMARY KEY (id, since)
);
