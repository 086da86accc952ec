"""Postgres: how the platform finds it, reaches it, migrates it, and keeps its streams and tables in it.

No SQL is found elsewhere, and no error of the driver leaves this package.
"""
