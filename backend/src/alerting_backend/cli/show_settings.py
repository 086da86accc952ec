"""`alerting settings`."""

from dataclasses import asdict

from alerting_backend.cli.output import write_json, write_table
from alerting_backend.settings import Settings, describe


def show_settings(settings: Settings, *, as_json: bool) -> None:
    """Write every setting with its value and meaning."""
    described = describe(settings)
    if as_json:
        write_json([asdict(each) for each in described])
        return
    rows = [(each.name, each.value or "–", "" if each.is_default else "set", each.says) for each in described]
    write_table(["setting", "value", "", "what it is"], rows)
