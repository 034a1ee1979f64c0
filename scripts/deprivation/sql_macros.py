"""The project's SQL macros as plain SQL, for notebooks and engines that run without dbt."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

import jinja2

from deprivation import settings
from deprivation.errors import InputError

DIALECTS = ("duckdb", "spark", "postgres")
TABLES = (
    "editions",
    "postcodes",
    "area_indices",
    "local_quantiles",
    "partial_postcodes",
    "sources",
)
FILES = ("engines", "postcodes", "enriched_parts", "enriched")


class _ReturnError(Exception):
    """What dbt's `return` gives back from a macro."""

    def __init__(self, value: Any):
        super().__init__()
        self.value = value


class _Macros:
    """The macros of FILES, which they call as `deprivation.name(...)`."""

    def __init__(self, dialect: str):
        self.dialect = dialect
        environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
        environment.globals |= {
            "deprivation": self,
            "adapter": self,
            "exceptions": self,
            "return": self._return,
            "modules": {"re": re},
        }
        self._macros: dict[str, Callable] = {}
        for name in FILES:
            path = settings.PROJECT / "macros" / f"{name}.sql"
            module = environment.from_string(path.read_text(encoding="utf-8")).module
            self._macros |= {
                key: value
                for key, value in vars(module).items()
                if isinstance(value, jinja2.runtime.Macro)
            }

    def __getattr__(self, name: str) -> Callable:
        if name not in self._macros:
            raise AttributeError(name)

        def call(*arguments, **options):
            try:
                return str(self._macros[name](*arguments, **options))
            except _ReturnError as found:
                return found.value

        return call

    def dispatch(self, name: str, namespace: str) -> Callable:
        """The macro of this dialect, else the default one."""
        del namespace
        own = f"{self.dialect}__{name}"
        return getattr(self, own if own in self._macros else f"default__{name}")

    @staticmethod
    def _return(value: Any) -> NoReturn:
        raise _ReturnError(value)

    @staticmethod
    def raise_compiler_error(message: str) -> NoReturn:
        raise InputError(message)


def enriched(relation: str, dialect: str = "duckdb", schema: str = "main", **options: Any) -> str:
    """The query of the macro `enriched` over the published tables in `schema`.

    relation: a table's name, or a query in brackets; options: as the macro takes them. Raises
    InputError for an option it does not know.
    """
    if dialect not in DIALECTS:
        raise InputError(f"--dialect {dialect}: one of {', '.join(DIALECTS)}")
    tables = {table: f"{schema}.{table}" for table in TABLES}
    return _Macros(dialect).enriched(relation, tables=tables, **options).strip()
