"""What the demo consists of, and how it is loaded into an empty database."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from alerting_backend.demo.inbox import Inbox
from alerting_backend.demo.page import INBOX_PATH
from alerting_core import limits
from alerting_core.app.application import Application
from alerting_core.domain import client, endpoint_check, text
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointType, SigningSecret
from alerting_core.domain.rule import Rule
from alerting_core.ports.catalog import BulkLoader, EndpointFilter, PageRequest
from alerting_core.ports.clock import Clock, IdSource

MAIL_DOMAIN: Final = "demo.localhost"
"""Mail to this domain goes to the inbox, whatever mail server is set."""


@dataclass(frozen=True, slots=True)
class DemoRule:
    """One rule, and where it tells: `webhook:<name>` and `slack:<name>` in the inbox, `email:<who>`."""

    client_id: str
    severity: str
    source: str
    name: str
    tells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoAlert:
    """One alert. Some say to people what is wrong, as good rules do; others are as bare as many are."""

    severity: str
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


CLIENTS: Final[Mapping[str, str]] = {"demo-shop": "Demo shop", "demo-bank": "Demo bank"}

RULES: Final = (
    DemoRule("demo-shop", "CRITICAL", "*", "*", ("webhook:shop", "slack:shop-alerts")),
    DemoRule("demo-shop", "*", "checkout", "payment-failed", ("slack:shop-alerts",)),
    DemoRule("demo-shop", "HIGH", "database", "slow-query", ("email:oncall-shop",)),
    DemoRule("demo-bank", "*", "database", "*", ("webhook:bank",)),
    DemoRule("demo-bank", "CRITICAL", "database", "replication-broken", ("email:oncall-bank", "slack:bank-alerts")),
)

ALERTS: Final = (
    DemoAlert(
        "CRITICAL",
        "checkout",
        "payment-failed",
        {"environment": "prod", "provider": "cards", "failed": "37 %", "team": "payments"},
        {
            "summary": "37 % of the card payments fail",
            "description": "The provider answers with 503 since 10 minutes.\nOrders are kept, and are not paid.",
            "runbook_url": "https://wiki.example.com/runbooks/payment-failed",
            "dashboard_url": "https://grafana.example.com/d/checkout",
        },
    ),
    DemoAlert(
        "HIGH",
        "database",
        "slow-query",
        {"environment": "prod", "table": "orders", "seconds": "12.4"},
        {"summary": "A query on orders takes 12.4 seconds"},
    ),
    DemoAlert("LOW", "frontend", "slow-page", {"environment": "staging", "page": "/cart"}),
    DemoAlert(
        "CRITICAL",
        "database",
        "replication-broken",
        {"environment": "prod", "region": "eu-west-1", "instance": "orders-db-2", "team": "storage"},
        {
            "summary": "orders-db-2 does not replicate any more",
            "description": "It lags behind by 14 minutes, and by more each minute.\nReports read old orders.",
            "runbook_url": "https://wiki.example.com/runbooks/replication-broken",
        },
    ),
    DemoAlert("MEDIUM", "checkout", "payment-failed", {"environment": "staging", "provider": "vouchers"}),
    DemoAlert(
        "CRITICAL",
        "api",
        "out-of-memory",
        {"environment": "prod", "host": "api-7"},
        {"summary": "api-7 was killed for want of memory"},
    ),
    DemoAlert("LOW", "database", "disk-filling", {"environment": "prod", "used": "81 %"}),
    DemoAlert("MEDIUM", "queue", "backlog-growing", {"environment": "prod", "waiting": "5,210"}),
)
"""In turn; two of them meet no rule, for nobody is told everything."""


def inbox_value(tells: str, *, inbox_url: str) -> tuple[EndpointType, str]:
    """Return the type and value of the endpoint that *tells* stands for."""
    kind, _, name = tells.partition(":")
    if kind == "email":
        return EndpointType.EMAIL, f"{name}@{MAIL_DOMAIN}"
    return EndpointType(kind), f"{inbox_url}/{kind}/{name}"


def demo_clients(*, name_suffix: str, now_ms: int) -> list[client.Client]:
    """Return the clients; their names get a suffix while the demo is being loaded."""
    return [client.Client(client_id, name + name_suffix, now_ms, now_ms) for client_id, name in CLIENTS.items()]


def demo_rules(*, now_ms: int) -> list[Rule]:
    """Return the rules; their ids are always the same."""
    return [
        Rule(_rule_id(rule), rule.client_id, rule.severity, rule.source, rule.name, True, 1, now_ms, now_ms)
        for rule in RULES
    ]


def demo_endpoints(secrets: Mapping[str, str], *, inbox_url: str, now_ms: int) -> list[Endpoint]:
    """Return the endpoints; *secrets* are those of the webhooks, by the name in the inbox."""
    endpoints: list[Endpoint] = []
    for rule in RULES:
        for tells in rule.tells:
            kind, value = inbox_value(tells, inbox_url=inbox_url)
            secret = secrets[tells.partition(":")[2]] if kind is EndpointType.WEBHOOK else None
            endpoints.append(
                Endpoint(
                    endpoint_id=text.derive_uuid("demo-endpoint", _rule_id(rule), tells),
                    client_id=rule.client_id,
                    rule_id=_rule_id(rule),
                    type=kind,
                    value=value,
                    enabled=True,
                    version=1,
                    created_at_ms=now_ms,
                    updated_at_ms=now_ms,
                    secret=None if secret is None else SigningSecret(secret),
                )
            )
    return endpoints


def _rule_id(rule: DemoRule) -> str:
    return text.derive_uuid("demo-rule", rule.client_id, rule.severity, rule.source, rule.name)


_LOADING: Final = " (being loaded)"
"""At the end of a client's name until the demo is whole: a start that was cut off is told by it, and made good."""


