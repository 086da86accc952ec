"""Records to values and back. What cannot be read becomes a value that says why, never an exception."""
