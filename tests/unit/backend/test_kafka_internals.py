"""The parts of the Kafka library that it does not promise to keep: where they are used, and whether they are there."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, Subscription, SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch
from aiokafka.producer.sender import Sender

import alerting_backend.adapters.kafka.internals
from alerting_backend.adapters.kafka.connection import KafkaAddress

INTERNALS = Path(alerting_backend.adapters.kafka.internals.__file__)

USED = [
    (AIOKafkaConsumer, ["_client", "_coordinator", "_fetcher", "_subscription"]),
    (AIOKafkaClient, ["_wait_on_metadata"]),
    (
        GroupCoordinator,
        [
            *("generation", "member_id", "request_rejoin", "check_errors", "coordinator_dead", "_send_req"),
            *("ensure_coordinator_known", "fetch_committed_offsets"),
        ],
    ),
    (Fetcher, ["_create_fetch_waiter"]),
    (SubscriptionState, ["subscription", "reassignment_in_progress", "fetch_context"]),
    (Subscription, ["assignment"]),
    (Assignment, ["state_value"]),
    (TopicPartitionState, ["has_valid_position", "position"]),
    (AIOKafkaProducer, ["_sender", "_message_accumulator", "client"]),
    (Sender, ["sender_task"]),
    (MessageAccumulator, ["fail_all", "_batches", "_pending_batches"]),
    (MessageBatch, ["future", "_drain_waiter"]),
]


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, names in USED for name in names])
def test_the_library_has_the_part_that_is_used(owner: type[Any], name: str) -> None:
    is_there = (
        hasattr(owner, name)
        or f"self.{name} =" in inspect.getsource(owner)
        or f"self.{name}:" in (inspect.getsource(owner))
    )
    assert is_there, f"aiokafka {version('aiokafka')} has no {owner.__name__}.{name} any more: mend {INTERNALS.name}"


def test_one_connection_can_be_opened_with_all_that_leads_to_a_cluster() -> None:
    taken = set(inspect.signature(create_conn).parameters)
    address = KafkaAddress("broker:9092", security_protocol="SASL_SSL", sasl_username="u", sasl_password="p")
    not_of_one = {"bootstrap_servers", "retry_backoff_ms", "metadata_max_age_ms"}
    assert set(address.log_in()) - not_of_one <= taken


def test_no_other_file_uses_what_the_library_keeps_to_itself() -> None:
    found = [
        f"{path.name}:{node.lineno} {node.attr}"
        for path in sorted(INTERNALS.parent.glob("*.py"))
        if path != INTERNALS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
        if not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
    ]
    assert found == []


def test_the_test_of_uses_knows_every_name_in_that_file() -> None:
    tree = ast.parse(INTERNALS.read_text(encoding="utf-8"))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")}
    assert used - {"_consumer"} <= {name for _, names in USED for name in names}
