"""Notifications as messages. Whatever text an alert holds comes out harmless and within the receiver's limits."""
