"""What this process is called, in figures and logs."""

import os
import socket


def instance_name() -> str:
    """Return a name that no other process has at the same time."""
    return f"{socket.gethostname()}-{os.getpid()}"
