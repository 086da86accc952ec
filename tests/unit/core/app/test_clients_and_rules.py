"""Use cases on clients and rules."""

import pytest

from alerting_core import limits
from alerting_core.codec.records import RuleAction, RuleChanged, decode_rule_changed, encode_rule_changed
from alerting_core.domain.client import Client
from alerting_core.domain.rule import Catches, Rule, RuleDraft
from alerting_core.errors import Conflict, InvalidInput, LimitExceeded, NotFound, VersionConflict
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.ports.catalog import PageRequest, RuleFilter, Scope
from alerting_core.ports.history import AlertAccess
from tests.unit.core.app.world import NOW_MS, make_world, problems_of

DRAFT = RuleDraft("HIGH", "api", "timeout")


async def test_a_client_is_made_renamed_and_deleted() -> None:
    world = make_world()
    made = await world.use.clients.create("acme", "Acme")
    assert (made.created_at_ms, made.updated_at_ms) == (NOW_MS, NOW_MS)
    world.clock.advance(5)
    renamed = await world.use.clients.rename("acme", "Acme Ltd")
    assert (renamed.name, renamed.created_at_ms, renamed.updated_at_ms) == ("Acme Ltd", NOW_MS, NOW_MS + 5)
    await world.use.clients.delete("acme")
    assert (await world.use.clients.list(None, PageRequest(limits.PAGE_ITEMS_DEFAULT))).items == []


async def test_all_that_is_wrong_with_a_client_is_said_at_once() -> None:
    clients = make_world().use.clients
    assert await problems_of(clients.create(" a", "")) == [("client_id", "control-character"), ("name", "empty")]
    assert await problems_of(clients.rename("acme", "x" * 256)) == [("name", "too-long")]


@pytest.mark.parametrize("step", [".", ".."])
async def test_an_id_that_is_a_step_of_a_path_is_refused_and_nothing_is_stored(step: str) -> None:
    world = make_world()
    with pytest.raises(InvalidInput) as caught:
        await world.use.clients.create(step, "Dots")
    [problem] = caught.value.problems
    assert (problem.path, problem.code) == ("client_id", "reserved")
    assert "browser" in problem.detail
    assert world.database.clients == {}
    for near in ("...", ".a", "a..", "./..", "。"):
        assert (await world.use.clients.create(near, "Dots")).client_id == near


