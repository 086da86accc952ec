"""A distributed platform on servers that these tests have to themselves, with the varied test data and a receiver."""

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from tests.support.distributed import DistributedPlatform, Servers, distributed, servers
from tests.support.install.unavailable import Unavailable
from tests.support.loader import Loader
from tests.support.receiver import Receiver, serve_receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld

BATCH_ALERTS = 50
UNDER_WAY_MAX = 1_500
"""Webhooks that a loader lets wait: there is always something to lose, and the rest is told within seconds."""


@pytest.fixture(scope="session")
def three_servers() -> Iterator[Servers]:
    try:
        with servers() as three:
            yield three
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def platform(three_servers: Servers) -> Iterator[DistributedPlatform]:
    """Return a platform of which nothing runs yet."""
    three_servers.start()
    with distributed(three_servers) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serve_receiver() as serving:
        yield serving


@pytest.fixture
def stored(platform: DistributedPlatform) -> StoredApart:
    return StoredApart.of(platform.database, platform.kafka)


@pytest.fixture
def world(platform: DistributedPlatform, receiver: Receiver) -> VariedWorld:
    """Return the varied test data, in a platform of which nothing runs yet."""
    world = VariedWorld.at(receiver)
    world.load_into(platform.database)
    return world


@pytest.fixture
def new_loader(platform: DistributedPlatform, world: VariedWorld, receiver: Receiver) -> Callable[..., Loader]:
    """Return what makes a loader that goes on for as long as the platform keeps up."""

    def make(*, under_way_max: int = UNDER_WAY_MAX) -> Loader:
        endless = GeneratorConfig(burst=100_000, seed=20_260_102)
        alerts = generate_alerts(endless, started_at_ms=time.time_ns() // 1_000_000)
        counted, told = 0, 0

        def has_room(accepted: Sequence[Alert]) -> bool:
            nonlocal counted, told
            told += len(world.expected_of(accepted[counted:]).told)
            counted = len(accepted)
            return told - receiver.arrived_once < under_way_max

        return Loader(platform, alerts, batch=BATCH_ALERTS, has_room=has_room)

    return make
