"""Each promise of `EpisodeStore`."""

import asyncio
from dataclasses import replace

import pytest

from alerting_core.domain.alert import Severity
from alerting_core.domain.episode import Episode, EpisodeStatus
from alerting_core.domain.episode_report import apply, expire
from alerting_core.ports.episodes import EpisodeStore, PutResult
from tests.contract.fixtures_episodes import EpisodeWorld
from tests.support.catalog import NOW_MS, make_client
from tests.support.episodes import LIFE_MS, MINUTE_MS, firing, make_episode, reporters, resolved

STORED, CONFLICT, OWNER_GONE = PutResult.STORED, PutResult.CONFLICT, PutResult.OWNER_GONE


@pytest.fixture
def store(episode_world: EpisodeWorld) -> EpisodeStore:
    """Return the store alone."""
    return episode_world.episodes


async def stored(store: EpisodeStore, fingerprint: str = "f", **changes: object) -> Episode:
    """Store the first episode of an identity."""
    episode = make_episode(fingerprint, **changes)  # type: ignore[arg-type]
    assert list(await store.put([episode])) == [STORED]
    return episode


async def read(store: EpisodeStore, episode: Episode) -> Episode:
    """Return what is stored now of the identity of *episode*."""
    return (await store.load([episode.key]))[episode.key]


async def closed(store: EpisodeStore, episode: Episode) -> Episode:
    """Close an episode for want of reports."""
    after = expire(episode, now_ms=episode.ends_at_ms)
    assert after is not None
    assert list(await store.put([after])) == [STORED]
    return after


async def test_an_episode_is_read_back_as_it_was_stored(store: EpisodeStore) -> None:
    odd = await stored(
        store,
        severity=Severity.UNSPECIFIED,
        source="Störung/東京 🙂",
        name="*",
        context={"größe": "", "": "\x01\x7f\\\"'"},
        annotations={"summary": "☃\n\x01", "": ""},
        starts_at_ms=0,
        reporters=reporters(nameless=NOW_MS + 7, s0=NOW_MS + LIFE_MS),
        reported_end_ms=NOW_MS - 1,
    )
    plain = await stored(store, "g", context={})
    assert await store.load([odd.key, plain.key, ("", "unknown")]) == {odd.key: odd, plain.key: plain}


async def test_an_episode_that_has_ended_is_read_back_too(store: EpisodeStore) -> None:
    timed_out = await closed(store, await stored(store))
    ended = apply(await stored(store, "g"), resolved(fingerprint="g"), now_ms=NOW_MS).episode
    assert ended is not None
    assert list(await store.put([ended])) == [STORED]
    assert (timed_out.status, ended.status) == (EpisodeStatus.TIMED_OUT, EpisodeStatus.ENDED)
    assert await store.load([timed_out.key, ended.key]) == {timed_out.key: timed_out, ended.key: ended}


async def test_nothing_is_loaded_and_stored_when_nothing_is_asked_for(store: EpisodeStore) -> None:
    assert await store.load([]) == {}
    assert list(await store.put([])) == []
    await store.mark_published([])


async def test_owners_and_fingerprints_are_identities_of_their_own(episode_world: EpisodeWorld) -> None:
    for client_id in ("acme", "globex"):
        await episode_world.clients.create(make_client(client_id))
    made = [make_episode(f, owner=owner) for owner in ("", "acme", "globex") for f in ("f", "g")]
    assert list(await episode_world.episodes.put(made)) == [STORED] * 6
    assert await episode_world.episodes.load([one.key for one in made]) == {one.key: one for one in made}


async def test_a_change_is_stored_only_if_it_was_made_from_what_is_stored(store: EpisodeStore) -> None:
    first = await stored(store)
    assert list(await store.put([replace(first, name="another")])) == [CONFLICT]
    second = replace(first, version=2, name="second")
    assert list(await store.put([second])) == [STORED]
    for late in (second, replace(second, name="late"), replace(first, version=1), replace(first, version=4)):
        assert list(await store.put([late])) == [CONFLICT]
    assert await read(store, first) == second


async def test_a_change_of_what_is_not_stored_is_refused(store: EpisodeStore) -> None:
    assert list(await store.put([make_episode(version=2)])) == [CONFLICT]
    assert await store.load([make_episode().key]) == {}


async def test_one_that_is_refused_keeps_no_other_from_being_stored(store: EpisodeStore) -> None:
    known = await stored(store, "m")
    made = [make_episode(fingerprint) for fingerprint in "zmafq"]
    nobodys = make_episode("b", owner="nobody")
    assert list(await store.put([*made, nobodys])) == [STORED, CONFLICT, STORED, STORED, STORED, OWNER_GONE]
    assert (await store.load([one.key for one in made]))[known.key] == known
    assert await store.load([nobodys.key]) == {}


