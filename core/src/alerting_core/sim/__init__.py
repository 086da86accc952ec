"""A seeded world that runs the unchanged conductors on virtual time, breaks what can break, and checks every promise.

Nothing here knows how a conductor works inside: processes are tasks, ports are wrapped, facts are checked.
"""
