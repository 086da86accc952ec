"""What a Prometheus server speaks to an Alertmanager (API version 2), so that a real one can be pointed here.

Every alert has a life, and is known by its labels. Prometheus sends a firing alert again every minute or so, each time
with an end that lies some minutes ahead, and its real end a few times. Whatever is sent while an alert fires is about
that alert and tells nobody twice; when it is not sent any more, it is over at the end that was announced last.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from alerting_api.auth import AlertWriter, Parts
from alerting_api.route import ApiRoute, TraceParent
from alerting_api.schema import Moment, ResponseModel, Time, clamped_ms
from alerting_core import limits
from alerting_core.app.intake import AlertDraft
from alerting_core.delivery.alertmanager import GENERATOR_URL, NAME_LABEL, SEVERITY_LABEL
from alerting_core.domain.episode import fingerprint_of_labels
from alerting_core.domain.episode_report import ReportOutcome, is_over
from alerting_core.domain.text import rfc3339
from alerting_core.errors import InvalidInput, Problem, ProblemCode

router = APIRouter(prefix="/api/v2", tags=["prometheus"], route_class=ApiRoute)

SOURCE_UNNAMED: Final = "prometheus"
"""The source of an alert without the label that names one."""

SEVERITIES: Final[Mapping[str, str]] = {
    "critical": "CRITICAL",
    "emergency": "CRITICAL",
    "fatal": "CRITICAL",
    "high": "HIGH",
    "major": "HIGH",
    "error": "HIGH",
    "page": "HIGH",
    "warning": "MEDIUM",
    "warn": "MEDIUM",
    "medium": "MEDIUM",
    "minor": "MEDIUM",
    "low": "LOW",
    "info": "LOW",
    "informational": "LOW",
    "none": "LOW",
}
"""Usual values of the severity label, in lower case. Any other, and none at all: unknown, which `*` rules meet."""

_CUT_MARK: Final = " […]"

_EXAMPLE: Final[Mapping[str, Any]] = {
    "labels": {"alertname": "HighErrorRate", "job": "api", "severity": "critical"},
    "annotations": {"summary": "5 % of the requests fail"},
    "startsAt": "2026-01-02T03:04:05.678Z",
    "endsAt": "2026-01-02T03:08:05.678Z",
    "generatorURL": "http://prometheus.example.com/graph",
}
_OUTCOMES: Final[Mapping[str, int]] = {"opened": 1, "unchanged": 41}


class PostedAlert(BaseModel):
    """One alert as Prometheus has it. Fields that are unknown here are passed over: newer servers may send more."""

    model_config = ConfigDict(strict=True, frozen=True, json_schema_extra={"examples": [dict(_EXAMPLE)]})

    labels: Annotated[dict[str, str], Field(description="`alertname` becomes the name, `job` the source.")]
    annotations: dict[str, str] = Field(default_factory=dict)
    startsAt: Moment | None = None  # noqa: N815
    endsAt: Moment | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815


PostedAlerts: TypeAlias = Annotated[list[PostedAlert], Field(max_length=limits.ALERTS_PER_REQUEST_MAX)]


class PostedAlertsAccepted(ResponseModel):
    """What became of the posted alerts."""

    accepted: Annotated[int, Field(description="Firing alerts that are durable now, repetitions included.")]
    resolved: Annotated[int, Field(description="Alerts that have ended, repetitions included.")]
    outcomes: Annotated[
        dict[ReportOutcome, int],
        Field(
            description="How many of them were what: see the results of `POST /api/v1/alerts`.", examples=[_OUTCOMES]
        ),
    ]


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


def severity_of(labels: Mapping[str, str]) -> str | None:
    """Return the severity that *labels* name; None when they name none that is known."""
    return SEVERITIES.get(labels.get(SEVERITY_LABEL, "").strip().lower())


def _set(moment: datetime | None) -> datetime | None:
    # Go writes the year 1 for a time that was never set.
    return None if moment is None or moment.year == 1 else moment


def _check(alert: PostedAlert) -> Iterator[Problem]:
    """Yield what an Alertmanager finds wrong with the times."""
    start, end = _set(alert.startsAt), _set(alert.endsAt)
    if start is not None and end is not None and end < start:
        yield Problem("endsAt", ProblemCode.OUT_OF_RANGE, "must not be before startsAt")


def _draft(alert: PostedAlert, *, source_label: str) -> AlertDraft:
    return AlertDraft(
        severity=severity_of(alert.labels),
        source=alert.labels.get(source_label) or SOURCE_UNNAMED,
        name=alert.labels.get(NAME_LABEL, ""),
        context=alert.labels,
        annotations=_annotations(alert),
        fingerprint=fingerprint_of_labels(alert.labels),
        starts_at_ms=clamped_ms(_set(alert.startsAt)),
        ends_at_ms=clamped_ms(_set(alert.endsAt)),
    )


def _annotations(alert: PostedAlert) -> dict[str, str]:
    """Return the annotations with the link among them, which leads to the expression that fired."""
    annotations = {key: _cut(value) for key, value in alert.annotations.items()}
    if alert.generatorURL:
        annotations.setdefault(GENERATOR_URL, _cut(alert.generatorURL))
    return annotations


def _cut(value: str) -> str:
    # A runbook that is too long must not keep the alert from being told.
    if len(value) <= limits.CONTEXT_VALUE_CHARS_MAX:
        return value
    return value[: limits.CONTEXT_VALUE_CHARS_MAX - len(_CUT_MARK)] + _CUT_MARK


@router.post("/alerts")
async def post_alerts(
    parts: Parts, caller: AlertWriter, body: Annotated[PostedAlerts, Body()], traceparent: TraceParent
) -> PostedAlertsAccepted:
    """Take in alerts from Prometheus.

    Name this server under `alerting.alertmanagers` with a key that has the scope `alerts:write` in
    `authorization.credentials`. `alertname` becomes the name, `job` (or the label that is configured) the source,
    `severity` the severity: critical, emergency, fatal → CRITICAL; high, major, error, page → HIGH; warning, warn,
    medium, minor → MEDIUM; low, info, informational, none → LOW; anything else, and none, is unknown, which rules with
    the severity `*` meet. Labels become the context, annotations stay annotations, with `generatorURL` among them; one
    beyond the limit is cut.

    What is sent with a client's key is private to that client; with an operator's key it is shared.

    An alert is known by its labels, and fires from when it is first sent until its `endsAt` has passed, whatever is
    sent meanwhile: nobody is told twice. Without `endsAt` it fires for five minutes, or as configured, unless it is
    sent again. As with an Alertmanager, alerts that cannot be taken are refused one by one: the others are accepted
    although the answer is 422, so that one bad alert does not hold up the rest.
    """
    now_ms = parts.clock.now_ms()
    good, problems = list[AlertDraft](), list[Problem]()
    for place, alert in enumerate(body):
        draft = _draft(alert, source_label=parts.source_label)
        if found := [*_check(alert), *parts.use.intake.check(caller.scope, draft)]:
            problems += [problem.under(f"[{place}]") for problem in found]
        else:
            good.append(draft)
    submitted = await parts.use.intake.submit(caller.scope, good, traceparent=traceparent) if good else ()
    if problems:
        raise InvalidInput(problems, f"{len(good)} alerts were accepted, the others have problems")
    ended = sum(is_over(is_resolved=False, ends_at_ms=draft.ends_at_ms, now_ms=now_ms) for draft in good)
    outcomes = Counter(one.outcome for one in submitted if one.outcome is not None)
    return PostedAlertsAccepted(accepted=len(good) - ended, resolved=ended, outcomes=outcomes)


@router.get("/status")
async def get_alertmanager_status(parts: Parts) -> AlertmanagerStatus:
    """Answer tools that ask an Alertmanager what it is."""
    info = VersionInfo(version=version("alerting-api"))
    return AlertmanagerStatus(versionInfo=info, uptime=rfc3339(parts.started_at_ms))
