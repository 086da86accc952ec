"""Rules that a thread creates, switches and deletes all the time, and what evaluators make of them."""

import asyncio
import random
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Final
from uuid import uuid4

from alerting_backend.adapters.postgres.catalog.clients import PgClientStore
from alerting_backend.adapters.postgres.catalog.rules import PgRuleStore
from alerting_backend.adapters.postgres.connection import Address, open_pools
from alerting_core.domain.notification import derive_notification_id
from alerting_core.domain.rule import Rule
from tests.support.catalog import make_client, make_rule
from tests.support.distributed import DistributedPlatform
from tests.support.stored import Stored

CLIENT_ID: Final = "the-one-that-edits"
SOURCE: Final = "edited"
"""No other alert has it, so that nothing else of a test changes by these edits."""

NAMES: Final = tuple(f"name-{number}" for number in range(30))
EVALUATED_SECONDS_MAX: Final = 30.0

_PAUSE_SECONDS: Final = 0.05
_DELETED: Final = 0.2
_LOOK_SECONDS: Final = 0.25


class RuleChurn:
    """Edits while the block runs.

    Attributes:
        edits: How many were stored.
    """

    def __init__(self, database: Address) -> None:
        self.edits = 0
        self._database = database
        self._enough = threading.Event()
        self._rules: dict[str, Rule] = {}
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rule-churn", daemon=True)

    def __enter__(self) -> "RuleChurn":
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_until_evaluated(self, platform: DistributedPlatform, stored: Stored) -> None:
        """Send alerts for every name until those match that have an enabled rule, and no others."""
        wanted = {rule.name for rule in self._rules.values() if rule.enabled}
        deadline = time.monotonic() + EVALUATED_SECONDS_MAX
        while (matched := self._matched(platform, stored)) != wanted:
            if time.monotonic() > deadline:
                raise AssertionError(f"evaluators have rules for {sorted(matched)}, stored are {sorted(wanted)}")
            time.sleep(_LOOK_SECONDS)

    def _matched(self, platform: DistributedPlatform, stored: Stored) -> set[str]:
        """Return the names that match now: one alert for each, and the notifications that came of them."""
        names = {str(uuid4()): name for name in NAMES}
        alerts = [
            {"alert_id": id_, "severity": "LOW", "source": SOURCE, "name": name, "event_ts": int(time.time())}
            for id_, name in names.items()
        ]
        with platform.http() as http:
            answer = http.post("/api/v1/alerts", json=alerts)
        assert answer.status_code == 202, answer.text
        stored.wait_until_settled(seconds_max=EVALUATED_SECONDS_MAX, is_running=platform.are_running)
        # Rules of other clients may be for every source.
        told = {notification_id for (_, notification_id), _ in stored.notifications()}
        return {name for id_, name in names.items() if derive_notification_id(CLIENT_ID, id_) in told}

    def _run(self) -> None:
        try:
            asyncio.run(self._edit())
        except BaseException as error:  # The test raises it.
            self._failure = error

    async def _edit(self) -> None:
        dice = random.Random(1)
        async with open_pools(self._database, size_max=1) as pools:
            await PgClientStore(pools).create(make_client(CLIENT_ID))
            rules = PgRuleStore(pools)
            while not self._enough.is_set():
                name = dice.choice(NAMES)
                rule, now_ms = self._rules.get(name), time.time_ns() // 1_000_000
                if rule is None:
                    new = replace(make_rule(CLIENT_ID), severity="*", source=SOURCE, name=name, updated_at_ms=now_ms)
                    self._rules[name] = await rules.create(new)
                elif dice.random() < _DELETED:
                    await rules.delete(None, rule.rule_id, expected_version=rule.version, now_ms=now_ms)
                    del self._rules[name]
                else:
                    switched = replace(rule, enabled=not rule.enabled, updated_at_ms=now_ms)
                    self._rules[name] = await rules.replace(None, switched, expected_version=rule.version)
                self.edits += 1
                await asyncio.sleep(_PAUSE_SECONDS)
