"""One scheme's uplifts as a file of postcodes, in the layout of the funding bodies' files.

Postcode,Uplift,EffectiveFrom,EffectiveTo
NG16 1AA,600.00000,2017-05-01,

A learner's uplift is in the row whose period includes the start date.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from deprivation.enrich.destination import check_destination, private_folder, put_in_place
from deprivation.errors import ExportError
from deprivation.export.tables import opened
from deprivation.sql import literal

ROWS = """
select
    postcode as "Postcode",
    cast(cast(value as decimal(18, 5)) as varchar) as "Uplift",
    strftime(valid_from, '%Y-%m-%d') as "EffectiveFrom",
    strftime(valid_to, '%Y-%m-%d') as "EffectiveTo"
from postcode_uplifts
where scheme = {scheme} and {period}
order by postcode, valid_from
"""


def to_uplift(
    database: Path,
    name: str,
    scheme: str | None = None,
    start: datetime.date | None = None,
    force: bool = False,
) -> dict[str, int]:
    """Write the CSV file `name` for the only scheme, or the one named.

    start: only uplifts for a learner who started on that day. Returns rows by table. Raises
    ExportError for a scheme that is not there or a period without rows, InputError for a file that
    cannot be written; then nothing is written.
    """
    output = check_destination(name, force, [database])
    if output is None:
        raise ExportError("--format uplift writes a file; name one, such as uplift.csv")
    with opened(database) as connection, private_folder(output) as folder:
        try:
            asked = chosen(connection, scheme)
            period = "true"
            if start is not None:
                day = f"date {literal(start.isoformat())}"
                period = f"valid_from <= {day} and (valid_to is null or valid_to >= {day})"
            query = ROWS.format(scheme=literal(asked), period=period)
            written = folder / "uplift.csv"
            (rows,) = connection.execute(
                f"copy ({query}) to {literal(str(written))} (format csv, header)"
            ).fetchone()
        except duckdb.Error as error:
            raise ExportError(f"{database}: {str(error).splitlines()[0]}") from None
        if not rows:
            raise ExportError(f"scheme {asked!r} has no uplift for a start on {start}")
        put_in_place(written, output)
    return {"postcode_uplifts": rows}


def chosen(connection: duckdb.DuckDBPyConnection, scheme: str | None) -> str:
    """The scheme named, or the only one. Raises ExportError, naming those there are."""
    found = connection.execute("select distinct scheme from postcode_uplifts order by 1")
    schemes = [name for (name,) in found.fetchall()]
    if not schemes:
        raise ExportError("the file has no uplifts: it has no edition of seeds/uplift_bands.csv")
    if scheme is None and len(schemes) > 1:
        raise ExportError(f"name one scheme with --scheme: {', '.join(map(repr, schemes))}")
    if scheme is not None and scheme not in schemes:
        raise ExportError(f"no scheme {scheme!r}; there is {', '.join(map(repr, schemes))}")
    return schemes[0] if scheme is None else scheme
