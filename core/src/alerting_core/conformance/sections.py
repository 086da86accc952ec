"""The sections: what the core makes of the corpus, one line of bytes a case."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import Any, Final

from alerting_core.codec.records import decode_alert, encode_alert, encode_match
from alerting_core.conformance import corpus
from alerting_core.delivery.plan import plan_deliveries, render
from alerting_core.delivery.retry import RetrySchedule, judge, parse_retry_after, retry_delay_ms
from alerting_core.domain.alert import Match
from alerting_core.domain.claim import Claim, EmailMessage, HttpMessage, HttpReply, Message, Reply, SmtpReply
from alerting_core.domain.delivery import EndpointState
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.notification import Notification
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.matching.explain import explain
from alerting_core.matching.index import RuleIndex

RETRY_AFTER: Final = ("0", "7", "999999999999", "Thu, 01 Jan 2026 00:01:00 GMT", "soon", "", "-1", "\u0663")
REPLIES: Final[tuple[Reply, ...]] = (
    *(HttpReply(status, b"\xff\xfe<html>", retry_after="30") for status in (200, 204, 302, 404, 410, 429, 500, 503)),
    *(SmtpReply(code, "\u00e9") for code in (250, 421, 451, 550)),
)
CASE_DIGEST_BYTES: Final = 4
"""Enough to say which case differs; that all are equal is said by the digest of the section."""


def matches() -> Iterator[bytes]:
    """Yield, for each alert, the clients with their rules, and the records that carry them."""
    index = RuleIndex()
    rules = corpus.rules()
    for client_id in sorted({rule.client_id for rule in rules}):
        index.replace_client(client_id, [rule for rule in rules if rule.client_id == client_id and rule.enabled])
    for alert in corpus.alerts():
        found = index.match(alert.severity, alert.source, alert.name)
        records = [encode_match(Match(alert, client_id, rule_ids)).hex() for client_id, rule_ids in found.items()]
        assert decode_alert(encode_alert(alert)) == alert
        yield _line({client_id: list(rule_ids) for client_id, rule_ids in found.items()}, records)


def explanations() -> Iterator[bytes]:
    """Yield, for each alert, what every rule says of it."""
    rules = corpus.rules()
    for alert in corpus.alerts():
        findings = [
            (one.rule_id, [(each.reason, each.field, each.expected, each.actual, each.detail) for each in one.findings])
            for one in explain(alert, rules)
        ]
        yield _line(findings)


def messages() -> Iterator[bytes]:
    """Yield the message of each notification to a webhook with its signatures, to Slack, and by mail."""
    for notification in corpus.notifications():
        for claim in _claims(notification):
            yield _line(_shown(render(claim, now_ms=corpus.NOW_MS)))


def retries() -> Iterator[bytes]:
    """Yield when each attempt of many deliveries is made again, and what each answer makes of a delivery."""
    schedule = RetrySchedule()
    for notification in corpus.notifications():
        for claim in _claims(notification):
            id_ = claim.delivery.delivery_id
            delays = [retry_delay_ms(schedule, id_, attempt_number=number) for number in range(1, 9)]
            asked = [parse_retry_after(text, now_ms=corpus.NOW_MS) for text in RETRY_AFTER]
            ends = [
                judge(claim, reply, schedule=schedule, started_at_ms=corpus.NOW_MS, now_ms=corpus.NOW_MS + 1_234)
                for reply in REPLIES
            ]
            outcomes = [
                (one.event, one.reason, one.next_attempt_at_ms, None if one.attempt is None else asdict(one.attempt))
                for one in ends
            ]
            yield _line(delays, asked, outcomes)


def generated() -> Iterator[bytes]:
    """Yield the alerts of a generator job."""
    config = GeneratorConfig(rps=100, duration="3s", seed=20_260_101)
    for alert in generate_alerts(config, started_at_ms=corpus.NOW_MS):
        yield encode_alert(alert)


SECTIONS: Final[Mapping[str, Callable[[], Iterator[bytes]]]] = {
    "matches": matches,
    "explanations": explanations,
    "messages": messages,
    "retries": retries,
    "generated": generated,
}


def digests() -> dict[str, dict[str, Any]]:
    """Return, for each section, how many cases it has, their digest, and the beginning of each case's own."""
    found: dict[str, dict[str, Any]] = {}
    for name, section in SECTIONS.items():
        whole, cases = blake2b(digest_size=16), list[str]()
        for line in section():
            whole.update(len(line).to_bytes(4, "big") + line)
            cases.append(blake2b(line, digest_size=CASE_DIGEST_BYTES).hexdigest())
        found[name] = {"cases": len(cases), "digest": whole.hexdigest(), "each": "".join(cases)}
    return found


def digest(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one digest over those of all sections."""
    text = "\n".join(f"{name} {one['cases']} {one['digest']}" for name, one in sections.items())
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _claims(notification: Notification) -> Iterator[Claim]:
    secrets = SigningSecret(corpus.secret("new"), corpus.secret("old"), corpus.NOW_MS + 1)
    targets = {
        EndpointType.WEBHOOK: "https://hooks.sim/\u00fc?q=1",
        EndpointType.SLACK: "https://hooks.sim/services/T/B/x",
        EndpointType.EMAIL: "on.call+night@M\u00fcnchen.sim",
    }
    headers = {"x-team": "blue"}
    endpoints = [
        Endpoint(
            f"endpoint-{kind}",
            notification.client_id,
            notification.rule_ids[0],
            kind,
            value,
            True,
            1,
            corpus.NOW_MS,
            corpus.NOW_MS,
            headers=headers if kind is EndpointType.WEBHOOK else {},
            secret=secrets if kind is EndpointType.WEBHOOK else None,
        )
        for kind, value in targets.items()
    ]
    by_id = {endpoint.endpoint_id: endpoint for endpoint in endpoints}
    for delivery in plan_deliveries(notification, endpoints, now_ms=corpus.NOW_MS).deliveries:
        endpoint = by_id[delivery.endpoint_id]
        state = EndpointState.of(endpoint)
        yield Claim("sender-1/1", replace(delivery, attempts=2), notification, state)


def _shown(message: Message) -> Any:
    match message:
        case HttpMessage(url, headers, body):
            return [url, dict(headers), body.hex()]
        case EmailMessage():
            return asdict(message)


def _line(*values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
