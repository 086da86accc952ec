"""The way in for alerts: events, and what is said of alerts with a life, in one call."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from alerting_core import limits
from alerting_core.app.episodes import EpisodeIntake
from alerting_core.codec.records import message_headers
from alerting_core.domain.alert import SEVERITY_NAMES, Alert, AlertStatus, Severity, check_alert
from alerting_core.domain.episode import fingerprint_of_key
from alerting_core.domain.episode_report import Report, ReportOutcome
from alerting_core.domain.fitting import fitted, named
from alerting_core.domain.severity_words import severity_of_word
from alerting_core.domain.text import check_id
from alerting_core.errors import InvalidInput, NotFound, Problem, ProblemCode
from alerting_core.ports.catalog import ClientStore, Scope
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.stream import Headers, Sink, alert_record

OutcomeName: TypeAlias = Literal["event"] | ReportOutcome
"""What became of an alert, in a word."""


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """An alert as a caller sends it.

    Attributes:
        severity: The name of one, or a word for it. None when the source names none: only rules with `*` meet it.
        alert_id: None to have one made.
        event_ts: Unix seconds; None for now.
        client_id: The client that the alert is to be private to; None: the sender when that is a client, and of an
            operator's none, so that the alert is shared.
        dedup_key: Of an alert with a life: what its sender calls it, each time that it fires.
        fingerprint: The same of a sender that has no such key: `fingerprint_of_labels`. With neither it is an event.
        status: Of an alert with a life; None: it fires.
        starts_at_ms: Of an alert with a life: when it began, unix milliseconds; None: at event_ts if that is given.
        ends_at_ms: Of an alert with a life: until when it fires if nobody says more, or when it ended; None for the
            ordinary life, or for now. More than `limits.EPISODE_LIFE_MS_MAX` ahead is cut to that.
        is_made_fit: Whether what is beyond the bounds is cut and marked (`domain.fitting`), and a severity that nobody
            knows is none: its sender speaks another system's dialect, and what is refused there is lost.
    """

    severity: str | None
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    alert_id: str | None = None
    event_ts: int | None = None
    client_id: str | None = None
    dedup_key: str | None = None
    fingerprint: str | None = None
    status: AlertStatus | None = None
    starts_at_ms: int | None = None
    ends_at_ms: int | None = None
    is_made_fit: bool = False

    @property
    def has_life(self) -> bool:
        """Whether it fires and is resolved; else it is an event."""
        return self.dedup_key is not None or self.fingerprint is not None

    @property
    def identity(self) -> str | None:
        """The fingerprint of an alert with a life; None for an event."""
        return self.fingerprint if self.dedup_key is None else fingerprint_of_key(self.dedup_key)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of one draft.

    Attributes:
        alert_id: None for an alert with a life that is resolved and never fired.
        outcome: Of an alert with a life; None for an event, which is published.
        is_published: Whether the log has all that follows from it. If not, all the same it is durable, and the log will
            have it later.
    """

    alert_id: str | None
    outcome: ReportOutcome | None = None
    is_published: bool = True

    @property
    def outcome_name(self) -> OutcomeName:
        """What became of it, in a word; an event is published, and that is all."""
        return "event" if self.outcome is None else self.outcome

    @property
    def is_duplicate(self) -> bool:
        """Whether it was of an alert that fires already, so that nobody is notified of it."""
        return self.outcome in _OF_ONE_THAT_FIRES


Placed: TypeAlias = tuple[str, AlertDraft]
"""Where in the request a draft stood, for problems; and the draft."""


