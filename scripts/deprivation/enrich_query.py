"""The one query that puts an answer beside every record."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from deprivation.enrich_answers import Choice, Columns, by_slot
from deprivation.enrich_files import RECORD, Records, literal, quoted
from deprivation.errors import InputError
from deprivation.published import Asked

# Upper case, all white space out: the rule of macros/postcodes.sql, by a shorter way for text that
# holds only letters, digits and spaces.
KEY = r"""case
    when regexp_full_match({0}, '[A-Za-z0-9 ]*') then replace(upper({0}), ' ', '')
    else regexp_replace(upper({0}), '[\s\p{{Z}}\x0B\x{{0085}}]', '', 'g')
end"""
# ISO 8601, to the day or less; day first, as in the UK; or a year, or a year and month.
DATE = """coalesce(
    cast(try_cast({0} as timestamp) as date),
    cast(try_strptime({0}, ['%d/%m/%Y', '%d-%m-%Y', '%d.%m.%Y', '%Y-%m', '%Y']) as date)
)"""
STATUS = """case
    when areas.sector is not null then 'sector'
    when areas.area_id > 0 and records.__answer.kind = 0 then 'matched'
    when areas.area_id > 0 then 'matched_terminated'
    when records.__answer.kind = 3 then 'outside_coverage'
    when records.__answer is not null then 'no_area'
    else replace(postcode_status(records.__key), 'ok', 'not_found')
end"""
# The directory dates postcodes to the month: only what is certain is flagged.
DATE_STATUS = """case
    when records.__date is null and coalesce(trim(records.__date_text), '') = '' then 'no_date'
    when records.__date is null then 'unreadable_date'
    when records.__date < records.__answer.introduced_on then 'not_yet_introduced'
    when records.__date >= records.__answer.terminated_on + interval 1 month then 'terminated'
    when records.__answer is not null then 'ok'
end"""
# A postcode ends with a digit and two letters, neither of them O or I; what stands before must be
# an outcode. So at most one way of reading 0 as O and 1 as I, or the reverse, gives a real one.
SKELETON = """case
    when length(records.__key) between 5 and 7
        then translate(left(records.__key, length(records.__key) - 3), 'OI', '01')
end"""
REPAIRED = """case
    when records.__outcode is null then records.__key
    else records.__outcode || translate(left(right(records.__key, 3), 1), 'OI', '01')
        || right(records.__key, 2)
end"""
IS_REPAIRED = "(records.__answer is not null and records.__asked <> records.__key)"
SECTOR = """case
    when records.__answer is null and postcode_key(records.__key) is not null
        then left(records.__key, length(records.__key) - 2)
end"""


class Reader:
    """How the values of a record are written in SQL, of a table or of JSON lines."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, records: Records):
        self.is_json = records.form.kind == "jsonl"
        self.names = json_keys(connection, records) if self.is_json else records.names

    def check(self, name: str) -> str:
        """The column's name as it stands in the file. Raises InputError with those that do."""
        if name not in self.names:
            raise InputError(f"no column {name!r}; there are {', '.join(map(repr, self.names))}")
        return name

    def value(self, name: str) -> str:
        if not self.is_json:
            return f"records.{quoted(name)}"
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        return f"json_extract_string(records.{RECORD}, {literal(pointer)})"


def json_keys(connection: duckdb.DuckDBPyConnection, records: Records) -> list[str]:
    """The keys of all records, by first appearance. Raises InputError for what is no record."""
    try:
        rows = connection.execute(
            f"select key from (select unnest(json_keys({RECORD})) as key, row_number() over () as n"
            f" {records.query()}) group by key order by min(n)"
        ).fetchall()
    except duckdb.Error as error:
        raise json_fault(connection, records) or records.fault(error) from None
    if records.feed and records.feed.fault:
        raise InputError(records.feed.fault)
    if fault := json_fault(connection, records):
        raise fault
    return [key for (key,) in rows]


def json_fault(connection: duckdb.DuckDBPyConnection, records: Records) -> InputError | None:
    """The first line that holds no JSON object."""
    for path in records.paths:
        one = Records(connection, [path], records.form)
        row = connection.execute(
            f"select min(n) from (select {RECORD}, row_number() over () as n"
            f" {one.query(with_blank=True)}) where trim({RECORD}, ' \t\r') <> '' and"
            f" case when json_valid({RECORD}) then json_type({RECORD}) else '' end <> 'OBJECT'"
        ).fetchone()
        if row and row[0]:
            return InputError(f"{path}, line {row[0]}: is not a JSON object")
    return None


def key_of(value: str) -> str:
    return KEY.format(f"cast({value} as varchar)")


def chosen(ids: str, choices: Sequence[Choice], has_dates: bool) -> str:
    """The area's id by the record's choice of edition. ids: what stands before `area_0`."""
    if not has_dates:
        return f"{ids}area_0"
    *spans, last, undated = [f"{ids}area_{choice.slot}" for choice in choices]
    whens = "".join(
        f" when year(records.__date) <= {choice.last_year} then {area}"
        for choice, area in zip(choices, spans, strict=False)
    )
    return f"case when records.__date is null then {undated}{whens} else {last} end"


