"""The HTTP API: one application for the server and for Lambda. Routes translate; decisions live in the core."""
