"""What senders and aggregators do in Postgres: notifications, deliveries, claims and outcomes."""
