"""Settings come from the environment alone, and are wrong all at once or not at all."""

from dataclasses import fields
from pathlib import Path

import pytest

from alerting_backend.settings import Settings, SettingsInvalid, describe, read_settings
from alerting_backend.wiring.transport import provider_order
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.retry import DEFAULT_STEPS_MS

FIXED = {
    "ALERTING_HTTP_PORT": ("8080", "http_port", 8080),
    "ALERTING_DATA_DIR": (".data", "data_dir", Path(".data")),
    "ALERTING_DEMO": ("1", "demo", True),
}
"""What scripts rely on: name, default as text, field, default."""


def problems_of(**environment: str) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings(environment)
    return caught.value.problems


@pytest.mark.parametrize("name", FIXED)
def test_the_names_and_defaults_that_scripts_rely_on_stay(name: str) -> None:
    text, field, default = FIXED[name]
    assert getattr(read_settings({}), field) == default
    assert {each.name: each.value for each in describe(read_settings({}))}[name] == text


def test_every_fixed_name_of_the_design_is_a_setting() -> None:
    known = {each.name for each in describe(read_settings({}))}
    others = ("ADMIN_KEY", "DELIVERY_ALLOWED_NETWORKS", "KAFKA_BROKERS", "REDIS_URL", "POSTGRES_DSN")
    assert {f"ALERTING_{name}" for name in others} | set(FIXED) <= known


def test_an_unknown_setting_is_refused_with_the_name_that_was_meant() -> None:
    assert problems_of(ALERTING_HTPP_PORT="1") == (
        "ALERTING_HTPP_PORT is no setting: did you mean ALERTING_HTTP_PORT?",
    )
    assert problems_of(ALERTING_XYZZY="1") == ("ALERTING_XYZZY is no setting; `alerting settings` lists them",)


