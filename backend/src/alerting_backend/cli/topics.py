"""`alerting topics`: the topics in Kafka, made and listed."""

import asyncio
from dataclasses import asdict

from alerting_backend.adapters.kafka.topics import TOPICS, create_topics, describe_topics
from alerting_backend.cli.output import ExitCode, report_errors, write_json, write_table
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import kafka_address
from alerting_backend.workers.dependencies import Dependency, require


def run_create(settings: Settings, *, partitions: int, keep_ms: int, dead_letters_keep_ms: int, as_json: bool) -> None:
    """Make the topics that are not there yet, and say which."""
    with report_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, needed_by="alerting topics")
        made = asyncio.run(
            create_topics(
                kafka_address(settings),
                partitions=partitions,
                keep_ms=keep_ms,
                dead_letters_keep_ms=dead_letters_keep_ms,
            )
        )
    if as_json:
        write_json({"created": list(made), "there_already": [topic for topic in TOPICS if topic not in made]})
    elif made:
        print(f"created {', '.join(made)}, with {partitions} partitions each")
    else:
        print("all topics are there already; nothing was changed")


def run_list(settings: Settings, *, as_json: bool) -> None:
    """Show the topics as they are; ends with 1 when one is missing or cannot be used."""
    with report_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, needed_by="alerting topics")
        address = kafka_address(settings)
        found = {state.name: state for state in asyncio.run(describe_topics(address))}
    missing = [topic for topic in TOPICS if topic not in found]
    if as_json:
        write_json({"topics": [asdict(state) for state in found.values()], "missing": missing})
    else:
        rows = [
            (address.name(topic), "-", "-", "missing: alerting topics create", "")
            if topic in missing
            else (
                address.name(topic),
                str(found[topic].partitions),
                str(found[topic].replicas),
                _kept(found[topic].keep_ms),
                f"{found[topic].leaderless} partitions without a leader" if found[topic].leaderless else "",
            )
            for topic in TOPICS
        ]
        write_table(["topic", "partitions", "replicas", "kept", ""], rows)
    if missing or any(state.leaderless for state in found.values()):
        raise SystemExit(ExitCode.FAILED)


def _kept(keep_ms: int) -> str:
    return "for ever" if keep_ms < 0 else f"{keep_ms / 3_600_000:,.0f} h"
