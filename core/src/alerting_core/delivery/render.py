"""The one way from a claim to what is sent."""

from typing import assert_never

from alerting_core.delivery.email import render_email
from alerting_core.delivery.slack import render_slack
from alerting_core.delivery.webhook import render_webhook
from alerting_core.domain.claim import Claim, Message
from alerting_core.domain.endpoint import EndpointType


def render(claim: Claim, *, now_ms: int) -> Message:
    """Return the message of a claimed delivery.

    Args:
        claim: Still wanted (`stages.judge.skip_reason` is None).
        now_ms: When the attempt begins: what a webhook is signed for, and which of two secrets still sign.
    """
    match claim.delivery.type:
        case EndpointType.WEBHOOK:
            return render_webhook(claim, now_ms=now_ms)
        case EndpointType.SLACK:
            return render_slack(claim)
        case EndpointType.EMAIL:
            return render_email(claim)
        case _:
            assert_never(claim.delivery.type)
