-- When a key last opened something, to within a minute; NULL: never, or not since this step. Only alerting_admin reads and
-- writes the table, and its grants and policy are those of the whole row.
ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
