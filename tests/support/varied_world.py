"""The varied test data, loaded into a running platform, and what the nested loop says that alerts come to there."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader
from alerting_backend.adapters.postgres.connection import Address, open_pools
from alerting_core.domain.alert import Alert
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import NotificationKind, derive_notification_id
from alerting_core.generator.testdata import ClientData, Dataset, EndpointTemplate, Size, make_dataset
from alerting_core.matching.reference import match_by_nested_loop
from tests.support.receiver import Notice, Receiver

Notified: TypeAlias = tuple[str, str]
"""(client_id, notification_id): what there has to be once."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What alerts have to come to.

    Attributes:
        rules_of: Notification → its rule ids, in their order.
        told: Every webhook that has to arrive.
        follows: Each of these that tells the end of an alert → the one that has to arrive at the same target before.
    """

    rules_of: Mapping[Notified, tuple[str, ...]]
    told: frozenset[Notice]
    follows: Mapping[Notice, Notice]

    @property
    def firing(self) -> Set[Notice]:
        """Return every webhook but those that tell an end."""
        return self.told - self.follows.keys()


@dataclass(frozen=True, slots=True)
class VariedWorld:
    """Clients with rules of every kind, each rule with a webhook of its own at one receiver."""

    clients: Sequence[ClientData]
    _matches: dict[tuple[str, str, str], dict[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)

    @classmethod
    def at(cls, receiver: Receiver, *, size: Size | None = None) -> "VariedWorld":
        """Make the data, of the usual size unless another is given, and tell *receiver* the secrets."""
        template = EndpointTemplate(EndpointType.WEBHOOK, receiver.url + "/{client_id}/{rule}")
        clients = tuple(make_dataset(Dataset.VARIED, template=template, now_ms=time.time_ns() // 1_000_000, size=size))
        endpoints = chain.from_iterable(each.endpoints for each in clients)
        receiver.know_secrets({e.value: e.secret.current for e in endpoints if e.secret is not None})
        return cls(clients)

    def load_into(self, address: Address) -> None:
        """Load the data into the database, as the command line does."""
        asyncio.run(self._load(address))

    def expected_of(self, alerts: Iterable[Alert], *, over_at_once: Collection[Notified] = ()) -> Expected:
        """Return what *alerts* have to come to, by the nested loop over all rules.

        Args:
            alerts: Those with a life have ended.
            over_at_once: Notifications of alerts that were over before anybody could be told that they fire, and that
                say both.
        """
        targets = {e.rule_id: e.value for each in self.clients for e in each.endpoints}
        rules_of: dict[Notified, tuple[str, ...]] = {}
        told: set[Notice] = set()
        follows: dict[Notice, Notice] = {}
        for alert in alerts:
            for client_id, rule_ids in self._match(alert).items():
                firing = derive_notification_id(client_id, alert.alert_id)
                rules_of[client_id, firing] = rule_ids
                told.update((targets[rule_id], firing) for rule_id in rule_ids)
                if alert.has_life and (client_id, firing) not in over_at_once:
                    end = derive_notification_id(client_id, alert.alert_id, kind=NotificationKind.RESOLVED)
                    rules_of[client_id, end] = rule_ids
                    follows.update({(targets[rule_id], end): (targets[rule_id], firing) for rule_id in rule_ids})
        return Expected(rules_of, frozenset(told | follows.keys()), follows)

    def _match(self, alert: Alert) -> Mapping[str, tuple[str, ...]]:
        # The same for the same fields; there are 320 of those, and a loop over all rules for each.
        fields = alert.severity.name, alert.source, alert.name
        if fields not in self._matches:
            rules = chain.from_iterable(each.rules for each in self.clients)
            self._matches[fields] = match_by_nested_loop(rules, alert.severity, alert.source, alert.name)
        return self._matches[fields]

    async def _load(self, address: Address) -> None:
        async with open_pools(address, size_max=1) as pools:
            await PgBulkLoader(pools).load(
                [each.client for each in self.clients],
                chain.from_iterable(each.rules for each in self.clients),
                chain.from_iterable(each.endpoints for each in self.clients),
            )
