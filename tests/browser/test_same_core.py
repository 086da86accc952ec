"""The browser's Python decides as ours does."""

import json

import pytest

from alerting_playground.main import conformance
from tests.browser.sites import Site
from tests.browser.world import ask_worker

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_conformance_corpus_gives_equal_digests_here_and_in_the_browser(playground_site: Site) -> None:
    here = json.loads(conformance())
    with playground_site.open("/simulation") as page:
        there = json.loads(ask_worker(page.tab, type="call", call="conformance", text="")["text"])
    assert there == here
    assert sum(section["cases"] for section in here["sections"].values()) > 1_000
