"""Dates as people and programs write them: the days a text stands for, its year, or its fault.

The day comes first where slashes, dots or dashes part the numbers, as in the UK. Years are in
full: 05/06/19 is read only where a format is declared.
"""

from __future__ import annotations

import dataclasses

import duckdb
import numpy as np
import pyarrow as pa

from deprivation.errors import InputError
from deprivation.sql import literal

STATUSES = (
    "ok",
    "not_yet_introduced",
    "terminated",
    "no_date",
    "unreadable_date",
    "filler_date",
)
NO_DATE, UNREADABLE, FILLER = (STATUSES.index(s) for s in STATUSES[3:])
# Programs write 1899-12-30, 1900-01-01, 2049-12-31, 2079-06-06, 2099-12-31 or 9999-12-31 where they
# have no date; nothing that is dated outside these days has a postcode in the directory.
FIRST_DAY, LAST_DAY = "1901-01-01", "2049-12-30"
# Dashes that word processors put for a hyphen.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"

TIME = (
    r"(T|\s+)[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?\s*([ap]m)?"
    r"\s*(Z|UTC|GMT|BST|[+-][0-9]{2}(:?[0-9]{2})?)?$"
)
NO_DATES = "'', 'NULL', 'NONE', 'NA', 'N/A', 'NAN', 'NAT', 'UNKNOWN', 'NOT KNOWN', '-'"
# White space, as in postcodes.
TRIMMED = r"^[\s\p{Z}\p{Cf}]+|[\s\p{Z}\p{Cf}]+$"
# (what a text looks like, the first day, the last day), of `day`: the text without a time.
DAY = "cast(try_strptime({0}, {1}) as date)"
MONTH = (
    r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?"
    r"|sep(t|tember)?|oct(ober)?|nov(ember)?|dec(ember)?)\.?"
)
FORMS = (
    (r"^[0-9]{4}(\.0+)?$", "make_date({y}, 1, 1)", "make_date({y}, 12, 31)"),
    # 2018/19: a financial year, from April; what has no next year there is a month.
    (
        r"^(FY\s*)?[0-9]{4}\s*[/-]\s*([0-9]{2}|[0-9]{4})$",
        "case when {next} then make_date({y}, 4, 1) else {month} end",
        "case when {next} then make_date({y} + 1, 3, 31)"
        " else cast({month} + interval 1 month - interval 1 day as date) end",
    ),
    (r"^[0-9]{8}(\.0+)?$", DAY.format("left(day, 8)", "'%Y%m%d'"), None),
    (
        r"^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}$",
        DAY.format("translate(day, '/.', '--')", "'%Y-%m-%d'"),
        None,
    ),
    (
        r"^[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{4}$",
        DAY.format("translate(day, '/. ', '---')", "'%d-%m-%Y'"),
        None,
    ),
    (rf"^[0-9]{{1,2}}(st|nd|rd|th)?[-/. ]*(of )?{MONTH}[-/., ]*[0-9]{{4}}$", "{named}", None),
    (
        rf"^{MONTH}[-/., ]*[0-9]{{1,2}}(st|nd|rd|th)?[-/., ]+[0-9]{{4}}$",
        DAY.format(
            r"regexp_replace(day, '^([a-z]{3})[a-z]*[-/., ]*([0-9]{1,2})[^0-9]*([0-9]{4})$',"
            r" '\2 \1 \3', 'i')",
            "'%d %b %Y'",
        ),
        None,
    ),
    (
        rf"^{MONTH}[-/., ]*[0-9]{{4}}$",
        "{month_named}",
        "cast({month_named} + interval 1 month - interval 1 day as date)",
    ),
)
PARTS = {
    "y": "cast(substr(regexp_extract(day, '[0-9]{4}'), 1, 4) as integer)",
    "next": "cast(right(day, 2) as integer) = ({y} + 1) % 100"
    " and (length(regexp_extract(day, '[0-9]+$')) = 2 or cast(right(day, 4) as integer) = {y} + 1)",
    "month": "cast(try_strptime(translate(day, '/ ', '-'), '%Y-%m') as date)",
    "named": r"cast(try_strptime(regexp_replace(day,"
    r" '^([0-9]{1,2})[^0-9]*?(?:of )?([a-z]{3})[a-z]*[^0-9a-z]*([0-9]{4})$', '\1 \2 \3', 'i'),"
    " '%d %b %Y') as date)",
    "month_named": r"cast(try_strptime(regexp_replace(day,"
    r" '^([a-z]{3})[a-z]*[^0-9]*([0-9]{4})$', '1 \1 \2', 'i'), '%d %b %Y') as date)",
}


