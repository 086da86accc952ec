"""A source of alerts as it should be: whatever got no 202 is sent again, with the same ids."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol, TypeAlias

import httpx

from alerting_core.domain.alert import Alert
from tests.support.lives import Life, Lives
from tests.support.patience import ACCEPT_SECONDS_MAX

ANSWER_SECONDS_MAX: Final = 10.0

LIFE_EVERY: Final = 5

HasRoom: TypeAlias = Callable[[Sequence[Alert]], bool]

_AGAIN_SECONDS: Final = 0.05


def as_json(alert: Alert) -> Mapping[str, Any]:
    """Return *alert* as the API takes it."""
    return {
        "alert_id": alert.alert_id,
        "severity": alert.severity.name,
        "source": alert.source,
        "name": alert.name,
        "event_ts": alert.event_ts,
        "context": dict(alert.context),
    }


class Reachable(Protocol):
    """What alerts are posted to."""

    def http(self, *, timeout: float) -> httpx.Client: ...


class Loader:
    """Posts batches from a thread of its own until it is told that it is enough.

    Args:
        platform: Where to; it may be killed and started meanwhile.
        alerts: What, as far as it gets.
        batch: Alerts of one request.
        has_room: Asked after each batch, with all that was accepted; the loader waits until there is room.
        lives: Unless None, every fifth alert has a life; it is accepted when its end is.
    """

    def __init__(
        self,
        platform: Reachable,
        alerts: Iterator[Alert],
        *,
        batch: int,
        has_room: Callable[[Sequence[Alert]], bool],
        lives: Lives | None = None,
    ) -> None:
        self._platform = platform
        self._alerts = alerts
        self._batch = batch
        self._has_room = has_room
        self._lives = lives
        self._enough = threading.Event()
        self._accepted: list[Alert] = []
        self._given_up = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self.posts_without_answer = 0

    @property
    def accepted(self) -> Sequence[Alert]:
        """Return the alerts that were answered with 202, each once."""
        return tuple(self._accepted)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self, *, seconds_max: float = ACCEPT_SECONDS_MAX) -> None:
        """Let the batch under way be accepted, and end."""
        self._enough.set()
        self._thread.join(seconds_max)
        if self._failure is not None:
            raise self._failure
        assert not self._thread.is_alive(), f"a batch was not accepted within {seconds_max:g} s"

    def give_up(self) -> None:
        """End, whatever becomes of the batch under way: the platform will not be back."""
        self._given_up = True
        self._enough.set()
        self._thread.join(ANSWER_SECONDS_MAX + 1)

    def _run(self) -> None:
        try:
            with self._platform.http(timeout=ANSWER_SECONDS_MAX) as http:
                while not self._enough.is_set() and (batch := list(islice(self._alerts, self._batch))):
                    self._post_some(http, batch)
                    while not self._has_room(self.accepted) and not self._enough.wait(_AGAIN_SECONDS):
                        pass
                while self._lives is not None and (lives := self._lives.due(is_over=True)) and not self._given_up:
                    self._post(http, (), lives)
        except BaseException as error:  # The test raises it.
            self._failure = error

    def _post_some(self, http: httpx.Client, batch: Sequence[Alert]) -> None:
        if self._lives is None:
            self._post(http, batch, ())
        else:
            left = self._lives.begin(batch[::LIFE_EVERY])
            events = [*(alert for place, alert in enumerate(batch) if place % LIFE_EVERY), *left]
            self._post(http, events, self._lives.due())

    def _post(self, http: httpx.Client, events: Sequence[Alert], lives: Sequence[Life]) -> None:
        body = [*map(as_json, events), *(life.report() for life in lives)]
        while not self._given_up:
            try:
                response = http.post("/api/v1/alerts", json=body)
            except httpx.TransportError:
                self.posts_without_answer += 1
            else:
                if response.status_code == 202:
                    self._take(events, lives, response.json()["alert_ids"])
                    return
                assert response.status_code == 503, f"{response.status_code} {response.text}"
            time.sleep(_AGAIN_SECONDS)

    def _take(self, events: Sequence[Alert], lives: Sequence[Life], alert_ids: Sequence[str]) -> None:
        assert alert_ids[: len(events)] == [alert.alert_id for alert in events]
        self._accepted += events
        if self._lives is not None:
            self._accepted += self._lives.answered(lives, alert_ids[len(events) :])
