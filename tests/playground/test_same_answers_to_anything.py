"""Whatever comes to hand as a body, a query or a path, server and browser answer alike."""

import asyncio
import json
from typing import Any, Final
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.operations import Operation
from tests.playground.test_same_answers import SHARED
from tests.playground.test_same_refusals import JSON, NUMBERS, TEXTS, TIMES, WITH_BODY, WITH_QUERY, WORDS
from tests.playground.twins import Twins, twins

TEXT: Final = st.text(max_size=20) | st.sampled_from(["LOW", "*", "api", "email", "60s", "HIGH:100", "alerts:write"])
SCALARS: Final = (
    st.none() | st.booleans() | st.integers(-(10**21), 10**21) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUES: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)

few = settings(max_examples=settings().max_examples // 5)
"""Each example builds two worlds and asks them ten questions."""


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Operation, Any]:
    """Draw an operation and a body that is nearly right, or nothing like it."""
    operation = draw(st.sampled_from(WITH_BODY))
    if draw(st.integers(0, 4)) == 0:
        return operation, draw(VALUES)
    body = dict(operation.valid_body) if isinstance(operation.valid_body, dict) else {}
    names = [*(operation.body_schema or {}).get("properties", {}), "unheard_of"]
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        if draw(st.booleans()):
            body[name] = draw(VALUES)
        else:
            body.pop(name, None)
    return operation, body


@few
@given(st.lists(bodies(), min_size=1, max_size=10))
def test_any_bodies_are_answered_alike(drawn: list[tuple[Operation, Any]]) -> None:
    async def ask(both: Twins) -> None:
        for operation, body in drawn:
            text = json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
            await both.call(operation, content=text, headers=JSON)

    asyncio.run(_with_twins(ask))


@few
@given(st.lists(st.tuples(st.sampled_from(WITH_BODY), st.binary(max_size=60) | st.text(max_size=40)), max_size=10))
def test_any_bytes_are_answered_alike(drawn: list[tuple[Operation, bytes | str]]) -> None:
    async def ask(both: Twins) -> None:
        for operation, body in drawn:
            content = body if isinstance(body, bytes) else body.encode(errors="surrogatepass")
            await both.call(operation, content=content, headers=JSON)

    asyncio.run(_with_twins(ask))


@st.composite
def queries(draw: st.DrawFn) -> tuple[Operation, str]:
    """Draw an operation and a query string with values of parameters that it has, and of others."""
    operation = draw(st.sampled_from(WITH_QUERY))
    names = st.sampled_from([parameter["name"] for parameter in operation.parameters("query")] + ["unheard_of"])
    texts = st.sampled_from([*NUMBERS, *WORDS, *TIMES, *TEXTS]) | st.text(max_size=10)
    pairs = draw(st.lists(st.tuples(names, texts), max_size=5))
    return operation, "&".join(f"{name}={quote(text, errors='replace')}" for name, text in pairs)


@few
@given(st.lists(queries(), min_size=1, max_size=10))
def test_any_queries_are_answered_alike(drawn: list[tuple[Operation, str]]) -> None:
    async def ask(both: Twins) -> None:
        for operation, query in drawn:
            await both.call(operation, query=query)

    asyncio.run(_with_twins(ask))


@few
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
            st.sampled_from(SHARED),
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
        ),
        max_size=10,
    )
)
def test_any_paths_are_answered_alike(drawn: list[tuple[str, Operation, str]]) -> None:
    async def ask(both: Twins) -> None:
        for method, operation, text in drawn:
            await both.ask(method, operation.url({p["name"]: text for p in operation.parameters("path")}))

    asyncio.run(_with_twins(ask))


async def _with_twins(ask: Any) -> None:
    async with twins() as both:
        await ask(both)
        await both.compare_all_that_is_stored()
