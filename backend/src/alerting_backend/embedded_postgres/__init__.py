"""The Postgres that comes with the platform: its programs, its folder, its process. No SQL."""
