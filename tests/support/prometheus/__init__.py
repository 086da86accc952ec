"""Real Prometheus servers and what they are held against: an Alertmanager, and what was said to both."""
