"""Alerts, the way in: events, and alerts with a life, which fire and are resolved later."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Body, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Discriminator, Field, Tag

from alerting_api import schema
from alerting_api.auth import AlertWriter, Container, Parts, Principal
from alerting_api.route import ApiRoute, Once, TraceParent, claimed_key
from alerting_core import limits
from alerting_core.app.intake import AlertDraft, AlertIntake, OutcomeName, Submitted, Taken
from alerting_core.domain.alert import EVENT_TS_MAX, AlertStatus, check_annotations, check_context
from alerting_core.domain.text import derive_uuid
from alerting_core.errors import Problem, ProblemCode
from alerting_core.sources.reading import Readings

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=ApiRoute)
"""Of all that there is about alerts: `alerts` adds the reads."""

EVENT: Final[Mapping[str, Any]] = {
    "severity": "CRITICAL",
    "source": "api",
    "name": "timeout",
    "context": {"environment": "prod", "region": "us-east-1"},
    "annotations": {"summary": "Checkout waits for the API", "runbook_url": "https://wiki.example.com/api-timeout"},
}
"""The example of an alert."""

EPISODE_ID: Final = "0b3c1f52-7d7e-8a3f-9c61-52f0f5ad1c07"
"""The alert_id of the example of one with a life."""

_FIRING: Final[Mapping[str, Any]] = {**EVENT, "dedup_key": "api/timeout/us-east-1"}
_RESOLVED: Final[Mapping[str, Any]] = {**_FIRING, "status": "resolved", "ends_at": "2026-01-02T03:24:05Z"}


def _check_context(context: dict[str, str]) -> Iterator[Problem]:
    for problem in check_context(context):
        path = problem.path.removeprefix("context").removeprefix(".")
        yield Problem(path, problem.code, problem.detail)


Context: TypeAlias = Annotated[
    dict[str, str],
    Field(
        description="Labels, text to text: what tells the alert from others of its name, and what people sort by.",
        max_length=limits.CONTEXT_ENTRIES_MAX,
    ),
    schema.checked_by(_check_context),
]

Annotations: TypeAlias = Annotated[
    dict[str, str],
    Field(
        description="What is said to people, text to text; it tells no two alerts apart. Messages begin with `summary` "
        "and `description`, then come the links: `runbook_url`, `dashboard…`, `generatorURL`.",
        max_length=limits.ANNOTATIONS_MAX,
    ),
]


class NewAlert(schema.CheckedModel):
    """One alert to take in. With a `dedup_key` it has a life: it fires, and is resolved later. Else it is an event."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(EVENT), dict(_FIRING), dict(_RESOLVED)]})

    alert_id: Annotated[
        schema.Identifier | None,
        Field(
            description="Unique per occurrence: the same id again is the same alert again. Left out: one is made. "
            "Each client's private alerts have their own ids, and so have those that are shared. One with a "
            "`dedup_key` is given its id by the platform."
        ),
    ] = None
    severity: Annotated[
        str,
        Field(
            description="LOW, MEDIUM, HIGH or CRITICAL, or a usual word for one in any case: `critical`, `P1`, "
            "`sev-2`, `warning`, `err`, `notice` …"
        ),
    ]
    source: Annotated[schema.Text, Field(description="System that reports.")]
    name: Annotated[schema.Text, Field(description="What happened.")]
    event_ts: Annotated[
        int | None,
        Field(
            ge=0,
            le=EVENT_TS_MAX,
            description="When it happened, or began, unix seconds. Left out: `starts_at`, and without that now.",
        ),
    ] = None
    context: Context = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    client_id: Annotated[
        schema.Identifier | None,
        Field(
            description="For an operator's key, the client that the alert is private to. Left out: the alert is "
            "shared. What a client's key sends is private to that client, and no other may be named."
        ),
    ] = None
    dedup_key: Annotated[
        schema.Identifier | None,
        Field(
            description="What the alert is known by, however often it is reported. Whatever is reported under it while "
            "the alert fires is about that one alert, and nobody is notified again; when it fires anew after its end, "
            "that is a new alert. Each client's private alerts have their own keys, and so have those that are shared."
        ),
    ] = None
    status: Annotated[
        schema.AlertStatusName | None,
        Field(description="With a `dedup_key`: whether the alert fires or is over. Left out: it fires."),
    ] = None
    starts_at: Annotated[
        schema.Moment | None,
        Field(description="With a `dedup_key`: since when it fires, RFC 3339 with an offset. Left out: now."),
    ] = None
    ends_at: Annotated[
        schema.Moment | None,
        Field(
            description="With a `dedup_key`, RFC 3339 with an offset. Of one that is resolved: when it ended; left "
            "out: now. Of one that fires: when it is over unless it is reported again, in 31 days at the most; left "
            "out: five minutes from now, or what is configured. A time that has passed says that it is resolved."
        ),
    ] = None

    def check(self) -> schema.Problems:
        """Return what is wrong with the annotations and the times."""
        yield from check_annotations(self.annotations, self.context)
        if self.starts_at is not None and self.event_ts not in {None, schema.unix_ms(self.starts_at) // 1_000}:
            yield Problem("event_ts", ProblemCode.OUT_OF_RANGE, "must be the second of starts_at, or be left out")

    def draft(self) -> AlertDraft:
        """Return the same for the use case."""
        return AlertDraft(
            severity=self.severity,
            source=self.source,
            name=self.name,
            context=self.context,
            annotations=self.annotations,
            alert_id=self.alert_id,
            event_ts=self.event_ts,
            client_id=self.client_id,
            dedup_key=self.dedup_key,
            status=AlertStatus.from_word(self.status),
            starts_at_ms=schema.clamped_ms(self.starts_at),
            ends_at_ms=schema.clamped_ms(self.ends_at),
        )


AlertList: TypeAlias = Annotated[list[NewAlert], Field(min_length=1, max_length=limits.ALERTS_PER_REQUEST_MAX)]


class AlertBatch(schema.RequestModel):
    """Several alerts to take in, all or none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"alerts": [dict(EVENT), dict(_FIRING)]}]})

    alerts: AlertList


def _form(body: Any) -> str:
    if isinstance(body, list):
        return schema.UNION_TAG + "list"
    return schema.UNION_TAG + ("batch" if isinstance(body, dict) and "alerts" in body else "one")


AlertBody: TypeAlias = Annotated[
    Annotated[NewAlert, Tag(schema.UNION_TAG + "one")]
    | Annotated[AlertBatch, Tag(schema.UNION_TAG + "batch")]
    | Annotated[AlertList, Tag(schema.UNION_TAG + "list")],
    Discriminator(_form),
]
"""One alert, or several in either of two forms."""

_OUTCOMES_SAID: Final = (
    "`event`: it was published. Of an alert with a life: `opened`: it fires, and did not before; `extended`, "
    "`unchanged`: it fires still, and nobody is notified again; `closed`: it is resolved; `still-firing`: it is "
    "resolved for this sender, while another says that it fires; `corrected`: it had been resolved by silence, and now "
    "it is known when it ended; `not-open`: it is resolved and did not fire, so that nothing was done; `owner-gone`: "
    "the client that it was private to was deleted meanwhile."
)


class AlertResult(schema.ResponseModel):
    """What became of one alert."""

    alert_id: Annotated[
        str | None,
        Field(
            description="Of one with a life: the alert that fires, or the last that did; null when none has. It is the "
            "same until that one is resolved."
        ),
    ]
    outcome: Annotated[OutcomeName, Field(description=_OUTCOMES_SAID)]


class AlertsAccepted(schema.ResponseModel):
    """Alerts that are durable now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": 2,
                    "duplicates": 0,
                    "alert_ids": ["order-4711-timeout", EPISODE_ID],
                    "results": [
                        {"alert_id": "order-4711-timeout", "outcome": "event"},
                        {"alert_id": EPISODE_ID, "outcome": "opened"},
                    ],
                }
            ]
        }
    )

    accepted: int
    duplicates: Annotated[
        int,
        Field(
            description="How many of them were sent again of an alert that fires already: `extended` and `unchanged`. "
            "Nobody is notified of them."
        ),
    ]
    alert_ids: Annotated[
        list[str], Field(description="In the order of the request; empty for one that is resolved and never fired.")
    ]
    results: Annotated[list[AlertResult], Field(description="In the order of the request.")]

    @classmethod
    def all_of(cls, submitted: Sequence[Submitted]) -> "AlertsAccepted":
        """Say what became of each."""
        results = [AlertResult(alert_id=one.alert_id, outcome=one.outcome_name) for one in submitted]
        return cls(
            accepted=len(results),
            duplicates=sum(one.is_duplicate for one in submitted),
            alert_ids=[one.alert_id or "" for one in results],
            results=results,
        )


