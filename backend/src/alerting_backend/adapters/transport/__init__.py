"""Carrying messages to the targets of clients: HTTP, SMTP, and which addresses may be connected to at all."""
