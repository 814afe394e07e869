SET lock_timeout = '60s';
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