@dataclasses.dataclass(frozen=True)
class Dates:
    """One of each a record. first, last: days from 1970, of a year or month its first and last;
    year: int32, null where there is none; fault: int8, NO_DATE, UNREADABLE, FILLER, or -1.
    """

    first: np.ndarray
    last: np.ndarray
    year: pa.Int32Array
    fault: np.ndarray


class DateReader:
    """Reads texts by one declared format, or in all the spellings above."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, declared: str | None = None):
        """Raises InputError for a format that is none."""
        self._connection = connection
        self._query = _query(declared)
        if declared:
            try:
                connection.execute("select try_strptime('x', $1)", [declared])
            except duckdb.Error:
                raise InputError(
                    f"--date-format {declared!r} is not a format, such as %d/%m/%y"
                ) from None
            if not any(part in declared for part in ("%Y", "%y", "%x", "%c", "%G")):
                raise InputError(f"--date-format {declared!r} has no year (%Y or %y)")

    def read(self, texts: pa.Array) -> Dates:
        """Each text once, however many records have it."""
        encoded = texts.fill_null("").dictionary_encode()
        table = pa.table({"place": np.arange(len(encoded.dictionary)), "text": encoded.dictionary})
        self._connection.register("dates", table)
        found = self._connection.execute(self._query).to_arrow_table().combine_chunks()
        self._connection.unregister("dates")
        which = encoded.indices
        first, last, year, fault = (column.combine_chunks().take(which) for column in found.columns)
        return Dates(
            first.fill_null(0).to_numpy(), last.fill_null(0).to_numpy(), year, fault.to_numpy()
        )


def _query(declared: str | None) -> str:
    """SQL of (first, last, year, fault) by `place`, from a table dates (place, text)."""
    trimmed = f"regexp_replace(translate(text, '{DASHES}', '------'), '{TRIMMED}', '', 'g')"
    if declared:
        day = trimmed
        first = f"cast(try_strptime(day, {literal(declared)}) as date)"
        last = "first_day"
    else:
        day = f"regexp_replace({trimmed}, '{TIME}', '', 'i')"
        parts = dict(PARTS)
        parts["next"] = parts["next"].replace("{y}", parts["y"])

        def fill(sql: str) -> str:
            for name, part in parts.items():
                sql = sql.replace("{" + name + "}", part)
            return sql

        def cases(place: int) -> str:
            whens = " ".join(
                f"when regexp_matches(day, '{form[0]}', 'i') then"
                f" {fill(form[place]) if form[place] else 'first_day'}"
                for form in FORMS
                if form[place] or place == 2
            )
            return f"case {whens} end"

        first, last = cases(1), cases(2)
    return f"""
        select
            if(fault < 0, first_day - date '1970-01-01', null)::integer,
            if(fault < 0, last_day - date '1970-01-01', null)::integer,
            if(fault < 0, year(first_day), null)::integer,
            fault
        from (
            select
                *,
                {last} as last_day,
                cast(case
                    when upper(day) in ({NO_DATES}) then {NO_DATE}
                    when first_day is null then {UNREADABLE}
                    when first_day < date '{FIRST_DAY}' or first_day > date '{LAST_DAY}'
                        then {FILLER}
                    else -1
                end as tinyint) as fault
            from (
                select *, {first} as first_day
                from (select place, {day} as day from dates) as texts
            ) as firsts
        ) as days
        order by place"""