class SubmitRoute(ApiRoute):
    """Reports an unknown severity beside what else is wrong: which words are known is configured, no schema has it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the way from request to response."""
        serve = super().get_route_handler()

        async def serve_reporting_all(request: Request) -> Response:
            try:
                return await serve(request)
            except RequestValidationError as error:
                intake: AlertIntake = request.app.state.container.use.intake
                unknown = _unknown_severities(error.body, intake)
                raise RequestValidationError([*error.errors(), *unknown], body=error.body) from None

        return serve_reporting_all


def _unknown_severities(body: Any, intake: AlertIntake) -> Iterator[Mapping[str, Any]]:
    """Yield an error, as pydantic has it, for each alert of *body* with a severity that is text and no known word."""
    is_batch = _form(body).endswith("batch")
    items = body["alerts"] if is_batch else body
    for place, item in enumerate(items if isinstance(items, list) else [items]):
        word = item.get("severity") if isinstance(item, dict) else None
        problems = tuple(intake.check_severity(word)) if isinstance(word, str) else ()
        if problems:
            loc = ("body", *(("alerts",) if is_batch else ()), *((place,) if isinstance(items, list) else ()))
            yield {"type": schema.CORE_ERROR, "loc": loc, "msg": "invalid", "ctx": {"problems": problems}}


