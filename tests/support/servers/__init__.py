"""Real Kafka, Redis and Postgres on this machine: for tests, and by `make services` for development."""
