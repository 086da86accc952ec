"""Refusals, request ids, headers and the access log, apart from what every operation does."""

from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import AsyncClient

from alerting_core.errors import PortContractBroken, PortUnavailable
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemorySink
from alerting_core.ports.catalog import PageRequest
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, refusal
from tests.api.world import ADMIN_KEY, World, make_world

ALERT = {"severity": "HIGH", "source": "api", "name": "timeout"}


async def test_what_nobody_expected_is_told_without_details(
    memory_world: World, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError("SELECT secret FROM endpoints")

    async with memory_world.http() as http:
        for error in (broken, _raising(PortContractBroken("SELECT 1")), _raising(AssertionError("secret"))):
            monkeypatch.setattr(MemoryRuleStore, "list", error)
            caplog.clear()
            answer = await http.get("/api/v1/rules")
            refused = refusal(answer, 500, "internal")
            # Nothing of the error is told, so the log must have it.
            [failed] = [record for record in caplog.records if record.message == "request_failed"]
            assert failed.exc_info is not None
            assert failed.exc_info[0] in {ValueError, PortContractBroken, AssertionError}
            assert "SELECT" not in answer.text
            assert "secret" not in answer.text
            assert refused["detail"] == "an internal error; the log has it under this request id"
            assert answer.headers["x-content-type-options"] == "nosniff"


def _raising(error: BaseException) -> Any:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


async def test_while_the_log_is_away_nothing_is_accepted_and_the_caller_may_try_again(
    memory_world: World, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Idempotency-Key": "k"}
    async with memory_world.http() as http:
        with monkeypatch.context() as patch:
            away = PortUnavailable("postgres", operation="publish", detail="host=10.0.0.1 password=x")
            patch.setattr(MemorySink, "publish", _raising(away))
            answer = await http.post("/api/v1/alerts", json=ALERT, headers=headers)
            refused = refusal(answer, 503, "unavailable")
            told = [vars(record)["reason"] for record in caplog.records if record.message == "request_refused"]
            assert told == [away.detail]
            assert answer.headers["retry-after"] == "1"
            assert refused["detail"] == "postgres is not available; nothing was accepted, try again"
        assert (await http.post("/api/v1/alerts", json=ALERT, headers=headers)).status_code == 202


async def test_a_request_is_known_by_the_id_that_its_caller_chose_if_it_is_harmless(memory_world: World) -> None:
    async with memory_world.http() as http:
        answer = await http.get("/nowhere", headers={"X-Request-Id": "trace-42"})
        assert refusal(answer, 404, "not-found")["request_id"] == "trace-42"
        ids = set()
        for sent in ("", "x" * 129, "a b", "<script>", "a\\nb"):
            answer = await http.get("/healthz", headers={"X-Request-Id": sent})
            assert answer.headers["x-request-id"] != sent
            ids.add(answer.headers["x-request-id"])
        assert len(ids) == 5


async def test_the_log_names_operations_and_never_what_callers_send(memory_world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        async with memory_world.http() as http:
            await http.get("/api/v1/rules/secret-id?text=secret-text", headers={"X-Custom": "secret-header"})
            await http.post("/api/v1/alerts", json={**ALERT, "context": {"password": "secret-body"}})
            await http.post("/api/v1/keys", json={"name": "secret-name", "scopes": ["admin"]})
            await http.get("/secret-path")
    told = [line for line in lines if line["event"] == "request_answered"]
    assert [(line["method"], line["path"], line["status"]) for line in told] == [
        ("GET", "/api/v1/rules/{rule_id}", 404),
        ("POST", "/api/v1/alerts", 202),
        ("POST", "/api/v1/keys", 201),
        ("GET", "(no route)", 404),
    ]
    assert all(line["key_id"] and line["duration_ms"] >= 0 for line in told[:3])
    assert "secret" not in str(lines)
    assert ADMIN_KEY not in str(lines)


async def test_probes_are_not_told_of_while_they_succeed(memory_world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        async with memory_world.http(None) as http:
            await http.get("/healthz")
    assert [line["log_level"] for line in lines] == ["debug"]


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/openapi.json", "/nowhere", "/api/v1/rules"])
async def test_every_answer_tells_browsers_to_trust_nothing_else(memory_world: World, path: str) -> None:
    async with memory_world.http() as http:
        headers = (await http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


async def test_a_body_of_exactly_the_limit_is_read(memory_world: World) -> None:
    async with memory_world.http() as http:
        padding = b" " * (1_048_576 - 2)
        answer = await http.post(
            "/api/v1/generator/jobs", content=b"{}" + padding, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 202
        answer = await http.post(
            "/api/v1/generator/jobs", content=b"{} " + padding, headers={"content-type": "application/json"}
        )
        assert refusal(answer, 413, "body-too-large")
        assert answer.headers["connection"] == "close"


async def test_two_applications_in_one_process_know_nothing_of_each_other() -> None:
    from alerting_backend.api.app import create_app

    one, other = await make_world(MemoryBacking()), await make_world(MemoryBacking())
    apps: list[FastAPI] = [create_app(one.container), create_app(other.container)]
    for app, world in zip(apps, (one, other), strict=True):
        assert app.state.container is world.container
    from httpx import ASGITransport

    async with AsyncClient(
        transport=ASGITransport(apps[0]), base_url="http://test", headers={"Authorization": f"Bearer {ADMIN_KEY}"}
    ) as http:
        await Catalog(http).client("acme")
    assert (await one.container.use.clients.get(None, "acme")).client_id == "acme"
    assert "acme" not in str(await other.backing.footprint())
    assert not (await other.container.use.clients.list(None, PageRequest(1))).items
