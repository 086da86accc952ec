"""The episode keeper, in the process of the recorder."""

import asyncio

import pytest

from tests.support.distributed import DistributedPlatform
from tests.support.silent_alert import resolved_record, shown_as_resolved, silent_for

pytestmark = pytest.mark.integration


def test_an_alert_of_which_nothing_more_is_heard_is_shown_as_resolved(platform: DistributedPlatform) -> None:
    platform.start("recorder")
    episode = silent_for(minutes=1)
    shown = asyncio.run(shown_as_resolved(platform.database, episode, is_running=platform.are_running))
    assert shown == resolved_record(episode)
