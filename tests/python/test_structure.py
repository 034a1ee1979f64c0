"""The shape of the project: what keeps a stranger's first guess right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from deprivation.cli.main import main

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "scripts" / "deprivation"


def imports_of(path: Path) -> set[str]:
    """Modules of the package that a module imports, also inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports, none if there is none."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        for imported in graph[module]:
            if circle := visit(imported, [*path, module]):
                return circle
        done.add(module)
        return []

    return next((circle for module in graph if (circle := visit(module, []))), [])


def test_no_modules_import_each_other():
    paths = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    graph = {name: imports_of(path) & paths.keys() - {name} for name, path in paths.items()}
    assert len(graph["deprivation.enrich.run"]) > 3
    assert not circle_in(graph)


def test_a_circle_of_imports_is_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


@pytest.mark.parametrize(
    ("folder", "pattern", "most"),
    [("models", "*.sql", 100), ("models", "*.yml", 200), ("scripts", "*.py", 320)],
)
def test_files_are_short_enough_to_read(folder, pattern, most):
    lengths = {
        path: len(path.read_text().splitlines()) for path in (PROJECT / folder).rglob(pattern)
    }
    assert len(lengths) > 10
    assert not {path.name: lines for path, lines in lengths.items() if lines > most}


def test_every_macro_is_used():
    texts = {
        path: re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        for folder in ("macros", "models", "tests")
        for path in (PROJECT / folder).rglob("*.sql")
    }
    texts |= {path: path.read_text() for path in (PROJECT / "scripts").rglob("*.py")}
    texts |= {path: path.read_text() for path in (PROJECT / "models").rglob("*.yml")}
    texts[PROJECT] = (PROJECT / "dbt_project.yml").read_text()
    everything = "\n".join(texts.values())
    # What dbt calls itself.
    by_dbt = {"generate_schema_name", "generate_database_name"}
    for path in (PROJECT / "macros").rglob("*.sql"):
        for name in re.findall(r"{%-?\s*macro\s+(\w+)\(", path.read_text()):
            called = re.findall(rf"(?<!macro )\b{name}\b", everything)
            assert called or "__" in name or name in by_dbt, name


def commands(group: click.Group) -> list[click.Command]:
    found = []
    for command in group.commands.values():
        found += [command, *(commands(command) if isinstance(command, click.Group) else [])]
    return found


def test_what_a_command_does_fits_into_the_list_of_commands():
    assert len(commands(main)) > 10
    for command in commands(main):
        assert not command.get_short_help_str(limit=60).endswith("..."), command.name
