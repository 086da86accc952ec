"""Looking up who a key belongs to."""

import asyncio
from contextlib import suppress
from unittest.mock import patch

import pytest

from alerting_api import auth
from alerting_api.auth import KEY_CACHE_MS, KeyAuthenticator
from alerting_core.domain.client import KEY_USE_MS, ApiKey, KeyScope, hash_key
from alerting_core.errors import PortUnavailable
from alerting_core.memory.clients import MemoryKeyStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase


class CountingStore(MemoryKeyStore):
    """Counts look-ups, and uses that are to be recorded; may be away for those."""

    looked_up = 0
    noted = 0
    is_full = False

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        self.noted += 1
        if self.is_full:
            raise PortUnavailable("the disk is full", operation="note_key_use")
        await super().note_use(key_id, now_ms=now_ms)

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        self.looked_up += 1
        return await super().find_by_hash(key_hash)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(1_000_000)


@pytest.fixture
def store() -> CountingStore:
    store = CountingStore(MemoryDatabase())
    for number in range(5):
        text = f"key-{number}"
        creation = store.create(ApiKey(text, None, "n", "", hash_key(text), frozenset({KeyScope.ADMIN}), 0))
        with suppress(StopIteration):
            creation.send(None)  # A store in memory waits for nothing.
    store.looked_up = 0
    return store


async def test_a_key_is_looked_up_once_until_the_memory_has_aged(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = KeyAuthenticator(store, clock)
    for _ in range(3):
        found = await authenticator.authenticate("key-1")
        assert found is not None
        assert found.key_id == "key-1"
    assert store.looked_up == 1
    clock.advance(KEY_CACHE_MS)
    await authenticator.authenticate("key-1")
    assert store.looked_up == 2


async def test_a_clock_that_was_set_back_keeps_no_key_alive(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = KeyAuthenticator(store, clock)
    await authenticator.authenticate("key-1")
    clock.advance(-3_600_000)
    await authenticator.authenticate("key-1")
    assert store.looked_up == 2


async def test_unknown_keys_are_not_remembered_and_push_out_nobody(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = KeyAuthenticator(store, clock)
    with patch.object(auth, "KEYS_CACHED_MAX", 2):
        await authenticator.authenticate("key-1")
        for number in range(10):
            assert await authenticator.authenticate(f"wrong-{number}") is None
        before = store.looked_up
        await authenticator.authenticate("key-1")
        assert store.looked_up == before


async def test_no_more_keys_are_remembered_than_the_bound_the_latest_used_stay(
    store: CountingStore, clock: MemoryClock
) -> None:
    authenticator = KeyAuthenticator(store, clock)
    with patch.object(auth, "KEYS_CACHED_MAX", 2):
        for text in ("key-0", "key-1", "key-0", "key-2"):
            await authenticator.authenticate(text)
        assert store.looked_up == 3
        await authenticator.authenticate("key-0")
        assert store.looked_up == 3
        await authenticator.authenticate("key-1")
        assert store.looked_up == 4


async def use(authenticator: KeyAuthenticator, text: str = "key-1") -> int | None:
    """Serve a request with the key; return when it was last used, as the request found it."""
    principal = await authenticator.authenticate(text)
    assert principal is not None
    await authenticator.note_use(principal)
    return principal.key.last_used_at_ms


async def test_a_use_is_recorded_once_a_minute_however_busy_the_key_is(
    store: CountingStore, clock: MemoryClock
) -> None:
    authenticator = KeyAuthenticator(store, clock)
    began_ms = clock.now_ms()
    for _ in range(KEY_USE_MS // 1_000):
        await use(authenticator)
        clock.advance(1_000)
    assert store.noted == 1
    assert await use(authenticator) == began_ms
    assert store.noted == 2
    assert await use(authenticator, "key-2") is None
    assert store.noted == 3


async def test_of_many_requests_at_once_one_records_the_use(store: CountingStore, clock: MemoryClock) -> None:
    authenticator = KeyAuthenticator(store, clock)
    callers = [await authenticator.authenticate("key-1") for _ in range(5)]
    await asyncio.gather(*(authenticator.note_use(caller) for caller in callers if caller is not None))
    assert store.noted == 1


async def test_what_another_process_recorded_is_not_recorded_again(store: CountingStore, clock: MemoryClock) -> None:
    await use(KeyAuthenticator(store, clock))
    clock.advance(KEY_USE_MS - 1)
    await use(KeyAuthenticator(store, clock))
    assert store.noted == 1


async def test_a_use_that_cannot_be_recorded_refuses_nobody_and_is_recorded_soon_after(
    store: CountingStore, clock: MemoryClock
) -> None:
    authenticator = KeyAuthenticator(store, clock)
    store.is_full = True
    for _ in range(3):
        await use(authenticator)
    assert store.noted == 1, "not with each request"
    store.is_full = False
    clock.advance(KEY_CACHE_MS)
    await use(authenticator)
    clock.advance(KEY_CACHE_MS)
    assert await use(authenticator) == clock.now_ms() - KEY_CACHE_MS


@pytest.mark.parametrize("text", ["", "x" * 256, "\ud800"])
async def test_what_cannot_be_a_key_opens_nothing(store: CountingStore, clock: MemoryClock, text: str) -> None:
    assert await KeyAuthenticator(store, clock).authenticate(text) is None


async def test_a_key_that_is_changed_while_it_is_looked_up_is_not_remembered(clock: MemoryClock) -> None:
    class SlowStore(MemoryKeyStore):
        async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
            found = await super().find_by_hash(key_hash)
            await is_deleted.wait()
            return found

    is_deleted = asyncio.Event()
    database = MemoryDatabase()
    store = SlowStore(database)
    await MemoryKeyStore(database).create(ApiKey("key", None, "n", "", hash_key("key"), frozenset({KeyScope.ADMIN}), 0))
    authenticator = KeyAuthenticator(store, clock)
    under_way = asyncio.create_task(authenticator.authenticate("key"))
    await asyncio.sleep(0)
    await store.revoke(None, "key", now_ms=clock.now_ms())
    authenticator.forget()
    is_deleted.set()
    assert await under_way is not None, "it was good when it was looked up"
    assert await authenticator.authenticate("key") is None
