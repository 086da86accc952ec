"""Giving a webhook a new signing secret."""

from typing import Self

from fastapi import APIRouter, Response
from pydantic import ConfigDict, model_validator

from alerting_api.auth import RuleWriter
from alerting_api.container import Use
from alerting_api.endpoints import ENDPOINTS, EndpointId, EndpointWithSecret, Secret
from alerting_api.headers import ExpectedVersion
from alerting_api.idempotency import Once
from alerting_api.problems import BODY, CALLER, REPEATABLE, SHOWN_VERSIONED, VERSIONED, refusals
from alerting_api.refusals import ProblemKind, etag
from alerting_api.route import ApiRoute
from alerting_api.schema import RequestModel
from alerting_api.validation import core_error
from alerting_core.domain.webhook_check import check_secret

router = APIRouter(tags=["endpoints"], route_class=ApiRoute)


class SecretRotation(RequestModel):
    """How to rotate a signing secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    secret: Secret = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.secret is not None and (problems := tuple(check_secret(self.secret))):
            raise core_error(problems)
        return self


@router.post(
    ENDPOINTS + "/{endpoint_id}/secret/rotate",
    responses=SHOWN_VERSIONED | refusals(*CALLER, *BODY, *REPEATABLE, *VERSIONED, ProblemKind.CONFLICT),
)
async def rotate_secret(
    use: Use,
    caller: RuleWriter,
    _once: Once,
    endpoint_id: EndpointId,
    version: ExpectedVersion,
    response: Response,
    body: SecretRotation | None = None,
) -> EndpointWithSecret:
    """Give a webhook a new signing secret.

    The answer shows it this once. For 24 hours messages are signed with the old one too, so that a receiver can change
    over without a gap. An endpoint that is no webhook is refused (409).
    """
    secret = body.secret if body else None
    endpoint = await use.endpoints.rotate_secret(caller.scope, endpoint_id, secret=secret, expected_version=version)
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointWithSecret.of(endpoint)
