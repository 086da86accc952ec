-- An alert with a life fires, and is resolved later. This is where its latest episode is kept, one row per identity:
-- fingerprint and owner. client_id is the owner of a private one, NULL of a shared one; owner is the same with '' for
-- NULL, so that both kinds are looked up by one key. The row is the outbox of its records: those of a phase above
-- published_phase have still to reach the log. version is for compare-and-set.
CREATE TABLE alert_episodes (
    client_id       text REFERENCES clients ON DELETE CASCADE,
    fingerprint     text NOT NULL,
    owner           text NOT NULL GENERATED ALWAYS AS (coalesce(client_id, '')) STORED,
    episode_id      uuid NOT NULL,
    number          integer NOT NULL CHECK (number >= 1),
    status          text NOT NULL CHECK (status IN ('OPEN', 'ENDED', 'TIMED_OUT')),
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    reporters       jsonb NOT NULL,
    reported_end    timestamptz,
    phase           integer NOT NULL CHECK (phase >= 1),
    published_phase integer NOT NULL CHECK (published_phase BETWEEN 0 AND phase),
    version         integer NOT NULL CHECK (version >= 1),
    changed_at      timestamptz NOT NULL,
    severity        smallint NOT NULL,
    source          text NOT NULL,
    name            text NOT NULL,
    context         jsonb NOT NULL,
    -- The fingerprint first: the owner of all that is shared is one.
    PRIMARY KEY (fingerprint, owner)
);
-- One index for each question, none of which stands in for another: what is over unless it is reported, what the log
-- lacks, what is old, and what goes with a client.
CREATE INDEX alert_episodes_open_by_end ON alert_episodes (ends_at) WHERE status = 'OPEN';
CREATE INDEX alert_episodes_unpublished ON alert_episodes (changed_at) WHERE published_phase < phase;
CREATE INDEX alert_episodes_closed_by_age ON alert_episodes (changed_at)
    WHERE status <> 'OPEN' AND published_phase >= phase;
CREATE INDEX alert_episodes_by_client ON alert_episodes (client_id) WHERE client_id IS NOT NULL;
ALTER TABLE alert_episodes ALTER COLUMN client_id SET (n_distinct = 100);

-- A client sees and writes its own alone: what is shared is reported by operators.
ALTER TABLE alert_episodes ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_episodes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_client ON alert_episodes TO alerting_api
    USING (client_id = nullif(current_setting('app.client_id', true), ''))
    WITH CHECK (client_id = nullif(current_setting('app.client_id', true), ''));
CREATE POLICY all_clients ON alert_episodes TO alerting_admin USING (true) WITH CHECK (true);
CREATE POLICY pipeline ON alert_episodes TO alerting_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON alert_episodes TO alerting_api, alerting_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_episodes TO alerting_worker;

-- Where a stored alert is in its life; all NULL for an event, which has none. ends_at is in unix seconds, as event_ts is.
ALTER TABLE alerts ADD COLUMN fingerprint text;
ALTER TABLE alerts ADD COLUMN phase integer;
ALTER TABLE alerts ADD COLUMN status smallint;
ALTER TABLE alerts ADD COLUMN ends_at bigint;
