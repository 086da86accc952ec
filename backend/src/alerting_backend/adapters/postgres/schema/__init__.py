"""The schema in Postgres: the chain of migrations, and their runner."""
