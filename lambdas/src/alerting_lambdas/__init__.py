"""Entry points for AWS Lambda. They only connect events to the API that `alerting_backend` serves: no logic."""
