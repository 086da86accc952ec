"""Clients and their API keys in memory, and answers by Idempotency-Key."""

from collections.abc import Sequence
from dataclasses import replace

from alerting_core import limits
from alerting_core.codec.records import RuleAction
from alerting_core.domain.client import ApiKey, Client, KeyScope
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.rule import Rule
from alerting_core.errors import Conflict, NotFound
from alerting_core.memory.database import KeptAnswer, MemoryDatabase, RuleChange, in_text_order, newest_first
from alerting_core.memory.notifications import is_needed_for_ends
from alerting_core.ports.catalog import Page, PageRequest, Scope, TimeKey
from alerting_core.ports.idempotency import Answer, Beginning, Different, Fresh, InProgress


def append_change(database: MemoryDatabase, rule: Rule, action: RuleAction) -> None:
    """Append to the outbox that *rule* is now as given, or is gone."""
    version = database.outbox[-1].version + 1 if database.outbox else 1
    change = RuleChange(version, rule.client_id, rule.rule_id, action, rule.version, rule.updated_at_ms)
    database.outbox.append(change)


def add_rule(database: MemoryDatabase, rule: Rule) -> None:
    """Store a new rule and tell of it."""
    database.rules[rule.rule_id] = rule
    database.rules_of_client.setdefault(rule.client_id, {})[rule.rule_id] = None
    append_change(database, rule, RuleAction.CREATED)


