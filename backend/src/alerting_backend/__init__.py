"""The alerting platform's surroundings: settings, adapters, workers, HTTP API, embedded mode and command line.

Decisions do not belong here: what to match, send, retry or record is decided in `alerting_core`.
"""
