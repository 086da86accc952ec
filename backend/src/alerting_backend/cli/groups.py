"""The commands that have commands of their own, `alerting dlq …` and `alerting topics …`, and options of them all."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from alerting_backend.cli.output import ExitCode, fail, report_errors
from alerting_backend.settings import Settings, read_settings
from alerting_core.generator.config import read_duration_ms

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def settings_of_environment(*, as_json: bool, url: str | None = None, key: str | None = None) -> Settings:
    """Return what the environment sets, the one place that looks at it, with options in place of some."""
    with report_errors(as_json=as_json):
        environment = dict(os.environ)
        environment |= {name: value for name, value in (("ALERTING_URL", url), ("ALERTING_KEY", key)) if value}
        return read_settings(environment)


dlq: Final = typer.Typer(
    help="Look at records that were refused, and try them again.", no_args_is_help=True, context_settings=CONTEXT
)
topics: Final = typer.Typer(help="The topics in Kafka.", no_args_is_help=True, context_settings=CONTEXT)

OfTopic = Annotated[str | None, typer.Option("--topic", help="Only those of this topic, such as alerts.new.")]
WithReason = Annotated[str | None, typer.Option("--reason", help="Only those whose reason holds this text.")]


@dlq.command("list")
def dlq_list(
    topic: OfTopic = None,
    reason: WithReason = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, with why they were refused."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.dlq import DeadLetterFilter, list_dead_letters

    list_dead_letters(settings, DeadLetterFilter(topic, reason), limit=limit, as_json=as_json)


@dlq.command("show")
def dlq_show(
    letter: Annotated[str, typer.Argument(help="As listed: topic/partition/offset.")], as_json: AsJson = False
) -> None:
    """Show one dead letter with all that is in it."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.dlq import show_dead_letter

    show_dead_letter(settings, letter, as_json=as_json)


@dlq.command("replay")
def dlq_replay(
    letters: Annotated[list[str] | None, typer.Argument(help="As listed; or use the options.")] = None,
    topic: OfTopic = None,
    reason: WithReason = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Repair a field first, as alert_id=a-1 or context.team=blue."),
    ] = None,
    value_file: Annotated[
        Path | None, typer.Option(help="Repair the letter as a whole: a file with the bytes of the message.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish dead letters to where they came from, and take them out."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.dlq import DeadLetterFilter, read_repair, replay_dead_letters

    if bool(letters) == bool(topic or reason or everything):
        detail = "name dead letters, or choose them by --topic and --reason, or --all"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    repair = read_repair(assignments or [], value_file, as_json=as_json)
    replay_dead_letters(
        settings, letters or [], DeadLetterFilter(topic, reason), repair, dry_run=dry_run, as_json=as_json
    )


@topics.command("create")
def topics_create(
    partitions: Annotated[int, typer.Option(min=1, max=1_000, help="Of each: so many processes share its work.")] = 6,
    retention: Annotated[str, typer.Option(help="How long records are kept.")] = "168h",
    dlq_retention: Annotated[str, typer.Option(help="How long dead letters are kept.")] = "720h",
    as_json: AsJson = False,
) -> None:
    """Make the topics that are not there yet; those that are there stay as they are."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.servers import run_create

    run_create(
        settings,
        partitions=partitions,
        keep_ms=_duration_ms("--retention", retention, as_json=as_json),
        dead_letters_keep_ms=_duration_ms("--dlq-retention", dlq_retention, as_json=as_json),
        as_json=as_json,
    )


@topics.command("list")
def topics_list(as_json: AsJson = False) -> None:
    """Show the topics, and which are missing."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.servers import run_list

    run_list(settings, as_json=as_json)


def _duration_ms(option: str, value: str, *, as_json: bool) -> int:
    read = read_duration_ms("", value)
    if not isinstance(read, int):
        fail(f"{option} {read.detail}", code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    return read
