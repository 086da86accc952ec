"""The HTTP API without a server: the same requests get the same answers as from the platform's own."""
