"""Entry points for AWS Lambda. They only connect events to `alerting_backend`: no logic of their own."""