@pytest.mark.parametrize("step", [".", ".."])
async def test_a_client_that_was_there_before_such_ids_were_refused_goes_on(step: str) -> None:
    world = make_world()
    world.database.clients[step] = Client(step, "Older", NOW_MS, NOW_MS)
    rule = await world.use.rules.create(None, step, DRAFT)
    message = RuleChanged(rule.rule_id, step, RuleAction.CREATED, version=1, updated_at=NOW_MS // 1000)
    assert decode_rule_changed(encode_rule_changed(message)) == message, "streams carry its id as ever"
    assert (await world.use.clients.rename(step, "New")).name == "New"
    await world.use.clients.delete(step)
    assert world.database.clients == {}


async def test_all_that_is_wrong_with_a_rule_is_said_at_once_and_nothing_is_stored() -> None:
    world = make_world()
    await world.use.clients.create("acme", "Acme")
    bad = RuleDraft("URGENT", "", "a\0b")
    expected = [("severity", "unknown-value"), ("source", "empty"), ("name", "nul-character")]
    assert await problems_of(world.use.rules.create("acme", None, bad)) == expected
    assert await problems_of(world.use.rules.replace("acme", "x", bad, expected_version=None)) == expected
    assert await problems_of(world.use.rules.create(None, "acme", RuleDraft("*", "*", "*"))) == [("", "all-wildcard")]
    assert world.database.rules == {}
    assert world.database.outbox == []


EVERYTHING = RuleDraft("*", "*", "*", catches=Catches.EVERYTHING)
UNMATCHED = RuleDraft("*", "*", "*", catches=Catches.UNMATCHED)


async def test_the_refusal_of_three_wildcards_says_the_way_to_a_rule_for_every_alert() -> None:
    world = make_world()
    with pytest.raises(InvalidInput) as refused:
        await world.use.rules.create(None, "acme", RuleDraft("*", "*", "*"))
    (problem,) = refused.value.problems
    assert "catches" in problem.detail
    assert "operator" in problem.detail


async def test_a_rule_that_catches_more_than_a_pattern_has_none() -> None:
    world = make_world()
    bad = RuleDraft("HIGH", "*", "timeout", catches=Catches.UNMATCHED)
    expected = [("severity", "unknown-value"), ("name", "unknown-value")]
    assert await problems_of(world.use.rules.create(None, "acme", bad)) == expected


@pytest.mark.parametrize("draft", [EVERYTHING, UNMATCHED])
async def test_only_an_operator_has_a_rule_catch_more_than_a_pattern(draft: RuleDraft) -> None:
    world = make_world()
    ordinary = await world.rule()
    rules = world.use.rules
    for attempt in (
        rules.create("acme", None, draft),
        rules.replace("acme", ordinary.rule_id, draft, expected_version=None),
        world.use.insight.preview(AlertAccess("acme"), draft),
    ):
        assert await problems_of(attempt) == [("catches", "reserved")]
    assert [rule.catches for rule in world.database.rules.values()] == [Catches.PATTERN]
    made = await rules.replace(None, ordinary.rule_id, draft, expected_version=None)
    assert (made.catches, made.enabled) == (draft.catches, True)
    assert (await rules.replace(None, ordinary.rule_id, DRAFT, expected_version=None)).catches is Catches.PATTERN
    assert (await rules.create(None, "acme", draft)).catches is draft.catches


async def test_a_client_sees_an_operators_rule_of_its_own_and_does_not_change_it() -> None:
    world = make_world()
    await world.rule()
    made = await world.use.rules.create(None, "acme", UNMATCHED)
    rules = world.use.rules
    assert await rules.get("acme", made.rule_id) == made
    for attempt in (
        rules.replace("acme", made.rule_id, DRAFT, expected_version=None),
        rules.set_enabled("acme", made.rule_id, False, expected_version=None),
        rules.delete("acme", made.rule_id, expected_version=None),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert "operator" in refused.value.detail
    assert await rules.get(None, made.rule_id) == made
    off = await rules.set_enabled(None, made.rule_id, False, expected_version=None)
    assert (off.enabled, off.catches) == (False, Catches.UNMATCHED)
    await rules.delete(None, made.rule_id, expected_version=None)


async def test_there_is_a_limited_number_of_rules_that_catch_more_than_a_pattern() -> None:
    world = make_world()
    for number in range(limits.CATCH_ALL_RULES_MAX + 1):
        await world.use.clients.create(f"client-{number}", "Name")
    for number in range(limits.CATCH_ALL_RULES_MAX):
        await world.use.rules.create(None, f"client-{number}", UNMATCHED)
    with pytest.raises(LimitExceeded):
        await world.use.rules.create(None, f"client-{limits.CATCH_ALL_RULES_MAX}", EVERYTHING)


async def test_a_client_makes_its_own_rules_without_naming_itself() -> None:
    world = make_world()
    await world.use.clients.create("acme", "Acme")
    rule = await world.use.rules.create("acme", None, DRAFT)
    assert (rule.client_id, rule.version, rule.enabled, rule.created_at_ms) == ("acme", 1, True, NOW_MS)
    assert (await world.use.rules.create("acme", "acme", RuleDraft("LOW", "api", "*", enabled=False))).enabled is False


async def test_an_operator_names_the_client_and_a_client_no_other() -> None:
    world = make_world()
    for client_id in ("acme", "globex"):
        await world.use.clients.create(client_id, "Name")
    assert await problems_of(world.use.rules.create(None, None, DRAFT)) == [("client_id", "missing")]
    with pytest.raises(NotFound):
        await world.use.rules.create("acme", "globex", DRAFT)
    with pytest.raises(NotFound):
        await world.use.rules.create(None, "nobody", DRAFT)
    assert (await world.use.rules.create(None, "globex", DRAFT)).client_id == "globex"


async def test_a_duplicate_rule_is_a_conflict() -> None:
    world = make_world()
    await world.rule()
    with pytest.raises(Conflict):
        await world.rule()


async def test_replacing_leaves_enabled_as_it_is_unless_it_is_given() -> None:
    world = make_world()
    rule = await world.rule(enabled=False, description="Kept.")
    world.clock.advance(1)
    new = RuleDraft("*", "db", "*")
    changed = await world.use.rules.replace("acme", rule.rule_id, new, expected_version=1)
    assert (changed.severity, changed.source, changed.name) == ("*", "db", "*")
    assert (changed.enabled, changed.version, changed.updated_at_ms) == (False, 2, NOW_MS + 1)
    assert changed.description == "Kept."
    on = await world.use.rules.replace("acme", rule.rule_id, RuleDraft("*", "db", "*", True), expected_version=None)
    assert (on.enabled, on.version) == (True, 3)


async def test_switching_a_rule_off_changes_nothing_else() -> None:
    world = make_world()
    rule = await world.rule()
    off = await world.use.rules.set_enabled("acme", rule.rule_id, False, expected_version=1)
    assert (off.enabled, off.pattern, off.version) == (False, rule.pattern, 2)
    with pytest.raises(VersionConflict):
        await world.use.rules.set_enabled("acme", rule.rule_id, True, expected_version=1)


class ContestedRules(MemoryRuleStore):
    """A store in which somebody else changes a rule right after it was read, as often as `others` says."""

    others = 1

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return the rule, and let the other change it."""
        rule = await super().get(scope, rule_id)
        if self.others > 0:
            self.others -= 1
            renamed = Rule(rule_id, rule.client_id, "LOW", f"theirs {self.others}", "n", True, 0, 0, NOW_MS)
            await MemoryRuleStore.replace(MemoryRuleStore(self._database), None, renamed, expected_version=None)
        return rule


async def test_a_change_without_a_version_keeps_what_somebody_else_changed_meanwhile() -> None:
    world = make_world(ContestedRules)
    rule = await world.rule()
    off = await world.use.rules.set_enabled("acme", rule.rule_id, False, expected_version=None)
    assert (off.enabled, off.source, off.version) == (False, "theirs 0", 3)


async def test_a_contest_without_end_is_a_version_conflict() -> None:
    world = make_world(ContestedRules)
    rule = await world.rule()
    assert isinstance(world.rule_store, ContestedRules)
    world.rule_store.others = 100
    with pytest.raises(VersionConflict):
        await world.use.rules.set_enabled("acme", rule.rule_id, False, expected_version=None)


async def test_a_deleted_rule_is_gone() -> None:
    world = make_world()
    rule = await world.rule()
    with pytest.raises(VersionConflict):
        await world.use.rules.delete("acme", rule.rule_id, expected_version=2)
    await world.use.rules.delete("acme", rule.rule_id, expected_version=1)
    assert (await world.use.rules.list("acme", PageRequest(limits.PAGE_ITEMS_DEFAULT), RuleFilter())).items == []
