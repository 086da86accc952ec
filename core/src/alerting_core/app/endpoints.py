"""Endpoints: where a client wants to be told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from alerting_core import limits
from alerting_core.app.retrying import retry_on_version_conflict
from alerting_core.domain.endpoint import DisableReason, Endpoint, EndpointType, SigningSecret
from alerting_core.domain.endpoint_check import check_endpoint, new_secret
from alerting_core.errors import Conflict, InvalidInput
from alerting_core.ports.catalog import EndpointFilter, EndpointStore, RuleStore
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.paging import Page, PageRequest, Scope
from alerting_core.problem import Problem, ProblemCode

_KNOWN_GOOD: Final = {
    EndpointType.EMAIL: "a@b.io",
    EndpointType.SLACK: "https://a.io/",
    EndpointType.WEBHOOK: "https://a.io/",
}
"""A value that passes every check, in the place of one that is not to be checked."""


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What a caller chooses of a new endpoint. A webhook without a secret is given one."""

    type: str
    value: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What a caller changes of an endpoint; None leaves a field as it is. The type never changes.

    Attributes:
        secret: Takes the place of the current one as a rotation does: the old one signs beside it for a while.
    """

    type: str | None = None
    value: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What may be done with endpoints. An *expected_version* of None takes whatever version is stored."""

    rules: RuleStore
    store: EndpointStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, rule_id: str, draft: EndpointDraft) -> Endpoint:
        """Store a new endpoint of a rule. Raises InvalidInput, NotFound (the rule), Conflict, LimitExceeded."""
        if problems := check_endpoint(draft.type, draft.value, draft.headers, draft.secret):
            raise InvalidInput(problems)
        rule = await self.rules.get(scope, rule_id)
        now_ms = self.clock.now_ms()
        kind = EndpointType(draft.type)
        is_webhook = kind is EndpointType.WEBHOOK
        return await self.store.create(
            scope,
            Endpoint(
                endpoint_id=self.ids.new_uuid(),
                client_id=rule.client_id,
                rule_id=rule.rule_id,
                type=kind,
                value=draft.value,
                enabled=draft.enabled,
                version=1,
                created_at_ms=now_ms,
                updated_at_ms=now_ms,
                headers=dict(draft.headers),
                secret=SigningSecret(draft.secret or self._new_secret()) if is_webhook else None,
                disabled_reason=None if draft.enabled else DisableReason.BY_USER,
            ),
        )

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
    if problems := tuple(_problems(stored, change)):
        raise InvalidInput(problems)
    enabled = stored.enabled if change.enabled is None else change.enabled
    return replace(
        stored,
        value=stored.value if change.value is None else change.value,
        headers=dict(stored.headers if change.headers is None else change.headers),
        secret=_rotated(stored.secret, change.secret, now_ms=now_ms),
        enabled=enabled,
        disabled_reason=None if enabled else stored.disabled_reason or DisableReason.BY_USER,
        updated_at_ms=now_ms,
    )


def _problems(stored: Endpoint, change: EndpointChange) -> Iterator[Problem]:
    if change.type not in {None, str(stored.type)}:
        detail = f"is {stored.type} and cannot be changed: create another endpoint"
        yield Problem("type", ProblemCode.UNKNOWN_VALUE, detail)
    # What is not changed is not checked again: it must be possible to switch off what an older version let in.
    value = _KNOWN_GOOD[stored.type] if change.value is None else change.value
    yield from check_endpoint(str(stored.type), value, change.headers, change.secret)


def _rotated(stored: SigningSecret | None, secret: str | None, *, now_ms: int) -> SigningSecret | None:
    if stored is None or secret is None or secret == stored.current:
        return stored
    return SigningSecret(secret, previous=stored.current, previous_until_ms=now_ms + limits.SECRET_OVERLAP_MS)
