"""Reading and showing the values of single settings. A reader raises ValueError, whose text says how to write it."""

import ipaddress
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain import client, endpoint
from alerting_core.domain.severity_words import read_own_words
from alerting_core.errors import InvalidInput
from alerting_core.generator.config import read_duration_ms
from alerting_core.limits import EPISODE_LIFE_MS_MAX

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_PORT_MAX: Final = 65_535
_LIFE_MS_MIN: Final = 1_000
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOPIC_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_EMAIL_PROVIDERS: Final = frozenset({"smtp", "ses"})
_GREETING: Final = re.compile(r"(?=.{1,255}\Z)(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Za-z:.]+\])")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_TOPIC_ARN: Final = re.compile(r"arn:aws(-cn|-us-gov)?:sns:([a-z0-9-]+:(\d{12}:([\w.-]+\*?|\*)|\*)|\*)")
_DSN_PASSWORD: Final = re.compile(r"(?P<before>//[^:/@]*:).*(?P<after>@)|(?P<name>[?&][a-z]*password=)[^&]*")
_UNITS_MS: Final = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))

MASK: Final = "********"


def text(value: str) -> str:
    """Read any text."""
    return value


def path(value: str) -> Path:
    """Read a path."""
    if "\0" in value:
        raise ValueError("must be a path")
    return Path(value)


def topic_prefix(value: str) -> str:
    """Read what is put before the names of topics."""
    if not _TOPIC_PREFIX.fullmatch(value):
        raise ValueError("must be up to 64 letters, digits, and . _ -")
    return value


def redis_url(value: str) -> str:
    """Read the URL of a Redis server."""
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must be a URL like redis://127.0.0.1:6379/0")
    return value


def switch(value: str) -> bool:
    """Read 1 or 0."""
    if value.lower() not in _TRUE | _FALSE:
        raise ValueError("must be 1 or 0")
    return value.lower() in _TRUE


def port(value: str) -> int:
    """Read the number of a port; 0 takes a free one."""
    return _whole(value, largest=_PORT_MAX)


def percent(value: str) -> int:
    """Read a share."""
    return _whole(value, largest=50)


def host_name(value: str) -> str:
    """Read the name that a machine greets a mail server with."""
    if not _GREETING.fullmatch(value):
        raise ValueError("must be a name like mail.example.com, or an address like [192.0.2.1]")
    return value