def add_endpoint(database: MemoryDatabase, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    database.endpoints[endpoint.endpoint_id] = endpoint
    database.endpoints_of_rule.setdefault(endpoint.rule_id, {})[endpoint.endpoint_id] = None


def remove_rule(database: MemoryDatabase, rule: Rule) -> None:
    """Delete a rule with its endpoints and tell of it; keep what ends are still to be told through."""
    for endpoint_id in database.endpoints_of_rule.pop(rule.rule_id, {}):
        endpoint = database.endpoints.pop(endpoint_id)
        if is_needed_for_ends(database, endpoint_id):
            database.retired_endpoints[endpoint_id] = endpoint
    del database.rules[rule.rule_id]
    del database.rules_of_client[rule.client_id][rule.rule_id]
    append_change(database, rule, RuleAction.DELETED)


def remove_endpoint(database: MemoryDatabase, endpoint: Endpoint) -> None:
    """Delete an endpoint. What was planned for it stays, and is skipped when its turn comes."""
    del database.endpoints[endpoint.endpoint_id]
    del database.endpoints_of_rule[endpoint.rule_id][endpoint.endpoint_id]


def remove_client(database: MemoryDatabase, client_id: str) -> None:
    """Delete a client with all that it owns and tell of its rules."""
    for rule_id in list(database.rules_of_client.get(client_id, {})):
        remove_rule(database, database.rules[rule_id])
    database.rules_of_client.pop(client_id, None)
    for notification_id in [id_ for id_, row in database.notifications.items() if row.client_id == client_id]:
        for delivery_id in database.deliveries_of_notification.pop(notification_id, {}):
            database.attempts_of_delivery.pop(delivery_id, None)
            del database.deliveries[delivery_id]
        del database.notifications[notification_id]
    for endpoint_id in [id_ for id_, one in database.retired_endpoints.items() if one.client_id == client_id]:
        del database.retired_endpoints[endpoint_id]
    for alert_key in [key for key in database.alerts if key[0] == client_id]:
        del database.alerts[alert_key]
    for episode_key in [key for key in database.episodes if key[0] == client_id]:
        del database.episodes[episode_key]
    for key_id in [id_ for id_, key in database.keys.items() if key.client_id == client_id]:
        del database.keys[key_id]
    for place in [place for place in database.answers if place[0] == client_id]:
        del database.answers[place]
    del database.clients[client_id]


class MemoryClientStore:
    """Stores clients."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, client: Client) -> Client:
        """Store a new client."""
        if client.client_id in self._database.clients:
            raise Conflict("there is a client with this client_id already")
        self._database.clients[client.client_id] = client
        return client

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client."""
        client = self._database.clients.get(client_id)
        if client is None or scope not in {None, client_id}:
            raise NotFound("there is no such client")
        return client

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[Client]:
        """Return a page of clients."""
        found = (c for c in self._database.clients.values() if scope in {None, c.client_id} and _holds(c, text))
        return in_text_order("clients", found, lambda client: client.client_id, page)

    async def rename(self, client_id: str, name: str, *, now_ms: int) -> Client:
        """Change the name."""
        client = replace(await self.get(None, client_id), name=name, updated_at_ms=now_ms)
        self._database.clients[client_id] = client
        return client

    async def delete(self, client_id: str, *, now_ms: int) -> None:
        """Delete the client with all that it owns."""
        await self.get(None, client_id)
        remove_client(self._database, client_id)


def _holds(client: Client, text: str | None) -> bool:
    return text is None or text.lower() in client.client_id.lower() or text.lower() in client.name.lower()


class MemoryKeyStore:
    """Stores keys by their hash."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, key: ApiKey) -> ApiKey:
        """Store a new key."""
        if key.client_id is not None and key.client_id not in self._database.clients:
            raise NotFound("there is no such client")
        if key.key_id in self._database.keys or await self.find_by_hash(key.hash) is not None:
            raise Conflict("this key is stored already")
        self._database.keys[key.key_id] = key
        return key

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys."""
        found = (key for key in self._database.keys.values() if scope in {None, key.client_id})
        return newest_first("keys", found, lambda key: TimeKey(key.created_at_ms, key.key_id), page)

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked."""
        key = self._database.keys.get(key_id)
        if key is None or scope not in {None, key.client_id}:
            raise NotFound("there is no such key")
        if key.revoked_at_ms is None:
            key = self._database.keys[key_id] = replace(key, revoked_at_ms=now_ms)
        return key

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash."""
        return next((key for key in self._database.keys.values() if key.hash == key_hash), None)

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used."""
        key = self._database.keys.get(key_id)
        if key is not None and key.is_use_news(now_ms=now_ms):
            self._database.keys[key_id] = replace(key, last_used_at_ms=now_ms)

    async def operators(self) -> Sequence[ApiKey]:
        """Return the operators' keys that are not revoked."""
        keys = self._database.keys.values()
        return [k for k in keys if k.client_id is None and k.revoked_at_ms is None and KeyScope.ADMIN in k.scopes]


class MemoryIdempotencyStore:
    """Keeps answers, the oldest first; what is out of date is dropped as new keys come."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._entries = database.answers

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> Beginning:
        """Claim the key, or say what became of it."""
        self._forget(now_ms)
        entry = self._entries.get((owner, key))
        if entry is not None and now_ms - entry.begun_at_ms > limits.IDEMPOTENCY_KEEP_MS:
            entry = None
        if entry is not None and entry.request_hash != request_hash:
            return Different()
        if entry is not None and entry.answer is not None:
            return entry.answer
        if entry is not None and now_ms - entry.begun_at_ms <= limits.IDEMPOTENCY_RUNNING_MS_MAX:
            return InProgress()
        self._entries.pop((owner, key), None)
        self._entries[owner, key] = KeptAnswer(request_hash, now_ms)
        return Fresh(owner, key, now_ms)

    async def finish(self, claim: Fresh, answer: Answer) -> None:
        """Keep the answer."""
        entry = self._claimed(claim)
        if entry is not None:
            self._entries[claim.owner, claim.key] = KeptAnswer(entry.request_hash, entry.begun_at_ms, answer)

    async def abandon(self, claim: Fresh) -> None:
        """Forget the claim."""
        if self._claimed(claim) is not None:
            del self._entries[claim.owner, claim.key]

    def _claimed(self, claim: Fresh) -> KeptAnswer | None:
        entry = self._entries.get((claim.owner, claim.key))
        return entry if entry and entry.begun_at_ms == claim.begun_at_ms and entry.answer is None else None

    def _forget(self, now_ms: int) -> None:
        for place, entry in list(self._entries.items()):
            if now_ms - entry.begun_at_ms <= limits.IDEMPOTENCY_KEEP_MS:
                break
            del self._entries[place]
