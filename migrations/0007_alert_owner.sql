-- An alert is shared, or private to one client: client_id is its owner, NULL for an alert that is shared. Ids are in the
-- name space of the owner: the same alert_id of two owners is two alerts. alert_id comes first, since it is looked up
-- without its owner too.
ALTER TABLE alerts ADD COLUMN client_id text REFERENCES clients ON DELETE CASCADE;
ALTER TABLE alerts DROP CONSTRAINT alerts_pkey;
ALTER TABLE alerts ALTER COLUMN alert_id SET NOT NULL;
ALTER TABLE alerts ADD CONSTRAINT alerts_one_per_id_and_owner UNIQUE NULLS NOT DISTINCT (alert_id, client_id);
-- By age, shared and private ones apart, so that a client who looks at what is shared does not walk through what others
-- sent for themselves. A shared alert is in as many indexes as before.
DROP INDEX alerts_by_age;
CREATE INDEX alerts_shared_by_age ON alerts (received_at DESC, alert_id DESC) WHERE client_id IS NULL;
CREATE INDEX alerts_private_by_age ON alerts (received_at DESC, alert_id DESC) WHERE client_id IS NOT NULL;
-- A client's own, newest first, and what its deletion takes with it.
CREATE INDEX alerts_by_client ON alerts (client_id, received_at DESC, alert_id DESC) WHERE client_id IS NOT NULL;

-- A client sees what is shared and what is its own. Which of the shared ones a key may look at, the API decides.
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY shared_and_own ON alerts FOR SELECT TO alerting_api
    USING (
        nullif(current_setting('app.client_id', true), '') IS NOT NULL
        AND (client_id IS NULL OR client_id = nullif(current_setting('app.client_id', true), ''))
    );
CREATE POLICY all_clients ON alerts TO alerting_admin USING (true) WITH CHECK (true);
CREATE POLICY pipeline ON alerts TO alerting_worker USING (true) WITH CHECK (true);

-- The owner of the alert that a notification is of: the client itself, or empty when the alert was shared.
ALTER TABLE notifications ADD COLUMN owner text NOT NULL DEFAULT '' CHECK (owner IN ('', client_id));
ALTER TABLE notifications DROP CONSTRAINT notifications_one_per_client_and_alert;
-- Whether it is private is all that the owner adds: two ids of 255 characters fit into an entry of an index, three do not.
CREATE UNIQUE INDEX notifications_one_per_client_and_alert ON notifications (client_id, alert_id, (owner <> ''));
