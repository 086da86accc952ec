"""What people look at in Postgres: notifications and alerts as they were."""
