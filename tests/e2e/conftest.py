"""The platform as a user starts it, and a receiver of what it sends."""

from collections.abc import Iterator

import pytest

from tests.support.platform_process import PlatformProcess, platform
from tests.support.receiver import Receiver, serve_receiver
from tests.support.stored import Stored


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serve_receiver() as serving:
        yield serving


@pytest.fixture
def process() -> Iterator[PlatformProcess]:
    """Return an empty platform that has not been started, without the demo."""
    with platform() as made:
        yield made


@pytest.fixture
def stored(process: PlatformProcess) -> Stored:
    return Stored(process.data_dir)
