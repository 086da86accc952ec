"""Made-up alerts and rules for load tests, demos and tests: everything follows from a seed and a start time.

Nothing here sends or stores: a shell takes the alerts that the pace says are due, and publishes them.
"""
