"""What the use cases refuse, and what goes wrong behind them, looks the same in the browser as on the server."""

from dataclasses import replace
from typing import Any

import pytest

from alerting_backend.api.app import install
from alerting_core import limits
from alerting_core.app.dead_letters import Letters
from alerting_core.errors import FencedOff, PortContractBroken, PortUnavailable
from alerting_core.memory.dead_letters import MemoryDeadLetters
from alerting_playground.http.parts import VISITOR
from tests.playground.twins import Twins


class _Failing(MemoryDeadLetters):
    """Fails with an error, whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def counts(self) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        PortUnavailable("kafka", operation="counts", detail="a password"),
        FencedOff("another one has it"),
        PortContractBroken("a bug"),
        ValueError("another bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_behind_the_use_cases_is_told_alike(both: Twins, error: Exception) -> None:
    letters = Letters(_Failing(error))
    install(both.server.app, replace(both.server.container, dead_letters=letters))
    broken = replace(both, parts=replace(both.parts, dead_letters=letters))
    answered = await broken.ask("GET", "/api/v1/dead-letters/topics")
    assert answered.status_code in {500, 503}
    assert "password" not in answered.text


async def test_a_limit_is_told_alike(both: Twins) -> None:
    place = f"/api/v1/rules/{both.ids['rule_id']}/endpoints"
    statuses = [
        (await both.ask("POST", place, json={"type": "webhook", "value": f"https://hooks.acme.io/{n}"})).status_code
        for n in range(limits.ENDPOINTS_PER_RULE_MAX + 1)
    ]
    assert statuses[-2:] == [422, 422]
    assert statuses[0] == 201


async def test_a_state_that_does_not_allow_a_request_is_told_alike(both: Twins) -> None:
    endpoint = f"/api/v1/endpoints/{both.ids['endpoint_id']}"
    notification = f"/api/v1/notifications/{both.ids['notification_id']}"
    email = {"type": "email", "value": "ops@acme.io"}
    place = f"/api/v1/rules/{both.ids['rule_id']}/endpoints"
    other = (await both.ask("POST", place, json=email)).json()["endpoint_id"]
    refused = [
        await both.ask("POST", place, json=email),
        await both.ask("POST", f"/api/v1/endpoints/{other}/secret/rotate"),
        await both.ask("PUT", f"/api/v1/endpoints/{other}", json={**email, "type": "slack"}),
    ]
    await both.ask("PATCH", endpoint, json={"enabled": False})
    refused.append(await both.ask("POST", f"{endpoint}/test"))
    await both.ask("POST", f"{notification}/resend")
    refused.append(await both.ask("POST", f"{notification}/resend"))
    assert [one.status_code for one in refused] == [409, 409, 422, 409, 409]
    await both.compare_all_that_is_stored()


async def test_versions_rise_and_conflict_alike(both: Twins) -> None:
    rule = f"/api/v1/rules/{both.ids['rule_id']}"
    tag = (await both.ask("GET", rule)).headers["etag"]
    pattern = {"severity": "LOW", "source": "api", "name": "*"}
    mine = await both.ask("PUT", rule, json=pattern, headers={"If-Match": tag})
    theirs = await both.ask("PUT", rule, json={**pattern, "name": "x"}, headers={"If-Match": tag})
    assert (mine.status_code, theirs.status_code) == (200, 412)
    assert mine.headers["etag"] == theirs.headers["etag"] == '"2"'
    assert (await both.ask("DELETE", rule, headers={"If-Match": tag})).status_code == 412
    assert (await both.ask("DELETE", rule, headers={"If-Match": '"2"'})).status_code == 204
    await both.compare_all_that_is_stored()


async def test_a_difference_in_an_answer_would_be_seen(both: Twins) -> None:
    somebody_else = replace(both, parts=replace(both.parts, caller=VISITOR))
    with pytest.raises(AssertionError, match="/api/v1/me"):
        await somebody_else.ask("GET", "/api/v1/me")


async def test_a_difference_in_what_is_stored_would_be_seen(both: Twins) -> None:
    await both.ask("DELETE", f"/api/v1/rules/{both.ids['rule_id']}")
    await both.compare_all_that_is_stored()
    await both.browser.container.use.clients.rename("acme", "another name")
    with pytest.raises(AssertionError, match="clients"):
        await both.compare_all_that_is_stored()
