-- The end of an alert with a life is told by a notification of its own, of kind RESOLVED, to each client that was
-- notified that it fires. Both name each other. fingerprint is NULL of an event. ends_at, in unix seconds, is NULL while
-- a notification does not say the end. Constraints that all rows of before meet are not looked for there.
ALTER TABLE notifications ADD COLUMN kind text NOT NULL DEFAULT 'FIRING';
ALTER TABLE notifications ADD COLUMN fingerprint text;
ALTER TABLE notifications ADD COLUMN ends_at bigint;
ALTER TABLE notifications ADD COLUMN firing_notification_id uuid;
ALTER TABLE notifications ADD COLUMN resolved_notification_id uuid;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind CHECK (
    kind = 'FIRING' AND firing_notification_id IS NULL
    OR kind = 'RESOLVED' AND firing_notification_id IS NOT NULL AND fingerprint IS NOT NULL AND ends_at IS NOT NULL
) NOT VALID;
DROP INDEX notifications_one_per_client_and_alert;
CREATE UNIQUE INDEX notifications_one_per_client_alert_and_kind
    ON notifications (client_id, alert_id, (owner <> ''), (kind = 'RESOLVED'));
-- Who was notified that an alert fires; and of each client, whose end is still to be told or under way. Events are in
-- neither.
CREATE INDEX notifications_firing ON notifications (alert_id, client_id)
    WHERE fingerprint IS NOT NULL AND kind = 'FIRING';
CREATE INDEX notifications_open_ends ON notifications (client_id) WHERE fingerprint IS NOT NULL AND (
    kind = 'FIRING' AND ends_at IS NULL AND resolved_notification_id IS NULL OR kind = 'RESOLVED' AND status = 'RECEIVED'
);

-- The delivery that told the same target that the alert fires.
ALTER TABLE deliveries ADD COLUMN follows uuid;
CREATE INDEX deliveries_following ON deliveries (client_id, follows) WHERE follows IS NOT NULL;

ALTER TABLE endpoints ADD COLUMN send_resolved boolean NOT NULL DEFAULT true;

-- What senders need of endpoints that were deleted with their rules, to tell the ends of alerts that were told through
-- them.
CREATE TABLE retired_endpoints (
    client_id             text NOT NULL REFERENCES clients ON DELETE CASCADE,
    endpoint_id           uuid NOT NULL,
    rule_id               uuid NOT NULL,
    type                  text NOT NULL,
    value                 text NOT NULL,
    headers               jsonb NOT NULL,
    secret                text,
    previous_secret       text,
    previous_secret_until timestamptz,
    enabled               boolean NOT NULL,
    send_resolved         boolean NOT NULL,
    retired_at            timestamptz NOT NULL,
    PRIMARY KEY (client_id, endpoint_id)
);
CREATE INDEX retired_endpoints_by_age ON retired_endpoints (retired_at);
ALTER TABLE retired_endpoints ALTER COLUMN client_id SET (n_distinct = 100);
ALTER TABLE retired_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE retired_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY own_client ON retired_endpoints TO alerting_api
    USING (client_id = nullif(current_setting('app.client_id', true), ''))
    WITH CHECK (client_id = nullif(current_setting('app.client_id', true), ''));
CREATE POLICY all_clients ON retired_endpoints TO alerting_admin USING (true) WITH CHECK (true);
CREATE POLICY pipeline ON retired_endpoints TO alerting_worker USING (true) WITH CHECK (true);
-- Whoever deletes a rule puts its endpoints there; nobody but the pipeline reads them.
GRANT INSERT ON retired_endpoints TO alerting_api, alerting_admin;
GRANT SELECT, DELETE ON retired_endpoints TO alerting_worker;
