"""`alerting dlq`: dead letters, listed, looked at, and replayed as they are or mended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from alerting_backend.adapters.kafka.dead_letters import KafkaDeadLetterStore
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_backend.adapters.postgres.stream import dead_letters, stream
from alerting_backend.cli import output, servers
from alerting_backend.settings import Settings
from alerting_backend.wiring.kafka import kafka_address
from alerting_core.app.dead_letters import STILL_REFUSED, Repair, fields_of
from alerting_core.errors import Problem
from alerting_core.ports.operations import BEFORE_ALL, REPLAY_BATCH_MAX, DeadLetter, DeadLetterStore, RecordId, place_in
from alerting_core.ports.stream import DLQ_SUFFIX

T = TypeVar("T")

SHOWN_BYTES_MAX: Final = 2_000
"""Of one value, for people: a screenful."""


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters: of one topic or of all, whose reason holds a text."""

    topic: str | None = None
    reason: str | None = None

    def has(self, letter: DeadLetter) -> bool:
        """Whether *letter* is one of them."""
        return self.reason is None or self.reason.lower() in letter.reason.lower()

    def topics(self, known: Sequence[str]) -> Sequence[str]:
        """Return which of the *known* dead-letter topics to look at."""
        if self.topic is None:
            return known
        return [topic for topic in known if topic.removesuffix(DLQ_SUFFIX) == self.topic.removesuffix(DLQ_SUFFIX)]


def list_dead_letters(settings: Settings, wanted: DeadLetterFilter, *, limit: int, as_json: bool) -> None:
    """Write what is there."""

    async def work(letters: DeadLetterStore) -> tuple[dict[str, int], list[DeadLetter]]:
        counts = dict(await letters.counts())
        found: list[DeadLetter] = []
        async for letter in find(letters, wanted):
            found.append(letter)
            if len(found) > limit:
                break
        return counts, found

    counts, found = with_dead_letters(settings, work, as_json=as_json)
    shown = found[:limit]
    if as_json:
        output.write_json(
            {"topics": counts, "items": [_as_json(letter) for letter in shown], "more": len(found) > limit}
        )
        return
    if not shown:
        print("no dead letters" + (" like that" if counts else ""))
        return
    rows = [
        (letter.id, _source(letter), _time(letter.refused_at_ms), str(letter.replays or ""), letter.reason)
        for letter in shown
    ]
    output.write_table(["dead letter", "refused at", "time", "replayed", "reason"], rows)
    if len(found) > limit:
        print(f"and more: there are {sum(counts.values()):,} in all; --limit shows more of them")


def show_dead_letter(settings: Settings, letter_id: str, *, as_json: bool) -> None:
    """Write one letter with all that is in it."""
    topic, place = place_of(letter_id, as_json=as_json)
    letter = with_dead_letters(settings, lambda letters: letters.get(topic, place), as_json=as_json)
    if letter is None:
        output.fail(
            f"there is no dead letter {letter_id}", code="not-found", exit_code=output.ExitCode.FAILED, as_json=as_json
        )
    if as_json:
        whole = {"key": _text(letter.key), "value": _text(letter.value), "value_hex": letter.value.hex()}
        output.write_json(_as_json(letter) | whole | {"fields": [list(field) for field in fields_of(letter)]})
        return
    rows = [
        ("refused at", _source(letter)),
        ("time", _time(letter.refused_at_ms)),
        ("replayed", f"{letter.replays} times" if letter.replays else "never"),
        ("reason", letter.reason),
        ("key", _text(letter.key)),
        *((f"header {name}", _text(value)) for name, value in letter.headers),
        ("value", f"{len(letter.value):,} bytes" + ("" if letter.is_whole else ", the beginning of a larger one")),
        ("", _text(letter.value[:SHOWN_BYTES_MAX])),
        *((f"field {name}", _text(text.encode()[:SHOWN_BYTES_MAX])) for name, text in fields_of(letter)),
    ]
    output.write_table(["", letter.id], rows)