_OF_ONE_THAT_FIRES: Final = frozenset({ReportOutcome.EXTENDED, ReportOutcome.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of drafts that were taken one by one.

    Attributes:
        submitted: Of those that were in order, in their order.
        problems: Of the others.
    """

    submitted: Sequence[Submitted]
    problems: Sequence[Problem]


@dataclass(frozen=True, slots=True)
class AlertIntake:
    """The way in for alerts: what a client sends is private to it.

    Attributes:
        own_words: Words for severities that an operator added to `SEVERITY_WORDS`.
    """

    clients: ClientStore
    episodes: EpisodeIntake
    sink: Sink
    clock: Clock
    ids: IdSource
    own_words: Mapping[str, Severity] = field(default_factory=dict[str, Severity])

    def check(self, scope: Scope, draft: AlertDraft) -> tuple[Problem, ...]:
        """Return all that is wrong with *draft*; empty when `submit` would take it, if the client it names is there."""
        return tuple(self._problems(scope, draft, self._alert(scope, draft, 0)))

    def check_severity(self, word: str) -> Iterator[Problem]:
        """Yield what is wrong with *word* as a severity: nothing where it is a usual or an own word for one."""
        if severity_of_word(word, self.own_words) is Severity.UNSPECIFIED:
            detail = f"must be one of {', '.join(SEVERITY_NAMES)}, or a usual word for one"
            yield Problem("severity", ProblemCode.UNKNOWN_VALUE, detail)

    def alert_of(self, draft: AlertDraft) -> Alert:
        """Return the alert that would come of *draft*, as nobody's and at no time; nothing is taken in."""
        return self._alert(None, draft, 0)

    async def submit(
        self, scope: Scope, drafts: Sequence[AlertDraft], *, path: str = "alerts[{}]", traceparent: str | None = None
    ) -> Sequence[Submitted]:
        """Take *drafts* in, all or none, and return what became of each, in order; they are durable on return.

        Events are published. What is said of an alert with a life is applied to its episode, in the order of the
        drafts, and what follows from it is published.

        Args:
            scope: Who sends them.
            drafts: 1 to `limits.ALERTS_PER_REQUEST_MAX` of them.
            path: Where in the request draft number `{}` stood, for problems; empty when the request was the draft.
            traceparent: The caller's trace, which the alerts carry on.

        Raises:
            InvalidInput: With every problem of every draft; nothing is taken in.
            PortUnavailable: The log or the episodes are away, any part may have been taken in; or clients that an
                operator names cannot be looked up. To send the same again is safe, if events have their alert_ids.
        """
        _check_count(drafts)
        unknown = await self._unknown_clients(scope, drafts)
        now_s = max(0, self.clock.now_ms() // 1000)
        problems: list[Problem] = []
        alerts: list[Alert] = []
        for index, draft in enumerate(drafts):
            alert = self._alert(scope, draft, now_s)
            found = list(self._problems(scope, draft, alert))
            if not found and draft.client_id in unknown:
                found.append(Problem("client_id", ProblemCode.UNKNOWN_VALUE, "there is no such client"))
            alerts.append(alert)
            problems += [problem.under(path.format(index)) if path else problem for problem in found]
        if problems:
            raise InvalidInput(problems)
        return await self._take(list(zip(drafts, alerts, strict=True)), message_headers(traceparent))

    async def submit_each(self, scope: Scope, placed: Sequence[Placed], *, traceparent: str | None = None) -> Taken:
        """Take in those that are in order, whatever the others are, however many there are; they are durable on return.

        They are worked off in pieces, so that others have their turn in between.

        Args:
            scope: Who sends them; they name no client.
            placed: Any number of drafts, each with its place.
            traceparent: The caller's trace, which the alerts carry on.

        Raises:
            PortUnavailable: The log or the episodes are away; any part may have been taken in. To send the same again
                is safe, if events have their alert_ids.
        """
        headers, now_s = message_headers(traceparent), max(0, self.clock.now_ms() // 1000)
        submitted: list[Submitted] = []
        problems: list[Problem] = []
        for start in range(0, len(placed), limits.ALERTS_PER_REQUEST_MAX):
            sound: list[tuple[AlertDraft, Alert]] = []
            for path, draft in placed[start : start + limits.ALERTS_PER_REQUEST_MAX]:
                alert = self._alert(scope, draft, now_s)
                found = [problem.under(path) if path else problem for problem in self._problems(scope, draft, alert)]
                problems += found
                if not found:
                    sound.append((draft, alert))
            submitted += await self._take(sound, headers)
        return Taken(submitted, problems)

    async def _take(self, sound: Sequence[tuple[AlertDraft, Alert]], headers: Headers) -> Sequence[Submitted]:
        """Take in what is in order."""
        reports = [
            _report(identity, draft, alert) for draft, alert in sound if (identity := draft.identity) is not None
        ]
        # First: when the log then turns out to be away, all is sent again, and to report again changes nothing.
        reported = iter(await self.episodes.report(reports, headers) if reports else ())
        # Where there are none the log is not asked: it may be away, and all is durable.
        if events := [alert_record(alert, headers) for draft, alert in sound if not draft.has_life]:
            await self.sink.publish(events)
        submitted: list[Submitted] = []
        for draft, alert in sound:
            if draft.has_life:
                one = next(reported)
                submitted.append(Submitted(one.episode_id, one.outcome, one.is_published))
            else:
                submitted.append(Submitted(alert.alert_id))
        return submitted

    async def _unknown_clients(self, scope: Scope, drafts: Sequence[AlertDraft]) -> Collection[str]:
        """Return those that an operator names and that do not exist; a client that sends is there."""
        unknown: set[str] = set()
        for client_id in {draft.client_id for draft in drafts if draft.client_id} if scope is None else ():
            try:
                await self.clients.get(None, client_id)
            except NotFound:
                unknown.add(client_id)
        return unknown

    def _alert(self, scope: Scope, draft: AlertDraft, now_s: int) -> Alert:
        alert_id = draft.alert_id
        if alert_id is None:
            alert_id = _OF_EPISODE if draft.has_life else self.ids.new_uuid()
        alert = Alert(
            alert_id=alert_id,
            severity=self._severity(draft),
            source=draft.source,
            name=draft.name,
            event_ts=now_s if draft.event_ts is None else draft.event_ts,
            context=draft.context,
            annotations=draft.annotations,
            owner=(draft.client_id or "") if scope is None else scope,
        )
        return fitted(named(alert)) if draft.is_made_fit and check_alert(alert) else alert

    def _severity(self, draft: AlertDraft) -> Severity:
        return Severity.UNSPECIFIED if draft.severity is None else severity_of_word(draft.severity, self.own_words)

    def _problems(self, scope: Scope, draft: AlertDraft, alert: Alert) -> Iterator[Problem]:
        """Yield what is wrong with *draft*, of which *alert* was made."""
        if draft.severity is not None and not draft.is_made_fit:
            yield from self.check_severity(draft.severity)
        yield from _check_owner(scope, draft)
        yield from check_alert(alert)
        yield from _check_life(draft)


_OF_EPISODE: Final = "of its episode"
"""In place of the alert_id that an alert with a life will get."""


def _report(fingerprint: str, draft: AlertDraft, alert: Alert) -> Report:
    """Return what *draft*, of which *alert* was made, says of an alert with a life."""
    starts_at_ms = draft.starts_at_ms
    if starts_at_ms is None and draft.event_ts is not None:
        starts_at_ms = draft.event_ts * 1_000
    return Report(
        owner=alert.owner,
        fingerprint=fingerprint,
        is_resolved=draft.status is AlertStatus.RESOLVED,
        starts_at_ms=starts_at_ms,
        ends_at_ms=draft.ends_at_ms,
        severity=alert.severity,
        source=alert.source,
        name=alert.name,
        context=alert.context,
        annotations=alert.annotations,
    )


def _check_life(draft: AlertDraft) -> Iterator[Problem]:
    if draft.dedup_key is not None:
        yield from check_id("dedup_key", draft.dedup_key, chars_max=limits.ID_CHARS_MAX)
    if draft.has_life and draft.alert_id is not None:
        detail = "leave it out: with a dedup_key the alert_id is made, one each time that the alert begins to fire"
        yield Problem("alert_id", ProblemCode.RESERVED, detail)
    if not draft.has_life and (draft.status, draft.starts_at_ms, draft.ends_at_ms) != (None, None, None):
        detail = "needed with a status or an end: it says which alert fires, or is resolved"
        yield Problem("dedup_key", ProblemCode.MISSING, detail)


def _check_owner(scope: Scope, draft: AlertDraft) -> Sequence[Problem]:
    # The same answer whether there is such a client or not.
    if scope is None or draft.client_id in {None, scope}:
        return ()
    detail = "leave it out: what a client's key sends is private to that client"
    return (Problem("client_id", ProblemCode.RESERVED, detail),)


def _check_count(drafts: Sequence[AlertDraft]) -> None:
    if not drafts:
        raise InvalidInput([Problem("alerts", ProblemCode.EMPTY, "send at least one alert")])
    if len(drafts) > limits.ALERTS_PER_REQUEST_MAX:
        detail = f"has {len(drafts)} alerts, at most {limits.ALERTS_PER_REQUEST_MAX} are allowed in one request"
        raise InvalidInput([Problem("alerts", ProblemCode.TOO_MANY, detail)])
