"""What a person reads when the platform is ready."""

import sys
from collections.abc import Sequence
from importlib.metadata import version

from alerting_backend.api.files import ui_folder
from alerting_backend.embedded.demo import ALERT_EVERY_MS, ALERTS_SENT
from alerting_backend.embedded.platform import Started
from alerting_backend.settings import Settings, describe

_BOLD, _DIM, _PLAIN = "\033[1m", "\033[2m", "\033[0m"


def write_banner(settings: Settings, started: Started, *, seconds: float) -> None:
    """Write address, key and next steps; lines that are to be copied are never broken."""
    rows = [
        ("Address", f"{started.url}  (open it, and sign in with the key)" if ui_folder() else started.url),
        ("API docs", f"{started.url}/docs"),
        ("Demo inbox", _demo_line(started)),
        ("Data", _data_line(settings)),
        ("Admin key", _key_line(settings, started)),
    ]
    name_and_version = f"Alerting platform {version('alerting-backend')}"
    lines = [
        "",
        f"  {{bold}}{name_and_version}{{plain}} is ready {{dim}}({seconds:.1f} s){{plain}}",
        "",
        *(f"  {{dim}}{name:<12}{{plain}}{text}" for name, text in rows),
        "",
        "  Next steps",
        *(f"    {line}" for line in _steps(started)),
        "",
        "  {dim}Ctrl-C stops it.{plain}",
        "",
    ]
    colours = sys.stdout.isatty()
    text = "\n".join(lines)
    for name, code in (("bold", _BOLD), ("dim", _DIM), ("plain", _PLAIN)):
        text = text.replace(f"{{{name}}}", code if colours else "")
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _demo_line(started: Started) -> str:
    if started.demo is None:
        return "none (ALERTING_DEMO=0)"
    if not started.demo.was_loaded:
        return started.demo.url
    minutes = ALERTS_SENT * ALERT_EVERY_MS // 60_000
    return f"{started.demo.url}  (watch it: an alert every {ALERT_EVERY_MS // 1_000} s for {minutes} minutes)"


def _data_line(settings: Settings) -> str:
    if settings.postgres_dsn is None:
        return f"{settings.data_dir.resolve()}"
    return next(each.value for each in describe(settings) if each.name == "ALERTING_POSTGRES_DSN")


def _key_line(settings: Settings, started: Started) -> str:
    if started.new_key is not None:
        return f"{{bold}}{started.new_key}{{plain}}  (shown this once: keep it)"
    if settings.admin_key is not None:
        return "as set in ALERTING_ADMIN_KEY"
    return "the one that the first start showed (lost? start once with ALERTING_ADMIN_KEY)"


def _steps(started: Started) -> Sequence[str]:
    authorization = '-H "Authorization: Bearer $ALERTING_KEY"'
    steps = [
        f"export ALERTING_KEY={started.new_key or 'alk_…'}",
        f"curl -s {started.url}/api/v1/alerts {authorization} \\",
        '  --json \'{"severity": "CRITICAL", "source": "checkout", "name": "payment-failed"}\'',
        f"curl -s '{started.url}/api/v1/notifications?limit=3' {authorization}",
    ]
    return [*steps, f"curl -s '{started.demo.url}?limit=3'"] if started.demo else steps
