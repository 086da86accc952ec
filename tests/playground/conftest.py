"""Twins for each test that asks for them."""

from collections.abc import AsyncIterator

import pytest

from tests.playground.twins import Twins, twins


@pytest.fixture
async def both() -> AsyncIterator[Twins]:
    """Return equal worlds, one behind the server and one behind the bridge."""
    async with twins() as made:
        yield made
