"""Every operation of our own OpenAPI document, so that a test can walk them all and a new route cannot escape it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from alerting_api.dialect import OURS, dialect_of
from tests.api.backing_memory import MemoryBacking
from tests.api.world import make_world


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    described: Mapping[str, Any]

    def __str__(self) -> str:
        return str(self.described["operationId"])

    @property
    def is_foreign(self) -> bool:
        """Whether another system's protocol is the contract: such a route is lenient, and has tests of its own."""
        return dialect_of(self.path) is not OURS

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which a key needs one; none: open to all."""
        return tuple(scope for enough in self.described.get("security", ()) for scope in enough["key"])

    @property
    def body_examples(self) -> Mapping[str, Any]:
        """The examples of bodies, by name."""
        content = self.described.get("requestBody", {}).get("content", {})
        examples = content.get("application/json", {}).get("examples", {})
        return {name: example["value"] for name, example in examples.items()}

    @property
    def statuses(self) -> set[int]:
        """The documented statuses."""
        return {int(status) for status in self.described["responses"]}

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """The parameters in `path`, `query` or `header`."""
        return [p for p in self.described.get("parameters", ()) if p["in"] == place]

    @property
    def body_schema(self) -> Mapping[str, Any] | None:
        """The schema of the body, if there is one."""
        content = self.described.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return None
        options = [option for option in schema.get("oneOf", schema.get("anyOf", ())) if option.get("type") != "null"]
        return resolve(options[0] if options else schema)

    @property
    def valid_body(self) -> Any:
        """A body that is as it should be."""
        schema = self.body_schema
        assert schema is not None
        if schema.get("type") == "array":
            examples = resolve(schema["items"]).get("examples")
            return [examples[0]] if examples else next(iter(self.body_examples.values()))
        return schema["examples"][0] if "examples" in schema else next(iter(self.body_examples.values()))

    def url(self, ids: Mapping[str, str]) -> str:
        """The path with *ids* in the place of its parameters."""
        path = self.path
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        return path


@cache
def document() -> Mapping[str, Any]:
    """The OpenAPI document."""
    return asyncio.run(make_world(MemoryBacking())).app.openapi()


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference."""
    if "$ref" in schema:
        return document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def operations() -> Iterator[Operation]:
    """All operations, in the order of the document."""
    for path, methods in document()["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described)


ALL = list(operations())
SECURED = [operation for operation in ALL if operation.scopes]
WITH_BODY = [operation for operation in ALL if operation.body_schema is not None and not operation.is_foreign]
