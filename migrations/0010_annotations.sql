-- What the source of an alert says of it to people, text to text, beside its labels in context; NULL for nothing.
ALTER TABLE alerts ADD COLUMN annotations jsonb;
ALTER TABLE alert_episodes ADD COLUMN annotations jsonb;
ALTER TABLE notifications ADD COLUMN annotations jsonb;