def rate(value: str) -> float:
    """Read how many a second; 0 is no limit."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1_000_000:
        raise ValueError("must be a number from 0 on")
    return number


def duration(value: str) -> int:
    """Read a length of time, in milliseconds; 0 is none."""
    if value == "0":
        return 0
    read = read_duration_ms("", value)
    if not isinstance(read, int):
        raise ValueError(f"{read.detail}, or 0")
    return read


def life(value: str) -> int:
    """Read how long an alert fires by itself, in milliseconds."""
    read = duration(value)
    if not _LIFE_MS_MIN <= read <= EPISODE_LIFE_MS_MAX:
        raise ValueError(f"must be {show_duration(_LIFE_MS_MIN)} to {show_duration(EPISODE_LIFE_MS_MAX)}")
    return read


def schedule(value: str) -> tuple[int, ...]:
    """Read the waits between attempts, in milliseconds."""
    steps = tuple(duration(part.strip()) for part in value.split(","))
    try:
        return RetrySchedule(steps).steps_ms
    except InvalidInput as error:
        raise ValueError("; ".join(f"{problem.path} {problem.detail}" for problem in error.problems)) from None


def networks(value: str) -> tuple[str, ...]:
    """Read a list of networks; `none` is no network."""
    if value.lower() == "none":
        return ()
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    for part in parts:
        try:
            ipaddress.ip_network(part)
        except ValueError:
            raise ValueError(f"{part!r} is no network: write it like 10.20.0.0/16 or fd00::/8") from None
    return parts


def domains(value: str) -> tuple[str, ...]:
    """Read a list of domains; `none` is no domain."""
    if value.lower() == "none":
        return ()
    hosts = {part: endpoint.ascii_host(part) for part in map(str.strip, value.split(",")) if part}
    for part, host in hosts.items():
        if host is None:
            raise ValueError(f"{part!r} is no domain: write it like example.com")
    return tuple(sorted({host for host in hosts.values() if host is not None}))


def severity_words(value: str) -> tuple[tuple[str, str], ...]:
    """Read words for severities, each with the name of its severity."""
    parts = [part.partition("=") for part in value.split(",") if part.strip()]
    pairs = {word.strip(): name.strip().upper() for word, _, name in parts}
    read = read_own_words(pairs)
    if isinstance(read, tuple):
        found = "; ".join(f"{problem.path!r} {problem.detail}" for problem in read)
        raise ValueError(f"{found}: write it like sev-a=CRITICAL,tuesday=LOW")
    return tuple(pairs.items())


def topics(value: str) -> tuple[str, ...]:
    """Read ARNs of topics of Amazon SNS; `none` is no topic."""
    if value.lower() == "none":
        return ()
    arns = tuple(part.strip() for part in value.split(",") if part.strip())
    for arn in arns:
        if not _TOPIC_ARN.fullmatch(arn):
            raise ValueError(f"{arn!r} is no topic: write it like arn:aws:sns:eu-west-1:123456789012:alarms")
    return arns


def label(value: str) -> str:
    """Read the name of a Prometheus label."""
    if not _LABEL.fullmatch(value):
        raise ValueError("must be the name of a label, such as job")
    return value


def email_providers(value: str) -> tuple[str, ...]:
    """Read who carries mail, in order; `none` leaves it to what is set up."""
    if value.lower() == "none":
        return ()
    parts = tuple(part.strip().lower() for part in value.split(","))
    if not set(parts) <= _EMAIL_PROVIDERS or len(set(parts)) != len(parts):
        raise ValueError("must be smtp or ses, or both in the order in which they are tried, as ses,smtp")
    return parts


def region(value: str) -> str:
    """Read the name of an AWS region."""
    if not _REGION.fullmatch(value):
        raise ValueError("must be the name of a region, as eu-west-1")
    return value


def sender(value: str) -> str:
    """Read whom mails are from."""
    _, address = parseaddr(value)
    if "\n" in value or endpoint.read_address(address) is None:
        raise ValueError("must be written like alerts@example.com or Alerts <alerts@example.com>")
    return value


def admin_key(value: str) -> str:
    """Read an operator's key chosen by hand."""
    if problems := tuple(client.check_given_key(value)):
        raise ValueError("; ".join(problem.detail for problem in problems))
    return value


def dsn(value: str) -> str:
    """Read where a Postgres is."""
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be written like postgresql://user:password@host:5432/database")
    return value


def url(value: str) -> str:
    """Read where a platform is."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be written like http://127.0.0.1:8080")
    return value.rstrip("/")


def show_duration(milliseconds: int) -> str:
    """Write a length of time as `duration` reads it."""
    for unit, size in _UNITS_MS:
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return "0"


def show(value: object) -> str:
    """Write a value as it would be set."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case tuple():
            return ",".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def show_schedule(steps_ms: tuple[int, ...]) -> str:
    """Write waits as `schedule` reads them."""
    return ",".join(map(show_duration, steps_ms))


def show_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    """Write words with what they stand for as `severity_words` reads them."""
    return ",".join(f"{word}={meaning}" for word, meaning in pairs)


def show_secret(value: str | None) -> str:
    """Write that there is a secret, and nothing of it."""
    return MASK if value else ""


def show_dsn(value: str | None) -> str:
    """Write where a Postgres is, without the password."""
    return _DSN_PASSWORD.sub(_masked, value) if value else ""


def _masked(found: re.Match[str]) -> str:
    return f"{found['before'] or found['name']}{MASK}{found['after'] or ''}"


def _whole(value: str, *, largest: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 9 and int(value) <= largest):
        raise ValueError(f"must be a whole number from 0 to {largest}")
    return int(value)
