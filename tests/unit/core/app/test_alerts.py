"""Taking alerts in, explaining them, trying rules against them, and sending notifications again."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.app.intake import AlertDraft, Submitted
from alerting_core.codec.records import NotificationReady, decode_alert, decode_notification_ready
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.notification import NotificationStatus
from alerting_core.domain.rule import Catches, RuleDraft
from alerting_core.errors import Conflict, NotFound
from alerting_core.matching.explain import MatchReason
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.ports.catalog import PageRequest
from alerting_core.ports.history import AlertAccess, AlertFilter
from alerting_core.ports.stream import ALERTS_NEW, NOTIFICATIONS_READY
from tests.unit.core.app.world import NOW_MS, World, make_world, problems_of

DRAFT = AlertDraft("HIGH", "api", "timeout")


def alert(alert_id: str, **changes: object) -> Alert:
    return replace(Alert(alert_id, Severity.HIGH, "api", "timeout", 1), **changes)  # type: ignore[arg-type]


async def test_submitted_alerts_are_published_in_order_under_their_ids() -> None:
    world = make_world()
    drafts = [replace(DRAFT, alert_id=f"a{n}", context={"n": str(n)}, event_ts=7) for n in range(3)]
    submitted = await world.use.intake.submit(None, drafts, traceparent="00-trace")
    assert submitted == [Submitted("a0"), Submitted("a1"), Submitted("a2")]
    records = sorted(await world.records(ALERTS_NEW), key=lambda record: record.key)
    assert [record.key for record in records] == [b"a0", b"a1", b"a2"]
    assert [decode_alert(record.value) for record in records] == [
        Alert(f"a{n}", Severity.HIGH, "api", "timeout", 7, {"n": str(n)}) for n in range(3)
    ]
    assert dict(records[0].headers) == {
        "content-type": b"application/x-protobuf",
        "schema_version": b"1",
        "traceparent": b"00-trace",
    }


async def test_an_alert_without_id_and_time_is_given_both() -> None:
    world = make_world()
    first, second = [one.alert_id for one in await world.use.intake.submit(None, [DRAFT, DRAFT])]
    assert first != second
    for record in await world.records(ALERTS_NEW):
        decoded = decode_alert(record.value)
        assert isinstance(decoded, Alert)
        assert decoded.alert_id in {first, second}
        assert decoded.event_ts == NOW_MS // 1000


async def test_every_problem_of_every_alert_is_said_and_none_is_published() -> None:
    world = make_world()
    drafts = [
        DRAFT,
        replace(DRAFT, severity="tuesday", source=""),
        replace(DRAFT, alert_id=" x", event_ts=-1, context={"k": "a\0"}),
    ]
    assert await problems_of(world.use.intake.submit(None, drafts)) == [
        ("alerts[1].severity", "unknown-value"),
        ("alerts[1].source", "empty"),
        ("alerts[2].alert_id", "control-character"),
        ("alerts[2].event_ts", "out-of-range"),
        ("alerts[2].context.k", "nul-character"),
    ]
    assert await problems_of(world.use.intake.submit(None, drafts[1:2], path="")) == [
        ("severity", "unknown-value"),
        ("source", "empty"),
    ]
    assert await problems_of(world.use.intake.submit(None, [replace(DRAFT, severity="UNSPECIFIED")], path="")) == [
        ("severity", "unknown-value")
    ]
    assert await world.records(ALERTS_NEW) == []


async def test_a_batch_has_its_bounds() -> None:
    world = make_world()
    assert await problems_of(world.use.intake.submit(None, [])) == [("alerts", "empty")]
    too_many = [DRAFT] * (limits.ALERTS_PER_REQUEST_MAX + 1)
    assert await problems_of(world.use.intake.submit(None, too_many)) == [("alerts", "too-many")]
    assert len(await world.use.intake.submit(None, too_many[1:])) == limits.ALERTS_PER_REQUEST_MAX


async def test_an_explanation_tells_of_every_rule_of_the_client_the_nearest_first() -> None:
    world = make_world()
    far = await world.rule(severity="LOW", source="db")
    off = await world.rule(source="api", enabled=False)
    hit = await world.rule(severity="*")
    await world.rule("globex")
    await world.alerts.record([alert("a1")], now_ms=NOW_MS)
    explanation = await world.use.insight.explain(AlertAccess("acme"), "a1")
    assert (explanation.client_id, explanation.stored.received_at_ms) == ("acme", NOW_MS)
    assert [each.rule for each in explanation.rules] == [hit, off, far]
    reasons = [[finding.reason for finding in each.explanation.findings] for each in explanation.rules]
    assert reasons == [
        [MatchReason.MATCHED],
        [MatchReason.DISABLED],
        [MatchReason.SEVERITY_DIFFERS, MatchReason.SOURCE_DIFFERS],
    ]


async def test_only_a_known_alert_is_explained_to_a_known_client() -> None:
    world = make_world()
    await world.rule()
    await world.alerts.record([alert("a1")], now_ms=NOW_MS)
    for scope, alert_id, client_id in [("acme", "a2", None), ("acme", "a1", "globex"), (None, "a1", "nobody")]:
        with pytest.raises(NotFound):
            await world.use.insight.explain(AlertAccess(scope), alert_id, client_id)
    assert await problems_of(world.use.insight.explain(AlertAccess(None), "a1")) == [("client_id", "missing")]
    assert (await world.use.insight.explain(AlertAccess(None), "a1", "acme")).client_id == "acme"


async def test_a_preview_shows_the_latest_alerts_that_a_draft_would_have_matched() -> None:
    world = make_world()
    for number in range(6):
        name = "timeout" if number % 2 else "crash"
        await world.alerts.record([alert(f"a{number}", name=name)], now_ms=NOW_MS + number)
    insight, everything = world.use.insight, AlertAccess(None)
    preview = await insight.preview(everything, RuleDraft("*", "*", "timeout", enabled=False), shown_max=2)
    assert (preview.examined, preview.matched) == (6, 3)
    assert [stored.alert.alert_id for stored in preview.alerts] == ["a5", "a3"]
    nothing = await insight.preview(everything, RuleDraft("LOW", "*", "timeout"))
    assert (nothing.examined, nothing.matched, list(nothing.alerts)) == (6, 0, [])
    assert await problems_of(insight.preview(everything, RuleDraft("*", "*", "*"))) == [("", "all-wildcard")]
    assert world.database.rules == {}


async def test_a_preview_of_what_catches_more_is_of_shared_alerts_alone() -> None:
    world = make_world()
    await world.rule(name="timeout")
    await world.rule("globex", name="crash", enabled=False)
    for name in ("timeout", "crash", "disk"):
        await world.alerts.record([alert(name, name=name)], now_ms=NOW_MS)
    await world.alerts.record([replace(alert("private"), owner="acme")], now_ms=NOW_MS)
    everything, insight = AlertAccess(None), world.use.insight
    all_of_them = await insight.preview(everything, RuleDraft("*", "*", "*", catches=Catches.EVERYTHING))
    assert (all_of_them.examined, all_of_them.matched) == (3, 3)
    rest = await insight.preview(everything, RuleDraft("*", "*", "*", catches=Catches.UNMATCHED))
    assert sorted(stored.alert.alert_id for stored in rest.alerts) == ["crash", "disk"]


async def test_an_operator_is_told_what_met_an_alert_and_a_client_is_not() -> None:
    world = make_world()
    theirs = await world.rule("globex")
    await world.rule("operators", severity="LOW")
    await world.use.rules.create(None, "operators", RuleDraft("*", "*", "*", catches=Catches.UNMATCHED))
    for alert_id, name in (("met", "timeout"), ("unmet", "disk")):
        await world.alerts.record([alert(alert_id, name=name)], now_ms=NOW_MS)

    async def said(access: AlertAccess, alert_id: str) -> list[tuple[MatchReason, str]]:
        explanation = await world.use.insight.explain(access, alert_id, "operators")
        (findings,) = [each.explanation.findings for each in explanation.rules if each.rule.is_catch_all]
        return [(finding.reason, finding.actual) for finding in findings]

    assert await said(AlertAccess(None), "met") == [(MatchReason.MET_BY_ANOTHER_RULE, theirs.rule_id)]
    assert await said(AlertAccess(None), "unmet") == [(MatchReason.MATCHED, "")]
    client = AlertAccess("operators")
    assert await said(client, "met") == await said(client, "unmet") == [(MatchReason.OTHERS_NOT_SHOWN, "")]


async def skipped(world: World) -> str:
    """Store a finished notification and return its id."""
    rule = await world.rule()
    store = MemoryNotificationStore(world.database)
    [recorded] = await store.record([Match(alert("a1"), "acme", (rule.rule_id,))], now_ms=NOW_MS)
    id_ = recorded.ref.notification_id
    world.database.notifications[id_] = replace(world.database.notifications[id_], status=NotificationStatus.SKIPPED)
    return id_


async def test_a_resend_tells_the_dispatcher() -> None:
    world = make_world()
    id_ = await skipped(world)
    resent = await world.use.notifications.resend("acme", id_)
    assert resent.status is NotificationStatus.RECEIVED
    [record] = await world.records(NOTIFICATIONS_READY)
    assert record.key == b"acme"
    assert decode_notification_ready(record.value) == NotificationReady(id_, "acme", "a1")


async def test_a_refused_resend_tells_nobody() -> None:
    world = make_world()
    id_ = await skipped(world)
    with pytest.raises(NotFound):
        await world.use.notifications.resend("globex", id_)
    await world.use.notifications.resend("acme", id_)
    with pytest.raises(Conflict):
        await world.use.notifications.resend("acme", id_)
    assert len(await world.records(NOTIFICATIONS_READY)) == 1


async def owners_of(world: World) -> list[str]:
    decoded = [decode_alert(record.value) for record in await world.records(ALERTS_NEW)]
    return sorted(one.owner for one in decoded if isinstance(one, Alert))


async def test_what_a_client_sends_is_private_to_it_and_what_an_operator_sends_is_shared() -> None:
    world = make_world()
    await world.rule()
    await world.use.intake.submit("acme", [DRAFT, replace(DRAFT, client_id="acme")])
    await world.use.intake.submit(None, [DRAFT, replace(DRAFT, client_id="acme")])
    assert await owners_of(world) == ["", "acme", "acme", "acme"]


async def test_a_client_may_name_no_other_client_whether_it_exists_or_not() -> None:
    world = make_world()
    for client_id in ("acme", "globex"):
        await world.rule(client_id)
    for named in ("globex", "nobody", ""):
        submission = world.use.intake.submit("acme", [DRAFT, replace(DRAFT, client_id=named)])
        assert await problems_of(submission) == [("alerts[1].client_id", "reserved")]
        assert [p.code for p in world.use.intake.check("acme", replace(DRAFT, client_id=named))] == ["reserved"]
    assert await owners_of(world) == []


async def test_an_operator_may_name_none_but_a_client_that_exists() -> None:
    world = make_world()
    await world.rule()
    drafts = [replace(DRAFT, client_id=named) for named in ("acme", "nobody", "acme ")]
    assert await problems_of(world.use.intake.submit(None, drafts)) == [
        ("alerts[1].client_id", "unknown-value"),
        ("alerts[2].client_id", "control-character"),
    ]
    assert await owners_of(world) == []


async def test_nothing_of_a_private_alert_shows_to_another_client() -> None:
    world = make_world()
    for client_id in ("acme", "globex"):
        await world.rule(client_id, severity="*")
    await world.alerts.record([replace(alert("secret"), owner="acme")], now_ms=NOW_MS)
    other = AlertAccess("globex")
    assert list((await world.use.insight.alerts(other, PageRequest(9), AlertFilter())).items) == []
    assert (await world.use.insight.preview(other, RuleDraft("*", "*", "timeout"))).examined == 0
    said = set()
    for alert_id in ("secret", "never-was"):
        for call in (world.use.insight.alert(other, alert_id), world.use.insight.explain(other, alert_id)):
            with pytest.raises(NotFound) as refused:
                await call
            said.add(refused.value.detail)
    assert len(said) == 1
    explained = await world.use.insight.explain(AlertAccess("acme"), "secret")
    assert [each.explanation.matched for each in explained.rules] == [True]
    theirs = await world.use.insight.explain(AlertAccess(None), "secret", "globex")
    assert [each.explanation.findings[0].reason for each in theirs.rules] == [MatchReason.OWNER_DIFFERS]
