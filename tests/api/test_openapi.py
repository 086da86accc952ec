"""The OpenAPI document is complete: the client of the UI is generated from it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from alerting_api.dialect import ALERTMANAGER_PATH
from tests.api.operations import ALL, Operation, document, resolve


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_an_operation_is_described(operation: Operation) -> None:
    described = operation.described
    assert re.fullmatch(r"[a-z][A-Za-z]+", described["operationId"])
    assert described["summary"] != described["operationId"]
    assert described["description"]
    (tag,) = described["tags"]
    assert tag in {known["name"] for known in document()["tags"]}
    for status, response in described["responses"].items():
        assert response["description"]
        media_types = set(response.get("content", ()))
        if operation.path == ALERTMANAGER_PATH:
            assert media_types == (set() if status == "200" else {"application/json"})
        elif int(status) >= 400 and operation.path != "/readyz":
            assert media_types == {"application/problem+json"}
        elif status == "204":
            assert not media_types
        else:
            assert media_types
    assert {"500", "503"} <= described["responses"].keys()
    if operation.body_schema is not None:
        assert operation.valid_body is not None
        assert operation.body_examples
        refused = {"400", "413"} if operation.is_foreign else {"400", "413", "415", "422"}
        assert refused <= described["responses"].keys()
    for parameter in described.get("parameters", ()):
        assert parameter["schema"].get("type") or parameter["schema"].get("enum") or "$ref" in parameter["schema"]
        if parameter["in"] == "path":
            assert parameter["schema"].get("examples") or parameter.get("example")


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_an_answer_has_an_example(operation: Operation) -> None:
    for status, response in operation.described["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or int(status) >= 400:
            continue
        shown = resolve(schema)
        items = shown.get("properties", {}).get("items")
        if items is not None:
            shown = resolve(items["items"])
        # Small objects explain themselves field by field.
        assert shown.get("examples") or len(shown["properties"]) <= 6


def test_operation_ids_are_unique() -> None:
    ids = [operation.described["operationId"] for operation in ALL]
    assert len(set(ids)) == len(ids)


def test_one_security_scheme_is_named() -> None:
    assert document()["components"]["securitySchemes"].keys() == {"key"}
    assert document()["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_no_schema_of_the_framework_shines_through() -> None:
    names = set(document()["components"]["schemas"])
    assert not [name for name in names if "HTTPValidation" in name or "__" in name or "Body_" in name]


def test_a_command_writes_the_document_without_starting_anything(tmp_path: Path) -> None:
    written = tmp_path / "openapi.json"
    subprocess.run([sys.executable, "-m", "alerting_backend.api.app", written], check=True)
    assert json.loads(written.read_text()) == document()
    printed = subprocess.run([sys.executable, "-m", "alerting_backend.api.app"], check=True, capture_output=True)
    assert json.loads(printed.stdout) == document()
