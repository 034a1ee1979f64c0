"""`deprivation` with a build that copies a finished file: for tests in which the build is not it.

STANDIN_FILE: the file to copy; STANDIN_SQL: run on the copy; STANDIN_SECONDS: how long it takes.
"""

import os
import shutil
import time

import duckdb

from deprivation.cli.main import main
from deprivation.publish import refresh


def build(built, dbt_arguments, output):
    shutil.copyfile(os.environ["STANDIN_FILE"], built)
    with duckdb.connect(str(built)) as connection:
        connection.execute(os.environ.get("STANDIN_SQL", ""))
        connection.execute("update sources set release = ?", [str(time.time_ns())])
    time.sleep(float(os.environ.get("STANDIN_SECONDS", "0")))


if __name__ == "__main__":
    refresh.publish_if_new.__kwdefaults__["build"] = build
    main()
