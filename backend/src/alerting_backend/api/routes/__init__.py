"""One file per noun: each route takes a checked request, calls one use case, and writes the result."""
