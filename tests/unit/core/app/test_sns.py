"""Messages of Amazon SNS: what is asked of one before Amazon is asked, and what follows from it."""

from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from alerting_core.app.sns import Envelope, MessageKind, SnsIntake, is_allowed, read_envelope
from tests.unit.core.app.world import problems_of

TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:alarms"
HOST: Final = "https://sns.eu-west-1.amazonaws.com"
NOTIFICATION: Final = {
    "Type": "Notification",
    "MessageId": "m-1",
    "TopicArn": TOPIC,
    "Subject": "S",
    "Message": "text",
    "Timestamp": "2026-01-02T03:04:05.678Z",
    "SignatureVersion": "1",
    "Signature": "RVhBTVBMRQ==",
    "SigningCertURL": f"{HOST}/SimpleNotificationService-0123abcd.pem",
    "UnsubscribeURL": f"{HOST}/?Action=Unsubscribe",
}
SUBSCRIPTION: Final = {
    **{key: value for key, value in NOTIFICATION.items() if key not in {"Subject", "UnsubscribeURL"}},
    "Type": "SubscriptionConfirmation",
    "Token": "t",
    "SubscribeURL": f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
    "SignatureVersion": "2",
}


@dataclass
class Amazon:
    """Says whether messages are genuine, and notes which subscriptions were confirmed."""

    genuine: bool = True
    confirmed: list[str] = field(default_factory=list)

    async def is_genuine(self, envelope: Envelope) -> bool:
        return self.genuine

    async def confirm(self, envelope: Envelope) -> None:
        self.confirmed.append(envelope.subscribe_url)


def without(message: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in keys}


def test_what_is_signed_is_the_fields_that_amazon_names_in_their_order() -> None:
    notification, subscription = read_envelope(NOTIFICATION), read_envelope(SUBSCRIPTION)
    assert isinstance(notification, Envelope)
    assert notification.signed.decode().split("\n")[:-1] == [
        *("Message", "text", "MessageId", "m-1", "Subject", "S"),
        *("Timestamp", "2026-01-02T03:04:05.678Z", "TopicArn", TOPIC, "Type", "Notification"),
    ]
    bare = read_envelope(without(NOTIFICATION, "Subject"))
    assert isinstance(bare, Envelope)
    assert b"Subject" not in bare.signed
    assert isinstance(subscription, Envelope)
    assert subscription.signed.decode().split("\n")[::2] == [
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type", ""),
    ]
    assert (notification.hash_name, subscription.hash_name) == ("sha1", "sha256")
    assert (notification.topic, notification.host) == ("alarms", "sns.eu-west-1.amazonaws.com")


def test_a_topic_of_china_has_the_host_of_china() -> None:
    china = {
        **NOTIFICATION,
        "TopicArn": "arn:aws-cn:sns:cn-north-1:123456789012:alarms",
        "SigningCertURL": "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0.pem",
    }
    assert isinstance(read_envelope(china), Envelope)
    assert not isinstance(read_envelope({**NOTIFICATION, "SigningCertURL": china["SigningCertURL"]}), Envelope)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.dev/SimpleNotificationService-0.pem",
        "https://evil.dev/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.dev/SimpleNotificationService-0.pem",
        "https://evil.dev\\@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com./SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem?next=https://evil.dev",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem\n",
        "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com",
        "//sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        "https://[::1/SimpleNotificationService-0.pem",
    ],
)
def test_a_certificate_is_of_amazons_host_of_the_region_and_of_no_other(url: str) -> None:
    problems = read_envelope({**NOTIFICATION, "SigningCertURL": url})
    assert isinstance(problems, tuple)
    assert [(one.path, str(one.code)) for one in problems] == [("SigningCertURL", "forbidden-target")]


@pytest.mark.parametrize("url", ["http://169.254.169.254/", f"{HOST}.evil.dev/?a", f"{HOST}#@evil.dev", "", None, 5])
def test_a_subscription_is_confirmed_at_amazons_host_alone(url: object) -> None:
    problems = read_envelope({**SUBSCRIPTION, "SubscribeURL": url})
    assert isinstance(problems, tuple)
    assert [one.path for one in problems] == ["SubscribeURL"]


@pytest.mark.parametrize(
    ("payload", "paths"),
    [
        (None, [""]),
        ([], [""]),
        ({}, ["Type"]),
        ({"Type": "Other"}, ["Type"]),
        (without(NOTIFICATION, "MessageId", "Timestamp"), ["MessageId", "Timestamp"]),
        ({**NOTIFICATION, "TopicArn": "alarms"}, ["TopicArn"]),
        ({**NOTIFICATION, "TopicArn": TOPIC.replace("sns", "sqs")}, ["TopicArn"]),
        ({**NOTIFICATION, "TopicArn": "arn:aws:sns:eu-west-1.evil.dev/:123456789012:a"}, ["TopicArn"]),
        ({**NOTIFICATION, "SignatureVersion": "3"}, ["SignatureVersion"]),
        ({**NOTIFICATION, "Signature": "%%%"}, ["Signature"]),
        ({**NOTIFICATION, "Signature": "x" * 3_000}, ["Signature"]),
        ({**NOTIFICATION, "Message": 5}, ["Message"]),
    ],
)
def test_what_is_wrong_with_a_message_is_said_by_its_field(payload: object, paths: list[str]) -> None:
    problems = read_envelope(payload)
    assert isinstance(problems, tuple)
    assert [one.path for one in problems] == paths


@pytest.mark.parametrize(
    ("topics", "allowed"),
    [
        ([TOPIC], True),
        ([], False),
        ([""], False),
        (["*"], True),
        ([f"{TOPIC[:-3]}*"], True),
        ([TOPIC[:-1]], False),
        ([f"{TOPIC}2", "arn:aws:sns:eu-west-1:999999999999:*"], False),
    ],
)
def test_a_topic_is_allowed_by_its_name_or_by_how_it_begins(topics: list[str], allowed: bool) -> None:
    assert is_allowed(TOPIC, topics) is allowed


async def test_a_subscription_is_confirmed_and_a_notification_is_let_in() -> None:
    amazon = Amazon()
    intake = SnsIntake([TOPIC], amazon)
    assert await intake.admit(SUBSCRIPTION) is None
    assert amazon.confirmed == [SUBSCRIPTION["SubscribeURL"]]
    notification = await intake.admit(NOTIFICATION)
    assert notification is not None
    assert notification.kind is MessageKind.NOTIFICATION
    assert await intake.admit({**SUBSCRIPTION, "Type": "UnsubscribeConfirmation"}) is None
    assert len(amazon.confirmed) == 1, "to confirm that a subscription has ended would begin it again"


@pytest.mark.parametrize("message", [NOTIFICATION, SUBSCRIPTION], ids=lambda message: message["Type"])
async def test_what_is_of_another_topic_or_not_genuine_is_refused_and_nothing_is_called(
    message: dict[str, Any],
) -> None:
    amazon = Amazon()
    assert await problems_of(SnsIntake(["arn:aws:sns:*other"], amazon).admit(message)) == [
        ("TopicArn", "unknown-value")
    ]
    amazon.genuine = False
    assert await problems_of(SnsIntake([TOPIC], amazon).admit(message)) == [("Signature", "invalid-secret")]
    assert amazon.confirmed == []
