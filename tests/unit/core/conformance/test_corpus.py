"""Every Python gives the answers that were written down, byte for byte: CPython's and the browser's.

`python tests/unit/core/conformance/test_corpus.py` writes them down anew: only when they are meant to change.
"""

import json
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pytest

from alerting_core.conformance.corpus import alerts, notifications, rules
from alerting_core.conformance.sections import CASE_DIGEST_BYTES, SECTIONS, digest, digests

GOLDEN: Final = Path(__file__).with_name("golden.json")


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, str]]:
    return digests()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_answered_as_written_down(found: dict[str, dict[str, str]], section: str) -> None:
    wanted, has = json.loads(GOLDEN.read_text())["sections"][section], found[section]
    pairs = zip_longest(one_by_one(wanted["each"]), one_by_one(has["each"]))
    assert [number for number, (one, other) in enumerate(pairs) if one != other] == [], "these cases have other bytes"
    assert has == wanted


def one_by_one(each: str) -> list[str]:
    step = 2 * CASE_DIGEST_BYTES
    return [each[start : start + step] for start in range(0, len(each), step)]


def test_one_digest_stands_for_all(found: dict[str, dict[str, str]]) -> None:
    assert digest(found) == json.loads(GOLDEN.read_text())["digest"]


def test_the_corpus_holds_what_it_is_for(found: dict[str, dict[str, str]]) -> None:
    assert len(alerts()) > 150
    assert len(rules()) > 250
    assert len(notifications()) > 30
    assert {section: int(one["cases"]) > 90 for section, one in found.items()} == dict.fromkeys(SECTIONS, True)


if __name__ == "__main__":
    sections = digests()
    GOLDEN.write_text(json.dumps({"digest": digest(sections), "sections": sections}, indent=1) + "\n")
