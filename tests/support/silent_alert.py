"""An alert of which nothing more is heard, in the database of a running platform: how it is shown to have ended."""

import asyncio
import time
from collections.abc import Callable

from alerting_backend.adapters.postgres.connection import Address, open_pools
from alerting_backend.adapters.postgres.delivery.episodes import PgEpisodeStore, of_owners
from alerting_backend.adapters.postgres.history.alerts import PgAlertHistory
from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.episode import Episode, record_of
from alerting_core.domain.episode_report import expire
from alerting_core.ports.history import AlertAccess
from tests.support.episodes import LIFE_MS, make_episode
from tests.support.patience import SHOWN_SECONDS_MAX


def silent_for(minutes: int) -> Episode:
    """Return an episode that has been over for so long, and of which nobody has published that it fires."""
    return make_episode(now_ms=time.time_ns() // 1_000_000 - LIFE_MS - 60_000 * minutes)


async def shown_as_resolved(address: Address, episode: Episode, *, is_running: Callable[[], bool]) -> Alert:
    """Store *episode* as the API does, and return its alert as it is shown once it is resolved."""
    async with open_pools(address, size_max=1) as pools, asyncio.timeout(SHOWN_SECONDS_MAX):
        await PgEpisodeStore(of_owners(pools)).put([episode])
        history = PgAlertHistory(pools)
        while is_running():
            stored = await history.get(AlertAccess(None), episode.episode_id)
            if stored is not None and stored.alert.status is AlertStatus.RESOLVED:
                return stored.alert
    raise AssertionError("the platform has ended")


def resolved_record(episode: Episode) -> Alert:
    """Return what the platform says of *episode* when it closes it for want of reports."""
    closed = expire(episode, now_ms=episode.ends_at_ms)
    assert closed is not None
    return record_of(closed)
