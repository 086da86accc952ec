"""What the contract suite stands on, each on memory and on real servers."""

from tests.contract.fixtures_catalog import (
    bulk,
    catalog,
    clients,
    cluster_or_memory,
    endpoints,
    history,
    idempotency,
    keys,
    rules,
)
from tests.contract.fixtures_episodes import episode_server, episode_world
from tests.contract.fixtures_pipeline import world
from tests.contract.fixtures_rules import database_of_record, redis_if_wanted, rule_world, servers, shared
from tests.contract.fixtures_stream import log, log_server

__all__ = [
    "bulk",
    "catalog",
    "clients",
    "cluster_or_memory",
    "database_of_record",
    "endpoints",
    "episode_server",
    "episode_world",
    "history",
    "idempotency",
    "keys",
    "log",
    "log_server",
    "redis_if_wanted",
    "rule_world",
    "rules",
    "servers",
    "shared",
    "world",
]
