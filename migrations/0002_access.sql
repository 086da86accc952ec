-- Who may see what. A tenant's role sees the rows of the client named by app.client_id, which is set for one
-- transaction at a time; without it, none. The policies of the other two roles see all rows. FORCE, so that the owner of
-- the tables is bound too.
DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY
        ARRAY['clients', 'api_keys', 'rules', 'endpoints', 'notifications', 'deliveries', 'attempts', 'outbox']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY own_client ON %I TO alerting_api '
            'USING (client_id = nullif(current_setting(''app.client_id'', true), '''')) '
            'WITH CHECK (client_id = nullif(current_setting(''app.client_id'', true), ''''))', tenant_table);
        EXECUTE format('CREATE POLICY all_clients ON %I TO alerting_admin USING (true) WITH CHECK (true)', tenant_table);
        EXECUTE format('CREATE POLICY pipeline ON %I TO alerting_worker USING (true) WITH CHECK (true)', tenant_table);
    END LOOP;
END $$;

GRANT SELECT ON schema_migrations TO alerting_api, alerting_admin, alerting_worker;

GRANT SELECT ON clients TO alerting_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON rules, endpoints TO alerting_api;
GRANT SELECT, INSERT, UPDATE ON notifications, deliveries TO alerting_api;
GRANT SELECT ON attempts, alerts TO alerting_api;
GRANT SELECT, INSERT ON outbox TO alerting_api;
GRANT SELECT, UPDATE (last_change_id) ON outbox_head TO alerting_api;

GRANT SELECT, INSERT, UPDATE, DELETE ON
    clients, api_keys, rules, endpoints, notifications, deliveries, idempotency_keys, generator_jobs TO alerting_admin;
GRANT SELECT ON attempts, alerts, stream_offsets TO alerting_admin;
GRANT SELECT, INSERT ON outbox TO alerting_admin;
GRANT SELECT, UPDATE (last_change_id) ON outbox_head TO alerting_admin;
GRANT SELECT, INSERT, UPDATE ON stream_partitions TO alerting_admin;
GRANT SELECT, INSERT ON stream_records TO alerting_admin;

GRANT SELECT ON clients, rules TO alerting_worker;
GRANT SELECT, UPDATE ON endpoints, outbox_head TO alerting_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    notifications, deliveries, attempts, alerts, outbox, stream_partitions, stream_records, stream_offsets,
    idempotency_keys, generator_jobs TO alerting_worker;
