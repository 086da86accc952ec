"""What a Prometheus server speaks to an Alertmanager (API version 2), so that a real one can be pointed here.

Every alert has a life, and is known by its labels. Prometheus sends a firing alert again every minute or so, each time
with an end that lies some minutes ahead, and its real end a few times. Whatever is sent while an alert fires is about
that alert and tells nobody twice; when it is not sent any more, it is over at the end that was announced last.

An Alertmanager's behaviour is the contract here: what it takes is taken, its clients can read what they are answered.
"""

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from alerting_api.auth import AlertWriter, Parts
from alerting_api.dialect import ALERTMANAGER_PATH, Payload, require_json_named
from alerting_api.intake import take_readings
from alerting_api.problems import PROBLEM_TYPES, ProblemKind
from alerting_api.route import ApiRoute, TraceParent
from alerting_api.schema import ResponseModel, Time
from alerting_core.domain.text import rfc3339
from alerting_core.errors import InvalidInput, Problem, ProblemCode
from alerting_core.sources.prometheus import read_posted_alerts

router = APIRouter(tags=["prometheus"], route_class=ApiRoute)

OUTCOMES_HEADER: Final = "Alerting-Outcomes"
"""What became of the alerts, which an empty body cannot say."""

_EXAMPLES: Final[Mapping[str, Any]] = {
    "Prometheus": [
        {
            "labels": {"alertname": "HighErrorRate", "job": "api", "severity": "critical"},
            "annotations": {"summary": "5 % of the requests fail"},
            "startsAt": "2026-01-02T03:04:05.678Z",
            "endsAt": "2026-01-02T03:08:05.678Z",
            "generatorURL": "http://prometheus.example.com/graph",
        }
    ],
    "Script": [{"labels": {"alertname": "BackupFailed"}}],
}

_LENIENT: Final = "Text is usual; what is no text is its JSON, and null is absent."
_TIME: Final = {"description": "RFC 3339 is usual; without a zone it is in UTC, a number is unix seconds."}
_BODY: Final[Mapping[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["labels"],
                        "properties": {
                            "labels": {
                                "type": "object",
                                "description": f"`alertname` becomes the name, `job` the source. {_LENIENT}",
                            },
                            "annotations": {"description": f"An object. {_LENIENT}"},
                            "startsAt": _TIME,
                            "endsAt": _TIME,
                            "generatorURL": {"description": "A link."},
                        },
                    },
                },
                "examples": {name: {"value": value} for name, value in _EXAMPLES.items()},
            }
        },
    }
}


class AlertmanagerRoute(ApiRoute):
    """A route that says in the document how an Alertmanager refuses."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.responses = {200: _TAKEN, **{status: _refused(says) for status, says in _REFUSALS.items()}}


_TAKEN: Final[dict[str, Any]] = {
    "description": "All are taken; the body is empty.",
    "headers": {
        OUTCOMES_HEADER: {
            "description": "How many alerts were what: see the results of `POST /api/v1/alerts`.",
            "schema": {"type": "string"},
            "example": "opened=1, unchanged=41",
        }
    },
}

_K = ProblemKind
_REFUSALS: Final[Mapping[int, str]] = {
    400: "The body is no list of alerts, or some of them cannot be taken; the others are.",
    **{
        PROBLEM_TYPES[kind].status: PROBLEM_TYPES[kind].says
        for kind in (_K.UNAUTHENTICATED, _K.FORBIDDEN, _K.INTERNAL, _K.UNAVAILABLE)
    },
    413: "The body has more than 16 MiB.",
    415: "The body is not called `application/json`; an object with `code` and `message`, as an Alertmanager answers.",
}


def _refused(says: str) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": {}, "example": says}}}


class ClusterStatus(ResponseModel):
    """Always `disabled`: there is no gossip between instances here."""

    status: str = "disabled"
    peers: list[str] = Field(default_factory=list)


class VersionInfo(ResponseModel):
    """What runs here."""

    version: str
    branch: str = ""
    buildDate: str = ""  # noqa: N815
    buildUser: str = ""  # noqa: N815
    goVersion: str = ""  # noqa: N815
    revision: str = ""


class ConfigText(ResponseModel):
    """Empty: rules are kept by the API."""

    original: str = ""


class AlertmanagerStatus(ResponseModel):
    """What tools that speak to an Alertmanager ask first."""

    cluster: ClusterStatus = Field(default_factory=ClusterStatus)
    versionInfo: VersionInfo  # noqa: N815
    config: ConfigText = Field(default_factory=ConfigText)
    uptime: Annotated[Time, Field(description="Since when this process runs, as an Alertmanager names it.")]


async def post_alerts(
    parts: Parts, caller: AlertWriter, payload: Payload, request: Request, traceparent: TraceParent
) -> Response:
    """Take in alerts from Prometheus, and from whatever else posts to an Alertmanager.

    Name this server under `alerting.alertmanagers` with a key that has the scope `alerts:write` in
    `authorization.credentials`, or as the password in `basic_auth`. `alertname` becomes the name, `job` (or the label
    that is configured) the source, `severity` the severity, by any usual word for one; a word that nobody knows, and
    none, is unknown, which rules with the severity `*` meet. Labels become the context, annotations stay annotations,
    with `generatorURL` among them. What is too long or too many is cut, and the annotation `alerting_cut` says so.

    What is sent with a client's key is private to that client; with an operator's key it is shared.

    An alert is known by its labels, and fires from when it is first sent until its `endsAt` has passed, whatever is
    sent meanwhile: nobody is told twice. Without `endsAt` it fires for five minutes, or as configured, unless it is
    sent again. Alerts that cannot be taken are refused one by one: the others are accepted although the answer is 400,
    so that one bad alert does not hold up the rest.
    """
    require_json_named(request.headers.get("content-type", ""))
    if not isinstance(payload, list):
        raise InvalidInput([Problem("", ProblemCode.WRONG_TYPE, "the body must be a list of alerts")])
    readings = read_posted_alerts(payload, source_label=parts.source_label)
    taken, _ = await take_readings(readings, parts, caller, traceparent)
    if taken.problems:
        raise InvalidInput(taken.problems, f"{len(taken.submitted)} alerts were accepted, the others have problems")
    outcomes = Counter(one.outcome_name for one in taken.submitted)
    return Response(headers={OUTCOMES_HEADER: ", ".join(f"{one}={count}" for one, count in outcomes.items())})


router.add_api_route(
    ALERTMANAGER_PATH,
    post_alerts,
    methods=["POST"],
    response_class=Response,
    openapi_extra=dict(_BODY),
    route_class_override=AlertmanagerRoute,
)


@router.get("/api/v2/status")
async def get_alertmanager_status(parts: Parts) -> AlertmanagerStatus:
    """Answer tools that ask an Alertmanager what it is."""
    info = VersionInfo(version=version("alerting-api"))
    return AlertmanagerStatus(versionInfo=info, uptime=rfc3339(parts.started_at_ms))
