"""Run in .venv-spark: what a build on Spark says of staged folders, in one session.

spark_staged.py CASES.json OUT.json

CASES: {name: [folder, arguments of dbt]}; OUT: {name: errors}
"""

import json
import os
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).parents[2]
cases, out = map(Path, sys.argv[1:])
said = {}
for name, (folder, arguments) in json.loads(cases.read_text()).items():
    os.environ["DEPRIVATION_STAGED"] = folder
    errors = said[name] = []

    def keep(event, errors=errors):
        if event.info.level == "error":
            errors.append(event.info.msg)

    command = ["build", "--target", "spark", "--select", "measures"]
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    places += ["--target-path", str(out.parent / "target"), "--log-path", str(out.parent / "logs")]
    done = dbtRunner(callbacks=[keep]).invoke([*command, *places, *arguments])
    if done.success:
        errors.append("built")
out.write_text(json.dumps(said))
