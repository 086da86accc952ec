"""A distributed platform on servers that these tests have to themselves, with the varied test data and a receiver."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.distributed import DistributedPlatform, Servers, distributed, servers
from tests.support.install.unavailable import Unavailable
from tests.support.load import make_load
from tests.support.loader import Loader
from tests.support.receiver import Receiver, serve_receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld

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
    """Return what makes a loader that goes on for as long as the platform keeps up, with alerts that fire and end."""

    def make(*, under_way_max: int = UNDER_WAY_MAX) -> Loader:
        return make_load(platform, world, receiver, seed=20_260_102, under_way_max=under_way_max, with_lives=True)

    return make
