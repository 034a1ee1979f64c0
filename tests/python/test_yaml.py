"""dbt on DuckDB takes a misspelt YAML key in silence; dbt's own schemas of the files do not."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from dbt.jsonschemas import jsonschemas

PROJECT = Path(__file__).parents[2]
RESOURCE_FILES = sorted(
    path for folder in ("models", "seeds", "macros") for path in (PROJECT / folder).rglob("*.yml")
)


def faults(schema: dict, content: dict) -> list[str]:
    validator = jsonschemas.CustomDraft7Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


@pytest.mark.parametrize("path", RESOURCE_FILES, ids=lambda path: path.name)
def test_resource_files_hold_only_keys_that_dbt_knows(path):
    assert not faults(jsonschemas.resources_schema(), yaml.safe_load(path.read_text()))


def test_the_project_file_holds_only_keys_that_dbt_knows():
    content = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert not faults(jsonschemas.project_schema(), content)


def test_a_misspelt_key_is_found():
    content = yaml.safe_load((PROJECT / "models/marts/_provenance.yml").read_text())
    spoilt = copy.deepcopy(content)
    spoilt["models"][0]["colums"] = spoilt["models"][0].pop("columns")
    assert faults(jsonschemas.resources_schema(), spoilt)


def test_every_published_column_is_described():
    for path in (PROJECT / "models/marts").glob("*.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            assert model["description"]
            for column in model["columns"]:
                assert column.get("description"), (model["name"], column["name"])