class DemoLoader:
    """Works on one database for one inbox."""

    def __init__(self, use: Application, bulk: BulkLoader, clock: Clock, ids: IdSource, *, inbox_url: str) -> None:
        """Lead the endpoints to *inbox_url*."""
        self._use = use
        self._bulk = bulk
        self._clock = clock
        self._ids = ids
        self._inbox_url = inbox_url

    async def load(self) -> bool:
        """Load the demo when there is no client, or only half a demo; return whether it was loaded."""
        first = await self._use.clients.list(None, PageRequest(limits.PAGE_ITEMS_MAX))
        unfinished = any(one.client_id in CLIENTS and one.name.endswith(_LOADING) for one in first.items)
        if first.items and not unfinished:
            return False
        now_ms = self._clock.now_ms()
        await self._bulk.load(
            demo_clients(name_suffix=_LOADING, now_ms=now_ms),
            demo_rules(now_ms=now_ms),
            demo_endpoints(self._new_secrets(), inbox_url=self._inbox_url, now_ms=now_ms),
            beside_other_data=True,
        )
        for client_id, name in CLIENTS.items():
            await self._use.clients.rename(client_id, name)
        return True

    async def open_inbox(self, inbox: Inbox) -> None:
        """Lead the demo's endpoints to this inbox, whose port may be a new one, and give it their secrets."""
        async for endpoint in self._endpoints():
            parts = urlsplit(endpoint.value)
            if endpoint.type is EndpointType.EMAIL or not parts.path.startswith(f"{INBOX_PATH}/"):
                continue
            value = self._inbox_url + parts.path.removeprefix(INBOX_PATH)
            if value != endpoint.value:
                change = EndpointChange(value=value)
                await self._use.endpoints.change(None, endpoint.endpoint_id, change, expected_version=None)
            if endpoint.secret is not None:
                inbox.know_secret(parts.path.rpartition("/")[2], endpoint.secret.current)

    def _new_secrets(self) -> Mapping[str, str]:
        names = {tells.partition(":")[2] for rule in RULES for tells in rule.tells if tells.startswith("webhook:")}
        return {name: endpoint_check.new_secret(self._ids.new_bytes(limits.NEW_SECRET_BYTES)) for name in sorted(names)}

    async def _endpoints(self) -> AsyncIterator[Endpoint]:
        for client_id in CLIENTS:
            cursor, more = None, True
            while more:
                page = await self._use.endpoints.list(
                    None, PageRequest(limits.PAGE_ITEMS_MAX, cursor), EndpointFilter(client_id=client_id)
                )
                for endpoint in page.items:
                    yield endpoint
                cursor, more = page.next_cursor, page.next_cursor is not None
