"""The whole platform in one process, on the Postgres that comes with it."""
