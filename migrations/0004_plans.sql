-- What the planner must not be misled by, whatever happened since the tables were last analyzed.

-- The two indexes of what is due answer different questions, and one that is asked by mistake reads all that waits. While
-- they held the same rows by the same condition, the planner chose between them by statistics of due_at, which tell of an
-- idle moment that nothing is due. A query that names the statuses means this one, by time over all clients; one that says
-- due_at IS NOT NULL means deliveries_due, by client and host.
DROP INDEX deliveries_next_due;
CREATE INDEX deliveries_next_due ON deliveries (due_at) WHERE status IN ('PENDING', 'RETRYING');

-- In the whole order that the sweep goes by, so that it never sorts what waits.
DROP INDEX notifications_unfinished;
CREATE INDEX notifications_unfinished ON notifications (updated_at, notification_id) WHERE status = 'RECEIVED';

-- All indexes below begin with the client. Where each client had one row when they were analyzed, the client alone looked
-- as good as the whole key, and a look-up of one row read all of a client's. A hundred is no guess at how many there are:
-- it says that a client is never one row.
ALTER TABLE rules ALTER COLUMN client_id SET (n_distinct = 100);
ALTER TABLE endpoints ALTER COLUMN client_id SET (n_distinct = 100);
ALTER TABLE notifications ALTER COLUMN client_id SET (n_distinct = 100);
ALTER TABLE deliveries ALTER COLUMN client_id SET (n_distinct = 100);
ALTER TABLE attempts ALTER COLUMN client_id SET (n_distinct = 100);
DO $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY ARRAY['rules', 'endpoints', 'notifications', 'deliveries', 'attempts'] LOOP
        -- An empty table has no statistics yet, and is not to be noted as one that stays small.
        IF pg_relation_size(table_name::regclass) > 0 THEN
            EXECUTE format('ANALYZE %I (client_id)', table_name);
        END IF;
    END LOOP;
END $$;