def test_variables_without_our_prefix_are_none_of_our_business() -> None:
    assert read_settings({"HTTP_PORT": "x", "PATH": "/bin", "alerting_http_port": "x"}) == Settings()


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = problems_of(
        ALERTING_HTTP_PORT="eighty", ALERTING_DEMO="maybe", ALERTING_LOG_LEVEL="loud", ALERTING_WHAT="1"
    )
    assert len(found) == 4
    assert all(problem.startswith("ALERTING_") for problem in found)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("HTTP_PORT", "65536"), ("HTTP_PORT", "-1"), ("HTTP_PORT", "8080.5"), ("HTTP_PORT", "٣"),
        ("DEMO", "2"), ("ADMIN_KEY", "short"), ("ADMIN_KEY", "with a blank in it"),
        ("REDIS_URL", "127.0.0.1:6379"), ("KAFKA_PREFIX", "a b"), ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("POSTGRES_DSN", "mysql://host/db"), ("DELIVERY_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("PLACEHOLDER_DOMAINS", "http://example.com"), ("RETRY_SCHEDULE", "5s,,1m"), ("RETRY_SCHEDULE", "0"),
        ("RETRY_JITTER_PERCENT", "51"), ("SMTP_SECURITY", "ssl"), ("SMTP_PER_SECOND", "nan"),
        ("SMTP_PER_SECOND", "-1"), ("PROMETHEUS_SOURCE_LABEL", "a-b"), ("KEEP_ALERTS", "1 day"), ("URL", "localhost"),
        ("RESOLVE_TIMEOUT", "0"), ("RESOLVE_TIMEOUT", "745h"),
        ("SEVERITY_WORDS", "p1"), ("SEVERITY_WORDS", "p1=BAD"), ("SEVERITY_WORDS", "=LOW"),
        ("SNS_TOPICS", "alarms"), ("SNS_TOPICS", "arn:aws:sqs:eu-west-1:123456789012:alarms"), ("SNS_TOPICS", "*"),
        ("LOG_FORMAT", "xml"), ("EMAIL_PROVIDERS", "ses,resend"), ("EMAIL_PROVIDERS", "ses,ses"),
        ("EMAIL_PROVIDERS", "ses,"), ("SES_REGION", "Europe"), ("SES_REGION", "eu-west-1/x"), ("SES_FROM", "alerts"),
        ("SES_ENDPOINT", "email.eu-west-1"), ("SES_PER_SECOND", "fast"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(name: str, wrong: str) -> None:
    (problem,) = problems_of(**{f"ALERTING_{name}": wrong})
    assert problem.startswith(f"ALERTING_{name} ")


def test_right_values_are_read_as_they_are_meant() -> None:
    settings = read_settings(
        {
            "ALERTING_HTTP_PORT": "0",
            "ALERTING_DEMO": "no",
            "ALERTING_DELIVERY_ALLOWED_NETWORKS": "10.20.0.0/16, fd00::/8",
            "ALERTING_PLACEHOLDER_DOMAINS": "none",
            "ALERTING_RETRY_SCHEDULE": "1s, 1m30s",
            "ALERTING_KEEP_NOTIFICATIONS": "0",
            "ALERTING_SMTP_HOST": "mail.internal",
            "ALERTING_SMTP_FROM": "Alerts <alerts@example.com>",
            "ALERTING_SMTP_SECURITY": "TLS",
            "ALERTING_URL": "http://127.0.0.1:9999/",
            "ALERTING_SNS_TOPICS": "arn:aws:sns:eu-west-1:123456789012:alarms, arn:aws:sns:*",
            "ALERTING_SEVERITY_WORDS": "P-1=low, tuesday = HIGH",
        }
    )
    assert settings.http_port == 0
    assert settings.demo is False
    assert settings.delivery_allowed_networks == ("10.20.0.0/16", "fd00::/8")
    assert settings.placeholder_domains == ()
    assert settings.retry_schedule == (1_000, 90_000)
    assert settings.keep_notifications == 0
    assert settings.sns_topics == ("arn:aws:sns:eu-west-1:123456789012:alarms", "arn:aws:sns:*")
    assert settings.severity_words == (("P-1", "LOW"), ("tuesday", "HIGH"))
    assert settings.smtp_security == "tls"
    assert settings.url == "http://127.0.0.1:9999"


def test_a_blank_value_counts_as_not_set() -> None:
    assert read_settings({"ALERTING_HTTP_PORT": "  ", "ALERTING_SMTP_HOST": ""}) == Settings()


def test_defaults_are_those_of_the_core() -> None:
    assert read_settings({}).retry_schedule == DEFAULT_STEPS_MS
    assert set(read_settings({}).placeholder_domains) == PLACEHOLDER_DOMAINS


def test_settings_that_need_each_other_are_told_of_it() -> None:
    assert any("ALERTING_SMTP_FROM" in problem for problem in problems_of(ALERTING_SMTP_HOST="mail.internal"))
    assert any("ALERTING_SMTP_HOST" in problem for problem in problems_of(ALERTING_SMTP_FROM="a@example.com"))
    assert any("ALERTING_SMTP_PASSWORD" in problem for problem in problems_of(ALERTING_SMTP_USER="somebody"))


SMTP = {"ALERTING_SMTP_HOST": "mail.internal", "ALERTING_SMTP_FROM": "alerts@example.com"}
SES = {"ALERTING_SES_REGION": "eu-west-1", "ALERTING_SES_FROM": "alerts@example.com"}


@pytest.mark.parametrize(
    ("environment", "order"),
    [
        ({}, []),
        (SMTP, ["smtp"]),
        (SES, ["ses"]),
        ({"ALERTING_SES_REGION": "eu-west-1", **SMTP, "ALERTING_EMAIL_PROVIDERS": "ses, SMTP"}, ["ses", "smtp"]),
        ({**SES, **SMTP, "ALERTING_EMAIL_PROVIDERS": "smtp,ses"}, ["smtp", "ses"]),
        ({**SES, **SMTP, "ALERTING_EMAIL_PROVIDERS": "smtp"}, ["smtp"]),
    ],
)
def test_mail_goes_to_the_providers_that_are_named_or_to_the_one_that_is_set_up(
    environment: dict[str, str], order: list[str]
) -> None:
    assert list(provider_order(read_settings(environment))) == order


@pytest.mark.parametrize(
    ("environment", "begins"),
    [
        ({**SMTP, **SES}, "ALERTING_EMAIL_PROVIDERS is needed with both ALERTING_SMTP_HOST and ALERTING_SES_REGION"),
        ({**SMTP, "ALERTING_EMAIL_PROVIDERS": "ses,smtp"}, "ALERTING_SES_REGION is needed where"),
        ({**SES, "ALERTING_EMAIL_PROVIDERS": "ses,smtp"}, "ALERTING_SMTP_HOST is needed where"),
        ({"ALERTING_SES_REGION": "eu-west-1"}, "ALERTING_SES_FROM is needed with ALERTING_SES_REGION"),
        ({"ALERTING_SES_FROM": "a@example.com"}, "ALERTING_SES_REGION is needed with ALERTING_SES_FROM"),
        ({"ALERTING_SES_ENDPOINT": "http://127.0.0.1:1"}, "ALERTING_SES_REGION is needed with ALERTING_SES_ENDPOINT"),
    ],
)
def test_a_provider_of_mail_that_is_half_set_up_is_told_with_what_is_missing(
    environment: dict[str, str], begins: str
) -> None:
    (problem,) = problems_of(**environment)
    assert problem.startswith(begins)


SECRETS = {
    "ALERTING_ADMIN_KEY": "alk_the-secret-of-this-test",
    "ALERTING_KEY": "alk_the-secret-of-this-test",
    "ALERTING_POSTGRES_DSN": "postgresql://owner:the-secret-of-this-test@db.internal:5432/alerting",
    "ALERTING_POSTGRES_API_PASSWORD": "the-secret-of-this-test",
    "ALERTING_POSTGRES_ADMIN_PASSWORD": "the-secret-of-this-test",
    "ALERTING_POSTGRES_WORKER_PASSWORD": "the-secret-of-this-test",
    "ALERTING_REDIS_URL": "redis://:the-secret-of-this-test@cache.internal:6379/0",
    "ALERTING_SMTP_USER": "somebody",
    "ALERTING_SMTP_PASSWORD": "the-secret-of-this-test",
    "ALERTING_SMTP_HOST": "mail.internal",
    "ALERTING_SMTP_FROM": "alerts@example.com",
}


def test_no_secret_is_ever_shown() -> None:
    settings = read_settings(SECRETS)
    shown = repr(settings) + repr(describe(settings))
    assert "the-secret" not in shown
    assert "db.internal" in shown, "where it is may be seen, and helps"


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://owner:the-secret@db.internal/alerting",
        "postgresql://owner:the-secret:the/secret@the-secret@db.internal/alerting",
        "postgresql://:the-secret@db.internal/alerting",
        "postgresql://owner@db.internal/alerting?sslmode=require&password=the-secret&sslpassword=the-secret",
    ],
)
def test_the_password_in_an_address_is_masked_however_it_is_written(dsn: str) -> None:
    (shown,) = [
        each.value
        for each in describe(read_settings({"ALERTING_POSTGRES_DSN": dsn}))
        if each.name == "ALERTING_POSTGRES_DSN"
    ]
    assert "secret" not in shown
    assert "db.internal/alerting" in shown


