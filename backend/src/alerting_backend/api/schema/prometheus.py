"""What Prometheus sends to an Alertmanager (API version 2), and what is answered."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from alerting_backend.api.schema.base import Moment, ResponseModel, Time
from alerting_core import limits

_EXAMPLE: Final[Mapping[str, Any]] = {
    "labels": {"alertname": "HighErrorRate", "job": "api", "severity": "critical"},
    "annotations": {"summary": "5 % of the requests fail"},
    "startsAt": "2026-01-02T03:04:05.678Z",
    "endsAt": "2026-01-02T03:08:05.678Z",
    "generatorURL": "http://prometheus.example.com/graph",
}


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
    resolved: Annotated[int, Field(description="Alerts that have ended. Nobody is told of an end.")]


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
