-- Roles. The owner of the schema runs migrations and nothing else. The three roles below own nothing and cannot bypass
-- row-level security. alerting_api serves clients' keys and sees one client per transaction (app.client_id);
-- alerting_admin serves operators' keys; alerting_worker runs the pipeline. Roles belong to the whole cluster, so another
-- database of it may have made them already.
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['alerting_api', 'alerting_admin', 'alerting_worker'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END $$;

CREATE TABLE clients (
    client_id  text PRIMARY KEY CHECK (length(client_id) BETWEEN 1 AND 255),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Only a hash of the key is stored. client_id NULL: an operator's key.
CREATE TABLE api_keys (
    key_id     uuid PRIMARY KEY,
    client_id  text REFERENCES clients ON DELETE CASCADE,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    prefix     text NOT NULL,
    hash       bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_by_client ON api_keys (client_id, created_at);

CREATE TABLE rules (
    client_id  text NOT NULL REFERENCES clients ON DELETE CASCADE,
    rule_id    uuid NOT NULL UNIQUE,
    severity   text NOT NULL CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL', '*')),
    source     text NOT NULL CHECK (length(source) BETWEEN 1 AND 255),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    enabled    boolean NOT NULL,
    version    integer NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, rule_id),
    CONSTRAINT rules_not_all_wildcard CHECK (NOT (severity = '*' AND source = '*' AND name = '*'))
);
-- Hashed, since three fields of 255 four-byte characters are more than an index entry can hold.
CREATE UNIQUE INDEX rules_unique_pattern ON rules (client_id, severity, md5(source), md5(name));
CREATE INDEX rules_by_creation ON rules (client_id, created_at DESC, rule_id DESC);
CREATE INDEX rules_all_by_creation ON rules (created_at DESC, rule_id DESC);

CREATE TABLE endpoints (
    client_id             text NOT NULL,
    endpoint_id           uuid NOT NULL UNIQUE,
    rule_id               uuid NOT NULL,
    type                  text NOT NULL CHECK (type IN ('email', 'slack', 'webhook')),
    value                 text NOT NULL CHECK (length(value) BETWEEN 1 AND 8192),
    headers               jsonb NOT NULL DEFAULT '{}',
    secret                text,
    previous_secret       text,
    previous_secret_until timestamptz,
    enabled               boolean NOT NULL,
    disabled_reason       text,
    version               integer NOT NULL CHECK (version >= 1),
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    PRIMARY KEY (client_id, endpoint_id),
    FOREIGN KEY (client_id, rule_id) REFERENCES rules (client_id, rule_id) ON DELETE CASCADE,
    CONSTRAINT endpoints_webhook_has_secret CHECK ((type = 'webhook') = (secret IS NOT NULL))
);
CREATE UNIQUE INDEX endpoints_unique_value ON endpoints (client_id, rule_id, type, md5(value));
CREATE INDEX endpoints_by_creation ON endpoints (client_id, created_at DESC, endpoint_id DESC);
CREATE INDEX endpoints_all_by_creation ON endpoints (created_at DESC, endpoint_id DESC);

CREATE TABLE notifications (
    client_id       text NOT NULL REFERENCES clients ON DELETE CASCADE,
    notification_id uuid NOT NULL,
    alert_id        text NOT NULL,
    severity        smallint NOT NULL,
    source          text NOT NULL,
    name            text NOT NULL,
    context         jsonb NOT NULL,
    rule_ids        text[] NOT NULL,
    event_ts        bigint NOT NULL,
    status          text NOT NULL CHECK (status IN ('RECEIVED', 'SENT', 'PARTIAL', 'FAILED', 'SKIPPED')),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (client_id, notification_id),
    CONSTRAINT notifications_one_per_client_and_alert UNIQUE (client_id, alert_id)
);
CREATE INDEX notifications_by_creation ON notifications (client_id, created_at DESC, notification_id DESC);
CREATE INDEX notifications_all_by_creation ON notifications (created_at DESC, notification_id DESC);
CREATE INDEX notifications_unfinished ON notifications (updated_at) WHERE status = 'RECEIVED';

-- due_at: when the next attempt may be claimed. A claim moves it to the end of its lease, so that a dead sender's
-- delivery is due again by itself. NULL once the delivery is final.
CREATE TABLE deliveries (
    client_id       text NOT NULL,
    delivery_id     uuid NOT NULL,
    notification_id uuid NOT NULL,
    endpoint_id     uuid NOT NULL,
    type            text NOT NULL CHECK (type IN ('email', 'slack', 'webhook')),
    target          text NOT NULL,
    host            text NOT NULL,
    status          text NOT NULL CHECK (status IN ('PENDING', 'RETRYING', 'DELIVERED', 'DEAD', 'SKIPPED')),
    reason          text,
    attempts        integer NOT NULL DEFAULT 0,
    due_at          timestamptz,
    lease_owner     text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (client_id, delivery_id),
    FOREIGN KEY (client_id, notification_id) REFERENCES notifications (client_id, notification_id) ON DELETE CASCADE,
    CONSTRAINT deliveries_due_until_final CHECK ((due_at IS NOT NULL) = (status IN ('PENDING', 'RETRYING')))
);
CREATE INDEX deliveries_by_notification ON deliveries (client_id, notification_id);
-- One run per client and host, so that a claim goes round the clients and steps over a host that takes nothing, however
-- much waits for it.
CREATE INDEX deliveries_due ON deliveries (client_id, host, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_next_due ON deliveries (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE attempts (
    client_id   text NOT NULL,
    attempt_id  uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    reason      text NOT NULL,
    status_code integer,
    response    text NOT NULL,
    detail      text NOT NULL,
    started_at  timestamptz NOT NULL,
    latency_ms  integer NOT NULL,
    PRIMARY KEY (client_id, attempt_id),
    FOREIGN KEY (client_id, delivery_id) REFERENCES deliveries (client_id, delivery_id) ON DELETE CASCADE
);
CREATE INDEX attempts_by_delivery ON attempts (client_id, delivery_id, started_at);

-- Every change of rules, numbered without gaps in commit order: a writer takes its numbers from the one row of
-- outbox_head and holds that row until it commits, so that a reader who has seen change N has seen all below N. The row
-- outlives the changes: numbers never start again, and trimmed_change_id tells which changes can no longer be read.
CREATE TABLE outbox_head (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_change_id    bigint NOT NULL DEFAULT 0,
    trimmed_change_id bigint NOT NULL DEFAULT 0,
    CHECK (trimmed_change_id BETWEEN 0 AND last_change_id)
);
INSERT INTO outbox_head DEFAULT VALUES;

-- No reference to clients: the deletion of a client is itself a change to be told.
CREATE TABLE outbox (
    change_id    bigint PRIMARY KEY,
    client_id    text NOT NULL,
    rule_id      uuid NOT NULL,
    action       smallint NOT NULL CHECK (action BETWEEN 1 AND 4),
    version      integer NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (change_id) WHERE published_at IS NULL;

-- Recent alerts, matched or not. They have no owner.
CREATE TABLE alerts (
    alert_id    text PRIMARY KEY,
    severity    smallint NOT NULL,
    source      text NOT NULL,
    name        text NOT NULL,
    context     jsonb NOT NULL,
    event_ts    bigint NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX alerts_by_age ON alerts (received_at DESC, alert_id DESC);

-- Streams as tables, for the platform without a broker. The row of a partition is locked while its offsets are given
-- out, so that offsets are visible in order and without gaps. Records below first_offset have been trimmed.
CREATE TABLE stream_partitions (
    topic        text NOT NULL,
    partition    integer NOT NULL CHECK (partition >= 0),
    first_offset bigint NOT NULL DEFAULT 0,
    next_offset  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition),
    CHECK (first_offset BETWEEN 0 AND next_offset)
) WITH (fillfactor = 50);

CREATE TABLE stream_records (
    topic      text NOT NULL,
    partition  integer NOT NULL,
    "offset"   bigint NOT NULL,
    key        bytea NOT NULL,
    value      bytea NOT NULL,
    headers    bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);

CREATE TABLE stream_offsets (
    consumer_group text NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    next_offset    bigint NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITH (fillfactor = 50);

-- Answers to POST requests that carried an Idempotency-Key. owner: the client, or '' for operators.
CREATE TABLE idempotency_keys (
    owner        text NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    status_code  integer,
    headers      jsonb,
    response     bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE generator_jobs (
    job_id       uuid PRIMARY KEY,
    status       text NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    config       jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    started_at   timestamptz,
    completed_at timestamptz,
    stop_asked   boolean NOT NULL DEFAULT false,
    alerts_sent  bigint NOT NULL DEFAULT 0,
    error        text
);
CREATE INDEX generator_jobs_by_creation ON generator_jobs (created_at DESC, job_id DESC);
