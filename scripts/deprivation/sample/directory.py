"""The synthetic country written down as a postcode directory: rows, files and packings.

Values that are the same throughout a cell are written once per cell in Python; DuckDB joins them
to the cell's postcodes and adds the values that differ between postcodes.
"""

from __future__ import annotations

import itertools
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import duckdb

from deprivation.sample.areas import Cell
from deprivation.sample.codes import Ranks, codes_of
from deprivation.sample.layouts import UNQUOTED, DirectoryLayout
from deprivation.sample.names import documents
from deprivation.sample.world import World

PACKINGS = ("zip", "csv", "area-files")
BLOCK = 1 << 20
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_directory(
    world: World, ranks: Ranks, layout: DirectoryLayout, packing: str, folder: Path
) -> None:
    """Write the directory into `folder`: a zip as published, one CSV, or a CSV per postcode area.

    Files are UTF-8 without byte-order mark, CRLF, header bare, text in double quotes, sorted by
    the seven-character postcode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        area_folder = folder if packing == "area-files" else Path(scratch)
        area_files = write_area_files(world, ranks, layout, area_folder, Path(scratch))
        if packing == "area-files":
            for _ in area_files:
                pass
        elif packing == "csv":
            with (folder / f"{layout.file_name}.csv").open("wb") as target:
                join_files(area_files, target)
        else:
            path = folder / f"{layout.file_name}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                entry = _zip_entry(f"Data/{layout.file_name}.csv")
                with archive.open(entry, "w", force_zip64=True) as target:
                    written = join_files(area_files, target)
                for file in written:
                    entry = _zip_entry(f"Data/multi_csv/{file.name}")
                    with archive.open(entry, "w") as target, file.open("rb") as source:
                        shutil.copyfileobj(source, target, BLOCK)
                for name, text in documents(world, layout):
                    archive.writestr(_zip_entry(f"Documents/{name}"), text.encode("utf-8-sig"))


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    entry._compresslevel = 1  # ZipFile's own level does not reach an entry given as ZipInfo
    return entry


def join_files(files: Iterable[Path], target: IO[bytes]) -> list[Path]:
    """Append CSVs with the same header to `target`, each while the next one is being made."""

    def append(path: Path, is_first: bool) -> Path:
        with path.open("rb") as source:
            header = source.readline()
            if is_first:
                target.write(header)
            shutil.copyfileobj(source, target, BLOCK)
        return path

    with ThreadPoolExecutor(max_workers=1) as pool:
        return list(pool.map(append, files, itertools.chain([True], itertools.repeat(False))))


def write_area_files(
    world: World, ranks: Ranks, layout: DirectoryLayout, folder: Path, scratch: Path
) -> Iterator[Path]:
    """A CSV per postcode area, such as ONSPD_AUG_2026_UK_NG.csv, in the order of their rows."""
    runs, line = line_of(layout)
    connection = duckdb.connect(config={"memory_limit": "900MB", "temp_directory": str(scratch)})
    load_cells(connection, world, ranks, layout, runs, scratch)
    connection.execute(LINES_SQL.format(line=line, release=layout.year * 12 + layout.month - 1))
    # In this order rows stay sorted by pcd7: "B9  9ZZ" comes before "BA1 1AA".
    for area in sorted({area for area, _, _ in world.sectors.rows}):
        path = folder / f"{layout.file_name}_{area}.csv"
        connection.execute(
            "select line from lines where postcode_area = $area order by pcd7", {"area": area}
        )
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(layout.columns) + "\r\n")
            while rows := connection.fetchmany(20_000):
                file.write("".join(text for (text,) in rows))
        yield path
    connection.close()


def line_of(layout: DirectoryLayout) -> tuple[list[list[str]], str]:
    """Runs of concepts that are constant in a cell, and the SQL expression for a whole line.

    Each run is a column run_0, run_1, ... of the table `cells`, as text ready for the file.
    """
    concepts = [layout.concept(column) for column in layout.columns]
    runs: list[list[str]] = []
    parts = []
    for varies, group in itertools.groupby(concepts, key=lambda concept: concept.endswith("*")):
        if varies:
            for concept in group:
                name = concept.rstrip("*")
                parts.append(name if name in UNQUOTED else f"'\"', {name}, '\"'")
        else:
            parts.append(f"run_{len(runs)}")
            runs.append(list(group))
    return runs, "concat(" + ", ',', ".join(parts) + ", chr(13), chr(10))"


def load_cells(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    ranks: Ranks,
    layout: DirectoryLayout,
    runs: list[list[str]],
    scratch: Path,
) -> None:
    """Tables `cells` and `sectors` of the world, through files, which DuckDB reads quickly."""
    numbers = ("cell", "first_slot", "postcodes", "centre_east", "centre_north")
    columns = {
        **dict.fromkeys(numbers, "bigint"),
        **dict.fromkeys(("centre_latitude", "centre_longitude"), "double"),
        **dict.fromkeys(("status", "is_large_user"), "varchar"),
        **{f"run_{number}": "varchar" for number in range(len(runs))},
    }
    with (scratch / "cells.tsv").open("w", encoding="utf-8", newline="") as file:
        for number, cell in enumerate(world.cells):
            codes = codes_of(number, cell, ranks, layout)
            texts = [
                ",".join(
                    codes[concept] if concept in UNQUOTED else f'"{codes.get(concept, "")}"'
                    for concept in run
                )
                for run in runs
            ]
            values = [number, cell.first_slot, cell.postcodes, *position(cell)]
            values += [cell.status, int(cell.is_large_user), *texts]
            file.write("\t".join("" if value is None else str(value) for value in values) + "\n")
    with (scratch / "sectors.tsv").open("w", encoding="utf-8", newline="") as file:
        for number, row in enumerate(world.sectors.rows):
            file.write("\t".join([str(number), *row]) + "\n")
    sector_columns = {
        "sector": "bigint",
        **dict.fromkeys(("area", "outward", "digit"), "varchar"),
    }
    for table, types in (("cells", columns), ("sectors", sector_columns)):
        connection.execute(
            f"create table {table} as select * from read_csv($path, columns = {types}, "
            "delim = '\t', quote = '', escape = '', header = false, nullstr = '', "
            "auto_detect = false, new_line = '\\n')",
            {"path": str(scratch / f"{table}.tsv")},
        )


# A slot is a place for a postcode: 400 to a sector, one for each two letters of 20. `mix` turns a
# slot and a purpose into a number from 0 to 2,147,483,646 that looks random and is the same on
# every machine. Dates are counted in months. {line} and {release} are filled in per layout.
LINES_SQL = """
create macro blend(x) as ((x * x) % 2147483647 * 16807 + 7) % 2147483647;
create macro mix(slot, purpose) as blend(blend((slot * 48271 + purpose * 40692) % 2147483647));
create macro month_text(month) as (month // 12 * 100 + month % 12 + 1)::varchar;

create table slots as
with places as (
    select
        cell,
        unnest(range(postcodes)) as number,
        first_slot + number as slot,
    from cells
)

select
    places.*,
    sectors.area as postcode_area,
from places
inner join sectors on places.slot // 400 = sectors.sector;

create view lines as
with facts as (
    select
        *,
        case status
            when 'live' then true
            when 'abolished' then false
            when 'both' then number % 2 = 0
            else mix(slot, 1) % 100 >= 33
        end as is_live,
        is_large_user = '1' or mix(slot, 2) % 100 < 6 as is_large,
        1980 * 12 as first_month,
        if(status = 'abolished', 1999 * 12 + 11, {release}) as last_month,
        if(
            mix(slot, 3) % 10 < 4,
            first_month,
            first_month + mix(slot, 4) % (last_month - first_month + 1)
        ) as introduced_month,
        introduced_month + mix(slot, 5) % (last_month - introduced_month + 1) as terminated_month,
        mix(slot, 6) % 601 - 300 as metres_east,
        mix(slot, 7) % 601 - 300 as metres_north,
        mix(slot, 8) % 100 as quality,
        rpad(outward, 4, ' ') as padded,
        digit
            || substr('ABDEFGHJLNPQRSTUWXYZ', slot % 400 // 20 + 1, 1)
            || substr('ABDEFGHJLNPQRSTUWXYZ', slot % 20 + 1, 1) as inward,
    from slots
    inner join cells using (cell)
    inner join sectors on slot // 400 = sectors.sector
),

texts as (
    select
        facts.*,
        padded || inward as pcd7,
        padded || ' ' || inward as pcd8,
        outward || ' ' || inward as pcds,
        month_text(introduced_month) as introduced,
        if(is_live, '', month_text(terminated_month)) as terminated,
        if(is_large, '1', '0') as user_type,
        coalesce((centre_east + metres_east)::varchar, '') as easting,
        coalesce(lpad((centre_north + metres_north)::varchar, 7, '0'), '') as northing,
        case
            when centre_east is null then '9'
            when not is_live and terminated_month < 2000 * 12 then '8'
            when quality < 90 then '1'
            when quality < 93 then '3'
            when quality < 94 then '4'
            when quality < 97 then '5'
            else '6'
        end as grid_quality,
        coalesce(
            printf('%.6f', centre_latitude + metres_north / 111200), '99.999999'
        ) as latitude,
        coalesce(
            printf(
                '%.6f',
                centre_longitude + metres_east / (111320 * cos(radians(centre_latitude)))
            ),
            '0.000000'
        ) as longitude,
    from facts
)

select postcode_area, pcd7, {line} as line from texts
"""


def position(cell: Cell) -> tuple[int | None, int | None, float | None, float | None]:
    """Easting and northing in metres, latitude and longitude in degrees; None off the grid."""
    if cell.lsoa11 is None:
        return None, None, None, None
    easting, northing = cell.lsoa11.easting + cell.shift, cell.lsoa11.northing
    return easting, northing, *degrees(easting, northing, cell.district.nation == "N")


def degrees(easting: float, northing: float, is_irish: bool) -> tuple[float, float]:
    """Latitude and longitude from the British or Irish grid, good to about 1 km.

    The transverse Mercator projection of a sphere (Snyder 1987, section 8), with the radius of
    the ellipsoid at these latitudes: enough to put a synthetic postcode on the map.
    """
    latitude, longitude, false_easting, false_northing = (
        (53.5, -8.0, 200_000, 250_000) if is_irish else (49.0, -2.0, 400_000, -100_000)
    )
    x = (easting - false_easting) / 6_386_000
    d = math.radians(latitude) + (northing - false_northing) / 6_377_000
    return (
        math.degrees(math.asin(math.sin(d) / math.cosh(x))),
        longitude + math.degrees(math.atan2(math.sinh(x), math.cos(d))),
    )
