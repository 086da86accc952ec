"""What the playground is for: the worst that can happen, while one watches."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.simulated import Simulated
from tests.browser.sites import Site
from tests.support.browser import WatchedPage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

KILLS: Final = 3
HOLDS: Final = re.compile(r"^\D*0\s+holds")
BROKEN: Final = re.compile(r"[1-9]\d*\s+broken")
ALERTS_AFTERWARDS: Final = 200
"""How many alerts come in after the last fault, so that what it has set off has come to its end."""


@pytest.fixture
def opened(playground_site: Site) -> Iterator[WatchedPage]:
    """A run of its own, at its beginning."""
    with playground_site.open("/simulation") as page:
        Simulated(page.tab).set_speed("5×")
        yield page


def test_killing_the_aggregator_between_insert_and_commit_loses_and_doubles_nothing(opened: WatchedPage) -> None:
    simulated = Simulated(opened.tab)
    lost, doubled = simulated.check("Lost"), simulated.check("Doubled")
    for kill in range(1, KILLS + 1):
        simulated.press("Kill aggregator-1 before it commits")
        expect(simulated.figure("Kills")).to_have_text(str(kill))
        # It comes back, goes on with what it had in hand, and can be killed again.
        expect(opened.tab.get_by_role("button", name="Kill aggregator-1 before it commits")).to_be_enabled()
        simulated.wait_for_alerts(ALERTS_AFTERWARDS)
        expect(lost).to_have_text(HOLDS)
        expect(doubled).to_have_text(HOLDS)
    totals = simulated.totals()
    assert totals["kills"] == KILLS
    assert totals["notifications"] > 0
    checks = {check["check"]: check for check in simulated.snapshot()["checks"]}
    assert {name: checks[name]["count"] for name in ("lost", "doubled", "order", "poison")} == {
        "lost": 0, "doubled": 0, "order": 0, "poison": 0,
    }  # fmt: skip


def test_with_commit_first_the_same_kill_turns_the_check_red_and_a_new_run_turns_it_back(opened: WatchedPage) -> None:
    simulated, tab = Simulated(opened.tab), opened.tab
    switch = tab.get_by_role("switch", name="Commit first, then work")
    switch.click(force=True)
    expect(tab.get_by_text("Alerts can get lost now")).to_be_visible()
    simulated.press("Kill aggregator-1 before it commits")
    expect(simulated.check("Lost")).to_have_text(BROKEN)
    expect(simulated.check("Lost")).to_have_attribute("data-tone", "bad")
    expect(simulated.check("Order of commits")).to_have_text(BROKEN)

    simulated.press("Work first again")
    simulated.press("Start anew, work first")
    expect(simulated.check("Lost")).to_have_text(HOLDS)
    expect(simulated.check("Order of commits")).to_have_text(HOLDS)


def test_a_shared_link_leads_to_the_same_run_number_by_number_at_each_visit(
    opened: WatchedPage, playground_site: Site
) -> None:
    simulated = Simulated(opened.tab)
    simulated.press("Kill aggregator-1 before it commits")
    expect(simulated.figure("Kills")).to_have_text("1")
    simulated.press("Take Redis away for 5 s")
    simulated.wait_for_alerts(ALERTS_AFTERWARDS)
    simulated.pause()
    link, digest = simulated.share()
    figures, snapshot = simulated.figures(), simulated.snapshot()
    assert snapshot["digest"] == digest

    with playground_site.open() as page:
        shared = Simulated(page.tab)
        for visit in ("opened", "reloaded"):
            if visit == "opened":
                page.tab.goto("about:blank")
                page.tab.goto(link)
            else:
                page.tab.reload()
            shared.set_speed("Max")
            expect(page.tab.get_by_text("The same run, number by number")).to_be_visible()
            expect(shared.figure("Speed reached")).to_have_text("paused")
            assert shared.figures() == figures, visit
            assert comparable(shared.snapshot()) == comparable(snapshot), visit


def test_a_shared_link_that_was_changed_is_refused_with_the_reason_when_it_is_opened(
    opened: WatchedPage, playground_site: Site
) -> None:
    simulated = Simulated(opened.tab)
    simulated.wait_for_alerts(1)
    simulated.pause()
    link, _ = simulated.share()
    # The checksum of the link finds the one, that of the scenario in a link without a checksum the other.
    for name, where in (("s", link), ("s", re.sub(r"c=\w+&", "", link)), ("d", link)):
        begin = where.index(f"{name}=") + 8
        changed = where[:begin] + "".join("7" if each != "7" else "8" for each in where[begin : begin + 10])
        with playground_site.open() as page:
            page.tab.goto("about:blank")
            page.tab.goto(changed + where[begin + 10 :])
            notice = page.tab.get_by_role("alert").filter(has_text="This link could not be taken")
            expect(notice).to_contain_text("the link is damaged")
            expect(page.tab.get_by_text("A shared run is replayed")).to_have_count(0)


def comparable(snapshot: dict[str, object]) -> dict[str, object]:
    """Leave out how many runs this tab has seen before."""
    return {name: value for name, value in snapshot.items() if name != "generation"}
