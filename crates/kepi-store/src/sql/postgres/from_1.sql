-- Tables of format 1 that their successors would meet.
DROP TRIGGER IF EXISTS kepi_event_no_update ON kepi_event;
DROP TRIGGER IF EXISTS kepi_event_no_delete ON kepi_event;
DROP INDEX IF EXISTS kepi_event_by_subject;
DROP INDEX IF EXISTS kepi_event_by_kind;
ALTER TABLE kepi_event RENAME CONSTRAINT kepi_event_pkey TO kepi_event_1_pkey;
ALTER TABLE kepi_event RENAME TO kepi_event_1;
DROP TABLE IF EXISTS kepi_head;
-- Runs had texts for ids; what they published is imported from where it stands, and both tables go then.
ALTER TABLE kepi_run RENAME TO kepi_run_before;
