"""A server is stopped for ten seconds while alerts come in, and started again: nothing is lost, all is delivered."""

import signal
import time
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from alerting_backend.runtime.listening import EXIT_AT_ONCE
from tests.support.command_process import CommandProcess
from tests.support.distributed import DistributedPlatform, Servers
from tests.support.loader import Loader
from tests.support.patience import END_SECONDS_MAX
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences, lost_or_unknown

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.alone]

OUTAGE_SECONDS = 10.0
BEFORE_AND_AFTER_WEBHOOKS = 500


@pytest.mark.timeout(400)
def test_ten_seconds_without_kafka_or_redis_or_postgres_lose_nothing(
    three_servers: Servers,
    platform: DistributedPlatform,
    stored: StoredApart,
    world: VariedWorld,
    receiver: Receiver,
    new_loader: Callable[[], Loader],
) -> None:
    platform.start()
    loader = new_loader()
    loader.start()
    told = []
    for server in (three_servers.redis, three_servers.postgres, three_servers.kafka):
        enough = receiver.arrived + BEFORE_AND_AFTER_WEBHOOKS
        receiver.wait_for(lambda enough=enough: receiver.arrived >= enough, what="webhooks before")
        server.stop()
        before = receiver.arrived
        time.sleep(OUTAGE_SECONDS)
        during = receiver.arrived - before
        server.start()
        back = time.monotonic()
        enough = receiver.arrived + BEFORE_AND_AFTER_WEBHOOKS
        receiver.wait_for(lambda enough=enough: receiver.arrived >= enough, what="webhooks after")
        told.append(
            f"{type(server).__name__}: {during:,} webhooks meanwhile, {BEFORE_AND_AFTER_WEBHOOKS:,} more within"
            f" {time.monotonic() - back:.1f} s"
        )
    loader.finish()
    stored.wait_until_settled(is_running=platform.are_running)

    expected = world.expected_of(loader.accepted, over_at_once=stored.over_at_once())
    assert differences(stored, loader.accepted, expected) == []
    arrivals = receiver.counts()
    assert lost_or_unknown(arrivals, expected) == []
    extra = arrivals - Counter(expected.told)
    assert [part.name for part in platform.all_parts() if part.stop(signal.SIGTERM) != 0] == []
    print(
        f"\n{len(loader.accepted):,} alerts, {len(expected.told):,} webhooks, {extra.total():,} sent again\n"
        + "\n".join(told)
    )


@pytest.mark.timeout(120)
def test_a_worker_waits_for_what_is_away_when_it_starts_and_says_so(
    three_servers: Servers, platform: DistributedPlatform, world: VariedWorld
) -> None:
    three_servers.redis.stop()
    rule_updater = platform.add("rule-updater")
    rule_updater.wait_until(lambda: _waits_for(rule_updater, "redis"), what="to say that Redis is away")
    rule_updater.wait_until(
        lambda: {event["dependency"] for event in rule_updater.events("dependency_ready")} == {"kafka", "postgres"},
        what="to say that the others are there",
    )
    rule_updater.serves_at(rule_updater.events("worker_started")[0]["url"])
    failing = [check["name"] for check in rule_updater.readiness()["checks"] if not check["ok"]]
    assert failing == ["redis", "worker"]
    three_servers.redis.start()
    rule_updater.wait_until_ready()
    assert rule_updater.stop(signal.SIGTERM) == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["relay", "api"])
def test_a_process_that_waits_for_its_start_answers_probes_and_ends_when_it_is_told_to(
    platform: DistributedPlatform, name: str
) -> None:
    part = platform.add(name, ALERTING_KAFKA_BROKERS="127.0.0.1:1")
    part.wait_until(lambda: _waits_for(part, "kafka"), what="to say that Kafka is away")
    part.serves_at(next(event["url"] for event in part.events() if event["event"].endswith("_started")))
    assert httpx.get(f"{part.url}/healthz", trust_env=False).status_code == 200
    assert part.ready_code() == 503
    assert "kafka" in [check["name"] for check in part.readiness()["checks"] if not check["ok"]]
    assert part.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0


def test_a_second_signal_ends_a_process_at_once(three_servers: Servers, platform: DistributedPlatform) -> None:
    platform.start("aggregator")
    aggregator = platform.of("aggregator")
    # Leaving the group takes its time now.
    three_servers.kafka.pause()
    try:
        aggregator.interrupt(signal.SIGTERM)
        aggregator.wait_until(lambda: bool(aggregator.events("worker_stopping")), what="to begin to end")
        assert aggregator.stop(signal.SIGTERM) == EXIT_AT_ONCE
    finally:
        three_servers.kafka.resume()


def _waits_for(part: CommandProcess, dependency: str) -> bool:
    return any(event["dependency"] == dependency for event in part.events("dependency_waiting"))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("away", ["kafka", "postgres"])
def test_every_process_ends_in_time_although_a_server_is_away(
    three_servers: Servers,
    platform: DistributedPlatform,
    new_loader: Callable[[], Loader],
    receiver: Receiver,
    away: str,
) -> None:
    platform.start()
    loader = new_loader()
    loader.start()
    receiver.wait_for(lambda: receiver.arrived > 200, what="webhooks")
    getattr(three_servers, away).stop()
    begun = time.monotonic()
    for part in platform.all_parts():
        part.interrupt(signal.SIGTERM)
    took = {}
    for part in platform.all_parts():
        assert part.wait(seconds_max=END_SECONDS_MAX) == 0, part.output()[-4_000:]
        took[part.name] = time.monotonic() - begun
    loader.give_up()
    print(f"\nwithout {away}: {', '.join(f'{name} {seconds:.1f} s' for name, seconds in took.items())}")
