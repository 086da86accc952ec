"""Values of the trade and their rules: what an alert, a rule, a notification is, and which changes are allowed.

No I/O, no clock, no randomness, nothing of streams or tables.
"""
