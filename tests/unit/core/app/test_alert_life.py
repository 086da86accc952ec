"""What is submitted as events and as alerts with a life, in one call."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.app.intake import AlertDraft, Submitted
from alerting_core.codec.records import decode_alert
from alerting_core.domain.alert import Alert, AlertStatus
from alerting_core.domain.episode import fingerprint_of_key, fingerprint_of_labels
from alerting_core.domain.episode_report import ReportOutcome
from alerting_core.errors import InvalidInput
from alerting_core.ports.stream import ALERTS_NEW
from tests.unit.core.app.world import NOW_MS, World, make_world, problems_of

EVENT = AlertDraft("HIGH", "api", "timeout", alert_id="an event")
FIRING = AlertDraft("LOW", "db", "full", {"disk": "a"}, dedup_key="db/full")
RESOLVED = replace(FIRING, status=AlertStatus.RESOLVED)
KEY = ("", fingerprint_of_key("db/full"))


async def published(world: World) -> list[Alert]:
    """Return the alerts in the log, by their ids and phases."""
    decoded = [decode_alert(record.value) for record in await world.records(ALERTS_NEW)]
    return sorted((one for one in decoded if isinstance(one, Alert)), key=lambda one: (one.alert_id, one.phase))


async def test_events_and_alerts_with_a_life_are_taken_in_together() -> None:
    world = make_world()
    other = replace(RESOLVED, dedup_key="other")
    submitted = await world.use.intake.submit(None, [FIRING, EVENT, other, RESOLVED])
    episode = world.database.episodes[KEY]
    assert submitted == [
        Submitted(episode.episode_id, ReportOutcome.OPENED),
        Submitted("an event"),
        Submitted(None, ReportOutcome.NOT_OPEN),
        Submitted(episode.episode_id, ReportOutcome.CLOSED),
    ]
    in_log = [(one.alert_id, one.phase, one.status) for one in await published(world)]
    assert in_log == sorted(
        [
            ("an event", 0, AlertStatus.FIRING),
            (episode.episode_id, 1, AlertStatus.FIRING),
            (episode.episode_id, 2, AlertStatus.RESOLVED),
        ]
    )
    assert list(world.database.episodes) == [KEY]


async def test_the_record_of_an_episode_says_what_its_draft_did() -> None:
    world = make_world()
    await world.use.clients.create("acme", "Acme")
    await world.use.intake.submit("acme", [replace(FIRING, event_ts=7)])
    (alert,) = await published(world)
    assert (alert.owner, alert.severity.name, alert.source, alert.name, alert.context, alert.event_ts) == (
        "acme",
        "LOW",
        "db",
        "full",
        {"disk": "a"},
        7,
    )


async def test_what_a_draft_says_of_times_reaches_the_episode() -> None:
    world = make_world()
    drafts = [
        replace(FIRING, dedup_key="plain"),
        replace(FIRING, dedup_key="seconds", event_ts=7),
        replace(FIRING, dedup_key="milliseconds", event_ts=7, starts_at_ms=7_123, ends_at_ms=NOW_MS + 5),
        replace(FIRING, dedup_key="far", ends_at_ms=NOW_MS + 10**14),
    ]
    await world.use.intake.submit(None, drafts)
    times = {
        draft.dedup_key: (episode.starts_at_ms, episode.ends_at_ms - NOW_MS)
        for draft, episode in zip(drafts, world.database.episodes.values(), strict=True)
    }
    assert times == {
        "plain": (NOW_MS, limits.EPISODE_LIFE_MS),
        "seconds": (7_000, limits.EPISODE_LIFE_MS),
        "milliseconds": (7_123, 5),
        "far": (NOW_MS, limits.EPISODE_LIFE_MS_MAX),
    }


async def test_labels_are_an_identity_as_good_as_a_key() -> None:
    world = make_world()
    fingerprint = fingerprint_of_labels({"alertname": "Down"})
    draft = replace(FIRING, dedup_key=None, fingerprint=fingerprint)
    await world.use.intake.submit(None, [draft])
    assert list(world.database.episodes) == [("", fingerprint)]
    # An end that has passed says that it is resolved.
    (ended,) = await world.use.intake.submit(None, [replace(draft, ends_at_ms=NOW_MS)])
    assert ended.outcome is ReportOutcome.CLOSED


async def test_owners_have_episodes_of_their_own() -> None:
    world = make_world()
    for client_id in ("acme", "globex"):
        await world.use.clients.create(client_id, client_id)
    await world.use.intake.submit("acme", [FIRING])
    await world.use.intake.submit(None, [replace(FIRING, client_id="globex"), RESOLVED])
    owners = {owner: episode.status for (owner, _), episode in world.database.episodes.items()}
    assert owners == {"acme": "OPEN", "globex": "OPEN"}


@pytest.mark.parametrize(
    ("draft", "problem"),
    [
        (replace(EVENT, status=AlertStatus.RESOLVED), ("dedup_key", "missing")),
        (replace(EVENT, status=AlertStatus.FIRING), ("dedup_key", "missing")),
        (replace(EVENT, ends_at_ms=NOW_MS), ("dedup_key", "missing")),
        (replace(EVENT, starts_at_ms=NOW_MS), ("dedup_key", "missing")),
        (replace(FIRING, alert_id="a"), ("alert_id", "reserved")),
        (replace(FIRING, dedup_key=""), ("dedup_key", "empty")),
        (replace(FIRING, dedup_key="k" * 256), ("dedup_key", "too-long")),
        (replace(FIRING, dedup_key="\0"), ("dedup_key", "nul-character")),
        (replace(FIRING, source=""), ("source", "empty")),
    ],
)
async def test_what_is_wrong_with_a_draft_is_said_before_anything_is_done(
    draft: AlertDraft, problem: tuple[str, str]
) -> None:
    world = make_world()
    assert await problems_of(world.use.intake.submit(None, [FIRING, EVENT, draft])) == [
        (f"alerts[2].{problem[0]}", problem[1])
    ]
    assert not world.database.episodes
    assert await published(world) == []
    assert [(one.path, one.code) for one in world.use.intake.check(None, draft)] == [problem]


async def test_the_problem_says_what_a_status_needs() -> None:
    with pytest.raises(InvalidInput) as caught:
        await make_world().use.intake.submit(None, [replace(EVENT, status=AlertStatus.RESOLVED)], path="")
    assert "which alert" in caught.value.problems[0].detail


async def test_a_client_that_an_operator_names_and_that_is_not_there_keeps_all_out() -> None:
    world = make_world()
    draft = replace(FIRING, client_id="nobody")
    assert await problems_of(world.use.intake.submit(None, [FIRING, draft])) == [
        ("alerts[1].client_id", "unknown-value")
    ]
    assert not world.database.episodes
