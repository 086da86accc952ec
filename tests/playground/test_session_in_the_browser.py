"""A link that was shared from one Python gives the same run in another: number by number."""

import json
import subprocess
from random import Random
from typing import Final

import pytest

from alerting_playground import main
from tests.playground.scripts import cuts, script, small_settings
from tests.support.install.alone import install_api_alone
from tests.support.install.place import CHECKOUT
from tests.support.install.pyodide import NODE, pyodide_folder
from tests.support.install.unavailable import Unavailable

RUN_MS: Final = 9_000
RUNNER: Final = CHECKOUT / "tests" / "playground" / "run_session.mjs"


def test_the_browsers_python_makes_the_same_run() -> None:
    dice = Random(20_260_101)
    settings = small_settings(dice) | {"alerts_per_s": 150, "fan_out": 3, "clients": 6}
    scenario = {"version": 1, "seed": 11, "settings": settings, "script": script(dice, deeds=12)}
    started = json.loads(main.start(json.dumps(scenario)))
    assert started["replays_until_ms"] > 0
    main.advance(str(RUN_MS))
    link, here = json.loads(main.share())["text"], json.loads(main.snapshot())
    try:
        sources = [install_api_alone().browser_site, CHECKOUT / "playground" / "bridge"]
        command = [*NODE, RUNNER, pyodide_folder(), *sources]
    except Unavailable as error:
        pytest.skip(f"no Pyodide: {error}")
    slices = map(str, cuts(dice, RUN_MS))
    there = json.loads(subprocess.check_output([*command, link, *slices], text=True))
    assert here["totals"]["notifications"] > 50
    assert there | {"generation": 0} == here | {"generation": 0}
