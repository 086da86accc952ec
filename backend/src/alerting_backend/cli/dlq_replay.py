"""`alerting dlq replay`: dead letters published to where they came from, as they are or mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from alerting_backend.cli.dlq import DeadLetterFilter, find, place_of, with_dead_letters
from alerting_backend.cli.output import ExitCode, fail, write_json
from alerting_backend.settings import Settings
from alerting_core.app.dead_letters import STILL_REFUSED, Repair
from alerting_core.errors import Problem
from alerting_core.ports.operations import REPLAY_BATCH_MAX, DeadLetter, DeadLetterStore


def read_repair(assignments: Sequence[str], value_file: Path | None, *, as_json: bool) -> Repair:
    """Return what the options say of how a letter is mended, or end the command."""
    fields: dict[str, str] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            _usage(f"--set {assignment!r} is no assignment: write it as NAME=VALUE", as_json=as_json)
        fields[name] = text
    if fields and value_file is not None:
        _usage("mend by --set or by --value-file, not by both", as_json=as_json)
    try:
        return Repair(fields, None if value_file is None else value_file.read_bytes())
    except OSError as error:
        _usage(f"--value-file {value_file}: {error.strerror}", as_json=as_json)


@dataclass(slots=True)
class _Outcome:
    """What was done. `problems` are why a mended letter was not replayed."""

    chosen: int = 0
    replayed: int = 0
    cut: int = 0
    problems: Sequence[Problem] = ()


def replay_dead_letters(
    settings: Settings,
    letter_ids: Sequence[str],
    wanted: DeadLetterFilter,
    repair: Repair,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Publish letters to where they came from: those named, one of them perhaps mended, or all that are wanted."""
    places = [place_of(letter_id, as_json=as_json) for letter_id in letter_ids]
    if repair.is_needed and len(places) != 1:
        _usage("name the one dead letter that is to be mended", as_json=as_json)

    async def work(letters: DeadLetterStore) -> _Outcome:
        if places:
            named = [await letters.get(topic, place) for topic, place in places]
            chosen = [letter for letter in named if letter is not None]
        else:
            chosen = [letter async for letter in find(letters, wanted)]
        return await _replay(letters, chosen, repair, dry_run=dry_run)

    outcome = with_dead_letters(settings, work, as_json=as_json)
    missing = len(places) - outcome.chosen if places else 0
    if outcome.problems:
        lines = [f"{problem.path} {problem.detail}".strip() for problem in outcome.problems]
        lines.append(STILL_REFUSED)
        fail(STILL_REFUSED, code="still-refused", exit_code=ExitCode.REFUSED, lines=lines, as_json=as_json)
    _report(outcome, missing=missing, dry_run=dry_run, as_json=as_json)
    if missing:
        detail = f"{missing} of the dead letters named are not there (any more)"
        fail(detail, code="not-found", exit_code=ExitCode.FAILED, as_json=as_json)
    if outcome.cut:
        detail = (
            f"{outcome.cut:,} of the dead letters cannot be replayed: only the beginning of a record that was too large"
            " was kept (dlq-truncated); give the whole of it by --value-file"
        )
        # Who asks for all there are gets all that can be; who names one does not get it.
        if places:
            fail(detail, code="truncated", exit_code=ExitCode.REFUSED, as_json=as_json)
        if not as_json:
            print(detail)


async def _replay(letters: DeadLetterStore, chosen: Sequence[DeadLetter], repair: Repair, *, dry_run: bool) -> _Outcome:
    outcome = _Outcome(chosen=len(chosen))
    if repair.is_needed:
        repaired = [repair.of_letter(letter) for letter in chosen]
        outcome.problems = [problem for one in repaired if isinstance(one, tuple) for problem in one]
        chosen = [one for one in repaired if isinstance(one, DeadLetter)]
    outcome.cut = sum(not letter.is_whole for letter in chosen)
    if dry_run:
        return outcome
    for topic in sorted({letter.topic for letter in chosen}):
        of_topic = [letter for letter in chosen if letter.topic == topic]
        for first in range(0, len(of_topic), REPLAY_BATCH_MAX):
            outcome.replayed += await letters.replay(of_topic[first : first + REPLAY_BATCH_MAX])
    return outcome


def _report(outcome: _Outcome, *, missing: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        done = {"chosen": outcome.chosen, "replayed": outcome.replayed, "missing": missing, "cut": outcome.cut}
        write_json(done | {"dry_run": dry_run})
    elif dry_run:
        print(f"would replay {outcome.chosen - outcome.cut:,} dead letters")
    else:
        print(f"replayed {outcome.replayed:,} dead letters; what is still wrong with one brings it back here")


def _usage(detail: str, *, as_json: bool) -> NoReturn:
    fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
