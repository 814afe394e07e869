PRAGMA busy_timeout = 60000;
PRAGMA journal_mode = WAL;
PRAGMA query_only = ON;
