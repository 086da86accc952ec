"""The commands and their options. What each does is in a module beside this one, imported when it is typed."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from alerting_backend.cli.output import ExitCode, fail, report_errors
from alerting_backend.settings import Settings, read_settings
from alerting_core.generator.config import NAME_DIST, SEVERITY_DIST, SOURCE_DIST, GeneratorConfig, read_duration_ms
from alerting_core.generator.testdata import SIZES, Dataset
from alerting_core.stages.batch import WorkerKind

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def settings_of_environment(*, as_json: bool, url: str | None = None, key: str | None = None) -> Settings:
    """Return what the environment sets, the one place that looks at it, with options in place of some."""
    with report_errors(as_json=as_json):
        environment = dict(os.environ)
        environment |= {name: value for name, value in (("ALERTING_URL", url), ("ALERTING_KEY", key)) if value}
        return read_settings(environment)


app: Final = typer.Typer(
    name="alerting",
    help="Alerts in, matched against the rules of every client, notifications out.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong use, 3 something is away, 4 refused so that nothing is harmed, "
    "5 nothing matches.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)

Url = Annotated[str | None, typer.Option(help="The platform to call; else ALERTING_URL.", show_default=False)]
Key = Annotated[str | None, typer.Option(help="The API key to call it with; else ALERTING_KEY.", show_default=False)]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"alerting {version('alerting-backend')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def up(as_json: AsJson = False) -> None:
    """Run the whole platform in this process, with its own database."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.up import run_up

    run_up(settings, as_json=as_json)


@app.command()
def worker(
    kind: Annotated[
        WorkerKind,
        typer.Argument(metavar="NAME", help="evaluator, aggregator, sender, rule-updater, relay or recorder."),
    ],
    as_json: AsJson = False,
) -> None:
    """Run one worker of the distributed mode.

    They stand on Kafka, Redis and Postgres.
    """
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.processes import run_worker_command

    run_worker_command(kind, settings, as_json=as_json)


@app.command()
def api(as_json: AsJson = False) -> None:
    """Serve the API of the distributed mode.

    Alerts go to Kafka, for the workers; everything else is in Postgres.
    """
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.processes import run_api_command

    run_api_command(settings, as_json=as_json)


@app.command("settings")
def show_settings(as_json: AsJson = False) -> None:
    """Show every setting as it is in effect; secrets are masked."""
    from alerting_backend.cli.servers import write_settings

    write_settings(settings_of_environment(as_json=as_json), as_json=as_json)


@app.command()
def migrate(
    status: Annotated[bool, typer.Option("--status", help="Only say what was applied and what is pending.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the schema of the database up to date."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.servers import run_migrate, show_status

    (show_status if status else run_migrate)(settings, as_json=as_json)


@app.command()
def send(
    source: Annotated[str, typer.Option(help="The system that reports.", show_default=False)],
    name: Annotated[str, typer.Option(help="What happened.", show_default=False)],
    severity: Annotated[str, typer.Option(help="In any case.")] = "HIGH",
    context: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A label; may be repeated.", show_default=False)
    ] = None,
    annotation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="As summary=… or runbook_url=…; may be repeated.", show_default=False),
    ] = None,
    alert_id: Annotated[str | None, typer.Option(help="Of an event; else one is made.", show_default=False)] = None,
    dedup_key: Annotated[
        str | None,
        typer.Option(help="What an alert is known by that fires until it is resolved.", show_default=False),
    ] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="It is over; needs --dedup-key.")] = False,
    starts_at: Annotated[
        str | None, typer.Option(help="Since when it fires, as 2026-01-02T03:04:05Z; else now.", show_default=False)
    ] = None,
    ends_at: Annotated[
        str | None,
        typer.Option(help="Until when it fires unless it is sent again, or when it ended.", show_default=False),
    ] = None,
    client: Annotated[
        str | None, typer.Option(help="Private to this client; else shared by all.", show_default=False)
    ] = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send one alert: an event, or with --dedup-key one that fires and is resolved later."""
    settings = settings_of_environment(as_json=as_json, url=url, key=key)
    from alerting_backend.cli.alerts import read_assignments, run_send

    alert = {
        "severity": severity.upper(), "source": source, "name": name, "alert_id": alert_id, "client_id": client,
        "context": read_assignments("--context", context or [], as_json=as_json),
        "annotations": read_assignments("--annotation", annotation or [], as_json=as_json), "dedup_key": dedup_key,
        "status": "resolved" if resolve else None, "starts_at": starts_at, "ends_at": ends_at,
    }  # fmt: skip
    run_send(settings, alert, as_json=as_json)


@app.command()
def generate(
    rps: Annotated[float, typer.Option(help="Alerts a second.")] = 10.0,
    duration: Annotated[str, typer.Option(help="For how long, as in 60s or 1h30m.")] = "60s",
    burst: Annotated[int, typer.Option(help="So many alerts at once, instead.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same alerts; 0 chooses one.")] = 0,
    severity_dist: Annotated[str, typer.Option(help="Weights that sum to 100.")] = SEVERITY_DIST,
    source_dist: Annotated[str, typer.Option(help="Weights that sum to 100.")] = SOURCE_DIST,
    name_dist: Annotated[str, typer.Option(help="Weights that sum to 100.")] = NAME_DIST,
    client: Annotated[
        str | None, typer.Option(help="Private to this client; else shared by all.", show_default=False)
    ] = None,
    kafka: Annotated[
        bool, typer.Option("--kafka", help="Publish straight to alerts.new, on ALERTING_KAFKA_BROKERS.")
    ] = False,
    mock: Annotated[bool, typer.Option("--mock", help="Print the alerts, send none.")] = False,
    test: Annotated[bool, typer.Option("--test", help="The first alert is LOW/test-source/test-name.")] = False,
    single_test: Annotated[bool, typer.Option("--single-test", help="Only that alert.")] = False,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send made-up alerts to a running platform."""
    settings = settings_of_environment(as_json=as_json, url=url, key=key)
    from alerting_backend.cli.alerts import run_generate

    config = GeneratorConfig(
        rps=rps, duration=duration, burst=burst, seed=seed, severity_dist=severity_dist, source_dist=source_dist,
        name_dist=name_dist, test=test, single_test=single_test,
    )  # fmt: skip
    run_generate(config, settings, client_id=client, mock=mock, to_kafka=kafka, as_json=as_json)


