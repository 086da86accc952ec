"""Endpoints: where a client wants to be told."""

from dataclasses import dataclass

from alerting_core import limits
from alerting_core.app.retrying import retry_on_version_conflict
from alerting_core.domain.endpoint import (
    Endpoint,
    EndpointChange,
    EndpointDraft,
    EndpointType,
    changed_endpoint,
    new_endpoint,
)
from alerting_core.domain.endpoint_check import check_change, check_draft
from alerting_core.domain.webhook_check import new_secret
from alerting_core.errors import Conflict, InvalidInput
from alerting_core.ports.catalog import EndpointFilter, EndpointStore, RuleStore
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.paging import Page, PageRequest, Scope


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What may be done with endpoints. An *expected_version* of None takes whatever version is stored."""

    rules: RuleStore
    store: EndpointStore
    clock: Clock
    ids: IdSource

    async def create(self, scope: Scope, rule_id: str, draft: EndpointDraft) -> Endpoint:
        """Store a new endpoint of a rule. Raises InvalidInput, NotFound (the rule), Conflict, LimitExceeded."""
        if problems := check_draft(draft):
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
