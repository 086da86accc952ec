"""Clients, rules, endpoints and keys with boring defaults."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from alerting_core.domain.client import ApiKey, Client, KeyScope, hash_key
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.rule import Rule
from alerting_core.ports.catalog import Page, PageRequest

T = TypeVar("T")

Ask = Callable[[PageRequest], Awaitable[Page[T]]]
"""How a list is asked for a page."""

NOW_MS = 1_767_323_045_678
"""2026-01-02T03:04:05.678Z."""

SECRET = "whsec_" + "QUJD" * 8
NEW_SECRET = "whsec_" + "REVG" * 8

_numbers = count(1)


def new_uuid() -> str:
    """Return a UUID that no other call returned."""
    return str(UUID(int=next(_numbers), version=4))


def make_client(client_id: str = "acme", **changes: Any) -> Client:
    """Return a client."""
    return replace(Client(client_id, "Acme", NOW_MS, NOW_MS), **changes)


def make_rule(client_id: str = "acme", **changes: Any) -> Rule:
    """Return a rule with a fresh id, of a source of its own."""
    rule_id = new_uuid()
    rule = Rule(rule_id, client_id, "HIGH", f"source of {rule_id}", "timeout", True, 1, NOW_MS, NOW_MS)
    return replace(rule, **changes)


def make_endpoint(rule: Rule, **changes: Any) -> Endpoint:
    """Return a webhook with a fresh id and a URL of its own."""
    endpoint_id = new_uuid()
    endpoint = Endpoint(
        endpoint_id=endpoint_id,
        client_id=rule.client_id,
        rule_id=rule.rule_id,
        type=EndpointType.WEBHOOK,
        value=f"https://hooks.acme.io/{endpoint_id}",
        enabled=True,
        version=1,
        created_at_ms=NOW_MS,
        updated_at_ms=NOW_MS,
        headers={"x-team": "blue"},
        secret=SigningSecret(SECRET),
    )
    return replace(endpoint, **changes)


def make_key(text: str | None = None, **changes: Any) -> ApiKey:
    """Return an operator's key with the hash of *text*."""
    key_id = new_uuid()
    key = ApiKey(
        key_id=key_id,
        client_id=None,
        name="for tests",
        prefix="abcdefgh",
        hash=hash_key(text or key_id),
        scopes=frozenset({KeyScope.ADMIN}),
        created_at_ms=NOW_MS,
    )
    return replace(key, **changes)


async def walk(
    ask: Callable[[PageRequest], Awaitable[Page[T]]],
    *,
    limit: int,
    after_page: Callable[[], Awaitable[object]] | None = None,
) -> list[T]:
    """Return all items of a list, page by page, doing something after each page."""
    return [item async for page in pages(ask, limit=limit, after_page=after_page) for item in page.items]


async def pages(
    ask: Callable[[PageRequest], Awaitable[Page[T]]],
    *,
    limit: int,
    after_page: Callable[[], Awaitable[object]] | None = None,
) -> AsyncIterator[Page[T]]:
    """Yield the pages of a list."""
    page = await ask(PageRequest(limit))
    while True:
        assert len(page.items) <= limit
        yield page
        if page.next_cursor is None:
            return
        if after_page is not None:
            await after_page()
        page = await ask(PageRequest(limit, page.next_cursor))
