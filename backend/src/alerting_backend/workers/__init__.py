"""The distributed mode: one process per kind of worker, on Kafka, Redis and Postgres, and the API beside them."""
