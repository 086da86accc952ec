"""What to say when a program cannot be had on this machine."""


class Unavailable(Exception):
    """A program is neither there nor installable; the message says why, for the list of what was not run."""