def test_a_secret_that_is_wrong_is_not_repeated_either() -> None:
    for name in ("ALERTING_ADMIN_KEY", "ALERTING_POSTGRES_DSN"):
        (problem,) = problems_of(**{name: "the secret of this test"})
        assert "the secret" not in problem


def test_what_is_described_can_be_read_again() -> None:
    settings = read_settings(
        {"ALERTING_RETRY_SCHEDULE": "1s,90m", "ALERTING_DEMO": "0", "ALERTING_DELIVERY_ALLOWED_NETWORKS": "none"}
    )
    assert read_settings({each.name: each.value for each in describe(settings)}) == settings


def test_every_setting_says_what_it_is() -> None:
    described = describe(Settings())
    assert len(described) == len(fields(Settings))
    assert all(each.says for each in described)


def test_how_kafka_is_logged_in_to_is_whole_or_refused() -> None:
    (problem,) = problems_of(ALERTING_KAFKA_SECURITY_PROTOCOL="sasl_ssl")
    assert problem.startswith("ALERTING_KAFKA_SASL_USER is needed")
    (problem,) = problems_of(ALERTING_KAFKA_SASL_USER="alerting")
    assert "set together" in problem
    settings = read_settings(
        {
            "ALERTING_KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "ALERTING_KAFKA_SASL_MECHANISM": "scram-sha-512",
            "ALERTING_KAFKA_SASL_USER": "alerting",
            "ALERTING_KAFKA_SASL_PASSWORD": "not-to-be-shown",
        }
    )
    assert (settings.kafka_security_protocol, settings.kafka_sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-512")
    assert "not-to-be-shown" not in repr(settings) + str(describe(settings))