async def test_of_many_changes_of_one_episode_at_once_one_is_stored(store: EpisodeStore) -> None:
    first = [await stored(store, fingerprint) for fingerprint in "abc"]
    changed = [[replace(one, version=2, name=f"name {number}") for one in first] for number in range(8)]
    results = await asyncio.gather(*(store.put(one if n % 2 else one[::-1]) for n, one in enumerate(changed)))
    assert [result for of_one in results for result in of_one].count(STORED) == 3
    assert {one.version for one in (await store.load([one.key for one in first])).values()} == {2}


async def test_a_new_episode_takes_the_place_of_the_one_before(store: EpisodeStore) -> None:
    before = await closed(store, await stored(store))
    await store.mark_published([before])
    after = apply(await read(store, before), firing(fingerprint="f"), now_ms=NOW_MS + 9).episode
    assert after is not None
    assert list(await store.put([after])) == [STORED]
    assert await read(store, before) == after
    assert (after.number, after.published_phase) == (2, 0)


async def test_the_episodes_of_a_client_go_with_it_and_none_comes_after_it(episode_world: EpisodeWorld) -> None:
    store = episode_world.episodes
    for client_id in ("acme", "globex"):
        await episode_world.clients.create(make_client(client_id))
    gone, stays, shared = [await stored(store, owner=owner) for owner in ("acme", "globex", "")]
    await episode_world.clients.delete("acme", now_ms=NOW_MS)
    assert await store.load([gone.key, stays.key, shared.key]) == {stays.key: stays, shared.key: shared}
    for late in (gone, replace(gone, version=2)):
        assert list(await store.put([late])) == [OWNER_GONE]
    await store.mark_published([gone])
    await episode_world.clients.create(make_client("acme"))
    assert await store.load([gone.key]) == {}
    due = await store.due(now_ms=NOW_MS + LIFE_MS, limit=9)
    assert {one.key for one in due} == {stays.key, shared.key}


async def test_open_episodes_whose_end_has_passed_are_due_the_longest_overdue_first(store: EpisodeStore) -> None:
    ends = {"a": 3, "b": 1, "c": 2, "d": 9}
    made = {
        fingerprint: await stored(store, fingerprint, ends_at_ms=NOW_MS + minutes * MINUTE_MS)
        for fingerprint, minutes in ends.items()
    }
    now_ms = NOW_MS + 3 * MINUTE_MS
    assert list(await store.due(now_ms=now_ms, limit=9)) == [made["b"], made["c"], made["a"]]
    assert list(await store.due(now_ms=now_ms, limit=2)) == [made["b"], made["c"]]
    assert list(await store.due(now_ms=NOW_MS, limit=9)) == []
    await closed(store, made["b"])
    extended = replace(made["c"], ends_at_ms=NOW_MS + 8 * MINUTE_MS, version=2)
    assert list(await store.put([extended])) == [STORED]
    assert list(await store.due(now_ms=now_ms, limit=9)) == [made["a"]]


async def test_what_is_not_published_is_found_after_a_while_the_oldest_change_first(store: EpisodeStore) -> None:
    made = [await stored(store, fingerprint, now_ms=NOW_MS + at) for fingerprint, at in (("a", 2), ("b", 1), ("c", 3))]
    assert list(await store.unpublished(older_than_ms=NOW_MS + 3, limit=9)) == [made[1], made[0]]
    assert list(await store.unpublished(older_than_ms=NOW_MS + 4, limit=2)) == [made[1], made[0]]
    assert list(await store.unpublished(older_than_ms=NOW_MS + 1, limit=9)) == []
    await store.mark_published([made[1]])
    assert list(await store.unpublished(older_than_ms=NOW_MS + 9, limit=9)) == [made[0], made[2]]
    again = await closed(store, replace(made[1], published_phase=1))
    assert list(await store.unpublished(older_than_ms=again.changed_at_ms + 1, limit=9)) == [made[0], made[2], again]


async def test_a_mark_is_no_change_and_is_never_lowered(store: EpisodeStore) -> None:
    opened = await stored(store)
    after = await closed(store, opened)
    await store.mark_published([opened])
    assert await read(store, opened) == replace(after, published_phase=1)
    await store.mark_published([after])
    await store.mark_published([opened])
    assert await read(store, opened) == replace(after, published_phase=2)


async def test_a_change_that_was_made_before_a_mark_does_not_take_it_away(store: EpisodeStore) -> None:
    opened = await stored(store)
    await store.mark_published([opened])
    after = await closed(store, opened)
    assert after.published_phase == 0
    assert await read(store, opened) == replace(after, published_phase=1)


async def test_a_mark_of_an_episode_before_is_passed_over(store: EpisodeStore) -> None:
    before = await closed(store, await stored(store))
    after = apply(before, firing(fingerprint="f"), now_ms=NOW_MS + 9).episode
    assert after is not None
    assert list(await store.put([after])) == [STORED]
    await store.mark_published([before])
    assert (await read(store, after)).published_phase == 0
    await store.mark_published([make_episode("unknown")])
    assert await store.load([("", "unknown")]) == {}
