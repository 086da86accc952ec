"""Bodies with one thing wrong, made from the schema of a right one."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from tests.api.operations import Operation, resolve


def spoiled_bodies(operation: Operation) -> Iterator[tuple[str, Any, str, str]]:
    """Yield bodies with one thing wrong, with the path and code that must be reported."""
    schema, whole = operation.body_schema, deepcopy(operation.valid_body)
    assert schema is not None
    listed = schema.get("type") == "array"
    item_schema = resolve(schema["items"]) if listed else schema
    prefix, item = ("[0].", whole[0]) if listed else ("", whole)

    def body(changed: dict[str, Any]) -> Any:
        return [changed] if listed else changed

    if item_schema.get("additionalProperties") is False:
        yield "unknown field", body({**item, "unheard_of": 1}), f"{prefix}unheard_of", "unknown-field"
    for name in item_schema.get("required", ()):
        yield f"no {name}", body({k: v for k, v in item.items() if k != name}), f"{prefix}{name}", "missing"
    for name, described in item_schema["properties"].items():
        nullable = {"type": "null"} in described.get("anyOf", ())
        (kind, *_) = [o for o in described.get("anyOf", [described]) if o != {"type": "null"}]
        for label, value, code in _wrong_values(resolve(kind), described, nullable=nullable):
            yield f"{name}: {label}", body({**item, name: value}), f"{prefix}{name}", code


def _wrong_values(
    kind: Mapping[str, Any], described: Mapping[str, Any], *, nullable: bool
) -> Iterator[tuple[str, Any, str]]:
    if "enum" not in kind and "type" not in kind:
        return  # Anything may stand there.
    if "enum" in kind:
        yield from ((f"{value!r}", value, "unknown-value") for value in ("", "NOT_ONE", "critical", "\0"))
        return
    by_type: dict[str, list[Any]] = {
        "string": [5, True, [], {}],
        "integer": ["5", 1.5, True, [], {}],
        "number": ["5", True, [], {}],
        "boolean": ["true", 1, [], {}],
        "array": ["text", 5, {}],
        "object": ["text", 5, []],
    }
    wrong = by_type[kind["type"]] + ([] if nullable else [None])
    if kind.get("format") == "date-time":
        wrong = [True, [], {}]
    yield from ((f"{value!r}", value, "wrong-type") for value in wrong)
    longest = kind.get("maxLength", described.get("maxLength"))
    if kind["type"] == "string" and longest is not None:
        yield "over-long", "x" * (longest + 1), "too-long"
        yield "NUL", "a\0b", "nul-character"
        yield "blank", "  ", "empty"
    if kind["type"] == "integer" and "maximum" in kind:
        yield "too large", int(kind["maximum"]) + 1, "out-of-range"
        yield "too small", int(kind["minimum"]) - 1, "out-of-range"
