"""What becomes of a postcode that is not in the directory as it was written.

It is tidied and looked for again. Where that is asked for, it is repaired (0 for O, 1 for I, or the
reverse) or answered by its sector. What is left gets the reason why there is no answer.

    table sectors      sector key -> area ids by choice, only where the sector may answer
    table outcodes     outcode with O as 0 and I as 1 -> outcode, only where postcodes are repaired
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deprivation.enrich.plan import Choice, by_slot
from deprivation.enrich.request import SPREAD, Columns, Request

# White space in a postcode: the rule of macros/postcodes.sql.
WHITE_SPACE = r"[\s\p{Z}\p{Cf}\x0B\x{0085}]"
FULL_WIDTH = {0xFEE0 + ord(plain): plain for plain in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
# Texts whose answers are kept: blanks, "not known" and outcodes come in every batch.
REMEMBERED = 100_000
# A postcode ends with a digit and two letters, neither of them O or I; what stands before must be
# an outcode. So at most one way of reading 0 as O and 1 as I, or the reverse, gives a real one.
REPAIRED = """outcodes.outcode || translate(left(right(lost.key, 3), 1), 'OI', '01')
    || right(lost.key, 2)"""
OUTCODES = """left join outcodes
    on outcodes.key = case
        when length(lost.key) between 5 and 7
            then translate(left(lost.key, length(lost.key) - 3), 'OI', '01')
    end"""
# The sector of a postcode, or one that is given alone: M1 1, but not M11, which is an outcode too.
SECTORS = """left join sectors
    on sectors.key = case
        when postcode_key(lost.key) is not null then left(lost.key, length(lost.key) - 2)
        when
            postcode_status(lost.key) = 'partial'
            and (
                regexp_matches(lost.written, '^[^ ]+ [0-9]$')
                or postcode_status(left(lost.key, length(lost.key) - 1)) = 'partial'
                and not regexp_matches(lost.key, '^[A-Z]{1,2}[0-9]{1,2}$')
            )
            then lost.key
    end"""


def make_sectors(
    connection: duckdb.DuckDBPyConnection, choices: Sequence[Choice], columns: Columns
) -> None:
    """Table sectors, and a row of areas for each: the decile of most postcodes, and the spread."""
    used = " or ".join(choice.holds("partials") for choice in choices)
    overall = f", modal_decile as imd_decile, {_sector_quintile(connection)} as imd_quintile"
    connection.execute(f"""
        insert into areas by name
        select
            cast(
                (select max(area_id) from areas)
                + row_number() over (order by partial, nation_postcodes desc, nation, edition)
                as integer
            ) as area_id,
            nation,
            edition,
            partial as sector,
            {", ".join(f"{name} as sector_{name}" for name in SPREAD)}
            {overall if "imd" in columns.indices else ""}
        from partial_postcodes as partials
        where level = 'sector' and ({used})
    """)
    # On a border, the nation in which more of the sector's postcodes are: the first of its rows.
    best = "".join(
        f", min(area_id) filter (where {choice.holds('areas')}) as area_{n}"
        for n, choice in enumerate(by_slot(choices))
    )
    connection.execute(f"""
        create or replace table sectors as
        select replace(sector, ' ', '') as key{best}
        from areas
        where sector is not null
        group by sector
    """)


def _sector_quintile(connection: duckdb.DuckDBPyConnection) -> str:
    """That of most postcodes; a file of the first release has only the decile's."""
    (there,) = connection.execute(
        "select count(*) from duckdb_columns() where database_name = 'published'"
        " and table_name = 'partial_postcodes' and column_name = 'modal_quintile'"
    ).fetchone()
    return "modal_quintile" if there else "cast(ceil(modal_decile / 2) as integer)"


def make_outcodes(connection: duckdb.DuckDBPyConnection) -> None:
    """Table outcodes: those that no other outcode is confused with by 0 and O or 1 and I."""
    connection.execute("""
        create or replace table outcodes as
        select translate(outcode, 'OI', '01') as key, max(outcode) as outcode
        from (select distinct outcode from postcodes)
        group by key
        having count(*) = 1
    """)


def fallback_sql(request: Request, slots: int) -> str:
    """SQL of what becomes of a key that is not in the directory: the reason why not, what it may be
    a misspelling of, and by slot the areas that stand for its sector.
    """
    repaired = REPAIRED if request.repairs else "cast(null as varchar)"
    sectors = [
        f"coalesce(sectors.area_{slot}, 0)" if request.falls_back else "0" for slot in range(slots)
    ]
    return f"""
        select
            replace(postcode_status(lost.key), 'ok', 'not_found'),
            {repaired},
            format_postcode({repaired}),
            {", ".join(sectors)}
        from lost
        {OUTCODES if request.repairs else ""}
        {SECTORS if request.falls_back else ""}
        order by lost.place
    """


class Rules:
    """What becomes of texts that are not in the directory. Those that come again are remembered."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, request: Request, slots: int):
        """connection: has the tables sectors and outcodes; slots: how many choices of editions."""
        self._connection, self._sql = connection, fallback_sql(request, slots)
        names = ["reason", "repaired", "postcode", *(f"area_{slot}" for slot in range(slots))]
        types = [pa.string()] * 3 + [pa.int32()] * slots
        self._schema = pa.schema(zip(names, types, strict=True))
        self._asked = pa.array([], pa.string())
        self._answers = self._schema.empty_table()

    def ask(self, written: pa.StringArray) -> list[pa.Array]:
        """Columns of fallback_sql, a row a text. The texts: tidied, or keys; each once."""
        if len(self._asked) > REMEMBERED:
            self._asked = self._asked[:0]
            self._answers = self._answers[:0]
        new = written.filter(pc.invert(pc.is_in(written, self._asked)))
        if len(new):
            self._asked = pa.concat_arrays([self._asked, new])
            self._answers = pa.concat_tables([self._answers, self._answer(new)])
        answers = self._answers.take(pc.index_in(written, self._asked))
        return [column.combine_chunks() for column in answers.columns]

    def _answer(self, written: pa.StringArray) -> pa.Table:
        keys = pc.replace_substring(written, " ", "")
        self._connection.register(
            "lost", pa.table({"place": np.arange(len(keys)), "key": keys, "written": written})
        )
        answers = self._connection.execute(self._sql).to_arrow_table()
        self._connection.unregister("lost")
        return answers.rename_columns(self._schema.names)


def tidied(texts: pa.StringArray) -> pa.StringArray:
    """Upper case, full-width letters plain, white space as single spaces; null as ''."""
    upper = pc.utf8_upper(texts.fill_null(""))
    plain = pc.string_is_ascii(upper)
    if not pc.all(plain).as_py():
        others = upper.filter(pc.invert(plain)).to_pylist()
        mended = pa.array([text.translate(FULL_WIDTH) for text in others], pa.string())
        upper = pc.replace_with_mask(upper, pc.invert(plain), mended)
        # Invisible characters stand for nothing, not for a space.
        upper = pc.replace_substring_regex(upper, r"\p{Cf}", "")
    return pc.utf8_trim(pc.replace_substring_regex(upper, WHITE_SPACE + "+", " "), " ")