@app.command()
def testdata(
    dataset: Annotated[Dataset, typer.Argument(metavar="SET", help="identical, large, balanced or varied.")],
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="What the endpoints are: a URL, or an address, with {client_id}, {rule} and {endpoint} in it. "
            "Else the inbox of the demo at ALERTING_URL.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[str, typer.Option("--type", help="webhook, slack or email.")] = "webhook",
    clients: Annotated[int | None, typer.Option(help="How many, instead of the set's own number.")] = None,
    rules: Annotated[int | None, typer.Option(help="Of each client, instead.")] = None,
    endpoints: Annotated[int | None, typer.Option(help="Of each rule, instead.")] = None,
    seed: Annotated[int, typer.Option(help="Of the varied set.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Load beside other clients' data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load clients, rules and endpoints into the database of a platform, running or not."""
    settings = settings_of_environment(as_json=as_json)
    from alerting_backend.cli.servers import make_template, run_testdata

    template = make_template(
        kind, endpoint or settings.url + "/demo/inbox/webhook/{client_id}?{rule}.{endpoint}", as_json
    )
    size = SIZES[dataset]
    size = replace(
        size,
        clients=clients or size.clients,
        rules_per_client=rules or size.rules_per_client,
        endpoints_per_rule=endpoints or size.endpoints_per_rule,
    )
    run_testdata(settings, dataset, template, size, seed=seed, force=force, as_json=as_json)


@app.command()
def explain(
    alert_id: Annotated[str | None, typer.Argument(help="A recent alert.", show_default=False)] = None,
    client: Annotated[
        str | None, typer.Option(help="Whose rules, one by one; else those of all clients that match.")
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(help="The client whose private alert is meant, when others have one of this id too."),
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Of an alert that nobody has sent; in any case.")] = None,
    source: Annotated[str | None, typer.Option(help="Likewise.")] = None,
    name: Annotated[str | None, typer.Option(help="Likewise.")] = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Explain for each rule of a client why it matches an alert, or does not.

    Ends with exit code 5 when no rule matches.
    """
    settings = settings_of_environment(as_json=as_json, url=url, key=key)
    from alerting_backend.cli.alerts import explain_draft, explain_stored

    if alert_id is not None and severity is source is name is None:
        explain_stored(settings, alert_id, client, owner=owner, as_json=as_json)
    elif alert_id is None and severity is not None and source is not None and name is not None:
        explain_draft(settings, client, severity, source, name, as_json=as_json)
    else:
        detail = "name an alert by its id, or describe one by --severity, --source and --name"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which; else all.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Measure speed, in a checkout of the repository."""
    from alerting_backend.cli.servers import run_bench

    run_bench(names or [], as_json=as_json)


@app.command()
def openapi(
    file: Annotated[Path, typer.Argument(help="Where to; - is the screen.")] = Path("openapi.json"),
    as_json: AsJson = False,
) -> None:
    """Write the description of the API as an OpenAPI document."""
    from alerting_backend.cli.servers import write_openapi

    write_openapi(file, as_json=as_json)


dlq: Final = typer.Typer(
    help="Look at records that were refused, and try them again.", no_args_is_help=True, context_settings=CONTEXT
)
topics: Final = typer.Typer(help="The topics in Kafka.", no_args_is_help=True, context_settings=CONTEXT)
app.add_typer(dlq, name="dlq")
app.add_typer(topics, name="topics")

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
    from alerting_backend.cli.servers import run_create_topics

    run_create_topics(
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
    from alerting_backend.cli.servers import run_list_topics

    run_list_topics(settings, as_json=as_json)


def _duration_ms(option: str, value: str, *, as_json: bool) -> int:
    read = read_duration_ms("", value)
    if not isinstance(read, int):
        fail(f"{option} {read.detail}", code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    return read


def main() -> None:
    """Run the command that was typed."""
    app()


if __name__ == "__main__":
    main()
