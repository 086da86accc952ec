"""The HTTP API as an ASGI application: asynchronous throughout, with no socket, thread, clock or file of its own."""
