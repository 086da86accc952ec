"""The alerting platform's surroundings: settings, adapters, workers, server of the API, embedded mode, commands.

Decisions do not belong here: what to match, send, retry or record is decided in `alerting_core`.
"""
