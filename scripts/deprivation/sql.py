"""Text put into SQL: quoted names and literals."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A name quoted for SQL, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text, a path or a number as a SQL string."""
    return "'" + str(text).replace("'", "''") + "'"
