from __future__ import annotations

import json

import pytest
from django.core.management import call_command


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> dict:
    """Fails on any warning of the generator."""
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file)
    )
    return json.loads(file.read_text())


def test_every_operation_has_a_summary_and_names_its_answers(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert operation.get("summary"), f"{method} {path}"
            assert operation["responses"], f"{method} {path}"


def test_the_whole_surface_is_described(schema):
    described = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, methods in schema["paths"].items()
        for method in methods
    }
    assert described >= {
        "get /patients/",
        "post /patients/",
        "patch /patients/{id}/",
        "post /sessions/{id}/end/",
        "post /sessions/{id}/move/",
        "post /recordings/",
        "get /recordings/{id}/audio/",
        "delete /recordings/{id}/",
        "post /recordings/{id}/restore/",
        "get /analyses/{id}/",
        "post /analyses/",
        "post /analyses/{id}/retry/",
        "post /tokens/",
        "delete /tokens/{id}/",
    }


def test_creations_take_an_idempotency_key(schema):
    for path in ("patients", "sessions", "recordings", "analyses"):
        parameters = schema["paths"][f"/api/v1/{path}/"]["post"]["parameters"]
        assert "Idempotency-Key" in {p["name"] for p in parameters}


def test_schema_and_docs_are_served(client, db):
    assert client.get("/api/v1/schema/").status_code == 200
    assert client.get("/api/v1/docs/").status_code == 200
