"""What a Prometheus server speaks to an Alertmanager, so that a real one can be pointed here."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Body, Request

from alerting_backend.api.auth import AlertWriter
from alerting_backend.api.container import Parts
from alerting_backend.api.documented import BODY, CALLER, refusals
from alerting_backend.api.prometheus_alerts import translate
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.prometheus import (
    AlertmanagerStatus,
    PostedAlerts,
    PostedAlertsAccepted,
    VersionInfo,
)
from alerting_backend.api.trace import TraceParent
from alerting_core.domain.timestamp import rfc3339
from alerting_core.errors import InvalidInput
from alerting_core.problem import Problem

PREFIX = "/api/v2"

router = APIRouter(prefix=PREFIX, tags=["prometheus"], route_class=ApiRoute)


@router.post("/alerts", responses=refusals(*CALLER, *BODY))
async def post_alerts(
    parts: Parts, _caller: AlertWriter, body: Annotated[PostedAlerts, Body()], traceparent: TraceParent
) -> PostedAlertsAccepted:
    """Take in alerts from Prometheus.

    Name this server under `alerting.alertmanagers` with a key that has the scope `alerts:write` in
    `authorization.credentials`. `alertname` becomes the name, `job` (or the label that is configured) the source,
    `severity` the severity: critical, emergency, fatal → CRITICAL; high, major, error, page → HIGH; warning, warn,
    medium, minor → MEDIUM; low, info, informational, none → LOW; anything else, and none, is unknown, which rules with
    the severity `*` meet. Labels and annotations become the context; an annotation with the name of a label gets the
    prefix `annotation_`, and one beyond the limit is cut.

    An alert that is sent again is the same alert: nobody is told twice. Alerts that have ended are counted and passed
    over. As with an Alertmanager, alerts that cannot be taken are refused one by one: the others are accepted although
    the answer is 422, so that one bad alert does not hold up the rest.
    """
    now = datetime.fromtimestamp(parts.clock.now_ms() / 1_000, UTC)
    translated = translate(body, source_label=parts.source_label, now=now)
    good, problems = [], list[Problem]()
    for place, draft in translated.firing:
        if found := parts.use.intake.check(draft):
            problems += [problem.under(f"[{place}]") for problem in found]
        else:
            good.append(draft)
    if good:
        await parts.use.intake.submit(good, traceparent=traceparent)
    if problems:
        raise InvalidInput(problems, f"{len(good)} alerts were accepted, the others have problems")
    return PostedAlertsAccepted(accepted=len(good), resolved=translated.resolved)


@router.get("/status", responses=refusals())
async def get_alertmanager_status(request: Request) -> AlertmanagerStatus:
    """Answer tools that ask an Alertmanager what it is."""
    started_at_ms: int = request.app.state.started_at_ms
    info = VersionInfo(version=version("alerting-backend"))
    return AlertmanagerStatus(versionInfo=info, uptime=rfc3339(started_at_ms))
