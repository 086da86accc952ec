"""Use cases on endpoints."""

from dataclasses import replace

import pytest

from alerting_core import limits
from alerting_core.domain.endpoint import DisableReason, EndpointChange, EndpointDraft, EndpointType
from alerting_core.domain.endpoint_check import check_secret, new_secret
from alerting_core.errors import Conflict, InvalidInput, NotFound, VersionConflict
from tests.unit.core.app.world import NOW_MS, make_world, problems_of

HOOK = EndpointDraft("webhook", "https://hooks.acme.io/a")
CHOSEN = new_secret(bytes(range(24)))


async def test_a_webhook_without_a_secret_is_given_one() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint = await world.use.endpoints.create("acme", rule.rule_id, HOOK)
    assert (endpoint.client_id, endpoint.rule_id, endpoint.version) == ("acme", rule.rule_id, 1)
    assert endpoint.secret is not None
    assert list(check_secret(endpoint.secret.current)) == []
    other = await world.use.endpoints.create("acme", rule.rule_id, replace(HOOK, value="https://b.acme.io"))
    assert other.secret is not None
    assert other.secret.current != endpoint.secret.current


async def test_a_chosen_secret_is_kept_and_other_types_have_none() -> None:
    world = make_world()
    rule = await world.rule()
    hook = await world.use.endpoints.create("acme", rule.rule_id, replace(HOOK, secret=CHOSEN))
    assert hook.secret is not None
    assert hook.secret.current == CHOSEN
    mail = await world.use.endpoints.create("acme", rule.rule_id, EndpointDraft("email", "a@acme.io"))
    assert (mail.type, mail.secret) == (EndpointType.EMAIL, None)


async def test_all_that_is_wrong_with_an_endpoint_is_said_at_once() -> None:
    world = make_world()
    rule = await world.rule()
    bad = EndpointDraft("webhook", "ftp://x", headers={"host": "x"}, secret="short")
    found = await problems_of(world.use.endpoints.create("acme", rule.rule_id, bad))
    assert {path for path, _ in found} == {"value", "headers.host", "secret"}
    assert world.database.endpoints == {}


async def test_an_endpoint_needs_a_rule_of_the_caller() -> None:
    world = make_world()
    rule = await world.rule("globex")
    for scope, rule_id in (("acme", rule.rule_id), (None, "nothing")):
        with pytest.raises(NotFound):
            await world.use.endpoints.create(scope, rule_id, HOOK)
    created = await world.use.endpoints.create(None, rule.rule_id, replace(HOOK, enabled=False))
    assert (created.client_id, created.enabled, created.disabled_reason) == ("globex", False, DisableReason.BY_USER)


async def test_a_change_leaves_what_it_does_not_name() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint = await world.use.endpoints.create("acme", rule.rule_id, replace(HOOK, headers={"x-team": "blue"}))
    world.clock.advance(9)
    change = EndpointChange(value="https://hooks.acme.io/b")
    changed = await world.use.endpoints.change("acme", endpoint.endpoint_id, change, expected_version=1)
    expected = replace(endpoint, value=change.value or "", version=2, updated_at_ms=NOW_MS + 9)
    assert changed == expected
    with pytest.raises(VersionConflict):
        await world.use.endpoints.change("acme", endpoint.endpoint_id, change, expected_version=1)


async def test_disabling_says_who_did_it_and_enabling_forgets() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint_id = (await world.use.endpoints.create("acme", rule.rule_id, HOOK)).endpoint_id
    gone = replace(world.database.endpoints[endpoint_id], enabled=False, disabled_reason=DisableReason.GONE)
    world.database.endpoints[endpoint_id] = gone
    use = world.use.endpoints
    still = await use.change("acme", endpoint_id, EndpointChange(enabled=False), expected_version=None)
    assert still.disabled_reason is DisableReason.GONE
    on = await use.change("acme", endpoint_id, EndpointChange(enabled=True), expected_version=None)
    assert (on.enabled, on.disabled_reason) == (True, None)
    off = await use.change("acme", endpoint_id, EndpointChange(enabled=False), expected_version=None)
    assert (off.enabled, off.disabled_reason) == (False, DisableReason.BY_USER)


async def test_the_type_of_an_endpoint_never_changes() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint_id = (await world.use.endpoints.create("acme", rule.rule_id, HOOK)).endpoint_id
    change = EndpointChange(type="email", value="not a url")
    found = await problems_of(world.use.endpoints.change("acme", endpoint_id, change, expected_version=None))
    assert {path for path, _ in found} == {"type", "value"}
    same = EndpointChange(type="webhook")
    assert (await world.use.endpoints.change("acme", endpoint_id, same, expected_version=None)).version == 2


async def test_what_an_older_version_let_in_can_be_switched_off() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint = await world.use.endpoints.create("acme", rule.rule_id, HOOK)
    world.database.endpoints[endpoint.endpoint_id] = replace(endpoint, value="gopher://old", headers={"Host": "x"})
    off = EndpointChange(enabled=False)
    changed = await world.use.endpoints.change("acme", endpoint.endpoint_id, off, expected_version=None)
    assert (changed.enabled, changed.value) == (False, "gopher://old")


async def test_the_old_secret_signs_on_for_a_day_after_a_rotation() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint = await world.use.endpoints.create("acme", rule.rule_id, replace(HOOK, secret=CHOSEN))
    rotated = await world.use.endpoints.rotate_secret("acme", endpoint.endpoint_id)
    assert rotated.secret is not None
    new = rotated.secret.current
    assert new != CHOSEN
    last_ms = NOW_MS + limits.SECRET_OVERLAP_MS - 1
    assert rotated.secret.active(now_ms=last_ms) == (new, CHOSEN)
    assert rotated.secret.active(now_ms=last_ms + 1) == (new,)


async def test_a_rotation_may_bring_its_own_secret() -> None:
    world = make_world()
    rule = await world.rule()
    endpoint = await world.use.endpoints.create("acme", rule.rule_id, HOOK)
    rotated = await world.use.endpoints.rotate_secret("acme", endpoint.endpoint_id, secret=CHOSEN, expected_version=1)
    assert rotated.secret is not None
    assert rotated.secret.active(now_ms=NOW_MS)[0] == CHOSEN
    with pytest.raises(InvalidInput):
        await world.use.endpoints.rotate_secret("acme", endpoint.endpoint_id, secret="whsec_short")
    again = await world.use.endpoints.rotate_secret("acme", endpoint.endpoint_id, secret=CHOSEN)
    assert again.secret == rotated.secret, "the same secret again is no rotation"


async def test_only_a_webhook_has_a_secret_to_rotate() -> None:
    world = make_world()
    rule = await world.rule()
    mail = await world.use.endpoints.create("acme", rule.rule_id, EndpointDraft("email", "a@acme.io"))
    with pytest.raises(Conflict):
        await world.use.endpoints.rotate_secret("acme", mail.endpoint_id)
    with pytest.raises(NotFound):
        await world.use.endpoints.rotate_secret("globex", mail.endpoint_id)
