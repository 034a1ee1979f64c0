"""How the build's time and memory grow with the directory.

    scripts/benchmark.py growth [--millions 0.3,1,3] [--scratch FOLDER]

For each size, `deprivation sample` makes a data set of so many postcodes and `deprivation build`
builds it; the sample is not timed. Shown are the build's seconds by the wall and of the processors,
its peak memory and the published file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.enrich import run
from deprivation import settings


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millions", default="0.3,1,3", help="of postcodes, by comma")
    parser.add_argument("--scratch", type=Path, help="existing folder for all that is made")
    options = parser.parse_args()
    columns = ("postcodes", "seconds", "processor", "a million", "peak MB", "file MB")
    print(("{:>12}" * 6).format(*columns))
    with tempfile.TemporaryDirectory(prefix="growth-", dir=options.scratch) as folder:
        for part in options.millions.split(","):
            measure(Path(folder), round(1_000_000 * float(part)))


def measure(folder: Path, postcodes: int) -> None:
    """Print the line of one size; leaves nothing."""
    program, data, database = settings.program("deprivation"), folder / "data", folder / "x.duckdb"
    sample = [program, "sample", "--postcodes", str(postcodes), "--output", str(data)]
    subprocess.run(sample, check=True, capture_output=True)
    os.environ |= {
        "DEPRIVATION_DATA_DIR": str(data),
        "DEPRIVATION_DB": str(database),
        "DEPRIVATION_WORK_DIR": str(folder / "work"),
    }
    seconds, processor, peak = run([program, "build"])
    size = database.stat().st_size / 1e6
    each = processor / postcodes * 1e6
    print(
        f"{postcodes:>12,}{seconds:>12.1f}{processor:>12.1f}{each:>12.1f}{peak:>12,.0f}{size:>12.1f}",
        flush=True,
    )
    database.unlink()
    for made in (data, folder / "work"):
        shutil.rmtree(made, ignore_errors=True)


if __name__ == "__main__":
    main()
