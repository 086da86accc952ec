"""Statements, rows and readers follow from one definition of a table."""

from dataclasses import dataclass, replace

import pytest

from alerting_backend.adapters.postgres.rows import DECIDING_RULES, RULES
from alerting_backend.adapters.postgres.tables import Columns, Table, column
from alerting_core.domain.rule import DECIDING_FIELDS, KEPT_OF_RULE, Catches, Rule, deciding


@dataclass(frozen=True)
class Thing:
    thing_id: str
    size: tuple[int, int]
    tags: frozenset[str]
    parent: str | None
    note: str = ""


THINGS = Table(
    "things",
    Thing,
    {
        "parent": column("parent_id", "uuid", write=str.lower, read=str.upper, nullable=True),
        "thing_id": column("thing_id", "uuid"),
        "size": Columns({"width": "integer", "height": "integer"}, write=tuple, read=lambda w, h: (w, h)),
        "tags": column(
            "tag_list", "text", write=lambda tags: ",".join(sorted(tags)), read=lambda t: frozenset(t.split(","))
        ),
        "note": column("note", "text"),
    },
)
THING = Thing("t-1", (3, 4), frozenset("ab"), "P-1", "seen by people")


def row_of(thing: Thing) -> dict[str, object]:
    return dict(zip(THINGS.types, THINGS.row(thing), strict=True))


def test_a_row_is_read_as_what_was_written_whatever_else_is_in_it() -> None:
    for thing in (THING, replace(THING, parent=None)):
        assert THINGS.read({**row_of(thing), "more": 1}) == thing  # type: ignore[arg-type]
    assert row_of(THING) == {
        "parent_id": "p-1", "thing_id": "t-1", "width": 3, "height": 4, "tag_list": "a,b", "note": "seen by people",
    }  # fmt: skip


def test_statements_list_the_columns_in_the_order_of_the_values() -> None:
    assert THINGS.columns == "parent_id, thing_id, width, height, tag_list, note"
    assert THINGS.columns_of("t") == "t.parent_id, t.thing_id, t.width, t.height, t.tag_list, t.note"
    assert THINGS.places == "$1, $2, $3, $4, $5, $6"
    assert THINGS.arrays == "$1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[]"
    assert THINGS.rows([THING, THING]) == [(value, value) for value in THINGS.row(THING)]
    assert THINGS.rows([]) == []


def test_a_change_sets_all_but_what_is_kept() -> None:
    kept = {"thing_id", "tags"}
    assert THINGS.changes(kept, first=3) == "parent_id = $3, width = $4, height = $5, note = $6"
    assert THINGS.changed_values(THING, kept) == ["p-1", 3, 4, "seen by people"]


def test_what_is_left_out_has_its_default() -> None:
    less = THINGS.only({"thing_id", "size", "tags", "parent"})
    assert "note" not in less.types
    assert less.read(row_of(THING)) == replace(THING, note="")  # type: ignore[arg-type]


def test_a_field_without_a_column_is_found_at_the_start() -> None:
    with pytest.raises(AssertionError, match="the columns of things are not those of Thing"):
        Table("things", Thing, {"note": column("note", "text")})


def test_evaluators_read_what_decides_and_no_change_touches_what_is_kept() -> None:
    rule = Rule("r", "c", "HIGH", "api", "*", True, 3, 10, 20)
    assert set(DECIDING_FIELDS) >= {"rule_id", "client_id", "severity", "source", "name", "enabled"}
    assert "catches" in DECIDING_FIELDS
    for stored in (rule, replace(rule, description="For people.")):
        row = dict(zip(RULES.types, RULES.row(stored), strict=True))
        assert RULES.read(row) == stored  # type: ignore[arg-type]
        assert DECIDING_RULES.read(row) == deciding(stored) == rule  # type: ignore[arg-type]
    assert not KEPT_OF_RULE & {part.split(" = ")[0] for part in RULES.changes(KEPT_OF_RULE, first=1).split(", ")}


@pytest.mark.parametrize(("catches", "name"), [(Catches.EVERYTHING, "*"), (Catches.UNMATCHED, "")])
def test_what_a_rule_catches_is_stored_in_its_three_fields(catches: Catches, name: str) -> None:
    rule = Rule("r", "c", "*", "*", "*", True, 3, 10, 20, catches=catches)
    row = dict(zip(RULES.types, RULES.row(rule), strict=True))
    assert (row["severity"], row["source"], row["name"]) == ("*", "*", name)
    assert RULES.read(row) == DECIDING_RULES.read(row) == rule  # type: ignore[arg-type]
