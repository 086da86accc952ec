"""Whatever another system sends, it is alerts, or problems that say where, or it is said to be neither."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting_core.app.intake import AlertDraft
from alerting_core.sources.generic import GenericMapping, read_mapping
from alerting_core.sources.prometheus import read_posted_alerts
from alerting_core.sources.reading import merged
from alerting_core.sources.table import Hints, SourceName, read_source
from tests.golden.payloads import payloads
from tests.unit.core.app.world import make_world

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "firing", "resolved", "trigger", "resolve", "2026-01-02T03:04:05Z", "\0", "\ud800", "x" * 300]
    ),
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)
_MAPPING = read_mapping({"name": "$.name", "items": "$.alerts", "starts_at": "$.at", "dedup_key": "$.id"})
_GOLDEN = payloads()
_INTAKE = make_world().use.intake


def _assert_sound(drafts: list[AlertDraft]) -> None:
    for draft in drafts:
        assert _INTAKE.check(None, draft) == ()


def _read(source: SourceName, payload: Any) -> None:
    assert isinstance(_MAPPING, GenericMapping)
    reading = merged(read_source(source, payload, Hints(mapping=_MAPPING, new_key="k")))
    _assert_sound([draft for _, draft in reading.drafts])
    assert all(problem.detail for problem in reading.problems)


@given(st.sampled_from(SourceName), _JSON)
def test_any_json_is_read_without_an_error(source: SourceName, payload: Any) -> None:
    _read(source, payload)


def _spoiled(value: Any, data: st.DataObject) -> Any:
    """Put any JSON in the place of one part of *value*."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _spoiled(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], _spoiled(value[place], data), *value[place + 1 :]]
    return data.draw(_JSON)


@given(st.sampled_from(_GOLDEN), st.data())
def test_a_payload_of_which_a_part_is_anything_is_read_without_an_error(golden: Any, data: st.DataObject) -> None:
    _read(golden.source, _spoiled(golden.content["payload"], data))


@given(
    st.lists(_JSON | st.fixed_dictionaries({"labels": _JSON, "annotations": _JSON, "startsAt": _SCALARS}), max_size=5)
)
def test_posted_alerts_are_each_taken_or_each_a_problem(items: list[Any]) -> None:
    reading = merged(read_posted_alerts(items, source_label="job"))
    _assert_sound([draft for _, draft in reading.drafts])
    assert len(reading.drafts) + len(reading.problems) == len(items)
