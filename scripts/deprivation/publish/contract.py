"""What the published file promises: the models in models/marts and their columns."""

from __future__ import annotations

import yaml

from deprivation import settings

# In C where PyYAML has it: ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def promised_tables() -> list[str]:
    """The published tables: the models in models/marts."""
    return sorted(path.stem for path in (settings.PROJECT / "models" / "marts").glob("*.sql"))


def contract() -> dict[str, dict[str, str]]:
    """The columns of each published table and their types, as the YAML of models/marts says."""
    promised = {}
    for path in sorted((settings.PROJECT / "models" / "marts").glob("*.yml")):
        for model in yaml.load(path.read_text(encoding="utf-8"), LOADER).get("models", []):
            columns = model.get("columns", [])
            promised[model["name"]] = {one["name"]: one["data_type"] for one in columns}
    return promised
