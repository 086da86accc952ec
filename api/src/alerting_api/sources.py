"""What other systems send, each on a route of its own, in the form in which they send it; and a way to try it first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query
from pydantic import ConfigDict, Field

from alerting_api import schema
from alerting_api.auth import AlertWriter, Container, Parts
from alerting_api.dialect import SOURCES_PATH, Payload
from alerting_api.intake import AlertResult, take_readings
from alerting_api.problems import PROBLEMS_MAX, ProblemItem
from alerting_api.route import ApiRoute, TraceParent
from alerting_api.source_examples import SOURCE_EXAMPLES
from alerting_core import limits
from alerting_core.app.intake import AlertDraft, Taken
from alerting_core.domain.text import rfc3339
from alerting_core.errors import InvalidInput, Problem, ProblemCode
from alerting_core.sources import generic
from alerting_core.sources.reading import UNTIL_RESOLVED, Reading, Readings, merged, text_of
from alerting_core.sources.table import Hints, SourceName, read_source

router = APIRouter(prefix=SOURCES_PATH, tags=["sources"], route_class=ApiRoute)


class SourceQuery(schema.QueryModel):
    """What a payload does not say."""

    severity: Annotated[
        str | None,
        Field(
            max_length=limits.ID_CHARS_MAX,
            description="Of alerts whose payload names none: a severity, or a usual word for one.",
            examples=["CRITICAL"],
        ),
    ] = None


def _part(name: str, example: str) -> Any:
    return Field(description=generic.PARTS[name], examples=[example])


class GenericQuery(schema.QueryModel):
    """Where in the payload each part of an alert stands: a path such as `$.labels.host`, or the value itself."""

    items: Annotated[str | None, _part("items", "$.alerts")] = None
    name: Annotated[str | None, _part("name", "$.title")] = None
    source: Annotated[str | None, _part("source", "backup")] = None
    severity: Annotated[str | None, _part("severity", "$.level")] = None
    dedup_key: Annotated[str | None, _part("dedup_key", "$.job.name")] = None
    status: Annotated[str | None, _part("status", "$.state")] = None
    starts_at: Annotated[str | None, _part("starts_at", "$.time")] = None
    ends_at: Annotated[str | None, _part("ends_at", "$.ended")] = None
    context: Annotated[str | None, _part("context", "$.labels")] = None
    summary: Annotated[str | None, _part("summary", "$.text")] = None
    annotations: Annotated[str | None, _part("annotations", "$.details")] = None

    @property
    def mapping(self) -> generic.GenericMapping:
        """The same as the core reads it.

        Raises:
            InvalidInput: With all that is wrong.
        """
        return mapping_of({part: text for part, text in self.model_dump().items() if text is not None})


def mapping_of(texts: Mapping[str, str]) -> generic.GenericMapping:
    """Read a mapping, or raise InvalidInput with all that is wrong with it."""
    mapping = generic.read_mapping(texts)
    if isinstance(mapping, tuple):
        raise InvalidInput(mapping)
    return mapping


class SourceAccepted(schema.ResponseModel):
    """What became of the alerts in a payload; those that were taken are durable."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": 1,
                    "duplicates": 0,
                    "results": [{"alert_id": "0b3c1f52-7d7e-8a3f-9c61-52f0f5ad1c07", "outcome": "opened"}],
                    "problems": [],
                    "passed_over": [],
                }
            ]
        }
    )

    accepted: int
    duplicates: Annotated[int, Field(description="How many of them were of an alert that fires already.")]
    results: Annotated[list[AlertResult], Field(description="Of each that was taken, in their order.")]
    problems: Annotated[list[ProblemItem], Field(description="What is wrong with the others, each with its place.")]
    passed_over: Annotated[list[str], Field(description="What the payload says of which nothing follows.")]


class PagerDutyAccepted(SourceAccepted):
    """What became of an event, with what PagerDuty answers."""

    status: str = "success"
    message: str = "Event processed"
    dedup_key: str


@dataclass(frozen=True, slots=True)
class _Source:
    """What a route is made of besides its name.

    Attributes:
        says: Its title and text.
        answer: What it is answered with.
    """

    says: str
    answer: type[SourceAccepted] = SourceAccepted
    query: type[schema.QueryModel] = field(default=SourceQuery)