async def submit_alerts(
    parts: Parts,
    caller: AlertWriter,
    _once: Once,
    body: Annotated[AlertBody, Body()],
    request: Request,
    traceparent: TraceParent,
) -> AlertsAccepted:
    """Take in one alert, or up to 1,000, all or none.

    The body is one alert, `{"alerts": [...]}`, or a list of alerts. They are durable when the answer comes. Sending the
    same `alert_id` again is safe: nobody is told twice. With an `Idempotency-Key`, ids that were left out are made from
    it, so that this holds even when the first answer was lost.

    An alert with a `dedup_key` fires until it is sent with the status `resolved`, or is not sent again in time: five
    minutes, or what is configured, unless `ends_at` says until when. To send it again is safe at any time.

    What a client's key sends is private to the client: its rules alone meet it, and nobody else sees it. What an
    operator's key sends is shared: the rules of all clients meet it, unless it names a `client_id`.
    """
    drafts, path = _drafts(body)
    if (key := claimed_key(request)) is not None:
        drafts = _with_derived_ids(drafts, owner=caller.owner, key=key)
    submitted = await parts.use.intake.submit(caller.scope, drafts, path=path, traceparent=traceparent)
    parts.observer.taken_in(Counter[str](one.outcome_name for one in submitted))
    return AlertsAccepted.all_of(submitted)


router.add_api_route("", submit_alerts, methods=["POST"], status_code=202, route_class_override=SubmitRoute)


def _drafts(body: AlertBody) -> tuple[list[AlertDraft], str]:
    """Return the drafts, and how the place of one in the request is written."""
    match body:
        case NewAlert():
            return [body.draft()], ""
        case AlertBatch():
            return [alert.draft() for alert in body.alerts], "alerts[{}]"
        case _:
            return [alert.draft() for alert in body], "[{}]"


def _with_derived_ids(drafts: list[AlertDraft], *, owner: str, key: str) -> list[AlertDraft]:
    return [
        draft
        if draft.has_life or draft.alert_id is not None
        else replace(draft, alert_id=derive_uuid("request", owner, key, str(place)))
        for place, draft in enumerate(drafts)
    ]


async def take_readings(
    readings: Readings, parts: Container, caller: Principal, traceparent: str | None
) -> tuple[Taken, list[str]]:
    """Take in what can be taken of another system's payload, part by part; and say what is passed over."""
    submitted: list[Submitted] = []
    problems: list[Problem] = []
    passed_over: list[str] = []
    for reading in readings:
        taken = await parts.use.intake.submit_each(caller.scope, reading.drafts, traceparent=traceparent)
        submitted += taken.submitted
        problems += [*reading.problems, *taken.problems]
        passed_over += reading.passed_over
    parts.observer.taken_in(Counter[str](one.outcome_name for one in submitted))
    return Taken(submitted, problems), passed_over
