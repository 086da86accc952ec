"""What we sign, the official library of the specification takes; what it signs, we take."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerting_core import limits
from alerting_core.delivery.plan import render
from alerting_core.delivery.webhook import SignatureVerdict, signature_headers, verify
from alerting_core.domain.claim import HttpMessage
from alerting_core.domain.endpoint import SigningSecret
from alerting_core.domain.endpoint_check import new_secret
from alerting_core.domain.notification import Notification
from tests.property.hostile import hostile_notifications
from tests.unit.core.delivery.make import make_claim, make_state

secrets = st.binary(min_size=limits.SECRET_BYTES_MIN, max_size=limits.SECRET_BYTES_MAX).map(new_secret)


def present_ms() -> int:
    """The library knows no other time than the present."""
    return int(datetime.now(UTC).timestamp() * 1_000)


def taken_by_the_library(secret: str, message: HttpMessage) -> bool:
    try:
        Webhook(secret).verify(message.body, dict(message.headers))
    except WebhookVerificationError:
        return False
    return True


@given(hostile_notifications(), secrets)
def test_the_official_library_takes_what_we_send(notification: Notification, secret: str) -> None:
    claim = make_claim(notification=notification, endpoint=make_state(secret=SigningSecret(secret)))
    message = render(claim, now_ms=present_ms())
    assert isinstance(message, HttpMessage)
    assert taken_by_the_library(secret, message)


@given(secrets, secrets, secrets)
def test_during_a_rotation_the_official_library_takes_either_secret(current: str, previous: str, other: str) -> None:
    now_ms = present_ms()
    state = make_state(secret=SigningSecret(current, previous, previous_until_ms=now_ms + 1_000))
    message = render(make_claim(endpoint=state), now_ms=now_ms)
    assert isinstance(message, HttpMessage)
    assert taken_by_the_library(current, message)
    assert taken_by_the_library(previous, message)
    assert taken_by_the_library(other, message) == (other in {current, previous})


@given(secrets, st.text(min_size=1, max_size=40), st.text(max_size=200))
def test_we_take_what_the_official_library_signs(secret: str, message_id: str, body: str) -> None:
    now_ms = present_ms()
    signature = Webhook(secret).sign(message_id, datetime.fromtimestamp(now_ms // 1_000, UTC), body)
    ours = signature_headers(message_id, body.encode(), [secret], now_ms=now_ms)
    assert ours["webhook-signature"] == signature
    assert (
        verify(ours | {"webhook-signature": signature}, body.encode(), [secret], now_ms=now_ms)
        is SignatureVerdict.VALID
    )


def test_the_official_library_refuses_a_body_that_was_changed() -> None:
    message = render(make_claim(), now_ms=present_ms())
    assert isinstance(message, HttpMessage)
    secret = make_state().secret
    assert secret is not None
    with pytest.raises(WebhookVerificationError):
        Webhook(secret.current).verify(message.body + b" ", dict(message.headers))
