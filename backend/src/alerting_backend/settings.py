"""Everything that an operator can set, each by one environment variable `ALERTING_…`.

Read once, by the command line, and passed down; nothing else looks at the environment. A variable with our prefix that
nobody knows is an error: a setting with a slip in its name would otherwise do nothing, in silence.
"""
# ruff: noqa: RUF009 - `_setting` only wraps `field`, which is what a dataclass default is for.

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeAlias, cast

from alerting_backend import setting_values as values
from alerting_core import limits
from alerting_core.delivery import hosts, retry
from alerting_core.errors import AlertingError

PREFIX: Final = "ALERTING_"

_HOUR_MS: Final = 3_600_000

EmailProviderName: TypeAlias = Literal["smtp", "ses"]
SmtpSecurityName: TypeAlias = Literal["none", "starttls", "tls"]
KafkaSecurityName: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
KafkaMechanismName: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["console", "json"]


class SettingsInvalid(AlertingError):
    """Settings that nothing can be started with.

    Attributes:
        problems: All of them, each beginning with the name of its variable.
    """

    code: ClassVar[str] = "settings-invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def _setting(
    says: str,
    default: Any = None,
    *,
    read: Callable[[str], Any] = values.text,
    show: Callable[[Any], str] = values.show,
    one_of: Sequence[str] = (),
) -> Any:
    """Declare a setting: what it means, how its text is read, and how its value is shown."""
    secret = show in {values.show_secret, values.show_dsn}
    return field(default=default, repr=not secret, metadata={"says": says, "read": read, "show": show, "of": one_of})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings. Each is set by `ALERTING_` and its name in capitals."""

    http_host: str = _setting("address to listen on", "127.0.0.1")
    http_port: int = _setting("port to listen on; 0 takes a free one", 8080, read=values.port)
    data_dir: Path = _setting("folder of the embedded database", Path(".data"), read=values.path)
    admin_key: str | None = _setting(
        "first admin key, instead of a generated one", read=values.admin_key, show=values.show_secret
    )
    ui_dir: Path | None = _setting("folder of the built user interface; found by itself unless set", read=values.path)
    demo: bool = _setting("1: load the demo into an empty database", True, read=values.switch)

    postgres_dsn: str | None = _setting(
        "a Postgres of your own, instead of the embedded one", read=values.dsn, show=values.show_dsn
    )
    postgres_api_password: str | None = _setting("of the role alerting_api there", show=values.show_secret)
    postgres_admin_password: str | None = _setting("of the role alerting_admin there", show=values.show_secret)
    postgres_worker_password: str | None = _setting("of the role alerting_worker there", show=values.show_secret)
    kafka_brokers: str | None = _setting("for workers on Kafka, as host:port,host:port; not for `alerting up`")
    kafka_prefix: str = _setting("put before the names of topics and groups", "", read=values.topic_prefix)
    kafka_instance_id: str | None = _setting(
        "a name that this worker alone has, again after a restart: it has its partitions back at once", None
    )
    kafka_security_protocol: KafkaSecurityName = _setting(
        "how Kafka is spoken to", "PLAINTEXT", one_of=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
    )
    kafka_sasl_mechanism: KafkaMechanismName = _setting(
        "how to log in there", "PLAIN", one_of=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
    )
    kafka_sasl_user: str | None = _setting("login there")
    kafka_sasl_password: str | None = _setting("login there", show=values.show_secret)
    kafka_ca_file: str | None = _setting("certificates to trust there, instead of the system's")
    redis_url: str | None = _setting(
        "for workers on Redis; not for `alerting up`", read=values.redis_url, show=values.show_dsn
    )
    redis_prefix: str = _setting("put before the names of keys", "")

    delivery_allowed_networks: tuple[str, ...] | None = _setting(
        "special networks that deliveries may reach; `alerting up` allows loopback unless this is set",
        read=values.networks,
    )
    placeholder_domains: tuple[str, ...] = _setting(
        "domains that are never contacted", tuple(sorted(hosts.PLACEHOLDER_DOMAINS)), read=values.domains
    )
    retry_schedule: tuple[int, ...] = _setting(
        "waits after failed attempts", retry.DEFAULT_STEPS_MS, read=values.schedule, show=values.show_schedule
    )
    retry_jitter_percent: int = _setting("how far each wait may be off", 20, read=values.percent)

    email_providers: tuple[EmailProviderName, ...] = _setting(
        "who carries mail, the first that takes it; unless set, the one that is set up", (), read=values.email_providers
    )
    smtp_host: str | None = _setting("mail server")
    smtp_port: int = _setting("its port", 587, read=values.port)
    smtp_security: SmtpSecurityName = _setting("how it is spoken to", "starttls", one_of=("none", "starttls", "tls"))
    smtp_user: str | None = _setting("login there")
    smtp_password: str | None = _setting("login there", show=values.show_secret)
    smtp_from: str | None = _setting("sender of mails", read=values.sender)
    smtp_hello: str | None = _setting(
        "name to greet the mail server with (EHLO); this machine's unless set", read=values.host_name
    )
    smtp_per_second: float = _setting("mails a second; 0 is no limit", 2.0, read=values.rate)
    ses_region: str | None = _setting(
        "region of Amazon SES; credentials are found as usual with AWS", read=values.region
    )
    ses_from: str | None = _setting("sender of mails there; ALERTING_SMTP_FROM unless set", read=values.sender)
    ses_endpoint: str | None = _setting("address of SES, as of a private link; Amazon's unless set", read=values.url)
    ses_per_second: float = _setting("mails a second there; 0 is no limit", 2.0, read=values.rate)

    resolve_timeout: int = _setting(
        "when an alert is over that is not sent again, of a sender that does not say until when it fires",
        limits.EPISODE_LIFE_MS, read=values.life, show=values.show_duration,
    )  # fmt: skip
    severity_words: tuple[tuple[str, str], ...] = _setting(
        "words for severities besides the usual ones, as sev-a=CRITICAL,tuesday=LOW", (),
        read=values.severity_words, show=values.show_pairs,
    )  # fmt: skip
    sns_topics: tuple[str, ...] = _setting(
        "ARNs of topics of Amazon SNS that may send alerts, `*` at the end of one for any rest", (), read=values.topics
    )
    prometheus_source_label: str = _setting("label of a Prometheus alert that is its source", "job", read=values.label)

    keep_alerts: int = _setting(
        "how long alerts can be explained", 24 * _HOUR_MS, read=values.duration, show=values.show_duration
    )
    keep_records: int = _setting(
        "how long records stay in a stream after they were read", _HOUR_MS,
        read=values.duration, show=values.show_duration,
    )  # fmt: skip
    keep_notifications: int = _setting(
        "how long finished notifications are kept; 0 is for ever", 90 * 24 * _HOUR_MS,
        read=values.duration, show=values.show_duration,
    )  # fmt: skip

    url: str = _setting("platform that commands call", "http://127.0.0.1:8080", read=values.url)
    key: str | None = _setting("API key that commands call it with", show=values.show_secret)

    log_level: LogLevel = _setting("what is logged", "info", one_of=("debug", "info", "warning", "error"))
    log_format: LogFormat = _setting("for people or for programs", "console", one_of=("console", "json"))


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as it is in effect; secrets are masked."""

    name: str
    value: str
    is_default: bool
    says: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return what *environment* sets; a blank value counts as not set.

    Raises:
        SettingsInvalid: With all that is wrong, at once.
    """
    known = {_name_of(each): each for each in _declared()}
    problems = [_unknown(name, known) for name in sorted(environment) if name.startswith(PREFIX) and name not in known]
    read: dict[str, Any] = {}
    for name, each in known.items():
        value = environment.get(name, "").strip()
        if not value:
            continue
        try:
            read[each.name] = _read(each, value)
        except ValueError as error:
            problems.append(f"{name} {error}")
    settings = Settings(**read)
    problems += _misfits(settings)
    if problems:
        raise SettingsInvalid(problems)
    return settings


def describe(settings: Settings) -> Sequence[Described]:
    """Return every setting as it is in effect."""
    return [
        Described(
            _name_of(each),
            each.metadata["show"](getattr(settings, each.name)),
            getattr(settings, each.name) == each.default,
            each.metadata["says"],
        )
        for each in _declared()
    ]


def _declared() -> Sequence[Field[Any]]:
    return fields(cast("Any", Settings))


def _name_of(each: Field[Any]) -> str:
    return PREFIX + each.name.upper()


def _read(each: Field[Any], value: str) -> Any:
    allowed = each.metadata["of"]
    if not allowed:
        return each.metadata["read"](value)
    meant = {one.lower(): one for one in allowed}.get(value.lower())
    if meant is None:
        raise ValueError(f"must be one of {', '.join(allowed)}")
    return meant


def _unknown(name: str, known: Mapping[str, object]) -> str:
    # Without the prefix, which would make all of them look alike.
    near = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
    hint = f": did you mean {PREFIX}{near[0]}?" if near else "; `alerting settings` lists them"
    return f"{name} is no setting{hint}"


def _misfits(settings: Settings) -> Iterator[str]:
    if bool(settings.kafka_sasl_user) != bool(settings.kafka_sasl_password):
        yield "ALERTING_KAFKA_SASL_USER and ALERTING_KAFKA_SASL_PASSWORD are set together or not at all"
    if settings.kafka_security_protocol.startswith("SASL") and not settings.kafka_sasl_user:
        yield "ALERTING_KAFKA_SASL_USER is needed with ALERTING_KAFKA_SECURITY_PROTOCOL: whom to log in as"
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        yield "ALERTING_SMTP_USER and ALERTING_SMTP_PASSWORD are set together or not at all"
    yield from _misfits_of_mail(settings)


def _misfits_of_mail(settings: Settings) -> Iterator[str]:
    named = settings.email_providers
    if settings.smtp_host and not settings.smtp_from:
        yield "ALERTING_SMTP_FROM is needed with ALERTING_SMTP_HOST: whom mails are from"
    if settings.smtp_from and not (settings.smtp_host or settings.ses_region):
        yield "ALERTING_SMTP_HOST is needed with ALERTING_SMTP_FROM: the mail server"
    if settings.ses_region and not (settings.ses_from or settings.smtp_from):
        yield "ALERTING_SES_FROM is needed with ALERTING_SES_REGION: whom mails are from"
    for name, value in (("ALERTING_SES_FROM", settings.ses_from), ("ALERTING_SES_ENDPOINT", settings.ses_endpoint)):
        if value and not settings.ses_region:
            yield f"ALERTING_SES_REGION is needed with {name}: the region, as eu-west-1"
    if "smtp" in named and not settings.smtp_host:
        yield "ALERTING_SMTP_HOST is needed where ALERTING_EMAIL_PROVIDERS names smtp: the mail server"
    if "ses" in named and not settings.ses_region:
        yield "ALERTING_SES_REGION is needed where ALERTING_EMAIL_PROVIDERS names ses: the region, as eu-west-1"
    if settings.smtp_host and settings.ses_region and not named:
        yield (
            "ALERTING_EMAIL_PROVIDERS is needed with both ALERTING_SMTP_HOST and ALERTING_SES_REGION: "
            "the order in which they are tried, as ses,smtp"
        )