_SOURCES: Final[Mapping[SourceName, _Source]] = {
    SourceName.ALERTMANAGER: _Source(
        "Take in a webhook of an Alertmanager.\n\nIts version 4. Each alert is what `POST /api/v2/alerts` makes of it, "
        "and fires until a webhook says that it is resolved: leave `send_resolved` on."
    ),
    SourceName.GRAFANA: _Source(
        "Take in a webhook of Grafana's alerting.\n\nOf a contact point of the type webhook. Links and values "
        "are annotations. An alert fires until a webhook says that it is resolved."
    ),
    SourceName.SNS: _Source(
        "Take in a message of Amazon SNS.\n\nSubscribe this address to a topic that `ALERTING_SNS_TOPICS` allows, with "
        "the key as password in it (`https://any:alk_…@host/…`). The subscription is confirmed by itself. Signatures "
        "are checked. An alarm of CloudWatch fires (HIGH, or `severity`) until its state is OK; an event of "
        "EventBridge, and any other message, is an event."
    ),
    SourceName.DATADOG: _Source(
        "Take in a webhook of Datadog.\n\nWith the default payload, or better with fields named after the variables: "
        "`alert_id`, `alert_transition`, `alert_scope`, `alert_priority`, `alert_type`, `tags`, `title`, `body`, "
        "`date`, `link`. Without a transition it is an event."
    ),
    SourceName.PAGERDUTY: _Source(
        "Take in an event as PagerDuty's Events API does.\n\nVersion 2: `trigger`, `acknowledge` and `resolve` by "
        "`dedup_key`. `class`, else `component`, else the first line of `summary` is the name.",
        PagerDutyAccepted,
    ),
    SourceName.SENTRY: _Source(
        "Take in a webhook of Sentry.\n\nOf an integration: an issue fires until it is resolved or archived, a metric "
        "alert until it is resolved, and an issue alert is an event each time. The older plugin's are events."
    ),
    SourceName.GENERIC: _Source(
        "Take in any other JSON, by a mapping.\n\nThe mapping is in the query, so that a webhook's address has it: for "
        "each part of an alert a path into the JSON (`name=$.title`), or the value itself (`source=backup`). A path is "
        "`$`, then `.name`, `[0]` or `['any key']`. `POST /api/v1/sources/preview` shows what comes of it.",
        query=GenericQuery,
    ),
}
"""Exactly one per source."""


def _route_of(name: SourceName, source: _Source) -> Callable[..., Any]:
    query_model: Any = source.query

    async def receive(
        parts: Parts,
        caller: AlertWriter,
        payload: Payload,
        query: Annotated[query_model, Query()],  # pyright: ignore[reportInvalidTypeForm] - FastAPI reads it.
        traceparent: TraceParent,
    ) -> SourceAccepted:
        hints = _hints(parts, query)
        readings = await _read(name, payload, parts, hints)
        taken, passed_over = await take_readings(readings, parts, caller, traceparent)
        if taken.problems and not taken.submitted:
            raise InvalidInput(taken.problems)
        is_pagerduty = source.answer is PagerDutyAccepted
        more = {"dedup_key": text_of(payload.get("dedup_key")) or hints.new_key} if is_pagerduty else {}
        return _answer(source.answer, taken, passed_over, more)

    receive.__doc__ = source.says
    receive.__name__ = f"receive_{name}"
    return receive


def _hints(parts: Container, query: SourceQuery | GenericQuery) -> Hints:
    if isinstance(query, GenericQuery):
        return Hints(mapping=query.mapping)
    return Hints(query.severity, parts.source_label, parts.new_request_id())


async def _read(name: SourceName, payload: Any, parts: Container, hints: Hints) -> Readings:
    if name is not SourceName.SNS:
        return read_source(name, payload, hints)
    if parts.sns is None:
        detail = "no topic is allowed here: see ALERTING_SNS_TOPICS"
        raise InvalidInput([Problem("TopicArn", ProblemCode.UNKNOWN_VALUE, detail)])
    envelope = await parts.sns.admit(payload)
    if envelope is None:
        return iter([Reading(passed_over=[f"{payload['Type']} of {payload['TopicArn']}: seen to"])])
    return read_source(name, envelope, hints)


