"""How the use cases look over HTTP, as values: what the platform's server and the browser's bridge have in common.

Kinds of refusals, shapes of JSON, ETags, Idempotency-Keys. No server, no framework, no parsing of bodies here.
"""
