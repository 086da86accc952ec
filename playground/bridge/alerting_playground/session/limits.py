"""Every bound of a session, with its reason."""

from typing import Final

SEED_MAX: Final = 2**53 - 1
"""The largest whole number that JavaScript keeps exact."""

SCRIPT_MAX: Final = 500
"""Interventions of one scenario: a person's afternoon, and still a link that can be sent."""

SHARED_CHARS_MAX: Final = 64_000
"""A shared scenario as text; browsers take more in a fragment, chat programs rarely do."""

SCENARIO_BYTES_MAX: Final = 1_000_000
"""A scenario as JSON, also after it was inflated: a few kilobytes can be made to inflate to gigabytes."""

CATALOG_CLIENTS_MAX: Final = 50
CATALOG_RULES_MAX: Final = 50
CATALOG_ENDPOINTS_MAX: Final = 5
"""A person's own clients, rules of each and endpoints of each rule: what one types, not what one measures with."""

DISTRIBUTION_ENTRIES_MAX: Final = 20
"""Values of one distribution: how far rules reach is computed over all combinations of the three."""

WORKERS_MAX: Final = 4
"""Of a kind: what fits beside each other on the page."""

BODY_BYTES_MAX: Final = 20_000
"""Body of a request that becomes part of the script."""

VIRTUAL_MS_MAX: Final = 30 * 24 * 3_600_000
"""A month: the longest that a session lasts, and the latest that anything can be ordered for."""

FAULT_MS_MAX: Final = 24 * 3_600_000
"""How long one fault may last."""

CLOCK_JUMP_MS_MAX: Final = 24 * 3_600_000

DUPLICATES_MAX: Final = 1_000
"""Records that one order writes once more."""

UNFINISHED_MAX: Final = 20_000
"""Work under way, in records and notifications, at which sources are held back until some of it is done: as an API
says 429, so that a tab does not fill its memory."""

NOTIFICATIONS_KEPT: Final = 5_000
ALERTS_KEPT: Final = 2_000
RECORDS_KEPT: Final = 100
"""What is done and still remembered, records per partition: enough to look at, small enough for a phone."""

MOVEMENTS_SHOWN: Final = 50
LOG_LINES_SHOWN: Final = 100
LOG_CHARS_MAX: Final = 200
VIOLATIONS_SHOWN: Final = 20
SCRIPT_SHOWN: Final = 50
HOSTS_SHOWN: Final = 40
SERIES_POINTS: Final = 300
"""What a snapshot shows of each, so that it stays under 60 KB."""

ROUTINE_LINES_PER_S: Final = 20
"""Everyday events in the log within one virtual second: more nobody can read, and faults would be pushed out."""

EXAMPLES_KEPT: Final = 200
"""Broken promises of a kind that are remembered one by one; beyond they are counted."""