def _answer(
    form: type[SourceAccepted], taken: Taken, passed_over: list[str], more: Mapping[str, str]
) -> SourceAccepted:
    return form(
        accepted=len(taken.submitted),
        duplicates=sum(one.is_duplicate for one in taken.submitted),
        results=[AlertResult(alert_id=one.alert_id, outcome=one.outcome_name) for one in taken.submitted],
        problems=[ProblemItem.of(problem) for problem in taken.problems[:PROBLEMS_MAX]],
        passed_over=passed_over,
        **more,
    )


def _described(name: SourceName) -> dict[str, Any]:
    form = {} if name is SourceName.GENERIC else {"type": "object"}
    content = {"schema": form, "examples": {name.value: {"value": SOURCE_EXAMPLES[name]}}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


class SourcePreview(schema.RequestModel):
    """A payload to try."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": "generic",
                    "mapping": {"name": "$.title", "severity": "$.level", "source": "backup"},
                    "payload": dict(SOURCE_EXAMPLES[SourceName.GENERIC]),
                },
                {"source": "pagerduty", "payload": dict(SOURCE_EXAMPLES[SourceName.PAGERDUTY])},
            ]
        }
    )

    source: Annotated[SourceName, Field(strict=False)]
    payload: Annotated[Any, Field(description="As the source sends it.")]
    mapping: Annotated[
        dict[str, str] | None, Field(description="Of a generic payload: part → path or value; see its route.")
    ] = None
    severity: Annotated[str | None, Field(description="As in the query of the source's route.")] = None


class PreviewedAlert(schema.ResponseModel):
    """An alert that would come of a payload."""

    severity: schema.ShownSeverity
    source: str
    name: str
    context: dict[str, str]
    annotations: dict[str, str]
    alert_id: Annotated[str | None, Field(description="Of an event that has one; else one is made.")]
    fingerprint: Annotated[str | None, Field(description="What one with a life is known by; null: it is an event.")]
    status: schema.ShownAlertStatus | None
    starts_at: Annotated[str | None, Field(description="Null: when it comes.")]
    ends_at: Annotated[str | None, Field(description="Null: not before it is said, or after the ordinary time.")]


class SourcePreviewed(schema.ResponseModel):
    """What would come of a payload."""

    alerts: list[PreviewedAlert]
    problems: list[ProblemItem]
    passed_over: list[str]


@router.post("/preview")
async def preview_source(parts: Parts, _caller: AlertWriter, body: Annotated[SourcePreview, Body()]) -> SourcePreviewed:
    """Show the alerts that would come of a payload.

    Nothing is taken in, and nobody is notified. Of SNS the signature is not checked.
    """
    mapping = mapping_of(body.mapping or {}) if body.source is SourceName.GENERIC else None
    hints = Hints(body.severity, parts.source_label, "(a new key)", mapping)
    reading = merged(read_source(body.source, body.payload, hints))
    return SourcePreviewed(
        alerts=[_previewed(parts, draft) for _, draft in reading.drafts[: limits.PAGE_ITEMS_MAX]],
        problems=[ProblemItem.of(problem) for problem in reading.problems[:PROBLEMS_MAX]],
        passed_over=list(reading.passed_over),
    )


def _previewed(parts: Container, draft: AlertDraft) -> PreviewedAlert:
    alert = parts.use.intake.alert_of(draft)
    starts_at_ms = draft.starts_at_ms if draft.event_ts is None else draft.event_ts * 1_000
    ends_at_ms = None if draft.ends_at_ms == UNTIL_RESOLVED else draft.ends_at_ms
    return PreviewedAlert.of(
        alert,
        context=dict(alert.context),
        annotations=dict(alert.annotations),
        alert_id=draft.alert_id,
        fingerprint=draft.identity,
        status=(draft.status.word if draft.status else "firing") if draft.has_life else None,
        starts_at=None if starts_at_ms is None else rfc3339(starts_at_ms),
        ends_at=None if ends_at_ms is None else rfc3339(ends_at_ms),
    )


for _name, _source in _SOURCES.items():
    router.add_api_route(
        f"/{_name}",
        _route_of(_name, _source),
        methods=["POST"],
        status_code=202,
        response_model=_source.answer,
        openapi_extra=_described(_name),
    )
