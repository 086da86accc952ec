"""What people and programs may ask of the platform: the use cases behind the HTTP API.

Each takes checked or unchecked values, reports all that is wrong with them as `InvalidInput`, and acts through ports.
No HTTP, no JSON, no SQL here. A `scope` is the client on whose behalf a call is made; None is an operator.
"""
