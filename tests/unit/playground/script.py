"""What is asked of a world, one after the other, and what happens in between: the same wherever it is run."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from alerting_playground.asgi import Answer, Request
from tests.unit.playground.world import World

Ask: TypeAlias = Callable[[Request], Awaitable[Answer]]
"""Puts a request to a world, by whatever way."""

COMPARED: Final = ("content-type", "location", "etag", "allow", "retry-after", "idempotency-replayed")


@dataclass(frozen=True)
class Step:
    """One request. `{name}` in its address is replaced by what was kept under that name.

    Attributes:
        keep: What is kept of the answer: field → name.
    """

    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    keep: Mapping[str, str] = field(default_factory=dict[str, str])


_RULES, _ENDPOINTS, _JOBS = "/api/v1/rules", "/api/v1/endpoints", "/api/v1/generator/jobs"
_FIRING: Final = {"severity": "LOW", "source": "s", "name": "n", "dedup_key": "größe"}
_PATTERN: Final = {"severity": "CRITICAL", "source": "api", "name": "*"}
_HOOK: Final = {"type": "webhook", "value": "https://hooks.acme.io/x?a=%3Cb%3E"}

CATALOG: Final = (
    Step("POST", "/api/v1/clients", {"client_id": "acme/ü", "name": "\u202eAcme <Ltd.>"}),
    Step("POST", "/api/v1/clients", {"client_id": "acme/ü", "name": "again"}),
    Step("POST", "/api/v1/clients", {"client_id": " ", "nme": 5}),
    Step("POST", "/api/v1/clients", {"client_id": "..", "name": ""}),
    Step("PUT", "/api/v1/clients/acme%2F%C3%BC", {"name": "Acme"}),
    Step("GET", "/api/v1/clients?text=ACM&limit=1"),
    Step("POST", _RULES, {"client_id": "acme/ü", **_PATTERN}, keep={"rule_id": "rule"}),
    Step("POST", _RULES, {"client_id": "acme/ü", **_PATTERN}),
    Step("POST", _RULES, {"client_id": "nobody", **_PATTERN}),
    Step("POST", _RULES, {"severity": "*", "source": "*", "name": "*"}),
    Step("POST", _RULES, {"severity": "high", "source": "x" * 256, "name": "\0", "client_id": None, "enabled": "yes"}),
    Step("PUT", _RULES + "/{rule}", {**_PATTERN, "name": "timeout"}, {"If-Match": '"1"'}),
    Step("PUT", _RULES + "/{rule}", {**_PATTERN, "name": "other"}, {"If-Match": '"1"'}),
    Step("PATCH", _RULES + "/{rule}", {"enabled": False}, {"If-Match": "1"}),
    Step("POST", _RULES, {"client_id": "acme/ü", **_PATTERN, "source": "db"}, keep={"rule_id": "other_rule"}),
    Step("GET", _RULES + "?limit=1", keep={"next_cursor": "cursor"}),
    Step("GET", _RULES + "?limit=1&cursor={cursor}"),
    Step("GET", _RULES + "?limit=0&enabled=maybe&sort=name&cursor=x"),
    Step("POST", _RULES + "/{rule}/endpoints", _HOOK, keep={"endpoint_id": "endpoint"}),
    Step("POST", _RULES + "/{rule}/endpoints", {"type": "email", "value": "a@acme.io, not an address", "headers": {}}),
    Step("POST", _RULES + "/{rule}/endpoints", {"type": "slack", "value": "ftp://x", "headers": {"a": 1}}),
    Step("GET", _RULES + "/{rule}/endpoints?type=webhook"),
    Step("PUT", _ENDPOINTS + "/{endpoint}", {**_HOOK, "headers": {"X-Team": "ops"}}),
    Step("POST", _ENDPOINTS + "/{endpoint}/secret/rotate", headers={"If-Match": '"2"'}),
    Step("PATCH", _ENDPOINTS + "/{endpoint}", {"enabled": True}),
    Step("POST", _ENDPOINTS + "/{endpoint}/test"),
    Step("GET", "/api/v1/me"),
    Step("GET", "/api/v1/metrics/series?minutes=1"),
    Step("POST", "/api/v1/keys", {"name": "k", "scopes": ["admin"]}, {"Idempotency-Key": "once"}, {"key_id": "key"}),
    Step("POST", "/api/v1/keys", {"name": "k", "scopes": ["admin"]}, {"Idempotency-Key": "once"}),
    Step("POST", "/api/v1/keys", {"name": "k", "scopes": ["rules:read"]}, {"Idempotency-Key": "once"}),
    Step("POST", "/api/v1/keys", {"name": "k", "scopes": ["all"], "expires_at": "2026-02-30T00:00:00Z"}),
    Step("DELETE", "/api/v1/keys/{key}"),
    Step("GET", "/api/v1/keys"),
    Step("POST", _JOBS, {"rps": 0.5, "duration": "1h30m", "seed": 7}, keep={"job_id": "job"}),
    Step("POST", _JOBS, {"rps": 0, "burst": -1, "custom": {"severity": "LOW", "count": 1.5}}),
    Step("POST", _JOBS, {"severity_dist": "HIGH:99", "duration": "never"}),
    Step("POST", _JOBS + "/{job}/stop"),
    Step("GET", _JOBS + "?status=cancelled"),
    Step("DELETE", _JOBS + "/{job}"),
)
"""Before anything has happened."""

OUTCOME: Final = (
    Step("GET", "/api/v1/alerts?severity=CRITICAL&since=2026-01-02T03:04:05%2B00:00"),
    Step("GET", "/api/v1/alerts/a%2F1"),
    Step("GET", "/api/v1/alerts/a%2F1/explain?client_id=acme%2F%C3%BC"),
    Step("GET", "/api/v1/alerts/a%2F1/explain"),
    Step("POST", _RULES + "/preview", {**_PATTERN, "source": "*"}),
    Step("GET", "/api/v1/notifications?client_id=acme%2F%C3%BC&status=RECEIVED", keep={"notification_id": "notified"}),
    Step("GET", "/api/v1/notifications?rule_id={rule}&client_id=acme%2F%C3%BC&limit=1"),
    Step("GET", "/api/v1/notifications?rule_id={other_rule}"),
    Step("GET", "/api/v1/notifications/{notified}"),
    Step("POST", "/api/v1/notifications/{notified}/resend"),
    Step("GET", "/api/v1/metrics"),
    Step("GET", "/api/v1/dead-letters", keep={"letter_id": "letter"}),
    Step("GET", "/api/v1/dead-letters/topics"),
    Step("GET", "/api/v1/dead-letters/{letter}"),
    Step("POST", "/api/v1/dead-letters/{letter}/replay", {"set": {"name": "n"}, "value_base64": "YQ=="}),
    Step("POST", "/api/v1/dead-letters/{letter}/replay", {"set": {"name": "n"}}),
    Step("POST", "/api/v1/dead-letters/{letter}/replay", {"value_base64": "CgNhLTEQARiA4s+qBiADKgNhcGkyAA=="}),
    Step("POST", "/api/v1/dead-letters/{letter}/replay", {"value_base64": "CgNhLTEQARiA4s+qBiADKgNhcGkyAW4="}),
    Step("POST", "/api/v1/dead-letters/{letter}/replay"),
    Step("POST", "/api/v1/alerts", {"severity": "LOW", "source": "s", "name": "n"}, {"Idempotency-Key": "derived"}),
    Step(
        "POST", "/api/v1/alerts", [{"severity": "LOW", "source": "s", "name": "n", "alert_id": "b"}, 5, {"context": []}]
    ),
    Step("POST", "/api/v1/alerts", {**_FIRING, "starts_at": "2026-01-02T04:00:00+01:00"}),
    Step("POST", "/api/v1/alerts", [_FIRING, {**_FIRING, "status": "resolved", "ends_at": "2026-01-02T03:04:00Z"}]),
    Step("POST", "/api/v1/alerts", {**_FIRING, "status": "over", "alert_id": "a", "event_ts": -1}),
    Step("POST", "/api/v2/alerts", [{"labels": {"alertname": "größe"}}, {"labels": {}}]),
    Step("GET", "/api/v1/alerts?status=firing"),
    Step("POST", "/api/v1/alerts", {"alerts": []}),
    Step("POST", "/api/v1/alerts", b"\xff"),
    Step("POST", "/api/v1/alerts", b" " * 1_048_577),
    Step("POST", "/api/v1/alerts", {}, {"Content-Type": "text/plain"}),
    Step("GET", "/api/v1/nothing"),
    Step("DELETE", _RULES + "/preview"),
    Step("DELETE", _RULES + "/{other_rule}", headers={"If-Match": '"9"'}),
    Step("DELETE", _RULES + "/{other_rule}"),
    Step("DELETE", "/api/v1/clients/acme%2F%C3%BC"),
    Step("GET", _RULES + "/{rule}"),
)
"""After one alert has notified a client, and one record was refused."""


async def play(world: World, ask: Ask) -> AsyncIterator[dict[str, Any]]:
    """Ask everything in order, and yield each question with its answer."""
    kept: dict[str, str] = {}
    for step in CATALOG:
        yield await _ask(step, ask, kept)
    await world.happen("a/1", kept["rule"], "acme/ü")
    await world.refuse()
    for step in OUTCOME:
        yield await _ask(step, ask, kept)


async def _ask(step: Step, ask: Ask, kept: dict[str, str]) -> dict[str, Any]:
    url = step.url
    for name, value in kept.items():
        url = url.replace(f"{{{name}}}", value)
    path, _, query = url.partition("?")
    body = step.body if isinstance(step.body, bytes) else b"" if step.body is None else json.dumps(step.body).encode()
    headers = {"X-Request-Id": "scripted", **({"Content-Type": "application/json"} if body else {}), **step.headers}
    answered = await ask(Request(step.method, path, query, headers, body))
    text = answered.body.decode()
    if step.keep:
        whole = json.loads(text)
        first = {**(whole["items"][0] if "items" in whole else {}), **whole}
        kept.update({name: first[key] for key, name in step.keep.items()})
    compared = COMPARED if text else [name for name in COMPARED if name != "content-type"]
    shown = {name: answered.headers[name] for name in compared if name in answered.headers}
    return {"asked": f"{step.method} {url}", "status": answered.status, "headers": shown, "body": text}
