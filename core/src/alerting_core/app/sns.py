"""Messages of Amazon SNS: whose topics may speak here, and whether it was Amazon that wrote them.

Anybody can post a body that looks like one. So a message is taken only of a topic that the operator allows, and only
when its signature is right, by a certificate that Amazon's own host of the topic's region hands out. A subscription is
confirmed by calling the address in the message, which has to be of that host as well.

Source: "Verifying the signatures of Amazon SNS messages", Amazon SNS developer guide.
"""

import re
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

from alerting_core.errors import InvalidInput, Problem, ProblemCode


class MessageKind(StrEnum):
    """What a message is, as it says itself."""

    NOTIFICATION = "Notification"
    SUBSCRIPTION = "SubscriptionConfirmation"
    UNSUBSCRIPTION = "UnsubscribeConfirmation"


_SIGNED: Final[Mapping[MessageKind, tuple[str, ...]]] = {
    MessageKind.NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    MessageKind.SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    MessageKind.UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""Fields that the signature is made of, in this order; a notification without a subject leaves that out."""

_HASHES: Final = {"1": "sha1", "2": "sha256"}
"""Version of a signature → its hash."""

_REQUIRED: Final = ("Message", "MessageId", "Timestamp", "TopicArn", "Signature", "SigningCertURL")

_TOPIC: Final = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):sns:(?P<region>[a-z0-9-]{1,30}):\d{12}:(?P<name>[\w.-]{1,260})", re.ASCII
)
_CERTIFICATE_PATH: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_DOMAINS: Final = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
_FIELD_CHARS_MAX: Final = 2_048


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message, as it came and was found in order in form.

    Attributes:
        host: Amazon's host of the topic's region, which alone hands out certificates and confirms.
        signed: The bytes that the signature is made of.
        hash_name: `sha1` or `sha256`.
        attributes: `MessageAttributes`.
    """

    kind: MessageKind
    topic_arn: str
    topic: str
    message_id: str
    message: str
    subject: str
    timestamp: str
    host: str
    certificate_url: str
    signature: bytes
    signed: bytes
    hash_name: str
    subscribe_url: str
    attributes: Mapping[str, Any]


class SnsGuard(Protocol):
    """Asks Amazon: for certificates, and to confirm a subscription. Both obey the rules of outbound addresses."""

    async def is_genuine(self, envelope: Envelope) -> bool:
        """Whether Amazon signed *envelope*.

        Raises:
            PortUnavailable: The certificate could not be had.
        """
        ...

    async def confirm(self, envelope: Envelope) -> None:
        """Call the address that confirms the subscription.

        Raises:
            PortUnavailable: It did not answer, or not with a success.
        """
        ...


@dataclass(frozen=True, slots=True)
class SnsIntake:
    """The way in for messages of SNS.

    Attributes:
        topics: ARNs of topics that may speak here; `*` at the end of one stands for any rest.
        guard: Asks Amazon.
    """

    topics: Collection[str]
    guard: SnsGuard

    async def admit(self, payload: Any) -> Envelope | None:
        """Return the notification in *payload* when it is genuine; None for what else SNS says, which is seen to.

        Raises:
            InvalidInput: It is no message of SNS, of no topic that is allowed, or not genuine.
            PortUnavailable: Amazon could not be asked.
        """
        envelope = read_envelope(payload)
        if isinstance(envelope, tuple):
            raise InvalidInput(envelope)
        if not is_allowed(envelope.topic_arn, self.topics):
            detail = "is no topic that is allowed here: add it to ALERTING_SNS_TOPICS"
            raise InvalidInput([Problem("TopicArn", ProblemCode.UNKNOWN_VALUE, detail)])
        if not await self.guard.is_genuine(envelope):
            raise InvalidInput([Problem("Signature", ProblemCode.INVALID_SECRET, "is not Amazon's of this message")])
        if envelope.kind is MessageKind.NOTIFICATION:
            return envelope
        if envelope.kind is MessageKind.SUBSCRIPTION:
            await self.guard.confirm(envelope)
        # That a subscription has ended is for whoever ended it; confirming it would begin it again.
        return None


def is_allowed(topic_arn: str, topics: Collection[str]) -> bool:
    """Tell whether *topic_arn* is one of *topics*, of which one may end with `*`."""
    return any(topic_arn.startswith(one[:-1]) if one.endswith("*") else topic_arn == one for one in topics if one)


def read_envelope(payload: Any) -> Envelope | tuple[Problem, ...]:
    """Read a message, or say all that is wrong with its form."""
    if not isinstance(payload, dict):
        return (Problem("", ProblemCode.WRONG_TYPE, "must be an object"),)
    said = cast("Mapping[str, Any]", payload)
    texts = {key: value for key, value in said.items() if isinstance(value, str)}
    kind = next((one for one in MessageKind if one == texts.get("Type")), None)
    if kind is None:
        return (Problem("Type", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(MessageKind)}"),)
    topic = _TOPIC.fullmatch(texts.get("TopicArn", ""))
    host = f"sns.{topic['region']}.{_DOMAINS[topic['partition']]}" if topic else ""
    problems = tuple(_problems_of(texts, kind, host))
    if problems or topic is None:
        return problems
    signed = "".join(f"{key}\n{texts[key]}\n" for key in _SIGNED[kind] if key in texts)
    attributes = said.get("MessageAttributes")
    return Envelope(
        kind=kind,
        topic_arn=texts["TopicArn"],
        topic=topic["name"],
        message_id=texts["MessageId"],
        message=texts["Message"],
        subject=texts.get("Subject", ""),
        timestamp=texts["Timestamp"],
        host=host,
        certificate_url=texts["SigningCertURL"],
        signature=b64decode(texts["Signature"]),
        signed=signed.encode(errors="surrogatepass"),
        hash_name=_HASHES[texts.get("SignatureVersion", "1")],
        subscribe_url=texts.get("SubscribeURL", ""),
        attributes=cast("Mapping[str, Any]", attributes) if isinstance(attributes, dict) else {},
    )


def _problems_of(texts: Mapping[str, str], kind: MessageKind, host: str) -> Iterator[Problem]:
    for key in _REQUIRED:
        if not texts.get(key):
            yield Problem(key, ProblemCode.MISSING, "is required")
        elif key != "Message" and len(texts[key]) > _FIELD_CHARS_MAX:
            yield Problem(key, ProblemCode.TOO_LONG, f"at most {_FIELD_CHARS_MAX} characters are allowed")
    if texts.get("TopicArn") and not host:
        yield Problem("TopicArn", ProblemCode.UNKNOWN_VALUE, "must be the ARN of a topic")
    if texts.get("SignatureVersion", "1") not in _HASHES:
        yield Problem("SignatureVersion", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(_HASHES)}")
    if host and not _is_certificate(texts.get("SigningCertURL", ""), host):
        yield Problem("SigningCertURL", ProblemCode.FORBIDDEN_TARGET, f"must be a certificate of https://{host}")
    if host and kind is MessageKind.SUBSCRIPTION and not _is_of(texts.get("SubscribeURL", ""), host):
        yield Problem("SubscribeURL", ProblemCode.FORBIDDEN_TARGET, f"must be an address of https://{host}")
    if not _is_base64(texts.get("Signature", "")):
        yield Problem("Signature", ProblemCode.WRONG_TYPE, "must be base64")


def _is_of(url: str, host: str) -> bool:
    """Tell whether *url* is one of *host* by https, and nothing that another reader could take for another host."""
    if not (url.isascii() and url.isprintable()) or any(one in url for one in ' \\@#"<>'):
        return False
    try:
        parts = urlsplit(url)
        return (parts.scheme, parts.netloc) == ("https", host) and parts.port is None
    except ValueError:
        return False


def _is_certificate(url: str, host: str) -> bool:
    return _is_of(url, host) and not urlsplit(url).query and _CERTIFICATE_PATH.fullmatch(urlsplit(url).path) is not None


def _is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True
