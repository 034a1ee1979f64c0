"""dbt on DuckDB takes a misspelt YAML key in silence; dbt's own schemas of the files do not."""

from __future__ import annotations

import copy
import csv
import re
from pathlib import Path

import pytest
import yaml
from dbt.jsonschemas import jsonschemas

PROJECT = Path(__file__).parents[2]
RESOURCE_FILES = sorted(
    path for folder in ("models", "seeds", "macros") for path in (PROJECT / folder).rglob("*.yml")
)

MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\(([^)]*)\)")


def split(arguments: str) -> list[str]:
    return [argument for argument in arguments.split(",") if argument.strip()]


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


def described(kind: str) -> set[str]:
    """Names of models, seeds or macros that a YAML file describes."""
    return {
        item["name"]
        for path in RESOURCE_FILES
        for item in yaml.safe_load(path.read_text()).get(kind, [])
        if item.get("description")
    }


@pytest.mark.parametrize(
    "folder",
    [
        "staging",
        *(f"intermediate/{folder.name}" for folder in (PROJECT / "models/intermediate").glob("*/")),
        "marts",
    ],
)
def test_every_model_is_described(folder):
    there = {path.stem for path in (PROJECT / "models" / folder).rglob("*.sql")}
    assert there
    assert not there - described("models")


def test_the_overview_and_the_exposures_name_every_published_table():
    tables = {path.stem for path in (PROJECT / "models/marts").glob("*.sql")}
    overview, _, _ = (PROJECT / "models/marts/_docs.md").read_text().partition("{% enddocs %}")
    assert not {table for table in tables if f"`{table}`" not in overview}
    exposures = yaml.safe_load((PROJECT / "models/_project.yml").read_text())["exposures"]
    file = next(one for one in exposures if one["name"] == "published_file")
    assert {f"ref('{table}')" for table in tables} == set(file["depends_on"])


def test_every_seed_and_each_of_its_columns_is_described():
    listed = {
        seed["name"]: seed
        for path in (PROJECT / "seeds").glob("*.yml")
        for seed in yaml.safe_load(path.read_text())["seeds"]
    }
    # The one that a staging model reads as a file.
    staging = yaml.safe_load((PROJECT / "models/staging/_models.yml").read_text())["models"]
    (listed["own_indices"],) = (one for one in staging if one["name"] == "stg_own_indices")
    for path in (PROJECT / "seeds").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        columns = {column["name"]: column for column in listed[path.stem]["columns"]}
        assert listed[path.stem]["description"], path.stem
        assert columns.keys() == set(header), path.stem
        assert all(column.get("description") for column in columns.values()), path.stem


def test_every_source_is_described():
    for path in (PROJECT / "models/staging").rglob("*.yml"):
        for source in yaml.safe_load(path.read_text()).get("sources", []):
            assert source["description"], source["name"]
            # Where it stands is said once, in dbt_project.yml.
            assert "external_location" not in path.read_text()


def test_every_macro_is_described_with_typed_arguments():
    defined = {}
    for path in (PROJECT / "macros").rglob("*.sql"):
        for name, arguments in MACRO.findall(path.read_text()):
            defined[name] = [argument.partition("=")[0].strip() for argument in split(arguments)]
    listed = {
        macro["name"]: macro
        for path in (PROJECT / "macros").rglob("*.yml")
        for macro in yaml.safe_load(path.read_text())["macros"]
    }
    dispatched = {name for name in defined if "__" in name}
    assert not defined.keys() - listed.keys() - dispatched
    assert not listed.keys() - defined.keys()
    for name, macro in listed.items():
        assert macro.get("description"), name
        told = macro.get("arguments", [])
        assert [argument["name"] for argument in told] == defined[name], name
        assert all(argument.get("type") and argument.get("description") for argument in told), name


def test_every_published_table_has_its_columns_under_contract():
    tables = {path.stem for path in (PROJECT / "models/marts").glob("*.sql")}
    columns = {
        model["name"]: model["columns"]
        for path in (PROJECT / "models/marts").glob("*.yml")
        for model in yaml.safe_load(path.read_text())["models"]
    }
    assert columns.keys() == tables
    assert all(column.get("data_type") for table in columns.values() for column in table)
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["models"]["deprivation"]["marts"]["+contract"] == {"enforced": True}
