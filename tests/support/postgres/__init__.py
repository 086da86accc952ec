"""Real Postgres servers for tests: each started once per test run, each test with a database of its own."""
