"""What the commands share: the option for JSON, and the settings."""

import os
from typing import Annotated, Final

import typer

from alerting_backend.cli.output import report_errors
from alerting_backend.settings import Settings, read_settings

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


def settings_of_environment(*, as_json: bool, url: str | None = None, key: str | None = None) -> Settings:
    """Return what the environment sets, the one place that looks at it, with options in place of some."""
    with report_errors(as_json=as_json):
        environment = dict(os.environ)
        environment |= {name: value for name, value in (("ALERTING_URL", url), ("ALERTING_KEY", key)) if value}
        return read_settings(environment)
