"""Taking alerts in: checked as a whole, durable before the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerting_core import limits
from alerting_core.codec.headers import message_headers
from alerting_core.domain.alert import Alert, check_alert
from alerting_core.domain.severity import SEVERITY_NAMES, Severity
from alerting_core.errors import InvalidInput
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.records import alert_record
from alerting_core.ports.stream import Outgoing, Sink
from alerting_core.problem import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """An alert as a caller sends it.

    Attributes:
        severity: None when the source names none that is known: only rules with `*` meet it.
        alert_id: None to have one made.
        event_ts: Unix seconds; None for now.
    """

    severity: str | None
    source: str
    name: str
    context: Mapping[str, str] = field(default_factory=dict[str, str])
    alert_id: str | None = None
    event_ts: int | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """The way in for alerts."""

    sink: Sink
    clock: Clock
    ids: IdSource

    def check(self, draft: AlertDraft) -> tuple[Problem, ...]:
        """Return all that is wrong with *draft*; empty when `submit` would take it."""
        return (*_check_severity(draft.severity), *check_alert(self._alert(draft, 0)))

    async def submit(
        self, drafts: Sequence[AlertDraft], *, path: str = "alerts[{}]", traceparent: str | None = None
    ) -> tuple[str, ...]:
        """Publish *drafts*, all or none, and return their alert_ids in order; they are durable on return.

        Args:
            drafts: 1 to `limits.ALERTS_PER_REQUEST_MAX` of them.
            path: Where in the request draft number `{}` stood, for problems; empty when the request was the draft.
            traceparent: The caller's trace, which the alerts carry on.

        Raises:
            InvalidInput: With every problem of every draft; nothing is published.
            PortUnavailable: The log is away; any part may have been published. To send the same alert_ids again is
                safe.
        """
        _check_count(drafts)
        now_s = max(0, self.clock.now_ms() // 1000)
        problems: list[Problem] = []
        outputs: list[Outgoing] = []
        headers = message_headers(traceparent)
        for index, draft in enumerate(drafts):
            alert = self._alert(draft, now_s)
            found = [*_check_severity(draft.severity), *check_alert(alert)]
            if not found:
                outputs.append(alert_record(alert, headers))
            problems += [problem.under(path.format(index)) if path else problem for problem in found]
        if problems:
            raise InvalidInput(problems)
        await self.sink.publish(outputs)
        return tuple(output.key.decode() for output in outputs)

    def _alert(self, draft: AlertDraft, now_s: int) -> Alert:
        return Alert(
            alert_id=self.ids.new_uuid() if draft.alert_id is None else draft.alert_id,
            severity=Severity[draft.severity] if draft.severity in SEVERITY_NAMES else Severity.UNSPECIFIED,
            source=draft.source,
            name=draft.name,
            event_ts=now_s if draft.event_ts is None else draft.event_ts,
            context=draft.context,
        )


def _check_count(drafts: Sequence[AlertDraft]) -> None:
    if not drafts:
        raise InvalidInput([Problem("alerts", ProblemCode.EMPTY, "send at least one alert")])
    if len(drafts) > limits.ALERTS_PER_REQUEST_MAX:
        detail = f"has {len(drafts)} alerts, at most {limits.ALERTS_PER_REQUEST_MAX} are allowed in one request"
        raise InvalidInput([Problem("alerts", ProblemCode.TOO_MANY, detail)])


def _check_severity(severity: str | None) -> Sequence[Problem]:
    if severity is None or severity in SEVERITY_NAMES:
        return ()
    return (Problem("severity", ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(SEVERITY_NAMES)}"),)
