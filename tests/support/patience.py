"""How long tests wait for what a running platform does, before they say that it does not come.

Only the end is a promise. The others are many times what it takes, so that they end a test where something is stuck and
nowhere else; a test that holds the platform to a time names that time itself.
"""

from typing import Final

from alerting_core import limits

END_SECONDS_MAX: Final = 10.0
"""From the order to end to the end: whoever gave the order kills what is there still not much later."""

ACCEPT_SECONDS_MAX: Final = 60.0
"""For one batch of alerts, sent again and again to a platform that is disturbed or starts anew."""

ARRIVE_SECONDS_MAX: Final = 90.0
"""For the next webhooks: processes may have to start before, servers to come back, partitions to be taken over."""

SETTLE_SECONDS_MAX: Final = 120.0
"""For all that is under way, once no more comes in: twice a lease, after which others take over what a process had."""

SETTLE_WITHIN_LEASE_SECONDS_MAX: Final = limits.LEASE_MS / 1_000 - 10
"""The same where nothing may wait for the end of a lease: what the last kill caught is due again at once."""

SHOWN_SECONDS_MAX: Final = 60.0
"""Until what has happened is seen from outside: in figures, jobs and dead letters, or by a process that ends of it."""
