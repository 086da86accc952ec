"""How much the longest tests do.

`make test` does what finds a fault that a change brings in, within half an hour on two cores; `make test-thorough` does
as much as is claimed of a release.
"""

import os
from typing import Final

IS_THOROUGH: Final = os.environ.get("ALERTING_TESTS") == "thorough"


def amount(enough: int, *, thorough: int) -> int:
    """Return how many of what a test is to try."""
    return thorough if IS_THOROUGH else enough
