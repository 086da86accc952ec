"""Matching conducted: which alerts become which matches, and what is refused."""

from dataclasses import replace

from alerting_core.codec.records import decode_match
from alerting_core.domain.alert import Match
from alerting_core.domain.rule import Catches
from alerting_core.errors import PortUnavailable
from alerting_core.ports.rule_distribution import RuleChanges
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, Outgoing, Record, alert_record
from alerting_core.stages.batch import Count, StageName
from alerting_core.stages.consumers import match_records

from .platform import Platform, make_alert


async def test_an_alert_that_no_rule_wants_is_counted_and_published_nowhere() -> None:
    platform = Platform()
    await platform.add_rule("acme", source="db")
    platform.send(make_alert())
    report = await platform.step(StageName.EVALUATOR)
    assert report.counts[Count.ALERTS_UNMATCHED] == 1
    assert report.published == 0
    assert platform.records(ALERTS_MATCHED) == []


async def test_an_alert_published_after_an_edit_meets_the_edited_rule() -> None:
    platform = Platform()
    await platform.add_rule("acme", source="db")
    await platform.step(StageName.EVALUATOR)
    await platform.add_rule("late", source="api")
    platform.send(make_alert())
    await platform.step(StageName.EVALUATOR)
    (value,) = platform.records(ALERTS_MATCHED)
    match = decode_match(value)
    assert isinstance(match, Match)
    assert match.client_id == "late"


async def test_a_poison_record_goes_to_the_dead_letter_topic_with_its_reason() -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.log.append([Outgoing(ALERTS_NEW, b"k", b"\xff\xff", (("traceparent", b"t"),))])
    platform.send(make_alert())
    await platform.run_all()
    letters = [*platform.log.read("alerts.new.dlq", 0, offset=0, records_max=9)]
    letters += platform.log.read("alerts.new.dlq", 1, offset=0, records_max=9)
    (letter,) = letters
    headers = dict(letter.headers)
    assert letter.value == b"\xff\xff"
    assert headers["dlq-topic"] == b"alerts.new"
    assert b"not a protobuf message" in headers["dlq-reason"]
    assert headers["traceparent"] == b"t"
    assert len(platform.db.notifications) == 1


async def test_what_an_existing_producer_writes_beyond_our_bounds_is_told_and_not_put_aside() -> None:
    platform = Platform()
    await platform.add_rule("acme", severity="HIGH", source="*", name="*")
    odd = [
        make_alert(alert_id=""),
        replace(make_alert(alert_id=" odd\n"), event_ts=1_767_323_045_678),
        replace(make_alert(alert_id="before-1970"), event_ts=-1),
        make_alert(alert_id="long", source="s" * 256, name="a\0b"),
        replace(make_alert(alert_id="much"), context={f"label_{number}": "x" * 2_000 for number in range(100)}),
    ]
    platform.send(*odd, *odd)
    await platform.run_all()
    assert [platform.log.read("alerts.new.dlq", place, offset=0, records_max=9) for place in range(2)] == [[], []]
    assert len(platform.db.notifications) == len(odd), "the same record again is the same alert"


async def test_the_fan_out_of_one_commit_is_bounded_and_nothing_is_left_out() -> None:
    platform = Platform()
    for number in range(5):
        await platform.add_rule(f"client-{number}")
    await platform.pipeline.rules.refresh()
    values = [alert_record(make_alert(f"a{number}")) for number in range(4)]
    records = [Record(ALERTS_NEW, 0, n, value.key, value.value) for n, value in enumerate(values)]
    work = match_records(platform.pipeline.rules.index, records, outputs_max=11)
    assert [record.offset for record in work.done] == [0, 1]
    assert len(work.outputs) == 10
    rest = match_records(platform.pipeline.rules.index, records[2:], outputs_max=3)
    assert [record.offset for record in rest.done] == [2], "a first alert is always taken whole"
    assert len(rest.outputs) == 5


async def test_an_alert_cannot_carry_a_client_or_rules_of_its_own() -> None:
    platform = Platform()
    rule = await platform.add_rule("acme")
    forged = alert_record(make_alert())
    forged = replace(forged, value=forged.value + b"\x4a\x05wrong" + b"\x78\x01")
    platform.log.append([forged])
    await platform.step(StageName.EVALUATOR)
    (value,) = platform.records(ALERTS_MATCHED)
    match = decode_match(value)
    assert isinstance(match, Match)
    assert (match.client_id, match.rule_ids) == ("acme", (rule.rule_id,))
    assert match.alert.owner == ""