async def find(letters: DeadLetterStore, wanted: DeadLetterFilter) -> AsyncIterator[DeadLetter]:
    """Yield those that are wanted, topic by topic."""
    for topic in wanted.topics(list(await letters.counts())):
        after = BEFORE_ALL
        while page := await letters.page(topic, after=after, limit=REPLAY_BATCH_MAX):
            for letter in page:
                if wanted.has(letter):
                    yield letter
            after = page[-1].place


def with_dead_letters(settings: Settings, work: Callable[[DeadLetterStore], Awaitable[T]], *, as_json: bool) -> T:
    """Return what *work* returns of the dead letters that the settings lead to."""

    async def run() -> T:
        async with _letters(settings) as letters:
            return await work(letters)

    if settings.kafka_brokers is None and not servers.has_database(settings):
        detail = f"there is no database in {settings.data_dir}: set ALERTING_DATA_DIR to the folder of the platform"
        output.fail(detail, code="no-database", exit_code=output.ExitCode.UNAVAILABLE, as_json=as_json)
    with output.report_errors(as_json=as_json):
        return asyncio.run(run())


@asynccontextmanager
async def _letters(settings: Settings) -> AsyncIterator[DeadLetterStore]:
    if settings.kafka_brokers is not None:
        address = kafka_address(settings)
        sink = KafkaSink(address)
        try:
            yield KafkaDeadLetterStore(address, sink)
        finally:
            await sink.close()
        return
    async with servers.reach_database(settings) as database, open_pools(database, size_max=2) as pools:
        yield dead_letters.PgDeadLetterStore(stream.PgLog(pools.worker))


def place_of(letter_id: str, *, as_json: bool) -> tuple[str, RecordId]:
    """Return the topic and the place that an id names, or end the command."""
    place = place_in(letter_id)
    if place is None:
        detail = f"{letter_id!r} names no dead letter: write it as `alerting dlq list` does, topic/partition/offset"
        output.fail(detail, code="invalid-input", exit_code=output.ExitCode.USAGE, as_json=as_json)
    return place


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    topic, partition, offset = letter.source
    return {
        "id": letter.id,
        "source": {"topic": topic, "partition": partition, "offset": offset},
        "reason": letter.reason,
        "refused_at": _time(letter.refused_at_ms),
        "bytes": len(letter.value),
        "is_whole": letter.is_whole,
        "replays": letter.replays,
    }


def _source(letter: DeadLetter) -> str:
    topic, partition, offset = letter.source
    return f"{topic}/{partition}/{offset}"


def _text(raw: bytes) -> str:
    return output.shown(raw.decode(errors="backslashreplace"))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
        output.fail(
            STILL_REFUSED, code="still-refused", exit_code=output.ExitCode.REFUSED, lines=lines, as_json=as_json
        )
    _report(outcome, missing=missing, dry_run=dry_run, as_json=as_json)
    if missing:
        detail = f"{missing} of the dead letters named are not there (any more)"
        output.fail(detail, code="not-found", exit_code=output.ExitCode.FAILED, as_json=as_json)
    if outcome.cut:
        detail = (
            f"{outcome.cut:,} of the dead letters cannot be replayed: only the beginning of a record that was too large"
            " was kept (dlq-truncated); give the whole of it by --value-file"
        )
        # Who asks for all there are gets all that can be; who names one does not get it.
        if places:
            output.fail(detail, code="truncated", exit_code=output.ExitCode.REFUSED, as_json=as_json)
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
        output.write_json(done | {"dry_run": dry_run})
    elif dry_run:
        print(f"would replay {outcome.chosen - outcome.cut:,} dead letters")
    else:
        print(f"replayed {outcome.replayed:,} dead letters; what is still wrong with one brings it back here")


def _usage(detail: str, *, as_json: bool) -> NoReturn:
    output.fail(detail, code="invalid-input", exit_code=output.ExitCode.USAGE, as_json=as_json)
