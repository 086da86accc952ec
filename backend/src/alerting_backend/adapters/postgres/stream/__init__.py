"""Streams as tables, for the platform without a broker."""
