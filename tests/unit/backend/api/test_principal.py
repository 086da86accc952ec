"""Looking up who a key belongs to."""

from unittest.mock import patch

import pytest

from alerting_backend.api import principal
from alerting_backend.api.principal import KEY_CACHE_MS, Authenticator
from alerting_core.domain.key import ApiKey, KeyScope, hash_key
from alerting_core.memory.catalog.keys import MemoryKeyStore
from alerting_core.memory.clock import MemoryClock
from alerting_core.memory.database import MemoryDatabase


class CountingStore(MemoryKeyStore):
    """Counts look-ups."""

    looked_up = 0

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        self.looked_up += 1
        return await super().find_by_hash(key_hash)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(1_000_000)


@pytest.fixture
async def store() -> CountingStore:
    store = CountingStore(MemoryDatabase())
    for number in range(5):
        text = f"key-{number}"
        await store.create(ApiKey(text, None, "n", "", hash_key(text), frozenset({KeyScope.ADMIN}), 0))
    store.looked_up = 0
    return store


async def test_a_key_is_looked_up_once_until_the_memory_has_aged(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = Authenticator(store, clock)
    for _ in range(3):
        found = await authenticator.authenticate("key-1")
        assert found is not None
        assert found.key_id == "key-1"
    assert store.looked_up == 1
    clock.advance(KEY_CACHE_MS)
    await authenticator.authenticate("key-1")
    assert store.looked_up == 2


async def test_a_clock_that_was_set_back_keeps_no_key_alive(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = Authenticator(store, clock)
    await authenticator.authenticate("key-1")
    clock.advance(-3_600_000)
    await authenticator.authenticate("key-1")
    assert store.looked_up == 2


async def test_unknown_keys_are_not_remembered_and_push_out_nobody(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = Authenticator(store, clock)
    with patch.object(principal, "KEYS_CACHED_MAX", 2):
        await authenticator.authenticate("key-1")
        for number in range(10):
            assert await authenticator.authenticate(f"wrong-{number}") is None
        before = store.looked_up
        await authenticator.authenticate("key-1")
        assert store.looked_up == before


async def test_no_more_keys_are_remembered_than_the_bound_the_latest_used_stay(
    store: CountingStore, clock: MemoryClock
) -> None:
    authenticator = Authenticator(store, clock)
    with patch.object(principal, "KEYS_CACHED_MAX", 2):
        for text in ("key-0", "key-1", "key-0", "key-2"):
            await authenticator.authenticate(text)
        assert store.looked_up == 3
        await authenticator.authenticate("key-0")
        assert store.looked_up == 3
        await authenticator.authenticate("key-1")
        assert store.looked_up == 4


@pytest.mark.parametrize("text", ["", "x" * 256, "\ud800"])
async def test_what_cannot_be_a_key_opens_nothing(store: CountingStore, clock: MemoryClock, text: str) -> None:
    assert await Authenticator(store, clock).authenticate(text) is None
