"""How records are read and written in SQL, as tables or as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from deprivation.enrich_files import RECORD, Records, literal, quoted
from deprivation.errors import InputError

# ISO 8601, to the day or less; day first, as in the UK; or a year, or a year and month. The year in
# full: 05/06/19 would be read as of the year 5.
DATE = """case when regexp_matches({0}, '[1-9][0-9][0-9][0-9]') then coalesce(
    cast(try_cast({0} as timestamp) as date),
    cast(try_strptime({0}, ['%d/%m/%Y', '%d-%m-%Y', '%d.%m.%Y', '%Y-%m', '%Y']) as date)
) end"""


class Reader:
    """What is read of records, and how the values in them are written in SQL."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, records: Records):
        self.records = records
        self.is_json = records.form.kind == "jsonl"
        self.names = json_keys(connection, records) if self.is_json else records.names

    def check(self, name: str) -> None:
        """Raises InputError with the columns that there are if `name` is none of them."""
        has_no_records = self.is_json and not self.names
        if name not in self.names and not has_no_records:
            raise InputError(f"no column {name!r}; there are {', '.join(map(repr, self.names))}")

    def value(self, name: str) -> str:
        if not self.is_json:
            return f"records.{quoted(name)}"
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        return f"json_extract_string(records.{RECORD}, {literal(pointer)})"

    def query(self, kept: Sequence[str], postcode: str, date: str | None) -> str:
        """The kept values, and behind them the postcode as text, and of a date the days from 1970,
        the year, and whether anything was written.
        """
        columns = [*kept, f"cast({self.value(postcode)} as varchar)"]
        if date:
            text = f"trim(cast({self.value(date)} as varchar))"
            day = DATE.format(text)
            columns += [
                f"cast({day} - date '1970-01-01' as integer)",
                f"cast(year({day}) as integer)",
                f"coalesce({text}, '') <> ''",
            ]
        return f"select {', '.join(columns)} from (select * {self.records.query()}) as records"


def json_keys(connection: duckdb.DuckDBPyConnection, records: Records) -> list[str]:
    """The keys of all records, by first appearance. Raises InputError for what is no record."""
    try:
        rows = connection.execute(
            "select key from (select unnest(keys) as key, generate_subscripts(keys, 1) as place, n"
            f" from (select json_keys({RECORD}) as keys, row_number() over () as n"
            f" {records.query()})) group by key order by min((n, place))"
        ).fetchall()
    except duckdb.Error as error:
        raise json_fault(connection, records) or records.fault(error) from None
    except RuntimeError:  # as which DuckDB raises what a signal's handler does
        raise KeyboardInterrupt from None
    if records.feed and records.feed.fault:
        raise InputError(records.feed.fault)
    if fault := json_fault(connection, records):
        raise fault
    return [key for (key,) in rows]


def json_fault(connection: duckdb.DuckDBPyConnection, records: Records) -> InputError | None:
    """The first line that holds no JSON object."""
    for path in records.paths:
        one = Records(connection, [path], records.form)
        try:
            row = connection.execute(
                f"select min(n) from (select {RECORD}, row_number() over () as n"
                f" {one.query(with_blank=True)}) where trim({RECORD}, ' \t\r') <> '' and"
                f" case when json_valid({RECORD}) then json_type({RECORD}) else '' end <> 'OBJECT'"
            ).fetchone()
        except duckdb.Error as error:
            return one.fault(error)
        except RuntimeError:
            raise KeyboardInterrupt from None
        if row and row[0]:
            return InputError(f"{path}, line {row[0]}: is not a JSON object")
    return None


def as_json(kept: Sequence[str], added: Sequence[str], is_json: bool, dropped: str | None) -> str:
    """SQL of a record's line, from a row that has the columns `kept` and `added`.

    is_json: `kept` is [RECORD], the record's own text; the added keys are put behind it.
    """

    def packed(names: Sequence[str]) -> str:
        pairs = ", ".join(f"{literal(name)}: {quoted(name)}" for name in names)
        return f"cast(to_json({{{pairs}}}) as varchar)"

    if not is_json:
        return packed([*kept, *added])
    # DuckDB takes a comma behind the last value for JSON, others do not.
    record = (
        f"case when regexp_matches({RECORD}, ',\\s*\\}}\\s*$')"
        f" then cast(json({RECORD}) as varchar) else {RECORD} end"
    )
    if dropped:
        patch = f"json_object({literal(dropped)}, null)"
        record = f"cast(json_merge_patch({RECORD}, {patch}) as varchar)"
    return (
        f"regexp_replace({record}, '\\s*\\}}\\s*$', case when {record} similar to"
        f" '\\s*\\{{\\s*\\}}\\s*' then '' else ',' end) || substr({packed(added)}, 2)"
    )
