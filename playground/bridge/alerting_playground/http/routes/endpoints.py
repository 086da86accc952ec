"""Endpoints. They are created under the rule that they belong to."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from alerting_core.api.shapes.endpoint import endpoint_shape, endpoint_with_secret_shape
from alerting_core.api.versions import etag
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointDraft, EndpointType
from alerting_core.domain.endpoint_check import check_endpoint
from alerting_core.domain.webhook_check import check_secret
from alerting_core.ports.catalog import EndpointFilter
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Boolean, Kind, Nullable, OneOf, Text
from alerting_playground.http.objects import Field, Object, TextMap, optional
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, WRITTEN_BOOLEAN, page_query
from alerting_playground.http.routes import rules

PREFIX: Final = "/api/v1/endpoints"
_TYPE: Final = OneOf(tuple(EndpointType))


def _check(fields: dict[str, Any]) -> tuple[Problem, ...]:
    return tuple(check_endpoint(fields["type"], fields["value"], fields["headers"], fields["secret"]))


def _check_rotation(fields: dict[str, Any]) -> Iterator[Problem]:
    if fields["secret"] is not None:
        yield from check_secret(fields["secret"])


_SECRET: Final = optional(Nullable(Text()))
WHOLE: Final = Object(
    {
        "type": Field(_TYPE),
        "value": Field(Text()),
        "headers": Field(TextMap(), required=False, default={}),
        "secret": _SECRET,
        "enabled": optional(Boolean(), True),
    },
    _check,
)
ROTATION: Final = Object({"secret": _SECRET}, _check_rotation)


def _values(body: dict[str, Any]) -> tuple[Any, ...]:
    return body["type"], body["value"], body["headers"], body["secret"], body["enabled"]


def _shown(endpoint: Endpoint) -> Reply:
    return Reply(endpoint_shape(endpoint), headers={"ETag": etag(endpoint.version)})


async def _page(call: Call, *, client_id: str | None, rule_id: str | None) -> Reply:
    q = call.query
    kind = EndpointType(q["type"]) if q["type"] else None
    where = EndpointFilter(client_id, rule_id, kind, q["enabled"])
    page = await call.parts.use.endpoints.list(None, PageRequest(q["limit"], q["cursor"]), where)
    return page_reply([endpoint_shape(endpoint) for endpoint in page.items], page.next_cursor)


async def create(call: Call) -> Reply:
    """Create an endpoint of a rule."""
    draft = EndpointDraft(*_values(call.body))
    endpoint = await call.parts.use.endpoints.create(None, call.path["rule_id"], draft)
    headers = {"Location": f"{PREFIX}/{endpoint.endpoint_id}", "ETag": etag(endpoint.version)}
    return Reply(endpoint_with_secret_shape(endpoint), 201, headers)


async def list_of_rule(call: Call) -> Reply:
    """List the endpoints of a rule, newest first."""
    rule = await call.parts.use.rules.get(None, call.path["rule_id"])
    return await _page(call, client_id=None, rule_id=rule.rule_id)


async def list_all(call: Call) -> Reply:
    """List endpoints, newest first."""
    return await _page(call, client_id=call.query["client_id"], rule_id=call.query["rule_id"])


async def get(call: Call) -> Reply:
    """Return one endpoint."""
    return _shown(await call.parts.use.endpoints.get(None, call.path["endpoint_id"]))


async def replace(call: Call) -> Reply:
    """Replace an endpoint."""
    return await _change(call, EndpointChange(*_values(call.body)))


async def enable(call: Call) -> Reply:
    """Enable or disable an endpoint."""
    return await _change(call, EndpointChange(enabled=call.body["enabled"]))


async def _change(call: Call, change: EndpointChange) -> Reply:
    use, version = call.parts.use, call.expected_version
    return _shown(await use.endpoints.change(None, call.path["endpoint_id"], change, expected_version=version))


async def delete(call: Call) -> Reply:
    """Delete an endpoint."""
    await call.parts.use.endpoints.delete(None, call.path["endpoint_id"], expected_version=call.expected_version)
    return Reply(status=204)


async def test(call: Call) -> Reply:
    """Send a test message to an endpoint."""
    notification = await call.parts.use.endpoint_test.send(None, call.path["endpoint_id"])
    return Reply({"notification_id": notification.notification_id}, 202)


async def rotate_secret(call: Call) -> Reply:
    """Give a webhook a new signing secret."""
    secret = call.body["secret"] if call.body else None
    endpoint = await call.parts.use.endpoints.rotate_secret(
        None, call.path["endpoint_id"], secret=secret, expected_version=call.expected_version
    )
    return Reply(endpoint_with_secret_shape(endpoint), headers={"ETag": etag(endpoint.version)})


_OF_RULE: Final = rules.PREFIX + "/{rule_id}/endpoints"
_ONE: Final = PREFIX + "/{endpoint_id}"
_FILTERS: Final[Mapping[str, Kind]] = {"type": _TYPE, "enabled": WRITTEN_BOOLEAN}
_ROTATE: Final = _ONE + "/secret/rotate"

OPERATIONS: Final = (
    Operation("POST", _OF_RULE, create, body=WHOLE, once=True),
    Operation("GET", _OF_RULE, list_of_rule, query=page_query(**_FILTERS)),
    Operation("GET", PREFIX, list_all, query=page_query(**_FILTERS, client_id=EXACT, rule_id=EXACT)),
    Operation("GET", _ONE, get),
    Operation("PUT", _ONE, replace, body=WHOLE, versioned=True),
    Operation("PATCH", _ONE, enable, body=rules.ENABLED, versioned=True),
    Operation("DELETE", _ONE, delete, versioned=True),
    Operation("POST", _ONE + "/test", test, once=True),
    Operation("POST", _ROTATE, rotate_secret, body=ROTATION, needs_body=False, once=True, versioned=True),
)
