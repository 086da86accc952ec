"""Each promise of `IdempotencyStore`."""

import asyncio

from alerting_core import limits
from alerting_core.ports.idempotency import Answer, Different, Fresh, IdempotencyStore, InProgress
from tests.support.catalog import NOW_MS

ONE, TWO = b"1" * 32, b"2" * 32
ANSWER = Answer(201, b'{"rule_id": "\xff\x00"}', {"etag": '"1"', "content-type": "application/json"})


async def begin(store: IdempotencyStore, request: bytes = ONE, *, key: str = "key", now_ms: int = NOW_MS) -> Fresh:
    claim = await store.begin("acme", key, request, now_ms=now_ms)
    assert isinstance(claim, Fresh)
    return claim


async def test_a_new_key_is_fresh_and_then_running(idempotency: IdempotencyStore) -> None:
    await begin(idempotency)
    assert await idempotency.begin("acme", "key", ONE, now_ms=NOW_MS) == InProgress()


async def test_a_finished_request_is_answered_again(idempotency: IdempotencyStore) -> None:
    await idempotency.finish(await begin(idempotency), ANSWER)
    for later_ms in (0, 1, limits.IDEMPOTENCY_RUNNING_MS_MAX * 2, limits.IDEMPOTENCY_KEEP_MS):
        assert await idempotency.begin("acme", "key", ONE, now_ms=NOW_MS + later_ms) == ANSWER


async def test_another_request_under_the_same_key_is_different(idempotency: IdempotencyStore) -> None:
    claim = await begin(idempotency)
    assert await idempotency.begin("acme", "key", TWO, now_ms=NOW_MS) == Different()
    await idempotency.finish(claim, ANSWER)
    assert await idempotency.begin("acme", "key", TWO, now_ms=NOW_MS) == Different()


async def test_owners_and_keys_do_not_meet(idempotency: IdempotencyStore) -> None:
    await begin(idempotency)
    assert isinstance(await idempotency.begin("globex", "key", TWO, now_ms=NOW_MS), Fresh)
    assert isinstance(await idempotency.begin("", "key", TWO, now_ms=NOW_MS), Fresh)
    assert isinstance(await idempotency.begin("acme", "KEY", TWO, now_ms=NOW_MS), Fresh)


async def test_an_abandoned_key_is_fresh_again_for_any_request(idempotency: IdempotencyStore) -> None:
    await idempotency.abandon(await begin(idempotency))
    await begin(idempotency, TWO)


async def test_a_finished_request_cannot_be_abandoned(idempotency: IdempotencyStore) -> None:
    claim = await begin(idempotency)
    await idempotency.finish(claim, ANSWER)
    await idempotency.abandon(claim)
    await idempotency.finish(claim, Answer(500, b""))
    assert await idempotency.begin("acme", "key", ONE, now_ms=NOW_MS) == ANSWER


async def test_of_many_calls_at_once_exactly_one_is_fresh(idempotency: IdempotencyStore) -> None:
    calls = [idempotency.begin("acme", "key", ONE, now_ms=NOW_MS + n) for n in range(20)]
    results = await asyncio.gather(*calls)
    assert sum(isinstance(result, Fresh) for result in results) == 1
    assert sum(result == InProgress() for result in results) == 19


async def test_a_crashed_request_does_not_block_its_key_for_ever(idempotency: IdempotencyStore) -> None:
    await begin(idempotency)
    last_ms = NOW_MS + limits.IDEMPOTENCY_RUNNING_MS_MAX
    assert await idempotency.begin("acme", "key", ONE, now_ms=last_ms) == InProgress()
    assert await idempotency.begin("acme", "key", TWO, now_ms=last_ms + 1) == Different()
    retry = await begin(idempotency, now_ms=last_ms + 1)
    await idempotency.finish(retry, ANSWER)
    assert await idempotency.begin("acme", "key", ONE, now_ms=last_ms + 2) == ANSWER


async def test_of_many_that_find_a_crashed_request_one_takes_its_place(idempotency: IdempotencyStore) -> None:
    await begin(idempotency)
    late_ms = NOW_MS + limits.IDEMPOTENCY_RUNNING_MS_MAX + 1
    results = await asyncio.gather(*(idempotency.begin("acme", "key", ONE, now_ms=late_ms) for _ in range(10)))
    assert sum(isinstance(result, Fresh) for result in results) == 1


async def test_a_request_held_for_dead_cannot_answer_for_the_one_in_its_place(idempotency: IdempotencyStore) -> None:
    slow = await begin(idempotency)
    retry = await begin(idempotency, now_ms=NOW_MS + limits.IDEMPOTENCY_RUNNING_MS_MAX + 1)
    await idempotency.finish(slow, Answer(500, b"late"))
    await idempotency.abandon(slow)
    assert await idempotency.begin("acme", "key", ONE, now_ms=retry.begun_at_ms) == InProgress()
    await idempotency.finish(retry, ANSWER)
    assert await idempotency.begin("acme", "key", ONE, now_ms=retry.begun_at_ms) == ANSWER


async def test_an_old_answer_is_forgotten(idempotency: IdempotencyStore) -> None:
    await idempotency.finish(await begin(idempotency), ANSWER)
    await begin(idempotency, TWO, now_ms=NOW_MS + limits.IDEMPOTENCY_KEEP_MS + 1)


async def test_a_clock_set_back_neither_forgets_nor_repeats(idempotency: IdempotencyStore) -> None:
    claim = await begin(idempotency)
    assert await idempotency.begin("acme", "key", ONE, now_ms=NOW_MS - 10**9) == InProgress()
    await idempotency.finish(claim, ANSWER)
    assert await idempotency.begin("acme", "key", ONE, now_ms=NOW_MS - 10**9) == ANSWER
