"""Rules and endpoints: what a client wants to be notified of, and where; and how an endpoint is tried out."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from alerting_core import limits
from alerting_core.delivery.hosts import PLACEHOLDER_DOMAINS
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Severity
from alerting_core.domain.endpoint import (
    Endpoint,
    EndpointChange,
    EndpointDraft,
    EndpointType,
    changed_endpoint,
    new_endpoint,
)
from alerting_core.domain.endpoint_check import check_change, new_secret
from alerting_core.domain.endpoint_check import check_draft as check_endpoint_draft
from alerting_core.domain.notification import (
    NOTIFICATION_MOVES,
    Notification,
    NotificationStatus,
    derive_notification_id,
    settled_by,
)
from alerting_core.domain.rule import Catches, Rule, RuleDraft, check_draft, new_rule, redrafted
from alerting_core.errors import Conflict, InvalidInput, NotFound, Problem, ProblemCode, VersionConflict
from alerting_core.ports.catalog import EndpointFilter, EndpointStore, Page, PageRequest, RuleFilter, RuleStore, Scope
from alerting_core.ports.clock import Clock, IdSource
from alerting_core.ports.history import NewNotification, NotificationHistory


def client_of_call(scope: Scope, client_id: str | None) -> str:
    """Return the client that a call is about: the one named, or else the caller's own.

    Raises:
        NotFound: A client names another one: for it, there is no such client.
        InvalidInput: An operator names none.
    """
    if client_id is None and scope is None:
        detail = "name the client: an operator's key is not bound to one"
        raise InvalidInput([Problem("client_id", ProblemCode.MISSING, detail)])
    if client_id is None or client_id == scope:
        assert scope is not None
        return scope
    if scope is not None:
        raise NotFound("there is no such client")
    return client_id


class Versioned(Protocol):
    """Something with a version that grows with each change."""

    @property
    def version(self) -> int:
        """1 when created, one more with each change."""
        ...


V = TypeVar("V", bound=Versioned)

_TRIES_MAX: Final = 5
"""Each lost try means that somebody else's succeeded; five in a row means a contest that the caller must settle."""