def added_columns(
    columns: Columns,
    asked: Asked | None,
    has_dates: bool,
    repairs: bool,
    drops_postcode: bool,
) -> list[tuple[str, str]]:
    """(SQL, name) of each column that is put beside a record, in order."""
    added = []
    names_editions = has_dates or (asked is not None and asked.is_nearest)
    year = str(asked.year) if asked else "null"
    if names_editions:
        dated = f"coalesce(year(records.__date), {year})" if has_dates else year
        added.append((f"cast({dated} as integer)", "edition_asked"))
    if names_editions or "edition" in columns.wanted:
        added.append(("areas.edition", "edition"))
    added += [(f"areas.{quoted(name)}", name) for name in columns.names()]
    if has_dates:
        added.append((DATE_STATUS, "date_status"))
    if repairs:
        added.append((IS_REPAIRED, "is_repaired"))
        if not drops_postcode:
            repaired = f"case when {IS_REPAIRED} then format_postcode(records.__asked) end"
            added.append((repaired, "repaired_postcode"))
    return [*added, (STATUS, "match_status")]


def joined(
    records: str,
    key: str,
    date: str | None,
    choices: Sequence[Choice],
    falls_back: bool,
    repairs: bool,
) -> str:
    """`from ...`: the records beside their answers, each record once, in order.

    No left join: it gives the records that it finds before those that it doesn't, 2,048 at a time.
    The large table is asked by a scalar subquery, of which DuckDB makes a join that keeps the order
    (a second one, or a filter below it, and it would hold all records first). Small tables are
    asked whether they know the key, and met by an inner join with a row for what they don't.
    """
    has_dates = date is not None
    ids = [f"area_{choice.slot}" for choice in by_slot(choices)]

    def plus(query: str, **columns: str) -> str:
        named = "".join(f", {sql} as {name}" for name, sql in columns.items())
        return f"(select records.*{named} from {query} as records)"

    def meet(query: str, table: str, key: str, **columns: str) -> str:
        query = plus(query, **{f"__in_{table}": f"records.{key} in (select key from {table})"})
        named = "".join(f", {table}.{field} as {name}" for name, field in columns.items())
        known = f"case when records.__in_{table} then records.{key} else '' end"
        return (
            f"(select records.*{named} from {query} as records"
            f" inner join {table} on {table}.key = {known})"
        )

    query = plus(f"({records})", __key=key)
    if has_dates:
        query = plus(query, __date_text=f"cast({date} as varchar)")
        query = plus(query, __date=DATE.format("records.__date_text"))
    if repairs:
        query = plus(query, __skeleton=SKELETON)
        query = meet(query, "outcodes", "__skeleton", __outcode="outcode")
    query = plus(query, __asked=REPAIRED if repairs else "records.__key")
    fields = ["kind", *ids, *(["introduced_on", "terminated_on"] if has_dates else [])]
    packed = ", ".join(f"'{field}': answers.{field}" for field in fields)
    answer = f"(select {{{packed}}} from answers where answers.key = records.__asked)"
    query = plus(query, __answer=answer)
    area = chosen("records.__answer.", choices, has_dates)
    if falls_back:
        query = plus(query, __sector=SECTOR)
        query = meet(query, "sectors", "__sector", **{f"__sector_{name}": name for name in ids})
        area = f"coalesce({area}, {chosen('records.__sector_', choices, has_dates)})"
    query = plus(query, __area=f"coalesce({area}, 0)")
    return f"from {query} as records\ninner join areas on records.__area = areas.area_id"


def select(
    reader: Reader,
    joins: str,
    added: list[tuple[str, str]],
    prefix: str,
    dropped: str | None,
    writes_json: bool,
) -> str:
    """The whole query. Raises InputError if a column's name is there already."""
    added = [(sql, prefix + name) for sql, name in added]
    there = {name.lower() for name in reader.names if name != dropped}
    taken = [name for _, name in added if name.lower() in there]
    if taken:
        raise InputError(
            f"the file has columns named {', '.join(taken)} already; give the added ones a --prefix"
        )
    if not writes_json:
        kept = [(reader.value(name), name) for name in reader.names if name != dropped]
        columns = [f"{sql} as {quoted(name)}" for sql, name in [*kept, *added]]
        return f"select {', '.join(columns)}\n{joins}"
    kept = [] if reader.is_json else [name for name in reader.names if name != dropped]
    pairs = [(reader.value(name), name) for name in kept] + added
    packed = ", ".join(f"{literal(name)}: {sql}" for sql, name in pairs)
    text = f"cast(to_json({{{packed}}}) as varchar)"
    if reader.is_json:
        record = f"records.{RECORD}"
        if dropped:
            patch = f"json_object({literal(dropped)}, null)"
            record = f"cast(json_merge_patch({record}, {patch}) as varchar)"
        # The record's own text, and the added keys behind it.
        text = (
            f"regexp_replace({record}, '\\s*\\}}\\s*$', case when {record} similar to"
            f" '\\s*\\{{\\s*\\}}\\s*' then '' else ',' end) || substr({text}, 2)"
        )
    return f"select {text} as {RECORD}\n{joins}"
