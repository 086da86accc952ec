"""The browser answers every operation that a page can use exactly as the server does."""

from typing import Any, Final

import pytest

from alerting_playground.http.router import OPERATIONS
from tests.api.operations import ALL, Operation
from tests.playground.twins import Twins

NOT_IN_THE_BROWSER: Final = {
    "getHealth": "a probe of a process that an orchestrator may restart",
    "getReadiness": "a probe of servers that a process depends on",
    "getPrometheusMetrics": "for a Prometheus server, which reaches no browser tab",
    "postAlerts": "what a Prometheus server sends to an Alertmanager",
    "getAlertmanagerStatus": "what tools ask an Alertmanager",
}
"""Operations of the server that no page uses, and why there is nothing to use them."""

SHARED: Final = [operation for operation in ALL if str(operation) not in NOT_IN_THE_BROWSER]

QUERIES: Final = {"explainAlert": "client_id=acme"}
"""What an operation must be asked beside its path."""

every = pytest.mark.parametrize("operation", SHARED, ids=str)


def test_the_browser_has_every_operation_but_those_named_here() -> None:
    described = {(operation.method, operation.path.replace(":path}", "}")) for operation in SHARED}
    answered = {(operation.method, operation.path.replace(":path}", "}")) for operation in OPERATIONS}
    assert answered == described
    assert NOT_IN_THE_BROWSER.keys() <= {str(operation) for operation in ALL}


@every
async def test_what_is_there_is_answered_alike(both: Twins, operation: Operation) -> None:
    answered = await both.call(operation, query=QUERIES.get(str(operation), ""))
    assert answered.status_code < 300
    await both.compare_all_that_is_stored()
    again = await both.call(operation)
    assert again.status_code < 500
    await both.compare_all_that_is_stored()


MISSING: Final = (
    *("nobody", "00000000-0000-4000-8000-000000000000", "alerts.new.dlq/0/99", "a/b", "a/b/explain"),
    *("ä ☃", "a\nb", "a\0b", "%", " ", "x" * 300),
)


@pytest.mark.parametrize("operation", [one for one in SHARED if one.parameters("path")], ids=str)
async def test_what_is_not_there_is_refused_alike(both: Twins, operation: Operation) -> None:
    for missing in (
        "nobody",
        "00000000-0000-4000-8000-000000000000",
        "a/b",
        "ä ☃",
        "a\nb",
        "a\0b",
        "%",
        " ",
        "x" * 300,
    ):
        url = operation.url({parameter["name"]: missing for parameter in operation.parameters("path")})
        body = operation.valid_body if operation.body_schema is not None else None
        await both.ask(operation.method, url, json=body)
    await both.compare_all_that_is_stored()


NOTHING: Final = ("/api", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v3/rules", "/api/v1/rules/", "/api/v1/Rules")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")


@pytest.mark.parametrize("path", NOTHING)
@pytest.mark.parametrize("method", METHODS)
async def test_a_path_with_nothing_at_it_is_refused_alike(both: Twins, method: str, path: str) -> None:
    await both.ask(method, path)


@pytest.mark.parametrize("method", METHODS)
async def test_methods_that_a_path_has_not_are_refused_alike(both: Twins, method: str) -> None:
    known = {(operation.method, operation.path) for operation in ALL}
    paths = {operation.path: operation for operation in SHARED}
    for path, operation in [*paths.items(), ("/api/v1/rules/preview", paths["/api/v1/rules/preview"])]:
        if (method, path) not in known:
            refused = await both.ask(method, operation.url(both.ids))
            assert refused.status_code == 405


LISTS: Final = [operation for operation in SHARED if any(p["name"] == "cursor" for p in operation.parameters("query"))]


@pytest.mark.parametrize("operation", LISTS, ids=str)
async def test_lists_are_walked_by_the_same_cursors(both: Twins, operation: Operation) -> None:
    await fill(both)
    url, seen = f"{operation.url(both.ids)}?limit=2", 0
    page: dict[str, Any] = (await both.ask("GET", url)).json()
    while page["next_cursor"] is not None:
        seen += len(page["items"])
        page = (await both.ask("GET", f"{url}&cursor={page['next_cursor']}")).json()
        assert seen < 100
    assert page["items"] or seen


async def fill(both: Twins) -> None:
    """Put a few of everything into both."""
    for number in range(3):
        both.advance(1_000)
        client_id = f"client {number}/ü"
        await both.ask("POST", "/api/v1/clients", json={"client_id": client_id, "name": "☃ <b>"})
        pattern = {"client_id": client_id, "severity": "*", "source": f"s{number}", "name": "*"}
        rule = (await both.ask("POST", "/api/v1/rules", json=pattern)).json()
        place = f"/api/v1/rules/{rule['rule_id']}/endpoints"
        await both.ask("POST", place, json={"type": "email", "value": "ops@acme.io, b@acme.io"})
        await both.ask(
            "POST",
            f"/api/v1/rules/{both.ids['rule_id']}/endpoints",
            json={"type": "slack", "value": f"https://hooks.slack.com/services/{number}"},
        )
        await both.ask("POST", "/api/v1/keys", json={"client_id": client_id, "name": "k", "scopes": ["rules:read"]})
        await both.ask("POST", "/api/v1/generator/jobs", json={"burst": number + 1})
        for world in (both.server, both.browser):
            await world.notify(rule, f"a-{number}")
            await world.refuse()
            await world.backing.ports.alerts.record(await world.alerts(), now_ms=world.clock.now_ms())
        await both.ask(
            "POST",
            "/api/v1/alerts",
            json={"severity": "LOW", "source": "s", "name": "n", "context": {"a": "<>&\u2028"}},
        )
    await both.compare_all_that_is_stored()
