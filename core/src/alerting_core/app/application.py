"""All use cases, made from the ports that they stand on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.app.alerts import Insight, Notifications
from alerting_core.app.catalog import Endpoints, EndpointTest, Rules
from alerting_core.app.clients import Clients, Keys
from alerting_core.app.episodes import EpisodeIntake
from alerting_core.app.intake import AlertIntake
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.domain.severity_words import read_own_words
from alerting_core.ports.catalog import ClientStore, EndpointStore, KeyStore, RuleStore
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.episodes import EpisodeStore
from alerting_core.ports.history import AlertHistory, NotificationHistory
from alerting_core.ports.stream import Sink


@dataclass(frozen=True, slots=True)
class ApplicationPorts:
    """What the use cases ask of the world."""

    clients: ClientStore
    rules: RuleStore
    endpoints: EndpointStore
    keys: KeyStore
    history: NotificationHistory
    alerts: AlertHistory
    episodes: EpisodeStore
    sink: Sink
    clock: Clock
    ids: IdSource


@dataclass(frozen=True, slots=True)
class Application:
    """All use cases. Stateless: make one per process and share it."""

    clients: Clients
    rules: Rules
    endpoints: Endpoints
    endpoint_test: EndpointTest
    insight: Insight
    intake: AlertIntake
    notifications: Notifications
    keys: Keys

    @classmethod
    def on(
        cls,
        ports: ApplicationPorts,
        *,
        placeholders: Collection[str] = PLACEHOLDER_DOMAINS,
        life_ms: int = limits.EPISODE_LIFE_MS,
        severity_words: Mapping[str, str] | None = None,
    ) -> "Application":
        """Return the use cases on *ports*.

        Args:
            ports: What they stand on.
            placeholders: Domains that the dispatcher never contacts.
            life_ms: How long an alert with a life fires of which a sender does not say until when.
            severity_words: Words for severities besides the usual ones, each with the name of its severity; sound.
        """
        own_words = read_own_words(severity_words or {})
        assert not isinstance(own_words, tuple), "the words were checked where they were set"
        p = ports
        episodes = EpisodeIntake(p.episodes, p.sink, p.clock, life_ms)
        return cls(
            clients=Clients(p.clients, p.clock),
            rules=Rules(p.rules, p.clock, p.ids),
            endpoints=Endpoints(p.rules, p.endpoints, p.clock, p.ids),
            endpoint_test=EndpointTest(p.endpoints, p.history, p.clock, p.ids, placeholders),
            insight=Insight(p.clients, p.rules, p.alerts, p.history, p.episodes),
            intake=AlertIntake(p.clients, episodes, p.sink, p.clock, p.ids, own_words),
            notifications=Notifications(p.history, p.sink, p.clock),
            keys=Keys(p.keys, p.clock, p.ids),
        )
