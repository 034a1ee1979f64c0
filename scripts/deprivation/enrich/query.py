"""Values and lines of JSON, by SQL over one batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from deprivation.enrich.text_records import RECORD, JsonRecords
from deprivation.errors import InputError
from deprivation.sql import identifier, literal


def over(connection: duckdb.DuckDBPyConnection, batch: pa.RecordBatch, sql: str) -> list[pa.Array]:
    """The columns of a query of the table `batch`, in the order of its rows."""
    connection.register("batch", pa.table(batch))
    try:
        found = connection.execute(sql).to_arrow_table()
    finally:
        connection.unregister("batch")
    return [column.combine_chunks() for column in found.columns]


def as_texts(connection: duckdb.DuckDBPyConnection, batch: pa.RecordBatch) -> list[pa.Array]:
    """Every column as DuckDB writes its values: nested ones, dates and numbers too."""
    return over(connection, batch, "select cast(columns(*) as varchar) from batch")


def json_keys(connection: duckdb.DuckDBPyConnection, records: JsonRecords) -> list[str]:
    """The keys of all records, by first appearance. Raises InputError for what is no record."""
    keys: dict[str, None] = {}
    for path, before, batch in records.lines():
        places, kinds = over(
            connection,
            batch,
            f"""select
                row_number() over () as place,
                case
                    when not json_valid({RECORD}) then ''
                    when list_unique(json_keys({RECORD})) < len(json_keys({RECORD})) then 'TWICE'
                    else json_type({RECORD})
                end as kind
            from batch
            qualify is_record and kind <> 'OBJECT'
            order by place limit 1""",
        )
        if len(kinds):
            line = before + places[0].as_py()
            wrong = "has a key twice" if kinds[0].as_py() == "TWICE" else "is not a JSON object"
            raise InputError(f"{path}, line {line}: {wrong}")
        (found,) = over(
            connection,
            batch,
            f"""select key from (
                select unnest(keys) as key, generate_subscripts(keys, 1) as place, n
                from (
                    select json_keys({RECORD}) as keys, row_number() over () as n
                    from batch where is_record
                )
            ) group by key order by min((n, place))""",
        )
        keys |= dict.fromkeys(found.to_pylist())
    return list(keys)


def json_values(names: Sequence[str]) -> str:
    """SQL of the values of some keys, as text, from a table `batch` of records."""
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    values = [
        f"json_extract_string({RECORD}, {literal(pointer)}) as c{place}"
        for place, pointer in enumerate(pointers)
    ]
    return f"select {', '.join(values)} from batch"


def json_line(kept: Sequence[str], added: Sequence[str], is_json: bool, dropped: str | None) -> str:
    """SQL of a record's line, from a row that has the columns `kept` and `added`.

    is_json: `kept` is [RECORD], the record's own text; the added keys are put behind it.
    """

    def packed(names: Sequence[str]) -> str:
        pairs = ", ".join(f"{literal(name)}: {identifier(name)}" for name in names)
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
