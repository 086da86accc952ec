"""Bounds of the generator, each with its reason. They keep a slip of the keyboard from becoming an outage."""

from typing import Final

RPS_MIN: Final = 0.001
"""One alert in about 17 minutes; slower is no load."""

RPS_MAX: Final = 10_000.0
"""Twice the largest load that the capacity plans are made for."""

DURATION_MS_MIN: Final = 1
DURATION_MS_MAX: Final = 24 * 3_600_000
"""A day, as for a soak test."""

ALERTS_PER_JOB_MAX: Final = 1_000_000
"""All alerts of one job, whatever the mode: each may become a notification for every client."""

INTERVAL_MS_MAX: Final = 3_600_000
"""Between two alerts of a custom job."""

SEED_MAX: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

DISTRIBUTION_ENTRIES_MAX: Final = 100
"""Weights are whole numbers that sum to 100: no more entries can have one."""

DISTRIBUTION_CHARS_MAX: Final = 30_000
"""The text of a distribution: as many entries of the longest allowed values as there may be, roughly."""

TEST_CLIENTS_MAX: Final = 10_000
"""Clients of one set of test data: more than six times the large set."""
