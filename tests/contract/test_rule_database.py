"""Each promise of `RuleDatabase`."""

from dataclasses import replace

from alerting_core.domain.rule import Rule
from tests.contract.fixtures_rules import DatabaseOfRecord
from tests.support.catalog import NOW_MS, make_client, make_rule


async def add_rule(record: DatabaseOfRecord, client_id: str = "acme", *, enabled: bool = True) -> Rule:
    """Store a rule of a client that is there."""
    return await record.catalog.rules.create(make_rule(client_id, enabled=enabled))


async def test_every_client_that_was_asked_for_comes_with_its_enabled_rules(
    database_of_record: DatabaseOfRecord,
) -> None:
    record = database_of_record
    for client_id in ("acme", "globex", "initech"):
        await record.catalog.clients.create(make_client(client_id))
    rule = await add_rule(record)
    await add_rule(record, enabled=False)
    await add_rule(record, "globex", enabled=False)
    await add_rule(record, "initech")
    read = await record.rule_database.rules_of(["acme", "globex", "nobody"])
    assert {client_id: list(rules) for client_id, rules in read.by_client.items()} == {
        "acme": [rule],
        "globex": [],
        "nobody": [],
    }
    assert (await record.rule_database.rules_of([])).by_client == {}


async def test_a_later_reading_has_a_larger_number_when_something_changed(
    database_of_record: DatabaseOfRecord,
) -> None:
    record = database_of_record
    numbers = [(await record.rule_database.rules_of(["acme"])).as_of]
    await record.catalog.clients.create(make_client())
    rule = await add_rule(record)
    numbers.append((await record.rule_database.rules_of(["acme"])).as_of)
    numbers.append((await record.rule_database.rules_of([])).as_of)
    await record.catalog.rules.replace(None, replace(rule, name="crash"), expected_version=None)
    numbers.append((await record.rule_database.next_clients(None, clients_max=1)).as_of)
    await record.catalog.clients.delete("acme", now_ms=NOW_MS)
    numbers.append((await record.rule_database.rules_of(["acme"])).as_of)
    assert numbers[0] < numbers[1] == numbers[2] < numbers[3] < numbers[4]


async def test_each_client_comes_once_whether_it_has_rules_or_not(database_of_record: DatabaseOfRecord) -> None:
    record = database_of_record
    client_ids = ["acme", "Globex", "initech", "ümlaut", "zeta"]
    for client_id in client_ids:
        await record.catalog.clients.create(make_client(client_id))
    rule = await add_rule(record, "zeta")
    met: dict[str, list[Rule]] = {}
    after = None
    while (read := await record.rule_database.next_clients(after, clients_max=2)).by_client:
        assert len(read.by_client) <= 2
        assert not met.keys() & read.by_client.keys()
        met |= {client_id: list(rules) for client_id, rules in read.by_client.items()}
        after = [*read.by_client][-1]
    assert met == {client_id: [] for client_id in client_ids} | {"zeta": [rule]}
