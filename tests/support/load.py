"""A load on the varied test data that keeps a platform at work, and no further behind than is said."""

import time
from collections.abc import Sequence
from typing import Final

from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from tests.support.lives import Lives
from tests.support.loader import Loader, Reachable
from tests.support.receiver import Notice, Receiver
from tests.support.varied_world import VariedWorld

BATCH_ALERTS: Final = 50


def make_load(
    platform: Reachable, world: VariedWorld, receiver: Receiver, *, seed: int, under_way_max: int, with_lives: bool
) -> Loader:
    """Return a loader that goes on for as long as the platform keeps up.

    Args:
        under_way_max: Webhooks that it lets wait.
        with_lives: Whether some of the alerts fire and end.
    """
    endless = GeneratorConfig(burst=100_000, seed=seed)
    alerts = generate_alerts(endless, started_at_ms=time.time_ns() // 1_000_000)
    counted, waiting = 0, set[Notice]()

    def has_room(accepted: Sequence[Alert]) -> bool:
        nonlocal counted, waiting
        waiting |= world.expected_of(accepted[counted:]).firing
        counted = len(accepted)
        waiting = {notice for notice in waiting if notice not in receiver.told}
        return len(waiting) < under_way_max

    def is_told(alert: Alert) -> bool:
        return world.expected_of([alert]).firing <= receiver.told

    lives = Lives(is_told) if with_lives else None
    return Loader(platform, alerts, batch=BATCH_ALERTS, has_room=has_room, lives=lives)
