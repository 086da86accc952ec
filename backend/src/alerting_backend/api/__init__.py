"""What only a server adds to the HTTP API of `alerting_api`: pages, probes, figures, a log of requests."""
