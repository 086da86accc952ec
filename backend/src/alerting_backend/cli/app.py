"""The commands, and what they share."""

import os
from typing import Annotated, Final

import typer

from alerting_backend.cli.exits import told_errors
from alerting_backend.settings import Settings, read_settings

app: Final = typer.Typer(
    name="alerting",
    help="Alerts in, matched against the rules of every client, notifications out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def settings_of_environment(*, as_json: bool) -> Settings:
    """Return what the environment sets; the one place that looks at it."""
    with told_errors(as_json=as_json):
        return read_settings(os.environ)


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
    """Run the whole platform in this process, with its own database. Ctrl-C stops it."""
    from alerting_backend.cli.up import run_up

    run_up(settings_of_environment(as_json=as_json), as_json=as_json)


@app.command()
def settings(as_json: AsJson = False) -> None:
    """Show every setting as it is in effect; secrets are masked."""
    from alerting_backend.cli.show_settings import show_settings

    show_settings(settings_of_environment(as_json=as_json), as_json=as_json)


def main() -> None:
    """Run the command that was typed."""
    app()


if __name__ == "__main__":
    main()
