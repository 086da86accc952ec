"""Messages go from Go's implementation of protobuf to the core and back. See tests/golden/README.md."""

import json

import pytest

from tests.golden.cases import GOLDEN, Golden

each_message = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)


@each_message
def test_what_go_has_written_is_read_here(golden: Golden) -> None:
    assert golden.decode(golden.written_by_go.read_bytes()) == golden.value()


@each_message
def test_what_is_written_here_was_read_by_go(golden: Golden) -> None:
    assert golden.encode() == golden.written_by_core.read_bytes()
    assert json.loads(golden.read_by_go.read_bytes()) == golden.known_fields()


def test_every_message_of_the_contract_is_among_them() -> None:
    assert {golden.message for golden in GOLDEN} == {"AlertNew", "AlertMatched", "RuleChanged", "NotificationReady"}
