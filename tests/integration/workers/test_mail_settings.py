"""A sender has the providers of mail that its settings name."""

import signal

import pytest

from tests.support.distributed import DistributedPlatform
from tests.support.patience import END_SECONDS_MAX, SHOWN_SECONDS_MAX

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BOTH = {
    "ALERTING_EMAIL_PROVIDERS": "ses,smtp",
    "ALERTING_SES_REGION": "eu-west-1",
    "ALERTING_SES_ENDPOINT": "http://127.0.0.1:9",
    "ALERTING_SMTP_HOST": "127.0.0.1",
    "ALERTING_SMTP_FROM": "alerts@alerting.internal",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def test_a_sender_tells_at_its_start_who_carries_mail(platform: DistributedPlatform) -> None:
    sender = platform.add("sender", **BOTH)
    sender.wait_until_ready()
    assert [each["order"] for each in sender.events("mail_providers")] == ["ses,smtp"]
    assert sender.events("mail_provider_not_ready") == []
    assert sender.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0


def test_a_sender_whose_mail_is_half_set_up_does_not_start(platform: DistributedPlatform) -> None:
    sender = platform.add("sender", **{**BOTH, "AWS_SECRET_ACCESS_KEY": ""})
    assert sender.wait(seconds_max=SHOWN_SECONDS_MAX) == 2
    assert "AWS_SECRET_ACCESS_KEY" in sender.output()
    assert "Traceback" not in sender.output()
