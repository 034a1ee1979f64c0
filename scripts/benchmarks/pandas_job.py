"""The main job by a pandas script: what scripts/benchmark.py compares `dbt build` with.

Each English postcode with IMD rank, decile, quintile and decile within its local authority, per
edition, to Parquet. Many columns fewer than postcode_imd, and no tests. Runs in a Python that has
pandas and pyarrow, and need not have this project.

    scripts/benchmarks/pandas_job.py PREPARED_FOLDER
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import numpy
import pandas

AREA_COLUMNS = {2015: "lsoa_2011_code", 2019: "lsoa_2011_code", 2025: "lsoa_2021_code"}


def build(inputs: Path) -> None:
    """Write DEPRIVATION_DB, a Parquet file, from DEPRIVATION_DATA_DIR.

    inputs: the prepared folder, which says under which names the columns stand.
    """
    data = Path(os.environ["DEPRIVATION_DATA_DIR"])
    headers = pandas.read_csv(inputs / "directory_columns.csv").set_index("header").squeeze()
    wanted = ["postcode", "country_code", "lad_code", *AREA_COLUMNS.values()]
    files: list = sorted((inputs / "postcode_directory").iterdir())
    for archive in map(zipfile.ZipFile, data.glob("onspd/*.zip")):
        members = {Path(name).name: name for name in archive.namelist()}
        files = [archive.open(members[file.name]) for file in files]
    directory = pandas.concat(
        pandas.read_csv(file, usecols=headers.index[headers.isin(wanted)], dtype=str)
        for file in files
    ).rename(columns=headers)
    directory = directory[directory["country_code"] == "E92000001"]
    editions = []
    for edition, area_column in AREA_COLUMNS.items():
        (file,) = data.glob(f"iod/File_7*{edition}*.csv")
        areas = pandas.read_csv(file, usecols=lambda name: "LSOA code" in name or "IMD" in name)
        areas.columns = [area_column, "score", "rank", "decile"]
        areas["quintile"] = (areas["decile"] + 1) // 2
        # An area's local authority is that of most of its postcodes.
        votes = directory.groupby([area_column, "lad_code"]).size().rename("votes").reset_index()
        votes = votes.sort_values(["votes", "lad_code"], ascending=[False, True])
        votes = votes.drop_duplicates(area_column)[[area_column, "lad_code"]]
        areas = areas.merge(votes, on=area_column).sort_values(["rank", area_column])
        areas["local_decile"] = areas.groupby("lad_code")["rank"].transform(
            # As NTILE does: where ten groups cannot be equal, the first are one larger.
            lambda ranks: numpy.repeat(range(1, 11), [*map(len, numpy.array_split(ranks, 10))])
        )
        joined = directory[["postcode", area_column]].merge(
            areas.drop(columns="lad_code"), on=area_column, how="left"
        )
        editions.append(joined.rename(columns={area_column: "area_code"}).assign(edition=edition))
    result = pandas.concat(editions).sort_values(["postcode", "edition"])
    result.to_parquet(os.environ["DEPRIVATION_DB"], index=False)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
