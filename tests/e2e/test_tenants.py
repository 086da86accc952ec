"""One client's key against everything of another client's, by every route of the real process.

The routes come from our own OpenAPI document, so that a new one cannot escape.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import httpx
import pytest

from tests.api.operations import ALL, SECURED, Operation
from tests.support.platform_process import PlatformProcess
from tests.support.receiver import Receiver
from tests.support.stored import Stored

pytestmark = pytest.mark.e2e

SCOPES: Final = ["alerts:write", "rules:read", "rules:write", "notifications:read", "notifications:resend", "admin"]

TABLES: Final = ("clients", "rules", "endpoints", "notifications", "deliveries", "attempts", "api_keys")


@dataclass(frozen=True)
class Tenant:
    """A client with one of everything.

    Attributes:
        ids: By the names of the path parameters.
        words: What nobody else may ever read.
    """

    key: str
    ids: Mapping[str, str]
    words: frozenset[str]


@pytest.fixture
def admin(process: PlatformProcess) -> Iterator[httpx.Client]:
    process.start()
    with process.http() as http:
        yield http


def test_a_clients_key_sees_and_changes_nothing_of_another_client_through_any_route(
    process: PlatformProcess, stored: Stored, receiver: Receiver, admin: httpx.Client
) -> None:
    served = {
        (m.upper(), path) for path, methods in admin.get("/openapi.json").json()["paths"].items() for m in methods
    }
    assert served == {(operation.method, operation.path) for operation in ALL}
    acme, globex = (_make_tenant(admin, receiver, client_id) for client_id in ("acme", "globex"))
    alert = {"alert_id": "a-1", "severity": "HIGH", "source": "database", "name": "slow-query"}
    assert admin.post("/api/v1/alerts", json=alert).status_code == 202
    stored.wait_until_settled(seconds_max=30)
    acme, globex = (_with_notification(tenant, stored) for tenant in (acme, globex))
    before, arrived = _rows_of(stored, "acme"), receiver.arrived
    assert arrived == 2
    assert before.keys() == set(TABLES)

    with process.http(globex.key) as http:
        for operation in SECURED:
            for request in _requests(operation, acme, globex):
                response = http.request(operation.method, request.pop("url"), **request)
                _check(operation, request, response, acme)

        _check_idempotency(http, acme)

    stored.wait_until_settled(seconds_max=30)
    assert _rows_of(stored, "acme") == before
    assert not [arrival for arrival in receiver.arrivals[arrived:] if arrival.target == f"{receiver.url}/acme"]
    with process.http(acme.key) as http:
        detail = http.get(f"/api/v1/notifications/{acme.ids['notification_id']}").json()
        assert detail["status"] == "SENT", "the walk would have found it, had it been its own"
        assert http.get("/api/v1/alerts/a-1/explain").json()["client_id"] == "acme"


def _make_tenant(admin: httpx.Client, receiver: Receiver, client_id: str) -> Tenant:
    _created(admin, "/api/v1/clients", {"client_id": client_id, "name": f"{client_id} incorporated"})
    new = _created(admin, "/api/v1/keys", {"client_id": client_id, "name": "all", "scopes": SCOPES})
    fields = {"client_id": client_id, "severity": "*", "source": "database", "name": "*"}
    rule = _created(admin, "/api/v1/rules", fields)
    target = f"{receiver.url}/{client_id}"
    path = f"/api/v1/rules/{rule['rule_id']}/endpoints"
    endpoint = _created(admin, path, {"type": "webhook", "value": target})
    receiver.know_secrets({target: endpoint["secret"]})
    ids = {
        "client_id": client_id,
        "rule_id": rule["rule_id"],
        "endpoint_id": endpoint["endpoint_id"],
        "key_id": new["key_id"],
        "alert_id": "a-1",
    }
    words = {client_id, rule["rule_id"], endpoint["endpoint_id"], endpoint["secret"], new["key_id"], new["prefix"]}
    return Tenant(new["key"], ids, frozenset(words))


def _with_notification(tenant: Tenant, stored: Stored) -> Tenant:
    rows = stored.rows("SELECT client_id, notification_id FROM notifications")
    (notification_id,) = [row["notification_id"] for row in rows if row["client_id"] == tenant.ids["client_id"]]
    ids = {**tenant.ids, "notification_id": notification_id, "job_id": "00000000-0000-4000-8000-000000000000"}
    return Tenant(tenant.key, ids, tenant.words | {notification_id})


def _created(http: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = http.post(path, json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _requests(operation: Operation, victim: Tenant, intruder: Tenant) -> Iterator[dict[str, Any]]:
    """Yield requests that name the victim in the path, in the query, and in the body."""
    bodies: list[Any] = [None] if operation.body_schema is None else [operation.valid_body]
    if isinstance(bodies[0], dict):
        fields = operation.body_schema.get("properties", ()) if operation.body_schema else ()
        bodies.append({**bodies[0], **{name: value for name, value in victim.ids.items() if name in fields}})
    asked = [p["name"] for p in operation.parameters("query") if p["name"] in victim.ids]
    queries = [{}, *({name: victim.ids[name]} for name in asked)]
    urls = {operation.url(victim.ids), *([operation.url(intruder.ids)] if asked else [])}
    for url, query, body in product(urls, queries, bodies):
        yield {"url": url, "params": query, **({} if body is None else {"json": body})}


def _check(operation: Operation, request: Mapping[str, Any], response: httpx.Response, victim: Tenant) -> None:
    sent = json.dumps([str(response.request.url), request])
    about = f"{operation} {sent}: {response.status_code} {response.text[:300]}"
    path_names = {p["name"] for p in operation.parameters("path")} - {"alert_id"}
    if path_names:
        assert response.status_code in {403, 404}, about
    else:
        assert response.status_code < 500, about
    read = {word for word in victim.words if word in response.text}
    # A refusal may repeat what was sent, as long as it says the same of what does not exist.
    assert not read or (response.status_code >= 400 and all(word in sent for word in read)), about


def _check_idempotency(http: httpx.Client, victim: Tenant) -> None:
    """See that an answer that is kept for one client is not repeated to another who sends the same."""
    request = {"json": {"severity": "LOW", "source": "nobody", "name": "cares"}, "headers": {"Idempotency-Key": "k-1"}}
    theirs = httpx.post(
        http.base_url.join("/api/v1/alerts"),
        json=request["json"],
        headers={**request["headers"], "Authorization": f"Bearer {victim.key}"},
        trust_env=False,
    )
    ours = http.post("/api/v1/alerts", **request)
    assert theirs.status_code == ours.status_code == 202
    assert "idempotency-replayed" not in ours.headers
    assert ours.json()["alert_ids"] != theirs.json()["alert_ids"]


def _rows_of(stored: Stored, client_id: str) -> Mapping[str, Any]:
    # When a key was last used changes as its owner uses it.
    columns = "to_jsonb(t) - 'last_used_at' AS row"
    statements = {table: f"SELECT {columns} FROM {table} AS t WHERE client_id = '{client_id}'" for table in TABLES}
    found = {table: stored.rows(statement) for table, statement in statements.items()}
    return {table: sorted(map(repr, rows)) for table, rows in found.items() if rows}
