"""A process that a server does not let in waits, and says which setting to mend."""

import signal
from collections.abc import Mapping

import pytest

from tests.support.distributed import DistributedPlatform, PlatformPart
from tests.support.patience import END_SECONDS_MAX
from tests.support.servers.secure_kafka import PASSWORD, USER, SecureKafkaServer

pytestmark = pytest.mark.integration


def settings_for(kafka: SecureKafkaServer) -> Mapping[str, str]:
    """Return the settings that lead to the secure broker."""
    return {
        "ALERTING_KAFKA_BROKERS": kafka.brokers,
        "ALERTING_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ALERTING_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "ALERTING_KAFKA_SASL_USER": USER,
        "ALERTING_KAFKA_SASL_PASSWORD": PASSWORD,
        "ALERTING_KAFKA_CA_FILE": str(kafka.ca_file),
    }


def reason_for_waiting(part: PlatformPart, dependency: str) -> str:
    """Return why *part* waits, as it says it first; it goes on waiting, and ends in order when it is told to."""

    def said() -> list[str]:
        lines = part.events("dependency_waiting")
        return [str(line["reason"]) for line in lines if line["dependency"] == dependency]

    part.wait_until(lambda: bool(said()), what=f"to say why it waits for {dependency}")
    assert part.ready_code() in {0, 503}
    assert part.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0
    assert "Traceback" not in part.output()
    return said()[0]


def test_a_worker_works_on_a_broker_with_tls_and_passwords(
    platform: DistributedPlatform, secure_kafka: SecureKafkaServer
) -> None:
    right = settings_for(secure_kafka)
    assert platform.run("topics", "create", **right).returncode == 0
    recorder = platform.add("recorder", **right)
    recorder.wait_until_ready()
    assert platform.run("generate", "--kafka", "--burst", "20", **right).returncode == 0
    assert recorder.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [("ALERTING_KAFKA_SASL_PASSWORD", "guessed"), ("ALERTING_KAFKA_CA_FILE", "other"), ("ALERTING_KAFKA_CA_FILE", "")],
)
def test_a_worker_that_kafka_refuses_says_which_setting_to_mend(
    platform: DistributedPlatform, secure_kafka: SecureKafkaServer, setting: str, value: str
) -> None:
    if value == "other":
        value = str(secure_kafka.other_ca_file)
    wrong = {**settings_for(secure_kafka), setting: value}
    assert setting in reason_for_waiting(platform.add("relay", **wrong), "kafka")
    done = platform.run("topics", "list", **wrong)
    assert done.returncode == 3
    assert setting in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_that_postgres_refuses_says_which_setting_to_mend(platform: DistributedPlatform) -> None:
    dsn = platform.database.dsn
    relay = platform.add("relay", ALERTING_POSTGRES_DSN=f"{dsn}?sslmode=require")
    assert "(sslmode in ALERTING_POSTGRES_DSN)" in reason_for_waiting(relay, "postgres")


def test_a_worker_that_redis_refuses_says_which_setting_to_mend(platform: DistributedPlatform) -> None:
    evaluator = platform.add("evaluator", ALERTING_REDIS_URL=platform.redis_url.replace("://", "://nobody:guessed@"))
    assert "(user and password in ALERTING_REDIS_URL)" in reason_for_waiting(evaluator, "redis")
