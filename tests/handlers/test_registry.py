"""What holds for every job type."""

import json

import pytest

from app.handlers import REGISTRY


@pytest.mark.parametrize("name", REGISTRY)
def test_the_example_validates_and_survives_storing(name):
    job_type = REGISTRY[name]
    payload = job_type.payload.model_validate(job_type.example)
    stored = json.loads(json.dumps(payload.model_dump(mode="json", exclude_none=True)))
    assert job_type.payload.model_validate(stored) == payload


@pytest.mark.parametrize("name", REGISTRY)
def test_payloads_are_closed_and_described(name):
    schema = REGISTRY[name].payload.model_json_schema()
    for model in [schema, *schema.get("$defs", {}).values()]:
        if model["type"] == "object":
            assert model["additionalProperties"] is False
            assert all(field.get("description") for field in model["properties"].values())


def test_names_and_aliases():
    """CC-5: one canonical name, and the documented aliases."""
    assert dict(REGISTRY.names) == {
        "import_voters": "import_voters",
        "voter_import": "import_voters",
        "geocode_households": "geocode_households",
        "geocoding": "geocode_households",
        "process_document": "process_document",
        "parse_play": "parse_play",
    }
    assert [stage.name for stage in REGISTRY["import_voters"].stages] == ["read", "validate", "upsert"]
    assert [stage.name for stage in REGISTRY["geocode_households"].stages] == ["select", "look_up", "write_back"]


def test_labels_are_for_people_and_names_stand_in_for_what_is_not_known():
    assert REGISTRY.label("import_voters") == "Import voters"
    assert REGISTRY.stage_label("import_voters", "upsert") == "Write households and voters"
    assert REGISTRY.label("of_a_newer_version") == "of_a_newer_version"
    assert REGISTRY.stage_label("of_a_newer_version", "begin") == "begin"
    assert REGISTRY.stage_label("import_voters", "gone") == "gone"