async def retry_on_version_conflict(
    read: Callable[[], Awaitable[V]],
    write: Callable[[V, int], Awaitable[V]],
    *,
    expected_version: int | None,
) -> V:
    """Change what is stored by *write*(what was read, the version it must still have).

    With an *expected_version* there is one try, and VersionConflict when another version is stored. Without, a change
    in between makes it read and try again.
    """
    if expected_version is not None:
        return await write(await read(), expected_version)
    for _ in range(_TRIES_MAX - 1):
        current = await read()
        try:
            return await write(current, current.version)
        except VersionConflict:
            continue
    current = await read()
    return await write(current, current.version)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be done with rules. An *expected_version* of None takes whatever version is stored."""

    store: RuleStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, client_id: str | None, draft: RuleDraft) -> Rule:
        """Store a new rule. Raises InvalidInput, NotFound (the client), Conflict (a duplicate), LimitExceeded."""
        require_sound(draft, scope)
        owner = client_of_call(scope, client_id)
        rule = new_rule(draft, rule_id=self.ids.new_uuid(), client_id=owner, now_ms=self.clock.now_ms())
        return await self.store.create(rule, by_operator=scope is None)

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule. Raises NotFound."""
        return await self.store.get(scope, rule_id)

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, where)

    async def replace(self, scope: Scope, rule_id: str, draft: RuleDraft, *, expected_version: int | None) -> Rule:
        """Put *draft* in the place of what is stored.

        Raises InvalidInput, NotFound, VersionConflict, Conflict, LimitExceeded.
        """
        require_sound(draft, scope)
        return await retry_on_version_conflict(
            lambda: self._changeable(scope, rule_id),
            lambda rule, version: self.store.replace(
                scope, redrafted(rule, draft, now_ms=self.clock.now_ms()), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def set_enabled(self, scope: Scope, rule_id: str, enabled: bool, *, expected_version: int | None) -> Rule:
        """Switch the rule on or off and leave the rest. Raises NotFound, VersionConflict, Conflict."""
        return await retry_on_version_conflict(
            lambda: self._changeable(scope, rule_id),
            lambda rule, version: self.store.replace(
                scope, replace(rule, enabled=enabled, updated_at_ms=self.clock.now_ms()), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None) -> None:
        """Delete the rule and its endpoints. Raises NotFound, VersionConflict, Conflict."""
        now_ms = self.clock.now_ms()
        if scope is not None:  # An operator may delete any.
            await self._changeable(scope, rule_id)
        await self.store.delete(scope, rule_id, expected_version=expected_version, now_ms=now_ms)

    async def _changeable(self, scope: Scope, rule_id: str) -> Rule:
        """Return the rule if the caller may change it. Raises NotFound, Conflict."""
        rule = await self.store.get(scope, rule_id)
        if scope is not None and rule.is_catch_all:
            raise Conflict(f"the rule catches {_CAUGHT[rule.catches]}: only an operator's key may change it")
        return rule


_CAUGHT: Final = {Catches.EVERYTHING: "everything", Catches.UNMATCHED: "what no ordinary rule meets"}


def require_sound(draft: RuleDraft, scope: Scope) -> None:
    """Raise InvalidInput with all that is wrong with *draft*, or with who drafts it."""
    problems = check_draft(draft)
    if scope is not None and draft.is_catch_all:
        detail = f"only an operator's key may have a rule that catches {_CAUGHT[draft.catches]}"
        problems = (*problems, Problem("catches", ProblemCode.RESERVED, detail))
    if problems:
        raise InvalidInput(problems)


TEST_SOURCE: Final = "alerting"
TEST_NAME: Final = "endpoint-test"


@dataclass(frozen=True, slots=True)
class EndpointTest:
    """Sends test messages.

    Attributes:
        placeholders: Domains never contacted, as the dispatcher has them.
    """

    endpoints: EndpointStore
    history: NotificationHistory
    clock: Clock
    ids: IdSource
    placeholders: Collection[str] = PLACEHOLDER_DOMAINS

    async def send(self, scope: Scope, endpoint_id: str) -> Notification:
        """Store a test notification for the endpoint; the ordinary sender delivers it, with retries and all.

        Returns:
            The notification, whose detail tells what became of it. It names no rule, since none matched.

        Raises:
            NotFound: There is no such endpoint.
            Conflict: The endpoint is disabled.
        """
        endpoint = await self.endpoints.get(scope, endpoint_id)
        if not endpoint.enabled:
            raise Conflict("the endpoint is disabled: enable it to test it")
        now_ms = self.clock.now_ms()
        notification = self._notification(endpoint, now_ms=now_ms)
        plan = plan_deliveries(notification, [endpoint], now_ms=now_ms, placeholders=self.placeholders)
        event = settled_by(delivery.status for delivery in plan.deliveries)
        if event is not None:
            notification = replace(notification, status=NOTIFICATION_MOVES[notification.status, event])
        await self.history.add_test(scope, endpoint, NewNotification(notification, plan.deliveries))
        return notification

    def _notification(self, endpoint: Endpoint, *, now_ms: int) -> Notification:
        alert_id = f"{TEST_NAME}-{self.ids.new_uuid()}"
        return Notification(
            notification_id=derive_notification_id(endpoint.client_id, alert_id),
            client_id=endpoint.client_id,
            alert_id=alert_id,
            severity=Severity.LOW,
            source=TEST_SOURCE,
            name=TEST_NAME,
            event_ts=max(0, now_ms // 1_000),
            rule_ids=(),
            status=NotificationStatus.RECEIVED,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
            context={"message": "This is a test of your endpoint. No alert has occurred."},
        )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What may be done with endpoints. An *expected_version* of None takes whatever version is stored."""

    rules: RuleStore
    store: EndpointStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, rule_id: str, draft: EndpointDraft) -> Endpoint:
        """Store a new endpoint of a rule. Raises InvalidInput, NotFound (the rule), Conflict, LimitExceeded."""
        if problems := check_endpoint_draft(draft):
            raise InvalidInput(problems)
        rule = await self.rules.get(scope, rule_id)
        endpoint = new_endpoint(
            draft,
            rule,
            endpoint_id=self.ids.new_uuid(),
            secret=self._new_secret() if draft.secret is None and draft.type == EndpointType.WEBHOOK else draft.secret,
            now_ms=self.clock.now_ms(),
        )
        return await self.store.create(scope, endpoint)

    async def get(self, scope: Scope, endpoint_id: str) -> Endpoint:
        """Return one endpoint. Raises NotFound."""
        return await self.store.get(scope, endpoint_id)

    async def list(self, scope: Scope, page: PageRequest, where: EndpointFilter) -> Page[Endpoint]:
        """Return a page of endpoints, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(scope, page, where)

    async def change(
        self, scope: Scope, endpoint_id: str, change: EndpointChange, *, expected_version: int | None
    ) -> Endpoint:
        """Change some or all of an endpoint. Raises InvalidInput, NotFound, VersionConflict, Conflict."""
        return await retry_on_version_conflict(
            lambda: self.store.get(scope, endpoint_id),
            lambda stored, version: self.store.replace(
                scope, _changed(stored, change, now_ms=self.clock.now_ms()), expected_version=version
            ),
            expected_version=expected_version,
        )

    async def rotate_secret(
        self, scope: Scope, endpoint_id: str, *, secret: str | None = None, expected_version: int | None = None
    ) -> Endpoint:
        """Give a webhook a new secret (*secret*, or one made here); the old one signs on beside it for a day.

        Raises InvalidInput, NotFound, VersionConflict, Conflict for an endpoint that has no secret.
        """
        change = EndpointChange(secret=secret or self._new_secret())
        if (await self.store.get(scope, endpoint_id)).secret is None:
            raise Conflict("only a webhook has a secret")
        return await self.change(scope, endpoint_id, change, expected_version=expected_version)

    async def delete(self, scope: Scope, endpoint_id: str, *, expected_version: int | None) -> None:
        """Delete the endpoint; what is planned for it is skipped. Raises NotFound, VersionConflict."""
        await self.store.delete(scope, endpoint_id, expected_version=expected_version)

    def _new_secret(self) -> str:
        return new_secret(self.ids.new_bytes(limits.NEW_SECRET_BYTES))


def _changed(stored: Endpoint, change: EndpointChange, *, now_ms: int) -> Endpoint:
    """Return *stored* with *change* in it. Raises InvalidInput with all that is wrong with the change."""
    if problems := check_change(stored, change):
        raise InvalidInput(problems)
    return changed_endpoint(stored, change, now_ms=now_ms)
