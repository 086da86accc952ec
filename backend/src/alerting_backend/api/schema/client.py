"""Clients as JSON."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import RequestModel, ResponseModel, Text, Time, bounds, checked_by
from alerting_core import limits
from alerting_core.api.shapes.client import client_shape
from alerting_core.domain.client import Client, check_new_client_id

_EXAMPLE: Final[dict[str, Any]] = {"client_id": "acme", "name": "Acme Ltd."}


class NewClient(RequestModel):
    """A client to create."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": "initech", "name": "Initech"}]})

    client_id: Annotated[
        str,
        bounds(limits.ID_CHARS_MAX),
        checked_by(lambda value: check_new_client_id("", value)),
        Field(description="Chosen by the operator; never changes. Any text but `.` and `..`, which are no addresses."),
    ]
    name: Annotated[Text, Field(description="For people.")]


class ClientReplacement(RequestModel):
    """What may change of a client."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Acme Corporation"}]})

    name: Text


class ClientShown(ResponseModel):
    """A client: the unit of isolation, which owns rules, endpoints and notifications."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _EXAMPLE | {"created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z"}
            ]
        }
    )

    client_id: str
    name: str
    created_at: Time
    updated_at: Time


def show_client(client: Client) -> ClientShown:
    """Write *client* as JSON."""
    return ClientShown.model_validate(client_shape(client))
