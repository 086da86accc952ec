"""The shared snapshot of all rules in Redis: written by rule updaters, read by evaluators."""