async def test_a_private_alert_meets_the_rules_of_its_owner_alone() -> None:
    platform = Platform()
    rule = await platform.add_rule("acme")
    await platform.add_rule("globex")
    platform.send(replace(make_alert(), owner="acme"))
    report = await platform.step(StageName.EVALUATOR)
    assert report.counts[Count.ALERTS_MATCHED] == 1
    (value,) = platform.records(ALERTS_MATCHED)
    assert decode_match(value) == Match(replace(make_alert(), owner="acme"), "acme", (rule.rule_id,))


async def test_a_private_alert_of_a_client_without_a_rule_for_it_reaches_nobody() -> None:
    platform = Platform()
    await platform.add_rule("globex")
    await platform.add_rule("acme", source="db")
    platform.send(replace(make_alert(), owner="acme"), replace(make_alert(), owner="nobody"))
    report = await platform.step(StageName.EVALUATOR)
    assert report.counts[Count.ALERTS_UNMATCHED] == 2
    assert platform.records(ALERTS_MATCHED) == []


async def test_a_shared_alert_and_private_ones_of_the_same_id_are_told_each() -> None:
    platform = Platform()
    for client_id in ("acme", "globex"):
        await platform.add_rule(client_id)
    alerts = [replace(make_alert("x"), owner=owner) for owner in ("globex", "", "acme")]
    platform.send(*alerts, *alerts)
    await platform.run_all()
    told = [(one.client_id, one.owner, one.alert_id) for one in platform.db.notifications.values()]
    assert sorted(told) == [("acme", "", "x"), ("acme", "acme", "x"), ("globex", "", "x"), ("globex", "globex", "x")]


async def test_an_evaluator_goes_on_with_its_rules_while_their_source_is_away() -> None:
    class Away:
        """A source that was there once."""

        def __init__(self, platform: Platform) -> None:
            self.platform = platform

        async def changes(self, since_version: int) -> RuleChanges | None:
            raise PortUnavailable("rules", operation="changes")

    platform = Platform()
    await platform.add_rule("acme")
    await platform.step(StageName.EVALUATOR)
    feed = platform.pipeline.rules
    feed._source.changes = Away(platform).changes  # type: ignore[method-assign]
    platform.clock.advance(5_000)
    platform.send(make_alert())
    report = await platform.step(StageName.EVALUATOR)
    assert report.published == 1
    assert report.counts[Count.RULE_SOURCE_AWAY] == 1
    assert feed.age_ms() == 5_000


async def test_what_no_rule_wants_is_told_to_whoever_catches_it() -> None:
    platform = Platform()
    await platform.add_rule("acme", source="db")
    await platform.catch("operators", Catches.UNMATCHED)
    platform.send(make_alert("wanted", source="db"), make_alert("unmatched"))
    platform.send(replace(make_alert("private"), owner="acme"))
    await platform.run_all()
    told = {(n.client_id, n.alert_id) for n in platform.db.notifications.values()}
    assert told == {("acme", "wanted"), ("operators", "unmatched")}


async def test_a_rule_that_catches_everything_adds_one_match_to_each_shared_alert_and_to_its_own() -> None:
    platform = Platform()
    await platform.add_rule("acme", source="db")
    await platform.catch("operators", Catches.EVERYTHING)
    await platform.catch("operators", Catches.UNMATCHED)
    alerts = [make_alert("wanted", source="db"), make_alert("unmatched")]
    alerts += [replace(make_alert(f"of {owner}"), owner=owner) for owner in ("acme", "operators")]
    platform.send(*alerts)
    report = await platform.step(StageName.EVALUATOR)
    assert report.published == 4
    matches = [decode_match(value) for value in platform.records(ALERTS_MATCHED)]
    told = {(m.client_id, m.alert.alert_id, len(m.rule_ids)) for m in matches if isinstance(m, Match)}
    assert told == {
        ("acme", "wanted", 1),
        ("operators", "wanted", 1),
        ("operators", "unmatched", 2),
        ("operators", "of operators", 2),
    }
