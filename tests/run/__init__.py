"""The test command: every level of the tests in turn, one closing line, and a list of what could not be run."""
