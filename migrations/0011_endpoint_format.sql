-- The form of what a webhook is sent: the platform's own, or that of an Alertmanager.
ALTER TABLE endpoints ADD COLUMN format text NOT NULL DEFAULT 'platform'
    CHECK (format = 'platform' OR format = 'alertmanager' AND type = 'webhook');
ALTER TABLE retired_endpoints ADD COLUMN format text NOT NULL DEFAULT 'platform';
