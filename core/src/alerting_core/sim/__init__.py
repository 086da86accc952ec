"""A seeded world that runs the unchanged stages on virtual time, breaks what can break, and checks every promise.

Nothing here knows how a stage works inside: processes are tasks, ports are wrapped, facts are checked.
"""
